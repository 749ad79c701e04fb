"""The letters about questions: to officers that one waits, to its asker that it is answered. A link, and no data.

Each is sent by a job that runs as who gets it, so that nobody is written to about what they may not read any more.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping
from enum import StrEnum
from typing import Any
from uuid import UUID

from hub import jobs, mail
from hub.access import GRANTED, Permission, Role, Viewer
from hub.accounts import service as accounts
from hub.config import Settings
from hub.db import HubSession
from hub.errors import NotAllowed, NotFound
from hub.jobs import Handler, Report, TryLater
from hub.mail import Letter, MailRefused
from hub.questions import service
from hub.questions.service import ShownQuestion

TELL = "questions.tell"
WAIT_FOR_THE_SERVER = dt.timedelta(minutes=5)
ANSWERING = frozenset(role for role in Role if Permission.QUESTION_ANSWER in GRANTED[role]) - {Role.ADMINISTRATOR}
"""Who is written to: administrators may answer too, but look after every borough."""


class News(StrEnum):
    """What somebody is told of a question."""

    ASKED = "asked"
    ANSWERED = "answered"


_WORDS = {
    News.ASKED: (
        "A question about a figure waits for you",
        "Somebody asked about a figure of your borough. Read the question, and answer it here:",
        "The answer is shown beside the figure, and joins the borough's next report.",
    ),
    News.ANSWERED: (
        "Your question about a figure is answered",
        "A question that you asked about a figure has an answer. Read it here:",
        "If something is still unclear, ask again on the page of the figure.",
    ),
}


def tell_officers(session: HubSession, settings: Settings, asked: ShownQuestion, today: dt.date) -> None:
    """Have the borough's officers told that a question waits, where this hub sends mail."""
    if settings.sends_mail:
        for person_id in _officers(session, asked.borough_code, today):
            _tell(session, person_id, asked, News.ASKED)


def tell_asker(session: HubSession, settings: Settings, answered: ShownQuestion) -> None:
    """Have whoever asked told that there is an answer, where this hub sends mail."""
    if settings.sends_mail:
        _tell(session, answered.asked_by, answered, News.ANSWERED)


def _officers(session: HubSession, borough_code: str, today: dt.date) -> Collection[UUID]:
    return [
        person_id
        for person_id in accounts.active(session)
        if any(
            grant.role in ANSWERING and borough_code in grant.boroughs
            for grant in accounts.grants_of(session, person_id, today)
        )
    ]


def _tell(session: HubSession, person_id: UUID, about: ShownQuestion, news: News) -> None:
    jobs.enqueue_for(
        session, person_id, TELL, news=news.value, borough_code=about.borough_code, question_id=str(about.id)
    )


def handlers(settings: Settings) -> dict[str, Handler]:
    """What a worker does with these letters."""

    def send(viewer: Viewer, arguments: Mapping[str, Any], _report: Report) -> None:
        code, news = arguments["borough_code"], News(arguments["news"])
        try:
            about = service.question(viewer, code, UUID(arguments["question_id"]))
        except (NotAllowed, NotFound):
            return
        if not settings.sends_mail or (news is News.ASKED and not about.is_open):
            return
        subject, before, after = _WORDS[news]
        link = f"{settings.public_address}/areas/{code}/questions/{about.id}"
        try:
            mail.deliver(settings, Letter(viewer.email, subject, (before, after), link))
        except MailRefused as refusal:
            raise TryLater(WAIT_FOR_THE_SERVER) from refusal

    return {TELL: send}
