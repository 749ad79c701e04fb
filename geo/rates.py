"""Counts set against a population, with the range that chance leaves them.

Never divides by a population that is missing or nil.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import special

from geo.frames import BoolArray, FloatArray, GeoError

EXACT_BELOW = 10
WINSORISED_SHARE = 0.1


@dataclass(frozen=True)
class SmoothedRates:
    """Rates drawn towards the overall rate, the more so the fewer people they rest on.

    Attributes
    ----------
    rates : shape (n,)
        Smoothed rates; NaN where there is no rate.
    own_shares : shape (n,)
        How much of each comes from the area itself, from 0 to 1; the rest is the overall rate.
    overall : float
        Rate of all areas together.
    """

    rates: FloatArray
    own_shares: FloatArray
    overall: float


@dataclass(frozen=True)
class FunnelLimits:
    """Within which limits each area's rate would stay if all areas shared one rate.

    Attributes
    ----------
    rates : shape (n,)
        As they are; NaN where there is none.
    lower, upper : shape (n,)
        Limits for each area's population, widened for over-dispersion if that was asked for.
    overall : float
        Rate of all areas together, on which the funnel closes.
    dispersion : float
        Variance of the areas' rates over what the Poisson law gives, the outermost tenth at either end drawn in;
        1 where chance explains them.
    """

    rates: FloatArray
    lower: FloatArray
    upper: FloatArray
    overall: float
    dispersion: float

    @property
    def is_outside(self) -> BoolArray:
        """Where a rate lies beyond its limits."""
        return (self.rates < self.lower) | (self.rates > self.upper)


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
    x, tail = _counts(counts), _tail(confidence)
    z = special.ndtri(1 - tail)
    few = x < EXACT_BELOW
    many = np.where(few, EXACT_BELOW, x)
    byar_lower = many * (1 - 1 / (9 * many) - z / (3 * np.sqrt(many))) ** 3
    byar_upper = (many + 1) * (1 - 1 / (9 * (many + 1)) + z / (3 * np.sqrt(many + 1))) ** 3
    exact_lower, exact_upper = exact_interval(x, confidence=confidence)
    exact = few | np.isnan(x)
    return np.where(exact, exact_lower, byar_lower), np.where(exact, exact_upper, byar_upper)


def exact_interval(counts: npt.ArrayLike, *, confidence: float = 0.95) -> tuple[FloatArray, FloatArray]:
    """Return the exact interval within which the true level behind each count lies.

    For counts that follow the Poisson law, from the chi-square law: half its quantile of 2x degrees of freedom below,
    of 2x + 2 above. Never narrower than stated, for any count; `byar_interval` is what public health prints.

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
    Garwood (1936), Biometrika 28(3/4), 437-442.
    """
    x, tail = _counts(counts), _tail(confidence)
    # Half a chi-square variable of 2x degrees of freedom is a gamma variable of shape x, which has no law at x = 0.
    lower = np.where(x == 0, 0.0, special.gammaincinv(np.where(x == 0, 1.0, x), tail))
    upper = np.asarray(special.gammaincinv(x + 1, 1 - tail), dtype=np.float64)
    return lower, upper


def dobson_interval(
    counts: npt.ArrayLike, weights: npt.ArrayLike, *, confidence: float = 0.95
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return a weighted sum of counts, such as harm or a standardised rate, and the interval of the true one.

    The interval of the plain number of incidents (`byar_interval`), moved to the weighted sum and stretched by its
    standard error. It takes the incidents, not their weights, as what chance decides.

    Parameters
    ----------
    counts : shape (n, k)
        Incidents of each of k kinds in each area.
    weights : shape (k,) or (n, k)
        What an incident of each kind adds: days of sentence, or the standard population over the area's own.
    confidence : float
        Between 0 and 1.

    Returns
    -------
    weighted, lower, upper : shape (n,)
        Weighted sum and its interval, in the unit of the weights. The interval is NaN where no incident with a
        weight was seen, since nothing then says how heavy the next would be.

    Raises
    ------
    GeoError
        If a count or weight is negative or missing, the shapes differ, or the confidence is not between 0 and 1.

    References
    ----------
    Dobson, Kuulasmaa, Eberle & Scherer (1991), Statistics in Medicine 10(3), 457-462.
    """
    x, w = _counts(counts), np.asarray(weights, dtype=np.float64)
    if x.ndim != 2 or w.shape not in (x.shape, x.shape[1:]):
        raise GeoError(
            f"There are counts of shape {x.shape} and weights of shape {w.shape}. Pass one weight for each kind."
        )
    if not (np.isfinite(x).all() and (w >= 0).all() and np.isfinite(w).all()):
        raise GeoError("A count or a weight is missing or below zero. Correct the weights, and give 0 for no incident.")
    counted = np.where(w > 0, x, 0).sum(axis=1)
    weighted, variance = (w * x).sum(axis=1), (w**2 * x).sum(axis=1)
    lower, upper = byar_interval(counted, confidence=confidence)
    stretch = np.sqrt(variance / np.where(counted > 0, counted, np.nan))
    return weighted, weighted + stretch * (lower - counted), weighted + stretch * (upper - counted)


