"""Signing in and out, how long it lasts, and how guessers are slowed without keeping anybody out."""

from __future__ import annotations

import datetime as dt
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from argon2 import PasswordHasher
from sqlalchemy import delete, func, select, update

from hub import audit
from hub.access import Role
from hub.accounts import passwords, service
from hub.accounts.models import Person, SignInFailure, SignInSession
from hub.db import Database
from hub.engine import SECONDS_TO_WAIT_FOR_A_LOCK
from hub.errors import NotSignedIn, TooMany
from tests.conftest import HOME, PASSWORD

NOW = dt.datetime(2026, 3, 29, 0, 30, tzinfo=dt.UTC)
"""Half an hour before London's clocks go forward."""
OFFICE, ELSEWHERE = "203.0.113.7", "198.51.100.9"
SECOND, MINUTE, HOUR = dt.timedelta(seconds=1), dt.timedelta(minutes=1), dt.timedelta(hours=1)


@pytest.fixture
def officer(people: dict[Role, str]) -> str:
    return people[Role.CSP_OFFICER]


def sign_in(
    database: Database, email: str, password: str = PASSWORD, *, at: dt.datetime = NOW, address: str = OFFICE
) -> str:
    return service.sign_in(database, email, password, address, now=at)


def is_in(database: Database, token: str, at: dt.datetime) -> bool:
    with database.reading() as session:
        return service.resume(database, session, token, now=at) is not None


def entries(database: Database) -> list[audit.AuditEntry]:
    with database.reading() as session:
        found = session.scalars(select(audit.AuditEntry).order_by(audit.AuditEntry.number)).all()
        assert audit.first_broken(session) is None
        return [entry for entry in found if entry.action != "person.created"]


# --- In and out ------------------------------------------------------------------------------------------------------


def test_a_token_opens_the_request_to_its_owner_until_they_sign_out(database: Database, officer: str) -> None:
    token = sign_in(database, f" {officer.upper()} ", at=dt.datetime.now(dt.UTC))
    with database.session(writes=True) as session:
        viewer = service.resume(database, session, token)
        assert viewer is not None
        assert viewer.email == officer
        assert session.scope.boroughs == {HOME}
        service.sign_out(viewer, token)
        session.commit()
    with database.reading() as session:
        assert service.resume(database, session, token) is None
        assert session.scope.boroughs == frozenset()


def test_each_sign_in_has_a_token_of_its_own_and_only_its_hash_is_kept(database: Database, officer: str) -> None:
    first, second = sign_in(database, officer), sign_in(database, officer)
    assert first != second
    assert len(first) >= 43
    with database.writing() as session:
        kept = session.scalars(select(SignInSession.token_hash)).all()
        assert len(kept) == 2
        assert not {first, second} & set(kept)
        viewer = service.resume(database, session, first, now=NOW)
        assert viewer is not None
        service.sign_out(viewer, first)
    assert not is_in(database, first, NOW)
    assert is_in(database, second, NOW)
    assert not is_in(database, "made-up", NOW)


def test_nobody_can_end_anothers_sign_in(database: Database, people: dict[Role, str]) -> None:
    theirs = sign_in(database, people[Role.COUNCIL_LEADER])
    with database.writing() as session:
        service.sign_out(service.viewer_by_email(session, people[Role.CSP_OFFICER]), theirs)
    assert is_in(database, theirs, NOW)


def test_a_sign_in_ends_after_30_minutes_without_a_request(database: Database, officer: str) -> None:
    token = sign_in(database, officer)
    assert is_in(database, token, NOW + 29 * MINUTE)
    assert is_in(database, token, NOW + 58 * MINUTE)
    assert not is_in(database, token, NOW + 88 * MINUTE)


def test_a_sign_in_ends_after_12_hours_whatever_happens(database: Database, officer: str) -> None:
    token = sign_in(database, officer)
    for minutes in range(20, 12 * 60, 20):
        assert is_in(database, token, NOW + minutes * MINUTE)
    assert not is_in(database, token, NOW + 12 * HOUR)


def test_a_disabled_account_is_out_at_once(database: Database, officer: str) -> None:
    token = sign_in(database, officer)
    assert is_in(database, token, NOW)
    with database.writing() as session:
        session.execute(update(Person).where(Person.email == officer).values(is_active=False))
    assert not is_in(database, token, NOW)
    with pytest.raises(NotSignedIn):
        sign_in(database, officer)


