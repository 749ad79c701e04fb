"""Ground to compare a response with, and ground where displacement is looked for: proposed by stated rules.

It looks at nothing but what came before. Where no ground will do it says so, and offers what comes nearest.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

import geopandas as gpd
import numpy as np
import shapely
from scipy.spatial import KDTree

from geo import boundaries, pieces
from geo.comparison_areas import EXCLUDED, TREND_AT_MOST, USUAL_LEVELS, Candidate, rank_candidates
from geo.frames import GeoError, Geometry
from hub.access import Viewer
from hub.baselines import series
from hub.baselines.series import Basis, Piece
from hub.errors import BadRequest
from hub.hotspots.sources import Ground
from hub.places import service as places
from hub.places.service import Area
from hub.words import listed

MOST_CONTROLS = 5
MOST_OFFERED = 12
LEAST_STEP_METRES = 100.0
RING_METRES = (100.0, 500.0)
"""Between these a ring is half as wide as the place is broad."""
MOST_RING_METRES = 2_000.0
MOST_MOVES = 2_500
MOST_NAMED, LONGEST_NAME = 4, 160


@dataclass(frozen=True)
class Offered:
    """One piece of ground as a control, and how like the place it was.

    `rule` is that of `comparison_areas.Candidate`: `suitable`, or what it breaks.
    """

    piece: Piece
    rule: str
    level_ratio: float
    trend_p: float

    @property
    def is_suitable(self) -> bool:
        """Whether it keeps every rule."""
        return self.rule == "suitable"


@dataclass(frozen=True)
class Comparison:
    """What a place is set against.

    Attributes
    ----------
    response, buffer : Piece
        The place, and where what it displaces would go; no buffer where all around is left out.
    ring_metres : float
        How wide the buffer is; 0 where it is the wards beside.
    controls, offered : tuple of Offered
        Those that are taken, and all that are offered instead, the best first.
    considered : int
        Pieces of ground that were looked at.
    why_none : str
        Why none could be looked for; blank otherwise.
    """

    basis: Basis
    response: Piece
    buffer: Piece | None
    ring_metres: float
    controls: tuple[Offered, ...]
    offered: tuple[Offered, ...]
    considered: int
    why_none: str = ""

    @property
    def grounds(self) -> list[Piece]:
        """The place, its buffer if it has one, and its controls."""
        buffer = [] if self.buffer is None else [self.buffer]
        return [self.response, *buffer, *(each.piece for each in self.controls)]

    def choosing(self, keys: Collection[str]) -> Comparison:
        """The same with other controls, each by its key.

        Raises
        ------
        BadRequest
            If one of them is not offered, or lies over another.
        """
        known = {each.piece.key: each for each in self.offered}
        missing = sorted(set(keys) - set(known))
        if missing:
            raise BadRequest("One of the control areas is no longer offered.", remedy="Choose from the list again.")
        chosen = tuple(each for key, each in known.items() if key in set(keys))
        if len(pieces.first_apart([each.piece.outline for each in chosen], most=len(chosen))) < len(chosen):
            raise BadRequest("Two of the control areas lie over each other.", remedy="Choose one of them.")
        return replace(self, controls=chosen)


def rules() -> str:
    """The rules, in words."""
    low, high = USUAL_LEVELS
    return (
        "A control area is ground left alone, to tell what would have happened anyway. It lies in the problem's "
        "boroughs, is of the same shape and size (or of as many wards, where the place is made of wards), had between "
        f"{low:g} and {high:g} times as many incidents, went the same way before (as far as can be told from chance at "
        f"{TREND_AT_MOST:.0%}), shares no ground with the place or with what lies beside it, is under no response, and "
        f"lies over no other control. Of those that will do, the {MOST_CONTROLS} nearest in number are taken."
    )


def propose(
    viewer: Viewer,
    area: Area,
    its_basis: Basis,
    response: Piece,
    *,
    under_response: Sequence[Geometry],
    told_of: Sequence[Geometry],
    ring_metres: float | None = None,
) -> Comparison:
    """Propose control areas and a buffer for a place, by what was recorded in the months of the basis.

    Parameters
    ----------
    viewer, area
        Who asks, and the boroughs in which control areas are looked for.
    its_basis, response
        What is counted, and the place.
    under_response : sequence of geometries
        Ground that other responses work on: no control lies over it.
    told_of : sequence of geometries
        That part of it of which whoever reads the baseline may know: it alone is cut out of the buffer, whose outline
        is kept, and would tell of a response that some of them do not read.
    ring_metres : float, optional
        How wide the buffer is to be; half the breadth of the place unless given. Of wards, it is those beside.

    Raises
    ------
    BadRequest
        If the ring is too wide or has no width.
    """
    if ring_metres is not None and not 0 < ring_metres <= MOST_RING_METRES:
        raise BadRequest(
            f"A buffer cannot be {ring_metres:g} m wide.", remedy=f"Give from 1 to {MOST_RING_METRES:g} metres."
        )
    outline: Geometry = boundaries.outline(places.borough_outlines(viewer.session, area.borough_codes))
    if response.ward_codes:
        wards = _wards(viewer, its_basis.wards_of, area)
        buffer, others = _beside(wards, response, told_of)
        width, everywhere = 0.0, others
    else:
        width = half_breadth(response.outline) if ring_metres is None else float(ring_metres)
        buffer = _ring(response, outline, width, told_of)
        everywhere = _like_it(viewer, area, response, outline)
    return _chosen(viewer, its_basis, response, buffer, width, everywhere, under_response)


def half_breadth(outline: Geometry) -> float:
    """How wide the ring around some ground is unless said, in metres."""
    least, most = RING_METRES
    return float(np.clip(np.round(np.sqrt(outline.area) / 2, -1), least, most))


def key_of(outline: Geometry) -> str:
    """The south-west corner of some ground, by which a piece of it is called."""
    west, south = (round(edge) for edge in outline.bounds[:2])
    return f"E{west}-N{south}"


def _wards(viewer: Viewer, wards_of: Ground | None, area: Area) -> gpd.GeoDataFrame:
    newest = places.boundary_sets(viewer.session)[0].id
    return places.wards(viewer.session, wards_of.id if wards_of else newest, area.borough_codes)


def _beside(wards: gpd.GeoDataFrame, response: Piece, told_of: Sequence[Geometry]) -> tuple[Piece | None, list[Piece]]:
    """The wards that touch those of the place, together, and each ward but those of the place."""
    own = wards.index.isin(response.ward_codes)
    touches = (boundaries.queen_neighbours(wards) @ own.astype(float) > 0) & ~own
    others = [
        Piece(str(code), str(name), (str(code),), outline)
        for code, name, outline in zip(wards.index, wards["ward_name"], wards.geometry, strict=True)
        if code not in response.ward_codes
    ]
    free = [piece for piece in others if touches[wards.index.get_loc(piece.key)] and not _over(piece, told_of)]
    groups = _together(others, len(response.ward_codes))
    if not free:
        return None, groups
    codes = tuple(piece.key for piece in free)
    ground = boundaries.outline(wards.loc[list(codes)])
    return Piece("buffer", "The wards beside it", codes, ground), groups


def _together(wards: list[Piece], number: int) -> list[Piece]:
    """Each ward with those nearest to it, as many as the place has, so that like is compared with like."""
    if number == 1 or len(wards) < number:
        return wards
    middles = shapely.get_coordinates(shapely.centroid(np.array([ward.outline for ward in wards], dtype=np.object_)))
    _, nearest = KDTree(middles).query(middles, k=number)
    groups = []
    for ward, members in zip(wards, np.atleast_2d(nearest), strict=True):
        group = [ward, *(wards[at] for at in members if wards[at] is not ward)][:number]
        ground: Geometry = shapely.union_all([each.outline for each in group])
        name = listed([each.name for each in group], most=MOST_NAMED)[:LONGEST_NAME]
        groups.append(Piece(ward.key, name, tuple(each.key for each in group), ground))
    return groups


def _ring(response: Piece, outline: Geometry, width: float, told_of: Sequence[Geometry]) -> Piece | None:
    ring = shapely.intersection(pieces.ring_around(response.outline, width_metres=width), outline)
    ring = polygons_of(shapely.difference(ring, shapely.union_all(list(told_of))))
    if ring.is_empty:
        return None
    return Piece("buffer", f"The {width:g} m around it", (), ring)


def polygons_of(ground: Geometry) -> Geometry:
    """The parts of some ground that enclose any, without the lines and points that cutting leaves."""
    kept: Geometry = shapely.multipolygons([part for part in shapely.get_parts(ground) if part.area > 0])
    return kept


def _like_it(viewer: Viewer, area: Area, response: Piece, outline: Geometry) -> list[Piece]:
    """Copies of the place moved over its boroughs, each called by the ward in its middle."""
    west, south, east, north = response.outline.bounds
    step = max(LEAST_STEP_METRES, min(east - west, north - south) / 3, np.sqrt(outline.area / MOST_MOVES))
    copies = pieces.moved_copies(response.outline, outline, step_metres=float(step))[1:]
    if not copies:
        return []
    wards = _wards(viewer, None, area)
    at, middle = wards.sindex.query(shapely.centroid(np.array(copies, dtype=np.object_)), predicate="intersects")
    ward_of = dict(zip(at.tolist(), wards["ward_name"].iloc[middle], strict=True))
    return [
        Piece(key_of(copy), f"{ward_of.get(number, 'Ground')}, {key_of(copy)}", (), copy)
        for number, copy in enumerate(copies)
    ]


def _chosen(
    viewer: Viewer,
    its_basis: Basis,
    response: Piece,
    buffer: Piece | None,
    width: float,
    everywhere: list[Piece],
    under_response: Sequence[Geometry],
) -> Comparison:
    counts = series.together(series.count(viewer, its_basis, [response, *everywhere]))
    reach = response.outline if buffer is None else shapely.union_all([response.outline, buffer.outline])
    try:
        ranked = rank_candidates(
            counts,
            response=0,
            adjoining=[False, *(_adjoins(piece, response, reach) for piece in everywhere)],
            excluded=[False, *(_over(piece, under_response) for piece in everywhere)],
        )
    except GeoError as error:
        return Comparison(its_basis, response, buffer, width, (), (), len(everywhere), str(error).partition(". ")[0])
    ordered = _apart(ranked, everywhere)
    controls = tuple(each for each in ordered if each.is_suitable)[:MOST_CONTROLS]
    return Comparison(its_basis, response, buffer, width, controls, tuple(ordered), len(everywhere))


def _apart(ranked: Sequence[Candidate], everywhere: Sequence[Piece]) -> list[Offered]:
    """The best pieces that lie over no better one; none over ground of another response, which nobody may choose."""
    usable = [each for each in ranked if each.rule != EXCLUDED]
    offered = [Offered(everywhere[each.position - 1], each.rule, each.level_ratio, each.trend.p) for each in usable]
    kept = pieces.first_apart([each.piece.outline for each in offered], most=MOST_OFFERED)
    return [offered[position] for position in kept]


def _adjoins(piece: Piece, response: Piece, reach: Geometry) -> bool:
    """Whether a piece touches the place or shares ground with it or with what lies beside it."""
    return bool(shapely.intersects(piece.outline, response.outline)) or pieces.share_ground(piece.outline, reach)


def _over(piece: Piece, others: Sequence[Geometry]) -> bool:
    return any(pieces.share_ground(piece.outline, other) for other in others)
