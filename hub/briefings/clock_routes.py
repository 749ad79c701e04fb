"""The address of the clock of a map: when in the week incidents come in what it shows, in one ward or in all of it."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Blueprint, g, render_template, request
from flask.typing import ResponseReturnValue

from hub.access import Permission
from hub.briefings.clocks import LEAST_TIMED
from hub.briefings.grounds import ClockOnGround, clock_on, named_wards
from hub.errors import BadRequest
from hub.hotspots.checking import ALL_CRIME
from hub.places import service as places
from hub.uploads.figures import Box
from hub.web import needs, saw
from hub.words import month_code, month_name, parse_month

bp = Blueprint("clock", __name__)


@dataclass(frozen=True)
class ClockPage:
    """What the page shows: the clock, and the wards that can be chosen."""

    found: ClockOnGround
    wards: tuple[tuple[str, str], ...]
    chosen: frozenset[str]
    asked: dict[str, str]
    least: int = LEAST_TIMED
    """Of fewer the hours are not shown: ground can be drawn so closely that they would be of one incident."""

    @property
    def period_words(self) -> str:
        """`January 2026`, `January 2025 to January 2026`."""
        first, last = self.found.first_month, self.found.last_month
        return month_name(last) if first == last else f"{month_name(first)} to {month_name(last)}"


@bp.get("/areas/<area>/hotspots/clock")
@needs(Permission.OVERLAY_READ)
def show(area: str) -> ResponseReturnValue:
    """Show when in the week incidents come in a part of an area."""
    its_area = places.area(g.viewer, area, Permission.OVERLAY_READ)
    chosen = [code for code in request.args.getlist("ward") if code]
    category = request.args.get("category") or ALL_CRIME
    found = clock_on(
        g.viewer,
        its_area,
        category=category,
        first_month=parse_month(request.args.get("from", ""), what="The first month"),
        last_month=parse_month(request.args.get("to", ""), what="The last month"),
        view=_view(request.args.get("view", "")),
        ward_codes=chosen,
    )
    saw(
        "clock.viewed",
        its_area.slug,
        its_area.borough_codes,
        category=category,
        months=[month_code(found.first_month), month_code(found.last_month)],
        wards=sorted(chosen)[:40],
        is_drawn=bool(request.args.get("view")),
    )
    asked = {"category": category} | {name: request.args[name] for name in ("from", "to")}
    page = ClockPage(found, tuple(named_wards(g.viewer, its_area)), frozenset(chosen), asked)
    return render_template("briefings/clock.html", page=page)


def _view(written: str) -> Box | None:
    if not written:
        return None
    try:
        west, south, east, north = map(float, written.split(","))
    except ValueError:
        raise BadRequest(
            f"What the map shows is written '{written[:60]}'.",
            remedy="Give it as west, south, east and north, in metres on the National Grid, with commas between.",
        ) from None
    return west, south, east, north
