"""What each section of a report says, from a summary as an aggregate reader is given it.

Every number here was released before it came; nothing is counted or compared anew.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from hub.documents.model import (
    NOTHING,
    AnyPart,
    Bullets,
    Cell,
    Chart,
    ChartKind,
    Column,
    Heading,
    Kind,
    Length,
    Notes,
    Paragraph,
    Point,
    Series,
    Style,
    Table,
)
from hub.measures import service as measures_of
from hub.questions import service as asked
from hub.reports.each import each_group, each_measure, each_ward
from hub.reports.figures import Told, restated
from hub.reports.pieces import (
    Sources,
    Written,
    count_cell,
    direction_of,
    key_figure,
    lines_table,
    months_in_words,
    not_shown,
    opinion_figure,
    protection,
    restated_table,
    share_cell,
    tell_change,
    tell_opinion,
)
from hub.summaries.doing import doing
from hub.summaries.lines import Line, figure_key
from hub.summaries.perception import Opinion, public_attitudes
from hub.summaries.service import GROUPS, MONTHS, WARDS
from hub.words import date_name, month_name, months_before, months_name, number

Writer = Callable[[Sources], Written]


def headline(sources: Sources) -> Written:
    """The sentence that everything else explains."""
    its, written = sources.summary, Written()
    written.parts.append(Paragraph(its.headline, Style.LEAD, length=Length.SENTENCE))
    if its.about_total:
        written.parts.append(Paragraph(its.about_total, length=Length.PAGE))
    if its.detail:
        written.parts.append(Paragraph(its.detail, length=Length.PAGE))
    tell_change(written, "total", "", f"All {its.measure}", its.total, its)
    return written


def measures(sources: Sources) -> Written:
    """The five measures that the borough puts first: those recorded, and why one is not here."""
    its, written = sources.summary, Written()
    for measure in its.first:
        found, opinion = its.measures.get(measure.code), its.said.get(measure.code)
        if found is not None and found.is_shown:
            written.parts.append(key_figure(found, its))
            tell_change(written, "measure", measure.code, measure.title, found.change, its)
        elif opinion is not None:
            written.parts.append(opinion_figure(opinion))
            tell_opinion(written, opinion)
        else:
            why_not = found.why_not if found is not None else measure.not_held or "No answers are loaded."
            written.parts.append(Paragraph(f"{measure.title}: {why_not}", Style.QUIET, length=Length.PAGE))
    if written.parts:
        words = (
            f"The changes of this report were judged together, {its.compared} comparisons in all, so that chance alone "
            "would make one such report in 20 speak of any change."
        )
        written.parts.append(Paragraph(words, Style.QUIET))
    return written


def changes(sources: Sources) -> Written:
    """Each offence group against the year before."""
    its = sources.summary
    if GROUPS in its.withheld:
        return Written([not_shown("Offence groups", its.policy)])
    if not its.latest_is_known or not its.groups:
        return Written([Paragraph("There are no complete figures by offence group for these 12 months.")])
    whole = Line(f"All {its.measure}", "", its.total, its.rate, its.key)
    lines = (whole, *its.groups)
    written = Written([lines_table("Change by offence group", "Offence group", lines, its, Length.PAGE)])
    for line in its.groups:
        tell_change(written, "group", line.code, line.name, line.change, its)
    return written


def months(sources: Sources) -> Written:
    """Two years, month beside month."""
    its = sources.summary
    if MONTHS in its.withheld or not its.months:
        return Written([not_shown("Months", its.policy)])
    half = len(its.months) // 2
    written = Written()
    series = tuple(
        Series(
            name,
            tuple(
                Point(f"{one.month:%B}", count_cell(one.figure, its.policy), is_provisional=one.is_provisional)
                for one in part
            ),
        )
        for name, part in (("12 months before", its.months[:half]), ("Latest 12 months", its.months[half:]))
    )
    notes = []
    if its.provisional:
        named = months_name(its.provisional)
        notes.append(f"The figures for {named} are provisional: the police are still likely to change them.")
    if its.missing:
        notes.append(f"There are no figures for {months_name(its.missing)}.")
    written.parts.append(
        Chart(
            title=f"{its.measure.capitalize()} by month",
            kind=ChartKind.LINE,
            series=series,
            words=months_in_words(its),
            label_title="Month",
            value_title=its.measure.capitalize(),
            notes=tuple(notes),
        )
    )
    written.figures += [
        Told(figure_key("month", "", one.month), month_name(one.month), count_cell(one.figure, its.policy).shown)
        for one in its.months
    ]
    return written


def where(sources: Sources) -> Written:
    """Each ward against the year before, by name: no order tells which has most."""
    its = sources.summary
    if WARDS in its.withheld:
        written = Written([not_shown("Wards", its.policy)])
        if its.wards_given_to is not None:
            written.parts.append(Paragraph(f"They are shown for the year to {month_name(its.wards_given_to)}."))
        return written
    if not its.latest_is_known or not its.wards_are_counted:
        return Written(
            [Paragraph("Wards are not shown: their boundaries changed within the year, or a month is missing.")]
        )
    written = Written([Paragraph(its.where, length=Length.FULL)] if its.where else [])
    written.parts.append(lines_table(f"By ward (wards of {its.boundary_set})", "Ward", its.wards, its, Length.FULL))
    for line in its.wards:
        tell_change(written, "ward", line.code, line.name, line.change, its)
    if its.unplaced:
        shown = count_cell(its.unplaced, its.policy).shown
        words = f"Not placed in a ward: {shown} {its.measure}. They count in the borough's totals and in no ward."
        written.parts.append(Paragraph(words, Style.QUIET))
    return written


def revised(sources: Sources) -> Written:
    """Which figures are not what an earlier report said: known once all other sections are written."""
    return Written([Paragraph(f"This report is issued again. {sources.reason}")] if sources.replaced else [])


def outcomes(sources: Sources) -> Written:
    """Theme by theme of the plan: what was recorded, and beside it what people say."""
    its, session, written = sources.summary, sources.reader.session, Written()
    plan = measures_of.plans(session)[0]
    of_plan = measures_of.measures(session, plan.code)
    written.parts.append(Paragraph(f"By the themes of the plan for {plan.years}, which has no targets: {plan.title}."))
    for theme in plan.themes:
        own = [one for one in of_plan if one.theme(plan.code) == theme.code]
        recorded = [found for one in own if (found := its.measures.get(one.code)) is not None and found.is_shown]
        asked_of = dict.fromkeys(one.partner or one.code for one in own)
        opinions = [its.said[code] for code in asked_of if code in its.said]
        if not (recorded or opinions):
            continue
        written.parts.append(Heading(theme.title, level=3))
        if recorded:
            lines = [Line(one.measure.title, one.measure.code, one.change, one.rate, one.key) for one in recorded]
            title = f"{theme.title}: what was recorded"
            written.parts.append(lines_table(title, "Measure", lines, its, Length.FULL))
            for one in recorded:
                tell_change(written, "measure", one.measure.code, one.measure.title, one.change, its)
        if opinions:
            written.parts.append(_opinions_table(f"{theme.title}: what people say", opinions))
            for opinion in opinions:
                tell_opinion(written, opinion)
    return written


def _opinions_table(title: str, opinions: Sequence[Opinion]) -> Table:
    survey = public_attitudes()
    columns = (
        Column("What people say"),
        Column("Latest 12 months", Kind.PERCENT),
        Column("From", Kind.PERCENT),
        Column("To", Kind.PERCENT),
        Column("12 months before", Kind.PERCENT),
        Column("What happened"),
    )
    rows = tuple(
        (
            Cell(f"{one.measure.title}, to {month_name(one.latest.month)}"),
            *(share_cell(percent) for percent in (one.latest.percent, one.latest.lower, one.latest.upper)),
            share_cell(one.before.percent) if one.before is not None else NOTHING,
            Cell(direction_of(one.verdict).shown),
        )
        for one in opinions
    )
    note = (
        f"{survey.title}: about {number(survey.asked_in_a_borough)} people of the borough asked in 12 months, by "
        f"{survey.asked_source}. From and to: where the share of everybody lies with 95% certainty."
    )
    return Table(title, columns, rows, (note,))


def problems(sources: Sources) -> Written:
    """The borough's problems by stage, who leads on each and the result so far; nothing where none is written down."""
    its = sources.summary
    told = doing(sources.reader, its.borough_code, its.first_month)
    if not told.problems:
        return Written()
    columns = tuple(Column(title) for title in ("Problem", "Kind", "Stage", "Who leads", "Result so far"))
    rows = tuple(
        tuple(Cell(words) for words in (one.title, one.kind, one.stage, one.leads, one.result)) for one in told.problems
    )
    title = f"Problems in {its.borough_name}, open or closed since {month_name(its.first_month)}"
    return Written(
        [Paragraph(told.sentence, length=Length.PAGE), Table(title, columns, rows, length=Length.PAGE)],
    )


