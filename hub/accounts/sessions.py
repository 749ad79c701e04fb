"""Sign-ins of browsers: begun, found again, given new tokens, listed and ended. The cookie's token is kept as a hash.

Knows people by their id alone: what they may see is for the service to tell.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import secrets
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, delete, select, update
from sqlalchemy.exc import OperationalError

from hub import audit
from hub.access import Viewer
from hub.accounts.models import Authenticator, SecurityKey, SignInSession
from hub.db import Database, HubSession
from hub.errors import NotFound, NotSignedIn

LONGEST_IDLE = dt.timedelta(minutes=30)
LONGEST_SESSION = dt.timedelta(hours=12)
SEEN_AT_MOST_EVERY = dt.timedelta(minutes=1)
_BROWSERS = (("Edg", "Edge"), ("OPR/", "Opera"), ("Firefox/", "Firefox"), ("Chrome/", "Chrome"), ("Safari/", "Safari"))
_SYSTEMS = (
    ("Windows", "Windows"), ("iPhone", "iPhone"), ("iPad", "iPad"), ("Android", "Android"), ("Mac OS X", "Mac"),
    ("CrOS", "ChromeOS"), ("Linux", "Linux"),
)  # fmt: skip
"""What browsers call themselves, the particular before what others claim to be as well."""
REQUIRED = "required"
"""What HUB_SECOND_FACTOR says where everybody must have a second factor."""


@dataclass(frozen=True)
class Live:
    """A sign-in that is not over."""

    token_hash: str
    person_id: UUID
    last_seen_at: dt.datetime
    proved_at: dt.datetime | None


@dataclass(frozen=True)
class SessionView:
    """A sign-in as its owner, or an administrator, is shown it."""

    id: UUID
    device: str
    began_at: dt.datetime
    last_seen_at: dt.datetime
    is_this_one: bool


def has_second_factor(session: HubSession, person_id: UUID) -> bool:
    """Whether somebody has an authenticator app or a security key."""
    return has_authenticator(session, person_id) or has_security_key(session, person_id)


def has_authenticator(session: HubSession, person_id: UUID) -> bool:
    """Whether somebody has an authenticator app."""
    return session.scalar(select(Authenticator.person_id).where(Authenticator.person_id == person_id)) is not None


def with_second_factor(session: HubSession, person_ids: Collection[UUID]) -> frozenset[UUID]:
    """Those of some people who have an authenticator app or a security key."""
    found = (
        session.scalars(select(table.person_id).where(table.person_id.in_(person_ids)))
        for table in (Authenticator, SecurityKey)
    )
    return frozenset(chain.from_iterable(found))


def has_security_key(session: HubSession, person_id: UUID) -> bool:
    """Whether somebody has a security key."""
    return session.scalar(select(SecurityKey.id).where(SecurityKey.person_id == person_id).limit(1)) is not None


def is_second_factor_required(session: HubSession) -> bool:
    """Whether everybody must have a second factor, as the settings say."""
    return bool(session.info["second_factor"] == REQUIRED)


def begin(
    session: HubSession,
    person_id: UUID,
    *,
    is_proven: bool = False,
    device: str = "",
    now: dt.datetime | None = None,
    **details: Any,
) -> str:
    """Begin a sign-in for somebody who has shown who they are, and return the token for their browser.

    `is_proven` says that they have taken a second step already, elsewhere. Otherwise, where a second step is asked of
    them, the browser is nobody's until it is taken. `details` go into the record.
    """
    moment, token = now or _now(), secrets.token_urlsafe(32)
    is_whole = is_proven or not (is_second_factor_required(session) or has_second_factor(session, person_id))
    session.execute(delete(SignInSession).where(SignInSession.began_at < moment - LONGEST_SESSION))
    session.add(
        SignInSession(
            token_hash=hash_of(token),
            person_id=person_id,
            device=device,
            began_at=moment,
            last_seen_at=moment,
            proved_at=moment if is_whole else None,
        )
    )
    audit.record_as(session, str(person_id), "person.signed_in" if is_whole else "sign_in.half_way", **details)
    return token


def live(session: HubSession, token: str, moment: dt.datetime) -> Live | None:
    """Find the sign-in that a browser's token stands for; None when it is over."""
    found = session.execute(
        select(
            SignInSession.token_hash, SignInSession.person_id, SignInSession.last_seen_at, SignInSession.proved_at
        ).where(SignInSession.token_hash == hash_of(token), *_not_over(moment))
    ).one_or_none()
    return Live(*found) if found else None


