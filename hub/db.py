"""The database: its sessions, and the fence that keeps each borough's rows to its own people.

Everything fenced is reached through `HubSession`; nothing outside this module and `engine` opens a connection or writes
SQL.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import Any, cast

from sqlalchemy import (
    ColumnClause,
    Connection,
    Delete,
    Executable,
    Insert,
    SelectBase,
    String,
    Table,
    Update,
    UpdateBase,
    event,
    func,
    insert,
    inspect,
    literal,
    select,
    text,
)
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import (
    FromStatement,
    InstanceState,
    ORMExecuteState,
    Session,
    SessionTransaction,
    object_session,
    with_loader_criteria,
)
from sqlalchemy.sql import ClauseElement, visitors
from sqlalchemy.sql.base import ExecutableOption
from sqlalchemy.sql.visitors import ExternallyTraversible

from hub.columns import AmongBoroughs, AppendOnly, Base, Fenced, InArea, InBorough
from hub.config import Settings
from hub.engine import open_engine
from hub.errors import OutsideScope, SettingsError

EVERYTHING = "*"
ROWS_A_STATEMENT = 20_000


# --- The fence -------------------------------------------------------------------------------------------------------


def lay_fence(connection: Connection, table: str, column: str) -> None:
    """Lay PostgreSQL's row-level security under a table, for its owner too; other databases have none.

    `column` is the table's `borough_code` or `area_key`. Released migrations call this: it may not change.
    """
    if connection.dialect.name != "postgresql":
        return
    setting = "hub.boroughs" if column == "borough_code" else "hub.areas"
    # As scalar subqueries the settings are read once a statement, and not once a row.
    inside = (
        f"(SELECT current_setting('{setting}', true)) = '*' OR {column} = ANY"
        f"((SELECT string_to_array(nullif(current_setting('{setting}', true), ''), ','))::text[])"
    )
    _lay_policy(connection, table, inside)


def lay_fence_among(connection: Connection, table: str) -> None:
    """Lay the same under a table of rows that belong to sets of boroughs. Released migrations call this too."""
    if connection.dialect.name != "postgresql":
        return
    inside = (
        "(SELECT current_setting('hub.boroughs', true)) = '*' OR string_to_array(borough_set, '+') && "
        "((SELECT string_to_array(nullif(current_setting('hub.boroughs', true), ''), ','))::text[])"
    )
    _lay_policy(connection, table, inside)


def _lay_policy(connection: Connection, table: str, inside: str) -> None:
    for statement in (
        f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY",
        f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY",
        f"CREATE POLICY fence ON {table} USING ({inside}) WITH CHECK ({inside})",
    ):
        connection.execute(text(statement))


@dataclass(frozen=True)
class Scope:
    """What a session may see and change.

    `areas` are the keys of the sets of boroughs whose shared rows it may see, each covered by `boroughs`;
    `EVERYTHING` among them stands for every set there is.
    """

    boroughs: frozenset[str] = frozenset()
    areas: frozenset[str] = frozenset()
    is_everywhere: bool = False

    def __post_init__(self) -> None:
        # A comma or an asterisk in a code would widen what row-level security is told.
        areas = (key.split("+") for key in self.areas - {EVERYTHING})
        for code in chain(self.boroughs, *areas):
            if not code.isalnum():
                raise OutsideScope(f"'{code}' cannot be the code of a borough.")

    def admits(self, row: object) -> bool:
        """Whether a fenced row lies inside; rows that belong to nobody always do."""
        if isinstance(row, Fenced):
            return self.admits_key(type(row), getattr(row, row.fence))
        return True

    def admits_key(self, fenced: type[Fenced], key: str | None) -> bool:
        """Whether a row of a fenced table with this borough code, area key or set of boroughs lies inside."""
        if self.is_everywhere:
            return True
        if issubclass(fenced, InBorough):
            return key in self.boroughs
        if issubclass(fenced, AmongBoroughs):
            return key is not None and not self.boroughs.isdisjoint(key.split("+"))
        return key in self.areas or (key is not None and self.sees_every_area)

    @property
    def names_one_of_its_boroughs(self) -> str:
        """The regular expression of the sets of boroughs that have one in common with it; of codes, all alphanumeric.

        "-" is no borough: without one, no set is matched.
        """
        return f"(^|[+])({'|'.join(['-', *sorted(self.boroughs)])})([+]|$)"

    @property
    def sees_every_area(self) -> bool:
        """Whether shared rows are seen whatever the set of boroughs they were made for."""
        return self.is_everywhere or EVERYTHING in self.areas


NOWHERE = Scope()
EVERYWHERE = Scope(is_everywhere=True)


class HubSession(Session):
    """A session that shows and changes only what lies inside its scope; at first, nothing."""

    _scope: Scope = NOWHERE
    _criteria: tuple[ExecutableOption, ...] = ()

    @property
    def scope(self) -> Scope:
        """What this session may see and change."""
        return self._scope

    @contextmanager
    def scoped(self, scope: Scope) -> Iterator[None]:
        """Work under another scope, then return to the present one and forget what lies outside it."""
        before = self._scope
        self.set_scope(scope)
        try:
            yield
            self.flush()
        finally:
            self._enter(before)

    def set_scope(self, scope: Scope) -> None:
        """Change the scope, once the present one has judged what was changed under it."""
        self.flush()
        self._enter(scope)

    def _enter(self, scope: Scope) -> None:
        """Take on a scope; forget the rows outside it, and what rows inside know of others."""
        self._scope, self._criteria = scope, ()
        for row in [*self.new, *self.identity_map.values()]:
            state: InstanceState[Any] = inspect(row)
            if isinstance(row, Fenced) and not scope.admits_key(type(row), state.dict.get(row.fence)):
                self.expunge(row)
            elif state.persistent:
                state.load_options = ()  # They hold the criteria of the scope it was loaded under.
                if known := state.mapper.relationships.keys() & state.dict.keys():
                    self.expire(row, known)
        self.tell_postgresql()

    def criteria(self) -> tuple[ExecutableOption, ...]:
        """What keeps a statement inside the present scope, made once for it: a fifth of a small statement."""
        self._criteria = self._criteria or tuple(_criteria_of(self._scope))
        return self._criteria

    def tell_postgresql(self) -> None:
        """Say the scope again, for the rest of this transaction."""
        # A transaction that is already broken takes no settings, and gives nothing until it has ended.
        with suppress(SQLAlchemyError):
            if transaction := self.get_transaction():
                _tell_postgresql(transaction.connection(None), self._scope)

    def get(self, entity: Any, ident: Any, **options: Any) -> Any:
        """Load by primary key, inside the scope, though the row be loaded already."""
        found = super().get(entity, ident, **options)
        return found if found is None or self._scope.admits(found) else None

    def tuples(self, statement: Executable) -> list[tuple[Any, ...]]:
        """Select rows for a data frame; pandas takes plain tuples ten times as fast as SQLAlchemy's rows."""
        return [tuple(row) for row in self.execute(statement)]

    def connection(self, *args: Any, **options: Any) -> Connection:
        """Refuse: a bare connection would pass under the fence."""
        raise OutsideScope("A bare connection was asked of a fenced session.")

    def bulk_save_objects(self, *args: Any, **options: Any) -> None:
        """Refuse: it would pass under the fence."""
        raise OutsideScope("Rows were saved in bulk under the fence.")

    bulk_insert_mappings = bulk_save_objects
    bulk_update_mappings = bulk_save_objects


