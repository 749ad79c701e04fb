"""The machine's way in: from a received file to its outcome in one go, for the command line, tokens and folders.

What a person would say on the pages is said beforehand. Nothing is decided here that the pages do not decide alike.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any
from uuid import UUID

from hub.access import Permission, Viewer
from hub.errors import Conflict, HubError, NotFound
from hub.jobs import Handler, Job, JobState, Report
from hub.uploads import corrections, door, service, views, work
from hub.uploads.findings import Severity
from hub.uploads.models import Upload


@dataclass(frozen=True)
class Said:
    """What is said of a file before it is read.

    Fixes, reasons and answers are permissions: they apply where the check asks for them, and change nothing elsewhere.
    An answer goes by its question's code, or where columns are asked about one by one, by `code:column`.
    """

    dataset: str | None = None
    column_fields: Mapping[str, str] = field(default_factory=dict)
    sheet: str = ""
    month: str = ""
    """The one that all rows are of, where no column says when."""
    answers: Mapping[str, str] = field(default_factory=dict)
    fixes: frozenset[str] = frozenset()
    reasons: Mapping[str, str] = field(default_factory=dict)
    is_holding: bool = False


def take_in(viewer: Viewer, upload_id: UUID, said: Said, report: Report) -> None:
    """Match and check a received upload, and decide what was said beforehand; one that is finished is left alone."""
    upload = door.upload(viewer, upload_id, Permission.UPLOAD_WRITE)
    if upload.state not in door.UNFINISHED:
        viewer.session.commit()
        return
    if said.sheet:
        service.read_otherwise(viewer, upload_id, sheet=said.sheet, heading_row="")
        viewer.session.commit()
    work.map_and_check(
        viewer,
        upload_id,
        dataset=said.dataset,
        column_fields=said.column_fields,
        month=said.month,
        report=report,
    )
    # An answer may bring up what could not be seen before it.
    is_changed = _decided(viewer, upload_id, said)
    while is_changed:
        work.check(viewer, {"upload_id": str(upload_id)}, report)
        is_changed = _decided(viewer, upload_id, said)


def commit(viewer: Viewer, upload_id: UUID, report: Report) -> Conflict | None:
    """Make an upload live; returns why not, where something of it is still to be put right or decided."""
    try:
        work.commit(viewer, {"upload_id": str(upload_id)}, report)
    except Conflict as refusal:
        viewer.session.rollback()
        return refusal
    return None


def _decided(viewer: Viewer, upload_id: UUID, said: Said) -> bool:
    """Decide what was said beforehand and is asked for now; whether that calls for another check."""
    upload = door.upload(viewer, upload_id, Permission.UPLOAD_WRITE)
    answers = {}
    for question in upload.report.get("questions", []):
        key = corrections.key_of(question)
        value = said.answers.get(key, said.answers.get(question["code"]))
        if value is not None and upload.answers.get(key) != value:
            answers[key] = value
    fixable = set(corrections.codes_of(upload, Severity.WE_CAN_FIX))
    fixes = (fixable & said.fixes) - corrections.fixes(upload)
    unsure = set(corrections.codes_of(upload, Severity.PLEASE_CONFIRM)) - corrections.reasons(upload).keys()
    reasons = {code: said.reasons[code] for code in sorted(unsure & said.reasons.keys())}
    if answers:
        corrections.answer(viewer, upload_id, answers)
    if fixes:
        corrections.fix(viewer, upload_id, sorted(fixes))
    if reasons:
        corrections.confirm(viewer, upload_id, reasons)
    if said.is_holding and not upload.is_holding and not upload.report.get("whole_file_faults", 0):
        corrections.hold(viewer, upload_id, is_holding=True)
    viewer.session.commit()
    return bool(answers or fixes or reasons)


# --- As a job --------------------------------------------------------------------------------------------------------


def ask_for(viewer: Viewer, upload_id: UUID, *, dataset: str, month: str = "", commits: bool) -> Upload:
    """Have a worker take a received upload in, as one dataset and, unless it is "", of one month."""
    return service.ask_for(viewer, upload_id, "take_in", dataset=dataset, month=month, commits=commits)


def run(viewer: Viewer, arguments: Mapping[str, Any], report: Report) -> None:
    """Take an upload in, as it was asked for."""
    said = Said(dataset=arguments["dataset"], month=arguments.get("month", ""))
    take_in(viewer, UUID(arguments["upload_id"]), said, report)
    if arguments["commits"]:
        work.commit(viewer, arguments, report)


HANDLERS: Mapping[str, Handler] = MappingProxyType({**work.HANDLERS, "uploads.take_in": run})


# --- How it stands ---------------------------------------------------------------------------------------------------


def standing(viewer: Viewer, upload_id: UUID, *, dataset: str) -> dict[str, Any]:
    """Say how an upload of one dataset stands: the outcome as `hub upload --json` prints it, and whether it is at work.

    Raises
    ------
    NotFound
        If there is none, or it is not the viewer's to see, or it is of another dataset.
    """
    upload = door.upload(viewer, upload_id, Permission.UPLOAD_READ)
    job = viewer.session.get(Job, upload.job_id) if upload.job_id else None
    if (upload.dataset or (job.arguments.get("dataset") if job else None)) != dataset:
        raise NotFound
    view = views.upload(viewer, upload_id)
    outcome = views.outcome(viewer, upload_id) | {"at_work": view.is_at_work, "progress": view.progress}
    if job is not None and job.state is JobState.CANCELLED and upload.state in door.UNFINISHED:
        stopped = "Somebody stopped this before it was done. Nothing was made live."
        return outcome | {"error": stopped, "remedy": "Send the file again, or go on with it on its page."}
    return outcome | ({"error": view.failure, "remedy": ""} if view.failure else {})


def told(refusal: HubError | None) -> dict[str, str]:
    """A refusal as every script is told it; nothing where there is none."""
    return {"error": refusal.sentence, "remedy": refusal.remedy} if refusal else {}
