"""The map points of the fictional city: where on its streets things happen, and what each place is like.

A fixed list, like the one that data.police.uk moves every record to. A pure function of the city and its seed.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
import shapely

from hub.demo import names
from hub.demo.city import EARLIER, LATER, City, place
from hub.demo.ground import Flags, Floats, points_at, stream, waves

_STREETS = 1_650
_PACE_METRES = 75.0
_CLEAR_OF_BOUNDARY_METRES = 8.0
_CLEAR_OF_EACH_OTHER_METRES = 30.0
PLACES: Mapping[str, Mapping[str, float]] = {
    "homes": {"residents": 0.85, "visitors": 0.15},
    "mixed": {"residents": 0.5, "visitors": 0.3, "nightlife": 0.2},
    "crowds": {"visitors": 0.65, "nightlife": 0.15, "shops": 0.05, "residents": 0.15},
    "night": {"nightlife": 0.35, "visitors": 0.2, "residents": 0.45},
    "shops": {"shops": 0.75, "visitors": 0.25},
    "vehicles": {"parking": 0.85, "visitors": 0.15},
}
"""What draws each sort of incident, and how strongly."""

_LANDMARKS = {
    "shops": ("Supermarket", "Shopping Area"),
    "nightlife": ("Nightclub", "Theatre/concert Hall"),
    "parking": ("Parking Area", "Petrol Station"),
    "visitors": ("Bus/coach Station", "Further/higher Educational Building", "Hospital"),
}
"""What data.police.uk calls a point that stands for a place rather than a street, by what draws people to it."""


def build_streets(city: City) -> pd.DataFrame:
    """Lay the streets and describe each map point.

    Columns: easting, northing, heading (radians), street, location (as data.police.uk words it), ward_<year> for each
    boundary set, borough_code, how strongly the point draws `residents`, `visitors`, `shops`, `nightlife` and `parking`
    (each with mean 1), and chance_<place>: how likely it is to be the place of an incident of each sort in PLACES.
    """
    rng = stream(city.seed, "streets")
    points = _lay(city, rng)
    for year, wards in city.wards.items():
        points[f"ward_{year}"] = place(points[["easting", "northing"]].to_numpy(), wards)
    points = points[points[f"ward_{LATER}"].notna() & _is_clear(city, points)].reset_index(drop=True)
    later = city.wards[LATER].set_index("ward_code")["borough_code"]
    points["borough_code"] = points[f"ward_{LATER}"].map(later)
    for what, strength in _draws(city, points, rng).items():
        points[what] = strength / strength.mean()
    points["location"] = _locations(points, rng)
    return points.join(_chances(points, rng))


def _lay(city: City, rng: np.random.Generator) -> pd.DataFrame:
    """Short straight streets, parallel or square to their surroundings, more of them where more people live."""
    ground = city.ground
    weight = ground.residents**0.7
    start = ground.points[rng.choice(len(ground.points), _STREETS, p=weight / weight.sum())]
    start = start + rng.uniform(-50, 50, start.shape)
    heading = 0.7 * waves(start, rng, wavelength_metres=3_000) + rng.integers(0, 2, _STREETS) * np.pi / 2
    heading += rng.normal(0, 0.05, _STREETS)
    count = rng.integers(2, 7, _STREETS)
    street = np.repeat(np.arange(_STREETS), count)
    step = np.arange(len(street)) - np.repeat(np.cumsum(count) - count, count)
    along = step * _PACE_METRES + rng.uniform(-15, 15, len(street))
    called = rng.choice(names.STREETS, _STREETS) + " " + rng.choice(names.STREET_ENDINGS, _STREETS)
    return pd.DataFrame(
        {
            "easting": (start[street, 0] + along * np.cos(heading[street])).round(),
            "northing": (start[street, 1] + along * np.sin(heading[street])).round(),
            "heading": heading[street],
            "street": called[street],
        }
    )


def _is_clear(city: City, points: pd.DataFrame) -> Flags:
    """Whether a point is clear of every ward boundary and of the points before it."""
    where = points_at(points[["easting", "northing"]].to_numpy())
    edges = np.concatenate([city.wards[year].boundary.to_numpy() for year in (EARLIER, LATER)])
    near_edge, _ = shapely.STRtree(edges).query(where, predicate="dwithin", distance=_CLEAR_OF_BOUNDARY_METRES)
    one, other = shapely.STRtree(where).query(where, predicate="dwithin", distance=_CLEAR_OF_EACH_OTHER_METRES)
    clear = np.ones(len(points), dtype=bool)
    clear[near_edge] = False
    clear[one[one > other]] = False
    return clear


def _draws(city: City, points: pd.DataFrame, rng: np.random.Generator) -> dict[str, Floats]:
    """What brings people to each point: homes, the town centres, and a few points that draw far more than others."""
    where = points[["easting", "northing"]].to_numpy()

    def near(centre: Floats, metres: float) -> Floats:
        return np.asarray(np.exp(-((where - centre) ** 2).sum(axis=1) / (2 * metres**2)))

    towns = sum(near(np.array(town), 450.0) for town in city.towns.values())
    heart = near(np.array(city.towns[names.CASTLEHYTHE]), 1_100.0)
    parades = np.exp(1.2 * waves(where, rng, wavelength_metres=1_000)) / 40
    busy = 0.03 + 1.1 * towns + 0.9 * heart + parades

    def few(share: float) -> Floats:
        return np.where(rng.random(len(points)) < share, 1.0, 0.02)

    homes = np.exp(0.5 * waves(where, rng, wavelength_metres=900)) * rng.lognormal(0, 0.7, len(points))
    return {
        "residents": homes,
        "visitors": busy * rng.lognormal(0, 0.8, len(points)),
        "shops": (busy + 0.1) * few(0.07) * rng.lognormal(0, 0.7, len(points)),
        "nightlife": (0.03 + towns + 1.5 * heart) * few(0.12) * rng.lognormal(0, 0.8, len(points)),
        "parking": homes * np.exp(0.8 * waves(where, rng, wavelength_metres=1_800)) * (0.6 + few(0.1)),
    }


def _locations(points: pd.DataFrame, rng: np.random.Generator) -> pd.Series:
    """Word each location: most points stand for their street, the strongest of each sort for what they are."""
    location = "On or near " + points["street"]
    for what, landmarks in _LANDMARKS.items():
        strongest = points[what].nlargest(len(points) // 50).index
        location[strongest] = "On or near " + pd.Series(rng.choice(landmarks, len(strongest)), index=strongest)
    return location


def _chances(points: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Make a few points far worse than what draws people explains, and partly the same ones for every sort."""
    common = rng.normal(0, 0.75, len(points))
    chances = {}
    for sort, draws in PLACES.items():
        drawn = sum(weight * points[what] for what, weight in draws.items())
        chance = drawn * np.exp(common + rng.normal(0, 0.6, len(points)))
        chances[f"chance_{sort}"] = chance / chance.sum()
    return pd.DataFrame(chances)
