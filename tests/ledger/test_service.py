"""The ledger in the database: what has come and when, what is not held, whom to remind, and what is prescribed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import select, update

from geo.frames import to_longitude_latitude
from hub.access import Permission, Role, Viewer
from hub.audit import AuditEntry
from hub.db import EVERYWHERE
from hub.errors import BadRequest, NotAllowed, NotFound
from hub.ledger import service
from hub.ledger.prescribed import Provider, shipped
from hub.ledger.quarters import Quarter
from hub.ledger.service import ItemChanges, Liaison, Status
from hub.places import service as places
from hub.places.service import Area
from hub.uploads import kinds
from hub.uploads.models import Version
from tests.conftest import ELSEWHERE, HOME, SIBLING
from tests.uploads.desk import Desk

SUMMER = Quarter(dt.date(2025, 7, 1))
DUE = dt.date(2025, 12, 31)
TODAY = dt.date(2025, 11, 22)
CALLS = "fire-malicious-calls"
HEADING = "Crime type,Month,Longitude,Latitude\n"
CRIMES = "police-crimes"


@contextmanager
def at(desk: Desk, email: str, code: str = HOME) -> Iterator[tuple[Viewer, Area]]:
    """Somebody at work on one borough's ledger."""
    with desk.writing(email) as viewer:
        yield viewer, places.area(viewer, code, Permission.AGREEMENT_READ)


def load(desk: Desk, email: str, *months: str) -> str:
    """Make some months of ward counts live, of the kind that counts as the police's crimes."""
    heading = "MajorText,MinorText,WardName,WardCode,LookUp_BoroughName," + ",".join(m.replace("-", "") for m in months)
    row = "BURGLARY,BURGLARY - RESIDENTIAL,Alder West,F05000000,Alder" + ",4" * len(months)
    outcome = desk.commit(email, f"{heading}\n{row}\n", "-".join(months) + ".csv")
    assert outcome["state"] == "committed"
    return str(outcome["id"])


def came_at(desk: Desk, instant: dt.datetime) -> None:
    """Let everything that is loaded have come at one moment."""
    with desk.database.writing() as session:
        session.set_scope(EVERYWHERE)
        session.execute(update(Version).values(committed_at=instant))


def crimes(desk: Desk, email: str, today: dt.date = TODAY, code: str = HOME) -> service.Entry:
    with at(desk, email, code) as (viewer, area):
        return service.entry(viewer, area, CRIMES, SUMMER, today)


@pytest.mark.parametrize(
    ("today", "status", "days"),
    [
        (dt.date(2025, 10, 1), Status.DUE, 91),
        (DUE, Status.DUE, 0),
        (dt.date(2026, 1, 1), Status.LATE, 1),
        (dt.date(2026, 3, 29), Status.LATE, 88),
    ],
)
def test_what_has_not_come_is_due_until_the_end_of_the_next_quarter_and_late_after_it(
    desk: Desk, people: dict[Role, str], today: dt.date, status: Status, days: int
) -> None:
    found = crimes(desk, people[Role.CSP_OFFICER], today)
    assert (found.status, found.days, found.months_received) == (status, days, 0)


@pytest.mark.parametrize(
    ("instant", "status", "days"),
    [
        ("2025-12-31T23:59:59", Status.RECEIVED, 0),  # in winter London keeps the time of UTC
        ("2026-01-01T00:00:00", Status.RECEIVED_LATE, 1),
    ],
)
def test_what_came_is_received_once_all_its_months_are_here(
    desk: Desk, people: dict[Role, str], instant: str, status: Status, days: int
) -> None:
    officer = people[Role.CSP_OFFICER]
    load(desk, officer, "2025-07", "2025-08")
    assert (crimes(desk, officer).status, crimes(desk, officer).months_received) == (Status.DUE, 2)
    last = load(desk, officer, "2025-09")
    moment = dt.datetime.fromisoformat(instant).replace(tzinfo=dt.UTC)
    came_at(desk, moment)
    found = crimes(desk, officer)
    assert (found.status, found.days, found.received_on) == (status, days, moment.date())
    assert crimes(desk, people[Role.ADMINISTRATOR], code=SIBLING).status is Status.DUE
    desk.undo(officer, last)
    assert (crimes(desk, officer).status, crimes(desk, officer).months_received) == (Status.DUE, 2)


def test_in_summer_the_day_it_came_is_that_of_london(desk: Desk, people: dict[Role, str]) -> None:
    officer, winter = people[Role.CSP_OFFICER], Quarter(dt.date(2025, 1, 1))
    load(desk, officer, "2025-01", "2025-02", "2025-03")
    for instant, status in (("2025-06-30T22:59:59", Status.RECEIVED), ("2025-06-30T23:00:00", Status.RECEIVED_LATE)):
        came_at(desk, dt.datetime.fromisoformat(instant).replace(tzinfo=dt.UTC))
        with at(desk, officer) as (viewer, area):
            assert service.entry(viewer, area, CRIMES, winter, TODAY).status is status


