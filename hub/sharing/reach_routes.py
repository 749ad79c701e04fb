"""Pages of who can see a thing, and why; and the same as a file."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable

from flask import Blueprint, Response, g, render_template, request
from flask.typing import ResponseReturnValue

from hub.access import Permission
from hub.errors import NotFound
from hub.hotspots.keeping import writing_as
from hub.places import service as places
from hub.sharing import reach
from hub.sharing.reach import Kind, Reason, Thing
from hub.sharing.service import today
from hub.web import database, needs
from hub.words import MARKING, date_name, plain_cell

HEADINGS = ("Name", "E-mail", "Why", "For", "Figures", "Until")

bp = Blueprint("reach", __name__, url_prefix="/who-can-see")


@bp.get("/")
@needs(Permission.RECORD_READ)
def index() -> ResponseReturnValue:
    """List what can be asked about."""
    areas = places.areas(g.viewer, Permission.RECORD_READ)
    return render_template("sharing/reach_index.html", areas=areas)


@bp.get("/<kind>")
@needs(Permission.RECORD_READ)
def show(kind: str) -> ResponseReturnValue:
    """Show who can see one thing today, and why."""
    asked = _thing(kind)
    reasons = reach.who(database(), g.viewer, asked, today())
    return render_template(
        "sharing/reach.html", thing=asked, reasons=reasons, people=len({reason.email for reason in reasons})
    )


@bp.get("/<kind>/people.csv")
@needs(Permission.RECORD_READ)
def table(kind: str) -> ResponseReturnValue:
    """Give the same as a table, once it is on the record that it left."""
    asked = _thing(kind)
    reasons = reach.who(database(), g.viewer, asked, today())
    with writing_as(database(), g.viewer) as viewer:
        reach.record(viewer, asked, len(reasons))
    response = Response(_csv(asked, reasons), mimetype="text/csv")
    response.headers["Content-Disposition"] = 'attachment; filename="who-can-see.csv"'
    return response


def _thing(kind: str) -> Thing:
    if kind not in set(Kind):
        raise NotFound
    return reach.thing(g.viewer, Kind(kind), request.args.get("of", ""))


def _csv(asked: Thing, reasons: Iterable[Reason]) -> bytes:
    written = io.StringIO()
    lines = csv.writer(written)
    lines.writerow([MARKING, plain_cell(asked.title), date_name(today())])
    lines.writerow(HEADINGS)
    for one in reasons:
        until = one.until.isoformat() if one.until else ""
        lines.writerow([*map(plain_cell, (one.name, one.email, one.why, one.place, one.figures)), until])
    return written.getvalue().encode("utf-8-sig")
