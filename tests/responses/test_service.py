"""Patrols are planned, read and recorded inside their problem's boroughs, and nothing recorded is lost."""

from __future__ import annotations

import datetime as dt
from uuid import UUID, uuid4

import pytest
from sqlalchemy import delete, select, text, update

from hub.access import Role
from hub.audit import AuditEntry
from hub.db import EVERYWHERE
from hub.errors import Conflict, NotFound, OutsideScope
from hub.problems import service as problems
from hub.problems.models import Problem
from hub.problems.terms import Kind, Stage
from hub.problems.wording import Unfit
from hub.responses import service
from hub.responses.doses import Dose
from hub.responses.models import PatrolVisit
from tests.conftest import HOME, SIBLING
from tests.problems.conftest import SIBLINGS, STRANGER, an_opening
from tests.responses.conftest import EVERY_DAY, FIRST_DAY, RESPONSE, a_plan, a_visit
from tests.uploads.desk import Desk

OFFICER, COMMANDER, POLICE = Role.CSP_OFFICER, Role.BCU_COMMANDER, Role.BOROUGH_POLICE_LEAD
DAY = dt.timedelta(days=1)
NOW = dt.datetime.combine(FIRST_DAY + 20 * DAY, dt.time(22), dt.UTC)


def planned(desk: Desk, email: str, problem_id: UUID, response: UUID, **given: str) -> None:
    """Write a plan."""
    with desk.writing(email) as viewer:
        service.plan(viewer, problem_id, response, a_plan(**given), EVERY_DAY)


def recorded(desk: Desk, email: str, problem_id: UUID, response: UUID, day: dt.date, **given: str) -> UUID:
    """Record a visit; returns its id."""
    visit = uuid4()
    with desk.writing(email) as viewer:
        service.record_visit(viewer, problem_id, response, visit, a_visit(day, **given), now=NOW)
    return visit


def test_a_problem_whose_patrols_go_on_is_not_silent(
    desk: Desk, people: dict[Role, str], opened: UUID, response: UUID
) -> None:
    planned(desk, people[OFFICER], opened, response)
    with desk.database.writing() as session, session.scoped(EVERYWHERE):
        long_ago = problems.today() - 800 * DAY
        session.execute(update(Problem).values(changed_at=dt.datetime.combine(long_ago, dt.time(), dt.UTC)))
    with desk.reading(people[OFFICER]) as viewer:
        assert problems.record(viewer, opened).silent_until is not None
    recorded(desk, people[POLICE], opened, response, FIRST_DAY)
    with desk.reading(people[OFFICER]) as viewer:
        assert problems.record(viewer, opened).silent_until is None


def test_partners_read_the_same_list_and_what_was_given(
    desk: Desk, people: dict[Role, str], opened: UUID, response: UUID
) -> None:
    planned(desk, people[OFFICER], opened, response)
    recorded(desk, people[POLICE], opened, response, FIRST_DAY, words="Spoke with staff of the gates.")
    today = FIRST_DAY + 7 * DAY
    lists = []
    for role in (OFFICER, COMMANDER, POLICE):
        with desk.reading(people[role]) as viewer:
            found = service.patrol(viewer, opened, response, today)
            lists.append(found.next_days)
            assert found.dosage.total == Dose(14, 210, 1, 15)
            assert (found.is_running, found.may_write, found.status) == (True, True, "Under way")
            [visit] = found.visits
            assert (visit.body_name, visit.words) == ("Police", "Spoke with staff of the gates.")
    assert lists[0] == lists[1] == lists[2]
    assert [day for day, _ in lists[0]] == [today, today + DAY, today + 2 * DAY]
    assert all(len(visits) == 2 for _, visits in lists[0])
    for email in (SIBLINGS, STRANGER):
        with desk.reading(email) as viewer:
            with pytest.raises(NotFound):
                service.patrol(viewer, opened, response, today)
            assert service.of_area(viewer, [HOME], today) == []
    with desk.reading(people[COMMANDER]) as viewer:
        assert [one.response for one in service.of_area(viewer, [HOME], today)] == [response]
        assert service.of_area(viewer, [SIBLING], today) == []
        history = problems.record(viewer, opened).history
    assert history[0].kind is Kind.PATROL
    assert history[0].body["words"].startswith("2 visits of 15 minutes a day")
    assert set(history[0].body) == {"words"}, "nothing from which a time could be drawn"


