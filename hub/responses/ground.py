"""The ground of a problem, and in which hours it happens there."""

from __future__ import annotations

from geo.frames import Geometry
from hub.access import Permission, Viewer
from hub.baselines import series
from hub.briefings import grounds
from hub.briefings.clocks import DAYS, HOURS_TOGETHER, LEAST_TIMED, PlaceClock, busiest, clock_of
from hub.hotspots.checking import ALL_CRIME
from hub.places.service import Area
from hub.problems.service import ShownProblem

NO_GROUND = "The record says only the name of the place, and not where it lies, so there is no map and no clock."
NO_TIMES = "No source that you may see says at what hour: street-level points carry only the month."
UNKNOWN_HOURS = (15 * 60, 21 * 60)
"""Offered where no clock says better."""
EVERY_DAY = frozenset(range(len(DAYS)))


def ground_of(viewer: Viewer, problem: ShownProblem) -> Geometry | None:
    """The ground that a problem lies on: its outline, or else its ward; None where its record says neither."""
    if problem.place.outline is not None:
        return problem.place.outline
    if problem.place.ward_code is None:
        return None
    wards = grounds.wards_of(viewer, area_of(viewer, problem))
    found = wards.geometry[wards.index == problem.place.ward_code]
    return None if found.empty else found.iloc[0]


def area_of(viewer: Viewer, problem: ShownProblem) -> Area:
    """Those boroughs of a problem that this person counts exactly, together."""
    return series.area_of(viewer, problem.borough_codes & viewer.boroughs(Permission.EXACT_COUNTS))


def clock_on(viewer: Viewer, problem: ShownProblem, ground: Geometry | None) -> tuple[PlaceClock | None, str]:
    """When in the week it happens on a problem's ground in its period, or why nobody can say."""
    if ground is None:
        return None, NO_GROUND
    months = {"first_month": problem.first_month, "last_month": problem.last_month}
    here = grounds.timed_on_ground(viewer, area_of(viewer, problem), ground, **months)
    category = problem.categories[0] if problem.categories else ALL_CRIME
    clock = clock_of(here, category, grounds.titles_of(viewer))
    return clock, "" if clock else NO_TIMES


def hours_proposed(clock: PlaceClock | None) -> tuple[tuple[int, int], frozenset[int]]:
    """Between which minutes after midnight, and on which weekdays, patrols may do most; 0 is Monday."""
    if clock is None or clock.total < LEAST_TIMED:
        return UNKNOWN_HOURS, EVERY_DAY
    start, together = busiest(clock.clock.hours)
    first, length = together or (0, len(DAYS))
    hours = UNKNOWN_HOURS if start is None else (start * 60, (start + HOURS_TOGETHER) * 60)
    return hours, frozenset((first + later) % len(DAYS) for later in range(length))
