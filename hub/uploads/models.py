"""Tables of uploads, of what people decided about them, of the versions they become, and of the rows in them.

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
    DateTime,
    Double,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    SmallInteger,
    String,
    UniqueConstraint,
    Uuid,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from hub.columns import Base, InArea, InBorough, UtcDateTime, one_of

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
    __table_args__ = (Index("uq_upload_id_area_key", "id", "area_key", unique=True),)

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
    answers: Mapped[dict[str, str]] = mapped_column(JSON, default=dict)
    """What a person said of how the file is to be read: its sheet, its row of headings, the order of its dates …"""
    corrects_id: Mapped[UUID | None]
    """The earlier upload whose marked file, or held rows, this one puts right: always one of the same area."""
    is_holding: Mapped[bool] = mapped_column(default=False)
    """Whether the rows that must be fixed are held back, and the good ones go ahead."""
    boundary_set_id: Mapped[int | None] = mapped_column(ForeignKey("boundary_set.id"))
    report: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    """What the check found: rows, placed, unplaced, refused, total, months, boroughs, problems by code."""
    job_id: Mapped[UUID | None] = mapped_column(ForeignKey("job.id"))
    """The job now or last at work on it."""
    received_at: Mapped[dt.datetime] = mapped_column(UtcDateTime)
    checked_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)
    committed_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)
    warned_on: Mapped[dt.date | None]
    """The day from which its people are told that it will be deleted."""

    versions: Mapped[list[Version]] = relationship(back_populates="upload", order_by="Version.borough_code")
    edits: Mapped[list[Edit]] = relationship(order_by="Edit.id", viewonly=True)
    decisions: Mapped[list[Decision]] = relationship(order_by="Decision.code", viewonly=True)


class Edit(InArea, Base):
    """One cell put right on screen; the file itself is never changed."""

    __tablename__ = "upload_edit"
    __table_args__ = (
        ForeignKeyConstraint(["upload_id", "area_key"], ["upload.id", "upload.area_key"]),
        UniqueConstraint("upload_id", "row", "column"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    upload_id: Mapped[UUID]
    row: Mapped[int]
    column: Mapped[str] = mapped_column(String(255))
    """The heading of the cell's column; empty where the whole row is left out."""
    value: Mapped[str | None] = mapped_column(String(1000))
    """What stands there now; None where the cell is emptied or the row left out."""
    editor_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    edited_at: Mapped[dt.datetime] = mapped_column(UtcDateTime)


class Act(StrEnum):
    """What a person decided about every problem of one code."""

    FIX = "fix"
    CONFIRM = "confirm"


class Decision(InArea, Base):
    """What a person decided about all problems of one code in an upload, and why."""

    __tablename__ = "upload_decision"
    __table_args__ = (ForeignKeyConstraint(["upload_id", "area_key"], ["upload.id", "upload.area_key"]),)

    upload_id: Mapped[UUID] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(String(40), primary_key=True)
    act: Mapped[Act] = mapped_column(one_of(Act))
    reason: Mapped[str] = mapped_column(String(500))
    decider_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    decided_at: Mapped[dt.datetime] = mapped_column(UtcDateTime)


class ColumnMemory(InArea, Base):
    """How the files of one dataset from one set of boroughs were last matched and read, for the next one."""

    __tablename__ = "column_memory"

    area_key: Mapped[str] = mapped_column(String(512), primary_key=True)
    dataset: Mapped[str] = mapped_column(String(40), primary_key=True)
    headings: Mapped[list[str]] = mapped_column(JSON)
    column_fields: Mapped[dict[str, str]] = mapped_column(JSON)
    answers: Mapped[dict[str, str]] = mapped_column(JSON)
    remembered_at: Mapped[dt.datetime] = mapped_column(UtcDateTime)


class AddedKind(Base):
    """A dataset kind that an administrator added to those the hub ships with."""

    __tablename__ = "added_kind"

    key: Mapped[str] = mapped_column(String(40), primary_key=True)
    definition: Mapped[dict[str, Any]] = mapped_column(JSON)
    """As a file of the catalogue says it."""
    added_at: Mapped[dt.datetime] = mapped_column(UtcDateTime)


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
    classification: Mapped[str] = mapped_column(String(40), default="")
    """The edition of the source's categories; empty where it has only one."""
    agreement_id: Mapped[UUID | None]
    """The version of the sharing agreement it came under: one of the same borough; None for published figures."""
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
    by_category: Mapped[list[tuple[str, str, int]]] = mapped_column(JSON, server_default="[]")
    """Of each group and subgroup, how many; nothing of shares, which add up to nothing."""
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
    lsoa_code: Mapped[str | None] = mapped_column(String(9))
    """The small area that the source counted by; None where it counted by ward or borough."""
    placed_by: Mapped[str] = mapped_column(String(16), default="")
    """How its ward was found: a `placing.Method`."""
    confidence: Mapped[int | None] = mapped_column(SmallInteger)
    """Of that, in per cent; None where the file itself gave the ward."""


class Share(InBorough, Base):
    """What share of a borough's people said one thing in a survey, over the twelve months to the end of a month."""

    __tablename__ = "share"
    __table_args__ = (
        ForeignKeyConstraint(["version_id", "borough_code"], ["version.id", "version.borough_code"]),
        Index("ix_share_version_month", "version_id", "month"),
    )

    borough_code: Mapped[str] = mapped_column(String(9))
    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    version_id: Mapped[int]
    month: Mapped[dt.date]
    measure: Mapped[str] = mapped_column(String(120))
    share: Mapped[float] = mapped_column(Double)
    """From 0 to 1."""


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
    subcategory: Mapped[str] = mapped_column(String(120), default="")
    occurred_from: Mapped[dt.datetime | None] = mapped_column(DateTime)
    """London time, as the source gave it: the start of the window in which it happened, or the moment."""
    occurred_to: Mapped[dt.datetime | None] = mapped_column(DateTime)
    """The end of that window; None where the source gave one moment, or none."""
    placed_by: Mapped[str] = mapped_column(String(16), default="")
    """How its ward was found: a `placing.Method`."""
    confidence: Mapped[int | None] = mapped_column(SmallInteger)
    """Of that, in per cent; None where the file's own point or code decided."""
    reference_hash: Mapped[int | None] = mapped_column(BigInteger)
    """Of its source's reference, under the hub's key (see `references`); None where it came with none."""
