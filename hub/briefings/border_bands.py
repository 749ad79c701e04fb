"""Works out what a borough says to its neighbours of its strip along each border, from its own overlays."""

from __future__ import annotations

from collections.abc import Iterator

import geopandas as gpd
import pandas as pd

from hub.access import Viewer
from hub.borders import service as borders
from hub.borders.bands import Band
from hub.borders.service import STRIP_METRES, Said
from hub.errors import HubError
from hub.hotspots import service
from hub.hotspots.beyond import may_be_told
from hub.hotspots.overlays import Overlay
from hub.hotspots.scoring import Method, Units
from hub.hotspots.service import Choices
from hub.places import service as places
from hub.places.service import Area
from hub.uploads import kinds

WELL_ABOVE = ("hot_99", "hot_99.9")


def worked_out(viewer: Viewer, area: Area, offered: Choices) -> dict[str, list[Said]]:
    """Say, for each neighbour of a borough, a word on each of its places that lie near their border.

    Only all recorded crime and the main groups, none that the partnership protects, and only of figures that need no
    sharing agreement.
    """
    said: dict[str, list[Said]] = {code: [] for code in borders.neighbours(viewer.session, area.slug)}
    outlines = places.borough_outlines(viewer.session, list(said))
    for overlay in _overlays(viewer, area, offered):
        for code in said:
            near = overlay.outlines.dwithin(outlines.geometry[code], STRIP_METRES).to_numpy()
            said[code] += _said(area, overlay, overlay.table[near])
    return said


def _overlays(viewer: Viewer, area: Area, offered: Choices) -> Iterator[Overlay]:
    """The hotspots of each category that may be spoken of, in wards and in small areas, for the months shown first."""
    agreed = kinds.to_agree_on(viewer.session)
    groups = dict.fromkeys(group for found in offered.categories.values() for group, _ in found)
    for category in (None, *groups):
        for units in Units:
            try:
                overlay = service.overlay(
                    viewer,
                    area,
                    units=units,
                    method=Method.GI_STAR,
                    category=category,
                    first_month=offered.first_month,
                    last_month=offered.last_month,
                )
            except HubError:
                continue  # Of this there is too little to tell a hotspot from chance.
            if overlay.dataset not in agreed and may_be_told(viewer, overlay):
                yield overlay


def _said(area: Area, overlay: Overlay, near: pd.DataFrame | gpd.GeoDataFrame) -> list[Said]:
    bands = near["class"].map(lambda name: _band(str(name)))
    if overlay.units is Units.CELLS:
        bands = bands[bands != Band.NOT_ABOVE]  # As on a map, a small area that does not stand out is left blank.
    return [
        Said(
            area.slug,
            overlay.units.value,
            overlay.category,
            str(unit),
            band,
            overlay.months[0],
            overlay.months[-1],
        )
        for unit, band in bands.items()
    ]


def _band(name: str) -> Band:
    if name in WELL_ABOVE:
        return Band.WELL_ABOVE
    return Band.ABOVE if name.startswith("hot") else Band.NOT_ABOVE
