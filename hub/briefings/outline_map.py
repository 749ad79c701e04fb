"""A small map of an area: outlines of its boroughs with a few numbered places, as paths that a page draws itself.

Pure. It is a picture to find one's way by; nothing is measured on it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import shapely

from geo.frames import FloatArray, Geometry

WIDTH = 460
MARGIN = 12
TALLEST = 520
PIXELS_TOLD_APART = 1.0


@dataclass(frozen=True)
class Outline:
    """One borough: its path, and its name with where that stands."""

    path: str
    x: float
    y: float
    name: str


@dataclass(frozen=True)
class Mark:
    """One place: its ground, and its number with where that stands."""

    path: str
    x: float
    y: float
    number: int


@dataclass(frozen=True)
class OutlineMap:
    """What is drawn, in units of the picture."""

    width: int
    height: int
    outlines: tuple[Outline, ...]
    marks: tuple[Mark, ...]


def outline_map(boroughs: gpd.GeoDataFrame, grounds: Sequence[Geometry]) -> OutlineMap:
    """Draw boroughs (`borough_name` and outlines, EPSG:27700) and the ground of each place, numbered from 1."""
    west, south, east, north = (float(end) for end in boroughs.total_bounds)
    inner = WIDTH - 2 * MARGIN
    scale = min(inner / (east - west), (TALLEST - 2 * MARGIN) / (north - south))
    height = round((north - south) * scale) + 2 * MARGIN
    left = MARGIN + (inner - (east - west) * scale) / 2

    def placed(points: FloatArray) -> FloatArray:
        moved: FloatArray = np.column_stack(
            [left + (points[:, 0] - west) * scale, MARGIN + (north - points[:, 1]) * scale]
        )
        return moved

    simple = boroughs.geometry.simplify_coverage(PIXELS_TOLD_APART / scale)
    outlines = []
    for name, shape in zip(boroughs["borough_name"], simple, strict=True):
        drawn = shapely.transform(shape, placed)
        middle = drawn.representative_point()
        outlines.append(Outline(_path(drawn), round(middle.x, 1), round(middle.y, 1), str(name)))
    marks = []
    for number, ground in enumerate(grounds, start=1):
        drawn = shapely.transform(ground, placed)
        middle = drawn.centroid
        marks.append(Mark(_path(drawn), round(middle.x, 1), round(middle.y, 1), number))
    return OutlineMap(WIDTH, height, tuple(outlines), tuple(marks))


def _path(shape: Geometry) -> str:
    """Write every ring of a shape as one path."""
    rings = [ring for polygon in shapely.get_parts(shape) for ring in (polygon.exterior, *polygon.interiors)]
    written = (" ".join(f"{x:.1f},{y:.1f}" for x, y in shapely.get_coordinates(ring)[:-1]) for ring in rings)
    return "".join(f"M{points}Z" for points in written)
