"""Assessments of problems: asked for, written down once and for all, and read within the reader's scope.

Anybody who reads a problem reads its results; the counts behind them only who may count all of its boroughs exactly.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from enum import StrEnum
from typing import Any
from uuid import UUID, uuid4

import numpy as np
import orjson
from sqlalchemy import select

from geo.assessment import Assessment as Judged
from geo.frames import FloatArray
from hub import audit, db, jobs
from hub.access import Permission, Viewer
from hub.accounts import service as accounts
from hub.assessments import working
from hub.assessments.models import Assessment, AssessmentPart
from hub.assessments.wording import REASONS, RESULTS
from hub.assessments.working import Inputs, Worked
from hub.errors import Conflict, NotFound
from hub.problems import promises, service
from hub.problems.service import ShownProblem
from hub.responses.doses import Dose
from hub.uploads import figures, kinds
from hub.words import date_name, month_code, month_name, parse_month

RUN = "assessments.run"


class Standing(StrEnum):
    """Whether the figures behind a result can be shown."""

    WHOLE = "whole"
    """All of them, as the digest says."""
    NONE = "none"
    """It was worked out from none: it waited, or nothing could be counted."""
    GONE = "gone"
    """Some of the data that they came from was deleted since, and its figures with it."""
    APART = "apart"
    """Some of the boroughs are not this reader's to count."""
    EARLIER = "earlier"
    """They were worked out by a method that is no longer used."""
    ALTERED = "altered"
    """They are not what was written down."""


@dataclass(frozen=True)
class Line:
    """One assessment in a list."""

    id: UUID
    problem_id: UUID
    number: int
    result: str
    """In words."""
    reason: str
    """A sentence."""
    at: dt.datetime
    due_on: dt.date | None
    promised_for: dt.date | None


@dataclass(frozen=True)
class ShownAssessment:
    """One assessment as its reader may see it."""

    line: Line
    run_for: str
    """The name of whoever it was worked out for."""
    dataset_title: str
    measure: str
    category: str
    months: tuple[dt.date, ...]
    months_before: int
    left_out: tuple[dt.date, ...]
    roles: tuple[str, ...]
    names: tuple[str, ...]
    responses: tuple[Mapping[str, Any], ...]
    """As in the table, with `start` and `in_place` as dates."""
    cost: int
    extracts: tuple[dt.date, ...]
    counts: FloatArray
    """Empty unless they may be shown."""
    found: Judged | None
    """None where nothing could be compared, or the counts may not be shown."""
    standing: Standing
    method: str
    sha256: str


# --- Asked for -------------------------------------------------------------------------------------------------------


def ask(viewer: Viewer, problem_id: UUID) -> None:
    """Ask for an assessment now, by the months that there are.

    Raises
    ------
    NotFound, NotAllowed
        If this person may not write of the problem, or not count all of its boroughs exactly.
    Conflict
        If it is closed, nothing is there that could be assessed, or it is being assessed already.
    """
    problem = service.problem(viewer, problem_id, Permission.PROBLEM_WRITE)
    viewer.require(Permission.EXACT_COUNTS, problem.borough_codes)
    if problem.closed_at is not None:
        raise Conflict("This problem is closed.", remedy="Move it back to another stage to go on with it.")
    if not promises.deliveries(viewer, problem_id):
        raise Conflict("There is no response to assess.", remedy="Write down what is done, and since when.")
    db.lock(viewer.session, f"assessments:{problem_id}")
    if jobs.is_under_way(viewer.session, RUN, problem_id=str(problem_id)):
        raise Conflict(
            "This problem is being assessed already.",
            remedy="Wait a minute or so: the result will stand under Assessment on the page of the problem.",
        )
    audit.record(viewer, "assessment.asked", problem_id, boroughs=problem.borough_codes)
    jobs.enqueue(viewer, RUN, problem_id=str(problem_id), due_on="")


def keep(viewer: Viewer, problem_id: UUID, worked: Worked, due_on: dt.date | None, today: dt.date) -> UUID | None:
    """Write down what was worked out, on the problem's own record too; returns its id.

    None where it still waits for the same month as the last one did, which is said already.

    Raises
    ------
    NotFound, NotAllowed, Conflict
        As for any entry of a problem.
    """
    problem = service.problem(viewer, problem_id, Permission.PROBLEM_WRITE)
    db.lock(viewer.session, f"assessments:{problem_id}")
    before = _rows(viewer, problem_id)
    waits_for = month_code(worked.waits_for) if worked.waits_for else ""
    if waits_for and before and (before[0].due_on, before[0].waits_for) == (due_on, waits_for):
        return None
    promised = [one.assess_on for one in promises.deliveries(viewer, problem_id) if one.assess_on]
    to_come = [day for day in promised if day > today]
    row = _row(viewer, problem, worked)
    row.number, row.due_on, row.waits_for = 1 + max((one.number for one in before), default=0), due_on, waits_for
    row.promised_for = min(to_come) if due_on is None and to_come else None
    parts = _parts(row, worked)
    row.sha256 = digest(row, parts)
    viewer.session.add(row)
    viewer.session.flush()
    viewer.session.add_all(parts)
    said = {"reason": _sentence(row), "assessment": str(row.id), "number": row.number, "sha256": row.sha256}
    promises.keep_result(viewer, problem_id, row.result, said, is_by_clock=due_on is not None)
    return row.id


