"""Excel workbooks: the cells that exist on a sheet, with the values stored in them, as a person sees them.

Runs no formula and no macro, follows no link, and believes nothing the file says of its own size.
"""

from __future__ import annotations

import datetime as dt
import math
import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from hub.errors import BadFile
from hub.uploads.reading import grids
from hub.uploads.reading.archives import Archive
from hub.uploads.reading.grids import Grid, GridBuilder, Sheets
from hub.uploads.reading.markup import Enough, attribute, local, parse, prefix_of
from hub.uploads.reading.table import Limits, Merge
from hub.words import plural

PACKAGE_RELATIONS = "_rels/.rels"
BUILT_IN_DATES = frozenset({*range(14, 23), *range(27, 37), *range(45, 48), *range(50, 59)})
NOT_DATE_LETTERS = re.compile(r'"[^"]*"|\\.|_.|\*.|\[(?!h+\]|m+\]|s+\])[^\]]*\]', re.IGNORECASE)
DATE_LETTERS = re.compile(r"[ymdhs]", re.IGNORECASE)
REFERENCE = re.compile(r"\$?([A-Za-z]{1,3})\$?(\d{1,7})")
ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")
CELL = r'<c r="([A-Z]{1,3})[0-9]{1,7}"(?: s="([0-9]{1,5})")?(?: t="(n|s|b|e|str)")?(?:/>|><v>([ -%\'-;=-~]*)</v></c>)'
PLAIN_CELL = re.compile(CELL)
PLAIN_ROW = re.compile(
    rb'<row r="([0-9]{1,7})"(?: (?:spans|ht|customHeight|s|customFormat|x14ac:dyDescent)="[^"<&]*")*>'
    rb"((?:%b)*+)</row>" % re.sub(r"\((?!\?)", "(?:", CELL).encode()
)
"""A row as spreadsheets write most of theirs, which is read three times as fast as by its elements."""
MARKS_OF_ASIDES = (b"<!--", b"<![CDATA[", b"<?xml-")
ROW_START, LONGEST_ROW_BYTES = b"<row ", 4_000_000
MOST_MERGES = 100_000
LAST_DAY = 2_957_003
"""The day after 31 December 9999, counted from 1904; counted from 1900, four years before it."""


