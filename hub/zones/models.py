"""The table of zones, each of one area."""

from __future__ import annotations

import datetime as dt
from uuid import UUID, uuid4

from shapely.geometry.base import BaseGeometry
from sqlalchemy import ForeignKey, String, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from hub.columns import Base, Geometry, InArea, UtcDateTime


class Zone(InArea, Base):
    """Ground that somebody named for everybody who reads the area."""

    __tablename__ = "zone"

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True, default=uuid4)
    name: Mapped[str] = mapped_column(String(80))
    outline: Mapped[BaseGeometry] = mapped_column(Geometry)
    made_by: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    made_at: Mapped[dt.datetime] = mapped_column(UtcDateTime)
