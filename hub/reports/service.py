"""A borough's reports: which there are, what each says, and drafting, editing and issuing them again.

What was approved is never written again: another is issued in its place.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import polars as pl
from sqlalchemy import ColumnElement, delete, func, select, update

from hub import audit, db, purposes
from hub.access import Permission, Viewer
from hub.accounts import service as accounts
from hub.db import HubSession
from hub.documents.model import Document
from hub.errors import BadRequest, Conflict, HubError, NotFound
from hub.places import service as places
from hub.places.service import Area
from hub.reports import composing, kinds, rows
from hub.reports.composing import Chosen, MadeOf, Plan
from hub.reports.figures import Restated, Told, kept, restated
from hub.reports.models import LONGEST_REASON, Act, PublicReport, Report, ReportFile, ReportStep, State
from hub.reports.reader import as_leader
from hub.summaries import service as summaries
from hub.summaries.service import NoFigures
from hub.uploads.reading import personal
from hub.words import listed, month_code

LONGEST_WORDS = 4_000
RENDER, TELL, DRAFT = "reports.render", "reports.tell", "reports.draft"
"""The kinds of job that make the files of an approved report, tell a subscriber of it, and begin a scheduled draft."""


@dataclass(frozen=True)
class ReportLine:
    """One report, as a list shows it."""

    id: UUID
    title: str
    kind: str
    state: State
    drafted_at: dt.datetime
    approved_at: dt.datetime | None
    is_public: bool
    is_replaced: bool


@dataclass(frozen=True)
class ShownReport:
    """One report as its page shows it, and what this reader may do with it."""

    id: UUID
    area: Area
    document: Document
    state: State
    kind: str
    edition: int
    sections: tuple[Chosen, ...]
    digest: str
    """What a draft says, to be sent with its approval; of an approved report its SHA-256."""
    approved_at: dt.datetime | None
    approved_by: str
    reason: str
    replaces_id: UUID | None
    replaced_by: UUID | None
    restated: tuple[Restated, ...]
    numbers_beside: tuple[str, ...]
    """Numbers in an officer's words that are no figure of the report."""
    public_id: UUID | None
    """Its address on the public page, while it is there."""
    may_edit: bool
    """Edit it, give it up, and ask that it be approved."""
    may_approve: bool
    """Approve it or send it back, once somebody has asked."""
    is_writer: bool
    """Whether the reader wrote in it, and so may not approve it."""
    may_reissue: bool
    may_publish: bool


# --- Reading ---------------------------------------------------------------------------------------------------------


def borough(viewer: Viewer, slug: str, permission: Permission = Permission.SUMMARY_READ) -> Area:
    """Find a borough whose reports the viewer reads, or may do something with."""
    found = places.area(viewer, slug, permission)
    if found.kind != "borough":
        raise NotFound
    return found


def reports(viewer: Viewer, area: Area) -> list[ReportLine]:
    """List a borough's reports, the newest first; drafts for those who write or approve them."""
    found = rows.in_order(viewer, area)
    replaced = {row.replaces_id for row in found if row.state is State.APPROVED}
    seen = {State.APPROVED, *(rows.AT_WORK if rows.works_on(viewer, area) else ())}
    return [
        ReportLine(
            row.id,
            composing.title(rows.plan(row), area.name),
            row.kind,
            row.state,
            row.drafted_at,
            row.approved_at,
            row.is_public,
            row.id in replaced,
        )
        for row in found
        if row.state in seen
    ]


def newest(viewer: Viewer, area: Area) -> UUID:
    """The report that was approved last.

    Raises
    ------
    NoReports
        If none was.
    """
    approved = [row for row in rows.in_order(viewer, area) if row.state is State.APPROVED]
    if not approved:
        raise NoReports(
            f"No report of {area.name} has been approved yet.",
            remedy="An officer of the borough drafts one, and a liaison officer approves it.",
        )
    return max(approved, key=lambda row: row.approved_at or row.drafted_at).id


