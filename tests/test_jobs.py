"""Durable jobs: neither lost nor run for work that failed, run by one worker at a time, and run again after a kill."""

from __future__ import annotations

import datetime as dt
import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.exc import OperationalError

from hub import db, engine, jobs
from hub.access import Viewer
from hub.accounts import service as accounts
from hub.accounts.models import Person
from hub.config import Settings
from hub.db import Database, HubSession
from hub.errors import BadFile, NotFound
from hub.jobs import Handler, Job, JobState, Report, Worker
from tests.processes import at_once, count_up

ROOT = Path(__file__).resolve().parents[1]
ASKER, OTHER = UUID(int=1), UUID(int=2)
NOON = dt.datetime(2025, 3, 1, 12, tzinfo=dt.UTC)
# Not so short that a heart beats too late on a machine whose processors others use as well.
SHORT_LEASE = dt.timedelta(seconds=3)
LONGER_THAN_THE_LEASE = 4.5


@pytest.fixture(autouse=True)
def _two_askers(database: Database) -> None:
    with database.writing() as session:
        for key in (ASKER, OTHER):
            session.add(Person(id=key, email=f"{key}@example.org", name="N", password_hash="-", created_at=NOON))


def viewer(session: HubSession, person_id: UUID = ASKER) -> Viewer:
    found = accounts.viewer_of(session, person_id)
    assert found is not None
    return found


def ask(database: Database, kind: str = "work", person_id: UUID = ASKER, **arguments: Any) -> UUID:
    with database.writing() as session:
        return jobs.enqueue(viewer(session, person_id), kind, **arguments).id


def job(database: Database, job_id: UUID) -> Job:
    with database.session(writes=False) as session:
        return session.scalars(select(Job).where(Job.id == job_id)).one()


def let_lease_expire(database: Database, job_id: UUID) -> None:
    with database.writing() as session:
        past = dt.datetime.now(dt.UTC) - dt.timedelta(seconds=1)
        session.execute(update(Job).where(Job.id == job_id).values(leased_until=past))


def worker(database: Database, **handlers: Handler) -> Worker:
    return Worker(database, handlers, accounts.viewer_of)


def does(action: Callable[[], object]) -> Handler:
    """A handler that does one thing."""

    def handler(viewer: Viewer, arguments: Mapping[str, Any], report: Report) -> None:
        action()

    return handler


def rename(viewer: Viewer, arguments: Mapping[str, Any], report: Report) -> None:
    """Work that leaves a trace in the database."""
    viewer.session.get(Person, OTHER).name += "+"


def name_of_other(database: Database) -> str:
    with database.reading() as session:
        return session.scalars(select(Person.name).where(Person.id == OTHER)).one()


# --- Asking ----------------------------------------------------------------------------------------------------------


def test_a_job_stands_and_falls_with_the_transaction_that_asked_for_it(database: Database) -> None:
    with pytest.raises(ZeroDivisionError), database.writing() as session:  # noqa: PT012 - the transaction is what fails
        jobs.enqueue(viewer(session), "work")
        raise ZeroDivisionError
    ran: list[int] = []
    assert worker(database, work=does(lambda: ran.append(1))).run_one() is False
    kept = ask(database, number=3)
    assert job(database, kept).state is JobState.WAITING
    assert worker(database, work=does(lambda: ran.append(1))).run_one() is True
    assert ran == [1]


def test_a_job_runs_for_its_asker_with_its_arguments_and_is_done(database: Database) -> None:
    seen: list[tuple[UUID, dict[str, Any]]] = []

    def handler(viewer: Viewer, arguments: Mapping[str, Any], report: Report) -> None:
        report("Half way " + "x" * 300)
        seen.append((viewer.person_id, dict(arguments)))

    done = ask(database, upload_id="7")
    assert worker(database, work=handler).run_one()
    assert seen == [(ASKER, {"upload_id": "7"})]
    found = job(database, done)
    assert (found.state, found.attempts, found.failure) == (JobState.DONE, 1, "")
    assert found.progress.startswith("Half way")
    assert found.is_over
    assert found.ended_at is not None
    assert worker(database, work=handler).run_one() is False


