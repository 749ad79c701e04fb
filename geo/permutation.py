"""How often shuffling the other areas' values would give a neighbourhood as much: Gi, Gi* and Local Moran alike.

Exact for counts, without draws; for weighted values by one shared sample with a passed seed. The area's own value is
held unless asked otherwise, so that the three statistics have one p.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import sparse

from geo.frames import BoolArray, FloatArray, GeoError, IntArray
from geo.neighbourhoods import Neighbourhoods, neighbourhoods_of_areas, neighbourhoods_of_cells, on_grid

LEAST_P = 1e-14
"""Smaller exact chances are hidden by the rounding of leaving an area's own count out."""
MOST_STEPS = 3_000_000_000
"""Sums and products that an exact law may take: a few seconds' work."""
MOST_CHANCES = 10_000_000
"""Chances that an exact law may hold at once: 80 MB."""

_TIE = 1e-9
_ROWS_AT_ONCE = 8


@dataclass(frozen=True)
class Tails:
    """The chance of a total at least, and at most, as large as the one seen around each area.

    Attributes
    ----------
    at_least, at_most : any shape
        Between 0 and 1, the total seen itself counted in both; NaN where there is nothing to shuffle: no neighbours,
        none but neighbours, or all values equal.
    """

    at_least: FloatArray
    at_most: FloatArray

    @property
    def two_sided(self) -> FloatArray:
        """Twice the smaller tail, 1 at most: hot and cold together."""
        p: FloatArray = np.minimum(1.0, 2 * np.minimum(self.at_least, self.at_most))
        return p


def exact_tails(counts: npt.ArrayLike, neighbours: sparse.csr_array, *, own_is_held: bool = True) -> Tails:
    """Return the exact permutation p of each area's neighbours, or of its whole neighbourhood.

    Each area's own count is held while the others are shuffled over all other areas: its k neighbours then hold k
    counts drawn without replacement. The law of their sum is built up one distinct count at a time, so that no draw
    is made and no p is too small to be seen.

    Parameters
    ----------
    counts : shape (n,)
        Whole numbers of incidents, in the order of `neighbours`.
    neighbours : csr_array, shape (n, n)
        1 where two areas are neighbours, otherwise 0. Whether an area is marked as its own changes nothing.
    own_is_held : bool
        Whether an area keeps its own count. Otherwise its own is dealt with the others, and the p is that of Gi*'s
        total, of k + 1 counts drawn without replacement.

    Returns
    -------
    Tails
        Shape (n,), no smaller than `LEAST_P`.

    Raises
    ------
    GeoError
        If a count is missing, negative or not whole, a neighbour's weight is not 1, the shapes differ, or the law
        would take more than `MOST_STEPS` or `MOST_CHANCES`.

    References
    ----------
    Anselin (1995), Geographical Analysis 27(2), 93-115, for the conditional permutation.
    """
    return _exact(neighbourhoods_of_areas(counts, neighbours), own_is_held=own_is_held)


def exact_tails_grid(
    counts: npt.ArrayLike,
    mask: npt.ArrayLike,
    *,
    reach_cells: int = 1,
    kernel: npt.ArrayLike | None = None,
    own_is_held: bool = True,
) -> Tails:
    """Return the exact conditional permutation p of the cells around each cell of a grid.

    Equal to `exact_tails` on the same cells and neighbours.

    Parameters
    ----------
    counts : shape (n_rows, n_columns)
        Whole numbers of incidents in each cell; what lies outside the mask is not looked at.
    mask : shape (n_rows, n_columns)
        True for the cells of the study area, over which the counts are shuffled.
    reach_cells : int
        How many cells a neighbourhood reaches each way.
    kernel : shape (k, l), both odd, optional
        Ones and zeros in place of the box that `reach_cells` describes: symmetric; the middle does not matter.
    own_is_held : bool
        As for `exact_tails`.

    Returns
    -------
    Tails
        Shape (n_rows, n_columns), no smaller than `LEAST_P`; NaN outside the mask.

    Raises
    ------
    GeoError
        As `exact_tails`, or if the reach is below 1.
    """
    here = neighbourhoods_of_cells(counts, mask, reach_cells=reach_cells, kernel=kernel)
    tails = _exact(here, own_is_held=own_is_held)
    return Tails(on_grid(tails.at_least, mask), on_grid(tails.at_most, mask))


