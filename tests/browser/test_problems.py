"""From a hotspot to an assigned problem, within the clicks that a commander was promised, and what it is judged by."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Locator, expect

from tests.browser.served import ONLY_DEMO, ServedHub
from tests.browser.visitor import Visitor

MOST_CLICKS = 12


class Clicks:
    """Counts what a commander does with the mouse: to choose from a list takes two."""

    def __init__(self, commander: Visitor) -> None:
        self.number = 0
        self._commander = commander

    def follow(self, way: Locator) -> None:
        self.number += 1
        self._commander.follow(way)

    def choose(self, label: str, at: int) -> str:
        self.number += 2
        field = self._commander.page.get_by_label(label, exact=True)
        field.select_option(index=at)
        return field.locator("option:checked").inner_text()


@ONLY_DEMO
def test_a_commander_goes_from_a_hotspot_to_an_assigned_problem(hub: ServedHub, visit: Callable[..., Visitor]) -> None:
    commander = visit("commander")
    page, clicks = commander.page, Clicks(commander)
    clicks.follow(page.get_by_role("link", name=f"This week of {hub.person('commander').place}"))
    clicks.follow(page.get_by_role("link", name="Open a problem here").first)
    expect(page.locator("h1")).to_have_text("Open a problem here")
    expect(page.locator("main")).to_contain_text("What goes with it")
    commander.look("problem-opened-here")
    title = page.get_by_label("Title", exact=True).input_value()
    owner = clicks.choose("Person who owns it", 1)
    clicks.follow(page.get_by_role("button", name="Open the problem"))
    expect(page.locator("h1")).to_have_text(title)
    expect(page.locator(".problem-facts")).to_contain_text(owner)
    assert clicks.number <= MOST_CLICKS
    assert clicks.number == 5

    commander.follow(page.get_by_role("link", name="Evidence, baseline and what it is compared with"))
    expect(page.locator("#grounds-map")).to_have_attribute("data-ready", "true")
    expect(page.locator("main")).to_contain_text("their digest agrees")
    assert commander.table("The place, the ground around it and its controls")[0][1] == "The place"
    commander.look("problem-baseline")
    commander.follow(page.get_by_role("button", name="Freeze another in its place"))
    page.get_by_label("Why it takes the place of the one before").fill("The ward beside it had works all year")
    commander.look("problem-baseline-chosen")
    commander.follow(page.get_by_role("button", name="Freeze it"))
    expect(page.locator("main")).to_contain_text("The ward beside it had works all year")
    expect(page.locator("main")).to_contain_text("Those before it")
    commander.is_content()


@ONLY_DEMO
def test_the_card_of_a_place_on_the_map_opens_a_problem(hub: ServedHub, visit: Callable[..., Visitor]) -> None:
    commander = visit("commander")
    page = commander.page
    commander.follow(page.get_by_role("link", name=f"Hotspot maps of {hub.person('commander').place}"))
    expect(page.locator("#overlay-map")).to_have_attribute("data-ready", "true")
    page.get_by_role("button", name="show on the map").first.click()
    commander.follow(page.locator(".overlay-popup").get_by_role("link", name="Open a problem here"))
    expect(page.locator("h1")).to_have_text("Open a problem here")
    commander.is_content()
