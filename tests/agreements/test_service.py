"""Agreements in the database: who may write and read them, how versions follow, and what the gate lets through."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select

from hub.access import Role, Viewer
from hub.agreements import service
from hub.agreements.service import NoAgreement
from hub.agreements.standing import Standing
from hub.agreements.terms import Party, PartyRole, Terms
from hub.audit import AuditEntry
from hub.errors import BadRequest, Conflict, NotAllowed, NotFound
from tests.agreements.written import A_YEAR, some_terms
from tests.conftest import ELSEWHERE, HOME, SIBLING
from tests.uploads.desk import Desk

DAY = dt.timedelta(days=1)
ASB, TITLE = "council_asb", "Council anti-social behaviour"


def write(desk: Desk, email: str, terms: Terms, boroughs: tuple[str, ...] = (HOME,)) -> list[UUID]:
    with desk.writing(email) as viewer:
        return service.write(viewer, boroughs, terms)


def open_on(viewer: Viewer, on: dt.date, dataset: str = ASB) -> set[str]:
    return {code for code, _ in service.in_force(viewer, [HOME, SIBLING, ELSEWHERE], [dataset, "other"], on)}


def test_officers_and_administrators_write_for_their_own_boroughs_alone(desk: Desk, people: dict[Role, str]) -> None:
    write(desk, people[Role.CSP_OFFICER], some_terms("ISA-1"))
    write(desk, people[Role.ADMINISTRATOR], some_terms("ISA-1"), (SIBLING, ELSEWHERE))
    for role in (Role.CSP_ANALYST, Role.BOROUGH_POLICE_LEAD, Role.BCU_COMMANDER, Role.COUNCIL_LEADER):
        with pytest.raises(NotAllowed):
            write(desk, people[role], some_terms("ISA-2"))
    with pytest.raises(NotFound):
        write(desk, people[Role.CSP_OFFICER], some_terms("ISA-2"), (HOME, ELSEWHERE))
    with desk.reading(people[Role.ADMINISTRATOR]) as viewer:
        found = service.agreements(viewer, service.today())
        assert [(each.terms.reference, each.borough) for each in found] == [
            ("ISA-1", "Alder"),
            ("ISA-1", "Birch"),
            ("ISA-1", "Cedar"),
        ]


def test_a_neighbour_cannot_see_use_edit_or_end_it(desk: Desk, people: dict[Role, str]) -> None:
    [theirs] = write(desk, people[Role.ADMINISTRATOR], some_terms("ISA-9"), (ELSEWHERE,))
    with desk.writing(people[Role.CSP_OFFICER]) as officer:
        assert service.agreements(officer, service.today()) == []
        assert open_on(officer, service.today()) == set()
        for act in (
            lambda agreement_id: service.agreement(officer, agreement_id, service.today()),
            lambda agreement_id: service.write_next(officer, agreement_id, some_terms("ISA-9")),
            lambda agreement_id: service.end(officer, agreement_id, "Not mine."),
        ):
            refusals = []
            for agreement_id in (theirs, uuid4()):
                with pytest.raises(NotFound) as refused:
                    act(agreement_id)
                refusals.append(str(refused.value))
            assert refusals[0] == refusals[1]
        with pytest.raises(NoAgreement, match="may not be used in Alder: no sharing agreement covers it") as refused:
            service.require(officer, [HOME], ASB, TITLE, service.today())
        assert "ISA-9" not in str(refused.value)
    with desk.reading(people[Role.ADMINISTRATOR]) as administrator:
        assert service.agreement(administrator, theirs, service.today()).standing is Standing.IN_FORCE


def test_the_gate_opens_on_the_first_day_and_closes_after_the_last(desk: Desk, people: dict[Role, str]) -> None:
    first, last = dt.date(2026, 3, 29), dt.date(2026, 10, 25)  # the days on which the clocks change
    terms = replace(some_terms(starts_on=first, ends_on=last), signed_on=first - DAY)
    [agreement_id] = write(desk, people[Role.CSP_OFFICER], terms)
    with desk.reading(people[Role.CSP_OFFICER]) as viewer:
        for on, is_open in ((first - DAY, False), (first, True), (last, True), (last + DAY, False)):
            assert (open_on(viewer, on) == {HOME}) is is_open, on
            assert open_on(viewer, on, "ambulance") == set()
        assert service.require(viewer, [HOME], ASB, TITLE, last) == {HOME: agreement_id}
        with pytest.raises(NoAgreement, match="agreement ISA-1 expired on 25 October 2026"):
            service.require(viewer, [HOME], ASB, TITLE, last + DAY)
        with pytest.raises(NoAgreement, match="agreement ISA-1 is not in force until 29 March 2026"):
            service.require(viewer, [HOME], ASB, TITLE, first - DAY)


@pytest.mark.parametrize(
    ("instant", "day"),
    [
        ("2026-03-28T23:59:59", dt.date(2026, 3, 28)),
        ("2026-03-29T00:30:00", dt.date(2026, 3, 29)),
        ("2026-03-29T22:59:59", dt.date(2026, 3, 29)),
        ("2026-03-29T23:00:00", dt.date(2026, 3, 30)),
        ("2026-10-24T23:00:00", dt.date(2026, 10, 25)),
        ("2026-10-25T23:30:00", dt.date(2026, 10, 25)),
        ("2026-10-26T00:00:00", dt.date(2026, 10, 26)),
    ],
)
def test_a_day_is_a_day_of_london_on_both_sides_of_a_clock_change(
    monkeypatch: pytest.MonkeyPatch, instant: str, day: dt.date
) -> None:
    now = dt.datetime.fromisoformat(instant).replace(tzinfo=dt.UTC)

    class Clock(dt.datetime):
        @classmethod
        def now(cls, tz: dt.tzinfo | None = None) -> dt.datetime:
            return now.astimezone(tz)

    monkeypatch.setattr(service.dt, "datetime", Clock)
    assert service.today() == day


def test_an_edit_is_a_new_version_and_the_old_one_is_kept(desk: Desk, people: dict[Role, str]) -> None:
    officer = people[Role.CSP_OFFICER]
    [first] = write(desk, officer, some_terms())
    draft = replace(some_terms(is_signed=False), purpose="Something else.", owner="Somebody else")
    with desk.writing(officer) as viewer:
        second = service.write_next(viewer, first, draft)
        assert open_on(viewer, service.today()) == {HOME}, "a draft closes nothing"
        shown = service.agreement(viewer, first, service.today())
        assert (shown.terms.purpose, shown.standing, shown.is_newest) == (
            some_terms().purpose,
            Standing.IN_FORCE,
            False,
        )
        assert service.agreement(viewer, second, service.today()).standing is Standing.DRAFT
        assert [line.number for line in shown.versions] == [2, 1]
    with desk.writing(officer) as viewer, pytest.raises(Conflict, match="version 2 of this agreement meanwhile"):
        service.write_next(viewer, first, some_terms())
    with desk.writing(officer) as viewer:
        service.write_next(viewer, second, replace(some_terms(), datasets=("ambulance",)))
        assert open_on(viewer, service.today()) == set(), "the signed version no longer covers it"
        assert open_on(viewer, service.today(), "ambulance") == {HOME}
    with desk.writing(officer) as viewer:
        [newest] = service.agreements(viewer, service.today())
        with pytest.raises(BadRequest, match="reference of an agreement stays"):
            service.write_next(viewer, newest.id, some_terms("ISA-2"))


def test_ending_it_closes_the_door_at_once_and_a_signed_version_opens_it_again(
    desk: Desk, people: dict[Role, str]
) -> None:
    officer = people[Role.CSP_OFFICER]
    [first] = write(desk, officer, some_terms())
    with desk.writing(officer) as viewer, pytest.raises(BadRequest, match="not said why"):
        service.end(viewer, first, "  ")
    with desk.writing(officer) as viewer:
        service.end(viewer, first, "The council  withdrew.")
    with desk.reading(officer) as viewer:
        assert open_on(viewer, service.today()) == set()
        shown = service.agreement(viewer, first, service.today())
        assert (shown.standing, shown.ended_because) == (Standing.ENDED, "The council withdrew.")
        with pytest.raises(NoAgreement, match="agreement ISA-1 was ended"):
            service.require(viewer, [HOME], ASB, TITLE, service.today())
    with desk.writing(officer) as viewer:
        service.write_next(viewer, first, some_terms())
        assert open_on(viewer, service.today()) == {HOME}


def test_a_reference_is_taken_once_in_each_borough(desk: Desk, people: dict[Role, str]) -> None:
    write(desk, people[Role.CSP_OFFICER], some_terms("ISA-1"))
    with pytest.raises(Conflict, match="Alder has an agreement 'ISA-1' already"):
        write(desk, people[Role.ADMINISTRATOR], some_terms("ISA-1"), (HOME, SIBLING))
    write(desk, people[Role.ADMINISTRATOR], some_terms("ISA-1"), (SIBLING,))


WRONG = {
    "parties": ((Party("Alder Council", PartyRole.PROVIDES),), "at least two parties"),
    "duty": ("", "under which gateway"),
    "datasets": ((), "at least one dataset"),
    "reference": ("x" * 61, "at most 60 characters"),
    "purpose": ("", "what the data is shared for"),
    "marking": ("SECRET", "Choose one of"),
    "retention_months": (0, "how many months"),
    "ends_on": (dt.date(2020, 1, 1), "on or after the day it starts"),
    "review_on": (service.today() + 3 * A_YEAR, "between the start and the end"),
    "signed_on": (service.today() + DAY, "cannot be in the future"),
    "starts_on": (None, "the day on which the agreement starts"),
}


@pytest.mark.parametrize("field", WRONG)
def test_terms_with_a_fault_are_refused_in_words(desk: Desk, people: dict[Role, str], field: str) -> None:
    value, sentence = WRONG[field]
    with pytest.raises(BadRequest, match=sentence):
        write(desk, people[Role.CSP_OFFICER], replace(some_terms(), **{field: value}))
    write(desk, people[Role.CSP_OFFICER], some_terms())


def test_either_gateway_is_enough_and_both_are_kept_apart(desk: Desk, people: dict[Role, str]) -> None:
    both = replace(some_terms("ISA-B"), duty="Prescribed.", power="Expedient.")
    [agreement_id] = write(desk, people[Role.CSP_OFFICER], both)
    write(desk, people[Role.CSP_OFFICER], replace(some_terms("ISA-P"), duty="", power="Expedient."))
    with desk.reading(people[Role.BCU_COMMANDER]) as viewer:
        terms = service.agreement(viewer, agreement_id, service.today()).terms
        assert terms == both


def test_every_act_is_on_the_record(desk: Desk, people: dict[Role, str]) -> None:
    officer = people[Role.CSP_OFFICER]
    [first] = write(desk, officer, some_terms())
    with desk.writing(officer) as viewer:
        service.write_next(viewer, first, some_terms())
        service.end(viewer, first, "Over.")
    with desk.reading(officer) as viewer:
        recorded = select(AuditEntry.action).where(AuditEntry.action.startswith("agreement"))
        acts = viewer.session.scalars(recorded.order_by(AuditEntry.number))
        assert list(acts) == ["agreement.written", "agreement.written", "agreement.ended"]
