"""The kinds of dataset a file may hold: their fields, the headings these usually have, and what they measure.

Knows no file and no database; reading and checking are told the kind.
"""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

PROVISIONAL_MONTHS = 3
"""The latest months that the Met's later extracts still change most: 21%, 8% and 5–6% of ward cells."""

MONTH_COUNTS = "month_counts"
"""The one field that many columns may fill: each is headed by a month and holds its counts."""


@dataclass(frozen=True)
class Field:
    """One thing a row says, and the headings it has been seen under."""

    key: str
    title: str
    headings: tuple[str, ...] = ()
    """As `heading_key` gives them."""
    is_required: bool = True
    hint: str = ""


@dataclass(frozen=True)
class DatasetKind:
    """What a file of this kind holds, and how its figures may be used."""

    key: str
    title: str
    description: str
    measure: str
    """`offences` or `incidents`: the two are never added together."""
    has_points: bool
    has_wards: bool
    fields: tuple[Field, ...]
    one_of: tuple[str, ...] = ()
    """Fields of which at least one is needed, though none is by itself."""
    provisional_months: int = PROVISIONAL_MONTHS
    caveat: str = ""
    """What must be said beside every total of it."""

    @property
    def has_months_across(self) -> bool:
        """Whether the months are columns and not rows."""
        return any(field.key == MONTH_COUNTS for field in self.fields)

    def field(self, key: str) -> Field:
        """Find a field by its key."""
        return next(field for field in self.fields if field.key == key)

    def missing(self, filled: Iterable[str]) -> list[str]:
        """Say which fields are still wanted, in words."""
        have = set(filled)
        wanted = [field.title for field in self.fields if field.is_required and field.key not in have]
        if self.one_of and not have & set(self.one_of):
            wanted.append(" or ".join(self.field(key).title for key in self.one_of))
        return wanted


WARD_CODE = Field(
    "ward_code",
    "Ward code",
    ("wardcode", "wardcd", "wd18cd", "wd21cd", "wd22cd", "wd23cd", "wd24cd"),
    hint="Nine characters, such as E05013570.",
)
WARD_NAME = Field("ward_name", "Ward name", ("wardname", "ward", "wd22nm", "wd24nm"), is_required=False)
BOROUGH = Field(
    "borough",
    "Borough",
    ("lookupboroughname", "boroughname", "borough", "boroughcode", "ladcode"),
    is_required=False,
    hint="Code or name. Used only where a row has no ward.",
)
OFFENCE_GROUP = Field(
    "offence_group", "Offence group", ("majortext", "offencegroup", "majorcategory", "category", "crimetype", "offence")
)
OFFENCE_SUBGROUP = Field(
    "offence_subgroup",
    "Offence subgroup",
    ("minortext", "offencesubgroup", "minorcategory", "subcategory", "crimesubtype"),
)
MONTH = Field("month", "Month", ("month", "monthyear", "date", "period"), hint="Such as 2025-03, 202503 or Mar-25.")

MET_WARD_COUNTS = DatasetKind(
    key="met_ward_counts",
    title="Met ward-level counts",
    description="The Met's ward-level file from the London Datastore: a row for each ward and offence, a column for "
    "each month. A ward and offence without a row had none.",
    measure="offences",
    has_points=False,
    has_wards=True,
    fields=(
        OFFENCE_GROUP,
        OFFENCE_SUBGROUP,
        WARD_CODE,
        BOROUGH,
        Field(MONTH_COUNTS, "Months", hint="Columns headed by a month, such as 202503."),
    ),
    # Its wards sum to 96.8% of the Met's borough figures, and to 96.2–98.8% borough by borough.
    caveat="The police leave out of this file the offences that they have not placed in a ward: about 1 to 4 in every "
    "100. The true totals are that much higher.",
)
STREET_POINTS = DatasetKind(
    key="street_points",
    title="Street-level points",
    description="The street-level file of data.police.uk: a row for each incident, at the nearest map point.",
    measure="incidents",
    has_points=True,
    has_wards=True,
    fields=(
        Field("category", "Crime type", ("crimetype", "crimecategory")),
        Field("month", "Month", ("month",), hint="Such as 2025-03."),
        Field("longitude", "Longitude", ("longitude", "lon", "lng", "long")),
        Field("latitude", "Latitude", ("latitude", "lat")),
    ),
)
WARD_COUNTS = DatasetKind(
    key="ward_counts",
    title="Other ward-level counts",
    description="A plain table: a row for each ward, month and category, with its count.",
    measure="offences",
    has_points=False,
    has_wards=True,
    fields=(
        Field(WARD_CODE.key, WARD_CODE.title, WARD_CODE.headings, is_required=False, hint=WARD_CODE.hint),
        WARD_NAME,
        BOROUGH,
        MONTH,
        OFFENCE_GROUP,
        Field(OFFENCE_SUBGROUP.key, OFFENCE_SUBGROUP.title, OFFENCE_SUBGROUP.headings, is_required=False),
        Field("count", "Count", ("count", "number", "total", "offences", "incidents", "crimes", "value")),
    ),
    one_of=("ward_code", "ward_name"),
)

