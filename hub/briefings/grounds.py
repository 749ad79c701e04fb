"""The incidents on some ground of an area, whatever its shape: part of a map, wards, or a zone that somebody drew.

The ground is cut to the area's outline, and what it shows follows the rule of the page of one place: exact counts, for
those who may see them of the whole area, and nothing for anybody else.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from geo import boundaries, locate
from geo.frames import NATIONAL_GRID, BoolArray, FloatArray, Geometry
from hub.access import Permission, Viewer
from hub.briefings.clocks import PlaceClock, clock_of
from hub.errors import BadRequest
from hub.hotspots.checking import ALL_CRIME
from hub.places import service as places
from hub.places.service import Area
from hub.uploads import incidents
from hub.uploads.classification import ANTI_SOCIAL_BEHAVIOUR
from hub.uploads.figures import Box
from hub.uploads.kinds import catalogue
from hub.words import listed

VIEW_METRES = 100
"""A part of a map is widened to whole squares of this side, so that no sliver of ground can be asked for."""
LOOKUP_METRES = 100.0
NAMES_IN_A_SENTENCE = 5


@dataclass(frozen=True)
class ClockOnGround:
    """When in the week incidents come on some ground of an area."""

    area: Area
    ground_words: str
    category: str
    first_month: dt.date
    last_month: dt.date
    clock: PlaceClock | None


def clock_on(
    viewer: Viewer,
    area: Area,
    *,
    category: str,
    first_month: dt.date,
    last_month: dt.date,
    view: Box | None = None,
    ward_codes: Sequence[str] = (),
) -> ClockOnGround:
    """Tell when in the week incidents come in a part of an area: what a map shows, some wards, or all of it.

    Parameters
    ----------
    viewer, area
        Who asks, and of which area. All of it must be theirs to see exactly.
    category
        The offences; where too few of them come with a time, incidents of all kinds are taken.
    first_month, last_month
        Both inclusive.
    view
        What the map shows.
    ward_codes
        Of the newest wards; they go before the view.

    Raises
    ------
    BadRequest
        If a ward is not one of the area's, or the map shows nothing of the area.
    """
    require_exact(viewer, area)
    if first_month > last_month:
        raise BadRequest("The period ends before it begins.", remedy="Choose a first month that is not after the last.")
    ground, words = outline_of(viewer, area), f"all of {area.name}"
    if ward_codes:
        ground, words = ground_of_wards(viewer, area, ward_codes)
    elif view is not None:
        ground, words = _of_view(ground, view, area), f"the part of {area.name} that the map shows"
    here = timed_on_ground(viewer, area, ground, first_month=first_month, last_month=last_month)
    return ClockOnGround(area, words, category, first_month, last_month, clock_of(here, category, titles_of(viewer)))


def require_exact(viewer: Viewer, area: Area) -> None:
    """Refuse unless the viewer may see exact counts of any ground of the area."""
    viewer.require(Permission.OVERLAY_READ, area.borough_codes)
    viewer.require(Permission.EXACT_COUNTS, area.borough_codes)


def titles_of(viewer: Viewer) -> dict[str, str]:
    """The title of each dataset, by its key."""
    return {key: kind.title for key, kind in catalogue(viewer.session).items()}


def outline_of(viewer: Viewer, area: Area) -> Geometry:
    """The outline of an area."""
    outline: Geometry = boundaries.outline(places.borough_outlines(viewer.session, area.borough_codes))
    return outline


def timed_on_ground(
    viewer: Viewer, area: Area, ground: Geometry, *, first_month: dt.date, last_month: dt.date
) -> pd.DataFrame:
    """List the incidents on some ground whose kind may say when in the week, as `incidents.within` gives them."""
    months = {"first_month": first_month, "last_month": last_month}
    here = incidents.within(viewer, area.borough_codes, [box_around(ground)], **months, is_timed=True)
    found: pd.DataFrame = here.loc[stand_on(ground, here)]
    return found


def box_around(ground: Geometry) -> Box:
    """The box that holds all of some ground, its eastern and northern edge too."""
    west, south, east, north = ground.bounds
    return west, south, float(np.nextafter(east, np.inf)), float(np.nextafter(north, np.inf))


def stand_on(ground: Geometry, points: pd.DataFrame) -> BoolArray:
    """Which points, each an `easting` and a `northing`, lie on some ground or its edge."""
    lookup = locate.build_lookup(gpd.GeoDataFrame(geometry=[ground], crs=NATIONAL_GRID), cell_metres=LOOKUP_METRES)
    easting, northing = (points[name].to_numpy(dtype=float) for name in ("easting", "northing"))
    found: BoolArray = locate.place(lookup, easting, northing) == 0
    return found


def ground_of_wards(viewer: Viewer, area: Area, ward_codes: Sequence[str]) -> tuple[Geometry, str]:
    """The ground of some of the newest wards of an area, and their names.

    Raises
    ------
    BadRequest
        If one is not a ward of the area.
    """
    wards = wards_of(viewer, area)
    unknown = sorted(set(ward_codes) - set(wards.index))
    if unknown:
        raise BadRequest(f"There is no ward '{unknown[0][:40]}' in {area.name}.", remedy="Choose one from the list.")
    chosen = wards.loc[sorted(set(ward_codes))]
    return boundaries.outline(chosen), listed(list(chosen["ward_name"]), most=NAMES_IN_A_SENTENCE)


def of_category(here: pd.DataFrame, category: str) -> BoolArray:
    """Which incidents are of an offence group or subgroup, or are recorded crime at all."""
    if category == ALL_CRIME:
        chosen = here["category"] != ANTI_SOCIAL_BEHAVIOUR
    else:
        chosen = (here["category"] == category) | (here["subcategory"] == category)
    return chosen.to_numpy(dtype=bool)


def named_wards(viewer: Viewer, area: Area) -> list[tuple[str, str]]:
    """The newest wards of an area by name, each with its code; of those that share a name, with the borough."""
    wards = wards_of(viewer, area)
    boroughs = {each.code: each.name for each in places.boroughs(viewer.session, area.borough_codes)}
    is_common = wards["ward_name"].duplicated(keep=False)
    full = wards["ward_name"] + " (" + wards["borough_code"].map(boroughs) + ")"
    names = wards["ward_name"].where(~is_common, full).sort_values()
    return [(str(code), str(name)) for code, name in names.items()]


def wards_of(viewer: Viewer, area: Area) -> gpd.GeoDataFrame:
    """The newest wards of an area."""
    newest = places.boundary_sets(viewer.session)[0]
    return places.wards(viewer.session, newest.id, area.borough_codes)


def _of_view(outline: Geometry, view: Box, area: Area) -> Geometry:
    edges: FloatArray = np.asarray(view, dtype=np.float64) / VIEW_METRES
    if not np.isfinite(edges).all() or edges[0] > edges[2] or edges[1] > edges[3]:
        raise BadRequest(
            "What the map shows cannot be understood.",
            remedy="Give it as west, south, east and north, in metres on the National Grid.",
        )
    whole = np.concatenate([np.floor(edges[:2]), np.ceil(edges[2:])]) * VIEW_METRES
    ground: Geometry = shapely.intersection(outline, shapely.box(*whole))
    parts = [part for part in shapely.get_parts(ground) if part.area > 0]
    if not parts:
        raise BadRequest(f"The map shows no part of {area.name}.", remedy="Move the map, or choose a ward.")
    kept: Geometry = shapely.multipolygons(parts)
    return kept
