"""The catalogue of dataset kinds: what a file of each holds, its fields, and what its figures measure; kept as TOML.

Knows no file that was sent and no database; reading and checking are told the kind.
"""

from __future__ import annotations

import csv
import dataclasses
import io
import re
import tomllib
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib import resources
from types import MappingProxyType
from typing import Any

from hub.errors import BadRequest

PROVISIONAL_MONTHS = 3
"""The latest months that the Met's later extracts still change most: 21%, 8% and 5–6% of ward cells."""

MONTH_COUNTS = "month_counts"
"""The one field that many columns may fill: each is headed by a month and holds its counts."""
DOWN = ("month", "year", "count")
"""The fields that say in rows what MONTH_COUNTS says in columns."""
WHEN = ("month", "date")
"""The fields of which each says in which month a row belongs."""
PAIRS = (("longitude", "latitude"), ("easting", "northing"))

MEASURES = ("offences", "incidents", "flags", "perception")
"""What figures count; those of two measures are never added together."""
LEVELS = ("point", "ward", "lsoa", "borough")
LAYOUTS = ("down", "across")
CLASSIFICATIONS = ("", "met", "police_uk")
MARKINGS = ("OFFICIAL", "OFFICIAL-SENSITIVE")
LONGEST_KEY, LONGEST_TITLE, LONGEST_WORDS = 40, 80, 1_000
EXAMPLE_MONTHS = ("202501", "202502", "202503")
EXAMPLE_ROWS = 3


@dataclass(frozen=True)
class Field:
    """One thing a row says, and the headings it has been seen under."""

    key: str
    title: str
    type: str
    heading: str = ""
    """What its column is headed in a template, unless that is its title."""
    headings: tuple[str, ...] = ()
    """As `heading_key` gives them."""
    is_required: bool = True
    hint: str = ""
    codes: tuple[str, ...] = ()
    """All that it may say, where that is known; another value is kept, and said so."""
    unknowns: tuple[str, ...] = ()
    """What its source writes where it does not know."""
    absent: str = ""
    """What a row is counted under whose cell is empty; unless said, such a row must be put right."""
    examples: tuple[str, ...] = ()


@dataclass(frozen=True)
class DatasetKind:
    """What a file of this kind holds, and how its figures may be used."""

    key: str
    title: str
    description: str
    measure: str
    """One of `MEASURES`: no two are ever added together."""
    level: str
    """One of `LEVELS`: what place a row speaks of."""
    fields: tuple[Field, ...]
    definition: Mapping[str, Any] = dataclasses.field(compare=False)
    """As its file says it."""
    provider: str = ""
    owner: str = ""
    marking: str = MARKINGS[0]
    needs_agreement: bool = False
    """Whether it may be used only under a sharing agreement: unless its file says, if it is OFFICIAL-SENSITIVE."""
    prescribed_by: str = ""
    """The regulation that makes its provider share it; empty where none does."""
    date_basis: str = ""
    layout: str = LAYOUTS[0]
    """Whether the months of its template are rows (`down`) or columns (`across`); either is read."""
    classification: str = ""
    """Whose categories it has: the Met's, those of data.police.uk, or its own."""
    is_crime: bool = False
    """Whether its figures may stand for recorded crime where nobody chose a dataset."""
    repeats_boroughs: bool = False
    """Whether it has a row for each borough beside those for its wards."""
    identical_rows: bool = False
    """Whether rows that are alike in everything are usual in it, as of incidents moved to one point: then nobody need
    confirm them, though they are told and can be left out."""
    one_of: tuple[str, ...] = ()
    """Fields of which at least one is needed, though none is by itself."""
    signature: tuple[str, ...] = ()
    """Headings, as `heading_key` gives them, by which a file of it is known."""
    provisional_months: int = PROVISIONAL_MONTHS
    caveat: str = ""
    """What must be said beside every total of it."""

    @property
    def has_points(self) -> bool:
        """Whether each row is one incident, with a place of its own."""
        return self.level == "point"

    @property
    def has_wards(self) -> bool:
        """Whether its figures can be given by ward."""
        return self.level != "borough"

    @property
    def has_shares(self) -> bool:
        """Whether it holds shares of people, which nothing can be added to."""
        return self.measure == "perception"

    @property
    def has_counts(self) -> bool:
        """Whether a row, or a cell of a month's column, says how many there were."""
        return not self.has_points and not self.has_shares

    @property
    def has_months_across(self) -> bool:
        """Whether the months of its template are columns and not rows."""
        return self.layout == "across"

    @property
    def is_prescribed(self) -> bool:
        """Whether a regulation makes its provider share it."""
        return bool(self.prescribed_by)

    def field(self, key: str) -> Field:
        """Find a field by its key."""
        return next(field for field in self.fields if field.key == key)

    def has(self, key: str) -> bool:
        """Whether it has a field."""
        return any(field.key == key for field in self.fields)

    def missing(self, filled: Iterable[str], *, is_month_said: bool = False) -> list[str]:
        """Say which fields are still wanted, in words; none that says when, if a person says it of the whole file."""
        have = {*filled, *(WHEN if is_month_said else ())}
        wanted = {field.key: field.title for field in self.fields if field.is_required and field.key not in have}
        if self.has_counts:
            is_across = MONTH_COUNTS in have or (self.has_months_across and not have & {"month", "count"})
            for key in DOWN if is_across else (MONTH_COUNTS,):
                wanted.pop(key, None)
        titles = list(wanted.values())
        if self.one_of and not have & set(self.one_of):
            titles.append(" or ".join(self.field(key).title for key in self.one_of))
        for pair in PAIRS:
            if len(have & set(pair)) == 1:
                titles += [
                    self.field(key).title for key in pair if key not in have and self.field(key).title not in titles
                ]
        return titles

    def template(self) -> str:
        """A CSV file of just its headings."""
        return _as_csv([[heading for heading, _ in self._columns()]])

    def example(self) -> str:
        """A CSV file of a few fictional rows."""
        columns = self._columns()
        rows = [[values[row % len(values)] for _, values in columns] for row in range(EXAMPLE_ROWS)]
        return _as_csv([[heading for heading, _ in columns], *rows])

    def _columns(self) -> list[tuple[str, tuple[str, ...]]]:
        left_out = DOWN if self.has_months_across else (MONTH_COUNTS,)
        columns = []
        for field in self.fields:
            if self.has_counts and field.key in left_out:
                continue
            headings = EXAMPLE_MONTHS if field.key == MONTH_COUNTS else (field.heading or field.title,)
            columns += [(heading, field.examples or ("",)) for heading in headings]
        return columns


