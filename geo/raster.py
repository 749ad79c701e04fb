"""A lattice of squares laid over polygons: which squares an edge crosses, and which polygon holds the others.

The shared ground of `locate` and `grid`; it answers only where the answer is certain.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import shapely
from scipy import ndimage

from geo.frames import BoolArray, FloatArray, GeoError, GeometryArray, IntArray

NOWHERE = -1
EDGE = -2
MOST_CELLS = 20_000_000

# A square is called an edge square if an edge comes this near (in squares), far more than rounding can amount to.
_MARGIN = 1e-6


@dataclass(frozen=True)
class Raster:
    """Polygons drawn on a lattice aligned to multiples of its cell size.

    Attributes
    ----------
    origin_easting, origin_northing : float
        South-west corner, metres.
    cell_metres : float
        Side of a square.
    polygon : shape (n_rows, n_columns)
        For each square, south to north and west to east, the row position of the first polygon that holds all of
        it; `NOWHERE` if none does; `EDGE` if an edge passes through it or touches it.
    """

    origin_easting: float
    origin_northing: float
    cell_metres: float
    polygon: npt.NDArray[np.int32]


def rasterise(polygons: GeometryArray, *, cell_metres: float) -> Raster:
    """Draw polygons on a lattice of squares.

    The edges are marked first. No edge divides what lies between them, so each connected region of the other
    squares has one answer, which shapely gives for a single point of it: holes, islands, several parts and
    overlaps all come out right.

    Parameters
    ----------
    polygons : array of geometries, shape (n,)
        Valid polygons, in metres.
    cell_metres : float
        Side of a square.

    Returns
    -------
    Raster
        With at least one empty square around the polygons.

    Raises
    ------
    GeoError
        If the lattice would need more than `MOST_CELLS` squares.
    """
    bounds = shapely.total_bounds(polygons)
    west, south = np.floor(bounds[:2] / cell_metres) - 1
    n_columns, n_rows = (np.floor(bounds[2:] / cell_metres) + 2 - (west, south)).astype(int).tolist()
    if n_rows * n_columns > MOST_CELLS:
        raise GeoError(
            f"The areas span {n_rows * n_columns:,} squares of {cell_metres:g} m, more than {MOST_CELLS:,}. "
            "Choose larger squares or fewer areas."
        )
    edge = _edge_squares(polygons, west, south, cell_metres, (n_rows, n_columns))
    region = np.empty(edge.shape, dtype=np.int32)
    n_regions = ndimage.label(~edge, output=region)
    sample = np.zeros(n_regions + 1, dtype=np.int32)
    sample[region.ravel()[::-1]] = np.arange(region.size - 1, -1, -1, dtype=np.int32)
    row, column = np.divmod(sample[1:], n_columns)
    holder = np.full(n_regions + 1, EDGE, dtype=np.int32)
    holder[1:] = first_intersecting(polygons, (west + column + 0.5) * cell_metres, (south + row + 0.5) * cell_metres)
    return Raster(float(west * cell_metres), float(south * cell_metres), cell_metres, holder[region])


def first_intersecting(polygons: GeometryArray, easting: FloatArray, northing: FloatArray) -> IntArray:
    """Return the first polygon that holds or touches each point, by shapely's own test.

    Parameters
    ----------
    polygons : array of geometries, shape (n,)
        Valid polygons.
    easting, northing : shape (m,)
        Finite coordinates in the polygons' unit.

    Returns
    -------
    shape (m,)
        Position of the polygon, `NOWHERE` if none.
    """
    found = np.full(easting.size, polygons.size, dtype=np.int64)
    point, near = shapely.STRtree(polygons).query(shapely.points(easting, northing))
    candidates, candidate = np.unique(near, return_inverse=True)
    hit = shapely.intersects_xy(prepared_copy(polygons[candidates])[candidate], easting[point], northing[point])
    np.minimum.at(found, point[hit], near[hit])
    found[found == polygons.size] = NOWHERE
    return found


def prepared_copy(polygons: GeometryArray) -> GeometryArray:
    """Return the same polygons with a search index of their own, which makes testing many points or squares fast.

    A copy, since shapely keeps the index inside the geometry and two threads that use it at once corrupt memory.

    Parameters
    ----------
    polygons : array of geometries, shape (n,)
        Any polygons.

    Returns
    -------
    array of geometries, shape (n,)
        Prepared; for use by the calling function alone.
    """
    copies: GeometryArray = shapely.from_wkb(shapely.to_wkb(polygons))
    shapely.prepare(copies)
    return copies


def _edge_squares(
    polygons: GeometryArray, west: float, south: float, cell_metres: float, shape: tuple[int, int]
) -> BoolArray:
    start, stop = _segments(polygons)
    origin = np.array([west, south])
    start, stop = start / cell_metres - origin, stop / cell_metres - origin
    low, high = np.minimum(start[:, 1], stop[:, 1]), np.maximum(start[:, 1], stop[:, 1])
    segment, row = _ranges(np.floor(low - _MARGIN), np.floor(high + _MARGIN))
    start, step = start[segment], (stop - start)[segment]
    # The part of each segment that lies in its row of squares, as shares of its length.
    with np.errstate(divide="ignore", invalid="ignore"):
        enters = (row - _MARGIN - start[:, 1]) / step[:, 1]
        leaves = (row + 1 + _MARGIN - start[:, 1]) / step[:, 1]
    level = step[:, 1] == 0
    enters = start[:, 0] + step[:, 0] * np.where(level, 0.0, np.clip(enters, 0, 1))
    leaves = start[:, 0] + step[:, 0] * np.where(level, 1.0, np.clip(leaves, 0, 1))
    left, right = np.minimum(enters, leaves), np.maximum(enters, leaves)
    run, column = _ranges(np.floor(left - _MARGIN), np.floor(right + _MARGIN))
    edge = np.zeros(shape, dtype=bool)
    edge[row[run], column] = True
    return edge


def _segments(polygons: GeometryArray) -> tuple[FloatArray, FloatArray]:
    rings = shapely.get_rings(shapely.get_parts(polygons))
    coordinates, ring = shapely.get_coordinates(rings, return_index=True)
    same_ring = ring[1:] == ring[:-1]
    return coordinates[:-1][same_ring], coordinates[1:][same_ring]


def _ranges(first: FloatArray, last: FloatArray) -> tuple[IntArray, IntArray]:
    """Spell out whole-number ranges: which range each number belongs to, and the numbers."""
    lengths = (last - first).astype(np.int64) + 1
    owner = np.repeat(np.arange(lengths.size), lengths)
    within = np.arange(owner.size) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    return owner, first.astype(np.int64)[owner] + within
