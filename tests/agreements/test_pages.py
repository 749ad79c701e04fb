"""The pages of agreements, as an officer meets them: nothing typed is lost, whatever is refused."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

from hub.access import Role
from hub.agreements import service
from tests.agreements.written import as_form, some_terms
from tests.client import StrictClient
from tests.conftest import HOME, PASSWORD, SIBLING
from tests.uploads.desk import Desk

MARKUP = '<script>alert("x")</script>'


def value_of(client: StrictClient, name: str) -> str:
    """What a field of the page now holds."""
    for field in client.page.all("input", "textarea"):
        if field.get("name") == name:
            return field.get("value") or "".join(field.itertext()).strip()
    raise AssertionError(name)


def test_an_agreement_is_written_followed_and_ended(desk: Desk, people: dict[Role, str], client: StrictClient) -> None:
    client.sign_in(people[Role.CSP_OFFICER], PASSWORD)
    client.get("/agreements/new")
    sent = as_form(replace(some_terms("ISA-5"), purpose=MARKUP))
    response = client.submit("/agreements/new", sent)
    assert response.status_code == 302
    shown = response.headers["Location"]
    client.get(shown)
    assert "In force" in client.page.main
    assert MARKUP in client.page.main
    assert "Alder Council provides the data" in client.page.main
    assert client.page.main.count("Not used") == 1, "of the two gateways"
    client.get(f"{shown}/edit")
    assert value_of(client, "parties-1-name") == "Alder CSP"
    assert value_of(client, "signed_on") == ""
    followed = client.submit(f"{shown}/edit", {**sent, "power": "To act together.", "reference": "ISA-99"})
    assert followed.status_code == 302
    client.get(followed.headers["Location"])
    assert "Version 2, Alder" in client.page.main
    assert "Agreement ISA-5" in client.page.h1
    client.get(shown)
    assert "There is a newer version: version 2, in force" in client.page.main
    assert client.submit(f"{shown}/edit", sent).status_code == 409
    assert "Somebody has written version 2" in client.page.main
    assert value_of(client, "owner") == "Community Safety Manager"
    newest = followed.headers["Location"]
    assert client.submit(f"{newest}/end", {"because": ""}).status_code == 400
    assert client.submit(f"{newest}/end", {"because": "The council withdrew."}).status_code == 302
    client.get(newest)
    assert "Ended early" in client.page.main
    assert "The council withdrew." in client.page.main
    client.get("/agreements/")
    assert "Ended early" in client.page.main


def test_everything_wrong_is_said_at_once_and_nothing_typed_is_lost(
    desk: Desk, people: dict[Role, str], client: StrictClient
) -> None:
    client.sign_in(people[Role.CSP_OFFICER], PASSWORD)
    client.get("/agreements/new")
    sent = {
        **as_form(some_terms("ISA-6")),
        "owner": "",
        "duty": "",
        "starts_on": "31/02/2026",
        "retention_months": "five years",
        "parties-1-role": "owns",
        "datasets": "no_such_dataset",
    }
    assert client.submit("/agreements/new", sent).status_code == 400
    assert set(client.page.errors) == {
        "Say who answers for the agreement",
        "Choose what each party does",
        "Say under which gateway the data is shared: the duty, the power, or both",
        "'no_such_dataset' is not a valid choice for this field.",
        "Enter a whole number of months, such as 60",
        "Enter a real date, such as 31/03/2027",
    }
    for name in ("reference", "starts_on", "retention_months", "parties-1-name", "data_items"):
        assert value_of(client, name) == sent[name], name
    with desk.reading(people[Role.CSP_OFFICER]) as viewer:
        assert service.agreements(viewer, service.today()) == []


def test_a_date_may_be_written_as_people_write_it(desk: Desk, people: dict[Role, str], client: StrictClient) -> None:
    client.sign_in(people[Role.CSP_OFFICER], PASSWORD)
    start = service.today() - dt.timedelta(days=9)
    sent = as_form(some_terms("ISA-8", starts_on=start))
    client.get("/agreements/new")
    assert client.submit("/agreements/new", {**sent, "starts_on": f"{start:%d/%m/%Y}"}).status_code == 302
    with desk.reading(people[Role.CSP_OFFICER]) as viewer:
        assert [each.terms.starts_on for each in service.agreements(viewer, service.today())] == [start]


def test_an_administrator_writes_for_several_boroughs_at_once(
    desk: Desk, people: dict[Role, str], client: StrictClient
) -> None:
    client.sign_in(people[Role.ADMINISTRATOR], PASSWORD)
    client.get("/agreements/new")
    sent = as_form(some_terms("ISA-3"))
    assert client.submit("/agreements/new", sent).status_code == 400
    assert client.page.errors == ["Choose at least one borough"]
    assert client.submit("/agreements/new", {**sent, "boroughs": [HOME, SIBLING]}).status_code == 302
    assert client.submit("/agreements/new", {**sent, "boroughs": [HOME]}).status_code == 409
    assert "Alder has an agreement 'ISA-3' already" in client.page.main
    with desk.reading(people[Role.BCU_COMMANDER]) as viewer:
        assert {each.borough for each in service.agreements(viewer, service.today())} == {"Alder", "Birch"}
