"""The files of an approved report: each made from the frozen document, and then kept, so that it never changes."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select

from hub.access import Viewer
from hub.documents import writers
from hub.documents.model import Document
from hub.documents.writers import Form
from hub.errors import Conflict
from hub.places.service import Area
from hub.reports import rows, service
from hub.reports.models import ReportFile
from hub.words import month_code


@dataclass(frozen=True)
class Kept:
    """One file as it is given to somebody."""

    content: bytes
    name: str
    media_type: str


def keep(viewer: Viewer, area: Area, report_id: UUID, form: Form) -> None:
    """Make one file of an approved report, unless it is there already."""
    row = service.approved(viewer, area, report_id)
    if _kept(viewer, row.id, form) is not None:
        return
    its_id, borough_code, document = row.id, row.borough_code, rows.frozen(row)
    # Making it takes seconds, in which an open transaction on SQLite keeps everybody else from writing.
    viewer.session.commit()
    made = _made(its_id, borough_code, document, form)
    if _kept(viewer, its_id, form) is None:
        viewer.session.add(made)
        viewer.session.flush()


def file(viewer: Viewer, area: Area, report_id: UUID, form: Form) -> Kept:
    """Give one file of an approved report: as it is kept, or made now from the same document if no worker has yet.

    Raises
    ------
    NotFound
        If the borough has no such report.
    Conflict
        If the file is not what was kept.
    """
    row = service.approved(viewer, area, report_id)
    held = _kept(viewer, row.id, form) or _made(row.id, row.borough_code, rows.frozen(row), form)
    if hashlib.sha256(held.content).hexdigest() != held.sha256:
        raise Conflict("This file is not what was kept.", remedy="Tell an administrator: a backup holds it.")
    kind, month = row.kind.replace("_", "-"), month_code(row.last_month)
    name = f"{kind}-{row.borough_code}-{month}-edition-{row.edition}-{form.value}.{held.extension}"
    return Kept(held.content, name, held.media_type)


def _made(report_id: UUID, borough_code: str, document: Document, form: Form) -> ReportFile:
    written = writers.write(document, form)
    return ReportFile(
        borough_code=borough_code,
        report_id=report_id,
        form=form.value,
        content=written.content,
        extension=written.extension,
        media_type=written.media_type,
        sha256=hashlib.sha256(written.content).hexdigest(),
    )


def _kept(viewer: Viewer, report_id: UUID, form: Form) -> ReportFile | None:
    return viewer.session.scalar(
        select(ReportFile).where(ReportFile.report_id == report_id, ReportFile.form == form.value)
    )
