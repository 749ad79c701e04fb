"""What is seen of uploads: how each stands, what its check found, and the outcome a script is told. Changes nothing."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import polars as pl
from sqlalchemy import select

from hub import words
from hub.access import Permission, Viewer
from hub.accounts import service as accounts
from hub.jobs import Job, JobState
from hub.places import service as places
from hub.uploads import door, kinds, versions
from hub.uploads.findings import Severity
from hub.uploads.kinds import DatasetKind
from hub.uploads.models import State, Upload
from hub.uploads.moments import MONTH_SAID
from hub.uploads.service import CANCELLABLE, UNDO_WITHIN

MOST_PROBLEMS_IN_AN_OUTCOME = 1_000
MOST_LISTED = 200


@dataclass(frozen=True)
class UploadView:
    """An upload, as far as pages show it."""

    id: UUID
    file_name: str
    size_bytes: int
    state: State
    kind: DatasetKind | None
    boroughs: tuple[str, ...]
    """Names of those its rows cover, once checked; until then of those it was sent for."""
    borough_codes: frozenset[str]
    """Of those it was sent for."""
    months: tuple[dt.date, ...]
    report: Mapping[str, Any]
    boundary_set: str | None
    owner: str
    is_own: bool
    may_write: bool
    """Whether the viewer may match, check and discard it."""
    may_commit: bool
    """Whether the viewer may make it live and take it back."""
    received_at: dt.datetime
    committed_at: dt.datetime | None
    is_at_work: bool
    progress: str
    failure: str
    must_fix: int
    please_confirm: int
    is_live: bool
    """Whether readers see any month of it."""
    is_cancellable: bool
    """Whether what is at work on it can be stopped."""
    is_holding: bool
    month_said: str
    """The month that all its rows are said to be of; empty where its columns say when."""
    corrects: UUID | None
    """The upload that it puts right."""
    corrected_by: UUID | None
    """The committed upload that put it right."""

    @property
    def held_rows(self) -> int:
        """How many of its rows are held back, until they are fixed or discarded."""
        is_held = self.is_holding and self.state is State.COMMITTED and self.corrected_by is None
        return int(self.report["rows_faulty"]) if is_held else 0

    @property
    def undo_until(self) -> dt.date | None:
        """The last day on which it can be undone."""
        until = self.committed_at + UNDO_WITHIN if self.committed_at else None
        return until.astimezone(words.LONDON).date() if until and until > door.now() else None

    @property
    def is_checked(self) -> bool:
        """Whether the report says what the file holds."""
        return "total" in self.report

    @property
    def same_as(self) -> UUID | None:
        """The earlier upload of the same file that is live."""
        return UUID(self.report["same_as"]) if "same_as" in self.report else None


def uploads(viewer: Viewer) -> list[UploadView]:
    """List the newest uploads of areas that the viewer may read uploads of."""
    allowed = viewer.boroughs(Permission.UPLOAD_READ)
    newest = viewer.session.scalars(select(Upload).order_by(Upload.received_at.desc()).limit(MOST_LISTED)).all()
    return _views(viewer, [upload for upload in newest if door.boroughs(upload) <= allowed])


def unsettled(viewer: Viewer) -> list[UploadView]:
    """List the viewer's own uploads that are not finished, or hold rows which nobody is fixing; the newest first."""
    allowed = viewer.boroughs(Permission.UPLOAD_READ)
    is_held = (Upload.state == State.COMMITTED) & Upload.is_holding
    own = viewer.session.scalars(
        select(Upload)
        .where(Upload.owner_id == viewer.person_id, Upload.state.in_(door.UNFINISHED) | is_held)
        .order_by(Upload.received_at.desc())
        .limit(MOST_LISTED)
    ).all()
    found = _views(viewer, [one for one in own if door.boroughs(one) <= allowed])
    being_fixed = {one.corrects for one in found if one.state in door.UNFINISHED}
    return [one for one in found if one.state in door.UNFINISHED or (one.held_rows and one.id not in being_fixed)]


def upload(viewer: Viewer, upload_id: UUID) -> UploadView:
    """Show one upload."""
    return _views(viewer, [door.upload(viewer, upload_id, Permission.UPLOAD_READ)])[0]


@dataclass(frozen=True)
class _Known:
    """What is asked once for all the uploads shown."""

    borough_names: Mapping[str, str]
    set_codes: Mapping[int, str]
    owners: Mapping[UUID, str]
    kinds: Mapping[str, DatasetKind]
    jobs: Mapping[UUID | None, Job]
    live: frozenset[UUID]
    corrected_by: Mapping[UUID | None, UUID]


def _views(viewer: Viewer, shown: Sequence[Upload]) -> list[UploadView]:
    session = viewer.session
    ids = [one.id for one in shown]
    asked = [one.job_id for one in shown if one.job_id]
    corrections = session.execute(
        select(Upload.corrects_id, Upload.id).where(Upload.corrects_id.in_(ids), Upload.state == State.COMMITTED)
    )
    known = _Known(
        borough_names={borough.code: borough.name for borough in places.boroughs(session)},
        set_codes={its.id: its.code for its in places.boundary_sets(session)},
        owners=accounts.names(session, {one.owner_id for one in shown}),
        kinds=kinds.catalogue(session),
        jobs={job.id: job for job in session.scalars(select(Job).where(Job.id.in_(asked)))},
        live=versions.live_among(session, ids),
        corrected_by=dict(corrections.all()),
    )
    return [_view(viewer, one, known) for one in shown]


