"""An officer chooses the five measures that come first, and a leader goes on from the summary to the outcomes board."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import expect

from tests.browser.served import ServedHub
from tests.browser.visitor import Visitor


def test_what_an_officer_puts_first_a_leader_reads_and_follows_to_what_people_say(
    hub: ServedHub, visit: Callable[..., Visitor]
) -> None:
    borough = hub.person("leader").place
    officer = visit("officer")
    officer.go(f"/areas/{hub.borough_code(borough)}/measures")
    officer.look("five-measures")
    officer.page.get_by_label("Third measure").select_option(label="Theft")
    officer.follow(officer.page.get_by_role("button", name="Put these five first"))
    officer.is_content()

    leader = visit("leader")
    leader.follow(leader.page.get_by_role("link", name=f"Summary of {borough}"))
    first = leader.table(f"The five measures that {borough} puts first")
    assert [name for name, *_ in first][2:] == ["Theft", "Robbery", "Police do a good job locally"]
    leader.follow(leader.page.get_by_role("link", name=f"Outcomes in {borough}"))
    leader.look("outcomes")
    expect(leader.page.get_by_role("img", name="Theft, 12 months at a time.")).to_be_visible()
    survey = {"demo": "about 400 people were asked", "london": f"No survey is loaded for {borough}"}
    expect(leader.page.locator("main")).to_contain_text(survey[hub.name])
    leader.page.get_by_label("Plan").select_option(label="2021–25")
    leader.follow(leader.page.get_by_role("button", name="Show"))
    expect(leader.page.get_by_role("heading", name="Trust and confidence")).to_be_visible()
    leader.follow(leader.page.get_by_role("link", name="What each measure counts"))
    leader.look("measures")
    leader.is_content()
