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

from hub.uploads import classification, dates, numbers, placing, traps
from hub.uploads.catalogue import MONTH_COUNTS, DatasetKind
from hub.uploads.classification import Offence
from hub.uploads.dates import DAY_FIRST, MONTH_FIRST
from hub.uploads.findings import LONGEST_VALUE_SHOWN, Findings, Severity, in_a_list, row_ranges, shown
from hub.uploads.placing import PLACES, Fate, Geography, Ladder, Method
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
MOST_CATEGORIES_TOLD = 200
LONGEST_MEASURE = 120
UNKNOWN_MARKS = (
    "n/k",
    "nk",
    "not known",
    "unknown",
    "not recorded",
    "not stated",
    "n/a",
    "none",
    "-",
    "–",
    "unallocated",
)
"""What partners write for a place they do not know."""

COUNT_KEYS = ("borough_code", "month", "ward_code", "lsoa_code", "offence_group", "offence_subgroup")
PLACED_BY = ("placed_by", "confidence")
COUNT_COLUMNS = (*COUNT_KEYS, "count", *PLACED_BY)
INCIDENT_COLUMNS = (
    *("borough_code", "ward_code", "month", "category", "subcategory", "easting", "northing"),
    *("occurred_from", "occurred_to", *PLACED_BY),
)
SHARE_COLUMNS = ("borough_code", "month", "measure", "share")
EDITS = {"row": pl.Int64, "column": pl.String, "value": pl.String}

