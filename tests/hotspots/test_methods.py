"""Every map has a page that says, in plain words, what it can and cannot tell."""

from __future__ import annotations

import pytest

from hub.access import Role
from hub.hotspots.layers import Show
from hub.hotspots.method_routes import METHODS
from tests.client import StrictClient, words_of
from tests.conftest import PASSWORD

QUESTIONS = [
    "What it shows",
    "How it is worked out",
    "What it cannot tell you",
    "What to use it for",
    "Where it comes from",
]


@pytest.mark.parametrize("show", list(Show))
def test_every_map_is_explained(show: Show) -> None:
    assert show.explained_under in {method.slug for method in METHODS}


def test_each_page_answers_the_same_questions(client: StrictClient, people: dict[Role, str]) -> None:
    client.sign_in(people[Role.BCU_COMMANDER], PASSWORD)
    assert client.get("/methods").status_code == 200
    titles = {words_of(link): link.get("href") for link in client.page.all("a")}
    for method in METHODS:
        assert client.get(titles[method.title]).status_code == 200
        assert [words_of(heading) for heading in client.page.all("h1")] == [method.title]
        assert [words_of(heading) for heading in client.page.all("h2")] == QUESTIONS
    assert client.get("/methods/horoscope").status_code == 404
