"""A ward's line: its years, and for exact readers its months, on the ward as it is, whatever they were counted on.

Who sees exact counts is given what was counted on other wards too, carried over by where people live, with how much of
it was shared out. Aggregate readers are given years that the borough's summary gives them, and no others: two sets of
wards side by side could give a small count away.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from geo.convert import convert
from geo.frames import GeoError
from hub.access import Permission, Policy, Viewer, release
from hub.hotspots import editions
from hub.places import service as places
from hub.places.service import Area
from hub.summaries import service as summaries
from hub.summaries.service import Summary
from hub.uploads import figures
from hub.wards.ground import WardPlace
from hub.words import months_before

MONTHS_IN_A_YEAR = 12
MOST_YEARS = 20
LEAST_PERCENT = 0.5
"""Of less, nothing is said to have been shared out."""

Counted = dict[dt.date, int]


@dataclass(frozen=True)
class YearCount:
    """The 12 months to a month, in the ward and in its borough. None where it is not known or not shown."""

    last_month: dt.date
    count: int | None
    is_hidden: bool
    borough_count: int | None
    percent_shared_out: float = 0.0
    """Of the ward's count: from older wards that were split, so that it is shared out and not counted."""
    counted_on: tuple[str, ...] = ()
    """The other sets of wards that some of it was counted on."""

    @property
    def is_shared_out(self) -> bool:
        """Whether some of it is an estimate."""
        return self.percent_shared_out >= LEAST_PERCENT


@dataclass(frozen=True)
class MonthCount:
    """One month in the ward, for exact readers."""

    month: dt.date
    count: int
    percent_shared_out: float
    is_carried_over: bool
    is_provisional: bool


@dataclass(frozen=True)
class Series:
    """A ward's years and months, oldest first."""

    years: tuple[YearCount, ...] = ()
    months: tuple[MonthCount, ...] = ()
    left_out: tuple[str, ...] = ()
    """Sets of wards whose months could not be carried over."""
    is_by_people: bool = True
    """Whether what was shared out was by where people live, and not by ground."""

    @property
    def carried_from(self) -> tuple[str, ...]:
        """The other sets of wards that something was counted on."""
        return tuple(sorted({name for year in self.years for name in year.counted_on}))

    @property
    def has_shared_out(self) -> bool:
        """Whether some year is an estimate."""
        return any(year.is_shared_out for year in self.years)


# --- For aggregate readers -------------------------------------------------------------------------------------------


def given_years(
    viewer: Viewer, summary: Summary, read: Mapping[dt.date, Summary] | None = None
) -> dict[str, tuple[YearCount, ...]]:
    """The years of every ward of a borough as its summaries give them, up to that of one, by ward code.

    `read` are summaries that were read already, by their last month.
    """
    shown: dict[str, dict[dt.date, YearCount]] = {}
    for page in _pages(viewer, summary, read or {}):
        total = page.total
        for line in page.wards:
            years = shown.setdefault(line.code, {})
            for end, its, of_borough in (
                (page.last_month, line.change.latest, total.latest),
                (months_before(page.last_month, MONTHS_IN_A_YEAR), line.change.before, total.before),
            ):
                if its.count is not None or its.is_hidden:
                    years[end] = YearCount(end, its.count, its.is_hidden, of_borough.count)
    return {code: tuple(years[end] for end in sorted(years)) for code, years in shown.items()}


def _pages(viewer: Viewer, newest: Summary, read: Mapping[dt.date, Summary]) -> Iterator[Summary]:
    """The summaries of years that end with the same month, of the same dataset; no more of them than tell all years."""
    yield newest
    told = {newest.last_month} | (
        {months_before(newest.last_month, MONTHS_IN_A_YEAR)} if _tells_both(newest) else set()
    )
    for back in range(1, MOST_YEARS):
        end = months_before(newest.last_month, back * MONTHS_IN_A_YEAR)
        if end in told:
            continue
        page = read.get(end) or summaries.of_another_year(viewer, newest, end)
        if page is not None and page.dataset == newest.dataset:
            yield page
            told |= {months_before(end, MONTHS_IN_A_YEAR)} if _tells_both(page) else set()


def _tells_both(page: Summary) -> bool:
    """Whether a summary gives wards for its latest year and for the one before."""
    figures_before = [line.change.before for line in page.wards]
    return any(figure.count is not None or figure.is_hidden for figure in figures_before)


# --- For exact readers -----------------------------------------------------------------------------------------------


@dataclass
class _Months:
    """What is known of a ward's months: how many, of them how many shared out, and on which other wards counted."""

    count: dict[dt.date, float] = field(default_factory=dict)
    shared_out: dict[dt.date, float] = field(default_factory=dict)
    counted_on: dict[dt.date, str] = field(default_factory=dict)
    left_out: list[str] = field(default_factory=list)


def counted_series(
    viewer: Viewer, area: Area, ward: WardPlace, dataset: str, summary: Summary, policy: Policy
) -> Series:
    """Follow a ward over all that is live of a dataset, up to the last month of a summary.

    Raises
    ------
    NotAllowed
        If the viewer sees no exact counts of the borough.
    """
    viewer.require(Permission.EXACT_COUNTS, area.borough_codes)
    live = figures.coverage(viewer, area.borough_codes, dataset)
    live = live[live["month"] <= summary.last_month]
    months = _months_of(viewer, area, ward, dataset, live)
    of_borough = _borough_months(viewer, area, dataset, live)
    years = tuple(_years(viewer, area, dataset, policy, summary.last_month, months, of_borough))
    return Series(
        years=years,
        months=tuple(_latest_months(viewer, area, dataset, policy, summary, months)),
        left_out=tuple(sorted(set(months.left_out))),
        is_by_people=bool(places.small_area_codes(viewer.session, area.borough_codes)),
    )


