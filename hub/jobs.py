"""Durable jobs: a row written in the asker's own transaction, leased by a worker, run under the asker's scope.

A job holds ids and the asker, never data. Handlers must be safe to run twice: a killed worker's job runs again.
"""

from __future__ import annotations

import datetime as dt
import logging
import threading
import traceback
from collections.abc import Callable, Mapping
from contextlib import suppress
from enum import StrEnum
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import JSON, ForeignKey, String, Uuid, or_, select, update
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Mapped, mapped_column

from hub.access import Viewer
from hub.db import Base, Database, HubSession, UtcDateTime, one_of
from hub.errors import HubError, NotFound

LEASE = dt.timedelta(seconds=60)
HEARTBEAT_SECONDS = 15.0
MOST_ATTEMPTS = 3
SECONDS_BETWEEN_LOOKS = 0.25

log = logging.getLogger(__name__)


class JobState(StrEnum):
    """Where a job stands."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


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
    progress: Mapped[str] = mapped_column(String(200), default="")
    failure: Mapped[str] = mapped_column(String(1000), default="")

    @property
    def is_over(self) -> bool:
        """Whether nothing more will happen to it."""
        return self.state in {JobState.DONE, JobState.FAILED}


Report = Callable[[str], None]
Handler = Callable[[Viewer, Mapping[str, Any], Report], None]
"""Does one kind of job. It may commit between its steps, and must report progress only outside a transaction."""
OpenViewer = Callable[[HubSession, UUID], Viewer | None]


def enqueue(viewer: Viewer, kind: str, **arguments: Any) -> Job:
    """Ask for a job in the caller's transaction: if that fails there is no job, if it commits the job is not lost."""
    job = Job(kind=kind, asker_id=viewer.person_id, arguments=arguments, asked_at=_now())
    viewer.session.add(job)
    viewer.session.flush()
    return job


def show(viewer: Viewer, job_id: UUID) -> Job:
    """Find one of the viewer's own jobs."""
    job = viewer.session.scalar(select(Job).where(Job.id == job_id, Job.asker_id == viewer.person_id))
    if job is None:
        raise NotFound
    return job


class Worker:
    """Takes jobs one after another until told to stop."""

    def __init__(self, database: Database, handlers: Mapping[str, Handler], open_viewer: OpenViewer) -> None:
        self._database = database
        self._handlers = handlers
        self._open_viewer = open_viewer
        self._stop = threading.Event()

    def stop(self) -> None:
        """Finish the job in hand, then end."""
        self._stop.set()

    def run(self) -> None:
        """Work until told to stop."""
        while not self._stop.is_set():
            if not self.run_one():
                self._stop.wait(SECONDS_BETWEEN_LOOKS)

    def run_one(self) -> bool:
        """Take one job and run it to its end; False when none is waiting."""
        job_id = self._lease()
        if job_id is None:
            return False
        heart = _Heart(self._database, job_id)
        heart.start()
        try:
            self._run(job_id)
        except HubError as error:
            self._finish(job_id, JobState.FAILED, str(error))
        except Exception:
            # The text of an unforeseen error may quote the data it met: it goes to the log by type only.
            log.error("job failed", extra={"job": str(job_id), "where": traceback.format_exc(limit=-3)})
            self._give_back(job_id)
        finally:
            heart.stop()
        return True

    def _lease(self) -> UUID | None:
        with self._database.writing() as session:
            now = _now()
            job = session.scalar(
                select(Job)
                .where(
                    or_(
                        Job.state == JobState.WAITING,
                        (Job.state == JobState.RUNNING) & (Job.leased_until < now),
                    )
                )
                .order_by(Job.asked_at)
                .limit(1)
                .with_for_update(skip_locked=True)
            )
            if job is None:
                return None
            if job.attempts >= MOST_ATTEMPTS:
                job.state, job.ended_at = JobState.FAILED, now
                job.failure = "This was tried three times and did not finish. Try again, or tell an administrator."
                return None
            job.state, job.leased_until = JobState.RUNNING, now + LEASE
            job.attempts += 1
            return job.id

    def _run(self, job_id: UUID) -> None:
        with self._database.session(writes=True) as session:
            job = session.get(Job, job_id)
            viewer = self._open_viewer(session, job.asker_id)
            if viewer is None:
                raise HubError("The person who asked for this no longer has an account.")
            handler, arguments = self._handlers[job.kind], dict(job.arguments)
            session.commit()
            handler(viewer, arguments, lambda words: self._report(job_id, words))
            job = session.get(Job, job_id)
            job.state, job.ended_at = JobState.DONE, _now()
            session.commit()

    def _report(self, job_id: UUID, words: str) -> None:
        with self._database.writing() as session:
            session.execute(update(Job).where(Job.id == job_id).values(progress=words))

    def _finish(self, job_id: UUID, state: JobState, failure: str) -> None:
        with self._database.writing() as session:
            session.execute(update(Job).where(Job.id == job_id).values(state=state, failure=failure, ended_at=_now()))

    def _give_back(self, job_id: UUID) -> None:
        with self._database.writing() as session:
            session.execute(update(Job).where(Job.id == job_id).values(state=JobState.WAITING, leased_until=None))


class _Heart(threading.Thread):
    """Keeps a running job's lease alive from beside it."""

    def __init__(self, database: Database, job_id: UUID) -> None:
        super().__init__(daemon=True)
        self._database = database
        self._job_id = job_id
        self._stopped = threading.Event()

    def run(self) -> None:
        """Renew the lease until stopped."""
        while not self._stopped.wait(HEARTBEAT_SECONDS):
            # A long commit may hold SQLite's only write lock; nobody else can take the job meanwhile.
            with suppress(OperationalError), self._database.writing() as session:
                session.execute(update(Job).where(Job.id == self._job_id).values(leased_until=_now() + LEASE))

    def stop(self) -> None:
        """End before the job's own last word is written."""
        self._stopped.set()
        self.join()


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)
