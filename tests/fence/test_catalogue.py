"""What the tables and PostgreSQL's own catalogue say of the fence, and what the web role may do to it."""

from __future__ import annotations

import re
from collections.abc import Callable

import psycopg
import pytest

from hub import migrate
from hub.config import Settings
from hub.db import Database
from tests.conftest import PostgresCluster
from tests.fence.worlds import Worlds, seed

NOT_FENCED = {
    "borough_population": "public geography",
    "seeing_as": "an account's: the one borough that somebody chose to see, read before there is a scope",
    "group_role": "an account's: it says which role a group of an organisation gives, and is read at sign-in",
    "membership": "an account's: it says which boroughs a person may see, and is read before there is a scope",
    "small_area": "public geography",
    "ward": "public geography",
}


def test_every_table_of_a_borough_is_fenced_or_public() -> None:
    tables = migrate.metadata().tables.values()
    of_a_borough = {
        table.name for table in tables if {"borough_code", "area_key", "borough_set"} & set(table.columns.keys())
    }
    assert of_a_borough == migrate.fenced_tables().keys() | NOT_FENCED.keys()
    assert not migrate.fenced_tables().keys() & NOT_FENCED.keys()


def test_a_child_names_its_fence_with_its_parent() -> None:
    """A5: a foreign key between two tables fenced alike carries the borough, or the area."""
    fenced = migrate.fenced_tables()
    keys = [
        (key, column)
        for name, column in fenced.items()
        for key in migrate.metadata().tables[name].foreign_key_constraints
        if fenced.get(key.referred_table.name) == column
    ]
    assert len(keys) == 19
    assert all(column in key.column_keys for key, column in keys)


def test_postgresql_holds_the_fence_for_the_owner_too(
    postgres_cluster: PostgresCluster, new_settings: Callable[..., Settings]
) -> None:
    settings = new_settings("postgresql")
    name = settings.database_url.rsplit("/", 1)[1]
    with psycopg.connect(postgres_cluster.url(name, "postgres")) as connection:
        of_a_borough = connection.execute(
            "SELECT DISTINCT table_name, column_name FROM information_schema.columns"
            " WHERE table_schema = 'public' AND column_name IN ('borough_code', 'area_key', 'borough_set')"
        ).fetchall()
        assert dict(of_a_borough) == migrate.fenced_tables() | dict.fromkeys(NOT_FENCED, "borough_code")
        held = connection.execute(
            "SELECT relname, polname, polcmd, polpermissive, polroles = '{0}', pg_get_expr(polqual, polrelid),"
            " pg_get_expr(polwithcheck, polrelid) FROM pg_class JOIN pg_policy ON polrelid = pg_class.oid"
            " WHERE relrowsecurity AND relforcerowsecurity"
        ).fetchall()
        assert {table for table, *_ in held} == migrate.fenced_tables().keys()
        assert len(held) == len(migrate.fenced_tables()), "a second policy would widen the first"
        for table, policy, command, permissive, everyone, using, check in held:
            column = migrate.fenced_tables()[table]
            setting = {"area_key": "hub.areas"}.get(column, "hub.boroughs")
            assert (policy, command, permissive, everyone) == ("fence", "*", True, True)
            assert using == check
            assert re.search(rf"\b{column}\b", using)
            assert set(re.findall(r"hub\.\w+", using)) == {setting}
        owners = connection.execute(
            "SELECT DISTINCT pg_get_userbyid(relowner) FROM pg_class JOIN pg_namespace n ON n.oid = relnamespace"
            " WHERE nspname = 'public' AND relkind IN ('r', 'S', 'v', 'm', 'p')"
        ).fetchall()
        assert owners == [("hub_owner",)]
    with psycopg.connect(postgres_cluster.url(name, "hub_owner")) as connection:
        seeded = Database(settings)
        seed(seeded)
        seeded.engine.dispose()
        assert connection.execute("SELECT count(*) FROM ward_count").fetchone() == (0,)


