"""A CSP officer brings a file in: columns, check, commit, receipt, undo; with the mouse and by keyboard alone."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pandas as pd
from playwright.sync_api import Locator, expect

from tests.browser.served import ServedHub
from tests.browser.visitor import Visitor

CHECKED = re.compile(r"/uploads/[0-9a-f-]{36}/check$")
FOLLOWING = re.compile(r"/static/at-work\.js$")
MILLISECONDS_AT_WORK = 120_000
MOST_STOPS = 40
"""Of the keyboard on one page before what is wanted must have been met."""


# --- Steps -----------------------------------------------------------------------------------------------------------


def send(officer: Visitor, file: Path) -> None:
    """Upload a file from the home page, up to the page that matches its columns."""
    officer.go("/")
    officer.follow(officer.page.get_by_role("button", name="Upload a file"))
    officer.page.get_by_label("CSV file").set_input_files(file)
    officer.follow(officer.page.get_by_role("button", name="Upload", exact=True))
    expect(officer.page.locator("h1")).to_contain_text("Match the columns")


def have_checked(officer: Visitor) -> None:
    """Confirm the columns, and wait for what the check finds."""
    officer.follow(officer.page.get_by_role("button", name="Check the file"))
    officer.page.wait_for_url(CHECKED, timeout=MILLISECONDS_AT_WORK)


def commit(officer: Visitor) -> None:
    """Make what was checked live, and wait for the receipt."""
    officer.follow(officer.page.get_by_role("button", name="Commit: make this live"))
    expect(officer.page.locator("main")).to_contain_text("Live since", timeout=MILLISECONDS_AT_WORK)


def undo(officer: Visitor) -> None:
    """Take back what the open receipt made live."""
    officer.follow(officer.page.get_by_role("button", name="Undo this upload"))
    expect(officer.page.get_by_role("alert")).to_contain_text("was undone")


@contextmanager
def standing_still(officer: Visitor) -> Iterator[None]:
    """Keep the page that follows work in progress from going on, so that it can be looked at; then go on."""
    officer.page.route(FOLLOWING, lambda route: route.fulfill(body="", content_type="text/javascript"))
    yield
    officer.page.unroute(FOLLOWING)
    officer.page.reload()


def totals(officer: Visitor) -> dict[str, int]:
    """The figures at the top of a check or a receipt."""
    tiles = officer.page.locator(".hub-tile")
    named = zip(tiles.locator("dt").all_inner_texts(), tiles.locator("dd").all_inner_texts(), strict=True)
    return {name: int(figure.replace(",", "")) for name, figure in named}


def version_read(officer: Visitor, borough: str) -> str:
    """The version of the borough's data that its summary is made of."""
    officer.go("/")
    officer.follow(officer.page.get_by_role("link", name=f"Summary of {borough}"))
    said = re.search(r"version ([\d, ]+) in the hub", officer.page.locator("main").inner_text())
    assert said
    return said[1]


# --- Journeys --------------------------------------------------------------------------------------------------------


def test_an_officer_makes_the_met_file_live_takes_it_back_and_makes_it_live_again(
    hub: ServedHub, visit: Callable[..., Visitor]
) -> None:
    borough = hub.person("officer").place
    own = int(hub.offences([hub.borough_code(borough)], hub.months).sum())
    total = int(hub.sent[hub.months].sum().sum())
    officer = visit("officer")
    page, main = officer.page, officer.page.locator("main")
    officer.look("home-of-officer")
    before = version_read(officer, borough)
    officer.go("/uploads/new")
    officer.look("upload-1-file")

    send(officer, hub.ward_file)
    expect(page.get_by_label("What the file holds")).to_have_value("met_ward_counts")
    expect(page.get_by_label("Ward code")).to_have_value("WardCode")
    expect(main).to_contain_text(f"{len(hub.months)} columns, {hub.months[0]} to {hub.months[-1]}")
    officer.look("upload-2-columns")
    with standing_still(officer):
        officer.follow(page.get_by_role("button", name="Check the file"))
        expect(page.locator("h1")).to_contain_text("Checking")
        officer.look("upload-3-at-work")
    page.wait_for_url(CHECKED, timeout=MILLISECONDS_AT_WORK)

    expected = {
        "Rows in the file": len(hub.sent),
        "Offences placed in a ward": own,
        "Not placed in a ward": 0,
        "Refused": total - own,
        "Total": total,
    }
    assert totals(officer) == expected
    expect(main).to_contain_text(f"{total - own:,} of those refused lie outside your boroughs")
    expect(main).to_contain_text(f"{len(hub.months)} months that are live now will be replaced")
    officer.look("upload-4-check")
    commit(officer)
    assert totals(officer) == expected
    expect(main).to_contain_text(borough)
    officer.look("upload-5-receipt")
    receipt = page.url
    committed = version_read(officer, borough)
    assert committed != before

    officer.go(receipt)
    undo(officer)
    officer.look("upload-6-undone")
    assert version_read(officer, borough) == before
    send(officer, hub.ward_file)
    have_checked(officer)
    commit(officer)
    assert version_read(officer, borough) not in {before, committed}
    officer.go("/uploads/")
    states = [row[1] for row in officer.table("The newest uploads") if row[0] == hub.ward_file.name]
    assert states[:2] == ["Live", "Undone"]
    officer.look("uploads")

    assert visit("neighbour").refusal_of(receipt) == 404


