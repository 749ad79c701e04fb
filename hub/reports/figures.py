"""The figures of a report as they were shown: which of them differ, and which numbers stand in words alone.

Pure. A figure is known by a short stable key, such as `total:2026-01`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass

_NUMBER = re.compile(r"(?<![\w.])\d[\d,]*(?:\.\d+)?")
_IN_WORDS = re.compile(r"\b(?:two|three|four|five|six|seven|eight|nine|ten|eleven|twelve)\b", re.IGNORECASE)
_DATES = re.compile(
    r"\b\d{1,2} (?:January|February|March|April|May|June|July|August|September|October|November|December)\b"
    r"|\b(?:19|20)\d\d(?:[-/–]\d\d(?:\d\d)?)?\b"
)


@dataclass(frozen=True)
class Told:
    """One figure as a report shows it."""

    key: str
    label: str
    shown: str

    def as_dict(self) -> dict[str, str]:
        """As it is kept."""
        return asdict(self)


@dataclass(frozen=True)
class Restated:
    """One figure that is shown otherwise now; `now` says so where it is not given any more."""

    label: str
    before: str
    now: str


NOT_GIVEN = "not given any more"


def kept(lines: Iterable[Mapping[str, str]]) -> tuple[Told, ...]:
    """Read figures as they were kept."""
    return tuple(Told(**line) for line in lines)


def restated(before: Iterable[Told], now: Iterable[Told], *, gone: bool = False) -> tuple[Restated, ...]:
    """Say which figures differ, in the order in which they stood.

    Parameters
    ----------
    before, now
        As they were, and as they are.
    gone
        Whether figures that are in the first alone are told too.
    """
    at_present = {one.key: one.shown for one in now}
    return tuple(
        Restated(one.label, one.shown, at_present.get(one.key, NOT_GIVEN))
        for one in before
        if (gone or one.key in at_present) and at_present.get(one.key) != one.shown
    )


def numbers_beside(words: Sequence[str], shown: Iterable[str]) -> tuple[str, ...]:
    """List the numbers that somebody wrote and that stand in no figure: years and dates apart.

    What a report counts is protected; what somebody writes beside it has to be looked at by a person.
    """
    known = {number for text in shown for number in _NUMBER.findall(text)}
    undated = [_DATES.sub(" ", text) for text in words]
    figures = (number.rstrip(",") for text in undated for number in _NUMBER.findall(text))
    spelled = (number.lower() for text in undated for number in _IN_WORDS.findall(text))
    return tuple(dict.fromkeys([*(number for number in figures if number not in known), *spelled]))
