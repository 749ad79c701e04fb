"""Which kinds of dataset there are, and which a file seems to be: by its headings, and by what its columns hold.

Adds the kinds of an administrator to those of the catalogue. Reads no file.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from sqlalchemy import select

from hub.db import HubSession
from hub.errors import BadRequest, Conflict
from hub.uploads import dates
from hub.uploads.catalogue import (
    DATASETS,
    DOWN,
    MONTH_COUNTS,
    PAIRS,
    DatasetKind,
    Field,
    from_definition,
    heading_key,
    read_definition,
)
from hub.uploads.models import AddedKind

__all__ = [
    "DATASETS",
    "MONTH_COUNTS",
    "DatasetKind",
    "Field",
    "add",
    "catalogue",
    "from_definition",
    "heading_key",
    "kind",
    "propose",
    "read_definition",
    "recognise",
    "titles",
    "to_agree_on",
]

LIKELY = 0.8
"""What share of a column's samples must look like a field for the column to be taken for it."""
SIGNED = 0.6
"""What share of the headings by which a kind is known a file must have."""


# --- Which there are -------------------------------------------------------------------------------------------------


def catalogue(session: HubSession) -> Mapping[str, DatasetKind]:
    """List every kind by its key: those that the hub ships with, then those that an administrator added."""
    added = session.scalars(select(AddedKind).order_by(AddedKind.key)).all()
    return MappingProxyType({**DATASETS, **{one.key: from_definition(one.definition) for one in added}})


def titles(session: HubSession) -> dict[str, str]:
    """List the titles of all kinds by their keys."""
    return {kind.key: kind.title for kind in catalogue(session).values()}


def to_agree_on(session: HubSession) -> dict[str, str]:
    """List the kinds that may be used only under a sharing agreement, each with its title."""
    return {kind.key: kind.title for kind in catalogue(session).values() if kind.needs_agreement}


def kind(session: HubSession, key: str) -> DatasetKind:
    """Find a kind, the hub's own or an added one.

    Raises
    ------
    BadRequest
        If there is none of that key.
    """
    if key in DATASETS:
        return DATASETS[key]
    added = session.get(AddedKind, key)
    if added is None:
        raise BadRequest(
            f"There is no dataset kind '{key[:80]}'.", remedy=f"Use one of: {', '.join(catalogue(session))}."
        )
    return from_definition(added.definition)


def add(session: HubSession, definition: Mapping[str, Any]) -> tuple[DatasetKind, bool]:
    """Add a kind, or change one that was added; returns it, and whether anything changed.

    Raises
    ------
    BadRequest
        If the definition is not whole.
    Conflict
        If a kind that the hub ships with has its key, or its rows would no longer fit where they are kept.
    """
    new = from_definition(definition)
    if new.key in DATASETS:
        raise Conflict(
            f"The hub ships with a kind '{new.key}', which cannot be replaced.", remedy="Give yours another key."
        )
    held = session.get(AddedKind, new.key)
    if held is None:
        now = dt.datetime.now(dt.UTC)
        session.add(AddedKind(key=new.key, definition=dict(new.definition), added_at=now))
        session.flush()
        return new, True
    before = from_definition(held.definition)
    if (before.level, before.measure) != (new.level, new.measure):
        raise Conflict(
            f"The kind '{new.key}' measures {before.measure} by {before.level}, and its rows are kept so.",
            remedy="Give the new kind another key.",
        )
    is_changed = dict(held.definition) != dict(new.definition)
    held.definition = dict(new.definition)
    session.flush()
    return new, is_changed


# --- Which column is which field -------------------------------------------------------------------------------------


def propose(
    headings: Iterable[str], kind: DatasetKind, samples: Mapping[str, Sequence[str]] = MappingProxyType({})
) -> dict[str, str]:
    """Guess which column fills which field of a kind: by the headings, then by what the columns hold."""
    names = list(headings)
    column_fields: dict[str, str] = {}
    for field in kind.fields:
        found = _by_heading(names, field, column_fields, samples)
        if found is not None:
            column_fields[found] = field.key
    if kind.has_counts:
        across = [name for name in names if name not in column_fields and dates.month_of_heading(name) is not None]
        if across and kind.has(MONTH_COUNTS) and not {"month", "count"} <= set(column_fields.values()):
            column_fields = {name: key for name, key in column_fields.items() if key not in DOWN}
            column_fields |= dict.fromkeys(across, MONTH_COUNTS)
    _by_content(names, kind, column_fields, samples)
    return _without_half_pairs(column_fields)


def _by_heading(
    names: Sequence[str], field: Field, taken: Mapping[str, str], samples: Mapping[str, Sequence[str]]
) -> str | None:
    """Find the free column under the likeliest heading that holds nothing else for certain."""
    for wanted in field.headings:
        for name in names:
            if (
                heading_key(name) == wanted
                and name not in taken
                and not _is_of_another_sort(field, samples.get(name, ()))
            ):
                return name
    return None


