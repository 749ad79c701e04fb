"""How each class of a map looks: its colour and its hatching, as the style sheet of the page says, and nowhere else.

For what is drawn without a browser. Reads the style sheet once; draws nothing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

_STYLES = Path(__file__).parents[1] / "static" / "map.css"
_RULE = re.compile(r"([^{}]+)\{([^{}]*)\}")
_CLASS = re.compile(r"\.overlay-swatch--([\w-]+)")
PLAIN = ""
SLANTING = "slanting"


@dataclass(frozen=True)
class Look:
    """A colour, and how it is hatched with white: not at all, or by the name of a pattern."""

    colour: str
    pattern: str


UNKNOWN = Look("#ffffff", PLAIN)


@cache
def looks() -> dict[str, Look]:
    """Read the look of every class, by its key."""
    colours: dict[str, str] = {}
    patterns: dict[str, str] = {}
    for selectors, body in _RULE.findall(_STYLES.read_text("utf-8")):
        said = dict(part.split(":", 1) for part in body.split(";") if ":" in part)
        said = {name.strip(): value.strip() for name, value in said.items()}
        for key in _CLASS.findall(selectors):
            if "background-color" in said:
                colours[key] = said["background-color"]
            if said.get("--hatched") == "1":
                patterns[key] = said.get("--pattern", SLANTING)
    return {key: Look(colour, patterns.get(key, PLAIN)) for key, colour in colours.items()}


def look_of(key: str) -> Look:
    """The look of a class; white where the style sheet gives it none."""
    return looks().get(key, UNKNOWN)
