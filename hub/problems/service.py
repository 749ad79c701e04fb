"""Problems: opened, read, written to, assigned and moved between stages, on the record.

Nothing written is changed: a later entry of the same thing says how it stands since, and the earlier stays.
"""

from __future__ import annotations

import datetime as dt
import json
import secrets
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

import shapely
from shapely.geometry.base import BaseGeometry
from sqlalchemy import select

from geo import boundaries
from hub import columns, db
from hub.access import GRANTED, Permission, Role, Viewer
from hub.accounts import service as accounts
from hub.disclosure import service as disclosure
from hub.errors import BadRequest, Conflict, NotFound
from hub.places import service as places
from hub.problems import addresses, contents, door
from hub.problems.choices import choices
from hub.problems.models import Entry, Problem
from hub.problems.terms import Kind, Origin, Result, Stage
from hub.problems.wording import Unfit, fault_of_open_words, fault_of_words, tidied
from hub.words import LONDON, listed, months_later, months_name

LONGEST_TITLE, LONGEST_REASON = 120, 500
SILENT_MONTHS = 12
"""After so long without a word a problem's owner is asked to close it, or to write how it stands."""
NUMBERS = range(1000, 10_000)
LONGEST_CATEGORIES, MOST_CELLS = 2_000, 500
MOST_OUTSIDE = 0.05
"""Of a problem's ground: so much may lie over the edge of its boroughs, as outlines of a river or a road part."""
MOST_EVIDENCE = 200_000
"""Characters of JSON."""
RESPONSE_BEFORE_ANALYSIS = (
    "A response is written down and no analysis yet: no finding, crime triangle or hypothesis. A response that follows "
    "from an analysis is more likely to work."
)
OPEN_STAGES = (Stage.SCANNING, Stage.ANALYSIS, Stage.RESPONSE, Stage.ASSESSMENT)
_WORKING = frozenset(role for role in Role if Permission.PROBLEM_WRITE in GRANTED[role]) - {Role.ADMINISTRATOR}
"""Whose people may own a problem; administrators look after every borough, and own none."""
_ANALYSIS = (Kind.FINDING, Kind.TRIANGLE, Kind.HYPOTHESIS)


@dataclass(frozen=True)
class Place:
    """Where a problem is: its name, and its ground in any of the ways that there are."""

    name: str
    ward_code: str | None = None
    cells: Sequence[str] = ()
    """Codes of small areas."""
    zone_id: UUID | None = None
    premises: str = ""
    """A key of `choices().premises`, or nothing."""
    outline: BaseGeometry | None = None
    """EPSG:27700; kept as it is now."""


@dataclass(frozen=True)
class Thing:
    """One hypothesis, response or other part of a record as it stands, with who wrote so."""

    id: UUID
    kind: Kind
    number: int
    """Of the entry that says how it stands."""
    body: Mapping[str, str]
    by: str
    at: dt.datetime
    is_rewritten: bool


@dataclass(frozen=True)
class Line:
    """One line of the history."""

    number: int
    kind: Kind
    body: Mapping[str, Any]
    by: str
    at: dt.datetime


@dataclass(frozen=True)
class ShownProblem:
    """One problem as a list shows it."""

    id: UUID
    reference: str
    title: str
    kind: str
    """In words."""
    kind_key: str
    stage: Stage
    borough_codes: frozenset[str]
    boroughs: str
    """By name, in words."""
    place: Place
    categories: tuple[str, ...]
    first_month: dt.date
    last_month: dt.date
    owner_body: str
    """In words."""
    owner_id: UUID | None
    owner: str
    """The person's name; empty where nobody is named."""
    result: Result | None
    opened_at: dt.datetime
    changed_at: dt.datetime
    closed_at: dt.datetime | None
    origin: Origin
    priority_id: UUID | None
    abstract_id: UUID | None

    @property
    def period(self) -> str:
        """`January 2026 to December 2026`."""
        return (
            months_name([self.first_month])
            if self.first_month == self.last_month
            else (f"{months_name([self.first_month])} to {months_name([self.last_month])}")
        )