def has_report(viewer: Viewer, borough_code: str) -> bool:
    """Whether a report of a borough was approved."""
    viewer.require(Permission.SUMMARY_READ, [borough_code])
    its = select(Report.id).where(Report.borough_code == borough_code, Report.state == State.APPROVED)
    return viewer.session.scalar(its.limit(1)) is not None


class NoReports(HubError):
    """The borough is the viewer's to see, and there is no report of it yet."""

    status = 404
    title = "No reports yet"


def months(viewer: Viewer, area: Area) -> list[dt.date]:
    """The months that a report may end with, newest first: those that an aggregate reader is offered."""
    return summaries.covered_months(as_leader(viewer, area.slug), area.slug)


def usual_month(viewer: Viewer, area: Area) -> dt.date:
    """The month that a report ends with unless another is chosen: that of the summary as its readers open it.

    Raises
    ------
    NoFigures
        If nothing is offered.
    """
    return summaries.summary(as_leader(viewer, area.slug), area.slug).last_month


def show(viewer: Viewer, area: Area, report_id: UUID) -> ShownReport:
    """Read one report: as it was frozen, or a draft as it would be frozen now.

    Raises
    ------
    NotFound
        If the borough has no such report, or it is a draft and the viewer neither writes nor approves reports.
    """
    row = rows.row(viewer, area, report_id)
    now: tuple[Restated, ...] = ()
    if row.state is State.APPROVED:
        document, digest = rows.frozen(row), row.sha256
        now, beside = _since(viewer, row), tuple[str, ...]()
    else:
        composed = rows.composed(viewer, row, row.drafted_at)
        document, digest = composed.document, composed.digest
        beside = rows.numbers_in_words(row, composed)
    is_writer = str(viewer.person_id) in row.writers
    is_approved = row.state is State.APPROVED
    by = accounts.names(viewer.session, {row.approved_by}) if row.approved_by else {}
    return ShownReport(
        id=row.id,
        area=area,
        document=document,
        state=row.state,
        kind=row.kind,
        edition=row.edition,
        sections=rows.chosen(row),
        digest=digest,
        approved_at=row.approved_at,
        approved_by=by.get(row.approved_by, "somebody who has left") if row.approved_by else "",
        reason=row.reason,
        replaces_id=row.replaces_id,
        replaced_by=_replaced_by(viewer, row),
        restated=now,
        numbers_beside=beside,
        public_id=row.public_id if row.is_public else None,
        may_edit=not is_approved and viewer.may(Permission.REPORT_WRITE, area.borough_codes),
        may_approve=row.state is State.ASKED and viewer.may(Permission.REPORT_APPROVE, area.borough_codes),
        is_writer=is_writer,
        may_reissue=is_approved and viewer.may(Permission.REPORT_WRITE, area.borough_codes),
        may_publish=is_approved and viewer.may(Permission.REPORT_PUBLISH, area.borough_codes),
    )


def title(viewer: Viewer, area: Area, report_id: UUID) -> str:
    """What a report is called."""
    return composing.title(rows.plan(rows.row(viewer, area, report_id)), area.name)


def sections(viewer: Viewer, area: Area, report_id: UUID) -> tuple[Chosen, ...]:
    """A draft's sections, in order.

    Raises
    ------
    Conflict
        If it is no draft any more.
    """
    viewer.require(Permission.REPORT_WRITE, area.borough_codes)
    row = rows.row(viewer, area, report_id)
    rows.require_draft(row)
    return rows.chosen(row)


def approved(viewer: Viewer, area: Area, report_id: UUID) -> Report:
    """Find a report that was approved, whose files can be taken."""
    row = rows.row(viewer, area, report_id)
    if row.state is not State.APPROVED:
        raise NotFound
    return row


@dataclass(frozen=True)
class FrozenReport:
    """An approved report as anybody of its borough can read it for as long as it is kept."""

    id: UUID
    last_month: dt.date
    document: Document
    figures: tuple[Told, ...]
    made_of: MadeOf | None
    """None where it was approved before this was kept."""


