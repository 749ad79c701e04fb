"""One borough's summary: what it is made from, put through disclosure, compared and worded."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd

from hub.access import Permission, Released, Viewer, release
from hub.errors import HubError, NotFound
from hub.places import service as places
from hub.summaries.measures import (
    Change,
    Figure,
    changes,
    figures_of,
    group_sentence,
    headline,
    rate_sentence,
    rates,
    ward_sentence,
)
from hub.summaries.releases import Counts, Period, Years, one_more_hidden, withheld
from hub.uploads import figures, history
from hub.uploads.kinds import DatasetKind, catalogue
from hub.words import listed, month_name

GROUPS, WARDS, MONTHS = "groups", "wards", "months"
"""The breakdowns of a borough's total."""


class NoFigures(HubError):
    """The borough is the viewer's to see, and there is nothing in it yet."""

    status = 404
    title = "No figures yet"


@dataclass(frozen=True)
class Line:
    """One offence group or ward: its change, and its rate per 1,000 residents in the latest 12 months."""

    name: str
    code: str
    change: Change
    rate: float | None


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


@dataclass(frozen=True)
class Summary:
    """What a reader sees of one borough, with where each figure comes from."""

    borough_code: str
    borough_name: str
    first_month: dt.date
    last_month: dt.date
    headline: str
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
    """None where the source leaves out what is not placed in a ward, as `caveat` then says."""
    unplaced_percent: float | None
    months: tuple[MonthFigure, ...]
    missing: tuple[dt.date, ...]
    withheld: frozenset[str]
    """The breakdowns that are not shown, since a hidden count could be worked out from them."""
    dataset: str
    measure: str
    caveat: str
    extract_date: dt.date
    versions: tuple[int, ...]
    is_rounded: bool

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
    """One month whose figure was changed after it was live, in the last 30 days: from what to what."""

    month: dt.date
    before: Figure
    after: Figure


def restated(viewer: Viewer, summary: Summary, *, now: dt.datetime) -> tuple[Restated, ...]:
    """Say which months of a summary were changed lately, as far as this reader sees a difference."""
    area = places.area(viewer, summary.borough_code, Permission.SUMMARY_READ)
    source = _source(viewer, area, summary.last_month)
    if source is None or MONTHS in summary.withheld:
        return ()
    changed = [
        one
        for one in history.restatements(viewer, area.slug, source.kind.key, now=now)
        if one.after is not None and one.month in Period(summary.last_month).months
    ]
    before, after = (
        figures_of(release(viewer, area.borough_codes, counts))
        for counts in ([one.before for one in changed], [one.after or 0 for one in changed])
    )
    return tuple(
        Restated(one.month, was, now_is)
        for one, was, now_is in zip(changed, before, after, strict=True)
        if was != now_is
    )


@dataclass(frozen=True)
class _Source:
    """The dataset that a summary is made of, and the versions now live for its months."""

    kind: DatasetKind
    live: pd.DataFrame


def covered_months(viewer: Viewer, borough_code: str) -> list[dt.date]:
    """The months for which a summary of this borough can be made, newest first."""
    area = places.area(viewer, borough_code, Permission.SUMMARY_READ)
    return sorted(set(figures.coverage(viewer, area.borough_codes)["month"]), reverse=True)


def summary(viewer: Viewer, borough_code: str, *, last_month: dt.date | None = None) -> Summary:
    """Summarise the 12 months to `last_month` (the latest covered unless given) against the 12 before.

    Raises
    ------
    NotFound
        If the borough is not in the viewer's scope.
    NoFigures
        If nothing has been uploaded for the borough, or nothing for that month.
    """
    area = places.area(viewer, borough_code, Permission.SUMMARY_READ)
    if area.kind != "borough":
        raise NotFound
    source = _source(viewer, area, last_month)
    if source is None:
        when = f" for {month_name(last_month)}" if last_month else ""
        raise NoFigures(
            f"No figures have been uploaded for {area.name}{when}.",
            remedy="They appear here as soon as a CSP officer of the borough uploads and commits them.",
        )
    return _summarise(viewer, area, source, Period(last_month or max(source.live["month"])))


def _source(viewer: Viewer, area: places.Area, month: dt.date | None) -> _Source | None:
    """Find what to summarise: the first kind, in the catalogue's order, that covers the month."""
    live = figures.coverage(viewer, area.borough_codes)
    for kind in catalogue(viewer.session).values():
        of_kind = live[live["dataset"] == kind.key]
        if kind.is_crime and len(of_kind) and (month is None or month in set(of_kind["month"])):
            return _Source(kind, of_kind)
    return None


