"""The table of letters about tasks: each is sent once. The tasks themselves are entries of their problems."""

from __future__ import annotations

import datetime as dt
from enum import StrEnum
from uuid import UUID, uuid4

from sqlalchemy import ForeignKeyConstraint, UniqueConstraint, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from hub.columns import AmongBoroughs, AppendOnly, Base, UtcDateTime, one_of


class Occasion(StrEnum):
    """Why somebody is written to."""

    ASKED = "asked"
    SOON = "soon"
    LATE = "late"


class TaskLetter(AmongBoroughs, AppendOnly, Base):
    """One letter about one task that was handed to the jobs, so that it is not sent again."""

    __tablename__ = "task_letter"
    __table_args__ = (
        ForeignKeyConstraint(["problem_id", "borough_set"], ["problem.id", "problem.borough_set"], ondelete="CASCADE"),
        UniqueConstraint("task", "recipient", "occasion", "day"),
    )

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True, default=uuid4)
    problem_id: Mapped[UUID] = mapped_column(Uuid, index=True)
    task: Mapped[UUID]
    recipient: Mapped[UUID]
    """The person; of an address outside the hub what is made from it, so that the address is kept only once."""
    occasion: Mapped[Occasion] = mapped_column(one_of(Occasion))
    day: Mapped[dt.date]
    """The day that the letter is about: on which the task is due, or from which that week of lateness runs."""
    asked_at: Mapped[dt.datetime] = mapped_column(UtcDateTime)
