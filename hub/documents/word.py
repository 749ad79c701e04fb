"""A document for Word: real headings, editable text and tables, pictures of its charts with their words."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import docx
import vl_convert
from docx.document import Document as WordDocument
from docx.enum.text import WD_ALIGN_PARAGRAPH, WD_BREAK
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls, qn
from docx.shared import Mm, Pt, RGBColor
from docx.text.paragraph import Paragraph as WordParagraph

from hub.documents import charts
from hub.documents.fitting import gathered, pieces, shares
from hub.documents.model import (
    AnyPart,
    Bullets,
    Callout,
    Chart,
    Document,
    Heading,
    KeyFigure,
    Notes,
    PageBreak,
    Paragraph,
    Style,
    Table,
    key_figures,
)
from hub.documents.packing import repacked
from hub.documents.rendering import render
from hub.documents.written import Written

MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
FONT = "Arial"
INK, QUIET = RGBColor(0x0B, 0x0C, 0x0C), RGBColor(0x48, 0x49, 0x49)
SIZES = {"Normal": 11, "Heading 1": 22, "Heading 2": 16, "Heading 3": 13, "Heading 4": 12, "Caption": 11}
TEXT_WIDTH = Mm(174)
TWIPS_ACROSS = 9865
"""The same width, as tables count it."""
COLUMNS = 8
LONGEST_PROPERTY = 255
"""In letters, of what a file says of itself."""
SHARPNESS = 2
"""Dots for each of a chart's pixels."""


def write(document: Document) -> Written:
    """Write a document for Word."""
    made = docx.Document()
    _prepare(made, document)
    made.add_heading(document.title, 1)
    if document.subtitle:
        _quiet(made.add_paragraph(document.subtitle))
    for part in gathered(document.parts):
        _add(made, part)
    for line in document.footer:
        _quiet(made.add_paragraph(line))
    content = io.BytesIO()
    made.save(content)
    return Written(repacked(content.getvalue(), document.made_at), "docx", MEDIA_TYPE)


# --- The whole -------------------------------------------------------------------------------------------------------


def _prepare(made: WordDocument, document: Document) -> None:
    """Set the paper, the type, the language, and what the file says of itself; it names no person."""
    about = made.core_properties
    about.title, about.subject = document.full_title[:LONGEST_PROPERTY], document.subtitle[:LONGEST_PROPERTY]
    about.language = document.language
    about.author = about.comments = about.last_modified_by = ""
    about.created = about.modified = document.made_at.replace(tzinfo=None)
    rels = made.part.package.rels
    for name in [name for name, one in rels.items() if one.reltype.endswith("/thumbnail")]:
        del rels[name]
    for name, size in SIZES.items():
        font = made.styles[name].font
        font.name, font.size, font.color.rgb = FONT, Pt(size), INK
        fonts = made.styles[name].element.get_or_add_rPr().get_or_add_rFonts()
        for of in ("asciiTheme", "hAnsiTheme", "eastAsiaTheme", "cstheme"):
            fonts.attrib.pop(qn(f"w:{of}"), None)
        fonts.set(qn("w:hAnsi"), FONT)
        fonts.set(qn("w:cs"), FONT)
    for language in made.styles.element.iter(qn("w:lang")):
        language.set(qn("w:val"), document.language)
    section = made.sections[0]
    section.page_width, section.page_height = Mm(210), Mm(297)
    section.left_margin = section.right_margin = Mm(18)
    section.top_margin = section.bottom_margin = Mm(20)
    _mark(section.header.paragraphs[0], document)
    _mark(section.footer.paragraphs[0], document)
    numbered = section.footer.add_paragraph()
    numbered.alignment = WD_ALIGN_PARAGRAPH.RIGHT
    numbered.add_run("Page ")
    for at, field in enumerate(("PAGE", "NUMPAGES")):
        if at:
            numbered.add_run(" of ")
        simple = f'<w:fldSimple {nsdecls("w")} w:instr="{field}"><w:r><w:t>1</w:t></w:r></w:fldSimple>'
        numbered._p.append(parse_xml(simple))  # noqa: SLF001 - the library has no fields


def _mark(paragraph: WordParagraph, document: Document) -> None:
    paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
    paragraph.add_run(document.protective).bold = True


# --- Its parts -------------------------------------------------------------------------------------------------------


