"""The rows of reports, for the services of this slice: who may have one in hand, what it would say now, its history."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Sequence
from dataclasses import asdict
from uuid import UUID

from sqlalchemy import select

from hub.access import Permission, Viewer
from hub.documents.frozen import from_json
from hub.documents.model import Document
from hub.errors import Conflict, NotFound
from hub.places.service import Area
from hub.reports import composing, kinds
from hub.reports.composing import Chosen, Composed, Plan
from hub.reports.figures import kept, numbers_beside
from hub.reports.models import Act, Report, ReportStep, State
from hub.reports.pieces import Earlier
from hub.words import month_name

AT_WORK = frozenset({State.DRAFT, State.ASKED})
"""Of a report that is not approved yet, nor given up."""


def in_order(viewer: Viewer, area: Area) -> Sequence[Report]:
    """Every report of a borough, the newest first."""
    viewer.require(Permission.SUMMARY_READ, area.borough_codes)
    its = select(Report).where(Report.borough_code == area.slug)
    return viewer.session.scalars(its.order_by(Report.last_month.desc(), Report.drafted_at.desc())).all()


def row(viewer: Viewer, area: Area, report_id: UUID, *, for_change: bool = False) -> Report:
    """Find one report of a borough.

    Raises
    ------
    NotFound
        If there is none, it was given up, or it is a draft and the viewer neither writes nor approves reports.
    """
    viewer.require(Permission.SUMMARY_READ, area.borough_codes)
    wanted = select(Report).where(Report.id == report_id, Report.borough_code == area.slug)
    if for_change:
        wanted = wanted.with_for_update().execution_options(populate_existing=True)
    found = viewer.session.scalar(wanted)
    is_seen = found is not None and (found.state is State.APPROVED or works_on(viewer, area))
    if found is None or not is_seen or found.state is State.DISCARDED:
        raise NotFound
    return found


def works_on(viewer: Viewer, area: Area) -> bool:
    """Whether the viewer writes or approves a borough's reports."""
    return any(viewer.may(one, area.borough_codes) for one in (Permission.REPORT_WRITE, Permission.REPORT_APPROVE))


def require_draft(its: Report) -> None:
    """Refuse what is not changed any more.

    Raises
    ------
    Conflict
        If the report was approved.
    """
    if its.state not in AT_WORK:
        raise Conflict(
            "This report was approved, and is not changed any more.", remedy="Issue it again to say something else."
        )


def frozen(its: Report) -> Document:
    """Read the document of an approved report, and see that it is what was approved.

    Raises
    ------
    Conflict
        If it is not.
    """
    if its.document is None or hashlib.sha256(its.document).hexdigest() != its.sha256:
        raise Conflict("This report is not what was approved.", remedy="Tell an administrator: a backup holds it.")
    return from_json(its.document)


def chosen(its: Report) -> tuple[Chosen, ...]:
    """A report's sections, in order."""
    return tuple(Chosen(**one) for one in its.sections)


def plan(its: Report) -> Plan:
    """What a report is to be; without the earlier reports, which only its own page needs."""
    return Plan(its.kind, its.borough_code, its.last_month, chosen(its), its.edition, its.reason)


def composed(viewer: Viewer, its: Report, at: dt.datetime) -> Composed:
    """A report as it would be frozen now.

    Raises
    ------
    NoFigures
        If nothing is offered for its months.
    """
    others = viewer.session.scalars(
        select(Report).where(
            Report.borough_code == its.borough_code, Report.kind == its.kind, Report.state == State.APPROVED
        )
    ).all()
    replaced = next((one for one in others if one.id == its.replaces_id), None)
    before = [one for one in others if one.id != its.replaces_id and one.last_month < its.last_month]
    last = max(before, key=lambda one: (one.last_month, one.approved_at), default=None)
    with_earlier = Plan(
        its.kind,
        its.borough_code,
        its.last_month,
        chosen(its),
        its.edition,
        its.reason,
        last=_earlier(last),
        replaced=_earlier(replaced),
    )
    return composing.compose(viewer, with_earlier, at)


def _earlier(its: Report | None) -> Earlier | None:
    if its is None or its.approved_at is None:
        return None
    named = f"{kinds.kind(its.kind).title.lower()} to {month_name(its.last_month)}"
    return Earlier(named, its.approved_at, kept(its.figures))


def numbers_in_words(its: Report, made: Composed) -> tuple[str, ...]:
    """The numbers in an officer's words that are no figure of the report."""
    shown = [cell.shown for table in made.document.tables for line in table.rows for cell in line]
    told = [words for words in (one.words for one in chosen(its) if one.is_included) if words]
    return numbers_beside(told, shown)


def add_step(viewer: Viewer, its: Report, act: Act, *, words: str = "", keeps_sections: bool = False) -> None:
    """Keep what somebody did with a report, and if asked how its sections then stood."""
    viewer.session.add(
        ReportStep(
            borough_code=its.borough_code,
            report_id=its.id,
            act=act,
            done_by=viewer.person_id,
            done_at=dt.datetime.now(dt.UTC),
            words=words,
            sections=[asdict(one) for one in chosen(its)] if keeps_sections else None,
        )
    )
    viewer.session.flush()


def steps(viewer: Viewer, its: Report) -> Sequence[ReportStep]:
    """What was done with a report until it was approved, in order."""
    of_it = select(ReportStep).where(ReportStep.report_id == its.id, ReportStep.borough_code == its.borough_code)
    return viewer.session.scalars(of_it.order_by(ReportStep.id)).all()
