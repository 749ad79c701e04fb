"""What people decide while they put an upload right: cells edited, rows left out, fixes, reasons, answers, held rows.

The file itself is never changed: a check applies what is decided here, and `versions.said` names it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from uuid import UUID

import polars as pl
from sqlalchemy import delete

from hub import audit
from hub.access import Permission, Viewer
from hub.errors import BadRequest, Conflict
from hub.uploads import door, settling, versions
from hub.uploads.findings import Severity, in_a_list
from hub.uploads.models import Act, Decision, Edit, State, Upload
from hub.uploads.reader import CELLS
from hub.words import plural

LEFT_OUT = ""
"""In place of a column: the whole row is left out."""
LONGEST_VALUE, LONGEST_REASON, SHORTEST_REASON = 1_000, 500, 5
MOST_EDITS = 20_000
EDITS = {"row": pl.Int64, "column": pl.String, "value": pl.String}


@dataclass(frozen=True)
class Cell:
    """One cell of a file, by the row that a spreadsheet shows and its heading, and what should stand there."""

    row: int
    column: str
    value: str | None


# --- Cells -----------------------------------------------------------------------------------------------------------


def edit(viewer: Viewer, upload_id: UUID, cells: Iterable[Cell]) -> int:
    """Keep what should stand in some cells of the rows with problems; returns how many of them changed.

    A cell given the file's own value is no longer edited.

    Raises
    ------
    BadRequest
        If a row has no problem, a column does not exist, or a value is too long; nothing is kept then.
    """
    upload = _open(viewer, upload_id)
    own = _own_cells(viewer, upload)
    kept = {(one.row, one.column): one for one in upload.edits}
    changed = 0
    for cell in cells:
        _refuse_unknown(upload, cell, own.keys() | {row for row, _ in kept})
        value = (cell.value or "").strip() or None
        present = kept.get((cell.row, cell.column))
        if (present.value if present else own.get(cell.row, {}).get(cell.column)) == value:
            continue
        changed += 1
        if cell.row in own and own[cell.row].get(cell.column) == value:
            _forget(viewer, upload, cell.row, cell.column)
        elif present:
            present.value, present.editor_id, present.edited_at = value, viewer.person_id, door.now()
        else:
            _add(viewer, upload, cell.row, cell.column, value)
    return _kept(viewer, upload, changed, "upload.edited")


def leave_out(viewer: Viewer, upload_id: UUID, rows: Iterable[int]) -> int:
    """Leave whole rows out of an upload; returns how many more."""
    upload = _open(viewer, upload_id)
    known = _own_cells(viewer, upload).keys()
    gone = {one.row for one in upload.edits if one.column == LEFT_OUT}
    more = sorted(set(rows) - gone)
    for row in more:
        _refuse_unknown(upload, Cell(row, LEFT_OUT, None), known)
        _add(viewer, upload, row, LEFT_OUT, None)
    return _kept(viewer, upload, len(more), "upload.rows_left_out")


def put_back(viewer: Viewer, upload_id: UUID, row: int) -> int:
    """Take back every change of one row, or of all rows (0); returns how many changes."""
    upload = _open(viewer, upload_id)
    taken = [one for one in upload.edits if row in {0, one.row}]
    for one in taken:
        _forget(viewer, upload, one.row, one.column)
    return _kept(viewer, upload, len(taken), "upload.put_back")


def take_suggestions(viewer: Viewer, upload_id: UUID, code: str) -> int:
    """Take every value suggested for problems of one code; returns how many cells changed."""
    upload = door.upload(viewer, upload_id, Permission.UPLOAD_WRITE)
    suggested = _problems(viewer, upload, code).filter(is_a_value("suggestion"), pl.col("column").is_not_null())
    columns = suggested.select("row", "column", "suggestion").iter_rows()
    return edit(viewer, upload_id, [Cell(*one) for one in columns])


def is_a_value(suggestion: str) -> pl.Expr:
    """Whether what is suggested can stand in a cell, and is not that the row be left out."""
    return pl.col(suggestion).is_not_null() & (pl.col(suggestion) != settling.LEFT_OUT)


def leave_out_all(viewer: Viewer, upload_id: UUID, code: str) -> int:
    """Leave out every row with a problem of one code; returns how many."""
    upload = door.upload(viewer, upload_id, Permission.UPLOAD_WRITE)
    return leave_out(viewer, upload_id, _problems(viewer, upload, code)["row"].unique())


def edits(upload: Upload) -> pl.DataFrame:
    """What was edited, as a check takes it."""
    return pl.DataFrame([(one.row, one.column, one.value) for one in upload.edits], EDITS, orient="row")


def _problems(viewer: Viewer, upload: Upload, code: str) -> pl.DataFrame:
    return door.found(viewer, upload, "problems").filter(pl.col("code") == code, pl.col("row").is_not_null())


def _own_cells(viewer: Viewer, upload: Upload) -> dict[int, dict[str, str | None]]:
    """The file's own cells of the rows with problems, by row and heading."""
    headings = upload.report["headings"]
    cells = door.found(viewer, upload, CELLS)
    names = [str(position) for position in range(len(headings))]
    return {row: dict(zip(headings, values, strict=True)) for row, *values in cells.select("row", *names).iter_rows()}


