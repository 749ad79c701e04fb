"""Addresses of the hotspot map: the page, its layer, and its downloads. Translates only."""

from __future__ import annotations

from flask import Blueprint, g, render_template
from flask.typing import ResponseReturnValue

from hub.access import Permission
from hub.places import service as places
from hub.web import needs

bp = Blueprint("hotspots", __name__)


@bp.get("/areas/<area>/hotspots")
@needs(Permission.OVERLAY_READ)
def show(area: str) -> ResponseReturnValue:
    """Show where offences concentrate in one area."""
    return render_template("hotspots/show.html", area=places.area(g.viewer, area, Permission.OVERLAY_READ))
