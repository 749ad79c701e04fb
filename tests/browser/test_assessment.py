"""An assessment arrives by itself once its promised day is past, from the worker, and an officer reads it."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import expect

from tests.browser.served import ONLY_DEMO, ServedHub
from tests.browser.visitor import Visitor

LOOKS, SECONDS_BETWEEN = 60, 2
"""Twice as long as the worker takes from one round of its chores to the next."""


@ONLY_DEMO
def test_an_officer_finds_what_came_of_a_response_that_was_promised_to_be_assessed(
    hub: ServedHub, visit: Callable[..., Visitor]
) -> None:
    officer = visit("officer")
    page = officer.page
    page.goto(f"{hub.address}problems")
    officer.follow(page.get_by_role("link", name="Shoplifting in the parade"))
    found = page.locator("#worked-out ~ .problem-things a").first
    for _ in range(LOOKS):
        if found.count():
            break
        page.wait_for_timeout(1_000 * SECONDS_BETWEEN)
        page.reload()
    officer.look("problem-assessed")
    officer.go("/")
    news = page.get_by_role("heading", name="Newly assessed").locator("xpath=following-sibling::ul[1]")
    expect(news).to_contain_text("Shoplifting in the parade: cannot tell")
    officer.follow(news.get_by_role("link", name="Shoplifting in the parade"))
    expect(page.locator("h1")).to_have_text("Cannot tell")
    expect(page.locator("main")).to_contain_text("as promised for 1 November 2026")
    expect(page.locator("main")).to_contain_text("Posters in every shop but two.")
    officer.look("assessment")
