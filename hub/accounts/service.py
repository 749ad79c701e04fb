"""People: who they are, what they may see today, and how they sign in and out.

Never keeps a password or a token, only what can be checked against one; never says whether an account exists.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from uuid import UUID

from sqlalchemy import ColumnElement, or_, select, update

from hub import audit, db
from hub.access import Grant, Permission, Role, Viewer, scope_of
from hub.accounts import memberships, passwords, sessions, tries
from hub.accounts.models import Membership, Person, SignInSession
from hub.accounts.tries import Tries
from hub.db import Database, HubSession
from hub.errors import BadRequest, Conflict, NotAllowed, NotSignedIn
from hub.places import service as places
from hub.words import LONDON

LONGEST_EMAIL, LONGEST_NAME = 254, 120
NOBODY = "nobody"
"""The actor of what somebody did who is not signed in."""

_EMAIL = re.compile(r"[^@\s\x00-\x1f\x7f]+@[^@\s.\x00-\x1f\x7f]+(\.[^@\s.\x00-\x1f\x7f]+)+")


# --- What a person may see -------------------------------------------------------------------------------------------


def viewer_of(session: HubSession, person_id: UUID, *, today: dt.date | None = None) -> Viewer | None:
    """Open a session to a person, as far as the roles they hold today reach; None where there is no active account."""
    person = session.execute(
        select(Person.email, Person.name).where(Person.id == person_id, Person.is_active)
    ).one_or_none()
    if person is None:
        return None
    grants = _grants(session, person_id, today or dt.datetime.now(LONDON).date())
    session.set_scope(scope_of(grants, places.named_areas(session), every_borough=places.every_borough(session)))
    return Viewer(person_id, person.email, person.name, grants, session)


def grants_of(session: HubSession, person_id: UUID, on: dt.date) -> tuple[Grant, ...]:
    """Tell the roles that somebody holds on a day, and where; none where there is no active account."""
    is_active = session.scalar(select(Person.is_active).where(Person.id == person_id))
    return _grants(session, person_id, on) if is_active else ()


@dataclass(frozen=True)
class Holding:
    """One role that somebody holds: for which place, and until when."""

    role: Role
    place: str
    boroughs: frozenset[str]
    ends_on: dt.date | None


def holdings(session: HubSession, person_id: UUID, on: dt.date) -> list[Holding]:
    """List the roles that somebody holds on a day."""
    held = session.execute(
        select(Membership.role, Membership.borough_code, Membership.bcu_id, Membership.ends_on)
        .where(Membership.person_id == person_id, *_held_on(on))
        .order_by(Membership.id)
    ).all()
    boroughs = {borough.code: borough for borough in places.boroughs(session)}
    bcus = {borough.bcu.id: borough.bcu.name for borough in boroughs.values() if borough.bcu}
    city = places.city(session)
    found = []
    for role, code, bcu_id, ends_on in held:
        its_city = city.name if city else "London"
        place = boroughs[code].name if code else bcus[bcu_id] if bcu_id else its_city
        found.append(Holding(role, place, boroughs_of(session, code, bcu_id), ends_on))
    return found


def active(session: HubSession) -> list[UUID]:
    """List everybody whose account is switched on."""
    return list(session.scalars(select(Person.id).where(Person.is_active).order_by(Person.id)))


def holders(session: HubSession, roles: Collection[Role], borough_codes: Collection[str], on: dt.date) -> list[UUID]:
    """List whose account is switched on and who holds one of some roles on a day, for one of some boroughs at least."""
    held = session.execute(
        select(Membership.person_id, Membership.borough_code, Membership.bcu_id)
        .join(Person, Person.id == Membership.person_id)
        .where(Person.is_active, Membership.role.in_(roles), *_held_on(on))
    ).all()
    reach = {place: boroughs_of(session, *place) for place in {(code, bcu_id) for _, code, bcu_id in held}}
    return sorted({one for one, code, bcu_id in held if not reach[code, bcu_id].isdisjoint(borough_codes)})


def email_of(session: HubSession, person_id: UUID) -> str:
    """Tell somebody's e-mail address."""
    return session.scalars(select(Person.email).where(Person.id == person_id)).one()


