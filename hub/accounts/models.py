"""Tables of people, the roles they hold for places, and their sessions."""

from __future__ import annotations

import datetime as dt
from uuid import UUID, uuid4

from sqlalchemy import CheckConstraint, ForeignKey, String, Uuid
from sqlalchemy.orm import Mapped, mapped_column, relationship

from hub.access import Role
from hub.db import Base, UtcDateTime, one_of


class Person(Base):
    """Somebody who may sign in."""

    __tablename__ = "person"

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True, default=uuid4)
    email: Mapped[str] = mapped_column(String(254), unique=True)
    """In lower case."""
    name: Mapped[str] = mapped_column(String(120))
    password_hash: Mapped[str] = mapped_column(String(255))
    is_active: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[dt.datetime] = mapped_column(UtcDateTime)

    memberships: Mapped[list[Membership]] = relationship(back_populates="person", lazy="selectin")


class Membership(Base):
    """One role held for one borough, one BCU or London, between two dates."""

    __tablename__ = "membership"
    __table_args__ = (
        CheckConstraint(
            "(borough_code IS NOT NULL AND bcu_id IS NULL AND NOT is_london)"
            " OR (borough_code IS NULL AND bcu_id IS NOT NULL AND NOT is_london)"
            " OR (borough_code IS NULL AND bcu_id IS NULL AND is_london)",
            name="one_place",
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"), index=True)
    role: Mapped[Role] = mapped_column(one_of(Role))
    borough_code: Mapped[str | None] = mapped_column(ForeignKey("borough.code"))
    bcu_id: Mapped[int | None] = mapped_column(ForeignKey("bcu.id"))
    is_london: Mapped[bool] = mapped_column(default=False)
    starts_on: Mapped[dt.date]
    ends_on: Mapped[dt.date | None]
    """The last day on which the role is held; None while open-ended."""

    person: Mapped[Person] = relationship(back_populates="memberships")


class SignInSession(Base):
    """One browser signed in. The cookie holds a random token; here stands only its hash."""

    __tablename__ = "sign_in_session"

    token_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"), index=True)
    began_at: Mapped[dt.datetime] = mapped_column(UtcDateTime)
    last_seen_at: Mapped[dt.datetime] = mapped_column(UtcDateTime)
    ended_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)


class SignInFailure(Base):
    """A failed sign-in, by keyed hash of account and of address, so that the next may be slowed."""

    __tablename__ = "sign_in_failure"

    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(String(64), index=True)
    at: Mapped[dt.datetime] = mapped_column(UtcDateTime, index=True)


class ApiToken(Base):
    """What lets a person's own script send files of one dataset. The script holds a random token; here is its hash."""

    __tablename__ = "api_token"

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True, default=uuid4)
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"), index=True)
    name: Mapped[str] = mapped_column(String(80))
    """What it is for, in its maker's words."""
    dataset: Mapped[str] = mapped_column(String(40))
    """The key of the one dataset kind it may send."""
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    made_at: Mapped[dt.datetime] = mapped_column(UtcDateTime)
    ends_on: Mapped[dt.date]
    """The last day on which it is good."""
    ended_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)
    last_used_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)
    hour_began_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)
    """When the hour began in which its use is now counted."""
    uploads_in_hour: Mapped[int] = mapped_column(default=0)
    looks_in_hour: Mapped[int] = mapped_column(default=0)
