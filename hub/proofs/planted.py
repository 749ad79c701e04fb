"""Whether the map finds what is hidden in the fictional city: each planted hotspot is asked of the hub's own overlays.

It asks as a reader of the BCU's page would, and changes nothing in the demonstration that it looks at.
"""

from __future__ import annotations

import datetime as dt
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import orjson
import pandas as pd

from hub.access import Permission, Role, Viewer
from hub.accounts import service as accounts
from hub.db import Database
from hub.demo import police_files
from hub.demo import service as demo
from hub.errors import BadRequest
from hub.hotspots import service as hotspots
from hub.hotspots.overlays import Overlay
from hub.places import service as places
from hub.places.service import Area
from hub.words import month_code, parse_month

POINTS = "street_points"
POINT_FILES = ("police-uk/*-street/*.csv*",)
ANSWERS = "city/planted.json"

RIGHT: Mapping[str, frozenset[str]] = {
    "persistent": frozenset({"persistent", "intensifying"}),
    "emerging": frozenset({"new", "consecutive", "intensifying"}),
    "fading": frozenset({"diminishing", "historical"}),
}
"""What each planted kind may be called. Sporadic would not do for what emerges: it says nothing of when it began."""
RIGHT_AFTER_A_RESPONSE = "diminishing"
"""Right, too, for a persistent hotspot at which a response that worked was planted."""
ALMOST_GONE = 0.1
"""A fading hotspot is asked for in the last month with this share of its strength; once gone it is in no later map."""

Say = Callable[[str], None]


@dataclass(frozen=True)
class Answer:
    """One planted hotspot, and what the map of its BCU says at its very middle."""

    id: str
    name: str
    kind: str
    area: str
    category: str
    last_month: str
    cell: str
    cell_metres: int
    found_as: str
    hot_months: int
    z: float
    q: float
    is_right: bool


@dataclass(frozen=True)
class PlantedProof:
    """The answers for every planted hotspot."""

    seed: int
    answers: tuple[Answer, ...]

    @property
    def is_held(self) -> bool:
        """Whether every one is found and rightly called."""
        return all(answer.is_right for answer in self.answers)

    @property
    def right(self) -> int:
        """How many are."""
        return sum(answer.is_right for answer in self.answers)

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "seed": self.seed,
            "planted": len(self.answers),
            "found": self.right,
            "share": round(self.right / len(self.answers), 4),
            "hotspots": [asdict(answer) for answer in self.answers],
        }

    def lines(self) -> list[str]:
        """For a person: a line for each hotspot, and the share found."""
        rows = [("", "Planted", "Kind", "Asked for", "Month", "Square", "Called", "Hot", "q", "")]
        rows += [
            (
                answer.id,
                answer.name,
                answer.kind,
                f"{answer.category}, {answer.area}",
                answer.last_month,
                answer.cell,
                answer.found_as,
                str(answer.hot_months),
                f"{answer.q:.2g}",
                "right" if answer.is_right else "MISSED",
            )
            for answer in self.answers
        ]
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        table = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
        share = self.right / len(self.answers)
        return [*table, f"{self.right} of {len(self.answers)} planted hotspots found and rightly called ({share:.0%})."]


def prove_planted(folder: Path | None, say: Say) -> PlantedProof:
    """Ask for every hotspot that is planted in the fictional city.

    Parameters
    ----------
    folder
        A demonstration of the city made before, such as `var/demo`; one is made for the purpose unless given.
    say
        Told each step.

    Raises
    ------
    BadRequest
        If there is no demonstration of the fictional city in the folder.
    """
    with _demonstration(folder, say) as (made, planted):
        [email] = [person.email for person in made.people if person.role == Role.ADMINISTRATOR.title]
        database = Database(made.settings)
        try:
            with database.reading() as session:
                viewer = accounts.viewer_by_email(session, email)
                worked = {response["hotspot"] for response in planted["responses"] if response["worked"]}
                answers = [_ask(viewer, hotspot, planted, hotspot["id"] in worked) for hotspot in planted["hotspots"]]
        finally:
            database.engine.dispose()
    return PlantedProof(planted["seed"], tuple(answers))


