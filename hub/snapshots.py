"""The whole database as files, and back, behind every fence: for backup and restore alone, as the tables' owner.

A snapshot is one moment's, whoever writes meanwhile: SQLite's own online backup, PostgreSQL's one transaction.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import psycopg
from sqlalchemy import make_url

from hub import migrate
from hub.config import Settings
from hub.errors import Conflict

SQLITE_FILE = "database.sqlite"
TOLD_BY_A_HUB_IN_USE = ("person", "borough", "upload")
_EVERYTHING = "SELECT set_config('hub.boroughs', '*', true), set_config('hub.areas', '*', true)"


def kind(settings: Settings) -> str:
    """What kind of database this hub has: sqlite or postgresql."""
    return make_url(settings.migration_url).get_backend_name()


def dump(settings: Settings, folder: Path) -> None:
    """Write one moment of the database into a folder."""
    if kind(settings) == "sqlite":
        with (
            closing(sqlite3.connect(_sqlite_path(settings))) as source,
            closing(sqlite3.connect(folder / SQLITE_FILE)) as copy,
        ):
            source.backup(copy)
            copy.execute("PRAGMA journal_mode=DELETE")
        return
    with _as_owner(settings, "ISOLATION LEVEL REPEATABLE READ READ ONLY") as cursor:
        for table in _tables():
            with (folder / f"{table}.copy").open("wb") as out, cursor.copy(_copy(cursor, table, "TO STDOUT")) as rows:
                for chunk in rows:
                    out.write(chunk)


def load(settings: Settings, folder: Path) -> None:
    """Fill an empty database from a snapshot: all of it, or nothing."""
    if kind(settings) == "sqlite":
        with (
            closing(sqlite3.connect(folder / SQLITE_FILE)) as source,
            closing(sqlite3.connect(_sqlite_path(settings))) as copy,
        ):
            source.backup(copy)
        return
    fenced = migrate.fenced_tables()
    with _as_owner(settings) as cursor:
        names = ", ".join(_tables())
        cursor.execute(f"TRUNCATE {names}")  # what migrations wrote, which the snapshot holds too
        for table in _tables():
            # COPY does not fill a table behind row-level security; within this transaction nobody else sees it off.
            if table in fenced:
                cursor.execute(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY")
            with (
                (folder / f"{table}.copy").open("rb") as source,
                cursor.copy(_copy(cursor, table, "FROM STDIN")) as rows,
            ):
                while chunk := source.read(1_000_000):
                    rows.write(chunk)
            if table in fenced:
                cursor.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
            _advance_numbers(cursor, table)


def refuse_in_use(settings: Settings) -> None:
    """Refuse to restore over a hub that holds people, places or files.

    Raises
    ------
    Conflict
        Naming what is there.
    """
    for table, count in _counts(settings):
        if count:
            raise Conflict(
                f"The database is not empty: its table '{table}' has {count:,} rows.",
                remedy="Restore into a new, empty database: nothing was changed here.",
            )


def _counts(settings: Settings) -> Iterator[tuple[str, int]]:
    if kind(settings) == "sqlite":
        with closing(sqlite3.connect(_sqlite_path(settings))) as connection:
            for table in TOLD_BY_A_HUB_IN_USE:
                yield table, connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]  # noqa: S608 - our own name
        return
    with _as_owner(settings) as cursor:
        for table in TOLD_BY_A_HUB_IN_USE:
            found = cursor.execute(f"SELECT count(*) FROM {table}").fetchone()  # noqa: S608 - our own name
            yield table, found[0] if found else 0


@contextmanager
def _as_owner(settings: Settings, mode: str = "") -> Iterator[psycopg.Cursor]:
    """One transaction as the owner of the tables, which sees every borough."""
    address = make_url(settings.migration_url).set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(address) as connection, connection.cursor() as cursor:
        if mode:
            cursor.execute(f"SET TRANSACTION {mode}")
        cursor.execute(_EVERYTHING)
        yield cursor


def _tables() -> list[str]:
    """Every table of the hub, each after those that it refers to."""
    return [table.name for table in migrate.metadata().sorted_tables]


def _copy(cursor: psycopg.Cursor, table: str, way: str) -> str:
    """Name the columns: a table that was migrated has them in another order than one that was made at once."""
    found = cursor.execute(
        "SELECT quote_ident(column_name) FROM information_schema.columns"
        " WHERE table_schema = current_schema() AND table_name = %s ORDER BY column_name",
        (table,),
    )
    columns = ", ".join(name for (name,) in found)
    source = f"(SELECT {columns} FROM {table})" if way.startswith("TO") else f"{table} ({columns})"  # noqa: S608
    return f"COPY {source} {way}"


def _advance_numbers(cursor: psycopg.Cursor, table: str) -> None:
    """Let new rows be numbered after those that were brought back."""
    numbered = cursor.execute(
        "SELECT column_name, pg_get_serial_sequence(table_name, column_name) FROM information_schema.columns"
        " WHERE table_schema = current_schema() AND table_name = %s"
        " AND pg_get_serial_sequence(table_name, column_name) IS NOT NULL",
        (table,),
    ).fetchall()
    for column, sequence in numbered:
        cursor.execute(f"SELECT setval(%s, (SELECT coalesce(max({column}), 0) + 1 FROM {table}), false)", (sequence,))  # noqa: S608


def _sqlite_path(settings: Settings) -> str:
    return str(make_url(settings.migration_url).database)
