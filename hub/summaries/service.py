"""One borough's summary: what it is made from, put through disclosure, compared and worded."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from hub.access import Permission, Policy, Viewer, release
from hub.disclosure import service as disclosure
from hub.errors import HubError, NotFound
from hub.measures import service as measures
from hub.measures.comparisons import Against, usual
from hub.measures.definitions import Kind, Measure
from hub.measures.service import Choice
from hub.places import service as places
from hub.summaries import perception
from hub.summaries.changes import (
    Change,
    Figure,
    Verdict,
    figures_of,
    first_words,
    group_sentence,
    headline,
    rates,
    together,
)
from hub.summaries.comparing import Beside, Comparer
from hub.summaries.counting import (
    counts_of,
    denominator_of,
    groups_of,
    lines_of,
    months_of,
    percent_of,
    unplaced_of,
    ward_denominator,
    ward_lines_of,
    where_sentence,
)
from hub.summaries.lines import Denominator, Line, Measured, MonthFigure, figure_key
from hub.summaries.offered import Offered
from hub.summaries.perception import Opinion
from hub.summaries.police_area import PoliceArea, compared_with
from hub.summaries.releases import Period, Years, withheld
from hub.summaries.sources import Given, Source, Sources, by_name, sources_of
from hub.summaries.spreads import spread_of
from hub.summaries.values import Values
from hub.uploads import history
from hub.uploads.history import Restatement, Why
from hub.uploads.kinds import DatasetKind
from hub.words import month_name

NOTHING = Change(Figure(None), Figure(None), Verdict.NOT_COMPARABLE)
GROUPS, WARDS, MONTHS = "groups", "wards", "months"
"""The breakdowns of a borough's total."""


class NoFigures(HubError):
    """The borough is the viewer's to see, and there is nothing in it yet."""

    status = 404
    title = "No figures yet"


@dataclass(frozen=True)
class Summary:
    """What a reader sees of one borough, with where each figure comes from."""

    borough_code: str
    borough_name: str
    first_month: dt.date
    last_month: dt.date
    headline: str
    """What happened to up to two of the borough's five measures; to all recorded crime where none can be compared."""
    about_total: str
    detail: str
    where: str
    total: Change
    rate: float | None
    rate_before: float | None
    denominator: Denominator | None
    groups: tuple[Line, ...]
    """The offence groups that had any; for an aggregate reader those of which a figure is shown."""
    wards: tuple[Line, ...]
    wards_changed: bool
    """Whether some of the months were counted on older wards, so that wards cannot be compared."""
    ward_denominator: str
    boundary_set: str
    boundary_set_id: int
    unplaced: Figure | None
    """None where the source leaves out what is not placed in a ward, as `caveat` then says, or it is not shown."""
    unplaced_percent: float | None
    months: tuple[MonthFigure, ...]
    missing: tuple[dt.date, ...]
    withheld: frozenset[str]
    """The breakdowns that are not shown, since a hidden count could be worked out from them."""
    wards_given_to: dt.date | None
    """Where wards are withheld: the newest month to which a year has them."""
    groups_left_out: bool
    """Whether offence groups are left out that are given only for years to March."""
    dataset: str
    measure: str
    caveat: str
    extract_date: dt.date
    versions: tuple[int, ...]
    is_rounded: bool
    policy: Policy
    measures: Mapping[str, Measured]
    """The figure of every recorded measure that the hub knows, by its code."""
    choice: Choice
    """What the borough puts first, and who chose it."""
    compared: int
    """How many comparisons were looked at together, those of measures included."""
    source: Source = field(repr=False, compare=False)
    """What it is made of; not to be shown."""
    sources: Sources = field(repr=False, compare=False)
    """What others of the borough can be made of; not to be shown."""
    said: Mapping[str, Opinion] = field(default_factory=dict)
    """What people say in the survey, up to the same month, by the code of each perception measure."""
    police_area: PoliceArea | None = None
    """What its rates are compared with; None where that is not told."""
    beside: Mapping[str, Beside] = field(default_factory=dict)
    """What each recorded measure of the five is compared with, by its code."""

    @property
    def ends(self) -> tuple[dt.date, ...]:
        """The months that a summary of this borough may end with, newest first."""
        return self.sources.ends

    @property
    def first(self) -> tuple[Measure, ...]:
        """The measures that the borough puts first, in its order."""
        return self.choice.measures

    @property
    def compared_with(self) -> tuple[Beside, ...]:
        """All that the five are compared with but for the year before, each once."""
        found = [one for one in self.beside.values() if one.comparison.against is not Against.BEFORE]
        return tuple({(one.name, one.why_not): one for one in found}.values())

    @property
    def key(self) -> str:
        """By which the borough's total is named elsewhere."""
        return figure_key("total", "", self.last_month)

    @property
    def provisional(self) -> tuple[dt.date, ...]:
        """The months whose figures are still likely to be revised."""
        return tuple(each.month for each in self.months if each.is_provisional)

    @property
    def latest_is_known(self) -> bool:
        """Whether every month of the latest year has figures."""
        return not any(month >= self.first_month for month in self.missing)

    @property
    def before_is_known(self) -> bool:
        """Whether every month of the year before has figures."""
        return not any(month < self.first_month for month in self.missing)

    @property
    def wards_are_counted(self) -> bool:
        """Whether the latest year can be told by ward: not where the wards changed within it."""
        return any(line.change.latest != Figure(None) for line in self.wards)

    @property
    def has_ward_rates(self) -> bool:
        """Whether there is anything to draw on a map."""
        return any(line.rate is not None for line in self.wards)