def test_no_time_to_come_is_told_once_it_is_over(
    desk: Desk, people: dict[Role, str], opened: UUID, response: UUID
) -> None:
    planned(desk, people[OFFICER], opened, response, last_day="2026-01-20")
    with desk.reading(people[OFFICER]) as viewer:
        assert service.patrol(viewer, opened, response, dt.date(2026, 1, 20)).next_days[1][1] == ()
        after = service.patrol(viewer, opened, response, dt.date(2026, 1, 21))
        assert (after.next_days, after.is_running) == ((), False)
    with desk.writing(people[OFFICER]) as viewer:
        problems.write(viewer, opened, Kind.RESPONSE, {**RESPONSE, "status": "stopped"}, thing=response, follows=3)
        assert service.patrol(viewer, opened, response, FIRST_DAY).next_days == ()
    with desk.writing(people[OFFICER]) as viewer:
        problems.move(viewer, opened, Stage.CLOSED, "It is over.")
        closed = service.patrol(viewer, opened, response, FIRST_DAY)
        assert (closed.next_days, closed.may_write, closed.is_running) == ((), False, False)
        assert service.of_area(viewer, [HOME], FIRST_DAY) == []
    with desk.writing(people[OFFICER]) as viewer:
        for act in (
            lambda: service.plan(viewer, opened, response, a_plan(), EVERY_DAY, follows=1),
            lambda: service.record_visit(viewer, opened, response, uuid4(), a_visit(FIRST_DAY), now=NOW),
        ):
            with pytest.raises(Conflict, match="closed"):
                act()


def test_a_plan_is_changed_from_the_next_day_and_by_one_at_a_time(
    desk: Desk, people: dict[Role, str], opened: UUID, response: UUID
) -> None:
    today = problems.today()
    days = {"first_day": today.isoformat(), "last_day": (today + 30 * DAY).isoformat()}
    planned(desk, people[OFFICER], opened, response, **days)
    with desk.writing(people[POLICE]) as viewer:
        service.plan(viewer, opened, response, a_plan(visits="3", spots="Bridge", **days), EVERY_DAY, follows=1)
    with desk.writing(people[OFFICER]) as viewer:
        found = service.patrol(viewer, opened, response, today)
        assert (found.number, found.plan.visits, found.spots) == (2, 3, ("Bridge", "North gate", "South gate"))
        assert [len(visits) for _, visits in found.next_days] == [2, 3, 3]
        with pytest.raises(Conflict, match="since you opened"):
            service.plan(viewer, opened, response, a_plan(), EVERY_DAY, follows=1)
        with pytest.raises(NotFound):
            service.plan(viewer, opened, uuid4(), a_plan(), EVERY_DAY)
        with pytest.raises(NotFound):
            service.patrol(viewer, opened, uuid4(), today)
        with pytest.raises(Unfit):
            service.plan(viewer, opened, response, a_plan(visits="0"), EVERY_DAY, follows=2)
    seeds = {version.seed for version in found.versions}
    assert len(seeds) == 2
    assert all(len(seed) == 32 for seed in seeds)