def note_seen(database: Database, found: Live, moment: dt.datetime) -> None:
    """Remember when a browser was last seen; where the database is busy, the next request will."""
    if found.last_seen_at > moment - SEEN_AT_MOST_EVERY:
        return
    mine = SignInSession.token_hash == found.token_hash
    with suppress(OperationalError), database.writing_if_free() as session:
        session.execute(update(SignInSession).where(mine).values(last_seen_at=moment))


def renew(session: HubSession, token: str, *, proved_at: dt.datetime | None = None) -> str:
    """Give a browser a new token, as where it has now taken the second step; the old one is dead.

    Raises
    ------
    NotSignedIn
        If the old token was dead already, as where two requests took the step with it at once.
    """
    renewed = secrets.token_urlsafe(32)
    mine = update(SignInSession).where(SignInSession.token_hash == hash_of(token), SignInSession.ended_at.is_(None))
    changes = {"token_hash": hash_of(renewed), "challenge": None} | ({"proved_at": proved_at} if proved_at else {})
    done = session.execute(mine.values(changes).returning(SignInSession.id)).all()
    if not done:
        raise NotSignedIn("You are not signed in, or were signed out.", remedy="Sign in and try again.")
    return renewed


def end_one(session: HubSession, token: str) -> None:
    """End the sign-in that a token stands for, if it stands for any."""
    mine = SignInSession.token_hash == hash_of(token), SignInSession.ended_at.is_(None)
    session.execute(update(SignInSession).where(*mine).values(ended_at=_now()))


def end_all(session: HubSession, person_id: UUID, *, except_token: str | None = None, actor: str | None = None) -> int:
    """End the sign-ins of a person, as where their role or password has changed, and tell how many.

    `except_token` is that of a browser that stays signed in; `actor` who did it, if not the person.
    """
    kept = hash_of(except_token) if except_token else ""
    ended = session.execute(
        update(SignInSession)
        .where(SignInSession.person_id == person_id, SignInSession.token_hash != kept, SignInSession.ended_at.is_(None))
        .values(ended_at=_now())
        .returning(SignInSession.id)
    ).all()
    if ended:
        audit.record_as(session, actor or str(person_id), "sessions.ended", person_id, count=len(ended))
    return len(ended)


def end(viewer: Viewer, person_id: UUID, session_id: UUID) -> None:
    """End one sign-in of a person, who is the viewer, or somebody whose account the caller let the viewer look after.

    Raises
    ------
    NotFound
        If that person has no such sign-in.
    """
    wanted = SignInSession.id == session_id, SignInSession.person_id == person_id
    if viewer.session.scalar(select(SignInSession.id).where(*wanted)) is None:
        raise NotFound
    ended = viewer.session.execute(
        update(SignInSession)
        .where(*wanted, SignInSession.ended_at.is_(None))
        .values(ended_at=_now())
        .returning(SignInSession.id)
    )
    if ended.all():
        audit.record(viewer, "sessions.ended", person_id, boroughs=viewer.boroughs(), count=1)


def listed(session: HubSession, person_id: UUID, *, token: str = "") -> list[SessionView]:
    """List the sign-ins of a person that are not over, this browser's first and the newest first."""
    this = hash_of(token)
    found = session.scalars(
        select(SignInSession)
        .where(SignInSession.person_id == person_id, *_not_over(_now()))
        .order_by(SignInSession.began_at.desc())
    )
    views = [
        SessionView(one.id, one.device, one.began_at, one.last_seen_at, is_this_one=one.token_hash == this)
        for one in found
    ]
    return sorted(views, key=lambda view: not view.is_this_one)


def device_of(user_agent: str) -> str:
    """The kind of browser, so that its owner knows it again, and nothing by which it could be followed."""
    browser = next((name for sign, name in _BROWSERS if sign in user_agent), "A browser")
    system = next((name for sign, name in _SYSTEMS if sign in user_agent), "")
    return f"{browser} on {system}" if system else browser


def hash_of(token: str) -> str:
    """What is kept of a token."""
    return hashlib.sha256(token.encode()).hexdigest()


def _not_over(moment: dt.datetime) -> tuple[ColumnElement[bool], ...]:
    return (
        SignInSession.ended_at.is_(None),
        SignInSession.began_at > moment - LONGEST_SESSION,
        SignInSession.last_seen_at > moment - LONGEST_IDLE,
    )


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)
