"""What map layers of every format share: coordinate systems, points as two columns, and the refusal of areas.

Pure. Never guesses a coordinate system, and never moves a point but from Web Mercator, which is degrees stretched.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from hub.errors import BadFile
from hub.uploads.reading.grids import Sheets
from hub.uploads.reading.table import Limits, Question, Table, named, tidied, too_many_columns, too_many_rows, unmarked

NATIONAL_GRID, DEGREES, ETRS_DEGREES, WEB_MERCATOR = 27700, 4326, 4258, 3857
HEADINGS = {NATIONAL_GRID: ("Easting", "Northing"), DEGREES: ("Longitude", "Latitude")}
EARTH_RADIUS_METRES = 6_378_137
SAVE_IN_A_KNOWN_SYSTEM = (
    "In QGIS, choose Export, Save Features As, and the CRS 'EPSG:27700 – British National Grid', and upload that file."
)
FIRST_ROW = 2
"""The number of the first feature, as if the layer were a sheet with its headings in the first row."""
SYSTEMS = {
    NATIONAL_GRID: "British National Grid (EPSG:27700), in metres",
    DEGREES: "Longitude and latitude (EPSG:4326), in degrees",
    WEB_MERCATOR: "Web Mercator (EPSG:3857), in metres",
}
BRITAIN = {
    NATIONAL_GRID: (1_000, 700_000, 1_000, 1_300_000),
    DEGREES: (-9, 2.1, 49, 61),
    WEB_MERCATOR: (-1_000_000, 240_000, 6_200_000, 8_600_000),
}
"""From west to east and from south to north in each system: no place lies in two of them."""
POINTS_COMPARED = 200

Point = tuple[float, float] | None


@dataclass(frozen=True)
class Layer:
    """A layer as it stands: attributes by column, as text, and where it has them a point for each row."""

    names: tuple[str, ...]
    columns: tuple[Sequence[str | None], ...]
    points: Sequence[Point] | None
    epsg: int | None
    """None where the layer does not say."""
    notes: tuple[str, ...] = ()


def tabled(
    layer: Layer,
    limits: Limits,
    *,
    answers: Mapping[str, str],
    file_format: str,
    sheets: Sheets,
    sheet: str,
) -> Table:
    """Put a layer's points into two columns behind its attributes."""
    names, columns = list(layer.names), list(layer.columns)
    questions: tuple[Question, ...] = ()
    if layer.points is not None:
        epsg, questions = _system_of(layer, layer.points, answers)
        headings, points = _placed(layer.points, epsg)
        names += [_free(heading, names) for heading in headings]
        columns += [[None if point is None else decimal(point[axis]) for point in points] for axis in (0, 1)]
    if len(names) > limits.columns:
        raise too_many_columns(f"{len(names):,}", limits)
    headings_found = named(names, limits)
    height = len(columns[0]) if columns else 0
    if height > limits.rows:
        raise too_many_rows(limits)
    raw = frame_of(columns)
    headings_found, cells, marked_upload = unmarked(headings_found, tidied(raw, headings_found, limits))
    return Table(
        headings=headings_found,
        cells=cells,
        format=file_format,
        notes=(*sheets.notes(sheet), *layer.notes),
        sheet=sheet,
        sheets=sheets.visible,
        questions=questions,
        marked_upload=marked_upload,
    )


def frame_of(columns: Sequence[Sequence[str | None]]) -> pl.DataFrame:
    """Columns as the cells of a table, its rows numbered."""
    height = len(columns[0]) if columns else 0
    return pl.DataFrame(
        {
            "row": range(FIRST_ROW, FIRST_ROW + height),
            **{str(at): column for at, column in enumerate(columns)},
            "surplus": [None] * height,
        },
        {"row": pl.Int64, **{str(at): pl.String for at in range(len(columns))}, "surplus": pl.String},
    )


