"""Opens the way to the database, with the settings that keep data safe on SQLite and on PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, OperationalError

from hub.errors import SettingsError, Unavailable

SECONDS_TO_CONNECT = 5
SECONDS_TO_WAIT_FOR_A_LOCK = 30
MILLISECONDS_TO_WAIT_WHERE_IN_HASTE = 200


def open_engine(url: str) -> Engine:
    """Open an engine with the settings that keep data safe on SQLite and PostgreSQL, and out of error texts."""
    try:
        address = make_url(url)
    except ArgumentError:
        # The address may hold a password: it is not repeated.
        raise SettingsError(
            "HUB_DATABASE_URL is not the address of a database.", remedy="Use sqlite:///… or postgresql://…"
        ) from None
    if address.get_backend_name() == "sqlite":
        engine = create_engine(address, hide_parameters=True, connect_args={"timeout": SECONDS_TO_WAIT_FOR_A_LOCK})
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return engine
    if address.get_backend_name() != "postgresql":
        raise SettingsError(
            f"HUB_DATABASE_URL names '{address.get_backend_name()}'.", remedy="Use sqlite:///… or postgresql://…"
        )
    engine = create_engine(
        address.set(drivername="postgresql+psycopg"),
        hide_parameters=True,
        pool_pre_ping=True,
        connect_args={"connect_timeout": SECONDS_TO_CONNECT},
    )
    event.listen(engine, "begin", _begin_postgresql)
    return engine


def _prepare_sqlite(connection: Any, _record: object) -> None:
    # The driver's own transaction handling begins too late and loses updates; `_begin_sqlite` does it instead.
    connection.isolation_level = None
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "secure_delete=ON"):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    options = connection.get_execution_options()
    seconds = SECONDS_TO_WAIT_FOR_A_LOCK if options.get("hub_waits", True) else 0
    connection.exec_driver_sql(f"PRAGMA busy_timeout = {seconds * 1000}")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if options.get("hub_writes", False) else "BEGIN")


def _begin_postgresql(connection: Connection) -> None:
    if not connection.get_execution_options().get("hub_waits", True):
        connection.exec_driver_sql(f"SET LOCAL lock_timeout = {MILLISECONDS_TO_WAIT_WHERE_IN_HASTE}")


@contextmanager
def database_errors() -> Iterator[None]:
    """Say plainly that the database is away, instead of a driver's text."""
    try:
        yield
    except OperationalError as error:
        raise Unavailable("The hub's database cannot be reached just now.", remedy="Try again in a minute.") from error