def names(session: HubSession, person_ids: Collection[UUID]) -> dict[UUID, str]:
    """Name people, so that a page can say who did what."""
    found = session.execute(select(Person.id, Person.name).where(Person.id.in_(person_ids)))
    return dict(found.all())


def viewer_by_email(session: HubSession, email: str) -> Viewer:
    """Open a session to the person with an e-mail address, for the machine's own command line.

    Raises
    ------
    BadRequest
        If nobody has that address.
    NotAllowed
        If the account is switched off, or no role is in force today.
    """
    person_id = session.scalar(select(Person.id).where(Person.email == tidied(email)))
    if person_id is None:
        raise BadRequest(
            f"Nobody in this hub has the e-mail address '{email}'.",
            remedy="Check the spelling, or make an account with 'hub create-user'.",
        )
    viewer = viewer_of(session, person_id)
    if viewer is None:
        raise NotAllowed(f"The account of {email} is switched off.", remedy="Ask an administrator to switch it on.")
    if not viewer.grants:
        raise NotAllowed(f"{email} holds no role that is in force today.", remedy="Ask an administrator for one.")
    return viewer


@dataclass(frozen=True)
class RoleHeld:
    """A role that a person holds, or will, as it is shown to them."""

    role: Role
    place: str
    starts_on: dt.date
    ends_on: dt.date | None


def roles_held(viewer: Viewer, *, today: dt.date | None = None) -> list[RoleHeld]:
    """List the roles that the viewer holds, and will hold, with places and dates."""
    day = today or dt.datetime.now(LONDON).date()
    held = viewer.session.scalars(
        select(Membership)
        .where(Membership.person_id == viewer.person_id, or_(Membership.ends_on.is_(None), Membership.ends_on >= day))
        .order_by(Membership.starts_on, Membership.id)
    )
    boroughs, city = places.boroughs(viewer.session), places.city(viewer.session)
    names = {borough.code: borough.name for borough in boroughs}
    bcus = {borough.bcu.id: borough.bcu.name for borough in boroughs if borough.bcu}
    everywhere = city.name if city else "everywhere"
    return [
        RoleHeld(
            one.role,
            names.get(one.borough_code or "") or bcus.get(one.bcu_id or 0) or everywhere,
            one.starts_on,
            one.ends_on,
        )
        for one in held
    ]


def require_administrator_of(viewer: Viewer, person_id: UUID) -> None:
    """Refuse unless the viewer may change people everywhere that a person holds a role for, or will hold one.

    Raises
    ------
    NotFound
        If the person holds a role outside the viewer's scope, or none: the same answer as for nobody.
    NotAllowed
        If the viewer is not an administrator there.
    """
    held = viewer.session.execute(
        select(Membership.borough_code, Membership.bcu_id).where(
            Membership.person_id == person_id,
            or_(Membership.ends_on.is_(None), Membership.ends_on >= memberships.today()),
        )
    )
    places_held = [boroughs_of(viewer.session, code, bcu_id) for code, bcu_id in held.all()]
    viewer.require(Permission.PEOPLE_WRITE, frozenset().union(*places_held))


def _grants(session: HubSession, person_id: UUID, today: dt.date) -> tuple[Grant, ...]:
    held = session.execute(
        select(Membership.role, Membership.borough_code, Membership.bcu_id)
        .where(Membership.person_id == person_id, *_held_on(today))
        .order_by(Membership.id)
    )
    return tuple(Grant(role, boroughs_of(session, code, bcu_id)) for role, code, bcu_id in held.all())


def _held_on(day: dt.date) -> tuple[ColumnElement[bool], ...]:
    return Membership.starts_on <= day, or_(Membership.ends_on.is_(None), Membership.ends_on >= day)


def boroughs_of(session: HubSession, borough_code: str | None, bcu_id: int | None) -> frozenset[str]:
    """List the boroughs that a role is held in: one, those of a BCU, or all."""
    if borough_code is not None:
        return frozenset({borough_code})
    return places.every_borough(session) if bcu_id is None else places.bcu_boroughs(session, bcu_id)


# --- Making an account -----------------------------------------------------------------------------------------------


