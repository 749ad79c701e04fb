"""Places that somebody knows: kept off the page of what is new until their kind or their level changes.

A mute belongs to one area and holds for everybody who reads that area. Nothing is hidden by it: muted places are
listed, with who muted them and when.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select

from hub import audit, db
from hub.access import Permission, Viewer
from hub.accounts import service as accounts
from hub.briefings.models import MutedPlace
from hub.briefings.places_found import share_ground
from hub.errors import NotFound
from hub.places.service import Area
from hub.words import number

RULE = (
    "A muted place stays off this page until its kind changes, or a month has fewer or more than the range beside it: "
    "what was usual there when it was muted, reaching to what its month had."
)


@dataclass(frozen=True)
class Standing:
    """How a place stands: what it is of, where, what kind, and the counts that would be no news of it.

    The range is what is usual there, reaching to what the month had where that was not usual.
    """

    category: str
    units: tuple[str, ...]
    ward_name: str
    kind: str
    seen: int
    quiet_from: int
    quiet_to: int


@dataclass(frozen=True)
class Mute:
    """A muted place as the page lists it."""

    id: UUID
    category: str
    unit: str
    ward_name: str
    kind: str
    quiet_from: int
    quiet_to: int
    by: str
    at: dt.datetime

    def is_of(self, category: str, units: Sequence[str]) -> bool:
        """Whether a place is the one that was muted: of the same category, on or right beside the same ground."""
        return category == self.category and share_ground(self.unit, units)

    def why_back(self, now: Standing) -> str:
        """Say why the place is news again; blank while it is not."""
        if now.kind != self.kind:
            return f"its kind has changed since: it was muted as {self.kind}"
        if not self.quiet_from <= now.seen <= self.quiet_to:
            return f"its level has changed since: it was muted at {self.range_words} a month"
        return ""

    @property
    def range_words(self) -> str:
        """The counts that are no news: `12 to 31`."""
        low, high = number(self.quiet_from), number(self.quiet_to)
        return low if low == high else f"{low} to {high}"


def mute(viewer: Viewer, area: Area, standing: Standing) -> Mute:
    """Keep a place off the page of what is new; what was muted there before gives way to this."""
    viewer.require(Permission.PLACE_MUTE, area.borough_codes)
    db.lock(viewer.session, f"mutes:{area.key}")
    for held in muted(viewer, area):
        if held.is_of(standing.category, standing.units):
            _end(viewer, area, held.id)
    row = MutedPlace(
        area_key=area.key,
        category=standing.category,
        unit=standing.units[0],
        ward_name=standing.ward_name,
        kind=standing.kind,
        quiet_from=standing.quiet_from,
        quiet_to=standing.quiet_to,
        muted_by=viewer.person_id,
        muted_at=dt.datetime.now(dt.UTC),
    )
    viewer.session.add(row)
    viewer.session.flush()
    audit.record(
        viewer,
        "place.muted",
        row.id,
        boroughs=area.borough_codes,
        area=area.slug,
        category=row.category,
        kind=row.kind,
    )
    return _as_mute(row, {viewer.person_id: viewer.name})


def show_again(viewer: Viewer, area: Area, mute_id: UUID) -> Mute:
    """Let a muted place back onto the page; to do it twice is to do it once.

    Raises
    ------
    NotFound
        If no such place was muted in this area.
    """
    viewer.require(Permission.PLACE_MUTE, area.borough_codes)
    return _end(viewer, area, mute_id)


def muted(viewer: Viewer, area: Area) -> list[Mute]:
    """List the places that are muted in an area, the newest first."""
    viewer.require(Permission.OVERLAY_READ, area.borough_codes)
    rows = viewer.session.scalars(
        select(MutedPlace)
        .where(MutedPlace.area_key == area.key, MutedPlace.ended_at.is_(None))
        .order_by(MutedPlace.muted_at.desc())
    ).all()
    names = accounts.names(viewer.session, {row.muted_by for row in rows})
    return [_as_mute(row, names) for row in rows]


def _end(viewer: Viewer, area: Area, mute_id: UUID) -> Mute:
    row = viewer.session.get(MutedPlace, mute_id)
    if row is None or row.area_key != area.key:
        raise NotFound
    if row.ended_at is None:
        row.ended_at, row.ended_by = dt.datetime.now(dt.UTC), viewer.person_id
        viewer.session.flush()
        audit.record(
            viewer,
            "place.shown_again",
            row.id,
            boroughs=area.borough_codes,
            area=area.slug,
            category=row.category,
        )
    return _as_mute(row, accounts.names(viewer.session, {row.muted_by}))


def _as_mute(row: MutedPlace, names: dict[UUID, str]) -> Mute:
    return Mute(
        id=row.id,
        category=row.category,
        unit=row.unit,
        ward_name=row.ward_name,
        kind=row.kind,
        quiet_from=row.quiet_from,
        quiet_to=row.quiet_to,
        by=names.get(row.muted_by, "somebody who has left"),
        at=row.muted_at,
    )