def questions(sources: Sources) -> Written:
    """What was asked and answered since the last report: only what every reader of the borough may read."""
    since = sources.last.approved_on if sources.last else months_before(sources.summary.last_month, 2)
    answered = asked.answered_since(sources.reader, sources.summary.borough_code, since)
    return Written(
        [
            part
            for one in answered
            for part in (
                Heading(one.title, level=3),
                Paragraph(f"Asked: {one.words}"),
                Paragraph(f"Answered: {one.answer}"),
            )
        ]
    )


def what_differs(sources: Sources, figures: Sequence[Told]) -> list[AnyPart]:
    """The tables of figures that the report replaced, or the last one, showed otherwise."""
    parts: list[AnyPart] = []
    if sources.why:
        reasons = [f"{month_name(one.month)}: {one.why}." for one in sources.why]
        parts += [Paragraph("Why months were restated since:", length=Length.PAGE)]
        parts.append(Bullets(tuple(reasons), length=Length.PAGE))
    for earlier in filter(None, (sources.replaced, sources.last)):
        said = f"the {earlier.title} of {date_name(earlier.approved_on)}"
        differ = restated(earlier.figures, figures)
        if differ:
            parts.append(restated_table(f"Figures that differ from {said}", differ))
        else:
            parts.append(Paragraph(f"No figure that stands in both differs from {said}.", length=Length.PAGE))
    return parts


