"""Tasks have a day, are followed up, listed for whoever is asked and met about, inside their problem's boroughs."""

from __future__ import annotations

import datetime as dt
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select

from hub import audit
from hub.access import Permission, Role
from hub.db import EVERYWHERE
from hub.errors import NotFound
from hub.places import service as places
from hub.problems import addresses, contents
from hub.problems import service as problems
from hub.problems.models import Entry, OutsideAddress
from hub.problems.terms import Kind, Stage
from hub.problems.wording import Unfit
from hub.tasking import service
from tests.client import StrictClient
from tests.conftest import ELSEWHERE, HOME, PASSWORD, SIBLING
from tests.problems.conftest import STRANGER, an_opening
from tests.tasking.conftest import a_task, ask, follow_up, person_of
from tests.uploads.desk import Desk

OFFICER, COMMANDER, POLICE = Role.CSP_OFFICER, Role.BCU_COMMANDER, Role.BOROUGH_POLICE_LEAD
TODAY = problems.today()
DAY = dt.timedelta(days=1)


def test_a_task_is_whose_it_is_asked_of_until_it_is_over(desk: Desk, people: dict[Role, str], opened: UUID) -> None:
    whose = person_of(desk, people[POLICE])
    later = ask(desk, people[OFFICER], opened, TODAY + 3 * DAY, person=whose, words="Walk the route")
    late = ask(desk, people[OFFICER], opened, TODAY - 2 * DAY, person=whose)
    ask(desk, people[OFFICER], opened, TODAY, outside="lighting@council.example")
    with desk.reading(people[POLICE]) as viewer:
        tasks = service.mine(viewer, TODAY)
    assert [(one.id, one.words, one.when, one.is_late, one.is_soon) for one in tasks] == [
        (late, "Cut the hedge", "2 days late", True, False),
        (later, "Walk the route", "due in 3 days", False, True),
    ]
    assert tasks[0].whose.startswith("Council: ")
    follow_up(desk, people[POLICE], opened, late, status="done", done="Cut on Monday.")
    follow_up(desk, people[POLICE], opened, later, person="", outside="")
    with desk.reading(people[POLICE]) as viewer:
        assert service.mine(viewer, TODAY) == []
        one = service.task(viewer, opened, late, TODAY)
        assert (one.is_open, one.is_late, one.done) == (False, False, "Cut on Monday.")
        assert len([line for line in problems.record(viewer, opened).history if line.kind is Kind.TASK]) == 5
        for problem_id, task_id in ((opened, uuid4()), (uuid4(), late)):
            with pytest.raises(NotFound):
                service.task(viewer, problem_id, task_id, TODAY)


LIGHTING = "Lighting@Council.example"


def test_an_address_outside_the_hub_is_erased_for_good_where_its_eraser_may_write_and_the_tasks_stay(
    desk: Desk, people: dict[Role, str], opened: UUID
) -> None:
    task = ask(desk, people[OFFICER], opened, TODAY, outside=LIGHTING)
    follow_up(desk, people[POLICE], opened, task, status="under_way")
    kept = ask(desk, people[OFFICER], opened, TODAY, outside="other@council.example")
    with desk.writing(STRANGER) as viewer:
        theirs = problems.open_problem(viewer, an_opening(ELSEWHERE)).id
    of_another = ask(desk, STRANGER, theirs, TODAY, outside=LIGHTING)
    with desk.writing(people[OFFICER]) as viewer:
        problems.move(viewer, opened, Stage.CLOSED, "It is over.")
        with pytest.raises(Unfit, match="No task that you may write to"):
            addresses.erase(viewer, "nobody@council.example")
        assert addresses.erase(viewer, " lighting@council.example ") == 1
        record = problems.record(viewer, opened)
        assert {one.id: one.body["outside"] for one in record.of(Kind.TASK)} == {
            task: "",
            kept: "other@council.example",
        }
        assert [one.body["words"] for one in record.of(Kind.TASK)] == ["Cut the hedge"] * 2
        assert LIGHTING not in str([line.body for line in record.history])
    with desk.reading(STRANGER) as viewer:
        assert service.task(viewer, theirs, of_another, TODAY).outside == LIGHTING, "another borough's own"
    with desk.database.reading() as session, session.scoped(EVERYWHERE):
        told = [(one.subject, one.boroughs, one.details) for one in audit.entries(session) if "erased" in one.action]
        assert told == [(str(opened), [HOME], {"tasks": 1})]
        assert [row.problem_id for row in session.scalars(select(OutsideAddress)) if row.address == LIGHTING] == [
            theirs
        ]
        entries = session.scalars(select(Entry).where(Entry.kind == Kind.TASK))
        assert not any("@" in entry.body["outside"] for entry in entries)


