"""Whether a place's last month is usual there, by its own months before; and how that is said.

Pure: a series of counts in, one judgement out. It says how rare a month is, never why.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from geo.frames import FloatArray
from geo.months import MONTHS_IN_YEAR, NEGATIVE_BINOMIAL, exceptional_month, seasonal_baseline, usual_range
from hub.words import months_before, number, plural

MOST_YEARS = 3
YEARS_OF_A_SEASON = 2
"""A season is taken out where so many years tell it from chance."""
SHARE_CALLED_USUAL = 0.9


class Level(StrEnum):
    """How a month stands to what is usual."""

    MORE = "more"
    USUAL = "usual"
    FEWER = "fewer"


@dataclass(frozen=True)
class Usual:
    """One month of a place against its own past.

    `expected` is what an average place of its level would have in that calendar month, January to December.
    """

    month: dt.date
    seen: int
    low: int
    high: int
    law: str
    chance: float
    """Of at least so many, where it is more than expected, or else of at most so many."""
    years: int
    is_before: bool
    """Whether it is what was usual before the place became a hotspot, and not all along."""
    has_season: bool
    expected: tuple[float, ...]

    @property
    def level(self) -> Level:
        """Whether the month is usual, or more or fewer than that."""
        if self.low <= self.seen <= self.high:
            return Level.USUAL
        return Level.MORE if self.seen > self.high else Level.FEWER

    @property
    def range_words(self) -> str:
        """`12 to 20`."""
        return number(self.low) if self.low == self.high else f"{number(self.low)} to {number(self.high)}"

    @property
    def words(self) -> str:
        """`31 in October, where 12 to 20 is usual`."""
        usual = "was usual before" if self.is_before else "is usual"
        return f"{number(self.seen)} in {self.month:%B}, where {self.range_words} {usual}"

    @property
    def law_words(self) -> str:
        """How that was judged, for whoever wants to know."""
        spread = (
            "Its months vary more than chance alone would make them, so the negative binomial law is used, with the "
            "spread of those months"
            if self.law == NEGATIVE_BINOMIAL
            else "Its months vary no more than chance alone would make them, so the Poisson law is used"
        )
        season = (
            "The time of year is taken out by the season of the whole area."
            if self.has_season
            else "The time of year is not taken out: that takes two years of months before."
        )
        before = "before it became a hotspot" if self.is_before else "before"
        return (
            f"Usual is what nine months in ten would have, going by the {plural(self.years, 'year')} {before}, at this "
            f"place. {spread}; the doubt about the average is in it. {season}"
        )


def judge(
    counts: Sequence[float], area: Sequence[float], months: Sequence[dt.date], *, skipped: int = 0
) -> Usual | None:
    """Judge the last of a place's months by whole years before it; None where not even one is known.

    Parameters
    ----------
    counts, area
        Of the place, and of the whole area that it lies in, by month.
    months
        In order; where one is missing, what lies before it is not used.
    skipped
        How many months just before the last are not looked at: of a place that has lately become a hotspot, those in
        which it was one.
    """
    years = min(MOST_YEARS, (_unbroken(months) - 1 - skipped) // MONTHS_IN_YEAR)
    if years <= 0:
        return None
    end = len(months) - 1 - skipped
    window = slice(end - years * MONTHS_IN_YEAR, end)
    past, last = np.asarray(counts[window], dtype=np.float64), months[-1]
    index = _season(np.asarray(area[window], dtype=np.float64), months[window]) if years >= YEARS_OF_A_SEASON else None
    usual = np.ones(past.size) if index is None else index[[month.month - 1 for month in months[window]]]
    usual_now = 1.0 if index is None else float(index[last.month - 1])
    test = exceptional_month(past[np.newaxis], [counts[-1]], past_index=usual, index=usual_now)
    low, high = usual_range(test, share=SHARE_CALLED_USUAL)
    mean = float(test.expected[0])
    return Usual(
        month=last,
        seen=int(counts[-1]),
        low=int(low[0]),
        high=int(high[0]),
        law=str(test.law[0]),
        chance=float((test.p_at_least if counts[-1] > mean else test.p_at_most)[0]),
        years=years,
        is_before=skipped > 0,
        has_season=index is not None,
        expected=tuple((past.sum() / usual.sum() * (np.ones(MONTHS_IN_YEAR) if index is None else index)).tolist()),
    )


def _unbroken(months: Sequence[dt.date]) -> int:
    """Count the months without a gap up to the last."""
    return next(
        (back for back in range(len(months)) if months[-1 - back] != months_before(months[-1], back)), len(months)
    )


def _season(area: FloatArray, months: Sequence[dt.date]) -> FloatArray | None:
    """The season of an area, if every calendar month has something to tell it by."""
    index = seasonal_baseline(area[np.newaxis], [month.month for month in months]).index
    return index if (index > 0).all() else None
