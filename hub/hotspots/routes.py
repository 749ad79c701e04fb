"""Addresses of the hotspot map: the page, the layer it draws, and the files to take away."""

from __future__ import annotations

import gzip
from dataclasses import dataclass
from functools import partial
from typing import Any

import orjson
import pandas as pd
from flask import Blueprint, Response, g, make_response, render_template, request, url_for
from flask.typing import ResponseReturnValue

from hub import handover
from hub.access import Permission, Viewer
from hub.errors import BadRequest
from hub.hotspots import exports, layers, paper, service, trials
from hub.hotspots.beyond import Beyond, beyond
from hub.hotspots.beyond import as_layer as beyond_layer
from hub.hotspots.contouring import Contour, contour_layer, contours
from hub.hotspots.forms import OverlayForm, chosen_show
from hub.hotspots.keeping import found_after, kept_after, reading_as
from hub.hotspots.layers import Column, LegendItem, Row, Show
from hub.hotspots.overlays import Overlay
from hub.hotspots.scoring import Method, Units
from hub.hotspots.trials import Trial
from hub.places import service as places
from hub.places.service import Area
from hub.web import database, needs, saw
from hub.words import month_code, parse_month

ROWS_A_PAGE = 50
FILE_TYPES = {"geojson": "application/geo+json", "gpkg": "application/geopackage+sqlite3", "csv": "text/csv"}
FILE_TYPES |= {exports.PDF: "application/pdf"}
FORM_WORDS = {"geojson": "GeoJSON", "gpkg": "GeoPackage", "csv": "CSV", exports.PDF: "PDF"}

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
    beyond: Beyond | None
    """The neighbours' part of hotspots that cross the border, in bands."""
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
    saw_map(overlay)
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
    drawn |= beyond_layer(beyond(g.viewer, overlay))
    saw_map(overlay)
    return kept_after(as_layer(drawn), overlay)


@bp.get("/areas/<area>/hotspots/contours.json")
@needs(Permission.OVERLAY_READ)
def contour_lines(area: str) -> ResponseReturnValue:
    """Give the contours of a density layer, which the map draws once the layer is there."""
    found = places.area(g.viewer, area, Permission.OVERLAY_READ)
    overlay = _overlay(found, request.args.to_dict())
    saw_map(overlay)
    return kept_after(as_layer(contour_layer(overlay)), overlay)


def saw_map(overlay: Overlay, beside: Overlay | None = None) -> None:
    """Say which map this answer shows, and which period beside it: its page and its layer are one look."""
    months = [month_code(one) for each in (overlay, beside) if each for one in (each.months[0], each.months[-1])]
    saw(
        "map.viewed",
        overlay.area_slug,
        overlay.area_key.split("+"),
        units=overlay.units.value,
        method=overlay.method.value,
        category=overlay.category,
        months=months,
    )


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
    """Ask what an overlay is taken away for."""
    return _ask(places.area(g.viewer, area, Permission.OVERLAY_READ), form)


def _ask(area: Area, form: str, error: BadRequest | None = None) -> ResponseReturnValue:
    back = f"{url_for('.show', area=area.slug)}?{request.query_string.decode()}"
    return handover.ask(f"the map of {area.name} ({FORM_WORDS[form]})", back, error)


@bp.post("/areas/<area>/hotspots/overlay.<any(csv, geojson, gpkg, pdf):form>")
@needs(Permission.OVERLAY_READ)
def take(area: str, form: str) -> ResponseReturnValue:
    """Give an overlay as a file, once it is on the record that it left, and for what."""
    # What is worked out meanwhile may take seconds: a session that reads keeps nobody from writing.
    with reading_as(database(), g.viewer) as reader:
        found = places.area(reader, area, Permission.OVERLAY_READ)
        try:
            taken = handover.given()
        except BadRequest as error:
            return _ask(found, form, error)
        overlay = _overlay(found, request.args.to_dict(), reader)
        showing = chosen_show(request.args.get("show"))
        sheet = paper.sheet_of(reader, found, showing, request.args.get("paper")) if form == exports.PDF else None
        content = exports.content_of(overlay, form, sheet, taken)
    exports.record(g.viewer, overlay, form, taken.purpose)
    response = Response(content, mimetype=FILE_TYPES[form])
    response.headers["Content-Disposition"] = f'attachment; filename="{overlay.name}.{form}"'
    return kept_after(response, overlay)


def _overlay(area: Area, asked: dict[str, str], viewer: Viewer | None = None) -> Overlay:
    showing = chosen_show(asked.get("show"))
    return service.overlay(
        viewer or g.viewer,
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
        beyond=beyond(g.viewer, overlay),
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
