"""Durable jobs: a row written in the asker's own transaction, leased by a worker, run under the asker's scope.

A job holds ids and the asker, never data. Handlers must be safe to run twice: a killed worker's job runs again.
"""

from __future__ import annotations

import datetime as dt
import logging
import threading
import traceback
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import JSON, ForeignKey, String, Uuid, event, or_, select, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Mapped, mapped_column

from hub.access import Viewer
from hub.columns import Base, UtcDateTime, one_of
from hub.db import Database, HubSession
from hub.errors import HubError, NotFound

LEASE = dt.timedelta(seconds=60)
HEARTBEAT_SECONDS = 4.0
"""Short enough that a job whose asker's account is switched off has stopped within ten."""
MOST_ATTEMPTS = 3
SECONDS_BETWEEN_LOOKS = 0.25
SECONDS_AFTER_A_FAULT = 2.0
LONGEST_PROGRESS, LONGEST_FAILURE = 200, 1000

log = logging.getLogger(__name__)


class JobState(StrEnum):
    """Where a job stands."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


class Job(Base):
    """Work asked for by a person, to be done soon and once."""

    __tablename__ = "job"

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True, default=uuid4)
    kind: Mapped[str] = mapped_column(String(64))
    asker_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"), index=True)
    arguments: Mapped[dict[str, Any]] = mapped_column(JSON)
    state: Mapped[JobState] = mapped_column(one_of(JobState), default=JobState.WAITING, index=True)
    attempts: Mapped[int] = mapped_column(default=0)
    asked_at: Mapped[dt.datetime] = mapped_column(UtcDateTime)
    leased_until: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)
    ended_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)
    progress: Mapped[str] = mapped_column(String(LONGEST_PROGRESS), default="")
    failure: Mapped[str] = mapped_column(String(LONGEST_FAILURE), default="")

    @property
    def is_over(self) -> bool:
        """Whether nothing more will happen to it."""
        return self.state in {JobState.DONE, JobState.FAILED, JobState.CANCELLED}


Report = Callable[[str], None]
Handler = Callable[[Viewer, Mapping[str, Any], Report], None]
"""Does one kind of job. It may commit between its steps, and must report progress only outside a transaction.

A report stops a job that was cancelled, by what it raises: one that works long reports every few seconds.
"""
OpenViewer = Callable[[HubSession, UUID], Viewer | None]


class TryLater(Exception):
    """What a handler raises where something outside the hub is away for now: the job waits, and is then tried again."""

    def __init__(self, wait: dt.timedelta) -> None:
        super().__init__()
        self.wait = wait


def enqueue(viewer: Viewer, kind: str, **arguments: Any) -> Job:
    """Ask for a job in the caller's transaction: if that fails there is no job, if it commits the job is not lost."""
    return enqueue_for(viewer.session, viewer.person_id, kind, **arguments)


def enqueue_for(session: HubSession, person_id: UUID, kind: str, **arguments: Any) -> Job:
    """Ask for a job that runs as somebody else may: what it does is for them, such as a letter that is theirs alone."""
    job = Job(kind=kind, asker_id=person_id, arguments=arguments, asked_at=_now())
    session.add(job)
    session.flush()
    return job


def show(viewer: Viewer, job_id: UUID) -> Job:
    """Find one of the viewer's own jobs."""
    job = viewer.session.scalar(select(Job).where(Job.id == job_id, Job.asker_id == viewer.person_id))
    if job is None:
        raise NotFound
    return job


def is_any_waiting(session: HubSession, *, except_kind: str) -> bool:
    """Tell whether a job of any other kind waits to be taken."""
    waits = select(Job.id).where(Job.state == JobState.WAITING, Job.kind != except_kind).limit(1)
    return session.scalar(waits) is not None


def is_under_way(session: HubSession, kind: str, **arguments: Any) -> bool:
    """Tell whether a job of this kind with these arguments, whatever else it was given, waits or runs."""
    under_way = select(Job.arguments).where(Job.kind == kind, Job.state.in_([JobState.WAITING, JobState.RUNNING]))
    return any(arguments.items() <= given.items() for given in session.scalars(under_way))


def cancel(session: HubSession, job_id: UUID) -> bool:
    """Stop a job that is not over: nothing more of it is kept. False if it was over already."""
    wanted = select(Job).where(Job.id == job_id).with_for_update().execution_options(populate_existing=True)
    held = session.scalar(wanted)
    if held is None or held.is_over:
        return False
    held.state, held.ended_at = JobState.CANCELLED, _now()
    session.flush()
    return True


def cancel_all_of(session: HubSession, person_id: UUID) -> int:
    """Stop every job of one person that is not over; returns how many."""
    mine = select(Job.id).where(Job.asker_id == person_id, Job.state.in_([JobState.WAITING, JobState.RUNNING]))
    return sum(cancel(session, job_id) for job_id in session.scalars(mine).all())


def states(session: HubSession, job_ids: Collection[UUID]) -> dict[UUID, JobState]:
    """Tell how some jobs stand."""
    return dict(session.execute(select(Job.id, Job.state).where(Job.id.in_(job_ids))).all())


@dataclass(frozen=True)
class _Lease:
    """One attempt at a job. A worker that was held up past its lease finds the job at a later attempt, not its own."""

    job_id: UUID
    attempt: int

    def write(self, session: HubSession, **changes: Any) -> None:
        """Change the job and renew the lease, if this is still the attempt at it.

        Raises
        ------
        _LeaseLost
            If another worker has taken the job since, or it was cancelled.
        """
        mine = (Job.id == self.job_id) & (Job.attempts == self.attempt) & (Job.state != JobState.CANCELLED)
        if session.scalar(select(Job.id).where(mine).with_for_update()) is None:
            raise _LeaseLost
        # The clock is read once the lock is held: waiting for it may have taken longer than a lease.
        session.execute(update(Job).where(Job.id == self.job_id).values({"leased_until": _now() + LEASE, **changes}))


