"""From rows that are placed and named to what a commit would store: incidents, counts by month, shares of people.

Pure. Rows given twice, months that are not whole and categories that moved are asked about on the way.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

import polars as pl

from hub.uploads import moments, naming, numbers, references, traps
from hub.uploads.findings import Severity, row_ranges, shown
from hub.uploads.placing import PLACES, Fate, Method
from hub.uploads.sheet import Sheet
from hub.words import month_name, plural

MOST_IN_A_CELL = 1_000_000
LONGEST_MEASURE = 120

COUNT_KEYS = ("borough_code", "month", "ward_code", "lsoa_code", "offence_group", "offence_subgroup")
PLACED_BY = ("placed_by", "confidence")
COUNT_COLUMNS = (*COUNT_KEYS, "count", *PLACED_BY)
INCIDENT_COLUMNS = (
    *("borough_code", "ward_code", "month", "category", "subcategory", "easting", "northing"),
    *("occurred_from", "occurred_to", *PLACED_BY, "reference_hash"),
)
SHARE_COLUMNS = ("borough_code", "month", "measure", "share")

LEAVE_OUT, KEEP = "leave_out", "keep"

_SAME_REFERENCE = (
    "{} equal an earlier row in everything, their reference too, so they seem to be the same incidents given twice."
)
_IDENTICAL = (
    "{} equal an earlier row in everything, and have no reference to tell them apart by. They may be separate "
    "incidents at one place."
)
_SUMMED = (pl.col("count").sum(), pl.col("placed_by").first(), pl.col("confidence").min())


def points(sheet: Sheet) -> pl.DataFrame:
    """One incident for each row."""
    moments.must_have_month(sheet)
    subcategory = "subcategory" if "subcategory" in sheet.lines.columns else None
    naming.name_categories(sheet, "category", subcategory, naming.naming(sheet, "category", subcategory))
    sheet.lines = sheet.lines.with_columns(pl.lit(1, dtype=pl.Int64).alias("count"))
    if subcategory is None:
        sheet.lines = sheet.lines.with_columns(pl.lit("").alias("subcategory"))
    references.hash_all(sheet)
    _find_repeated_points(sheet)
    _find_partial_months(sheet, sheet.kept().group_by("month").agg(pl.len().alias("count")))
    _total(sheet, "category", "subcategory")
    return sheet.kept().select(*INCIDENT_COLUMNS, "count").sort("borough_code", "month", maintain_order=True)


def _find_repeated_points(sheet: Sheet) -> None:
    """Ask about rows that are alike in every cell: with a reference they are one incident, without one perhaps two."""
    kept = sheet.cells.join(sheet.kept().select("row"), on="row", how="semi")
    again = traps.alike(kept)
    identified = again.clear()
    if "identifier" in sheet.headings:
        has_reference = sheet.lines.filter(pl.col("identifier").is_not_null()).select("row")
        identified = again.join(has_reference, on="row", how="semi")
    left_out = [
        _ask_about_alike(sheet, "same_reference_twice", identified, _SAME_REFERENCE),
        _ask_about_alike(sheet, "identical_rows", again.join(identified, on="row", how="anti"), _IDENTICAL),
    ]
    gone = pl.concat(left_out)
    if gone.height:
        sheet.lines = sheet.lines.join(gone, on="row", how="anti", maintain_order="left")
        sheet.rows_left_out += gone.height


def _ask_about_alike(sheet: Sheet, code: str, again: pl.DataFrame, sentence: str) -> pl.DataFrame:
    """Ask whether to leave such rows out, and give those to be left out."""
    if again.is_empty():
        return again
    counted = f"{plural(again.height, 'row')} ({row_ranges(again['row'])})"
    choices = [(KEEP, "Keep them: each is an incident of its own"), (LEAVE_OUT, "Leave them out: they are copies")]
    asked = sentence.format(counted)
    answer = sheet.ask(code, None, asked, choices, is_required=False)
    if answer == LEAVE_OUT:
        sheet.findings.in_file(code, Severity.NOTE, f"Left out, as you said: {counted}, each like an earlier row.")
        return again
    is_settled = sheet.kind.identical_rows or answer == KEEP
    severity = Severity.NOTE if is_settled else Severity.PLEASE_CONFIRM
    sheet.findings.in_file(code, severity, f"{asked} All are kept unless you say otherwise.")
    return again.clear()


def counts_down(sheet: Sheet) -> pl.DataFrame:
    """One count for each row."""
    moments.must_have_month(sheet)
    _name_offences(sheet)
    sheet.lines = sheet.lines.rename({"count": "count_words"})
    _read_counts(sheet, ["count_words"], {"count_words": sheet.headings["count"]}, allow_empty=False)
    sheet.lines = sheet.lines.rename({"count_words": "count"})
    _find_repeats(sheet, "month")
    _find_partial_months(sheet, sheet.kept().group_by("month").agg(pl.col("count").sum()))
    _total(sheet, "offence_group", "offence_subgroup")
    _ensure_lsoa(sheet)
    return sheet.kept().group_by(COUNT_KEYS).agg(*_SUMMED).select(COUNT_COLUMNS).sort(COUNT_KEYS)


def _name_offences(sheet: Sheet) -> None:
    subgroup = "offence_subgroup" if sheet.kind.has("offence_subgroup") else None
    naming.name_categories(sheet, "offence_group", subgroup, naming.naming(sheet, "offence_group", subgroup))


def counts_across(sheet: Sheet, months: Mapping[str, dt.date]) -> pl.DataFrame:
    """One count for each row and month column."""
    _name_offences(sheet)
    words = sheet.cells.select("row", *(pl.col(sheet.table.column(heading)).alias(heading) for heading in months))
    sheet.lines = sheet.lines.join(words, on="row", how="left", maintain_order="left")
    own = sheet.lines.filter(pl.col("fate") != Fate.OUTSIDE).select(list(months))
    empty = sum(own.null_count().row(0)) if months else 0
    _read_counts(sheet, list(months), {heading: heading for heading in months}, allow_empty=True)
    if empty:
        sheet.findings.in_file("empty_counts", Severity.NOTE, f"Counted as zero: {plural(empty, 'empty cell')}.")
    _find_repeats(sheet)
    months = _without_partial_months(sheet, months)
    sheet.lines = sheet.lines.with_columns(pl.sum_horizontal(pl.lit(0, dtype=pl.Int64), *months).alias("count"))
    _ensure_lsoa(sheet)
    places = [key for key in COUNT_KEYS if key != "month"]
    across = (
        sheet.kept()
        .group_by(places)
        .agg(pl.col(list(months)).sum(), *(pl.col(name).first() for name in PLACED_BY))
        .sort(places)
    )
    # Month by month, because all cells at once would need several times their memory.
    cells = [
        across.filter(pl.col(heading) > 0).select(
            *places, pl.lit(month, dtype=pl.Date).alias("month"), pl.col(heading).alias("count"), *PLACED_BY
        )
        for heading, month in months.items()
    ]
    none = across.select(
        *places, pl.lit(None, pl.Date).alias("month"), pl.lit(0, pl.Int64).alias("count"), *PLACED_BY
    ).clear()
    sheet.by_category = _by_category(across, months)
    return pl.concat([none, *cells]).select(COUNT_COLUMNS)


def _by_category(across: pl.DataFrame, months: Mapping[str, dt.date]) -> pl.DataFrame:
    """Add up each month's column by category."""
    keys = ["borough_code", "offence_group", "offence_subgroup"]
    sums = across.group_by(keys).agg(pl.col(list(months)).sum())
    down = sums.unpivot(on=list(months), index=keys, value_name="count")
    named = pl.col("variable").replace_strict(dict(months), default=None, return_dtype=pl.Date)
    return down.select(*keys, named.alias("month"), pl.col("count").cast(pl.Int64))


