"""The rows that a committed upload held back: taken up again as an upload of the same file, or given up."""

from __future__ import annotations

from uuid import UUID, uuid4

from sqlalchemy import select

from hub import audit
from hub.access import Permission, Viewer
from hub.errors import Conflict
from hub.uploads import corrections, door, files
from hub.uploads.arrivals import refuse_a_full_share
from hub.uploads.matching import OF_THE_FILE
from hub.uploads.models import State, Upload


def fix_held(viewer: Viewer, upload_id: UUID) -> Upload:
    """Take up the rows that a committed upload held back: a new upload of the same file, with all that was decided.

    Its commit replaces the earlier one whole. Asked again, the one begun stands.
    """
    held = _holding(viewer, upload_id)
    begun = viewer.session.scalar(
        select(Upload).where(
            Upload.corrects_id == held.id, Upload.sha256 == held.sha256, Upload.state.in_(door.UNFINISHED)
        )
    )
    if begun is not None:
        return begun
    refuse_a_full_share(viewer, held.area_key)
    again = Upload(
        id=uuid4(),
        area_key=held.area_key,
        owner_id=viewer.person_id,
        file_name=held.file_name,
        sha256=held.sha256,
        size_bytes=held.size_bytes,
        state=State.MAPPED,
        dataset=held.dataset,
        column_fields=dict(held.column_fields),
        answers=dict(held.answers),
        corrects_id=held.id,
        is_holding=True,
        report={key: held.report[key] for key in OF_THE_FILE if key in held.report},
        received_at=door.now(),
    )
    files.copy_original(door.folder(viewer, held), door.folder(viewer, again))
    viewer.session.add(again)
    viewer.session.flush()
    corrections.copy(viewer, held, again)
    audit.record(viewer, "upload.held_rows_taken_up", again.id, boroughs=door.boroughs(again), corrects=str(held.id))
    return again


def discard_held(viewer: Viewer, upload_id: UUID) -> Upload:
    """Give up the rows that a committed upload held back; what is live stays as it is."""
    held = _holding(viewer, upload_id)
    held.is_holding = False
    viewer.session.flush()
    audit.record(
        viewer,
        "upload.held_rows_discarded",
        held.id,
        boroughs=door.boroughs(held),
        rows=held.report["rows_faulty"],
    )
    return held


def _holding(viewer: Viewer, upload_id: UUID) -> Upload:
    upload = door.upload(viewer, upload_id, Permission.UPLOAD_WRITE, lock=True)
    if upload.state is not State.COMMITTED or not upload.is_holding:
        raise Conflict("No rows of this upload are held.", remedy="Open the uploads page to see which are.")
    return upload
