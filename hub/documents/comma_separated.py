"""A document's tables as CSV: one as a file; several, or one with notes, as a zip of files with their notes."""

from __future__ import annotations

import csv
import io

from hub.documents.model import Cell, Column, Document, Kind, Table
from hub.documents.packing import packed
from hub.documents.sheets import notes, sheets
from hub.documents.written import Written
from hub.words import plain_cell

MARKING = "Marking"
NOTES_FILE = "notes.txt"


def write(document: Document) -> Written:
    """Write a document's tables as CSV."""
    found = sheets(document)
    if len(found) == 1 and not document.notes and not found[0].table.notes:
        return Written(_table(document, found[0].table), "csv", "text/csv; charset=utf-8")
    files = [(NOTES_FILE, _notes(document))]
    files += [(f"{one.name}.csv", _table(document, one.table)) for one in found]
    return Written(packed(files, document.made_at), "zip", "application/zip")


def _table(document: Document, table: Table) -> bytes:
    """A plain table; where there is a marking, each row's last column has it, so that no row loses it."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    marking = [plain_cell(document.protective)] if document.protective else []
    writer.writerow([_heading(column) for column in table.columns] + [MARKING for _ in marking])
    writer.writerows([*map(_cell, row), *marking] for row in table.rows)
    return text.getvalue().encode("utf-8-sig")


def _heading(column: Column) -> str:
    """As elsewhere; a percentage says so here, since its cells are bare numbers."""
    is_bare = column.kind is Kind.PERCENT and not column.unit
    return plain_cell(f"{column.heading} (%)" if is_bare else column.heading)


def _cell(cell: Cell) -> str | float:
    """A number as a number, and no text that a spreadsheet would run as a formula."""
    return plain_cell(cell.shown) if cell.value is None else cell.value


def _notes(document: Document) -> bytes:
    lines = [document.protective, document.title, "", *notes(document), "", document.protective]
    return "\r\n".join(lines).strip().encode("utf-8-sig")
