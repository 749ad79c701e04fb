"""GeoPackages, read as the SQLite databases they are: read-only, tables only, no code of the file's own.

No map library sees them. Every statement runs under the clock and may only read.
"""

from __future__ import annotations

import sqlite3
import struct
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path

import polars as pl

from hub.errors import BadFile
from hub.uploads.reading.grids import Sheets
from hub.uploads.reading.layers import (
    Layer,
    Point,
    frame_of,
    has_areas,
    has_lines,
    not_a_layer,
    point_of,
    tabled,
    text_of,
)
from hub.uploads.reading.outlines import MOST_CORNERS, Areas, not_areas, of_binary, settled, several_layers
from hub.uploads.reading.table import Limits, Table, too_many_columns, too_many_rows

CONTENTS, GEOMETRIES, SYSTEMS = "gpkg_contents", "gpkg_geometry_columns", "gpkg_spatial_ref_sys"
ENVELOPE_BYTES = {0: 0, 1: 32, 2: 48, 3: 48, 4: 64}
POINT, AREA, POINTS, AREAS = 1, 3, 4, 6
STEPS_BETWEEN_LOOKS = 100_000
MAY_DO = {sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ}
HAS_NO_LAYERS = "The file is a database, but no GeoPackage with a layer of points or a table."


class Package:
    """A GeoPackage, opened anew for each layer."""

    def __init__(self, original: Path, limits: Limits) -> None:
        self._original, self._limits = original, limits
        with _opened(original, limits) as database:
            self.sheets = Sheets(tuple(_layer_names(database)))
        self.sheets.require(limits)

    def table(self, *, rows: int | None, answers: Mapping[str, str]) -> Table:
        """Read one layer or table."""
        name = self.sheets.asked_for(answers) or self.sheets.visible[0]
        with _opened(self._original, self._limits) as database:
            geometry, epsg = _geometry_column(database, name)
            layer = _layer(database, name, self._limits, rows, geometry, epsg)
        return tabled(layer, self._limits, answers=answers, file_format="gpkg", sheets=self.sheets, sheet=name)

    def cells(self, sheet: str) -> tuple[tuple[str, ...], pl.DataFrame]:
        """The attributes of a layer that is only looked through."""
        with _opened(self._original, self._limits) as database:
            layer = _layer(database, sheet, self._limits, None, None, None)
        return layer.names, frame_of(layer.columns)

    def areas(self) -> Areas:
        """Read the areas of its only layer."""
        if len(self.sheets.visible) > 1:
            raise several_layers(self.sheets.visible)
        (name,) = self.sheets.visible
        with _opened(self._original, self._limits) as database:
            column, _, epsg = _geometries_of(database, name)
            if column is None:
                raise not_areas()
            quoted, layer = ('"' + words.replace('"', '""') + '"' for words in (column, name))
            _require_table(database, name)
            wanted = f"SELECT {quoted} FROM {layer} LIMIT {MOST_CORNERS}"  # noqa: S608 - quoted
            blobs = [blob for (blob,) in _rows(database, wanted) if blob is not None]
            return settled((area for blob in blobs for area in of_binary(_binary_of(blob))), epsg)


@contextmanager
def _opened(original: Path, limits: Limits) -> Iterator[sqlite3.Connection]:
    deadline = time.monotonic() + limits.seconds
    try:
        with closing(sqlite3.connect(f"{original.resolve().as_uri()}?mode=ro&immutable=1", uri=True)) as database:
            for pragma in ("trusted_schema = off", "cell_size_check = on", "query_only = on", "mmap_size = 0"):
                database.execute(f"PRAGMA {pragma}")
            database.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, limits.file_bytes)
            database.setlimit(sqlite3.SQLITE_LIMIT_ATTACHED, 0)
            database.set_authorizer(lambda act, *_: sqlite3.SQLITE_OK if act in MAY_DO else sqlite3.SQLITE_DENY)
            database.set_progress_handler(lambda: time.monotonic() > deadline, STEPS_BETWEEN_LOOKS)
            database.text_factory = lambda words: words.decode("utf-8", "replace")
            yield database
    except (sqlite3.Error, OverflowError, UnicodeDecodeError) as error:
        raise not_a_layer("The file is no GeoPackage, or is damaged.") from error


def _rows(database: sqlite3.Connection, statement: str, *values: object) -> list[tuple[object, ...]]:
    return database.execute(statement, values).fetchall()


def _require_table(database: sqlite3.Connection, name: str) -> None:
    """Refuse a view or a virtual table, which could be an order to run something, in the place of a table."""
    found = _rows(database, "SELECT type, sql FROM sqlite_master WHERE name = ? AND type IN ('table', 'view')", name)
    if len(found) != 1 or found[0][0] != "table" or not str(found[0][1]).upper().startswith("CREATE TABLE"):
        raise not_a_layer("A layer of the file is no ordinary table.")


