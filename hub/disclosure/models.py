"""Tables of the policy's versions, none of which is ever rewritten, and of what was live when figures were released."""

from __future__ import annotations

import datetime as dt
from uuid import UUID

from sqlalchemy import JSON, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from hub.access import Unprotected
from hub.columns import Base, InBorough, UtcDateTime, one_of


class DisclosurePolicy(Base):
    """One version of the policy, in force until the next; the first is shipped with the hub and has no row."""

    __tablename__ = "disclosure_policy"

    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    threshold: Mapped[int]
    base: Mapped[int]
    datasets: Mapped[list[str]] = mapped_column(JSON)
    categories: Mapped[list[str]] = mapped_column(JSON)
    unprotected: Mapped[Unprotected] = mapped_column(one_of(Unprotected))
    reason: Mapped[str] = mapped_column(String(500))
    written_by: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    written_at: Mapped[dt.datetime] = mapped_column(UtcDateTime)


class ReleasedSet(InBorough, Base):
    """What was live of a borough's dataset from one moment on: whatever it offered is held to have been read."""

    __tablename__ = "released_set"
    __table_args__ = (UniqueConstraint("borough_code", "dataset", "number"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    dataset: Mapped[str] = mapped_column(String(40))
    number: Mapped[int]
    """1, 2, 3 … within the borough and dataset."""
    months: Mapped[dict[str, str]] = mapped_column(JSON)
    """Of each month, `2025-06`, the public id of the version that was live. It outlives the version."""
    policy: Mapped[int]
    """The version of the policy then in force."""
    digest: Mapped[str] = mapped_column(String(64))
    """SHA-256 of the months and the policy: the same set is not kept twice in a row."""
    since: Mapped[dt.datetime] = mapped_column(UtcDateTime)
