"""Addresses of working together: one's own tasks, what the partners of an area meet about, and the tasking pack."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from uuid import UUID

from flask import Blueprint, Response, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from hub import handover
from hub.access import Permission, Viewer
from hub.briefings.clocks import LEAST_TIMED
from hub.errors import BadRequest, Conflict, HubError
from hub.places import service as places
from hub.problems import addresses, contents
from hub.problems import service as problems
from hub.problems.service import today
from hub.problems.wording import Unfit
from hub.responses.wording import LEAKS_ON_PAPER
from hub.tasking import packs, service
from hub.tasking.service import DAYS_AHEAD, DAYS_BACK, ShownTask
from hub.web import needs, saw
from hub.words import plural

bp = Blueprint("tasking", __name__)


@bp.app_context_processor
def tasks_told() -> dict[str, Callable[..., list[ShownTask]]]:
    """Let the home page list its reader's tasks, and a problem's page those that are open: both stand below this."""

    def waiting() -> list[ShownTask]:
        viewer: Viewer | None = g.get("viewer")
        may_read = viewer is not None and viewer.may(Permission.PROBLEM_READ)
        return service.mine(g.viewer, today()) if may_read else []

    return {
        "tasks_of_mine": waiting,
        "open_tasks": lambda problem_id: service.of_problem(g.viewer, problem_id, today()),
    }


@bp.get("/tasks")
@needs(Permission.PROBLEM_READ)
def mine() -> ResponseReturnValue:
    """List the reader's own tasks that are open."""
    meetings = places.areas(g.viewer, Permission.PROBLEM_READ)
    return render_template("tasking/mine.html", tasks=service.mine(g.viewer, today()), areas=meetings)


@bp.get("/tasks/addresses")
@needs(Permission.PROBLEM_WRITE)
def address() -> ResponseReturnValue:
    """Ask which address outside the hub is to be erased from tasks."""
    return render_template("tasking/address.html", typed="", faults={})


@bp.post("/tasks/addresses")
@needs(Permission.PROBLEM_WRITE)
def erase_address() -> ResponseReturnValue:
    """Erase an address outside the hub from every task that its reader may write to."""
    typed = request.form.get("address", "")
    try:
        tasks = addresses.erase(g.viewer, typed)
    except Unfit as refused:
        return render_template("tasking/address.html", typed=typed, faults=refused.faults), refused.status
    flash(f"The address is erased from {plural(tasks, 'task')}. Nobody is written to there about them.", "success")
    return redirect(url_for(".mine"))


@bp.get("/areas/<area>/meeting")
@needs(Permission.PROBLEM_READ)
def meeting(area: str) -> ResponseReturnValue:
    """Show what is late, what is due and what was decided about an area's problems."""
    return _meeting(area, {}, None)


@bp.post("/areas/<area>/meeting/decisions")
@needs(Permission.PROBLEM_WRITE)
def decide(area: str) -> ResponseReturnValue:
    """Write down what was decided about a problem."""
    its = places.area(g.viewer, area, Permission.PROBLEM_WRITE)
    typed = {name: request.form.get(name, "") for name in ("problem", "words", "on")}
    try:
        service.decide(g.viewer, its, _problem(typed["problem"]), typed["words"], typed["on"])
    except (Unfit, Conflict) as refused:
        return _meeting(area, typed, refused)
    flash("The decision is written down with its problem.", "success")
    return redirect(url_for(".meeting", area=its.slug, _anchor="decided"))


@bp.get("/problems/<uuid:problem_id>/pack")
@needs(Permission.PROBLEM_READ)
def pack(problem_id: UUID) -> ResponseReturnValue:
    """Show what partners take to the place of a problem."""
    found = packs.pack(g.viewer, problem_id, today())
    saw("task_pack.viewed", problem_id, found.problem.borough_codes)
    return render_template("tasking/pack.html", pack=found, least=LEAST_TIMED, leaks=LEAKS_ON_PAPER)


@bp.get("/problems/<uuid:problem_id>/pack.pdf")
@needs(Permission.PROBLEM_READ)
def pack_paper(problem_id: UUID) -> ResponseReturnValue:
    """Ask what a pack is taken for."""
    return _ask(problem_id)


@bp.post("/problems/<uuid:problem_id>/pack.pdf")
@needs(Permission.PROBLEM_READ)
def take_pack(problem_id: UUID) -> ResponseReturnValue:
    """Give a pack as a PDF, once it is on the record that it left, and for what."""
    try:
        taken = handover.given()
    except BadRequest as error:
        return _ask(problem_id, error)
    found = packs.pack(g.viewer, problem_id, today())
    content = packs.pdf(found, taken)
    packs.record_taken(g.viewer, found.problem, taken)
    response = Response(content, mimetype="application/pdf")
    name = f"tasking-pack-{found.problem.reference}.pdf"
    response.headers.set("Content-Disposition", "attachment", filename=name)
    return response


def _ask(problem_id: UUID, error: BadRequest | None = None) -> ResponseReturnValue:
    found = problems.problem(g.viewer, problem_id)
    back = url_for(".pack", problem_id=problem_id)
    return handover.ask(f"the tasking pack of {found.reference} (PDF)", back, error)


def _problem(written: str) -> UUID:
    try:
        return UUID(written)
    except ValueError:
        raise Unfit({"problem": "Choose a problem."}) from None


def _meeting(slug: str, typed: Mapping[str, str], error: HubError | None) -> ResponseReturnValue:
    area = places.area(g.viewer, slug, Permission.PROBLEM_READ)
    found = service.meeting(g.viewer, area, today())
    saw("tasks.viewed", area.slug, area.borough_codes)
    body = render_template(
        "tasking/meeting.html",
        meeting=found,
        area=area,
        typed=typed,
        error=error,
        faults=error.faults if isinstance(error, Unfit) else {},
        days_ahead=DAYS_AHEAD,
        days_back=DAYS_BACK,
        results=contents.RESULTS,
    )
    return body, error.status if error else 200
