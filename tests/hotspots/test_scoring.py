"""What is counted and scored: hand-worked figures, and the answers of esda."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest
import shapely
from esda.getisord import G_Local
from libpysal.weights import Queen, lat2W

from geo import boundaries, hotspots, permutation
from geo.frames import GeoError
from hub.hotspots import scoring
from hub.hotspots.scoring import Method, Scores
from tests.hotspots.overlays_made import square_wards


def by_esda(counts: np.ndarray, graph: object) -> np.ndarray:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return G_Local(counts.astype(float), graph, transform="B", star=True, permutations=0).Zs


def clustered(rows: int, columns: int) -> np.ndarray:
    counts = np.random.default_rng(5).poisson(20, (rows, columns))
    counts[1:3, 1:3] += 60
    return counts


def test_wards_score_as_esda_says() -> None:
    wards, counts = square_wards(6, 7), clustered(6, 7).ravel()
    scores = scoring.score_wards(
        wards, pd.Series(counts, wards.index, dtype=float), total=int(counts.sum()) + 3, method=Method.GI_STAR
    )
    table = scores.table
    expected = by_esda(counts, Queen.from_dataframe(wards, use_index=False))
    np.testing.assert_allclose(table["z"], expected, atol=1e-9)
    shuffled = permutation.exact_tails(counts, boundaries.queen_neighbours(wards), own_is_held=False)
    np.testing.assert_allclose(table["p"], shuffled.two_sided)
    np.testing.assert_allclose(table["q"], hotspots.benjamini_hochberg(table["p"]), atol=1e-15)
    assert scores.unplaced == 3
    assert set(table.index[scoring.is_hot(table)]) >= {"F05001001", "F05002002"}
    assert scores.flags_by_chance is not None
    assert scores.flags_by_chance < scoring.is_hot(table).sum() / 2


def test_the_order_of_wards_changes_nothing() -> None:
    wards = square_wards(5, 5)
    counts = pd.Series(clustered(5, 5).ravel(), wards.index, dtype=float)
    first = scoring.score_wards(wards, counts, total=0, method=Method.GI_STAR)
    shuffled = scoring.score_wards(wards.sample(frac=1, random_state=3), counts, total=0, method=Method.GI_STAR)
    pd.testing.assert_frame_equal(first.table, shuffled.table.loc[first.table.index])


def test_wards_of_which_nothing_is_known_are_not_tested_and_change_no_other() -> None:
    wards = square_wards(6, 6)
    counts = pd.Series(clustered(6, 6).ravel(), wards.index, dtype=float)
    dark = wards.index[-6:]
    partly = scoring.score_wards(wards, counts.drop(dark), total=0, method=Method.GI_STAR).table
    alone = scoring.score_wards(wards.drop(dark), counts.drop(dark), total=0, method=Method.GI_STAR).table
    assert partly.loc[dark, "count"].isna().all()
    assert (partly.loc[dark, "class"] == "not_tested").all()
    pd.testing.assert_frame_equal(partly.drop(dark), alone)


def test_equal_counts_cannot_be_tested() -> None:
    wards = square_wards(3, 3)
    scores = scoring.score_wards(wards, pd.Series(4.0, wards.index), total=36, method=Method.GI_STAR)
    assert (scores.table["class"] == "not_tested").all()
    assert scores.flags_by_chance is None


def test_wards_without_structure_are_rarely_flagged_though_the_normal_law_would_flag_many() -> None:
    random, wards = np.random.default_rng(8), square_wards(8, 8)
    neighbours = boundaries.queen_neighbours(wards)
    flagged, by_normal_law = 0, 0
    for _ in range(40):
        counts = random.poisson(100, 64) * np.where(random.random(64) < 0.03, 8, 1)
        scores = scoring.score_wards(wards, pd.Series(counts, wards.index), total=0, method=Method.GI_STAR)
        flagged += int((scoring.is_hot(scores.table) | scoring.is_cold(scores.table)).any())
        p = hotspots.two_sided_p(hotspots.gi_star(counts, neighbours))
        by_normal_law += int((hotspots.benjamini_hochberg(p) <= 0.05).any())
    assert flagged <= 4
    assert by_normal_law >= 10


def test_wards_of_which_the_exact_law_would_take_too_long_are_judged_by_a_sample(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    wards, counts = square_wards(6, 7), clustered(6, 7).ravel()
    series = pd.Series(counts, wards.index, dtype=float)
    exact = scoring.score_wards(wards, series, total=0, method=Method.GI_STAR).table
    monkeypatch.setattr(permutation, "MOST_STEPS", 10)
    sampled = scoring.score_wards(wards, series, total=0, method=Method.GI_STAR).table
    np.testing.assert_allclose(sampled["p"], exact["p"], atol=0.01)
    assert (sampled["class"] == exact["class"]).mean() > 0.9
    assert (sampled["p"] != exact["p"]).any()


def points_of(counts: np.ndarray, side: float) -> pd.DataFrame:
    rows, columns = np.nonzero(counts)
    return pd.DataFrame(
        {"easting": (columns + 0.5) * side, "northing": (rows + 0.5) * side, "count": counts[rows, columns]}
    )


def test_cells_score_as_esda_says_and_only_their_p_is_our_own() -> None:
    counts = clustered(20, 30)
    outline = shapely.box(0, 0, 30 * 200, 20 * 200)
    scores = scoring.score_cells(
        points_of(counts, 200),
        outline,
        square_wards(4, 6),
        total=int(counts.sum()) + 2,
        method=Method.GI_STAR,
        cell_metres=200,
    )
    table = scores.table
    np.testing.assert_array_equal(table["count"], counts.ravel())
    np.testing.assert_allclose(table["z"], by_esda(counts.ravel(), lat2W(20, 30, rook=False)), atol=1e-9)
    np.testing.assert_allclose(table["q"], hotspots.benjamini_hochberg(table["p"]), atol=1e-15)
    assert table.index[0] == "200m-E0-N0"
    assert table.loc["200m-E0-N0", "ward_name"] == "F05000000"
    assert table.loc["200m-E200-N200", "with_neighbours"] == counts[:3, :3].sum()
    assert not scoring.is_cold(table).any()
    assert scores.unplaced == 2


def test_of_squares_that_tie_those_with_more_around_them_are_the_busiest() -> None:
    counts = np.zeros((10, 10), dtype=int)
    counts[[1, 5, 5, 8], [1, 5, 6, 2]] = 2
    counts[5, 7], counts[8, 3] = 1, 1
    table = scoring.score_cells(
        points_of(counts, 200),
        shapely.box(0, 0, 2000, 2000),
        square_wards(2, 2),
        total=12,
        method=Method.COUNT,
        cell_metres=200,
    ).table
    called = table.groupby("class")["count"].agg(list)
    assert called["busiest_1"] == [2]
    assert table.loc["200m-E1200-N1000", "class"] == "busiest_1"
    assert sorted(called["busiest_5"]) == [1, 2, 2, 2]
    assert called["busiest_20"] == [1]
    # A square without any is not busy, however few have some.
    assert called["less_busy"] == [0] * 94


def test_the_busiest_squares_are_flagged_and_not_the_ring_around_them_alone() -> None:
    counts = np.random.default_rng(6).poisson(3, (20, 30))
    counts[10, 15:17] = 60
    outline = shapely.box(0, 0, 30 * 200, 20 * 200)
    table = scoring.score_cells(
        points_of(counts, 200),
        outline,
        square_wards(4, 6),
        total=int(counts.sum()),
        method=Method.GI_STAR,
        cell_metres=200,
    ).table
    hot = scoring.is_hot(table).to_numpy().reshape(20, 30)
    ring = np.zeros_like(hot)
    ring[9:12, 15:17] = True
    assert (hot == ring).all()
    held = permutation.exact_tails_grid(counts, np.ones(counts.shape, dtype=bool)).at_least
    assert (hotspots.benjamini_hochberg(held) <= 0.05)[9:12, 15:17].tolist() == [[True] * 2, [False] * 2, [True] * 2]


def test_density_adds_up_to_the_incidents_and_is_classed_by_the_average() -> None:
    counts = np.zeros((40, 40), dtype=int)
    counts[20, 20] = 100
    scores = scoring.score_cells(
        points_of(counts, 100), shapely.box(0, 0, 4000, 4000), square_wards(4, 4), total=100, method=Method.DENSITY
    )
    table = scores.table
    assert (scores.cell_metres, scores.bandwidth_metres) == (50, 250)
    assert (table["density"] * 0.05**2).sum() == pytest.approx(100, rel=0.01)
    average = table["density"].mean()
    assert (table.loc[table["class"] == "10_times_average", "density"] >= 10 * average).all()
    assert (table.loc[table["class"] == "below_2_times_average", "density"] < 2 * average).all()


def test_squares_that_are_tested_grow_until_a_neighbourhood_holds_enough() -> None:
    outline = shapely.box(0, 0, 10_000, 10_000)
    for incidents, side in ((100_000, 150), (4_000, 200), (300, 300), (0, 300)):
        assert scoring.choose_cell_metres(outline, incidents, method=Method.GI_STAR) == side
    assert scoring.choose_cell_metres(outline, 300, method=Method.DENSITY) == 50
    assert scoring.choose_cell_metres(shapely.box(0, 0, 60_000, 60_000), 9e6, method=Method.GI_STAR) == 400


def test_too_many_squares_are_refused_with_a_size_that_would_do() -> None:
    outline = shapely.box(0, 0, 60_000, 60_000)
    with pytest.raises(GeoError, match=r"1,440,000, more than 250,000\. Choose 150 m or more"):
        scoring.score_cells(
            points_of(np.ones((1, 1)), 10), outline, square_wards(1, 1), total=1, method=Method.GI_STAR, cell_metres=50
        )


def test_points_are_counted_in_the_ward_they_lie_in() -> None:
    wards = square_wards(1, 2)
    points = pd.DataFrame({"easting": [1.0, 999, 1500, 5000], "northing": [1.0, 500, 999, 1], "count": [1, 2, 4, 8]})
    assert scoring.count_in_wards(points, wards).tolist() == [3, 4]


@pytest.mark.parametrize("flags", [None, 0.25])
def test_what_is_kept_comes_back_to_the_last_digit(flags: float | None) -> None:
    table = pd.DataFrame(
        {"count": [1.0, np.nan], "z": [1 / 3, np.nan], "class": ["hot_95", "not_tested"], "ward_name": ["A", ""]},
        index=["F05000001", "F05000002"],
    )
    scores = Scores(table, 3, flags, cell_metres=None, bandwidth_metres=None)
    back = Scores.from_bytes(scores.to_bytes())
    pd.testing.assert_frame_equal(back.table, table)
    assert (back.unplaced, back.flags_by_chance) == (3, flags)
