"""Contours of a density layer: they enclose what their legend says, and stay where the squares are."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import orjson
import shapely

from geo.frames import to_national_grid
from hub.hotspots import contouring
from tests.hotspots.overlays_made import made_of_cells, made_of_wards


def in_metres(geometry: dict[str, object]) -> shapely.Geometry:
    drawn = shapely.from_geojson(orjson.dumps(geometry))
    return shapely.transform(drawn, lambda degrees: np.column_stack(to_national_grid(degrees[:, 0], degrees[:, 1])))


def test_the_lines_enclose_what_the_legend_says() -> None:
    overlay = made_of_cells("density")
    drawn = contouring.contour_layer(overlay)
    legend = contouring.contours(overlay)
    assert [feature["properties"]["share"] for feature in drawn["features"]] == [item.key for item in legend]
    assert [item.key for item in legend] == ["25", "50", "75"]
    table = overlay.table
    for item, before in zip(legend, (0.0, *(item.area_share for item in legend)), strict=False):
        inside = table["density"] >= item.level
        held = table.loc[inside, "count"].sum() / table["count"].sum()
        assert item.share <= held <= item.share + 0.1
        assert before < item.area_share == inside.mean()
        assert item.words.startswith(f"{item.key}% of the {overlay.measure} lie inside, in ")
    squares = shapely.union_all(list(overlay.outlines))
    busy = shapely.union_all(list(overlay.outlines[table["density"] >= legend[0].level]))
    for feature in drawn["features"]:
        assert shapely.covers(shapely.buffer(squares, 2), in_metres(feature["geometry"]))
    tight = shapely.union_all(shapely.polygonize([in_metres(drawn["features"][0]["geometry"])]).geoms)
    assert shapely.symmetric_difference(tight, busy).area < 0.5 * busy.area


def test_what_has_no_density_has_no_contours() -> None:
    for overlay in (made_of_cells("count"), made_of_wards("rate")):
        assert contouring.contours(overlay) == ()
        assert contouring.contour_layer(overlay)["features"] == []
    dense = made_of_cells("density")
    empty = replace(dense, table=dense.table.assign(count=0.0, density=0.0))
    assert contouring.contour_layer(empty)["features"] == []