def _summarise(viewer: Viewer, area: places.Area, source: _Source, period: Period) -> Summary:
    live = source.live[source.live["month"].isin(period.months)].sort_values("month")
    boundary_set_id = int(live.iloc[-1]["boundary_set_id"])
    older = frozenset(live.loc[live["boundary_set_id"] != boundary_set_id, "month"])
    ward_frame = places.wards(viewer.session, boundary_set_id, area.borough_codes)
    denominator = _denominator(viewer, area)
    people = float(denominator.residents) if denominator else np.nan

    counts = _counts(viewer, area, source.kind, period, frozenset(period.months).difference(live["month"]))
    total, months = counts.years("borough_code", [area.slug]), counts.months()
    names, groups = _groups(counts)
    wards = counts.years("ward_code", list(ward_frame.index), unknown=older)
    unplaced = _unplaced(counts, source.kind)
    not_shown = withheld(
        total,
        {
            GROUPS: [groups, one_more_hidden(groups)],
            WARDS: [wards, *([unplaced] if unplaced else [])],
            MONTHS: [months],
        },
    )
    group_lines = () if GROUPS in not_shown else _lines(names, names, groups, np.full(len(names), people))
    ward_lines = () if WARDS in not_shown else _ward_lines(ward_frame, wards)
    (change,) = changes(total.latest, total.before)
    return Summary(
        borough_code=area.slug,
        borough_name=area.name,
        first_month=period.latest[0],
        last_month=period.last_month,
        headline=headline(area.name, period.words, change, source.kind.measure),
        detail=group_sentence([(line.name, line.change) for line in group_lines]),
        where=_where(ward_lines),
        total=change,
        rate=rates(total.latest.counts, [people])[0],
        rate_before=rates(total.before.counts, [people])[0],
        denominator=denominator,
        groups=group_lines,
        wards=ward_lines,
        wards_changed=bool(older),
        ward_denominator=_ward_denominator(ward_frame),
        boundary_set=places.boundary_set(viewer.session, boundary_set_id).code,
        boundary_set_id=boundary_set_id,
        unplaced=figures_of(unplaced.latest)[0] if unplaced else None,
        unplaced_percent=_share(unplaced.latest, total.latest) if unplaced else None,
        months=() if MONTHS in not_shown else _months(period, months, _provisional(source)),
        missing=tuple(sorted(counts.missing)),
        withheld=not_shown,
        dataset=source.kind.title,
        measure=source.kind.measure,
        caveat=source.kind.caveat,
        extract_date=live.iloc[-1]["extract_date"],
        versions=tuple(sorted({int(number) for number in live["number"]})),
        is_rounded=total.latest.is_rounded,
    )


# --- Counting --------------------------------------------------------------------------------------------------------


def _counts(
    viewer: Viewer, area: places.Area, kind: DatasetKind, period: Period, missing: frozenset[dt.date]
) -> Counts:
    rows = figures.ward_counts(
        viewer,
        area.borough_codes,
        kind.key,
        first_month=period.months[0],
        last_month=period.last_month,
        by=("borough_code", "month", "ward_code", "offence_group"),
    )
    return Counts(viewer, area.slug, period, missing, rows.assign(is_placed=rows["ward_code"].notna()))


def _groups(counts: Counts) -> tuple[list[str], Years]:
    """Count by offence group. An aggregate reader who saw a group without any figure would know that it is not nil."""
    names = sorted(counts.rows["offence_group"].unique())
    years = counts.years("offence_group", names)
    if not years.latest.is_rounded:
        return names, years
    shown = years.are_shown
    return [name for name, is_shown in zip(names, shown, strict=True) if is_shown], years.only(shown)


def _unplaced(counts: Counts, kind: DatasetKind) -> Years | None:
    """Count what is not placed in a ward; None where that is none because the source leaves it out."""
    years = counts.years("is_placed", [False])
    return None if kind.caveat and not (years.latest.counts > 0).any() else years


def _denominator(viewer: Viewer, area: places.Area) -> Denominator | None:
    found = places.borough_residents(viewer.session, area.borough_codes).get(area.slug)
    return Denominator(found.residents, f"{found.source} {found.year}") if found else None


# --- Lines -----------------------------------------------------------------------------------------------------------


def _lines(
    names: Iterable[str], codes: Iterable[str], years: Years, residents: Sequence[float] | np.ndarray
) -> tuple[Line, ...]:
    return tuple(
        Line(name, code, change, rate)
        for name, code, change, rate in zip(
            names, codes, changes(years.latest, years.before), rates(years.latest.counts, residents), strict=True
        )
    )


def _ward_lines(wards: gpd.GeoDataFrame, years: Years) -> tuple[Line, ...]:
    lines = _lines(wards["ward_name"], wards.index, years, wards["residents"].to_numpy())
    return tuple(sorted(lines, key=lambda line: (line.name, line.code)))


def _where(wards: Sequence[Line]) -> str:
    sentences = (
        ward_sentence([(line.name, line.change) for line in wards]),
        rate_sentence([(line.name, line.rate) for line in wards]),
    )
    return " ".join(sentence for sentence in sentences if sentence)


def _ward_denominator(wards: gpd.GeoDataFrame) -> str:
    known = wards[wards["residents"].notna()]
    return listed(sorted(set(known["residents_source"] + " " + known["residents_year"].astype(str))))


def _months(period: Period, months: Years, provisional: frozenset[dt.date]) -> tuple[MonthFigure, ...]:
    counted = [*figures_of(months.before), *figures_of(months.latest)]
    return tuple(
        MonthFigure(month, figure, month in provisional) for month, figure in zip(period.months, counted, strict=True)
    )


def _provisional(source: _Source) -> frozenset[dt.date]:
    """The newest months of what is live, which their source is still likely to revise."""
    return frozenset(sorted(source.live["month"])[-source.kind.provisional_months :])


def _share(part: Released, whole: Released) -> float | None:
    """Per cent; None where either is not known or not shown, or there is nothing to share."""
    share = 100 * part.counts[0] / whole.counts[0] if whole.counts[0] else np.nan
    return None if np.isnan(share) else float(share)
