"""Files made to harm: at and about every rule and limit, and damaged at random. Each is read right, or refused."""

from __future__ import annotations

import io
import random
import re
import socket
import stat
import struct
import threading
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from hub.errors import BadFile
from hub.uploads import confined, files
from hub.uploads.reading import Limits
from tests.uploads.desk import read
from tests.uploads.made import (
    book,
    dbf,
    feature,
    geojson,
    gpkg,
    ods,
    ods_row,
    packed,
    row_of,
    saved,
    shapefile_parts,
    shp,
    xlsx_parts,
)

FUZZED_EACH, FUZZED_EACH_LONG = 150, 2_000
"""How many damaged files of each format."""
CANARY = "canary-7f3a-content"


# --- Limits, for every format ----------------------------------------------------------------------------------------

Make = Callable[[int], tuple[bytes, str]]
TIGHT = Limits(
    rows=5, columns=4, sheets=3, cell_characters=10, name_bytes=6, archive_entries=6, workbook_parts=7, seconds=60
)


def table_of(rows: int = 1, columns: int = 1, cell: str = "x", name: str = "") -> list[list[str]]:
    return [[name or f"c{at}" for at in range(columns)], *([cell] * columns for _ in range(rows))]


def as_csv(cells: list[list[str]]) -> tuple[bytes, str]:
    return "".join(",".join(row) + "\n" for row in cells).encode(), "f.csv"


def as_xlsx(cells: list[list[str]]) -> tuple[bytes, str]:
    return packed(xlsx_parts("".join(row_of(*row) for row in cells))), "f.xlsx"


def as_ods(cells: list[list[str]]) -> tuple[bytes, str]:
    return ods("".join(ods_row(*row) for row in cells)), "f.ods"


def as_geojson(cells: list[list[str]]) -> tuple[bytes, str]:
    headings, *rows = cells
    features = [
        {"type": "Feature", "geometry": None, "properties": dict(zip(headings, row, strict=True))} for row in rows
    ]
    return geojson(*features), "f.geojson"


def as_gpkg(cells: list[list[str]]) -> tuple[bytes, str]:
    headings, *rows = cells
    columns = ", ".join(f"{name} TEXT" for name in headings)
    values = "; ".join("INSERT INTO t VALUES ({})".format(", ".join(f"'{cell}'" for cell in row)) for row in rows)
    contents = "UPDATE gpkg_contents SET table_name = 't', data_type = 'attributes'"
    return gpkg(sql=f"CREATE TABLE t ({columns}); {values}; {contents}"), "f.gpkg"


def as_shapefile(cells: list[list[str]]) -> tuple[bytes, str]:
    headings, *rows = cells
    parts = {**shapefile_parts(), "crimes.shp": shp([(530_000.0, 180_000.0)] * len(rows))}
    return packed({**parts, "crimes.dbf": dbf([(name, "C", 30) for name in headings], rows)}), "f.zip"


FORMATS = {"csv": as_csv, "xlsx": as_xlsx, "ods": as_ods, "geojson": as_geojson, "gpkg": as_gpkg, "shp": as_shapefile}
COORDINATES = {"geojson": 2, "shp": 2}
"""Columns that the points of a layer add to its own."""


