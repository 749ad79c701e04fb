"""What the categories of a file are called: the labels of every edition under one name each, new ones kept as they are.

Pure.
"""

from __future__ import annotations

from collections.abc import Callable

import polars as pl

from hub.uploads import classification, traps
from hub.uploads.classification import Offence
from hub.uploads.findings import LONGEST_VALUE_SHOWN, Severity, in_a_list
from hub.uploads.placing import Fate
from hub.uploads.sheet import Sheet
from hub.words import plural

MOST_LABELS_NOTED = 100


def naming(sheet: Sheet, group: str, subgroup: str | None) -> Callable[[str, str], Offence]:
    """Tell what the labels of this kind mean: by the Met's classification, the police's, or its own list."""
    if sheet.kind.classification == "met":
        return classification.offence
    if sheet.kind.classification == "police_uk":
        return lambda label, _: classification.street_category(label)
    listed = [sheet.kind.field(key).codes if key else () for key in (group, subgroup)]
    return lambda first, second: classification.listed(first, second, *listed)


def name_categories(sheet: Sheet, group: str, subgroup: str | None, name: Callable[[str, str], Offence]) -> None:
    """Put the labels of every edition under one name each."""
    sheet.must_not(
        pl.col(group).is_null(),
        "no_category",
        sheet.headings[group],
        pl.lit("The row has no category. Give it, or take the row out."),
    )
    keys = [group, *([subgroup] if subgroup else [])]
    labels = sheet.lines.select(keys).unique(maintain_order=True)
    offences = [name(row[0] or "", (row[1] if subgroup else "") or "") for row in labels.iter_rows()]
    named = labels.with_columns(
        pl.Series("named_group", [one.group for one in offences], dtype=pl.String),
        pl.Series("named_subgroup", [one.subgroup for one in offences], dtype=pl.String),
        pl.Series("is_known", [one.is_known for one in offences], dtype=pl.Boolean),
    )
    sheet.lines = sheet.lines.join(named, on=keys, how="left", nulls_equal=True, maintain_order="left")
    if sheet.kind.has_counts and "measure" in sheet.headings:
        _name_by_measure(sheet)
    sheet.must_not(
        (pl.col("named_group").str.len_chars() > classification.LONGEST_GROUP)
        | (pl.col("named_subgroup").str.len_chars() > classification.LONGEST_SUBGROUP),
        "category_too_long",
        sheet.headings[group],
        pl.lit("The name of the category is too long to be one. Shorten it."),
    )
    _note_labels(sheet, group, subgroup, offences)
    _ask_about_overlap(sheet, group, named)
    sheet.lines = sheet.lines.drop("is_known", *keys).rename(
        {"named_group": group, "named_subgroup": subgroup or "offence_subgroup"}
    )


def _name_by_measure(sheet: Sheet) -> None:
    """Keep what several measures count of one category apart, so that nobody adds them up."""
    main = (sheet.kind.field("measure").codes or ("",))[0]
    sheet.must_not(
        pl.col("measure").is_null(),
        "no_measure",
        sheet.headings["measure"],
        pl.lit("The row has no measure. Give it, or take the row out."),
    )
    sheet.lines = sheet.lines.with_columns(
        pl.when(pl.col("measure").str.to_lowercase() == main.lower())
        .then("named_group")
        .otherwise(pl.format("{}: {}", "named_group", pl.col("measure").str.to_lowercase()))
        .alias("named_group")
    )


def _note_labels(sheet: Sheet, group: str, subgroup: str | None, offences: list[Offence]) -> None:
    own = sheet.lines.filter(~pl.col("is_known"), pl.col(group).is_not_null(), pl.col("fate") != Fate.OUTSIDE)
    new = own.group_by("named_group", "named_subgroup", maintain_order=True).agg(pl.col("row").first(), pl.len())
    column = sheet.headings[subgroup if subgroup and subgroup in sheet.headings else group]
    for named_group, named_subgroup, row, rows in new.head(MOST_LABELS_NOTED).iter_rows():
        kept = " – ".join(part[:LONGEST_VALUE_SHOWN] for part in (named_group, named_subgroup) if part)
        words = f"'{kept}' is in no edition the hub knows. It is kept as it is ({plural(rows, 'row')})."
        sheet.findings.in_file("new_category", Severity.NOTE, words, row=row, column=column)
    if new.height > MOST_LABELS_NOTED:
        sheet.findings.in_file(
            "many_new_categories",
            Severity.PLEASE_CONFIRM,
            f"The file has {new.height:,} categories that are in no edition the hub knows. Check that the right "
            "column is matched to the category.",
            column=column,
        )
    if sheet.kind.classification != "met":
        return
    sheet.edition = classification.edition(offences)
    if classification.counts_harassment_as_violence(offences):
        sheet.findings.in_file(
            "older_classification",
            Severity.NOTE,
            "This edition counts stalking and harassment within violence, with and without injury. Do not compare "
            "those subgroups with editions that show it apart.",
        )


def note_unlisted(sheet: Sheet, key: str) -> None:
    """Say which values are on no list that the hub knows."""
    known = {classification.label_key(code) for code in sheet.kind.field(key).codes}
    if not known:
        return
    own = sheet.lines.filter(pl.col("fate") != Fate.OUTSIDE)
    new = own.group_by(key, maintain_order=True).agg(pl.col("row").first(), pl.len()).drop_nulls(key)
    for label, row, rows in new.iter_rows():
        if classification.label_key(label) not in known:
            kept = f"It is kept as it is ({plural(rows, 'row')})."
            words = f"'{label[:LONGEST_VALUE_SHOWN]}' is on no list the hub knows. {kept}"
            sheet.findings.in_file("new_category", Severity.NOTE, words, row=row, column=sheet.headings[key])


def _ask_about_overlap(sheet: Sheet, group: str, named: pl.DataFrame) -> None:
    """Ask about flags among categories: an offence with a flag is counted under its own category too."""
    if sheet.kind.measure != "offences":
        return
    unknown = named.filter(~pl.col("is_known"))
    flags = traps.overlapping([*unknown["named_group"], *unknown["named_subgroup"]])
    if flags:
        sheet.findings.in_file(
            "overlapping_categories",
            Severity.PLEASE_CONFIRM,
            f"{in_a_list([repr(one[:LONGEST_VALUE_SHOWN]) for one in flags[:5]])} seem to be flags: such offences are "
            "counted under their own category too, so that adding up counts them twice. Upload flags by themselves.",
            column=sheet.headings[group],
        )
