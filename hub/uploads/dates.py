"""Days, months and times as people write them, read as what they mean; what could mean two things is said to.

Pure, and in whole columns of different words.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping

import polars as pl

from hub.words import LONDON, date_name

DAY_FIRST, MONTH_FIRST = "day_first", "month_first"
SERIALS = range(30_000, 60_000)
"""Excel's numbers of the days from 1982 to 2064."""
EXCEL_BEGINS = dt.date(1899, 12, 30)

_MONTH_NAMES = {
    name: number
    for number, names in enumerate(
        (
            ("jan", "january"),
            ("feb", "february"),
            ("mar", "march"),
            ("apr", "april"),
            ("may",),
            ("jun", "june"),
            ("jul", "july"),
            ("aug", "august"),
            ("sep", "sept", "september"),
            ("oct", "october"),
            ("nov", "november"),
            ("dec", "december"),
        ),
        start=1,
    )
    for name in names
}
_YEAR_FIRST = re.compile(r"(?P<year>\d{4})[-/. ]?(?P<month>\d{2})")
_WHOLE_DATE = re.compile(r"(?P<year>\d{4})[-/.](?P<month>\d{1,2})[-/.](?P<day>\d{1,2})(?:[T ][\d:.Z+-]*)?")
_DAY_FIRST = re.compile(r"(?P<day>\d{1,2})[-/.](?P<month>\d{1,2})[-/.](?P<year>\d{4}|\d{2})(?: [\d:]+)?")
_NAMED = re.compile(
    r"(?:(?P<day>\d{1,2})[- ])?(?P<name>[a-z]{3,9})[-/. ]{0,2}(?P<year>\d{4}|\d{2})(?P<time> [\d:]+)?", re.IGNORECASE
)
_QUARTER = re.compile(r"(?:(?P<year>\d{4}) ?q(?P<quarter>[1-4])|q(?P<q>[1-4])[ /-]?(?P<y>\d{4}))", re.IGNORECASE)

_ISO = (
    r"^(?P<year>\d{4})[-/.](?P<month>\d{1,2})[-/.](?P<day>\d{1,2})"
    r"(?:[T ](?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2})(?:\.\d+)?)?)?(?P<offset>Z|[+-]\d{2}:?\d{2})?$"
)
_SLASHED = (
    r"^(?P<first>\d{1,2})[-/.](?P<other>\d{1,2})[-/.](?P<year>\d{4}|\d{2})"
    r"(?:[T ,]+(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2}))?)?$"
)


# --- One word --------------------------------------------------------------------------------------------------------


def month_of(words: str) -> dt.date | None:
    """Read a month or a date, day before month, as the first of its month; None when it is neither."""
    words = words.strip()
    for pattern in (_YEAR_FIRST, _WHOLE_DATE, _DAY_FIRST, _NAMED):
        if found := pattern.fullmatch(words):
            day = _day(found.groupdict())
            return day and day.replace(day=1)
    return None


def month_of_heading(heading: str) -> dt.date | None:
    """Read a heading as a month; a whole date heads a month's counts only if it is the first of one, in ISO form."""
    words = heading.strip()
    found = _YEAR_FIRST.fullmatch(words) or _NAMED.fullmatch(words)
    if found:
        return None if found.groupdict().get("day") else _day(found.groupdict())
    if found := _WHOLE_DATE.fullmatch(words):
        day = _day(found.groupdict())
        return day if day and day.day == 1 else None
    return None


def is_day_first(words: str) -> bool:
    """Whether a date was read as day, month, year, which its writer may not have meant."""
    return _DAY_FIRST.fullmatch(words.strip()) is not None


def last_month_of_quarter(words: str) -> dt.date | None:
    """Read `2025 Q1` or `Q1 2025`, of the calendar year, as the first of its last month."""
    found = _QUARTER.fullmatch(words.strip())
    if not found:
        return None
    return dt.date(int(found["year"] or found["y"]), 3 * int(found["quarter"] or found["q"]), 1)