@pytest.mark.parametrize("format_", FORMATS)
@pytest.mark.parametrize(
    ("most", "cells", "words"),
    [
        (5, lambda count: table_of(rows=count), "more than 5 rows"),
        (4, lambda count: table_of(columns=count), "columns; the hub takes 4"),
        (10, lambda count: table_of(cell="é" * count), "more than 10 characters"),
        (6, lambda count: table_of(name="n" * count), "longer than 6 bytes"),
    ],
    ids=["rows", "columns", "cell", "name"],
)
def test_each_limit_holds_at_one_under_and_one_over(
    format_: str, most: int, cells: Callable[[int], list[list[str]]], words: str
) -> None:
    write, limits = FORMATS[format_], TIGHT
    added = COORDINATES.get(format_, 0)
    if "columns" in words:
        most -= added
    elif format_ == "shp":  # The headings of the two columns of points are longer than six bytes.
        limits = Limits(**{**TIGHT.__dict__, "name_bytes": 8})
        most, words = (8, "longer than 8 bytes") if "bytes" in words else (most, words)
    elif format_ == "geojson":
        limits = Limits(**{**TIGHT.__dict__, "name_bytes": 9})
        most, words = (9, "longer than 9 bytes") if "bytes" in words else (most, words)
    if "columns" in words and added:
        limits = Limits(**{**TIGHT.__dict__, "name_bytes": 9})
    for count in (most - 1, most):
        table = read(*write(cells(count)), limits=limits)
        assert table.format == format_
        assert table.cells.height == len(cells(count)) - 1
    with pytest.raises(BadFile, match=words) as refusal:
        read(*write(cells(most + 1)), limits=limits)
    assert refusal.value.remedy


@pytest.mark.parametrize("format_", FORMATS)
def test_a_file_may_be_as_large_as_the_limit_and_no_larger(format_: str) -> None:
    content, name = FORMATS[format_](table_of(rows=3, columns=2))
    read(content, name, Limits(file_bytes=len(content)))
    with pytest.raises(BadFile, match="larger than"):
        read(content, name, Limits(file_bytes=len(content) - 1))


@pytest.mark.parametrize("format_", FORMATS)
def test_a_file_of_any_format_is_refused_under_any_other_name(format_: str) -> None:
    content, right = FORMATS[format_](table_of(rows=3, columns=2))
    for name in {"f.csv", "f.xlsx", "f.ods", "f.geojson", "f.gpkg", "f.zip", "f.csv.gz"} - {right}:
        with pytest.raises(BadFile) as refusal:
            read(content, name)
        assert refusal.value.remedy


def test_sheets_and_parts_are_counted() -> None:
    def sheets(count: int) -> bytes:
        return packed(xlsx_parts(row_of("a", "b") + row_of("1", "2"), sheets=[f"S{at}" for at in range(count)]))

    for count in (2, 3):
        assert len(read(sheets(count), "f.xlsx", TIGHT).sheets) == count
    with pytest.raises(BadFile, match="4 sheets; the hub takes 3"):
        read(sheets(4), "f.xlsx", Limits(sheets=3))
    with pytest.raises(BadFile, match="8 parts; the hub takes 7"):
        read(sheets(5), "f.xlsx", TIGHT)
    more = "".join(f'<table:table table:name="S{at}">{ods_row("a")}</table:table>' for at in range(3))
    with pytest.raises(BadFile, match="4 sheets; the hub takes 3"):
        read(ods(ods_row("a") + ods_row("1"), more=more), "f.ods", TIGHT)
    layers = "; ".join(
        f"CREATE TABLE l{at} (a); INSERT INTO gpkg_contents VALUES ('l{at}', 'attributes')" for at in range(3)
    )
    with pytest.raises(BadFile, match="4 sheets; the hub takes 3"):
        read(gpkg(sql=layers), "f.gpkg", TIGHT)
    parts = {**shapefile_parts(), "1": b"", "2": b""}
    assert read(packed(parts), "f.zip", Limits(archive_entries=6)).cells.height == 2
    with pytest.raises(BadFile, match="6 parts; the hub takes 5"):
        read(packed(parts), "f.zip", Limits(archive_entries=5))


def bombs() -> Iterator[tuple[bytes, str]]:
    rows = row_of("a", "b") + row_of("1", " " * 3_000_000)
    yield packed(xlsx_parts(rows)), "f.xlsx"
    yield ods(ods_row("a", "b") + ods_row("1", " " * 3_000_000)), "f.ods"
    yield packed({**shapefile_parts(), "crimes.dbf": dbf([("ward", "C", 200)], [("x",)] * 15_000)}), "f.zip"


