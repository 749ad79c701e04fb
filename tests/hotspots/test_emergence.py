"""What kind of hotspot each place has been: planted ones found and named, and noise left alone."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from geo import boundaries, emerging, grid
from hub.hotspots import emergence
from hub.hotspots.scoring import Method, choose_cell_metres
from tests.hotspots.overlays_made import made_of_kinds, square_wards

MONTHS = [dt.date(2025, number, 1) for number in range(1, 13)]


def test_wards_are_classed_as_planted_and_scored_as_geo_scores_them() -> None:
    table = made_of_kinds("wards").table
    lasting = table.loc[["F05000000", "F05000001", "F05001000", "F05001001"]]
    # A trend is found by chance in one place of twenty.
    assert set(lasting["class"]) <= {"persistent_hot", "intensifying_hot"}
    assert (lasting["hot_months"] == 12).all()
    assert set(table.loc[["F05006010", "F05006011", "F05007010", "F05007011"], "class"]) == {"new_hot"}
    assert table.loc["F05007011", "hot_months"] == 1
    wards, counts = square_wards(6, 7), np.random.default_rng(2).poisson(30, (42, 12))
    scores = emergence.follow_wards(wards, pd.DataFrame(counts, wards.index), total=int(counts.sum()) + 3)
    expected = emerging.space_time_scores(counts, boundaries.queen_neighbours(wards))[:, -1]
    np.testing.assert_allclose(scores.table["z"], expected)
    np.testing.assert_array_equal(scores.table["latest_count"], counts[:, -1])
    assert (scores.unplaced, scores.table["count"].sum()) == (3, counts.sum())


def test_wards_of_which_nothing_is_known_are_not_followed_and_change_no_other() -> None:
    wards, counts = square_wards(6, 6), np.random.default_rng(2).poisson(30, (36, 12))
    known = wards.index[:-6]
    partly = emergence.follow_wards(wards, pd.DataFrame(counts[:-6], known), total=0).table
    alone = emergence.follow_wards(wards.loc[known], pd.DataFrame(counts[:-6], known), total=0).table
    pd.testing.assert_frame_equal(partly.loc[known], alone)
    assert (partly.drop(known)["class"] == "not_tested").all()
    assert partly.drop(known)["count"].isna().all()


def test_squares_are_followed_by_the_law_of_dealt_counts_and_hot_alone() -> None:
    overlay = made_of_kinds("cells")
    table = overlay.table
    assert set(table["class"]) == {"persistent_hot", "new_hot", "no_pattern"}
    for name, easting, northing in (("persistent_hot", 530_450, 180_450), ("new_hot", 532_550, 182_550)):
        found = table[table["class"] == name]
        assert np.hypot(found["west"] + 150 - easting, found["south"] + 150 - northing).max() < 700
    assert made_of_kinds("cells", calm=True).sentence.endswith(
        "none of 110 small areas of North was a hotspot of burglary, or had been one nearly always."
    )


def test_squares_have_the_neighbours_that_their_outlines_have() -> None:
    outline = shapely.union(shapely.box(0, 0, 900, 900), shapely.box(1200, 300, 2100, 1500))
    squares = grid.square_grid(outline, cell_metres=150)
    row, column = np.nonzero(squares.mask)
    west, south = squares.origin_easting + 150 * column, squares.origin_northing + 150 * row
    drawn = gpd.GeoDataFrame(geometry=shapely.box(west, south, west + 150, south + 150), crs=27700)
    expected = boundaries.queen_neighbours(drawn)
    np.testing.assert_array_equal(emergence.square_neighbours(squares).toarray(), expected.toarray())


def test_noise_makes_next_to_no_hotspots_in_sparse_squares() -> None:
    outline = shapely.box(0, 0, 4000, 4000)
    flagged = []
    for seed in range(20):
        rng = np.random.default_rng(seed)
        points = pd.DataFrame(rng.uniform(0, 4000, (240, 2)), columns=["easting", "northing"])
        points = points.assign(month=rng.choice(np.array(MONTHS), 240), count=1)
        scores = emergence.follow_cells(points, MONTHS, outline, square_wards(4, 4), total=240, cell_metres=200)
        flagged.append(scores.table["class"].str.endswith("_hot").any())
    assert np.mean(flagged) <= 0.1


def spread_with(*planted: tuple[float, Sequence[int]], busiest: int = 0) -> pd.DataFrame:
    """Points over 6 km for two years: 40 a month anywhere, and for each place planted so many in each month."""
    rng, years = np.random.default_rng(11), pd.period_range("2024-01", "2025-12", freq="M").to_timestamp().date
    counts = np.stack([np.full(24, 40), np.full(24, busiest), *(per_month for _, per_month in planted)])
    which, month = (np.repeat(each.ravel(), counts.ravel()) for each in np.indices(counts.shape))
    where = rng.uniform(0, 6000, (which.size, 2))
    for number, corner in enumerate([5550, *(place for place, _ in planted)], start=1):
        where[which == number] = rng.uniform(corner, corner + 150, ((which == number).sum(), 2))
    return pd.DataFrame(where, columns=["easting", "northing"]).assign(month=years[month], count=1)


def classes_at(points: pd.DataFrame, *places: float) -> list[str]:
    months = sorted(set(points["month"]))
    scores = emergence.follow_cells(
        points, months, shapely.box(0, 0, 6000, 6000), square_wards(6, 6), total=len(points), cell_metres=300
    )
    corners = scores.table.set_index(["west", "south"])["class"]
    return [str(corners[place // 300 * 300, place // 300 * 300]) for place in places]


def test_a_very_busy_place_does_not_hide_a_lesser_one_nor_one_that_faded_its_own_end() -> None:
    steady, faded = [12] * 24, [16] * 10 + [16, 14, 12, 10, 9, 8, 7, 6, 6, 5, 5, 4, 0, 0]
    assert classes_at(spread_with((1200, steady), busiest=300), 1200, 5550) == ["persistent_hot", "persistent_hot"]
    assert classes_at(spread_with((3000, faded)), 3000, 1200) == ["historical_hot", "no_pattern"]


def test_a_new_place_is_found_beside_a_very_busy_one_but_none_that_is_hot_on_and_off() -> None:
    late, on_and_off = [0] * 20 + [12] * 4, [0, 0, 12, 12, 0, 0] * 3 + [0, 0, 0, 0, 12, 12]
    assert classes_at(spread_with((1200, late)), 1200) == ["consecutive_hot"]
    assert classes_at(spread_with((1200, late), busiest=300), 1200, 5550) == ["consecutive_hot", "persistent_hot"]
    assert classes_at(spread_with((1200, on_and_off)), 1200) == ["sporadic_hot"]
    assert classes_at(spread_with((1200, on_and_off), busiest=300), 1200) == ["no_pattern"]


def test_months_without_a_point_count_as_none() -> None:
    outline = shapely.box(0, 0, 3000, 3000)
    points = pd.DataFrame({"easting": [100.0], "northing": [100.0], "month": [MONTHS[3]], "count": [7]})
    scores = emergence.follow_cells(points, MONTHS, outline, square_wards(3, 3), total=9, cell_metres=500)
    assert (scores.table["count"].sum(), scores.table["latest_count"].sum(), scores.unplaced) == (7, 0, 2)
    assert scores.cell_metres == 500


def test_squares_that_are_followed_hold_enough_in_two_months() -> None:
    outline = shapely.box(0, 0, 10_000, 10_000)
    assert choose_cell_metres(outline, 4_000, method=Method.EMERGING) == 200
    assert choose_cell_metres(outline, 300, method=Method.EMERGING) == 300
