"""What the page of a check shows: how the rows stand, the problems by kind, the cells to put right. Changes nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import polars as pl

from hub import words
from hub.access import Permission, Viewer
from hub.errors import NotFound
from hub.uploads import corrections, door
from hub.uploads.corrections import LEFT_OUT
from hub.uploads.findings import GRAVEST_FIRST, Severity
from hub.uploads.kinds import MONTH_COUNTS
from hub.uploads.models import Upload
from hub.uploads.reader import CELLS

ROWS_A_PAGE = 20
MOST_POINTS = 20_000
MOST_CHANGES_LISTED = 200
TO_DO = (Severity.MUST_FIX, Severity.WE_CAN_FIX, Severity.PLEASE_CONFIRM)


# --- How the rows stand ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Standing:
    """How many rows of a file are ready, and how many are not and why."""

    rows: int
    ready: int
    we_can_fix: int
    must_fix: int
    to_confirm: int
    outside: int
    left_out: int

    @property
    def sentence(self) -> str:
        """The result of a check in one sentence."""
        parts = [f"{self.ready:,} ready"]
        for count, what in (
            (self.we_can_fix, "we can fix"),
            (self.must_fix, "you must fix"),
            (self.to_confirm, "to confirm"),
            (self.outside, "outside your boroughs"),
            (self.left_out, "left out by you"),
        ):
            parts += [f"{count:,} {what}"] if count else []
        return f"{words.plural(self.rows, 'row')}: {', '.join(parts)}."


def _standing(upload: Upload, problems: pl.DataFrame) -> Standing:
    report = upload.report
    left_out = sum(1 for one in upload.edits if one.column == LEFT_OUT)
    rows = {severity: _rows_of(problems, severity) for severity in TO_DO}
    faulty = int(report["rows_faulty"])
    # A kind of problem keeps so many of its rows and counts the rest: what the rows listed leave over must be fixed.
    fixable = min(faulty, len(rows[Severity.WE_CAN_FIX] - rows[Severity.MUST_FIX]))
    usable = int(report["rows_placed"]) + int(report["rows_unplaced"])
    confirm = min(usable, len(rows[Severity.PLEASE_CONFIRM] - rows[Severity.MUST_FIX] - rows[Severity.WE_CAN_FIX]))
    return Standing(
        rows=usable + faulty + int(report["rows_outside"]) + left_out,
        ready=usable - confirm,
        we_can_fix=fixable,
        must_fix=faulty - fixable,
        to_confirm=confirm,
        outside=int(report["rows_outside"]),
        left_out=left_out,
    )


def _rows_of(problems: pl.DataFrame, severity: Severity) -> set[int]:
    return set(problems.filter(pl.col("severity") == severity)["row"].drop_nulls())


# --- Problems by kind ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Group:
    """All problems of one kind: how many, what they are, and what was decided about them."""

    code: str
    title: str
    severity: Severity
    count: int
    example: str
    """The words of the first of them, with its cure."""
    in_rows: int
    """How many of them concern one row each."""
    suggested: int
    """For how many of them there is a value to take."""
    reason: str
    """Why what looks wrong is right, as somebody said; empty until they do."""


def _groups(upload: Upload, problems: pl.DataFrame) -> tuple[Group, ...]:
    reasons = corrections.reasons(upload)
    asked = {one["code"] for one in upload.report.get("questions", []) if not one.get("answer")}
    by_code = problems.partition_by("code", as_dict=True, maintain_order=True)
    groups = []
    for code, counted in upload.report["problems"].items():
        if code in asked:
            continue  # It is put as a question instead.
        kept = by_code.get((code,), problems.clear())
        groups.append(
            Group(
                code=code,
                title=title_of(code),
                severity=Severity(counted["severity"]),
                count=counted["count"],
                example=kept["message"][0] if kept.height else "",
                in_rows=kept["row"].count(),
                suggested=kept.filter(corrections.is_a_value("suggestion")).height,
                reason=reasons.get(code, ""),
            )
        )
    return tuple(sorted(groups, key=lambda one: (GRAVEST_FIRST.index(one.severity), -one.count)))


def title_of(code: str) -> str:
    """Name a kind of problem in words."""
    return code.replace("_", " ").capitalize()


# --- The grid --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class GridCell:
    """One cell of a row with problems, as it stands now."""

    position: int
    heading: str
    value: str
    messages: tuple[str, ...]
    suggestions: tuple[str, ...]
    severity: Severity | None
    """Of the gravest of its problems."""
    was: str | None
    """What the file has, where that was edited."""


@dataclass(frozen=True)
class GridRow:
    """One row with problems."""

    row: int
    cells: tuple[GridCell, ...]
    messages: tuple[str, ...]
    """Of the problems that concern no single cell."""
    is_left_out: bool


@dataclass(frozen=True)
class Question:
    """What must be answered once for the whole file."""

    key: str
    sentence: str
    choices: tuple[tuple[str, str], ...]
    chosen: str
    is_open: bool
    """Whether it must be answered, and is not."""


@dataclass(frozen=True)
class EditLine:
    """One change on screen, to be listed."""

    row: int
    column: str
    value: str


@dataclass(frozen=True)
class Workbench:
    """All that the page of a check shows of what was found."""

    standing: Standing
    groups: tuple[Group, ...]
    questions: tuple[Question, ...]
    headings: tuple[str, ...]
    """Of the columns in the grid."""
    rows: tuple[GridRow, ...]
    code: str
    """The kind of problem to which the grid is narrowed; empty for all."""
    page: int
    pages: int
    rows_with_problems: int
    changes: tuple[EditLine, ...]
    changes_total: int
    fixes: tuple[tuple[str, str], ...]
    """The codes and titles of what the hub put right."""
    is_stale: bool
    """Whether something was changed since the check."""
    may_hold: bool
    """Whether the good rows could go ahead without the others."""
    may_commit: bool
    """Whether nothing is left to decide."""

    def of(self, severity: str) -> tuple[Group, ...]:
        """The problems of one gravity."""
        return tuple(one for one in self.groups if one.severity == severity)

    @property
    def is_asking(self) -> bool:
        """Whether something must be answered first."""
        return any(one.is_open for one in self.questions)

    @property
    def to_confirm(self) -> tuple[Group, ...]:
        """What nobody has given a reason for yet."""
        return tuple(one for one in self.of(Severity.PLEASE_CONFIRM) if not one.reason)


def workbench(viewer: Viewer, upload_id: UUID, *, code: str = "", page: int = 1) -> Workbench:
    """Show what a check found, and one page of the rows with problems, of all kinds or one."""
    upload = door.upload(viewer, upload_id, Permission.UPLOAD_READ)
    problems = door.found(viewer, upload, "problems")
    shown = problems.filter(pl.col("severity").is_in(TO_DO) if not code else pl.col("code") == code)
    if code and shown.is_empty():
        raise NotFound
    numbers = shown["row"].drop_nulls().unique().sort().to_list()
    pages = max(1, -(-len(numbers) // ROWS_A_PAGE))
    if not 1 <= page <= pages:
        raise NotFound
    chosen = numbers[(page - 1) * ROWS_A_PAGE : page * ROWS_A_PAGE]
    headings, rows = _grid(viewer, upload, problems, chosen)
    standing = _standing(upload, problems)
    groups = _groups(upload, problems)
    has_whole_file_faults = upload.report.get("whole_file_faults", 0) > 0
    is_faulty = bool(standing.must_fix or standing.we_can_fix)
    is_stale = not corrections.is_checked_as_said(upload)
    unsaid = [one for one in groups if one.severity is Severity.PLEASE_CONFIRM and not one.reason]
    return Workbench(
        standing=standing,
        groups=groups,
        questions=_questions(upload),
        headings=headings,
        rows=rows,
        code=code,
        page=page,
        pages=pages,
        rows_with_problems=len(numbers),
        changes=tuple(EditLine(one.row, one.column, one.value or "") for one in upload.edits[:MOST_CHANGES_LISTED]),
        changes_total=len(upload.edits),
        fixes=tuple((one, title_of(one)) for one in sorted(corrections.fixes(upload))),
        is_stale=is_stale,
        may_hold=is_faulty and not has_whole_file_faults and standing.ready + standing.to_confirm > 0,
        may_commit=not (is_stale or has_whole_file_faults or unsaid or (is_faulty and not upload.is_holding)),
    )


def row(viewer: Viewer, upload_id: UUID, number: int) -> GridRow:
    """Show one row with problems whole."""
    upload = door.upload(viewer, upload_id, Permission.UPLOAD_READ)
    _, rows = _grid(viewer, upload, door.found(viewer, upload, "problems"), [number], is_whole=True)
    if not rows:
        raise NotFound
    return rows[0]


def _questions(upload: Upload) -> tuple[Question, ...]:
    return tuple(
        Question(
            key=corrections.key_of(one),
            sentence=one["sentence"],
            choices=tuple((str(value), str(label)) for value, label in one["choices"]),
            chosen=one.get("answer") or "",
            is_open=bool(one.get("is_required", True) and not one.get("answer")),
        )
        for one in upload.report.get("questions", [])
    )


def _grid(
    viewer: Viewer, upload: Upload, problems: pl.DataFrame, numbers: list[int], *, is_whole: bool = False
) -> tuple[tuple[str, ...], tuple[GridRow, ...]]:
    """Lay out rows with what was found in each cell: the columns that are matched or have a problem, or all."""
    headings: list[str] = upload.report["headings"]
    of_rows = problems.filter(pl.col("row").is_in(numbers), pl.col("severity").is_in(TO_DO)).with_columns(
        corrections.is_a_value("suggestion").alias("is_value")
    )
    with_problems = set(of_rows["column"].drop_nulls())
    matched = {heading for heading, key in upload.column_fields.items() if key != MONTH_COUNTS}
    shown = [one for one in headings if is_whole or one in with_problems or one in matched]
    found: dict[tuple[int, str | None], list[dict[str, Any]]] = {}
    for one in of_rows.to_dicts():
        column = one["column"] if one["column"] in headings else None
        found.setdefault((one["row"], column), []).append(one)
    edited = {(one.row, one.column): one.value for one in upload.edits if one.row in numbers}
    cells = door.found(viewer, upload, CELLS).filter(pl.col("row").is_in(numbers)).sort("row")
    rows = [
        GridRow(
            row=own["row"],
            cells=tuple(_cell(headings, heading, own, found, edited) for heading in shown),
            messages=tuple(one["message"] for one in found.get((own["row"], None), ())),
            is_left_out=(own["row"], LEFT_OUT) in edited,
        )
        for own in cells.to_dicts()
    ]
    return tuple(shown), tuple(rows)


def _cell(
    headings: list[str],
    heading: str,
    own: Mapping[str, Any],
    found: Mapping[tuple[int, str | None], list[dict[str, Any]]],
    edited: Mapping[tuple[int, str], str | None],
) -> GridCell:
    position = headings.index(heading)
    in_file = own[str(position)] or ""
    here = found.get((own["row"], heading), [])
    is_edited = (own["row"], heading) in edited
    grave = sorted((Severity(one["severity"]) for one in here), key=GRAVEST_FIRST.index)
    return GridCell(
        position=position,
        heading=heading,
        value=(edited[own["row"], heading] or "") if is_edited else in_file,
        messages=tuple(one["message"] for one in here),
        suggestions=tuple(dict.fromkeys(one["suggestion"] for one in here if one["is_value"])),
        severity=grave[0] if grave else None,
        was=in_file if is_edited else None,
    )
