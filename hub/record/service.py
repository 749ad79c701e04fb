"""The record of one borough, as those may read it who look after the borough: never another borough's part."""

from __future__ import annotations

import csv
import datetime as dt
import io
from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Select, func, select

from hub import audit
from hub.access import Permission, Viewer
from hub.accounts import service as accounts
from hub.audit import MACHINE, AuditEntry, AuditPart
from hub.errors import BadRequest
from hub.places import service as places
from hub.places.service import Area
from hub.purposes import Handover
from hub.record.sentences import KIND_WORDS, Kind, actions_of, kind_of, sentence, why
from hub.uploads import kinds
from hub.words import LONDON, plain_cell, time_name

LINES_A_PAGE = 50
MOST_IN_A_FILE = 100_000
COLUMNS = ("when", "who", "kind", "what", "why", "entry", "handover")
_NOBODY = {"nobody": "Somebody not signed in"}


@dataclass(frozen=True)
class Line:
    """One act, as a reader sees it."""

    number: int
    at: dt.datetime
    who: str
    kind: str
    what: str
    why: str


@dataclass(frozen=True)
class Wanted:
    """Which acts a reader asked for."""

    person: str = ""
    kind: Kind | None = None
    first_day: dt.date | None = None
    last_day: dt.date | None = None


@dataclass(frozen=True)
class Record:
    """One page of the record of a borough."""

    area: Area
    lines: tuple[Line, ...]
    found: int
    number: int
    pages: int
    people: tuple[tuple[str, str], ...]
    """Everybody who stands in the record of this borough, by id."""


def borough(viewer: Viewer, slug: str) -> Area:
    """Find a borough whose record the viewer may read.

    Raises
    ------
    NotFound
        If it is not in their scope.
    BadRequest
        If it is an area of several boroughs: each has a record of its own.
    """
    area = places.area(viewer, slug, Permission.RECORD_READ)
    if area.kind != "borough":
        raise BadRequest("The record is kept for each borough.", remedy="Choose one borough.")
    return area


def record(viewer: Viewer, slug: str, wanted: Wanted, page: int = 1) -> Record:
    """Show one page of a borough's record, the newest act first."""
    area = borough(viewer, slug)
    chosen = _chosen(viewer, area.slug, wanted)
    found = viewer.session.scalar(select(func.count()).select_from(chosen.subquery())) or 0
    pages = max(1, -(-found // LINES_A_PAGE))
    number = min(max(page, 1), pages)
    newest = chosen.order_by(AuditEntry.number.desc()).offset((number - 1) * LINES_A_PAGE).limit(LINES_A_PAGE)
    names = _names(viewer, _actors(viewer, area.slug))
    lines = _lines(viewer, area.slug, newest, names)
    people = tuple(sorted(names.items(), key=lambda pair: pair[1].casefold()))
    return Record(area, lines, found, number, pages, people)


def as_csv(viewer: Viewer, slug: str, wanted: Wanted, handover: Handover) -> bytes:
    """Write a borough's record as a table, the newest act first; that it was is an entry of it too."""
    area = borough(viewer, slug)
    newest = _chosen(viewer, area.slug, wanted).order_by(AuditEntry.number.desc()).limit(MOST_IN_A_FILE)
    lines = _lines(viewer, area.slug, newest, _names(viewer, _actors(viewer, area.slug)))
    audit.record(
        viewer,
        "record.exported",
        area.slug,
        boroughs=area.borough_codes,
        lines=len(lines),
        purpose=handover.purpose.key,
        purpose_words=handover.purpose.words,
    )
    written = io.StringIO(newline="")
    writer = csv.writer(written)
    writer.writerow(COLUMNS)
    for line in lines:
        said = (time_name(line.at), line.who, line.kind, line.what, line.why, str(line.number), handover.sentence)
        writer.writerow(map(plain_cell, said))
    return written.getvalue().encode("utf-8-sig")


def _chosen(viewer: Viewer, code: str, wanted: Wanted) -> Select[int]:
    entries = (
        select(AuditEntry.number)
        .join(AuditPart, AuditPart.number == AuditEntry.number)
        .where(AuditPart.borough_code == code)
    )
    if wanted.person:
        entries = entries.where(AuditEntry.actor == wanted.person)
    if wanted.kind is not None:
        known = viewer.session.scalars(select(AuditEntry.action).distinct()).all()
        entries = entries.where(AuditEntry.action.in_(actions_of(wanted.kind, known)))
    if wanted.first_day:
        entries = entries.where(AuditEntry.at >= _midnight(wanted.first_day))
    if wanted.last_day:
        entries = entries.where(AuditEntry.at < _midnight(wanted.last_day + dt.timedelta(days=1)))
    return entries


def _midnight(day: dt.date) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(), LONDON)


def _actors(viewer: Viewer, code: str) -> Sequence[str]:
    entries = select(AuditEntry.actor).join(AuditPart, AuditPart.number == AuditEntry.number)
    return viewer.session.scalars(entries.where(AuditPart.borough_code == code).distinct()).all()


def _names(viewer: Viewer, actors: Collection[str]) -> dict[str, str]:
    people: dict[UUID, str] = {}
    for actor in actors:
        with suppress(ValueError):
            people[UUID(actor)] = actor
    named = accounts.names(viewer.session, set(people))
    return {actor: _name(actor, named) for actor in actors}


def _name(actor: str, named: dict[UUID, str]) -> str:
    if actor.startswith(MACHINE):
        return "The hub's administrator" if ":" in actor else "The hub"
    with suppress(ValueError):
        return named.get(UUID(actor), "Somebody who has left")
    return _NOBODY.get(actor, "Somebody")


def _lines(viewer: Viewer, code: str, numbers: Select[int], names: dict[str, str]) -> tuple[Line, ...]:
    titles = kinds.titles(viewer.session)
    entries = select(AuditEntry).where(AuditEntry.number.in_(numbers)).order_by(AuditEntry.number.desc())
    return tuple(
        Line(
            number=entry.number,
            at=entry.at,
            who=names[entry.actor],
            kind=KIND_WORDS[kind_of(entry.action)],
            what=sentence(entry.action, entry.details, code, titles, is_of_one=entry.boroughs == [code]),
            why=why(entry.details),
        )
        for entry in viewer.session.scalars(entries)
    )
