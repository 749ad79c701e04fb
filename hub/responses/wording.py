"""How patrols, their visits and what was given of them are said. Pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from hub.responses.doses import Dosage, Dose, Week
from hub.responses.draws import DAY_MINUTES, Patrol
from hub.words import date_name, listed, number, plural

DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
LEAKS = (
    "The times are drawn at random, so that nobody can foresee them. They work only while nobody else knows them: do "
    "not copy this list, send it on or put it on a wall. It shows no more than today and the next two days."
)
LEAKS_ON_PAPER = "Drawn at random for today: whoever knows these times can be elsewhere. Destroy this list tonight."
WHY_SHORT = (
    "Visits of 11 to 15 minutes did the most at each spot in Minneapolis (Koper 1995); longer ones added little there."
)
MOST_WEEKS_NAMED = 4


def clock(minute: int) -> str:
    """`5pm`, `5:05pm`, `midnight`; of the next morning too."""
    hour, minutes = divmod(minute % DAY_MINUTES, 60)
    if minutes == 0 and hour in {0, 12}:
        return "midday" if hour else "midnight"
    return f"{hour % 12 or 12}{f':{minutes:02}' if minutes else ''}{'am' if hour < 12 else 'pm'}"


def weekdays(chosen: frozenset[int]) -> str:
    """`every day`, `Monday to Friday`, or `Friday and Saturday`."""
    order = sorted(chosen)
    if len(order) == len(DAYS):
        return "every day"
    if len(order) > 2 and order[-1] - order[0] == len(order) - 1:
        return f"{DAYS[order[0]]} to {DAYS[order[-1]]}"
    return listed([DAYS[day] for day in order])


def planned(plan: Patrol) -> str:
    """What a plan asks for, in a sentence."""
    return (
        f"{plural(plan.visits, 'visit')} of {plural(plan.minutes, 'minute')} a day, {weekdays(plan.weekdays)}, between "
        f"{clock(plan.opens)} and {clock(plan.closes)}{' the next morning' if plan.closes > DAY_MINUTES else ''}, from "
        f"{date_name(plan.first_day)} to {date_name(plan.last_day)}, to {listed(plan.spots)}."
    )


def given(dose: Dose) -> str:
    """What was given of what was planned, in a sentence."""
    if not dose.planned:
        return f"{_visits(dose)} made, for {_minutes(dose)}; none was planned before today."
    return (
        f"{_visits(dose)} made of {number(dose.planned)} planned, for {_minutes(dose)} of "
        f"{number(dose.planned_minutes)}."
    )


def _visits(dose: Dose) -> str:
    return plural(dose.given, "visit was", "visits were")


def _minutes(dose: Dose) -> str:
    return plural(dose.minutes, "minute")


def short(week: Week) -> str:
    """What was lacking in one week, in a sentence."""
    dose = week.dose
    return (
        f"In the week from {date_name(week.monday)} less than two thirds of the plan was given: "
        f"{number(dose.given)} of {plural(dose.planned, 'visit')}, {number(dose.minutes)} of "
        f"{plural(dose.planned_minutes, 'minute')}."
    )


def warnings(found: Dosage) -> list[str]:
    """Which weeks lacked a third of what was planned or more: the last of them one by one, the earlier counted."""
    lacking: Sequence[Week] = found.short_weeks
    said = [short(week) for week in reversed(lacking[-MOST_WEEKS_NAMED:])]
    earlier = len(lacking) - len(said)
    return [*said, f"So did {plural(earlier, 'earlier week')}."] if earlier else said


def until(day: dt.date, today: dt.date) -> str:
    """`today`, `tomorrow`, or the day by its name and date."""
    ahead = (day - today).days
    return ("Today", "Tomorrow")[ahead] if ahead in {0, 1} else f"{DAYS[day.weekday()]} {date_name(day)}"
