"""The kinds of report and their sections: data that the hub ships with. Pure."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from hub.documents.model import Length
from hub.errors import BadRequest


@dataclass(frozen=True)
class Section:
    """A part of a report."""

    key: str
    title: str
    reads_from: Length
    """The shortest reading length that it appears in."""
    figures: bool = True
    """Whether the hub fills it from figures; otherwise it is an officer's words alone."""
    is_public: bool = True
    is_headed: bool = True
    stays: bool = False
    """Whether it cannot be left out."""


@dataclass(frozen=True)
class Kind:
    """A kind of report, and the sections that a new draft of it has."""

    key: str
    title: str
    about: str
    sections: tuple[str, ...]


@cache
def _shipped() -> tuple[Mapping[str, Section], Mapping[str, Kind]]:
    written = tomllib.loads(files(__package__).joinpath("kinds.toml").read_text("utf-8"))
    sections = {
        key: Section(key, **{**each, "reads_from": Length(each["reads_from"])})
        for key, each in written["sections"].items()
    }
    kinds = {
        key: Kind(key, each["title"], each["about"], tuple(each["sections"])) for key, each in written["kinds"].items()
    }
    return sections, kinds


def sections() -> Mapping[str, Section]:
    """Every section there is, by key."""
    return _shipped()[0]


def kinds() -> Mapping[str, Kind]:
    """Every kind of report, by key, in the order in which they are offered."""
    return _shipped()[1]


def kind(key: str) -> Kind:
    """Find a kind of report.

    Raises
    ------
    BadRequest
        If there is none of that name.
    """
    found = kinds().get(key)
    if found is None:
        raise BadRequest("The kind of report was not chosen.", remedy="Choose one from the list.")
    return found
