"""How a draft comes to be approved: an officer asks, who may approve does so or sends it back; each step is kept.

Whoever writes a report never approves it, and nothing is approved that nobody asked for.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select

from hub import audit, jobs, purposes
from hub.access import GRANTED, Permission, Viewer
from hub.accounts import service as accounts
from hub.documents.frozen import to_json
from hub.errors import BadRequest, Conflict, NotAllowed
from hub.places import service as places
from hub.places.service import Area
from hub.reports import composing, kinds, rows
from hub.reports.models import LONGEST_REASON, Act, Report, ReportStep, ReportSubscription, State
from hub.reports.service import RENDER, TELL
from hub.words import LONDON

TELL_OF_DRAFT = "reports.tell_of_draft"
"""The kind of job that tells somebody that a draft waits for them, was sent back, or was approved."""


@dataclass(frozen=True)
class Step:
    """One step of a report, as its page tells it."""

    act: Act
    by: str
    at: dt.datetime
    words: str
    """Why it was sent back."""
    changed: tuple[tuple[str, str], ...]
    """Of an edit: the title of each section that changed, and what its words became."""


@dataclass(frozen=True)
class Waiting:
    """A draft that waits for this person: for their approval, or sent back to them."""

    id: UUID
    borough_code: str
    title: str
    by: str
    reason: str
    """Why it was sent back; empty where it waits for approval."""


# --- Reading ---------------------------------------------------------------------------------------------------------


def history(viewer: Viewer, area: Area, report_id: UUID) -> tuple[Step, ...]:
    """What was done with a report until it was approved, in order; nothing for who neither writes nor approves."""
    row = rows.row(viewer, area, report_id)
    if not rows.works_on(viewer, area):
        return ()
    kept = rows.steps(viewer, row)
    names = accounts.names(viewer.session, {step.done_by for step in kept})
    told, before = [], dict[str, str]()
    for step in kept:
        now = _told_sections(step) if step.sections is not None else before
        changed = tuple((title, now[title]) for title in now if now[title] != before.get(title, "") and before)
        told.append(Step(step.act, names.get(step.done_by, "somebody who has left"), step.done_at, step.words, changed))
        before = now
    return tuple(told)


def _told_sections(step: ReportStep) -> dict[str, str]:
    known = kinds.sections()
    return {
        known[one["key"]].title: one["words"] if one["is_included"] else "Left out of the report."
        for one in step.sections or ()
        if one["key"] in known
    }


def approvers(viewer: Viewer, area: Area, report_id: UUID) -> dict[UUID, str]:
    """Who could approve a report today: they may, and wrote nothing in it."""
    row, today = rows.row(viewer, area, report_id), dt.datetime.now(LONDON).date()
    found = {
        person_id
        for person_id in accounts.active(viewer.session)
        if str(person_id) not in row.writers
        and any(
            Permission.REPORT_APPROVE in GRANTED[grant.role] and area.slug in grant.boroughs
            for grant in accounts.grants_of(viewer.session, person_id, today)
        )
    }
    return accounts.names(viewer.session, found)


def to_approve(viewer: Viewer) -> list[Waiting]:
    """List the drafts that wait for this person's approval, those asked for first at the head."""
    codes = viewer.boroughs(Permission.REPORT_APPROVE)
    asked = viewer.session.scalars(select(Report).where(Report.borough_code.in_(codes), Report.state == State.ASKED))
    theirs = [row for row in asked if str(viewer.person_id) not in row.writers]
    return _waiting(viewer, theirs, Act.ASKED)


def sent_back(viewer: Viewer) -> list[Waiting]:
    """List the drafts whose approval this person asked for, and which were sent back and not touched since."""
    codes = viewer.boroughs(Permission.REPORT_WRITE)
    drafts = viewer.session.scalars(select(Report).where(Report.borough_code.in_(codes), Report.state == State.DRAFT))
    theirs = [row for row in drafts if _asked_by(viewer, row) == viewer.person_id]
    return _waiting(viewer, theirs, Act.SENT_BACK)


def _waiting(viewer: Viewer, found: Sequence[Report], last_act: Act) -> list[Waiting]:
    last = [(row, rows.steps(viewer, row)[-1]) for row in found]
    last = sorted(((row, step) for row, step in last if step.act is last_act), key=lambda each: each[1].done_at)
    names = accounts.names(viewer.session, {step.done_by for _, step in last})
    boroughs = {one.code: one.name for one in places.boroughs(viewer.session)} if last else {}
    return [
        Waiting(
            row.id,
            row.borough_code,
            composing.title(rows.plan(row), boroughs[row.borough_code]),
            names.get(step.done_by, "somebody who has left"),
            step.words,
        )
        for row, step in last
    ]


def _asked_by(viewer: Viewer, row: Report) -> UUID | None:
    """Who asked last for a report's approval."""
    return next((step.done_by for step in reversed(rows.steps(viewer, row)) if step.act is Act.ASKED), None)


# --- Asking, sending back, approving ---------------------------------------------------------------------------------


