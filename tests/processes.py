"""A hub's web server and worker as processes of their own, to be killed at any moment of what they do.

They are forked from a process that has imported everything, so that one more costs little. A process dies by SIGKILL:
at a step counted out beforehand (a statement, a commit, a file opened, moved or removed), or whenever the test likes.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import http.client
import multiprocessing
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from multiprocessing.context import ForkServerContext
from typing import Any
from uuid import UUID

from sqlalchemy import Engine, event, select
from werkzeug.serving import make_server

from hub import audit, create_app, jobs, migrate
from hub.accounts import service as accounts
from hub.accounts import tokens
from hub.accounts.models import Person
from hub.config import Settings
from hub.db import Database, HubSession
from hub.uploads import intake, service

SECONDS_TO_START = 300
NEVER = -1
FILE_EVENTS = {"os.mkdir", "os.rename", "os.remove", "os.rmdir", "shutil.rmtree", "shutil.copyfile", "subprocess.Popen"}
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT


def forking() -> ForkServerContext:
    """Where processes are forked from."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.preloaded"])
    return context


class Mortal:
    """One process that can be told beforehand at which of its steps it dies."""

    def __init__(self, context: ForkServerContext, target: Callable[..., None], *arguments: Any) -> None:
        self._context, self._target, self._arguments = context, target, arguments
        # Without a lock: whoever died holding it would keep the test waiting for ever.
        self._steps, self._last = context.RawValue("q", 0), context.RawValue("q", NEVER)
        self.start()

    def start(self) -> None:
        """Begin, or begin again."""
        self._steps.value, self._last.value = 0, NEVER
        self._process = self._context.Process(
            target=_live, args=(self._steps, self._last, self._target, *self._arguments), daemon=True
        )
        self._process.start()

    def die_after(self, steps: int) -> None:
        """Have it die so many steps from now."""
        self._last.value = self._steps.value + steps

    @property
    def steps(self) -> int:
        """How many steps it has gone."""
        return int(self._steps.value)

    @property
    def is_alive(self) -> bool:
        """Whether it still runs."""
        return self._process.is_alive()

    def kill(self) -> None:
        """Kill it, and wait until it is gone."""
        self._process.kill()
        self._process.join()

    def wait(self, seconds: float) -> bool:
        """Wait until it is gone; whether it is."""
        self._process.join(seconds)
        return not self.is_alive


def _live(steps: Any, last: Any, target: Callable[..., None], *arguments: Any) -> None:
    def step(*_: object, **__: object) -> None:
        steps.value += 1
        if last.value != NEVER and steps.value >= last.value:
            os.kill(os.getpid(), signal.SIGKILL)

    def look(name: str, about: tuple[Any, ...]) -> None:
        if name in FILE_EVENTS or (name == "open" and isinstance(about[2], int) and about[2] & WRITING):
            step()

    for moment in ("before_cursor_execute", "after_cursor_execute", "commit"):
        event.listen(Engine, moment, step)
    event.listen(HubSession, "after_commit", step)
    sys.addaudithook(look)
    target(*arguments)


def serve(settings: Settings, port: int) -> None:
    """Be the web server, which lets a script send as often as it likes."""
    tokens.UPLOADS_AN_HOUR = sys.maxsize
    sys.stderr = open(os.devnull, "w")  # noqa: PTH123, SIM115 - its log of requests
    make_server("127.0.0.1", port, create_app(settings), threaded=True).serve_forever()


def work(settings: Settings) -> None:
    """Be the worker, as `hub work` is; a job of one that was killed is free again after seconds, not a minute."""
    jobs.LEASE, jobs.HEARTBEAT_SECONDS, jobs.SECONDS_BETWEEN_LOOKS = dt.timedelta(seconds=1), 0.25, 0.05
    database = Database(settings)
    with database.writing() as session, audit.everywhere(session, actor=audit.MACHINE, reason="Remove stray files."):
        service.remove_strays(session)
    jobs.Worker(database, intake.HANDLERS, accounts.viewer_of).run()


def at_once(count: int, target: Callable[..., None], *arguments: Any) -> list[int | None]:
    """Do the same in so many processes at once, and give their exit statuses."""
    processes = [forking().Process(target=target, args=arguments) for _ in range(count)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    return [process.exitcode for process in processes]


def count_up(settings: Settings, person_id: UUID, times: int) -> None:
    """Read the number that a person is called by and write the next, each time as a transaction."""
    migrate.metadata()
    database = Database(settings)
    for _ in range(times):
        with database.writing() as session:
            person = session.scalars(select(Person).where(Person.id == person_id).with_for_update()).one()
            person.name = str(int(person.name) + 1)


def lengthen_the_record(settings: Settings, times: int) -> None:
    """Add entries to the audit record, each in a transaction of its own and about something else."""
    migrate.metadata()
    database = Database(settings)
    for step in range(times):
        with database.writing() as session:
            audit.record_as(session, audit.MACHINE, "race.step", f"{os.getpid()}-{step}")
    database.engine.dispose()


def upgrade_to(settings: Settings, revision: str) -> None:
    """Bring the schema up to date, which must then be at a revision."""
    assert migrate.upgrade(settings) == revision


@contextmanager
def commands_running(settings: Settings, *commands: Sequence[str]) -> Iterator[list[subprocess.Popen[bytes]]]:
    """Run commands of the hub beside this process, such as `serve` and `work`, and end them at the end."""
    environment = {
        **os.environ,
        "HUB_ENVIRONMENT": settings.environment,
        "HUB_SECRET_KEY": settings.secret_key,
        "HUB_SECOND_FACTOR": settings.second_factor,
        "HUB_DATABASE_URL": settings.database_url,
        "HUB_FILES": str(settings.files),
    }
    program = "import sys; from hub.cli import main; sys.exit(main())"
    processes = [
        subprocess.Popen([sys.executable, "-c", program, *command], env=environment, stdout=subprocess.DEVNULL)
        for command in commands
    ]
    try:
        yield processes
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            process.wait()


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until_it_answers(port: int) -> None:
    """Wait until a web server is up."""
    deadline = time.monotonic() + SECONDS_TO_START
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError, http.client.HTTPException):
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
            connection.request("GET", "/sign-in")
            if connection.getresponse().status == http.client.OK:
                return
        time.sleep(0.02)
    raise TimeoutError("The web server did not start.")