@event.listens_for(HubSession, "do_orm_execute")
def _fence_statement(state: ORMExecuteState) -> None:
    """Attach the scope to every statement; what the scope cannot be attached to is refused.

    The criteria go on every statement, whatever it seems to read: attaching them only to statements whose own
    mappers are fenced leaks counts, unions and subqueries.
    """
    session = cast(HubSession, state.session)
    scope = session.scope
    _refuse_rewriting(state)
    if scope.is_everywhere:
        return
    if not state.is_orm_statement or isinstance(state.statement, FromStatement) or _writes_within(state.statement):
        raise OutsideScope("A statement that the fence cannot read was refused.")
    if isinstance(state.statement, Insert):
        _fence_insert(state.statement, state.parameters, scope)
        return
    if isinstance(state.statement, Update | Delete):
        _fence_change(state.statement, state.parameters)
    elif not state.is_select:
        raise OutsideScope("A statement that the fence cannot read was refused.")
    state.statement = state.statement.options(*session.criteria())


def _criteria_of(scope: Scope) -> Iterator[ExecutableOption]:
    boroughs, areas, named = tuple(scope.boroughs), tuple(scope.areas), scope.names_one_of_its_boroughs
    yield with_loader_criteria(InBorough, lambda cls: cls.borough_code.in_(boroughs), include_aliases=True)
    yield with_loader_criteria(AmongBoroughs, lambda cls: cls.borough_set.regexp_match(named), include_aliases=True)
    if not scope.sees_every_area:
        yield with_loader_criteria(InArea, lambda cls: cls.area_key.in_(areas), include_aliases=True)


