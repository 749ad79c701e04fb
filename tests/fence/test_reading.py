"""The borough fence, attacked by every way of reading round it that SQLAlchemy offers, on both databases.

Judged by non-interference: under my scope a probe must answer alike in both worlds, must answer otherwise without any
scope (so it did reach my rows), and must tell the worlds apart once the fence is open (so it could have leaked).
"""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import delete, insert, select, update

from hub.accounts.models import Person
from hub.db import EVERYWHERE, NOWHERE
from hub.errors import OutsideScope
from hub.hotspots.models import HotspotRun
from hub.uploads.models import WardCount
from tests.fence.reads import POSTGRESQL_READS, READS, REFUSED, assert_stays_inside
from tests.fence.worlds import EXPECTED_WARNINGS, MY_SCOPE, NOON, THEIRS, Worlds

pytestmark = EXPECTED_WARNINGS


@pytest.mark.parametrize("name", READS)
def test_reading_stays_inside(worlds: Worlds, name: str) -> None:
    assert_stays_inside(worlds, READS[name])


@pytest.mark.parametrize("name", POSTGRESQL_READS)
def test_reading_as_only_postgresql_can_stays_inside(postgresql_worlds: Worlds, name: str) -> None:
    assert_stays_inside(postgresql_worlds, POSTGRESQL_READS[name])


@pytest.mark.parametrize("name", REFUSED)
def test_what_the_fence_cannot_follow_is_refused(worlds: Worlds, name: str) -> None:
    for scope in (MY_SCOPE, NOWHERE):
        with worlds.session(worlds.second, scope) as session, pytest.raises(OutsideScope):
            REFUSED[name](session)
    everything, more = worlds.ask(REFUSED[name], EVERYWHERE)
    assert everything != more, "the probe could not have leaked"


@pytest.mark.parametrize(
    "writes",
    [
        delete(WardCount).returning(WardCount.id).cte(),
        update(WardCount).values(count=0).returning(WardCount.id).cte(),
        insert(HotspotRun)
        .values(id=99, area_key=THEIRS, inputs_hash="-", inputs={}, result=b"-", computed_at=NOON)
        .returning(HotspotRun.id)
        .cte(),
    ],
    ids=["delete", "update", "insert"],
)
def test_a_write_hidden_in_a_query_is_refused(postgresql_worlds: Worlds, writes: Any) -> None:
    statements = [select(writes.c.id), select(Person.name).add_cte(writes), select(Person.name, writes.c.id)]
    for statement in statements:
        with postgresql_worlds.session(postgresql_worlds.second, EVERYWHERE) as session:
            assert session.execute(statement).all()
        with postgresql_worlds.session(postgresql_worlds.second, MY_SCOPE) as session, pytest.raises(OutsideScope):
            session.execute(statement)
