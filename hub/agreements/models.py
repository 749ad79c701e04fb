"""The table of sharing agreements. A version that was written is never rewritten: an edit adds the next one."""

from __future__ import annotations

import datetime as dt
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import JSON, ForeignKey, String, UniqueConstraint, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from hub.columns import Base, InBorough, UtcDateTime


class SharingAgreement(InBorough, Base):
    """One version of what a borough's partners agreed on; an agreement of several boroughs has a row for each."""

    __tablename__ = "sharing_agreement"
    __table_args__ = (UniqueConstraint("borough_code", "reference", "number"),)

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True, default=uuid4)
    reference: Mapped[str] = mapped_column(String(60))
    """Names the agreement within its borough, in all its versions."""
    number: Mapped[int]
    """1, 2, 3 … of its versions."""
    parties: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    """Each with `name` and `role`, a `standing.PartyRole`."""
    purpose: Mapped[str] = mapped_column(String(2000))
    duty: Mapped[str] = mapped_column(String(2000))
    """What is disclosed under the duty of section 17A; empty where that gateway is not used."""
    power: Mapped[str] = mapped_column(String(2000))
    """Why disclosure under the power of section 115 is necessary or expedient; empty where it is not used."""
    datasets: Mapped[list[str]] = mapped_column(JSON)
    """Keys of the dataset kinds it covers."""
    data_items: Mapped[str] = mapped_column(String(2000))
    granularity: Mapped[str] = mapped_column(String(300))
    frequency: Mapped[str] = mapped_column(String(120))
    marking: Mapped[str] = mapped_column(String(40))
    security: Mapped[str] = mapped_column(String(2000))
    onward_sharing: Mapped[str] = mapped_column(String(2000))
    retention_months: Mapped[int]
    owner: Mapped[str] = mapped_column(String(200))
    """Who answers for it: a post rather than a name."""
    starts_on: Mapped[dt.date]
    ends_on: Mapped[dt.date]
    """The last day on which it is in force."""
    review_on: Mapped[dt.date]
    signed_on: Mapped[dt.date | None]
    """None while it is a draft."""
    ended_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)
    """When somebody ended it before its time: set on all its versions at once."""
    ended_by: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))
    ended_because: Mapped[str] = mapped_column(String(500), default="")
    written_at: Mapped[dt.datetime] = mapped_column(UtcDateTime)
    written_by: Mapped[UUID] = mapped_column(ForeignKey("person.id"))

    @property
    def is_ended(self) -> bool:
        """Whether somebody ended it before its time."""
        return self.ended_at is not None
