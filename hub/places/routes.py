"""The home page: the places this person may open and what they may do there; and what every page says of the city.

What is to be done is told by the ledger, a slice above: its pages give every template `to_do`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import Blueprint, g, render_template, request, url_for
from flask.typing import ResponseReturnValue

from hub.access import Permission, Viewer
from hub.places import service
from hub.web import signed_in

bp = Blueprint("places", __name__)

# What can be opened for a place: permission, endpoint, words; summaries are written borough by borough.
_OPENS = (
    (Permission.OVERLAY_READ, "briefings.show", "This week"),
    (Permission.OVERLAY_READ, "hotspots.show", "Hotspot maps"),
    (Permission.SUMMARY_READ, "summaries.show", "Summary"),
)
_NAVIGATION = (
    (None, "places.home", "Home"),
    (Permission.UPLOAD_READ, "uploads.index", "Uploads"),
    (Permission.AGREEMENT_READ, "ledger.index", "Due by law"),
    (Permission.AGREEMENT_READ, "agreements.index", "Agreements"),
)


@dataclass(frozen=True)
class Link:
    """Where a reader may go."""

    text: str
    href: str
    is_here: bool = False


@dataclass(frozen=True)
class PlaceCard:
    """One place, and what this person may open for it."""

    name: str
    links: tuple[Link, ...]


@bp.get("/")
@signed_in
def home() -> ResponseReturnValue:
    """Show the places this person may open."""
    return render_template("places/home.html", places=_cards(g.viewer))


@bp.app_context_processor
def city_and_navigation() -> dict[str, Any]:
    """Give every page the city's name, whether it is fictional, and the main navigation."""
    viewer: Viewer | None = g.get("viewer")
    city = service.city(g.db_session) if g.get("db_session") else None
    return {"city": city, "navigation": _navigation(viewer) if viewer else ()}


def _cards(viewer: Viewer) -> list[PlaceCard]:
    linked: dict[str, tuple[str, list[Link]]] = {}
    for permission, endpoint, words in _OPENS:
        for area in service.areas(viewer, permission):
            if endpoint == "summaries.show" and area.kind != "borough":
                continue
            links = linked.setdefault(area.slug, (area.name, []))[1]
            links.append(Link(words, url_for(endpoint, area=area.slug)))
    return [PlaceCard(name, tuple(links)) for name, links in linked.values()]


def _navigation(viewer: Viewer) -> list[Link]:
    return [
        Link(words, url_for(endpoint), is_here=request.endpoint == endpoint)
        for permission, endpoint, words in _NAVIGATION
        if permission is None or viewer.may(permission)
    ]
