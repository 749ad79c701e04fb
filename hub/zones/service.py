"""Zones of an area: drawn, listed, renamed and deleted by those who see exact counts of all of it, on the record.

A zone lies inside its area, and is nobody's but the area's. What happened on it is told elsewhere.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO
from uuid import UUID

import geopandas as gpd
from sqlalchemy import select

from geo.boundaries import to_geojson_geometries
from geo.frames import NATIONAL_GRID, Geometry
from hub import audit, db
from hub.access import Permission, Viewer
from hub.accounts import service as accounts
from hub.briefings.grounds import ground_of_wards, outline_of, require_exact
from hub.errors import BadRequest, Conflict, NotFound
from hub.places.service import Area
from hub.purposes import Purpose
from hub.uploads import drawn
from hub.words import MARKING
from hub.zones import shapes
from hub.zones.models import Zone

MOST_ZONES = 200
LONGEST_NAME = 80
TOLERANCE_METRES = 1.0


@dataclass(frozen=True)
class ShownZone:
    """One zone as pages show it."""

    id: UUID
    name: str
    outline: Geometry
    by: str
    at: dt.datetime

    @property
    def hectares(self) -> float:
        """How large it is."""
        return float(self.outline.area) / 10_000


@dataclass(frozen=True)
class Drawn:
    """What somebody gives of a zone: a name, and ground in one or more of four ways, which together are the zone."""

    name: str
    corners: str = ""
    squares: str = ""
    ward_codes: Sequence[str] = ()
    file_name: str = ""
    stream: BinaryIO | None = None


def zones(viewer: Viewer, area: Area) -> list[ShownZone]:
    """List the zones of an area by name."""
    require_exact(viewer, area)
    rows = viewer.session.scalars(select(Zone).where(Zone.area_key == area.key)).all()
    names = accounts.names(viewer.session, {row.made_by for row in rows})
    return sorted((_as_shown(row, names) for row in rows), key=lambda zone: zone.name.casefold())


def every_zone(viewer: Viewer) -> list[ShownZone]:
    """List the zones of every area of which this person sees exact counts, by name."""
    held = viewer.boroughs(Permission.OVERLAY_READ) & viewer.boroughs(Permission.EXACT_COUNTS)
    rows = [row for row in viewer.session.scalars(select(Zone)) if held.issuperset(row.area_key.split("+"))]
    names = accounts.names(viewer.session, {row.made_by for row in rows})
    return sorted((_as_shown(row, names) for row in rows), key=lambda zone: zone.name.casefold())


def zone(viewer: Viewer, area: Area, zone_id: UUID) -> ShownZone:
    """Get one zone of an area.

    Raises
    ------
    NotFound
        If the area has no such zone.
    """
    require_exact(viewer, area)
    row = _row(viewer, area, zone_id)
    return _as_shown(row, accounts.names(viewer.session, {row.made_by}))


def save(viewer: Viewer, area: Area, given: Drawn) -> ShownZone:
    """Keep a zone for everybody who reads the area.

    Raises
    ------
    BadRequest
        If no ground is given, it cannot be read, lies outside the area or is too small.
    BadFile
        If the file cannot be read as a map of areas.
    Conflict
        If the area has a zone of that name, or as many zones as it may have.
    """
    _require_writer(viewer, area)
    uploaded = shapes.of_areas(drawn.areas_in(viewer, given.stream, given.file_name)) if given.stream else None
    db.lock(viewer.session, f"zones:{area.key}")
    name = _free_name(viewer, area, given.name)
    ground = shapes.together(
        [
            shapes.of_corners(given.corners),
            shapes.of_squares(given.squares),
            ground_of_wards(viewer, area, given.ward_codes)[0] if given.ward_codes else None,
            uploaded,
        ]
    )
    if ground is None:
        raise BadRequest(
            "No ground was given for the zone.",
            remedy="Draw it on the map, type its corners, or choose wards or a file.",
        )
    row = Zone(
        area_key=area.key,
        name=name,
        outline=shapes.fitted(ground, outline_of(viewer, area), area.name),
        made_by=viewer.person_id,
        made_at=dt.datetime.now(dt.UTC),
    )
    viewer.session.add(row)
    viewer.session.flush()
    audit.record(viewer, "zone.saved", row.id, boroughs=area.borough_codes, area=area.slug)
    return _as_shown(row, {viewer.person_id: viewer.name})


def rename(viewer: Viewer, area: Area, zone_id: UUID, name: str) -> ShownZone:
    """Give a zone another name.

    Raises
    ------
    NotFound, BadRequest, Conflict
        As for `zone` and `save`.
    """
    _require_writer(viewer, area)
    db.lock(viewer.session, f"zones:{area.key}")
    row = _row(viewer, area, zone_id)
    row.name = _free_name(viewer, area, name, of=zone_id)
    viewer.session.flush()
    audit.record(viewer, "zone.renamed", row.id, boroughs=area.borough_codes, area=area.slug)
    return _as_shown(row, accounts.names(viewer.session, {row.made_by}))


def delete(viewer: Viewer, area: Area, zone_id: UUID) -> str:
    """Delete a zone for everybody who reads the area; returns its name."""
    _require_writer(viewer, area)
    row = _row(viewer, area, zone_id)
    name = row.name
    viewer.session.delete(row)
    viewer.session.flush()
    audit.record(viewer, "zone.deleted", zone_id, boroughs=area.borough_codes, area=area.slug)
    return name


def record_export(viewer: Viewer, area: Area, count: int, purpose: Purpose) -> None:
    """Record that the zones of an area left the hub."""
    audit.record(
        viewer,
        "zone.exported",
        area.slug,
        boroughs=area.borough_codes,
        zones=count,
        purpose=purpose.key,
        purpose_words=purpose.words,
    )


def as_geojson(area: Area, shown: Sequence[ShownZone]) -> dict[str, Any]:
    """Write zones as a feature collection in longitude and latitude."""
    outlines = gpd.GeoSeries([zone.outline for zone in shown], crs=NATIONAL_GRID)
    geometries = to_geojson_geometries(outlines, tolerance_metres=TOLERANCE_METRES) if shown else []
    return {
        "type": "FeatureCollection",
        "name": f"zones-{area.slug}",
        "marking": MARKING,
        "features": [
            {"type": "Feature", "properties": {"id": str(zone.id), "name": zone.name}, "geometry": geometry}
            for zone, geometry in zip(shown, geometries, strict=True)
        ],
    }


def _require_writer(viewer: Viewer, area: Area) -> None:
    require_exact(viewer, area)
    viewer.require(Permission.ZONE_WRITE, area.borough_codes)


def _row(viewer: Viewer, area: Area, zone_id: UUID) -> Zone:
    row = viewer.session.get(Zone, zone_id)
    if not isinstance(row, Zone) or row.area_key != area.key:
        raise NotFound
    return row


def _free_name(viewer: Viewer, area: Area, written: str, *, of: UUID | None = None) -> str:
    """The name with single spaces, if no other zone of the area has it."""
    name = " ".join(written.split())
    if not name or len(name) > LONGEST_NAME:
        raise BadRequest(
            "The zone has no name." if not name else f"The zone's name has {len(name)} characters.",
            remedy=f"Give it a name of no more than {LONGEST_NAME} characters.",
        )
    held = viewer.session.execute(select(Zone.id, Zone.name).where(Zone.area_key == area.key)).all()
    if any(other.casefold() == name.casefold() for other_id, other in held if other_id != of):
        raise Conflict(f"{area.name} has a zone called '{name}' already.", remedy="Choose another name.")
    if of is None and len(held) >= MOST_ZONES:
        raise Conflict(f"{area.name} has {MOST_ZONES} zones, and can have no more.", remedy="Delete one first.")
    return name


def _as_shown(row: Zone, names: dict[UUID, str]) -> ShownZone:
    return ShownZone(row.id, row.name, row.outline, names.get(row.made_by, "somebody who has left"), row.made_at)
