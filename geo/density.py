"""Kernel density: incidents spread smoothly over a grid, kept inside the study area.

Exact sums, not binned ones; no random numbers and no choice of bandwidth behind the reader's back.
"""

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from geo.frames import FloatArray, GeoError, distinct_places, paired_coordinates
from geo.grid import Grid, cell_numbers
from geo.raster import NOWHERE

CELLS_IN_BANDWIDTH = 5
SQUARE_METRES_IN_SQUARE_KILOMETRE = 1e6


def suggest_bandwidth_metres(cell_metres: float) -> float:
    """Suggest a bandwidth to start from: five cells.

    Parameters
    ----------
    cell_metres : float
        Side of a square.

    Returns
    -------
    float
        Metres, so that a page can print what was chosen.

    References
    ----------
    Chainey (2013), Bulletin of the Geographical Society of Liège 60, 7-19.
    """
    return CELLS_IN_BANDWIDTH * cell_metres


def quartic_density(
    easting: npt.ArrayLike,
    northing: npt.ArrayLike,
    grid: Grid,
    *,
    bandwidth_metres: float,
    weights: npt.ArrayLike | None = None,
    edge_corrected: bool = True,
) -> FloatArray:
    """Spread incidents over a grid with the quartic kernel.

    At the centre of each square, the exact sum over incidents nearer than the bandwidth h of
    3 / (pi h^2) (1 - d^2 / h^2)^2, which adds up to 1 for each incident.

    Parameters
    ----------
    easting, northing : shape (m,)
        Metres, EPSG:27700. Points without coordinates are left out.
    grid : Grid
        From `grid.square_grid`.
    bandwidth_metres : float
        Radius of the kernel, no smaller than a square.
    weights : shape (m,), optional
        What each point adds; 1 if not given.
    edge_corrected : bool
        True: only points inside the mask count, and each value is divided by the share of the kernel that lies
        inside the mask (measured on the grid's squares), so that the border does not look quiet. False: every point
        within reach counts, those beyond the border too, undivided.

    Returns
    -------
    shape (n_rows, n_columns)
        Incidents per square kilometre; NaN outside the mask.

    Raises
    ------
    GeoError
        If the bandwidth is smaller than a square, or the arrays differ in length.

    References
    ----------
    Silverman (1986), Density Estimation, p. 76; edge correction: Diggle (1985), Applied Statistics 34(2), 138-147.
    """
    if not (np.isfinite(bandwidth_metres) and bandwidth_metres >= grid.cell_metres):
        raise GeoError(
            f"A bandwidth of {bandwidth_metres} m is smaller than a square of {grid.cell_metres} m, so incidents would "
            f"fall between the squares' centres. Try {suggest_bandwidth_metres(grid.cell_metres):g} m."
        )
    x, y = paired_coordinates(easting, northing)
    amounts = np.ones(x.shape) if weights is None else np.asarray(weights, dtype=np.float64)
    if amounts.shape != x.shape:
        raise GeoError(f"There are {amounts.size} weights for {x.size} points. Pass one weight a point.")
    used = np.isfinite(x) & np.isfinite(y)
    if edge_corrected:
        used &= cell_numbers(grid, x, y) != NOWHERE
    x, y, spot = distinct_places(x[used], y[used])
    amounts = np.bincount(spot, weights=amounts[used], minlength=x.size).astype(np.float64, copy=False)
    radius = bandwidth_metres / grid.cell_metres
    density = _kernel_sums(
        (x - grid.origin_easting) / grid.cell_metres,
        (y - grid.origin_northing) / grid.cell_metres,
        amounts,
        grid,
        radius,
    )
    density *= 3 / (np.pi * bandwidth_metres**2) * SQUARE_METRES_IN_SQUARE_KILOMETRE
    share = _share_inside(grid, radius) if edge_corrected else np.ones(grid.mask.shape)
    corrected = np.full(grid.mask.shape, np.nan)
    corrected[grid.mask] = density[grid.mask] / share[grid.mask]
    return corrected


def _kernel_sums(across: FloatArray, up: FloatArray, amounts: FloatArray, grid: Grid, radius: float) -> FloatArray:
    """Add up (1 - d^2 / radius^2)^2 at the centre of each square; every length is in squares."""
    reach = int(np.ceil(radius + 0.5)) - 1
    column, row = np.floor(across), np.floor(up)
    near = (column >= -reach) & (column < grid.n_columns + reach) & (row >= -reach) & (row < grid.n_rows + reach)
    # Points may stand `reach` squares outside the grid and reach as far again, so the border is twice that wide.
    border = 2 * reach
    surface = np.zeros((grid.n_rows + 2 * border, grid.n_columns + 2 * border))
    width = surface.shape[1]
    square = ((row[near] + border) * width + column[near] + border).astype(np.int64)
    order = np.argsort(square, kind="stable")
    squares, first = np.unique(square[order], return_index=True)
    east_of_centre, north_of_centre = (across - column)[near][order] - 0.5, (up - row)[near][order] - 0.5
    amount = amounts[near][order]
    for rows_up in range(-reach, reach + 1):
        left = 1 - ((rows_up - north_of_centre) / radius) ** 2
        for columns_across in range(-reach, reach + 1):
            weight = np.maximum(left - ((columns_across - east_of_centre) / radius) ** 2, 0) ** 2 * amount
            # Each square stands once in `squares`, so that adding in place loses nothing.
            surface.ravel()[squares + rows_up * width + columns_across] += np.add.reduceat(weight, first)
    return surface[border : border + grid.n_rows, border : border + grid.n_columns].copy()


def _share_inside(grid: Grid, radius: float) -> FloatArray:
    """Measure what share of a kernel centred on each square lies inside the mask."""
    reach = int(np.ceil(radius)) - 1
    offset = np.arange(-reach, reach + 1) / radius
    kernel = np.maximum(1 - offset[:, np.newaxis] ** 2 - offset**2, 0) ** 2
    share: FloatArray = ndimage.convolve(grid.mask.astype(np.float64), kernel / kernel.sum(), mode="constant")
    return share
