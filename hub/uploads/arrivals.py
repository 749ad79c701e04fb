"""How a file comes in: stored whole, searched for personal data, and matched where it is like the last one.

What must not be kept is gone before anything is recorded.
"""

from __future__ import annotations

from contextlib import suppress
from typing import BinaryIO
from uuid import uuid4

from sqlalchemy import func, select

from hub import audit, columns, words
from hub.access import Permission, Viewer
from hub.errors import BadFile, Conflict, NotAllowed
from hub.uploads import confined, door, files, kinds, matching
from hub.uploads.confined import Look
from hub.uploads.files import ORIGINAL
from hub.uploads.models import State, Upload
from hub.uploads.moments import MONTH_SAID

MOST_BYTES_AN_AREA = 20_000_000_000


def receive(viewer: Viewer, stream: BinaryIO, file_name: str, *, leave_out: frozenset[str] = frozenset()) -> Upload:
    """Store a file for all the boroughs that the viewer may upload for; of columns to leave out, nothing is stored.

    Raises
    ------
    PersonalData
        If what would be stored tells of people: nothing is, then.
    BadFile
        If it is not a file that can be read for certain, or is too large.
    Conflict
        If the area's files fill their share of the disk.
    """
    boroughs = viewer.boroughs(Permission.UPLOAD_WRITE)
    if not boroughs:
        raise NotAllowed("Your role does not let you upload files.", remedy="Ask an administrator if it should.")
    area_key = columns.area_key(boroughs)
    limits = files.limits_of(viewer.session)
    file_name = files.display_name(file_name, limits)
    refuse_a_full_share(viewer, area_key)
    upload_id = uuid4()
    folder = files.folder_of(viewer.session, upload_id)
    folder.mkdir(parents=True)
    try:
        sha256, size_bytes = files.store(stream, folder, limits)
        look, file_name = confined.admit(folder / ORIGINAL, file_name, limits, leave_out)
        if leave_out:
            sha256, size_bytes = files.digest(folder)
    except BaseException:
        files.remove(folder)
        raise
    upload = Upload(
        id=upload_id,
        area_key=area_key,
        owner_id=viewer.person_id,
        file_name=file_name,
        sha256=sha256,
        size_bytes=size_bytes,
        report=matching.seen(look),
        received_at=door.now(),
    )
    viewer.session.add(upload)
    viewer.session.flush()
    audit.record(
        viewer,
        "upload.received",
        upload_id,
        boroughs=door.boroughs(upload),
        size_bytes=size_bytes,
        sha256=sha256,
    )
    _take_up(viewer, upload, look)
    return upload


def _take_up(viewer: Viewer, upload: Upload, look: Look) -> None:
    """Match a file as the one it corrects, or as the last like it, where nothing of that has changed."""
    corrected = _corrected(viewer, upload, look)
    upload.corrects_id = corrected.id if corrected else None
    recalled = matching.known_before(viewer, upload, look)
    if recalled is None:
        return
    if recalled.answers.get("sheet", look.sheet) != look.sheet or "heading_row" in recalled.answers:
        original = door.folder(viewer, upload) / ORIGINAL
        limits = files.limits_of(viewer.session)
        with suppress(BadFile):
            look = confined.look(original, upload.file_name, limits, recalled.answers)
        recalled = matching.known_before(viewer, upload, look)
    if recalled is None or not recalled.is_whole:
        return
    kind = kinds.kind(viewer.session, recalled.dataset)
    if kind.missing(recalled.column_fields.values(), is_month_said=MONTH_SAID in recalled.answers):
        return
    upload.answers = dict(recalled.answers)
    upload.report = {**matching.seen(look), "matched_as_before": True}
    upload.dataset, upload.column_fields, upload.state = kind.key, dict(recalled.column_fields), State.MAPPED
    viewer.session.flush()


def _corrected(viewer: Viewer, upload: Upload, look: Look) -> Upload | None:
    """The upload whose marked file this is: only one of the same boroughs, that is not given up or taken back."""
    if look.marked_upload is None:
        return None
    return viewer.session.scalar(
        select(Upload).where(
            Upload.id == look.marked_upload,
            Upload.area_key == upload.area_key,
            Upload.state.in_([*door.UNFINISHED, State.COMMITTED]),
        )
    )


def refuse_a_full_share(viewer: Viewer, area_key: str) -> None:
    """Refuse more files for an area whose files fill their share of the disk."""
    stored = viewer.session.scalar(
        select(func.sum(Upload.size_bytes)).where(Upload.area_key == area_key, Upload.state != State.DISCARDED)
    )
    if (stored or 0) >= MOST_BYTES_AN_AREA:
        raise Conflict(
            f"The files of this area fill their share of {words.megabytes(MOST_BYTES_AN_AREA)}.",
            remedy="Ask an administrator to remove old ones.",
        )
