"""Which 12-month totals of a line may be given, when all that were ever given are taken from one another.

Pure: counts come in and only permissions go out. What is decided follows from which counts are small, which readers
see anyway, and from which months and versions a total is made of; never from how small a small count is.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np
import pandas as pd

from hub.access import Policy
from hub.disclosure.memory import Offer
from hub.words import months_before

MONTHS_IN_A_YEAR = 12
QUARTER_ENDS = frozenset({3, 6, 9, 12})
"""What may not be given for the year to every month is given for years to these, where no quarter is small."""
YEAR_END = 3
"""The end of the financial year: what may not be given for every quarter's year is given for this one alone."""

Pair = tuple[dt.date, str]
"""A month, and the version that was live for it."""
Window = frozenset[Pair]
Rounding = tuple[int, int, bool]
"""How a line was shown: threshold, base, and whether it was protected at all."""


@dataclass(frozen=True)
class Allowed:
    """For which years, by their last month, a line may be given; `is_steady` where it may for each."""

    ends: frozenset[dt.date]
    is_steady: bool


def year_to(last: dt.date) -> list[dt.date]:
    """The 12 months to one."""
    return [months_before(last, back) for back in range(MONTHS_IN_A_YEAR)]


def years_of(offer: Offer) -> dict[dt.date, Window]:
    """The years of which every month is live, by their last month."""
    return {
        last: frozenset((month, offer.months[month]) for month in year_to(last))
        for last in offer.months
        if offer.months.keys() >= set(year_to(last))
    }


def linked(offers: Sequence[Offer]) -> list[Offer]:
    """Keep those that share a version's month with the last, or with one that does: only they can be subtracted."""
    kept, reached = {len(offers) - 1}, set(offers[-1].months.items())
    while more := {
        place for place, offer in enumerate(offers) if place not in kept and reached & set(offer.months.items())
    }:
        kept |= more
        reached |= {pair for place in more for pair in offers[place].months.items()}
    return [offer for place, offer in enumerate(offers) if place in kept]


def allowed(
    offers: Sequence[Offer],
    counts: pd.DataFrame,
    dataset: str,
    groups: Sequence[str | None],
    *,
    by_month: bool = False,
    gone: Collection[str] = (),
) -> list[Allowed]:
    """Say for which years of the last offer each line may be given.

    A line is steady where none of its months is small: then all its years may be given, since they can be taken apart
    into months and no further. Where a month is small but none of the pieces that years to a quarter's end can be taken
    apart into, those years may, unless others were given. Otherwise a year that ends in March may, unless it overlaps a
    total that was given and is not the same.

    Parameters
    ----------
    offers
        All that are linked, in order.
    counts : shape (lines, pairs)
        The exact count of each line in each month and version; what is missing counts as none.
    dataset, groups
        Of what kind of dataset, and of which offence group each line is; None for all groups together.
    by_month
        Whether each month is given by itself, too.
    gone
        Versions deleted since. What was given of them is remembered; how many they held is taken to be as the rest.
    """
    given: list[dict[tuple[Window, Rounding], None]] = [{} for _ in groups]
    single: set[Window] = set()
    quarterly: set[Window] = set()
    threshold = 0
    found: list[Allowed] = []
    for offer in offers:
        years = years_of(offer)
        single |= {frozenset({pair}) for pair in offer.months.items()}
        quarterly |= {window for last, window in years.items() if last.month in QUARTER_ENDS}
        threshold = max(threshold, offer.policy.threshold)
        is_steady = _smallest_pieces(single, counts, gone) >= threshold
        by_quarter = _smallest_pieces(quarterly | (single if by_month else set()), counts, gone) >= threshold
        found = []
        for line, group in enumerate(groups):
            rounding = _rounding(offer.policy, dataset, group)
            is_open = bool(is_steady[line]) or not rounding[-1]
            is_quarterly = bool(by_quarter[line]) and all(window in quarterly for window, _ in given[line])
            ends = frozenset(
                last
                for last, window in years.items()
                if is_open
                or (is_quarterly and last.month in QUARTER_ENDS)
                or _may_join(window, rounding, given[line], last)
            )
            given[line] |= {(years[last], rounding): None for last in ends}
            found.append(Allowed(ends, is_open))
    return found


def _rounding(policy: Policy, dataset: str, group: str | None) -> Rounding:
    return policy.threshold, policy.base, policy.protects(dataset, group)


def _may_join(window: Window, rounding: Rounding, given: Collection[tuple[Window, Rounding]], last: dt.date) -> bool:
    if (window, rounding) in given:
        return True
    return last.month == YEAR_END and all(window.isdisjoint(other) for other, _ in given)


def _smallest_pieces(windows: Iterable[Window], counts: pd.DataFrame, gone: Collection[str]) -> np.ndarray:
    """Each line's count in the smallest of the pieces that windows cut each other into."""
    cuts: dict[Pair, set[int]] = defaultdict(set)
    for number, window in enumerate(windows):
        for pair in window:
            cuts[pair].add(number)
    pieces: dict[frozenset[int], list[Pair]] = defaultdict(list)
    for pair, numbers in cuts.items():
        if pair[1] not in gone:
            pieces[frozenset(numbers)].append(pair)
    if not pieces:
        return np.full(len(counts), np.inf)
    columns = counts.to_numpy(dtype=np.float64).T
    known = dict(zip(cast(list[Pair], counts.columns.tolist()), columns, strict=True))
    none = np.zeros(len(counts))
    sums = [np.sum([known.get(pair, none) for pair in pairs], axis=0) for pairs in pieces.values()]
    return np.asarray(np.min(sums, axis=0))
