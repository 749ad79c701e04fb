"""The largest file the hub takes, and one of everyday size, through a real web server and worker, from file to live.

How long to a verdict and to live data, how much the web process grew, and reading and checking beside a bare reading of
the same file. Runs on the real public points, on SQLite. Nothing here asserts a time or a size; totals are asserted.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import http.client
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson
import polars as pl
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from hub import migrate
from hub.access import Permission, Role, Viewer
from hub.accounts import service as accounts
from hub.accounts import tokens
from hub.config import Settings
from hub.db import Database
from hub.places import loading
from hub.uploads import checks, corrections, door, kinds, reading, service
from hub.uploads.checking import check
from hub.uploads.findings import Severity
from hub.uploads.reading import Limits
from hub.words import LONDON, megabytes
from tests.processes import commands_running, free_port, wait_until_it_answers

ADMINISTRATOR, ADMINISTRATORS_PASSWORD = "administrator@bench.example", "a long enough passphrase"
POINTS_FOLDER = "police-uk/london-street-all-crime"
KIND = "street_points"
ROWS, EVERYDAY_ROWS, MOST_BYTES = 500_000, 10_000, 50_000_000
SECONDS_BETWEEN_LOOKS = 0.2

pytestmark = pytest.mark.benchmark(disable_gc=True)


@dataclass(frozen=True)
class Running:
    """A hub with London's places, its server and its worker running beside this process."""

    database: Database
    port: int
    token: str
    web: int
    """The process that answers requests."""

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> dict[str, Any]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=600)
        connection.request(method, path, body, {"Authorization": f"Bearer {self.token}", **headers})
        answer = connection.getresponse()
        told: dict[str, Any] = orjson.loads(answer.read())
        connection.close()
        assert answer.status in {200, 202}, told
        return told

    def send(self, path: Path) -> UUID:
        """Send a file as a browser or a script does, a piece at a time."""
        before = b'--x\r\nContent-Disposition: form-data; name="file"; filename="points.csv"\r\n\r\n'
        after = b"\r\n--x--\r\n"

        def body() -> Iterator[bytes]:
            yield before
            with path.open("rb") as stream:
                while piece := stream.read(1 << 20):
                    yield piece
            yield after

        size = str(len(before) + path.stat().st_size + len(after))
        told = self.ask(
            "POST",
            "/api/uploads",
            body(),
            **{"Content-Type": "multipart/form-data; boundary=x", "Content-Length": size},
        )
        return UUID(told["id"])

    def wait(self, upload_id: UUID) -> dict[str, Any]:
        """Wait until nothing is at work on it."""
        while (told := self.ask("GET", f"/api/uploads/{upload_id}"))["at_work"]:
            time.sleep(SECONDS_BETWEEN_LOOKS)
        assert "error" not in told, told["error"]
        return told

    def commit(self, upload_id: UUID) -> dict[str, Any]:
        """Have it made live, as a person does who says why what looks odd is right."""
        with self.database.writing() as session:
            viewer = accounts.viewer_by_email(session, ADMINISTRATOR)
            upload = door.upload(viewer, upload_id, Permission.UPLOAD_WRITE)
            odd = corrections.codes_of(upload, Severity.PLEASE_CONFIRM)
            corrections.confirm(viewer, upload_id, dict.fromkeys(odd, "It is a benchmark."))
            service.ask_for(viewer, upload_id, "commit")
        return self.wait(upload_id)

    def memory(self, name: str) -> int:
        """What the web process uses, or used at most since it was last asked, in bytes."""
        lines = Path(f"/proc/{self.web}/status").read_text("ascii").splitlines()
        return 1024 * int(next(line for line in lines if line.startswith(name)).split()[1])

    def forget_peak(self) -> None:
        Path(f"/proc/{self.web}/clear_refs").write_text("5")


