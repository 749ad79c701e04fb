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
from hub.uploads.history import Why
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


def test_why_months_were_restated_is_told_by_what_sets_the_versions_apart(desk: Desk, officer: str) -> None:
    now = dt.datetime.now(dt.UTC)

    def restated(since: dt.datetime | None = None) -> list[tuple[int, int | None, Why]]:
        with desk.reading(officer) as viewer:
            found = history.restatements(viewer, HOME, "ward_counts", now=dt.datetime.now(dt.UTC), since=since)
        return [(one.before, one.after, one.why) for one in found]

    def change(number: int, **values: object) -> None:
        with desk.database.writing() as session, session.scoped(EVERYWHERE):
            session.execute(update(Version).where(Version.number == number).values(**values))

    desk.commit(officer, table(F05000000_2024_01=3))
    change(1, committed_at=now - dt.timedelta(days=90))
    second = desk.commit(officer, table(F05000000_2024_01=5))
    assert restated() == [(3, 5, Why.CORRECTED)], "loaded again on the day of the first"
    change(1, extract_date=dt.date(2024, 2, 1))
    assert restated() == [(3, 5, Why.LATE_RECORDS)]
    change(1, undone_at=now)
    assert restated() == [(3, 5, Why.CORRECTED)], "what is put right is set aside"
    change(1, undone_at=None, boundary_set_id=None)
    assert restated() == [(3, 5, Why.BOUNDARIES)]
    change(1, classification="before 2020")
    assert restated() == [(3, 5, Why.CLASSIFICATION)]

    change(2, committed_at=now - dt.timedelta(days=60))
    desk.undo(officer, second["id"])
    assert restated() == [(5, 3, Why.TAKEN_BACK)]
    assert restated(now - dt.timedelta(days=70)) == [], "since before the second, nothing has changed in the end"
    assert restated(now + dt.timedelta(days=1)) == []
    change(1, undone_at=now)
    assert restated() == [(5, None, Why.TAKEN_BACK)]
