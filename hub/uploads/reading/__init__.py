"""From an uploaded file to a table of text: how it is packed, encoded and divided, and nothing about what it means.

Pure but for a scratch folder of its own. Runs only in the confined process; refuses what it cannot read for certain.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Protocol

import polars as pl

from hub.errors import BadFile
from hub.uploads.reading import archives, geojson, geopackage, ods, shapefile, text, xlsx
from hub.uploads.reading.grids import Sheets
from hub.uploads.reading.outlines import Areas
from hub.uploads.reading.table import LOOK_SAMPLES, SPLIT, Limits, Question, Table, without
from hub.uploads.reading.text import SAVE_AS_CSV
from hub.words import megabytes

__all__ = ["LOOK_ROWS", "LOOK_SAMPLES", "Limits", "Question", "Table", "other_sheets", "read", "write_without"]

LOOK_ROWS = 200
START_BYTES = 64
MAP_ENDINGS = (".geojson", ".json", ".gpkg", ".zip")
TEXT_ENDINGS = (".csv", ".tsv", ".txt")
NO_ANSWERS: Mapping[str, str] = MappingProxyType({})
GZIP, ZIP, DATABASE, OLD_OFFICE = b"\x1f\x8b", b"PK\x03\x04", b"SQLite format 3\x00", b"\xd0\xcf\x11\xe0"
MACRO_ENDINGS = (".xlsm", ".xlsb", ".xltm", ".xlam")
FORMATS = (
    "CSV (.csv), Excel (.xlsx), OpenDocument (.ods), GeoJSON (.geojson), GeoPackage (.gpkg) or "
    "a zipped shapefile (.zip)"
)
STRANGERS = (
    (ZIP, "an Excel workbook or a zip archive"),
    (b"PK\x05\x06", "an empty zip archive"),
    (OLD_OFFICE, "an old Excel workbook"),
    (DATABASE, "a GeoPackage or another database"),
    (b"%PDF", "a PDF"),
    (GZIP, "a gzip archive"),
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


def read(
    original: Path,
    file_name: str,
    limits: Limits,
    scratch: Path,
    *,
    rows: int | None = None,
    answers: Mapping[str, str] = NO_ANSWERS,
) -> Table:
    """Read a file of any format the hub takes, as text.

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
    answers
        What a person has said of the file: `sheet` (or layer), `heading_row`, `crs`.

    Raises
    ------
    BadFile
        Saying what is wrong with the file and the cure.
    """
    return _opened(original, file_name, limits, scratch).table(rows=rows, answers=answers)


def read_areas(original: Path, file_name: str, limits: Limits, scratch: Path) -> Areas:
    """Read the areas that a map file holds.

    Raises
    ------
    BadFile
        Saying what is wrong with the file, or that it is no map file, and the cure.
    """
    if not file_name.casefold().endswith(MAP_ENDINGS):
        raise BadFile(
            "A zone is read from GeoJSON (.geojson), a GeoPackage (.gpkg) or a zipped shapefile (.zip). The name of "
            "this file ends in none of these.",
            remedy="In QGIS, choose Export, Save Features As, and one of them.",
        )
    book = _opened(original, file_name, limits, scratch)
    assert isinstance(book, geojson.Features | geopackage.Package | shapefile.Shapefile)  # noqa: S101 - by its ending
    return book.areas()


def other_sheets(
    original: Path, file_name: str, limits: Limits, scratch: Path, read_already: str
) -> Iterator[tuple[str, tuple[str, ...], pl.DataFrame]]:
    """Every other sheet or layer of a file, hidden ones too: its name, headings and cells, whatever they look like."""
    book = _opened(original, file_name, limits, scratch)
    for sheet in (*book.sheets.visible, *book.sheets.hidden):
        if sheet != read_already:
            yield sheet, *book.cells(sheet)


def write_without(table: Table, left_out: Collection[str], destination: Path) -> None:
    """Write a table anew as CSV, without some of its columns and without all that no heading names."""
    if table.questions:
        raise BadFile(
            "Columns can be left out only of a file that says which coordinate system it is in.",
            remedy="Say so in the file itself, or leave the columns out of it, and upload it again.",
        )
    headings, cells = without(table.headings, table.cells, frozenset(left_out))
    named = {str(at): heading for at, heading in enumerate(headings)}
    cells.select(list(named)).rename(named).write_csv(destination)


class Book(Protocol):
    """An opened file of any format."""

    @property
    def sheets(self) -> Sheets:
        """Its sheets or layers."""

    def table(self, *, rows: int | None, answers: Mapping[str, str]) -> Table:
        """Read the sheet asked for, or the first that holds a table."""

    def cells(self, sheet: str) -> tuple[tuple[str, ...], pl.DataFrame]:
        """The headings and cells of a sheet that is only looked through."""


def _opened(original: Path, file_name: str, limits: Limits, scratch: Path) -> Book:
    """Open a file as what its name and its first bytes agree that it is."""
    start, name = _start_of(original, limits), file_name.casefold()
    if name.endswith((".xlsx", ".ods")):
        return _workbook(original, name, start, limits)
    if name.endswith((".geojson", ".json")):
        _require(start.lstrip(b"\xef\xbb\xbf \t\r\n").startswith((b"{", b"[")), "GeoJSON")
        return geojson.Features(original, limits)
    if name.endswith(".gpkg"):
        _require(start.startswith(DATABASE), "a GeoPackage")
        return geopackage.Package(original, limits)
    if name.endswith(".zip"):
        _require(start.startswith(ZIP), "a zip archive")
        return shapefile.Shapefile(archives.Archive(original, limits, most_entries=limits.archive_entries), limits)
    return text.Text(_plain_text(original, name, start, limits, scratch), limits, scratch)


def _workbook(original: Path, name: str, start: bytes, limits: Limits) -> Book:
    if start.startswith(OLD_OFFICE):
        raise BadFile(
            "The file is an old Excel workbook, or is protected with a password.",
            remedy="In Excel, take the password off (File, Info, Protect Workbook) and save it as .xlsx.",
        )
    _require(start.startswith(ZIP), "an Excel workbook" if name.endswith(".xlsx") else "an OpenDocument spreadsheet")
    archive = archives.Archive(original, limits, most_entries=limits.workbook_parts)
    return xlsx.Workbook(archive, limits) if name.endswith(".xlsx") else ods.Workbook(archive, limits)


def _start_of(original: Path, limits: Limits) -> bytes:
    size = original.stat().st_size
    if size == 0:
        raise BadFile("The file is empty.", remedy="Check that it was saved, and upload it again.")
    if size > limits.file_bytes:
        raise BadFile(f"The file is larger than {megabytes(limits.file_bytes)}.", remedy=SPLIT)
    with original.open("rb") as stream:
        return stream.read(START_BYTES)


def _plain_text(original: Path, name: str, start: bytes, limits: Limits, scratch: Path) -> Path:
    """Refuse what is no delimited text by its name or its first bytes, and unpack what is compressed."""
    if name.endswith(MACRO_ENDINGS):
        raise xlsx.has_macros()
    if name.endswith(".xls"):
        raise BadFile(
            "The file is an old Excel workbook (.xls).",
            remedy="In Excel, choose File, Save As and the type 'Excel Workbook (*.xlsx)', and upload that file.",
        )
    if not name.endswith((*TEXT_ENDINGS, *(f"{ending}.gz" for ending in TEXT_ENDINGS))):
        raise BadFile(f"The hub reads {FORMATS}, and this file's name ends in none of these.", remedy=SAVE_AS_CSV)
    plain = original
    if name.endswith(".gz"):
        if not start.startswith(GZIP):
            raise BadFile("The file's name ends in .gz, but it is not compressed.", remedy="Give it its right name.")
        plain = archives.gunzip(original, limits, scratch / "unpacked")
        with plain.open("rb") as stream:
            start = stream.read(START_BYTES)
    _refuse_strangers(start)
    return plain


def _refuse_strangers(start: bytes) -> None:
    for mark, words in STRANGERS:
        if start.startswith(mark):
            raise BadFile(
                f"The file is called CSV, but it is {words}.",
                remedy=f"If it is one of those the hub reads, {FORMATS}, give it its right name. {SAVE_AS_CSV}",
            )
    if start.lstrip(b"\xef\xbb\xbf \t\r\n").startswith((b"{", b"<")):
        raise BadFile("The file is called CSV, but it is JSON, XML or a web page.", remedy=SAVE_AS_CSV)


def _require(agrees: bool, words: str) -> None:
    if not agrees:
        raise BadFile(
            f"The file's name says that it is {words}, but it is not.",
            remedy="Save it again in the program that made it, and give it its right name.",
        )
