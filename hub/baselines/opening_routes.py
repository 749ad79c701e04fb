"""Addresses that open a problem at a place of a map or on a zone: the form, filled with what is known, and the post."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Blueprint, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from hub.access import Permission, Viewer
from hub.baselines import comparisons, opening, wording
from hub.baselines.forms import PlaceForm
from hub.baselines.opening import Ready
from hub.errors import BadRequest, Conflict, HubError
from hub.hotspots.keeping import reading_as
from hub.places import service as places
from hub.places.service import Area
from hub.problems import service as problems
from hub.problems.wording import Unfit
from hub.web import database, needs, saw
from hub.words import month_code, parse_month

bp = Blueprint("problem_opening", __name__)


@dataclass(frozen=True)
class OpenHerePage:
    """What the page shows of the place at which a problem is to be opened."""

    area: Area
    ready: Ready
    lines: list[tuple[str, str]]
    rules: str
    roles: dict[str, str]
    place_address: str


@bp.get("/areas/<area>/problems/new")
@needs(Permission.PROBLEM_WRITE)
def new(area: str) -> ResponseReturnValue:
    """Show the form that opens a problem at a place, filled with what is known of it."""
    its_area = places.area(g.viewer, area, Permission.PROBLEM_WRITE)
    form = PlaceForm(request.args)
    found = _ready(g.viewer, its_area, form)
    form.fill(found)
    saw(
        "zone.viewed" if form.zone_id else "place.viewed",
        form.zone_id or its_area.slug,
        its_area.borough_codes,
        category=found.flagged.basis.category,
        months=[month_code(month) for month in found.period],
        **({"area": its_area.slug} if form.zone_id else {}),
    )
    return _show(its_area, form, found)


@bp.post("/areas/<area>/problems/new")
@needs(Permission.PROBLEM_WRITE)
def open_here(area: str) -> ResponseReturnValue:
    """Open a problem at a place, and freeze its baseline."""
    form = PlaceForm()
    # What takes seconds is worked out on a session that reads: it keeps nobody from writing.
    with reading_as(database(), g.viewer) as reader:
        its_area = places.area(reader, area, Permission.PROBLEM_WRITE)
        found = _ready(reader, its_area, form)
    try:
        opened = opening.open_here(g.viewer, found, form.said, form.owner_id)
    except Unfit as refused:
        form.blame(refused.faults)
        return _show(its_area, form, found), refused.status
    except (BadRequest, Conflict) as refused:
        return _show(its_area, form, found, refused), refused.status
    flash(f"Problem {opened.reference} is open, and its baseline is frozen.", "success")
    return redirect(url_for("problems.show", problem_id=opened.id))


def _ready(viewer: Viewer, area: Area, form: PlaceForm) -> Ready:
    category = form.category.data or None
    last_month = parse_month(form.to.data or "", what="The last month")
    if form.zone_id is not None:
        return opening.ready_on_zone(viewer, area, form.zone_id, category=category, last_month=last_month)
    return opening.ready(
        viewer,
        area,
        category=category,
        unit=form.unit.data or "",
        last_month=last_month,
        dataset=form.dataset.data or None,
    )


def _show(area: Area, form: PlaceForm, found: Ready, error: HubError | None = None) -> str:
    flagged = found.flagged
    form.offer(problems.people(g.viewer, flagged.area.borough_codes))
    asked = {name: form[name].data for name in ("category", "unit", "to", "dataset")}
    back = (
        url_for("zones.show", area=area.slug, zone_id=form.zone_id)
        if form.zone_id
        else url_for("place.show", area=area.slug, **asked)
    )
    page = OpenHerePage(
        area=area,
        ready=found,
        lines=wording.lines(flagged.evidence, flagged.area.name),
        rules=comparisons.rules(),
        roles=wording.RULES,
        place_address=back,
    )
    return render_template("baselines/open_here.html", page=page, form=form, error=error)
