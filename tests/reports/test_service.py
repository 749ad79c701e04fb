"""Reports: made of released figures alone, approved by somebody else, frozen, and issued again instead of changed."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest
from sqlalchemy import select

from hub import audit
from hub.access import Role
from hub.accounts import service as accounts
from hub.audit import AuditEntry
from hub.db import EVERYWHERE
from hub.documents.frozen import to_json
from hub.documents.model import Heading, Length, Paragraph
from hub.errors import BadRequest, Conflict, NotAllowed, NotFound
from hub.reports import approval, service
from hub.reports.forms import chosen_sections
from hub.reports.models import Report
from hub.retention import service as retention
from hub.summaries import service as summaries
from hub.words import LONDON, months_later
from tests.conftest import ELSEWHERE, HOME, PASSWORD
from tests.reports.conftest import COUNTS, LEADER, LIAISON, OFFICER, Press
from tests.summaries.counted import LAST, LATEST, WEST, as_met_file, as_released, by, plus, total


def test_whoever_makes_a_report_it_holds_what_a_leader_is_shown_and_no_exact_count(press: Press) -> None:
    """Every figure of it is one of the summary's own, as the leader reads it: so the attacker meets nothing new."""
    report_id = press.draft("quarterly")
    seen_by = {role: press.show(report_id, role).document for role in (OFFICER, LIAISON)}
    assert seen_by[OFFICER] == seen_by[LIAISON]
    with press.desk.reading(press.people[LEADER]) as leader:
        shown = summaries.summary(leader, HOME)
    told = {line.name: line.change.latest.count for line in shown.groups}
    tables = {table.title: table for table in seen_by[OFFICER].tables}
    groups = {row[0].shown: row[1].value for row in tables["Change by offence group"].rows}
    assert groups.pop("All offences") == as_released(total(COUNTS, LATEST))
    assert groups == told == {name: as_released(count) for name, count in by(COUNTS, "group", LATEST).items()}
    numbers = {cell.value for table in tables.values() for row in table.rows for cell in row}
    exact = {total(COUNTS, LATEST), *by(COUNTS, "group", LATEST).values(), *by(COUNTS, "ward_code", LATEST).values()}
    assert not {one for one in exact if one % 5} & numbers
    with pytest.raises(NotFound):
        press.show(report_id, LEADER)


def test_approval_freezes_what_was_read_and_only_somebody_else_approves(press: Press) -> None:
    report_id = press.draft("quarterly")
    read = press.show(report_id)
    press.edit(
        report_id,
        lambda chosen: [
            replace(one, words="Patrols met shopkeepers.\n\n- first\n- second") if one.key == "actions" else one
            for one in chosen
        ],
    )
    with pytest.raises(Conflict, match="Nobody asks"):
        press.approve(report_id)
    press.ask(report_id)
    with pytest.raises(Conflict, match="changed since you opened it"):
        press.approve(report_id, seen=read.digest)
    with pytest.raises(NotAllowed):
        press.approve(report_id, OFFICER)
    with press.desk.database.writing() as session, session.scoped(EVERYWHERE):
        row = session.get_one(Report, report_id)
        row.writers = [*row.writers, str(_person(press, LIAISON))]
    with pytest.raises(NotAllowed, match="You wrote in this report"):
        press.approve(report_id)
    with press.desk.database.writing() as session, session.scoped(EVERYWHERE):
        row = session.get_one(Report, report_id)
        row.writers = row.writers[:1]
    press.approve(report_id)
    shown = press.show(report_id, LEADER)
    assert "Patrols met shopkeepers." in str(shown.document.parts)
    assert to_json(shown.document) == _row(press, report_id).document
    for act in (
        lambda: press.approve(report_id),
        lambda: press.ask(report_id),
        lambda: press.edit(report_id, lambda chosen: chosen),
    ):
        with pytest.raises(Conflict, match="not changed any more"):
            act()


def test_what_was_restated_is_told_beside_a_report_and_a_revised_edition_takes_its_place(press: Press) -> None:
    report_id = press.approved("quarterly")
    before = _row(press, report_id)
    assert not press.show(report_id, LEADER).restated
    more = plus(COUNTS, (LAST, WEST, "Burglary", 400))
    press.desk.commit(press.people[OFFICER], as_met_file(more))
    shown = press.show(report_id, LEADER)
    told = {one.label: (one.before, one.now) for one in shown.restated}
    was, now = (f"{as_released(total(counts, LATEST)):,}" for counts in (COUNTS, more))
    assert told["All offences, 12 months to March 2025"] == (was, now)
    assert "March 2025" in told
    assert "February 2025" not in told
    assert not [label for label in told if label.startswith("Robbery")]
    assert to_json(shown.document) == before.document, "the note stands beside the report, not in it"
    with press.desk.writing(press.people[OFFICER]) as viewer:
        area = service.borough(viewer, HOME)
        with pytest.raises(BadRequest, match="was not said why"):
            service.reissue(viewer, area, report_id, " ")
        again = service.reissue(viewer, area, report_id, "Late records came in.")
        with pytest.raises(Conflict, match="Another report"):
            service.reissue(viewer, area, report_id, "Twice.")
    assert press.show(report_id, LEADER).replaced_by is None, "not before it is approved"
    press.ask(again)
    press.approve(again)
    revised = press.show(again, LEADER)
    assert revised.document.title == "Alder: quarterly update to March 2025 (revised)"
    assert (revised.edition, revised.replaces_id, revised.restated) == (2, report_id, ())
    (differs,) = [table for table in revised.document.tables if table.title.startswith("Figures that differ")]
    assert {row[0].shown: (row[1].shown, row[2].shown) for row in differs.rows}.items() <= told.items()
    assert "Late records came in." in str(revised.document.parts)
    old = _row(press, report_id)
    assert press.show(report_id, LEADER).replaced_by == again
    assert (old.document, old.sha256, old.figures) == (before.document, before.sha256, before.figures)


