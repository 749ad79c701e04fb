"""Repeats and near repeats: whether incidents close in place are close in time more often than chance would have them.

Events that lie far apart are never paired, so that memory follows from how many are near, not from how many there are.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.spatial import KDTree

from geo.frames import FloatArray, GeoError, IntArray, paired_coordinates

MOST_PAIRS = 20_000_000


@dataclass(frozen=True)
class KnoxTable:
    """Pairs of events by how far apart they are in space (rows) and in time (columns).

    Attributes
    ----------
    observed : shape (s, t)
        Pairs in each band of space and of time.
    expected : shape (s, t)
        The exact mean, had the times been dealt out to the events at random.
    ratio : shape (s, t)
        Observed divided by expected: 1.8 is 80% more than chance. NaN where nothing is expected.
    p : shape (s, t)
        Chance of at least as many pairs; its smallest value is 1 / (permutations + 1).
    space_edges_metres : shape (s + 1,)
    time_edges_days : shape (t + 1,)
        Each band holds its lower edge and not its upper one.
    events, permutations, seed : int
        How many events had a place and a time, and how the p was made.
    """

    observed: IntArray
    expected: FloatArray
    ratio: FloatArray
    p: FloatArray
    space_edges_metres: FloatArray
    time_edges_days: FloatArray
    events: int
    permutations: int
    seed: int


def knox(
    easting: npt.ArrayLike,
    northing: npt.ArrayLike,
    days: npt.ArrayLike,
    *,
    space_edges_metres: npt.ArrayLike,
    time_edges_days: npt.ArrayLike,
    seed: int,
    permutations: int = 999,
    manhattan: bool = False,
) -> KnoxTable:
    """Count the pairs of events near each other in space and time, and set them against chance.

    A first band of space that reaches a hair's breadth (such as 0 to 0.1 m) tells repeats at one place from near
    repeats. Chance is the same places and the same times, dealt to each other at random; its mean needs no drawing.

    Parameters
    ----------
    easting, northing : shape (n,)
        Metres, EPSG:27700; NaN where not known.
    days : shape (n,)
        When, in days since any one date, with fractions or without; NaN where not known. Such events are left out.
    space_edges_metres : shape (s + 1,)
        Edges of the bands of space, rising, such as 0, 0.1, 100, 200, 400.
    time_edges_days : shape (t + 1,)
        Edges of the bands of time, rising, such as 0, 7, 14, 28; the last may be infinite.
    seed : int
        The same seed gives the same p.
    permutations : int
        How many times the times are dealt out.
    manhattan : bool
        Whether distance is measured along two axes, as in a city of blocks, instead of in a straight line.

    Returns
    -------
    KnoxTable

    Raises
    ------
    GeoError
        If the arrays differ in length, fewer than two events have a place and a time, edges do not rise from 0 or
        more, there is no permutation, or more than `MOST_PAIRS` pairs are as near as the last edge.

    References
    ----------
    Knox (1964), Applied Statistics 13(1), 25-29; Johnson et al. (2007), Journal of Quantitative Criminology 23(3),
    201-219.
    """
    x, y = paired_coordinates(easting, northing)
    when = np.asarray(days, dtype=np.float64)
    if when.shape != x.shape:
        raise GeoError(f"There are {when.size} times for {x.size} places. Pass both columns of the same table.")
    near, soon = _edges(space_edges_metres, "space", "metres"), _edges(time_edges_days, "time", "days")
    if not np.isfinite(near[-1]):
        raise GeoError("The last edge in space is infinite, which would pair all events. Give a distance in metres.")
    if permutations < 1:
        raise GeoError(f"Chance cannot be told from {permutations} permutations. Give 1 or more, such as 999.")
    known = np.isfinite(x) & np.isfinite(y) & np.isfinite(when)
    points, when = np.column_stack([x[known], y[known]]), when[known]
    if when.size < 2:
        raise GeoError(f"{when.size} events have a place and a time, but pairs need two. Check both columns.")
    first, second, starts = _pairs_by_band(points, near, 1.0 if manhattan else 2.0)
    observed = _pairs_by_bands(when, first, second, starts, soon)
    expected = np.outer(np.diff(starts), _pairs_in_time(when, soon)) / (when.size * (when.size - 1) / 2)
    random, reached = np.random.default_rng(seed), np.ones(observed.shape)
    for _ in range(permutations):
        reached += _pairs_by_bands(random.permutation(when), first, second, starts, soon) >= observed
    return KnoxTable(
        observed=observed,
        expected=expected,
        ratio=observed / np.where(expected > 0, expected, np.nan),
        p=reached / (permutations + 1),
        space_edges_metres=near,
        time_edges_days=soon,
        events=when.size,
        permutations=permutations,
        seed=seed,
    )


def _edges(edges: npt.ArrayLike, of_what: str, unit: str) -> FloatArray:
    values = np.asarray(edges, dtype=np.float64)
    if values.ndim != 1 or values.size < 2 or not values[0] >= 0 or not (np.diff(values) > 0).all():
        raise GeoError(
            f"The bands of {of_what} need two or more edges in {unit} that rise from 0 or more. "
            "Give them in order, such as 0, 100, 200."
        )
    return values


def _pairs_by_band(points: FloatArray, edges: FloatArray, norm: float) -> tuple[IntArray, IntArray, IntArray]:
    """List the pairs band after band: their two events, and where each band starts."""
    tree = KDTree(points)
    pairs = (int(tree.count_neighbors(tree, edges[-1], p=norm)) - len(points)) // 2
    if pairs > MOST_PAIRS:
        raise GeoError(
            f"{pairs:,} pairs of events lie within {edges[-1]:g} m, more than {MOST_PAIRS:,}. "
            "Choose a shorter last distance, a smaller area or fewer months."
        )
    first, second = tree.query_pairs(edges[-1], p=norm, output_type="ndarray").T
    distance = np.linalg.norm(points[first] - points[second], ord=norm, axis=1)
    band = np.searchsorted(edges, distance, side="right")
    order = np.lexsort((second, first, band))
    starts = np.searchsorted(band[order], np.arange(1, edges.size + 1))
    return first[order], second[order], starts


def _pairs_by_bands(
    days: FloatArray, first: IntArray, second: IntArray, starts: IntArray, edges: FloatArray
) -> IntArray:
    gap = np.abs(days[first[starts[0] : starts[-1]]] - days[second[starts[0] : starts[-1]]])
    bands = np.split(gap, starts[1:-1] - starts[0])
    sooner = np.array([[np.count_nonzero(band < edge) for edge in edges] for band in bands])
    return np.diff(sooner, axis=1)


def _pairs_in_time(days: FloatArray, edges: FloatArray) -> IntArray:
    ordered = np.sort(days)
    later = [np.searchsorted(ordered, ordered + edge) - np.arange(ordered.size) - 1 for edge in edges]
    pairs: IntArray = np.diff(np.maximum(later, 0).sum(axis=1))
    return pairs
