"""Map layers become tables of their attributes and their points; areas and what cannot be trusted are refused."""

from __future__ import annotations

import json
import math
import struct
from pathlib import Path

import pyproj
import pytest

from geo.frames import to_longitude_latitude
from hub.errors import BadFile
from hub.uploads import reading
from hub.uploads.reading import Limits, Table
from tests.uploads.desk import read
from tests.uploads.made import (
    DEGREES_PRJ,
    dbf,
    feature,
    geojson,
    gpkg,
    gpkg_blob,
    packed,
    shapefile_parts,
    shp,
    wkb_point,
)

EAST, NORTH = 530_000.0, 180_000.5


def rows(table: Table) -> list[tuple[object, ...]]:
    return table.cells.drop("surplus").rows()


# --- GeoJSON ---------------------------------------------------------------------------------------------------------


def test_geojson_gives_its_properties_and_degrees() -> None:
    features = (
        feature([-0.1276, 51.5, 12], ward="Abbey", count=3.0, known=True),
        feature([[-0.2, 51.4]], "MultiPoint", ward=None, more={"a": [1]}),
        {"type": "Feature", "geometry": None, "properties": None},
    )
    table = read(b"\xef\xbb\xbf" + geojson(*features, name="crimes"), "crimes.geojson")
    assert table.headings == ("ward", "count", "known", "more", "Longitude", "Latitude")
    assert rows(table) == [
        (2, "Abbey", "3", "TRUE", None, "-0.1276", "51.5"),
        (3, None, None, None, '{"a": [1]}', "-0.2", "51.4"),
    ]
    assert (table.format, table.sheet, table.questions) == ("geojson", "crimes", ())


@pytest.mark.parametrize(
    "name", ["urn:ogc:def:crs:EPSG::27700", "urn:ogc:def:crs:EPSG:9.9:27700", "EPSG:27700", "epsg:27700"]
)
def test_geojson_of_the_older_standard_may_name_the_national_grid(name: str) -> None:
    named = {"type": "name", "properties": {"name": name}}
    table = read(geojson(feature([EAST, NORTH], ward="Abbey"), crs=named), "crimes.json")
    assert (table.headings, rows(table)) == (("ward", "Easting", "Northing"), [(2, "Abbey", "530000", "180000.5")])
    crs84 = {"type": "name", "properties": {"name": "urn:ogc:def:crs:OGC:1.3:CRS84"}}
    for degrees in (crs84, {"type": "name", "properties": {"name": "EPSG:4326"}}):
        assert read(geojson(feature([0, 51]), crs=degrees), "crimes.json").headings == ("Longitude", "Latitude")


def test_positions_that_cannot_be_degrees_are_asked_about() -> None:
    content = geojson(feature([EAST, NORTH], ward="Abbey"))
    asked = read(content, "crimes.geojson")
    (question,) = asked.questions
    assert ("says that its positions are in EPSG:4326" in question.sentence, question.choices[0][0]) == (True, "27700")
    assert asked.headings == ("ward", "Easting", "Northing")
    assert rows(read(content, "crimes.geojson", answers={"crs": "27700"})) == rows(asked)
    with pytest.raises(BadFile, match="nowhere in Britain"):
        read(content, "crimes.geojson", answers={"crs": "4326"})
    nowhere = packed({**shapefile_parts(prj=None), "crimes.shp": shp([(9e6, 9e6), (9e6, 9e6)])})
    with pytest.raises(BadFile, match="nowhere in Britain"):
        read(nowhere, "crimes.zip")


def test_positions_the_wrong_way_round_are_left_for_the_check_to_ask_about() -> None:
    table = read(geojson(*[feature([51.5, -0.1276])] * 3), "crimes.geojson")
    assert (table.questions, rows(table)[0]) == ((), (2, "51.5", "-0.1276"))


def test_web_mercator_becomes_the_degrees_it_stretched() -> None:
    crs = {"type": "name", "properties": {"name": "EPSG:3857"}}
    stretched = pyproj.Transformer.from_crs(4326, 3857, always_xy=True).transform(-0.1276, 51.5072)
    ((_, longitude, latitude),) = rows(read(geojson(feature(stretched), crs=crs), "crimes.geojson"))
    assert (float(str(longitude)), float(str(latitude))) == pytest.approx((-0.1276, 51.5072), abs=1e-9)


