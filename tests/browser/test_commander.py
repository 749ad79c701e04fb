"""A BCU commander finds where offences concentrate: by every method, on the map, in the table and in a file."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from playwright.sync_api import Locator, ViewportSize, expect

from tests.browser.served import ON_BOTH, ONLY_DEMO, ServedHub, month_name
from tests.browser.visitor import PHONE, Visitor

MOST_TABS = 60
"""A page of which it takes more to reach what is wanted is hard to use by keyboard."""
LEAST_PIXELS = 20
"""Of a colour on the map, for it to be seen at all."""
NOT_DRAWN = re.compile("not-significant|not-tested|neither|no-figure|below-|less-")
"""Classes of the legend that the map leaves white, or as they are no less when wards are drawn in them."""

PAINTED = r"""() => {
  const canvas = document.querySelector("#overlay-map canvas");
  const copy = new OffscreenCanvas(canvas.width, canvas.height).getContext("2d", { willReadFrequently: true });
  copy.drawImage(canvas, 0, 0);
  const { data } = copy.getImageData(0, 0, canvas.width, canvas.height);
  const pixels = {};
  for (let at = 0; at < data.length; at += 4) {
    if (data[at + 3] < 200) continue;
    const colour = `${data[at]},${data[at + 1]},${data[at + 2]}`;
    pixels[colour] = (pixels[colour] ?? 0) + 1;
  }
  return pixels;
}"""
LEGEND = r"""() => [...document.querySelectorAll("[data-class]")].map((swatch) => ({
  name: swatch.dataset.class,
  colour: getComputedStyle(swatch).backgroundColor.match(/\d+/g).map(Number),
  isHatched: getComputedStyle(swatch).getPropertyValue("--hatched").trim() === "1",
  units: Number(swatch.parentElement.querySelector(".overlay-legend__units").innerText.replace(",", "")),
}))"""


def choose(commander: Visitor, **choices: str) -> None:
    """Choose what the map shows, by the labels of the choices, and wait until it is drawn."""
    for label, value in choices.items():
        commander.page.get_by_label(label, exact=True).select_option(value)
    commander.follow(commander.page.get_by_role("button", name="Show", exact=True))
    expect(commander.page.locator("#overlay-map")).to_have_attribute("data-ready", "true")


def tab_to(commander: Visitor, wanted: Locator) -> None:
    """Reach a link or a button by the Tab key alone, and press it."""
    for _ in range(MOST_TABS):
        commander.page.keyboard.press("Tab")
        if wanted.evaluate("(one) => one === document.activeElement"):
            break
    expect(wanted).to_be_focused()
    with commander.page.expect_navigation():
        commander.page.keyboard.press("Enter")


def open_hotspots(commander: Visitor, bcu: str) -> None:
    """Open the BCU's page from the home page."""
    commander.follow(commander.page.get_by_role("link", name=f"Hotspot maps of {bcu}"))
    expect(commander.page.locator("#overlay-map")).to_have_attribute("data-ready", "true")


def check_that_the_map_shows_what_its_legend_says(commander: Visitor) -> None:
    """Find each class of the legend that has a unit in it among the colours that are painted."""
    painted = {tuple(map(int, colour.split(","))): n for colour, n in commander.page.evaluate(PAINTED).items()}
    legend = commander.page.evaluate(LEGEND)
    for one in legend:
        if one["isHatched"] or not one["units"] or NOT_DRAWN.match(one["name"]):
            continue
        # Squares are painted nine tenths opaque, which moves a colour by a rounding.
        near = sum(
            n for seen, n in painted.items() if max(abs(a - b) for a, b in zip(seen, one["colour"], strict=True)) <= 3
        )
        assert near >= LEAST_PIXELS, f"the map shows nothing in the colour of '{one['name']}'"
    assert sum(one["units"] for one in legend) > 0


