"""The address of one place: why it is flagged, its months, its hours, and what each source says of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import Blueprint, g, make_response, render_template, request, url_for
from flask.typing import ResponseReturnValue

from hub.access import Permission
from hub.briefings import place_charts
from hub.briefings.one_place import OnePlace, one_place
from hub.hotspots import layers
from hub.hotspots.keeping import kept_after
from hub.hotspots.scoring import Units
from hub.pictures import Picture
from hub.places import service as places
from hub.web import needs, saw
from hub.words import month_code, parse_month

bp = Blueprint("place", __name__)


@dataclass(frozen=True)
class PlacePage:
    """What the page shows of one place."""

    place: OnePlace
    chart: Picture
    kind_words: str
    map_address: str


@bp.get("/areas/<area>/hotspots/place")
@needs(Permission.OVERLAY_READ)
def show(area: str) -> ResponseReturnValue:
    """Show all that is known of one place and one kind of offence."""
    its_area = places.area(g.viewer, area, Permission.OVERLAY_READ)
    found = one_place(
        g.viewer,
        its_area,
        category=request.args.get("category"),
        unit=request.args.get("unit", ""),
        last_month=parse_month(request.args.get("to", ""), what="The last month"),
        dataset=request.args.get("dataset") or None,
    )
    saw(
        "place.viewed",
        its_area.slug,
        its_area.borough_codes,
        category=found.overlay.category,
        months=[month_code(found.overlay.months[0]), month_code(found.overlay.months[-1])],
    )
    response = make_response(render_template("briefings/place.html", page=_page(found)))
    return kept_after(response, found.overlay)


def _page(found: OnePlace) -> PlacePage:
    overlay, month = found.overlay, month_code(found.overlay.data_to)
    show = layers.Show.CELL_EMERGING if overlay.units is Units.CELLS else layers.Show.WARD_EMERGING
    asked: dict[str, Any] = {"show": show.value, "category": overlay.category, "from": month, "to": month}
    return PlacePage(
        place=found,
        chart=place_charts.month_chart(found.months, found.counts, found.usual, overlay.measure, found.carried_over),
        kind_words=layers.kind_definition(found.place.kind) if found.place else "No pattern",
        map_address=url_for("hotspots.show", area=found.area.slug, **asked),
    )