def _add(made: WordDocument, part: AnyPart | tuple[KeyFigure, ...]) -> None:
    kind = "KeyFigures" if isinstance(part, tuple) else type(part).__name__
    _ADDED[kind](made, part)


def _heading(made: WordDocument, part: Heading) -> None:
    made.add_heading(part.text, part.level)


def _paragraph(made: WordDocument, part: Paragraph) -> None:
    paragraph = made.add_paragraph()
    run = paragraph.add_run(part.text)
    if part.style is Style.LEAD:
        run.bold, run.font.size = True, Pt(14)
    elif part.style is Style.QUIET:
        _quiet(paragraph)


def _bullets(made: WordDocument, part: Bullets) -> None:
    for item in part.items:
        _styled(made, item, "ListBullet")


def _callout(made: WordDocument, part: Callout) -> None:
    for text, is_title in ((part.title, True), (part.text, False)):
        paragraph = made.add_paragraph()
        paragraph.add_run(text).bold = is_title
        paragraph.paragraph_format.keep_with_next = is_title
        edge = '<w:left w:val="single" w:sz="36" w:space="8" w:color="12436D"/>'
        properties = paragraph._p.get_or_add_pPr()  # noqa: SLF001 - the library has no borders
        properties.insert_element_before(
            parse_xml(f"<w:pBdr {nsdecls('w')}>{edge}</w:pBdr>"), "w:shd", "w:tabs", "w:spacing", "w:ind", "w:jc"
        )


def _notes(made: WordDocument, part: Notes) -> None:
    title = made.add_paragraph()
    title.add_run(part.title).bold = True
    title.paragraph_format.keep_with_next = True
    for item in part.items:
        _quiet(_styled(made, item, "ListBullet"))


def _page_break(made: WordDocument, _: PageBreak) -> None:
    made.add_paragraph().add_run().add_break(WD_BREAK.PAGE)


def _figures(made: WordDocument, part: tuple[KeyFigure, ...]) -> None:
    _table(made, key_figures(part))


def _chart(made: WordDocument, part: Chart) -> None:
    for piece, drawing in charts.svgs(part, charts.PRINTED):
        _caption(made, piece.title)
        picture = io.BytesIO(vl_convert.svg_to_png(drawing, scale=SHARPNESS))
        share = min(1, charts.width_of(drawing) / charts.PRINTED.width)
        shown = made.add_picture(picture, width=int(share * TEXT_WIDTH))
        said = shown._inline.docPr  # noqa: SLF001 - the library has no alternative text
        said.set("descr", piece.words)
        said.set("title", piece.title)
        for note in charts.key(piece):
            _quiet(made.add_paragraph(note))
    _table(made, replace(part.table, title=f"{part.title}: the figures"))


def _caption(made: WordDocument, words: str) -> None:
    _styled(made, words, "Caption").paragraph_format.keep_with_next = True


def _styled(made: WordDocument, words: str, style: str) -> WordParagraph:
    """A paragraph in a style that is given by its key: by its name the library looks through all styles, each time."""
    paragraph = made.add_paragraph(words)
    paragraph._p.style = style  # noqa: SLF001
    return paragraph


def _quiet(paragraph: WordParagraph) -> None:
    for run in paragraph.runs:
        run.font.size, run.font.color.rgb = Pt(10), QUIET


def _table(made: WordDocument, part: Table) -> None:
    for piece in pieces(part, columns=COLUMNS):
        _caption(made, piece.title)
        body = made.element.body
        body.insert_element_before(parse_xml(_table_xml(piece)), "w:sectPr")
        for at, note in enumerate(piece.notes):
            paragraph = made.add_paragraph(note)
            paragraph.paragraph_format.space_before = Pt(0 if at else 6)
            _quiet(paragraph)
        made.add_paragraph().paragraph_format.space_after = Pt(0)


def _table_xml(table: Table) -> str:
    """A table, written at once: cell by cell the library takes seconds for a report."""
    wanted = shares(table)
    widths = [TWIPS_ACROSS * one // sum(wanted) for one in wanted]
    return render("documents/word_table.xml", table=table, widths=widths)


_ADDED: dict[str, Callable[[WordDocument, Any], None]] = {
    "Heading": _heading,
    "Paragraph": _paragraph,
    "Bullets": _bullets,
    "Callout": _callout,
    "Notes": _notes,
    "PageBreak": _page_break,
    "KeyFigures": _figures,
    "Table": _table,
    "Chart": _chart,
}
