"""Addresses of assessments: one of them, its figures as a file, and asking for another; and the news for owners."""

from __future__ import annotations

import csv
import datetime as dt
import io
from collections.abc import Callable
from typing import Any
from uuid import UUID

from flask import Blueprint, Response, flash, g, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from hub import audit, handover
from hub.access import Permission
from hub.assessments import charts, service, wording
from hub.assessments.service import Line, ShownAssessment, Standing
from hub.errors import BadRequest, NotFound
from hub.problems import service as problems
from hub.problems.service import ShownProblem
from hub.purposes import Handover
from hub.web import needs, saw
from hub.words import MARKING, month_code, plain_cell, time_name

bp = Blueprint("assessments", __name__, url_prefix="/problems/<uuid:problem_id>/assessments")

NEWS_FOR = dt.timedelta(days=28)
"""So long the home page tells an owner of a result."""


@bp.app_context_processor
def results() -> dict[str, Callable[..., Any]]:
    """Let the page of a problem and the home page, which stand below this slice, show what was found."""
    return {"assessments_of": lambda problem_id: service.assessments(g.viewer, problem_id), "newly_assessed": _news}


def _news() -> list[tuple[ShownProblem, Line]]:
    if not g.viewer.may(Permission.PROBLEM_READ):
        return []
    return service.newest_of_owned(g.viewer, dt.datetime.now(dt.UTC) - NEWS_FOR)


@bp.post("")
@needs(Permission.PROBLEM_WRITE)
def ask(problem_id: UUID) -> ResponseReturnValue:
    """Ask for an assessment now."""
    service.ask(g.viewer, problem_id)
    flash("It is being worked out, and will stand here in a minute or so.", "success")
    return redirect(url_for("problems.show", problem_id=problem_id, _anchor="assessment"))


@bp.get("/<uuid:assessment_id>")
@needs(Permission.PROBLEM_READ)
def show(problem_id: UUID, assessment_id: UUID) -> ResponseReturnValue:
    """Show one assessment with what is behind it."""
    problem = problems.problem(g.viewer, problem_id)
    shown = service.assessment(g.viewer, problem_id, assessment_id)
    saw("assessment.viewed", problem_id, problem.borough_codes, number=shown.line.number)
    return render_template(
        "assessments/show.html",
        problem=problem,
        shown=shown,
        Standing=Standing,
        facts=wording.facts(shown.found) if shown.found else [],
        warnings=wording.warnings(shown.found) if shown.found else [],
        displacement=wording.displacement(shown.found) if shown.found else "",
        picture=charts.month_chart(shown),
        said=charts.said(shown) if shown.counts.size else "",
        rows=charts.rows(shown) if shown.counts.size else [],
    )


@bp.get("/<uuid:assessment_id>/figures.csv")
@needs(Permission.PROBLEM_READ)
def table(problem_id: UUID, assessment_id: UUID) -> ResponseReturnValue:
    """Ask what the figures are taken for."""
    return _ask(_with_figures(problem_id, assessment_id))


@bp.post("/<uuid:assessment_id>/figures.csv")
@needs(Permission.PROBLEM_READ)
def take(problem_id: UUID, assessment_id: UUID) -> ResponseReturnValue:
    """Give the figures, once it is on the record that they left, and for what."""
    shown = _with_figures(problem_id, assessment_id)
    try:
        taken = handover.given()
    except BadRequest as error:
        return _ask(shown, error)
    problem = problems.problem(g.viewer, problem_id)
    audit.record(
        g.viewer,
        "assessment.exported",
        problem_id,
        boroughs=problem.borough_codes,
        number=shown.line.number,
        purpose=taken.purpose.key,
        purpose_words=taken.purpose.words,
    )
    response = Response(_csv(problem, shown, taken), mimetype="text/csv")
    name = f"{problem.reference}-assessment-{shown.line.number}.csv"
    response.headers.set("Content-Disposition", "attachment", filename=name)
    return response


def _with_figures(problem_id: UUID, assessment_id: UUID) -> ShownAssessment:
    shown = service.assessment(g.viewer, problem_id, assessment_id)
    if not shown.counts.size:
        raise NotFound
    return shown


def _ask(shown: ShownAssessment, error: BadRequest | None = None) -> ResponseReturnValue:
    back = url_for(".show", problem_id=shown.line.problem_id, assessment_id=shown.line.id)
    return handover.ask("the figures of an assessment (CSV)", back, error)


def _csv(problem: ShownProblem, shown: ShownAssessment, taken: Handover) -> bytes:
    """The months of every ground, under what was found and who took it for what."""
    written = io.StringIO(newline="")
    writer = csv.writer(written)
    head = [
        ("Marking", MARKING),
        ("Problem", f"{problem.reference}: {problem.title}"),
        ("Result", shown.line.result),
        ("Why", shown.line.reason),
        ("Worked out", time_name(shown.line.at)),
        ("Figures", f"{shown.dataset_title}, {shown.category}"),
        ("Method", shown.method),
        ("SHA-256", shown.sha256),
        ("Taken", taken.sentence),
    ]
    head += [
        (one.name, f"{one.value} {one.between}".strip()) for one in (wording.facts(shown.found) if shown.found else [])
    ]
    for pair in head:
        writer.writerow(map(plain_cell, pair))
    writer.writerow([])
    writer.writerow(["Month", "Before or after", *map(plain_cell, shown.names)])
    for at, month in enumerate(shown.months):
        when = "before" if at < shown.months_before else "after"
        writer.writerow([month_code(month), when, *(int(count) for count in shown.counts[:, at])])
    return written.getvalue().encode("utf-8-sig")