def _refuse_unknown(upload: Upload, cell: Cell, rows: Collection[int]) -> None:
    if cell.row not in rows:
        raise BadRequest(
            f"Row {cell.row:,} is not among those with a problem.",
            remedy="Go back to the check and choose one of them.",
        )
    if cell.column not in {*upload.report["headings"], LEFT_OUT}:
        raise BadRequest(f"The file has no column '{cell.column[:80]}'.", remedy="Go back to the check.")
    if len(cell.value or "") > LONGEST_VALUE:
        raise BadRequest(
            f"What stands in row {cell.row:,}, column '{cell.column}' is longer than {LONGEST_VALUE:,} characters.",
            remedy="Shorten it.",
        )


def _add(viewer: Viewer, upload: Upload, row: int, column: str, value: str | None) -> None:
    viewer.session.add(
        Edit(
            upload_id=upload.id,
            area_key=upload.area_key,
            row=row,
            column=column,
            value=value,
            editor_id=viewer.person_id,
            edited_at=door.now(),
        )
    )


def _forget(viewer: Viewer, upload: Upload, row: int, column: str) -> None:
    gone = delete(Edit).where(Edit.upload_id == upload.id, Edit.row == row, Edit.column == column)
    viewer.session.execute(gone.execution_options(synchronize_session="fetch"))


def _kept(viewer: Viewer, upload: Upload, changed: int, action: str) -> int:
    viewer.session.flush()
    viewer.session.expire(upload, ["edits"])
    if len(upload.edits) > MOST_EDITS:
        raise BadRequest(
            f"More than {MOST_EDITS:,} changes on screen are too many for one file.",
            remedy="Download your file with the problems marked, correct it there, and upload it again.",
        )
    if changed:
        audit.record(viewer, action, upload.id, boroughs=door.boroughs(upload), changes=changed)
    return changed


# --- Decisions -------------------------------------------------------------------------------------------------------


def fix(viewer: Viewer, upload_id: UUID, codes: Collection[str]) -> None:
    """Have the hub put right every problem of some codes, as each finding says."""
    upload = _open(viewer, upload_id)
    fixable = codes_of(upload, Severity.WE_CAN_FIX)
    for code in codes:
        if code not in fixable:
            raise Conflict(f"There is nothing to fix under '{code[:40]}'.", remedy="Look at the check again.")
        _decide(viewer, upload, code, Act.FIX, "")


def confirm(viewer: Viewer, upload_id: UUID, reasons: Mapping[str, str]) -> None:
    """Say why what looks wrong is right, by code.

    Raises
    ------
    BadRequest
        If a reason is missing or too long; nothing is kept then.
    """
    upload = _open(viewer, upload_id)
    asked = codes_of(upload, Severity.PLEASE_CONFIRM)
    for code, reason in reasons.items():
        words = " ".join(reason.split())
        if code not in asked:
            raise Conflict(f"There is nothing to confirm under '{code[:40]}'.", remedy="Look at the check again.")
        if not SHORTEST_REASON <= len(words) <= LONGEST_REASON:
            raise BadRequest(
                "A reason is missing." if len(words) < SHORTEST_REASON else "A reason is too long.",
                remedy=f"Say in {SHORTEST_REASON} to {LONGEST_REASON} characters why it is right, "
                "for whoever asks later.",
            )
        _decide(viewer, upload, code, Act.CONFIRM, words)


def withdraw(viewer: Viewer, upload_id: UUID, code: str) -> None:
    """Take back a fix or a reason."""
    upload = _open(viewer, upload_id)
    gone = delete(Decision).where(Decision.upload_id == upload.id, Decision.code == code)
    viewer.session.execute(gone.execution_options(synchronize_session="fetch"))
    viewer.session.expire(upload, ["decisions"])
    audit.record(viewer, "upload.decision_withdrawn", upload.id, boroughs=door.boroughs(upload), code=code[:40])


def answer(viewer: Viewer, upload_id: UUID, answers: Mapping[str, str]) -> None:
    """Answer what the last check asked about the whole file.

    Raises
    ------
    BadRequest
        If a question was not asked, or the answer is none of its choices.
    """
    upload = _open(viewer, upload_id)
    asked = {key_of(one): {value for value, _ in one["choices"]} for one in upload.report.get("questions", [])}
    for key, value in answers.items():
        if value not in asked.get(key, set()):
            raise BadRequest("That answer was not among those offered.", remedy="Choose one of those shown.")
    upload.answers = {**upload.answers, **answers}
    viewer.session.flush()
    asked_of = sorted({key.partition(":")[0] for key in answers})
    audit.record(viewer, "upload.answered", upload.id, boroughs=door.boroughs(upload), questions=asked_of)