def test_two_datasets_do_not_make_up_one_quarter_between_them(desk: Desk, people: dict[Role, str]) -> None:
    officer = people[Role.CSP_OFFICER]
    load(desk, officer, "2025-07", "2025-08")
    [longitude], [latitude] = to_longitude_latitude([500.0], [500.0])
    desk.commit(officer, f"{HEADING}Burglary,2025-09,{longitude:.6f},{latitude:.6f}\n", "points.csv")
    assert crimes(desk, officer).status is Status.DUE


def test_the_ledger_of_a_borough_has_every_prescribed_dataset_for_the_newest_quarters(
    desk: Desk, people: dict[Role, str]
) -> None:
    load(desk, people[Role.CSP_OFFICER], "2025-07", "2025-08", "2025-09")
    with at(desk, people[Role.BOROUGH_POLICE_LEAD]) as (viewer, area):
        found = service.ledger(viewer, area, TODAY)
    assert [quarter.code for quarter in found.quarters] == ["2025-q3", "2025-q2", "2025-q1", "2024-q4"]
    assert [row.item.key for row in found.rows] == [item.key for item in shipped().items]
    assert found.count(Status.RECEIVED_LATE) + found.count(Status.RECEIVED) == 1
    assert len(found.late) == found.count(Status.LATE) == 3 * len(shipped().items)
    assert found.late[0].item.provider is Provider.COUNCIL
    with desk.reading(people[Role.BCU_COMMANDER]) as viewer:
        assert [one.borough_code for one in service.ledgers(viewer, TODAY)] == [HOME, SIBLING]


@pytest.mark.parametrize("code", ["2025-q4", "2022-q2", "1999-q1"])
def test_a_quarter_that_is_not_over_or_long_past_is_not_found(desk: Desk, people: dict[Role, str], code: str) -> None:
    with at(desk, people[Role.CSP_OFFICER]) as (viewer, area):
        with pytest.raises(NotFound):
            service.entry(viewer, area, CRIMES, Quarter.parse(code), TODAY)
        with pytest.raises(NotFound):
            service.entry(viewer, area, "no-such-dataset", SUMMER, TODAY)
        assert service.entry(viewer, area, CRIMES, Quarter.parse("2022-q4"), TODAY).status is Status.LATE


def test_an_officer_records_what_is_not_held_and_takes_it_back(desk: Desk, people: dict[Role, str]) -> None:
    officer = people[Role.CSP_OFFICER]
    with at(desk, officer) as (viewer, area):
        with pytest.raises(BadRequest, match="how you know"):
            service.say_not_held(viewer, area, CALLS, SUMMER, " ", TODAY)
        service.say_not_held(viewer, area, CALLS, SUMMER, "The  brigade wrote so.", TODAY)
    with at(desk, people[Role.CSP_ANALYST]) as (viewer, area):
        found = service.entry(viewer, area, CALLS, SUMMER, TODAY)
        assert (found.status, found.reason, found.said_by) == (Status.NOT_HELD, "The brigade wrote so.", "CSP officer")
        assert service.entry(viewer, area, CALLS, SUMMER.before, TODAY).status is Status.LATE
        with pytest.raises(NotAllowed):
            service.take_back_not_held(viewer, area, CALLS, SUMMER)
    with at(desk, people[Role.ADMINISTRATOR], ELSEWHERE) as (viewer, area):
        assert service.entry(viewer, area, CALLS, SUMMER, TODAY).status is Status.DUE
    with at(desk, officer) as (viewer, area):
        service.take_back_not_held(viewer, area, CALLS, SUMMER)
        service.take_back_not_held(viewer, area, CALLS, SUMMER)
        assert service.entry(viewer, area, CALLS, SUMMER, TODAY).status is Status.DUE
        acts = viewer.session.scalars(select(AuditEntry.action).where(AuditEntry.action.startswith("ledger")))
        assert sorted(acts) == ["ledger.held", "ledger.not_held"]


