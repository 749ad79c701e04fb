"""The table of questions, each of one borough. It keeps no figure that a reader of rounded figures was not shown."""

from __future__ import annotations

import datetime as dt
from uuid import UUID, uuid4

from sqlalchemy import ForeignKey, String, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from hub.columns import Base, InBorough, UtcDateTime


class Question(InBorough, Base):
    """What somebody asked about one figure, and what they were told."""

    __tablename__ = "question"

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True, default=uuid4)
    figure: Mapped[str] = mapped_column(String(200), index=True)
    """The figure's key: it is pinned to the figure, whatever becomes of its value."""
    title: Mapped[str] = mapped_column(String(300))
    """The figure in words."""
    shown: Mapped[str] = mapped_column(String(300))
    """The value as its asker read it, rounded or hidden; empty where the asker sees exact counts."""
    is_for_all: Mapped[bool]
    """Whether readers of rounded figures may read it: it was asked by one of them."""
    words: Mapped[str] = mapped_column(String(500))
    asked_by: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    asked_at: Mapped[dt.datetime] = mapped_column(UtcDateTime)
    answer: Mapped[str] = mapped_column(String(1500), default="")
    answered_by: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))
    answered_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)
    ended_by: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))
    """Who withdrew it, if its asker did, or closed it without an answer."""
    ended_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)
