"""What may be shown of a borough's counts: each figure through the one gate, and none that gives a hidden one away.

Exact counts come in and do not leave; knows no words and no places.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from geo.disclosure import narrowing
from hub.access import Released, Viewer, release
from hub.words import month_name, months_before

MONTHS_IN_A_YEAR = 12

Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Period:
    """The 12 months summarised and the 12 before."""

    last_month: dt.date

    @property
    def months(self) -> list[dt.date]:
        """All 24, oldest first."""
        return [months_before(self.last_month, back) for back in reversed(range(2 * MONTHS_IN_A_YEAR))]

    @property
    def before(self) -> list[dt.date]:
        """The year before."""
        return self.months[:MONTHS_IN_A_YEAR]

    @property
    def latest(self) -> list[dt.date]:
        """The latest year."""
        return self.months[MONTHS_IN_A_YEAR:]

    @property
    def words(self) -> str:
        """`12 months to January 2026`."""
        return f"12 months to {month_name(self.last_month)}"


@dataclass(frozen=True)
class Years:
    """Counts of the latest year and of the one before, line by line. NaN where not known, or hidden."""

    latest: Released
    before: Released

    def only(self, lines: Bools) -> Years:
        """Some of the lines."""
        return Years(*(Released(year.counts[lines], year.hidden[lines], year.is_rounded) for year in self._both))

    @property
    def are_shown(self) -> Bools:
        """The lines of which a figure is shown for either year."""
        return ~(np.isnan(self.latest.counts) & np.isnan(self.before.counts))

    @property
    def _both(self) -> tuple[Released, Released]:
        return self.latest, self.before


@dataclass(frozen=True)
class Counts:
    """The exact counts of the two years, kept in: `rows` has month, count and what may be counted by."""

    viewer: Viewer
    borough_code: str
    period: Period
    missing: frozenset[dt.date]
    """The months without data: a year that has one is not known."""
    rows: pd.DataFrame

    def years(self, by: str, keys: Sequence[object], *, unknown: Iterable[dt.date] = ()) -> Years:
        """Both years' counts by a column of the rows, with more months that are not known of them."""
        gaps = self.missing.union(unknown)
        return Years(*(self._year(months, by, keys, gaps) for months in (self.period.latest, self.period.before)))

    def months(self) -> Years:
        """Every month's count."""
        totals = self.rows.groupby("month")["count"].sum()
        return Years(
            *(
                self._released(
                    totals.reindex(months, fill_value=0), np.array([each not in self.missing for each in months])
                )
                for months in (self.period.latest, self.period.before)
            )
        )

    def _year(self, months: Sequence[dt.date], by: str, keys: Sequence[object], gaps: frozenset[dt.date]) -> Released:
        totals = self.rows[self.rows["month"].isin(months)].groupby(by)["count"].sum()
        return self._released(totals.reindex(pd.Index(keys), fill_value=0), np.full(len(keys), gaps.isdisjoint(months)))

    def _released(self, totals: pd.Series[int], is_known: Bools) -> Released:
        released = release(self.viewer, {self.borough_code}, totals.to_numpy())
        counts = np.where(is_known, released.counts, np.nan)
        return Released(counts, released.hidden & is_known, released.is_rounded)


def one_more_hidden(years: Years) -> Years:
    """A line such as might have been left out because its counts are hidden; none for who sees exact counts."""
    return Years(
        *(
            Released(
                np.full(int(year.is_rounded), np.nan), np.full(int(year.is_rounded), fill_value=True), year.is_rounded
            )
            for year in (years.latest, years.before)
        )
    )


def withheld(total: Years, breakdowns: Mapping[str, Sequence[Years]]) -> frozenset[str]:
    """Choose the breakdowns that may not stand beside the total and each other.

    Parameters
    ----------
    total
        One line.
    breakdowns
        Each by its name, in parts that together add up to the total.

    Returns
    -------
    frozenset of str
        The names of those from which a hidden count could be narrowed down by subtraction. It follows from what is
        shown alone.
    """
    kept = dict(breakdowns)
    years: tuple[Callable[[Years], Released], ...] = (lambda both: both.latest, lambda both: both.before)
    for of_year in years:
        while unsafe := _narrowing(of_year, total, kept):
            for name in unsafe:
                del kept[name]
    return frozenset(breakdowns.keys() - kept.keys())


def _narrowing(
    of_year: Callable[[Years], Released], total: Years, breakdowns: Mapping[str, Sequence[Years]]
) -> list[str]:
    known = {
        name: np.concatenate([of_year(part).counts for part in parts])
        for name, parts in breakdowns.items()
        if all(_is_known(of_year(part)) for part in [total, *parts])
    }
    found = narrowing(float(of_year(total).counts[0]), list(known.values())) if known else []
    return [name for name, is_narrowing in zip(known, found, strict=True) if is_narrowing]


def _is_known(released: Released) -> bool:
    return bool((~np.isnan(released.counts) | released.hidden).all())
