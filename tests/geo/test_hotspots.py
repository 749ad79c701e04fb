"""Gi*, its p-values and its classes: published values, properties, and esda's answers."""

import warnings
from pathlib import Path

import geopandas as gpd
import libpysal
import numpy as np
import pandas as pd
import pytest
import shapely
from esda import fdr
from esda.getisord import G, G_Local
from esda.moran import Moran_Local
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from libpysal.weights import WSP
from scipy import sparse, stats

from geo.boundaries import outline, queen_neighbours
from geo.frames import GeoError, to_national_grid
from geo.grid import cell_counts, cell_polygons, square_grid
from geo.hotspots import (
    benjamini_hochberg,
    classify_gi_star,
    classify_rates,
    general_g,
    gi,
    gi_grid,
    gi_star,
    gi_star_grid,
    two_sided_p,
)
from geo.kernels import KERNELS, lattice_kernel

POINTS = np.array([(10, 10), (20, 10), (40, 10), (15, 20), (30, 20), (30, 30)], dtype=float)
COUNTS = [2, 3, 3.2, 5, 8, 7]


def within(points: np.ndarray, metres: float) -> sparse.csr_array:
    distance = np.hypot(*(points[:, np.newaxis] - points).T)
    return sparse.csr_array((distance <= metres).astype(float))


def gi_by_esda(counts: np.ndarray, neighbours: sparse.csr_array, *, star: bool) -> np.ndarray:
    """Ask esda with binary weights: those it takes by itself, divided by their sum, do not give Ord and Getis's z."""
    alone = sparse.csr_array(neighbours - sparse.diags_array(neighbours.diagonal()))
    alone.eliminate_zeros()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns of islands
        graph = WSP(alone.tocsr()).to_W(silence_warnings=True)
        return G_Local(np.asarray(counts, dtype=float), graph, transform="B", star=star, permutations=0).Zs


def gi_star_by_esda(counts: np.ndarray, neighbours: sparse.csr_array) -> np.ndarray:
    return gi_by_esda(counts, neighbours, star=True)


def test_six_points_score_as_published() -> None:
    # esda's documented example (esda/tests/test_getisord.py), after Getis & Ord.
    published = [-1.39727626, -0.28917762, 0.65064964, -0.28917762, 1.23452088, 2.02424331]
    np.testing.assert_allclose(gi_star(COUNTS, within(POINTS, 15)), published, atol=5e-9)


def test_six_points_score_as_published_when_each_is_left_out_of_its_own_surroundings() -> None:
    published = [-1.0136729, -0.04361589, 1.31558703, -0.31412676, 1.15373986, 1.77833941]
    near = within(POINTS, 15)
    np.testing.assert_allclose(gi(COUNTS, near), published, atol=5e-8)
    np.testing.assert_allclose(gi(COUNTS, near - sparse.eye_array(6, format="csr")), gi(COUNTS, near), rtol=1e-12)
    np.testing.assert_allclose(gi(COUNTS, near), gi_by_esda(COUNTS, near, star=False), atol=1e-9)


def test_a_small_grid_scores_as_worked_by_hand() -> None:
    counts = np.array([[0, 0, 0], [0, 5, 1], [0, 1, 2]])
    expected = [[0.40452, 0, 0.80904], [0, np.nan, 1.279204], [0.80904, 1.279204, 2.0226]]
    scores = gi_star_grid(counts, np.ones((3, 3), dtype=bool))
    expected[1][0], expected[0][1] = 0, 0
    np.testing.assert_allclose(scores, expected, atol=5e-6)


