"""How counts changed between two periods: hand-worked figures, and what chance alone must not be called."""

from __future__ import annotations

import datetime as dt

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from scipy import stats

from geo.hotspots import benjamini_hochberg
from hub.hotspots import changes
from hub.hotspots.scoring import Method, choose_cell_metres
from tests.hotspots.overlays_made import square_wards
from tests.hotspots.test_scoring import points_of


def series(wards: gpd.GeoDataFrame, *counts: float) -> pd.Series[float]:
    return pd.Series(counts, wards.index[: len(counts)], dtype=float)


def test_each_ward_is_tested_exactly_and_all_are_corrected_together() -> None:
    wards = square_wards(1, 6)
    before, now = series(wards, 100, 100, 200, 2, 29), series(wards, 160, 104, 100, 3, 28, 50)
    scores = changes.compare_wards(wards, before, now, total=460, exposure_ratio=1)
    table = scores.table
    assert table["class"].tolist() == [
        "risen",
        "no_clear_change",
        "fallen",
        "not_tested",
        "no_clear_change",
        "not_tested",
    ]
    tested = table[table["p"].notna()]
    for row in tested.itertuples():
        exact = stats.binomtest(int(row.count_before), int(row.count_before + table.loc[row.Index, "count"])).pvalue
        assert row.p == pytest.approx(exact, rel=1e-9)
    np.testing.assert_allclose(tested["q"], benjamini_hochberg(tested["p"]))
    assert table["difference"].tolist()[:5] == [60, 4, -100, 1, -1]
    assert table["ratio"].tolist()[:3] == [1.6, 1.04, 0.5]
    assert table["ratio"].iloc[3:].isna().all()
    assert scores.unplaced == 15
    assert scores.flags_by_chance == pytest.approx(4 * table.loc[table["class"] == "risen", "p"].max())


def test_too_few_are_not_tested_and_one_more_is() -> None:
    wards = square_wards(1, 2)
    table = changes.compare_wards(wards, series(wards, 0, 0), series(wards, 5, 6), total=11, exposure_ratio=1).table
    assert table["class"].tolist() == ["not_tested", "risen"]


def test_a_longer_period_is_allowed_for() -> None:
    wards = square_wards(1, 1)
    before, now = series(wards, 28_000), series(wards, 31_000)
    days = [changes.days_of([dt.date(2025, number, 1)]) for number in (2, 1)]
    assert days == [28, 31]
    longer, same = (
        changes.compare_wards(wards, before, now, total=0, exposure_ratio=ratio).table for ratio in (31 / 28, 1)
    )
    assert (longer["class"].iloc[0], longer["ratio"].iloc[0]) == ("no_clear_change", pytest.approx(1))
    assert same["class"].iloc[0] == "risen"


def test_where_nothing_changed_but_chance_next_to_nothing_is_flagged() -> None:
    rng, wards = np.random.default_rng(8), square_wards(10, 20)
    cities = []
    for _ in range(50):
        level = rng.uniform(1, 80, 200)
        before, now = (series(wards, *rng.poisson(level)) for _ in range(2))
        table = changes.compare_wards(wards, before, now, total=0, exposure_ratio=1).table
        cities.append(table["class"].isin({"risen", "fallen"}).any())
    assert np.mean(cities) <= 0.05


def test_squares_are_compared_over_the_same_ground_in_both_periods() -> None:
    before = np.full((6, 8), 10)
    now = before.copy()
    now[2, 3], now[4, 4] = 60, 0
    outline = shapely.box(0, 0, 8 * 500, 6 * 500)
    scores = changes.compare_cells(
        points_of(before, 500),
        points_of(now, 500),
        outline,
        square_wards(3, 4),
        total=int(now.sum()) + 2,
        exposure_ratio=1,
        cell_metres=500,
    )
    table = scores.table
    assert (len(table), scores.cell_metres, scores.unplaced) == (48, 500, 2)
    assert table["count"].sum() == now.sum()
    assert table["count_before"].sum() == before.sum()
    assert table.loc[table["class"] == "risen", "count"].tolist() == [60]
    assert table.loc[table["class"] == "fallen", "count_before"].tolist() == [10]


def test_squares_that_are_compared_are_large_enough_to_show_a_change() -> None:
    outline = shapely.box(0, 0, 10_000, 10_000)
    for incidents, side in ((100_000, 150), (10_000, 350), (300, 500)):
        assert choose_cell_metres(outline, incidents, method=Method.CHANGE) == side


def test_a_ward_is_the_same_by_its_code_and_its_outline() -> None:
    wards = square_wards(1, 3)
    moved = wards.copy()
    moved.loc[wards.index[1], "geometry"] = shapely.box(1000, 0, 2000, 970)
    assert changes.unchanged_wards(wards, moved.drop(wards.index[2])).tolist() == [wards.index[0]]
    moved.loc[wards.index[1], "geometry"] = shapely.box(1000, 0, 2000, 999)
    assert changes.unchanged_wards(wards, moved).tolist() == wards.index.tolist()
