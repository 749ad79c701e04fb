"""Where each row that names its ward belongs: boundary set, ward, borough, and whether that is the uploader's.

Pure. The borough always follows from the ward's code, never from a label; nothing is chosen by the share that matches.
"""

from __future__ import annotations

import calendar
import datetime as dt
from dataclasses import dataclass
from enum import StrEnum

import polars as pl

from hub.uploads.findings import Findings, Severity, in_a_list, shown
from hub.words import plural


class Fate(StrEnum):
    """What becomes of a row."""

    PLACED = "placed"
    UNPLACED = "unplaced"
    OUTSIDE = "outside"
    FAULTY = "faulty"


@dataclass(frozen=True)
class Geography:
    """The places a file may speak of.

    `sets` has boundary_set_id, boundary_set and in_force_from; `wards` boundary_set_id, ward_code, ward_name and
    borough_code; `boroughs` borough_code and borough_name. For points, the last two also have `outline`: well-known
    binary in metres on the National Grid.
    """

    sets: pl.DataFrame
    wards: pl.DataFrame
    boroughs: pl.DataFrame

    def wards_of(self, boundary_set_id: int | None) -> pl.DataFrame:
        """The wards of one boundary set; none where there is no set."""
        if boundary_set_id is None:
            return self.wards.clear()
        return self.wards.filter(pl.col("boundary_set_id") == boundary_set_id)


@dataclass(frozen=True)
class Placing:
    """Where each row belongs: `rows` has row, ward_code, borough_code, fate, and for points easting and northing."""

    boundary_set_id: int | None
    rows: pl.DataFrame


def name_key(column: str) -> pl.Expr:
    """A place name as it is compared: composed, trimmed, in lower case, with & for "and"."""
    words = pl.col(column).str.normalize("NFC").str.to_lowercase().str.replace_all("&", " and ", literal=True)
    return words.str.replace_all("[’'.]", "").str.replace_all(r"[\s-]+", " ").str.strip_chars()


def in_force(sets: pl.DataFrame, last_month: dt.date) -> int | None:
    """Find the newest boundary set in force by the end of a month; the oldest there is, where all are later."""
    if sets.is_empty():
        return None
    end = last_month.replace(day=calendar.monthrange(last_month.year, last_month.month)[1])
    by_age = sets.sort("in_force_from")
    begun = by_age.filter(pl.col("in_force_from") <= end)
    return int(begun["boundary_set_id"][-1] if begun.height else by_age["boundary_set_id"][0])


# --- By code and by name ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class WardColumns:
    """What the columns that name a place are headed in the file; None where there is no such column."""

    ward_code: str | None
    ward_name: str | None
    borough: str | None


def by_ward(
    lines: pl.DataFrame,
    columns: WardColumns,
    geography: Geography,
    scope: frozenset[str],
    last_month: dt.date | None,
    findings: Findings,
) -> Placing:
    """Place rows that name their ward.

    Parameters
    ----------
    lines
        One line a row: `row`, and as text or null `ward_code`, `ward_name`, `borough`.
    columns
        Their headings, for the findings.
    geography
        Every boundary set there is.
    scope
        The boroughs the uploader uploads for.
    last_month
        The newest month of the file; None when it has no readable month.
    findings
        Is told what was found.
    """
    lines = lines.with_columns(pl.col("ward_code").str.to_uppercase())
    boundary_set_id = _recognise(lines, columns, geography, scope, last_month, findings)
    wards = geography.wards_of(boundary_set_id)
    placed = lines.join(
        wards.select("ward_code", pl.col("borough_code").alias("coded_borough")),
        on="ward_code",
        how="left",
        maintain_order="left",
    )
    placed = _by_name(placed, columns, wards, geography, scope, findings)
    placed = _by_borough(placed, columns, geography, scope, findings)
    known = pl.col("borough_code").is_not_null()
    fate = (
        pl.when(known & ~pl.col("borough_code").is_in(list(scope)))
        .then(pl.lit(Fate.OUTSIDE))
        .when(known & pl.col("ward_code").is_null())
        .then(pl.lit(Fate.UNPLACED))
        .when(known)
        .then(pl.lit(Fate.PLACED))
        .otherwise(pl.lit(Fate.FAULTY))
    )
    return Placing(boundary_set_id, placed.select("row", "ward_code", "borough_code", fate.alias("fate")))


