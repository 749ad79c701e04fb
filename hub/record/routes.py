"""Addresses of the record of a borough: the page, and the file to take away."""

from __future__ import annotations

from flask import Blueprint, Response, g, render_template, request, url_for
from flask.typing import ResponseReturnValue

from hub import handover
from hub.access import Permission
from hub.errors import BadRequest, NotFound
from hub.record import public, service
from hub.record.forms import wanted
from hub.record.sentences import KIND_WORDS
from hub.record.service import Wanted
from hub.web import needs, saw, signed_in

FILTERS = ("person", "kind", "from", "to")

bp = Blueprint("record", __name__)


@bp.get("/areas/<area>/record")
@needs(Permission.RECORD_READ)
def show(area: str) -> ResponseReturnValue:
    """Show who looked at, took away or changed what in a borough."""
    error: BadRequest | None = None
    asked = {name: request.args.get(name, "") for name in FILTERS}
    found = service.borough(g.viewer, area)
    try:
        chosen = wanted(asked)
    except BadRequest as refused:
        error, chosen = refused, Wanted()
    page = service.record(g.viewer, found.slug, chosen, request.args.get("page", 1, type=int))
    saw("record.viewed", found.slug, found.borough_codes)
    body = render_template("record/show.html", page=page, asked=asked, kinds=KIND_WORDS, error=error)
    return body, error.status if error else 200


@bp.get("/areas/<area>/record.csv")
@needs(Permission.RECORD_READ)
def download(area: str) -> ResponseReturnValue:
    """Ask what the record is taken away for."""
    return _ask(area)


@bp.post("/areas/<area>/record.csv")
@needs(Permission.RECORD_READ)
def take(area: str) -> ResponseReturnValue:
    """Give the record as a table, once it is on record that it left, and for what."""
    chosen = wanted({name: request.args.get(name, "") for name in FILTERS})
    found = service.borough(g.viewer, area)
    try:
        taken = handover.given()
    except BadRequest as error:
        return _ask(area, error)
    response = Response(service.as_csv(g.viewer, area, chosen, taken), mimetype="text/csv")
    response.headers["Content-Disposition"] = f'attachment; filename="record-{found.slug}.csv"'
    return response


@bp.get("/sharing-ledger")
@signed_in
def ledger() -> ResponseReturnValue:
    """Show who shares what, for what and how often."""
    try:
        drawn = public.kept(g.viewer.session)
    except NotFound:
        drawn = {}
    return render_template("record/ledger.html", drawn=drawn)


def _ask(area: str, error: BadRequest | None = None) -> ResponseReturnValue:
    found = service.borough(g.viewer, area)
    return handover.ask(f"the record of {found.name} (CSV)", url_for(".show", area=found.slug), error)
