"""What each map shows, how it is made and what it cannot tell, in plain words. Prose alone: no figures, no places."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from hub.access import Permission
from hub.errors import NotFound
from hub.web import needs

bp = Blueprint("methods", __name__)


@dataclass(frozen=True)
class Method:
    """One method that has a page, `hotspots/methods/SLUG.html`."""

    slug: str
    title: str
    question: str


METHODS = (
    Method("count", "Count", "How many were recorded in each ward?"),
    Method("rate", "Rate per 1,000 residents", "How many were recorded for the people who live there?"),
    Method("gi_star", "Hotspots (Gi*)", "Where do incidents pile up by more than chance?"),
    Method("density", "Density", "How thickly do they lie on the ground?"),
    Method("change", "Change from the period before", "Where did they rise or fall by more than chance?"),
    Method(
        "emerging", "New, lasting and fading hotspots", "Which places are new, which are always there, which are over?"
    ),
    Method("harm", "Harm", "Where was the most harm done?"),
    Method("agencies", "Police beside another agency", "Where does another agency see what police do not?"),
)


@bp.get("/methods")
@needs(Permission.OVERLAY_READ)
def index() -> ResponseReturnValue:
    """List the methods, with what is true of them all."""
    return render_template("hotspots/methods/index.html", methods=METHODS)


@bp.get("/methods/<method>")
@needs(Permission.OVERLAY_READ)
def show(method: str) -> ResponseReturnValue:
    """Explain one method."""
    if method not in {each.slug for each in METHODS}:
        raise NotFound
    return render_template(f"hotspots/methods/{method}.html")
