"""Whether counts differ from one period to another, or rise or fall along a series, by more than chance would explain.

It says nothing of why they do.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import special

from geo.dispersion import Dispersion
from geo.frames import BoolArray, FloatArray, GeoError

_ROUNDING = 1e-7


@dataclass(frozen=True)
class CountChange:
    """How counts changed, and what chance alone could have done.

    Attributes
    ----------
    difference : shape (n,)
        After less what before would have come to over as much exposure.
    ratio : shape (n,)
        After divided by before, each for equal exposure; NaN where before is nil.
    ratio_lower, ratio_upper : shape (n,)
        Interval of the true ratio; the upper end is infinite where before is nil, the lower end 0 where after is.
    p : shape (n,)
        Chance of a difference at least this large, either way, if the true level had stayed the same.
    confidence : float
        Of the interval.
    """

    difference: FloatArray
    ratio: FloatArray
    ratio_lower: FloatArray
    ratio_upper: FloatArray
    p: FloatArray
    confidence: float

    @property
    def is_beyond_chance(self) -> BoolArray:
        """Where the change is more than chance would explain; just there the interval leaves out a ratio of 1."""
        return self.p < 1 - self.confidence


@dataclass(frozen=True)
class Trend:
    """Whether series rise or fall.

    Attributes
    ----------
    s : shape (n,)
        How many more pairs of bins rise than fall (Kendall's S).
    z : shape (n,)
        S in standard deviations, corrected for continuity; 0 where every value of the series is equal.
    p : shape (n,)
        Chance of a trend at least this strong, either way, were the order of the bins chance.
    """

    s: FloatArray
    z: FloatArray
    p: FloatArray


def compare_counts(
    before: npt.ArrayLike,
    after: npt.ArrayLike,
    *,
    confidence: float = 0.95,
    exposure_ratio: float = 1.0,
    dispersion: Dispersion | None = None,
) -> CountChange:
    """Compare counts from two periods by the exact conditional test.

    Given their sum, the later of two Poisson counts of one level follows the binomial law, with a half where the
    periods are equal. The two-sided p is twice the smaller tail, so that it agrees with the interval (Clopper and
    Pearson's). Crime often varies more than the Poisson law. Without `dispersion`, take the p as the least doubt there
    is. With it, the counts are taken to tell as much as so many times fewer would, which widens the standard error of
    the logarithm of the ratio by the root of the factor (quasi-likelihood); and since the factor is itself estimated,
    the normal deviate of each tail is referred to Student's law with the factor's degrees of freedom.

    Parameters
    ----------
    before, after : shape (n,)
        Whole numbers of incidents; NaN where not known.
    confidence : float
        Of the interval, between 0 and 1.
    exposure_ratio : float
        The length of the period after divided by that of the period before: 1/12 for a month against a year.
    dispersion : Dispersion
        Of each line, from `geo.dispersion`; the Poisson law unless given.

    Returns
    -------
    CountChange
        NaN throughout where a count is not known.

    Raises
    ------
    GeoError
        If a count is negative or not whole, the shapes differ, the confidence is not between 0 and 1, or the ratio
        is not above zero.

    References
    ----------
    Przyborowski & Wilenski (1940), Biometrika 31(3/4), 313-323; Fay (2010), The R Journal 2(1), 53-58; McCullagh &
    Nelder (1989), Generalized Linear Models, 2nd edition, sections 4.5 and 9.2; for Student's law, Lund, Nettleton,
    McCarthy & Smyth (2012), Statistical Applications in Genetics and Molecular Biology 11(5), article 8.
    """
    b, a, unknown = _paired_counts(before, after, exposure_ratio)
    if not 0 < confidence < 1:
        raise GeoError(f"A confidence of {confidence} is not possible. Give one between 0 and 1, such as 0.95.")
    given = Dispersion(np.ones(b.shape), np.full(b.shape, np.inf)) if dispersion is None else dispersion
    if given.factor.shape != b.shape or given.freedom.shape != b.shape:
        raise GeoError(f"There are {b.size} lines and {given.factor.size} factors. Pass one for each line.")
    difference, b, a = a - b * exposure_ratio, b / given.factor, a / given.factor
    tail, share = _normal_tail((1 - confidence) / 2, given.freedom), exposure_ratio / (1 + exposure_ratio)
    # The incomplete beta functions have no value at a count of nil, where a tail is the whole law.
    some_b, some_a = np.where(b > 0, b, 1.0), np.where(a > 0, a, 1.0)
    at_least = np.where(a > 0, special.betainc(some_a, b + 1, share), 1.0)
    at_most = np.where(b > 0, special.betainc(some_b, a + 1, 1 - share), 1.0)
    share_lower = np.where(a > 0, special.betaincinv(some_a, b + 1, tail), 0.0)
    share_upper = np.where(b > 0, special.betainccinv(a + 1, some_b, tail), 1.0)
    p = np.minimum(1.0, 2 * np.minimum(at_least, at_most))
    with np.errstate(divide="ignore"):
        lower, upper = share_lower / (1 - share_lower), share_upper / (1 - share_upper)
    return CountChange(
        difference=difference,
        ratio=a / np.where(b > 0, b * exposure_ratio, np.nan),
        ratio_lower=np.where(unknown, np.nan, lower / exposure_ratio),
        ratio_upper=np.where(unknown, np.nan, upper / exposure_ratio),
        p=np.where(unknown, np.nan, 2 * _students_tail(p / 2, given.freedom)),
        confidence=confidence,
    )


def e_test(before: npt.ArrayLike, after: npt.ArrayLike, *, exposure_ratio: float = 1.0) -> FloatArray:
    """Compare counts from two periods by the E-test, which finds more than the conditional test in small counts.

    The chance, were both counts Poisson of one level (as estimated from their sum), of a standardised difference at
    least as large as the one seen, either way. Unlike `compare_counts` it may exceed its level slightly, and it has
    no interval to agree with. Worked out sum by sum: given the sum, the law is binomial and the two tails are known.

    Parameters
    ----------
    before, after : shape (n,)
        Whole numbers of incidents; NaN where not known.
    exposure_ratio : float
        The length of the period after divided by that of the period before.

    Returns
    -------
    shape (n,)
        p between 0 and 1, 1 where both counts are nil; NaN where a count is not known.

    Raises
    ------
    GeoError
        If a count is negative or not whole, the shapes differ, or the ratio is not above zero.

    References
    ----------
    Krishnamoorthy & Thomson (2004), Journal of Statistical Planning and Inference 119(1), 23-35.
    """
    b, a, unknown = _paired_counts(before, after, exposure_ratio)
    p = np.full(b.shape, np.nan)
    pairs, pair = np.unique(np.column_stack([b[~unknown], a[~unknown]]), axis=0, return_inverse=True)
    p[~unknown] = _e_test_of_pairs(pairs[:, 0], pairs[:, 1], exposure_ratio)[pair.ravel()]
    return p


def mann_kendall(series: npt.ArrayLike) -> Trend:
    """Test whether series rise or fall, by the order of their values alone.

    The normal approximation with its correction for ties and continuity; good from about ten bins on.

    Parameters
    ----------
    series : shape (n, m)
        For each of n places the values in m bins of time, oldest first; NaN where not known.

    Returns
    -------
    Trend
        NaN throughout for a place with a bin that is not known.

    Raises
    ------
    GeoError
        If there are fewer than two bins.

    References
    ----------
    Mann (1945), Econometrica 13(3), 245-259; Kendall (1975), Rank Correlation Methods.
    """
    values = np.asarray(series, dtype=np.float64)
    if values.ndim != 2 or values.shape[1] < 2:
        raise GeoError(
            f"A trend needs places by bins of time, at least two bins, but the series have shape {values.shape}. "
            "Pass one row a place and one column a bin."
        )
    bins, unknown = values.shape[1], np.isnan(values).any(axis=1)
    columns = np.ascontiguousarray(values.T)
    s = np.zeros(len(values))
    ties = np.zeros(len(values))
    for column in columns:
        # Each of the t values of a tie finds t equals, so that the sum over values is the sum over ties.
        equals = (columns == column).sum(axis=0)
        ties += (equals - 1) * (2 * equals + 5)
    for earlier in range(bins - 1):
        later = columns[earlier + 1 :]
        s += (later > columns[earlier]).sum(axis=0)
        s -= (later < columns[earlier]).sum(axis=0)
    s[unknown] = np.nan
    variance = np.where(unknown, np.nan, bins * (bins - 1) * (2 * bins + 5) - ties) / 18
    z = (s - np.sign(s)) / np.sqrt(np.where(variance == 0, 1.0, variance))
    return Trend(s, z, 2 * special.ndtr(-np.abs(z)))


def _students_tail(tail: FloatArray, freedom: FloatArray) -> FloatArray:
    """The tail of Student's law beyond the deviate that leaves the normal law a tail (at most a half) of this size."""
    finite = np.where(np.isinf(freedom), 1.0, freedom)
    return np.where(np.isinf(freedom), tail, special.stdtr(finite, special.ndtri(tail)))


def _normal_tail(tail: float, freedom: FloatArray) -> FloatArray:
    """The other way round: the tail of the normal law that answers to one of Student's."""
    finite = np.where(np.isinf(freedom), 1.0, freedom)
    return np.where(np.isinf(freedom), tail, special.ndtr(special.stdtrit(finite, tail)))


def _paired_counts(
    before: npt.ArrayLike, after: npt.ArrayLike, exposure_ratio: float
) -> tuple[FloatArray, FloatArray, BoolArray]:
    b, a = np.asarray(before, dtype=np.float64), np.asarray(after, dtype=np.float64)
    if b.shape != a.shape:
        raise GeoError(f"There are {b.size} counts before and {a.size} after. Pass the same areas for both.")
    if not (np.isfinite(exposure_ratio) and exposure_ratio > 0):
        raise GeoError(f"One period cannot be {exposure_ratio} times as long as another. Give a ratio above zero.")
    unknown = np.isnan(b) | np.isnan(a)
    b, a = np.where(unknown, np.nan, b), np.where(unknown, np.nan, a)
    known = np.concatenate([b[~unknown], a[~unknown]])
    if ((known < 0) | (known != np.round(known))).any():
        raise GeoError("Only whole counts of 0 or more can be compared. Pass counts, not rates or weights.")
    return b, a, unknown


def _e_test_of_pairs(before: FloatArray, after: FloatArray, exposure_ratio: float) -> FloatArray:
    total, share = before + after, exposure_ratio / (1 + exposure_ratio)
    statistic = (exposure_ratio * before - after) ** 2 / np.where(total > 0, exposure_ratio**2 * before + after, 1.0)
    # The sums that matter: the Poisson law leaves less than 1e-12 beyond nine standard deviations and some.
    reach = np.ceil(9 * np.sqrt(total) + 20)
    first = np.maximum(total - reach, 0)
    lengths = (total + reach - first + 1).astype(np.int64)
    pair = np.repeat(np.arange(total.size), lengths)
    sums = np.arange(pair.size) - np.repeat(np.cumsum(lengths) - lengths - first, lengths)
    seen = statistic[pair]
    # The later counts whose statistic equals the one seen are the roots of a quadratic; those beyond are as extreme.
    half = 2 * exposure_ratio * sums * (1 + exposure_ratio) + seen * (1 - exposure_ratio**2)
    quadratic, constant = (1 + exposure_ratio) ** 2, exposure_ratio**2 * sums * (sums - seen)
    spread = np.sqrt(np.maximum(half**2 - 4 * quadratic * constant, 0.0))
    low = np.floor((half - spread) / (2 * quadratic) + _ROUNDING)
    high = np.ceil((half + spread) / (2 * quadratic) - _ROUNDING)
    beyond = _at_most(low, sums, share) + 1 - _at_most(np.maximum(high, low + 1) - 1, sums, share)
    beyond[sums == 0] = seen[sums == 0] == 0
    mass = np.exp(special.xlogy(sums, total[pair]) - total[pair] - special.gammaln(sums + 1))
    return np.minimum(np.bincount(pair, mass * beyond, minlength=total.size), 1.0)


def _at_most(successes: FloatArray, trials: FloatArray, share: float) -> FloatArray:
    """Return the binomial chance of at most so many successes, for any whole number of them."""
    inside = np.clip(successes, 0, np.maximum(trials - 1, 0))
    law = special.betainc(np.maximum(trials - inside, 1), inside + 1, 1 - share)
    chance: FloatArray = np.where(successes < 0, 0.0, np.where(successes >= trials, 1.0, law))
    return chance
