"""Areas that somebody drew, as the rings of their corners, whether in GeoJSON, a GeoPackage or a shapefile.

Pure. Never guesses a coordinate system; what the rings enclose is for others to work out.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from hub.errors import BadFile
from hub.uploads.reading.layers import (
    DEGREES,
    ETRS_DEGREES,
    SAVE_IN_A_KNOWN_SYSTEM,
    SYSTEMS,
    WEB_MERCATOR,
    likely_system,
    not_a_layer,
    point_of,
    unstretched,
)

POLYGON, MULTIPOLYGON = 3, 6
VALUES_A_CORNER = {0: 2, 1: 3, 2: 3, 3: 4}
"""By the thousands of a geometry's type: with height, with a measure, with both."""
LEAST_CORNERS = 4
"""Of a ring, its first again at the end."""
MOST_CORNERS = 50_000

Corner = tuple[float, float]
Ring = list[Corner]


@dataclass(frozen=True)
class Area:
    """The ground inside any of the shells and in none of the holes."""

    shells: Sequence[Ring]
    holes: Sequence[Ring]


@dataclass(frozen=True)
class Areas:
    """Areas in metres of the National Grid or in degrees."""

    epsg: int
    areas: tuple[Area, ...]


def settled(areas: Iterable[Area], epsg: int | None) -> Areas:
    """Refuse areas that are too many, or nowhere in Britain in the system that they are said to be in.

    Raises
    ------
    BadFile
        Saying which.
    """
    kept: list[Area] = []
    corners = 0
    for area in areas:
        corners += sum(map(len, [*area.shells, *area.holes]))
        if corners > MOST_CORNERS:
            raise BadFile(
                f"The areas in the file have more than {MOST_CORNERS:,} corners.",
                remedy="Keep only the areas that are wanted, or simplify them (in QGIS: Vector, Geometry Tools).",
            )
        kept.append(area)
    if not kept:
        raise not_a_layer("The file holds no area.")
    declared = DEGREES if epsg == ETRS_DEGREES else epsg
    if declared not in SYSTEMS or likely_system([corner for area in kept for corner in area.shells[0]]) != declared:
        said = f"says that it is in EPSG:{epsg}, and lies nowhere in Britain there" if epsg else "names none"
        raise BadFile(
            f"The coordinate system of the file is not clear: it {said}, or the hub does not read that one.",
            remedy=SAVE_IN_A_KNOWN_SYSTEM,
        )
    if declared == WEB_MERCATOR:
        return Areas(DEGREES, tuple(_in_degrees(area) for area in kept))
    return Areas(declared, tuple(kept))


def ring_of(coordinates: object) -> Ring:
    """Read a ring from a list of coordinates."""
    if not isinstance(coordinates, list | tuple):
        raise damaged()
    corners = [point_of(each) if isinstance(each, list | tuple) else None for each in coordinates]
    known = [corner for corner in corners if corner is not None]
    if len(known) < LEAST_CORNERS or len(known) < len(corners):
        raise damaged()
    return known


def of_polygon(rings: object) -> Area:
    """Read a polygon from its rings, the first of them its shell."""
    if not isinstance(rings, list | tuple) or not rings:
        raise damaged()
    return Area([ring_of(rings[0])], [ring_of(each) for each in rings[1:]])


def of_binary(binary: bytes) -> Iterator[Area]:
    """Read polygons from well-known binary; whatever else it holds is refused."""
    try:
        yield from _of_binary(binary)
    except (struct.error, IndexError, KeyError) as error:
        raise damaged() from error


def of_rings(rings: Iterable[Ring]) -> Area:
    """Tell the shells from the holes of a shapefile's record: shells run clockwise."""
    shells: list[Ring] = []
    holes: list[Ring] = []
    for ring in rings:
        (holes if _twice_the_area(ring) > 0 else shells).append(ring)
    return Area(shells, holes) if shells else Area(holes, [])


def not_areas() -> BadFile:
    """Refuse points and lines."""
    return BadFile("The file holds points or lines, and a zone is an area.", remedy="Save a layer of polygons.")


def several_layers(names: Sequence[str]) -> BadFile:
    """Refuse a file that leaves open which of its layers is meant."""
    return BadFile(
        f"The file has {len(names)} layers: {', '.join(name[:60] for name in names[:5])}.",
        remedy="Save the one with the zone by itself.",
    )


def damaged() -> BadFile:
    """Refuse an outline that cannot be read."""
    return not_a_layer("An area in the file is damaged.")


def _of_binary(binary: bytes) -> Iterator[Area]:
    kind, order = _kind_and_order(binary, 0)
    if kind % 1000 == POLYGON:
        area, _ = _polygon(binary, 0)
        yield area
    elif kind % 1000 == MULTIPOLYGON:
        at = 9
        for _ in range(struct.unpack_from(f"{order}I", binary, 5)[0]):
            area, at = _polygon(binary, at)
            yield area
    else:
        raise not_areas()


def _polygon(binary: bytes, at: int) -> tuple[Area, int]:
    kind, order = _kind_and_order(binary, at)
    if kind % 1000 != POLYGON:
        raise not_areas()
    width = VALUES_A_CORNER[kind // 1000]
    rings, at = struct.unpack_from(f"{order}I", binary, at + 5)[0], at + 9
    found: list[list[tuple[float, ...]]] = []
    for _ in range(rings):
        corners = struct.unpack_from(f"{order}I", binary, at)[0]
        if corners > MOST_CORNERS:
            raise damaged()
        values = struct.unpack_from(f"{order}{corners * width}d", binary, at + 4)
        found.append([values[start : start + 2] for start in range(0, len(values), width)])
        at += 4 + 8 * corners * width
    return of_polygon(found), at


def _kind_and_order(binary: bytes, at: int) -> tuple[int, str]:
    order = "<" if binary[at] == 1 else ">"
    return struct.unpack_from(f"{order}I", binary, at + 1)[0], order


def _twice_the_area(ring: Ring) -> float:
    return sum(x * north - east * y for (x, y), (east, north) in pairwise(ring))


def _in_degrees(area: Area) -> Area:
    shells, holes = ([_ring_in_degrees(ring) for ring in rings] for rings in (area.shells, area.holes))
    return Area(shells, holes)


def _ring_in_degrees(ring: Ring) -> Ring:
    return ring_of([unstretched(x, y) or () for x, y in ring])
