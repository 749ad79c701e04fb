"""A draft on its way: asked for, on the home page of who may approve, sent back with a reason, its history kept."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import select

from hub import audit
from hub.accounts import service as accounts
from hub.audit import AuditEntry
from hub.config import Settings
from hub.db import EVERYWHERE
from hub.errors import BadRequest, Conflict, NotAllowed, NotFound
from hub.reports import approval, service
from hub.reports.models import Act, Report, State
from tests.client import StrictClient
from tests.conftest import ELSEWHERE, HOME, PASSWORD
from tests.reports.conftest import LEADER, LIAISON, OFFICER, Press
from tests.reports.test_telling import mailing, postbox, work
from tests.test_mail import Postbox

__all__ = ["mailing", "postbox"]

TITLE = "Alder: committee pack to March 2025"
TOO_LITTLE = "Say what the patrols came to."


def client_of(app: Flask, email: str) -> StrictClient:
    client = app.test_client()
    assert isinstance(client, StrictClient)
    client.sign_in(email, PASSWORD)
    return client


def say(press: Press, report_id: UUID, words: str) -> None:
    press.edit(report_id, lambda chosen: [replace(one, words=words) if one.key == "actions" else one for one in chosen])


def test_a_draft_is_asked_for_sent_back_asked_for_again_and_approved_each_on_its_readers_own_home_page(
    app: Flask, press: Press
) -> None:
    report_id = press.draft()
    officer, liaison, leader = (client_of(app, press.people[role]) for role in (OFFICER, LIAISON, LEADER))
    here = f"/areas/{HOME}/reports/{report_id}"

    def waits_at_home(client: StrictClient) -> bool:
        assert client.get("/").status_code == 200
        return TITLE in client.page.main

    assert not any(waits_at_home(client) for client in (officer, liaison, leader))
    assert liaison.submit(f"{here}/approve", {"seen": press.show(report_id).digest}).status_code == 409
    assert officer.submit(f"{here}/ask").status_code == 302
    assert officer.get(here).status_code == 200
    assert "This draft waits for approval." in officer.page.main
    assert [waits_at_home(client) for client in (officer, liaison, leader)] == [False, True, False]
    assert leader.get(here).status_code == 404
    for reason in ("", " ", "x" * 301, "Ask ann@example.org."):
        assert liaison.submit(f"{here}/send-back", {"reason": reason}).status_code == 400
    assert officer.submit(f"{here}/send-back", {"reason": TOO_LITTLE}).status_code == 403
    assert liaison.submit(f"{here}/send-back", {"reason": TOO_LITTLE}).status_code == 302
    assert [waits_at_home(client) for client in (officer, liaison, leader)] == [True, False, False]
    assert TOO_LITTLE in officer.page.main
    say(press, report_id, "Patrols met shopkeepers.")
    assert not waits_at_home(officer)
    assert officer.submit(f"{here}/ask").status_code == 302
    press.approve(report_id)
    assert [waits_at_home(client) for client in (officer, liaison, leader)] == [False, False, False]
    assert officer.get(here).status_code == 200
    for kept in ("Approval asked for by", TOO_LITTLE, "Patrols met shopkeepers.", "How it was written and approved"):
        assert kept in officer.page.main, kept
    assert leader.get(here).status_code == 200
    for untold in (TOO_LITTLE, "How it was written and approved", "asked for by"):
        assert untold not in leader.page.main, "how it was written is for those who write and approve"


def test_the_history_of_a_draft_keeps_each_text_and_is_only_for_those_who_work_on_it(press: Press) -> None:
    report_id = press.draft()
    say(press, report_id, "First words.")
    press.ask(report_id)
    press.send_back(report_id, TOO_LITTLE)
    say(press, report_id, "Better words.")
    press.ask(report_id)
    press.approve(report_id)
    with press.desk.reading(press.people[LIAISON]) as viewer:
        steps = approval.history(viewer, service.borough(viewer, HOME), report_id)
    assert [step.act for step in steps] == [
        Act.DRAFTED, Act.EDITED, Act.ASKED, Act.SENT_BACK, Act.EDITED, Act.ASKED, Act.APPROVED,
    ]  # fmt: skip
    doing = "What we are doing"
    assert [step.changed for step in steps if step.changed] == [((doing, "First words."),), ((doing, "Better words."),)]
    assert [step.words for step in steps if step.words] == [TOO_LITTLE]
    with press.desk.reading(press.people[LEADER]) as viewer:
        assert approval.history(viewer, service.borough(viewer, HOME), report_id) == ()
    with press.desk.database.reading() as session:
        entries = session.scalars(
            select(AuditEntry).where(AuditEntry.subject == str(report_id)).order_by(AuditEntry.number)
        ).all()
    acts = [entry.action.removeprefix("report.") for entry in entries]
    assert acts == ["drafted", "edited", "approval_asked", "sent_back", "edited", "approval_asked", "approved"]
    assert entries[3].details["reason"] == TOO_LITTLE


def test_an_edit_takes_the_request_back_and_who_wrote_in_it_is_not_asked(press: Press) -> None:
    report_id = press.draft()
    with press.desk.database.writing() as session:
        for name, borough in (("Second", HOME), ("Away", ELSEWHERE)):
            accounts.create_person(
                session, f"{name}@test.example", name, PASSWORD, LIAISON, boroughs=[borough], actor=audit.MACHINE
            )
    able = press.ask(report_id)
    assert (len(able), "Second" in able, "Away" in able) == (2, True, False)
    assert press.show(report_id).state is State.ASKED
    assert press.ask(report_id) == able, "to ask twice is to ask once"
    with press.desk.database.writing() as session, session.scoped(EVERYWHERE):
        second = accounts.viewer_by_email(session, "second@test.example").person_id
        row = session.get_one(Report, report_id)
        row.writers = [*row.writers, str(second)]
    assert press.ask(report_id) == tuple(name for name in able if name != "Second")
    say(press, report_id, "Patrols met shopkeepers.")
    assert press.show(report_id).state is State.DRAFT
    for act in (lambda: press.approve(report_id), lambda: press.send_back(report_id, TOO_LITTLE)):
        with pytest.raises(Conflict, match="Nobody asks"):
            act()
    with pytest.raises(NotAllowed):
        press.ask(report_id, LIAISON)
    with pytest.raises(NotFound):
        press.show(report_id, LEADER)


def test_who_is_asked_is_written_to_and_told_nothing_but_a_link(
    press: Press, mailing: tuple[Settings, Postbox]
) -> None:
    settings, box = mailing
    report_id = press.draft()
    press.ask(report_id, tells=True)
    work(press, settings)
    press.send_back(report_id, TOO_LITTLE, tells=True)
    work(press, settings)
    press.ask(report_id, tells=True)
    say(press, report_id, "The request is taken back before the letter goes.")
    work(press, settings)
    press.ask(report_id)
    press.approve(report_id, tells=True)
    work(press, settings)
    liaison, officer = press.people[LIAISON], press.people[OFFICER]
    assert box.recipients == [[liaison], [officer], [officer]]
    for letter in box.taken:
        plain = letter.get_body(("plain",)).get_content()
        assert f"https://hub.example/areas/{HOME}/reports/{report_id}" in plain
        for untold in ("Alder", TOO_LITTLE, "committee", "March"):
            assert untold not in plain


def test_words_that_name_somebody_are_no_reason(press: Press) -> None:
    report_id = press.draft()
    press.ask(report_id)
    with pytest.raises(BadRequest, match="e-mail address"):
        press.send_back(report_id, "Ask ann@example.org.")
    assert press.show(report_id).state is State.ASKED
