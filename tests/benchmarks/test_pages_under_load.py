"""T14: how long pages take while the largest file is taken in and maps are worked out, beside the same pages at rest.

A hub as it is run: two processes that answer, one worker. Nothing here asserts a time.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import requests
from pytest_benchmark.fixture import BenchmarkFixture
from sqlalchemy import func, select

from hub.jobs import Job, JobState
from tests.benchmarks.test_upload_speed_large import (
    ADMINISTRATOR,
    ADMINISTRATORS_PASSWORD,
    Running,
    points,
    running_hub,
    small_part,
)

__all__ = ["points"]  # a fixture, which pytest looks for here

PAGES = "/", "/areas/camden/hotspots", "/uploads/"
AT_REST = 150
SECONDS_BETWEEN = 0.05

pytestmark = pytest.mark.benchmark(disable_gc=True)


@pytest.fixture(scope="module")
def running(real_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A hub with as many processes as it has of itself."""
    with running_hub(real_data, tmp_path_factory.mktemp("load")) as found:
        yield found


def reader(running: Running) -> requests.Session:
    """Sign in as a browser does."""
    session, address = requests.Session(), f"http://127.0.0.1:{running.port}/sign-in"
    token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', session.get(address).text)
    assert token
    sent = {"csrf_token": token[1], "email": ADMINISTRATOR, "password": ADMINISTRATORS_PASSWORD}
    assert session.post(address, sent, allow_redirects=False).status_code == 302
    return session


def seconds_a_page(session: requests.Session, running: Running, goes_on: Callable[[int], bool]) -> list[float]:
    """Look at one page after another for as long as asked."""
    took: list[float] = []
    while goes_on(len(took)):
        started = time.perf_counter()
        answer = session.get(f"http://127.0.0.1:{running.port}{PAGES[len(took) % len(PAGES)]}")
        took.append(time.perf_counter() - started)
        assert answer.status_code == 200, answer.text
        time.sleep(SECONDS_BETWEEN)
    return took


def make_live(running: Running, path: Path) -> None:
    """Send a file, wait for its verdict, and commit it."""
    upload_id = running.send(path)
    running.wait(upload_id)
    running.commit(upload_id)


def is_at_work(running: Running) -> bool:
    """Whether any job waits or runs."""
    with running.database.reading() as session:
        left = session.scalar(
            select(func.count()).select_from(Job).where(Job.state.in_([JobState.WAITING, JobState.RUNNING]))
        )
    return bool(left)


@pytest.mark.benchmark(group="T14: a page while 50 MB are taken in and its maps worked out, beside the page at rest")
def test_pages_while_much_is_at_work(benchmark: BenchmarkFixture, running: Running, points: Path) -> None:
    def look() -> None:
        session = reader(running)
        make_live(running, small_part(points, rows=5_000))
        while is_at_work(running):
            time.sleep(1)
        at_rest = seconds_a_page(session, running, lambda count: count < AT_REST)
        loading = threading.Thread(target=make_live, args=(running, points))
        loading.start()
        while_taken_in = seconds_a_page(session, running, lambda _: loading.is_alive())
        while_worked_out = seconds_a_page(session, running, lambda count: count < AT_REST and is_at_work(running))
        p95 = {
            "p95 of a page at rest": np.percentile(at_rest, 95),
            "p95 while the file is taken in": np.percentile(while_taken_in, 95),
            "p95 while its maps are worked out": np.percentile(while_worked_out, 95),
        }
        benchmark.extra_info["stages"] = {name: float(seconds) for name, seconds in p95.items()}
        rest, *busy = p95.values()
        benchmark.extra_info["figures"] = {
            "pages looked at": ", ".join(f"{len(each):,}" for each in (at_rest, while_taken_in, while_worked_out)),
            "p95 beside that at rest": " and ".join(f"{each / rest:.2f} times" for each in busy),
        }

    benchmark.pedantic(look, rounds=1)