@dataclass(frozen=True)
class Restated:
    """One month whose figure was changed after it was live: from what to what, and why."""

    month: dt.date
    before: Figure
    after: Figure
    why: Why


def restated(
    viewer: Viewer, summary: Summary, *, now: dt.datetime, since: dt.datetime | None = None
) -> tuple[Restated, ...]:
    """Say which months of a summary were changed since a moment, as far as this reader sees a difference.

    In the last 30 days, unless a moment is given.
    """
    area = places.area(viewer, summary.borough_code, Permission.SUMMARY_READ)
    source = summary.source
    if MONTHS in summary.withheld:
        return ()
    told = history.restatements(viewer, area.slug, source.kind.key, now=now, since=since)
    if source.offered and not _may_be_told(source.kind, source.offered, told, summary.policy):
        return ()
    changed = [one for one in told if one.after is not None and one.month in Period(summary.last_month).months]
    before, after = (
        figures_of(release(viewer, area.borough_codes, counts, summary.policy, dataset=source.kind.key))
        for counts in ([one.before for one in changed], [one.after or 0 for one in changed])
    )
    return tuple(
        Restated(one.month, was, now_is, one.why)
        for one, was, now_is in zip(changed, before, after, strict=True)
        if was != now_is
    )


def _may_be_told(kind: DatasetKind, its: Offered, told: Iterable[Restatement], policy: Policy) -> bool:
    """Whether an aggregate reader may see months as they were: where no month is small, nor was before all changed.

    Restatements of points count anti-social behaviour, which the months beside them leave out: both would tell of it.
    """
    return its.months_are_steady and not kind.has_points and all(one.before >= policy.threshold for one in told)


def covered_months(viewer: Viewer, borough_code: str) -> list[dt.date]:
    """The months that a summary of this borough may end with, newest first."""
    return list(sources_of(viewer, places.area(viewer, borough_code, Permission.SUMMARY_READ)).ends)


def summary(
    viewer: Viewer, borough_code: str, *, last_month: dt.date | None = None, with_comparisons: bool = True
) -> Summary:
    """Summarise the 12 months to `last_month` (the latest unless given) against the 12 before.

    Without comparisons nothing is set beside what was recorded in these two years: no survey, no other place, no year
    that the borough chose.

    Raises
    ------
    NotFound
        If the borough is not in the viewer's scope.
    NoFigures
        If nothing has been uploaded for the borough, or nothing is offered for that month.
    """
    area = places.area(viewer, borough_code, Permission.SUMMARY_READ)
    if area.kind != "borough":
        raise NotFound
    sources = sources_of(viewer, area)
    source = sources.of(last_month)
    if source is None:
        raise _no_figures(sources, last_month)
    found = _summarise(viewer, sources, source, Period(last_month or source.latest))
    return _with_comparisons(viewer, found) if with_comparisons else found


