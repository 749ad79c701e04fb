"""What a reader's program finds in a written document, form by form: its words, its figures, and what would run."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import Iterator
from decimal import Decimal

import docx
import odfdo
import openpyxl
import pptx
from lxml import etree
from pypdf import PdfReader

from hub.documents.writers import Form
from tests.client import Page
from tests.security.test_files_run_nothing import runs_in_a_pdf

SHEETS = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
Rows = list[list[object]]


def squeezed(words: str) -> str:
    """Letters and digits alone: a line's end on paper may part a word."""
    return "".join(letter for letter in words if letter.isalnum())


def words_in(form: Form, content: bytes) -> str:
    """All the words of a written document."""
    match form:
        case Form.HTML:
            return Page(content.decode()).text
        case Form.PDF | Form.LARGE_PRINT:
            return "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(content)).pages)
        case Form.CSV:
            return "\n".join(text.decode("utf-8-sig") for text in files_in(content).values())
        case Form.XLSX | Form.ODS:
            return "\n".join(str(cell) for rows in sheets_in(form, content).values() for row in rows for cell in row)
        case _:
            return " ".join(of for _, tree in trees_in(content) for of in tree.itertext())


def files_in(content: bytes) -> dict[str, bytes]:
    """The entries of an archive."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def trees_in(content: bytes) -> Iterator[tuple[str, etree._Element]]:
    """The XML files of an archive, and of the workbooks that it holds."""
    for name, entry in files_in(content).items():
        if name.endswith((".xml", ".rels")):
            yield name, etree.fromstring(entry)
        elif name.endswith(".xlsx"):
            yield from ((f"{name}!{inner}", tree) for inner, tree in trees_in(entry))


def sheets_in(form: Form, content: bytes) -> dict[str, Rows]:
    """Each table's rows as the form holds them: numbers as numbers."""
    if form is Form.CSV:
        rows = {name: csv.reader(io.StringIO(text.decode("utf-8-sig"))) for name, text in files_in(content).items()}
        return {name: [[as_number(cell) for cell in row] for row in found] for name, found in rows.items()}
    if form is Form.XLSX:
        book = openpyxl.load_workbook(io.BytesIO(content))
        return {sheet.title: [[cell.value for cell in row] for row in sheet] for sheet in book}
    tables = odfdo.Document(io.BytesIO(content)).body.tables
    return {one.name: [[as_float(cell) for cell in row.values] for row in one.rows] for one in tables}


def as_number(words: str) -> object:
    """What a script makes of a cell."""
    try:
        return float(words)
    except ValueError:
        return words


def as_float(value: object) -> object:
    """A decimal as the number that others give."""
    return float(value) if isinstance(value, Decimal) else value


def tables_in_word(content: bytes) -> list[Rows]:
    """Each table's words."""
    return [
        [[cell.text for cell in row.cells] for row in one.rows] for one in docx.Document(io.BytesIO(content)).tables
    ]


def shapes_in_slides(content: bytes) -> Iterator[object]:
    """Every shape of every slide, in the order in which it is read out."""
    for slide in pptx.Presentation(io.BytesIO(content)).slides:
        yield from slide.shapes


def what_runs(form: Form, content: bytes) -> Iterator[str]:
    """What a reader's programs would take for more than text."""
    match form:
        case Form.HTML:
            page = Page(content.decode())
            yield from (one.tag for one in page.all("script", "iframe", "object", "embed", "form", "link", "base", "a"))
            yield from (name for one in page.tree.iter() for name in one.attrib if name.startswith("on"))
        case Form.PDF | Form.LARGE_PRINT:
            yield from runs_in_a_pdf(content)
        case Form.CSV:
            starts = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
            for name, rows in sheets_in(form, content).items():
                cells = (cell for row in rows for cell in row if isinstance(cell, str) and name != "notes.txt")
                yield from (cell for cell in cells if cell.startswith(starts))
        case _:
            for name, tree in trees_in(content):
                yield from (
                    f"{name}: {one.tag}" for one in tree.iter(f"{{{SHEETS}}}f", "{*}hlinkClick", "{*}hyperlink", "{*}a")
                )
                yield from (f"{name}: {one.attrib}" for one in tree.iter() if one.get("TargetMode") == "External")
                yield from (f"{name}: {key}" for one in tree.iter() for key in one.attrib if key.endswith("formula"))
                yield from re.findall(r"vbaProject|oleObject|attachedTemplate", name)