def test_a_reminder_quotes_the_regulation_and_goes_to_the_liaison_officer(desk: Desk, people: dict[Role, str]) -> None:
    officer = people[Role.CSP_OFFICER]
    with at(desk, officer) as (viewer, area):
        for wrong in (
            Liaison(Provider.FIRE, "", "A post", "a@fire.example"),
            Liaison(Provider.FIRE, "F", "A", "a@fire"),
        ):
            with pytest.raises(BadRequest):
                service.record_liaison(viewer, area, wrong)
        service.record_liaison(viewer, area, Liaison(Provider.FIRE, "Alder Fire", "Head of Data", "data@fire.example"))
        letter = service.reminder(viewer, area, CALLS, SUMMER, TODAY)
        assert letter.to == Liaison(Provider.FIRE, "Alder Fire", "Head of Data", "data@fire.example")
        for words in (
            "Dear Head of Data,",
            "section 17A of the Crime and Disorder Act 1998",
            "(SI 2007/1831), Alder Fire is to disclose",
            "For July to September 2025 that is 31 December 2025.",
            "So far we hold none of it.",
            "CSP officer\nfor the Alder community safety partnership",
        ):
            assert words in letter.text
        late = service.reminder(viewer, area, CALLS, SUMMER, DUE + dt.timedelta(days=1))
        assert "that was 31 December 2025." in late.text
        assert "Dear designated liaison officer," in service.reminder(viewer, area, CRIMES, SUMMER, TODAY).text
        service.say_not_held(viewer, area, CALLS, SUMMER, "They wrote so.", TODAY)
        with pytest.raises(BadRequest, match="nothing to remind of"):
            service.reminder(viewer, area, CALLS, SUMMER, TODAY)
        details = viewer.session.scalars(
            select(AuditEntry.details).where(AuditEntry.action == "ledger.liaison_recorded")
        )
        assert "Head of Data" not in str(list(details))
    with at(desk, people[Role.BCU_COMMANDER]) as (viewer, area), pytest.raises(NotAllowed):
        service.liaison(viewer, area)


def test_a_neighbours_ledger_is_not_there(desk: Desk, people: dict[Role, str]) -> None:
    with desk.reading(people[Role.ADMINISTRATOR]) as everywhere:
        cedar = places.area(everywhere, ELSEWHERE, Permission.AGREEMENT_READ)
    with desk.writing(people[Role.CSP_OFFICER]) as viewer:
        for act in (
            lambda: service.ledger(viewer, cedar, TODAY),
            lambda: service.entry(viewer, cedar, CALLS, SUMMER, TODAY),
            lambda: service.say_not_held(viewer, cedar, CALLS, SUMMER, "Why not.", TODAY),
            lambda: service.take_back_not_held(viewer, cedar, CALLS, SUMMER),
            lambda: service.reminder(viewer, cedar, CALLS, SUMMER, TODAY),
            lambda: service.liaison(viewer, cedar),
            lambda: service.record_liaison(viewer, cedar, Liaison(Provider.FIRE, "F", "A", "a@fire.example")),
        ):
            with pytest.raises(NotFound):
                act()
        assert [one.borough_code for one in service.ledgers(viewer, TODAY)] == [HOME]


def test_what_is_prescribed_is_put_right_for_every_borough_by_a_citywide_administrator(
    desk: Desk, people: dict[Role, str]
) -> None:
    right = ItemChanges(
        "Malicious calls", "date, time, place", ("ward_counts",), "", is_prescribed=True, source="Reg 3"
    )
    with desk.writing(people[Role.CSP_OFFICER]) as viewer:
        assert service.item(viewer, CALLS).to_verify
        with pytest.raises(NotAllowed, match="one list for every borough"):
            service.correct(viewer, CALLS, right)
    with desk.writing(people[Role.ADMINISTRATOR]) as viewer:
        for wrong in ({"title": ""}, {"source": ""}, {"counted_by": ("no_such_kind",)}, {"fields": "x" * 501}):
            with pytest.raises(BadRequest):
                service.correct(viewer, CALLS, ItemChanges(**{**vars(right), **wrong}))
        service.correct(viewer, CALLS, right)
    with at(desk, people[Role.CSP_OFFICER]) as (viewer, area):
        found = service.item(viewer, CALLS)
        assert (found.to_verify, found.source, found.is_corrected) == ("", "Reg 3", True)
        assert service.entry(viewer, area, CALLS, SUMMER, TODAY).item == found
    with desk.writing(people[Role.ADMINISTRATOR]) as viewer:
        gone = ItemChanges(**{**vars(right), "is_prescribed": False, "source": "Repealed"})
        service.correct(viewer, CALLS, gone)
        assert [each.source for each in service.corrections(viewer, CALLS)] == ["Repealed", "Reg 3"]
    with at(desk, people[Role.CSP_OFFICER]) as (viewer, area):
        assert CALLS not in {row.item.key for row in service.ledger(viewer, area, TODAY).rows}


def test_the_shipped_list_is_sound() -> None:
    items = shipped().items
    assert len({item.key for item in items}) == len(items) == 14
    assert {item.provider for item in items} == set(Provider)
    assert all(item.title and item.fields and item.source for item in items)
    assert {key for item in items for key in item.counted_by} <= set(kinds.DATASETS)
    with_a_place = {kind.key for kind in kinds.DATASETS.values() if kind.is_prescribed and kind.has_wards}
    assert with_a_place <= {key for item in items for key in item.counted_by}
