"""How often the maps flag something in cities without structure, against the rate that their pages state.

The fictional city's counts are dealt out at random and scored by the very functions that score the maps. No database.
"""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from functools import cached_property
from multiprocessing import get_context
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from geo import boundaries
from geo.evaluation import hit_rate_interval
from geo.frames import FloatArray, Geometry, IntArray
from geo.grid import square_grid
from hub.demo.city import LATER, build_city
from hub.demo.generate import DEFAULT_SEED
from hub.demo.incidents import record
from hub.demo.planted import MONTHS
from hub.demo.streets import build_streets
from hub.hotspots import changes, emergence, scoring
from hub.hotspots.changes import FALLEN, RISEN
from hub.hotspots.scoring import Method, Scores

STATED = 0.05
"""Where nothing is to be found every flag is a false discovery, so a false discovery rate is a share of cities."""
YEAR, FOLLOWED = 12, emergence.MONTHS_FOLLOWED
CATEGORIES = {"All recorded crime": None, "Robbery": "ROBBERY"}
"""One busy, one sparse: chance has other ways with each."""
MOVED_TO_METRES = 50
CITIES_BETWEEN_REPORTS = 20

Say = Callable[[str], None]
Flags = dict[tuple[str, str, str], int]
"""How many units were flagged, by units, method and category."""


@dataclass(frozen=True)
class Rate:
    """How often one layer flagged anything."""

    units: str
    method: str
    category: str
    dealt: str
    cities: int
    with_flags: int
    lower: float
    upper: float
    mean_flags: float
    stated: float = STATED

    @property
    def is_held(self) -> bool:
        """Whether the stated rate could be the true one, or the true one is below it."""
        return self.lower <= self.stated


@dataclass(frozen=True)
class FalseFlags:
    """How often each layer flagged anything."""

    cities: int
    seed: int
    rates: tuple[Rate, ...]

    @property
    def is_held(self) -> bool:
        """Whether every stated rate holds."""
        return all(rate.is_held for rate in self.rates)

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        methods = [
            asdict(rate) | {"share": rate.with_flags / rate.cities, "holds": rate.is_held} for rate in self.rates
        ]
        return {"cities": self.cities, "seed": self.seed, "methods": methods, "holds": self.is_held}

    def lines(self) -> list[str]:
        """For a person."""
        lines = [f"{self.cities} cities without structure, seed {self.seed}. Cities with any flag, by 95% interval:"]
        for rate in self.rates:
            share = rate.with_flags / rate.cities
            lines.append(
                f"  {rate.units:<6}{rate.method:<9}{rate.category:<20}{share:6.1%}  ({rate.lower:.1%} to "
                f"{rate.upper:.1%})  stated {rate.stated:.0%} at most  {rate.mean_flags:6.2f} flags a city  "
                f"{'holds' if rate.is_held else 'IS HIGHER'}"
            )
        return [*lines, "How they were dealt:", *(f"  {key}: {words}" for key, words in DEALT.items())]


DEALT = {
    "wards gi_star": "each ward's count of a year goes to a ward drawn at random, each count once",
    "cells gi_star": "each map point, with all its incidents of a year, is moved to anywhere in the city",
    "wards change": "each incident of two years falls in either year by its days, and stays in its ward",
    "cells change": "each incident of two years falls in either year by its days, and stays at its map point",
    "wards emerging": "each ward's count of a month goes to a ward and one of 24 months drawn at random, each once",
    "cells emerging": "each map point, with its incidents of a month, is moved anywhere and to any of 24 months",
}
"""Counts stay as uneven as they were; only where (or when) they are has no structure left."""


@dataclass(frozen=True)
class Ground:
    """What is dealt out, and over what: the last two years of the city by map point and month, and its wards."""

    wards: gpd.GeoDataFrame
    outline: Geometry
    points: dict[str, pd.DataFrame]
    """By category: `easting, northing, ward_code, month, count`, a row for each map point and month with any."""

    @cached_property
    def spots(self) -> FloatArray:
        """The south-west corners of the small squares that the city is made up of."""
        squares = square_grid(self.outline, cell_metres=MOVED_TO_METRES)
        row, column = np.nonzero(squares.mask)
        corners = np.column_stack([squares.origin_easting + column * 1.0 * MOVED_TO_METRES, 0.0 * row])
        corners[:, 1] = squares.origin_northing + row * MOVED_TO_METRES
        return corners