def about(sources: Sources) -> Written:
    """Source, dates, denominator, method and how people are protected."""
    its = sources.summary
    dates = f"as uploaded on {date_name(its.extract_date)} (version {', '.join(map(str, its.versions))} in the hub)"
    items = [f"They come from: {its.dataset}, {dates}. Data to {month_name(its.last_month)}."]
    if its.caveat:
        items.append(its.caveat)
    if its.denominator:
        wards = f", and in wards by {its.ward_denominator}" if its.ward_denominator else ""
        items.append(
            f"Rates are for every 1,000 residents: {number(its.denominator.residents)} in the borough "
            f"({its.denominator.source}){wards}. A place that many people visit has a high rate for its residents."
        )
    items += [
        f"Beside a rate stands another. {one.name}: for every 1,000 of {one.denominator}."
        for one in its.compared_with
        if one.rate is not None
    ]
    items.append(
        "“Rose” and “fell” are said only of changes larger than chance alone is likely to bring, with allowance for "
        "how many are compared, and for how much the months of each figure vary. “No clear change” means that it may "
        "be chance. No percentage is given on fewer than 30."
    )
    items += protection(its)
    return Written([Notes(tuple(items), "Notes", length=Length.FULL)])


def words(said: str, length: Length) -> list[AnyPart]:
    """An officer's words: paragraphs between blank lines, and lists of lines that begin with a dash."""
    parts: list[AnyPart] = []
    for block in said.replace("\r\n", "\n").split("\n\n"):
        lines = [line.strip() for line in block.split("\n") if line.strip()]
        if lines and all(line.startswith(("- ", "• ", "* ")) for line in lines):
            parts.append(Bullets(tuple(line[2:].strip() for line in lines), length=length))
        elif lines:
            parts.append(Paragraph(" ".join(lines), length=length))
    return parts


WRITERS: Mapping[str, Writer] = {
    "headline": headline,
    "measures": measures,
    "changes": changes,
    "months": months,
    "each_measure": each_measure,
    "each_group": each_group,
    "where": where,
    "each_ward": each_ward,
    "outcomes": outcomes,
    "problems": problems,
    "questions": questions,
    "revised": revised,
    "about": about,
}
"""Who writes each section that is made of figures, by its key."""
