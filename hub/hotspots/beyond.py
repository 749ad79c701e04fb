"""What lies beyond the border of a map: the neighbours' places that its hotspots run on into, by their published bands.

It reads what was published and the outlines that are public; never a neighbour's figure.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

import geopandas as gpd
import pandas as pd
import shapely
from shapely import STRtree

from geo.boundaries import to_geojson_geometries
from geo.frames import NATIONAL_GRID
from hub.access import Unprotected, Viewer
from hub.borders import service as borders
from hub.borders.bands import Band
from hub.borders.service import Said
from hub.disclosure import service as disclosure
from hub.hotspots.overlays import Overlay
from hub.hotspots.scoring import Method, Units, is_hot
from hub.places import service as places
from hub.words import months_name

TOUCHING_METRES = 1.0
_SQUARE = re.compile(r"(\d+)m-E(\d+)-N(\d+)")


@dataclass(frozen=True)
class Beyond:
    """The neighbours' part of hotspots that cross the border."""

    table: gpd.GeoDataFrame
    """By unit: `name`, `borough`, `band`, `months`, and geometry in EPSG:27700."""

    @property
    def legend(self) -> list[tuple[str, str, int]]:
        """For each band that is drawn: its key, in words, and how many places have it."""
        counts = self.table["band"].value_counts()
        return [
            (key_of(band), f"Next door, {band.value} what chance gives", int(counts[band]))
            for band in Band
            if band in counts
        ]

    @property
    def sentence(self) -> str:
        """What the reader must know of it."""
        names = sorted(set(self.table["borough"]))
        months = sorted(set(self.table["months"]))
        return (
            f"A hotspot here runs up to the border. The part in {' and '.join(names)} is shown hatched, in bands only, "
            f"as that borough published it for {' and '.join(months)}. Ask it to share if you need more."
        )


def key_of(band: Band) -> str:
    """What a band is called in the style sheet."""
    return f"beyond-{band.value.replace(' ', '-')}"


def beyond(viewer: Viewer, overlay: Overlay) -> Beyond | None:
    """Find the neighbours' places that hotspots of this map run on into; None where none does, or nothing is said."""
    if overlay.method is not Method.GI_STAR or not may_be_told(viewer, overlay):
        return None
    said = borders.read(viewer, overlay.area_key.split("+"), overlay.units.value, overlay.category)
    hot = overlay.outlines[is_hot(overlay.table).to_numpy()]
    if not said or hot.empty:
        return None
    shapes = _shapes(viewer, said, overlay)
    said = [one for one in said if one.unit in shapes]
    crossing = _crossing(said, shapes, list(hot))
    # A square of theirs may reach over the border, where it would hide one's own.
    own = places.borough_outlines(viewer.session, overlay.area_key.split("+")).union_all()
    outside = {one.unit: shapely.difference(shapes[one.unit][1], own) for one in crossing}
    crossing = [one for one in crossing if outside[one.unit].area > 0]
    if not crossing:
        return None
    boroughs = {borough.code: borough.name for borough in places.boroughs(viewer.session)}
    table = gpd.GeoDataFrame(
        {
            "name": [shapes[one.unit][0] for one in crossing],
            "borough": [boroughs[one.source_code] for one in crossing],
            "band": pd.Series([one.band for one in crossing], dtype=object),
            "months": [months_name([one.first_month, one.last_month]).replace(" and ", " to ") for one in crossing],
        },
        geometry=[outside[one.unit] for one in crossing],
        crs=NATIONAL_GRID,
    )
    return Beyond(table)


def may_be_told(viewer: Viewer, overlay: Overlay) -> bool:
    """Whether words may be said of these figures across a border: of none that the partnership protects today.

    All recorded crime may be spoken of; of a group its name decides, however counts that are not protected are shown.
    """
    policy = replace(disclosure.in_force(viewer.session), unprotected=Unprotected.EXACT)
    if overlay.question.category is None:
        return overlay.dataset not in policy.datasets
    return not policy.protects(overlay.dataset, overlay.category)


def as_layer(found: Beyond | None) -> dict[str, Any]:
    """Write what the map draws of it: a shape, its name and its class, and nothing to follow."""
    if found is None:
        return {}
    geometries = to_geojson_geometries(found.table.geometry, tolerance_metres=0)
    lines = zip(found.table["name"], found.table["borough"], found.table["band"], geometries, strict=True)
    features = [
        {
            "type": "Feature",
            "properties": {"name": f"{name}, {borough}", "class": key_of(band)},
            "geometry": geometry,
        }
        for name, borough, band, geometry in lines
    ]
    return {"beyond": {"type": "FeatureCollection", "features": features}}


def _shapes(viewer: Viewer, said: Collection[Said], overlay: Overlay) -> Mapping[str, tuple[str, shapely.Geometry]]:
    """The name and shape of each place, as public geography has them."""
    if overlay.units is Units.CELLS:
        return {one.unit: ("Small area", square) for one in said if (square := _square(one.unit)) is not None}
    edition = next(each for each in places.boundary_sets(viewer.session) if each.code == overlay.boundary_set)
    wards = places.wards(viewer.session, edition.id, {one.source_code for one in said})
    return {
        str(code): (name, shape)
        for code, name, shape in zip(wards.index, wards["ward_name"], wards.geometry, strict=True)
    }


def _square(name: str) -> shapely.Geometry | None:
    found = _SQUARE.fullmatch(name)
    if found is None:
        return None
    side, west, south = map(int, found.groups())
    return shapely.box(west, south, west + side, south + side)


def _crossing(
    said: Collection[Said], shapes: Mapping[str, tuple[str, shapely.Geometry]], hot: list[shapely.Geometry]
) -> list[Said]:
    """Follow the hotspots over the border: places that touch one, and on from each that is above chance itself."""
    waiting = {one.unit: one for one in said}
    found: list[Said] = []
    edge = hot
    while edge and waiting:
        tree = STRtree(edge)
        reached = [
            one
            for one in waiting.values()
            if len(tree.query(shapes[one.unit][1], predicate="dwithin", distance=TOUCHING_METRES))
        ]
        found += reached
        for one in reached:
            del waiting[one.unit]
        edge = [shapes[one.unit][1] for one in reached if one.band is not Band.NOT_ABOVE]
    return found
