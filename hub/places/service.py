"""Boroughs, BCUs, boundary sets, wards, small areas and populations: reading them, and naming areas of them.

Public geography: nothing here is fenced, and nothing here tells what happened anywhere.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import geopandas as gpd
import pandas as pd
import shapely
from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import joinedload

from geo.frames import NATIONAL_GRID
from hub import columns
from hub.access import Permission, Viewer
from hub.db import HubSession
from hub.errors import NotFound
from hub.places.models import Borough, BoroughPopulation, BoundarySet, City, OutwardWard, SmallArea, SmallAreaWard, Ward
from hub.places.residents import CENSUS

LONDON = "london"
"""The slug of the area that is every borough, in a fictional city too."""

_MOST_SETS_REMEMBERED = 8
_REMEMBERED: dict[str, Mapping[str, shapely.Geometry]] = {}
"""Outlines by ward_code, by the content hash of their set: what is remembered can never be out of date."""

LABELS = (Ward.name, Ward.borough_code, Ward.residents, Ward.residents_source, Ward.residents_year)
_LABEL_TYPES = {
    "ward_name": "str",
    "borough_code": "str",
    "residents": "float64",
    "residents_source": "str",
    "residents_year": "Int64",
}


# --- Areas -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Area:
    """What a person looks at: a borough, a BCU, or the whole city."""

    slug: str
    name: str
    kind: str
    """borough, bcu or london."""
    borough_codes: frozenset[str]

    @property
    def key(self) -> str:
        """Its boroughs, named the same way every time."""
        return columns.area_key(self.borough_codes)


def area(viewer: Viewer, slug_or_name: str, permission: Permission) -> Area:
    """Find an area by borough code, BCU slug, `london`, or the name of any of them in any case.

    Raises
    ------
    NotFound
        If there is none, or it is not wholly in the viewer's scope.
    NotAllowed
        If the viewer's role does not give the permission in all of it.
    """
    wanted = _plain(slug_or_name)
    for each in _every_area(viewer.session):
        if wanted in {_plain(each.slug), _plain(each.name)}:
            viewer.require(permission, each.borough_codes)
            return each
    raise NotFound


def areas(viewer: Viewer, permission: Permission) -> list[Area]:
    """List the areas in all of whose boroughs the viewer has the permission: the city, BCUs, boroughs by name."""
    return [each for each in _every_area(viewer.session) if viewer.may(permission, each.borough_codes)]


def _every_area(session: HubSession) -> list[Area]:
    everywhere = boroughs(session)
    if not everywhere:
        return []
    by_bcu: dict[tuple[str, str], set[str]] = {}
    for borough in everywhere:
        if borough.bcu is not None:
            by_bcu.setdefault((borough.bcu.name, borough.bcu.slug), set()).add(borough.code)
    its_city = city(session)
    return [
        Area(LONDON, its_city.name if its_city else "London", "london", frozenset(each.code for each in everywhere)),
        *(Area(slug, name, "bcu", frozenset(codes)) for (name, slug), codes in sorted(by_bcu.items())),
        *(Area(each.code, each.name, "borough", frozenset({each.code})) for each in everywhere),
    ]


def _plain(text: str) -> str:
    return " ".join(text.casefold().split())


# --- Readers ---------------------------------------------------------------------------------------------------------


def city(session: HubSession) -> City | None:
    """Get the city that this hub serves; None until places are loaded."""
    return session.scalar(select(City))


def boroughs(session: HubSession, codes: Collection[str] | None = None) -> list[Borough]:
    """List boroughs by name, each with its BCU: those asked for, or all."""
    wanted = select(Borough).options(joinedload(Borough.bcu)).order_by(Borough.name)
    if codes is not None:
        wanted = wanted.where(Borough.code.in_(codes))
    return list(session.scalars(wanted))


def every_borough(session: HubSession) -> frozenset[str]:
    """List the codes of all boroughs."""
    return frozenset(session.scalars(select(Borough.code)))


def bcu_boroughs(session: HubSession, bcu_id: int) -> frozenset[str]:
    """List the codes of a BCU's boroughs."""
    return frozenset(session.scalars(select(Borough.code).where(Borough.bcu_id == bcu_id)))


