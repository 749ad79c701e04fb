"""Working out what came of a response: which months stand for before and after, and the verdict on their counts.

The verdict is that of `geo.assessment`, whose rates `hub check assessments` proves.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

import numpy as np

from geo.assessment import (
    CANNOT_TELL,
    NOT_DELIVERED,
    NOTHING_TO_COMPARE,
    TOO_FEW_MONTHS,
    Implementation,
    Selection,
    assess,
)
from geo.assessment import Assessment as Judged
from geo.frames import FloatArray, IntArray
from hub.access import Viewer
from hub.agreements.service import NoAgreement
from hub.assessments.wording import NO_BASELINE, NO_FIGURES, NO_RESPONSE, WAITS
from hub.baselines import series
from hub.baselines import service as baselines
from hub.baselines.series import Basis, Piece
from hub.baselines.service import ShownBaseline
from hub.errors import BadRequest
from hub.hotspots.sources import NoFigures
from hub.places.service import Area
from hub.problems import promises, service
from hub.problems.promises import Delivery
from hub.responses import service as responses
from hub.responses.doses import Dose
from hub.words import months_before

METHOD = "2"
"""Of the figures; another number where they would come out otherwise. `geo.assessment` says how they are made."""
STILL_READ = frozenset({"1", METHOD})
"""Methods whose figures this one works out alike: 1 knew no patrols, and of responses without any both say the same."""
RESPONSE, BUFFER, CONTROL = "response", "buffer", "control"


@dataclass(frozen=True)
class Timeline:
    """Which months stand before a response, which after it, and which were left out while it was set up."""

    before: tuple[dt.date, ...]
    left_out: tuple[dt.date, ...]
    after: tuple[dt.date, ...]


@dataclass(frozen=True)
class Inputs:
    """All that a verdict follows from.

    Attributes
    ----------
    counts : shape (grounds, months)
        NaN where a figure is gone.
    roles
        Of each row.
    chosen : shape (months_before,)
        True for the months by which a map chose the place; empty where none did.
    """

    counts: FloatArray
    roles: Sequence[str]
    months_before: int
    chosen: Sequence[bool]
    is_delivered: bool
    cost: int
    patrols: Dose
    """Of all responses that have a plan of patrols, until the day it was worked out for."""

    def of(self, role: str) -> FloatArray:
        """The rows of one role."""
        rows: FloatArray = self.counts[[each == role for each in self.roles]]
        return rows


@dataclass(frozen=True)
class Worked:
    """What was worked out of a problem, before it is written down."""

    result: str
    reason: str
    waits_for: dt.date | None
    baseline: ShownBaseline | None
    responses: tuple[Delivery, ...]
    doses: Mapping[UUID, Dose]
    """By response: what was planned and given of its patrols; of those alone that have a plan of them."""
    basis: Basis | None
    timeline: Timeline
    chosen_by: tuple[dt.date, ...]
    counts: Mapping[str, IntArray]
    """By borough: a row for each of the grounds, a column for each month before and then after."""


def timeline(months: Sequence[dt.date], responses: Collection[Delivery], as_of: dt.date) -> Timeline:
    """Part the months before a day by when the first response began and when the last was in place.

    A month in which a response began or was still being set up stands neither before nor after.
    """
    ended = [month for month in months if months_before(month, -1) <= as_of]
    began, in_place = min(one.start for one in responses), max(one.in_place for one in responses)
    before = tuple(month for month in ended if months_before(month, -1) <= began)
    after = tuple(month for month in ended if month >= in_place)
    return Timeline(before, tuple(month for month in ended if month not in {*before, *after}), after)


def judged(inputs: Inputs) -> Judged | None:
    """The verdict with its figures; None where nothing can be compared, or a figure is gone."""
    controls, months = inputs.of(CONTROL), inputs.counts.shape[1]
    if not len(controls) or not 0 < inputs.months_before < months or np.isnan(inputs.counts).any():
        return None
    return assess(
        inputs.of(RESPONSE)[0],
        controls,
        months_before=inputs.months_before,
        buffer=next(iter(inputs.of(BUFFER)), None),
        selection=Selection(list(inputs.chosen)) if any(inputs.chosen) else None,
        implementation=_implementation(inputs),
        cost=inputs.cost or None,
    )


def worked_out(viewer: Viewer, problem_id: UUID, as_of: dt.date, *, is_promised: bool) -> Worked:
    """Work out what came of the responses to a problem, from the live versions. It only reads.

    Parameters
    ----------
    viewer, problem_id
        Who may count all of the problem's boroughs exactly.
    as_of
        No month counts that was not over on this day, and no response that had not begun.
    is_promised
        Whether it waits for the month before that day; otherwise it takes what there is.

    Raises
    ------
    NotFound, NotAllowed
        If the problem, or the counts of one of its boroughs, are not this person's.
    """
    area = series.area_of(viewer, service.problem(viewer, problem_id).borough_codes)
    doses = responses.given_by(viewer, problem_id, as_of)
    begun = tuple(_as_given(one, doses) for one in promises.deliveries(viewer, problem_id) if one.start <= as_of)
    doses = {one.id: doses[one.id] for one in begun if one.id in doses}
    given = tuple(one for one in begun if one.is_delivered)
    frozen = None
    try:
        frozen = baselines.current(viewer, problem_id)
        if not begun or frozen is None:
            return _refused(NO_BASELINE if begun else NO_RESPONSE, frozen, begun, doses)
        basis = _basis(viewer, area, frozen, as_of)
    except (BadRequest, NoFigures, NoAgreement):
        return _refused(NO_FIGURES, frozen, begun, doses, _last_month(as_of) if is_promised else None)
    parted = timeline(basis.months, given or begun, as_of)
    if is_promised and (basis.months[-1] < _last_month(as_of) or basis.borough_codes != area.borough_codes):
        return _refused(WAITS, frozen, begun, doses, _last_month(as_of))
    return _counted(viewer, problem_id, frozen, begun, doses, basis, parted)


def inputs_of(
    counts: FloatArray,
    frozen_roles: Sequence[str],
    parted: Timeline,
    chosen_by: Collection[dt.date],
    deliveries: Collection[Delivery],
    patrols: Dose,
) -> Inputs:
    """Put together what a verdict follows from."""
    given = [one for one in deliveries if one.is_delivered]
    chosen = [month in chosen_by for month in parted.before]
    cost = sum(one.cost for one in given)
    return Inputs(counts, frozen_roles, len(parted.before), chosen, bool(given), cost, patrols)


def _as_given(one: Delivery, doses: Mapping[UUID, Dose]) -> Delivery:
    """A response for which patrols were planned by then was delivered if a visit was made, whatever its status says."""
    dose = doses.get(one.id, Dose())
    return replace(one, is_delivered=dose.given > 0) if dose.planned or dose.given else one


def _implementation(inputs: Inputs) -> Implementation | None:
    """Minutes of patrols planned and given; where nothing at all was delivered, none of one; else nothing is known."""
    if not inputs.is_delivered:
        return Implementation(1, 0)
    planned, given = inputs.patrols.planned_minutes, inputs.patrols.minutes
    return Implementation(planned, given) if planned and given else None


def _counted(
    viewer: Viewer,
    problem_id: UUID,
    frozen: ShownBaseline,
    begun: tuple[Delivery, ...],
    doses: Mapping[UUID, Dose],
    basis: Basis,
    parted: Timeline,
) -> Worked:
    grounds = [Piece(one.unit, one.name, one.ward_codes, one.outline) for one in frozen.grounds]
    roles = [one.role.value for one in frozen.grounds]
    at = [basis.months.index(month) for month in (*parted.before, *parted.after)]
    counts = {code: rows[:, at] for code, rows in series.count(viewer, basis, grounds).items()}
    period = promises.months_chosen_by(viewer, problem_id)
    chosen_by = tuple(month for month in parted.before if period and period[0] <= month <= period[1])
    patrols = sum(doses.values(), Dose())
    inputs = inputs_of(series.together(counts).astype(np.float64), roles, parted, chosen_by, begun, patrols)
    found = judged(inputs)
    if found is not None:
        result, reason = found.verdict, found.reason
    elif not inputs.is_delivered:
        result, reason = CANNOT_TELL, NOT_DELIVERED
    else:
        result, reason = CANNOT_TELL, NOTHING_TO_COMPARE if CONTROL not in roles else TOO_FEW_MONTHS
    return Worked(result, reason, None, frozen, begun, doses, basis, parted, chosen_by, counts)


def _basis(viewer: Viewer, area: Area, frozen: ShownBaseline, as_of: dt.date) -> Basis:
    return series.basis(
        viewer,
        area,
        by_wards=bool(frozen.response.ward_codes),
        category=frozen.category,
        first_month=frozen.months[0],
        last_month=_last_month(as_of),
        dataset=frozen.dataset,
        boundary_set=frozen.boundary_set or None,
    )


def _last_month(as_of: dt.date) -> dt.date:
    return months_before(as_of.replace(day=1), 1)


def _refused(
    reason: str,
    frozen: ShownBaseline | None,
    begun: tuple[Delivery, ...],
    doses: Mapping[UUID, Dose],
    waits_for: dt.date | None = None,
) -> Worked:
    return Worked(CANNOT_TELL, reason, waits_for, frozen, begun, doses, None, Timeline((), (), ()), (), {})