def _refuse_rewriting(state: ORMExecuteState) -> None:
    """Refuse to change or delete rows that are written once, whoever asks."""
    statement = state.statement
    if isinstance(statement, Update | Delete):
        model = statement.entity_description.get("entity")
        if isinstance(model, type) and issubclass(model, AppendOnly):
            raise OutsideScope(f"A change of rows of {model.__name__}, which are written once, was refused.")


def _writes_within(statement: Any) -> bool:
    """Whether a statement has another inside it that inserts, changes or deletes."""
    return any(isinstance(part, UpdateBase) for part in visitors.iterate(statement) if part is not statement)


def _fence_insert(statement: Insert, parameters: Any, scope: Scope) -> None:
    """Let an insert read nothing, and into a fenced table be no more than its rows, all inside the scope."""
    if any(isinstance(part, SelectBase) for part in visitors.iterate(statement)):
        raise OutsideScope("An insert that reads was refused: the fence cannot follow it.")
    model = statement.entity_description["entity"]
    if not issubclass(model, Fenced):
        return
    if not statement.compare(insert(model)):
        raise OutsideScope(f"An insert of {model.__name__} that is more than its rows was refused.")
    rows = parameters if isinstance(parameters, Sequence) else [parameters or {}]
    if not rows or not all(scope.admits_key(model, row.get(model.fence)) for row in rows):
        raise OutsideScope(f"Rows of {model.__name__} outside the scope were refused.")


def _fence_change(statement: Update | Delete, parameters: Any) -> None:
    """Let an update or delete name its own table only, subqueries apart, and move no row across the fence."""
    if not {column.table for column in _columns_outside_subqueries(statement)} <= {statement.table}:
        raise OutsideScope("A change that reads a second table beside its own was refused.")
    model = statement.entity_description["entity"]
    if isinstance(statement, Delete) or not issubclass(model, Fenced):
        return
    named = {getattr(column, "key", column) for column in getattr(statement, "_values", None) or {}}
    if parameters or model.fence in named:
        raise OutsideScope(f"An update of {model.__name__} that the fence cannot follow was refused.")


def _columns_outside_subqueries(part: ExternallyTraversible) -> Iterator[ColumnClause[Any]]:
    for child in part.get_children():
        if isinstance(child, ColumnClause) and child.table is not None:
            yield child
        elif not isinstance(child, SelectBase):
            yield from _columns_outside_subqueries(child)


@event.listens_for(HubSession, "before_attach")
def _fence_attached(session: HubSession, row: object) -> None:
    """Refuse a row from elsewhere that claims to be in the database: its claim would not be checked again."""
    if isinstance(row, Fenced) and inspect(row).key is not None and not session.scope.is_everywhere:
        raise OutsideScope(f"A {type(row).__name__} that this session did not load was refused.")


@event.listens_for(AppendOnly, "before_update", propagate=True)
@event.listens_for(AppendOnly, "before_delete", propagate=True)
def _refuse_rewritten_row(_mapper: object, _connection: Connection, row: AppendOnly) -> None:
    raise OutsideScope(f"A change of a {type(row).__name__}, which is written once, was refused.")


