"""What is new in an area by its newest months: the few places to look at, less those that are muted.

When in the week things happen is read anew each time, since partners' data may be seen only while an agreement lasts.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely

from geo.frames import Geometry
from hub.access import Permission, Viewer
from hub.briefings import clocks, mutes, place_words, places_found, workings
from hub.briefings.clocks import PlaceClock
from hub.briefings.mutes import Mute, Standing
from hub.briefings.places_found import PLACES_SHOWN, Place
from hub.briefings.workings import Basis, FoundPlace, Keep, WorkedOut
from hub.errors import BadRequest, Conflict
from hub.hotspots.scoring import Units
from hub.places import service as places
from hub.places.service import Area
from hub.uploads import figures, incidents
from hub.uploads.kinds import catalogue
from hub.words import month_name, months_before, number, plural

MONTHS_OF_CLOCK = 12


@dataclass(frozen=True)
class ShownPlace:
    """One of the few places that the page shows."""

    number: int
    found: FoundPlace
    borough_name: str
    sentence: str
    clock: PlaceClock | None
    why_back: str
    """Of a place that was muted, why it is news again; blank for all others."""

    @property
    def also(self) -> str:
        """What else is flagged on the same ground; blank where nothing is."""
        return place_words.also_words(self.found.place)

    @property
    def when(self) -> str:
        """When in the week, or why that cannot be said."""
        return self.clock.sentence if self.clock else clocks.NOWHERE


@dataclass(frozen=True)
class Week:
    """What the page shows; `why_not` says why nothing could be worked out, where it could not."""

    area: Area
    muted: tuple[Mute, ...]
    why_not: str = ""
    basis: Basis | None = None
    worked_out: WorkedOut | None = None
    shown: tuple[ShownPlace, ...] = ()
    more: int = 0
    is_kept: bool = True

    @property
    def has_times(self) -> bool:
        """Whether any source says when in the week things happen at one of the places shown."""
        return any(shown.clock for shown in self.shown)

    def standing_of_mute(self, mute: Mute) -> str:
        """How a muted place stands now."""
        places = self.worked_out.places if self.worked_out else ()
        found = next((one for one in places if mute.is_of(one.place.category, one.place.units)), None)
        if found is None:
            return "Not flagged now"
        return "Back on the page" if mute.why_back(standing_of(found)) else "Off the page"

    @property
    def chance_sentence(self) -> str:
        """How much was looked at, and how many flags chance alone would give."""
        done = self.worked_out
        if done is None:
            return ""
        unit = "square" if done.units is Units.CELLS else "ward"
        about = "fewer than one" if done.flags_by_chance < 0.75 else f"about {number(done.flags_by_chance)}"
        return (
            f"{plural(done.tested, unit)} were tested over {plural(len(done.categories), 'kind')} of offence, and "
            f"{number(done.hot)} {'was a hotspot' if done.hot == 1 else 'were hotspots'} in "
            f"{month_name(done.last_month)}; chance alone would give {about}."
        )


def week(viewer: Viewer, area: Area, *, keep: Keep) -> Week:
    """Find what is new in an area, or read back what was found from the same data; muted places stand apart.

    Raises
    ------
    NotAllowed, NotFound
        If counts of small places in all of the area are not the viewer's to see.
    NoAgreement
        If all that was uploaded may not be seen.
    """
    _require(viewer, area)
    live = figures.coverage(viewer, area.borough_codes)
    if live.empty:
        figures.refuse_closed(viewer, area.borough_codes)
        return Week(area=area, why_not=f"There are no figures for {area.name} yet.", muted=_muted(viewer, area))
    why_not = f"{area.name} does not have the ten months of recorded crime in a row that it takes to tell new from old."
    for units in (Units.CELLS, Units.WARDS):
        basis = workings.basis_of(viewer, live, units)
        if basis is None:
            continue
        kept = workings.kept(viewer, area, basis.inputs_hash)
        try:
            done = kept or workings.work_out(viewer, area, basis, keep)
        except BadRequest as refusal:
            why_not = str(refusal)
            continue
        return _shown(viewer, area, basis, done, is_kept=kept is not None)
    return Week(area=area, why_not=why_not, muted=_muted(viewer, area))


def kept_places(viewer: Viewer, area: Area) -> WorkedOut | None:
    """Read back what was found in an area, if it was worked out from what is live now."""
    _require(viewer, area)
    live = figures.coverage(viewer, area.borough_codes)
    for units in (Units.CELLS, Units.WARDS):
        basis = workings.basis_of(viewer, live, units)
        done = workings.kept(viewer, area, basis.inputs_hash) if basis else None
        if done is not None:
            return done
    return None


def keep_week(viewer: Viewer, week: Week) -> None:
    """Keep what was worked out, unless it is kept already."""
    if week.basis is not None and week.worked_out is not None:
        workings.keep_places(viewer, week.area, week.basis, week.worked_out)


def _muted(viewer: Viewer, area: Area) -> tuple[Mute, ...]:
    return tuple(mutes.muted(viewer, area))


def _require(viewer: Viewer, area: Area) -> None:
    viewer.require(Permission.OVERLAY_READ, area.borough_codes)
    viewer.require(Permission.EXACT_COUNTS, area.borough_codes)


def mute(viewer: Viewer, area: Area, category: str, unit: str) -> Mute:
    """Keep a place that is flagged now off the page, until its kind or its level changes.

    Raises
    ------
    Conflict
        If no such place is flagged any more.
    """
    found = _flagged(week(viewer, area, keep=lambda _overlay: None).worked_out, category, unit)
    if found is None:
        raise Conflict("That place is no longer flagged.", remedy="Look at the page again: its data has changed.")
    return mutes.mute(viewer, area, standing_of(found))


def _flagged(done: WorkedOut | None, category: str, unit: str) -> FoundPlace | None:
    return next((one for one in (done.places if done else ()) if is_place(one.place, category, unit)), None)


def is_place(place: Place, category: str, unit: str) -> bool:
    """Whether a place is the one of a category that holds a unit."""
    return place.category == category and unit in place.units


def standing_of(found: FoundPlace) -> Standing:
    """What is remembered of a place when it is muted."""
    place, judged = found.place, found.usual
    low, high = (judged.low, judged.high) if judged else (place.latest_count, place.latest_count)
    seen = judged.seen if judged else place.latest_count
    return Standing(
        category=place.category,
        units=place.units,
        ward_name=place.ward_name,
        kind=place.kind,
        seen=seen,
        quiet_from=min(low, seen),
        quiet_to=max(high, seen),
    )


# --- What is shown ---------------------------------------------------------------------------------------------------


def _shown(viewer: Viewer, area: Area, basis: Basis, done: WorkedOut, *, is_kept: bool) -> Week:
    held = _muted(viewer, area)
    wanted: list[tuple[FoundPlace, str]] = []
    for found in done.places:
        muting = next((one for one in held if one.is_of(found.place.category, found.place.units)), None)
        why_back = muting.why_back(standing_of(found)) if muting else ""
        if muting is None or why_back:
            wanted.append((found, why_back))
    leading = wanted[:PLACES_SHOWN]
    places_clocks = clocks_of(viewer, area, [found.place for found, _ in leading], done.last_month)
    names = {borough.code: borough.name for borough in places.boroughs(viewer.session, area.borough_codes)}
    return Week(
        area=area,
        muted=held,
        basis=basis,
        worked_out=done,
        shown=tuple(
            _shown_place(at, one, clock, names, done.last_month)
            for at, (one, clock) in enumerate(zip(leading, places_clocks, strict=True), start=1)
        ),
        more=len(wanted) - len(leading),
        is_kept=is_kept,
    )


def _shown_place(
    number: int,
    wanted: tuple[FoundPlace, str],
    clock: PlaceClock | None,
    borough_names: dict[str, str],
    last_month: dt.date,
) -> ShownPlace:
    found, why_back = wanted
    borough_name = borough_names[found.borough_code]
    sentence = place_words.said(found.place, found.usual, borough_name, last_month)
    return ShownPlace(number, found, borough_name, sentence, clock, why_back)


def clocks_of(viewer: Viewer, area: Area, found: Sequence[Place], last_month: dt.date) -> list[PlaceClock | None]:
    """Read when in the week incidents of the last twelve months happened at each place, by whatever has times."""
    if not found:
        return []
    grounds = [ground_of(viewer, area, place.units) for place in found]
    timed = incidents.within(
        viewer,
        area.borough_codes,
        [ground.bounds for ground in grounds],
        first_month=months_before(last_month, MONTHS_OF_CLOCK - 1),
        last_month=last_month,
        is_timed=True,
    )
    titles = {key: kind.title for key, kind in catalogue(viewer.session).items()}
    at = shapely.points(timed[["easting", "northing"]].to_numpy(dtype=float))
    return [
        clocks.clock_of(timed.loc[np.asarray(shapely.intersects(ground, at), dtype=bool)], place.category, titles)
        for place, ground in zip(found, grounds, strict=True)
    ]


def ground_of(viewer: Viewer, area: Area, units: Sequence[str]) -> Geometry:
    """The ground that squares or wards of the newest edition cover together."""
    squares = [square for square in map(places_found.square_of, units) if square is not None]
    if squares:
        return shapely.union_all([shapely.box(west, south, west + side, south + side) for side, west, south in squares])
    edition = places.boundary_sets(viewer.session)[0]
    wards = places.wards(viewer.session, edition.id, area.borough_codes)
    return shapely.union_all(wards[wards.index.isin(units)].geometry.to_numpy())