def of_another_year(viewer: Viewer, newest: Summary, last_month: dt.date) -> Summary | None:
    """Summarise the 12 months to another month as `summary` does without comparisons, sooner.

    None where nothing is offered for it, or what is offered is of another dataset.

    Parameters
    ----------
    viewer, newest
        Who reads, and what they have read just now.
    last_month
        Of the other year.
    """
    source = newest.sources.of(last_month)
    if source is None or source.kind.key != newest.source.kind.key:
        return None
    return _summarise(viewer, newest.sources, source, Period(last_month))


def _with_comparisons(viewer: Viewer, found: Summary) -> Summary:
    """Set what was recorded beside the survey, the police area, and what the borough chose to compare it with."""
    counted, months = tuple(one.measure for one in found.measures.values()), Period(found.last_month).latest
    area = compared_with(viewer, found.borough_code, found.source.kind, months, found.policy, counted)
    known = {
        code: replace(one, area_rate=area.rates.get(code) if area else None) for code, one in found.measures.items()
    }
    said = perception.of_borough(viewer, found.borough_code, found.last_month)
    found = replace(found, police_area=area, measures=known, said=said)
    return replace(found, beside=_compared(viewer, found))


def _compared(viewer: Viewer, found: Summary) -> Mapping[str, Beside]:
    """Set each recorded measure that the borough puts first beside what it is compared with."""

    def year(last_month: dt.date) -> Mapping[str, Measured]:
        then = of_another_year(viewer, found, last_month)
        return then.measures if then else {}

    counted = tuple(one.measure for one in found.measures.values())
    unless_chosen = usual(area_is_told=found.police_area is not None)
    comparer = Comparer(
        viewer, found.borough_code, found.source.kind, found.policy, found.last_month, found.police_area, year, counted
    )
    return {
        one.code: comparer.beside(found.measures[one.code], found.choice.comparisons.get(one.code, unless_chosen))
        for one in found.first
        if one.code in found.measures and found.measures[one.code].is_shown
    }


def _no_figures(sources: Sources, month: dt.date | None) -> NoFigures:
    area, when = sources.area, f" for {month_name(month)}" if month else ""
    live = {covered for source in sources.every for covered in source.live["month"]}
    if not live or (month and month not in live):
        return NoFigures(
            f"No figures have been uploaded for {area.name}{when}.",
            remedy="They appear here as soon as a CSP officer of the borough uploads and commits them.",
        )
    return NoFigures(
        f"There are no figures of {area.name}{when} that can be shown.",
        remedy="They appear as soon as a CSP officer of the borough has loaded them; where counts are very small, only "
        "whole years to March are shown.",
    )


