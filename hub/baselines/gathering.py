"""What is known of a place when a problem is opened there: why it was flagged, and how its incidents concentrate.

Facts alone: numbers with the version of the data that they are of. What partners recorded there is read anew each time
it is shown, since it may be seen only while a sharing agreement is in force.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from typing import Any
from uuid import UUID

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from geo import boundaries, concentration
from geo.frames import NATIONAL_GRID, FloatArray, Geometry
from hub.access import Viewer
from hub.agreements.service import NoAgreement
from hub.baselines import comparisons, series
from hub.baselines.series import Basis, Piece
from hub.briefings.clocks import PlaceClock, clock_of
from hub.briefings.grounds import box_around, of_category, stand_on, titles_of
from hub.briefings.one_place import OnePlace, SourceHere, one_place, sources_of
from hub.briefings.usual import Usual
from hub.briefings.week import MONTHS_OF_CLOCK
from hub.errors import BadRequest
from hub.hotspots import service as hotspots
from hub.hotspots.checking import ALL_CRIME
from hub.hotspots.scoring import Method, Units
from hub.hotspots.sources import NoFigures
from hub.places import service as places
from hub.places.service import Area
from hub.uploads import figures, incidents
from hub.words import months_before
from hub.zones import counting
from hub.zones import service as zones

LEAST_SHARE_OF_A_BOROUGH = 0.05
"""Of the place's ground: a square that reaches over a border by less is cut there."""
SEED = 1


@dataclass(frozen=True)
class Flag:
    """Why a place was flagged, as its page said it; the figures are of its strongest ward or square.

    `flags_by_chance` of all `tested` would be flagged by chance alone. `kind` is blank of a place that is not flagged.
    """

    sentence: str
    method: str
    kind: str
    hot_months: int
    months_followed: int
    z: float | None
    p: float | None
    q: float | None
    tested: int
    flags_by_chance: float | None


@dataclass(frozen=True)
class Month:
    """The last month against what is usual there, nine months in ten."""

    seen: int
    low: int
    high: int
    law: str
    chance: float
    years: int


@dataclass(frozen=True)
class Repeats:
    """Of the incidents with a point in the last twelve months, how many came where another of them did."""

    incidents: int
    again: int


@dataclass(frozen=True)
class Concentration:
    """How few of the map points on the ground hold half of its incidents, and how few would by chance.

    `points` are those where any crime was recorded in the months of the baseline.
    """

    incidents: int
    points: int
    points_with_half: int
    by_chance: float


@dataclass(frozen=True)
class Share:
    """What share of its boroughs' incidents the ground had in the last twelve months, and of their ground."""

    incidents: int
    of_incidents: int
    of_ground: float


@dataclass(frozen=True)
class Evidence:
    """All that is kept of it."""

    flag: Flag | None
    month: Month | None
    share: Share
    repeats: Repeats | None
    concentration: Concentration | None
    inputs: Mapping[str, Any] = field(default_factory=dict)
    """By what the same can be worked out again: of the map, and of the data."""

    def as_dict(self) -> dict[str, Any]:
        """For keeping."""
        return asdict(self)

    @classmethod
    def from_dict(cls, kept: Mapping[str, Any]) -> Evidence:
        """Read what `as_dict` wrote."""
        return cls(
            flag=Flag(**kept["flag"]) if kept["flag"] else None,
            month=Month(**kept["month"]) if kept["month"] else None,
            share=Share(**kept["share"]),
            repeats=Repeats(**kept["repeats"]) if kept["repeats"] else None,
            concentration=Concentration(**kept["concentration"]) if kept["concentration"] else None,
            inputs=kept["inputs"],
        )


@dataclass(frozen=True)
class Flagged:
    """One place of a map as a problem is opened there: its ground, its boroughs, and what is counted."""

    sentence: str
    """Why a problem is opened here: how it stands to what is usual."""
    units: tuple[str, ...]
    """The squares or wards of the map that it is; none where it is a zone."""
    zone_id: UUID | None
    area: Area
    """Of its boroughs alone, whatever the map was of."""
    response: Piece
    basis: Basis
    evidence: Evidence


@dataclass(frozen=True)
class AgenciesHere:
    """What another agency's data says of the ground, ward by ward or square by square.

    `classes` counts the wards or squares of the ground by the class of `hotspots.agencies`.
    """

    title: str
    classes: Mapping[str, int]
    last_month: dt.date


@dataclass(frozen=True)
class Around:
    """What is read anew: the clock, what each source recorded, and whether agencies agree; or why that is not known."""

    clock: PlaceClock | None
    sources: tuple[SourceHere, ...]
    agencies: AgenciesHere | None
    why_no_agencies: str = ""


# --- When a problem is opened ----------------------------------------------------------------------------------------


