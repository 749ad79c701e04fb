"""GeoJSON, parsed strictly by the hub itself: no library that opens what a file names ever sees it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import orjson
import polars as pl

from hub.errors import BadFile
from hub.uploads.reading.grids import Sheets
from hub.uploads.reading.layers import (
    DEGREES,
    SAVE_IN_A_KNOWN_SYSTEM,
    Layer,
    Point,
    has_areas,
    has_lines,
    not_a_layer,
    point_of,
    tabled,
    text_of,
)
from hub.uploads.reading.outlines import Area, Areas, damaged, not_areas, of_polygon, settled
from hub.uploads.reading.table import Limits, Table, too_many_columns, too_many_rows

AREAS = {"Polygon", "MultiPolygon"}
CRS_NAME = re.compile(
    r"(?:urn:ogc:def:crs:)?(?:EPSG:(?:[\d.]*:)?(?P<epsg>\d{4,5})|(?P<crs84>OGC:(?:[\d.]*:)?CRS84))", re.IGNORECASE
)


class Features:
    """An opened feature collection."""

    def __init__(self, original: Path, limits: Limits) -> None:
        try:
            self._document = orjson.loads(original.read_bytes().removeprefix(b"\xef\xbb\xbf"))
        except orjson.JSONDecodeError as error:
            raise not_a_layer(f"The file is not JSON as its standard has it (line {error.lineno:,}).") from error
        self._features, self._limits = _features(self._document), limits
        self.sheets = Sheets((str(self._document.get("name") or "features")[:100],))

    def table(self, *, rows: int | None, answers: Mapping[str, str]) -> Table:
        """Read its features, or the first of them."""
        layer = _layer(self._document, self._features, self._limits, rows)
        (name,) = self.sheets.visible
        return tabled(layer, self._limits, answers=answers, file_format="geojson", sheets=self.sheets, sheet=name)

    def cells(self, sheet: str) -> tuple[tuple[str, ...], pl.DataFrame]:
        """It has but one layer."""
        raise KeyError(sheet)

    def areas(self) -> Areas:
        """Read the areas of its features."""
        epsg = _epsg_of(self._document)
        found = (area for feature in self._features for area in _areas_of(feature))
        return settled(found, DEGREES if epsg is None else epsg)


def _layer(document: object, features: list[dict[str, Any]], limits: Limits, rows: int | None) -> Layer:
    if len(features) > limits.rows:
        raise too_many_rows(limits)
    epsg = _epsg_of(document)
    points = [_point_of(feature) for feature in features[:rows]]
    names = _names(features, limits)
    columns = tuple([text_of((feature["properties"] or {}).get(name)) for feature in features[:rows]] for name in names)
    return Layer(names, columns, points, DEGREES if epsg is None else epsg)


def _features(document: object) -> list[dict[str, Any]]:
    if isinstance(document, dict) and document.get("type") == "Feature":
        document = {"features": [document]}
    features = document.get("features") if isinstance(document, dict) else None
    if not isinstance(features, list):
        raise not_a_layer("The file is JSON, but no GeoJSON feature collection.")
    for feature in features:
        if not isinstance(feature, dict) or not isinstance(feature.setdefault("properties", None), dict | None):
            raise not_a_layer("A feature of the file is not as GeoJSON has it.")
    return features


def _names(features: list[dict[str, Any]], limits: Limits) -> tuple[str, ...]:
    names: dict[str, None] = {}
    for feature in features:
        names.update(dict.fromkeys(feature["properties"] or ()))
        if len(names) > limits.columns:
            raise too_many_columns(f"more than {limits.columns}", limits)
    return tuple(names)


def _point_of(feature: dict[str, Any]) -> Point:
    geometry = feature.get("geometry")
    if geometry is None:
        return None
    if not isinstance(geometry, dict):
        raise not_a_layer("A feature of the file is not as GeoJSON has it.")
    _refuse_crs_of_its_own(geometry, feature)
    kind, coordinates = geometry.get("type"), geometry.get("coordinates")
    if kind in AREAS:
        raise has_areas()
    if kind == "MultiPoint" and isinstance(coordinates, list) and len(coordinates) == 1:
        coordinates = coordinates[0]
    elif kind != "Point":
        raise has_lines()
    if not isinstance(coordinates, list):
        raise not_a_layer("A point of the file is not as GeoJSON has it.")
    return point_of(coordinates)


def _areas_of(feature: dict[str, Any]) -> Iterator[Area]:
    geometry = feature.get("geometry")
    if geometry is None:
        return
    if not isinstance(geometry, dict) or geometry.get("type") not in AREAS:
        raise not_areas()
    _refuse_crs_of_its_own(geometry, feature)
    coordinates = geometry.get("coordinates")
    polygons = [coordinates] if geometry["type"] == "Polygon" else coordinates
    if not isinstance(polygons, list):
        raise damaged()
    yield from map(of_polygon, polygons)


def _refuse_crs_of_its_own(*parts: dict[str, Any]) -> None:
    if any(part.get("crs") is not None for part in parts):
        raise not_a_layer("A feature of the file names a coordinate system of its own.")


def _epsg_of(document: object) -> int | None:
    """The coordinate system that a file of the older standard names; those that point elsewhere are refused."""
    crs = document.get("crs") if isinstance(document, dict) else None
    if crs is None:
        return None
    properties = crs.get("properties") if isinstance(crs, dict) else None
    name = properties.get("name") if isinstance(properties, dict) and crs.get("type") == "name" else None
    known = CRS_NAME.fullmatch(name) if isinstance(name, str) else None
    if known is None:
        raise BadFile(
            "The file names its coordinate system in a way the hub does not follow, such as by a link.",
            remedy=SAVE_IN_A_KNOWN_SYSTEM,
        )
    return DEGREES if known["crs84"] else int(known["epsg"])
