"""Where each point of a file belongs: its ward of the boundary set in force, its borough, and whose that is.

Pure. Never moves a point; one just outside every ward belongs to the nearest borough, and to no ward.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

import geopandas as gpd
import numpy as np
import polars as pl

from geo import frames, locate
from geo.frames import FloatArray, IntArray
from hub.uploads.findings import Findings, Severity, row_ranges, shown
from hub.uploads.placing import Fate, Geography, Placing, in_force, own_borough
from hub.words import plural

METRES_FROM_A_BOROUGH = 500
"""How far outside every ward a point may stand and still belong to the nearest borough: the river, a coarse outline."""
DECIMALS_KEPT = 1
"""Of a coordinate in metres."""


def by_point(
    lines: pl.DataFrame,
    columns: Mapping[str, str],
    geography: Geography,
    scope: frozenset[str],
    last_month: dt.date | None,
    findings: Findings,
) -> Placing:
    """Place rows by longitude and latitude into the newest wards in force for their months.

    Parameters
    ----------
    lines
        One line a row: `row`, and as text or null `longitude` and `latitude`.
    columns
        Heading of each field, for the findings.
    geography
        With outlines.
    scope
        The boroughs the uploader uploads for.
    last_month
        The newest month of the file; None when it has no readable month.
    findings
        Is told what was found.
    """
    boundary_set_id = in_force(geography.sets, last_month or dt.date.max)
    wards = geography.wards_of(boundary_set_id)
    longitude, latitude = _degrees(lines["longitude"]), _degrees(lines["latitude"])
    easting, northing = (np.round(metres, DECIMALS_KEPT) for metres in frames.to_national_grid(longitude, latitude))
    ward = locate.place(locate.build_lookup(_areas(wards)), easting, northing)
    stray = np.isfinite(easting) & (ward < 0)
    near = np.full(ward.shape, -1)
    near[stray] = locate.nearest_within(
        _areas(geography.boroughs), easting[stray], northing[stray], metres=METRES_FROM_A_BOROUGH
    )
    rows = lines.select("row", "longitude", "latitude").with_columns(
        pl.Series("easting", easting).fill_nan(None),
        pl.Series("northing", northing).fill_nan(None),
        _at(wards["ward_code"], ward),
        pl.coalesce(_at(wards["borough_code"], ward), _at(geography.boroughs["borough_code"], near)),
    )
    rows = _by_file(rows, geography, scope, findings)
    _refuse_unreadable_points(rows, columns, findings)
    _explain_strays(rows, findings)
    return Placing(boundary_set_id, rows.drop("longitude", "latitude", "is_unreadable"))


def _areas(places: pl.DataFrame) -> gpd.GeoDataFrame:
    outlines = gpd.GeoSeries.from_wkb(places["outline"].to_list(), crs=frames.NATIONAL_GRID)
    return gpd.GeoDataFrame(geometry=outlines)


def _at(codes: pl.Series, position: IntArray) -> pl.Series:
    """Pick codes by position; null where it is negative."""
    return codes.gather(pl.Series(position).replace({-1: None}))


def _degrees(column: pl.Series) -> FloatArray:
    degrees = column.cast(pl.Float64, strict=False).to_numpy()
    return np.where(np.isfinite(degrees), degrees, np.nan)


def _by_file(rows: pl.DataFrame, geography: Geography, scope: frozenset[str], findings: Findings) -> pl.DataFrame:
    """Decide each row's fate; one without a location goes by the file it stands in."""
    own = own_borough(rows["borough_code"], scope)
    unreadable = pl.any_horizontal(
        pl.col(field).is_not_null() & pl.col(field).cast(pl.Float64, strict=False).is_null()
        for field in ("longitude", "latitude")
    )
    lost = pl.col("easting").is_null() & ~pl.col("is_unreadable")
    inside = pl.col("borough_code").is_in(list(scope))
    rows = rows.with_columns(is_unreadable=unreadable)
    lost_rows = rows.filter(lost)["row"]
    if lost_rows.len():
        without = f"{plural(lost_rows.len(), 'row')} without a location"
        findings.in_file(
            "no_location",
            Severity.NOTE,
            f"Not placed in a ward: {without}, counted in {_name(geography, own)}, where most of the file lies."
            if own
            else f"Refused: {without}, because nothing says which borough they belong to.",
        )
    rows = rows.with_columns(
        pl.when(lost).then(pl.lit(own, dtype=pl.String)).otherwise("borough_code").alias("borough_code")
    )
    fate = (
        pl.when(pl.col("is_unreadable") | (lost & pl.lit(own is None)))
        .then(pl.lit(Fate.FAULTY))
        .when(pl.col("borough_code").is_null() | ~inside)
        .then(pl.lit(Fate.OUTSIDE))
        .when(pl.col("ward_code").is_null())
        .then(pl.lit(Fate.UNPLACED))
        .otherwise(pl.lit(Fate.PLACED))
    )
    return rows.with_columns(fate.alias("fate"))


def _name(geography: Geography, borough_code: str) -> str:
    return str(geography.boroughs.filter(pl.col("borough_code") == borough_code)["borough_name"][0])


def _refuse_unreadable_points(rows: pl.DataFrame, columns: Mapping[str, str], findings: Findings) -> None:
    for field in ("longitude", "latitude"):
        unreadable = pl.col(field).is_not_null() & pl.col(field).cast(pl.Float64, strict=False).is_null()
        findings.in_rows(
            rows.filter(unreadable),
            "not_a_coordinate",
            Severity.MUST_FIX,
            columns[field],
            pl.format(
                "'{}' is no coordinate. Give degrees with a decimal point, or leave the cell empty.", shown(field)
            ),
        )


def _explain_strays(rows: pl.DataFrame, findings: Findings) -> None:
    located = rows.filter(pl.col("easting").is_not_null())
    far = located.filter(pl.col("borough_code").is_null())
    if far.height:
        findings.in_file(
            "outside_area",
            Severity.NOTE,
            f"Refused: {plural(far.height, 'point')} more than {METRES_FROM_A_BOROUGH} m from every borough "
            f"({row_ranges(far['row'])}).",
        )
    near = located.filter(pl.col("fate") == Fate.UNPLACED)
    if near.height:
        findings.in_file(
            "outside_every_ward",
            Severity.NOTE,
            f"Not placed in a ward: {plural(near.height, 'point')} outside every ward, counted in the borough within "
            f"{METRES_FROM_A_BOROUGH} m ({row_ranges(near['row'])}).",
        )