def sampled_tails(
    values: npt.ArrayLike, neighbours: sparse.csr_array, *, seed: int, draws: int = 9_999, own_is_held: bool = True
) -> Tails:
    """Return the permutation p of each area's neighbours from one sample that all areas share.

    For values that are not counts, such as harm. Each draw deals as many values as the largest neighbourhood has; an
    area takes the first k of them, passing over its own.

    Parameters
    ----------
    values : shape (n,)
        Any finite values, in the order of `neighbours`.
    neighbours : csr_array, shape (n, n)
        1 where two areas are neighbours, otherwise 0. Whether an area is marked as its own changes nothing.
    seed : int
        The same seed gives the same answer.
    draws : int
        How many are made; p is never below 1 / (draws + 1), and has a standard error of sqrt(p (1 - p) / draws).
    own_is_held : bool
        Whether an area keeps its own value, as in every other p of this module, which then asks of its surroundings
        alone. Otherwise its own is dealt with the others, and the p is that of Gi*'s total: one grave event flags
        where it lies, and not the ring around it alone.

    Returns
    -------
    Tails
        Shape (n,).

    Raises
    ------
    GeoError
        If a value is missing, a neighbour's weight is not 1, the shapes differ, or fewer than 1 draw is asked for.

    References
    ----------
    Davison & Hinkley (1997), Bootstrap Methods and their Application, p. 141, for (seen + 1) / (draws + 1).
    """
    return _sampled(neighbourhoods_of_areas(values, neighbours), seed=seed, draws=draws, own_is_held=own_is_held)


def sampled_tails_grid(
    values: npt.ArrayLike,
    mask: npt.ArrayLike,
    *,
    seed: int,
    draws: int = 9_999,
    reach_cells: int = 1,
    kernel: npt.ArrayLike | None = None,
    own_is_held: bool = True,
) -> Tails:
    """Return the permutation p of the cells around each cell of a grid from one shared sample.

    Equal to `sampled_tails` on the same cells and neighbours.

    Parameters
    ----------
    values : shape (n_rows, n_columns)
        Any finite values; what lies outside the mask is not looked at.
    mask, reach_cells, kernel
        As for `exact_tails_grid`.
    seed, draws, own_is_held
        As for `sampled_tails`.

    Returns
    -------
    Tails
        Shape (n_rows, n_columns); NaN outside the mask.

    Raises
    ------
    GeoError
        As `sampled_tails`, or if the reach is below 1.
    """
    here = neighbourhoods_of_cells(values, mask, reach_cells=reach_cells, kernel=kernel)
    tails = _sampled(here, seed=seed, draws=draws, own_is_held=own_is_held)
    return Tails(on_grid(tails.at_least, mask), on_grid(tails.at_most, mask))


def _shuffled(here: Neighbourhoods) -> tuple[Neighbourhoods, IntArray, BoolArray]:
    """Leave each area out of its own neighbourhood; count its neighbours; say where shuffling can change them."""
    if not here.is_binary:
        raise GeoError(
            "Shuffling needs neighbours that all weigh 1, but other weights were passed. "
            "Use a box or a disc of cells, or judge weighted neighbours by two_sided_p() of their score."
        )
    around = here.around()
    sizes = np.rint(around.weights).astype(np.int64)
    n = around.values.size
    return around, sizes, (sizes > 0) & (sizes < n - 1) & (n > 0 and np.ptp(around.values) > 0)


def _exact(here: Neighbourhoods, *, own_is_held: bool) -> Tails:
    around, sizes, is_tested = _shuffled(here)
    if ((around.values < 0) | (around.values != np.round(around.values))).any():
        raise GeoError(
            "Only whole counts of 0 or more have an exact law. Pass counts, or use sampled_tails() for weighted values."
        )
    at_least, at_most = np.full(sizes.shape, np.nan), np.full(sizes.shape, np.nan)
    if is_tested.any():
        counts, totals = around.values.astype(np.int64), np.rint(around.totals).astype(np.int64)
        tails_of = _exact_tails_of if own_is_held else _exact_tails_with_own
        at_least[is_tested], at_most[is_tested] = tails_of(
            counts, counts[is_tested], sizes[is_tested], totals[is_tested]
        )
    return Tails(at_least, at_most)


def _exact_tails_with_own(
    counts: IntArray, own: IntArray, sizes: IntArray, totals: IntArray
) -> tuple[FloatArray, FloatArray]:
    sizes, totals = sizes + 1, totals + own
    turned = 2 * sizes > counts.size
    sizes = np.where(turned, counts.size - sizes, sizes)
    totals = np.where(turned, counts.sum() - totals, totals)
    law = _law_of_draws(counts, int(sizes.max()))
    at_least = np.clip(law[:, ::-1].cumsum(axis=1)[:, ::-1][sizes, totals], LEAST_P, 1.0)
    at_most = np.clip(law.cumsum(axis=1)[sizes, totals], LEAST_P, 1.0)
    return np.where(turned, at_most, at_least), np.where(turned, at_least, at_most)


