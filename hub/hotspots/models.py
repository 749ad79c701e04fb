"""The tables of overlays, each named by everything it was computed from, of muted places and of weights of harm."""

from __future__ import annotations

import datetime as dt
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import JSON, ForeignKey, LargeBinary, String, Text, UniqueConstraint, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from hub.db import Base, InArea, UtcDateTime


class HotspotRun(InArea, Base):
    """One overlay, or one area's places. New data, boundaries or methods have another `inputs_hash`."""

    __tablename__ = "hotspot_run"
    __table_args__ = (UniqueConstraint("area_key", "inputs_hash"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    inputs_hash: Mapped[str] = mapped_column(String(64))
    inputs: Mapped[dict[str, Any]] = mapped_column(JSON)
    result: Mapped[bytes] = mapped_column(LargeBinary)
    computed_at: Mapped[dt.datetime] = mapped_column(UtcDateTime)


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


class HarmWeights(Base):
    """One version of a set of weights, as it was loaded. The last one loaded is used."""

    __tablename__ = "harm_weights"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
    version: Mapped[str] = mapped_column(String(60))
    content: Mapped[str] = mapped_column(Text)
    loaded_at: Mapped[dt.datetime] = mapped_column(UtcDateTime)
    loaded_by: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
