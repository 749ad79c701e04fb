"""The problems of the fictional city: one at scanning, and the two whose responses are planted in its data."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

import shapely

from geo.comparison_areas import OTHER_LEVEL
from hub.access import Viewer
from hub.baselines import opening
from hub.baselines import service as baselines
from hub.errors import BadRequest
from hub.hotspots.sources import NoFigures
from hub.problems import service as problems
from hub.problems.service import Opening, Place
from hub.problems.terms import Kind, Stage
from hub.responses import doses
from hub.responses import service as patrols
from hub.responses.draws import drawn
from hub.words import months_before, parse_month


@dataclass(frozen=True)
class Case:
    """One problem by the planted hotspot that it is about, and what is written of it."""

    hotspot: str
    title: str
    kind: str
    premises: str
    owner_body: str
    stage: Stage
    owner: str
    """By name; nobody where no such person has an account in its borough."""
    written: Sequence[tuple[Kind, Mapping[str, str]]]
    response: Mapping[str, str] = field(default_factory=dict)
    """Starts when the planted response does."""
    tasks: Sequence[tuple[int, Mapping[str, str]]] = ()
    """Each with the days from today to its day; before today where it is late or done. `person` is a name."""
    decided: str = ""


CASES = (
    Case(
        "H06",
        "Cars taken from drives without a key",
        "vehicle",
        "home",
        "police",
        Stage.SCANNING,
        "Police Lead",
        (
            (Kind.STATEMENT, {"words": "Cars with keyless entry are taken at night from drives of a few streets."}),
            (Kind.CHEERS, {"events": "Cars taken at night", "recurring": "It began in spring and still grows."}),
        ),
        tasks=(
            (-6, {"words": "Ask makers which models open without a key", "body": "police", "status": "under_way"}),
            (9, {"words": "Offer signal-blocking pouches to the streets", "body": "council", "person": "Officer",
                 "status": "asked"}),
        ),
    ),
    Case(
        "H12",
        "Shoplifting in the parade",
        "shops",
        "shop",
        "business",
        Stage.RESPONSE,
        "Officer",
        (
            (Kind.STATEMENT, {"words": "Goods are carried out of the shops of the parade in the daytime."}),
            (Kind.FINDING, {"words": "Most of it happens on trading days between noon and six.", "source": "Police"}),
            (
                Kind.HYPOTHESIS,
                {"words": "Shoplifters do not expect to be seen.", "outcome": "unclear", "test": "A survey of shops"},
            ),
            (Kind.OBJECTIVE, {"words": "A fifth less in a year", "measure": "Recorded shoplifting in the parade"}),
        ),
        {
            "words": "Warning posters in every window of the parade",
            "technique": "22",
            "mechanism": "People read that the shops are watched, and think again.",
            "body": "business",
            "status": "under_way",
            "cost": "1,200",
            "delivered": "Posters in every shop but two.",
        },
        (
            (-13, {"words": "Put posters into the last two shops", "body": "business", "status": "asked"}),
            (5, {"words": "Ask shops what they see", "body": "council", "person": "Officer", "status": "asked"}),
            (-30, {"words": "Print more posters", "body": "business", "status": "done", "done": "Printed."}),
        ),
        "Wait for the survey of shops before spending more on posters.",
    ),
    Case(
        "H10",
        "Theft and robbery at the interchange",
        "theft",
        "station",
        "transport",
        Stage.ASSESSMENT,
        "",
        (
            (Kind.STATEMENT, {"words": "Phones and bags are taken in the evening crowd at the gates."}),
            (Kind.FINDING, {"words": "Nearly all of it is in the queues, from five to nine.", "source": "Police"}),
            (Kind.TRIANGLE, {"target": "Passengers in a queue", "location": "Gates with blind corners",
                             "manager": "The transport operator"}),
            (
                Kind.HYPOTHESIS,
                {"words": "Crowded queues hide thieves.", "outcome": "supported", "test": "A week of observation",
                 "found": "Thefts stop where the queue does."},
            ),
            (Kind.OBJECTIVE, {"words": "A third less in a year", "measure": "Recorded theft and robbery at the gates"}),
        ),
        {
            "words": "Staffed gates and redesigned queues",
            "technique": "9",
            "mechanism": "Staff see the queue, and the queue is short.",
            "body": "transport",
            "status": "done",
            "cost": "85,000",
            "delivered": "Gates were staffed on every evening; queues were marked anew.",
        },
    ),
)  # fmt: skip


def open_problems(viewer: Viewer, planted: Mapping[str, Any]) -> dict[str, UUID]:
    """Open the problems that the answer sheet's hotspots call for, as far as they have come; by the hotspots' ids."""
    places = {one["id"]: one for one in planted["hotspots"]}
    began = {one["hotspot"]: parse_month(one["started"]) for one in planted["responses"]}
    last = parse_month(planted["months"]["to"])
    return {case.hotspot: _open(viewer, case, places[case.hotspot], began.get(case.hotspot), last) for case in CASES}


def freeze_baselines(viewer: Viewer, planted: Mapping[str, Any], opened: Mapping[str, UUID]) -> None:
    """Freeze what was recorded before each planted response, once the city's figures are live.

    The worker then assesses each on the promised day, which is the first after the figures end.
    """
    offences = {one["id"]: one["offences"] for one in planted["hotspots"]}
    for response in planted["responses"]:
        problem_id = opened[response["hotspot"]]
        most = max(offences[response["hotspot"]], key=lambda one: float(one["share"]))["offence_subgroup"].capitalize()
        last_month = months_before(parse_month(response["started"]), 1)
        with suppress(NoFigures, BadRequest):  # Where too few of the city's files were loaded.
            comparison = opening.compared(viewer, problem_id, category=most, last_month=last_month)
            # No place of their boroughs is as busy: an officer takes those that keep every other rule.
            quieter = [one.piece.key for one in comparison.offered if one.rule == OTHER_LEVEL]
            baselines.freeze(viewer, problem_id, opening.prepared(viewer, comparison, quieter))


def walk_patrols(viewer: Viewer, planted: Mapping[str, Any], opened: Mapping[str, UUID]) -> None:
    """Plan patrols at the interchange for the year of its response, at the parade for these weeks; record visits."""
    began = {one["hotspot"]: parse_month(one["started"]) for one in planted["responses"]}
    today = problems.today()
    friday_and_saturday, every_day = ("4", "5"), tuple(map(str, range(7)))
    year = (began["H10"], min(today, months_before(began["H10"], -12)) - dt.timedelta(days=1))
    weeks = (doses.monday_of(today) - dt.timedelta(weeks=5), today + dt.timedelta(weeks=7))
    _patrol(viewer, opened["H10"], "transport", ("Gates", "Bus stands"), year, 1, friday_and_saturday)
    _patrol(viewer, opened["H12"], "business", ("Parade, north end", "Parade, south end"), weeks, 2, every_day)


def _patrol(
    viewer: Viewer,
    problem_id: UUID,
    body: str,
    spots: Sequence[str],
    days: tuple[dt.date, dt.date],
    visits: int,
    weekdays: Sequence[str],
) -> None:
    """Plan patrols of a problem's response, and record those before today: one in seven was not made, nor a week's."""
    [response] = problems.record(viewer, problem_id).of(Kind.RESPONSE)
    plan = {"spots": "\n".join(spots), "minutes": "15", "visits": str(visits), "opens": "12:00", "closes": "18:00"}
    plan |= {"first_day": days[0].isoformat(), "last_day": days[1].isoformat()}
    patrols.plan(viewer, problem_id, response.id, plan, weekdays)
    today = problems.today()
    found = patrols.patrol(viewer, problem_id, response.id, today)
    week_missed = doses.monday_of(days[0]) + dt.timedelta(weeks=2)
    for number, visit in enumerate(drawn(found.versions, today - dt.timedelta(days=1))):
        if number % 7 == 3 or (doses.monday_of(visit.day) == week_missed and number % 3):
            continue
        made = {"day": visit.day.isoformat(), "time": f"{visit.at:%H:%M}", "minutes": str(12 + number % 6)}
        made |= {"spot": visit.spot, "body": body, "words": "" if number % 5 else "Spoke with staff."}
        patrols.record_visit(viewer, problem_id, response.id, uuid4(), made)


def _open(viewer: Viewer, case: Case, planted: Mapping[str, Any], began: dt.date | None, last: dt.date) -> UUID:
    seen_until = months_before(began, 1) if began else last
    newest = max(planted["ward_codes"])
    outline = shapely.Point(planted["easting"], planted["northing"]).buffer(planted["radius_metres"])
    boroughs = frozenset({planted["borough_code"]})
    people = {name: person_id for person_id, name in problems.people(viewer, boroughs).items()}
    owner = people.get(case.owner)
    opened = problems.open_problem(
        viewer,
        Opening(
            boroughs=boroughs,
            title=case.title,
            kind=case.kind,
            place=Place(planted["name"], planted["ward_codes"][newest][0], premises=case.premises, outline=outline),
            period=(months_before(seen_until, 11), seen_until),
            categories=sorted({one["offence_group"].capitalize() for one in planted["offences"]}),
            owner_body=case.owner_body,
            owner_id=UUID(owner) if owner else None,
        ),
    )
    for kind, given in case.written:
        problems.write(viewer, opened.id, kind, given)
    if case.response and began:
        days = {"start": began.isoformat(), "assess": months_before(last, -1).isoformat()}
        problems.write(viewer, opened.id, Kind.RESPONSE, {**case.response, **days})
    today = problems.today()
    for ahead, task in case.tasks:
        due, person = (today + dt.timedelta(days=ahead)).isoformat(), people.get(task.get("person", ""), "")
        problems.write(viewer, opened.id, Kind.TASK, {**task, "due": due, "person": person})
    if case.decided:
        problems.write(viewer, opened.id, Kind.DECISION, {"words": case.decided, "on": today.isoformat()})
    for stage, reason in _MOVES[: list(Stage).index(case.stage)]:
        problems.move(viewer, opened.id, stage, reason)
    return opened.id


_MOVES = (
    (Stage.ANALYSIS, "It is one problem, and it comes back."),
    (Stage.RESPONSE, "We know enough of why it happens here."),
    (Stage.ASSESSMENT, "What was promised is done, and a year has passed."),
)
