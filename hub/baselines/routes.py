"""Addresses of a problem's baseline: what is known of its place, what it is compared with, and another in its place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from uuid import UUID

import geopandas as gpd
from flask import Blueprint, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from geo.boundaries import to_geojson_geometries
from geo.frames import NATIONAL_GRID, Geometry
from hub.access import Permission, Viewer
from hub.baselines import charts, comparisons, gathering, opening, series, service, wording
from hub.baselines.comparisons import Comparison
from hub.baselines.gathering import Around
from hub.baselines.models import Role
from hub.baselines.service import ShownBaseline, ShownGround, Standing
from hub.briefings.clocks import LEAST_TIMED
from hub.errors import BadRequest, Conflict, HubError
from hub.hotspots.keeping import reading_as
from hub.hotspots.routes import as_layer
from hub.hotspots.sources import NoFigures
from hub.pictures import Picture
from hub.places import service as places
from hub.problems import service as problems
from hub.problems.service import ShownProblem
from hub.problems.terms import Stage
from hub.problems.wording import Unfit
from hub.web import database, needs, saw
from hub.words import number

bp = Blueprint("baselines", __name__, url_prefix="/problems/<uuid:problem_id>/baseline")
TOLERANCE_METRES = 1.0


@dataclass(frozen=True)
class BaselinePage:
    """What the page shows of a problem's place and baseline."""

    problem: ShownProblem
    baselines: list[ShownBaseline]
    chart: Picture | None
    lines: list[tuple[str, str]]
    around: Around | None
    agencies: str
    may_write: bool
    roles: Mapping[Role, str] = field(default_factory=lambda: wording.ROLES)
    rules: Mapping[str, str] = field(default_factory=lambda: wording.RULES)
    standings: Mapping[Standing, str] = field(default_factory=lambda: wording.STANDINGS)
    least: int = LEAST_TIMED
    """Of fewer the hours are not shown: they could be told one by one."""

    @property
    def current(self) -> ShownBaseline | None:
        """The one that holds."""
        return next(iter(self.baselines), None)


@dataclass(frozen=True)
class ChoosePage:
    """What may be chosen for a baseline, and what is proposed."""

    problem: ShownProblem
    before: ShownBaseline | None
    comparison: Comparison
    categories: list[str]
    chosen: frozenset[str]
    """Keys of the controls that are ticked."""
    reason: str
    error: HubError | None
    explained: str = field(default_factory=comparisons.rules)
    rules: Mapping[str, str] = field(default_factory=lambda: wording.RULES)

    @property
    def fault(self) -> str:
        """What is wrong with the reason; blank where nothing is."""
        return self.error.faults.get("reason", "") if isinstance(self.error, Unfit) else ""


@bp.get("")
@needs(Permission.PROBLEM_READ)
def show(problem_id: UUID) -> ResponseReturnValue:
    """Show what is known of a problem's place, its baseline, and what it is compared with."""
    problem = problems.problem(g.viewer, problem_id)
    held = service.baselines(g.viewer, problem_id)
    around = _around(problem, held[0]) if held else None
    evidence = held[0].evidence if held else None
    page = BaselinePage(
        problem=problem,
        baselines=held,
        chart=charts.month_chart(held[0]) if held else None,
        lines=wording.lines(evidence, problem.boroughs) if evidence else [],
        around=around,
        agencies=wording.agencies(around.agencies, around.sources, around.why_no_agencies) if around else "",
        may_write=problem.stage is not Stage.CLOSED and g.viewer.may(Permission.PROBLEM_WRITE, problem.borough_codes),
    )
    saw("problem.baseline_viewed", problem_id, problem.borough_codes)
    return render_template("baselines/show.html", page=page)


@bp.get("/grounds.json")
@needs(Permission.PROBLEM_READ)
def grounds(problem_id: UUID) -> ResponseReturnValue:
    """Give what the map of a baseline draws."""
    problem = problems.problem(g.viewer, problem_id)
    frozen = service.current(g.viewer, problem_id)
    outlines = places.borough_outlines(g.viewer.session, problem.borough_codes)
    shown = frozen.grounds if frozen else ()
    saw("problem.baseline_viewed", problem_id, problem.borough_codes)
    return as_layer(
        {
            "boroughs": _features(list(outlines.geometry), [{"name": str(name)} for name in outlines["borough_name"]]),
            "wards": _features([one.outline for one in shown], [_told_of(one) for one in shown]),
        }
    )


