"""Keeps small areas, and which wards of each boundary set they and outward postcodes belong to.

Fits again only what a load has changed: fitting London's small areas takes seconds.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

import geopandas as gpd
import pandas as pd
from sqlalchemy import ColumnElement, delete, insert, select

from geo.frames import NATIONAL_GRID
from hub.columns import Base
from hub.db import HubSession
from hub.places import service
from hub.places.findings import Finding, some, warning
from hub.places.models import BoundarySet, OutwardWard, SmallArea, SmallAreaWard
from hub.places.reports import Loaded, Outcome
from hub.places.small_areas import Lookup, SmallAreas, best_fit
from hub.words import plural

# --- Small areas -----------------------------------------------------------------------------------------------------


def borough_of_small_areas(session: HubSession) -> dict[str, str]:
    """The borough of every small area of every edition."""
    return dict(session.execute(select(SmallArea.code, SmallArea.borough_code)).all())


def keep_small_areas(session: HubSession, editions: Iterable[SmallAreas]) -> Iterator[Loaded]:
    """Keep editions of the small areas, each in place of what was held of it."""
    for given in editions:
        rows = [
            {"edition": given.edition, "code": code, "borough_code": borough_code, "outline": outline}
            for code, borough_code, outline in given.areas[["borough_code", "geometry"]].itertuples()
        ]
        named = select(SmallArea.edition, SmallArea.code, SmallArea.borough_code, SmallArea.outline)
        of_edition = SmallArea.edition == given.edition
        held = session.execute(named.where(of_edition).order_by(SmallArea.code)).all()
        outcome = _outcome([row._asdict() for row in held], rows)
        if outcome is not Outcome.UNCHANGED:
            _replace(session, SmallArea, of_edition, rows)
        yield Loaded(f"LSOAs of {given.edition}", outcome, counts={"small_areas": len(rows)})


# --- Their wards -----------------------------------------------------------------------------------------------------


def fit(session: HubSession, lookups: Mapping[str, Lookup], stale: Collection[str]) -> Iterator[Loaded | Finding]:
    """Give each small area its ward in the boundary sets named stale, in new ones, and where a lookup says otherwise.

    Where an earlier load brought a lookup, it goes on deciding for the wards that are still there.
    """
    areas = _newest_small_areas(session)
    if areas.empty:
        return
    for its_set in service.boundary_sets(session):
        held = _fits_held(session, its_set)
        given = lookups.get(its_set.code)
        official = given.wards if given else _official(held)
        if held and its_set.code not in stale and official == _official(held):
            if given:
                yield Loaded(f"LSOAs in the wards of {its_set.code}", Outcome.UNCHANGED, _described(held))
            continue
        wards = service.wards(session, its_set.id)
        official = {code: ward for code, ward in official.items() if ward in wards.index and code in areas.index}
        fitted = best_fit(areas, wards, official)
        rows = _as_rows(its_set, fitted.reset_index(names="code"))
        _replace(session, SmallAreaWard, SmallAreaWard.boundary_set_id == its_set.id, rows)
        yield Loaded(f"LSOAs in the wards of {its_set.code}", _outcome(held, rows), _described(rows))
        astray = areas.index.difference(fitted.index)
        if len(astray):
            sentence = f"{plural(len(astray), 'LSOA lies', 'LSOAs lie')} in no ward of its borough: {some(astray)}."
            remedy = "What is counted there is not placed in a ward. Are they of the same city and its boroughs?"
            yield warning("small_areas.no_ward", f"Wards of {its_set.code}", sentence, remedy)


def keep_outward(session: HubSession, given: Mapping[str, pd.DataFrame]) -> Iterator[Loaded]:
    """Keep which wards outward postcodes spread over, each boundary set's in place of what was held."""
    for its_set in service.boundary_sets(session):
        if its_set.code not in given:
            continue
        of_set = OutwardWard.boundary_set_id == its_set.id
        named = (OutwardWard.boundary_set_id, OutwardWard.outward_code, OutwardWard.ward_code, OutwardWard.share)
        in_order = select(*named).where(of_set).order_by(OutwardWard.outward_code, OutwardWard.ward_code)
        held = [row._asdict() for row in session.execute(in_order)]
        frame = given[its_set.code].sort_values(["outward_code", "ward_code"])
        rows = _as_rows(its_set, frame)
        outcome = _outcome(held, rows)
        if outcome is not Outcome.UNCHANGED:
            _replace(session, OutwardWard, of_set, rows)
        count = int(frame["outward_code"].nunique())
        yield Loaded(
            f"Outward postcodes in the wards of {its_set.code}",
            outcome,
            plural(count, "postcode"),
            {"outward_codes": count},
        )


def _newest_small_areas(session: HubSession) -> gpd.GeoDataFrame:
    """Every code once, by the newest edition that has it."""
    named = select(SmallArea.code, SmallArea.borough_code, SmallArea.outline)
    rows = session.execute(named.order_by(SmallArea.edition.desc(), SmallArea.code)).all()
    frame = pd.DataFrame(rows, columns=["lsoa_code", "borough_code", "geometry"]).drop_duplicates("lsoa_code")
    return gpd.GeoDataFrame(frame, geometry="geometry", crs=NATIONAL_GRID).set_index("lsoa_code")


def _fits_held(session: HubSession, its_set: BoundarySet) -> list[dict[str, Any]]:
    columns = (
        SmallAreaWard.boundary_set_id,
        SmallAreaWard.code,
        SmallAreaWard.ward_code,
        SmallAreaWard.share,
        SmallAreaWard.is_official,
    )
    of_set = select(*columns).where(SmallAreaWard.boundary_set_id == its_set.id).order_by(SmallAreaWard.code)
    return [row._asdict() for row in session.execute(of_set)]


def _official(rows: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    return {row["code"]: row["ward_code"] for row in rows if row["is_official"]}


def _described(rows: Collection[Mapping[str, Any]]) -> str:
    official = len(_official(rows))
    said = f", {official:,} of them by an official lookup" if official else ""
    return f"{plural(len(rows), 'LSOA')}{said}"


# --- Writing ---------------------------------------------------------------------------------------------------------


def _as_rows(its_set: BoundarySet, frame: pd.DataFrame) -> list[dict[str, Any]]:
    return [
        {"boundary_set_id": its_set.id, **dict(zip(frame.columns, row, strict=True))}
        for row in frame.itertuples(index=False)
    ]


def _outcome(held: list[dict[str, Any]], rows: list[dict[str, Any]]) -> Outcome:
    if held == rows:
        return Outcome.UNCHANGED
    return Outcome.CHANGED if held else Outcome.NEW


def _replace(session: HubSession, table: type[Base], where: ColumnElement[bool], rows: list[dict[str, Any]]) -> None:
    session.execute(delete(table).where(where), execution_options={"synchronize_session": False})
    if rows:
        session.execute(insert(table), rows)
