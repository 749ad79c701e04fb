"""Patrol plans of responses and the visits made by them: written once, read by whoever reads the problem.

The times to come are told to nobody but those who write of the problem, and only for the next days.
"""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TypeVar
from uuid import UUID

from sqlalchemy import select

from hub import audit
from hub.access import Permission, Viewer
from hub.accounts import service as accounts
from hub.columns import area_key
from hub.errors import Conflict, NotFound
from hub.problems import across, promises
from hub.problems import service as problems
from hub.problems.choices import choices
from hub.problems.contents import STATUS
from hub.problems.terms import Kind, Stage
from hub.responses import doses, wording
from hub.responses.doses import Dosage, Dose, Given
from hub.responses.draws import Drawn, Patrol, days, drawn
from hub.responses.given import Made, fit_plan, fit_visit
from hub.responses.models import PatrolPlan, PatrolVisit
from hub.words import LONDON

DAYS_AHEAD = 2
"""So many days after today are drawn for readers."""
MOST_VERSIONS, MOST_VISITS = 50, 5_000
"""Of one response: its page sums them all."""
_UNDER_WAY = frozenset({"planned", "under_way"})


@dataclass(frozen=True)
class ShownVisit:
    """One visit as it stands."""

    id: UUID
    number: int
    """Of the row that says how it stands."""
    began_at: dt.datetime
    minutes: int
    spot: str
    body: str
    """By its key."""
    body_name: str
    words: str
    by: str
    at: dt.datetime
    """When that was written."""
    day: dt.date
    """That it counts for: the evening before, where it was made after midnight by the hours of that evening."""


@dataclass(frozen=True)
class ShownPatrol:
    """The patrols of one response: what is planned, what was given, and the next visits for whoever may know them."""

    problem_id: UUID
    reference: str
    problem: str
    """The problem's title."""
    boroughs: frozenset[str]
    response: UUID
    words: str
    """What the response is."""
    body: str
    """That owns the response, by its key."""
    status: str
    """Of the response, in words."""
    number: int
    """Of the plan as it is now."""
    versions: tuple[Patrol, ...]
    planned_by: str
    planned_at: dt.datetime
    visits: tuple[ShownVisit, ...]
    """The newest first."""
    dosage: Dosage
    today: dt.date
    may_write: bool
    is_running: bool
    """Whether it still has a day to come, its response is not over and its problem not closed."""
    next_days: tuple[tuple[dt.date, tuple[Drawn, ...]], ...]
    """Today and the next days with the visits to be made; empty for whoever may not know them."""

    @property
    def plan(self) -> Patrol:
        """As it was written last."""
        return self.versions[-1]

    @property
    def spots(self) -> tuple[str, ...]:
        """Those of the plan, then those that it had before."""
        return tuple(dict.fromkeys(spot for version in reversed(self.versions) for spot in version.spots))

    @property
    def last_body(self) -> str:
        """Which body made the newest visit; before there is one, which owns the response."""
        return self.visits[0].body if self.visits else self.body


@dataclass(frozen=True)
class _Of:
    """The response that patrols are of, and its problem."""

    problem_id: UUID
    reference: str
    title: str
    boroughs: frozenset[str]
    is_closed: bool
    response: UUID
    body: Mapping[str, str]


# --- Reading ---------------------------------------------------------------------------------------------------------


def patrols(viewer: Viewer, problem_id: UUID, today: dt.date) -> list[ShownPatrol]:
    """The patrols of each response to a problem that has a plan of them, in the order of the responses.

    Raises
    ------
    NotFound
        If there is no such problem, or it is not this person's to read.
    """
    return _shown(viewer, _responses(viewer, problem_id), today)


def patrol(viewer: Viewer, problem_id: UUID, response: UUID, today: dt.date) -> ShownPatrol:
    """The patrols of one response.

    Raises
    ------
    NotFound
        If it has no plan of them, or its problem is not this person's to read.
    """
    for one in patrols(viewer, problem_id, today):
        if one.response == response:
            return one
    raise NotFound


