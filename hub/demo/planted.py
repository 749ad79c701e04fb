"""What is hidden in the fictional city for the hub to find: hotspots, responses that did or did not work, and a gap.

Only what and where; `incidents` makes it happen, and `generate` writes it beside the data as planted.json.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from hub.demo import names
from hub.demo.city import EARLIER, LATER, City
from hub.demo.ground import Floats, Ints

MONTHS = pd.period_range("2023-11", "2026-10", freq="M")

_APART_METRES = 1_500.0
_FEWEST_POINTS = 5

Knots = tuple[tuple[str, float], ...]
STEADY: Knots = (("2023-11", 1.0),)


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """A hotspot before it has a place."""

    id: str
    kind: str
    name: str
    borough: str
    drawn_to: str
    """The kind of point it forms at: the strongest of these that is far from the other hotspots."""
    offences: Mapping[str, float]
    """Share of the extra incidents in each offence subgroup, or in each kind of call."""
    per_month: float
    course: Knots = STEADY
    """Strength at some months, straight between them, level before the first and after the last."""
    clock: str = "any"
    week: str = "any"
    radius_metres: float = 200.0


@dataclass(frozen=True, kw_only=True)
class Hotspot:
    """A hotspot with a place, and the extra incidents expected there in each month before any response."""

    recipe: Recipe
    easting: float
    northing: float
    borough_code: str
    ward_codes: Mapping[int, tuple[str, ...]]
    points: Ints = field(repr=False)
    """Rows of the street frame within the radius."""
    pull: Floats = field(repr=False)
    """Share of the extra incidents at each of those points."""
    extra_by_month: Floats = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class Response:
    """What partners did about a hotspot, and the like place left alone that it is to be compared with."""

    id: str
    name: str
    hotspot: str
    comparison: str
    started: str
    reduction: float
    """Share of the place's incidents of the hotspot's kinds that no longer happen from that month on."""

    @property
    def worked(self) -> bool:
        return self.reduction > 0


RESPONSES = (
    Response(
        id="R1",
        name="Staffed gates and redesigned queues at the interchange",
        hotspot="H10",
        comparison="H11",
        started="2025-09",
        reduction=0.55,
    ),
    Response(
        id="R2",
        name="Warning posters in the shopping parade",
        hotspot="H12",
        comparison="H13",
        started="2025-07",
        reduction=0.0,
    ),
)

RECIPES = (
    Recipe(
        id="H01",
        kind="persistent",
        name="Late bars round the old market",
        borough=names.CASTLEHYTHE,
        drawn_to="nightlife",
        offences={
            "VIOLENCE WITH INJURY": 0.45,
            "VIOLENCE WITHOUT INJURY": 0.3,
            "PUBLIC FEAR ALARM OR DISTRESS": 0.25,
        },
        per_month=26,
        clock="night",
        week="weekend",
    ),
    Recipe(
        id="H02",
        kind="persistent",
        name="Retail park",
        borough=names.BRACKENHOLT,
        drawn_to="shops",
        offences={"SHOPLIFTING": 0.75, "OTHER THEFT": 0.25},
        per_month=24,
        clock="day",
        week="shopping",
    ),
    Recipe(
        id="H03",
        kind="persistent",
        name="Station car parks",
        borough=names.WINTERMOOR,
        drawn_to="parking",
        offences={"THEFT FROM A VEHICLE": 0.75, "INTERFERING WITH A MOTOR VEHICLE": 0.25},
        per_month=15,
    ),
    Recipe(
        id="H04",
        kind="persistent",
        name="Terraces with open rear alleys",
        borough=names.GULLHOLM,
        drawn_to="residents",
        offences={"RES BURGLARY OF A HOME": 0.7, "RES BURGLARY OF UNCONNECTED BUILDING": 0.3},
        per_month=11,
        radius_metres=280,
    ),
    Recipe(
        id="H05",
        kind="emerging",
        name="After-school robbery by the bus station",
        borough=names.LARKHEATH,
        drawn_to="visitors",
        offences={"ROBBERY OF PERSONAL PROPERTY": 0.8, "THEFT FROM THE PERSON": 0.2},
        per_month=20,
        course=(("2026-02", 0.0), ("2026-07", 1.0)),
        clock="after school",
        week="working",
    ),
    Recipe(
        id="H06",
        kind="emerging",
        name="Keyless car theft",
        borough=names.ASHMARROW,
        drawn_to="residents",
        offences={"THEFT OR UNAUTH TAKING OF A MOTOR VEH": 1.0},
        per_month=14,
        course=(("2026-03", 0.0), ("2026-08", 1.0)),
        radius_metres=300,
    ),
    Recipe(
        id="H07",
        kind="emerging",
        name="Disorder round a new hostel",
        borough=names.WINTERMOOR,
        drawn_to="residents",
        offences={"VIOLENCE WITHOUT INJURY": 0.4, "PUBLIC FEAR ALARM OR DISTRESS": 0.35, "CRIMINAL DAMAGE": 0.25},
        per_month=22,
        course=(("2026-06", 0.0), ("2026-08", 1.0)),
        clock="evening",
    ),
    Recipe(
        id="H08",
        kind="fading",
        name="Bicycle racks at the college, since rebuilt",
        borough=names.CASTLEHYTHE,
        drawn_to="visitors",
        offences={"BICYCLE THEFT": 1.0},
        per_month=16,
        course=(("2025-01", 1.0), ("2026-02", 0.0)),
    ),
    Recipe(
        id="H09",
        kind="fading",
        name="Open drug market in the arcade, since closed",
        borough=names.GULLHOLM,
        drawn_to="nightlife",
        offences={"POSSESSION OF DRUGS": 0.55, "TRAFFICKING OF DRUGS": 0.3, "POSSESSION OF WEAPONS": 0.15},
        per_month=18,
        course=(("2024-12", 1.0), ("2025-12", 0.0)),
        clock="evening",
    ),
    Recipe(
        id="H10",
        kind="persistent",
        name="The interchange",
        borough=names.LARKHEATH,
        drawn_to="visitors",
        offences={"THEFT FROM THE PERSON": 0.7, "ROBBERY OF PERSONAL PROPERTY": 0.3},
        per_month=32,
        clock="evening",
    ),
    Recipe(
        id="H11",
        kind="persistent",
        name="The coach station",
        borough=names.CASTLEHYTHE,
        drawn_to="visitors",
        offences={"THEFT FROM THE PERSON": 0.7, "ROBBERY OF PERSONAL PROPERTY": 0.3},
        per_month=32,
        clock="evening",
    ),
    Recipe(
        id="H12",
        kind="persistent",
        name="The shopping parade",
        borough=names.ASHMARROW,
        drawn_to="shops",
        offences={"SHOPLIFTING": 1.0},
        per_month=26,
        clock="day",
        week="shopping",
    ),
    Recipe(
        id="H13",
        kind="persistent",
        name="The market hall",
        borough=names.WINTERMOOR,
        drawn_to="shops",
        offences={"SHOPLIFTING": 1.0},
        per_month=26,
        clock="day",
        week="shopping",
    ),
)


GAP = Recipe(
    id="G01",
    kind="gap",
    name="Hostels whose tenants call an ambulance and not the police",
    borough=names.ASHMARROW,
    drawn_to="residents",
    offences={"Assault - Other": 0.5, "Overdose / Ingestion / Poisoning - Drugs": 0.3, "Alcohol Related": 0.2},
    per_month=60,
    clock="night",
    week="weekend",
    radius_metres=250,
)
"""Where ambulances are called and police hear of no more than elsewhere; its kinds are those of calls."""


def plant(city: City, streets: pd.DataFrame) -> tuple[Hotspot, ...]:
    """Find each hotspot its place: the most fitting point of its borough that is far from those already placed."""
    borough_code = city.boroughs.set_index("borough_name")["borough_code"]
    where = streets[["easting", "northing"]].to_numpy()
    taken: list[Floats] = []
    hotspots = []
    for recipe in RECIPES:
        candidates = streets[streets["borough_code"] == borough_code[recipe.borough]][recipe.drawn_to]
        for row in candidates.sort_values(ascending=False, kind="stable").index:
            far = all(np.linalg.norm(where[row] - other) > _APART_METRES for other in taken)
            points, _ = _around(streets, where, int(row), recipe.radius_metres)
            if far and len(points) >= _FEWEST_POINTS:
                break
        taken.append(where[row])
        hotspots.append(_placed(recipe, streets, int(row)))
    return tuple(hotspots)


def plant_gap(city: City, streets: pd.DataFrame, hotspots: Sequence[Hotspot]) -> Hotspot:
    """Find the gap its place: where least else happens in its borough, far from every hotspot."""
    codes = city.boroughs.set_index("borough_name")["borough_code"]
    where = streets[["easting", "northing"]].to_numpy()
    taken = np.array([(hotspot.easting, hotspot.northing) for hotspot in hotspots])
    own = np.flatnonzero((streets["borough_code"] == codes[GAP.borough]).to_numpy())
    apart = np.linalg.norm(where[own, None] - taken, axis=2).min(axis=1)
    metres = np.linalg.norm(where[own, None] - where, axis=2)
    has_streets = (metres <= GAP.radius_metres).sum(axis=1) >= _FEWEST_POINTS
    around = (metres <= _APART_METRES) @ streets[["chance_mixed", "chance_homes"]].sum(axis=1).to_numpy()
    quietest = np.where(has_streets & (apart > _APART_METRES), around, np.inf).argmin()
    return _placed(GAP, streets, int(own[quietest]))


def _placed(recipe: Recipe, streets: pd.DataFrame, row: int) -> Hotspot:
    where = streets[["easting", "northing"]].to_numpy()
    points, pull = _around(streets, where, row, recipe.radius_metres)
    return Hotspot(
        recipe=recipe,
        easting=float(where[row, 0]),
        northing=float(where[row, 1]),
        borough_code=str(streets["borough_code"].iloc[row]),
        ward_codes={year: _wards(streets[f"ward_{year}"].iloc[points], pull) for year in (EARLIER, LATER)},
        points=points,
        pull=pull,
        extra_by_month=recipe.per_month * _course(recipe.course),
    )


def _around(streets: pd.DataFrame, where: Floats, row: int, radius_metres: float) -> tuple[Ints, Floats]:
    """The points of the same borough within reach, the nearer the likelier."""
    metres = np.linalg.norm(where - where[row], axis=1)
    same_borough = (streets["borough_code"] == streets["borough_code"].iloc[row]).to_numpy()
    points = np.flatnonzero((metres <= radius_metres) & same_borough)
    pull = np.exp(-((metres[points] / radius_metres) ** 2))
    return points, pull / pull.sum()


def _wards(codes: pd.Series, pull: Floats) -> tuple[str, ...]:
    """The wards that hold at least a tenth of the hotspot, the greatest part first."""
    held = pd.Series(pull, index=codes.to_numpy()).groupby(level=0).sum()
    return tuple(held[held >= 0.1].sort_values(ascending=False).index)


def _course(knots: Knots) -> Floats:
    every = [str(month) for month in MONTHS]
    months = [every.index(month) for month, _ in knots]
    return np.interp(np.arange(len(MONTHS)), months, [level for _, level in knots])