ACTS_FOR_ANOTHER = """
    WITH own AS (SELECT oid FROM pg_namespace
        WHERE nspname NOT IN ('pg_catalog', 'information_schema') AND nspname !~ '^pg_(toast|temp)')
    SELECT 'view ' || relname FROM pg_class WHERE relkind IN ('v', 'm', 'f') AND relnamespace IN (TABLE own)
    UNION ALL SELECT 'function ' || proname FROM pg_proc WHERE pronamespace IN (TABLE own)
    UNION ALL SELECT 'trigger ' || tgname FROM pg_trigger WHERE NOT tgisinternal
    UNION ALL SELECT 'trigger ' || evtname FROM pg_event_trigger
    UNION ALL SELECT 'rule ' || rulename FROM pg_rules WHERE schemaname = 'public'
    UNION ALL SELECT 'child ' || inhrelid::regclass FROM pg_inherits
    UNION ALL SELECT 'schema ' || nspname FROM pg_namespace WHERE oid IN (TABLE own) AND nspname <> 'public'
    UNION ALL SELECT 'right ' || rolname FROM pg_roles WHERE rolname IN ('hub_web', 'hub_owner')
        AND (rolsuper OR rolbypassrls OR rolcreaterole OR rolreplication)
    UNION ALL SELECT 'member of ' || roleid::regrole FROM pg_auth_members WHERE member = 'hub_web'::regrole
"""
"""Whatever in a database could read or write with other rights than those of who asks."""


@pytest.mark.parametrize(
    ("statement", "found"),
    [
        ("", []),
        ("CREATE VIEW v WITH (security_invoker = false) AS SELECT * FROM ward_count", ["view v"]),
        ("CREATE MATERIALIZED VIEW m AS SELECT * FROM ward_count", ["view m"]),
        ("CREATE FUNCTION f() RETURNS int SECURITY DEFINER LANGUAGE sql AS 'SELECT 1'", ["function f"]),
        (
            "CREATE TRIGGER t BEFORE UPDATE ON ward_count EXECUTE FUNCTION suppress_redundant_updates_trigger()",
            ["trigger t"],
        ),
        ("CREATE RULE r AS ON UPDATE TO ward_count DO ALSO DELETE FROM incident", ["rule r"]),
        ("CREATE TABLE c () INHERITS (ward_count)", ["child c"]),
        ("CREATE SCHEMA s", ["schema s"]),
        ("ALTER ROLE hub_web BYPASSRLS", ["right hub_web"]),
        ("GRANT hub_owner TO hub_web", ["member of hub_owner"]),
    ],
)
def test_nothing_in_postgresql_acts_with_the_rights_of_another(
    postgres_cluster: PostgresCluster, postgresql_worlds: Worlds, statement: str, found: list[str]
) -> None:
    name = postgresql_worlds.first.engine.url.database
    assert name
    with psycopg.connect(postgres_cluster.url(name, "postgres")) as connection:
        if statement:
            connection.execute(statement.encode())
        assert [words for (words,) in connection.execute(ACTS_FOR_ANOTHER.encode())] == found
        connection.rollback()


@pytest.mark.parametrize(
    "statement",
    [
        "TRUNCATE ward_count",
        "DROP TABLE ward_count",
        "ALTER TABLE ward_count DISABLE ROW LEVEL SECURITY",
        "CREATE POLICY open ON ward_count USING (true)",
        "DROP POLICY fence ON ward_count",
        "CREATE TABLE mine AS SELECT * FROM ward_count",
        "CREATE FUNCTION f() RETURNS bigint SECURITY DEFINER LANGUAGE sql AS 'SELECT count(*) FROM ward_count'",
        "CREATE TRIGGER t AFTER INSERT ON ward_count EXECUTE FUNCTION suppress_redundant_updates_trigger()",
        "SET ROLE hub_owner",
        "UPDATE alembic_version SET version_num = '9999'",
        "INSERT INTO alembic_version VALUES ('9999')",
        "DELETE FROM alembic_version",
        "UPDATE audit_entry SET actor = 'nobody'",
        "DELETE FROM audit_entry",
        "TRUNCATE audit_entry",
    ],
)
def test_the_web_role_cannot_undo_the_fence(postgresql_worlds: Worlds, statement: str) -> None:
    address = postgresql_worlds.second.engine.url.set(drivername="postgresql").render_as_string()
    with psycopg.connect(address) as connection:
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(statement.encode())
        connection.rollback()
        connection.execute("SELECT count(*) FROM ward_count")
