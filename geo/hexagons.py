"""Equal hexagons over an area: which ones there are, what they are called, what falls in them, who neighbours whom.

For maps where squares would draw streets and rows that are not there; as with squares, the mask holds the study area.
"""

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import shapely
from scipy import sparse

from geo.frames import (
    NATIONAL_GRID,
    BoolArray,
    FloatArray,
    GeoError,
    Geometry,
    GeometryArray,
    IntArray,
    paired_coordinates,
)
from geo.grid import require_drawable, tally
from geo.raster import EDGE, NOWHERE, Raster, prepared_copy, rasterise

ROOT_3 = float(np.sqrt(3))

# Points this near to an edge (in metres) are on it, as far as rounding can tell.
_ON_EDGE = 1e-6
# The corners from the south point on, anticlockwise: in half widths east and quarter heights north of the centre.
_CORNERS_EAST = np.array([0, 1, 1, 0, -1, -1])
_CORNERS_NORTH = np.array([-2, -1, 1, 2, 1, -1])


@dataclass(frozen=True)
class HexagonGrid:
    """Equal hexagons, standing on a point, in rows that begin at the origin of the National Grid.

    The hexagon of row 0 and column 0 has its centre at the origin; every odd row lies half a width further east. A
    hexagon is numbered `row * n_columns + column`, counted from the first row and column of the grid.

    Attributes
    ----------
    first_row, first_column : int
        On the whole National Grid, of the south-west corner of the mask.
    width_metres : int
        From a side to the one opposite, which is also how far the centres of neighbours are apart.
    n_rows, n_columns : int
        Size; rows run south to north, columns west to east.
    mask : shape (n_rows, n_columns)
        True where the hexagon shares ground with the outline.
    """

    first_row: int
    first_column: int
    width_metres: int
    n_rows: int
    n_columns: int
    mask: BoolArray

    @property
    def cell_square_metres(self) -> float:
        """The area of a hexagon."""
        return ROOT_3 / 2 * self.width_metres**2


def hexagon_grid(outline: Geometry, *, width_metres: float) -> HexagonGrid:
    """Lay equal hexagons over an outline.

    Parameters
    ----------
    outline : polygon or multipolygon
        The study area in metres, EPSG:27700 (see `boundaries.outline`).
    width_metres : float
        Width of a hexagon, a whole number of metres. One of 107 m has about the area of a square of 100 m.

    Returns
    -------
    HexagonGrid
        Cut to the hexagons that share ground with the outline.

    Raises
    ------
    GeoError
        If the width is not a whole number above zero, the outline is not a valid polygon, or more than
        `grid.MOST_CELLS` hexagons would be needed.
    """
    width = require_drawable(outline, cell_metres=width_metres, shape="hexagon")
    west, south, east, north = outline.bounds
    across, up = width / 2, width / (2 * ROOT_3)
    rows = np.arange(np.floor(south / (3 * up)) - 1, np.ceil(north / (3 * up)) + 2, dtype=np.int64)
    columns = np.arange(np.floor(west / width) - 1, np.ceil(east / width) + 2, dtype=np.int64)
    row, column = (each.ravel() for each in np.meshgrid(rows, columns, indexing="ij"))
    outlines = np.array([outline], dtype=object)
    held = _held_by_squares(
        rasterise(outlines, cell_metres=width), (2 * column + row % 2) * across, 3 * row * up, width
    )
    unsure = np.flatnonzero(held == EDGE)
    hexagons, indexed = _hexagons(row[unsure], column[unsure], width), prepared_copy(outlines)
    inside = held >= 0
    inside[unsure] = shapely.intersects(indexed, hexagons) & ~shapely.touches(indexed, hexagons)
    mask = inside.reshape(rows.size, columns.size)
    used_rows, used_columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    cut = mask[used_rows[0] : used_rows[-1] + 1, used_columns[0] : used_columns[-1] + 1]
    return HexagonGrid(
        first_row=int(rows[used_rows[0]]),
        first_column=int(columns[used_columns[0]]),
        width_metres=width,
        n_rows=cut.shape[0],
        n_columns=cut.shape[1],
        mask=cut.copy(),
    )


