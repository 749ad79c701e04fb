"""What may be shown of a borough's counts: each figure through the one gate, and none that gives a hidden one away.

Exact counts come in and do not leave; knows no words and no places.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pandas as pd

from geo.disclosure import narrowing, possible_counts
from hub.access import Policy, Released, Viewer, release
from hub.words import month_name, months_before

MONTHS_IN_A_YEAR = 12

Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Period:
    """The 12 months summarised and the 12 before."""

    last_month: dt.date

    @cached_property
    def months(self) -> tuple[dt.date, ...]:
        """All 24, oldest first."""
        return tuple(months_before(self.last_month, back) for back in reversed(range(2 * MONTHS_IN_A_YEAR)))

    @property
    def before(self) -> tuple[dt.date, ...]:
        """The year before."""
        return self.months[:MONTHS_IN_A_YEAR]

    @property
    def latest(self) -> tuple[dt.date, ...]:
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
        return Years(self.latest.only(lines), self.before.only(lines))

    def and_(self, more: Years) -> Years:
        """These and more, line by line; what is not known or not shown of either is not known of both."""
        return Years(_added(self.latest, more.latest), _added(self.before, more.before))

    @property
    def are_shown(self) -> Bools:
        """The lines of which a figure is shown for either year."""
        return ~(np.isnan(self.latest.counts) & np.isnan(self.before.counts))


@dataclass(frozen=True)
class Months:
    """The months of both years, line by line, as far as they may be shown. NaN where one is not known, or hidden."""

    latest: Floats
    """shape (lines, 12)"""
    before: Floats

    def and_(self, more: Months) -> Months:
        """These and more, line by line and month by month."""
        return Months(self.latest + more.latest, self.before + more.before)


@dataclass(frozen=True)
class Counts:
    """The exact counts of the two years, kept in: `rows` has month, count and what may be counted by."""

    viewer: Viewer
    borough_code: str
    dataset: str
    policy: Policy
    period: Period
    missing: frozenset[dt.date]
    """The months without data: a year that has one is not known."""
    rows: pd.DataFrame
    """Of no other months than the period's."""

    def years(self, by: str, keys: Sequence[object], *, unknown: Iterable[dt.date] = ()) -> Years:
        """Both years' counts by a column of the rows, with more months that are not known of them."""
        return self._years(self._cells(self.rows, by, keys), _groups(by, keys), unknown)

    def months(self) -> Years:
        """Every month's count."""
        return Years(*self._by_month(self._cells(self.rows)))

    def by_month(self, by: str, keys: Sequence[object], *, unknown: Iterable[dt.date] = ()) -> Months:
        """Every month's count by a column of the rows, with more months that are not known of them."""
        return _as_table(self._by_month(self._cells(self.rows, by, keys), _groups(by, keys), unknown))

    def months_of(self, rows: pd.DataFrame, group: str) -> Months:
        """Every month's count of some rows as one line, which lies in one group."""
        return _as_table(self._by_month(self._cells(rows), [group]))

    def of(self, rows: pd.DataFrame, group: str | None = None) -> Years:
        """Both years' counts of some rows as one line, which lies in one group or in none."""
        return self._years(self._cells(rows), [group] if group else None)

    def _cells(self, rows: pd.DataFrame, by: str = "", keys: Sequence[object] = ("",)) -> Ints:
        """Add rows up by month, and by a column: shape (keys, 24), oldest month first. What has no key is left out."""
        lines = pd.Index(list(keys)).get_indexer(pd.Index(rows[by])) if by else np.zeros(len(rows), np.intp)
        months = pd.Index(self.period.months).get_indexer(pd.Index(rows["month"]))
        cells = np.zeros((len(keys) + 1, len(self.period.months) + 1), np.int64)
        np.add.at(cells, (lines, months), rows["count"].to_numpy())  # of no key: -1, the last line
        return cells[:-1, :-1]

    def _years(self, cells: Ints, groups: Sequence[str] | None, unknown: Iterable[dt.date] = ()) -> Years:
        gaps = self.missing.union(unknown)
        return Years(
            *(
                self._released(part.sum(axis=1), np.full(len(part), gaps.isdisjoint(months)), groups)
                for months, part in self._halves(cells)
            )
        )

    def _by_month(
        self, cells: Ints, groups: Sequence[str] | None = None, unknown: Iterable[dt.date] = ()
    ) -> tuple[Released, Released]:
        """Line by line, and of each line month by month."""
        gaps = self.missing.union(unknown)
        each = [group for group in groups for _ in range(MONTHS_IN_A_YEAR)] if groups is not None else None
        latest, before = (
            self._released(part.ravel(), np.tile([month not in gaps for month in months], len(part)), each)
            for months, part in self._halves(cells)
        )
        return latest, before

    def _halves(self, cells: Ints) -> tuple[tuple[Sequence[dt.date], Ints], ...]:
        before, latest = np.hsplit(cells, 2)
        return (self.period.latest, latest), (self.period.before, before)

    def _released(self, totals: Ints, is_known: Bools, groups: Sequence[str] | None) -> Released:
        released = release(self.viewer, {self.borough_code}, totals, self.policy, dataset=self.dataset, groups=groups)
        counts = np.where(is_known, released.counts, np.nan)
        return Released(counts, released.hidden & is_known, released.exact, released.is_rounded)


