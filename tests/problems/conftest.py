"""The small city's people, and a problem of its first borough."""

from __future__ import annotations

import datetime as dt
from uuid import UUID

import pytest

from hub.access import Role
from hub.accounts import service as accounts
from hub.db import Database
from hub.problems import service
from hub.problems.service import Opening, Place
from tests.conftest import ELSEWHERE, HOME, PASSWORD, SIBLING
from tests.hotspots.figures_given import Figures
from tests.uploads.desk import Desk

SIBLINGS, STRANGER = "sibling@test.example", "stranger@test.example"
YEAR = (dt.date(2025, 1, 1), dt.date(2025, 12, 1))


def an_opening(*boroughs: str, title: str = "Robbery at the bus station", **given: object) -> Opening:
    """What a problem may be opened with."""
    place = Place("Bus station", premises="station")
    return Opening(**{"boroughs": frozenset(boroughs or {HOME}), "title": title, "kind": "robbery", "place": place,
        "period": YEAR, "categories": ("Robbery",), "owner_body": "police", **given})  # fmt: skip


@pytest.fixture
def desk(database: Database, people: dict[Role, str]) -> Desk:
    """The hub with its people, and the officers of the borough beside and of one of the other BCU."""
    with database.writing() as session:
        for email, code in ((SIBLINGS, SIBLING), (STRANGER, ELSEWHERE)):
            accounts.create_person(session, email, code, PASSWORD, Role.CSP_OFFICER, boroughs=[code], actor="machine")
    return Desk(database)


@pytest.fixture
def live(database: Database, people: dict[Role, str]) -> Figures:
    """Puts figures into the small city."""
    return Figures(database)


@pytest.fixture
def opened(desk: Desk, people: dict[Role, str]) -> UUID:
    """A problem of HOME at scanning."""
    with desk.writing(people[Role.CSP_OFFICER]) as viewer:
        return service.open_problem(viewer, an_opening()).id
