"""Who can see a thing today, and why: asked of the same doors that its own page goes through, person by person.

It decides nothing itself, so that it cannot say otherwise than a request would be answered.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

import shapely

from hub import audit
from hub.access import GRANTED, Permission, Viewer
from hub.accounts import service as accounts
from hub.accounts.service import Holding
from hub.db import Database
from hub.errors import NotAllowed, NotFound
from hub.places import service as places
from hub.places.service import Area
from hub.problems import service as problems
from hub.sharing import service
from hub.sharing.standing import Standing
from hub.uploads import door
from hub.zones import service as zones

_SQUARE = re.compile(r"(\d{2,4})m-E(\d{1,7})-N(\d{1,7})")


class Kind(StrEnum):
    """What can be asked about."""

    UPLOAD = "upload"
    MAP = "map"
    PLACE = "place"
    ZONE = "zone"
    SUMMARY = "summary"
    PROBLEM = "problem"


@dataclass(frozen=True)
class Thing:
    """What is asked about, and how it is opened."""

    kind: Kind
    key: str
    title: str
    borough_codes: frozenset[str]
    permission: Permission
    open: Callable[[Viewer], object]
    """Goes through the door of the thing's own page; raises NotFound or NotAllowed for whoever may not see it."""
    besides: tuple[str, ...] = ()
    """What others are told of it, a sentence each."""


@dataclass(frozen=True)
class Reason:
    """One person who can see the thing, and one reason why."""

    name: str
    email: str
    why: str
    place: str
    figures: str
    until: dt.date | None
    """The last day; None where no end is set."""


def thing(viewer: Viewer, kind: Kind, key: str) -> Thing:
    """Find what is asked about, for somebody who reads the record of all its boroughs, or of one of a problem's.

    Raises
    ------
    NotFound
        If there is no such thing, or it is not in the viewer's scope.
    NotAllowed
        If the viewer may not read the record there.
    """
    slug, _, name = key.partition("/")
    if kind is Kind.UPLOAD:
        return _upload(viewer, key)
    if kind is Kind.PROBLEM:
        return _problem(viewer, key)
    area = places.area(viewer, slug, Permission.RECORD_READ)
    if kind is Kind.ZONE:
        return _zone(viewer, area, key, name)
    permission = Permission.SUMMARY_READ if kind is Kind.SUMMARY else Permission.OVERLAY_READ
    if (kind is Kind.SUMMARY and area.kind != "borough") or bool(name) is not (kind is Kind.PLACE):
        raise NotFound
    titles = {Kind.SUMMARY: f"Summary of {area.name}", Kind.MAP: f"Hotspot maps of {area.name}"}
    return Thing(
        kind,
        key,
        titles.get(kind) or _place_name(viewer, area, name),
        area.borough_codes,
        permission,
        lambda person: places.area(person, area.slug, permission),
    )


def who(database: Database, viewer: Viewer, asked: Thing, on: dt.date) -> list[Reason]:
    """List everybody who can see the thing on a day, each once for each reason, by name."""
    found = [reason for person in accounts.active(viewer.session) for reason in _by_role(database, person, asked, on)]
    if asked.kind in {Kind.MAP, Kind.PLACE}:
        found += _by_share(viewer, asked, on)
    return sorted(found, key=lambda reason: (reason.name.casefold(), reason.email, reason.why))


def record(viewer: Viewer, asked: Thing, people: int) -> None:
    """Record that the list left the hub."""
    audit.record(viewer, "who_can_see.exported", asked.key, boroughs=asked.borough_codes, kind=asked.kind, lines=people)