LEAVE_OUT, KEEP = "leave_out", "keep"


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
        What is live now of the same dataset and boroughs: month, category (a subgroup, else the group) and count.
    """
    work = _Check(table, kind, column_fields, geography, scope, today, fixes, answers)
    work.begin(edits)
    if kind.has_shares:
        work.read_moments()
        work.place()
        return work.finish(work.shares())
    if MONTH_COUNTS in column_fields.values():
        months = work.months_across()
        work.place()
        rows = work.counts_across(months)
    else:
        work.read_moments()
        work.place()
        rows = work.points() if kind.has_points else work.counts_down()
    work.compare(live)
    return work.finish(rows)


@dataclass
class _Check:
    """One file as it is being checked: `lines` is the file row by row, `findings` what was found so far."""

    table: Table
    kind: DatasetKind
    column_fields: Mapping[str, str]
    geography: Geography
    scope: frozenset[str]
    today: dt.date
    fixes: frozenset[str]
    answers: Mapping[str, str]
    findings: Findings = field(default_factory=Findings)
    questions: list[dict[str, Any]] = field(default_factory=list)
    cells: pl.DataFrame = field(init=False)
    lines: pl.DataFrame = field(init=False)
    boundary_set_id: int | None = None
    months: list[dt.date] = field(default_factory=list)
    by_category: pl.DataFrame = field(init=False)
    edition: str = ""
    rows_left_out: int = 0

    # --- To begin with -----------------------------------------------------------------------------------------------

    def begin(self, edits: pl.DataFrame | None) -> None:
        """Lay out the rows by what their cells mean, as people have put them right."""
        self.headings = {key: heading for heading, key in self.column_fields.items() if key != MONTH_COUNTS}
        self.cells = _edited(self.table, edits)
        self.rows_left_out = self.table.cells.height - self.cells.height
        fields = [one.key for one in self.kind.fields if one.key != MONTH_COUNTS]
        self.lines = self.cells.select(
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

    def ask(
        self,
        code: str,
        column: str | None,
        sentence: str,
        choices: list[tuple[str, str]],
        *,
        is_required: bool = True,
    ) -> str | None:
        """Ask a person once; what must be answered stands in the way until it is. Returns the answer, if any."""
        answer = self.answers.get(f"{code}:{column}") or self.answers.get(code)
        answer = answer if answer in {value for value, _ in choices} else None
        self.questions.append(
            {
                "code": code,
                "column": column,
                "sentence": sentence,
                "choices": [list(choice) for choice in choices],
                "is_required": is_required,
                "answer": answer,
            }
        )
        if is_required and answer is None:
            self.findings.in_file(code, Severity.MUST_FIX, sentence, column=column)
        return answer

    # --- Months and moments ------------------------------------------------------------------------------------------

    def months_across(self) -> dict[str, dt.date]:
        """Read the headings of the month columns; one that is none, or comes twice, must be put right."""
        months: dict[str, dt.date] = {}
        for heading in (name for name, key in self.column_fields.items() if key == MONTH_COUNTS):
            month = dates.month_of_heading(heading)
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

    def _fault_of_month(self, month: dt.date | None) -> str:
        if month is None:
            return "is not headed by a month"
        if month > self.today:
            return f"is headed by {month_name(month)}, which has not come yet"
        return f"is headed by {month_name(month)}, too long ago" if month < EARLIEST_MONTH else ""

    def read_moments(self) -> None:
        """Read when each row happened; those that cannot be read are found once it is known whose rows they are."""
        key = "date" if "date" in self.headings else "month"
        words, heading = self.lines[key], self.headings[key]
        read = self._read_dates(words, heading)
        if "year" in self.headings:
            self.lines = self.lines.with_columns(self._month_and_year(words).alias("with_year"))
            read = read.with_columns(
                pl.coalesce(self.lines["with_year"].cast(pl.Datetime("us")), pl.col("moment")).alias("moment")
            )
        moment = read["moment"]
        self.lines = self.lines.rename({key: "when_words"}).with_columns(
            moment.dt.truncate("1mo").dt.date().alias("month"), read["problem"].alias("when_problem"), moment
        )
        too_far = (pl.col("moment") >= self.today + dt.timedelta(days=1)) | (pl.col("month") < EARLIEST_MONTH)
        self.lines = self.lines.with_columns(pl.when(~too_far).then("month").alias("month"))
        if self.kind.has_points:
            self._read_times(read)

    def _read_dates(self, words: pl.Series, heading: str) -> pl.DataFrame:
        """Read a column of dates: the moment of each row, whether it has a day and a time, and its problem if any."""
        read = dates.readings(words.drop_nulls().unique())
        chosen = self._order_of_days(read, heading)
        moment = pl.coalesce("moment", chosen)
        if self.kind.has_shares:
            quarters = {
                word: quarter for word in read["words"] if (quarter := dates.last_month_of_quarter(word)) is not None
            }
            moment = pl.coalesce(
                moment, pl.col("words").replace_strict(quarters, default=None, return_dtype=pl.Datetime("us"))
            )
        if "excel_serial" in self.fixes:
            moment = pl.coalesce(moment, pl.col("serial").cast(pl.Datetime("us")))
        read = read.select(
            "words",
            moment.alias("moment"),
            "has_time",
            "has_day",
            pl.when(moment.is_null()).then(pl.col("serial").dt.to_string("%Y-%m-%d")).alias("problem"),
            pl.col("serial").is_not_null().alias("is_serial"),
        )
        joined = pl.DataFrame({"words": words}).join(read, on="words", how="left", maintain_order="left")
        fixed = int(joined.select((pl.col("is_serial") & pl.col("moment").is_not_null()).sum()).item())
        if fixed:
            self.findings.in_file(
                "excel_serial",
                Severity.NOTE,
                f"Excel's numbers were read as the days they stand for: {plural(fixed, 'cell')}.",
                column=heading,
            )
        return joined

    def _order_of_days(self, read: pl.DataFrame, heading: str) -> str:
        """Tell whether the days or the months stand first; where nothing in the column tells, ask."""
        slashed = read.filter(pl.col(DAY_FIRST).is_not_null() | pl.col(MONTH_FIRST).is_not_null())
        if slashed.is_empty():
            return DAY_FIRST
        order = dates.order_of(slashed)
        if order is None:
            word, day_first, month_first = dates.both_readings(slashed)
            order = self.ask(
                "ambiguous_dates",
                heading,
                f"Every date of '{heading[:60]}' could have its day or its month first. What does '{word}' mean?",
                [(DAY_FIRST, day_first), (MONTH_FIRST, month_first)],
            )
        example = "day, month, year" if order != MONTH_FIRST else "month, day, year"
        self.findings.in_file(
            "dates_day_first" if order != MONTH_FIRST else "dates_month_first",
            Severity.NOTE,
            f"Dates such as {slashed['words'][0]} were read as {example}.",
            column=heading,
        )
        return order or DAY_FIRST

    def _month_and_year(self, months: pl.Series) -> pl.Series:
        """Read a month that stands beside its year."""
        pairs = pl.DataFrame({"month": months, "year": self.lines["year"]})
        different = pairs.drop_nulls().unique()
        read = [dates.month_of_year(month, year) for month, year in different.iter_rows()]
        known = different.with_columns(pl.Series("with_year", read, dtype=pl.Date))
        return pairs.join(known, on=["month", "year"], how="left", maintain_order="left")["with_year"]

    def _read_times(self, read: pl.DataFrame) -> None:
        """Give each point its moment, or the two between which it happened, as far as its source says."""
        start = self._with_time(read, "time")
        end = pl.Series([None], dtype=pl.Datetime("us")).extend_constant(None, self.lines.height - 1)
        if "date_to" in self.headings:
            end = self._with_time(self._read_dates(self.lines["date_to"], self.headings["date_to"]), "time_to")
        elif "time_to" in self.headings:
            end = self._with_time(read, "time_to")
        self.lines = self.lines.with_columns(start.alias("occurred_from"), end.alias("occurred_to"))
        backwards = pl.col("occurred_to") < pl.col("occurred_from")
        wrong = int(self.lines.select(backwards.sum()).item())
        if wrong:
            self.findings.in_file(
                "ends_before_it_starts",
                Severity.NOTE,
                f"Only the start was kept of {plural(wrong, 'row')} that ends before it starts.",
                column=self.headings.get("date_to", self.headings.get("time_to")),
            )
            self.lines = self.lines.with_columns(
                pl.when(backwards.not_().fill_null(value=True)).then("occurred_to").alias("occurred_to")
            )

    def _with_time(self, read: pl.DataFrame, key: str) -> pl.Series:
        """A moment with the time that its own cell says or another one does; none where only the month is known."""
        if key in self.headings:
            clock = self.lines.select(dates.time_of_day(pl.col(key)).alias("clock"), key)
            unread = clock.filter(pl.col(key).is_not_null() & pl.col("clock").is_null()).height
            if unread:
                self.findings.in_file(
                    "not_a_time",
                    Severity.NOTE,
                    f"{plural(unread, 'time')} of '{self.headings[key][:60]}' could not be read and {'is' if unread == 1 else 'are'} "
                    "not kept. Write times as 14:05.",
                    column=self.headings[key],
                )
            read = read.with_columns(
                (pl.col("moment").dt.truncate("1d") + clock["clock"]).alias("timed"),
                clock["clock"].is_not_null().alias("t"),
            ).with_columns(pl.when("t").then("timed").otherwise("moment").alias("moment"))
        return read.select(pl.when("has_day").then("moment")).to_series()

    # --- Places ------------------------------------------------------------------------------------------------------

    def place(self) -> None:
        """Find each row's ward and borough, and decide its fate."""
        places = [key for key in PLACES if key in self.lines.columns]
        codes = (
            self.lines["ward_code"].str.to_uppercase().drop_nulls().unique().to_list() if "ward_code" in places else []
        )
        self.boundary_set_id = placing.boundary_set_of(
            codes, self.geography, self.scope, self._last_month(), self.headings.get("ward_code"), self.findings
        )
        ladder = self._ladder()
        found = placing.by_names(self.lines, ladder)
        if self.kind.has_points:
            found = self._with_points(found)
        found = self._with_own_borough(found)
        settled = placing.settle(found, self.scope, self.fixes, self.headings, self.findings)
        settled = self._without_whole_boroughs(self._refuse_nowhere(settled))
        placing.note_labels(settled, ladder, self.geography, self.scope, self.headings.get("borough"), self.findings)
        placing.note_methods(settled, self.headings, self.findings)
        kept = ["row", "ward_code", "borough_code", "fate", "placed_by", "confidence"]
        if self.kind.has_points:
            kept += ["easting", "northing"]
        if "lsoa_code" in self.lines.columns:
            self.lines = self.lines.with_columns(pl.col("lsoa_code").str.to_uppercase())
        self.lines = self.lines.drop("ward_code", "borough_code", "easting", "northing", strict=False).join(
            settled.select(kept), on="row", how="inner", maintain_order="left"
        )
        self._must_not(pl.col("surplus").is_not_null(), "too_many_cells", None, _TOO_MANY_CELLS)
        self._leave_out_totals()

    def _last_month(self) -> dt.date | None:
        last = self.lines["month"].max() if "month" in self.lines.columns and not self.months else None
        return max(self.months) if self.months else last if isinstance(last, dt.date) else None

    def _ladder(self) -> Ladder:
        heirs: placing.Heirs = lambda codes: {}  # noqa: E731 - one line, and no name of its own
        if self.geography.has_outlines:
            from hub.uploads import locating  # A second's worth of geometry that a file of counts need not wait for.

            heirs = locating.heirs(self.geography, self.boundary_set_id)
        unknowns = {one.key: (*one.unknowns, *UNKNOWN_MARKS) for one in self.kind.fields}
        ladder = Ladder(
            self.geography,
            self.boundary_set_id,
            heirs,
            unknowns,
            takes_only_boroughs=self.kind.level == "borough",
        )
        # Where every name of the file is one of the uploader's own wards, a namesake elsewhere is not meant.
        names = self.lines["ward_name"].drop_nulls().unique() if "ward_name" in self.lines.columns else []
        is_own = bool(len(names)) and all(ladder.has_name(name, self.scope) for name in names)
        return ladder.only_in(self.scope) if is_own else ladder

    def _with_points(self, found: pl.DataFrame) -> pl.DataFrame:
        """Join what the rows' coordinates say."""
        from hub.uploads import locating

        read = locating.coordinates(
            self.lines, self.headings, self.geography, self.fixes, self._ask_of_file, self.findings
        )
        points = locating.by_point(read, self.geography, self.boundary_set_id)
        return locating.with_names(found, points)

    def _ask_of_file(self, code: str, column: str | None, sentence: str, choices: list[tuple[str, str]]) -> str | None:
        return self.ask(code, column, sentence, choices)

    def _with_own_borough(self, found: pl.DataFrame) -> pl.DataFrame:
        """Give rows that name no place the borough of the file they stand in, if it has one."""
        nowhere = pl.col("borough_code").is_null() & pl.col("problem").is_null()
        if self.kind.has_points:
            nowhere &= pl.col("easting").is_null() & ~pl.col("is_unreadable")
        lost = found.filter(nowhere)["row"]
        if not lost.len():
            return found
        own = self._own_borough(found["borough_code"], lost.len())
        if own is not None:
            found = found.with_columns(
                pl.when(nowhere).then(pl.lit(own)).otherwise("borough_code").alias("borough_code"),
                pl.when(nowhere).then(pl.lit(str(Method.BOROUGH))).otherwise("placed_by").alias("placed_by"),
            )
        if self.kind.has_points:
            without = f"{plural(lost.len(), 'row')} without a location"
            self.findings.in_file(
                "no_location",
                Severity.NOTE,
                f"Not placed in a ward: {without}, counted in {self._borough_name(own)}, where most of the file lies."
                if own
                else f"Refused: {without}, because nothing says which borough they belong to.",
            )
        return found

    def _own_borough(self, boroughs: pl.Series, lost: int) -> str | None:
        own = placing.own_borough(boroughs, self.scope)
        if own is not None or len(self.scope) == 1:
            return own
        is_whole_file = boroughs.null_count() == boroughs.len()
        if not is_whole_file:
            return None
        names = dict(self.geography.boroughs.select("borough_code", "borough_name").iter_rows())
        choices = sorted(((code, names.get(code, code)) for code in self.scope), key=lambda choice: choice[1])
        return self.ask(
            "which_borough",
            None,
            f"Nothing in the file says which borough its {plural(lost, 'row')} belong to. For which borough was it sent?",
            choices,
        )

    def _borough_name(self, code: str) -> str:
        return str(self.geography.boroughs.filter(pl.col("borough_code") == code)["borough_name"][0])

    def _refuse_nowhere(self, settled: pl.DataFrame) -> pl.DataFrame:
        """Say which rows belong to nobody the hub knows, and which must still say where they belong."""
        nowhere = settled.filter(pl.col("borough_code").is_null(), pl.col("problem").is_null())
        if self.kind.has_points:
            from hub.uploads import locating

            far = pl.col("easting").is_not_null() & pl.col("borough_code").is_null() & pl.col("problem").is_null()
            settled = settled.with_columns(pl.when(far).then(pl.lit(Fate.OUTSIDE)).otherwise("fate").alias("fate"))
            locating.explain_strays(settled, self.findings)
            unreadable = pl.col("is_unreadable") & pl.col("borough_code").is_null()
            return settled.with_columns(pl.when(unreadable).then(pl.lit(Fate.FAULTY)).otherwise("fate").alias("fate"))
        said = [f"said_{key}" for key in PLACES if f"said_{key}" in settled.columns]
        says_something = pl.any_horizontal(pl.col(said).is_not_null()) if said else pl.lit(value=False)
        nobodys = nowhere.filter(says_something)
        if nobodys.height:
            labels = nobodys.select(pl.coalesce(said)).to_series().unique().sort().head(3).to_list()
            self.findings.in_file(
                "nobodys",
                Severity.NOTE,
                f"Refused: {plural(nobodys.height, 'row')} of no borough ({in_a_list([repr(one[:40]) for one in labels])}).",
            )
            settled = settled.with_columns(
                pl.when(pl.col("row").is_in(nobodys["row"].implode()))
                .then(pl.lit(Fate.OUTSIDE))
                .otherwise("fate")
                .alias("fate")
            )
        self.findings.in_rows(
            nowhere.filter(~says_something),
            "no_place",
            Severity.MUST_FIX,
            next((self.headings[key] for key in PLACES if key in self.headings), None),
            pl.lit("The row names no ward and no borough. Give its ward, or its borough if the ward is not known."),
        )
        return settled

    def _without_whole_boroughs(self, settled: pl.DataFrame) -> pl.DataFrame:
        """Leave out rows for whole boroughs that repeat what rows for their wards say."""
        if self.kind.has_points or self.kind.level == "borough":
            return settled
        with_wards = settled.filter(pl.col("ward_code").is_not_null())["borough_code"].unique()
        repeats = pl.col("is_whole_borough") & pl.col("borough_code").is_in(with_wards.implode())
        whole = settled.filter(repeats)
        if whole.is_empty():
            return settled
        own = whole.filter(pl.col("fate") != Fate.OUTSIDE)
        if self.kind.repeats_boroughs or "borough_total" in self.fixes:
            if own.height:
                self.findings.in_file(
                    "borough_total",
                    Severity.NOTE,
                    f"Left out: {plural(own.height, 'row')} for whole boroughs, because the rows for their wards hold "
                    "the same.",
                    column=self.headings.get("ward_code"),
                )
            self.rows_left_out += whole.height
            return settled.filter(~repeats)
        self.findings.in_rows(
            own,
            "borough_total",
            Severity.WE_CAN_FIX,
            self.headings.get("ward_code"),
            pl.format(
                "'{}' is a whole borough, and the file has rows for its wards too: the same would be counted twice. The "
                "row can be left out.",
                shown("said_ward_code"),
            ),
            pl.lit("(leave the row out)"),
        )
        return settled.with_columns(
            pl.when(repeats & (pl.col("fate") != Fate.OUTSIDE))
            .then(pl.lit(Fate.FAULTY))
            .otherwise("fate")
            .alias("fate")
        )

    def _leave_out_totals(self) -> None:
        """Find rows that add up the others by what they call themselves."""
        totals = traps.totals_among(self._said_places(), [*PLACES, "offence_group", "category"])
        if totals.is_empty():
            return
        if "total_row" in self.fixes:
            self.lines = self.lines.join(totals, on="row", how="anti", maintain_order="left")
            self.rows_left_out += totals.height
            self.findings.in_file("total_row", Severity.NOTE, f"Left out: {plural(totals.height, 'row')} of totals.")
            return
        for (its_field,), rows in totals.partition_by("field", as_dict=True).items():
            self.findings.in_rows(
                rows,
                "total_row",
                Severity.WE_CAN_FIX,
                self.headings.get(str(its_field)),
                pl.format(
                    "'{}' adds up other rows, so it would be counted twice. The row can be left out.", shown("words")
                ),
                pl.lit("(leave the row out)"),
            )
        is_total = pl.col("row").is_in(totals["row"].implode())
        self.lines = self.lines.with_columns(
            pl.when(is_total).then(pl.lit(Fate.FAULTY)).otherwise("fate").alias("fate")
        )

    def _said_places(self) -> pl.DataFrame:
        keys = [key for key in (*PLACES, "offence_group", "category") if key in self.headings]
        columns = (pl.col(self.table.column(self.headings[key])).alias(key) for key in keys)
        return self.cells.select("row", *columns).join(self.lines.select("row"), on="row", how="semi")

    def _must_not(self, wrong: pl.Expr, code: str, column: str | None, message: pl.Expr) -> None:
        """Refuse the rows of the uploader's own boroughs in which something is wrong."""
        self._refuse(wrong, code, Severity.MUST_FIX, column, message)

    def _refuse(
        self,
        wrong: pl.Expr,
        code: str,
        severity: Severity,
        column: str | None,
        message: pl.Expr,
        suggestion: pl.Expr | None = None,
    ) -> None:
        wrong = wrong & (pl.col("fate") != Fate.OUTSIDE)
        self.findings.in_rows(self.lines.filter(wrong), code, severity, column, message, suggestion)
        self.lines = self.lines.with_columns(pl.when(wrong).then(pl.lit(Fate.FAULTY)).otherwise("fate").alias("fate"))

    # --- Points ------------------------------------------------------------------------------------------------------

    def points(self) -> pl.DataFrame:
        """One incident for each row."""
        self._must_have_month()
        subcategory = "subcategory" if "subcategory" in self.lines.columns else None
        self._name_categories("category", subcategory, self._naming("category", subcategory))
        self.lines = self.lines.with_columns(pl.lit(1, dtype=pl.Int64).alias("count"))
        if subcategory is None:
            self.lines = self.lines.with_columns(pl.lit("").alias("subcategory"))
        self._find_repeated_points()
        self._find_partial_months(self._kept().group_by("month").agg(pl.len().alias("count")))
        self._total("category", None)
        return self._kept().select(*INCIDENT_COLUMNS, "count").sort("borough_code", "month", maintain_order=True)

    def _find_repeated_points(self) -> None:
        """Ask about rows that are alike in every cell: with a reference they are one incident, without one perhaps two."""
        kept = self.cells.join(self._kept().select("row"), on="row", how="semi")
        again = traps.alike(kept)
        identified = again.clear()
        if "identifier" in self.headings:
            has_reference = self.lines.filter(pl.col("identifier").is_not_null()).select("row")
            identified = again.join(has_reference, on="row", how="semi")
        left_out = [
            self._ask_about_alike("same_reference_twice", identified, _SAME_REFERENCE),
            self._ask_about_alike("identical_rows", again.join(identified, on="row", how="anti"), _IDENTICAL),
        ]
        gone = pl.concat(left_out)
        if gone.height:
            self.lines = self.lines.join(gone, on="row", how="anti", maintain_order="left")
            self.rows_left_out += gone.height

    def _ask_about_alike(self, code: str, again: pl.DataFrame, sentence: str) -> pl.DataFrame:
        """Ask whether to leave such rows out, and give those to be left out."""
        if again.is_empty():
            return again
        counted = f"{plural(again.height, 'row')} ({row_ranges(again['row'])})"
        choices = [(KEEP, "Keep them: each is an incident of its own"), (LEAVE_OUT, "Leave them out: they are copies")]
        asked = sentence.format(counted)
        answer = self.ask(code, None, asked, choices, is_required=False)
        if answer == LEAVE_OUT:
            self.findings.in_file(code, Severity.NOTE, f"Left out, as you said: {counted}, each like an earlier row.")
            return again
        is_usual = self.kind.identical_rows and code == "identical_rows"
        severity = Severity.NOTE if is_usual or answer == KEEP else Severity.PLEASE_CONFIRM
        self.findings.in_file(code, severity, f"{asked} All are kept unless you say otherwise.")
        return again.clear()

    # --- Counts ------------------------------------------------------------------------------------------------------

    def counts_down(self) -> pl.DataFrame:
        """One count for each row."""
        self._must_have_month()
        self._name_categories("offence_group", "offence_subgroup", self._naming("offence_group", "offence_subgroup"))
        self.lines = self.lines.rename({"count": "count_words"})
        self._read_counts(["count_words"], {"count_words": self.headings["count"]}, allow_empty=False)
        self.lines = self.lines.rename({"count_words": "count"})
        self._find_repeats("month")
        self._find_partial_months(self._kept().group_by("month").agg(pl.col("count").sum()))
        self._total("offence_group", "offence_subgroup")
        self._ensure_lsoa()
        return self._kept().group_by(COUNT_KEYS).agg(*_SUMMED).select(COUNT_COLUMNS).sort(COUNT_KEYS)

    def counts_across(self, months: Mapping[str, dt.date]) -> pl.DataFrame:
        """One count for each row and month column."""
        self._name_categories("offence_group", "offence_subgroup", self._naming("offence_group", "offence_subgroup"))
        words = self.cells.select("row", *(pl.col(self.table.column(heading)).alias(heading) for heading in months))
        self.lines = self.lines.join(words, on="row", how="left", maintain_order="left")
        own = self.lines.filter(pl.col("fate") != Fate.OUTSIDE).select(list(months))
        empty = sum(own.null_count().row(0)) if months else 0
        self._read_counts(list(months), {heading: heading for heading in months}, allow_empty=True)
        if empty:
            self.findings.in_file("empty_counts", Severity.NOTE, f"Counted as zero: {plural(empty, 'empty cell')}.")
        self._find_repeats()
        months = self._without_partial_months(months)
        self.lines = self.lines.with_columns(pl.sum_horizontal(pl.lit(0, dtype=pl.Int64), *months).alias("count"))
        self._ensure_lsoa()
        places = [key for key in COUNT_KEYS if key != "month"]
        across = (
            self._kept()
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
        rows = pl.concat([none, *cells]).select(COUNT_COLUMNS)
        self.by_category = rows.group_by("month", "offence_group", "offence_subgroup").agg(pl.col("count").sum())
        return rows

    def _ensure_lsoa(self) -> None:
        """Keep the small area's code where the source counted by it."""
        by_area = pl.col("placed_by") == Method.LSOA
        code = pl.when(by_area).then("lsoa_code") if "lsoa_code" in self.lines.columns else pl.lit(None, pl.String)
        self.lines = self.lines.with_columns(code.alias("lsoa_code"))

    def _read_counts(self, columns: list[str], headings: Mapping[str, str], *, allow_empty: bool) -> None:
        """Turn columns of words into counts; what is none must be put right, or can be."""
        words = self.lines.select(columns)
        self.lines = self.lines.with_columns(_as_count(column) for column in columns)
        unread = [
            column
            for column in columns
            if self.lines[column].null_count() > words[column].null_count() or not allow_empty
        ]
        own = pl.Series(self.lines["fate"] != Fate.OUTSIDE)
        different = {word for column in columns for word in words[column].filter(own).drop_nulls().unique().to_list()}
        bad = {column: words[column].filter(self.lines[column].is_null()).drop_nulls().unique() for column in unread}
        repairs = {word: numbers.repair_count(word) for column in unread for word in bad[column]}
        if traps.are_rates([word for word in different if repairs.get(word) is None]):
            self._refuse_rates(columns, headings, words)
            return
        for column in unread:
            self._repair_counts(words[column], column, headings[column], repairs, allow_empty=allow_empty)

    def _refuse_rates(self, columns: list[str], headings: Mapping[str, str], words: pl.DataFrame) -> None:
        self.findings.in_file(
            "rates_for_counts",
            Severity.MUST_FIX,
            "Many of the numbers are fractions or percentages, as rates are and counts never. Ask the sender for the "
            "counts themselves: rates cannot be added up.",
            column=headings[columns[0]],
        )
        wrong = pl.any_horizontal(pl.col(column).is_null() & words[column].is_not_null() for column in columns)
        self.lines = self.lines.with_columns(
            pl.when(wrong & (pl.col("fate") != Fate.OUTSIDE)).then(pl.lit(Fate.FAULTY)).otherwise("fate").alias("fate")
        )

    def _repair_counts(
        self,
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
        self.lines = self.lines.with_columns(words.alias("words")).join(
            told, on="words", how="left", maintain_order="left"
        )
        accepted = pl.col(column).is_null() & pl.col("repair").is_in(list(self.fixes))
        fixed = self.lines.filter(accepted, pl.col("fate") != Fate.OUTSIDE)
        for (code,), rows in fixed.partition_by("repair", as_dict=True).items():
            self.findings.in_file(
                str(code),
                Severity.NOTE,
                f"{numbers.FIXED[str(code)]}: {plural(rows.height, 'cell')} of '{heading[:60]}'.",
                column=heading,
            )
        self.lines = self.lines.with_columns(
            pl.when(accepted).then(pl.col("mended").cast(pl.Int64, strict=False)).otherwise(column).alias(column)
        )
        waiting = pl.col(column).is_null() & pl.col("repair").is_not_null()
        for code in self.lines.filter(waiting)["repair"].unique().sort():
            self._refuse(
                waiting & (pl.col("repair") == code),
                code,
                Severity.WE_CAN_FIX,
                heading,
                pl.format(numbers.WHAT[code], shown("words"), pl.col("mended")),
                pl.col("mended"),
            )
        self._must_not(
            pl.col(column).is_null()
            & pl.col("repair").is_null()
            & (pl.col("words").is_not_null() | pl.lit(not allow_empty)),
            "not_a_count",
            heading,
            pl.format("'{}' is no count. Give a whole number in digits, such as 12 or 0.", shown("words")),
        )
        self.lines = self.lines.drop("words", "repair", "mended")

    def _find_repeats(self, *more: str) -> None:
        """Ask about rows for the same place and category: their counts are added."""
        keys = ["ward_code", "borough_code", "offence_group", "offence_subgroup", *more]
        if "lsoa_code" in self.lines.columns:
            keys.append("lsoa_code")
        repeats = (
            self._kept()
            .with_columns(pl.col("row").first().over(keys).alias("first"))
            .filter(pl.col("row") != pl.col("first"))
        )
        # Rows that are of no ward, or of one found otherwise than by its code, may well be several places.
        repeats = repeats.filter(pl.col("ward_code").is_not_null() | pl.lit(self.kind.level == "borough"))
        self.findings.in_rows(
            repeats,
            "repeated_row",
            Severity.PLEASE_CONFIRM,
            next((self.headings[key] for key in PLACES if key in self.headings), None),
            pl.format(
                "The row is for the same place, category{} as row {}. Their counts are added; take one out if it is a "
                "copy or a total.",
                pl.lit(" and month" if more else ""),
                pl.col("first"),
            ),
        )

    # --- Shares ------------------------------------------------------------------------------------------------------

    def shares(self) -> pl.DataFrame:
        """One share of a borough's people for each row."""
        self._must_have_month()
        self._must_not(
            pl.col("measure").is_null() | (pl.col("measure").str.len_chars() > LONGEST_MEASURE),
            "no_measure",
            self.headings["measure"],
            pl.lit(
                f"The row has no measure, or one of more than {LONGEST_MEASURE} characters. Give the question asked."
            ),
        )
        self._note_unlisted("measure")
        self._read_shares()
        repeats = (
            self._kept()
            .with_columns(pl.col("row").first().over("borough_code", "month", "measure").alias("first"))
            .filter(pl.col("row") != pl.col("first"))
            .select("row", "first")
        )
        self.lines = self.lines.join(repeats, on="row", how="left", maintain_order="left")
        self._must_not(
            pl.col("first").is_not_null(),
            "repeated_share",
            self.headings["measure"],
            pl.format("The row is for the same borough, quarter and measure as row {}. Take one out.", pl.col("first")),
        )
        self.lines = self.lines.with_columns(pl.lit(1, dtype=pl.Int64).alias("count"))
        self._total("measure", None)
        return self._kept().select(*SHARE_COLUMNS, "count").sort(SHARE_COLUMNS[:3])

    def _read_shares(self) -> None:
        heading = self.headings["share"]
        words = self.lines["share"]
        plain = words.str.strip_suffix("%").str.strip_chars().str.replace(",", ".", literal=True)
        value = plain.cast(pl.Float64, strict=False)
        if words.str.contains(",", literal=True).any():
            commas = int(words.str.contains(",", literal=True).sum())
            self.findings.in_file(
                "decimal_comma",
                Severity.NOTE,
                f"Decimal commas were read as decimal points: {plural(commas, 'cell')} of '{heading[:60]}'.",
                column=heading,
            )
        largest = value.max()
        if isinstance(largest, float) and largest > 1:
            self.findings.in_file(
                "shares_in_per_cent",
                Severity.NOTE,
                f"The numbers of '{heading[:60]}' were read as percentages, because some are above 1.",
                column=heading,
            )
            value = value / 100
        self.lines = self.lines.with_columns(words.alias("share_words"), value.alias("share"))
        self._must_not(
            ~pl.col("share").is_between(0, 1).fill_null(value=False),
            "not_a_share",
            heading,
            pl.format(
                "'{}' is no share of people. Give a number from 0 to 1, such as 0.58, or a percentage.",
                shown("share_words"),
            ),
        )

    # --- Categories --------------------------------------------------------------------------------------------------

    def _kept(self) -> pl.DataFrame:
        return self.lines.filter(pl.col("fate").is_in([Fate.PLACED, Fate.UNPLACED]))

    def _must_have_month(self) -> None:
        key = "date" if "date" in self.headings else "month"
        heading = self.headings[key]
        self._refuse(
            pl.col("month").is_null() & pl.col("when_problem").is_not_null(),
            "excel_serial",
            Severity.WE_CAN_FIX,
            heading,
            pl.format(
                "'{}' is Excel's number of a day. It seems to mean {}.", shown("when_words"), pl.col("when_problem")
            ),
            pl.col("when_problem"),
        )
        what = "day" if key == "date" else "month"
        example = "2025-03-01" if key == "date" else "2025-03"
        written = "year, month and day" if key == "date" else "year and month"
        self._must_not(
            pl.col("month").is_null() & pl.col("when_problem").is_null(),
            "not_a_month",
            heading,
            pl.when(pl.col("when_words").is_null())
            .then(pl.lit(f"The row has no {what}. Give it, for example as {example}."))
            .otherwise(
                pl.format(
                    "'{}' is no {} up to now. Write it as {}, for example {}.",
                    shown("when_words"),
                    pl.lit(what),
                    pl.lit(written),
                    pl.lit(example),
                )
            ),
        )

    def _naming(self, group: str, subgroup: str | None) -> Callable[[str, str], Offence]:
        """Tell what the labels of this kind mean: by the Met's classification, the police's, or its own list."""
        if self.kind.classification == "met":
            return classification.offence
        if self.kind.classification == "police_uk":
            return lambda label, _: classification.street_category(label)
        listed = [self.kind.field(key).codes if key else () for key in (group, subgroup)]
        return lambda first, second: classification.listed(first, second, *listed)

    def _name_categories(self, group: str, subgroup: str | None, name: Callable[[str, str], Offence]) -> None:
        """Put the labels of every edition under one name each."""
        absent = self.kind.field(group).absent
        if absent:
            self.lines = self.lines.with_columns(pl.col(group).fill_null(absent))
        self._must_not(
            pl.col(group).is_null(),
            "no_category",
            self.headings[group],
            pl.lit("The row has no category. Give it, or take the row out."),
        )
        if self.kind.has_counts and "measure" in self.headings:
            self._name_by_measure(group)
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
        self._ask_about_overlap(group, named)
        self.lines = self.lines.drop("is_known", *keys).rename(
            {"named_group": group, "named_subgroup": subgroup or "offence_subgroup"}
        )

    def _name_by_measure(self, group: str) -> None:
        """Keep what several measures count of one category apart, so that nobody adds them up."""
        main = (self.kind.field("measure").codes or ("",))[0]
        self._must_not(
            pl.col("measure").is_null(),
            "no_measure",
            self.headings["measure"],
            pl.lit("The row has no measure. Give it, or take the row out."),
        )
        self.lines = self.lines.with_columns(
            pl.when(pl.col("measure").str.to_lowercase() == main.lower())
            .then(group)
            .otherwise(pl.format("{}: {}", group, pl.col("measure").str.to_lowercase()))
            .alias(group)
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
        if self.kind.classification != "met":
            return
        self.edition = classification.edition(offences)
        if classification.counts_harassment_as_violence(offences):
            self.findings.in_file(
                "older_classification",
                Severity.NOTE,
                "This edition counts stalking and harassment within violence, with and without injury. Do not compare "
                "those subgroups with editions that show it apart.",
            )

    def _note_unlisted(self, key: str) -> None:
        """Say which values are on no list that the hub knows."""
        known = {classification.label_key(code) for code in self.kind.field(key).codes}
        if not known:
            return
        own = self.lines.filter(pl.col("fate") != Fate.OUTSIDE)
        new = own.group_by(key, maintain_order=True).agg(pl.col("row").first(), pl.len()).drop_nulls(key)
        for label, row, rows in new.iter_rows():
            if classification.label_key(label) not in known:
                words = f"'{label[:LONGEST_VALUE_SHOWN]}' is on no list the hub knows. It is kept as it is ({plural(rows, 'row')})."
                self.findings.in_file("new_category", Severity.NOTE, words, row=row, column=self.headings[key])

    def _ask_about_overlap(self, group: str, named: pl.DataFrame) -> None:
        """Ask about flags among categories: an offence with a flag is counted under its own category too."""
        if self.kind.measure != "offences":
            return
        unknown = named.filter(~pl.col("is_known"))
        flags = traps.overlapping([*unknown["named_group"], *unknown["named_subgroup"]])
        if flags:
            self.findings.in_file(
                "overlapping_categories",
                Severity.PLEASE_CONFIRM,
                f"{in_a_list([repr(one[:LONGEST_VALUE_SHOWN]) for one in flags[:5]])} seem to be flags: such offences are "
                "counted under their own category too, so that adding up counts them twice. Upload flags by themselves.",
                column=self.headings[group],
            )

    # --- Months that are not whole, categories that moved ------------------------------------------------------------

    def _without_partial_months(self, months: Mapping[str, dt.date]) -> dict[str, dt.date]:
        kept = self._kept()
        sums = pl.DataFrame(
            {"month": list(months.values()), "count": [int(kept[heading].sum()) for heading in months]},
            {"month": pl.Date, "count": pl.Int64},
        )
        gone = self._partial_months_left_out(sums)
        self.months = [month for month in self.months if month not in gone]
        return {heading: month for heading, month in months.items() if month not in gone}

    def _find_partial_months(self, by_month: pl.DataFrame) -> None:
        gone = self._partial_months_left_out(by_month.drop_nulls("month"))
        if gone:
            before = self.lines.height
            self.lines = self.lines.filter(~pl.col("month").is_in(list(gone)).fill_null(value=False))
            self.rows_left_out += before - self.lines.height

    def _partial_months_left_out(self, by_month: pl.DataFrame) -> set[dt.date]:
        """Ask about a first or last month that is not whole, and give those to be left out."""
        gone = set()
        for partial in traps.partial_months(by_month):
            choices = [
                (LEAVE_OUT, f"Leave {month_name(partial.month)} out"),
                (KEEP, "Keep it: it is the whole month"),
            ]
            answer = self.ask(partial.code, None, partial.sentence, choices)
            if answer == LEAVE_OUT:
                gone.add(partial.month)
                self.findings.in_file(
                    partial.code,
                    Severity.NOTE,
                    f"Left out, as you said: {month_name(partial.month)} ({partial.count:,}).",
                )
        return gone

    def _total(self, group: str, subgroup: str | None) -> None:
        """Add up by month and category what is kept."""
        parts = [
            pl.col(group).alias("offence_group"),
            (pl.col(subgroup) if subgroup else pl.lit("")).alias("offence_subgroup"),
        ]
        self.by_category = self._kept().group_by("month", *parts).agg(pl.col("count").sum())

    def compare(self, live: pl.DataFrame | None) -> None:
        """Ask about categories that seem to have gone to others since what is live."""
        if live is None or live.is_empty():
            return
        category = pl.when(pl.col("offence_subgroup") != "").then("offence_subgroup").otherwise("offence_group")
        new = self.by_category.select("month", category.alias("category"), "count")
        for one in traps.moved(new, live):
            self.findings.in_file(one.code, Severity.PLEASE_CONFIRM, one.sentence)

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
            "rows_left_out": self.rows_left_out,
            "placed": counts[Fate.PLACED],
            "unplaced": counts[Fate.UNPLACED],
            "refused_outside": counts[Fate.OUTSIDE],
            "refused_faulty": counts[Fate.FAULTY],
            "refused": counts[Fate.OUTSIDE] + counts[Fate.FAULTY],
            "total": int(self.lines["count"].sum()),
            "boundary_set_id": self.boundary_set_id,
            "months": [f"{month:%Y-%m}" for month in self.months],
            "boroughs": kept["borough_code"].unique().sort().to_list(),
            "classification": self.edition,
            "placed_by": self._by_method(kept),
            "categories": self._categories(),
            "questions": self.questions,
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
        stored = rows if self.kind.has_counts else rows.drop("count")
        return Checked(stored, months, self.findings.frame(), report)

    def _sums(self) -> pl.DataFrame:
        return self.lines.group_by("fate").agg(pl.len(), pl.col("count").sum())

    def _by_method(self, kept: pl.DataFrame) -> dict[str, dict[str, int]]:
        """How many rows, and how many that they count, were placed by each method."""
        sums = kept.group_by("placed_by").agg(pl.len().alias("rows"), pl.col("count").sum()).drop_nulls("placed_by")
        return {method: {"rows": rows, "count": count} for method, rows, count in sums.sort("placed_by").iter_rows()}

    def _categories(self) -> list[dict[str, Any]]:
        """Totals by month and category, of the categories that have most."""
        by_group = self.by_category.group_by("month", "offence_group").agg(pl.col("count").sum())
        largest = by_group.group_by("offence_group").agg(pl.col("count").sum()).top_k(MOST_CATEGORIES_TOLD, by="count")
        told = by_group.join(largest.select("offence_group"), on="offence_group", how="semi")
        ordered = told.sort("month", "offence_group").select(
            pl.col("month").dt.to_string("%Y-%m"), pl.col("offence_group").alias("category"), "count"
        )
        return ordered.to_dicts()

    def _by_month(self, kept: pl.DataFrame, rows: pl.DataFrame) -> pl.DataFrame:
        """Every month of the file for every borough it covers: a month without a row had none."""
        months = pl.DataFrame({"month": self.months}, {"month": pl.Date})
        covered = kept.select("borough_code").unique().join(months, how="cross")
        is_placed = pl.lit(value=False) if self.kind.has_shares else pl.col("ward_code").is_not_null()
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
_SAME_REFERENCE = (
    "{} equal an earlier row in everything, their reference too, so they seem to be the same incidents given twice."
)
_IDENTICAL = (
    "{} equal an earlier row in everything, and have no reference to tell them apart by. They may be separate incidents "
    "at one place."
)
_SUMMED = (pl.col("count").sum(), pl.col("placed_by").first(), pl.col("confidence").min())


def _edited(table: Table, edits: pl.DataFrame | None) -> pl.DataFrame:
    """The cells as people have put them right, without the rows that they left out."""
    cells = table.cells
    if edits is None or edits.is_empty():
        return cells
    left_out = edits.filter(pl.col("column") == "")["row"]
    cells = cells.filter(~pl.col("row").is_in(left_out.implode()))
    for (heading,), changed in edits.filter(pl.col("column") != "").partition_by("column", as_dict=True).items():
        if heading not in table.headings:
            continue
        column = table.column(str(heading))
        trimmed = pl.col("value").str.strip_chars()
        value = pl.when(trimmed.str.len_bytes() > 0).then(trimmed).alias("value")
        cells = (
            cells.join(
                changed.select(pl.col("row").cast(pl.Int64), value, pl.lit(value=True).alias("is_changed")),
                on="row",
                how="left",
                maintain_order="left",
            )
            .with_columns(pl.when("is_changed").then("value").otherwise(column).alias(column))
            .drop("value", "is_changed")
        )
    return cells


def _as_count(column: str) -> pl.Expr:
    """A whole number from 0 to a million, as `12` or `12.0`; null where it is none."""
    number = pl.col(column).cast(pl.Float64, strict=False)
    return (
        pl.when((number == number.floor()) & number.is_between(0, MOST_IN_A_CELL))
        .then(number)
        .cast(pl.Int64)
        .alias(column)
    )


def _refuse_wrong_sums(report: Mapping[str, Any], months: pl.DataFrame, rows: pl.DataFrame) -> None:
    """Fail rather than give totals that do not reconcile to the record."""
    kept = report["placed"] + report["unplaced"]
    stored = int(rows["count"].sum())
    by_month = int(months["placed"].sum()) + int(months["unplaced"].sum())
    lines = sum(report[f"rows_{fate}"] for fate in Fate)
    if not (kept + report["refused"] == report["total"] and stored == by_month == kept and lines == report["rows"]):
        raise ArithmeticError("The totals of a check do not add up.")