def flagged(
    viewer: Viewer, area: Area, *, category: str | None, unit: str, last_month: dt.date, dataset: str | None
) -> Flagged:
    """Gather what is known of a place on a map, for a problem in the boroughs that it lies in.

    Parameters
    ----------
    viewer, area, category, unit, last_month, dataset
        As for `briefings.one_place`.

    Raises
    ------
    BadRequest, NoFigures, NoAgreement
        As for `briefings.one_place`.
    """
    one = one_place(viewer, area, category=category, unit=unit, last_month=last_month, dataset=dataset)
    overlay = one.overlay
    whole = shapely.union_all(list(overlay.outlines.loc[list(one.units)]))
    its_area, ground = in_boroughs(viewer, area, whole)
    its_basis = series.basis(
        viewer,
        its_area,
        by_wards=overlay.units is Units.WARDS,
        category=overlay.category,
        last_month=overlay.data_to,
        dataset=overlay.dataset,
        boundary_set=overlay.boundary_set if overlay.units is Units.WARDS else None,
    )
    ward_codes = one.units if overlay.units is Units.WARDS else ()
    response = Piece(comparisons.key_of(ground), one.name, ward_codes, ground)
    inputs = {
        "area": area.slug,
        "unit": one.units[0],
        "units": list(one.units),
        "dataset": overlay.dataset,
        "category": overlay.category,
        "last_month": overlay.data_to.isoformat(),
        "map": overlay.inputs_hash,
    }
    flag: Flag | None = _flag(one)
    usual = one.usual
    if its_area.borough_codes != area.borough_codes:
        # What the wider map says of it rests on other boroughs' figures, which people of these alone may not see.
        flag = usual = None
        with suppress(BadRequest, NoFigures):  # Where their own map does not have it.
            own = one_place(
                viewer,
                its_area,
                category=category,
                unit=unit,
                last_month=overlay.data_to,
                dataset=overlay.dataset,
            )
            flag, usual = _flag(own), own.usual if own.units == one.units else None
    evidence = evidence_of(viewer, its_area, its_basis, response, flag=flag, usual=usual, inputs=inputs)
    # Of the wider map's own sentence the same holds.
    sentence = one.sentence if its_area.borough_codes == area.borough_codes else flag.sentence if flag else ""
    return Flagged(sentence, one.units, None, its_area, response, its_basis, evidence)


def on_zone(viewer: Viewer, area: Area, zone_id: UUID, *, category: str | None, last_month: dt.date) -> Flagged:
    """Gather what is known of a zone that somebody drew or uploaded, for a problem in the boroughs that it lies in.

    Parameters
    ----------
    viewer, area, zone_id
        Who asks, and of which zone of which area.
    category, last_month
        As for `zones.counted`.

    Raises
    ------
    NotFound
        If the area has no such zone.
    BadRequest, NoFigures, NoAgreement
        As for `zones.counted`.
    """
    zone = zones.zone(viewer, area, zone_id)
    its_area, ground = in_boroughs(viewer, area, zone.outline)
    counted = counting.counted(viewer, its_area, zone, category=category, last_month=last_month)
    its_basis = series.basis(viewer, its_area, by_wards=False, category=counted.category, last_month=counted.months[-1])
    response = Piece(comparisons.key_of(ground), zone.name, (), ground)
    inputs = {
        "area": area.slug,
        "zone": str(zone.id),
        "dataset": its_basis.source.kind.key,
        "category": counted.category,
        "last_month": counted.months[-1].isoformat(),
    }
    evidence = evidence_of(viewer, its_area, its_basis, response, usual=counted.usual, inputs=inputs)
    return Flagged(counted.sentence, (), zone.id, its_area, response, its_basis, evidence)


def in_boroughs(viewer: Viewer, area: Area, ground: Geometry) -> tuple[Area, Geometry]:
    """The boroughs of an area in which some ground lies, and the ground cut to them."""
    outlines = places.borough_outlines(viewer.session, area.borough_codes)
    shared = outlines.geometry.intersection(ground).area
    codes = shared[shared >= LEAST_SHARE_OF_A_BOROUGH * shared.sum()].index
    outline = boundaries.outline(outlines.loc[codes])
    cut = comparisons.polygons_of(shapely.intersection(ground, outline))
    return series.area_of(viewer, frozenset(map(str, codes))), cut


def evidence_of(
    viewer: Viewer,
    area: Area,
    its_basis: Basis,
    response: Piece,
    *,
    flag: Flag | None = None,
    usual: Usual | None = None,
    inputs: Mapping[str, Any] | None = None,
) -> Evidence:
    """Gather what is known of some ground by the data that its baseline is of."""
    counts = series.together(series.count(viewer, its_basis, [response]))[0]
    of_area = _of_area(viewer, its_basis)
    latest = slice(-MONTHS_OF_CLOCK, None)
    outline = boundaries.outline(places.borough_outlines(viewer.session, area.borough_codes))
    here = _incidents_on(viewer, area, response.outline, its_basis.months)
    return Evidence(
        flag=flag,
        month=_month(usual),
        share=Share(int(counts[latest].sum()), int(of_area[latest].sum()), float(response.outline.area / outline.area)),
        repeats=_repeats(here, its_basis),
        concentration=_concentration(here, its_basis),
        inputs=inputs or {},
    )


