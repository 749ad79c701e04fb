"""A sender's own file, given back with every problem marked: made once for each check, beside what it found."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from hub import audit
from hub.access import Permission, Viewer
from hub.errors import Conflict
from hub.uploads import confined, corrections, door, files
from hub.uploads.files import ORIGINAL
from hub.uploads.models import State

MIMETYPES = {
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "csv": "text/csv; charset=utf-8",
}


@dataclass(frozen=True)
class MarkedCopy:
    """A marked file, where it lies and what it is called."""

    path: Path
    file_name: str
    mimetype: str


def marked_copy(viewer: Viewer, upload_id: UUID) -> MarkedCopy:
    """Give a checked file back as its sender had it, each problem marked in its cell; it leaves on the record.

    Raises
    ------
    Conflict
        If it is not checked.
    """
    upload = door.upload(viewer, upload_id, Permission.UPLOAD_WRITE)
    if upload.state not in {State.CHECKED, State.COMMITTED} or "check_id" not in upload.report:
        raise Conflict("This upload is not checked.", remedy="Check it first.")
    folder = door.folder(viewer, upload)
    found = folder / upload.report["check_id"]
    made = next(found.glob("marked.*"), None) or confined.mark(
        folder / ORIGINAL,
        upload.file_name,
        files.limits_of(viewer.session),
        answers=upload.answers,
        problems=door.found(viewer, upload, "problems"),
        edits=corrections.edits(upload),
        upload_id=upload.id,
        destination=found,
    )
    audit.record(viewer, "upload.marked_copy", upload.id, boroughs=door.boroughs(upload))
    stem = upload.file_name.removesuffix(".gz").rpartition(".")[0] or upload.file_name
    return MarkedCopy(made, f"{stem} - to fix{made.suffix}", MIMETYPES[made.suffix.removeprefix(".")])
