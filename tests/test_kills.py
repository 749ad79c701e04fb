"""T23: server and worker killed at random moments of upload, check, commit and undo lose, halve and double nothing.

A dozen kills on each database; HUB_KILLS says how many, and HUB_KILLS_SEED which.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import http.client
import os
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import orjson
import pytest
from sqlalchemy import func, select, text

from hub import audit, create_app
from hub.access import Role
from hub.accounts import service as accounts
from hub.accounts import tokens
from hub.config import Settings
from hub.db import EVERYWHERE, Database, HubSession
from hub.jobs import Job, JobState
from hub.uploads import files, service
from hub.uploads.models import State, Upload, Version, VersionMonth, WardCount
from hub.words import LONDON
from tests.client import StrictClient
from tests.conftest import PASSWORD
from tests.processes import Mortal, forking, free_port, serve, wait_until_it_answers, work

KILLS = int(os.environ.get("HUB_KILLS", "12"))
SEED = int(os.environ.get("HUB_KILLS_SEED", "23"))
LONGEST_WAIT_SECONDS = 300
KIND = "ward_counts"

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("kills")]


@dataclass
class Living:
    """A hub whose server and worker are processes, and what it has acknowledged so far."""

    settings: Settings
    database: Database
    server: Mortal
    worker: Mortal
    port: int
    token: str
    cookie: str
    csrf_token: str
    random: random.Random
    taken: list[UUID] = field(default_factory=list)
    """Uploads that the server said it had."""
    live: list[UUID] = field(default_factory=list)
    """Uploads that were said to be committed, and not undone since."""
    undone: list[UUID] = field(default_factory=list)
    usual: dict[str, tuple[int, float]] = field(default_factory=dict)
    """How many steps and seconds each act takes when nobody is killed."""

    def a_file(self) -> bytes:
        """Counts of one borough, of a year; never twice the same, and never so unlike that a check would ask."""
        lines = ["WardCode,Month,Category,Count"]
        lines += [
            f"{ward},2025-{month:02},{category},{self.random.randrange(5_000, 5_200)}"
            for month in range(1, 13)
            for ward in ("F05000000", "F05000001")
            for category in ("Burglary", "Robbery", "Theft")
        ]
        return ("\n".join(lines) + "\n").encode()

    # --- Asking ------------------------------------------------------------------------------------------------------

    def ask(self, method: str, path: str, body: bytes = b"", **headers: str) -> tuple[int, bytes] | None:
        """Ask the server; None where it died before it had answered."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=LONGEST_WAIT_SECONDS)
        try:
            connection.request(method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})
            answer = connection.getresponse()
            return answer.status, answer.read()
        except (OSError, http.client.HTTPException):
            return None
        finally:
            connection.close()

    def send(self, content: bytes) -> UUID | None:
        """Send a file to be committed, as a script does."""
        part = b'--x\r\nContent-Disposition: form-data; name="%s"%s\r\n\r\n%s\r\n'
        body = part % (b"commit", b"", b"1") + part % (b"file", b'; filename="year.csv"', content) + b"--x--\r\n"
        answer = self.ask(
            "POST",
            "/api/uploads",
            body,
            Authorization=f"Bearer {self.token}",
            Content_Type="multipart/form-data; boundary=x",
        )
        if answer is None:
            return None
        assert answer[0] == 202, answer
        return UUID(orjson.loads(answer[1])["id"])

    def undo(self, upload_id: UUID) -> bool:
        """Undo an upload, as a person does; whether the server said so."""
        form = {"Cookie": f"hub={self.cookie}", "Content_Type": "application/x-www-form-urlencoded"}
        answer = self.ask("POST", f"/uploads/{upload_id}/undo", f"csrf_token={self.csrf_token}".encode(), **form)
        assert answer is None or answer[0] == 302, answer
        return answer is not None

    # --- Killing -----------------------------------------------------------------------------------------------------

    def doom(self, process: Mortal, act: str) -> Callable[[], None]:
        """Have a process die within an act, at one of its steps or at any time; returns what makes sure that it did."""
        steps, seconds = self.usual[act]
        if self.random.random() < 0.6:
            process.die_after(self.random.randint(1, steps))
            return process.kill
        timer = threading.Timer(self.random.uniform(0, seconds), process.kill)
        timer.start()

        def ensure() -> None:
            timer.join()
            process.kill()

        return ensure

    def revive(self) -> None:
        """Start again whatever is dead."""
        if not self.server.is_alive:
            self.server.start()
            wait_until_it_answers(self.port)
        if not self.worker.is_alive:
            self.worker.start()

    def settle(self) -> None:
        """Wait until every job is over."""
        deadline = time.monotonic() + LONGEST_WAIT_SECONDS
        while self.jobs_left():
            if time.monotonic() > deadline:
                raise TimeoutError("A job never ended.")
            time.sleep(0.05)

    def jobs_left(self) -> int:
        """How many jobs are not over."""
        with self.database.reading() as session:
            left = select(func.count()).where(Job.state.in_([JobState.WAITING, JobState.RUNNING]))
            return session.scalar(left) or 0

    def learn(self) -> None:
        """Do each act in peace, once to warm up and once for how long it takes."""
        for content in (self.a_file(), self.a_file()):
            for act, process, do in (
                ("arrive", self.server, lambda content=content: self.send(content)),
                ("take in", self.worker, self.settle),
                ("undo", self.server, lambda content=content: self.undo(self.committed(content))),
            ):
                steps, started = process.steps, time.monotonic()
                do()
                self.usual[act] = max(1, process.steps - steps), time.monotonic() - started

    # --- The acts ----------------------------------------------------------------------------------------------------

    def kill_while_it_arrives(self) -> None:
        """The server dies while a file is sent: if it said that it had the file, it has."""
        content = self.a_file()
        ensure = self.doom(self.server, "arrive")
        taken = self.send(content)
        ensure()
        self.revive()
        if taken:
            self.taken.append(taken)
        self.settle()
        self.verify()
        if taken is None:  # It may have the file all the same: then it is told from its content, and not loaded twice.
            again = self.send(content)
            assert again is not None
            self.taken.append(again)
            self.settle()
        self.live.append(self.committed(content))

    def kill_while_it_is_taken_in(self) -> None:
        """The worker dies while it reads, checks or commits: the job is done by the next one, once."""
        content = self.a_file()
        ensure = self.doom(self.worker, "take in")
        taken = self.send(content)
        assert taken is not None
        self.taken.append(taken)
        while self.worker.is_alive and self.jobs_left():
            time.sleep(0.05)
        died = not self.worker.is_alive
        ensure()
        self.revive()
        if died:
            self.verify(mid_job=True)
        self.settle()
        assert self.committed(content) == taken
        self.live.append(taken)

    def kill_while_it_is_undone(self) -> None:
        """The server dies while an upload is taken back: it is taken back, or it is as it was."""
        if not self.live:
            self.kill_while_it_is_taken_in()
        upload_id = self.live.pop(self.random.randrange(len(self.live)))
        ensure = self.doom(self.server, "undo")
        said = self.undo(upload_id)
        ensure()
        self.revive()
        if said:
            self.undone.append(upload_id)
        self.verify()
        assert self.undo(upload_id)
        if not said:
            self.undone.append(upload_id)

    def committed(self, content: bytes) -> UUID:
        """The one upload of a file that is live."""
        sha256 = hashlib.sha256(content).hexdigest()
        with self.everywhere() as session:
            found = session.scalars(select(Upload).where(Upload.sha256 == sha256)).all()
            assert Counter(upload.state for upload in found)[State.COMMITTED] == 1, [upload.state for upload in found]
            assert {upload.state for upload in found} <= {State.COMMITTED, State.DISCARDED}
            return next(upload.id for upload in found if upload.state is State.COMMITTED)

    # --- What must hold ----------------------------------------------------------------------------------------------

    @contextmanager
    def everywhere(self) -> Iterator[HubSession]:
        with self.database.reading() as session:
            session.set_scope(EVERYWHERE)
            yield session

    def verify(self, *, mid_job: bool = False) -> None:
        """Whatever was acknowledged is there, nothing is there by half or twice, and nothing lies about."""
        with self.everywhere() as session:
            assert audit.first_broken(session) is None
            self._verify_uploads(session)
            self._verify_versions(session)
        if self.database.engine.dialect.name == "sqlite":
            with self.database.engine.connect() as connection:
                assert connection.execute(text("PRAGMA integrity_check")).scalars().all() == ["ok"]
                assert connection.execute(text("PRAGMA foreign_key_check")).all() == []
        if not mid_job:
            self._verify_files()

    def _verify_uploads(self, session: HubSession) -> None:
        assert not session.scalars(select(Job.failure).where(Job.state == JobState.FAILED)).all()
        states = dict(session.execute(select(Upload.id, Upload.state)).all())
        assert set(self.taken) <= states.keys()
        assert {states[upload_id] for upload_id in self.live} <= {State.COMMITTED}
        assert {states[upload_id] for upload_id in self.undone} <= {State.UNDONE}

    def _verify_versions(self, session: HubSession) -> None:
        """Each version is whole, belongs to an upload that was committed, and is live just where it is the newest."""
        versions = session.scalars(select(Version)).all()
        rows = {
            version_id: (number, total)
            for version_id, number, total in session.execute(
                select(WardCount.version_id, func.count(), func.sum(WardCount.count)).group_by(WardCount.version_id)
            )
        }
        assert rows.keys() == {version.id for version in versions}
        states = dict(session.execute(select(Upload.id, Upload.state)).all())
        per_upload = Counter(version.upload_id for version in versions)
        made = {upload_id for upload_id, state in states.items() if state in {State.COMMITTED, State.UNDONE}}
        assert per_upload == dict.fromkeys(made, 1)
        newest: dict[Any, int] = {}
        for version in sorted(versions, key=lambda one: one.number):
            months = session.scalars(select(VersionMonth).where(VersionMonth.version_id == version.id)).all()
            assert (len(months), rows[version.id]) == (12, (72, sum(month.placed for month in months)))
            assert (version.undone_at is None) == (states[version.upload_id] is State.COMMITTED)
            if version.undone_at is None:
                newest |= {month.month: version.id for month in months}
        assert [version.number for version in sorted(versions, key=lambda one: one.number)] == list(
            range(1, len(versions) + 1)
        )
        current = session.execute(select(VersionMonth.month, VersionMonth.version_id).where(VersionMonth.is_current))
        assert dict(current.all()) == newest

    def _verify_files(self) -> None:
        """After a sweep: a folder for each upload that is not given up, with the very file sent and one check."""
        with self.database.writing() as session:
            session.set_scope(EVERYWHERE)
            service.remove_strays(session)
            held = session.scalars(select(Upload).where(Upload.state != State.DISCARDED))
            kept = {str(upload.id): upload for upload in held}
            assert {path.name for path in self.settings.files.iterdir()} == kept.keys()
            for folder in self.settings.files.iterdir():
                upload = kept[folder.name]
                assert hashlib.sha256((folder / files.ORIGINAL).read_bytes()).hexdigest() == upload.sha256
                assert {path.name for path in folder.iterdir()} == {files.ORIGINAL, upload.report["check_id"]}


