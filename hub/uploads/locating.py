"""Where coordinates lie: which ward and borough each point stands in, and which ward holds most of another edition's.

Pure. Never moves a point; one just outside every ward belongs to the nearest borough, and to no ward.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

import geopandas as gpd
import numpy as np
import polars as pl
import shapely

from geo import frames, locate
from geo.frames import FloatArray, IntArray
from hub.uploads import numbers
from hub.uploads.findings import Findings, Severity, row_ranges, shown
from hub.uploads.placing import Geography, Method
from hub.words import plural

METRES_FROM_A_BOROUGH = 500
"""How far outside every ward a point may stand and still belong to the nearest borough: the river, a coarse outline."""
DECIMALS_KEPT = 1
"""Of a coordinate in metres."""
MOST_MUST_LIE_INSIDE = 0.5
"""What share of points must lie in the city once their columns are swapped, for that to be asked about."""
HARDLY_ANY = 0.1
LARGEST_DEGREE = 180
METRES = (("easting", "northing"), numbers.repair_metres)
DEGREES = (("longitude", "latitude"), numbers.repair_decimal)

Ask = Callable[[str, str | None, str, list[tuple[str, str]]], str | None]
"""Asks a person once, and gives the answer if there is one: code, column, sentence, choices."""


# --- Coordinates as text ---------------------------------------------------------------------------------------------


def coordinates(
    lines: pl.DataFrame,
    headings: Mapping[str, str],
    geography: Geography,
    fixes: frozenset[str],
    ask: Ask,
    findings: Findings,
) -> pl.DataFrame:
    """Read each row's coordinates.

    Parameters
    ----------
    lines
        One line a row: `row`, and as text or null `easting` and `northing`, `longitude` and `latitude`, or both.
    headings
        Heading of each field that has a column.
    geography
        With outlines, to tell swapped columns by.
    fixes
        Codes of repairs that a person has accepted.
    ask, findings
        Are told what was found.

    Returns
    -------
    DataFrame
        row, easting and northing in metres or null, and is_unreadable.
    """
    easting = northing = np.full(lines.height, np.nan)
    is_unreadable = pl.repeat(value=False, n=lines.height, dtype=pl.Boolean, eager=True)
    west, south, east, north = _bounds(geography)
    for pair, repair in (METRES, DEGREES):
        if not set(pair) <= set(headings):
            continue
        read = [_numbers(lines, key, headings[key], repair, fixes, findings) for key in pair]
        is_unreadable = is_unreadable | read[0][1] | read[1][1]
        first, second = (np.where(np.isfinite(values), values, np.nan) for values, _ in read)
        is_nowhere = (first == 0) & (second == 0)
        first, second = np.where(is_nowhere, np.nan, first), np.where(is_nowhere, np.nan, second)
        in_degrees = pair == DEGREES[0]
        if _is_of_other_unit(first, second, in_degrees=in_degrees):
            _explain_unit(headings[pair[0]], in_degrees=in_degrees, findings=findings)
            continue
        box = (
            frames.to_longitude_latitude([west, east], [south, north]) if in_degrees else ([west, east], [south, north])
        )
        if _is_swapped(first, second, box) and _is_to_be_swapped(pair, headings, ask, findings):
            first, second = second, first
        metres = frames.to_national_grid(first, second) if in_degrees else (first, second)
        missing = ~(np.isfinite(easting) & np.isfinite(northing))
        easting, northing = (np.where(missing, new, old) for new, old in zip(metres, (easting, northing), strict=True))
    known = np.isfinite(easting) & np.isfinite(northing) & ~is_unreadable.to_numpy()
    rounded = [np.where(known, np.round(metres, DECIMALS_KEPT), np.nan) for metres in (easting, northing)]
    return lines.select("row").with_columns(
        pl.Series("easting", rounded[0]).fill_nan(None),
        pl.Series("northing", rounded[1]).fill_nan(None),
        is_unreadable.alias("is_unreadable"),
    )


def _numbers(
    lines: pl.DataFrame,
    key: str,
    heading: str,
    repair: Callable[[str], tuple[str, str] | None],
    fixes: frozenset[str],
    findings: Findings,
) -> tuple[FloatArray, pl.Series]:
    """Read one column of numbers, and tell which rows hold none though they hold something."""
    words = lines[key]
    values = words.cast(pl.Float64, strict=False)
    unread = words.is_not_null() & values.is_null()
    if not unread.any():
        return values.to_numpy(), unread
    mended = {word: repair(word) for word in words.filter(unread).unique()}
    told = pl.DataFrame(
        [(word, *(found or (None, None))) for word, found in mended.items()],
        {"word": pl.String, "code": pl.String, "mended": pl.String},
        orient="row",
    )
    table = pl.DataFrame({"row": lines["row"], "word": words, "unread": unread}).join(
        told, on="word", how="left", maintain_order="left"
    )
    # Where no cell is written otherwise, the column is written so, and means nothing else.
    is_all = bool((words.is_null() | table["code"].is_not_null()).all())
    applied = pl.col("code").is_not_null() & (pl.col("code").is_in(list(fixes)) | pl.lit(is_all))
    for (code,), rows in table.filter(applied).partition_by("code", as_dict=True).items():
        words_done = f"{numbers.FIXED[str(code)]}: {plural(rows.height, 'cell')} of '{heading}'."
        findings.in_file(str(code), Severity.NOTE, words_done, column=heading)
    waiting = table.filter(pl.col("unread") & pl.col("code").is_not_null() & ~applied)
    for (code,), rows in waiting.partition_by("code", as_dict=True).items():
        message = pl.format(numbers.WHAT[str(code)], shown("word"), pl.col("mended"))
        findings.in_rows(rows, str(code), Severity.WE_CAN_FIX, heading, message, pl.col("mended"))
    findings.in_rows(
        table.filter(pl.col("unread") & pl.col("code").is_null()),
        "not_a_coordinate",
        Severity.MUST_FIX,
        heading,
        pl.format("'{}' is no coordinate. Give a number with a decimal point, or leave the cell empty.", shown("word")),
    )
    mended_values = table.select(pl.when(applied).then("mended").cast(pl.Float64, strict=False)).to_series()
    values = values.zip_with(values.is_not_null(), mended_values)
    return values.to_numpy(), unread & values.is_null()


def _bounds(geography: Geography) -> tuple[float, float, float, float]:
    west, south, east, north = _areas(geography.boroughs).total_bounds
    return float(west), float(south), float(east), float(north)


def _is_of_other_unit(first: FloatArray, second: FloatArray, *, in_degrees: bool) -> bool:
    known = np.isfinite(first) & np.isfinite(second)
    if not known.any():
        return False
    small = (np.abs(first[known]) <= LARGEST_DEGREE) & (np.abs(second[known]) <= LARGEST_DEGREE)
    return bool(np.mean(small) < HARDLY_ANY if in_degrees else np.mean(small) > 1 - HARDLY_ANY)


def _explain_unit(heading: str, *, in_degrees: bool, findings: Findings) -> None:
    held, meant = ("metres", "Easting and Northing") if in_degrees else ("degrees", "Longitude and Latitude")
    findings.in_file(
        "wrong_coordinates",
        Severity.MUST_FIX,
        f"The column '{heading[:60]}' and its other half hold {held}. Match them to {meant}.",
        column=heading,
    )


def _is_swapped(first: FloatArray, second: FloatArray, box: tuple[object, object]) -> bool:
    """Whether points lie in the city only once their columns are taken the other way round."""
    known = np.isfinite(first) & np.isfinite(second)
    if not known.any():
        return False
    (low, high), (bottom, top) = (np.asarray(ends, dtype=np.float64) for ends in box)

    def share(x: FloatArray, y: FloatArray) -> float:
        return float(np.mean((x[known] >= low) & (x[known] <= high) & (y[known] >= bottom) & (y[known] <= top)))

    return share(first, second) < HARDLY_ANY and share(second, first) > MOST_MUST_LIE_INSIDE


def _is_to_be_swapped(pair: tuple[str, str], headings: Mapping[str, str], ask: Ask, findings: Findings) -> bool:
    first, second = (headings[key] for key in pair)
    answer = ask(
        "swapped_coordinates",
        None,
        f"Hardly any point lies in the city, but most would if '{first[:60]}' and '{second[:60]}' were swapped. "
        "Are they the wrong way round?",
        [("swap", "Yes, swap them"), ("keep", "No, leave them as they are")],
    )
    if answer == "swap":
        findings.in_file(
            "swapped_coordinates", Severity.NOTE, f"'{first[:60]}' and '{second[:60]}' were swapped, as you said."
        )
    return answer != "keep"


# --- Points in areas -------------------------------------------------------------------------------------------------


def by_point(read: pl.DataFrame, geography: Geography, boundary_set_id: int | None) -> pl.DataFrame:
    """Find the ward each point lies in, and its borough; or the borough it is near, where it lies in no ward.

    Parameters
    ----------
    read
        As `coordinates` gives it.
    geography, boundary_set_id
        With outlines; and the edition of the wards.

    Returns
    -------
    DataFrame
        `read` with point_ward and point_borough.
    """
    wards = geography.wards_of(boundary_set_id)
    easting, northing = (read[name].fill_null(np.nan).to_numpy() for name in ("easting", "northing"))
    ward = locate.place(locate.build_lookup(_areas(wards)), easting, northing)
    stray = np.isfinite(easting) & (ward < 0)
    near = np.full(ward.shape, -1)
    near[stray] = locate.nearest_within(
        _areas(geography.boroughs), easting[stray], northing[stray], metres=METRES_FROM_A_BOROUGH
    )
    return read.with_columns(
        _at(wards["ward_code"], ward).alias("point_ward"),
        pl.coalesce(_at(wards["borough_code"], ward), _at(geography.boroughs["borough_code"], near)).alias(
            "point_borough"
        ),
    )


def with_names(found: pl.DataFrame, points: pl.DataFrame) -> pl.DataFrame:
    """Join what a row's point says with what its words say: a ward's code goes first, then the point, then the rest.

    Of a small area only most lies in its ward, so that a point is surer than its code.
    """
    both = found.hstack(points.drop("row"))
    is_coded = pl.col("placed_by").is_in([Method.CODE, Method.OLDER_CODE]) | (pl.col("problem_field") == "ward_code")
    in_ward = ~is_coded.fill_null(value=False) & pl.col("point_ward").is_not_null()
    near = (
        ~in_ward & pl.col("ward_code").is_null() & pl.col("problem").is_null() & pl.col("point_borough").is_not_null()
    )
    taken = in_ward | near
    return both.with_columns(
        pl.when(in_ward).then("point_ward").otherwise("ward_code").alias("ward_code"),
        pl.when(taken).then("point_borough").otherwise("borough_code").alias("borough_code"),
        pl.when(taken).then(pl.lit(str(Method.POINT))).otherwise("placed_by").alias("placed_by"),
        *(pl.when(~taken).then(name).alias(name) for name in ("confidence", "problem", "problem_field", "suggestion")),
    )


def explain_strays(settled: pl.DataFrame, findings: Findings) -> None:
    """Say which points lie outside every borough, and which outside every ward."""
    located = settled.filter(pl.col("easting").is_not_null(), pl.col("point_ward").is_null())
    far = located.filter(pl.col("borough_code").is_null())
    if far.height:
        findings.in_file(
            "outside_area",
            Severity.NOTE,
            f"Refused: {plural(far.height, 'point')} more than {METRES_FROM_A_BOROUGH} m from every borough "
            f"({row_ranges(far['row'])}).",
        )
    near = located.filter(pl.col("fate") == "unplaced", pl.col("placed_by") == Method.POINT)
    if near.height:
        findings.in_file(
            "outside_every_ward",
            Severity.NOTE,
            f"Not placed in a ward: {plural(near.height, 'point')} outside every ward, counted in the borough within "
            f"{METRES_FROM_A_BOROUGH} m ({row_ranges(near['row'])}).",
        )


def _areas(places: pl.DataFrame) -> gpd.GeoDataFrame:
    outlines = gpd.GeoSeries.from_wkb(places["outline"].to_list(), crs=frames.NATIONAL_GRID)
    return gpd.GeoDataFrame(geometry=outlines)


def _at(codes: pl.Series, position: IntArray) -> pl.Series:
    """Pick codes by position; null where it is negative."""
    return codes.gather(pl.Series(position).replace({-1: None}))


# --- Wards of another edition ----------------------------------------------------------------------------------------


def heirs(geography: Geography, boundary_set_id: int | None, codes: Collection[str]) -> dict[str, tuple[str, float]]:
    """Find, for wards of other editions, the ward of this one that holds most of each, and what share of it.

    Of a code that several other editions have, the newest outline counts.
    """
    wards = geography.wards_of(boundary_set_id)
    outlines = shapely.from_wkb(wards["outline"].to_list())
    newest_last = geography.wards.join(geography.sets, on="boundary_set_id").sort("in_force_from")
    named = newest_last.filter(pl.col("boundary_set_id") != boundary_set_id, pl.col("ward_code").is_in(list(codes)))
    found = {}
    for code, outline in dict(named.select("ward_code", "outline").iter_rows()).items():
        area = next(iter(shapely.from_wkb([outline])))
        held = shapely.area(shapely.intersection(outlines, area))
        if held.size and held.max() > 0:
            found[code] = (str(wards["ward_code"][int(held.argmax())]), float(held.max() / area.area))
    return found
