"""The only way to the rows of problems: those that have one of the viewer's boroughs, and what is added to them.

Whoever has the permission in one of a problem's boroughs may read or write all of it; to others it does not exist.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import func, select

from hub import audit
from hub.access import Permission, Viewer
from hub.errors import Conflict, NotAllowed, NotFound
from hub.problems.models import Entry, Problem
from hub.problems.terms import Kind, Stage

MOST_ENTRIES = 2_000
"""Of one problem: its page shows them all."""
BY_CLOCK = "by_clock"
"""Stands in the body of an entry that the hub wrote by itself, with what its writer may see."""
_ENDINGS = frozenset({Kind.MOVED, Kind.DETACHED, Kind.WITHDRAWN})
"""What can be written however much there is: else nobody could close it, or take back what is in it."""


def rows(viewer: Viewer, permission: Permission = Permission.PROBLEM_READ) -> list[Problem]:
    """Every problem that this person has a permission for, the one that changed last first."""
    held = viewer.boroughs(permission)
    found = viewer.session.scalars(select(Problem).order_by(Problem.changed_at.desc(), Problem.id))
    return [row for row in found if not held.isdisjoint(row.boroughs)]


def row(
    viewer: Viewer, problem_id: UUID, permission: Permission = Permission.PROBLEM_READ, *, for_change: bool = False
) -> Problem:
    """One problem; locked until the transaction ends, where it is to be changed.

    Raises
    ------
    NotFound
        If there is none, or this person may not read it.
    NotAllowed
        If they may read it, and no more.
    """
    wanted = select(Problem).where(Problem.id == problem_id)
    if for_change:
        wanted = wanted.with_for_update().execution_options(populate_existing=True)
    found = viewer.session.scalar(wanted)
    if found is None or viewer.boroughs(Permission.PROBLEM_READ).isdisjoint(found.boroughs):
        raise NotFound
    if viewer.boroughs(permission).isdisjoint(found.boroughs):
        refusal = NotAllowed("Your role does not let you do this here.", remedy="Ask an administrator if it should.")
        refusal.concerns = found.boroughs
        raise refusal
    return found


def row_to_write(viewer: Viewer, problem_id: UUID) -> Problem:
    """One problem that is not closed, to be written to.

    Raises
    ------
    Conflict
        If it is closed, or as much is written of it as may be.
    """
    found = row(viewer, problem_id, Permission.PROBLEM_WRITE, for_change=True)
    if found.stage is Stage.CLOSED:
        raise Conflict("This problem is closed.", remedy="Move it back to another stage to go on with it.")
    return found


def entries(viewer: Viewer, problem: Problem) -> Sequence[Entry]:
    """All that was written of a problem, in order."""
    its = select(Entry).where(Entry.problem_id == problem.id, Entry.borough_set == problem.borough_set)
    return viewer.session.scalars(its.order_by(Entry.number)).all()


def append(
    viewer: Viewer,
    problem: Problem,
    kind: Kind,
    body: Mapping[str, Any],
    thing: UUID | None = None,
    *,
    is_by_clock: bool = False,
) -> Entry:
    """Write one entry, and have it on the record: under the viewer, or under the hub where the clock had it done.

    Raises
    ------
    Conflict
        If as much is written of the problem as may be.
    """
    last = viewer.session.scalar(select(func.max(Entry.number)).where(Entry.problem_id == problem.id)) or 0
    if last >= MOST_ENTRIES and kind not in _ENDINGS:
        raise Conflict(
            f"{MOST_ENTRIES:,} entries are written of this problem, and it can have no more.",
            remedy="Close it, and open another for what is left to do.",
        )
    now = dt.datetime.now(dt.UTC)
    entry = Entry(
        problem_id=problem.id,
        borough_set=problem.borough_set,
        number=last + 1,
        kind=kind,
        thing=thing or problem.id,
        body={**body, BY_CLOCK: True} if is_by_clock else dict(body),
        written_by=viewer.person_id,
        written_at=now,
    )
    viewer.session.add(entry)
    touch(problem)
    viewer.session.flush()
    action = f"problem.{kind}" if kind in _OF_THEIR_OWN else "problem.written"
    about: dict[str, Any] = {"boroughs": problem.boroughs, "part": kind.value, "entry": entry.number}
    if is_by_clock:
        person = str(viewer.person_id)
        audit.record_as(viewer.session, audit.MACHINE, f"{action}_by_clock", problem.id, **about, stood_in_for=person)
    else:
        audit.record(viewer, action, problem.id, **about)
    return entry


def touch(problem: Problem) -> None:
    """Note that something was done about a problem now."""
    problem.changed_at, problem.asked_on = dt.datetime.now(dt.UTC), None


_OF_THEIR_OWN = frozenset(
    {
        *(Kind.OPENED, Kind.MOVED, Kind.ASSIGNED, Kind.BASELINE, Kind.ASSESSED, Kind.PATROL),
        *(Kind.ATTACHED, Kind.DETACHED, Kind.PUBLISHED, Kind.WITHDRAWN),
    }
)
"""Acts that the record tells apart; all else is writing."""
