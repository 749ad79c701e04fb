"""Backup and restore of the whole hub, encrypted: one file that holds one moment of the database, and every file.

Whoever makes backups needs only the public key; whoever restores needs the secret one, which the hub never has.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import os
import tarfile
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import pyrage
from sqlalchemy import select

from hub import audit, migrate, snapshots
from hub.audit import AuditEntry
from hub.config import Settings
from hub.db import Database
from hub.errors import BadFile, BadRequest, Conflict, SettingsError
from hub.retention import service as retention
from hub.witness import SPOOL_LOCK

FORMAT = 1
ABOUT, SUMS = "about.json", "sums.json"
DATABASE, FILES = "database", "files"
ERASED = "erased.txt"
"""Beside the backups: the ids of all that was deleted for good, so that no restore brings it back."""


# --- Make ------------------------------------------------------------------------------------------------------------


def make(settings: Settings, folder: Path, *, keep_days: int | None, actor: str) -> dict[str, Any]:
    """Write a backup into a folder, while the hub is in use; remove those that are too old.

    Raises
    ------
    SettingsError
        If no key is set, or it is none.
    BadRequest
        If the folder cannot be written to.
    """
    recipient = _recipient(settings)
    now = dt.datetime.now(dt.UTC)
    path = folder / f"hub-{now:%Y%m%dT%H%M%SZ}.age"
    _record(settings, actor, "backup.made", path.name)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix="hub-backup-") as temporary:
            snapshots.dump(settings, Path(temporary))
            entries = _write(settings, Path(temporary), path, recipient, now)
        _list_erased(settings, folder)
    except OSError as error:
        raise BadRequest(
            f"The backup cannot be written to '{folder}': {error.strerror}.", remedy="Choose another folder."
        ) from error
    removed = _remove_old(folder, path, now, keep_days)
    return {"output": str(path), "bytes": path.stat().st_size, "entries": entries, "removed": removed}


def _recipient(settings: Settings) -> pyrage.x25519.Recipient:
    if not settings.backup_key:
        raise SettingsError(
            "HUB_BACKUP_KEY is not set, and a backup is never written unencrypted.",
            remedy="Make a key with 'age-keygen', keep the secret half elsewhere, and set the public half (age1…).",
        )
    try:
        return pyrage.x25519.Recipient.from_str(settings.backup_key)
    except pyrage.RecipientError:
        raise SettingsError(
            "HUB_BACKUP_KEY is no public key of age.", remedy="Set it to what begins with 'age1'."
        ) from None


def _write(
    settings: Settings, temporary: Path, path: Path, recipient: pyrage.x25519.Recipient, now: dt.datetime
) -> int:
    about = {
        "format": FORMAT,
        "database": snapshots.kind(settings),
        "revision": migrate.newest_revision(),
        "made_at": now.isoformat(),
    }
    sums: dict[str, str] = {}
    part = path.with_suffix(".part")
    with _encrypting(part, recipient) as out, tarfile.open(fileobj=out, mode="w|gz") as archive:
        _add_bytes(archive, ABOUT, json.dumps(about).encode(), temporary)
        for prefix, source in ((DATABASE, temporary), (FILES, settings.files)):
            for one in sorted(source.rglob("*")):
                name = f"{prefix}/{one.relative_to(source)}"
                if one.is_file() and one.name not in {SPOOL_LOCK, ABOUT, SUMS}:
                    sums |= _add_file(archive, name, one)
        _add_bytes(archive, SUMS, json.dumps(sums).encode(), temporary)
    with part.open("rb") as written:
        os.fsync(written.fileno())
    part.rename(path)
    return len(sums)


@contextmanager
def _encrypting(path: Path, recipient: pyrage.x25519.Recipient) -> Iterator[Any]:
    """Encrypt what is written, on its way to the disk: nothing of it lies there plain."""
    read_end, write_end = os.pipe()
    failed: list[Exception] = []

    def encrypt() -> None:
        try:
            with os.fdopen(read_end, "rb") as source, path.open("wb") as out:
                pyrage.encrypt_io(source, out, [recipient])
        except Exception as error:  # noqa: BLE001 - told to the writer, whose pipe is then broken
            failed.append(error)

    thread = threading.Thread(target=encrypt)
    thread.start()
    try:
        with os.fdopen(write_end, "wb") as plain:
            yield plain
    finally:
        thread.join()
        if failed:
            path.unlink(missing_ok=True)
            raise OSError(5, "it could not be encrypted") from failed[0]


def _add_bytes(archive: tarfile.TarFile, name: str, content: bytes, temporary: Path) -> None:
    held = temporary / name
    held.write_bytes(content)
    archive.add(held, name)


def _add_file(archive: tarfile.TarFile, name: str, source: Path) -> dict[str, str]:
    """Add a file unless it is gone since it was listed: what was deleted meanwhile is not to be kept."""
    try:
        with source.open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
        archive.add(source, name)
    except FileNotFoundError:
        return {}
    return {name: digest}


def _list_erased(settings: Settings, folder: Path) -> None:
    database = Database(settings)
    with database.reading() as session:
        erased = session.scalars(select(AuditEntry.subject).where(AuditEntry.action == "upload.erased")).all()
    database.engine.dispose()
    held = _erased(folder)
    (folder / ERASED).write_text("\n".join(sorted(held | set(erased))), "ascii")


def _erased(folder: Path) -> set[str]:
    path = folder / ERASED
    return set(path.read_text("ascii").split()) if path.exists() else set()


def _remove_old(folder: Path, newest: Path, now: dt.datetime, keep_days: int | None) -> list[str]:
    if keep_days is None:
        return []
    oldest = (now - dt.timedelta(days=keep_days)).timestamp()
    old = [one for one in sorted(folder.glob("hub-*.age")) if one != newest and one.stat().st_mtime < oldest]
    for one in old:
        one.unlink()
    return [one.name for one in old]


# --- Restore ---------------------------------------------------------------------------------------------------------


def restore(settings: Settings, path: Path, key: Path, *, actor: str) -> dict[str, Any]:
    """Bring a backup back into an empty hub, and delete again what had been deleted since it was made.

    Raises
    ------
    BadFile
        If the key does not open it, or it is not whole.
    Conflict
        If it was made by another version of the hub or another kind of database, or this hub is not empty.
    """
    identity = _identity(key)
    settings.files.mkdir(parents=True, exist_ok=True)
    if any(one.name != SPOOL_LOCK for one in settings.files.iterdir()):
        raise Conflict(
            f"The folder '{settings.files}' is not empty.",
            remedy="Restore into a new folder: nothing was changed here.",
        )
    with tempfile.TemporaryDirectory(prefix="hub-restore-", dir=settings.files.resolve().parent) as temporary:
        unpacked = Path(temporary)
        _unpack(path, identity, unpacked)
        _refuse_other(settings, json.loads((unpacked / ABOUT).read_bytes()))
        sums: dict[str, str] = _checked(unpacked)
        migrate.upgrade(settings)
        snapshots.refuse_in_use(settings)
        snapshots.load(settings, unpacked / DATABASE)
        if (unpacked / FILES).exists():
            for one in (unpacked / FILES).iterdir():
                one.rename(settings.files / one.name)
    return {"restored": str(path), "entries": len(sums), **_settle(settings, path, actor)}


def _identity(key: Path) -> pyrage.x25519.Identity:
    try:
        lines = key.read_text("ascii").split("\n")
        return pyrage.x25519.Identity.from_str(
            next(line.strip() for line in lines if line.startswith("AGE-SECRET-KEY"))
        )
    except (OSError, UnicodeDecodeError, StopIteration, pyrage.IdentityError):
        raise BadFile(f"'{key}' holds no secret key of age.", remedy="Give the file that 'age-keygen' wrote.") from None


def _unpack(path: Path, identity: pyrage.x25519.Identity, unpacked: Path) -> None:
    plain = unpacked / "plain.tar.gz"
    try:
        with path.open("rb") as source, plain.open("wb") as out:
            pyrage.decrypt_io(source, out, [identity])
        with tarfile.open(plain, "r:gz") as archive:
            archive.extractall(unpacked, filter="data")
    except OSError as error:
        raise BadFile(
            f"'{path}' cannot be read: {error.strerror or 'it is cut short'}.", remedy="Check the file."
        ) from None
    except pyrage.DecryptError:
        raise BadFile(
            "The key does not open this backup, or the backup was changed since it was made.",
            remedy="Use the secret half of the key that HUB_BACKUP_KEY was then.",
        ) from None
    except (tarfile.TarError, EOFError):
        raise BadFile("The backup is not whole.", remedy="Use another one.") from None
    plain.unlink()


def _refuse_other(settings: Settings, about: dict[str, Any]) -> None:
    ours = {"format": FORMAT, "database": snapshots.kind(settings), "revision": migrate.newest_revision()}
    for what, said in (("format", "format"), ("database", "kind of database"), ("revision", "version of the schema")):
        if about.get(what) != ours[what]:
            raise Conflict(
                f"The backup's {said} is '{about.get(what)}', and this hub's is '{ours[what]}'.",
                remedy="Restore it with the hub that made it, then upgrade that.",
            )


def _checked(unpacked: Path) -> dict[str, str]:
    """Compare every file with the sum that was taken when it was put in."""
    sums: dict[str, str] = json.loads((unpacked / SUMS).read_bytes()) if (unpacked / SUMS).exists() else {}
    for name, digest in sums.items():
        path = unpacked / name
        if not path.is_file() or hashlib.sha256(path.read_bytes()).hexdigest() != digest:
            raise BadFile(f"The backup is not whole: '{name}' is not as it was put in.", remedy="Use another one.")
    if not sums:
        raise BadFile("The backup is not whole: it does not say what is in it.", remedy="Use another one.")
    return sums


def _settle(settings: Settings, path: Path, actor: str) -> dict[str, Any]:
    """Delete again what was deleted since, put the restoring on record, and say whether the record is whole."""
    database = Database(settings)
    try:
        with database.writing() as session:
            again = retention.erase_again(session, [UUID(one) for one in sorted(_erased(path.parent))], actor)
            audit.record_as(session, actor, "backup.restored", path.name, erased_again=again)
        with database.reading() as session:
            return {"erased_again": again, "record_broken_at": audit.first_broken(session)}
    finally:
        database.engine.dispose()


def _record(settings: Settings, actor: str, action: str, subject: str) -> None:
    database = Database(settings)
    with database.writing() as session:
        audit.record_as(session, actor, action, subject)
    database.engine.dispose()
