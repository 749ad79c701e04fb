"""A backup made while people write is one moment of the hub; it comes back whole elsewhere, or is refused whole."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import pyrage
import pytest
from sqlalchemy import MetaData, select, text

from hub import audit, backup, snapshots
from hub.access import Role
from hub.audit import first_broken
from hub.config import Settings
from hub.db import EVERYWHERE, Database
from hub.engine import open_engine
from hub.errors import BadFile, Conflict, HubError, SettingsError
from hub.retention import service as retention
from hub.uploads import confined
from hub.uploads.models import Upload
from tests.conftest import EMAILS
from tests.uploads.desk import Desk, check_here, look_here

FILE = "MajorText,MinorText,WardCode,LookUp_BoroughName,202501\nTHEFT,ALL OF IT,F05000000,Alder,7\n"
AS_BEFORE = frozenset({"audit_entry", "audit_part", "alembic_version"})


@pytest.fixture
def desk(database: Database, people: dict[Role, str], monkeypatch: pytest.MonkeyPatch) -> Desk:
    monkeypatch.setattr(confined, "look", look_here)
    monkeypatch.setattr(confined, "check", check_here)
    return Desk(database)


def sums(settings: Settings) -> dict[str, str]:
    """A sum of every table and of every file."""
    engine, found = open_engine(settings.migration_url), {}
    with engine.connect() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(
                text("SELECT set_config('hub.boroughs', '*', false), set_config('hub.areas', '*', false)")
            )
        tables = MetaData()
        tables.reflect(connection)
        for table in tables.sorted_tables:
            ordered = sorted(table.columns, key=lambda column: column.name)
            rows = sorted(map(str, connection.execute(select(*ordered)).all()))
            found[table.name] = hashlib.sha256("\n".join(rows).encode()).hexdigest()
    engine.dispose()
    for path in settings.files.rglob("*"):
        if path.is_file():
            found[str(path.relative_to(settings.files))] = hashlib.sha256(path.read_bytes()).hexdigest()
    return found


def test_a_backup_under_writing_comes_back_elsewhere_as_it_was(
    settings: Settings,
    database: Database,
    desk: Desk,
    new_settings: Callable[..., Settings],
    tmp_path: Path,
) -> None:
    desk.commit(EMAILS[Role.CSP_OFFICER], FILE, "kept.csv")
    desk.commit(EMAILS[Role.CSP_OFFICER], FILE.replace(",7", ",8"), "erased-later.csv")
    identity = pyrage.x25519.Identity.generate()
    key = tmp_path / "key.txt"
    key.write_text(f"# created: today\n{identity}\n")
    settings = replace(settings, backup_key=str(identity.to_public()))
    stop = threading.Event()

    def write() -> None:
        while not stop.is_set():
            with database.writing() as session:
                audit.record_as(session, "somebody", "thing.done")

    writer = threading.Thread(target=write)
    before = sums(settings)
    writer.start()
    folder = tmp_path / "backups"
    made = backup.make(settings, folder, keep_days=1, actor=audit.MACHINE)
    stop.set()
    writer.join()
    path = Path(made["output"])
    assert b"kept.csv" not in path.read_bytes()
    elsewhere = new_settings(snapshots.kind(settings))
    elsewhere = replace(elsewhere, backup_key=settings.backup_key)
    done = backup.restore(elsewhere, path, key, actor=audit.MACHINE)
    after = sums(elsewhere)
    compared = before.keys() - AS_BEFORE
    assert {name: after[name] for name in compared} == {name: before[name] for name in compared}
    assert done["record_broken_at"] is None
    print(f"{len(compared)} tables and files equal after restore; {len(AS_BEFORE) - 1} tables of the record whole")
    there = Database(elsewhere)
    with there.writing() as session:
        audit.record_as(session, "somebody", "thing.done")
        assert first_broken(session) is None
    there.engine.dispose()
    with pytest.raises(Conflict, match="not empty"):
        backup.restore(elsewhere, path, key, actor=audit.MACHINE)
    _erase_and_restore_again(settings, database, desk, new_settings, folder, path, key)


def _erase_and_restore_again(
    settings: Settings,
    database: Database,
    desk: Desk,
    new_settings: Callable[..., Settings],
    folder: Path,
    path: Path,
    key: Path,
) -> None:
    """What is deleted after a backup is not brought back by it."""
    with database.reading() as session, session.scoped(EVERYWHERE):
        upload_id = session.scalars(select(Upload.id).where(Upload.file_name == "erased-later.csv")).one()
    with desk.writing(EMAILS[Role.CSP_OFFICER]) as viewer:
        retention.erase(viewer, upload_id, "Sent by mistake", word="delete")
    backup._list_erased(settings, folder)
    again = new_settings(snapshots.kind(settings))
    assert backup.restore(again, path, key, actor=audit.MACHINE)["erased_again"] == 1
    assert not (again.files / str(upload_id)).exists()


def test_what_is_no_good_backup_is_refused_in_a_sentence(
    settings: Settings,
    database: Database,
    new_settings: Callable[..., Settings],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    mine, other = pyrage.x25519.Identity.generate(), pyrage.x25519.Identity.generate()
    for wrong in ("", "age1nothing"):
        with pytest.raises(SettingsError, match="HUB_BACKUP_KEY"):
            backup.make(replace(settings, backup_key=wrong), tmp_path, keep_days=None, actor=audit.MACHINE)
    settings = replace(settings, backup_key=str(mine.to_public()))
    (settings.files / str(uuid4())).mkdir()
    path = Path(backup.make(settings, tmp_path / "b", keep_days=None, actor=audit.MACHINE)["output"])
    keys = {}
    for name, identity in (("mine", mine), ("other", other)):
        keys[name] = tmp_path / name
        keys[name].write_text(str(identity))
    empty = new_settings(snapshots.kind(settings))
    cut = tmp_path / "cut.age"
    cut.write_bytes(path.read_bytes()[:-200])
    refused: list[tuple[Path, Path, type[HubError], str]] = [
        (path, keys["other"], BadFile, "does not open this backup"),
        (path, tmp_path / "none", BadFile, "holds no secret key"),
        (tmp_path / "none", keys["mine"], BadFile, "cannot be read"),
        (cut, keys["mine"], BadFile, "changed since|not whole|cut short"),
    ]
    for file, key, kind, said in refused:
        with pytest.raises(kind, match=said):
            backup.restore(empty, file, key, actor=audit.MACHINE)
    monkeypatch.setattr(backup.migrate, "newest_revision", lambda: "9999")
    with pytest.raises(Conflict, match="version of the schema"):
        backup.restore(empty, path, keys["mine"], actor=audit.MACHINE)
    monkeypatch.undo()
    assert backup.restore(empty, path, keys["mine"], actor=audit.MACHINE)["record_broken_at"] is None
