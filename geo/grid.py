"""Equal squares over an area: which ones there are, what they are called, what falls in them.

A grid holds only the squares that share ground with the outline, so that no statistic is made of empty land
outside it; it never holds the incidents themselves.
"""

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import shapely

from geo.frames import NATIONAL_GRID, BoolArray, FloatArray, GeoError, Geometry, IntArray, paired_coordinates
from geo.raster import EDGE, NOWHERE, prepared_copy, rasterise

CELL_STEP_METRES = 50
CELLS_ALONG_SHORTER_SIDE = 150
MOST_CELLS = 5_000_000

_BLOCK = 32_768
"""Points numbered at a time, so that what is worked out on the way stays in the processor's cache."""


@dataclass(frozen=True)
class Grid:
    """Equal squares aligned to multiples of their size on the National Grid.

    A square is numbered `row * n_columns + column`, from the south-west corner. It holds its west and south edge.

    Attributes
    ----------
    origin_easting, origin_northing : int
        South-west corner, metres.
    cell_metres : int
        Side of a square.
    n_rows, n_columns : int
        Size; rows run south to north, columns west to east.
    mask : shape (n_rows, n_columns)
        True where the square shares ground with the outline.
    """

    origin_easting: int
    origin_northing: int
    cell_metres: int
    n_rows: int
    n_columns: int
    mask: BoolArray


def square_grid(outline: Geometry, *, cell_metres: float) -> Grid:
    """Lay equal squares over an outline.

    Parameters
    ----------
    outline : polygon or multipolygon
        The study area in metres, EPSG:27700 (see `boundaries.outline`).
    cell_metres : float
        Side of a square, a whole number of metres.

    Returns
    -------
    Grid
        Cut to the squares that share ground with the outline.

    Raises
    ------
    GeoError
        If the cell size is not a whole number above zero, the outline is not a valid polygon, or more than
        `MOST_CELLS` squares would be needed.
    """
    side = require_drawable(outline, cell_metres=cell_metres, shape="square")
    outlines = np.array([outline], dtype=object)
    raster = rasterise(outlines, cell_metres=side)
    mask = (raster.polygon != NOWHERE) & (raster.polygon != EDGE)
    rows, columns = np.nonzero(raster.polygon == EDGE)
    west_edges = raster.origin_easting + columns * side
    south_edges = raster.origin_northing + rows * side
    squares = shapely.box(west_edges, south_edges, west_edges + side, south_edges + side)
    indexed = prepared_copy(outlines)
    mask[rows, columns] = shapely.intersects(indexed, squares) & ~shapely.touches(indexed, squares)
    used_rows, used_columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    cut = mask[used_rows[0] : used_rows[-1] + 1, used_columns[0] : used_columns[-1] + 1]
    return Grid(
        origin_easting=round(raster.origin_easting) + int(used_columns[0]) * side,
        origin_northing=round(raster.origin_northing) + int(used_rows[0]) * side,
        cell_metres=side,
        n_rows=cut.shape[0],
        n_columns=cut.shape[1],
        mask=cut.copy(),
    )


def require_drawable(outline: Geometry, *, cell_metres: float, shape: str) -> int:
    """Return the size of a cell as a whole number, after refusing what no grid can be laid over.

    Parameters
    ----------
    outline : polygon or multipolygon
        The study area in metres.
    cell_metres : float
        Side of a square, or width of a hexagon.
    shape : str
        `square` or `hexagon`, for the sentence of a refusal.

    Returns
    -------
    int

    Raises
    ------
    GeoError
        If the cell size is not a whole number above zero, the outline is not a valid polygon, or more than
        `MOST_CELLS` cells would be needed.
    """
    if not (np.isfinite(cell_metres) and cell_metres >= 1 and cell_metres == round(cell_metres)):
        raise GeoError(f"A {shape} cannot measure {cell_metres} m. Give a whole number of metres, such as 100.")
    if outline.is_empty or not outline.is_valid or shapely.get_dimensions(outline) != 2:
        raise GeoError("A grid needs a valid polygon to cover. Make the outline with boundaries.outline().")
    west, south, east, north = outline.bounds
    expected = ((east - west) / cell_metres + 2) * ((north - south) / cell_metres + 2)
    if expected > MOST_CELLS:
        raise GeoError(
            f"{shape.capitalize()}s of {cell_metres:g} m over {(east - west) / 1000:,.0f} by "
            f"{(north - south) / 1000:,.0f} km would be about {expected:,.0f}, more than {MOST_CELLS:,}. "
            f"Choose larger {shape}s or a smaller area."
        )
    return round(cell_metres)


