"""Whoever is asked is written to once for each occasion, with a link and nothing of what is asked."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from uuid import UUID

import pytest
from sqlalchemy import update

from hub import audit
from hub.access import Role
from hub.accounts import service as accounts
from hub.accounts.models import Person
from hub.config import Settings
from hub.db import EVERYWHERE, Database
from hub.jobs import Worker
from hub.problems import addresses
from hub.problems import service as problems
from hub.problems.terms import Stage
from hub.tasking import letters
from hub.tasking.models import Occasion
from tests.tasking.conftest import ask, follow_up, person_of
from tests.test_mail import Postbox, postbox
from tests.uploads.desk import Desk

__all__ = ["postbox"]

OFFICER, POLICE = Role.CSP_OFFICER, Role.BOROUGH_POLICE_LEAD
TODAY = problems.today()
DAY = dt.timedelta(days=1)
OUTSIDE = "lighting@council.example"


class Post:
    """The chore and the worker, on a day."""

    def __init__(self, desk: Desk, settings: Settings, box: Postbox) -> None:
        self.desk, self.settings, self.box = desk, settings, box

    def on(self, day: dt.date) -> list[tuple[str, str]]:
        """Who gets which letter on a day."""
        before = len(self.box.taken)
        letters.ask_for_letters(self.desk.database, self.settings, day, audit.MACHINE)
        worker = Worker(self.desk.database, letters.handlers(self.settings), accounts.viewer_of)
        while worker.run_one():
            pass
        new = zip(self.box.recipients[before:], self.box.taken[before:], strict=True)
        return sorted((who, message["Subject"].split(": ", 1)[1]) for [who], message in new)

    def last(self) -> str:
        """The last letter, in plain text."""
        return str(self.box.taken[-1].get_body(("plain",)).get_content())


@pytest.fixture
def post(desk: Desk, settings: Settings, postbox: tuple[Postbox, str]) -> Post:
    box, where = postbox
    mailing = replace(settings, smtp=f"smtp://{where}", mail_from="hub@hub.example", address="https://hub.example")
    return Post(desk, mailing, box)


def switch_off(desk: Desk, email: str) -> None:
    with desk.database.writing() as session:
        session.set_scope(EVERYWHERE)
        session.execute(update(Person).where(Person.email == email).values(is_active=False))


def test_a_person_is_told_reminded_and_reminded_again_and_nobody_twice(
    desk: Desk, people: dict[Role, str], opened: UUID, post: Post, settings: Settings
) -> None:
    police, due = people[POLICE], TODAY + 10 * DAY
    task = ask(desk, people[OFFICER], opened, due, person=person_of(desk, police), words="Walk the secret route")
    ask(desk, people[OFFICER], opened, due, person=person_of(desk, people[OFFICER]), words="One's own")
    ask(desk, people[OFFICER], opened, due, words="Nobody's in particular")
    assert letters.ask_for_letters(desk.database, settings, TODAY, audit.MACHINE) == 0, "this hub sends no mail"
    told = [(police, "A task waits for you")]
    assert post.on(TODAY) == told
    plain = post.last()
    assert f"https://hub.example/problems/{opened}#{task}" in plain
    assert "secret" not in plain
    assert "Bus station" not in plain
    assert post.on(TODAY) == []
    assert post.on(due - 4 * DAY) == []
    both = sorted([(police, "A task of yours is due soon"), (people[OFFICER], "A task of yours is due soon")])
    assert post.on(due - 3 * DAY) == both
    assert post.on(due) == []
    late = [(who, "A task of yours is late") for who, _ in both]
    sent = [post.on(due + days * DAY) for days in range(1, 60)]
    assert [day for day, each in enumerate(sent, start=1) if each] == [1, 8, 15, 22]
    assert [each for each in sent if each] == [late] * letters.MOST_WHILE_LATE
    with desk.database.writing() as session:
        session.set_scope(EVERYWHERE)
        told_of = [one.subject for one in audit.entries(session) if one.action == "task.told"]
    assert len(told_of) == 1 + 2 + 2 * letters.MOST_WHILE_LATE


def test_nobody_is_written_to_about_what_is_over_moved_or_not_theirs_to_read(
    desk: Desk, people: dict[Role, str], opened: UUID, post: Post
) -> None:
    police, officer, due = people[POLICE], people[OFFICER], TODAY + 10 * DAY
    task = ask(desk, officer, opened, due, person=person_of(desk, police))
    letters.ask_for_letters(desk.database, post.settings, TODAY, audit.MACHINE)
    follow_up(desk, officer, opened, task, person=person_of(desk, people[Role.CSP_ANALYST]))
    assert post.on(TODAY) == [(people[Role.CSP_ANALYST], "A task waits for you")], "the letter under way is not sent"
    follow_up(desk, officer, opened, task, status="done", done="Done.")
    assert post.on(due + DAY) == []
    follow_up(desk, officer, opened, task, status="under_way")
    switch_off(desk, people[Role.CSP_ANALYST])
    assert post.on(due + DAY) == []
    other = ask(desk, officer, opened, due, outside=OUTSIDE)
    with desk.writing(officer) as viewer:
        problems.move(viewer, opened, Stage.CLOSED, "It is over.")
    assert post.on(TODAY) == []
    assert other != task


def test_an_address_outside_the_hub_learns_who_asks_and_when_and_no_more(
    desk: Desk, people: dict[Role, str], opened: UUID, post: Post
) -> None:
    officer = people[OFFICER]
    ask(desk, officer, opened, TODAY + 10 * DAY, outside=OUTSIDE, words="Mend the secret lamp")
    assert post.on(TODAY) == [(OUTSIDE, "A task waits for you")]
    plain = post.last()
    for words in ("asks your organisation", officer, "P-", "due by"):
        assert words in plain
    for words in ("secret", "lamp", "Robbery", "https://"):
        assert words not in plain
    switch_off(desk, officer)
    assert post.on(TODAY + 8 * DAY) == [(OUTSIDE, "A task of yours is due soon")], "by another partner's job"
    plain = post.last()
    assert "The community safety partnership asks your organisation" in plain
    assert officer not in plain


def test_nobody_is_written_to_at_an_address_that_was_erased_or_whose_domain_is_listed_no_more(
    desk: Desk, people: dict[Role, str], opened: UUID, post: Post
) -> None:
    officer, due = people[OFFICER], TODAY + 10 * DAY
    ask(desk, officer, opened, due, outside=OUTSIDE)
    ask(desk, officer, opened, due, outside="other@council.example")
    unlisted = Database(replace(post.settings, outside_domains=("elsewhere.example",)))
    assert letters.ask_for_letters(unlisted, post.settings, TODAY, audit.MACHINE) == 0
    unlisted.engine.dispose()
    letters.ask_for_letters(desk.database, post.settings, TODAY, audit.MACHINE)
    with desk.writing(officer) as viewer:
        assert addresses.erase(viewer, OUTSIDE) == 1
    assert post.on(TODAY) == [("other@council.example", "A task waits for you")], "the letter under way is not sent"
    assert post.on(due + DAY) == [("other@council.example", "A task of yours is late")]


@pytest.mark.parametrize(
    ("days", "occasion", "day"),
    [
        (-30, Occasion.ASKED, 0), (-4, Occasion.ASKED, 0), (-3, Occasion.SOON, 0), (0, Occasion.SOON, 0),
        (1, Occasion.LATE, 0), (7, Occasion.LATE, 0), (8, Occasion.LATE, 7), (22, Occasion.LATE, 21),
        (400, Occasion.LATE, 21),
    ],
)  # fmt: skip
def test_the_occasion_follows_from_the_day(days: int, occasion: Occasion, day: int) -> None:
    assert letters._occasion(TODAY, TODAY + days * DAY) == (occasion, TODAY + day * DAY)
