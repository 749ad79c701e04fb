"""The table of what was asked to be shared, in two copies: the asking area's and the owning borough's."""

from __future__ import annotations

import datetime as dt
from enum import StrEnum
from uuid import UUID

from sqlalchemy import ForeignKey, String, UniqueConstraint, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from hub.access import Role
from hub.columns import Base, InArea, UtcDateTime, one_of


class Side(StrEnum):
    """Whose copy a row is."""

    ASKING = "asking"
    OWNING = "owning"


class BorderShare(InArea, Base):
    """One side's copy of what somebody asked to be shared. Both copies are written in one transaction.

    A row that both sides read would have to be seen by people who cover one of the two alone, which no fence allows.
    """

    __tablename__ = "border_share"
    __table_args__ = (UniqueConstraint("share_id", "side"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    share_id: Mapped[UUID] = mapped_column(Uuid, index=True)
    """The same for both copies."""
    side: Mapped[Side] = mapped_column(one_of(Side))

    asked_by: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    asked_role: Mapped[Role] = mapped_column(one_of(Role))
    """The role under which it was asked: without it, what was granted cannot be opened."""
    asking_key: Mapped[str] = mapped_column(String(512))
    """The area it was asked for, by its boroughs."""
    asking_name: Mapped[str] = mapped_column(String(120))
    owner_code: Mapped[str] = mapped_column(String(9))
    asked_at: Mapped[dt.datetime] = mapped_column(UtcDateTime)
    show: Mapped[str] = mapped_column(String(40))
    """The map: its units and its method."""
    category: Mapped[str] = mapped_column(String(120))
    dataset: Mapped[str | None] = mapped_column(String(40))
    """The key of a dataset kind; None for whichever police figures the borough holds."""
    first_month: Mapped[dt.date]
    last_month: Mapped[dt.date]
    purpose: Mapped[str] = mapped_column(String(500))
    wanted_until: Mapped[dt.date]

    decided_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)
    decided_by: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))
    granted_until: Mapped[dt.date | None]
    """The last day on which it can be opened; None while undecided, and when refused."""
    may_download: Mapped[bool] = mapped_column(default=False)
    words: Mapped[str] = mapped_column(String(500), default="")
    """The conditions of a grant, or the reason of a refusal."""

    ended_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)
    ended_by: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))
    ended_because: Mapped[str] = mapped_column(String(500), default="")
