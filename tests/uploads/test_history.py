"""Versions are listed and compared, undone within 30 days only, and what they change of live figures is told."""

from __future__ import annotations

import datetime as dt
from uuid import UUID

import pytest
from sqlalchemy import update

from hub.access import Role
from hub.db import EVERYWHERE
from hub.errors import BadRequest, Conflict, NotAllowed, NotFound
from hub.uploads import history, service
from hub.uploads.models import Upload, Version
from tests.conftest import ELSEWHERE, HOME
from tests.uploads.desk import Desk
from tests.uploads.test_service import live, table

pytestmark = pytest.mark.usefixtures("in_this_process")


@pytest.fixture
def officer(people: dict[Role, str]) -> str:
    return people[Role.CSP_OFFICER]


def told(desk: Desk, email: str) -> list[tuple[str, int, int | None]]:
    """The months restated, each with the figure before and now."""
    with desk.reading(email) as viewer:
        found = history.restatements(viewer, HOME, "ward_counts", now=dt.datetime.now(dt.UTC))
    return [(f"{one.month:%Y-%m}", one.before, one.after) for one in found]


def test_versions_are_listed_and_any_two_compared(desk: Desk, officer: str, people: dict[Role, str]) -> None:
    desk.commit(people[Role.ADMINISTRATOR], table(F05000000_2024_01=3, F05000004_2024_01=1))
    desk.commit(officer, table(F05000000_2024_01=5, F05000001_2024_02=4), "later.csv")
    with desk.reading(officer) as viewer:
        newest, first = history.versions(viewer, HOME, "ward_counts")
        assert (newest.number, newest.file_name, newest.months_live, newest.placed) == (2, "later.csv", 2, 9)
        assert (first.number, first.upload_id, first.months_live) == (1, None, 0), (
            "the administrator's file is not theirs"
        )
        found = history.compare(viewer, HOME, "ward_counts", (2, 1))
        assert [(one.label, one.first, one.second, one.change) for one in found.months] == [
            ("January 2024", 3, 5, 2),
            ("February 2024", None, 4, None),
        ]
        assert [(one.label, one.first, one.second) for one in found.categories] == [("Burglary", 3, 5)]
        for numbers in ((1, 1), (1, 3)):
            with pytest.raises(BadRequest, match="Two versions"):
                history.compare(viewer, HOME, "ward_counts", numbers)
        for code in (ELSEWHERE, "F09000099"):
            with pytest.raises(NotFound):
                history.versions(viewer, code, "ward_counts")
    with desk.reading(people[Role.COUNCIL_LEADER]) as viewer, pytest.raises(NotAllowed):
        history.versions(viewer, HOME, "ward_counts")


def test_an_undo_is_refused_after_30_days(desk: Desk, officer: str) -> None:
    upload_id = UUID(desk.commit(officer, table(F05000000_2024_01=3))["id"])

    def committed(days: int) -> None:
        at = dt.datetime.now(dt.UTC) - dt.timedelta(days=days)
        with desk.database.writing() as session, session.scoped(EVERYWHERE):
            session.execute(update(Upload).where(Upload.id == upload_id).values(committed_at=at))

    committed(31)
    with desk.writing(officer) as viewer, pytest.raises(Conflict, match="can be undone for 30 days"):
        service.undo(viewer, upload_id)
    assert live(desk, officer)
    committed(29)
    desk.undo(officer, upload_id)
    assert not live(desk, officer)


def test_months_that_change_after_they_were_live_are_told_for_30_days(desk: Desk, officer: str) -> None:
    desk.commit(officer, table(F05000000_2024_01=3, F05000000_2024_02=7))
    with desk.database.writing() as session, session.scoped(EVERYWHERE):
        session.execute(update(Version).values(committed_at=dt.datetime.now(dt.UTC) - dt.timedelta(days=90)))
    assert told(desk, officer) == [], "what is new restates nothing"
    later = desk.commit(officer, table(F05000000_2024_01=5, F05000000_2024_02=7, F05000000_2024_03=1))
    assert told(desk, officer) == [("2024-01", 3, 5)]
    desk.undo(officer, later["id"])
    assert told(desk, officer) == [], "what was taken back stands as it stood"
    desk.commit(officer, table(F05000000_2024_02=9))
    assert told(desk, officer) == [("2024-02", 7, 9)]
    with desk.reading(officer) as viewer:
        in_a_year = dt.datetime.now(dt.UTC) + dt.timedelta(days=365)
        assert history.restatements(viewer, HOME, "ward_counts", now=in_a_year) == []
