"""What can be done with an upload: receive, match, check, commit, undo, discard; in that order.

Every act re-checks the viewer's right in every borough of the upload. A file's content is read only by `confined`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO
from uuid import UUID, uuid4

import polars as pl
from sqlalchemy import func, select

from hub import audit, db, jobs, words
from hub.access import Permission, Viewer
from hub.db import HubSession
from hub.errors import BadRequest, Conflict, NotAllowed, TooMany
from hub.jobs import Job, JobState
from hub.places import service as places
from hub.uploads import confined, door, files, permits, versions
from hub.uploads.confined import Column
from hub.uploads.files import ORIGINAL
from hub.uploads.findings import Severity
from hub.uploads.kinds import DATASETS, MONTH_COUNTS, DatasetKind, recognise
from hub.uploads.kinds import propose as propose_columns
from hub.uploads.models import State, Upload
from hub.uploads.placing import Geography
from hub.uploads.reading import Limits

MOST_BYTES_AN_AREA = 20_000_000_000
MOST_IN_PROGRESS = 5


# --- Receive ---------------------------------------------------------------------------------------------------------


def receive(viewer: Viewer, stream: BinaryIO, file_name: str) -> Upload:
    """Store a file for all the boroughs that the viewer may upload for.

    Raises
    ------
    BadFile
        If it is not a CSV file that can be read for certain, or is too large.
    Conflict
        If the area's files fill their share of the disk.
    """
    boroughs = viewer.boroughs(Permission.UPLOAD_WRITE)
    if not boroughs:
        raise NotAllowed("Your role does not let you upload files.", remedy="Ask an administrator if it should.")
    area_key = db.area_key(boroughs)
    limits = files.limits_of(viewer.session)
    file_name = files.display_name(file_name, limits)
    _refuse_a_full_share(viewer, area_key)
    upload_id = uuid4()
    folder = files.folder_of(viewer.session, upload_id)
    folder.mkdir(parents=True)
    try:
        sha256, size_bytes = files.store(stream, folder, limits)
        look = confined.look(folder / ORIGINAL, file_name, limits)
    except BaseException:
        files.remove(folder)
        raise
    upload = Upload(
        id=upload_id,
        area_key=area_key,
        owner_id=viewer.person_id,
        file_name=file_name,
        sha256=sha256,
        size_bytes=size_bytes,
        report={"headings": look.headings, "encoding": look.encoding, "delimiter": look.delimiter},
        received_at=door.now(),
    )
    viewer.session.add(upload)
    viewer.session.flush()
    audit.record(viewer, "upload.received", upload_id, size_bytes=size_bytes, sha256=sha256)
    return upload


def _refuse_a_full_share(viewer: Viewer, area_key: str) -> None:
    stored = viewer.session.scalar(
        select(func.sum(Upload.size_bytes)).where(Upload.area_key == area_key, Upload.state != State.DISCARDED)
    )
    if (stored or 0) >= MOST_BYTES_AN_AREA:
        raise Conflict(
            f"The files of this area fill their share of {words.megabytes(MOST_BYTES_AN_AREA)}.",
            remedy="Ask an administrator to remove old ones.",
        )


# --- Match columns ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Proposal:
    """What a file seems to hold: its headings, the likeliest kind, and which column fills which field."""

    headings: tuple[str, ...]
    kind: DatasetKind | None
    column_fields: Mapping[str, str]


def propose(viewer: Viewer, upload_id: UUID, dataset: str | None = None) -> Proposal:
    """Guess the kind of an upload, unless told, and its columns, from their headings; what was said before stands."""
    upload = _unfinished(viewer, upload_id)
    headings = upload.report["headings"]
    if dataset is not None and dataset != upload.dataset:
        kind = _kind(dataset)
        return Proposal(tuple(headings), kind, propose_columns(headings, kind))
    if upload.dataset is not None:
        return Proposal(tuple(headings), DATASETS[upload.dataset], upload.column_fields)
    return Proposal(tuple(headings), *recognise(headings))


def look(viewer: Viewer, upload_id: UUID) -> tuple[Column, ...]:
    """Look into an upload's file again, for a few values of each column; they are shown and not kept."""
    upload = _unfinished(viewer, upload_id)
    original = door.folder(viewer, upload) / ORIGINAL
    return confined.look(original, upload.file_name, files.limits_of(viewer.session)).columns


