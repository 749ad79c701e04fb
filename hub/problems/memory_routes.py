"""Addresses of the problem memory: the search, and what the owner of a problem tells of it or takes back."""

from __future__ import annotations

from uuid import UUID

from flask import Blueprint, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from hub.access import Permission
from hub.errors import Conflict, HubError
from hub.problems import memory, service
from hub.problems.forms import AbstractForm, SearchForm
from hub.problems.wording import Unfit
from hub.web import needs

bp = Blueprint("problem_memory", __name__)


@bp.get("/problem-memory")
@needs(Permission.PROBLEM_READ)
def index() -> ResponseReturnValue:
    """Search what was told of problems in all boroughs."""
    form = SearchForm(request.args)
    form.offer()
    return render_template("problems/memory.html", form=form, found=memory.search(g.viewer, form.wanted()))


@bp.get("/problems/<uuid:problem_id>/abstract")
@needs(Permission.PROBLEM_PUBLISH)
def edit(problem_id: UUID) -> ResponseReturnValue:
    """Show the form that tells all boroughs of a problem."""
    told = memory.abstract(g.viewer, problem_id)
    form = AbstractForm(data=vars(told.telling) if told else {})
    return _edit(problem_id, form)


@bp.post("/problems/<uuid:problem_id>/abstract")
@needs(Permission.PROBLEM_PUBLISH)
def publish(problem_id: UUID) -> ResponseReturnValue:
    """Tell all boroughs of a problem."""
    form = AbstractForm()
    try:
        memory.publish(g.viewer, problem_id, form.given())
    except Unfit as refused:
        form.blame(refused.faults)
        return _edit(problem_id, form), refused.status
    flash("Every borough can find it in the problem memory now.", "success")
    return redirect(url_for("problems.show", problem_id=problem_id))


@bp.post("/problems/<uuid:problem_id>/abstract/withdraw")
@needs(Permission.PROBLEM_PUBLISH)
def withdraw(problem_id: UUID) -> ResponseReturnValue:
    """Take a problem out of the memory."""
    try:
        memory.withdraw(g.viewer, problem_id)
    except Conflict as refused:
        return _edit(problem_id, AbstractForm(), refused), refused.status
    flash("Nobody finds it in the problem memory any more.", "success")
    return redirect(url_for("problems.show", problem_id=problem_id))


def _edit(problem_id: UUID, form: AbstractForm, error: HubError | None = None) -> str:
    problem = service.problem(g.viewer, problem_id, Permission.PROBLEM_PUBLISH)
    told = memory.abstract(g.viewer, problem_id)
    return render_template("problems/abstract.html", problem=problem, told=told, form=form, error=error)
