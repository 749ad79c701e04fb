"""The sign-in page in a strict client: who is let in, where they are sent, and what a planted cookie is worth."""

from __future__ import annotations

import datetime as dt
import logging
from html.parser import HTMLParser
from urllib.parse import urljoin, urlsplit

import pytest
from flask import Flask
from sqlalchemy import select, update

from hub.access import Role
from hub.accounts.models import Membership, Person, SignInSession
from hub.db import Database
from tests.client import StrictClient
from tests.conftest import ELSEWHERE, HOME, PASSWORD

HOSTILE = (
    "https://evil.example",
    "http://evil.example/",
    "//evil.example",
    "///evil.example",
    "////evil.example/areas",
    "/\\evil.example",
    "\\\\evil.example",
    "\\/evil.example",
    "/\\/evil.example",
    "/\t/evil.example",
    "/\n/evil.example",
    "/\r/evil.example",
    "\t//evil.example",
    "\n//evil.example",
    " //evil.example",
    "\x00//evil.example",
    "/\x00/evil.example",
    "\x0b//evil.example",
    "/\x7f/evil.example",
    "https:evil.example",
    "https:/evil.example",
    "https:///evil.example",
    "HTTPS://EVIL.EXAMPLE",
    "hxxps://evil.example",
    "javascript:alert(1)",
    "JaVaScRiPt:alert(1)",
    "java\tscript:alert(1)",
    " javascript:alert(1)",
    "data:text/html,<script>alert(1)</script>",
    "vbscript:msgbox(1)",
    "ftp://evil.example/x",
    "mailto:a@evil.example",
    "evil.example",
    "www.evil.example/areas",
    "@evil.example",
    ".evil.example",
    "?//evil.example",
    "#//evil.example",
    "\u2215\u2215evil.example",
    "/\u2028/evil.example",
    "\uff0f\uff0fevil.example",
    "https://localhost@evil.example/",
    "https://localhost.evil.example/",
    "//localhost:80@evil.example",
    "/ok\r\nSet-Cookie: hub=planted",
    "/ok\r\n\r\n<h1>planted</h1>",
)
OWN = (
    "/",
    "/areas/F09000001/summary?to=2026-01",
    "/uploads/?page=2",
    "/areas/north/hotspots#map",
    "/.//x",
    "/a%0d%0ab",
)


@pytest.fixture
def officer(people: dict[Role, str]) -> str:
    return people[Role.CSP_OFFICER]


def where_a_browser_goes(location: str) -> str:
    """Resolve an address as browsers do: tabs and line ends are skipped, and a backslash is a slash."""
    for skipped in "\t\n\r":
        location = location.replace(skipped, "")
    return urljoin("http://localhost/sign-in", location.strip("\x00 \x0b\x0c").replace("\\", "/"))


# --- In and out ------------------------------------------------------------------------------------------------------


def test_somebody_is_sent_to_the_page_they_asked_for(client: StrictClient, officer: str) -> None:
    asked = client.get("/?month=2026-01")
    assert (asked.status_code, asked.location) == (302, "/sign-in?next=/?month%3D2026-01")
    client.get(asked.location)
    [wanted] = [field.get("value") for field in client.page.all("input") if field.get("name") == "next"]
    signed_in = client.submit("/sign-in", {"email": officer, "password": PASSWORD, "next": wanted})
    assert (signed_in.status_code, signed_in.location) == (302, "/?month=2026-01")
    assert client.get(signed_in.location).status_code == 200
    assert client.page.h1 == "To do"
    assert "CSP officer" in client.page.text


def test_a_wrong_try_is_told_so_at_the_top_and_keeps_the_address_typed(client: StrictClient, officer: str) -> None:
    refused = client.sign_in(officer, "wrong password", next_page="/uploads/")
    assert refused.status_code == 401
    assert client.page.title.startswith("Error: Sign in")
    assert client.page.errors == ["The e-mail address or the password is wrong. Check both and try again."]
    fields = {field.get("name"): field for field in client.page.all("input")}
    assert fields["email"].get("value") == officer
    assert fields["next"].get("value") == "/uploads/"
    assert not fields["password"].get("value")
    assert "wrong password" not in refused.get_data(as_text=True)
    assert client.get("/").status_code == 302