def test_being_seen_is_written_at_most_once_a_minute(database: Database, officer: str) -> None:
    token = sign_in(database, officer)

    def last_seen(at: dt.datetime) -> dt.datetime:
        assert is_in(database, token, at)
        with database.reading() as session:
            return session.scalars(select(SignInSession.last_seen_at)).one()

    assert last_seen(NOW + 59 * SECOND) == NOW
    assert last_seen(NOW + 60 * SECOND) == NOW + 60 * SECOND
    assert last_seen(NOW + 90 * SECOND) == NOW + 60 * SECOND


def test_a_page_does_not_wait_to_note_that_somebody_was_seen(database: Database, officer: str) -> None:
    """While a long upload is being committed, SQLite's one write lock is taken."""
    token = sign_in(database, officer)
    with database.writing() as busy:
        busy.execute(update(Person).values(name="Somebody"))
        started = time.monotonic()
        assert is_in(database, token, NOW + 5 * MINUTE)
        assert time.monotonic() - started < SECONDS_TO_WAIT_FOR_A_LOCK / 2
        busy.rollback()
    with database.writing() as session:
        session.execute(update(Person).values(name="A later write waits its turn again"))


def test_sign_ins_that_are_over_are_cleared_away(database: Database, officer: str) -> None:
    sign_in(database, officer)
    sign_in(database, officer, at=NOW + 13 * HOUR)
    with database.reading() as session:
        assert session.scalars(select(SignInSession.began_at)).all() == [NOW + 13 * HOUR]
        assert session.scalar(select(func.count()).select_from(SignInFailure)) == 0


# --- Refusals --------------------------------------------------------------------------------------------------------