def of_area(viewer: Viewer, borough_codes: Collection[str], today: dt.date) -> list[ShownPatrol]:
    """The patrols of every problem of some boroughs that is not closed and that this person may read."""
    found = across.of_kind(viewer, Kind.RESPONSE, borough_codes)
    its = [_Of(one.problem_id, one.reference, one.title, one.boroughs, False, one.thing, one.body) for one in found]
    return _shown(viewer, its, today)


def given_by(viewer: Viewer, problem_id: UUID, as_of: dt.date) -> dict[UUID, Dose]:
    """What was planned before a day and given until it, by response; of those alone that have a plan.

    Raises
    ------
    NotFound
        As for `patrols`.
    """
    return {one.response: one.dosage.total for one in patrols(viewer, problem_id, as_of)}


def response_words(viewer: Viewer, problem_id: UUID, response: UUID) -> str:
    """What a response is, in the words of its record.

    Raises
    ------
    NotFound
        If the problem has no such response, or it is not this person's to read.
    """
    return _response(viewer, problem_id, response).body["words"]


def _responses(viewer: Viewer, problem_id: UUID) -> list[_Of]:
    record = problems.record(viewer, problem_id)
    its, is_closed = record.problem, record.problem.stage is Stage.CLOSED
    return [
        _Of(its.id, its.reference, its.title, its.borough_codes, is_closed, thing.id, thing.body)
        for thing in record.of(Kind.RESPONSE)
    ]


def _response(viewer: Viewer, problem_id: UUID, response: UUID) -> _Of:
    for one in _responses(viewer, problem_id):
        if one.response == response:
            return one
    raise NotFound


def _shown(viewer: Viewer, of: Iterable[_Of], today: dt.date) -> list[ShownPatrol]:
    found = {one.response: one for one in of}
    plans = _by_response(_plan_rows(viewer, list({one.problem_id for one in found.values()})))
    visits = _by_response(_visit_rows(viewer, [rows[0].problem_id for rows in plans.values()]))
    people = {row.written_by for rows in plans.values() for row in rows}
    people |= {row.written_by for rows in visits.values() for row in rows}
    names = accounts.names(viewer.session, people)
    writes_in = viewer.boroughs(Permission.PROBLEM_WRITE)
    shown = []
    for response, about in found.items():
        if response not in plans:
            continue
        rows = plans[response]
        versions = tuple(map(_version, rows))
        made = _latest(visits.get(response, ()), versions, names)
        may_write = not about.is_closed and not writes_in.isdisjoint(about.boroughs)
        is_over = about.body["status"] not in _UNDER_WAY or versions[-1].last_day < today
        shown.append(
            ShownPatrol(
                problem_id=about.problem_id,
                reference=about.reference,
                problem=about.title,
                boroughs=about.boroughs,
                response=response,
                words=about.body["words"],
                body=about.body["body"],
                status=STATUS[about.body["status"]],
                number=rows[-1].number,
                versions=versions,
                planned_by=names.get(rows[-1].written_by, _GONE),
                planned_at=rows[-1].written_at,
                visits=made,
                dosage=doses.dosage(versions, [_given(one) for one in made if one.day <= today], today),
                today=today,
                may_write=may_write,
                is_running=not about.is_closed and not is_over,
                next_days=_next(versions, today) if may_write and not is_over else (),
            )
        )
    return shown


_GONE = "somebody who has left"


def _plan_rows(viewer: Viewer, problem_ids: Collection[UUID]) -> Sequence[PatrolPlan]:
    its = select(PatrolPlan).where(PatrolPlan.problem_id.in_(problem_ids)).order_by(PatrolPlan.number)
    return viewer.session.scalars(its).all()


def _visit_rows(viewer: Viewer, problem_ids: Collection[UUID]) -> Sequence[PatrolVisit]:
    its = select(PatrolVisit).where(PatrolVisit.problem_id.in_(problem_ids)).order_by(PatrolVisit.number)
    return viewer.session.scalars(its).all()


Row = TypeVar("Row", PatrolPlan, PatrolVisit)


def _by_response(rows: Sequence[Row]) -> dict[UUID, list[Row]]:
    found: dict[UUID, list[Row]] = {}
    for row in rows:
        found.setdefault(row.response, []).append(row)
    return found


