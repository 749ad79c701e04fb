"""What an administrator sees and changes of people: who holds which role for the places of their scope, until when.

Roles held for places beyond that scope are neither shown nor changed; nor is an account that reaches beyond it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import func, select

from hub import audit, db, jobs
from hub.access import Role, Viewer
from hub.accounts import letters, links, memberships, second_factor, sessions
from hub.accounts.letters import News
from hub.accounts.links import Standing
from hub.accounts.memberships import Ground
from hub.accounts.models import LinkPurpose, Membership, Person
from hub.audit import AuditEntry
from hub.config import Settings
from hub.db import HubSession
from hub.errors import BadRequest, Conflict, NotAllowed, NotFound
from hub.words import date_name

LONGEST_AHEAD = dt.timedelta(days=3660)


@dataclass(frozen=True)
class Held:
    """One role that somebody holds, held, or is going to hold for a place of the viewer's scope."""

    id: int
    role: Role
    place: str
    starts_on: dt.date
    ends_on: dt.date | None
    from_group: str | None
    today: dt.date

    @property
    def is_over(self) -> bool:
        """Whether its last day is past."""
        return self.ends_on is not None and self.ends_on < self.today

    @property
    def is_to_come(self) -> bool:
        """Whether its first day is yet to come."""
        return not self.is_over and self.starts_on > self.today


@dataclass(frozen=True)
class PersonView:
    """Somebody as an administrator is shown them."""

    id: UUID
    name: str
    email: str
    held: tuple[Held, ...]
    is_active: bool
    has_joined: bool
    last_signed_in_at: dt.datetime | None
    has_second_factor: bool
    invitation: Standing | None
    is_whole: bool
    """Whether all that they hold lies in the viewer's scope, so that the account itself may be changed."""
    is_self: bool


@dataclass(frozen=True)
class Offer:
    """A role as it is given: for which place, from when, and until when if that is known."""

    role: Role
    place: str
    starts_on: dt.date
    ends_on: dt.date | None


# --- Reading ---------------------------------------------------------------------------------------------------------


def listed(viewer: Viewer) -> list[PersonView]:
    """List everybody who holds, held or is going to hold a role for a place of the viewer's scope, by name."""
    ground = memberships.ground_of(viewer)
    held = viewer.session.scalars(select(Membership.person_id).where(ground.holds(Membership)).distinct())
    return _views(viewer, ground, held.all())


def show(viewer: Viewer, person_id: UUID) -> PersonView:
    """Show one of them.

    Raises
    ------
    NotFound
        If there is nobody such, or they hold nothing in the viewer's scope.
    """
    ground = memberships.ground_of(viewer)
    return _views(viewer, ground, [_person(viewer, ground, person_id).id])[0]


def _views(viewer: Viewer, ground: Ground, person_ids: Collection[UUID]) -> list[PersonView]:
    session = viewer.session
    found = session.scalars(select(Person).where(Person.id.in_(person_ids)).order_by(Person.name, Person.email)).all()
    signed_in = _last_signed_in(session, person_ids)
    invitations = links.standings(session, person_ids, LinkPurpose.INVITATION)
    with_second_factor = sessions.with_second_factor(session, person_ids)
    return [
        PersonView(
            id=person.id,
            name=person.name,
            email=person.email,
            held=_held(ground, person),
            is_active=person.is_active,
            has_joined=person.joined_at is not None,
            last_signed_in_at=signed_in.get(person.id),
            has_second_factor=person.id in with_second_factor,
            invitation=None if person.joined_at else invitations.get(person.id),
            is_whole=_is_whole(ground, person),
            is_self=person.id == viewer.person_id,
        )
        for person in found
    ]


def _held(ground: Ground, person: Person) -> tuple[Held, ...]:
    today = memberships.today()
    held = [
        Held(one.id, one.role, area.name, one.starts_on, one.ends_on, one.from_group, today)
        for one in person.memberships
        if (area := ground.area_of(one)) is not None
    ]
    return tuple(sorted(held, key=lambda one: (one.is_over, one.is_to_come, one.role.title, one.place)))


