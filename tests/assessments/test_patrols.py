"""An assessment says what was given of planned patrols, keeps it, and takes a plan without a visit as not delivered."""

from __future__ import annotations

import datetime as dt
from uuid import UUID, uuid4

import pytest

from hub.access import Role
from hub.assessments import service, wording, working
from hub.assessments.service import ShownAssessment, Standing
from hub.problems import service as problems
from hub.problems.terms import Kind
from hub.responses import service as responses
from tests.assessments.conftest import RESPONSE, Open
from tests.assessments.responses_made import BEGAN, IN_PLACE, PROMISED, robberies
from tests.client import StrictClient
from tests.conftest import HOME, PASSWORD
from tests.hotspots.figures_given import Figures, viewing
from tests.responses.conftest import a_plan, a_visit
from tests.uploads.desk import Desk

OFFICER = Role.CSP_OFFICER
DAYS = (PROMISED - BEGAN).days
MONDAYS = ("0",)


def planned(desk: Desk, email: str, problem_id: UUID, *, visits: int) -> UUID:
    """Plan a visit on each Monday from the first day of the response, and record some; returns the response's id."""
    with desk.writing(email) as viewer:
        [response] = problems.record(viewer, problem_id).of(Kind.RESPONSE)
        days = {"first_day": BEGAN.isoformat(), "last_day": (BEGAN + dt.timedelta(days=365)).isoformat()}
        responses.plan(viewer, problem_id, response.id, a_plan(visits="1", **days), MONDAYS)
        for week in range(visits):
            day = IN_PLACE + dt.timedelta(weeks=week)
            responses.record_visit(viewer, problem_id, response.id, uuid4(), a_visit(day, minutes="10"))
    return response.id


def kept(desk: Desk, email: str, problem_id: UUID) -> ShownAssessment:
    """Work one out as of the promised day, and read it."""
    with viewing(desk.database, email) as reader:
        worked = working.worked_out(reader, problem_id, PROMISED, is_promised=True)
    with desk.writing(email) as viewer:
        assessment_id = service.keep(viewer, problem_id, worked, PROMISED, PROMISED)
    assert assessment_id is not None
    with viewing(desk.database, email) as reader:
        return service.assessment(reader, problem_id, assessment_id)


def test_what_was_given_is_kept_and_shown_with_the_result(
    client: StrictClient, desk: Desk, live: Figures, people: dict[Role, str], open_one: Open
) -> None:
    live.points(HOME, robberies(kept=0.5))
    email, problem_id = people[OFFICER], open_one()
    planned(desk, email, problem_id, visits=30)
    shown = kept(desk, email, problem_id)
    assert (shown.line.result, shown.standing) == ("Fell", Standing.WHOLE)
    mondays = 53  # from 16 December 2024 to 15 December 2025
    assert {name: shown.responses[0][name] for name in ("planned", "given", "planned_minutes", "minutes")} == {
        "planned": mondays, "given": 30, "planned_minutes": 15 * mondays, "minutes": 300,
    }  # fmt: skip
    assert shown.found is not None
    [fact] = [one for one in wording.facts(shown.found) if one.name.startswith("Patrols")]
    assert (fact.value, fact.meaning) == ("38%", "300 of 795 minutes by that day.")
    client.sign_in(email, PASSWORD)
    page = client.get(f"/problems/{problem_id}/assessments/{shown.line.id}").text
    assert "Patrols: 30 of 53 planned visits, 300 of 795 minutes." in page


def test_a_plan_without_a_visit_is_not_delivered_whatever_the_response_says(
    client: StrictClient, desk: Desk, live: Figures, people: dict[Role, str], open_one: Open
) -> None:
    live.points(HOME, robberies(kept=0.5))
    email, problem_id = people[OFFICER], open_one()
    planned(desk, email, problem_id, visits=0)
    shown = kept(desk, email, problem_id)
    assert (shown.line.result, shown.line.reason) == ("Cannot tell", wording.REASONS["not_delivered"])
    assert shown.cost == 0
    client.sign_in(email, PASSWORD)
    page = client.get(f"/problems/{problem_id}/assessments/{shown.line.id}").text
    assert "No visit is recorded, so this response was not delivered." in page
    with desk.writing(email) as viewer:
        problems.write(viewer, problem_id, Kind.RESPONSE, {**RESPONSE, "words": "Lights"})
    beside = kept(desk, email, problem_id)
    assert beside.line.result == "Fell", "something else was delivered"
    assert beside.found is not None
    assert beside.found.implementation is None


@pytest.mark.parametrize(("method", "standing"), [("1", Standing.WHOLE), ("0", Standing.EARLIER)])
def test_an_assessment_from_before_patrols_still_reads(
    desk: Desk,
    live: Figures,
    people: dict[Role, str],
    open_one: Open,
    monkeypatch: pytest.MonkeyPatch,
    method: str,
    standing: Standing,
) -> None:
    live.points(HOME, robberies(kept=0.5))
    email, problem_id = people[OFFICER], open_one()
    with monkeypatch.context() as patch:
        patch.setattr(working, "METHOD", method)
        shown = kept(desk, email, problem_id)
    assert (shown.method, shown.standing, shown.line.result) == (method, standing, "Fell")
    assert "planned" not in shown.responses[0]
