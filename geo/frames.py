"""What a valid frame is: its coordinate system, its polygons, and the way between degrees and metres.

Never guesses a coordinate system and never moves a point to make it fit.
"""

from collections.abc import Callable
from functools import cache
from typing import TypeAlias

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import pyproj
import shapely
from shapely.geometry.base import BaseGeometry

NATIONAL_GRID = 27700
LONGITUDE_LATITUDE = 4326
POLYGONAL = (shapely.GeometryType.POLYGON, shapely.GeometryType.MULTIPOLYGON)

BoolArray: TypeAlias = npt.NDArray[np.bool_]
FloatArray: TypeAlias = npt.NDArray[np.float64]
Geometry: TypeAlias = BaseGeometry
GeometryArray: TypeAlias = npt.NDArray[np.object_]
IntArray: TypeAlias = npt.NDArray[np.int64]


class GeoError(ValueError):
    """A frame or value that cannot be analysed; its sentence says what is wrong, what was seen and the cure."""


def require_national_grid(frame: gpd.GeoDataFrame | gpd.GeoSeries) -> None:
    """Refuse a frame whose coordinates are not metres on the British National Grid.

    Parameters
    ----------
    frame : GeoDataFrame or GeoSeries
        Any geometries.

    Raises
    ------
    GeoError
        If the coordinate system is missing or is not EPSG:27700.
    """
    crs = frame.crs
    if crs is None:
        raise GeoError(
            "The geometries carry no coordinate system. "
            "Find out which one they were made in and declare it with set_crs(), then convert with to_crs(27700)."
        )
    if crs.to_epsg() != NATIONAL_GRID:
        raise GeoError(
            f"The geometries are in {crs.name} ({crs.to_string()[:40]}), but distances and areas need metres "
            "on the British National Grid. Convert them with to_crs(27700)."
        )


def geometries_of(frame: gpd.GeoDataFrame | gpd.GeoSeries) -> GeometryArray:
    """Return a frame's geometries as an array of its own.

    Parameters
    ----------
    frame : GeoDataFrame or GeoSeries, n rows
        Any geometries.

    Returns
    -------
    array of geometries, shape (n,)
        In the order of the rows; None where there is none.
    """
    return np.array(frame.geometry.array, dtype=np.object_)


def require_polygons(areas: gpd.GeoDataFrame | gpd.GeoSeries) -> GeometryArray:
    """Return the areas' polygons, after refusing a frame that cannot be analysed as areas.

    Parameters
    ----------
    areas : GeoDataFrame or GeoSeries, n rows
        One polygon or multipolygon a row, EPSG:27700.

    Returns
    -------
    array of geometries, shape (n,)
        In the order of the rows.

    Raises
    ------
    GeoError
        If there is no row, the coordinate system is not EPSG:27700, or a geometry is missing, empty, invalid or
        not a polygon.
    """
    require_national_grid(areas)
    polygons = geometries_of(areas)
    if polygons.size == 0:
        raise GeoError("There are no areas in the frame. Choose a boundary set that has some.")
    usable = (
        np.isin(shapely.get_type_id(polygons), POLYGONAL) & ~shapely.is_empty(polygons) & shapely.is_valid(polygons)
    )
    if not usable.all():
        labels = ", ".join(str(label) for label in areas.index[~usable][:5])
        raise GeoError(
            f"{(~usable).sum()} of {polygons.size} areas have no valid polygon (rows {labels}). "
            "Put them right with boundaries.repair() first."
        )
    return polygons


def paired_coordinates(first: npt.ArrayLike, second: npt.ArrayLike) -> tuple[FloatArray, FloatArray]:
    """Return two coordinate arrays as floats of one shape.

    Parameters
    ----------
    first, second : shape (n,)
        Easting and northing in metres, or longitude and latitude in degrees.

    Returns
    -------
    two arrays, shape (n,)

    Raises
    ------
    GeoError
        If their shapes differ.
    """
    one, other = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    if one.shape != other.shape:
        raise GeoError(
            f"Coordinates must come in pairs, but there are {one.size} of one and {other.size} of the other. "
            "Pass both columns of the same table."
        )
    return one, other


