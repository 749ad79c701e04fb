"""The sender's own file given back: each bad cell coloured and commented, and two columns that say what to fix.

Pure. Runs only in the confined process, on a file that was read before; a copy that comes back is known by it.
"""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from uuid import UUID

import openpyxl
import polars as pl
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE, Cell
from openpyxl.comments import Comment
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from hub.uploads.findings import Severity
from hub.uploads.reading.table import SUGGESTED_VALUES, Table
from hub.words import FORMULA_STARTS

WHAT_TO_FIX = "What to fix (upload {})"
AUTHOR = "The hub"
LONGEST_CELL = 32_000
MOST_CELLS_OF_A_WORKBOOK = 600_000
"""Beyond which a workbook would not fit in the memory of the confined process, and comes back as CSV."""
DELIMITERS = {"comma": ",", "semicolon": ";", "tab": "\t"}
MARKED = (Severity.MUST_FIX, Severity.WE_CAN_FIX, Severity.PLEASE_CONFIRM)
FILLS = {
    Severity.MUST_FIX: PatternFill("solid", start_color="FFF4CDC6"),
    Severity.WE_CAN_FIX: PatternFill("solid", start_color="FFCCE2D8"),
    Severity.PLEASE_CONFIRM: PatternFill("solid", start_color="FFFFF2A8"),
}
BORDERS = {
    severity: Border(*[Side("medium", color=colour)] * 4)
    for severity, colour in zip(MARKED, ("FFD4351C", "FF00703C", "FF7A5D00"), strict=True)
}
A_NUMBER = re.compile(r"[+-]?\d[\d,]*(\.\d+)?%?")
A_PLAIN_NUMBER = re.compile(r"-?(0|[1-9]\d{0,14})(\.\d{1,10})?")
LEFT_OUT = ""


@dataclass
class Marks:
    """What is to be said of a file: by row and column, of whole rows, and of the file itself."""

    cells: dict[tuple[int, str], list[dict[str, Any]]] = field(default_factory=dict)
    rows: dict[int, list[dict[str, Any]]] = field(default_factory=dict)
    headings: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    whole: list[dict[str, Any]] = field(default_factory=list)
    edits: dict[tuple[int, str], str | None] = field(default_factory=dict)

    @property
    def numbers(self) -> list[int]:
        """The rows about which something is said."""
        edited = {row for row, _ in self.edits}
        return sorted({row for row, _ in self.cells} | self.rows.keys() | edited)

    def words(self, row: int, headings: tuple[str, ...]) -> str:
        """What to fix in one row."""
        parts = [one["message"] for one in self.rows.get(row, ())]
        parts += [f"{heading}: {one['message']}" for heading in headings for one in self.cells.get((row, heading), ())]
        if (row, LEFT_OUT) in self.edits:
            parts.insert(0, "You left this row out on the page. Delete it, or it is taken in again.")
        return "\n".join(parts)

    def suggestions(self, row: int, headings: tuple[str, ...]) -> str:
        """The values suggested for one row."""
        return "\n".join(
            f"{heading}: {one['suggestion']}"
            for heading in headings
            for one in self.cells.get((row, heading), ())
            if one["suggestion"]
        )


def marks_of(table: Table, problems: pl.DataFrame, edits: pl.DataFrame) -> Marks:
    """Sort what a check found by where it is to be said."""
    marks = Marks(edits={(row, column): value for row, column, value in edits.iter_rows()})
    rows = set(table.cells["row"])
    for one in problems.filter(pl.col("severity").is_in(MARKED)).to_dicts():
        row, column = one["row"], one["column"] if one["column"] in table.headings else None
        if row in rows and column is not None:
            marks.cells.setdefault((row, column), []).append(one)
        elif row in rows:
            marks.rows.setdefault(row, []).append(one)
        elif column is not None:
            marks.headings.setdefault(column, []).append(one)
        else:
            marks.whole.append(one)
    return marks


def mark(
    original: Path, table: Table, problems: pl.DataFrame, edits: pl.DataFrame, upload_id: UUID, destination: Path
) -> str:
    """Write the marked copy of a file; returns its ending: xlsx or csv.

    Parameters
    ----------
    original, table
        The file as it was sent, and as it was read.
    problems, edits
        What its check found, and what was changed on screen since it was sent: written into the copy.
    upload_id
        By which the copy is known when it comes back.
    destination
        The file to write.
    """
    marks = marks_of(table, problems, edits)
    is_small = table.cells.height * len(table.headings) <= MOST_CELLS_OF_A_WORKBOOK
    if table.format == "csv" or not is_small:
        _write_csv(table, marks, upload_id, destination)
        return "csv"
    book = _opened(original, table) if table.format == "xlsx" else _made(table)
    _mark_sheet(book[table.sheet] if table.format == "xlsx" else book.active, table, marks, upload_id)
    book.save(destination)
    return "xlsx"


# --- Workbooks -------------------------------------------------------------------------------------------------------


def _opened(original: Path, table: Table) -> openpyxl.Workbook:
    """The sender's own workbook. Where the sheet has formulas, their values stand: a formula saved here has none."""
    with original.open("rb") as content:
        book = openpyxl.load_workbook(content, keep_links=False)
        formulas = [cell for row in book[table.sheet].iter_rows() for cell in row if cell.data_type == "f"]
        if formulas:
            values = openpyxl.load_workbook(content, keep_links=False, data_only=True)[table.sheet]
            for cell in formulas:
                cell.value = values[cell.coordinate].value
    return book