def _version(row: PatrolPlan) -> Patrol:
    return Patrol(
        spots=tuple(row.spots),
        minutes=row.minutes,
        visits=row.visits,
        weekdays=frozenset(row.weekdays),
        opens=row.opens,
        closes=row.closes,
        first_day=row.first_day,
        last_day=row.last_day,
        seed=row.seed,
        written_on=row.written_at.astimezone(LONDON).date(),
    )


def _latest(
    rows: Iterable[PatrolVisit], versions: Sequence[Patrol], names: Mapping[UUID, str]
) -> tuple[ShownVisit, ...]:
    """How each visit stands after its last row, but for those that were taken back; the newest first."""
    bodies = choices().bodies
    latest = {row.visit: row for row in rows}
    shown = [
        ShownVisit(
            id=row.visit,
            number=row.number,
            began_at=row.began_at,
            minutes=row.minutes,
            spot=row.spot,
            body=row.body,
            body_name=bodies.get(row.body, row.body),
            words=row.words,
            by=names.get(row.written_by, _GONE),
            at=row.written_at,
            day=doses.day_of(versions, _on_the_wall(row.began_at)),
        )
        for row in latest.values()
        if not row.is_taken_back
    ]
    return tuple(sorted(shown, key=lambda one: (one.began_at, one.id), reverse=True))


def _given(visit: ShownVisit) -> Given:
    return Given(_on_the_wall(visit.began_at), visit.minutes, visit.spot)


def _on_the_wall(moment: dt.datetime) -> dt.datetime:
    return moment.astimezone(LONDON).replace(tzinfo=None)


def _next(versions: Sequence[Patrol], today: dt.date) -> tuple[tuple[dt.date, tuple[Drawn, ...]], ...]:
    shown = days(today, today + dt.timedelta(days=DAYS_AHEAD))
    by_day = {day: tuple(its) for day, its in groupby(drawn(versions, shown[-1]), key=lambda one: one.day)}
    return tuple((day, by_day.get(day, ())) for day in shown)


# --- Writing ---------------------------------------------------------------------------------------------------------


def plan(
    viewer: Viewer,
    problem_id: UUID,
    response: UUID,
    given: Mapping[str, str],
    weekdays: Collection[str],
    *,
    follows: int = 0,
) -> None:
    """Plan the patrols of a response, or plan them otherwise from tomorrow on.

    Parameters
    ----------
    viewer, problem_id, response
        Who plans those of which response.
    given, weekdays
        As `given.fit_plan` takes them.
    follows
        The number of the plan that they read; 0 where there was none.

    Raises
    ------
    Unfit
        If something of it cannot stand.
    NotFound
        If the problem has no such response.
    Conflict
        If the problem is closed, or somebody has planned them meanwhile.
    """
    promises.keep_alive(viewer, problem_id)
    about = _response(viewer, problem_id, response)
    rows = _by_response(_plan_rows(viewer, [problem_id])).get(response, [])
    fit = fit_plan(given, weekdays)
    last = rows[-1].number if rows else 0
    if last != follows:
        raise Conflict(
            "Somebody has planned these patrols since you opened the page.",
            remedy="Look at what they planned, then send yours again.",
        )
    if last >= MOST_VERSIONS:
        raise Conflict(
            f"These patrols were planned {MOST_VERSIONS} times, and cannot be planned again.",
            remedy="Write down another response, and plan its patrols.",
        )
    row = PatrolPlan(
        problem_id=problem_id,
        borough_set=area_key(about.boroughs),
        response=response,
        number=last + 1,
        spots=list(fit.spots),
        minutes=fit.minutes,
        visits=fit.visits,
        weekdays=list(fit.weekdays),
        opens=fit.opens,
        closes=fit.closes,
        first_day=fit.first_day,
        last_day=fit.last_day,
        seed=secrets.token_bytes(32),
        written_by=viewer.person_id,
        written_at=dt.datetime.now(dt.UTC),
    )
    viewer.session.add(row)
    promises.keep_plan(viewer, problem_id, response, wording.planned(_version(row)))


