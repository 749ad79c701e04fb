"""The page of a summary says in plain words what the figures bear, to those whose borough it is."""

from __future__ import annotations

import datetime as dt

import pytest
from flask import Flask

from hub.access import Role
from hub.uploads.kinds import DATASETS
from tests.client import StrictClient, words_of
from tests.conftest import HOME, PASSWORD, SIBLING
from tests.summaries.conftest import OLD_EAST, OLD_WEST
from tests.summaries.counted import (
    BEFORE,
    EAST,
    GROUPS,
    LAST,
    LATEST,
    MONTHS,
    NOWHERE,
    WEST,
    as_long_file,
    as_met_file,
    even,
    made_up,
    months_to,
    plus,
    total,
)
from tests.uploads.desk import Desk

OFFICER, LEADER = Role.CSP_OFFICER, Role.COUNCIL_LEADER
PATH = f"/areas/{HOME}/summary"


@pytest.fixture
def leader(client: StrictClient, people: dict[Role, str]) -> StrictClient:
    """A council leader at a browser."""
    client.sign_in(people[LEADER], PASSWORD)
    return client


@pytest.fixture
def officer(app: Flask, people: dict[Role, str]) -> StrictClient:
    """A CSP officer at another."""
    client = app.test_client()
    assert isinstance(client, StrictClient)
    client.sign_in(people[OFFICER], PASSWORD)
    return client


def tiles(client: StrictClient) -> dict[str, str]:
    names, figures = ([words_of(each) for each in client.page.all(tag)] for tag in ("dt", "dd"))
    return dict(zip(names, figures, strict=True))


def captions(client: StrictClient) -> list[str]:
    """Of the tables after the first, which is there whatever the figures are."""
    first, *others = (words_of(each) for each in client.page.all("caption"))
    assert first.startswith("The five measures that Alder puts first, in the 12 months to ")
    return others


def row_of(client: StrictClient, name: str) -> list[str]:
    """The cells of a row of the first table."""
    body = next(next(client.page.all("table")).iter("tbody"))
    (row,) = (each for each in body.iter("tr") if words_of(next(each.iter("th"))) == name)
    return [words_of(cell) for cell in row.iter("td")]


def headings_of(client: StrictClient, caption: str) -> list[str]:
    (found,) = (each for each in client.page.all("table") if words_of(next(each.iter("caption"))).startswith(caption))
    return [words_of(cell) for head in found.iter("thead") for cell in head.iter("th")]


def alternatives(client: StrictClient) -> list[str]:
    return [image.get("alt", "") for image in client.page.all("img")]


def test_a_leader_reads_the_whole_story_in_words(desk: Desk, people: dict[Role, str], leader: StrictClient) -> None:
    counts = plus(even(100), *((month, WEST, GROUPS[0], 40) for month in LATEST))
    desk.commit(people[OFFICER], as_met_file(counts))
    leader.get(PATH)
    said = leader.page.main
    assert leader.page.h1 == "Alder: community safety summary"
    assert "April 2024 to March 2025" in said
    assert (
        "All recorded crime rose by about a tenth in Alder in the year to March 2025; burglary did not change more "
        "than chance would explain."
    ) in said
    assert row_of(leader, "All recorded crime") == [
        "5,280", "4,800", "▲ R Rose +10% likely +5% to +15%", "264.0", "12 months before: 4,800 (240.0)"
    ]  # fmt: skip
    assert row_of(leader, "Burglary") == [
        "2,400", "2,400", "● N No clear change 0% likely −6% to +7%", "120.0", "12 months before: 2,400 (120.0)"
    ]  # fmt: skip
    assert "These are the usual five. The borough has not chosen its own." in said
    assert "Recorded crime in Alder rose by about a tenth in the 12 months to March 2025." in said
    assert (
        "Arson and criminal damage rose by about a fifth. In 1 of 2 offence groups there was no clear change." in said
    )
    assert "Recorded crime rose in Alder West." in said
    assert tiles(leader) == {
        "Offences in the latest 12 months": "5,280",
        "In the 12 months before": "4,800",
        "Change": "+10% ▲ R Rose",
        "For every 1,000 residents": "264.0 Before: 240.0",
    }
    assert (
        "The figures for January 2025 to March 2025 are provisional: the police are still likely to change them."
        in said
    )
    assert captions(leader) == [
        "Offences by month",
        "Change by offence group",
        "All recorded crime by ward (wards of 2022)",
    ]
    assert DATASETS["met_ward_counts"].caveat in said
    assert "Not placed in a ward" not in said, "the source leaves such offences out, so that none is no finding"
    assert "20,000 in the borough (Census 2021), and in wards by Census 2021" in said
    assert "Data to March 2025." in said
    assert "every count is rounded to the nearest 5" in said


