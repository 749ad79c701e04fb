"""A summary that was taken away opens from a disk with no network, fits a phone, and prints."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from hub.access import Role
from hub.config import Settings
from hub.db import Database
from hub.summaries import exports, service
from hub.uploads import confined
from tests.browser.visitor import DESK, PHONE, SPILT
from tests.conftest import HOME, add_people, build_small_city
from tests.summaries.counted import LAST, as_met_file, made_up
from tests.uploads.desk import Desk, check_here, look_here


@pytest.fixture
def file(new_settings: Callable[..., Settings], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The summary of Alder, as its leader takes it away."""
    monkeypatch.setattr(confined, "look", look_here)
    monkeypatch.setattr(confined, "check", check_here)
    database = Database(new_settings("sqlite"))
    build_small_city(database)
    people, desk = add_people(database), Desk(database)
    desk.commit(people[Role.CSP_OFFICER], as_met_file(made_up(1)))
    path = tmp_path / "alder.html"
    with desk.writing(people[Role.COUNCIL_LEADER]) as viewer:
        exports.write(viewer, service.summary(viewer, HOME, last_month=LAST), path)
    database.engine.dispose()
    return path


def opened(chromium: Browser, file: Path, size: dict[str, int]) -> tuple[Page, list[str]]:
    """The file in a browser that is cut off, and what it asked for besides itself."""
    context = chromium.new_context(viewport=size, offline=True, java_script_enabled=False)
    page, asked = context.new_page(), []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(file.as_uri())
    return page, [url for url in asked if url != file.as_uri() and not url.startswith("data:")]


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_the_file_opens_by_itself_and_fits(chromium: Browser, file: Path, size: dict[str, int]) -> None:
    page, asked = opened(chromium, file, size)
    assert asked == []
    assert page.evaluate(SPILT) == []
    widths = page.eval_on_selector_all("img", "images => images.map(image => [image.naturalWidth, image.width])")
    assert len(widths) == 3, "months, wards on a map, wards with their ranges"
    assert all(natural > 0 and 0 < width <= size["width"] for natural, width in widths)
    assert "Alder: community safety summary" in page.inner_text("h1")
    page.context.close()


def test_the_file_can_be_read_by_everybody(chromium: Browser, file: Path) -> None:
    page = chromium.new_page()
    page.goto(file.as_uri())
    found = Axe().run(page).response["violations"]
    page.close()
    assert [f"{each['id']}: {each['nodes'][0]['html']}" for each in found] == []


def test_the_file_prints_on_a_few_pages(chromium: Browser, file: Path) -> None:
    page, _ = opened(chromium, file, DESK)
    paper = page.pdf(format="A4")
    page.context.close()
    assert paper.startswith(b"%PDF")
    assert len(re.findall(rb"/Type\s*/Page\b", paper)) <= 3
