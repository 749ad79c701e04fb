"""When the assessment of a response was promised, what was delivered by then, and the result that goes on the record.

What works a result out stands above this slice.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import select

from hub.access import Viewer
from hub.db import HubSession
from hub.problems import contents, door, service
from hub.problems.choices import choices
from hub.problems.models import Entry, Problem
from hub.problems.terms import Kind, Origin, Result, Stage

_PLANNED = "planned"


@dataclass(frozen=True)
class Promise:
    """One day on which somebody said that a problem would be assessed."""

    problem_id: UUID
    borough_codes: frozenset[str]
    due_on: dt.date
    promised_by: UUID
    owner_id: UUID | None


@dataclass(frozen=True)
class Delivery:
    """One response, as far as an assessment needs it."""

    words: str
    technique: str
    status: str
    """In words."""
    delivered: str
    start: dt.date
    in_place: dt.date
    """From when all of it was set up."""
    end: dt.date | None
    assess_on: dt.date | None
    cost: int
    """In pounds; 0 where none is written down."""
    is_delivered: bool
    """False where it is planned still and nothing is said to have been delivered."""
    id: UUID
    """Of the response."""


def promises(session: HubSession) -> list[Promise]:
    """Every day that is promised for a problem in the session's scope that is not closed, the first first."""
    its = (
        select(Entry, Problem.owner_id)
        .join(Problem, Problem.id == Entry.problem_id)
        .where(Entry.kind == Kind.RESPONSE, Problem.stage != Stage.CLOSED)
        .order_by(Entry.problem_id, Entry.number)
    )
    latest = {entry.thing: (entry, owner_id) for entry, owner_id in session.execute(its)}
    found: dict[tuple[UUID, dt.date], Promise] = {}
    for entry, owner_id in latest.values():
        if entry.body.get("assess"):
            due_on, boroughs = dt.date.fromisoformat(entry.body["assess"]), frozenset(entry.borough_set.split("+"))
            promise = Promise(entry.problem_id, boroughs, due_on, entry.written_by, owner_id)
            found.setdefault((entry.problem_id, due_on), promise)
    return sorted(found.values(), key=lambda one: (one.due_on, str(one.problem_id)))


def deliveries(viewer: Viewer, problem_id: UUID) -> list[Delivery]:
    """The responses to a problem, the one that began first before the others.

    Raises
    ------
    NotFound
        If there is no such problem, or it is not this person's to read.
    """
    record = service.record(viewer, problem_id)
    found = (_delivery(thing.id, thing.body) for thing in record.of(Kind.RESPONSE))
    return sorted(found, key=lambda one: one.start)


def months_chosen_by(viewer: Viewer, problem_id: UUID) -> tuple[dt.date, dt.date] | None:
    """The first and the last month by which a map chose a problem's place for being high; None where none did."""
    its = service.problem(viewer, problem_id)
    return (its.first_month, its.last_month) if its.origin is Origin.OVERLAY else None


def keep_result(viewer: Viewer, problem_id: UUID, result: str, body: Mapping[str, Any], *, is_by_clock: bool) -> None:
    """Write a result on a problem's record, as the newest word on whether it fell.

    Parameters
    ----------
    viewer, problem_id
        In whose name, of which problem that is not closed.
    result
        `fell`, `did_not_fall` or `cannot_tell`.
    body
        What the entry says beside: a `reason` in a sentence, and which assessment it is.
    is_by_clock
        Whether the hub did it on the promised day, in nobody's name; else somebody asked for it.

    Raises
    ------
    NotFound, NotAllowed, Conflict
        As for any entry.
    """
    row = door.row_to_write(viewer, problem_id)
    row.result = Result(result)
    door.append(viewer, row, Kind.ASSESSED, {"result": result, **body}, is_by_clock=is_by_clock)


def keep_plan(viewer: Viewer, problem_id: UUID, response: UUID, words: str) -> None:
    """Write on a problem's record how a response of it is to be carried out.

    Parameters
    ----------
    viewer, problem_id
        In whose name, of which problem that is not closed.
    response
        Which response.
    words
        What is planned, in a sentence.

    Raises
    ------
    NotFound, NotAllowed, Conflict
        As for any entry.
    """
    row = door.row_to_write(viewer, problem_id)
    door.append(viewer, row, Kind.PATROL, {"words": words}, response)


def keep_alive(viewer: Viewer, problem_id: UUID) -> None:
    """Note that something was done about a problem that no entry says, such as a visit: it is not silent.

    Raises
    ------
    NotFound, NotAllowed, Conflict
        As for any entry.
    """
    door.touch(door.row_to_write(viewer, problem_id))


def _delivery(response: UUID, body: Mapping[str, str]) -> Delivery:
    start, end, assess = body["start"], body.get("end"), body.get("assess")
    status, delivered, cost = body["status"], body.get("delivered", ""), body.get("cost")
    technique = choices().techniques[int(body["technique"])]
    return Delivery(
        words=body["words"],
        technique=technique.name,
        status=contents.STATUS[status],
        delivered=delivered,
        start=dt.date.fromisoformat(start),
        in_place=dt.date.fromisoformat(body.get("set_up") or start),
        end=dt.date.fromisoformat(end) if end else None,
        assess_on=dt.date.fromisoformat(assess) if assess else None,
        cost=int(cost) if cost else 0,
        is_delivered=status != _PLANNED or bool(delivered),
        id=response,
    )