def _unfinished(viewer: Viewer, upload_id: UUID, *, lock: bool = False) -> Upload:
    upload = door.upload(viewer, upload_id, Permission.UPLOAD_WRITE, lock=lock)
    if upload.state not in door.UNFINISHED:
        raise Conflict("This upload is finished.", remedy="Upload the file again to change it.")
    return upload


def set_columns(viewer: Viewer, upload_id: UUID, dataset: str, column_fields: Mapping[str, str]) -> Upload:
    """Say what an upload holds, and in which columns.

    Raises
    ------
    BadRequest
        Naming the kind, column or field that does not exist, is given twice, or is missing.
    """
    upload = _unfinished(viewer, upload_id, lock=True)
    kind, headings = _kind(dataset), upload.report["headings"]
    permits.refuse_without_any(viewer, kind, door.boroughs(upload))
    known = {field.key for field in kind.fields}
    for column, field in column_fields.items():
        if column not in headings:
            raise BadRequest(
                f"The file has no column '{column[:80]}'.", remedy=f"Its columns are: {', '.join(headings)[:400]}."
            )
        if field not in known:
            raise BadRequest(
                f"'{field[:80]}' is no field of {kind.title}.", remedy=f"Use one of: {', '.join(sorted(known))}."
            )
    filled = [field for field in column_fields.values() if field != MONTH_COUNTS]
    twice = sorted({kind.field(field).title for field in filled if filled.count(field) > 1})
    if twice:
        raise BadRequest(f"More than one column is given for: {', '.join(twice)}.", remedy="Choose one column for it.")
    missing = kind.missing(column_fields.values())
    if missing:
        raise BadRequest(
            f"No column is given for: {', '.join(missing)}.", remedy="Choose the column that holds it for each."
        )
    upload.dataset, upload.column_fields, upload.state = kind.key, dict(column_fields), State.MAPPED
    upload.checked_at = None
    viewer.session.flush()
    return upload


def _kind(dataset: str) -> DatasetKind:
    if dataset not in DATASETS:
        raise BadRequest(f"There is no dataset kind '{dataset[:80]}'.", remedy=f"Use one of: {', '.join(DATASETS)}.")
    return DATASETS[dataset]


# --- Check -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class CheckTask:
    """All that a check needs, so that it can run outside any transaction."""

    upload_id: UUID
    folder: Path
    file_name: str
    limits: Limits
    dataset: str
    column_fields: Mapping[str, str]
    geography: Geography
    scope: frozenset[str]
    today: dt.date

    def run(self) -> CheckResult:
        """Read and check the file, and keep what was found beside it."""
        check_id = uuid4().hex
        report = confined.check(
            self.folder / ORIGINAL,
            self.file_name,
            self.limits,
            dataset=self.dataset,
            column_fields=self.column_fields,
            geography=self.geography,
            scope=self.scope,
            today=self.today,
            destination=self.folder / check_id,
        )
        return CheckResult(self, check_id, report)


@dataclass(frozen=True)
class CheckResult:
    """What a check gave, in files beside the original."""

    task: CheckTask
    check_id: str
    report: Mapping[str, Any]


def plan_check(viewer: Viewer, upload_id: UUID) -> CheckTask:
    """Gather all that a check needs."""
    upload = door.upload(viewer, upload_id, Permission.UPLOAD_WRITE)
    if upload.state not in {State.MAPPED, State.CHECKED} or upload.dataset is None:
        raise Conflict("The columns of this upload have not been matched.", remedy="Match them, then check it.")
    permits.refuse_without_any(viewer, _kind(upload.dataset), door.boroughs(upload))
    return CheckTask(
        upload_id=upload.id,
        folder=door.folder(viewer, upload),
        file_name=upload.file_name,
        limits=files.limits_of(viewer.session),
        dataset=upload.dataset,
        column_fields=dict(upload.column_fields),
        geography=_geography(viewer.session, with_outlines=DATASETS[upload.dataset].has_points),
        scope=door.boroughs(upload),
        today=door.today(),
    )