def test_only_addresses_of_listed_domains_may_be_given(desk: Desk, people: dict[Role, str], opened: UUID) -> None:
    for address in ("a@evil.test", "a@not.anexample", "a@b.example.evil.test"):
        with pytest.raises(Unfit, match=r"may not write to addresses at .* HUB_OUTSIDE_DOMAINS"):
            ask(desk, people[OFFICER], opened, TODAY, outside=address)
    assert contents.is_of_domain("a@Council.Example", ("council.example",))
    assert contents.is_of_domain("a@lights.council.example", ("Council.example",))
    assert "none yet" in contents.fault_of_domain("a@council.example", ())


def test_the_page_erases_an_address_and_says_where_none_is(
    client: StrictClient, desk: Desk, people: dict[Role, str], opened: UUID
) -> None:
    ask(desk, people[OFFICER], opened, TODAY, outside=LIGHTING)
    client.sign_in(people[OFFICER], PASSWORD)
    assert "Erase an address from tasks" in client.get("/tasks").text
    client.get("/tasks/addresses")
    form = {"csrf_token": client.csrf_token, "address": "nobody@council.example"}
    missed = client.post("/tasks/addresses", data=form)
    assert (missed.status_code, "No task that you may write to" in missed.text) == (400, True)
    assert 'value="nobody@council.example"' in missed.text
    assert client.post("/tasks/addresses", data={**form, "address": LIGHTING}).status_code == 302
    assert "erased from 1 task" in client.get("/tasks").text
    assert LIGHTING not in client.get(f"/problems/{opened}").text


def test_what_cannot_be_asked_is_refused(desk: Desk, people: dict[Role, str], opened: UUID) -> None:
    whose = person_of(desk, people[POLICE])
    for given, field in (
        ({"outside": "not an address"}, "outside"),
        ({"outside": "a@b.example\nBcc: c@d.example"}, "outside"),
        ({"outside": f"{'x' * 250}@b.example"}, "outside"),
        ({"outside": "a@b.example", "person": whose}, "outside"),
        ({"person": person_of(desk, STRANGER)}, "person"),
        ({"status": "done"}, "done"),
        ({"status": "nonsense"}, "status"),
        ({"due": "soon"}, "due"),
        ({"due": ""}, "due"),
        ({"words": "Write to jo@example.org"}, "words"),
    ):
        with desk.writing(people[OFFICER]) as viewer, pytest.raises(Unfit) as refused:
            problems.write(viewer, opened, Kind.TASK, a_task(TODAY) | given)
        assert list(refused.value.faults) == [field], given


