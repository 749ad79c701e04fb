"""A session that changes its scope, and what is cached, pooled and shared between threads."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress

import pytest
from sqlalchemy import func, inspect, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from hub import db
from hub.accounts.models import Person
from hub.db import EVERYWHERE, NOWHERE, HubSession, Scope
from hub.errors import OutsideScope
from hub.hotspots.models import HotspotRun
from hub.uploads.models import Version, VersionMonth, WardCount
from tests.fence.reads import STATEMENTS, w
from tests.fence.worlds import (
    BOTH,
    EXPECTED_WARNINGS,
    JANUARY,
    MINE,
    MY_SCOPE,
    MY_SHARED_VERSION,
    MY_SIDE,
    OUR_SCOPE,
    THEIR_SCOPE,
    THEIR_SIDE,
    THEIRS,
    Worlds,
    a_count,
    plain,
)

pytestmark = EXPECTED_WARNINGS

# --- Changing scope --------------------------------------------------------------------------------------------------


@contextmanager
def mine(worlds: Worlds) -> Iterator[HubSession]:
    with worlds.session(worlds.second, MY_SCOPE) as session:
        yield session


def shown_by_postgresql(session: HubSession) -> set[str]:
    """The boroughs that row-level security lets through at this moment, the session's own belt apart."""
    return set(Session.connection(session).scalars(select(inspect(Version).local_table.c.borough_code)))


def test_rows_of_a_wider_scope_are_forgotten_with_it(worlds: Worlds) -> None:
    with mine(worlds) as session:
        with session.scoped(EVERYWHERE):
            theirs, ours = session.get(WardCount, THEIR_SIDE.row), session.get(WardCount, MY_SIDE.row)
            assert theirs.count == 1000
        assert theirs not in session
        assert ours in session
        assert session.get(WardCount, THEIR_SIDE.row) is None
        assert session.query(WardCount).get(THEIR_SIDE.row) is None
        assert session.get(WardCount, MY_SIDE.row) is ours
        for again in (session.add, session.delete, session.merge, session.refresh):
            with pytest.raises((OutsideScope, SQLAlchemyError)):  # noqa: PT012 - a merge is judged when it is flushed
                again(theirs)
                session.flush()
            session.rollback()


def test_what_a_row_of_mine_knows_of_theirs_is_forgotten_too(worlds: Worlds) -> None:
    with mine(worlds) as session:
        with session.scoped(EVERYWHERE):
            version = session.get(Version, MY_SHARED_VERSION)
            assert version.upload.area_key == BOTH
            assert len(version.months) == 2
        assert version.upload is None
        assert len(version.months) == 2


def test_a_row_of_a_narrower_scope_shows_all_its_relations_in_a_wider(worlds: Worlds) -> None:
    with mine(worlds) as session:
        version = session.get(Version, MY_SHARED_VERSION)
        assert version.upload is None
        with session.scoped(EVERYWHERE):
            assert version.upload.area_key == BOTH
        assert version.upload is None


def test_a_scope_ends_well_though_its_rows_have_expired(worlds: Worlds) -> None:
    with mine(worlds) as session:
        with session.scoped(EVERYWHERE):
            rows = session.scalars(select(WardCount)).all()
            session.commit()
        assert not [row for row in rows if row in session]
        assert {row.borough_code for row in session.scalars(select(WardCount))} == {MINE}


def test_a_scope_that_fails_leaves_nothing_to_be_written_later(worlds: Worlds) -> None:
    with mine(worlds) as session:
        with pytest.raises(ZeroDivisionError), session.scoped(EVERYWHERE):  # noqa: PT012 - the scope is what fails
            session.get(WardCount, THEIR_SIDE.row).count = 4321
            session.add(a_count(900, THEIRS, THEIR_SIDE.version))
            raise ZeroDivisionError
        assert session.scope == MY_SCOPE
        assert not session.new
        assert not session.dirty
        session.get(WardCount, MY_SIDE.row).count = 4321
        session.flush()
        with session.scoped(EVERYWHERE):
            assert session.get(WardCount, MY_SIDE.row).count == 4321
            assert session.get(WardCount, THEIR_SIDE.row).count == 1000
            assert session.get(WardCount, 900) is None


