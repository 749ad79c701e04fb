"""Counts set against a population, with the range that chance leaves them.

Never divides by a population that is missing or nil.
"""

import numpy as np
import numpy.typing as npt
from scipy import special

from geo.frames import FloatArray, GeoError

EXACT_BELOW = 10


def rate_per(counts: npt.ArrayLike, population: npt.ArrayLike, *, per: float = 1000) -> FloatArray:
    """Divide counts by a population.

    Parameters
    ----------
    counts : shape (n,)
        Incidents, or an end of their interval from `byar_interval`.
    population : shape (n,)
        People (or homes, or vehicles) that the counts are set against.
    per : float
        How many of them a rate is for.

    Returns
    -------
    shape (n,)
        Incidents per `per`; NaN where the count or the population is missing, or the population is nil.

    Raises
    ------
    GeoError
        If a population is negative.
    """
    number, people = np.asarray(counts, dtype=np.float64), np.asarray(population, dtype=np.float64)
    if (people < 0).any():
        raise GeoError(f"{(people < 0).sum()} populations are below zero. Correct the population table.")
    rate: FloatArray = per * number / np.where(people > 0, people, np.nan)
    return rate


def byar_interval(counts: npt.ArrayLike, *, confidence: float = 0.95) -> tuple[FloatArray, FloatArray]:
    """Return the interval within which the true level behind each count lies.

    For counts that follow the Poisson law: Byar's approximation, and below 10 the exact interval from the chi-square
    law, as public health does in England. From 10 on, an end of the 95% interval is within 0.2% of the exact one.
    Pass both ends through `rate_per` for the interval of a rate.

    Parameters
    ----------
    counts : shape (n,)
        Incidents, 0 or more; NaN where not known.
    confidence : float
        Between 0 and 1.

    Returns
    -------
    lower, upper : shape (n,)
        In incidents; NaN where the count is not known.

    Raises
    ------
    GeoError
        If a count is negative, or the confidence is not between 0 and 1.

    References
    ----------
    Breslow & Day (1987), Statistical Methods in Cancer Research II, p. 69; Public Health England (2018), Technical
    Guide: Confidence Intervals.
    """
    x = np.asarray(counts, dtype=np.float64)
    if (x < 0).any():
        raise GeoError(f"{(x < 0).sum()} counts are below zero. Correct them at their source.")
    if not 0 < confidence < 1:
        raise GeoError(f"A confidence of {confidence} is not possible. Give one between 0 and 1, such as 0.95.")
    tail = (1 - confidence) / 2
    z = special.ndtri(1 - tail)
    few = x < EXACT_BELOW
    many = np.where(few, EXACT_BELOW, x)
    byar_lower = many * (1 - 1 / (9 * many) - z / (3 * np.sqrt(many))) ** 3
    byar_upper = (many + 1) * (1 - 1 / (9 * (many + 1)) + z / (3 * np.sqrt(many + 1))) ** 3
    exact_lower = np.where(x > 0, special.gammaincinv(np.where(x > 0, x, 1), tail), 0.0)
    exact_upper = special.gammaincinv(x + 1, 1 - tail)
    unknown = np.isnan(x)
    lower = np.where(unknown, np.nan, np.where(few, exact_lower, byar_lower))
    upper = np.where(unknown, np.nan, np.where(few, exact_upper, byar_upper))
    return lower, upper
