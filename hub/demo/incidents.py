"""What happens in the fictional city over 36 months: recorded offences and anti-social behaviour, with what is planted.

A pure function of the city, its streets and its seed. Offences and anti-social behaviour are never added together.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd

from hub.demo.city import EARLIER, LATER, City, place
from hub.demo.ground import Floats, Ints, Texts, stream
from hub.demo.planted import MONTHS, RESPONSES, Hotspot, plant, plant_gap

DAYS = pd.date_range(MONTHS[0].start_time, MONTHS[-1].end_time.normalize(), freq="D")
ASB = "ANTI-SOCIAL BEHAVIOUR"

_OFFENCES_PER_DAY = 131.0
_ASB_PER_DAY = 33.0
_MONTH_OF_DAY = ((DAYS.year - MONTHS[0].year) * 12 + DAYS.month - MONTHS[0].month).to_numpy()


class Kind(NamedTuple):
    """One kind of incident: how common, where, when, and how often it has no known place."""

    group: str
    subgroup: str
    share: float
    """Per cent of all offences."""
    place: str = "mixed"
    season: tuple[float, int] = (0.0, 1)
    """How far above the mean the month of the peak stands, and that month."""
    week: str = "any"
    clock: str | None = "any"
    """None where the record has no hour: burglary and vehicle crime are found later, others are not released."""
    yearly: float = 0.0
    unplaced: float = 0.015


OFFENCES = (
    Kind("ARSON AND CRIMINAL DAMAGE", "ARSON", 0.24, "homes", (0.15, 6), clock="night"),
    Kind("ARSON AND CRIMINAL DAMAGE", "CRIMINAL DAMAGE", 5.85, "homes", (0.10, 6), "weekend", "evening", -0.01),
    Kind("BURGLARY", "BURGLARY BUSINESS AND COMMUNITY", 1.84, "shops", (0.10, 12), clock=None, yearly=-0.02),
    Kind("BURGLARY", "RES BURGLARY OF A HOME", 2.67, "homes", (0.18, 12), clock=None, yearly=-0.05),
    Kind("BURGLARY", "RES BURGLARY OF UNCONNECTED BUILDING", 1.04, "homes", (0.12, 12), clock=None, yearly=-0.04),
    Kind("DRUG OFFENCES", "POSSESSION OF DRUGS", 3.01, "night", (0.05, 8), "weekend", "evening", 0.05, 0.067),
    Kind("DRUG OFFENCES", "TRAFFICKING OF DRUGS", 2.09, "mixed", clock=None, yearly=0.06, unplaced=0.03),
    Kind("FRAUD AND FORGERY", "FRAUD AND FORGERY", 0.01, clock=None),
    Kind("MISCELLANEOUS CRIMES AGAINST SOCIETY", "MISC CRIMES AGAINST SOCIETY", 1.25, clock=None, unplaced=0.04),
    Kind("POSSESSION OF WEAPONS", "POSSESSION OF WEAPONS", 0.57, "night", (0.08, 7), clock="evening", unplaced=0.13),
    Kind("PUBLIC ORDER OFFENCES", "OTHER OFFENCES PUBLIC ORDER", 0.84, "mixed", (0.10, 6)),
    Kind("PUBLIC ORDER OFFENCES", "PUBLIC FEAR ALARM OR DISTRESS", 3.78, "mixed", (0.14, 6), "any", "evening", 0.01),
    Kind("PUBLIC ORDER OFFENCES", "RACE OR RELIGIOUS AGG PUBLIC FEAR", 1.46, "crowds", (0.14, 7), "any", "evening"),
    Kind("PUBLIC ORDER OFFENCES", "VIOLENT DISORDER", 0.01, "night", clock="night"),
    Kind("ROBBERY", "ROBBERY OF BUSINESS PROPERTY", 0.85, "shops", (0.05, 11), clock="day", yearly=0.05),
    Kind("ROBBERY", "ROBBERY OF PERSONAL PROPERTY", 2.77, "crowds", (0.10, 11), "any", "after school", -0.04),
    Kind("SEXUAL OFFENCES", "OTHER SEXUAL OFFENCES", 1.83, "mixed", (0.12, 6), clock=None, yearly=0.04, unplaced=0.04),
    Kind("SEXUAL OFFENCES", "RAPE", 0.96, "homes", (0.05, 7), clock=None, yearly=0.03, unplaced=0.078),
    Kind("THEFT", "BICYCLE THEFT", 1.64, "crowds", (0.42, 7), "working", "day", -0.06),
    Kind("THEFT", "OTHER THEFT", 11.61, "crowds", (0.04, 11), "any", "day", -0.03),
    Kind("THEFT", "SHOPLIFTING", 9.53, "shops", (0.03, 5), "shopping", "day", 0.08),
    Kind("THEFT", "THEFT FROM THE PERSON", 10.08, "crowds", (0.12, 11), "weekend", "evening", -0.07),
    Kind("VEHICLE OFFENCES", "AGGRAVATED VEHICLE TAKING", 0.06, "vehicles", clock=None),
    Kind("VEHICLE OFFENCES", "INTERFERING WITH A MOTOR VEHICLE", 1.11, "vehicles", (0.06, 11), clock=None),
    Kind("VEHICLE OFFENCES", "THEFT FROM A VEHICLE", 5.33, "vehicles", (0.08, 11), clock=None, yearly=-0.05),
    Kind("VEHICLE OFFENCES", "THEFT OR UNAUTH TAKING OF A MOTOR VEH", 3.5, "vehicles", (0.05, 10), clock=None),
    Kind("VIOLENCE AGAINST THE PERSON", "DEATH SERIOUS INJURY ILLEGAL DRIVING", 0.01, "mixed"),
    Kind("VIOLENCE AGAINST THE PERSON", "HOMICIDE", 0.01, "mixed", clock="night"),
    Kind(
        "VIOLENCE AGAINST THE PERSON", "STALKING AND HARASSMENT", 6.24, "homes", (0.05, 6), yearly=0.02, unplaced=0.02
    ),
    Kind("VIOLENCE AGAINST THE PERSON", "VIOLENCE WITH INJURY", 7.08, "night", (0.11, 7), "weekend", "night"),
    Kind("VIOLENCE AGAINST THE PERSON", "VIOLENCE WITHOUT INJURY", 12.73, "homes", (0.08, 6), "any", "evening", 0.01),
)
"""The Met's offence groups and subgroups as its ward files spell them, in about their shares of London's offences."""

POLICE_ASB = Kind(ASB, ASB, 100.0, "mixed", (0.28, 7), "weekend", "evening", -0.02, 0.01)

WEEKS: Mapping[str, Sequence[float]] = {
    "any": (1.0, 1.0, 1.0, 1.0, 1.03, 1.03, 0.94),
    "weekend": (0.82, 0.82, 0.87, 0.93, 1.15, 1.35, 1.06),
    "working": (1.1, 1.12, 1.12, 1.1, 1.06, 0.8, 0.7),
    "shopping": (0.97, 0.98, 1.0, 1.02, 1.1, 1.13, 0.8),
}
CLOCKS: Mapping[str, Sequence[tuple[float, float, float]]] = {
    "any": ((18.0, 4.5, 1.0),),
    "day": ((14.5, 3.2, 1.0),),
    "after school": ((16.0, 1.5, 1.0), (21.5, 2.5, 0.7)),
    "evening": ((19.5, 3.2, 1.0), (14.0, 3.0, 0.4)),
    "night": ((23.5, 2.4, 1.0), (1.5, 1.6, 0.6), (17.0, 4.0, 0.4)),
}
"""Bumps round the clock: hour of the peak, spread in hours, height."""


@dataclass(frozen=True)
class Record:
    """Everything that happened, and what of it was planted."""

    offences: pd.DataFrame
    asb: pd.DataFrame
    hotspots: tuple[Hotspot, ...]
    gap: Hotspot
    """Where ambulances are called much more than police: in no frame here."""


def record(city: City, streets: pd.DataFrame) -> Record:
    """Let 36 months pass.

    Both frames have one row per incident, in order of date: date, month ("YYYY-MM"), hour (missing where the record
    has none), offence_group, offence_subgroup, borough_code, and, missing where the place is not known: point (row of
    `streets`), easting, northing, ward_<year> for each boundary set. `hotspot` names what was planted, if anything.
    """
    rng = stream(city.seed, "incidents")
    hotspots = plant(city, streets)
    scale = _OFFENCES_PER_DAY / sum(kind.share for kind in OFFENCES)
    usual = [happen(kind, kind.share * scale, streets, rng) for kind in OFFENCES]
    extra = [happen_at(hotspot, kind, rng) for hotspot in hotspots for kind in OFFENCES]
    offences = pd.concat(usual + [frame for frame in extra if not frame.empty], ignore_index=True)
    offences = _respond(offences, hotspots, rng)
    asb = happen(POLICE_ASB, _ASB_PER_DAY, streets, rng)
    gap = plant_gap(city, streets, hotspots)
    return Record(locate(offences, city, streets, rng), locate(asb, city, streets, rng), hotspots, gap)


def happen(kind: Kind, per_day: float, streets: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Let incidents of one kind happen all over the city."""
    peak, height = kind.season[1], kind.season[0]
    season = 1 + height * np.cos(2 * np.pi * (DAYS.month.to_numpy() - peak) / 12)
    years = (np.arange(len(DAYS)) - len(DAYS) / 2) / 365.25
    unevenness = rng.gamma(60, 1 / 60, len(MONTHS))[_MONTH_OF_DAY]
    rate = per_day * season * _week(kind.week) * (1 + kind.yearly) ** years * unevenness
    day = np.repeat(np.arange(len(DAYS)), rng.poisson(rate))
    point = rng.choice(len(streets), len(day), p=streets[f"chance_{kind.place}"].to_numpy())
    return _frame(kind, day, point, kind.clock, rng)


