"""Signing in with an account of one's own organisation: whose account here that is, and what its groups give.

Somebody is known by issuer and subject; by a verified e-mail address once, at the first sign-in, on the record.
"""

from __future__ import annotations

import datetime as dt

from sqlalchemy import exists, select

from hub import audit, db
from hub.accounts import groups, invitations, links, service, sessions
from hub.accounts.models import Person, SingleSignOnIdentity
from hub.accounts.openid import Claims
from hub.db import Database, HubSession
from hub.errors import BadRequest, NotSignedIn


def sign_in(database: Database, claims: Claims, *, device: str = "", before: str = "") -> str:
    """Let in whoever the issuer says it is, and return the token for their browser, in place of the one before.

    Their roles from groups are those of today. Where the issuer does not say that two factors were shown, the second
    step of the hub itself is yet to be taken. Opens a transaction of its own, as signing in by password does.

    Raises
    ------
    NotSignedIn
        If nobody here is known by that account, and none of its groups gives a role.
    """
    with database.writing() as session:
        db.lock(session, "people")
        person = _known(session, claims) or _linked(session, claims) or _new(session, claims)
        if person is not None and person.is_active:
            groups.apply(session, person, claims.groups)
            sessions.end_one(session, before)
            return sessions.begin(
                session, person.id, is_proven=claims.is_multi_factor, device=device, by="organisation"
            )
        audit.record_as(session, service.NOBODY, "sign_in.refused", by="organisation")
    raise NotSignedIn(
        "Your organisation knows you, and this hub does not.",
        remedy="Ask the administrator of your community safety partnership to invite you by your work e-mail.",
    )


def _known(session: HubSession, claims: Claims) -> Person | None:
    """Whose account has been linked to this identity."""
    mine = (SingleSignOnIdentity.issuer == claims.issuer) & (SingleSignOnIdentity.subject == claims.subject)
    return session.scalar(select(Person).join(SingleSignOnIdentity).where(mine))


def _linked(session: HubSession, claims: Claims) -> Person | None:
    """Link the account with this e-mail address, unless somebody who had the address before is linked to it."""
    other = exists().where(SingleSignOnIdentity.person_id == Person.id, SingleSignOnIdentity.issuer == claims.issuer)
    wanted = select(Person).where(Person.email == service.tidied(claims.email), Person.is_active, ~other)
    person = session.scalar(wanted) if claims.email else None
    if person is not None:
        _link(session, person, claims)
    return person


def _new(session: HubSession, claims: Claims) -> Person | None:
    """Make an account for somebody whose groups give them a role."""
    try:
        email = service.checked_email(claims.email)
        name = service.checked_name(claims.name or email.partition("@")[0].replace(".", " ").title())
    except BadRequest:
        return None
    is_taken = session.scalar(select(Person.id).where(Person.email == email)) is not None
    if is_taken or not groups.give_any(session, claims.groups):
        return None
    person = invitations.without_a_way_in(session, email, name)
    audit.record_as(session, service.NOBODY, "person.created", person.id, by="organisation")
    _link(session, person, claims)
    return person


def _link(session: HubSession, person: Person, claims: Claims) -> None:
    moment = dt.datetime.now(dt.UTC)
    session.add(
        SingleSignOnIdentity(issuer=claims.issuer, subject=claims.subject, person_id=person.id, linked_at=moment)
    )
    if person.joined_at is None:
        person.joined_at = moment
        links.withdraw(session, person.id)
    session.flush()
    audit.record_as(session, str(person.id), "person.linked", person.id)
