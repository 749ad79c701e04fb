"""Points to areas, exactly as shapely would place them and much faster; and how sure each place is.

Never snaps, never guesses: a point outside every area is nowhere unless the caller asks for the nearest.
"""

from dataclasses import dataclass
from functools import cached_property

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import shapely

from geo.edges import EdgeTable, build_edge_table, first_holding
from geo.frames import (
    FloatArray,
    GeoError,
    GeometryArray,
    IntArray,
    distinct_places,
    paired_coordinates,
    require_polygons,
)
from geo.raster import EDGE, NOWHERE, Raster, first_intersecting, rasterise

DIRECTIONS = 64
EDGE_TABLE_PAYS_FROM = 20_000
"""With more points than this in edge squares, the edges are tabled, once, and shapely is asked about next to none."""


@dataclass(frozen=True)
class Lookup:
    """What `place` needs to know of a set of areas; build it once for each boundary set.

    Attributes
    ----------
    raster : Raster
        The areas drawn on a lattice, which settles most points at once.
    polygons : array of geometries, shape (n,)
        The areas themselves, for the points in squares that an edge crosses.
    """

    raster: Raster
    polygons: GeometryArray

    @cached_property
    def edges(self) -> EdgeTable:
        """The edges in each square that any crosses; made when first needed, as few points need none."""
        return build_edge_table(self.polygons, self.raster)


def build_lookup(areas: gpd.GeoDataFrame, *, cell_metres: float = 25.0) -> Lookup:
    """Prepare areas for placing points.

    Parameters
    ----------
    areas : GeoDataFrame, n rows
        Valid polygons, EPSG:27700. They may have holes, several parts, gaps and overlaps.
    cell_metres : float
        Side of a lattice square. It changes speed and memory (4 bytes a square), never an answer.

    Returns
    -------
    Lookup

    Raises
    ------
    GeoError
        If the areas are not valid polygons in EPSG:27700, or the lattice would be too large.
    """
    if not (np.isfinite(cell_metres) and cell_metres > 0):
        raise GeoError(f"A lattice square cannot measure {cell_metres} m. Give a size above zero, such as 25.")
    polygons = require_polygons(areas)
    return Lookup(rasterise(polygons, cell_metres=float(cell_metres)), polygons)


def place(lookup: Lookup, easting: npt.ArrayLike, northing: npt.ArrayLike) -> IntArray:
    """Find the area that each point lies in.

    Equal to shapely's `intersects` for every point. A point on the edge that two areas share (or where areas
    overlap) goes to the one that comes first in the frame.

    Parameters
    ----------
    lookup : Lookup
        From `build_lookup`.
    easting, northing : shape (m,)
        Metres, EPSG:27700; NaN where not known.

    Returns
    -------
    shape (m,)
        Row position of the area; -1 where there is none or the coordinate is not known.

    Raises
    ------
    GeoError
        If the two arrays differ in length.
    """
    x, y = paired_coordinates(easting, northing)
    raster = lookup.raster
    n_rows, n_columns = raster.polygon.shape
    column = np.floor((x - raster.origin_easting) / raster.cell_metres)
    row = np.floor((y - raster.origin_northing) / raster.cell_metres)
    inside = (column >= 0) & (column < n_columns) & (row >= 0) & (row < n_rows)
    area = np.full(x.shape, NOWHERE, dtype=np.int64)
    area[inside] = raster.polygon[row[inside].astype(np.intp), column[inside].astype(np.intp)]
    undecided = np.flatnonzero(area == EDGE)
    if undecided.size > EDGE_TABLE_PAYS_FROM:
        square = (row[undecided] * n_columns + column[undecided]).astype(np.int64)
        area[undecided], is_sure = first_holding(lookup.edges, square, x[undecided], y[undecided])
        undecided = undecided[~is_sure]
    distinct_x, distinct_y, spot = distinct_places(x[undecided], y[undecided])
    area[undecided] = first_intersecting(lookup.polygons, distinct_x, distinct_y)[spot]
    return area


def nearest_within(
    areas: gpd.GeoDataFrame, easting: npt.ArrayLike, northing: npt.ArrayLike, *, metres: float
) -> IntArray:
    """Find the nearest area to each point, no further away than a given distance.

    For points that fall just outside every outline: on the river, or beyond a generalised boundary.

    Parameters
    ----------
    areas : GeoDataFrame, n rows
        Valid polygons, EPSG:27700.
    easting, northing : shape (m,)
        Metres, EPSG:27700; NaN where not known.
    metres : float
        The furthest that an area may be, inclusive.

    Returns
    -------
    shape (m,)
        Row position of the area, the first in the frame where several are equally near; -1 where none is near
        enough or the coordinate is not known.

    Raises
    ------
    GeoError
        If the areas are not valid polygons in EPSG:27700, the distance is not above zero, or the two arrays differ
        in length.
    """
    if not (np.isfinite(metres) and metres > 0):
        raise GeoError(f"Areas cannot be sought within {metres} m. Give a distance above zero.")
    polygons = require_polygons(areas)
    x, y = paired_coordinates(easting, northing)
    area = np.full(x.shape, NOWHERE, dtype=np.int64)
    known = np.isfinite(x) & np.isfinite(y)
    distinct_x, distinct_y, spot = distinct_places(x[known], y[known])
    point, near = shapely.STRtree(polygons).query_nearest(shapely.points(distinct_x, distinct_y), max_distance=metres)
    found = np.full(distinct_x.size, polygons.size, dtype=np.int64)
    np.minimum.at(found, point, near)
    found[found == polygons.size] = NOWHERE
    area[known] = found[spot]
    return area