def _system_of(layer: Layer, points: Sequence[Point], answers: Mapping[str, str]) -> tuple[int, tuple[Question, ...]]:
    """The coordinate system of a layer, and a question where it does not say, or says what its positions belie."""
    declared = DEGREES if layer.epsg == ETRS_DEGREES else layer.epsg
    if declared is not None and declared not in SYSTEMS:
        raise BadFile(f"The layer is in EPSG:{declared}, which the hub does not read.", remedy=SAVE_IN_A_KNOWN_SYSTEM)
    likely = likely_system(points)
    if declared is not None and likely in {None, declared}:
        return declared, ()
    if likely is None and not any(points):
        return NATIONAL_GRID, ()
    if likely is None or answers.get("crs", str(likely)) != str(likely):
        raise BadFile(
            "The positions of the layer lie nowhere in Britain in "
            + ("the coordinate system that was named." if likely else "any coordinate system that the hub reads."),
            remedy=SAVE_IN_A_KNOWN_SYSTEM,
        )
    says = f"that its positions are in EPSG:{declared}, where they lie outside Britain" if declared else "no system"
    sentence = f"Which coordinate system are the positions in? The layer says {says}. They lie in Britain in this one."
    return likely, (Question("crs", sentence, ((str(likely), SYSTEMS[likely]),)),)


def likely_system(points: Sequence[Point]) -> int | None:
    """The system in which most of the first points lie in Britain, whichever way round they are given."""
    known = [point for point in points[:POINTS_COMPARED] if point is not None]
    for epsg, (west, east, south, north) in BRITAIN.items():
        inside = sum(
            (west <= x <= east and south <= y <= north) or (west <= y <= east and south <= x <= north) for x, y in known
        )
        if inside * 2 > len(known):
            return epsg
    return None


def _placed(points: Sequence[Point], epsg: int) -> tuple[tuple[str, str], Sequence[Point]]:
    if epsg == WEB_MERCATOR:
        return HEADINGS[DEGREES], [None if point is None else unstretched(*point) for point in points]
    return HEADINGS[epsg], points


def unstretched(x: float, y: float) -> Point:
    """A place in Web Mercator as longitude and latitude; none where it is off the globe."""
    try:
        latitude = 2 * math.atan(math.exp(y / EARTH_RADIUS_METRES)) - math.pi / 2
    except OverflowError:
        return None
    return math.degrees(x / EARTH_RADIUS_METRES), math.degrees(latitude)


def _free(heading: str, taken: Sequence[str]) -> str:
    """A heading for a coordinate that no attribute has already."""
    is_taken = heading.casefold() in {name.casefold() for name in taken}
    return f"{heading} of the point" if is_taken else heading


# --- Values ----------------------------------------------------------------------------------------------------------


def text_of(value: object) -> str | None:
    """An attribute as text."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float):
        return decimal(value)
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False)
    return str(value)


def decimal(number: float) -> str | None:
    """A number without needless zeros; none where it is not finite."""
    if not math.isfinite(number):
        return None
    return str(int(number)) if number.is_integer() and abs(number) < 1e15 else repr(number)


def point_of(coordinates: Iterable[object]) -> Point:
    """The first two of some coordinates; none where they are not finite numbers."""
    pair = [float(number) for number in list(coordinates)[:2] if isinstance(number, int | float)]
    if len(pair) < 2 or not all(map(math.isfinite, pair)):
        return None
    return pair[0], pair[1]


# --- Refusals --------------------------------------------------------------------------------------------------------


def has_areas() -> BadFile:
    """Refuse outlines of wards, boroughs and the like."""
    return BadFile(
        "The layer holds areas, such as ward or borough boundaries, and no points.",
        remedy="Boundaries are not uploaded here: an administrator loads them with hub load-places. "
        "To upload figures for areas, send them as a table with a code for each area.",
    )


def has_lines() -> BadFile:
    """Refuse lines."""
    return BadFile(
        "The layer holds lines, or several points in one row, and the hub takes one point for each row.",
        remedy="In QGIS, convert it to single points or centroids, and upload that layer.",
    )


def not_a_layer(words: str) -> BadFile:
    """Refuse what is no map layer, though its name says so."""
    return BadFile(words, remedy="Save it again in the program that made it, or send the data as CSV.")
