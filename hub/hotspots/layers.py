"""An overlay as its page shows it: one class for each unit, the legend, the rows of the table, and what the map draws.

The map gets wards as simplified shapes, and squares as numbers that it turns into shapes itself: a few bytes each.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from geo.boundaries import outline, to_geojson_geometries
from geo.emerging import KINDS, NO_PATTERN
from geo.frames import FloatArray, to_longitude_latitude
from geo.hotspots import CONFIDENCE_BY_LEVEL, NOT_SIGNIFICANT, NOT_TESTED, classify_rates
from hub.hotspots.agencies import BOTH, GAP, NEITHER, POLICE_ONLY, QUIET_GAP
from hub.hotspots.changes import FALLEN, NO_CLEAR_CHANGE, RISEN
from hub.hotspots.overlays import Overlay
from hub.hotspots.scoring import (
    BUSIEST,
    DENSITY_BANDS,
    LESS_BUSY,
    LESS_DENSE,
    TESTING,
    Method,
    Units,
    busiest,
    density_classes,
)
from hub.hotspots.wording import said_percent
from hub.words import number, signed

BANDS = 5
NO_FIGURE = "no-figure"
ALWAYS_IN_LEGEND = ("hot", "cold", "not-significant", "risen", "fallen", "no-clear-change", "gap", "both", "police")
"""How the keys of classes begin that a legend names though no unit is in them."""
PIXELS_ACROSS = 1000
LEAST_SHOWN_Q = 0.001
DEGREE = 3
"""Of the polynomials that give a lattice point's longitude and latitude: within 0.1 m over London."""
EVIDENCE = {"95": "some evidence", "99": "strong evidence", "99.9": "very strong evidence"}


class Show(StrEnum):
    """What the page can show, as one plain choice."""

    WARD_HOTSPOTS = "wards-gi_star"
    WARD_RATE = "wards-rate"
    WARD_COUNT = "wards-count"
    WARD_CHANGE = "wards-change"
    WARD_EMERGING = "wards-emerging"
    WARD_HARM = "wards-harm"
    WARD_AGENCIES = "wards-agencies"
    CELL_COUNT = "cells-count"
    CELL_HOTSPOTS = "cells-gi_star"
    CELL_DENSITY = "cells-density"
    CELL_CHANGE = "cells-change"
    CELL_EMERGING = "cells-emerging"
    CELL_HARM = "cells-harm"
    CELL_AGENCIES = "cells-agencies"

    @property
    def units(self) -> Units:
        """What it divides the ground into."""
        return Units(self.partition("-")[0])

    @property
    def method(self) -> Method:
        """The overlay that it shows; counts come with every one, and need the least with the rate."""
        return Method.RATE if self is Show.WARD_COUNT else Method(self.partition("-")[2])

    @property
    def explained_under(self) -> str:
        """The method page that says what it can and cannot tell."""
        return "count" if self is Show.WARD_COUNT else self.method.value

    @property
    def compares_periods(self) -> bool:
        """Whether it sets months against earlier ones by itself, so that two of it are not set side by side."""
        return self.method in {Method.CHANGE, Method.EMERGING}

    @property
    def words(self) -> str:
        """How a person would ask for it."""
        return _SHOW_WORDS[self]

    def colours(self, measure: str) -> str:
        """What the colours of its map stand for."""
        if self.method is Method.EMERGING:
            return "Kind of hotspot, and how many"
        if self.method in TESTING:
            return "Result of the test, and how many"
        if self is Show.CELL_COUNT:
            return f"{measure.capitalize()}, by the share of the area that has the most"
        if self is Show.CELL_DENSITY:
            return f"{measure.capitalize()} per square km, against the average"
        return measure.capitalize() if self is Show.WARD_COUNT else f"{measure.capitalize()} per 1,000 residents"


