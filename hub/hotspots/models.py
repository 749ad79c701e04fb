"""The tables of overlays, each named by everything it was computed from, and of weights of harm."""

from __future__ import annotations

import datetime as dt
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, ForeignKey, LargeBinary, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from hub.columns import Base, InArea, UtcDateTime


class HotspotRun(InArea, Base):
    """One overlay, or one area's places. New data, boundaries or methods have another `inputs_hash`."""

    __tablename__ = "hotspot_run"
    __table_args__ = (UniqueConstraint("area_key", "inputs_hash"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    inputs_hash: Mapped[str] = mapped_column(String(64))
    inputs: Mapped[dict[str, Any]] = mapped_column(JSON)
    result: Mapped[bytes] = mapped_column(LargeBinary)
    computed_at: Mapped[dt.datetime] = mapped_column(UtcDateTime)


class HarmWeights(Base):
    """One version of a set of weights, as it was loaded. The last one loaded is used."""

    __tablename__ = "harm_weights"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
    version: Mapped[str] = mapped_column(String(60))
    content: Mapped[str] = mapped_column(Text)
    loaded_at: Mapped[dt.datetime] = mapped_column(UtcDateTime)
    loaded_by: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
