"""The table of places that somebody knows."""

from __future__ import annotations

import datetime as dt
from uuid import UUID, uuid4

from sqlalchemy import ForeignKey, String, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from hub.columns import Base, InArea, UtcDateTime


class MutedPlace(InArea, Base):
    """A place that somebody of an area knows, and how it stood when they said so; muted until `ended_at`."""

    __tablename__ = "muted_place"

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True, default=uuid4)
    category: Mapped[str] = mapped_column(String(120))
    unit: Mapped[str] = mapped_column(String(40))
    """Its strongest square by name, or its ward by code."""
    ward_name: Mapped[str] = mapped_column(String(120))
    kind: Mapped[str] = mapped_column(String(20))
    quiet_from: Mapped[int]
    """The counts of a month that would be no news, both ends among them."""
    quiet_to: Mapped[int]
    muted_by: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    muted_at: Mapped[dt.datetime] = mapped_column(UtcDateTime)
    ended_by: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))
    ended_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)
