"""A template writes all that it showed, once, as entries that are changed like any other."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from itertools import pairwise
from uuid import UUID

import pytest

from hub.access import Permission, Role
from hub.errors import Conflict, NotFound
from hub.places import service as places
from hub.problems import contents
from hub.problems import service as problems
from hub.problems.choices import choices
from hub.problems.service import RESPONSE_BEFORE_ANALYSIS
from hub.problems.terms import Kind
from hub.problems.wording import Unfit
from hub.responses import phases, ready_made, service
from hub.responses.ready_made import Template, made, template, templates
from hub.tasking import packs
from hub.tasking import service as tasking
from tests.client import StrictClient
from tests.conftest import HOME, PASSWORD
from tests.problems.conftest import SIBLINGS
from tests.responses.conftest import EVERY_DAY, a_plan
from tests.uploads.desk import Desk

OFFICER = Role.CSP_OFFICER
TODAY = problems.today()
CLEAR_HOLD_BUILD, PATROL = template("clear_hold_build"), template("patrol")


def filled(of: Template, **given: str) -> dict[str, str]:
    """What is asked, from today."""
    asked = {"first_day": TODAY.isoformat(), "assess": ""}
    for part in of.parts:
        asked |= {f"{part.field}_weeks": "4", f"{part.field}_body": part.body, f"{part.field}_person": ""}
    return {**a_plan(), **asked, **given}


@pytest.mark.parametrize("of", templates().values(), ids=lambda one: one.key)
def test_what_is_shipped_can_be_written(of: Template) -> None:
    for line in made(of, filled(of), EVERY_DAY, ()).lines:
        assert contents.fit(line.kind, line.body)
    for part in of.parts:
        assert part.key in {"", *choices().phases}
        assert part.body in choices().bodies
        assert all(task.body in choices().bodies and task.weeks <= part.weeks for task in part.tasks)


def test_phases_follow_each_other_and_tasks_stay_inside_theirs() -> None:
    assess = TODAY + dt.timedelta(days=300)
    lines = made(CLEAR_HOLD_BUILD, filled(CLEAR_HOLD_BUILD, assess=assess.isoformat()), (), ()).lines
    responses = [line for line in lines if line.kind is Kind.RESPONSE]
    assert [line.body["phase"] for line in responses] == ["clear", "hold", "build"]
    for before, after in pairwise(responses):
        assert dt.date.fromisoformat(after.body["start"]) == dt.date.fromisoformat(before.body["end"]) + dt.timedelta(1)
    assert [line.body["assess"] for line in responses] == ["", "", assess.isoformat()]
    last = dt.date.fromisoformat(responses[0].body["end"])
    dues = [dt.date.fromisoformat(line.body["due"]) for line in lines[:5] if line.kind is Kind.TASK]
    assert dues == [TODAY + dt.timedelta(days=6), TODAY + dt.timedelta(days=13), last]


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"first_day": "soon"}, "first_day"),
        ({"assess": "later"}, "assess"),
        ({"assess": TODAY.isoformat()}, "assess"),
        ({"clear_weeks": "0"}, "clear_weeks"),
        ({"hold_weeks": "105"}, "hold_weeks"),
        ({"build_weeks": ""}, "build_weeks"),
        ({"clear_body": "martians"}, "clear_body"),
        ({"build_person": "nobody"}, "build_person"),
    ],
)
def test_what_cannot_stand_is_refused(given: dict[str, str], field: str) -> None:
    with pytest.raises(Unfit) as refused:
        made(CLEAR_HOLD_BUILD, filled(CLEAR_HOLD_BUILD, **given), (), ())
    assert list(refused.value.faults) == [field]


def test_patrols_that_cannot_stand_are_refused_with_the_rest() -> None:
    for given, field in (({"spots": ""}, "spots"), ({"response_weeks": "60"}, "last_day")):
        with pytest.raises(Unfit) as refused:
            made(PATROL, filled(PATROL, **given), EVERY_DAY, ())
        assert list(refused.value.faults) == [field]


def test_all_is_written_at_once_and_not_twice(desk: Desk, people: dict[Role, str], opened: UUID) -> None:
    email = people[OFFICER]
    with desk.writing(email) as viewer:
        follows = ready_made.last_entry(problems.record(viewer, opened))
        given = filled(PATROL, spots="Gate", response_person=str(viewer.person_id))
        ready_made.write(viewer, opened, PATROL, given, EVERY_DAY, follows=follows)
    with desk.writing(email) as viewer:
        record = problems.record(viewer, opened)
        assert [len(record.of(kind)) for kind in (Kind.OBJECTIVE, Kind.RESPONSE, Kind.TASK)] == [1, 1, 2]
        assert RESPONSE_BEFORE_ANALYSIS in record.warnings
        [response] = record.of(Kind.RESPONSE)
        found = service.patrol(viewer, opened, response.id, TODAY)
        assert (found.plan.first_day, found.plan.last_day) == (TODAY, TODAY + dt.timedelta(days=27))
        assert [one.person_id for one in tasking.of_problem(viewer, opened, TODAY)] == [viewer.person_id, None]
        with pytest.raises(Conflict, match="since you looked"):
            ready_made.write(viewer, opened, PATROL, given, EVERY_DAY, follows=follows)
        changed = {**response.body, "status": "under_way"}
        problems.write(viewer, opened, Kind.RESPONSE, changed, thing=response.id, follows=response.number)
    with desk.writing(email) as viewer:
        before = ready_made.last_entry(problems.record(viewer, opened))
        with pytest.raises(Unfit):
            ready_made.write(viewer, opened, PATROL, {**given, "spots": ""}, EVERY_DAY, follows=before)
        assert ready_made.last_entry(problems.record(viewer, opened)) == before
    with desk.writing(SIBLINGS) as viewer, pytest.raises(NotFound):
        ready_made.write(viewer, opened, PATROL, given, EVERY_DAY, follows=before)
    with pytest.raises(NotFound):
        template("version")


def test_todays_phase_is_said_at_the_problem_the_meeting_and_the_pack(
    client: StrictClient, desk: Desk, people: Mapping[Role, str], opened: UUID
) -> None:
    email = people[OFFICER]
    with desk.writing(email) as viewer:
        given = filled(CLEAR_HOLD_BUILD, first_day=(TODAY - dt.timedelta(weeks=5)).isoformat())
        follows = ready_made.last_entry(problems.record(viewer, opened))
        ready_made.write(viewer, opened, CLEAR_HOLD_BUILD, given, (), follows=follows)
    with desk.reading(email) as viewer:
        record = problems.record(viewer, opened)
        words = phases.of_record(record, TODAY)
        assert words.startswith("Today's phase is Hold until ")
        assert ", led by police. Build begins on " in words
        assert phases.of_area(viewer, [HOME], TODAY) == {opened: words}
        assert phases.of_record(record, TODAY - dt.timedelta(weeks=6)).startswith(
            "It is in no phase today. Clear begins"
        )
        assert phases.of_record(record, TODAY + dt.timedelta(weeks=60)) == "Its phases have ended."
        assert packs.pack(viewer, opened, TODAY).phase == words
        home = places.area(viewer, HOME, Permission.PROBLEM_READ)
        assert tasking.meeting(viewer, home, TODAY).phases == {opened: words}
    client.sign_in(email, PASSWORD)
    for address in (f"/problems/{opened}", f"/problems/{opened}/pack", f"/areas/{HOME}/meeting"):
        assert words.replace("'", "&#39;") in client.get(address).text, address


def test_a_response_that_is_no_phase_says_nothing() -> None:
    body = {"words": "Lights", "body": "council", "status": "under_way", "start": "2026-01-05"}
    assert phases.said([body], TODAY) == ""
    assert phases.said([{**body, "phase": "clear", "status": "stopped"}], TODAY) == ""
    assert phases.said([{**body, "phase": "clear"}], dt.date(2026, 1, 5)) == "Today's phase is Clear, led by council."


def test_an_officer_reads_what_a_template_writes_before_it_is_written(
    client: StrictClient, people: Mapping[Role, str], opened: UUID
) -> None:
    client.sign_in(people[OFFICER], PASSWORD)
    for of, sign in ((CLEAR_HOLD_BUILD, "Hold: keep the place stable"), (PATROL, "Patrol plan:")):
        address = f"/problems/{opened}/templates/{of.key}"
        assert address in client.get(f"/problems/{opened}").text
        form = client.get(address)
        assert RESPONSE_BEFORE_ANALYSIS in form.text
        asked = {one.get("name", ""): one.get("value", "") for one in client.page.all("input")}
        given = {**filled(of), "spots": "Gate\nYard", "follows": asked["follows"], "csrf_token": client.csrf_token}
        given |= {"weekdays": list(EVERY_DAY)}
        wrong = client.post(address, data={**given, "first_day": "soon"})
        assert (wrong.status_code, "There is a problem" in wrong.text) == (400, True)
        before = client.get(f"/problems/{opened}").text
        shown = client.post(address, data=given)
        assert shown.status_code == 200
        assert sign in shown.text
        assert client.get(f"/problems/{opened}").text.count("problem-history") == before.count("problem-history")
        sent = [(one.get("name", ""), one.get("value", "")) for one in _inputs(client, address, given)]
        written = client.post(address, data=_as_form(sent, client.csrf_token or ""))
        assert written.status_code == 302
        after = client.get(f"/problems/{opened}").text
        assert all(part.words in after for part in of.parts)
        again = client.post(address, data=_as_form(sent, client.csrf_token or ""))
        assert again.status_code == 409
        assert "since you looked" in again.text
    assert "to Gate and Yard" in after
    assert client.get(f"/problems/{opened}/templates/nonsense").status_code == 404


def _inputs(client: StrictClient, address: str, given: Mapping[str, object]) -> list[object]:
    """The fields of the form below what would be written."""
    client.post(address, data=given)
    assert client.page is not None
    return [one for one in client.page.all("input") if one.get("type") == "hidden" and one.get("name")]


def _as_form(sent: list[tuple[str, str]], token: str) -> dict[str, object]:
    found: dict[str, object] = {}
    for name, value in sent:
        found[name] = [*found.get(name, []), value] if name == "weekdays" else value
    return {**found, "csrf_token": token}
