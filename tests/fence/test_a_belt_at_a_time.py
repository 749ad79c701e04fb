"""Each belt of the fence holds by itself: the session alone, and row-level security alone."""

from __future__ import annotations

import pytest

from tests.fence.reads import POSTGRESQL_READS, READS, REFUSED, assert_stays_inside
from tests.fence.worlds import EXPECTED_WARNINGS, MY_SCOPE, THEIR_SIDE, Worlds
from tests.fence.writes import NEVER, WRITES, effect

pytestmark = EXPECTED_WARNINGS

EVERY_READ = READS | POSTGRESQL_READS | REFUSED
EVERY_WRITE = WRITES | NEVER


@pytest.mark.parametrize("name", EVERY_READ)
def test_row_level_security_alone_shows_nothing_of_theirs(postgresql_worlds: Worlds, name: str) -> None:
    without, with_theirs = postgresql_worlds.ask(EVERY_READ[name], MY_SCOPE, is_open=True)
    assert without == with_theirs


@pytest.mark.parametrize("name", [name for name in EVERY_READ if name not in REFUSED])
def test_the_session_alone_shows_nothing_of_theirs(worlds_without_row_security: Worlds, name: str) -> None:
    assert_stays_inside(worlds_without_row_security, EVERY_READ[name])


@pytest.mark.parametrize("name", EVERY_READ)
def test_without_either_belt_every_read_leaks(worlds_without_row_security: Worlds, name: str) -> None:
    without, with_theirs = worlds_without_row_security.ask(EVERY_READ[name], MY_SCOPE, is_open=True)
    assert without != with_theirs


@pytest.mark.parametrize("name", EVERY_WRITE)
def test_row_level_security_alone_lets_nothing_of_theirs_be_changed(postgresql_worlds: Worlds, name: str) -> None:
    with postgresql_worlds.session(postgresql_worlds.second, MY_SCOPE, is_open=True) as session:
        assert effect(session, EVERY_WRITE[name], THEIR_SIDE, told=MY_SCOPE)[2] is False


@pytest.mark.parametrize("name", EVERY_WRITE)
def test_the_session_alone_lets_nothing_of_theirs_be_changed(worlds_without_row_security: Worlds, name: str) -> None:
    worlds = worlds_without_row_security
    with worlds.session(worlds.second, MY_SCOPE) as session:
        assert effect(session, EVERY_WRITE[name], THEIR_SIDE)[2] is False
    with worlds.session(worlds.second, MY_SCOPE, is_open=True) as session:
        assert effect(session, EVERY_WRITE[name], THEIR_SIDE)[2] is True
