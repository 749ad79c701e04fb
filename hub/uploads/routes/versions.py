"""The versions of one dataset of one borough: the list, and two of them compared."""

from __future__ import annotations

from flask import g, render_template, request
from flask.typing import ResponseReturnValue

from hub.access import Permission
from hub.errors import BadRequest
from hub.places import service as places
from hub.uploads import history, kinds, service
from hub.uploads.routes.address import bp
from hub.web import needs, saw


@bp.get("/versions/<borough_code>/<dataset>")
@needs(Permission.UPLOAD_READ)
def versions(borough_code: str, dataset: str) -> ResponseReturnValue:
    """List the versions of a dataset of a borough, and compare two of them when they are named."""
    area = places.area(g.viewer, borough_code, Permission.UPLOAD_READ)
    lines = history.versions(g.viewer, area.slug, dataset)
    asked = request.args.get("first"), request.args.get("second")
    saw("dataset.viewed", area.slug, area.borough_codes, dataset=dataset)
    return render_template(
        "uploads/versions.html",
        area=area,
        kind=kinds.kind(g.viewer.session, dataset),
        versions=lines,
        numbers=_numbers(*asked) if any(asked) else None,
        comparison=history.compare(g.viewer, area.slug, dataset, _numbers(*asked)) if any(asked) else None,
        undo_days=service.UNDO_WITHIN.days,
    )


def _numbers(first: str | None, second: str | None) -> tuple[int, int]:
    if not all(one and one.isdecimal() and len(one) < len("1000000000") for one in (first, second)):
        raise BadRequest("Two versions are needed to compare.", remedy="Choose two different ones from the list.")
    return int(first or 0), int(second or 0)