@pytest.mark.parametrize(("content", "name"), list(bombs()), ids=["xlsx", "ods", "shp"])
def test_a_bomb_is_stopped_while_it_unpacks(content: bytes, name: str) -> None:
    with pytest.raises(BadFile, match="100 times its size"):
        read(content, name, Limits(ratio_counts_above_bytes=1_000_000))
    with pytest.raises(BadFile, match=r"unpacks to more than 1\.0 MB"):
        read(content, name, Limits(unpacked_bytes=1_000_000))


def test_rows_that_are_only_repeated_are_counted_before_they_are_made() -> None:
    for repeated in (10_000_000, 10**18):
        content = ods(ods_row("a", "b") + ods_row("1", "2", repeated=repeated))
        with pytest.raises(BadFile, match="more than 500,000 rows"):
            read(content, "f.ods")
    wide = '<table:table-row><table:table-cell table:number-columns-repeated="999999999" office:value-type="float" '
    with pytest.raises(BadFile, match="columns; the hub takes 300"):
        read(ods(f'{wide}office:value="1"/></table:table-row>' + ods_row("1")), "f.ods")


# --- Rules of archives -----------------------------------------------------------------------------------------------

GOOD = xlsx_parts(row_of("a", "b") + row_of("1", "2"))


def with_entry(
    name: str, change: Callable[[zipfile.ZipInfo], None] = lambda _: None, good: bytes | None = None
) -> bytes:
    """A good workbook, or another archive, with one entry more."""
    out = io.BytesIO(good or packed(GOOD))
    with zipfile.ZipFile(out, "a") as archive:
        entry = zipfile.ZipInfo(name)
        change(entry)
        archive.writestr(entry, "/etc/passwd")
    return out.getvalue()


def encrypted() -> bytes:
    content = bytearray(packed(GOOD))
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(mark) + offset] |= 1
    return bytes(content)


def overlapping() -> bytes:
    """Two names in the directory for the bytes of one part."""
    content = bytearray(packed(GOOD))
    first, second = [found.start() for found in re.finditer(rb"PK\x01\x02", content)][:2]
    content[second + 42 : second + 46] = content[first + 42 : first + 46]
    return bytes(content)


def twice() -> bytes:
    content = bytearray(packed({**GOOD, "xl/workbook.xmk": "<a/>"}))
    return bytes(content.replace(b"xl/workbook.xmk", b"xl/workbook.XML"))


def as_link(entry: zipfile.ZipInfo) -> None:
    entry.create_system, entry.external_attr = 3, (stat.S_IFLNK | 0o777) << 16


def as_bzip2(entry: zipfile.ZipInfo) -> None:
    entry.compress_type = zipfile.ZIP_BZIP2


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (with_entry("../../etc/passwd"), "points outside"),
        (with_entry("/etc/passwd"), "points outside"),
        (with_entry("C:\\passwd"), "points outside"),
        (with_entry("xl\\..\\..\\passwd"), "points outside"),
        (with_entry("link", as_link), "points outside"),
        (with_entry("xl/more.zip"), "another packed file"),
        (with_entry("xl/packed", as_bzip2), "does not unpack"),
        (with_entry("xl/vbaProject.bin"), "has macros"),
        (encrypted(), "password"),
        (overlapping(), "damaged"),
        (twice(), "two parts of the same name"),
        (packed(GOOD)[:-40], "damaged"),
        (packed({}), "says that it is an Excel workbook"),
        (packed({"a": "b"}), "no Excel workbook"),
        (b"\xd0\xcf\x11\xe0" + bytes(600), "protected with a password"),
        (packed({**GOOD, "xl/worksheets/sheet1.xml": "<worksheet><sheetData>"}), "damaged"),
        (packed({**GOOD, "xl/worksheets/sheet1.xml": '<?xml version="1.0" encoding="nonsense"?><w/>'}), "damaged"),
        (packed({name: part for name, part in GOOD.items() if "sheet1" not in name}), "lacks a part"),
        (packed(xlsx_parts('<row><c t="s"><v>5</v></c></row>')), "damaged"),
        (packed(xlsx_parts('<row><c r="nonsense"><v>5</v></c></row>')), "damaged"),
        (packed(xlsx_parts('<row r="5"/><row r="5"/>')), "damaged"),
        (packed(xlsx_parts("")), "no headings and no rows"),
        (packed(xlsx_parts(row_of("a", "b"))), "no rows"),
        (packed(xlsx_parts(row_of("a", "a") + row_of("1", "2"))), "same heading"),
    ],
)
def test_a_workbook_that_breaks_a_rule_is_refused(content: bytes, words: str) -> None:
    assert read(packed(GOOD), "f.xlsx").cells.height == 1
    with pytest.raises(BadFile, match=words) as refusal:
        read(content, "f.xlsx")
    assert refusal.value.remedy


