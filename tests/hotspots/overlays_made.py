"""Overlays made without a database, for what only shows or writes them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from geo.harm import default_weights
from geo.rates import rate_per
from hub.hotspots import agencies, changes, emergence, harms, scoring
from hub.hotspots.checking import understood
from hub.hotspots.facts import Beside, VersionUsed
from hub.hotspots.overlays import Overlay
from hub.hotspots.scoring import Method, Scores

JANUARY = dt.date(2025, 1, 1)
WEST, SOUTH = 530_000, 180_000


def made_of_wards(method: str, *, counts: Sequence[float] = (5, 8, 40, 35, 6, 2), **changed: Any) -> Overlay:
    """Six wards in a row, three in each of two boroughs, a thousand residents in each."""
    codes = [f"F0500000{at}" for at in range(6)]
    wards = gpd.GeoDataFrame(
        {"ward_name": [f"Ward {at}" for at in range(6)], "borough_code": ["F09000001"] * 3 + ["F09000002"] * 3},
        geometry=[shapely.box(WEST + at * 1000, SOUTH, WEST + (at + 1) * 1000, SOUTH + 3000) for at in range(6)],
        index=codes,
        crs=27700,
    )
    numbers = pd.Series(counts, codes, dtype=float)
    scores = scoring.score_wards(wards, numbers.dropna(), total=int(np.nansum(counts)) + 4, method=Method(method))
    table = wards[["ward_name", "borough_code"]].assign(
        label=wards["ward_name"],
        borough_name=["Alder"] * 3 + ["Birch"] * 3,
        population=1000.0,
        rate_per_1000=rate_per(numbers, np.full(6, 1000.0)),
    )
    return _made("wards", method, scores, table.join(scores.table), wards.geometry, **changed)


def made_of_changes(
    units: str,
    *,
    before: Sequence[float] = (100, 100, 29, 4, 300, np.nan),
    now: Sequence[float] = (160, 104, 30, 1, 200, 50),
    **changed: Any,
) -> Overlay:
    """The six wards in January and a year before, or the busy corner of the 3 km after a year in which it was not."""
    compared = {"months_before": (dt.date(2024, 1, 1),), "boundary_set_before": "2022"}
    if units == "wards":
        plain = made_of_wards("rate", counts=now)
        earlier, later = (pd.Series(counts, plain.table.index, dtype=float) for counts in (before, now))
        wards = gpd.GeoDataFrame(geometry=plain.outlines)
        scores = changes.compare_wards(wards, earlier, later, total=int(np.nansum(now)) + 4, exposure_ratio=1)
        table = plain.table.drop(columns="count").join(scores.table)
        return _made("wards", "change", scores, table, plain.outlines, **compared | changed)
    spread, corner = _scattered_points()
    outline, wards = _open_ground()
    everywhere = pd.concat([spread, corner])
    scores = changes.compare_cells(spread, everywhere, outline, wards, total=500, exposure_ratio=1, cell_metres=300)
    return _of_squares("change", scores, **compared | changed)


def made_of_kinds(units: str, *, calm: bool = False, **changed: Any) -> Overlay:
    """Twelve months in which one place is hot throughout, and another only in the last; or none is."""
    months = tuple(dt.date(2025, number, 1) for number in range(1, 13))
    rng = np.random.default_rng(3)
    if units == "wards":
        many = square_wards(8, 12)
        many = many.set_geometry(many.translate(WEST, SOUTH))
        counts = rng.poisson(20, (96, 12))
        if not calm:
            counts[[0, 1, 12, 13]] += 40
            counts[[82, 83, 94, 95], -1] += 60
        scores = emergence.follow_wards(many, pd.DataFrame(counts, many.index), total=int(counts.sum()))
        names = many.assign(label=many["ward_name"], borough_code="F09000001", borough_name="Alder", population=1000.0)
        table = names.drop(columns="geometry").join(scores.table)
        return _made("wards", "emerging", scores, table, many.geometry, months=months, **changed)
    outline, wards = _open_ground()
    points = pd.DataFrame(rng.uniform(0, 3000, (1200, 2)), columns=["easting", "northing"])
    points["month"] = np.repeat(np.array(months), 100)
    if not calm:
        lasting, late = np.arange(0, 1200, 5), np.arange(1102, 1200, 3)
        for which, corner in ((lasting, 300), (late, 2400)):
            points.loc[which, ["easting", "northing"]] = rng.uniform(corner, corner + 300, (which.size, 2))
    points[["easting", "northing"]] += np.array([WEST, SOUTH])
    scores = emergence.follow_cells(points.assign(count=1), months, outline, wards, total=len(points), cell_metres=300)
    return _of_squares("emerging", scores, months=months, **changed)


BESIDE = Beside(
    "ambulance", "Ambulance calls", (VersionUsed("F09000001", "Alder", str(UUID(int=2)), 1, dt.date(2025, 2, 4)),), ()
)


def made_of_harm(units: str, **changed: Any) -> Overlay:
    """A block of wards with robberies in one corner, a homicide in another and nuisance all over; or the 3 km."""
    weighed = {"weight_set": default_weights(), "category": "All recorded crime"}
    if units == "wards":
        many = _many_wards()
        robberies = pd.DataFrame({"ward_code": many.index, "offence_subgroup": "Robbery of personal property"})
        robberies["count"] = 2
        robberies.loc[[0, 1, 12, 13], "count"] = 40
        homicide = pd.DataFrame({"ward_code": [many.index[95]], "offence_subgroup": "Homicide", "count": 1})
        frauds = pd.DataFrame({"ward_code": many.index, "offence_subgroup": "Fraud and forgery", "count": 3})
        rows = pd.concat([robberies, homicide, frauds], ignore_index=True).assign(offence_group="Group")
        scores = harms.weigh_wards(many, rows, default_weights(), rows=rows, borough_codes={"F09000001"})
        table = _named(many).join(scores.table)
        table["harm_per_1000"] = table["harm"] / table["population"] * 1000
        return _made("wards", "harm", scores, table, many.geometry, **weighed | changed)
    points = pd.concat(_scattered_points()).assign(offence_group="Robbery", offence_subgroup="")
    outline, wards = _open_ground()
    scores = harms.weigh_cells(points, outline, wards, default_weights(), rows=points, cell_metres=100)
    return _of_squares("harm", scores, **weighed | changed)


def made_of_agencies(units: str, **changed: Any) -> Overlay:
    """Police busy in one place, ambulances in another where police are few, and both in a third."""
    if units == "wards":
        many, rng = _many_wards(), np.random.default_rng(6)
        police, other = (pd.Series(rng.poisson(100, 96), many.index, dtype=float) for _ in range(2))
        police.iloc[[0, 1, 12, 13]] += 150
        other.iloc[[82, 83, 94, 95]] += 150
        police.iloc[[82, 83, 94, 95]] = 2
        for each in (police, other):
            each.iloc[[10, 11, 22, 23]] += 150
        totals = {"total": int(police.sum()) + 4, "total_beside": int(other.sum()) + 3}
        scores = agencies.compare_wards(many, police, other, **totals)
        table = _named(many).join(scores.table)
        return _made("wards", "agencies", scores, table, many.geometry, **{"beside": BESIDE} | changed)
    spread, corner = _scattered_points()
    outline, wards = _open_ground()
    elsewhere = corner.assign(easting=corner["easting"] + 1800)
    police, other = pd.concat([spread, corner]), pd.concat([spread, elsewhere])
    scores = agencies.compare_cells(police, other, outline, wards, total=500, total_beside=501, cell_metres=100)
    return _of_squares("agencies", scores, **{"beside": BESIDE} | changed)


def _many_wards() -> gpd.GeoDataFrame:
    many = square_wards(8, 12).assign(borough_code="F09000001")
    return many.set_geometry(many.translate(WEST, SOUTH))


def _named(many: gpd.GeoDataFrame) -> pd.DataFrame:
    named = many.assign(label=many["ward_name"], borough_name="Alder", population=1000.0, rate_per_1000=1.0)
    return named.drop(columns="geometry")


def square_wards(rows: int, columns: int, side: float = 1000) -> gpd.GeoDataFrame:
    """A block of square wards, coded from the south-west."""
    places = [(row, column) for row in range(rows) for column in range(columns)]
    squares = [shapely.box(c * side, r * side, (c + 1) * side, (r + 1) * side) for r, c in places]
    codes = [f"F05{r:03}{c:03}" for r, c in places]
    return gpd.GeoDataFrame({"ward_name": codes}, geometry=squares, index=codes, crs=27700)


def made_of_cells(method: str, **changed: Any) -> Overlay:
    """A square of 3 km with a busy corner, in squares of 100 m."""
    points, (outline, wards) = pd.concat(_scattered_points()), _open_ground()
    scores = scoring.score_cells(points, outline, wards, total=500, method=Method(method), cell_metres=100)
    return _of_squares(method, scores, **changed)


def _scattered_points() -> tuple[pd.DataFrame, pd.DataFrame]:
    rng = np.random.default_rng(4)
    spread, corner = (
        pd.DataFrame(places + np.array([WEST, SOUTH]), columns=["easting", "northing"]).assign(count=1)
        for places in (rng.uniform(0, 3000, (300, 2)), rng.uniform(400, 700, (200, 2)))
    )
    return spread, corner


def _open_ground() -> tuple[shapely.Polygon, gpd.GeoDataFrame]:
    outline = shapely.box(WEST, SOUTH, WEST + 3000, SOUTH + 3000)
    return outline, gpd.GeoDataFrame({"ward_name": ["Ward 0"]}, geometry=[outline], crs=27700)


def _of_squares(method: str, scores: Scores, **changed: Any) -> Overlay:
    west, south, side = scores.table["west"], scores.table["south"], scores.cell_metres
    squares = gpd.GeoSeries(shapely.box(west, south, west + side, south + side), index=scores.table.index, crs=27700)
    table = scores.table.assign(label=scores.table.index)
    return _made("cells", method, scores, table, squares, dataset="street_points", has_points=True, **changed)


def _made(
    units: str, method: str, scores: Scores, table: pd.DataFrame, outlines: gpd.GeoSeries, **changed: Any
) -> Overlay:
    overlay = Overlay(
        question=understood(units=units, method=method, category=None, first_month=JANUARY, last_month=JANUARY),
        area_slug="north",
        area_name="North",
        area_key="F09000001+F09000002",
        category="Burglary",
        months=(JANUARY,),
        months_before=(),
        gaps=(),
        provisional=(),
        dataset="met_ward_counts",
        dataset_title="Met ward-level counts",
        measure="offences",
        has_points=False,
        versions=(VersionUsed("F09000001", "Alder", str(UUID(int=1)), 1, dt.date(2025, 2, 3)),),
        boundary_set="2022",
        boundary_set_before="",
        denominator="Census 2021 residents",
        attribution="Made up for tests.",
        scores=scores,
        table=table,
        outlines=outlines,
        inputs={},
        inputs_hash="0" * 64,
        is_kept=False,
    )
    return replace(overlay, **changed)
