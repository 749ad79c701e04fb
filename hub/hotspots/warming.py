"""The job that works out overlays before anybody waits for them, after a commit: what is new, and the map as it opens.

It gives nothing to whoever committed: what it keeps is read only by those whose scope covers the area. Without a worker
nothing is lost but time, since each page works out for itself what is not kept.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any
from uuid import UUID

from sqlalchemy import select

from hub import audit
from hub.access import Grant, Permission, Role, Viewer
from hub.errors import HubError
from hub.hotspots import service, week
from hub.hotspots.overlays import Overlay
from hub.hotspots.scoring import Method, Units
from hub.jobs import Handler, Job, JobState, Report, enqueue
from hub.places import service as places
from hub.places.service import Area
from hub.uploads import intake, views

KIND = "hotspots.warm"


def ask(viewer: Viewer, borough_codes: Collection[str]) -> None:
    """Have the overlays of some boroughs and their BCUs worked out, unless that is waiting to be done already."""
    wanted = sorted(borough_codes)
    waiting = viewer.session.scalars(select(Job).where(Job.kind == KIND, Job.state == JobState.WAITING))
    if wanted and not any(job.arguments["boroughs"] == wanted for job in waiting):
        enqueue(viewer, KIND, boroughs=wanted)


def warm(viewer: Viewer, arguments: Mapping[str, Any], report: Report) -> None:
    """Work out what is new, and the map as it opens, for some boroughs and their BCUs; what is kept already is left."""
    for area in _areas(viewer, frozenset(arguments["boroughs"])):
        viewer.session.commit()
        report(f"Working out the maps of {area.name}")
        reason = f"Work out the overlays of {area.slug} after a commit."
        with audit.everywhere(viewer.session, actor=audit.MACHINE, reason=reason):
            # As anybody may who reads all of the area; the asker's own scope may be one borough of it.
            reader = replace(viewer, grants=(Grant(Role.BCU_COMMANDER, area.borough_codes),))
            try:
                _warm(reader, area)
            except HubError:
                # Its figures cannot be mapped just now, as its page would say: there is nothing to keep.
                viewer.session.rollback()
        viewer.session.commit()


def _areas(viewer: Viewer, borough_codes: frozenset[str]) -> list[Area]:
    """The boroughs themselves, then every BCU that has one of them."""
    everywhere = replace(viewer, grants=(Grant(Role.BCU_COMMANDER, places.every_borough(viewer.session)),))
    touched = [
        area
        for area in places.areas(everywhere, Permission.OVERLAY_READ)
        if area.kind != "london" and area.borough_codes & borough_codes
    ]
    return sorted(touched, key=lambda area: area.kind != "borough")


def _warm(reader: Viewer, area: Area) -> None:
    """Work out one area, ending the transaction after each overlay, so that nobody waits long to write."""

    def keep(overlay: Overlay) -> None:
        service.keep(reader, overlay)
        reader.session.commit()

    offered = service.choices(reader, area)
    if offered is None:
        return
    found = week.week(reader, area, keep=keep)
    week.keep_week(reader, found)
    reader.session.commit()
    shown_first = service.overlay(
        reader,
        area,
        units=Units.WARDS,
        method=Method.GI_STAR,
        category=None,
        first_month=offered.first_month,
        last_month=offered.last_month,
    )
    keep(shown_first)


def _then_warm(handler: Handler) -> Handler:
    """Do a job of uploads, then ask for the overlays of the boroughs that it made something live for."""

    def handle(viewer: Viewer, arguments: Mapping[str, Any], report: Report) -> None:
        handler(viewer, arguments, report)
        upload = views.upload(viewer, UUID(arguments["upload_id"]))
        if upload.state == "committed":
            ask(viewer, upload.report["boroughs"])
        viewer.session.commit()

    return handle


COMMITTING = frozenset({"uploads.commit", "uploads.take_in"})
"""Jobs of uploads that may make something live."""
HANDLERS: Mapping[str, Handler] = MappingProxyType(
    {kind: _then_warm(handler) if kind in COMMITTING else handler for kind, handler in intake.HANDLERS.items()}
    | {KIND: warm}
)
"""What a worker does: all of the uploads' jobs, and this one."""
