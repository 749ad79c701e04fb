"""The tasking pack: what partners take to the place of a problem, on one page: map, clock, asks and caveats.

On screen to print, or as a tagged PDF (PDF/UA-1) set by Typst; what is written goes in as data and never as markup.
"""

from __future__ import annotations

import datetime as dt
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson
import shapely

from geo.frames import Geometry
from hub import audit
from hub.access import Viewer
from hub.baselines.comparisons import polygons_of
from hub.briefings import grounds
from hub.briefings.clocks import LEAST_TIMED, PlaceClock
from hub.briefings.outline_map import OutlineMap, outline_map
from hub.config import shipped
from hub.documents import typesetting
from hub.problems import service as problems
from hub.problems.service import Record, ShownProblem
from hub.problems.terms import Kind
from hub.purposes import Handover
from hub.responses import phases, wording
from hub.responses import service as responses
from hub.responses.draws import Drawn
from hub.responses.ground import area_of, clock_on, ground_of
from hub.responses.service import ShownPatrol
from hub.tasking import service
from hub.tasking.service import ShownTask
from hub.words import MARKING, date_name, listed

METRES_AROUND = 1_000
"""So far around the place the map goes."""
LEAST_NAMED = 0.06
"""Of the map's ground: a ward with less of it is drawn without its name."""
MOST_ASKS = 12
CAVEATS = (
    "Counts and times are of what was recorded. What nobody reported is not in them.",
    "A published point is the middle of a street or square near where it happened, and not the place itself.",
    "The map shows where the problem is, not who causes it. It is no ground to stop or search anybody.",
    "Exact counts: for the partners of the problem. Do not copy them into what others read.",
)


@dataclass(frozen=True)
class Pack:
    """All that the page says."""

    problem: ShownProblem
    day: dt.date
    statement: str
    objectives: tuple[str, ...]
    asks: tuple[ShownTask, ...]
    """The open tasks, the one that is due first at the top."""
    more_asks: int
    map: OutlineMap | None
    wards: tuple[str, ...]
    """The names of the wards that the place lies in."""
    clock: PlaceClock | None
    why_no_clock: str
    phase: str
    """In which phase it is, in a sentence; blank where it has none."""
    patrols: tuple[ShownPatrol, ...]
    """Those that are running."""
    caveats: tuple[str, ...] = CAVEATS

    @property
    def visits(self) -> tuple[Drawn, ...]:
        """Today's, in order; none for whoever may not know them."""
        todays = [visit for one in self.patrols for day, its in one.next_days for visit in its if day == self.day]
        return tuple(sorted(todays, key=lambda visit: (visit.start, visit.spot)))

    @property
    def visit_lines(self) -> list[tuple[str, str]]:
        """When and where each of today's visits is."""
        return [(wording.clock(one.start), one.spot) for one in self.visits]

    @property
    def subtitle(self) -> str:
        """Where, whose and as of when."""
        where = f"{self.problem.place.name}, {self.problem.boroughs}"
        owner = f"{self.problem.owner_body}{f': {self.problem.owner}' if self.problem.owner else ''}"
        return f"{where}. Led by {owner}. As of {date_name(self.day)}."

    @property
    def has_hours(self) -> bool:
        """Whether enough came with a time to show each hour."""
        return self.clock is not None and self.clock.total >= LEAST_TIMED

    @property
    def clock_words(self) -> str:
        """When most come, or why that is not known."""
        return f"{self.clock.sentence} {self.problem.period}." if self.clock else self.why_no_clock

    @property
    def map_words(self) -> str:
        """The map for whoever does not see it."""
        where = f" It lies in {listed(self.wards)}." if self.wards else ""
        return f"Map of {self.problem.place.name} and the wards around it, north up.{where}"


