"""A sender's own file comes back with every problem marked in its cell, none invented, and is known when it returns."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import openpyxl
import polars as pl
import pytest
from openpyxl.worksheet.worksheet import Worksheet

from hub.access import Role
from hub.uploads import corrections, door, marking, marks, service, views
from hub.uploads.corrections import Cell
from hub.uploads.models import State, Upload
from tests.uploads.desk import Desk

HEADINGS = ("Ward", "Ward code", "Month", "Category", "Count")
HEADING_ROW = 3
WARDS = (("Alder West", "F05000000"), ("Alder East", "F05000001"))
GOOD_ROWS = 59


@dataclass(frozen=True)
class Seed:
    """One problem put into a workbook: how it is to be found, where, what stands there, and the cure."""

    code: str
    column: str
    value: object
    cure: object
    ward_code: bool = True
    """Whether the row keeps its ward's code."""


SEEDS = (
    *(Seed("not_a_count", "Count", value, 4) for value in ("four", -3, 2.5, "about 7")),
    *(Seed("thousands_separator", "Count", value, 1234) for value in ("1,234", "2,345", "12,345")),
    *(Seed("decimal_comma", "Count", value, 12) for value in ("12,0", "7,0", "8,0")),
    *(Seed("not_available", "Count", value, 0) for value in ("n/a", "#DIV/0!", "not known")),
    *(Seed("not_a_month", "Month", value, "2024-05") for value in ("not known", "2099-01", None)),
    *(Seed("excel_serial", "Month", value, "2024-06") for value in (45292, 45323, 45352)),
    *(Seed("no_category", "Category", None, cure) for cure in ("Litter", "Paint", "Smoke")),
    *(Seed("category_too_long", "Category", word * 40, word.strip()) for word in ("Noisy ", "Dumped ")),
    *(Seed("mistyped_code", "Ward code", value, "F05000000") for value in ("F0500000O", "FO5000000", "F05OOO000")),
    *(Seed("unknown_ward_name", "Ward", value, "Alder East", ward_code=False) for value in ("Nowhere", "Elsewhere")),
    *(Seed("similar_name", "Ward", value, "Alder West", ward_code=False) for value in ("Alder Wesst", "Aldr West")),
    Seed("repeated_row", "Ward code", "F05000000", "F05000001"),
)


@pytest.fixture
def officer(people: dict[Role, str]) -> str:
    return people[Role.CSP_OFFICER]


def seeded() -> tuple[openpyxl.Workbook, dict[int, Seed]]:
    """A workbook with a title above its headings, a second sheet, a formula, and 32 problems of 12 kinds."""
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "Returns"
    sheet["A1"] = "Environmental services: returns of the year"
    notes = book.create_sheet("Notes")
    notes["A1"], notes["A2"] = "Kept as it is", "=1+1"
    for column, heading in enumerate(HEADINGS, start=1):
        sheet.cell(HEADING_ROW, column, heading)
    for number in range(GOOD_ROWS):
        fill(sheet, HEADING_ROW + 1 + number, number, f"Kind {number // 24}")
    seeds = {}
    for number, seed in enumerate(SEEDS):
        row = HEADING_ROW + 1 + GOOD_ROWS + number
        fill(sheet, row, *((58, "Kind 2") if seed.code == "repeated_row" else (0, f"Seeded {number}")))
        if not seed.ward_code:
            sheet.cell(row, 2).value = None
        sheet.cell(row, 1 + HEADINGS.index(seed.column)).value = seed.value
        seeds[row] = seed
    return book, seeds


def fill(sheet: Worksheet, row: int, number: int, category: str) -> None:
    name, code = WARDS[number % 2]
    for column, value in enumerate((name, code, f"2024-{1 + number // 2 % 12:02}", category, number + 1), start=1):
        sheet.cell(row, column).value = value


def saved(book: openpyxl.Workbook) -> bytes:
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


def given_back(desk: Desk, email: str, upload_id: UUID) -> Path:
    with desk.writing(email) as viewer:
        return marks.marked_copy(viewer, upload_id).path


# --- Workbooks -------------------------------------------------------------------------------------------------------


