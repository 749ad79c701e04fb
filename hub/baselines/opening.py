"""From a place on a map to an open problem with a frozen baseline; and the same of a problem that was opened by hand.

Everything is worked out on a session that only reads, so that nobody waits for it to write.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from uuid import UUID

import geopandas as gpd
import shapely

from geo import boundaries
from geo.frames import Geometry
from hub.access import Permission, Viewer
from hub.baselines import comparisons, gathering, series, service
from hub.baselines.comparisons import Comparison
from hub.baselines.gathering import Flagged
from hub.baselines.series import Piece
from hub.baselines.service import Prepared
from hub.errors import BadRequest
from hub.hotspots.checking import ALL_CRIME
from hub.places import service as places
from hub.places.service import Area
from hub.problems import service as problems
from hub.problems.service import Opening, Place, ShownProblem
from hub.problems.terms import Origin, Stage
from hub.uploads import figures
from hub.uploads.kinds import catalogue

UNDER_RESPONSE = frozenset({Stage.RESPONSE, Stage.ASSESSMENT})
MONTHS_OF_A_PROBLEM = 12
MOST_APART = 0.01
"""Of a ward's ground: by more, what a problem is about is not the ward."""
_KINDS = {
    "robbery": ("robbery",),
    "weapons": ("weapon", "knife"),
    "burglary": ("burglary",),
    "vehicle": ("vehicle",),
    "shops": ("shop",),
    "theft": ("theft",),
    "damage": ("damage", "arson"),
    "drugs": ("drug",),
    "asb": ("anti-social", "nuisance"),
    "violence": ("violence", "assault"),
}
"""Words of a category by which a kind of problem is offered first."""


@dataclass(frozen=True)
class Ready:
    """A place with all that a problem is opened with there, before anybody has named it or taken it on."""

    flagged: Flagged
    prepared: Prepared

    @property
    def title(self) -> str:
        """What it is called unless somebody says otherwise."""
        return f"{self.flagged.basis.category} in {self.flagged.response.name}"

    @property
    def kind(self) -> str:
        """The kind of problem that its category tells of."""
        words = self.flagged.basis.category.casefold()
        return next((key for key, marks in _KINDS.items() if any(mark in words for mark in marks)), "other")

    @property
    def period(self) -> tuple[dt.date, dt.date]:
        """The year to the month that the place was flagged by, as far as there are figures."""
        months = self.flagged.basis.months[-MONTHS_OF_A_PROBLEM:]
        return months[0], months[-1]


def ready(
    viewer: Viewer, area: Area, *, category: str | None, unit: str, last_month: dt.date, dataset: str | None
) -> Ready:
    """Gather all that a problem at a place of a map is opened with.

    Parameters
    ----------
    viewer, area, category, unit, last_month, dataset
        As for `briefings.one_place`.

    Raises
    ------
    BadRequest, NoFigures, NoAgreement
        As for `briefings.one_place`.
    NotFound, NotAllowed
        If the place lies in a borough in which this person may open none.
    """
    return _ready(
        viewer,
        gathering.flagged(viewer, area, category=category, unit=unit, last_month=last_month, dataset=dataset),
    )


def ready_on_zone(viewer: Viewer, area: Area, zone_id: UUID, *, category: str | None, last_month: dt.date) -> Ready:
    """Gather all that a problem on a zone is opened with.

    Parameters
    ----------
    viewer, area, zone_id, category, last_month
        As for `gathering.on_zone`.

    Raises
    ------
    BadRequest, NoFigures, NoAgreement
        As for `gathering.on_zone`.
    NotFound, NotAllowed
        If there is no such zone, or it lies in a borough in which this person may open none.
    """
    return _ready(viewer, gathering.on_zone(viewer, area, zone_id, category=category, last_month=last_month))


def _ready(viewer: Viewer, flagged: Flagged) -> Ready:
    viewer.require(Permission.PROBLEM_WRITE, flagged.area.borough_codes)
    comparison = comparisons.propose(
        viewer,
        flagged.area,
        flagged.basis,
        flagged.response,
        under_response=under_response(viewer),
        told_of=under_response(viewer, read_in=flagged.area.borough_codes),
    )
    return Ready(flagged, service.prepare(viewer, comparison, flagged.evidence))


def open_here(viewer: Viewer, found: Ready, given: Mapping[str, str], owner_id: UUID | None) -> ShownProblem:
    """Open a problem at a place of a map or on a zone, and freeze its baseline.

    A zone is taken for chosen by what was recorded there, as a place of the map is: most are drawn for that.

    Parameters
    ----------
    viewer, found
        Who opens it, and where.
    given
        What was said of it: `title`, `kind`, `place`, `owner_body`.
    owner_id
        Who owns it, if anybody yet.

    Raises
    ------
    Unfit, Conflict, NotFound, NotAllowed
        As for `problems.open_problem` and `freeze`.
    """
    flagged = found.flagged
    is_ward = bool(flagged.response.ward_codes)
    opened = problems.open_problem(
        viewer,
        Opening(
            boroughs=flagged.area.borough_codes,
            title=given["title"],
            kind=given["kind"],
            place=Place(
                name=given["place"],
                ward_code=flagged.units[0] if is_ward else None,
                cells=() if is_ward else flagged.units,
                zone_id=flagged.zone_id,
                outline=flagged.response.outline,
            ),
            period=found.period,
            categories=(flagged.basis.category,),
            owner_body=given["owner_body"],
            owner_id=owner_id,
            origin=Origin.OVERLAY,
            evidence=flagged.evidence.inputs,
        ),
    )
    service.freeze(viewer, opened.id, found.prepared)
    return opened


