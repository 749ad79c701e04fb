"""When each row happened: months across or down, days, times and the two ends of a window.

Pure. What could mean two things is asked once; what means nothing must be put right.
"""

from __future__ import annotations

import datetime as dt

import polars as pl

from hub.uploads import dates
from hub.uploads.catalogue import MONTH_COUNTS
from hub.uploads.dates import DAY_FIRST, MONTH_FIRST
from hub.uploads.findings import Severity, shown
from hub.uploads.sheet import Sheet
from hub.words import month_name, parse_month, plural

MONTH_SAID = "month"
"""The answer that says of which month all rows of a file are, as YYYY-MM."""
EARLIEST_MONTH = dt.date(1990, 1, 1)


def months_across(sheet: Sheet) -> dict[str, dt.date]:
    """Read the headings of the month columns; one that is none, or comes twice, must be put right."""
    months: dict[str, dt.date] = {}
    for heading in (name for name, key in sheet.column_fields.items() if key == MONTH_COUNTS):
        month = dates.month_of_heading(heading)
        fault = _fault_of_month(sheet, month)
        if month is not None and month in months.values():
            fault = f"is headed by {month_name(month)}, as another column is"
        if month is None or fault:
            sheet.findings.in_file(
                "not_a_month",
                Severity.MUST_FIX,
                f"The column '{heading[:60]}' {fault}. Correct its heading, or leave the column out.",
                column=heading,
            )
        else:
            months[heading] = month
    sheet.months = sorted(months.values())
    return months


def _fault_of_month(sheet: Sheet, month: dt.date | None) -> str:
    if month is None:
        return "is not headed by a month"
    if month > sheet.today:
        return f"is headed by {month_name(month)}, which has not come yet"
    return f"is headed by {month_name(month)}, too long ago" if month < EARLIEST_MONTH else ""


def read_moments(sheet: Sheet) -> None:
    """Read when each row happened; those that cannot be read are found once it is known whose rows they are."""
    if MONTH_SAID in sheet.answers:
        _take_month_said(sheet)
        return
    key = "date" if "date" in sheet.headings else "month"
    words, heading = sheet.lines[key], sheet.headings[key]
    read = _read_dates(sheet, words, heading)
    if "year" in sheet.headings:
        sheet.lines = sheet.lines.with_columns(_month_and_year(sheet, words).alias("with_year"))
        read = read.with_columns(
            pl.coalesce(sheet.lines["with_year"].cast(pl.Datetime("us")), pl.col("moment")).alias("moment")
        )
    moment = read["moment"]
    sheet.lines = sheet.lines.rename({key: "when_words"}).with_columns(
        moment.dt.truncate("1mo").dt.date().alias("month"), read["problem"].alias("when_problem"), moment
    )
    too_far = (pl.col("moment") >= sheet.today + dt.timedelta(days=1)) | (pl.col("month") < EARLIEST_MONTH)
    sheet.lines = sheet.lines.with_columns(pl.when(~too_far).then("month").alias("month"))
    if sheet.kind.has_points:
        _read_times(sheet, read)


def _take_month_said(sheet: Sheet) -> None:
    """Put every row in the month that a person said the whole file is of; of its days and times nothing is known."""
    month = parse_month(sheet.answers[MONTH_SAID])
    nothing = pl.lit(None, dtype=pl.Datetime("us"))
    sheet.lines = sheet.lines.with_columns(
        pl.lit(month).alias("month"), nothing.alias("occurred_from"), nothing.alias("occurred_to")
    )
    words = f"Every row was put in {month_name(month)}, as you said: no column of the file says when."
    sheet.findings.in_file("month_said", Severity.NOTE, words)


def _read_dates(sheet: Sheet, words: pl.Series, heading: str) -> pl.DataFrame:
    """Read a column of dates: the moment of each row, whether it has a day and a time, and its problem if any."""
    read = dates.readings(words.drop_nulls().unique())
    chosen = _order_of_days(sheet, read, heading)
    moment = pl.coalesce("moment", chosen)
    if sheet.kind.has_shares:
        quarters = {
            word: quarter for word in read["words"] if (quarter := dates.last_month_of_quarter(word)) is not None
        }
        moment = pl.coalesce(
            moment, pl.col("words").replace_strict(quarters, default=None, return_dtype=pl.Datetime("us"))
        )
    if "excel_serial" in sheet.fixes:
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
        sheet.findings.in_file(
            "excel_serial",
            Severity.NOTE,
            f"Excel's numbers were read as the days they stand for: {plural(fixed, 'cell')}.",
            column=heading,
        )
    return joined


