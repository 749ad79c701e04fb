"""What may be chosen in a problem's record: kinds of problem, bodies, premises and the 25 techniques. Data."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files


@dataclass(frozen=True)
class Technique:
    """One of the 25 techniques of situational prevention."""

    number: int
    """1 to 25."""
    group: str
    name: str
    example: str


@dataclass(frozen=True)
class Choices:
    """All that may be chosen, by key."""

    version: str
    kinds: Mapping[str, str]
    bodies: Mapping[str, str]
    premises: Mapping[str, str]
    phases: Mapping[str, str]
    """Of a plan in phases, in order."""
    techniques: Mapping[int, Technique]

    @property
    def techniques_by_group(self) -> Mapping[str, list[Technique]]:
        """The five groups in order, each with its techniques."""
        groups: dict[str, list[Technique]] = {}
        for technique in self.techniques.values():
            groups.setdefault(technique.group, []).append(technique)
        return groups


@cache
def choices() -> Choices:
    """What the hub ships."""
    read = tomllib.loads(files("hub.problems").joinpath("choices.toml").read_text("utf-8"))
    lines = [(one["group"], name, example) for one in read["techniques"] for name, example in one["names"]]
    techniques = {number: Technique(number, *line) for number, line in enumerate(lines, start=1)}
    return Choices(read["version"], read["kinds"], read["bodies"], read["premises"], read["phases"], techniques)