class Workbook(grids.Workbook):
    """An opened workbook."""

    format = "xlsx"

    def __init__(self, archive: Archive, limits: Limits) -> None:
        super().__init__(limits)
        self._archive = archive
        if any(name.casefold().endswith("vbaproject.bin") for name in archive.names):
            raise has_macros()
        if PACKAGE_RELATIONS not in archive.names:
            raise BadFile(
                "The file is a zip archive, but no Excel workbook.", remedy="Save it in Excel as .xlsx, or as CSV."
            )
        main = next(
            (part for kind, part in self._related(PACKAGE_RELATIONS, "").values() if kind == "officeDocument"), ""
        )
        self._parts = self._related(_relations_of(main), posixpath.dirname(main))
        self._is_1904 = False
        self._sheet_parts: dict[str, str] = {}
        hidden: list[str] = []
        self._read_main(main, hidden)
        self.sheets = Sheets(tuple(name for name in self._sheet_parts if name not in hidden), tuple(hidden))
        self.sheets.require(limits)
        self._texts: list[str] | None = None
        self._date_styles: frozenset[str] | None = None

    def grid(self, sheet: str, *, rows: int | None = None) -> Grid:
        """Read a sheet, or its first rows."""
        if self._texts is None or self._date_styles is None:
            self._texts, self._date_styles = self._shared_texts(), self._styles_of_dates()
        reader = _SheetReader(self._texts, self._date_styles, self._is_1904, GridBuilder(self._limits), rows)
        parts = reader.with_plain_rows_read(self._chunks(self._sheet_parts[sheet]))
        parse(parts, reader.start, reader.end, reader.words)
        return reader.grid()

    def _read_main(self, main: str, hidden: list[str]) -> None:
        def start(name: str, attributes: dict[str, str]) -> None:
            if local(name) == "workbookPr":
                self._is_1904 = attributes.get("date1904", "0") in {"1", "true"}
            elif local(name) == "sheet":
                kind, part = self._parts.get(attribute(attributes, "id"), ("", ""))
                title = attributes.get("name", "")
                if kind == "worksheet" and title not in self._sheet_parts:
                    self._sheet_parts[title] = part
                    hidden.extend([title] if attributes.get("state", "visible") != "visible" else [])

        parse(self._chunks(main), start)

    def _related(self, relations: str, folder: str) -> dict[str, tuple[str, str]]:
        """The parts a part refers to: kind and name, by the id it uses."""
        found: dict[str, tuple[str, str]] = {}

        def start(name: str, attributes: dict[str, str]) -> None:
            if local(name) == "Relationship" and attributes.get("TargetMode") != "External":
                target = attributes.get("Target", "")
                part = (
                    target.lstrip("/") if target.startswith("/") else posixpath.normpath(posixpath.join(folder, target))
                )
                found[attributes.get("Id", "")] = posixpath.basename(attributes.get("Type", "")), part

        parse(self._chunks(relations), start)
        return found

    def _part_of_kind(self, kind: str) -> str:
        return next((part for is_kind, part in self._parts.values() if is_kind == kind), "")

    def _chunks(self, part: str) -> Iterator[bytes]:
        if part not in self._archive.names:
            raise BadFile(
                "The workbook lacks a part that it refers to.",
                remedy="Open it in Excel, save it as a new file, and upload that.",
            )
        return self._archive.chunks(part)

    def _shared_texts(self) -> list[str]:
        part = self._part_of_kind("sharedStrings")
        reader = _TextReader()
        if part:
            parse(self._chunks(part), reader.start, reader.end, reader.words)
        return reader.texts

    def _styles_of_dates(self) -> frozenset[str]:
        """Which cell styles show a number as a date or a time."""
        part = self._part_of_kind("styles")
        date_formats = {str(number) for number in BUILT_IN_DATES}
        styles: list[str] = []
        inside: list[str] = []

        def start(name: str, attributes: dict[str, str]) -> None:
            inside.append(local(name))
            if inside[-1] == "numFmt":
                shown_as = NOT_DATE_LETTERS.sub("", attributes.get("formatCode", "")).split(";")[0]
                is_date = DATE_LETTERS.search(shown_as) and "general" not in shown_as.casefold()
                (date_formats.add if is_date else date_formats.discard)(attributes.get("numFmtId", ""))
            elif inside[-2:] == ["cellXfs", "xf"]:
                styles.append(attributes.get("numFmtId", "0"))

        def end(_name: str) -> None:
            inside.pop()

        if part:
            parse(self._chunks(part), start, end)
        return frozenset(str(at) for at, number in enumerate(styles) if number in date_formats)


def has_macros() -> BadFile:
    """Refuse a workbook with programs in it."""
    return BadFile(
        "The workbook has macros, which the hub never takes.",
        remedy="In Excel, choose File, Save As and the type 'Excel Workbook (*.xlsx)', and upload that file.",
    )


def _relations_of(part: str) -> str:
    return posixpath.join(posixpath.dirname(part), "_rels", f"{posixpath.basename(part)}.rels")


@dataclass
class _TextReader:
    """Gathers the texts that cells share; what is written above a word to say how to read it is no part of it."""

    texts: list[str] = field(default_factory=list)
    _words: list[str] = field(default_factory=list)
    _is_text: bool = False
    _phonetic: int = 0

    def start(self, name: str, _attributes: dict[str, str]) -> None:
        name = local(name)
        if name == "si":
            self._words = []
        elif name == "rPh":
            self._phonetic += 1
        self._is_text = name == "t" and not self._phonetic

    def end(self, name: str) -> None:
        name = local(name)
        self._is_text = False
        if name == "rPh":
            self._phonetic -= 1
        elif name == "si":
            self.texts.append(unescaped("".join(self._words)))

    def words(self, words: str) -> None:
        if self._is_text:
            self._words.append(words)


