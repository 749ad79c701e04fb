"""Measures and the plans they stand in: data with a source, read from TOML. Pure; knows no figures and no database."""

from __future__ import annotations

import dataclasses
import datetime as dt
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import Any

from hub.errors import BadFile

LONGEST_CODE, LONGEST_TITLE, LONGEST_WORDS, LONGEST_VERSION = 40, 80, 1_000, 60
MOST_DEFINITIONS = 500
THE_YEAR_BEFORE = "The 12 months before"


class Kind(StrEnum):
    """What a measure is made of; figures of two kinds are never added together."""

    RECORDED = "recorded"
    HARM = "harm"
    PERCEPTION = "perception"


class Direction(StrEnum):
    """Which way is better, if either is. It colours nothing: pages say it in words."""

    LOWER = "lower"
    HIGHER = "higher"
    NEITHER = "neither"

    @property
    def words(self) -> str:
        """As a page says it."""
        return {
            Direction.LOWER: "Lower is better.",
            Direction.HIGHER: "Higher is better.",
            Direction.NEITHER: "Neither higher nor lower is better by itself.",
        }[self]


@dataclass(frozen=True)
class Theme:
    """One of a plan's priorities."""

    code: str
    title: str


@dataclass(frozen=True)
class Plan:
    """A police and crime plan: its years, its themes in its own order, and where that is written."""

    code: str
    title: str
    years: str
    themes: tuple[Theme, ...]
    source: str
    version: str
    to_verify: str = ""
    """What of this was not checked in the plan itself; empty where all of it was."""

    @property
    def is_verified(self) -> bool:
        """Whether all that is said of it was checked."""
        return not self.to_verify


@dataclass(frozen=True)
class Measure:
    """One thing to be measured in every borough, and how.

    A recorded measure counts all offences (`is_all`), or whole `groups` and `subgroups`, or one `flag`; a perception
    measure asks one question of a survey (`questions` are its names). Where the hub has no data for it, `not_held`
    says so.
    """

    code: str
    title: str
    kind: Kind
    unit: str
    direction: Direction
    definition: str
    source: str
    version: str
    date_basis: str = ""
    level: str = "borough"
    """The smallest place it may be told of."""
    baseline: str = THE_YEAR_BEFORE
    """With what it is compared, named."""
    plans: tuple[tuple[str, str], ...] = ()
    """The plans it stands in, each with the theme: codes of both."""
    is_all: bool = False
    groups: tuple[str, ...] = ()
    subgroups: tuple[tuple[str, str], ...] = ()
    """Each with its group."""
    flag: str = ""
    """A category of the datasets of flags, which overlap with offences and are never added to them."""
    questions: tuple[str, ...] = ()
    """The survey question, by each name that its files have given it."""
    asked: str = ""
    """What people were asked, in plain words."""
    partner: str = ""
    """Of a recorded measure: the code of the perception measure to read beside it."""
    why_no_partner: str = ""
    not_held: str = ""
    """Why the hub has no figures for it; empty where it can have some."""
    to_verify: str = ""
    """What of this was not checked in its source; empty where all of it was."""

    @property
    def is_verified(self) -> bool:
        """Whether all that is said of it was checked."""
        return not self.to_verify

    @property
    def is_held(self) -> bool:
        """Whether the hub can have figures for it."""
        return not self.not_held

    def theme(self, plan: str) -> str | None:
        """The code of its theme in a plan; None where it does not stand in it."""
        return dict(self.plans).get(plan)


@dataclass(frozen=True)
class Definitions:
    """Plans and measures, as one file gives them or as all that are in use."""

    plans: tuple[Plan, ...] = ()
    measures: tuple[Measure, ...] = ()

    @property
    def every_one(self) -> tuple[Plan | Measure, ...]:
        """Plans and measures together."""
        return (*self.plans, *self.measures)

    def with_these(self, newer: Definitions) -> Definitions:
        """These, with newer ones in the place of those with the same code, and others after them."""
        return Definitions(_renewed(self.plans, newer.plans), _renewed(self.measures, newer.measures))


def _renewed(known: Sequence[Any], newer: Sequence[Any]) -> tuple[Any, ...]:
    return tuple(({one.code: one for one in known} | {one.code: one for one in newer}).values())


@cache
def shipped() -> Definitions:
    """Read what comes with the hub."""
    folder = files("hub.measures").joinpath("shipped")
    found = Definitions()
    for name in ("plans.toml", "recorded.toml", "perception.toml"):
        found = found.with_these(read(folder.joinpath(name).read_text("utf-8")))
    refuse_loose_ends(found)
    return found


# --- From TOML -------------------------------------------------------------------------------------------------------


def read(text: str) -> Definitions:
    """Read plans and measures, written as those that come with the hub are.

    Raises
    ------
    BadFile
        Naming what is missing, unknown, or not of its sort.
    """
    try:
        said = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise BadFile(
            f"The file is not written as TOML ({error}).", remedy="Start from one of the hub's own."
        ) from None
    if unknown := said.keys() - {"plans", "measures"}:
        raise BadFile(f"The file says '{min(unknown)}', which the hub does not know.", remedy=_TABLES)
    found = Definitions(
        tuple(_plan(table) for table in _tables(said, "plans")),
        tuple(_measure(table) for table in _tables(said, "measures")),
    )
    if not found.every_one:
        raise BadFile("The file holds no plan and no measure.", remedy=_TABLES)
    codes = [(type(one).__name__, one.code) for one in found.every_one]
    if repeated := sorted({code for code in codes if codes.count(code) > 1}):
        raise BadFile(f"'{repeated[0][1]}' is defined twice.", remedy="Leave one out.")
    if len(found.every_one) > MOST_DEFINITIONS:
        raise BadFile(f"The file holds more than {MOST_DEFINITIONS} definitions.", remedy="Split it.")
    return found


