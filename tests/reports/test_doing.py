"""What a borough's readers are told is being done, on its page and in its reports: never what partners wrote of it."""

from __future__ import annotations

import datetime as dt

import pytest
from flask import Flask

from hub.access import Role
from hub.errors import NotFound
from hub.problems import service as problems
from hub.problems.terms import Kind, Stage
from hub.reports import publishing, service
from hub.summaries.doing import NEVER_JUDGED, NO_RESULT, doing
from tests.client import StrictClient
from tests.conftest import ELSEWHERE, HOME, PASSWORD
from tests.problems.conftest import an_opening
from tests.reports.conftest import LEADER, OFFICER, Press

LONG_AGO = dt.date(2024, 1, 1)
UNTOLD = ("Patrols watch the house with a blue door", "Bus station", "Held back until the summer")


def open_some(press: Press) -> None:
    """One problem that is being acted on, one just found and one closed, each with words that partners wrote."""
    with press.desk.writing(press.people[OFFICER]) as viewer:
        for title, stages in (
            ("Robbery at the bus station", (Stage.ANALYSIS, Stage.RESPONSE)),
            ("Mopeds on the high street", ()),
            ("Shoplifting in the market", (Stage.CLOSED,)),
            ("Stalking around the school", (Stage.CLOSED,)),
        ):
            problem_id = problems.open_problem(viewer, an_opening(title=title)).id
            problems.write(viewer, problem_id, Kind.COMMENT, {"words": UNTOLD[0]})
            for stage in stages:
                problems.move(viewer, problem_id, stage, UNTOLD[2])


def test_a_leader_is_told_stage_body_and_result_and_nothing_that_partners_wrote(press: Press, app: Flask) -> None:
    leader = app.test_client()
    assert isinstance(leader, StrictClient)
    leader.sign_in(press.people[LEADER], PASSWORD)
    assert leader.get(f"/areas/{HOME}/summary").status_code == 200
    assert "No problem is written down in the hub." in leader.page.main
    open_some(press)
    assert leader.get(f"/areas/{HOME}/summary").status_code == 200
    said = leader.page.main
    for wanted in (
        "The partnership works on 2 problems: 1 being looked into and 1 being acted on. 2 problems were closed.",
        "Robbery at the bus station",
        "Being acted on",
        "Police",
        NO_RESULT,
        NEVER_JUDGED,
    ):
        assert wanted in said, wanted
    for untold in (*UNTOLD, "P-20", "Stalking", "the school"):
        assert untold not in said, untold


def test_a_report_tells_of_problems_in_the_borough_and_its_public_copy_does_not(press: Press) -> None:
    open_some(press)
    report_id = press.approved()
    with press.desk.reading(press.people[LEADER]) as viewer:
        area = service.borough(viewer, HOME)
        whole = service.show(viewer, area, report_id).document
        public = publishing.preview(viewer, area, report_id)
        (table,) = [table for table in whole.tables if table.title.startswith("Problems in Alder")]
        told = doing(viewer, HOME, LONG_AGO)
    assert [[cell.shown for cell in row] for row in table.rows] == [
        [one.title, one.kind, one.stage, one.leads, one.result] for one in told.problems
    ]
    assert {row[2].shown for row in table.rows} == {"Being looked into", "Being acted on", "Closed"}
    assert not [table for table in public.tables if table.title.startswith("Problems")]
    for untold in ("Robbery at the bus station", "Mopeds", "The partnership works on"):
        assert untold not in str(public.parts)
    for untold in UNTOLD:
        assert untold not in str(whole.parts)


def test_what_is_done_elsewhere_is_told_to_nobody_here(press: Press) -> None:
    open_some(press)
    for role in (LEADER, Role.CSP_OFFICER):
        with press.desk.reading(press.people[role]) as viewer, pytest.raises(NotFound):
            doing(viewer, ELSEWHERE, LONG_AGO)