def test_partners_meet_about_what_is_late_due_done_and_decided_in_their_area(
    desk: Desk, people: dict[Role, str], opened: UUID
) -> None:
    officer = people[OFFICER]
    late = ask(desk, officer, opened, TODAY - DAY)
    later_still = ask(desk, officer, opened, TODAY - 9 * DAY)
    soon = ask(desk, officer, opened, TODAY + service.DAYS_AHEAD * DAY)
    ask(desk, officer, opened, TODAY + (service.DAYS_AHEAD + 1) * DAY)
    done = ask(desk, officer, opened, TODAY)
    follow_up(desk, officer, opened, done, status="dropped")
    with desk.writing(people[COMMANDER]) as viewer:
        elsewhere = problems.open_problem(viewer, an_opening(SIBLING, title="Of the borough beside")).id
        closed = problems.open_problem(viewer, an_opening(HOME, title="Closed")).id
        problems.write(viewer, closed, Kind.TASK, a_task(TODAY - DAY))
        problems.move(viewer, closed, Stage.CLOSED, "It is over.")
    with desk.writing(officer) as viewer:
        home = places.area(viewer, HOME, Permission.PROBLEM_READ)
        service.decide(viewer, home, opened, "Light the path first", (TODAY - DAY).isoformat())
        service.decide(viewer, home, opened, "Too old", (TODAY - (service.DAYS_BACK + 1) * DAY).isoformat())
        found = service.meeting(viewer, home, TODAY)
        assert [one.id for one in found.late] == [later_still, late]
        assert [one.id for one in found.due] == [soon]
        assert [one.id for one in found.done] == [done]
        assert [(one.words, one.problem_id) for one in found.decided] == [("Light the path first", opened)]
        assert ([one.id for one in found.problems], found.later) == ([opened], 1)
        assert found.sentence == "1 problem is open; 2 tasks are late, and 1 is due in the next 28 days."
        with pytest.raises(NotFound):
            service.decide(viewer, home, elsewhere, "Not ours", TODAY.isoformat())
    with desk.writing(people[COMMANDER]) as viewer:
        home = places.area(viewer, HOME, Permission.PROBLEM_READ)
        with pytest.raises(NotFound):
            service.decide(viewer, home, elsewhere, "Of another borough", TODAY.isoformat())
        north = places.area(viewer, "north", Permission.PROBLEM_READ)
        assert {one.id for one in service.meeting(viewer, north, TODAY).problems} == {opened, elsewhere}
    with desk.reading(STRANGER) as viewer:
        with pytest.raises(NotFound):
            service.meeting(viewer, home, TODAY)
        away = places.area(viewer, ELSEWHERE, Permission.PROBLEM_READ)
        nothing = service.meeting(viewer, away, TODAY)
        assert nothing.sentence == "0 problems are open; no task is late, and 0 are due in the next 28 days."
        assert [*nothing.done, *nothing.decided] == []


def test_the_pages_show_tasks_and_take_a_decision(
    client: StrictClient, desk: Desk, people: dict[Role, str], opened: UUID
) -> None:
    email = people[OFFICER]
    task = ask(desk, email, opened, TODAY - DAY, person=person_of(desk, email), words="<b>Cut</b> the hedge")
    client.sign_in(email, PASSWORD)
    for address in ("/", "/tasks", f"/areas/{HOME}/meeting"):
        answer = client.get(address)
        assert answer.status_code == 200
        assert "&lt;b&gt;Cut&lt;/b&gt; the hedge" in answer.text, address
        assert f"/problems/{opened}#{task}" in answer.text
        assert "Late" in answer.text
    client.get(f"/problems/{opened}")
    assert client.page is not None
    assert "Due by" in client.page.main
    form = {"csrf_token": client.csrf_token, "problem": str(opened), "words": "Light the path", "on": TODAY.isoformat()}
    for wrong in ({"problem": "x"}, {"words": ""}, {"on": "soon"}):
        answer = client.post(f"/areas/{HOME}/meeting/decisions", data={**form, **wrong})
        assert answer.status_code == 400
        assert "There is a problem" in answer.text
    assert client.post(f"/areas/{HOME}/meeting/decisions", data=form).status_code == 302
    assert "Light the path" in client.get(f"/areas/{HOME}/meeting").text
    assert "A decision" in client.get(f"/problems/{opened}").text