def record_visit(
    viewer: Viewer,
    problem_id: UUID,
    response: UUID,
    visit: UUID,
    given: Mapping[str, str],
    *,
    follows: int = 0,
    now: dt.datetime | None = None,
) -> None:
    """Record a visit, or correct what was recorded of one. The same visit sent twice is recorded once.

    Parameters
    ----------
    viewer, problem_id, response
        Who records it, of which response's patrols.
    visit
        A new id, or that of the visit which is corrected.
    given
        As `given.fit_visit` takes it.
    follows
        The number of the visit's row that they read; 0 of a new one.
    now
        No visit begins later; this moment unless given.

    Raises
    ------
    Unfit
        If something of it cannot stand.
    NotFound
        If the response has no plan of patrols, or no such visit to correct.
    Conflict
        If the problem is closed, or somebody has corrected the visit meanwhile.
    """
    about, rows = _to_write(viewer, problem_id, response, visit)
    versions = [_version(row) for row in _by_response(_plan_rows(viewer, [problem_id])).get(response, [])]
    if not versions:
        raise NotFound
    its_spots = dict.fromkeys([spot for one in versions for spot in one.spots])
    first_day = min(one.first_day for one in versions)
    made = fit_visit(given, spots=list(its_spots), first_day=first_day, now=now or dt.datetime.now(dt.UTC))
    if follows == 0 and len(rows) == 1 and _is_of(rows[0], made):
        return
    _require_last(rows, follows)
    _add_visit(viewer, about, visit, follows + 1, made, is_taken_back=False)
    audit.record(
        viewer,
        "patrol_visit.corrected" if rows else "patrol_visit.recorded",
        problem_id,
        boroughs=about.boroughs,
        visit=str(visit),
    )


def take_back(viewer: Viewer, problem_id: UUID, response: UUID, visit: UUID, *, follows: int) -> None:
    """Take back a visit that was recorded by mistake. What was recorded stays, and counts no more.

    Raises
    ------
    NotFound
        If there is no such visit.
    Conflict
        If the problem is closed, or somebody has corrected the visit meanwhile.
    """
    about, rows = _to_write(viewer, problem_id, response, visit)
    if not rows:
        raise NotFound
    _require_last(rows, follows)
    last = rows[-1]
    made = Made(last.began_at, last.minutes, last.spot, last.body, last.words)
    _add_visit(viewer, about, visit, follows + 1, made, is_taken_back=True)
    audit.record(viewer, "patrol_visit.taken_back", problem_id, boroughs=about.boroughs, visit=str(visit))


def _to_write(viewer: Viewer, problem_id: UUID, response: UUID, visit: UUID) -> tuple[_Of, list[PatrolVisit]]:
    """The response, to be written to, and what is recorded of one of its visits."""
    promises.keep_alive(viewer, problem_id)
    about = _response(viewer, problem_id, response)
    its = _by_response(_visit_rows(viewer, [problem_id])).get(response, [])
    if len(its) >= MOST_VISITS:
        raise Conflict(
            f"{MOST_VISITS:,} visits are recorded of this response, and it can have no more.",
            remedy="Write down another response, and plan its patrols.",
        )
    return about, [row for row in its if row.visit == visit]


def _require_last(rows: Sequence[PatrolVisit], follows: int) -> None:
    if (rows[-1].number if rows else 0) != follows or (rows and rows[-1].is_taken_back):
        raise Conflict(
            "Somebody has corrected this visit since you opened the page.",
            remedy="Look at what they wrote, then send yours again.",
        )


def _is_of(row: PatrolVisit, made: Made) -> bool:
    return (row.began_at, row.minutes, row.spot, row.body, row.words) == (
        made.began_at, made.minutes, made.spot, made.body, made.words,
    )  # fmt: skip


def _add_visit(viewer: Viewer, about: _Of, visit: UUID, number: int, made: Made, *, is_taken_back: bool) -> None:
    viewer.session.add(
        PatrolVisit(
            problem_id=about.problem_id,
            borough_set=area_key(about.boroughs),
            response=about.response,
            visit=visit,
            number=number,
            began_at=made.began_at,
            minutes=made.minutes,
            spot=made.spot,
            body=made.body,
            words=made.words,
            is_taken_back=is_taken_back,
            written_by=viewer.person_id,
            written_at=dt.datetime.now(dt.UTC),
        )
    )
    viewer.session.flush()
