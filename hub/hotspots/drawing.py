"""An overlay's map as an SVG picture: areas or squares, boroughs and their names, a scale bar and north.

Drawn on the National Grid, for paper. It looks as the page's map does, hatching and all, and decides nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from html import escape

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from geo.frames import Geometry
from hub.hotspots import layers
from hub.hotspots.layers import Show
from hub.hotspots.looks import PLAIN, Look, look_of
from hub.hotspots.overlays import Overlay
from hub.hotspots.scoring import Units

WIDTH, HEIGHT, MARGIN, FOOT = 1000, 840, 14, 30
SOFT_LINE, INK = "#6f777b", "#0b0c0c"
TEXT_SIZE = 17
MOST_OVERHANG = 1.6
LONG_NAME, LINE_HEIGHT = 14, 1.1
LETTER_WIDTH = 0.56
"""Of the text's size, on average."""
NAMED = ("hot", "risen", "new", "diminishing", "historical", "gap", "quiet-gap")
NAMED_AT_MOST = 8
TILE = 8
HATCHES = {
    "slanting": "M-8 8 0 0M0 8 8 0M8 8 16 0",
    "falling": "M-8 0 0 8M0 0 8 8M8 0 16 8",
    "upright": "M4 0V8",
    "level": "M0 4H8",
    "crossed": "M4 0V8M0 4H8",
    "dotted": "M2.75 4H5.25",
}
BARS_METRES = (100, 200, 500, 1000, 2000, 5000, 10_000)


@dataclass(frozen=True)
class _Frame:
    """Turns metres into the picture's units, north up."""

    west: float
    north: float
    scale: float

    def __call__(self, points: np.ndarray) -> np.ndarray:
        turned: np.ndarray = (points - [self.west, self.north]) * [self.scale, -self.scale]
        return turned


def map_svg(overlay: Overlay, show: Show, boroughs: gpd.GeoDataFrame) -> str:
    """Draw the map of an overlay.

    Parameters
    ----------
    overlay, show
        What is drawn, and which of its figures.
    boroughs : GeoDataFrame
        `borough_name` and outlines, EPSG:27700.
    """
    keys, _ = layers.classes(overlay, show)
    frame = _framed(boroughs)
    tolerance = 0.5 / frame.scale
    outlines = boroughs.geometry.simplify_coverage(tolerance)
    if overlay.units is Units.CELLS:
        ground = [f'<path d="{_paths(frame, outlines)}" fill="#fff"/>']
        drawn = [*ground, *_squares(frame, overlay, keys)]
    else:
        wards = overlay.outlines.simplify_coverage(tolerance)
        outlines = gpd.GeoSeries(
            [shapely.coverage_union_all(np.asarray(its)) for _, its in wards.groupby(overlay.table["borough_code"])]
        )
        drawn = _wards(frame, wards, keys)
    drawn.append(f'<path d="{_paths(frame, outlines)}" fill="none" stroke="{INK}" stroke-width="2.4"/>')
    used = sorted({look for key in keys.unique() if (look := look_of(key)).pattern != PLAIN}, key=repr)
    patterns = "".join(map(_hatching, used))
    names = _names(frame, overlay, keys, boroughs)
    furniture = [*names, _scale_bar(frame), _north()]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="Liberation Sans, Arial, '
        f'sans-serif"><defs>{patterns}</defs>{"".join(drawn)}{"".join(furniture)}</svg>'
    )


def swatch_svg(key: str) -> str:
    """Draw the sample of a class that stands in the legend."""
    look = look_of(key)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 44 28"><defs>{_hatching(look)}</defs>'
        f'<rect x="1" y="1" width="42" height="26" fill="{_fill(look)}" stroke="{SOFT_LINE}" stroke-width="2"/></svg>'
    )


def _framed(boroughs: gpd.GeoDataFrame) -> _Frame:
    west, south, east, north = boroughs.total_bounds
    scale = min((WIDTH - 2 * MARGIN) / (east - west), (HEIGHT - FOOT - 2 * MARGIN) / (north - south))
    spare_x, spare_y = WIDTH / scale - (east - west), (HEIGHT - FOOT) / scale - (north - south)
    return _Frame(west - spare_x / 2, north + spare_y / 2, scale)


def _wards(frame: _Frame, wards: gpd.GeoSeries, keys: pd.Series[str]) -> list[str]:
    return [
        f'<path d="{_paths(frame, its)}" fill="{_fill(look_of(str(key)))}" stroke="{SOFT_LINE}" stroke-width="0.8"/>'
        for key, its in wards.groupby(keys)
    ]


def _squares(frame: _Frame, overlay: Overlay, keys: pd.Series[str]) -> list[str]:
    """One path for all the squares of a class; what has no colour on the page has none here."""
    side = (overlay.cell_metres or 0) * frame.scale
    drawn = []
    for key, cells in overlay.table[~keys.isin(layers.NOT_COLOURED)].groupby(keys):
        north = cells["south"] + (overlay.cell_metres or 0)
        north_west = np.column_stack([cells["west"], north]).astype(float)
        path = "".join(f"M{x:.1f} {y:.1f}h{side:.2f}v{side:.2f}h-{side:.2f}z" for x, y in frame(north_west).tolist())
        fill = _fill(look_of(str(key)))
        drawn.append(f'<path d="{path}" fill="{fill}" stroke="{look_of(str(key)).colour}" stroke-width="0.4"/>')
    return drawn


