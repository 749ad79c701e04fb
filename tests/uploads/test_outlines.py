"""Areas that somebody drew, read from every map file that the hub takes, as a map library would read them."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import geopandas as gpd
import pytest
import shapely

from hub.access import Role
from hub.errors import BadFile
from hub.uploads import confined, drawn, reading
from hub.uploads.reading import Limits, geopackage, outlines, shapefile
from hub.uploads.reading.outlines import Areas
from tests.uploads.desk import Desk
from tests.uploads.made import feature, geojson, gpkg, packed, shapefile_parts

RING = [(530_000.0, 180_000.0), (530_000.0, 181_000.0), (531_000.0, 181_000.0), (531_000.0, 180_000.0)]
HOLE = [(x / 10 + 477_500.0, y / 10 + 162_500.0) for x, y in RING]
DRAWN = gpd.GeoDataFrame(
    {"name": ["one", "two"]},
    geometry=[
        shapely.Polygon(RING, [HOLE]),
        shapely.MultiPolygon([shapely.box(532_000, 180_000, 532_500, 181_000), shapely.box(534_000, 0, 535_000, 9)]),
    ],
    crs=27700,
)
Write = Callable[[gpd.GeoDataFrame, Path], Path]


def as_shapefile(drawn: gpd.GeoDataFrame, folder: Path) -> Path:
    drawn.to_file(folder / "drawn.shp")
    with zipfile.ZipFile(folder / "drawn.zip", "w") as archive:
        for part in folder.glob("drawn.[!z]*"):
            archive.write(part, part.name)
    return folder / "drawn.zip"


def as_file(ending: str) -> Write:
    def write(drawn: gpd.GeoDataFrame, folder: Path) -> Path:
        drawn.to_file(folder / f"drawn.{ending}")
        return folder / f"drawn.{ending}"

    return write


def ground(found: Areas) -> shapely.Geometry:
    shells, holes = (
        shapely.union_all([shapely.Polygon(ring) for area in found.areas for ring in getattr(area, name)])
        for name in ("shells", "holes")
    )
    return shapely.difference(shells, holes)


def read(content: bytes, name: str, folder: Path) -> Areas:
    (folder / "original").write_bytes(content)
    return reading.read_areas(folder / "original", name, Limits(), folder)


@pytest.mark.parametrize("write", [as_shapefile, as_file("gpkg"), as_file("geojson")])
@pytest.mark.parametrize("epsg", [27700, 4326, 3857])
def test_areas_of_every_map_file_are_read_with_their_holes(write: Write, epsg: int, tmp_path: Path) -> None:
    drawn = DRAWN.to_crs(epsg)
    path = write(drawn, tmp_path)
    found = reading.read_areas(path, path.name, Limits(), tmp_path)
    assert found.epsg == (27700 if epsg == 27700 else 4326)
    wanted = shapely.union_all(list(drawn.geometry if epsg == 27700 else drawn.to_crs(4326).geometry))
    assert shapely.symmetric_difference(ground(found), wanted).area <= 1e-6 * wanted.area


@pytest.mark.parametrize("write", [as_shapefile, as_file("gpkg"), as_file("geojson")], ids=["shp", "gpkg", "geojson"])
def test_areas_may_have_so_many_corners_in_every_format(
    write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(DRAWN, tmp_path)
    corners = len(shapely.get_coordinates(DRAWN.geometry))
    for most in (corners + 1, corners):
        set_most_corners(monkeypatch, most)
        found = reading.read_areas(path, path.name, Limits(), tmp_path)
        assert sum(len(ring) for area in found.areas for ring in [*area.shells, *area.holes]) == corners
    set_most_corners(monkeypatch, corners - 1)
    with pytest.raises(BadFile, match=f"more than {corners - 1} corners") as refusal:
        reading.read_areas(path, path.name, Limits(), tmp_path)
    assert refusal.value.remedy


def set_most_corners(monkeypatch: pytest.MonkeyPatch, most: int) -> None:
    for module in (outlines, geopackage, shapefile):
        monkeypatch.setattr(module, "MOST_CORNERS", most)


def test_the_child_reads_them_and_gives_only_numbers(tmp_path: Path) -> None:
    original = tmp_path / "original"
    original.write_bytes(as_file("gpkg")(DRAWN, tmp_path).read_bytes())
    found = confined.areas(original, "drawn.gpkg", Limits())
    assert ground(found).equals(shapely.union_all(list(DRAWN.geometry)))
    original.write_bytes(gpkg())
    with pytest.raises(BadFile, match="points or lines"):
        confined.areas(original, "drawn.gpkg", Limits())


def test_what_is_no_area_or_nowhere_is_refused_in_words(tmp_path: Path) -> None:
    square = [[*RING, RING[0]]]
    cut = as_file("gpkg")(DRAWN, tmp_path)
    twice = tmp_path / "twice.gpkg"
    for layer in ("one", "two"):
        DRAWN.to_file(twice, layer=layer)
    many = [[(500_000.0 + at, 180_000.0) for at in range(50_001)]]
    for content, name, said in (
        (geojson(feature([0.1, 51.5])), "a.geojson", "points or lines"),
        (geojson(feature(square, "Polygon")), "a.geojson", "coordinate system of the file is not clear"),
        (geojson(), "a.geojson", "holds no area"),
        (geojson(feature([[[0.1, 51.5]]], "Polygon")), "a.geojson", "damaged"),
        (geojson(feature([], "Polygon")), "a.geojson", "damaged"),
        (geojson(feature(7, "MultiPolygon")), "a.geojson", "damaged"),
        (geojson(feature(many, "Polygon"), crs=crs("EPSG:27700")), "a.geojson", "more than 50,000 corners"),
        (geojson(feature(square, "Polygon"), crs=crs("EPSG:2154")), "a.geojson", "coordinate system"),
        (packed(shapefile_parts()), "a.zip", "points or lines"),
        (twice.read_bytes(), "a.gpkg", "has 2 layers: one, two"),
        (gpkg(kind="POLYGON", sql="UPDATE crimes SET geom = x'475000010000'"), "a.gpkg", "damaged"),
        (
            gpkg(kind="POLYGON", sql="UPDATE crimes SET geom = x'4750000000000000010300000001000000'"),
            "a.gpkg",
            "damaged",
        ),
        (cut.read_bytes(), "a.geojson", "but it is not"),
        (b"ward,count", "a.csv", "name of this file ends in none of these"),
    ):
        with pytest.raises(BadFile, match=said):
            read(content, name, tmp_path)
    known = read(geojson(feature(square, "Polygon"), crs=crs("urn:ogc:def:crs:EPSG::27700")), "a.json", tmp_path)
    assert ground(known).area == 1_000_000


def crs(name: str) -> dict[str, object]:
    return {"type": "name", "properties": {"name": name}}


def test_a_map_file_may_be_so_large_and_is_never_kept(
    desk: Desk, people: dict[Role, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    content = geojson(feature([[*RING, RING[0]]], "Polygon"), crs=crs("EPSG:27700"))
    with desk.reading(people[Role.CSP_ANALYST]) as viewer:
        for most in (len(content) + 1, len(content)):
            monkeypatch.setattr(drawn, "MOST_BYTES", most)
            assert ground(drawn.areas_in(viewer, io.BytesIO(content), "a.geojson")).area == 1_000_000
        monkeypatch.setattr(drawn, "MOST_BYTES", len(content) - 1)
        with pytest.raises(BadFile, match="larger than"):
            drawn.areas_in(viewer, io.BytesIO(content), "a.geojson")
        folder: Path = viewer.session.info["files"]
    assert not [path for path in folder.rglob("*") if path.is_file()]


def test_real_boundaries_are_read_to_the_corner(real_data: Path, tmp_path: Path) -> None:
    path = real_data / "boroughs.geojson"
    one = json.loads(path.read_bytes())
    one["features"] = one["features"][:1]
    (tmp_path / "one.geojson").write_text(json.dumps(one), "utf-8")
    found = reading.read_areas(tmp_path / "one.geojson", "one.geojson", Limits(), tmp_path)
    assert ground(found).equals(gpd.read_file(path).geometry.iloc[0])
