"""Overlays as files that other tools read, each saying what it holds, and each on the record."""

from __future__ import annotations

import io
from pathlib import Path

import geopandas as gpd
import numpy as np
import orjson
import pandas as pd
import pyogrio
import pytest
from sqlalchemy import select

from hub.access import Role
from hub.accounts import service as accounts
from hub.audit import AuditEntry
from hub.db import Database
from hub.errors import BadRequest
from hub.hotspots import exports
from hub.hotspots.overlays import Overlay
from tests.hotspots.overlays_made import (
    made_of_agencies,
    made_of_cells,
    made_of_changes,
    made_of_harm,
    made_of_kinds,
    made_of_wards,
)

OVERLAYS = [made_of_wards("rate"), made_of_wards("gi_star"), made_of_cells("gi_star"), made_of_cells("density")]
OVERLAYS += [made_of_changes("wards"), made_of_changes("cells"), made_of_kinds("wards"), made_of_kinds("cells")]
OVERLAYS += [made_of_harm("wards"), made_of_harm("cells"), made_of_agencies("wards"), made_of_agencies("cells")]


@pytest.mark.parametrize("overlay", OVERLAYS, ids=lambda overlay: f"{overlay.units}-{overlay.method}")
def test_every_form_holds_one_feature_a_unit_with_the_same_figures(overlay: Overlay, tmp_path: Path) -> None:
    for form in exports.FORMS:
        (tmp_path / f"overlay.{form}").write_bytes(exports.content_of(overlay, form))
    table = pd.read_csv(tmp_path / "overlay.csv")
    geojson = gpd.read_file(tmp_path / "overlay.geojson")
    geopackage = gpd.read_file(tmp_path / "overlay.gpkg", layer=overlay.units.value)
    code = "ward_code" if overlay.units == "wards" else "cell"
    figures = [
        "count",
        *(
            name
            for name in (
                "rate_per_1000",
                "z",
                "count_before",
                "ratio",
                "hot_months",
                "harm",
                "harm_per_1000",
                "largest_share",
                "count_beside",
                "z_beside",
                "q_beside",
                "p",
                "q",
                "density",
            )
            if name in overlay.table
        ),
    ]
    for written in (table, geojson, geopackage):
        assert written[code].tolist() == list(overlay.table.index)
        for name in figures:
            np.testing.assert_allclose(written[name].astype(float), overlay.table[name], rtol=1e-15)
        if "class" in overlay.table:
            assert written["class"].tolist() == overlay.table["class"].tolist()
    assert (geojson.crs.to_epsg(), geopackage.crs.to_epsg()) == (4326, 27700)
    np.testing.assert_allclose(geopackage.area, overlay.outlines.area)
    np.testing.assert_allclose(geojson.to_crs(27700).area, overlay.outlines.area, rtol=0.002)


def test_each_file_says_what_it_is(tmp_path: Path) -> None:
    overlay = made_of_wards("gi_star")
    told = exports.as_dict(overlay)
    assert orjson.loads(exports.content_of(overlay, "geojson"))["provenance"] == told
    geopackage = tmp_path / "overlay.gpkg"
    geopackage.write_bytes(exports.content_of(overlay, "gpkg"))
    about = pyogrio.read_dataframe(geopackage, layer="about")
    items = dict(zip(about["item"], about["value"], strict=True))
    assert items["sentence"] == overlay.sentence
    assert orjson.loads(items["versions"]) == told["versions"]
    table = pd.read_csv(io.BytesIO(exports.content_of(overlay, "csv")))
    assert table["marking"].unique().tolist() == [told["marking"]] == ["OFFICIAL-SENSITIVE"]
    assert table["source"].unique().tolist() == [overlay.source_words]
    assert (told["total"], told["placed"], told["unplaced"]) == (100, 96, 4)
    assert told["tested"] == 6
    assert told["boundary_set"] == "2022"


