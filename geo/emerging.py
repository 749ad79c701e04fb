"""What kind of hotspot a place has been, month after month: new, persistent, fading and the rest, hot and cold.

Classes follow from scores in bins of time; a place is judged by its own past, never by how its neighbours are classed.
"""

import numpy as np
import numpy.typing as npt
from scipy import sparse

from geo.chance import DealtTotals
from geo.change import mann_kendall
from geo.frames import BoolArray, FloatArray, GeoError, IntArray
from geo.hotspots import NOT_TESTED

NO_PATTERN = "no_pattern"
KINDS = ("new", "consecutive", "intensifying", "persistent", "diminishing", "sporadic", "oscillating", "historical")
LEAST_BINS = 10


def space_time_scores(counts: npt.ArrayLike, neighbours: sparse.csr_array, *, lag_bins: int = 1) -> FloatArray:
    """Score each place in each bin of time by Gi*, over its neighbours in that bin and in the bins just before.

    The mean and the spread are those of all places in all bins, so that a score can be compared along a series. Equal
    to `hotspots.gi_star` on the graph that joins each place to its neighbours in each of those bins.

    Parameters
    ----------
    counts : shape (n, m)
        Incidents in n places and m bins of equal length, oldest first.
    neighbours : csr_array, shape (n, n)
        Weight of each neighbour, the place itself included (see `boundaries.queen_neighbours`).
    lag_bins : int
        How many bins before its own a neighbourhood reaches back.

    Returns
    -------
    shape (n, m)
        Standard deviations above (+) or below (-) chance; NaN where there is nothing to compare with.

    Raises
    ------
    GeoError
        If a count is missing, the shapes differ, a place is not its own neighbour, or the lag is negative.

    References
    ----------
    Ord & Getis (1995), Geographical Analysis 27(4), 286-306; the neighbourhood in time is that of Esri's Emerging Hot
    Spot Analysis.
    """
    values, totals, reached = _space_time_totals(counts, neighbours, lag_bins)
    size = values.size
    if size < 2 or np.ptp(values) == 0:
        return np.full(values.shape, np.nan)
    weights = np.multiply.outer(neighbours.sum(axis=1), reached)
    squared_weights = np.multiply.outer(neighbours.multiply(neighbours).sum(axis=1), reached)
    variance = (size * squared_weights - weights**2) / (size - 1)
    variance[variance <= 1e-12 * size * squared_weights] = np.nan
    scores: FloatArray = (totals - values.mean() * weights) / (values.std() * np.sqrt(variance))
    return scores


def space_time_chance(counts: npt.ArrayLike, neighbours: sparse.csr_array, *, lag_bins: int = 1) -> DealtTotals:
    """Set the neighbourhoods of `space_time_scores` against the same counts dealt out over all places and bins.

    The normal law would make hotspots of cells with few incidents by the dozen, and of wards where a few are very busy.
    Its `p_at_least` is one-sided: with it, `emerging_classes` finds hot spots alone; with `p_two_sided`, cold ones too.

    Parameters
    ----------
    counts : shape (n, m)
        Whole numbers of incidents in n places and m bins of equal length, oldest first.
    neighbours : csr_array, shape (n, n)
        1 where two places are neighbours and for the place itself, otherwise 0.
    lag_bins : int
        How many bins before its own a neighbourhood reaches back.

    Returns
    -------
    DealtTotals
        Its mask, and so its p, has shape (n, m).

    Raises
    ------
    GeoError
        As `space_time_scores`, or if a count is negative or not whole, or a neighbour's weight is not 1.
    """
    values, totals, reached = _space_time_totals(counts, neighbours, lag_bins)
    if ((values < 0) | (values != np.round(values))).any():
        raise GeoError("Only whole counts of 0 or more can be dealt out. Pass counts, not rates or weights.")
    if (neighbours.data != 1).any():
        raise GeoError("Only neighbours of weight 1 can be dealt to. Make them with boundaries.queen_neighbours().")
    sizes = np.multiply.outer(neighbours.sum(axis=1), reached)
    inside, around, how_many = (np.rint(each).astype(np.int64).ravel() for each in (values, totals, sizes))
    return DealtTotals(np.ones(values.shape, dtype=bool), inside, around, how_many)