@pytest.fixture(scope="module")
def points(real_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Half a million real points in as many bytes as the hub takes, each with an identifier of its own."""
    months = [pl.read_csv(path, infer_schema=False) for path in sorted((real_data / POINTS_FOLDER).glob("*.csv.gz"))]
    every = pl.concat(months).head(ROWS)
    assert every.height == ROWS
    columns = ["Month", "Longitude", "Latitude", "Location", "Crime type", "Last outcome category"]
    identified = every.select(pl.int_range(pl.len()).cast(pl.String).str.zfill(24).alias("Crime ID"), *columns)
    path = tmp_path_factory.mktemp("points") / "points.csv"
    identified.write_csv(path)
    over = path.stat().st_size - MOST_BYTES
    if over > 0:
        cut = pl.col("Last outcome category").str.head(max(0, 30 - over // ROWS))
        identified.with_columns(cut, pl.col("Location").str.head(16)).write_csv(path)
    assert path.stat().st_size <= MOST_BYTES
    return path


@pytest.fixture(scope="module")
def running(real_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A hub of which one process answers, so that its memory can be told."""
    with running_hub(real_data, tmp_path_factory.mktemp("running"), "--workers", "1") as found:
        yield found


@contextlib.contextmanager
def running_hub(real_data: Path, folder: Path, *served: str) -> Iterator[Running]:
    """Start the hub as `hub serve` and `hub work` do."""
    port = free_port()
    settings = Settings(
        environment="test",
        second_factor="offered",
        secret_key="b" * 32,
        database_url=f"sqlite:///{folder / 'hub.sqlite'}",
        files=folder / "files",
    )
    settings.files.mkdir()
    migrate.upgrade(settings)
    database = Database(settings)
    with database.writing() as session:
        loading.load_places(session, [real_data], actor="machine:bench")
        accounts.create_person(
            session,
            ADMINISTRATOR,
            "Administrator",
            ADMINISTRATORS_PASSWORD,
            Role.ADMINISTRATOR,
            london=True,
            actor="machine:bench",
        )
        viewer = accounts.viewer_by_email(session, ADMINISTRATOR)
        token = tokens.make(viewer, "Benchmark", KIND, dt.datetime.now(LONDON).date() + dt.timedelta(days=1))[1]
    with commands_running(settings, ["serve", "--port", str(port), *served], ["work"]) as processes:
        wait_until_it_answers(port)
        yield Running(database, port, token, web=_child_of(processes[0].pid))
    database.engine.dispose()


def _child_of(pid: int) -> int:
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            if int(stat.read_text("ascii").rpartition(")")[2].split()[1]) == pid:
                return int(stat.parent.name)
    raise LookupError("The web server has no process that answers.")


def taken_in(running: Running, path: Path, benchmark: BenchmarkFixture) -> dict[str, Any]:
    """Send a file, wait for the verdict, commit it, and note what each took."""

    def take_in() -> dict[str, Any]:
        running.wait(running.send(small_part(path)))
        running.forget_peak()
        before, started = running.memory("VmRSS"), time.perf_counter()
        upload_id = running.send(path)
        sent = time.perf_counter()
        running.wait(upload_id)
        checked = time.perf_counter()
        told = running.commit(upload_id)
        live = time.perf_counter()
        benchmark.extra_info["stages"] = {
            "sent, looked through for personal data, and kept": sent - started,
            "verdict, from the beginning": checked - started,
            "live, after the verdict": live - checked,
        }
        benchmark.extra_info["figures"] = {
            "file": megabytes(path.stat().st_size),
            "rows": f"{told['rows']:,}",
            "the web process grew by at most": megabytes(max(0, running.memory("VmHWM") - before)),
        }
        return told

    found: dict[str, Any] = benchmark.pedantic(take_in, rounds=1)
    return found


def small_part(path: Path, rows: int = 50) -> Path:
    """A file of the same sort that warms up whatever a first request loads."""
    small = path.with_name("warm.csv")
    with path.open("rb") as stream:
        small.write_bytes(b"".join(stream.readline() for _ in range(rows)))
    return small


@pytest.mark.benchmark(group="500,000 points in 50 MB, through the web server, from file to live")
def test_the_largest_file_is_taken_in(benchmark: BenchmarkFixture, running: Running, points: Path) -> None:
    told = taken_in(running, points, benchmark)
    assert (told["state"], told["rows"]) == ("committed", ROWS)
    assert told["placed"] >= 0.999 * ROWS


@pytest.mark.benchmark(group="10,000 points, through the web server, from file to live")
def test_an_everyday_file_is_taken_in(benchmark: BenchmarkFixture, running: Running, points: Path) -> None:
    everyday = points.with_name("everyday.csv")
    pl.read_csv(points, infer_schema=False).sample(EVERYDAY_ROWS, seed=1).write_csv(everyday)
    told = taken_in(running, everyday, benchmark)
    assert (told["state"], told["rows"]) == ("committed", EVERYDAY_ROWS)


@pytest.mark.benchmark(group="Reading and checking 500,000 points, in one process")
def test_the_largest_file_is_read_and_checked(
    benchmark: BenchmarkFixture, running: Running, points: Path, tmp_path: Path
) -> None:
    with running.database.reading() as session:
        viewer: Viewer = accounts.viewer_by_email(session, ADMINISTRATOR)
        geography, scope = checks.geography_of(session), viewer.boroughs()
    stages: dict[str, float] = {}

    def read_and_check() -> int:
        started = time.perf_counter()
        table = reading.read(points, points.name, Limits(), tmp_path)
        read = time.perf_counter()
        kind = kinds.DATASETS[KIND]
        fields = kinds.propose(table.headings, kind)
        checked = check(table, kind, fields, geography, scope, today=dt.date(2018, 7, 1))
        stages.update({"read": read - started, "checked": time.perf_counter() - read})
        return int(checked.report["rows"])

    assert benchmark.pedantic(read_and_check, rounds=1) == ROWS
    benchmark.extra_info["stages"] = stages


@pytest.mark.benchmark(group="Reading and checking 500,000 points, in one process")
def test_polars_only_reads_the_largest_file(benchmark: BenchmarkFixture, points: Path) -> None:
    benchmark.extra_info["peer"] = "polars: read as text, nothing checked"
    assert benchmark.pedantic(lambda: pl.read_csv(points, infer_schema=False).height, rounds=1) == ROWS
