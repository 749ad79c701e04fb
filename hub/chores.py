"""What the worker does by the clock beside its jobs: spooled views, the record's head, what is due to go or to come.

Each chore is safe to do twice, and a failure of one is logged and tried again at the next round.
"""

from __future__ import annotations

import datetime as dt
import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sqlalchemy.exc import SQLAlchemyError

from hub import audit, heads, witness
from hub.assessments import due as assessments
from hub.briefings import warming
from hub.config import Settings
from hub.db import Database
from hub.errors import HubError
from hub.record import public
from hub.reports import schedules
from hub.retention import service as retention
from hub.retention import silence
from hub.tasking import letters as task_letters
from hub.words import LONDON

SECONDS_BETWEEN_ROUNDS = 60.0

log = logging.getLogger(__name__)


@contextmanager
def kept_up(database: Database, settings: Settings) -> Iterator[None]:
    """Do the chores once a minute, in a thread of their own, while the work inside goes on."""
    stopped = threading.Event()

    def rounds() -> None:
        while True:
            do_all(database, settings, dt.datetime.now(LONDON).date())
            if stopped.wait(SECONDS_BETWEEN_ROUNDS):
                return

    thread = threading.Thread(target=rounds, daemon=True)
    thread.start()
    try:
        yield
    finally:
        stopped.set()
        thread.join()


def do_all(database: Database, settings: Settings, today: dt.date) -> None:
    """Do every chore that is due."""
    _try("take in what was seen", lambda: witness.take_in(database))
    _try("ask for the maps of what changed", lambda: warming.ask_for_what_changed(database))
    _try("delete what is due", lambda: retention.erase_due(database, today, audit.MACHINE))
    _try("draft the reports that fall due", lambda: schedules.draft_due(database, today, audit.MACHINE))
    _try("have problems assessed", lambda: assessments.ask_due(database, today, audit.MACHINE))
    _try("remind of tasks", lambda: task_letters.ask_for_letters(database, settings, today, audit.MACHINE))
    _try("ask about problems", lambda: silence.ask_about_silent(database, settings, today, audit.MACHINE))
    _try("draw up the ledger of sharing", lambda: public.keep(database, today, audit.MACHINE))
    folder = settings.heads_folder
    if folder is not None:
        _try("keep the record's head", lambda: heads.keep(database, folder, today))


def _try(what: str, chore: Callable[[], object]) -> None:
    try:
        chore()
    except (HubError, SQLAlchemyError, OSError) as error:
        log.warning("a chore failed and will be tried again", extra={"chore": what, "error": type(error).__name__})
