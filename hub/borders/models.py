"""Tables of published bands, each fenced to the neighbour who may read it, and of who publishes none."""

from __future__ import annotations

import datetime as dt
from uuid import UUID

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from hub.borders.bands import Band
from hub.columns import Base, InBorough, UtcDateTime, one_of


class BorderBand(InBorough, Base):
    """One word on one place of another borough's, for the people of `borough_code`, who are its neighbours."""

    __tablename__ = "border_band"

    id: Mapped[int] = mapped_column(primary_key=True)
    source_code: Mapped[str] = mapped_column(String(9), index=True)
    """The borough that the place is in, and that published it."""
    units: Mapped[str] = mapped_column(String(20))
    category: Mapped[str] = mapped_column(String(120))
    unit: Mapped[str] = mapped_column(String(40))
    """A ward's code, or a square's name."""
    band: Mapped[Band] = mapped_column(one_of(Band))
    first_month: Mapped[dt.date]
    last_month: Mapped[dt.date]


class BorderChoice(InBorough, Base):
    """That a borough chose to publish bands, or none. Its newest holds; without one it publishes them."""

    __tablename__ = "border_choice"

    id: Mapped[int] = mapped_column(primary_key=True)
    publishes: Mapped[bool]
    chosen_by: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    chosen_at: Mapped[dt.datetime] = mapped_column(UtcDateTime)
