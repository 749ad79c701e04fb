"""Tables of uploads, of the versions they become, and of the rows in them.

Committed rows are never updated: a commit adds a version for each borough and makes it current for the months it
covers; undo makes an earlier one current again.
"""

from __future__ import annotations

import datetime as dt
from enum import StrEnum
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import (
    JSON,
    BigInteger,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    String,
    UniqueConstraint,
    Uuid,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from hub.db import Base, InArea, InBorough, UtcDateTime, one_of

RowId = BigInteger().with_variant(Integer, "sqlite")


class State(StrEnum):
    """How far an upload has come."""

    RECEIVED = "received"
    MAPPED = "mapped"
    CHECKED = "checked"
    COMMITTED = "committed"
    UNDONE = "undone"
    DISCARDED = "discarded"


class Upload(InArea, Base):
    """One file on its way to becoming data, made for all the boroughs its sender may upload for."""

    __tablename__ = "upload"

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True, default=uuid4)
    owner_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"), index=True)
    file_name: Mapped[str] = mapped_column(String(255))
    """As the sender named it: shown, never a path."""
    sha256: Mapped[str] = mapped_column(String(64))
    size_bytes: Mapped[int] = mapped_column(BigInteger)
    state: Mapped[State] = mapped_column(one_of(State), default=State.RECEIVED)
    dataset: Mapped[str | None] = mapped_column(String(40))
    """The key of its dataset kind."""
    column_fields: Mapped[dict[str, str]] = mapped_column(JSON, default=dict)
    """Which column of the file fills which field of the kind."""
    boundary_set_id: Mapped[int | None] = mapped_column(ForeignKey("boundary_set.id"))
    report: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    """What the check found: rows, placed, unplaced, refused, total, months, boroughs, problems by code."""
    job_id: Mapped[UUID | None] = mapped_column(ForeignKey("job.id"))
    """The job now or last at work on it."""
    received_at: Mapped[dt.datetime] = mapped_column(UtcDateTime)
    checked_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)
    committed_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)

    versions: Mapped[list[Version]] = relationship(back_populates="upload", order_by="Version.borough_code")


class Version(InBorough, Base):
    """What one upload gave one borough."""

    __tablename__ = "version"
    __table_args__ = (
        UniqueConstraint("id", "borough_code"),
        UniqueConstraint("upload_id", "borough_code"),
        UniqueConstraint("borough_code", "dataset", "number"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[UUID] = mapped_column(Uuid, unique=True, default=uuid4)
    upload_id: Mapped[UUID] = mapped_column(ForeignKey("upload.id"))
    dataset: Mapped[str] = mapped_column(String(40))
    number: Mapped[int]
    """1, 2, 3 … within the borough and dataset."""
    boundary_set_id: Mapped[int | None] = mapped_column(ForeignKey("boundary_set.id"))
    """The wards its ward codes belong to."""
    extract_date: Mapped[dt.date]
    """The day the figures were drawn from their source; the day of the upload where the file does not say."""
    placed: Mapped[int]
    unplaced: Mapped[int]
    committed_at: Mapped[dt.datetime] = mapped_column(UtcDateTime)
    committed_by: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    undone_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)

    upload: Mapped[Upload] = relationship(back_populates="versions")
    months: Mapped[list[VersionMonth]] = relationship(back_populates="version", order_by="VersionMonth.month")


class VersionMonth(InBorough, Base):
    """One month that a version covers, and whether it is what readers see for that month."""

    __tablename__ = "version_month"
    __table_args__ = (ForeignKeyConstraint(["version_id", "borough_code"], ["version.id", "version.borough_code"]),)

    version_id: Mapped[int] = mapped_column(primary_key=True)
    month: Mapped[dt.date] = mapped_column(primary_key=True)
    dataset: Mapped[str] = mapped_column(String(40))
    placed: Mapped[int]
    unplaced: Mapped[int]
    is_current: Mapped[bool]

    version: Mapped[Version] = relationship(back_populates="months")


Index(
    "uq_version_month_current",
    VersionMonth.borough_code,
    VersionMonth.dataset,
    VersionMonth.month,
    unique=True,
    sqlite_where=VersionMonth.is_current,
    postgresql_where=VersionMonth.is_current,
)


class WardCount(InBorough, Base):
    """How many offences of one subgroup one ward had in one month; `ward_code` is None when not placed in a ward."""

    __tablename__ = "ward_count"
    __table_args__ = (
        ForeignKeyConstraint(["version_id", "borough_code"], ["version.id", "version.borough_code"]),
        Index("ix_ward_count_version_month", "version_id", "month"),
    )

    # Its version's, and so neither indexed nor a key of its own: each would cost every row as much as the row.
    borough_code: Mapped[str] = mapped_column(String(9))
    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    version_id: Mapped[int]
    month: Mapped[dt.date]
    ward_code: Mapped[str | None] = mapped_column(String(9))
    offence_group: Mapped[str] = mapped_column(String(80))
    offence_subgroup: Mapped[str] = mapped_column(String(120))
    count: Mapped[int]


class Incident(InBorough, Base):
    """One point of a street-level file, snapped by its source; `ward_code` is None when not placed in a ward."""

    __tablename__ = "incident"
    __table_args__ = (
        ForeignKeyConstraint(["version_id", "borough_code"], ["version.id", "version.borough_code"]),
        Index("ix_incident_version_month", "version_id", "month"),
    )

    borough_code: Mapped[str] = mapped_column(String(9))
    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    version_id: Mapped[int]
    month: Mapped[dt.date]
    category: Mapped[str] = mapped_column(String(80))
    easting: Mapped[float | None]
    """Metres on the National Grid, to 0.1; None when the file gave no place."""
    northing: Mapped[float | None]
    ward_code: Mapped[str | None] = mapped_column(String(9))
