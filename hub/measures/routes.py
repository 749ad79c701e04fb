"""The page that says what is measured and how, and the one on which a borough chooses the five that it puts first."""

from __future__ import annotations

from flask import Blueprint, flash, g, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from hub.access import Permission
from hub.errors import BadRequest, NotFound
from hub.measures import service
from hub.measures.comparisons import known
from hub.measures.forms import FiveForm
from hub.places import service as places
from hub.places.service import Area
from hub.web import needs, signed_in

bp = Blueprint("measures", __name__)


@bp.get("/measures")
@signed_in
def index() -> ResponseReturnValue:
    """Say what each measure counts, where that is written, and what nobody has checked."""
    session = g.viewer.session
    return render_template(
        "measures/index.html",
        plans=service.plans(session),
        measures=service.measures(session),
        comparisons=known().values(),
    )


@bp.get("/areas/<area>/measures")
@needs(Permission.MEASURE_CHOOSE)
def edit(area: str) -> ResponseReturnValue:
    """Show the five, to be chosen anew."""
    found = _borough(area)
    form = _offered()
    now = service.choice(g.viewer, found.slug)
    form.show(now.measures, now.comparisons)
    return _page(found, form)


@bp.post("/areas/<area>/measures")
@needs(Permission.MEASURE_CHOOSE)
def choose(area: str) -> ResponseReturnValue:
    """Put five measures first."""
    found = _borough(area)
    form = _offered()
    if not form.validate() or form.find_faults(service.to_choose_from(g.viewer.session)):
        return _page(found, form), BadRequest.status
    service.choose(g.viewer, found.slug, form.codes, form.compared_with)
    flash(f"The summary of {found.name} now begins with these five.", "success")
    return redirect(url_for(".edit", area=found.slug))


def _offered() -> FiveForm:
    form = FiveForm()
    form.offer(service.to_choose_from(g.viewer.session))
    return form


def _page(area: Area, form: FiveForm) -> str:
    return render_template("measures/edit.html", area=area, form=form)


def _borough(slug: str) -> Area:
    found = places.area(g.viewer, slug, Permission.MEASURE_CHOOSE)
    if found.kind != "borough":
        raise NotFound
    return found