def _paths(frame: _Frame, shapes: Iterable[Geometry]) -> str:
    rings = shapely.get_rings(shapely.get_parts(np.asarray(list(shapes), dtype=object)))
    drawn = []
    for ring in rings:
        points = frame(shapely.get_coordinates(ring)[:-1]).round(1).tolist()
        drawn.append("M" + "L".join(f"{x:g} {y:g}" for x, y in points) + "z")
    return "".join(drawn)


# --- How a class looks -----------------------------------------------------------------------------------------------


def _fill(look: Look) -> str:
    return look.colour if look.pattern == PLAIN else f"url(#{_pattern_name(look)})"


def _pattern_name(look: Look) -> str:
    return f"{look.pattern}-{look.colour.removeprefix('#')}"


def _hatching(look: Look) -> str:
    if look.pattern == PLAIN:
        return ""
    return (
        f'<pattern id="{_pattern_name(look)}" width="{TILE}" height="{TILE}" patternUnits="userSpaceOnUse">'
        f'<rect width="{TILE}" height="{TILE}" fill="#fff"/>'
        f'<path d="{HATCHES[look.pattern]}" stroke="{look.colour}" stroke-width="2.8" fill="none"/></pattern>'
    )


# --- Names, scale and north ------------------------------------------------------------------------------------------


def _names(frame: _Frame, overlay: Overlay, keys: pd.Series[str], boroughs: gpd.GeoDataFrame) -> list[str]:
    """Name boroughs and, if they are few, the wards that matter; a name that would lie over an earlier one is left."""
    wanted: list[tuple[str, Geometry, int]] = []
    is_named = keys.str.startswith(NAMED)
    if overlay.units is Units.WARDS and 0 < is_named.sum() <= NAMED_AT_MOST:
        named = overlay.table.index[is_named]
        places = [(str(overlay.table.loc[code, "ward_name"]), overlay.outlines[code]) for code in named]
        wanted += [(name, shape, TEXT_SIZE) for name, shape in places if _has_room(frame, name, shape)]
    if len(boroughs) > 1:
        wanted += [
            (name, shape, TEXT_SIZE + 2)
            for name, shape in zip(boroughs["borough_name"], boroughs.geometry, strict=True)
        ]
    taken: list[tuple[float, float, float, float]] = []
    return [text for name, shape, size in wanted if (text := _name(frame, name, shape, size, taken))]


def _name(frame: _Frame, name: str, shape: Geometry, size: int, taken: list[tuple[float, float, float, float]]) -> str:
    lines = _in_lines(name)
    x, y = frame(shapely.get_coordinates(shapely.point_on_surface(shape)))[0].tolist()
    reach, height = max(map(len, lines)) * size * LETTER_WIDTH / 2, size * LINE_HEIGHT * len(lines)
    x = min(max(x, reach + 4), WIDTH - reach - 4)
    box = (x - reach, y - height / 2, x + reach, y + height / 2)
    if any(
        box[0] < to_x and from_x < box[2] and box[1] < to_y and from_y < box[3] for from_x, from_y, to_x, to_y in taken
    ):
        return ""
    taken.append(box)
    baselines = (box[1] + size * (0.9 + LINE_HEIGHT * at) for at in range(len(lines)))
    written = (
        _text(x, baseline, line, size=size, anchor="middle", weight="bold")
        for baseline, line in zip(baselines, lines, strict=True)
    )
    return "".join(written)


def _has_room(frame: _Frame, name: str, ward: Geometry) -> bool:
    """Whether a ward is drawn so large that its name would not hide it and its neighbours."""
    west, _, east, _ = ward.bounds
    across = max(map(len, _in_lines(name))) * TEXT_SIZE * LETTER_WIDTH
    return (east - west) * frame.scale * MOST_OVERHANG >= across


def _in_lines(name: str) -> list[str]:
    """Part a long name at the space nearest its middle."""
    spaces = [at for at, letter in enumerate(name) if letter == " "]
    if len(name) <= LONG_NAME or not spaces:
        return [name]
    at = min(spaces, key=lambda place: abs(place - len(name) / 2))
    return [name[:at], name[at + 1 :]]


def _text(x: float, y: float, words: str, *, size: int, anchor: str = "start", weight: str = "normal") -> str:
    """Write on white edges, so that it is read on any colour."""
    common = f'x="{x:.1f}" y="{y:.1f}" font-size="{size}" text-anchor="{anchor}" font-weight="{weight}"'
    said = escape(words)
    return (
        f'<text {common} fill="#fff" stroke="#fff" stroke-width="5" stroke-linejoin="round">{said}</text>'
        f'<text {common} fill="{INK}">{said}</text>'
    )


def _scale_bar(frame: _Frame) -> str:
    metres = max([bar for bar in BARS_METRES if bar * frame.scale <= WIDTH / 4] or BARS_METRES[:1])
    length, y = metres * frame.scale, HEIGHT - 16
    said = f"{metres} m" if metres < 1000 else f"{metres // 1000} km"
    half = length / 2
    return (
        f'<rect x="14" y="{y - 9}" width="{length:.1f}" height="9" fill="#fff" stroke="{INK}" stroke-width="1.4"/>'
        f'<rect x="14" y="{y - 9}" width="{half:.1f}" height="9" fill="{INK}"/>'
        + _text(20 + length, y, said, size=TEXT_SIZE)
    )


def _north() -> str:
    x = WIDTH - 30
    return f'<path d="M{x} 16L{x + 12} 50L{x} 42L{x - 12} 50z" fill="{INK}" stroke="#fff" stroke-width="1.5"/>' + _text(
        x, 70, "N", size=TEXT_SIZE, anchor="middle", weight="bold"
    )
