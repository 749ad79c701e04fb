"""T21, by hand: which years of a line may be given beside all that were ever given."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

import pandas as pd

from hub.access import Policy, Unprotected
from hub.disclosure.memory import Offer
from hub.disclosure.service import SHIPPED
from hub.disclosure.windows import Allowed, allowed, linked
from hub.words import months_before

MARCH = dt.date(2025, 3, 1)
EVERY = frozenset(months_before(MARCH, back) for back in range(13))
QUARTERS = frozenset(months_before(MARCH, back) for back in (0, 3, 6, 9, 12))


def months(count: int = 24, last: dt.date = MARCH, version: str = "one") -> dict[dt.date, str]:
    return {months_before(last, back): version for back in range(count)}


def judged(
    offers: Sequence[Offer], small: Mapping[tuple[dt.date, str], int], usual: int = 5, gone: Collection[str] = ()
) -> Allowed:
    """What may be given of one line that has as many as usual in each month, but for some."""
    pairs = sorted({pair for offer in offers for pair in offer.months.items()})
    counts = pd.DataFrame([[small.get(pair, usual) for pair in pairs]])
    counts.columns = pd.Index(pairs, tupleize_cols=False)
    (found,) = allowed(offers, counts, "ward_counts", ["Robbery"], gone=gone)
    return found


def test_what_is_small_in_no_month_is_given_for_the_year_to_each() -> None:
    assert judged([Offer(months(), SHIPPED)], {}) == Allowed(EVERY, is_steady=True)


def test_what_is_small_in_no_quarter_is_given_for_each_quarters_year() -> None:
    found = judged([Offer(months(), SHIPPED)], {(MARCH, "one"): 0})
    assert found == Allowed(QUARTERS, is_steady=False), "a quarter of 10 tells nothing of its months"


def test_what_was_given_for_every_month_is_given_no_quarters_year_that_cuts_a_small_month_out() -> None:
    first = Offer(months(), SHIPPED)
    newer = months_before(MARCH, -3)
    second = Offer(months() | months(3, newer, "two"), SHIPPED)
    small = {(months_before(newer, 1), "two"): 0}
    assert newer in judged([second], small).ends, "a quarter of 10"
    found = judged([first, second], small)
    assert found == Allowed(EVERY, is_steady=False), "its year to March and the month after would leave two months"


def test_what_is_small_in_a_quarter_is_given_for_years_that_do_not_overlap() -> None:
    found = judged([Offer(months(), SHIPPED)], {}, usual=1)
    assert found == Allowed(frozenset({MARCH, months_before(MARCH, 12)}), is_steady=False)


def test_a_month_put_right_by_itself_withholds_the_year_that_was_given_with_the_other_figure() -> None:
    first = Offer(months(), SHIPPED)
    second = Offer(months() | {months_before(MARCH, 4): "two"}, SHIPPED)
    found = judged([first, second], {(months_before(MARCH, 4), "two"): 2})
    assert found == Allowed(frozenset(months_before(MARCH, back) for back in range(5, 13)), is_steady=False)
    assert judged([first, second], {}).is_steady, "5 against 5 tells nothing of fewer than 5"


def test_a_new_extract_of_every_month_is_no_part_of_the_old_one() -> None:
    first, second = Offer(months(), SHIPPED), Offer(months(version="two"), SHIPPED)
    assert linked([first, second]) == [second]
    later = Offer(months(27, months_before(MARCH, -3)), SHIPPED)
    assert linked([first, second, later]) == [first, later]


def test_months_that_are_added_are_judged_with_what_was_given_before_them() -> None:
    first = Offer(months(), SHIPPED)
    newer = months_before(MARCH, -3)
    second = Offer(months() | months(3, newer, "two"), SHIPPED)
    quiet = {(months_before(newer, back), "two"): 0 for back in range(3)}
    assert judged([first], {}).ends == EVERY
    assert judged([first, second], quiet) == Allowed(EVERY, is_steady=False), "given before, and the new one not"


def test_another_rounding_of_what_was_given_is_another_figure() -> None:
    first, second = Offer(months(), SHIPPED), Offer(months(), replace(SHIPPED, version=2, base=3))
    assert judged([first, second], {}, usual=1) == Allowed(frozenset(), is_steady=False)
    assert judged([first, second], {}).is_steady


def test_what_is_not_protected_is_given_always() -> None:
    exact = Policy(2, 5, 5, (), ("Theft",), Unprotected.EXACT)
    assert judged([Offer(months(), exact)], {}, usual=0).ends == EVERY


def test_a_version_that_is_gone_is_taken_to_be_as_the_rest() -> None:
    first, second = Offer(months(), SHIPPED), Offer(months() | {MARCH: "two"}, SHIPPED)
    nothing = dict.fromkeys(first.months.items(), 0)
    assert not judged([first, second], {(MARCH, "one"): 0}).is_steady
    later = Offer(months(12, months_before(MARCH, -12), "two") | months(12, version="two"), SHIPPED)
    assert judged([first, later], nothing, gone={"one"}).is_steady
    assert not judged([first, later], {(MARCH, "two"): 0}, usual=2, gone={"one"}).is_steady