def measure(cities: int, seed: int, say: Say, *, processes: int | None = None) -> FalseFlags:
    """Deal out so many cities, and count what is flagged in them.

    Parameters
    ----------
    cities, seed
        How many; the same seed gives the same cities, on however many processors.
    say
        Told how far it is.
    processes
        As many as there are processors unless given.
    """
    say("Building the fictional city …")
    ground = the_ground()
    found = []
    workers = min(processes or os.cpu_count() or 1, cities)
    with ProcessPoolExecutor(workers, get_context("spawn"), _remember, (ground, seed)) as pool:
        for number, flags in enumerate(pool.map(_flags_of_city, range(cities)), start=1):
            found.append(flags)
            if number % CITIES_BETWEEN_REPORTS == 0:
                say(f"{number} of {cities} cities")
    return FalseFlags(cities, seed, tuple(_rates(found)))


def the_ground() -> Ground:
    """Take the fictional city apart into what is dealt out and where."""
    city = build_city(DEFAULT_SEED)
    streets = build_streets(city)
    offences = record(city, streets).offences
    months = [str(month) for month in MONTHS[-FOLLOWED:]]
    recent = offences[offences["point"].notna() & offences["month"].isin(months)]
    wards = city.wards[LATER].set_index("ward_code")
    points = {}
    for name, group in CATEGORIES.items():
        chosen = recent if group is None else recent[recent["offence_group"] == group]
        counted = chosen.groupby(["point", "month"]).size().rename("count").reset_index()
        at = streets.iloc[counted["point"].astype(int)]
        points[name] = pd.DataFrame(
            {
                "easting": at["easting"].to_numpy(),
                "northing": at["northing"].to_numpy(),
                "ward_code": at[f"ward_{LATER}"].to_numpy(),
                "month": [dt.date.fromisoformat(f"{month}-01") for month in counted["month"]],
                "count": counted["count"].to_numpy(),
            }
        )
    return Ground(wards[["ward_name", "borough_code", "geometry"]], boundaries.outline(city.boroughs), points)


def flags_of(ground: Ground, seed: int, number: int) -> Flags:
    """Deal out one city for each layer, and count what the layer flags."""
    flags: Flags = {}
    for which, (category, points) in enumerate(ground.points.items()):
        for layer, score in enumerate(LAYERS):
            random = np.random.default_rng([seed, number, which, layer])
            units, method = score.__name__.removeprefix("_").split("_", 1)
            flags[units, method, category] = _flagged(score(ground, points, random))
    return flags


def _rates(found: list[Flags]) -> Iterator[Rate]:
    for units, method, category in found[0]:
        flags = np.array([city[units, method, category] for city in found])
        with_flags = int((flags > 0).sum())
        lower, upper = (float(end) for end in hit_rate_interval(with_flags, len(found)))
        dealt = DEALT[f"{units} {method}"]
        yield Rate(units, method, category, dealt, len(found), with_flags, lower, upper, float(flags.mean()))


def _flagged(scores: Scores) -> int:
    """How many units are called anything, or had any hot month: for kinds of hotspot, months are tested."""
    classes = scores.table["class"]
    is_flagged = classes.isin([RISEN, FALLEN]) | classes.str.startswith(("hot", "cold"))
    if "hot_months" in scores.table:
        is_flagged = classes.str.endswith(("_hot", "_cold")) | (scores.table["hot_months"] > 0)
    return int(is_flagged.sum())


# --- One city for each layer -----------------------------------------------------------------------------------------


def _wards_gi_star(ground: Ground, points: pd.DataFrame, random: np.random.Generator) -> Scores:
    counts = _by_ward(ground, _last_year(points))
    counts[:] = random.permutation(counts.to_numpy())
    return scoring.score_wards(ground.wards, counts, total=int(counts.sum()), method=Method.GI_STAR)


