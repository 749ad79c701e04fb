"""The append-only record of who did what, each entry chained to the one before by a keyed hash.

It never holds personal data, victims' details or coordinates: subjects are ids and counts.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
import json
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, ForeignKey, Integer, String, select
from sqlalchemy.orm import Mapped, mapped_column

from hub import db
from hub.access import Viewer
from hub.columns import Base, InBorough, UtcDateTime
from hub.db import HubSession

MACHINE = "machine"
"""The actor of what the machine's administrator does from the command line, and whence it comes."""

address: ContextVar[str] = ContextVar("address", default="")
"""The network address that the work in hand was asked from; empty where the machine itself does it."""


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
    boroughs: Mapped[list[str] | None] = mapped_column(JSON(none_as_null=True))
    """The codes of those it concerns; None in entries from before they were told."""
    whence: Mapped[str | None] = mapped_column(String(32))
    """`MACHINE`, or a keyed hash of a network address; None in entries from before it was told."""


class AuditPart(InBorough, Base):
    """That an entry concerns a borough, whose own people may then read their part of it."""

    __tablename__ = "audit_part"

    borough_code: Mapped[str] = mapped_column(ForeignKey("borough.code"), primary_key=True)
    number: Mapped[int] = mapped_column(ForeignKey("audit_entry.number"), primary_key=True, index=True)


@dataclass(frozen=True)
class Act:
    """What an entry will say."""

    at: dt.datetime
    actor: str
    action: str
    subject: str
    boroughs: tuple[str, ...]
    whence: str
    details: dict[str, Any]


@dataclass(frozen=True)
class Head:
    """The newest entry of a chain, as it is kept elsewhere."""

    number: int
    chain_hash: str

    def __str__(self) -> str:
        return f"{self.number}:{self.chain_hash}"


# --- Write -----------------------------------------------------------------------------------------------------------


def record(
    viewer: Viewer, action: str, subject: object = "", *, boroughs: Collection[str] = (), **details: Any
) -> AuditEntry:
    """Record what a person did and which boroughs it concerns, in the act's own transaction."""
    if viewer.seen_as is not None:
        details["seen_as"] = viewer.seen_as.role
    return record_as(viewer.session, str(viewer.person_id), action, subject, boroughs=boroughs, **details)


def record_as(
    session: HubSession,
    actor: str,
    action: str,
    subject: object = "",
    *,
    boroughs: Collection[str] = (),
    **details: Any,
) -> AuditEntry:
    """Record an act by an actor who is not a viewer: the machine, or somebody not yet signed in."""
    return chain(session, act(session, actor, action, subject, boroughs=boroughs, **details))


def act(
    session: HubSession,
    actor: str,
    action: str,
    subject: object = "",
    *,
    boroughs: Collection[str] = (),
    **details: Any,
) -> Act:
    """Put into words what is being done now, and whence."""
    as_read_again = json.loads(json.dumps(details, default=_plain, allow_nan=False))
    codes = tuple(sorted(set(boroughs)))
    return Act(dt.datetime.now(dt.UTC), actor, action, str(subject), codes, _whence(session), as_read_again)


def chain(session: HubSession, told: Act) -> AuditEntry:
    """Put an act at the end of the chain."""
    db.lock(session, "audit")
    last = head(session)
    entry = AuditEntry(
        number=last.number + 1 if last else 1,
        at=told.at,
        actor=told.actor,
        action=told.action,
        subject=told.subject,
        details=told.details,
        boroughs=list(told.boroughs),
        whence=told.whence,
    )
    entry.chain_hash = _chain_hash(session, entry, last.chain_hash if last else "")
    session.add(entry)
    session.flush()
    db.insert_beyond_scope(
        session, AuditPart, [{"borough_code": code, "number": entry.number} for code in told.boroughs]
    )
    return entry


