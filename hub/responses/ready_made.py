"""Templates of responses: what is asked before one is used, what it would write, and the writing of it. As data."""

from __future__ import annotations

import datetime as dt
import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any
from uuid import UUID

from hub.access import Permission, Viewer
from hub.errors import Conflict, NotFound
from hub.problems import contents
from hub.problems import service as problems
from hub.problems.choices import choices
from hub.problems.contents import DATE_FORMS
from hub.problems.service import Record
from hub.problems.terms import Kind
from hub.problems.wording import Unfit
from hub.responses import service, wording
from hub.responses.draws import Patrol
from hub.responses.given import fit_plan

MOST_WEEKS = 104


@dataclass(frozen=True)
class Task:
    """What is asked of whom, by the end of which week of its phase."""

    words: str
    body: str
    weeks: int


@dataclass(frozen=True)
class Part:
    """One response of a template: a phase of it, where it has several."""

    key: str
    """Of `choices().phases`; blank of a template without phases."""
    weeks: int
    body: str
    technique: str
    words: str
    mechanism: str
    objective: str
    measure: str
    tasks: tuple[Task, ...]

    @property
    def field(self) -> str:
        """What the names of its fields begin with."""
        return self.key or "response"


@dataclass(frozen=True)
class Template:
    """One template."""

    key: str
    name: str
    about: str
    has_patrols: bool
    """Whether a plan of patrols is asked for and written too."""
    parts: tuple[Part, ...]


@dataclass(frozen=True)
class Line:
    """One entry that a template would write."""

    kind: Kind
    body: Mapping[str, str]

    @property
    def name(self) -> str:
        """What it is, in a word."""
        return self.kind.value.capitalize()

    @property
    def days(self) -> tuple[dt.date, dt.date | None] | None:
        """From when to when, or by when; None of what has no day."""
        first = self.body.get("start") or self.body.get("due") or self.body.get("by")
        end = self.body.get("end")
        return (dt.date.fromisoformat(first), dt.date.fromisoformat(end) if end else None) if first else None


@dataclass(frozen=True)
class Made:
    """All that a template would write."""

    lines: tuple[Line, ...]
    patrols: str
    """What is planned of patrols, in a sentence; blank where nothing is."""


@cache
def templates() -> Mapping[str, Template]:
    """The templates that the hub ships, by key."""
    read = tomllib.loads(files("hub.responses").joinpath("ready_made.toml").read_text("utf-8"))
    return {key: _template(key, one) for key, one in read.items() if isinstance(one, dict)}


def template(key: str) -> Template:
    """One template.

    Raises
    ------
    NotFound
        If there is none of that key.
    """
    if key not in templates():
        raise NotFound
    return templates()[key]


def made(of: Template, given: Mapping[str, str], weekdays: Collection[str], people: Collection[str]) -> Made:
    """Work out what a template would write.

    Parameters
    ----------
    of
        The template.
    given
        `first_day`, `assess` (or nothing), and of each part `<field>_weeks`, `<field>_body` and `<field>_person`; of a
        template with patrols also what `given.fit_plan` takes but for its days, which are the response's.
    weekdays
        Of the patrols.
    people
        The ids of those who may be named.

    Raises
    ------
    Unfit
        With a sentence for each field that cannot stand.
    """
    first_day, assess = _day(given.get("first_day", "")), _day(given.get("assess", ""))
    weeks = {part.field: _weeks(given.get(f"{part.field}_weeks", "")) for part in of.parts}
    faults = _faults_of_parts(of, given, weeks, people)
    if first_day is None:
        faults["first_day"] = "Enter a real date, such as 31/03/2027."
    if given.get("assess", "").strip() and assess is None:
        faults["assess"] = "Enter a real date, such as 31/03/2027, or leave it out."
    if faults or first_day is None:
        raise Unfit(faults)
    lines: list[Line] = []
    start = first_day
    for part in of.parts:
        end = start + dt.timedelta(weeks=weeks[part.field], days=-1)
        is_last = part is of.parts[-1]
        if is_last and assess is not None and assess <= start:
            raise Unfit({"assess": "It is assessed after the last of it has begun: give it some months."})
        lines += _lines(part, start, end, given, assess if is_last else None)
        start = end + dt.timedelta(days=1)
    if not of.has_patrols:
        return Made(tuple(lines), "")
    fit = fit_plan(_with_days(given, first_day, start), weekdays)
    plan = Patrol(
        fit.spots, fit.minutes, fit.visits, frozenset(fit.weekdays), fit.opens, fit.closes, fit.first_day,
        fit.last_day, b"", first_day,
    )  # fmt: skip
    return Made(tuple(lines), wording.planned(plan))