class _LeaseLost(Exception):
    """The job was cancelled, or another worker has it: nothing more of this attempt may be kept."""


class Worker:
    """Takes jobs one after another until told to stop.

    Jobs that nobody waits for, of kinds `last`, come after all others; those of `others` are left to other workers.
    """

    def __init__(
        self,
        database: Database,
        handlers: Mapping[str, Handler],
        open_viewer: OpenViewer,
        *,
        last: Collection[str] = (),
        others: Collection[str] = (),
    ) -> None:
        self._last, self._others = frozenset(last), frozenset(others)
        self._database = database
        self._handlers = handlers
        self._open_viewer = open_viewer
        self._stop = threading.Event()

    def stop(self) -> None:
        """Finish the job in hand, then end."""
        self._stop.set()

    def run(self) -> None:
        """Work until told to stop; wait while the database is away or locked."""
        while not self._stop.is_set():
            try:
                if not self.run_one():
                    self._stop.wait(SECONDS_BETWEEN_LOOKS)
            except SQLAlchemyError as error:
                log.warning("the database gave no job", extra={"error": type(error).__name__})
                self._stop.wait(SECONDS_AFTER_A_FAULT)

    def run_one(self) -> bool:
        """Take one job and run it to its end; False when none is waiting."""
        lease = self._lease()
        if lease is None:
            return False
        heart = _Heart(lambda: self._beat(lease))
        heart.start()
        try:
            self._run(lease)
        except _LeaseLost:
            log.warning("job cancelled or lost to another worker", extra={"job": str(lease.job_id)})
        except TryLater as error:
            # Nobody takes it before its lease is over, and this attempt counts as one.
            self._write(lease, leased_until=_now() + error.wait)
        except HubError as error:
            self._write(lease, state=JobState.FAILED, failure=str(error)[:LONGEST_FAILURE], ended_at=_now())
        except Exception as error:  # noqa: BLE001 - a worker outlives whatever a handler does
            # The text of an unforeseen error may quote the data it met: only its type and place go to the log.
            where = traceback.format_tb(error.__traceback__, limit=-3)
            about = {"job": str(lease.job_id), "error": type(error).__name__, "where": where}
            log.error("job failed", extra=about)  # noqa: TRY400 - it would write the text
            self._write(lease, state=JobState.WAITING)
        finally:
            heart.stop()
        return True

    def _lease(self) -> _Lease | None:
        with self._database.writing() as session:
            now = _now()
            free = or_(Job.state == JobState.WAITING, (Job.state == JobState.RUNNING) & (Job.leased_until < now))
            mine = select(Job).where(free, Job.kind.not_in(self._others))
            in_turn = (Job.kind.in_(self._last), Job.asked_at)
            next_free = mine.order_by(*in_turn).limit(1).with_for_update(skip_locked=True)
            while job := session.scalar(next_free):
                if job.attempts < MOST_ATTEMPTS:
                    job.state, job.leased_until = JobState.RUNNING, _now() + LEASE
                    job.attempts += 1
                    return _Lease(job.id, job.attempts)
                job.state, job.ended_at = JobState.FAILED, now
                job.failure = "This was tried three times and did not finish. Try again, or tell an administrator."
            return None

    def _run(self, lease: _Lease) -> None:
        with self._database.session(writes=True) as session:
            # Whatever the handler keeps, it keeps together with a longer lease, or not at all.
            event.listen(session, "before_commit", lease.write)
            job = session.get(Job, lease.job_id)
            viewer = self._open_viewer(session, job.asker_id)
            if viewer is None:
                raise HubError("The person who asked for this no longer has an account.")
            handler, arguments = self._handlers[job.kind], dict(job.arguments)
            session.commit()

            def report(words: str) -> None:
                if session.in_transaction():
                    raise RuntimeError("Progress is reported outside a transaction, which SQLite would hold up.")
                self._beat(lease, progress=words[:LONGEST_PROGRESS])

            handler(viewer, arguments, report)
            lease.write(session, state=JobState.DONE, ended_at=_now())
            session.commit()

    def _beat(self, lease: _Lease, **changes: Any) -> None:
        """Renew the lease of a running job; stop the job if whoever asked for it no longer has an account."""
        with self._database.writing() as session:
            lease.write(session, **changes)
            asker_id = session.scalars(select(Job.asker_id).where(Job.id == lease.job_id)).one()
            has_account = self._open_viewer(session, asker_id) is not None
            if not has_account:
                cancel(session, lease.job_id)
        if not has_account:
            raise _LeaseLost

    def _write(self, lease: _Lease, **changes: Any) -> None:
        """Write the job's own end, which stands whatever becomes of its work."""
        with suppress(_LeaseLost), self._database.writing() as session:
            lease.write(session, **changes)


class _Heart(threading.Thread):
    """Keeps a running job's lease alive from beside it."""

    def __init__(self, beat: Callable[[], None]) -> None:
        super().__init__(daemon=True)
        self._beat = beat
        self._stopped = threading.Event()

    def run(self) -> None:
        """Renew the lease until stopped, or until the job is nobody's or another worker's."""
        with suppress(_LeaseLost):
            while not self._stopped.wait(HEARTBEAT_SECONDS):
                # A long commit may hold SQLite's only write lock; nobody else can take the job meanwhile.
                with suppress(SQLAlchemyError):
                    self._beat()

    def stop(self) -> None:
        """End, and wait for a beat under way."""
        self._stopped.set()
        self.join()


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)
