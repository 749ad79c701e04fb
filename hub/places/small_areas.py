"""Judges small areas (LSOAs), official lookups from them to wards, and outward postcodes; fits small areas to wards.

Pure. Small areas nest in boroughs and not in wards, so each is given the ward that has most of its ground.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import geopandas as gpd
import pandas as pd
import shapely

from hub import words
from hub.places.findings import Judged, fatal, is_fatal, some, warning
from hub.places.labels import label_findings, set_of
from hub.places.outlines import clean_outlines
from hub.places.reading import Kind, PlaceFiles, Table


@dataclass(frozen=True)
class SmallAreas:
    """One edition of the small areas, ready to keep: `areas` indexed by lsoa_code, with borough_code and geometry."""

    edition: str
    areas: gpd.GeoDataFrame


@dataclass(frozen=True)
class Lookup:
    """Which ward of one boundary set a publisher says each small area belongs to."""

    source: str
    wards: Mapping[str, str]


def best_fit(areas: gpd.GeoDataFrame, wards: gpd.GeoDataFrame, official: Mapping[str, str]) -> pd.DataFrame:
    """Give each small area the ward of its own borough that has most of its ground, or the one officially said.

    Parameters
    ----------
    areas : GeoDataFrame
        Indexed by lsoa_code, with borough_code and geometry.
    wards : GeoDataFrame
        Indexed by ward_code, with borough_code and geometry.
    official : mapping
        The ward by lsoa_code, for those a publisher decides.

    Returns
    -------
    DataFrame
        Indexed by lsoa_code, sorted, without those that touch no ward of their borough; ward_code, share (of the small
        area's ground that the ward has, from 0 to 1) and is_official.
    """
    ground, outlines = areas.geometry.to_numpy(), wards.geometry.to_numpy()
    ward, area = shapely.STRtree(ground).query(outlines, predicate="intersects")
    is_own = areas["borough_code"].to_numpy()[area] == wards["borough_code"].to_numpy()[ward]
    ward, area = ward[is_own], area[is_own]
    shared = shapely.area(shapely.intersection(ground[area], outlines[ward])) / shapely.area(ground[area])
    by_ground = pd.DataFrame({"lsoa_code": areas.index[area], "ward_code": wards.index[ward], "share": shared})
    # An official ward may not touch the outline at all, where the outlines are generalised.
    said = pd.DataFrame({"lsoa_code": list(official), "ward_code": list(official.values()), "share": 0.0})
    pairs = pd.concat([by_ground[by_ground["share"] > 0], said], ignore_index=True)
    pairs["is_official"] = pairs["ward_code"] == pairs["lsoa_code"].map(official)
    best = pairs.sort_values(["is_official", "share", "ward_code"]).drop_duplicates("lsoa_code", keep="last")
    fitted = best.set_index("lsoa_code").sort_index()
    return fitted.assign(share=fitted["share"].clip(0, 1).round(4))


# --- Judging files ---------------------------------------------------------------------------------------------------


def small_areas(files: PlaceFiles, boroughs: pd.DataFrame) -> Judged[tuple[SmallAreas, ...]]:
    """Judge the outlines of small areas, edition by edition."""
    editions: dict[str, SmallAreas] = {}
    for table in files.outlines(Kind.SMALL_AREAS):
        edition = table.edition or ""
        if edition in editions:
            yield fatal("file.twice", table.name, f"Another file holds the LSOAs of {edition} too.", "Load one.")
            continue
        wrong = list(label_findings(table, "lsoa_code", "lsoa_name"))
        strange = table.frame.loc[~table.frame["borough_code"].isin(boroughs.index), "lsoa_code"]
        if len(strange):
            sentence = f"{words.plural(len(strange), 'LSOA is', 'LSOAs are')} in no known borough: {some(strange)}."
            remedy = "Correct the borough codes, or load those boroughs too."
            wrong.append(fatal("small_areas.unknown_borough", table.name, sentence, remedy))
        yield from wrong
        areas = None if is_fatal(wrong) else (yield from clean_outlines(table, "lsoa_code", "lsoa_name"))
        if areas is not None:
            editions[edition] = SmallAreas(edition, areas[["borough_code", "geometry"]])
    return tuple(editions.values())


def lookups(
    files: PlaceFiles, areas: Mapping[str, str], sets: Mapping[str, pd.DataFrame]
) -> Judged[Mapping[str, Lookup]]:
    """Judge official lookups, by boundary set; `areas` has the borough of each small area there is."""
    by_set: dict[str, Lookup] = {}
    for table in files.of(Kind.LOOKUP):
        code = yield from _its_set(table, sets)
        if code is None:
            continue
        if code in by_set:
            yield fatal("file.twice", table.name, f"Another file fits LSOAs to the wards of {code} too.", "Load one.")
            continue
        rows, wards = table.frame, sets[code]["borough_code"]
        twice = rows.loc[rows["lsoa_code"].duplicated(), "lsoa_code"].unique()
        if len(twice):
            sentence = f"{words.plural(len(twice), 'LSOA stands', 'LSOAs stand')} in it more than once: {some(twice)}."
            yield fatal("lookup.repeated", table.name, sentence, "Use a best-fit lookup: one row for each LSOA.")
        borough = rows["lsoa_code"].map(areas)
        usable = borough.notna() & (borough == rows["ward_code"].map(wards))
        if not usable.all():
            left_out = rows.loc[~usable, "lsoa_code"]
            sentence = (
                f"{words.plural(len(left_out), 'row is', 'rows are')} left out, of an LSOA or a ward that is not known "
                f"or of two boroughs: {some(left_out)}."
            )
            yield warning("lookup.left_out", table.name, sentence, "Load the outlines of the same LSOAs with it.")
        kept = rows[usable]
        by_set[code] = Lookup(table.name, dict(zip(kept["lsoa_code"], kept["ward_code"], strict=True)))
    return by_set


def outward(files: PlaceFiles, sets: Mapping[str, pd.DataFrame]) -> Judged[Mapping[str, pd.DataFrame]]:
    """Judge outward postcodes, by boundary set: outward_code, ward_code and share, a row for each pair."""
    by_set: dict[str, pd.DataFrame] = {}
    for table in files.of(Kind.OUTWARD):
        code = yield from _its_set(table, sets)
        if code is None:
            continue
        if code in by_set:
            yield fatal("file.twice", table.name, f"Another file is on the wards of {code} too.", "Load one.")
            continue
        rows = table.frame
        yield from _faults_of_outward(table, rows)
        is_known = rows["ward_code"].isin(sets[code].index)
        if not is_known.all():
            unknown = rows.loc[~is_known, "ward_code"]
            sentence = f"{words.plural(len(unknown), 'row is', 'rows are')} of no ward of {code}: {some(unknown)}."
            yield warning("outward.unknown_ward", table.name, sentence, "These rows are left out.")
        by_set[code] = rows[is_known].reset_index(drop=True)
    return by_set


def _faults_of_outward(table: Table, rows: pd.DataFrame) -> Judged[None]:
    misshapen = rows.loc[~rows["outward_code"].str.fullmatch("[A-Z]{1,2}[0-9][A-Z0-9]?"), "outward_code"]
    if len(misshapen):
        sentence = f"{words.plural(len(misshapen), 'row has', 'rows have')} no outward postcode: {some(misshapen)}."
        yield fatal("outward.misshapen", table.name, sentence, "Write only the first half of the postcode: SE1.")
    if rows.duplicated(["outward_code", "ward_code"]).any():
        sentence = "A pair of postcode and ward stands in it more than once."
        yield fatal("outward.repeated", table.name, sentence, "Keep one row for each pair.")
    sums = rows.groupby("outward_code")["share"].sum()
    wrong = sorted({*sums.index[sums > 1.001], *rows.loc[~rows["share"].between(0, 1), "outward_code"]})
    if wrong:
        sentence = f"Shares of {words.plural(len(wrong), 'postcode')} are below 0 or add up to more than 1: "
        yield fatal("outward.shares", table.name, f"{sentence}{some(wrong)}.", "Give each ward's part of 1.")


def _its_set(table: Table, sets: Mapping[str, pd.DataFrame]) -> Judged[str | None]:
    """The boundary set that has most of a table's ward codes."""
    code = set_of(table.frame["ward_code"], sets)
    if code not in sets or not table.frame["ward_code"].isin(sets[code].index).any():
        yield fatal("lookup.no_wards", table.name, "Its wards are those of no boundary set.", "Load the wards with it.")
        return None
    return code