# --- Reading ---------------------------------------------------------------------------------------------------------


def assessments(viewer: Viewer, problem_id: UUID) -> list[Line]:
    """The assessments of a problem, the newest first.

    Raises
    ------
    NotFound
        If there is no such problem, or it is not this person's to read.
    """
    service.problem(viewer, problem_id)
    return [_line(row) for row in _rows(viewer, problem_id)]


def newest_of_owned(viewer: Viewer, since: dt.datetime) -> list[tuple[ShownProblem, Line]]:
    """The problems that somebody owns and that were assessed since a moment, each with the newest assessment."""
    owned = service.problems(viewer, is_mine=True)
    found = [(problem, rows[0]) for problem in owned if (rows := _rows(viewer, problem.id))]
    return [(problem, _line(row)) for problem, row in found if row.run_at >= since]


def assessment(viewer: Viewer, problem_id: UUID, assessment_id: UUID) -> ShownAssessment:
    """One assessment with what is behind it, as far as this person may see that.

    Raises
    ------
    NotFound
        If there is none of that problem, or the problem is not this person's to read.
    NoAgreement
        If the data may not be used just now.
    """
    problem = service.problem(viewer, problem_id)
    row = next((one for one in _rows(viewer, problem_id) if one.id == assessment_id), None)
    if row is None:
        raise NotFound
    theirs = viewer.boroughs(Permission.EXACT_COUNTS)
    figures.refuse_without_agreement(
        viewer, {(one["borough_code"], row.dataset) for one in row.sources if one["borough_code"] in theirs}
    )
    counts, standing = _counts(viewer, problem, row)
    kind = kinds.kind(viewer.session, row.dataset) if row.dataset else None
    names = accounts.names(viewer.session, {row.run_for})
    return ShownAssessment(
        line=_line(row),
        run_for=names.get(row.run_for, "somebody who has left"),
        dataset_title=kind.title if kind else "",
        measure=kind.measure if kind else "",
        category=row.category,
        months=tuple(map(parse_month, row.months)),
        months_before=row.months_before,
        left_out=tuple(map(parse_month, row.left_out)),
        roles=tuple(one["role"] for one in row.grounds),
        names=tuple(one["name"] for one in row.grounds),
        responses=tuple(
            {**one, "start": dt.date.fromisoformat(one["start"]), "in_place": dt.date.fromisoformat(one["in_place"])}
            for one in row.responses
        ),
        cost=row.cost,
        extracts=tuple(sorted({dt.date.fromisoformat(one["extract"]) for one in row.sources})),
        counts=counts,
        found=working.judged(_inputs(row, counts)) if standing is Standing.WHOLE else None,
        standing=standing,
        method=row.method,
        sha256=row.sha256,
    )


def _rows(viewer: Viewer, problem_id: UUID) -> Sequence[Assessment]:
    its = select(Assessment).where(Assessment.problem_id == problem_id).order_by(Assessment.number.desc())
    return viewer.session.scalars(its).all()


def _line(row: Assessment) -> Line:
    return Line(
        row.id,
        row.problem_id,
        row.number,
        RESULTS[row.result],
        _sentence(row),
        row.run_at,
        row.due_on,
        row.promised_for,
    )


def _sentence(row: Assessment) -> str:
    """Why it came out so, and what somebody must know who reads no more."""
    said = REASONS[row.reason]
    if row.waits_for:
        said = (
            f"It waits for data to {month_name(parse_month(row.waits_for))}, and is worked out again when that comes."
        )
    if row.promised_for:
        said += f" This is early: it is promised for {date_name(row.promised_for)}."
    return said


# --- Writing down ----------------------------------------------------------------------------------------------------


