"""The pages of measures: what each counts in words, and five to choose."""

from __future__ import annotations

from flask import Flask

from hub.access import Role
from hub.measures.service import UNLESS_CHOSEN
from tests.client import StrictClient
from tests.conftest import HOME, PASSWORD

PATH = f"/areas/{HOME}/measures"
PLACES = ("first", "second", "third", "fourth", "fifth")


def test_an_officer_chooses_five_and_a_repeat_keeps_what_was_chosen(
    client: StrictClient, people: dict[Role, str]
) -> None:
    client.sign_in(people[Role.CSP_OFFICER], PASSWORD)
    client.get(PATH)
    assert client.page.h1 == "Five measures of Alder"
    five = dict(zip(PLACES, UNLESS_CHOSEN, strict=True))
    assert client.submit(PATH, five | {"fifth": "burglary"}).status_code == 400
    assert "Fifth measure is chosen above already" in client.page.main
    assert client.submit(PATH, five | {"fifth": "repeat-victims"}).status_code == 400
    published = {"first_with": "published-england-wales-2024-06"}
    assert client.submit(PATH, five | {"fifth": "theft"} | published).status_code == 400
    assert "Compare the first with: Choose another: a published rate is of one measure alone." in client.page.main
    client.submit(PATH, five | {"fifth": "theft", "second_with": "alike"} | {"first_with": ""}, follow_redirects=True)
    assert "now begins with these five" in client.page.main
    chosen = [one.get("value") for one in client.page.all("option") if one.get("selected") is not None]
    assert chosen[::2] == [*UNLESS_CHOSEN[:4], "theft"]
    assert chosen[1::2] == ["", "alike", "", "", ""]


def test_anybody_signed_in_reads_what_is_measured_and_what_nobody_checked(
    client: StrictClient, app: Flask, people: dict[Role, str]
) -> None:
    client.sign_in(people[Role.COUNCIL_LEADER], PASSWORD)
    client.get("/measures")
    said = client.page.main
    assert "A Safer London for Everyone: Police and Crime Plan 2025–29" in said
    assert "To be verified" in said
    assert "No figures. The hub is sent no figures on guns" in said
    assert "32.9 for every 1,000 residents of England and Wales; which year's is not stated." in said
    assert client.get(PATH).status_code == 403
