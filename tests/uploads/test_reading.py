"""Honest files are read exactly; what cannot be read for certain is refused with what to do."""

from __future__ import annotations

import gzip
import random
from contextlib import suppress
from functools import partial

import pytest

from hub.errors import BadFile
from hub.uploads.reading import Limits
from tests.uploads.desk import read

PLAIN = "a,b\n1,é\n"
zipped = partial(gzip.compress, mtime=0)
"""Without the time, so that every process gives a case of content the same name."""


def cells(content: str | bytes, name: str = "file.csv") -> list[tuple[object, ...]]:
    return read(content, name).cells.drop("surplus").rows()


@pytest.mark.parametrize(
    ("content", "encoding", "delimiter"),
    [
        (PLAIN.encode(), "UTF-8", "comma"),
        (PLAIN.encode("utf-8-sig"), "UTF-8", "comma"),
        (PLAIN.encode("utf-16"), "UTF-16", "comma"),
        (b"\xfe\xff" + PLAIN.encode("utf-16-be"), "UTF-16", "comma"),
        (PLAIN.encode("cp1252"), "Windows-1252", "comma"),
        (PLAIN.replace(",", ";").encode(), "UTF-8", "semicolon"),
        (PLAIN.replace(",", "\t").encode(), "UTF-8", "tab"),
        (PLAIN.replace("\n", "\r\n").encode(), "UTF-8", "comma"),
        (PLAIN.replace("\n", "\r").encode(), "UTF-8", "comma"),
        (b"\n , \n" + PLAIN.encode(), "UTF-8", "comma"),
        (b'"a","b"\n"1","\xc3\xa9"', "UTF-8", "comma"),
        (b'"a\n","b"\n"1","\xc3\xa9"', "UTF-8", "comma"),
    ],
)
def test_every_honest_shape_is_read_alike(content: bytes, encoding: str, delimiter: str) -> None:
    table = read(content)
    assert (table.headings, table.encoding, table.delimiter) == (("a", "b"), encoding, delimiter)
    assert table.cells.select("0", "1").rows() == [("1", "é")]


def test_a_compressed_file_is_read() -> None:
    assert cells(zipped(PLAIN.encode()), "file.csv.gz") == [(2, "1", "é")]


def test_rows_keep_the_number_they_have_in_a_spreadsheet() -> None:
    assert cells('a,b\n1,2\n\n3\n , \n"x\ny","z""q"\n4,5\n') == [
        (2, "1", "2"),
        (4, "3", None),
        (6, "x\ny", 'z"q'),
        (7, "4", "5"),
    ]


def test_cells_are_trimmed_and_what_cannot_be_printed_goes() -> None:
    table = read("a,b\n \u00a01 ,x\x00\x01y\n")
    assert table.cells.select("0", "1").rows() == [("1", "xy")]
    assert table.notes == ("Characters that cannot be printed were removed.",)


def test_a_cell_beyond_the_last_heading_is_kept_apart() -> None:
    assert read("a,b\n1,2,3,4\n5,6,\n").cells["surplus"].to_list() == ["3", None]


def test_a_column_without_a_heading_is_numbered() -> None:
    assert read("a,,c\n1,2,3\n").headings == ("a", "Column 2", "c")


TITLED = "Crime by ward, 2024;;\n;;\nward;count;share\nAbbey;12;0,5\nBrook;7;0,4\n"


def test_headings_are_found_below_titles() -> None:
    table = read(TITLED)
    assert (table.headings, table.heading_row, table.delimiter) == (("ward", "count", "share"), 3, "semicolon")
    assert table.cells["row"].to_list() == [4, 5]
    assert table.above == ((1, "Crime by ward, 2024"),)
    assert table.notes == ("The headings were read from row 3. What stands above them was left out.",)


def test_a_person_may_say_where_the_headings_are() -> None:
    content = "Abbey,12\nward,count\nBrook,7\n"
    assert read(content).headings == ("Abbey", "12")
    table = read(content, answers={"heading_row": "2"})
    assert (table.headings, table.cells["0"].to_list()) == (("ward", "count"), ["Brook"])
    for wrong in ("9", "x", "0", "-1", "9" * 30):
        with pytest.raises(BadFile, match="cannot hold the headings"):
            read(content, answers={"heading_row": wrong})


def test_the_delimiter_is_the_one_that_divides_every_row_alike() -> None:
    assert read("a;b\n1,5;2,5\n3,5;4,5\n").headings == ("a", "b")
    assert read("a,b\nx;y,1\nz,2\n").headings == ("a", "b")
    assert read("a\n1\n2\n").headings == ("a",)


def test_a_marked_file_is_known_again() -> None:
    upload = "0f0e0d0c-1111-4222-8333-444455556666"
    marked = f"ward,count,What to fix (upload {upload}),Suggested values\nAbbey,12,,\n,,a note,\nBrook,x,no count,7\n"
    table = read(marked)
    assert str(table.marked_upload) == upload
    assert (table.headings, table.cells.drop("surplus").rows()) == (
        ("ward", "count"),
        [(2, "Abbey", "12"), (4, "Brook", "x")],
    )
    other = read("ward,What to fix (upload of mine)\nAbbey,1\n")
    assert (other.marked_upload, len(other.headings)) == (None, 2)