def test_pictures_have_words_and_the_tables_the_same_figures(
    desk: Desk, people: dict[Role, str], leader: StrictClient
) -> None:
    desk.commit(people[OFFICER], as_met_file(made_up(1)))
    leader.get(PATH)
    bars, wards, ranges = alternatives(leader)
    assert bars.startswith(
        "Bars of offences for each of the 24 months to March 2025. The same figures are in the table"
    )
    assert wards.startswith("Map of the 2 wards of Alder, shaded by offences for every 1,000 residents. Each ward has")
    assert ranges.startswith("Each ward's rate for every 1,000 residents, with the range in which it is likely to lie,")
    assert "January 2025 (provisional)" in leader.page.main


def test_an_officer_reads_exact_counts_and_nothing_of_rounding(
    desk: Desk, people: dict[Role, str], officer: StrictClient
) -> None:
    counts = made_up(2, wards=(WEST, EAST, NOWHERE))
    desk.commit(people[OFFICER], as_long_file(counts))
    officer.get(PATH)
    assert tiles(officer)["Offences in the latest 12 months"] == f"{total(counts, LATEST):,}"
    nowhere = total(counts[counts["ward_code"].isna()], LATEST)
    assert f"Not placed in a ward: {nowhere:,} offences in the latest 12 months (" in officer.page.main
    assert "rounded" not in officer.page.main
    assert "not listed" not in officer.page.main


def test_small_counts_are_said_in_words(desk: Desk, people: dict[Role, str], leader: StrictClient) -> None:
    counts = plus(even(50, wards=(WEST,)), (LAST, EAST, GROUPS[0], 2), (BEFORE[0], EAST, GROUPS[0], 40))
    desk.commit(people[OFFICER], as_met_file(counts))
    leader.get(PATH)
    assert "fewer than 5" in leader.page.main
    assert "– Cannot compare" in leader.page.main


def test_a_year_that_is_not_complete_is_named_and_not_compared(
    desk: Desk, people: dict[Role, str], leader: StrictClient, officer: StrictClient
) -> None:
    counts = made_up(3)
    desk.commit(people[OFFICER], as_met_file(counts[~counts["month"].isin([BEFORE[0], BEFORE[1], BEFORE[5]])]))
    for reader in (leader, officer):
        reader.get(PATH)
        said = reader.page.main
        assert "There are no figures for April 2023 to May 2023 and September 2023." in said
        assert tiles(reader)["In the 12 months before"] == "Not known"
        assert "Change" not in tiles(reader)
        assert captions(reader)[1] == "By offence group"
        for caption in captions(reader)[1:]:
            latest, rate = headings_of(reader, caption)[1:]
            assert (latest, rate.removesuffix(" (likely range)")) == ("Latest 12 months", "Per 1,000 residents")
        assert not list(reader.page.all("abbr")), "not known is not the same as fewer than 5"


def test_a_latest_year_that_is_not_complete_shows_its_months_alone(
    desk: Desk, people: dict[Role, str], leader: StrictClient
) -> None:
    counts = made_up(4)
    desk.commit(people[OFFICER], as_met_file(counts[counts["month"] != LATEST[0]]))
    leader.get(PATH)
    assert tiles(leader)["Offences in the latest 12 months"] == "Not known"
    assert captions(leader) == ["Offences by month"]
    assert "April 2024 no figures" in leader.page.main


