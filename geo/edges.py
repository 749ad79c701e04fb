"""Which polygon holds a point in a square that edges cross, from the few edges in that square alone.

One point of each square is settled beforehand; any other is on the same side of a polygon's edges unless the line
between the two crosses an odd number of them. Says when rounding could matter, and leaves those points to shapely.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from geo.frames import BoolArray, FloatArray, GeometryArray, IntArray
from geo.raster import EDGE, NOWHERE, Raster, segments, spelled_out, squares_met

# Where in a square its settled point lies: not at the middle, where edges drawn on a round lattice would pass.
_AT = np.array([0.487_312_9, 0.523_117_3])
# Nearer than this (metres) to the line of an edge, a point is not sure; rounding amounts to a thousandth of it.
_SURE_METRES = 1e-6
_NONE = np.iinfo(np.int64).max


@dataclass(frozen=True)
class EdgeTable:
    """The edges in each edge square of a raster, with what is settled of the square.

    Edges are listed by square and, within it, by polygon; the edges of one polygon in one square are a bundle.

    Attributes
    ----------
    square : shape (k,)
        Number of each edge square in the raster, `row * n_columns + column`, rising.
    settled : shape (k, 2)
        A point of each square, metres.
    around : shape (k,)
        The first polygon that holds all of the square; `_NONE` where none does.
    bundles, edges : shape (k + 1,), shape (b + 1,)
        Where the bundles of each square begin, and the edges of each bundle.
    polygon, holds_settled : shape (b,)
        Of each bundle, the polygon, and whether it holds the square's settled point.
    start, step : shape (e, 2)
        Of each edge, where it starts and how far it goes, metres.
    """

    square: IntArray
    settled: FloatArray
    around: IntArray
    bundles: IntArray
    edges: IntArray
    polygon: IntArray
    holds_settled: BoolArray
    start: FloatArray
    step: FloatArray


def build_edge_table(polygons: GeometryArray, raster: Raster) -> EdgeTable:
    """List the edges in each edge square.

    Parameters
    ----------
    polygons : array of geometries, shape (n,)
        Valid polygons, in metres.
    raster : Raster
        The same polygons, drawn.

    Returns
    -------
    EdgeTable
    """
    n_columns = raster.polygon.shape[1]
    side, origin = raster.cell_metres, np.array([raster.origin_easting, raster.origin_northing])
    square = np.flatnonzero(raster.polygon.ravel() == EDGE)
    row, column = np.divmod(square, n_columns)
    settled = origin + (np.column_stack([column, row]) + _AT) * side

    start, stop, owner = segments(polygons)
    edge, row, column = squares_met(start, stop, south_west=origin, cell_metres=side)
    position = np.searchsorted(square, row * n_columns + column)
    order = np.lexsort((edge, owner[edge], position))
    edge, position = edge[order], position[order]
    key = position * polygons.size + owner[edge]
    first_edge = np.flatnonzero(np.diff(key, prepend=-1))
    bundle_key = key[first_edge]
    bundle_square, bundle_polygon = np.divmod(bundle_key, polygons.size)

    at, holder = _holders(start, stop, owner, raster, square)
    bundle = np.searchsorted(bundle_key, at * polygons.size + holder)
    has_edges = np.append(bundle_key, -1)[bundle] == at * polygons.size + holder
    holds_settled = np.zeros(bundle_key.size, dtype=bool)
    holds_settled[bundle[has_edges]] = True
    around = np.full(square.size, _NONE)
    np.minimum.at(around, at[~has_edges], holder[~has_edges])
    return EdgeTable(
        square=square,
        settled=settled,
        around=around,
        bundles=np.searchsorted(bundle_square, np.arange(square.size + 1)),
        edges=np.append(first_edge, edge.size),
        polygon=bundle_polygon,
        holds_settled=holds_settled,
        start=start[edge],
        step=(stop - start)[edge],
    )


def first_holding(
    table: EdgeTable, square: npt.ArrayLike, easting: FloatArray, northing: FloatArray
) -> tuple[IntArray, BoolArray]:
    """Return the first polygon that holds each point, and whether that is sure.

    Parameters
    ----------
    table : EdgeTable
        From `build_edge_table`.
    square : shape (m,)
        Number of the edge square that each point lies in.
    easting, northing : shape (m,)
        Metres.

    Returns
    -------
    polygon : shape (m,)
        Position of the polygon, `NOWHERE` if none.
    is_sure : shape (m,)
        False where a point, or the settled point of its square, is so near the line of an edge, or to the line
        between the two so near an end of one, that rounding might decide.
    """
    here = np.searchsorted(table.square, square)
    point, bundle = spelled_out(table.bundles[here], table.bundles[here + 1] - 1)
    pair, edge = spelled_out(table.edges[bundle], table.edges[bundle + 1] - 1)
    # Everything from the settled point: small numbers, so that next to nothing is lost in the products.
    settled = table.settled[here]
    reach = np.column_stack([easting, northing]) - settled
    whose = point[pair]
    start, step, reach_of = table.start[edge] - settled[whose], table.step[edge], reach[whose]
    side_of_settled = _cross(step, -start)
    side_of_point = _cross(step, reach_of - start)
    side_of_start = _cross(reach_of, start)
    side_of_stop = _cross(reach_of, start + step)
    edge_unsure = _SURE_METRES * np.hypot(*step.T)
    line_unsure = _SURE_METRES * np.hypot(*reach_of.T)
    unsure = (np.minimum(np.abs(side_of_settled), np.abs(side_of_point)) <= edge_unsure) | (
        np.minimum(np.abs(side_of_start), np.abs(side_of_stop)) <= line_unsure
    )
    crosses = ((side_of_settled > 0) != (side_of_point > 0)) & ((side_of_start > 0) != (side_of_stop > 0))
    crossings = np.bincount(pair, crosses, minlength=point.size).astype(np.int64)
    holds = table.holds_settled[bundle] ^ (crossings % 2 == 1)
    found = table.around[here]
    np.minimum.at(found, point[holds], table.polygon[bundle[holds]])
    found[found == _NONE] = NOWHERE
    return found, np.bincount(whose, unsure, minlength=here.size) == 0


def _holders(
    start: FloatArray, stop: FloatArray, owner: IntArray, raster: Raster, square: IntArray
) -> tuple[IntArray, IntArray]:
    """Pair edge squares, by position, with the polygons that hold their settled points.

    The settled points of a row of squares lie on one level line; along it, a polygon is left at every second edge.
    """
    side, n_columns = raster.cell_metres, raster.polygon.shape[1]
    west, south = np.array([raster.origin_easting, raster.origin_northing]) + _AT * side
    low, high = np.minimum(start[:, 1], stop[:, 1]), np.maximum(start[:, 1], stop[:, 1])
    # An edge has its lower end and lacks its upper one, so that a line through a corner meets just one of two edges.
    edge, row = spelled_out(np.ceil((low - south) / side), np.ceil((high - south) / side) - 1)
    along = (south + row * side - start[edge, 1]) / (stop - start)[edge, 1]
    meets = start[edge, 0] + along * (stop - start)[edge, 0]
    order = np.lexsort((meets, row, owner[edge]))
    polygon, row, meets = owner[edge][order][::2], row[order][::2], meets[order]
    first, last = np.ceil((meets[::2] - west) / side), np.ceil((meets[1::2] - west) / side) - 1
    stretch, position = spelled_out(
        np.searchsorted(square, row * n_columns + first), np.searchsorted(square, row * n_columns + last, "right") - 1
    )
    return position, polygon[stretch]


def _cross(one: FloatArray, other: FloatArray) -> FloatArray:
    product: FloatArray = one[:, 0] * other[:, 1] - one[:, 1] * other[:, 0]
    return product
