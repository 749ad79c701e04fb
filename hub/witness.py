"""Puts on the record what was looked at and what was refused, in short transactions beside the request's own.

Where the database is held by somebody else, what was seen is written to a file, to stay, and taken into the chain with
the next write: nothing goes unrecorded, and no page waits for a lock.
"""

from __future__ import annotations

import datetime as dt
import fcntl
import hmac
import json
import os
import threading
import time
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from hub import audit
from hub.audit import Act, AuditEntry
from hub.db import Database, HubSession
from hub.errors import Unavailable

ONE_LOOK_SECONDS = 60.0
"""The same sight again within this time is the same look."""
MOST_REMEMBERED = 10_000
SPOOL, SPOOL_LOCK = "unrecorded.jsonl", "unrecorded.lock"


@dataclass(frozen=True)
class Sight:
    """Somebody looked at something, or was refused it."""

    actor: str
    action: str
    subject: str
    boroughs: frozenset[str]
    details: dict[str, Any] = field(default_factory=dict)
    is_refusal: bool = False

    @property
    def key(self) -> str:
        """What two sights have in common that are one look: of refusals, who and which kind of page."""
        said = [] if self.is_refusal else [sorted(self.boroughs), self.details]
        return json.dumps([self.actor, self.action, self.subject, *said], sort_keys=True, default=str)


def record(database: Database, sight: Sight) -> None:
    """Record a sight, unless it was recorded just now.

    Raises
    ------
    Unavailable
        If it can be written nowhere.
    """
    memory = _MEMORIES.setdefault(database, _Memory())
    if memory.holds(sight.key):
        return
    act: Act | None = None
    try:
        with database.writing_if_free() as session:
            act = audit.act(session, sight.actor, sight.action, sight.subject, boroughs=sight.boroughs, **sight.details)
            with _spooled(database, session):
                audit.chain(session, act)
                session.commit()
    except OperationalError as error:
        if act is None:
            raise _unrecordable() from error
        _write_aside(database, act)
    memory.keep(sight.key)


def take_in(database: Database) -> int:
    """Take into the chain what was written aside; returns how many acts."""
    if not (database.files / SPOOL).exists():
        return 0
    try:
        with database.writing_if_free() as session, _spooled(database, session) as taken:
            session.commit()
            return taken
    except OperationalError:
        return 0  # Held again: the next one takes it in.


class _Memory:
    """What this process has recorded within the last minute."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._at: OrderedDict[str, float] = OrderedDict()

    def holds(self, key: str) -> bool:
        with self._lock:
            return time.monotonic() - self._at.get(key, -ONE_LOOK_SECONDS) < ONE_LOOK_SECONDS

    def keep(self, key: str) -> None:
        with self._lock:
            self._at[key] = time.monotonic()
            self._at.move_to_end(key)
            while len(self._at) > MOST_REMEMBERED:
                self._at.popitem(last=False)


_MEMORIES: WeakKeyDictionary[Database, _Memory] = WeakKeyDictionary()


# --- The file beside the database ------------------------------------------------------------------------------------


def _write_aside(database: Database, act: Act) -> None:
    said = json.dumps({**asdict(act), "at": act.at.isoformat()}, sort_keys=True)
    line = f"{_seal(database, said)} {said}\n"
    try:
        with _locked(database.files), (database.files / SPOOL).open("ab") as out:
            out.write(line.encode())
            out.flush()
            os.fsync(out.fileno())
    except OSError as error:
        raise _unrecordable() from error


@contextmanager
def _spooled(database: Database, session: HubSession) -> Iterator[int]:
    """Chain what was written aside; once the transaction inside is kept, forget it."""
    path = database.files / SPOOL
    if not path.exists():
        yield 0
        return
    with _locked(database.files):
        lines = path.read_bytes().decode("utf-8", "replace").splitlines() if path.exists() else []
        for line in lines:
            _chain_line(database, session, line)
        yield len(lines)
        path.unlink(missing_ok=True)


def _chain_line(database: Database, session: HubSession, line: str) -> None:
    """Chain one line, unless it was chained before a failure; say so where it is not as the hub wrote it."""
    seal, _, said = line.partition(" ")
    if not hmac.compare_digest(seal.encode(), _seal(database, said).encode()):
        audit.record_as(session, audit.MACHINE, "record.spool_altered")
        return
    told = json.loads(said)
    at = dt.datetime.fromisoformat(told["at"])
    act = Act(**{**told, "at": at, "boroughs": tuple(told["boroughs"])})
    twin = select(AuditEntry.number).where(
        AuditEntry.at == at, AuditEntry.actor == act.actor, AuditEntry.action == act.action
    )
    if session.scalar(twin.limit(1)) is None:
        audit.chain(session, act)


def _seal(database: Database, said: str) -> str:
    with database.session(writes=False) as session:
        return audit.keyed(session, f"spooled:{said}")


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    with (folder / SPOOL_LOCK).open("ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _unrecordable() -> Unavailable:
    return Unavailable(
        "The hub cannot put on record just now who looks at this, and shows it to nobody until it can.",
        remedy="Try again in a minute. If it stays so, tell an administrator: the disk may be full.",
    )
