"""What was looked at and what was refused is on the record, or it is not shown."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import select

from hub import audit, db, witness
from hub.access import Role
from hub.audit import AuditEntry, first_broken
from hub.db import Database
from hub.engine import SECONDS_TO_WAIT_FOR_A_LOCK
from hub.witness import SPOOL, Sight
from tests.client import StrictClient
from tests.conftest import ELSEWHERE, EMAILS, HOME, PASSWORD

A_MAP = Sight("somebody", "map.viewed", HOME, frozenset({HOME}), {"months": ["2025-01", "2025-02"]})


def acts(database: Database, action: str = "") -> list[AuditEntry]:
    with database.reading() as session:
        assert first_broken(session) is None
        found = session.scalars(select(AuditEntry).order_by(AuditEntry.number)).all()
    return [one for one in found if not action or one.action == action]


@contextmanager
def held(database: Database) -> Iterator[None]:
    """Somebody else holds what an entry needs to be written."""
    with database.writing() as session:
        db.lock(session, "audit")
        yield


def test_the_same_look_is_recorded_once_a_minute(database: Database, small_city: None) -> None:
    for _ in range(3):
        witness.record(database, A_MAP)
    witness.record(database, Sight("somebody", "map.viewed", HOME, frozenset({HOME}), {"months": ["2025-03"]}))
    looked = acts(database, "map.viewed")
    assert [one.details["months"] for one in looked] == [["2025-01", "2025-02"], ["2025-03"]]
    assert looked[0].boroughs == [HOME]
    assert looked[0].whence == audit.MACHINE


def test_what_is_seen_while_the_database_is_held_is_chained_later(database: Database, small_city: None) -> None:
    before = len(acts(database))
    with held(database):
        began = time.perf_counter()
        witness.record(database, A_MAP)
        assert time.perf_counter() - began < SECONDS_TO_WAIT_FOR_A_LOCK / 2, "no page waits for a lock"
    assert len(acts(database)) == before
    assert (database.files / SPOOL).read_text().count("\n") == 1
    spooled = (database.files / SPOOL).read_bytes()
    assert witness.take_in(database) == 1
    assert witness.take_in(database) == 0
    assert [one.subject for one in acts(database, "map.viewed")] == [HOME]
    (database.files / SPOOL).write_bytes(spooled)  # As after a power cut between the commit and the removal.
    witness.take_in(database)
    assert len(acts(database, "map.viewed")) == 1


def test_a_line_written_aside_that_somebody_changed_is_told(database: Database, small_city: None) -> None:
    with held(database):
        witness.record(database, A_MAP)
    path = database.files / SPOOL
    path.write_text(path.read_text().replace("somebody", "nobody12"))
    witness.take_in(database)
    assert not acts(database, "map.viewed")
    assert len(acts(database, "record.spool_altered")) == 1


def test_what_can_be_recorded_nowhere_is_shown_to_nobody(
    client: StrictClient, database: Database, people: dict[Role, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    client.sign_in(EMAILS[Role.CSP_OFFICER], PASSWORD)
    address = f"/areas/{HOME}/week"
    assert client.get(address).status_code == 200

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    with held(database):
        witness._MEMORIES.clear()
        monkeypatch.setattr(Path, "open", full)
        assert client.get(address).status_code == 503
        monkeypatch.undo()
        assert client.get(address).status_code == 200


def test_a_refusal_is_recorded_for_the_borough_it_concerns(
    client: StrictClient, database: Database, people: dict[Role, str]
) -> None:
    client.sign_in(EMAILS[Role.CSP_OFFICER], PASSWORD)
    for _ in range(3):
        assert client.get(f"/areas/{ELSEWHERE}/week").status_code == 404
    assert client.get("/areas/jane-doe/hotspots").status_code == 404
    assert client.get("/no-such-page").status_code == 404, "where there is no page nobody is refused it"
    first, unknown = acts(database, "access.refused")
    assert (first.subject, first.boroughs, first.details) == (
        "briefings.show",
        [ELSEWHERE],
        {"status": 404, "area": ELSEWHERE},
    )
    assert first.whence not in {None, audit.MACHINE}
    assert "jane" not in str([unknown.subject, unknown.details])


def test_a_look_costs_little(
    database: Database, small_city: None, record_property: Callable[[str, object], None]
) -> None:
    began = time.perf_counter()
    for number in range(50):
        witness.record(database, Sight("somebody", "map.viewed", str(number), frozenset({HOME})))
    each = (time.perf_counter() - began) / 50 * 1000
    record_property("milliseconds a look", each)
    print(f"a recorded look costs {each:.1f} ms")
    assert len(acts(database, "map.viewed")) == 50
