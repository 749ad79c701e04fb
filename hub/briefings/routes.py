"""Addresses of what is new in an area: the page, and the buttons that mute a place and show it again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from flask import Blueprint, flash, g, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from hub.access import Permission, Viewer
from hub.briefings import mutes, places_found, week
from hub.briefings.outline_map import OutlineMap, outline_map
from hub.briefings.place_words import KIND_TITLES
from hub.briefings.week import ShownPlace, Week
from hub.briefings.workings import LEAST_A_MONTH, WorkedOut
from hub.hotspots import service
from hub.hotspots.back_tests import QUARTER
from hub.hotspots.checking import ALL_CRIME
from hub.hotspots.keeping import written_after
from hub.hotspots.layers import Show
from hub.hotspots.overlays import Overlay
from hub.hotspots.scoring import Units
from hub.places import service as places
from hub.places.service import Area
from hub.web import needs, saw
from hub.words import month_code, month_name, plural

bp = Blueprint("briefings", __name__)


@dataclass(frozen=True)
class WeekPage:
    """What the page shows of one area's week."""

    week: Week
    map: OutlineMap | None
    lead: str
    method: tuple[str, ...]
    map_address: str
    patrol_address: str
    """Of the map of the busiest places."""
    rule: str = mutes.RULE

    def address_of(self, shown: ShownPlace) -> str:
        """Where the page of one place is."""
        return self._address("place.show", shown)

    def opening_of(self, shown: ShownPlace) -> str:
        """Where a problem is opened at one place."""
        return self._address("problem_opening.new", shown)

    def _address(self, endpoint: str, shown: ShownPlace) -> str:
        done, place = self.week.worked_out, shown.found.place
        return url_for(
            endpoint,
            area=self.week.area.slug,
            category=place.category,
            unit=place.unit,
            to=month_code(done.last_month) if done else "",
            dataset=done.dataset if done else "",
        )


@bp.app_context_processor
def titles_of_kinds() -> dict[str, object]:
    """Give every page the names of the kinds of hotspot."""
    return {"kind_titles": KIND_TITLES}


@bp.get("/areas/<area>/week")
@needs(Permission.OVERLAY_READ)
def show(area: str) -> ResponseReturnValue:
    """Show what is new in one area."""
    found = places.area(g.viewer, area, Permission.OVERLAY_READ)
    overlays: list[Overlay] = []
    page = week.week(g.viewer, found, keep=overlays.append)
    saw("week.viewed", found.slug, found.borough_codes)
    response = make_response(render_template("briefings/week.html", page=_page(found, page)))

    def keep(viewer: Viewer) -> None:
        for overlay in overlays:
            service.keep(viewer, overlay)
        week.keep_week(viewer, page)

    return response if page.is_kept else written_after(response, keep)


@bp.post("/areas/<area>/week/mute")
@needs(Permission.PLACE_MUTE)
def mute(area: str) -> ResponseReturnValue:
    """Keep a place that somebody knows off the page."""
    found = places.area(g.viewer, area, Permission.PLACE_MUTE)
    muted = week.mute(g.viewer, found, request.form.get("category", ""), request.form.get("unit", ""))
    flash(f"{muted.category} in {muted.ward_name} is off this page until its kind or its level changes.", "success")
    return redirect(url_for(".show", area=found.slug))


@bp.post("/areas/<area>/week/muted/<uuid:mute_id>/show-again")
@needs(Permission.PLACE_MUTE)
def show_again(area: str, mute_id: UUID) -> ResponseReturnValue:
    """Let a muted place back onto the page."""
    found = places.area(g.viewer, area, Permission.PLACE_MUTE)
    shown = mutes.show_again(g.viewer, found, mute_id)
    flash(f"{shown.category} in {shown.ward_name} is shown again.", "success")
    return redirect(url_for(".show", area=found.slug))


def _page(area: Area, its_week: Week) -> WeekPage:
    done = its_week.worked_out
    if done is None:
        return WeekPage(its_week, None, "", (), "", "")
    outlines = places.borough_outlines(g.viewer.session, area.borough_codes)
    grounds = [week.ground_of(g.viewer, area, one.found.place.units) for one in its_week.shown]
    show = Show.CELL_EMERGING if done.units is Units.CELLS else Show.WARD_EMERGING
    month = month_code(done.last_month)
    asked: dict[str, Any] = {"show": show.value, "category": ALL_CRIME, "from": month, "to": month}
    patrolled = asked | {"show": Show.CELL_COUNT.value, "from": month_code(done.months[-QUARTER:][0])}
    return WeekPage(
        week=its_week,
        map=outline_map(outlines, grounds),
        lead=_lead(area, its_week, done),
        method=_method(done),
        map_address=url_for("hotspots.show", area=area.slug, **asked),
        patrol_address=url_for("hotspots.show", area=area.slug, **patrolled),
    )


def _lead(area: Area, its_week: Week, done: WorkedOut) -> str:
    title = its_week.basis.kind.title if its_week.basis else ""
    source = f"The newest figures are {title.lower()} to {month_name(done.last_month)}."
    if not its_week.shown:
        return f"No place in {area.name} is flagged that you have not muted. {source}"
    count = {1: "One place", 2: "Two places", 3: "Three places"}[len(its_week.shown)]
    return f"{count} to look at first: what has newly come, then what is fading, then what lasts. {source}"


def _method(done: WorkedOut) -> tuple[str, ...]:
    ground = (
        f"squares of {done.cell_metres} m (larger for rarer offences)" if done.units is Units.CELLS else "whole wards"
    )
    followed = (
        f"All recorded crime, and each kind of offence with {LEAST_A_MONTH} or more a month in the area, was followed "
        f"over {plural(len(done.months), 'month')} in {ground}, as the map of new, lasting and fading hotspots does. "
        "What was tested in the last month is corrected once more over all kinds of offence together "
        "(Benjamini–Hochberg, at most 5%), since looking at many maps gives chance more turns."
    )
    joined = (
        "Neighbouring hotspots of one kind of offence are one place, and a place is as old as its oldest part. A place "
        f"with fewer than {places_found.LEAST_IN_A_MONTH} in the month is left out, however unlikely it is. On one "
        "piece of ground only the most newsworthy is shown. Never before means not in the months followed."
    )
    timed = (
        "Times come from partners' files alone, over the last 12 months. A part of the week is named only where it "
        "stands out by three standard deviations; what is known to lie between two times is shared out over them. "
        "What has a day but no hour, or exactly midnight, which looks the same, is left out."
    )
    return followed, joined, timed
