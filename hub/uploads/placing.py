"""What is meant by a place: the places there are, how a row is found to lie in one, and what may become of it.

Pure. The borough always follows from the ward, never from a label.
"""

from __future__ import annotations

import calendar
import datetime as dt
import re
import unicodedata
from dataclasses import dataclass, field
from enum import StrEnum

import polars as pl

MIXED = "mixed_boundary_sets"
"""What is wrong with every ward of a file that has the wards of several editions: told once, of the file."""
PLACES = ("ward_code", "ward_name", "lsoa_code", "outward", "borough")
"""The fields that name a place."""

_SHARED = {"ward_code": pl.String, "borough_code": pl.String, "share": pl.Float64}
LSOA_COLUMNS = {"boundary_set_id": pl.Int64, "lsoa_code": pl.String, **_SHARED}
OUTWARD_COLUMNS = {"boundary_set_id": pl.Int64, "outward_code": pl.String, **_SHARED}
"""Of areas that lie in a ward by a share from 0 to 1."""


class Fate(StrEnum):
    """What becomes of a row."""

    PLACED = "placed"
    UNPLACED = "unplaced"
    OUTSIDE = "outside"
    FAULTY = "faulty"


class Method(StrEnum):
    """How a row's ward, or at least its borough, was found."""

    CODE = "code"
    LSOA = "lsoa"
    POINT = "point"
    NAME_IN_BOROUGH = "name_in_borough"
    NAME = "name"
    SIMILAR_NAME = "similar_name"
    OLDER_CODE = "older_code"
    OUTWARD = "outward"
    BOROUGH = "borough"

    @property
    def words(self) -> str:
        """The method as a person reads it."""
        return {
            "code": "By the ward's code",
            "lsoa": "By the small area's code",
            "point": "By coordinates",
            "name_in_borough": "By the ward's name and borough",
            "name": "By the ward's name alone",
            "similar_name": "By a ward's name that is nearly the same",
            "older_code": "By a ward of another edition",
            "outward": "By the postcode district",
            "borough": "By the borough",
        }[self]


@dataclass(frozen=True)
class Geography:
    """The places a file may speak of.

    `sets` has boundary_set_id, boundary_set and in_force_from; `wards` boundary_set_id, ward_code, ward_name and
    borough_code; `boroughs` borough_code and borough_name; the last two may have `outline`: well-known binary in metres
    on the National Grid, which points need. `lsoas` has boundary_set_id, lsoa_code, ward_code, borough_code and share,
    from 0 to 1; `outwards` the same with outward_code.
    """

    sets: pl.DataFrame
    wards: pl.DataFrame
    boroughs: pl.DataFrame
    lsoas: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=LSOA_COLUMNS))
    outwards: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=OUTWARD_COLUMNS))

    def wards_of(self, boundary_set_id: int | None) -> pl.DataFrame:
        """The wards of one boundary set; none where there is no set."""
        if boundary_set_id is None:
            return self.wards.clear()
        return self.wards.filter(pl.col("boundary_set_id") == boundary_set_id)

    @property
    def has_outlines(self) -> bool:
        """Whether areas can be compared on the ground."""
        return "outline" in self.wards.columns


def plain_name(words: str) -> str:
    """A place name as it is compared: composed, trimmed, whatever its case, with "and" for &."""
    plain = unicodedata.normalize("NFC", words).casefold().replace("&", " and ")
    return re.sub(r"[\s\u00a0-]+", " ", re.sub("[’'.]", "", plain)).strip()


def in_force(sets: pl.DataFrame, last_month: dt.date) -> int | None:
    """Find the newest boundary set in force by the end of a month; the oldest there is, where all are later."""
    if sets.is_empty():
        return None
    end = last_month.replace(day=calendar.monthrange(last_month.year, last_month.month)[1])
    by_age = sets.sort("in_force_from")
    begun = by_age.filter(pl.col("in_force_from") <= end)
    return int(begun["boundary_set_id"][-1] if begun.height else by_age["boundary_set_id"][0])
