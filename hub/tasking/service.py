"""Tasks and decisions across problems: those of one person, and those that the partners of an area meet about.

They are written as entries of their problems, by `hub.problems`; here they are read, within the reader's scope.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from uuid import UUID

from hub.access import Permission, Viewer
from hub.accounts import service as accounts
from hub.errors import NotFound
from hub.places.service import Area
from hub.problems import across, contents
from hub.problems import service as problems
from hub.problems.across import Followed
from hub.problems.choices import choices
from hub.problems.service import ShownProblem
from hub.problems.terms import Kind
from hub.responses import phases
from hub.responses import service as responses
from hub.responses.service import ShownPatrol
from hub.words import LONDON, plural

DAYS_AHEAD, DAYS_BACK = 28, 92
"""How far a meeting looks forward, for what is due, and back, for what was done and decided."""
DAYS_SOON = 7


@dataclass(frozen=True)
class ShownTask:
    """One task as pages show it."""

    problem_id: UUID
    reference: str
    problem: str
    """The problem's title."""
    boroughs: frozenset[str]
    id: UUID
    words: str
    body: str
    """In words."""
    person_id: UUID | None
    person: str
    """By name; empty where nobody is named."""
    outside: str
    """An e-mail address, of a body outside the hub."""
    due_on: dt.date
    status: str
    """In words."""
    is_open: bool
    is_done: bool
    done: str
    asked_by: UUID
    asked_by_name: str
    changed_on: dt.date
    days: int
    """To its day; negative once it is late."""

    @property
    def is_late(self) -> bool:
        """Whether its day is past and it is neither done nor given up."""
        return self.is_open and self.days < 0

    @property
    def is_soon(self) -> bool:
        """Whether it is due within a week."""
        return self.is_open and 0 <= self.days <= DAYS_SOON

    @property
    def whose(self) -> str:
        """`Council: Jo Bloggs`."""
        named = self.person or self.outside
        return f"{self.body}: {named}" if named else self.body

    @property
    def when(self) -> str:
        """`3 days late`, `due today` or `due in 5 days`."""
        if self.days < 0:
            return f"{plural(-self.days, 'day')} late"
        return f"due in {plural(self.days, 'day')}" if self.days else "due today"


@dataclass(frozen=True)
class ShownDecision:
    """One decision as the meeting's page shows it."""

    problem_id: UUID
    reference: str
    problem: str
    words: str
    decided_on: dt.date
    by: str
    """Who wrote it down."""


@dataclass(frozen=True)
class Meeting:
    """What the partners of an area meet about."""

    area: Area
    today: dt.date
    problems: tuple[ShownProblem, ...]
    late: tuple[ShownTask, ...]
    """The latest first."""
    due: tuple[ShownTask, ...]
    """In the next `DAYS_AHEAD` days, the next first."""
    later: int
    """How many more are open."""
    done: tuple[ShownTask, ...]
    """Done or given up in the last `DAYS_BACK` days, the newest first."""
    decided: tuple[ShownDecision, ...]
    """In the last `DAYS_BACK` days, the newest first."""
    patrols: tuple[ShownPatrol, ...]
    """Of its problems that are not closed, those that are running or were in the last `DAYS_BACK` days."""
    phases: Mapping[UUID, str]
    """Of each problem in phases, in which it is today; by its id."""
    may_write: bool

    @property
    def sentence(self) -> str:
        """How it stands, in one sentence."""
        known = plural(len(self.problems), "problem is open", "problems are open")
        late = plural(len(self.late), "task is late", "tasks are late") if self.late else "no task is late"
        due = plural(len(self.due), "is due", "are due")
        return f"{known}; {late}, and {due} in the next {DAYS_AHEAD} days."


def mine(viewer: Viewer, today: dt.date) -> list[ShownTask]:
    """List the open tasks that are this person's, the one that is due first at the top."""
    found = [one for one in across.of_kind(viewer, Kind.TASK) if _is_open(one) and _person(one) == viewer.person_id]
    return sorted(_shown(viewer, found, today), key=lambda task: task.due_on)


def task(viewer: Viewer, problem_id: UUID, task_id: UUID, today: dt.date) -> ShownTask:
    """Get one task of a problem that is not closed.

    Raises
    ------
    NotFound
        If there is none, or its problem is not this person's to read.
    """
    for one in across.of_kind(viewer, Kind.TASK):
        if (one.problem_id, one.thing) == (problem_id, task_id):
            return _shown(viewer, [one], today)[0]
    raise NotFound


