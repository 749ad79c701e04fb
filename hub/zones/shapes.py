"""From what somebody typed, chose or uploaded to the ground that it encloses, and whether that can be a zone.

Pure: it knows no database and no file.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

import numpy as np
import shapely

from geo.frames import Geometry, to_national_grid
from hub.briefings.places_found import square_of
from hub.errors import BadRequest
from hub.uploads.reading.outlines import Areas, Ring
from hub.words import number

LEAST_SQUARE_METRES = 10_000
LEAST_WIDTH_METRES = 20
"""A zone so thin all along is a line, and could be drawn around a single door."""
MOST_OUTSIDE_METRES, MOST_OUTSIDE_SHARE = 50, 0.01
"""How far, or how much of it, a zone may lie over the edge of its area, as one drawn by hand will, and a ward where its
file and the borough's part at the river; what does is cut off."""
MOST_TYPED = 1_000
LEAST_CORNERS = 3
NATIONAL_GRID = 27700
_SEPARATED = re.compile(r"[\s,;]+")
_WIDEST_METRES = 1_000_000


def of_corners(written: str) -> Geometry | None:
    """Read the corners of a zone, an easting and a northing each, in order around it; None where none are written.

    Raises
    ------
    BadRequest
        Naming the line that cannot be read.
    """
    lines = [line for line in re.split(r"[\r\n]+", written) if line.strip()]
    if not lines:
        return None
    corners = [_corner(line, at) for at, line in enumerate(lines[: MOST_TYPED + 1], start=1)]
    if not LEAST_CORNERS <= len(corners) <= MOST_TYPED:
        raise BadRequest(
            f"A zone of {number(len(lines))} corners cannot be drawn.",
            remedy=f"Give from {LEAST_CORNERS} to {number(MOST_TYPED)}.",
        )
    drawn = shapely.Polygon(corners)
    if not drawn.is_valid:
        raise BadRequest(
            "The corners do not go around a piece of ground: the lines between them cross.",
            remedy="Give them in order, one after the other around the zone.",
        )
    return drawn


def of_squares(written: str) -> Geometry | None:
    """Read the names of squares, as the table of a map has them; None where none are written."""
    names = [name for name in _SEPARATED.split(written) if name]
    if len(names) > MOST_TYPED:
        raise BadRequest(f"{number(len(names))} squares were given.", remedy=f"Give no more than {number(MOST_TYPED)}.")
    boxes = []
    for name in names:
        square = square_of(name)
        if square is None:
            raise BadRequest(
                f"'{name[:40]}' is not the name of a square.",
                remedy="Write it as the table of the map does, for example 300m-E530100-N180300.",
            )
        side, west, south = square
        boxes.append(shapely.box(west, south, west + side, south + side))
    return together(boxes)


def of_areas(found: Areas) -> Geometry:
    """Work out the ground that the areas of a file enclose."""
    return _polygonal(
        shapely.union_all(
            [
                shapely.difference(_filled(area.shells, found.epsg), _filled(area.holes, found.epsg))
                for area in found.areas
            ]
        )
    )


def together(parts: Iterable[Geometry | None]) -> Geometry | None:
    """The ground of all the parts that there are; None where there is none."""
    found = [part for part in parts if part is not None]
    return _polygonal(shapely.union_all(found)) if found else None


def fitted(ground: Geometry, outline: Geometry, area_name: str) -> Geometry:
    """Give the ground as a zone of an area: all of it inside.

    Raises
    ------
    BadRequest
        If it lies outside the area, or is too small or too thin to say anything of.
    """
    outside = shapely.difference(ground, outline).area / max(ground.area, 1)
    if outside > MOST_OUTSIDE_SHARE and not shapely.covers(shapely.buffer(outline, MOST_OUTSIDE_METRES), ground):
        said = "All" if outside > 0.995 else f"About {outside:.0%}"
        raise BadRequest(
            f"{said} of the zone lies outside {area_name}.", remedy=f"Draw it so that it lies in {area_name}."
        )
    zone = _polygonal(shapely.intersection(ground, outline))
    if zone.area < LEAST_SQUARE_METRES or shapely.buffer(zone, -LEAST_WIDTH_METRES / 2).is_empty:
        raise BadRequest(
            "The zone is too small: so few incidents lie on so little ground that they could be told one by one.",
            remedy=f"Draw at least {number(LEAST_SQUARE_METRES)} square metres, as 100 m by 100 m, and no thin line.",
        )
    return zone


def _corner(line: str, at: int) -> tuple[float, float]:
    parts = [part for part in _SEPARATED.split(line.strip()) if part]
    try:
        easting, northing = map(float, parts)
    except ValueError:
        easting = northing = np.nan
    if not (0 <= easting <= _WIDEST_METRES and 0 <= northing <= 2 * _WIDEST_METRES):
        raise BadRequest(
            f"Line {at} of the corners is '{line.strip()[:40]}'.",
            remedy="Write an easting and a northing in metres on the National Grid, for example 530100, 180300.",
        )
    return easting, northing


def _filled(rings: Sequence[Ring], epsg: int) -> Geometry:
    polygons = [shapely.make_valid(shapely.Polygon(_in_metres(ring, epsg))) for ring in rings]
    filled: Geometry = shapely.union_all(polygons)
    return filled


def _in_metres(ring: Ring, epsg: int) -> Ring:
    if epsg == NATIONAL_GRID:
        return ring
    first, second = (np.array(axis) for axis in zip(*ring, strict=True))
    easting, northing = to_national_grid(first, second)
    if not (np.isfinite(easting).all() and np.isfinite(northing).all()):
        raise BadRequest("A corner of the zone lies nowhere on the National Grid.", remedy="Check the file in a map.")
    return list(zip(easting.tolist(), northing.tolist(), strict=True))


def _polygonal(ground: Geometry) -> Geometry:
    """The polygons of a geometry, without the points and lines in which parts of it touch."""
    kept: Geometry = shapely.union_all([part for part in shapely.get_parts(ground) if part.area > 0])
    return kept