def _row(viewer: Viewer, problem: ShownProblem, worked: Worked) -> Assessment:
    parted, basis, frozen = worked.timeline, worked.basis, worked.baseline
    months = [*parted.before, *parted.after]
    given = [one for one in worked.responses if one.is_delivered]
    return Assessment(
        id=uuid4(),
        problem_id=problem.id,
        borough_set="+".join(sorted(problem.borough_codes)),
        result=worked.result,
        reason=worked.reason,
        dataset=frozen.dataset if frozen else "",
        category=frozen.category if frozen else "",
        months=[month_code(month) for month in months],
        months_before=len(parted.before),
        left_out=[month_code(month) for month in parted.left_out],
        chosen_by=[month_code(month) for month in worked.chosen_by],
        grounds=[{"role": one.role.value, "name": one.name} for one in frozen.grounds] if frozen else [],
        responses=[
            {
                "words": one.words,
                "technique": one.technique,
                "status": one.status,
                "start": one.start.isoformat(),
                "in_place": one.in_place.isoformat(),
                "delivered": one.delivered,
                **_told_of_patrols(worked.doses.get(one.id)),
            }
            for one in worked.responses
        ],
        is_delivered=bool(given),
        cost=sum(one.cost for one in given),
        sources=[
            {
                "borough_code": str(code),
                "version": str(version),
                "extract": rows["extract_date"].iloc[0].isoformat(),
                "months": [month_code(month) for month in sorted(rows["month"])],
            }
            for (code, version), rows in basis.source.used.groupby(["borough_code", "public_id"])
        ]
        if basis
        else [],
        method=working.METHOD,
        run_for=viewer.person_id,
        run_at=dt.datetime.now(dt.UTC),
    )


def _told_of_patrols(dose: Dose | None) -> dict[str, int]:
    """What an assessment keeps of a response's patrols; nothing of one without a plan of them."""
    return asdict(dose) if dose is not None else {}


def _parts(row: Assessment, worked: Worked) -> list[AssessmentPart]:
    """The counts, by the version of the data that each came from."""
    months, basis = [*worked.timeline.before, *worked.timeline.after], worked.basis
    made = []
    for code, counts in worked.counts.items():
        version_of = basis.version_ids(code) if basis else {}
        for version in sorted({version_of[month] for month in months}):
            at = [place for place, month in enumerate(months) if version_of[month] == version]
            made.append(
                AssessmentPart(
                    assessment_id=row.id,
                    borough_code=code,
                    version_id=version,
                    months=[row.months[place] for place in at],
                    counts=counts[:, at].tolist(),
                )
            )
    return made


_TOLD = (
    *("number", "result", "reason", "waits_for", "dataset", "category", "months", "months_before", "left_out"),
    *("chosen_by", "grounds", "responses", "is_delivered", "cost", "sources", "method"),
)


def digest(row: Assessment, parts: Sequence[AssessmentPart]) -> str:
    """The digest of all that was written down, whatever the database numbers it by."""
    told: dict[str, Any] = {
        "problem": str(row.problem_id),
        **{name: getattr(row, name) for name in _TOLD},
        "parts": sorted([part.borough_code, part.months, part.counts] for part in parts),
    }
    return hashlib.sha256(orjson.dumps(told, option=orjson.OPT_SORT_KEYS)).hexdigest()


def _counts(viewer: Viewer, problem: ShownProblem, row: Assessment) -> tuple[FloatArray, Standing]:
    """The counts by ground and month, where all of them are there and this person's to see."""
    empty = np.empty((0, 0))
    if not row.months:
        return empty, Standing.NONE
    if not problem.borough_codes <= viewer.boroughs(Permission.EXACT_COUNTS):
        return empty, Standing.APART
    parts = viewer.session.scalars(select(AssessmentPart).where(AssessmentPart.assessment_id == row.id)).all()
    order = {month: place for place, month in enumerate(row.months)}
    expected = {(one["borough_code"], month) for one in row.sources for month in one["months"] if month in order}
    if expected - {(part.borough_code, month) for part in parts for month in part.months}:
        return empty, Standing.GONE
    if digest(row, parts) != row.sha256:
        return empty, Standing.ALTERED
    counts = np.zeros((len(row.grounds), len(order)))
    for part in parts:
        counts[:, [order[month] for month in part.months]] += np.array(part.counts, dtype=np.float64)
    return counts, Standing.WHOLE if row.method in working.STILL_READ else Standing.EARLIER


def _inputs(row: Assessment, counts: FloatArray) -> Inputs:
    chosen = [month in row.chosen_by for month in row.months[: row.months_before]]
    roles = [one["role"] for one in row.grounds]
    doses = [Dose(**{name: one[name] for name in _OF_PATROLS}) for one in row.responses if "planned" in one]
    patrols = sum(doses, Dose())
    return Inputs(counts, roles, row.months_before, chosen, row.is_delivered, row.cost, patrols)


_OF_PATROLS = tuple(one.name for one in fields(Dose))
