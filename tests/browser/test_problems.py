"""From a hotspot to an assigned problem, a task, the meeting and the pack, within the clicks that were promised.

How long a commander waits is told with the results, and judged by nobody here.
"""

from __future__ import annotations

import datetime as dt
import re
import time
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Locator, Page, expect

from tests.browser.served import ONLY_DEMO, ServedHub
from tests.browser.visitor import Visitor

MOST_CLICKS = 12
MOST_STOPS = 60
"""Of the keyboard on one page before what is wanted must have been met."""
DUE = dt.date.today() + dt.timedelta(days=7)  # noqa: DTZ011 - as a person at this machine would type it
ASK = "Ask the operator for brighter lights"


class Clicks:
    """Counts what a commander does with the mouse: to choose from a list takes two."""

    def __init__(self, commander: Visitor) -> None:
        self.number = 0
        self._commander = commander

    def press(self, what: Locator) -> None:
        self.number += 1
        what.click()

    def follow(self, way: Locator) -> None:
        self.number += 1
        self._commander.follow(way)

    def choose(self, field: Locator, at: int) -> str:
        self.number += 2
        field.select_option(index=at)
        return field.locator("option:checked").inner_text()

    def write(self, field: Locator, words: str) -> None:
        self.number += 1
        field.fill(words)


def open_a_problem(hub: ServedHub, commander: Visitor, clicks: Clicks) -> str:
    """Go from home to a problem at the first of this week's places, with a person who owns it; gives its title."""
    page = commander.page
    clicks.follow(page.get_by_role("link", name=f"This week of {hub.person('commander').place}"))
    clicks.follow(page.get_by_role("link", name="Open a problem here").first)
    expect(page.locator("h1")).to_have_text("Open a problem here")
    title = page.get_by_label("Title", exact=True).input_value()
    owner = clicks.choose(page.get_by_label("Person who owns it", exact=True), 1)
    clicks.follow(page.get_by_role("button", name="Open the problem"))
    expect(page.locator("h1")).to_have_text(title)
    expect(page.locator(".problem-facts")).to_contain_text(owner)
    return title


@ONLY_DEMO
def test_a_commander_goes_from_a_hotspot_to_an_assigned_problem(hub: ServedHub, visit: Callable[..., Visitor]) -> None:
    commander = visit("commander")
    page, clicks = commander.page, Clicks(commander)
    open_a_problem(hub, commander, clicks)
    assert clicks.number <= MOST_CLICKS
    assert clicks.number == 5
    page.go_back()
    expect(page.locator("main")).to_contain_text("What goes with it")
    commander.look("problem-opened-here")
    page.go_forward()

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
def test_a_commander_gives_a_task_meets_about_it_and_takes_the_pack(
    hub: ServedHub, visit: Callable[..., Visitor], tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    commander = visit("commander")
    page, clicks = commander.page, Clicks(commander)
    title = open_a_problem(hub, commander, clicks)
    problem = page.url

    together = page.locator("section", has=page.locator("#together"))
    clicks.press(together.get_by_text("Add a task"))
    form = together.locator("details[open] form")
    clicks.write(form.get_by_label("What is asked"), ASK)
    clicks.choose(form.get_by_label("Body", exact=True), 1)
    who = clicks.choose(form.get_by_label("Person", exact=True), 1)
    clicks.write(form.get_by_label("Due by"), DUE.isoformat())
    clicks.follow(form.get_by_role("button", name="Save"))
    expect(page.locator(".problem-facts")).to_contain_text("1 is open")
    commander.look("problem-with-a-task")
    record_property("clicks from home to a task that is given", clicks.number)
    assert clicks.number <= 5 + MOST_CLICKS

    commander.go("/")
    commander.follow(page.get_by_role("link", name=f"Meeting of {hub.person('commander').place}"))
    [row] = [row for row in commander.table("Tasks that are due") if row[0].startswith(ASK) and title in row[0]]
    assert who in row[1]
    assert row[3].startswith("due in 7 days")
    page.get_by_text("Write down a decision").click()
    about = page.get_by_label("Problem", exact=True)
    about.select_option(about.locator("option", has_text=title).first.get_attribute("value"))
    page.get_by_label("What was decided").fill("Lights come first")
    commander.look("meeting")
    commander.follow(page.get_by_role("button", name="Save"))
    expect(page.locator("main")).to_contain_text("Lights come first")

    commander.go(problem)
    clicks = Clicks(commander)
    began = time.monotonic()
    clicks.follow(page.get_by_role("link", name=re.compile("^Tasking pack")))
    expect(page.locator("main")).to_contain_text(ASK)
    record_property("seconds to the pack on the screen", round(time.monotonic() - began, 2))
    expect(page.get_by_role("img", name=re.compile("^Map of "))).to_be_visible()
    commander.look("tasking-pack")
    clicks.follow(page.get_by_role("link", name="Take it as a PDF, on one page"))
    clicks.press(page.get_by_label("Tasking", exact=False).first)
    commander.look("tasking-pack-purpose")
    began = time.monotonic()
    with page.expect_download() as given:
        clicks.press(page.get_by_role("button", name="Download"))
    given.value.save_as(tmp_path / "pack.pdf")
    record_property("seconds to the pack as a PDF", round(time.monotonic() - began, 2))
    assert (tmp_path / "pack.pdf").read_bytes().startswith(b"%PDF")
    assert clicks.number == 4

    for path, name in (("/problems", "problems"), ("/problems/new", "problem-new"), ("/tasks", "tasks")):
        commander.go(path)
        commander.look(name)
    commander.go("/problem-memory")
    commander.look("problem-memory")
    commander.go(f"{problem}/abstract")
    commander.look("problem-abstract")


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


# --- By keyboard alone -----------------------------------------------------------------------------------------------


def reach(page: Page, wanted: Locator) -> None:
    """Go on with the keyboard until something has the focus."""
    for _ in range(MOST_STOPS):
        if wanted.evaluate("(one) => one === document.activeElement"):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"The keyboard does not reach {wanted} in {MOST_STOPS} steps.")