def _ensure_lsoa(sheet: Sheet) -> None:
    """Keep the small area's code where the source counted by it."""
    by_area = pl.col("placed_by") == Method.LSOA
    code = pl.when(by_area).then("lsoa_code") if "lsoa_code" in sheet.lines.columns else pl.lit(None, pl.String)
    sheet.lines = sheet.lines.with_columns(code.alias("lsoa_code"))


def _read_counts(sheet: Sheet, columns: list[str], headings: Mapping[str, str], *, allow_empty: bool) -> None:
    """Turn columns of words into counts; what is none must be put right, or can be."""
    words = sheet.lines.select(columns)
    sheet.lines = sheet.lines.with_columns(_as_count(column) for column in columns)
    unread = [
        column for column in columns if sheet.lines[column].null_count() > words[column].null_count() or not allow_empty
    ]
    own = pl.Series(sheet.lines["fate"] != Fate.OUTSIDE)
    different = {word for column in columns for word in words[column].filter(own).drop_nulls().unique().to_list()}
    bad = {column: words[column].filter(sheet.lines[column].is_null()).drop_nulls().unique() for column in unread}
    repairs = {word: numbers.repair_count(word) for column in unread for word in bad[column]}
    if traps.are_rates([word for word in different if repairs.get(word) is None]):
        _refuse_rates(sheet, columns, headings, words)
        return
    for column in unread:
        _repair_counts(sheet, words[column], column, headings[column], repairs, allow_empty=allow_empty)


