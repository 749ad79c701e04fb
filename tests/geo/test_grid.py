"""Equal squares: which there are, what falls in them, what they are called."""

from collections.abc import Callable

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.boundaries import outline
from geo.frames import GeoError, to_national_grid
from geo.grid import Grid, cell_counts, cell_names, cell_numbers, cell_polygons, square_grid, suggest_cell_metres

MakeAreas = Callable[[int], gpd.GeoDataFrame]
SQUARE = shapely.box(530_000, 180_000, 530_300, 180_200)


def all_squares(grid: object) -> gpd.GeoSeries:
    return cell_polygons(grid, np.arange(grid.mask.size))


def test_the_squares_are_those_that_share_ground_with_the_outline() -> None:
    grid = square_grid(SQUARE, cell_metres=100)
    assert (grid.origin_easting, grid.origin_northing, grid.n_rows, grid.n_columns) == (530_000, 180_000, 2, 3)
    assert grid.mask.all()
    shifted = square_grid(shapely.affinity.translate(SQUARE, 1, 1), cell_metres=100)
    assert shifted.mask.shape == (3, 4)


def test_squares_stand_on_multiples_of_their_size_whatever_the_outline() -> None:
    for shift in (0.5, 37, 149.9):
        grid = square_grid(shapely.affinity.translate(SQUARE, shift, -shift), cell_metres=150)
        assert (grid.origin_easting % 150, grid.origin_northing % 150) == (0, 0)


@given(seed=st.integers(0, 2**32 - 1), cell_metres=st.sampled_from([20, 50, 130, 700]))
@settings(deadline=None, max_examples=30)
def test_the_mask_is_what_shapely_says(random_areas: MakeAreas, seed: int, cell_metres: int) -> None:
    study_area = random_areas(seed).geometry.iloc[0]
    grid = square_grid(study_area, cell_metres=cell_metres)
    squares = all_squares(grid).values
    meets = shapely.intersects(study_area, squares) & ~shapely.touches(study_area, squares)
    np.testing.assert_array_equal(grid.mask.ravel(), meets)
    assert shapely.difference(study_area, shapely.union_all(squares[grid.mask.ravel()])).area < 1e-6


@given(seed=st.integers(0, 2**32 - 1), cell_metres=st.sampled_from([20, 50, 100, 130]))
@settings(deadline=None, max_examples=30)
def test_no_point_of_the_outline_is_lost(random_areas: MakeAreas, seed: int, cell_metres: int) -> None:
    study_area = random_areas(seed).geometry.iloc[0]
    grid = square_grid(study_area, cell_metres=cell_metres)
    random = np.random.default_rng(seed)
    x, y = random.integers((530_000, 180_000), (531_001, 181_001), (2000, 2)).astype(float).T
    inside = shapely.intersects_xy(study_area, x, y)
    number = cell_numbers(grid, x[inside], y[inside])
    assert (number >= 0).all()
    assert shapely.intersects_xy(cell_polygons(grid, number).values, x[inside], y[inside]).all()
    assert cell_counts(grid, x[inside], y[inside]).sum() == inside.sum()


def test_a_square_holds_its_west_and_south_edge_and_the_outer_edge_goes_inward() -> None:
    grid = square_grid(SQUARE, cell_metres=100)
    x = [530_000.0, 530_100.0, 530_300.0, 530_100.0, 530_300.0, 530_050.0]
    y = [180_000.0, 180_050.0, 180_050.0, 180_200.0, 180_200.0, 180_100.0]
    assert cell_numbers(grid, x, y).tolist() == [0, 1, 2, 4, 5, 3]


def test_points_outside_and_unknown_points_have_no_square() -> None:
    grid = square_grid(SQUARE, cell_metres=100)
    x = [529_999.9, 530_300.1, np.nan, 530_050.0, np.inf, 1e300]
    y = [180_050.0, 180_050.0, 180_050.0, np.nan, 180_050.0, -1e300]
    assert cell_numbers(grid, x, y).tolist() == [-1] * 6
    assert cell_counts(grid, x, y).sum() == 0
    assert cell_numbers(grid, [], []).tolist() == []


def test_counts_and_weights_add_up() -> None:
    grid = square_grid(SQUARE, cell_metres=100)
    x, y = [530_010.0, 530_020.0, 530_250.0, 0.0], [180_010.0, 180_020.0, 180_150.0, 0.0]
    np.testing.assert_array_equal(cell_counts(grid, x, y), [[2, 0, 0], [0, 0, 1]])
    np.testing.assert_array_equal(cell_counts(grid, x, y, [0.5, 1, 4, 100]), [[1.5, 0, 0], [0, 0, 4]])
    with pytest.raises(GeoError, match="3 weights for 4 points"):
        cell_counts(grid, x, y, [1, 2, 3])