def _layer_names(database: sqlite3.Connection) -> list[str]:
    tables = {name for (name,) in _rows(database, "SELECT name FROM sqlite_master WHERE type IN ('table', 'view')")}
    if CONTENTS not in tables:
        raise not_a_layer(HAS_NO_LAYERS)
    _require_table(database, CONTENTS)
    wanted = "SELECT table_name FROM gpkg_contents WHERE data_type IN ('features', 'attributes') ORDER BY rowid"
    names = [str(name) for (name,) in _rows(database, wanted) if name in tables]
    if not names:
        raise not_a_layer(HAS_NO_LAYERS)
    return names


def _layer(
    database: sqlite3.Connection, name: str, limits: Limits, rows: int | None, geometry: str | None, epsg: int | None
) -> Layer:
    _require_table(database, name)
    quoted = '"' + name.replace('"', '""') + '"'
    cursor = database.execute(f"SELECT * FROM {quoted} LIMIT ?", (rows or limits.rows + 1,))  # noqa: S608 - quoted
    headings = [str(column[0]) for column in cursor.description]
    if len(headings) > limits.columns + 1:
        raise too_many_columns(f"{len(headings):,}", limits)
    found = cursor.fetchall()
    if len(found) > limits.rows:
        raise too_many_rows(limits)
    at = headings.index(geometry) if geometry in headings else None
    points = None if at is None else [_point_of(row[at]) for row in found]
    kept = [position for position in range(len(headings)) if position != at]
    binary = [position for position in kept if any(isinstance(row[position], bytes) for row in found)]
    kept = [position for position in kept if position not in binary]
    return Layer(
        tuple(headings[position] for position in kept),
        tuple([text_of(row[position]) for row in found] for position in kept),
        points,
        epsg,
        tuple(f"The column '{headings[position][:60]}' holds no text and was left out." for position in binary),
    )


def _geometry_column(database: sqlite3.Connection, layer: str) -> tuple[str | None, int | None]:
    column, kind, epsg = _geometries_of(database, layer)
    if kind in {"POLYGON", "MULTIPOLYGON", "CURVEPOLYGON", "MULTISURFACE", "SURFACE"}:
        raise has_areas()
    return column, epsg


def _geometries_of(database: sqlite3.Connection, layer: str) -> tuple[str | None, str, int | None]:
    """The column that holds the geometries of a layer, their kind and their coordinate system, if it has any."""
    tables = {name for (name,) in _rows(database, "SELECT name FROM sqlite_master WHERE type IN ('table', 'view')")}
    if GEOMETRIES not in tables:
        return None, "", None
    _require_table(database, GEOMETRIES)
    wanted = "SELECT column_name, geometry_type_name, srs_id FROM gpkg_geometry_columns WHERE table_name = ?"
    found = _rows(database, wanted, layer)
    if not found:
        return None, "", None
    column, kind, system = found[0]
    return str(column), str(kind).upper(), _epsg_of(database, system) if SYSTEMS in tables else None


def _epsg_of(database: sqlite3.Connection, system: object) -> int | None:
    _require_table(database, SYSTEMS)
    wanted = "SELECT organization, organization_coordsys_id FROM gpkg_spatial_ref_sys WHERE srs_id = ?"
    for organization, number in _rows(database, wanted, system):
        if str(organization).upper() == "EPSG" and isinstance(number, int) and number > 0:
            return number
    return None


def _point_of(blob: object) -> Point:
    """Read a point from a GeoPackage's geometry: a header, then well-known binary."""
    if blob is None:
        return None
    try:
        return _point_of_binary(_binary_of(blob))
    except (struct.error, IndexError) as error:
        raise _damaged() from error


def _binary_of(blob: object) -> bytes:
    """The well-known binary of a geometry, behind its header."""
    if not isinstance(blob, bytes) or blob[:2] != b"GP" or len(blob) < 4:
        raise _damaged()
    envelope = ENVELOPE_BYTES.get(blob[3] >> 1 & 7)
    if envelope is None:
        raise _damaged()
    return blob[8 + envelope :]


def _point_of_binary(binary: bytes) -> Point:
    kind, order = _kind_and_order(binary)
    if kind == POINTS and struct.unpack_from(f"{order}I", binary, 5) == (1,):
        binary = binary[9:]
        kind, order = _kind_and_order(binary)
    if kind in {AREA, AREAS}:
        raise has_areas()
    if kind != POINT:
        raise has_lines()
    return point_of(struct.unpack_from(f"{order}2d", binary, 5))


def _kind_and_order(binary: bytes) -> tuple[int, str]:
    order = "<" if binary[0] == 1 else ">"
    return struct.unpack_from(f"{order}I", binary, 1)[0] % 1000, order


def _damaged() -> BadFile:
    return not_a_layer("A position in the layer is damaged.")
