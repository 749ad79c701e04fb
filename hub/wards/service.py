"""The page of one ward: its year beside its borough's, its line, its groups, wards like it, and its priorities.

Every figure comes from the borough's summary, or passes the same gate; aggregate readers are given only what summaries
give them.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from geo import alike
from hub.access import Permission, Viewer
from hub.errors import HubError, NotAllowed, NotFound
from hub.places import service as places
from hub.places.service import Area
from hub.summaries import service as summaries
from hub.summaries.changes import changes, rates
from hub.summaries.lines import Line, figure_key
from hub.summaries.releases import Counts, Period
from hub.summaries.service import NoFigures, Summary
from hub.summaries.spreads import spread_of
from hub.uploads import figures
from hub.uploads.kinds import DatasetKind, catalogue
from hub.wards import ground, priorities, series
from hub.wards.ground import WardPlace
from hub.wards.priorities import Priority
from hub.wards.series import Series


@dataclass(frozen=True)
class SimilarWard:
    """A ward and its features, with its line of its own borough's summary where there is one."""

    code: str
    name: str
    borough_code: str
    borough_name: str
    residents: int
    residents_per_km2: float
    km_from_middle: float
    line: Line | None


@dataclass(frozen=True)
class WardPage:
    """What a reader sees of one ward."""

    area: Area
    ward: WardPlace
    summary: Summary | None
    no_figures: HubError | None
    """Why there is no summary."""
    line: Line | None
    """The ward's line of the summary; None where it has none for that year."""
    groups: tuple[Line, ...]
    """By offence group, for exact readers alone."""
    series: Series
    alike: tuple[SimilarWard, ...]
    """The ward itself first."""
    priorities: tuple[Priority, ...]

    @property
    def groups_compared(self) -> bool:
        """Whether the year before can be told by group."""
        return any(line.change.before.count is not None for line in self.groups)


def page(viewer: Viewer, area: Area, code: str, *, last_month: dt.date | None = None) -> WardPage:
    """Put together the page of one ward, for the 12 months to a month: the newest that gives wards, unless given.

    Raises
    ------
    NotFound
        If the borough is not in the viewer's scope, or has no such ward.
    """
    place = ground.ward(viewer, area, code)
    summary, no_figures = _summary(viewer, area.slug, last_month)
    if last_month is None and summary is not None and summary.wards_given_to is not None:
        summary, no_figures = _summary(viewer, area.slug, summary.wards_given_to)
    groups: tuple[Line, ...] = ()
    its_series = Series()
    if summary is not None and viewer.may(Permission.EXACT_COUNTS, area.borough_codes):
        kind = _kind(viewer, summary)
        its_series = series.counted_series(viewer, area, place, kind.key, summary, summary.policy)
        groups = _groups(viewer, area, place, kind, summary)
    elif summary is not None:
        its_series = Series(years=series.given_years(viewer, summary).get(code, ()))
    return WardPage(
        area=area,
        ward=place,
        summary=summary,
        no_figures=no_figures,
        line=_line(summary, code),
        groups=groups,
        series=its_series,
        alike=tuple(_alike(viewer, place, summary)),
        priorities=tuple(priorities.priorities(viewer, place)),
    )


def _summary(viewer: Viewer, code: str, last_month: dt.date | None) -> tuple[Summary | None, HubError | None]:
    try:
        return summaries.summary(viewer, code, last_month=last_month), None
    except NoFigures as none:
        return None, none


def _line(summary: Summary | None, code: str) -> Line | None:
    return next((line for line in summary.wards if line.code == code), None) if summary else None


def _kind(viewer: Viewer, summary: Summary) -> DatasetKind:
    return next(kind for kind in catalogue(viewer.session).values() if kind.title == summary.dataset)


# --- Offence groups, for exact readers -------------------------------------------------------------------------------


def _groups(viewer: Viewer, area: Area, place: WardPlace, kind: DatasetKind, summary: Summary) -> tuple[Line, ...]:
    """Count the ward's two years by offence group, as far as they were counted on the ward itself."""
    viewer.require(Permission.EXACT_COUNTS, area.borough_codes)
    period = Period(summary.last_month)
    live = figures.coverage(viewer, area.borough_codes, kind.key)
    index = places.ward_index(viewer.session)
    sets = set(index.loc[index["ward_code"] == place.code, "boundary_set_id"])
    on_ward = set(live.loc[live["boundary_set_id"].isin(sets), "month"])
    rows = figures.ward_counts(
        viewer,
        area.borough_codes,
        kind.key,
        first_month=period.months[0],
        last_month=period.last_month,
        by=("ward_code", "month", "offence_group"),
    )
    own = rows[rows["ward_code"] == place.code]
    missing = frozenset(month for month in period.months if month not in on_ward)
    counts = Counts(viewer, area.slug, kind.key, summary.policy, period, missing, own)
    names = sorted(own["offence_group"].unique())
    years = counts.years("offence_group", names)
    residents = np.full(len(names), np.nan if place.residents is None else place.residents)
    (spread,) = spread_of(counts.by_month("offence_group", names))
    return tuple(
        Line(name, name, change, rate, figure_key(f"ward-{place.code}-group", name, summary.last_month))
        for name, change, rate in zip(
            names, changes(years.latest, years.before, spread), rates(years.latest.counts, residents), strict=True
        )
        if change.latest.count is not None
    )


# --- Wards like it ---------------------------------------------------------------------------------------------------


def _alike(viewer: Viewer, place: WardPlace, summary: Summary | None) -> Iterator[SimilarWard]:
    """The ward, then those most like it of all that this reader may see, each with its borough's own figures."""
    if not place.is_newest:
        return
    wards = places.wards(viewer.session, place.boundary_set_id)
    of_all = alike.features(wards)
    in_scope = wards.index[wards["borough_code"].isin(viewer.boroughs(Permission.SUMMARY_READ))]
    chosen = alike.most_alike(of_all, place.code, in_scope)
    if not chosen:
        return
    read: dict[str, Summary | None] = {place.borough_code: summary}
    names = {borough.code: borough.name for borough in places.boroughs(viewer.session)}
    for code in [place.code, *chosen]:
        borough_code = str(wards.loc[code, "borough_code"])
        if borough_code not in read and summary is not None:
            read[borough_code] = _of_another(viewer, borough_code, summary)
        residents, density, away = of_all.loc[[code]].to_numpy()[0]
        yield SimilarWard(
            code,
            str(wards.loc[code, "ward_name"]),
            borough_code,
            names[borough_code],
            int(residents),
            float(density),
            float(away),
            _line(read.get(borough_code), code),
        )


def _of_another(viewer: Viewer, borough_code: str, like: Summary) -> Summary | None:
    """Another borough's summary of the same year, if it is of the same dataset."""
    try:
        found = summaries.summary(viewer, borough_code, last_month=like.last_month, with_comparisons=False)
    except (NoFigures, NotFound, NotAllowed):
        return None
    return found if found.dataset == like.dataset else None
