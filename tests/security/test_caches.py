"""T7: what was worked out and kept for one reader never reaches another, whoever asks first."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import pytest
from werkzeug.test import TestResponse

from hub.access import Role
from tests.security.crawling import said
from tests.security.marked import THEIRS
from tests.security.test_belts import words_of
from tests.test_routes import ASKED, ROWS, Row, World, on_one_database

ANOTHER_EACH_TIME = {"static", "second_factor.new_app"}
"""A file of the hub's own, sent with when it was, and a new secret."""
SHOWN = [
    row
    for row in ROWS
    if row.method == "GET" and row.of in {"-", "theirs", "bcu"} and row.endpoint not in ANOTHER_EACH_TIME
]
PAIRS = [
    (Role.CSP_OFFICER, Role.COUNCIL_LEADER),
    (Role.COUNCIL_LEADER, Role.CSP_OFFICER),
    (Role.ADMINISTRATOR, Role.BCU_COMMANDER),
]
"""Whose scopes or figures differ, though they ask for the same."""


def answers(world: World, actor: Role, rows: Iterable[Row]) -> dict[Row, TestResponse]:
    """What somebody is answered, in the transaction that is open."""
    found = {}
    for row in rows:
        asked = ASKED[row.endpoint](world, row.of)
        with world.app.test_request_context():
            path = world.app.url_for(row.endpoint, **asked.values)
        headers = world.bearer(actor.value, row)
        found[row] = world.client(actor.value).get(path, query_string=asked.query, headers=headers, buffered=True)
    return found


@on_one_database
@pytest.mark.parametrize(("first", "second"), PAIRS, ids=str)
def test_nobody_is_given_what_was_kept_for_another(
    marked: World, first: Role, second: Role, record_property: Callable[[str, object], None]
) -> None:
    """What the second is answered is the same whether or not the first has asked for all of it before."""
    with marked.undone(files=True):
        alone = answers(marked, second, SHOWN)
    with marked.undone(files=True):
        answers(marked, first, SHOWN)
        after = answers(marked, second, SHOWN)
    differing = [str(row) for row in SHOWN if words_of(alone[row]) != words_of(after[row])]
    print(f"T7: {len(SHOWN)} answers to {second.value} after {first.value} asked; {len(differing)} differ.")
    record_property("answers compared", len(SHOWN))
    assert not differing
    if second != Role.ADMINISTRATOR:
        assert not [row for row in SHOWN if THEIRS.search(said(after[row]).casefold())]
