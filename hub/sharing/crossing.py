"""The two doors through which a share reaches across a border: to write the other side's copy, and to work out a map.

Neither widens the asker's own session: the first is left again at once, and the second is a session of its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from hub.access import Grant, Role, Viewer
from hub.db import Database, HubSession, Scope


@contextmanager
def at_side(session: HubSession, area_key: str) -> Iterator[None]:
    """Work on what is kept for exactly one area, the other side's, and on no borough's own rows."""
    with session.scoped(Scope(areas=frozenset({area_key}))):
        yield


@contextmanager
def reading_as_owner(database: Database, asker: Viewer, role: Role, owner_code: str) -> Iterator[Viewer]:
    """Open a session that reads one borough, and nothing else, to work out what that borough shares with the asker."""
    owner = frozenset({owner_code})
    with database.reading() as session:
        session.set_scope(Scope(owner, frozenset({owner_code})))
        yield replace(asker, session=session, grants=(Grant(role, owner),))
