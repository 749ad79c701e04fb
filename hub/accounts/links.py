"""One-time links: an invitation, or a way to a new password. Good once, for a while, until withdrawn.

Only a hash of a link's secret is kept, so that a copy of the database opens nothing; a letter's is made as it is sent.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import ColumnElement, Select, select, update

from hub import jobs
from hub.accounts.models import LinkPurpose, OneTimeLink, Person
from hub.config import Settings
from hub.db import HubSession
from hub.errors import LinkOver
from hub.jobs import JobState

SEND = "accounts.send_link"
"""The kind of job that writes and sends the letter."""
LASTS = {LinkPurpose.INVITATION: dt.timedelta(days=7), LinkPurpose.RESET: dt.timedelta(minutes=30)}
PATHS = {LinkPurpose.INVITATION: "invitations", LinkPurpose.RESET: "new-password"}


@dataclass(frozen=True)
class Standing:
    """How the newest link of a person stands, as far as an administrator needs to know."""

    good_until: dt.datetime
    is_good: bool
    was_sent: bool
    was_refused: bool
    """Whether the mail server did not take it, however often it was tried."""


def give(session: HubSession, settings: Settings, person_id: UUID, purpose: LinkPurpose) -> str:
    """Let a person have a new link, in place of any before it.

    Returns the link where this hub sends no mail, for an administrator to hand over; otherwise nothing, as a letter
    goes out once the caller's transaction is kept.
    """
    withdraw(session, person_id, purpose)
    moment = _now()
    link = OneTimeLink(person_id=person_id, purpose=purpose, asked_at=moment, good_until=moment + LASTS[purpose])
    session.add(link)
    session.flush()
    if not settings.sends_mail:
        return _written(session, settings, link)
    link.job_id = jobs.enqueue_for(session, person_id, SEND, link_id=str(link.id)).id
    session.flush()
    return ""


def write(session: HubSession, settings: Settings, person_id: UUID, link_id: UUID) -> tuple[LinkPurpose, str] | None:
    """Write out a link for the letter that carries it; a letter written before is worth nothing any more.

    None where the link is used, withdrawn or over by now.
    """
    wanted = select(OneTimeLink).where(OneTimeLink.id == link_id, OneTimeLink.person_id == person_id, *_good())
    link = session.scalar(wanted.with_for_update())
    return None if link is None else (link.purpose, _written(session, settings, link))


def withdraw(session: HubSession, person_id: UUID, purpose: LinkPurpose | None = None) -> None:
    """Make a person's links worthless: all, or those of one purpose."""
    theirs = [OneTimeLink.person_id == person_id, OneTimeLink.used_at.is_(None), OneTimeLink.withdrawn_at.is_(None)]
    if purpose is not None:
        theirs.append(OneTimeLink.purpose == purpose)
    session.execute(update(OneTimeLink).where(*theirs).values(withdrawn_at=_now()))


def held_by(session: HubSession, secret: str, purpose: LinkPurpose) -> Person:
    """Find whose link it is, and leave it as good as it was.

    Raises
    ------
    LinkOver
        If there is no such link, or it is used, withdrawn or over: always the same words.
    """
    link = session.scalar(_holding(secret, purpose))
    return _owner(session, link)


def use(session: HubSession, secret: str, purpose: LinkPurpose) -> Person:
    """Use a link up; of two who try at once, one is refused.

    Raises
    ------
    LinkOver
        As `held_by`.
    """
    link = session.scalar(_holding(secret, purpose).with_for_update().execution_options(populate_existing=True))
    person = _owner(session, link)
    if link is not None:
        link.used_at = _now()
        session.flush()
    return person


def standings(session: HubSession, person_ids: Collection[UUID], purpose: LinkPurpose) -> dict[UUID, Standing]:
    """Tell how the newest link of each person stands."""
    wanted = select(OneTimeLink).where(OneTimeLink.person_id.in_(person_ids), OneTimeLink.purpose == purpose)
    newest = {link.person_id: link for link in session.scalars(wanted.order_by(OneTimeLink.asked_at))}
    states = jobs.states(session, [link.job_id for link in newest.values() if link.job_id])
    return {person_id: _standing(link, states) for person_id, link in newest.items()}


def _standing(link: OneTimeLink, states: dict[UUID, JobState]) -> Standing:
    state = states.get(link.job_id) if link.job_id else JobState.DONE
    return Standing(
        good_until=link.good_until,
        is_good=link.used_at is None and link.withdrawn_at is None and link.good_until > _now(),
        was_sent=state is JobState.DONE,
        was_refused=state in {JobState.FAILED, JobState.CANCELLED},
    )


def _written(session: HubSession, settings: Settings, link: OneTimeLink) -> str:
    secret = secrets.token_urlsafe(32)
    link.token_hash = _hash_of(secret)
    session.flush()
    return f"{settings.public_address}/{PATHS[link.purpose]}/{secret}"


def _holding(secret: str, purpose: LinkPurpose) -> Select[OneTimeLink]:
    return select(OneTimeLink).where(
        OneTimeLink.token_hash == _hash_of(secret), OneTimeLink.purpose == purpose, *_good()
    )


def _owner(session: HubSession, link: OneTimeLink | None) -> Person:
    wanted = select(Person).where(Person.id == link.person_id, Person.is_active) if link else None
    person = session.scalar(wanted) if wanted is not None else None
    if person is None:
        raise LinkOver("This link was used, withdrawn or replaced, or is too old.", remedy="Ask for another.")
    return person


def _good() -> tuple[ColumnElement[bool], ...]:
    return OneTimeLink.used_at.is_(None), OneTimeLink.withdrawn_at.is_(None), OneTimeLink.good_until > _now()


def _hash_of(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)
