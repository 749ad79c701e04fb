"""As whom every report is made: as a council leader of that one borough, whoever makes it.

So everybody reads one document, and it can hold nothing that an aggregate reader is not offered at that moment.
"""

from __future__ import annotations

from dataclasses import replace

from hub.access import Grant, Permission, Role, Viewer


def as_leader(viewer: Viewer, borough_code: str) -> Viewer:
    """The viewer's own session, with no more than a council leader of the borough may be shown.

    Raises
    ------
    NotFound
        If the borough is not in the viewer's scope.
    NotAllowed
        If the viewer reads no summaries there.
    """
    viewer.require(Permission.SUMMARY_READ, [borough_code])
    return replace(viewer, grants=(Grant(Role.COUNCIL_LEADER, frozenset({borough_code})),))
