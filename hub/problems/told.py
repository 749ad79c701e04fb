"""What readers of summaries are told of a borough's problems: no place, no person, no evidence and no count."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import select

from hub.access import Permission, Viewer
from hub.disclosure import service as disclosure
from hub.problems.choices import choices
from hub.problems.models import Problem
from hub.problems.terms import Result, Stage
from hub.problems.wording import names_protected
from hub.words import LONDON

_ORDER = {stage: place for place, stage in enumerate(Stage)}


@dataclass(frozen=True)
class Told:
    """One problem as anybody who reads the borough's summary may be told of it."""

    title: str
    """Checked when it was written: it tells of no person, and gives no exact count. The kind in its place, where the
    problem is of something protected: that something protected occurs at a place is not told."""
    kind: str
    """In words."""
    stage: Stage
    owner_body: str
    """In words."""
    result: Result | None
    """Of the last assessment; None before there is one."""
    opened_on: dt.date
    closed_on: dt.date | None


def told(viewer: Viewer, borough_code: str, *, closed_since: dt.date | None = None) -> tuple[Told, ...]:
    """Tell of a borough's problems, from scanning to closed, and at each stage the newest first.

    Parameters
    ----------
    viewer
        Anybody who reads the borough's summary.
    borough_code
        Which borough; a problem that it shares with others is told of too.
    closed_since
        Those that were closed on this day or later are told of as well; unless given, none that is closed.

    Raises
    ------
    NotFound, NotAllowed
        If this person does not read the borough's summary.
    """
    viewer.require(Permission.SUMMARY_READ, [borough_code])
    given, policy = choices(), disclosure.in_force(viewer.session)
    found = []
    for row in viewer.session.scalars(select(Problem).order_by(Problem.opened_at.desc(), Problem.id)):
        closed_on = _day(row.closed_at) if row.closed_at else None
        is_over = closed_on is not None and (closed_since is None or closed_on < closed_since)
        if borough_code in row.boroughs and not is_over:
            kind, body = given.kinds.get(row.kind, row.kind), given.bodies.get(row.owner_body, row.owner_body)
            is_protected = any(names_protected(words, policy) for words in (row.title, *row.categories))
            title = kind if is_protected else row.title
            found.append(Told(title, kind, row.stage, body, row.result, _day(row.opened_at), closed_on))
    return tuple(sorted(found, key=lambda one: _ORDER[one.stage]))


def _day(moment: dt.datetime) -> dt.date:
    return moment.astimezone(LONDON).date()
