"""How much more counts vary from month to month than the Poisson law says, each line steadied by the others.

It says nothing of why they do, and it cannot see what lifts or lowers a whole year alike.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import special

from geo.frames import FloatArray, GeoError

LEAST_ESTIMATE = 0.1
"""Months as even as this are not an answer but luck, or rounding: a line that never moves must not sway the others."""
FEWEST_TO_STEADY = 3
"""Of fewer lines it cannot be told how far their factors differ."""
_NEWTON_STEPS = 30


@dataclass(frozen=True)
class Dispersion:
    """How many times its mean each line's variance is, and how well that is known.

    Attributes
    ----------
    factor : shape (n,)
        Never below 1, since counts that vary less than the Poisson law allows are luck.
    freedom : shape (n,)
        Degrees of freedom that each factor rests on: the law to refer a standardised change to is Student's with as
        many; infinite where the Poisson law is taken as it is, or all lines vary alike.
    """

    factor: FloatArray
    freedom: FloatArray


def month_dispersion(before: npt.ArrayLike, after: npt.ArrayLike) -> tuple[FloatArray, FloatArray]:
    """Estimate each line's factor from the months of two years.

    Pearson's chi-squared of the table of 2 years by 12 calendar months, divided by its degrees of freedom: what is left
    when the year's level and the season are taken out. It is 1 on average under the Poisson law whatever the counts,
    since given both margins chi-squared is expected to be its degrees of freedom times N / (N - 1), which is allowed
    for.

    Parameters
    ----------
    before, after : shape (n, m)
        Counts of each line in the m months of the year before and of the year after, in the same order; NaN where not
        known.

    Returns
    -------
    factor : shape (n,)
        Above or below 1; NaN where a month is not known, or fewer than two months or one year have any count.
    freedom : shape (n,)
        Months with any count, less one; 0 where there is no factor.

    Raises
    ------
    GeoError
        If the shapes differ or are not lines by months, or a count is negative.

    References
    ----------
    McCullagh & Nelder (1989), Generalized Linear Models, 2nd edition, sections 4.5 and 6.2.3; for the mean given both
    margins, Haldane (1940), Biometrika 31(3/4), 346-355.
    """
    b, a = np.asarray(before, dtype=np.float64), np.asarray(after, dtype=np.float64)
    if b.shape != a.shape or b.ndim != 2:
        raise GeoError(
            f"Months of shape {b.shape} before and {a.shape} after are no two tables of lines by the same months. "
            "Pass one row a line and one column a month."
        )
    if (b < 0).any() or (a < 0).any():
        raise GeoError("A count is below zero. Pass counts, not changes.")
    months, years = b + a, (b.sum(axis=1), a.sum(axis=1))
    everything = months.sum(axis=1)
    freedom = (months > 0).sum(axis=1) - 1.0
    is_known = (freedom >= 1) & (years[0] > 0) & (years[1] > 0)
    whole = np.where(is_known, everything, np.nan)
    chi_squared = np.zeros(len(b))
    for counts, year in ((b, years[0]), (a, years[1])):
        expected = months * (year / whole)[:, None]
        chi_squared += ((counts - expected) ** 2 / np.where(months > 0, expected, 1.0)).sum(axis=1)
    return chi_squared * (whole - 1) / whole / np.fmax(freedom, 1), np.where(is_known, freedom, 0.0)


def steadied(factor: npt.ArrayLike, freedom: npt.ArrayLike) -> Dispersion:
    """Draw each line's factor towards what lines like it have, the more so the less its own months tell.

    Twelve months tell little of one line: a factor of 2 may be seen as anything from 0.7 to 4. The true factors are
    taken to follow a scaled inverse chi-squared law, whose middle and width are estimated from all lines together; the
    wider they truly differ, the less is drawn in. Each is then bounded below by 1.

    Parameters
    ----------
    factor, freedom : shape (n,)
        From `month_dispersion`. A line without a factor is given what the others have.

    Returns
    -------
    Dispersion
        With a factor of 1 and infinite freedom where no line has a factor.

    Raises
    ------
    GeoError
        If the shapes differ.

    References
    ----------
    Smyth (2004), Statistical Applications in Genetics and Molecular Biology 3(1), article 3, section 6.2; for counts,
    Lund, Nettleton, McCarthy & Smyth (2012), the same journal 11(5), article 8.
    """
    own, rests_on = np.asarray(factor, dtype=np.float64), np.asarray(freedom, dtype=np.float64)
    if own.shape != rests_on.shape:
        raise GeoError(f"There are {own.size} factors and {rests_on.size} degrees of freedom. Pass one for each line.")
    known = ~np.isnan(own)
    if not known.any():
        return Dispersion(np.ones(own.shape), np.full(own.shape, np.inf))
    common, held = _shared(np.fmax(own[known], LEAST_ESTIMATE), rests_on[known])
    weight = np.where(known, rests_on, 0.0)
    if np.isinf(held):
        found, together = np.full(own.shape, common), np.full(own.shape, np.inf)
    else:
        together = held + weight
        # Without a common law, a line with months of its own stands by itself.
        found = (held * common + weight * np.where(known, own, 0.0)) / np.where(together > 0, together, 1.0)
        lone = together == 0
        found, together = np.where(lone, common, found), np.where(lone, rests_on[known].sum(), together)
    return Dispersion(np.fmax(found, 1.0), together)


def _shared(factor: FloatArray, freedom: FloatArray) -> tuple[float, float]:
    """The middle of the law that true factors follow, and how many degrees of freedom it is worth.

    Infinite where they differ by no more than chance; 0 where there are too few to tell.
    """
    pooled = float((factor * freedom).sum() / freedom.sum())
    if factor.size < FEWEST_TO_STEADY:
        return pooled, 0.0
    logs = np.log(factor) - special.digamma(freedom / 2) + np.log(freedom / 2)
    beyond_chance = float(logs.var(ddof=1) - special.polygamma(1, freedom / 2).mean())
    if beyond_chance <= 0:
        return pooled, np.inf
    half = _inverse_trigamma(beyond_chance)
    return float(np.exp(logs.mean() + special.digamma(half) - np.log(half))), 2 * half


def _inverse_trigamma(value: float) -> float:
    """Return where the trigamma function has a value above zero, by Newton's method as Smyth (2004) takes it."""
    found = 0.5 + 1 / value
    for _ in range(_NEWTON_STEPS):
        at = float(special.polygamma(1, found))
        found += at * (1 - at / value) / float(special.polygamma(2, found))
    return found
