"""The small city's desk with two years of counts of Alder, and a leader, an officer and a neighbour who read them."""

from __future__ import annotations

import pytest

from hub.access import Role
from hub.accounts import service as accounts
from hub.db import Database
from hub.uploads import confined
from tests.conftest import ELSEWHERE, PASSWORD
from tests.summaries.counted import BEFORE, LATEST, WEST, as_met_file, even, plus
from tests.uploads.desk import Desk, check_here, look_here

STRANGER = "stranger@test.example"
SMALL = "Robbery"
"""An offence group with 3 in the latest year, which leaders see as fewer than 5, and 60 in the one before."""


@pytest.fixture
def desk(database: Database, people: dict[Role, str], monkeypatch: pytest.MonkeyPatch) -> Desk:
    """Where files are sent; they are read without a child process, which takes most of a second to start."""
    monkeypatch.setattr(confined, "look", look_here)
    monkeypatch.setattr(confined, "check", check_here)
    return Desk(database)


@pytest.fixture
def loaded(desk: Desk, people: dict[Role, str]) -> Desk:
    """The desk once Alder's figures are live: 4,803 in the latest year, 4,860 in the one before."""
    counts = plus(even(100), *((month, WEST, SMALL, 5) for month in BEFORE), (LATEST[0], WEST, SMALL, 3))
    desk.commit(people[Role.CSP_OFFICER], as_met_file(counts))
    return desk


@pytest.fixture
def stranger(database: Database, people: dict[Role, str]) -> str:
    """The officer of a borough of the other BCU."""
    with database.writing() as session:
        accounts.create_person(
            session, STRANGER, "Stranger", PASSWORD, Role.CSP_OFFICER, boroughs=[ELSEWHERE], actor="machine"
        )
    return STRANGER