def in_words(date: pd.Series, form: str) -> Texts:
    """Write out dates of the period in one form, much faster than one by one."""
    return np.asarray(DAYS.strftime(form), dtype=object)[(date - DAYS[0]).dt.days]


def _week(name: str) -> Floats:
    """The strength of each day of the period, for one shape of the week."""
    return np.array(WEEKS[name], dtype=np.float64)[DAYS.day_of_week.to_numpy(dtype=np.intp)]


def hours(clock: str, count: int, rng: np.random.Generator) -> Ints:
    """Draw hours of the day, 0 to 23, for one shape of the day."""
    hour = np.arange(24)
    strength = np.full(24, 0.12)
    for peak, spread, height in CLOCKS[clock]:
        apart = np.minimum((hour - peak) % 24, (peak - hour) % 24)
        strength += height * np.exp(-(apart**2) / (2 * spread**2))
    return rng.choice(24, count, p=strength / strength.sum())


def happen_at(hotspot: Hotspot, kind: Kind, rng: np.random.Generator) -> pd.DataFrame:
    """Let a hotspot's extra incidents of one kind happen; an empty frame where it has none of the kind."""
    recipe = hotspot.recipe
    if kind.subgroup not in recipe.offences:
        return pd.DataFrame()
    days_in_month = np.bincount(_MONTH_OF_DAY)
    per_day = (hotspot.extra_by_month / days_in_month)[_MONTH_OF_DAY] * recipe.offences[kind.subgroup]
    day = np.repeat(np.arange(len(DAYS)), rng.poisson(per_day * _week(recipe.week)))
    point = rng.choice(hotspot.points, len(day), p=hotspot.pull)
    clock = None if kind.clock is None else recipe.clock
    return _frame(kind, day, point, clock, rng).assign(hotspot=recipe.id)


