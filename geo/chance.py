"""What chance alone would do: the same counts dealt out at random over the same areas.

The yardstick for small areas, whose counts are too few and too uneven for the normal law. It judges nothing: it says
how often, or how many.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
from scipy import fft, ndimage, sparse

from geo.frames import BoolArray, FloatArray, GeoError, IntArray
from geo.hotspots import gi_star

LEAST_P = 1e-12
"""Smaller chances are hidden by the rounding of the Fourier transform that works them out."""
ROUNDING = 1e-12


@dataclass(frozen=True)
class DealtTotals:
    """The total of each cell's neighbourhood, and the law it would follow had the counts been dealt out at random.

    The law of k cells is that of k draws, each any cell's count with equal chance (with replacement: the difference is
    of the order of k squared over the number of cells). Its mean and spread are those of Gi*; its shape is that of the
    counts themselves.

    Attributes
    ----------
    mask : shape (n_rows, n_columns)
        True for the n cells of the study area.
    counts : shape (n,), or fewer where some are set aside
        What is dealt: the count of each cell of the mask, row by row.
    totals, sizes : shape (n,)
        For each cell of the mask, row by row: the total of the cells around and itself, and how many those are.
    """

    mask: BoolArray
    counts: IntArray
    totals: IntArray
    sizes: IntArray

    @cached_property
    def _at_least(self) -> dict[int, FloatArray]:
        """The chance, for each size, of a total of at least 0, 1, 2 and so on."""
        share = np.bincount(self.counts) / self.counts.size
        chances = {}
        for size in np.unique(self.sizes).tolist():
            length = (share.size - 1) * size + 1
            padded = fft.next_fast_len(length, real=True)
            law = np.maximum(fft.irfft(fft.rfft(share, padded) ** size, padded)[:length], 0)
            # The last stands for every total that the counts could not make.
            chances[size] = np.append(law[::-1].cumsum()[::-1], 0.0)
        return chances

    def p_at_least(self) -> FloatArray:
        """Return the chance of a total at least as large as the one seen.

        One-sided, for hotspots alone: among small areas the quiet ones are parks and rivers, and so many that testing
        for them together with the busy ones would let chance in among the busy ones.

        Returns
        -------
        shape (n_rows, n_columns)
            Between `LEAST_P` and 1; NaN outside the mask.
        """
        inside = np.ones(self.totals.shape)
        for size, at_least in self._at_least.items():
            here = self.sizes == size
            inside[here] = np.clip(at_least[np.minimum(self.totals[here], at_least.size - 1)], LEAST_P, 1)
        p = np.full(self.mask.shape, np.nan)
        p[self.mask] = inside
        return p

    def p_two_sided(self) -> FloatArray:
        """Return twice the smaller chance, of a total at least or at most as large: hot and cold together.

        Returns
        -------
        shape (n_rows, n_columns)
            Between `LEAST_P` and 1; NaN outside the mask.
        """
        at_most = np.ones(self.totals.shape)
        for size, at_least in self._at_least.items():
            here = self.sizes == size
            at_most[here] = 1 - at_least[np.minimum(self.totals[here] + 1, at_least.size - 1)]
        p = self.p_at_least()
        p[self.mask] = np.clip(2 * np.minimum(p[self.mask], at_most), LEAST_P, 1)
        return p

    def without(self, found: npt.ArrayLike) -> "DealtTotals":
        """Set aside the counts of cells that are found already, so that they no longer hide lesser ones.

        One very busy cell makes large totals look like chance all over the map. Where there is no structure at all,
        seldom anything is found, so that a second look seldom happens: it adds next to nothing to the chance of a
        false flag.

        Parameters
        ----------
        found : shape of the mask
            True for the cells whose counts are no longer dealt; their totals are still judged.

        Returns
        -------
        DealtTotals

        Raises
        ------
        GeoError
            If the shapes differ, or no count would be left.

        References
        ----------
        Farrington et al. (1996), Journal of the Royal Statistical Society A 159(3), 547-563, whose baseline gives past
        outbreaks less weight for the same reason.
        """
        aside = np.asarray(found, dtype=bool)
        if aside.shape != self.mask.shape:
            raise GeoError(f"What is found has shape {aside.shape}, the mask {self.mask.shape}. Use the same cells.")
        left = self.counts[~aside[self.mask]]
        if not left.size:
            raise GeoError("All cells are set aside, so nothing is left to judge by. Set aside fewer.")
        return DealtTotals(self.mask, left, self.totals, self.sizes)

    def expected_flags(self, *, p_at_most: float) -> float:
        """Return how many cells chance alone would give a p no larger than this.

        Parameters
        ----------
        p_at_most : float
            The largest p of the cells that were flagged.

        Returns
        -------
        float
            An expectation, from 0 to n.
        """
        expected = 0.0
        for size, at_least in self._at_least.items():
            flagged = at_least[at_least <= p_at_most]
            expected += flagged[0] * np.count_nonzero(self.sizes == size) if flagged.size else 0.0
        return float(expected)


def dealt_totals(counts: npt.ArrayLike, mask: npt.ArrayLike, *, reach_cells: int = 1) -> DealtTotals:
    """Add up each cell's neighbourhood, to be set against what dealing the counts at random would give.

    Under the normal law one burglary beside another in an almost empty grid is a hotspot; here it is what it is.

    Parameters
    ----------
    counts : shape (n_rows, n_columns)
        Whole numbers of incidents in each cell; what lies outside the mask is not looked at.
    mask : shape (n_rows, n_columns)
        True for the cells of the study area.
    reach_cells : int
        How many cells a neighbourhood reaches each way, as in `hotspots.gi_star_grid`.

    Returns
    -------
    DealtTotals

    Raises
    ------
    GeoError
        If a count inside the mask is not a whole number of 0 or more, the shapes differ, the mask is empty, or the
        reach is below 1.
    """
    study, values = np.asarray(mask, dtype=bool), np.asarray(counts, dtype=np.float64)
    if values.shape != study.shape or study.ndim != 2 or not study.any():
        raise GeoError(
            f"The counts have shape {values.shape}, and {study.sum()} cells of a mask of shape {study.shape} are in "
            "the study area. Make both from the same grid."
        )
    if reach_cells < 1:
        raise GeoError(f"A neighbourhood cannot reach {reach_cells} cells. Give 1 or more.")
    inside = values[study]
    if not np.isfinite(inside).all() or ((inside < 0) | (inside != np.round(inside))).any():
        raise GeoError("Only whole counts of 0 or more can be dealt out. Pass counts, not rates or weights.")
    around = np.ones((2 * reach_cells + 1,) * 2)
    totals = ndimage.correlate(np.where(study, values, 0.0), around, mode="constant")[study]
    sizes = ndimage.correlate(study.astype(np.float64), around, mode="constant")[study]
    return DealtTotals(
        study, inside.astype(np.int64), np.rint(totals).astype(np.int64), np.rint(sizes).astype(np.int64)
    )


def expected_flags_by_shuffling(
    counts: npt.ArrayLike, neighbours: sparse.csr_array, *, z_at_least: float, seed: int, shuffles: int = 199
) -> float:
    """Return how many areas would reach a Gi* score had the counts been shuffled over the areas.

    Parameters
    ----------
    counts : shape (n,)
        Incidents in each area, in the order of `neighbours`.
    neighbours : csr_array, shape (n, n)
        As for `hotspots.gi_star`.
    z_at_least : float
        The smallest score of the areas that were flagged as hot.
    seed : int
        The same seed gives the same answer.
    shuffles : int
        How many times the counts are shuffled.

    Returns
    -------
    float
        The mean over the shuffles, from 0 to n.

    Raises
    ------
    GeoError
        As `hotspots.gi_star`.
    """
    values = np.asarray(counts, dtype=np.float64)
    if not np.isfinite(gi_star(values, neighbours)).any():
        return 0.0
    n, random = values.size, np.random.default_rng(seed)
    weights = np.asarray(neighbours.sum(axis=1), dtype=np.float64)
    squared_weights = np.asarray(neighbours.multiply(neighbours).sum(axis=1), dtype=np.float64)
    variance = (n * squared_weights - weights**2) / (n - 1)
    # However the counts lie, an area's total has the same mean and spread; only what is added up changes.
    spread = values.std() * np.sqrt(np.maximum(variance, 0))
    is_comparable = variance > ROUNDING * n * squared_weights
    least = np.where(is_comparable, values.mean() * weights + z_at_least * spread, np.inf)
    shuffled = random.permuted(np.broadcast_to(values, (shuffles, n)), axis=1).T
    reached = neighbours @ shuffled >= least[:, np.newaxis] * (1 - ROUNDING)
    return float(reached.sum(axis=0).mean())
