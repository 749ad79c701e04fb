"""How much a page's figures vary is told from the months that its reader may see, in tenths, and never from others."""

from __future__ import annotations

from uuid import uuid4

import numpy as np
import pandas as pd
import pytest

from hub.access import Grant, Role, Viewer
from hub.disclosure.service import SHIPPED
from hub.summaries.changes import Verdict, together
from hub.summaries.releases import Counts, Months, Period
from hub.summaries.spreads import spread_of
from tests.conftest import HOME
from tests.summaries.counted import EAST, LAST, LATEST, MONTHS, WEST

BY = ("offence_group", ["Burglary", "Robbery", "Theft"])


def counts(role: Role, rows: pd.DataFrame) -> Counts:
    reader = Viewer(uuid4(), "", "", (Grant(role, frozenset({HOME})),), None)  # type: ignore[arg-type]
    return Counts(reader, HOME, "met_ward_counts", SHIPPED, Period(LAST), frozenset(), rows.assign(borough_code=HOME))


def drawn(
    seed: int, mean: float, share: float, groups: tuple[str, ...] = ("Burglary", "Robbery", "Theft")
) -> pd.DataFrame:
    """Months of one level that go up and down, beside chance, by a share of it: one standard deviation."""
    random = np.random.default_rng(seed)
    moved = np.fmax(random.normal(1, share, (24, len(groups))), 0)
    keys = pd.MultiIndex.from_product([MONTHS, groups], names=["month", "offence_group"])
    return (
        pd.DataFrame({"count": random.poisson(mean * moved).ravel()}, index=keys).reset_index().assign(ward_code=WEST)
    )


def test_months_that_go_up_and_down_together_make_the_page_say_less() -> None:
    rows = drawn(3, 400, 0.2)
    more = rows.assign(count=np.where(rows["month"].isin(LATEST), rows["count"] * 107 // 100, rows["count"]))
    read = counts(Role.CSP_OFFICER, more)
    years = read.years(*BY)
    (spread,) = spread_of(read.by_month(*BY))
    parts = [(years.latest, years.before)]
    told, doubted = (together(parts, spreads)[0] for spreads in ([], [spread]))
    assert {one.verdict for one in told} > {Verdict.NO_CLEAR_CHANGE} or Verdict.ROSE in {one.verdict for one in told}
    assert {one.verdict for one in doubted} == {Verdict.NO_CLEAR_CHANGE}
    for plain, wide in zip(told, doubted, strict=True):
        assert wide.spread > 3
        assert plain.spread == 1
        assert wide.ratio is not None
        assert plain.ratio is not None
        assert wide.ratio.low < plain.ratio.low < plain.ratio.high < wide.ratio.high


def test_only_released_months_are_looked_at_and_a_line_with_a_hidden_one_has_what_the_others_have() -> None:
    rows = pd.concat([drawn(4, 300, 0.2, ("Burglary", "Theft")), drawn(5, 30, 0.1, ("Robbery",))])
    found = set()
    for hidden in (0, 1, 4):
        is_hidden = (rows["offence_group"] == "Robbery") & (rows["month"] == LAST)
        (spread,) = spread_of(
            counts(Role.COUNCIL_LEADER, rows.assign(count=rows["count"].where(~is_hidden, hidden))).by_month(*BY)
        )
        found.add((*spread.factor, *spread.freedom))
    assert len(found) == 1, "whatever the hidden month is, it is the same"
    (burglary, robbery, theft, *_) = found.pop()
    assert min(burglary, theft) <= robbery <= max(burglary, theft)
    (exact,) = spread_of(counts(Role.CSP_OFFICER, rows).by_month(*BY))
    assert exact.factor[1] < 3 < exact.factor[0]


def test_factors_are_in_tenths_and_families_are_steadied_by_each_other() -> None:
    read = counts(Role.CSP_OFFICER, drawn(6, 200, 0.2))
    groups = read.by_month(*BY)
    one = read.months_of(read.rows[read.rows["offence_group"] == "Theft"], "Theft")
    np.testing.assert_array_equal(one.latest, groups.latest[2:])
    together_, alone = spread_of(groups, one)
    assert (together_.factor.shape, alone.factor.shape) == ((3,), (1,))
    assert alone.factor[0] == together_.factor[2] > 1
    assert together_.factor * 10 == pytest.approx(np.round(together_.factor * 10))
    both = one.and_(one)
    np.testing.assert_array_equal(both.before, 2 * one.before)
    (nothing,) = spread_of(Months(np.zeros((0, 12)), np.zeros((0, 12))))
    assert nothing.factor.size == 0


def test_months_that_were_counted_on_other_wards_tell_nothing_of_a_ward() -> None:
    read = counts(Role.CSP_OFFICER, drawn(7, 200, 0.2))
    known, unknown = (read.by_month("ward_code", [WEST, EAST], unknown=gone) for gone in ([], MONTHS[:1]))
    assert not np.isnan(known.before).any()
    assert np.isnan(unknown.before[:, 0]).all()
    assert (spread_of(known)[0].factor[0] > 1, spread_of(unknown)[0].factor.tolist()) == (True, [1.0, 1.0])