def _as_csv(rows: Iterable[Iterable[str]]) -> str:
    written = io.StringIO()
    csv.writer(written, lineterminator="\r\n").writerows(rows)
    return written.getvalue()


def heading_key(heading: str) -> str:
    """Reduce a heading to what identifies it: `LookUp_BoroughName` and `lookup boroughname` are one."""
    return re.sub(r"[^a-z0-9]", "", unicodedata.normalize("NFKC", heading).casefold())


# --- From a definition -----------------------------------------------------------------------------------------------


def from_definition(definition: Mapping[str, Any]) -> DatasetKind:
    """Build a kind from what a file of the catalogue says.

    Raises
    ------
    BadRequest
        Naming what is missing, unknown or not of its sort.
    """
    key = definition.get("key")
    if not isinstance(key, str) or not re.fullmatch(r"[a-z][a-z0-9_]*", key) or len(key) > LONGEST_KEY:
        raise BadRequest(
            f"The kind's key is {key!r}.",
            remedy=f"Use at most {LONGEST_KEY} small letters, digits and underscores, such as park_wardens.",
        )
    said = _Said(f"The kind '{key}'", definition)
    said.refuse_others({*_KIND_SORTS, "fields"})
    options = {name: said.value(name) for name in _KIND_SORTS if name in definition}
    for name in ("title", "description", "measure", "level"):
        if not options.get(name):
            raise said.wrong(f"has no {name}", f'Give one, such as {name} = "{_EXAMPLES[name]}".')
    for name, allowed in _CHOICES.items():
        if options.get(name, allowed[0]) not in allowed:
            raise said.wrong(f"has the {name} '{options[name]}'", f"Use one of: {', '.join(filter(None, allowed))}.")
    options.setdefault("needs_agreement", options.get("marking", MARKINGS[0]) != MARKINGS[0])
    if (options["measure"] == "perception") != any(one.get("key") == "share" for one in _tables(said)):
        raise said.wrong("must have the field 'share' if, and only if, it measures perception", "Put that right.")
    fields = tuple(_field(key, one) for one in _tables(said))
    keys = [field.key for field in fields]
    repeated = sorted({one for one in keys if keys.count(one) > 1})
    if repeated:
        raise said.wrong(f"has the field '{repeated[0]}' twice", "Leave one out.")
    unknown = [one for one in options.get("one_of", ()) if one not in keys]
    if unknown:
        raise said.wrong(f"names '{unknown[0]}' under one_of, which is none of its fields", "Add the field.")
    kind = DatasetKind(fields=fields, definition=dict(definition), **options)
    _refuse_too_little(said, kind)
    return kind


def _refuse_too_little(said: _Said, kind: DatasetKind) -> None:
    """A kind must have the fields without which no row of it could be read."""
    has_category = (
        kind.has("measure") if kind.has_shares else kind.has("category" if kind.has_points else "offence_group")
    )
    if not has_category:
        wanted = "measure" if kind.has_shares else "category" if kind.has_points else "offence_group"
        raise said.wrong(f"has no field '{wanted}'", "Add it: nothing else says what a row is about.")
    if kind.has_points and not (kind.has("month") or kind.has("date")):
        raise said.wrong("has no field 'date' and no field 'month'", "Add one of them.")
    if kind.has_counts and not (kind.has(MONTH_COUNTS) or (kind.has("month") and kind.has("count"))):
        raise said.wrong("has neither month and count nor month_counts", "Add the fields 'month' and 'count'.")
    for first, second in PAIRS:
        if kind.has(first) != kind.has(second):
            raise said.wrong(f"has only one of '{first}' and '{second}'", "Add the other.")