def key_of(question: Mapping[str, str | None]) -> str:
    """Under what name a question's answer is kept."""
    return f"{question['code']}:{question['column']}" if question.get("column") else str(question["code"])


def fixes(upload: Upload) -> frozenset[str]:
    """The codes of the problems that the hub is to put right."""
    return frozenset(one.code for one in upload.decisions if one.act is Act.FIX)


def reasons(upload: Upload) -> dict[str, str]:
    """Why what looks wrong is right, by code."""
    return {one.code: one.reason for one in upload.decisions if one.act is Act.CONFIRM}


def codes_of(upload: Upload, severity: Severity) -> list[str]:
    """The codes of one gravity that the last check found."""
    return [code for code, one in upload.report.get("problems", {}).items() if one["severity"] == severity]


def _decide(viewer: Viewer, upload: Upload, code: str, act: Act, reason: str) -> None:
    viewer.session.merge(
        Decision(
            upload_id=upload.id,
            area_key=upload.area_key,
            code=code,
            act=act,
            reason=reason,
            decider_id=viewer.person_id,
            decided_at=door.now(),
        )
    )
    viewer.session.flush()
    viewer.session.expire(upload, ["decisions"])
    audit.record(viewer, f"upload.{act}", upload.id, boroughs=door.boroughs(upload), code=code)


# --- Held rows -------------------------------------------------------------------------------------------------------


def hold(viewer: Viewer, upload_id: UUID, *, is_holding: bool) -> None:
    """Have the good rows go ahead while those that must be fixed are held, or no longer.

    Raises
    ------
    Conflict
        If something is wrong with the file as a whole, which no row can be held for.
    """
    upload = _open(viewer, upload_id)
    if is_holding and upload.report.get("whole_file_faults", 0):
        raise Conflict(
            "Something is wrong with the file as a whole, so its good rows cannot go ahead.",
            remedy="Put right what concerns the whole file first.",
        )
    upload.is_holding = is_holding
    viewer.session.flush()
    audit.record(viewer, "upload.hold_chosen", upload.id, boroughs=door.boroughs(upload), holds=is_holding)


def copy(viewer: Viewer, source: Upload, destination: Upload) -> None:
    """Give one upload all that was decided about another of the same file."""
    for one in source.edits:
        _add(viewer, destination, one.row, one.column, one.value)
    viewer.session.add_all(
        Decision(
            upload_id=destination.id,
            area_key=destination.area_key,
            code=one.code,
            act=one.act,
            reason=one.reason,
            decider_id=one.decider_id,
            decided_at=one.decided_at,
        )
        for one in source.decisions
    )
    viewer.session.flush()


def refuse_unready(upload: Upload) -> None:
    """Refuse an upload of which something is still to be decided.

    Raises
    ------
    Conflict
        Saying what.
    """
    report = upload.report
    if not is_checked_as_said(upload):
        raise Conflict("This upload was changed since it was checked.", remedy="Check it again, then commit it.")
    if report.get("whole_file_faults", 0):
        raise Conflict(
            f"{plural(report['whole_file_faults'], 'problem')} of the whole file must be fixed before it can be "
            "committed.",
            remedy="See the check for each, with its cure.",
        )
    faulty = door.counted(report, Severity.MUST_FIX) + door.counted(report, Severity.WE_CAN_FIX)
    if faulty and not upload.is_holding:
        raise Conflict(
            f"{plural(faulty, 'problem')} of this upload must be fixed before it can be committed.",
            remedy="Fix them on the page of the check or in the file, leave their rows out, or hold them back.",
        )
    unsaid = [code for code in codes_of(upload, Severity.PLEASE_CONFIRM) if code not in reasons(upload)]
    if unsaid:
        raise Conflict(
            f"{plural(len(unsaid), 'thing')} to confirm: {in_a_list([code.replace('_', ' ') for code in unsaid])}.",
            remedy="Say why it is right, or correct it, then commit.",
        )


def is_checked_as_said(upload: Upload) -> bool:
    """Whether nothing was changed since the check."""
    return bool(upload.report.get("said") == versions.said(upload))


def _open(viewer: Viewer, upload_id: UUID) -> Upload:
    upload = door.upload(viewer, upload_id, Permission.UPLOAD_WRITE, lock=True)
    if upload.state is not State.CHECKED:
        raise Conflict(
            "This upload is not at its check.", remedy="Check it first, or open the upload to see how it stands."
        )
    return upload
