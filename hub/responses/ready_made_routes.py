"""Addresses of templates: the few things that one asks, what it would write, and the writing of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from flask import Blueprint, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from hub.access import Permission
from hub.errors import Conflict, HubError
from hub.problems import service as problems
from hub.problems.choices import Choices, choices
from hub.problems.service import RESPONSE_BEFORE_ANALYSIS, Record, today
from hub.problems.wording import Unfit
from hub.responses import ground, phases, ready_made, wording
from hub.responses.given import MOST_SPOTS
from hub.responses.patrol_forms import number_of, proposed
from hub.responses.ready_made import Made, Template
from hub.web import needs

bp = Blueprint("ready_made", __name__, url_prefix="/problems/<uuid:problem_id>/templates/<key>")


@dataclass(frozen=True)
class TemplatePage:
    """What the pages of a template show."""

    template: Template
    record: Record
    people: Mapping[str, str]
    """Who may be named, by id."""
    typed: Mapping[str, str]
    chosen: Sequence[str]
    """Days of the week."""
    clock: str
    """When the problem happens, in a sentence; blank of a template without patrols."""
    made: Made | None = None
    error: HubError | None = None
    choices: Choices = field(default_factory=choices)
    days: tuple[str, ...] = wording.DAYS
    why_short: str = wording.WHY_SHORT
    most_spots: int = MOST_SPOTS

    @property
    def faults(self) -> Mapping[str, str]:
        """What is wrong at each field."""
        return self.error.faults if isinstance(self.error, Unfit) else {}

    @property
    def warning(self) -> str:
        """What practice warns of; nothing is refused for it."""
        return "" if self.record.has_analysis else RESPONSE_BEFORE_ANALYSIS


@bp.app_context_processor
def shown_elsewhere() -> dict[str, object]:
    """Let the page of a problem, which stands below this slice, offer templates and say today's phase."""
    return {
        "templates_offered": lambda: list(ready_made.templates().values()),
        "phase_of": lambda record: phases.of_record(record, today()),
    }


@bp.get("")
@needs(Permission.PROBLEM_WRITE)
def ask(problem_id: UUID, key: str) -> ResponseReturnValue:
    """Show the few things that a template asks."""
    return _ask(problem_id, key)


@bp.post("")
@needs(Permission.PROBLEM_WRITE)
def write(problem_id: UUID, key: str) -> ResponseReturnValue:
    """Show what a template would write, or write it once that was read."""
    of = ready_made.template(key)
    typed = {name: request.form.get(name, "") for name in _fields(of)}
    chosen = request.form.getlist("weekdays")
    try:
        if request.form.get("is_read") != "yes":
            return _preview(problem_id, of, typed, chosen)
        ready_made.write(g.viewer, problem_id, of, typed, chosen, follows=number_of(typed["follows"]))
    except (Unfit, Conflict) as refused:
        return _ask(problem_id, key, typed, chosen, refused)
    flash(f"{of.name} is written down. Each entry can be changed like any other.", "success")
    return redirect(url_for("problems.show", problem_id=problem_id, _anchor="response"))


def _fields(of: Template) -> list[str]:
    """The names of all that it asks, but for the days of the week."""
    of_parts = [f"{part.field}_{name}" for part in of.parts for name in ("weeks", "body", "person")]
    of_patrols = ["spots", "minutes", "visits", "opens", "closes"] if of.has_patrols else []
    return ["first_day", "assess", "follows", *of_parts, *of_patrols]


def _ask(
    problem_id: UUID,
    key: str,
    typed: Mapping[str, str] | None = None,
    chosen: Sequence[str] = (),
    error: HubError | None = None,
) -> ResponseReturnValue:
    of = ready_made.template(key)
    problem = problems.problem(g.viewer, problem_id, Permission.PROBLEM_WRITE)
    record = problems.record(g.viewer, problem_id)
    said = ""
    if of.has_patrols:
        clock, why = ground.clock_on(g.viewer, problem, ground.ground_of(g.viewer, problem))
        said = clock.sentence if clock else why
    if typed is None:
        typed = ready_made.at_first(of, record, today())
        if of.has_patrols:
            patrols, chosen = proposed(problem, ground.hours_proposed(clock))
            typed = {**patrols, **typed}
    elif error is not None:
        typed = {**typed, "follows": str(ready_made.last_entry(record))}
    page = TemplatePage(of, record, _people(record), typed, chosen, said, error=error)
    return render_template("responses/template.html", page=page), error.status if error else 200


def _preview(problem_id: UUID, of: Template, typed: Mapping[str, str], chosen: Sequence[str]) -> ResponseReturnValue:
    problems.problem(g.viewer, problem_id, Permission.PROBLEM_WRITE)
    record = problems.record(g.viewer, problem_id)
    people = _people(record)
    made = ready_made.made(of, typed, chosen, people)
    page = TemplatePage(of, record, people, typed, chosen, "", made)
    return render_template("responses/template_preview.html", page=page)


def _people(record: Record) -> dict[str, str]:
    return problems.people(g.viewer, record.problem.borough_codes)
