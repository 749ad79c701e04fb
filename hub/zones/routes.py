"""Addresses of an area's zones: the list and the form, one zone, and the outlines for the map and to take away."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

import orjson
from flask import Blueprint, Response, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from hub import handover
from hub.access import Permission
from hub.briefings import place_charts
from hub.briefings.clocks import LEAST_TIMED
from hub.briefings.grounds import named_wards
from hub.errors import BadFile, BadRequest, Conflict, HubError
from hub.pictures import Picture
from hub.places import service as places
from hub.places.service import Area
from hub.purposes import Handover
from hub.web import needs, saw
from hub.words import month_code, parse_month
from hub.zones import counting, service
from hub.zones.counting import ZoneFigures
from hub.zones.forms import CountForm, ZoneForm
from hub.zones.service import ShownZone

bp = Blueprint("zones", __name__)


@dataclass(frozen=True)
class ZonePage:
    """What the page shows of one zone; without figures where the area has no points."""

    area: Area
    zone: ShownZone
    figures: ZoneFigures | None
    chart: Picture | None
    error: HubError | None
    name: str
    """What its name is to be; as it was typed, where that was refused."""
    least: int = LEAST_TIMED
    """Of fewer the hours are not shown: they could be told one by one."""


@bp.get("/areas/<area>/zones")
@needs(Permission.OVERLAY_READ)
def index(area: str) -> ResponseReturnValue:
    """Show the zones of an area, and the form that makes one."""
    found = places.area(g.viewer, area, Permission.OVERLAY_READ)
    form = ZoneForm()
    form.corners.data = request.args.get("corners", "")
    return _index(found, form)


@bp.post("/areas/<area>/zones")
@needs(Permission.ZONE_WRITE)
def save(area: str) -> ResponseReturnValue:
    """Keep a zone."""
    found = places.area(g.viewer, area, Permission.ZONE_WRITE)
    form = ZoneForm()
    try:
        saved = service.save(g.viewer, found, form.given())
    except (BadRequest, BadFile, Conflict) as error:
        return _index(found, form, error), error.status
    flash(f"The zone '{saved.name}' is saved for everybody who reads {found.name}.", "success")
    return redirect(url_for(".show", area=found.slug, zone_id=saved.id))


@bp.get("/areas/<area>/zones/<uuid:zone_id>")
@needs(Permission.OVERLAY_READ)
def show(area: str, zone_id: UUID) -> ResponseReturnValue:
    """Show what is recorded on one zone."""
    found = places.area(g.viewer, area, Permission.OVERLAY_READ)
    zone = service.zone(g.viewer, found, zone_id)
    return _show(found, zone)


@bp.post("/areas/<area>/zones/<uuid:zone_id>/rename")
@needs(Permission.ZONE_WRITE)
def rename(area: str, zone_id: UUID) -> ResponseReturnValue:
    """Give a zone another name."""
    found = places.area(g.viewer, area, Permission.ZONE_WRITE)
    name = request.form.get("name", "")
    try:
        renamed = service.rename(g.viewer, found, zone_id, name)
    except (BadRequest, Conflict) as error:
        return _show(found, service.zone(g.viewer, found, zone_id), error, name)
    flash(f"The zone is called '{renamed.name}' now.", "success")
    return redirect(url_for(".show", area=found.slug, zone_id=zone_id))


@bp.post("/areas/<area>/zones/<uuid:zone_id>/delete")
@needs(Permission.ZONE_WRITE)
def delete(area: str, zone_id: UUID) -> ResponseReturnValue:
    """Delete a zone."""
    found = places.area(g.viewer, area, Permission.ZONE_WRITE)
    name = service.delete(g.viewer, found, zone_id)
    flash(f"The zone '{name}' is deleted.", "success")
    return redirect(url_for(".index", area=found.slug))


@bp.get("/areas/<area>/zones/outlines.json")
@needs(Permission.OVERLAY_READ)
def outlines(area: str) -> ResponseReturnValue:
    """Give the outlines that a map draws."""
    found = places.area(g.viewer, area, Permission.OVERLAY_READ)
    return _geojson(found, service.zones(g.viewer, found), "application/json")


@bp.get("/areas/<area>/zones/zones.geojson")
@needs(Permission.OVERLAY_READ)
def export(area: str) -> ResponseReturnValue:
    """Ask what the zones are taken away for."""
    return _ask(places.area(g.viewer, area, Permission.OVERLAY_READ))


def _ask(area: Area, error: BadRequest | None = None) -> ResponseReturnValue:
    return handover.ask(f"the zones of {area.name} (GeoJSON)", url_for(".index", area=area.slug), error)


@bp.post("/areas/<area>/zones/zones.geojson")
@needs(Permission.OVERLAY_READ)
def take(area: str) -> ResponseReturnValue:
    """Give the zones as a file, once it is on the record that they left, and for what."""
    found = places.area(g.viewer, area, Permission.OVERLAY_READ)
    shown = service.zones(g.viewer, found)
    try:
        taken = handover.given()
    except BadRequest as error:
        return _ask(found, error)
    service.record_export(g.viewer, found, len(shown), taken.purpose)
    response = _geojson(found, shown, "application/geo+json", taken)
    response.headers["Content-Disposition"] = f'attachment; filename="zones-{found.slug}.geojson"'
    return response


def _geojson(area: Area, shown: list[ShownZone], mimetype: str, taken: Handover | None = None) -> Response:
    drawn = service.as_geojson(area, shown) | ({"handover": taken.as_dict()} if taken else {})
    return Response(orjson.dumps(drawn), mimetype=mimetype)


def _index(area: Area, form: ZoneForm, error: HubError | None = None) -> str:
    form.offer(named_wards(g.viewer, area))
    shown = service.zones(g.viewer, area)
    return render_template("zones/index.html", area=area, zones=shown, form=form, error=error)


def _show(area: Area, zone: ShownZone, refused: HubError | None = None, name: str = "") -> ResponseReturnValue:
    offered = counting.choices(g.viewer, area)
    form = CountForm(request.args)
    figures, chart = None, None
    if offered is not None:
        form.offer(offered)
        try:
            month = parse_month(form.last.data, what="The month")
            figures = counting.counted(g.viewer, area, zone, category=form.category.data, last_month=month)
            chart = place_charts.month_chart(figures.months, figures.counts, figures.usual, figures.measure)
        except BadRequest as error:
            refused = refused or error
    if figures is not None:
        saw(
            "zone.viewed",
            zone.id,
            area.borough_codes,
            area=area.slug,
            category=form.category.data,
            months=[month_code(figures.months[0]), month_code(figures.months[-1])],
        )
    page = ZonePage(area, zone, figures, chart, refused, name or zone.name)
    body = render_template("zones/show.html", page=page, form=form if offered else None)
    return body, refused.status if refused else 200