def _order_of_days(sheet: Sheet, read: pl.DataFrame, heading: str) -> str:
    """Tell whether the days or the months stand first; where nothing in the column tells, ask."""
    slashed = read.filter(pl.col(DAY_FIRST).is_not_null() | pl.col(MONTH_FIRST).is_not_null())
    if slashed.is_empty():
        return DAY_FIRST
    order = dates.order_of(slashed)
    if order is None:
        word, day_first, month_first = dates.both_readings(slashed)
        order = sheet.ask(
            "ambiguous_dates",
            heading,
            f"Every date of '{heading[:60]}' could have its day or its month first. What does '{word}' mean?",
            [(DAY_FIRST, day_first), (MONTH_FIRST, month_first)],
        )
    example = "day, month, year" if order != MONTH_FIRST else "month, day, year"
    sheet.findings.in_file(
        "dates_day_first" if order != MONTH_FIRST else "dates_month_first",
        Severity.NOTE,
        f"Dates such as {slashed['words'][0]} were read as {example}.",
        column=heading,
    )
    return order or DAY_FIRST


def _month_and_year(sheet: Sheet, months: pl.Series) -> pl.Series:
    """Read a month that stands beside its year."""
    pairs = pl.DataFrame({"month": months, "year": sheet.lines["year"]})
    different = pairs.drop_nulls().unique()
    read = [dates.month_of_year(month, year) for month, year in different.iter_rows()]
    known = different.with_columns(pl.Series("with_year", read, dtype=pl.Date))
    return pairs.join(known, on=["month", "year"], how="left", maintain_order="left")["with_year"]


def _read_times(sheet: Sheet, read: pl.DataFrame) -> None:
    """Give each point its moment, or the two between which it happened, as far as its source says."""
    start = _with_time(sheet, read, "time")
    end = pl.Series([None], dtype=pl.Datetime("us")).extend_constant(None, sheet.lines.height - 1)
    if "date_to" in sheet.headings:
        end = _with_time(sheet, _read_dates(sheet, sheet.lines["date_to"], sheet.headings["date_to"]), "time_to")
    elif "time_to" in sheet.headings:
        end = _with_time(sheet, read, "time_to")
    sheet.lines = sheet.lines.with_columns(start.alias("occurred_from"), end.alias("occurred_to"))
    backwards = pl.col("occurred_to") < pl.col("occurred_from")
    wrong = int(sheet.lines.select(backwards.sum()).item())
    if wrong:
        sheet.findings.in_file(
            "ends_before_it_starts",
            Severity.NOTE,
            f"Only the start was kept of {plural(wrong, 'row')} that ends before it starts.",
            column=sheet.headings.get("date_to", sheet.headings.get("time_to")),
        )
        sheet.lines = sheet.lines.with_columns(
            pl.when(backwards.not_().fill_null(value=True)).then("occurred_to").alias("occurred_to")
        )


def _with_time(sheet: Sheet, read: pl.DataFrame, key: str) -> pl.Series:
    """A moment with the time that its own cell says or another one does; none where only the month is known."""
    if key in sheet.headings:
        clock = sheet.lines.select(dates.time_of_day(pl.col(key)).alias("clock"), key)
        unread = clock.filter(pl.col(key).is_not_null() & pl.col("clock").is_null()).height
        if unread:
            sheet.findings.in_file(
                "not_a_time",
                Severity.NOTE,
                f"Left empty, because it could not be read: {plural(unread, 'time')} of '{sheet.headings[key][:60]}'. "
                "Write times as 14:05.",
                column=sheet.headings[key],
            )
        read = read.with_columns(
            pl.coalesce(pl.col("moment").dt.truncate("1d") + clock["clock"], pl.col("moment")).alias("moment")
        )
    return read.select(pl.when("has_day").then("moment")).to_series()


def must_have_month(sheet: Sheet) -> None:
    """Refuse the rows whose month or day cannot be read, or has not come yet."""
    if MONTH_SAID in sheet.answers:
        return
    key = "date" if "date" in sheet.headings else "month"
    heading = sheet.headings[key]
    sheet.refuse(
        pl.col("month").is_null() & pl.col("when_problem").is_not_null(),
        "excel_serial",
        Severity.WE_CAN_FIX,
        heading,
        pl.format("'{}' is Excel's number of a day. It seems to mean {}.", shown("when_words"), pl.col("when_problem")),
        pl.col("when_problem"),
    )
    what = "day" if key == "date" else "month"
    example = "2025-03-01" if key == "date" else "2025-03"
    written = "year, month and day" if key == "date" else "year and month"
    sheet.must_not(
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
