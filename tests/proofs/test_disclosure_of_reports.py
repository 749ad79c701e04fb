"""T20 and T21 for reports: every edition that was ever frozen, read together with all pages, gives nothing away."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import delete, select

from hub.access import Role
from hub.accounts import service as accounts
from hub.db import EVERYWHERE, Database
from hub.proofs import readings
from hub.proofs.readings import TOTAL, as_aggregate_reader, fetch
from hub.reports import service as reports
from hub.reports.models import Report
from hub.summaries import service as summaries
from hub.uploads.models import Version, VersionMonth, WardCount
from tests.conftest import HOME
from tests.proofs.frozen import freeze, issue_again
from tests.proofs.test_disclosure import attacked, on_one_database, overlapping_years, put, some_years, with_violence
from tests.summaries.conftest import desk  # noqa: F401 - a fixture
from tests.summaries.counted import LAST, WEST, as_met_file, months_to, plus
from tests.uploads.desk import Desk


@on_one_database
def test_every_edition_of_every_extract_together_gives_nothing_away(
    desk: Desk,  # noqa: F811
    people: dict[Role, str],
) -> None:
    """Reports are frozen of each load, and issued again after the next: months put right, more of them, one undone."""
    officer, all_months = people[Role.CSP_OFFICER], months_to(LAST, 33)
    counts = some_years(4, months=all_months)
    early = counts[counts["month"] < all_months[-3]]
    put_right = plus(early[early["month"] == all_months[-5]], (all_months[-5], WEST, "Arson", 3))
    later = counts[counts["month"] >= all_months[-3]]
    outcome: dict[str, Any] = {}
    editions: list[UUID] = []
    for rows in (early, put_right, later):
        outcome = desk.commit(officer, as_met_file(rows, months=sorted(set(rows["month"]))))
        editions = issue_again(desk.database, HOME, officer, editions)
        editions += freeze(desk.database, HOME, officer)
    desk.undo(officer, outcome["version"])
    issue_again(desk.database, HOME, officer, editions[:2])
    found = attacked(desk.database, officer)
    assert (found.reports, found.untold, found.unread) == (2 * (1 + 2 + 3 + 1), 0, 0)
    assert (found.hidden > 50, found.is_held) == (True, True), found


@on_one_database
@pytest.mark.parametrize("seed", range(2))
def test_reports_of_every_month_on_offer_give_nothing_away(
    database: Database, people: dict[Role, str], seed: int
) -> None:
    put(database, HOME, with_violence(some_years(seed), seed))
    administrator = people[Role.ADMINISTRATOR]
    with database.reading() as session:
        leader = as_aggregate_reader(accounts.viewer_by_email(session, administrator), HOME)
        months = summaries.covered_months(leader, HOME)
    frozen = freeze(database, HOME, administrator, months)
    with database.reading() as session:
        read = fetch(as_aggregate_reader(accounts.viewer_by_email(session, administrator), HOME), HOME)
    lines = {reading.line for report in read.reports for reading in _readings_of(read, report)}
    assert {TOTAL, ("groups", "Theft")} <= lines
    assert {line[0] for line in lines} >= {"total", "groups", "wards"}
    assert any(line[0].startswith("parts of ") for line in lines), "subgroups that measures count are read too"
    found = attacked(database, administrator)
    assert (found.reports, found.untold, found.unread) == (len(frozen), 0, 0)
    assert (found.hidden > 50, found.is_held) == (True, True), found


def _readings_of(read: readings.Fetched, report: reports.FrozenReport) -> list[readings.Reading]:
    return list(readings.Fetched((), {}, (), (report,), read.policies, read.measured).readings())


@on_one_database
def test_what_an_older_report_gave_away_is_found_beside_pages_that_are_right_today(
    database: Database, people: dict[Role, str]
) -> None:
    """Reports are frozen while small groups are given for years to any month; the rule is right again, they stay."""
    put(database, HOME, some_years(1))
    administrator = people[Role.ADMINISTRATOR]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("hub.summaries.offered._REMEMBERED", {})
        patch.setattr(summaries, "withheld", lambda *given, **options: frozenset())
        overlapping_years(patch)
        freeze(database, HOME, administrator, months_to(LAST, 6))
    found = attacked(database, administrator)
    assert found.above_zero, found
    assert not found.is_held


@on_one_database
def test_a_count_that_a_report_shows_and_does_not_tell_is_reported(
    database: Database, people: dict[Role, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    put(database, HOME, some_years(1))
    administrator = people[Role.ADMINISTRATOR]
    monkeypatch.setattr("hub.reports.sections.tell_change", lambda *given: None)
    freeze(database, HOME, administrator)
    found = attacked(database, administrator)
    assert found.untold > 10
    assert not found.is_held


@on_one_database
def test_a_report_outlives_the_versions_it_was_made_of_and_is_attacked_all_the_same(
    database: Database, people: dict[Role, str]
) -> None:
    administrator = people[Role.ADMINISTRATOR]
    put(database, HOME, some_years(2))
    freeze(database, HOME, administrator)
    put(database, HOME, some_years(3))
    with database.writing() as session, session.scoped(EVERYWHERE):
        first = session.scalars(select(Version.id).where(Version.number == 1)).one()
        for table in (WardCount, VersionMonth):
            session.execute(delete(table).where(table.version_id == first))
        session.execute(delete(Version).where(Version.id == first))
    found = attacked(database, administrator)
    assert (found.reports, found.untold, found.unread) == (2, 0, 0)
    assert (found.hidden > 30, found.is_held) == (True, True), found


@on_one_database
def test_a_report_of_which_it_is_not_kept_what_it_was_made_of_is_told(
    database: Database, people: dict[Role, str]
) -> None:
    put(database, HOME, some_years(1))
    administrator = people[Role.ADMINISTRATOR]
    before, _ = freeze(database, HOME, administrator)
    with database.writing() as session, session.scoped(EVERYWHERE):
        session.get_one(Report, before).made_of = None
    found = attacked(database, administrator)
    assert (found.reports, found.unread) == (2, 1)
