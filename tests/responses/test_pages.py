"""The pages of patrols: planning, the list of today, recording on a form that is filled already, correcting."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from uuid import UUID, uuid4

import pytest

from hub.access import Role
from hub.problems import service as problems
from hub.responses import service
from hub.words import LONDON
from tests.client import StrictClient
from tests.conftest import PASSWORD
from tests.responses.conftest import EVERY_DAY, a_plan, a_visit
from tests.uploads.desk import Desk

OFFICER = Role.CSP_OFFICER
TODAY = problems.today()
DAY = dt.timedelta(days=1)
DAYS = {"first_day": (TODAY - 20 * DAY).isoformat(), "last_day": (TODAY + 20 * DAY).isoformat()}


@pytest.fixture
def address(client: StrictClient, people: Mapping[Role, str], opened: UUID, response: UUID) -> str:
    """Where the patrols are, for an officer who is signed in."""
    client.sign_in(people[OFFICER], PASSWORD)
    return f"/problems/{opened}/responses/{response}/patrols"


def test_an_officer_plans_patrols_and_plans_them_otherwise(client: StrictClient, address: str, opened: UUID) -> None:
    assert client.get(address).status_code == 404
    assert f"{address}/plan" in client.get(f"/problems/{opened}").text
    form = client.get(f"{address}/plan")
    assert "Bus station" in form.text, "the place is proposed"
    assert 'value="15:00"' in form.text, "and hours, where no clock says better"
    given = {**a_plan(**DAYS, spots="<b>North</b> gate\nSouth gate"), "weekdays": list(EVERY_DAY), "follows": "0"}
    wrong = client.post(f"{address}/plan", data={**given, "closes": "17:30", "csrf_token": client.csrf_token})
    assert wrong.status_code == 400
    assert "people could foresee them" in wrong.text
    assert "South gate" in wrong.text, "what was typed stays"
    sent = client.post(f"{address}/plan", data={**given, "csrf_token": client.csrf_token})
    assert sent.status_code == 302
    page = client.get(address).text
    assert "&lt;b&gt;North&lt;/b&gt; gate" in page
    assert "do not copy this list" in page
    assert "less than two thirds of the plan was given" in page
    for shown in ("Today", "Tomorrow"):
        assert shown in page
    overview = client.get(f"/problems/{opened}").text
    assert "2 visits of 15 minutes a day, every day" in overview
    assert "Patrol plan: 2 visits of 15 minutes" in overview, "it is in the history"
    again = client.get(f"{address}/plan").text
    assert "holds from tomorrow on" in again
    again = {**given, "visits": "3", "follows": "1", "csrf_token": client.csrf_token}
    assert client.post(f"{address}/plan", data=again).status_code == 302
    late = client.post(f"{address}/plan", data=again)
    assert late.status_code == 409
    assert "since you opened the page" in late.text


def test_a_visit_is_recorded_from_the_list_corrected_and_taken_back(
    client: StrictClient, desk: Desk, people: Mapping[Role, str], opened: UUID, response: UUID, address: str
) -> None:
    with desk.writing(people[OFFICER]) as viewer:
        service.plan(viewer, opened, response, a_plan(**DAYS, opens="00:00", closes="23:59"), EVERY_DAY)
        [_, (_, tomorrows), _] = service.patrol(viewer, opened, response, TODAY - DAY).next_days
    client.get(f"{address}?time={tomorrows[0].at:%H:%M}&spot={tomorrows[0].spot}")
    form = _form(client)
    assert (form["time"], form["minutes"], form["body"]) == (f"{tomorrows[0].at:%H:%M}", "15", "police")
    assert form["spot"] == tomorrows[0].spot
    past = (dt.datetime.now(LONDON) - dt.timedelta(days=1)).date()
    given = {**form, "day": past.isoformat(), "words": "<script>x</script> Spoke with staff"}
    wrong = client.post(f"{address}/visits", data={**given, "minutes": "x"})
    assert wrong.status_code == 400
    assert "whole number from 1 to 240" in wrong.text
    for _ in range(2):  # A thumb that taps twice records one.
        assert client.post(f"{address}/visits", data=given).status_code == 302
    page = client.get(address).text
    assert page.count("&lt;script&gt;x&lt;/script&gt; Spoke with staff") == 1
    assert "1 visit was made of 40 planned, for 15 minutes of 600." in page
    correct = f"{address}/visits/{form['visit']}"
    client.get(correct)
    form = _form(client)
    wrong = client.post(f"{address}/visits", data={**form, "spot": "Elsewhere"})
    assert (wrong.status_code, "Correct the visit" in wrong.text) == (400, True)
    assert client.post(f"{address}/visits", data={**form, "minutes": "20"}).status_code == 302
    assert client.post(f"{address}/visits", data={**form, "minutes": "25"}).status_code == 409
    assert "for 20 minutes of 600" in client.get(address).text
    client.get(correct)
    token = {"csrf_token": client.csrf_token}
    assert client.post(f"{correct}/take-back", data={**token, "follows": "1"}).status_code == 409
    assert client.post(f"{correct}/take-back", data={**token, "follows": "2"}).status_code == 302
    assert "0 visits were made of 40 planned" in client.get(address).text
    assert client.get(correct).status_code == 404
    nothing = {**a_visit(past), "visit": "x", "follows": "0", **token}
    assert client.post(f"{address}/visits", data=nothing).status_code == 404


def test_a_leader_is_told_nothing_of_patrols(
    client: StrictClient, desk: Desk, people: Mapping[Role, str], opened: UUID, response: UUID
) -> None:
    address = f"/problems/{opened}/responses/{response}/patrols"
    with desk.writing(people[OFFICER]) as viewer:
        service.plan(viewer, opened, response, a_plan(**DAYS), EVERY_DAY)
        service.record_visit(viewer, opened, response, uuid4(), a_visit(TODAY - DAY))
    client.sign_in(people[Role.COUNCIL_LEADER], PASSWORD)
    assert client.get(address).status_code == 403
    for page in ("/", "/summaries"):
        assert "gate" not in client.get(page, follow_redirects=True).text


def _form(client: StrictClient) -> dict[str, str]:
    """What the form of a visit is filled with."""
    assert client.page is not None
    found = {}
    for one in client.page.all("input"):
        if one.get("type") != "radio" or one.get("checked") is not None:
            found[one.get("name", "")] = one.get("value", "")
    chosen = next(one for one in client.page.all("option") if one.get("selected") is not None)
    return {**found, "body": chosen.get("value", ""), "csrf_token": client.csrf_token or ""}
