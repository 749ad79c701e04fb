"""When a sharing agreement is in force, and when to warn that it will not be. Pure: dates in, answers out."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol, TypeVar

DAYS_AHEAD, DAYS_URGENT = 60, 14
"""How long before it ends or is due for review an agreement is spoken of, and is spoken of as urgent."""


class Dated(Protocol):
    """One version of an agreement, as far as its dates go."""

    @property
    def number(self) -> int: ...
    @property
    def starts_on(self) -> dt.date: ...
    @property
    def ends_on(self) -> dt.date: ...
    @property
    def review_on(self) -> dt.date: ...
    @property
    def signed_on(self) -> dt.date | None: ...
    @property
    def is_ended(self) -> bool: ...


Version = TypeVar("Version", bound=Dated)


class Standing(StrEnum):
    """How one version of an agreement stands on a day."""

    DRAFT = "draft"
    NOT_YET = "not yet in force"
    IN_FORCE = "in force"
    EXPIRED = "expired"
    ENDED = "ended early"
    REPLACED = "replaced"


def in_force(versions: Sequence[Version], on: dt.date) -> Version | None:
    """Find the version that holds on a day: the newest that is signed and has begun, unless it is over.

    A newer version that is a draft, or begins later, leaves the one before in force until then.
    """
    begun = _begun(versions, on)
    return begun if begun and on <= begun.ends_on and not begun.is_ended else None


def _begun(versions: Sequence[Version], on: dt.date) -> Version | None:
    begun = [each for each in versions if each.starts_on <= on and each.signed_on is not None and each.signed_on <= on]
    return max(begun, key=lambda each: each.number, default=None)


def standing(version: Version, versions: Sequence[Version], on: dt.date) -> Standing:
    """Say how one of an agreement's versions stands on a day."""
    begun = _begun(versions, on)
    if version.is_ended:
        return Standing.ENDED
    if begun is not None and begun.number > version.number:
        return Standing.REPLACED
    if version.signed_on is None:
        newest = max(each.number for each in versions)
        return Standing.DRAFT if version.number == newest else Standing.REPLACED
    if begun is None or begun.number != version.number:
        return Standing.NOT_YET
    return Standing.IN_FORCE if on <= version.ends_on else Standing.EXPIRED


class Matter(StrEnum):
    """What about an agreement wants somebody's attention."""

    EXPIRED = "expired"
    ENDS = "ends"
    REVIEW = "review"


@dataclass(frozen=True)
class Notice:
    """That an agreement wants attention."""

    matter: Matter
    day: dt.date
    days: int
    """From today until then; below zero when it is past."""

    @property
    def is_urgent(self) -> bool:
        """Whether there are two weeks left, or less."""
        return self.days <= DAYS_URGENT


def notices(versions: Sequence[Version], on: dt.date) -> list[Notice]:
    """Say what about an agreement wants attention on a day: that it is over, soon will be, or is to be reviewed.

    Silent once a signed version that follows without a gap is there, and when somebody ended it on purpose.
    """
    begun = _begun(versions, on)
    if begun is None or begun.is_ended or _is_renewed(begun, versions, on):
        return []
    left, due = (begun.ends_on - on).days, (begun.review_on - on).days
    if left < 0:
        return [Notice(Matter.EXPIRED, begun.ends_on, left)]
    ahead = [Notice(Matter.ENDS, begun.ends_on, left)]
    if begun.review_on < begun.ends_on:
        ahead.append(Notice(Matter.REVIEW, begun.review_on, due))
    return [notice for notice in ahead if notice.days <= DAYS_AHEAD]


def _is_renewed(begun: Version, versions: Sequence[Version], on: dt.date) -> bool:
    latest_start = max(begun.ends_on + dt.timedelta(days=1), on)
    later = (each for each in versions if each.number > begun.number and each.signed_on is not None)
    return any(each.starts_on <= latest_start for each in later)