_SHOW_WORDS = {
    Show.WARD_HOTSPOTS: "Wards: hotspots (Gi*)",
    Show.WARD_RATE: "Wards: rate per 1,000 residents",
    Show.WARD_COUNT: "Wards: count",
    Show.WARD_CHANGE: "Wards: change from the period before",
    Show.WARD_EMERGING: "Wards: new, lasting and fading hotspots",
    Show.WARD_HARM: "Wards: harm (days of sentence)",
    Show.WARD_AGENCIES: "Wards: police beside another agency",
    # The first of the small areas, since it met the most when tried on months gone by (`hub check back-test`).
    Show.CELL_COUNT: "Small areas: busiest places, to patrol by",
    Show.CELL_HOTSPOTS: "Small areas: hotspots (Gi*)",
    Show.CELL_DENSITY: "Small areas: density",
    Show.CELL_CHANGE: "Small areas: change from the period before",
    Show.CELL_EMERGING: "Small areas: new, lasting and fading hotspots",
    Show.CELL_HARM: "Small areas: harm (days of sentence)",
    Show.CELL_AGENCIES: "Small areas: police beside another agency",
}


@dataclass(frozen=True)
class LegendItem:
    """One class on the map: what it is called in the style sheet, in words, and how many units are in it."""

    key: str
    words: str
    units: int


@dataclass(frozen=True)
class Column:
    """One column of the table."""

    key: str
    title: str
    is_number: bool = True
    places: int = 0


@dataclass(frozen=True)
class Row:
    """One unit in the table: its code, its figures in words, and its class."""

    code: str
    cells: tuple[str, ...]
    key: str


def classes(
    overlay: Overlay, show: Show, scaled_with: Overlay | None = None
) -> tuple[pd.Series[str], tuple[LegendItem, ...]]:
    """Give each unit its class for the map, with the legend that says what the classes mean.

    Where it is scaled with another period, classes that follow from the figures themselves are made from both
    periods together, so that one colour stands for one figure in both.
    """
    if overlay.method in {Method.GI_STAR, Method.HARM}:
        keys, words = overlay.table["class"].map(_key), _hotspot_words(overlay.units)
    elif overlay.beside is not None:
        keys, words = overlay.table["class"].map(_key), _agency_words(overlay.beside.topic, overlay.units)
    elif overlay.method is Method.DENSITY:
        keys, words = _pooled(overlay, scaled_with).map(_key), _density_words()
    elif overlay.method is Method.COUNT:
        keys, words = _pooled(overlay, scaled_with).map(_key), _busiest_words()
    elif overlay.method is Method.EMERGING:
        keys, words = overlay.table["class"].map(_kind_key), _KIND_WORDS
    elif overlay.method is Method.CHANGE:
        keys, words = overlay.table["class"].map(_key), _CHANGE_WORDS
    else:
        figure = "count" if show is Show.WARD_COUNT else "rate_per_1000"
        others = [] if scaled_with is None else scaled_with.table[figure].tolist()
        keys, words = _bands(overlay.table[figure], others, show)
    units = keys.value_counts()
    return keys, tuple(LegendItem(key, said, int(units.get(key, 0))) for key, said in words.items())


def _key(name: str) -> str:
    return name.replace("_", "-").replace(".", "-")


def _hotspot_words(units: Units) -> dict[str, str]:
    """Name the classes from hot to cold; small areas are tested for hotspots alone."""
    levels = list(CONFIDENCE_BY_LEVEL.values())
    hot = {_key(f"hot_{level}"): f"Hotspot: {EVIDENCE[level]} ({level}%)" for level in reversed(levels)}
    nothing = {_key(NOT_SIGNIFICANT): "Not significant: no more than chance gives"}
    cold = {_key(f"cold_{level}"): f"Quiet: {EVIDENCE[level]} ({level}%)" for level in levels}
    return (
        hot | nothing | (cold if units is Units.WARDS else {}) | {_key(NOT_TESTED): "No data, or could not be tested"}
    )


_KIND_WORDS = {
    "new": "New: a hotspot in the last month, never before",
    "diminishing": "Diminishing: a hotspot nearly always, but less so",
    "historical": "Historical: a hotspot nearly always, but not in the last month",
    "consecutive": "Consecutive: a hotspot for the last months in a row, never before",
    "intensifying": "Intensifying: a hotspot nearly always, and more so",
    "persistent": "Persistent: a hotspot nearly always, much the same",
    "sporadic": "Sporadic: a hotspot in the last month, on and off before",
    "oscillating": "Oscillating: a hotspot in the last month, quiet at some time before",
    "quiet-now": "Quiet: in the last month, not nearly always",
    "quiet-always": "Quiet nearly always",
    "quiet-formerly": "Quiet nearly always, but not in the last month",
    _key(NO_PATTERN): "No pattern",
    _key(NOT_TESTED): "No data, or could not be followed",
}


