"""Workbooks are read as a person sees them: exact cells from awkward but honest ones."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
from openpyxl.styles import numbers
from openpyxl.utils.datetime import CALENDAR_MAC_1904

from hub.errors import BadFile
from hub.uploads.reading import Table
from hub.uploads.reading.xlsx import column_number, date_of_serial, plain_number
from tests.uploads.desk import read
from tests.uploads.made import book, ods, ods_row, packed, row_of, saved, xlsx_parts


def rows(table: Table) -> list[tuple[object, ...]]:
    return table.cells.drop("surplus").rows()


def xlsx(*given: tuple[object, ...]) -> Table:
    return read(saved(book(given)), "book.xlsx")


def test_each_value_comes_as_a_person_sees_it() -> None:
    moment = dt.datetime.combine(dt.date(2025, 3, 1), dt.time(14, 5))
    table = xlsx(
        ("text", "whole", "part", "day", "moment", "time", "truth", "error", "long"),
        (
            " a ",
            3.0,
            0.29,
            dt.date(2025, 3, 1),
            moment,
            dt.time(9, 30),
            True,
            "#DIV/0!",
            10**14,
        ),
        ("b\nc", -7, 1e-7, dt.date(1900, 1, 1), moment.replace(2024, 2, 29, 23, 59, 59), None, False, None, 1.5e20),
    )
    assert rows(table) == [
        (2, "a", "3", "0.29", "2025-03-01", "2025-03-01T14:05:00", "09:30:00", "TRUE", "#DIV/0!", "100000000000000"),
        (3, "b\nc", "-7", "0.0000001", "1900-01-01", "2024-02-29T23:59:59", None, "FALSE", None, "1.5e+20"),
    ]
    assert (table.format, table.sheet, table.sheets, table.notes) == ("xlsx", "Sheet", ("Sheet",), ())


def test_days_counted_from_1904_are_the_same_days() -> None:
    made = book([("day", "count"), (dt.date(2025, 3, 1), 2)])
    made.epoch = CALENDAR_MAC_1904
    assert rows(read(saved(made), "book.xlsx")) == [(2, "2025-03-01", "2")]


@pytest.mark.parametrize(
    ("serial", "is_1904", "day"),
    [
        ("1", False, "1900-01-01"),
        ("59", False, "1900-02-28"),
        ("61", False, "1900-03-01"),
        ("45717", False, "2025-03-01"),
        ("45717.99999999", False, "2025-03-02"),
        ("44255", True, "2025-03-01"),
        ("0.5", False, "12:00:00"),
        ("-1", False, "-1"),
        ("9e9", False, "9000000000"),
        ("NaN", False, "NaN"),
    ],
)
def test_a_serial_is_the_day_excel_shows(serial: str, is_1904: bool, day: str) -> None:
    assert date_of_serial(serial, is_1904=is_1904) == day


def test_numbers_and_letters_are_as_a_person_writes_them() -> None:
    assert [plain_number(words) for words in ("12.0", "0.28999999999999998", "1E3", "007", "-0.5", "inf", "x")] == [
        "12", "0.29", "1000", "007", "-0.5", "inf", "x",
    ]  # fmt: skip
    assert [column_number(letters) for letters in ("A", "z", "AA", "XFD")] == [0, 25, 26, 16_383]


def test_only_formats_of_dates_make_dates() -> None:
    made = book([("a", "b", "c", "d")])
    formats = ("mmm-yy", '0.0" days"', "[Red]0.00", "[h]:mm")
    for column, shown_as in enumerate(formats, start=1):
        made.active.cell(2, column, 45717.25).number_format = shown_as
    assert rows(read(saved(made), "book.xlsx")) == [
        (2, "2025-03-01T06:00:00", "45717.25", "45717.25", "2025-03-01T06:00:00")
    ]
    assert numbers.is_date_format("mmm-yy")


def test_headings_in_two_merged_rows_become_one_name_each() -> None:
    made = book(
        [
            ("Offences by ward", None, None, None, None, None),
            (None,),
            ("Ward", "Code", "2024", None, "2025", None),
            (None, None, "Jan", "Feb", "Jan", "Feb"),
            ("Abbey", "E1", 1, 2, 3, 4),
            ("Brook", "E2", 5, 6, 7, 8),
        ]
    )
    for area in ("A1:F1", "A3:A4", "B3:B4", "C3:D3", "E3:F3"):
        made.active.merge_cells(area)
    table = read(saved(made), "book.xlsx")
    assert table.headings == ("Ward", "Code", "2024 Jan", "2024 Feb", "2025 Jan", "2025 Feb")
    assert rows(table) == [(5, "Abbey", "E1", "1", "2", "3", "4"), (6, "Brook", "E2", "5", "6", "7", "8")]
    assert (table.heading_row, table.above) == (4, ((1, "Offences by ward"),))


def test_a_merged_heading_does_not_swallow_the_first_row() -> None:
    made = book([("Ward", "Count", None), ("Abbey", 1, 2), ("Brook", 3, 4)])
    made.active.merge_cells("B1:C1")
    table = read(saved(made), "book.xlsx")
    assert table.headings == ("Ward", "Count")
    assert table.cells["surplus"].to_list() == ["2", "4"]


def test_words_merged_downwards_stand_in_each_row_and_counts_in_one() -> None:
    made = book([("Borough", "Ward", "Total"), ("Alder", "Abbey", 9), (None, "Brook", None), ("Birch", "Court", 1)])
    made.active.merge_cells("A2:A3")
    made.active.merge_cells("C2:C3")
    table = read(saved(made), "book.xlsx")
    assert rows(table) == [(2, "Alder", "Abbey", "9"), (3, "Alder", "Brook", None), (4, "Birch", "Court", "1")]
    assert table.notes == ("Filled from the merged cell they belong to: 1 cell.",)


def test_the_first_sheet_that_holds_a_table_is_read_and_the_others_are_named() -> None:
    made = book([("About this workbook",), ("Written in March",), ("By nobody",)], Data=[("a", "b"), (1, 2)])
    made.create_sheet("Secret").append(["x", "y"])
    made["Secret"].sheet_state = "veryHidden"
    made.create_sheet("More").append(["c", "d"])
    made["More"].append([3, 4])
    table = read(saved(made), "book.xlsx")
    assert (table.sheet, table.sheets, table.hidden_sheets) == ("Data", ("Sheet", "Data", "More"), ("Secret",))
    assert table.notes == (
        "The sheet 'Data' was read, and not 'Sheet' and 'More'.",
        "1 hidden sheet not read: 'Secret'.",
    )
    assert rows(read(saved(made), "book.xlsx", answers={"sheet": "More"})) == [(2, "3", "4")]
    for wrong in ("Secret", "Nowhere"):
        with pytest.raises(BadFile, match="no visible sheet"):
            read(saved(made), "book.xlsx", answers={"sheet": wrong})


def test_formulas_give_their_stored_result_or_a_note() -> None:
    cells = (
        '<row r="2"><c r="A2"><f>1+1</f><v>2</v></c><c r="B2" t="e"><f>1/0</f><v>#DIV/0!</v></c>'
        '<c r="C2"><f>NOW()</f></c></row>'
    )
    table = read(packed(xlsx_parts(row_of("a", "b", "c", number=1) + cells)), "book.xlsx")
    assert rows(table) == [(2, "2", "#DIV/0!", None)]
    assert "Formulas without a stored result were read as empty: 1 cell." in table.notes[0]


def test_hidden_rows_are_read_and_said() -> None:
    made = book([("a", "b"), (1, 2), (3, 4)])
    made.active.row_dimensions[3].hidden = True
    table = read(saved(made), "book.xlsx")
    assert (len(rows(table)), table.notes) == (2, ("Hidden rows were read as the others were: 1 row.",))


def test_what_a_sheet_says_of_its_size_is_not_believed() -> None:
    said = '<dimension ref="A1:XFD1048576"/>'
    table = read(
        packed(xlsx_parts(row_of("a", "b", number=1) + row_of("1", "2", number=1_048_576), before=said)), "b.xlsx"
    )
    assert rows(table) == [(1_048_576, "1", "2")]


def test_plain_rows_are_read_as_all_others_are() -> None:
    parts = xlsx_parts(
        row_of("a", "b", "c", number=1)
        + '<row r="2" spans="1:3" ht="15"><c r="A2" s="1"><v>45717</v></c>'
        + '<c r="B2" t="e"><v>#N/A</v></c><c r="C2"/></row>'
        + '<row r="3" hidden="1"><c r="A3"><v>7.0</v></c></row>'
        + '<row r="4"><c r="A4" t="str"><v>x &amp; y</v></c><c r="C4" t="b"><v>1</v></c></row>'
        + '<row r="5"><c r="C5" t="str"><v> z </v></c><c r="B5"><f>1+1</f><v>2</v></c></row>\n<row r="6"></row>'
        + '<row r="700"><c r="AA700"><v>1E3</v></c><c r="A700"><v>-0.50</v></c></row>'
    )
    parts["xl/_rels/workbook.xml.rels"] = parts["xl/_rels/workbook.xml.rels"].replace(
        "</Relationships>", '<Relationship Id="s" Type="x/styles" Target="styles.xml"/></Relationships>'
    )
    parts["xl/styles.xml"] = '<styleSheet><cellXfs><xf numFmtId="0"/><xf numFmtId="14"/></cellXfs></styleSheet>'
    quick = read(packed(parts), "book.xlsx")
    sheet = "xl/worksheets/sheet1.xml"
    slow = read(packed({**parts, sheet: parts[sheet].replace("<sheetData>", "<sheetData><!-- aside -->")}), "book.xlsx")
    assert rows(quick) == [
        (2, "2025-03-01", "#N/A", None),
        (3, "7", None, None),
        (4, "x & y", None, "TRUE"),
        (5, None, "2", "z"),
        (700, "-0.5", None, None),
    ]
    assert quick.cells.equals(slow.cells)
    assert (quick.notes, quick.cells["surplus"].to_list()[-1]) == (slow.notes, "1000")


def test_a_prefix_and_texts_with_several_parts_change_nothing() -> None:
    parts = xlsx_parts("")
    parts["xl/worksheets/sheet1.xml"] = (
        '<x:worksheet xmlns:x="m"><x:sheetData><x:row><x:c t="s"><x:v>0</x:v></x:c></x:row>'
        '<x:row><x:c t="inlineStr"><x:is><x:r><x:t>one </x:t></x:r><x:rPh><x:t>not this</x:t></x:rPh>'
        "<x:r><x:t>two</x:t></x:r></x:is></x:c></x:row></x:sheetData></x:worksheet>"
    )
    parts["xl/_rels/workbook.xml.rels"] = parts["xl/_rels/workbook.xml.rels"].replace(
        "</Relationships>",
        '<Relationship Id="s" Type="x/sharedStrings" Target="/xl/sharedStrings.xml"/></Relationships>',
    )
    parts["xl/sharedStrings.xml"] = "<sst><si><r><t>head</t></r><r><t>_x000D_ing</t></r><rPh><t>no</t></rPh></si></sst>"
    table = read(packed(parts), "book.xlsx")
    assert (table.headings, rows(table)) == (("head ing",), [(2, "one two")])


def test_the_real_workbook_is_read_whole(real_data: Path) -> None:
    content = (real_data / "messy" / "ward-imd-score-names-only.xlsx").read_bytes()
    table = read(content, "ward-imd-score-names-only.xlsx")
    assert (len(table.headings), table.cells.height, table.cells["0"].null_count()) == (2, 633, 0)


# --- OpenDocument ----------------------------------------------------------------------------------------------------

CELLS = (
    '<table:table-row><table:table-cell office:value-type="float" office:value="3.0"><text:p>3,00</text:p>'
    "<office:annotation><text:p>a remark</text:p></office:annotation></table:table-cell>"
    '<table:table-cell office:value-type="date" office:date-value="2025-03-01T00:00:00"/>'
    '<table:table-cell office:value-type="time" office:time-value="PT9H05M00S"/>'
    '<table:table-cell office:value-type="boolean" office:boolean-value="true"/>'
    '<table:table-cell office:value-type="string" c:value-type="error"><text:p>#DIV/0!</text:p></table:table-cell>'
    '<table:table-cell table:number-columns-repeated="2" office:value-type="percentage" office:value="0.5"/>'
    '<table:table-cell office:value-type="string"><text:p>one<text:s text:c="2"/>two</text:p><text:p>three</text:p>'
    '</table:table-cell><table:table-cell table:number-columns-repeated="16000"/></table:table-row>'
)


def test_an_opendocument_sheet_is_read_as_a_person_sees_it() -> None:
    blank = '<table:table-row table:number-rows-repeated="1048000"><table:table-cell/></table:table-row>'
    content = ods(ods_row(*"abcdefgh") + ods_row() + CELLS + blank)
    table = read(content, "book.ods")
    assert rows(table) == [(3, "3", "2025-03-01", "09:05:00", "TRUE", "#DIV/0!", "0.5", "0.5", "one  two\nthree")]
    assert (table.format, table.sheet) == ("ods", "First")


def test_hidden_and_repeated_rows_of_opendocument_sheets() -> None:
    style = '<style:style style:name="h"><style:table-properties table:display="false"/></style:style>'
    more = f'<table:table table:name="Old" table:style-name="h">{ods_row("x", "y")}</table:table>'
    table = read(ods(ods_row("a", "b") + ods_row("1", "2", repeated=3), styles=style, more=more), "book.ods")
    assert (rows(table), table.hidden_sheets) == ([(2, "1", "2"), (3, "1", "2"), (4, "1", "2")], ("Old",))
