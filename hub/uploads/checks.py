"""One check of an upload: all that it needs gathered, run outside any transaction, and what it found kept.

What was changed meanwhile is checked again; nothing is made live here.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import polars as pl

from hub import audit
from hub.access import Permission, Viewer
from hub.db import HubSession
from hub.errors import Conflict
from hub.places import service as places
from hub.uploads import confined, corrections, door, files, kinds, memory, permits, versions
from hub.uploads.confined import Wait
from hub.uploads.files import ORIGINAL
from hub.uploads.findings import Severity
from hub.uploads.kinds import DatasetKind
from hub.uploads.matching import OF_THE_FILE
from hub.uploads.models import State
from hub.uploads.placing import LSOA_COLUMNS, OUTWARD_COLUMNS, Geography
from hub.uploads.reading import Limits


@dataclass(frozen=True)
class CheckTask:
    """All that a check needs, so that it can run outside any transaction."""

    upload_id: UUID
    folder: Path
    file_name: str
    limits: Limits
    kind: DatasetKind
    column_fields: Mapping[str, str]
    geography: Geography
    scope: frozenset[str]
    today: dt.date
    edits: pl.DataFrame
    fixes: frozenset[str]
    answers: Mapping[str, str]
    live: pl.DataFrame
    live_references: pl.DataFrame
    reference_key: bytes = field(repr=False)
    said: str
    """As `versions.said` names all of it."""

    def run(self, wait: Wait) -> CheckResult:
        """Read and check the file, and keep what was found beside it; `wait` is told how the seconds go by."""
        check_id = uuid4().hex
        report = confined.check(
            self.folder / ORIGINAL,
            self.file_name,
            self.limits,
            kind=self.kind,
            column_fields=self.column_fields,
            geography=self.geography,
            scope=self.scope,
            today=self.today,
            edits=self.edits,
            fixes=self.fixes,
            answers=self.answers,
            live=self.live,
            live_references=self.live_references,
            reference_key=self.reference_key,
            destination=self.folder / check_id,
            wait=wait,
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
    kind = kinds.kind(viewer.session, upload.dataset)
    permits.refuse_without_any(viewer, kind, door.boroughs(upload))
    return CheckTask(
        upload_id=upload.id,
        folder=door.folder(viewer, upload),
        file_name=upload.file_name,
        limits=files.limits_of(viewer.session),
        kind=kind,
        column_fields=dict(upload.column_fields),
        geography=geography_of(viewer.session),
        scope=door.boroughs(upload),
        today=door.today(),
        edits=corrections.edits(upload),
        fixes=corrections.fixes(upload),
        answers=dict(upload.answers),
        live=versions.live_parts(viewer.session, upload),
        live_references=versions.live_references(viewer.session, upload),
        reference_key=versions.reference_key(viewer.session, kind.key),
        said=versions.said(upload),
    )


def keep_check(viewer: Viewer, result: CheckResult) -> bool:
    """Make a check's result the upload's; False if the upload has been changed meanwhile, and must be checked again."""
    task = result.task
    upload = door.upload(viewer, task.upload_id, Permission.UPLOAD_WRITE, lock=True)
    viewer.session.expire(upload, ["edits", "decisions"])
    if upload.state not in {State.MAPPED, State.CHECKED}:
        files.remove(task.folder / result.check_id)
        raise Conflict("This upload was finished while it was being checked.")
    if versions.said(upload) != task.said:
        files.remove(task.folder / result.check_id)
        return False
    seen = {key: upload.report[key] for key in OF_THE_FILE if key in upload.report}
    upload.report = {
        **result.report,
        **seen,
        "check_id": result.check_id,
        "said": task.said,
        "whole_file_faults": _whole_file_faults(files.found(task.folder, result.check_id, "problems")),
        "live": versions.live_stamp(
            viewer.session, str(upload.dataset), files.found(task.folder, result.check_id, "months")
        ),
    }
    same = versions.twin_of(viewer.session, upload)
    if same is not None:
        upload.report = {**upload.report, "same_as": str(same.id)}
    upload.boundary_set_id = result.report["boundary_set_id"]
    upload.state, upload.checked_at = State.CHECKED, door.now()
    viewer.session.flush()
    if result.report["boroughs"]:
        memory.remember(viewer, upload)
    audit.record(
        viewer,
        "upload.checked",
        upload.id,
        boroughs=door.boroughs(upload),
        **{key: result.report[key] for key in ("rows", "placed", "unplaced", "refused", "total", "problems_total")},
    )
    door.once_committed(viewer.session, lambda: files.remove_older_checks(task.folder, result.check_id))
    return True


def _whole_file_faults(problems: pl.DataFrame) -> int:
    """How many problems that must be fixed concern no row, so that none can be held back for them."""
    grave = pl.col("severity").is_in([Severity.MUST_FIX, Severity.WE_CAN_FIX])
    return problems.filter(grave, pl.col("row").is_null()).height


def geography_of(session: HubSession) -> Geography:
    """Gather the places that a file may speak of."""
    sets = places.boundary_sets(session)
    if not sets:
        raise Conflict(
            "The hub knows no wards yet, so no file can be checked.",
            remedy="Ask an administrator to load them with 'hub load-places'.",
        )
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
    lsoas, outwards = places.lsoa_index(session), places.outward_index(session)
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
        pl.DataFrame({name: lsoas[name].tolist() for name in lsoas.columns}, LSOA_COLUMNS),
        pl.DataFrame({name: outwards[name].tolist() for name in outwards.columns}, OUTWARD_COLUMNS),
    )