def test_what_nobody_waits_for_is_done_when_there_is_nothing_else(database: Database) -> None:
    ran: list[str] = []
    for kind in ("later", "now", "later", "now"):
        ask(database, kind)
    handlers = {kind: does(lambda kind=kind: ran.append(kind)) for kind in ("now", "later")}
    patient = Worker(database, handlers, accounts.viewer_of, last={"later"})
    with database.reading() as session:
        assert jobs.is_any_waiting(session, except_kind="later")
    while patient.run_one():
        pass
    assert ran == ["now", "now", "later", "later"]
    left = ask(database, "later")
    assert Worker(database, handlers, accounts.viewer_of, others={"later"}).run_one() is False
    assert job(database, left).state is JobState.WAITING
    assert patient.run_one()
    ask(database, "later")
    with database.reading() as session:
        assert not jobs.is_any_waiting(session, except_kind="later")


def test_jobs_run_in_the_order_asked(database: Database) -> None:
    order: list[int] = []
    for number in range(5):
        ask(database, number=number)

    def handler(viewer: Viewer, arguments: Mapping[str, Any], report: Report) -> None:
        order.append(arguments["number"])

    while worker(database, work=handler).run_one():
        pass
    assert order == [0, 1, 2, 3, 4]


def test_only_its_asker_sees_a_job(database: Database) -> None:
    mine = ask(database)
    with database.reading() as session:
        assert jobs.show(viewer(session), mine).id == mine
        with pytest.raises(NotFound):
            jobs.show(viewer(session, OTHER), mine)
        with pytest.raises(NotFound):
            jobs.show(viewer(session), uuid4())


# --- Failing ---------------------------------------------------------------------------------------------------------


def test_what_the_hub_will_not_do_fails_at_once_with_its_sentence(database: Database) -> None:
    def handler(viewer: Viewer, arguments: Mapping[str, Any], report: Report) -> None:
        rename(viewer, arguments, report)
        raise BadFile("The file has no columns.", remedy="Send " + "another " * 300)

    failed = ask(database)
    assert worker(database, work=handler).run_one()
    found = job(database, failed)
    assert (found.state, found.attempts) == (JobState.FAILED, 1)
    assert found.failure.startswith("The file has no columns. Send another")
    assert found.ended_at is not None
    assert name_of_other(database) == "N"
    assert worker(database, work=rename).run_one() is False


def test_three_faults_end_a_job_with_a_sentence_and_let_the_next_one_run(database: Database) -> None:
    failed, waiting = ask(database), ask(database, kind="other")
    hand = worker(database, work=does(lambda: 1 / 0), other=rename)
    for attempt in (1, 2, 3):
        assert hand.run_one()
        found = job(database, failed)
        assert (found.state, found.attempts) == (JobState.WAITING, attempt)
    assert hand.run_one(), "a job that is given up must not stand in the way of the next"
    found = job(database, failed)
    assert found.state is JobState.FAILED
    assert "three times" in found.failure
    assert found.ended_at is not None
    assert job(database, waiting).state is JobState.DONE
    assert name_of_other(database) == "N+"


def test_a_fault_that_passes_is_tried_again(database: Database) -> None:
    faults = [ZeroDivisionError(), OSError()]

    def handler(viewer: Viewer, arguments: Mapping[str, Any], report: Report) -> None:
        rename(viewer, arguments, report)
        if faults:
            raise faults.pop()

    passing = ask(database)
    hand = worker(database, work=handler)
    assert [hand.run_one() for _ in range(4)] == [True, True, True, False]
    found = job(database, passing)
    assert (found.state, found.attempts) == (JobState.DONE, 3)
    assert name_of_other(database) == "N+"


def test_an_unknown_kind_fails_and_hurts_nobody(database: Database) -> None:
    unknown = ask(database, kind="no.such.kind")
    hand = worker(database)
    assert [hand.run_one() for _ in range(4)] == [True, True, True, False]
    assert job(database, unknown).state is JobState.FAILED