def _made(table: Table) -> openpyxl.Workbook:
    """A workbook of what was read from a file of another format; every row keeps its number."""
    book = openpyxl.Workbook()
    sheet = book.active
    for position, heading in enumerate(table.headings, start=1):
        _write(sheet.cell(table.heading_row, position), heading)
    for row, *cells, _surplus in table.cells.iter_rows():
        for position, value in enumerate(cells, start=1):
            if value is not None:
                _write(sheet.cell(row, position), value)
    return book


def _write(cell: Cell, words: str) -> None:
    """Write words as words, whatever they start with."""
    cell.value = ILLEGAL_CHARACTERS_RE.sub("", words)[:LONGEST_CELL]
    cell.data_type = "s"


def _mark_sheet(sheet: Worksheet, table: Table, marks: Marks, upload_id: UUID) -> None:
    positions = {heading: position for position, heading in enumerate(table.headings, start=1)}
    for (row, column), value in marks.edits.items():
        if column in positions:
            _put(sheet.cell(row, positions[column]), value)
    for (row, column), found in marks.cells.items():
        _colour(sheet.cell(row, positions[column]), found)
    for column, found in marks.headings.items():
        _colour(sheet.cell(table.heading_row, positions[column]), found)
    has_surplus = table.cells["surplus"].is_not_null().any()
    first = (sheet.max_column if has_surplus else len(table.headings)) + 1
    _add_columns(sheet, table, marks, upload_id, first)


def _add_columns(sheet: Worksheet, table: Table, marks: Marks, upload_id: UUID, first: int) -> None:
    for column, heading, width in ((first, WHAT_TO_FIX.format(upload_id), 70), (first + 1, SUGGESTED_VALUES, 30)):
        cell = sheet.cell(table.heading_row, column)
        _write(cell, heading)
        cell.font = Font(bold=True)
        sheet.column_dimensions[get_column_letter(column)].width = width
    if marks.whole:
        _colour(sheet.cell(table.heading_row, first), marks.whole)
    for row in marks.numbers:
        for column, words in (
            (first, marks.words(row, table.headings)),
            (first + 1, marks.suggestions(row, table.headings)),
        ):
            cell = sheet.cell(row, column)
            _write(cell, words)
            cell.alignment = Alignment(wrap_text=True, vertical="top")


def _put(cell: Cell, value: str | None) -> None:
    """Put what was entered on screen into its cell: a plain number as a number, all else as words."""
    if value is None:
        cell.value = None
    elif A_PLAIN_NUMBER.fullmatch(value):
        cell.value = float(value) if "." in value else int(value)
    else:
        _write(cell, value)


def _colour(cell: Cell, found: list[dict[str, Any]]) -> None:
    severity = min((Severity(one["severity"]) for one in found), key=MARKED.index)
    cell.fill, cell.border = FILLS[severity], BORDERS[severity]
    said = [cell.comment.text] if cell.comment else []
    for one in found:
        suggested = f" Suggested: {one['suggestion']}" if one["suggestion"] else ""
        said.append(f"{Severity(one['severity']).words}: {one['message']}{suggested}")
    words = ILLEGAL_CHARACTERS_RE.sub("", "\n".join(said))[:LONGEST_CELL]
    cell.comment = Comment(words, AUTHOR, width=340, height=40 + 22 * (1 + len(words) // 45))


# --- CSV -------------------------------------------------------------------------------------------------------------


def _write_csv(table: Table, marks: Marks, upload_id: UUID, destination: Path) -> None:
    """Write the table as text that Excel opens: every row keeps its number, and no cell can be run as a formula."""
    written = io.StringIO()
    writer = csv.writer(written, delimiter=DELIMITERS.get(table.delimiter, ","), lineterminator="\r\n")
    whole = [one["message"] for one in marks.whole]
    whole += [f"{column}: {one['message']}" for column, found in marks.headings.items() for one in found]
    headings = [*map(guarded, table.headings), WHAT_TO_FIX.format(upload_id), SUGGESTED_VALUES]
    writer.writerow(headings)
    said = set(marks.numbers)
    for at, (row, *cells, _surplus) in enumerate(table.cells.iter_rows()):
        own = [
            marks.edits.get((row, heading), value) or "" for heading, value in zip(table.headings, cells, strict=True)
        ]
        words = marks.words(row, table.headings) if row in said else ""
        if at == 0 and whole:
            words = "\n".join([*(f"The whole file: {one}" for one in whole), words]).strip()
        suggested = marks.suggestions(row, table.headings) if row in said else ""
        writer.writerow([*map(guarded, own), guarded(words), guarded(suggested)])
    destination.write_bytes(written.getvalue().encode("utf-8-sig"))


def guarded(words: str) -> str:
    """A cell that no spreadsheet runs as a formula, and that `unguarded` gives back as it was; a number needs none."""
    if A_NUMBER.fullmatch(words):
        return words
    return f"'{words}" if words.startswith(FORMULA_STARTS) or words.lstrip("'").startswith(FORMULA_STARTS) else words


def unguarded(table: Table) -> Table:
    """Take the guards off a marked file that came back."""
    starts = "".join(re.escape(one) for one in FORMULA_STARTS)
    guard = rf"^'('*[{starts}])"
    columns = [name for name in table.cells.columns if name not in {"row", "surplus"}]
    cells = table.cells.with_columns(pl.col(columns).str.replace(guard, "${1}"))
    return replace(table, headings=tuple(re.sub(guard, r"\1", one) for one in table.headings), cells=cells)
