"""The only door to an upload: by its id, for a viewer with the right in every borough it was made for."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from uuid import UUID

import polars as pl
from sqlalchemy import event, select

from hub import words
from hub.access import Permission, Viewer
from hub.db import HubSession
from hub.errors import NotFound
from hub.uploads import files
from hub.uploads.findings import Severity
from hub.uploads.models import State, Upload

UNFINISHED = (State.RECEIVED, State.MAPPED, State.CHECKED)


def upload(viewer: Viewer, upload_id: UUID, may: Permission, *, lock: bool = False) -> Upload:
    """Find an upload that the viewer may do something with, in every borough it was made for."""
    wanted = select(Upload).where(Upload.id == upload_id)
    if lock:
        wanted = wanted.with_for_update().execution_options(populate_existing=True)
    found = viewer.session.scalar(wanted)
    if found is None:
        raise NotFound
    viewer.require(may, boroughs(found))
    return found


def boroughs(upload: Upload) -> frozenset[str]:
    """The codes of the boroughs it was made for."""
    return frozenset(upload.area_key.split("+"))


def folder(viewer: Viewer, upload: Upload) -> Path:
    """Where its file lies, and what a check found beside it."""
    return files.folder_of(viewer.session, upload.id)


def found(viewer: Viewer, upload: Upload, name: str) -> pl.DataFrame:
    """What its last check found: rows, months or problems."""
    return files.found(folder(viewer, upload), upload.report.get("check_id", "unchecked"), name)


def counted(report: Mapping[str, Any], severity: Severity) -> int:
    """How many problems of one gravity a report counts."""
    return sum(one["count"] for one in report.get("problems", {}).values() if one["severity"] == severity)


def once_committed(session: HubSession, work: Callable[[], None]) -> None:
    """Do what cannot be rolled back only when the transaction is kept."""
    event.listen(session, "after_commit", lambda _session: work(), once=True)


def now() -> dt.datetime:
    """Tell the time."""
    return dt.datetime.now(dt.UTC)


def today() -> dt.date:
    """Tell the day in London."""
    return dt.datetime.now(words.LONDON).date()
