"""When a kind of report falls due, and having it drafted so many days before.

A draft is begun as the officer who set the schedule: if they no longer write reports there, none is.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from uuid import UUID

import pandas as pd
from sqlalchemy import Select, select

from hub import audit, db, jobs
from hub.access import Permission, Viewer
from hub.db import Database, HubSession
from hub.errors import BadRequest, NotFound
from hub.places.service import Area
from hub.reports import kinds, service
from hub.reports.models import Repeats, ReportSchedule

MOST_DAYS_BEFORE = 60
MOST_SCHEDULES = 20
MONTHS_BETWEEN = {Repeats.QUARTERLY: 3, Repeats.YEARLY: 12}


@dataclass(frozen=True)
class ScheduleLine:
    """One schedule, as the page shows it."""

    id: UUID
    kind: str
    due_on: dt.date
    days_before: int
    repeats: Repeats

    @property
    def drafted_on(self) -> dt.date:
        """The day on which the next draft is begun."""
        return self.due_on - dt.timedelta(days=self.days_before)


# --- Set by an officer -----------------------------------------------------------------------------------------------


def schedules(viewer: Viewer, area: Area) -> list[ScheduleLine]:
    """List what is to be drafted for a borough, the next first."""
    viewer.require(Permission.REPORT_WRITE, area.borough_codes)
    rows = viewer.session.scalars(_standing().where(ReportSchedule.borough_code == area.slug)).all()
    return sorted(
        (ScheduleLine(row.id, kinds.kind(row.kind).title, row.due_on, row.days_before, row.repeats) for row in rows),
        key=lambda line: line.drafted_on,
    )


def schedule(
    viewer: Viewer, area: Area, kind: str, due_on: dt.date, days_before: int, repeats: Repeats, today: dt.date
) -> UUID:
    """Have a kind of report drafted so many days before it falls due.

    Raises
    ------
    BadRequest
        If there is no such kind, the day is past, or the days before are too many.
    """
    viewer.require(Permission.REPORT_WRITE, area.borough_codes)
    kinds.kind(kind)
    if due_on <= today:
        raise BadRequest("The day on which the report is due is past.", remedy="Give a day to come.")
    if not 0 <= days_before <= MOST_DAYS_BEFORE:
        raise BadRequest(f"{days_before} days before is not possible.", remedy=f"Give 0 to {MOST_DAYS_BEFORE} days.")
    db.lock(viewer.session, f"reports:{area.slug}")
    if len(schedules(viewer, area)) >= MOST_SCHEDULES:
        raise BadRequest(f"{area.name} has {MOST_SCHEDULES} schedules already.", remedy="End one first.")
    row = ReportSchedule(
        borough_code=area.slug,
        kind=kind,
        due_on=due_on,
        days_before=days_before,
        repeats=repeats,
        made_by=viewer.person_id,
        made_at=dt.datetime.now(dt.UTC),
    )
    viewer.session.add(row)
    viewer.session.flush()
    audit.record(viewer, "report_schedule.made", row.id, boroughs=area.borough_codes, kind=kind, due_on=due_on)
    return row.id


def end(viewer: Viewer, area: Area, schedule_id: UUID) -> None:
    """Draft nothing more by a schedule."""
    viewer.require(Permission.REPORT_WRITE, area.borough_codes)
    row = viewer.session.scalar(
        _standing().where(ReportSchedule.id == schedule_id, ReportSchedule.borough_code == area.slug)
    )
    if row is None:
        raise NotFound
    row.ended_at = dt.datetime.now(dt.UTC)
    viewer.session.flush()
    audit.record(viewer, "report_schedule.ended", row.id, boroughs=area.borough_codes)


# --- Done by the clock -----------------------------------------------------------------------------------------------


def draft_due(database: Database, today: dt.date, actor: str) -> int:
    """Have every report drafted whose day has come; returns how many were asked for.

    Each is drafted by a job of the officer's own. The schedule moves on in the same transaction, so that none is
    drafted twice.
    """
    with database.writing() as session:
        if not _due(session, today):
            return 0
        with audit.everywhere(session, actor=actor, reason="Have reports drafted that fall due."):
            found = _due(session, today)
            for row in found:
                jobs.enqueue_for(session, row.made_by, service.DRAFT, area=row.borough_code, report_kind=row.kind)
                _move_on(row)
            session.flush()
    return len(found)


def _standing() -> Select[ReportSchedule]:
    return select(ReportSchedule).where(ReportSchedule.ended_at.is_(None))


def _due(session: HubSession, today: dt.date) -> list[ReportSchedule]:
    with session.scoped(db.EVERYWHERE):
        rows = session.scalars(_standing()).all()
    return [row for row in rows if row.due_on - dt.timedelta(days=row.days_before) <= today]


def _move_on(row: ReportSchedule) -> None:
    """Set when it falls due next, on the same day of the month as far as that month has one."""
    if row.repeats is Repeats.ONCE:
        row.ended_at = dt.datetime.now(dt.UTC)
        return
    row.due_on = (pd.Timestamp(row.due_on) + pd.DateOffset(months=MONTHS_BETWEEN[row.repeats])).date()