@ON_BOTH
@pytest.mark.parametrize("show", ["wards-gi_star", "wards-rate", "wards-count"])
def test_a_commander_compares_wards(hub: ServedHub, visit: Callable[..., Visitor], show: str) -> None:
    bcu = hub.person("commander").place
    counted = hub.offences(hub.boroughs_of(bcu), hub.months[-12:])
    commander = visit("commander")
    commander.look("home-of-commander")
    open_hotspots(commander, bcu)
    choose(commander, Show=show)
    page = commander.page

    expect(page.locator("h1")).to_have_text(f"Hotspots in {bcu}")
    expect(page.locator("#answer")).to_contain_text(f"In the 12 months to {month_name(hub.months[-1])}")
    expect(page.locator("#answer")).to_contain_text(bcu)
    check_that_the_map_shows_what_its_legend_says(commander)
    facts = page.locator(".overlay-facts")
    expect(facts).to_contain_text(f"Data to\n{month_name(hub.months[-1])} (provisional)", use_inner_text=True)
    expect(facts).to_contain_text("Met ward-level counts")
    expect(page.locator("main")).to_contain_text("How this was worked out")
    if show == "wards-rate":
        expect(page.locator("main")).to_contain_text("Census 2021")
    names = hub.wards.set_index("ward_code").loc[counted.index, ["ward_name", "borough_name"]]
    told = {(ward, borough): count for ward, borough, count, *_ in commander.table(bcu)}
    assert told == {
        (ward, borough): f"{count:,}"
        for (ward, borough), count in zip(names.itertuples(index=False), counted, strict=True)
    }
    commander.look(f"hotspots-{show}")


@ON_BOTH
@pytest.mark.parametrize("show", ["cells-gi_star", "cells-density"])
def test_a_commander_looks_closer_than_wards(hub: ServedHub, visit: Callable[..., Visitor], show: str) -> None:
    bcu, (first, last) = hub.person("commander").place, hub.months_of_points
    commander = visit("commander")
    open_hotspots(commander, bcu)
    choose(commander, Show=show, From=first, To=last)
    page = commander.page

    expect(page.locator("#answer")).to_contain_text(f"In the 2 months to {month_name(last)}")
    check_that_the_map_shows_what_its_legend_says(commander)
    expect(page.locator(".overlay-facts")).to_contain_text("Street-level points")
    expect(page.locator(".overlay-facts")).to_contain_text("Squares")
    rows = commander.table(bcu)
    assert len(rows) == 50
    commander.look(f"hotspots-{show}")
    commander.follow(page.get_by_role("link", name="Next"))
    assert commander.table(bcu) != rows


def test_a_commander_chooses_offences_and_months(hub: ServedHub, visit: Callable[..., Visitor]) -> None:
    bcu = hub.person("commander").place
    commander = visit("commander")
    open_hotspots(commander, bcu)
    before = commander.table(bcu)
    choose(commander, Offences="Burglary", From=hub.month_code(-6))
    answer = commander.page.locator("#answer")
    expect(answer).to_contain_text(f"In the 6 months to {month_name(hub.months[-1])}")
    expect(answer).to_contain_text("burglary")
    assert commander.table(bcu) != before
    check_that_the_map_shows_what_its_legend_says(commander)
    commander.look("hotspots-burglary")

    with commander.expecting_refusal():
        choose_from = commander.page.get_by_label("From", exact=True)
        choose_from.select_option(hub.month_code(-1))
        commander.page.get_by_label("To", exact=True).select_option(hub.month_code(-6))
        commander.follow(commander.page.get_by_role("button", name="Show", exact=True))
        expect(commander.page.get_by_role("alert")).to_contain_text("There is a problem")
        commander.look("hotspots-with-months-the-wrong-way-round")