ARCHIVES = {
    "xlsx": packed(GOOD),
    "ods": ods(ods_row("a", "b") + ods_row("1", "2")),
    "zip": packed(shapefile_parts()),
}


@pytest.mark.parametrize("format_", ARCHIVES)
@pytest.mark.parametrize(
    ("name", "change", "words"),
    [
        ("../up", None, "points outside"),
        ("/etc/passwd", None, "points outside"),
        ("C:\\up", None, "points outside"),
        ("link", as_link, "points outside"),
        ("more.zip", None, "another packed file"),
        ("more.gz", None, "another packed file"),
        ("odd", as_bzip2, "does not unpack"),
    ],
)
def test_every_archive_is_held_to_the_same_rules(
    format_: str, name: str, change: Callable[[zipfile.ZipInfo], None] | None, words: str
) -> None:
    read(ARCHIVES[format_], f"f.{format_}")
    with pytest.raises(BadFile, match=words) as refusal:
        read(with_entry(name, change or (lambda _: None), ARCHIVES[format_]), f"f.{format_}")
    assert refusal.value.remedy


def test_what_a_gzip_unpacks_to_is_counted_to_the_byte() -> None:
    content = b"a,b\n" + b"1,2\n" * 400
    gzipped = zlib.compress(content, wbits=31)
    at = len(content) // len(gzipped) + 1
    for limits in (Limits(unpacked_bytes=len(content)), Limits(ratio=at, ratio_counts_above_bytes=0)):
        assert read(gzipped, "f.csv.gz", limits).cells.height == 400
    assert read(gzipped, "f.csv.gz", Limits(ratio=at - 1, ratio_counts_above_bytes=len(content))).cells.height == 400
    for limits, words in (
        (Limits(unpacked_bytes=len(content) - 1), "unpacks to more than"),
        (Limits(ratio=at - 1, ratio_counts_above_bytes=len(content) - 1), "times its size"),
    ):
        with pytest.raises(BadFile, match=words):
            read(gzipped, "f.csv.gz", limits)


@pytest.mark.parametrize("part", ["content.xml", "META-INF/manifest.xml"])
def test_no_part_that_is_read_of_an_opendocument_sheet_may_declare_a_document_type(part: str) -> None:
    with zipfile.ZipFile(io.BytesIO(ods(ods_row("a", "b") + ods_row("1", "2"), manifest="<m/>"))) as archive:
        parts = {name: archive.read(name).decode() for name in archive.namelist()}
    assert read(packed(parts), "f.ods").cells.height == 1
    for declared in (LAUGHS, outside("file:///etc/passwd"), outside("http://127.0.0.1:9/")):
        with pytest.raises(BadFile, match="document type"):
            read(packed({**parts, part: declared + parts[part]}), "f.ods")


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        ("../../etc/counts.csv", "counts.csv"),
        ("C:\\Users\\jo\\counts.csv", "counts.csv"),
        ("/counts.csv\x00\r\nSet-Cookie: a=b", "counts.csvSet-Cookie: a=b"),
        ("\u202evsc.exe", "vsc.exe"),
        ("<b>.csv", "<b>.csv"),
    ],
)
def test_a_file_name_is_only_its_last_part_on_one_line(sent: str, shown: str) -> None:
    assert files.display_name(sent, Limits()) == shown
    for none in ("", "..\\", "a/", "\r\n"):
        with pytest.raises(BadFile, match="no name"):
            files.display_name(none, Limits())