def test_a_scope_writes_what_was_changed_in_it_before_it_ends(worlds: Worlds) -> None:
    with mine(worlds) as session:
        with session.scoped(EVERYWHERE):
            session.get(WardCount, THEIR_SIDE.row).count = 4321
        with session.scoped(EVERYWHERE):
            assert session.get(WardCount, THEIR_SIDE.row).count == 4321


def test_no_row_is_moved_across_the_fence_even_from_one_of_my_boroughs_to_another(worlds: Worlds) -> None:
    for scope in (OUR_SCOPE, EVERYWHERE):
        with worlds.session(worlds.second, scope) as session:
            session.get(HotspotRun, MY_SIDE.run).inputs = {"changed": True}
            session.flush()
            session.get(HotspotRun, MY_SIDE.run).area_key = BOTH
            with pytest.raises(OutsideScope):
                session.flush()
        with worlds.session(worlds.second, scope) as session:
            month = session.get(VersionMonth, (MY_SIDE.version, JANUARY))
            month.version = session.get(Version, THEIR_SIDE.version)
            with pytest.raises((OutsideScope, SQLAlchemyError)):
                session.flush()


def test_a_viewer_of_all_london_sees_every_shared_row_and_an_unrelated_one_does_not(worlds: Worlds) -> None:
    london = Scope(frozenset({MINE, THEIRS}), frozenset({db.EVERYTHING}))
    names = select(HotspotRun.area_key)
    for scope, expected in ((london, {MINE, THEIRS, BOTH}), (OUR_SCOPE, {MINE, THEIRS, BOTH}), (MY_SCOPE, {MINE})):
        with worlds.session(worlds.second, scope) as session:
            assert set(session.scalars(names)) == expected


@pytest.mark.parametrize("code", ["*", "A,B", "A+B", "", "A B", "A'"])
def test_a_code_that_would_widen_the_scope_is_refused(code: str) -> None:
    assert Scope(frozenset({MINE}), frozenset({BOTH, db.EVERYTHING}))
    with pytest.raises(OutsideScope):
        Scope(frozenset({MINE, code}))
    if code not in {"*", "A+B"}:
        with pytest.raises(OutsideScope):
            Scope(frozenset({MINE}), frozenset({f"{MINE}+{code}"}))


def test_a_savepoint_undone_after_a_wider_scope_ended_does_not_bring_it_back(postgresql_worlds: Worlds) -> None:
    with mine(postgresql_worlds) as session:
        with session.scoped(EVERYWHERE):
            savepoint = session.begin_nested()
            assert shown_by_postgresql(session) == {MINE, THEIRS}
        assert shown_by_postgresql(session) == {MINE}
        savepoint.rollback()
        assert shown_by_postgresql(session) == {MINE}


def test_a_savepoint_undone_does_not_bring_back_the_scope_before_it(postgresql_worlds: Worlds) -> None:
    with postgresql_worlds.session(postgresql_worlds.second, EVERYWHERE) as session:
        assert shown_by_postgresql(session) == {MINE, THEIRS}
        savepoint = session.begin_nested()
        session.set_scope(MY_SCOPE)
        assert shown_by_postgresql(session) == {MINE}
        savepoint.rollback()
        assert shown_by_postgresql(session) == {MINE}


def test_a_broken_transaction_keeps_its_own_error_and_its_scope(worlds: Worlds) -> None:
    broken = select(func.no_such_function(Person.name))
    with mine(worlds) as session:
        with pytest.raises(SQLAlchemyError, match="no_such_function"), session.scoped(EVERYWHERE):
            session.execute(broken)
        assert session.scope == MY_SCOPE
        session.rollback()
        assert {row.borough_code for row in session.scalars(select(WardCount))} == {MINE}
        assert worlds.kind == "sqlite" or shown_by_postgresql(session) == {MINE}


