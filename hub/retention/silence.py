"""Problems that are never closed: whoever owns one is asked to close it once nothing was written of it for a year.

The letter holds a link, and nothing of the problem.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from hub import audit, jobs, mail
from hub.access import Viewer
from hub.accounts import service as accounts
from hub.config import Settings
from hub.db import EVERYWHERE, Database
from hub.errors import NotAllowed, NotFound
from hub.jobs import Handler, Report, TryLater
from hub.mail import Letter, MailRefused
from hub.problems import erasing
from hub.problems import service as problems
from hub.problems.service import SILENT_MONTHS
from hub.words import LONDON, months_later

TELL = "retention.silent_problem"
WAIT_FOR_THE_SERVER = dt.timedelta(minutes=5)


def ask_about_silent(database: Database, settings: Settings, today: dt.date, actor: str) -> int:
    """Have the owner of every silent problem asked about it, once; returns of how many problems.

    Where no letters are sent, or no account is on, the page of the problem and the record say so alone.
    """
    since = dt.datetime.combine(months_later(today, -SILENT_MONTHS), dt.time(), LONDON)
    with database.reading() as session, session.scoped(EVERYWHERE):
        if not erasing.silent(session, since):
            return 0
    with (
        database.writing() as session,
        audit.everywhere(session, actor=actor, reason="Ask whether problems that fell silent are to be closed."),
    ):
        found, active = erasing.silent(session, since), set(accounts.active(session))
        for one in found:
            person = next((each for each in one.people if each in active), None)
            if person is not None and settings.sends_mail:
                jobs.enqueue_for(session, person, TELL, problem_id=str(one.id))
            audit.record_as(session, actor, "problem.silent", one.id, boroughs=one.boroughs)
        erasing.asked_about(session, [one.id for one in found], today)
        return len(found)


def handlers(settings: Settings) -> dict[str, Handler]:
    """What a worker does with these letters."""

    def tell(viewer: Viewer, arguments: Mapping[str, Any], _report: Report) -> None:
        problem_id = UUID(arguments["problem_id"])
        try:
            is_silent = problems.record(viewer, problem_id).silent_until is not None
        except (NotFound, NotAllowed):
            return
        email = viewer.email
        viewer.session.commit()  # Nothing is held while the mail server is waited for.
        if is_silent and settings.sends_mail:
            _deliver(settings, Letter(email, _SUBJECT, _WORDS, f"{settings.public_address}/problems/{problem_id}"))

    return {TELL: tell}


_SUBJECT = "A problem of yours has been silent for a year"
_WORDS = (
    "Nothing was written for a year of a problem that you own or opened. Sign in to close it, or to say how it stands:",
    "Left as it is, it will be deleted in the end. Its page says when.",
)


def _deliver(settings: Settings, letter: Letter) -> None:
    try:
        mail.deliver(settings, letter)
    except MailRefused as refusal:
        raise TryLater(WAIT_FOR_THE_SERVER) from refusal
