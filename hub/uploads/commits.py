"""Making a checked upload live, taking it back, and giving up one that is not live.

To do any of it twice is to do it once; committed rows are never changed.
"""

from __future__ import annotations

import datetime as dt
from uuid import UUID

from hub import audit, words
from hub.access import Permission, Viewer
from hub.borders import service as borders
from hub.errors import Conflict
from hub.uploads import corrections, door, files, kinds, permits, versions
from hub.uploads.models import State, Upload

UNDO_WITHIN = dt.timedelta(days=30)


def commit(viewer: Viewer, upload_id: UUID, *, seen: str = "") -> Upload:
    """Make a checked upload the live data of every borough its rows cover, for the months it covers.

    Parameters
    ----------
    viewer, upload_id
        Who commits what.
    seen
        The stamp of what was live when somebody last looked at what this would change; as checked, where nobody did.

    Returns
    -------
    The upload whose versions now hold the data: this one, or the earlier one of the same content. To commit twice is to
    commit once.

    Raises
    ------
    Conflict
        If it is not checked, or has problems that must be fixed, or what is live there is no longer what was seen.
    """
    upload = door.upload(viewer, upload_id, Permission.UPLOAD_COMMIT, lock=True)
    if upload.state is State.COMMITTED:
        return upload
    if upload.state is State.DISCARDED and "same_as" in upload.report:
        return door.upload(viewer, UUID(upload.report["same_as"]), Permission.UPLOAD_COMMIT)
    if upload.state is not State.CHECKED:
        raise Conflict("This upload is not checked.", remedy="Check it, then commit it.")
    corrections.refuse_unready(upload)
    boroughs = upload.report["boroughs"]
    viewer.require(Permission.UPLOAD_COMMIT, boroughs)
    agreed = permits.agreements_of(viewer, kinds.kind(viewer.session, str(upload.dataset)), boroughs)
    corrected = _to_replace(viewer, upload)
    versions.lock(viewer.session, str(upload.dataset), {*boroughs, *_boroughs_of(corrected)})
    same = versions.twin_of(viewer.session, upload)
    if same is not None:
        upload.report = {**upload.report, "same_as": str(same.id)}
        _discard(viewer, upload)
        return same
    rows, months = door.found(viewer, upload, "rows"), door.found(viewer, upload, "months")
    if versions.live_stamp(viewer.session, str(upload.dataset), months) != (seen or upload.report.get("live")):
        raise Conflict(
            "Somebody has changed what is live for these months since you looked.",
            remedy="Look again at what this file would change, then commit it; a script sends it again.",
        )
    upload.state, upload.committed_at = State.COMMITTED, door.now()
    if corrected is not None:
        versions.set_aside(viewer.session, corrected)
    _discard_what_it_corrects(viewer, upload)
    numbers = versions.add(viewer, upload, rows, months, agreed)
    versions.remember(viewer.session, str(upload.dataset), {*boroughs, *_boroughs_of(corrected)})
    borders.withdraw(viewer, {*boroughs, *_boroughs_of(corrected)})
    audit.record(
        viewer,
        "upload.committed",
        upload.id,
        boroughs=numbers,
        dataset=upload.dataset,
        versions=numbers,
        months=[upload.report["months"][0], upload.report["months"][-1]],
        placed=upload.report["placed"],
        unplaced=upload.report["unplaced"],
        refused=upload.report["refused"],
    )
    return upload


def _boroughs_of(upload: Upload | None) -> list[str]:
    return upload.report["boroughs"] if upload else []


def _to_replace(viewer: Viewer, upload: Upload) -> Upload | None:
    """The committed upload that this one puts right, and so replaces whole: else its rows would be there twice."""
    if upload.corrects_id is None:
        return None
    corrected = viewer.session.get(Upload, upload.corrects_id)
    return corrected if corrected is not None and corrected.state is State.COMMITTED else None


def _discard_what_it_corrects(viewer: Viewer, upload: Upload) -> None:
    """Give up the unfinished upload whose marked file this was."""
    corrected = viewer.session.get(Upload, upload.corrects_id) if upload.corrects_id else None
    if corrected is not None and corrected.state in door.UNFINISHED:
        _discard(viewer, corrected)


def undo(viewer: Viewer, upload_id: UUID) -> Upload:
    """Take a committed upload back: for each month it made live, the newest earlier version is live again, or none.

    Raises
    ------
    Conflict
        If it is not committed, or was more than 30 days ago.
    """
    upload = door.upload(viewer, upload_id, Permission.UPLOAD_COMMIT, lock=True)
    if upload.state is State.UNDONE:
        return upload
    if upload.state is not State.COMMITTED or upload.committed_at is None:
        raise Conflict("This upload is not committed, so there is nothing to undo.")
    if door.now() - upload.committed_at > UNDO_WITHIN:
        raise Conflict(
            f"This upload was committed on {words.date_name(upload.committed_at.astimezone(words.LONDON).date())}. "
            f"An upload can be undone for {UNDO_WITHIN.days} days.",
            remedy="Upload the right figures for these months: they replace what is live.",
        )
    restored = _to_replace(viewer, upload)
    numbers = versions.take_back(viewer.session, upload, restored=restored)
    upload.state = State.UNDONE
    viewer.session.flush()
    versions.remember(viewer.session, str(upload.dataset), {*_boroughs_of(upload), *_boroughs_of(restored)})
    borders.withdraw(viewer, {*_boroughs_of(upload), *_boroughs_of(restored)})
    audit.record(viewer, "upload.undone", upload.id, boroughs=numbers, dataset=upload.dataset, versions=numbers)
    return upload


def discard(viewer: Viewer, upload_id: UUID) -> Upload:
    """Give up an upload that is not committed, and remove its file."""
    upload = door.upload(viewer, upload_id, Permission.UPLOAD_WRITE, lock=True)
    if upload.state is State.DISCARDED:
        return upload
    if upload.state not in door.UNFINISHED:
        raise Conflict("This upload is committed.", remedy="Undo it instead.")
    _discard(viewer, upload)
    return upload


def _discard(viewer: Viewer, upload: Upload) -> None:
    upload.state = State.DISCARDED
    viewer.session.flush()
    audit.record(viewer, "upload.discarded", upload.id, boroughs=door.boroughs(upload))
    folder = door.folder(viewer, upload)
    door.once_committed(viewer.session, lambda: files.remove(folder))