def test_the_page_is_the_same_whether_or_not_there_is_an_account(app: Flask, officer: str) -> None:
    def refusal(email: str) -> tuple[int, str]:
        client = app.test_client()
        response = client.sign_in(email, "wrong password")
        return response.status_code, client.page.main

    assert refusal(officer) == refusal("who@test.example")


def test_an_empty_form_is_told_what_is_missing(client: StrictClient, people: dict[Role, str]) -> None:
    assert client.sign_in("", "").status_code == 400
    assert client.page.errors == ["Enter your e-mail address", "Enter your password"]
    assert client.sign_in("a" * 300 + "@test.example", "x").status_code == 400
    assert client.page.errors == ["Enter an e-mail address that is not so long"]


def test_too_many_tries_are_told_how_long_to_wait(client: StrictClient, officer: str) -> None:
    assert {client.sign_in(officer, "wrong password").status_code for _ in range(5)} == {401}
    assert client.sign_in(officer, PASSWORD).status_code == 429
    assert client.page.errors == ["There were too many tries to sign in. Wait 1 second, then try again."]


def test_the_fields_help_a_password_manager_and_a_keyboard(client: StrictClient, people: dict[Role, str]) -> None:
    client.get("/sign-in")
    fields = {field.get("name"): field for field in client.page.all("input")}
    assert (fields["email"].get("type"), fields["email"].get("autocomplete")) == ("email", "username")
    assert (fields["password"].get("type"), fields["password"].get("autocomplete")) == ("password", "current-password")
    assert not [element for element in client.page.tree.iter() if element.get("tabindex", "0") not in {"0", "-1"}]


def test_signing_out_ends_it_on_the_server_too(client: StrictClient, officer: str) -> None:
    client.sign_in(officer, PASSWORD)
    client.get("/")
    cookie = client.get_cookie("hub")
    assert cookie is not None
    assert client.sign_out().location == "/sign-in"
    assert client.get("/").status_code == 302
    client.set_cookie("hub", cookie.value)
    assert client.get("/").status_code == 302, "the cookie of before still worked"
    assert client.sign_out().location == "/sign-in", "signing out twice is no error"


def test_a_page_seen_before_signing_out_is_not_kept_for_the_back_button(client: StrictClient, officer: str) -> None:
    client.sign_in(officer, PASSWORD)
    assert client.get("/").headers["Cache-Control"] == "no-store, private"
    client.sign_out()
    assert client.get("/").headers["Cache-Control"] == "no-store, private"


def test_somebody_signed_in_is_not_asked_again(client: StrictClient, officer: str) -> None:
    client.sign_in(officer, PASSWORD)
    assert client.get("/sign-in").location == "/"
    assert client.get("/sign-in?next=/uploads/").location == "/uploads/"
    assert client.get("/sign-in?next=//evil.example").location == "/"


# --- Sessions --------------------------------------------------------------------------------------------------------


def test_a_cookie_planted_before_signing_in_is_worth_nothing_after(
    app: Flask, officer: str, database: Database
) -> None:
    """Session fixation: the attacker has the victim's cookie of before, and learns nothing of the one after."""
    victim, attacker = app.test_client(), app.test_client()
    attacker.get("/sign-in")
    planted = attacker.get_cookie("hub")
    assert planted is not None
    victim.set_cookie("hub", planted.value)
    victim.csrf_token = attacker.csrf_token
    signed_in = victim.submit("/sign-in", {"email": officer, "password": PASSWORD})
    assert signed_in.status_code == 302
    after = victim.get_cookie("hub")
    assert after is not None
    assert after.value != planted.value
    assert attacker.get("/").status_code == 302
    victim.get("/")
    assert victim.csrf_token != attacker.csrf_token
    refused = victim.post("/sign-out", data={"csrf_token": attacker.csrf_token})
    assert refused.status_code == 400, "a token of before is not one of after"
    assert victim.get("/").status_code == 200