def frozen_reports(viewer: Viewer, area: Area) -> list[FrozenReport]:
    """Every report of a borough that was approved, those that were replaced since too."""
    return [
        FrozenReport(
            row.id,
            row.last_month,
            rows.frozen(row),
            kept(row.figures),
            MadeOf.kept(row.made_of) if row.made_of else None,
        )
        for row in rows.in_order(viewer, area)
        if row.state is State.APPROVED
    ]


def record_export(viewer: Viewer, area: Area, report_id: UUID, form: str, purpose: purposes.Purpose) -> None:
    """Record that a report left the hub."""
    audit.record(
        viewer,
        "report.exported",
        report_id,
        boroughs=area.borough_codes,
        form=form,
        purpose=purpose.key,
        purpose_words=purpose.words,
    )


# --- Writing ---------------------------------------------------------------------------------------------------------


def draft(viewer: Viewer, area: Area, kind: str, last_month: dt.date) -> UUID:
    """Begin a report of a kind for the 12 months to a month, from the figures as they come.

    Raises
    ------
    BadRequest
        If there is no such kind.
    NoFigures
        If nothing is offered for that month.
    """
    viewer.require(Permission.REPORT_WRITE, area.borough_codes)
    wanted = kinds.kind(kind)
    chosen = tuple(Chosen(key) for key in wanted.sections)
    row = _new(viewer, area, Plan(kind, area.slug, last_month, chosen))
    rows.composed(viewer, row, row.drafted_at)
    rows.add_step(viewer, row, Act.DRAFTED, keeps_sections=True)
    audit.record(viewer, "report.drafted", row.id, boroughs=area.borough_codes, kind=kind, to=month_code(last_month))
    return row.id


def edit(viewer: Viewer, area: Area, report_id: UUID, chosen: Sequence[Chosen]) -> None:
    """Change a draft's sections: their order, which are in, and an officer's words. It takes a request to approve back.

    Raises
    ------
    BadRequest
        If words tell of a person or are too long, or a section is not one of this report's.
    Conflict
        If it is no draft any more.
    """
    viewer.require(Permission.REPORT_WRITE, area.borough_codes)
    row = rows.row(viewer, area, report_id, for_change=True)
    rows.require_draft(row)
    known = kinds.sections()
    if {one.key for one in chosen} != {one["key"] for one in row.sections}:
        raise BadRequest("The sections are not those of this report.", remedy="Go back and open the draft again.")
    for one in chosen:
        _refuse_unfit(known[one.key].title, one.words)
    row.sections = [_as_kept(one) for one in chosen]
    row.writers = sorted({*row.writers, str(viewer.person_id)})
    row.state = State.DRAFT
    rows.add_step(viewer, row, Act.EDITED, keeps_sections=True)
    audit.record(viewer, "report.edited", row.id, boroughs=area.borough_codes)


def discard(viewer: Viewer, area: Area, report_id: UUID) -> None:
    """Give a draft up."""
    viewer.require(Permission.REPORT_WRITE, area.borough_codes)
    row = rows.row(viewer, area, report_id, for_change=True)
    rows.require_draft(row)
    row.state = State.DISCARDED
    viewer.session.flush()
    audit.record(viewer, "report.discarded", row.id, boroughs=area.borough_codes)