@ONLY_DEMO
def test_an_officer_adds_a_response_and_does_a_task_by_keyboard_alone(
    hub: ServedHub, visit: Callable[..., Visitor]
) -> None:
    officer = visit("officer")
    page, keys = officer.page, officer.page.keyboard
    expect(page.locator("main")).to_contain_text("Your tasks")
    officer.look("home-with-tasks")
    asked = page.get_by_role("link", name="Offer signal-blocking pouches to the streets")
    reach(page, asked)
    with page.expect_navigation():
        keys.press("Enter")
    expect(page.locator("h1")).to_have_text("Cars taken from drives without a key")
    task = page.locator(page.evaluate("location.hash").replace("#", "[id='") + "']")
    assert task.evaluate("(one) => one.contains(document.activeElement) || one === document.activeElement")
    change = task.locator("summary")
    reach(page, change)
    keys.press("Enter")
    reach(page, task.get_by_label("Status"))
    keys.type("Done")
    reach(page, task.get_by_label("What was done"))
    keys.type("Two hundred pouches were given out.")
    reach(page, task.get_by_role("button", name="Save"))
    with page.expect_navigation():
        keys.press("Enter")
    expect(page.locator("main")).to_contain_text("Two hundred pouches were given out.")

    section = page.locator("section", has=page.locator("#response"))
    officer.go(page.url.partition("#")[0])
    reach(page, page.locator(".problem-contents").get_by_role("link", name=re.compile("^Response")))
    keys.press("Enter")
    add = section.locator("summary", has_text="Add a response")
    reach(page, add)
    keys.press("Enter")
    form = section.locator("details[open] form")
    for label, words in (
        ("What is done", "Locks for the keys"),
        ("Technique", "1"),
        ("How it is meant to work", "A key in a tin cannot be copied from afar."),
        ("Body", "Council"),
    ):
        reach(page, form.get_by_label(label, exact=True))
        keys.type(words)
    reach(page, form.get_by_label("Starts on"))
    keys.type(f"{DUE:%m%d%Y}")
    reach(page, form.get_by_label("Status"))
    keys.type("Planned")
    reach(page, form.get_by_role("button", name="Save"))
    with page.expect_navigation():
        keys.press("Enter")
    expect(section).to_contain_text("Locks for the keys")
    officer.look("problem-written-by-keyboard")

    officer.go("/")
    expect(page.get_by_role("link", name="Offer signal-blocking pouches to the streets")).to_have_count(0)
    officer.follow(page.get_by_role("link", name=f"Meeting of {hub.person('officer').place}"))
    assert any("pouches were given out" in row[3] for row in officer.table("Tasks that are done"))
    officer.look("meeting-of-officer")
