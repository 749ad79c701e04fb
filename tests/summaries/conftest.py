"""The small city's desk, where files are sent, and readers of summaries."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import pytest
import shapely

from hub.access import Role
from hub.db import Database
from hub.places.models import BoundarySet, Ward
from hub.purposes import NO_PURPOSE, Handover
from hub.summaries import service
from hub.summaries.service import Summary
from hub.uploads import confined
from tests.conftest import HOME
from tests.uploads.desk import Desk, check_here, look_here

OLD_WEST, OLD_EAST = "F05000090", "F05000091"

Read = Callable[..., Summary]

TAKEN = Handover("Leader", dt.datetime(2026, 11, 22, 12, tzinfo=dt.UTC), NO_PURPOSE)
"""With which files are taken away where it does not matter."""


@pytest.fixture
def desk(database: Database, people: dict[Role, str], monkeypatch: pytest.MonkeyPatch) -> Desk:
    """Where files are sent; they are read without a child process, which takes most of a second to start."""
    monkeypatch.setattr(confined, "look", look_here)
    monkeypatch.setattr(confined, "check", check_here)
    return Desk(database)


@pytest.fixture
def read(desk: Desk, people: dict[Role, str]) -> Read:
    """Read a summary as somebody of a role: the officer of Alder reads that of Alder unless told otherwise."""

    def summary(role: Role = Role.CSP_OFFICER, borough_code: str = HOME, last_month: dt.date | None = None) -> Summary:
        with desk.reading(people[role]) as viewer:
            return service.summary(viewer, borough_code, last_month=last_month)

    return summary


@pytest.fixture
def older_wards(database: Database, small_city: None) -> None:
    """Wards of Alder as they were before those of the small city, with no known residents."""
    with database.writing() as session:
        edition = BoundarySet(
            code="2018",
            in_force_from=dt.date(2018, 5, 3),
            source="Made up",
            content_hash="1" * 64,
            loaded_at=dt.datetime.now(dt.UTC),
        )
        session.add(edition)
        session.flush()
        session.add_all(
            Ward(
                boundary_set_id=edition.id,
                code=code,
                name=name,
                borough_code=HOME,
                outline=shapely.box(x, 0, x + 1000, 1000),
            )
            for x, code, name in ((0, OLD_WEST, "Old West"), (1000, OLD_EAST, "Old East"))
        )
