"""A number opens its card: the page's own number, where it comes from and how sure it is; there its reader asks."""

from __future__ import annotations

import re
from urllib.parse import unquote

import pytest
from flask import Flask

from hub.access import Role
from hub.summaries import cards, service
from hub.summaries.service import Summary
from tests.client import StrictClient, words_of
from tests.conftest import HOME, PASSWORD, SIBLING
from tests.outcomes.conftest import survey
from tests.questions.conftest import SMALL
from tests.summaries.counted import WEST
from tests.uploads.desk import Desk

OFFICER, LEADER = Role.CSP_OFFICER, Role.COUNCIL_LEADER
PATH = f"/areas/{HOME}/summary?to=2025-03"
FEW = f"/areas/{HOME}/figures/group:{SMALL}:2025-03"
EXACT = re.compile(r"\b(4,?803|3)\b")
"""The exact counts of both figures that leaders see otherwise."""
WHEN = re.compile(r"\d{1,2} [A-Z][a-z]+ \d{4}(?: at \d{1,2}:\d\d[ap]m)?")
"""A day or a moment as pages name it, which is no count."""


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


def keys_of(summary: Summary) -> dict[str, tuple[object, object]]:
    """Each figure of a summary by its key: its change and its rate."""
    lines = {line.key: (line.change, line.rate) for line in (*summary.groups, *summary.wards)}
    measures = {one.key: (one.change, one.rate) for one in summary.measures.values()}
    return {summary.key: (summary.total, summary.rate), **lines, **measures}


def links(client: StrictClient) -> list[str]:
    return [unquote(each.get("href", "")) for each in client.page.all("a") if "/figures/" in each.get("href", "")]


@pytest.mark.parametrize("role", [OFFICER, LEADER])
def test_a_card_gives_the_pages_own_number_to_each_reader(loaded: Desk, people: dict[Role, str], role: Role) -> None:
    with loaded.reading(people[role]) as viewer:
        summary = service.summary(viewer, HOME)
        figures = keys_of(summary)
        assert len(figures) > 6
        for key, (change, rate) in figures.items():
            card = cards.card(viewer, HOME, key)
            assert (card.key, card.change, card.rate) == (key, change, rate)
        group = cards.card(viewer, HOME, f"group:{SMALL}:2025-03")
    assert group.has_hidden == (role is LEADER)
    assert group.shown.startswith("fewer than 5 in" if role is LEADER else "3 in")
    assert any("between" in sentence for sentence in cards_doubt(figures, loaded, people[role]))


def test_a_card_says_what_people_say_beside_it_or_why_nothing(
    loaded: Desk, people: dict[Role, str], leader: StrictClient
) -> None:
    with loaded.reading(people[LEADER]) as viewer:
        beside = {
            key: cards.card(viewer, HOME, f"{key}:2025-03").heard
            for key in ("total", f"group:{SMALL}", f"ward:{WEST}", "measure:homicide", "measure:burglary")
        }
    assert [one.question.code if one.question else "" for one in beside.values()] == [
        "good-job-locally", "deals-with-what-matters", "", "", "there-when-needed",
    ]  # fmt: skip
    assert [one.why_not[:30] for one in beside.values()] == [
        "No survey is loaded that asks ", "No survey is loaded that asks ", "The survey asks too few people",
        "The survey asks nothing about ", "No survey is loaded that asks ",
    ]  # fmt: skip
    loaded.commit(people[OFFICER], survey("Alder", {'"Good Job" local': (0.71, 0.56)}), name="survey.csv")
    leader.get(f"/areas/{HOME}/figures/total:2025-03")
    said = leader.page.main
    assert "56% in the 12 months to March 2025, 71% in the 12 months before: ▼ F fell." in said
    assert (
        "About 400 people were asked in Alder. Had everybody been asked, the answer would most likely lie between 50%"
        in said
    )
    assert "To be verified How many people were really asked here" in said


def cards_doubt(figures: dict[str, tuple[object, object]], desk: Desk, email: str) -> tuple[str, ...]:
    with desk.reading(email) as viewer:
        return cards.card(viewer, HOME, next(iter(figures))).doubt


def test_every_number_of_the_page_opens_a_card_and_no_other_address_does(
    loaded: Desk, leader: StrictClient, officer: StrictClient
) -> None:
    officer.get(PATH)
    of_officer = links(officer)
    leader.get(PATH)
    of_leader = links(leader)
    assert {f"/areas/{HOME}/figures/{key}" for key in ("total:2025-03", f"group:{SMALL}:2025-03")} <= set(of_leader)
    for path in of_leader:
        assert leader.get(path).status_code == 200, path
        assert "None" not in leader.page.main
    assert set(of_officer) >= set(of_leader)
    for key in (
        "total:2025-06",
        "total:2025",
        "total:x:2025-03",
        "group:Nothing:2025-03",
        "ward:F05000004:2025-03",
        "measure:nothing:2025-03",
        "rows:2025-03",
        "total",
    ):
        assert leader.get(f"/areas/{HOME}/figures/{key}").status_code == 404, key
    assert leader.get(f"/areas/{SIBLING}/figures/total:2025-03").status_code == 404


def test_a_leader_asks_from_the_card_and_reads_the_answer_on_it_never_an_exact_count(
    loaded: Desk, leader: StrictClient, officer: StrictClient
) -> None:
    leader.get(FEW)
    assert leader.page.h1 == f"One figure of Alder {SMALL}"
    said = leader.page.main
    for words in (
        "In the 12 months to March 2025fewer than 5 In the 12 months before60",
        "This count is small. It is hidden so that nobody can be picked out.",
        "All offences that the police put in the group “Robbery”, in all of Alder.",
        "Rate set against20,000 residents (Census 2021)",
        "Nobody has asked about it yet.",
    ):
        assert words in said
    assert not EXACT.search(WHEN.sub("", said).replace("2025-03", ""))
    typed = "Did Mr Patel report it?"
    assert leader.submit(FEW, {"words": typed}).status_code == 400
    assert "names of people" in leader.page.errors[0]
    assert words_of(next(leader.page.all("textarea"))) == typed, "nothing that was typed is lost"
    assert leader.submit(FEW, {"words": "Why did it fall?"}).status_code == 302

    officer.get("/")
    [link] = [each for each in officer.page.all("a") if "asks about" in words_of(each)]
    assert words_of(link) == f"Council leader asks about {SMALL}, Alder, 12 months to March 2025"
    path = link.get("href", "")
    officer.get(path)
    assert "when the figure was: fewer than 5" in officer.page.main
    assert "You see the figure as: 3 in the 12 months to March 2025" in officer.page.main
    assert officer.submit(f"{path}/answer", {"words": "There were three."}).status_code == 400
    assert "exact count" in officer.page.errors[0]
    assert officer.submit(f"{path}/answer", {"words": "A new patrol began in May."}).status_code == 302
    officer.get("/")
    assert "asks about" not in officer.page.main

    for where in (FEW, path, f"/areas/{HOME}/questions"):
        leader.get(where)
        assert "A new patrol began in May." in leader.page.main, where
        assert not EXACT.search(WHEN.sub("", leader.page.main)), where

    officer.submit(FEW, {"words": "Is 3 right?"})
    assert "council leaders will not see" in officer.get(FEW, follow_redirects=True).text
    for where in (FEW, f"/areas/{HOME}/questions"):
        leader.get(where)
        assert "Is 3 right?" not in leader.page.main, where
