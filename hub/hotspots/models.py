"""The table of computed overlays, each named by everything it was computed from."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import JSON, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from hub.db import Base, InArea, UtcDateTime


class HotspotRun(InArea, Base):
    """One overlay. A new version of the data, boundary set or method has another `inputs_hash`."""

    __tablename__ = "hotspot_run"
    __table_args__ = (UniqueConstraint("area_key", "inputs_hash"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    inputs_hash: Mapped[str] = mapped_column(String(64))
    inputs: Mapped[dict[str, Any]] = mapped_column(JSON)
    result: Mapped[bytes] = mapped_column(LargeBinary)
    computed_at: Mapped[dt.datetime] = mapped_column(UtcDateTime)