@pytest.mark.parametrize(
    ("content", "name", "words"),
    [
        (b"", "file.csv", "empty"),
        (b"\n\n \n", "file.csv", "no headings"),
        (b"a,b\n", "file.csv", "no rows"),
        (b"a,b\n\n , \n", "file.csv", "no rows"),
        (PLAIN.encode(), "file.xlsx", "says that it is an Excel workbook"),
        (PLAIN.encode(), "file", "ends in none of these"),
        (PLAIN.encode(), "file.xls", "old Excel workbook"),
        (PLAIN.encode(), "file.xlsm", "has macros"),
        (PLAIN.encode(), "file.gpkg", "says that it is a GeoPackage"),
        (PLAIN.encode(), "file.geojson", "says that it is GeoJSON"),
        (PLAIN.encode(), "file.zip", "says that it is a zip archive"),
        (PLAIN.encode(), "file.csv.gz", "not compressed"),
        (zipped(PLAIN.encode()), "file.csv", "gzip archive"),
        (zipped(zipped(PLAIN.encode())), "file.csv.gz", "gzip archive"),
        (zipped(b"PK\x03\x04" + bytes(100)), "file.csv.gz", "Excel workbook or a zip"),
        (zipped(PLAIN.encode()) * 2, "file.csv.gz", "more than one file"),
        (zipped(PLAIN.encode())[:-5], "file.csv.gz", "cut short"),
        (zipped(PLAIN.encode())[:-9] + b"damaged!!", "file.csv.gz", "damaged"),
        (zipped(b""), "file.csv.gz", "empty"),
        (b"PK\x03\x04" + bytes(100), "file.csv", "Excel workbook or a zip"),
        (b"\xd0\xcf\x11\xe0" + bytes(100), "file.csv", "old Excel workbook"),
        (b"SQLite format 3\x00", "file.csv", "GeoPackage"),
        (b"%PDF-1.7", "file.csv", "PDF"),
        (b'{"type": "FeatureCollection"}', "file.csv", "JSON"),
        (b"<html>", "file.csv", "web page"),
        (PLAIN.encode("utf-16-le"), "file.csv", "not text"),
        (b"a,b\n\x81,\x8d\n", "file.csv", "not text"),
        (b"\xff\xfe\x00\x00" + PLAIN.encode("utf-32-le"), "file.csv", "UTF-32"),
        (bytes(range(256)) * 4, "file.csv", "not text"),
        (b"a,a\n1,2\n", "file.csv", "same heading, 'a'"),
        (b'a,b\n1,"2\n3,4\n', "file.csv", "Line 2 has a quotation mark"),
        (b'a,b\n1,2\n3,4" pipe\n', "file.csv", "Line 3 has a quotation mark"),
        (b'a,b\n1,"2"x\n', "file.csv", "Line 2 has a quotation mark"),
        (b"a\rb,c\n1,2\n", "file.csv", "does not end where a row should"),
    ],
)
def test_what_cannot_be_read_for_certain_is_refused(content: bytes, name: str, words: str) -> None:
    with pytest.raises(BadFile) as refusal:
        read(content, name)
    assert words in refusal.value.sentence
    assert refusal.value.remedy


LIMITS = Limits(file_bytes=1_000, rows=3, columns=3, cell_characters=10, name_bytes=5)


@pytest.mark.parametrize(
    ("at", "over", "words"),
    [
        (b"a\n" + b"1" * 10 + b"\n" * 988, b"a\n" + b"1" * 10 + b"\n" * 989, "larger"),
        (b"a\n1\n2\n3\n", b"a\n1\n2\n3\n4\n", "more than 3 rows"),
        (b"a\n1\n\n3\n", b"a\n1\n\n\n\n", "more than 3 rows"),
        (b"a,b,c\n1,2,3\n", b"a,b,c,d\n1,2,3,4\n", "4 columns"),
        (b"a\n" + b"x" * 10 + b"\n", b"a\n" + b"x" * 11 + b"\n", "more than 10 characters"),
        ("a\n{}\n".format("é" * 10).encode(), "a\n{}\n".format("é" * 11).encode(), "more than 10 characters"),
        (b"abcde\n1\n", b"abcdef\n1\n", "longer than 5 bytes"),
    ],
)
def test_limits_hold_at_and_one_over(at: bytes, over: bytes, words: str) -> None:
    generous = Limits(**{**LIMITS.__dict__, "rows": 2_000}) if words == "larger" else LIMITS
    read(at, limits=generous)
    with pytest.raises(BadFile, match=words):
        read(over, limits=generous)


def test_a_bomb_is_refused_before_it_is_unpacked() -> None:
    bomb = zipped(b"a\n" + b"1\n" * 500_000)
    small = Limits(ratio_counts_above_bytes=100_000)
    with pytest.raises(BadFile, match="100 times its size"):
        read(bomb, "file.csv.gz", small)
    with pytest.raises(BadFile, match="unpacks to more than"):
        read(bomb, "file.csv.gz", Limits(unpacked_bytes=50_000))


def test_bytes_changed_or_cut_at_random_are_read_or_refused() -> None:
    random.seed(20_250_601)
    honest = 'MajorText,WardCode,202401\n"THEFT, OTHER",E05000026,1\nBURGLARY,E05000027,"2"\n'.encode("utf-8-sig")
    for name, content in (("file.csv", honest), ("file.csv.gz", zipped(honest))):
        for _ in range(300):
            changed = bytearray(content)
            for _ in range(random.randint(1, 4)):
                changed[random.randrange(len(changed))] = random.randrange(256)
            if random.random() < 0.3:
                del changed[random.randrange(len(changed)) :]
            with suppress(BadFile):
                table = read(bytes(changed), name)
                assert table.cells.width == len(table.headings) + 2
