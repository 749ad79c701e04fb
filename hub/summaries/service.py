"""One borough's summary: what it is made from, put through disclosure, compared and worded."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from hub.access import Permission, Viewer, release
from hub.errors import HubError, NotFound
from hub.places import service as places
from hub.summaries.measures import Change, Floats, changes, group_sentence, headline, rates
from hub.uploads import figures
from hub.uploads.kinds import DATASETS, DatasetKind
from hub.words import month_name, months_before

MONTHS_IN_A_YEAR = 12


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
    """One month's offences; `count` is None where no data covers it or it is not shown."""

    month: dt.date
    count: int | None
    is_provisional: bool


@dataclass(frozen=True)
class Denominator:
    """The residents that rates are set against."""

    residents: int
    source: str
    year: int


@dataclass(frozen=True)
class Summary:
    """What a reader sees of one borough, with where each figure comes from."""

    borough_code: str
    borough_name: str
    first_month: dt.date
    last_month: dt.date
    headline: str
    detail: str
    total: Change
    rate: float | None
    rate_before: float | None
    denominator: Denominator | None
    groups: tuple[Line, ...]
    wards: tuple[Line, ...]
    wards_changed: bool
    """Whether some of the months were counted on older wards, so that wards cannot be compared."""
    boundary_set: str
    boundary_set_id: int
    unplaced: int | None
    unplaced_percent: float | None
    months: tuple[MonthFigure, ...]
    missing: tuple[dt.date, ...]
    dataset: str
    measure: str
    extract_date: dt.date
    versions: tuple[int, ...]
    is_rounded: bool

    @property
    def provisional(self) -> tuple[dt.date, ...]:
        """The months whose figures are still likely to be revised."""
        return tuple(figure.month for figure in self.months if figure.is_provisional)


@dataclass(frozen=True)
class _Period:
    """The 12 months summarised and the 12 before."""

    last_month: dt.date

    @property
    def months(self) -> list[dt.date]:
        return [months_before(self.last_month, back) for back in reversed(range(2 * MONTHS_IN_A_YEAR))]

    @property
    def before(self) -> list[dt.date]:
        return self.months[:MONTHS_IN_A_YEAR]

    @property
    def latest(self) -> list[dt.date]:
        return self.months[MONTHS_IN_A_YEAR:]

    @property
    def words(self) -> str:
        return f"12 months to {month_name(self.last_month)}"


@dataclass(frozen=True)
class _Source:
    """The dataset that a summary is made of, and the versions now live for its months."""

    kind: DatasetKind
    live: pd.DataFrame


def covered_months(viewer: Viewer, borough_code: str) -> list[dt.date]:
    """The months for which a summary of this borough can be made, newest first."""
    area = places.area(viewer, borough_code, Permission.SUMMARY_READ)
    source = _source(viewer, area, None)
    return sorted(source.live["month"], reverse=True) if source else []


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
    return _summarise(viewer, area, source, _Period(last_month or max(source.live["month"])))


def _source(viewer: Viewer, area: places.Area, month: dt.date | None) -> _Source | None:
    """Find what to summarise: the first kind, in the catalogue's order, that covers the month."""
    live = figures.coverage(viewer, area.borough_codes)
    for kind in DATASETS.values():
        of_kind = live[live["dataset"] == kind.key]
        if len(of_kind) and (month is None or month in set(of_kind["month"])):
            return _Source(kind, of_kind)
    return None


