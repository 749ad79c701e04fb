"""A messy table with 32 seeded problems of 12 kinds: each is found by row and column, none missed and none invented."""

from __future__ import annotations

import polars as pl

from hub.uploads.checking import Checked
from tests.uploads.desk import check

HEADINGS = "Ward code,Ward name,Borough,Month,Category,Count"
CLEAN = 60
"""Rows without a fault, spread over wards, months and categories."""

WARDS = (
    ("F05000011", "Abbey", "Alder"),
    ("F05000012", "Brook & Green", "Alder"),
    ("F05000013", "Abbey", "Birch"),
    ("F05000014", "St Mary's Court", "Birch"),
    ("F05000005", "Dell", "Cedar"),
)
CATEGORIES = ("Burglary", "Robbery", "Shoplifting")
KINDS = {
    # Code: the column it lies in, and the cells that are wrong with what should stand there.
    "not_a_month": ("Month", [("soon", None), ("2024-13", None), ("2031-01", None)]),
    "excel_serial": ("Month", [("45292", "2024-01-01"), ("45323", "2024-02-01")]),
    "not_a_count": ("Count", [("many", None), ("-3", None), ("1e9", None)]),
    "thousands_separator": ("Count", [('"1,204"', "1204"), ("1\u00a0204", "1204"), ('"12,000"', "12000")]),
    "not_available": ("Count", [("n/a", "0"), ("#DIV/0!", "0"), ("..", "0")]),
    "suppressed_count": ("Count", [("*", "0"), ("<5", "0"), ("[c]", "0")]),
    "dash_for_none": ("Count", [("-", "0"), ("nil", "0")]),
    "unknown_ward_code": ("Ward code", [("F05000099", None), ("E05", None), ("Abbey", None)]),
    "mistyped_code": ("Ward code", [("FO5000011", "F05000011"), ("F0500001 2", "F05000012")]),
    "similar_name": ("Ward name", [("Brok & Green", "Brook & Green"), ("St Marys Cuort", "St Mary's Court")]),
    "ambiguous_ward_name": ("Ward name", [("Abbey", None), ("abbey ", None)]),
    "no_category": ("Category", [("", None), ("", None), ("", None), ("", None)]),
}


def _clean_rows() -> list[dict[str, str]]:
    return [
        dict(
            zip(
                HEADINGS.split(","),
                (*WARDS[number % 5], f"2024-{number // 15 + 1:02}", CATEGORIES[number // 5 % 3], str(number)),
                strict=True,
            )
        )
        for number in range(CLEAN)
    ]


def _messy() -> tuple[str, dict[tuple[int, str, str], str | None]]:
    """The file, and each problem's row, column and code with the value that is to be suggested."""
    rows, seeded = _clean_rows(), {}
    for code, (column, cells) in KINDS.items():
        for wrong, right in cells:
            row = dict(rows[7], Month="2024-05", Category=f"Offence {len(rows)}")
            if column == "Ward name":
                row |= {"Ward code": "", "Borough": ""}
            if code == "unknown_ward_code":
                row |= {"Ward name": ""}
            row[column] = wrong
            seeded[len(rows) + 2, column, code] = right
            rows.insert(len(rows), row)
    lines = [",".join(f'"{v}"' if "," in v and not v.startswith('"') else v for v in row.values()) for row in rows]
    return "\n".join([HEADINGS, *lines, ""]), seeded


def _problems(checked: Checked) -> dict[tuple[int, str, str], str | None]:
    grave = checked.problems.filter(pl.col("severity") != "note")
    return {
        (row, column, code): right for row, column, code, right in grave[["row", "column", "code", "suggestion"]].rows()
    }


def test_every_seeded_problem_is_found_where_it_is_and_no_other() -> None:
    content, seeded = _messy()
    assert (len(seeded), len(KINDS)) == (32, 12)
    checked = check(content, "ward_counts")
    assert _problems(checked) == seeded
    assert checked.report["rows"] == CLEAN + 32
    assert checked.report["rows_faulty"] == 32
    assert checked.report["placed"] == sum(range(CLEAN))


def test_what_the_hub_can_put_right_goes_at_one_word_and_the_rest_by_editing_the_cells() -> None:
    content, seeded = _messy()
    fixable = {code for (_, _, code), right in seeded.items() if right is not None}
    fixed = check(content, "ward_counts", fixes=frozenset(fixable))
    left = {place: right for place, right in seeded.items() if right is None}
    assert _problems(fixed) == left
    assert fixed.report["rows_faulty"] == len(left)
    right_cells = {"Month": "2024-05", "Count": "3", "Ward code": "F05000011", "Ward name": "Dell", "Category": "Arson"}
    edits = pl.DataFrame(
        [(row, column, right_cells[column]) for row, column, _ in left], ["row", "column", "value"], orient="row"
    )
    clean = check(content, "ward_counts", fixes=frozenset(fixable), edits=edits)
    assert {code for _, _, code in _problems(clean)} <= {"repeated_row"}
    assert clean.report["refused"] == 0
    assert clean.report["rows"] == CLEAN + 32


def test_a_row_is_left_out_where_a_person_leaves_it_out() -> None:
    content = HEADINGS + "\nF05000011,,,2024-01,Robbery,4\nF05000011,,,2024-01,Arson,many\n"
    edits = pl.DataFrame([(3, "", None)], {"row": pl.Int64, "column": pl.String, "value": pl.String}, orient="row")
    checked = check(content, "ward_counts", edits=edits)
    assert (checked.report["rows"], checked.report["rows_left_out"], checked.report["placed"]) == (1, 1, 4)
    emptied = pl.DataFrame([(3, "Count", " ")], ["row", "column", "value"], orient="row")
    assert "not_a_count" in check(content, "ward_counts", edits=emptied).report["problems"]