@dataclass(frozen=True)
class Record:
    """Everything written of one problem."""

    problem: ShownProblem
    things: Mapping[Kind, tuple[Thing, ...]]
    history: tuple[Line, ...]
    """The newest first."""
    evidence: Mapping[str, Any]
    """What was known when it was opened, as whoever opened it gave it."""
    names: Mapping[str, str]
    """Of the people named in it, by id."""
    may_write: bool
    may_publish: bool
    delete_on: dt.date | None
    """The day from which it is deleted; None while it is not closed."""
    silent_until: dt.date | None
    """Of one that is not closed and silent for long: the day from which it is deleted, unless something is written."""

    def of(self, kind: Kind) -> tuple[Thing, ...]:
        """The things of one kind, the oldest first."""
        return self.things.get(kind, ())

    @property
    def has_analysis(self) -> bool:
        """Whether a finding, a crime triangle or a hypothesis is written down."""
        return any(self.of(kind) for kind in _ANALYSIS)

    @property
    def warnings(self) -> tuple[str, ...]:
        """What practice warns of; nothing is refused for it."""
        if self.of(Kind.RESPONSE) and not self.has_analysis:
            return (RESPONSE_BEFORE_ANALYSIS,)
        return ()


def today() -> dt.date:
    """The day in London."""
    return dt.datetime.now(LONDON).date()


# --- Reading ---------------------------------------------------------------------------------------------------------


def problems(
    viewer: Viewer, *, stage: Stage | None = None, borough_code: str = "", is_mine: bool = False
) -> list[ShownProblem]:
    """List the problems that this person may read, the one that changed last first; those not closed unless asked.

    Parameters
    ----------
    viewer
        Who reads.
    stage
        Only those at this stage; all that are not closed unless given.
    borough_code
        Only those that belong to this borough too; all unless given.
    is_mine
        Only those that this person owns.
    """
    rows = [
        row
        for row in door.rows(viewer)
        if (row.stage is stage if stage else row.stage is not Stage.CLOSED)
        and (not borough_code or borough_code in row.boroughs)
        and (not is_mine or row.owner_id == viewer.person_id)
    ]
    return shown(viewer, rows)


def numbers(viewer: Viewer) -> Mapping[Stage, int]:
    """How many problems this person may read at each stage."""
    return Counter(row.stage for row in door.rows(viewer))


def problem(viewer: Viewer, problem_id: UUID, permission: Permission = Permission.PROBLEM_READ) -> ShownProblem:
    """Get one problem without what is written of it.

    Raises
    ------
    NotFound
        If there is none, or it is not this person's to read.
    NotAllowed
        If they may read it, and not what was asked.
    """
    return shown(viewer, [door.row(viewer, problem_id, permission)])[0]


def problem_to_write(viewer: Viewer, problem_id: UUID) -> ShownProblem:
    """Get one problem that is not closed; nobody else writes to it until the transaction ends.

    Raises
    ------
    NotFound, NotAllowed
        As for `problem`.
    Conflict
        If it is closed.
    """
    return shown(viewer, [door.row_to_write(viewer, problem_id)])[0]


def record(viewer: Viewer, problem_id: UUID) -> Record:
    """Get one problem with all that is written of it.

    Raises
    ------
    NotFound
        As for `problem`.
    """
    row = door.row(viewer, problem_id)
    entries, by_id = door.entries(viewer, row), addresses.of_problem(viewer, row)
    named = {UUID(entry.body["person"]) for entry in entries if entry.body.get("person")}
    names = accounts.names(viewer.session, named | {entry.written_by for entry in entries})
    opened = next((entry for entry in entries if entry.kind is Kind.OPENED), None)
    lines = [
        Line(one.number, one.kind, addresses.as_read(one.body, by_id), _writer(names, one), one.written_at)
        for one in entries
    ]
    return Record(
        problem=shown(viewer, [row])[0],
        things=_things(entries, names, by_id),
        history=tuple(reversed(lines)),
        evidence=opened.body.get("evidence", {}) if opened else {},
        names={str(person_id): name for person_id, name in names.items()},
        may_write=not viewer.boroughs(Permission.PROBLEM_WRITE).isdisjoint(row.boroughs),
        may_publish=not viewer.boroughs(Permission.PROBLEM_PUBLISH).isdisjoint(row.boroughs),
        delete_on=delete_on(viewer, row.closed_at),
        silent_until=_silent_until(viewer, row),
    )


