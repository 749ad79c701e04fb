"""A council leader reads the borough's summary: at a desk, on a phone and on paper; and can open nothing else."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import textstat
from playwright.sync_api import Locator, expect

from tests.browser.served import ON_BOTH, ServedHub, month_name
from tests.browser.visitor import DESK, PHONE, Visitor

QUARTER_ENDS = {"03", "06", "09", "12"}
"""With the newest of these, or a later month, ends the year that those who read aggregates only are shown first."""
LARGE = 400
"""A group with so many in a year has no small count in a quarter."""
FEWEST_WORDS = 3
"""Of a sentence: less is a link or a label."""
SMALLEST_PDF_BYTES = 20_000
"""An empty page takes less."""


READ_IN_TEN_SECONDS = 40
"""Words, at four a second."""
GRADE_AT_TWELVE = 7.5
"""The school year for which words are fit, by the length of words and sentences; syllables are not counted."""


def is_plain(main: Locator) -> None:
    """The sentences of a page, without its tables, are for a reading age of about 12."""
    said = [words for words in main.locator("p, li").all_inner_texts() if len(words.split()) > FEWEST_WORDS]
    text = " ".join(f"{words.strip().rstrip('.')}." for words in said)
    grades = textstat.automated_readability_index(text), textstat.coleman_liau_index(text)
    assert max(grades) <= GRADE_AT_TWELVE, f"grades {grades}"


def as_released(count: float) -> str:
    """A count as it is shown to those who read aggregates only."""
    return "fewer than 5" if count < 5 else f"{5 * round(count / 5):,}"


@ON_BOTH
def test_a_leader_reads_how_the_borough_stands(hub: ServedHub, visit: Callable[..., Visitor]) -> None:
    borough = hub.person("leader").place
    code = hub.borough_code(borough)
    leader = visit("leader")
    page, main = leader.page, leader.page.locator("main")
    leader.look("home-of-leader")
    leader.follow(page.get_by_role("link", name=f"Summary of {borough}"))
    leader.look("summary")

    end = 1 + hub.months.index(page.get_by_label("12 months to").input_value().replace("-", ""))
    assert end >= max(place for place, month in enumerate(hub.months, start=1) if month[4:] in QUARTER_ENDS)
    months = hub.months[end - 12 : end]
    last = month_name(months[-1])
    expect(page.locator("h1")).to_have_text(f"{borough}: community safety summary")
    headline = page.locator(".summary-headline")
    expect(headline).to_have_text(re.compile(rf"in {borough} in the year to {last}[.;]"))
    assert len(headline.inner_text().split()) <= READ_IN_TEN_SECONDS
    assert headline.bounding_box()["y"] < DESK["height"] / 2, "it is what is read first"
    five = leader.table("The five measures that")
    assert len(five) == 5
    assert five[0][:2] == ["All recorded crime", page.locator(".summary-tile dd").first.inner_text()]
    is_plain(main)
    latest, by_group = hub.offences([code], months), hub.offences_by_group([code], months)
    assert page.locator(".summary-tile dd").first.inner_text() == as_released(latest.sum())
    groups = {name.upper(): new for name, new, *_ in leader.table("Change by offence group")}
    assert groups.items() <= {name: as_released(new) for name, new in by_group.items()}.items()
    large = set(by_group[by_group >= LARGE].index)
    assert large
    assert large <= groups.keys(), "only what is small in some quarter may be left for the year to March"
    shown = {ward: new for ward, new, *_ in leader.table("All recorded crime by ward")}
    names = hub.wards.set_index("ward_code")["ward_name"]
    assert shown == {names[ward]: as_released(latest[ward]) for ward in latest.index}
    expect(main).to_contain_text("have not placed in a ward")
    expect(main).to_contain_text(f"{month_name(hub.months[-3])} to {last} are provisional")
    expect(main).to_contain_text(f"Data to {last}")

    earlier = hub.months[: end - 3]
    page.get_by_label("12 months to").select_option(label=month_name(earlier[-1]))
    leader.follow(page.get_by_role("button", name="Show"))
    expect(page.locator(".summary-period")).to_have_text(f"{month_name(earlier[-12])} to {month_name(earlier[-1])}")
    leader.look("summary-earlier")


def test_a_leader_reaches_ward_number_and_pack_within_the_clicks_that_are_promised(
    hub: ServedHub, visit: Callable[..., Visitor], tmp_path: Path
) -> None:
    code, names = hub.borough_code(hub.person("leader").place), hub.wards.set_index("borough_code")["ward_name"]
    leader = visit("leader")
    page, clicks = leader.page, 0

    def click(wanted: Locator) -> None:
        nonlocal clicks
        clicks += 1
        wanted.click()

    def within(most: int) -> None:
        nonlocal clicks
        assert clicks <= most
        clicks = 0
        leader.go(f"/areas/{code}/summary")

    click(page.get_by_role("link", name="Summary of"))
    expect(page.locator(".summary-headline")).to_be_visible()
    within(1)
    name = min(names[code])
    click(page.get_by_label("Find your ward"))
    page.keyboard.type(name)
    click(page.get_by_role("button", name="Find"))
    expect(page.locator("h1")).to_have_text(name)
    within(2)
    click(page.get_by_role("table", name="The five measures that").get_by_role("link").first)
    for heading in ("What it counts", "How sure it is", "What it is compared with", "What people say"):
        expect(page.get_by_role("heading", name=heading, exact=True)).to_be_visible()
    survey = {"demo": "people were asked in", "london": "No survey is loaded that asks this."}
    expect(page.locator("main")).to_contain_text(survey[hub.name])
    is_plain(page.locator("main"))
    leader.look("card-of-leader")
    within(1)
    if hub.name == "london":
        return  # where nobody has approved a report
    with page.expect_download() as started:
        click(page.get_by_role("link", name="PDF", exact=True))
        expect(page.get_by_label("Performance, scrutiny and reports to members")).to_be_checked()
        click(page.get_by_role("button", name="Download"))
    started.value.save_as(tmp_path / "pack.pdf")
    assert (tmp_path / "pack.pdf").read_bytes().startswith(b"%PDF")
    within(2)
    leader.is_content()


def test_a_leader_reads_it_on_a_phone_and_on_paper(hub: ServedHub, visit: Callable[..., Visitor]) -> None:
    leader = visit("leader", PHONE)
    leader.follow(leader.page.get_by_role("link", name="Summary of"))
    leader.look("summary-on-a-phone")
    leader.page.get_by_text("Table of months").click()
    leader.look("summary-on-a-phone-with-months")

    leader.page.emulate_media(media="print")
    expect(leader.page.locator(".hub-marking").first).to_be_visible()
    expect(leader.page.locator(".summary-headline")).to_be_visible()
    for unprinted in (".hub-nav", ".hub-header__person", ".summary-choose"):
        found = leader.page.locator(unprinted).all()
        assert found, unprinted
        for one in found:
            expect(one).to_be_hidden()
    paper = leader.page.pdf(format="A4")
    assert paper.startswith(b"%PDF")
    assert len(paper) > SMALLEST_PDF_BYTES
    leader.is_content()


def test_a_leader_opens_nothing_else(hub: ServedHub, visit: Callable[..., Visitor]) -> None:
    own, neighbours = (hub.borough_code(hub.person(name).place) for name in ("leader", "neighbour"))
    leader = visit("leader")
    assert leader.page.get_by_role("link").filter(has_text=re.compile("Hotspot|Upload")).count() == 0
    for path in (f"/areas/{own}/hotspots", "/uploads", "/uploads/new"):
        assert leader.refusal_of(path) == 403, path
    assert leader.refusal_of(f"/areas/{neighbours}/summary") == 404
    assert leader.refusal_of("/areas/nowhere/summary") == 404