def of_problem(viewer: Viewer, problem_id: UUID, today: dt.date) -> list[ShownTask]:
    """List the open tasks of one problem, the one that is due first at the top."""
    found = [one for one in across.of_kind(viewer, Kind.TASK) if one.problem_id == problem_id and _is_open(one)]
    return sorted(_shown(viewer, found, today), key=lambda task: task.due_on)


def meeting(viewer: Viewer, area: Area, today: dt.date) -> Meeting:
    """Gather what the partners of an area meet about.

    Raises
    ------
    NotFound, NotAllowed
        If this person does not read the problems of all of it.
    """
    viewer.require(Permission.PROBLEM_READ, area.borough_codes)
    its = [one for one in problems.problems(viewer) if not one.borough_codes.isdisjoint(area.borough_codes)]
    tasks = _shown(viewer, across.of_kind(viewer, Kind.TASK, area.borough_codes), today)
    still_open = sorted((one for one in tasks if one.is_open), key=lambda one: one.due_on)
    since = today - dt.timedelta(days=DAYS_BACK)
    over = [one for one in tasks if not one.is_open and one.changed_on >= since]
    return Meeting(
        area=area,
        today=today,
        problems=tuple(its),
        late=tuple(one for one in still_open if one.is_late),
        due=tuple(one for one in still_open if 0 <= one.days <= DAYS_AHEAD),
        later=sum(one.days > DAYS_AHEAD for one in still_open),
        done=tuple(sorted(over, key=lambda one: one.changed_on, reverse=True)),
        decided=_decided(viewer, area, since),
        patrols=tuple(
            one for one in responses.of_area(viewer, area.borough_codes, today) if one.plan.last_day >= since
        ),
        phases=phases.of_area(viewer, area.borough_codes, today),
        may_write=viewer.may(Permission.PROBLEM_WRITE, area.borough_codes),
    )


def decide(viewer: Viewer, area: Area, problem_id: UUID, words: str, on: str) -> None:
    """Write down what was decided about one of an area's problems.

    Raises
    ------
    Unfit
        If something of it cannot stand.
    NotFound
        If the problem is not one of the area's.
    Conflict
        If it is closed.
    """
    its = problems.problem(viewer, problem_id, Permission.PROBLEM_WRITE)
    if its.borough_codes.isdisjoint(area.borough_codes):
        raise NotFound
    problems.write(viewer, problem_id, Kind.DECISION, {"words": words, "on": on})


def _decided(viewer: Viewer, area: Area, since: dt.date) -> tuple[ShownDecision, ...]:
    found = across.of_kind(viewer, Kind.DECISION, area.borough_codes)
    names = accounts.names(viewer.session, {one.first_by for one in found})
    shown = [
        ShownDecision(
            one.problem_id, one.reference, one.title, one.body["words"], dt.date.fromisoformat(one.body["on"]),
            names.get(one.first_by, _GONE),
        )
        for one in found
    ]  # fmt: skip
    recent = [one for one in shown if one.decided_on >= since]
    return tuple(sorted(recent, key=lambda one: one.decided_on, reverse=True))


def _shown(viewer: Viewer, found: Iterable[Followed], today: dt.date) -> list[ShownTask]:
    found, bodies = list(found), choices().bodies
    people = {_person(one) for one in found} | {one.first_by for one in found}
    names = accounts.names(viewer.session, {person for person in people if person})
    shown = []
    for one in found:
        due_on, person = due(one), _person(one)
        shown.append(
            ShownTask(
                problem_id=one.problem_id,
                reference=one.reference,
                problem=one.title,
                boroughs=one.boroughs,
                id=one.thing,
                words=one.body["words"],
                body=bodies.get(one.body["body"], one.body["body"]),
                person_id=person,
                person=names.get(person, _GONE) if person else "",
                outside=one.body["outside"],
                due_on=due_on,
                status=contents.TASK_STATUS[one.body["status"]],
                is_open=_is_open(one),
                is_done=one.body["status"] == "done",
                done=one.body["done"],
                asked_by=one.first_by,
                asked_by_name=names.get(one.first_by, _GONE),
                changed_on=one.last_at.astimezone(LONDON).date(),
                days=(due_on - today).days,
            )
        )
    return shown


_GONE = "somebody who has left"


def due(one: Followed) -> dt.date:
    """The day by which a task is to be done."""
    return dt.date.fromisoformat(one.body["due"])


def _is_open(one: Followed) -> bool:
    return one.body["status"] in contents.OPEN_TASKS


def _person(one: Followed) -> UUID | None:
    return UUID(one.body["person"]) if one.body["person"] else None
