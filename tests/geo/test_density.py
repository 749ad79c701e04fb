"""Kernel density: published values, mass, and a neighbour search by scikit-learn."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.neighbors import KDTree, KernelDensity

from geo.boundaries import outline
from geo.density import (
    COMPARISONS,
    binned_density,
    compare_densities,
    kernel_density,
    quartic_density,
    suggest_bandwidth_metres,
)
from geo.frames import GeoError, to_national_grid
from geo.grid import Grid, cell_counts, cell_polygons, square_grid
from geo.kernels import KERNELS, kernel_values

SQUARE = shapely.box(530_000, 180_000, 534_000, 183_000)


def centres(grid: Grid) -> np.ndarray:
    return shapely.get_coordinates(shapely.centroid(cell_polygons(grid, np.arange(grid.mask.size)).values))


def density_by_scikit_learn(points: np.ndarray, weights: np.ndarray, grid: Grid, bandwidth_metres: float) -> np.ndarray:
    """Find who is near with scikit-learn's tree, which has no quartic kernel of its own, and add up by definition."""
    near, distances = KDTree(points).query_radius(centres(grid), bandwidth_metres, return_distance=True)
    kernel = [
        (weights[who] * (1 - (metres / bandwidth_metres) ** 2) ** 2).sum()
        for who, metres in zip(near, distances, strict=True)
    ]
    return np.reshape(kernel, grid.mask.shape) * 3e6 / (np.pi * bandwidth_metres**2)


def test_one_incident_has_the_published_density() -> None:
    grid = square_grid(SQUARE, cell_metres=50)
    density = quartic_density([532_025.0], [181_525.0], grid, bandwidth_metres=500)
    assert density[30, 40] == pytest.approx(3.819719, abs=5e-7)
    assert density[30, 45] == pytest.approx(2.148592, abs=5e-7)
    assert density[25, 40] == pytest.approx(2.148592, abs=5e-7)
    assert density[30, 50] == 0


def test_two_robberies_in_memphis_have_the_published_profile() -> None:
    # A row of sfhotspot's memphis_robberies_jan, 200 m cells, bandwidth 1,000 m. Two robberies alone reach these nine
    # cells: the values give their places, to a tenth of a metre. Its kernel is 1 in the middle and has no mass of 1.
    published = [0.0658, 0.3152, 0.6183, 0.8672, 1.0026, 0.9969, 0.8207, 0.5181, 0.2077]
    grid = square_grid(shapely.box(530_000, 180_000, 531_800, 180_200), cell_metres=200)
    easting, northing = [530_962.3, 531_209.5], [180_100.0, 180_995.8]
    density = quartic_density(easting, northing, grid, bandwidth_metres=1000, edge_corrected=False)
    np.testing.assert_allclose(density[0] / kernel_values("quartic", 0), published, atol=1e-4)


@given(seed=st.integers(0, 2**32 - 1), radius=st.sampled_from([1, 1.3, 2.5, 5]))
@settings(deadline=None, max_examples=30)
def test_density_is_the_sum_over_near_incidents(seed: int, radius: float) -> None:
    random = np.random.default_rng(seed)
    grid = square_grid(SQUARE, cell_metres=200)
    # Some stand on one spot, some on corners and centres of squares, some outside the study area.
    points = random.uniform((529_500, 179_500), (534_500, 183_500), (60, 2))
    points[:20] = np.round(points[:20] / 100) * 100
    points[20:30] = points[0]
    weights = random.uniform(0, 3, 60)
    bandwidth = 200 * radius
    density = quartic_density(*points.T, grid, bandwidth_metres=bandwidth, weights=weights, edge_corrected=False)
    np.testing.assert_allclose(density, density_by_scikit_learn(points, weights, grid, bandwidth), atol=1e-9)
    order = random.permutation(60)
    again = quartic_density(
        *points[order].T, grid, bandwidth_metres=bandwidth, weights=weights[order], edge_corrected=False
    )
    np.testing.assert_allclose(again, density, atol=1e-9)


@given(shift=st.tuples(st.integers(-20, 20), st.integers(-20, 20)), seed=st.integers(0, 1000))
@settings(deadline=None, max_examples=20)
def test_moving_everything_by_whole_squares_changes_nothing(shift: tuple[int, int], seed: int) -> None:
    east, north = np.array(shift) * 200
    x, y = np.random.default_rng(seed).uniform((530_000, 180_000), (534_000, 183_000), (30, 2)).T
    here = quartic_density(x, y, square_grid(SQUARE, cell_metres=200), bandwidth_metres=1000)
    moved = square_grid(shapely.affinity.translate(SQUARE, east, north), cell_metres=200)
    there = quartic_density(x + east, y + north, moved, bandwidth_metres=1000)
    np.testing.assert_allclose(here, there, atol=1e-9)


