"""Delimited text: how it is encoded and divided, and where its headings stand.

Pure but for a scratch folder. Refuses what no reader could be sure to divide as its writer meant.
"""

from __future__ import annotations

import codecs
import csv
import io
import mmap
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import polars as pl

from hub.errors import BadFile
from hub.uploads.reading.grids import Sheets
from hub.uploads.reading.table import (
    TITLE_ROWS,
    Limits,
    Table,
    heading_note,
    heading_row_of,
    named,
    tidied,
    too_many_rows,
    unmarked,
)

CHUNK_BYTES = 1_000_000
START_BYTES = 4_000_000
"""How much of a file is looked at to find its delimiter and its headings."""
FIRST_PRINTABLE, HARMLESS, DELETE = 32, (9, 10, 13), 127
CONTROL_BYTES = bytes({*range(FIRST_PRINTABLE), DELETE}.difference(HARMLESS))
QUOTE, NEWLINE, RETURN = b'"\n\r'
DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab"}
SAVE_AS_CSV = "In Excel, choose File, Save As and the type 'CSV UTF-8 (Comma delimited)', and upload that file."


class Text:
    """An opened file of delimited text."""

    sheets = Sheets(())

    def __init__(self, plain: Path, limits: Limits, scratch: Path) -> None:
        self._plain, self._limits, self._scratch = plain, limits, scratch

    def table(self, *, rows: int | None, answers: Mapping[str, str]) -> Table:
        """Read it all, or its first rows."""
        limits = self._limits
        text, encoding, notes = _as_utf8(self._plain, self._scratch)
        records, delimiter = _first_records(text)
        _refuse_stray_quotes(text, ord(delimiter))
        heading_row = heading_row_of([(number, cells) for number, cells in records.items() if any(cells)], answers)
        headings = named(records[heading_row], limits)
        before = [(number, " ".join(filter(None, records[number]))) for number in records if number < heading_row]
        above = tuple((number, words) for number, words in before if words)
        raw = _raw_cells(text, heading_row, len(headings), delimiter, rows or limits.rows + 1)
        if raw.height > limits.rows:
            raise too_many_rows(limits)
        headings, cells, marked_upload = unmarked(headings, tidied(raw, headings, limits))
        return Table(
            headings=headings,
            cells=cells,
            format="csv",
            encoding=encoding,
            delimiter=DELIMITERS[delimiter],
            notes=(*notes, *heading_note(heading_row, above)),
            heading_row=heading_row,
            above=above,
            marked_upload=marked_upload,
        )

    def cells(self, sheet: str) -> tuple[tuple[str, ...], pl.DataFrame]:
        """It has no sheets."""
        raise KeyError(sheet)


# --- Encoding --------------------------------------------------------------------------------------------------------


def _as_utf8(plain: Path, scratch: Path) -> tuple[Path, str, tuple[str, ...]]:
    """Find how the text is encoded, and give it as clean UTF-8 with line ends that every reader knows."""
    encoding, codec, has_control_characters, has_newline = _encoding(plain)
    if codec == "utf-8" and not has_control_characters and has_newline:
        return plain, encoding, ()
    text = scratch / "text"
    decoder = codecs.getincrementaldecoder(codec)()
    control, removed = dict.fromkeys(CONTROL_BYTES), False
    with plain.open("rb") as stream, text.open("w", encoding="utf-8", newline="") as out:
        while True:
            chunk = stream.read(CHUNK_BYTES)
            try:
                words = decoder.decode(chunk, final=not chunk)
            except UnicodeDecodeError as error:
                raise _not_text() from error
            clean = words.translate(control)
            removed = removed or len(clean) != len(words)
            out.write(clean if has_newline else clean.replace("\r", "\n"))
            if not chunk:
                break
    note = ("Characters that cannot be printed were removed.",) if removed else ()
    return text, encoding, note


def _encoding(plain: Path) -> tuple[str, str, bool, bool]:
    """Name the encoding for a person and for Python; then whether there are control characters, and line feeds."""
    with plain.open("rb") as stream:
        mark = stream.read(3)
        is_utf16 = mark.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
        decoder: codecs.IncrementalDecoder | None = codecs.getincrementaldecoder("utf-8")()
        control_bytes = size = 0
        has_newline = False
        stream.seek(0)
        while chunk := stream.read(CHUNK_BYTES):
            size += len(chunk)
            control_bytes += _control_bytes(chunk)
            has_newline = has_newline or NEWLINE in chunk
            decoder = _still_utf8(decoder, chunk)
    if is_utf16:
        return "UTF-16", "utf-16", True, has_newline
    if control_bytes * 4 > size:
        raise _not_text()
    if not _ends_as_utf8(decoder):
        return "Windows-1252", "cp1252", control_bytes > 0, has_newline
    return "UTF-8", "utf-8-sig" if mark == codecs.BOM_UTF8 else "utf-8", control_bytes > 0, has_newline


def _control_bytes(chunk: bytes) -> int:
    content = np.frombuffer(chunk, np.uint8)
    low, harmless = np.count_nonzero(content < FIRST_PRINTABLE), (np.count_nonzero(content == one) for one in HARMLESS)
    return int(low - sum(harmless) + np.count_nonzero(content == DELETE))


