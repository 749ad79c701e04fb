"""The outcomes board: recorded beside perception, by plan, for an officer and for a leader, of their borough alone."""

from __future__ import annotations

import pytest
import textstat

from hub.access import Role
from hub.accounts import service as accounts
from hub.db import Database
from hub.errors import NotFound
from hub.outcomes import service
from hub.summaries import perception
from hub.summaries import service as summaries
from hub.summaries.changes import Verdict
from hub.summaries.service import NoFigures
from hub.words import months_before
from tests.client import StrictClient, words_of
from tests.conftest import ELSEWHERE, HOME, PASSWORD, SIBLING
from tests.outcomes.conftest import LAST
from tests.uploads.desk import Desk

HARDEST_GRADE = 7
"""Of school years, counted as the index counts them: a reading age of about 12."""
PATH = f"/areas/{HOME}/outcomes"


def test_each_recorded_measure_stands_beside_what_people_say_or_says_why_not(
    desk: Desk, people: dict[Role, str], both_loaded: None
) -> None:
    with desk.reading(people[Role.CSP_OFFICER]) as viewer:
        board = service.board(viewer, HOME)
        older = service.board(viewer, HOME, plan="2021-25")
        with pytest.raises(NotFound):
            service.board(viewer, HOME, plan="1999-2003")
        with pytest.raises(NotFound):
            service.board(viewer, ELSEWHERE)
    pairs = {pair.measure.code: pair for theme in board.themes for pair in theme.recorded}
    assert all(bool(pair.partner) != bool(pair.measure.why_no_partner) for pair in pairs.values())
    robbery, everything = pairs["robbery"], pairs["all-crime"]
    assert robbery.measured is not None
    assert (robbery.measured.change.latest.count, robbery.measured.verdict) == (1440, Verdict.ROSE)
    assert [each.figure.count for each in robbery.series][-1] == 1440
    assert [each.last_month for each in robbery.series] == [months_before(LAST, back) for back in (24, 18, 12, 6, 0)]
    assert everything.opinion is not None
    assert (everything.opinion.verdict, round(everything.opinion.latest.percent)) == (Verdict.FELL, 45)
    assert not pairs["lethal-barrel-discharges"].has_figure
    knives = pairs["knife-injury-under-25"].measured
    assert knives is not None
    assert (knives.change.latest.count, knives.change.before.count, knives.verdict) == (48, 12, Verdict.ROSE)
    again = {pair.measure.code: pair for theme in older.themes for pair in theme.recorded}
    assert again["robbery"].series == robbery.series, "a plan that is switched keeps each series"
    assert board.harm is not None
    assert board.harm.latest.total > board.harm.before.total


def test_a_leader_is_given_nothing_that_some_summary_does_not_give(
    desk: Desk, people: dict[Role, str], both_loaded: None
) -> None:
    """So that the attacker, who reads every summary, knows all that can be learnt from a board."""
    with desk.reading(people[Role.COUNCIL_LEADER]) as viewer:
        ends = service.covered_months(viewer, HOME)
        pages = {end: summaries.summary(viewer, HOME, last_month=end) for end in ends}
        boards = [service.board(viewer, HOME, plan=plan, last_month=ends[0]) for plan in ("2025-29", "2021-25")]
    given = {
        (code, month, figure)
        for end, page in pages.items()
        for code, one in page.measures.items()
        for month, figure in ((end, one.change.latest), (months_before(end, 12), one.change.before))
    }
    pairs = [pair for board in boards for theme in board.themes for pair in theme.recorded]
    drawn = {(pair.measure.code, each.last_month, each.figure) for pair in pairs for each in pair.series}
    assert len(drawn) == 3 * 5, "three measures have figures in these files, each of five years"
    assert drawn <= given
    assert {pair.measured for pair in pairs if pair.measured} <= {*pages[ends[0]].measures.values()}
    assert [board.harm for board in boards] == [None, None]


def test_the_page_says_it_in_words_to_officer_and_leader(
    client: StrictClient, people: dict[Role, str], both_loaded: None
) -> None:
    client.sign_in(people[Role.COUNCIL_LEADER], PASSWORD)
    client.get(f"{PATH}?to={LAST:%Y-%m}")
    said = client.page.main
    assert client.page.h1 == "Outcomes in Alder"
    assert "▲ R Rose" in said
    assert "▼ F Fell : 60% in the 12 months before" in said.replace("Fell:", "Fell :")
    assert "about 400 people were asked" in said
    assert "design effect of 1.3" in said
    assert "To be verified" in said
    assert "Harm is not shown here" in said
    assert "Young people hurt with a knife" in said
    assert "48 victims" not in said
    prose = " ".join(words_of(one) for tag in ("p", "li") for one in client.page.all(tag))
    assert textstat.automated_readability_index(prose) <= HARDEST_GRADE
    assert "target" in said
    client.get(f"{PATH}?plan=2021-25")
    assert "Protecting people from exploitation and harm" in client.page.main
    assert client.get(f"{PATH}?plan=1999").status_code == 404
    assert client.get(f"{PATH}?to=2019-01").status_code == 404
    assert client.get(f"/areas/{ELSEWHERE}/outcomes").status_code == 404


def test_a_borough_without_figures_is_told_what_to_load(
    database: Database, people: dict[Role, str], desk: Desk
) -> None:
    with desk.reading(people[Role.BCU_COMMANDER]) as viewer:
        board = service.board(viewer, SIBLING)
        assert (board.summary, board.survey_month, board.harm) == (None, None, None)
        assert "No figures have been uploaded" in board.no_figures
        with pytest.raises(NoFigures):
            service.board(viewer, SIBLING, last_month=LAST)
    with database.reading() as session:
        leader = accounts.viewer_by_email(session, people[Role.COUNCIL_LEADER])
        with pytest.raises(NotFound):
            perception.of_borough(leader, ELSEWHERE)