def refuse_loose_ends(known: Definitions) -> None:
    """Refuse measures that name a plan, theme or partner which is not there.

    Raises
    ------
    BadFile
        Naming the measure.
    """
    themes = {(plan.code, theme.code) for plan in known.plans for theme in plan.themes}
    perception = {one.code for one in known.measures if one.kind is Kind.PERCEPTION}
    for measure in known.measures:
        for pair in measure.plans:
            if pair not in themes:
                raise _wrong(measure.code, f"stands under the theme '{pair[1]}' of the plan '{pair[0]}', which is none")
        if measure.partner and measure.partner not in perception:
            raise _wrong(measure.code, f"has the partner '{measure.partner}', which is no perception measure")


def _plan(table: Mapping[str, Any]) -> Plan:
    options = _options(table, Plan, {"themes"})
    themes = tuple(Theme(**_options(one, Theme, set())) for one in _tables(table, "themes"))
    if not themes:
        raise _wrong(options["code"], "has no themes")
    return Plan(**options, themes=themes)


def _measure(table: Mapping[str, Any]) -> Measure:
    options = _options(table, Measure, {"kind", "direction", "plans", "groups", "subgroups", "questions", "is_all"})
    code = options["code"]
    for name, words in (("kind", Kind), ("direction", Direction)):
        try:
            options[name] = words(table.get(name, ""))
        except ValueError:
            raise _wrong(code, f"has the {name} '{table.get(name)}'", f"Use one of: {', '.join(words)}.") from None
    options["plans"] = tuple((str(one.get("plan", "")), str(one.get("theme", ""))) for one in _tables(table, "plans"))
    options["groups"], options["questions"] = _words(code, table, "groups"), _words(code, table, "questions")
    pairs = [tuple(line.split(": ", 1)) for line in _words(code, table, "subgroups")]
    if any(len(pair) != 2 for pair in pairs):
        raise _wrong(code, "has a subgroup without its group", 'Write it as "Group: Subgroup".')
    options["subgroups"] = tuple(pairs)
    options["is_all"] = table.get("is_all", False) is True
    measure = Measure(**options)
    _refuse_half(measure)
    return measure


def _refuse_half(measure: Measure) -> None:
    """A measure must say what it counts, one thing only, and what to read beside it."""
    counted = [measure.is_all, bool(measure.groups or measure.subgroups), bool(measure.flag), bool(measure.questions)]
    if measure.is_held and measure.kind is not Kind.HARM and sum(counted) != 1:
        raise _wrong(
            measure.code,
            "does not say what it counts, or says it twice",
            "Give is_all, groups and subgroups, flag or questions; or say in not_held why there are no figures.",
        )
    if bool(measure.questions) and measure.kind is not Kind.PERCEPTION:
        raise _wrong(measure.code, "asks a question, and is no perception measure")
    if measure.kind is Kind.RECORDED and bool(measure.partner) == bool(measure.why_no_partner):
        raise _wrong(
            measure.code, "has no partner, or a partner and a reason for none", "Give either partner or why_no_partner."
        )


def _options(table: Mapping[str, Any], what: type, apart: set[str]) -> dict[str, Any]:
    """The words of a table by name, each of its sort and length; those of `apart` are left to the caller."""
    code = table.get("code")
    if not isinstance(code, str) or not re.fullmatch(r"[a-z0-9][a-z0-9-]*", code) or len(code) > LONGEST_CODE:
        raise BadFile(
            f"A definition has the code {code!r}.",
            remedy=f"Use at most {LONGEST_CODE} small letters, digits and hyphens, such as violence-with-injury.",
        )
    fields = {field.name: field for field in dataclasses.fields(what)}
    if unknown := table.keys() - fields.keys():
        raise _wrong(code, f"says '{min(unknown)}', which the hub does not know", f"Use: {', '.join(sorted(fields))}.")
    found = {}
    for name, field in fields.items():
        if name in apart or (name not in table and field.default is not dataclasses.MISSING):
            continue
        words = table.get(name)
        if isinstance(words, dt.date):
            words = words.isoformat()
        if not isinstance(words, str) or (not words.strip() and field.default is dataclasses.MISSING):
            raise _wrong(code, f"has no '{name}' in words")
        if len(words) > {"title": LONGEST_TITLE, "version": LONGEST_VERSION}.get(name, LONGEST_WORDS):
            raise _wrong(code, f"has a {name} that is too long", "Shorten it.")
        found[name] = " ".join(words.split())
    return found


def _words(code: str, table: Mapping[str, Any], name: str) -> tuple[str, ...]:
    words = table.get(name, [])
    if not isinstance(words, list) or not all(isinstance(one, str) and one.strip() for one in words):
        raise _wrong(code, f"has '{name}' that is no list of words", f'Write it as {name} = ["…", "…"].')
    return tuple(words)


def _tables(table: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    found = table.get(name, [])
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise BadFile(f"'{name}' is no list of tables.", remedy=_TABLES)
    return found


def _wrong(code: str, fault: str, remedy: str = "Put that right.") -> BadFile:
    return BadFile(f"'{code}' {fault}.", remedy=remedy)


_TABLES = "Write each as [[plans]] or [[measures]], as the hub's own files do."