def _is_whole(ground: Ground, person: Person) -> bool:
    today = memberships.today()
    lasting = (one for one in person.memberships if one.ends_on is None or one.ends_on >= today)
    return all(ground.area_of(one) is not None for one in lasting)


def _last_signed_in(session: HubSession, person_ids: Collection[UUID]) -> Mapping[UUID, dt.datetime]:
    """Tell from the record when people last signed in: their sessions are not kept that long."""
    wanted = (
        select(AuditEntry.actor, func.max(AuditEntry.at))
        .where(AuditEntry.action == "person.signed_in", AuditEntry.actor.in_(map(str, person_ids)))
        .group_by(AuditEntry.actor)
    )
    return {UUID(actor): at for actor, at in session.execute(wanted)}


# --- Roles -----------------------------------------------------------------------------------------------------------


def add_role(viewer: Viewer, settings: Settings, person_id: UUID, offer: Offer) -> None:
    """Let somebody of the viewer's scope hold one more role, and tell them.

    Raises
    ------
    NotFound
        If the person, or the place, is not in the viewer's scope.
    BadRequest
        If the role is not held for such a place, or the days will not do.
    Conflict
        If they hold it already.
    """
    ground = memberships.ground_of(viewer)
    person = _person(viewer, ground, person_id)
    give(viewer, ground, person, offer)
    if person.joined_at is not None:
        letters.tell(viewer.session, settings, person.id, News.ROLE_GIVEN)


def give(viewer: Viewer, ground: Ground, person: Person, offer: Offer) -> None:
    """Give a person a role for a place of the viewer's scope, on the record. They may be new to that scope.

    Raises
    ------
    NotFound, BadRequest
        As `add_role`.
    Conflict
        If they hold it already, or were invited to a place beyond that scope and have not joined.
    """
    area = ground.area(offer.place)
    _refuse_half_invited(ground, person)
    _check_days(offer.starts_on, offer.ends_on)
    membership = memberships.made_for(viewer.session, offer.role, area)
    membership.starts_on, membership.ends_on = offer.starts_on, offer.ends_on
    if any(_overlap(membership, held) for held in person.memberships):
        raise Conflict(f"{person.name} holds that role for {area.name} already.", remedy="Change its last day instead.")
    person.memberships.append(membership)
    viewer.session.flush()
    audit.record(
        viewer,
        "membership.added",
        membership.id,
        boroughs=area.borough_codes,
        person=person.id,
        role=offer.role,
        place=area.slug,
        starts_on=offer.starts_on,
        ends_on=offer.ends_on,
    )
    # A link to a new password may be in the hands of whoever looked after the account until now.
    links.withdraw(viewer.session, person.id, LinkPurpose.RESET)
    _sign_in_anew(viewer, person.id)


def _refuse_half_invited(ground: Ground, person: Person) -> None:
    """Add nothing to an invitation of somebody else's: whoever holds its link would hold the roles of both."""
    if person.joined_at is None and not _is_whole(ground, person):
        raise Conflict(
            f"{person.email} was invited to another place, and has not joined yet.",
            remedy="Give the role once they have joined, or ask an administrator of London.",
        )


def set_last_day(viewer: Viewer, person_id: UUID, membership_id: int, ends_on: dt.date | None) -> None:
    """Say until when a role is held; None for as long as nobody says otherwise.

    Raises
    ------
    NotFound
        If there is no such role in the viewer's scope.
    BadRequest
        If the day is past, or before the role begins.
    Conflict
        If the role follows from a group, or London would be left without an administrator.
    """
    membership = _membership(viewer, person_id, membership_id)
    _refuse_from_group(membership)
    _check_days(membership.starts_on, ends_on)
    _set_end(viewer, membership, ends_on)


