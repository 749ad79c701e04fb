"""Addresses of two periods side by side: the page, and what its two maps draw."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Blueprint, g, make_response, render_template, request
from flask.typing import ResponseReturnValue

from hub.access import Permission
from hub.errors import BadRequest
from hub.hotspots import layers, service
from hub.hotspots.comparing import Comparison, compare
from hub.hotspots.forms import ComparisonForm, chosen_show
from hub.hotspots.keeping import kept_after
from hub.hotspots.layers import Column, Row, Show
from hub.hotspots.routes import as_layer, saw_map, shown_units
from hub.hotspots.scoring import Method, Units
from hub.places import service as places
from hub.places.service import Area
from hub.web import needs
from hub.words import parse_month

bp = Blueprint("compare", __name__)


@dataclass(frozen=True)
class ComparePage:
    """What the page shows of two periods."""

    area: Area
    show: Show
    both: Comparison
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    sort: str
    number: int
    pages: int
    asked: dict[str, str]
    """What was asked, for the addresses of the maps and of the table's other pages."""

    @property
    def change_asked(self) -> dict[str, str]:
        """What the map of change is asked for of the same offences and months."""
        change = Show.WARD_CHANGE if self.show.units is Units.WARDS else Show.CELL_CHANGE
        return {name: self.asked[name] for name in ("category", "from", "to")} | {"show": change.value}


@bp.get("/areas/<area>/hotspots/compare")
@needs(Permission.OVERLAY_READ)
def show(area: str) -> ResponseReturnValue:
    """Show two periods of one area side by side."""
    found = places.area(g.viewer, area, Permission.OVERLAY_READ)
    offered = service.choices(g.viewer, found)
    if offered is None:
        return render_template("hotspots/empty.html", area=found)
    form = ComparisonForm(request.args)
    form.offer(offered)
    asked = {field.name: field.data for field in form.asked()}
    try:
        both = _comparison(found, asked)
    except BadRequest as error:
        return render_template("hotspots/compare.html", area=found, form=form, error=error, page=None), error.status
    if both.now.beside is not None:
        asked["with"] = form.beside.data = both.now.beside.dataset
    units, number, pages = shown_units(both.change, Show.WARD_CHANGE)
    page = ComparePage(
        area=found,
        show=both.show,
        both=both,
        columns=layers.columns(both.change),
        rows=tuple(layers.rows(both.change, Show.WARD_CHANGE, units)),
        sort=request.args.get("sort", ""),
        number=number,
        pages=pages,
        asked=asked,
    )
    saw_map(both.now, both.then)
    response = make_response(render_template("hotspots/compare.html", area=found, form=form, error=None, page=page))
    return kept_after(kept_after(response, both.now), both.then)


@bp.get("/areas/<area>/hotspots/compare/layers.json")
@needs(Permission.OVERLAY_READ)
def maps(area: str) -> ResponseReturnValue:
    """Give what the two maps draw, on one scale."""
    found = places.area(g.viewer, area, Permission.OVERLAY_READ)
    both = _comparison(found, request.args.to_dict())
    outlines = places.borough_outlines(g.viewer.session, found.borough_codes)
    drawn = {
        "now": layers.layer(both.now, both.show, outlines, scaled_with=both.then),
        "then": layers.layer(both.then, both.show, outlines, scaled_with=both.now),
    }
    saw_map(both.now, both.then)
    return kept_after(kept_after(as_layer(drawn), both.now), both.then)


def _comparison(area: Area, asked: dict[str, str]) -> Comparison:
    showing = chosen_show(asked.get("show"))
    return compare(
        g.viewer,
        area,
        showing,
        category=asked.get("category"),
        first_month=parse_month(asked.get("from", ""), what="The first month"),
        last_month=parse_month(asked.get("to", ""), what="The last month"),
        against=parse_month(asked.get("against", ""), what="The last month of the other period"),
        beside=asked.get("with") if showing.method is Method.AGENCIES else None,
    )
