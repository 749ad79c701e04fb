"""Zipped shapefiles: the points of a layer and the dBase table beside them, read record by record.

No map library sees them, and no name from inside the archive becomes a path.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import PurePosixPath

import numpy as np
import polars as pl

from hub.errors import BadFile
from hub.uploads.reading.archives import Archive
from hub.uploads.reading.grids import Sheets
from hub.uploads.reading.layers import (
    DEGREES,
    ETRS_DEGREES,
    NATIONAL_GRID,
    SAVE_IN_A_KNOWN_SYSTEM,
    WEB_MERCATOR,
    Layer,
    Point,
    frame_of,
    has_areas,
    has_lines,
    not_a_layer,
    point_of,
    tabled,
)
from hub.uploads.reading.outlines import (
    MOST_CORNERS,
    Area,
    Areas,
    Ring,
    damaged,
    not_areas,
    of_rings,
    ring_of,
    settled,
    several_layers,
)
from hub.uploads.reading.table import Limits, Table, too_many_columns, too_many_rows
from hub.uploads.reading.xlsx import plain_number

SHAPE_MAGIC, SHAPE_HEADER_BYTES, RECORD_HEADER_BYTES = 9994, 100, 8
NOTHING, POINTS, ONE_IN_POINTS, AREAS, PATCHES = 0, {1, 11, 21}, {8, 18, 28}, {5, 15, 25, 31}, 31
BOX_BYTES = 32
FIELD_BYTES, HEADER_END = 32, 0x0D
DELETED = b"*"
NUMBERED_ENCODING = re.compile(r"(?:ANSI|CP|WINDOWS)?[ -]?(\d{3,5})", re.IGNORECASE)
SYSTEMS = {
    r'PROJCS\["(OSGB_?1936_|OSGB(36| 1936) / )?British[_ ]National[_ ]Grid"': NATIONAL_GRID,
    r'PROJCS\["WGS([_ ]19|[_ ])84[_ ](Web[_ ]Mercator|/ Pseudo-Mercator)': WEB_MERCATOR,
    r'GEOGCS\["(GCS_)?WGS([_ ]19|[_ ])84"': DEGREES,
    r'GEOGCS\["(GCS_ETRS_1989|ETRS89)"': ETRS_DEGREES,
}
"""How each coordinate system begins, as ArcGIS and as QGIS write it."""


class Shapefile:
    """An opened archive of one or more shapefiles."""

    def __init__(self, archive: Archive, limits: Limits) -> None:
        self._archive, self._limits = archive, limits
        paths = {name: PurePosixPath(name) for name in archive.names}
        self._parts = {(str(path.with_suffix("")), path.suffix.casefold()): name for name, path in paths.items()}
        self.sheets = Sheets(tuple(stem for stem, ending in self._parts if ending == ".shp"))
        if not self.sheets.visible:
            raise not_a_layer("The zip archive holds no shapefile (.shp).")
        self.sheets.require(limits)

    def table(self, *, rows: int | None, answers: Mapping[str, str]) -> Table:
        """Read one layer."""
        stem = self.sheets.asked_for(answers) or self.sheets.visible[0]
        points = list(_points(self._content(stem, ".shp"), self._limits))
        names, columns, kept = self._attributes(stem)
        if len(kept) != len(points):
            raise not_a_layer("The shapefile's table has not as many rows as it has shapes.")
        shown = [point for point, is_kept in zip(points, kept, strict=True) if is_kept][:rows]
        layer = Layer(names, tuple(column[:rows] for column in columns), shown, _epsg_of(self._content(stem, ".prj")))
        return tabled(layer, self._limits, answers=answers, file_format="shp", sheets=self.sheets, sheet=stem)

    def cells(self, sheet: str) -> tuple[tuple[str, ...], pl.DataFrame]:
        """The attributes of a layer that is only looked through."""
        names, columns, _ = self._attributes(sheet)
        return names, frame_of(columns)

    def areas(self) -> Areas:
        """Read the areas of its only layer."""
        if len(self.sheets.visible) > 1:
            raise several_layers(self.sheets.visible)
        (stem,) = self.sheets.visible
        found = _areas(self._content(stem, ".shp"), self._limits)
        return settled(found, _epsg_of(self._content(stem, ".prj")))

    def _attributes(self, stem: str) -> tuple[tuple[str, ...], tuple[list[str | None], ...], list[bool]]:
        if (stem, ".dbf") not in self._parts:
            raise not_a_layer("The shapefile lacks its table (.dbf).")
        return _attributes(self._content(stem, ".dbf"), self._content(stem, ".cpg"), self._limits)

    def _content(self, stem: str, ending: str) -> bytes:
        part = self._parts.get((stem, ending))
        return self._archive.content(part) if part else b""


def _epsg_of(system: bytes) -> int | None:
    """Recognise a coordinate system by its name; None where nothing is said, and a refusal where it is another."""
    words = system.decode("utf-8", "replace").strip("\ufeff \r\n\t\0")
    if not words:
        return None
    for pattern, epsg in SYSTEMS.items():
        if re.match(pattern, words, re.IGNORECASE):
            return epsg
    raise BadFile("The shapefile is in a coordinate system that the hub does not read.", remedy=SAVE_IN_A_KNOWN_SYSTEM)


# --- Shapes ----------------------------------------------------------------------------------------------------------


def _points(shapes: bytes, limits: Limits) -> Iterator[Point]:
    return (_point_of(shapes, at, kind) for at, kind in _records(shapes, limits))


def _areas(shapes: bytes, limits: Limits) -> Iterator[Area]:
    for at, kind in _records(shapes, limits):
        if kind not in {NOTHING, *AREAS} or kind == PATCHES:
            raise not_areas()
        if kind != NOTHING:
            yield of_rings(_rings(shapes, at))


def _rings(shapes: bytes, at: int) -> list[Ring]:
    """Read the rings of a polygon: behind its box, how many parts and corners, where each part begins, the corners."""
    try:
        parts, corners = struct.unpack_from("<2i", shapes, at + BOX_BYTES)
        if not 0 < parts <= corners <= MOST_CORNERS:
            raise damaged()
        starts = [*struct.unpack_from(f"<{parts}i", shapes, at + BOX_BYTES + 8), corners]
        values = struct.unpack_from(f"<{2 * corners}d", shapes, at + BOX_BYTES + 8 + 4 * parts)
    except struct.error as error:
        raise _damaged() from error
    pairs = list(zip(values[::2], values[1::2], strict=True))
    return [ring_of(pairs[first:last]) for first, last in pairwise(starts)]


def _records(shapes: bytes, limits: Limits) -> Iterator[tuple[int, int]]:
    """Where the content of each record begins, behind its kind; and that kind."""
    try:
        if struct.unpack_from(">i", shapes, 0) != (SHAPE_MAGIC,):
            raise _damaged()
        at, count = SHAPE_HEADER_BYTES, 0
        while at < len(shapes):
            words, kind = *struct.unpack_from(">4xi", shapes, at), *struct.unpack_from("<i", shapes, at + 8)
            count += 1
            if count > limits.rows:
                raise too_many_rows(limits)
            if words < 2:
                raise _damaged()
            yield at + RECORD_HEADER_BYTES + 4, kind
            at += RECORD_HEADER_BYTES + 2 * words
    except struct.error as error:
        raise _damaged() from error


def _point_of(shapes: bytes, at: int, kind: int) -> Point:
    if kind == NOTHING:
        return None
    if kind in AREAS:
        raise has_areas()
    if kind not in POINTS | ONE_IN_POINTS:
        raise has_lines()
    try:
        if kind in ONE_IN_POINTS:
            if struct.unpack_from("<i", shapes, at + BOX_BYTES) != (1,):
                raise has_lines()
            at += BOX_BYTES + 4
        return point_of(struct.unpack_from("<2d", shapes, at))
    except struct.error as error:
        raise _damaged() from error


# --- The table beside them -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Field:
    name: str
    kind: str
    width: int


def _attributes(
    table: bytes, encoding: bytes, limits: Limits
) -> tuple[tuple[str, ...], tuple[list[str | None], ...], list[bool]]:
    """Read names and columns, and for each record whether it is kept or was deleted."""
    try:
        count, start, width = struct.unpack_from("<4xIHH", table, 0)
    except struct.error as error:
        raise _damaged() from error
    if count > limits.rows:
        raise too_many_rows(limits)
    codec = _codec_of(encoding, table[start:])
    fields = list(_fields(table[:start], codec))
    if not fields or 1 + sum(one.width for one in fields) > width or len(table) < start + count * width:
        raise _damaged()
    if len(fields) > limits.columns:
        raise too_many_columns(f"{len(fields):,}", limits)
    layout = [("flag", "S1"), *((f"f{at}", f"S{one.width}") for at, one in enumerate(fields))]
    record = np.dtype(
        {"names": [name for name, _ in layout], "formats": [form for _, form in layout], "itemsize": width}
    )
    records = np.frombuffer(table, record, count, start)
    kept = records["flag"] != DELETED
    records = records[kept]
    columns = tuple(
        [_value(cell.decode(codec, "replace").strip(" \0"), one.kind) for cell in records[f"f{at}"].tolist()]
        for at, one in enumerate(fields)
    )
    return tuple(one.name for one in fields), columns, kept.tolist()


def _fields(header: bytes, codec: str) -> Iterator[_Field]:
    at = FIELD_BYTES
    while at + FIELD_BYTES <= len(header) and header[at] != HEADER_END:
        name, kind, width = header[at : at + 11], chr(header[at + 11]), header[at + 16]
        if not width:
            raise _damaged()
        yield _Field(name.split(b"\0")[0].decode(codec, "replace").strip(), kind, width)
        at += FIELD_BYTES


def _codec_of(encoding: bytes, records: bytes) -> str:
    """The encoding that the .cpg file names; else UTF-8 if the records are that, and Windows-1252 if they are not."""
    said = encoding.decode("ascii", "ignore").strip()
    numbered = NUMBERED_ENCODING.fullmatch(said)
    if numbered and numbered[1] in {"1252", "8859", "88591"}:
        return "cp1252"
    if said.upper() in {"ISO-8859-1", "ISO 8859-1", "LATIN1"}:
        return "cp1252"
    try:
        records.decode("utf-8")
    except UnicodeDecodeError:
        return "cp1252"
    return "utf-8"


def _value(words: str, kind: str) -> str | None:
    if not words or words.strip("*") == "":
        return None
    if kind == "D" and len(words) == 8 and words.isdecimal():
        return f"{words[:4]}-{words[4:6]}-{words[6:]}"
    return plain_number(words) if kind in "NF" else words


def _damaged() -> BadFile:
    return not_a_layer("The shapefile is damaged.")
