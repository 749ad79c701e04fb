"""What a summary is made of: its lines, months and measures, each with the key that names it elsewhere. No sums."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from hub.measures.definitions import Measure
from hub.summaries.changes import Change, Figure, Verdict
from hub.words import month_code


@dataclass(frozen=True)
class Line:
    """One offence group or ward: its change, and its rate per 1,000 residents in the latest 12 months."""

    name: str
    code: str
    change: Change
    rate: float | None
    key: str
    """By which this figure is named elsewhere."""
    likely: tuple[float, float] | None = None
    """Of a ward: within which its rate is likely to lie, but for chance (95% interval)."""
    beside: str = ""
    """Of a ward: `above` or `below` the borough's rate; empty where chance may explain it, or it is not known."""


@dataclass(frozen=True)
class MonthFigure:
    """One month's offences."""

    month: dt.date
    figure: Figure
    is_provisional: bool


@dataclass(frozen=True)
class Denominator:
    """The residents that the borough's rates are set against."""

    residents: int
    source: str

    @property
    def words(self) -> str:
        """`20,000 residents (Census 2021)`."""
        return f"{self.residents:,} residents ({self.source})"


@dataclass(frozen=True)
class Measured:
    """The figure of one measure for one reader: the year to a month against the year before, or why there is none."""

    measure: Measure
    last_month: dt.date
    change: Change
    rate: float | None
    rate_before: float | None
    denominator: Denominator | None
    """What the rates are set against."""
    provisional: tuple[dt.date, ...]
    """The months of both years that are still likely to be revised."""
    compared: int
    """Among how many comparisons the change was judged."""
    why_not: str = ""
    """Why no figure is given; empty where one is."""
    area_rate: float | None = None
    """Per 1,000 residents of the whole police area in the latest year; None where that is not told."""

    @property
    def key(self) -> str:
        """By which this figure is named elsewhere."""
        return figure_key("measure", self.measure.code, self.last_month)

    @property
    def verdict(self) -> Verdict:
        """What may be said of the change."""
        return self.change.verdict

    @property
    def is_shown(self) -> bool:
        """Whether there is anything to show."""
        return not self.why_not


def figure_key(kind: str, code: str, last_month: dt.date) -> str:
    """Name a figure: `total:2026-01`, `group:Burglary:2026-01`, `ward:E05000026:2026-01`, `measure:robbery:2026-01`."""
    return ":".join(part for part in (kind, code, month_code(last_month)) if part)
