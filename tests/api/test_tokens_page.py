"""The page of tokens: what is made is shown once, what is ended is ended, and nobody sees another's."""

from __future__ import annotations

import re

import pytest

from hub.access import Role
from tests.client import StrictClient
from tests.conftest import PASSWORD

GIVEN = {"name": "Monthly extract", "dataset": "ward_counts", "days": "90"}


@pytest.fixture
def officer(client: StrictClient, people: dict[Role, str]) -> StrictClient:
    client.sign_in(people[Role.CSP_OFFICER], PASSWORD)
    client.get("/tokens/")
    return client


def test_a_token_is_made_shown_once_and_ended(officer: StrictClient) -> None:
    assert "Your tokens" not in officer.page.text
    made = officer.submit("/tokens/", GIVEN)
    assert made.status_code == 200
    (written,) = re.findall(r"hub_[\w-]{43}", made.get_data(as_text=True))
    assert "not shown again" in officer.page.main
    listed = officer.get("/tokens/").get_data(as_text=True)
    assert written not in listed
    assert "Monthly extract" in officer.page.main
    assert "Never" in officer.page.main
    (ends,) = re.findall(r"/tokens/[0-9a-f-]{36}/end", listed)
    assert officer.submit(ends).status_code == 302
    officer.get("/tokens/")
    assert "has ended" in officer.page.main
    assert "Ended" in officer.page.main


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"name": ""}, "Say what the token is for"),
        ({"name": "x" * 81}, "80 characters"),
        ({"dataset": "no_such_kind"}, "Not a valid choice"),
        ({"days": "10000"}, "Not a valid choice"),
    ],
)
def test_what_cannot_be_is_asked_again(officer: StrictClient, changed: dict[str, str], said: str) -> None:
    assert officer.submit("/tokens/", {**GIVEN, **changed}).status_code == 400
    assert any(said in error for error in officer.page.errors)
    officer.get("/tokens/")
    assert "Your tokens" not in officer.page.text
    assert officer.submit("/tokens/", GIVEN).status_code == 200


def test_a_token_is_on_nobody_elses_page(officer: StrictClient, people: dict[Role, str]) -> None:
    officer.submit("/tokens/", GIVEN)
    officer.sign_out()
    officer.sign_in(people[Role.ADMINISTRATOR], PASSWORD)
    officer.get("/tokens/")
    assert "Monthly extract" not in officer.page.text
    officer.sign_out()
    officer.sign_in(people[Role.COUNCIL_LEADER], PASSWORD)
    officer.get("/tokens/")
    assert "Make a token" not in officer.page.text, "who may not upload is not offered a token"