def _view(viewer: Viewer, upload: Upload, known: _Known) -> UploadView:
    job = known.jobs.get(upload.job_id)
    is_at_work = job is not None and not job.is_over
    report = upload.report
    codes = report.get("boroughs") or sorted(door.boroughs(upload))
    return UploadView(
        id=upload.id,
        file_name=upload.file_name,
        size_bytes=upload.size_bytes,
        state=upload.state,
        kind=known.kinds.get(upload.dataset) if upload.dataset else None,
        boroughs=tuple(sorted(known.borough_names[code] for code in codes)),
        borough_codes=door.boroughs(upload),
        months=tuple(words.parse_month(month) for month in report.get("months", ())),
        report=report,
        boundary_set=known.set_codes.get(upload.boundary_set_id) if upload.boundary_set_id else None,
        owner=known.owners[upload.owner_id],
        is_own=upload.owner_id == viewer.person_id,
        may_write=viewer.may(Permission.UPLOAD_WRITE, door.boroughs(upload)),
        may_commit=viewer.may(Permission.UPLOAD_COMMIT, door.boroughs(upload)),
        received_at=upload.received_at,
        committed_at=upload.committed_at,
        is_at_work=is_at_work,
        progress=job.progress if job and is_at_work else "",
        failure=job.failure if job and job.state is JobState.FAILED else "",
        must_fix=door.counted(report, Severity.MUST_FIX),
        please_confirm=door.counted(report, Severity.PLEASE_CONFIRM),
        is_live=upload.id in known.live,
        is_cancellable=is_at_work and job is not None and job.kind in CANCELLABLE,
        is_holding=upload.is_holding,
        month_said=upload.answers.get(MONTH_SAID, ""),
        corrects=upload.corrects_id,
        corrected_by=known.corrected_by.get(upload.id),
    )


def all_problems(viewer: Viewer, upload_id: UUID) -> pl.DataFrame:
    """Give every problem kept, for a download."""
    return door.found(viewer, door.upload(viewer, upload_id, Permission.UPLOAD_READ), "problems")


# --- For scripts ------------------------------------------------------------------------------------------------------


def outcome(viewer: Viewer, upload_id: UUID) -> dict[str, Any]:
    """Say how an upload stands, as `hub upload --json` prints it.

    A file that is live already is reported as the earlier upload that holds it, with this one's problems.
    """
    upload = door.upload(viewer, upload_id, Permission.UPLOAD_READ)
    report = upload.report
    holder = door.upload(viewer, UUID(report["same_as"]), Permission.UPLOAD_READ) if "same_as" in report else upload
    view = _views(viewer, [upload])[0]
    listed: list[dict[str, Any]] = []
    if upload is not holder:
        listed.append(_already_loaded(holder))
    if view.is_checked and (door.folder(viewer, upload) / report["check_id"]).is_dir():
        listed += door.found(viewer, upload, "problems").head(MOST_PROBLEMS_IN_AN_OUTCOME - len(listed)).to_dicts()
    is_live = holder.state is State.COMMITTED
    return {
        "id": str(upload.id),
        "file": upload.file_name,
        "state": str(holder.state),
        "version": str(holder.id) if is_live else None,
        "dataset": upload.dataset,
        "boundary_set": view.boundary_set,
        "boroughs": report.get("boroughs", []),
        "months": report.get("months", []),
        **{key: report.get(key, 0) for key in _TOTALS},
        "problems_total": report.get("problems_total", 0) + (upload is not holder),
        "problems": listed,
        "questions": report.get("questions", []),
    }


_TOTALS = (
    "rows",
    "rows_placed",
    "rows_unplaced",
    "rows_outside",
    "rows_faulty",
    "placed",
    "unplaced",
    "refused",
    "refused_outside",
    "refused_faulty",
    "total",
)


def _already_loaded(holder: Upload) -> dict[str, Any]:
    when = f" on {words.date_name(holder.committed_at.astimezone(words.LONDON).date())}" if holder.committed_at else ""
    return {
        "row": None,
        "column": None,
        "code": "already_loaded",
        "severity": str(Severity.NOTE),
        "message": f"This very file was committed{when} and is live. It is not loaded a second time.",
    }


def outcome_lines(outcome: Mapping[str, Any]) -> list[str]:
    """Say an outcome to a person at the command line."""
    lines = [
        f"{outcome['file']}: {outcome['state']}",
        f"  dataset        {outcome['dataset']}, on the wards of {outcome['boundary_set']}",
        f"  rows           {outcome['rows']:,}",
        f"  placed         {outcome['placed']:,}",
        f"  not placed     {outcome['unplaced']:,}",
        f"  refused        {outcome['refused']:,}",
        f"  total          {outcome['total']:,}",
    ]
    if outcome["version"]:
        lines.append(f"  version        {outcome['version']}")
    for problem in outcome["problems"]:
        places_named = [f"row {problem['row']:,}"] if problem["row"] else []
        places_named += [f"column {problem['column']}"] if problem["column"] else []
        where = f"{', '.join(places_named)}: " if places_named else ""
        lines.append(f"  {problem['severity']}: {where}{problem['message']}")
    if outcome["problems_total"] > len(outcome["problems"]):
        lines.append(f"  and {outcome['problems_total'] - len(outcome['problems']):,} more problems")
    return lines
