"""From hot squares or wards of many categories to the few places worth a commander's time, in the order of their news.

Pure: tables of followed units in, places out. It words nothing and knows no borough.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from scipy.sparse.csgraph import connected_components

from geo.boundaries import queen_neighbours
from geo.frames import FloatArray, Geometry
from geo.hotspots import benjamini_hochberg
from hub.hotspots.emergence import Q_AT_MOST

PLACES_SHOWN = 3
LEAST_IN_A_MONTH = 5
"""A place with fewer is not worth a patrol, whatever the odds against it."""
_FADING = 1
_RANK = {
    "new": 0,
    "consecutive": 0,
    "diminishing": _FADING,
    "historical": _FADING,
    "intensifying": 2,
    "persistent": 3,
    "oscillating": 4,
    "sporadic": 4,
}
"""What has lately come leads, then what is fading, each pair alike."""
_SQUARE = re.compile(r"(\d{1,5})m-E(-?\d{1,7})-N(-?\d{1,7})")


@dataclass(frozen=True)
class Followed:
    """One category as its units were followed: the hot ones whole, and of all that were tested the last month's p."""

    category: str
    is_part: bool
    """Whether it is a part of another that was followed too, as an offence group is of all recorded crime."""
    hot: gpd.GeoDataFrame
    """`ward_name, count, latest_count, hot_months, z, p` and `class`, by unit, EPSG:27700."""
    p: FloatArray
    months: int


@dataclass(frozen=True)
class Place:
    """One piece of ground that is hot for one category: neighbouring hot units together.

    Attributes
    ----------
    units : tuple of str
        Names of squares or codes of wards, the strongest first.
    easting, northing : float
        The middle of the strongest.
    kind : str
        That of the unit that has been hot longest, of those hot in the last month if any is: a place is as old as its
        oldest part.
    hot_months : int
        Of the unit that gives the kind.
    latest_count, average_count : float
        Of all units, in the last month and in an average one.
    z : float
        Of the strongest unit in the last month.
    also : tuple
        What else is flagged on the same ground, less newsworthy: category and kind.
    """

    category: str
    kind: str
    units: tuple[str, ...]
    easting: float
    northing: float
    ward_name: str
    hot_months: int
    latest_count: int
    average_count: float
    z: float
    also: tuple[tuple[str, str], ...] = ()

    @property
    def unit(self) -> str:
        """The strongest, by which the place is called."""
        return self.units[0]


@dataclass(frozen=True)
class Findings:
    """Every place found, most newsworthy first, and what was tested to find them."""

    places: tuple[Place, ...]
    tested: int
    """Units of all categories, in the last month."""
    hot: int
    """Of those, hot in the last month when all are corrected together."""
    flags_by_chance: float
    """Of those, how many chance alone would give."""


def find_places(followed: Sequence[Followed], *, is_two_sided: bool) -> Findings:
    """Find the places of all categories, and choose one for each piece of ground.

    All that was tested in the last month, of every category, is corrected together (Benjamini–Hochberg): looking at
    fifteen maps instead of one gives chance fifteen times the opportunity. What was hot nearly always but not in the
    last month stands on two years, and on no single test of that month.

    Parameters
    ----------
    followed : sequence of Followed
        What each category's units were found to be.
    is_two_sided : bool
        Whether the p-values look for quiet units too, as those of wards do.
    """
    p = np.concatenate([one.p for one in followed]) if followed else np.empty(0)
    p = p[~np.isnan(p)]
    q = benjamini_hochberg(p)
    largest = float(p[q <= Q_AT_MOST].max(initial=-1.0))
    found: list[tuple[Place, bool, Geometry]] = []
    hot = 0
    for one in followed:
        is_past = one.hot["class"] == "historical_hot"
        standing = one.hot[is_past | (one.hot["p"] <= largest)]
        hot += int((standing["class"] != "historical_hot").sum())
        worth_it = (each for each in _places(one, standing) if _in_a_month(each[0]) >= LEAST_IN_A_MONTH)
        found += [(place, one.is_part, ground) for place, ground in worth_it]
    found.sort(key=lambda each: (_RANK[each[0].kind], not each[1], -each[0].z))
    return Findings(
        places=tuple(_one_for_each_ground((place, ground) for place, _, ground in found)),
        tested=int(p.size),
        hot=hot,
        flags_by_chance=max(largest, 0.0) * p.size / (2 if is_two_sided else 1),
    )


