"""The tables of assessments: each is written once, and its counts go with the data that they came from."""

from __future__ import annotations

import datetime as dt
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import JSON, ForeignKey, ForeignKeyConstraint, String, UniqueConstraint, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from hub.columns import AmongBoroughs, AppendOnly, Base, InBorough, UtcDateTime


class Assessment(AmongBoroughs, AppendOnly, Base):
    """What was found of a problem on one day, and from what. No count stands in it."""

    __tablename__ = "assessment"
    __table_args__ = (
        ForeignKeyConstraint(["problem_id", "borough_set"], ["problem.id", "problem.borough_set"], ondelete="CASCADE"),
        UniqueConstraint("problem_id", "number"),
    )

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True, default=uuid4)
    problem_id: Mapped[UUID] = mapped_column(Uuid)
    number: Mapped[int]
    """1, 2, 3 … of the problem."""
    due_on: Mapped[dt.date | None]
    """The promised day that it was worked out for; none where somebody asked for it."""
    promised_for: Mapped[dt.date | None]
    """Of one that somebody asked for before the promised day: that day."""
    result: Mapped[str] = mapped_column(String(40))
    reason: Mapped[str] = mapped_column(String(40))
    """A key of `wording.REASONS`."""
    waits_for: Mapped[str] = mapped_column(String(7))
    """The last month that it lacked, as `2026-10`; blank otherwise."""
    dataset: Mapped[str] = mapped_column(String(40))
    category: Mapped[str] = mapped_column(String(120))
    months: Mapped[list[str]] = mapped_column(JSON)
    """Those before and then those after, in order, as `2026-01`."""
    months_before: Mapped[int]
    """How many of them are before."""
    left_out: Mapped[list[str]] = mapped_column(JSON)
    """Months in which the response was being set up."""
    chosen_by: Mapped[list[str]] = mapped_column(JSON)
    """Months by which a map chose the place for being high."""
    grounds: Mapped[list[dict[str, str]]] = mapped_column(JSON)
    """Of each row of the counts: `role` and `name`."""
    responses: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    """What was written of each response by then; of one with a plan of patrols also what was planned and given."""
    is_delivered: Mapped[bool]
    cost: Mapped[int]
    """In pounds; 0 where none is written down."""
    sources: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    """Of each version of the data: `borough_code`, `version` (its public id), `extract` and `months`."""
    method: Mapped[str] = mapped_column(String(20))
    sha256: Mapped[str] = mapped_column(String(64))
    """Of all of it and its counts."""
    run_for: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    run_at: Mapped[dt.datetime] = mapped_column(UtcDateTime)


class AssessmentPart(InBorough, AppendOnly, Base):
    """The counts of an assessment that came from one version of one borough's data, and go with that version."""

    __tablename__ = "assessment_part"
    __table_args__ = (
        ForeignKeyConstraint(
            ["version_id", "borough_code"], ["version.id", "version.borough_code"], ondelete="CASCADE"
        ),
        UniqueConstraint("assessment_id", "version_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    assessment_id: Mapped[UUID] = mapped_column(ForeignKey("assessment.id", ondelete="CASCADE"))
    version_id: Mapped[int] = mapped_column(index=True)
    months: Mapped[list[str]] = mapped_column(JSON)
    counts: Mapped[list[list[int]]] = mapped_column(JSON)
    """A row for each piece of ground; a figure for each of the months."""
