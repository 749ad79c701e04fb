"""Every real file is brought in with the browser: it goes live with the totals it has, or is refused in words."""

from __future__ import annotations

import gzip
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.served import ONLY_LONDON, ServedHub
from tests.browser.test_officer import CHECKED, MILLISECONDS_AT_WORK, SENT, commit, have_checked, send, totals
from tests.browser.visitor import Visitor
from tests.uploads.test_every_file import LANDING, SAYING_NOTHING, UNREADABLE

pytestmark = [pytest.mark.slow, ONLY_LONDON]

TELLING_OF_PEOPLE = {"lfb-incidents-sample.csv"}
"""Files with personal data in them, here full postcodes."""
ONLY_LONG = {
    "mps-ward-level-historical-201004-202402.csv.gz",
    "mps-ward-level-202009-202208-old-wards.csv",
    "mps-borough-level-202108-202307.csv",
    "police-uk/stop-and-search/2024-08-metropolitan-stop-and-search.csv.gz",
}
"""Files of a million rows, and others of a kind that has one here: brought in by the browser with `--long` alone.

Without it the services take them in.
"""
STREETS = (
    pytest.param("metropolitan-street-burglary-only", marks=pytest.mark.long),
    "city-of-london-street",
    pytest.param("london-street-all-crime", marks=pytest.mark.long),
)


def put_right(administrator: Visitor) -> None:
    """Answer what the hub asks, and take every fix that it offers."""
    page = administrator.page
    while page.get_by_role("heading", name="The hub needs to know").count():
        asked = page.locator("form").filter(has=page.get_by_role("button", name="Answer and check again"))
        for question in asked.get_by_role("group").all():
            question.get_by_role("radio").first.check()
        administrator.follow(page.get_by_role("button", name="Answer and check again"))
        page.wait_for_url(CHECKED, timeout=MILLISECONDS_AT_WORK)
    while page.get_by_role("button", name=re.compile("^Fix (it|all)")).count():
        administrator.follow(page.get_by_role("button", name=re.compile("^Fix (it|all)")).first)
        page.wait_for_url(CHECKED, timeout=MILLISECONDS_AT_WORK)


def leave_out_what_tells_of_people(administrator: Visitor, path: Path) -> None:
    """Upload a file that is refused for its personal data, and again without the columns that the hub names."""
    page = administrator.page
    administrator.go("/uploads/new")
    page.get_by_label("File", exact=True).set_input_files(path)
    with administrator.expecting_refusal():
        administrator.follow(page.get_by_role("button", name="Upload", exact=True))
    expect(page.get_by_role("alert")).to_contain_text("The file holds personal data")
    administrator.look("every-personal")
    page.get_by_label("The same file again").set_input_files(path)
    administrator.follow(page.get_by_role("button", name="Upload", exact=True))
    page.wait_for_url(SENT)


def bring_in(administrator: Visitor, path: Path, kind: str) -> tuple[int, int, int, int]:
    """Take a file from the home page to live data; gives what its receipt adds up to."""
    page = administrator.page
    if path.name in TELLING_OF_PEOPLE:
        leave_out_what_tells_of_people(administrator, path)
    else:
        send(administrator, path)
    if page.url.endswith("/columns"):
        expect(page.get_by_label("What the file holds")).to_have_value(kind)
    have_checked(administrator)
    put_right(administrator)
    commit(administrator)
    figures = totals(administrator)
    administrator.is_content()
    _, placed, unplaced, refused, total = figures.values()
    assert list(figures)[2:] == ["Not placed in a ward", "Refused", "Total"]
    return placed, unplaced, refused, total


@pytest.mark.parametrize(
    ("name", "kind", "expected", "edition"),
    [pytest.param(*one, marks=pytest.mark.long if one[0] in ONLY_LONG else ()) for one in LANDING],
)
def test_a_file_lands_whole(
    hub: ServedHub,
    visit: Callable[..., Visitor],
    name: str,
    kind: str,
    expected: tuple[int, ...],
    edition: str,
) -> None:
    administrator = visit("administrator")
    if hub.files / name == hub.ward_file:
        send(administrator, hub.ward_file)
        have_checked(administrator)
        expect(administrator.page.locator("main")).to_contain_text("This very file is live already")
        assert list(totals(administrator).values())[1:] == [*expected, sum(expected)]
    else:
        assert bring_in(administrator, hub.files / name, kind) == (*expected, sum(expected))
    administrator.look(f"every-{kind}")


@pytest.mark.parametrize("folder", STREETS)
def test_the_first_and_the_last_month_of_every_force_land_whole(
    hub: ServedHub, visit: Callable[..., Visitor], folder: str
) -> None:
    live = hub.months_of_points if folder == "london-street-all-crime" else ()
    files = sorted(path for path in (hub.files / "police-uk" / folder).iterdir() if path.name[:7] not in live)
    administrator = visit("administrator")
    for path in (files[0], files[-1]):
        with gzip.open(path, "rt") if path.suffix == ".gz" else path.open() as stream:
            rows = sum(1 for _ in stream) - 1
        placed, _, refused, total = bring_in(administrator, path, "street_points")
        assert total == rows
        # What the police could not locate says no borough to an administrator.
        assert refused <= rows * (0.15 if folder == "city-of-london-street" else 0.001)
        assert placed >= 0.85 * rows


@pytest.mark.long
def test_small_areas_and_the_dashboard_land_once_the_hub_is_answered(
    hub: ServedHub, visit: Callable[..., Visitor]
) -> None:
    administrator = visit("administrator")
    for name, kind, expected in (
        ("mps-lsoa-level-202402-202602.csv.gz", "met_lsoa_counts", (1_730_393, 0, 0)),
        # What no ward is known of is nobody's.
        ("mps-knife-crime-dashboard-202203-202602.csv.gz", "met_dashboard", (91_792, 0, 5_255)),
    ):
        assert bring_in(administrator, hub.files / name, kind) == (*expected, sum(expected))


@pytest.mark.parametrize(("name", "words"), SAYING_NOTHING)
def test_a_file_that_counts_nothing_is_told_what_it_lacks(
    hub: ServedHub, visit: Callable[..., Visitor], name: str, words: list[str]
) -> None:
    administrator = visit("administrator")
    page = administrator.page
    send(administrator, hub.files / name)
    expect(page.locator("main")).to_contain_text("those of no dataset the hub knows")
    page.get_by_label("What the file holds").select_option("ward_counts")
    administrator.follow(page.get_by_role("button", name="Change"))
    with administrator.expecting_refusal():
        administrator.follow(page.get_by_role("button", name="Check the file"))
        expect(page.get_by_role("alert")).to_contain_text(f"No column is given for: {', '.join(words)}")
    administrator.follow(page.get_by_role("button", name="Discard"))


@pytest.mark.parametrize("name", UNREADABLE)
def test_boundaries_and_raw_answers_are_refused_in_words(
    hub: ServedHub, visit: Callable[..., Visitor], name: str
) -> None:
    administrator = visit("administrator")
    administrator.go("/uploads/new")
    administrator.page.get_by_label("File", exact=True).set_input_files(hub.files / name)
    with administrator.expecting_refusal():
        administrator.follow(administrator.page.get_by_role("button", name="Upload", exact=True))
        expect(administrator.page.get_by_role("alert")).to_contain_text("There is a problem")
        administrator.look(f"every-refused-{Path(name).stem}")
