"""T25: whatever many do at once ends as if they had done it one after another, on both databases."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import func, select

from hub import audit, jobs
from hub.access import Role
from hub.accounts import service as accounts
from hub.audit import AuditEntry
from hub.config import Settings
from hub.db import EVERYWHERE, Database
from hub.errors import Conflict, HubError
from hub.jobs import Job, JobState, Worker
from hub.uploads import confined, intake, service
from hub.uploads.models import State, Upload, Version, VersionMonth, WardCount
from tests.processes import at_once as at_once_in_processes
from tests.processes import lengthen_the_record
from tests.uploads.desk import Desk, admit_here, check_here, look_here

PROCESSES, INCREMENTS = 8, 100
JANUARY = "WardCode,Month,Category,Count\nF05000000,2025-01,Burglary,4\nF05000001,2025-01,Burglary,5\n"


@pytest.fixture(autouse=True)
def _in_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, here in (("admit", admit_here), ("look", look_here), ("check", check_here)):
        monkeypatch.setattr(confined, name, here)


@pytest.fixture
def desk(database: Database, people: dict[Role, str]) -> Desk:
    return Desk(database)


@pytest.fixture
def officer(people: dict[Role, str]) -> str:
    return people[Role.CSP_OFFICER]


def at_once(*acts: Callable[[], Any]) -> list[Any]:
    """Do several things at the same moment; gives what each returned, or how it was refused."""
    barrier = threading.Barrier(len(acts))

    def one(act: Callable[[], Any]) -> Any:
        barrier.wait()
        try:
            return act()
        except HubError as refusal:
            return refusal

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(one, acts))


def committing(desk: Desk, email: str, upload_id: UUID) -> Callable[[], UUID]:
    def commit() -> UUID:
        with desk.writing(email) as viewer:
            return service.commit(viewer, upload_id).id

    return commit


def states(database: Database) -> Counter[State]:
    with database.reading() as session:
        session.set_scope(EVERYWHERE)
        return Counter(session.scalars(select(Upload.state)))


def live(database: Database) -> tuple[int, int]:
    """How many versions there are, and what the live ones add up to."""
    with database.reading() as session:
        session.set_scope(EVERYWHERE)
        assert audit.first_broken(session) is None
        current = select(VersionMonth.version_id).where(VersionMonth.is_current)
        total = session.scalar(select(func.sum(WardCount.count)).where(WardCount.version_id.in_(current)))
        return session.scalar(select(func.count()).select_from(Version)) or 0, total or 0


def test_the_same_file_sent_twice_at_once_gives_one_version(desk: Desk, database: Database, officer: str) -> None:
    first, second = at_once(*[lambda: desk.check(officer, JANUARY)] * 2)
    winners = at_once(committing(desk, officer, first), committing(desk, officer, second))
    assert winners[0] == winners[1], "both are told of the one that holds the data"
    assert states(database) == {State.COMMITTED: 1, State.DISCARDED: 1}
    assert live(database) == (1, 9)


def test_of_two_replacements_one_wins_and_one_is_told(desk: Desk, database: Database, officer: str) -> None:
    desk.commit(officer, JANUARY)
    uploads = [desk.check(officer, JANUARY.replace(",4", f",{count}")) for count in (40, 50)]
    ended = at_once(*(committing(desk, officer, upload_id) for upload_id in uploads))
    (told,) = [one for one in ended if isinstance(one, Conflict)]
    assert "since you looked" in told.sentence
    assert "Look again" in told.remedy
    (won,) = [one for one in ended if not isinstance(one, Conflict)]
    assert states(database) == {State.COMMITTED: 2, State.CHECKED: 1}
    assert live(database) == (2, 45 if won == uploads[0] else 55)
    (lost,) = set(uploads) - {won}
    with desk.writing(officer) as viewer:
        intake.take_in(viewer, lost, intake.Said(dataset="ward_counts"), lambda _words: None)
        assert intake.commit(viewer, lost, lambda _words: None) is None
    assert live(database) == (3, 55 if won == uploads[0] else 45)


def test_to_commit_or_undo_twice_at_once_is_to_do_it_once(desk: Desk, database: Database, officer: str) -> None:
    upload_id = desk.check(officer, JANUARY)
    assert at_once(*[committing(desk, officer, upload_id)] * 3) == [upload_id] * 3
    assert live(database) == (1, 9)
    assert at_once(*[lambda: desk.undo(officer, upload_id)] * 3) == [None] * 3
    assert live(database) == (1, 0)
    with database.reading() as session:
        actions = Counter(session.scalars(select(AuditEntry.action)))
        assert (actions["upload.committed"], actions["upload.undone"]) == (1, 1)


def test_a_commit_and_an_undo_at_once_leave_one_whole_answer(desk: Desk, database: Database, officer: str) -> None:
    live_id = UUID(desk.commit(officer, JANUARY)["id"])
    other = desk.check(officer, JANUARY.replace(",4", ",40"))
    ended = at_once(committing(desk, officer, other), lambda: desk.undo(officer, live_id))
    told = [one for one in ended if isinstance(one, Conflict)]
    assert live(database) == ((1, 0) if told else (2, 45)), ended


def test_a_file_given_up_while_it_is_checked_stays_given_up(
    desk: Desk, database: Database, officer: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload_id = desk.receive(officer, JANUARY)
    with desk.writing(officer) as viewer:
        intake.ask_for(viewer, upload_id, dataset="ward_counts", commits=True)
    run = service.CheckTask.run

    def give_up_and_run(task: service.CheckTask, *arguments: Any) -> service.CheckResult:
        result = run(task, *arguments)
        with desk.writing(officer) as viewer:
            service.discard(viewer, upload_id)
        return result

    monkeypatch.setattr(service.CheckTask, "run", give_up_and_run)
    Worker(database, intake.HANDLERS, accounts.viewer_of).run_one()
    assert states(database) == {State.DISCARDED: 1}
    assert live(database) == (0, 0)
    with database.reading() as session:
        (job,) = session.scalars(select(Job)).all()
        assert job.state in {JobState.FAILED, JobState.CANCELLED}


@pytest.mark.slow
@pytest.mark.xdist_group("kills")  # where processes are forked
def test_eight_processes_of_a_hundred_increments_make_eight_hundred(database: Database, settings: Settings) -> None:
    assert at_once_in_processes(PROCESSES, lengthen_the_record, settings, INCREMENTS) == [0] * PROCESSES
    with database.reading() as session:
        numbers = session.scalars(select(AuditEntry.number).order_by(AuditEntry.number)).all()
        assert numbers == list(range(1, PROCESSES * INCREMENTS + 1))
        assert len(set(session.scalars(select(AuditEntry.subject)))) == PROCESSES * INCREMENTS
        assert audit.first_broken(session) is None


@pytest.mark.slow
def test_a_job_is_taken_by_one_of_many_workers(database: Database, desk: Desk, officer: str) -> None:
    with desk.writing(officer) as viewer:
        for _ in range(20):
            jobs.enqueue(viewer, "count")
    done: list[int] = []
    workers = [
        Worker(database, {"count": lambda _viewer, _arguments, _report: done.append(1)}, accounts.viewer_of)
        for _ in range(4)
    ]

    def work(worker: Worker) -> None:
        while worker.run_one():
            pass

    at_once(*(lambda worker=worker: work(worker) for worker in workers))
    assert len(done) == 20
    with database.reading() as session:
        assert set(session.scalars(select(Job.state))) == {JobState.DONE}
