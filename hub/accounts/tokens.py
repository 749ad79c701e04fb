"""Tokens with which a person's own scripts send files: made, listed, ended, and judged at every request.

A token is shown once and kept as a hash. It gives nothing of its own: what its maker may do today, for one dataset.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import secrets
from contextlib import suppress
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.exc import OperationalError

from hub import audit
from hub.access import Permission, Viewer
from hub.accounts.models import ApiToken
from hub.accounts.service import viewer_of
from hub.db import Database, HubSession
from hub.errors import BadRequest, Conflict, NotAllowed, NotFound, NotSignedIn, TooMany
from hub.words import LONDON, date_name, plural

PREFIX = "hub_"
"""So that a token left lying in a file is known for what it is."""
LONGEST_LIFE = dt.timedelta(days=365)
LONGEST_NAME = 80
MOST_IN_FORCE = 20
AN_HOUR = dt.timedelta(hours=1)
UPLOADS_AN_HOUR, LOOKS_AN_HOUR = 60, 3_600


@dataclass(frozen=True)
class Bearer:
    """A script at work for somebody."""

    viewer: Viewer
    token_id: UUID
    dataset: str


@dataclass(frozen=True)
class TokenView:
    """A token, as far as its maker is shown it."""

    id: UUID
    name: str
    dataset: str
    made_at: dt.datetime
    ends_on: dt.date
    last_used_at: dt.datetime | None
    is_in_force: bool


# --- For the person --------------------------------------------------------------------------------------------------


def make(viewer: Viewer, name: str, dataset: str, ends_on: dt.date) -> tuple[TokenView, str]:
    """Make a token for one dataset; returns it as listed, and the token itself, which is kept nowhere.

    Raises
    ------
    BadRequest
        If the name or the date will not do.
    Conflict
        If the person has as many tokens in force as may be.
    """
    if not viewer.may(Permission.UPLOAD_WRITE):
        raise NotAllowed("Your role does not let you upload files.", remedy="Ask an administrator if it should.")
    name, today = " ".join(name.split()), _now().astimezone(LONDON).date()
    if not 1 <= len(name) <= LONGEST_NAME or not name.isprintable():
        raise BadRequest(
            "It is not said what the token is for.",
            remedy=f"Name the script or system in 1 to {LONGEST_NAME} characters.",
        )
    if not today <= ends_on <= today + LONGEST_LIFE:
        raise BadRequest(
            f"A token cannot end on {date_name(ends_on)}.",
            remedy=f"Choose a day from today to {date_name(today + LONGEST_LIFE)}.",
        )
    mine = ApiToken.person_id == viewer.person_id
    in_force = viewer.session.scalar(select(func.count()).where(mine, *_in_force(today)))
    if (in_force or 0) >= MOST_IN_FORCE:
        raise Conflict(f"{in_force} of your tokens are in force.", remedy="End one that is no longer used.")
    written = PREFIX + secrets.token_urlsafe(32)
    token = ApiToken(
        person_id=viewer.person_id,
        name=name,
        dataset=dataset,
        token_hash=_hash_of(written),
        made_at=_now(),
        ends_on=ends_on,
    )
    viewer.session.add(token)
    viewer.session.flush()
    audit.record(viewer, "token.made", token.id, boroughs=viewer.boroughs(), dataset=dataset, ends_on=ends_on)
    return _view(token, today), written


def own(viewer: Viewer) -> list[TokenView]:
    """List a person's own tokens, those in force first and the newest first."""
    today = _now().astimezone(LONDON).date()
    mine = select(ApiToken).where(ApiToken.person_id == viewer.person_id).order_by(ApiToken.made_at.desc())
    return sorted((_view(token, today) for token in viewer.session.scalars(mine)), key=lambda one: not one.is_in_force)


def end(viewer: Viewer, token_id: UUID) -> TokenView:
    """End one of a person's own tokens; to end it twice is to end it once.

    Raises
    ------
    NotFound
        If there is none, or it is another's.
    """
    wanted = select(ApiToken).where(ApiToken.id == token_id, ApiToken.person_id == viewer.person_id)
    token = viewer.session.scalar(wanted.with_for_update())
    if token is None:
        raise NotFound
    if token.ended_at is None:
        token.ended_at = _now()
        viewer.session.flush()
        audit.record(viewer, "token.ended", token.id, boroughs=viewer.boroughs())
    return _view(token, _now().astimezone(LONDON).date())


def _view(token: ApiToken, today: dt.date) -> TokenView:
    return TokenView(
        id=token.id,
        name=token.name,
        dataset=token.dataset,
        made_at=token.made_at,
        ends_on=token.ends_on,
        last_used_at=token.last_used_at,
        is_in_force=token.ended_at is None and token.ends_on >= today,
    )


# --- For the script --------------------------------------------------------------------------------------------------


def admit(
    database: Database, session: HubSession, written: str, *, uploads: bool, now: dt.datetime | None = None
) -> Bearer:
    """Open a request's session to the person whose token a script shows, and count the request.

    Raises
    ------
    NotSignedIn
        If the token is not known, has ended, or its maker has no account any more: always the same words.
    NotAllowed
        If its maker may no longer upload anywhere.
    TooMany
        If it was used too often in the past hour.
    """
    moment = now or _now()
    token_hash = _hash_of(written)
    found = session.execute(
        select(ApiToken.id, ApiToken.person_id, ApiToken.dataset).where(
            ApiToken.token_hash == token_hash, *_in_force(moment.astimezone(LONDON).date())
        )
    ).one_or_none()
    viewer = viewer_of(session, found.person_id) if found else None
    if found is None or viewer is None:
        raise NotSignedIn(
            "The token is not known, or is no longer good.", remedy="Make another on the hub's page of tokens."
        )
    if not viewer.may(Permission.UPLOAD_WRITE):
        raise NotAllowed("The token's owner may no longer upload files.", remedy="Ask an administrator if they should.")
    # Counted in a transaction of its own, so that it stays counted though the request fails; SQLite has one writer.
    session.rollback()
    if uploads:
        with database.writing() as counting:
            _count(counting, found.id, moment, uploads=True)
    else:
        # Where the database is busy, the next look is counted: a script that waits must not be kept waiting.
        with suppress(OperationalError), database.writing_if_free() as counting:
            _count(counting, found.id, moment, uploads=False)
    return Bearer(viewer, found.id, found.dataset)


def _count(session: HubSession, token_id: UUID, moment: dt.datetime, *, uploads: bool) -> None:
    token = session.scalars(select(ApiToken).where(ApiToken.id == token_id).with_for_update()).one()
    if token.hour_began_at is None or token.hour_began_at <= moment - AN_HOUR:
        token.hour_began_at, token.uploads_in_hour, token.looks_in_hour = moment, 0, 0
    most = UPLOADS_AN_HOUR if uploads else LOOKS_AN_HOUR
    if (token.uploads_in_hour if uploads else token.looks_in_hour) >= most:
        minutes = max(1, -(-int((token.hour_began_at + AN_HOUR - moment).total_seconds()) // 60))
        raise TooMany(
            f"This token was used {most:,} times in an hour, as often as it may be.",
            remedy=f"Try again in {plural(minutes, 'minute')}.",
        )
    token.last_used_at = moment
    token.uploads_in_hour += uploads
    token.looks_in_hour += not uploads


def _in_force(today: dt.date) -> tuple[ColumnElement[bool], ...]:
    return ApiToken.ended_at.is_(None), ApiToken.ends_on >= today


def _hash_of(written: str) -> str:
    return hashlib.sha256(written.encode()).hexdigest()


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)