@pytest.mark.parametrize(
    ("n_rows", "n_columns", "twos", "scores", "chances"),
    [
        (
            247,
            11,
            36,
            [-0.546, -0.598, -0.598, 0.716, 0.716, 0.716, -0.598, -0.598, -0.546, 0.893],
            [0.585, 0.550, 0.550, 0.474, 0.474, 0.474, 0.550, 0.550, 0.585, 0.372],
        ),
        (140, 116, 10, [-0.243, -0.266, -0.266, 3.204], [0.808, 0.790, 0.790, 0.00135]),
    ],
    ids=["500 m", "200 m"],
)
def test_robberies_in_memphis_score_as_published(
    n_rows: int, n_columns: int, twos: int, scores: list[float], chances: list[float]
) -> None:
    # sfhotspot's memphis_robberies_jan: 206 robberies in 2,715 or 16,133 cells. A score follows from the cells and
    # robberies around and from the sum of squared counts: of all such sums only 278, or 226, gives what it prints.
    mask = np.ones((n_rows, n_columns), dtype=bool)
    mask[0, 0] = mask[0, 10:] = False
    counts = np.zeros(mask.shape)
    counts[0, 5] = counts[2, 0] = 1
    counts.ravel()[-twos:], counts.ravel()[-204 + twos : -twos] = 2, 1
    assert (mask.sum(), counts.sum()) == ((2715 if n_columns == 11 else 16_133), 206)
    z = gi_star_grid(counts, mask)[mask][: len(scores)]
    np.testing.assert_allclose(z, scores, atol=5e-4)
    np.testing.assert_allclose(two_sided_p(z), chances, rtol=5e-3)


def test_weights_other_than_one_follow_the_definition() -> None:
    weights = np.array([[1, 0.5, 0.2], [0.5, 2, 0.1], [0, 0.3, 1]])
    counts = np.array([4.0, 9.0, 1.0])
    n, mean, spread = 3, counts.mean(), np.sqrt((counts**2).mean() - counts.mean() ** 2)
    expected = [
        (row @ counts - row.sum() * mean) / (spread * np.sqrt((n * (row**2).sum() - row.sum() ** 2) / (n - 1)))
        for row in weights
    ]
    np.testing.assert_allclose(gi_star(counts, sparse.csr_array(weights)), expected)


def test_what_cannot_be_compared_has_no_score() -> None:
    everyone, pairs = sparse.csr_array(np.ones((3, 3))), sparse.csr_array(np.eye(3) + np.eye(3, k=1) + np.eye(3, k=-1))
    assert np.isnan(gi_star([1, 2, 3], everyone)).all()
    assert np.isnan(gi_star([2, 2, 2], pairs)).all()
    assert np.isnan(gi_star([1, 2, 3], pairs)).tolist() == [False, True, False]
    assert np.isnan(gi_star([7], sparse.csr_array(np.eye(1)))).all()
    assert np.isnan(gi_star([1, 2, 4], everyone * 0.1)).all()
    assert np.isnan(gi_star([0.7, 1.1, 4.3], everyone * 0.1)).all()


def test_six_points_lie_together_as_published() -> None:
    general = general_g(COUNTS, within(POINTS, 15))
    assert general.g == pytest.approx(0.55709779, abs=5e-9)
    assert stats.norm.sf(general.z) == pytest.approx(0.172936, abs=5e-7)


@given(seed=st.integers(0, 2**32 - 1))
@settings(deadline=None, max_examples=20)
def test_general_g_is_esdas_and_that_of_every_order(seed: int) -> None:
    random = np.random.default_rng(seed)
    near, counts = within(random.uniform(0, 100, (20, 2)), 45), random.poisson(4, 20).astype(float)
    alone = sparse.csr_array(near - sparse.eye_array(20))
    alone.eliminate_zeros()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns of islands
        theirs = G(counts, WSP(alone.tocsr()).to_W(silence_warnings=True), permutations=0)
    general = general_g(counts, near)
    np.testing.assert_allclose(
        [general.g, general.expected, general.z], [theirs.G, theirs.EG, theirs.z_norm], rtol=1e-6
    )
    order = random.permutation(20)
    again = general_g(3 * counts[order], sparse.csr_array(near.toarray()[np.ix_(order, order)]))
    np.testing.assert_allclose([again.g, again.z], [general.g, general.z], rtol=1e-6)


def test_where_nothing_can_lie_together_there_is_no_general_g() -> None:
    chain, everyone = sparse.csr_array(np.eye(4, k=1) + np.eye(4, k=-1)), sparse.csr_array(np.ones((4, 4)))
    for counts in ([3, 3, 3, 3], [0, 0, 9, 0]):
        assert np.isnan(general_g(counts, chain).g)
    assert np.isnan(general_g([1, 2, 3], everyone[:3, :3]).g)
    whole = general_g([1, 2, 3, 9], everyone)
    assert (whole.g, whole.expected) == (1, 1)
    assert np.isnan(whole.z)
    with pytest.raises(GeoError, match="1 counts are below zero"):
        general_g([1, -2, 3, 4], chain)


