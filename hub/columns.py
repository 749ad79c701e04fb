"""What tables are made of: kinds of columns, and the ways in which a row belongs to boroughs or is written but once."""

from __future__ import annotations

import datetime as dt
from enum import StrEnum
from typing import ClassVar, TypeAlias

import shapely
from sqlalchemy import DateTime, Dialect, Enum, ForeignKey, LargeBinary, MetaData, String
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.types import TypeDecorator


class UtcDateTime(TypeDecorator[dt.datetime]):
    """An instant: aware on both sides, kept as UTC."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: dt.datetime | None, dialect: Dialect) -> dt.datetime | None:
        """Refuse a naive time; keep the rest as UTC."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"{value} has no time zone.")
        return value.astimezone(dt.UTC)

    def process_result_value(self, value: dt.datetime | None, dialect: Dialect) -> dt.datetime | None:
        """Give back an aware time; SQLite forgets the zone."""
        if value is None:
            return None
        return value.replace(tzinfo=dt.UTC) if value.tzinfo is None else value.astimezone(dt.UTC)


class Geometry(TypeDecorator[shapely.Geometry]):
    """A shapely geometry in metres on the British National Grid (EPSG:27700), kept as WKB."""

    impl = LargeBinary
    cache_ok = True

    def process_bind_param(self, value: shapely.Geometry | None, dialect: Dialect) -> bytes | None:
        """Write well-known binary."""
        return None if value is None else bytes(shapely.to_wkb(value))

    def process_result_value(self, value: bytes | None, dialect: Dialect) -> shapely.Geometry | None:
        """Read well-known binary."""
        return None if value is None else shapely.from_wkb(value)


def one_of(words: type[StrEnum]) -> Enum:
    """A column that holds one of a few words, kept as they are written."""
    return Enum(words, native_enum=False, length=32, values_callable=lambda kinds: [kind.value for kind in kinds])


class Base(DeclarativeBase):
    """Every table of the hub."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(column_0_label)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


class InBorough:
    """A row that belongs to one borough, and is seen and changed only by people of that borough."""

    fence: ClassVar[str] = "borough_code"

    borough_code: Mapped[str] = mapped_column(ForeignKey("borough.code"), index=True)


class InArea:
    """A row made for a set of boroughs, seen only by people whose scope covers all of them.

    `area_key` is the borough codes, sorted and joined with "+".
    """

    fence: ClassVar[str] = "area_key"

    area_key: Mapped[str] = mapped_column(String(512), index=True)


class AmongBoroughs:
    """A row that belongs to a set of boroughs together, seen and changed by people of any one of them.

    `borough_set` is named as an `area_key` is.
    """

    fence: ClassVar[str] = "borough_set"

    borough_set: Mapped[str] = mapped_column(String(512), index=True)


Fenced: TypeAlias = InBorough | InArea | AmongBoroughs
"""Every way in which a row can belong to boroughs."""


class AppendOnly:
    """A row that is written once: the ORM neither changes nor deletes it, nor may the web role on PostgreSQL.

    It goes only with the row that it hangs on, by the database's own cascade.
    """


def area_key(borough_codes: frozenset[str] | set[str]) -> str:
    """Name a set of boroughs, the same way every time."""
    return "+".join(sorted(borough_codes))
