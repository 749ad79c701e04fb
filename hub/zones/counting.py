"""What is recorded on a zone: its counts by month, whether the last is usual there, and when in the week.

Each figure is of the incidents that stand on the zone, placed by its outline; who may see them was asked before.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

import pandas as pd

from hub.access import Viewer
from hub.briefings import usual
from hub.briefings.clocks import PlaceClock, clock_of
from hub.briefings.grounds import box_around, stand_on, timed_on_ground, titles_of
from hub.briefings.usual import Usual
from hub.briefings.week import MONTHS_OF_CLOCK
from hub.briefings.workings import MONTHS_OF_SERIES
from hub.errors import BadRequest
from hub.hotspots.checking import ALL_CRIME, understood
from hub.hotspots.scoring import Method, Units
from hub.hotspots.sources import NoFigures, Source, choose_source
from hub.places import service as places
from hub.places.service import Area
from hub.uploads import figures
from hub.uploads.kinds import catalogue
from hub.words import listed, month_name, months_before, number
from hub.zones.service import ShownZone


@dataclass(frozen=True)
class ZoneChoices:
    """What can be asked of a zone: the months and the offences of the points that its area has."""

    months: tuple[dt.date, ...]
    """Newest first."""
    categories: tuple[str, ...]


@dataclass(frozen=True)
class ZoneFigures:
    """What is recorded on a zone of one kind of offence."""

    zone: ShownZone
    category: str
    dataset_title: str
    measure: str
    months: tuple[dt.date, ...]
    counts: tuple[int, ...]
    usual: Usual | None
    clock: PlaceClock | None

    @property
    def sentence(self) -> str:
        """How the last month stands to what is usual on this ground."""
        if self.usual is not None:
            return f"{self.category} in {self.zone.name}: {self.usual.words}."
        count = f"{number(self.counts[-1])} in {month_name(self.months[-1])}"
        return f"{self.category} in {self.zone.name}: {count}; to say what is usual takes a year of months before."


def choices(viewer: Viewer, area: Area) -> ZoneChoices | None:
    """Tell what can be asked of the zones of an area; None where it has no points of crime."""
    kinds = {key for key, kind in catalogue(viewer.session).items() if kind.has_points and kind.is_crime}
    live = figures.coverage(viewer, area.borough_codes)
    live = live[live["dataset"].isin(kinds)]
    if live.empty:
        return None
    groups = [figures.categories(viewer, area.borough_codes, key) for key in sorted(set(live["dataset"]))]
    names = sorted({name for of_kind in groups for group, parts in of_kind for name in (group, *parts)})
    return ZoneChoices(tuple(sorted(set(live["month"]), reverse=True)), (ALL_CRIME, *names))


def counted(viewer: Viewer, area: Area, zone: ShownZone, *, category: str | None, last_month: dt.date) -> ZoneFigures:
    """Count what is recorded on a zone, up to a month.

    Raises
    ------
    BadRequest
        If the area has no points of that kind, or a borough that the zone lies in has none.
    """
    source = _source(viewer, area, category, last_month)
    _refuse_left_out(viewer, area, zone, source)
    months = source.months
    lately = months_before(months[-1], MONTHS_OF_CLOCK - 1)
    timed = timed_on_ground(viewer, area, zone.outline, first_month=lately, last_month=months[-1])
    its_category = source.category or ALL_CRIME
    counts = _on_zone(viewer, source, zone)
    return ZoneFigures(
        zone=zone,
        category=its_category,
        dataset_title=source.kind.title,
        measure=source.kind.measure,
        months=months,
        counts=tuple(counts),
        usual=usual.judge(counts, _of_area(viewer, source), months),
        clock=clock_of(timed, its_category, titles_of(viewer)),
    )


def _source(viewer: Viewer, area: Area, category: str | None, last_month: dt.date) -> Source:
    try:
        return choose_source(
            viewer,
            area,
            understood(
                units=Units.CELLS,
                method=Method.COUNT,
                category=category,
                first_month=months_before(last_month, MONTHS_OF_SERIES - 1),
                last_month=last_month,
            ),
        )
    except NoFigures as error:
        raise BadRequest(error.sentence, remedy=error.remedy) from error


def _refuse_left_out(viewer: Viewer, area: Area, zone: ShownZone, source: Source) -> None:
    outlines = places.borough_outlines(viewer.session, area.borough_codes)
    lies_in = outlines.geometry.intersection(zone.outline).area > 0
    missing = outlines[lies_in & ~outlines.index.isin(source.borough_codes)]
    if len(missing):
        names = listed([str(name) for name in missing["borough_name"]])
        raise BadRequest(
            f"{names} has no points for these months, so that the zone cannot be counted.",
            remedy="Choose another month or offence.",
        )


def _on_zone(viewer: Viewer, source: Source, zone: ShownZone) -> list[int]:
    """Count what stands on the zone in each month."""
    points = figures.points(viewer, *_asked(source), **_span(source), by_month=True, within=box_around(zone.outline))
    return _by_month(points[stand_on(zone.outline, points)], source)


def _of_area(viewer: Viewer, source: Source) -> list[int]:
    """Count what is recorded in the whole area in each month."""
    return _by_month(figures.ward_counts(viewer, *_asked(source), **_span(source), by=["month"]), source)


def _asked(source: Source) -> tuple[frozenset[str], str]:
    return source.borough_codes, source.kind.key


def _span(source: Source) -> dict[str, Any]:
    return {"first_month": source.months[0], "last_month": source.months[-1], "category": source.category}


def _by_month(counted: pd.DataFrame, source: Source) -> list[int]:
    by_month = counted.groupby("month")["count"].sum()
    return [int(by_month.get(month, 0)) for month in source.months]
