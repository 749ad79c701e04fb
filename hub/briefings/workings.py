"""What follows from the figures of an area alone: places found over all categories, with their months; and its keeping.

It chooses the data, has each category followed, and names the result by everything it was made of. Mutes, and what
partners alone may see, are no part of it.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import geopandas as gpd
import numpy as np
import orjson
import pandas as pd
import shapely

from geo.hotspots import NOT_TESTED
from hub.access import Viewer
from hub.briefings import places_found, usual
from hub.briefings.places_found import Followed, Place
from hub.briefings.usual import Usual
from hub.hotspots import service, trials
from hub.hotspots.checking import ALL_CRIME
from hub.hotspots.emergence import LEAST_MONTHS, MONTHS_FOLLOWED
from hub.hotspots.overlays import Overlay
from hub.hotspots.scoring import METHOD_VERSION, Method, Units
from hub.places import service as places
from hub.places.service import Area
from hub.uploads import figures
from hub.uploads.classification import ANTI_SOCIAL_BEHAVIOUR
from hub.uploads.kinds import DatasetKind, catalogue
from hub.words import months_before

WEEK_VERSION = 1
"""Raised whenever the same data would give other places, so that no week kept before is shown again."""
LEAST_A_MONTH = 10
"""A category with fewer in the whole area has no place to be found."""
MONTHS_OF_SERIES = usual.MOST_YEARS * 12 + 1
COLUMNS_OF_PLACES = ["ward_name", "count", "latest_count", "hot_months", "z", "p", "class"]

Keep = Callable[[Overlay], None]
"""Keeps an overlay that was worked out on the way."""


@dataclass(frozen=True)
class FoundPlace:
    """A place with where it lies, its months, and whether the last of them is usual there."""

    place: Place
    borough_code: str
    counts: tuple[int, ...]
    """By month of the week's series."""
    usual: Usual | None


@dataclass(frozen=True)
class WorkedOut:
    """All that follows from the figures alone: the part that takes time, and is kept."""

    units: Units
    dataset: str
    months: tuple[dt.date, ...]
    """Those that places were followed over."""
    series: tuple[dt.date, ...]
    """Those that their counts are given for."""
    categories: tuple[str, ...]
    cell_metres: int | None
    tested: int
    hot: int
    flags_by_chance: float
    trial: str
    """How the busiest places would have done as a plan of patrols; blank for wards."""
    places: tuple[FoundPlace, ...]

    @property
    def last_month(self) -> dt.date:
        """The newest month that there is."""
        return self.months[-1]

    def to_bytes(self) -> bytes:
        """Write for keeping."""
        return orjson.dumps(self)

    @classmethod
    def from_bytes(cls, content: bytes) -> WorkedOut:
        """Read what `to_bytes` wrote."""
        kept = orjson.loads(content)
        kept["units"] = Units(kept["units"])
        for name in ("months", "series"):
            kept[name] = tuple(map(dt.date.fromisoformat, kept[name]))
        kept["categories"] = tuple(kept["categories"])
        kept["places"] = tuple(_found_place(one) for one in kept["places"])
        return cls(**kept)


def _found_place(kept: dict[str, Any]) -> FoundPlace:
    place = kept["place"] | {"units": tuple(kept["place"]["units"]), "also": tuple(map(tuple, kept["place"]["also"]))}
    judged = kept["usual"]
    if judged is not None:
        judged = Usual(
            **judged | {"month": dt.date.fromisoformat(judged["month"]), "expected": tuple(judged["expected"])}
        )
    return FoundPlace(Place(**place), kept["borough_code"], tuple(kept["counts"]), judged)


# --- What it is made of ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Basis:
    """The data that places are found in, and the name of all that follows from it.

    `series` has the months that all of the boroughs have, in order.
    """

    units: Units
    kind: DatasetKind
    borough_codes: frozenset[str]
    series: tuple[dt.date, ...]
    inputs: Mapping[str, Any]

    @property
    def inputs_hash(self) -> str:
        """The name of all that was made of it."""
        return hashlib.sha256(orjson.dumps(self.inputs, option=orjson.OPT_SORT_KEYS)).hexdigest()