def test_a_change_says_what_it_is_compared_with() -> None:
    overlay = made_of_changes("wards")
    assert exports.as_dict(overlay)["compared_with"] == ["2024-01"]
    table = pd.read_csv(io.BytesIO(exports.content_of(overlay, "csv")))
    assert set(zip(table["first_month_before"], table["last_month_before"], strict=True)) == {("2024-01", "2024-01")}
    assert table["difference"].tolist()[:5] == [60, 4, 1, -3, -100]
    assert table["ratio"].isna().tolist() == [False, False, True, True, False, True]
    assert "first_month_before" not in pd.read_csv(io.BytesIO(exports.content_of(made_of_wards("rate"), "csv")))


def test_harm_says_by_what_it_was_weighed_in_every_form(tmp_path: Path) -> None:
    overlay = made_of_harm("wards")
    said = "Cambridge Crime Harm Index, medians by subgroup, version 2026.1 of 22 November 2026"
    assert said in overlay.weights_words
    assert said in overlay.source_words
    told = orjson.loads(exports.content_of(overlay, "geojson"))["provenance"]
    weights = told["weights"]
    assert (weights["version"], weights["dated"], weights["cap"]) == ("2026.1", "2026-11-22", 365)
    assert (weights["mixed"]["Drugs"], weights["mixed_by"][:20]) == (3.82, "what the Met recorde")
    assert told["left_out"] == {"Fraud and forgery": 288}
    table = pd.read_csv(io.BytesIO(exports.content_of(overlay, "csv")))
    assert table["weights"].unique().tolist() == [overlay.weights_words]
    assert (table["harm"] >= table["harm_capped"]).all()
    geopackage = tmp_path / "overlay.gpkg"
    geopackage.write_bytes(exports.content_of(overlay, "gpkg"))
    about = pyogrio.read_dataframe(geopackage, layer="about").set_index("item")["value"]
    assert orjson.loads(about["weights"]) == told["weights"]
    assert exports.as_dict(made_of_wards("rate"))["weights"] is None


def test_two_agencies_are_told_apart_in_files() -> None:
    told = exports.as_dict(made_of_agencies("wards"))
    assert (told["dataset"], told["beside"]["dataset"], told["beside"]["unplaced"]) == (
        "met_ward_counts",
        "ambulance",
        3,
    )
    assert told["total"] - told["unplaced"] != told["beside"]["total"] - told["beside"]["unplaced"]
    assert made_of_agencies("wards").name.endswith("wards-agencies-ambulance")
    assert exports.as_dict(made_of_wards("rate"))["beside"] is None


def test_what_is_not_known_is_left_empty() -> None:
    overlay = made_of_wards("gi_star", counts=[5, 8, 40, 35, 6, np.nan])
    lines = exports.content_of(overlay, "csv").decode().splitlines()
    assert lines[6].startswith("F05000005,Ward 5,F09000002,,1000,,,,,,not_tested,Burglary,")
    features = orjson.loads(exports.content_of(overlay, "geojson"))["features"]
    assert features[5]["properties"]["count"] is None
    assert features[0]["properties"]["count"] == 5


@pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"])
def test_no_cell_of_a_table_is_a_formula(name: str) -> None:
    overlay = made_of_wards("rate")
    overlay.table.loc[overlay.table.index[0], "ward_name"] = name
    table = pd.read_csv(io.BytesIO(exports.content_of(overlay, "csv")), keep_default_na=False)
    assert table["ward_name"][0] == f"'{name}"
    assert table["ward_name"][1] == "Ward 1"


def test_a_file_is_written_on_the_record_or_not_at_all(
    database: Database, people: dict[Role, str], tmp_path: Path
) -> None:
    overlay = made_of_wards("rate")
    with database.session(writes=True) as session:
        viewer = accounts.viewer_by_email(session, people[Role.BCU_COMMANDER])
        written = exports.write(viewer, overlay, tmp_path / "north.csv")
        for bad in ("north.txt", "north", "no/such/folder/north.csv"):
            with pytest.raises(BadRequest):
                exports.write(viewer, overlay, tmp_path / bad)
        entries = session.scalars(select(AuditEntry).where(AuditEntry.action == "overlay.exported")).all()
    assert (written["features"], written["output"]) == (6, str(tmp_path / "north.csv"))
    assert [entry.subject for entry in entries] == [overlay.area_slug]
    assert entries[0].details["form"] == "csv"
    assert [path.name for path in tmp_path.glob("north*")] == ["north.csv"]
