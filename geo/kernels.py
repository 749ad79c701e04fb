"""Kernels by name, and sums weighted by them: how much of an incident counts at a distance.

Each integrates to 1 over the plane, so that the name changes the shape of a surface and never its total.
"""

from collections.abc import Callable
from functools import lru_cache
from types import MappingProxyType

import numpy as np
import numpy.typing as npt
from scipy import fft

from geo.frames import FloatArray, GeoError

CELLS_IN_BANDWIDTH = 5
NORMAL_REACH = 4
EXPONENTIAL_DECAY = 3
ROUNDING = 1e-14
SPECTRA_KEPT = 4
"""Transformed kernels that are kept: 3 MB each for London in squares of 100 m."""

# Of the squared distance, which is cheaper to come by than the distance.
_SHAPES: MappingProxyType[str, Callable[[FloatArray], FloatArray]] = MappingProxyType(
    {
        "quartic": lambda squared: np.maximum(1 - squared, 0) ** 2,
        "uniform": lambda squared: np.where(squared < 1, 1.0, 0.0),
        "triangular": lambda squared: np.maximum(1 - np.sqrt(squared), 0),
        "normal": lambda squared: np.where(squared < NORMAL_REACH**2, np.exp(-squared / 2), 0.0),
        "negative_exponential": lambda squared: np.where(
            squared < 1, np.exp(-EXPONENTIAL_DECAY * np.sqrt(squared)), 0.0
        ),
    }
)
# What each shape integrates to over the plane where the bandwidth is 1.
_MASSES = MappingProxyType(
    {
        "quartic": np.pi / 3,
        "uniform": np.pi,
        "triangular": np.pi / 3,
        "normal": 2 * np.pi * (1 - np.exp(-(NORMAL_REACH**2) / 2)),
        "negative_exponential": (
            2 * np.pi * (1 - (1 + EXPONENTIAL_DECAY) * np.exp(-EXPONENTIAL_DECAY)) / EXPONENTIAL_DECAY**2
        ),
    }
)
KERNELS = tuple(_SHAPES)


def kernel_reach(kernel: str) -> int:
    """Return how far a kernel reaches, in bandwidths: 1, but 4 for the normal, whose bandwidth is its deviation.

    Parameters
    ----------
    kernel : str
        One of `KERNELS`.

    Returns
    -------
    int

    Raises
    ------
    GeoError
        If there is no kernel of that name.
    """
    if kernel not in _SHAPES:
        raise GeoError(f"There is no kernel named {kernel!r}. Choose one of {', '.join(KERNELS)}.")
    return NORMAL_REACH if kernel == "normal" else 1


def kernel_values(kernel: str, squared_bandwidths: npt.ArrayLike) -> FloatArray:
    """Return what an incident adds at a distance, per square bandwidth.

    Parameters
    ----------
    kernel : str
        `quartic`, 3/pi (1 - u^2)^2; `uniform`, 1/pi; `triangular`, 3/pi (1 - u); `normal`, proportional to
        exp(-u^2 / 2) and cut off at 4, where 0.03% is left; `negative_exponential`, proportional to exp(-3 u).
    squared_bandwidths : any shape
        Square of the distance u, u in bandwidths.

    Returns
    -------
    same shape
        0 from the kernel's reach on.

    Raises
    ------
    GeoError
        If there is no kernel of that name.

    References
    ----------
    Silverman (1986), Density Estimation, p. 76; Levine (2015), CrimeStat IV, chapter 10, for the five names.
    """
    kernel_reach(kernel)
    values: FloatArray = _SHAPES[kernel](np.asarray(squared_bandwidths, dtype=np.float64)) / _MASSES[kernel]
    return values


def lattice_kernel(kernel: str, *, bandwidth_metres: float, cell_metres: float) -> FloatArray:
    """Draw a kernel on a lattice of squares, from centre to centre.

    Parameters
    ----------
    kernel : str
        One of `KERNELS`.
    bandwidth_metres : float
        The kernel's bandwidth, no smaller than a square.
    cell_metres : float
        Side of a square.

    Returns
    -------
    shape (k, k), k odd
        Weights of the squares around the middle one; they add up to 1.

    Raises
    ------
    GeoError
        If there is no kernel of that name, or the bandwidth is smaller than a square.
    """
    if not (np.isfinite(bandwidth_metres) and bandwidth_metres >= cell_metres > 0):
        raise GeoError(
            f"A bandwidth of {bandwidth_metres} m is smaller than a square of {cell_metres} m, so incidents would "
            f"fall between the squares' centres. Try {CELLS_IN_BANDWIDTH * cell_metres:g} m."
        )
    cells = bandwidth_metres / cell_metres
    reach = int(np.ceil(kernel_reach(kernel) * cells)) - 1
    offset = np.arange(-reach, reach + 1) / cells
    weights = kernel_values(kernel, offset[:, np.newaxis] ** 2 + offset**2)
    lattice: FloatArray = weights / weights.sum()
    return lattice


def kernel_sums(values: npt.ArrayLike, kernel: npt.ArrayLike) -> FloatArray:
    """Add up the values around each cell of a grid, each weighted by where it lies.

    By the fast Fourier transform: as quick for a wide kernel as for a narrow one, and within rounding (about 1e-15
    of the largest sum) of adding up one by one. Beyond the grid there is nothing.

    Parameters
    ----------
    values : shape (n_rows, n_columns)
        Finite values.
    kernel : shape (k, l), both odd
        Weights around a cell, that of the cell itself in the middle; the same turned by half a circle.

    Returns
    -------
    shape (n_rows, n_columns)

    Raises
    ------
    GeoError
        If the kernel has no middle, is not symmetric, or holds a weight that is not finite.
    """
    grid, weights = np.asarray(values, dtype=np.float64), np.asarray(kernel, dtype=np.float64)
    if weights.ndim != 2 or not (weights.shape[0] % 2 and weights.shape[1] % 2):
        raise GeoError(f"A kernel of shape {weights.shape} has no middle cell. Give two odd numbers of cells.")
    if not (np.isfinite(weights).all() and np.allclose(weights, weights[::-1, ::-1], rtol=1e-12, atol=0)):
        raise GeoError("A kernel must be finite, and the same when turned by half a circle, so that near is mutual.")
    n_rows, n_columns = (a + b - 1 for a, b in zip(grid.shape, weights.shape, strict=True))
    # Along the rows the transform is of real numbers, and along the columns of complex ones.
    shape = fft.next_fast_len(n_rows), fft.next_fast_len(n_columns, real=True)
    spectrum = fft.rfft2(grid, shape)
    spectrum *= _spectrum(weights.tobytes(), weights.shape, shape)
    sums = fft.irfft2(spectrum, shape, overwrite_x=True)
    row, column = weights.shape[0] // 2, weights.shape[1] // 2
    around: FloatArray = sums[row : row + grid.shape[0], column : column + grid.shape[1]].copy()
    # What is smaller than the transform's own rounding is nothing: a cell without neighbours has a sum of 0.
    largest = max(grid.max(initial=0), -grid.min(initial=0))
    around[np.abs(around) <= ROUNDING * np.abs(weights).sum() * largest] = 0
    return around


@lru_cache(maxsize=SPECTRA_KEPT)
def _spectrum(weights: bytes, shape: tuple[int, ...], padded: tuple[int, ...]) -> npt.NDArray[np.complex128]:
    """Return the Fourier transform of a kernel; kept, since one kernel is laid over many grids of a size."""
    spectrum: npt.NDArray[np.complex128] = fft.rfft2(np.frombuffer(weights).reshape(shape), padded)
    return spectrum
