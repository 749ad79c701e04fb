"""Which wards a borough has, and how a reader finds theirs: by name, by the first half of a postcode, on a map.

Public geography alone: no figure is read here.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

import geopandas as gpd

from hub.access import Permission, Viewer
from hub.briefings.outline_map import OutlineMap, outline_map
from hub.errors import NotFound
from hub.places import service as places
from hub.places.service import Area
from hub.words import plural

LEAST_SHARE = 0.01
"""Of a postcode: less of it is how two files are drawn."""
_POSTCODE = re.compile(r"([A-Z]{1,2}[0-9][A-Z0-9]?)(?:\s*[0-9][A-Z]{2})?")


@dataclass(frozen=True)
class WardPlace:
    """One ward of one boundary set."""

    code: str
    name: str
    borough_code: str
    boundary_set_id: int
    boundary_set: str
    is_newest: bool
    residents: float | None
    residents_source: str


@dataclass(frozen=True)
class ListedWard:
    """A ward as the list and the map name it; `percent` is of the postcode asked for that lies in it."""

    code: str
    name: str
    number: int
    percent: float | None = None


@dataclass(frozen=True)
class Found:
    """The wards of a borough that answer what somebody asked for; all where nothing was."""

    area: Area
    boundary_set: str
    asked: str
    wards: tuple[ListedWard, ...]
    all_wards: tuple[ListedWard, ...]
    sentence: str
    """What is to be said of the answer; blank where nothing was asked."""
    has_postcodes: bool
    map: OutlineMap
    """Of all wards, in their order."""

    @property
    def codes(self) -> frozenset[str]:
        """The codes of the wards that answer."""
        return frozenset(one.code for one in self.wards)

    @property
    def only(self) -> ListedWard | None:
        """The one ward that was asked for."""
        return self.wards[0] if self.asked and len(self.wards) == 1 else None


def borough(viewer: Viewer, slug: str, permission: Permission = Permission.SUMMARY_READ) -> Area:
    """Find a borough in the viewer's scope.

    Raises
    ------
    NotFound
        If there is none; nor is a BCU or the city one.
    """
    found = places.area(viewer, slug, permission)
    if found.kind != "borough":
        raise NotFound
    return found


def ward(viewer: Viewer, area: Area, code: str) -> WardPlace:
    """Find a ward of a borough by its code, in the newest boundary set that has it.

    Raises
    ------
    NotFound
        If the borough has, and had, no such ward.
    """
    for place, edition in enumerate(places.boundary_sets(viewer.session)):
        wards = places.wards(viewer.session, edition.id, area.borough_codes)
        if code in wards.index:
            its = wards.loc[[code]].iloc[0].to_dict()
            is_known = its["residents"] > 0
            return WardPlace(
                code=code,
                name=its["ward_name"],
                borough_code=its["borough_code"],
                boundary_set_id=edition.id,
                boundary_set=edition.code,
                is_newest=place == 0,
                residents=float(its["residents"]) if is_known else None,
                residents_source=f"{its['residents_source']} {its['residents_year']}" if is_known else "",
            )
    raise NotFound


def find(viewer: Viewer, area: Area, asked: str) -> Found:
    """Find wards of a borough by a part of their name or by the first half of a postcode."""
    edition_id, edition, wards = newest_wards(viewer, area)
    listed = tuple(
        ListedWard(str(code), str(name), number)
        for number, (code, name) in enumerate(wards["ward_name"].items(), start=1)
    )
    outward = places.outward_index(viewer.session)
    outward = outward[outward["boundary_set_id"] == edition_id]
    asked = " ".join(asked.split())
    chosen, sentence = listed, ""
    if postcode := _POSTCODE.fullmatch(asked.upper()):
        asked = postcode[1]
        shares = outward[(outward["outward_code"] == asked) & outward["ward_code"].isin(wards.index)]
        share = dict(zip(shares["ward_code"], shares["share"], strict=True))
        chosen = _by_share(listed, share)
        sentence = _postcode_sentence(asked, area, len(chosen), has_any=not outward.empty)
    elif asked:
        chosen = tuple(one for one in listed if _plain(asked) and _plain(asked) in _plain(one.name))
        found = plural(len(chosen), "ward") if chosen else "No ward"
        sentence = f"{found} of {area.name} {'has' if len(chosen) < 2 else 'have'} “{asked}” in the name."
    return Found(area, edition, asked, chosen, listed, sentence, not outward.empty, _map(wards))


def newest_wards(viewer: Viewer, area: Area) -> tuple[int, str, gpd.GeoDataFrame]:
    """The newest boundary set that has wards of a borough, by its id and its code, and those wards by name.

    Raises
    ------
    NotFound
        If there is none.
    """
    for edition in places.boundary_sets(viewer.session):
        wards = places.wards(viewer.session, edition.id, area.borough_codes)
        if len(wards):
            return edition.id, edition.code, wards.sort_values("ward_name", kind="stable")
    raise NotFound


def _by_share(listed: tuple[ListedWard, ...], share: dict[str, float]) -> tuple[ListedWard, ...]:
    """The wards that have some of a postcode, those with most first."""
    own = [
        ListedWard(one.code, one.name, one.number, 100 * share[one.code])
        for one in listed
        if share.get(one.code, 0) >= LEAST_SHARE
    ]
    return tuple(sorted(own, key=lambda one: -(one.percent or 0)))


def _postcode_sentence(asked: str, area: Area, count: int, *, has_any: bool) -> str:
    if not has_any:
        return (
            "This hub holds no table of postcodes for these wards. Find your ward by its name or on the map, or ask an "
            "administrator to load such a table."
        )
    if not count:
        return f"No part of {asked} is known to lie in {area.name}. Find your ward by its name or on the map."
    return f"{asked} reaches into {plural(count, 'ward')} of {area.name}."


def _map(wards: gpd.GeoDataFrame) -> OutlineMap:
    return outline_map(wards.rename(columns={"ward_name": "borough_name"}), [])


def _plain(words: str) -> str:
    """Letters and figures alone, without accents, so that `st johns` finds St John's."""
    folded = unicodedata.normalize("NFKD", words.casefold().replace("&", " and "))
    return "".join(letter for letter in folded if letter.isalnum())