@given(seed=st.integers(0, 2**32 - 1), corner=st.sampled_from([-100, 0, 100, 530_000]), unknown=st.booleans())
@settings(deadline=None, max_examples=60)
def test_whole_blocks_are_numbered_by_the_definition(seed: int, corner: int, unknown: bool) -> None:
    random = np.random.default_rng(seed)
    grid = Grid(corner, corner, 50, 4, 6, random.random((4, 6)) < 0.7)
    x, y = corner + random.uniform((-1, -1), (301, 201), (200, 2)).T
    x[:50], y[25:75] = np.round(x[:50] / 25) * 25, np.nextafter(corner + 50.0, corner)
    if unknown:
        x[random.random(200) < 0.1] = random.choice([np.nan, np.inf, -np.inf, 2.0**31, -(2.0**31)])
    expected = []
    for east, north in zip((x - corner) / 50, (y - corner) / 50, strict=True):
        column, row = np.floor(east), np.floor(north)
        # North-east first, then across the edges that the point stands on.
        near = [(row, column - (column == east)), (row - (row == north), column)]
        near = [(row, column), *near, (near[1][0], near[0][1])]
        held = [(a, b) for a, b in near if 0 <= a < 4 and 0 <= b < 6 and grid.mask[int(a), int(b)]]
        expected.append(int(held[0][0] * 6 + held[0][1]) if held else -1)
    assert cell_numbers(grid, x, y).tolist() == expected
    kept = np.array(expected) >= 0
    for points in (slice(None), kept):
        counts = cell_counts(grid, x[points], y[points])
        np.testing.assert_array_equal(counts.ravel(), np.bincount(np.array(expected)[kept], minlength=24))


def test_many_points_are_numbered_as_few_are() -> None:
    grid = square_grid(SQUARE, cell_metres=100)
    x, y = np.random.default_rng(1).uniform((529_990, 180_000), (530_300, 180_200), (100_000, 2)).T
    x[[40_000, 99_999]] = np.nan
    few = [cell_numbers(grid, x[start : start + 7000], y[start : start + 7000]) for start in range(0, x.size, 7000)]
    np.testing.assert_array_equal(cell_numbers(grid, x, y), np.concatenate(few))


@given(shift=st.tuples(st.integers(-50, 50), st.integers(-50, 50)), seed=st.integers(0, 1000))
@settings(deadline=None, max_examples=30)
def test_moving_everything_by_whole_squares_changes_only_the_names(shift: tuple[int, int], seed: int) -> None:
    east, north = np.array(shift) * 100
    x, y = np.random.default_rng(seed).uniform((530_000, 180_000), (530_300, 180_200), (50, 2)).T
    here = square_grid(SQUARE, cell_metres=100)
    there = square_grid(shapely.affinity.translate(SQUARE, east, north), cell_metres=100)
    np.testing.assert_array_equal(cell_numbers(here, x, y), cell_numbers(there, x + east, y + north))


def test_names_say_size_and_corner_and_do_not_depend_on_the_area() -> None:
    grid, wider = square_grid(SQUARE, cell_metres=100), square_grid(SQUARE.buffer(1000), cell_metres=100)
    x, y = [530_250.0], [180_150.0]
    assert cell_names(grid, cell_numbers(grid, x, y)).tolist() == ["100m-E530200-N180100"]
    assert cell_names(wider, cell_numbers(wider, x, y)).tolist() == ["100m-E530200-N180100"]
    (square,) = cell_polygons(grid, [5])
    assert square.bounds == (530_200, 180_100, 530_300, 180_200)
    assert cell_polygons(grid, [5]).crs.to_epsg() == 27700
    with pytest.raises(GeoError, match="0 to 5"):
        cell_names(grid, [-1])


@pytest.mark.parametrize("cell_metres", [0, -100, 12.5, float("nan")])
def test_squares_measure_whole_metres(cell_metres: float) -> None:
    with pytest.raises(GeoError, match="whole number of metres"):
        square_grid(SQUARE, cell_metres=cell_metres)


def test_grids_that_cannot_be_are_refused() -> None:
    with pytest.raises(GeoError, match="Choose larger squares"):
        square_grid(SQUARE.buffer(30_000), cell_metres=1)
    for nothing in (shapely.Polygon(), shapely.Point(0, 0), shapely.Polygon([(0, 0), (9, 9), (9, 0), (0, 9)])):
        with pytest.raises(GeoError, match="valid polygon"):
            square_grid(nothing, cell_metres=100)


@pytest.mark.parametrize(
    ("width", "height", "expected"),
    [(58_000, 46_000, 300), (8_000, 9_000, 50), (1_000, 900, 50), (30_000, 90_000, 200)],
)
def test_the_suggested_cell_is_a_150th_of_the_shorter_side(width: int, height: int, expected: int) -> None:
    assert suggest_cell_metres(shapely.box(0, 0, width, height)) == expected


def test_every_real_point_in_a_ward_has_a_square(wards_2018: gpd.GeoDataFrame, street_points: pd.DataFrame) -> None:
    london = outline(wards_2018)
    assert suggest_cell_metres(london) == 300
    grid = square_grid(london, cell_metres=250)
    easting, northing = to_national_grid(street_points["Longitude"], street_points["Latitude"])
    number = cell_numbers(grid, easting, northing)
    assert (number[shapely.intersects_xy(london, easting, northing)] >= 0).all()
    assert cell_counts(grid, easting, northing).sum() == (number >= 0).sum() > 503_400
