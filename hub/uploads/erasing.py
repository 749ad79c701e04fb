"""Deleting an upload for good: its rows, what people said of it, its jobs, its memory of headings, and its files.

Only ids stay, on the audit record.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import delete, select, update

from hub.access import Permission, Viewer
from hub.db import HubSession
from hub.jobs import Job
from hub.uploads import door, files, versions
from hub.uploads.models import (
    ColumnMemory,
    Decision,
    Edit,
    Incident,
    Share,
    State,
    Upload,
    Version,
    VersionMonth,
    WardCount,
)


@dataclass(frozen=True)
class Holding:
    """One upload, as far as it matters for how long it is kept."""

    id: UUID
    file_name: str
    dataset: str
    boroughs: frozenset[str]
    received_at: dt.datetime
    warned_on: dt.date | None
    is_discarded: bool


def holdings(session: HubSession) -> list[Holding]:
    """Every upload within the session's scope, the oldest first."""
    return [
        Holding(
            id=one.id,
            file_name=one.file_name,
            dataset=one.dataset or "",
            boroughs=door.boroughs(one),
            received_at=one.received_at,
            warned_on=one.warned_on,
            is_discarded=one.state is State.DISCARDED,
        )
        for one in session.scalars(select(Upload).order_by(Upload.received_at))
    ]


def origins(session: HubSession) -> dict[UUID, list[tuple[dt.date, UUID | None]]]:
    """Of each committed upload, for each borough: the day its figures came, and the agreement they came under."""
    found: dict[UUID, list[tuple[dt.date, UUID | None]]] = {}
    for upload_id, day, agreement_id in session.execute(
        select(Version.upload_id, Version.extract_date, Version.agreement_id)
    ):
        found.setdefault(upload_id, []).append((day, agreement_id))
    return found


def warn(session: HubSession, upload_id: UUID, today: dt.date) -> None:
    """Note that its people are told from today that it will be deleted."""
    session.execute(update(Upload).where(Upload.id == upload_id).values(warned_on=today))


def to_erase(viewer: Viewer, upload_id: UUID) -> None:
    """Refuse whoever may not take back what the upload made live, in every borough of it."""
    door.upload(viewer, upload_id, Permission.UPLOAD_COMMIT, lock=True)


def erase(session: HubSession, upload_id: UUID) -> Holding | None:
    """Delete an upload and all that came of it; months that it held fall back to what was live before.

    The session must see every borough of it. Returns what it was; None where it is not there.
    """
    found = next((one for one in holdings(session) if one.id == upload_id), None)
    upload = session.get(Upload, upload_id)
    if found is None or upload is None:
        return None
    if upload.state is State.COMMITTED:
        versions.take_back(session, upload)
    held = list(session.scalars(select(Version.id).where(Version.upload_id == upload.id)))
    for table in (WardCount, Incident, Share, VersionMonth):
        session.execute(delete(table).where(table.version_id.in_(held)).execution_options(synchronize_session=False))
    session.execute(delete(Version).where(Version.id.in_(held)).execution_options(synchronize_session=False))
    for said in (Edit, Decision):
        session.execute(delete(said).where(said.upload_id == upload.id).execution_options(synchronize_session=False))
    session.execute(
        delete(ColumnMemory)
        .where(ColumnMemory.area_key == upload.area_key, ColumnMemory.dataset == upload.dataset)
        .execution_options(synchronize_session=False)
    )
    folder = files.folder_of(session, upload.id)
    session.flush()
    session.expunge_all()  # What was loaded of it must not be written again.
    session.execute(delete(Upload).where(Upload.id == upload_id).execution_options(synchronize_session=False))
    _forget_jobs(session, upload_id)
    door.once_committed(session, lambda: files.remove(folder))
    return found


def _forget_jobs(session: HubSession, upload_id: UUID) -> None:
    """Delete the jobs that worked on it: what they reported may quote the file."""
    of_uploads = session.execute(select(Job.id, Job.arguments).where(Job.kind.startswith("uploads.")))
    mine = [job_id for job_id, arguments in of_uploads if arguments.get("upload_id") == str(upload_id)]
    session.execute(delete(Job).where(Job.id.in_(mine)).execution_options(synchronize_session=False))
