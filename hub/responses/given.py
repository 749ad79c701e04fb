"""What people give of a patrol plan or of a visit, field by field, and whether it can stand. Pure."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from hub.problems.choices import choices
from hub.problems.contents import DATE_FORMS
from hub.problems.wording import Unfit, fault_of_words, tidied
from hub.responses.draws import DAY_MINUTES, least_hours
from hub.words import LONDON, date_name, plural

MOST_SPOTS, LONGEST_SPOT, LONGEST_WORDS = 8, 80, 300
LEAST_MINUTES, MOST_MINUTES, USUAL_MINUTES = 5, 60, 15
MOST_VISITS, MOST_DAYS = 12, 366
MOST_MINUTES_MADE = 240
_TIME = re.compile(r"([01]?\d|2[0-3])[:.]?([0-5]\d)")


@dataclass(frozen=True)
class Planned:
    """A patrol plan that can stand; as in its table."""

    spots: tuple[str, ...]
    minutes: int
    visits: int
    weekdays: tuple[int, ...]
    opens: int
    closes: int
    first_day: dt.date
    last_day: dt.date


@dataclass(frozen=True)
class Made:
    """A visit that can stand; as in its table."""

    began_at: dt.datetime
    minutes: int
    spot: str
    body: str
    words: str


def fit_plan(given: Mapping[str, str], weekdays: Collection[str]) -> Planned:
    """Check what somebody gave for a patrol plan.

    Parameters
    ----------
    given
        `spots` (one a line), `minutes`, `visits`, `opens`, `closes`, `first_day` and `last_day`, as typed.
    weekdays
        `0` for Monday to `6` for Sunday, as ticked.

    Raises
    ------
    Unfit
        With a sentence for each field that cannot stand.
    """
    faults: dict[str, str] = {}
    spots = tuple(dict.fromkeys(filter(None, map(tidied, given.get("spots", "").splitlines()))))
    minutes = _whole(given, "minutes", LEAST_MINUTES, MOST_MINUTES, faults)
    visits = _whole(given, "visits", 1, MOST_VISITS, faults)
    opens, closes = (_minute(given, name, faults) for name in ("opens", "closes"))
    first_day, last_day = (_day(given, name, faults) for name in ("first_day", "last_day"))
    days = tuple(sorted(int(one) for one in weekdays if one in {"0", "1", "2", "3", "4", "5", "6"}))
    faults |= _fault_of_spots(spots)
    if not days:
        faults["weekdays"] = "Choose at least one day of the week."
    closes += DAY_MINUTES if closes <= opens else 0
    if faults.keys().isdisjoint({"opens", "closes", "minutes", "visits"}):
        needed = least_hours(minutes=minutes, visits=visits)
        if closes - opens < needed:
            faults["closes"] = (
                f"{plural(visits, 'visit')} of {plural(minutes, 'minute')} need hours of {plural(needed, 'minute')} or "
                "more: in fewer, people could foresee them. Open the hours wider, or ask for fewer visits."
            )
    if faults.keys().isdisjoint({"first_day", "last_day"}):
        if last_day < first_day:
            faults["last_day"] = "The last day lies before the first."
        elif (last_day - first_day).days >= MOST_DAYS:
            faults["last_day"] = "A plan runs for a year at most. Give an earlier day, and plan again when it ends."
    if faults:
        raise Unfit(faults)
    return Planned(spots, minutes, visits, days, opens, closes, first_day, last_day)


def fit_visit(given: Mapping[str, str], *, spots: Sequence[str], first_day: dt.date, now: dt.datetime) -> Made:
    """Check what somebody gave of a visit.

    Parameters
    ----------
    given
        `day`, `time`, `minutes`, `spot`, `body` and `words`, as typed and chosen.
    spots
        Which may be chosen.
    first_day
        Of the plan.
    now
        No visit begins after it.

    Raises
    ------
    Unfit
        With a sentence for each field that cannot stand.
    """
    faults: dict[str, str] = {}
    day, minute = _day(given, "day", faults), _minute(given, "time", faults)
    minutes = _whole(given, "minutes", 1, MOST_MINUTES_MADE, faults)
    spot, body, words = given.get("spot", ""), given.get("body", ""), tidied(given.get("words", ""))
    began = dt.datetime.combine(day, dt.time(minute // 60, minute % 60), LONDON)
    if spot not in spots:
        faults["spot"] = "Choose which spot it was."
    if body not in choices().bodies:
        faults["body"] = "Choose which body made it."
    if fault := fault_of_words(words, LONGEST_WORDS):
        faults["words"] = fault
    if faults.keys().isdisjoint({"day", "time"}):
        if began > now:
            faults["time"] = "That has not come yet. Give when the visit began."
        elif day < first_day:
            faults["day"] = f"Give a day from {date_name(first_day)} on: the plan begins then."
    if faults:
        raise Unfit(faults)
    return Made(began, minutes, spot, body, words)


def _fault_of_spots(spots: Sequence[str]) -> dict[str, str]:
    if not spots:
        return {"spots": "Name at least one spot, as people call it."}
    if len(spots) > MOST_SPOTS:
        return {"spots": f"These are {len(spots):,} spots. A plan has {MOST_SPOTS} at most."}
    fault = next(filter(None, (fault_of_words(spot, LONGEST_SPOT) for spot in spots)), "")
    return {"spots": fault} if fault else {}


def _whole(given: Mapping[str, str], name: str, least: int, most: int, faults: dict[str, str]) -> int:
    said = given.get(name, "").strip()
    value = int(said) if said.isascii() and said.isdecimal() and len(said) < 5 else least - 1
    if not least <= value <= most:
        faults[name] = f"Enter a whole number from {least} to {most}."
    return value


def _minute(given: Mapping[str, str], name: str, faults: dict[str, str]) -> int:
    found = _TIME.fullmatch(given.get(name, "").strip())
    if not found:
        faults[name] = "Enter a time of day, such as 17:30."
        return 0
    return int(found[1]) * 60 + int(found[2])


def _day(given: Mapping[str, str], name: str, faults: dict[str, str]) -> dt.date:
    for form in DATE_FORMS:
        try:
            return dt.datetime.strptime(given.get(name, "").strip(), form).date()  # noqa: DTZ007 - a day has no zone
        except ValueError:
            continue
    faults[name] = "Enter a real date, such as 31/03/2027."
    return dt.date.min
