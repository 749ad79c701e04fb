"""The tables of problems: each belongs to a set of boroughs, and what is written of it is kept as it was written."""

from __future__ import annotations

import datetime as dt
from typing import Any
from uuid import UUID, uuid4

from shapely.geometry.base import BaseGeometry
from sqlalchemy import JSON, ForeignKey, ForeignKeyConstraint, LargeBinary, String, UniqueConstraint, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from hub.columns import AmongBoroughs, AppendOnly, Base, Geometry, UtcDateTime, one_of
from hub.problems.terms import Kind, Origin, Result, Stage


class Problem(AmongBoroughs, Base):
    """How one problem stands now; what was written of it, and when, is in its entries."""

    __tablename__ = "problem"
    __table_args__ = (UniqueConstraint("borough_set", "year", "number"), UniqueConstraint("id", "borough_set"))

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True, default=uuid4)
    year: Mapped[int]
    number: Mapped[int]
    """Drawn by lot: it tells of no other problem. Those of the first problems were counted."""
    title: Mapped[str] = mapped_column(String(120))
    kind: Mapped[str] = mapped_column(String(40))
    stage: Mapped[Stage] = mapped_column(one_of(Stage), index=True)
    origin: Mapped[Origin] = mapped_column(one_of(Origin))
    priority_id: Mapped[UUID | None]
    """The ward panel's priority that it came from, if it did."""
    place_name: Mapped[str] = mapped_column(String(120))
    ward_code: Mapped[str | None] = mapped_column(String(9))
    cells: Mapped[list[str]] = mapped_column(JSON)
    """Codes of small areas."""
    zone_id: Mapped[UUID | None]
    """The zone that its outline was taken from, which may since have gone."""
    premises: Mapped[str] = mapped_column(String(40))
    """The kind of premises, where it is of one kind; else empty."""
    outline: Mapped[BaseGeometry | None] = mapped_column(Geometry)
    """The ground as it was when the problem was opened."""
    categories: Mapped[list[str]] = mapped_column(JSON)
    first_month: Mapped[dt.date]
    last_month: Mapped[dt.date]
    owner_body: Mapped[str] = mapped_column(String(40))
    owner_id: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))
    result: Mapped[Result | None] = mapped_column(one_of(Result))
    abstract_id: Mapped[UUID | None]
    """What of it is in the problem memory."""
    opened_by: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    opened_at: Mapped[dt.datetime] = mapped_column(UtcDateTime)
    changed_at: Mapped[dt.datetime] = mapped_column(UtcDateTime)
    closed_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)
    asked_on: Mapped[dt.date | None]
    """When somebody was asked to close it, as nothing was written of it; none once something is."""

    @property
    def boroughs(self) -> frozenset[str]:
        """The codes of the boroughs that it belongs to."""
        return frozenset(self.borough_set.split("+"))

    @property
    def reference(self) -> str:
        """`P-2026-4821`."""
        return f"P-{self.year}-{self.number:03}"


class Entry(AmongBoroughs, AppendOnly, Base):
    """One thing that was written of a problem. A later entry of the same thing says how it stands since."""

    __tablename__ = "problem_entry"
    __table_args__ = (
        ForeignKeyConstraint(["problem_id", "borough_set"], ["problem.id", "problem.borough_set"], ondelete="CASCADE"),
        UniqueConstraint("problem_id", "number"),
    )

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True, default=uuid4)
    problem_id: Mapped[UUID] = mapped_column(Uuid)
    number: Mapped[int]
    """1, 2, 3 … of the problem."""
    kind: Mapped[Kind] = mapped_column(one_of(Kind))
    thing: Mapped[UUID]
    """Which hypothesis, objective, response … it is about; of what there is only one, the problem itself."""
    body: Mapped[dict[str, Any]] = mapped_column(JSON)
    """As `contents` has it for the kind."""
    written_by: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    written_at: Mapped[dt.datetime] = mapped_column(UtcDateTime)


class Attachment(AmongBoroughs, Base):
    """A file beside a problem. It is deleted when it is taken off; the entries say that it was there."""

    __tablename__ = "problem_attachment"
    __table_args__ = (
        ForeignKeyConstraint(["problem_id", "borough_set"], ["problem.id", "problem.borough_set"], ondelete="CASCADE"),
    )

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True, default=uuid4)
    problem_id: Mapped[UUID] = mapped_column(Uuid, index=True)
    file_name: Mapped[str] = mapped_column(String(255))
    content: Mapped[bytes] = mapped_column(LargeBinary)
    sha256: Mapped[str] = mapped_column(String(64))
    added_by: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    added_at: Mapped[dt.datetime] = mapped_column(UtcDateTime)


class OutsideAddress(AmongBoroughs, Base):
    """An e-mail address outside the hub that a problem's tasks are asked of: kept apart, so that it can go alone."""

    __tablename__ = "problem_address"
    __table_args__ = (
        ForeignKeyConstraint(["problem_id", "borough_set"], ["problem.id", "problem.borough_set"], ondelete="CASCADE"),
        UniqueConstraint("problem_id", "address"),
    )

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True, default=uuid4)
    """What the entries of tasks say in its place."""
    problem_id: Mapped[UUID] = mapped_column(Uuid)
    address: Mapped[str] = mapped_column(String(254))


class Abstract(Base):
    """What a problem's owner told all boroughs of it: the problem memory. It says neither whose it was nor where."""

    __tablename__ = "problem_abstract"

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True, default=uuid4)
    kind: Mapped[str] = mapped_column(String(40))
    premises: Mapped[str] = mapped_column(String(40))
    techniques: Mapped[list[int]] = mapped_column(JSON)
    result: Mapped[Result | None] = mapped_column(one_of(Result))
    problem: Mapped[str] = mapped_column(String(500))
    response: Mapped[str] = mapped_column(String(1000))
    learning: Mapped[str] = mapped_column(String(1000))
    published_at: Mapped[dt.datetime] = mapped_column(UtcDateTime)
