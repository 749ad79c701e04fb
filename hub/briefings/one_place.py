"""All that the hub knows of one place and one kind of offence: why it is flagged, its months, its hours, its sources.

A place is the hot squares that a square belongs to, or where it is not hot the square with those around it; or a ward.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import shapely

from geo.frames import BoolArray, Geometry
from geo.hotspots import NOT_TESTED
from hub.access import Viewer
from hub.briefings import place_words, places_found, usual, week
from hub.briefings.clocks import PlaceClock, clock_of
from hub.briefings.grounds import of_category
from hub.briefings.places_found import Place
from hub.briefings.usual import Usual
from hub.briefings.week import MONTHS_OF_CLOCK
from hub.briefings.workings import MONTHS_OF_SERIES, followed_of
from hub.errors import BadRequest
from hub.hotspots import editions, service
from hub.hotspots.checking import ALL_CRIME
from hub.hotspots.overlays import Overlay
from hub.hotspots.scoring import Method, Units
from hub.hotspots.sources import Ground, Source
from hub.hotspots.wording import said_percent, said_span
from hub.places import service as places
from hub.places.service import Area
from hub.uploads import figures, incidents
from hub.uploads.kinds import catalogue
from hub.words import month_name, months_before, number

MOST_CATEGORIES = 3
"""Of another source, how many are named."""


@dataclass(frozen=True)
class SourceHere:
    """What one source recorded at the place in the last twelve months."""

    title: str
    provider: str
    count: int
    categories: tuple[tuple[str, int], ...]
    """The commonest."""
    data_to: dt.date


@dataclass(frozen=True)
class OnePlace:
    """What the page of a place shows."""

    area: Area
    overlay: Overlay
    place: Place | None
    """None where it is not flagged."""
    units: tuple[str, ...]
    ward_name: str
    borough_name: str
    hot_months: int
    is_tested: bool
    months: tuple[dt.date, ...]
    counts: tuple[int, ...]
    carried_over: tuple[dt.date, ...]
    """Months that were counted on other wards."""
    carried_words: str
    usual: Usual | None
    clock: PlaceClock | None
    sources: tuple[SourceHere, ...]
    is_listed: bool
    """Whether the page of what is new counts it among its places, so that it can be muted there."""

    @property
    def name(self) -> str:
        """`Warreners, Larkheath`."""
        return place_words.where_words(self.ward_name, self.borough_name)

    @property
    def sentence(self) -> str:
        """Why it is flagged, or that it is not, in one sentence."""
        last = self.overlay.data_to
        if self.place is not None:
            return place_words.said(self.place, self.usual, self.borough_name, last)
        count = self.usual.words if self.usual else f"{number(self.counts[-1])} in {last:%B}"
        why = "is not flagged" if self.is_tested else "could not be followed"
        return f"{self.overlay.category} in {self.name} {why}: {count}."

    @property
    def ground_words(self) -> str:
        """What the figures are of: `9 squares of 300 m, the strongest 300m-E639600-N434100`."""
        if self.overlay.units is Units.WARDS:
            return (
                "the whole ward"
                if len(self.units) == 1
                else f"{len(self.units)} wards that touch, the strongest {self.ward_name}"
            )
        side = self.overlay.cell_metres
        if len(self.units) == 1:
            return f"one square of {side} m ({self.units[0]})"
        which = "the strongest" if self.place else "the middle one"
        return f"{len(self.units)} squares of {side} m, {which} {self.units[0]}"

    @property
    def months_words(self) -> str:
        """`5 of the 24 months to October 2026`."""
        followed = self.overlay.months
        return f"{number(self.hot_months)} of the {number(len(followed))} months to {month_name(followed[-1])}"


def one_place(
    viewer: Viewer, area: Area, *, category: str | None, unit: str, last_month: dt.date, dataset: str | None
) -> OnePlace:
    """Gather what is known of one place.

    Parameters
    ----------
    viewer, area
        Who asks, and in which area the place is judged. All of it must be theirs to see exactly.
    category
        An offence group or subgroup; all recorded crime unless given.
    unit
        The name of a square, of any size, or the code of a ward.
    last_month
        The month that it is judged by.
    dataset
        The key of a dataset kind; chosen as for the map unless given.

    Raises
    ------
    BadRequest
        If there is no such place in the area, or the data cannot answer.
    NoFigures, NoAgreement
        As for the map.
    """
    square = places_found.square_of(unit)
    overlay = service.overlay(
        viewer,
        area,
        units=Units.WARDS if square is None else Units.CELLS,
        method=Method.EMERGING,
        category=category,
        first_month=last_month,
        last_month=last_month,
        dataset=dataset,
    )
    unit = unit if square is None else _square_at(square, overlay.cell_metres or 1)
    if unit not in overlay.table.index:
        raise BadRequest(f"There is no place '{unit[:40]}' in {area.name}.", remedy="Choose one on the map.")
    place = places_found.place_around(followed_of(overlay), unit)
    units = place.units if place else _around(overlay, unit)
    return _gathered(viewer, area, overlay, place, units)


def _square_at(square: tuple[int, int, int], side: int) -> str:
    """Name the square of the followed grid that holds the middle of a square of any size."""
    its_side, west, south = square
    return "{}m-E{}-N{}".format(side, *((edge + its_side // 2) // side * side for edge in (west, south)))


def _around(overlay: Overlay, unit: str) -> tuple[str, ...]:
    """A square with those around it, as it is tested; a ward by itself."""
    side = overlay.cell_metres
    if side is None:
        return (unit,)
    _, west, south = places_found.square_of(unit) or (0, 0, 0)
    steps = [(0, 0), *((right, up) for up in (-1, 0, 1) for right in (-1, 0, 1) if (right, up) != (0, 0))]
    names = [f"{side}m-E{west + right * side}-N{south + up * side}" for right, up in steps]
    return tuple(name for name in names if name in overlay.table.index)


def _gathered(viewer: Viewer, area: Area, overlay: Overlay, place: Place | None, units: tuple[str, ...]) -> OnePlace:
    row = overlay.table.loc[units[0]]
    last = overlay.data_to
    ground = shapely.union_all(list(overlay.outlines.loc[list(units)]))
    borough_code, borough_name = _borough_of(viewer, overlay, ground)
    live = figures.coverage(viewer, {borough_code})
    months = _months(live, overlay)
    here = incidents.within(viewer, area.borough_codes, [ground.bounds], first_month=months[0], last_month=last)
    here = here.loc[_is_on(here, overlay, units, ground)]
    counts, carried_words = (
        (_of_points(overlay, here, months), "")
        if overlay.has_points
        else _of_wards(viewer, overlay, live, units, months)
    )
    own = _own_months(live, overlay, months)
    judged = usual.judge(
        [count for month, count in zip(months, counts, strict=True) if month in own],
        _of_area(viewer, overlay, own),
        own,
        skipped=places_found.months_to_skip(place) if place else 0,
    )
    lately = here.loc[(here["month"] > months_before(last, MONTHS_OF_CLOCK)).to_numpy(dtype=bool)]
    titles = {key: kind.title for key, kind in catalogue(viewer.session).items()}
    done = week.kept_places(viewer, area)
    listed = done.places if done and done.dataset == overlay.dataset and done.last_month == last else ()
    return OnePlace(
        area=area,
        overlay=overlay,
        place=place,
        units=units,
        ward_name=str(row["ward_name"]),
        borough_name=borough_name,
        hot_months=place.hot_months if place else int(overlay.table.loc[[units[0]], "hot_months"].fillna(0).sum()),
        is_tested=bool(row["class"] != NOT_TESTED),
        months=months,
        counts=tuple(counts),
        carried_over=tuple(month for month in months if month not in own),
        carried_words=carried_words,
        usual=judged,
        clock=clock_of(lately, overlay.category, titles),
        sources=sources_of(viewer, lately, live, titles),
        is_listed=place is not None and any(week.is_place(one.place, place.category, place.unit) for one in listed),
    )


def _borough_of(viewer: Viewer, overlay: Overlay, ground: Geometry) -> tuple[str, str]:
    """The code and name of the borough in which most of the place lies."""
    codes = {version.borough_code for version in overlay.versions}
    outlines = places.borough_outlines(viewer.session, codes)
    shared = outlines.geometry.intersection(ground).area
    code = str(shared.idxmax())
    return code, str(outlines.loc[code, "borough_name"])


def _months(live: pd.DataFrame, overlay: Overlay) -> tuple[dt.date, ...]:
    """The months up to the last that the place's borough has."""
    last = overlay.data_to
    rows = live[(live["dataset"] == overlay.dataset) & (live["month"] <= last)]
    return tuple(sorted(rows.loc[rows["month"] > months_before(last, MONTHS_OF_SERIES), "month"]))