def _by_content(
    names: Sequence[str], kind: DatasetKind, column_fields: dict[str, str], samples: Mapping[str, Sequence[str]]
) -> None:
    """Fill the fields that have no column yet with one whose values can be nothing else."""
    for field in kind.fields:
        looks = _LOOKS.get(field.type)
        if looks is None or field.key in column_fields.values():
            continue
        if field.key in DOWN and MONTH_COUNTS in column_fields.values():
            continue
        alike = [name for name in names if name not in column_fields and _share(looks, samples.get(name, ())) >= LIKELY]
        # Two columns of months say nothing about which of them is meant.
        if len(alike) == 1:
            column_fields[alike[0]] = field.key


def _without_half_pairs(column_fields: dict[str, str]) -> dict[str, str]:
    """Leave out a coordinate whose other half has no column, if another pair is whole."""
    filled = set(column_fields.values())
    halves = {key for pair in PAIRS if len(filled & set(pair)) == 1 for key in pair}
    has_whole = any(set(pair) <= filled for pair in PAIRS)
    return {name: key for name, key in column_fields.items() if not (has_whole and key in halves)}


def _gss(entity: str) -> Callable[[str], bool]:
    pattern = re.compile(rf"[A-Z]0[{entity}]\d{{6}}", re.IGNORECASE)
    return lambda words: pattern.fullmatch(words.strip()) is not None


def _between(first: float, last: float) -> Callable[[str], bool]:
    def looks(words: str) -> bool:
        try:
            return first <= float(words.replace(",", ".")) <= last and "." in words.replace(",", ".")
        except ValueError:
            return False

    return looks


_LOOKS: Mapping[str, Callable[[str], bool]] = {
    "ward code": _gss("5"),
    "LSOA code": _gss("1"),
    "borough": _gss("6-9"),
    "outward postcode": lambda words: re.fullmatch(r"[A-Z]{1,2}\d[A-Z\d]?", words.strip()) is not None,
    "month": lambda words: dates.month_of(words) is not None,
    "date": lambda words: dates.month_of(words) is not None,
}
"""Of the types that can be told by their values: how."""
_NEVER = {
    "ward code": ("LSOA code",),
    "ward name": ("ward code", "LSOA code", "borough"),
    "LSOA code": ("ward code",),
    "borough": ("ward code", "LSOA code"),
    "month": ("ward code", "LSOA code"),
    "date": ("ward code", "LSOA code"),
}
"""What a column of each type never holds, whatever its heading."""


def _share(looks: Callable[[str], bool], values: Sequence[str]) -> float:
    return sum(map(looks, values)) / len(values) if values else 0.0


def _is_of_another_sort(field: Field, values: Sequence[str]) -> bool:
    if field.type == "degrees":
        return bool(values) and not any(_between(-180, 180)(one) for one in values)
    return any(_share(_LOOKS[other], values) >= LIKELY for other in _NEVER.get(field.type, ()))


def recognise(
    headings: Iterable[str],
    samples: Mapping[str, Sequence[str]] = MappingProxyType({}),
    kinds: Mapping[str, DatasetKind] = DATASETS,
) -> tuple[DatasetKind | None, dict[str, str]]:
    """Find the kind a file seems to be: every required field has a column, and most of its own headings are there.

    Where no kind has all, one that wants only the month, which a person can say of the whole file.
    """
    names = list(headings)
    proposed = [(one, propose(names, one, samples)) for one in kinds.values()]
    scores = {one.key: _likeness(names, one, column_fields, samples) for one, column_fields in proposed}
    likely = [pair for pair in proposed if scores[pair[0].key] >= 0]
    for is_month_said in (False, True):
        whole = [pair for pair in likely if not pair[0].missing(pair[1].values(), is_month_said=is_month_said)]
        if whole:
            return max(whole, key=lambda pair: scores[pair[0].key])
    return None, {}


def _likeness(
    names: Sequence[str], kind: DatasetKind, column_fields: Mapping[str, str], samples: Mapping[str, Sequence[str]]
) -> float:
    """How much a file is like a kind: first by what only such files have, then by how much of it is used.

    Only they have its own headings, or in the column of categories what is on its own list.
    """
    keys = {heading_key(name) for name in names}
    used = len(column_fields) / max(len(names), 1)
    if _has_its_categories(kind, column_fields, samples):
        return 2 + used
    if not kind.signature:
        return used
    signed = len(keys & set(kind.signature)) / len(kind.signature)
    return signed * 2 + used if signed >= SIGNED else -1.0


def _has_its_categories(
    kind: DatasetKind, column_fields: Mapping[str, str], samples: Mapping[str, Sequence[str]]
) -> bool:
    """Whether nearly all that stands in the column of categories is on the kind's own list."""
    key = "category" if kind.has_points else "offence_group"
    listed = {_category_key(code) for code in kind.field(key).codes} if kind.has(key) else set()
    held = next((samples.get(name, ()) for name, its_field in column_fields.items() if its_field == key), ())
    return _share(lambda words: _category_key(words) in listed, held) >= LIKELY


def _category_key(words: str) -> str:
    """Reduce a category to what identifies it: `Fly-tipping` and `Flytipping` are one, and so are one and many."""
    return heading_key(words).removesuffix("s")