def kind_definition(kind: str) -> str:
    """Say what one kind of hotspot is: `New: a hotspot in the last month, never before`."""
    return _KIND_WORDS[kind]


_LASTING = frozenset({"intensifying", "persistent", "diminishing"})


def _kind_key(name: str) -> str:
    """Name a kind on the map; the kinds of quiet places are told apart in the table alone."""
    kind, _, side = name.rpartition("_")
    if side != "cold":
        return kind if side == "hot" else _key(name)
    return "quiet-formerly" if kind == "historical" else "quiet-always" if kind in _LASTING else "quiet-now"


_CHANGE_WORDS = {
    _key(RISEN): "Risen: more than chance would explain",
    _key(FALLEN): "Fallen: more than chance would explain",
    _key(NO_CLEAR_CHANGE): "No clear change",
    _key(NOT_TESTED): "Not tested: too few, or not the same ward before",
}


def _agency_words(other: str, units: Units) -> dict[str, str]:
    """Name the classes, gaps first; whether police are quiet is known of wards alone."""
    words = {
        _key(QUIET_GAP): f"Quiet gap: {other} hot, police quiet",
        _key(GAP): f"Gap: {other} hot, police no more than elsewhere",
        _key(BOTH): "Hot in both",
        _key(POLICE_ONLY): "Hot for police only",
        _key(NEITHER): "Neither",
        _key(NOT_TESTED): "No data, or could not be tested",
    }
    return {key: said for key, said in words.items() if units is Units.WARDS or key != _key(QUIET_GAP)}


def _busiest_words() -> dict[str, str]:
    words, before = {}, 0.0
    for share, name in BUSIEST:
        words[_key(name)] = f"The {'next' if before else 'busiest'} {share - before:.0%} of the area"
        before = share
    return words | {_key(LESS_BUSY): "The rest, and where there was none: not coloured"}


def _density_words() -> dict[str, str]:
    words, above = {}, None
    for least, name in DENSITY_BANDS:
        words[_key(name)] = f"{least} times the average, or more" if above is None else f"{least} to {above} times"
        above = least
    return words | {_key(LESS_DENSE): f"Less than {above} times: not coloured"}


def _pooled(overlay: Overlay, scaled_with: Overlay | None) -> pd.Series[str]:
    """Class squares by their figure among those of both periods."""
    if scaled_with is None:
        return overlay.table["class"]
    both = pd.concat([overlay.table, scaled_with.table])
    if overlay.method is Method.DENSITY:
        found = density_classes(both["density"].to_numpy(dtype=float))
    else:
        found = busiest(both["count"].to_numpy(dtype=float), both["with_neighbours"].to_numpy(dtype=int))
    return pd.Series(found[: len(overlay.table)], index=overlay.table.index)


def _bands(values: pd.Series[float], others: list[float], show: Show) -> tuple[pd.Series[str], dict[str, str]]:
    """Sort wards into five classes of about equal size; the legend gives the lowest and highest figure of each."""
    sorted_ = classify_rates([*values, *others], classes=BANDS)
    places = 0 if show is Show.WARD_COUNT else 1
    # The darkest colour is for the highest class, however many there are.
    offset = BANDS - len(sorted_.breaks)
    names = {position: f"band-{position + offset}" for position in range(1, len(sorted_.breaks) + 1)}
    numbers = sorted_.numbers[: len(values)].tolist()
    keys = pd.Series([names.get(position, NO_FIGURE) for position in numbers], index=values.index)
    spans = [(number(low, places), number(high, places)) for low, high in sorted_.breaks.tolist()]
    words = {names[at]: low if low == high else f"{low} to {high}" for at, (low, high) in enumerate(spans, start=1)}
    return keys, dict(reversed(words.items())) | {NO_FIGURE: "No figure"}


# --- The table -------------------------------------------------------------------------------------------------------


_CHANGE_COLUMNS = (
    Column("count_before", "Before"),
    Column("count", "Now"),
    Column("difference", "Difference"),
    Column("ratio", "Change (range)"),
    Column("q", "Corrected p (q)", places=3),
    Column("class", "Result", is_number=False),
)