def _frame(kind: Kind, day: Ints, point: Ints, clock: str | None, rng: np.random.Generator) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "date": DAYS[day],
            "hour": pd.array([pd.NA] * len(day) if clock is None else hours(clock, len(day), rng), dtype="Int64"),
            "offence_group": kind.group,
            "offence_subgroup": kind.subgroup,
            "point": point,
            "unplaced": kind.unplaced,
            "hotspot": "",
        }
    )


def _respond(offences: pd.DataFrame, hotspots: Sequence[Hotspot], rng: np.random.Generator) -> pd.DataFrame:
    """Take away what each response prevented: at its place, from its first month, of the hotspot's kinds."""
    spot = {hotspot.recipe.id: hotspot for hotspot in hotspots}
    prevented = np.zeros(len(offences), dtype=bool)
    for response in RESPONSES:
        target = spot[response.hotspot]
        treated = (
            offences["point"].isin(target.points)
            & offences["offence_subgroup"].isin(list(target.recipe.offences))
            & (offences["date"] >= response.started)
        )
        prevented |= treated.to_numpy() & (rng.random(len(offences)) < response.reduction)
    return offences[~prevented]


def locate(incidents: pd.DataFrame, city: City, streets: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Give each incident its spot along the street and its ward, or take its place away where none is known.

    The spot is not the map point: near an edge the two can lie in different wards, as they do in published data.
    """
    incidents = incidents.sort_values(["date", "offence_subgroup"], kind="stable", ignore_index=True)
    at = streets.iloc[incidents["point"]]
    along = np.clip(rng.normal(0, 18, len(at)), -40, 40)
    heading = at["heading"].to_numpy()
    spot = at[["easting", "northing"]].to_numpy() + np.column_stack([np.cos(heading), np.sin(heading)]) * along[:, None]
    spot = spot.round()
    wards = {year: place(spot, city.wards[year]) for year in (EARLIER, LATER)}
    astray = pd.isna(wards[EARLIER]) | pd.isna(wards[LATER])
    spot[astray] = at.loc[astray, ["easting", "northing"]]
    for year, ward in wards.items():
        ward[astray] = at.loc[astray, f"ward_{year}"]
    borough = city.wards[LATER].set_index("ward_code")["borough_code"]
    located = incidents.assign(
        month=in_words(incidents["date"], "%Y-%m"),
        borough_code=borough.reindex(wards[LATER]).to_numpy(),
        easting=spot[:, 0],
        northing=spot[:, 1],
        **{f"ward_{year}": ward for year, ward in wards.items()},
    )
    care = pd.Series(rng.uniform(0.6, 1.7, len(city.boroughs)), index=city.boroughs["borough_code"])
    unknown = rng.random(len(located)) < located.pop("unplaced") * located["borough_code"].map(care)
    located["point"] = located["point"].astype("Int64")
    located.loc[unknown, ["point", "easting", "northing"]] = pd.NA
    located.loc[unknown, [f"ward_{year}" for year in wards]] = None
    return located