AREA = feature([[[0, 51], [1, 51], [1, 52], [0, 51]]], "Polygon")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b'{"type": "FeatureCollection", "features": [NaN]}', "not JSON"),
        (b'{"type": "FeatureCollection", "features": [}', "not JSON"),
        (b'{"type": "FeatureCollection"}', "no GeoJSON"),
        (b"[1, 2]", "no GeoJSON"),
        (b'{"type": "FeatureCollection", "features": []}', "no rows"),
        (b'{"type": "FeatureCollection", "features": [1]}', "not as GeoJSON has it"),
        (geojson({"properties": [1]}), "not as GeoJSON has it"),
        (geojson({"geometry": 7}), "not as GeoJSON has it"),
        (geojson(feature("x")), "not as GeoJSON has it"),
        (geojson(feature([0, 51]), AREA), "holds areas"),
        (geojson(feature([[0, 51], [1, 52]], "LineString")), "holds lines"),
        (geojson(feature([[0, 51], [1, 52]], "MultiPoint")), "several points"),
        (geojson({"type": "Feature", "geometry": {"type": "GeometryCollection", "geometries": []}}), "holds lines"),
        (geojson(feature([0, 51]), crs={"type": "link", "properties": {"href": "http://127.0.0.1:1/"}}), "by a link"),
        (geojson(feature([0, 51]), crs={"type": "url", "properties": {"url": "/etc/passwd"}}), "by a link"),
        (geojson(feature([0, 51]), crs={"type": "name", "properties": {"name": "http://127.0.0.1/crs"}}), "by a link"),
        (geojson(feature([0, 51]), crs={"type": "name", "properties": {"name": "EPSG:32630"}}), "does not read"),
        (geojson({**feature([0, 51]), "crs": {"type": "link"}}), "of its own"),
        (b'{"type": "GeometryCollection", "fields": [], "vrt": "<OGRVRTDataSource/>"}', "no GeoJSON"),
        (b"[" * 100_000, "not JSON"),
        (b'{"a":' * 100_000, "not JSON"),
    ],
)
def test_geojson_that_is_none_or_points_elsewhere_is_refused(content: bytes, words: str) -> None:
    with pytest.raises(BadFile, match=words) as refusal:
        read(content, "crimes.geojson")
    assert refusal.value.remedy


def test_positions_that_are_no_numbers_are_left_empty() -> None:
    strange = ([], [1], ["x", "y"], [True, None], [1e308, 51])
    table = read(geojson(*(feature(pair, at=at) for at, pair in enumerate(strange))), "crimes.geojson")
    assert [row[2:] for row in rows(table)[:3]] == [(None, None)] * 3


# --- GeoPackage ------------------------------------------------------------------------------------------------------


def test_a_geopackage_gives_its_attributes_and_points() -> None:
    content = gpkg([("Abbey", EAST, NORTH)], sql="INSERT INTO crimes (ward) VALUES ('Nowhere')")
    table = read(content, "crimes.gpkg")
    assert table.headings == ("fid", "ward", "Easting", "Northing")
    assert rows(table) == [(2, "1", "Abbey", "530000", "180000.5"), (3, "2", "Nowhere", None, None)]
    assert (table.format, table.sheet, table.questions) == ("gpkg", "crimes", ())
    degrees = [("Abbey", -0.1, 51.5)]
    assert read(gpkg(degrees, srs=4326), "crimes.gpkg").headings[2:] == ("Longitude", "Latitude")
    for srs in (-1, 4326):
        assert [one.choices[0][0] for one in read(gpkg(srs=srs), "crimes.gpkg").questions] == ["27700"]


def test_a_layer_of_a_geopackage_can_be_chosen() -> None:
    more = """
        CREATE TABLE notes (ward TEXT, photo BLOB, note TEXT);
        INSERT INTO notes VALUES ('Abbey', x'FFD8', 'loud');
        INSERT INTO gpkg_contents VALUES ('notes', 'attributes');
    """
    table = read(gpkg(sql=more), "crimes.gpkg", answers={"sheet": "notes"})
    assert (table.headings, rows(table), table.sheets) == (
        ("ward", "note"),
        [(2, "Abbey", "loud")],
        ("crimes", "notes"),
    )
    assert "photo" in table.notes[1]


def blob_of(binary: bytes) -> str:
    return f"UPDATE crimes SET geom = x'{gpkg_blob(binary).hex()}'"