def named_areas(session: HubSession) -> list[frozenset[str]]:
    """List the sets of boroughs that are a BCU."""
    members: dict[int, set[str]] = {}
    for bcu_id, code in session.execute(select(Borough.bcu_id, Borough.code)):
        if bcu_id is not None:
            members.setdefault(bcu_id, set()).add(code)
    return [frozenset(codes) for codes in members.values()]


def boundary_sets(session: HubSession) -> list[BoundarySet]:
    """List the boundary sets, newest first."""
    return list(session.scalars(select(BoundarySet).order_by(BoundarySet.in_force_from.desc())))


def boundary_set(session: HubSession, boundary_set_id: int) -> BoundarySet:
    """Get one boundary set.

    Raises
    ------
    NotFound
        If there is none with that id.
    """
    found = session.get(BoundarySet, boundary_set_id)
    if not isinstance(found, BoundarySet):
        raise NotFound
    return found


def ward_index(session: HubSession) -> pd.DataFrame:
    """List every ward of every boundary set, to tell which set a file's codes and names belong to.

    Returns
    -------
    DataFrame
        Columns boundary_set_id, ward_code, ward_name, borough_code, sorted by the first two.
    """
    wanted = select(Ward.boundary_set_id, Ward.code, Ward.name, Ward.borough_code).order_by(
        Ward.boundary_set_id, Ward.code
    )
    return pd.DataFrame(session.tuples(wanted), columns=["boundary_set_id", "ward_code", "ward_name", "borough_code"])


def lsoa_index(session: HubSession) -> pd.DataFrame:
    """List every small area with the one ward of each boundary set that it is given to.

    Returns
    -------
    DataFrame
        Columns boundary_set_id, lsoa_code, ward_code, borough_code, share (of the small area's ground that lies in that
        ward, from 0 to 1), sorted by the first two. A code that two editions share stands once: it is the same ground.
    """
    wanted = (
        select(SmallAreaWard.boundary_set_id, SmallAreaWard.code, Ward.code, Ward.borough_code, SmallAreaWard.share)
        .join(Ward, _same_ward(SmallAreaWard))
        .order_by(SmallAreaWard.boundary_set_id, SmallAreaWard.code)
    )
    return pd.DataFrame(
        session.tuples(wanted), columns=["boundary_set_id", "lsoa_code", "ward_code", "borough_code", "share"]
    )


def small_areas(session: HubSession, borough_codes: Collection[str]) -> gpd.GeoDataFrame:
    """Get the newest small areas of some boroughs; none where none were loaded.

    Returns
    -------
    GeoDataFrame
        EPSG:27700. Index lsoa_code, sorted; column geometry.
    """
    wanted = select(SmallArea.code, SmallArea.outline).where(*_newest_of(borough_codes)).order_by(SmallArea.code)
    frame = pd.DataFrame(session.tuples(wanted), columns=["lsoa_code", "geometry"]).set_index("lsoa_code")
    return gpd.GeoDataFrame(frame, geometry="geometry", crs=NATIONAL_GRID)


def small_area_codes(session: HubSession, borough_codes: Collection[str]) -> list[tuple[str, str]]:
    """List the newest small areas of some boroughs by edition and code."""
    wanted = select(SmallArea.edition, SmallArea.code).where(*_newest_of(borough_codes)).order_by(SmallArea.code)
    return [(edition, code) for edition, code in session.execute(wanted)]


def _newest_of(borough_codes: Collection[str]) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    newest = select(func.max(SmallArea.edition)).scalar_subquery()
    return SmallArea.edition == newest, SmallArea.borough_code.in_(borough_codes)


