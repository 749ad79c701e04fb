"""Tables of what the ledger cannot work out by itself: what is not held, whom to write to, what was corrected."""

from __future__ import annotations

import datetime as dt
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from hub.columns import Base, InBorough, UtcDateTime


class NotHeld(InBorough, Base):
    """That a provider holds nothing of one prescribed dataset for one quarter, as an officer was told."""

    __tablename__ = "not_held"

    borough_code: Mapped[str] = mapped_column(ForeignKey("borough.code"), primary_key=True)
    item: Mapped[str] = mapped_column(String(40), primary_key=True)
    """The key of the prescribed dataset."""
    quarter: Mapped[dt.date] = mapped_column(primary_key=True)
    """Its first day."""
    reason: Mapped[str] = mapped_column(String(500))
    said_by: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    said_at: Mapped[dt.datetime] = mapped_column(UtcDateTime)


class LiaisonOfficer(InBorough, Base):
    """Whom a provider designated to answer a borough's questions about what it discloses."""

    __tablename__ = "liaison_officer"

    borough_code: Mapped[str] = mapped_column(ForeignKey("borough.code"), primary_key=True)
    provider: Mapped[str] = mapped_column(String(32), primary_key=True)
    organisation: Mapped[str] = mapped_column(String(200))
    name: Mapped[str] = mapped_column(String(120))
    email: Mapped[str] = mapped_column(String(254))
    recorded_at: Mapped[dt.datetime] = mapped_column(UtcDateTime)


class PrescribedCorrection(Base):
    """What an administrator put right in the shipped list of prescribed datasets; the newest of an item holds."""

    __tablename__ = "prescribed_correction"

    id: Mapped[int] = mapped_column(primary_key=True)
    item: Mapped[str] = mapped_column(String(40), index=True)
    changes: Mapped[dict[str, Any]] = mapped_column(JSON)
    """The fields of the item as they now are."""
    source: Mapped[str] = mapped_column(String(500))
    corrected_by: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    corrected_at: Mapped[dt.datetime] = mapped_column(UtcDateTime)
