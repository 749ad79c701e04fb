"""A problem that is never closed is asked about once after a silent year, and goes in the end as a closed one does."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from uuid import UUID

import pytest
from sqlalchemy import select, update

from hub import audit
from hub.access import Role
from hub.accounts import service as accounts
from hub.accounts.models import Person
from hub.config import Settings
from hub.db import EVERYWHERE
from hub.jobs import Worker
from hub.problems import service as problems
from hub.problems.models import Entry, Problem
from hub.problems.terms import Kind, Stage
from hub.retention import service as retention
from hub.retention import silence
from hub.words import months_later
from tests.client import StrictClient
from tests.conftest import PASSWORD
from tests.problems.conftest import desk, opened
from tests.test_mail import Postbox, postbox
from tests.uploads.desk import Desk

__all__ = ["desk", "opened", "postbox"]

OFFICER, POLICE = Role.CSP_OFFICER, Role.BOROUGH_POLICE_LEAD
TODAY = problems.today()


@pytest.fixture
def mailing(settings: Settings, postbox: tuple[Postbox, str]) -> Settings:
    return replace(settings, smtp=f"smtp://{postbox[1]}", mail_from="hub@hub.example", address="https://hub.example")


def age(desk: Desk, problem_id: UUID, months: int) -> None:
    """Have the last entry written so long ago."""
    then = dt.datetime.combine(months_later(TODAY, -months), dt.time(12), dt.UTC) - dt.timedelta(days=1)
    with desk.database.writing() as session:
        session.set_scope(EVERYWHERE)
        session.execute(update(Problem).where(Problem.id == problem_id).values(changed_at=then))


def written(desk: Desk, settings: Settings, box: Postbox) -> list[str]:
    """Who is written to by the jobs that wait."""
    before = len(box.taken)
    worker = Worker(desk.database, silence.handlers(settings), accounts.viewer_of)
    while worker.run_one():
        pass
    return [who for [who] in box.recipients[before:]]


def ask(desk: Desk, settings: Settings) -> int:
    return silence.ask_about_silent(desk.database, settings, TODAY, audit.MACHINE)


def test_the_owner_of_a_silent_problem_is_asked_once_and_again_only_after_another_silence(
    desk: Desk, people: dict[Role, str], opened: UUID, mailing: Settings, postbox: tuple[Postbox, str]
) -> None:
    box = postbox[0]
    age(desk, opened, 11)
    assert ask(desk, mailing) == 0
    with desk.reading(people[OFFICER]) as viewer:
        assert problems.record(viewer, opened).silent_until is None
    age(desk, opened, 12)
    assert [ask(desk, mailing), ask(desk, mailing)] == [1, 0]
    assert written(desk, mailing, box) == [people[OFFICER]]
    plain = str(box.taken[-1].get_body(("plain",)).get_content())
    assert f"https://hub.example/problems/{opened}" in plain
    assert "Robbery" not in plain
    with desk.database.reading() as session:
        told = [one for one in audit.entries(session) if one.action == "problem.silent"]
    assert [(one.actor, one.subject) for one in told] == [(audit.MACHINE, str(opened))]
    with desk.writing(people[POLICE]) as viewer:
        problems.write(viewer, opened, Kind.COMMENT, {"words": "We go on."})
    assert ask(desk, mailing) == 0
    age(desk, opened, 13)
    assert ask(desk, mailing) == 1
    with desk.writing(people[POLICE]) as viewer:
        problems.move(viewer, opened, Stage.CLOSED, "It is over.")
    assert written(desk, mailing, box) == [], "the letter under way is not sent"
    age(desk, opened, 14)
    assert ask(desk, mailing) == 0, "a closed one is not asked about"


def test_whoever_opened_it_is_asked_where_its_owner_has_left_and_nobody_where_no_letters_are_sent(
    desk: Desk, people: dict[Role, str], opened: UUID, mailing: Settings, settings: Settings,
    postbox: tuple[Postbox, str],
) -> None:  # fmt: skip
    with desk.reading(people[POLICE]) as viewer:
        police = str(viewer.person_id)
    with desk.writing(people[OFFICER]) as viewer:
        [before] = problems.record(viewer, opened).of(Kind.ASSIGNED)
        assigned = {"body": "police", "person": police}
        problems.write(viewer, opened, Kind.ASSIGNED, assigned, follows=before.number)
    with desk.database.writing() as session:
        session.execute(update(Person).where(Person.email == people[POLICE]).values(is_active=False))
    age(desk, opened, 12)
    assert ask(desk, mailing) == 1
    assert written(desk, mailing, postbox[0]) == [people[OFFICER]]
    with desk.writing(people[OFFICER]) as viewer:
        problems.write(viewer, opened, Kind.COMMENT, {"words": "We go on."})
    age(desk, opened, 12)
    assert ask(desk, settings) == 1
    assert written(desk, settings, postbox[0]) == []


def test_a_problem_that_is_left_open_goes_when_its_time_is_over_and_never_unasked(
    client: StrictClient, desk: Desk, people: dict[Role, str], opened: UUID, settings: Settings
) -> None:
    months: int = desk.database.session(writes=False).info["keep_months"]
    age(desk, opened, months + 1)
    assert retention.erase_due(desk.database, TODAY, audit.MACHINE) == 0, "nobody was asked"
    assert ask(desk, settings) == 1
    client.sign_in(people[OFFICER], PASSWORD)
    page = client.get(f"/problems/{opened}").text
    assert "Nothing has been written of this problem since" in page
    assert "Left as it is, it is deleted from" in page
    assert retention.erase_due(desk.database, TODAY + dt.timedelta(days=29), audit.MACHINE) == 0
    assert retention.erase_due(desk.database, TODAY + dt.timedelta(days=30), audit.MACHINE) == 1
    with desk.database.reading() as session:
        session.set_scope(EVERYWHERE)
        assert session.scalars(select(Problem)).all() == session.scalars(select(Entry)).all() == []
        assert [one.action for one in audit.entries(session)][-1] == "problem.erased"