def test_surroundings_that_cannot_be_compared_have_no_score() -> None:
    chain = sparse.csr_array(np.eye(4, k=1) + np.eye(4, k=-1))
    # Where the first is left out, all others are equal; nobody is near the last of a shorter chain.
    assert np.isnan(gi([9, 2, 2, 2], chain)).tolist() == [True, False, False, False]
    alone = sparse.csr_array(np.pad(np.eye(3, k=1) + np.eye(3, k=-1), (0, 1)))
    assert np.isnan(gi([1, 5, 2, 3], alone)).tolist() == [False, False, False, True]
    assert np.isnan(gi([1, 2, 4], sparse.csr_array(1 - np.eye(3)))).all()
    assert np.isnan(gi([1, 2], sparse.csr_array(np.ones((2, 2))))).all()


def test_areas_and_counts_must_belong_together() -> None:
    with pytest.raises(GeoError, match="2 counts for neighbours of shape"):
        gi_star([1, 2], sparse.csr_array(np.eye(3)))
    with pytest.raises(GeoError, match="include_self=True"):
        gi_star([1, 2], sparse.csr_array(np.array([[0.0, 1.0], [1.0, 0.0]])))
    with pytest.raises(GeoError, match="1 of 3 counts are missing"):
        gi_star([1, np.nan, 2], sparse.csr_array(np.eye(3)))
    with pytest.raises(GeoError, match="same grid"):
        gi_star_grid(np.zeros((2, 3)), np.ones((3, 2), dtype=bool))
    with pytest.raises(GeoError, match="0 cells"):
        gi_star_grid(np.zeros((2, 3)), np.ones((2, 3), dtype=bool), reach_cells=0)
    with pytest.raises(GeoError, match="weight in the middle"):
        gi_star_grid(np.zeros((2, 3)), np.ones((2, 3), dtype=bool), kernel=[[1, 0, 1]])


@given(seed=st.integers(0, 2**32 - 1), reach_cells=st.integers(1, 4))
@settings(deadline=None, max_examples=40)
def test_the_grid_gives_what_its_graph_gives(seed: int, reach_cells: int) -> None:
    random = np.random.default_rng(seed)
    shape = tuple(random.integers(1, 15, 2))
    counts, mask = random.poisson(2, shape).astype(float), random.random(shape) < 0.8
    rows, columns = np.nonzero(mask)
    near = (abs(rows[:, None] - rows) <= reach_cells) & (abs(columns[:, None] - columns) <= reach_cells)
    counts[~mask] = np.nan
    scores = gi_star_grid(counts, mask, reach_cells=reach_cells)
    np.testing.assert_allclose(scores[mask], gi_star(counts[mask], sparse.csr_array(near.astype(float))), atol=1e-9)
    assert np.isnan(scores[~mask]).all()
    around = gi_grid(counts, mask, reach_cells=reach_cells)
    np.testing.assert_allclose(around[mask], gi(counts[mask], sparse.csr_array(near.astype(float))), atol=1e-9)
    assert np.isnan(around[~mask]).all()


@given(seed=st.integers(0, 2**32 - 1), name=st.sampled_from(KERNELS), bandwidth_metres=st.sampled_from([100, 250, 420]))
@settings(deadline=None, max_examples=40)
def test_a_kernel_gives_what_its_graph_gives(seed: int, name: str, bandwidth_metres: int) -> None:
    random = np.random.default_rng(seed)
    shape = tuple(random.integers(1, 15, 2))
    counts, mask = random.poisson(2, shape).astype(float), random.random(shape) < 0.6
    counts[~mask] = np.nan
    rows, columns = np.nonzero(mask)
    kernel = lattice_kernel(name, bandwidth_metres=bandwidth_metres, cell_metres=100)
    middle = kernel.shape[0] // 2
    far = np.maximum(abs(rows[:, None] - rows), abs(columns[:, None] - columns)) > middle
    up, across = (np.clip(middle + each[:, None] - each, 0, 2 * middle) for each in (rows, columns))
    graph = sparse.csr_array(np.where(far, 0, kernel[up, across]))
    np.testing.assert_allclose(gi_star_grid(counts, mask, kernel=kernel)[mask], gi_star(counts[mask], graph), atol=1e-9)
    np.testing.assert_allclose(gi_grid(counts, mask, kernel=kernel)[mask], gi(counts[mask], graph), atol=1e-9)


