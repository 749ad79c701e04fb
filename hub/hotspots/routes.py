"""Addresses of the hotspot map: the page, the layer it draws, and the files to take away."""

from __future__ import annotations

import gzip
from dataclasses import dataclass
from functools import partial
from typing import Any

import orjson
import pandas as pd
from flask import Blueprint, Response, g, make_response, render_template, request
from flask.typing import ResponseReturnValue

from hub.access import Permission
from hub.errors import BadRequest
from hub.hotspots import exports, layers, paper, service, trials
from hub.hotspots.contouring import Contour, contour_layer, contours
from hub.hotspots.forms import OverlayForm, chosen_show
from hub.hotspots.keeping import found_after, kept_after, writing_as
from hub.hotspots.layers import Column, LegendItem, Row, Show
from hub.hotspots.overlays import Overlay
from hub.hotspots.scoring import Method, Units
from hub.hotspots.trials import Trial
from hub.places import service as places
from hub.places.service import Area
from hub.web import database, needs
from hub.words import parse_month

ROWS_A_PAGE = 50
FILE_TYPES = {"geojson": "application/geo+json", "gpkg": "application/geopackage+sqlite3", "csv": "text/csv"}
FILE_TYPES |= {exports.PDF: "application/pdf"}

bp = Blueprint("hotspots", __name__)


@dataclass(frozen=True)
class HotspotPage:
    """What the page shows of one overlay."""

    area: Area
    show: Show
    overlay: Overlay
    sentence: str
    legend: tuple[LegendItem, ...]
    contours: tuple[Contour, ...]
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    sort: str
    number: int
    pages: int
    trial: Trial | None
    """How the busiest places would have done as a plan of patrols; None for all else."""
    asked: dict[str, str]
    """What was asked, for the addresses of the layer, the files and the table's other pages."""

    @property
    def clock_asked(self) -> dict[str, str]:
        """The offences and months of it, for when in the week they come."""
        return {name: self.asked[name] for name in ("category", "from", "to")}

    @property
    def beside_asked(self) -> dict[str, str]:
        """The same, for two periods side by side; of a layer that compares periods itself, the plain counts."""
        plain = Show.WARD_COUNT if self.show.units is Units.WARDS else Show.CELL_COUNT
        return self.asked | ({"show": plain.value} if self.show.compares_periods else {})


@bp.get("/areas/<area>/hotspots")
@needs(Permission.OVERLAY_READ)
def show(area: str) -> ResponseReturnValue:
    """Show where offences concentrate in one area."""
    found = places.area(g.viewer, area, Permission.OVERLAY_READ)
    offered = service.choices(g.viewer, found)
    if offered is None:
        return render_template("hotspots/empty.html", area=found)
    form = OverlayForm(request.args)
    form.offer(offered)
    try:
        asked = {field.name: field.data for field in form.asked()}
        overlay = _overlay(found, asked)
    except BadRequest as error:
        return render_template("hotspots/show.html", area=found, form=form, error=error, page=None), error.status
    if overlay.beside is not None:
        asked["with"] = form.beside.data = overlay.beside.dataset
    page = _page(found, overlay, asked)
    response = make_response(render_template("hotspots/show.html", area=found, form=form, error=None, page=page))
    if page.trial is not None and page.trial.is_due:
        found_after(response, partial(trials.work_out, trial=page.trial), trials.keep)
    return kept_after(response, overlay)


@bp.get("/areas/<area>/hotspots/layer.json")
@needs(Permission.OVERLAY_READ)
def layer(area: str) -> ResponseReturnValue:
    """Give what the map draws."""
    found = places.area(g.viewer, area, Permission.OVERLAY_READ)
    overlay = _overlay(found, request.args.to_dict())
    outlines = places.borough_outlines(g.viewer.session, found.borough_codes)
    drawn = layers.layer(overlay, chosen_show(request.args.get("show")), outlines)
    return kept_after(as_layer(drawn), overlay)


