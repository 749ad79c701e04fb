"""Priorities of a ward: set, kept and ended by the police and officers, read by the borough, never rewritten."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest
from sqlalchemy import select

from hub.access import Permission, Role
from hub.audit import AuditEntry
from hub.db import Database
from hub.errors import Conflict, HubError, NotAllowed, NotFound
from hub.wards import ground, priorities
from hub.wards.ground import WardPlace
from hub.wards.models import Act
from hub.wards.wording import Given, Unfit, require_fit
from tests.client import StrictClient
from tests.conftest import ELSEWHERE, HOME, PASSWORD
from tests.summaries.counted import EAST, WEST
from tests.uploads.desk import Desk

TODAY = priorities.today()
LATER = TODAY + dt.timedelta(days=90)
ASKED = Given("Burglary in the streets round the station", "Ward panel, spring", TODAY, LATER)


def test_what_is_written_is_judged_field_by_field() -> None:
    require_fit(ASKED, TODAY)
    for change, field in (
        ({"words": ""}, "words"),
        ({"words": "x" * 201}, "words"),
        ({"words": "Noise at 12 Acacia Avenue"}, "words"),
        ({"words": "Mr John Smith of the Elm estate"}, "words"),
        ({"words": "Speeding near SW1A 2AA"}, "words"),
        ({"source": "jo@example.org"}, "source"),
        ({"source": ""}, "source"),
        ({"note": "Rang 07700 900123"}, "note"),
        ({"set_on": None}, "set_on"),
        ({"set_on": TODAY + dt.timedelta(days=1)}, "set_on"),
        ({"review_on": None}, "review_on"),
        ({"review_on": TODAY}, "review_on"),
        ({"review_on": TODAY + dt.timedelta(days=400)}, "review_on"),
    ):
        with pytest.raises(Unfit) as refusal:
            require_fit(replace(ASKED, **change), TODAY)  # type: ignore[arg-type]
        assert set(refusal.value.faults) == {field}, change
        assert "Acacia" not in str(refusal.value)


def test_a_priority_is_set_kept_and_ended_and_every_line_stays(desk: Desk, people: dict[Role, str]) -> None:
    with desk.writing(people[Role.BOROUGH_POLICE_LEAD]) as viewer:
        ward = ward_of(viewer, WEST)
        made = priorities.set_priority(viewer, ward, replace(ASKED, words="  Burglary   in the streets "))
    with desk.writing(people[Role.CSP_OFFICER]) as viewer:
        priorities.keep(viewer, ward, made, replace(ASKED, note="Patrols began", set_on=None), number=1)
        with pytest.raises(Conflict, match="Somebody has written"):
            priorities.keep(viewer, ward, made, ASKED, number=1)
        priorities.end(viewer, ward, made, "Fewer were recorded", number=2)
        with pytest.raises(Conflict, match="ended already"):
            priorities.end(viewer, ward, made, "Again", number=3)
        with pytest.raises(NotFound):
            priorities.end(viewer, ward_of(viewer, EAST), made, "Elsewhere", number=3)
    with desk.reading(people[Role.COUNCIL_LEADER]) as viewer:
        [found] = priorities.priorities(viewer, ward)
        told = [
            (entry.act, entry.given.words, entry.given.note, entry.given.set_on, entry.by) for entry in found.entries
        ]
        assert told == [
            (Act.SET, "Burglary in the streets", "", TODAY, "Borough police lead"),
            (Act.KEPT, ASKED.words, "Patrols began", TODAY, "CSP officer"),
            (Act.ENDED, ASKED.words, "Fewer were recorded", TODAY, "CSP officer"),
        ]
        assert not found.is_current
        assert priorities.priorities(viewer, ward_of(viewer, EAST)) == []
    with desk.database.reading() as session:
        actions = session.scalars(select(AuditEntry.action).order_by(AuditEntry.number)).all()
        assert [action for action in actions if action.startswith("priority.")] == [
            "priority.set",
            "priority.kept",
            "priority.ended",
        ]


@pytest.mark.parametrize(
    ("role", "borough", "refusal"),
    [
        (Role.COUNCIL_LEADER, HOME, NotAllowed),
        (Role.CSP_ANALYST, HOME, NotAllowed),
        (Role.BCU_COMMANDER, HOME, NotAllowed),
        (Role.CSP_OFFICER, ELSEWHERE, NotFound),
    ],
)
def test_others_set_none(
    desk: Desk, people: dict[Role, str], role: Role, borough: str, refusal: type[HubError]
) -> None:
    with desk.writing(people[Role.CSP_OFFICER]) as viewer:
        ward = ward_of(viewer, WEST)
        priorities.set_priority(viewer, ward, ASKED)
    with desk.writing(people[role]) as viewer, pytest.raises(refusal):
        priorities.set_priority(viewer, replace(ward, borough_code=borough), ASKED)


def test_a_panel_has_no_more_priorities_than_anybody_can_follow(desk: Desk, people: dict[Role, str]) -> None:
    with desk.writing(people[Role.CSP_OFFICER]) as viewer:
        ward = ward_of(viewer, WEST)
        for _ in range(priorities.MOST_AT_A_TIME):
            priorities.set_priority(viewer, ward, ASKED)
        with pytest.raises(Conflict, match="10 priorities already"):
            priorities.set_priority(viewer, ward, ASKED)


def test_on_the_pages_nothing_typed_is_lost_and_a_reader_sees_what_was_set(
    database: Database, client: StrictClient, people: dict[Role, str]
) -> None:
    path = f"/areas/{HOME}/wards/{WEST}"
    typed = {"words": "Noise by 12 Acacia Avenue", "source": "Ward panel", "set_on": f"{TODAY}", "review_on": "never"}
    client.sign_in(people[Role.CSP_OFFICER], PASSWORD)
    client.get(f"{path}/priorities/new")
    assert client.submit(f"{path}/priorities", typed).status_code == 400
    assert client.page.errors == ["Enter a real date, such as 31/03/2027"]
    assert "never" in {field.get("value") for field in client.page.all("input")}
    typed["review_on"] = f"{TODAY + dt.timedelta(days=60)}"
    assert client.submit(f"{path}/priorities", typed).status_code == 400
    assert "addresses with house numbers" in " ".join(client.page.errors)
    values = {field.get("name"): field.get("value") for field in client.page.all("input")}
    assert values["words"] == typed["words"]
    assert client.submit(f"{path}/priorities", typed | {"words": "Noise by the bandstand"}).status_code == 302
    client.get(path)
    assert "Noise by the bandstand" in client.page.main
    [link] = [one.get("href", "") for one in client.page.all("a") if "/priorities/" in one.get("href", "")][:1]
    client.get(link)
    kept = {"number": "1", "words": "Noise by the bandstand", "source": "Ward panel", "note": "A bench was moved"}
    kept["review_on"] = f"{TODAY + dt.timedelta(days=120)}"
    assert client.submit(f"{link}/keep", kept).status_code == 302
    assert client.submit(f"{link}/keep", kept | {"note": "Typed twice"}).status_code == 409
    assert "Typed twice" in client.page.main
    assert "A bench was moved" in client.page.main, "what somebody else wrote stands beside it"
    assert client.submit(f"{link}/end", {"number": "2", "note": "Quiet since"}).status_code == 302
    client.submit("/sign-out")
    client.sign_in(people[Role.COUNCIL_LEADER], PASSWORD)
    client.get(path)
    assert "Quiet since" in client.page.main
    assert "Set a priority" not in client.page.main
    assert client.get(f"{path}/priorities/new").status_code == 403


def ward_of(viewer: object, code: str) -> WardPlace:
    area = ground.borough(viewer, HOME, Permission.SUMMARY_READ)  # type: ignore[arg-type]
    return ground.ward(viewer, area, code)  # type: ignore[arg-type]