def test_all_32_problems_are_marked_and_none_invented_and_the_corrected_copy_loads_clean(
    desk: Desk, officer: str
) -> None:
    book, seeds = seeded()
    assert (len(SEEDS), len({seed.code for seed in SEEDS})) == (32, 12)
    upload_id = desk.check(officer, saved(book), "returns.xlsx")
    with desk.reading(officer) as viewer:
        found = views.all_problems(viewer, upload_id).filter(pl.col("severity") != "note")
        assert set(found.select("row", "column", "code").iter_rows()) == {
            (row, seed.column, seed.code) for row, seed in seeds.items()
        }

    marked = openpyxl.load_workbook(given_back(desk, officer, upload_id))
    sheet = marked["Returns"]
    commented = {(cell.row, cell.column) for row in sheet.iter_rows() for cell in row if cell.comment}
    coloured = {(cell.row, cell.column) for row in sheet.iter_rows() for cell in row if cell.fill.fill_type}
    expected = {(row, 1 + HEADINGS.index(seed.column)) for row, seed in seeds.items()}
    assert commented == coloured == expected
    assert sheet.cell(HEADING_ROW, 6).value == f"What to fix (upload {upload_id})"
    assert {row for row in range(1, sheet.max_row + 1) if sheet.cell(row, 6).value} == {HEADING_ROW, *seeds}
    assert (sheet["A1"].value, marked["Notes"]["A2"].value) == ("Environmental services: returns of the year", "=1+1")
    own = book["Returns"]
    assert all(
        sheet.cell(row, column).value == own.cell(row, column).value
        for row in range(1, own.max_row + 1)
        for column in range(1, 6)
    ), "every value is as it was sent"

    for row, seed in seeds.items():
        sheet.cell(row, 1 + HEADINGS.index(seed.column)).value = seed.cure
    again = desk.receive(officer, saved(marked), "returns - to fix.xlsx")
    with desk.writing(officer) as viewer:
        shown = views.upload(viewer, again)
        assert (shown.corrects, shown.state) == (upload_id, State.MAPPED), "known, and matched as before"
        assert shown.report["headings"] == list(HEADINGS)
    desk.recheck(officer, again)
    with desk.writing(officer) as viewer:
        assert views.all_problems(viewer, again).filter(pl.col("severity") != "note").is_empty()
        service.commit(viewer, again)
        assert views.upload(viewer, upload_id).state is State.DISCARDED, "what it puts right is done with"
        assert views.upload(viewer, again).report["rows"] == GOOD_ROWS + 32


def test_the_value_of_a_formula_stands_in_the_copy_and_what_was_edited_on_screen_too(
    desk: Desk, officer: str, tmp_path: Path
) -> None:
    book = openpyxl.Workbook()
    for line in (
        HEADINGS,
        ("Alder West", "F05000000", "2024-01", "Burglary", "x"),
        (*WARDS[1], "2024-02", "Burglary", "y"),
    ):
        book.active.append(line)
    upload_id = desk.check(officer, saved(book), "returns.xlsx")
    with desk.writing(officer) as viewer:
        corrections.edit(viewer, upload_id, [Cell(2, "Count", "17")])
    sheet = openpyxl.load_workbook(given_back(desk, officer, upload_id)).active
    assert (sheet["E2"].value, sheet["E3"].value) == (17, "y")


# --- Text ------------------------------------------------------------------------------------------------------------

DANGEROUS = ("=1+1", "@home", "-", "+44 twice", "'=quoted", "＝wide", "-0.5", "plain")


def test_a_csv_comes_back_guarded_and_is_read_again_as_it_was(desk: Desk, officer: str) -> None:
    written = io.StringIO()
    csv.writer(written).writerows(
        [
            (*HEADINGS, "Remark"),
            *(("", "F05000000", "2024-01", f"K{number}", "many", word) for number, word in enumerate(DANGEROUS)),
        ]
    )
    upload_id = desk.check(officer, written.getvalue(), "returns.csv")
    copy = given_back(desk, officer, upload_id)
    content = copy.read_bytes()
    assert content.startswith(b"\xef\xbb\xbf"), "which Excel needs to see that it is UTF-8"
    lines = list(csv.reader(io.StringIO(content.decode("utf-8-sig"))))
    assert lines[0][-2:] == [f"What to fix (upload {upload_id})", "Suggested values"]
    cells = [cell for line in lines for cell in line if not marking.A_NUMBER.fullmatch(cell)]
    assert not [cell for cell in cells if cell.startswith(("=", "@", "+", "＝"))]
    assert [line[-2] for line in lines[1:] if "no count" not in line[-2]] == []

    again = desk.receive(officer, content, "returns - to fix.csv")
    with desk.reading(officer) as viewer:
        assert views.upload(viewer, again).corrects == upload_id
    desk.recheck(officer, again)
    with desk.reading(officer) as viewer:
        cells = door.found(viewer, viewer.session.get(Upload, again), "cells")
    assert cells["5"].to_list() == list(DANGEROUS)


def test_a_marked_file_of_another_area_is_a_new_one(desk: Desk, officer: str, people: dict[Role, str]) -> None:
    bad = "Ward code,Month,Category,Count\nF05000000,2024-01,Burglary,x\n"
    upload_id = desk.check(officer, bad)
    content = given_back(desk, officer, upload_id).read_bytes()
    theirs = desk.receive(people[Role.ADMINISTRATOR], content)
    with desk.reading(people[Role.ADMINISTRATOR]) as viewer:
        shown = views.upload(viewer, theirs)
        assert (shown.corrects, shown.report["headings"]) == (None, ["Ward code", "Month", "Category", "Count"])
