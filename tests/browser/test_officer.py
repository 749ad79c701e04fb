"""A CSP officer brings a file in: columns, check, commit, receipt, undo; with the mouse and by keyboard alone."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pandas as pd
from playwright.sync_api import Locator, Page, Route, expect
from playwright.sync_api import TimeoutError as PlaywrightTimeout

from tests.browser.served import ON_BOTH, ServedHub
from tests.browser.visitor import Visitor

CHECKED = re.compile(r"/uploads/[0-9a-f-]{36}/check$")
SENT = re.compile(r"/uploads/[0-9a-f-]{36}(/columns|/check)?$")
FOLLOWING = re.compile(r"/static/at-work\.js$")
MILLISECONDS_AT_WORK = 120_000
MOST_STOPS = 40
"""Of the keyboard on one page before what is wanted must have been met."""


# --- Steps -----------------------------------------------------------------------------------------------------------


def send(officer: Visitor, file: Path) -> None:
    """Upload a file from the home page, up to the page that matches its columns, or asks to wait for its check."""
    officer.go("/")
    officer.follow(officer.page.get_by_role("button", name="Upload a file"))
    officer.page.get_by_label("File", exact=True).set_input_files(file)
    officer.follow(officer.page.get_by_role("button", name="Upload", exact=True))
    officer.page.wait_for_url(SENT)


def have_checked(officer: Visitor) -> None:
    """Confirm the columns, unless the last file had the same, and wait for what the check finds."""
    if officer.page.url.endswith("/columns"):
        officer.follow(officer.page.get_by_role("button", name="Check the file"))
    officer.page.wait_for_url(CHECKED, timeout=MILLISECONDS_AT_WORK)


def commit(officer: Visitor) -> None:
    """Make what was checked live, saying of whatever is to be confirmed that it is right, and wait for the receipt."""
    reasons = officer.page.get_by_label("Why is it right?")
    for reason in reasons.all():
        reason.fill("Compared with the published file.")
    if reasons.count():
        officer.follow(officer.page.get_by_role("button", name="Confirm with these reasons"))
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


@ON_BOTH
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
    expect(page.get_by_label("Ward code", exact=True)).to_have_value("WardCode")
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
        {"Ward code": wards, "Month": hub.month_code(-1), "Category": "Hoax calls", "Count": [3, 1, 4, 2]}
    )
    faulty, mended = tmp_path / "calls.csv", tmp_path / "calls-mended.csv"
    table.astype({"Count": object}).replace({"Count": {4: "four"}}).to_csv(faulty, index=False)
    table.to_csv(mended, index=False)
    officer = visit("officer")
    page = officer.page

    send(officer, faulty)
    if page.url.endswith("/columns"):
        expect(page.get_by_label("What the file holds")).to_have_value("ward_counts")
        officer.look("upload-columns-of-a-plain-table")
    have_checked(officer)
    expect(page.locator("#result")).to_contain_text("4 rows: 3 ready, 1 you must fix")
    wrong = page.get_by_label("Count, row 4")
    expect(wrong).to_have_value("four")
    expect(page.get_by_role("table", name="Rows with problems")).to_contain_text("'four' is no count")
    officer.look("upload-with-a-problem")
    expect(page.get_by_role("button", name="Commit")).to_have_count(0)
    with page.expect_download() as given:
        page.get_by_role("button", name="Download your file, marked").click()
    marked = tmp_path / given.value.suggested_filename
    given.value.save_as(marked)
    officer.follow(page.get_by_role("link", name=re.compile("^4.*edit the whole row")))
    officer.look("upload-row")
    page.go_back()
    wrong.fill("4")
    officer.follow(page.get_by_role("button", name="Save and check again"))
    have_checked(officer)
    expect(page.locator("#result")).to_contain_text("4 rows: 4 ready")
    officer.look("upload-put-right")
    officer.follow(page.get_by_role("button", name="Discard this upload"))
    expect(page.get_by_role("alert")).to_contain_text("was discarded")

    send(officer, mended)
    have_checked(officer)
    assert totals(officer)["Total"] == 10
    commit(officer)
    officer.look("upload-mended")
    undo(officer)


def test_an_officer_loads_the_good_rows_and_fixes_the_held_one_later(
    hub: ServedHub, visit: Callable[..., Visitor], tmp_path: Path
) -> None:
    borough = hub.borough_code(hub.person("officer").place)
    ward = hub.wards.loc[hub.wards["borough_code"] == borough, "ward_code"].iloc[0]
    file = tmp_path / "litter.csv"
    counts = {"Ward code": ward, "Month": [hub.month_code(back) for back in (-3, -2, -1)], "Category": "Litter"}
    pd.DataFrame({**counts, "Count": ["3", "several", "4"]}).to_csv(file, index=False)
    officer = visit("officer")
    page = officer.page
    send(officer, file)
    have_checked(officer)
    officer.follow(page.get_by_role("button", name="Load the good rows, hold the bad ones"))
    commit(officer)
    officer.go("/uploads/")
    expect(page.locator("main")).to_contain_text("litter.csv: 1 row held back")
    officer.look("uploads-with-held-rows")
    officer.follow(page.get_by_role("button", name=re.compile("^Fix them")))
    have_checked(officer)
    page.get_by_label("Count, row 3").fill("5")
    officer.follow(page.get_by_role("button", name="Save and check again"))
    have_checked(officer)
    commit(officer)
    assert totals(officer)["Total"] == 12
    officer.go("/uploads/")
    expect(page.locator("main")).not_to_contain_text("held back")
    officer.follow(page.get_by_role("link", name=re.compile("Other counts$")))
    officer.follow(page.get_by_role("button", name="Compare"))
    officer.look("versions")


def test_a_clean_file_like_the_last_takes_eight_clicks_at_most(
    hub: ServedHub, visit: Callable[..., Visitor], tmp_path: Path
) -> None:
    person = hub.person("officer")
    ward = hub.wards.loc[hub.wards["borough_code"] == hub.borough_code(person.place), "ward_code"].iloc[0]
    first, second = tmp_path / "first.csv", tmp_path / "second.csv"
    for file, count in ((first, 3), (second, 5)):
        table = pd.DataFrame(
            {"Ward code": [ward], "Month": hub.month_code(-1), "Category": "Hoax calls", "Count": count}
        )
        table.to_csv(file, index=False)
    before = visit("officer")
    send(before, first)
    have_checked(before)
    before.follow(before.page.get_by_role("button", name="Discard this upload"))

    officer, clicks = visit(), 0
    page = officer.page

    def click(wanted: Locator) -> None:
        nonlocal clicks
        clicks += 1
        wanted.click()

    officer.go("/")
    click(page.get_by_label("E-mail address"))
    page.keyboard.type(person.email)
    click(page.get_by_label("Password", exact=True))
    page.keyboard.type(person.password)
    click(page.get_by_role("button", name="Sign in"))
    click(page.get_by_role("button", name="Upload a file"))
    with page.expect_file_chooser() as opened:
        click(page.get_by_label("File", exact=True))
    opened.value.set_files(second)
    click(page.get_by_role("button", name="Upload", exact=True))
    page.wait_for_url(CHECKED, timeout=MILLISECONDS_AT_WORK)
    click(page.get_by_role("button", name="Commit: make this live"))
    expect(page.locator("main")).to_contain_text("Live since", timeout=MILLISECONDS_AT_WORK)
    assert clicks <= 8
    undo(officer)
    officer.is_content()


def test_a_dropped_connection_is_waited_out(hub: ServedHub, visit: Callable[..., Visitor], tmp_path: Path) -> None:
    ward = hub.wards.loc[hub.wards["borough_code"] == hub.borough_code(hub.person("officer").place), "ward_code"].iloc[
        0
    ]
    file = tmp_path / "long.csv"
    lines = [f"{ward},{hub.month_code(-1)},Graffiti {number},{number}\n" for number in range(100_000)]
    file.write_text("Ward code,Month,Category,Count\n" + "".join(lines), "utf-8")
    officer, dropped = visit("officer"), []

    def drop(route: Route) -> None:
        if len(dropped) < 2:
            dropped.append(route.request.url)
            route.abort()
        else:
            route.continue_()

    officer.page.route(re.compile(r"/uploads/pieces/[1-9]"), drop)
    officer.go("/uploads/new")
    officer.page.get_by_label("File", exact=True).set_input_files(file)
    with officer.expecting_refusal(), officer.page.expect_navigation(timeout=MILLISECONDS_AT_WORK):
        officer.page.get_by_role("button", name="Upload", exact=True).click()
    officer.page.wait_for_url(SENT, timeout=MILLISECONDS_AT_WORK)
    assert len(dropped) == 2


def test_an_officer_is_told_what_is_not_a_table(hub: ServedHub, visit: Callable[..., Visitor], tmp_path: Path) -> None:
    picture = tmp_path / "map.csv"
    picture.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 20)
    officer = visit("officer")
    officer.go("/uploads/new")
    officer.page.get_by_label("File", exact=True).set_input_files(picture)
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


def choose_by_keyboard(page: Page, file: Path) -> None:
    """Open the field for a file that has the keyboard, and choose one; a busy browser may let a first press go by."""
    for key in ("Enter", "Space", "Enter"):
        with suppress(PlaywrightTimeout):
            with page.expect_file_chooser(timeout=10_000) as opened:
                page.keyboard.press(key)
            opened.value.set_files(file)
            return
    raise AssertionError("No key opens the field for a file.")


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
    tab_to(officer, page.get_by_label("File", exact=True))
    choose_by_keyboard(page, small)
    press(officer, page.get_by_role("button", name="Upload", exact=True), "Space")
    page.wait_for_url(SENT)
    if page.url.endswith("/columns"):
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