def create_person(
    session: HubSession,
    email: str,
    name: str,
    password: str,
    role: Role,
    *,
    boroughs: Sequence[str] = (),
    bcu: str | None = None,
    london: bool = False,
    actor: str,
) -> Person:
    """Make an account with one role, held from today for boroughs, for a BCU or for London.

    Raises
    ------
    BadRequest
        If the address, the name, the password, or the place for this role will not do.
    Conflict
        If somebody has that address already.
    """
    email, name = checked_email(email), checked_name(name)
    held = memberships.made(session, role, boroughs, bcu, london=london)
    refuse_weak(session, password, email, name)
    if session.scalar(select(Person.id).where(Person.email == email)) is not None:
        raise Conflict(f"There is an account for {email} already.", remedy="Use another e-mail address.")
    person = Person(
        email=email,
        name=name,
        password_hash=passwords.hashed(password),
        created_at=_now(),
        joined_at=_now(),
        memberships=held,
    )
    session.add(person)
    session.flush()
    audit.record_as(
        session,
        actor,
        "person.created",
        person.id,
        boroughs={code for one in held for code in boroughs_of(session, one.borough_code, one.bcu_id)},
        role=role,
        bcu=bcu,
        london=london,
    )
    return person


def refuse_weak(session: HubSession, password: str, email: str, name: str) -> None:
    """Refuse a password that is easily guessed by somebody who knows whose it is to be, and where they work.

    Raises
    ------
    BadRequest
        Saying what is wrong with it.
    """
    passwords.refuse_weak(password, (email, name, *(borough.name for borough in places.boroughs(session))))


def tidied(email: str) -> str:
    """An e-mail address as it is kept and looked for."""
    return email.strip().lower()


def checked_email(email: str) -> str:
    """Read an e-mail address as it is kept.

    Raises
    ------
    BadRequest
        If it is none.
    """
    address = tidied(email)
    if len(address) > LONGEST_EMAIL or not _EMAIL.fullmatch(address):
        raise BadRequest(
            f"'{email}' is not an e-mail address.", remedy="Write it in full, for example name@council.gov.uk."
        )
    return address


def checked_name(name: str) -> str:
    """Read a person's name as it is kept.

    Raises
    ------
    BadRequest
        If it is missing, too long, or cannot be shown.
    """
    whole = " ".join(name.split())
    if not whole or len(whole) > LONGEST_NAME or not whole.isprintable():
        raise BadRequest("The person's name is missing or cannot be used.", remedy=f"Give 1 to {LONGEST_NAME} letters.")
    return whole


# --- Signing in and out ----------------------------------------------------------------------------------------------


def sign_in(
    database: Database, email: str, password: str, address: str, *, device: str = "", now: dt.datetime | None = None
) -> str:
    """Let a person in and return the token for their browser, which may yet have a second step to take.

    Opens transactions of its own, unlike other services: a try is counted before the password is looked at, so that
    many at once gain nothing; it stays counted though the request fails; and no lock is held while Argon2 works.

    Raises
    ------
    NotSignedIn
        If the address and the password do not belong together, or the account is switched off: always the same words.
    TooMany
        If there were too many tries, for this account, whether or not it exists, or from this address.
    """
    moment = now or _now()
    with database.writing() as session:
        of_both = tries.of(session, tidied(email), address)
        tries.count(session, of_both, moment)
    person_id, renewed_hash = _proven(database, email, password)
    with database.writing() as session:
        if person_id is not None:
            return _begin(session, person_id, renewed_hash, of_both, device, moment)
        audit.record_as(session, NOBODY, "sign_in.refused", account=of_both.account.key, address=of_both.address.key)
    raise NotSignedIn("The e-mail address or the password is wrong.", remedy="Check both and try again.")


class Step(StrEnum):
    """What somebody has yet to do before a browser is theirs."""

    ENROL = "enrol"
    PROVE = "prove"
    ADD_KEY = "add_key"


@dataclass(frozen=True)
class HalfWay:
    """Somebody whose password was right, and who has a step to take before they see anything."""

    person_id: UUID
    email: str
    name: str
    step: Step
    must_have_key: bool
    session: HubSession = field(repr=False, compare=False)


