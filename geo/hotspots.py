"""Where there is more than chance would put there: Gi*, its p-values, their correction, classes for a map.

Counts and neighbours in, scores out; nothing here draws random numbers or knows what was counted.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import sparse, special

from geo.frames import FloatArray, GeoError, IntArray
from geo.neighbourhoods import Neighbourhoods, neighbourhoods_of_areas, neighbourhoods_of_cells, on_grid

NOT_TESTED = "not_tested"
NOT_SIGNIFICANT = "not_significant"
CONFIDENCE_BY_LEVEL = {0.05: "95", 0.01: "99", 0.001: "99.9"}

_ROUNDING = 1e-12


@dataclass(frozen=True)
class RateClasses:
    """Classes for a map, each a range of values that were seen.

    Attributes
    ----------
    numbers : shape (n,)
        1 for the lowest class and so on up; 0 where there is no rate.
    breaks : shape (k, 2)
        The lowest and highest value in each of the k classes.
    """

    numbers: IntArray
    breaks: FloatArray


@dataclass(frozen=True)
class GeneralG:
    """Whether high counts lie together over a whole area, rather than where.

    Attributes
    ----------
    g : float
        Share of all products of two areas' counts that stands between neighbours. NaN throughout where there are
        fewer than four areas, fewer than two with a count, or all counts are equal.
    expected : float
        What chance would give: the share of all pairs that are neighbours.
    z : float
        Standard deviations above (+) or below (-) that.
    """

    g: float
    expected: float
    z: float


def gi_star(counts: npt.ArrayLike, neighbours: sparse.csr_array) -> FloatArray:
    """Score how far each area's local total is from chance (Getis-Ord Gi*).

    Parameters
    ----------
    counts : shape (n,)
        Incidents in each area, in the order of `neighbours`.
    neighbours : csr_array, shape (n, n)
        Weight of each neighbour, 0 where there is none, the area itself included (see
        `boundaries.queen_neighbours`). Binary weights are the usual choice.

    Returns
    -------
    shape (n,)
        Standard deviations above (+) or below (-) chance. NaN where every count is equal, and where a neighbourhood
        is the whole set with equal weights, since nothing is left to compare it with.

    Raises
    ------
    GeoError
        If a count is missing, the shapes differ, or an area is not its own neighbour.

    References
    ----------
    Ord & Getis (1995), Geographical Analysis 27(4), 286-306.
    """
    here = neighbourhoods_of_areas(counts, neighbours)
    if (here.own_weights == 0).any():
        raise GeoError("In Gi* each area is its own neighbour. Make the neighbours with include_self=True.")
    return _standardised(here)


def gi_star_grid(
    counts: npt.ArrayLike, mask: npt.ArrayLike, *, reach_cells: int = 1, kernel: npt.ArrayLike | None = None
) -> FloatArray:
    """Score each cell of a grid by Gi*, counting the cells around it and itself.

    Equal to `gi_star` on the same cells and neighbours, by sums of shifted grids instead of a graph.

    Parameters
    ----------
    counts : shape (n_rows, n_columns)
        Incidents in each cell; what lies outside the mask is not looked at.
    mask : shape (n_rows, n_columns)
        True for the cells of the study area; the mean, the spread and every neighbourhood are made of these alone.
    reach_cells : int
        How many cells a neighbourhood reaches each way: 1 is the eight cells around, and the cell itself.
    kernel : shape (k, l), both odd, optional
        Weights of the cells around, in place of the box that `reach_cells` describes: symmetric, with a weight in
        the middle (see `kernels.lattice_kernel`).

    Returns
    -------
    shape (n_rows, n_columns)
        Standard deviations above (+) or below (-) chance; NaN outside the mask and where `gi_star` has NaN.

    Raises
    ------
    GeoError
        If a count inside the mask is missing, the shapes differ, the reach is below 1, or the kernel is not
        symmetric or leaves out the cell itself.

    References
    ----------
    Ord & Getis (1995), Geographical Analysis 27(4), 286-306.
    """
    here = neighbourhoods_of_cells(counts, mask, reach_cells=reach_cells, kernel=kernel)
    if (here.own_weights == 0).any():
        raise GeoError(
            "In Gi* each cell is its own neighbour. Give the kernel a weight in the middle, or use gi_grid()."
        )
    return on_grid(_standardised(here), mask)


def gi(counts: npt.ArrayLike, neighbours: sparse.csr_array) -> FloatArray:
    """Score how far the total around each area, its own count left out, is from chance (Getis-Ord Gi).

    Parameters
    ----------
    counts : shape (n,)
        Incidents in each area, in the order of `neighbours`.
    neighbours : csr_array, shape (n, n)
        Weight of each neighbour, 0 where there is none. The area itself is left out, marked or not.

    Returns
    -------
    shape (n,)
        Standard deviations above (+) or below (-) what the other areas' counts would give by chance. NaN where those
        are all equal, where an area has no neighbour, and where all others are its neighbours with equal weights.

    Raises
    ------
    GeoError
        If a count is missing or the shapes differ.

    References
    ----------
    Ord & Getis (1995), Geographical Analysis 27(4), 286-306.
    """
    return _standardised_around(neighbourhoods_of_areas(counts, neighbours).around())


def gi_grid(
    counts: npt.ArrayLike, mask: npt.ArrayLike, *, reach_cells: int = 1, kernel: npt.ArrayLike | None = None
) -> FloatArray:
    """Score the surroundings of each cell of a grid by Gi, the cell itself left out.

    Equal to `gi` on the same cells and neighbours.

    Parameters
    ----------
    counts, mask, reach_cells, kernel
        As for `gi_star_grid`; the middle of the kernel does not matter.

    Returns
    -------
    shape (n_rows, n_columns)
        As from `gi`; NaN outside the mask.

    Raises
    ------
    GeoError
        If a count inside the mask is missing, the shapes differ, the reach is below 1, or the kernel is not symmetric.

    References
    ----------
    Ord & Getis (1995), Geographical Analysis 27(4), 286-306.
    """
    here = neighbourhoods_of_cells(counts, mask, reach_cells=reach_cells, kernel=kernel)
    return on_grid(_standardised_around(here.around()), mask)


def general_g(counts: npt.ArrayLike, neighbours: sparse.csr_array) -> GeneralG:
    """Score whether high counts lie together anywhere at all (Getis and Ord's general G).

    Parameters
    ----------
    counts : shape (n,)
        Incidents in each area, 0 or more, in the order of `neighbours`.
    neighbours : csr_array, shape (n, n)
        Weight of each neighbour, 0 where there is none. The area itself is left out, marked or not.

    Returns
    -------
    GeneralG

    Raises
    ------
    GeoError
        If a count is missing or negative, or the shapes differ.

    References
    ----------
    Getis & Ord (1992), Geographical Analysis 24(3), 189-206.
    """
    around = neighbourhoods_of_areas(counts, neighbours).around()
    x, n = around.values, around.values.size
    if (x < 0).any():
        raise GeoError(f"{(x < 0).sum()} counts are below zero. Pass counts or rates, not their deviations.")
    m1, m2, m3, m4 = (float((x**power).sum()) for power in (1, 2, 3, 4))
    if n < 4 or np.ptp(x) == 0 or np.count_nonzero(x) < 2:
        return GeneralG(np.nan, np.nan, np.nan)
    weights = sparse.csr_array(neighbours - sparse.diags_array(neighbours.diagonal()))
    both_ways = weights + weights.T
    s0 = float(weights.sum())
    s1, s2 = float(both_ways.multiply(both_ways).sum()) / 2, float((both_ways.sum(axis=1) ** 2).sum())
    second_moment = (
        ((n**2 - 3 * n + 3) * s1 - n * s2 + 3 * s0**2) * m2**2
        - ((n**2 - n) * s1 - 2 * n * s2 + 6 * s0**2) * m4
        - (2 * n * s1 - (n + 3) * s2 + 6 * s0**2) * m1**2 * m2
        + (4 * (n - 1) * s1 - 2 * (n + 1) * s2 + 8 * s0**2) * m1 * m3
        + (s1 - s2 + s0**2) * m1**4
    ) / ((m1**2 - m2) ** 2 * n * (n - 1) * (n - 2) * (n - 3))
    g, expected = float(x @ around.totals) / (m1**2 - m2), s0 / (n * (n - 1))
    variance = second_moment - expected**2
    # Where everyone is a neighbour of everyone, or no one of any, G cannot vary.
    z = (g - expected) / np.sqrt(variance) if variance > _ROUNDING * expected**2 else np.nan
    return GeneralG(g, expected, float(z))


def two_sided_p(z: npt.ArrayLike) -> FloatArray:
    """Return the chance of a score at least this far from zero, either way, under the normal law.

    Parameters
    ----------
    z : any shape
        Standard scores; NaN where not tested.

    Returns
    -------
    same shape
        Between 0 and 1; NaN where the score is NaN.
    """
    p: FloatArray = 2 * special.ndtr(-np.abs(np.asarray(z, dtype=np.float64)))
    return p


def benjamini_hochberg(p: npt.ArrayLike) -> FloatArray:
    """Correct p-values for how many were tested, by the false discovery rate.

    Parameters
    ----------
    p : any shape
        p-values; NaN where not tested. The others are the family that the correction is made for.

    Returns
    -------
    same shape
        q: rejecting every q <= alpha keeps the expected share of false discoveries at alpha or below. NaN where
        not tested.

    Raises
    ------
    GeoError
        If a p-value is not between 0 and 1.

    References
    ----------
    Benjamini & Hochberg (1995), Journal of the Royal Statistical Society B 57(1), 289-300; for local statistics,
    Caldas de Castro & Singer (2006), Geographical Analysis 38(2), 180-208.
    """
    values = np.asarray(p, dtype=np.float64)
    tested = ~np.isnan(values)
    family = values[tested]
    if ((family < 0) | (family > 1)).any():
        raise GeoError("A p-value lies between 0 and 1, but others were passed. Make them with two_sided_p().")
    order = np.argsort(family)[::-1]
    ranks = np.arange(family.size, 0, -1)
    corrected = np.empty(family.size)
    corrected[order] = np.minimum.accumulate(np.minimum(family[order] * family.size / ranks, 1.0))
    q = np.full(values.shape, np.nan)
    q[tested] = corrected
    return q


def classify_gi_star(z: npt.ArrayLike, q: npt.ArrayLike) -> npt.NDArray[np.str_]:
    """Name each score's class by its direction and its corrected p-value.

    Parameters
    ----------
    z : any shape
        Gi* scores.
    q : same shape
        Corrected p-values from `benjamini_hochberg`.

    Returns
    -------
    array of str, same shape
        `hot_99.9`, `hot_99` or `hot_95` where z is positive and q at most 0.001, 0.01 or 0.05; `cold_95`, `cold_99`
        or `cold_99.9` likewise where z is negative; `not_tested` where either is NaN; otherwise `not_significant`.

    Raises
    ------
    GeoError
        If the shapes differ.
    """
    scores, corrected = np.asarray(z, dtype=np.float64), np.asarray(q, dtype=np.float64)
    if scores.shape != corrected.shape:
        raise GeoError(f"There are {scores.size} scores and {corrected.size} q-values. Make one from the other.")
    names = np.full(scores.shape, NOT_SIGNIFICANT, dtype="<U15")
    for level, confidence in CONFIDENCE_BY_LEVEL.items():
        significant = corrected <= level
        names[significant & (scores > 0)] = f"hot_{confidence}"
        names[significant & (scores < 0)] = f"cold_{confidence}"
    names[np.isnan(scores) | np.isnan(corrected)] = NOT_TESTED
    return names


def classify_rates(rates: npt.ArrayLike, *, classes: int = 5) -> RateClasses:
    """Sort rates into classes of about equal size, never parting equal values.

    A value's class follows from the share of values below it. Where many are tied, as zeros often are, there are
    fewer classes than asked for rather than two colours for one value.

    Parameters
    ----------
    rates : shape (n,)
        Any values; NaN where there is none.
    classes : int
        The most classes to make.

    Returns
    -------
    RateClasses

    Raises
    ------
    GeoError
        If fewer than one class is asked for, or a rate is infinite.
    """
    values = np.asarray(rates, dtype=np.float64)
    if classes < 1:
        raise GeoError(f"Rates cannot be sorted into {classes} classes. Ask for 1 or more.")
    if np.isinf(values).any():
        raise GeoError("A rate is infinite. Leave rates without a population as NaN (see rates.rate_per).")
    known = ~np.isnan(values)
    ordered = np.sort(values[known])
    below = np.searchsorted(ordered, values[known], side="left")
    quantile = below * classes // max(ordered.size, 1)
    used, number = np.unique(quantile, return_inverse=True)
    numbers = np.zeros(values.shape, dtype=np.int64)
    numbers[known] = number + 1
    members = [values[numbers == position + 1] for position in range(used.size)]
    breaks = np.array([(member.min(), member.max()) for member in members]).reshape(-1, 2)
    return RateClasses(numbers, breaks)


def _standardised(here: Neighbourhoods) -> FloatArray:
    counts = here.values
    n = counts.size
    if n < 2 or np.ptp(counts) == 0:
        return np.full(n, np.nan)
    variance = (n * here.squared_weights - here.weights**2) / (n - 1)
    variance[variance <= _ROUNDING * n * here.squared_weights] = np.nan
    scores: FloatArray = (here.totals - counts.mean() * here.weights) / (counts.std() * np.sqrt(variance))
    return scores


def _standardised_around(here: Neighbourhoods) -> FloatArray:
    n = here.values.size
    if n < 3:
        return np.full(n, np.nan)
    # Measured from the overall mean, so that leaving one out loses no digits.
    centred = here.values - here.values.mean()
    squares = centred @ centred
    mean = -centred / (n - 1)
    spread = (squares - centred**2) / (n - 1) - mean**2
    spread[spread <= _ROUNDING * squares] = np.nan
    variance = ((n - 1) * here.squared_weights - here.weights**2) / (n - 2)
    variance[variance <= _ROUNDING * n * here.squared_weights] = np.nan
    totals = here.totals - here.values.mean() * here.weights
    scores: FloatArray = (totals - mean * here.weights) / np.sqrt(spread * variance)
    return scores