def empirical_bayes(counts: npt.ArrayLike, population: npt.ArrayLike, *, per: float = 1000) -> SmoothedRates:
    """Draw each rate towards the overall rate, by how little its own population can tell (Marshall's global estimate).

    Where the rates vary no more than chance would make them, nothing is left that is an area's own: every smoothed
    rate is the overall one, never beyond it.

    Parameters
    ----------
    counts : shape (n,)
        Incidents; NaN where not known.
    population : shape (n,)
        People (or homes, or vehicles) that the counts are set against.
    per : float
        How many of them a rate is for.

    Returns
    -------
    SmoothedRates
        NaN where the count or the population is missing, or the population is nil.

    Raises
    ------
    GeoError
        If a count or a population is negative, or no area has both.

    References
    ----------
    Marshall (1991), Applied Statistics 40(2), 283-294.
    """
    number, people, overall = _pooled(counts, population)
    raw = number / people
    variance = np.nansum(people * (raw - overall) ** 2) / np.nansum(people)
    between = max(0.0, float(variance - overall / np.nanmean(people)))
    own_shares = np.where(np.isnan(raw), np.nan, between / (between + overall / people) if between > 0 else 0.0)
    return SmoothedRates(per * (overall + (raw - overall) * own_shares), own_shares, per * overall)


def funnel_limits(
    counts: npt.ArrayLike,
    population: npt.ArrayLike,
    *,
    per: float = 1000,
    confidence: float = 0.998,
    allow_for_dispersion: bool = False,
) -> FunnelLimits:
    """Return the limits within which rates would stay by chance, wide for few people and narrow for many.

    The exact limits of the Poisson law: a rate is above them just where chance would give as many incidents or more
    in less than half of what `confidence` leaves, and below them likewise. Between whole counts they are smoothed,
    so that the lines do not jump. Crime rates vary by
    more than chance nearly everywhere: with `allow_for_dispersion`, the distance of the limits from the overall rate
    is multiplied by the root of the dispersion where that is above 1, so that only what stands out among areas that
    differ anyway is outside.

    Parameters
    ----------
    counts : shape (n,)
        Incidents; NaN where not known.
    population : shape (n,)
        People (or homes, or vehicles) that the counts are set against.
    per : float
        How many of them a rate is for.
    confidence : float
        Share of rates that chance keeps within the limits: 0.95 and 0.998 are the usual two.
    allow_for_dispersion : bool
        Whether to widen the limits.

    Returns
    -------
    FunnelLimits
        NaN where the count or the population is missing, or the population is nil.

    Raises
    ------
    GeoError
        If a count or a population is negative, no area has both, or the confidence is not between 0 and 1.

    References
    ----------
    Spiegelhalter (2005), Statistics in Medicine 24(8), 1185-1202.
    """
    tail = _tail(confidence)
    number, people, overall = _pooled(counts, population)
    expected = overall * people
    z = (number - expected) / np.sqrt(np.where(expected > 0, expected, np.nan))
    dispersion = _dispersion(z[~np.isnan(z)])
    widening = np.sqrt(max(1.0, dispersion)) if allow_for_dispersion else 1.0
    # A quantile is the most that a tail below may hold; from above, it is the first count that lies outside.
    counts_at = np.maximum(0.0, _smoothed_quantile(tail, expected)), _smoothed_quantile(1 - tail, expected) + 1
    lower, upper = (overall + widening * (count / people - overall) for count in counts_at)
    return FunnelLimits(per * number / people, per * np.maximum(0.0, lower), per * upper, per * overall, dispersion)


def _counts(counts: npt.ArrayLike) -> FloatArray:
    x = np.asarray(counts, dtype=np.float64)
    if (x < 0).any():
        raise GeoError(f"{(x < 0).sum()} counts are below zero. Correct them at their source.")
    return x


def _tail(confidence: float) -> float:
    if not 0 < confidence < 1:
        raise GeoError(f"A confidence of {confidence} is not possible. Give one between 0 and 1, such as 0.95.")
    return (1 - confidence) / 2


def _pooled(counts: npt.ArrayLike, population: npt.ArrayLike) -> tuple[FloatArray, FloatArray, float]:
    """Return counts and populations, NaN in both where there is no rate, and the rate of all areas together."""
    number = _counts(counts)
    has_rate = ~np.isnan(rate_per(number, population))
    if not has_rate.any():
        raise GeoError("No area has both a count and a population, so there is no overall rate. Pass a population.")
    number = np.where(has_rate, number, np.nan)
    people = np.where(has_rate, np.asarray(population, dtype=np.float64), np.nan)
    return number, people, float(np.nansum(number) / np.nansum(people))


def _dispersion(z: FloatArray) -> float:
    if z.size == 0:
        return 1.0
    drawn_in = np.clip(z, *np.quantile(z, [WINSORISED_SHARE, 1 - WINSORISED_SHARE]))
    return float((drawn_in**2).mean())


def _smoothed_quantile(share: float, expected: FloatArray) -> FloatArray:
    """Return the count below which a share of the Poisson law lies, read off between whole counts."""
    known = ~np.isnan(expected)
    mean = np.where(known, expected, 1.0)
    count = np.ceil(special.pdtrik(share, mean))
    count += special.pdtr(count, mean) < share
    reached = special.pdtr(count, mean)
    below = np.where(count > 0, special.pdtr(np.maximum(count - 1, 0), mean), 0.0)
    return np.where(known, count - (reached - share) / (reached - below), np.nan)
