"""How a share stands on a day. Pure: it is told whether the asker still holds the role, and reads nothing."""

from __future__ import annotations

import datetime as dt
from enum import StrEnum
from typing import Protocol

from hub.words import months_before

LONGEST_MONTHS = 12


class Standing(StrEnum):
    """How a share stands."""

    ASKED = "asked"
    GRANTED = "granted"
    REFUSED = "refused"
    ENDED = "ended early"
    OVER = "ended by itself"
    ROLE_LOST = "ended with the role"

    @property
    def is_open(self) -> bool:
        """Whether the asker may look at what is shared."""
        return self is Standing.GRANTED


class Dated(Protocol):
    """What the standing of a share follows from."""

    wanted_until: dt.date
    decided_at: dt.datetime | None
    granted_until: dt.date | None
    ended_at: dt.datetime | None


def standing(share: Dated, today: dt.date, *, holds_role: bool) -> Standing:
    """Tell how a share stands: a grant is good to the end of its last day in London."""
    if share.ended_at is not None:
        return Standing.ENDED
    if share.decided_at is not None and share.granted_until is None:
        return Standing.REFUSED
    if (share.granted_until or share.wanted_until) < today:
        return Standing.OVER
    if not holds_role:
        return Standing.ROLE_LOST
    return Standing.ASKED if share.granted_until is None else Standing.GRANTED


def longest_until(today: dt.date) -> dt.date:
    """The last day until which a share may be granted: twelve months, the day itself not counted."""
    month = months_before(today.replace(day=1), -LONGEST_MONTHS)
    next_month = months_before(month, -1)
    same_day = min(today.day, (next_month - month).days)
    return month.replace(day=same_day)
