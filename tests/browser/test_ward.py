"""A leader finds a ward in two clicks, by name or on the map; an officer writes down what its panel asked for."""

from __future__ import annotations

import re
from collections.abc import Callable

from playwright.sync_api import expect

from tests.browser.served import ServedHub
from tests.browser.visitor import Visitor


def test_a_ward_is_one_or_two_clicks_from_the_summary(hub: ServedHub, visit: Callable[..., Visitor]) -> None:
    code = hub.borough_code(hub.person("leader").place)
    summary = f"/areas/{code}/summary"

    officer = visit("officer")
    officer.go(f"/areas/{code}/wards")
    name = officer.page.locator(".ward-list a").last.inner_text()
    officer.follow(officer.page.locator(".ward-list a").last)
    officer.follow(officer.page.get_by_role("button", name="Set a priority"))
    officer.look("new-priority")
    officer.page.get_by_label("Priority", exact=True).fill("Bicycle theft by the market")
    officer.page.get_by_label("Who asked for it").fill("Ward panel, autumn meeting")
    officer.page.get_by_label("To be looked at again by").fill("2000-01-01")
    with officer.expecting_refusal():
        officer.follow(officer.page.get_by_role("button", name="Set the priority"))
    expect(officer.page.locator(".govuk-error-summary")).to_contain_text("after the day on which it was set")
    expect(officer.page.get_by_label("Priority", exact=True)).to_have_value("Bicycle theft by the market")

    leader = visit("leader")
    leader.go(summary)
    leader.page.get_by_label("Find your ward").fill(name)
    leader.follow(leader.page.get_by_role("button", name="Find"))
    expect(leader.page.locator("h1")).to_have_text(name)
    leader.look("ward-of-leader")
    expect(leader.page.locator("main")).not_to_contain_text("Month by month")

    leader.go(summary)
    leader.follow(leader.page.get_by_role("link", name="All wards, with a map"))
    leader.look("wards")
    last = leader.page.locator(".ward-map a").last
    last.focus()
    with leader.page.expect_navigation():
        leader.page.keyboard.press("Enter")
    expect(leader.page.locator("h1")).to_have_text(name)
    expect(leader.page).to_have_url(re.compile(rf"/areas/{code}/wards/\w+$"))
    leader.is_content()