def write(
    viewer: Viewer,
    problem_id: UUID,
    of: Template,
    given: Mapping[str, str],
    weekdays: Collection[str],
    *,
    follows: int,
) -> None:
    """Write all that a template makes, as entries like any other: all of it or none.

    Parameters
    ----------
    viewer, problem_id, of
        Who uses which template for which problem.
    given, weekdays
        As `made` takes them.
    follows
        The number of the problem's last entry when they read what would be written.

    Raises
    ------
    Unfit
        If something of it cannot stand.
    NotFound, NotAllowed
        If the problem is not this person's to write of.
    Conflict
        If the problem is closed, or something was written of it meanwhile: it is not written twice.
    """
    problems.problem(viewer, problem_id, Permission.PROBLEM_WRITE)
    record = problems.record(viewer, problem_id)
    if last_entry(record) != follows:
        raise Conflict(
            "Something was written of this problem since you looked at what the template writes.",
            remedy="Look at the problem's page: it may be there already. If it is not, use the template again.",
        )
    its_people = problems.people(viewer, record.problem.borough_codes)
    lines = made(of, given, weekdays, its_people).lines
    written = [(line, problems.write(viewer, problem_id, line.kind, line.body)) for line in lines]
    if of.has_patrols:
        [(response, line)] = [(thing, line) for line, thing in written if line.kind is Kind.RESPONSE]
        start, end = (dt.date.fromisoformat(line.body[name]) for name in ("start", "end"))
        days = _with_days(given, start, end + dt.timedelta(days=1))
        service.plan(viewer, problem_id, response, days, weekdays)


def last_entry(record: Record) -> int:
    """The number of the last entry of a problem."""
    return max((line.number for line in record.history), default=0)


def at_first(of: Template, record: Record, today: dt.date) -> dict[str, str]:
    """What the form is filled with, but for the patrols."""
    filled = {"first_day": today.isoformat(), "assess": "", "follows": str(last_entry(record))}
    for part in of.parts:
        filled |= {f"{part.field}_weeks": str(part.weeks), f"{part.field}_body": part.body, f"{part.field}_person": ""}
    return filled


def _template(key: str, read: Mapping[str, Any]) -> Template:
    parts = [
        Part(**{"key": "", **part, "tasks": tuple(Task(**task) for task in part["tasks"])}) for part in read["phases"]
    ]
    return Template(key, read["name"], read["about"], read.get("has_patrols", False), tuple(parts))


def _faults_of_parts(
    of: Template, given: Mapping[str, str], weeks: Mapping[str, int], people: Collection[str]
) -> dict[str, str]:
    faults: dict[str, str] = {}
    for part in of.parts:
        if not weeks[part.field]:
            faults[f"{part.field}_weeks"] = f"Enter a whole number of weeks from 1 to {MOST_WEEKS}."
        if given.get(f"{part.field}_body", "") not in choices().bodies:
            faults[f"{part.field}_body"] = "Choose one of these."
        if given.get(f"{part.field}_person", "") not in {"", *people}:
            faults[f"{part.field}_person"] = "Choose one of these people, or nobody."
    return faults


def _lines(part: Part, start: dt.date, end: dt.date, given: Mapping[str, str], assess: dt.date | None) -> list[Line]:
    whose = {"body": given[f"{part.field}_body"], "person": given.get(f"{part.field}_person", "")}
    response = {
        "words": part.words,
        "technique": part.technique,
        "mechanism": part.mechanism,
        **whose,
        "phase": part.key,
        "start": start.isoformat(),
        "end": end.isoformat(),
        "assess": assess.isoformat() if assess else "",
        "status": "planned",
    }
    objective = {"words": part.objective, "measure": part.measure, "by": end.isoformat()}
    tasks = [
        {
            "words": task.words,
            "body": task.body,
            # What is asked of the body that leads is asked of the person who leads.
            "person": whose["person"] if task.body == whose["body"] else "",
            "due": min(end, start + dt.timedelta(weeks=task.weeks, days=-1)).isoformat(),
            "status": contents.AT_FIRST[Kind.TASK]["status"],
        }
        for task in part.tasks
    ]
    return [Line(Kind.OBJECTIVE, objective), Line(Kind.RESPONSE, response), *(Line(Kind.TASK, task) for task in tasks)]


def _with_days(given: Mapping[str, str], first_day: dt.date, day_after: dt.date) -> dict[str, str]:
    last_day = day_after - dt.timedelta(days=1)
    return {**given, "first_day": first_day.isoformat(), "last_day": last_day.isoformat()}


def _day(said: str) -> dt.date | None:
    for form in DATE_FORMS:
        try:
            return dt.datetime.strptime(said.strip(), form).date()  # noqa: DTZ007 - a day has no zone
        except ValueError:
            continue
    return None


def _weeks(said: str) -> int:
    """A number of weeks; 0 where it is none."""
    written = said.strip()
    value = int(written) if written.isascii() and written.isdecimal() and len(written) < 4 else 0
    return value if value <= MOST_WEEKS else 0