def _by_role(database: Database, person: UUID, asked: Thing, on: dt.date) -> Iterator[Reason]:
    """Open the thing as that person would, in a session of their own."""
    with database.reading() as session:
        reader = accounts.viewer_of(session, person, today=on)
        if reader is None:
            return
        try:
            asked.open(reader)
        except (NotFound, NotAllowed):
            return
        is_exact = reader.may(Permission.EXACT_COUNTS, asked.borough_codes)
        for holding in accounts.holdings(session, person, on):
            if _counts_for(holding, asked):
                figures = "Exact" if is_exact else _SHORT_OF_EXACT.get(asked.kind, "Protected")
                yield Reason(reader.name, reader.email, holding.role.title, holding.place, figures, holding.ends_on)


def _counts_for(holding: Holding, asked: Thing) -> bool:
    return asked.permission in GRANTED[holding.role] and not holding.boroughs.isdisjoint(asked.borough_codes)


def _by_share(viewer: Viewer, asked: Thing, on: dt.date) -> Iterator[Reason]:
    for share in service.shares(viewer, on):
        if share.standing is Standing.GRANTED and asked.borough_codes == {share.wanted.owner_code}:
            email = accounts.email_of(viewer.session, share.asked_by)
            why = f"Shared: {share.wanted.show.words}, {share.wanted.category}"
            yield Reason(share.asker, email, why, share.asking, "Exact", share.granted_until)


# --- Things ----------------------------------------------------------------------------------------------------------


def _upload(viewer: Viewer, key: str) -> Thing:
    upload_id = _uuid(key)
    upload = door.upload(viewer, upload_id, Permission.RECORD_READ)
    return Thing(
        Kind.UPLOAD,
        key,
        f"Upload {upload.file_name}",
        door.boroughs(upload),
        Permission.UPLOAD_READ,
        lambda person: door.upload(person, upload_id, Permission.UPLOAD_READ),
    )


_SHORT_OF_EXACT = {Kind.PROBLEM: "Of their own boroughs alone"}
_TOLD_OF_PROBLEMS = (
    "Whoever reads the summary of one of its boroughs, such as a council leader, is told its kind, stage, owning body "
    "and result, and its title unless that names something protected."
)
_REMEMBERED = "It is in the problem memory: partners of every borough read what its owner published there."


def _problem(viewer: Viewer, key: str) -> Thing:
    problem_id = _uuid(key)
    found = problems.problem(viewer, problem_id, Permission.RECORD_READ)
    return Thing(
        Kind.PROBLEM,
        key,
        f"Problem {found.reference} of {found.boroughs}",
        found.borough_codes,
        Permission.PROBLEM_READ,
        lambda person: problems.problem(person, problem_id),
        (_TOLD_OF_PROBLEMS, _REMEMBERED) if found.abstract_id else (_TOLD_OF_PROBLEMS,),
    )


def _zone(viewer: Viewer, area: Area, key: str, name: str) -> Thing:
    zone_id = _uuid(name)
    zone = zones.zone(viewer, area, zone_id)

    def as_its_page(person: Viewer) -> object:
        return zones.zone(person, places.area(person, area.slug, Permission.OVERLAY_READ), zone_id)

    title = f"Zone {zone.name} of {area.name}"
    return Thing(Kind.ZONE, key, title, area.borough_codes, Permission.OVERLAY_READ, as_its_page)


def _uuid(written: str) -> UUID:
    try:
        return UUID(written)
    except ValueError:
        raise NotFound from None


def _place_name(viewer: Viewer, area: Area, unit: str) -> str:
    """Name a ward, or a square that lies at least partly in the area."""
    square = _SQUARE.fullmatch(unit)
    if square:
        side, west, south = map(int, square.groups())
        ground = places.borough_outlines(viewer.session, area.borough_codes).union_all()
        if side and ground.intersects(shapely.box(west, south, west + side, south + side)):
            return f"Square {unit} in {area.name}"
        raise NotFound
    index = places.ward_index(viewer.session)
    named = index[(index["ward_code"] == unit) & index["borough_code"].isin(area.borough_codes)]
    if named.empty:
        raise NotFound
    return f"{named['ward_name'].iloc[-1]} in {area.name}"