def edge_distances(lookup: Lookup, easting: npt.ArrayLike, northing: npt.ArrayLike, area: npt.ArrayLike) -> FloatArray:
    """Measure how far each point lies from the edge of the area that it was placed in.

    Street-level points stand on streets, and streets are where wards meet: a point on the edge is in its area by a
    rule, not by where it happened.

    Parameters
    ----------
    lookup : Lookup
        From `build_lookup`.
    easting, northing : shape (m,)
        Metres, EPSG:27700; NaN where not known.
    area : shape (m,)
        Row position of each point's area, from `place` or `nearest_within`; -1 where there is none.

    Returns
    -------
    shape (m,)
        Metres to the nearest edge of the area, a hole's included; NaN where there is no area or the coordinate is not
        known.

    Raises
    ------
    GeoError
        If the arrays differ in length, or an area is not one of the lookup's.
    """
    x, y = paired_coordinates(easting, northing)
    row = np.asarray(area, dtype=np.int64)
    n = lookup.polygons.size
    if row.shape != x.shape or ((row < NOWHERE) | (row >= n)).any():
        raise GeoError(
            f"There are {row.size} places for {x.size} points, or one is not among the {n} areas. "
            "Place the points with place() and the same lookup."
        )
    known = np.isfinite(x) & np.isfinite(y) & (row != NOWHERE)
    distinct_x, distinct_y, spot = distinct_places(x[known], y[known])
    pair, which = np.unique(spot * n + row[known], return_inverse=True)
    spot, held_by = np.divmod(pair, n)
    edges = shapely.boundary(lookup.polygons)
    distance = np.full(x.shape, np.nan)
    distance[known] = shapely.distance(edges[held_by], shapely.points(distinct_x[spot], distinct_y[spot]))[which]
    return distance


def chance_of_moving(
    lookup: Lookup, easting: npt.ArrayLike, northing: npt.ArrayLike, *, error_metres: float
) -> FloatArray:
    """Return how likely each point would be placed elsewhere, had it been recorded a little way off.

    The point is put that far away in each of `DIRECTIONS` directions, evenly spread, and placed again. The mean over
    the points is the share of them that would move.

    Parameters
    ----------
    lookup : Lookup
        From `build_lookup`.
    easting, northing : shape (m,)
        Metres, EPSG:27700; NaN where not known.
    error_metres : float
        How far off the points are: 20 is usual for street-level points.

    Returns
    -------
    shape (m,)
        Share of the directions in which the point comes to lie in another area or in none, from 0 to 1; NaN where it
        is in none to begin with or its coordinate is not known.

    Raises
    ------
    GeoError
        If the error is not above zero, or the two arrays differ in length.
    """
    if not (np.isfinite(error_metres) and error_metres > 0):
        raise GeoError(f"Points cannot be off by {error_metres} m. Give a distance above zero, such as 20.")
    x, y = paired_coordinates(easting, northing)
    chance = np.full(x.shape, np.nan)
    known = np.isfinite(x) & np.isfinite(y)
    distinct_x, distinct_y, spot = distinct_places(x[known], y[known])
    area = place(lookup, distinct_x, distinct_y)
    # Only where an edge is in reach can a point move.
    edges = shapely.STRtree(shapely.boundary(lookup.polygons))
    near_edge, _ = edges.query(shapely.points(distinct_x, distinct_y), predicate="dwithin", distance=error_metres)
    at_risk = np.unique(near_edge[area[near_edge] != NOWHERE])
    angle = (np.arange(DIRECTIONS) + 0.5) * (2 * np.pi / DIRECTIONS)
    around_x = distinct_x[at_risk, np.newaxis] + error_metres * np.cos(angle)
    around_y = distinct_y[at_risk, np.newaxis] + error_metres * np.sin(angle)
    moved = place(lookup, around_x.ravel(), around_y.ravel()).reshape(around_x.shape) != area[at_risk, np.newaxis]
    likely = np.where(area == NOWHERE, np.nan, 0.0)
    likely[at_risk] = moved.mean(axis=1)
    chance[known] = likely[spot]
    return chance
