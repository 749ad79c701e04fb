"""Which areas are like their neighbours and which stand out among them: Local Moran and its four quadrants.

Its p is that of `permutation`, since an area's own value is held there; nothing here draws random numbers.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import sparse

from geo.frames import FloatArray
from geo.neighbourhoods import Neighbourhoods, neighbourhoods_of_areas, neighbourhoods_of_cells, on_grid

NO_QUADRANT = "none"


@dataclass(frozen=True)
class LocalMoran:
    """How each area's value goes with the mean of its neighbours'.

    Attributes
    ----------
    scores : any shape
        Local Moran's I: above zero where area and neighbours are on the same side of the mean, below zero where the
        area stands out. NaN where an area has no neighbours or all values are equal.
    quadrants : array of str, same shape
        `high_high`, `low_high`, `low_low` or `high_low`: first the area, then its neighbours, each high if above the
        mean of all; `none` where there is no score.
    """

    scores: FloatArray
    quadrants: npt.NDArray[np.str_]


def local_moran(values: npt.ArrayLike, neighbours: sparse.csr_array) -> LocalMoran:
    """Score how each area's value goes with those around it (Local Moran's I).

    The neighbours' weights are divided by their sum, and the product of the two deviations by the variance over
    n - 1 areas, as esda and GeoDa do. Whether an area is like its neighbours by more than chance says
    `permutation.exact_tails` or `permutation.sampled_tails`, two-sided.

    Parameters
    ----------
    values : shape (n,)
        Counts, rates or weighted values, in the order of `neighbours`.
    neighbours : csr_array, shape (n, n)
        Weight of each neighbour, 0 where there is none. The area itself is left out, marked or not.

    Returns
    -------
    LocalMoran
        Shape (n,).

    Raises
    ------
    GeoError
        If a value is missing or the shapes differ.

    References
    ----------
    Anselin (1995), Geographical Analysis 27(2), 93-115.
    """
    return _moran(neighbourhoods_of_areas(values, neighbours))


def local_moran_grid(
    values: npt.ArrayLike, mask: npt.ArrayLike, *, reach_cells: int = 1, kernel: npt.ArrayLike | None = None
) -> LocalMoran:
    """Score how each cell's value goes with those around it (Local Moran's I).

    Equal to `local_moran` on the same cells and neighbours.

    Parameters
    ----------
    values, mask, reach_cells, kernel
        As for `hotspots.gi_grid`.

    Returns
    -------
    LocalMoran
        Shape (n_rows, n_columns); NaN and `none` outside the mask.

    Raises
    ------
    GeoError
        If a value inside the mask is missing, the shapes differ, the reach is below 1, or the kernel is not symmetric.

    References
    ----------
    Anselin (1995), Geographical Analysis 27(2), 93-115.
    """
    study = np.asarray(mask, dtype=bool)
    inside = _moran(neighbourhoods_of_cells(values, study, reach_cells=reach_cells, kernel=kernel))
    quadrants = np.full(study.shape, NO_QUADRANT, dtype=inside.quadrants.dtype)
    quadrants[study] = inside.quadrants
    return LocalMoran(on_grid(inside.scores, study), quadrants)


def _moran(here: Neighbourhoods) -> LocalMoran:
    n = here.values.size
    if n < 2 or np.ptp(here.values) == 0:
        return LocalMoran(np.full(n, np.nan), np.full(n, NO_QUADRANT, dtype="<U9"))
    around, mean = here.around(), here.values.mean()
    deviations = here.values - mean
    nearby = around.totals / np.where(around.weights != 0, around.weights, np.nan) - mean
    scores: FloatArray = (n - 1) * deviations * nearby / (deviations @ deviations)
    names = np.array([["low_low", "low_high"], ["high_low", "high_high"]])
    quadrants = names[(deviations > 0).astype(int), (nearby > 0).astype(int)]
    return LocalMoran(scores, np.where(np.isnan(scores), NO_QUADRANT, quadrants))
