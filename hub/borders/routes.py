"""The page on which a liaison officer lets a borough's neighbours read its bands, or none."""

from __future__ import annotations

from flask import Blueprint, flash, g, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from hub.access import Permission
from hub.borders import service
from hub.borders.forms import ChoiceForm
from hub.errors import NotFound
from hub.places import service as places
from hub.places.service import Area
from hub.web import needs

bp = Blueprint("borders", __name__, url_prefix="/areas/<area>/borders")


@bp.get("")
@needs(Permission.SHARE_DECIDE)
def show(area: str) -> ResponseReturnValue:
    """Say what the neighbours are told, and offer to change it."""
    found = _borough(area)
    codes = service.neighbours(g.viewer.session, found.slug)
    return render_template(
        "borders/show.html",
        area=found,
        neighbours=[borough.name for borough in places.boroughs(g.viewer.session, codes)],
        is_publishing=service.is_publishing(g.viewer.session, found.slug),
    )


@bp.post("")
@needs(Permission.SHARE_DECIDE)
def choose(area: str) -> ResponseReturnValue:
    """Publish from the next data on, or withdraw now."""
    found = _borough(area)
    publishes = bool(ChoiceForm().publishes.data)
    service.choose(g.viewer, found.slug, publishes=publishes)
    flash(
        "The neighbours will see bands once new data is live." if publishes else "The bands are withdrawn.", "success"
    )
    return redirect(url_for(".show", area=found.slug))


def _borough(slug: str) -> Area:
    found = places.area(g.viewer, slug, Permission.SHARE_DECIDE)
    if found.kind != "borough":
        raise NotFound
    return found
