"""People: who they are, what they may see today, and how they sign in and out.

Never keeps a password or a token, only what can be checked against one; never says whether an account exists.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
import re
import secrets
from collections.abc import Collection, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import delete, or_, select, update
from sqlalchemy.exc import OperationalError

from hub import audit, db
from hub.access import Grant, Role, Viewer, scope_of
from hub.accounts import passwords
from hub.accounts.models import Membership, Person, SignInFailure, SignInSession
from hub.db import Database, HubSession
from hub.errors import BadRequest, Conflict, NotAllowed, NotSignedIn, TooMany
from hub.places import service as places
from hub.words import LONDON, plural

LONGEST_IDLE = dt.timedelta(minutes=30)
LONGEST_SESSION = dt.timedelta(hours=12)
SEEN_AT_MOST_EVERY = dt.timedelta(minutes=1)
LONGEST_EMAIL, LONGEST_NAME = 254, 120
NOBODY = "nobody"
"""The actor of what somebody did who is not signed in."""

_EMAIL = re.compile(r"[^@\s\x00-\x1f\x7f]+@[^@\s.\x00-\x1f\x7f]+(\.[^@\s.\x00-\x1f\x7f]+)+")

_BOROUGHS, _BCU, _LONDON = "one or more boroughs", "a BCU", "London"
_HELD_FOR = {
    Role.CSP_OFFICER: (_BOROUGHS,),
    Role.CSP_ANALYST: (_BOROUGHS, _BCU, _LONDON),
    Role.BOROUGH_POLICE_LEAD: (_BOROUGHS,),
    Role.BCU_COMMANDER: (_BCU, _BOROUGHS),
    Role.COUNCIL_LEADER: (_BOROUGHS,),
    Role.ADMINISTRATOR: (_BOROUGHS, _BCU, _LONDON),
}


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
    person_id = session.scalar(select(Person.id).where(Person.email == _tidied(email)))
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


def _grants(session: HubSession, person_id: UUID, today: dt.date) -> tuple[Grant, ...]:
    held = session.execute(
        select(Membership.role, Membership.borough_code, Membership.bcu_id)
        .where(
            Membership.person_id == person_id,
            Membership.starts_on <= today,
            or_(Membership.ends_on.is_(None), Membership.ends_on >= today),
        )
        .order_by(Membership.id)
    )
    return tuple(Grant(role, _boroughs_of(session, code, bcu_id)) for role, code, bcu_id in held.all())


def _boroughs_of(session: HubSession, borough_code: str | None, bcu_id: int | None) -> frozenset[str]:
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
    email, name = _checked_email(email), _checked_name(name)
    memberships = _memberships(session, role, boroughs, bcu, london=london)
    passwords.refuse_weak(password, (email, name, *(borough.name for borough in places.boroughs(session))))
    if session.scalar(select(Person.id).where(Person.email == email)) is not None:
        raise Conflict(f"There is an account for {email} already.", remedy="Use another e-mail address.")
    person = Person(
        email=email,
        name=name,
        password_hash=passwords.hashed(password),
        created_at=_now(),
        memberships=memberships,
    )
    session.add(person)
    session.flush()
    audit.record_as(
        session, actor, "person.created", person.id, role=role, boroughs=sorted(set(boroughs)), bcu=bcu, london=london
    )
    return person


def _tidied(email: str) -> str:
    return email.strip().lower()


def _checked_email(email: str) -> str:
    tidied = _tidied(email)
    if len(tidied) > LONGEST_EMAIL or not _EMAIL.fullmatch(tidied):
        raise BadRequest(
            f"'{email}' is not an e-mail address.", remedy="Write it in full, for example name@council.gov.uk."
        )
    return tidied


def _checked_name(name: str) -> str:
    tidied = " ".join(name.split())
    if not tidied or len(tidied) > LONGEST_NAME or not tidied.isprintable():
        raise BadRequest("The person's name is missing or cannot be used.", remedy=f"Give 1 to {LONGEST_NAME} letters.")
    return tidied


def _memberships(
    session: HubSession, role: Role, boroughs: Sequence[str], bcu: str | None, *, london: bool
) -> list[Membership]:
    given = [place for place, is_given in ((_BOROUGHS, boroughs), (_BCU, bcu), (_LONDON, london)) if is_given]
    if len(given) != 1 or given[0] not in _HELD_FOR[role]:
        raise BadRequest(
            f"The role of {role.title} is held for {' or '.join(_HELD_FOR[role])}, "
            f"and {' and '.join(given) or 'no place'} was given.",
            remedy="Name one kind of place that goes with the role.",
        )
    today = dt.datetime.now(LONDON).date()
    if boroughs:
        codes = _known_boroughs(session, boroughs)
        return [Membership(role=role, borough_code=code, is_london=False, starts_on=today) for code in codes]
    bcu_id = _known_bcu(session, bcu) if bcu else None
    return [Membership(role=role, bcu_id=bcu_id, is_london=london, starts_on=today)]


def _known_boroughs(session: HubSession, codes: Iterable[str]) -> list[str]:
    wanted = {code.strip().upper() for code in codes}
    unknown = sorted(wanted - places.every_borough(session))
    if unknown:
        raise BadRequest(
            f"There is no borough with the code {', '.join(unknown)}.",
            remedy="Use codes of the boroughs loaded in this hub, for example E09000007.",
        )
    return sorted(wanted)


def _known_bcu(session: HubSession, slug_or_name: str) -> int:
    bcus = {borough.bcu.slug: borough.bcu for borough in places.boroughs(session) if borough.bcu}
    for bcu in bcus.values():
        if slug_or_name.strip().lower() in {bcu.slug, bcu.name.lower()}:
            return bcu.id
    names = ", ".join(sorted(bcu.name for bcu in bcus.values()))
    raise BadRequest(
        f"There is no BCU called '{slug_or_name}'.",
        remedy=f"The BCUs are: {names}." if names else "Load the places first, with 'hub load-places'.",
    )


# --- Signing in and out ----------------------------------------------------------------------------------------------


def sign_in(database: Database, email: str, password: str, address: str, *, now: dt.datetime | None = None) -> str:
    """Let a person in and return the token for their browser.

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
        tries = _tries(session, _tidied(email), address)
        _count_try(session, tries, moment)
    person_id, renewed_hash = _proven(database, email, password)
    with database.writing() as session:
        if person_id is not None:
            return _begin_session(session, person_id, renewed_hash, tries, moment)
        audit.record_as(session, NOBODY, "sign_in.refused", account=tries.account.key, address=tries.address.key)
    raise NotSignedIn("The e-mail address or the password is wrong.", remedy="Check both and try again.")


