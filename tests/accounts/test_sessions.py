"""Sign-ins of browsers: half way until the second step is taken, under a new token at each step, and ended."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import replace
from uuid import UUID

import pytest
from sqlalchemy import select

from hub.access import Role, Viewer
from hub.accounts import people as accounts
from hub.accounts import service, sessions
from hub.accounts.models import Membership, Person
from hub.accounts.service import HalfWay, Step
from hub.config import Settings
from hub.db import NOWHERE, Database
from hub.errors import NotFound, NotSignedIn
from hub.words import LONDON
from tests.conftest import SIBLING

NOW = dt.datetime(2026, 3, 29, 0, 30, tzinfo=dt.UTC)
MINUTE = dt.timedelta(minutes=1)


@pytest.fixture
def strict(settings: Settings, people: dict[Role, str]) -> Database:
    """The same database, where everybody must have a second factor."""
    return Database(replace(settings, second_factor="required"))


def person_id(database: Database, email: str) -> UUID:
    with database.reading() as session:
        return session.scalars(select(Person.id).where(Person.email == email)).one()


def begin(database: Database, person: UUID, *, is_proven: bool = False, at: dt.datetime = NOW) -> str:
    with database.writing() as session:
        return sessions.begin(session, person, is_proven=is_proven, device="Firefox on Windows", now=at)


def arrive(database: Database, token: str, at: dt.datetime = NOW) -> Viewer | HalfWay | None:
    with database.reading() as session:
        arrived = service.arrive(database, session, token, now=at)
        assert isinstance(arrived, Viewer) or session.scope == NOWHERE
        return arrived


def test_somebody_without_the_second_step_is_nobody_until_it_is_taken(
    database: Database, strict: Database, people: dict[Role, str]
) -> None:
    officer = person_id(database, people[Role.CSP_OFFICER])
    assert isinstance(arrive(database, begin(database, officer)), Viewer), "offered, and none set up"
    token = begin(strict, officer)
    arrived = arrive(strict, token)
    assert isinstance(arrived, HalfWay)
    assert arrived.step is Step.ENROL
    with strict.reading() as session:
        assert service.resume(strict, session, token, now=NOW) is None
    with strict.writing() as session:
        renewed = sessions.renew(session, token, proved_at=NOW)
    assert isinstance(arrive(strict, renewed), Viewer)
    assert arrive(strict, token) is None, "the token of before the second step still worked"
    with strict.writing() as session, pytest.raises(NotSignedIn):
        sessions.renew(session, token, proved_at=NOW)
    assert isinstance(arrive(strict, begin(strict, officer, is_proven=True)), Viewer)


def test_an_administrator_is_let_in_only_with_a_security_key(
    database: Database, strict: Database, people: dict[Role, str]
) -> None:
    administrator = person_id(database, people[Role.ADMINISTRATOR])
    arrived = arrive(strict, begin(strict, administrator, is_proven=True))
    assert isinstance(arrived, HalfWay)
    assert arrived.step is Step.ADD_KEY
    assert isinstance(arrive(database, begin(database, administrator, is_proven=True)), Viewer)


def test_sign_ins_are_listed_and_ended_one_by_one_or_all_but_this(database: Database, people: dict[Role, str]) -> None:
    officer, leader = (person_id(database, people[role]) for role in (Role.CSP_OFFICER, Role.COUNCIL_LEADER))
    now = dt.datetime.now(dt.UTC)
    first, second, third = (begin(database, officer, at=now - age * MINUTE) for age in (2, 1, 0))
    theirs = begin(database, leader, at=now)
    begin(database, officer, at=now - 31 * MINUTE)
    with database.writing() as session:
        viewer = service.viewer_by_email(session, people[Role.CSP_OFFICER])
        mine = sessions.listed(session, officer, token=first)
        assert [(one.is_this_one, one.began_at) for one in mine] == [
            (True, now - 2 * MINUTE),
            (False, now),
            (False, now - MINUTE),
        ]
        assert {one.device for one in mine} == {"Firefox on Windows"}
        [of_another] = sessions.listed(session, leader)
        with pytest.raises(NotFound):
            sessions.end(viewer, officer, of_another.id)
        sessions.end(viewer, officer, mine[1].id)
    assert arrive(database, third, now) is None
    assert arrive(database, theirs, now) is not None
    with database.writing() as session:
        assert sessions.end_all(session, officer, except_token=first) == 2
    assert arrive(database, second, now) is None
    assert arrive(database, first, now) is not None


def test_a_changed_role_ends_the_sign_ins_that_were_begun_with_another(
    database: Database, settings: Settings, people: dict[Role, str]
) -> None:
    """W4: no token of before is good after, for whoever is given a role or loses one; others stay signed in."""
    now = dt.datetime.now(dt.UTC)
    officer, leader = (person_id(database, people[role]) for role in (Role.CSP_OFFICER, Role.COUNCIL_LEADER))
    theirs = begin(database, leader, at=now)

    def changes(change: Callable[[Viewer], object]) -> None:
        token = begin(database, officer, at=now)
        assert arrive(database, token, now) is not None
        with database.writing() as session:
            change(service.viewer_by_email(session, people[Role.ADMINISTRATOR]))
        assert arrive(database, token, now) is None

    today = dt.datetime.now(LONDON).date()
    changes(
        lambda viewer: accounts.add_role(
            viewer, settings, officer, accounts.Offer(Role.CSP_ANALYST, SIBLING, today, None)
        )
    )
    with database.reading() as session:
        given = select(Membership.id).where(Membership.borough_code == SIBLING, Membership.person_id == officer)
        membership_id = session.scalars(given).one()
    changes(lambda viewer: accounts.end_role(viewer, officer, membership_id))
    assert arrive(database, theirs, now) is not None
