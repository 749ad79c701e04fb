"""T9: what is taken away is gone on the next request, whichever way it was taken."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import pytest
from sqlalchemy import select, update

from hub.access import Role
from hub.accounts.models import Membership, Person
from hub.agreements.service import today
from hub.db import Database, HubSession
from hub.places.models import Bcu, Borough
from tests.client import StrictClient
from tests.conftest import ELSEWHERE, HOME, PASSWORD

Change = Callable[[HubSession, Membership], object]


def end(session: HubSession, held: Membership) -> None:
    held.starts_on, held.ends_on = today() - dt.timedelta(days=9), today() - dt.timedelta(days=1)


def begin_tomorrow(session: HubSession, held: Membership) -> None:
    held.starts_on = today() + dt.timedelta(days=1)


def move(session: HubSession, held: Membership) -> None:
    held.borough_code, held.bcu_id = ELSEWHERE, None


def make_a_leader(session: HubSession, held: Membership) -> None:
    held.role, held.borough_code, held.bcu_id = Role.COUNCIL_LEADER, HOME, None


def take_the_borough_from_its_bcu(session: HubSession, held: Membership) -> None:
    south = session.scalars(select(Bcu.id).where(Bcu.slug == "south")).one()
    session.execute(update(Borough).where(Borough.code == HOME).values(bcu_id=south))


def switch_off(session: HubSession, held: Membership) -> None:
    session.get_one(Person, held.person_id).is_active = False


def remove(session: HubSession, held: Membership) -> None:
    session.delete(held)


@pytest.mark.parametrize(
    ("role", "change", "status"),
    [
        (Role.CSP_OFFICER, end, 403),
        (Role.CSP_OFFICER, begin_tomorrow, 403),
        (Role.CSP_OFFICER, remove, 403),
        (Role.CSP_OFFICER, move, 404),
        (Role.CSP_OFFICER, make_a_leader, 403),
        (Role.CSP_OFFICER, switch_off, 302),
        (Role.BCU_COMMANDER, take_the_borough_from_its_bcu, 404),
        (Role.BCU_COMMANDER, move, 404),
    ],
    ids=lambda given: getattr(given, "__name__", str(given)),
)
def test_what_is_taken_away_is_gone_on_the_next_request(
    client: StrictClient, database: Database, people: dict[Role, str], role: Role, change: Change, status: int
) -> None:
    client.sign_in(people[role], PASSWORD)
    address = f"/areas/{HOME}/zones"
    assert client.get(address).status_code == 200
    with database.writing() as session:
        person = session.scalars(select(Person).where(Person.email == people[role])).one()
        [held] = session.scalars(select(Membership).where(Membership.person_id == person.id))
        change(session, held)
    assert client.get(address).status_code == status
    assert client.get(f"{address}/outlines.geojson").status_code in {status, 401, 404}
