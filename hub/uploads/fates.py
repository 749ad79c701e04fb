"""Where every row of a file belongs and what becomes of it: placed, not placed in a ward, outside, or faulty.

Pure, and in whole columns: rows that say the same are placed once.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

from hub.uploads.findings import Findings, Severity
from hub.uploads.ladder import WHAT_WAS_FIXED, Ladder
from hub.uploads.placing import MIXED, PLACES, Fate, Geography, Method
from hub.words import listed, plural

FOUND_TYPES: dict[str, Any] = {
    "ward_code": pl.String,
    "borough_code": pl.String,
    "placed_by": pl.String,
    "confidence": pl.Int16,
    "problem": pl.String,
    "problem_field": pl.String,
    "message": pl.String,
    "suggestion": pl.String,
    "is_whole_borough": pl.Boolean,
}


def by_names(lines: pl.DataFrame, ladder: Ladder) -> pl.DataFrame:
    """Place rows by what they name: one line a row, in the order of `lines`, with the columns of FOUND_TYPES."""
    keys = [key for key in PLACES if key in lines.columns]
    if not keys:
        keys, lines = ["borough"], lines.with_columns(pl.lit(None, dtype=pl.String).alias("borough"))
    different = lines.select(keys).unique(maintain_order=True)
    found = [ladder.place(said) for said in different.iter_rows(named=True)]
    table = pl.DataFrame(
        [
            (
                one.ward,
                one.borough,
                one.method and str(one.method),
                one.confidence,
                one.code or None,
                one.field or None,
                one.message or None,
                one.suggestion,
                one.is_whole_borough,
            )
            for one in found
        ],
        FOUND_TYPES,
        orient="row",
    )
    named = different.rename({key: f"said_{key}" for key in keys}).hstack(table)
    return lines.select("row", *(pl.col(key).alias(f"said_{key}") for key in keys)).join(
        named, on=[f"said_{key}" for key in keys], how="left", nulls_equal=True, maintain_order="left"
    )


def settle(
    found: pl.DataFrame,
    scope: frozenset[str],
    fixes: frozenset[str],
    headings: Mapping[str, str],
    findings: Findings,
) -> pl.DataFrame:
    """Decide each row's fate, and tell what is wrong with the places of those that may be the sender's.

    Parameters
    ----------
    found
        As `by_names` gives it, with the borough of rows that name no place filled in where it is known.
    scope
        The boroughs the sender uploads for.
    fixes
        Codes of proposals that a person has accepted.
    headings
        Heading of each field, for the findings.
    findings
        Is told what was found.
    """
    accepted = pl.col("problem").is_in(list(fixes)) & pl.col("suggestion").is_not_null()
    is_wrong = pl.col("problem").is_not_null() & ~accepted
    outside = pl.col("borough_code").is_not_null() & ~pl.col("borough_code").is_in(list(scope))
    fate = (
        pl.when(outside)
        .then(pl.lit(Fate.OUTSIDE))
        .when(is_wrong | pl.col("borough_code").is_null())
        .then(pl.lit(Fate.FAULTY))
        .when(pl.col("ward_code").is_null())
        .then(pl.lit(Fate.UNPLACED))
        .otherwise(pl.lit(Fate.PLACED))
    )
    settled = found.with_columns(fate.alias("fate"))
    problems = settled.filter(is_wrong, pl.col("fate") == Fate.FAULTY, pl.col("problem") != MIXED)
    for (code, its_field), rows in problems.partition_by("problem", "problem_field", as_dict=True).items():
        severity = Severity.WE_CAN_FIX if rows["suggestion"].null_count() == 0 else Severity.MUST_FIX
        column = headings.get(str(its_field))
        findings.in_rows(rows, str(code), severity, column, pl.col("message"), pl.col("suggestion"))
    fixed = settled.filter(accepted, pl.col("fate") != Fate.OUTSIDE)
    for (code,), rows in fixed.partition_by("problem", as_dict=True).items():
        findings.in_file(str(code), Severity.NOTE, f"{WHAT_WAS_FIXED[str(code)]}: {plural(rows.height, 'row')}.")
    return settled


def note_labels(
    settled: pl.DataFrame,
    ladder: Ladder,
    geography: Geography,
    scope: frozenset[str],
    column: str | None,
    findings: Findings,
) -> None:
    """Say where a row's borough label is not the borough of its ward, and where one ward has two labels."""
    if column is None or "said_borough" not in settled.columns:
        return
    placed = settled.filter(pl.col("ward_code").is_not_null(), pl.col("said_borough").is_not_null())
    labels = placed["said_borough"].unique().to_list()
    said = {label: ladder.borough_said(label) for label in labels}
    placed = placed.with_columns(
        pl.col("said_borough").replace_strict(said, default=None, return_dtype=pl.String).alias("said")
    ).filter(pl.col("borough_code").is_in(list(scope)))
    differs = placed.filter((pl.col("said") != pl.col("borough_code")) | pl.col("said").is_null())
    if differs.is_empty():
        return
    named = ", ".join(f"'{label[:40]}'" for label in differs["said_borough"].unique().sort().head(3))
    counted = geography.boroughs.join(differs, on="borough_code", how="semi")["borough_name"].sort().head(5).to_list()
    twice = placed.group_by("ward_code").agg(pl.col("said_borough").n_unique()).filter(pl.col("said_borough") > 1)
    under_two = (
        f" {plural(twice.height, 'ward stands', 'wards stand')} under two of these labels in the file."
        if twice.height
        else ""
    )
    findings.in_file(
        "borough_label_differs",
        Severity.NOTE,
        f"{plural(differs.height, 'row')} labelled {named}. The borough follows from the ward, so they are counted in "
        f"{listed(counted)}.{under_two}",
        row=differs["row"][0],
        column=column,
    )


def note_methods(settled: pl.DataFrame, headings: Mapping[str, str], findings: Findings) -> None:
    """Say how many rows were placed otherwise than by what their source says outright."""
    own = settled.filter(pl.col("fate").is_in([Fate.PLACED, Fate.UNPLACED]))
    by_name = own.filter(pl.col("placed_by").is_in([Method.NAME, Method.NAME_IN_BOROUGH]))
    if by_name.height:
        findings.in_file(
            "wards_by_name",
            Severity.NOTE,
            f"Placed by the ward's name: {plural(by_name.height, 'row')} without a ward code.",
            column=headings.get("ward_name"),
        )
    by_area = own.filter(pl.col("placed_by") == Method.LSOA, pl.col("ward_code").is_not_null())
    if by_area.height:
        sure = by_area.select(pl.col("confidence").mean().round().cast(pl.Int64)).item()
        findings.in_file(
            "wards_by_lsoa",
            Severity.NOTE,
            f"Placed by the small area's code: {plural(by_area.height, 'row')}, each in the ward that holds most of it "
            f"(on average {sure}% of it).",
            column=headings.get("lsoa_code"),
        )
    by_outward = own.filter(pl.col("placed_by") == Method.OUTWARD)
    if by_outward.height:
        findings.in_file(
            "placed_by_outward",
            Severity.NOTE,
            f"Placed by the postcode district: {plural(by_outward.height, 'row')}, in the ward, or at least the "
            "borough, that holds most of it.",
            column=headings.get("outward"),
        )


def own_borough(boroughs: pl.Series, scope: frozenset[str]) -> str | None:
    """The borough to which rows without a place belong: the uploader's only one, if most of the file is its."""
    if len(scope) != 1:
        return None
    (own,) = scope
    located = boroughs.drop_nulls()
    return own if (located == own).sum() * 2 > located.len() or located.is_empty() else None