def hexagon_numbers(grid: HexagonGrid, easting: npt.ArrayLike, northing: npt.ArrayLike) -> IntArray:
    """Find the hexagon that each point falls in.

    The one whose centre is nearest; on an edge, the one further south, then further west. Where that one is not in
    the grid but one across the edge is, the point goes there, so that no point of the outline is lost.

    Parameters
    ----------
    grid : HexagonGrid
        From `hexagon_grid`.
    easting, northing : shape (m,)
        Metres, EPSG:27700; NaN where not known.

    Returns
    -------
    shape (m,)
        Number of the hexagon; -1 outside the mask or where the coordinate is not known.

    Raises
    ------
    GeoError
        If the two arrays differ in length.
    """
    x, y = paired_coordinates(easting, northing)
    number = np.full(x.shape, NOWHERE, dtype=np.int64)
    reach = grid.width_metres * 4 * max(grid.n_rows, grid.n_columns)
    west, south = grid.first_column * grid.width_metres, grid.first_row * grid.width_metres * ROOT_3 / 2
    # Points far from the grid, or nowhere, have no row that a whole number could hold.
    near = np.flatnonzero((np.abs(x - west) < reach) & (np.abs(y - south) < reach))
    found = _numbers_in_mask(grid, *_nearest(grid, x[near], y[near]))
    lost = near[found == NOWHERE]
    found[found == NOWHERE] = _across_an_edge(grid, x[lost], y[lost])
    number[near] = found
    return number


def hexagon_counts(
    grid: HexagonGrid, easting: npt.ArrayLike, northing: npt.ArrayLike, weights: npt.ArrayLike | None = None
) -> FloatArray:
    """Count the points, or add up their weights, in each hexagon.

    Parameters
    ----------
    grid : HexagonGrid
        From `hexagon_grid`.
    easting, northing : shape (m,)
        Metres, EPSG:27700. Points outside the mask or without coordinates are not counted.
    weights : shape (m,), optional
        What each point adds; 1 if not given.

    Returns
    -------
    shape (n_rows, n_columns)
        Zero outside the mask.

    Raises
    ------
    GeoError
        If the arrays differ in length.
    """
    return tally(hexagon_numbers(grid, easting, northing), grid.mask.size, weights).reshape(grid.mask.shape)


def hexagon_polygons(grid: HexagonGrid, numbers: npt.ArrayLike) -> gpd.GeoSeries:
    """Draw hexagons as polygons, whose neighbours share their corners to the last digit.

    Parameters
    ----------
    grid : HexagonGrid
        From `hexagon_grid`.
    numbers : shape (m,)
        Numbers of hexagons.

    Returns
    -------
    GeoSeries, m rows
        EPSG:27700, indexed by number.

    Raises
    ------
    GeoError
        If a number is not in the grid.
    """
    row, column = _rows_and_columns(grid, numbers)
    hexagons = _hexagons(row, column, grid.width_metres)
    return gpd.GeoSeries(hexagons, index=np.asarray(numbers, dtype=np.int64), crs=NATIONAL_GRID)


def hexagon_names(grid: HexagonGrid, numbers: npt.ArrayLike) -> npt.NDArray[np.str_]:
    """Name hexagons by their width, row and column on the whole National Grid: `hex100m-R2081-C5302`.

    The same hexagon has the same name in every grid of that width, whatever area it was laid over.

    Parameters
    ----------
    grid : HexagonGrid
        From `hexagon_grid`.
    numbers : shape (m,)
        Numbers of hexagons.

    Returns
    -------
    array of str, shape (m,)

    Raises
    ------
    GeoError
        If a number is not in the grid.
    """
    places = zip(*_rows_and_columns(grid, numbers), strict=True)
    return np.array([f"hex{grid.width_metres}m-R{row}-C{column}" for row, column in places], dtype=np.str_)


def hexagon_neighbours(grid: HexagonGrid, *, include_self: bool = True) -> sparse.csr_array:
    """Mark the hexagons of the mask that share an edge: six around each, fewer at the border.

    Parameters
    ----------
    grid : HexagonGrid
        From `hexagon_grid`.
    include_self : bool
        Whether a hexagon is its own neighbour, as Gi* needs.

    Returns
    -------
    csr_array of float, shape (n, n)
        1 where two hexagons are neighbours, otherwise 0. Symmetric, in the order of the n cells of the mask, row by
        row.
    """
    position = np.full((grid.n_rows + 2, grid.n_columns + 2), NOWHERE, dtype=np.int64)
    inner = position[1:-1, 1:-1]
    inner[grid.mask] = np.arange(grid.mask.sum())
    row, column = np.nonzero(grid.mask)
    is_odd = (row + grid.first_row) % 2
    # Each edge is met from both sides, and looked at from its west or south.
    towards = [(row, column + 1), (row + 1, column - 1 + is_odd), (row + 1, column + is_odd)]
    others = np.concatenate([position[1 + up, 1 + across] for up, across in towards])
    ones = np.tile(inner[row, column], len(towards))[others != NOWHERE]
    others = others[others != NOWHERE]
    own = np.arange(row.size) if include_self else np.array([], dtype=np.int64)
    first, second = np.concatenate([ones, others, own]), np.concatenate([others, ones, own])
    neighbours = sparse.csr_array((np.ones(first.size), (first, second)), shape=(row.size, row.size))
    neighbours.sort_indices()
    return neighbours