def basis_of(viewer: Viewer, live: pd.DataFrame, units: Units) -> Basis | None:
    """Choose the kind of recorded crime with most of the newest months; None where none has enough."""
    kinds = catalogue(viewer.session)
    suited = live[[_is_suited(kinds[key], units) for key in live["dataset"]]]
    if suited.empty:
        return None
    newest = months_before(max(suited["month"]), MONTHS_FOLLOWED - 1)
    followed = suited[suited["month"] >= newest].groupby("dataset")["month"].nunique()
    key = str(followed.idxmax())
    if followed[key] < LEAST_MONTHS:
        return None
    rows = live[live["dataset"] == key]
    boroughs = rows.groupby("month")["borough_code"].nunique()
    last_month = max(boroughs.index[boroughs == boroughs.max()])
    rows = rows[(rows["month"] <= last_month) & (rows["month"] > months_before(last_month, MONTHS_OF_SERIES))]
    if units is Units.WARDS:
        rows = rows[rows["boundary_set_id"] == rows.loc[rows["month"] == last_month, "boundary_set_id"].iloc[0]]
    lately = rows[rows["month"] > months_before(last_month, MONTHS_FOLLOWED)]
    rows = rows[rows["borough_code"].isin(set(lately["borough_code"]))]
    by_borough = {str(code): set(of_one["month"]) for code, of_one in rows.groupby("borough_code")}
    series = tuple(sorted(set.intersection(*by_borough.values())))
    if not series:
        return None
    newest_set = places.boundary_sets(viewer.session)[0]
    outlines = places.borough_outlines(viewer.session, set(by_borough))
    versions = [
        [str(row.public_id), f"{row.month:%Y-%m}"]
        for row in rows.sort_values(["borough_code", "month"]).itertuples(index=False)
    ]
    return Basis(
        units=units,
        kind=kinds[key],
        borough_codes=frozenset(by_borough),
        series=series,
        inputs={
            "week": WEEK_VERSION,
            "shape": [field.name for kept in (WorkedOut, FoundPlace, Place, Usual) for field in fields(kept)],
            "method_version": METHOD_VERSION,
            "units": units,
            "dataset": key,
            "versions": versions,
            "wards": newest_set.content_hash,
            "outlines": hashlib.sha256(b"".join(shapely.to_wkb(outlines.geometry.to_numpy()))).hexdigest(),
        },
    )


def _is_suited(kind: DatasetKind, units: Units) -> bool:
    return kind.is_crime and (kind.has_points if units is Units.CELLS else kind.has_wards and not kind.has_points)


def kept(viewer: Viewer, area: Area, inputs_hash: str) -> WorkedOut | None:
    """Read back what was worked out from the same data."""
    result = service.kept_result(viewer, area.key, inputs_hash)
    return None if result is None else WorkedOut.from_bytes(result)


def keep_places(viewer: Viewer, area: Area, basis: Basis, done: WorkedOut) -> None:
    """Keep what was worked out, unless it is kept already."""
    service.keep_result(viewer, area.key, basis.inputs_hash, basis.inputs, done.to_bytes())


# --- Working it out --------------------------------------------------------------------------------------------------


def work_out(viewer: Viewer, area: Area, basis: Basis, keep: Keep) -> WorkedOut:
    """Follow every category and find the places; overlays that are new on the way are given to `keep`.

    Raises
    ------
    BadRequest
        If there are too few months in a row to follow anything.
    """
    whole = _overlay(viewer, area, basis, None)
    totals = _totals(viewer, basis)
    series = tuple(month for month in basis.series if month <= whole.months[-1])
    busy = totals.loc[:, [month for month in whole.months if month in totals]].sum(axis=1)
    categories = [str(name) for name in busy.index[busy >= LEAST_A_MONTH * len(whole.months)]]
    followed = []
    for category in [None, *categories]:
        overlay = whole if category is None else _overlay(viewer, area, basis, category)
        if not overlay.is_kept:
            keep(overlay)
        followed.append(followed_of(overlay))
    found = places_found.find_places(followed, is_two_sided=basis.units is Units.WARDS)
    return WorkedOut(
        units=basis.units,
        dataset=basis.kind.key,
        months=whole.months,
        series=series,
        categories=tuple(one.category for one in followed),
        cell_metres=whole.cell_metres,
        tested=found.tested,
        hot=found.hot,
        flags_by_chance=found.flags_by_chance,
        trial=_trial(viewer, area, basis) if basis.units is Units.CELLS else "",
        places=tuple(_with_months(viewer, area, basis, whole, found.places, totals, series)),
    )