def suggest_cell_metres(outline: Geometry) -> int:
    """Suggest a cell size: the shorter side of the area, divided by 150.

    Rounded to the nearest 50 m and never below 50 m: London gives 300 m, a borough 8 km across 50 m.

    Parameters
    ----------
    outline : polygon or multipolygon
        The study area in metres, EPSG:27700.

    Returns
    -------
    int
        Metres, so that a page can print what was chosen.

    References
    ----------
    Chainey & Ratcliffe (2005), GIS and Crime Mapping; Chainey (2013), Bulletin of the Geographical Society of
    Liège 60, 7-19, on how little the cell size matters.
    """
    west, south, east, north = outline.bounds
    exact: float = min(east - west, north - south) / CELLS_ALONG_SHORTER_SIDE
    return max(CELL_STEP_METRES, round(exact / CELL_STEP_METRES) * CELL_STEP_METRES)


def cell_numbers(grid: Grid, easting: npt.ArrayLike, northing: npt.ArrayLike) -> IntArray:
    """Find the square that each point falls in.

    A square holds its west and south edge. Where the square north-east of a point on such an edge is not in the
    grid but the one across the edge is, the point goes there, so that no point of the outline is lost.

    Parameters
    ----------
    grid : Grid
        From `square_grid`.
    easting, northing : shape (m,)
        Metres, EPSG:27700; NaN where not known.

    Returns
    -------
    shape (m,)
        Number of the square; -1 outside the mask or where the coordinate is not known.

    Raises
    ------
    GeoError
        If the two arrays differ in length.
    """
    x, y = paired_coordinates(easting, northing)
    return _kept_to_mask(grid, x, y, _numbers_in_rectangle(grid, x, y))


def cell_counts(
    grid: Grid, easting: npt.ArrayLike, northing: npt.ArrayLike, weights: npt.ArrayLike | None = None
) -> FloatArray:
    """Count the points, or add up their weights, in each square.

    Parameters
    ----------
    grid : Grid
        From `square_grid`.
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
    x, y = paired_coordinates(easting, northing)
    numbers = _numbers_in_rectangle(grid, x, y)
    if weights is None:
        counts = tally(numbers, grid.mask.size)
        # Where every point came to lie in the mask, none has to be looked at again.
        if counts.sum(where=grid.mask.ravel()) == x.size:
            return counts.reshape(grid.mask.shape)
    return tally(_kept_to_mask(grid, x, y, numbers), grid.mask.size, weights).reshape(grid.mask.shape)


def tally(numbers: IntArray, cells: int, weights: npt.ArrayLike | None = None) -> FloatArray:
    """Count the points, or add up their weights, by the number of their cell.

    Parameters
    ----------
    numbers : shape (m,)
        From `cell_numbers` or `hexagons.hexagon_numbers`; -1 is not counted.
    cells : int
        How many cells the grid has, the mask's and the others.
    weights : shape (m,), optional
        What each point adds; 1 if not given.

    Returns
    -------
    shape (cells,)

    Raises
    ------
    GeoError
        If the arrays differ in length.
    """
    amounts = None if weights is None else np.asarray(weights, dtype=np.float64)
    if amounts is not None and amounts.shape != numbers.shape:
        raise GeoError(f"There are {amounts.size} weights for {numbers.size} points. Pass one weight a point.")
    if numbers.min(initial=0) == NOWHERE:
        # What is nowhere is counted too, before the first cell, and left out at the end.
        totals = np.bincount(numbers - NOWHERE, weights=amounts, minlength=cells + 1)[1:]
    else:
        totals = np.bincount(numbers, weights=amounts, minlength=cells)
    return totals.astype(np.float64, copy=False)


def cell_polygons(grid: Grid, numbers: npt.ArrayLike) -> gpd.GeoSeries:
    """Draw squares as polygons.

    Parameters
    ----------
    grid : Grid
        From `square_grid`.
    numbers : shape (m,)
        Numbers of squares.

    Returns
    -------
    GeoSeries, m rows
        EPSG:27700, indexed by number.

    Raises
    ------
    GeoError
        If a number is not in the grid.
    """
    west, south = _corners(grid, numbers)
    squares = shapely.box(west, south, west + grid.cell_metres, south + grid.cell_metres)
    return gpd.GeoSeries(squares, index=np.asarray(numbers, dtype=np.int64), crs=NATIONAL_GRID)


def cell_names(grid: Grid, numbers: npt.ArrayLike) -> npt.NDArray[np.str_]:
    """Name squares by their size and south-west corner: `100m-E530100-N180200`.

    The same square has the same name in every grid of that cell size, whatever area it was laid over.

    Parameters
    ----------
    grid : Grid
        From `square_grid`.
    numbers : shape (m,)
        Numbers of squares.

    Returns
    -------
    array of str, shape (m,)

    Raises
    ------
    GeoError
        If a number is not in the grid.
    """
    corners = zip(*_corners(grid, numbers), strict=True)
    return np.array([f"{grid.cell_metres}m-E{west}-N{south}" for west, south in corners], dtype=np.str_)


def _numbers_in_rectangle(grid: Grid, x: FloatArray, y: FloatArray) -> IntArray:
    """Number the square of each point among all of the grid's rows and columns, whether the mask holds it or not."""
    numbers = np.empty(x.shape, dtype=np.int64)
    columns, rows = np.empty((2, _BLOCK), dtype=np.int32)
    for start in range(0, x.size, _BLOCK):
        block = slice(start, start + _BLOCK)
        size = numbers[block].size
        column, row = columns[:size], rows[:size]
        fits = _fill_with_squares(column, x[block], grid.origin_easting, grid.cell_metres, grid.n_columns)
        if _fill_with_squares(row, y[block], grid.origin_northing, grid.cell_metres, grid.n_rows) and fits:
            row *= grid.n_columns
            row += column
            numbers[block] = row
        else:
            up, across = _squares_from_corner(grid, x[block], y[block])
            numbers[block] = _numbers_of(grid, np.floor(up), np.floor(across))
    return numbers