def _hexagons(row: IntArray, column: IntArray, width: int) -> GeometryArray:
    # Whole numbers times one length: a corner that hexagons share is the same number in each.
    east = ((2 * column + row % 2)[:, np.newaxis] + _CORNERS_EAST) * (width / 2)
    north = ((3 * row)[:, np.newaxis] + _CORNERS_NORTH) * (width / (2 * ROOT_3))
    return np.asarray(shapely.polygons(np.stack([east, north], axis=-1)), dtype=np.object_)


def _held_by_squares(raster: Raster, east: FloatArray, north: FloatArray, width: int) -> IntArray:
    """Say what holds each hexagon around a centre: `EDGE` if an edge crosses a square that the hexagon may reach."""
    n_rows, n_columns = raster.polygon.shape
    padded = np.pad(raster.polygon, 1, constant_values=NOWHERE)
    held = np.full(east.shape, NOWHERE, dtype=np.int64)
    for up in (-1, 0, 1):
        for across in (-1, 0, 1):
            row = np.floor((north + up * width / ROOT_3 - raster.origin_northing) / raster.cell_metres)
            column = np.floor((east + across * width / 2 - raster.origin_easting) / raster.cell_metres)
            square = padded[
                np.clip(row + 1, 0, n_rows + 1).astype(np.int64), np.clip(column + 1, 0, n_columns + 1).astype(np.int64)
            ]
            held = np.where((held == EDGE) | (square == EDGE), EDGE, square)
    return held


def _nearest(grid: HexagonGrid, x: FloatArray, y: FloatArray) -> tuple[IntArray, IntArray]:
    """Return row and column of the nearest hexagon; of equally near ones, of the one further south, then west."""
    width, step = grid.width_metres, grid.width_metres * ROOT_3 / 2
    south = np.floor(y / step).astype(np.int64)
    nearest = []
    for row in (south, south + 1):
        shift = (row & 1) / 2
        column = np.ceil((x - _ON_EDGE) / width - shift - 0.5)
        nearest.append((column, (x - (column + shift) * width) ** 2 + (y - row * step) ** 2))
    (column, to_south), (other_column, to_north) = nearest
    is_north = to_north < to_south - _ON_EDGE * width
    return south + is_north, np.where(is_north, other_column, column).astype(np.int64)


def _across_an_edge(grid: HexagonGrid, x: FloatArray, y: FloatArray) -> IntArray:
    """Return the hexagon of the mask, if there is one, that a point is as near to as to the nearest of all."""
    width, step = grid.width_metres, grid.width_metres * ROOT_3 / 2
    south = np.floor(y / step).astype(np.int64)
    rows = np.stack([south, south, south + 1, south + 1])
    columns = np.floor(x / width - (rows & 1) / 2).astype(np.int64) + np.array([[0], [1], [0], [1]])
    distances = np.hypot(x - (columns + (rows & 1) / 2) * width, y - rows * step)
    numbers = _numbers_in_mask(grid, rows, columns)
    on_edge = (numbers != NOWHERE) & (distances <= distances.min(axis=0) + _ON_EDGE)
    return np.where(on_edge.any(axis=0), np.take_along_axis(numbers, on_edge.argmax(axis=0)[None], axis=0)[0], NOWHERE)


def _numbers_in_mask(grid: HexagonGrid, row: IntArray, column: IntArray) -> IntArray:
    row, column = row - grid.first_row, column - grid.first_column
    inside = (row >= 0) & (row < grid.n_rows) & (column >= 0) & (column < grid.n_columns)
    number = np.where(inside, row * grid.n_columns + column, 0)
    return np.where(inside & grid.mask.ravel()[number], number, NOWHERE)


def _rows_and_columns(grid: HexagonGrid, numbers: npt.ArrayLike) -> tuple[IntArray, IntArray]:
    number = np.asarray(numbers, dtype=np.int64)
    if ((number < 0) | (number >= grid.mask.size)).any():
        raise GeoError(
            f"Hexagons are numbered 0 to {grid.mask.size - 1:,}. Leave out the points outside the grid (-1)."
        )
    row, column = np.divmod(number, grid.n_columns)
    return row + grid.first_row, column + grid.first_column
