"""Points to areas, exactly as shapely would place them and much faster.

Never snaps, never guesses: a point outside every area is nowhere unless the caller asks for the nearest.
"""

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import shapely

from geo.frames import GeoError, GeometryArray, IntArray, distinct_places, paired_coordinates, require_polygons
from geo.raster import EDGE, NOWHERE, Raster, first_intersecting, rasterise


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
    undecided = area == EDGE
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