def test_a_change_of_boundaries_is_told_and_wards_are_not_compared(
    desk: Desk, older_wards: None, people: dict[Role, str], leader: StrictClient
) -> None:
    desk.commit(people[OFFICER], as_met_file(made_up(5, wards=(OLD_WEST, OLD_EAST), months=months_to(BEFORE[-1]))))
    desk.commit(people[OFFICER], as_met_file(made_up(6, months=LATEST)))
    leader.get(PATH)
    assert "Ward boundaries changed within these 24 months" in leader.page.main
    assert headings_of(leader, "All recorded crime by ward")[1:] == [
        "Latest 12 months",
        "Per 1,000 residents (likely range)",
    ]
    leader.get(f"{PATH}?to={LATEST[2]:%Y-%m}")
    assert "Ward boundaries changed within the latest 12 months" in leader.page.main
    assert captions(leader) == ["Offences by month", "Change by offence group"]


def test_wards_without_residents_have_no_map(
    desk: Desk, older_wards: None, people: dict[Role, str], leader: StrictClient
) -> None:
    desk.commit(people[OFFICER], as_met_file(made_up(7, wards=(OLD_WEST, OLD_EAST))))
    leader.get(PATH)
    assert len(alternatives(leader)) == 1
    assert "(Census 2021). A place" in leader.page.main


def test_a_reader_chooses_the_month_that_the_year_ends_with(
    desk: Desk, people: dict[Role, str], leader: StrictClient
) -> None:
    desk.commit(people[OFFICER], as_met_file(made_up(8)))
    leader.get(f"{PATH}?to={LATEST[8]:%Y-%m}")
    assert "January 2024 to December 2024" in leader.page.main
    options = [option for select in leader.page.all("select") for option in select.iter("option")]
    assert [option.get("value") for option in options] == [f"{month:%Y-%m}" for month in reversed(MONTHS)]
    assert [option.get("value") for option in options if option.get("selected") is not None] == ["2024-12"]


@pytest.mark.parametrize(
    ("asked", "status", "said"),
    [
        ("2025-13", 400, "to is '2025-13'. Write it as year and month"),
        ("<b>", 400, "to is '<b>'."),
        ("2031-01", 404, "No figures have been uploaded for Alder for January 2031."),
    ],
)
def test_a_month_that_will_not_do_is_refused_in_words(
    desk: Desk, people: dict[Role, str], leader: StrictClient, asked: str, status: int, said: str
) -> None:
    desk.commit(people[OFFICER], as_met_file(made_up(9, months=LATEST)))
    assert leader.get(PATH, query_string={"to": asked}).status_code == status
    assert said in leader.page.main


def test_a_borough_that_is_not_theirs_is_as_one_that_is_not_there(
    desk: Desk, people: dict[Role, str], leader: StrictClient
) -> None:
    desk.commit(people[Role.ADMINISTRATOR], as_met_file(made_up(10, wards=("F05000002", "F05000003")), "Birch"))
    answers = set()
    for area in (SIBLING, "Birch", "F09000099", "north", "london"):
        answer = leader.get(f"/areas/{area}/summary")
        assert answer.status_code == 404
        answers.add(leader.page.main)
    assert len(answers) == 1
    assert "Birch" not in answers.pop()
    assert leader.get(PATH).status_code == 404
    assert "No figures have been uploaded for Alder." in leader.page.main


def test_nobody_reads_it_without_signing_in(client: StrictClient) -> None:
    answer = client.get(PATH)
    assert answer.status_code == 302
    assert answer.headers["Location"].startswith("/sign-in")


def test_reading_keeps_nothing_and_says_when_it_was_drawn(
    desk: Desk, people: dict[Role, str], leader: StrictClient
) -> None:
    desk.commit(people[OFFICER], as_met_file(made_up(11)))
    answer = leader.get(PATH)
    assert answer.headers["Cache-Control"] == "no-store, private"
    today = dt.datetime.now(dt.UTC).date()
    assert f"{today:%B %Y} (version 1 in the hub)" in leader.page.main
