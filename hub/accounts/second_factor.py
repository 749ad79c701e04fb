"""The second step of signing in: an authenticator app, security keys and recovery codes, added, taken and removed.

Keeps no secret that can be read without the hub's own key, and takes no code twice.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import delete, func, select, update

from hub import audit
from hub.access import Viewer
from hub.accounts import codes, keys, service, sessions, tries
from hub.accounts.keys import Site
from hub.accounts.models import Authenticator, Person, RecoveryCode, SecurityKey, SignInSession
from hub.accounts.service import HalfWay, Step
from hub.db import Database, HubSession
from hub.errors import BadRequest, Conflict, NotAllowed, NotFound, NotSignedIn

RECENT = dt.timedelta(minutes=10)
"""How long a step that was taken lets somebody change what their sign-in needs."""
LONGEST_CHALLENGE = dt.timedelta(minutes=5)
LONGEST_NAME = 80
FEW = 3
MOST_KEYS = 10

Somebody = Viewer | HalfWay
Check = Callable[[HubSession, dt.datetime], str | None]
"""Tells by what the step was taken, or that it was not."""


@dataclass(frozen=True)
class Ways:
    """What a person may take the second step with."""

    app: bool
    keys: bool
    recovery_codes: int

    @property
    def any(self) -> bool:
        """Whether they have set anything up."""
        return self.app or self.keys


@dataclass(frozen=True)
class KeyView:
    """A security key as its owner is shown it."""

    id: UUID
    name: str
    added_at: dt.datetime
    last_used_at: dt.datetime | None


@dataclass(frozen=True)
class SetUp:
    """What a person has set up for the second step."""

    app_added_at: dt.datetime | None
    keys: list[KeyView]
    codes_left: int
    may_remove: bool
    """Whether something would remain if one were removed; or nothing need."""


# --- What somebody has -----------------------------------------------------------------------------------------------


def must_have_key(person: Somebody) -> bool:
    """Whether a person's step is to be a security key, which no false page can ask for: an administrator's."""
    return person.must_have_key if isinstance(person, HalfWay) else service.must_have_key(person)


def ways(person: Somebody) -> Ways:
    """Tell what a person may take the step with now; whoever must use a key, and has one, not with an app."""
    has_keys = sessions.has_security_key(person.session, person.person_id)
    has_app = sessions.has_authenticator(person.session, person.person_id)
    return Ways(
        app=has_app and not (has_keys and must_have_key(person)),
        keys=has_keys,
        recovery_codes=_codes_left(person.session, person.person_id),
    )


def set_up(viewer: Viewer) -> SetUp:
    """List what a person has set up."""
    app = viewer.session.scalar(select(Authenticator.added_at).where(Authenticator.person_id == viewer.person_id))
    mine = select(SecurityKey).where(SecurityKey.person_id == viewer.person_id).order_by(SecurityKey.added_at)
    found = [KeyView(key.id, key.name, key.added_at, key.last_used_at) for key in viewer.session.scalars(mine)]
    is_free = not sessions.is_second_factor_required(viewer.session)
    return SetUp(
        app_added_at=app,
        keys=found,
        codes_left=_codes_left(viewer.session, viewer.person_id),
        may_remove=is_free or len(found) + (app is not None) > 1,
    )


def must_prove_again(viewer: Viewer, token: str) -> bool:
    """Whether somebody is to take the step again before they change what their sign-in needs."""
    found = sessions.live(viewer.session, token, _now())
    is_recent = found is not None and found.proved_at is not None and found.proved_at > _now() - RECENT
    return not is_recent and sessions.has_second_factor(viewer.session, viewer.person_id)


# --- Taking the step -------------------------------------------------------------------------------------------------


def prove_by_code(
    database: Database, person: Somebody, token: str, code: str, address: str, *, now: dt.datetime | None = None
) -> str:
    """Take the step with an app's code or a recovery code, and return the browser's new token.

    Opens a transaction of its own, as signing in does: a try stays counted though the request fails.

    Raises
    ------
    NotSignedIn
        If the code is wrong or was used already: always the same words.
    TooMany
        If there were too many tries, for this account or from this address.
    """

    def check(session: HubSession, moment: dt.datetime) -> str | None:
        if _take_app_code(session, person, code, moment):
            return "app"
        return "recovery code" if _take_recovery_code(session, person.person_id, code, moment) else None

    refused = NotSignedIn(
        "The code is wrong, or was used already.", remedy="Wait for the app's next code, or use another recovery code."
    )
    return _prove(database, person, token, address, check, refused, now)


def ask_key(person: Somebody, token: str, site: Site) -> str:
    """Ask for a signature by one of a person's keys: what the browser is to be told, as JSON."""
    mine = select(SecurityKey.credential_id).where(SecurityKey.person_id == person.person_id)
    asked, challenge = keys.ask(site, person.session.scalars(mine).all())
    _remember(person.session, token, challenge)
    return asked