def _own_months(live: pd.DataFrame, overlay: Overlay, months: Sequence[dt.date]) -> tuple[dt.date, ...]:
    """Those of them that were counted on the wards shown; all of them where points are."""
    if overlay.has_points:
        return tuple(months)
    rows = live[(live["dataset"] == overlay.dataset) & live["month"].isin(months)].sort_values("month")
    return tuple(rows.loc[rows["boundary_set_id"] == rows["boundary_set_id"].iloc[-1], "month"])


def _is_on(here: pd.DataFrame, overlay: Overlay, units: Sequence[str], ground: Geometry) -> BoolArray:
    if overlay.units is Units.CELLS:
        return places_found.in_squares(here, units).to_numpy(dtype=bool)
    at = shapely.points(here[["easting", "northing"]].to_numpy(dtype=float))
    return np.asarray(shapely.intersects(ground, at), dtype=bool)


def _of_points(overlay: Overlay, here: pd.DataFrame, months: Sequence[dt.date]) -> list[int]:
    """Count the place's own offences by month: the points on it."""
    own = here[here["dataset"] == overlay.dataset]
    by_month = own[of_category(own, overlay.category)].groupby("month").size()
    return [int(by_month.get(month, 0)) for month in months]


def _of_wards(
    viewer: Viewer, overlay: Overlay, live: pd.DataFrame, units: Sequence[str], months: Sequence[dt.date]
) -> tuple[list[int], str]:
    """Count what its wards were given by month, older wards carried over; say what part of that was shared out."""
    edition = next(each for each in places.boundary_sets(viewer.session) if each.code == overlay.boundary_set)
    wards_of = Ground(edition.id, edition.code, edition.content_hash)
    source = Source(
        kind=catalogue(viewer.session)[overlay.dataset],
        category=None if overlay.category == ALL_CRIME else overlay.category,
        live=live[live["dataset"] == overlay.dataset],
        months=tuple(months),
        borough_codes=frozenset(live["borough_code"]),
        gaps=(),
    )
    carried = editions.counted(viewer, source, wards_of, by=["month"])
    own = carried.rows[carried.rows["ward_code"].isin(units)]
    by_month = own.groupby("month")["count"].sum()
    words = [
        f"{said_span(over.months)} {'was' if len(over.months) == 1 else 'were'} counted on {over.boundary_set} wards."
        for over in editions.carried_over(viewer, source, wards_of)
    ]
    if words:
        older = own[~own["month"].isin(_own_months(live, overlay, months))]["count"].sum()
        shared = carried.shared_out.reindex(list(units)).sum()
        words.append(
            "This ward is the same in them."
            if shared == 0
            else f"Of their figures here, {said_percent(min(shared / max(older, 1), 1.0))} come from wards that were "
            "split, shared out by where people live. What is usual is judged without them."
        )
    return [int(by_month.get(month, 0)) for month in months], " ".join(words)


