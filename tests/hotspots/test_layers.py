"""How an overlay is shown: classes, legend, table rows, and the few bytes that the map draws from."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import orjson
import pandas as pd
import pytest
import shapely

from geo.emerging import KINDS
from geo.frames import to_longitude_latitude
from hub.hotspots import layers
from hub.hotspots.layers import Show
from hub.hotspots.overlays import Overlay
from hub.hotspots.scoring import Units
from tests.hotspots.overlays_made import (
    made_of_agencies,
    made_of_cells,
    made_of_changes,
    made_of_harm,
    made_of_kinds,
    made_of_wards,
)


def boroughs() -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(
        {"borough_name": ["Alder", "Birch"]},
        geometry=[shapely.box(530_000, 180_000, 533_000, 183_000), shapely.box(533_000, 180_000, 536_000, 183_000)],
        index=["F09000001", "F09000002"],
        crs=27700,
    )


def test_every_unit_has_a_class_that_the_legend_names() -> None:
    for overlay, show in (
        (made_of_wards("gi_star"), Show.WARD_HOTSPOTS),
        (made_of_wards("rate"), Show.WARD_RATE),
        (made_of_wards("rate"), Show.WARD_COUNT),
        (made_of_cells("count"), Show.CELL_COUNT),
        (made_of_cells("gi_star"), Show.CELL_HOTSPOTS),
        (made_of_cells("density"), Show.CELL_DENSITY),
        (made_of_changes("wards"), Show.WARD_CHANGE),
        (made_of_changes("cells"), Show.CELL_CHANGE),
        (made_of_kinds("wards"), Show.WARD_EMERGING),
        (made_of_kinds("cells"), Show.CELL_EMERGING),
        (made_of_harm("wards"), Show.WARD_HARM),
        (made_of_harm("cells"), Show.CELL_HARM),
        (made_of_agencies("wards"), Show.WARD_AGENCIES),
        (made_of_agencies("cells"), Show.CELL_AGENCIES),
    ):
        keys, legend = layers.classes(overlay, show)
        assert set(keys) <= {item.key for item in legend}
        assert sum(item.units for item in legend) == len(overlay.table)
        assert all("." not in item.key and item.words for item in legend)


def test_the_busiest_squares_are_named_by_their_share_of_the_area_and_come_first() -> None:
    overlay = made_of_cells("count")
    keys, legend = layers.classes(overlay, Show.CELL_COUNT)
    assert [(item.words, item.units) for item in legend] == [
        ("The busiest 1% of the area", 9),
        ("The next 4% of the area", 36),
        ("The next 15% of the area", 135),
        ("The rest, and where there was none: not coloured", 720),
    ]
    first = layers.ordered(overlay, Show.CELL_COUNT, "")
    assert set(keys[first.index[:9]]) == {"busiest-1"}
    assert first["count"].is_monotonic_decreasing
    assert overlay.sentence.startswith(
        "In January 2025, the busiest 1% of North had 40% of its offences of burglary: 9"
    )
    assert "this is the layer to patrol by" in overlay.method_words
    shows = list(Show)
    assert shows.index(Show.CELL_COUNT) == min(shows.index(show) for show in shows if show.units == "cells")


def test_hotspots_have_the_same_classes_however_few_are_found() -> None:
    _, wards = layers.classes(made_of_wards("gi_star"), Show.WARD_HOTSPOTS)
    assert [item.key for item in wards] == [
        *("hot-99-9", "hot-99", "hot-95", "not-significant", "cold-95", "cold-99", "cold-99-9", "not-tested"),
    ]
    _, cells = layers.classes(made_of_cells("gi_star"), Show.CELL_HOTSPOTS)
    assert not [item.key for item in cells if item.key.startswith("cold")]


def test_the_highest_figures_have_the_darkest_band_and_ties_share_one() -> None:
    overlay = made_of_wards("rate", counts=[7, 7, 7, 7, 50, np.nan])
    keys, legend = layers.classes(overlay, Show.WARD_COUNT)
    assert keys.tolist() == ["band-4"] * 4 + ["band-5", "no-figure"]
    assert [(item.key, item.words, item.units) for item in legend] == [
        ("band-5", "50", 1),
        ("band-4", "7", 4),
        ("no-figure", "No figure", 1),
    ]


def test_the_notable_come_first_unless_a_column_is_chosen() -> None:
    overlay = made_of_wards("gi_star", counts=[1, 2, 90, 80, 3, np.nan])
    assert layers.ordered(overlay, Show.WARD_HOTSPOTS, "")["class"].iloc[-1] == "not_tested"
    rates = made_of_wards("rate", counts=[1, 2, 90, 80, 3, np.nan])
    assert layers.ordered(rates, Show.WARD_COUNT, "")["count"].tolist()[:5] == [90, 80, 3, 2, 1]
    assert layers.ordered(rates, Show.WARD_COUNT, "count")["count"].tolist()[:5] == [1, 2, 3, 80, 90]
    assert np.isnan(layers.ordered(rates, Show.WARD_COUNT, "count")["count"].iloc[-1])
    assert layers.ordered(rates, Show.WARD_COUNT, "-ward_name")["ward_name"].iloc[0] == "Ward 5"
    pd.testing.assert_frame_equal(
        layers.ordered(rates, Show.WARD_COUNT, "no such column"), layers.ordered(rates, Show.WARD_COUNT, "")
    )


def test_rows_say_what_the_columns_ask_and_a_dash_where_nothing_is_known() -> None:
    overlay = made_of_wards("gi_star", counts=[1, 2, 1290, 80, 3, np.nan])
    titles = [column.title for column in layers.columns(overlay)]
    assert titles == [
        *("Ward", "Borough", "Offences", "Residents", "Per 1,000 residents", "With its neighbours", "Score", "Result"),
    ]
    busy, dark = (layers.rows(overlay, Show.WARD_HOTSPOTS, overlay.table)[at].cells for at in (2, 5))
    assert busy[:5] == ("Ward 2", "Alder", "1,290", "1,000", "1,290.0")
    assert dark == ("Ward 5", "Birch", "–", "1,000", "–", "–", "–", "No data, or could not be tested")


def test_a_change_is_given_in_per_cent_only_on_a_base_that_bears_it() -> None:
    overlay = made_of_changes("wards")
    titles = [column.title for column in layers.columns(overlay)]
    assert titles == ["Ward", "Borough", "Before", "Now", "Difference", "Change (range)", "Corrected p (q)", "Result"]
    shown = layers.rows(overlay, Show.WARD_CHANGE, layers.ordered(overlay, Show.WARD_CHANGE, ""))
    assert [row.key for row in shown] == ["risen", "fallen", *["no-clear-change"] * 2, *["not-tested"] * 2]
    risen, fallen, *_, dark = (row.cells[2:] for row in shown)
    assert risen == ("100", "160", "+60", "+60% (+24% to +108%)", "under 0.001", "Risen")
    assert fallen[2:4] == ("−100", "−33% (−45% to −20%)")
    assert [row.cells[5] for row in shown if row.cells[2] == "29"] == ["–"]
    assert dark == ("–", "50", "–", "–", "–", "Not tested")
    cells = layers.layer(made_of_changes("cells"), Show.CELL_CHANGE, boroughs())["cells"]
    assert (set(cells["classes"]), cells["figure"]) == ({"risen"}, "In the period before")


def test_kinds_are_told_apart_by_a_word_and_those_of_quiet_places_in_the_table_alone() -> None:
    overlay = made_of_kinds("wards")
    kinds = [f"{kind}_{side}" for side in ("hot", "cold") for kind in KINDS]
    overlay.table["class"] = [*kinds, *["no_pattern"] * 79, "not_tested"]
    keys, legend = layers.classes(overlay, Show.WARD_EMERGING)
    assert keys.nunique() == len(KINDS) + 5 == len(legend)
    assert len({item.words for item in legend}) == len(legend)
    first = layers.ordered(overlay, Show.WARD_EMERGING, "")["class"].tolist()
    assert first[:3] == ["new_hot", "diminishing_hot", "historical_hot"]
    assert first[-1] == "not_tested"
    said = [row.cells[-1] for row in layers.rows(overlay, Show.WARD_EMERGING, overlay.table)]
    assert said[:2] == ["New", "Consecutive"]
    assert said[8:10] == ["Quiet: new", "Quiet: consecutive"]
    assert said[-2:] == ["No pattern", "No data, or could not be followed"]
    cells = layers.layer(made_of_kinds("cells"), Show.CELL_EMERGING, boroughs())["cells"]
    assert (set(cells["classes"]), cells["figure"]) == ({"new", "persistent"}, "Months as a hotspot")


def test_the_most_harmful_come_first_with_what_one_event_made_of_it() -> None:
    overlay = made_of_harm("wards")
    titles = [column.title for column in layers.columns(overlay)]
    assert titles == [
        *("Ward", "Offences", "Harm", "Harm per 1,000 residents", "Largest event", "Harm, capped", "Result"),
    ]
    shown = layers.rows(overlay, Show.WARD_HARM, layers.ordered(overlay, Show.WARD_HARM, ""))
    assert shown[0].cells[1:6] == ("43", "14,600", "14,600", "2%", "14,600")
    assert shown[0].key.startswith("hot")
    of_homicide = next(row.cells for row in shown if row.cells[4] == "88%")
    assert of_homicide == ("F05007011", "6", "6,205", "6,205", "88%", "1,095", "Not significant")
    cells = layers.layer(made_of_harm("cells"), Show.CELL_HARM, boroughs())["cells"]
    assert (cells["figure"], cells["value"][0] % 365) == ("Harm", 0)


def test_gaps_come_first_and_say_whose_they_are() -> None:
    overlay = made_of_agencies("wards")
    _, legend = layers.classes(overlay, Show.WARD_AGENCIES)
    assert legend[0].words == "Quiet gap: ambulance calls hot, police quiet"
    shown = layers.rows(overlay, Show.WARD_AGENCIES, layers.ordered(overlay, Show.WARD_AGENCIES, ""))
    assert [row.key for row in shown[:4]] == ["quiet-gap"] * 4
    titles = [column.title for column in layers.columns(overlay)]
    assert titles == ["Ward", "Ambulance calls", "Police: offences", "Police score", "Its score", "Result"]
    first = shown[0].cells
    assert (first[3][0], first[4][0], first[5]) == ("−", "+", "Quiet gap")
    cells = made_of_agencies("cells")
    assert layers.classes(cells, Show.CELL_AGENCIES)[1][0].key == "gap"
    drawn = layers.layer(cells, Show.CELL_AGENCIES, boroughs())["cells"]
    assert (set(drawn["classes"]), drawn["figure"]) == ({"gap", "police-only"}, "Of the other agency")


def test_every_class_has_a_look_of_its_own() -> None:
    style = (Path(layers.__file__).parents[1] / "static" / "map.css").read_text("utf-8")
    for key in (*layers._KIND_WORDS, *layers._CHANGE_WORDS, *layers._agency_words("calls", Units.WARDS)):
        assert key == "not-tested" or f".overlay-swatch--{key} {{" in style or f".overlay-swatch--{key}, " in style


def test_wards_are_drawn_with_neighbours_and_boroughs_still_meeting() -> None:
    overlay = made_of_wards("gi_star")
    drawn = layers.layer(overlay, Show.WARD_HOTSPOTS, boroughs())
    wards = [feature["properties"] for feature in drawn["wards"]["features"]]
    assert [ward["code"] for ward in wards] == list(overlay.table.index)
    assert wards[0]["facts"][0] == ("Ward", "Ward 0")
    assert [feature["properties"]["name"] for feature in drawn["boroughs"]["features"]] == ["Alder", "Birch"]
    shapes = [shapely.from_geojson(orjson.dumps(feature["geometry"])) for feature in drawn["wards"]["features"]]
    outlines = [shapely.from_geojson(orjson.dumps(feature["geometry"])) for feature in drawn["boroughs"]["features"]]
    assert shapely.equals(shapely.union_all(shapes), shapely.union_all(outlines))


def test_squares_are_drawn_where_they_lie_from_their_numbers() -> None:
    overlay = made_of_cells("density")
    cells = layers.layer(overlay, Show.CELL_DENSITY, boroughs())["cells"]
    assert len(cells["column"]) == (overlay.table["class"] != "below_2_times_average").sum() > 0
    at = 0
    west, south = cells["west"] + cells["column"][at] * cells["side"], cells["south"] + cells["row"][at] * cells["side"]
    assert overlay.table.loc[f"{cells['side']}m-E{west}-N{south}", "count"] == cells["count"][at]
    u, v = cells["column"][at] / cells["columns"], cells["row"][at] / cells["rows"]
    terms = [u**i * v**j for i in range(layers.DEGREE + 1) for j in range(layers.DEGREE + 1 - i)]
    longitude, latitude = to_longitude_latitude([west], [south])
    assert np.dot(terms, cells["longitude"]) == pytest.approx(longitude[0], abs=1e-7)
    assert np.dot(terms, cells["latitude"]) == pytest.approx(latitude[0], abs=1e-7)


def test_the_lattice_is_good_to_a_decimetre_over_all_london() -> None:
    west, south, width, height = 503_000, 155_000, 60_000, 47_000
    longitude, latitude = layers._lattice(west, south, width, height)
    u, v = (axis.ravel() for axis in np.meshgrid(np.linspace(0, 1, 41), np.linspace(0, 1, 41)))
    terms = np.column_stack([u**i * v**j for i in range(layers.DEGREE + 1) for j in range(layers.DEGREE + 1 - i)])
    x, y = to_longitude_latitude(west + u * width, south + v * height)
    metres_a_degree = 111_000
    assert np.abs(terms @ longitude - x).max() * metres_a_degree < 0.1
    assert np.abs(terms @ latitude - y).max() * metres_a_degree < 0.1


def test_a_large_layer_is_a_few_bytes_a_square() -> None:
    overlay: Overlay = made_of_cells("density")
    cells = layers.layer(overlay, Show.CELL_DENSITY, boroughs())["cells"]
    assert len(orjson.dumps(cells)) / len(cells["column"]) < 60


def test_a_map_knows_where_on_the_national_grid_it_is_to_a_metre_over_all_london() -> None:
    west, south, east, north = 503_000, 155_000, 563_000, 202_000
    grid = layers.national_grid(west, south, east, north)
    x, y = (axis.ravel() for axis in np.meshgrid(np.linspace(west, east, 41), np.linspace(south, north, 41)))
    degrees = to_longitude_latitude(x, y)
    spans = (grid["longitude"], grid["latitude"])
    u, v = ((one - low) / (high - low) for one, (low, high) in zip(degrees, spans, strict=True))
    terms = np.column_stack([u**i * v**j for i in range(layers.DEGREE + 1) for j in range(layers.DEGREE + 1 - i)])
    assert np.abs(terms @ grid["easting"] - x).max() < 1
    assert np.abs(terms @ grid["northing"] - y).max() < 1
