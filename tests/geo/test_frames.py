"""Coordinate systems, polygons and the way between degrees and metres."""

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.frames import (
    GeoError,
    distinct_places,
    require_national_grid,
    require_polygons,
    to_longitude_latitude,
    to_national_grid,
)

SQUARE = shapely.box(530_000, 180_000, 531_000, 181_000)
BOW_TIE = shapely.Polygon([(0, 0), (1, 1), (1, 0), (0, 1)])


def test_metres_on_the_national_grid_are_accepted_and_anything_else_is_named() -> None:
    areas = gpd.GeoDataFrame(geometry=[SQUARE], crs=27700)
    require_national_grid(areas)
    with pytest.raises(GeoError, match=r"WGS 84.*EPSG:4326.*to_crs\(27700\)"):
        require_national_grid(areas.to_crs(4326))
    with pytest.raises(GeoError, match="no coordinate system"):
        require_national_grid(gpd.GeoDataFrame(geometry=[SQUARE]))


def test_areas_must_be_valid_polygons_and_the_bad_rows_are_named() -> None:
    geometries = [SQUARE, BOW_TIE, None, shapely.Point(0, 0), shapely.Polygon()]
    areas = gpd.GeoDataFrame(geometry=geometries, index=list("abcde"), crs=27700)
    assert list(require_polygons(areas.loc[["a"]])) == [SQUARE]
    with pytest.raises(GeoError, match=r"4 of 5 areas have no valid polygon \(rows b, c, d, e\)"):
        require_polygons(areas)
    with pytest.raises(GeoError, match="no areas"):
        require_polygons(areas.iloc[:0])


def test_ordnance_surveys_test_points_come_out_within_the_stated_accuracy() -> None:
    # OSTN15 test points TP09 (Lambeth) and TP08 (Brislington), from Ordnance Survey's developer pack.
    easting, northing = to_national_grid([-0.11992557180, -2.54407618349], [51.48936564950, 51.42754743020])
    distance = np.hypot(easting - [530_624.974, 362_269.991], northing - [178_388.464, 169_978.690])
    assert (distance < 2).all()


@given(st.lists(st.tuples(st.floats(503_000, 562_000), st.floats(155_000, 201_000)), max_size=20))
@settings(deadline=None)
def test_there_and_back_again_is_the_same_place(points: list[tuple[float, float]]) -> None:
    metres = np.array(points).reshape(-1, 2)
    again = to_national_grid(*to_longitude_latitude(metres[:, 0], metres[:, 1]))
    np.testing.assert_allclose(np.column_stack(again), metres, atol=0.001)


def test_unknown_and_impossible_coordinates_stay_unknown() -> None:
    easting, northing = to_national_grid([np.nan, -0.1, 0.0, np.inf, -0.1], [51.5, np.nan, 95.0, 51.5, 51.5])
    assert np.isnan(easting).tolist() == np.isnan(northing).tolist() == [True, True, True, True, False]


def test_coordinates_must_come_in_pairs() -> None:
    with pytest.raises(GeoError, match="2 of one and 1 of the other"):
        to_national_grid([0.0, 0.1], [51.5])


def test_each_different_pair_is_listed_once_in_order() -> None:
    x, y, place = distinct_places([3.0, 1.0, 3.0, 3.0], [4.0, 2.0, 4.0, 5.0])
    assert (x.tolist(), y.tolist(), place.tolist()) == ([3, 1, 3], [4, 2, 5], [0, 1, 0, 2])