_KIND_COLUMNS = (
    Column("latest_count", "In the last month"),
    Column("hot_months", "Months as a hotspot"),
    Column("class", "Kind", is_number=False),
)


_AGENCY_ORDER = (QUIET_GAP, GAP, BOTH, POLICE_ONLY, NEITHER, NOT_TESTED)


def _agency_columns(overlay: Overlay, other: str) -> tuple[Column, ...]:
    scores = (Column("z", "Police score", places=1), Column("z_beside", "Its score", places=1))
    return (
        Column("count_beside", other),
        Column("count", f"Police: {overlay.measure}"),
        # A square's score says little: it follows no normal law.
        *(scores if overlay.units is Units.WARDS else ()),
        Column("class", "Result", is_number=False),
    )


def _harm_columns(units: Units) -> tuple[Column, ...]:
    rate = (Column("harm_per_1000", "Harm per 1,000 residents"),) if units is Units.WARDS else ()
    return (
        Column("harm", "Harm"),
        *rate,
        Column("largest_share", "Largest event"),
        Column("harm_capped", "Harm, capped"),
        Column("class", "Result", is_number=False),
    )


def columns(overlay: Overlay) -> tuple[Column, ...]:
    """Choose the columns that an overlay's table has."""
    found = [Column("ward_name", "Ward", is_number=False)]
    if overlay.units is Units.CELLS:
        found.append(Column("label", "Square", is_number=False))
    elif overlay.table["borough_code"].nunique() > 1:
        found.append(Column("borough_name", "Borough", is_number=False))
    if overlay.method is Method.CHANGE:
        return (*found, *_CHANGE_COLUMNS)
    if overlay.beside is not None:
        return (*found, *_agency_columns(overlay, overlay.beside.title))
    found.append(Column("count", overlay.measure.capitalize()))
    if overlay.method is Method.EMERGING:
        return (*found, *_KIND_COLUMNS)
    if overlay.method is Method.HARM:
        return (*found, *_harm_columns(overlay.units))
    if overlay.units is Units.WARDS:
        found += [Column("population", "Residents"), Column("rate_per_1000", "Per 1,000 residents", places=1)]
    if overlay.method is Method.GI_STAR:
        found.append(Column("with_neighbours", "With its neighbours"))
        # A square's score says little: it follows no normal law, so the largest may be no more than chance.
        found += [Column("z", "Score", places=1)] if overlay.units is Units.WARDS else []
        found.append(Column("class", "Result", is_number=False))
    elif overlay.method is Method.DENSITY:
        found.append(Column("density", "Per square km"))
    return tuple(found)


def ordered(overlay: Overlay, show: Show, sort: str) -> pd.DataFrame:
    """Order the units: by a column (falling with a minus before it), or the notable ones first."""
    name = sort.removeprefix("-")
    table = overlay.table
    if name in {column.key for column in columns(overlay)} - {"class"}:
        by = table[name] if pd.api.types.is_numeric_dtype(table[name]) else table[name].str.casefold()
        return table.loc[by.sort_values(ascending=not sort.startswith("-"), kind="stable", na_position="last").index]
    if overlay.method is Method.CHANGE:
        rank = table["class"].map({name: at for at, name in enumerate((RISEN, FALLEN, NO_CLEAR_CHANGE, NOT_TESTED))})
        return table.assign(rank=rank).sort_values(["rank", "p"], kind="stable")
    if overlay.method is Method.EMERGING:
        rank = table["class"].map(_kind_key).map({key: at for at, key in enumerate(_KIND_WORDS)})
        return table.assign(rank=rank, score=-table["z"]).sort_values(["rank", "score"], kind="stable")
    if overlay.method is Method.AGENCIES:
        rank = table["class"].map({name: at for at, name in enumerate(_AGENCY_ORDER)})
        return table.assign(rank=rank, score=-table["z_beside"]).sort_values(["rank", "score"], kind="stable")
    if overlay.method in {Method.GI_STAR, Method.HARM}:
        rank, figure = table["class"].map(_rank), table["harm" if overlay.method is Method.HARM else "z"]
        score = figure.where(table["class"].str.startswith("cold"), -figure)
        return table.assign(rank=rank, score=score).sort_values(["rank", "score"], kind="stable")
    notable = {Show.CELL_COUNT: "count", Show.WARD_COUNT: "count", Show.WARD_RATE: "rate_per_1000"}
    by_figure = notable.get(show, "density")
    return table.sort_values(by_figure, ascending=False, kind="stable", na_position="last")


