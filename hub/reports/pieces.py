"""What sections of a report are made with: where they get figures from, and cells, tables and key figures of them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from hub.access import Policy, Viewer
from hub.documents.model import (
    NOTHING,
    AnyPart,
    Cell,
    Column,
    Direction,
    KeyFigure,
    Kind,
    Length,
    Paragraph,
    Table,
)
from hub.reports.figures import Restated, Told
from hub.summaries.changes import Change, Figure, Verdict
from hub.summaries.earlier import Counted, YearFigure, earlier, years
from hub.summaries.lines import Line, Measured, figure_key
from hub.summaries.perception import Opinion
from hub.summaries.service import Restated as Restatement
from hub.summaries.service import Summary
from hub.words import LONDON, month_name, months_before, number, signed

MONTHS_APART, MOST_EARLIER = 3, 8
"""How far apart the years of a line end, and of how many earlier summaries they are taken."""


@dataclass(frozen=True)
class Earlier:
    """An approved report that a new one follows, or replaces: its figures as they were shown."""

    title: str
    approved_at: dt.datetime
    figures: tuple[Told, ...]

    @property
    def approved_on(self) -> dt.date:
        """The day, in London."""
        return self.approved_at.astimezone(LONDON).date()


@dataclass(frozen=True)
class Sources:
    """What the sections are made from: `reader` is an aggregate reader of the borough, whoever makes the report."""

    reader: Viewer
    summary: Summary
    last: Earlier | None
    """The report of the same kind that was approved last before."""
    replaced: Earlier | None
    """The one that this is issued again for."""
    reason: str
    """Why it is issued again."""
    why: tuple[Restatement, ...] = ()
    """The months that were restated since the earlier of the two, each with its reason."""

    @cached_property
    def years(self) -> Mapping[Counted, tuple[YearFigure, ...]]:
        """Every line's years, as the summaries of earlier quarters give them to this reader beside the report's own."""
        older = earlier(self.reader, self.summary, months_apart=MONTHS_APART, most=MOST_EARLIER)
        return years((self.summary, *older))


@dataclass
class Written:
    """The parts of a section, and the figures in them that can be told apart later."""

    parts: list[AnyPart] = field(default_factory=list)
    figures: list[Told] = field(default_factory=list)


def count_cell(figure: Figure, policy: Policy) -> Cell:
    """A count, or that it is small, or that there is none."""
    if figure.is_hidden:
        return Cell(f"fewer than {policy.threshold}", is_hidden=True)
    return NOTHING if figure.count is None else Cell(number(figure.count), figure.count)


def rate_cell(rate: float | None) -> Cell:
    """A rate per 1,000."""
    return NOTHING if rate is None else Cell(number(rate, 1), round(rate, 1))


def percent_cell(change: Change, its: Summary) -> Cell:
    """A change in per cent, where one means anything."""
    if change.percent is None:
        return NOTHING
    places = 0 if its.is_rounded else 1
    return Cell(f"{signed(change.percent, places)}%", round(change.percent, places))


def direction_of(verdict: Verdict) -> Direction:
    """Arrow, letter and word of a verdict."""
    return Direction(verdict.arrow, verdict.letter, verdict.value)


def key_figure(found: Measured, its: Summary) -> KeyFigure:
    """A measure in large type against the year before, with its rate beside what the borough compares it with."""
    change, beside = found.change, its.beside.get(found.measure.code)
    before = count_cell(change.before, its.policy)
    compared = [f"{before.shown} in the 12 months before"] if its.before_is_known else ["no year to compare with"]
    if change.percent is not None:
        compared.append(percent_cell(change, its).shown)
    if found.rate is not None:
        compared.append(f"{number(found.rate, 1)} for every 1,000 residents")
        if beside is not None and beside.rate is not None and beside.is_judged:
            verify = " (to be verified)" if beside.comparison.to_verify else ""
            compared.append(f"{beside.name} {number(beside.rate, 1)}{verify}")
    return KeyFigure(
        label=found.measure.title,
        figure=count_cell(change.latest, its.policy),
        comparison="; ".join(compared),
        direction=direction_of(change.verdict),
        key=found.key,
        length=Length.PAGE,
    )


def tell_change(written: Written, kind: str, code: str, name: str, change: Change, its: Summary) -> None:
    """Keep both years of a line, each under the month that it ends with."""
    for end, figure in ((its.last_month, change.latest), (months_before(its.last_month, 12), change.before)):
        shown = count_cell(figure, its.policy)
        if shown is not NOTHING:
            label = f"{name}, 12 months to {month_name(end)}"
            written.figures.append(Told(figure_key(kind, code, end), label, shown.shown))


def lines_table(title: str, what: str, lines: Sequence[Line], its: Summary, length: Length) -> Table:
    """Lines against the year before, as far as they can be compared."""
    is_compared = its.before_is_known and not (what == "Ward" and its.wards_changed)
    columns = [Column(what), Column("Latest 12 months", Kind.NUMBER)]
    if is_compared:
        columns += [Column("12 months before", Kind.NUMBER), Column("Change", Kind.PERCENT), Column("What happened")]
    columns.append(Column("Per 1,000 residents", Kind.RATE))
    rows = []
    for line in lines:
        row = [Cell(line.name), count_cell(line.change.latest, its.policy)]
        if is_compared:
            row += [
                count_cell(line.change.before, its.policy),
                percent_cell(line.change, its),
                Cell(direction_of(line.change.verdict).shown),
            ]
        rows.append((*row, rate_cell(line.rate)))
    notes = []
    if what == "Offence group" and its.is_rounded:
        notes.append(f"Groups with fewer than {its.policy.threshold} {its.measure} in both years are not listed.")
        if its.groups_left_out:
            notes.append(
                "Some small groups are given only for years that end with a quarter or in March, and are left out here."
            )
    return Table(title, tuple(columns), tuple(rows), tuple(notes), length=length)


def restated_table(title: str, differ: Sequence[Restated]) -> Table:
    """Figures that were shown otherwise before."""
    columns = (Column("Figure"), Column("Said then", Kind.NUMBER), Column("Known now", Kind.NUMBER))
    return Table(
        title,
        columns,
        tuple((Cell(one.label), Cell(one.before), Cell(one.now)) for one in differ),
        length=Length.PAGE,
    )


def not_shown(what: str, policy: Policy) -> Paragraph:
    """Says why a breakdown is left out."""
    return Paragraph(
        f"{what} are not shown. A count below {policy.threshold} could be worked out from them, together with what is "
        "shown here or was shown before."
    )


def months_in_words(its: Summary) -> str:
    """What the chart of months says."""
    known = [one for one in its.months[len(its.months) // 2 :] if one.figure.count is not None]
    if not known:
        return f"{its.measure.capitalize()} for each of 24 months. The table gives the figures."
    most = max(known, key=lambda one: one.figure.count or 0)
    least = min(known, key=lambda one: one.figure.count or 0)
    return (
        f"{its.measure.capitalize()} for each of the 24 months to {month_name(its.last_month)}, the latest 12 beside "
        f"the 12 before. Of the latest, {month_name(most.month)} had most ({number(most.figure.count)}) and "
        f"{month_name(least.month)} fewest of those shown ({number(least.figure.count)})."
    )


def protection(its: Summary) -> list[str]:
    """How people are protected, for who sees rounded figures."""
    if not its.is_rounded:
        return []
    policy = its.policy
    rounded = "every total and every count of a protected category" if policy.unprotected == "exact" else "every count"
    return [
        (
            f"To protect people, {rounded} is rounded to the nearest {policy.base}. "
            f"0 to {policy.threshold - 1} are all shown as “fewer than {policy.threshold}”. "
            "Rates and changes are worked out from the rounded counts, so parts may not add up to the total."
        ),
    ]


def opinion_figure(opinion: Opinion) -> KeyFigure:
    """What people say, in large type against the year before."""
    now = opinion.latest
    compared = f"between {now.lower:.0f}% and {now.upper:.0f}%, by who happened to be asked"
    if opinion.before is not None:
        compared = f"{opinion.before.percent:.0f}% in the 12 months before; {compared}"
    return KeyFigure(
        label=f"{opinion.measure.title} (survey, 12 months to {month_name(now.month)})",
        figure=Cell(f"{now.percent:.0f}%", round(now.percent)),
        comparison=compared,
        direction=direction_of(opinion.verdict),
        key=figure_key("measure", opinion.measure.code, now.month),
        length=Length.PAGE,
    )


def share_cell(percent: float) -> Cell:
    """A share of the people asked."""
    return Cell(f"{percent:.0f}%", round(percent))


def tell_opinion(written: Written, opinion: Opinion) -> None:
    """Keep what people say."""
    month = opinion.latest.month
    label = f"{opinion.measure.title} (survey), 12 months to {month_name(month)}"
    key = figure_key("measure", opinion.measure.code, month)
    written.figures.append(Told(key, label, f"{opinion.latest.percent:.0f}%"))
