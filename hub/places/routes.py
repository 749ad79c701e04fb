"""The home page: the places this person may open and what they may do there; and what all pages share of the city.

What is to be done is told by the ledger, a slice above: its pages give every template `to_do`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

from flask import Blueprint, Response, g, render_template, request, url_for
from flask.typing import ResponseReturnValue

from hub.access import Permission, Viewer
from hub.errors import NotFound
from hub.places import service, tiles
from hub.web import settings, signed_in

DEEPEST_ZOOM = 19
"""Of a background map that somebody else serves, as most do."""

bp = Blueprint("places", __name__)

# What can be opened for a place: permission, endpoint, words; summaries are written borough by borough.
_OPENS = (
    (Permission.OVERLAY_READ, "briefings.show", "This week"),
    (Permission.OVERLAY_READ, "hotspots.show", "Hotspot maps"),
    (Permission.SUMMARY_READ, "summaries.show", "Summary"),
    (Permission.SUMMARY_READ, "reports.index", "Reports"),
    (Permission.PROBLEM_READ, "tasking.meeting", "Meeting"),
    (Permission.RECORD_READ, "record.show", "Record"),
)
_OF_ONE_BOROUGH = frozenset({"summaries.show", "reports.index", "record.show"})
_NAVIGATION = (
    (None, "places.home", "Home"),
    (Permission.UPLOAD_READ, "uploads.index", "Uploads"),
    (Permission.PROBLEM_READ, "problems.index", "Problems"),
    (Permission.AGREEMENT_READ, "ledger.index", "Due by law"),
    (Permission.AGREEMENT_READ, "agreements.index", "Agreements"),
    (Permission.OVERLAY_READ, "sharing.index", "Shares"),
    (Permission.RECORD_READ, "reach.index", "Who can see"),
    (Permission.PEOPLE_WRITE, "people.index", "People"),
    (Permission.SEE_AS, "seeing_as.choose", "See as"),
    (Permission.POLICY_WRITE, "disclosure.show", "Small numbers"),
)


@dataclass(frozen=True)
class Link:
    """Where a reader may go."""

    text: str
    href: str
    is_here: bool = False


@dataclass(frozen=True)
class Basemap:
    """The background map that maps may draw: where its tiles come from, how closely they go, and whose they are."""

    address: str
    deepest_zoom: int
    attribution: str


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


@bp.get("/basemap/<int:zoom>/<int:column>/<int:row>")
@signed_in
def tile(zoom: int, column: int, row: int) -> ResponseReturnValue:
    """Give one tile of the background map, where a local file holds it."""
    path = settings().basemap_file
    if path is None:
        raise NotFound
    held = _tiles(path)
    found = tiles.tile(held, zoom, column, row)
    if found is None:
        raise NotFound
    return Response(found, mimetype=held.mimetype)


@bp.app_context_processor
def background_map() -> dict[str, Any]:
    """Give every page the background map, if one is configured."""
    here = settings()
    if not here.basemap:
        return {"basemap": None}
    if here.basemap_file is None:
        return {"basemap": Basemap(here.basemap, DEEPEST_ZOOM, here.basemap_attribution)}
    address = url_for("places.tile", zoom=0, column=0, row=0).replace("0/0/0", "{z}/{x}/{y}")
    return {"basemap": Basemap(address, _tiles(here.basemap_file).deepest_zoom, here.basemap_attribution)}


_tiles = cache(tiles.opened)


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
            if endpoint in _OF_ONE_BOROUGH and area.kind != "borough":
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
