"""Whether two counts differ by more than chance would explain.

Compares counts over periods of equal length; it says nothing of why they differ.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import special

from geo.frames import BoolArray, FloatArray, GeoError


@dataclass(frozen=True)
class CountChange:
    """How counts changed, and what chance alone could have done.

    Attributes
    ----------
    difference : shape (n,)
        After less before.
    ratio : shape (n,)
        After divided by before; NaN where before is nil.
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


def compare_counts(before: npt.ArrayLike, after: npt.ArrayLike, *, confidence: float = 0.95) -> CountChange:
    """Compare counts from two periods of equal length by the exact conditional test.

    Given their sum, the later of two Poisson counts of one level follows the binomial law with a half. The
    two-sided p is twice the smaller tail, so that it agrees with the interval (Clopper and Pearson's). Crime often
    varies more than the Poisson law: take the p as the least doubt there is.

    Parameters
    ----------
    before, after : shape (n,)
        Whole numbers of incidents; NaN where not known.
    confidence : float
        Of the interval, between 0 and 1.

    Returns
    -------
    CountChange
        NaN throughout where a count is not known.

    Raises
    ------
    GeoError
        If a count is negative or not whole, the shapes differ, or the confidence is not between 0 and 1.

    References
    ----------
    Przyborowski & Wilenski (1940), Biometrika 31(3/4), 313-323; Fay (2010), The R Journal 2(1), 53-58.
    """
    b, a = np.asarray(before, dtype=np.float64), np.asarray(after, dtype=np.float64)
    if b.shape != a.shape:
        raise GeoError(f"There are {b.size} counts before and {a.size} after. Pass the same areas for both.")
    if not 0 < confidence < 1:
        raise GeoError(f"A confidence of {confidence} is not possible. Give one between 0 and 1, such as 0.95.")
    unknown = np.isnan(b) | np.isnan(a)
    b, a = np.where(unknown, np.nan, b), np.where(unknown, np.nan, a)
    known = np.concatenate([b[~unknown], a[~unknown]])
    if ((known < 0) | (known != np.round(known))).any():
        raise GeoError("Only whole counts of 0 or more can be compared. Pass counts, not rates or weights.")
    tail = (1 - confidence) / 2
    # The incomplete beta functions have no value at a count of nil, where a tail is the whole law.
    at_least = np.where(a > 0, special.betainc(np.fmax(a, 1), b + 1, 0.5), 1.0)
    at_most = np.where(b > 0, special.betainc(np.fmax(b, 1), a + 1, 0.5), 1.0)
    share_lower = np.where(a > 0, special.betaincinv(np.fmax(a, 1), b + 1, tail), 0.0)
    share_upper = np.where(b > 0, special.betaincinv(a + 1, np.fmax(b, 1), 1 - tail), 1.0)
    with np.errstate(divide="ignore"):
        lower, upper = share_lower / (1 - share_lower), share_upper / (1 - share_upper)
    return CountChange(
        difference=a - b,
        ratio=a / np.where(b > 0, b, np.nan),
        ratio_lower=np.where(unknown, np.nan, lower),
        ratio_upper=np.where(unknown, np.nan, upper),
        p=np.where(unknown, np.nan, np.minimum(1.0, 2 * np.minimum(at_least, at_most))),
        confidence=confidence,
    )
