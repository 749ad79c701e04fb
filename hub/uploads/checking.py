"""From a table of text to rows that can be committed, and every problem by row and column.

Pure, and in whole columns. Every row ends placed, not placed in a ward, or refused, and the totals always add up.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import polars as pl

from hub.uploads import classification, placing
from hub.uploads.catalogue import MONTH_COUNTS, DatasetKind
from hub.uploads.classification import Offence
from hub.uploads.dates import is_day_first, month_of, month_of_heading
from hub.uploads.findings import LONGEST_VALUE_SHOWN, Findings, Severity, in_a_list, row_ranges, shown
from hub.uploads.placing import Fate, Geography, Placing, WardColumns
from hub.uploads.reading import Table
from hub.words import month_name, plural

EARLIEST_MONTH = dt.date(1990, 1, 1)
MOST_LABELS_NOTED = 100
FEWEST_BOROUGHS_COMPARED = 4
SPARSE_SHARE = 0.05
"""Of what the boroughs of a file usually have."""
MOST_IN_A_CELL = 1_000_000
MOST_IN_A_FILE = 2_000_000_000
"""What a 32-bit column holds."""

COUNT_KEYS = ("borough_code", "month", "ward_code", "offence_group", "offence_subgroup")
INCIDENT_COLUMNS = ("borough_code", "ward_code", "month", "category", "easting", "northing")


@dataclass(frozen=True)
class Checked:
    """What a check gives.

    `rows` are what a commit would store: for points INCIDENT_COLUMNS, for counts COUNT_KEYS and `count` above zero.
    `months` has a line for each borough the rows cover and month the file covers: borough_code, month, placed,
    unplaced. `problems` are the findings; `report` says the rest.
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
    """
    work = _Check(table, kind, column_fields, geography, scope, today)
    if MONTH_COUNTS in column_fields.values():
        months = work.months_across()
        work.place_wards(last_month=max(months.values(), default=None))
        return work.finish(work.counts_across(months))
    work.read_months_down()
    if kind.has_points:
        work.place_points()
        return work.finish(work.points())
    work.place_wards(last_month=work.last_month())
    return work.finish(work.counts_down())


@dataclass
class _Check:
    """One file as it is being checked: `lines` is the file row by row, `findings` what was found so far."""

    table: Table
    kind: DatasetKind
    column_fields: Mapping[str, str]
    geography: Geography
    scope: frozenset[str]
    today: dt.date
    findings: Findings = field(default_factory=Findings)
    lines: pl.DataFrame = field(init=False)
    boundary_set_id: int | None = None
    months: list[dt.date] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.headings = {key: heading for heading, key in self.column_fields.items() if key != MONTH_COUNTS}
        fields = [one.key for one in self.kind.fields if one.key != MONTH_COUNTS]
        cells = self.table.cells
        self.lines = cells.select(
            "row",
            "surplus",
            *(
                pl.col(self.table.column(self.headings[key])).alias(key)
                if key in self.headings
                else pl.lit(None, dtype=pl.String).alias(key)
                for key in fields
            ),
        )
        for note in self.table.notes:
            self.findings.in_file("text_cleaned", Severity.NOTE, note)

    # --- Months ------------------------------------------------------------------------------------------------------

    def months_across(self) -> dict[str, dt.date]:
        """Read the headings of the month columns; one that is none, or comes twice, must be put right."""
        months: dict[str, dt.date] = {}
        for heading in (name for name, key in self.column_fields.items() if key == MONTH_COUNTS):
            month = month_of_heading(heading)
            fault = self._fault_of_month(month)
            if month is not None and month in months.values():
                fault = f"is headed by {month_name(month)}, as another column is"
            if month is None or fault:
                self.findings.in_file(
                    "not_a_month",
                    Severity.MUST_FIX,
                    f"The column '{heading[:60]}' {fault}. Correct its heading, or leave the column out.",
                    column=heading,
                )
            else:
                months[heading] = month
        self.months = sorted(months.values())
        return months

    def read_months_down(self) -> None:
        """Read the month of each row; those that cannot be are found once it is known whose rows they are."""
        words = self.lines["month"].drop_nulls().unique()
        found = {word: month_of(word) for word in words}
        good = {word: month for word, month in found.items() if month and not self._fault_of_month(month)}
        self.lines = self.lines.rename({"month": "month_words"}).with_columns(
            pl.col("month_words").replace_strict(good, default=None, return_dtype=pl.Date).alias("month")
        )
        if any(is_day_first(word) for word in good):
            self.findings.in_file(
                "dates_day_first",
                Severity.NOTE,
                "Dates such as 01/03/2025 were read as day, month, year.",
                column=self.headings["month"],
            )

    def last_month(self) -> dt.date | None:
        """The newest month that could be read."""
        last = self.lines["month"].max()
        return last if isinstance(last, dt.date) else None

    def _fault_of_month(self, month: dt.date | None) -> str:
        if month is None:
            return "is not headed by a month"
        if month > self.today:
            return f"is headed by {month_name(month)}, which has not come yet"
        return f"is headed by {month_name(month)}, too long ago" if month < EARLIEST_MONTH else ""

    # --- Places ------------------------------------------------------------------------------------------------------

    def place_wards(self, *, last_month: dt.date | None) -> None:
        """Find each row's ward and borough from what it names."""
        for absent in {"ward_code", "ward_name", "borough"} - set(self.lines.columns):
            self.lines = self.lines.with_columns(pl.lit(None, dtype=pl.String).alias(absent))
        columns = WardColumns(*(self.headings.get(key) for key in ("ward_code", "ward_name", "borough")))
        self._keep(placing.by_ward(self.lines, columns, self.geography, self.scope, last_month, self.findings))

    def place_points(self) -> None:
        """Find each row's ward and borough from its coordinates."""
        from hub.uploads import locating  # A second's worth of geometry that a file of counts need not wait for.

        self._keep(
            locating.by_point(self.lines, self.headings, self.geography, self.scope, self.last_month(), self.findings)
        )

    def _keep(self, placed: Placing) -> None:
        self.boundary_set_id = placed.boundary_set_id
        self.lines = self.lines.drop("ward_code", "borough_code", strict=False).join(
            placed.rows, on="row", how="left", maintain_order="left"
        )
        self._must_not(pl.col("surplus").is_not_null(), "too_many_cells", None, _TOO_MANY_CELLS)

    def _must_not(self, wrong: pl.Expr, code: str, column: str | None, message: pl.Expr) -> None:
        """Refuse the rows of the uploader's own boroughs in which something is wrong."""
        wrong = wrong & (pl.col("fate") != Fate.OUTSIDE)
        self.findings.in_rows(self.lines.filter(wrong), code, Severity.MUST_FIX, column, message)
        self.lines = self.lines.with_columns(pl.when(wrong).then(pl.lit(Fate.FAULTY)).otherwise("fate").alias("fate"))

    # --- Counts and categories ---------------------------------------------------------------------------------------

    def points(self) -> pl.DataFrame:
        """One incident for each row."""
        self._must_have_month()
        self._name_categories("category", None, lambda label, _: classification.street_category(label))
        self.lines = self.lines.with_columns(pl.lit(1, dtype=pl.Int64).alias("count"))
        return self._kept().select(*INCIDENT_COLUMNS, "count").sort("borough_code", "month", maintain_order=True)

    def counts_down(self) -> pl.DataFrame:
        """One count for each row."""
        self._must_have_month()
        self._name_categories("offence_group", "offence_subgroup", classification.offence)
        self.lines = self.lines.rename({"count": "count_words"}).with_columns(_as_count("count_words").alias("count"))
        self._must_be_count("count_words", "count", self.headings["count"], allow_empty=False)
        self._find_repeats("month")
        return self._kept().group_by(COUNT_KEYS).agg(pl.col("count").sum()).sort(COUNT_KEYS)

    def counts_across(self, months: Mapping[str, dt.date]) -> pl.DataFrame:
        """One count for each row and month column."""
        self._name_categories("offence_group", "offence_subgroup", classification.offence)
        words = self.table.cells.select(pl.col(self.table.column(heading)).alias(heading) for heading in months)
        counts = words.select(_as_count(heading) for heading in months)
        self.lines = self.lines.hstack(counts)
        unread = words.null_count().row(0), counts.null_count().row(0)
        for heading, empty, null in zip(months, *unread, strict=True):
            if null > empty:
                self.lines = self.lines.with_columns(words[heading].alias("count_words"))
                self._must_be_count("count_words", heading, heading, allow_empty=True)
        own = self.lines.select(pl.col("fate") != Fate.OUTSIDE).to_series()
        empty = sum(words.filter(own).null_count().row(0)) if months else 0
        if empty:
            self.findings.in_file("empty_counts", Severity.NOTE, f"Counted as zero: {plural(empty, 'empty cell')}.")
        self._find_repeats()
        self.lines = self.lines.with_columns(pl.sum_horizontal(pl.lit(0, dtype=pl.Int64), *months).alias("count"))
        places = [key for key in COUNT_KEYS if key != "month"]
        across = self._kept().group_by(places).agg(pl.col(list(months)).sum()).sort(places)
        # Month by month, because all cells at once would need several times their memory.
        cells = (
            across.filter(pl.col(heading) > 0).select(
                *places, pl.lit(month, dtype=pl.Date).alias("month"), pl.col(heading).alias("count")
            )
            for heading, month in months.items()
        )
        empty = across.select(*places, pl.lit(None, pl.Date).alias("month"), pl.lit(0, pl.Int64).alias("count")).clear()
        return pl.concat([empty, *cells]).select(*COUNT_KEYS, "count")

    def _kept(self) -> pl.DataFrame:
        return self.lines.filter(pl.col("fate").is_in([Fate.PLACED, Fate.UNPLACED]))

    def _must_have_month(self) -> None:
        self._must_not(
            pl.col("month").is_null(),
            "not_a_month",
            self.headings["month"],
            pl.when(pl.col("month_words").is_null())
            .then(pl.lit("The row has no month. Give it, for example as 2025-03."))
            .otherwise(
                pl.format(
                    "'{}' is no month up to now. Write it as year and month, for example 2025-03.",
                    shown("month_words"),
                )
            ),
        )

    def _must_be_count(self, words: str, count: str, heading: str, *, allow_empty: bool) -> None:
        self._must_not(
            pl.col(count).is_null() & (pl.col(words).is_not_null() | pl.lit(not allow_empty)),
            "not_a_count",
            heading,
            pl.format("'{}' is no count. Give a whole number in digits, such as 12 or 0.", shown(words)),
        )

    def _name_categories(self, group: str, subgroup: str | None, name: Callable[[str, str], Offence]) -> None:
        """Put the labels of every edition under one name each."""
        self._must_not(
            pl.col(group).is_null(),
            "no_category",
            self.headings[group],
            pl.lit("The row has no category. Give it, or take the row out."),
        )
        keys = [group, *([subgroup] if subgroup else [])]
        labels = self.lines.select(keys).unique(maintain_order=True)
        offences = [name(row[0] or "", (row[1] if subgroup else "") or "") for row in labels.iter_rows()]
        named = labels.with_columns(
            pl.Series("named_group", [one.group for one in offences], dtype=pl.String),
            pl.Series("named_subgroup", [one.subgroup for one in offences], dtype=pl.String),
            pl.Series("is_known", [one.is_known for one in offences], dtype=pl.Boolean),
        )
        self.lines = self.lines.join(named, on=keys, how="left", nulls_equal=True, maintain_order="left")
        self._must_not(
            (pl.col("named_group").str.len_chars() > classification.LONGEST_GROUP)
            | (pl.col("named_subgroup").str.len_chars() > classification.LONGEST_SUBGROUP),
            "category_too_long",
            self.headings[group],
            pl.lit("The name of the category is too long to be one. Shorten it."),
        )
        self._note_labels(group, subgroup, offences)
        self.lines = self.lines.drop("is_known", *keys).rename(
            {"named_group": group, "named_subgroup": subgroup or "offence_subgroup"}
        )

    def _note_labels(self, group: str, subgroup: str | None, offences: list[Offence]) -> None:
        own = self.lines.filter(~pl.col("is_known"), pl.col(group).is_not_null(), pl.col("fate") != Fate.OUTSIDE)
        new = own.group_by("named_group", "named_subgroup", maintain_order=True).agg(pl.col("row").first(), pl.len())
        column = self.headings[subgroup if subgroup and subgroup in self.headings else group]
        for named_group, named_subgroup, row, rows in new.head(MOST_LABELS_NOTED).iter_rows():
            kept = " – ".join(part[:LONGEST_VALUE_SHOWN] for part in (named_group, named_subgroup) if part)
            words = f"'{kept}' is in no edition the hub knows. It is kept as it is ({plural(rows, 'row')})."
            self.findings.in_file("new_category", Severity.NOTE, words, row=row, column=column)
        if new.height > MOST_LABELS_NOTED:
            self.findings.in_file(
                "many_new_categories",
                Severity.PLEASE_CONFIRM,
                f"The file has {new.height:,} categories that are in no edition the hub knows. Check that the right "
                "column is matched to the category.",
                column=column,
            )
        if classification.counts_harassment_as_violence(offences):
            self.findings.in_file(
                "older_classification",
                Severity.NOTE,
                "This edition counts stalking and harassment within violence, with and without injury. Do not compare "
                "those subgroups with editions that show it apart.",
            )

    def _find_repeats(self, *more: str) -> None:
        """Ask about rows for the same place and category: their counts are added."""
        keys = ["ward_code", "borough_code", "offence_group", "offence_subgroup", *more]
        repeats = (
            self._kept()
            .with_columns(pl.col("row").first().over(keys).alias("first"))
            .filter(pl.col("row") != pl.col("first"))
        )
        self.findings.in_rows(
            repeats,
            "repeated_row",
            Severity.PLEASE_CONFIRM,
            self.headings.get("ward_code", self.headings.get("ward_name")),
            pl.format(
                "The row is for the same place, category{} as row {}. Their counts are added; take one out if it is a "
                "copy or a total.",
                pl.lit(" and month" if more else ""),
                pl.col("first"),
            ),
        )

    # --- The whole ---------------------------------------------------------------------------------------------------

    def finish(self, rows: pl.DataFrame) -> Checked:
        """Add up what is kept and what is not, and make sure that nothing was lost or counted twice."""
        kept = self._kept()
        if MONTH_COUNTS not in self.column_fields.values():
            self.months = kept["month"].unique().sort().to_list()
        by_fate = {fate: (lines, count) for fate, lines, count in self._sums().iter_rows()}
        lines, counts = ({fate: by_fate.get(fate, (0, 0))[part] for fate in Fate} for part in (0, 1))
        self._note_outside()
        self._ask_about_sparse_boroughs(kept)
        self._refuse_nothing(kept, sum(counts.values()))
        report = {
            "rows": self.lines.height,
            **{f"rows_{fate}": lines[fate] for fate in Fate},
            "placed": counts[Fate.PLACED],
            "unplaced": counts[Fate.UNPLACED],
            "refused_outside": counts[Fate.OUTSIDE],
            "refused_faulty": counts[Fate.FAULTY],
            "refused": counts[Fate.OUTSIDE] + counts[Fate.FAULTY],
            "total": int(self.lines["count"].sum()),
            "boundary_set_id": self.boundary_set_id,
            "months": [f"{month:%Y-%m}" for month in self.months],
            "boroughs": kept["borough_code"].unique().sort().to_list(),
            "encoding": self.table.encoding,
            "delimiter": self.table.delimiter,
            "problems": {
                code: {"severity": str(severity), "count": count}
                for code, (severity, count) in self.findings.totals.items()
            },
            "problems_total": sum(count for _, count in self.findings.totals.values()),
        }
        months = self._by_month(kept, rows)
        _refuse_wrong_sums(report, months, rows)
        stored = rows.drop("count") if self.kind.has_points else rows
        return Checked(stored, months, self.findings.frame(), report)

    def _sums(self) -> pl.DataFrame:
        return self.lines.group_by("fate").agg(pl.len(), pl.col("count").sum())

    def _by_month(self, kept: pl.DataFrame, rows: pl.DataFrame) -> pl.DataFrame:
        """Every month of the file for every borough it covers: a month without a row had none."""
        months = pl.DataFrame({"month": self.months}, {"month": pl.Date})
        covered = kept.select("borough_code").unique().join(months, how="cross")
        is_placed = pl.col("ward_code").is_not_null()
        sums = rows.group_by("borough_code", "month").agg(
            pl.col("count").filter(is_placed).sum().alias("placed"),
            pl.col("count").filter(~is_placed).sum().alias("unplaced"),
        )
        return (
            covered.join(sums, on=["borough_code", "month"], how="left")
            .with_columns(pl.col("placed", "unplaced").fill_null(0))
            .sort("borough_code", "month")
        )

    def _note_outside(self) -> None:
        outside = self.lines.filter(pl.col("fate") == Fate.OUTSIDE, pl.col("borough_code").is_not_null())
        if outside.height:
            self.findings.in_file(
                "outside_your_boroughs",
                Severity.NOTE,
                f"Refused: {plural(outside.height, 'row')} for boroughs that are not yours "
                f"({row_ranges(outside['row'])}).",
            )

    def _ask_about_sparse_boroughs(self, kept: pl.DataFrame) -> None:
        """Ask about boroughs that have next to nothing: points stray over the edge of the area a file was made for."""
        by_borough = kept.group_by("borough_code").agg(pl.col("count").sum())
        usual = by_borough["count"].median()
        if by_borough.height < FEWEST_BOROUGHS_COMPARED or not isinstance(usual, float):
            return
        sparse = by_borough.filter(pl.col("count") < usual * SPARSE_SHARE).join(
            self.geography.boroughs, on="borough_code"
        )
        if sparse.height:
            named = sparse.sort("borough_name").select(pl.format("{} ({})", "borough_name", "count")).to_series()
            self.findings.in_file(
                "sparse_boroughs",
                Severity.PLEASE_CONFIRM,
                f"Next to nothing lies in {in_a_list(named.to_list())}. If the file was not made for them, too little "
                "would replace what is live there: have it uploaded by an officer of the boroughs it is for.",
            )

    def _refuse_nothing(self, kept: pl.DataFrame, total: int) -> None:
        if kept.is_empty():
            self.findings.in_file(
                "nothing_to_commit",
                Severity.MUST_FIX,
                "No row of the file can be used for your boroughs. Check that it is the right file, that its columns "
                "are matched to the right fields, and the problems listed.",
            )
        if total > MOST_IN_A_FILE:
            self.findings.in_file(
                "too_much",
                Severity.MUST_FIX,
                f"The counts of the file come to {total:,}, more than any real file. Check the count columns.",
            )


_TOO_MANY_CELLS = pl.format(
    "The row has more cells than there are headings; the first beyond is '{}'. Wrap cells that hold the delimiter in "
    "quotation marks, or delete what stands to the right of the table.",
    shown("surplus"),
)


def _as_count(column: str) -> pl.Expr:
    """A whole number from 0 to a million, as `12` or `12.0`; null where it is none."""
    number = pl.col(column).cast(pl.Float64, strict=False)
    return pl.when((number == number.floor()) & number.is_between(0, MOST_IN_A_CELL)).then(number).cast(pl.Int64)


def _refuse_wrong_sums(report: Mapping[str, Any], months: pl.DataFrame, rows: pl.DataFrame) -> None:
    """Fail rather than give totals that do not reconcile to the record."""
    kept = report["placed"] + report["unplaced"]
    stored = int(rows["count"].sum())
    by_month = int(months["placed"].sum()) + int(months["unplaced"].sum())
    lines = sum(report[f"rows_{fate}"] for fate in Fate)
    if not (kept + report["refused"] == report["total"] and stored == by_month == kept and lines == report["rows"]):
        raise ArithmeticError("The totals of a check do not add up.")
