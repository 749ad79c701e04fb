"""How many visits and minutes were planned and given, by week and by spot. Pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from hub.responses.draws import DAY_MINUTES, Patrol, drawn, in_force

LEAST_SHARE = 2 / 3
"""A week of fewer visits or minutes than this share of those planned is said in words."""


@dataclass(frozen=True)
class Given:
    """One visit that was made."""

    began: dt.datetime
    """By the clock on the wall, without a zone."""
    minutes: int
    spot: str


@dataclass(frozen=True)
class Dose:
    """Visits and minutes, planned and given."""

    planned: int = 0
    planned_minutes: int = 0
    given: int = 0
    minutes: int = 0

    def __add__(self, other: Dose) -> Dose:
        return Dose(
            self.planned + other.planned,
            self.planned_minutes + other.planned_minutes,
            self.given + other.given,
            self.minutes + other.minutes,
        )

    @property
    def is_short(self) -> bool:
        """Whether fewer visits were made than two thirds of those planned, or for fewer minutes."""
        return self.given < LEAST_SHARE * self.planned or self.minutes < LEAST_SHARE * self.planned_minutes


@dataclass(frozen=True)
class Week:
    """One week from its Monday."""

    monday: dt.date
    dose: Dose
    is_over: bool
    """Whether all of it that is planned lies before today."""

    @property
    def is_short(self) -> bool:
        """Whether it is over and was given less than two thirds of what was planned."""
        return self.is_over and self.dose.is_short


@dataclass(frozen=True)
class Dosage:
    """What was planned until today and what was given."""

    weeks: tuple[Week, ...]
    """The first first."""
    spots: tuple[tuple[str, Dose], ...]
    """Those of the plan as it is now, then those that it had before."""
    total: Dose

    @property
    def short_weeks(self) -> tuple[Week, ...]:
        """Those that are over and were given less than two thirds of what was planned."""
        return tuple(week for week in self.weeks if week.is_short)


def dosage(versions: Sequence[Patrol], given: Sequence[Given], today: dt.date) -> Dosage:
    """Sum up what a plan asked for before today, and what was given until now.

    Parameters
    ----------
    versions
        Of the plan, in the order in which they were written; each counts for the days on which it held.
    given
        The visits that were made.
    today
        What is planned for it counts from tomorrow; what was given today counts already.
    """
    planned = [
        (one.day, one.spot, Dose(1, in_force(versions, one.day).minutes))
        for one in drawn(versions, today - dt.timedelta(days=1))
    ]
    made = [(day_of(versions, one.began), one.spot, Dose(given=1, minutes=one.minutes)) for one in given]
    weeks: dict[dt.date, Dose] = {}
    spots = dict.fromkeys(versions[-1].spots, Dose())
    for day, spot, dose in [*planned, *made]:
        weeks[monday_of(day)] = weeks.get(monday_of(day), Dose()) + dose
        spots[spot] = spots.get(spot, Dose()) + dose
    mondays = _mondays(weeks)
    return Dosage(
        tuple(Week(one, weeks.get(one, Dose()), _is_over(versions, one, today)) for one in mondays),
        tuple(spots.items()),
        sum(weeks.values(), Dose()),
    )


def day_of(versions: Sequence[Patrol], began: dt.datetime) -> dt.date:
    """The day that a visit belongs to: the evening before, where the hours of that evening run past midnight to it."""
    before = began.date() - dt.timedelta(days=1)
    evening = in_force(versions, before)
    minute = began.hour * 60 + began.minute
    return before if evening.is_on(before) and minute + DAY_MINUTES <= evening.closes else began.date()


def monday_of(day: dt.date) -> dt.date:
    """The Monday of a day's week."""
    return day - dt.timedelta(days=day.weekday())


def _mondays(weeks: dict[dt.date, Dose]) -> list[dt.date]:
    """The Monday of each week from the first to the last, those between in which nothing was planned or given too."""
    if not weeks:
        return []
    first, last = min(weeks), max(weeks)
    return [first + dt.timedelta(weeks=ahead) for ahead in range((last - first).days // 7 + 1)]


def _is_over(versions: Sequence[Patrol], monday: dt.date, today: dt.date) -> bool:
    week = [monday + dt.timedelta(days=ahead) for ahead in range(7)]
    return not any(in_force(versions, day).is_on(day) for day in week if day >= today)