def test_incidents_away_from_the_border_keep_their_total() -> None:
    grid = square_grid(SQUARE, cell_metres=50)
    x, y = np.random.default_rng(3).uniform((531_000, 181_000), (533_000, 182_000), (200, 2)).T
    density = quartic_density(x, y, grid, bandwidth_metres=400)
    assert np.nansum(density) * 0.05**2 == pytest.approx(200, rel=1e-4)
    plain = quartic_density(x, y, grid, bandwidth_metres=400, edge_corrected=False)
    np.testing.assert_allclose(density[8:-8, 8:-8], plain[8:-8, 8:-8], rtol=1e-12)


def test_edge_correction_keeps_an_even_spread_even() -> None:
    study_area = SQUARE.difference(shapely.Point(532_000, 181_500).buffer(700))
    grid = square_grid(study_area, cell_metres=50)
    x, y = centres(grid)[grid.mask.ravel()].T
    corrected = quartic_density(x, y, grid, bandwidth_metres=500)
    np.testing.assert_allclose(corrected[grid.mask], 400, rtol=0.005)
    assert np.isnan(corrected[~grid.mask]).all()
    plain = quartic_density(x, y, grid, bandwidth_metres=500, edge_corrected=False)
    assert np.nanmin(plain) < 150


def test_edge_correction_divides_by_the_share_of_the_kernel_inside() -> None:
    grid = square_grid(shapely.box(0, 0, 300, 100), cell_metres=100)
    density = quartic_density([150.0], [50.0], grid, bandwidth_metres=250)
    # The bandwidth is 2.5 squares, so a square at distance d weighs (1 - 4 d^2 / 25)^2.
    one, two, diagonal, knight = ((1 - squared * 4 / 25) ** 2 for squared in (1, 4, 2, 5))
    whole = 1 + 4 * (one + two + diagonal) + 8 * knight
    peak = 3e6 / (np.pi * 250**2)
    expected = [one / (1 + one + two), 1 / (1 + 2 * one), one / (1 + one + two)]
    np.testing.assert_allclose(density, [np.multiply(expected, peak * whole)], rtol=1e-12)


def test_incidents_beyond_the_border_count_only_without_correction() -> None:
    grid = square_grid(SQUARE, cell_metres=100)
    beyond = ([529_900.0, np.nan], [181_500.0, 181_500.0])
    assert np.nansum(quartic_density(*beyond, grid, bandwidth_metres=500)) == 0
    assert np.nansum(quartic_density(*beyond, grid, bandwidth_metres=500, edge_corrected=False)) > 0
    assert np.nansum(quartic_density([], [], grid, bandwidth_metres=500)) == 0


def test_the_bandwidth_is_no_smaller_than_a_square_and_is_suggested() -> None:
    grid = square_grid(SQUARE, cell_metres=100)
    assert suggest_bandwidth_metres(100) == 500
    for bandwidth_metres in (99, 0, -5, float("nan")):
        with pytest.raises(GeoError, match="Try 500 m"):
            quartic_density([], [], grid, bandwidth_metres=bandwidth_metres)
    with pytest.raises(GeoError, match="1 weights for 2 points"):
        quartic_density([1.0, 2.0], [1.0, 2.0], grid, bandwidth_metres=500, weights=[1.0])


@pytest.mark.parametrize(
    ("kernel", "theirs"), [("uniform", "tophat"), ("triangular", "linear"), ("normal", "gaussian")]
)
def test_other_kernels_are_scikit_learns(kernel: str, theirs: str) -> None:
    grid = square_grid(SQUARE, cell_metres=200)
    points = np.random.default_rng(4).uniform((530_000, 180_000), (534_000, 183_000), (50, 2))
    density = kernel_density(*points.T, grid, kernel=kernel, bandwidth_metres=450, edge_corrected=False)
    logarithm = KernelDensity(bandwidth=450, kernel=theirs).fit(points).score_samples(centres(grid))
    expected = 50e6 * np.exp(logarithm).reshape(grid.mask.shape)
    if kernel == "normal":
        # Theirs goes on where ours is cut off, and so is as much lower before.
        cut_off = np.exp(-8)
        np.testing.assert_allclose(density, expected / (1 - cut_off), atol=50e6 * cut_off / (2 * np.pi * 450**2))
    else:
        np.testing.assert_allclose(density, expected, rtol=1e-9, atol=1e-9)


