"""When and in which order the spots of a patrol plan are visited: drawn at random, the same for everybody. Pure.

Each day's times follow from the plan's secret seed and the day alone, by SHAKE-256: without the seed nobody can tell a
day's times from those of the days before, and with it everybody reads the same list.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

Thing = TypeVar("Thing")

GRID_MINUTES = 5
DAY_MINUTES = 24 * 60
_BYTES_A_KEY = 8


@dataclass(frozen=True)
class Patrol:
    """What is planned, as it holds from a day on.

    Attributes
    ----------
    minutes, visits
        Of one visit; on each of its days.
    weekdays
        0 for Monday to 6 for Sunday.
    opens, closes
        Minutes after midnight between which visits begin and end; `closes` is past 1,440 where that is next morning.
    written_on
        The day in London: a plan holds from the day after, the first one of a response from its first day.
    """

    spots: tuple[str, ...]
    minutes: int
    visits: int
    weekdays: frozenset[int]
    opens: int
    closes: int
    first_day: dt.date
    last_day: dt.date
    seed: bytes
    written_on: dt.date

    def is_on(self, day: dt.date) -> bool:
        """Whether visits are planned on a day."""
        return self.first_day <= day <= self.last_day and day.weekday() in self.weekdays

    @property
    def starts(self) -> range:
        """Minutes after midnight at which a visit may begin."""
        return range(self.opens, self.closes - self.minutes + 1, GRID_MINUTES)


@dataclass(frozen=True)
class Drawn:
    """One visit to be made: where, and when it begins in minutes after midnight of its day."""

    day: dt.date
    start: int
    spot: str

    @property
    def at(self) -> dt.datetime:
        """When it begins, by the clock on the wall."""
        return dt.datetime.combine(self.day, dt.time()) + dt.timedelta(minutes=self.start)


def least_hours(*, minutes: int, visits: int) -> int:
    """How many minutes the hours of a day must have, so that nobody can foresee its visits.

    Twice as many as the visits take, each from one step of the grid to another, and a step more for each: then there is
    always a start left that overlaps no visit and was none of the day before.
    """
    steps = -(-minutes // GRID_MINUTES)
    return GRID_MINUTES * visits * (2 * steps + 1)


def in_force(versions: Sequence[Patrol], day: dt.date) -> Patrol:
    """Which version of a plan holds on a day: the last that was written before it, or else the first."""
    return next((one for one in reversed(versions) if one.written_on < day), versions[0])


def drawn(versions: Sequence[Patrol], until: dt.date) -> list[Drawn]:
    """Draw every visit from the first day of a plan to some day, in order.

    Parameters
    ----------
    versions
        Of one plan, in the order in which they were written.
    until
        The last day that is drawn.

    Returns
    -------
    Each day's visits keep clear of each other, none begins when one began on the day of visits before, and each spot
    comes up before any comes up again.
    """
    found: list[Drawn] = []
    before: frozenset[int] = frozenset()
    done: Counter[dt.date] = Counter()
    for day in days(min(one.first_day for one in versions), until):
        plan = in_force(versions, day)
        if plan.is_on(day):
            starts = _starts(plan, day, before)
            spots = _spots(plan, done[plan.written_on])
            found += [Drawn(day, start, spot) for start, spot in zip(starts, spots, strict=True)]
            before = frozenset(starts)
            done[plan.written_on] += plan.visits
    return found


def days(first: dt.date, last: dt.date) -> list[dt.date]:
    """Every day from one to another."""
    return [first + dt.timedelta(days=ahead) for ahead in range((last - first).days + 1)]


def _starts(plan: Patrol, day: dt.date, before: frozenset[int]) -> list[int]:
    """Take starts in a random order, each that is clear of those taken; last those of the day before.

    Those are come to only where there were more visits on the day before, by an earlier version of the plan.
    """
    taken: list[int] = []
    in_turn = sorted(_shuffled(plan.starts, plan.seed, f"{day}"), key=before.__contains__)
    for start in in_turn:
        if all(abs(start - other) >= plan.minutes for other in taken):
            taken.append(start)
            if len(taken) == plan.visits:
                break
    return sorted(taken)


def _spots(plan: Patrol, done: int) -> list[str]:
    """The spots in a random order, over and over, from where the day before left off."""
    each, until = len(plan.spots), done + plan.visits
    turns = range(done // each, until // each + 1)
    rounds = [spot for turn in turns for spot in _shuffled(plan.spots, plan.seed, f"round {turn}")]
    return rounds[done % each : done % each + plan.visits]


def _shuffled(given: Sequence[Thing], seed: bytes, what: str) -> list[Thing]:
    keys = hashlib.shake_256(seed + what.encode()).digest(_BYTES_A_KEY * len(given))
    order = sorted(range(len(given)), key=lambda at: keys[_BYTES_A_KEY * at : _BYTES_A_KEY * (at + 1)])
    return [given[at] for at in order]