def _of_area(viewer: Viewer, overlay: Overlay, months: Sequence[dt.date]) -> list[int]:
    counted = figures.ward_counts(
        viewer,
        {version.borough_code for version in overlay.versions},
        overlay.dataset,
        first_month=months[0],
        last_month=months[-1],
        category=None if overlay.category == ALL_CRIME else overlay.category,
        by=["month"],
    )
    by_month = dict(zip(counted["month"], counted["count"].tolist(), strict=True))
    return [by_month.get(month, 0) for month in months]


def sources_of(
    viewer: Viewer, lately: pd.DataFrame, live: pd.DataFrame, titles: dict[str, str]
) -> tuple[SourceHere, ...]:
    """Say what each source with points recorded at a place, those that recorded nothing among them.

    Parameters
    ----------
    viewer
        Who asks.
    lately : DataFrame
        What lies there, as `incidents.within` gives it.
    live : DataFrame
        The coverage of the place's boroughs.
    titles : dict
        The title of each dataset.
    """
    kinds = catalogue(viewer.session)
    data_to = live.groupby("dataset")["month"].max()
    found = []
    for key in sorted(str(key) for key in data_to.index if kinds[str(key)].has_points):
        rows = lately[lately["dataset"] == key]
        commonest = rows["category"].value_counts().head(MOST_CATEGORIES)
        categories = tuple((str(name), int(count)) for name, count in commonest.items())
        found.append(SourceHere(titles[key], kinds[key].provider, len(rows), categories, data_to[key]))
    return tuple(sorted(found, key=lambda source: -source.count))
