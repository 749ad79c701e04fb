"""Measures in use: which five a borough puts first, who chooses them, and who may define others."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from hub.access import Role
from hub.accounts import service as accounts
from hub.audit import AuditEntry
from hub.db import Database
from hub.errors import BadFile, BadRequest, Conflict, NotAllowed, NotFound
from hub.measures import service
from hub.measures.service import UNLESS_CHOSEN
from tests.conftest import ELSEWHERE, HOME
from tests.measures.test_definitions import OURS

FIVE = ("robbery", "burglary", "theft", "homicide", "listens")


def load(database: Database, email: str, text: str) -> bool:
    with database.session(writes=True) as session:
        _, is_new = service.load(accounts.viewer_by_email(session, email), text)
        session.commit()
    return is_new


def test_a_borough_puts_five_measures_first_and_its_officer_chooses(
    database: Database, people: dict[Role, str]
) -> None:
    with database.session(writes=True) as session:
        leader = accounts.viewer_by_email(session, people[Role.COUNCIL_LEADER])
        assert tuple(one.code for one in service.chosen(leader, HOME)) == UNLESS_CHOSEN
        with pytest.raises(NotAllowed):
            service.choose(leader, HOME, FIVE)
    with database.session(writes=True) as session:
        officer = accounts.viewer_by_email(session, people[Role.CSP_OFFICER])
        with pytest.raises(NotFound):
            service.choose(officer, ELSEWHERE, FIVE)
        with pytest.raises(NotFound):
            service.chosen(officer, ELSEWHERE)
        for codes in (FIVE[:4], (*FIVE[:4], FIVE[0]), (*FIVE[:4], "nonsense"), (*FIVE[:4], "repeat-victims")):
            with pytest.raises(BadRequest):
                service.choose(officer, HOME, codes)
        service.choose(officer, HOME, FIVE)
        service.choose(officer, HOME, FIVE)
        session.commit()
    with database.reading() as session:
        leader = accounts.viewer_by_email(session, people[Role.COUNCIL_LEADER])
        assert tuple(one.code for one in service.chosen(leader, HOME)) == FIVE
        entries = session.scalars(select(AuditEntry).where(AuditEntry.action == "measures.chosen")).all()
    assert [entry.details["codes"] for entry in entries] == [list(FIVE)]


def test_each_of_the_five_is_compared_with_what_the_borough_chose_and_a_survey_with_the_year_before(
    database: Database, people: dict[Role, str]
) -> None:
    five = ("violence-against-the-person", *FIVE[1:])
    with database.session(writes=True) as session:
        officer = accounts.viewer_by_email(session, people[Role.CSP_OFFICER])
        nobodys = service.choice(officer, HOME)
        assert (nobodys.comparisons, nobodys.chosen_by, nobodys.chosen_at) == ({}, "", None)
        for told in ({"burglary": "published-met-2024-06"}, {"burglary": "nonsense"}):
            with pytest.raises(BadRequest, match="'Burglary' cannot be compared with"):
                service.choose(officer, HOME, five, told)
        told = {five[0]: "published-met-2024-06", "theft": "alike"}
        for _ in range(2):
            service.choose(officer, HOME, five, told | {"listens": "area", "robbery": "area"})
        session.commit()
    with database.reading() as session:
        leader = accounts.viewer_by_email(session, people[Role.COUNCIL_LEADER])
        found = service.choice(leader, HOME)
        (entry,) = session.scalars(select(AuditEntry).where(AuditEntry.action == "measures.chosen")).all()
    assert {code: one.code for code, one in found.comparisons.items()} == told
    assert found.chosen_by == officer.name
    assert found.chosen_at is not None
    assert (entry.details["codes"], entry.details["comparisons"]) == (list(five), told)


def test_a_plan_lists_its_measures_theme_by_theme_and_a_measure_keeps_its_code_in_both(database: Database) -> None:
    with database.reading() as session:
        of_plan = {plan.code: service.measures(session, plan.code) for plan in service.plans(session)}
        assert service.measure(session, "homicide") in of_plan["2025-29"]
        assert service.measure(session, "homicide") in of_plan["2021-25"]
        assert service.measures(session, "1999-2003") == ()
        with pytest.raises(NotFound):
            service.measure(session, "nonsense")
    themes = [one.theme("2025-29") for one in of_plan["2025-29"]]
    assert [theme for i, theme in enumerate(themes) if theme not in themes[:i]] == [
        "violence", "communities", "reform", "victims",
    ]  # fmt: skip
    assert sorted(themes, key=["violence", "communities", "reform", "victims"].index) == themes


def test_an_administrator_of_the_city_defines_others_and_no_version_is_altered(
    database: Database, people: dict[Role, str]
) -> None:
    administrator = people[Role.ADMINISTRATOR]
    with pytest.raises(NotAllowed, match="one list for every borough"):
        load(database, people[Role.CSP_OFFICER], OURS)
    assert load(database, administrator, OURS)
    assert not load(database, administrator, OURS)
    with pytest.raises(Conflict, match="Version 1 of 'shoplifting'"):
        load(database, administrator, OURS.replace("Theft from shops", "Theft from markets"))
    with pytest.raises(Conflict, match="'homicide'"):
        load(database, administrator, OURS.replace("shoplifting", "homicide").replace('"1"', '"2026-1"'))
    with pytest.raises(BadFile, match="no perception measure"):
        load(database, administrator, OURS.replace('"listens"', '"robbery"').replace('"1"', '"2"'))
    assert load(database, administrator, OURS.replace('"1"', '"2"').replace("Theft from shops", "Theft from markets"))
    with database.reading() as session:
        assert service.measure(session, "shoplifting").version == "2"
        assert service.measure(session, "homicide").title == "Homicide"
    assert load(database, administrator, OURS)
    with database.reading() as session:
        assert service.measure(session, "shoplifting").definition == "Theft from shops."
