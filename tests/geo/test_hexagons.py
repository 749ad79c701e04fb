"""Equal hexagons: which there are, what falls in them, what they are called, who neighbours whom."""

from collections.abc import Callable

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.boundaries import outline, queen_neighbours
from geo.frames import GeoError, to_national_grid
from geo.hexagons import (
    HexagonGrid,
    hexagon_counts,
    hexagon_grid,
    hexagon_names,
    hexagon_neighbours,
    hexagon_numbers,
    hexagon_polygons,
)
from geo.hotspots import gi_star

MakeAreas = Callable[[int], gpd.GeoDataFrame]
SQUARE = shapely.box(530_000, 180_000, 530_700, 180_500)


def all_hexagons(grid: HexagonGrid) -> np.ndarray:
    return hexagon_polygons(grid, np.arange(grid.mask.size)).values


def test_hexagons_are_equal_and_stand_on_a_point_at_the_origin_of_the_national_grid() -> None:
    grid = hexagon_grid(shapely.Point(1, 1).buffer(20), width_metres=100)
    assert (grid.first_row, grid.first_column, grid.mask.shape) == (0, 0, (1, 1))
    (hexagon,) = hexagon_polygons(grid, [0])
    assert hexagon.centroid.distance(shapely.Point(0, 0)) < 1e-9
    radius = 100 / np.sqrt(3)
    assert hexagon.bounds == pytest.approx((-50, -radius, 50, radius))
    assert hexagon.area == pytest.approx(grid.cell_square_metres) == pytest.approx(8660.254)
    assert hexagon_polygons(grid, [0]).crs.to_epsg() == 27700
    sides = np.hypot(*np.diff(shapely.get_coordinates(hexagon), axis=0).T)
    np.testing.assert_allclose(sides, radius)


@given(seed=st.integers(0, 2**32 - 1), width_metres=st.sampled_from([20, 51, 130, 700, 3000]))
@settings(deadline=None, max_examples=30)
def test_the_mask_is_what_shapely_says_and_covers_the_outline(
    random_areas: MakeAreas, seed: int, width_metres: int
) -> None:
    study_area = random_areas(seed).geometry.iloc[0]
    grid = hexagon_grid(study_area, width_metres=width_metres)
    hexagons = all_hexagons(grid)
    meets = shapely.intersects(study_area, hexagons) & ~shapely.touches(study_area, hexagons)
    np.testing.assert_array_equal(grid.mask.ravel(), meets)
    assert shapely.coverage_is_valid(hexagons)
    assert shapely.difference(study_area, shapely.union_all(hexagons[grid.mask.ravel()])).area < 1e-6
    assert grid.mask.any(axis=0)[[0, -1]].all()
    assert grid.mask.any(axis=1)[[0, -1]].all()


@given(seed=st.integers(0, 2**32 - 1), width_metres=st.sampled_from([20, 100, 130]))
@settings(deadline=None, max_examples=30)
def test_no_point_of_the_outline_is_lost(random_areas: MakeAreas, seed: int, width_metres: int) -> None:
    study_area = random_areas(seed).geometry.iloc[0]
    grid = hexagon_grid(study_area, width_metres=width_metres)
    random = np.random.default_rng(seed)
    corners = shapely.get_coordinates(all_hexagons(grid))[:3000]
    points = np.concatenate([random.uniform((530_000, 180_000), (531_000, 181_000), (2000, 2)), corners])
    x, y = points[shapely.intersects_xy(study_area, *points.T)].T
    number = hexagon_numbers(grid, x, y)
    assert (number >= 0).all()
    assert (shapely.distance(hexagon_polygons(grid, number).values, shapely.points(x, y)) < 1e-6).all()
    assert hexagon_counts(grid, x, y).sum() == x.size


def test_a_point_on_an_edge_goes_south_then_west_unless_only_another_is_in_the_grid() -> None:
    grid = hexagon_grid(shapely.box(0, 0, 300, 200), width_metres=100)
    radius = 100 / np.sqrt(3)
    # The centre, the middle of the east side, the north point and the corner north-east of the first hexagon.
    names = hexagon_names(grid, hexagon_numbers(grid, [0.0, 50, 0, 50], [0, 0, radius, radius / 2]))
    assert names.tolist() == ["hex100m-R0-C0"] * 4
    east = hexagon_grid(shapely.box(60, -5, 80, 5), width_metres=100)
    assert hexagon_names(east, hexagon_numbers(east, [50.0], [0.0])).tolist() == ["hex100m-R0-C1"]
    north = hexagon_grid(shapely.box(45, 80, 55, 90), width_metres=100)
    assert hexagon_names(north, hexagon_numbers(north, [50.0], [radius / 2])).tolist() == ["hex100m-R1-C0"]