def emerging_classes(
    scores: npt.ArrayLike, q: npt.ArrayLike, *, q_at_most: float = 0.05, trend_p_at_most: float = 0.05
) -> npt.NDArray[np.str_]:
    """Name what kind of hot or cold spot each place has been up to the last bin of time.

    Hot is a bin with a positive score and a q small enough, cold one with a negative score. Of the bins of a place

    - new: hot in the last alone;
    - consecutive: one unbroken run of two or more at the end, fewer than 90%;
    - intensifying, persistent, diminishing: 90% or more and the last, with scores that rise, neither, or fall;
    - sporadic: hot in the last, on and off before, fewer than 90%, never cold;
    - oscillating: hot in the last, fewer than 90%, and cold at some time before;
    - historical: 90% or more, but not the last.

    and the mirror of each for cold, where intensifying means falling scores. A place that was once cold and is hot for
    the first time is oscillating, not new; what a place is in the last bin goes before what it was.

    Parameters
    ----------
    scores : shape (n, m)
        Gi* of n places in m bins, oldest first, such as `space_time_scores`; NaN where not tested.
    q : shape (n, m)
        Their p-values, such as those of `space_time_chance`, corrected over all places and bins (see
        `hotspots.benjamini_hochberg`).
    q_at_most : float
        The largest q of a hot or cold bin.
    trend_p_at_most : float
        The largest p of a trend in the scores (see `mann_kendall`); a place with a bin that was not tested has none.

    Returns
    -------
    array of str, shape (n,)
        One of `KINDS` with `_hot` or `_cold`, such as `new_hot`; `no_pattern`; `not_tested` where no bin was tested.

    Raises
    ------
    GeoError
        If the shapes differ or there are fewer than `LEAST_BINS` bins: 90% and a trend mean nothing in fewer.

    References
    ----------
    Esri, How Emerging Hot Spot Analysis works (ArcGIS Pro), whose categories these are.
    """
    z, corrected = np.asarray(scores, dtype=np.float64), np.asarray(q, dtype=np.float64)
    if z.shape != corrected.shape or z.ndim != 2:
        raise GeoError(f"The scores have shape {z.shape} and the q-values {corrected.shape}. Make one from the other.")
    if z.shape[1] < LEAST_BINS:
        raise GeoError(
            f"Places cannot be classed by {z.shape[1]} bins of time. Give {LEAST_BINS} or more, or use shorter bins."
        )
    significant = corrected <= q_at_most
    hot, cold = significant & (z > 0), significant & (z < 0)
    rising, falling = np.zeros((2, len(z)), dtype=bool)
    lasting = _mostly(hot) | _mostly(cold)
    trend = mann_kendall(z[lasting])
    rising[lasting] = (trend.p <= trend_p_at_most) & (trend.s > 0)
    falling[lasting] = (trend.p <= trend_p_at_most) & (trend.s < 0)
    names = np.full(len(z), NO_PATTERN, dtype="<U17")
    sides = (("hot", hot, cold, rising, falling), ("cold", cold, hot, falling, rising))
    for side, own, _, _, _ in sides:
        names[_mostly(own)] = f"historical_{side}"
    for side, own, other, stronger, weaker in sides:
        for kind, members in _now(own, other, stronger, weaker).items():
            names[members] = f"{kind}_{side}"
    names[np.isnan(z).all(axis=1)] = NOT_TESTED
    return names


def _space_time_totals(
    counts: npt.ArrayLike, neighbours: sparse.csr_array, lag_bins: int
) -> tuple[FloatArray, FloatArray, IntArray]:
    """Return the counts, the total around each, and how many bins the neighbourhoods of each bin reach over."""
    values = np.asarray(counts, dtype=np.float64)
    if values.ndim != 2 or neighbours.shape != (len(values), len(values)):
        raise GeoError(
            f"There are counts of shape {values.shape} for neighbours of shape {neighbours.shape}. "
            "Make both from the same places, one row a place and one column a bin of time."
        )
    if (neighbours.diagonal() == 0).any():
        raise GeoError("In Gi* each place is its own neighbour. Make the neighbours with include_self=True.")
    if not np.isfinite(values).all():
        raise GeoError("Some counts are missing or infinite. Give 0 where nothing was recorded.")
    if lag_bins < 0:
        raise GeoError(f"A neighbourhood cannot reach {lag_bins} bins back. Give 0 or more.")
    running = np.zeros((len(values), values.shape[1] + 1))
    np.cumsum(neighbours @ values, axis=1, out=running[:, 1:])
    bins = np.arange(values.shape[1])
    start = np.maximum(bins - lag_bins, 0)
    return values, running[:, 1:] - running[:, start], bins + 1 - start


def _mostly(own: BoolArray) -> BoolArray:
    mostly: BoolArray = 10 * own.sum(axis=1) >= 9 * own.shape[1]
    return mostly


def _now(own: BoolArray, other: BoolArray, stronger: BoolArray, weaker: BoolArray) -> dict[str, BoolArray]:
    """Sort the places that are hot (or cold) in the last bin; each belongs to one kind."""
    last, mostly, times = own[:, -1], _mostly(own), own.sum(axis=1)
    final_run = np.logical_and.accumulate(own[:, ::-1], axis=1).sum(axis=1)
    most, turned = last & mostly, last & ~mostly & other.any(axis=1)
    some = last & ~mostly & ~turned
    unbroken = times == final_run
    return {
        "intensifying": most & stronger,
        "diminishing": most & weaker,
        "persistent": most & ~stronger & ~weaker,
        "oscillating": turned,
        "new": some & (times == 1),
        "consecutive": some & unbroken & (times > 1),
        "sporadic": some & ~unbroken,
    }