@contextmanager
def _demonstration(folder: Path | None, say: Say) -> Iterator[tuple[demo.Demo, dict[str, Any]]]:
    with tempfile.TemporaryDirectory() as scratch:
        place = folder or Path(scratch) / "demo"
        if folder is not None and not ((folder / "ready.json").is_file() and (folder / ANSWERS).is_file()):
            raise BadRequest(
                f"There is no finished demonstration of the fictional city in '{folder}'.",
                remedy="Leave --data out to have one made, or give the folder that 'hub demo' made, such as var/demo.",
            )
        made = demo.prepare(data=None, say=say, folder=place, files=POINT_FILES)
        yield made, orjson.loads((place / ANSWERS).read_bytes())


def _ask(viewer: Viewer, hotspot: Mapping[str, Any], planted: Mapping[str, Any], has_worked: bool) -> Answer:
    area = _bcu_of(viewer, hotspot["borough_code"])
    last_month = _month_asked_for(hotspot, planted["months"]["to"])
    overlay = _clearest(viewer, area, hotspot["offences"], last_month)
    square = _square_at(overlay, hotspot["easting"], hotspot["northing"])
    found_as = str(square["class"]).removesuffix("_hot")
    right = RIGHT[hotspot["kind"]] | ({RIGHT_AFTER_A_RESPONSE} if has_worked else set())
    return Answer(
        id=hotspot["id"],
        name=hotspot["name"],
        kind=hotspot["kind"],
        area=area.name,
        category=overlay.category,
        last_month=month_code(last_month),
        cell=str(square.name),
        cell_metres=int(overlay.cell_metres or 0),
        found_as=found_as,
        hot_months=int(square["hot_months"]),
        z=float(square["z"]),
        q=float(square["q"]),
        is_right=found_as in right,
    )


def _bcu_of(viewer: Viewer, borough_code: str) -> Area:
    areas = places.areas(viewer, Permission.OVERLAY_READ)
    return next(area for area in areas if area.kind == "bcu" and borough_code in area.borough_codes)


def _month_asked_for(hotspot: Mapping[str, Any], last_of_all: str) -> dt.date:
    if hotspot["kind"] != "fading":
        return parse_month(last_of_all)
    least = ALMOST_GONE * hotspot["per_month_at_full_strength"]
    expected: Mapping[str, float] = hotspot["extra_expected_before_response"]
    return parse_month(max(month for month, extra in expected.items() if extra >= least))


def _clearest(viewer: Viewer, area: Area, offences: Sequence[Mapping[str, Any]], last_month: dt.date) -> Overlay:
    """Follow the type of crime in which the hotspot stands out most: its share, by the noise of all that type records.

    Street-level points know types alone, and a hotspot of several offences is spread over several of them.
    """
    shares: dict[str, float] = {}
    for offence in offences:
        name = police_files.crime_type(offence["offence_group"], offence["offence_subgroup"])
        shares[name] = shares.get(name, 0.0) + offence["share"]
    overlays = {
        name: hotspots.overlay(
            viewer,
            area,
            units="cells",
            method="emerging",
            category=name,
            first_month=last_month,
            last_month=last_month,
            dataset=POINTS,
        )
        for name in shares
    }
    return overlays[max(shares, key=lambda name: shares[name] / overlays[name].total ** 0.5)]


def _square_at(overlay: Overlay, easting: float, northing: float) -> pd.Series[Any]:
    table, side = overlay.table, overlay.cell_metres or 0
    across, up = easting - table["west"], northing - table["south"]
    [square] = table.index[(across >= 0) & (across < side) & (up >= 0) & (up < side)]
    found: pd.Series[Any] = table.loc[square]
    return found
