"""The long sections of a report: measure by measure, offence group by offence group, ward by ward.

Each tells no year but those that the summaries offered at that moment tell a council leader.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from hub.documents.model import (
    NOTHING,
    AnyPart,
    Bullets,
    Chart,
    ChartKind,
    Heading,
    Kind,
    Paragraph,
    Point,
    Reference,
    Series,
)
from hub.measures import service as measures_of
from hub.reports.figures import Told
from hub.reports.pieces import (
    Sources,
    Written,
    count_cell,
    direction_of,
    key_figure,
    opinion_figure,
    percent_cell,
    rate_cell,
    share_cell,
    tell_change,
    tell_opinion,
)
from hub.summaries.lines import Line, figure_key
from hub.summaries.perception import Opinion, public_attitudes
from hub.summaries.service import GROUPS, WARDS
from hub.wards import priorities
from hub.wards.priorities import Priority
from hub.words import month_name, months_before, number

FEWEST_YEARS = 2
"""Fewer make no line."""
_YEAR = range(12)


def each_measure(sources: Sources) -> Written:
    """Every measure of every plan that has a figure: what it counts, its latest year and its line over the years."""
    its, written = sources.summary, Written()
    for measure in measures_of.measures(sources.reader.session):
        found, opinion = its.measures.get(measure.code), its.said.get(measure.code)
        if found is not None and found.is_shown:
            written.parts += [Heading(measure.title, level=3), Paragraph(measure.definition)]
            written.parts.append(key_figure(found, its))
            _tell_years(written, sources, "measure", measure.code, measure.title)
            tell_change(written, "measure", measure.code, measure.title, found.change, its)
        elif opinion is not None:
            written.parts += [Heading(measure.title, level=3), Paragraph(measure.asked or measure.definition)]
            written.parts += [opinion_figure(opinion), *_shares(opinion)]
            tell_opinion(written, opinion)
    return written


def each_group(sources: Sources) -> Written:
    """Every offence group that is shown, with its line over the years."""
    its, written = sources.summary, Written()
    if GROUPS in its.withheld or not its.latest_is_known:
        return written
    for line in its.groups:
        written.parts += [Heading(line.name, level=3), Paragraph(_said(sources, line))]
        _tell_years(written, sources, "group", line.code, line.name)
        tell_change(written, "group", line.code, line.name, line.change, its)
    return written


def each_ward(sources: Sources) -> Written:
    """Every ward that is shown: its rate beside the borough's, its line over the years, and what its panel set."""
    its, written = sources.summary, Written()
    if WARDS in its.withheld or not its.wards_are_counted:
        return written
    written.parts += ward_rates(sources)
    set_in = priorities.of_wards(sources.reader, its.borough_code, [line.code for line in its.wards])
    for line in its.wards:
        written.parts += [Heading(line.name, level=3), Paragraph(_said(sources, line))]
        _tell_years(written, sources, "ward", line.code, line.name)
        tell_change(written, "ward", line.code, line.name, line.change, its)
        written.parts += _priorities(set_in.get(line.code, ()))
    return written


def ward_rates(sources: Sources) -> Iterator[Chart]:
    """Each ward's rate and how far chance alone could move it, beside the borough's; by name, so that none is first."""
    its = sources.summary
    if its.rate is None or not any(line.likely for line in its.wards):
        return
    points = []
    for line in its.wards:
        low, high = (rate_cell(end) for end in line.likely or (None, None))
        points.append(Point(line.name, rate_cell(line.rate), low, high))
    differ = [f"{line.name} ({line.beside})" for line in its.wards if line.beside]
    words = "In no ward is the rate above or below the borough's by more than chance may explain."
    if differ:
        words = f"Above or below the borough by more than chance may explain: {'; '.join(differ)}."
    yield Chart(
        title="Wards beside the borough",
        kind=ChartKind.INTERVAL,
        series=(Series(its.measure.capitalize(), tuple(points)),),
        words=words,
        label_title="Ward",
        value_title="For every 1,000 residents",
        value_kind=Kind.RATE,
        reference=Reference("The borough", rate_cell(its.rate)),
    )


def _said(sources: Sources, line: Line) -> str:
    """One line's latest year in words: how many, against the year before, for how many residents, and beside whom."""
    its, change = sources.summary, line.change
    said = (
        f"{count_cell(change.latest, its.policy).shown} {its.measure} in the 12 months to {month_name(its.last_month)}"
    )
    before = count_cell(change.before, its.policy)
    if before is not NOTHING:
        percent = percent_cell(change, its)
        by = f" ({percent.shown})" if percent is not NOTHING else ""
        said += f", {before.shown} in the 12 months before{by}: {direction_of(change.verdict).word.lower()}"
    said += "."
    if line.rate is not None:
        beside = f", {line.beside} the borough's {number(its.rate, 1)}" if line.beside else ""
        said += f" The latest year is {number(line.rate, 1)} for every 1,000 residents{beside}."
    return said


def _tell_years(written: Written, sources: Sources, kind: str, code: str, name: str) -> None:
    """Draw a line's years, where there are enough of them, and keep each."""
    its, known = sources.summary, sources.years.get((kind, code), ())
    cells = [(one.last_month, count_cell(one.figure, its.policy)) for one in known]
    if sum(cell.value is not None for _, cell in cells) < FEWEST_YEARS:
        return
    points = tuple(
        Point(month_name(end), cell, is_provisional=any(months_before(end, back) in its.provisional for back in _YEAR))
        for end, cell in cells
    )
    (first, was), (last, is_now) = cells[0], cells[-1]
    written.parts.append(
        Chart(
            title=f"{name}, {its.measure} in each 12 months",
            kind=ChartKind.LINE,
            series=(Series(name, points),),
            words=(
                f"{name}, each time over 12 months: {was.shown} in the year to {month_name(first)}, {is_now.shown} in "
                f"the year to {month_name(last)}."
            ),
            label_title="12 months to",
            value_title=f"{its.measure.capitalize()} in 12 months",
            is_small=True,
        )
    )
    written.figures += [
        Told(figure_key(kind, code, end), f"{name}, 12 months to {month_name(end)}", cell.shown) for end, cell in cells
    ]


def _shares(opinion: Opinion) -> Iterator[Chart]:
    if len(opinion.series) < FEWEST_YEARS:
        return
    points = [
        Point(month_name(one.month), share_cell(one.percent), share_cell(one.lower), share_cell(one.upper))
        for one in opinion.series
    ]
    first, last = points[0], points[-1]
    yield Chart(
        title=f"{opinion.measure.title}, share of the people asked",
        kind=ChartKind.LINE,
        series=(Series(opinion.measure.title, tuple(points)),),
        words=(
            f"{first.figure.shown} of the people asked in the 12 months to {first.label}, {last.figure.shown} in those "
            f"to {last.label}."
        ),
        label_title="12 months to",
        value_title="Of the people asked",
        value_kind=Kind.PERCENT,
        notes=(f"{public_attitudes().title}. From and to: where the share of everybody lies with 95% certainty.",),
        is_small=True,
    )


def _priorities(of_ward: Sequence[Priority]) -> Sequence[AnyPart]:
    words = tuple(one.latest.given.words for one in of_ward if one.is_current)
    return (Paragraph("What the ward panel set as its priorities:"), Bullets(words)) if words else ()