def _groups(by: str, keys: Sequence[object]) -> list[str] | None:
    """The offence group that each line lies in, if they are counted by it."""
    return [str(key) for key in keys] if by == "offence_group" else None


def _as_table(years: tuple[Released, Released]) -> Months:
    latest, before = (each.counts.reshape(-1, MONTHS_IN_A_YEAR) for each in years)
    return Months(latest, before)


def tightens(group: Years, parts: Sequence[Years], policy: Policy) -> bool:
    """Whether parts of a group would tell more of it than it shows itself: they add up to more than its least count."""
    if not group.latest.is_rounded or group.latest.exact.all():
        return False
    sides = ((group.latest, [part.latest for part in parts]), (group.before, [part.before for part in parts]))
    return any(
        sum(_least(one, policy) for one in shown if not np.isnan(one.counts[0])) > _least(whole, policy)
        for whole, shown in sides
    )


def _least(released: Released, policy: Policy) -> float:
    low, _ = possible_counts(released.counts, threshold=policy.threshold, base=policy.base, exact=released.exact)
    return float(low[0])


def _added(one: Released, other: Released) -> Released:
    counts = one.counts + other.counts
    return Released(counts, np.zeros(counts.shape, np.bool_), one.exact & other.exact, one.is_rounded)


def withheld(
    total: Years, breakdowns: Mapping[str, Sequence[Years]], policy: Policy, *, open_ended: Collection[str] = ()
) -> frozenset[str]:
    """Choose the breakdowns that may not stand beside the total and each other.

    Each year is judged by itself, so that it is judged alike on every page that shows it.

    Parameters
    ----------
    total
        One line.
    breakdowns
        Each by its name, in parts that together add up to the total.
    policy
        The one they were released under.
    open_ended
        Names of those of which lines may have been left out because their counts are hidden. They must be safe for a
        reader who thinks so, and for one who knows that there is no other line.

    Returns
    -------
    frozenset of str
        The names of those from which a hidden count could be narrowed down by subtraction. It follows from what is
        shown alone.
    """
    dropped: set[str] = set()
    years: tuple[Callable[[Years], Released], ...] = (lambda both: both.latest, lambda both: both.before)
    for of_year in years:
        kept = {
            name: [of_year(part) for part in parts]
            for name, parts in breakdowns.items()
            if all(_is_known(of_year(part)) for part in [total, *parts])
        }
        while unsafe := _narrowing(of_year(total), kept, policy, open_ended):
            dropped |= unsafe
            for name in unsafe:
                del kept[name]
    return frozenset(dropped)


def _narrowing(
    total: Released, breakdowns: Mapping[str, Sequence[Released]], policy: Policy, open_ended: Collection[str]
) -> set[str]:
    if not total.is_rounded:
        return set()
    longer = {name: [*parts, _one_more_hidden()] if name in open_ended else parts for name, parts in breakdowns.items()}
    unsafe = _unsafe(total, longer, policy)
    for name in breakdowns.keys() & set(open_ended):
        unsafe |= _unsafe(total, {**longer, name: breakdowns[name]}, policy) & {name}
    return unsafe


def _unsafe(total: Released, breakdowns: Mapping[str, Sequence[Released]], policy: Policy) -> set[str]:
    found = narrowing(
        float(total.counts[0]),
        [np.concatenate([part.counts for part in parts]) for parts in breakdowns.values()],
        threshold=policy.threshold,
        base=policy.base,
        exact=[np.concatenate([part.exact for part in parts]) for parts in breakdowns.values()],
    )
    return {name for name, is_narrowing in zip(breakdowns, found, strict=True) if is_narrowing}


def _one_more_hidden() -> Released:
    yes = np.ones(1, np.bool_)
    return Released(np.full(1, np.nan), yes, ~yes, is_rounded=True)


def _is_known(released: Released) -> bool:
    return bool((~np.isnan(released.counts) | released.hidden).all())
