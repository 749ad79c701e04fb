"""Who is told of reports, and the jobs that reports leave to a worker: files, letters, scheduled drafts.

Each job runs as the person whom it is for, with what they may do by then. A letter holds a link and no figure.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import delete, select

from hub import audit, mail
from hub.access import Permission, Viewer
from hub.config import Settings
from hub.documents.writers import Form
from hub.errors import NotAllowed, NotFound
from hub.jobs import Handler, Report, TryLater
from hub.mail import Letter, MailRefused
from hub.places.service import Area
from hub.reports import approval, rendering, rows, service
from hub.reports.models import Act, ReportSubscription, State

WAIT_FOR_THE_SERVER = dt.timedelta(minutes=5)
NEWS = {
    Act.ASKED: (
        "A draft report waits for your approval",
        "An officer of a borough asks you to approve a report. Sign in to read it, and approve it or send it back:",
        "It is read by nobody else until somebody who wrote nothing in it approves it.",
    ),
    Act.SENT_BACK: (
        "A draft report was sent back to you",
        "A report that you asked to have approved was sent back. Sign in to read why, and to change it:",
        "Once it is changed, ask again on the same page.",
    ),
    Act.APPROVED: (
        "A report that you asked for is approved",
        "A report that you asked to have approved is approved and frozen. Sign in to read it or take it away:",
        "Nobody changes it any more. To say something else, issue it again.",
    ),
}
"""What is written of a draft: a subject, and the words before and after the link. None names the borough."""
STANDS_AT = {Act.ASKED: State.ASKED, Act.SENT_BACK: State.DRAFT, Act.APPROVED: State.APPROVED}
"""How a draft still stands where such a letter has something to say."""


# --- Subscriptions ---------------------------------------------------------------------------------------------------


def is_subscribed(viewer: Viewer, area: Area) -> bool:
    """Whether the viewer is to be told of a borough's reports."""
    return _own(viewer, area) is not None


def subscribe(viewer: Viewer, area: Area, *, wanted: bool) -> None:
    """Be told of each report of a borough that is approved from now on, or no more."""
    viewer.require(Permission.SUMMARY_READ, area.borough_codes)
    if is_subscribed(viewer, area) is wanted:
        return
    if wanted:
        viewer.session.add(
            ReportSubscription(borough_code=area.slug, person_id=viewer.person_id, made_at=dt.datetime.now(dt.UTC))
        )
    else:
        viewer.session.execute(delete(ReportSubscription).where(ReportSubscription.id == _own(viewer, area)))
    viewer.session.flush()
    audit.record(viewer, "report_subscription.chosen", area.slug, boroughs=area.borough_codes, wanted=wanted)


def _own(viewer: Viewer, area: Area) -> int | None:
    return viewer.session.scalar(
        select(ReportSubscription.id).where(
            ReportSubscription.borough_code == area.slug, ReportSubscription.person_id == viewer.person_id
        )
    )


# --- Jobs ------------------------------------------------------------------------------------------------------------


def handlers(settings: Settings) -> dict[str, Handler]:
    """What a worker does for reports."""

    def tell(viewer: Viewer, arguments: Mapping[str, Any], _report: Report) -> None:
        link = _link_if_in_scope(viewer, settings, arguments)
        viewer.session.commit()  # Nothing is held while the mail server is waited for.
        if link is not None:
            _deliver(settings, _new_report(viewer, link))

    def tell_of_draft(viewer: Viewer, arguments: Mapping[str, Any], _report: Report) -> None:
        letter = _letter_of_draft(viewer, settings, arguments)
        viewer.session.commit()
        if letter is not None:
            _deliver(settings, letter)

    return {service.RENDER: render, service.TELL: tell, service.DRAFT: draft, approval.TELL_OF_DRAFT: tell_of_draft}


def render(viewer: Viewer, arguments: Mapping[str, Any], report: Report) -> None:
    """Make every file of an approved report that is not there yet, each kept as soon as it is made."""
    for form in Form:
        report(f"Making the file: {form.words}")
        area = service.borough(viewer, arguments["area"])
        rendering.keep(viewer, area, UUID(arguments["report_id"]), form)
        viewer.session.commit()


def draft(viewer: Viewer, arguments: Mapping[str, Any], _report: Report) -> None:
    """Begin a scheduled report of the newest months there are."""
    area = service.borough(viewer, arguments["area"], Permission.REPORT_WRITE)
    service.draft(viewer, area, arguments["report_kind"], service.usual_month(viewer, area))


def _link_if_in_scope(viewer: Viewer, settings: Settings, arguments: Mapping[str, Any]) -> str | None:
    """Where the report is read, for somebody who may read it at this moment and still wants to be told."""
    try:
        area = service.borough(viewer, arguments["area"])
        report_id = service.approved(viewer, area, UUID(arguments["report_id"])).id
    except (NotFound, NotAllowed):
        return None
    is_wanted = settings.sends_mail and is_subscribed(viewer, area)
    return _address(settings, area, report_id) if is_wanted else None


def _address(settings: Settings, area: Area, report_id: UUID) -> str:
    return f"{settings.public_address}/areas/{area.slug}/reports/{report_id}"


def _new_report(viewer: Viewer, link: str) -> Letter:
    return Letter(
        viewer.email,
        "A new report in the community safety hub",
        (
            "A report of a borough that you follow has been approved. Sign in to read it:",
            "You asked to be told. You can end that on the page of the borough's reports.",
        ),
        link,
    )


def _letter_of_draft(viewer: Viewer, settings: Settings, arguments: Mapping[str, Any]) -> Letter | None:
    """What to write to somebody of a draft, if it is theirs to act on at this moment and still stands so."""
    news = Act(arguments["news"])
    needed = Permission.REPORT_APPROVE if news is Act.ASKED else Permission.REPORT_WRITE
    try:
        area = service.borough(viewer, arguments["area"], needed)
        row = rows.row(viewer, area, UUID(arguments["report_id"]))
    except (NotFound, NotAllowed):
        return None
    if not settings.sends_mail or row.state is not STANDS_AT[news]:
        return None
    subject, *words = NEWS[news]
    return Letter(viewer.email, subject, tuple(words), _address(settings, area, row.id))


def _deliver(settings: Settings, letter: Letter) -> None:
    try:
        mail.deliver(settings, letter)
    except MailRefused as refusal:
        raise TryLater(WAIT_FOR_THE_SERVER) from refusal