def _recognise(
    lines: pl.DataFrame,
    columns: WardColumns,
    geography: Geography,
    scope: frozenset[str],
    last_month: dt.date | None,
    findings: Findings,
) -> int | None:
    """Recognise the boundary set: the one that has every ward code of the file that any set has."""
    wards = geography.wards
    codes = lines.select("ward_code").drop_nulls().unique()
    known = codes.join(wards.select("ward_code").unique(), on="ward_code", how="semi")
    month = last_month or dt.date.max
    if known.is_empty():
        chosen = in_force(geography.sets, month)
    else:
        fitting = known.join(wards, on="ward_code").group_by("boundary_set_id").len()
        whole = fitting.filter(pl.col("len") == known.height)
        chosen = in_force(geography.sets.join(whole, on="boundary_set_id", how="semi"), month)
        if chosen is None:
            _explain_mixture(known, fitting, columns, geography, scope, findings)
    _refuse_unknown_codes(lines, known, columns, findings)
    return chosen


def _explain_mixture(
    known: pl.DataFrame,
    fitting: pl.DataFrame,
    columns: WardColumns,
    geography: Geography,
    scope: frozenset[str],
    findings: Findings,
) -> None:
    named = fitting.join(geography.sets, on="boundary_set_id").sort("in_force_from", descending=True)
    fits = []
    for boundary_set_id, fitted, name in named.select("boundary_set_id", "len", "boundary_set").iter_rows():
        others = known.join(geography.wards_of(boundary_set_id), on="ward_code", how="anti")
        own = others.join(geography.wards.filter(pl.col("borough_code").is_in(list(scope))), on="ward_code", how="semi")
        examples = ", ".join(own["ward_code"].unique().sort().head(3).to_list())
        fits.append(f"{fitted:,} are in the wards of {name}{f' (not {examples})' if examples else ''}")
    findings.in_file(
        "mixed_boundary_sets",
        Severity.MUST_FIX,
        f"No edition of the wards has all {known.height:,} ward codes of this file: {'; '.join(fits)}. "
        "Ask the sender for figures on one edition of the wards, or upload each edition as its own file.",
        column=columns.ward_code,
    )


def _refuse_unknown_codes(lines: pl.DataFrame, known: pl.DataFrame, columns: WardColumns, findings: Findings) -> None:
    unknown = lines.filter(pl.col("ward_code").is_not_null()).join(known, on="ward_code", how="anti")
    findings.in_rows(
        unknown,
        "unknown_ward_code",
        Severity.MUST_FIX,
        columns.ward_code,
        pl.format(
            "'{}' is the code of no ward the hub knows. Correct it, or leave it empty if the ward is not known.",
            shown("ward_code"),
        ),
    )


