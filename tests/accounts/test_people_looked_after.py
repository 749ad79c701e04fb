"""What an administrator may do to people: inside their scope, on the record, and not to the last administrator."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import select

from hub import audit, jobs
from hub.access import Role, Viewer
from hub.accounts import memberships, people, service, sessions
from hub.accounts.models import Membership, Person
from hub.accounts.people import Offer
from hub.config import Settings
from hub.db import Database, HubSession
from hub.errors import BadRequest, Conflict, HubError, NotAllowed, NotFound
from hub.jobs import Job, JobState
from tests.client import StrictClient
from tests.conftest import ELSEWHERE, HOME, PASSWORD, SIBLING, make_app

LOCAL = "local@test.example"
"""An administrator of HOME alone."""


@pytest.fixture
def emails(database: Database, people: dict[Role, str]) -> dict[Role, str]:
    """The people of the small city, and an administrator of one borough."""
    with database.writing() as session:
        service.create_person(session, LOCAL, "Lo Cal", PASSWORD, Role.ADMINISTRATOR, boroughs=[HOME], actor="test")
    return people


def find(session: HubSession, email: str) -> Person:
    return session.scalars(select(Person).where(Person.email == email)).one()


def offer(role: Role = Role.CSP_OFFICER, place: str = HOME, days: int | None = None) -> Offer:
    today = memberships.today()
    return Offer(role, place, today, None if days is None else today + dt.timedelta(days=days))


def refusal(act: Callable[[], object]) -> type[HubError] | None:
    try:
        act()
    except HubError as error:
        return type(error)
    return None


def test_an_administrator_of_a_borough_reaches_nothing_beyond_it(
    database: Database, emails: dict[Role, str], settings: Settings
) -> None:
    with database.session(writes=True) as session:
        local = service.viewer_by_email(session, LOCAL)
        seen = {person.email for person in people.listed(local)}
        assert seen == {LOCAL, *(emails[role] for role in Role if role not in {Role.BCU_COMMANDER, Role.ADMINISTRATOR})}
        commander, officer = find(session, emails[Role.BCU_COMMANDER]), find(session, emails[Role.CSP_OFFICER])
        his = commander.memberships[0].id
        for act in (
            lambda: people.show(local, commander.id),
            lambda: people.switch_off(local, commander.id),
            lambda: people.reset(local, settings, commander.id),
            lambda: people.end_sessions(local, commander.id),
            lambda: people.remove_second_factor(local, commander.id),
            lambda: people.end_role(local, commander.id, his),
            lambda: people.end_role(local, officer.id, his),
            lambda: people.set_last_day(local, officer.id, his, None),
            lambda: people.add_role(local, settings, commander.id, offer()),
            lambda: people.add_role(local, settings, officer.id, offer(place=SIBLING)),
            lambda: people.add_role(local, settings, officer.id, offer(Role.ADMINISTRATOR, "north")),
            lambda: people.add_role(local, settings, officer.id, offer(Role.ADMINISTRATOR, "london")),
            lambda: people.show(local, UUID(int=0)),
        ):
            assert refusal(act) is NotFound
        people.add_role(local, settings, officer.id, offer(Role.ADMINISTRATOR))
        # Somebody who holds a role elsewhere too is seen, and only what they hold here is theirs to end.
        london = service.viewer_by_email(session, emails[Role.ADMINISTRATOR])
        people.add_role(london, settings, officer.id, offer(place=ELSEWHERE))
        session.flush()
        local = service.viewer_by_email(session, LOCAL)
        shown = people.show(local, officer.id)
        assert not shown.is_whole
        assert {held.place for held in shown.held} == {"Alder"}
        for act in (
            lambda: people.switch_off(local, officer.id),
            lambda: people.reset(local, settings, officer.id),
            lambda: people.remove_second_factor(local, officer.id),
        ):
            assert refusal(act) is NotAllowed


def test_a_role_that_ends_opens_nothing_on_the_next_request(
    database: Database, emails: dict[Role, str], settings: Settings
) -> None:
    client = make_app(settings).test_client()
    assert isinstance(client, StrictClient)
    client.sign_in(emails[Role.CSP_OFFICER], PASSWORD)
    assert client.get("/uploads/").status_code == 200
    with database.writing() as session:
        officer = find(session, emails[Role.CSP_OFFICER])
        viewer = service.viewer_by_email(session, LOCAL)
        people.set_last_day(viewer, officer.id, officer.memberships[0].id, memberships.today())
    assert client.get("/uploads/").status_code == 200, "the last day is a day on which it is held"
    with database.writing() as session:
        officer = find(session, emails[Role.CSP_OFFICER])
        people.end_role(service.viewer_by_email(session, LOCAL), officer.id, officer.memberships[0].id)
    gone = client.get("/uploads/")
    assert (gone.status_code, gone.headers["Location"].partition("?")[0]) == (302, "/sign-in")
    client.sign_in(emails[Role.CSP_OFFICER], PASSWORD)
    assert client.get("/uploads/").status_code == 403


def test_switching_an_account_off_ends_its_sessions_and_jobs_and_can_be_undone(
    database: Database, emails: dict[Role, str], settings: Settings
) -> None:
    email = emails[Role.CSP_OFFICER]
    with database.writing() as session:
        officer = service.viewer_by_email(session, email)
        job_id = jobs.enqueue(officer, "work").id
        token = sessions.begin(session, officer.person_id, is_proven=True)
    with database.writing() as session:
        people.switch_off(service.viewer_by_email(session, LOCAL), officer.person_id)
    with database.reading() as session:
        assert service.resume(database, session, token) is None
        assert session.get(Job, job_id).state is JobState.CANCELLED
        assert not find(session, email).is_active
        actions = set(session.scalars(select(audit.AuditEntry.action)))
        assert {"person.switched_off", "sessions.ended"} <= actions
    with database.writing() as session:
        people.switch_on(service.viewer_by_email(session, LOCAL), officer.person_id)
    with database.reading() as session:
        assert service.resume(database, session, token) is None, "what was ended stays ended"
        assert service.viewer_by_email(session, email)


def test_london_is_never_left_without_an_administrator(database: Database, emails: dict[Role, str]) -> None:
    def keeper(session: HubSession) -> tuple[Viewer, int]:
        viewer = service.viewer_by_email(session, emails[Role.ADMINISTRATOR])
        return viewer, find(session, emails[Role.ADMINISTRATOR]).memberships[0].id

    with database.session(writes=True) as session:
        viewer, only = keeper(session)
        assert refusal(lambda: people.switch_off(viewer, viewer.person_id)) is NotAllowed
        assert refusal(lambda: people.end_role(viewer, viewer.person_id, only)) is Conflict
        session.rollback()
    with database.session(writes=True) as session:
        viewer, only = keeper(session)
        last = memberships.today()
        assert refusal(lambda: people.set_last_day(viewer, viewer.person_id, only, last)) is Conflict
    with database.writing() as session:
        second = service.create_person(
            session, "second@test.example", "Se Cond", PASSWORD, Role.ADMINISTRATOR, london=True, actor="test"
        )
        session.flush()
        viewer, only = keeper(session)
        people.switch_off(viewer, second.id)
        assert refusal(lambda: people.end_role(viewer, viewer.person_id, only)) is Conflict, "one switched off counts"
        session.rollback()
    with database.writing() as session:
        service.create_person(
            session, "third@test.example", "Thi Rd", PASSWORD, Role.ADMINISTRATOR, london=True, actor="test"
        )
        viewer, only = keeper(session)
        people.end_role(viewer, viewer.person_id, only)


def test_days_and_doubles_that_make_no_sense_are_refused(
    database: Database, emails: dict[Role, str], settings: Settings
) -> None:
    with database.session(writes=True) as session:
        local = service.viewer_by_email(session, LOCAL)
        officer = find(session, emails[Role.CSP_OFFICER])
        held = officer.memberships[0]
        yesterday = memberships.today() - dt.timedelta(days=1)
        assert refusal(lambda: people.set_last_day(local, officer.id, held.id, yesterday)) is BadRequest
        assert refusal(lambda: people.add_role(local, settings, officer.id, offer())) is Conflict
        assert (
            refusal(lambda: people.add_role(local, settings, officer.id, offer(Role.CSP_ANALYST, days=-1)))
            is BadRequest
        )
        assert (
            refusal(lambda: people.add_role(local, settings, officer.id, offer(Role.CSP_ANALYST, days=9999)))
            is BadRequest
        )
        people.add_role(local, settings, officer.id, offer(Role.CSP_ANALYST, days=30))


@pytest.fixture
def app(settings: Settings, emails: dict[Role, str]) -> Flask:
    """The app, with those people."""
    return make_app(settings)


def test_a_form_changes_what_it_shows_and_nothing_else(app: Flask, database: Database, emails: dict[Role, str]) -> None:
    """T16: fields that no form has, sent with it, change nothing."""
    with database.reading() as session:
        officer = find(session, emails[Role.CSP_OFFICER])
        person_id, held = officer.id, officer.memberships[0].id
    client = app.test_client()
    assert isinstance(client, StrictClient)
    client.sign_in(LOCAL, PASSWORD)
    client.get("/people/")
    planted = {
        "role": "administrator",
        "borough_code": ELSEWHERE,
        "is_london": "y",
        "is_active": "",
        "person_id": str(UUID(int=0)),
        "from_group": "x",
        "starts_on": "2020-01-01",
        "password_hash": "x",
    }
    path = f"/people/{person_id}/roles/{held}/last-day"
    assert client.submit(path, {**planted, "ends_on": "2031-12-31"}).status_code == 302
    with database.reading() as session:
        one = session.get(Membership, held)
        assert (one.role, one.borough_code, one.is_london, one.person_id) == (Role.CSP_OFFICER, HOME, False, person_id)
        assert (one.ends_on, one.from_group, one.starts_on) == (dt.date(2031, 12, 31), None, memberships.today())
        assert find(session, emails[Role.CSP_OFFICER]).is_active
    beyond = {"role": "administrator", "starts_on": str(memberships.today())}
    for place in (ELSEWHERE, "north", "london"):
        assert client.submit(f"/people/{person_id}/roles", {**beyond, "place": place}).status_code == 400
    wrong = client.submit(path, {"ends_on": "2020-01-01"})
    assert wrong.status_code == 400
    assert "last day cannot be 1 January 2020" in client.page.errors[0]
