"""What is left to do for somebody who writes for a borough: on the home page, the late first."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any

from hub.access import Permission, Viewer
from hub.agreements import service as agreements
from hub.agreements.service import AgreementView
from hub.agreements.standing import DAYS_URGENT, Matter, Notice
from hub.ledger import service
from hub.ledger.service import Entry, Ledger, Status, is_own
from hub.uploads import views
from hub.uploads.views import UploadView
from hub.words import date_name, plural

MOST_BOROUGHS_IN_FULL = 3
"""Who writes for more is told how many boroughs have something late, and not each thing."""
MOST_LATE, MOST_UPLOADS = 3, 5


class Urgency(IntEnum):
    """How soon something is to be done."""

    LATE = 0
    SOON = 1
    PLAIN = 2


@dataclass(frozen=True)
class Task:
    """One thing to do."""

    urgency: Urgency
    sentence: str
    page: str
    """What it leads to: `ledger`, `entry`, `ledgers`, `agreement`, `agreements`, `upload` or `uploads`."""
    values: Mapping[str, Any] = field(default_factory=dict)


def tasks(viewer: Viewer, today: dt.date) -> list[Task]:
    """List what the viewer has to do, the late first; nothing for whoever only reads."""
    found: list[Task] = []
    allowed = viewer.boroughs(Permission.AGREEMENT_WRITE)
    if allowed:
        found += _of_ledgers([one for one in service.ledgers(viewer, today) if one.borough_code in allowed])
        found += _of_agreements(viewer, today)
    if viewer.may(Permission.UPLOAD_WRITE):
        found += _of_uploads(viewer)
    return sorted(found, key=lambda task: task.urgency)


def _of_ledgers(ledgers: list[Ledger]) -> Iterator[Task]:
    if len(ledgers) <= MOST_BOROUGHS_IN_FULL:
        for one in ledgers:
            yield from _of_ledger(one, one.borough if len(ledgers) > 1 else "")
        return
    late = [one for one in ledgers if one.late]
    if late:
        count = sum(len(one.late) for one in late)
        sentence = f"{plural(count, 'prescribed dataset is', 'prescribed datasets are')} late in {len(late)} of your "
        yield Task(Urgency.LATE, f"{sentence}{plural(len(ledgers), 'borough')}", "ledgers")
    newest = ledgers[0].quarters[0]
    entries = [entry for one in ledgers for entry in one.of(newest) if entry.status is not Status.NOT_HELD]
    received = sum(entry.is_received for entry in entries)
    sentence = f"{newest.name}: {received:,} of {len(entries):,} received in {plural(len(ledgers), 'borough')}"
    yield Task(Urgency.PLAIN, sentence, "ledgers")


def _of_ledger(one: Ledger, borough: str) -> Iterator[Task]:
    suffix = f", {borough}" if borough else ""
    for entry in one.late[:MOST_LATE]:
        yield Task(
            Urgency.LATE,
            f"{entry.item.title}, {entry.quarter.name}{suffix}: due {plural(entry.days, 'day')} ago",
            "entry",
            {"area": one.borough_code, "quarter": entry.quarter.code, "item": entry.item.key},
        )
    more = len(one.late) - MOST_LATE
    if more > 0:
        words = plural(more, "more dataset is late", "more datasets are late")
        yield Task(Urgency.LATE, f"{words}{suffix}", "ledger", {"area": one.borough_code})
    newest = one.quarters[0]
    entries = [entry for entry in one.of(newest) if entry.status is not Status.NOT_HELD]
    is_soon = any(entry.status is Status.DUE and entry.days <= DAYS_URGENT for entry in entries)
    yield Task(
        Urgency.SOON if is_soon else Urgency.PLAIN,
        f"{newest.name}: {_how_far(entries)}{suffix}",
        "ledger",
        {"area": one.borough_code},
    )


def _how_far(entries: list[Entry]) -> str:
    """`6 of 9 received; yours due in 24 days`."""
    sentence = f"{sum(entry.is_received for entry in entries)} of {len(entries)} received"
    due = [entry for entry in entries if entry.status is Status.DUE]
    if not due:
        return sentence
    whose = "yours" if any(map(is_own, due)) else "the rest"
    return f"{sentence}; {whose} due {'in ' + plural(due[0].days, 'day') if due[0].days else 'today'}"


def _of_agreements(viewer: Viewer, today: dt.date) -> Iterator[Task]:
    found = [
        (agreement, notice)
        for agreement in agreements.agreements(viewer, today)
        if agreement.may_write
        for notice in agreement.notices
    ]
    if len(viewer.boroughs(Permission.AGREEMENT_WRITE)) <= MOST_BOROUGHS_IN_FULL:
        for agreement, notice in found:
            yield Task(_urgency_of(notice), _said(agreement, notice), "agreement", {"agreement_id": agreement.id})
        return
    for matter, one, many in _MATTERS:
        notices = [notice for _, notice in found if notice.matter is matter]
        if notices:
            yield Task(min(map(_urgency_of, notices)), plural(len(notices), one, many), "agreements")


_MATTERS = (
    (Matter.EXPIRED, "agreement has expired", "agreements have expired"),
    (Matter.ENDS, "agreement is about to end", "agreements are about to end"),
    (Matter.REVIEW, "agreement is due for review", "agreements are due for review"),
)


def _urgency_of(notice: Notice) -> Urgency:
    if notice.days < 0:
        return Urgency.LATE
    return Urgency.SOON if notice.is_urgent else Urgency.PLAIN


def _said(agreement: AgreementView, notice: Notice) -> str:
    name = f"agreement {agreement.terms.reference} ({agreement.borough})"
    day = date_name(notice.day)
    if notice.matter is Matter.EXPIRED:
        return f"Renew {name}: it expired on {day}, and what came under it can no longer be loaded or seen"
    when = f"in {plural(notice.days, 'day')}, on {day}" if notice.days else "today"
    if notice.matter is Matter.ENDS:
        return f"Renew {name}: it ends {when}"
    return f"Review {name}: due {when}" if notice.days >= 0 else f"Review {name}: due since {day}"


_NEXT_STEPS = {
    "received": "match its columns",
    "mapped": "have it checked",
    "checked": "look at what was found, and commit it",
}
"""By the state of an upload that is not finished."""


def _of_uploads(viewer: Viewer) -> Iterator[Task]:
    unsettled = views.unsettled(viewer)
    held = [one for one in unsettled if one.held_rows]
    for one in held[:MOST_UPLOADS]:
        sentence = f"Fix or discard {plural(one.held_rows, 'held row')} of {one.file_name}"
        yield Task(Urgency.PLAIN, sentence, "uploads", {"_anchor": "held"})
    waiting = [one for one in unsettled if not one.held_rows and not one.is_at_work]
    for one in waiting[:MOST_UPLOADS]:
        yield Task(Urgency.PLAIN, _step(one), "upload", {"upload_id": one.id})
    more = len(held[MOST_UPLOADS:]) + len(waiting[MOST_UPLOADS:])
    if more:
        yield Task(Urgency.PLAIN, plural(more, "more upload is not settled", "more uploads are not settled"), "uploads")


def _step(one: UploadView) -> str:
    return f"Finish {one.file_name}: {_NEXT_STEPS[one.state]}"