def test_a_cookie_cannot_be_made_up(client: StrictClient, officer: str, database: Database) -> None:
    with database.reading() as session:
        person_id = session.scalars(select(Person.id).where(Person.email == officer)).one()
    for made_up in (f'{{"_user_id":"{person_id}"}}', "eyJfdXNlcl9pZCI6IjEifQ.aaaaaa.bbbbbbbb", "x" * 3000):
        client.set_cookie("hub", made_up)
        assert client.get("/").status_code == 302


def test_the_cookie_does_not_hold_who_it_is(client: StrictClient, officer: str, database: Database) -> None:
    client.sign_in(officer, PASSWORD)
    with database.reading() as session:
        person = session.scalars(select(Person).where(Person.email == officer)).one()
        kept = session.scalars(select(SignInSession.token_hash)).one()
    with client.session_transaction() as cookie:
        written = str(dict(cookie))
    assert cookie["_user_id"]
    for unwanted in (str(person.id), officer, kept):
        assert unwanted not in written


def test_signing_in_as_another_ends_the_sign_in_of_before(
    client: StrictClient, people: dict[Role, str], database: Database
) -> None:
    client.sign_in(people[Role.CSP_OFFICER], PASSWORD)
    client.get("/")
    client.submit("/sign-in", {"email": people[Role.COUNCIL_LEADER], "password": PASSWORD})
    client.get("/")
    assert "Council leader" in client.page.text
    with database.reading() as session:
        ended = session.scalars(select(SignInSession.ended_at).order_by(SignInSession.began_at)).all()
    assert ended[0] is not None
    assert ended[1:] == [None]


def test_a_failed_try_leaves_the_sign_in_of_before_alone(client: StrictClient, people: dict[Role, str]) -> None:
    client.sign_in(people[Role.CSP_OFFICER], PASSWORD)
    client.get("/")
    assert client.submit("/sign-in", {"email": "who@test.example", "password": "x"}).status_code == 401
    assert client.get("/").status_code == 200


def test_half_an_hour_without_a_request_asks_for_a_sign_in(
    client: StrictClient, officer: str, database: Database
) -> None:
    client.sign_in(officer, PASSWORD)
    assert client.get("/").status_code == 200
    with database.writing() as session:
        session.execute(update(SignInSession).values(last_seen_at=dt.datetime.now(dt.UTC) - dt.timedelta(minutes=31)))
    assert client.get("/").location == "/sign-in?next=/"


def test_a_page_asked_for_notes_that_somebody_was_seen_and_leaves_its_own_session_clean(
    client: StrictClient, officer: str, database: Database
) -> None:
    client.sign_in(officer, PASSWORD)
    earlier = dt.datetime.now(dt.UTC) - dt.timedelta(minutes=20)
    with database.writing() as session:
        session.execute(update(SignInSession).values(last_seen_at=earlier))
    assert client.get("/").status_code == 200
    with database.reading() as session:
        assert session.scalars(select(SignInSession.last_seen_at)).one() > earlier + dt.timedelta(minutes=19)


def test_a_role_taken_away_and_an_account_switched_off_tell_on_the_next_request(
    client: StrictClient, people: dict[Role, str], database: Database
) -> None:
    client.sign_in(people[Role.BOROUGH_POLICE_LEAD], PASSWORD)
    client.get("/")
    assert "Alder" in client.page.main
    with database.writing() as session:
        session.execute(update(Membership).values(borough_code=ELSEWHERE).where(Membership.borough_code == HOME))
    client.get("/")
    assert "Cedar" in client.page.main
    assert "Alder" not in client.page.main
    with database.writing() as session:
        session.execute(update(Membership).values(starts_on=dt.date(2019, 1, 1), ends_on=dt.date(2020, 1, 1)))
    assert client.get("/").status_code == 200
    assert "No role you hold is in force today" in client.page.main
    with database.writing() as session:
        session.execute(update(Person).values(is_active=False))
    assert client.get("/").status_code == 302


