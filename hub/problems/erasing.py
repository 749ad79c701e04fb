"""The end of problems: those that were closed long enough ago are deleted, with all that was written of them."""

from __future__ import annotations

import datetime as dt
from uuid import UUID

from sqlalchemy import delete, select

from hub.db import HubSession
from hub.problems.models import Abstract, Problem


def any_to_erase(session: HubSession, before: dt.datetime) -> bool:
    """Whether a problem was closed before this moment. The session sees every borough."""
    return session.scalar(select(Problem.id).where(Problem.closed_at < before).limit(1)) is not None


def erase(session: HubSession, before: dt.datetime) -> list[tuple[UUID, frozenset[str]]]:
    """Delete the problems that were closed before this moment, and what the memory has of them; tells which.

    Their entries and attachments go by the database's own cascade: nobody may delete an entry.
    """
    gone = session.scalars(select(Problem).where(Problem.closed_at < before)).all()
    told = [(row.id, row.boroughs) for row in gone]
    remembered = [row.abstract_id for row in gone if row.abstract_id is not None]
    session.execute(delete(Abstract).where(Abstract.id.in_(remembered)))
    session.execute(delete(Problem).where(Problem.id.in_([problem_id for problem_id, _ in told])))
    session.flush()
    return told
