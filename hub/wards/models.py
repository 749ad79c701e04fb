"""The table of what ward panels asked for: a line for each time a priority was set, kept or ended, never rewritten."""

from __future__ import annotations

import datetime as dt
from enum import StrEnum
from uuid import UUID

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from hub.columns import Base, InBorough, UtcDateTime, one_of


class Act(StrEnum):
    """What was done to a priority."""

    SET = "set"
    KEPT = "kept"
    ENDED = "ended"


class WardPriority(InBorough, Base):
    """How one priority of a ward stood from one moment on; the line with the highest number holds."""

    __tablename__ = "ward_priority"
    __table_args__ = (UniqueConstraint("borough_code", "priority_id", "number"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    priority_id: Mapped[UUID]
    number: Mapped[int]
    """1, 2, 3 … of the priority."""
    ward_code: Mapped[str] = mapped_column(String(9), index=True)
    act: Mapped[Act] = mapped_column(one_of(Act))
    words: Mapped[str] = mapped_column(String(200))
    source: Mapped[str] = mapped_column(String(120))
    """Who asked for it: the ward panel, at which meeting."""
    set_on: Mapped[dt.date]
    review_on: Mapped[dt.date]
    note: Mapped[str] = mapped_column(String(500))
    """What was done about it so far."""
    written_by: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    written_at: Mapped[dt.datetime] = mapped_column(UtcDateTime)
