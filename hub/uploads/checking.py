"""From a table of text to rows that can be committed, and every problem by row and column.

Pure, and in whole columns. Every row ends placed, not placed in a ward, or refused, and the totals always add up.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import polars as pl

from hub.uploads import counting, moments, references, settling
from hub.uploads.catalogue import MONTH_COUNTS, DatasetKind
from hub.uploads.findings import Severity, in_a_list, row_ranges
from hub.uploads.placing import Fate, Geography
from hub.uploads.reading import Table
from hub.uploads.sheet import Sheet
from hub.words import plural

FEWEST_BOROUGHS_COMPARED = 4
SPARSE_SHARE = 0.05
"""Of what the boroughs of a file usually have."""
MOST_IN_A_FILE = 2_000_000_000
"""What a 32-bit column holds."""
MOST_CATEGORIES_TOLD = 200


@dataclass(frozen=True)
class Checked:
    """What a check gives.

    `rows` are what a commit would store: for points INCIDENT_COLUMNS, for counts COUNT_COLUMNS with a count above zero,
    for shares SHARE_COLUMNS. `months` has a line for each borough the rows cover and month the file covers:
    borough_code, month, placed, unplaced. `problems` are the findings; `report` says the rest.
    """

    rows: pl.DataFrame
    months: pl.DataFrame
    problems: pl.DataFrame
    report: dict[str, Any]


def check(
    table: Table,
    kind: DatasetKind,
    column_fields: Mapping[str, str],
    geography: Geography,
    scope: frozenset[str],
    *,
    today: dt.date,
    edits: pl.DataFrame | None = None,
    fixes: frozenset[str] = frozenset(),
    answers: Mapping[str, str] = MappingProxyType({}),
    live: pl.DataFrame | None = None,
    live_references: pl.DataFrame | None = None,
    reference_key: bytes = b"",
) -> Checked:
    """Check a file whole.

    Parameters
    ----------
    table
        The file as text.
    kind
        What it is said to hold.
    column_fields
        Which column fills which field of the kind.
    geography
        The places it may speak of.
    scope
        The boroughs the uploader uploads for: other rows are refused, and their values never shown.
    today
        After which no month is believed.
    edits
        Cells that a person has put right: row, column and value; a row is left out where `column` is empty.
    fixes
        Codes of the problems that the hub is to put right as it proposes.
    answers
        What a person has said to each question, by its code, or by `code:column`.
    live
        What is live now of the same dataset: borough_code, month, category (a subgroup, else the group) and count.
    live_references
        The incidents that are live now of the same dataset: LIVE_REFERENCES.
    reference_key
        Under which references are hashed; without one none is.
    """
    sheet = Sheet(table, kind, column_fields, geography, scope, today, fixes, answers, reference_key)
    sheet.begin(edits)
    if kind.has_shares:
        moments.read_moments(sheet)
        settling.place(sheet)
        return finish(sheet, counting.shares(sheet))
    if MONTH_COUNTS in column_fields.values():
        months = moments.months_across(sheet)
        settling.place(sheet)
        rows = counting.counts_across(sheet, months)
    else:
        moments.read_moments(sheet)
        settling.place(sheet)
        rows = counting.points(sheet) if kind.has_points else counting.counts_down(sheet)
    counting.compare(sheet, live)
    if kind.has_points:
        references.ask_about_loaded(sheet, live_references)
    return finish(sheet, rows)


def finish(sheet: Sheet, rows: pl.DataFrame) -> Checked:
    """Add up what is kept and what is not, and make sure that nothing was lost or counted twice."""
    kept = sheet.kept()
    if MONTH_COUNTS not in sheet.column_fields.values():
        sheet.months = kept["month"].unique().sort().to_list()
    sums = sheet.lines.group_by("fate").agg(pl.len(), pl.col("count").sum())
    by_fate = {fate: (lines, count) for fate, lines, count in sums.iter_rows()}
    lines, counts = ({fate: by_fate.get(fate, (0, 0))[part] for fate in Fate} for part in (0, 1))
    _note_outside(sheet)
    _ask_about_sparse_boroughs(sheet, kept)
    _refuse_nothing(sheet, kept, sum(counts.values()))
    report = {
        "rows": sheet.lines.height,
        **{f"rows_{fate}": lines[fate] for fate in Fate},
        "rows_left_out": sheet.rows_left_out,
        "placed": counts[Fate.PLACED],
        "unplaced": counts[Fate.UNPLACED],
        "refused_outside": counts[Fate.OUTSIDE],
        "refused_faulty": counts[Fate.FAULTY],
        "refused": counts[Fate.OUTSIDE] + counts[Fate.FAULTY],
        "total": int(sheet.lines["count"].sum()),
        "boundary_set_id": sheet.boundary_set_id,
        "months": [f"{month:%Y-%m}" for month in sheet.months],
        "boroughs": kept["borough_code"].unique().sort().to_list(),
        "classification": sheet.edition,
        "placed_by": _by_method(kept),
        "categories": _categories(sheet),
        "questions": sheet.questions,
        "encoding": sheet.table.encoding,
        "delimiter": sheet.table.delimiter,
        "problems": {
            code: {"severity": str(severity), "count": count}
            for code, (severity, count) in sheet.findings.totals.items()
        },
        "problems_total": sum(count for _, count in sheet.findings.totals.values()),
    }
    months = _by_month(sheet, kept, rows)
    _refuse_wrong_sums(report, months, rows)
    stored = rows if sheet.kind.has_counts else rows.drop("count")
    return Checked(stored, months, sheet.findings.frame(), report)


def _by_method(kept: pl.DataFrame) -> dict[str, dict[str, int]]:
    """How many rows, and how many that they count, were placed by each method."""
    sums = kept.group_by("placed_by").agg(pl.len().alias("rows"), pl.col("count").sum()).drop_nulls("placed_by")
    return {method: {"rows": rows, "count": count} for method, rows, count in sums.sort("placed_by").iter_rows()}


def _categories(sheet: Sheet) -> list[dict[str, Any]]:
    """Totals by month and category, of the categories that have most."""
    by_group = sheet.by_category.group_by("month", "offence_group").agg(pl.col("count").sum())
    largest = by_group.group_by("offence_group").agg(pl.col("count").sum()).top_k(MOST_CATEGORIES_TOLD, by="count")
    told = by_group.join(largest.select("offence_group"), on="offence_group", how="semi")
    ordered = told.sort("month", "offence_group").select(
        pl.col("month").dt.to_string("%Y-%m"), pl.col("offence_group").alias("category"), "count"
    )
    return ordered.to_dicts()


def _by_month(sheet: Sheet, kept: pl.DataFrame, rows: pl.DataFrame) -> pl.DataFrame:
    """Every month of the file for every borough it covers: a month without a row had none."""
    months = pl.DataFrame({"month": sheet.months}, {"month": pl.Date})
    covered = kept.select("borough_code").unique().join(months, how="cross")
    is_placed = pl.lit(value=False) if sheet.kind.has_shares else pl.col("ward_code").is_not_null()
    sums = rows.group_by("borough_code", "month").agg(
        pl.col("count").filter(is_placed).sum().alias("placed"),
        pl.col("count").filter(~is_placed).sum().alias("unplaced"),
    )
    return (
        covered.join(sums, on=["borough_code", "month"], how="left")
        .with_columns(pl.col("placed", "unplaced").fill_null(0))
        .sort("borough_code", "month")
    )


def _note_outside(sheet: Sheet) -> None:
    outside = sheet.lines.filter(pl.col("fate") == Fate.OUTSIDE, pl.col("borough_code").is_not_null())
    if outside.height:
        sheet.findings.in_file(
            "outside_your_boroughs",
            Severity.NOTE,
            f"Refused: {plural(outside.height, 'row')} for boroughs that are not yours ({row_ranges(outside['row'])}).",
        )


def _ask_about_sparse_boroughs(sheet: Sheet, kept: pl.DataFrame) -> None:
    """Ask about boroughs that have next to nothing: points stray over the edge of the area a file was made for."""
    by_borough = kept.group_by("borough_code").agg(pl.col("count").sum())
    usual = by_borough["count"].median()
    if by_borough.height < FEWEST_BOROUGHS_COMPARED or not isinstance(usual, float):
        return
    sparse = by_borough.filter(pl.col("count") < usual * SPARSE_SHARE).join(sheet.geography.boroughs, on="borough_code")
    if sparse.height:
        named = sparse.sort("borough_name").select(pl.format("{} ({})", "borough_name", "count")).to_series()
        sheet.findings.in_file(
            "sparse_boroughs",
            Severity.PLEASE_CONFIRM,
            f"Next to nothing lies in {in_a_list(named.to_list())}. If the file was not made for them, too little "
            "would replace what is live there: have it uploaded by an officer of the boroughs it is for.",
        )


def _refuse_nothing(sheet: Sheet, kept: pl.DataFrame, total: int) -> None:
    is_waiting = any(one["is_required"] and one["answer"] is None for one in sheet.questions)
    if kept.is_empty() and not is_waiting:
        sheet.findings.in_file(
            "nothing_to_commit",
            Severity.MUST_FIX,
            "No row of the file can be used for your boroughs. Check that it is the right file, that its columns "
            "are matched to the right fields, and the problems listed.",
        )
    if total > MOST_IN_A_FILE:
        sheet.findings.in_file(
            "too_much",
            Severity.MUST_FIX,
            f"The counts of the file come to {total:,}, more than any real file. Check the count columns.",
        )


def _refuse_wrong_sums(report: Mapping[str, Any], months: pl.DataFrame, rows: pl.DataFrame) -> None:
    """Fail rather than give totals that do not reconcile to the record."""
    kept = report["placed"] + report["unplaced"]
    stored = int(rows["count"].sum())
    by_month = int(months["placed"].sum()) + int(months["unplaced"].sum())
    lines = sum(report[f"rows_{fate}"] for fate in Fate)
    if not (kept + report["refused"] == report["total"] and stored == by_month == kept and lines == report["rows"]):
        raise ArithmeticError("The totals of a check do not add up.")
