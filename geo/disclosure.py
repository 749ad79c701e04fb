"""Counts made fit for readers who may not see small numbers.

The one rule: small counts look alike, all others are rounded. The same count always gives the same answer, and
nothing returned here, nor its order, tells what is hidden.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from geo.frames import BoolArray, FloatArray, GeoError


@dataclass(frozen=True)
class ProtectedCounts:
    """Counts as they may be shown.

    Attributes
    ----------
    rounded : any shape
        Counts rounded to `base`; NaN where hidden. Rates and totals are made of these.
    hidden : same shape
        True where the count is below `threshold` and is shown only as "fewer than" it.
    threshold, base : int
        The rule that was applied.
    """

    rounded: FloatArray
    hidden: BoolArray
    threshold: int
    base: int


def protect(counts: npt.ArrayLike, *, threshold: int = 5, base: int = 5) -> ProtectedCounts:
    """Hide small counts and round the others.

    Counts from 0 to `threshold` - 1 are hidden alike, nil included; every other is rounded to the nearest multiple
    of `base`, halves up. Totals are to be protected in their own right, never added up from what is shown.

    Parameters
    ----------
    counts : any shape
        Whole numbers of incidents or people.
    threshold : int
        The smallest count that is shown.
    base : int
        What shown counts are rounded to.

    Returns
    -------
    ProtectedCounts

    Raises
    ------
    GeoError
        If a count is missing, negative or not whole, the threshold or base is below 1, or the base is so large that
        a shown count would round to nil.

    References
    ----------
    NHS Digital (2018), Disclosure control methodology for Hospital Episode Statistics: small numbers shown alike, all
    others rounded to 5.
    """
    number = np.asarray(counts, dtype=np.float64)
    if threshold < 1 or base < 1:
        raise GeoError(
            f"Counts cannot be protected with threshold {threshold} and base {base}. Give 1 or more for both."
        )
    if 2 * threshold < base:
        raise GeoError(
            f"Rounding to {base} would show counts of {threshold} as 0. Give a base of {2 * threshold} or less."
        )
    if not np.isfinite(number).all() or ((number < 0) | (number != np.round(number))).any():
        raise GeoError("Only whole counts of 0 or more can be protected. Count first; make rates of protected counts.")
    hidden = number < threshold
    rounded = np.floor(number / base + 0.5) * base
    return ProtectedCounts(np.where(hidden, np.nan, rounded), hidden, threshold, base)