def test_a_savepoint_broken_inside_a_wider_scope_leaves_the_narrow_one(worlds: Worlds) -> None:
    with mine(worlds) as session:
        with pytest.raises(SQLAlchemyError), session.begin_nested(), session.scoped(EVERYWHERE):
            session.add(a_count(MY_SIDE.row, MINE, MY_SIDE.version))  # Its id is taken.
        assert {row.borough_code for row in session.scalars(select(WardCount))} == {MINE}
        assert worlds.kind == "sqlite" or shown_by_postgresql(session) == {MINE}


# --- What is cached, pooled and shared between threads ---------------------------------------------------------------


def test_a_statement_cached_in_one_scope_does_not_answer_another(worlds: Worlds) -> None:
    scopes = [MY_SCOPE, THEIR_SCOPE, NOWHERE, OUR_SCOPE]
    answers: dict[tuple[str, Scope], object] = {}
    for order in (scopes, scopes[::-1]):
        worlds.second.engine.clear_compiled_cache()
        for scope in order:
            with worlds.session(worlds.second, scope) as session:
                for name, statement in STATEMENTS.items():
                    answer = plain(session.execute(statement).all())
                    assert answers.setdefault((name, scope), answer) == answer, name
    for name in STATEMENTS:
        assert len({repr(answers[name, scope]) for scope in scopes}) > 2, name


def test_threads_with_different_scopes_never_share_an_answer(worlds: Worlds) -> None:
    scopes = [MY_SCOPE, THEIR_SCOPE, NOWHERE, OUR_SCOPE]
    expected = {MY_SCOPE: {MINE}, THEIR_SCOPE: {THEIRS}, NOWHERE: set(), OUR_SCOPE: {MINE, THEIRS}}
    statement = select(WardCount.borough_code).where(WardCount.id.in_(select(w.id)))

    def look(number: int) -> bool:
        scope = scopes[number % len(scopes)]
        with worlds.second.reading() as session:
            session.set_scope(scope)
            return set(session.scalars(statement)) == expected[scope]

    worlds.second.engine.clear_compiled_cache()
    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(look, range(400)))


def test_a_pooled_connection_shows_nothing_until_a_scope_is_set(postgresql_worlds: Worlds) -> None:
    database = postgresql_worlds.second
    rows = select(func.count()).select_from(inspect(WardCount).local_table)

    def fail(session: HubSession) -> None:
        with suppress(SQLAlchemyError):
            session.execute(select(func.no_such_function(Person.name)))

    def fail_to_flush(session: HubSession) -> None:
        session.add(a_count(MY_SIDE.row, MINE, MY_SIDE.version))
        with suppress(SQLAlchemyError):
            session.flush()

    ends: dict[str, Callable[[HubSession], object]] = {
        "commit": HubSession.commit,
        "rollback": HubSession.rollback,
        "close": HubSession.close,
        "a failed statement": fail,
        "a failed flush": fail_to_flush,
        "a savepoint kept": lambda session: session.begin_nested().commit(),
        "a savepoint undone": lambda session: session.begin_nested().rollback(),
        "a savepoint left open": lambda session: session.begin_nested(),
    }
    for name, end in ends.items():
        with database.session(writes=True) as session:
            session.set_scope(EVERYWHERE)
            assert len(session.scalars(select(WardCount)).all()) > 3
            used = Session.connection(session).connection.info
            used["by"] = name
            end(session)
        with database.engine.connect() as connection:
            assert connection.connection.info["by"] == name, "another connection came from the pool"
            assert connection.scalar(rows) == 0, name
        with database.session(writes=True) as session:
            assert session.scalars(select(WardCount)).all() == [], name