def arrive(
    database: Database, session: HubSession, token: str, *, now: dt.datetime | None = None
) -> Viewer | HalfWay | None:
    """Tell whose browser holds a token, and open the request's session to them; None when that sign-in is over.

    Whoever has a step to take yet is half way: the session is open to nothing.
    """
    moment = now or _now()
    found = sessions.live(session, token, moment)
    if found is None:
        return None
    viewer = viewer_of(session, found.person_id)
    if viewer is None:
        return None
    sessions.note_seen(database, found, moment)
    step = _step(viewer, is_proven=found.proved_at is not None)
    if step is None:
        return viewer
    session.set_scope(db.NOWHERE)
    return HalfWay(viewer.person_id, viewer.email, viewer.name, step, must_have_key(viewer), session)


def resume(database: Database, session: HubSession, token: str, *, now: dt.datetime | None = None) -> Viewer | None:
    """Open a request's session to the person whose browser holds a token; None where they are not wholly signed in."""
    arrived = arrive(database, session, token, now=now)
    return arrived if isinstance(arrived, Viewer) else None


def must_have_key(viewer: Viewer) -> bool:
    """Whether a person's second step is to be a security key, which no made-up page can ask for: administrators'."""
    return sessions.is_second_factor_required(viewer.session) and Role.ADMINISTRATOR in viewer.roles


def sign_out(person: Viewer | HalfWay, token: str) -> None:
    """End the sign-in that a browser's token stands for."""
    person.session.execute(
        update(SignInSession)
        .where(SignInSession.token_hash == sessions.hash_of(token), SignInSession.person_id == person.person_id)
        .values(ended_at=_now())
    )
    audit.record_as(person.session, str(person.person_id), "person.signed_out")


def change_password(
    database: Database,
    viewer: Viewer,
    token: str,
    present: str,
    new: str,
    address: str,
    *,
    now: dt.datetime | None = None,
) -> str:
    """Change a person's own password, end their other sign-ins, and return the new token for this browser.

    Opens transactions of its own, for the reasons that signing in does.

    Raises
    ------
    BadRequest
        If the new password is easily guessed.
    NotAllowed
        If the present password is not the right one.
    TooMany
        If there were too many tries.
    """
    moment = now or _now()
    with database.writing() as session:
        of_both = tries.of(session, viewer.email, address)
        tries.count(session, of_both, moment)
        boroughs = [borough.name for borough in places.boroughs(session)]
    person_id, _ = _proven(database, viewer.email, present)
    if person_id != viewer.person_id:
        raise NotAllowed("The present password is wrong.", remedy="Type the password that you sign in with.")
    with database.writing() as session:
        tries.forgive(session, of_both, moment)
    passwords.refuse_weak(new, (viewer.email, viewer.name, *boroughs))
    changed = passwords.hashed(new)
    with database.writing() as session:
        session.execute(update(Person).where(Person.id == person_id).values(password_hash=changed))
        audit.record_as(session, str(person_id), "password.changed", person_id)
        sessions.end_all(session, person_id, except_token=token)
        return sessions.renew(session, token)


def _step(viewer: Viewer, *, is_proven: bool) -> Step | None:
    if not is_proven:
        return Step.PROVE if sessions.has_second_factor(viewer.session, viewer.person_id) else Step.ENROL
    if must_have_key(viewer) and not sessions.has_security_key(viewer.session, viewer.person_id):
        return Step.ADD_KEY
    return None


def _proven(database: Database, email: str, password: str) -> tuple[UUID | None, str | None]:
    """Whose password this is, and its hash made anew where today's parameters ask for it."""
    with database.reading() as session:
        person = session.execute(
            select(Person.id, Person.password_hash, Person.is_active).where(Person.email == tidied(email))
        ).one_or_none()
    if not passwords.matches(password, person.password_hash if person else None):
        return None, None
    if person is None or not person.is_active:
        return None, None
    return person.id, passwords.hashed(password) if passwords.is_outdated(person.password_hash) else None


def _begin(
    session: HubSession, person_id: UUID, renewed_hash: str | None, of_both: Tries, device: str, moment: dt.datetime
) -> str:
    token = sessions.begin(session, person_id, device=device, now=moment, address=of_both.address.key)
    if renewed_hash:
        session.execute(update(Person).where(Person.id == person_id).values(password_hash=renewed_hash))
    found = sessions.live(session, token, moment)
    # Until the second step is taken, the account's tries stay counted: or each password would buy new guesses at codes.
    tries.forgive(session, of_both, moment, account=found is not None and found.proved_at is not None)
    return token


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)
