"""Assessments: run by the worker on the promised day, right on what is planted, written once, gone with their data."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from uuid import UUID, uuid4

import pytest
from sqlalchemy import delete, select, update

from hub import audit
from hub.access import Role
from hub.accounts import service as accounts
from hub.accounts.models import Person
from hub.assessments import charts, due, service, wording, working
from hub.assessments.models import Assessment, AssessmentPart
from hub.assessments.service import ShownAssessment, Standing
from hub.config import Settings
from hub.db import Database
from hub.errors import Conflict, NotAllowed, NotFound, OutsideScope
from hub.jobs import Job, JobState, Worker
from hub.problems import service as problems
from hub.problems import told
from hub.problems.promises import Delivery
from hub.problems.terms import Kind, Origin, Result, Stage
from hub.uploads import erasing
from hub.uploads.models import Upload
from hub.words import LONDON
from tests.assessments.conftest import Open
from tests.assessments.responses_made import MONTHS, PROMISED, robberies
from tests.conftest import HOME
from tests.hotspots.figures_given import Figures, viewing
from tests.problems.conftest import STRANGER
from tests.test_mail import Postbox, postbox
from tests.uploads.desk import Desk

__all__ = ["postbox"]

OFFICER = Role.CSP_OFFICER
TODAY = dt.datetime.now(LONDON).date()
"""On which the small city's people hold their roles; what was promised for January is due since."""


def work(desk: Desk, settings: Settings) -> None:
    worker = Worker(desk.database, due.handlers(desk.database, settings), accounts.viewer_of)
    while worker.run_one():
        pass


def newest(desk: Desk, email: str, problem_id: UUID) -> ShownAssessment:
    with viewing(desk.database, email) as viewer:
        line = service.assessments(viewer, problem_id)[0]
        return service.assessment(viewer, problem_id, line.id)


def assessed(desk: Desk, settings: Settings, email: str, problem_id: UUID) -> ShownAssessment:
    assert due.ask_due(desk.database, TODAY, audit.MACHINE) == 1
    work(desk, settings)
    return newest(desk, email, problem_id)


def test_a_planted_response_that_worked_reads_fell_on_the_promised_day_and_its_owner_is_told(
    desk: Desk, live: Figures, people: dict[Role, str], open_one: Open, settings: Settings, postbox: tuple[Postbox, str]
) -> None:
    box, where = postbox
    mailing = replace(settings, smtp=f"smtp://{where}", mail_from="hub@hub.example", address="https://hub.example")
    live.points(HOME, robberies(kept=0.5))
    problem_id, officer = open_one(), people[OFFICER]
    assert due.ask_due(desk.database, PROMISED - dt.timedelta(days=1), audit.MACHINE) == 0
    assert due.ask_due(desk.database, TODAY, audit.MACHINE) == 1
    assert due.ask_due(desk.database, TODAY, audit.MACHINE) == 0
    work(desk, mailing)
    shown = newest(desk, officer, problem_id)
    assert (shown.line.result, shown.line.due_on, shown.standing) == ("Fell", PROMISED, Standing.WHOLE)
    assert shown.left_out == (dt.date(2024, 12, 1), dt.date(2025, 1, 1))
    assert shown.months[: shown.months_before] == tuple(MONTHS[:11])
    assert shown.months[shown.months_before :] == tuple(MONTHS[13:])
    points = robberies(kept=0.5)
    inside = points[(points["easting"].between(450, 600)) & (points["northing"].between(300, 450))]
    assert shown.counts[0].tolist() == inside.groupby("month").size().reindex(shown.months, fill_value=0).tolist()
    assert shown.found is not None
    assert shown.found.effect is not None
    assert shown.found.effect.ratio_upper < 1
    assert shown.found.cost is not None
    assert shown.found.cost.lower < shown.found.cost.cost < shown.found.cost.upper
    names = [fact.name for fact in wording.facts(shown.found)]
    assert {"Change against the control", "Total net effect", "Weighted displacement difference"} <= set(names)
    assert {"Weighted displacement quotient", "Cost of each incident avoided", "Trend before"} <= set(names)
    assert charts.month_chart(shown) is not None
    with viewing(desk.database, officer) as viewer:
        record = problems.record(viewer, problem_id)
        [(problem, line)] = service.newest_of_owned(viewer, dt.datetime(2026, 1, 1, tzinfo=dt.UTC))
    assert (problem.id, line) == (problem_id, shown.line)
    assert record.problem.result is Result.FELL
    assert record.history[0].kind is Kind.ASSESSED
    assert record.history[0].body["sha256"] == shown.sha256
    assert record.history[0].by.startswith("The hub, by itself, ")
    with desk.database.reading() as session:
        entry = next(one for one in audit.entries(session) if one.action == "problem.assessed_by_clock")
        promised_by = str(session.scalars(select(Person.id).where(Person.email == officer)).one())
    assert (entry.actor, entry.details["stood_in_for"]) == (audit.MACHINE, promised_by)
    with viewing(desk.database, people[Role.COUNCIL_LEADER]) as leader:
        assert [one.result for one in told.told(leader, HOME)] == [Result.FELL]
    assert due.ask_due(desk.database, TODAY + dt.timedelta(days=9), audit.MACHINE) == 0
    [letter] = box.taken
    plain = letter.get_body(("plain",))
    assert plain is not None
    words = plain.get_content()
    assert f"https://hub.example/problems/{problem_id}/assessments/{shown.line.id}" in words
    assert "Robbery at" not in words