DATASETS: Mapping[str, DatasetKind] = MappingProxyType(
    {kind.key: kind for kind in (MET_WARD_COUNTS, STREET_POINTS, WARD_COUNTS)}
)


# --- Which column is which field -------------------------------------------------------------------------------------


def heading_key(heading: str) -> str:
    """Reduce a heading to what identifies it: `LookUp_BoroughName` and `lookup boroughname` are one."""
    return re.sub(r"[^a-z0-9]", "", unicodedata.normalize("NFKC", heading).casefold())


def propose(headings: Iterable[str], kind: DatasetKind) -> dict[str, str]:
    """Guess from the headings alone which column fills which field of a kind."""
    names = list(headings)
    column_fields: dict[str, str] = {}
    for field in kind.fields:
        for wanted in field.headings:
            found = next((name for name in names if heading_key(name) == wanted and name not in column_fields), None)
            if found is not None:
                column_fields[found] = field.key
                break
    if kind.has_months_across:
        column_fields |= {name: MONTH_COUNTS for name in names if month_of_heading(name) is not None}
    return column_fields


def recognise(headings: Iterable[str]) -> tuple[DatasetKind | None, dict[str, str]]:
    """Find the first kind whose every required field has a column under a known heading."""
    names = list(headings)
    for kind in DATASETS.values():
        column_fields = propose(names, kind)
        if not kind.missing(column_fields.values()):
            return kind, column_fields
    return None, {}


# --- Months ----------------------------------------------------------------------------------------------------------

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
_WHOLE_DATE = re.compile(r"(?P<year>\d{4})[-/.](?P<month>\d{2})[-/.](?P<day>\d{2})(?:[T ][\d:.Z+-]*)?")
_DAY_FIRST = re.compile(r"(?P<day>\d{1,2})[-/.](?P<month>\d{1,2})[-/.](?P<year>\d{4}|\d{2})(?: [\d:]+)?")
_NAMED = re.compile(r"(?:(?P<day>\d{1,2})[- ])?(?P<name>[a-z]{3,9})[-/. ]{0,2}(?P<year>\d{4}|\d{2})", re.IGNORECASE)


def month_of(words: str) -> dt.date | None:
    """Read a month or a date, day before month, as the first of its month; None when it is neither."""
    words = words.strip()
    for pattern in (_YEAR_FIRST, _WHOLE_DATE, _DAY_FIRST, _NAMED):
        if found := pattern.fullmatch(words):
            return _first_of_month(found.groupdict())
    return None


def month_of_heading(heading: str) -> dt.date | None:
    """Read a heading as a month; a whole date heads no month's counts."""
    words = heading.strip()
    found = _YEAR_FIRST.fullmatch(words) or _NAMED.fullmatch(words)
    return None if found is None or found.groupdict().get("day") else _first_of_month(found.groupdict())


def is_day_first(words: str) -> bool:
    """Whether a date was read as day, month, year, which its writer may not have meant."""
    return _DAY_FIRST.fullmatch(words.strip()) is not None


def _first_of_month(parts: Mapping[str, str | None]) -> dt.date | None:
    year = int(parts["year"] or 0)
    month = _MONTH_NAMES.get((parts.get("name") or "").casefold(), 0) or int(parts.get("month") or 0)
    try:
        return dt.date(year + 2000 if year < 100 else year, month, int(parts.get("day") or 1)).replace(day=1)
    except ValueError:
        return None