def end_role(viewer: Viewer, person_id: UUID, membership_id: int) -> None:
    """End a role now: it opens nothing from the next request on. To end it twice is to end it once.

    Raises
    ------
    NotFound, Conflict
        As `set_last_day`.
    """
    membership = _membership(viewer, person_id, membership_id)
    _refuse_from_group(membership)
    yesterday = memberships.today() - dt.timedelta(days=1)
    if membership.ends_on is None or membership.ends_on > yesterday:
        _set_end(viewer, membership, yesterday)
        _sign_in_anew(viewer, person_id)


def _sign_in_anew(viewer: Viewer, person_id: UUID) -> None:
    """End the sign-ins of somebody whose roles have changed: no token outlives what it was given for."""
    sessions.end_all(viewer.session, person_id, actor=str(viewer.person_id))


def _set_end(viewer: Viewer, membership: Membership, ends_on: dt.date | None) -> None:
    area = memberships.ground_of(viewer).area_of(membership)
    before = _keepers(viewer.session)
    membership.ends_on = ends_on
    viewer.session.flush()
    _refuse_to_leave_nobody(viewer.session, before)
    codes = area.borough_codes if area else ()
    audit.record(
        viewer, "membership.changed", membership.id, boroughs=codes, person=membership.person_id, ends_on=ends_on
    )


def _overlap(new: Membership, held: Membership) -> bool:
    """Whether two memberships are the same role for the same place on some same day."""
    is_same = (new.role, new.borough_code, new.bcu_id, new.is_london) == (
        held.role,
        held.borough_code,
        held.bcu_id,
        held.is_london,
    )
    return is_same and _is_before(new.starts_on, held.ends_on) and _is_before(held.starts_on, new.ends_on)


def _is_before(day: dt.date, ends_on: dt.date | None) -> bool:
    return ends_on is None or day <= ends_on


def _check_days(starts_on: dt.date, ends_on: dt.date | None) -> None:
    today = memberships.today()
    if ends_on is not None and ends_on < max(starts_on, today):
        raise BadRequest(
            f"The last day cannot be {date_name(ends_on)}.",
            remedy=f"Choose {date_name(max(starts_on, today))} or later.",
        )
    if max(starts_on, ends_on or starts_on) > today + LONGEST_AHEAD:
        raise BadRequest("The day is more than ten years ahead.", remedy="Check the year.")


def _refuse_from_group(membership: Membership) -> None:
    if membership.from_group is not None:
        raise Conflict(
            "This role comes from a group of the person's organisation.",
            remedy="Take them out of the group, or change what the group gives.",
        )


# --- Accounts --------------------------------------------------------------------------------------------------------


def switch_off(viewer: Viewer, person_id: UUID) -> None:
    """Switch an account off: every sign-in and every job of it ends, and no link of it is good any more.

    Raises
    ------
    NotFound
        If the person holds nothing in the viewer's scope.
    NotAllowed
        If they hold something beyond it, or are the viewer.
    Conflict
        If London would be left without an administrator.
    """
    person = account(viewer, person_id)
    if person.id == viewer.person_id:
        raise NotAllowed("You cannot switch off your own account.", remedy="Ask another administrator to do it.")
    before = _keepers(viewer.session)
    person.is_active = False
    viewer.session.flush()
    _refuse_to_leave_nobody(viewer.session, before)
    links.withdraw(viewer.session, person.id)
    sessions.end_all(viewer.session, person.id, actor=str(viewer.person_id))
    stopped = jobs.cancel_all_of(viewer.session, person.id)
    record(viewer, "person.switched_off", person, jobs=stopped)


def switch_on(viewer: Viewer, person_id: UUID) -> None:
    """Switch an account on again.

    Raises
    ------
    NotFound, NotAllowed
        As `switch_off`.
    """
    person = account(viewer, person_id)
    person.is_active = True
    record(viewer, "person.switched_on", person)


def end_sessions(viewer: Viewer, person_id: UUID) -> int:
    """Sign somebody out everywhere, and tell of how many browsers.

    Raises
    ------
    NotFound, NotAllowed
        As `switch_off`.
    """
    person = account(viewer, person_id)
    return sessions.end_all(viewer.session, person.id, actor=str(viewer.person_id))