def _flag(one: OnePlace) -> Flag:
    strongest = one.overlay.table.loc[one.units[0]]
    return Flag(
        sentence=one.sentence,
        method=one.overlay.method_words,
        kind=one.place.kind if one.place else "",
        hot_months=one.hot_months,
        months_followed=len(one.overlay.months),
        z=_known(strongest["z"]),
        p=_known(strongest["p"]),
        q=_known(strongest["q"]),
        tested=one.overlay.tested,
        flags_by_chance=one.overlay.flags_by_chance,
    )


def _known(figure: object) -> float | None:
    value = float(str(figure))
    return None if np.isnan(value) else value


def _month(usual: Usual | None) -> Month | None:
    if usual is None:
        return None
    return Month(usual.seen, usual.low, usual.high, usual.law, usual.chance, usual.years)


def _of_area(viewer: Viewer, its_basis: Basis) -> FloatArray:
    counted = figures.ward_counts(
        viewer,
        its_basis.borough_codes,
        its_basis.source.kind.key,
        first_month=its_basis.months[0],
        last_month=its_basis.months[-1],
        category=its_basis.source.category,
        by=["month"],
    )
    by_month = dict(zip(counted["month"], counted["count"].tolist(), strict=True))
    return np.array([by_month.get(month, 0) for month in its_basis.months], dtype=np.float64)


def _incidents_on(viewer: Viewer, area: Area, ground: Geometry, months: Sequence[dt.date]) -> pd.DataFrame:
    here = incidents.within(
        viewer, area.borough_codes, [box_around(ground)], first_month=months[0], last_month=months[-1]
    )
    found: pd.DataFrame = here.loc[stand_on(ground, here)]
    return found


def _own(here: pd.DataFrame, its_basis: Basis) -> pd.DataFrame:
    """The place's own offences of the last twelve months, each at its point."""
    of_kind = here[here["dataset"] == its_basis.source.kind.key]
    lately = of_kind[(of_kind["month"] > months_before(its_basis.months[-1], MONTHS_OF_CLOCK)).to_numpy(dtype=bool)]
    return lately[of_category(lately, its_basis.category)]


def _repeats(here: pd.DataFrame, its_basis: Basis) -> Repeats | None:
    own = _own(here, its_basis)
    if own.empty:
        return None
    return Repeats(len(own), int(own.duplicated(["easting", "northing"]).sum()))


def _concentration(here: pd.DataFrame, its_basis: Basis) -> Concentration | None:
    own = _own(here, its_basis)
    if own.empty:
        return None
    of_kind = here[here["dataset"] == its_basis.source.kind.key]
    points = of_kind.loc[of_category(of_kind, ALL_CRIME) | of_category(of_kind, its_basis.category)]
    every = points.groupby(["easting", "northing"]).size()
    counts = own.groupby(["easting", "northing"]).size().reindex(every.index, fill_value=0).to_numpy(dtype=float)
    chance = concentration.concentration_by_chance(len(own), counts.size, seed=SEED).expected
    share = concentration.concentration(counts).share_with_half
    return Concentration(len(own), counts.size, round(share * counts.size), float(chance.share_with_half * counts.size))


# --- Whenever it is looked at ----------------------------------------------------------------------------------------


def around(
    viewer: Viewer, area: Area, ground: Geometry, *, by_wards: bool, category: str, last_month: dt.date, dataset: str
) -> Around:
    """Read what every source recorded on some ground in the twelve months to one, as far as may be seen today.

    Parameters
    ----------
    viewer, area, ground
        Who asks, and of what ground in which boroughs.
    by_wards
        Whether agencies are compared by ward; otherwise by small squares.
    category, last_month, dataset
        What the place is looked at for.
    """
    months = [months_before(last_month, back) for back in reversed(range(MONTHS_OF_CLOCK))]
    here = _incidents_on(viewer, area, ground, months)
    titles = titles_of(viewer)
    live = figures.coverage(viewer, area.borough_codes)
    try:
        agencies, why = _agencies(viewer, area, ground, by_wards, category, months, dataset), ""
    except (BadRequest, NoFigures, NoAgreement) as refusal:
        agencies, why = None, refusal.sentence
    return Around(clock_of(here, category, titles), sources_of(viewer, here, live, titles), agencies, why)


def _agencies(
    viewer: Viewer,
    area: Area,
    ground: Geometry,
    by_wards: bool,
    category: str,
    months: Sequence[dt.date],
    dataset: str,
) -> AgenciesHere | None:
    overlay = hotspots.overlay(
        viewer,
        area,
        units=Units.WARDS if by_wards else Units.CELLS,
        method=Method.AGENCIES,
        category=category,
        first_month=months[0],
        last_month=months[-1],
        dataset=dataset,
    )
    middles = gpd.GeoSeries(overlay.outlines.representative_point(), crs=NATIONAL_GRID)
    inside = overlay.table["class"][middles.within(ground).to_numpy()]
    if overlay.beside is None or inside.empty:
        return None
    classes = {str(name): int(number) for name, number in inside.value_counts().items()}
    return AgenciesHere(overlay.beside.title, classes, overlay.data_to)