def test_a_refusal_does_not_say_whether_there_is_an_account(
    database: Database, people: dict[Role, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same words, and Argon2 at work as often, for a wrong password, no account and a disabled account."""
    officer, leader = people[Role.CSP_OFFICER], people[Role.COUNCIL_LEADER]
    with database.writing() as session:
        session.execute(update(Person).where(Person.email == leader).values(is_active=False))
    tries = [(officer, "wrong password 1"), ("who@test.example", PASSWORD), (leader, PASSWORD), ("", ""), (officer, "")]
    refusals, work = set(), []
    for email, password in tries:
        worked: list[str] = []
        monkeypatch.setattr(passwords, "_hasher", _Counting(worked))
        with pytest.raises(NotSignedIn) as refused:
            sign_in(database, email, password)
        refusals.add((type(refused.value), str(refused.value)))
        work.append(len(worked))
    assert refusals == {(NotSignedIn, "The e-mail address or the password is wrong. Check both and try again.")}
    assert work == [1] * len(tries)


class _Counting(PasswordHasher):
    """Notes each time Argon2 runs."""

    def __init__(self, worked: list[str]) -> None:
        super().__init__(time_cost=1, memory_cost=8, parallelism=1)
        self._worked = worked

    def hash(self, password: str | bytes, *, salt: bytes | None = None) -> str:
        self._worked.append("hash")
        return super().hash(password, salt=salt)

    def verify(self, hash: str | bytes, password: str | bytes) -> bool:  # noqa: A002
        self._worked.append("verify")
        return super().verify(hash, password)


def test_a_hash_made_with_other_parameters_is_made_anew_at_sign_in(
    database: Database, officer: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def kept() -> str:
        with database.reading() as session:
            return session.scalars(select(Person.password_hash).where(Person.email == officer)).one()

    before = kept()
    sign_in(database, officer)
    assert kept() == before
    monkeypatch.setattr(passwords, "_hasher", PasswordHasher(time_cost=2, memory_cost=16, parallelism=1))
    with pytest.raises(NotSignedIn):
        sign_in(database, officer, "wrong")
    assert kept() == before
    sign_in(database, officer)
    assert "m=16,t=2,p=1" in kept()
    sign_in(database, officer)


def test_sign_ins_and_refusals_are_on_record_without_addresses(database: Database, officer: str) -> None:
    token = sign_in(database, officer, at=dt.datetime.now(dt.UTC))
    with pytest.raises(NotSignedIn):
        sign_in(database, "who@test.example", "wrong password")
    with database.writing() as session:
        viewer = service.resume(database, session, token)
        assert viewer is not None
        service.sign_out(viewer, token)
    found = entries(database)
    assert [(entry.actor, entry.action) for entry in found] == [
        (str(viewer.person_id), "person.signed_in"),
        ("nobody", "sign_in.refused"),
        (str(viewer.person_id), "person.signed_out"),
    ]
    written = str([(entry.subject, entry.details) for entry in found])
    for secret in (officer, "who@", OFFICE, token, "wrong password"):
        assert secret not in written
    assert found[0].details["address"] == found[1].details["address"]


# --- Slowing down ----------------------------------------------------------------------------------------------------


def fail(database: Database, email: str, at: dt.datetime, *, address: str = OFFICE) -> str:
    """Try a wrong password: 'refused' when it was looked at, and otherwise how long to wait."""
    try:
        sign_in(database, email, "wrong password", at=at, address=address)
    except NotSignedIn:
        return "refused"
    except TooMany as slowed:
        return slowed.remedy
    raise AssertionError


@pytest.mark.parametrize("email", ["csp.officer@test.example", "who@test.example"])
def test_after_five_failures_the_wait_doubles_whether_or_not_there_is_an_account(
    database: Database, people: dict[Role, str], email: str
) -> None:
    assert [fail(database, email, NOW) for _ in range(5)] == ["refused"] * 5
    assert fail(database, email, NOW) == "Wait 1 second, then try again."
    at = NOW
    for exponent in range(1, 10):
        wait = SECOND * 2 ** (exponent - 1)
        assert fail(database, email, at + wait - SECOND / 2).startswith("Wait 1 second")
        at += wait
        assert fail(database, email, at) == "refused"
    assert fail(database, email, at) == "Wait 9 minutes, then try again."


def test_a_wait_ends_for_the_owner_too_and_never_lasts(database: Database, officer: str) -> None:
    """Guesses at one account as often as they are let in: the wait does not grow beyond a quarter of an hour."""
    at, latest = NOW, NOW
    while at < NOW + 6 * HOUR:
        if fail(database, officer, at) == "refused":
            latest = at
        at += 5 * MINUTE
    assert latest > NOW + 5 * HOUR
    sign_in(database, officer, at=latest + 15 * MINUTE)
    assert fail(database, officer, latest + 15 * MINUTE) == "refused"


def test_somebody_else_guessing_keeps_the_owner_out_for_no_more_than_a_minute(database: Database, officer: str) -> None:
    """Guesses from a thousand addresses; the owner, elsewhere, waits until a minute after the last."""
    at = NOW
    for number in range(60):
        fail(database, officer, at, address=f"192.0.2.{number}")
        at += MINUTE
    with pytest.raises(TooMany):
        sign_in(database, officer, at=at - MINUTE + SECOND, address=ELSEWHERE)
    sign_in(database, officer, at=at, address=ELSEWHERE)


def test_one_guesser_does_not_slow_the_owner_at_all(database: Database, officer: str) -> None:
    for _ in range(10):
        fail(database, officer, NOW)
    with pytest.raises(TooMany):
        sign_in(database, officer)
    sign_in(database, officer, address=ELSEWHERE)
    with pytest.raises(TooMany):
        sign_in(database, officer)


def test_an_address_that_tries_many_accounts_is_slowed(database: Database, officer: str) -> None:
    tried = [fail(database, f"person.{number}@test.example", NOW) for number in range(40)]
    assert tried == ["refused"] * 30 + ["Wait 1 second, then try again."] * 10
    with pytest.raises(TooMany):
        sign_in(database, officer)
    sign_in(database, officer, address=ELSEWHERE)


def test_a_right_password_clears_the_account_but_not_the_address(database: Database, officer: str) -> None:
    for number in range(26):
        fail(database, f"person.{number}@test.example", NOW)
    assert [fail(database, officer, NOW) for _ in range(4)] == ["refused"] * 4
    sign_in(database, officer, at=NOW + SECOND)
    assert fail(database, officer, NOW) == "Wait 1 second, then try again."
    assert [fail(database, officer, NOW, address=ELSEWHERE) for _ in range(5)] == ["refused"] * 5


def test_failures_are_forgotten_after_an_hour_and_kept_without_names(database: Database, officer: str) -> None:
    for _ in range(6):
        fail(database, officer, NOW)
    with database.reading() as session:
        keys = set(session.scalars(select(SignInFailure.key)))
        assert len(keys) == 3
        assert not any(officer in key or OFFICE in key for key in keys)
    assert [fail(database, officer, NOW + HOUR + SECOND) for _ in range(5)] == ["refused"] * 5
    with database.writing() as session:
        assert session.scalar(select(func.count()).select_from(SignInFailure)) == 15
        session.execute(delete(SignInFailure))


def test_many_guesses_at_once_gain_nothing(database: Database, officer: str) -> None:
    """Every guess is counted before its password is looked at."""
    together = threading.Barrier(12)

    def guess(number: int) -> str:
        together.wait()
        return fail(database, officer, NOW)

    with ThreadPoolExecutor(12) as pool:
        outcomes = list(pool.map(guess, range(12)))
    assert outcomes.count("refused") == 5
