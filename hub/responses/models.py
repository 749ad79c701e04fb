"""The tables of patrols: plans and visits, each written once; a later row says how one stands since."""

from __future__ import annotations

import datetime as dt
from uuid import UUID, uuid4

from sqlalchemy import JSON, ForeignKey, ForeignKeyConstraint, LargeBinary, String, UniqueConstraint, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from hub.columns import AmongBoroughs, AppendOnly, Base, UtcDateTime


class PatrolPlan(AmongBoroughs, AppendOnly, Base):
    """Where and when a response has a place visited. A later one of the same response holds from the day after."""

    __tablename__ = "patrol_plan"
    __table_args__ = (
        ForeignKeyConstraint(["problem_id", "borough_set"], ["problem.id", "problem.borough_set"], ondelete="CASCADE"),
        UniqueConstraint("response", "number"),
    )

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True, default=uuid4)
    problem_id: Mapped[UUID] = mapped_column(Uuid, index=True)
    response: Mapped[UUID]
    """Which response of the problem it is of."""
    number: Mapped[int]
    """1, 2, 3 … of the response."""
    spots: Mapped[list[str]] = mapped_column(JSON)
    """Their names."""
    minutes: Mapped[int]
    """Of one visit."""
    visits: Mapped[int]
    """On each of its days."""
    weekdays: Mapped[list[int]] = mapped_column(JSON)
    """0 for Monday to 6 for Sunday."""
    opens: Mapped[int]
    """The earliest that a visit begins, in minutes after midnight."""
    closes: Mapped[int]
    """The latest that one ends, in minutes after midnight; past 1,440 where that is the next morning."""
    first_day: Mapped[dt.date]
    last_day: Mapped[dt.date]
    seed: Mapped[bytes] = mapped_column(LargeBinary)
    """From which its times are drawn. No page, file or letter shows it: whoever has it knows every time to come."""
    written_by: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    written_at: Mapped[dt.datetime] = mapped_column(UtcDateTime)


class PatrolVisit(AmongBoroughs, AppendOnly, Base):
    """One visit as somebody recorded it. A later row of the same visit corrects it, or takes it back."""

    __tablename__ = "patrol_visit"
    __table_args__ = (
        ForeignKeyConstraint(["problem_id", "borough_set"], ["problem.id", "problem.borough_set"], ondelete="CASCADE"),
        UniqueConstraint("response", "visit", "number"),
    )

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True, default=uuid4)
    problem_id: Mapped[UUID] = mapped_column(Uuid, index=True)
    response: Mapped[UUID]
    visit: Mapped[UUID]
    number: Mapped[int]
    """1, 2, 3 … of the visit; the last says how it stands."""
    began_at: Mapped[dt.datetime] = mapped_column(UtcDateTime)
    minutes: Mapped[int]
    spot: Mapped[str] = mapped_column(String(80))
    body: Mapped[str] = mapped_column(String(40))
    """By which it was made."""
    words: Mapped[str] = mapped_column(String(300))
    """What was done there."""
    is_taken_back: Mapped[bool]
    written_by: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    written_at: Mapped[dt.datetime] = mapped_column(UtcDateTime)