def _still_utf8(decoder: codecs.IncrementalDecoder | None, chunk: bytes) -> codecs.IncrementalDecoder | None:
    if decoder is None or (chunk.isascii() and not decoder.getstate()[0]):
        return decoder
    try:
        decoder.decode(chunk)
    except UnicodeDecodeError:
        return None
    return decoder


def _ends_as_utf8(decoder: codecs.IncrementalDecoder | None) -> bool:
    try:
        return decoder is not None and decoder.decode(b"", final=True) == ""
    except UnicodeDecodeError:
        return False


def _not_text() -> BadFile:
    return BadFile(
        "The file is not text in UTF-8, in UTF-16 with its mark, or in Windows-1252.",
        remedy=f"Check that it is a CSV file. {SAVE_AS_CSV}",
    )


# --- Headings, delimiter, cells --------------------------------------------------------------------------------------


def _first_records(text: Path) -> tuple[dict[int, list[str]], str]:
    """Read the first rows, by number, and find what divides them: what gives most rows the same number of cells."""
    with text.open("rb") as stream:
        start = stream.read(START_BYTES)
        is_whole = not stream.read(1)
    words = start.decode("utf-8-sig", errors="ignore")
    read_as = {mark: _records(words, mark, is_whole=is_whole) for mark in DELIMITERS}
    delimiter = max(DELIMITERS, key=lambda mark: _evenness(read_as[mark]))
    records = dict(enumerate(read_as[delimiter], start=1))
    if any(any(cells) for cells in records.values()):
        return records, delimiter
    if words.strip(" \t\r\n,;"):
        raise BadFile(
            "The first row of the file does not end where a row should.",
            remedy=f"Check that the file is a table with its headings in the first row. {SAVE_AS_CSV}",
        )
    raise BadFile("The file has no headings and no rows.", remedy="Check that you chose the right file.")


def _records(words: str, delimiter: str, *, is_whole: bool) -> list[list[str]]:
    records: list[list[str]] = []
    filled = 0
    csv.field_size_limit(START_BYTES)
    try:
        for record in csv.reader(io.StringIO(words, newline="\n"), delimiter=delimiter):
            cells = [cell.strip() for cell in record]
            records.append(cells)
            filled += any(cells)
            if filled == TITLE_ROWS:
                return records
    except csv.Error:  # A lone carriage return: what came before it is enough, or there is nothing.
        return records
    return records if is_whole else records[:-1]


def _evenness(records: list[list[str]]) -> tuple[float, int]:
    widths = Counter(len(record) for record in records if any(record) and len(record) > 1)
    if not widths:
        return 0.0, 0
    width, rows = max(widths.items(), key=lambda one: (one[1], one[0]))
    return rows / sum(1 for record in records if any(record)), width


def _refuse_stray_quotes(text: Path, delimiter: int) -> None:
    """Refuse quotation marks that do not wrap whole cells: after one, no reader can be sure where a cell ends.

    In order, quotation marks open and close by turns. One that opens follows a delimiter, a line end or (doubled) the
    one that closed just before it; one that closes stands before the same.
    """
    with text.open("rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
        if mapped.find(b'"') < 0:
            return
    content = np.memmap(text, dtype=np.uint8, mode="r")
    at = np.flatnonzero(content == QUOTE)
    edges = np.array([delimiter, NEWLINE, RETURN], dtype=np.uint8)
    opening, closing = at[::2], at[1::2]
    doubled = closing[: opening.size - 1] + 1 == opening[1:]
    starts_well = (opening == 0) | np.isin(content[opening - 1], edges)
    starts_well[1:] |= doubled
    if content[:3].tobytes() == codecs.BOM_UTF8:
        starts_well |= opening == 3
    last = content.size - 1
    ends_well = (closing == last) | np.isin(content[np.minimum(closing + 1, last)], edges)
    ends_well[: doubled.size] |= doubled
    stray = np.concatenate([opening[~starts_well], closing[~ends_well], opening[closing.size :]])
    if stray.size:
        line = int(np.count_nonzero(content[: stray.min()] == NEWLINE)) + 1
        raise BadFile(
            f'Line {line:,} has a quotation mark (") that does not wrap a whole cell.',
            remedy=f"Remove it, or double it and wrap its cell in quotation marks. {SAVE_AS_CSV}",
        )


def _raw_cells(text: Path, heading_row: int, columns: int, delimiter: str, rows: int) -> pl.DataFrame:
    names = [str(position) for position in range(columns)]
    try:
        return pl.read_csv(
            text,
            has_header=False,
            skip_rows=heading_row,
            separator=delimiter,
            schema=dict.fromkeys([*names, "surplus"], pl.String),
            truncate_ragged_lines=True,
            missing_columns="insert",
            extra_columns="ignore",
            n_rows=rows,
            row_index_name="row",
            row_index_offset=heading_row + 1,
            glob=False,
        )
    except pl.exceptions.PolarsError as error:
        raise BadFile(
            "The file could not be divided into rows and cells.", remedy=f"Save it again. {SAVE_AS_CSV}"
        ) from error