def keep_check(viewer: Viewer, result: CheckResult) -> Upload:
    """Make a check's result the upload's, unless the upload has moved on meanwhile."""
    task = result.task
    upload = door.upload(viewer, task.upload_id, Permission.UPLOAD_WRITE, lock=True)
    is_as_checked = (upload.dataset, upload.column_fields) == (task.dataset, task.column_fields)
    if upload.state not in {State.MAPPED, State.CHECKED} or not is_as_checked:
        files.remove(task.folder / result.check_id)
        raise Conflict("This upload changed while it was being checked.", remedy="Check it again.")
    headings = upload.report["headings"]
    upload.report = {**result.report, "headings": headings, "check_id": result.check_id}
    same = versions.twin_of(viewer.session, upload)
    if same is not None:
        upload.report = {**upload.report, "same_as": str(same.id)}
    upload.boundary_set_id = result.report["boundary_set_id"]
    upload.state, upload.checked_at = State.CHECKED, door.now()
    viewer.session.flush()
    audit.record(
        viewer,
        "upload.checked",
        upload.id,
        **{key: result.report[key] for key in ("rows", "placed", "unplaced", "refused", "total", "problems_total")},
    )
    door.once_committed(viewer.session, lambda: files.remove_older_checks(task.folder, result.check_id))
    return upload


def _geography(session: HubSession, *, with_outlines: bool) -> Geography:
    sets = places.boundary_sets(session)
    if not sets:
        raise Conflict(
            "The hub knows no wards yet, so no file can be checked.",
            remedy="Ask an administrator to load them with 'hub load-places'.",
        )
    index = places.ward_index(session)
    names = {borough.code: borough.name for borough in places.boroughs(session)}
    wards = {name: index[name].tolist() for name in index.columns}
    boroughs: dict[str, list[Any]] = {"borough_code": list(names), "borough_name": list(names.values())}
    if with_outlines:
        outlines = [places.wards(session, its.id) for its in sets]
        wards = {
            "boundary_set_id": [its.id for its, frame in zip(sets, outlines, strict=True) for _ in range(len(frame))],
            "ward_code": [code for frame in outlines for code in frame.index],
            "ward_name": [name for frame in outlines for name in frame["ward_name"]],
            "borough_code": [code for frame in outlines for code in frame["borough_code"]],
            "outline": [outline for frame in outlines for outline in frame.geometry.to_wkb()],
        }
        whole = places.borough_outlines(session)
        boroughs = {
            "borough_code": whole.index.tolist(),
            "borough_name": whole["borough_name"].tolist(),
            "outline": whole.geometry.to_wkb().tolist(),
        }
    return Geography(
        pl.DataFrame(
            {
                "boundary_set_id": [its.id for its in sets],
                "boundary_set": [its.code for its in sets],
                "in_force_from": [its.in_force_from for its in sets],
            }
        ),
        pl.DataFrame(wards),
        pl.DataFrame(boroughs),
    )


# --- Commit ----------------------------------------------------------------------------------------------------------


