"""The steps of an upload, each at its own address: file, columns, receipt; and the acts that move it on."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import BinaryIO, cast
from uuid import UUID

from flask import flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from hub.access import Permission
from hub.errors import BadFile, BadRequest, Conflict, HubError
from hub.uploads import door, files, history, kinds, service, views
from hub.uploads.catalogue import WHEN
from hub.uploads.kinds import MONTH_COUNTS, DatasetKind
from hub.uploads.models import State
from hub.uploads.reading.personal import PersonalData
from hub.uploads.routes import pieces
from hub.uploads.routes.address import bp
from hub.uploads.service import Proposal
from hub.web import file_sent, needs, saw
from hub.words import plural

SECONDS_BETWEEN_LOOKS = 2


@dataclass(frozen=True)
class FieldChoice:
    """One field of a dataset kind, and the column now chosen for it."""

    key: str
    title: str
    hint: str
    is_required: bool
    chosen: str
    samples: tuple[str, ...]
    is_settled: bool
    """Whether it is as it was in the last file, though other columns are not."""


@dataclass(frozen=True)
class ColumnsPage:
    """What the page that matches columns shows."""

    kind: DatasetKind | None
    headings: tuple[str, ...]
    fields: tuple[FieldChoice, ...]
    month_columns: tuple[str, ...]
    unused: tuple[str, ...]
    renamed: tuple[tuple[str, str], ...]
    """The columns of the last such file that are gone, each with what it seems to be called now, or nothing."""
    month: str
    """The one that all rows are said to be of."""
    is_month_wanted: bool
    """Whether no column says when."""


@bp.get("/")
@needs(Permission.UPLOAD_READ)
def index() -> ResponseReturnValue:
    """List the newest uploads."""
    uploads = views.uploads(g.viewer)
    return render_template(
        "uploads/index.html",
        uploads=uploads,
        held=[one for one in uploads if one.held_rows],
        versions=history.held(g.viewer),
    )


@bp.get("/new")
@needs(Permission.UPLOAD_WRITE)
def new() -> ResponseReturnValue:
    """Ask for a file."""
    return _ask_for_file(None)


@bp.post("/new")
@needs(Permission.UPLOAD_WRITE)
def receive() -> ResponseReturnValue:
    """Take a file in."""
    left_out = frozenset(request.form.getlist("leave_out"))
    try:
        with _sent() as (stream, file_name):
            upload = service.receive(g.viewer, stream, file_name, leave_out=left_out)
        if upload.state is State.MAPPED:
            service.ask_for(g.viewer, upload.id, "check")
    except HubError as error:
        g.failed = True
        if isinstance(error, BadFile):
            pieces.forget()  # The same bytes again would be refused again.
        return _ask_for_file(error, left_out), error.status
    pieces.forget()
    return redirect(url_for(".columns" if upload.state is State.RECEIVED else ".show", upload_id=upload.id))


@contextmanager
def _sent() -> Iterator[tuple[BinaryIO, str]]:
    """The file that was sent: with the form, or in pieces before it."""
    sent = file_sent()
    if sent is not None:
        yield cast(BinaryIO, sent.stream), sent.filename or ""
        return
    arrived = pieces.arrived()
    if arrived is None:
        raise BadRequest("No file was chosen.", remedy="Choose the file to upload.")
    path, file_name = arrived
    with path.open("rb") as stream:
        yield stream, file_name


def _ask_for_file(error: HubError | None, left_out: Collection[str] = ()) -> str:
    personal = error if isinstance(error, PersonalData) else None
    beside = [""] if personal and personal.is_beside_the_table else []
    return render_template(
        "uploads/new.html",
        error=error,
        personal=personal,
        leave_out=sorted({*left_out, *personal.columns, *beside}, key=lambda name: (not name, name))
        if personal
        else [],
        kinds=tuple(kinds.catalogue(g.viewer.session).values()),
        limits=files.limits_of(g.viewer.session),
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
    return _ask_for_columns(upload_id, service.propose(g.viewer, upload_id, asked))


@bp.post("/<uuid:upload_id>/columns")
@needs(Permission.UPLOAD_WRITE)
def set_columns(upload_id: UUID) -> ResponseReturnValue:
    """Keep which column fills which field, and have the file checked."""
    proposal = service.propose(g.viewer, upload_id, request.form.get("kind") or None)
    if proposal.kind is None:
        raise BadRequest("It was not said what the file holds.", remedy="Go back and choose a dataset.")
    chosen, twice = _chosen(proposal.kind, proposal, request.form)
    month = request.form.get("month", "")
    try:
        if twice:
            raise BadRequest(
                f"The column '{twice[:80]}' is chosen for two things.", remedy="Choose each column for one thing only."
            )
        service.set_columns(g.viewer, upload_id, proposal.kind.key, chosen, month=month)
    except BadRequest as error:
        g.failed = True
        asked = replace(proposal, column_fields=chosen, renamed={})
        return _ask_for_columns(upload_id, asked, error, month=month), error.status
    service.ask_for(g.viewer, upload_id, "check")
    return redirect(url_for(".show", upload_id=upload_id))


@bp.post("/<uuid:upload_id>/reading")
@needs(Permission.UPLOAD_WRITE)
def read_otherwise(upload_id: UUID) -> ResponseReturnValue:
    """Read another sheet or layer of the file, or find its headings in another row."""
    try:
        service.read_otherwise(
            g.viewer,
            upload_id,
            sheet=request.form.get("sheet", ""),
            heading_row=request.form.get("heading-row", ""),
        )
    except (BadFile, BadRequest) as error:
        g.failed = True
        return _ask_for_columns(upload_id, service.propose(g.viewer, upload_id), error), error.status
    return redirect(url_for(".columns", upload_id=upload_id))


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


def _ask_for_columns(
    upload_id: UUID, proposal: Proposal, error: HubError | None = None, *, month: str | None = None
) -> str:
    """Ask for the columns, and for the month as it was typed or else is kept."""
    upload = views.upload(g.viewer, upload_id)
    saw("upload.rows_viewed", upload_id, upload.borough_codes)  # Beside each field stand a few cells of its column.
    return render_template(
        "uploads/columns.html",
        upload=upload,
        page=_columns_page(proposal, upload.month_said if month is None else month),
        kinds=tuple(kinds.catalogue(g.viewer.session).values()),
        error=error,
    )


def _columns_page(proposal: Proposal, month: str) -> ColumnsPage:
    if proposal.kind is None:
        return ColumnsPage(None, proposal.headings, (), (), (), (), "", is_month_wanted=False)
    filled = {key: heading for heading, key in proposal.column_fields.items() if key != MONTH_COUNTS}
    samples = {column.heading: column.samples for column in proposal.columns}
    asked = {filled_by for filled_by in proposal.renamed.values() if filled_by}
    fields = tuple(
        FieldChoice(
            key=one.key,
            title=one.title,
            hint=one.hint,
            is_required=one.is_required,
            chosen=filled.get(one.key, ""),
            samples=samples.get(filled.get(one.key, ""), ()),
            is_settled=bool(proposal.renamed) and one.key in filled and filled[one.key] not in asked,
        )
        for one in proposal.kind.fields
        if one.key != MONTH_COUNTS
    )
    return ColumnsPage(
        kind=proposal.kind,
        headings=proposal.headings,
        fields=fields,
        month_columns=tuple(heading for heading, key in proposal.column_fields.items() if key == MONTH_COUNTS),
        unused=tuple(heading for heading in proposal.headings if heading not in proposal.column_fields),
        renamed=tuple(proposal.renamed.items()),
        month=month,
        is_month_wanted=not {*WHEN, MONTH_COUNTS}.intersection(proposal.column_fields.values()),
    )


@bp.post("/<uuid:upload_id>/commit")
@needs(Permission.UPLOAD_COMMIT)
def commit(upload_id: UUID) -> ResponseReturnValue:
    """Have a checked upload made live."""
    if views.upload(g.viewer, upload_id).state is State.CHECKED:
        service.ask_for(g.viewer, upload_id, "commit", seen=request.form.get("seen", "")[:64])
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


@bp.post("/<uuid:upload_id>/cancel")
@needs(Permission.UPLOAD_WRITE)
def cancel(upload_id: UUID) -> ResponseReturnValue:
    """Stop a check that is at work."""
    if service.cancel(g.viewer, upload_id):
        flash("The check was stopped. The file and all you did to it are kept.", "success")
    return redirect(url_for(".show", upload_id=upload_id))


@bp.post("/<uuid:upload_id>/held")
@needs(Permission.UPLOAD_WRITE)
def settle_held(upload_id: UUID) -> ResponseReturnValue:
    """Take up the rows that an upload held back, or give them up."""
    if request.form.get("act") == "discard":
        upload = service.discard_held(g.viewer, upload_id)
        flash(f"The rows of {upload.file_name} that were held are discarded. What is live stays.", "success")
        return redirect(url_for(".index"))
    again = service.fix_held(g.viewer, upload_id)
    service.ask_for(g.viewer, again.id, "check")
    return redirect(url_for(".show", upload_id=again.id))


@bp.app_template_filter()
def area_words(boroughs: tuple[str, ...]) -> str:
    """Name a few boroughs, or say how many."""
    return ", ".join(boroughs) if len(boroughs) <= 3 else plural(len(boroughs), "borough")