def _by_name(
    lines: pl.DataFrame,
    columns: WardColumns,
    wards: pl.DataFrame,
    geography: Geography,
    scope: frozenset[str],
    findings: Findings,
) -> pl.DataFrame:
    """Find the code where a row has only the ward's name: one ward of that name, in the row's borough if it says."""
    only_named = pl.col("ward_code").is_null() & pl.col("ward_name").is_not_null()
    if columns.ward_name is None or not lines.select(only_named.any()).item():
        return lines
    said = _boroughs_said(lines.filter(only_named), geography)
    candidates = (
        said.select("row", "ward_name", "said_borough", name_key("ward_name").alias("name"))
        .join(wards.select(name_key("ward_name").alias("name"), "ward_code", "borough_code"), on="name")
        .filter(pl.col("said_borough").is_null() | (pl.col("said_borough") == pl.col("borough_code")))
    )
    own = candidates.filter(pl.col("borough_code").is_in(list(scope)))
    if own["row"].n_unique() == said.height:
        # Every name of the file is one of the uploader's own wards, so a namesake elsewhere is not meant.
        candidates = own
    single = candidates.filter(pl.len().over("row") == 1)
    findings.in_rows(
        said.join(candidates, on="row", how="anti"),
        "unknown_ward_name",
        Severity.MUST_FIX,
        columns.ward_name,
        pl.format("'{}' is the name of no ward of this boundary set. Give the ward's code.", shown("ward_name")),
    )
    findings.in_rows(
        candidates.filter(pl.len().over("row") > 1).unique("row", maintain_order=True),
        "ambiguous_ward_name",
        Severity.MUST_FIX,
        columns.ward_name,
        pl.format("More than one ward is called '{}'. Give the ward's code or its borough.", shown("ward_name")),
    )
    if single.height:
        findings.in_file(
            "wards_by_name",
            Severity.NOTE,
            f"Placed by the ward's name: {plural(single.height, 'row')} without a ward code.",
            column=columns.ward_name,
        )
    named = single.select("row", pl.col("ward_code").alias("named_ward"), pl.col("borough_code").alias("named_borough"))
    return lines.join(named, on="row", how="left", maintain_order="left").select(
        pl.exclude("ward_code", "coded_borough", "named_ward", "named_borough"),
        pl.coalesce("ward_code", "named_ward").alias("ward_code"),
        pl.coalesce("coded_borough", "named_borough").alias("coded_borough"),
    )


def _by_borough(
    lines: pl.DataFrame, columns: WardColumns, geography: Geography, scope: frozenset[str], findings: Findings
) -> pl.DataFrame:
    """Give each row its borough: its ward's, and only where it names no ward, the one it says or the file's own."""
    lines = _boroughs_said(lines, geography)
    label_differs = pl.col("coded_borough").is_in(list(scope)) & (
        (pl.col("said_borough") != pl.col("coded_borough")) | pl.col("said_borough").is_null()
    )
    mislabelled = lines.filter(pl.col("borough").is_not_null() & label_differs)
    if mislabelled.height:
        labels = ", ".join(f"'{label[:40]}'" for label in mislabelled["borough"].unique().sort().head(3))
        counted = geography.boroughs.join(mislabelled, left_on="borough_code", right_on="coded_borough", how="semi")
        findings.in_file(
            "borough_label_differs",
            Severity.NOTE,
            f"{plural(mislabelled.height, 'row')} labelled {labels}. The borough follows from the ward, so they are "
            f"counted in {in_a_list(counted['borough_name'].sort().head(5).to_list())}.",
            row=mislabelled["row"][0],
            column=columns.borough,
        )
    no_ward = pl.col("ward_code").is_null() & pl.col("ward_name").is_null()
    own = own_borough(lines["coded_borough"], scope)
    nowhere = lines.filter(no_ward & pl.col("said_borough").is_null()) if own is None else lines.clear()
    findings.in_rows(
        nowhere,
        "no_place",
        Severity.MUST_FIX,
        columns.ward_code or columns.ward_name,
        pl.lit("The row names no ward and no borough. Give its ward, or its borough if the ward is not known."),
    )
    said = pl.when(no_ward).then(pl.coalesce("said_borough", pl.lit(own, dtype=pl.String)))
    return lines.with_columns(pl.coalesce("coded_borough", said).alias("borough_code"))


def _boroughs_said(lines: pl.DataFrame, geography: Geography) -> pl.DataFrame:
    """Read the borough column, which holds a code or a name, as a code."""
    boroughs = geography.boroughs.select("borough_name", pl.col("borough_code").alias("said_borough"))
    names = boroughs.select(name_key("borough_name").alias("said"), "said_borough")
    codes = boroughs.select(name_key("said_borough").alias("said"), "said_borough")
    return (
        lines.drop("said_borough", strict=False)
        .with_columns(name_key("borough").alias("said"))
        .join(pl.concat([names, codes]).unique("said"), on="said", how="left", maintain_order="left")
        .drop("said")
    )


def own_borough(boroughs: pl.Series, scope: frozenset[str]) -> str | None:
    """The borough to which rows without a place belong: the uploader's only one, if most of the file is its."""
    if len(scope) != 1:
        return None
    (own,) = scope
    located = boroughs.drop_nulls()
    return own if (located == own).sum() * 2 > located.len() or located.is_empty() else None