@dataclass(frozen=True)
class _Said:
    """One table of a definition, and how to speak of it."""

    what: str
    table: Mapping[str, Any]

    def wrong(self, fault: str, remedy: str) -> BadRequest:
        return BadRequest(f"{self.what} {fault}.", remedy=remedy)

    def refuse_others(self, known: Iterable[str]) -> None:
        for name in self.table:
            if name not in known:
                raise self.wrong(f"says '{name}', which the hub does not know", f"Use: {', '.join(sorted(known))}.")

    def value(self, name: str) -> Any:
        value, sort = self.table[name], _SORTS[name]
        if sort is tuple:
            if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
                raise self.wrong(f"has '{name}' that is no list of words", f'Write it as {name} = ["…", "…"].')
            return tuple(heading_key(one) for one in value) if name in {"headings", "signature"} else tuple(value)
        # To Python true is a number too.
        if not isinstance(value, sort) or (sort is int and isinstance(value, bool)):
            raise self.wrong(f"has '{name}' of the wrong sort", f"Write it as {_WRITTEN[sort]}.")
        if isinstance(value, str) and len(value) > (LONGEST_TITLE if name == "title" else LONGEST_WORDS):
            raise self.wrong(f"has a {name} that is too long", "Shorten it.")
        return value


_KIND_SORTS: dict[str, type] = {
    "key": str,
    "title": str,
    "description": str,
    "measure": str,
    "level": str,
    "provider": str,
    "owner": str,
    "marking": str,
    "needs_agreement": bool,
    "prescribed_by": str,
    "date_basis": str,
    "layout": str,
    "classification": str,
    "is_crime": bool,
    "repeats_boroughs": bool,
    "identical_rows": bool,
    "one_of": tuple,
    "signature": tuple,
    "provisional_months": int,
    "caveat": str,
}
_FIELD_SORTS: dict[str, type] = {
    "key": str,
    "title": str,
    "type": str,
    "heading": str,
    "is_required": bool,
    "hint": str,
    "headings": tuple,
    "codes": tuple,
    "unknowns": tuple,
    "absent": str,
    "examples": tuple,
}
_SORTS = _KIND_SORTS | _FIELD_SORTS
_WRITTEN = {str: "words in quotation marks", bool: "true or false", int: "a whole number"}
_CHOICES = {
    "measure": MEASURES,
    "level": LEVELS,
    "layout": LAYOUTS,
    "classification": CLASSIFICATIONS,
    "marking": MARKINGS,
}
_EXAMPLES = {
    "title": "Park wardens",
    "description": "What the park wardens met.",
    "measure": "incidents",
    "level": "point",
}


def _tables(said: _Said) -> list[Mapping[str, Any]]:
    tables = said.table.get("fields")
    if not isinstance(tables, list) or not tables or not all(isinstance(one, Mapping) for one in tables):
        raise said.wrong("has no fields", "Add a [[fields]] table for each column.")
    return tables


def _field(kind: str, table: Mapping[str, Any]) -> Field:
    """Build a field from what the kind says of it and what every kind means by it."""
    said = _Said(f"The field '{table.get('key')}' of the kind '{kind}'", table)
    common = _FIELDS.get(str(table.get("key")))
    if common is None:
        raise said.wrong("is none that the hub can read", f"Use: {', '.join(sorted(_FIELDS))}.")
    said.refuse_others(set(_FIELD_SORTS) - {"type"})
    own = {name: said.value(name) for name in table if name != "key"}
    every = {name: _Said(f"The field '{table['key']}'", common).value(name) for name in common} | own
    named = (heading_key(every.get("heading", "")), heading_key(every["title"]))
    headings = (*filter(None, named), *own.get("headings", ()), *map(heading_key, common.get("headings", ())))
    return Field(**{**every, "key": str(table["key"]), "headings": tuple(dict.fromkeys(headings))})


def read_definition(text: str) -> dict[str, Any]:
    """Read a definition as TOML.

    Raises
    ------
    BadRequest
        If it is none.
    """
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise BadRequest(
            f"The definition of the kind is no TOML: {error}.", remedy="Correct it at the place that is named."
        ) from error


def _shipped() -> Mapping[str, DatasetKind]:
    folder = resources.files(__name__)
    order = tomllib.loads(folder.joinpath("order.toml").read_text("utf-8"))["kinds"]
    kinds = (from_definition(read_definition(folder.joinpath(f"{key}.toml").read_text("utf-8"))) for key in order)
    return MappingProxyType({kind.key: kind for kind in kinds})


_FIELDS: Mapping[str, Mapping[str, Any]] = tomllib.loads(
    resources.files(__name__).joinpath("fields.toml").read_text("utf-8")
)
"""What each field means in every kind."""

DATASETS = _shipped()
"""The kinds that the hub ships with, those that summaries prefer first."""