def reissue(viewer: Viewer, area: Area, report_id: UUID, reason: str) -> UUID:
    """Begin a report that is to replace an approved one, with the same sections and words; says why.

    Raises
    ------
    BadRequest
        If no reason is given, or one that tells of a person.
    Conflict
        If another replaces it already, or is drafted to.
    """
    viewer.require(Permission.REPORT_WRITE, area.borough_codes)
    db.lock(viewer.session, f"reports:{area.slug}")
    before = approved(viewer, area, report_id)
    why = " ".join(reason.split())
    if not why or len(why) > LONGEST_REASON:
        raise BadRequest(
            "It was not said why the report is issued again.",
            remedy=f"Give the reason in 1 to {LONGEST_REASON} characters.",
        )
    purposes.refuse_telling_of_a_person("words of the reason", why)
    others = viewer.session.scalars(select(Report.state).where(Report.replaces_id == before.id)).all()
    if set(others) - {State.DISCARDED}:
        raise Conflict("Another report replaces this one already, or is drafted to.", remedy="Go on with that one.")
    plan = Plan(before.kind, area.slug, before.last_month, rows.chosen(before), before.edition + 1, why)
    row = _new(viewer, area, plan, replaces=before.id)
    rows.add_step(viewer, row, Act.DRAFTED, keeps_sections=True)
    audit.record(viewer, "report.reissued", row.id, boroughs=area.borough_codes, replaces=before.id, reason=why)
    return row.id


# --- Retention -------------------------------------------------------------------------------------------------------


def any_to_erase(session: HubSession, before: dt.datetime) -> bool:
    """Whether a report is older than it may be kept. The session sees every borough."""
    return session.scalar(select(Report.id).where(_age() < before).limit(1)) is not None


def erase(session: HubSession, before: dt.datetime) -> list[tuple[UUID, str]]:
    """Delete reports that are older than they may be kept, with their files and public copies; tells which."""
    gone = session.scalars(select(Report).where(_age() < before)).all()
    told = [(row.id, row.borough_code) for row in gone]
    for row in gone:
        session.execute(delete(ReportFile).where(ReportFile.report_id == row.id))
        session.execute(delete(ReportStep).where(ReportStep.report_id == row.id))
        session.execute(delete(PublicReport).where(PublicReport.id == row.public_id))
        session.execute(update(Report).where(Report.replaces_id == row.id).values(replaces_id=None))
        session.delete(row)
    session.flush()
    return told


def _age() -> ColumnElement[dt.datetime]:
    return func.coalesce(Report.approved_at, Report.drafted_at)


# --- Rows ------------------------------------------------------------------------------------------------------------


def _new(viewer: Viewer, area: Area, plan: Plan, *, replaces: UUID | None = None) -> Report:
    row = Report(
        borough_code=area.slug,
        kind=plan.kind,
        last_month=plan.last_month,
        state=State.DRAFT,
        sections=[_as_kept(one) for one in plan.sections],
        writers=[str(viewer.person_id)],
        drafted_at=dt.datetime.now(dt.UTC),
        replaces_id=replaces,
        edition=plan.edition,
        reason=plan.reason,
    )
    viewer.session.add(row)
    viewer.session.flush()
    return row


def _refuse_unfit(what: str, words: str) -> None:
    if len(words) > LONGEST_WORDS:
        raise BadRequest(
            f"The words under “{what}” have {len(words):,} characters.",
            remedy=f"Use no more than {LONGEST_WORDS:,}.",
        )
    purposes.refuse_telling_of_a_person(f"words under “{what}”", words)
    found = personal.find((what,), pl.DataFrame({"row": [1], "0": [" ".join(words.split())]}))
    if found:
        raise BadRequest(
            f"The words under “{what}” seem to hold {listed([each.what.value for each in found])}.",
            remedy="Leave it out: everybody who reads the borough's figures can read this.",
        )


def _as_kept(one: Chosen) -> dict[str, object]:
    return {"key": one.key, "is_included": one.is_included, "words": one.words}


def _since(viewer: Viewer, row: Report) -> tuple[Restated, ...]:
    """Which of a frozen report's figures the same question now answers otherwise."""
    before = kept(row.figures)
    try:
        now = rows.composed(viewer, row, row.drafted_at).figures
    except NoFigures:
        now = ()
    return restated(before, now, gone=True)


def _replaced_by(viewer: Viewer, row: Report) -> UUID | None:
    return viewer.session.scalar(select(Report.id).where(Report.replaces_id == row.id, Report.state == State.APPROVED))