def resume(database: Database, session: HubSession, token: str, *, now: dt.datetime | None = None) -> Viewer | None:
    """Open a request's session to the person whose browser holds a token; None when that sign-in is over."""
    moment, token_hash = now or _now(), _hash_of(token)
    found = session.execute(
        select(SignInSession.person_id, SignInSession.last_seen_at).where(
            SignInSession.token_hash == token_hash,
            SignInSession.ended_at.is_(None),
            SignInSession.began_at > moment - LONGEST_SESSION,
            SignInSession.last_seen_at > moment - LONGEST_IDLE,
        )
    ).one_or_none()
    if found is None:
        return None
    viewer = viewer_of(session, found.person_id)
    if viewer is not None and found.last_seen_at <= moment - SEEN_AT_MOST_EVERY:
        _note_seen(database, token_hash, moment)
    return viewer


def sign_out(viewer: Viewer, token: str) -> None:
    """End the sign-in that a browser's token stands for."""
    viewer.session.execute(
        update(SignInSession)
        .where(SignInSession.token_hash == _hash_of(token), SignInSession.person_id == viewer.person_id)
        .values(ended_at=_now())
    )
    audit.record(viewer, "person.signed_out")


def _proven(database: Database, email: str, password: str) -> tuple[UUID | None, str | None]:
    """Whose password this is, and its hash made anew where today's parameters ask for it."""
    with database.reading() as session:
        person = session.execute(
            select(Person.id, Person.password_hash, Person.is_active).where(Person.email == _tidied(email))
        ).one_or_none()
    if not passwords.matches(password, person.password_hash if person else None):
        return None, None
    if person is None or not person.is_active:
        return None, None
    return person.id, passwords.hashed(password) if passwords.is_outdated(person.password_hash) else None


