"""How figures, months and times are written for a reader: the same on pages, in exports and on the command line."""

from __future__ import annotations

import calendar
import datetime as dt
import math
import re
from collections.abc import Callable, Sequence
from zoneinfo import ZoneInfo

from hub.errors import BadRequest

LONDON = ZoneInfo("Europe/London")
MARKING = "OFFICIAL-SENSITIVE"
"""On every page and every file that leaves the hub."""
HANDLING = "for the community safety partnership's own people only"
"""How what is so marked is to be handled."""
_MONTH = re.compile(r"(\d{4})-(0[1-9]|1[0-2])")


def month_name(month: dt.date) -> str:
    """`January 2026`."""
    return f"{month:%B %Y}"


def short_month(month: dt.date) -> str:
    """`Jan 2026`."""
    return f"{month:%b %Y}"


def month_code(month: dt.date) -> str:
    """`2026-01`, as in addresses and on the command line."""
    return f"{month:%Y-%m}"


def parse_month(code: str, *, what: str = "The month") -> dt.date:
    """Read `2026-01` as the first of that month.

    Raises
    ------
    BadRequest
        Naming what was given and the form wanted.
    """
    found = _MONTH.fullmatch(code.strip())
    if not found:
        raise BadRequest(f"{what} is '{code}'.", remedy="Write it as year and month, for example 2026-01.")
    return dt.date(int(found[1]), int(found[2]), 1)


def months_before(month: dt.date, count: int) -> dt.date:
    """The first of the month `count` months earlier; later when `count` is negative."""
    index = month.year * 12 + month.month - 1 - count
    return dt.date(index // 12, index % 12 + 1, 1)


def months_later(day: dt.date, months: int) -> dt.date:
    """The same day of the month so many months later, or that month's last."""
    index = day.year * 12 + day.month - 1 + months
    year, month = index // 12, index % 12 + 1
    return dt.date(year, month, min(day.day, calendar.monthrange(year, month)[1]))


def months_name(months: Sequence[dt.date]) -> str:
    """`January 2026`, or `February 2024 to April 2024 and June 2024`: months in order, each stretch by its ends."""
    stretches: list[list[dt.date]] = []
    for month in months:
        if stretches and stretches[-1][-1] == months_before(month, 1):
            stretches[-1].append(month)
        else:
            stretches.append([month])
    ends = [sorted({stretch[0], stretch[-1]}) for stretch in stretches]
    return listed([" to ".join(map(month_name, each)) for each in ends])


def date_name(day: dt.date) -> str:
    """`3 May 2018`."""
    return f"{day.day} {day:%B %Y}"


def time_name(instant: dt.datetime) -> str:
    """`3 May 2018 at 2:05pm`, in London."""
    local = instant.astimezone(LONDON)
    hour = local.hour % 12 or 12
    return f"{date_name(local.date())} at {hour}:{local:%M}{'am' if local.hour < 12 else 'pm'}"


def number(value: float | int | None, places: int = 0) -> str:
    """`1,788,630`; a dash where there is no figure."""
    return "–" if _is_absent(value) else f"{value:,.{places}f}"


def signed(value: float | int | None, places: int = 0) -> str:
    """`+1,204` or `−38`, with a true minus sign."""
    if value is None or _is_absent(value):
        return "–"
    written = f"{abs(value):,.{places}f}"
    is_nil = not written.strip("0.,")
    return written if is_nil else f"{'+' if value > 0 else '−'}{written}"


def _is_absent(value: float | None) -> bool:
    return value is None or math.isnan(value)


def listed(names: Sequence[str], *, most: int | None = None) -> str:
    """`Alder, Birch and Cedar`, or `Alder, Birch and 4 more` where there are more than asked for."""
    shown = list(names if most is None or len(names) <= most else names[: most - 1])
    if len(shown) < len(names):
        shown.append(f"{len(names) - len(shown):,} more")
    return " and ".join([", ".join(shown[:-1]), shown[-1]] if len(shown) > 1 else shown)


def plural(count: int, one: str, many: str = "") -> str:
    """`1 row`, `2 rows`."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def megabytes(size_bytes: int) -> str:
    """`2.3 MB`, or `14 kB` when small."""
    return f"{size_bytes / 1e6:,.1f} MB" if size_bytes >= 1e6 else f"{max(1, round(size_bytes / 1e3)):,} kB"


FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def plain_cell(words: str) -> str:
    """A text cell of a CSV file that no spreadsheet will run as a formula."""
    return f"'{words}" if words.startswith(FORMULA_STARTS) else words


FILTERS: dict[str, Callable[..., str]] = {
    "month_name": month_name,
    "short_month": short_month,
    "month_code": month_code,
    "months_name": months_name,
    "date_name": date_name,
    "time_name": time_name,
    "number": number,
    "signed": signed,
    "plural": plural,
    "megabytes": megabytes,
}
