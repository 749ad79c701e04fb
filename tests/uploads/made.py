"""Files of every format, made by hand down to their parts, so that each rule can be broken by itself."""

from __future__ import annotations

import io
import json
import sqlite3
import struct
import tempfile
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import openpyxl

GRID_PRJ = 'PROJCS["British_National_Grid",GEOGCS["GCS_OSGB_1936"]]'
DEGREES_PRJ = 'GEOGCS["GCS_WGS_1984",DATUM["D_WGS_1984"]]'
NAMESPACE = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"


def packed(parts: Mapping[str, bytes | str], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A zip archive."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, content in parts.items():
            archive.writestr(zipfile.ZipInfo(name, (2026, 1, 1, 0, 0, 0)), content, method)
    return out.getvalue()


# --- Workbooks -------------------------------------------------------------------------------------------------------


def book(rows: Iterable[Sequence[object]], **sheets: Iterable[Sequence[object]]) -> openpyxl.Workbook:
    """A workbook with some rows on its first sheet, and on others by name."""
    made = openpyxl.Workbook()
    for row in rows:
        made.active.append(list(row))
    for name, more in sheets.items():
        sheet = made.create_sheet(name)
        for row in more:
            sheet.append(list(row))
    return made


def saved(made: openpyxl.Workbook) -> bytes:
    out = io.BytesIO()
    made.save(out)
    return out.getvalue()


def xlsx_parts(
    rows: str, *, sheets: Sequence[str] = ("Sheet1",), before: str = "", after: str = "", head: str = ""
) -> dict[str, str]:
    """The parts of the smallest workbook, with a sheet's rows as they are written in it."""
    listed = "".join(f'<sheet name="{name}" sheetId="{at}" r:id="r{at}"/>' for at, name in enumerate(sheets, start=1))
    related = "".join(
        f'<Relationship Id="r{at}" Type="{RELATIONS}/worksheet" Target="worksheets/sheet{at}.xml"/>'
        for at in range(1, len(sheets) + 1)
    )
    sheet = f'{head}<worksheet xmlns="{NAMESPACE}">{before}<sheetData>{rows}</sheetData>{after}</worksheet>'
    return {
        "_rels/.rels": f'<Relationships xmlns="{PACKAGE}">'
        f'<Relationship Id="r1" Type="{RELATIONS}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{NAMESPACE}" xmlns:r="{RELATIONS}"><sheets>{listed}</sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{PACKAGE}">{related}</Relationships>',
        **{f"xl/worksheets/sheet{at}.xml": sheet for at in range(1, len(sheets) + 1)},
    }


def row_of(*cells: str, number: int | None = None) -> str:
    """A row of texts as a sheet writes it."""
    inner = "".join(f'<c t="inlineStr"><is><t>{escape(cell)}</t></is></c>' for cell in cells)
    return f"<row>{inner}</row>" if number is None else f'<row r="{number}">{inner}</row>'


def ods(rows: str, *, styles: str = "", more: str = "", manifest: str | None = None) -> bytes:
    """An OpenDocument spreadsheet with a sheet's rows as they are written in it."""
    parts = {
        "mimetype": "application/vnd.oasis.opendocument.spreadsheet",
        "content.xml": "<office:document-content>"
        f"<office:automatic-styles>{styles}</office:automatic-styles><office:body><office:spreadsheet>"
        f'<table:table table:name="First">{rows}</table:table>{more}'
        "</office:spreadsheet></office:body></office:document-content>",
    }
    return packed({**parts, **({"META-INF/manifest.xml": manifest} if manifest else {})})


def ods_row(*cells: str, repeated: int = 1) -> str:
    inner = "".join(
        f'<table:table-cell office:value-type="string"><text:p>{escape(cell)}</text:p></table:table-cell>'
        for cell in cells
    )
    return f'<table:table-row table:number-rows-repeated="{repeated}">{inner}</table:table-row>'


# --- Layers ----------------------------------------------------------------------------------------------------------


def feature(coordinates: object, kind: str = "Point", **properties: object) -> dict[str, Any]:
    return {"type": "Feature", "geometry": {"type": kind, "coordinates": coordinates}, "properties": properties}


def geojson(*features: object, **more: object) -> bytes:
    return json.dumps({"type": "FeatureCollection", **more, "features": features}).encode()


def wkb_point(x: float, y: float) -> bytes:
    return struct.pack("<BI2d", 1, 1, x, y)


def gpkg_blob(binary: bytes) -> bytes:
    return b"GP\x00\x01" + struct.pack("<i", 27700) + binary


def gpkg(
    rows: Iterable[Sequence[object]] = (("Abbey", 530000.0, 180000.0),),
    *,
    srs: int = 27700,
    kind: str = "POINT",
    sql: str = "",
) -> bytes:
    """A GeoPackage with one layer of points, each row a name and its coordinates, and more SQL run over it."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "made.gpkg")
        database = sqlite3.connect(path)
        database.executescript(
            """
            CREATE TABLE gpkg_contents (table_name TEXT, data_type TEXT);
            CREATE TABLE gpkg_geometry_columns (table_name TEXT, column_name TEXT, geometry_type_name TEXT, srs_id INT);
            CREATE TABLE gpkg_spatial_ref_sys (srs_id INT, organization TEXT, organization_coordsys_id INT);
            INSERT INTO gpkg_spatial_ref_sys VALUES (27700, 'EPSG', 27700), (4326, 'EPSG', 4326), (-1, 'NONE', -1);
            INSERT INTO gpkg_contents VALUES ('crimes', 'features');
            CREATE TABLE crimes (fid INTEGER PRIMARY KEY, geom BLOB, ward TEXT);
            """
        )
        database.execute("INSERT INTO gpkg_geometry_columns VALUES ('crimes', 'geom', ?, ?)", (kind, srs))
        for ward, x, y in rows:
            blob = gpkg_blob(wkb_point(float(str(x)), float(str(y))))
            database.execute("INSERT INTO crimes (geom, ward) VALUES (?, ?)", (blob, ward))
        database.executescript(sql)
        database.commit()
        database.close()
        return path.read_bytes()


def dbf(fields: Sequence[tuple[str, str, int]], rows: Sequence[Sequence[str]], *, codec: str = "utf-8") -> bytes:
    width = 1 + sum(size for _, _, size in fields)
    header = b"".join(
        name.encode()[:10].ljust(11, b"\0") + kind.encode() + bytes(4) + bytes([size, 0]) + bytes(14)
        for name, kind, size in fields
    )
    start = struct.pack("<B3BIHH20x", 3, 126, 1, 1, len(rows), 32 + len(header) + 1, width)
    records = b"".join(
        b" " + b"".join(cell.encode(codec).ljust(size) for cell, (_, _, size) in zip(row, fields, strict=True))
        for row in rows
    )
    return start + header + b"\r" + records + b"\x1a"


def shp(points: Sequence[tuple[float, float] | None], kind: int = 1) -> bytes:
    records = b""
    for at, point in enumerate(points, start=1):
        content = struct.pack("<i", 0) if point is None else struct.pack("<i2d", kind, *point)
        records += struct.pack(">2i", at, len(content) // 2) + content
    return struct.pack(">i20xi", 9994, (100 + len(records)) // 2) + struct.pack("<2i", 1000, kind) + bytes(64) + records


def shapefile_parts(prj: str | None = GRID_PRJ) -> dict[str, bytes | str]:
    """The parts of a shapefile of two points, one of them nowhere."""
    rows = [("Abbey", "3.0", "20240115"), ("Cité", "", "")]
    return {
        "crimes.shp": shp([(530000.0, 180000.5), None]),
        "crimes.dbf": dbf([("ward", "C", 12), ("count", "N", 6), ("day", "D", 8)], rows),
        "crimes.shx": b"",
        **({"crimes.prj": prj} if prj is not None else {}),
    }
