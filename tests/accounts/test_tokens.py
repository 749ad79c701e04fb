"""Tokens: shown once, good for one dataset and a year at most, worth what their maker may do now, and counted."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import uuid4

import pytest
from sqlalchemy import select, update

from hub import audit
from hub.access import Role, Viewer
from hub.accounts import service as accounts
from hub.accounts import tokens
from hub.accounts.models import ApiToken, Membership, Person
from hub.audit import AuditEntry
from hub.db import Database
from hub.engine import SECONDS_TO_WAIT_FOR_A_LOCK
from hub.errors import BadRequest, Conflict, NotAllowed, NotFound, NotSignedIn, TooMany
from hub.words import LONDON
from tests.conftest import HOME

KIND = "ward_counts"


def today() -> dt.date:
    return dt.datetime.now(LONDON).date()


@contextmanager
def at_work(database: Database, email: str) -> Iterator[Viewer]:
    with database.writing() as session:
        yield accounts.viewer_by_email(session, email)


def make(database: Database, email: str, *, name: str = "Nightly", days: int = 30) -> tuple[tokens.TokenView, str]:
    with at_work(database, email) as viewer:
        return tokens.make(viewer, name, KIND, today() + dt.timedelta(days=days))


def admit(database: Database, written: str, *, uploads: bool = True, now: dt.datetime | None = None) -> tokens.Bearer:
    with database.session(writes=uploads) as session:
        return tokens.admit(database, session, written, uploads=uploads, now=now)


def test_a_token_is_shown_once_and_kept_as_a_hash(database: Database, people: dict[Role, str]) -> None:
    view, written = make(database, people[Role.CSP_OFFICER])
    bearer = admit(database, written)
    assert (bearer.token_id, bearer.dataset, bearer.viewer.email) == (view.id, KIND, people[Role.CSP_OFFICER])
    assert bearer.viewer.boroughs() == {HOME}
    with database.reading() as session:
        kept = session.scalars(select(ApiToken)).one()
        assert written not in repr(vars(kept))
        assert written not in repr([entry.details for entry in session.scalars(select(AuditEntry))])
        assert [entry.action for entry in session.scalars(select(AuditEntry)) if "token" in entry.action] == [
            "token.made"
        ]
        assert audit.first_broken(session) is None
    for wrong in ("", written[:-1], written.upper(), f"{written} ", "hub_" + "x" * 43):
        with pytest.raises(NotSignedIn):
            admit(database, wrong)


@pytest.mark.parametrize(
    ("name", "days", "said"),
    [("", 30, "what the token is for"), ("x" * 81, 30, "for"), ("a", 366, "end"), ("a", -1, "end")],
)
def test_a_token_without_a_purpose_or_beyond_a_year_is_refused(
    database: Database, people: dict[Role, str], name: str, days: int, said: str
) -> None:
    with pytest.raises(BadRequest, match=said) as refusal:
        make(database, people[Role.CSP_OFFICER], name=name, days=days)
    assert refusal.value.remedy
    assert make(database, people[Role.CSP_OFFICER], name="x" * 80, days=365)[0].is_in_force
    assert make(database, people[Role.CSP_OFFICER], days=0)[0].is_in_force


def test_only_those_who_upload_make_tokens_and_not_without_end(database: Database, people: dict[Role, str]) -> None:
    for role in (Role.CSP_ANALYST, Role.BCU_COMMANDER, Role.COUNCIL_LEADER, Role.BOROUGH_POLICE_LEAD):
        with pytest.raises(NotAllowed):
            make(database, people[role])
    for _ in range(tokens.MOST_IN_FORCE):
        make(database, people[Role.CSP_OFFICER])
    with pytest.raises(Conflict, match="in force"):
        make(database, people[Role.CSP_OFFICER])
    make(database, people[Role.ADMINISTRATOR])


def test_an_ended_token_is_refused_on_the_next_request_and_ends_once(
    database: Database, people: dict[Role, str]
) -> None:
    view, written = make(database, people[Role.CSP_OFFICER])
    admit(database, written)
    for stranger in (people[Role.ADMINISTRATOR], people[Role.CSP_ANALYST]):
        with at_work(database, stranger) as viewer, pytest.raises(NotFound):
            tokens.end(viewer, view.id)
        with at_work(database, stranger) as viewer:
            assert tokens.own(viewer) == []
    admit(database, written)
    for _ in range(2):
        with at_work(database, people[Role.CSP_OFFICER]) as viewer:
            assert not tokens.end(viewer, view.id).is_in_force
    with pytest.raises(NotSignedIn):
        admit(database, written)
    with at_work(database, people[Role.CSP_OFFICER]) as viewer, pytest.raises(NotFound):
        tokens.end(viewer, uuid4())
    with database.reading() as session:
        assert len(session.scalars(select(AuditEntry).where(AuditEntry.action == "token.ended")).all()) == 1


def test_a_token_ends_after_its_last_day(database: Database, people: dict[Role, str]) -> None:
    _, written = make(database, people[Role.CSP_OFFICER], days=3)
    noon = dt.datetime.combine(today(), dt.time(12), tzinfo=LONDON)
    assert admit(database, written, now=noon + dt.timedelta(days=3))
    with pytest.raises(NotSignedIn):
        admit(database, written, now=noon + dt.timedelta(days=4))


def test_a_token_is_worth_what_its_maker_may_do_now(database: Database, people: dict[Role, str]) -> None:
    _, written = make(database, people[Role.CSP_OFFICER])
    with database.writing() as session:
        person = session.scalars(select(Person).where(Person.email == people[Role.CSP_OFFICER])).one()
        person.memberships[0].role = Role.CSP_ANALYST
        person_id = person.id
    with pytest.raises(NotAllowed):
        admit(database, written)
    with database.writing() as session:
        session.execute(
            update(Membership)
            .where(Membership.person_id == person_id)
            .values(role=Role.CSP_OFFICER, ends_on=today() - dt.timedelta(days=1))
        )
    with pytest.raises(NotAllowed):
        admit(database, written)
    with database.writing() as session:
        session.execute(update(Membership).where(Membership.person_id == person_id).values(ends_on=None))
    assert admit(database, written)
    with database.writing() as session:
        session.execute(update(Person).where(Person.id == person_id).values(is_active=False))
    with pytest.raises(NotSignedIn):
        admit(database, written)


def test_uploads_and_looks_are_counted_by_the_hour(
    database: Database, people: dict[Role, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tokens, "UPLOADS_AN_HOUR", 2)
    monkeypatch.setattr(tokens, "LOOKS_AN_HOUR", 3)
    _, written = make(database, people[Role.CSP_OFFICER])
    noon = dt.datetime.combine(today(), dt.time(12), tzinfo=LONDON)
    for _ in range(2):
        admit(database, written, now=noon)
    with pytest.raises(TooMany, match="2 times") as refusal:
        admit(database, written, now=noon + dt.timedelta(minutes=30))
    assert "30 minutes" in refusal.value.remedy
    for _ in range(3):
        admit(database, written, uploads=False, now=noon)
    with pytest.raises(TooMany):
        admit(database, written, uploads=False, now=noon)
    later = noon + dt.timedelta(hours=1)
    assert admit(database, written, now=later)
    with at_work(database, people[Role.CSP_OFFICER]) as viewer:
        (view,) = tokens.own(viewer)
        assert view.last_used_at == later


def test_a_look_is_not_kept_waiting_by_a_busy_database(database: Database, people: dict[Role, str]) -> None:
    _, written = make(database, people[Role.CSP_OFFICER])
    with database.writing() as busy:
        busy.execute(update(Person).values(name="Somebody"))
        started = time.monotonic()
        assert admit(database, written, uploads=False)
        assert time.monotonic() - started < SECONDS_TO_WAIT_FOR_A_LOCK / 2, (
            "SQLite's one write lock is held for as long as this transaction"
        )
