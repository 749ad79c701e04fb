"""What is found in place files, and how it is said; every other module here that judges says it through this one."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias, TypeVar

import pandas as pd

_NAMED = 5

T = TypeVar("T")


class Severity(StrEnum):
    """What a finding means for the load."""

    FATAL = "fatal"
    """Nothing is loaded."""
    WARNING = "warning"
    """Loaded; somebody should look."""
    NOTE = "note"
    """Loaded; as it should be, and worth knowing."""


@dataclass(frozen=True)
class Finding:
    """One thing to be said about the files."""

    severity: Severity
    code: str
    where: str
    """The file, or the boundary set."""
    sentence: str
    remedy: str = ""

    def __str__(self) -> str:
        return f"{self.where}: {self.sentence} {self.remedy}".rstrip()


Judged: TypeAlias = Generator[Finding, None, T]
"""A judge yields what it finds and returns what may be kept."""


class Unusable(Exception):
    """A file that cannot be read as places."""

    def __init__(self, code: str, where: str, sentence: str, remedy: str) -> None:
        super().__init__(sentence)
        self.finding = Finding(Severity.FATAL, code, where, sentence, remedy)


def is_fatal(findings: Iterable[Finding]) -> bool:
    """Whether nothing may be loaded."""
    return any(finding.severity is Severity.FATAL for finding in findings)


def fatal(code: str, where: str, sentence: str, remedy: str) -> Finding:
    """Say why nothing may be loaded."""
    return Finding(Severity.FATAL, code, where, sentence, remedy)


def warning(code: str, where: str, sentence: str, remedy: str = "") -> Finding:
    """Say what somebody should look at."""
    return Finding(Severity.WARNING, code, where, sentence, remedy)


def note(code: str, where: str, sentence: str) -> Finding:
    """Say what is worth knowing."""
    return Finding(Severity.NOTE, code, where, sentence)


def some(names: Iterable[object], *, separator: str = ", ") -> str:
    """The first few of a list, and how many more."""
    listed = [str(name) for name in names]
    rest = len(listed) - _NAMED
    return separator.join(listed[:_NAMED]) + (f" and {rest:,} more" if rest > 0 else "")


def area_words(square_metres: float) -> str:
    """An area in the unit that suits it."""
    if square_metres >= 1e5:
        return f"{square_metres / 1e6:,.2f} km²"
    return f"{square_metres / 1e4:,.2f} ha" if square_metres >= 1e4 else f"{square_metres:,.0f} m²"


def named(names: Mapping[str, str], codes: Iterable[str]) -> list[str]:
    """Places as a person and a machine know them."""
    return [f"{names[code]} ({code})" for code in codes]


def names_of(places: pd.DataFrame, column: str) -> dict[str, str]:
    """Names by code."""
    return dict(zip(places.index, places[column], strict=True))
