"""An officer on patrol records a visit with a thumb, and a partner reads a template before it is written."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import expect

from tests.browser.served import ONLY_DEMO, ServedHub
from tests.browser.visitor import PHONE, Visitor


@ONLY_DEMO
def test_a_visit_is_recorded_in_few_taps_on_a_phone(hub: ServedHub, visit: Callable[..., Visitor]) -> None:
    officer = visit("administrator", PHONE)
    page = officer.page
    officer.go("/problems")
    officer.follow(page.get_by_role("link", name="Shoplifting in the parade"))
    expect(page.locator("#patrols")).to_be_visible()
    officer.follow(page.locator("#patrols ~ .problem-things a").first)
    expect(page.locator("main")).to_contain_text("do not copy this list")
    expect(page.locator("main")).to_contain_text("less than two thirds of the plan was given")
    officer.look("patrols")
    before = page.locator("#visits ~ .problem-things .problem-thing").first.inner_text()
    page.get_by_label("Parade, south end").check()
    officer.follow(page.get_by_role("button", name="Record the visit"))
    expect(page.locator("main")).to_contain_text("The visit is recorded.")
    newest = page.locator("#visits ~ .problem-things .problem-thing").first
    expect(newest).to_contain_text("Parade, south end")
    assert newest.inner_text() != before
    officer.follow(newest.get_by_role("link", name="Correct it"))
    officer.look("patrol-visit")
    officer.follow(page.get_by_role("button", name="Take it back: there was no such visit"))
    assert page.locator("#visits ~ .problem-things .problem-thing").first.inner_text() == before
    officer.follow(page.get_by_role("link", name="Plan them otherwise, from tomorrow on"))
    officer.look("patrol-plan")
    officer.is_content()


@ONLY_DEMO
def test_a_template_shows_what_it_writes(hub: ServedHub, visit: Callable[..., Visitor]) -> None:
    officer = visit("administrator")
    page = officer.page
    officer.go("/problems")
    officer.follow(page.get_by_role("link", name="Cars taken from drives without a key"))
    officer.follow(page.get_by_role("link", name="Clear, Hold, Build", exact=True))
    officer.look("template")
    officer.follow(page.get_by_role("button", name="Show what it will write"))
    expect(page.locator("main")).to_contain_text("Hold: keep the place stable")
    officer.look("template-preview")
    officer.go(page.url)
    officer.is_content()