def _summarise(viewer: Viewer, area: places.Area, source: _Source, period: _Period) -> Summary:
    def show(counts: npt.ArrayLike) -> Floats:
        """Let every figure out through the one gate, before anything is computed from it."""
        return release(viewer, area.borough_codes, counts).counts

    counts = figures.ward_counts(
        viewer,
        area.borough_codes,
        source.kind.key,
        first_month=period.months[0],
        last_month=period.last_month,
        by=("month", "ward_code", "offence_group"),
    )
    live = source.live[source.live["month"].isin(period.months)].sort_values("month")
    missing = sorted(set(period.months) - set(live["month"]))
    counts["year"] = np.where(counts["month"].isin(period.latest), "latest", "before")

    def years(rows: pd.DataFrame, by: str | None = None, keys: Sequence[str] = ("",)) -> tuple[Floats, Floats]:
        """The released counts of the latest year and the one before; NaN where a month has no data."""
        grouped = rows.assign(**{"": ""}).groupby(["year", by or ""])["count"].sum()
        latest, before = (
            show([grouped.get((year, key), 0) for key in keys]) if len(keys) else np.zeros(0)
            for year in ("latest", "before")
        )
        unknown = np.full(len(keys), np.nan)
        return (
            unknown if set(missing) & set(period.latest) else latest,
            unknown if set(missing) & set(period.before) else before,
        )

    residents = places.borough_residents(viewer.session, area.borough_codes).get(area.slug)
    denominator = Denominator(residents.residents, residents.source, residents.year) if residents else None
    people = float(denominator.residents) if denominator else np.nan
    latest, before = years(counts)
    (total,) = changes(latest, before)

    names = sorted(counts["offence_group"].unique())
    group_latest, group_before = years(counts, "offence_group", names)
    groups = _lines(names, names, group_latest, group_before, np.full(len(names), people))

    boundary_set_id = int(live.iloc[-1]["boundary_set_id"])
    boundary_set = places.boundary_set(viewer.session, boundary_set_id)
    wards = places.wards(viewer.session, boundary_set_id, area.borough_codes)
    ward_latest, ward_before = years(counts, "ward_code", list(wards.index))
    older = live[live["boundary_set_id"] != boundary_set_id]["month"]
    if set(older) & set(period.latest):
        ward_latest = np.full(len(wards), np.nan)
    if len(older):
        ward_before = np.full(len(wards), np.nan)
    ward_lines = _lines(
        wards["ward_name"],
        wards.index,
        ward_latest,
        ward_before,
        wards["residents"].to_numpy(np.float64, na_value=np.nan),
    )

    (unplaced,), _ = years(counts[counts["ward_code"].isna()])
    provisional = _provisional(source)
    return Summary(
        borough_code=area.slug,
        borough_name=area.name,
        first_month=period.latest[0],
        last_month=period.last_month,
        headline=headline(area.name, period.words, total),
        detail=group_sentence([(line.name, line.change) for line in groups]),
        total=total,
        rate=rates(latest, [people])[0],
        rate_before=rates(before, [people])[0],
        denominator=denominator,
        groups=groups,
        wards=tuple(sorted(ward_lines, key=lambda line: line.name)),
        wards_changed=bool(len(older)),
        boundary_set=boundary_set.code,
        boundary_set_id=boundary_set_id,
        unplaced=None if np.isnan(unplaced) else int(unplaced),
        unplaced_percent=None if np.isnan(unplaced / latest[0]) else float(100 * unplaced / latest[0]),
        months=_months(counts, period, show, missing, provisional),
        missing=tuple(missing),
        dataset=source.kind.title,
        measure=source.kind.measure,
        extract_date=live.iloc[-1]["extract_date"],
        versions=tuple(sorted({int(number) for number in live["number"]})),
        is_rounded=not viewer.may(Permission.EXACT_COUNTS, area.borough_codes),
    )


def _lines(
    names: Iterable[str], codes: Iterable[str], latest: Floats, before: Floats, residents: Floats
) -> tuple[Line, ...]:
    return tuple(
        Line(name, code, change, rate)
        for name, code, change, rate in zip(
            names, codes, changes(latest, before), rates(latest, residents), strict=True
        )
    )


def _months(
    counts: pd.DataFrame,
    period: _Period,
    show: Callable[[npt.ArrayLike], Floats],
    missing: Sequence[dt.date],
    provisional: frozenset[dt.date],
) -> tuple[MonthFigure, ...]:
    totals = counts.groupby("month")["count"].sum()
    shown = show([totals.get(month, 0) for month in period.months])
    return tuple(
        MonthFigure(
            month, None if month in missing or np.isnan(count) else int(count), is_provisional=month in provisional
        )
        for month, count in zip(period.months, shown, strict=True)
    )


def _provisional(source: _Source) -> frozenset[dt.date]:
    """The newest months of what is live, which their source is still likely to revise."""
    months = sorted(source.live["month"])
    return frozenset(months[-source.kind.provisional_months :])
