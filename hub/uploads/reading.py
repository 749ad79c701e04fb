"""From an uploaded file to a table of text: how it is packed, encoded and divided, and nothing about what it means.

Pure but for a scratch folder of its own. Runs only in the confined process; refuses what it cannot read for certain.
"""

from __future__ import annotations

import codecs
import csv
import io
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
import polars as pl

from hub.errors import BadFile
from hub.uploads.findings import row_ranges
from hub.words import megabytes

CHUNK_BYTES = 1_000_000
LOOK_ROWS = 200
LOOK_SAMPLES = 3
CONTROL_BYTES = bytes({*range(32), 127} - {9, 10, 13})
QUOTE, NEWLINE, RETURN = b'"\n\r'
DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab"}
SAVE_AS_CSV = "In Excel, choose File, Save As and the type 'CSV UTF-8 (Comma delimited)', and upload that file."

_FORMATS = (
    (b"PK\x03\x04", "an Excel workbook or a zip archive"),
    (b"PK\x05\x06", "an empty zip archive"),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook"),
    (b"SQLite format 3\x00", "a GeoPackage or another database"),
    (b"%PDF", "a PDF"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"BZh", "a bzip2 archive"),
    (b"\xfd7zXZ\x00", "an xz archive"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (b"Rar!", "a rar archive"),
    (b"\x28\xb5\x2f\xfd", "a zstd archive"),
    (b"PAR1", "a Parquet file"),
    (b"\x00\x00\x27\x0a", "part of a shapefile"),
    (b"\x89PNG", "a picture"),
    (b"\xff\xd8\xff", "a picture"),
    (b"\xff\xfe\x00\x00", "text in UTF-32"),
    (b"\x00\x00\xfe\xff", "text in UTF-32"),
)


@dataclass(frozen=True, kw_only=True)
class Limits:
    """How large an upload, and each thing in it, may be."""

    file_bytes: int = 50_000_000
    rows: int = 500_000
    columns: int = 300
    cell_characters: int = 32_767
    name_bytes: int = 255
    unpacked_bytes: int = 500_000_000
    ratio: int = 100
    ratio_counts_above_bytes: int = 10_000_000
    seconds: int = 60
    memory_bytes: int = 1 << 30


@dataclass(frozen=True)
class Table:
    """What a file holds, as text.

    `cells` has one line for each row that is not blank: `row` is its number in a spreadsheet, `0`, `1` … its cells,
    trimmed, null where empty, and `surplus` whatever stands to the right of the last heading.
    """

    headings: tuple[str, ...]
    cells: pl.DataFrame
    encoding: str
    delimiter: str
    notes: tuple[str, ...] = ()

    def column(self, heading: str) -> str:
        """The name in `cells` of the column under a heading."""
        return str(self.headings.index(heading))

    def samples(self, heading: str) -> list[str]:
        """A few different values of a column."""
        return self.cells[self.column(heading)].drop_nulls().unique(maintain_order=True).head(LOOK_SAMPLES).to_list()


def read(original: Path, file_name: str, limits: Limits, scratch: Path, *, rows: int | None = None) -> Table:
    """Read a CSV file, plain or compressed with gzip, as text.

    Parameters
    ----------
    original
        The file as it was sent.
    file_name
        What its sender called it; its ending must agree with what it holds.
    limits
        Beyond which it is refused.
    scratch
        An empty folder for what must be unpacked or converted on the way.
    rows
        How many rows to read; all unless given.

    Raises
    ------
    BadFile
        Saying what is wrong with the file and the cure.
    """
    plain = _unpacked(original, file_name.casefold(), limits, scratch)
    text, encoding, notes = _as_utf8(plain, scratch)
    heading_row, headings, delimiter = _headings(text, limits)
    _refuse_stray_quotes(text, ord(delimiter))
    raw = _raw_cells(text, heading_row, len(headings), delimiter, rows or limits.rows + 1)
    if raw.height > limits.rows:
        raise BadFile(
            f"The file has more than {limits.rows:,} rows.",
            remedy="Split it, for example by month, and upload each part.",
        )
    cells = _trimmed(raw)
    if cells.is_empty():
        raise BadFile("The file has headings but no rows.", remedy="Check that you chose the right file.")
    _refuse_long_cells(cells, headings, limits)
    return Table(headings, cells, encoding, DELIMITERS[delimiter], notes)


# --- Packing ---------------------------------------------------------------------------------------------------------


def _unpacked(original: Path, name: str, limits: Limits, scratch: Path) -> Path:
    """Refuse what is no CSV by its name or its first bytes, and unpack what is compressed."""
    size = original.stat().st_size
    if size == 0:
        raise BadFile("The file is empty.", remedy="Check that it was saved, and upload it again.")
    if size > limits.file_bytes:
        raise BadFile(
            f"The file is larger than {megabytes(limits.file_bytes)}.",
            remedy="Split it, for example by month, and upload each part.",
        )
    if not name.endswith((".csv", ".tsv", ".csv.gz", ".tsv.gz")):
        raise BadFile("The hub reads CSV files, and this file's name does not end in .csv.", remedy=SAVE_AS_CSV)
    with original.open("rb") as stream:
        start = stream.read(32)
    if name.endswith(".gz"):
        if not start.startswith(b"\x1f\x8b"):
            raise BadFile("The file's name ends in .gz, but it is not compressed.", remedy="Give it its right name.")
        return _gunzipped(original, limits, scratch / "unpacked")
    _refuse_other_formats(start)
    return original


def _refuse_other_formats(start: bytes) -> None:
    for mark, words in _FORMATS:
        if start.startswith(mark):
            raise BadFile(f"The file is called CSV, but it is {words}.", remedy=SAVE_AS_CSV)
    if start.lstrip(b"\xef\xbb\xbf \t\r\n").startswith((b"{", b"<")):
        raise BadFile("The file is called CSV, but it is JSON, XML or a web page.", remedy=SAVE_AS_CSV)


def _gunzipped(original: Path, limits: Limits, target: Path) -> Path:
    """Unpack a single gzip stream, counting the bytes that really come out."""
    written, packed = 0, original.stat().st_size
    unpacker = zlib.decompressobj(wbits=31)
    with original.open("rb") as stream, target.open("wb") as out:
        for chunk in _unpacked_chunks(unpacker, stream):
            if not written:
                _refuse_other_formats(chunk[:32])
            written += len(chunk)
            if written > limits.unpacked_bytes:
                raise BadFile(
                    f"The compressed file unpacks to more than {megabytes(limits.unpacked_bytes)}.",
                    remedy="Split it, for example by month, and upload each part.",
                )
            if written > limits.ratio_counts_above_bytes and written > limits.ratio * packed:
                raise BadFile(
                    f"The compressed file unpacks to more than {limits.ratio} times its size, as no honest table does.",
                    remedy="Upload it uncompressed.",
                )
            out.write(chunk)
    if not written:
        raise BadFile("The compressed file is empty.", remedy="Check what was compressed, and upload it again.")
    return target


def _unpacked_chunks(unpacker: zlib._Decompress, stream: BinaryIO) -> Iterator[bytes]:
    try:
        while waiting := unpacker.unconsumed_tail or stream.read(CHUNK_BYTES):
            if unpacker.eof:
                break
            if chunk := unpacker.decompress(waiting, CHUNK_BYTES):
                yield chunk
    except zlib.error as error:
        raise BadFile(
            "The compressed file is damaged.", remedy="Compress it again, or upload it uncompressed."
        ) from error
    if not unpacker.eof:
        raise BadFile("The compressed file is cut short.", remedy="Send it again, or upload it uncompressed.")
    if unpacker.unused_data.strip(b"\0") or stream.read(1).strip(b"\0"):
        raise BadFile(
            "The compressed file holds more than one file.", remedy="Upload each file by itself, uncompressed."
        )


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
            control_bytes += len(chunk) - len(chunk.translate(None, delete=CONTROL_BYTES))
            has_newline = has_newline or NEWLINE in chunk
            decoder = _still_utf8(decoder, chunk)
    if is_utf16:
        return "UTF-16", "utf-16", True, has_newline
    if control_bytes * 4 > size:
        raise _not_text()
    if not _ends_as_utf8(decoder):
        return "Windows-1252", "cp1252", control_bytes > 0, has_newline
    return "UTF-8", "utf-8-sig" if mark == codecs.BOM_UTF8 else "utf-8", control_bytes > 0, has_newline


def _still_utf8(decoder: codecs.IncrementalDecoder | None, chunk: bytes) -> codecs.IncrementalDecoder | None:
    if decoder is not None:
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


def _headings(text: Path, limits: Limits) -> tuple[int, tuple[str, ...], str]:
    """Read the first line that is not blank: how many lines stand before it, its cells, and what divides them."""
    most = limits.columns * (limits.name_bytes + 3) * 2
    with text.open("rb") as stream:
        before, line = 0, stream.readline(most)
        while line and not line.strip(b" \t\r\n,;\xef\xbb\xbf"):
            before, line = before + 1, stream.readline(most)
    words = line.decode("utf-8-sig", errors="replace").strip("\r\n")
    if not words:
        raise BadFile("The file has no headings and no rows.", remedy="Check that you chose the right file.")
    if len(line) >= most:
        raise BadFile(
            "The first line of the file is too long to be headings.",
            remedy="Check that the file is a table with its headings in the first row.",
        )
    if words.count('"') % 2 or "\r" in words:
        raise BadFile(
            "A heading has a line break or a lone quotation mark in it.",
            remedy="Put each heading on one line, without quotation marks.",
        )
    read_as = {mark: next(csv.reader(io.StringIO(words), delimiter=mark)) for mark in DELIMITERS}
    delimiter = max(DELIMITERS, key=lambda mark: len(read_as[mark]))
    return before, _named(read_as[delimiter], limits), delimiter


def _named(cells: list[str], limits: Limits) -> tuple[str, ...]:
    names = [" ".join(cell.split()) for cell in cells]
    if len(names) > limits.columns:
        raise BadFile(
            f"The file has {len(names):,} columns; the hub takes {limits.columns}.",
            remedy="Delete the columns that the dataset does not need.",
        )
    for position, name in enumerate(names, start=1):
        if len(name.encode()) > limits.name_bytes:
            raise BadFile(
                f"The heading of column {position} is longer than {limits.name_bytes} bytes.",
                remedy="Shorten it, and check that the headings are in the first row.",
            )
        if name and names.index(name) != position - 1:
            raise BadFile(
                f"Columns {names.index(name) + 1} and {position} have the same heading, '{name[:60]}'.",
                remedy="Give each column its own heading.",
            )
    return tuple(name or f"Column {position}" for position, name in enumerate(names, start=1))


def _refuse_stray_quotes(text: Path, delimiter: int) -> None:
    """Refuse quotation marks that do not wrap whole cells: after one, no reader can be sure where a cell ends.

    In order, quotation marks open and close by turns. One that opens follows a delimiter, a line end or (doubled) the
    one that closed just before it; one that closes stands before the same.
    """
    content = np.memmap(text, dtype=np.uint8, mode="r")
    at = np.flatnonzero(content == QUOTE)
    if not at.size:
        return
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
            skip_rows=heading_row + 1,
            separator=delimiter,
            schema=dict.fromkeys([*names, "surplus"], pl.String),
            truncate_ragged_lines=True,
            missing_columns="insert",
            extra_columns="ignore",
            n_rows=rows,
            row_index_name="row",
            row_index_offset=heading_row + 2,
            glob=False,
        )
    except pl.exceptions.PolarsError as error:
        raise BadFile(
            "The file could not be divided into rows and cells.", remedy=f"Save it again. {SAVE_AS_CSV}"
        ) from error


def _trimmed(raw: pl.DataFrame) -> pl.DataFrame:
    """Trim every cell, make the empty ones null, and leave out blank rows."""
    cells = pl.all().exclude("row")
    trimmed = raw.with_columns(cells.str.strip_chars())
    trimmed = trimmed.with_columns(pl.when(cells.str.len_bytes() > 0).then(cells), pl.col("row").cast(pl.Int64))
    return trimmed.filter(~pl.all_horizontal(cells.is_null()))


def _refuse_long_cells(cells: pl.DataFrame, headings: tuple[str, ...], limits: Limits) -> None:
    for position, heading in enumerate(headings):
        column = str(position)
        longest = cells[column].str.len_bytes().max()
        if not isinstance(longest, int) or longest <= limits.cell_characters:
            continue
        too_long = cells.filter(pl.col(column).str.len_chars() > limits.cell_characters)["row"]
        if too_long.len():
            raise BadFile(
                f"A cell of '{heading}' holds more than {limits.cell_characters:,} characters "
                f"({row_ranges(too_long.to_list())}).",
                remedy="Shorten it, or delete the column if the dataset does not need it.",
            )
