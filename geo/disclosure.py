"""Counts made fit for readers who may not see small numbers.

The one rule: small counts look alike, all others are rounded. The same count always gives the same answer, and
nothing returned here, nor its order, tells what is hidden; `narrowing` tells when figures shown together would.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest

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


def narrowing(
    total: float,
    breakdowns: Sequence[npt.ArrayLike],
    *,
    threshold: int = 5,
    base: int = 5,
    exact: Sequence[npt.ArrayLike] = (),
) -> list[bool]:
    """Tell which breakdowns of a total would let a reader narrow down a hidden count by subtraction.

    A reader who sees `protect`'s answers knows a range for every count. Each breakdown adds up to the total, so a
    hidden count is what the others leave of it. A breakdown is safe while every count below the threshold remains
    possible for each of its hidden counts, all that is shown taken together. That follows from what is shown and from
    nothing else, so the answer tells no more than that.

    Parameters
    ----------
    total : float
        As protected; NaN where hidden.
    breakdowns : sequence of shape (n,)
        The protected parts of the total, a breakdown each, NaN where hidden. Give one NaN more for parts that are left
        out because they are hidden.
    threshold, base : int
        The rule that was applied.
    exact : sequence of shape (n,)
        For each breakdown, which of its parts are shown as they are; none unless given.

    Returns
    -------
    list of bool
        For each breakdown, whether a hidden count in it could be narrowed down.
    """
    least, most = (float(end) for end in possible_counts(total, threshold=threshold, base=base))
    ranges = [
        possible_counts(parts, threshold=threshold, base=base, exact=are_exact)
        for parts, are_exact in zip_longest(breakdowns, exact, fillvalue=False)
    ]
    least = max([least, *(low.sum() for low, _ in ranges)])
    most = min([most, *(high.sum() for _, high in ranges)])
    largest_hidden = threshold - 1
    return [
        bool(np.isnan(parts).any() and (least > high.sum() - largest_hidden or most < low.sum() + largest_hidden))
        for parts, (low, high) in zip(breakdowns, ranges, strict=True)
    ]


def possible_counts(
    shown: npt.ArrayLike, *, threshold: int = 5, base: int = 5, exact: npt.ArrayLike = False
) -> tuple[FloatArray, FloatArray]:
    """Give the least and the greatest count that each shown one may stand for.

    Parameters
    ----------
    shown : any shape
        As protected; NaN where hidden.
    threshold, base : int
        The rule that was applied.
    exact : same shape
        Where a count is shown as it is.

    Returns
    -------
    low, high : same shape
    """
    number = np.asarray(shown, dtype=np.float64)
    low = np.fmax(np.ceil(number - base / 2), threshold)
    high = np.ceil(number + base / 2) - 1
    hidden = np.isnan(number)
    low, high = np.where(hidden, 0, low), np.where(hidden, threshold - 1, high)
    return np.where(exact, number, low), np.where(exact, number, high)