@given(seed=st.integers(0, 2**32 - 1))
@settings(deadline=None, max_examples=30)
def test_scores_are_esdas_and_reordering_reorders_them(seed: int) -> None:
    random = np.random.default_rng(seed)
    points, counts = random.uniform(0, 100, (30, 2)), random.poisson(3, 30)
    scores = gi_star(counts, within(points, 25))
    np.testing.assert_allclose(scores, gi_star_by_esda(counts, within(points, 25)), atol=1e-9)
    order = random.permutation(30)
    np.testing.assert_allclose(gi_star(counts[order], within(points[order], 25)), scores[order], atol=1e-9)
    np.testing.assert_allclose(gi_star(10 * counts + 3, within(points, 25)), scores, atol=1e-9)


def test_p_values_are_the_normal_laws() -> None:
    z = np.array([[0.0, 1.959963984540054, -2.5758293035489], [8.0, -40.0, np.nan]])
    np.testing.assert_allclose(two_sided_p(z)[0], [1, 0.05, 0.01], rtol=1e-12)
    assert two_sided_p(z)[1, 0] == pytest.approx(2 * stats.norm.sf(8), rel=1e-12)
    assert two_sided_p(z)[1, 1] > 0 or stats.norm.sf(40) == 0
    assert np.isnan(two_sided_p(z)[1, 2])


def test_q_values_are_as_worked_by_hand() -> None:
    p = [0.001, 0.008, 0.039, 0.041, 0.042, 0.06, 0.074, 0.205]
    q = benjamini_hochberg(p)
    np.testing.assert_allclose(q, [0.008, 0.032, 0.0672, 0.0672, 0.0672, 0.08, 0.0845714286, 0.205], atol=1e-9)
    assert (q <= 0.05).sum() == 2


def test_homicide_around_st_louis_is_rejected_where_esda_rejects_it() -> None:
    rates = gpd.read_file(libpysal.examples.get_path("stl_hom.shp"))["HR8893"].to_numpy()
    graph = libpysal.io.open(libpysal.examples.get_path("stl.gal")).read()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns that its next release will double its p
        p = Moran_Local(rates, graph, permutations=999, seed=10).p_sim
    q = benjamini_hochberg(p)
    for alpha in (0.3, 0.1, 0.05, 0.01):
        np.testing.assert_array_equal(q <= alpha, p <= fdr(p, alpha))
    # The published cuts are those of two rejections among the 78 counties.
    assert [(q <= alpha).sum() * alpha / 78 for alpha in (0.1, 0.05)] == pytest.approx([0.002564102564, 0.001282051282])


@given(arrays.arrays(float, st.integers(0, 60), elements=st.floats(0, 1)), st.data())
@settings(deadline=None)
def test_q_values_are_scipys_over_the_cells_tested(p: np.ndarray, data: st.DataObject) -> None:
    tested = data.draw(arrays.arrays(bool, p.size))
    q = benjamini_hochberg(np.where(tested, p, np.nan))
    assert np.isnan(q).tolist() == (~tested).tolist()
    np.testing.assert_allclose(q[tested], stats.false_discovery_control(p[tested]) if tested.any() else [])


def test_p_values_out_of_range_are_refused() -> None:
    with pytest.raises(GeoError, match="between 0 and 1"):
        benjamini_hochberg([0.5, 1.5])


def test_classes_follow_direction_and_corrected_p() -> None:
    z = [4, 3, 2, 2, -2, -2, -3, -4, np.nan, 3, 0]
    q = [0.001, 0.01, 0.05, 0.051, 0.051, 0.05, 0.01, 0.001, np.nan, np.nan, 0.0]
    assert classify_gi_star(z, q).tolist() == [
        "hot_99.9", "hot_99", "hot_95", "not_significant", "not_significant", "cold_95", "cold_99", "cold_99.9",
        "not_tested", "not_tested", "not_significant",
    ]  # fmt: skip
    with pytest.raises(GeoError, match="2 scores and 1 q-values"):
        classify_gi_star([1, 2], [0.5])


