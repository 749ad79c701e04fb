"""OpenDocument spreadsheets: the cells that exist on a sheet, with the values stored in them.

Runs no formula and no macro, and stops at what a repeated cell claims beyond the limits.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from hub.errors import BadFile
from hub.uploads.reading import grids
from hub.uploads.reading.archives import Archive
from hub.uploads.reading.grids import Grid, GridBuilder, Sheets
from hub.uploads.reading.markup import Enough, attribute, local, parse
from hub.uploads.reading.table import TITLE_ROWS, Limits, Merge, too_many_rows
from hub.uploads.reading.xlsx import plain_number
from hub.words import plural

CONTENT, MANIFEST = "content.xml", "META-INF/manifest.xml"
DURATION = re.compile(r"PT(\d+)H(\d+)M(\d+)(?:[.,]\d+)?S")
MOST_REPEATS = 10_000_000
MIDNIGHT = "T00:00:00"
VALUES = {"float": "value", "percentage": "value", "currency": "value", "date": "date-value", "time": "time-value"}
HIDDEN_ROWS = frozenset({"collapse", "filter"})


class Workbook(grids.Workbook):
    """An opened workbook."""

    format = "ods"

    def __init__(self, archive: Archive, limits: Limits) -> None:
        super().__init__(limits)
        self._archive = archive
        if CONTENT not in archive.names:
            raise BadFile(
                "The file is a zip archive, but no OpenDocument spreadsheet.",
                remedy="Save it as .ods or .xlsx, or as CSV.",
            )
        if MANIFEST in archive.names:
            parse(archive.chunks(MANIFEST), _refuse_encryption)
        reader = _NameReader()
        parse(archive.chunks(CONTENT), reader.start, reader.end)
        if not reader.is_spreadsheet:
            raise BadFile("The file is a document, but no spreadsheet.", remedy="Save the table as .ods, .xlsx or CSV.")
        self.sheets = Sheets(tuple(reader.visible), tuple(reader.hidden))
        self.sheets.require(limits)

    def grid(self, sheet: str, *, rows: int | None = None) -> Grid:
        """Read a sheet, or its first rows."""
        reader = _SheetReader(sheet, self._limits, rows)
        parse(self._archive.chunks(CONTENT), reader.start, reader.end, reader.words)
        return reader.grid()


def _refuse_encryption(name: str, _attributes: dict[str, str]) -> None:
    if local(name) == "encryption-data":
        raise BadFile("The file is protected with a password.", remedy="Save it without the password, and upload that.")


@dataclass
class _NameReader:
    """Finds the sheets, and which of them are hidden."""

    visible: list[str] = field(default_factory=list)
    hidden: list[str] = field(default_factory=list)
    is_spreadsheet: bool = False
    _hidden_styles: set[str] = field(default_factory=set)
    _style: str = ""
    _depth: int = 0

    def start(self, name: str, attributes: dict[str, str]) -> None:
        name = local(name)
        if name == "style":
            self._style = attribute(attributes, "name")
        elif name == "table-properties" and attribute(attributes, "display") == "false":
            self._hidden_styles.add(self._style)
        elif name == "spreadsheet":
            self.is_spreadsheet = True
        elif name == "table":
            self._depth += 1
            title = attribute(attributes, "name")
            if self._depth == 1 and title not in [*self.visible, *self.hidden]:
                is_hidden = attribute(attributes, "style-name") in self._hidden_styles
                (self.hidden if is_hidden else self.visible).append(title)

    def end(self, name: str) -> None:
        self._depth -= local(name) == "table"


class _SheetReader:
    """Walks the cells of one sheet."""

    def __init__(self, sheet: str, limits: Limits, rows: int | None) -> None:
        self._sheet, self._limits, self._most_rows = sheet, limits, rows
        self._builder = GridBuilder(limits)
        self._merged: list[Merge] = []
        self._is_here = False
        self._depth = self._aside = 0
        self._row, self._column, self._row_repeats = 0, 0, 1
        self._cells: dict[int, str] = {}
        self._attributes: dict[str, str] = {}
        self._paragraphs: list[list[str]] = []
        self._is_text = False
        self._hidden_rows = 0

    def start(self, name: str, attributes: dict[str, str]) -> None:
        name = local(name)
        if name == "table":
            self._depth += 1
            if self._depth == 1:
                self._is_here = attribute(attributes, "name") == self._sheet
        if not self._is_here or self._depth != 1:
            return
        if name in {"annotation", "frame", "shapes"}:
            self._aside += 1
        elif self._aside:
            return
        elif name == "table-row":
            self._column, self._cells, self._row_repeats = 0, {}, _repeats(attributes, "number-rows-repeated")
            self._row += 1
            self._hidden_rows += attribute(attributes, "visibility") in HIDDEN_ROWS
        elif name in {"table-cell", "covered-table-cell"}:
            self._attributes, self._paragraphs = attributes, []
        elif name == "p":
            self._paragraphs.append([])
            self._is_text = True
        elif self._is_text and name in {"s", "tab", "line-break"}:
            space = {"s": " ", "tab": "\t", "line-break": "\n"}[name]
            self._paragraphs[-1].append(space * min(_repeats(attributes, "c"), self._limits.cell_characters))

    def words(self, words: str) -> None:
        if self._is_text and not self._aside:
            self._paragraphs[-1].append(words)

    def end(self, name: str) -> None:
        name = local(name)
        if name == "table":
            self._depth -= 1
            if self._is_here and self._depth == 0:
                raise Enough
        if not self._is_here or self._depth != 1:
            return
        if name in {"annotation", "frame", "shapes"}:
            self._aside -= 1
        elif self._aside:
            return
        elif name == "p":
            self._is_text = False
        elif name in {"table-cell", "covered-table-cell"}:
            self._end_cell()
        elif name == "table-row":
            self._end_row()

    def grid(self) -> Grid:
        hidden = f"Hidden rows were read as the others were: {plural(self._hidden_rows, 'row')}."
        return self._builder.grid(self._merged, [hidden] if self._hidden_rows else [])

    def _end_cell(self) -> None:
        repeats = _repeats(self._attributes, "number-columns-repeated")
        value = self._value()
        if value and not value.isspace():
            for column in range(self._column, min(self._column + repeats, self._limits.columns + 1)):
                self._cells[column] = value
            self._keep_merge()
        self._column += repeats

    def _keep_merge(self) -> None:
        wide = _repeats(self._attributes, "number-columns-spanned")
        tall = _repeats(self._attributes, "number-rows-spanned")
        if wide > 1 or tall > 1:
            self._merged.append(Merge(self._row, self._row + tall - 1, self._column, self._column + wide - 1))

    def _end_row(self) -> None:
        if self._cells:
            if self._row_repeats > self._limits.rows + TITLE_ROWS:
                raise too_many_rows(self._limits)
            for number in range(self._row, self._row + self._row_repeats):
                self._builder.add(number, self._cells)
        self._row += self._row_repeats - 1
        if self._most_rows is not None and self._builder.height >= self._most_rows:
            raise Enough

    def _value(self) -> str:
        kind = attribute(self._attributes, "value-type")
        if kind == "boolean":
            return attribute(self._attributes, "boolean-value").upper()
        value = attribute(self._attributes, VALUES[kind]) if kind in VALUES else ""
        if not value:
            return "\n".join("".join(words) for words in self._paragraphs)
        if kind == "date":
            return value.removesuffix(MIDNIGHT)
        if kind == "time":
            time = DURATION.fullmatch(value)
            return ":".join(part.zfill(2) for part in time.groups()) if time else value
        return plain_number(value)


def _repeats(attributes: dict[str, str], name: str) -> int:
    """How often an element says it stands there: at least once, and never more often than any sheet has room for."""
    words = attribute(attributes, name)
    if not words.isdecimal():
        return 1
    return min(max(1, int(words)), MOST_REPEATS) if len(words) <= len(str(MOST_REPEATS)) else MOST_REPEATS
