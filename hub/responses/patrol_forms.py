"""What the form of a patrol plan is filled with, before anybody has typed in it."""

from __future__ import annotations

import datetime as dt

from hub.problems.service import ShownProblem, today
from hub.responses.draws import DAY_MINUTES
from hub.responses.given import USUAL_MINUTES
from hub.responses.service import ShownPatrol

USUAL_VISITS, USUAL_WEEKS = 3, 12


def as_planned(patrol: ShownPatrol) -> tuple[dict[str, str], list[str]]:
    """What is planned: by field, and the days of the week."""
    plan = patrol.plan
    typed = {
        "spots": "\n".join(plan.spots),
        "minutes": str(plan.minutes),
        "visits": str(plan.visits),
        "opens": _time(plan.opens),
        "closes": _time(plan.closes),
        "first_day": plan.first_day.isoformat(),
        "last_day": plan.last_day.isoformat(),
        "follows": str(patrol.number),
    }
    return typed, [str(day) for day in sorted(plan.weekdays)]


def proposed(problem: ShownProblem, hours: tuple[tuple[int, int], frozenset[int]]) -> tuple[dict[str, str], list[str]]:
    """What is proposed for a problem, in hours and on days as `ground.hours_proposed` gives them."""
    (opens, closes), weekdays = hours
    first_day = today()
    typed = {
        "spots": problem.place.name,
        "minutes": str(USUAL_MINUTES),
        "visits": str(USUAL_VISITS),
        "opens": _time(opens),
        "closes": _time(closes),
        "first_day": first_day.isoformat(),
        "last_day": (first_day + dt.timedelta(weeks=USUAL_WEEKS, days=-1)).isoformat(),
        "follows": "0",
    }
    return typed, [str(day) for day in sorted(weekdays)]


def number_of(written: str) -> int:
    """The number of what somebody read, as its form sends it; 0 where it is none."""
    return int(written) if written.isascii() and written.isdecimal() and len(written) < 6 else 0


def _time(minute: int) -> str:
    return "{:02}:{:02}".format(*divmod(minute % DAY_MINUTES, 60))
