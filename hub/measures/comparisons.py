"""With what a borough may compare a measure: data with a source, read from TOML. Pure; works out no figure."""

from __future__ import annotations

import datetime as dt
import tomllib
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib.resources import files

from hub.measures.definitions import Measure
from hub.words import parse_month


class Against(StrEnum):
    """How a comparison is worked out."""

    BEFORE = "before"
    BASELINE = "baseline"
    ALIKE = "alike"
    AREA = "area"
    PUBLISHED = "published"


@dataclass(frozen=True)
class Comparison:
    """One thing to compare a borough's figure with, named, and where it comes from."""

    code: str
    title: str
    against: Against
    source: str
    to_verify: str = ""
    """What of this was not checked in its source; empty where all of it was."""
    last_month: dt.date | None = None
    """Of a baseline: with which its year ends."""
    measure: str = ""
    """Of a published rate: the code of the only measure that it is of."""
    place: str = ""
    """Of a published rate: where and when."""
    rate: float | None = None
    """Of a published rate: per 1,000 of `denominator`."""
    denominator: str = ""

    def fits(self, measure: Measure) -> bool:
        """Whether a measure may be compared with it: a published rate is of one measure alone."""
        return self.measure in {"", measure.code}


@cache
def known() -> dict[str, Comparison]:
    """Read what comes with the hub, by code."""
    text = files("hub.measures").joinpath("shipped", "comparisons.toml").read_text("utf-8")
    found = [
        Comparison(
            **{
                **table,
                "against": Against(table["against"]),
                "last_month": parse_month(table["last_month"]) if "last_month" in table else None,
            }
        )
        for table in tomllib.loads(text)["comparisons"]
    ]
    return {one.code: one for one in found}


def usual(*, area_is_told: bool) -> Comparison:
    """With what a measure is compared unless its borough chose otherwise: the whole police area, where that is told."""
    return known()["area" if area_is_told else "before"]
