"""Two hubs for a browser to visit: on the fictional city, and on real London.

Each hub is made once for all tests, and served, with a worker, by each process that tests it, from a copy of its own.
"""

from __future__ import annotations

import os
import shutil
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, ViewportSize

from hub import frontend
from hub.demo import service
from tests.browser.served import DEMO, LONDON, ServedHub
from tests.browser.visitor import DESK, Visitor
from tests.conftest import MadeOnce

PICTURES = os.environ.get("HUB_TEST_PICTURES", "")
"""A folder for a picture of every page that is looked at; none are kept unless it is named."""

# Months of points enough for a walk: one month more is a second and a half more.
DEMO_FILES = (
    "mps-ward-level-2*.csv",
    "police-uk/*-street/2026-09*.csv",
    "police-uk/*-street/2026-10*.csv",
    "partner/*-borough-*.csv",
    "partner/ambulance-*.csv",
)
LONDON_FILES = ("mps-ward-level-202402-202601.csv", "police-uk/london-street-all-crime/2018-0[56]*.csv.gz")


def unused_port() -> int:
    """A port of loopback that nobody listens on, whichever other tests run beside these."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


ON_A_HUB_OF_THEIR_OWN = {"test_commander.py", "test_commanders_ground.py"}
"""Tests that take about as long as all others together: another process may run them, on the fictional city."""


def pytest_itemcollected(item: pytest.Function) -> None:
    """Group the tests of maps, which xdist takes for a part of their city's group."""
    if item.path.name in ON_A_HUB_OF_THEIR_OWN and item.callspec.params["hub"] == "demo":
        item.add_marker(pytest.mark.xdist_group("maps"))


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run the tests last that bring in files, and so change the pages that the others read."""
    items.sort(key=lambda item: item.path.name == "test_with_every_file.py")


@pytest.fixture(scope="session", params=[DEMO, pytest.param("london", marks=[*LONDON.marks, pytest.mark.long])])
def hub(
    request: pytest.FixtureRequest,
    chromium: Browser,
    tmp_path_factory: pytest.TempPathFactory,
    prepare_demo: Callable[..., service.Demo],
    made_once: MadeOnce,
) -> Iterator[ServedHub]:
    """A hub with everything loaded and everybody's account made: of the fictional city, and of London."""
    is_real = request.param == "london"
    data: Path | None = request.getfixturevalue("real_data") if is_real else None
    frontend.prepare()
    folder = tmp_path_factory.mktemp("hub") / request.param
    if data:
        demo = service.prepare(data=data, say=print, folder=folder, files=LONDON_FILES)
    else:
        with made_once("browser-demo") as made:
            prepare_demo(made, DEMO_FILES)
            shutil.copytree(made, folder)
        demo = service.prepare(data=None, say=print, folder=folder)
    # Each load would have the maps of every area worked out, which no test waits for.
    with service.serving(demo, unused_port(), worker_options=("--only", "uploads")) as address:
        yield ServedHub(
            request.param,
            address,
            demo,
            data or folder / "city",
            wards_of=2022 if is_real else 2025,
            months_of_points=("2018-05", "2018-06") if is_real else ("2026-09", "2026-10"),
        )


@pytest.fixture
def visit(chromium: Browser, hub: ServedHub) -> Iterator[Callable[..., Visitor]]:
    """Open a browser on the hub; signed in as somebody if named. Whatever went wrong in it fails the test."""
    pictures = Path(PICTURES, hub.name) if PICTURES else None
    if pictures:
        pictures.mkdir(parents=True, exist_ok=True)
    visitors = []

    def open_browser(name: str = "", size: ViewportSize = DESK, host: str = "127.0.0.1") -> Visitor:
        address = hub.address.replace("127.0.0.1", host)
        visitor = Visitor(chromium, address, is_fictional=hub.name == "demo", size=size, pictures=pictures)
        visitors.append(visitor)
        if name:
            visitor.sign_in(hub.person(name))
        return visitor

    yield open_browser
    for visitor in visitors:
        visitor.close()
