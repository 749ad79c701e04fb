"""Seeing as another role: what an administrator or liaison officer shows themselves of their own borough, read-only.

It takes the place of the viewer's grants and never adds a borough; it belongs to one sign-in and ends with it.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from dataclasses import replace

from sqlalchemy import delete, select

from hub import audit
from hub.access import Grant, Permission, Role, SeenAs, Viewer, scope_of
from hub.accounts.models import SeeingAs
from hub.accounts.sessions import LONGEST_SESSION
from hub.errors import NotAllowed
from hub.places import service as places


def shown(viewer: Viewer | None, token: str) -> Viewer | None:
    """Give the viewer as they are to see the hub in this sign-in: as themselves, unless they see as another role.

    Read on every request, like the roles themselves: whoever may no longer see as others sees as themselves again.
    """
    if viewer is None or not viewer.may(Permission.SEE_AS):
        return viewer
    found = viewer.session.execute(
        select(SeeingAs.role, SeeingAs.borough_code).where(
            SeeingAs.token_hash == _hash_of(token), SeeingAs.person_id == viewer.person_id
        )
    ).one_or_none()
    if found is None or not _may_see_as(viewer, found.role, found.borough_code):
        return viewer
    grants = (Grant(found.role, frozenset({found.borough_code})),)
    session = viewer.session
    [borough] = places.boroughs(session, [found.borough_code])
    name = borough.name
    session.set_scope(scope_of(grants, places.named_areas(session), every_borough=places.every_borough(session)))
    return replace(viewer, grants=grants, seen_as=SeenAs(found.role, name))


def roles(viewer: Viewer) -> list[Role]:
    """List the roles that the viewer may see as somewhere: an administrator's only if they are one."""
    return [role for role in Role if any(_may_see_as(viewer, role, code) for code in viewer.boroughs())]


def start(viewer: Viewer, token: str, role: Role, borough_code: str) -> None:
    """See as a role in one borough from the next request on, until it is stopped or this sign-in ends.

    Raises
    ------
    NotFound
        If the borough is not in the viewer's scope.
    NotAllowed
        If the viewer may not see as others there, or not as this role.
    """
    viewer.require(Permission.SEE_AS, [borough_code])
    if not _may_see_as(viewer, role, borough_code):
        raise NotAllowed(
            f"Only an administrator may see as an {role.title.lower()}.", remedy="Choose another role to see as."
        )
    session, now = viewer.session, dt.datetime.now(dt.UTC)
    session.execute(delete(SeeingAs).where(SeeingAs.token_hash == _hash_of(token)))
    session.execute(delete(SeeingAs).where(SeeingAs.began_at < now - LONGEST_SESSION))
    session.add(
        SeeingAs(
            token_hash=_hash_of(token),
            person_id=viewer.person_id,
            role=role,
            borough_code=borough_code,
            began_at=now,
        )
    )
    session.flush()
    audit.record(viewer, "seeing_as.started", viewer.person_id, boroughs=[borough_code], role=role)


def stop(viewer: Viewer, token: str) -> None:
    """See as oneself again; to stop twice is to stop once."""
    row = viewer.session.scalar(
        select(SeeingAs).where(SeeingAs.token_hash == _hash_of(token), SeeingAs.person_id == viewer.person_id)
    )
    if row is None:
        return
    role, borough_code = row.role, row.borough_code
    viewer.session.delete(row)
    viewer.session.flush()
    audit.record(viewer, "seeing_as.stopped", viewer.person_id, boroughs=[borough_code], role=role)


def _may_see_as(viewer: Viewer, role: Role, borough_code: str) -> bool:
    """Whether the role is the viewer's to see as there. An administrator's pages show more than any other's."""
    if not viewer.may(Permission.SEE_AS, [borough_code]):
        return False
    return role is not Role.ADMINISTRATOR or viewer.may(Permission.PEOPLE_WRITE, [borough_code])


def _hash_of(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
