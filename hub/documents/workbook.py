"""A document's tables for Excel: a sheet of notes and one for each table; numbers are numbers, and text stays text."""

from __future__ import annotations

import io
from typing import Any

import xlsxwriter

from hub.documents.fitting import number_form, shares
from hub.documents.model import Cell, Document, Table
from hub.documents.packing import repacked
from hub.documents.sheets import NOTES, notes, sheets
from hub.documents.written import Written

MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
ONLY_TEXT = {"strings_to_formulas": False, "strings_to_numbers": False, "strings_to_urls": False}
NOTES_WIDTH = 110
LONGEST_PROPERTY, LONGEST_HEADER, LONGEST_TEXT = 255, 200, 32_767
"""In letters, of what Excel takes: of a longer text it would take nothing."""


def write(document: Document) -> Written:
    """Write a document's tables for Excel."""
    content = io.BytesIO()
    book = xlsxwriter.Workbook(content, {"in_memory": True, **ONLY_TEXT})
    book.set_properties(
        {
            "title": document.full_title[:LONGEST_PROPERTY],
            "subject": document.subtitle[:LONGEST_PROPERTY],
            "created": document.made_at.replace(tzinfo=None),
        }
    )
    _Book(book, document).fill()
    book.close()
    return Written(repacked(content.getvalue(), document.made_at), "xlsx", MEDIA_TYPE)


class _Book:
    """A workbook being filled, with its formats."""

    def __init__(self, book: Any, document: Document) -> None:
        self._book, self._document = book, document
        self._formats: dict[tuple[tuple[str, Any], ...], Any] = {}

    def fill(self) -> None:
        """Write every sheet."""
        sheet = self._sheet(NOTES)
        sheet.set_column(0, 0, NOTES_WIDTH)
        self._text(sheet, 1, 0, self._document.title, bold=True, font_size=16)
        lines = notes(self._document)
        for row, line in enumerate(lines, start=2):
            self._text(sheet, row, 0, line, text_wrap=True, valign="top")
        self._mark(sheet, 0, 2 + len(lines))
        for one in sheets(self._document):
            self._table(self._sheet(one.name), one.table)

    def _sheet(self, name: str) -> Any:
        sheet = self._book.add_worksheet(name)
        said = self._document.protective.replace("&", "&&")[:LONGEST_HEADER]
        sheet.set_header(f"&C{said}")
        sheet.set_footer(f"&C{said}&RPage &P of &N")
        sheet.set_paper(9)
        sheet.fit_to_pages(1, 0)
        return sheet

    def _mark(self, sheet: Any, *rows: int) -> None:
        for row in rows:
            self._text(sheet, row, 0, self._document.protective, bold=True)

    def _table(self, sheet: Any, table: Table) -> None:
        """The marking, the title and the headings, which stay in sight; the rows; the notes; and the marking again."""
        self._text(sheet, 1, 0, table.title, bold=True, font_size=14)
        for at, (column, share) in enumerate(zip(table.columns, shares(table), strict=True)):
            sheet.set_column(at, at, share + 2)
            side = "right" if column.is_number else "left"
            self._text(sheet, 2, at, column.heading, bold=True, bottom=2, text_wrap=True, align=side)
        sheet.freeze_panes(3, 1)
        sheet.repeat_rows(2)
        for row, cells in enumerate(table.rows, start=3):
            for at, cell in enumerate(cells):
                self._cell(sheet, row, at, cell, is_number=table.columns[at].is_number)
        last = 3 + len(table.rows)
        for row, note in enumerate(table.notes, start=last):
            self._text(sheet, row, 0, note)
        self._mark(sheet, 0, last + len(table.notes))

    def _text(self, sheet: Any, row: int, at: int, words: str, **wanted: Any) -> None:
        sheet.write_string(row, at, words[:LONGEST_TEXT], self._format(**wanted))

    def _cell(self, sheet: Any, row: int, at: int, cell: Cell, *, is_number: bool) -> None:
        if cell.value is None:
            self._text(sheet, row, at, cell.shown, align="right" if is_number else "left")
        else:
            form = number_form(cell)
            sheet.write_number(row, at, cell.value, self._format(num_format=form.pattern if form else "General"))

    def _format(self, **wanted: Any) -> Any:
        """A format, the same one for the same wishes."""
        key = tuple(sorted(wanted.items()))
        if key not in self._formats:
            self._formats[key] = self._book.add_format(wanted)
        return self._formats[key]