def delete_on(viewer: Viewer, closed_at: dt.datetime | None) -> dt.date | None:
    """The day from which a problem that was closed then is deleted: as data is that came under no agreement."""
    if closed_at is None:
        return None
    months: int = viewer.session.info["keep_months"]
    return months_later(closed_at.astimezone(LONDON).date(), months)


def _silent_until(viewer: Viewer, row: Problem) -> dt.date | None:
    since = row.changed_at.astimezone(LONDON).date()
    is_silent = row.closed_at is None and months_later(since, SILENT_MONTHS) <= today()
    return delete_on(viewer, row.changed_at) if is_silent else None


def people(viewer: Viewer, borough_codes: Collection[str]) -> dict[str, str]:
    """Who may be named as an owner in these boroughs: the name of each by id, in order of names."""
    found = accounts.holders(viewer.session, _WORKING, borough_codes, today())
    names = accounts.names(viewer.session, found)
    return {str(one): name for one, name in sorted(names.items(), key=lambda pair: pair[1].casefold())}


def shown(viewer: Viewer, rows: Iterable[Problem]) -> list[ShownProblem]:
    """Rows as pages show them."""
    rows, given = list(rows), choices()
    owners = accounts.names(viewer.session, {row.owner_id for row in rows if row.owner_id})
    boroughs = {one.code: one.name for one in places.boroughs(viewer.session)}
    return [
        ShownProblem(
            id=row.id,
            reference=row.reference,
            title=row.title,
            kind=given.kinds.get(row.kind, row.kind),
            kind_key=row.kind,
            stage=row.stage,
            borough_codes=row.boroughs,
            boroughs=listed(sorted(boroughs.get(code, code) for code in row.boroughs)),
            place=Place(row.place_name, row.ward_code, tuple(row.cells), row.zone_id, row.premises, row.outline),
            categories=tuple(row.categories),
            first_month=row.first_month,
            last_month=row.last_month,
            owner_body=given.bodies.get(row.owner_body, row.owner_body),
            owner_id=row.owner_id,
            owner=_name(owners, row.owner_id) if row.owner_id else "",
            result=row.result,
            opened_at=row.opened_at,
            changed_at=row.changed_at,
            closed_at=row.closed_at,
            origin=row.origin,
            priority_id=row.priority_id,
            abstract_id=row.abstract_id,
        )
        for row in rows
    ]


def _things(
    entries: Sequence[Entry], names: Mapping[UUID, str], by_id: Mapping[str, str]
) -> dict[Kind, tuple[Thing, ...]]:
    """How each thing stands after its last entry, in the order in which they were first written."""
    latest: dict[tuple[Kind, UUID], Thing] = {}
    for entry in entries:
        if entry.kind in contents.fields():
            key = (entry.kind, entry.thing)
            by = _name(names, entry.written_by)
            body = contents.as_text(addresses.as_read(entry.body, by_id))
            latest[key] = Thing(entry.thing, entry.kind, entry.number, body, by, entry.written_at, key in latest)
    return {kind: tuple(one for (its, _), one in latest.items() if its is kind) for kind, _ in latest}


def _writer(names: Mapping[UUID, str], entry: Entry) -> str:
    name = _name(names, entry.written_by)
    return f"The hub, by itself, with what {name} may see" if entry.body.get(door.BY_CLOCK) else name


def _name(names: Mapping[UUID, str], person_id: UUID) -> str:
    return names.get(person_id, "somebody who has left")


# --- Opening ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Opening:
    """All that a problem is opened with."""

    boroughs: frozenset[str]
    title: str
    kind: str
    """A key of `choices().kinds`."""
    place: Place
    period: tuple[dt.date, dt.date]
    """The first and the last month, each as its first day."""
    categories: Sequence[str] = ()
    owner_body: str = "partnership"
    owner_id: UUID | None = None
    origin: Origin = Origin.BY_HAND
    priority_id: UUID | None = None
    evidence: Mapping[str, Any] = field(default_factory=dict)
    """Facts that are JSON: numbers with the version of the data that they are of."""


