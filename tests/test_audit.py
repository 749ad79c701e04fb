"""The audit record: one whole chain whoever writes at once, and every way of tampering with it found."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Connection, select, text
from sqlalchemy.exc import SQLAlchemyError

from hub import audit, heads
from hub.access import Viewer
from hub.audit import AuditEntry, first_broken
from hub.config import Settings
from hub.db import EVERYWHERE, NOWHERE, Database
from hub.engine import open_engine
from hub.errors import OutsideScope
from hub.uploads.models import WardCount
from tests.conftest import HOME, SIBLING
from tests.fence.worlds import MY_SCOPE, THEIR_SIDE, a_count, seed

ENTRIES = 5


def write(database: Database, count: int = ENTRIES) -> None:
    for number in range(count):
        with database.writing() as session:
            audit.record_as(session, f"actor {number}", "upload.committed", UUID(int=number), rows=number)


def broken(database: Database, kept: Sequence[audit.Head] = ()) -> int | None:
    with database.reading() as session:
        return first_broken(session, kept)


@contextmanager
def as_owner(settings: Settings) -> Iterator[Connection]:
    """The tables' owner, who alone can touch what is written."""
    engine = open_engine(settings.migration_url)
    with engine.begin() as connection:
        yield connection
    engine.dispose()


def test_entries_say_who_did_what_and_hang_together(database: Database) -> None:
    assert broken(database) is None
    write(database)
    with database.reading() as session:
        entries = session.scalars(select(AuditEntry).order_by(AuditEntry.number)).all()
        assert [entry.number for entry in entries] == list(range(1, ENTRIES + 1))
        assert (entries[2].actor, entries[2].action) == ("actor 2", "upload.committed")
        assert entries[2].subject == str(UUID(int=2))
        assert entries[2].details == {"rows": 2}
        assert dt.datetime.now(dt.UTC) - entries[2].at < dt.timedelta(minutes=1)
    assert broken(database) is None


def test_a_viewers_entry_names_them_by_id_alone(database: Database) -> None:
    with database.writing() as session:
        viewer = Viewer(UUID(int=7), "me@example.org", "My Name", (), session)
        audit.record(viewer, "upload.read", UUID(int=8), months=3)
    with database.reading() as session:
        entry = session.scalars(select(AuditEntry)).one()
        assert entry.actor == str(UUID(int=7))
        assert not {"me@example.org", "My Name"} & {entry.actor, entry.subject, *map(str, entry.details.values())}


COPY = "at, actor, action, subject, details, chain_hash, boroughs, whence FROM audit_entry WHERE number ="
MOVE = "UPDATE audit_entry SET number = {} WHERE number = {}"
TAMPERING: dict[str, tuple[int, list[str]]] = {
    "the actor altered": (3, ["UPDATE audit_entry SET actor = 'another' WHERE number = 3"]),
    "the action altered": (1, ["UPDATE audit_entry SET action = 'upload.undone' WHERE number = 1"]),
    "the subject altered": (5, ["UPDATE audit_entry SET subject = '' WHERE number = 5"]),
    "the details altered": (4, ["UPDATE audit_entry SET details = '{\"rows\": 1}' WHERE number = 4"]),
    "the time altered": (2, ["UPDATE audit_entry SET at = '2025-01-01 00:00:00.000000' WHERE number = 2"]),
    "the hash altered": (2, ["UPDATE audit_entry SET chain_hash = 'x' WHERE number = 2"]),
    "the first deleted": (1, ["DELETE FROM audit_entry WHERE number = 1"]),
    "one deleted": (3, ["DELETE FROM audit_entry WHERE number = 3"]),
    "one deleted and the rest moved up": (
        3,
        ["DELETE FROM audit_entry WHERE number = 3", MOVE.format(3, 4), MOVE.format(4, 5)],
    ),
    "one inserted at the end": (6, [f"INSERT INTO audit_entry SELECT 6, {COPY} 5"]),
    "one inserted at the start": (1, [f"INSERT INTO audit_entry SELECT 0, {COPY} 1"]),
    "one inserted between": (
        4,
        [MOVE.format(6, 5), MOVE.format(5, 4), f"INSERT INTO audit_entry SELECT 4, {COPY} 3"],
    ),
    "two exchanged": (2, [MOVE.format(9, 2), MOVE.format(2, 3), MOVE.format(3, 9)]),
    "what two say exchanged": (
        2,
        [
            f"UPDATE audit_entry SET actor = 'actor {other}' WHERE number = {number}"
            for number, other in ((2, 3), (4, 1))
        ],
    ),
}


@pytest.mark.parametrize("way", TAMPERING)
def test_tampering_is_found_where_it_begins(settings: Settings, database: Database, way: str) -> None:
    first, statements = TAMPERING[way]
    write(database)
    assert broken(database) is None
    with as_owner(settings) as connection:
        for statement in statements:
            assert connection.execute(text(statement)).rowcount
    assert broken(database) == first


def test_tampering_is_found_though_the_entries_were_loaded_before(settings: Settings, database: Database) -> None:
    write(database)
    with database.session(writes=False) as session:
        session.expire_on_commit = False
        loaded = session.scalars(select(AuditEntry).order_by(AuditEntry.number)).all()
        session.commit()
        with as_owner(settings) as connection:
            connection.execute(text("UPDATE audit_entry SET actor = 'another' WHERE number = 3"))
        assert loaded[2].actor == "actor 2"
        assert first_broken(session) == 3


def test_a_chain_written_with_another_key_is_broken_from_its_first_entry(
    settings: Settings, database: Database
) -> None:
    write(database)
    other = Database(replace(settings, secret_key="another-key-" + "y" * 32))
    assert broken(other) == 1
    assert broken(database) is None
    other.engine.dispose()


