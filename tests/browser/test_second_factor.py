"""Setting up a second step and signing in with it, in a real browser with a security key of its own."""

from __future__ import annotations

from collections.abc import Callable

import pyotp
from playwright.sync_api import Page, expect

from tests.browser.served import ONLY_DEMO, ServedHub
from tests.browser.visitor import Visitor

Visit = Callable[..., Visitor]
A_KEY = {
    "protocol": "ctap2",
    "transport": "usb",
    "hasResidentKey": False,
    "hasUserVerification": False,
    "automaticPresenceSimulation": True,
}


def put_key_in(page: Page) -> None:
    """Give the browser a security key, which is touched whenever it blinks."""
    devtools = page.context.new_cdp_session(page)
    devtools.send("WebAuthn.enable")
    devtools.send("WebAuthn.addVirtualAuthenticator", {"options": A_KEY})


@ONLY_DEMO
def test_somebody_sets_up_an_app_and_a_key_and_signs_in_with_the_key(visit: Visit, hub: ServedHub) -> None:
    """The hub is opened by its name: a key knows no site by number."""
    visitor = visit("police.lead", host="localhost")
    page = visitor.page
    heading = page.get_by_role("heading", level=1)
    page.get_by_role("link", name="Your account: Police Lead").click()
    visitor.look("account-without")
    page.get_by_role("link", name="Set up a second step").click()
    visitor.look("second-factor-enrol")
    page.get_by_role("button", name="Set up an app").click()
    page.get_by_text("I cannot scan the picture").click()
    visitor.look("second-factor-app")
    secret = page.locator(".hub-code").inner_text().replace(" ", "")
    page.get_by_label("The code that the app shows").fill(pyotp.TOTP(secret).now())
    page.get_by_role("button", name="Continue").click()
    expect(heading).to_have_text("Keep your recovery codes")
    assert page.locator(".hub-codes .hub-code").count() == 10
    visitor.look("second-factor-codes")
    page.get_by_role("button", name="I have kept them").click()

    put_key_in(page)
    page.get_by_role("link", name="Add another way").click()
    page.get_by_role("button", name="Add a security key").click()
    visitor.look("second-factor-key")
    page.get_by_label("What do you call it?").fill("Blue key")
    page.get_by_role("button", name="Add this key").click()
    expect(page.get_by_text("The security key is added.")).to_be_visible()
    expect(page.get_by_text("Security key: Blue key")).to_be_visible()
    visitor.look("account-with")

    page.get_by_role("button", name="Sign out").click()
    expect(heading).to_have_text("Sign in")
    police_lead = hub.person("police.lead")
    page.get_by_label("E-mail address").fill(police_lead.email)
    page.get_by_label("Password", exact=True).fill(police_lead.password)
    page.get_by_role("button", name="Sign in").click()
    expect(heading).to_have_text("Confirm that it is you")
    visitor.look("second-factor")
    page.get_by_role("button", name="Use a security key").click()
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()
    visitor.is_content()
