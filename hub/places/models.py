"""Tables of public geography. A ward is its boundary set and its code, never its name."""

from __future__ import annotations

import datetime as dt

import shapely
from sqlalchemy import Double, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from hub.columns import Base, Geometry, UtcDateTime


class City(Base):
    """The one city this hub serves, and what must be said about it on every page."""

    __tablename__ = "city"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(80))
    is_fictional: Mapped[bool]
    attribution: Mapped[str] = mapped_column(String(500))


class Bcu(Base):
    """A Met Police Basic Command Unit: a set of two to four boroughs."""

    __tablename__ = "bcu"

    id: Mapped[int] = mapped_column(primary_key=True)
    slug: Mapped[str] = mapped_column(String(80), unique=True)
    name: Mapped[str] = mapped_column(String(80), unique=True)

    boroughs: Mapped[list[Borough]] = relationship(back_populates="bcu", order_by="Borough.name")


class Borough(Base):
    """A borough, or the City of London, which has no Met BCU."""

    __tablename__ = "borough"

    code: Mapped[str] = mapped_column(String(9), primary_key=True)
    name: Mapped[str] = mapped_column(String(80), unique=True)
    bcu_id: Mapped[int | None] = mapped_column(ForeignKey("bcu.id"), index=True)
    outline: Mapped[shapely.Geometry] = mapped_column(Geometry, deferred=True)

    bcu: Mapped[Bcu | None] = relationship(back_populates="boroughs")


class BoundarySet(Base):
    """One edition of the wards, named for the year it came into force."""

    __tablename__ = "boundary_set"

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(String(20), unique=True)
    in_force_from: Mapped[dt.date]
    source: Mapped[str] = mapped_column(String(300))
    content_hash: Mapped[str] = mapped_column(String(64))
    """Of the codes, boroughs and outlines: what has been computed on a set holds while this stays the same."""
    loaded_at: Mapped[dt.datetime] = mapped_column(UtcDateTime)


class Ward(Base):
    """A ward of one boundary set. Its borough always follows from its code."""

    __tablename__ = "ward"
    __table_args__ = (UniqueConstraint("boundary_set_id", "code", "borough_code"),)

    boundary_set_id: Mapped[int] = mapped_column(ForeignKey("boundary_set.id"), primary_key=True)
    code: Mapped[str] = mapped_column(String(9), primary_key=True)
    name: Mapped[str] = mapped_column(String(120))
    borough_code: Mapped[str] = mapped_column(ForeignKey("borough.code"), index=True)
    residents: Mapped[int | None]
    residents_source: Mapped[str] = mapped_column(String(120), default="")
    residents_year: Mapped[int | None]
    outline: Mapped[shapely.Geometry] = mapped_column(Geometry, deferred=True)


class BoroughPopulation(Base):
    """Residents of a borough by one source and year: the denominator of its rates."""

    __tablename__ = "borough_population"

    borough_code: Mapped[str] = mapped_column(ForeignKey("borough.code"), primary_key=True)
    source: Mapped[str] = mapped_column(String(120), primary_key=True)
    year: Mapped[int] = mapped_column(primary_key=True)
    residents: Mapped[int]


class SmallArea(Base):
    """A lower layer super output area (LSOA) of one census: what counts are often published by."""

    __tablename__ = "small_area"

    edition: Mapped[str] = mapped_column(String(4), primary_key=True)
    """The census they were drawn for: 2011, 2021."""
    code: Mapped[str] = mapped_column(String(9), primary_key=True)
    borough_code: Mapped[str] = mapped_column(ForeignKey("borough.code"), index=True)
    outline: Mapped[shapely.Geometry] = mapped_column(Geometry, deferred=True)


class SmallAreaWard(Base):
    """The one ward of a boundary set to which all that happened in a small area is given."""

    __tablename__ = "small_area_ward"

    boundary_set_id: Mapped[int] = mapped_column(ForeignKey("boundary_set.id"), primary_key=True)
    code: Mapped[str] = mapped_column(String(9), primary_key=True)
    """Of the small area; a code that two editions share is the same ground in both."""
    ward_code: Mapped[str] = mapped_column(String(9))
    share: Mapped[float] = mapped_column(Double)
    """Of the small area's ground that lies in that ward, from 0 to 1."""
    is_official: Mapped[bool]
    """Whether a publisher's lookup says so, and not the largest overlap."""


class OutwardWard(Base):
    """What part of an outward postcode ("SE1") belongs to a ward."""

    __tablename__ = "outward_ward"

    boundary_set_id: Mapped[int] = mapped_column(ForeignKey("boundary_set.id"), primary_key=True)
    outward_code: Mapped[str] = mapped_column(String(4), primary_key=True)
    ward_code: Mapped[str] = mapped_column(String(9), primary_key=True)
    share: Mapped[float] = mapped_column(Double)