@bp.get("/new")
@needs(Permission.PROBLEM_WRITE)
def choose(problem_id: UUID) -> ResponseReturnValue:
    """Show what a baseline would be of, and what may be chosen instead."""
    saw("problem.baseline_viewed", problem_id, problems.problem(g.viewer, problem_id).borough_codes)
    return _choose(g.viewer, problem_id, request.args)


@bp.post("/new")
@needs(Permission.PROBLEM_WRITE)
def freeze(problem_id: UUID) -> ResponseReturnValue:
    """Freeze a baseline, in the place of the one before."""
    # What takes seconds is worked out on a session that reads: it keeps nobody from writing.
    try:
        with reading_as(database(), g.viewer) as reader:
            comparison = _compared(reader, problem_id, request.form)
            prepared = opening.prepared(reader, comparison, request.form.getlist("controls"))
        service.freeze(g.viewer, problem_id, prepared, reason=request.form.get("reason", ""))
    except (Unfit, BadRequest, Conflict, NoFigures) as refused:
        with reading_as(database(), g.viewer) as reader:
            return _choose(reader, problem_id, request.form, refused), refused.status
    flash("The baseline is frozen.", "success")
    return redirect(url_for(".show", problem_id=problem_id))


def _compared(viewer: Viewer, problem_id: UUID, asked: Mapping[str, str]) -> Comparison:
    written = asked.get("ring", "").strip()
    try:
        ring = float(written) if written else None
    except ValueError:
        raise BadRequest(
            f"'{written[:20]}' is no width of a buffer.", remedy="Give it in metres, such as 200."
        ) from None
    return opening.compared(viewer, problem_id, category=asked.get("category") or None, ring_metres=ring)


def _choose(viewer: Viewer, problem_id: UUID, asked: Mapping[str, str], error: HubError | None = None) -> str:
    problem = problems.problem(viewer, problem_id)
    try:
        comparison = _compared(viewer, problem_id, asked)
    except (BadRequest, NoFigures) as refused:
        error = error or refused
        try:
            comparison = opening.compared(viewer, problem_id)
        except (BadRequest, Conflict, NoFigures):
            if request.method != "POST":
                raise
            return render_template("baselines/nothing.html", problem=problem, error=error, typed=asked)
    proposed = (each.piece.key for each in comparison.controls)
    keys = request.form.getlist("controls") if request.method == "POST" else proposed
    page = ChoosePage(
        problem=problem,
        before=service.current(viewer, problem_id),
        comparison=comparison,
        categories=opening.categories(viewer, problem.borough_codes),
        chosen=frozenset(keys),
        reason=asked.get("reason", ""),
        error=error,
    )
    return render_template("baselines/choose.html", page=page)


def _around(problem: ShownProblem, frozen: ShownBaseline) -> Around | None:
    """What every source recorded there, in the reader's own boroughs."""
    own = problem.borough_codes & g.viewer.boroughs(Permission.EXACT_COUNTS)
    return gathering.around(
        g.viewer,
        series.area_of(g.viewer, own),
        frozen.response.outline,
        by_wards=bool(frozen.response.ward_codes),
        category=frozen.category,
        last_month=frozen.months[-1],
        dataset=frozen.dataset,
    )


def _told_of(ground: ShownGround) -> dict[str, object]:
    facts = [
        ["Ground", ground.name],
        ["What it is", wording.ROLES[ground.role]],
        ["Incidents before", number(ground.total)],
        ["Hectares", number(ground.hectares, 1)],
    ]
    return {"code": ground.unit, "class": ground.role.value, "facts": facts}


def _features(shapes: list[Geometry], properties: list[dict[str, object]]) -> dict[str, object]:
    outlines = gpd.GeoSeries(shapes, crs=NATIONAL_GRID)
    geometries = to_geojson_geometries(outlines, tolerance_metres=TOLERANCE_METRES) if shapes else []
    return {
        "type": "FeatureCollection",
        "features": [
            {"type": "Feature", "properties": of_one, "geometry": geometry}
            for of_one, geometry in zip(properties, geometries, strict=True)
        ],
    }
