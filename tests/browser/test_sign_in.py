"""Signing in and out in a real browser: by keyboard alone, on a phone, with a wrong password, with the back button."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.browser.served import ServedHub
from tests.browser.visitor import PHONE, Visitor

Visit = Callable[..., Visitor]


def focused(page: Page) -> str:
    """What the keyboard is on."""
    return str(page.evaluate("document.activeElement.getAttribute('name') || document.activeElement.innerText.trim()"))


def test_somebody_signs_in_by_keyboard_alone(visit: Visit, hub: ServedHub) -> None:
    visitor, officer = visit(), hub.person("officer")
    visitor.go("/")
    visitor.look("sign-in")
    stops = []
    for _ in range(6):
        visitor.page.keyboard.press("Tab")
        stops.append(focused(visitor.page))
    assert stops[0] == "Skip to main content"
    assert stops[2:] == ["email", "password", "Show", "Sign in"]
    for _ in range(3):
        visitor.page.keyboard.press("Shift+Tab")
    visitor.page.keyboard.type(officer.email)
    visitor.page.keyboard.press("Tab")
    visitor.page.keyboard.type(officer.password)
    visitor.page.keyboard.press("Enter")
    expect(visitor.page.get_by_role("button", name="Sign out")).to_be_visible()
    visitor.look("home")


def test_a_wrong_password_is_told_at_the_top_where_the_keyboard_is(visit: Visit, hub: ServedHub) -> None:
    visitor, page = (visitor := visit()), visitor.page
    page.set_viewport_size(PHONE)
    visitor.go("/sign-in")
    page.get_by_label("E-mail address").fill(hub.person("leader").email)
    page.get_by_label("Password", exact=True).fill("not the password")
    page.get_by_role("button", name="Show password").click()
    assert page.locator("#password").get_attribute("type") == "text"
    with visitor.expecting_refusal():
        page.get_by_role("button", name="Sign in").click()
        summary = page.get_by_role("alert")
        expect(summary).to_contain_text("The e-mail address or the password is wrong.")
        visitor.look("sign-in-refused")
    assert page.locator("#password").input_value() == ""
    assert page.locator("#password").get_attribute("type") == "password"
    summary.get_by_role("link").click()
    assert focused(page) == "email"


def test_the_back_button_shows_nothing_after_signing_out(visit: Visit, hub: ServedHub) -> None:
    visitor = visit("officer")
    page = visitor.page
    expect(page.get_by_role("heading", level=1)).to_have_text("To do")
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")
    for step in (page.go_back, page.go_back):
        step()
        expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")
        assert hub.person("officer").place not in page.inner_text("body")
    visitor.is_content()
