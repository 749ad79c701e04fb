"""A lattice of squares laid over polygons: which squares an edge crosses, and which polygon holds the others.

The shared ground of `locate` and `grid`; it answers only where the answer is certain.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import shapely
from scipy import ndimage

from geo.frames import FloatArray, GeoError, GeometryArray, IntArray

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
    south_west = np.array([west, south]) * cell_metres
    edge = np.zeros((n_rows, n_columns), dtype=bool)
    start, stop, _ = segments(polygons)
    _, row, column = squares_met(start, stop, south_west=south_west, cell_metres=cell_metres)
    edge[row, column] = True
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


def segments(polygons: GeometryArray) -> tuple[FloatArray, FloatArray, IntArray]:
    """List the straight edges of polygons, holes included.

    Parameters
    ----------
    polygons : array of geometries, shape (n,)
        Any polygons.

    Returns
    -------
    start, stop : shape (m, 2)
        Two different ends of each edge, in the polygons' unit.
    polygon : shape (m,)
        Position of the polygon that it bounds.
    """
    parts, polygon_of_part = shapely.get_parts(polygons, return_index=True)
    rings, part_of_ring = shapely.get_rings(parts, return_index=True)
    coordinates, ring = shapely.get_coordinates(rings, return_index=True)
    is_edge = (ring[1:] == ring[:-1]) & (coordinates[1:] != coordinates[:-1]).any(axis=1)
    return coordinates[:-1][is_edge], coordinates[1:][is_edge], polygon_of_part[part_of_ring[ring[:-1][is_edge]]]


def squares_met(
    start: FloatArray, stop: FloatArray, *, south_west: FloatArray, cell_metres: float
) -> tuple[IntArray, IntArray, IntArray]:
    """Find the squares of a lattice that each edge passes through or touches.

    Parameters
    ----------
    start, stop : shape (m, 2)
        The ends of each edge, metres.
    south_west : shape (2,)
        Corner of the lattice, metres.
    cell_metres : float
        Side of a square.

    Returns
    -------
    edge, row, column : shape (p,)
        One line for each edge and square that meet.
    """
    start, stop = (start - south_west) / cell_metres, (stop - south_west) / cell_metres
    low, high = np.minimum(start[:, 1], stop[:, 1]), np.maximum(start[:, 1], stop[:, 1])
    edge, row = spelled_out(np.floor(low - _MARGIN), np.floor(high + _MARGIN))
    start, step = start[edge], (stop - start)[edge]
    # The part of each edge that lies in its row of squares, as shares of its length.
    with np.errstate(divide="ignore", invalid="ignore"):
        enters = (row - _MARGIN - start[:, 1]) / step[:, 1]
        leaves = (row + 1 + _MARGIN - start[:, 1]) / step[:, 1]
    level = step[:, 1] == 0
    enters = start[:, 0] + step[:, 0] * np.where(level, 0.0, np.clip(enters, 0, 1))
    leaves = start[:, 0] + step[:, 0] * np.where(level, 1.0, np.clip(leaves, 0, 1))
    left, right = np.minimum(enters, leaves), np.maximum(enters, leaves)
    run, column = spelled_out(np.floor(left - _MARGIN), np.floor(right + _MARGIN))
    return edge[run], row[run], column


def spelled_out(first: npt.ArrayLike, last: npt.ArrayLike) -> tuple[IntArray, IntArray]:
    """Spell out ranges of whole numbers.

    Parameters
    ----------
    first, last : shape (n,)
        The ends of each range, both in it; it is empty where the last is one less than the first.

    Returns
    -------
    range, number : shape (m,)
        Position of the range that each number belongs to, and the numbers.
    """
    begins = np.asarray(first, dtype=np.int64)
    lengths = np.asarray(last, dtype=np.int64) - begins + 1
    owner = np.repeat(np.arange(lengths.size), lengths)
    return owner, np.arange(owner.size) + (begins - np.cumsum(lengths) + lengths)[owner]
