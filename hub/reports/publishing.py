"""The public page: a council leader, and nobody else, lets anybody read one approved report, or ends that."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from uuid import UUID, uuid4

from sqlalchemy import delete

from hub import audit
from hub.access import Permission, Viewer
from hub.db import HubSession
from hub.documents.frozen import from_json
from hub.documents.model import Document
from hub.errors import Conflict, NotFound
from hub.places.service import Area
from hub.reports import rows, service
from hub.reports.models import PublicReport, State


def preview(viewer: Viewer, area: Area, report_id: UUID) -> Document:
    """What the public would read of an approved report."""
    viewer.require(Permission.REPORT_PUBLISH, area.borough_codes)
    row = service.approved(viewer, area, report_id)
    if row.public_document is None:
        raise NotFound
    return from_json(row.public_document)


def publish(viewer: Viewer, area: Area, report_id: UUID, *, is_indexed: bool) -> UUID:
    """Let anybody read this very release; returns its address on the public page.

    Raises
    ------
    Conflict
        If it is public already.
    """
    viewer.require(Permission.REPORT_PUBLISH, area.borough_codes)
    row = rows.row(viewer, area, report_id, for_change=True)
    if row.state is not State.APPROVED or row.public_document is None:
        raise NotFound
    if row.is_public:
        raise Conflict("This report is public already.", remedy="Withdraw it first to change how it is listed.")
    now = dt.datetime.now(dt.UTC)
    row.public_id, row.published_at, row.published_by, row.withdrawn_at = uuid4(), now, viewer.person_id, None
    viewer.session.add(
        PublicReport(id=row.public_id, document=row.public_document, is_indexed=is_indexed, published_at=now)
    )
    viewer.session.flush()
    audit.record(viewer, "report.published", row.id, boroughs=area.borough_codes, is_indexed=is_indexed)
    return row.public_id


def withdraw(viewer: Viewer, area: Area, report_id: UUID) -> None:
    """Take a report off the public page; the next who asks is told that there is none."""
    viewer.require(Permission.REPORT_PUBLISH, area.borough_codes)
    row = rows.row(viewer, area, report_id, for_change=True)
    if not row.is_public:
        raise Conflict("This report is not public.", remedy="There is nothing to withdraw.")
    viewer.session.execute(delete(PublicReport).where(PublicReport.id == row.public_id))
    row.withdrawn_at = dt.datetime.now(dt.UTC)
    viewer.session.flush()
    audit.record(viewer, "report.withdrawn", row.id, boroughs=area.borough_codes)


@dataclass(frozen=True)
class Published:
    """A report as anybody may read it."""

    document: Document
    published_at: dt.datetime
    is_indexed: bool


def published(session: HubSession, public_id: UUID) -> Published:
    """Read a public report; nobody needs to be signed in.

    Raises
    ------
    NotFound
        If there is none, or none any more.
    """
    row = session.get(PublicReport, public_id)
    if row is None:
        raise NotFound
    return Published(from_json(row.document), row.published_at, row.is_indexed)
