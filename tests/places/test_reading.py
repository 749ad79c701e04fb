"""What is read from place files: which are recognised, where their outlines lie, which are refused and how."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pyproj
import pytest
import shapely

from hub.places.findings import Severity
from hub.places.reading import Kind, PlaceFiles, read
from tests.places.nine_wards import WriteCity, nine_wards, three_boroughs


def fatal(files: PlaceFiles) -> list[str]:
    return [finding.code for finding in files.findings if finding.severity is Severity.FATAL]


def test_a_folder_is_read_by_what_its_files_hold(write_small_city: WriteCity) -> None:
    folder = write_small_city()
    (folder / "bcu.csv").rename(folder / "police.csv")
    (folder / "notes.txt").write_text("Call the council.")
    (folder / "offences.csv").write_text("ward_code,month,category,count\nF05000001,2024-01,Burglary,3\n")
    (folder / "lookup.csv").write_text("LSOA21CD,WD24CD\nF01000001,F05000001\n")
    (folder / "lsoa11-lsoa21.csv").write_text("LSOA11CD,LSOA21CD\nF01000001,F01000001\n")
    (folder / "outward.csv").write_text("outward_code,ward_code,share\nsm1,F05000001,0.25\n")
    (folder / "police-uk").mkdir()
    nine_wards().rename(columns={"ward_code": "lsoa_code"}).to_file(folder / "lsoa-2021.gpkg")
    nine_wards().to_file(folder / "wards-2020.geojson")

    files = read([folder])

    assert not files.findings
    assert {table.name: table.kind for table in files.tables} == {
        "boroughs.gpkg": Kind.BOROUGHS,
        "police.csv": Kind.BCUS,
        "wards-2020.gpkg": Kind.WARDS,
        "ward-population.csv": Kind.WARD_RESIDENTS,
        "borough-population.csv": Kind.BOROUGH_RESIDENTS,
        "lsoa-2021.gpkg": Kind.SMALL_AREAS,
        "lookup.csv": Kind.LOOKUP,
        "outward.csv": Kind.OUTWARD,
    }
    (areas,) = files.outlines(Kind.SMALL_AREAS)
    assert (areas.edition, list(areas.frame.columns)) == (
        "2021",
        ["lsoa_code", "borough_code", "lsoa_name", "geometry"],
    )
    assert files.of(Kind.LOOKUP)[0].frame.to_dict("list") == {"lsoa_code": ["F01000001"], "ward_code": ["F05000001"]}
    assert files.of(Kind.OUTWARD)[0].frame.to_dict("records") == [
        {"outward_code": "SM1", "ward_code": "F05000001", "share": 0.25}
    ]
    assert files.city is not None
    assert files.city.is_fictional
    assert {each.name: each.reason for each in files.unused} == {
        "notes.txt": "not a place file",
        "offences.csv": "not a place file",
        "lsoa11-lsoa21.csv": "not a place file",
        "police-uk/": "a folder inside the folder",
        "wards-2020.geojson": "wards-2020.gpkg is used instead",
    }


@pytest.mark.parametrize("epsg", [4326, 3857, 32630])
def test_outlines_in_another_coordinate_system_are_turned_into_metres(tmp_path: Path, epsg: int) -> None:
    path = tmp_path / "wards-2020.gpkg"
    nine_wards().to_crs(epsg).to_file(path)
    files = read([path])
    assert [finding.code for finding in files.findings] == ["crs.reprojected"]
    assert f"EPSG:{epsg}" in files.findings[0].sentence
    (table,) = files.outlines(Kind.WARDS)
    assert table.edition == "2020"
    moved = shapely.hausdorff_distance(table.frame.geometry.to_numpy(), nine_wards().geometry.to_numpy())
    assert moved.max() < 0.01


def test_the_national_grid_without_its_number_is_known(tmp_path: Path) -> None:
    path = tmp_path / "wards-2020.gpkg"
    as_esri_writes_it = pyproj.CRS.from_epsg(27700).to_wkt("WKT1_ESRI")
    nine_wards().set_crs(as_esri_writes_it, allow_override=True).to_file(path)
    (table,) = read([path]).outlines(Kind.WARDS)
    assert table.frame.geometry.geom_equals(nine_wards().geometry).all()


def test_outlines_that_do_not_say_where_they_lie_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "boroughs.gpkg"
    with pytest.warns(UserWarning, match="crs"):
        three_boroughs().set_crs(None, allow_override=True).to_file(path)
    files = read([path])
    assert fatal(files) == ["crs.missing"]
    assert "EPSG:27700" in files.findings[0].remedy


def test_outlines_that_lie_elsewhere_than_they_say_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "boroughs.geojson"
    metres = three_boroughs().set_crs(4326, allow_override=True)
    metres.to_file(path)
    assert fatal(read([path])) == ["crs.wrong"]


def test_of_several_layers_the_one_called_wards_is_read(tmp_path: Path) -> None:
    path = tmp_path / "wards-2020.gpkg"
    nine_wards().to_file(path, layer="wards")
    nine_wards().iloc[:4].to_file(path, layer="merged")
    files = read([path])
    assert [len(table.frame) for table in files.tables] == [9]
    assert [(each.name, each.reason) for each in files.unused] == [
        ("wards-2020.gpkg, layer merged", "layer wards is used instead")
    ]


def test_several_layers_that_could_be_the_wards_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "wards-2020.gpkg"
    nine_wards().to_file(path, layer="draft")
    nine_wards().to_file(path, layer="final")
    files = read([path])
    assert fatal(files) == ["file.ambiguous"]
    assert "draft, final" in files.findings[0].sentence


def test_one_file_may_hold_boroughs_and_wards(tmp_path: Path) -> None:
    path = tmp_path / "places-2020.gpkg"
    nine_wards().to_file(path, layer="wards")
    three_boroughs().to_file(path, layer="boroughs")
    assert sorted(table.kind for table in read([path]).tables) == [Kind.BOROUGHS, Kind.WARDS]


def test_wards_of_no_year_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "wards.gpkg"
    nine_wards().to_file(path)
    files = read([path])
    assert fatal(files) == ["wards.no_year"]
    assert "wards-2022.gpkg" in files.findings[0].remedy


def test_a_file_cut_short_is_refused(tmp_path: Path) -> None:
    whole, cut = tmp_path / "whole.gpkg", tmp_path / "wards-2020.gpkg"
    nine_wards().to_file(whole)
    cut.write_bytes(whole.read_bytes()[:3000])
    assert fatal(read([cut])) == ["file.unreadable"]


@pytest.mark.filterwarnings("ignore:Non closed ring")
@pytest.mark.parametrize("ring", [[[1.0, 51.0], [1.1, 51.0]], [[1.0, 51.0], [1.1, 51.0], [1.1, 51.1], [1.0, 52.0]]])
def test_a_damaged_outline_is_refused(tmp_path: Path, ring: list[list[float]]) -> None:
    path = tmp_path / "wards-2020.geojson"
    nine_wards().to_crs(4326).to_file(path)
    collection = json.loads(path.read_text("utf-8"))
    collection["features"][4]["geometry"]["coordinates"] = [ring]
    path.write_text(json.dumps(collection), "utf-8")
    assert fatal(read([path])) == ["file.unreadable"]


def test_codes_that_are_missing_or_numbers_are_read_as_written(tmp_path: Path) -> None:
    path = tmp_path / "wards-2020.gpkg"
    nine_wards().assign(ward_code=range(9), ward_name=[None, *"abcdefgh"]).to_file(path)
    (table,) = read([path]).tables
    assert list(table.frame["ward_code"]) == list("012345678")
    assert list(table.frame["ward_name"]) == ["", *"abcdefgh"]


def test_a_file_named_itself_must_hold_places(tmp_path: Path) -> None:
    path = tmp_path / "offences.csv"
    path.write_text("ward_code,month,count\nF05000001,2024-01,3\n")
    assert fatal(read([path])) == ["file.not_places"]
    assert fatal(read([tmp_path])) == ["file.no_places"]
    assert fatal(read([tmp_path / "nowhere"])) == ["file.missing"]


def test_residents_are_read_for_every_source_and_year(tmp_path: Path) -> None:
    path = tmp_path / "borough-population.csv"
    path.write_text(
        "﻿Borough_Code,usual_residents_census_2021,mid_year_estimate_2019,population_2030\n"
        'F09000001,"12,345", 12000 ,\n'
        "F09000002,800,,900\n",
        "utf-8",
    )
    (table,) = read([path]).tables
    assert table.frame.to_dict("split")["data"] == [
        ["F09000001", "Census", 2021, 12345],
        ["F09000002", "Census", 2021, 800],
        ["F09000001", "Mid-year estimate", 2019, 12000],
        ["F09000002", "Population", 2030, 900],
    ]


@pytest.mark.parametrize("written", ["12O", "-3", "1.5", "12345678901"])
def test_what_is_no_number_of_residents_is_named_by_row(tmp_path: Path, written: str) -> None:
    path = tmp_path / "ward-population.csv"
    path.write_text(f"ward_code,usual_residents_census_2021\nF05000001,10\nF05000002,{written}\n")
    files = read([path])
    assert fatal(files) == ["residents.not_a_number"]
    assert f"'{written}' in row 3, column usual_residents_census_2021" in files.findings[0].sentence


@pytest.mark.parametrize("row", ["F05000001,12,345", "F05000001"])
def test_a_row_with_more_or_fewer_values_than_columns_is_refused(tmp_path: Path, row: str) -> None:
    path = tmp_path / "ward-population.csv"
    path.write_text(f"ward_code,usual_residents_census_2021\n{row}\n")
    files = read([path])
    assert fatal(files) == ["file.uneven"]
    assert "Row 2" in files.findings[0].sentence


def test_two_columns_of_one_heading_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "ward-population.csv"
    path.write_text("ward_code,usual_residents_census_2021,Usual_residents_census_2021\nF05000001,1,2\n")
    assert fatal(read([path])) == ["file.unreadable"]


def test_a_table_in_another_encoding_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "bcu.csv"
    path.write_bytes("borough_code,bcu_name\nF09000001,Caf\xe9\n".encode("latin-1"))
    files = read([path])
    assert fatal(files) == ["file.unreadable"]
    assert "UTF-8" in files.findings[0].remedy


@pytest.mark.parametrize(
    "written",
    [
        "{",
        "[]",
        '{"name": "X"}',
        '{"name": "X", "fictional": true, "attribution": "Y", "in_force_from": 3}',
        '{"name": "X", "fictional": "no", "attribution": "Y"}',
        '{"name": "", "fictional": true, "attribution": "Y"}',
        '{"name": "X", "fictional": true, "attribution": "' + "Y" * 501 + '"}',
    ],
)
def test_a_city_file_that_does_not_say_enough_is_refused(tmp_path: Path, written: str) -> None:
    path = tmp_path / "CITY.json"
    path.write_text(written)
    assert fatal(read([path])) == ["city.unreadable"]


def test_geojson_and_geopackage_hold_the_same_wards(tmp_path: Path) -> None:
    nine_wards().to_file(tmp_path / "wards-2020.gpkg")
    nine_wards().to_crs(4326).to_file(tmp_path / "wards-2021.geojson")
    of_package, of_json = (table.frame for table in read([tmp_path]).outlines(Kind.WARDS))
    pd.testing.assert_frame_equal(of_package.drop(columns="geometry"), of_json.drop(columns="geometry"))
    assert of_package.geometry.geom_equals_exact(of_json.geometry, tolerance=1.0).all()


def test_the_real_folder_is_read_whole(real_data: Path) -> None:
    files = read([real_data])
    assert not files.findings
    assert [(table.name, len(table.frame)) for table in files.outlines(Kind.WARDS)] == [
        ("wards-2014.gpkg", 654),
        ("wards-2018.gpkg", 657),
        ("wards-2022.gpkg", 704),
    ]
    assert [len(table.frame) for table in files.of(Kind.BCUS)] == [32]
    unused = {each.name for each in files.unused}
    assert {"wards-2022.gpkg, layer wards_city_merged", "lookup-lsoa11-lsoa21.csv"} <= unused
    assert "mps-ward-level-202402-202601.csv" in unused
    assert {table.edition: len(table.frame) for table in files.of(Kind.SMALL_AREAS)} == {"2011": 4_835, "2021": 4_994}
    assert [len(table.frame) for table in files.of(Kind.LOOKUP)] == [4_994]