def test_rates_fall_into_equal_classes_when_they_differ() -> None:
    rates = np.random.default_rng(0).permutation(np.arange(20.0))
    result = classify_rates(rates)
    assert np.bincount(result.numbers).tolist() == [0, 4, 4, 4, 4, 4]
    assert result.breaks.tolist() == [[0, 3], [4, 7], [8, 11], [12, 15], [16, 19]]


def test_tied_rates_share_a_class_and_classes_become_fewer() -> None:
    zeros = classify_rates([0, 0, 0, 0, 0, 0, 1, 2, 3, np.nan])
    assert zeros.numbers.tolist() == [1, 1, 1, 1, 1, 1, 2, 2, 3, 0]
    assert zeros.breaks.tolist() == [[0, 0], [1, 2], [3, 3]]
    assert classify_rates([5, 5, 5]).breaks.tolist() == [[5, 5]]
    assert classify_rates([np.nan, np.nan]).numbers.tolist() == [0, 0]
    assert classify_rates([]).breaks.shape == (0, 2)
    with pytest.raises(GeoError, match="0 classes"):
        classify_rates([1, 2], classes=0)
    with pytest.raises(GeoError, match="infinite"):
        classify_rates([1, np.inf])


@given(
    arrays.arrays(float, st.integers(0, 50), elements=st.one_of(st.floats(0, 100), st.just(np.nan), st.integers(0, 3))),
    st.integers(1, 9),
)
@settings(deadline=None)
def test_classes_keep_the_order_of_rates_and_never_part_equals(rates: np.ndarray, classes: int) -> None:
    result = classify_rates(rates, classes=classes)
    known = ~np.isnan(rates)
    assert (result.numbers[~known] == 0).all()
    assert len(result.breaks) <= classes
    assert sorted(set(result.numbers[known].tolist())) == list(range(1, len(result.breaks) + 1))
    lower, upper = result.breaks[result.numbers[known] - 1].T
    assert ((lower <= rates[known]) & (rates[known] <= upper)).all()
    assert (result.breaks[1:, 0] > result.breaks[:-1, 1]).all()


def test_burglary_in_the_real_wards_scores_as_esda_scores_it(met_wards_2022: gpd.GeoDataFrame, real_data: Path) -> None:
    table = pd.read_csv(real_data / "mps-ward-level-202402-202601.csv")
    months = [column for column in table.columns if column.isdigit()]
    burglary = table[table["MajorText"] == "BURGLARY"].groupby("WardCode")[months].sum().sum(axis=1)
    counts = burglary.reindex(met_wards_2022.index, fill_value=0).to_numpy()
    assert (len(counts), counts.sum()) == (679, burglary.sum())
    neighbours = queen_neighbours(met_wards_2022)
    scores = gi_star(counts, neighbours)
    np.testing.assert_allclose(scores, gi_star_by_esda(counts, neighbours), atol=1e-9)
    classes = classify_gi_star(scores, benjamini_hochberg(two_sided_p(scores)))
    assert set(classes[scores > 6]) == {"hot_99.9"}
    assert "not_tested" not in classes


def test_real_street_level_crime_scores_as_esda_scores_it(
    wards_2018: gpd.GeoDataFrame, street_points: pd.DataFrame
) -> None:
    camden = outline(wards_2018[wards_2018["borough_name"] == "Camden"])
    grid = square_grid(camden, cell_metres=100)
    easting, northing = to_national_grid(street_points["Longitude"], street_points["Latitude"])
    inside = shapely.intersects_xy(camden, easting, northing)
    counts = cell_counts(grid, easting[inside], northing[inside])
    assert counts.sum() == inside.sum() > 20_000
    squares = gpd.GeoDataFrame(geometry=cell_polygons(grid, np.flatnonzero(grid.mask)))
    neighbours = queen_neighbours(squares)
    scores = gi_star_grid(counts, grid.mask)[grid.mask]
    np.testing.assert_allclose(scores, gi_star(counts[grid.mask], neighbours), atol=1e-9)
    np.testing.assert_allclose(scores, gi_star_by_esda(counts[grid.mask], neighbours), atol=1e-9)
