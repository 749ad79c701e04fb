"""A BCU commander sets two periods side by side, asks when in the week, and keeps a zone: one walk over the map."""

from __future__ import annotations

import re
from collections.abc import Callable

from playwright.sync_api import expect

from tests.browser.served import ONLY_DEMO, ServedHub
from tests.browser.visitor import Visitor

ZONE = "Harbour front"


@ONLY_DEMO
def test_a_commander_compares_asks_when_and_keeps_a_zone(hub: ServedHub, visit: Callable[..., Visitor]) -> None:
    bcu = hub.person("commander").place
    commander = visit("commander")
    page = commander.page
    commander.follow(page.get_by_role("link", name=f"Hotspot maps of {bcu}"))
    map_ = page.locator("#overlay-map")
    expect(map_).to_have_attribute("data-ready", "true")

    page.get_by_role("button", name="Show when in the week").click()
    expect(page.locator("#clock")).to_contain_text("the part of")
    asked = page.locator("#clock").inner_text()
    with page.expect_response(re.compile(r"/hotspots/clock\?.*view=")) as moved:
        map_.press("+")
    assert moved.value.ok
    assert asked
    page.get_by_role("button", name="Draw a zone").click()
    finish = page.get_by_role("button", name="Name and save it")
    expect(finish).to_be_disabled()
    for key in ("ArrowRight", "ArrowDown", "ArrowLeft"):
        page.get_by_role("button", name="Add a corner at the middle of the map").click()
        map_.press(key)
        page.wait_for_timeout(400)  # the map glides
    expect(page.locator("#zones [role=status]")).to_contain_text("3 corners, the last at")
    commander.look("map-with-clock-and-corners")
    commander.follow(finish)
    assert len(page.get_by_label("Corners").input_value().splitlines()) == 3
    page.get_by_label("Name of the zone").fill(ZONE)
    commander.look("zone-to-be-saved")
    commander.follow(page.get_by_role("button", name="Save the zone"))
    expect(page.locator("#answer")).to_contain_text(f"All recorded crime in {ZONE}: ")
    commander.look("zone")
    commander.follow(page.get_by_role("button", name="Open a problem here"))
    expect(page.get_by_label("Place", exact=True)).to_have_value(ZONE)
    commander.look("problem-on-a-zone")
    commander.follow(page.get_by_role("link", name=f"All recorded crime in {ZONE}"))
    commander.follow(page.get_by_role("link", name="See it on the map"))
    expect(page.locator("#zones")).to_contain_text(ZONE)

    commander.follow(page.get_by_role("link", name="Compare two periods"))
    for which in ("now", "then"):
        expect(page.locator(f"#map-of-{which}")).to_have_attribute("data-ready", "true")
    scales = page.locator(".leaflet-control-scale-line")
    before = scales.first.inner_text()
    page.locator("#map-of-then").press("+")
    page.locator("#map-of-then").press("+")
    expect(scales.first).not_to_have_text(before)
    expect(scales.first).to_have_text(scales.last.inner_text())
    commander.look("two-periods")
    commander.follow(page.get_by_role("link", name="the same months a year before"))
    expect(page.get_by_label("Beside the period to")).to_have_value(hub.month_code(-13))

    commander.go(page.url.partition("/hotspots")[0] + "/zones")
    commander.follow(page.get_by_role("link", name=ZONE))
    page.get_by_text("Delete this zone").click()
    commander.follow(page.get_by_role("button", name="Delete the zone"))
    expect(page.locator("main")).to_contain_text("There is none yet.")
    commander.is_content()