def _rank(name: str) -> int:
    """Hotspots before quiet places, those before the rest, and what was not tested last."""
    return next(at for at, start in enumerate(("hot", "cold", NOT_SIGNIFICANT, NOT_TESTED)) if name.startswith(start))


def rows(overlay: Overlay, show: Show, units: pd.DataFrame) -> list[Row]:
    """Write units as rows of the table."""
    keys, legend = classes(overlay, show)
    words = {item.key: item.words.partition(":")[0] for item in legend}
    shown = columns(overlay)
    return [
        Row(str(code), tuple(_cell(unit, column, words) for column in shown), keys[code])
        for code, unit in zip(units.index, units.to_dict("records"), strict=True)
    ]


def _cell(unit: Mapping[Any, Any], column: Column, words: dict[str, str]) -> str:
    value = unit[column.key]
    if column.key == "class":
        return _said_class(str(value), words)
    if column.key == "largest_share":
        return said_percent(value)
    if column.key == "ratio":
        return _said_change(value, unit["ratio_lower"], unit["ratio_upper"])
    if column.key == "q" and value < LEAST_SHOWN_Q:
        return f"under {LEAST_SHOWN_Q}"
    if column.key in {"z", "z_beside", "difference"}:
        return signed(round(value, column.places), column.places)
    return number(value, column.places) if column.is_number else str(value)


def _said_class(name: str, words: dict[str, str]) -> str:
    kind, _, side = name.rpartition("_")
    if kind in KINDS:
        return kind.capitalize() if side == "hot" else f"Quiet: {kind}"
    level = name.partition("_")[2]
    return f"{words[_key(name)]} ({level}%)" if level in EVIDENCE else words[_key(name)]


def _said_change(*ratios: float) -> str:
    """Say a ratio and the ends of its interval in per cent: `+25% (+10% to +42%)`."""
    change, lower, upper = (f"{signed(100 * (ratio - 1))}%" for ratio in ratios)
    return "–" if np.isnan(ratios[0]) else f"{change} ({lower} to {upper})"


# --- What the map draws ----------------------------------------------------------------------------------------------


def layer(
    overlay: Overlay, show: Show, boroughs: gpd.GeoDataFrame, scaled_with: Overlay | None = None
) -> dict[str, Any]:
    """Write what the map draws: wards as shapes or squares as numbers, and the outlines of the boroughs.

    Shapes are simplified to what can be told apart on a screen, wards together, so that neighbours still meet.
    """
    keys, _ = classes(overlay, show, scaled_with)
    west, south, east, north = boroughs.total_bounds
    tolerance = (east - west) / PIXELS_ACROSS
    if overlay.units is Units.CELLS:
        outlines = boroughs.geometry.simplify_coverage(tolerance)
        return {
            "boroughs": _boroughs(boroughs["borough_name"], outlines),
            "cells": _cells(overlay, keys),
            "grid": national_grid(west, south, east, north),
        }
    wards = overlay.outlines.simplify_coverage(tolerance)
    of_borough = gpd.GeoDataFrame(geometry=wards).groupby(overlay.table["borough_name"])
    merged = {str(name): outline(gpd.GeoDataFrame(its_wards)) for name, its_wards in of_borough}
    shown = rows(overlay, show, overlay.table)
    titles = [column.title for column in columns(overlay)]
    properties = [
        {"code": row.code, "class": keys[row.code], "facts": list(zip(titles, row.cells, strict=True))} for row in shown
    ]
    return {
        "boroughs": _boroughs(merged, gpd.GeoSeries(list(merged.values()), crs=wards.crs)),
        "wards": _features(wards, properties),
        "grid": national_grid(west, south, east, north),
    }


def _boroughs(names: Iterable[str], outlines: gpd.GeoSeries) -> dict[str, Any]:
    return _features(outlines, [{"name": name} for name in names])


def _features(shapes: gpd.GeoSeries, properties: Sequence[dict[str, Any]]) -> dict[str, Any]:
    geometries = to_geojson_geometries(shapes, tolerance_metres=0)
    return {
        "type": "FeatureCollection",
        "features": [
            {"type": "Feature", "properties": of_one, "geometry": geometry}
            for of_one, geometry in zip(properties, geometries, strict=True)
        ],
    }


