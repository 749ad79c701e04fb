"""The map on paper: every unit is drawn as the page draws it, with names that do not lie over each other."""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

import geopandas as gpd
import pytest
import shapely

from hub.hotspots import drawing, layers
from hub.hotspots.layers import Show
from hub.hotspots.looks import UNKNOWN, look_of, looks
from hub.hotspots.overlays import Overlay
from tests.hotspots.overlays_made import made_of_agencies, made_of_cells, made_of_kinds, made_of_wards
from tests.hotspots.test_layers import boroughs

SVG = "{http://www.w3.org/2000/svg}"


def drawn(overlay: Overlay, show: Show, ground: gpd.GeoDataFrame | None = None) -> ET.Element:
    return ET.fromstring(drawing.map_svg(overlay, show, boroughs() if ground is None else ground))


def words(picture: ET.Element) -> list[str]:
    return list(dict.fromkeys(text.text or "" for text in picture.iter(f"{SVG}text")))


def test_the_style_sheet_of_the_page_says_how_a_class_looks() -> None:
    assert (look_of("hot-99-9").colour, look_of("hot-99-9").pattern) == ("#7a0019", "")
    assert (look_of("cold-95").colour, look_of("cold-95").pattern) == ("#8db8d9", "slanting")
    assert (look_of("intensifying").colour, look_of("intensifying").pattern) == ("#7a0019", "upright")
    assert look_of("no-figure") == UNKNOWN
    assert {look.pattern for look in looks().values()} - {""} == set(drawing.HATCHES)


def test_each_ward_is_filled_with_the_look_of_its_class() -> None:
    overlay = made_of_wards("gi_star", counts=[1, 2, 90, 80, 3, 5])
    keys, _ = layers.classes(overlay, Show.WARD_HOTSPOTS)
    picture = drawn(overlay, Show.WARD_HOTSPOTS)
    fills = [path.get("fill") for path in picture.iter(f"{SVG}path") if path.get("stroke") == drawing.SOFT_LINE]
    assert sorted(fills) == sorted(look_of(key).colour for key in set(keys))
    rings = sum(
        (path.get("d") or "").count("z")
        for path in picture.iter(f"{SVG}path")
        if path.get("stroke") == drawing.SOFT_LINE
    )
    assert rings == 6
    assert {"Alder", "Birch", "N", "1 km"} <= set(words(picture))


def test_hatching_is_in_the_picture_for_those_who_see_no_colour() -> None:
    picture = drawn(made_of_kinds("wards"), Show.WARD_EMERGING)
    patterns = {pattern.get("id") for pattern in picture.iter(f"{SVG}pattern")}
    used = set(re.findall(r"url\(#([\w-]+)\)", ET.tostring(picture, "unicode")))
    assert used <= patterns
    agencies = drawn(made_of_agencies("wards"), Show.WARD_AGENCIES)
    assert {pattern.get("id") for pattern in agencies.iter(f"{SVG}pattern")} == {"crossed-7a0019", "slanting-3f7cb0"}
    assert "pattern" in drawing.swatch_svg("cold-95")
    assert "pattern" not in drawing.swatch_svg("hot-95")


def test_squares_that_have_a_colour_are_drawn_where_they_lie() -> None:
    overlay = made_of_cells("gi_star")
    ground = gpd.GeoDataFrame(
        {"borough_name": ["Alder"]}, geometry=[shapely.union_all(overlay.outlines.to_numpy())], index=["F1"], crs=27700
    )
    picture = drawn(overlay, Show.CELL_HOTSPOTS, ground)
    paths = [path for path in picture.iter(f"{SVG}path") if path.get("stroke-width") == "0.4"]
    assert sum((path.get("d") or "").count("M") for path in paths) == len(overlay.hot)
    west, south, east, north = ground.total_bounds
    scale = (drawing.HEIGHT - drawing.FOOT - 2 * drawing.MARGIN) / (north - south)
    left = (drawing.WIDTH - (east - west) * scale) / 2
    corners = [
        tuple(map(float, found)) for path in paths for found in re.findall(r"M([\d.]+) ([\d.]+)", path.get("d") or "")
    ]
    expected = [
        (left + (row.west - west) * scale, drawing.MARGIN + (north - row.south - 100) * scale)
        for row in overlay.hot.itertuples()
    ]
    assert sorted(corners) == [
        pytest.approx(each, abs=0.06) for each in sorted((round(x, 1), round(y, 1)) for x, y in expected)
    ]
    assert "Alder" not in words(picture)


def test_a_long_name_is_parted_and_one_without_room_is_left() -> None:
    assert drawing._in_lines("Alder") == ["Alder"]
    assert drawing._in_lines("Barking and Dagenham") == ["Barking and", "Dagenham"]
    assert drawing._in_lines("Supercalifragilistic") == ["Supercalifragilistic"]
    overlay = made_of_wards("rate")
    same = boroughs()
    same["geometry"] = [same.geometry.iloc[0]] * 2
    wide = gpd.GeoDataFrame(same, crs=27700)
    taken: list[tuple[float, float, float, float]] = []
    frame = drawing._framed(wide)
    first = drawing._name(frame, "Alder", wide.geometry.iloc[0], 17, taken)
    assert "Alder" in first
    assert drawing._name(frame, "Birch", wide.geometry.iloc[1], 17, taken) == ""
    assert len(overlay.table) == 6


def test_a_ward_that_its_name_would_hide_has_none() -> None:
    overlay = made_of_wards("gi_star", counts=[1, 2, 90, 80, 3, 5])
    overlay.table["class"] = ["hot_99", "hot_99", *["not_significant"] * 4]
    assert {"Ward 0", "Ward 1"} <= set(words(drawn(overlay, Show.WARD_HOTSPOTS)))
    overlay.table["ward_name"] = "A ward with a name that is very far longer than the ward is wide"
    assert not [said for said in words(drawn(overlay, Show.WARD_HOTSPOTS)) if "longer" in said]


def test_a_name_is_only_a_name_in_the_picture() -> None:
    ground = boroughs()
    ground["borough_name"] = ['<script>"&', "Birch"]
    assert '<script>"&' in words(drawn(made_of_wards("rate"), Show.WARD_RATE, ground))