class _ColumnNumbers(dict[str, int]):
    """The place of each column by its letters, reckoned once."""

    def __missing__(self, letters: str) -> int:
        number = self[letters] = column_number(letters)
        return number


class _SheetReader:
    """Walks the cells of a sheet that exist."""

    def __init__(
        self, texts: list[str], date_styles: frozenset[str], is_1904: bool, builder: GridBuilder, rows: int | None
    ) -> None:
        self._shared_texts, self._date_styles, self._is_1904 = texts, date_styles, is_1904
        self._builder, self._most_rows = builder, rows
        self._merged: list[Merge] = []
        self._row, self._column = 0, -1
        self._cells: dict[int, str] = {}
        self._kind, self._style, self._has_formula = "n", "0", False
        self._words: list[str] | None = None
        self._value: list[str] = []
        self._dates: dict[str, str] = {}
        self._columns = _ColumnNumbers()
        self._prefix: str | None = None
        self._phonetic = 0
        self._empty_formulas = self._hidden_rows = 0

    def with_plain_rows_read(self, chunks: Iterator[bytes]) -> Iterator[bytes]:
        """Read the rows that are as plain as most, and leave all else, in its order, to be parsed."""
        waiting = b""
        for chunk in chunks:
            waiting += chunk
            if any(mark in waiting for mark in MARKS_OF_ASIDES):
                yield waiting
                yield from chunks
                return
            done = 0
            for row in PLAIN_ROW.finditer(waiting):
                if row.start() > done:
                    yield waiting[done : row.start()]
                self._read_plain_row(int(row[1]), row[2].decode("ascii"))
                done = row.end()
            rest = waiting.find(ROW_START, done)
            if rest < 0 or len(waiting) - rest > LONGEST_ROW_BYTES:
                rest = max(done, len(waiting) - len(ROW_START)) if rest < 0 else len(waiting)
            yield waiting[done:rest]
            waiting = waiting[rest:]
        yield waiting

    def _read_plain_row(self, number: int, cells: str) -> None:
        if number <= self._row:
            raise _damaged()
        self._row, self._cells = number, {}
        for letters, style, kind, words in PLAIN_CELL.findall(cells):
            if not kind and words.isdecimal() and style not in self._date_styles:
                self._cells[self._columns[letters]] = words
            elif words:
                self._kind, self._style = kind or "n", style or "0"
                if value := self._value_of(words):
                    self._cells[self._columns[letters]] = value
        self._end_row()

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if self._prefix is None:
            self._prefix = prefix_of(name)
        if self._prefix:
            name = local(name)
        if name == "c":
            self._kind, self._style = attributes.get("t", "n"), attributes.get("s", "0")
            self._has_formula, self._value = False, []
            reference = attributes.get("r")
            self._column = self._column + 1 if reference is None else self._column_of(reference)
        elif name in {"v", "t"}:
            if not self._phonetic:
                self._words = self._value
        elif name == "f":
            self._has_formula = True
        elif name == "row":
            self._start_row(attributes)
        elif name == "mergeCell":
            self._merge(attributes.get("ref", ""))
        elif name == "rPh":
            self._phonetic += 1

    def words(self, words: str) -> None:
        if self._words is not None:
            self._words.append(words)

    def end(self, name: str) -> None:
        if self._prefix:
            name = local(name)
        if name in {"v", "t"}:
            self._words = None
        elif name == "c":
            self._end_cell()
        elif name == "row":
            self._end_row()
        elif name == "rPh":
            self._phonetic -= 1

    def grid(self) -> Grid:
        notes = []
        if self._hidden_rows:
            notes.append(f"Hidden rows were read as the others were: {plural(self._hidden_rows, 'row')}.")
        if self._empty_formulas:
            notes.append(
                f"Formulas without a stored result were read as empty: {plural(self._empty_formulas, 'cell')}. "
                "To have them, open the workbook in Excel and save it."
            )
        return self._builder.grid(self._merged, notes)

    def _start_row(self, attributes: dict[str, str]) -> None:
        number = attributes.get("r", "")
        before = self._row
        self._row = int(number) if number.isdecimal() and len(number) < len("10000000") else before + 1
        if self._row <= before:
            raise _damaged()
        self._column, self._cells = -1, {}
        self._hidden_rows += attributes.get("hidden", "0") in {"1", "true"}

    def _end_cell(self) -> None:
        if self._value:
            value = self._value_of("".join(self._value))
            if value and not value.isspace():
                self._cells[self._column] = value
        elif self._has_formula:
            self._empty_formulas += 1

    def _end_row(self) -> None:
        if self._cells:
            self._builder.add(self._row, self._cells)
        if self._most_rows is not None and self._builder.height >= self._most_rows:
            raise Enough

    def _column_of(self, reference: str) -> int:
        letters = reference.rstrip("0123456789")
        if letters not in self._columns and not REFERENCE.fullmatch(reference):
            raise _damaged()
        return self._columns[letters]

    def _merge(self, reference: str) -> None:
        corners = [REFERENCE.fullmatch(corner) for corner in reference.split(":")]
        if len(corners) == 2 and corners[0] and corners[1] and len(self._merged) < MOST_MERGES:
            (left, first), (right, last) = corners[0].groups(), corners[1].groups()
            self._merged.append(Merge(int(first), int(last), column_number(left), column_number(right)))

    def _value_of(self, words: str) -> str:
        kind = self._kind
        if kind == "s":
            if not words.isdecimal() or int(words) >= len(self._shared_texts):
                raise _damaged()
            return self._shared_texts[int(words)]
        if kind == "n":
            return self._date_of(words) if self._style in self._date_styles else plain_number(words)
        if kind == "b":
            return "TRUE" if words == "1" else "FALSE"
        return unescaped(words)

    def _date_of(self, words: str) -> str:
        if words not in self._dates:
            self._dates[words] = date_of_serial(words, is_1904=self._is_1904)
        return self._dates[words]


