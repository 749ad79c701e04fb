"""No module reaches round the borough fence by a way that only reading its source can find: T6."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from hub import db

HUB = Path(db.__file__).parent
# The last reads a sender's file, which is a database of its own.
HOLDS_THE_FENCE = {"db.py", "engine.py", "migrate.py", "snapshots.py", "uploads/reading/geopackage.py"}
ROUND = {
    # A session or a connection of one's own.
    *("Session", "sessionmaker", "scoped_session", "create_engine", "open_engine", "raw_connection", "get_bind"),
    *("get_transaction", "exec_driver_sql", "sqlite3", "psycopg", "connection", "connect"),
    # Tables and words that carry no scope into a statement.
    *(
        "metadata",
        "__table__",
        "local_table",
        "persist_selectable",
        "mapped_table",
        "selectable",
        "literal_column",
        "DDL",
    ),
    *("prefix_with", "suffix_with", "with_hint", "with_statement_hint", "from_statement", "TextClause"),
    *("read_sql", "read_sql_query", "read_sql_table", "read_database"),
    *(f"sqlalchemy.{name}" for name in ("text", "table", "column", "Table", "TableClause", "MetaData", "custom_op")),
    # Rows by their keys alone.
    *("bulk_save_objects", "bulk_insert_mappings", "bulk_update_mappings", "a statement with parameters"),
    # Rows that claim to be loaded.
    *("make_transient_to_detached", "set_committed_value", "enable_relationship_loading"),
    # Scopes.
    *("set_scope", "scoped", "EVERYWHERE", "_scope", "_enter"),
}
MAY = {
    "__init__.py": {"metadata"},  # to have every table known
    "cli/frame.py": {"metadata"},  # to compare the schema
    "cli/administration.py": {"metadata"},  # the same, of a backup that is brought back
    "columns.py": {"metadata", "sqlalchemy.MetaData"},  # to name the constraints of every table alike
    "accounts/service.py": {"set_scope"},  # to what the person's memberships give
    "accounts/seeing_as.py": {"set_scope"},  # to one of the person's own boroughs
    "hotspots/keeping.py": {"set_scope"},  # to that of a session that is there already
    "borders/service.py": {"scoped"},  # to take back what a borough said to its neighbours
    "assessments/due.py": {"scoped", "EVERYWHERE"},  # to ask each minute whether an assessment is due
    "reports/schedules.py": {"scoped", "EVERYWHERE"},  # to ask each minute whether a report is to be drafted
    "tasking/letters.py": {"scoped", "EVERYWHERE"},  # to ask each minute whether anybody is to be reminded
    "summaries/police_area.py": {"scoped"},  # to add all boroughs up to one rate, which tells of none of them
    "retention/service.py": {"scoped", "EVERYWHERE"},  # to ask each minute whether anything is due to go
    "retention/silence.py": {"scoped", "EVERYWHERE"},  # to ask each minute whether a problem fell silent
    "sharing/crossing.py": {"scoped", "set_scope"},  # to the other side's copy of a share; to what its owner shares
    "audit.py": {"scoped", "EVERYWHERE"},  # on the record
}


ASKING = {"execute", "scalars", "scalar", "stream", "tuples"}


def names_in(source: str) -> Iterator[str]:
    """Every name a module uses or imports, whatever it calls it afterwards, and the statements it gives parameters."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and _is_with_parameters(node):
            yield "a statement with parameters"
        elif isinstance(node, ast.Name):
            yield node.id
        elif isinstance(node, ast.Attribute):
            yield node.attr
            if isinstance(node.value, ast.Name) and node.value.id in {"sa", "sqlalchemy", "sql"}:
                yield f"sqlalchemy.{node.attr}"
        elif isinstance(node, ast.Import | ast.ImportFrom):
            module = getattr(node, "module", None) or ""
            for imported in node.names:
                yield imported.name.split(".")[0]
                if module.split(".")[0] == "sqlalchemy":
                    yield f"sqlalchemy.{imported.name}"


def _is_with_parameters(call: ast.Call) -> bool:
    """Whether a statement gets parameters as an update by primary key does; rows for a plain insert are judged."""
    if not isinstance(call.func, ast.Attribute) or call.func.attr not in ASKING or not call.args:
        return False
    has_parameters = len(call.args) > 1 or "params" in {keyword.arg for keyword in call.keywords}
    return has_parameters and not ast.unparse(call.args[0]).startswith("insert(")


def ways_round(source: str, place: str) -> set[str]:
    return ROUND & set(names_in(source)) - MAY.get(place, set())


WAYS_ROUND = {
    "text()": ["from sqlalchemy import text as words", "import sqlalchemy as sa\nsa.text('SELECT 1')"],
    "text() from within": ["from sqlalchemy.sql import text", "from sqlalchemy.sql.expression import text as t"],
    "a Core table": ["select(inspect(WardCount).local_table)", "select(WardCount.__table__)"],
    "a Core table by its name": ["Base.metadata.tables['ward_count']", "from sqlalchemy import table as thing"],
    "session.connection()": ["session.connection().execute(statement)", "connect = session.connection"],
    "another session": ["session.get_bind().connect()", "from sqlalchemy.orm import Session as Plain"],
    "another connection": ["database.engine.connect()", "import sqlite3 as files", "from psycopg import connect"],
    "pandas.read_sql": ["pandas.read_sql(query, engine)", "from pandas import read_sql_query as read"],
    "polars.read_database": ["pl.read_database(query, connection)"],
    "bulk update by primary key": [
        "session.execute(update(WardCount), [{'id': 1, 'count': 2}])",
        "session.execute(statement, params=[{'id': 1}])",
        "session.bulk_update_mappings(WardCount, rows)",
    ],
    "words in a statement": ["select(Person.name).suffix_with('UNION SELECT offence_group FROM ward_count')"],
    "another scope": ["session.set_scope(db.EVERYWHERE)"],
}


@pytest.mark.parametrize("way", WAYS_ROUND)
def test_each_call_that_the_fence_cannot_follow_is_found_in_a_module(way: str) -> None:
    for example in WAYS_ROUND[way]:
        assert ways_round(example, "summaries/service.py"), example
    assert not ways_round("session.execute(insert(Ward), rows)\nsession.scalars(select(Ward))", "summaries/service.py")


def test_no_module_reaches_round_the_fence() -> None:
    found = {
        place: ways
        for path in sorted(HUB.rglob("*.py"))
        if (place := path.relative_to(HUB).as_posix()) not in HOLDS_THE_FENCE
        if (ways := ways_round(path.read_text("utf-8"), place))
    }
    assert not found
