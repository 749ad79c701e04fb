"""Tables of people, the roles they hold for places, and their sessions."""

from __future__ import annotations

import datetime as dt
from enum import StrEnum
from uuid import UUID, uuid4

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, LargeBinary, String, UniqueConstraint, Uuid
from sqlalchemy.orm import Mapped, mapped_column, relationship

from hub.access import Role
from hub.columns import Base, UtcDateTime, one_of

LONGEST_GROUP = 200


class LinkPurpose(StrEnum):
    """What a link in a letter is good for."""

    INVITATION = "invitation"
    RESET = "reset"


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
    joined_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)
    """When the person first had a way to sign in; None while only invited."""

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
    from_group: Mapped[str | None] = mapped_column(String(LONGEST_GROUP))
    """The group of the person's own organisation that it came from; None where an administrator gave it."""

    person: Mapped[Person] = relationship(back_populates="memberships")


class SignInSession(Base):
    """One browser signed in. The cookie holds a random token; here stands only its hash."""

    __tablename__ = "sign_in_session"

    token_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    id: Mapped[UUID] = mapped_column(Uuid, unique=True, default=uuid4)
    """What pages name it by. It stays when the token changes."""
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"), index=True)
    device: Mapped[str] = mapped_column(String(40), default="")
    """The kind of browser, such as "Firefox on Windows", so that its owner knows it again; nothing closer is kept."""
    began_at: Mapped[dt.datetime] = mapped_column(UtcDateTime)
    last_seen_at: Mapped[dt.datetime] = mapped_column(UtcDateTime)
    proved_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)
    """When the second step was last taken, or found not to be asked for; until then the browser is nobody's."""
    challenge: Mapped[bytes | None] = mapped_column(LargeBinary)
    """What a security key was asked to sign; good once."""
    challenged_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)
    ended_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)


class SeeingAs(Base):
    """A role as which somebody sees the hub in one sign-in, by the hash of that sign-in's token."""

    __tablename__ = "seeing_as"

    token_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"), index=True)
    role: Mapped[Role] = mapped_column(one_of(Role))
    borough_code: Mapped[str] = mapped_column(ForeignKey("borough.code"))
    began_at: Mapped[dt.datetime] = mapped_column(UtcDateTime)


class Authenticator(Base):
    """A person's app that shows six figures, anew every half minute."""

    __tablename__ = "authenticator"

    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"), primary_key=True)
    sealed_secret: Mapped[str] = mapped_column(String(255))
    """Encrypted under the hub's secret key."""
    last_step: Mapped[int]
    """The half minute of the newest code that was taken: only later ones are good."""
    added_at: Mapped[dt.datetime] = mapped_column(UtcDateTime)


class SecurityKey(Base):
    """A key on a person's desk, or in their telephone or computer, that signs what it is asked to."""

    __tablename__ = "security_key"

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True, default=uuid4)
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"), index=True)
    name: Mapped[str] = mapped_column(String(80))
    credential_id: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    public_key: Mapped[bytes] = mapped_column(LargeBinary)
    sign_count: Mapped[int] = mapped_column(BigInteger)
    """How often it had signed; a key that counts and falls behind was copied."""
    added_at: Mapped[dt.datetime] = mapped_column(UtcDateTime)
    last_used_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)


class RecoveryCode(Base):
    """A code on paper, good once, for somebody whose telephone or key is lost. Here is its keyed hash."""

    __tablename__ = "recovery_code"

    code_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"), index=True)
    used_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)


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


class OneTimeLink(Base):
    """A link that lets one person do one thing once. The letter holds a random secret; here stands only its hash."""

    __tablename__ = "one_time_link"

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True, default=uuid4)
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"), index=True)
    purpose: Mapped[LinkPurpose] = mapped_column(one_of(LinkPurpose))
    token_hash: Mapped[str | None] = mapped_column(String(64), unique=True)
    """None until the letter is written."""
    asked_at: Mapped[dt.datetime] = mapped_column(UtcDateTime)
    good_until: Mapped[dt.datetime] = mapped_column(UtcDateTime)
    used_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)
    withdrawn_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)
    job_id: Mapped[UUID | None] = mapped_column(Uuid)
    """The job that sends it; None where an administrator hands it over."""


class SingleSignOnIdentity(Base):
    """Who somebody is to an issuer of identities, which outlives their e-mail address."""

    __tablename__ = "single_sign_on_identity"
    __table_args__ = (UniqueConstraint("issuer", "subject"), UniqueConstraint("issuer", "person_id"))

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True, default=uuid4)
    issuer: Mapped[str] = mapped_column(String(500))
    subject: Mapped[str] = mapped_column(String(255))
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"), index=True)
    linked_at: Mapped[dt.datetime] = mapped_column(UtcDateTime)


class GroupRole(Base):
    """The role that members of a group of some organisation hold, as an administrator of its place decided."""

    __tablename__ = "group_role"
    __table_args__ = (
        CheckConstraint(
            "(borough_code IS NOT NULL AND bcu_id IS NULL AND NOT is_london)"
            " OR (borough_code IS NULL AND bcu_id IS NOT NULL AND NOT is_london)"
            " OR (borough_code IS NULL AND bcu_id IS NULL AND is_london)",
            name="one_place",
        ),
    )

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True, default=uuid4)
    group: Mapped[str] = mapped_column("group_name", String(LONGEST_GROUP), index=True)
    """As the issuer writes it."""
    role: Mapped[Role] = mapped_column(one_of(Role))
    borough_code: Mapped[str | None] = mapped_column(ForeignKey("borough.code"))
    bcu_id: Mapped[int | None] = mapped_column(ForeignKey("bcu.id"))
    is_london: Mapped[bool] = mapped_column(default=False)
    made_by: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    made_at: Mapped[dt.datetime] = mapped_column(UtcDateTime)
