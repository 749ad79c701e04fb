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

from geo.rates import rate_per
from hub.hotspots import scoring
from hub.hotspots.checking import understood
from hub.hotspots.overlays import Overlay, VersionUsed
from hub.hotspots.scoring import Method, Scores

JANUARY = dt.date(2025, 1, 1)
WEST, SOUTH = 530_000, 180_000


def made_of_wards(method: str, *, counts: Sequence[float] = (5, 8, 40, 35, 6, 2), **changes: Any) -> Overlay:
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
    return _made("wards", method, scores, table.join(scores.table), wards.geometry, **changes)


def made_of_cells(method: str, **changes: Any) -> Overlay:
    """A square of 3 km with a busy corner, in squares of 100 m."""
    rng = np.random.default_rng(4)
    spread, corner = rng.uniform(0, 3000, (300, 2)), rng.uniform(400, 700, (200, 2))
    places = np.vstack([spread, corner]) + np.array([WEST, SOUTH])
    points = pd.DataFrame(places, columns=["easting", "northing"]).assign(count=1)
    outline = shapely.box(WEST, SOUTH, WEST + 3000, SOUTH + 3000)
    wards = gpd.GeoDataFrame({"ward_name": ["Ward 0"]}, geometry=[outline], crs=27700)
    scores = scoring.score_cells(points, outline, wards, total=500, method=Method(method), cell_metres=100)
    west, south = scores.table["west"], scores.table["south"]
    squares = gpd.GeoSeries(shapely.box(west, south, west + 100, south + 100), index=scores.table.index, crs=27700)
    table = scores.table.assign(label=scores.table.index)
    return _made("cells", method, scores, table, squares, dataset="street_points", has_points=True, **changes)


def _made(
    units: str, method: str, scores: Scores, table: pd.DataFrame, outlines: gpd.GeoSeries, **changes: Any
) -> Overlay:
    overlay = Overlay(
        question=understood(units=units, method=method, category=None, first_month=JANUARY, last_month=JANUARY),
        area_slug="north",
        area_name="North",
        area_key="F09000001+F09000002",
        category="Burglary",
        months=(JANUARY,),
        gaps=(),
        provisional=(),
        dataset="met_ward_counts",
        dataset_title="Met ward-level counts",
        measure="offences",
        has_points=False,
        versions=(VersionUsed("F09000001", "Alder", str(UUID(int=1)), 1, dt.date(2025, 2, 3)),),
        boundary_set="2022",
        denominator="Census 2021 residents",
        attribution="Made up for tests.",
        scores=scores,
        table=table,
        outlines=outlines,
        inputs={},
        inputs_hash="0" * 64,
        is_kept=False,
    )
    return replace(overlay, **changes)
