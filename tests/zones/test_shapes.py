"""From what is typed to ground, and what can be no zone."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import pytest
import shapely

from geo.frames import to_longitude_latitude
from hub.errors import BadRequest
from hub.uploads.reading.outlines import Area, Areas
from hub.zones import shapes

CITY = shapely.box(530_000, 180_000, 534_000, 182_000)


def test_corners_and_squares_are_read_as_they_are_written() -> None:
    square = shapely.box(530_100, 180_000, 530_400, 180_300)
    typed = shapes.of_corners("530100, 180000\n530400 180000\n\n 530400;180300\r\n530100,180300\n")
    assert typed is not None
    assert typed.equals(square)
    named = shapes.of_squares("300m-E530100-N180000, 300m-E530400-N180000")
    assert named is not None
    assert named.equals(shapely.box(530_100, 180_000, 530_700, 180_300))
    assert shapes.of_corners(" \n ") is shapes.of_squares("") is shapes.together([None]) is None
    together = shapes.together([typed, named, None])
    assert together is not None
    assert together.equals(named)
    for written, said in (
        ("530100, 180000\n530400", "Line 2 of the corners is '530400'"),
        ("530100, 180000\nnan, 2\n3,4", "Line 2 of the corners"),
        ("51.5, -0.1\n1,2\n3,4", "Line 1 of the corners"),
        ("530100, 180000\n530400 180000", "A zone of 2 corners"),
        ("1,1\n2,2\n1,2\n2,1", "the lines between them cross"),
        ("1,1\n" * 1001, "A zone of 1,001 corners"),
    ):
        with pytest.raises(BadRequest, match=said):
            shapes.of_corners(written)
    for written, said in (("300m-E1", "not the name of a square"), ("a " * 1001, "1,001 squares were given")):
        with pytest.raises(BadRequest, match=said):
            shapes.of_squares(written)


def test_areas_of_a_file_keep_their_holes_and_come_to_metres() -> None:
    shell, hole = shapely.box(530_000, 180_000, 531_000, 181_000), shapely.box(530_400, 180_400, 530_600, 180_600)
    wanted = shapely.difference(shell, hole)
    rings = [list(each.exterior.coords) for each in (shell, hole)]
    found = shapes.of_areas(Areas(27700, (Area(rings[:1], rings[1:]),)))
    assert found.equals(wanted)
    degrees = [list(zip(*map(list, to_longitude_latitude(*zip(*ring, strict=True))), strict=True)) for ring in rings]
    found = shapes.of_areas(Areas(4326, (Area(degrees[:1], degrees[1:]),)))
    assert shapely.symmetric_difference(found, wanted).area < 10
    with pytest.raises(BadRequest, match="nowhere on the National Grid"):
        shapes.of_areas(Areas(4326, (Area([[(0.0, 51.0), (0.1, 51.0), (0.1, 95.0), (0.0, 51.0)]], []),)))


def test_a_zone_lies_in_its_area_and_is_no_sliver() -> None:
    over_the_edge = shapely.box(529_970, 180_500, 530_500, 181_000)
    assert shapes.fitted(over_the_edge, CITY, "Alder").equals(shapely.box(530_000, 180_500, 530_500, 181_000))
    for ground, said in (
        (shapely.box(529_000, 180_500, 531_000, 181_000), "About 50% of the zone lies outside Alder"),
        (shapely.box(520_000, 180_500, 521_000, 181_000), "All of the zone lies outside Alder"),
        (shapely.box(531_000, 181_000, 531_090, 181_090), "The zone is too small"),
        (shapely.box(531_000, 181_000, 533_000, 181_010), "The zone is too small"),
        (shapely.box(529_960, 180_500, 530_000, 181_000), "The zone is too small"),
    ):
        with pytest.raises(BadRequest, match=said):
            shapes.fitted(ground, CITY, "Alder")


def test_every_real_ward_can_be_a_zone_of_its_borough(real_data: Path) -> None:
    wards = gpd.read_file(real_data / "wards-2022.gpkg", layer="wards")
    boroughs = gpd.read_file(real_data / "boroughs.gpkg").set_index("borough_code").geometry
    assert len(wards) == 704
    for ward in wards.itertuples():
        zone = shapes.fitted(ward.geometry, boroughs[ward.borough_code], str(ward.borough_code))
        assert zone.area > 0.97 * ward.geometry.area
        assert shapely.difference(zone, boroughs[ward.borough_code]).area < 1