def commit(viewer: Viewer, upload_id: UUID) -> Upload:
    """Make a checked upload the live data of every borough its rows cover, for the months it covers.

    Returns
    -------
    The upload whose versions now hold the data: this one, or the earlier one of the same content. To commit twice is to
    commit once.

    Raises
    ------
    Conflict
        If it is not checked, or has problems that must be fixed.
    """
    upload = door.upload(viewer, upload_id, Permission.UPLOAD_COMMIT, lock=True)
    if upload.state is State.COMMITTED:
        return upload
    if upload.state is State.DISCARDED and "same_as" in upload.report:
        return door.upload(viewer, UUID(upload.report["same_as"]), Permission.UPLOAD_COMMIT)
    if upload.state is not State.CHECKED:
        raise Conflict("This upload is not checked.", remedy="Check it, then commit it.")
    must_fix = door.counted(upload.report, Severity.MUST_FIX)
    if must_fix:
        raise Conflict(
            f"{words.plural(must_fix, 'problem')} of this upload must be fixed before it can be committed.",
            remedy="Correct them in the file, and upload it again.",
        )
    boroughs = upload.report["boroughs"]
    viewer.require(Permission.UPLOAD_COMMIT, boroughs)
    agreed = permits.agreements_of(viewer, _kind(str(upload.dataset)), boroughs)
    versions.lock(viewer.session, str(upload.dataset), boroughs)
    same = versions.twin_of(viewer.session, upload)
    if same is not None:
        upload.report = {**upload.report, "same_as": str(same.id)}
        _discard(viewer, upload)
        return same
    upload.state, upload.committed_at = State.COMMITTED, door.now()
    rows, months = door.found(viewer, upload, "rows"), door.found(viewer, upload, "months")
    numbers = versions.add(viewer, upload, rows, months, agreed)
    audit.record(
        viewer,
        "upload.committed",
        upload.id,
        dataset=upload.dataset,
        versions=numbers,
        months=[upload.report["months"][0], upload.report["months"][-1]],
        placed=upload.report["placed"],
        unplaced=upload.report["unplaced"],
        refused=upload.report["refused"],
    )
    return upload


# --- Undo, discard ---------------------------------------------------------------------------------------------------


def undo(viewer: Viewer, upload_id: UUID) -> Upload:
    """Take a committed upload back: for each month it made live, the newest earlier version is live again, or none."""
    upload = door.upload(viewer, upload_id, Permission.UPLOAD_COMMIT, lock=True)
    if upload.state is State.UNDONE:
        return upload
    if upload.state is not State.COMMITTED:
        raise Conflict("This upload is not committed, so there is nothing to undo.")
    numbers = versions.take_back(viewer.session, upload)
    upload.state = State.UNDONE
    viewer.session.flush()
    audit.record(viewer, "upload.undone", upload.id, dataset=upload.dataset, versions=numbers)
    return upload


def discard(viewer: Viewer, upload_id: UUID) -> Upload:
    """Give up an upload that is not committed, and remove its file."""
    upload = door.upload(viewer, upload_id, Permission.UPLOAD_WRITE, lock=True)
    if upload.state is State.DISCARDED:
        return upload
    if upload.state not in door.UNFINISHED:
        raise Conflict("This upload is committed.", remedy="Undo it instead.")
    _discard(viewer, upload)
    return upload


def _discard(viewer: Viewer, upload: Upload) -> None:
    upload.state = State.DISCARDED
    viewer.session.flush()
    audit.record(viewer, "upload.discarded", upload.id)
    folder = door.folder(viewer, upload)
    door.once_committed(viewer.session, lambda: files.remove(folder))


# --- Jobs ------------------------------------------------------------------------------------------------------------


def ask_for(viewer: Viewer, upload_id: UUID, act: str) -> Upload:
    """Have a worker `check` or `commit` an upload; asked again while it is at work, the first asking stands."""
    may = {"check": Permission.UPLOAD_WRITE, "commit": Permission.UPLOAD_COMMIT}[act]
    upload = door.upload(viewer, upload_id, may, lock=True)
    at_work = list(
        viewer.session.scalars(
            select(Job).where(
                Job.asker_id == viewer.person_id,
                Job.kind.startswith("uploads."),
                Job.state.in_([JobState.WAITING, JobState.RUNNING]),
            )
        )
    )
    if upload.job_id in {job.id for job in at_work}:
        return upload
    if len(at_work) >= MOST_IN_PROGRESS:
        raise TooMany(
            f"{len(at_work)} of your uploads are being worked on, as many as may be at once.",
            remedy="Wait for one of them to be done, then try again.",
        )
    upload.job_id = jobs.enqueue(viewer, f"uploads.{act}", upload_id=str(upload_id)).id
    viewer.session.flush()
    return upload


# --- What is left behind ----------------------------------------------------------------------------------------------


def remove_strays(session: HubSession) -> int:
    """Remove what died or discarded uploads left on disk; the session must see every upload. Returns how many."""
    kept = set(session.scalars(select(Upload.id).where(Upload.state != State.DISCARDED)))
    return files.remove_strays(session, kept)
