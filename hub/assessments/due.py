"""Having problems assessed on the day that was promised, and telling whoever owns them; the jobs that do both.

Each assessment is worked out as whoever promised it, with what they may count by then; where they no longer may, as
the problem's owner or another partner who may.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import select

from hub import audit, db, jobs, mail
from hub.access import GRANTED, Permission, Role, Viewer
from hub.accounts import service as accounts
from hub.assessments import service, working
from hub.assessments.models import Assessment
from hub.config import Settings
from hub.db import Database, HubSession
from hub.errors import NotAllowed, NotFound
from hub.hotspots.keeping import reading_as
from hub.jobs import Handler, Job, Report, TryLater
from hub.mail import Letter, MailRefused
from hub.problems import promises
from hub.problems import service as problems
from hub.problems.promises import Promise
from hub.words import LONDON

TELL = "assessments.tell"
WAIT_FOR_THE_SERVER = dt.timedelta(minutes=5)
NEEDED = frozenset({Permission.PROBLEM_WRITE, Permission.EXACT_COUNTS})
_PARTNERS = frozenset(role for role in Role if GRANTED[role] >= NEEDED) - {Role.ADMINISTRATOR}


# --- Done by the clock -----------------------------------------------------------------------------------------------


def ask_due(database: Database, today: dt.date, actor: str) -> int:
    """Have every problem assessed whose promised day has come; returns how many were asked for.

    One that waits for data is asked for again every day, until that has come.
    """
    with database.reading() as session:
        if not _due(session, today):
            return 0
    with (
        database.writing() as session,
        audit.everywhere(session, actor=actor, reason="Have problems assessed on the day that was promised."),
    ):
        asked = 0
        for promise in _due(session, today):
            person_id = _as_whom(session, promise, today)
            if person_id is not None:
                about = {"problem_id": str(promise.problem_id), "due_on": promise.due_on.isoformat()}
                jobs.enqueue_for(session, person_id, service.RUN, **about, asked_on=today.isoformat())
                asked += 1
        return asked


def _due(session: HubSession, today: dt.date) -> list[Promise]:
    """The promises whose day has come, that are not kept yet and were not tried today."""
    with session.scoped(db.EVERYWHERE):
        come = [promise for promise in promises.promises(session) if promise.due_on <= today]
        if not come:
            return []
        rows = select(Assessment.problem_id, Assessment.due_on, Assessment.waits_for).order_by(Assessment.number)
        waits = {(problem_id, due_on): bool(wait) for problem_id, due_on, wait in session.execute(rows)}
    tried = {
        (arguments["problem_id"], arguments["due_on"])
        for arguments in session.scalars(select(Job.arguments).where(Job.kind == service.RUN))
        if arguments.get("asked_on") == today.isoformat()
    }
    return [
        promise
        for promise in come
        if waits.get((promise.problem_id, promise.due_on), True)
        and (str(promise.problem_id), promise.due_on.isoformat()) not in tried
    ]


def _as_whom(session: HubSession, promise: Promise, today: dt.date) -> UUID | None:
    """Who promised it, or its owner, or another partner: the first who may work it out today; None where nobody may."""
    partners = accounts.holders(session, _PARTNERS, promise.borough_codes, today)
    first = [promise.promised_by, *([promise.owner_id] if promise.owner_id else [])]
    return next((one for one in [*first, *partners] if _may(session, one, promise, today)), None)


def _may(session: HubSession, person_id: UUID, promise: Promise, today: dt.date) -> bool:
    grants = accounts.grants_of(session, person_id, today)
    return all(
        promise.borough_codes <= frozenset().union(*(one.boroughs for one in grants if permission in GRANTED[one.role]))
        for permission in NEEDED
    )


# --- Jobs ------------------------------------------------------------------------------------------------------------


def handlers(database: Database, settings: Settings) -> dict[str, Handler]:
    """What a worker does for assessments."""

    def run(viewer: Viewer, arguments: Mapping[str, Any], report: Report) -> None:
        problem_id, due_on = UUID(arguments["problem_id"]), _day(arguments["due_on"])
        today = dt.datetime.now(LONDON).date()
        viewer.session.commit()
        report("Counting what was recorded before and after the response")
        with reading_as(database, viewer) as reader:
            worked = working.worked_out(reader, problem_id, due_on or today, is_promised=due_on is not None)
        kept = service.keep(viewer, problem_id, worked, due_on, today)
        owner_id = problems.problem(viewer, problem_id).owner_id or viewer.person_id
        if kept is not None and settings.sends_mail:
            about = {"problem_id": str(problem_id), "assessment_id": str(kept)}
            jobs.enqueue_for(viewer.session, owner_id, TELL, **about)
        viewer.session.commit()

    def tell(viewer: Viewer, arguments: Mapping[str, Any], _report: Report) -> None:
        problem_id, assessment_id = UUID(arguments["problem_id"]), UUID(arguments["assessment_id"])
        try:
            is_there = any(one.id == assessment_id for one in service.assessments(viewer, problem_id))
        except (NotFound, NotAllowed):
            return
        link = f"{settings.public_address}/problems/{problem_id}/assessments/{assessment_id}"
        email = viewer.email
        viewer.session.commit()  # Nothing is held while the mail server is waited for.
        if settings.sends_mail and is_there:
            _deliver(settings, email, link)

    return {service.RUN: run, TELL: tell}


def _deliver(settings: Settings, email: str, link: str) -> None:
    words = (
        "The hub has worked out what came of the response to a problem that you own. Sign in to read it:",
        "It can be worked out again at any time, on the page of the problem.",
    )
    try:
        mail.deliver(settings, Letter(email, "A problem that you own has been assessed", words, link))
    except MailRefused as refusal:
        raise TryLater(WAIT_FOR_THE_SERVER) from refusal


def _day(written: str) -> dt.date | None:
    return dt.date.fromisoformat(written) if written else None
