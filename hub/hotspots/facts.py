"""The facts of one overlay: what was asked, what it is made of, what was found, and what each of these is called.

It neither reads nor writes anything, and judges nothing.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import pandas as pd

from geo.harm import WeightSet
from geo.hotspots import NOT_TESTED
from hub.hotspots.checking import ALL_CRIME, Question
from hub.hotspots.scoring import CELLS_IN_A_NEIGHBOURHOOD, TESTING, Method, Scores, Units, is_cold, is_hot
from hub.hotspots.wording import inside_sentence, said_baseline, said_months
from hub.words import date_name, month_code


@dataclass(frozen=True)
class VersionUsed:
    """One borough's version of the data that an overlay was made from."""

    borough_code: str
    borough_name: str
    public_id: str
    number: int
    extract_date: dt.date


@dataclass(frozen=True)
class Gap:
    """Months of the period for which a borough has no data."""

    borough_code: str
    borough_name: str
    months: tuple[dt.date, ...]
    is_left_out: bool
    """Whether it has none at all, so that the borough is in no figure."""


@dataclass(frozen=True)
class CarriedOver:
    """Months of a dataset that were counted on other wards than those shown."""

    title: str
    boundary_set: str
    months: tuple[dt.date, ...]


@dataclass(frozen=True)
class Beside:
    """What the police figures are set beside: another agency's dataset, counted in the same months."""

    dataset: str
    title: str
    versions: tuple[VersionUsed, ...]
    provisional: tuple[dt.date, ...]

    @property
    def topic(self) -> str:
        """What it counts, as it stands inside a sentence: `ambulance calls`."""
        return inside_sentence(self.title.partition(",")[0].partition(" (")[0])


