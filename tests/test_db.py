"""Rows written in bulk are read back as they were given, and what does not fit is refused whole, on both databases."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select
from sqlalchemy.exc import DataError

from hub.config import Settings
from hub.db import EVERYWHERE, Database, HubSession, insert_rows
from hub.uploads.models import Incident
from tests.fence.worlds import MINE, MY_SIDE, seed
from tests.fence.worlds import NOON as NOON_UTC

NOON = NOON_UTC.replace(tzinfo=None)
JANUARY = dt.date(2025, 1, 1)
AWKWARD = ["", " ", "NULL", "null", "a,b", "{}", '"', "\\", '\\"', "'", "\n", "\t", "’é😀", "%s", "$1", "a\\\\b"]


@pytest.fixture
def seeded(database: Database) -> Database:
    """A database with one version to hang rows on."""
    seed(database)
    return database


def empty(session: HubSession) -> None:
    session.set_scope(EVERYWHERE)
    session.execute(delete(Incident))


def write(session: HubSession, **columns: list[object]) -> int:
    (height,) = {len(column) for column in columns.values()}
    alike = {"borough_code": [MINE] * height, "version_id": [MY_SIDE.version] * height, "month": [JANUARY] * height}
    return insert_rows(session, Incident, {**alike, **columns})


TEXTS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=80)
LOCAL_TIMES = st.datetimes(NOON.replace(year=1900), NOON.replace(year=2100))


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.lists(
        st.tuples(
            st.sampled_from(AWKWARD) | TEXTS,
            st.none() | st.floats(0, 1e6),
            st.none() | LOCAL_TIMES,
            st.none() | st.integers(0, 100),
        ),
        min_size=1,
        max_size=30,
    )
)
def test_every_value_comes_back(seeded: Database, rows: list[tuple[object, ...]]) -> None:
    names = ("category", "easting", "occurred_from", "confidence")
    columns = {name: list(column) for name, column in zip(names, zip(*rows, strict=True), strict=True)}
    with seeded.writing() as session:
        empty(session)
        assert write(session, **columns) == len(rows)
        kept = select(*(getattr(Incident, name) for name in names)).order_by(Incident.id)
        assert [tuple(row) for row in session.execute(kept)] == rows


def test_more_rows_than_a_statement_takes_keep_their_order(seeded: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hub.db.ROWS_A_STATEMENT", 7)
    with seeded.writing() as session:
        empty(session)
        write(session, category=[f"{number}" for number in range(50)])
        assert session.scalars(select(Incident.category).order_by(Incident.id)).all() == [str(n) for n in range(50)]


def test_what_is_too_long_is_refused_and_not_cut(new_settings: Callable[..., Settings]) -> None:
    """On PostgreSQL: SQLite keeps strings of any length."""
    database = Database(new_settings("postgresql"))
    seed(database)
    with database.writing() as session:
        empty(session)
        assert write(session, category=["x" * 80]) == 1
        with pytest.raises(DataError):
            write(session, category=["x" * 81])
        session.rollback()
    database.engine.dispose()
