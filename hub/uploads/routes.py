"""The pages of an upload, each step at its own address: file, columns, check, receipt."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass
from typing import BinaryIO, cast
from uuid import UUID

from flask import Blueprint, Response, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from hub.access import Permission
from hub.errors import BadFile, BadRequest, Conflict, HubError
from hub.uploads import door, files, previews, service, views
from hub.uploads.confined import Column
from hub.uploads.findings import Severity
from hub.uploads.kinds import DATASETS, MONTH_COUNTS, DatasetKind
from hub.uploads.models import State
from hub.uploads.service import Proposal
from hub.web import needs
from hub.words import plain_cell, plural

SECONDS_BETWEEN_LOOKS = 2
PROBLEM_COLUMNS = ("row", "column", "code", "severity", "message")

bp = Blueprint("uploads", __name__, url_prefix="/uploads")


@dataclass(frozen=True)
class FieldChoice:
    """One field of a dataset kind, and the column now chosen for it."""

    key: str
    title: str
    hint: str
    is_required: bool
    chosen: str
    samples: tuple[str, ...]


@dataclass(frozen=True)
class ColumnsPage:
    """What the page that matches columns shows."""

    kind: DatasetKind | None
    headings: tuple[str, ...]
    fields: tuple[FieldChoice, ...]
    month_columns: tuple[str, ...]
    unused: tuple[str, ...]


@bp.get("/")
@needs(Permission.UPLOAD_READ)
def index() -> ResponseReturnValue:
    """List the newest uploads."""
    return render_template("uploads/index.html", uploads=views.uploads(g.viewer))


@bp.get("/new")
@needs(Permission.UPLOAD_WRITE)
def new() -> ResponseReturnValue:
    """Ask for a file."""
    return _ask_for_file(None)


@bp.post("/new")
@needs(Permission.UPLOAD_WRITE)
def receive() -> ResponseReturnValue:
    """Take a file in."""
    sent = request.files.get("file")
    try:
        if sent is None or not sent.filename:
            raise BadFile("No file was chosen.", remedy="Choose the file to upload.")
        upload = service.receive(g.viewer, cast(BinaryIO, sent.stream), sent.filename)
    except HubError as error:
        g.failed = True
        return _ask_for_file(error), error.status
    return redirect(url_for(".columns", upload_id=upload.id))


def _ask_for_file(error: HubError | None) -> str:
    return render_template(
        "uploads/new.html", error=error, kinds=tuple(DATASETS.values()), limits=files.limits_of(g.viewer.session)
    )


@bp.get("/<uuid:upload_id>")
@needs(Permission.UPLOAD_READ)
def show(upload_id: UUID) -> ResponseReturnValue:
    """Show how an upload stands: at work, waiting for its next step, or done."""
    upload = views.upload(g.viewer, upload_id)
    if upload.is_at_work:
        return render_template("uploads/at_work.html", upload=upload, seconds=SECONDS_BETWEEN_LOOKS)
    if upload.state is State.CHECKED:
        return redirect(url_for(".check", upload_id=upload_id))
    if upload.state in door.UNFINISHED and not upload.failure and upload.may_write:
        return redirect(url_for(".columns", upload_id=upload_id))
    return render_template("uploads/show.html", upload=upload)


@bp.get("/<uuid:upload_id>/columns")
@needs(Permission.UPLOAD_WRITE)
def columns(upload_id: UUID) -> ResponseReturnValue:
    """Show which column fills which field, to be put right or confirmed."""
    asked = request.args.get("kind") or None
    return _ask_for_columns(upload_id, service.propose(g.viewer, upload_id, asked), None)


@bp.post("/<uuid:upload_id>/columns")
@needs(Permission.UPLOAD_WRITE)
def set_columns(upload_id: UUID) -> ResponseReturnValue:
    """Keep which column fills which field, and have the file checked."""
    proposal = service.propose(g.viewer, upload_id, request.form.get("kind") or None)
    if proposal.kind is None:
        raise BadRequest("It was not said what the file holds.", remedy="Go back and choose a dataset.")
    chosen, twice = _chosen(proposal.kind, proposal, request.form)
    try:
        if twice:
            raise BadRequest(
                f"The column '{twice[:80]}' is chosen for two things.", remedy="Choose each column for one thing only."
            )
        service.set_columns(g.viewer, upload_id, proposal.kind.key, chosen)
    except BadRequest as error:
        g.failed = True
        shown = Proposal(proposal.headings, proposal.kind, chosen)
        return _ask_for_columns(upload_id, shown, error), error.status
    service.ask_for(g.viewer, upload_id, "check")
    return redirect(url_for(".show", upload_id=upload_id))


def _chosen(kind: DatasetKind, proposal: Proposal, form: Mapping[str, str]) -> tuple[dict[str, str], str]:
    """Read which column was chosen for each field, and one chosen twice; months are the columns headed by a month."""
    chosen: dict[str, str] = {}
    twice = ""
    for field in kind.fields:
        heading = form.get(f"field-{field.key}", "")
        if heading in chosen:
            twice = heading
        elif heading:
            chosen[heading] = field.key
    months = {heading: field for heading, field in proposal.column_fields.items() if field == MONTH_COUNTS}
    return {**{heading: field for heading, field in months.items() if heading not in chosen}, **chosen}, twice


def _ask_for_columns(upload_id: UUID, proposal: Proposal, error: HubError | None) -> str:
    upload = views.upload(g.viewer, upload_id)
    samples = {column.heading: column for column in service.look(g.viewer, upload_id)}
    return render_template(
        "uploads/columns.html",
        upload=upload,
        page=_columns_page(proposal, samples),
        kinds=tuple(DATASETS.values()),
        error=error,
    )


def _columns_page(proposal: Proposal, columns_sent: Mapping[str, Column]) -> ColumnsPage:
    if proposal.kind is None:
        return ColumnsPage(None, proposal.headings, (), (), ())
    filled = {field: heading for heading, field in proposal.column_fields.items() if field != MONTH_COUNTS}
    fields = tuple(
        FieldChoice(
            key=field.key,
            title=field.title,
            hint=field.hint,
            is_required=field.is_required,
            chosen=filled.get(field.key, ""),
            samples=columns_sent[filled[field.key]].samples if field.key in filled else (),
        )
        for field in proposal.kind.fields
        if field.key != MONTH_COUNTS
    )
    return ColumnsPage(
        kind=proposal.kind,
        headings=proposal.headings,
        fields=fields,
        month_columns=tuple(heading for heading, field in proposal.column_fields.items() if field == MONTH_COUNTS),
        unused=tuple(heading for heading in proposal.headings if heading not in proposal.column_fields),
    )


@bp.get("/<uuid:upload_id>/check")
@needs(Permission.UPLOAD_READ)
def check(upload_id: UUID) -> ResponseReturnValue:
    """Show what a check found, and what committing would change."""
    upload = views.upload(g.viewer, upload_id)
    if upload.state is not State.CHECKED or upload.is_at_work:
        return redirect(url_for(".show", upload_id=upload_id))
    return render_template(
        "uploads/check.html",
        upload=upload,
        problems=views.problems(g.viewer, upload_id, _page()),
        preview=previews.preview(g.viewer, upload_id),
        severities={str(severity): severity.words for severity in Severity},
    )


def _page() -> int:
    asked = request.args.get("page", "1")
    if not asked.isdecimal() or len(asked) > len("100000"):
        raise BadRequest(f"There is no page '{asked[:20]}'.", remedy="Use the links below the table.")
    return int(asked)


@bp.get("/<uuid:upload_id>/problems.csv")
@needs(Permission.UPLOAD_READ)
def problems(upload_id: UUID) -> ResponseReturnValue:
    """Give every problem as a file to work through."""
    written = io.StringIO()
    writer = csv.writer(written)
    writer.writerow(PROBLEM_COLUMNS)
    for problem in views.all_problems(g.viewer, upload_id).select(PROBLEM_COLUMNS).iter_rows():
        writer.writerow([plain_cell(value) if isinstance(value, str) else value for value in problem])
    answer = Response(written.getvalue().encode("utf-8-sig"), mimetype="text/csv")
    answer.headers.set("Content-Disposition", "attachment", filename="problems.csv")
    return answer


@bp.post("/<uuid:upload_id>/commit")
@needs(Permission.UPLOAD_COMMIT)
def commit(upload_id: UUID) -> ResponseReturnValue:
    """Have a checked upload made live."""
    if views.upload(g.viewer, upload_id).state is State.CHECKED:
        service.ask_for(g.viewer, upload_id, "commit")
    return redirect(url_for(".show", upload_id=upload_id))


@bp.post("/<uuid:upload_id>/undo")
@needs(Permission.UPLOAD_COMMIT)
def undo(upload_id: UUID) -> ResponseReturnValue:
    """Make what was live before live again."""
    upload = service.undo(g.viewer, upload_id)
    flash(f"{upload.file_name} was undone. What was live before it is live again.", "success")
    return redirect(url_for(".show", upload_id=upload_id))


@bp.post("/<uuid:upload_id>/discard")
@needs(Permission.UPLOAD_WRITE)
def discard(upload_id: UUID) -> ResponseReturnValue:
    """Give up an upload that is not live."""
    if views.upload(g.viewer, upload_id).is_at_work:
        raise Conflict("This upload is being worked on.", remedy="Wait until it is done, then discard it.")
    upload = service.discard(g.viewer, upload_id)
    flash(f"{upload.file_name} was discarded and its file removed. Nothing that is live changed.", "success")
    return redirect(url_for(".index"))


@bp.app_template_filter()
def area_words(boroughs: tuple[str, ...]) -> str:
    """Name a few boroughs, or say how many."""
    return ", ".join(boroughs) if len(boroughs) <= 3 else plural(len(boroughs), "borough")
