"""What is made live through a page or a script has its maps worked out by jobs; what is only checked has not."""

from __future__ import annotations

from sqlalchemy import select

from hub.access import Role
from hub.accounts import service as accounts
from hub.briefings import warming
from hub.jobs import Job, JobState, Worker
from hub.uploads import service
from tests.conftest import HOME
from tests.uploads.desk import Desk
from tests.uploads.test_service import table


def waiting(desk: Desk, officer: str) -> list[tuple[str, str]]:
    with desk.reading(officer) as viewer:
        jobs = viewer.session.scalars(select(Job).where(Job.state == JobState.WAITING).order_by(Job.asked_at))
        return [(job.kind, job.arguments.get("area", "")) for job in jobs]


def test_a_commit_asks_for_the_maps_of_the_borough_and_its_bcu(desk: Desk, people: dict[Role, str]) -> None:
    officer = people[Role.CSP_OFFICER]
    worker = Worker(desk.database, warming.handlers(desk.database), accounts.viewer_of, last={warming.KIND})
    upload_id = desk.check(officer, table(F05000000_2024_01=3))
    for act, asked in (("check", []), ("commit", [(warming.KIND, HOME), (warming.KIND, "north")])):
        with desk.writing(officer) as viewer:
            service.ask_for(viewer, upload_id, act)
        assert worker.run_one()
        assert waiting(desk, officer) == asked
    while worker.run_one():
        pass
    assert waiting(desk, officer) == []


def test_what_changed_by_another_way_is_asked_for_by_the_clock_and_once(desk: Desk, people: dict[Role, str]) -> None:
    officer = people[Role.CSP_OFFICER]
    worker = Worker(desk.database, warming.handlers(desk.database), accounts.viewer_of, last={warming.KIND})
    upload_id = desk.check(officer, table(F05000000_2024_01=3))
    for change in (service.commit, service.undo):
        assert warming.ask_for_what_changed(desk.database) == 0
        with desk.writing(officer) as viewer:
            change(viewer, upload_id)
        assert [warming.ask_for_what_changed(desk.database) for _ in range(2)] == [1, 0]
        assert waiting(desk, officer) == [(warming.KIND, HOME)]
        while worker.run_one():
            pass
        assert waiting(desk, officer) == []