def test_words_of_an_officer_are_looked_at_before_they_stand_beside_protected_figures(press: Press) -> None:
    report_id = press.draft()

    def say(words: str) -> None:
        press.edit(
            report_id,
            lambda chosen: [replace(one, words=words if one.key == "introduction" else "") for one in chosen],
        )

    with pytest.raises(BadRequest, match="postcode"):
        say("The flat at SE1 7PB was entered.")
    with pytest.raises(BadRequest, match="characters"):
        say("x" * (service.LONGEST_WORDS + 1))
    shown = press.show(report_id).document.tables[0].rows[0][1].shown
    say(f"In 2024/25 there were {shown} offences, and on 3 May 3 stabbings in one street and 1,207 calls.")
    assert press.show(report_id).numbers_beside == ("3", "1,207")
    press.ask(report_id)
    with pytest.raises(BadRequest, match="numbers that are not among"):
        press.approve(report_id)
    digest = press.show(report_id).digest
    with press.desk.writing(press.people[LIAISON]) as viewer:
        approval.approve(
            viewer, service.borough(viewer, HOME), report_id, digest, numbers_are_checked=True, tells=False
        )
    assert press.show(report_id, LEADER).approved_by


def test_sections_are_left_out_and_reordered_but_what_explains_the_figures_stays(press: Press) -> None:
    report_id = press.draft("quarterly")
    present = press.show(report_id).sections
    sent = {f"place-{one.key}": str(number) for number, one in enumerate(reversed(present), start=1)}
    sent |= {f"include-{one.key}": "yes" for one in present if one.key != "where"}
    del sent["include-about"]
    press.edit(report_id, lambda chosen: chosen_sections(sent, chosen))
    parts = press.show(report_id).document.parts
    headings = [part.text for part in parts if isinstance(part, Heading) and part.level == 2]
    outcomes = "Outcomes: what is recorded beside what people say"
    long = ["Ward by ward", "Measure by measure"]
    assert headings == ["About these figures", outcomes, *long, "Month by month", "What changed", "Five measures"]
    with pytest.raises(BadRequest, match="whole number"):
        press.edit(report_id, lambda chosen: chosen_sections({"place-about": "first"}, chosen))
    with pytest.raises(BadRequest, match="not those of this report"):
        press.edit(report_id, lambda chosen: chosen[1:])


def test_the_three_reading_lengths_hold_the_same_figures_and_the_shortest_is_a_sentence(press: Press) -> None:
    document = press.show(press.approved("quarterly"), LEADER).document
    sentence, page, full = (document.read(length) for length in Length)
    assert [part.text for part in sentence.parts if isinstance(part, Paragraph)] == [press_headline(press)]
    assert set(sentence.parts) < set(page.parts) < set(full.parts)


def press_headline(press: Press) -> str:
    with press.desk.reading(press.people[LEADER]) as viewer:
        return summaries.summary(viewer, HOME).headline


def test_a_report_is_nobodys_outside_its_borough_and_each_act_is_on_record(press: Press) -> None:
    report_id = press.approved()
    with press.desk.database.writing() as session:
        accounts.create_person(
            session, "away@test.example", "Away", PASSWORD, LIAISON, boroughs=[ELSEWHERE], actor=audit.MACHINE
        )
    with press.desk.writing("away@test.example") as viewer:
        with pytest.raises(NotFound):
            service.borough(viewer, HOME)
        area = service.borough(viewer, ELSEWHERE)
        for act in (service.show, service.approved):
            with pytest.raises(NotFound):
                act(viewer, area, report_id)
        with pytest.raises(service.NoReports):
            service.newest(viewer, area)
    with press.desk.database.reading() as session:
        acts = select(AuditEntry.action).where(AuditEntry.action.startswith("report."))
        acts = acts.order_by(AuditEntry.number)
        assert session.scalars(acts).all() == ["report.drafted", "report.approval_asked", "report.approved"]


def test_reports_go_when_their_time_is_over_and_not_before(press: Press) -> None:
    report_id, database = press.approved(), press.desk.database
    today = dt.datetime.now(LONDON).date()
    last_day = months_later(today, 72)
    assert retention.erase_due(database, last_day, audit.MACHINE) == 0
    assert press.show(report_id).approved_by
    assert retention.erase_due(database, last_day + dt.timedelta(days=1), audit.MACHINE) == 1
    with pytest.raises(NotFound):
        press.show(report_id)
    with database.reading() as session:
        [erased] = session.scalars(select(AuditEntry).where(AuditEntry.action == "report.erased"))
        assert (erased.subject, erased.boroughs) == (str(report_id), [HOME])


def _person(press: Press, role: Role) -> object:
    with press.desk.reading(press.people[role]) as viewer:
        return viewer.person_id


def _row(press: Press, report_id: object) -> Report:
    with press.desk.database.reading() as session, session.scoped(EVERYWHERE):
        row = session.get_one(Report, report_id)
        session.expunge(row)
        return row
