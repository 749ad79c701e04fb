"""A document for PowerPoint: a title on each slide, tables that fit, charts that can be edited, and their words."""

from __future__ import annotations

import io
import textwrap
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

import pptx
from pptx.enum.text import PP_ALIGN
from pptx.oxml.ns import qn
from pptx.util import Emu, Inches, Pt

from hub.documents import charts, native_charts
from hub.documents.fitting import MOST_LINES, Room, chart_pieces, gathered, pieces, shares
from hub.documents.model import (
    Bullets,
    Callout,
    Chart,
    Document,
    Heading,
    KeyFigure,
    Notes,
    Paragraph,
    Table,
    key_figures,
)
from hub.documents.packing import repacked
from hub.documents.written import Written

MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.presentationml.presentation"
WIDTH, HEIGHT = Inches(13.333), Inches(7.5)
LEFT, ACROSS = Inches(0.6), Inches(12.13)
TOP, DOWN = Inches(1.5), Inches(4.9)
"""Where a slide's content stands, below its title."""
BOTTOM = Inches(6.75)
"""Where it ends, above the slide's number and the marking."""
COLUMNS = 7
TABLE = Room(letters=115, aside=2, height=(BOTTOM - TOP) / Inches(1), line=0.235, around=0.1)
"""What a slide holds of a table at 14 point, in inches."""
NOTE_LINE, NOTE_LETTERS, GAP = Inches(0.2), 150, Inches(0.1)
"""Of notes at 12 point below a table or chart."""
BARS = 16
"""Or intervals, on one slide."""
LINES, LETTERS = 12, 90
"""What a slide of text holds."""
LEAD_LINE, LEAD_LETTERS, MOST_LEAD = Inches(0.3), 115, 6
"""Of what leads up to a small chart on its own slide, at 16 point; where it is longer, it has a slide to itself."""
SHORT_TITLE = 55
TEXT_LAYOUT, TITLE_LAYOUT = 1, 5
LONGEST_PROPERTY = 255


def write(document: Document) -> Written:
    """Write a document for PowerPoint."""
    deck = _Deck(document)
    deck.fill()
    content = io.BytesIO()
    deck.made.save(content)
    return Written(repacked(content.getvalue(), document.made_at), "pptx", MEDIA_TYPE)


# --- The deck --------------------------------------------------------------------------------------------------------