def prove_by_key(
    database: Database,
    person: Somebody,
    token: str,
    answer: str,
    site: Site,
    address: str,
    *,
    now: dt.datetime | None = None,
) -> str:
    """Take the step with what a security key signed, and return the browser's new token.

    Raises
    ------
    NotSignedIn
        If the key is not this person's, did not sign what it was asked to, or seems to be a copy.
    TooMany
        If there were too many tries, for this account or from this address.
    """

    def check(session: HubSession, moment: dt.datetime) -> str | None:
        challenge = _take_challenge(session, token, moment)
        wanted = SecurityKey.credential_id == keys.credential_id_of(answer), SecurityKey.person_id == person.person_id
        key = session.scalar(select(SecurityKey).where(*wanted).with_for_update())
        if key is None or challenge is None:
            return None
        count = keys.count_of(answer, challenge, site, key.public_key, key.sign_count)
        if count is None:
            return None
        key.sign_count, key.last_used_at = count, moment
        return "security key"

    refused = NotSignedIn("The security key was not accepted.", remedy="Try again with a key that you added here.")
    return _prove(database, person, token, address, check, refused, now)


def _prove(
    database: Database,
    person: Somebody,
    token: str,
    address: str,
    check: Check,
    refused: NotSignedIn,
    now: dt.datetime | None,
) -> str:
    moment, actor = now or _now(), str(person.person_id)
    with database.writing() as session:
        of_both = tries.of(session, person.email, address)
        tries.count(session, of_both, moment)
        by = check(session, moment)
        if by is not None:
            tries.forgive(session, of_both, moment)
            action = "person.signed_in" if isinstance(person, HalfWay) else "second_factor.proved"
            audit.record_as(session, actor, action, by=by, address=of_both.address.key)
            return sessions.renew(session, token, proved_at=moment)
        audit.record_as(session, actor, "second_factor.refused", address=of_both.address.key)
    raise refused


def _take_app_code(session: HubSession, person: Somebody, code: str, moment: dt.datetime) -> bool:
    mine = select(Authenticator).where(Authenticator.person_id == person.person_id).with_for_update()
    app = session.scalar(mine)
    if app is None or (must_have_key(person) and sessions.has_security_key(session, person.person_id)):
        return False
    secret = codes.unseal(_key(session), person.person_id, app.sealed_secret)
    step = codes.step_of(secret, codes.tidied(code), moment, after=app.last_step) if secret else None
    if step is None:
        return False
    app.last_step = step
    return True


def _take_recovery_code(session: HubSession, person_id: UUID, code: str, moment: dt.datetime) -> bool:
    wanted = RecoveryCode.code_hash == codes.hash_of(_key(session), person_id, code)
    taken = session.execute(
        update(RecoveryCode)
        .where(wanted, RecoveryCode.person_id == person_id, RecoveryCode.used_at.is_(None))
        .values(used_at=moment)
        .returning(RecoveryCode.person_id)
    ).all()
    if taken:
        audit.record_as(session, str(person_id), "recovery_code.used", left=_codes_left(session, person_id))
    return bool(taken)


def _remember(session: HubSession, token: str, challenge: bytes) -> None:
    mine = SignInSession.token_hash == sessions.hash_of(token)
    session.execute(update(SignInSession).where(mine).values(challenge=challenge, challenged_at=_now()))


def _take_challenge(session: HubSession, token: str, moment: dt.datetime) -> bytes | None:
    """What this browser's key was last asked to sign, which it is not asked again."""
    mine = select(SignInSession).where(SignInSession.token_hash == sessions.hash_of(token)).with_for_update()
    held = session.scalar(mine.execution_options(populate_existing=True))
    if held is None or held.challenged_at is None or held.challenged_at < moment - LONGEST_CHALLENGE:
        return None
    challenge, held.challenge = held.challenge, None
    session.flush()
    return challenge


# --- Adding ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Added:
    """What came of adding something: the browser's new token, and the recovery codes if they were made with it."""

    token: str
    recovery_codes: list[str]