def _refuse_rates(sheet: Sheet, columns: list[str], headings: Mapping[str, str], words: pl.DataFrame) -> None:
    sheet.findings.in_file(
        "rates_for_counts",
        Severity.MUST_FIX,
        "Many of the numbers are fractions or percentages, as rates are and counts never. Ask the sender for the "
        "counts themselves: rates cannot be added up.",
        column=headings[columns[0]],
    )
    wrong = pl.any_horizontal(pl.col(column).is_null() & words[column].is_not_null() for column in columns)
    sheet.lines = sheet.lines.with_columns(
        pl.when(wrong & (pl.col("fate") != Fate.OUTSIDE)).then(pl.lit(Fate.FAULTY)).otherwise("fate").alias("fate")
    )


def _repair_counts(
    sheet: Sheet,
    words: pl.Series,
    column: str,
    heading: str,
    repairs: Mapping[str, tuple[str, str] | None],
    *,
    allow_empty: bool,
) -> None:
    """Put one column's cells right where a person has said so, and propose or demand it where not."""
    told = pl.DataFrame(
        [(word, *found) for word, found in repairs.items() if found is not None],
        {"words": pl.String, "repair": pl.String, "mended": pl.String},
        orient="row",
    )
    sheet.lines = sheet.lines.with_columns(words.alias("words")).join(
        told, on="words", how="left", maintain_order="left"
    )
    accepted = pl.col(column).is_null() & pl.col("repair").is_in(list(sheet.fixes))
    fixed = sheet.lines.filter(accepted, pl.col("fate") != Fate.OUTSIDE)
    for (code,), rows in fixed.partition_by("repair", as_dict=True).items():
        sheet.findings.in_file(
            str(code),
            Severity.NOTE,
            f"{numbers.FIXED[str(code)]}: {plural(rows.height, 'cell')} of '{heading[:60]}'.",
            column=heading,
        )
    sheet.lines = sheet.lines.with_columns(
        pl.when(accepted).then(pl.col("mended").cast(pl.Int64, strict=False)).otherwise(column).alias(column)
    )
    waiting = pl.col(column).is_null() & pl.col("repair").is_not_null()
    for code in sheet.lines.filter(waiting)["repair"].unique().sort():
        sheet.refuse(
            waiting & (pl.col("repair") == code),
            code,
            Severity.WE_CAN_FIX,
            heading,
            pl.format(numbers.WHAT[code], shown("words"), pl.col("mended")),
            pl.col("mended"),
        )
    sheet.must_not(
        pl.col(column).is_null()
        & pl.col("repair").is_null()
        & (pl.col("words").is_not_null() | pl.lit(not allow_empty)),
        "not_a_count",
        heading,
        pl.format("'{}' is no count. Give a whole number in digits, such as 12 or 0.", shown("words")),
    )
    sheet.lines = sheet.lines.drop("words", "repair", "mended")


def _find_repeats(sheet: Sheet, *more: str) -> None:
    """Ask about rows for the same place and category: their counts are added."""
    keys = ["ward_code", "borough_code", "offence_group", "offence_subgroup", *more]
    if "lsoa_code" in sheet.lines.columns:
        keys.append("lsoa_code")
    repeats = (
        sheet.kept()
        .with_columns(pl.col("row").first().over(keys).alias("first"))
        .filter(pl.col("row") != pl.col("first"))
    )
    # Rows that are of no ward, or of one found otherwise than by its code, may well be several places.
    repeats = repeats.filter(pl.col("ward_code").is_not_null() | pl.lit(sheet.kind.level == "borough"))
    sheet.findings.in_rows(
        repeats,
        "repeated_row",
        Severity.PLEASE_CONFIRM,
        next((sheet.headings[key] for key in PLACES if key in sheet.headings), None),
        pl.format(
            "The row is for the same place, category{} as row {}. Their counts are added; take one out if it is a "
            "copy or a total.",
            pl.lit(" and month" if more else ""),
            pl.col("first"),
        ),
    )


def shares(sheet: Sheet) -> pl.DataFrame:
    """One share of a borough's people for each row."""
    moments.must_have_month(sheet)
    sheet.must_not(
        pl.col("measure").is_null() | (pl.col("measure").str.len_chars() > LONGEST_MEASURE),
        "no_measure",
        sheet.headings["measure"],
        pl.lit(f"The row has no measure, or one of more than {LONGEST_MEASURE} characters. Give the question asked."),
    )
    naming.note_unlisted(sheet, "measure")
    _read_shares(sheet)
    repeats = (
        sheet.kept()
        .with_columns(pl.col("row").first().over("borough_code", "month", "measure").alias("first"))
        .filter(pl.col("row") != pl.col("first"))
        .select("row", "first")
    )
    sheet.lines = sheet.lines.join(repeats, on="row", how="left", maintain_order="left")
    sheet.must_not(
        pl.col("first").is_not_null(),
        "repeated_share",
        sheet.headings["measure"],
        pl.format("The row is for the same borough, quarter and measure as row {}. Take one out.", pl.col("first")),
    )
    sheet.lines = sheet.lines.with_columns(pl.lit(1, dtype=pl.Int64).alias("count"))
    _total(sheet, "measure", None)
    return sheet.kept().select(*SHARE_COLUMNS, "count").sort(SHARE_COLUMNS[:3])


