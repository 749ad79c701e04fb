"""Being told of reports: a letter with a link and no figure, to who may read it then; drafts begun by the clock."""

from __future__ import annotations

import datetime as dt
import html
import re
from dataclasses import replace

import pytest
from sqlalchemy import delete

from hub import audit
from hub.accounts import service as accounts
from hub.accounts.models import Membership
from hub.config import Settings
from hub.errors import BadRequest, NotAllowed, NotFound
from hub.jobs import Worker
from hub.reports import schedules, service, telling
from hub.reports.models import Repeats, State
from tests.conftest import ELSEWHERE, HOME, PASSWORD
from tests.reports.conftest import LEADER, LIAISON, OFFICER, Press
from tests.summaries.counted import LAST
from tests.test_mail import Postbox, postbox

__all__ = ["postbox"]

DUE = dt.date(2026, 3, 31)


@pytest.fixture
def mailing(settings: Settings, postbox: tuple[Postbox, str]) -> tuple[Settings, Postbox]:
    """Settings of a hub that sends mail, and where it arrives."""
    box, where = postbox
    return replace(settings, smtp=f"smtp://{where}", mail_from="hub@hub.example", address="https://hub.example"), box


def subscribe(press: Press, email: str, *, wanted: bool = True) -> None:
    with press.desk.writing(email) as viewer:
        telling.subscribe(viewer, service.borough(viewer, HOME), wanted=wanted)


def work(press: Press, settings: Settings) -> None:
    worker = Worker(press.desk.database, telling.handlers(settings), accounts.viewer_of)
    while worker.run_one():
        pass


def test_who_subscribed_is_told_with_a_link_and_no_figure_and_only_if_it_is_theirs_to_read_then(
    press: Press, mailing: tuple[Settings, Postbox]
) -> None:
    settings, box = mailing
    with press.desk.database.writing() as session:
        for name in ("moved", "tired"):
            accounts.create_person(
                session, f"{name}@test.example", name, PASSWORD, LEADER, boroughs=[HOME], actor=audit.MACHINE
            )
    for email in (press.people[LEADER], "moved@test.example", "tired@test.example"):
        subscribe(press, email)
        subscribe(press, email)
    report_id = press.draft()
    press.ask(report_id)
    press.approve(report_id, tells=True)
    with press.desk.database.writing() as session:
        moved = accounts.viewer_by_email(session, "moved@test.example").person_id
        session.execute(delete(Membership).where(Membership.person_id == moved))
    subscribe(press, "tired@test.example", wanted=False)
    work(press, settings)
    assert box.recipients == [[press.people[LEADER]], [press.people[OFFICER]]], "the last is who asked for approval"
    letter, _ = box.taken
    plain, page = (letter.get_body((kind,)).get_content() for kind in ("plain", "html"))
    link = f"https://hub.example/areas/{HOME}/reports/{report_id}"
    for said in (plain, page):
        assert link in said
        assert "Alder" not in said
        figures = set(re.findall(r"\d[\d,]*", html.unescape(said).replace(link, "").replace("utf-8", "")))
        assert not figures, "a letter holds no figure of any kind"
    with press.desk.writing(press.people[LEADER]) as viewer, pytest.raises(NotFound):
        telling.subscribe(
            viewer, replace(service.borough(viewer, HOME), borough_codes=frozenset({ELSEWHERE})), wanted=True
        )


def test_a_report_is_drafted_so_many_days_before_it_falls_due_and_once(press: Press, settings: Settings) -> None:
    today = DUE - dt.timedelta(days=30)
    with press.desk.writing(press.people[OFFICER]) as viewer:
        area = service.borough(viewer, HOME)
        for days, due_on in ((61, DUE), (14, today)):
            with pytest.raises(BadRequest):
                schedules.schedule(viewer, area, "quarterly", due_on, days, Repeats.ONCE, today)
        schedules.schedule(viewer, area, "quarterly", DUE, 14, Repeats.QUARTERLY, today)
        once = schedules.schedule(viewer, area, "annual", DUE, 14, Repeats.ONCE, today)
    with press.desk.writing(press.people[LIAISON]) as viewer, pytest.raises(NotAllowed):
        schedules.end(viewer, service.borough(viewer, HOME), once)
    assert due(press, DUE - dt.timedelta(days=15)) == 0
    assert due(press, DUE - dt.timedelta(days=14)) == 2
    assert due(press, DUE - dt.timedelta(days=14)) == 0
    work(press, settings)
    with press.desk.reading(press.people[OFFICER]) as viewer:
        area = service.borough(viewer, HOME)
        drafted = service.reports(viewer, area)
        assert sorted(line.kind for line in drafted) == ["annual", "quarterly"]
        assert {line.state for line in drafted} == {State.DRAFT}
        assert {line.title for line in drafted} >= {f"Alder: quarterly update to {LAST:%B %Y}"}
        [again] = schedules.schedules(viewer, area)
        assert (again.kind, again.due_on) == ("Quarterly update", dt.date(2026, 6, 30))


def test_nothing_is_drafted_for_an_officer_who_has_left(press: Press, settings: Settings) -> None:
    with press.desk.writing(press.people[OFFICER]) as viewer:
        area = service.borough(viewer, HOME)
        schedules.schedule(viewer, area, "quarterly", DUE, 0, Repeats.ONCE, DUE - dt.timedelta(days=1))
        person_id = viewer.person_id
    with press.desk.database.writing() as session:
        session.execute(delete(Membership).where(Membership.person_id == person_id))
    assert due(press, DUE) == 1
    work(press, settings)
    with press.desk.reading(press.people[LIAISON]) as viewer:
        assert service.reports(viewer, service.borough(viewer, HOME)) == []


def due(press: Press, today: dt.date) -> int:
    return schedules.draft_due(press.desk.database, today, audit.MACHINE)