def new_app(person: Somebody) -> codes.NewApp:
    """Make a secret for an app; it is kept once the app has shown that it knows it."""
    return codes.new_app(_key(person.session), person.person_id, person.email, codes.new_secret())


def same_app(person: Somebody, sealed: str) -> codes.NewApp:
    """Show a secret again to somebody whose code was wrong; a new one where it is too old."""
    secret = codes.unseal(_key(person.session), person.person_id, sealed, within_seconds=codes.SECONDS_TO_SET_UP)
    return codes.new_app(_key(person.session), person.person_id, person.email, secret or codes.new_secret())


def add_app(person: Somebody, token: str, sealed: str, code: str, *, now: dt.datetime | None = None) -> Added:
    """Keep an app that shows the right code, instead of the one before it.

    Raises
    ------
    BadRequest
        If the code is not the app's, or its picture was shown too long ago.
    NotAllowed
        If the person has yet to take the step with what they have already.
    """
    _require_may_add(person, token)
    moment = now or _now()
    secret = codes.unseal(_key(person.session), person.person_id, sealed, within_seconds=codes.SECONDS_TO_SET_UP)
    step = codes.step_of(secret, codes.tidied(code), moment, after=0) if secret else None
    if secret is None or step is None:
        raise BadRequest(
            "The code is not the one that the app shows now.",
            remedy="Scan the picture again, check that the telephone's clock is right, and type the newest code.",
        )
    person.session.execute(delete(Authenticator).where(Authenticator.person_id == person.person_id))
    person.session.add(
        Authenticator(
            person_id=person.person_id,
            sealed_secret=codes.seal(_key(person.session), person.person_id, secret),
            last_step=step,
            added_at=moment,
        )
    )
    return _added(person, token, "app", moment)


def ask_new_key(person: Somebody, token: str, site: Site) -> str:
    """Ask for a new key: what the browser is to be told, as JSON."""
    _require_may_add(person, token)
    mine = select(SecurityKey.credential_id).where(SecurityKey.person_id == person.person_id)
    who = keys.Owner(person.person_id, person.email, person.name)
    asked, challenge = keys.ask_new(site, who, person.session.scalars(mine).all())
    _remember(person.session, token, challenge)
    return asked


def add_key(
    person: Somebody, token: str, name: str, answer: str, site: Site, *, now: dt.datetime | None = None
) -> Added:
    """Keep a security key that has signed what it was asked to.

    Raises
    ------
    BadRequest
        If it has no name, or did not sign.
    Conflict
        If the person has as many keys as may be, or somebody has this one already.
    NotAllowed
        If the person has yet to take the step with what they have already.
    """
    _require_may_add(person, token)
    moment, name = now or _now(), " ".join(name.split())
    if not 1 <= len(name) <= LONGEST_NAME or not name.isprintable():
        raise BadRequest("The key has no name.", remedy=f"Name it in 1 to {LONGEST_NAME} characters.")
    held = select(func.count()).select_from(SecurityKey).where(SecurityKey.person_id == person.person_id)
    if (person.session.scalar(held) or 0) >= MOST_KEYS:
        raise Conflict(f"You have {MOST_KEYS} security keys.", remedy="Remove one that is no longer used.")
    challenge = _take_challenge(person.session, token, moment)
    made = keys.made(answer, challenge, site) if challenge else None
    if made is None:
        raise BadRequest("The security key was not added.", remedy="Try again, and touch the key when it blinks.")
    if person.session.scalar(select(SecurityKey.id).where(SecurityKey.credential_id == made.credential_id)):
        raise Conflict("This security key has been added already.", remedy="Use another.")
    person.session.add(
        SecurityKey(
            person_id=person.person_id,
            name=name,
            credential_id=made.credential_id,
            public_key=made.public_key,
            sign_count=made.sign_count,
            added_at=moment,
        )
    )
    return _added(person, token, "security key", moment)


def make_recovery_codes(viewer: Viewer, token: str) -> list[str]:
    """Make ten new recovery codes, which are shown this once; those of before are good no more.

    Raises
    ------
    Conflict
        If the person has nothing to recover.
    NotAllowed
        If they took the step too long ago.
    """
    if not sessions.has_second_factor(viewer.session, viewer.person_id):
        raise Conflict("You have nothing to recover.", remedy="Set up an authenticator app or a security key first.")
    _require_recent(viewer, token)
    return _new_recovery_codes(viewer)


