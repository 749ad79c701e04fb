"""What writers share: key figures gathered, wide or long tables taken apart, and how a number's form is told."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby, pairwise
from typing import TypeVar

from hub.documents.model import AnyPart, Cell, Chart, ChartKind, KeyFigure, Table

MOST_LINES = 6
"""In one picture: more than these nobody tells apart, so each gets a panel of its own."""
WIDEST, WRAPPED = 32, 10
"""In letters: what a column takes at most, and what a heading takes before it wraps."""
BOLD = 1.5
"""How much wider a heading's letters are than a cell's, with some room."""
ASIDE = 5
"""In letters: what a column takes beside its words."""
Thing = TypeVar("Thing")
_WRITTEN = re.compile(r"(?P<sign>[+−-]?)(?P<whole>[\d,]+)(?:\.(?P<places>\d+))?(?P<after>\D*)")


def gathered(parts: Sequence[AnyPart]) -> Iterator[AnyPart | tuple[KeyFigure, ...]]:
    """The parts in order, with key figures that follow each other as one."""
    for is_figure, group in groupby(parts, key=lambda part: isinstance(part, KeyFigure)):
        if is_figure:
            yield tuple(part for part in group if isinstance(part, KeyFigure))
        else:
            yield from group


def pieces(table: Table, *, columns: int, room: Room | None = None) -> list[Table]:
    """A table as several that fit: each repeats the first column, and says which part it is; the last has the notes."""
    width = max(1, columns - 1)
    across = [
        replace(
            table,
            columns=(table.columns[0], *table.columns[left : left + width]),
            rows=tuple((row[0], *row[left : left + width]) for row in table.rows),
            notes=(),
        )
        for left in range(1, max(2, len(table.columns)), width)
    ]
    ends = room.ends(across) if room else [len(table.rows)]
    found = [replace(one, rows=one.rows[top:end]) for top, end in pairwise([0, *ends]) for one in across]
    if len(found) > 1:
        found = [replace(one, title=f"{table.title} ({at} of {len(found)})") for at, one in enumerate(found, start=1)]
    found[-1] = replace(found[-1], notes=table.notes)
    return found


@dataclass(frozen=True)
class Room:
    """What a page or slide holds of a table, in the sizes that it is written in there."""

    letters: int
    """Across all its columns."""
    aside: int
    """Of these, what each column leaves free at its sides."""
    height: float
    """From the table's top to where it must end, in any unit."""
    line: float
    """The height of a line of words."""
    around: float
    """What a row takes beside its lines."""

    def heights(self, table: Table) -> list[float]:
        """Of the row of headings, and of each other row: as high as its longest cell needs, once wrapped."""
        wanted = shares(table)
        widths = [max(1, self.letters * share // sum(wanted) - self.aside) for share in wanted]
        lines = [[column.heading for column in table.columns], *([cell.shown for cell in row] for row in table.rows)]
        return [
            self.around
            + self.line
            * max(max(1, len(textwrap.wrap(words, width))) for words, width in zip(line, widths, strict=True))
            for line in lines
        ]

    def ends(self, across: Sequence[Table]) -> list[int]:
        """After which rows tables that stand side by side are cut, so that each part fits in all of them."""
        heads, *rows = [max(each) for each in zip(*(self.heights(one) for one in across), strict=True)]
        found, left = list[int](), self.height - heads
        for at, height in enumerate(rows):
            if height > left and at > (found[-1] if found else 0):
                found.append(at)
                left = self.height - heads
            left -= height
        return [*found, len(rows)]


def chart_pieces(chart: Chart, *, rows: int | None = None, panels: int | None = None) -> list[Chart]:
    """A chart as several that fit: of rows by its points, of panels by its series; each says which part it is."""
    if chart.kind in {ChartKind.BAR, ChartKind.INTERVAL}:
        (one,) = chart.series
        cut = _evenly(one.points, rows)
        found = [replace(chart, series=(replace(one, points=points),)) for points in cut]
    elif chart.kind is ChartKind.PANELS or len(chart.series) > MOST_LINES:
        found = [replace(chart, series=series) for series in _evenly(chart.series, panels)]
    else:
        found = [chart]
    if len(found) == 1:
        return found
    return [replace(one, title=f"{chart.title} ({at} of {len(found)})") for at, one in enumerate(found, start=1)]


def _evenly(things: tuple[Thing, ...], most: int | None) -> list[tuple[Thing, ...]]:
    """Things in runs of about the same length, none longer than the most."""
    count = -(-len(things) // most) if most else 1
    size = -(-len(things) // count)
    return [things[start : start + size] for start in range(0, len(things), size)]


def shares(table: Table) -> list[int]:
    """How much of a line's width each column needs beside the others: its longest words, within reason."""
    found = []
    for at, column in enumerate(table.columns):
        said = [row[at].shown for row in table.rows]
        longest_word = round(BOLD * max(map(len, column.heading.split()), default=0))
        found.append(min(WIDEST, max([longest_word, min(len(column.heading), WRAPPED), *map(len, said)]) + ASIDE))
    return found


@dataclass(frozen=True, order=True)
class NumberForm:
    """How a number is written: with its sign or not, in thousands, to how many places, and what stands after it."""

    is_signed: bool
    is_grouped: bool
    places: int
    after: str

    @property
    def pattern(self) -> str:
        """As Excel and PowerPoint know it."""
        digits = ("#,##0" if self.is_grouped else "0") + ("." + "0" * self.places if self.places else "")
        digits += f'"{self.after}"' if self.after else ""
        return f'"+"{digits};"−"{digits};{digits}' if self.is_signed else digits


def number_form(cell: Cell) -> NumberForm | None:
    """The form in which a spreadsheet writes a cell's value just as the document shows it, if there is one."""
    told = _WRITTEN.fullmatch(cell.shown)
    if told is None or told["after"].count('"'):
        return None
    is_grouped = "," in told["whole"] or len(told["whole"]) < 4
    return NumberForm(told["sign"] in {"+", "−"}, is_grouped, len(told["places"] or ""), told["after"])
