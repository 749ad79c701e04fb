"""The workbench of a check: its page, the acts on its problems, the map of its points, the file given back marked."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from uuid import UUID

from flask import Response, flash, g, jsonify, redirect, render_template, request, send_file, url_for
from flask.typing import ResponseReturnValue

from geo.frames import to_longitude_latitude
from hub.access import Permission
from hub.errors import BadRequest, HubError
from hub.places import service as places
from hub.uploads import corrections, marks, previews, service, views, workbench
from hub.uploads.corrections import Cell
from hub.uploads.models import State
from hub.uploads.routes.address import bp
from hub.web import needs, saw
from hub.words import plain_cell

PROBLEM_COLUMNS = ("row", "column", "code", "severity", "message", "suggestion")
CELL = re.compile(r"(cell|take)-(\d{1,9})-(\d{1,3})")
LEAVE = re.compile(r"leave-(\d{1,9})")
REASON = "reason-"
NOTHING_TYPED: Mapping[str, str] = MappingProxyType({})


# --- The page --------------------------------------------------------------------------------------------------------


@bp.get("/<uuid:upload_id>/check")
@needs(Permission.UPLOAD_READ)
def check(upload_id: UUID) -> ResponseReturnValue:
    """Show what a check found, what can be done about it, and what committing would change."""
    upload = views.upload(g.viewer, upload_id)
    if upload.state is not State.CHECKED or upload.is_at_work:
        return redirect(url_for(".show", upload_id=upload_id))
    return _bench(upload_id, None)


def _bench(upload_id: UUID, error: HubError | None, typed: Mapping[str, str] = NOTHING_TYPED) -> str:
    upload = views.upload(g.viewer, upload_id)
    saw("upload.rows_viewed", upload_id, upload.borough_codes)
    return render_template(
        "uploads/check.html",
        upload=upload,
        bench=workbench.workbench(g.viewer, upload_id, code=request.args.get("code", "")[:40], page=_page()),
        preview=previews.preview(g.viewer, upload_id),
        error=error,
        typed=typed,
    )


def _page() -> int:
    asked = request.args.get("page", "1")
    if not asked.isdecimal() or len(asked) > len("100000"):
        raise BadRequest(f"There is no page '{asked[:20]}'.", remedy="Use the links below the table.")
    return int(asked)


@bp.get("/<uuid:upload_id>/rows/<int:number>")
@needs(Permission.UPLOAD_READ)
def row(upload_id: UUID, number: int) -> ResponseReturnValue:
    """Show one row with problems whole, every cell of it to be edited."""
    upload = views.upload(g.viewer, upload_id)
    if upload.state is not State.CHECKED or upload.is_at_work:
        return redirect(url_for(".show", upload_id=upload_id))
    saw("upload.rows_viewed", upload_id, upload.borough_codes, row=number)
    return render_template(
        "uploads/row.html", upload=upload, row=workbench.row(g.viewer, upload_id, number), error=None, typed={}
    )


# --- The acts --------------------------------------------------------------------------------------------------------


@bp.post("/<uuid:upload_id>/cells")
@needs(Permission.UPLOAD_WRITE)
def edit(upload_id: UUID) -> ResponseReturnValue:
    """Keep the cells edited and the rows left out, and have the file checked again."""
    headings: list[str] = views.upload(g.viewer, upload_id).report["headings"]
    left_out = [int(found[1]) for name in request.form if (found := LEAVE.fullmatch(name))]
    try:
        changed = corrections.edit(g.viewer, upload_id, _cells(headings, request.form))
        changed += corrections.leave_out(g.viewer, upload_id, left_out)
    except BadRequest as error:
        g.failed = True
        g.viewer.session.rollback()
        return _bench(upload_id, error, request.form), error.status
    return _check_again(upload_id, changed)


def _cells(headings: list[str], form: Mapping[str, str]) -> Iterator[Cell]:
    """Read the cells of a form; a suggestion taken stands above what its cell holds."""
    values = {(kind, int(row), int(position)): form[name] for name, kind, row, position in _named(form)}
    for (kind, row, position), value in values.items():
        if position < len(headings) and (kind == "take" or ("take", row, position) not in values):
            yield Cell(row, headings[position], value)


def _named(form: Mapping[str, str]) -> Iterator[tuple[str, str, str, str]]:
    for name in form:
        if found := CELL.fullmatch(name):
            yield name, found[1], found[2], found[3]


@bp.post("/<uuid:upload_id>/problems")
@needs(Permission.UPLOAD_WRITE)
def decide(upload_id: UUID) -> ResponseReturnValue:
    """Fix, take the suggestions for, leave out or put back all problems of one kind."""
    act, code = request.form.get("act", ""), request.form.get("code", "")
    if act == "fix":
        corrections.fix(g.viewer, upload_id, [code])
        return _check_again(upload_id, 1)
    if act == "withdraw":
        corrections.withdraw(g.viewer, upload_id, code)
        return _check_again(upload_id, 1)
    if act == "suggest":
        return _check_again(upload_id, corrections.take_suggestions(g.viewer, upload_id, code))
    if act == "leave-out":
        return _check_again(upload_id, corrections.leave_out_all(g.viewer, upload_id, code))
    if act == "put-back":
        row = request.form.get("row", "")
        return _check_again(upload_id, corrections.put_back(g.viewer, upload_id, int(row) if row.isdecimal() else 0))
    raise BadRequest("It was not said what is to be done.", remedy="Go back to the check and use its buttons.")


@bp.post("/<uuid:upload_id>/reasons")
@needs(Permission.UPLOAD_WRITE)
def confirm(upload_id: UUID) -> ResponseReturnValue:
    """Keep why what looks wrong is right."""
    said = {name.removeprefix(REASON): value for name, value in request.form.items() if name.startswith(REASON)}
    try:
        corrections.confirm(g.viewer, upload_id, {code: words for code, words in said.items() if words.strip()})
        if not any(words.strip() for words in said.values()):
            raise BadRequest("No reason was given.", remedy="Say for at least one of them why it is right.")
    except BadRequest as error:
        g.failed = True
        g.viewer.session.rollback()
        return _bench(upload_id, error, request.form), error.status
    flash("Your reasons are kept with the upload.", "success")
    return redirect(url_for(".check", upload_id=upload_id))


@bp.post("/<uuid:upload_id>/answers")
@needs(Permission.UPLOAD_WRITE)
def answer(upload_id: UUID) -> ResponseReturnValue:
    """Answer what the check asked, and have the file checked again."""
    answers = {
        name.removeprefix("answer-"): value
        for name, value in request.form.items()
        if value and name.startswith("answer-")
    }
    if not answers:
        raise BadRequest("No answer was chosen.", remedy="Go back and choose one.")
    corrections.answer(g.viewer, upload_id, answers)
    return _check_again(upload_id, len(answers))


@bp.post("/<uuid:upload_id>/hold")
@needs(Permission.UPLOAD_WRITE)
def hold(upload_id: UUID) -> ResponseReturnValue:
    """Let the good rows go ahead while the bad ones are held, or no longer."""
    corrections.hold(g.viewer, upload_id, is_holding=request.form.get("hold") == "yes")
    return redirect(url_for(".check", upload_id=upload_id, _anchor="commit"))


@bp.post("/<uuid:upload_id>/check")
@needs(Permission.UPLOAD_WRITE)
def check_again(upload_id: UUID) -> ResponseReturnValue:
    """Have the file checked again."""
    return _check_again(upload_id, 1)


def _check_again(upload_id: UUID, changed: int) -> ResponseReturnValue:
    if not changed:
        flash("Nothing was changed: every cell holds what it held before.")
        return redirect(url_for(".check", upload_id=upload_id))
    service.ask_for(g.viewer, upload_id, "check")
    return redirect(url_for(".show", upload_id=upload_id))


# --- To take away ----------------------------------------------------------------------------------------------------


@bp.get("/<uuid:upload_id>/problems.csv")
@needs(Permission.UPLOAD_READ)
def problems(upload_id: UUID) -> ResponseReturnValue:
    """Give every problem as a file to work through."""
    written = io.StringIO()
    writer = csv.writer(written)
    writer.writerow(PROBLEM_COLUMNS)
    for problem in views.all_problems(g.viewer, upload_id).select(PROBLEM_COLUMNS).iter_rows():
        writer.writerow([plain_cell(value) if isinstance(value, str) else value for value in problem])
    saw("upload.problems_downloaded", upload_id, views.upload(g.viewer, upload_id).borough_codes)
    answer = Response(written.getvalue().encode("utf-8-sig"), mimetype="text/csv")
    answer.headers.set("Content-Disposition", "attachment", filename="problems.csv")
    return answer


@bp.post("/<uuid:upload_id>/marked")
@needs(Permission.UPLOAD_WRITE)
def marked(upload_id: UUID) -> ResponseReturnValue:
    """Give the sender's own file back, with every problem marked in its cell."""
    copy = marks.marked_copy(g.viewer, upload_id)
    return send_file(copy.path, copy.mimetype, as_attachment=True, download_name=copy.file_name)


@bp.get("/<uuid:upload_id>/points")
@needs(Permission.UPLOAD_READ)
def points(upload_id: UUID) -> ResponseReturnValue:
    """Give the places of a checked file, and the boroughs they should lie in, for its map."""
    found, without_place = previews.points(g.viewer, upload_id)
    longitude, latitude = to_longitude_latitude(found["easting"].to_numpy(), found["northing"].to_numpy())
    upload = views.upload(g.viewer, upload_id)
    saw("upload.points_viewed", upload_id, upload.borough_codes)
    codes = upload.report["boroughs"]
    outlines = places.borough_outlines(g.viewer.session, codes).to_crs(4326)
    return jsonify(
        longitude=[round(float(one), 6) for one in longitude],
        latitude=[round(float(one), 6) for one in latitude],
        placed=found["placed"].to_list(),
        count=found["count"].to_list(),
        without_place=without_place,
        boroughs=outlines.geometry.__geo_interface__,
    )
