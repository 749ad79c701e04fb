"""What a document says, part by part, before any form is given to it. A number stands in it once: its value, its words.

Whoever makes a document has put its figures through disclosure control: nothing here decides what a reader may see.
"""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from enum import Enum, StrEnum
from itertools import pairwise
from numbers import Integral
from typing import Any

_GAPS = re.compile(r"[\t\n\v\f\r\x1c-\x1e\x85\u2028\u2029]+")
_UNFIT = re.compile(r"[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufdd0-\ufdef\ufeff\ufffe\uffff]")
"""What XML cannot hold, and what would turn the reading order of the words around it."""


def plain(words: str) -> str:
    """Words as one line of text that every form can hold."""
    return _UNFIT.sub("", _GAPS.sub(" ", words))


class _Worded:
    """Takes out of every text of a part what no form can hold, once, where it is made."""

    def __post_init__(self) -> None:
        for field in fields(self):  # type: ignore[arg-type]  # every part is a dataclass
            value = getattr(self, field.name)
            if isinstance(value, str) and not isinstance(value, Enum):
                object.__setattr__(self, field.name, plain(value))
            elif isinstance(value, tuple) and value and all(isinstance(each, str) for each in value):
                object.__setattr__(self, field.name, tuple(plain(each) for each in value))


class Length(StrEnum):
    """How much of a document is read."""

    SENTENCE = "sentence"
    PAGE = "page"
    FULL = "full"

    @property
    def words(self) -> str:
        """As a reader chooses it."""
        return {Length.SENTENCE: "In a sentence", Length.PAGE: "On a page", Length.FULL: "The full report"}[self]


LENGTHS = tuple(Length)
"""From the shortest."""


class Style(StrEnum):
    """How a paragraph stands out."""

    PLAIN = "plain"
    LEAD = "lead"
    QUIET = "quiet"


class Kind(StrEnum):
    """What a column holds."""

    TEXT = "text"
    NUMBER = "number"
    PERCENT = "percent"
    RATE = "rate"


class ChartKind(StrEnum):
    """How a chart is drawn. There are no pies, no depth and never two scales."""

    LINE = "line"
    """A line for each of a few series, named at its end."""
    PANELS = "panels"
    """A line for each series in a panel of its own, all on one scale."""
    BAR = "bar"
    """A bar for each point of one series, lying."""
    INTERVAL = "interval"
    """A mark for each point of one series, with the line from its low to its high value."""


@dataclass(frozen=True)
class Cell(_Worded):
    """What stands in a table's cell: how it is written, and its value where that is a number."""

    shown: str
    value: float | int | None = None
    is_hidden: bool = False
    """A figure that is not shown to this reader: its value is nowhere in the document."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.is_hidden and self.value is not None:
            raise ValueError("A hidden figure must not stand in a document with its value.")
        if self.value is not None:
            if not math.isfinite(self.value):
                raise ValueError("A figure is a finite number, or it is left out.")
            # What numpy and pandas count with is no number that JSON knows.
            number: object = self.value
            object.__setattr__(self, "value", int(self.value) if isinstance(number, Integral) else float(self.value))


@dataclass(frozen=True)
class Column(_Worded):
    """A table's column: what it holds, and in what unit."""

    title: str
    kind: Kind = Kind.TEXT
    unit: str = ""

    @property
    def heading(self) -> str:
        """As it stands above the column."""
        return f"{self.title} ({self.unit})" if self.unit else self.title

    @property
    def is_number(self) -> bool:
        """Whether it is set to the right."""
        return self.kind is not Kind.TEXT


@dataclass(frozen=True)
class Direction(_Worded):
    """Which way a figure went, in three ways at once, so that no colour is needed: `↓ D Down`."""

    arrow: str
    letter: str
    word: str

    @property
    def shown(self) -> str:
        """All three."""
        return " ".join(filter(None, (self.arrow, self.letter, self.word)))


@dataclass(frozen=True, kw_only=True)
class Part(_Worded):
    """A piece of a document, and the shortest reading that has it."""

    length: Length = Length.FULL


@dataclass(frozen=True)
class Heading(Part):
    """A heading. The document's title is level 1, so headings are 2 to 4."""

    text: str
    level: int = 2


@dataclass(frozen=True)
class Paragraph(Part):
    """One paragraph."""

    text: str
    style: Style = Style.PLAIN


@dataclass(frozen=True)
class Bullets(Part):
    """A list, each item one paragraph."""

    items: tuple[str, ...]


@dataclass(frozen=True)
class Callout(Part):
    """Something that must not be overlooked."""

    title: str
    text: str


@dataclass(frozen=True)
class Notes(Part):
    """What must be known to read the figures: definitions, sources, methods. A workbook has a sheet of them."""

    items: tuple[str, ...]
    title: str = "Notes"


@dataclass(frozen=True)
class PageBreak(Part):
    """What follows begins a page, where there are pages."""


@dataclass(frozen=True)
class KeyFigure(Part):
    """One figure in large type, which way it went, and what it is compared with. Neighbours stand side by side."""

    label: str
    figure: Cell
    comparison: str = ""
    direction: Direction | None = None
    key: str = ""
    """By which the hub knows this figure, for a question about it."""


@dataclass(frozen=True)
class Table(Part):
    """A table; the first cell of each row names the row."""

    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.columns or any(len(row) != len(self.columns) for row in self.rows):
            raise ValueError(f"The rows of '{self.title}' have not one cell for each of its columns.")


@dataclass(frozen=True)
class Point(_Worded):
    """One point of a series: where it stands, its figure, and between which two the true one lies."""

    label: str
    figure: Cell
    low: Cell | None = None
    high: Cell | None = None
    is_provisional: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.figure.is_hidden and any(end is not None and end.value is not None for end in (self.low, self.high)):
            raise ValueError("A hidden figure must not stand in a document between two values.")