@pytest.fixture
def living(database: Database, settings: Settings, people: dict[Role, str]) -> Iterator[Living]:
    """A small city's hub, served and worked."""
    email = people[Role.CSP_OFFICER]
    with database.writing() as session:
        viewer = accounts.viewer_by_email(session, email)
        _, token = tokens.make(viewer, "Kills", KIND, dt.datetime.now(LONDON).date() + dt.timedelta(days=2))
    app = create_app(settings)
    app.test_client_class = StrictClient
    client = app.test_client()
    assert isinstance(client, StrictClient)
    client.sign_in(email, PASSWORD)
    client.get("/")
    cookie = client.get_cookie("hub")
    assert cookie is not None
    assert client.csrf_token is not None
    context, port = forking(), free_port()
    living = Living(
        settings=settings,
        database=database,
        server=Mortal(context, serve, settings, port),
        worker=Mortal(context, work, settings),
        port=port,
        token=token,
        cookie=cookie.value,
        csrf_token=client.csrf_token,
        random=random.Random(SEED),
    )
    wait_until_it_answers(port)
    yield living
    living.server.kill()
    living.worker.kill()
    app.extensions["hub_database"].engine.dispose()


def test_nothing_acknowledged_is_lost_halved_or_doubled(
    living: Living, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(files, "STRAY_AFTER", dt.timedelta(0))
    living.learn()
    acts = {
        "arrives": living.kill_while_it_arrives,
        "taken in": living.kill_while_it_is_taken_in,
        "undone": living.kill_while_it_is_undone,
    }
    chosen = living.random.choices(list(acts), weights=(3, 6, 3), k=KILLS)
    for number, name in enumerate(chosen, start=1):
        try:
            acts[name]()
        except BaseException:
            print(f"\nKill {number} of {KILLS} with HUB_KILLS_SEED={SEED}, while it is {name}.")
            raise
    living.settle()
    living.verify()
    with capsys.disabled():
        print(f"\n{living.database.engine.dialect.name}: {KILLS} kills ({dict(Counter(chosen))}), 0 violations")
