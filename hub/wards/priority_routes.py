"""The pages of a ward's priorities: one with its history, and the forms that set, keep and end one."""

from __future__ import annotations

from uuid import UUID

from flask import Blueprint, flash, g, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from hub.access import Permission
from hub.errors import BadRequest, Conflict, HubError
from hub.places.service import Area
from hub.problems.forms import OpeningForm
from hub.problems.routes import fill_period, opening_page
from hub.problems.service import LONGEST_TITLE
from hub.problems.wording import Unfit as UnfitProblem
from hub.wards import ground, priorities
from hub.wards.forms import PriorityForm
from hub.wards.ground import WardPlace
from hub.wards.wording import Unfit
from hub.web import needs

bp = Blueprint("priorities", __name__, url_prefix="/areas/<area>/wards/<ward_code>/priorities")


@bp.get("/new")
@needs(Permission.PRIORITY_WRITE)
def new(area: str, ward_code: str) -> ResponseReturnValue:
    """Show the form that sets a priority."""
    borough, ward = _ward(area, ward_code, Permission.PRIORITY_WRITE)
    form = PriorityForm()
    form.set_on.data = priorities.today()
    return render_template("wards/new_priority.html", area=borough, ward=ward, form=form, error=None)


@bp.post("")
@needs(Permission.PRIORITY_WRITE)
def add(area: str, ward_code: str) -> ResponseReturnValue:
    """Set a priority."""
    borough, ward = _ward(area, ward_code, Permission.PRIORITY_WRITE)
    form, error = PriorityForm(), None
    try:
        if form.is_readable():
            priorities.set_priority(g.viewer, ward, form.given())
            flash(f"The priority is set for {ward.name}. Everybody who reads {borough.name} sees it.", "success")
            return redirect(url_for("wards.show", area=borough.slug, ward_code=ward.code))
    except (Unfit, Conflict) as refused:
        error = _blamed(form, refused)
    body = render_template("wards/new_priority.html", area=borough, ward=ward, form=form, error=error)
    return body, error.status if error else BadRequest.status


@bp.get("/<uuid:priority_id>")
@needs(Permission.SUMMARY_READ)
def show(area: str, ward_code: str, priority_id: UUID) -> ResponseReturnValue:
    """Show one priority with its history, and to those who may, the form that follows it up."""
    borough, ward = _ward(area, ward_code, Permission.SUMMARY_READ)
    found = priorities.priority(g.viewer, ward, priority_id)
    form = PriorityForm()
    form.show(found.latest.given, found.number)
    return _show(borough, ward, priority_id, form)


@bp.post("/<uuid:priority_id>/keep")
@needs(Permission.PRIORITY_WRITE)
def keep(area: str, ward_code: str, priority_id: UUID) -> ResponseReturnValue:
    """Keep a priority that was looked at again."""
    borough, ward = _ward(area, ward_code, Permission.PRIORITY_WRITE)
    form, error = PriorityForm(), None
    try:
        if form.is_readable():
            priorities.keep(g.viewer, ward, priority_id, form.given(), number=form.follows())
            flash("The priority is kept, with what you wrote.", "success")
            return redirect(url_for(".show", area=borough.slug, ward_code=ward.code, priority_id=priority_id))
    except (Unfit, Conflict) as refused:
        error = _blamed(form, refused)
    return _show(borough, ward, priority_id, form, error), error.status if error else BadRequest.status


@bp.post("/<uuid:priority_id>/end")
@needs(Permission.PRIORITY_WRITE)
def end(area: str, ward_code: str, priority_id: UUID) -> ResponseReturnValue:
    """End a priority."""
    borough, ward = _ward(area, ward_code, Permission.PRIORITY_WRITE)
    form = PriorityForm()
    try:
        priorities.end(g.viewer, ward, priority_id, form.note.data or "", number=form.follows())
    except (Unfit, Conflict) as refused:
        return _show(borough, ward, priority_id, form, _blamed(form, refused)), refused.status
    flash("The priority has ended. It stays on the ward's page as one that was.", "success")
    return redirect(url_for("wards.show", area=borough.slug, ward_code=ward.code))


@bp.get("/<uuid:priority_id>/problem")
@needs(Permission.PROBLEM_WRITE)
def new_problem(area: str, ward_code: str, priority_id: UUID) -> ResponseReturnValue:
    """Show the form that opens a problem, filled from a priority."""
    borough, ward = _ward(area, ward_code, Permission.PROBLEM_WRITE)
    words = priorities.priority(g.viewer, ward, priority_id).latest.given.words
    form = OpeningForm(formdata=None)
    form.title.data, form.place.data, form.ward.data = words[:LONGEST_TITLE], ward.name, ward.code
    form.boroughs.data = [borough.slug]
    fill_period(form)
    return _opening(ward, priority_id, form)


@bp.post("/<uuid:priority_id>/problem")
@needs(Permission.PROBLEM_WRITE)
def open_problem(area: str, ward_code: str, priority_id: UUID) -> ResponseReturnValue:
    """Open a problem from a priority."""
    _, ward = _ward(area, ward_code, Permission.PROBLEM_WRITE)
    form = OpeningForm()
    try:
        opened = priorities.open_problem(g.viewer, ward, priority_id, form.given(()))
    except UnfitProblem as refused:
        form.blame(refused.faults)
        return _opening(ward, priority_id, form), refused.status
    except BadRequest as refused:
        return _opening(ward, priority_id, form, refused), refused.status
    flash(f"Problem {opened.reference} is open.", "success")
    return redirect(url_for("problems.show", problem_id=opened.id))


def _opening(ward: WardPlace, priority_id: UUID, form: OpeningForm, error: HubError | None = None) -> str:
    action = url_for(".open_problem", area=ward.borough_code, ward_code=ward.code, priority_id=priority_id)
    return opening_page(form, error, action=action, source=f"a priority of the ward panel of {ward.name}")


def _ward(area: str, ward_code: str, permission: Permission) -> tuple[Area, WardPlace]:
    borough = ground.borough(g.viewer, area, permission)
    return borough, ground.ward(g.viewer, borough, ward_code)


def _blamed(form: PriorityForm, refused: HubError) -> HubError:
    """Say at the fields what is wrong with them."""
    if isinstance(refused, Unfit):
        form.blame(refused.faults)
    return refused


def _show(borough: Area, ward: WardPlace, priority_id: UUID, form: PriorityForm, error: HubError | None = None) -> str:
    """One priority as it stands now, beside what somebody typed, where that was refused."""
    found = priorities.priority(g.viewer, ward, priority_id)
    if error is not None or form.errors:
        form.number.data = str(found.number)
        form.set_on.data = found.latest.given.set_on
    return render_template(
        "wards/priority.html",
        area=borough,
        ward=ward,
        priority=found,
        form=form,
        error=error,
        today=priorities.today(),
        may_write=g.viewer.may(Permission.PRIORITY_WRITE, borough.borough_codes),
    )