def _exact_tails_of(
    counts: IntArray, own: IntArray, sizes: IntArray, totals: IntArray
) -> tuple[FloatArray, FloatArray]:
    # Whoever has most others for neighbours is judged by the few that are not: what they lack, the neighbours have.
    others = counts.size - 1
    turned = 2 * sizes > others
    sizes = np.where(turned, others - sizes, sizes)
    totals = np.where(turned, counts.sum() - own - totals, totals)
    law = _law_of_draws(counts, int(sizes.max()))
    # Few cells differ in all three of own count, neighbours and total.
    key = np.ravel_multi_index((own, sizes, totals), (own.max() + 1, law.shape[0], totals.max() + 1))
    which, distinct = pd.factorize(key)
    own, sizes, totals = np.unravel_index(distinct, (own.max() + 1, law.shape[0], totals.max() + 1))
    upper = np.pad(law[:, ::-1].cumsum(axis=1)[:, ::-1], ((0, 0), (0, 1)))
    lower = np.pad(law.cumsum(axis=1), ((0, 0), (1, 0)))
    at_least = _leaving_out(upper, own, sizes, totals, counts.size)[which]
    at_most = _leaving_out(lower, own, sizes, totals + 1, counts.size)[which]
    return np.where(turned, at_most, at_least), np.where(turned, at_least, at_most)