def month_of_year(month: str, year: str) -> dt.date | None:
    """Read a month without its year, as `3`, `03`, `Mar` or `March`, and the year beside it."""
    month, year = month.strip().casefold(), year.strip()
    number = _MONTH_NAMES.get(month) or (int(month) if month.isdigit() and len(month) <= 2 else 0)
    return dt.date(int(year), number, 1) if 1 <= number <= 12 and re.fullmatch(r"\d{4}", year) else None


def _day(parts: Mapping[str, str | None]) -> dt.date | None:
    year = int(parts["year"] or 0)
    month = _MONTH_NAMES.get((parts.get("name") or "").casefold(), 0) or int(parts.get("month") or 0)
    try:
        return dt.date(year + 2000 if year < 100 else year, month, int(parts.get("day") or 1))
    except ValueError:
        return None


def _named_moment(words: str | None) -> dt.datetime | None:
    """Read a month, or a day whose month has a name; `1 Mar 2025 14:05` too."""
    words = (words or "").strip()
    found = _YEAR_FIRST.fullmatch(words) or _NAMED.fullmatch(words)
    day = _day(found.groupdict()) if found else None
    if day is None or found is None:
        return None
    clock = [int(part) for part in (found.groupdict().get("time") or "0").split(":")]
    hour, minute, second = [*clock, 0, 0][:3]
    try:
        return dt.datetime.combine(day, dt.time(hour, minute, second))
    except ValueError:
        return None


# --- A column --------------------------------------------------------------------------------------------------------


def readings(words: pl.Series) -> pl.DataFrame:
    """Read different words every way they can be read.

    Returns
    -------
    DataFrame
        `words`; `moment` of those that mean one thing, in London's time and without a zone; `day_first` and
        `month_first` of those like 01/03/2025; `serial`, the day of those that are one of Excel's numbers; and
        `has_time` and `has_day`.
    """
    table = pl.DataFrame({"words": words.cast(pl.String)})
    table = table.with_columns(
        pl.col("words").str.extract_groups(_ISO).struct.rename_fields(_names(_ISO)).alias("iso"),
        pl.col("words").str.extract_groups(_SLASHED).struct.rename_fields(_names(_SLASHED)).alias("slashed"),
    )
    iso, slashed = pl.col("iso").struct.field, pl.col("slashed").struct.field
    clock = [pl.coalesce(iso(part), slashed(part)) for part in ("hour", "minute", "second")]
    year = slashed("year")
    whole_year = pl.when(year.str.len_chars() == 2).then(pl.concat_str(pl.lit("20"), year)).otherwise(year)
    table = table.with_columns(
        _offset(_moment(iso("year"), iso("month"), iso("day"), clock), iso("offset")).alias("moment"),
        _moment(whole_year, slashed("other"), slashed("first"), clock).alias(DAY_FIRST),
        _moment(whole_year, slashed("first"), slashed("other"), clock).alias(MONTH_FIRST),
        clock[0].is_not_null().alias("has_time"),
        _serial().alias("serial"),
        pl.lit(value=True).alias("has_day"),
    ).drop("iso", "slashed")
    unread = table.filter(pl.all_horizontal(pl.col("moment", DAY_FIRST, MONTH_FIRST, "serial").is_null()))["words"]
    named = {word: moment for word in unread if (moment := _named_moment(word))}
    if not named:
        return table
    return table.with_columns(
        pl.coalesce("moment", pl.col("words").replace_strict(named, default=None, return_dtype=pl.Datetime("us"))),
        pl.col("has_time") | pl.col("words").is_in([word for word in named if ":" in word]),
        ~pl.col("words").is_in([word for word in named if _has_no_day(word)]).alias("has_day"),
    )


def _names(pattern: str) -> list[str]:
    return list(re.compile(pattern).groupindex)


def _has_no_day(words: str) -> bool:
    found = _NAMED.fullmatch(words.strip())
    return found is None or not found["day"]


