"""The two worlds, on databases of both kinds."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator

import psycopg
import pytest

from hub import migrate
from hub.config import Settings
from hub.db import Database
from tests.conftest import OF_TESTS, PostgresCluster
from tests.fence.worlds import Worlds, seed


@pytest.fixture(scope="session")
def new_worlds(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[..., Worlds]]:
    """Make two worlds on a kind of database; on PostgreSQL with or without row-level security."""
    databases: list[Database] = []

    def address(kind: str, *, row_security: bool) -> str:
        if kind == "sqlite":
            path = tmp_path_factory.mktemp("world") / "world.sqlite"
            shutil.copy(request.getfixturevalue("_sqlite_template"), path)
            return f"sqlite:///{path}"
        cluster: PostgresCluster = request.getfixturevalue("postgres_cluster")
        name = cluster.create(template=request.getfixturevalue("_postgres_template"))
        if not row_security:
            with psycopg.connect(cluster.url(name, "hub_owner"), autocommit=True) as connection:
                for table in migrate.fenced_tables():
                    connection.execute(f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY".encode())
        return cluster.url(name, "hub_web")

    def make(kind: str, *, row_security: bool = True) -> Worlds:
        pair = []
        for with_theirs in (False, True):
            url = address(kind, row_security=row_security)
            pair.append(Database(Settings(database_url=url, **OF_TESTS)))
            seed(pair[-1], with_theirs=with_theirs)
        databases.extend(pair)
        return Worlds(kind, *pair)

    yield make
    for database in databases:
        database.engine.dispose()


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def worlds(request: pytest.FixtureRequest, new_worlds: Callable[..., Worlds]) -> Worlds:
    return new_worlds(request.param)


@pytest.fixture(scope="session")
def worlds_without_row_security(new_worlds: Callable[..., Worlds]) -> Worlds:
    return new_worlds("postgresql", row_security=False)


@pytest.fixture(scope="session")
def postgresql_worlds(new_worlds: Callable[..., Worlds]) -> Worlds:
    return new_worlds("postgresql")
