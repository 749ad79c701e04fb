"""Which areas a response is to be compared with, and where what it displaces would go: stated rules, with figures.

It looks at nothing but what came before the response, so that nobody can choose a control by how it turned out.
"""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from geo.effect import TrendBeside, trend_beside
from geo.frames import BoolArray, FloatArray, GeoError, IntArray

SUITABLE = "suitable"
EXCLUDED = "excluded"
ADJOINING = "adjoining"
NO_INCIDENTS = "no_incidents"
OTHER_LEVEL = "other_level"
OTHER_TREND = "other_trend"

USUAL_LEVELS = (0.5, 2.0)
TREND_AT_MOST = 0.1
"""More than the usual 0.05: an area that is wrongly left out is soon replaced, one wrongly let in is not noticed."""


@dataclass(frozen=True)
class Candidate:
    """One area, and how like the response area it was before.

    Attributes
    ----------
    position : int
        Of its row.
    rule : str
        `suitable`, or the first rule that it breaks: `excluded`, `adjoining`, `no_incidents`, `other_level`,
        `other_trend`.
    level_ratio : float
        Its incidents before divided by those of the response area.
    trend : TrendBeside
        How the response area went beside it.
    """

    position: int
    rule: str
    level_ratio: float
    trend: TrendBeside

    @property
    def is_suitable(self) -> bool:
        return self.rule == SUITABLE

    @property
    def distance(self) -> float:
        """How far its level is from that of the response area, as many times in either direction; 0 is just alike."""
        return abs(math.log(self.level_ratio)) if self.level_ratio else math.inf


def rank_candidates(
    before: npt.ArrayLike,
    *,
    response: int,
    adjoining: npt.ArrayLike,
    excluded: npt.ArrayLike,
    levels: tuple[float, float] = USUAL_LEVELS,
) -> list[Candidate]:
    """Rank areas by how well each would do as a control, those that will not do last.

    An area will do that is not under another response, does not adjoin the response area (what is displaced would go
    there), had between half and twice as many incidents before, and shows no sign of having gone another way. Of
    those, the ones nearest in level come first: trends of single areas are too uncertain to rank by.

    Parameters
    ----------
    before : shape (n, m)
        Whole numbers of incidents of each area in the months before the response, its own row among them.
    response : int
        The row of the response area.
    adjoining, excluded : shape (n,)
        True for areas that adjoin the response area, and for those under another response or left out by somebody.
    levels : (least, most)
        Between which multiples of the response area's incidents an area's are to lie.

    Returns
    -------
    list of Candidate
        One for each other area, suitable ones first, the nearest in level first.

    Raises
    ------
    GeoError
        If shapes do not fit, a count is missing, negative or not whole, there is no such row, the response area has no
        incidents, or the levels are not in order.
    """
    counts = np.asarray(before, dtype=np.float64)
    beside, left_out = _marks(adjoining, len(counts)), _marks(excluded, len(counts))
    if counts.ndim != 2 or not 0 <= response < len(counts):
        raise GeoError(f"Areas of shape {counts.shape} have no row {response} by months. Pass one row an area.")
    if not 0 < levels[0] <= 1 <= levels[1]:
        raise GeoError(f"Levels from {levels[0]} to {levels[1]} do not hold 1. Give a range about 1, such as 0.5 to 2.")
    if not counts[response].any():
        raise GeoError("The response area has no incidents before, so no area can be like it. Take a longer period.")
    candidates = [
        _candidate(
            counts,
            response,
            position,
            is_adjoining=bool(beside[position]),
            is_excluded=bool(left_out[position]),
            levels=levels,
        )
        for position in range(len(counts))
        if position != response
    ]
    return sorted(candidates, key=lambda candidate: (not candidate.is_suitable, candidate.distance))


def buffer_areas(adjoining: npt.ArrayLike, excluded: npt.ArrayLike) -> IntArray:
    """Return the positions of the areas where displacement is to be looked for: those beside, but for excluded ones.

    Parameters
    ----------
    adjoining, excluded : shape (n,)
        As for `rank_candidates`.

    Returns
    -------
    shape (k,)

    Raises
    ------
    GeoError
        If the shapes differ.
    """
    beside = np.asarray(adjoining, dtype=bool)
    return np.flatnonzero(beside & ~_marks(excluded, beside.size)).astype(np.int64)


def _candidate(
    counts: FloatArray,
    response: int,
    position: int,
    *,
    is_adjoining: bool,
    is_excluded: bool,
    levels: tuple[float, float],
) -> Candidate:
    own, other = counts[response], counts[position]
    level, trend = float(other.sum() / own.sum()), trend_beside(own, other)
    broken = (
        (is_excluded, EXCLUDED),
        (is_adjoining, ADJOINING),
        (not level, NO_INCIDENTS),
        (not levels[0] <= level <= levels[1], OTHER_LEVEL),
        (trend.p < TREND_AT_MOST, OTHER_TREND),
    )
    return Candidate(position, next((rule for is_broken, rule in broken if is_broken), SUITABLE), level, trend)


def _marks(marks: npt.ArrayLike, areas: int) -> BoolArray:
    marked = np.asarray(marks, dtype=bool)
    if marked.shape != (areas,):
        raise GeoError(f"There are marks of shape {marked.shape} for {areas} areas. Pass one for each area.")
    return marked