def test_a_response_that_did_nothing_does_not_read_fell_and_displacement_reads_as_displacement(
    desk: Desk, live: Figures, people: dict[Role, str], open_one: Open, settings: Settings
) -> None:
    live.points(HOME, robberies())
    problem_id = open_one()
    nothing = assessed(desk, settings, people[OFFICER], problem_id)
    assert nothing.line.result in {"Did not fall", "Cannot tell"}
    live.points(HOME, robberies(kept=0.4, nearby=1.9))
    with desk.writing(people[OFFICER]) as viewer:
        service.ask(viewer, problem_id)
    work(desk, settings)
    moved = newest(desk, people[OFFICER], problem_id)
    assert moved.line.number == 2
    assert moved.line.due_on is None
    assert moved.found is not None
    assert moved.found.displacement == "displaced"
    assert "It moved" in wording.displacement(moved.found)


def test_a_promise_waits_for_its_data_and_is_kept_when_that_comes(
    desk: Desk, live: Figures, people: dict[Role, str], open_one: Open, settings: Settings
) -> None:
    live.points(HOME, robberies(kept=0.5, months=MONTHS[:-1]))
    problem_id, officer = open_one(), people[OFFICER]
    waiting = assessed(desk, settings, officer, problem_id)
    assert waiting.line.result == "Cannot tell"
    assert "waits for data to December 2025" in waiting.line.reason
    assert waiting.standing is Standing.NONE
    for day in (1, 2):
        assert due.ask_due(desk.database, TODAY + dt.timedelta(days=day), audit.MACHINE) == 1
        work(desk, settings)
        assert newest(desk, officer, problem_id).line.number == 1
    live.points(HOME, robberies(kept=0.5))
    assert due.ask_due(desk.database, TODAY + dt.timedelta(days=3), audit.MACHINE) == 1
    work(desk, settings)
    kept = newest(desk, officer, problem_id)
    assert (kept.line.number, kept.line.result, kept.line.due_on) == (2, "Fell", PROMISED)
    assert due.ask_due(desk.database, TODAY + dt.timedelta(days=4), audit.MACHINE) == 0


def test_it_is_worked_out_as_another_partner_where_who_promised_it_has_left_and_as_nobody_where_none_may(
    desk: Desk, live: Figures, people: dict[Role, str], open_one: Open, settings: Settings
) -> None:
    live.points(HOME, robberies(kept=0.5))
    problem_id = open_one()
    with desk.database.writing() as session:
        session.execute(update(Person).where(Person.email == people[OFFICER]).values(is_active=False))
    assert due.ask_due(desk.database, TODAY, audit.MACHINE) == 1
    with desk.database.reading() as session:
        asker = accounts.email_of(session, session.scalars(select(Job.asker_id)).one())
    assert asker in {people[role] for role in (Role.CSP_ANALYST, Role.BOROUGH_POLICE_LEAD, Role.LIAISON_OFFICER,
                                                Role.BCU_COMMANDER)}  # fmt: skip
    work(desk, settings)
    assert newest(desk, asker, problem_id).line.result == "Fell"


