"""A city of nine square wards that can be spoilt in every way."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import geopandas as gpd
import shapely

KILOMETRE = 1000.0
BOROUGHS = {"F09000001": "Alder", "F09000002": "Birch", "F09000003": "Cedar"}
BCUS = {"F09000001": "North Shore", "F09000002": "North Shore", "F09000003": "South Shore"}
CENTRE = "F05000005"
CITY = {"name": "Smallport", "fictional": True, "attribution": "Made up.", "in_force_from": {"2020": "2020-05-07"}}

WriteCity = Callable[..., Path]
"""The fixture that writes them into a folder."""


def nine_wards() -> gpd.GeoDataFrame:
    """Three boroughs side by side, of three wards each from south to north: F05000001 … F05000009."""
    rows = []
    for column, (borough_code, borough_name) in enumerate(BOROUGHS.items()):
        for row, side in enumerate(("South", "Middle", "North")):
            west, south = 600_000 + column * KILOMETRE, 400_000 + row * KILOMETRE
            rows.append(
                {
                    "ward_code": f"F0500000{3 * column + row + 1}",
                    "ward_name": f"{borough_name} {side}",
                    "borough_code": borough_code,
                    "borough_name": borough_name,
                    "geometry": shapely.box(west, south, west + KILOMETRE, south + KILOMETRE),
                }
            )
    return gpd.GeoDataFrame(rows, crs=27700)


def three_boroughs() -> gpd.GeoDataFrame:
    """The boroughs of the nine wards."""
    return nine_wards().dissolve(["borough_code", "borough_name"])[["geometry"]].reset_index()


def with_outline(frame: gpd.GeoDataFrame, code: str, outline: shapely.Geometry | None) -> gpd.GeoDataFrame:
    """The frame with another outline for one ward."""
    changed = frame.copy()
    changed.loc[changed["ward_code"] == code, "geometry"] = gpd.GeoSeries([outline], crs=27700).array
    return changed
