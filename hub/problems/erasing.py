"""The end of problems: those closed, or silent, for long enough are deleted with all that was written of them.

Of one that falls silent somebody is told long before, so that it is closed, or written of again.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import ColumnElement, and_, delete, or_, select, update

from hub.db import HubSession
from hub.problems.models import Abstract, Problem


@dataclass(frozen=True)
class Silent:
    """A problem of which nothing was written for long, and whom to ask about it, the first first."""

    id: UUID
    boroughs: frozenset[str]
    people: tuple[UUID, ...]


def any_to_erase(session: HubSession, before: dt.datetime, told_by: dt.date) -> bool:
    """Whether a problem is to be deleted. The session sees every borough."""
    return session.scalar(select(Problem.id).where(_is_over(before, told_by)).limit(1)) is not None


def erase(session: HubSession, before: dt.datetime, told_by: dt.date) -> list[tuple[UUID, frozenset[str]]]:
    """Delete problems, and what the memory has of them; tells which.

    Their entries and attachments go by the database's own cascade: nobody may delete an entry.

    Parameters
    ----------
    session
        One that sees every borough.
    before
        Closed before this moment, or never closed and last written of before it.
    told_by
        Of one that was never closed: somebody was asked about it on this day or earlier.
    """
    gone = session.scalars(select(Problem).where(_is_over(before, told_by))).all()
    told = [(row.id, row.boroughs) for row in gone]
    remembered = [row.abstract_id for row in gone if row.abstract_id is not None]
    session.execute(delete(Abstract).where(Abstract.id.in_(remembered)))
    session.execute(delete(Problem).where(Problem.id.in_([problem_id for problem_id, _ in told])))
    session.flush()
    return told


def silent(session: HubSession, since: dt.datetime) -> list[Silent]:
    """The problems that are not closed, of which nothing was written since a moment and nobody was asked yet."""
    is_silent = and_(Problem.closed_at.is_(None), Problem.changed_at < since, Problem.asked_on.is_(None))
    rows = session.scalars(select(Problem).where(is_silent).order_by(Problem.changed_at, Problem.id))
    return [Silent(row.id, row.boroughs, tuple(filter(None, (row.owner_id, row.opened_by)))) for row in rows]


def asked_about(session: HubSession, problem_ids: Collection[UUID], today: dt.date) -> None:
    """Write down that somebody was asked about silent problems."""
    session.execute(update(Problem).where(Problem.id.in_(problem_ids)).values(asked_on=today))


def _is_over(before: dt.datetime, told_by: dt.date) -> ColumnElement[bool]:
    was_left = and_(Problem.closed_at.is_(None), Problem.changed_at < before, Problem.asked_on <= told_by)
    return or_(Problem.closed_at < before, was_left)
