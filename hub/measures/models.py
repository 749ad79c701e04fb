"""The tables of definitions that an administrator loaded, one list for every borough, and of each borough's five."""

from __future__ import annotations

import datetime as dt
from uuid import UUID

from sqlalchemy import JSON, ForeignKey, Text
from sqlalchemy.orm import Mapped, mapped_column

from hub.columns import Base, InBorough, UtcDateTime


class MeasureFile(Base):
    """A file of definitions, as it was loaded. Of a plan or measure that several define, the last one loaded holds."""

    __tablename__ = "measure_file"

    id: Mapped[int] = mapped_column(primary_key=True)
    content: Mapped[str] = mapped_column(Text)
    loaded_at: Mapped[dt.datetime] = mapped_column(UtcDateTime)
    loaded_by: Mapped[UUID] = mapped_column(ForeignKey("person.id"))


class MeasureChoice(InBorough, Base):
    """The measures that a borough puts first, in its order. The newest choice holds."""

    __tablename__ = "measure_choice"

    id: Mapped[int] = mapped_column(primary_key=True)
    codes: Mapped[list[str]] = mapped_column(JSON)
    comparisons: Mapped[dict[str, str]] = mapped_column(JSON, default=dict, server_default="{}")
    """By a measure's code that of what it is compared with; those left out are compared with what is usual."""
    chosen_by: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    chosen_at: Mapped[dt.datetime] = mapped_column(UtcDateTime)
