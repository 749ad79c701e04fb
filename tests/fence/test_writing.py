"""The borough fence, attacked by every way of writing round it that SQLAlchemy offers, on both databases.

Judged by effect: what changes my rows must leave theirs alone, and does change theirs once the fence is open.
"""

from __future__ import annotations

import pytest

from hub.db import EVERYWHERE, NOWHERE
from tests.fence.worlds import EXPECTED_WARNINGS, MY_SCOPE, MY_SIDE, THEIR_SIDE, Worlds
from tests.fence.writes import NEVER, WRITES, effect

pytestmark = EXPECTED_WARNINGS


@pytest.mark.parametrize("name", WRITES)
def test_writing_stays_inside(worlds: Worlds, name: str) -> None:
    with worlds.session(worlds.second, MY_SCOPE) as session:
        assert effect(session, WRITES[name], MY_SIDE) == ("done", True, False)
    with worlds.session(worlds.second, MY_SCOPE) as session:
        assert effect(session, WRITES[name], THEIR_SIDE)[2] is False
    with worlds.session(worlds.second, NOWHERE) as session:
        assert effect(session, WRITES[name], MY_SIDE)[1:] == (False, False)
    with worlds.session(worlds.second, EVERYWHERE, is_open=True) as session:
        assert effect(session, WRITES[name], THEIR_SIDE)[2] is True, "the probe could not have changed anything"


@pytest.mark.parametrize("name", NEVER)
def test_writing_what_the_fence_cannot_follow_is_refused(worlds: Worlds, name: str) -> None:
    for side in (MY_SIDE, THEIR_SIDE):
        with worlds.session(worlds.second, MY_SCOPE) as session:
            assert effect(session, NEVER[name], side) == ("refused", False, False)
    with worlds.session(worlds.second, EVERYWHERE, is_open=True) as session:
        assert effect(session, NEVER[name], THEIR_SIDE)[2] is True, "the probe could not have changed anything"