def open_problem(viewer: Viewer, given: Opening) -> ShownProblem:
    """Open a problem at scanning.

    Raises
    ------
    NotFound, NotAllowed
        If this person does not hold the permission in every one of its boroughs.
    Unfit
        If something of it cannot stand.
    """
    if not given.boroughs <= places.every_borough(viewer.session):
        raise NotFound
    viewer.require(Permission.PROBLEM_WRITE, given.boroughs)
    _require_fit(viewer, given)
    key = columns.area_key(given.boroughs)
    db.lock(viewer.session, "problems")
    now = dt.datetime.now(dt.UTC)
    row = Problem(
        borough_set=key,
        year=today().year,
        number=_free_number(viewer, today().year),
        title=tidied(given.title),
        kind=given.kind,
        stage=Stage.SCANNING,
        origin=given.origin,
        priority_id=given.priority_id,
        place_name=tidied(given.place.name),
        ward_code=given.place.ward_code,
        cells=sorted(given.place.cells),
        zone_id=given.place.zone_id,
        premises=given.place.premises,
        outline=given.place.outline,
        categories=list(given.categories),
        first_month=given.period[0],
        last_month=given.period[1],
        owner_body=given.owner_body,
        owner_id=given.owner_id,
        opened_by=viewer.person_id,
        opened_at=now,
        changed_at=now,
    )
    viewer.session.add(row)
    viewer.session.flush()
    body = {"title": row.title, "origin": given.origin.value, "evidence": dict(given.evidence)}
    door.append(viewer, row, Kind.OPENED, body)
    door.append(viewer, row, Kind.ASSIGNED, {"body": row.owner_body, "person": str(given.owner_id or "")})
    return shown(viewer, [row])[0]


def _free_number(viewer: Viewer, year: int) -> int:
    """One drawn by lot among those that no problem in sight has, since one in a row would tell how many there are.

    Whoever reads a problem of two boroughs may read only one of them, and would see how far the other has counted.
    """
    taken = set(viewer.session.scalars(select(Problem.number).where(Problem.year == year)))
    return secrets.choice([number for number in NUMBERS if number not in taken])


def _require_fit(viewer: Viewer, given: Opening) -> None:
    known = choices()
    faults = {
        "title": _fault_of_title(viewer, given.title),
        "place": fault_of_words(tidied(given.place.name), LONGEST_TITLE)
        or ("" if tidied(given.place.name) else "Say where it is, as people call the place."),
        "kind": "" if given.kind in known.kinds else "Choose what kind of problem it is.",
        "premises": "" if given.place.premises in {"", *known.premises} else "Choose one of these, or none.",
        "categories": fault_of_words(", ".join(given.categories), LONGEST_CATEGORIES),
        "owner_body": "" if given.owner_body in known.bodies else "Choose which body owns it.",
        "owner": ""
        if given.owner_id is None or str(given.owner_id) in people(viewer, given.boroughs)
        else "Choose one of these people, or nobody.",
        "ward": _fault_of_ward(viewer, given),
        "zone": _fault_of_ground(viewer, given),
        "period": "" if given.period[0] <= given.period[1] else "The last month lies before the first.",
    }
    faults = {name: fault for name, fault in faults.items() if fault}
    if faults:
        raise Unfit(faults)
    if len(given.place.cells) > MOST_CELLS or len(json.dumps(given.evidence, default=str)) > MOST_EVIDENCE:
        raise BadRequest("The place or its evidence is too large for one problem.", remedy="Choose a smaller place.")


def _fault_of_title(viewer: Viewer, said: str) -> str:
    """What is wrong with a title: council leaders read it, so it may give no exact count."""
    title = tidied(said)
    if not title:
        return "Give the problem a title in a few words."
    return fault_of_words(title, LONGEST_TITLE) or fault_of_open_words(title, disclosure.in_force(viewer.session))


def _fault_of_ward(viewer: Viewer, given: Opening) -> str:
    if given.place.ward_code is None:
        return ""
    wards = places.ward_index(viewer.session)
    its = wards[wards["ward_code"] == given.place.ward_code]["borough_code"]
    return "" if set(its) & given.boroughs else "Choose a ward of the problem's boroughs."


def _fault_of_ground(viewer: Viewer, given: Opening) -> str:
    """What is wrong with the ground: of a zone of several boroughs some may lie outside those that were chosen."""
    ground = given.place.outline
    if ground is None:
        return ""
    outline = boundaries.outline(places.borough_outlines(viewer.session, given.boroughs))
    outside = shapely.difference(ground, outline).area
    if outside <= MOST_OUTSIDE * ground.area:
        return ""
    return "This zone lies outside the boroughs that were chosen. Choose every borough that it lies in."