def test_a_commander_sorts_the_table_and_finds_a_ward_on_the_map(hub: ServedHub, visit: Callable[..., Visitor]) -> None:
    bcu = hub.person("commander").place
    commander = visit("commander")
    open_hotspots(commander, bcu)
    page = commander.page
    heading = page.get_by_role("columnheader", name="Offences")
    for order, is_falling in (("descending", True), ("ascending", False)):
        commander.follow(heading.get_by_role("link"))
        expect(heading).to_have_attribute("aria-sort", order)
        counts = [int(row[2].replace(",", "")) for row in commander.table(bcu)]
        assert counts == sorted(counts, reverse=is_falling)
    expect(page.locator("#overlay-map")).to_have_attribute("data-ready", "true")
    ward, _, offences, *_ = commander.table(bcu)[-1]
    page.get_by_role("button", name=f"{ward} – show on the map").last.click()
    popup = page.locator(".overlay-popup")
    expect(popup).to_be_focused()
    expect(popup).to_contain_text(ward)
    expect(popup).to_contain_text(offences)
    commander.look("hotspots-with-a-ward-open")


def test_a_commander_takes_the_table_away(hub: ServedHub, visit: Callable[..., Visitor], tmp_path: Path) -> None:
    bcu = hub.person("commander").place
    counted = hub.offences(hub.boroughs_of(bcu), hub.months[-12:])
    commander = visit("commander")
    open_hotspots(commander, bcu)
    commander.page.get_by_role("link", name="Table (CSV)").click()
    commander.page.get_by_label("Tasking, patrols and tactical briefings").check()
    with commander.page.expect_download() as started:
        commander.page.get_by_role("button", name="Download").click()
    started.value.save_as(tmp_path / "overlay.csv")
    taken = pd.read_csv(tmp_path / "overlay.csv").set_index("ward_code")["count"]
    assert taken.to_dict() == counted.to_dict()
    commander.is_content()


def test_a_commander_reads_the_map_on_a_phone(hub: ServedHub, visit: Callable[..., Visitor]) -> None:
    commander = visit("commander", PHONE)
    open_hotspots(commander, hub.person("commander").place)
    check_that_the_map_shows_what_its_legend_says(commander)
    commander.look("hotspots-on-a-phone")
    for squeezed in (ViewportSize(width=1, height=1), PHONE):
        commander.page.set_viewport_size(squeezed)
        commander.page.wait_for_function(
            "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
        )
    check_that_the_map_shows_what_its_legend_says(commander)
    commander.is_content()


def test_a_commander_sees_what_is_new_where_and_why_in_two_clicks(
    hub: ServedHub, visit: Callable[..., Visitor]
) -> None:
    bcu = hub.person("commander").place
    commander = visit("commander")
    page = commander.page
    commander.follow(page.get_by_role("link", name=f"This week of {bcu}"))
    expect(page.locator("h1")).to_have_text(f"This week in {bcu}")
    expect(page.locator("main")).to_contain_text("chance alone would give")
    found = page.locator(".week-place__title a")
    assert 1 <= found.count() <= 3
    commander.look("this-week")
    title = found.first.inner_text()
    commander.follow(found.first)
    expect(page.locator("h1")).to_contain_text(title.partition(": ")[2])
    for heading in ("Why it is flagged", "Month by month", "When in the week", "How this was worked out"):
        expect(page.get_by_role("heading", name=heading)).to_be_visible()
    commander.look("one-place")


def test_a_commander_mutes_a_known_place_and_shows_it_again_without_a_mouse(
    hub: ServedHub, visit: Callable[..., Visitor]
) -> None:
    commander = visit("commander")
    page = commander.page
    tab_to(commander, page.get_by_role("link", name=f"This week of {hub.person('commander').place}"))
    titles = page.locator(".week-place__title a")
    known = titles.first.inner_text()
    tab_to(commander, titles.first)
    expect(page.locator("h1")).to_contain_text(known.partition(": ")[2])
    tab_to(commander, page.get_by_role("button", name="I know this place"))
    assert known not in titles.all_inner_texts()
    muted = page.get_by_role("table", name="Muted places")
    expect(muted).to_contain_text(known)
    commander.look("this-week-with-a-place-muted")
    tab_to(commander, muted.get_by_role("button", name="Show again"))
    assert known in titles.all_inner_texts()
    expect(muted).to_have_count(0)
    commander.is_content()