@given(seed=st.integers(0, 2**32 - 1), kernel=st.sampled_from(KERNELS), radius=st.sampled_from([1, 2.5]))
@settings(deadline=None, max_examples=20)
def test_every_kernel_is_summed_over_every_incident(seed: int, kernel: str, radius: float) -> None:
    grid = square_grid(SQUARE, cell_metres=200)
    points = np.random.default_rng(seed).uniform((529_500, 179_500), (534_500, 183_500), (40, 2))
    bandwidth = 200 * radius
    squared = ((centres(grid)[:, np.newaxis] - points) ** 2).sum(axis=2) / bandwidth**2
    expected = 1e6 / bandwidth**2 * kernel_values(kernel, squared).sum(axis=1).reshape(grid.mask.shape)
    density = kernel_density(*points.T, grid, kernel=kernel, bandwidth_metres=bandwidth, edge_corrected=False)
    np.testing.assert_allclose(density, expected, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("kernel", KERNELS)
def test_binned_density_is_the_exact_one_of_incidents_at_the_centres(kernel: str) -> None:
    study_area = SQUARE.difference(shapely.Point(532_000, 181_500).buffer(700))
    grid = square_grid(study_area, cell_metres=100)
    counts = np.random.default_rng(8).poisson(0.4, grid.mask.shape) * grid.mask
    x, y = np.repeat(centres(grid), counts.ravel(), axis=0).T
    for edge_corrected in (True, False):
        binned = binned_density(
            np.where(grid.mask, counts, np.nan),
            grid,
            kernel=kernel,
            bandwidth_metres=400,
            edge_corrected=edge_corrected,
        )
        exact = kernel_density(x, y, grid, kernel=kernel, bandwidth_metres=400, edge_corrected=edge_corrected)
        assert np.isnan(binned[~grid.mask]).all()
        # The kernel adds up to 1 on the plane or on the squares: over all, they differ by one factor.
        factor = exact[grid.mask].sum() / binned[grid.mask].sum()
        assert factor == pytest.approx(1, abs=0.15)
        np.testing.assert_allclose(exact[grid.mask], factor * binned[grid.mask], rtol=1e-9, atol=1e-9)


@given(seed=st.integers(0, 2**32 - 1), kernel=st.sampled_from(KERNELS))
@settings(deadline=None, max_examples=20)
def test_binned_density_keeps_totals_away_from_the_border_and_adds_up(seed: int, kernel: str) -> None:
    grid = square_grid(SQUARE, cell_metres=100)
    one, other = np.zeros((2, *grid.mask.shape))
    one[12:18, 12:28], other[14, 20] = np.random.default_rng(seed).poisson(1, (6, 16)), 3.5
    densities = [
        binned_density(each, grid, kernel=kernel, bandwidth_metres=200, edge_corrected=False)
        for each in (one, other, one + other)
    ]
    assert densities[0].sum() * 0.1**2 == pytest.approx(one.sum(), abs=1e-9)
    np.testing.assert_allclose(densities[0] + densities[1], densities[2], atol=1e-9)


def test_counts_of_another_grid_are_refused() -> None:
    grid = square_grid(SQUARE, cell_metres=100)
    for counts in (np.zeros((3, 3)), np.full(grid.mask.shape, np.nan)):
        with pytest.raises(GeoError, match="Count on the same grid"):
            binned_density(counts, grid, bandwidth_metres=500)
    with pytest.raises(GeoError, match="Try 500 m"):
        binned_density(np.zeros(grid.mask.shape), grid, bandwidth_metres=50)
    with pytest.raises(GeoError, match="no kernel named 'gaussian'"):
        kernel_density([], [], grid, kernel="gaussian", bandwidth_metres=500)


def test_two_densities_are_compared_as_worked_by_hand() -> None:
    nan = np.nan
    first, second = [[6.0, 0, 3, 0, nan]], [[2.0, 4, 0, 0, nan]]
    ratio = compare_densities(first, second, comparison="ratio")
    np.testing.assert_array_equal(ratio.values, [[3, 0, nan, nan, nan]])
    assert ratio.comparison == "ratio"
    assert ratio.is_only_first.tolist() == [[False, False, True, False, False]]
    assert ratio.is_only_second.tolist() == [[False, True, False, False, False]]
    logarithm = compare_densities(first, second, comparison="log_ratio").values
    np.testing.assert_allclose(logarithm, [[np.log(3), nan, nan, nan, nan]])
    np.testing.assert_array_equal(
        compare_densities(first, second, comparison="difference").values, [[4, -4, 3, 0, nan]]
    )
    np.testing.assert_array_equal(compare_densities(first, second, comparison="sum").values, [[8, 4, 3, 0, nan]])


def test_thin_rims_count_as_nil_and_sources_of_unlike_size_can_be_compared() -> None:
    first, second = [[6.0, 0.01, 3]], [[2.0, 4, 0.02]]
    least = compare_densities(first, second, comparison="ratio", least_per_square_kilometre=0.02)
    np.testing.assert_array_equal(least.values, [[3, 0, np.nan]])
    assert (least.is_only_first.tolist(), least.is_only_second.tolist()) == (
        [[False, False, True]],
        [[False, True, False]],
    )
    shares = compare_densities([[10.0, 30, np.nan]], [[2.0, 2, np.nan]], comparison="difference", of_totals=True)
    np.testing.assert_array_equal(shares.values, [[-0.5, 0.5, np.nan]])
    nothing = compare_densities([[0.0, 0]], [[2.0, 2]], comparison="difference", of_totals=True)
    np.testing.assert_array_equal(nothing.values, [[-1, -1]])


@given(seed=st.integers(0, 2**32 - 1), of_totals=st.booleans())
@settings(deadline=None, max_examples=30)
def test_swapping_the_densities_turns_the_comparison_round(seed: int, of_totals: bool) -> None:
    random = np.random.default_rng(seed)
    one, other = random.poisson(1, (2, 6, 7)) * random.random((2, 6, 7))
    one[0, 0] = other[0, 0] = np.nan
    there, back = (
        {name: compare_densities(*pair, comparison=name, of_totals=of_totals) for name in COMPARISONS}
        for pair in ((one, other), (other, one))
    )
    np.testing.assert_allclose(there["log_ratio"].values, -back["log_ratio"].values, atol=1e-12)
    np.testing.assert_allclose(there["difference"].values, -back["difference"].values, atol=1e-12)
    np.testing.assert_allclose(there["sum"].values, back["sum"].values)
    np.testing.assert_array_equal(there["ratio"].is_only_first, back["ratio"].is_only_second)
    for each in there.values():
        assert not np.isinf(each.values).any()


def test_what_cannot_be_compared_is_refused() -> None:
    with pytest.raises(GeoError, match="no comparison named 'quotient'"):
        compare_densities([[1.0]], [[1.0]], comparison="quotient")
    for other in ([[1.0]], [[1.0, np.nan]]):
        with pytest.raises(GeoError, match="do not cover the same squares"):
            compare_densities([[1.0, 2.0]], other, comparison="sum")
    for other in ([[np.inf]], [[-1.0]]):
        with pytest.raises(GeoError, match="infinite or below zero"):
            compare_densities([[1.0]], other, comparison="sum")


def test_real_street_level_crime_has_the_density_of_the_definition(
    wards_2018: gpd.GeoDataFrame, street_points: pd.DataFrame
) -> None:
    westminster = outline(wards_2018[wards_2018["borough_code"] == "E09000033"])
    grid = square_grid(westminster, cell_metres=100)
    easting, northing = to_national_grid(street_points["Longitude"], street_points["Latitude"])
    inside = shapely.intersects_xy(westminster, easting, northing)
    points = np.column_stack([easting, northing])[inside]
    density = quartic_density(*points.T, grid, bandwidth_metres=500, edge_corrected=False)
    expected = density_by_scikit_learn(points, np.ones(len(points)), grid, 500)
    np.testing.assert_allclose(density[grid.mask], expected[grid.mask], rtol=1e-9, atol=1e-9)
    corrected = quartic_density(*points.T, grid, bandwidth_metres=500)
    total = cell_counts(grid, *points.T).sum()
    assert np.nansum(corrected) * 0.1**2 == pytest.approx(total, rel=0.05)
    binned = binned_density(cell_counts(grid, *points.T), grid, bandwidth_metres=500)
    assert np.nanmax(abs(binned - corrected)) < 0.05 * np.nanmax(corrected)