def _fill_with_squares(out: npt.NDArray[np.int32], metres: FloatArray, origin: int, side: int, most: int) -> bool:
    """Count the squares from the origin to each point, and tell whether each is known and one of the first `most`.

    In whole numbers, which is quick and exact, since the origin and the side are whole. A coordinate that is missing or
    too large becomes one that is far away or at nil: neither is in the grid, whose origin must be above nil for this.
    """
    with np.errstate(invalid="ignore"):
        out[...] = metres
    out -= origin
    # As a number without a sign, one below nil is a very large one.
    squares = out.view(np.uint32)
    squares //= side
    return origin > 0 and bool(squares.max() < most)


def _squares_from_corner(grid: Grid, x: FloatArray, y: FloatArray) -> tuple[FloatArray, FloatArray]:
    return (y - grid.origin_northing) / grid.cell_metres, (x - grid.origin_easting) / grid.cell_metres


def _numbers_of(grid: Grid, row: FloatArray, column: FloatArray) -> IntArray:
    """Number squares by row and column; `NOWHERE` beyond the grid's."""
    is_known = (row >= 0) & (row < grid.n_rows) & (column >= 0) & (column < grid.n_columns)
    return np.where(is_known, row * grid.n_columns + column, NOWHERE).astype(np.int64)


def _kept_to_mask(grid: Grid, x: FloatArray, y: FloatArray, numbers: IntArray) -> IntArray:
    """Take each point whose square is not in the mask across the edges that it stands on, or else nowhere."""
    # Whoever is nowhere, at -1, finds the last entry.
    in_mask = np.append(grid.mask.ravel(), False)
    lost = np.flatnonzero(~in_mask[numbers])
    numbers[lost] = NOWHERE
    up, across = _squares_from_corner(grid, x[lost], y[lost])
    row, column = np.floor(up), np.floor(across)
    for rows_back, columns_back in ((0, 1), (1, 0), (1, 1)):
        there = _numbers_of(grid, row - rows_back, column - columns_back)
        on_edge = ((column == across) | (columns_back == 0)) & ((row == up) | (rows_back == 0))
        found = on_edge & in_mask[there] & (numbers[lost] == NOWHERE)
        numbers[lost[found]] = there[found]
    return numbers


def _corners(grid: Grid, numbers: npt.ArrayLike) -> tuple[IntArray, IntArray]:
    number = np.asarray(numbers, dtype=np.int64)
    if ((number < 0) | (number >= grid.mask.size)).any():
        raise GeoError(f"Squares are numbered 0 to {grid.mask.size - 1:,}. Leave out the points outside the grid (-1).")
    row, column = np.divmod(number, grid.n_columns)
    return grid.origin_easting + column * grid.cell_metres, grid.origin_northing + row * grid.cell_metres
