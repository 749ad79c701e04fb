"""The planted hotspots that have newly come lead what is new in their BCU."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import orjson
import pandas as pd
import pytest

from geo import boundaries
from geo.frames import to_national_grid
from geo.hotspots import NOT_TESTED
from hub.briefings import places_found
from hub.briefings.places_found import Followed, Place
from hub.hotspots.emergence import MONTHS_FOLLOWED, follow_cells

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("demo")]

WITHIN_METRES = 600
LEADING = {"North Shore": {"H06", "H07"}, "South Shore": {"H05"}}


def street_points(folder: Path) -> pd.DataFrame:
    """The incidents of the last months, as the city's street-level files give them."""
    files = sorted(folder.glob("police-uk/*/*.csv*"))[-MONTHS_FOLLOWED:]
    rows = pd.concat([pd.read_csv(path) for path in files]).dropna(subset=["Longitude"])
    easting, northing = to_national_grid(rows["Longitude"].to_numpy(), rows["Latitude"].to_numpy())
    return pd.DataFrame(
        {
            "easting": easting,
            "northing": northing,
            "month": [pd.Timestamp(f"{month}-01").date() for month in rows["Month"]],
            "category": rows["Crime type"].to_numpy(),
            "count": 1,
        }
    )


def leading(points: pd.DataFrame, wards: gpd.GeoDataFrame) -> list[Place]:
    """The places of one BCU, found as the hub finds them."""
    outline = boundaries.outline(wards)
    here = points[gpd.points_from_xy(points["easting"], points["northing"]).within(outline)]
    months = sorted(here["month"].unique())
    followed = []
    for category, rows in [("All recorded crime", here), *here.groupby("category")]:
        scores = follow_cells(rows, months, outline, wards, total=len(rows))
        table, side = scores.table, scores.cell_metres
        hot = table[table["class"].str.endswith("_hot")]
        squares = gpd.GeoSeries.from_wkt(
            [f"POLYGON(({w} {s}, {w + side} {s}, {w + side} {s + side}, {w} {s + side}, {w} {s}))"
             for w, s in zip(hot["west"], hot["south"], strict=True)],
            index=hot.index,
            crs=27700,
        )  # fmt: skip
        p = table.loc[table["class"] != NOT_TESTED, "p"].to_numpy(dtype=float)
        is_part = category != "All recorded crime"
        followed.append(Followed(category, is_part, gpd.GeoDataFrame(hot, geometry=squares), p, len(months)))
    return list(places_found.find_places(followed, is_two_sided=False).places)


def test_what_was_planted_to_emerge_leads_its_bcu(folder: Path) -> None:
    planted = {each["id"]: each for each in orjson.loads((folder / "planted.json").read_bytes())["hotspots"]}
    wards = gpd.read_file(max(folder.glob("wards-*.gpkg"))).set_index("ward_code").to_crs(27700)
    bcus = pd.read_csv(folder / "bcu.csv")
    points = street_points(folder)
    for bcu, wanted in LEADING.items():
        codes = set(bcus.loc[bcus["bcu_name"] == bcu, "borough_code"])
        places = leading(points, wards[wards["borough_code"].isin(codes)])[: len(wanted)]
        assert {place.kind for place in places} <= {"new", "consecutive"}
        near = {
            key
            for place in places
            for key, hotspot in planted.items()
            if np.hypot(place.easting - hotspot["easting"], place.northing - hotspot["northing"]) <= WITHIN_METRES
        }
        assert wanted <= near, bcu
