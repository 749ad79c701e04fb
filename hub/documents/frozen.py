"""A document as JSON and back: canonical, so that the same document is always the same bytes."""

from __future__ import annotations

import datetime as dt
from dataclasses import fields, is_dataclass
from enum import Enum
from types import NoneType, UnionType
from typing import Any, get_args, get_origin, get_type_hints

import orjson

from hub.documents.model import PARTS, Cell, Column, Direction, Document, Point, Reference, Series

VERSION = 1
"""Of this way to write documents: a later hub still reads what an earlier one froze."""
_KINDS: tuple[type[Any], ...] = (Document, Cell, Column, Direction, Point, Reference, Series, *PARTS.values())
_HINTS = {kind: get_type_hints(kind) for kind in _KINDS}


def to_json(document: Document) -> bytes:
    """A document as canonical JSON: keys sorted, nothing left out, no space between."""
    return orjson.dumps({"version": VERSION, "document": _told(document)}, option=orjson.OPT_SORT_KEYS)


def from_json(content: bytes) -> Document:
    """Read what `to_json` wrote.

    Raises
    ------
    ValueError
        If it was written in a way that this hub does not know.
    """
    told = orjson.loads(content)
    if told["version"] != VERSION:
        raise ValueError(f"This document was frozen in version {told['version']}, and the hub reads {VERSION}.")
    document: Document = _read(Document, told["document"])
    return document


def _told(value: Any) -> Any:
    if is_dataclass(value):
        told = {field.name: _told(getattr(value, field.name)) for field in fields(value)}
        return told | ({"part": type(value).__name__} if type(value).__name__ in PARTS else {})
    if isinstance(value, tuple):
        return [_told(each) for each in value]
    if isinstance(value, dt.datetime):
        return value.isoformat()
    return value.value if isinstance(value, Enum) else value


def _read(kind: Any, value: Any) -> Any:
    """Read a value of a type that the model uses."""
    if value is None:
        return None
    if isinstance(value, dict):
        cls: type[Any] = PARTS[value["part"]] if "part" in value else _only(kind)
        hints = _HINTS[cls]
        return cls(**{name: _read(hints[name], each) for name, each in value.items() if name != "part"})
    if isinstance(value, list):
        inner = get_args(kind)[0]
        return tuple(_read(inner, each) for each in value)
    if kind is dt.datetime:
        return dt.datetime.fromisoformat(value)
    return kind(value) if isinstance(kind, type) and issubclass(kind, Enum) else value


def _only(kind: Any) -> Any:
    """The class that may stand in a place, whether or not it may be left empty."""
    if get_origin(kind) is UnionType:
        (kind,) = (each for each in get_args(kind) if each is not NoneType)
    return kind
