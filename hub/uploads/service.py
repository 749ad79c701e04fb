"""What can be done with an upload, each in its own module: receive, match, check, commit, hold, undo, discard, ask for.

Every act re-checks the viewer's right in every borough of the upload. A file's content is read only by `confined`.
"""

from __future__ import annotations

from sqlalchemy import select

from hub.db import HubSession
from hub.uploads import files
from hub.uploads.arrivals import receive
from hub.uploads.checks import CheckResult, CheckTask, keep_check, plan_check
from hub.uploads.commits import UNDO_WITHIN, commit, discard, undo
from hub.uploads.held_rows import discard_held, fix_held
from hub.uploads.matching import Proposal, propose, read_month, read_otherwise, set_columns
from hub.uploads.models import State, Upload
from hub.uploads.orders import CANCELLABLE, ask_for, cancel

__all__ = [
    "CANCELLABLE",
    "UNDO_WITHIN",
    "CheckResult",
    "CheckTask",
    "Proposal",
    "ask_for",
    "cancel",
    "commit",
    "discard",
    "discard_held",
    "fix_held",
    "keep_check",
    "plan_check",
    "propose",
    "read_month",
    "read_otherwise",
    "receive",
    "remove_strays",
    "set_columns",
    "undo",
]


def remove_strays(session: HubSession) -> int:
    """Remove what died or discarded uploads left on disk; the session must see every upload. Returns how many."""
    kept = set(session.scalars(select(Upload.id).where(Upload.state != State.DISCARDED)))
    return files.remove_strays(session, kept)
