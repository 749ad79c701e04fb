"""Jobs that work out overlays before anybody waits for them, after a commit: what is new, and the map as it opens.

They give nothing to whoever committed: what is kept is read only by those whose scope covers the area. They come after
all other jobs, make way for any that is asked for meanwhile, and write in short transactions of their own. Without a
worker nothing is lost but time, since each page works out for itself what is not kept.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any
from uuid import UUID

from sqlalchemy import select

from hub import audit
from hub.access import Grant, Permission, Role, Viewer
from hub.audit import AuditEntry
from hub.borders import service as borders
from hub.briefings import border_bands, week
from hub.db import Database, HubSession
from hub.errors import HubError
from hub.hotspots import service, trials
from hub.hotspots.keeping import reading_as, writing_as
from hub.hotspots.overlays import Overlay
from hub.hotspots.scoring import Method, Units
from hub.jobs import Handler, Job, JobState, Report, enqueue, enqueue_for, is_any_waiting
from hub.places import service as places
from hub.places.service import Area
from hub.uploads import intake, kinds, views

KIND = "hotspots.warm"
COMMITTING = frozenset({"uploads.commit", "uploads.take_in"})
"""Jobs of uploads that may make something live."""
CHANGING = ("upload.committed", "upload.undone")
"""What the record calls the acts by which what is live changes."""


class _OthersWait(Exception):
    """Somebody waits for a job: what is worked out is kept, and the rest comes later."""


def handlers(database: Database) -> dict[str, Handler]:
    """What a worker does: all of the uploads' jobs, and this one, which it should take last."""

    def warm(viewer: Viewer, arguments: Mapping[str, Any], report: Report) -> None:
        _warm(database, viewer, str(arguments["area"]), report)

    return {
        name: _then_ask(handler) if name in COMMITTING else handler for name, handler in intake.HANDLERS.items()
    } | {KIND: warm}


def ask(viewer: Viewer, borough_codes: Collection[str]) -> None:
    """Have the overlays of some boroughs and their BCUs worked out, each by a job unless one is waiting already."""
    waiting = viewer.session.scalars(select(Job).where(Job.kind == KIND, Job.state == JobState.WAITING))
    asked = {str(job.arguments["area"]) for job in waiting}
    everywhere = replace(viewer, grants=(Grant(Role.BCU_COMMANDER, places.every_borough(viewer.session)),))
    touched = [
        area
        for area in places.areas(everywhere, Permission.OVERLAY_READ)
        if area.kind != "london" and not area.borough_codes.isdisjoint(borough_codes) and area.slug not in asked
    ]
    for area in sorted(touched, key=lambda area: area.kind != "borough"):
        enqueue(viewer, KIND, area=area.slug)


def ask_for_what_changed(database: Database) -> int:
    """Have the overlays of each borough worked out whose live data changed by whatever way since that was asked last.

    A commit by a page or a script asks by itself; one by the command line, and an undo, do not. Returns how many.
    """
    with database.reading() as session:
        changes, asked = _changes(session), _last_asked(session)
    due = {code: change for code, change in changes.items() if asked.get(code, change.at) <= change.at}
    if due:
        with database.writing() as session:
            for code, change in due.items():
                enqueue_for(session, UUID(change.actor), KIND, area=code)
    return len(due)


def _changes(session: HubSession) -> dict[str, AuditEntry]:
    """The newest act by which what is live changed in each borough."""
    acts = select(AuditEntry).where(AuditEntry.action.in_(CHANGING)).order_by(AuditEntry.number)
    crime = {kind.key for kind in kinds.catalogue(session).values() if kind.is_crime}
    return {
        code: entry
        for entry in session.scalars(acts)
        if entry.details.get("dataset") in crime
        for code in entry.boroughs or ()
    }


def _last_asked(session: HubSession) -> dict[str, dt.datetime]:
    jobs = session.execute(select(Job.arguments, Job.asked_at).where(Job.kind == KIND).order_by(Job.asked_at))
    return {str(arguments["area"]): asked_at for arguments, asked_at in jobs}


def _then_ask(handler: Handler) -> Handler:
    """Do a job of uploads, then ask for the overlays of the boroughs that it made crime live for."""

    def handle(viewer: Viewer, arguments: Mapping[str, Any], report: Report) -> None:
        handler(viewer, arguments, report)
        upload = views.upload(viewer, UUID(arguments["upload_id"]))
        if upload.state == "committed" and upload.kind is not None and upload.kind.is_crime:
            ask(viewer, upload.report["boroughs"])
        viewer.session.commit()

    return handle


def _warm(database: Database, viewer: Viewer, slug: str, report: Report) -> None:
    """Work out one area; what is kept already is read back."""
    with audit.everywhere(
        viewer.session, actor=audit.MACHINE, reason=f"Work out the overlays of {slug} after a commit."
    ):
        everywhere = replace(viewer, grants=(Grant(Role.BCU_COMMANDER, places.every_borough(viewer.session)),))
        area = places.area(everywhere, slug, Permission.OVERLAY_READ)
        viewer.session.commit()
        report(f"Working out the maps of {area.name}")
        try:
            with reading_as(database, viewer) as reader:
                # As anybody may who reads all of the area; the asker's own scope may be one borough of it.
                grants = (Grant(Role.BCU_COMMANDER, area.borough_codes),)
                _work_out(database, replace(reader, grants=grants), area)
        except _OthersWait:
            enqueue(viewer, KIND, area=slug)
        except HubError:
            # Its figures cannot be mapped just now, as its page would say: there is nothing to keep.
            pass
    viewer.session.commit()


def _work_out(database: Database, reader: Viewer, area: Area) -> None:
    def keep(overlay: Overlay) -> None:
        with writing_as(database, reader) as writer:
            service.keep(writer, overlay)
            others_wait = is_any_waiting(writer.session, except_kind=KIND)
        if others_wait:
            raise _OthersWait

    offered = service.choices(reader, area)
    if offered is None:
        return
    found = week.week(reader, area, keep=keep)
    with writing_as(database, reader) as writer:
        week.keep_week(writer, found)
    shown_first = service.overlay(
        reader,
        area,
        units=Units.WARDS,
        method=Method.GI_STAR,
        category=None,
        first_month=offered.first_month,
        last_month=offered.last_month,
    )
    if not shown_first.is_kept:
        keep(shown_first)
    if area.kind == "borough":
        said = border_bands.worked_out(reader, area, offered)
        with writing_as(database, reader) as writer:
            words = borders.publish(writer.session, area.slug, said)
            audit.record_as(writer.session, audit.MACHINE, "bands.published", boroughs=[area.slug, *said], words=words)
    if found.basis is not None and found.worked_out is not None and found.basis.units is Units.CELLS:
        for category in found.worked_out.categories:
            _try(database, reader, area, category, found.basis.kind.key, found.worked_out.last_month)


def _try(database: Database, reader: Viewer, area: Area, category: str, dataset: str, last_month: dt.date) -> None:
    """Work out how the busiest places of a category would have done, unless that is kept."""
    trial = trials.trial_of(reader, area, category=category, dataset=dataset, last_month=last_month)
    if not trial.is_due:
        return
    found = trials.work_out(reader, trial)
    with writing_as(database, reader) as writer:
        trials.keep(writer, found)
        others_wait = is_any_waiting(writer.session, except_kind=KIND)
    if others_wait:
        raise _OthersWait