def test_the_log_says_where_a_job_failed_but_not_what_it_met(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    met = "51.5074, -0.1278, Victim Name"

    def fail() -> None:
        raise ValueError(met)

    failed = ask(database)
    with caplog.at_level(logging.DEBUG):
        worker(database, work=does(fail)).run_one()
    written = "\n".join(str(vars(record)) for record in caplog.records)
    assert str(failed) in written
    assert "ValueError" in written
    assert "in fail" in written
    assert met not in written


def test_progress_told_inside_a_transaction_fails_at_once_instead_of_freezing(database: Database) -> None:
    def handler(viewer: Viewer, arguments: Mapping[str, Any], report: Report) -> None:
        rename(viewer, arguments, report)
        report("In the middle")

    wrong = ask(database)
    began = time.monotonic()
    worker(database, work=handler).run_one()
    assert time.monotonic() - began < engine.SECONDS_TO_WAIT_FOR_A_LOCK / 2
    assert job(database, wrong).state is JobState.WAITING
    assert name_of_other(database) == "N"


# --- The asker -------------------------------------------------------------------------------------------------------


def test_a_job_of_somebody_switched_off_is_not_run(database: Database) -> None:
    stopped, runs = ask(database), ask(database, person_id=OTHER)
    with database.writing() as session:
        session.execute(update(Person).where(Person.id == ASKER).values(is_active=False))
    ran: list[int] = []
    hand = worker(database, work=does(lambda: ran.append(1)))
    assert hand.run_one()
    assert ran == []
    found = job(database, stopped)
    assert (found.state, found.failure) == (JobState.FAILED, "The person who asked for this no longer has an account.")
    assert hand.run_one()
    assert ran == [1]
    assert job(database, runs).state is JobState.DONE


def test_a_job_runs_in_the_scope_its_asker_has_when_it_runs(database: Database) -> None:
    scopes: list[db.Scope] = []
    mine = db.Scope(frozenset({"F09000001"}), frozenset({"F09000001"}))

    def open_viewer(session: HubSession, person_id: UUID) -> Viewer:
        session.set_scope(mine)
        return Viewer(person_id, "", "", (), session)

    def handler(viewer: Viewer, arguments: Mapping[str, Any], report: Report) -> None:
        scopes.append(viewer.session.scope)
        viewer.session.commit()
        scopes.append(viewer.session.scope)

    ask(database)
    Worker(database, {"work": handler}, open_viewer).run_one()
    assert scopes == [mine, mine]


# --- Several workers -------------------------------------------------------------------------------------------------


def test_workers_at_once_run_each_job_once(database: Database) -> None:
    running: set[str] = set()
    ran: list[str] = []
    lock = threading.Lock()

    def handler(viewer: Viewer, arguments: Mapping[str, Any], report: Report) -> None:
        number = arguments["number"]
        with lock:
            assert number not in running
            running.add(number)
        report("Running")
        time.sleep(0.005)
        with lock:
            running.remove(number)
            ran.append(number)

    asked = [ask(database, number=str(number)) for number in range(24)]
    workers = [worker(database, work=handler) for _ in range(4)]
    threads = [threading.Thread(target=hand.run) for hand in workers]
    for thread in threads:
        thread.start()
    deadline = time.monotonic() + 300
    while len(ran) < len(asked) and time.monotonic() < deadline:
        time.sleep(0.02)
    for hand in workers:
        hand.stop()
    for thread in threads:
        thread.join()
    assert sorted(ran, key=int) == [str(number) for number in range(24)]
    assert {job(database, each).state for each in asked} == {JobState.DONE}
    assert {job(database, each).attempts for each in asked} == {1}


def test_a_leased_job_is_nobody_elses_until_the_lease_ends(database: Database) -> None:
    leased = ask(database)
    dead, alive = worker(database, work=rename), worker(database, work=rename)
    assert dead._lease() is not None
    assert job(database, leased).state is JobState.RUNNING
    assert alive.run_one() is False
    let_lease_expire(database, leased)
    assert alive.run_one() is True
    found = job(database, leased)
    assert (found.state, found.attempts) == (JobState.DONE, 2)


def test_a_worker_that_dies_three_times_ends_the_job(database: Database) -> None:
    leased = ask(database)
    hand = worker(database, work=rename)
    for _ in range(3):
        assert hand._lease() is not None
        let_lease_expire(database, leased)
    assert hand.run_one() is False
    assert job(database, leased).state is JobState.FAILED
    assert name_of_other(database) == "N"


@pytest.mark.parametrize("end", ["done", "refused", "fault", "commits first"])
def test_a_worker_held_up_past_its_lease_keeps_nothing_once_another_has_the_job(database: Database, end: str) -> None:
    """A paused machine, say: it wakes, and its job has been run by somebody else."""
    late = ask(database)

    def held_up(viewer: Viewer, arguments: Mapping[str, Any], report: Report) -> None:
        let_lease_expire(database, late)
        assert worker(database, work=rename).run_one()
        rename(viewer, arguments, report)
        if end == "commits first":
            viewer.session.commit()
        elif end == "refused":
            raise BadFile("Too late.")
        elif end == "fault":
            raise ZeroDivisionError

    assert worker(database, work=held_up).run_one()
    found = job(database, late)
    assert (found.state, found.attempts, found.failure) == (JobState.DONE, 2, "")
    assert name_of_other(database) == "N+", "the work was kept twice"
    assert worker(database, work=rename).run_one() is False


# --- Long work, locks and outages ------------------------------------------------------------------------------------


@pytest.fixture
def short_lease(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "LEASE", SHORT_LEASE)
    monkeypatch.setattr(jobs, "HEARTBEAT_SECONDS", 0.2)
    monkeypatch.setattr(jobs, "SECONDS_BETWEEN_LOOKS", 0.01)
    monkeypatch.setattr(jobs, "SECONDS_AFTER_A_FAULT", 0.05)


def run_beside(database: Database, job_id: UUID, handler: Handler) -> None:
    """Run a job with one worker while a second looks for work."""
    first, second = (worker(database, work=handler) for _ in range(2))
    threads = [threading.Thread(target=hand.run) for hand in (first, second)]
    for thread in threads:
        thread.start()
    deadline = time.monotonic() + 120
    while not job(database, job_id).is_over and time.monotonic() < deadline:
        time.sleep(0.05)
    for hand in (first, second):
        hand.stop()
    for thread in threads:
        thread.join()


@pytest.mark.usefixtures("short_lease")
def test_a_heartbeat_keeps_a_long_job_from_a_second_worker(database: Database) -> None:
    ran: list[int] = []

    def handler(viewer: Viewer, arguments: Mapping[str, Any], report: Report) -> None:
        ran.append(1)
        time.sleep(LONGER_THAN_THE_LEASE)

    long = ask(database)
    run_beside(database, long, handler)
    found = job(database, long)
    assert (found.state, found.attempts, ran) == (JobState.DONE, 1, [1])


@pytest.mark.usefixtures("short_lease")
@pytest.mark.parametrize("seconds_to_wait", [30, 0.1])
def test_a_commit_longer_than_the_lease_is_not_run_twice(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, seconds_to_wait: float
) -> None:
    """On SQLite it holds the only write lock, so that no heart beats; the commit itself renews the lease."""
    monkeypatch.setattr(engine, "SECONDS_TO_WAIT_FOR_A_LOCK", seconds_to_wait)
    database = Database(settings)
    ran: list[int] = []

    def handler(viewer: Viewer, arguments: Mapping[str, Any], report: Report) -> None:
        ran.append(1)
        rename(viewer, arguments, report)
        viewer.session.flush()
        time.sleep(LONGER_THAN_THE_LEASE)
        viewer.session.commit()
        time.sleep(0.2)

    long = ask(database)
    run_beside(database, long, handler)
    found = job(database, long)
    assert (found.state, found.attempts, ran) == (JobState.DONE, 1, [1])
    assert name_of_other(database) == "N+"
    database.engine.dispose()


@pytest.mark.usefixtures("short_lease")
def test_a_worker_outlives_the_database_being_away(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    faults = [OperationalError("SELECT", {}, Exception("the server is away")) for _ in range(3)]
    lease = Worker._lease

    def away(self: Worker) -> Any:
        if faults:
            raise faults.pop()
        return lease(self)

    monkeypatch.setattr(Worker, "_lease", away)
    later = ask(database)
    hand = worker(database, work=rename)
    thread = threading.Thread(target=hand.run)
    thread.start()
    deadline = time.monotonic() + 120
    while not job(database, later).is_over and time.monotonic() < deadline:
        time.sleep(0.05)
    hand.stop()
    thread.join()
    assert job(database, later).state is JobState.DONE


# --- A real kill -----------------------------------------------------------------------------------------------------

WORKER = """
import time
from hub import jobs, migrate
from hub.accounts import service as accounts
from hub.accounts.models import Person
from hub.config import read_settings
from hub.db import Database

migrate.metadata()


def work(viewer, arguments, report):
    report("Begun")
    viewer.session.get(Person, viewer.person_id).name += "!"
    viewer.session.flush()
    print("begun", flush=True)
    time.sleep(float(arguments["seconds"]))


jobs.Worker(Database(read_settings()), {"work": work}, accounts.viewer_of).run_one()
"""


@pytest.fixture
def start_worker(settings: Settings) -> Iterator[Callable[[], subprocess.Popen[str]]]:
    started: list[subprocess.Popen[str]] = []

    def start() -> subprocess.Popen[str]:
        environment = {"HUB_ENVIRONMENT": "test", "HUB_DATABASE_URL": settings.database_url}
        started.append(
            subprocess.Popen(
                [sys.executable, "-c", WORKER], cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True
            )
        )
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.wait()


def test_the_job_of_a_killed_worker_runs_again_and_its_half_work_is_gone(
    database: Database, start_worker: Callable[[], subprocess.Popen[str]]
) -> None:
    killed = ask(database, seconds="600")
    process = start_worker()
    assert process.stdout is not None
    assert process.stdout.readline() == "begun\n"
    assert job(database, killed).progress == "Begun"
    os.kill(process.pid, signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    found = job(database, killed)
    assert (found.state, found.attempts) == (JobState.RUNNING, 1)

    hand = worker(database, work=rename)
    assert hand.run_one() is False, "its lease has not ended yet"
    let_lease_expire(database, killed)
    assert hand.run_one()
    found = job(database, killed)
    assert (found.state, found.attempts) == (JobState.DONE, 2)
    with database.reading() as session:
        assert session.scalars(select(Person.name).where(Person.id == ASKER)).one() == "N"
    assert name_of_other(database) == "N+"


# --- Many writers ----------------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.xdist_group("kills")
def test_eight_processes_of_a_hundred_increments_make_eight_hundred(settings: Settings, database: Database) -> None:
    with database.writing() as session:
        session.execute(update(Person).where(Person.id == ASKER).values(name="0"))
    assert at_once(8, count_up, settings, ASKER, 100) == [0] * 8
    with database.reading() as session:
        assert session.scalars(select(Person.name).where(Person.id == ASKER)).one() == "800"
        assert session.scalar(select(func.count(Person.id))) == 2


# --- Cancelling ------------------------------------------------------------------------------------------------------


def test_a_cancelled_job_stops_at_its_next_report_and_keeps_nothing(database: Database) -> None:
    reached = []

    def long(viewer: Viewer, arguments: Mapping[str, Any], report: Report) -> None:
        report("half way")
        viewer.session.commit()
        with database.writing() as session:
            assert jobs.cancel(session, stopped)
        report("further")
        reached.append("the end")

    stopped = ask(database, "long")
    other = ask(database)
    hand = worker(database, long=long, work=does(lambda: None))
    assert hand.run_one()
    found = job(database, stopped)
    assert (found.state, found.progress, reached, found.is_over) == (JobState.CANCELLED, "half way", [], True)
    assert hand.run_one(), "the worker goes on with the next job"
    assert job(database, other).state is JobState.DONE
    with database.writing() as session:
        assert not jobs.cancel(session, other), "what is over is not cancelled"
    assert job(database, other).state is JobState.DONE


def test_a_job_cancelled_before_its_turn_never_runs(database: Database) -> None:
    ran: list[int] = []
    waiting = ask(database)
    with database.writing() as session:
        assert jobs.cancel(session, waiting)
    assert not worker(database, work=does(lambda: ran.append(1))).run_one()
    assert ran == []


# --- The asker's account ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("reports", [True, False], ids=["that reports", "that works on without a word"])
def test_a_running_job_of_a_disabled_account_stops_within_ten_seconds(
    database: Database, record_property: Callable[[str, object], None], reports: bool
) -> None:
    """T9: at the real pace of the heart."""
    started, disabled = threading.Event(), threading.Event()
    ended: list[float] = []

    def long(viewer: Viewer, arguments: Mapping[str, Any], report: Report) -> None:
        rename(viewer, arguments, report)
        viewer.session.commit()
        started.set()
        disabled.wait(120)
        rename(viewer, arguments, report)
        viewer.session.flush()
        viewer.session.rollback()  # Nothing is held while it works on: on SQLite, nobody could write.
        for _ in range(100):
            time.sleep(0.1)
            if reports:
                report("at work")
            elif job(database, asked).is_over:
                break
        viewer.session.get(Person, OTHER).name += "!"

    asked = ask(database, "long")
    hand = threading.Thread(target=lambda: (worker(database, long=long).run_one(), ended.append(time.monotonic())))
    hand.start()
    assert started.wait(120)
    with database.writing() as session:
        session.execute(update(Person).where(Person.id == ASKER).values(is_active=False))
    since = time.monotonic()
    disabled.set()
    hand.join(120)
    assert job(database, asked).state is JobState.CANCELLED
    assert name_of_other(database) == "N+", "what was kept before stands, and nothing after"
    record_property("seconds until the job stopped", round(ended[0] - since, 1))
    assert ended[0] - since < 10, f"stopped after {ended[0] - since:.1f} s"