MANY = struct.pack("<BII", 1, 4, 2) + wkb_point(1, 2) * 2
ONE_LAYER = "SELECT 'crimes' AS table_name, 'features' AS data_type"
NESTED = struct.pack("<BII", 1, 4, 1) * 100_000


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (gpkg(kind="MULTIPOLYGON"), "holds areas"),
        (gpkg(kind="GEOMETRY", sql=blob_of(struct.pack("<BII", 1, 3, 0))), "holds areas"),
        (gpkg(sql=blob_of(struct.pack("<BII", 1, 2, 0))), "holds lines"),
        (gpkg(sql=blob_of(MANY)), "several points"),
        (gpkg(sql=blob_of(NESTED)), "several points"),
        (gpkg(sql=blob_of(b"\x01\x01")), "damaged"),
        (gpkg(sql="UPDATE crimes SET geom = 'text'"), "damaged"),
        (gpkg(sql="UPDATE gpkg_spatial_ref_sys SET organization_coordsys_id = 32630"), "does not read"),
        (gpkg(sql="DELETE FROM gpkg_contents"), "no GeoPackage with a layer"),
        (gpkg(sql="DROP TABLE gpkg_contents"), "no GeoPackage with a layer"),
        (gpkg(sql="DELETE FROM crimes"), "no rows"),
        (gpkg(sql="DROP TABLE crimes; CREATE VIEW crimes AS SELECT 1 AS fid, 'x' AS ward"), "no ordinary table"),
        (gpkg(sql="DROP TABLE crimes; CREATE VIRTUAL TABLE crimes USING rtree(a, b, c)"), "no ordinary table"),
        (gpkg(sql=f"DROP TABLE gpkg_contents; CREATE VIEW gpkg_contents AS {ONE_LAYER}"), "no ordinary table"),
        (b"SQLite format 3\x00" + b"\xff" * 5_000, "no GeoPackage, or is damaged"),
        (gpkg()[:3_000], "no GeoPackage, or is damaged"),
    ],
)
def test_a_geopackage_that_is_none_or_runs_something_is_refused(content: bytes, words: str) -> None:
    with pytest.raises(BadFile, match=words) as refusal:
        read(content, "crimes.gpkg")
    assert refusal.value.remedy


def test_a_column_that_is_reckoned_may_not_work_for_ever() -> None:
    endless = "hex(zeroblob(20000000))"
    content = gpkg(sql=f"ALTER TABLE crimes ADD COLUMN own TEXT GENERATED ALWAYS AS ({endless}) VIRTUAL")
    with pytest.raises(BadFile, match="no GeoPackage, or is damaged"):
        read(content, "crimes.gpkg", Limits(file_bytes=1_000_000))


def test_a_name_that_is_sql_is_only_a_name() -> None:
    name = 'x"; DROP TABLE crimes; --'
    quoted = name.replace('"', '""')
    more = f"""CREATE TABLE "{quoted}" (a TEXT, b TEXT); INSERT INTO "{quoted}" VALUES ('1', '2');
        INSERT INTO gpkg_contents VALUES ('{name}', 'attributes');"""
    assert rows(read(gpkg(sql=more), "crimes.gpkg", answers={"sheet": name})) == [(2, "1", "2")]


# --- Shapefiles ------------------------------------------------------------------------------------------------------


def test_a_zipped_shapefile_gives_its_table_and_points() -> None:
    table = read(packed(shapefile_parts()), "crimes.zip")
    assert table.headings == ("ward", "count", "day", "Easting", "Northing")
    assert rows(table) == [
        (2, "Abbey", "3", "2024-01-15", "530000", "180000.5"),
        (3, "Cité", None, None, None, None),
    ]
    assert (table.format, table.sheet, table.questions) == ("shp", "crimes", ())
    in_degrees = {**shapefile_parts(DEGREES_PRJ), "crimes.shp": shp([(-0.1, 51.5), None])}
    assert read(packed(in_degrees), "crimes.zip").headings[3:] == ("Longitude", "Latitude")


def test_a_shapefile_on_the_national_grid_without_its_prj_is_asked_about() -> None:
    content = packed(shapefile_parts(prj=None))
    assert [question.code for question in read(content, "crimes.zip").questions] == ["crs"]
    table = read(content, "crimes.zip", answers={"crs": "27700"})
    assert rows(table)[0][-2:] == ("530000", "180000.5")


@pytest.mark.parametrize(
    ("cpg", "codec"), [(b"UTF-8", "utf-8"), (b"1252", "cp1252"), (b"ISO-8859-1", "cp1252"), (None, "cp1252")]
)
def test_a_table_is_read_in_its_own_encoding(cpg: bytes | None, codec: str) -> None:
    parts = {**shapefile_parts(), "crimes.dbf": dbf([("ward", "C", 10)], [("Cité",), ("São",)], codec=codec)}
    content = packed({**parts, **({"crimes.cpg": cpg} if cpg else {})})
    assert [row[1] for row in rows(read(content, "crimes.zip"))] == ["Cité", "São"]


