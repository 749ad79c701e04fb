"""A question is pinned to its figure, answered by the borough's officers, and tells no leader an exact count."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from uuid import uuid4

import pytest
from sqlalchemy import select

from hub.access import Role
from hub.accounts import service as accounts
from hub.config import Settings
from hub.db import EVERYWHERE
from hub.errors import BadRequest, Conflict, NotAllowed, NotFound
from hub.jobs import Worker
from hub.questions import letters, service
from hub.questions.models import Question
from hub.questions.service import Asked, ShownQuestion
from hub.summaries import cards
from tests.conftest import ELSEWHERE, HOME
from tests.questions.conftest import SMALL
from tests.test_mail import Postbox, postbox
from tests.uploads.desk import Desk

__all__ = ["postbox"]

OFFICER, LEADER, COMMANDER = Role.CSP_OFFICER, Role.COUNCIL_LEADER, Role.BCU_COMMANDER
TOTAL, FEW = "total:2025-03", f"group:{SMALL}:2025-03"
WORDS = "Why did it fall so far?"


def ask(desk: Desk, email: str, key: str = TOTAL, words: str = WORDS) -> ShownQuestion:
    with desk.writing(email) as viewer:
        card = cards.card(viewer, HOME, key)
        return service.ask(viewer, HOME, Asked(key, card.full_title, card.shown), words)


def answer(desk: Desk, email: str, asked: ShownQuestion, words: str) -> ShownQuestion:
    with desk.writing(email) as viewer:
        untold = cards.untold(viewer, HOME, asked.figure)
        return service.answer(viewer, HOME, asked.id, words, untold=untold)


def read(desk: Desk, email: str, code: str = HOME, figure: str | None = None) -> list[ShownQuestion]:
    with desk.reading(email) as viewer:
        return service.questions(viewer, code, figure=figure)


def test_a_question_keeps_what_its_asker_was_shown_and_its_answer_reaches_all_readers_of_the_borough(
    loaded: Desk, people: dict[Role, str], stranger: str
) -> None:
    asked = ask(loaded, people[LEADER], FEW)
    assert asked.title == f"{SMALL}, Alder, 12 months to March 2025"
    assert asked.shown == "fewer than 5 in the 12 months to March 2025, 60 in the 12 months before"
    assert ask(loaded, people[LEADER], FEW).id == asked.id, "sent twice, asked once"
    with loaded.reading(people[OFFICER]) as viewer:
        assert [one.id for one in service.waiting(viewer)] == [asked.id]
    answer(loaded, people[OFFICER], asked, "A new patrol began in the spring of 2024.")
    for role in Role:
        [found] = read(loaded, people[role], figure=FEW)
        assert (found.answer, found.state) == ("A new patrol began in the spring of 2024.", "Answered"), role
        assert (found.asker, found.answerer) == ("Council leader", "CSP officer")
        assert found.may_answer == (role in {OFFICER, Role.CSP_ANALYST, Role.ADMINISTRATOR})
    assert read(loaded, people[LEADER], figure=TOTAL) == []
    with loaded.reading(stranger) as viewer:
        assert service.waiting(viewer) == []
        assert service.questions(viewer, ELSEWHERE) == []
        for act in (
            lambda: service.questions(viewer, HOME),
            lambda: service.question(viewer, HOME, asked.id),
            lambda: service.question(viewer, ELSEWHERE, asked.id),
            lambda: service.answered_since(viewer, HOME, dt.date(2020, 1, 1)),
            lambda: service.answer(viewer, ELSEWHERE, asked.id, "No."),
            lambda: service.close(viewer, HOME, asked.id),
            lambda: service.ask(viewer, HOME, Asked(TOTAL, "", ""), WORDS),
            lambda: cards.card(viewer, HOME, TOTAL),
        ):
            with pytest.raises(NotFound):
                act()


def test_a_leader_never_sees_an_exact_count_by_way_of_a_question(loaded: Desk, people: dict[Role, str]) -> None:
    of_commander = ask(loaded, people[COMMANDER], words="4,803 is less than last year, why?")
    with loaded.database.reading() as session, session.scoped(EVERYWHERE):
        [kept] = session.scalars(select(Question)).all()
        assert (kept.shown, kept.is_for_all) == ("", False), "no exact value is kept"
    assert [one.id for one in read(loaded, people[OFFICER])] == [of_commander.id]
    answer(loaded, people[OFFICER], of_commander, "4,803 it is, with 3 robberies.")
    assert read(loaded, people[LEADER]) == []
    with loaded.reading(people[LEADER]) as viewer:
        with pytest.raises(NotFound):
            service.question(viewer, HOME, of_commander.id)
        assert service.answered_since(viewer, HOME, dt.date(2020, 1, 1)) == ()

    of_total, of_few = (ask(loaded, people[LEADER], key) for key in (TOTAL, FEW))
    assert of_total.shown == "4,805 in the 12 months to March 2025, 4,860 in the 12 months before"
    for asked, words in (
        (of_total, "There were 4803 of them."),
        (of_total, "It was 4,803."),
        (of_few, "There were 3."),
        (of_few, "Three in all."),
    ):
        with pytest.raises(BadRequest, match="exact count"):
            answer(loaded, people[OFFICER], asked, words)
    answer(loaded, people[OFFICER], of_total, "About 4,805, as you see; 60 fewer than before.")
    answer(loaded, people[OFFICER], of_few, "Fewer than 5, from 60.")
    with loaded.reading(people[OFFICER]) as viewer:
        since = service.answered_since(viewer, HOME, dt.date(2020, 1, 1))
        assert [one.id for one in since] == [of_total.id, of_few.id], "for a report that leaders read, whoever asks"
        assert service.answered_since(viewer, HOME, dt.date(2100, 1, 1)) == ()


def test_a_question_is_taken_back_by_its_asker_or_closed_and_answered_no_more(
    loaded: Desk, people: dict[Role, str]
) -> None:
    first, second = (ask(loaded, people[LEADER], words=words) for words in ("Why in May?", "Why in June?"))
    with loaded.writing(people[OFFICER]) as viewer:
        with pytest.raises(NotFound):
            service.withdraw(viewer, HOME, first.id)
        service.close(viewer, HOME, second.id)
    with loaded.writing(people[LEADER]) as viewer:
        for act in (service.close, lambda *which: service.answer(*which, "So.")):
            with pytest.raises(NotAllowed):
                act(viewer, HOME, first.id)
        with pytest.raises(NotFound):
            service.withdraw(viewer, HOME, uuid4())
        service.withdraw(viewer, HOME, first.id)
    assert read(loaded, people[LEADER]) == []
    for one in (first, second):
        with pytest.raises(Conflict, match="closed"):
            answer(loaded, people[OFFICER], one, "Too late.")
    third = ask(loaded, people[LEADER])
    answer(loaded, people[OFFICER], third, "It rained.")
    with loaded.writing(people[LEADER]) as viewer, pytest.raises(Conflict, match="answered"):
        service.withdraw(viewer, HOME, third.id)
    assert answer(loaded, people[OFFICER], third, "It snowed.").answer == "It snowed."


def test_words_that_tell_of_a_person_or_nothing_are_refused(loaded: Desk, people: dict[Role, str]) -> None:
    asked = ask(loaded, people[LEADER])
    for words, reason in (
        (" ", "empty"),
        ("x" * 501, "501 characters"),
        ("Is it jo@example.org?", "e-mail address"),
        ("Was it at NW1 7AB?", "postcode"),
        ("Did Mr Patel report it?", "names of people"),
        ("What of 14 Acacia Avenue?", "addresses with house numbers"),
    ):
        with pytest.raises(BadRequest, match=reason):
            ask(loaded, people[LEADER], words=words)
        if len(words) < 501:
            with pytest.raises(BadRequest, match=reason):
                answer(loaded, people[OFFICER], asked, words)
    for number in range(1, service.MOST_OPEN):
        ask(loaded, people[LEADER], words=f"And why in week {number}?")
    with pytest.raises(Conflict, match="wait for an answer already"):
        ask(loaded, people[LEADER], words="And why in the last week?")


def test_officers_and_then_the_asker_are_written_to_with_a_link_and_no_data(
    loaded: Desk, people: dict[Role, str], settings: Settings, postbox: tuple[Postbox, str]
) -> None:
    mailing = replace(settings, smtp=f"smtp://{postbox[1]}", mail_from="hub@hub.example", address="https://hub.example")
    box, _ = postbox

    def work() -> list[str]:
        before = len(box.recipients)
        worker = Worker(loaded.database, letters.handlers(mailing), accounts.viewer_of)
        while worker.run_one():
            pass
        return sorted(who for each in box.recipients[before:] for who in each)

    asked = ask(loaded, people[LEADER], FEW)
    today = dt.datetime.now(dt.UTC).date()
    with loaded.database.writing() as session:
        letters.tell_officers(session, settings, asked, today)
        assert work() == [], "without a mail server nobody is written to"
        letters.tell_officers(session, mailing, asked, today)
    assert work() == sorted([people[OFFICER], people[Role.CSP_ANALYST]])
    with loaded.database.writing() as session:
        letters.tell_officers(session, mailing, asked, today)
    answered = answer(loaded, people[OFFICER], asked, "A new patrol began.")
    assert work() == [], "it waits no more"
    with loaded.database.writing() as session:
        letters.tell_asker(session, mailing, answered)
    assert work() == [people[LEADER]]
    for message in box.taken:
        plain = message.get_body(("plain",)).get_content()
        assert f"https://hub.example/areas/{HOME}/questions/{asked.id}" in plain
        for secret in (SMALL, WORDS, "patrol", "60", "fewer"):
            assert secret not in plain.replace(str(asked.id), "")
