"""A new password for somebody who has forgotten theirs: asked for by address, chosen by a link.

Never says whether an account exists, and never skips the second step of signing in.
"""

from __future__ import annotations

import datetime as dt
import time

from sqlalchemy import select

from hub import audit
from hub.accounts import letters, links, passwords, service, sessions, tries
from hub.accounts.letters import News
from hub.accounts.models import LinkPurpose, Person
from hub.config import Settings
from hub.db import Database, HubSession

SECONDS_TO_ANSWER = 0.25
"""How long an answer takes, whoever is asked about: far more than what is done for an account that exists."""

RESET = LinkPurpose.RESET


def ask(database: Database, settings: Settings, email: str, address: str) -> None:
    """Have a link sent to whoever has an e-mail address, if they have an account; say nothing of it either way.

    Opens a transaction of its own, as signing in does: an ask is counted though nothing comes of it.

    Raises
    ------
    TooMany
        If there were so many asks for that account, or from that address, that the next has to wait.
    """
    began = time.monotonic()
    try:
        with database.writing() as session:
            of_both = tries.of(session, service.tidied(email), address, aim="get a new password")
            tries.count(session, of_both, dt.datetime.now(dt.UTC))
            audit.record_as(
                session, service.NOBODY, "reset.asked", account=of_both.account.key, address=of_both.address.key
            )
            _send(session, settings, service.tidied(email))
    finally:
        # No lock is held meanwhile, and how often somebody can wait here is counted.
        time.sleep(max(0.0, SECONDS_TO_ANSWER - (time.monotonic() - began)))


def choose(session: HubSession, settings: Settings, secret: str, password: str) -> None:
    """Set the password that somebody chose by their link, use the link up, and sign out every browser of theirs.

    Raises
    ------
    LinkOver
        If the link is not, or no longer, good.
    BadRequest
        If the password is easily guessed; the link stays good.
    """
    person = links.held_by(session, secret, RESET)
    service.refuse_weak(session, password, person.email, person.name)
    person = links.use(session, secret, RESET)
    person.password_hash = passwords.hashed(password)
    sessions.end_all(session, person.id)
    audit.record_as(session, str(person.id), "password.changed", person.id)
    letters.tell(session, settings, person.id, News.PASSWORD_CHANGED)


def _send(session: HubSession, settings: Settings, email: str) -> None:
    wanted = select(Person.id).where(Person.email == email, Person.is_active, Person.joined_at.is_not(None))
    person_id = session.scalar(wanted)
    if person_id is not None and settings.sends_mail:
        links.give(session, settings, person_id, RESET)