def _months_of(viewer: Viewer, area: Area, ward: WardPlace, dataset: str, live: pd.DataFrame) -> _Months:
    names = {each.id: each.code for each in places.boundary_sets(viewer.session)}
    found = _Months()
    on_wards = live[live["boundary_set_id"].notna()]
    for edition in sorted(set(on_wards["boundary_set_id"].astype(int))):
        if not (ward.is_newest or _has_ward(viewer, area, edition, ward.code)):
            continue  # What came after a ward that is gone is not carried back: it would seem to rise or fall.
        of_it = on_wards[on_wards["boundary_set_id"] == edition]
        rows = figures.ward_counts(
            viewer,
            area.borough_codes,
            dataset,
            edition,
            first_month=min(of_it["month"]),
            last_month=max(of_it["month"]),
            by=("ward_code", "month"),
        )
        wide = rows.pivot_table(index="ward_code", columns="month", values="count", aggfunc="sum", fill_value=0)
        wide = wide.reindex(columns=sorted(of_it["month"]), fill_value=0)
        try:
            count, shared_out = _on_ward(viewer, area, ward, edition, wide)
        except GeoError:
            found.left_out.append(names[edition])
            continue
        found.count |= count
        found.shared_out |= shared_out
        if not _has_ward(viewer, area, edition, ward.code):
            found.counted_on |= dict.fromkeys(count, names[edition])
    return found


def _on_ward(
    viewer: Viewer, area: Area, ward: WardPlace, edition: int, wide: pd.DataFrame
) -> tuple[dict[dt.date, float], dict[dt.date, float]]:
    """The months of one set of wards on the ward, and how many of each were shared out."""
    months: list[dt.date] = list(wide.columns)  # type: ignore[arg-type]  # which are dates, and not names
    if _has_ward(viewer, area, edition, ward.code):
        own = wide.reindex([ward.code], fill_value=0).to_numpy(dtype=np.float64)[0]
        return dict(zip(months, own.tolist(), strict=True)), dict.fromkeys(months, 0.0)
    overlap = editions.overlap(viewer.session, area.borough_codes, edition, ward.boundary_set_id)
    converted = convert(wide.reindex(overlap.sources, fill_value=0), overlap)
    own, share = (each.loc[[ward.code]].to_numpy()[0] for each in (converted.series, converted.apportioned_share))
    shared_out = np.nan_to_num(share) * own
    return dict(zip(months, own.tolist(), strict=True)), dict(zip(months, shared_out.tolist(), strict=True))


def _has_ward(viewer: Viewer, area: Area, edition: int, code: str) -> bool:
    """Whether a set has the ward itself: one whose boundary moves is given another code."""
    return code in places.wards(viewer.session, edition, area.borough_codes).index


def _borough_months(viewer: Viewer, area: Area, dataset: str, live: pd.DataFrame) -> Mapping[dt.date, int]:
    if live.empty:
        return {}
    first, last = min(live["month"]), max(live["month"])
    rows = figures.ward_counts(
        viewer, area.borough_codes, dataset, first_month=first, last_month=last, by=("borough_code", "month")
    )
    return dict.fromkeys(live["month"], 0) | rows.groupby("month")["count"].sum().to_dict()


def _years(
    viewer: Viewer,
    area: Area,
    dataset: str,
    policy: Policy,
    last_month: dt.date,
    months: _Months,
    of_borough: Mapping[dt.date, int],
) -> Iterator[YearCount]:
    for back in reversed(range(MOST_YEARS)):
        end = months_before(last_month, back * MONTHS_IN_A_YEAR)
        year = [months_before(end, each) for each in range(MONTHS_IN_A_YEAR)]
        if not all(month in months.count and month in of_borough for month in year):
            continue
        count, shared_out = (sum(each[month] for month in year) for each in (months.count, months.shared_out))
        whole = round(count)
        own, total = _released(viewer, area, [whole, sum(of_borough[month] for month in year)], policy, dataset)
        counted_on = {months.counted_on[month] for month in year if month in months.counted_on}
        yield YearCount(end, own, False, total, 100 * shared_out / count if count else 0.0, tuple(sorted(counted_on)))


def _latest_months(
    viewer: Viewer, area: Area, dataset: str, policy: Policy, summary: Summary, months: _Months
) -> Iterator[MonthCount]:
    """The months of the summary's two years."""
    span = [months_before(summary.last_month, back) for back in reversed(range(2 * MONTHS_IN_A_YEAR))]
    known = [month for month in span if month in months.count]
    counts = _released(viewer, area, [round(months.count[month]) for month in known], policy, dataset)
    for month, count in zip(known, counts, strict=True):
        of_it = months.count[month]
        yield MonthCount(
            month,
            count,
            100 * months.shared_out[month] / of_it if of_it else 0.0,
            month in months.counted_on,
            month in summary.provisional,
        )


def _released(viewer: Viewer, area: Area, counts: list[int], policy: Policy, dataset: str) -> list[int]:
    """Through the one gate, though only those who see exact counts come here."""
    released = release(viewer, area.borough_codes, np.array(counts, dtype=np.float64), policy, dataset=dataset)
    return [int(count) for count in released.counts]
