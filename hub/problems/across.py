"""Things of one kind across problems that are not closed, as each stands: tasks, decisions."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import defer

from hub.access import Viewer
from hub.db import HubSession
from hub.problems import addresses, contents, door
from hub.problems.models import Entry, Problem
from hub.problems.terms import Kind, Stage


@dataclass(frozen=True)
class Followed:
    """One thing of a problem as it stands."""

    problem_id: UUID
    borough_set: str
    reference: str
    title: str
    """Of the problem."""
    owner_id: UUID | None
    """Of the problem."""
    thing: UUID
    number: int
    """Of the entry that says how it stands."""
    body: Mapping[str, str]
    first_by: UUID
    first_at: dt.datetime
    last_by: UUID
    last_at: dt.datetime

    @property
    def boroughs(self) -> frozenset[str]:
        """The codes of the problem's boroughs."""
        return frozenset(self.borough_set.split("+"))


def of_kind(viewer: Viewer, kind: Kind, borough_codes: Collection[str] | None = None) -> list[Followed]:
    """List the things of one kind in problems that this person may read.

    Parameters
    ----------
    viewer, kind
        Who reads which.
    borough_codes
        Only of problems that belong to one of these boroughs; of any unless given.
    """
    readable = {
        row.id for row in door.rows(viewer) if borough_codes is None or not row.boroughs.isdisjoint(borough_codes)
    }
    return [one for one in all_of_kind(viewer.session, kind) if one.problem_id in readable]


def all_of_kind(session: HubSession, kind: Kind) -> list[Followed]:
    """List the things of one kind in every problem that the session reaches, in the order of their problems."""
    found: dict[UUID, Followed] = {}
    by_id = addresses.in_reach(session)
    rows = session.execute(
        select(Problem, Entry)
        .join(Entry, (Entry.problem_id == Problem.id) & (Entry.borough_set == Problem.borough_set))
        .where(Entry.kind == kind, Problem.stage != Stage.CLOSED)
        .order_by(Problem.opened_at, Problem.id, Entry.number)
        .options(defer(Problem.outline))
    )
    for problem, entry in rows:
        before = found.get(entry.thing)
        found[entry.thing] = Followed(
            problem_id=problem.id,
            borough_set=problem.borough_set,
            reference=problem.reference,
            title=problem.title,
            owner_id=problem.owner_id,
            thing=entry.thing,
            number=entry.number,
            body=contents.as_text(addresses.as_read(entry.body, by_id)),
            first_by=before.first_by if before else entry.written_by,
            first_at=before.first_at if before else entry.written_at,
            last_by=entry.written_by,
            last_at=entry.written_at,
        )
    return list(found.values())