def distinct_places(easting: npt.ArrayLike, northing: npt.ArrayLike) -> tuple[FloatArray, FloatArray, IntArray]:
    """List each different coordinate pair once, and which one each point stands on.

    Street-level incidents are snapped to a fixed list of map points, so that half a million of them stand on some
    forty thousand places; what is done once a place is ten times less work.

    Parameters
    ----------
    easting, northing : shape (n,)
        Finite coordinates, in any unit.

    Returns
    -------
    easting, northing : shape (m,)
        The m different pairs, in order of first appearance.
    place : shape (n,)
        For each point, the position of its pair.
    """
    x, y = paired_coordinates(easting, northing)
    place, pairs = pd.factorize(x + 1j * y)
    return np.ascontiguousarray(pairs.real), np.ascontiguousarray(pairs.imag), place.astype(np.int64)


def to_national_grid(longitude: npt.ArrayLike, latitude: npt.ArrayLike) -> tuple[FloatArray, FloatArray]:
    """Turn longitude and latitude into metres on the British National Grid.

    Good to about 2 m (1.7 m off at Ordnance Survey's test point in Lambeth): pyproj's wheels come without the OSTN15
    grid, so a seven-parameter shift stands in for it. Street-level map points are anonymised by far more than that.

    Parameters
    ----------
    longitude, latitude : shape (n,)
        WGS 84 degrees, EPSG:4326.

    Returns
    -------
    easting, northing : shape (n,)
        Metres, EPSG:27700. NaN where a coordinate is missing or lies where the projection has no answer.

    Raises
    ------
    GeoError
        If the two arrays differ in length.
    """
    return _transform(_transformer(LONGITUDE_LATITUDE, NATIONAL_GRID), longitude, latitude)


def to_longitude_latitude(easting: npt.ArrayLike, northing: npt.ArrayLike) -> tuple[FloatArray, FloatArray]:
    """Turn metres on the British National Grid into longitude and latitude.

    The inverse of `to_national_grid`, with the same accuracy of about 2 m.

    Parameters
    ----------
    easting, northing : shape (n,)
        Metres, EPSG:27700.

    Returns
    -------
    longitude, latitude : shape (n,)
        WGS 84 degrees, EPSG:4326. NaN where a coordinate is missing or has no answer.

    Raises
    ------
    GeoError
        If the two arrays differ in length.
    """
    return _transform(_transformer(NATIONAL_GRID, LONGITUDE_LATITUDE), easting, northing)


@cache
def _transformer(source: int, target: int) -> Callable[[FloatArray, FloatArray], tuple[FloatArray, FloatArray]]:
    transform: Callable[[FloatArray, FloatArray], tuple[FloatArray, FloatArray]] = pyproj.Transformer.from_crs(
        source, target, always_xy=True
    ).transform
    return transform


def _transform(
    transform: Callable[[FloatArray, FloatArray], tuple[FloatArray, FloatArray]],
    first: npt.ArrayLike,
    second: npt.ArrayLike,
) -> tuple[FloatArray, FloatArray]:
    x, y = paired_coordinates(first, second)
    known = np.isfinite(x) & np.isfinite(y)
    out_x, out_y = np.full(x.shape, np.nan), np.full(x.shape, np.nan)
    distinct_x, distinct_y, place = distinct_places(x[known], y[known])
    moved_x, moved_y = transform(distinct_x, distinct_y)
    answered = np.isfinite(moved_x) & np.isfinite(moved_y)
    out_x[known] = np.where(answered, moved_x, np.nan)[place]
    out_y[known] = np.where(answered, moved_y, np.nan)[place]
    return out_x, out_y