@dataclass(frozen=True)
class Series(_Worded):
    """Named points, in order."""

    name: str
    points: tuple[Point, ...]

    @property
    def labels(self) -> tuple[str, ...]:
        """Of its points."""
        return tuple(point.label for point in self.points)


@dataclass(frozen=True)
class Reference(_Worded):
    """A value that a chart's points are seen against, drawn as a line."""

    name: str
    figure: Cell


@dataclass(frozen=True)
class Chart(Part):
    """A picture of series that share their labels and one scale; what it says in words; and the table behind it."""

    title: str
    kind: ChartKind
    series: tuple[Series, ...]
    words: str
    """What somebody who does not see the picture must know."""
    label_title: str
    """What the labels are: "Month", "Ward"."""
    value_title: str
    """What is counted: "Offences", "Rate per 1,000 residents"."""
    value_kind: Kind = Kind.NUMBER
    reference: Reference | None = None
    notes: tuple[str, ...] = ()
    is_small: bool = False
    """One of many lines of a document, drawn lower, so that two fit on a page with their tables."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.series or any(one.labels != other.labels for one, other in pairwise(self.series)):
            raise ValueError(f"The series of '{self.title}' do not share their labels.")
        if not self.labels:
            raise ValueError(f"'{self.title}' is a chart of nothing.")
        if self.kind in {ChartKind.BAR, ChartKind.INTERVAL} and len(self.series) != 1:
            raise ValueError(f"'{self.title}' is a chart of one series.")

    @property
    def labels(self) -> tuple[str, ...]:
        """Of the points, the same in every series."""
        return self.series[0].labels

    @property
    def table(self) -> Table:
        """The table behind the picture."""
        has_ends = any(point.low or point.high for one in self.series for point in one.points)
        provisional = [any(one.points[at].is_provisional for one in self.series) for at in range(len(self.labels))]
        columns = [Column(self.label_title)]
        for one in self.series:
            title = self.value_title if len(self.series) == 1 else one.name
            columns.append(Column(title, self.value_kind, "" if len(self.series) == 1 else self.value_title))
            ends = ("From", "To") if len(self.series) == 1 else (f"{title}: from", f"{title}: to")
            columns += [Column(end, self.value_kind) for end in ends if has_ends]
        columns += [Column("Status")] if any(provisional) else []
        rows = []
        for at, label in enumerate(self.labels):
            row = [Cell(label)]
            for one in self.series:
                point = one.points[at]
                row += [point.figure, *((point.low or NOTHING, point.high or NOTHING) if has_ends else ())]
            row += [Cell("Provisional" if provisional[at] else "Settled")] if any(provisional) else []
            rows.append(tuple(row))
        against = (f"{self.reference.name}: {self.reference.figure.shown}.",) if self.reference else ()
        return Table(self.title, tuple(columns), tuple(rows), (*against, *self.notes), length=self.length)


NOTHING = Cell("–")
"""Where there is no figure."""


AnyPart = Heading | Paragraph | Bullets | Callout | Notes | PageBreak | KeyFigure | Table | Chart


@dataclass(frozen=True, kw_only=True)
class Document(_Worded):
    """A whole document."""

    title: str
    subtitle: str
    made_at: dt.datetime
    """In UTC, to the second: the only moment that any of its files bears."""
    parts: tuple[AnyPart, ...]
    marking: str = ""
    """Top and bottom of every page; nothing on what is published."""
    handling: str = ""
    """How what is so marked is to be handled."""
    footer: tuple[str, ...] = ()
    """Lines at its end: sources, licences, version."""
    language: str = "en-GB"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.made_at.utcoffset() != dt.timedelta(0) or self.made_at.microsecond:
            raise ValueError("A document is made at a second of UTC.")

    @property
    def protective(self) -> str:
        """The marking and the handling in one line, as it stands on every page."""
        return " – ".join(filter(None, (self.marking, self.handling)))

    @property
    def full_title(self) -> str:
        """As programs list it: with its marking, so that it is known before it is opened."""
        return ": ".join(filter(None, (self.marking, self.title)))

    def read(self, length: Length) -> Document:
        """The same document at a reading length: the parts that belong to it, and no others."""
        wanted = LENGTHS.index(length)
        return replace(self, parts=tuple(part for part in self.parts if LENGTHS.index(part.length) <= wanted))

    @property
    def tables(self) -> tuple[Table, ...]:
        """Every figure as tables: the key figures in one, each table, and each chart's."""
        told = [each for each in self.parts if isinstance(each, KeyFigure)]
        others = [
            each.table if isinstance(each, Chart) else each for each in self.parts if isinstance(each, Chart | Table)
        ]
        return (*([key_figures(told)] if told else []), *others)

    @property
    def notes(self) -> tuple[str, ...]:
        """All that must be known to read the figures."""
        return tuple(item for part in self.parts if isinstance(part, Notes) for item in part.items)


def key_figures(figures: Iterable[KeyFigure]) -> Table:
    """Key figures as a table."""
    columns = (Column("Measure"), Column("Figure", Kind.NUMBER), Column("Direction"), Column("Compared with"))
    rows: list[tuple[Cell, ...]] = [
        (Cell(one.label), one.figure, Cell(one.direction.shown if one.direction else "–"), Cell(one.comparison or "–"))
        for one in figures
    ]
    return Table("Key figures", columns, tuple(rows))


PARTS: dict[str, type[Any]] = {
    kind.__name__: kind for kind in (Heading, Paragraph, Bullets, Callout, Notes, PageBreak, KeyFigure, Table, Chart)
}
"""By the name that a frozen document knows them by."""
