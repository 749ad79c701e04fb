"""On which day data is to be deleted. Pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from hub.words import months_later

WARNING_DAYS = 30
UNFINISHED_KEPT_DAYS = 90
"""A file that was sent and never made live is not kept longer."""


def delete_on(received: dt.date, terms: Iterable[tuple[dt.date, int]]) -> dt.date:
    """The day on which an upload is to be deleted: the first that any of its terms sets.

    Parameters
    ----------
    received
        The day it came; what counts where it never became live.
    terms
        For each borough that it is live for, or was: the day its figures came, and for how many months they are kept.
    """
    days = [months_later(day, months) for day, months in terms]
    return min(days, default=received + dt.timedelta(days=UNFINISHED_KEPT_DAYS))


def told_by(today: dt.date) -> dt.date:
    """The day by which people must have been told of what goes today."""
    return today - dt.timedelta(days=WARNING_DAYS)


def may_go(delete_by: dt.date, warned_on: dt.date | None, today: dt.date) -> bool:
    """Whether it is to be deleted today: on its day, and never before its people were warned long enough."""
    return delete_by <= today and warned_on is not None and warned_on <= told_by(today)


def is_to_warn(delete_by: dt.date, today: dt.date) -> bool:
    """Whether its people are to be told that it will be deleted."""
    return delete_by <= today + dt.timedelta(days=WARNING_DAYS)