# --- Hostile requests ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
def test_next_leads_only_to_the_hubs_own_pages(app: Flask, officer: str) -> None:
    assert len(HOSTILE) >= 40
    for wanted in HOSTILE:
        client = app.test_client()
        client.get("/sign-in", query_string={"next": wanted})
        response = client.submit("/sign-in", {"email": officer, "password": PASSWORD, "next": wanted})
        if response.status_code == 400:  # PostgreSQL could not keep the character
            assert "\x00" in wanted
            continue
        assert response.status_code == 302, repr(wanted)
        assert response.location == "/", repr(wanted)
        assert "planted" not in str(response.headers), repr(wanted)
        assert urlsplit(where_a_browser_goes(response.location)).netloc == "localhost"
        again = client.get("/sign-in", query_string={"next": wanted})
        assert again.status_code in {302, 400}
        assert again.location in {"/", None}, repr(wanted)


@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
def test_next_keeps_the_address_of_an_own_page(app: Flask, officer: str) -> None:
    for wanted in OWN:
        location = app.test_client().sign_in(officer, PASSWORD, next_page=wanted).location
        assert location == wanted
        assert urlsplit(where_a_browser_goes(location)).netloc == "localhost"


def test_fields_that_the_form_does_not_have_change_nothing(
    client: StrictClient, people: dict[Role, str], database: Database
) -> None:
    """Mass assignment."""
    planted = {"role": "administrator", "is_london": "1", "borough_code": ELSEWHERE, "is_active": "1", "person_id": "1"}
    client.get("/sign-in")
    fields = {"email": people[Role.COUNCIL_LEADER], "password": PASSWORD, **planted}
    assert client.submit("/sign-in", fields).status_code == 302
    client.get("/")
    assert "Cedar" not in client.page.main
    with database.reading() as session:
        held = session.scalars(
            select(Membership.borough_code).join(Person).where(Person.email == people[Role.COUNCIL_LEADER])
        )
        assert held.all() == [HOME]


def test_what_somebody_types_is_shown_and_never_run(client: StrictClient, people: dict[Role, str]) -> None:
    typed = '"><script>alert(1)</script><img src=x onerror=alert(1)>'
    client.sign_in(typed, "x", next_page=typed)
    [field] = [field for field in client.page.all("input") if field.get("name") == "email"]
    assert field.get("value") == typed


def test_what_somebody_types_stands_in_no_log(
    client: StrictClient, officer: str, caplog: pytest.LogCaptureFixture
) -> None:
    for name in ("hub", "flask", "werkzeug"):
        caplog.set_level(logging.DEBUG, name)
    client.sign_in(officer, "a planted password")
    client.sign_in(officer, PASSWORD)
    client.get("/")
    with client.session_transaction() as cookie:
        token = cookie["_user_id"]
    client.sign_out()
    for typed in (officer, "a planted password", PASSWORD, token):
        assert typed not in caplog.text


def test_the_sign_in_page_says_nothing_of_the_hub_to_somebody_outside(
    client: StrictClient, people: dict[Role, str]
) -> None:
    page = client.get("/sign-in").get_data(as_text=True)

    class Links(HTMLParser):
        """Collects where the page links to."""

        found: list[str]

        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            self.found += [value or "" for name, value in attrs if tag == "a" and name == "href"]

    links = Links()
    links.found = []
    links.feed(page)
    assert set(links.found) == {"#main-content", "/", "/new-password"}
    for unwanted in ("Alder", "North", "test.example", "Werkzeug"):
        assert unwanted not in page
