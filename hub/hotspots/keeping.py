"""Writing beside a request that keeps nothing itself: what was worked out for an answer is kept for the next one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from hub.access import Viewer
from hub.db import Database


@contextmanager
def writing_as(database: Database, reader: Viewer) -> Iterator[Viewer]:
    """Open a short transaction of its own, for the same person and in the same scope."""
    with database.writing() as session:
        session.set_scope(reader.session.scope)
        yield replace(reader, session=session)