def compared(
    viewer: Viewer,
    problem_id: UUID,
    *,
    category: str | None = None,
    last_month: dt.date | None = None,
    ring_metres: float | None = None,
) -> Comparison:
    """Propose what a problem is compared with, for its first baseline or one that takes the place of another.

    Parameters
    ----------
    viewer, problem_id
        Who asks, of which problem.
    category, last_month
        What is counted, to which month; as the present baseline unless given, or as the problem has it.
    ring_metres
        How wide the buffer is to be.

    Raises
    ------
    BadRequest, NoFigures, NoAgreement
        If the problem has no ground, or it cannot be counted.
    NotFound, NotAllowed
        If the problem, or the counts of one of its boroughs, are not this person's.
    """
    problem = problems.problem(viewer, problem_id)
    viewer.require(Permission.PROBLEM_WRITE, problem.borough_codes)
    area = series.area_of(viewer, problem.borough_codes)
    frozen = service.current(viewer, problem_id)
    if frozen is not None:
        held = frozen.response
        response = Piece(held.unit, held.name, held.ward_codes, held.outline)
        category = category or frozen.category
    else:
        response = _response(viewer, problem)
        known = {name.casefold(): name for name in categories(viewer, problem.borough_codes)}
        named = (known[one.casefold()] for one in problem.categories if one.casefold() in known)
        category = category or next(named, ALL_CRIME)
    basis = series.basis(
        viewer,
        area,
        by_wards=bool(response.ward_codes),
        category=category,
        last_month=last_month or _newest(viewer, area, frozen.dataset if frozen else None),
        dataset=frozen.dataset if frozen else None,
        boundary_set=(frozen.boundary_set or None) if frozen else None,
    )
    return comparisons.propose(
        viewer,
        area,
        basis,
        response,
        under_response=under_response(viewer, but=problem_id),
        told_of=under_response(viewer, but=problem_id, read_in=problem.borough_codes),
        ring_metres=(frozen.ring_metres or None) if frozen and ring_metres is None else ring_metres,
    )


def categories(viewer: Viewer, borough_codes: Collection[str]) -> list[str]:
    """The offences that can be counted in some boroughs, all of them first."""
    kinds = [key for key, kind in catalogue(viewer.session).items() if kind.is_crime]
    groups = [group for key in kinds for group in figures.categories(viewer, borough_codes, key)]
    return [ALL_CRIME, *sorted({name for group, parts in groups for name in (group, *parts)})]


def prepared(viewer: Viewer, comparison: Comparison, keys: Collection[str] | None = None) -> Prepared:
    """Count what a baseline of a problem is to hold, with the controls chosen instead of those proposed.

    Raises
    ------
    BadRequest
        If controls are chosen that are not offered, or lie over each other.
    """
    chosen = comparison if keys is None else comparison.choosing(keys)
    area = series.area_of(viewer, chosen.basis.borough_codes)
    evidence = gathering.evidence_of(viewer, area, chosen.basis, chosen.response)
    return service.prepare(viewer, chosen, evidence)


def under_response(viewer: Viewer, *, but: UUID | None = None, read_in: frozenset[str] = frozenset()) -> list[Geometry]:
    """The ground of every other problem in sight that is responded to or being assessed.

    Only of those that partners of each of the boroughs `read_in` read, where these are given.
    """
    others = (
        one
        for one in problems.problems(viewer)
        if one.stage in UNDER_RESPONSE and one.id != but and read_in <= one.borough_codes
    )
    grounds = (_ground(viewer, one) for one in others)
    return [ground for ground in grounds if ground is not None]


def _response(viewer: Viewer, problem: ShownProblem) -> Piece:
    ground = _ground(viewer, problem)
    if ground is None:
        raise BadRequest(
            "This problem has no ground on the map, so that nothing can be counted on it.",
            remedy="Open it again with a ward or a zone.",
        )
    place = problem.place
    code = place.ward_code if _is_the_ward(viewer, problem, ground) else None
    return Piece(code or comparisons.key_of(ground), place.name, (code,) if code else (), ground)


def _is_the_ward(viewer: Viewer, problem: ShownProblem, ground: Geometry) -> bool:
    """Whether some ground is all of the problem's ward, and not a part of it that bears its name."""
    ward = _ward(viewer, problem)
    return ward is not None and shapely.symmetric_difference(ground, ward).area <= MOST_APART * ward.area


def _ground(viewer: Viewer, problem: ShownProblem) -> Geometry | None:
    outline = problem.place.outline
    return outline if outline is not None else _ward(viewer, problem)


def _ward(viewer: Viewer, problem: ShownProblem) -> Geometry | None:
    """The outline of the problem's ward, where it has one."""
    place = problem.place
    if place.ward_code is None:
        return None
    for edition in places.boundary_sets(viewer.session):
        wards: gpd.GeoDataFrame = places.wards(viewer.session, edition.id, problem.borough_codes)
        if place.ward_code in wards.index:
            return boundaries.outline(wards.loc[[place.ward_code]])
    return None


def _newest(viewer: Viewer, area: Area, dataset: str | None) -> dt.date:
    """The newest month of recorded crime that the boroughs have, of one kind of data if asked."""
    kinds = {key for key, kind in catalogue(viewer.session).items() if kind.is_crime}
    live = figures.coverage(viewer, area.borough_codes, dataset)
    months = live.loc[live["dataset"].isin(kinds if dataset is None else {dataset}), "month"]
    if months.empty:
        raise BadRequest(
            f"There are no figures for {area.name} yet, so that nothing can be counted.",
            remedy="Freeze a baseline once its boroughs have uploaded some.",
        )
    newest: dt.date = max(months)
    return newest
