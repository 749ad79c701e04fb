"""Seeing as another role: the very pages of that role, nothing changed, on the record, and never beyond one's scope."""

from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy import select

from hub.access import Role
from hub.accounts.models import SeeingAs
from hub.audit import AuditEntry
from hub.db import Database
from tests.client import StrictClient
from tests.conftest import ELSEWHERE, HOME, PASSWORD

PAGES = (
    "/",
    "/uploads/",
    "/agreements/",
    f"/areas/{HOME}/hotspots",
    f"/areas/{HOME}/summary",
    f"/areas/{HOME}/zones",
    f"/areas/{ELSEWHERE}/hotspots",
    "/areas/north/hotspots",
    "/areas/london/hotspots",
    "/see-as/",
)
HELD_FOR_HOME = (Role.CSP_OFFICER, Role.CSP_ANALYST, Role.BOROUGH_POLICE_LEAD, Role.COUNCIL_LEADER)


@pytest.fixture
def liaison(client: StrictClient, people: dict[Role, str]) -> StrictClient:
    client.sign_in(people[Role.LIAISON_OFFICER], PASSWORD)
    client.get("/see-as/")
    return client


def pages(client: StrictClient) -> list[tuple[int, str]]:
    return [(client.get(path).status_code, client.page.main) for path in PAGES]


def see_as(client: StrictClient, role: Role, borough: str = HOME) -> int:
    return client.submit("/see-as/", {"role": role.value, "borough": borough}).status_code


def test_every_page_is_that_of_the_role_and_then_again_ones_own(
    app: Flask, liaison: StrictClient, people: dict[Role, str]
) -> None:
    own = pages(liaison)
    for role in HELD_FOR_HOME:
        theirs = app.test_client()
        assert isinstance(theirs, StrictClient)
        theirs.sign_in(people[role], PASSWORD)
        assert see_as(liaison, role) == 302
        assert pages(liaison) == pages(theirs)
        assert f"You see the hub as {role.title} of Alder." in liaison.page.text
        assert liaison.submit("/see-as/stop").status_code == 302
        liaison.get("/")
    assert pages(liaison) == own
    assert "You see the hub as" not in liaison.page.text


def test_nothing_can_be_changed_but_what_ends_it(
    liaison: StrictClient, database: Database, people: dict[Role, str]
) -> None:
    see_as(liaison, Role.CSP_OFFICER)
    for path in ("/see-as/", "/tokens/", "/agreements/new", f"/areas/{HOME}/zones"):
        assert liaison.submit(path, {"role": Role.COUNCIL_LEADER.value, "borough": HOME}).status_code in {403, 405}
    assert liaison.submit("/tokens/", {"name": "x", "dataset": "ward_counts", "days": "30"}).status_code == 403
    assert "can change nothing" in liaison.page.main
    assert liaison.submit("/see-as/stop").status_code == 302
    with database.reading() as session:
        entries = session.scalars(select(AuditEntry).where(AuditEntry.action.startswith("seeing_as")))
        kept = [(entry.action, entry.details["role"], entry.boroughs[0]) for entry in entries]
        assert kept == [("seeing_as.started", "csp_officer", HOME), ("seeing_as.stopped", "csp_officer", HOME)]
        assert not session.scalars(select(SeeingAs)).all()


def test_it_reaches_no_other_borough_no_administrators_pages_and_no_other_sign_in(
    app: Flask, liaison: StrictClient, people: dict[Role, str]
) -> None:
    assert see_as(liaison, Role.COUNCIL_LEADER, ELSEWHERE) == 400
    assert see_as(liaison, Role.ADMINISTRATOR) == 400
    assert see_as(liaison, Role.COUNCIL_LEADER) == 302
    other = app.test_client()
    assert isinstance(other, StrictClient)
    other.sign_in(people[Role.LIAISON_OFFICER], PASSWORD)
    other.get("/")
    assert "You see the hub as" not in other.page.text
    liaison.sign_out()
    liaison.sign_in(people[Role.LIAISON_OFFICER], PASSWORD)
    liaison.get("/")
    assert "You see the hub as" not in liaison.page.text