def test_a_visit_sent_twice_counts_once_and_a_correction_takes_its_place(
    desk: Desk, people: dict[Role, str], opened: UUID, response: UUID
) -> None:
    officer, police = people[OFFICER], people[POLICE]
    planned(desk, officer, opened, response)
    visit, today = uuid4(), FIRST_DAY + 7 * DAY
    for _ in range(2):
        with desk.writing(officer) as viewer:
            service.record_visit(viewer, opened, response, visit, a_visit(FIRST_DAY), now=NOW)
    other = recorded(desk, officer, opened, response, FIRST_DAY, spot="South gate")
    with desk.writing(police) as viewer:
        service.record_visit(viewer, opened, response, visit, a_visit(FIRST_DAY, minutes="10"), follows=1, now=NOW)
    with desk.writing(officer) as viewer:
        for act in (
            lambda: service.record_visit(viewer, opened, response, visit, a_visit(FIRST_DAY), follows=1, now=NOW),
            lambda: service.record_visit(viewer, opened, response, visit, a_visit(FIRST_DAY), now=NOW),
            lambda: service.take_back(viewer, opened, response, visit, follows=1),
        ):
            with pytest.raises(Conflict, match="since you opened"):
                act()
        assert service.patrol(viewer, opened, response, today).dosage.total == Dose(14, 210, 2, 25)
        service.take_back(viewer, opened, response, visit, follows=2)
        assert [one.id for one in service.patrol(viewer, opened, response, today).visits] == [other]
        with pytest.raises(Conflict):
            service.take_back(viewer, opened, response, visit, follows=3)
        with pytest.raises(NotFound):
            service.take_back(viewer, opened, response, uuid4(), follows=0)
        with pytest.raises(NotFound):
            service.record_visit(viewer, opened, uuid4(), uuid4(), a_visit(FIRST_DAY), now=NOW)
        assert service.given_by(viewer, opened, today) == {response: Dose(14, 210, 1, 15)}
        assert service.given_by(viewer, opened, FIRST_DAY - DAY) == {response: Dose()}
    with desk.database.reading() as session:
        acts = [
            action
            for action in session.scalars(select(AuditEntry.action).order_by(AuditEntry.number))
            if "patrol" in action
        ]
    assert acts == [
        "problem.patrol", "patrol_visit.recorded", "patrol_visit.recorded", "patrol_visit.corrected",
        "patrol_visit.taken_back",
    ]  # fmt: skip


def test_a_visit_of_one_response_is_none_of_another_or_of_another_boroughs(
    desk: Desk, people: dict[Role, str], opened: UUID, response: UUID
) -> None:
    planned(desk, people[OFFICER], opened, response)
    visit = recorded(desk, people[OFFICER], opened, response, FIRST_DAY)
    with desk.writing(SIBLINGS) as viewer:
        theirs = problems.open_problem(viewer, an_opening(SIBLING)).id
        their_response = problems.write(viewer, theirs, Kind.RESPONSE, RESPONSE)
        service.plan(viewer, theirs, their_response, a_plan(), EVERY_DAY)
        service.record_visit(viewer, theirs, their_response, visit, a_visit(FIRST_DAY), now=NOW)
        for problem_id, which in ((opened, response), (theirs, response)):
            with pytest.raises(NotFound):
                service.record_visit(viewer, problem_id, which, visit, a_visit(FIRST_DAY), follows=1, now=NOW)
            with pytest.raises(NotFound):
                service.plan(viewer, problem_id, which, a_plan(), EVERY_DAY, follows=1)
    with desk.reading(people[OFFICER]) as viewer:
        assert len(service.patrol(viewer, opened, response, FIRST_DAY + DAY).visits) == 1


def test_nobody_rewrites_a_visit_and_it_goes_with_its_problem(
    desk: Desk, people: dict[Role, str], opened: UUID, response: UUID
) -> None:
    planned(desk, people[OFFICER], opened, response)
    recorded(desk, people[OFFICER], opened, response, FIRST_DAY)
    for act in (update(PatrolVisit).values(minutes=60), delete(PatrolVisit)):
        with desk.writing(people[OFFICER]) as viewer, pytest.raises(OutsideScope):
            viewer.session.execute(act)
    with desk.database.engine.begin() as connection:
        connection.execute(text("DELETE FROM problem"))
        for table in ("patrol_plan", "patrol_visit"):
            assert connection.scalar(text(f"SELECT count(*) FROM {table}")) == 0
