"""Shares of people asked in a survey: the range that sampling leaves them, and whether two differ by more than chance.

Sizes are effective ones: the number asked, divided by the survey's design effect.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import special

from geo.frames import BoolArray, FloatArray, GeoError


@dataclass(frozen=True)
class ShareChange:
    """How shares changed, and what sampling alone could have done.

    Attributes
    ----------
    difference : shape (n,)
        After less before.
    lower, upper : shape (n,)
        Interval of the true difference.
    p : shape (n,)
        Chance of a difference at least this large, either way, if the true share had stayed the same; 1 where
        everybody, or nobody, said so both times.
    confidence : float
        Of the interval.
    """

    difference: FloatArray
    lower: FloatArray
    upper: FloatArray
    p: FloatArray
    confidence: float


def effective_size(size: float, *, design_effect: float) -> float:
    """How many people drawn wholly by chance would tell as much as a survey did.

    Parameters
    ----------
    size : float
        People asked.
    design_effect : float
        How many times as uncertain its shares are, in variance, as those of as many people drawn wholly by chance.

    Returns
    -------
    float

    Raises
    ------
    GeoError
        If nobody was asked, or the design effect is not above zero.

    References
    ----------
    Kish (1965), Survey Sampling, section 8.2.
    """
    if not size > 0 or not design_effect > 0:
        raise GeoError(f"{size} people with a design effect of {design_effect} tell nothing. Give numbers above 0.")
    return size / design_effect


def wilson_interval(
    shares: npt.ArrayLike, sizes: npt.ArrayLike, *, confidence: float = 0.95
) -> tuple[FloatArray, FloatArray]:
    """Give the range in which the true share lies (Wilson's score interval), never beyond nobody or everybody.

    Parameters
    ----------
    shares : shape (n,)
        From 0 to 1; NaN where not known.
    sizes : shape (n,)
        Effective sample sizes.
    confidence : float
        Between 0 and 1.

    Returns
    -------
    lower, upper : shape (n,)
        NaN where a share is not known.

    Raises
    ------
    GeoError
        If a share is not between 0 and 1, a size not above zero, or the confidence not between them.

    References
    ----------
    Wilson (1927), Journal of the American Statistical Association 22(158), 209-212.
    """
    share, size, z = _checked(shares, sizes, confidence)
    shrunk = 1 + z**2 / size
    middle = (share + z**2 / (2 * size)) / shrunk
    half = z / shrunk * np.sqrt(share * (1 - share) / size + z**2 / (4 * size**2))
    return np.clip(middle - half, 0, 1), np.clip(middle + half, 0, 1)


def compare_shares(
    before: npt.ArrayLike,
    after: npt.ArrayLike,
    *,
    sizes_before: npt.ArrayLike,
    sizes_after: npt.ArrayLike,
    confidence: float = 0.95,
) -> ShareChange:
    """Compare shares of two separate samples.

    The interval is Newcombe's, of the two Wilson intervals; the chance is that of the test of two proportions with a
    pooled variance. Samples that share people, as overlapping years of a rolling survey do, may not be compared so.

    Parameters
    ----------
    before, after : shape (n,)
        From 0 to 1; NaN where not known.
    sizes_before, sizes_after : shape (n,)
        Effective sample sizes.
    confidence : float
        Of the interval, between 0 and 1.

    Returns
    -------
    ShareChange
        NaN throughout where a share is not known.

    Raises
    ------
    GeoError
        If a share is not between 0 and 1, a size not above zero, or the confidence not between them.

    References
    ----------
    Newcombe (1998), Statistics in Medicine 17(8), 873-890, method 10.
    """
    b, n_before, _ = _checked(before, sizes_before, confidence)
    a, n_after, _ = _checked(after, sizes_after, confidence)
    b_lower, b_upper = wilson_interval(b, n_before, confidence=confidence)
    a_lower, a_upper = wilson_interval(a, n_after, confidence=confidence)
    difference = a - b
    pooled = (b * n_before + a * n_after) / (n_before + n_after)
    spread = np.sqrt(pooled * (1 - pooled) * (1 / n_before + 1 / n_after))
    z = np.divide(np.abs(difference), spread, out=np.zeros_like(difference), where=spread > 0)
    return ShareChange(
        difference=difference,
        lower=difference - np.hypot(a - a_lower, b_upper - b),
        upper=difference + np.hypot(a_upper - a, b - b_lower),
        p=np.where(np.isnan(difference), np.nan, 2 * special.ndtr(-z)),
        confidence=confidence,
    )


def _checked(shares: npt.ArrayLike, sizes: npt.ArrayLike, confidence: float) -> tuple[FloatArray, FloatArray, float]:
    """Arrays of one shape, and how many standard deviations the confidence stands for."""
    share, size = np.broadcast_arrays(np.asarray(shares, dtype=np.float64), np.asarray(sizes, dtype=np.float64))
    if not 0 < confidence < 1:
        raise GeoError(f"A confidence of {confidence} is not possible. Give one between 0 and 1, such as 0.95.")
    outside: BoolArray = (share < 0) | (share > 1)
    if outside.any():
        raise GeoError("A share of people lies between 0 and 1. Divide per cent by 100.")
    if not (size > 0).all():
        raise GeoError("Some shares come with a sample of nobody. Leave them out.")
    return share, size, float(special.ndtri((1 + confidence) / 2))