@dataclass(frozen=True)
class Facts:
    """What was found of one area, unit by unit, with where every figure comes from."""

    question: Question
    area_slug: str
    area_name: str
    area_key: str
    category: str
    months: tuple[dt.date, ...]
    """The months counted: those of the period that every borough with any data in it has."""
    months_before: tuple[dt.date, ...]
    """For a change, the months that they are compared with, one for each; otherwise none."""
    gaps: tuple[Gap, ...]
    provisional: tuple[dt.date, ...]
    dataset: str
    dataset_title: str
    measure: str
    has_points: bool
    versions: tuple[VersionUsed, ...]
    boundary_set: str
    """Its code: the wards counted, or those that say where a square lies."""
    boundary_set_before: str
    """For a change, the wards that the months before were counted on; otherwise blank."""
    denominator: str
    """Source and year of the residents; blank where none are known."""
    attribution: str
    scores: Scores
    table: pd.DataFrame
    """One row a unit, by ward code or cell: `label`, `count` and what applies of `ward_name, borough_code,
    borough_name, population, rate_per_1000, with_neighbours, z, count_before, difference, ratio, ratio_lower,
    ratio_upper, latest_count, hot_months, shared_out, harm, harm_per_1000, harm_capped, largest_share, count_beside,
    z_beside, p_beside, q_beside, p, q, density, class, west, south`; NaN where nothing is known."""
    outlines: gpd.GeoSeries
    """Of the units, EPSG:27700, in the order of the table."""
    inputs: dict[str, Any]
    """All that the scores were made from."""
    inputs_hash: str
    is_kept: bool
    """Whether this was worked out before and read back."""
    weight_set: WeightSet | None = None
    """What harm was weighed by; None for all else."""
    beside: Beside | None = None
    """The other agency, where two are compared."""
    carried_over: tuple[CarriedOver, ...] = ()
    """What was counted on other wards; `shared_out` of the table is what came from wards that were split."""
    set_aside: tuple[dt.date, ...] = ()
    """Months left out since they were counted on other wards."""

    # --- What was asked ---

    @property
    def units(self) -> Units:
        """Wards or cells."""
        return self.question.units

    @property
    def method(self) -> Method:
        """What is said of each unit, besides its count."""
        return self.question.method

    @property
    def cell_metres(self) -> int | None:
        """Side of a square; None for wards."""
        return self.scores.cell_metres

    @property
    def bandwidth_metres(self) -> float | None:
        """Radius of the density's kernel; None for all else."""
        return self.scores.bandwidth_metres

    @property
    def unplaced(self) -> int:
        """Incidents in no unit."""
        return self.scores.unplaced

    @property
    def flags_by_chance(self) -> float | None:
        """How many units chance alone would flag as hot, or as changed; None where nothing was flagged."""
        return self.scores.flags_by_chance

    # --- What was found ---

    @property
    def total(self) -> int:
        """Every incident counted, placed or not."""
        return int(self.table["count"].sum()) + self.unplaced

    @property
    def total_beside(self) -> int:
        """Every incident of the other agency, placed or not; 0 where none is set beside."""
        return int(self.table["count_beside"].sum()) + self.scores.unplaced_beside if self.beside else 0

    @property
    def known(self) -> pd.DataFrame:
        """The units of which something is known."""
        return self.table[self.table["count"].notna()]

    @property
    def tested(self) -> int:
        """How many units were tested together; 0 where none could be."""
        return int((self.table["class"] != NOT_TESTED).sum()) if self.method in TESTING else 0

    @property
    def hot(self) -> pd.DataFrame:
        """The hotspots, strongest first."""
        return self.table[is_hot(self.table)].sort_values("z", ascending=False, kind="stable")

    @property
    def cold(self) -> pd.DataFrame:
        """The units quieter than chance would explain, quietest first."""
        return self.table[is_cold(self.table)].sort_values("z", kind="stable")

    @property
    def shared_out(self) -> pd.Series[float]:
        """Of each ward's figure, the part that came from older wards that were split; 0 where nothing is known."""
        if "shared_out" not in self.table:
            return pd.Series(0.0, self.table.index)
        figures = self.table["count"] + (self.table["count_beside"] if self.beside else 0)
        return (self.table["shared_out"] / figures.where(figures > 0)).fillna(0).clip(upper=1)

    @property
    def data_to(self) -> dt.date:
        """The last month counted."""
        return self.months[-1]

    @property
    def extracts(self) -> tuple[dt.date, ...]:
        """The days on which the figures were drawn from their source."""
        return _extracts_of(self.versions)

    # --- Its words ---

    @property
    def topic(self) -> str:
        """The category as it stands inside a sentence."""
        return inside_sentence(self.category)

    @property
    def offences(self) -> str:
        """What is counted, as it stands inside a sentence."""
        return self.measure if self.category == ALL_CRIME else f"{self.measure} of {self.topic}"

    @property
    def unit(self) -> str:
        """What one unit is called."""
        return "ward" if self.units is Units.WARDS else "small area"

    @property
    def its_neighbours(self) -> str:
        """What a unit is looked at together with."""
        if self.units is Units.WARDS:
            return "the wards that touch it"
        return f"the {CELLS_IN_A_NEIGHBOURHOOD - 1} squares of {self.cell_metres} m around it"

    @property
    def period_words(self) -> str:
        """`the 12 months to January 2026`."""
        return said_months(self.months)

    @property
    def baseline_words(self) -> str:
        """`the same months a year before (the 12 months to January 2025)`; blank unless periods are compared."""
        if not self.months_before:
            return ""
        return f"{said_baseline(self.months, self.months_before)} ({said_months(self.months_before)})"

    @property
    def weighed_in(self) -> str:
        """What harm is measured in; blank for all else."""
        return self.weight_set.unit if self.weight_set else ""

    @property
    def weights_words(self) -> str:
        """By what harm was weighed: name, version, date and source; blank for all else."""
        if self.weight_set is None:
            return ""
        used = self.weight_set
        return f"{used.name}, version {used.version} of {date_name(used.dated)} ({used.source})"

    @property
    def source_words(self) -> str:
        """What it was made from: datasets, extracts, boundary set and weights."""
        made_of = [_with_extracts(self.dataset_title, self.extracts)]
        if self.beside is not None:
            made_of.append(_with_extracts(self.beside.title, _extracts_of(self.beside.versions)))
        made_of += [f"{self.boundary_set} wards"] if self.boundary_set else []
        made_of += [f"weights: {self.weights_words}"] if self.weight_set else []
        return "; ".join(made_of)

    @property
    def name(self) -> str:
        """A short name for files: `central-north-burglary-2025-02-to-2026-01-wards-gi_star`."""
        topic = "".join(letter if letter.isalnum() else "-" for letter in self.category.casefold())
        topic = "-".join(part for part in topic.split("-") if part)
        span = f"{month_code(self.months[0])}-to-{month_code(self.months[-1])}"
        other = f"-{self.beside.dataset}" if self.beside else ""
        return f"{self.area_slug}-{topic}-{span}-{self.units}-{self.method}{other}"


def _extracts_of(versions: tuple[VersionUsed, ...]) -> tuple[dt.date, ...]:
    return tuple(sorted({version.extract_date for version in versions}))


def _with_extracts(title: str, drawn: tuple[dt.date, ...]) -> str:
    extract = f"extract of {date_name(drawn[0])}" if len(drawn) == 1 else f"extracts up to {date_name(drawn[-1])}"
    return f"{title}, {extract}"