def ask(viewer: Viewer, area: Area, report_id: UUID, *, tells: bool) -> tuple[str, ...]:
    """Ask that a draft be approved and, if `tells`, have those told who may; names them. To ask twice is to ask once.

    Raises
    ------
    Conflict
        If it is no draft any more.
    NoFigures
        If nothing is offered for its months.
    """
    viewer.require(Permission.REPORT_WRITE, area.borough_codes)
    row = rows.row(viewer, area, report_id, for_change=True)
    rows.require_draft(row)
    able = approvers(viewer, area, report_id)
    if row.state is State.DRAFT:
        rows.composed(viewer, row, row.drafted_at)
        row.state = State.ASKED
        rows.add_step(viewer, row, Act.ASKED)
        if tells:
            for person_id in able:
                _tell(viewer, row, person_id, Act.ASKED)
        audit.record(viewer, "report.approval_asked", row.id, boroughs=area.borough_codes)
    return tuple(sorted(able.values()))


def send_back(viewer: Viewer, area: Area, report_id: UUID, reason: str, *, tells: bool) -> None:
    """Send a draft back to its officers instead of approving it; says why and, if `tells`, has who asked told.

    Raises
    ------
    BadRequest
        If no reason is given, or one that tells of a person.
    Conflict
        If nobody asks for its approval.
    """
    viewer.require(Permission.REPORT_APPROVE, area.borough_codes)
    row = rows.row(viewer, area, report_id, for_change=True)
    _require_asked(row)
    why = " ".join(reason.split())
    if not why or len(why) > LONGEST_REASON:
        raise BadRequest(
            "It was not said why the draft is sent back.",
            remedy=f"Say what is to be changed, in 1 to {LONGEST_REASON} characters.",
        )
    purposes.refuse_telling_of_a_person("words of the reason", why)
    asker = _asked_by(viewer, row)
    row.state = State.DRAFT
    rows.add_step(viewer, row, Act.SENT_BACK, words=why)
    if tells and asker is not None:
        _tell(viewer, row, asker, Act.SENT_BACK)
    audit.record(viewer, "report.sent_back", row.id, boroughs=area.borough_codes, reason=why)


def approve(viewer: Viewer, area: Area, report_id: UUID, seen: str, *, numbers_are_checked: bool, tells: bool) -> None:
    """Freeze a draft as it was read, as known today, have its files made and, if `tells`, its readers told.

    Raises
    ------
    NotAllowed
        If the viewer wrote in it.
    BadRequest
        If an officer's words hold numbers that are no figure of the report, and nobody said that they were checked.
    Conflict
        If nobody asks for its approval, or it says something else than what was read.
    """
    viewer.require(Permission.REPORT_APPROVE, area.borough_codes)
    row = rows.row(viewer, area, report_id, for_change=True)
    _require_asked(row)
    if str(viewer.person_id) in row.writers:
        raise NotAllowed(
            "You wrote in this report, so you cannot approve it.", remedy="Ask another liaison officer of the borough."
        )
    at = dt.datetime.now(dt.UTC)
    composed = rows.composed(viewer, row, at)
    if composed.digest != seen:
        raise Conflict(
            "The report changed since you opened it: it was edited, or a figure in it is another one now.",
            remedy="Read it again, then approve it.",
        )
    if rows.numbers_in_words(row, composed) and not numbers_are_checked:
        raise BadRequest(
            "The officer's words hold numbers that are not among the report's figures.",
            remedy="Look at each of them, and say that you did.",
        )
    asker = _asked_by(viewer, row)
    row.document, row.public_document = to_json(composed.document), to_json(composed.public)
    row.sha256 = hashlib.sha256(row.document).hexdigest()
    row.figures = [one.as_dict() for one in composed.figures]
    row.made_of = composed.made_of.as_dict()
    row.state, row.approved_at, row.approved_by = State.APPROVED, at, viewer.person_id
    rows.add_step(viewer, row, Act.APPROVED)
    jobs.enqueue(viewer, RENDER, area=area.slug, report_id=str(row.id))
    if tells:
        _have_subscribers_told(viewer, area, row.id)
        if asker is not None:
            _tell(viewer, row, asker, Act.APPROVED)
    audit.record(viewer, "report.approved", row.id, boroughs=area.borough_codes, kind=row.kind, sha256=row.sha256)


def _require_asked(row: Report) -> None:
    rows.require_draft(row)
    if row.state is not State.ASKED:
        raise Conflict(
            "Nobody asks for the approval of this draft now.", remedy="Wait until an officer of the borough asks again."
        )


def _tell(viewer: Viewer, row: Report, person_id: UUID, news: Act) -> None:
    jobs.enqueue_for(
        viewer.session, person_id, TELL_OF_DRAFT, area=row.borough_code, report_id=str(row.id), news=news.value
    )


def _have_subscribers_told(viewer: Viewer, area: Area, report_id: UUID) -> None:
    people = viewer.session.scalars(
        select(ReportSubscription.person_id).where(ReportSubscription.borough_code == area.slug)
    )
    for person_id in people.all():
        jobs.enqueue_for(viewer.session, person_id, TELL, area=area.slug, report_id=str(report_id))