@event.listens_for(Base, "before_insert", propagate=True)
@event.listens_for(Base, "before_update", propagate=True)
@event.listens_for(Base, "before_delete", propagate=True)
def _fence_row(_mapper: object, _connection: Connection, row: Base) -> None:
    """Refuse to write a row outside the scope, to move one across the fence, or to write what a statement reads.

    Judged as each row is written, after its parents have given it their keys.
    """
    scope: Scope = getattr(object_session(row), "scope", NOWHERE)
    state: InstanceState[Any] = inspect(row)
    if not scope.is_everywhere and any(map(_is_statement, state.dict.values())):
        raise OutsideScope(f"A {type(row).__name__} with a statement for a value was refused.")
    if isinstance(row, Fenced):
        moved = state.persistent and state.attrs[row.fence].history.has_changes()
        if moved or not scope.admits(row):
            raise OutsideScope(f"A {type(row).__name__} outside the scope was refused.")


def _is_statement(value: object) -> bool:
    return isinstance(value, ClauseElement) or hasattr(value, "__clause_element__")


@event.listens_for(HubSession, "after_begin")
def _scope_of_transaction(session: HubSession, _transaction: SessionTransaction, connection: Connection) -> None:
    _tell_postgresql(connection, session.scope)


@event.listens_for(HubSession, "after_transaction_end")
def _scope_after_savepoint(session: HubSession, transaction: SessionTransaction) -> None:
    """A savepoint that is undone takes back what PostgreSQL was told since."""
    if transaction.nested:
        session.tell_postgresql()


def _tell_postgresql(connection: Connection, scope: Scope) -> None:
    """Set what row-level security reads, until the transaction ends."""
    if connection.dialect.name != "postgresql":
        return
    boroughs = EVERYTHING if scope.is_everywhere else ",".join(sorted(scope.boroughs))
    areas = EVERYTHING if scope.sees_every_area else ",".join(sorted(scope.areas))
    connection.execute(
        select(
            func.set_config("hub.boroughs", literal(boroughs), True),
            func.set_config("hub.areas", literal(areas), True),
        )
    )


# --- Named bulk writers and locks ------------------------------------------------------------------------------------


def insert_rows(session: HubSession, model: type[InBorough], columns: Mapping[str, Sequence[Any]]) -> int:
    """Insert many borough rows given as equally long columns; returns how many.

    Refused whole if any row lies outside the session's scope. Values are those of the database driver.
    """
    if not session.scope.is_everywhere and not set(columns["borough_code"]) <= session.scope.boroughs:
        raise OutsideScope(f"Rows of {model.__name__} outside the scope were refused.")
    session.flush()
    connection = Session.connection(session)
    table = cast(Table, inspect(model).local_table)
    names = list(columns)
    kinds = [table.c[name].type for name in names]
    rows = zip(*columns.values(), strict=True)
    if connection.dialect.name == "postgresql":
        # COPY is refused on tables with row-level security; unnest of whole columns is nearly as fast. A string of a
        # stated length would be cut to it without a word: as text, one that is too long is refused.
        types = ("TEXT" if isinstance(kind, String) else kind.compile(dialect=connection.dialect) for kind in kinds)
        arrays = ", ".join(f"%s::{kind}[]" for kind in types)
        statement = f"INSERT INTO {table.name} ({', '.join(names)}) SELECT * FROM unnest({arrays})"  # noqa: S608
        while batch := list(islice(rows, ROWS_A_STATEMENT)):
            connection.exec_driver_sql(statement, tuple(map(_as_array, zip(*batch, strict=True))))
    else:
        marks = ", ".join("?" * len(names))
        statement = f"INSERT INTO {table.name} ({', '.join(names)}) VALUES ({marks})"  # noqa: S608
        while batch := list(islice(rows, ROWS_A_STATEMENT)):
            connection.exec_driver_sql(statement, batch)
    return len(columns["borough_code"])


