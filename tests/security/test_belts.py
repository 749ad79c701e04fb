"""T5, tests of the tests: with one belt off nothing leaks, with all off the tests notice, and so with one door open.

A door is whoever asks whether a viewer may do something in some boroughs. The doors are found by watching them refuse.
"""

from __future__ import annotations

import re
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import Any, ClassVar
from uuid import UUID

import psycopg
import pytest
from hypothesis.stateful import invariant
from sqlalchemy import event
from werkzeug.test import TestResponse

from hub import db, migrate
from hub.access import Permission, Role, Viewer
from hub.accounts import service as accounts
from hub.agreements import service as agreements
from hub.config import Settings
from hub.db import Database, HubSession
from hub.errors import HubError
from hub.places import service as places
from hub.problems import service as problems
from hub.uploads import views
from hub.zones import service as zones
from tests.conftest import ELSEWHERE, HOME, PostgresCluster
from tests.security.crawling import said
from tests.security.marked import THEIRS
from tests.security.test_histories import Histories, Nobody, Somebody, _in_this_process, _rows_in, tell_histories
from tests.test_routes import ROWS, World, on_one_database, on_postgresql

__all__ = ["_in_this_process"]  # a fixture, which pytest looks for here

pytestmark = pytest.mark.slow

OFFICER = Role.CSP_OFFICER.value
ABOUT_OTHERS = [row for row in ROWS if row.of in {"others", "city", "-"}]


# --- Belts -----------------------------------------------------------------------------------------------------------


@contextmanager
def without(*belts: str, of: str = "", cluster: PostgresCluster | None = None) -> Iterator[None]:
    """Take off some of the belts: the services' doors, the session's fence, the row-level security of a database."""
    with ExitStack() as stack:
        if "doors" in belts:
            patch = stack.enter_context(pytest.MonkeyPatch.context())
            patch.setattr(Viewer, "require", lambda *_: None)
            patch.setattr(Viewer, "may", lambda *_: True)
        if "fence" in belts:
            event.remove(HubSession, "do_orm_execute", db._fence_statement)
            stack.callback(event.listen, HubSession, "do_orm_execute", db._fence_statement)
        if "row security" in belts and cluster is not None:
            _row_security(cluster, of, "DISABLE")
            stack.callback(_row_security, cluster, of, "ENABLE")
        yield


def _row_security(cluster: PostgresCluster, name: str, verb: str) -> None:
    with psycopg.connect(cluster.url(name, "hub_owner"), autocommit=True) as connection:
        for table in migrate.fenced_tables():
            connection.execute(f"ALTER TABLE {table} {verb} ROW LEVEL SECURITY".encode())


ALL_OFF = ("doors", "fence", "row security")


# --- What is shown ---------------------------------------------------------------------------------------------------


def leaks(world: World) -> list[str]:
    """Where an officer is told something of another borough, of all that a route may be asked about others."""
    found = []
    for row in ABOUT_OTHERS:
        if row.method == "GET":
            with suppress(HubError):  # some writing beside the answer, stopped at the fence
                if THEIRS.search(said(world.ask(OFFICER, "GET", row)).casefold()):
                    found.append(str(row))
    return found


@on_postgresql
def test_with_row_level_security_off_alone_nothing_is_shown(marked: World, postgres_cluster: PostgresCluster) -> None:
    """That the other belts hold each by itself is tried with the route matrix."""
    name = str(marked.database.engine.url.database)
    with without("row security", of=name, cluster=postgres_cluster):
        assert leaks(marked) == []
    with without(*ALL_OFF, of=name, cluster=postgres_cluster):
        assert len(leaks(marked)) > 5


# --- What happens ----------------------------------------------------------------------------------------------------


class Unguarded(Histories):
    """Histories in which anybody tries anything, without a model of who is refused: only what is seen is judged."""

    looks_at_rows: ClassVar[bool]
    """Or at what services list alone, which is all that the doors hold."""

    @contextmanager
    def acting(self, person: Somebody, *, may: bool) -> Iterator[Any]:
        with suppress(HubError), self.database.writing() as session:
            yield accounts.viewer_of(session, person.id) or Nobody()

    @invariant()
    def everybody_sees_what_is_theirs(self) -> None:
        type(self).steps[self.database.engine.dialect.name] += 1
        for person in self.people:
            with self.database.reading() as session:
                viewer = accounts.viewer_of(session, person.id)
                if viewer is not None:
                    shown = _rows_in(session) if self.looks_at_rows else set()
                    assert all(map(person.sees_row, shown))
                    assert not self._listed(viewer) & self._anothers(person)

    def _listed(self, viewer: Viewer) -> set[UUID]:
        readable = places.areas(viewer, Permission.OVERLAY_READ)
        return {
            *(one.id for one in views.uploads(viewer)),
            *(one.id for one in agreements.agreements(viewer, agreements.today())),
            *(one.id for one in problems.problems(viewer)),
            *(one.id for area in readable for one in zones.zones(viewer, area)),
        }

    def _anothers(self, person: Somebody) -> set[UUID]:
        problems_of_others = {one.id for one in self.made["problem"] if not one.boroughs & person.boroughs}
        others = (made for noun, made in self.made.items() if noun != "problem")
        return problems_of_others | {one.id for made in others for one in made if not person.sees(one.boroughs)}


