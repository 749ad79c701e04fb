"""The letters that the hub writes to people about their accounts, each sent by a job that runs as who gets it.

A letter goes out at least once: where a worker dies between sending and noting it, another goes out, and the last
link is the good one.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from enum import StrEnum
from typing import Any
from uuid import UUID

from hub import jobs, mail
from hub.access import Viewer
from hub.accounts import links
from hub.accounts.models import LinkPurpose
from hub.config import Settings
from hub.db import HubSession
from hub.jobs import Handler, Report, TryLater
from hub.mail import Letter, MailRefused

TELL = "accounts.tell"
"""The kind of job that sends a letter without a link to use."""
WAIT_FOR_THE_SERVER = dt.timedelta(minutes=5)


class News(StrEnum):
    """What somebody is told of their own account."""

    ROLE_GIVEN = "role_given"
    PASSWORD_CHANGED = "password_changed"  # noqa: S105 - a word


_OF_LINKS = {
    LinkPurpose.INVITATION: (
        "Your invitation to the community safety hub",
        "You have been invited to your partnership's community safety hub. Open this link to choose a password:",
        "The link is good once, for 7 days. If you did not expect it, do nothing and tell whoever looks after the hub.",
    ),
    LinkPurpose.RESET: (
        "A new password for the community safety hub",
        "Somebody, probably you, asked for a new password. Open this link to choose one:",
        "The link is good once, for 30 minutes. Your second step stays as it is. If it was not you, do nothing.",
    ),
}
_OF_NEWS = {
    News.ROLE_GIVEN: (
        "You have a new role in the community safety hub",
        "An administrator gave you a role in the community safety hub. Sign in to see what it opens:",
        "If you did not expect it, tell whoever looks after the hub.",
    ),
    News.PASSWORD_CHANGED: (
        "Your password for the community safety hub was changed",
        "Your password was changed just now, and every browser that you had signed in with is signed out. Sign in:",
        "If it was not you, tell whoever looks after the hub at once.",
    ),
}


def tell(session: HubSession, settings: Settings, person_id: UUID, news: News) -> None:
    """Have somebody told of a change to their account, where this hub sends mail."""
    if settings.sends_mail:
        jobs.enqueue_for(session, person_id, TELL, news=news.value)


def handlers(settings: Settings) -> dict[str, Handler]:
    """What a worker does with letters."""

    def send_link(viewer: Viewer, arguments: Mapping[str, Any], _report: Report) -> None:
        found = links.write(viewer.session, settings, viewer.person_id, UUID(arguments["link_id"]))
        viewer.session.commit()  # Before it goes out: a link must be good by the time it is read.
        if found is not None:
            purpose, link = found
            _deliver(settings, viewer, _OF_LINKS[purpose], link)

    def send_news(viewer: Viewer, arguments: Mapping[str, Any], _report: Report) -> None:
        _deliver(settings, viewer, _OF_NEWS[News(arguments["news"])], f"{settings.public_address}/sign-in")

    return {links.SEND: send_link, TELL: send_news}


def _deliver(settings: Settings, viewer: Viewer, words: tuple[str, str, str], link: str) -> None:
    subject, before, after = words
    if not settings.sends_mail:
        return
    try:
        mail.deliver(settings, Letter(viewer.email, subject, (before, after), link))
    except MailRefused as refusal:
        raise TryLater(WAIT_FOR_THE_SERVER) from refusal