# --- Writing ---------------------------------------------------------------------------------------------------------


def write(
    viewer: Viewer,
    problem_id: UUID,
    kind: Kind,
    given: Mapping[str, str],
    *,
    thing: UUID | None = None,
    follows: int = 0,
) -> UUID:
    """Write an entry: of a new thing, or of how one stands now. Returns the thing's id.

    Parameters
    ----------
    viewer, problem_id
        Who writes of which problem.
    kind
        One that people write by a form.
    given
        What was typed and chosen, by field.
    thing
        What the entry is about, where that is one of several and written of before.
    follows
        The number of the thing's entry that its writer read; 0 of a new one.

    Raises
    ------
    Unfit
        If something of it cannot stand.
    NotFound
        If there is no such problem, kind or thing.
    Conflict
        If the problem is closed, or somebody has written of the thing meanwhile.
    """
    row = door.row_to_write(viewer, problem_id)
    if kind not in contents.fields():
        raise NotFound
    about = thing or (uuid4() if kind in contents.REPEATED else row.id)
    before = [one.number for one in door.entries(viewer, row) if (one.kind, one.thing) == (kind, about)]
    if (thing is not None and not before) or (kind in contents.SAID_ONCE and thing is not None):
        raise NotFound
    body = contents.fit(kind, given, people=people(viewer, row.boroughs) if given.get("person") else ())
    if kind is Kind.TASK:
        body = addresses.kept(viewer, row, body)
    if before and before[-1] != follows:
        raise Conflict(
            "Somebody has written of this since you opened the page.",
            remedy="Look at what they wrote below, then send yours again.",
        )
    if kind is Kind.ASSIGNED:
        row.owner_body, row.owner_id = body["body"], UUID(body["person"]) if body["person"] else None
    if kind is Kind.ASSESSMENT:
        row.result = Result(body["result"])
    door.append(viewer, row, kind, body, about)
    return about


def note(viewer: Viewer, problem_id: UUID, kind: Kind, body: Mapping[str, Any]) -> None:
    """Write what another slice did for a problem, and has checked, on the problem's record.

    Raises
    ------
    NotFound, NotAllowed, Conflict
        As for any entry.
    """
    door.append(viewer, door.row_to_write(viewer, problem_id), kind, body)


def describe(viewer: Viewer, problem_id: UUID, *, title: str, kind: str, premises: str) -> None:
    """Give a problem another title, kind or kind of premises.

    Raises
    ------
    Unfit
        If one of them cannot stand.
    """
    row = door.row_to_write(viewer, problem_id)
    known = choices()
    faults = {
        "title": _fault_of_title(viewer, title),
        "kind": "" if kind in known.kinds else "Choose what kind of problem it is.",
        "premises": "" if premises in {"", *known.premises} else "Choose one of these, or none.",
    }
    faults = {name: fault for name, fault in faults.items() if fault}
    if faults:
        raise Unfit(faults)
    row.title, row.kind, row.premises = tidied(title), kind, premises
    door.append(viewer, row, Kind.DESCRIBED, {"title": row.title, "kind": kind, "premises": premises})


def move(viewer: Viewer, problem_id: UUID, stage: Stage, reason: str) -> None:
    """Move a problem to another stage, forward or back, or close it, and say why.

    Raises
    ------
    Unfit
        If no reason is given, or one that cannot stand.
    Conflict
        If it is there already.
    """
    row = door.row(viewer, problem_id, Permission.PROBLEM_WRITE, for_change=True)
    why = tidied(reason)
    fault = fault_of_words(why, LONGEST_REASON) if why else "Say why it moves, in a sentence."
    if fault:
        raise Unfit({"reason": fault})
    if row.stage is stage:
        raise Conflict(f"This problem is at {stage.value} already.", remedy="Choose another stage.")
    body = {"from": row.stage.value, "to": stage.value, "reason": why}
    row.stage = stage
    row.closed_at = dt.datetime.now(dt.UTC) if stage is Stage.CLOSED else None
    door.append(viewer, row, Kind.MOVED, body)
