"""Brings a database's schema up or down, one migrator at a time, and tells whether it is as the hub expects."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection, MetaData, inspect, make_url, text

from hub.columns import AppendOnly, Base, Fenced
from hub.config import Settings, shipped
from hub.engine import open_engine
from hub.errors import Conflict

SLICES_WITH_TABLES = (
    "disclosure",
    "accounts",
    "places",
    "borders",
    "agreements",
    "uploads",
    "ledger",
    "hotspots",
    "briefings",
    "zones",
    "problems",
    "baselines",
    "responses",
    "assessments",
    "tasking",
    "sharing",
    "measures",
    "wards",
    "reports",
    "questions",
)
MIGRATION_LOCK = 704_2022


def metadata() -> MetaData:
    """Every table of the hub, with each slice's models loaded."""
    import_module("hub.audit")
    import_module("hub.jobs")
    for name in SLICES_WITH_TABLES:
        import_module(f"hub.{name}.models")
    return Base.metadata


def fenced_tables() -> dict[str, str]:
    """The tables that belong to boroughs or areas, each with the column its row-level policy reads."""
    metadata()
    fenced = {}
    for mapper in Base.registry.mappers:
        if issubclass(mapper.class_, Fenced):
            fenced[mapper.local_table.description] = mapper.class_.fence
    return fenced


def written_once() -> list[str]:
    """The tables whose rows nobody may change or delete, in order."""
    metadata()
    mappers = (mapper for mapper in Base.registry.mappers if issubclass(mapper.class_, AppendOnly))
    return sorted(mapper.local_table.description for mapper in mappers)


def upgrade(settings: Settings, revision: str = "head") -> str:
    """Bring the schema up; on PostgreSQL, let the web role use it. Returns the revision reached."""
    with _locked(settings) as connection:
        _bring(command.upgrade, connection, revision)
        _grant_to_web_role(connection, settings)
        return _revision(connection)


def downgrade(settings: Settings, revision: str = "base") -> str:
    """Bring the schema down to a revision. Returns the revision reached."""
    with _locked(settings) as connection:
        _bring(command.downgrade, connection, revision)
        return _revision(connection)


def _bring(move: Callable[[Config, str], None], connection: Connection, revision: str) -> None:
    try:
        move(_config(connection), revision)
    except CommandError as error:
        raise Conflict(
            f"The schema cannot be brought to revision '{revision}': {error}.",
            remedy="Name a revision of this hub; a database of a newer hub needs that hub.",
        ) from error


def problems(settings: Settings) -> list[str]:
    """Say, a sentence each, how the database differs from what the hub expects; empty when it is right."""
    with _locked(settings) as connection:
        head = ScriptDirectory.from_config(_config(connection)).get_current_head()
        revision = _revision(connection)
        if revision != head:
            return [f"The schema is at revision '{revision or 'none'}', not '{head}': run 'hub db upgrade'."]
        found = compare_metadata(MigrationContext.configure(connection, opts={"compare_type": True}), metadata())
        return [f"The schema differs from the models: {change}." for change in found] + _unfenced(connection)


def is_current(settings: Settings) -> bool:
    """Whether the schema is at the newest revision: cheap enough for every start."""
    engine = open_engine(settings.database_url)
    try:
        with engine.connect() as connection:
            return _revision(connection) == ScriptDirectory.from_config(_config(connection)).get_current_head()
    finally:
        engine.dispose()


def newest_revision() -> str:
    """The revision of the schema that this hub expects."""
    config = Config()
    config.set_main_option("script_location", str(shipped("migrations")))
    return ScriptDirectory.from_config(config).get_current_head() or ""


def _unfenced(connection: Connection) -> list[str]:
    if connection.dialect.name != "postgresql":
        return []
    fenced = set(
        connection.scalars(
            text(
                # A second policy would widen the first.
                "SELECT relname FROM pg_class JOIN pg_policy ON polrelid = pg_class.oid"
                " WHERE relnamespace = current_schema()::regnamespace AND relrowsecurity AND relforcerowsecurity"
                " GROUP BY relname HAVING count(*) = 1 AND bool_and(polcmd = '*'"
                "   AND pg_get_expr(polqual, polrelid) LIKE '%current_setting%'"
                "   AND pg_get_expr(polqual, polrelid) = pg_get_expr(polwithcheck, polrelid))"
            )
        )
    )
    return [f"Row-level security is not as it must be on '{name}'." for name in fenced_tables() if name not in fenced]


def _config(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(shipped("migrations")))
    config.attributes["connection"] = connection
    return config


def _revision(connection: Connection) -> str:
    return MigrationContext.configure(connection).get_current_revision() or ""


@contextmanager
def _locked(settings: Settings) -> Iterator[Connection]:
    """One transaction for the whole migration, with nobody else migrating."""
    engine = open_engine(settings.migration_url)
    try:
        with engine.execution_options(hub_writes=True).connect() as connection, connection.begin():
            if connection.dialect.name == "postgresql":
                connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": MIGRATION_LOCK})
            yield connection
    finally:
        engine.dispose()


def _grant_to_web_role(connection: Connection, settings: Settings) -> None:
    """Give the web role rows but not tables; of the audit record and what is written once, only adding."""
    owner, web = make_url(settings.migration_url).username, make_url(settings.database_url).username
    if connection.dialect.name != "postgresql" or web is None or web == owner:
        return
    role = connection.dialect.identifier_preparer.quote(web)
    there = inspect(connection).get_table_names()  # not every table, where a schema goes up to an older revision
    for statement in (
        f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {role}",
        f"GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {role}",
        f"REVOKE UPDATE, DELETE ON audit_entry, audit_part FROM {role}",
        *(f"REVOKE UPDATE, DELETE ON {table} FROM {role}" for table in written_once() if table in there),
        f"REVOKE INSERT, UPDATE, DELETE ON alembic_version FROM {role}",
    ):
        connection.execute(text(statement))