class _Deck:
    """Slides being made, one after another."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self.made: Any = pptx.Presentation()
        self._section = document.title
        self._waiting: list[str] = []
        self._titles: Counter[str] = Counter()
        self._prepare()

    def fill(self) -> None:
        """Make every slide; each begins with its title, and ends with the marking."""
        self._waiting = [text for text in (self._document.subtitle,) if text]
        parts = list(gathered(self._document.parts))
        for part, after in zip(parts, [*parts[1:], None], strict=True):
            match part:
                case tuple() if isinstance(after, Chart) and after.is_small:
                    self._waiting += [_in_words(one) for one in part]
                case Chart() if part.is_small and _lines_of(self._waiting, LEAD_LETTERS) < MOST_LEAD:
                    self._chart(part, lead=[*self._waiting, f"{part.title}:"], title=self._section)
                    self._waiting = []
                case tuple() | Table() | Chart() | Heading():
                    self._tell()
                    self._show(part)
                case _:
                    self._waiting += _texts(part)
        self._waiting += self._document.footer
        self._tell()
        self._finish()

    def _show(self, part: Heading | tuple[KeyFigure, ...] | Table | Chart) -> None:
        """Begin what stands below a heading, or put figures on slides of their own."""
        match part:
            case Heading():
                self._section = part.text
            case tuple():
                self._table(key_figures(part))
            case Table():
                self._table(part)
            case Chart():
                self._chart(part)

    def _prepare(self) -> None:
        """Make the deck wide, and let it name no person."""
        share = WIDTH / self.made.slide_width
        self.made.slide_width, self.made.slide_height = WIDTH, HEIGHT
        master = self.made.slide_master
        for shapes in (master.shapes, *(layout.shapes for layout in master.slide_layouts)):
            for shape in shapes:
                if shape.element.find(f".//{qn('a:xfrm')}") is not None:
                    shape.left, shape.width = int(shape.left * share), int(shape.width * share)
        about = self.made.core_properties
        about.title, about.subject = (
            words[:LONGEST_PROPERTY] for words in (self._document.full_title, self._document.subtitle)
        )
        about.language = self._document.language
        about.author = about.comments = about.last_modified_by = ""
        about.created = about.modified = self._document.made_at.replace(tzinfo=None)
        for part, kind in ((self.made.part.package, "/thumbnail"), (self.made.part, "/printerSettings")):
            for name in [name for name, one in part._rels.items() if one.reltype.endswith(kind)]:  # noqa: SLF001
                part.drop_rel(name)

    def _finish(self) -> None:
        """Mark and number each slide, last of all that is read out on it, and say in what language it is."""
        slides = list(self.made.slides)
        for at, slide in enumerate(slides, start=1):
            for top in (Inches(0.08), Inches(7.05)) if self._document.protective else ():
                _say(slide, "Marking", [self._document.protective], top, size=14, align=PP_ALIGN.CENTER, is_bold=True)
            _say(slide, "Slide number", [f"{at} of {len(slides)}"], Inches(6.8), size=12, align=PP_ALIGN.RIGHT)
            for run in slide.element.iter(qn("a:r")):
                run.get_or_add_rPr().set("lang", self._document.language)

    def _slide(self, title: str, layout: int = TITLE_LAYOUT) -> Any:
        """A slide under its title, which no other has."""
        self._titles[title] += 1
        if self._titles[title] > 1:
            title = f"{title} (continued, {self._titles[title]})"
        slide = self.made.slides.add_slide(self.made.slide_layouts[layout])
        heading = slide.shapes.title
        heading.left, heading.top, heading.width, heading.height = LEFT, Inches(0.45), ACROSS, Inches(1.0)
        _fill_text(heading.text_frame, [title], size=_title_size(title), is_bold=True)
        heading.text_frame.paragraphs[0].alignment = PP_ALIGN.LEFT
        return slide

    # --- Its kinds of slides ---

    def _tell(self) -> None:
        """Put the words that wait on slides under the heading that they stand below."""
        if self._waiting:
            self._text(self._section, self._waiting)
            self._waiting = []

    def _text(self, title: str, items: Sequence[str]) -> None:
        for held in _slidefuls(items):
            slide = self._slide(title, TEXT_LAYOUT)
            body = slide.placeholders[1]
            body.left, body.top, body.width, body.height = LEFT, TOP, ACROSS, Inches(5.4)
            _fill_text(body.text_frame, held, size=20)

    def _table(self, table: Table) -> None:
        for piece in pieces(table, columns=COLUMNS, room=TABLE):
            slide = self._slide(piece.title)
            size, heights = (len(piece.rows) + 1, len(piece.columns)), [Inches(one) for one in TABLE.heights(piece)]
            frame = slide.shapes.add_table(*size, LEFT, TOP, ACROSS, sum(heights))
            _describe(frame, piece.title, f"Table: {piece.title}.")
            grid = frame.table
            grid.first_row = grid.first_col = True
            wanted = shares(piece)
            for column, share in zip(grid.columns, wanted, strict=True):
                column.width = Emu(ACROSS * share // sum(wanted))
            lines = [
                [column.heading for column in piece.columns],
                *([cell.shown for cell in row] for row in piece.rows),
            ]
            for row, line, height in zip(grid.rows, lines, heights, strict=True):
                row.height = height
                for cell, words, column in zip(row.cells, line, piece.columns, strict=True):
                    _fill_text(cell.text_frame, [words], size=14)
                    cell.text_frame.paragraphs[0].alignment = PP_ALIGN.RIGHT if column.is_number else PP_ALIGN.LEFT
            if piece.notes:
                self._notes_below(slide, table.title, piece.notes, TOP + sum(heights) + GAP)

    def _notes_below(self, slide: Any, title: str, notes: Sequence[str], top: int) -> None:
        """Notes below a table where there is room, else on a slide of their own."""
        lines = _lines_of(notes, NOTE_LETTERS)
        if top + GAP + lines * NOTE_LINE <= BOTTOM:
            _say(slide, "Notes", notes, top, size=12)
        else:
            self._text(f"{title}: notes", notes)

    def _chart(self, chart: Chart, lead: Sequence[str] = (), title: str = "") -> None:
        """A chart on as many slides as it takes, below what leads up to it."""
        scale, taken = charts.span(chart), LEAD_LINE * _lines_of(lead, LEAD_LETTERS)
        for piece in chart_pieces(chart, rows=BARS, panels=MOST_LINES):
            slide = self._slide(title or piece.title)
            if lead:
                _say(slide, "Text", lead, TOP, size=16)
            native = native_charts.values_of(piece)
            frame = slide.shapes.add_chart(native.kind, LEFT, TOP + taken, ACROSS, DOWN - taken, native.data)
            _describe(frame, piece.title, piece.words)
            book = native_charts.workbook(native, self._document)
            frame.chart.part.chart_workbook.update_from_xlsx_blob(book)
            native_charts.dress(frame.chart, piece, native, scale)
            against = [f"{chart.reference.name}: {chart.reference.figure.shown}."] if chart.reference else []
            if notes := [*charts.key(piece), *against, *chart.notes]:
                _say(slide, "Notes", [" ".join(notes)], Inches(6.4), size=12)


def _texts(part: object) -> Sequence[str]:
    """The words of a part that has no figures, item by item."""
    match part:
        case Paragraph():
            return (part.text,)
        case Bullets() | Notes():
            return part.items
        case Callout():
            return (f"{part.title}: {part.text}",)
    return ()


def _in_words(one: KeyFigure) -> str:
    """A key figure as a line of text."""
    said = " ".join(filter(None, (one.figure.shown, one.direction.shown if one.direction else "")))
    return f"{one.label}: {said}{f' ({one.comparison})' if one.comparison else ''}"


def _lines_of(words: Sequence[str], letters: int) -> int:
    return sum(len(textwrap.wrap(each, letters)) for each in words)


def _title_size(title: str) -> int:
    """In points: a title takes no more than two lines."""
    return 28 if len(title) <= SHORT_TITLE else 24 if len(title) <= LETTERS else 18


def _slidefuls(items: Sequence[str]) -> Iterator[list[str]]:
    """The items, as many at a time as a slide holds; one that is too long for a slide goes over several."""
    held: list[str] = []
    lines = 0
    for item in items:
        for words in textwrap.wrap(item, LETTERS * LINES):
            needed = -(-len(words) // LETTERS)
            if held and lines + needed > LINES:
                yield held
                held, lines = [], 0
            held.append(words)
            lines += needed
    if held:
        yield held


def _fill_text(frame: Any, lines: Sequence[str], *, size: int, is_bold: bool = False) -> None:
    frame.word_wrap = True
    for at, words in enumerate(lines):
        paragraph = frame.paragraphs[0] if at == 0 else frame.add_paragraph()
        run = paragraph.add_run()
        run.text = words
        run.font.size, run.font.bold = Pt(size), is_bold or None


def _say(
    slide: Any,
    name: str,
    lines: Sequence[str],
    top: int,
    *,
    size: int,
    align: Any = PP_ALIGN.LEFT,
    is_bold: bool = False,
) -> None:
    """Put words in a box of their own."""
    box = slide.shapes.add_textbox(LEFT, top, ACROSS, Inches(0.35))
    box.name = name
    _fill_text(box.text_frame, lines, size=size, is_bold=is_bold)
    for paragraph in box.text_frame.paragraphs:
        paragraph.alignment = align


def _describe(frame: Any, name: str, words: str) -> None:
    said = frame.element.nvGraphicFramePr.cNvPr
    said.set("name", name)
    said.set("descr", words)