def _begin_session(
    session: HubSession, person_id: UUID, renewed_hash: str | None, tries: _Tries, moment: dt.datetime
) -> str:
    token = secrets.token_urlsafe(32)
    session.execute(delete(SignInSession).where(SignInSession.began_at < moment - LONGEST_SESSION))
    session.add(SignInSession(token_hash=_hash_of(token), person_id=person_id, began_at=moment, last_seen_at=moment))
    if renewed_hash:
        session.execute(update(Person).where(Person.id == person_id).values(password_hash=renewed_hash))
    _forgive(session, tries, moment)
    audit.record_as(session, str(person_id), "person.signed_in", address=tries.address.key)
    return token


def _note_seen(database: Database, token_hash: str, moment: dt.datetime) -> None:
    """Remember when a browser was last seen; where the database is busy, the next request will."""
    with suppress(OperationalError), database.writing_if_free() as session:
        session.execute(update(SignInSession).where(SignInSession.token_hash == token_hash).values(last_seen_at=moment))


def _hash_of(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


# --- Slowing down guessers -------------------------------------------------------------------------------------------

REMEMBERED = dt.timedelta(hours=1)


@dataclass(frozen=True)
class _Track:
    """Tries of one kind: how many are free in an hour, and how long the wait may grow once they are used up."""

    key: str
    free: int
    longest_wait: dt.timedelta

    def next_try(self, failures: Sequence[dt.datetime]) -> dt.datetime | None:
        """When the next try may come; each one past the free ones doubles the wait."""
        over = len(failures) - self.free
        if over < 0:
            return None
        return max(failures) + min(self.longest_wait, dt.timedelta(seconds=2 ** min(over, 20)))


@dataclass(frozen=True)
class _Tries:
    """The three ways in which a try is counted.

    Somebody guessing at an account from one place is soon slowed there. The account itself is never slowed by more
    than a minute, wherever the guesses come from, so that nobody can keep its owner out.
    """

    account_from_address: _Track
    account: _Track
    address: _Track

    @property
    def tracks(self) -> tuple[_Track, ...]:
        """All three."""
        return self.account_from_address, self.account, self.address


def _tries(session: HubSession, email: str, address: str) -> _Tries:
    secret: bytes = session.info["audit_key"]

    def key(*parts: str) -> str:
        return hmac.new(secret, "\n".join(("sign-in", *parts)).encode(), hashlib.sha256).hexdigest()[:32]

    return _Tries(
        account_from_address=_Track(key("pair", email, address), free=5, longest_wait=dt.timedelta(minutes=15)),
        account=_Track(key("account", email), free=20, longest_wait=dt.timedelta(minutes=1)),
        address=_Track(key("address", address), free=30, longest_wait=dt.timedelta(minutes=5)),
    )


def _count_try(session: HubSession, tries: _Tries, moment: dt.datetime) -> None:
    """Count a try as failed until it proves otherwise, or refuse it; a try that is refused does not count."""
    db.lock(session, "sign-in")
    session.execute(delete(SignInFailure).where(SignInFailure.at < moment - REMEMBERED))
    failures: dict[str, list[dt.datetime]] = {track.key: [] for track in tries.tracks}
    for key, at in session.execute(select(SignInFailure.key, SignInFailure.at).where(SignInFailure.key.in_(failures))):
        failures[key].append(at)
    waits = [allowed - moment for track in tries.tracks if (allowed := track.next_try(failures[track.key]))]
    longest = max(waits, default=dt.timedelta())
    if longest > dt.timedelta():
        raise TooMany("There were too many tries to sign in.", remedy=f"Wait {_in_words(longest)}, then try again.")
    session.add_all(SignInFailure(key=track.key, at=moment) for track in tries.tracks)


def _forgive(session: HubSession, tries: _Tries, moment: dt.datetime) -> None:
    """Forget the failures of an account that was signed in to; of its address only this try, which did not fail."""
    of_account = SignInFailure.key.in_([tries.account_from_address.key, tries.account.key])
    this_try = (SignInFailure.key == tries.address.key) & (SignInFailure.at == moment)
    session.execute(delete(SignInFailure).where(or_(of_account, this_try)))


def _in_words(wait: dt.timedelta) -> str:
    seconds = max(1, round(wait.total_seconds()))
    return plural(seconds, "second") if seconds < 60 else plural(-(-seconds // 60), "minute")
