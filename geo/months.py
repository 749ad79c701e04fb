"""Whether a month is exceptional against the same place's past, season and spread taken into account.

The variance is fitted before a law is chosen, and the law is named in the answer. It says how rare, never why.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import special

from geo.frames import BoolArray, FloatArray, GeoError, IntArray

POISSON = "poisson"
NEGATIVE_BINOMIAL = "negative_binomial"
MONTHS_IN_YEAR = 12


@dataclass(frozen=True)
class SeasonalBaseline:
    """What each month would have been, had nothing changed but the season.

    Attributes
    ----------
    index : shape (12,)
        January to December, each as a multiple of the average month; NaN for a calendar month that was never seen.
    level : shape (n,)
        Incidents in an average month of each place.
    expected : shape (n, m)
        The level times the index of each month. Each place's expected total is what was counted there.
    """

    index: FloatArray
    level: FloatArray
    expected: FloatArray


@dataclass(frozen=True)
class MonthTest:
    """How rare a month is.

    Attributes
    ----------
    expected, variance : shape (n,)
        Of the month, before it was seen.
    law : array of str, shape (n,)
        `poisson` or `negative_binomial`: the law by which the chances were worked out.
    p_at_least, p_at_most : shape (n,)
        Chance of at least, and of at most, as many as were seen. Each is one-sided.
    """

    expected: FloatArray
    variance: FloatArray
    law: npt.NDArray[np.str_]
    p_at_least: FloatArray
    p_at_most: FloatArray


def seasonal_baseline(counts: npt.ArrayLike, calendar_months: npt.ArrayLike) -> SeasonalBaseline:
    """Split series of months into a level for each place and one season for them all.

    The season is that of all places together, since a place alone has too few incidents in two Januaries to show its
    own. Pass places that share a season, and whole years: half a year more would be read as season.

    Parameters
    ----------
    counts : shape (n, m)
        Whole numbers of incidents in n places and m months.
    calendar_months : shape (m,)
        1 for January to 12 for December.

    Returns
    -------
    SeasonalBaseline
        With an index of 1 throughout where there are no incidents at all.

    Raises
    ------
    GeoError
        If a count is missing, negative or not whole, a month is not 1 to 12, or the shapes differ.
    """
    values, months = _whole_counts(counts), np.asarray(calendar_months)
    if values.ndim != 2 or months.shape != values.shape[1:] or not months.size:
        raise GeoError(
            f"There are counts of shape {values.shape} for {months.size} months. "
            "Pass one row a place and one column a month."
        )
    if not np.isin(months, np.arange(1, MONTHS_IN_YEAR + 1)).all():
        raise GeoError("A calendar month is a whole number from 1 to 12. Pass the month of each column's date.")
    position = months.astype(np.int64) - 1
    seen = np.bincount(position, minlength=MONTHS_IN_YEAR).astype(np.float64)
    totals = np.bincount(position, values.sum(axis=0), minlength=MONTHS_IN_YEAR)
    mean = np.where(seen > 0, totals, np.nan) / np.maximum(seen, 1)
    index = mean / np.nanmean(mean) if totals.any() else np.where(seen > 0, 1.0, np.nan)
    level = values.sum(axis=1) / index[position].sum()
    return SeasonalBaseline(index, level, np.multiply.outer(level, index[position]))


def judge_month(seen: npt.ArrayLike, expected: npt.ArrayLike, variance: npt.ArrayLike) -> MonthTest:
    """Say how rare a month is, where its mean and variance are taken as known.

    Parameters
    ----------
    seen : shape (n,)
        Whole numbers of incidents.
    expected, variance : shape (n,)
        Of the month. The law is the negative binomial where the variance is larger than the mean, otherwise Poisson.

    Returns
    -------
    MonthTest

    Raises
    ------
    GeoError
        If a count is missing, negative or not whole, a mean or variance is missing or negative, or the shapes differ.
    """
    x = _whole_counts(seen)
    mean, spread = np.asarray(expected, dtype=np.float64), np.asarray(variance, dtype=np.float64)
    if not x.shape == mean.shape == spread.shape:
        raise GeoError(f"There are {x.size} counts, {mean.size} means and {spread.size} variances. Pass one of each.")
    if not ((mean >= 0) & (spread >= 0) & np.isfinite(mean) & np.isfinite(spread)).all():
        raise GeoError("Means and variances of months must be known and 0 or more. Fit them with exceptional_month().")
    varied = (spread > mean) & (mean > 0)
    extra = np.where(varied, spread - mean, 1.0)
    share, size = np.where(varied, extra / np.where(varied, spread, 1.0), 0.5), np.where(varied, mean, 1.0) ** 2 / extra
    some = np.maximum(x, 1)
    at_least = np.where(varied, special.betainc(some, size, share), special.gammainc(some, mean))
    at_most = np.where(varied, special.betainc(size, x + 1, 1 - share), special.gammaincc(x + 1, mean))
    return MonthTest(mean, spread, _laws(varied), np.where(x > 0, at_least, 1.0), at_most)


def exceptional_month(
    past: npt.ArrayLike, seen: npt.ArrayLike, *, past_index: npt.ArrayLike | None = None, index: float = 1.0
) -> MonthTest:
    """Say how rare a month is against the past months of the same place.

    The level and the spread are fitted to the past months by the method of moments, with the season taken out if it
    is given. Where they vary no more than the Poisson law, the chance is that of the exact conditional test (given
    the sum of past and present, the binomial law). Where they vary more, it is the negative binomial's, with a
    variance that grows with the square of the level. Both allow for the past being a sample: twelve months do not
    tell their mean exactly. No test decides between the laws, since one of a dozen months would mostly miss a spread
    that doubles the false alarms.

    Parameters
    ----------
    past : shape (n, m)
        Whole numbers of incidents in n places and m past months.
    seen : shape (n,)
        Those of the month in question.
    past_index : shape (m,), optional
        What is usual in each past month as a multiple of the average one, such as the index of `seasonal_baseline`;
        1 if not given.
    index : float
        What is usual in the month in question, likewise.

    Returns
    -------
    MonthTest
        Its variance includes the doubt about the mean.

    Raises
    ------
    GeoError
        If a count is missing, negative or not whole, an index is not above zero, there are fewer than two past months,
        or the shapes differ.

    References
    ----------
    Przyborowski & Wilenski (1940), Biometrika 31(3/4), 313-323, for the conditional test; Farrington et al. (1996),
    Journal of the Royal Statistical Society A 159(3), 547-563, for the doubt about the mean.
    """
    values, x = _whole_counts(past), _whole_counts(seen)
    if values.ndim != 2 or x.shape != values.shape[:1]:
        raise GeoError(f"There are past counts of shape {values.shape} for {x.size} places. Pass one row a place.")
    months = values.shape[1]
    if months < 2:
        raise GeoError(f"A spread cannot be fitted to {months} past months. Give two or more, better twelve.")
    usual = np.ones(months) if past_index is None else np.asarray(past_index, dtype=np.float64)
    if usual.shape != (months,):
        raise GeoError(f"There are {usual.size} index values for {months} past months. Pass one a month.")
    if not ((usual > 0).all() and np.isfinite(usual).all() and np.isfinite(index) and index > 0):
        raise GeoError("An index must be above zero. Make the season from more places, so that no month is empty.")
    total = values.sum(axis=1)
    level = total / usual.sum()
    fitted = np.multiply.outer(level, usual)
    squares = ((values - fitted) ** 2).sum(axis=1) * months / (months - 1)
    # What months vary beyond Poisson's law, and rounding does not tell from nothing, is nothing: otherwise the order of
    # the months would choose the law where both are just equal.
    beyond = squares - total
    beyond = np.where(beyond > 1e-9 * total, beyond, 0.0)
    extra = beyond / np.where(total > 0, (fitted**2).sum(axis=1), 1.0)
    mean = level * index
    doubt = (fitted + extra[:, np.newaxis] * fitted**2).sum(axis=1) * (index / usual.sum()) ** 2
    varied = judge_month(x, mean, mean + extra * mean**2 + doubt)
    share = index / (index + usual.sum())
    at_least = np.where(x > 0, special.betainc(np.maximum(x, 1), total + 1, share), 1.0)
    at_most = np.where(total > 0, special.betainc(np.maximum(total, 1), x + 1, 1 - share), 1.0)
    return MonthTest(
        mean,
        varied.variance,
        _laws(extra > 0),
        np.where(extra > 0, varied.p_at_least, at_least),
        np.where(extra > 0, varied.p_at_most, at_most),
    )


def usual_range(test: MonthTest, *, share: float = 0.9) -> tuple[IntArray, IntArray]:
    """Give the counts between which a month would lie but for the rarest, alike at both ends.

    The law is that of `judge_month` with the test's mean and variance: negative binomial where the variance is the
    larger, as it is wherever the doubt about the mean is in it, and otherwise Poisson's.

    Parameters
    ----------
    test : MonthTest
        From `exceptional_month` or `judge_month`.
    share : float
        How much of all chance the range holds at least, between 0 and 1.

    Returns
    -------
    low, high : shape (n,)
        Both ends are usual. Fewer than low, and more than high, each have a chance of at most half of what is left.

    Raises
    ------
    GeoError
        If the share is not between 0 and 1.
    """
    if not 0 < share < 1:
        raise GeoError(f"A range cannot hold a share of {share}. Give one between 0 and 1, such as 0.9.")
    tail = (1 - share) / 2
    ends = np.zeros((2, test.expected.size), dtype=np.int64)
    for place, (mean, variance) in enumerate(zip(test.expected, test.variance, strict=True)):
        # No law of this mean and variance has more than the tail beyond (Cantelli's inequality).
        counts = np.arange(int(mean + np.sqrt(variance * (1 - tail) / tail)) + 2)
        up_to = judge_month(counts, np.full(counts.size, mean), np.full(counts.size, variance)).p_at_most
        ends[:, place] = np.searchsorted(up_to, (tail, 1 - tail))
    return ends[0], ends[1]


def _laws(varied: BoolArray) -> npt.NDArray[np.str_]:
    return np.where(varied, NEGATIVE_BINOMIAL, POISSON)


def _whole_counts(counts: npt.ArrayLike) -> FloatArray:
    values = np.asarray(counts, dtype=np.float64)
    if not np.isfinite(values).all() or ((values < 0) | (values != np.round(values))).any():
        raise GeoError(
            "Only whole counts of 0 or more can be judged by month. Leave out months that were not observed."
        )
    return values