def _moment(year: pl.Expr, month: pl.Expr, day: pl.Expr, clock: list[pl.Expr]) -> pl.Expr:
    parts = [part.str.zfill(2) for part in (month, day)]
    hours = [part.fill_null("0").str.zfill(2) for part in clock]
    written = pl.concat_str(year, *parts, *hours, separator=" ")
    return written.str.to_datetime("%Y %m %d %H %M %S", strict=False, time_unit="us")


def _offset(moment: pl.Expr, offset: pl.Expr) -> pl.Expr:
    """Turn a moment that says how far it is from UTC into London's time."""
    sign = pl.when(offset.str.starts_with("-")).then(-1).otherwise(1)
    digits = offset.str.replace_all(r"\D", "")
    minutes = sign * (
        digits.str.head(2).cast(pl.Int64, strict=False) * 60 + digits.str.tail(2).cast(pl.Int64, strict=False)
    )
    utc = (moment - pl.duration(minutes=minutes.fill_null(0))).dt.replace_time_zone("UTC")
    local = utc.dt.convert_time_zone(str(LONDON)).dt.replace_time_zone(None)
    return pl.when(offset.is_null()).then(moment).otherwise(local)


def _serial() -> pl.Expr:
    number = pl.when(pl.col("words").str.contains(r"^\d{5}(\.\d+)?$")).then(
        pl.col("words").cast(pl.Float64, strict=False)
    )
    days = pl.when(number.is_between(SERIALS.start, SERIALS.stop)).then(number.floor().cast(pl.Int64))
    return pl.lit(EXCEL_BEGINS) + pl.duration(days=days)


def order_of(read: pl.DataFrame) -> str | None:
    """Tell whether days or months stand first in dates like 01/03/2025: None where every one could be either.

    Where some can only be the one and some only the other, the one that more of them can be.
    """
    only_day = int(read.select((pl.col(DAY_FIRST).is_not_null() & pl.col(MONTH_FIRST).is_null()).sum()).item())
    only_month = int(read.select((pl.col(MONTH_FIRST).is_not_null() & pl.col(DAY_FIRST).is_null()).sum()).item())
    if only_day or only_month:
        return DAY_FIRST if only_day >= only_month else MONTH_FIRST
    differ = read.filter(pl.col(DAY_FIRST) != pl.col(MONTH_FIRST))
    return None if differ.height else DAY_FIRST


def both_readings(read: pl.DataFrame) -> tuple[str, str, str]:
    """The first date that could mean two days, and the two days in words."""
    word, first, other = (
        read.filter(pl.col(DAY_FIRST) != pl.col(MONTH_FIRST)).select("words", DAY_FIRST, MONTH_FIRST).row(0)
    )
    return str(word), date_name(first.date()), date_name(other.date())


def time_of_day(words: pl.Expr) -> pl.Expr:
    """Read `14:05:09`, `14:05`, `1405`, `2:05 pm` or an hour alone as the time since midnight; null where none."""
    text = words.str.strip_chars().str.to_lowercase()
    parts = text.str.extract_groups(r"^(\d{1,2})(?:[:.](\d{2})(?:[:.](\d{2})(?:\.\d+)?)?)?\s*(am|pm)?$").struct
    packed = text.str.extract_groups(r"^(\d{2})(\d{2})$").struct
    hour = pl.coalesce(parts.field("1"), packed.field("1")).cast(pl.Int64, strict=False)
    minute = pl.coalesce(parts.field("2"), packed.field("2"), pl.lit("0")).cast(pl.Int64, strict=False)
    second = pl.coalesce(parts.field("3"), pl.lit("0")).cast(pl.Int64, strict=False)
    half = parts.field("4")
    hour = (
        pl.when(half.is_null())
        .then(hour)
        .when(hour.is_between(1, 12))
        .then(hour % 12 + pl.when(half == "pm").then(12).otherwise(0))
    )
    is_time = hour.is_between(0, 23) & minute.is_between(0, 59) & second.is_between(0, 59)
    return pl.when(is_time).then(pl.duration(hours=hour, minutes=minute, seconds=second))