def _read_shares(sheet: Sheet) -> None:
    heading = sheet.headings["share"]
    words = sheet.lines["share"]
    plain = words.str.strip_suffix("%").str.strip_chars().str.replace(",", ".", literal=True)
    value = plain.cast(pl.Float64, strict=False)
    if words.str.contains(",", literal=True).any():
        commas = int(words.str.contains(",", literal=True).sum())
        sheet.findings.in_file(
            "decimal_comma",
            Severity.NOTE,
            f"Decimal commas were read as decimal points: {plural(commas, 'cell')} of '{heading[:60]}'.",
            column=heading,
        )
    largest = value.max()
    if isinstance(largest, float) and largest > 1:
        sheet.findings.in_file(
            "shares_in_per_cent",
            Severity.NOTE,
            f"The numbers of '{heading[:60]}' were read as percentages, because some are above 1.",
            column=heading,
        )
        value = value / 100
    sheet.lines = sheet.lines.with_columns(words.alias("share_words"), value.alias("share"))
    sheet.must_not(
        ~pl.col("share").is_between(0, 1).fill_null(value=False),
        "not_a_share",
        heading,
        pl.format(
            "'{}' is no share of people. Give a number from 0 to 1, such as 0.58, or a percentage.",
            shown("share_words"),
        ),
    )


def _without_partial_months(sheet: Sheet, months: Mapping[str, dt.date]) -> dict[str, dt.date]:
    kept = sheet.kept()
    sums = pl.DataFrame(
        {"month": list(months.values()), "count": [int(kept[heading].sum()) for heading in months]},
        {"month": pl.Date, "count": pl.Int64},
    )
    gone = _partial_months_left_out(sheet, sums)
    sheet.months = [month for month in sheet.months if month not in gone]
    return {heading: month for heading, month in months.items() if month not in gone}


def _find_partial_months(sheet: Sheet, by_month: pl.DataFrame) -> None:
    gone = _partial_months_left_out(sheet, by_month.drop_nulls("month"))
    if gone:
        before = sheet.lines.height
        sheet.lines = sheet.lines.filter(~pl.col("month").is_in(list(gone)).fill_null(value=False))
        sheet.rows_left_out += before - sheet.lines.height


def _partial_months_left_out(sheet: Sheet, by_month: pl.DataFrame) -> set[dt.date]:
    """Ask about a first or last month that is not whole, and give those to be left out."""
    gone = set()
    for partial in traps.partial_months(by_month):
        choices = [
            (LEAVE_OUT, f"Leave {month_name(partial.month)} out"),
            (KEEP, "Keep it: it is the whole month"),
        ]
        answer = sheet.ask(partial.code, None, partial.sentence, choices)
        if answer == LEAVE_OUT:
            gone.add(partial.month)
            sheet.findings.in_file(
                partial.code,
                Severity.NOTE,
                f"Left out, as you said: {month_name(partial.month)} ({partial.count:,}).",
            )
    return gone


def _total(sheet: Sheet, group: str, subgroup: str | None) -> None:
    """Add up by month and category what is kept."""
    parts = [
        pl.col(group).alias("offence_group"),
        (pl.col(subgroup) if subgroup else pl.lit("")).alias("offence_subgroup"),
    ]
    sheet.by_category = sheet.kept().group_by("borough_code", "month", *parts).agg(pl.col("count").sum())


def compare(sheet: Sheet, live: pl.DataFrame | None) -> None:
    """Ask about categories that seem to have gone to others since what is live, and tell of months alike."""
    if live is None or live.is_empty():
        return
    category = pl.when(pl.col("offence_subgroup") != "").then("offence_subgroup").otherwise("offence_group")
    places = ["borough_code", "month"]
    new = sheet.by_category.select(*places, category.alias("category"), "count")
    # Only what both have: a file for one borough says nothing of the others.
    for one in traps.moved(new.join(live, on=places, how="semi"), live.join(new, on=places, how="semi")):
        sheet.findings.in_file(one.code, Severity.PLEASE_CONFIRM, one.sentence)
    if "identifier" not in sheet.headings:
        for same in traps.same_figures(new, live):
            sheet.findings.in_file("same_figures", Severity.NOTE, same)


def _as_count(column: str) -> pl.Expr:
    """A whole number from 0 to a million, as `12` or `12.0`; null where it is none."""
    number = pl.col(column).cast(pl.Float64, strict=False)
    return (
        pl.when((number == number.floor()) & number.is_between(0, MOST_IN_A_CELL))
        .then(number)
        .cast(pl.Int64)
        .alias(column)
    )