def _places(followed: Followed, hot: gpd.GeoDataFrame) -> list[tuple[Place, Geometry]]:
    """Join neighbouring hot units of one category."""
    if hot.empty:
        return []
    _, labels = connected_components(queen_neighbours(hot), directed=False)
    found = []
    for _, units in hot.groupby(labels):
        now = units[units["class"] != "historical_hot"]
        strongest = units.sort_values("z", ascending=False, kind="stable")
        oldest = (units if now.empty else now).sort_values(["hot_months", "z"], ascending=False, kind="stable").iloc[0]
        middle = strongest.geometry.iloc[0].representative_point()
        place = Place(
            category=followed.category,
            kind=str(oldest["class"]).removesuffix("_hot"),
            units=tuple(map(str, strongest.index)),
            easting=float(middle.x),
            northing=float(middle.y),
            ward_name=str(strongest["ward_name"].iloc[0]),
            hot_months=int(oldest["hot_months"]),
            latest_count=int(units["latest_count"].sum()),
            average_count=float(units["count"].sum()) / followed.months,
            z=float(strongest["z"].iloc[0]),
        )
        found.append((place, shapely.union_all(units.geometry.to_numpy())))
    return found


def _in_a_month(place: Place) -> float:
    """How many incidents a place has, or had before it began to fade."""
    return place.average_count if _RANK[place.kind] == _FADING else place.latest_count


def place_around(followed: Followed, unit: str) -> Place | None:
    """Find the place that a unit is part of, however few it has; None where the unit is not hot."""
    return next((place for place, _ in _places(followed, followed.hot) if unit in place.units), None)


def _one_for_each_ground(found: Iterable[tuple[Place, Geometry]]) -> list[Place]:
    """Keep the first place on each piece of ground; the rest of what is flagged there is said with it."""
    leading: list[tuple[Place, Geometry]] = []
    for place, ground in found:
        shared = next((at for at, (_, taken) in enumerate(leading) if _overlap(taken, ground)), None)
        if shared is None:
            leading.append((place, ground))
            continue
        first, taken = leading[shared]
        if place.category not in {first.category, *(category for category, _ in first.also)}:
            leading[shared] = (replace(first, also=(*first.also, (place.category, place.kind))), taken)
    return [place for place, _ in leading]


def _overlap(one: Geometry, other: Geometry) -> bool:
    """Whether two pieces share ground, and not only an edge or a corner."""
    return bool(shapely.intersects(one, other) and not shapely.touches(one, other))


def months_to_skip(place: Place) -> int:
    """How many months before the last say nothing of what was usual before a place became a hotspot.

    A month is scored together with the one before, so that the run of hot months may have begun a month earlier.
    """
    return place.hot_months if place.kind in {"new", "consecutive"} else 0


# --- Squares by name -------------------------------------------------------------------------------------------------


def square_of(name: str) -> tuple[int, int, int] | None:
    """Read the side and the south-west corner of a square from its name; None where it is no such name."""
    read = _SQUARE.fullmatch(name)
    return (int(read[1]), int(read[2]), int(read[3])) if read and int(read[1]) else None


def share_ground(unit: str, units: Iterable[str]) -> bool:
    """Whether a unit is one of several, or as a square touches or overlaps one of them, though of another size."""
    square = square_of(unit)
    if square is None:
        return unit in set(units)
    return any(_meet(square, other) for other in map(square_of, units) if other is not None)


def _meet(one: tuple[int, int, int], other: tuple[int, int, int]) -> bool:
    (side, west, south), (its_side, its_west, its_south) = one, other
    return (
        its_west <= west + side
        and west <= its_west + its_side
        and its_south <= south + side
        and south <= its_south + its_side
    )


def in_squares(points: pd.DataFrame, units: Sequence[str]) -> pd.Series[bool]:
    """Say which points lie in any of some squares of one size; each holds its west and south edge."""
    squares = [square for square in map(square_of, units) if square is not None]
    side = squares[0][0]
    corners = {(west, south) for _, west, south in squares}
    west, south = (np.floor_divide(points[name], side) * side for name in ("easting", "northing"))
    inside = [corner in corners for corner in zip(west, south, strict=True)]
    return pd.Series(inside, index=points.index, dtype=bool)