@pytest.mark.parametrize(
    ("kind", "belts"),
    [("sqlite", ("doors",)), ("sqlite", ("fence",)), ("postgresql", ("row security",)), ("postgresql", ALL_OFF)],
    ids=str,
)
def test_whatever_happens_one_belt_off_shows_nothing_and_all_off_do(
    kind: str, belts: tuple[str, ...], new_settings: Callable[..., Settings], request: pytest.FixtureRequest
) -> None:
    class OneOff(Unguarded):
        looks_at_rows = belts != ("fence",)

    def new_database() -> Database:
        database = Database(new_settings(kind, holding="small_city"))
        if "row security" in belts:
            _row_security(request.getfixturevalue("postgres_cluster"), str(database.engine.url.database), "DISABLE")
        return database

    with without(*(belt for belt in belts if belt != "row security")):
        if belts == ALL_OFF:
            with pytest.raises(AssertionError):
                tell_histories(new_database, 1, OneOff)
        else:
            print(f"T5: {tell_histories(new_database, 1, OneOff)} steps on {kind} without {belts[0]}.")


# --- One door left open ----------------------------------------------------------------------------------------------


LEADS_NOWHERE = {
    # They say which buttons a page has; whoever presses one is asked again.
    *("hub.agreements.service._view", "hub.sharing.service._view", "hub.uploads.views._view"),
    *("hub.sharing.routes.shares_to_decide.<locals>.waiting", "hub.questions.service._shown.<locals>.<listcomp>"),
    # They ask for a role, and not for boroughs.
    *("hub.accounts.second_factor._removed", "hub.accounts.tokens.admit", "hub.web._record_refusal"),
    *("hub.questions.routes.questions_to_answer.<locals>.waiting", "hub.problems.memory.search"),
    *(
        "hub.problems.routes._owned",
        "hub.assessments.routes._news",
        "hub.tasking.routes.tasks_told.<locals>.waiting",
    ),
    # What they choose from is the viewer's own already, or is asked here of the viewer's own borough.
    *("hub.uploads.views.unsettled", "hub.agreements.service.write", "hub.reports.approval.sent_back"),
    # Nothing that is to be done in ELSEWHERE is due in this world.
    *("hub.ledger.todo._of_agreements", "hub.ledger.todo.tasks", "hub.retention.routes._soon_deleted"),
}


class Doors:
    """Watches whose question whether a viewer may decides, and answers one asker as if everybody might."""

    def __init__(self, patch: pytest.MonkeyPatch, every_borough: frozenset[str]) -> None:
        self.asking: set[str] = set()
        self.open = ""
        require, may, boroughs = Viewer.require, Viewer.may, Viewer.boroughs

        def is_open() -> bool:
            frame = sys._getframe(2)
            while frame.f_globals["__name__"] in {"hub.access", __name__} and frame.f_back:  # one asks by another
                frame = frame.f_back
            door = f"{frame.f_globals['__name__']}.{frame.f_code.co_qualname}"
            self.asking.add(door)
            return door == self.open

        def open_require(viewer: Viewer, permission: Permission, codes: Any) -> None:
            if not is_open():
                require(viewer, permission, codes)

        def open_may(viewer: Viewer, permission: Permission, codes: Any = None) -> bool:
            return is_open() or may(viewer, permission, codes)

        def open_boroughs(viewer: Viewer, permission: Permission | None = None) -> frozenset[str]:
            return every_borough if is_open() else boroughs(viewer, permission)

        for name, opened in {"require": open_require, "may": open_may, "boroughs": open_boroughs}.items():
            patch.setattr(Viewer, name, opened)


def words_of(answer: TestResponse) -> str:
    """What an answer says, without what is another each time."""
    return re.sub(r'(name="csrf_token" value|nonce)="[^"]*"|nonce-[\w-]+|[0-9a-f]{8}-[0-9a-f-]{27}', "", said(answer))


@on_one_database
def test_each_door_left_open_by_itself_is_noticed(
    marked: World, monkeypatch: pytest.MonkeyPatch, record_property: Callable[[str, object], None]
) -> None:
    """Without the fence, which would hide that a door is open; an answer that is another than before is noticed."""
    doors, asked_at = Doors(monkeypatch, frozenset({HOME, ELSEWHERE})), defaultdict(list)
    before = {}
    with without("fence"):
        for row in ABOUT_OTHERS:
            doors.asking.clear()
            before[row] = words_of(marked.ask(OFFICER, row.method, row))
            for door in doors.asking:
                asked_at[door].append(row)
        unnoticed = []
        for doors.open in sorted(asked_at):
            answers = (words_of(marked.ask(OFFICER, row.method, row)) != before[row] for row in asked_at[doors.open])
            if not any(answers):
                unnoticed.append(doors.open)
    known = {door for door in unnoticed if door in LEADS_NOWHERE}
    print(f"T5: {len(asked_at)} ask what a viewer may; each left open by itself, {len(known)} noticed by nobody.")
    record_property("doors", len(asked_at))
    assert set(unnoticed) == known, set(unnoticed) - known