def _summarise(viewer: Viewer, sources: Sources, source: Source, period: Period) -> Summary:
    area = sources.area
    live = source.live[source.live["month"].isin(period.months)].sort_values("month")
    boundary_set_id = _edition(source, live)
    older = frozenset(live.loc[live["boundary_set_id"] != boundary_set_id, "month"])
    ward_frame = places.wards(viewer.session, boundary_set_id, area.borough_codes)
    denominator = denominator_of(viewer, area)
    people = float(denominator.residents) if denominator else np.nan

    policy = disclosure.in_force(viewer.session)
    counts, by_group = counts_of(viewer, area, source.kind, policy, period, live)
    total, months = counts.years("borough_code", [area.slug]), counts.months()
    names, groups = groups_of(by_group)
    wards = counts.years("ward_code", list(ward_frame.index), unknown=older)
    unplaced = unplaced_of(counts, source.kind)
    not_shown = withheld(
        total,
        {
            GROUPS: [groups],
            WARDS: [wards, *([unplaced] if unplaced else [])],
            MONTHS: [months],
        },
        policy,
        open_ended={GROUPS},
    )
    given = Given(source, period)
    not_shown |= frozenset() if given.wards else {WARDS}
    names, groups, groups_left_out = given.of_groups(names, groups)
    if GROUPS in not_shown:
        names, groups = [], groups.only(np.zeros(len(names), np.bool_))
    if WARDS in not_shown:
        ward_frame, wards = ward_frame.iloc[:0], wards.only(np.zeros(len(ward_frame), np.bool_))
    unplaced = unplaced if given.unplaced else None
    values = Values(source.kind, by_group, total, by_name(names, groups), given.parts(by_group, names, groups))
    told = {measure.code: (measure, values.of(measure)) for measure in _recorded(viewer)}
    own = {code: years for code, (_, years) in told.items() if isinstance(years, Years) and not values.is_line(years)}
    of_total = spread_of(counts.by_month("borough_code", [area.slug]))
    by_subgroup = [values.months(told[code][0]) for code in own]
    of_all_groups, *of_parts = spread_of(by_group.by_month("offence_group", names), *by_subgroup)
    of_each_ward = spread_of(counts.by_month("ward_code", list(ward_frame.index), unknown=older))
    (change,), of_groups, of_wards, *of_own = together(
        [(years.latest, years.before) for years in (total, groups, wards, *own.values())],
        [*of_total, of_all_groups, *of_each_ward, *of_parts],
    )
    judged = {id(years): one for years, one in zip(values.groups.values(), of_groups, strict=True)}
    judged |= {id(total): change} | {id(years): one for years, (one,) in zip(own.values(), of_own, strict=True)}
    compared = sum(one.q is not None for one in (change, *of_groups, *of_wards, *(one for (one,) in of_own)))
    of_residents = rates(groups.latest.counts, np.full(len(names), people))
    group_lines = lines_of("group", period, names, names, of_groups, of_residents)
    ward_lines = ward_lines_of(period, ward_frame, of_wards, wards, rates(total.latest.counts, [people])[0])
    provisional = source.provisional
    month_figures = () if MONTHS in not_shown else months_of(period, months, provisional)
    known = {
        code: Measured(
            measure,
            period.last_month,
            judged[id(value)] if isinstance(value, Years) else NOTHING,
            *(_rates(value, people) if isinstance(value, Years) else (None, None)),
            denominator=denominator,
            provisional=tuple(month for month in period.months if month in provisional),
            compared=compared,
            why_not="" if isinstance(value, Years) else value,
        )
        for code, (measure, value) in told.items()
    }
    choice = measures.choice(viewer, area.slug)
    about_total = headline(area.name, period.words, change, source.kind.measure, policy.threshold)
    return Summary(
        borough_code=area.slug,
        borough_name=area.name,
        first_month=period.latest[0],
        last_month=period.last_month,
        headline=first_words(area.name, month_name(period.last_month), _said(choice.measures, known)) or about_total,
        about_total=about_total,
        detail=group_sentence([(line.name, line.change) for line in group_lines]),
        where=where_sentence(ward_lines),
        total=change,
        rate=rates(total.latest.counts, [people])[0],
        rate_before=rates(total.before.counts, [people])[0],
        denominator=denominator,
        groups=group_lines,
        wards=ward_lines,
        wards_changed=bool(older),
        ward_denominator=ward_denominator(ward_frame),
        boundary_set=places.boundary_set(viewer.session, boundary_set_id).code,
        boundary_set_id=boundary_set_id,
        unplaced=figures_of(unplaced.latest)[0] if unplaced else None,
        unplaced_percent=percent_of(unplaced.latest, total.latest) if unplaced else None,
        months=month_figures,
        missing=tuple(sorted(counts.missing)),
        withheld=not_shown,
        wards_given_to=max(source.with_wards, default=None) if WARDS in not_shown else None,
        groups_left_out=groups_left_out,
        dataset=source.kind.title,
        measure=source.kind.measure,
        caveat=source.kind.caveat,
        extract_date=live.iloc[-1]["extract_date"],
        versions=tuple(sorted({int(number) for number in live["number"]})),
        is_rounded=total.latest.is_rounded,
        policy=policy,
        measures=known,
        choice=choice,
        compared=compared,
        source=source,
        sources=sources,
    )


def _said(first: Iterable[Measure], known: Mapping[str, Measured]) -> list[tuple[str, Change]]:
    """The borough's first measures as a sentence may name them."""
    return [(known[one.code].measure.title, known[one.code].change) for one in first if one.code in known]


def _recorded(viewer: Viewer) -> list[Measure]:
    return [one for one in measures.measures(viewer.session) if one.kind is Kind.RECORDED]


def _rates(years: Years, people: float) -> tuple[float | None, float | None]:
    return rates(years.latest.counts, [people])[0], rates(years.before.counts, [people])[0]


def _edition(source: Source, live: pd.DataFrame) -> int:
    """The wards to count by: those of the period's last month, but for aggregate readers always the newest."""
    newest = source.live.sort_values("month") if source.offered else live
    return int(newest.iloc[-1]["boundary_set_id"])