@contextmanager
def everywhere(session: HubSession, *, actor: str, reason: str) -> Iterator[None]:
    """Work for every borough at once, on the record."""
    record_as(session, actor, "scope.everywhere", reason=reason)
    with session.scoped(db.EVERYWHERE):
        yield


def keyed(session: HubSession, words: str) -> str:
    """Name something by a hash that nobody can make, or look up, without the hub's key."""
    key: bytes = session.info["audit_key"]
    return hmac.new(key, words.encode(), hashlib.sha256).hexdigest()[:32]


def _whence(session: HubSession) -> str:
    return keyed(session, f"address:{address.get()}") if address.get() else MACHINE


# --- Verify ----------------------------------------------------------------------------------------------------------


def head(session: HubSession) -> Head | None:
    """The number and hash of the newest entry; None while there is none."""
    newest = select(AuditEntry.number, AuditEntry.chain_hash).order_by(AuditEntry.number.desc()).limit(1)
    found = session.execute(newest).one_or_none()
    return Head(*found) if found else None


def first_broken(session: HubSession, kept: Collection[Head] = ()) -> int | None:
    """Find the first entry that was altered, removed, inserted or moved; None when the chain is whole.

    Parameters
    ----------
    kept
        Heads that were kept elsewhere. Without one, a chain shows neither a cut tail nor a full rewrite by somebody
        who has the key.
    """
    hashes = {one.number: one.chain_hash for one in kept}
    before, number = "", 0
    for number, (entry, parts) in enumerate(_entries_and_parts(session), start=1):
        expected = _chain_hash(session, entry, before)
        is_whole = entry.number == number and hmac.compare_digest(entry.chain_hash, expected)
        if not is_whole or parts != (entry.boroughs or []) or hashes.get(number, entry.chain_hash) != entry.chain_hash:
            return number
        before = entry.chain_hash
    return number + 1 if hashes and max(hashes) > number else None


def entries(session: HubSession) -> Iterator[AuditEntry]:
    """Read every entry in order, as it stands in the database now."""
    in_order = select(AuditEntry).order_by(AuditEntry.number)
    yield from session.scalars(in_order.execution_options(populate_existing=True, yield_per=1000))


def _entries_and_parts(session: HubSession) -> Iterator[tuple[AuditEntry, list[str]]]:
    """Read every entry, each with the boroughs whose people find it."""
    with session.scoped(db.EVERYWHERE):
        in_order = select(AuditPart.number, AuditPart.borough_code).order_by(AuditPart.number, AuditPart.borough_code)
        lines = session.execute(in_order.execution_options(yield_per=1000))
        by_entry = groupby(lines, key=itemgetter(0))
        following = next(by_entry, None)
        for entry in entries(session):
            parts: list[str] = []
            if following is not None and following[0] == entry.number:
                parts = [code for _, code in following[1]]
                following = next(by_entry, None)
            yield entry, parts


def _chain_hash(session: HubSession, entry: AuditEntry, before: str) -> str:
    key: bytes = session.info["audit_key"]
    content = [before, entry.number, entry.at.isoformat(), entry.actor, entry.action, entry.subject, entry.details]
    if entry.boroughs is not None or entry.whence is not None:
        content += [entry.boroughs, entry.whence]
    written = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return hmac.new(key, written.encode(), hashlib.sha256).hexdigest()


def as_dict(entry: AuditEntry) -> Mapping[str, Any]:
    """An entry under the names that scripts depend on."""
    return {
        "number": entry.number,
        "at": entry.at.isoformat(),
        "actor": entry.actor,
        "action": entry.action,
        "subject": entry.subject,
        "boroughs": entry.boroughs or [],
        "whence": entry.whence,
        "details": entry.details,
        "chain_hash": entry.chain_hash,
    }


def _plain(value: object) -> str:
    if isinstance(value, UUID | dt.date):
        return str(value)
    raise TypeError(f"{type(value).__name__} cannot stand in an audit entry.")