NOT_COLOURED = frozenset(
    map(_key, (LESS_DENSE, LESS_BUSY, NOT_SIGNIFICANT, NO_CLEAR_CHANGE, NO_PATTERN, NEITHER, NOT_TESTED))
)
_FIGURES = {
    Method.COUNT: ("with_neighbours", "With its neighbours"),
    Method.GI_STAR: ("with_neighbours", "With its neighbours"),
    Method.DENSITY: ("density", "Per square km"),
    Method.CHANGE: ("count_before", "In the period before"),
    Method.EMERGING: ("hot_months", "Months as a hotspot"),
    Method.HARM: ("harm", "Harm"),
    Method.AGENCIES: ("count_beside", "Of the other agency"),
}
"""What the map says of a square besides its count: a column, and its name."""


def _cells(overlay: Overlay, keys: pd.Series[str]) -> dict[str, Any]:
    """Squares that have a colour, each by its column and row from the south-west, its class, count and figure."""
    side = overlay.cell_metres or 1
    table = overlay.table
    west, south = int(table["west"].min()), int(table["south"].min())
    n_columns = (int(table["west"].max()) - west) // side + 1
    n_rows = (int(table["south"].max()) - south) // side + 1
    coloured = ~keys.isin(NOT_COLOURED)
    shown = table[coloured]
    figure, title = _FIGURES[overlay.method]
    used = sorted(set(keys[coloured]))
    longitude, latitude = _lattice(west, south, n_columns * side, n_rows * side)
    return {
        "columns": n_columns,
        "rows": n_rows,
        "longitude": longitude,
        "latitude": latitude,
        "side": side,
        "west": west,
        "south": south,
        "measure": overlay.measure,
        "figure": title,
        "classes": used,
        "column": ((shown["west"] - west) // side).tolist(),
        "row": ((shown["south"] - south) // side).tolist(),
        "class": keys[coloured].map({key: at for at, key in enumerate(used)}).tolist(),
        "count": shown["count"].astype(int).tolist(),
        "value": shown[figure].round().astype(int).tolist(),
        "ward": shown["ward_name"].tolist(),
    }


def _lattice(west: int, south: int, width: int, height: int) -> tuple[list[float], list[float]]:
    """Fit polynomials that give the longitude and latitude of a point from its share of the way east and north.

    The terms are u^i v^j for i from 0 up and, within each i, j from 0 up, with i + j no more than `DEGREE`.
    """
    u, v = _shares()
    return _fitted(u, v, *to_longitude_latitude(west + u * width, south + v * height))


def national_grid(west: float, south: float, east: float, north: float) -> dict[str, Any]:
    """Fit the same the other way, so that a map can say where on the National Grid it was moved to or clicked on.

    It holds for the box of an area and as much again around it; beyond, the edge is the nearest that can be said.
    """
    width, height = east - west, north - south
    u, v = _shares()
    longitude, latitude = to_longitude_latitude(west + (2 * u - 0.5) * width, south + (2 * v - 0.5) * height)
    spans = [(float(degrees.min()), float(degrees.max())) for degrees in (longitude, latitude)]
    of_width, of_height = (
        (degrees - low) / (high - low) for degrees, (low, high) in zip((longitude, latitude), spans, strict=True)
    )
    easting, northing = _fitted(of_width, of_height, west + (2 * u - 0.5) * width, south + (2 * v - 0.5) * height)
    return {"longitude": spans[0], "latitude": spans[1], "easting": easting, "northing": northing}


def _shares() -> tuple[FloatArray, FloatArray]:
    share = np.linspace(0, 1, 2 * DEGREE + 1)
    u, v = np.meshgrid(share, share)
    return u.ravel(), v.ravel()


def _fitted(u: FloatArray, v: FloatArray, first: FloatArray, second: FloatArray) -> tuple[list[float], list[float]]:
    terms = np.column_stack([u**i * v**j for i in range(DEGREE + 1) for j in range(DEGREE + 1 - i)])
    fitted = np.linalg.lstsq(terms, np.column_stack([first, second]), rcond=None)[0]
    return fitted[:, 0].tolist(), fitted[:, 1].tolist()
