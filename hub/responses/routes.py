"""Addresses of patrols: those of one response with the form of a visit, their plan, and one visit to correct."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID, uuid4

from flask import Blueprint, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from hub.access import Permission
from hub.errors import Conflict, HubError, NotFound
from hub.pictures import Picture
from hub.problems import service as problems
from hub.problems.choices import choices
from hub.problems.service import ShownProblem, today
from hub.problems.wording import Unfit
from hub.responses import charts, ground, service, wording
from hub.responses.draws import GRID_MINUTES
from hub.responses.given import MOST_SPOTS
from hub.responses.patrol_forms import as_planned, number_of, proposed
from hub.responses.service import ShownPatrol, ShownVisit
from hub.web import needs, saw
from hub.words import LONDON

bp = Blueprint("patrols", __name__, url_prefix="/problems/<uuid:problem_id>/responses/<uuid:response>/patrols")

VISITS_AT_ONCE = 5
"""The others are folded away: the page is read on a phone."""
PLAN_FIELDS = ("spots", "minutes", "visits", "opens", "closes", "first_day", "last_day", "follows")
VISIT_FIELDS = ("visit", "follows", "day", "time", "minutes", "spot", "body", "words")


@dataclass(frozen=True)
class PatrolPage:
    """What the page shows of the patrols of one response."""

    patrol: ShownPatrol
    typed: Mapping[str, str]
    """In the form of a visit."""
    picture: Picture | None
    error: HubError | None = None
    bodies: Mapping[str, str] = field(default_factory=lambda: choices().bodies)
    leaks: str = wording.LEAKS
    at_once: int = VISITS_AT_ONCE

    @property
    def faults(self) -> Mapping[str, str]:
        """What is wrong at each field."""
        return self.error.faults if isinstance(self.error, Unfit) else {}

    @property
    def said(self) -> str:
        """The picture, for whoever does not see it."""
        return charts.said(self.patrol.dosage)

    @property
    def warnings(self) -> list[str]:
        """Which weeks were given too little."""
        return wording.warnings(self.patrol.dosage)


@dataclass(frozen=True)
class PlanPage:
    """What the form of a plan shows."""

    problem: ShownProblem
    response: UUID
    words: str
    is_new: bool
    clock: str
    """When the problem happens, in a sentence."""
    typed: Mapping[str, str]
    chosen: Sequence[str]
    """Days of the week."""
    error: HubError | None = None
    days: tuple[str, ...] = wording.DAYS
    why_short: str = wording.WHY_SHORT
    most_spots: int = MOST_SPOTS

    @property
    def faults(self) -> Mapping[str, str]:
        """What is wrong at each field."""
        return self.error.faults if isinstance(self.error, Unfit) else {}


@bp.app_context_processor
def shown_elsewhere() -> dict[str, object]:
    """Let the page of a problem, which stands below this slice, show its patrols."""
    return {"patrols_of": lambda problem_id: service.patrols(g.viewer, problem_id, today()), "patrol_words": wording}


@bp.get("")
@needs(Permission.PROBLEM_READ)
def show(problem_id: UUID, response: UUID) -> ResponseReturnValue:
    """Show what is planned, the next visits, what was given, and the form that records one."""
    return _show(problem_id, response, {name: request.args[name] for name in ("time", "spot") if name in request.args})


@bp.get("/plan")
@needs(Permission.PROBLEM_WRITE)
def edit(problem_id: UUID, response: UUID) -> ResponseReturnValue:
    """Show the form of a plan, filled with what is planned or else with what is proposed."""
    return _edit(problem_id, response)


@bp.post("/plan")
@needs(Permission.PROBLEM_WRITE)
def plan(problem_id: UUID, response: UUID) -> ResponseReturnValue:
    """Plan the patrols of a response."""
    typed = {name: request.form.get(name, "") for name in PLAN_FIELDS}
    chosen = request.form.getlist("weekdays")
    try:
        service.plan(g.viewer, problem_id, response, typed, chosen, follows=number_of(typed["follows"]))
    except (Unfit, Conflict) as refused:
        return _edit(problem_id, response, typed, chosen, refused)
    flash("The patrols are planned.", "success")
    return redirect(url_for(".show", problem_id=problem_id, response=response))


@bp.post("/visits")
@needs(Permission.PROBLEM_WRITE)
def record(problem_id: UUID, response: UUID) -> ResponseReturnValue:
    """Record a visit, or correct one."""
    typed = {name: request.form.get(name, "") for name in VISIT_FIELDS}
    try:
        visit, follows = UUID(typed["visit"]), number_of(typed["follows"])
    except ValueError:
        raise NotFound from None
    try:
        service.record_visit(g.viewer, problem_id, response, visit, typed, follows=follows)
    except (Unfit, Conflict) as refused:
        if follows:
            return _correct(problem_id, response, visit, typed, refused)
        return _show(problem_id, response, typed, refused)
    flash("The visit is corrected." if follows else "The visit is recorded.", "success")
    return redirect(url_for(".show", problem_id=problem_id, response=response, _anchor="given"))


@bp.get("/visits/<uuid:visit>")
@needs(Permission.PROBLEM_WRITE)
def correct(problem_id: UUID, response: UUID, visit: UUID) -> ResponseReturnValue:
    """Show the form of a visit that was recorded."""
    return _correct(problem_id, response, visit)


@bp.post("/visits/<uuid:visit>/take-back")
@needs(Permission.PROBLEM_WRITE)
def take_back(problem_id: UUID, response: UUID, visit: UUID) -> ResponseReturnValue:
    """Take back a visit that was recorded by mistake."""
    try:
        service.take_back(g.viewer, problem_id, response, visit, follows=number_of(request.form.get("follows", "")))
    except Conflict as refused:
        return _correct(problem_id, response, visit, None, refused)
    flash("The visit is taken back, and counts no more.", "success")
    return redirect(url_for(".show", problem_id=problem_id, response=response, _anchor="given"))


# --- The pages -------------------------------------------------------------------------------------------------------


def _show(
    problem_id: UUID, response: UUID, typed: Mapping[str, str], error: HubError | None = None
) -> ResponseReturnValue:
    patrol = service.patrol(g.viewer, problem_id, response, today())
    page = PatrolPage(patrol, {**_at_first(patrol), **typed}, charts.week_chart(patrol.dosage), error)
    saw("patrol.viewed", problem_id, patrol.boroughs)
    body = render_template("responses/show.html", page=page, patrol=patrol, words=wording)
    return body, error.status if error else 200


def _edit(
    problem_id: UUID,
    response: UUID,
    typed: Mapping[str, str] | None = None,
    chosen: Sequence[str] = (),
    error: HubError | None = None,
) -> ResponseReturnValue:
    problem = problems.problem(g.viewer, problem_id, Permission.PROBLEM_WRITE)
    words = service.response_words(g.viewer, problem_id, response)
    clock, why = ground.clock_on(g.viewer, problem, ground.ground_of(g.viewer, problem))
    try:
        held: ShownPatrol | None = service.patrol(g.viewer, problem_id, response, today())
    except NotFound:
        held = None
    if typed is None:
        typed, chosen = as_planned(held) if held else proposed(problem, ground.hours_proposed(clock))
    said = clock.sentence if clock else why
    page = PlanPage(problem, response, words, held is None, said, typed, chosen, error)
    return render_template("responses/plan.html", page=page), error.status if error else 200


def _correct(
    problem_id: UUID,
    response: UUID,
    visit: UUID,
    typed: Mapping[str, str] | None = None,
    error: HubError | None = None,
) -> ResponseReturnValue:
    patrol = service.patrol(g.viewer, problem_id, response, today())
    found = next((one for one in patrol.visits if one.id == visit), None)
    if found is None or not patrol.may_write:
        raise NotFound
    page = PatrolPage(patrol, typed or _as_recorded(found), None, error)
    body = render_template("responses/visit.html", page=page, patrol=patrol, visit=found)
    return body, error.status if error else 200


def _at_first(patrol: ShownPatrol) -> dict[str, str]:
    """The form of a visit that has just ended."""
    plan = patrol.plan
    began = dt.datetime.now(LONDON) - dt.timedelta(minutes=plan.minutes)
    began -= dt.timedelta(minutes=began.minute % GRID_MINUTES)
    return {
        "visit": str(uuid4()),
        "follows": "0",
        "day": began.date().isoformat(),
        "time": f"{began:%H:%M}",
        "minutes": str(plan.minutes),
        "spot": plan.spots[0] if len(plan.spots) == 1 else "",
        "body": patrol.last_body,
        "words": "",
    }


def _as_recorded(visit: ShownVisit) -> dict[str, str]:
    began = visit.began_at.astimezone(LONDON)
    return {
        "visit": str(visit.id),
        "follows": str(visit.number),
        "day": began.date().isoformat(),
        "time": f"{began:%H:%M}",
        "minutes": str(visit.minutes),
        "spot": visit.spot,
        "body": visit.body,
        "words": visit.words,
    }
