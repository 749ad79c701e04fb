"""What a worker is asked to do with an upload, and how that is stopped. Does none of it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import select

from hub import audit, jobs
from hub.access import Permission, Viewer
from hub.errors import TooMany
from hub.jobs import Job, JobState
from hub.uploads import door
from hub.uploads.models import Upload

MOST_IN_PROGRESS = 5
CANCELLABLE = ("uploads.check", "uploads.take_in")
"""The jobs that a person can stop."""


def ask_for(viewer: Viewer, upload_id: UUID, act: str, **arguments: Any) -> Upload:
    """Have a worker do something with an upload; asked again while it is at work, the first asking stands."""
    may = Permission.UPLOAD_COMMIT if act == "commit" else Permission.UPLOAD_WRITE
    upload = door.upload(viewer, upload_id, may, lock=True)
    at_work = list(
        viewer.session.scalars(
            select(Job).where(
                Job.asker_id == viewer.person_id,
                Job.kind.startswith("uploads."),
                Job.state.in_([JobState.WAITING, JobState.RUNNING]),
            )
        )
    )
    if upload.job_id in {job.id for job in at_work}:
        return upload
    if len(at_work) >= MOST_IN_PROGRESS:
        raise TooMany(
            f"{len(at_work)} of your uploads are being worked on, as many as may be at once.",
            remedy="Wait for one of them to be done, then try again.",
        )
    upload.job_id = jobs.enqueue(viewer, f"uploads.{act}", upload_id=str(upload_id), **arguments).id
    viewer.session.flush()
    return upload


def cancel(viewer: Viewer, upload_id: UUID) -> bool:
    """Stop the check or the taking in that is at work on an upload; False if none is, or it is live by now.

    The file and all that was decided are kept.
    """
    upload = door.upload(viewer, upload_id, Permission.UPLOAD_WRITE, lock=True)
    job = viewer.session.get(Job, upload.job_id) if upload.job_id else None
    if job is None or job.kind not in CANCELLABLE or upload.state not in door.UNFINISHED:
        return False
    if not jobs.cancel(viewer.session, job.id):
        return False
    audit.record(viewer, "upload.check_cancelled", upload.id, boroughs=door.boroughs(upload))
    return True