def _law_of_draws(counts: IntArray, most: int) -> FloatArray:
    """Return the chance [j, s] that j counts drawn without replacement add up to s, for j up to `most`."""
    top = np.concatenate([[0], np.sort(np.partition(counts, counts.size - most)[counts.size - most :])[::-1].cumsum()])
    numbers, multiplicities = np.unique(counts, return_counts=True)
    # From the smallest count up: j draws from those seen so far add up to no more than this.
    highest = np.minimum(np.concatenate([[0], numbers])[:, np.newaxis] * np.arange(most + 1), top)
    steps = float(((highest[1:].sum(axis=1) + most + 1) * (np.minimum(multiplicities, most) + 1)).sum())
    if steps > MOST_STEPS or (most + 1) * (top[-1] + 1) > MOST_CHANCES:
        raise GeoError(
            f"The exact law of up to {most} neighbours that hold up to {top[-1]:,} incidents would take {steps:,.0f} "
            "steps, too long to wait for. Use sampled_tails() or smaller neighbourhoods."
        )
    # Zeros before the first row, to which sums are moved that would be below nil or of less than no draws.
    border = _ROWS_AT_ONCE * (top[-1] + 1) + most * int(numbers[-1])
    flat = np.zeros(border + (most + 1) * (top[-1] + 1))
    law = flat[border:].reshape(most + 1, -1)
    law[0, 0] = 1
    seen = np.concatenate([[0], multiplicities.cumsum()[:-1]])
    at_once = max(1, MOST_CHANCES // (8 * (most + 1) ** 2))
    for first in range(0, numbers.size, at_once):
        some = slice(first, first + at_once)
        shares = _shares(multiplicities[some], seen[some], most)
        for number, share, reached in zip(numbers[some].tolist(), shares, highest[1:][some].tolist(), strict=True):
            _deal_in(flat, law, number, share, reached)
    return law


def _deal_in(flat: FloatArray, law: FloatArray, number: int, shares: FloatArray, reached: list[int]) -> None:
    """Let the draws of each row of a law come from the copies of one more number, too.

    The law is the end of `flat`. In it t draws fewer are t rows up, and t copies of the number as many sums to the
    left: one step back for each t, so that all of them are one view. What comes in at the left of a row from the end of
    the row above is zero, as its largest sum and those copies would be more than any draws add up to.
    """
    size, width = flat.itemsize, law.shape[1]
    # From the most draws down, so that fewer draws are still those without this number.
    for stop in range(law.shape[0], 1, -_ROWS_AT_ONCE):
        start, end = max(1, stop - _ROWS_AT_ONCE), reached[stop - 1] + 1
        moved = np.ndarray(
            (min(stop, shares.shape[0]), stop - start, end),
            np.float64,
            flat,
            (flat.size - law.size + start * width) * size,
            (-(width + number) * size, width * size, size),
        )
        law[start:stop, :end] = np.einsum("tj,tjs->js", shares[: moved.shape[0], start:stop], moved)


def _shares(copies: IntArray, seen: IntArray, most: int) -> FloatArray:
    """Return the chance [a, i, j] that i of j draws come from the copies of number a, the rest from those seen before.

    Draw by draw, adding and multiplying only, so that the smallest chances are as exact as the largest.
    """
    taken = np.arange(min(most, int(copies.max())) + 1)
    shares = np.zeros((most + 1, copies.size, taken.size))
    shares[0, :, 0] = 1
    of_copies = np.maximum(copies[:, np.newaxis] - taken, 0)
    for drawn in range(most):
        left = np.maximum(copies + seen - drawn, 1)[:, np.newaxis]
        of_seen = np.maximum(seen[:, np.newaxis] - (drawn - taken), 0)
        shares[drawn + 1] = shares[drawn] * of_seen / left
        shares[drawn + 1, :, 1:] += (shares[drawn] * of_copies / left)[:, :-1]
    return np.ascontiguousarray(shares.transpose(1, 2, 0))


def _leaving_out(tail: FloatArray, own: IntArray, sizes: IntArray, totals: IntArray, n: int) -> FloatArray:
    """Turn a tail of draws from all n counts into that of draws from all but one area's own.

    A draw of m from all n holds the own count with chance m / n, and then m - 1 of the others; solved for the draws
    that do not hold it, from m = 0 up.
    """
    chance = np.zeros(own.shape)
    target = totals - sizes * own
    for m, of_draws in enumerate(tail):
        # A total beyond either end has the chance of that end.
        of_all = of_draws.take(target, mode="clip")
        np.copyto(chance, (of_all - m / n * chance) / (1 - m / n), where=m <= sizes)
        target += own
    return np.clip(chance, LEAST_P, 1.0)


def _sampled(here: Neighbourhoods, *, seed: int, draws: int, own_is_held: bool) -> Tails:
    if draws < 1:
        raise GeoError(f"A sample of {draws} draws says nothing. Ask for 1 or more.")
    around, sizes, is_tested = _shuffled(here)
    at_least, at_most = np.full(sizes.shape, np.nan), np.full(sizes.shape, np.nan)
    if not is_tested.any():
        return Tails(at_least, at_most)
    values, most = around.values, int(sizes[is_tested].max())
    dealt = _deal(values.size, most + 1, draws=draws, seed=seed)
    sums = np.pad(values[dealt].cumsum(axis=1), ((0, 0), (1, 0)))
    # The same values added up in another order differ by rounding, and are still a tie.
    slack = _TIE * np.abs(sums).max()
    own = 0 if own_is_held else 1
    totals = around.totals + own * values
    few, many = totals - slack, totals + slack
    reached, unpassed = np.zeros(sizes.shape), np.zeros(sizes.shape)
    for size in np.unique(sizes[is_tested]).tolist():
        alike, ordered = sizes == size, np.sort(sums[:, size + own])
        reached[alike] = draws - np.searchsorted(ordered, few[alike], side="left")
        unpassed[alike] = np.searchsorted(ordered, many[alike], side="right")
    for position in range(most if own_is_held else 0):
        # An area that was dealt its own value takes the next one instead.
        area = dealt[:, position]
        draw = np.flatnonzero((position < sizes[area]) & is_tested[area])
        area = area[draw]
        wrong, right = sums[draw, sizes[area]], sums[draw, sizes[area] + 1] - values[area]
        np.add.at(reached, area, (right >= few[area]).astype(float) - (wrong >= few[area]))
        np.add.at(unpassed, area, (right <= many[area]).astype(float) - (wrong <= many[area]))
    at_least[is_tested], at_most[is_tested] = ((1 + seen[is_tested]) / (draws + 1) for seen in (reached, unpassed))
    return Tails(at_least, at_most)


def _deal(n: int, size: int, *, draws: int, seed: int) -> IntArray:
    """Deal `size` of n positions, all different and in random order, `draws` times over."""
    random = np.random.default_rng(seed)
    dealt = np.empty((draws, size), dtype=np.int64)
    for place in range(size):
        # The r-th position not dealt yet: each smaller one that was dealt moves it up by one.
        position = random.integers(0, n - place, draws)
        for earlier in np.sort(dealt[:, :place], axis=1).T:
            position += position >= earlier
        dealt[:, place] = position
    return dealt