def _cells_gi_star(ground: Ground, points: pd.DataFrame, random: np.random.Generator) -> Scores:
    places = _last_year(points).groupby(["easting", "northing"])["count"].sum().reset_index()
    moved = _moved(ground, places, random)
    return scoring.score_cells(
        moved, ground.outline, ground.wards, total=int(moved["count"].sum()), method=Method.GI_STAR
    )


def _wards_change(ground: Ground, points: pd.DataFrame, random: np.random.Generator) -> Scores:
    before, now, ratio = _two_years(points, random)
    earlier, later = _by_ward(ground, before), _by_ward(ground, now)
    return changes.compare_wards(ground.wards, earlier, later, total=int(later.sum()), exposure_ratio=ratio)


def _cells_change(ground: Ground, points: pd.DataFrame, random: np.random.Generator) -> Scores:
    before, now, ratio = _two_years(points, random)
    total = int(now["count"].sum())
    return changes.compare_cells(before, now, ground.outline, ground.wards, total=total, exposure_ratio=ratio)


def _wards_emerging(ground: Ground, points: pd.DataFrame, random: np.random.Generator) -> Scores:
    counts = points.groupby(["ward_code", "month"])["count"].sum().unstack("month")
    counts = counts.reindex(ground.wards.index).fillna(0)
    counts[:] = random.permutation(counts.to_numpy().ravel()).reshape(counts.shape)
    return emergence.follow_wards(ground.wards, counts, total=int(counts.to_numpy().sum()))


def _cells_emerging(ground: Ground, points: pd.DataFrame, random: np.random.Generator) -> Scores:
    months = sorted(set(points["month"]))
    moved = _moved(ground, points, random)
    moved["month"] = random.choice(np.array(months), len(moved))
    return emergence.follow_cells(moved, months, ground.outline, ground.wards, total=int(moved["count"].sum()))


LAYERS: tuple[Callable[[Ground, pd.DataFrame, np.random.Generator], Scores], ...] = (
    _wards_gi_star,
    _cells_gi_star,
    _wards_change,
    _cells_change,
    _wards_emerging,
    _cells_emerging,
)
"""Each named for its units and method."""


def _last_year(points: pd.DataFrame) -> pd.DataFrame:
    return points[points["month"].isin(sorted(set(points["month"]))[-YEAR:])]


def _by_ward(ground: Ground, points: pd.DataFrame) -> pd.Series[float]:
    return points.groupby("ward_code")["count"].sum().reindex(ground.wards.index, fill_value=0).astype(float)


def _moved(ground: Ground, points: pd.DataFrame, random: np.random.Generator) -> pd.DataFrame:
    """Move each place to anywhere in the city, with all that is counted there."""
    chosen: IntArray = random.integers(len(ground.spots), size=len(points))
    easting, northing = (ground.spots[chosen] + random.uniform(0, MOVED_TO_METRES, (len(points), 2))).T
    return pd.DataFrame({"easting": easting, "northing": northing, "count": points["count"].to_numpy()})


def _two_years(points: pd.DataFrame, random: np.random.Generator) -> tuple[pd.DataFrame, pd.DataFrame, float]:
    months = sorted(set(points["month"]))
    days, days_before = changes.days_of(months[-YEAR:]), changes.days_of(months[:-YEAR])
    both = points.groupby(["easting", "northing", "ward_code"], as_index=False)["count"].sum()
    now = random.binomial(both["count"], days / (days + days_before))
    return both.assign(count=both["count"] - now), both.assign(count=now), days / days_before


# --- In processes of their own ---------------------------------------------------------------------------------------

_REMEMBERED: list[tuple[Ground, int]] = []


def _remember(ground: Ground, seed: int) -> None:
    _REMEMBERED[:] = [(ground, seed)]


def _flags_of_city(number: int) -> Flags:
    [(ground, seed)] = _REMEMBERED
    return flags_of(ground, seed, number)
