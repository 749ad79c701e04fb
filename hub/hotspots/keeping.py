"""Sessions beside a viewer's own, in the same scope: what was worked out for an answer is kept for the next one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from hub.access import Viewer
from hub.db import Database


@contextmanager
def reading_as(database: Database, viewer: Viewer) -> Iterator[Viewer]:
    """Open a session that holds no lock on writing, for the same person and in the same scope."""
    with database.reading() as session:
        session.set_scope(viewer.session.scope)
        yield replace(viewer, session=session)


@contextmanager
def writing_as(database: Database, reader: Viewer) -> Iterator[Viewer]:
    """Open a short transaction of its own, for the same person and in the same scope."""
    with database.writing() as session:
        session.set_scope(reader.session.scope)
        yield replace(reader, session=session)
