"""Sessions beside a viewer's own, in the same scope: what was worked out for an answer is kept for the next one."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TypeVar

from flask import Response, g
from sqlalchemy.exc import OperationalError

from hub.access import Viewer
from hub.db import Database
from hub.hotspots import service
from hub.hotspots.overlays import Overlay
from hub.web import database

Found = TypeVar("Found")

log = logging.getLogger(__name__)


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


def kept_after(response: Response, overlay: Overlay) -> Response:
    """Keep what was worked out once the answer has gone."""
    return response if overlay.is_kept else written_after(response, lambda viewer: service.keep(viewer, overlay))


def found_after(response: Response, find: Callable[[Viewer], Found], keep: Callable[[Viewer, Found], None]) -> Response:
    """Work something out once the answer has gone, holding no lock on writing meanwhile, and keep it."""
    its_database, scope_of = database(), g.viewer

    def find_now() -> None:
        with reading_as(its_database, scope_of) as viewer:
            found = find(viewer)
        _write(its_database, scope_of, lambda writer: keep(writer, found))

    response.call_on_close(find_now)
    return response


def written_after(response: Response, write: Callable[[Viewer], None]) -> Response:
    """Write what can be worked out again once the answer has gone, so that nobody waits for it."""
    its_database, reader = database(), g.viewer

    response.call_on_close(lambda: _write(its_database, reader, write))
    return response


def _write(its_database: Database, reader: Viewer, write: Callable[[Viewer], None]) -> None:
    try:
        with writing_as(its_database, reader) as viewer:
            write(viewer)
    except OperationalError:
        log.warning("what was worked out could not be kept; it will be worked out again", exc_info=True)
