"""The append-only record of who did what, each entry chained to the one before by a keyed hash.

It never holds personal data, victims' details or coordinates: subjects are ids and counts.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, Integer, String, select
from sqlalchemy.orm import Mapped, mapped_column

from hub import db
from hub.access import Viewer
from hub.db import Base, HubSession, UtcDateTime

MACHINE = "machine"
"""The actor of what the machine's administrator does from the command line."""


class AuditEntry(Base):
    """One act. The web role may add entries, and read them, and nothing else."""

    __tablename__ = "audit_entry"

    number: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    at: Mapped[dt.datetime] = mapped_column(UtcDateTime)
    actor: Mapped[str] = mapped_column(String(64), index=True)
    action: Mapped[str] = mapped_column(String(64), index=True)
    subject: Mapped[str] = mapped_column(String(128))
    details: Mapped[dict[str, Any]] = mapped_column(JSON)
    chain_hash: Mapped[str] = mapped_column(String(64))


def record(viewer: Viewer, action: str, subject: object = "", **details: Any) -> AuditEntry:
    """Record what a person did, in the act's own transaction."""
    return record_as(viewer.session, str(viewer.person_id), action, subject, **details)


def record_as(session: HubSession, actor: str, action: str, subject: object = "", **details: Any) -> AuditEntry:
    """Record an act by an actor who is not a viewer: the machine, or somebody not yet signed in."""
    db.lock(session, "audit")
    last = session.scalar(select(AuditEntry).order_by(AuditEntry.number.desc()).limit(1))
    entry = AuditEntry(
        number=last.number + 1 if last else 1,
        at=dt.datetime.now(dt.UTC),
        actor=actor,
        action=action,
        subject=str(subject),
        details=json.loads(json.dumps(details, default=_plain, allow_nan=False)),  # as it will be read again
    )
    entry.chain_hash = _chain_hash(session, entry, last.chain_hash if last else "")
    session.add(entry)
    session.flush()
    return entry


def first_broken(session: HubSession) -> int | None:
    """Find the first entry that was altered, removed, inserted or moved; None when the chain is whole.

    A chain shows neither a cut tail nor a full rewrite by somebody who has the key: keep its head elsewhere.
    """
    before = ""
    entries = select(AuditEntry).order_by(AuditEntry.number)
    read_anew = entries.execution_options(populate_existing=True, yield_per=1000)
    for number, entry in enumerate(session.scalars(read_anew), start=1):
        expected = _chain_hash(session, entry, before)
        if entry.number != number or not hmac.compare_digest(entry.chain_hash, expected):
            return number
        before = entry.chain_hash
    return None


@contextmanager
def everywhere(session: HubSession, *, actor: str, reason: str) -> Iterator[None]:
    """Work for every borough at once, on the record."""
    record_as(session, actor, "scope.everywhere", reason=reason)
    with session.scoped(db.EVERYWHERE):
        yield


def _chain_hash(session: HubSession, entry: AuditEntry, before: str) -> str:
    key: bytes = session.info["audit_key"]
    content = [before, entry.number, entry.at.isoformat(), entry.actor, entry.action, entry.subject, entry.details]
    written = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return hmac.new(key, written.encode(), hashlib.sha256).hexdigest()


def _plain(value: object) -> str:
    if isinstance(value, UUID | dt.date):
        return str(value)
    raise TypeError(f"{type(value).__name__} cannot stand in an audit entry.")