def _damaged() -> BadFile:
    return BadFile(
        "A sheet of the workbook is damaged.", remedy="Open it in Excel, save it as a new file, and upload that."
    )


def unescaped(words: str) -> str:
    """Give the characters that a workbook writes by their number, such as line ends; those of control are left out."""
    if "_x" not in words:
        return words
    return ESCAPED.sub(lambda escape: _printable(chr(int(escape[1], 16))), words)


def _printable(character: str) -> str:
    return character if character.isprintable() or character.isspace() else ""


def column_number(letters: str) -> int:
    """The place of a column, counted from 0, by its letters."""
    number = 0
    for letter in letters.strip("$").upper():
        number = number * 26 + ord(letter) - ord("A") + 1
    return number - 1


def plain_number(words: str) -> str:
    """A number as a person would write it: no exponent, no needless zeros, no noise in its seventeenth digit."""
    if words.isdecimal():
        return words
    try:
        number = float(words)
    except ValueError:
        return words
    if not math.isfinite(number):
        return words
    if number.is_integer() and abs(number) < 1e15:
        return str(int(number))
    shortest = f"{number:.15g}"
    return shortest if "e" not in shortest or abs(number) >= 1e15 else f"{number:.20f}".rstrip("0")


def date_of_serial(words: str, *, is_1904: bool) -> str:
    """A day that Excel counts as a number, in ISO words; a time alone where it is less than a day."""
    try:
        serial = float(words)
    except ValueError:
        return words
    if not 0 <= serial < LAST_DAY:
        return plain_number(words)
    days, seconds = divmod(round(serial * 86_400), 86_400)
    time = f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}" if seconds else ""
    if time and not days:
        return time
    before_leap_day = 0 if is_1904 or days >= 60 else 1  # Excel believes that 1900 had a 29 February.
    start = dt.date(1904, 1, 1) if is_1904 else dt.date(1899, 12, 30)
    day = (start + dt.timedelta(days=days + before_leap_day)).isoformat()
    return f"{day}T{time}" if time else day
