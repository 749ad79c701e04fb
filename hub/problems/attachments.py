"""Files beside a problem: they pass the gates of an upload, are read by whoever reads the problem, and go with it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import func, select

from hub import audit
from hub.access import Viewer
from hub.accounts import service as accounts
from hub.errors import Conflict, NotFound
from hub.problems import door
from hub.problems.models import Attachment, Problem
from hub.problems.terms import Kind
from hub.purposes import Purpose
from hub.uploads.admitted import Admitted

MOST_FILES = 20


@dataclass(frozen=True)
class ShownFile:
    """One file as the page lists it."""

    id: UUID
    file_name: str
    size_bytes: int
    by: str
    at: dt.datetime


def files(viewer: Viewer, problem_id: UUID) -> tuple[ShownFile, ...]:
    """List the files beside a problem, the oldest first.

    Raises
    ------
    NotFound
        As the door to a problem.
    """
    problem = door.row(viewer, problem_id)
    kept = viewer.session.execute(
        select(
            Attachment.id,
            Attachment.file_name,
            func.length(Attachment.content).label("size_bytes"),
            Attachment.added_by,
            Attachment.added_at,
        )
        .where(Attachment.problem_id == problem.id)
        .order_by(Attachment.added_at, Attachment.id)
    ).all()
    names = accounts.names(viewer.session, {row.added_by for row in kept})
    return tuple(
        ShownFile(row.id, row.file_name, row.size_bytes, names.get(row.added_by, "somebody who has left"), row.added_at)
        for row in kept
    )


def file(viewer: Viewer, problem_id: UUID, file_id: UUID) -> Attachment:
    """Get one file beside a problem.

    Raises
    ------
    NotFound
        If the problem has none such, or as the door to a problem.
    """
    return _row(viewer, door.row(viewer, problem_id), file_id)


def taken(viewer: Viewer, problem_id: UUID, file_id: UUID, purpose: Purpose) -> Attachment:
    """Get one file to take away, which is recorded."""
    problem = door.row(viewer, problem_id)
    found = _row(viewer, problem, file_id)
    audit.record(
        viewer,
        "problem_file.exported",
        file_id,
        boroughs=problem.boroughs,
        purpose=purpose.key,
        purpose_words=purpose.words,
    )
    return found


def attach(viewer: Viewer, problem_id: UUID, kept: Admitted) -> Attachment:
    """Put a file that was read and admitted beside a problem.

    Raises
    ------
    Conflict
        If the problem is closed, or has as many files as it may have.
    """
    problem = door.row_to_write(viewer, problem_id)
    its = select(func.count()).select_from(Attachment).where(Attachment.problem_id == problem.id)
    if viewer.session.scalars(its).one() >= MOST_FILES:
        raise Conflict(f"{MOST_FILES} files are beside this problem already.", remedy="Take one off first.")
    row = Attachment(
        problem_id=problem.id,
        borough_set=problem.borough_set,
        file_name=kept.file_name,
        content=kept.content,
        sha256=kept.sha256,
        added_by=viewer.person_id,
        added_at=dt.datetime.now(dt.UTC),
    )
    viewer.session.add(row)
    viewer.session.flush()
    door.append(viewer, problem, Kind.ATTACHED, {"file": str(row.id), "file_name": row.file_name, "sha256": row.sha256})
    return row


def detach(viewer: Viewer, problem_id: UUID, file_id: UUID) -> str:
    """Take a file off a problem and delete it; returns its name.

    Raises
    ------
    NotFound, Conflict
        As for `file` and `attach`.
    """
    problem = door.row_to_write(viewer, problem_id)
    row = _row(viewer, problem, file_id)
    name = row.file_name
    viewer.session.delete(row)
    viewer.session.flush()
    door.append(viewer, problem, Kind.DETACHED, {"file": str(file_id), "file_name": name})
    return name


def _row(viewer: Viewer, problem: Problem, file_id: UUID) -> Attachment:
    found = viewer.session.scalar(
        select(Attachment).where(Attachment.id == file_id, Attachment.problem_id == problem.id)
    )
    if found is None:
        raise NotFound
    return found
