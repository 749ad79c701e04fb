"""A council leader reads the borough's summary: at a desk, on a phone and on paper; and can open nothing else."""

from __future__ import annotations

import re
from collections.abc import Callable

from playwright.sync_api import expect

from tests.browser.served import ServedHub, month_name
from tests.browser.visitor import PHONE, Visitor

SMALLEST_PDF_BYTES = 20_000
"""An empty page takes less."""


def as_released(count: float) -> str:
    """A count as it is shown to those who read aggregates only."""
    return "fewer than 5" if count < 5 else f"{5 * round(count / 5):,}"


def test_a_leader_reads_how_the_borough_stands(hub: ServedHub, visit: Callable[..., Visitor]) -> None:
    borough = hub.person("leader").place
    code = hub.borough_code(borough)
    latest, before = (hub.offences([code], months) for months in (hub.months[-12:], hub.months[-24:-12]))

    leader = visit("leader")
    page, main = leader.page, leader.page.locator("main")
    leader.look("home-of-leader")
    leader.follow(page.get_by_role("link", name=f"Summary of {borough}"))
    leader.look("summary")

    expect(page.locator("h1")).to_have_text(f"{borough}: community safety summary")
    expect(page.locator(".summary-headline")).to_have_text(
        re.compile(rf"[Rr]ecorded crime in {borough} (rose|fell|in the).* to {month_name(hub.months[-1])}\.")
    )
    tiles = page.locator(".summary-tile dd").all_inner_texts()
    assert tiles[:2] == [as_released(latest.sum()), as_released(before.sum())]
    groups = leader.table("Change by offence group")
    by_group = [hub.offences_by_group([code], months) for months in (hub.months[-12:], hub.months[-24:-12])]
    assert {name.upper(): (new, old) for name, new, old, *_ in groups} == {
        name: (as_released(new), as_released(old))
        for name, new, old in zip(by_group[0].index, *by_group, strict=True)
        if max(new, old) >= 5
    }, "a group of which no figure may be shown is not listed, or it would be known not to be nil"
    shown = {ward: (new, old) for ward, new, old, *_ in leader.table("All recorded crime by ward")}
    names = hub.wards.set_index("ward_code")["ward_name"]
    assert shown == {names[ward]: (as_released(latest[ward]), as_released(before[ward])) for ward in latest.index}
    expect(main).to_contain_text("have not placed in a ward")
    expect(main).to_contain_text(f"{month_name(hub.months[-3])} to {month_name(hub.months[-1])} are provisional")
    expect(main).to_contain_text(f"Data to {month_name(hub.months[-1])}")

    page.get_by_label("12 months to").select_option(label=month_name(hub.months[-2]))
    leader.follow(page.get_by_role("button", name="Show"))
    expect(page.locator(".summary-period")).to_have_text(
        f"{month_name(hub.months[-13])} to {month_name(hub.months[-2])}"
    )
    leader.look("summary-earlier")


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
        expect(leader.page.locator(unprinted)).to_be_hidden()
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