def remove_second_factor(viewer: Viewer, person_id: UUID) -> None:
    """Remove a second step that somebody has lost, and sign them out; they set up another when they next sign in.

    Raises
    ------
    NotFound, NotAllowed
        As `switch_off`.
    """
    person = account(viewer, person_id)
    if person.id == viewer.person_id:
        raise NotAllowed("You cannot remove your own second step here.", remedy="Ask another administrator to do it.")
    second_factor.remove_second_factor(viewer, person.id)


def reset(viewer: Viewer, settings: Settings, person_id: UUID) -> str:
    """Let somebody choose a new password; returns the link to hand over where this hub sends no mail.

    Raises
    ------
    NotFound, NotAllowed
        As `switch_off`.
    Conflict
        If they have not joined yet, or their account is switched off.
    """
    person = account(viewer, person_id)
    if person.joined_at is None or not person.is_active:
        raise Conflict(
            f"{person.name} cannot sign in yet, or not any more.", remedy="Invite them, or switch the account on first."
        )
    record(viewer, "person.reset_asked", person)
    return links.give(viewer.session, settings, person.id, LinkPurpose.RESET)


# --- The only doors --------------------------------------------------------------------------------------------------


def _person(viewer: Viewer, ground: Ground, person_id: UUID) -> Person:
    held = select(Membership.person_id).where(ground.holds(Membership))
    person = viewer.session.scalar(select(Person).where(Person.id == person_id, Person.id.in_(held)).with_for_update())
    if person is None:
        raise NotFound
    return person


def account(viewer: Viewer, person_id: UUID) -> Person:
    """Find a person whose account the viewer may look after, as all that they hold lies in the viewer's scope.

    Raises
    ------
    NotFound
        If they hold nothing in the viewer's scope.
    NotAllowed
        If they hold something beyond it.
    """
    ground = memberships.ground_of(viewer)
    person = _person(viewer, ground, person_id)
    if not _is_whole(ground, person):
        raise NotAllowed(
            f"{person.name} also holds a role beyond your places, so the account is not yours to change.",
            remedy="End the roles that are yours to end, or ask an administrator of London.",
        )
    return person


def record(viewer: Viewer, action: str, person: Person, **details: object) -> None:
    """Record what was done to an account, for the boroughs of the viewer's scope that the person holds a role for."""
    ground = memberships.ground_of(viewer)
    areas = filter(None, map(ground.area_of, person.memberships))
    codes = frozenset[str]().union(*(area.borough_codes for area in areas))
    audit.record(viewer, action, person.id, boroughs=codes, **details)


def _membership(viewer: Viewer, person_id: UUID, membership_id: int) -> Membership:
    ground = memberships.ground_of(viewer)
    wanted = select(Membership).where(
        Membership.id == membership_id, Membership.person_id == person_id, ground.holds(Membership)
    )
    membership = viewer.session.scalar(wanted.with_for_update())
    if membership is None:
        raise NotFound
    return membership


# --- London is never left without an administrator -------------------------------------------------------------------


def _keepers(session: HubSession) -> int:
    """Count those who can sign in as administrators of London with no last day, one such change at a time."""
    db.lock(session, "administrators")
    today = memberships.today()
    able = select(Person.id).where(Person.is_active, Person.joined_at.is_not(None))
    wanted = select(func.count(Membership.person_id.distinct())).where(
        Membership.role == Role.ADMINISTRATOR,
        Membership.is_london,
        Membership.from_group.is_(None),
        Membership.starts_on <= today,
        Membership.ends_on.is_(None),
        Membership.person_id.in_(able),
    )
    return session.scalar(wanted) or 0


def _refuse_to_leave_nobody(session: HubSession, before: int) -> None:
    if before and not _keepers(session):
        raise Conflict(
            "This would leave London without an administrator.",
            remedy="Make somebody else an administrator of London first, with no last day.",
        )
