"""The upload page itself refuses what may not be kept: nothing of it stays on disk, in the database or in the log."""

from __future__ import annotations

import gzip
import io
import logging
from pathlib import Path

import pytest
from sqlalchemy import func, select

from hub.access import Role
from hub.uploads import arrivals
from hub.uploads.models import Upload
from tests.client import StrictClient
from tests.conftest import PASSWORD
from tests.uploads.desk import Desk
from tests.uploads.made import feature, geojson, gpkg, ods, ods_row, packed, row_of, xlsx_parts

TOLD = (
    "Reported by jo@example.org,,,\n,,,\nWard code,Victim name,Count,Notes\n"
    "F05000011,Priya Okafor,2,Mr Smith rang from 07700 900123\nF05000012,John Begum,3,bins\n"
)
VALUES = ("jo@example.org", "Okafor", "Begum", "Smith", "07700")
CSV = "f.csv"
GOOD_ROWS = b"Ward code,Month,Category,Count\nF05000011,2025-01,Noise,2\n"


@pytest.fixture
def officer(client: StrictClient, desk: Desk, people: dict[Role, str]) -> StrictClient:
    """A signed-in CSP officer."""
    client.sign_in(people[Role.CSP_OFFICER], PASSWORD)
    return client


def send(officer: StrictClient, content: bytes, name: str, *leave_out: str) -> int:
    officer.get("/uploads/new")
    fields = {"file": (io.BytesIO(content), name), **({"leave_out": list(leave_out)} if leave_out else {})}
    return officer.submit("/uploads/new", fields, content_type="multipart/form-data").status_code


def stored(desk: Desk) -> list[Path]:
    with desk.database.reading() as session:
        folder: Path = session.info["files"]
    return sorted(path for path in folder.rglob("*") if path.is_file())


def uploads(desk: Desk, officer: str) -> int:
    with desk.reading(officer) as viewer:
        return viewer.session.scalar(select(func.count()).select_from(Upload)) or 0


def test_personal_data_is_refused_by_place_and_left_out_when_the_file_comes_again(
    officer: StrictClient, desk: Desk, people: dict[Role, str], caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        assert send(officer, TOLD.encode(), CSV) == 422
    assert officer.page.title.startswith("Error: ")
    main = officer.page.main
    assert "names of people in the column 'Victim name' (rows 4–5)" in main
    assert "phone numbers in the column 'Notes' (row 4)" in main
    assert "e-mail addresses in cells that stand under no heading (row 1)" in main
    assert not [value for value in VALUES if value in officer.page.text]
    assert not [value for value in VALUES if value in caplog.text]
    offered = {box.get("value") for box in officer.page.all("input") if box.get("name") == "leave_out"}
    assert offered == {"Victim name", "Notes", ""}
    assert (uploads(desk, people[Role.CSP_OFFICER]), stored(desk)) == (0, [])

    assert send(officer, TOLD.encode(), CSV, "Victim name") == 422
    offered = {box.get("value") for box in officer.page.all("input") if box.get("name") == "leave_out"}
    assert offered == {"Victim name", "Notes"}
    assert stored(desk) == []

    assert send(officer, TOLD.encode(), CSV, "Victim name", "Notes", "") == 302
    (original,) = stored(desk)
    assert original.read_bytes() == b"Ward code,Count\nF05000011,2\nF05000012,3\n"
    with desk.reading(people[Role.CSP_OFFICER]) as viewer:
        upload = viewer.session.scalars(select(Upload)).one()
        assert (upload.size_bytes, upload.report["headings"]) == (original.stat().st_size, ["Ward code", "Count"])


DOCTYPE = '<!DOCTYPE w [<!ENTITY x SYSTEM "file:///etc/hostname">]>'
LINK = {"type": "link", "properties": {"href": "http://127.0.0.1:9/"}}
GOOD = xlsx_parts(row_of("a", "b") + row_of("1", "2"))


@pytest.mark.parametrize(
    ("content", "name", "words"),
    [
        (packed({**GOOD, "xl/workbook.xml": DOCTYPE + GOOD["xl/workbook.xml"]}), "f.xlsx", "document type"),
        (packed({**GOOD, "xl/vbaProject.bin": b"x"}), "f.xlsm", "has macros"),
        (packed({**GOOD, "../up": b"x"}), "f.xlsx", "points outside of it"),
        (geojson(feature([0, 51]), crs=LINK), "f.geojson", "by a link"),
        (geojson(feature([[[0, 51], [1, 51], [1, 52], [0, 51]]], "Polygon")), "f.geojson", "hub load-places"),
        (b"\x00" * 1_000, "<script>alert(1)</script>.csv", "not text"),
        (b"SQLite format 3\x00" + bytes(5_000), "f.gpkg", "no GeoPackage"),
        (packed({"a.shp": b"", "../a.dbf": b""}), "f.zip", "points outside of it"),
        (ods(ods_row("a", "b"), manifest=DOCTYPE + "<m/>"), "f.ods", "document type"),
        (gpkg(sql="DROP TABLE crimes; CREATE VIEW crimes AS SELECT 1 AS fid"), "f.gpkg", "no ordinary table"),
        (gzip.compress(gzip.compress(GOOD_ROWS, mtime=0), mtime=0), "f.csv.gz", "gzip archive"),
    ],
)
def test_a_hostile_file_leaves_a_sentence_and_nothing_else(
    officer: StrictClient, desk: Desk, people: dict[Role, str], content: bytes, name: str, words: str
) -> None:
    assert send(officer, content, name) == 422
    assert words in officer.page.errors[0]
    assert (uploads(desk, people[Role.CSP_OFFICER]), stored(desk)) == (0, [])


@pytest.mark.parametrize(
    ("length", "status"), [(254, 302), (255, 302), (256, 422)], ids=["one under", "at the limit", "one over"]
)
def test_a_file_name_may_have_255_bytes(officer: StrictClient, desk: Desk, length: int, status: int) -> None:
    name = "é" * 100 + "n" * (length - 204) + ".csv"
    assert send(officer, GOOD_ROWS, name) == status
    assert len(stored(desk)) == (status == 302)
    assert status == 302 or "longer than 255 bytes" in officer.page.errors[0]


def test_several_files_in_one_request_are_refused_and_none_is_kept(officer: StrictClient, desk: Desk) -> None:
    officer.get("/uploads/new")
    both = {"file": [(io.BytesIO(GOOD_ROWS), "a.csv"), (io.BytesIO(GOOD_ROWS), "b.csv")]}
    assert officer.submit("/uploads/new", both, content_type="multipart/form-data").status_code == 400
    assert "2 files were sent at once" in officer.page.errors[0]
    assert stored(desk) == []
    assert send(officer, GOOD_ROWS, "a.csv") == 302


def test_an_areas_files_fill_its_share_of_the_disk_and_no_more(
    officer: StrictClient, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    size = len(GOOD_ROWS)
    monkeypatch.setattr(arrivals, "MOST_BYTES_AN_AREA", 2 * size)
    answers = [send(officer, GOOD_ROWS.replace(b"2", digit), CSV) for digit in (b"2", b"3", b"4")]
    assert answers == [302, 302, 409]
    assert "fill their share" in officer.page.errors[0]
    assert sum(path.stat().st_size for path in stored(desk)) == 2 * size
