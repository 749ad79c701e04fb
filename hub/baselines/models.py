"""The tables of baselines: what was frozen, its pieces of ground, and its counts by version of the data."""

from __future__ import annotations

import datetime as dt
from enum import StrEnum
from typing import Any
from uuid import UUID, uuid4

from shapely.geometry.base import BaseGeometry
from sqlalchemy import JSON, ForeignKey, ForeignKeyConstraint, LargeBinary, String, UniqueConstraint, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from hub.columns import AmongBoroughs, AppendOnly, Base, Geometry, InBorough, UtcDateTime, one_of


class Role(StrEnum):
    """What a piece of ground is to a baseline."""

    RESPONSE = "response"
    BUFFER = "buffer"
    CONTROL = "control"


class Baseline(AmongBoroughs, AppendOnly, Base):
    """What was recorded before anything was done, as it was known when it was frozen; a later one takes its place."""

    __tablename__ = "problem_baseline"
    __table_args__ = (
        ForeignKeyConstraint(["problem_id", "borough_set"], ["problem.id", "problem.borough_set"], ondelete="CASCADE"),
        UniqueConstraint("problem_id", "number"),
        UniqueConstraint("id", "borough_set"),
    )

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True, default=uuid4)
    problem_id: Mapped[UUID] = mapped_column(Uuid)
    number: Mapped[int]
    """1, 2, 3 … of the problem; the last is the one that holds."""
    reason: Mapped[str] = mapped_column(String(500))
    """Why it takes the place of the one before; blank for the first."""
    dataset: Mapped[str] = mapped_column(String(40))
    category: Mapped[str] = mapped_column(String(120))
    boundary_set: Mapped[str] = mapped_column(String(40))
    """The code of the wards counted on; blank where points were counted."""
    months: Mapped[list[str]] = mapped_column(JSON)
    """In order, as `2026-01`."""
    carried_over: Mapped[list[str]] = mapped_column(JSON)
    """Those of them that were counted on other wards."""
    sources: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    """Of each version of the data: `borough_code`, `version` (its public id), `extract` and `months`."""
    ring_metres: Mapped[float]
    considered: Mapped[int]
    """Pieces of ground that were looked at as controls."""
    why_none: Mapped[str] = mapped_column(String(200))
    """Why none could be looked for; blank otherwise."""
    sha256: Mapped[str] = mapped_column(String(64))
    """Of all of it, its grounds and its counts."""
    frozen_by: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    frozen_at: Mapped[dt.datetime] = mapped_column(UtcDateTime)


class BaselineGround(AmongBoroughs, AppendOnly, Base):
    """One piece of ground of a baseline, without its counts."""

    __tablename__ = "problem_ground"
    __table_args__ = (
        ForeignKeyConstraint(
            ["baseline_id", "borough_set"], ["problem_baseline.id", "problem_baseline.borough_set"], ondelete="CASCADE"
        ),
        UniqueConstraint("baseline_id", "position"),
    )

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True, default=uuid4)
    baseline_id: Mapped[UUID] = mapped_column(Uuid)
    position: Mapped[int]
    """0, 1, 2 …: the place itself, then its buffer, then its controls."""
    role: Mapped[Role] = mapped_column(one_of(Role))
    name: Mapped[str] = mapped_column(String(160))
    unit: Mapped[str] = mapped_column(String(40))
    """By which it is chosen: a ward's code, or a corner."""
    ward_codes: Mapped[list[str]] = mapped_column(JSON)
    outline: Mapped[BaseGeometry] = mapped_column(Geometry)
    rule: Mapped[str] = mapped_column(String(40))
    """Of a control: `suitable`, or the rule that it breaks; else blank."""


class BaselinePart(InBorough, AppendOnly, Base):
    """The counts of a baseline that came from one version of one borough's data, and go with that version."""

    __tablename__ = "problem_baseline_part"
    __table_args__ = (
        ForeignKeyConstraint(
            ["version_id", "borough_code"], ["version.id", "version.borough_code"], ondelete="CASCADE"
        ),
        UniqueConstraint("baseline_id", "version_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    baseline_id: Mapped[UUID] = mapped_column(ForeignKey("problem_baseline.id", ondelete="CASCADE"))
    version_id: Mapped[int] = mapped_column(index=True)
    months: Mapped[list[str]] = mapped_column(JSON)
    counts: Mapped[list[list[int]]] = mapped_column(JSON)
    """A row for each piece of ground, by position; a figure for each of the months."""
    evidence: Mapped[bytes] = mapped_column(LargeBinary)
    """Its share of what was known of the place. That counts all boroughs and months together, so it takes every part of
    the baseline to read it: who may not see one of them reads none of it, and with one of them it is gone."""