def test_a_deleted_record_takes_its_point_with_it() -> None:
    table = bytearray(dbf([("ward", "C", 5)], [("Abbey",), ("Brook",)]))
    table[table.index(b" Abbey")] = ord("*")
    parts = {**shapefile_parts(), "crimes.shp": shp([(1.0, 2.0), (EAST, NORTH)]), "crimes.dbf": bytes(table)}
    assert rows(read(packed(parts), "crimes.zip")) == [(2, "Brook", "530000", "180000.5")]


WARD = [("ward", "C", 5)]


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"crimes.prj": 'PROJCS["WGS_1984_UTM_Zone_30N"]'}, "does not read"),
        ({"crimes.prj": 'GEOGCS["GCS_OSGB_1936"]'}, "does not read"),
        ({"crimes.shp": shp([(1.0, 2.0)])}, "not as many rows"),
        ({"crimes.shp": shp([(1.0, 2.0), (1.0, 2.0)], kind=5)}, "holds areas"),
        ({"crimes.shp": shp([(1.0, 2.0), (1.0, 2.0)], kind=3)}, "holds lines"),
        ({"crimes.shp": b"nothing"}, "damaged"),
        ({"crimes.shp": shp([(1.0, 2.0)])[:110]}, "damaged"),
        ({"crimes.shp": shp([])[:100] + struct.pack(">2i", 1, 0) + bytes(20)}, "damaged"),
        ({"crimes.dbf": b"nothing"}, "damaged"),
        ({"crimes.dbf": dbf(WARD, [("Abbey",)] * 2)[:-9]}, "damaged"),
        ({"crimes.dbf": dbf(WARD, [("Abbey",)])[:4] + b"\xff\xff\xff\x7f" + bytes(100)}, "more than 500,000 rows"),
        ({"crimes.dbf": None}, "lacks its table"),
        ({"crimes.shp": None}, "no shapefile"),
    ],
)
def test_a_shapefile_that_is_none_is_refused(changed: dict[str, bytes | str | None], words: str) -> None:
    parts = {name: content for name, content in {**shapefile_parts(), **changed}.items() if content is not None}
    with pytest.raises(BadFile, match=words) as refusal:
        read(packed(parts), "crimes.zip")
    assert refusal.value.remedy


@pytest.mark.parametrize("pair", [(math.nan, NORTH), (EAST, math.inf), (-math.inf, -math.inf)])
def test_a_position_that_is_no_number_is_left_empty_and_its_row_kept(pair: tuple[float, float]) -> None:
    values = [("Abbey", "3.0", "20240115")]
    fields = [("ward", "C", 12), ("count", "N", 6), ("day", "D", 8)]
    for point in (pair, (EAST, NORTH)):
        parts = {**shapefile_parts(), "crimes.shp": shp([point]), "crimes.dbf": dbf(fields, values)}
        for content, name in ((gpkg([("Abbey", *point)]), "crimes.gpkg"), (packed(parts), "crimes.zip")):
            (row,) = rows(read(content, name))
            assert "Abbey" in row
            assert (None in row) == (point == pair), name


def test_points_become_the_same_places_in_every_format() -> None:
    longitude, latitude = (float(value[0]) for value in to_longitude_latitude([EAST], [NORTH]))
    tables = [
        read(gpkg([("Abbey", longitude, latitude)], srs=4326), "crimes.gpkg"),
        read(geojson(feature([longitude, latitude])), "crimes.geojson"),
        read(packed({**shapefile_parts(DEGREES_PRJ), "crimes.shp": shp([(longitude, latitude), None])}), "crimes.zip"),
    ]
    seen = {tuple(table.cells.select(table.column("Longitude"), table.column("Latitude")).row(0)) for table in tables}
    assert seen == {(repr(longitude), repr(latitude))}


# --- Real files ------------------------------------------------------------------------------------------------------


def test_every_real_boundary_file_is_refused_with_where_it_belongs(real_data: Path, tmp_path: Path) -> None:
    files = sorted([*real_data.glob("*.gpkg"), *real_data.glob("*.geojson")])
    assert len(files) >= 9
    for path in files:
        with pytest.raises(BadFile, match="holds areas") as refusal:
            reading.read(path, path.name, Limits(), tmp_path)
        assert "hub load-places" in refusal.value.remedy


def test_the_real_answer_of_the_police_interface_is_refused_in_words(real_data: Path, tmp_path: Path) -> None:
    (path,) = real_data.glob("police-uk/*.json")
    with pytest.raises(BadFile, match="no GeoJSON") as refusal:
        reading.read(path, path.name, Limits(), tmp_path)
    assert "CSV" in refusal.value.remedy
    assert isinstance(json.loads(path.read_bytes()), list)