def test_an_officer_is_told_which_row_and_column_of_a_plain_table_to_mend(
    hub: ServedHub, visit: Callable[..., Visitor], tmp_path: Path
) -> None:
    borough = hub.borough_code(hub.person("officer").place)
    wards = list(hub.wards.loc[hub.wards["borough_code"] == borough, "ward_code"][:4])
    table = pd.DataFrame(
        {"Ward code": wards, "Month": hub.month_code(-1), "Category": "Graffiti", "Count": [3, 1, 4, 2]}
    )
    faulty, mended = tmp_path / "graffiti.csv", tmp_path / "graffiti-mended.csv"
    table.astype({"Count": object}).replace({"Count": {4: "four"}}).to_csv(faulty, index=False)
    table.to_csv(mended, index=False)
    officer = visit("officer")
    page = officer.page

    send(officer, faulty)
    expect(page.get_by_label("What the file holds")).to_have_value("ward_counts")
    have_checked(officer)
    problems = officer.table("What was found")
    assert [row[:2] for row in problems if "four" in row[2]] == [["4", "Count"]]
    officer.look("upload-with-a-problem")
    expect(page.get_by_role("button", name="Commit")).to_have_count(0)
    officer.follow(page.get_by_role("button", name="Discard this upload"))
    expect(page.get_by_role("alert")).to_contain_text("was discarded")

    send(officer, mended)
    have_checked(officer)
    assert totals(officer)["Total"] == 10
    commit(officer)
    officer.look("upload-mended")
    undo(officer)


def test_an_officer_is_told_what_is_not_a_table(hub: ServedHub, visit: Callable[..., Visitor], tmp_path: Path) -> None:
    picture = tmp_path / "map.csv"
    picture.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 20)
    officer = visit("officer")
    officer.go("/uploads/new")
    officer.page.get_by_label("CSV file").set_input_files(picture)
    with officer.expecting_refusal():
        officer.follow(officer.page.get_by_role("button", name="Upload", exact=True))
        expect(officer.page.get_by_role("alert")).to_contain_text("There is a problem")
        officer.look("upload-refused")


# --- By keyboard -----------------------------------------------------------------------------------------------------


def tab_to(officer: Visitor, wanted: Locator) -> None:
    """Press Tab until something has the keyboard, and see that it shows."""
    expect(wanted).to_be_visible()
    for _ in range(MOST_STOPS):
        officer.page.keyboard.press("Tab")
        if wanted.evaluate("(element) => element === document.activeElement"):
            assert wanted.evaluate(SHOWS_FOCUS), f"the keyboard is on {wanted}, and nothing shows it"
            return
    raise AssertionError(f"the keyboard does not get to {wanted}")


SHOWS_FOCUS = """(element) => {
  const look = getComputedStyle(element);
  return (look.outlineStyle !== "none" && parseFloat(look.outlineWidth) >= 2) || look.boxShadow !== "none";
}"""


def press(officer: Visitor, wanted: Locator, key: str = "Enter") -> None:
    """Get to a link or button by keyboard, press it, and wait for the page it leads to."""
    tab_to(officer, wanted)
    with officer.page.expect_navigation():
        officer.page.keyboard.press(key)


def test_an_officer_needs_no_mouse(hub: ServedHub, visit: Callable[..., Visitor], tmp_path: Path) -> None:
    person, month = hub.person("officer"), hub.months[-1]
    small = tmp_path / "one-month.csv"
    hub.sent[["MajorText", "MinorText", "WardName", "WardCode", "LookUp_BoroughName", month]].to_csv(small, index=False)
    officer = visit()
    page = officer.page
    officer.go("/")
    for label, words in (("E-mail address", person.email), ("Password", person.password)):
        tab_to(officer, page.get_by_label(label, exact=True))
        page.keyboard.type(words)
    with page.expect_navigation():
        page.keyboard.press("Enter")
    press(officer, page.get_by_role("button", name="Upload a file"))
    tab_to(officer, page.get_by_label("CSV file"))
    with page.expect_file_chooser() as opened:
        page.keyboard.press("Enter")
    opened.value.set_files(small)
    press(officer, page.get_by_role("button", name="Upload", exact=True), "Space")
    press(officer, page.get_by_role("button", name="Check the file"), "Space")
    page.wait_for_url(CHECKED, timeout=MILLISECONDS_AT_WORK)
    press(officer, page.get_by_role("button", name="Commit: make this live"))
    expect(page.locator("main")).to_contain_text("Live since", timeout=MILLISECONDS_AT_WORK)
    press(officer, page.get_by_role("button", name="Undo this upload"), "Space")
    expect(page.get_by_role("alert")).to_contain_text("was undone")
    press(officer, page.get_by_role("link", name="Home"))
    press(officer, page.get_by_role("link", name=f"Hotspot maps of {person.place}"))
    tab_to(officer, page.get_by_label("Offences"))
    page.keyboard.type("Burg")
    press(officer, page.get_by_role("button", name="Show", exact=True))
    expect(page.locator("#answer")).to_contain_text("burglary")
    press(officer, page.get_by_role("button", name="Sign out"))
    expect(page.locator("h1")).to_have_text("Sign in")
    officer.is_content()
