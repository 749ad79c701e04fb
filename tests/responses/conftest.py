"""The people and the problem of the tests of problems, a response to it, and what its patrols are planned with."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from uuid import UUID

import pytest

from hub.access import Role
from hub.problems import service as problems
from hub.problems.terms import Kind
from tests.problems.conftest import desk, opened
from tests.uploads.desk import Desk

__all__ = ["desk", "opened"]

FIRST_DAY = dt.date(2026, 1, 5)
"""A Monday."""
EVERY_DAY = ("0", "1", "2", "3", "4", "5", "6")
RESPONSE = {
    "words": "Patrols at the gates", "technique": "10", "mechanism": "Seen by those who wait.", "body": "police",
    "start": "2026-01-05", "status": "under_way",
}  # fmt: skip


def a_plan(**given: str) -> dict[str, str]:
    """What a plan of two visits a day is written with."""
    return {
        "spots": "North gate\nSouth gate", "minutes": "15", "visits": "2", "opens": "17:00", "closes": "21:00",
        "first_day": FIRST_DAY.isoformat(), "last_day": "2026-12-31", **given,
    }  # fmt: skip


def a_visit(day: dt.date, time: str = "18:05", **given: str) -> dict[str, str]:
    """What a visit is recorded with."""
    at = {"day": day.isoformat(), "time": time, "minutes": "15", "spot": "North gate", "body": "police"}
    return {**at, "words": "", **given}


@pytest.fixture
def response(desk: Desk, people: Mapping[Role, str], opened: UUID) -> UUID:
    """A response to the problem, still without patrols."""
    with desk.writing(people[Role.CSP_OFFICER]) as viewer:
        return problems.write(viewer, opened, Kind.RESPONSE, RESPONSE)
