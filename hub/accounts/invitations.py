"""Letting people in by invitation: one letter, one link, one password of their own choice.

Who is invited has an account without a way in until they accept. An invitation never says whether somebody had one.
"""

from __future__ import annotations

import datetime as dt
import secrets
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select

from hub import audit, db
from hub.access import Viewer
from hub.accounts import letters, links, memberships, passwords, people, service
from hub.accounts.letters import News
from hub.accounts.models import LinkPurpose, Person
from hub.accounts.people import Offer
from hub.config import Settings
from hub.db import HubSession
from hub.errors import Conflict


@dataclass(frozen=True)
class Invited:
    """Somebody who was let in, and the link to hand over where this hub sends no mail."""

    person_id: UUID
    name: str
    is_new: bool
    link: str


def invite(viewer: Viewer, settings: Settings, email: str, name: str, offer: Offer) -> Invited:
    """Give a role for a place of the viewer's scope to somebody, and a way in if they have none.

    Somebody with an account keeps it, under the name it has, and is told of the role.

    Raises
    ------
    BadRequest
        If the address, the name, the days, or the place for this role will not do.
    NotFound
        If the place is not in the viewer's scope.
    Conflict
        If they hold the role already, their account is switched off, or they were invited to a place beyond the
        viewer's scope and have not joined.
    """
    email, name = service.checked_email(email), service.checked_name(name)
    ground = memberships.ground_of(viewer)
    ground.area(offer.place)
    db.lock(viewer.session, "people")
    person = viewer.session.scalar(select(Person).where(Person.email == email).with_for_update())
    is_new = person is None
    if person is None:
        person = without_a_way_in(viewer.session, email, name)
    elif not person.is_active and person.joined_at is not None:
        raise Conflict(
            f"The account of {email} is switched off.", remedy="Ask whoever switched it off, or a London administrator."
        )
    people.give(viewer, ground, person, offer)
    person.is_active = True
    if person.joined_at is not None:
        letters.tell(viewer.session, settings, person.id, News.ROLE_GIVEN)
        return Invited(person.id, person.name, is_new=False, link="")
    people.record(viewer, "person.invited", person)
    return Invited(person.id, person.name, is_new, links.give(viewer.session, settings, person.id, INVITATION))


INVITATION = LinkPurpose.INVITATION


def invite_again(viewer: Viewer, settings: Settings, person_id: UUID) -> str:
    """Send an invitation again, in place of the one before; returns the link where this hub sends no mail.

    Raises
    ------
    NotFound, NotAllowed
        As `people.account`.
    Conflict
        If they have joined meanwhile.
    """
    person = _invited(viewer, person_id)
    person.is_active = True
    people.record(viewer, "person.invited", person)
    return links.give(viewer.session, settings, person.id, INVITATION)


def withdraw(viewer: Viewer, person_id: UUID) -> None:
    """Take an invitation back: the link is good for nothing any more, and the account is switched off.

    Raises
    ------
    NotFound, NotAllowed, Conflict
        As `invite_again`.
    """
    person = _invited(viewer, person_id)
    person.is_active = False
    links.withdraw(viewer.session, person.id)
    people.record(viewer, "invitation.withdrawn", person)


def accept(session: HubSession, secret: str, password: str) -> None:
    """Choose the password of the account that somebody was invited to, which uses their link up.

    Raises
    ------
    LinkOver
        If the link is not, or no longer, good.
    BadRequest
        If the password is easily guessed; the link stays good.
    """
    person = links.held_by(session, secret, INVITATION)
    service.refuse_weak(session, password, person.email, person.name)
    person = links.use(session, secret, INVITATION)
    person.password_hash = passwords.hashed(password)
    person.joined_at = _now()
    audit.record_as(session, str(person.id), "invitation.accepted", person.id)


def without_a_way_in(session: HubSession, email: str, name: str) -> Person:
    """Make an account whose password nobody knows: guessing at it takes as long as at any other."""
    unknown = passwords.hashed(secrets.token_urlsafe(48))
    person = Person(email=email, name=name, password_hash=unknown, created_at=_now(), memberships=[])
    session.add(person)
    session.flush()
    return person


def _invited(viewer: Viewer, person_id: UUID) -> Person:
    person = people.account(viewer, person_id)
    if person.joined_at is not None:
        raise Conflict(
            f"{person.name} has joined already.", remedy="Switch the account off if they should not sign in."
        )
    return person


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)