def outward_index(session: HubSession) -> pd.DataFrame:
    """List every outward postcode with the wards that it spreads over.

    Returns
    -------
    DataFrame
        Columns boundary_set_id, outward_code, ward_code, borough_code, share (of the postcode that belongs to that
        ward, from 0 to 1), sorted by the first two and the largest share first.
    """
    wanted = (
        select(OutwardWard.boundary_set_id, OutwardWard.outward_code, Ward.code, Ward.borough_code, OutwardWard.share)
        .join(Ward, _same_ward(OutwardWard))
        .order_by(OutwardWard.boundary_set_id, OutwardWard.outward_code, OutwardWard.share.desc(), Ward.code)
    )
    return pd.DataFrame(
        session.tuples(wanted), columns=["boundary_set_id", "outward_code", "ward_code", "borough_code", "share"]
    )


def _same_ward(table: type[SmallAreaWard] | type[OutwardWard]) -> ColumnElement[bool]:
    return (Ward.boundary_set_id == table.boundary_set_id) & (Ward.code == table.ward_code)


def wards(session: HubSession, boundary_set_id: int, borough_codes: Collection[str] | None = None) -> gpd.GeoDataFrame:
    """Get the wards of a boundary set, of some boroughs or of all.

    Returns
    -------
    GeoDataFrame
        EPSG:27700, the caller's own. Index ward_code, sorted; columns ward_name, borough_code, residents (float, NaN
        where not known), residents_source (blank where not known), residents_year (Int64) and geometry. Source and
        year read together: "Census" "2021".

    Raises
    ------
    NotFound
        If there is no such boundary set.
    """
    boundary_set(session, boundary_set_id)
    wanted = (
        select(Ward.code, *LABELS, BoundarySet.content_hash)
        .join(BoundarySet, BoundarySet.id == Ward.boundary_set_id)
        .where(Ward.boundary_set_id == boundary_set_id)
        .order_by(Ward.code)
    )
    if borough_codes is not None:
        wanted = wanted.where(Ward.borough_code.in_(borough_codes))
    rows = session.execute(wanted).all()
    outlines: Mapping[str, shapely.Geometry] | None = None
    # Labels and outlines are only joined when of the same content, though a load come between.
    while rows and (outlines := _REMEMBERED.get(rows[0].content_hash)) is None:
        _remember(session, boundary_set_id)
        rows = session.execute(wanted).all()
    frame = pd.DataFrame(rows, columns=["ward_code", *_LABEL_TYPES, "content_hash"]).set_index("ward_code")
    return gpd.GeoDataFrame(
        frame.drop(columns="content_hash").astype(_LABEL_TYPES),
        geometry=[outlines[code] for code in frame.index] if outlines else [],
        crs=NATIONAL_GRID,
    )


def _remember(session: HubSession, boundary_set_id: int) -> None:
    rows = session.execute(
        select(BoundarySet.content_hash, Ward.code, Ward.outline)
        .join(BoundarySet, BoundarySet.id == Ward.boundary_set_id)
        .where(Ward.boundary_set_id == boundary_set_id)
    ).all()
    if len(_REMEMBERED) >= _MOST_SETS_REMEMBERED:
        _REMEMBERED.clear()
    if rows:
        _REMEMBERED[rows[0].content_hash] = {row.code: row.outline for row in rows}


def borough_outlines(session: HubSession, codes: Collection[str] | None = None) -> gpd.GeoDataFrame:
    """Get boroughs with their outlines: those asked for, or all.

    Returns
    -------
    GeoDataFrame
        EPSG:27700. Index borough_code, sorted; columns borough_name and geometry.
    """
    wanted = select(Borough.code, Borough.name, Borough.outline).order_by(Borough.code)
    if codes is not None:
        wanted = wanted.where(Borough.code.in_(codes))
    frame = pd.DataFrame(session.tuples(wanted), columns=["borough_code", "borough_name", "geometry"])
    return gpd.GeoDataFrame(frame, geometry="geometry", crs=NATIONAL_GRID).set_index("borough_code")


def borough_residents(session: HubSession, codes: Collection[str]) -> dict[str, BoroughPopulation]:
    """Get the residents of boroughs by the newest census, or where there is none by the newest of any source."""
    rows = session.scalars(select(BoroughPopulation).where(BoroughPopulation.borough_code.in_(codes)))
    rising = sorted(rows, key=lambda population: (population.source == CENSUS, population.year))
    return {population.borough_code: population for population in rising}
