"""Data goes on its day, after a warning, and nothing of it stays."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import MetaData, select, text

from hub import audit, chores, migrate
from hub.access import Role
from hub.audit import AuditEntry, first_broken
from hub.config import Settings
from hub.db import EVERYWHERE, Database
from hub.engine import open_engine
from hub.hotspots import service as hotspots
from hub.retention import due, service
from hub.uploads import confined
from hub.uploads.models import Upload, VersionMonth
from hub.words import months_later
from tests.client import StrictClient
from tests.conftest import EMAILS, HOME, PASSWORD
from tests.uploads.desk import Desk, check_here, look_here

OFFICER = EMAILS[Role.CSP_OFFICER]
MARKER = "ZZMARKERZZ"
FILE = f"MajorText,MinorText,WardCode,LookUp_BoroughName,202501\nTHEFT,{MARKER},F05000000,Alder,7\n"
BEFORE = FILE.replace(MARKER, "ALL OF IT").replace(",7", ",5")


@pytest.fixture
def desk(database: Database, people: dict[Role, str], monkeypatch: pytest.MonkeyPatch) -> Desk:
    monkeypatch.setattr(confined, "look", look_here)
    monkeypatch.setattr(confined, "check", check_here)
    return Desk(database)


def found_in_tables(settings: Settings) -> list[str]:
    """The tables in which the marker stands, as their owner sees them, behind no fence."""
    migrate.metadata()
    engine = open_engine(settings.migration_url)
    found = []
    with engine.connect() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(
                text("SELECT set_config('hub.boroughs', '*', false), set_config('hub.areas', '*', false)")
            )
        tables = MetaData()
        tables.reflect(connection)
        for table in tables.sorted_tables:
            rows = connection.execute(select(table)).all()
            if any(MARKER.casefold() in str(row).casefold() for row in rows):
                found.append(table.name)
    engine.dispose()
    return found


def found_in_files(*folders: Path) -> list[str]:
    every = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
    return [path.name for path in every if MARKER.casefold().encode() in path.read_bytes().lower()]


def upload_named(database: Database, file_name: str) -> UUID:
    with database.reading() as session, session.scoped(EVERYWHERE):
        return session.scalars(select(Upload.id).where(Upload.file_name == file_name)).one()


def live_count(database: Database) -> list[int]:
    with database.reading() as session, session.scoped(EVERYWHERE):
        return list(session.scalars(select(VersionMonth.placed).where(VersionMonth.is_current)))


def test_after_erasure_a_marker_is_in_no_table_and_no_file(
    settings: Settings, database: Database, desk: Desk, client: StrictClient
) -> None:
    desk.commit(OFFICER, BEFORE, "before.csv")
    desk.commit(OFFICER, FILE, f"{MARKER}.csv")
    assert live_count(database) == [7]
    with desk.writing(OFFICER) as viewer:
        hotspots.keep_result(viewer, HOME, "a hash", {"category": MARKER}, MARKER.encode())
        hotspots_kept = hotspots.kept_result(viewer, HOME, "a hash")
    assert hotspots_kept == MARKER.encode()
    before = found_in_tables(settings)
    assert {"upload", "ward_count", "version_month", "hotspot_run", "column_memory"} & set(before)
    assert found_in_files(settings.files)
    upload_id = upload_named(database, f"{MARKER}.csv")
    client.sign_in(OFFICER, PASSWORD)
    address = f"/uploads/{upload_id}/erase"
    assert client.get(address).status_code == 200
    of_somebody = {"reason": "Ann of N1 9GU asked", "word": "delete"}
    for typed in ({"word": "delete"}, {"reason": "Sent by mistake", "word": "yes"}, of_somebody):
        assert client.submit(address, typed).status_code == 400
    assert client.submit(address, {"reason": "Sent by mistake", "word": "Delete"}).status_code == 302
    assert client.get(address).status_code == 404
    database.forget_deleted()
    assert found_in_tables(settings) == []
    folders = [settings.files]
    if settings.database_url.startswith("sqlite"):
        folders.append(Path(settings.database_url.removeprefix("sqlite:///")).parent)
    assert found_in_files(*folders) == []
    assert live_count(database) == [5], "the month falls back to what was live before"
    with database.reading() as session:
        assert first_broken(session) is None
        entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "upload.erased")).one()
    assert (entry.subject, entry.boroughs, entry.details["reason"]) == (str(upload_id), [HOME], "Sent by mistake")
    print(f"tables that held the marker: {len(before)} before, 0 after; files: 0 after")


def test_what_is_due_goes_on_its_day_and_never_unwarned(
    settings: Settings, database: Database, desk: Desk, client: StrictClient
) -> None:
    desk.commit(OFFICER, FILE, "file.csv")
    with desk.reading(OFFICER) as viewer:
        [kept] = service.kept(viewer, dt.date(2026, 1, 1))
        day = kept.delete_by
    assert day == months_later(dt.datetime.now(dt.UTC).date(), settings.keep_months)
    assert service.erase_due(database, day - dt.timedelta(days=40), audit.MACHINE) == 0
    assert service.erase_due(database, day, audit.MACHINE) == 0, "nobody was warned yet"
    assert service.erase_due(database, day + dt.timedelta(days=29), audit.MACHINE) == 0
    chores.do_all(database, settings, day + dt.timedelta(days=30))
    assert live_count(database) == []
    with database.reading() as session:
        done = session.scalars(select(AuditEntry.action).where(AuditEntry.boroughs.is_not(None))).all()
        assert first_broken(session) is None
    assert done.count("retention.due") == done.count("upload.erased") == 1


def test_days_are_counted_as_people_count_them() -> None:
    assert months_later(dt.date(2024, 2, 29), 12) == dt.date(2025, 2, 28)
    assert months_later(dt.date(2025, 8, 31), 6) == dt.date(2026, 2, 28)
    assert due.delete_on(dt.date(2025, 1, 1), []) == dt.date(2025, 4, 1)
    terms = [(dt.date(2025, 1, 1), 36), (dt.date(2025, 1, 1), 12)]
    assert due.delete_on(dt.date(2025, 1, 1), terms) == dt.date(2026, 1, 1), "the strictest of its agreements holds"