def test_points_outside_and_unknown_points_have_no_hexagon() -> None:
    grid = hexagon_grid(SQUARE, width_metres=100)
    x = [529_000.0, 531_300.1, np.nan, 530_050.0, np.inf, 1e300, 0.0]
    y = [180_050.0, 180_050.0, 180_050.0, np.nan, 180_050.0, -1e300, 0.0]
    assert hexagon_numbers(grid, x, y).tolist() == [-1] * 7
    assert hexagon_counts(grid, x, y).sum() == 0
    assert hexagon_numbers(grid, [], []).tolist() == []


def test_counts_and_weights_add_up() -> None:
    grid = hexagon_grid(SQUARE, width_metres=100)
    x, y = [530_050.0, 530_052.0, 530_650.0, 0.0], [180_047.0, 180_048.0, 180_150.0, 0.0]
    number = hexagon_numbers(grid, x, y)
    assert number[0] == number[1] != number[2]
    counts, weighted = hexagon_counts(grid, x, y), hexagon_counts(grid, x, y, [0.5, 1, 4, 100])
    assert (counts.ravel()[number[0]], counts.sum()) == (2, 3)
    assert (weighted.ravel()[number[0]], weighted.ravel()[number[2]], weighted.sum()) == (1.5, 4, 5.5)
    with pytest.raises(GeoError, match="3 weights for 4 points"):
        hexagon_counts(grid, x, y, [1, 2, 3])


@given(seed=st.integers(0, 2**32 - 1), shift=st.tuples(st.integers(-9, 9), st.integers(-9, 9)))
@settings(deadline=None, max_examples=20)
def test_neighbours_are_those_that_touch_wherever_the_grid_lies(
    random_areas: MakeAreas, seed: int, shift: tuple[int, int]
) -> None:
    study_area = shapely.affinity.translate(random_areas(seed).geometry.iloc[0], *np.multiply(shift, 87))
    grid = hexagon_grid(study_area, width_metres=130)
    frame = gpd.GeoDataFrame(geometry=hexagon_polygons(grid, np.flatnonzero(grid.mask)))
    for include_self in (True, False):
        ours = hexagon_neighbours(grid, include_self=include_self)
        theirs = queen_neighbours(frame, include_self=include_self)
        np.testing.assert_array_equal(ours.toarray(), theirs.toarray())
    assert ours.sum(axis=1).max() <= 6


def test_names_do_not_depend_on_the_area_and_numbers_must_be_in_the_grid() -> None:
    grid, wider = hexagon_grid(SQUARE, width_metres=100), hexagon_grid(SQUARE.buffer(1000), width_metres=100)
    x, y = [530_250.0], [180_150.0]
    name = hexagon_names(grid, hexagon_numbers(grid, x, y)).tolist()
    assert name == hexagon_names(wider, hexagon_numbers(wider, x, y)).tolist() == ["hex100m-R2080-C5302"]
    for number in (-1, grid.mask.size):
        with pytest.raises(GeoError, match="Leave out the points outside"):
            hexagon_names(grid, [number])


def test_grids_that_cannot_be_are_refused() -> None:
    for width_metres in (0, 12.5, float("nan")):
        with pytest.raises(GeoError, match=r"A hexagon cannot measure .* whole number of metres"):
            hexagon_grid(SQUARE, width_metres=width_metres)
    with pytest.raises(GeoError, match="Choose larger hexagons"):
        hexagon_grid(SQUARE.buffer(30_000), width_metres=1)
    with pytest.raises(GeoError, match="valid polygon"):
        hexagon_grid(shapely.Point(0, 0), width_metres=100)


def test_real_street_level_crime_is_counted_in_hexagons_and_scored(
    wards_2018: gpd.GeoDataFrame, street_points: pd.DataFrame
) -> None:
    camden = outline(wards_2018[wards_2018["borough_name"] == "Camden"])
    easting, northing = to_national_grid(street_points["Longitude"], street_points["Latitude"])
    inside = shapely.intersects_xy(camden, easting, northing)
    grid = hexagon_grid(camden, width_metres=107)
    counts = hexagon_counts(grid, easting[inside], northing[inside])
    assert counts.sum() == inside.sum() > 20_000
    tree = shapely.STRtree(hexagon_polygons(grid, np.flatnonzero(grid.mask)).values)
    point, cell = tree.query(shapely.points(easting[inside], northing[inside]), predicate="intersects")
    _, first = np.unique(point, return_index=True)
    np.testing.assert_array_equal(counts[grid.mask], np.bincount(cell[first], minlength=grid.mask.sum()))
    scores = gi_star(counts[grid.mask], hexagon_neighbours(grid))
    assert scores.max() > 10
    assert scores.shape == (grid.mask.sum(),)
