"""Placing points: every answer is shapely's."""

import pickle
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import example, given, settings
from hypothesis import strategies as st

from geo import locate
from geo.edges import first_holding
from geo.frames import GeoError, to_national_grid
from geo.locate import build_lookup, chance_of_moving, edge_distances, nearest_within, place
from geo.raster import EDGE

MakeAreas = Callable[[int], gpd.GeoDataFrame]


def first_by_shapely(areas: gpd.GeoDataFrame, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Ask shapely about every pair of an area and a point."""
    hits = np.array([shapely.intersects_xy(polygon, x, y) for polygon in areas.geometry])
    return np.where(hits.any(axis=0), hits.argmax(axis=0), -1)


def awkward_points(areas: gpd.GeoDataFrame, seed: int, lattice_metres: float) -> np.ndarray:
    """Corners, middles of edges, lattice crossings, and places anywhere in and around the areas."""
    random = np.random.default_rng(seed)
    corners = shapely.get_coordinates(areas.geometry.values)
    west, south, east, north = areas.total_bounds
    anywhere = random.uniform((west - 50, south - 50), (east + 50, north + 50), (500, 2))
    lattice = np.round(anywhere / lattice_metres) * lattice_metres
    nearly = corners[:200] + random.choice([-1e-9, 0, 1e-9], (min(200, len(corners)), 2))
    return np.concatenate([corners, (corners[1:] + corners[:-1]) / 2, nearly, lattice, anywhere])


def placed_both_ways(areas: gpd.GeoDataFrame, x: np.ndarray, y: np.ndarray, *, cell_metres: float = 25.0) -> np.ndarray:
    """Place points as few are and as many are: shapely asked about each by an edge, or the edges tabled."""
    lookup = build_lookup(areas, cell_metres=cell_metres)
    few = place(lookup, x, y)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(locate, "EDGE_TABLE_PAYS_FROM", 0)
        np.testing.assert_array_equal(place(lookup, x, y), few)
    return few


@given(seed=st.integers(0, 2**32 - 1), cell_metres=st.sampled_from([7.3, 25.0, 50.0, 400.0]))
@settings(deadline=None, max_examples=40)
def test_every_point_goes_where_shapely_puts_it(random_areas: MakeAreas, seed: int, cell_metres: float) -> None:
    areas = random_areas(seed)
    x, y = awkward_points(areas, seed, cell_metres).T
    expected = first_by_shapely(areas, x, y)
    np.testing.assert_array_equal(placed_both_ways(areas, x, y, cell_metres=cell_metres), expected)


@given(seed=st.integers(0, 2**32 - 1))
@example(seed=0)
@settings(deadline=None, max_examples=20)
def test_overlapping_areas_give_the_first(random_areas: MakeAreas, seed: int) -> None:
    areas = random_areas(seed)
    widened = areas.assign(geometry=areas.buffer(30))
    x, y = awkward_points(widened, seed, 25).T
    np.testing.assert_array_equal(placed_both_ways(widened, x, y), first_by_shapely(widened, x, y))


@given(seed=st.integers(0, 2**32 - 1))
@settings(deadline=None, max_examples=20)
def test_reordering_the_areas_reorders_the_answers(random_areas: MakeAreas, seed: int) -> None:
    areas = random_areas(seed)
    order = np.random.default_rng(seed).permutation(len(areas))
    x, y = np.random.default_rng(seed).uniform((530_000, 180_000), (531_000, 181_000), (300, 2)).T
    before, after = place(build_lookup(areas), x, y), place(build_lookup(areas.iloc[order]), x, y)
    np.testing.assert_array_equal(before, order[after])


def test_a_point_on_a_shared_edge_goes_to_the_first_area() -> None:
    west, east = shapely.box(0, 0, 100, 100), shapely.box(100, 0, 200, 100)
    for pair, first in (([west, east], 0), ([east, west], 0)):
        areas = gpd.GeoDataFrame(geometry=pair, crs=27700)
        assert place(build_lookup(areas), [100.0], [50.0]).tolist() == [first]


def test_holes_outer_ground_and_unknown_coordinates_are_nowhere() -> None:
    ring = shapely.box(0, 0, 1000, 1000).difference(shapely.box(400, 400, 600, 600))
    lookup = build_lookup(gpd.GeoDataFrame(geometry=[ring], crs=27700))
    x = [500.0, 100.0, -1.0, 1e9, np.nan, 100.0, np.inf]
    y = [500.0, 100.0, 50.0, 1e9, 100.0, np.nan, 100.0]
    assert place(lookup, x, y).tolist() == [-1, 0, -1, -1, -1, -1, -1]
    assert place(lookup, [], []).tolist() == []


def test_a_lookup_can_be_kept_on_disk(random_areas: MakeAreas) -> None:
    lookup = build_lookup(random_areas(7))
    kept = pickle.loads(pickle.dumps(lookup))
    x, y = np.random.default_rng(7).uniform((530_000, 180_000), (531_000, 181_000), (500, 2)).T
    np.testing.assert_array_equal(place(kept, x, y), place(lookup, x, y))


def test_threads_may_share_a_lookup(random_areas: MakeAreas) -> None:
    lookup = build_lookup(random_areas(8))
    degrees = np.random.default_rng(8).uniform((-0.128, 51.504), (-0.113, 51.513), (5000, 2))

    def place_all(_: int) -> list[int]:
        return place(lookup, *to_national_grid(*degrees.T)).tolist()

    expected = place_all(0)
    assert len(set(expected)) > 5
    with ThreadPoolExecutor(8) as threads:
        assert all(placed == expected for placed in threads.map(place_all, range(40)))


def test_areas_that_cannot_be_drawn_are_refused() -> None:
    areas = gpd.GeoDataFrame(geometry=[shapely.box(0, 0, 600_000, 1_200_000)], crs=27700)
    with pytest.raises(GeoError, match="Choose larger squares"):
        build_lookup(areas)
    with pytest.raises(GeoError, match="above zero"):
        build_lookup(areas, cell_metres=0)
    with pytest.raises(GeoError, match="to_crs"):
        build_lookup(areas.set_crs(3857, allow_override=True))


def test_few_of_the_points_by_an_edge_are_left_to_shapely(random_areas: MakeAreas) -> None:
    areas = random_areas(9)
    lookup = build_lookup(areas)
    x, y = np.random.default_rng(9).uniform((530_000, 180_000), (531_000, 181_000), (20_000, 2)).T
    column, row = (
        ((x - lookup.raster.origin_easting) // 25).astype(int),
        ((y - lookup.raster.origin_northing) // 25).astype(int),
    )
    at_edge = lookup.raster.polygon[row, column] == EDGE
    square = (row * lookup.raster.polygon.shape[1] + column)[at_edge]
    area, is_sure = first_holding(lookup.edges, square, x[at_edge], y[at_edge])
    assert at_edge.sum() > 1000
    assert is_sure.mean() > 0.999
    np.testing.assert_array_equal(area[is_sure], first_by_shapely(areas, x[at_edge], y[at_edge])[is_sure])


def test_the_nearest_area_is_found_up_to_the_distance_and_no_further() -> None:
    areas = gpd.GeoDataFrame(geometry=[shapely.box(0, 0, 10, 10), shapely.box(30, 0, 40, 10)], crs=27700)
    x, y = [5.0, 13.0, 20.0, 22.0, 60.0, np.nan, 13.0], [5.0, 5.0, 5.0, 5.0, 5.0, 5.0, 5.0]
    assert nearest_within(areas, x, y, metres=10).tolist() == [0, 0, 0, 1, -1, -1, 0]
    assert nearest_within(areas, x, y, metres=3).tolist() == [0, 0, -1, -1, -1, -1, 0]
    with pytest.raises(GeoError, match="above zero"):
        nearest_within(areas, x, y, metres=0)


def test_edges_are_as_far_away_as_shapely_says_those_of_holes_included() -> None:
    ring = shapely.box(0, 0, 1000, 1000).difference(shapely.box(400, 400, 600, 600))
    lookup = build_lookup(gpd.GeoDataFrame(geometry=[ring, shapely.box(1000, 0, 1100, 1000)], crs=27700))
    x, y = [30.0, 390.0, 1000.0, 1010.0, 500.0, np.nan, 990.0], [500.0, 500.0, 500.0, 500.0, 500.0, 5.0, 500.0]
    area = place(lookup, x, y)
    assert area.tolist() == [0, 0, 0, 1, -1, -1, 0]
    np.testing.assert_array_equal(edge_distances(lookup, x, y, area), [30, 10, 0, 10, np.nan, np.nan, 10])
    # A point that was given to an area nearby is measured from outside.
    assert edge_distances(lookup, [500.0, 500.0], [450.0, 450.0], [0, 1]).tolist() == [50, 500]
    assert edge_distances(lookup, [], [], []).tolist() == []


@given(seed=st.integers(0, 2**32 - 1))
@settings(deadline=None, max_examples=20)
def test_a_point_stays_in_its_area_as_long_as_it_moves_less_than_its_edge_is_away(
    random_areas: MakeAreas, seed: int
) -> None:
    areas = random_areas(seed)
    lookup, random = build_lookup(areas), np.random.default_rng(seed)
    x, y = random.uniform((530_000, 180_000), (531_000, 181_000), (300, 2)).T
    area = place(lookup, x, y)
    distance = edge_distances(lookup, x, y, area)
    expected = [
        areas.geometry.iloc[row].boundary.distance(shapely.Point(*at)) for row, *at in zip(area, x, y, strict=True)
    ]
    np.testing.assert_allclose(distance, expected)
    angle = random.uniform(0, 2 * np.pi, 300)
    for share in (0.5, 0.999):
        moved = place(lookup, x + share * distance * np.cos(angle), y + share * distance * np.sin(angle))
        np.testing.assert_array_equal(moved, area)


def test_how_likely_a_point_moves_is_the_share_of_the_circle_beyond_the_edge() -> None:
    west, east = shapely.box(0, 0, 500, 1000), shapely.box(500, 0, 1000, 1000)
    lookup = build_lookup(gpd.GeoDataFrame(geometry=[west, east], crs=27700))
    away = np.array([0.0, 5, 10, 15, 19.9, 20.1, 400])
    chance = chance_of_moving(lookup, 500 - away, np.full(7, 500.0), error_metres=20)
    np.testing.assert_allclose(chance, np.arccos(np.minimum(away / 20, 1)) / np.pi, atol=1 / 64)
    assert chance[0] == 0.5
    assert chance[-2:].tolist() == [0, 0]
    # At the outer edge a point moves out of every area; outside there is nothing to move from.
    beside = chance_of_moving(lookup, [0.0, -1, np.nan, 0], [500.0, 500, 500, 500], error_metres=20)
    np.testing.assert_array_equal(beside, [0.5, np.nan, np.nan, 0.5])
    with pytest.raises(GeoError, match="off by 0 m"):
        chance_of_moving(lookup, [1.0], [1.0], error_metres=0)


@given(seed=st.integers(0, 2**32 - 1), error_metres=st.sampled_from([5.0, 20.0, 100.0]))
@settings(deadline=None, max_examples=15)
def test_no_point_can_move_from_further_than_its_error_and_order_does_not_matter(
    random_areas: MakeAreas, seed: int, error_metres: float
) -> None:
    areas = random_areas(seed)
    random = np.random.default_rng(seed)
    x, y = random.integers((529_990, 179_990), (531_010, 181_010), (300, 2)).astype(float).T
    lookup = build_lookup(areas)
    chance, area = chance_of_moving(lookup, x, y, error_metres=error_metres), place(lookup, x, y)
    np.testing.assert_array_equal(np.isnan(chance), area < 0)
    assert (chance[edge_distances(lookup, x, y, area) > error_metres] == 0).all()
    assert ((chance[area >= 0] >= 0) & (chance[area >= 0] <= 1)).all()
    backwards = chance_of_moving(lookup, x[::-1], y[::-1], error_metres=error_metres)
    np.testing.assert_array_equal(backwards[::-1], chance)


def test_overlapping_areas_can_take_a_point_before_its_own_edge_is_reached() -> None:
    areas = gpd.GeoDataFrame(geometry=[shapely.box(0, 0, 100, 100), shapely.box(50, 0, 500, 100)], crs=27700)
    chance = chance_of_moving(build_lookup(areas), [105.0], [50.0], error_metres=20)
    assert chance[0] == pytest.approx(np.arccos(5 / 20) / np.pi, abs=1 / 64)


def test_places_must_belong_to_the_points_and_the_areas() -> None:
    lookup = build_lookup(gpd.GeoDataFrame(geometry=[shapely.box(0, 0, 10, 10)], crs=27700))
    for area in ([0], [0, 1], [0, -2]):
        with pytest.raises(GeoError, match="with place"):
            edge_distances(lookup, [1.0, 2.0], [1.0, 2.0], area)


def test_real_street_level_points_are_placed_as_geopandas_places_them(
    wards_2018: gpd.GeoDataFrame, street_points: pd.DataFrame
) -> None:
    easting, northing = to_national_grid(street_points["Longitude"], street_points["Latitude"])
    placed = place(build_lookup(wards_2018), easting, northing)
    assert len(placed) == 503_510
    assert (placed >= 0).mean() >= 0.999
    spots, which = np.unique(np.column_stack([easting, northing]), axis=0, return_inverse=True)
    points = gpd.GeoDataFrame(geometry=gpd.points_from_xy(*spots.T), crs=27700)
    joined = gpd.sjoin(points, wards_2018[["geometry"]], how="left", predicate="intersects")
    expected = joined["index_right"].fillna(-1).groupby(level=0).min().to_numpy(dtype=int)
    np.testing.assert_array_equal(placed, expected[which.ravel()])
    distances = edge_distances(build_lookup(wards_2018), easting, northing, placed)
    moving = chance_of_moving(build_lookup(wards_2018), easting, northing, error_metres=20)
    assert np.nanmean(distances <= 20) > np.nanmean(moving) > 0.02  # streets are where wards meet
    assert (moving[distances > 20] == 0).all()
    lost = placed < 0
    assert (nearest_within(wards_2018, easting[lost], northing[lost], metres=100) >= 0).any()


def test_corners_of_every_real_ward_are_placed_as_shapely_places_them(london_wards: gpd.GeoDataFrame) -> None:
    corners = shapely.get_coordinates(london_wards.geometry.values)
    x, y = np.concatenate([corners[::7], (corners[1:] + corners[:-1])[::7] / 2]).T
    points = gpd.GeoDataFrame(geometry=gpd.points_from_xy(x, y), crs=27700)
    joined = gpd.sjoin(points, london_wards[["geometry"]], how="left", predicate="intersects")
    expected = joined["index_right"].fillna(-1).groupby(level=0).min().to_numpy(dtype=int)
    np.testing.assert_array_equal(place(build_lookup(london_wards), x, y), expected)
