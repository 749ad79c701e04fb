"""Documents made up for tests: one with every kind of part, and one of hostile words."""

from __future__ import annotations

import datetime as dt

from hub.documents.model import (
    Bullets,
    Callout,
    Cell,
    Chart,
    ChartKind,
    Column,
    Direction,
    Document,
    Heading,
    KeyFigure,
    Kind,
    Length,
    Notes,
    PageBreak,
    Paragraph,
    Point,
    Reference,
    Series,
    Style,
    Table,
)

MADE_AT = dt.datetime(2026, 2, 3, 9, 30, 15, tzinfo=dt.UTC)
MARKING, HANDLING = "OFFICIAL-SENSITIVE", "for the partnership's own people only"
MONTHS = tuple(f"{month} 2025" for month in ("Jul", "Aug", "Sep", "Oct", "Nov", "Dec"))
BURGLARY, ROBBERY = (1205, 1170, 1085, 990, 1015, 940), (310, 295, None, 330, 345, 360)
WARDS = (("Abbey", 245, 18.4, -12.5), ("Bourne", 190, 14.25, 3.1), ("Castle & Keep", None, None, None))
HIDDEN = "fewer than 5"


def figure(value: float | None, places: int = 0, *, sign: bool = False, after: str = "") -> Cell:
    if value is None:
        return Cell(HIDDEN, is_hidden=True)
    return Cell(f"{value:{'+' if sign else ''},.{places}f}{after}".replace("-", "−"), value)


def ward_table(title: str = "Wards") -> Table:
    columns = (
        Column("Ward"),
        Column("Offences", Kind.NUMBER),
        Column("Rate", Kind.RATE, "per 1,000 residents"),
        Column("Change", Kind.PERCENT),
    )
    rows = tuple(
        (Cell(name), figure(count), figure(rate, 2), figure(change, 1, sign=True, after="%"))
        for name, count, rate, change in WARDS
    )
    return Table(title, columns, rows, ("Rates are by the residents of mid-2024.",), length=Length.PAGE)


def line_chart(kind: ChartKind = ChartKind.LINE) -> Chart:
    return Chart(
        f"Offences by month, {kind.value}",
        kind,
        tuple(
            Series(
                name,
                tuple(
                    Point(month, figure(count), is_provisional=month == MONTHS[-1])
                    for month, count in zip(MONTHS, counts, strict=True)
                ),
            )
            for name, counts in (("Burglary", BURGLARY), ("Robbery", ROBBERY))
        ),
        "Burglary fell from 1,205 in July to 940 in December. Robbery rose from 310 to 360.",
        "Month",
        "Offences",
    )


def ward_chart(kind: ChartKind = ChartKind.INTERVAL) -> Chart:
    points = tuple(
        Point(name, figure(rate, 2), *((figure(rate - 2, 2), figure(rate + 2.5, 2)) if rate else ()))
        for name, _, rate, _ in WARDS
    )
    return Chart(
        f"Rates by ward, {kind.value}",
        kind,
        (Series("Latest 12 months", points),),
        "Abbey is above the borough's rate; Bourne is not clearly so.",
        "Ward",
        "Rate per 1,000 residents",
        Kind.RATE,
        Reference("Borough", figure(15.5, 1)),
    )


def document(title: str = "Alder: quarterly update") -> Document:
    """Every kind of part, with figures written in every way."""
    return Document(
        title=title,
        subtitle="January to December 2025",
        made_at=MADE_AT,
        marking=MARKING,
        handling=HANDLING,
        footer=("Contains public sector information licensed under the Open Government Licence v3.0.",),
        parts=(
            Paragraph("Burglary fell by about a tenth.", Style.LEAD, length=Length.SENTENCE),
            KeyFigure(
                "Burglary", figure(12405), "13,780 the year before", Direction("↓", "D", "Down"), length=Length.PAGE
            ),
            KeyFigure(
                "Robbery",
                figure(8.25, 2),
                "no clear change",
                Direction("→", "N", "No clear change"),
                length=Length.PAGE,
            ),
            KeyFigure("Hate crime", figure(None), length=Length.PAGE),
            Heading("What changed", length=Length.PAGE),
            Paragraph("Two of five measures changed more than chance would explain."),
            Bullets(("Burglary fell.", "Robbery did not change clearly.")),
            line_chart(),
            Heading("Where", 3),
            ward_table(),
            ward_chart(),
            PageBreak(),
            Heading("By itself"),
            line_chart(ChartKind.PANELS),
            ward_chart(ChartKind.BAR),
            Callout("Provisional", "The latest month may still change."),
            Notes(("Offences are those recorded by the police.", "Small counts are not shown.")),
            Paragraph("Made for the partnership.", Style.QUIET),
        ),
    )
