"""Where there is more than chance would put there: Gi*, its p-values, their correction, classes for a map.

Counts and neighbours in, scores out; nothing here draws random numbers or knows what was counted.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import ndimage, sparse, special

from geo.frames import FloatArray, GeoError, IntArray

NOT_TESTED = "not_tested"
NOT_SIGNIFICANT = "not_significant"
CONFIDENCE_BY_LEVEL = {0.05: "95", 0.01: "99", 0.001: "99.9"}


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
    values = _known_counts(np.asarray(counts, dtype=np.float64))
    if values.ndim != 1 or neighbours.shape != (values.size, values.size):
        raise GeoError(
            f"There are {values.size} counts for neighbours of shape {neighbours.shape}. "
            "Make both from the same areas, in the same order."
        )
    if (neighbours.diagonal() == 0).any():
        raise GeoError("In Gi* each area is its own neighbour. Make the neighbours with include_self=True.")
    weights = np.asarray(neighbours.sum(axis=1), dtype=np.float64)
    squared_weights = np.asarray(neighbours.multiply(neighbours).sum(axis=1), dtype=np.float64)
    return _standardised(neighbours @ values, weights, squared_weights, values)


def gi_star_grid(counts: npt.ArrayLike, mask: npt.ArrayLike, *, reach_cells: int = 1) -> FloatArray:
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

    Returns
    -------
    shape (n_rows, n_columns)
        Standard deviations above (+) or below (-) chance; NaN outside the mask and where `gi_star` has NaN.

    Raises
    ------
    GeoError
        If a count inside the mask is missing, the shapes differ, or the reach is below 1.

    References
    ----------
    Ord & Getis (1995), Geographical Analysis 27(4), 286-306.
    """
    study = np.asarray(mask, dtype=bool)
    values = np.asarray(counts, dtype=np.float64)
    if values.shape != study.shape or study.ndim != 2:
        raise GeoError(
            f"The counts have shape {values.shape} and the mask {study.shape}. Make both from the same grid."
        )
    if reach_cells < 1:
        raise GeoError(f"A neighbourhood cannot reach {reach_cells} cells. Give 1 or more.")
    inside = _known_counts(values[study])
    totals = _box_sums(np.where(study, values, 0.0), reach_cells)[study]
    cells = _box_sums(study.astype(np.float64), reach_cells)[study]
    scores = np.full(study.shape, np.nan)
    scores[study] = _standardised(totals, cells, cells, inside)
    return scores


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


def _known_counts(counts: FloatArray) -> FloatArray:
    unknown = ~np.isfinite(counts)
    if unknown.any():
        raise GeoError(
            f"{unknown.sum()} of {counts.size} counts are missing or infinite. "
            "Give 0 where nothing was recorded, and leave out areas that were not observed."
        )
    return counts


def _standardised(
    totals: FloatArray, weights: FloatArray, squared_weights: FloatArray, counts: FloatArray
) -> FloatArray:
    n = counts.size
    if n < 2 or np.ptp(counts) == 0:
        return np.full(n, np.nan)
    variance = (n * squared_weights - weights**2) / (n - 1)
    variance[variance <= 1e-12 * n * squared_weights] = np.nan
    scores: FloatArray = (totals - counts.mean() * weights) / (counts.std() * np.sqrt(variance))
    return scores


def _box_sums(values: FloatArray, reach_cells: int) -> FloatArray:
    window = np.ones(2 * reach_cells + 1)
    for axis in (0, 1):
        values = ndimage.correlate1d(values, window, axis=axis, mode="constant")
    return values
