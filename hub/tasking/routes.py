"""Addresses of working together: somebody's own tasks, and what the partners of an area meet about."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from uuid import UUID

from flask import Blueprint, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from hub.access import Permission, Viewer
from hub.errors import Conflict, HubError
from hub.places import service as places
from hub.problems.service import today
from hub.problems.wording import Unfit
from hub.tasking import service
from hub.tasking.service import DAYS_AHEAD, DAYS_BACK, ShownTask
from hub.web import needs, saw

bp = Blueprint("tasking", __name__)


@bp.app_context_processor
def tasks_of_mine() -> dict[str, Callable[[], list[ShownTask]]]:
    """Let the home page, which stands below this slice, list its reader's tasks."""

    def waiting() -> list[ShownTask]:
        viewer: Viewer | None = g.get("viewer")
        may_read = viewer is not None and viewer.may(Permission.PROBLEM_READ)
        return service.mine(g.viewer, today()) if may_read else []

    return {"tasks_of_mine": waiting}


@bp.get("/tasks")
@needs(Permission.PROBLEM_READ)
def mine() -> ResponseReturnValue:
    """List the reader's own tasks that are open."""
    meetings = places.areas(g.viewer, Permission.PROBLEM_READ)
    return render_template("tasking/mine.html", tasks=service.mine(g.viewer, today()), areas=meetings)


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
    )
    return body, error.status if error else 200
