"""The priorities that a ward panel sets: written by the police and officers, read by everybody of the borough.

Nothing written is ever changed: each act adds a line.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import groupby
from uuid import UUID, uuid4

from sqlalchemy import select

from hub import audit, db
from hub.access import Permission, Viewer
from hub.accounts import service as accounts
from hub.errors import Conflict, NotFound
from hub.problems import service as problems
from hub.problems.service import Opening, ShownProblem
from hub.problems.terms import Origin
from hub.problems.wording import Unfit as UnfitProblem
from hub.wards.ground import WardPlace
from hub.wards.models import Act, WardPriority
from hub.wards.wording import Given, require_fit
from hub.words import LONDON

MOST_AT_A_TIME = 10
"""A panel usually sets three."""


@dataclass(frozen=True)
class Entry:
    """How a priority stood from one moment on, and who wrote so."""

    act: Act
    given: Given
    by: str
    at: dt.datetime


@dataclass(frozen=True)
class Priority:
    """One priority of a ward with its history, oldest first."""

    id: UUID
    entries: tuple[Entry, ...]

    @property
    def latest(self) -> Entry:
        """How it stands."""
        return self.entries[-1]

    @property
    def number(self) -> int:
        """Of its latest entry."""
        return len(self.entries)

    @property
    def is_current(self) -> bool:
        """Whether it has not ended."""
        return self.latest.act is not Act.ENDED

    def is_due(self, today: dt.date) -> bool:
        """Whether it should have been looked at again."""
        review_on = self.latest.given.review_on
        return self.is_current and review_on is not None and review_on < today


def today() -> dt.date:
    """The day in London."""
    return dt.datetime.now(LONDON).date()


def priorities(viewer: Viewer, ward: WardPlace) -> list[Priority]:
    """List the priorities of a ward: the current first, then those that ended, each by the day it was set."""
    return of_wards(viewer, ward.borough_code, [ward.code]).get(ward.code, [])


def of_wards(viewer: Viewer, borough_code: str, ward_codes: Collection[str]) -> dict[str, list[Priority]]:
    """List the priorities of some wards of a borough as `priorities` does, by ward; a ward without any has no entry."""
    viewer.require(Permission.SUMMARY_READ, [borough_code])
    rows = viewer.session.scalars(
        select(WardPriority)
        .where(WardPriority.borough_code == borough_code, WardPriority.ward_code.in_(ward_codes))
        .order_by(WardPriority.ward_code, WardPriority.priority_id, WardPriority.number)
    ).all()
    names = accounts.names(viewer.session, {row.written_by for row in rows})
    return {code: _of_ward(of_it, names) for code, of_it in groupby(rows, key=lambda row: row.ward_code)}


def _of_ward(rows: Iterable[WardPriority], names: Mapping[UUID, str]) -> list[Priority]:
    found = [
        Priority(priority_id, tuple(_entry(row, names) for row in of_it))
        for priority_id, of_it in groupby(rows, key=lambda row: row.priority_id)
    ]
    return sorted(found, key=lambda one: (not one.is_current, str(one.latest.given.set_on), one.latest.given.words))


def priority(viewer: Viewer, ward: WardPlace, priority_id: UUID) -> Priority:
    """Get one priority of a ward.

    Raises
    ------
    NotFound
        If the ward has no such priority.
    """
    found = next((one for one in priorities(viewer, ward) if one.id == priority_id), None)
    if found is None:
        raise NotFound
    return found


def open_problem(viewer: Viewer, ward: WardPlace, priority_id: UUID, given: Opening) -> ShownProblem:
    """Open a problem from a priority of one of its own wards.

    Raises
    ------
    NotFound, NotAllowed
        If the ward has no such priority that this person reads, or they may not open a problem there.
    Unfit
        If the problem is not of that ward, or something else of it cannot stand.
    """
    found = priority(viewer, ward, priority_id)
    if given.place.ward_code != ward.code or ward.borough_code not in given.boroughs:
        raise UnfitProblem(
            {"ward": f"Choose {ward.name}, of which the priority is; or open the problem from the list of problems."}
        )
    return problems.open_problem(viewer, replace(given, origin=Origin.WARD_PRIORITY, priority_id=found.id))


def set_priority(viewer: Viewer, ward: WardPlace, given: Given) -> UUID:
    """Write down a new priority of a ward.

    Raises
    ------
    Unfit
        If what is written cannot stand.
    Conflict
        If the ward has as many as it may have.
    """
    viewer.require(Permission.PRIORITY_WRITE, [ward.borough_code])
    given = given.tidied
    require_fit(given, today())
    _lock(viewer, ward)
    if sum(one.is_current for one in priorities(viewer, ward)) >= MOST_AT_A_TIME:
        raise Conflict(
            f"{ward.name} has {MOST_AT_A_TIME} priorities already, and can have no more.", remedy="End one first."
        )
    return _add(viewer, ward, uuid4(), 1, Act.SET, given)


def keep(viewer: Viewer, ward: WardPlace, priority_id: UUID, given: Given, *, number: int) -> None:
    """Keep a priority that was looked at again, with what is written of it now; `number` is of the entry it follows.

    Raises
    ------
    Unfit, NotFound
        As for `set_priority` and `priority`.
    Conflict
        If it has ended, or somebody has written of it meanwhile.
    """
    viewer.require(Permission.PRIORITY_WRITE, [ward.borough_code])
    _lock(viewer, ward)
    before = _current(viewer, ward, priority_id, number)
    given = replace(given.tidied, set_on=before.latest.given.set_on)
    require_fit(given, today())
    _add(viewer, ward, priority_id, number + 1, Act.KEPT, given)


def end(viewer: Viewer, ward: WardPlace, priority_id: UUID, note: str, *, number: int) -> None:
    """End a priority, saying what came of it.

    Raises
    ------
    Unfit, NotFound, Conflict
        As for `keep`.
    """
    viewer.require(Permission.PRIORITY_WRITE, [ward.borough_code])
    _lock(viewer, ward)
    before = _current(viewer, ward, priority_id, number)
    given = replace(before.latest.given, note=note).tidied
    require_fit(given, today())
    _add(viewer, ward, priority_id, number + 1, Act.ENDED, given)


def _current(viewer: Viewer, ward: WardPlace, priority_id: UUID, number: int) -> Priority:
    found = priority(viewer, ward, priority_id)
    if not found.is_current:
        raise Conflict("This priority has ended already.", remedy="Set a new one if the panel asks for it again.")
    if found.number != number:
        raise Conflict(
            "Somebody has written of this priority since you opened this page.",
            remedy="Look at what they wrote below, then send yours again.",
        )
    return found


def _add(viewer: Viewer, ward: WardPlace, priority_id: UUID, number: int, act: Act, given: Given) -> UUID:
    viewer.session.add(
        WardPriority(
            priority_id=priority_id,
            number=number,
            borough_code=ward.borough_code,
            ward_code=ward.code,
            act=act,
            written_by=viewer.person_id,
            written_at=dt.datetime.now(dt.UTC),
            **vars(given),
        )
    )
    viewer.session.flush()
    audit.record(viewer, f"priority.{act}", priority_id, boroughs=[ward.borough_code], ward=ward.code)
    return priority_id


def _lock(viewer: Viewer, ward: WardPlace) -> None:
    db.lock(viewer.session, f"priorities:{ward.borough_code}:{ward.code}")


def _entry(row: WardPriority, names: Mapping[UUID, str]) -> Entry:
    given = Given(row.words, row.source, row.set_on, row.review_on, row.note)
    return Entry(row.act, given, names.get(row.written_by, "somebody who has left"), row.written_at)