def _overlay(viewer: Viewer, area: Area, basis: Basis, category: str | None) -> Overlay:
    last_month = max(basis.series)
    return service.overlay(
        viewer,
        area,
        units=basis.units,
        method=Method.EMERGING,
        category=category,
        first_month=last_month,
        last_month=last_month,
        dataset=basis.kind.key,
    )


def _trial(viewer: Viewer, area: Area, basis: Basis) -> str:
    asked = trials.trial_of(viewer, area, category=ALL_CRIME, dataset=basis.kind.key, last_month=max(basis.series))
    return (trials.work_out(viewer, asked) if asked.is_due else asked).sentence


def followed_of(overlay: Overlay) -> Followed:
    """Take from an overlay of kinds what places are found in."""
    table = overlay.table
    is_tested = table["class"] != NOT_TESTED
    is_hot = table["class"].str.endswith("_hot")
    return Followed(
        category=overlay.category,
        is_part=overlay.category != ALL_CRIME,
        hot=gpd.GeoDataFrame(table.loc[is_hot, COLUMNS_OF_PLACES], geometry=overlay.outlines[is_hot]),
        p=table.loc[is_tested, "p"].to_numpy(dtype=float),
        months=len(overlay.months),
    )


def _totals(viewer: Viewer, basis: Basis) -> pd.DataFrame:
    """Count each offence group of the area by month, a row for each."""
    asked: dict[str, Any] = {
        "first_month": basis.series[0],
        "last_month": basis.series[-1],
        "by": ["offence_group", "month"],
    }
    counted = [figures.ward_counts(viewer, basis.borough_codes, basis.kind.key, **asked)]
    if basis.kind.has_points:
        counted.append(
            figures.ward_counts(viewer, basis.borough_codes, basis.kind.key, category=ANTI_SOCIAL_BEHAVIOUR, **asked)
        )
    table = pd.concat(counted).pivot_table(index="offence_group", columns="month", values="count", aggfunc="sum")
    return table.fillna(0)


def _with_months(
    viewer: Viewer,
    area: Area,
    basis: Basis,
    whole: Overlay,
    found: Sequence[Place],
    totals: pd.DataFrame,
    series: Sequence[dt.date],
) -> list[FoundPlace]:
    """Give each place its borough, its months, and what is usual there."""
    in_area = totals.reindex(columns=list(series), fill_value=0)
    every = in_area.drop(index=ANTI_SOCIAL_BEHAVIOUR, errors="ignore").sum()
    counted = {name: _counted(viewer, basis, whole, name) for name in dict.fromkeys(one.category for one in found)}
    with_months = []
    for place, borough_code in zip(found, _boroughs_of(viewer, area, found), strict=True):
        rows = counted[place.category]
        is_inside = (
            places_found.in_squares(rows, place.units)
            if basis.units is Units.CELLS
            else rows["ward_code"].isin(place.units)
        )
        counts = rows.loc[is_inside].groupby("month")["count"].sum().reindex(list(series), fill_value=0).astype(int)
        of_area = np.asarray(every if place.category == ALL_CRIME else in_area.loc[place.category], dtype=float)
        judged = usual.judge(counts.tolist(), of_area.tolist(), series, skipped=places_found.months_to_skip(place))
        with_months.append(FoundPlace(place, borough_code, tuple(counts.tolist()), judged))
    return with_months


def _counted(viewer: Viewer, basis: Basis, whole: Overlay, category: str) -> pd.DataFrame:
    """Count one category by place and month: by point, or by ward of the edition that the wards are followed on."""
    asked: dict[str, Any] = {
        "first_month": basis.series[0],
        "last_month": basis.series[-1],
        "category": None if category == ALL_CRIME else category,
    }
    if basis.units is Units.CELLS:
        return figures.points(viewer, basis.borough_codes, basis.kind.key, by_month=True, **asked)
    edition = next(each.id for each in places.boundary_sets(viewer.session) if each.code == whole.boundary_set)
    return figures.ward_counts(viewer, basis.borough_codes, basis.kind.key, edition, by=["ward_code", "month"], **asked)


def _boroughs_of(viewer: Viewer, area: Area, found: Sequence[Place]) -> list[str]:
    """Say which borough the middle of each place lies in; where its square sticks out of all of them, the nearest."""
    if not found:
        return []
    outlines = places.borough_outlines(viewer.session, area.borough_codes)
    middles = shapely.points([(place.easting, place.northing) for place in found])
    nearest = shapely.STRtree(outlines.geometry.to_numpy()).nearest(middles)
    return [str(outlines.index[at]) for at in nearest.tolist()]
