"""Invitations and new passwords, by letters through a real mail server: what a link is worth, and for how long."""

from __future__ import annotations

import datetime as dt
import os
import re
import signal
import time
from dataclasses import replace

import pytest
from sqlalchemy import func, select, update

from hub import jobs, mail
from hub.access import Role
from hub.accounts import invitations, letters, links, memberships, resets, service, sessions
from hub.accounts import people as looked_after
from hub.accounts.models import LinkPurpose, OneTimeLink, Person
from hub.accounts.people import Offer
from hub.config import Settings
from hub.db import Database
from hub.errors import BadRequest, Conflict, LinkOver, NotFound, TooMany
from hub.jobs import Job, JobState, Worker
from tests.client import StrictClient
from tests.conftest import ELSEWHERE, HOME, PASSWORD, make_app
from tests.test_mail import Postbox, postbox

__all__ = ["postbox"]

NEW_PASSWORD = "lantern orbit mustard"


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Answer as soon as it is done; the test of the time an answer takes puts it back."""
    monkeypatch.setattr(resets, "SECONDS_TO_ANSWER", 0.0)


@pytest.fixture
def mailing(settings: Settings, postbox: tuple[Postbox, str]) -> Settings:
    """Settings of a hub that sends mail."""
    return replace(settings, smtp=f"smtp://{postbox[1]}", mail_from="hub@hub.example", address="https://hub.example")


def work(database: Database, settings: Settings) -> int:
    """Do all the jobs that wait; returns how many."""
    worker, done = Worker(database, letters.handlers(settings), service.viewer_of), 0
    while worker.run_one():
        done += 1
    return done


def links_in(box: Postbox) -> list[str]:
    """The secrets of the links in the letters that came."""
    plain = (message.get_body(("plain",)).get_content() for message in box.taken)
    return [found[1] for words in plain for found in re.finditer(r"https://hub\.example/[a-z-]+/(\S+)", words)]


def invite(database: Database, settings: Settings, email: str, by: str, place: str = HOME) -> invitations.Invited:
    with database.writing() as session:
        viewer = service.viewer_by_email(session, by)
        return invitations.invite(
            viewer, settings, email, "New Person", Offer(Role.CSP_OFFICER, place, memberships.today(), None)
        )


def accept(database: Database, secret: str, password: str = NEW_PASSWORD) -> None:
    with database.writing() as session:
        invitations.accept(session, secret, password)


def test_somebody_invited_chooses_a_password_once_and_signs_in(
    database: Database, people: dict[Role, str], mailing: Settings, postbox: tuple[Postbox, str]
) -> None:
    invited = invite(database, mailing, " New@Test.Example", people[Role.ADMINISTRATOR])
    assert (invited.is_new, invited.link) == (True, "")
    with database.reading() as session:
        assert session.scalars(select(OneTimeLink.token_hash)).all() == [None], "no secret before the letter"
        assert session.scalars(select(Job).where(Job.kind == links.SEND)).one().arguments.keys() == {"link_id"}
    assert work(database, mailing) == 1
    box, _ = postbox
    [secret], [recipients] = links_in(box), box.recipients
    assert recipients == ["new@test.example"]
    with database.reading() as session:
        assert secret not in str(session.execute(select(OneTimeLink.token_hash, OneTimeLink.id)).all())
    with pytest.raises(BadRequest):  # and the link stays good
        accept(database, secret, "new person test example")
    accept(database, secret)
    with pytest.raises(LinkOver):
        accept(database, secret)
    assert service.sign_in(database, "new@test.example", NEW_PASSWORD, "10.0.0.1")


def test_an_invitation_is_worth_nothing_once_withdrawn_sent_again_or_a_week_old(
    database: Database, people: dict[Role, str], settings: Settings
) -> None:
    by = people[Role.ADMINISTRATOR]
    first = invite(database, settings, "new@test.example", by)
    assert first.link.startswith("https://127.0.0.1/invitations/"), "without mail the link is handed over"
    with database.writing() as session:
        second = invitations.invite_again(service.viewer_by_email(session, by), settings, first.person_id)
    for link in (first.link, "https://127.0.0.1/invitations/nonsense"):
        with pytest.raises(LinkOver):
            accept(database, link.rpartition("/")[2])
    with database.writing() as session:
        invitations.withdraw(service.viewer_by_email(session, by), first.person_id)
    with pytest.raises(LinkOver):
        accept(database, second.rpartition("/")[2])
    resets.ask(database, settings, "new@test.example", "10.0.0.1")
    with database.reading() as session:
        assert not session.scalar(select(func.count()).where(OneTimeLink.purpose == LinkPurpose.RESET))
    with database.writing() as session:
        third = invitations.invite_again(service.viewer_by_email(session, by), settings, first.person_id)
        session.execute(update(OneTimeLink).values(good_until=dt.datetime.now(dt.UTC)))
    with pytest.raises(LinkOver):
        accept(database, third.rpartition("/")[2])
    assert links.LASTS[LinkPurpose.INVITATION] == dt.timedelta(days=7)


def test_somebody_with_an_account_is_given_the_role_and_told_and_nobody_beyond_the_inviters_scope(
    database: Database, people: dict[Role, str], mailing: Settings, postbox: tuple[Postbox, str]
) -> None:
    with database.writing() as session:
        service.create_person(
            session, "local@test.example", "Lo Cal", PASSWORD, Role.ADMINISTRATOR, boroughs=[ELSEWHERE], actor="test"
        )
    with pytest.raises(NotFound):
        invite(database, mailing, "new@test.example", "local@test.example", HOME)
    given = invite(database, mailing, people[Role.COUNCIL_LEADER], "local@test.example", ELSEWHERE)
    assert (given.is_new, given.link, given.name) == (False, "", "Council leader")
    with pytest.raises(Conflict):
        invite(database, mailing, people[Role.COUNCIL_LEADER], "local@test.example", ELSEWHERE)
    assert work(database, mailing) == 1
    box, _ = postbox
    assert "new role" in box.taken[0]["Subject"]
    assert links_in(box) == []


def test_nobody_takes_over_an_invitation_to_another_borough_or_keeps_a_link_to_an_account_that_gains_one(
    database: Database, people: dict[Role, str], settings: Settings
) -> None:
    for place in (HOME, ELSEWHERE):
        with database.writing() as session:
            email = f"{place.lower()}@test.example"
            service.create_person(
                session, email, "Lo Cal", PASSWORD, Role.ADMINISTRATOR, boroughs=[place], actor="test"
            )
    ours, theirs = f"{HOME.lower()}@test.example", f"{ELSEWHERE.lower()}@test.example"
    invited = invite(database, settings, "new@test.example", theirs, ELSEWHERE)
    with pytest.raises(Conflict, match="has not joined yet"):
        invite(database, settings, "new@test.example", ours, HOME)
    with database.writing() as session:
        invitations.withdraw(service.viewer_by_email(session, theirs), invited.person_id)
    # What the other borough took back is not brought to life again either.
    with pytest.raises(Conflict, match="has not joined yet"):
        invite(database, settings, "new@test.example", ours, HOME)
    with database.writing() as session:
        link = invitations.invite_again(service.viewer_by_email(session, theirs), settings, invited.person_id)
    accept(database, link.rpartition("/")[2])
    with database.writing() as session:
        held = looked_after.reset(service.viewer_by_email(session, theirs), settings, invited.person_id)
    assert not invite(database, settings, "new@test.example", ours, HOME).link
    with database.writing() as session, pytest.raises(LinkOver):
        resets.choose(session, settings, held.rpartition("/")[2], NEW_PASSWORD)


def test_a_new_password_ends_every_session_and_skips_no_second_step(
    database: Database, people: dict[Role, str], mailing: Settings, postbox: tuple[Postbox, str]
) -> None:
    """T16: a reset without the second step."""
    email, strict = people[Role.CSP_OFFICER], Database(replace(mailing, second_factor="required"))
    with database.writing() as session:
        person_id = session.scalars(select(Person.id).where(Person.email == email)).one()
        token = sessions.begin(session, person_id, is_proven=True)
    resets.ask(database, mailing, email.upper(), "10.0.0.1")
    resets.ask(database, mailing, email, "10.0.0.1")
    assert work(database, mailing) == 2
    box, _ = postbox
    [secret] = links_in(box)
    with database.writing() as session:
        resets.choose(session, mailing, secret, NEW_PASSWORD)
    with pytest.raises(LinkOver), database.writing() as session:
        resets.choose(session, mailing, secret, NEW_PASSWORD)
    with strict.reading() as session:
        assert service.resume(strict, session, token) is None
    half_way = service.sign_in(strict, email, NEW_PASSWORD, "10.0.0.2")
    with strict.reading() as session:
        assert service.resume(strict, session, half_way) is None, "let in by a password alone"
        assert isinstance(service.arrive(strict, session, half_way), service.HalfWay)
    assert work(database, mailing) == 1
    assert "was changed" in box.taken[-1]["Subject"]
    assert links.LASTS[LinkPurpose.RESET] == dt.timedelta(minutes=30)
    strict.engine.dispose()


def test_nobody_learns_by_asking_for_a_password_whether_there_is_an_account(
    database: Database,
    people: dict[Role, str],
    mailing: Settings,
    postbox: tuple[Postbox, str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(resets, "SECONDS_TO_ANSWER", 1.0)
    client = make_app(mailing).test_client()
    assert isinstance(client, StrictClient)
    answers, seconds = set(), {}
    for email in (people[Role.CSP_OFFICER], "nobody@test.example"):
        taken = []
        for _ in range(3):
            client.get("/new-password")
            began = time.perf_counter()
            answer = client.submit("/new-password", {"email": email})
            taken.append(time.perf_counter() - began)
            answers.add((answer.status_code, client.page.text))
        seconds[email] = min(taken)
    assert min(seconds.values()) >= 1.0
    [(status, words)] = answers
    assert status == 200
    assert "on its way" in words
    apart = abs(seconds[people[Role.CSP_OFFICER]] - seconds["nobody@test.example"])
    assert apart < 0.1, f"{seconds} tell them apart"
    monkeypatch.setattr(resets, "SECONDS_TO_ANSWER", 0.0)

    def ask(times: int) -> None:
        for _ in range(times):
            resets.ask(database, mailing, "nobody@test.example", "127.0.0.1")

    ask(2)
    with pytest.raises(TooMany, match="new password"):
        ask(8)  # each doubles the wait, of a second at first
    assert service.sign_in(database, people[Role.CSP_OFFICER], PASSWORD, "127.0.0.1"), "signing in is counted apart"


def test_a_letter_waits_for_a_server_that_is_away_and_a_link_that_is_over_is_not_sent(
    database: Database, people: dict[Role, str], mailing: Settings, postbox: tuple[Postbox, str]
) -> None:
    box, _ = postbox
    box.refuses = True
    invited = invite(database, mailing, "new@test.example", people[Role.ADMINISTRATOR])
    assert work(database, mailing) == 1, "it is not tried again at once"
    with database.writing() as session:
        job = session.scalars(select(Job).where(Job.kind == links.SEND)).one()
        assert job.state is JobState.RUNNING
        assert job.leased_until > dt.datetime.now(dt.UTC) + letters.WAIT_FOR_THE_SERVER / 2
        job.leased_until = dt.datetime.now(dt.UTC) - jobs.LEASE
    box.refuses = False
    assert work(database, mailing) == 1
    assert len(links_in(box)) == 1
    with database.writing() as session:
        viewer = service.viewer_by_email(session, people[Role.ADMINISTRATOR])
        invitations.invite_again(viewer, mailing, invited.person_id)
        invitations.withdraw(viewer, invited.person_id)
    work(database, mailing)
    assert len(box.taken) == 1


def test_a_worker_that_is_killed_before_it_sends_sends_once_when_it_starts_again(
    database: Database, people: dict[Role, str], mailing: Settings, postbox: tuple[Postbox, str]
) -> None:
    box, _ = postbox
    invite(database, mailing, "new@test.example", people[Role.ADMINISTRATOR])
    database.engine.dispose()
    child = os.fork()
    if child == 0:
        mail.deliver = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
        work(Database(mailing), mailing)
        os._exit(0)
    assert os.WTERMSIG(os.waitpid(child, 0)[1]) == signal.SIGKILL
    with database.writing() as session:
        session.execute(update(Job).values(leased_until=dt.datetime.now(dt.UTC) - jobs.LEASE))
    assert work(database, mailing) == 1
    assert work(database, mailing) == 0
    [secret] = links_in(box)
    accept(database, secret)