@ONLY_DEMO
def test_a_commander_finds_where_ambulances_are_called_and_police_are_not(
    hub: ServedHub, visit: Callable[..., Visitor]
) -> None:
    gap = json.loads((hub.files / "planted.json").read_bytes())["gap"]
    ward = hub.wards.set_index("ward_code").loc[gap["ward_codes"][str(hub.wards_of)][0], "ward_name"]
    bcu, (first, last) = hub.person("commander").place, hub.months_of_points
    commander = visit("commander")
    open_hotspots(commander, bcu)
    choose(commander, Show="cells-agencies", From=first, To=last)
    answer = commander.page.locator("#answer")
    expect(answer).to_contain_text(f"ambulance calls in {bcu} concentrate in ")
    expect(answer).to_contain_text(f"of {ward}, where police record no more crime than elsewhere")
    check_that_the_map_shows_what_its_legend_says(commander)
    commander.look("hotspots-cells-agencies")


@pytest.mark.parametrize("show", ["wards-change", "wards-emerging", "wards-harm", "cells-count", "cells-harm"])
def test_a_commander_asks_another_question_of_the_same_ground(
    hub: ServedHub, visit: Callable[..., Visitor], show: str
) -> None:
    first, last = hub.months_of_points
    commander = visit("commander")
    open_hotspots(commander, hub.person("commander").place)
    choose(commander, Show=show, **({"From": first, "To": last} if show.startswith("cells") else {}))
    check_that_the_map_shows_what_its_legend_says(commander)
    commander.look(f"hotspots-{show}")
    commander.follow(commander.page.get_by_role("link", name="What this kind of map can and cannot tell you"))
    expect(commander.page.get_by_role("heading", name="What it cannot tell you")).to_be_visible()
    commander.look(f"method-of-{show}")


def test_a_commander_moves_through_the_months_over_the_same_ground(
    hub: ServedHub, visit: Callable[..., Visitor]
) -> None:
    commander = visit("commander")
    page = commander.page
    open_hotspots(commander, hub.person("commander").place)
    scale_control = page.locator(".leaflet-control-scale-line")
    whole = scale_control.inner_text()
    page.get_by_role("button", name="Zoom in").click()
    expect(scale_control).not_to_have_text(whole)
    page.wait_for_timeout(1000)  # a zoom is drawn in steps
    scale = scale_control.inner_text()
    commander.follow(page.get_by_role("link", name="A month earlier"))
    expect(page.get_by_label("To", exact=True)).to_have_value(hub.month_code(-2))
    expect(page.get_by_label("From", exact=True)).to_have_value(hub.month_code(-13))
    slider = page.get_by_role("slider", name="Last month")
    slider.focus()
    with page.expect_navigation():
        page.keyboard.press("ArrowLeft")
    expect(page.get_by_label("To", exact=True)).to_have_value(hub.month_code(-3))
    expect(page.locator("#overlay-map")).to_have_attribute("data-ready", "true")
    expect(scale_control).to_have_text(scale)
    commander.look("hotspots-two-months-earlier")


def test_a_commander_sees_no_other_bcu(hub: ServedHub, visit: Callable[..., Visitor]) -> None:
    neighbours = hub.borough_code(hub.person("neighbour").place)
    commander = visit("commander")
    assert commander.page.get_by_role("link").filter(has_text=re.compile("Upload")).count() == 0
    for path in (f"/areas/{neighbours}/hotspots", f"/areas/{neighbours}/summary", "/areas/london/hotspots"):
        assert commander.refusal_of(path) == 404, path
    assert commander.refusal_of("/uploads") == 403