def pack(viewer: Viewer, problem_id: UUID, day: dt.date) -> Pack:
    """Gather a problem's pack.

    Raises
    ------
    NotFound
        If there is no such problem, or it is not this person's to read.
    """
    record = problems.record(viewer, problem_id)
    problem = record.problem
    ground = ground_of(viewer, problem)
    drawn, wards = _map(viewer, problem, ground) if ground is not None else (None, ())
    clock, why = clock_on(viewer, problem, ground)
    asks = service.of_problem(viewer, problem_id, day)
    return Pack(
        problem=problem,
        day=day,
        statement=next((one.body["words"] for one in record.of(Kind.STATEMENT)), ""),
        objectives=_objectives(record),
        asks=tuple(asks[:MOST_ASKS]),
        more_asks=max(0, len(asks) - MOST_ASKS),
        map=drawn,
        wards=wards,
        clock=clock,
        why_no_clock=why,
        phase=phases.of_record(record, day),
        patrols=tuple(one for one in responses.patrols(viewer, problem_id, day) if one.is_running),
    )


def record_taken(viewer: Viewer, problem: ShownProblem, handover: Handover) -> None:
    """Have it on the record that a pack left the hub, and for what."""
    audit.record(
        viewer,
        "task_pack.exported",
        problem.id,
        boroughs=problem.borough_codes,
        purpose=handover.purpose.key,
        purpose_words=handover.purpose.words,
    )


def pdf(found: Pack, handover: Handover) -> bytes:
    """Set a pack on one sheet of A4."""
    with tempfile.TemporaryDirectory(prefix="hub-pack-") as folder:
        root = Path(folder)
        if found.map is not None:
            root.joinpath("map.svg").write_text(_svg(found.map), "utf-8")
        root.joinpath("page.json").write_bytes(orjson.dumps(_content(found, handover)))
        template = root / "pack.typ"
        template.write_bytes((shipped("templates") / "tasking" / "pack.typ").read_bytes())
        return typesetting.pdf(template)


def _objectives(record: Record) -> tuple[str, ...]:
    return tuple(one.body["words"] for one in record.of(Kind.OBJECTIVE))


def _map(viewer: Viewer, problem: ShownProblem, ground: Geometry) -> tuple[OutlineMap, tuple[str, ...]]:
    wards = grounds.wards_of(viewer, area_of(viewer, problem))
    frame = shapely.box(*ground.buffer(METRES_AROUND).bounds)
    near = wards[wards.intersects(frame)]
    inside = near[near.intersection(ground).area > 0]
    drawn = near.set_geometry(near.geometry.intersection(frame).map(polygons_of))
    drawn = drawn[drawn.area > 0]
    # The name of a ward of which so little is shown would lie over the next.
    named = drawn.assign(borough_name=drawn["ward_name"].where(drawn.area >= LEAST_NAMED * frame.area, ""))
    return outline_map(named, [ground]), tuple(sorted(str(name) for name in inside["ward_name"]))


def _svg(found: OutlineMap) -> str:
    """The map as a picture for paper."""
    drawn = [
        *(f'<path d="{one.path}" fill="#fff" stroke="#6f777b" stroke-width="1"/>' for one in found.outlines),
        *(
            f'<path d="{one.path}" fill="#d4351c" fill-opacity="0.35" stroke="#0b0c0c" stroke-width="2"/>'
            for one in found.marks
        ),
        *(
            f'<text x="{one.x}" y="{one.y}" font-size="17" text-anchor="middle" font-family="Liberation Sans, Arial">'
            f"{escape(one.name)}</text>"
            for one in found.outlines
        ),
    ]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {found.width} {found.height}" width="{found.width}" '
        f'height="{found.height}">{"".join(drawn)}</svg>'
    )


def _content(found: Pack, handover: Handover) -> dict[str, Any]:
    """All the words of the paper."""
    problem = found.problem
    return {
        "marking": MARKING,
        "title": f"{problem.reference}: {problem.title}",
        "subtitle": found.subtitle,
        "statement": found.statement,
        "objectives": found.objectives,
        "asks": _rows(found.asks),
        "phase": found.phase,
        "visits": found.visit_lines,
        "leaks": wording.LEAKS_ON_PAPER,
        "more_asks": found.more_asks,
        "map": found.map_words if found.map else "",
        "clock": found.clock_words,
        "hours": _hours(found) if found.has_hours else [],
        "caveats": found.caveats,
        "handover": handover.sentence,
    }


def _rows(asks: Sequence[ShownTask]) -> list[tuple[str, str, str]]:
    return [(one.words, one.whose, f"{date_name(one.due_on)} ({one.when})") for one in asks]


def _hours(found: Pack) -> list[tuple[str, list[tuple[str, int]]]]:
    return found.clock.rows if found.clock else []
