"""Kernel density: incidents spread smoothly over a grid, kept inside the study area; two surfaces set side by side.

Exact sums of points, or binned ones of counts; no random numbers and no choice of bandwidth behind the reader's back.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from geo.frames import BoolArray, FloatArray, GeoError, distinct_places, paired_coordinates
from geo.grid import Grid, cell_numbers
from geo.kernels import CELLS_IN_BANDWIDTH, kernel_reach, kernel_sums, kernel_values, lattice_kernel
from geo.raster import NOWHERE

SQUARE_METRES_IN_SQUARE_KILOMETRE = 1e6
SHARES_KEPT = 8
"""Masks and bandwidths whose edge correction is kept: 2 MB each for London in squares of 100 m."""
COMPARISONS = ("ratio", "log_ratio", "difference", "sum")


@dataclass(frozen=True)
class DualDensity:
    """Two densities compared, place by place.

    Attributes
    ----------
    comparison : str
        One of `COMPARISONS`, so that a page can print what it shows.
    values : shape (n_rows, n_columns)
        The first over the second, the natural logarithm of that, the first less the second, or both together. NaN
        outside the mask, and where a ratio would divide by nil or a logarithm be taken of it.
    is_only_first, is_only_second : shape (n_rows, n_columns)
        Where one density is above nil and the other is not: what a ratio cannot show.
    """

    comparison: str
    values: FloatArray
    is_only_first: BoolArray
    is_only_second: BoolArray


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
    """Spread incidents over a grid with the quartic kernel: `kernel_density` by its usual kernel.

    At the centre of each square, the exact sum over incidents nearer than the bandwidth h of
    3 / (pi h^2) (1 - d^2 / h^2)^2, which adds up to 1 for each incident.

    Parameters
    ----------
    easting, northing, grid, bandwidth_metres, weights, edge_corrected
        As for `kernel_density`.

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
    Silverman (1986), Density Estimation, p. 76.
    """
    return kernel_density(
        easting,
        northing,
        grid,
        kernel="quartic",
        bandwidth_metres=bandwidth_metres,
        weights=weights,
        edge_corrected=edge_corrected,
    )


def kernel_density(
    easting: npt.ArrayLike,
    northing: npt.ArrayLike,
    grid: Grid,
    *,
    kernel: str,
    bandwidth_metres: float,
    weights: npt.ArrayLike | None = None,
    edge_corrected: bool = True,
) -> FloatArray:
    """Spread incidents over a grid with a kernel: at the centre of each square, the exact sum over incidents.

    Parameters
    ----------
    easting, northing : shape (m,)
        Metres, EPSG:27700. Points without coordinates are left out.
    grid : Grid
        From `grid.square_grid`.
    kernel : str
        One of `kernels.KERNELS`.
    bandwidth_metres : float
        Radius of the kernel (of the normal, its standard deviation), no smaller than a square.
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
        If there is no kernel of that name, the bandwidth is smaller than a square, or the arrays differ in length.

    References
    ----------
    Silverman (1986), Density Estimation, p. 76; edge correction: Diggle (1985), Applied Statistics 34(2), 138-147.
    """
    lattice = lattice_kernel(kernel, bandwidth_metres=bandwidth_metres, cell_metres=grid.cell_metres)
    x, y = paired_coordinates(easting, northing)
    amounts = np.ones(x.shape) if weights is None else np.asarray(weights, dtype=np.float64)
    if amounts.shape != x.shape:
        raise GeoError(f"There are {amounts.size} weights for {x.size} points. Pass one weight a point.")
    used = np.isfinite(x) & np.isfinite(y)
    if edge_corrected:
        used &= cell_numbers(grid, x, y) != NOWHERE
    x, y, spot = distinct_places(x[used], y[used])
    amounts = np.bincount(spot, weights=amounts[used], minlength=x.size).astype(np.float64, copy=False)
    density = _exact_sums(
        (x - grid.origin_easting) / grid.cell_metres,
        (y - grid.origin_northing) / grid.cell_metres,
        amounts,
        grid,
        kernel,
        bandwidth_metres / grid.cell_metres,
    )
    density *= SQUARE_METRES_IN_SQUARE_KILOMETRE / bandwidth_metres**2
    return _within_mask(density, grid, lattice if edge_corrected else None)


def binned_density(
    counts: npt.ArrayLike,
    grid: Grid,
    *,
    bandwidth_metres: float,
    kernel: str = "quartic",
    edge_corrected: bool = True,
) -> FloatArray:
    """Spread counted squares over their grid, as if every incident stood at the centre of its square.

    By the fast Fourier transform, from counts that are kept anyway: as quick for ten million incidents as for ten.
    The kernel is drawn on the grid and adds up to 1 there, so that no incident away from the border is lost or gained.
    For previews: on London's street-level points, which stand anywhere in their squares, a quartic of five squares is
    up to 4% of the peak off `kernel_density`.

    Parameters
    ----------
    counts : shape (n_rows, n_columns)
        Incidents or weights in each square (see `grid.cell_counts`); what lies outside the mask is not looked at.
    grid : Grid
        From `grid.square_grid`.
    bandwidth_metres : float
        Radius of the kernel (of the normal, its standard deviation), no smaller than a square.
    kernel : str
        One of `kernels.KERNELS`.
    edge_corrected : bool
        Whether each value is divided by the share of the kernel that lies inside the mask.

    Returns
    -------
    shape (n_rows, n_columns)
        Incidents per square kilometre; NaN outside the mask.

    Raises
    ------
    GeoError
        If there is no kernel of that name, the bandwidth is smaller than a square, or the counts are not the grid's
        or one is missing.

    References
    ----------
    Silverman (1982), Applied Statistics 31(1), 93-99.
    """
    values = np.asarray(counts, dtype=np.float64)
    if values.shape != grid.mask.shape or not (np.isfinite(values) | ~grid.mask).all():
        raise GeoError(
            f"The counts have shape {values.shape} and the grid {grid.mask.shape}, or a count in the grid is missing. "
            "Count on the same grid with grid.cell_counts()."
        )
    lattice = lattice_kernel(kernel, bandwidth_metres=bandwidth_metres, cell_metres=grid.cell_metres)
    density = kernel_sums(np.where(grid.mask, values, 0.0), lattice)
    density *= SQUARE_METRES_IN_SQUARE_KILOMETRE / grid.cell_metres**2
    return _within_mask(density, grid, lattice if edge_corrected else None)


def compare_densities(
    first: npt.ArrayLike,
    second: npt.ArrayLike,
    *,
    comparison: str,
    least_per_square_kilometre: float = 0.0,
    of_totals: bool = False,
) -> DualDensity:
    """Set two densities side by side, on one grid and with one bandwidth.

    Where both are nil there is nothing to compare, and where only one is, a ratio has no value: such places are NaN and
    flagged, never infinite.

    Parameters
    ----------
    first, second : shape (n_rows, n_columns)
        Incidents per square kilometre, NaN outside the mask.
    comparison : str
        `ratio`, `log_ratio`, `difference` or `sum`.
    least_per_square_kilometre : float
        A density no larger than this counts as nil, so that the thin rims of two kernels make no ratio.
    of_totals : bool
        Whether each density is divided by its mean over the mask first: for two sources of which one records far more,
        such as police and ambulance. Values are then multiples of that mean.

    Returns
    -------
    DualDensity

    Raises
    ------
    GeoError
        If there is no comparison of that name, the shapes or masks differ, or a density is infinite or negative.

    References
    ----------
    Kelsall & Diggle (1995), Bernoulli 1(1/2), 3-16, for the log ratio; Levine (2015), CrimeStat IV, chapter 10.
    """
    if comparison not in COMPARISONS:
        raise GeoError(f"Densities have no comparison named {comparison!r}. Choose one of {', '.join(COMPARISONS)}.")
    one, other = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    outside = np.isnan(one)
    if one.shape != other.shape or (outside != np.isnan(other)).any():
        raise GeoError("The two densities do not cover the same squares. Make both on one grid.")
    inside = np.concatenate([one[~outside], other[~outside]])
    if not (np.isfinite(inside).all() and (inside >= 0).all()):
        raise GeoError("A density is infinite or below zero. Pass densities, not their differences.")
    one, other = (np.where(each > least_per_square_kilometre, each, 0.0) for each in (one, other))
    is_first, is_second = one > 0, other > 0
    if of_totals:
        one, other = (each / each[~outside].mean() if (each > 0).any() else each for each in (one, other))
    both = is_first & is_second
    ratio = np.where(is_second, one, np.nan) / np.where(is_second, other, np.nan)
    values = {
        "ratio": ratio,
        "log_ratio": np.log(np.where(both, ratio, np.nan)),
        "difference": one - other,
        "sum": one + other,
    }[comparison]
    return DualDensity(comparison, np.where(outside, np.nan, values), is_first & ~is_second, is_second & ~is_first)


def _within_mask(density: FloatArray, grid: Grid, lattice: FloatArray | None) -> FloatArray:
    """Divide by the share of a kernel centred on each square that lies inside the mask, if it is given."""
    if lattice is None:
        return np.where(grid.mask, density, np.nan)
    packed = np.packbits(grid.mask).tobytes()
    return density / _shares_in_mask(packed, grid.mask.shape, lattice.tobytes(), lattice.shape)


@lru_cache(maxsize=SHARES_KEPT)
def _shares_in_mask(mask: bytes, shape: tuple[int, int], lattice: bytes, lattice_shape: tuple[int, int]) -> FloatArray:
    """Return the share of a kernel centred on each square that lies inside the mask; not a number outside.

    Kept, by the mask and the kernel themselves, since every map of a place divides by the same shares.
    """
    is_inside = np.unpackbits(np.frombuffer(mask, np.uint8), count=shape[0] * shape[1]).reshape(shape).astype(bool)
    shares = kernel_sums(is_inside, np.frombuffer(lattice).reshape(lattice_shape))
    return np.where(is_inside, shares, np.nan)


def _exact_sums(
    across: FloatArray, up: FloatArray, amounts: FloatArray, grid: Grid, kernel: str, bandwidth: float
) -> FloatArray:
    """Add up the kernel at the centre of each square; every length is in squares."""
    reach = int(np.ceil(kernel_reach(kernel) * bandwidth + 0.5)) - 1
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
        squared_up = ((rows_up - north_of_centre) / bandwidth) ** 2
        for columns_across in range(-reach, reach + 1):
            squared = squared_up + ((columns_across - east_of_centre) / bandwidth) ** 2
            # Each square stands once in `squares`, so that adding in place loses nothing.
            surface.ravel()[squares + rows_up * width + columns_across] += np.add.reduceat(
                kernel_values(kernel, squared) * amount, first
            )
    return surface[border : border + grid.n_rows, border : border + grid.n_columns].copy()