@bp.get("/areas/<area>/hotspots/contours.json")
@needs(Permission.OVERLAY_READ)
def contour_lines(area: str) -> ResponseReturnValue:
    """Give the contours of a density layer, which the map draws once the layer is there."""
    found = places.area(g.viewer, area, Permission.OVERLAY_READ)
    overlay = _overlay(found, request.args.to_dict())
    return kept_after(as_layer(contour_layer(overlay)), overlay)


def as_layer(drawn: dict[str, Any]) -> Response:
    """Answer with what a map draws, as small as it travels."""
    response = Response(orjson.dumps(drawn), mimetype="application/json")
    if request.accept_encodings.quality("gzip"):
        response.set_data(gzip.compress(response.get_data(), compresslevel=5))
        response.headers["Content-Encoding"] = "gzip"
    response.vary.add("Accept-Encoding")
    return response


@bp.get("/areas/<area>/hotspots/overlay.<any(csv, geojson, gpkg, pdf):form>")
@needs(Permission.OVERLAY_READ)
def download(area: str, form: str) -> ResponseReturnValue:
    """Give an overlay as a file, once it is on the record that it left."""
    found = places.area(g.viewer, area, Permission.OVERLAY_READ)
    overlay = _overlay(found, request.args.to_dict())
    showing = chosen_show(request.args.get("show"))
    sheet = paper.sheet_of(g.viewer, found, showing, request.args.get("paper")) if form == exports.PDF else None
    content = exports.content_of(overlay, form, sheet)
    with writing_as(database(), g.viewer) as viewer:
        exports.record(viewer, overlay, form)
    response = Response(content, mimetype=FILE_TYPES[form])
    response.headers["Content-Disposition"] = f'attachment; filename="{overlay.name}.{form}"'
    return kept_after(response, overlay)


def _overlay(area: Area, asked: dict[str, str]) -> Overlay:
    showing = chosen_show(asked.get("show"))
    return service.overlay(
        g.viewer,
        area,
        units=showing.units,
        method=showing.method,
        category=asked.get("category"),
        first_month=parse_month(asked.get("from", ""), what="The first month"),
        last_month=parse_month(asked.get("to", ""), what="The last month"),
        beside=asked.get("with") if showing.method is Method.AGENCIES else None,
    )


def _page(area: Area, overlay: Overlay, asked: dict[str, str]) -> HotspotPage:
    showing = Show(asked["show"])
    _, legend = layers.classes(overlay, showing)
    shown, number, pages = shown_units(overlay, showing)
    return HotspotPage(
        area=area,
        show=showing,
        overlay=overlay,
        sentence=overlay.count_sentence if showing is Show.WARD_COUNT else overlay.sentence,
        legend=tuple(item for item in legend if item.units or item.key.startswith(layers.ALWAYS_IN_LEGEND)),
        contours=contours(overlay),
        columns=layers.columns(overlay),
        rows=tuple(layers.rows(overlay, showing, shown)),
        sort=request.args.get("sort", ""),
        number=number,
        pages=pages,
        trial=_trial(area, overlay),
        asked=asked,
    )


def _trial(area: Area, overlay: Overlay) -> Trial | None:
    if overlay.method is not Method.COUNT:
        return None
    return trials.trial_of(
        g.viewer, area, category=overlay.category, dataset=overlay.dataset, last_month=overlay.data_to
    )


def shown_units(overlay: Overlay, showing: Show) -> tuple[pd.DataFrame, int, int]:
    """Choose the units of the page of the table that was asked for; its number, and how many there are."""
    units = layers.ordered(overlay, showing, request.args.get("sort", ""))
    a_page = ROWS_A_PAGE if overlay.units is Units.CELLS else len(units)
    pages = -(-len(units) // a_page)
    number = min(max(request.args.get("page", 1, type=int), 1), pages)
    return units.iloc[(number - 1) * a_page : number * a_page], number, pages