def insert_beyond_scope(session: HubSession, model: type[InBorough], rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert borough rows that the session itself need not see: for the audit record, which tells each borough its own.

    What is read afterwards lies inside the scope as before.
    """
    if not rows:
        return
    session.flush()
    connection = Session.connection(session)
    _tell_postgresql(connection, EVERYWHERE)
    connection.execute(insert(cast(Table, inspect(model).local_table)), list(rows))
    _tell_postgresql(connection, session.scope)


def _as_array(column: Sequence[Any]) -> str:
    """Write a column as PostgreSQL reads an array, each different value once: the driver would write every one anew."""
    written = {value: _as_element(value) for value in set(column)}
    return f"{{{','.join(map(written.__getitem__, column))}}}"


def _as_element(value: object) -> str:
    if value is None:
        return "NULL"
    plain = str(value).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{plain}"'


def lock(session: HubSession, name: str) -> None:
    """Hold a named lock until this transaction ends. On SQLite a writing transaction is the lock already."""
    connection = Session.connection(session)
    if connection.dialect.name == "postgresql":
        connection.execute(select(func.pg_advisory_xact_lock(func.hashtext(literal(name)))))


# --- Databases -------------------------------------------------------------------------------------------------------


class Database:
    """One database and the sessions on it."""

    def __init__(self, settings: Settings) -> None:
        self.engine = open_engine(settings.database_url)
        self._info = {
            "audit_key": hashlib.sha256(b"audit:" + settings.secret_key.encode()).digest(),
            "reference_key": hashlib.sha256(b"reference:" + settings.secret_key.encode()).digest(),
            "second_factor_key": hashlib.sha256(b"second-factor:" + settings.secret_key.encode()).digest(),
            "second_factor": settings.second_factor,
            "files": settings.files,
            "max_upload_bytes": settings.max_upload_megabytes * 1_000_000,
            "max_upload_rows": settings.max_upload_rows,
            "keep_months": settings.keep_months,
            "outside_domains": settings.outside_domains,
        }
        # The same pool, but SQLite takes its write lock at BEGIN: at defaults, read-then-write loses updates.
        self._writer = self.engine.execution_options(hub_writes=True)
        self._impatient_writer = self._writer.execution_options(hub_waits=False)

    @property
    def files(self) -> Path:
        """The folder that keeps what is no row."""
        return cast(Path, self._info["files"])

    def session(self, *, writes: bool) -> HubSession:
        """Open a session that sees nothing yet."""
        return HubSession(self._writer if writes else self.engine, info=dict(self._info))

    @contextmanager
    def writing(self) -> Iterator[HubSession]:
        """Open a session, commit at the end, roll back if anything was raised."""
        with self.session(writes=True) as session:
            yield session
            session.commit()

    @contextmanager
    def writing_if_free(self) -> Iterator[HubSession]:
        """Open a writing session for something small that can wait for another time.

        Raises
        ------
        OperationalError
            At once, where somebody else holds SQLite's one write lock; on PostgreSQL soon, where somebody holds what
            it must lock.
        """
        with HubSession(self._impatient_writer, info=dict(self._info)) as session:
            yield session
            session.commit()

    @contextmanager
    def reading(self) -> Iterator[HubSession]:
        """Open a session whose work is never kept."""
        with self.session(writes=False) as session:
            yield session

    def forget_deleted(self) -> None:
        """Have SQLite's log forget what was deleted; the file itself is overwritten as it is. PostgreSQL vacuums."""
        if self.engine.dialect.name == "sqlite":
            with self.engine.connect() as connection:
                connection.exec_driver_sql("COMMIT")
                connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
                connection.exec_driver_sql("BEGIN")

    def refuse_unsafe_role(self) -> None:
        """Refuse a PostgreSQL role that row-level security would not bind.

        Raises
        ------
        SettingsError
            If the role is a superuser, may bypass row security, or owns a table of the hub.
        """
        if self.engine.dialect.name != "postgresql":
            return
        with self.engine.connect() as connection:
            # What the role may become counts as what it is.
            role, unbound, owned = connection.execute(
                text(
                    "SELECT session_user, (SELECT bool_or(rolsuper OR rolbypassrls) FROM pg_roles"
                    "   WHERE pg_has_role(session_user, oid, 'MEMBER')),"
                    " (SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
                    "   WHERE c.relkind = 'r' AND n.nspname = current_schema()"
                    "   AND pg_has_role(session_user, c.relowner, 'MEMBER'))"
                )
            ).one()
        if unbound or owned:
            raise SettingsError(
                f"The PostgreSQL role '{role}' in HUB_DATABASE_URL could bypass row-level security.",
                remedy="Use a role that is no superuser, has no BYPASSRLS and owns no table; give the owner's address "
                "in HUB_OWNER_DATABASE_URL for 'hub db upgrade' only.",
            )
