"""Judges outlines of places: repairs them, and tells where they overlap, leave gaps, or lie astray. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import geopandas as gpd
import pandas as pd
import shapely

from geo import boundaries
from geo.frames import GeoError
from hub import words
from hub.places.findings import Finding, Judged, area_words, fatal, named, names_of, note, some, warning
from hub.places.reading import Outlines, Table

SLIVER_SQUARE_METRES = 500.0
"""Overlaps and gaps no larger than this are what rounding and generalising leave along an edge."""

SLIVER_METRES = 50.0
"""Ground of a borough that is no wider than this and lies in no ward is a difference in how two files are drawn."""


def clean_outlines(table: Outlines, code: str, name: str) -> Judged[gpd.GeoDataFrame | None]:
    """Index by code, in order, and repair; None where an outline encloses nothing."""
    places: gpd.GeoDataFrame = table.frame.set_index(code).sort_index()
    coverage = boundaries.check_coverage(places)
    names = names_of(places, name)
    faults = zip(named(names, coverage.invalid.index), coverage.invalid, strict=True)
    listed = some((f"{place}: {fault}" for place, fault in faults), separator="; ")
    try:
        repaired = boundaries.repair(places)
    except GeoError:
        sentence = f"Some of its outlines enclose no ground. Those that are not valid: {listed}."
        yield fatal("outline.empty", table.name, sentence, "Correct or remove them in the source file.")
        return None
    if len(coverage.invalid):
        sentence = f"{words.plural(len(coverage.invalid), 'invalid outline')} repaired: {listed}."
        yield warning("outline.repaired", table.name, sentence, "Look at them on the map.")
    yield from _overlap_findings(table, names, coverage.overlaps)
    yield from _gap_findings(table, names, repaired, coverage.gaps)
    return repaired


def _overlap_findings(table: Table, names: Mapping[str, str], overlaps: pd.DataFrame) -> Iterator[Finding]:
    large = overlaps[overlaps["square_metres"] > SLIVER_SQUARE_METRES]
    if len(large):
        pairs = some(
            (
                f"{names[first]} ({first}) and {names[second]} ({second}) share {area_words(square_metres)}"
                for first, second, square_metres in large.itertuples(index=False)
            ),
            separator="; ",
        )
        yield fatal(
            "coverage.overlap",
            table.name,
            f"{words.plural(len(large), 'pair')} of {table.kind} overlap, by "
            f"{area_words(large['square_metres'].sum())} in all: {pairs}.",
            "The same place would lie in both: correct the outlines.",
        )
    yield from _sliver_findings(table, "overlap", overlaps["square_metres"])


def _gap_findings(
    table: Table, names: Mapping[str, str], places: gpd.GeoDataFrame, gaps: gpd.GeoDataFrame
) -> Iterator[Finding]:
    large = gaps[gaps["square_metres"] > SLIVER_SQUARE_METRES]
    if len(large):
        listed = some(
            (
                f"{area_words(gap.area)} beside {some(named(names, places.index[places.dwithin(gap, 1.0)]))}"
                for gap in large.geometry
            ),
            separator="; ",
        )
        yield warning(
            "coverage.gap",
            table.name,
            f"{words.plural(len(large), 'gap')} between {table.kind}, "
            f"{area_words(large['square_metres'].sum())} in all: {listed}.",
            "Incidents there are placed in none of them: correct the outlines, unless nobody can be there.",
        )
    yield from _sliver_findings(table, "gap", gaps["square_metres"])


def _sliver_findings(table: Table, what: str, square_metres: pd.Series[float]) -> Iterator[Finding]:
    slivers = square_metres[square_metres <= SLIVER_SQUARE_METRES]
    if len(slivers):
        sentence = (
            f"{words.plural(len(slivers), what)} of no more than {area_words(SLIVER_SQUARE_METRES)} "
            f"between {table.kind} left as found, {area_words(slivers.sum())} in all."
        )
        yield note(f"coverage.sliver_{what}", table.name, sentence)


def astray_findings(table: Table, wards: gpd.GeoDataFrame, boroughs: gpd.GeoDataFrame) -> Iterator[Finding]:
    """Wards that lie mostly in another borough's outline than the one that they say, or in none."""
    outlines = dict(zip(boroughs.index, boroughs.geometry, strict=True))
    names = names_of(boroughs, "borough_name")
    own = [outlines[code] for code in wards["borough_code"]]
    suspects = wards[~shapely.intersects(own, shapely.point_on_surface(wards.geometry.to_numpy()))]
    astray = []
    for code, name, borough, outline in suspects[["ward_name", "borough_code", "geometry"]].itertuples():
        shared = {place: shapely.area(shapely.intersection(outline, outlines[place])) for place in outlines}
        lies_in = max(shared, key=shared.__getitem__)
        if lies_in != borough or not shared[borough]:
            astray.append(
                f"{name} ({code}) of {names[borough]} lies in {names[lies_in] if shared[lies_in] else 'none'}"
            )
    if not astray:
        return
    listed = some(astray, separator="; ")
    sentence = f"{words.plural(len(astray), 'ward lies', 'wards lie')} outside the borough of its code: {listed}."
    if len(astray) > len(wards) / 2:
        yield fatal("wards.elsewhere", table.name, sentence, "Are these the wards of this city, in the right place?")
    else:
        yield warning("wards.astray", table.name, sentence, "The code decides; look at them on the map.")


def uncovered_findings(table: Table, wards: gpd.GeoDataFrame, boroughs: gpd.GeoDataFrame) -> Iterator[Finding]:
    """Ground at a borough's edge that no ward covers. What the wards enclose is a gap, and reported as that."""
    covered = shapely.get_parts(boundaries.outline(wards))
    filled = shapely.union_all(shapely.polygons(shapely.get_exterior_ring(covered)))
    bare = shapely.difference(boroughs.geometry.to_numpy(), filled)
    wide = shapely.buffer(shapely.buffer(bare, -SLIVER_METRES / 2), SLIVER_METRES / 2)
    by_borough = sorted(zip(shapely.area(wide), boroughs["borough_name"], strict=True), reverse=True)
    listed = [f"{area_words(area)} of {name}" for area, name in by_borough if area > SLIVER_SQUARE_METRES]
    if listed:
        yield warning(
            "coverage.uncovered",
            table.name,
            f"Ground of {words.plural(len(listed), 'borough')} lies in no ward: {some(listed)}.",
            "Is a ward missing? Incidents there are placed in none, unless it is water.",
        )