def test_a_password_on_an_opendocument_sheet_is_said() -> None:
    manifest = '<m:manifest xmlns:m="m"><m:file-entry><m:encryption-data/></m:file-entry></m:manifest>'
    with pytest.raises(BadFile, match="password"):
        read(ods(ods_row("a"), manifest=manifest), "f.ods")


LAUGHS = '<!DOCTYPE w [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;">]>'


def outside(target: str) -> str:
    return f'<!DOCTYPE w [<!ENTITY x SYSTEM "{target}"><!ENTITY % p SYSTEM "{target}">%p;]>'


@pytest.mark.parametrize("part", [name for name in GOOD if name.endswith((".xml", ".rels"))])
def test_no_part_of_a_workbook_may_declare_a_document_type(part: str) -> None:
    for head in (LAUGHS, outside("file:///etc/passwd"), outside("http://127.0.0.1:9/")):
        with pytest.raises(BadFile, match="document type"):
            read(packed({**GOOD, part: head + GOOD[part]}), "f.xlsx")


# --- Through the confined process, beside a canary that listens and one that lies on disk ----------------------------


@pytest.fixture
def canary(tmp_path: Path) -> Iterator[tuple[str, list[object]]]:
    """An address that tells of every visitor, and the file `canary.csv` in the folder above."""
    heard: list[object] = []
    listener = socket.create_server(("127.0.0.1", 0))

    def listen() -> None:
        with suppress(OSError):
            while True:
                heard.append(listener.accept()[1])

    thread = threading.Thread(target=listen, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{listener.getsockname()[1]}/crs", heard
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    thread.join(120)


def reaching_out(address: str, path: Path) -> Iterator[tuple[bytes, str]]:
    for target in (address, path.as_uri(), str(path)):
        link = {"type": "link", "properties": {"href": target, "type": "ogcwkt"}}
        yield geojson(feature([0, 51], ward="x"), crs=link), "f.geojson"
        yield f"<OGRVRTDataSource><SrcDataSource>{target}</SrcDataSource></OGRVRTDataSource>".encode(), "f.geojson"
        yield f'{{"type": "Topology", "objects": "{target}"}}'.encode(), "f.json"
        yield packed({**GOOD, "xl/worksheets/sheet1.xml": outside(target) + "<worksheet>&x;</worksheet>"}), "f.xlsx"
        external = f'<Relationship Id="r1" Type="x/worksheet" Target="{target}" TargetMode="External"/>'
        yield packed({**GOOD, "xl/_rels/workbook.xml.rels": f"<Relationships>{external}</Relationships>"}), "f.xlsx"
        yield gpkg(sql=f"UPDATE gpkg_contents SET table_name = '{target}'"), "f.gpkg"
        yield packed({**shapefile_parts(prj=target)}), "f.zip"
        yield f'a,b\n=WEBSERVICE("{target}"),1\n'.replace('"', "'").encode(), "f.csv"


def test_no_file_makes_the_hub_fetch_or_open_anything(canary: tuple[str, list[object]], tmp_path: Path) -> None:
    address, heard = canary
    secret = tmp_path / "canary.csv"
    secret.write_text(f"a,b\n{CANARY},1\n")
    accepted = set()
    for content, name in reaching_out(address, secret):
        try:
            seen = repr(read(content, name))
            accepted.add(name)
        except BadFile as refusal:
            seen = str(refusal)
        assert CANARY not in seen
    assert heard == []
    assert accepted == {"f.csv"}, "a formula in a CSV file is text like any other"


@pytest.mark.parametrize("name", ["f.geojson", "f.xlsx"])
def test_nor_does_the_process_that_reads_it(canary: tuple[str, list[object]], tmp_path: Path, name: str) -> None:
    address, heard = canary
    original = tmp_path / "original"
    original.write_bytes({kind: content for content, kind in reaching_out(address, tmp_path)}[name])
    with pytest.raises(BadFile) as refusal:
        confined.look(original, name, Limits(), {})
    assert str(tmp_path) not in str(refusal.value)
    assert ([path.name for path in tmp_path.iterdir()], heard) == (["original"], [])


# --- Damaged at random -----------------------------------------------------------------------------------------------


def honest() -> dict[str, bytes]:
    cells = [["ward", "month", "count"], *([f"Abbey {at}", "2024-01", str(at)] for at in range(30))]
    points = [(f"Abbey {at}", 530_000 + at, 180_000) for at in range(30)]
    return {
        "f.csv": as_csv(cells)[0],
        "f.csv.gz": zlib.compress(as_csv(cells)[0], wbits=31),
        "f.xlsx": saved(book(cells)),
        "f.ods": as_ods(cells)[0],
        "f.geojson": geojson(*(feature([0.1, 51.5], ward=ward) for ward, _, _ in points)),
        "f.gpkg": gpkg(points),
        "f.zip": as_shapefile(cells)[0],
    }


def damaged(content: bytes, chance: random.Random) -> bytes:
    changed = bytearray(content)
    for _ in range(chance.randint(1, 6)):
        changed[chance.randrange(len(changed))] = chance.randrange(256)
    if chance.random() < 0.25:
        del changed[chance.randrange(len(changed)) :]
    return bytes(changed)


def damaged_inside(content: bytes, chance: random.Random) -> bytes:
    """As above, but one part of an archive, packed again so that its checksum is right."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    name = chance.choice([name for name, part in parts.items() if part])
    return packed({**parts, name: damaged(parts[name], chance)})


@pytest.mark.parametrize("name", honest())
def test_a_file_damaged_at_random_is_read_or_refused(
    name: str, is_long: bool, record_property: Callable[[str, object], None]
) -> None:
    chance = random.Random(f"seed of {name}")
    content = honest()[name]
    tight = Limits(rows=2_000, unpacked_bytes=20_000_000)
    assert read(content, name, tight).cells.height == 30
    refusals = []
    for case in range(FUZZED_EACH_LONG if is_long else FUZZED_EACH):
        is_archive = name.endswith((".xlsx", ".ods", ".zip"))
        changed = (damaged_inside if is_archive and case % 2 else damaged)(content, chance)
        try:
            table = read(changed, name, tight)
        except BadFile as refusal:
            refusals.append(refusal)
        else:
            assert table.cells.width == len(table.headings) + 2
    print(f"T12: {case + 1:,} damaged files {name}, of which {len(refusals):,} were refused and none did harm.")
    record_property("damaged files", case + 1)
    assert refusals
    assert all(refusal.sentence and refusal.remedy for refusal in refusals)


def test_a_dbase_table_that_lies_about_itself_is_refused() -> None:
    table = dbf([("ward", "C", 5)], [("Abbey",)])
    for at, lie in ((4, struct.pack("<I", 400_000)), (8, struct.pack("<H", 60_000)), (10, struct.pack("<H", 1))):
        lying = bytearray(table)
        lying[at : at + len(lie)] = lie
        parts = {**shapefile_parts(), "crimes.shp": shp([(1.0, 2.0)]), "crimes.dbf": bytes(lying)}
        with pytest.raises(BadFile, match="damaged"):
            read(packed(parts), "f.zip")