def test_nobody_edits_one_and_its_figures_go_with_their_data(
    desk: Desk, live: Figures, people: dict[Role, str], open_one: Open, settings: Settings, database: Database
) -> None:
    live.points(HOME, robberies(kept=0.5))
    problem_id, officer = open_one(), people[OFFICER]
    assessed(desk, settings, officer, problem_id)
    for change in (
        update(Assessment).values(result="fell"),
        update(AssessmentPart).values(counts=[[0]]),
        delete(AssessmentPart),
    ):
        with desk.writing(officer) as viewer, pytest.raises(OutsideScope):
            viewer.session.execute(change)
    with database.writing() as session, audit.everywhere(session, actor="test", reason="Erase."):
        for upload_id in session.scalars(select(Upload.id)).all():
            erasing.erase(session, upload_id)
    gone = newest(desk, officer, problem_id)
    assert (gone.line.result, gone.standing, gone.found) == ("Fell", Standing.GONE, None)
    assert not gone.counts.size
    assert charts.month_chart(gone) is None


def test_who_may_not_write_asks_for_none_and_a_stranger_sees_none(
    desk: Desk, live: Figures, people: dict[Role, str], open_one: Open, settings: Settings
) -> None:
    live.points(HOME, robberies(kept=0.5))
    problem_id = open_one()
    shown = assessed(desk, settings, people[OFFICER], problem_id)
    for email, error in ((STRANGER, NotFound), (people[Role.COUNCIL_LEADER], NotFound)):
        with desk.writing(email) as viewer, pytest.raises((error, NotAllowed)):
            service.ask(viewer, problem_id)
        with viewing(desk.database, email) as viewer, pytest.raises(NotFound):
            service.assessment(viewer, problem_id, shown.line.id)
    with desk.writing(people[OFFICER]) as viewer:
        problems.move(viewer, problem_id, Stage.CLOSED, "It is done.")
        with pytest.raises(Conflict, match="closed"):
            service.ask(viewer, problem_id)


def test_without_a_baseline_or_anything_delivered_nothing_is_claimed(
    desk: Desk, live: Figures, people: dict[Role, str], open_one: Open, settings: Settings
) -> None:
    live.points(HOME, robberies(kept=0.5))
    officer = people[OFFICER]
    bare = open_one(is_compared=False)
    assert "No baseline" in assessed(desk, settings, officer, bare).line.reason
    idle = open_one(status="planned", delivered="", cost="", assess="")
    with desk.writing(officer) as viewer:
        service.ask(viewer, idle)
    work(desk, settings)
    shown = newest(desk, officer, idle)
    assert (shown.line.result, shown.line.promised_for) == ("Cannot tell", None)
    assert "Nothing was delivered" in shown.line.reason


def test_a_place_that_a_map_chose_is_warned_of_and_one_asked_for_early_says_so(
    desk: Desk, live: Figures, people: dict[Role, str], open_one: Open, settings: Settings
) -> None:
    live.points(HOME, robberies(kept=0.4))
    to_come = dt.datetime.now(dt.UTC).date() + dt.timedelta(days=90)
    problem_id = open_one(origin=Origin.OVERLAY, assess=to_come.isoformat())
    with desk.writing(people[OFFICER]) as viewer:
        service.ask(viewer, problem_id)
    work(desk, settings)
    shown = newest(desk, people[OFFICER], problem_id)
    assert shown.line.promised_for == to_come
    assert "This is early" in shown.line.reason
    assert shown.found is not None
    assert shown.found.selection is not None
    assert any("chosen because it was high" in words for words in wording.warnings(shown.found))
    with desk.database.reading() as session:
        assert set(session.scalars(select(Job.state))) == {JobState.DONE}


def test_a_month_in_which_a_response_was_set_up_stands_on_neither_side() -> None:
    def response(start: dt.date, in_place: dt.date) -> Delivery:
        return Delivery("", "", "", "", start, in_place, None, None, 0, is_delivered=True, id=uuid4())

    first = dt.date(2025, 3, 1)
    at_once = working.timeline(MONTHS, [response(first, first)], PROMISED)
    assert (at_once.before, at_once.left_out, at_once.after) == (tuple(MONTHS[:14]), (), tuple(MONTHS[14:]))
    mid = working.timeline(MONTHS, [response(dt.date(2025, 3, 9), dt.date(2025, 4, 2))], PROMISED)
    assert mid.left_out == (first, dt.date(2025, 4, 1))
    two = working.timeline(MONTHS, [response(first, first), response(first, dt.date(2025, 6, 1))], dt.date(2025, 9, 1))
    assert (two.left_out, two.after) == (tuple(MONTHS[14:17]), tuple(MONTHS[17:20]))