def _added(person: Somebody, token: str, kind: str, moment: dt.datetime) -> Added:
    person.session.flush()
    actor = str(person.person_id)
    audit.record_as(person.session, actor, "second_factor.added", person.person_id, kind=kind)
    has_codes = _codes_left(person.session, person.person_id) > 0
    made = [] if has_codes else _new_recovery_codes(person)
    if isinstance(person, HalfWay) and person.step is Step.ENROL:
        audit.record_as(person.session, actor, "person.signed_in", by=kind)
    return Added(sessions.renew(person.session, token, proved_at=moment), made)


def _new_recovery_codes(person: Somebody) -> list[str]:
    key, made = _key(person.session), codes.recovery_codes()
    person.session.execute(delete(RecoveryCode).where(RecoveryCode.person_id == person.person_id))
    person.session.add_all(
        RecoveryCode(code_hash=codes.hash_of(key, person.person_id, code), person_id=person.person_id) for code in made
    )
    person.session.flush()
    audit.record_as(person.session, str(person.person_id), "recovery_codes.made", count=len(made))
    return made


def _require_may_add(person: Somebody, token: str) -> None:
    """Let nobody add a way in who has not taken the step with what they have: a password alone buys nothing."""
    if isinstance(person, Viewer):
        _require_recent(person, token)
    elif person.step is Step.PROVE:
        raise NotAllowed("You have a second step set up already.", remedy="Sign in with it first.")


def _require_recent(viewer: Viewer, token: str) -> None:
    if must_prove_again(viewer, token):
        raise NotAllowed(
            "It is some time since you took the second step of signing in.", remedy="Take it again, then do this."
        )


# --- Removing --------------------------------------------------------------------------------------------------------


def remove_app(viewer: Viewer, token: str) -> None:
    """Remove a person's own app.

    Raises
    ------
    Conflict
        If it is all that they have, and something is required.
    NotFound
        If they have none.
    """
    _require_removable(viewer, token)
    mine = delete(Authenticator).where(Authenticator.person_id == viewer.person_id)
    _removed(viewer, "app", viewer.session.execute(mine.returning(Authenticator.person_id)).all())


def remove_key(viewer: Viewer, token: str, key_id: UUID) -> None:
    """Remove one of a person's own keys.

    Raises
    ------
    Conflict
        If it is all that they have, and something is required.
    NotFound
        If they have no such key.
    """
    _require_removable(viewer, token)
    mine = delete(SecurityKey).where(SecurityKey.id == key_id, SecurityKey.person_id == viewer.person_id)
    _removed(viewer, "security key", viewer.session.execute(mine.returning(SecurityKey.id)).all())


def remove_second_factor(viewer: Viewer, person_id: UUID) -> None:
    """Take away all that somebody has for the second step, who has lost it, and sign them out: they enrol anew.

    Raises
    ------
    NotFound
        If the person is not in the viewer's scope.
    NotAllowed
        If the viewer is not an administrator of everywhere that the person holds a role for.
    """
    service.require_administrator_of(viewer, person_id)
    for kept in (Authenticator, SecurityKey, RecoveryCode):
        viewer.session.execute(delete(kept).where(kept.person_id == person_id))
    audit.record(viewer, "second_factor.removed", person_id, boroughs=viewer.boroughs(), kind="all")
    sessions.end_all(viewer.session, person_id, actor=str(viewer.person_id))


def _require_removable(viewer: Viewer, token: str) -> None:
    # Two removals at once would each see the other's: the person's row is the lock between them.
    viewer.session.execute(select(Person.id).where(Person.id == viewer.person_id).with_for_update())
    _require_recent(viewer, token)
    if not set_up(viewer).may_remove:
        raise Conflict("This is all that you have for the second step.", remedy="Add another way first.")


def _removed(viewer: Viewer, kind: str, removed: object) -> None:
    if not removed:
        raise NotFound
    audit.record(viewer, "second_factor.removed", viewer.person_id, boroughs=viewer.boroughs(), kind=kind)
    if not sessions.has_second_factor(viewer.session, viewer.person_id):
        viewer.session.execute(delete(RecoveryCode).where(RecoveryCode.person_id == viewer.person_id))


def _codes_left(session: HubSession, person_id: UUID) -> int:
    unused = RecoveryCode.person_id == person_id, RecoveryCode.used_at.is_(None)
    return session.scalar(select(func.count()).select_from(RecoveryCode).where(*unused)) or 0


def _key(session: HubSession) -> bytes:
    key: bytes = session.info["second_factor_key"]
    return key


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)
