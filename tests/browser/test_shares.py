"""A commander asks another borough for one map; its liaison officer grants it, ends it, and sees who can see what."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

from playwright.sync_api import expect

from tests.browser.served import ONLY_DEMO, ServedHub
from tests.browser.visitor import Visitor

pytestmark = ONLY_DEMO

PURPOSE = "A series of burglaries on both sides of the border."


def test_a_map_is_asked_for_granted_looked_at_and_ended(hub: ServedHub, visit: Callable[..., Visitor]) -> None:
    owner, today = hub.person("neighbour.liaison").place, dt.datetime.now(dt.UTC).date()
    commander, liaison = visit("commander"), visit("neighbour.liaison")

    page = commander.page
    commander.follow(page.get_by_role("link", name="Shares", exact=True))
    commander.follow(page.get_by_role("button", name="Ask a borough to share"))
    commander.look("share-new")
    page.get_by_label("Borough to ask").select_option(label=owner)
    page.get_by_label("What you need it for").fill(PURPOSE)
    page.get_by_label("Last day you need it").fill(f"{today + dt.timedelta(days=30):%d/%m/%Y}")
    commander.follow(page.get_by_role("button", name="Ask"))
    expect(page.locator("main")).to_contain_text("The borough was asked.")
    commander.look("share-asked")
    asked = page.url

    page = liaison.page
    liaison.go("/")
    liaison.look("home-of-liaison")
    liaison.follow(page.get_by_role("link", name="asks"))
    page.get_by_label("Last day").fill(f"{today + dt.timedelta(days=7):%d/%m/%Y}")
    page.get_by_label("Conditions, or the reason").fill("Only for the patrol plan.")
    liaison.look("share-to-decide")
    liaison.follow(page.get_by_role("button", name="Grant"))
    liaison.look("share-granted")

    page = commander.page
    commander.go(asked)
    commander.follow(page.get_by_role("button", name="Open the map"))
    expect(page.locator("#overlay-map")).to_have_attribute("data-ready", "true")
    expect(page.locator("main")).to_contain_text(f"Shared by {owner} until")
    expect(page.locator("main")).to_contain_text(PURPOSE)
    commander.look("share-map")
    shared = page.url

    page = liaison.page
    page.get_by_label("Why it ends").fill("The series is solved.")
    liaison.follow(page.get_by_role("button", name="End it"))
    liaison.follow(page.get_by_role("link", name="Shares", exact=True).first)
    liaison.look("shares")
    assert commander.refusal_of(shared) == 403

    liaison.follow(page.get_by_role("link", name=f"What the neighbours of {owner} are told"))
    liaison.look("borders")
    liaison.go("/who-can-see/")
    liaison.look("who-can-see")
    liaison.follow(page.get_by_role("link", name="Hotspot maps").first)
    liaison.look("who-can-see-a-map")
    liaison.go("/see-as/")
    page.get_by_label("Role").select_option(label="Council leader")
    liaison.look("see-as")
    liaison.follow(page.get_by_role("button", name="See as this role"))
    expect(page.locator("body")).to_contain_text(f"You see the hub as Council leader of {owner}.")
    liaison.look("seen-as")
    liaison.follow(page.get_by_role("button", name="Stop seeing as another role"))