def test_a_cut_tail_and_a_full_rewrite_show_against_a_kept_head(
    settings: Settings, database: Database, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    write(database)
    assert heads.keep(database, tmp_path, dt.date(2026, 1, 1))
    assert not heads.keep(database, tmp_path, dt.date(2026, 1, 1)), "one a day"
    kept = heads.kept(tmp_path)
    assert [head.number for head in kept] == [ENTRIES]
    write(database)
    assert broken(database, kept) is None
    with as_owner(settings) as connection:
        connection.execute(text("DELETE FROM audit_entry WHERE number >= 4"))
    assert broken(database) is None, "by itself the chain does not show it"
    assert broken(database, kept) == 4
    write(database)
    assert broken(database) is None
    assert broken(database, kept) == ENTRIES, "rewritten with the key, it shows where the head was kept"
    record_property("ways of tampering found", f"{len(TAMPERING) + 2} of {len(TAMPERING) + 2}")


def test_an_entry_hidden_from_the_borough_it_concerns_is_found(
    settings: Settings, database: Database, small_city: None
) -> None:
    with database.writing() as session:
        audit.record_as(session, "actor", "thing.done", boroughs=[HOME, SIBLING])
        number = audit.record_as(session, "actor", "thing.done", boroughs=[HOME]).number
    assert broken(database) is None
    with as_owner(settings) as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT set_config('hub.boroughs', '*', true)"))
        assert connection.execute(text(f"DELETE FROM audit_part WHERE number = {number}")).rowcount == 1
    assert broken(database) == number


@pytest.mark.parametrize("statement", ["UPDATE audit_entry SET actor = 'x'", "DELETE FROM audit_entry"])
def test_the_web_role_can_only_add(new_settings: Callable[..., Settings], statement: str) -> None:
    database = Database(new_settings("postgresql"))
    write(database)
    with database.engine.connect() as connection, pytest.raises(SQLAlchemyError, match="permission denied"):
        connection.execute(text(statement))
    with database.session(writes=True) as session:
        session.delete(session.scalars(select(AuditEntry).limit(1)).one())
        with pytest.raises(SQLAlchemyError, match="permission denied"):
            session.flush()
    write(database, 1)
    assert broken(database) is None
    database.engine.dispose()


@pytest.mark.parametrize(
    "details",
    [
        {"by_number": {10: 1, 9: 2}},
        {"nested": {"b": [1, 2.5, None, True], "a": {"c": "d"}}},
        {"months": (dt.date(2025, 1, 1), dt.date(2025, 2, 1)), "upload": UUID(int=3)},
        {"words": "naïve – “quoted” \\ \u0000 \ud83d\ude00 é"},
        {"large": 2**63, "small": 1e-9, "third": 1 / 3},
        {},
    ],
    ids=str,
)
def test_details_of_any_shape_come_back_as_they_were_hashed(database: Database, details: dict[str, Any]) -> None:
    with database.writing() as session:
        audit.record_as(session, "actor", "thing.done", **details)
    assert broken(database) is None


def test_what_cannot_stand_in_an_entry_is_refused_at_once(database: Database) -> None:
    with database.writing() as session:
        for value in (object(), {1, 2}, b"bytes", float("nan")):
            with pytest.raises((TypeError, ValueError)):
                audit.record_as(session, "actor", "thing.done", value=value)
        audit.record_as(session, "actor", "thing.done", value=1)
    assert broken(database) is None


def test_an_entry_stands_and_falls_with_its_act(database: Database) -> None:
    write(database, 1)
    with pytest.raises(ZeroDivisionError), database.writing() as session:  # noqa: PT012 - the transaction is what fails
        audit.record_as(session, "actor", "thing.done")
        raise ZeroDivisionError
    with database.writing() as session:
        savepoint = session.begin_nested()
        audit.record_as(session, "actor", "thing.done")
        savepoint.rollback()
        assert audit.record_as(session, "actor", "thing.done").number == 2
    assert broken(database) is None


def test_writers_at_once_keep_one_chain(database: Database) -> None:
    writers, each = 8, 20

    def work(number: int) -> None:
        for turn in range(each):
            with database.writing() as session:
                audit.record_as(session, f"writer {number}", "thing.done", turn=turn)
                if turn % 5 == 0:
                    audit.record_as(session, f"writer {number}", "thing.done.again", turn=turn)

    with ThreadPoolExecutor(writers) as pool:
        list(pool.map(work, range(writers)))
    with database.reading() as session:
        numbers = session.scalars(select(AuditEntry.number).order_by(AuditEntry.number)).all()
    assert numbers == list(range(1, writers * (each + each // 5) + 1))
    assert broken(database) is None


def test_work_for_every_borough_is_on_the_record(database: Database) -> None:
    seed(database)
    with database.writing() as session:
        session.set_scope(MY_SCOPE)
        with audit.everywhere(session, actor=audit.MACHINE, reason="counting every row"):
            assert session.scope == EVERYWHERE
            assert session.get(WardCount, THEIR_SIDE.row) is not None
        assert session.scope == MY_SCOPE
        assert session.get(WardCount, THEIR_SIDE.row) is None
    with database.reading() as session:
        entry = session.scalars(select(AuditEntry)).one()
        assert (entry.actor, entry.action) == (audit.MACHINE, "scope.everywhere")
        assert entry.details == {"reason": "counting every row"}


def test_what_was_pending_is_not_carried_into_work_for_every_borough(database: Database) -> None:
    seed(database)
    with database.session(writes=True) as session:
        session.set_scope(NOWHERE)
        session.add(a_count(900, THEIR_SIDE.borough, THEIR_SIDE.version))
        with pytest.raises(OutsideScope), audit.everywhere(session, actor=audit.MACHINE, reason="a way round"):
            session.flush()
