"""Shares from asking to their end: what each side sees, what the asker may open, and when it is over."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from uuid import UUID

import pandas as pd
import pytest
from flask import Flask
from sqlalchemy import select, update

from hub.access import Permission, Role, Viewer
from hub.accounts import service as accounts
from hub.accounts.models import Membership
from hub.audit import AuditEntry
from hub.db import Database
from hub.errors import BadRequest, Conflict, NotAllowed, NotFound
from hub.places import service as places
from hub.sharing import service
from hub.sharing.models import BorderShare
from hub.sharing.standing import Standing, longest_until, standing
from tests.client import StrictClient
from tests.conftest import ELSEWHERE, HOME, PASSWORD, SIBLING
from tests.hotspots.figures_given import Figures
from tests.sharing.neighbours import Neighbours, wanted

TODAY = service.today()
A_DAY = dt.timedelta(days=1)
COUNTS = {HOME: 1_111, SIBLING: 2_222, ELSEWHERE: 3_333}
FIRST_WARD = {HOME: "F05000000", SIBLING: "F05000002", ELSEWHERE: "F05000004"}


@pytest.fixture
def neighbours(database: Database, people: dict[Role, str]) -> Neighbours:
    for code, count in COUNTS.items():
        counts = pd.DataFrame({"month": [dt.date(2025, 1, 1)], "ward_code": [FIRST_WARD[code]], "count": [count]})
        Figures(database).ward_counts(code, counts.assign(offence_group="Burglary", offence_subgroup="Burglary"))
    return Neighbours(database)


@contextmanager
def at_work(database: Database, email: str) -> Iterator[Viewer]:
    with database.writing() as session:
        yield accounts.viewer_by_email(session, email)


def listed(database: Database, email: str, on: dt.date = TODAY) -> dict[UUID, Standing]:
    with at_work(database, email) as viewer:
        return {share.id: share.standing for share in service.shares(viewer, on)}


def opened(database: Database, email: str, share_id: UUID, on: dt.date = TODAY) -> int:
    """What is counted in all that the asker is shown."""
    with at_work(database, email) as viewer:
        overlay = service.overlay(database, viewer, service.opened(viewer, share_id, on))
        return int(overlay.table["count"].sum())


def test_a_grant_opens_one_overlay_to_one_person_and_nothing_else(
    database: Database, people: dict[Role, str], neighbours: Neighbours
) -> None:
    commander, liaison = people[Role.BCU_COMMANDER], neighbours.liaison(ELSEWHERE)
    share_id = neighbours.ask(commander, "north", ELSEWHERE)
    assert listed(database, commander) == listed(database, liaison) == {share_id: Standing.ASKED}
    with pytest.raises(NotAllowed, match="does not share this with you today"):
        opened(database, commander, share_id)
    neighbours.grant(share_id, ELSEWHERE)
    assert opened(database, commander, share_id) == COUNTS[ELSEWHERE]
    assert listed(database, commander) == listed(database, liaison) == {share_id: Standing.GRANTED}
    with at_work(database, commander) as viewer:
        assert ELSEWHERE not in viewer.boroughs() | viewer.session.scope.boroughs
        with pytest.raises(NotFound):
            places.area(viewer, ELSEWHERE, Permission.OVERLAY_READ)
        with pytest.raises(NotAllowed, match="look at this, and not download"):
            service.require_download(service.opened(viewer, share_id, TODAY))
    for other in (people[Role.CSP_ANALYST], people[Role.LIAISON_OFFICER], liaison, neighbours.analyst(SIBLING)):
        with pytest.raises(NotFound):
            opened(database, other, share_id)
    assert listed(database, people[Role.CSP_ANALYST]) == {}  # a BCU's share is seen by those who cover all of it
    with database.reading() as session:
        entries = session.scalars(select(AuditEntry).where(AuditEntry.action.startswith("share.")))
        said = [(entry.action, entry.subject, entry.boroughs) for entry in entries]
    both = sorted([HOME, SIBLING, ELSEWHERE])
    assert said == [("share.asked", str(share_id), both), ("share.granted", str(share_id), both)]


def test_it_ends_with_its_last_day_with_the_role_and_when_somebody_ends_it(
    database: Database, people: dict[Role, str], neighbours: Neighbours
) -> None:
    analyst = people[Role.CSP_ANALYST]
    by_itself, by_owner, with_role = (neighbours.ask(analyst, HOME, SIBLING) for _ in range(3))
    for share_id in (by_itself, by_owner, with_role):
        neighbours.grant(share_id, SIBLING, until=TODAY + A_DAY)
        assert opened(database, analyst, share_id, TODAY + A_DAY) == COUNTS[SIBLING]
        with pytest.raises(NotAllowed, match="ended by itself"):
            opened(database, analyst, share_id, TODAY + 2 * A_DAY)
    with at_work(database, neighbours.liaison(SIBLING)) as viewer:
        service.end(viewer, by_owner, because="The series is solved.")
    with pytest.raises(NotAllowed, match="ended early"):
        opened(database, analyst, by_owner)
    with at_work(database, analyst) as viewer:
        viewer.session.execute(
            update(Membership).where(Membership.person_id == viewer.person_id).values(role=Role.BCU_COMMANDER)
        )
    with pytest.raises(NotFound):
        opened(database, analyst, with_role)
    assert listed(database, neighbours.liaison(SIBLING)) == {
        by_itself: Standing.ROLE_LOST,
        by_owner: Standing.ENDED,
        with_role: Standing.ROLE_LOST,
    }


def test_what_cannot_be_asked_or_decided_is_refused_and_nothing_is_decided_twice(
    database: Database, people: dict[Role, str], neighbours: Neighbours
) -> None:
    analyst, liaison = people[Role.CSP_ANALYST], neighbours.liaison(SIBLING)
    with pytest.raises(BadRequest, match="That borough cannot be asked"):
        neighbours.ask(analyst, HOME, HOME)
    for until in (TODAY - A_DAY, longest_until(TODAY) + A_DAY):
        with pytest.raises(BadRequest, match="within the next 12 months"):
            neighbours.ask(analyst, HOME, SIBLING, until=until)
    with pytest.raises(NotAllowed):
        neighbours.ask(people[Role.CSP_OFFICER], HOME, SIBLING)
    share_id = neighbours.ask(analyst, HOME, SIBLING, until=TODAY + A_DAY)
    for decider in (people[Role.LIAISON_OFFICER], analyst):
        with at_work(database, decider) as viewer, pytest.raises((NotFound, NotAllowed)):
            service.refuse(viewer, share_id, reason="No.")
    with pytest.raises(BadRequest, match="not within what was asked"):
        neighbours.grant(share_id, SIBLING, until=TODAY + 2 * A_DAY)
    with at_work(database, liaison) as viewer:
        with pytest.raises(BadRequest, match="The reason is missing"):
            service.refuse(viewer, share_id, reason=" ")
        service.refuse(viewer, share_id, reason="It is not needed.")
    with pytest.raises(Conflict):
        neighbours.grant(share_id, SIBLING)
    assert listed(database, analyst) == {share_id: Standing.REFUSED}


@pytest.mark.parametrize("first_owner", [SIBLING, ELSEWHERE])
def test_two_people_who_ask_alike_are_never_given_each_others_map(
    app: Flask, database: Database, people: dict[Role, str], neighbours: Neighbours, first_owner: str
) -> None:
    """T7: the same question of two boroughs, and of one's own, in both orders."""
    analyst, other = people[Role.CSP_ANALYST], neighbours.analyst(ELSEWHERE)
    owners = [first_owner, ({SIBLING, ELSEWHERE} - {first_owner}).pop()]
    shared = {owner: neighbours.ask(analyst, HOME, owner) for owner in owners}
    theirs = neighbours.ask(other, ELSEWHERE, HOME)
    for owner, share_id in [*shared.items(), (HOME, theirs)]:
        neighbours.grant(share_id, owner)
    for email, owner, share_id in [(analyst, owner, shared[owner]) for owner in owners] + [(other, HOME, theirs)]:
        client = app.test_client()
        assert isinstance(client, StrictClient)
        client.sign_in(email, PASSWORD)
        for _ in range(2):
            assert client.get(f"/shares/{share_id}/map").status_code == 200
            layer = client.get(f"/shares/{share_id}/layer.json").get_data(as_text=True)
            for code, count in COUNTS.items():
                assert (f"{count:,}" in client.page.main) is (code == owner)
                assert (f"{count:,}" in layer) is (code == owner)
        assert "Shared by" in client.page.main
        assert client.get(f"/shares/{share_id}/overlay.csv").status_code == 403
        hrefs = [link.get("href", "") for link in client.page.all("a")]
        assert not [href for href in hrefs if "/areas/" in href]


def test_of_a_grant_and_a_refusal_at_once_the_second_is_told_and_the_first_holds(
    database: Database, neighbours: Neighbours
) -> None:
    share_id = neighbours.ask(neighbours.analyst(HOME), HOME, ELSEWHERE)
    liaison = neighbours.liaison(ELSEWHERE)

    def refuse() -> None:
        with at_work(database, liaison) as viewer:
            service.refuse(viewer, share_id, reason="It is not needed.")

    with ThreadPoolExecutor(1) as other:
        with at_work(database, liaison) as viewer:
            service.grant(viewer, share_id, until=TODAY, may_download=False, conditions="")
            refusal = other.submit(refuse)
            wait([refusal], timeout=1)
            assert not refusal.done()
        with pytest.raises(Conflict, match="decided"):
            refusal.result(timeout=300)
    assert listed(database, liaison) == {share_id: Standing.GRANTED}


def test_each_copy_is_its_own_sides(database: Database, people: dict[Role, str], neighbours: Neighbours) -> None:
    share_id = neighbours.ask(people[Role.CSP_ANALYST], HOME, SIBLING)
    for email, keys in (
        (people[Role.CSP_ANALYST], [HOME]),
        (neighbours.liaison(SIBLING), [SIBLING]),
        (people[Role.BCU_COMMANDER], [HOME, SIBLING]),
        (neighbours.liaison(ELSEWHERE), []),
    ):
        with at_work(database, email) as viewer:
            found = viewer.session.scalars(select(BorderShare.area_key).where(BorderShare.share_id == share_id))
            assert sorted(found) == keys


def test_standing_follows_from_the_dates() -> None:
    class Dated:
        wanted_until = TODAY
        decided_at: dt.datetime | None = None
        granted_until: dt.date | None = None
        ended_at: dt.datetime | None = None

    share = Dated()
    assert standing(share, TODAY, holds_role=True) is Standing.ASKED
    assert standing(share, TODAY + A_DAY, holds_role=True) is Standing.OVER
    share.decided_at = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    assert standing(share, TODAY, holds_role=True) is Standing.REFUSED
    share.granted_until = TODAY
    assert standing(share, TODAY, holds_role=True) is Standing.GRANTED
    assert standing(share, TODAY, holds_role=False) is Standing.ROLE_LOST
    assert longest_until(dt.date(2024, 2, 29)) == dt.date(2025, 2, 28)
    assert longest_until(dt.date(2025, 12, 31)) == dt.date(2026, 12, 31)


def test_the_liaison_officer_is_told_at_home_and_loses_nothing_typed(
    client: StrictClient, database: Database, people: dict[Role, str], neighbours: Neighbours
) -> None:
    share_id = neighbours.ask(neighbours.analyst(SIBLING), SIBLING, HOME)
    client.sign_in(people[Role.LIAISON_OFFICER], PASSWORD)
    client.get("/")
    assert "CSP analyst, for Birch, asks Alder to share a map" in client.page.main
    client.get(f"/shares/{share_id}")
    sent = {"until": "never", "words": "Only for the patrol plan."}
    assert client.submit(f"/shares/{share_id}/grant", sent).status_code == 400
    assert client.page.errors == ["Enter a real date, such as 31/03/2027"]
    assert "Only for the patrol plan." in client.page.main
    assert client.submit(f"/shares/{share_id}/grant", {**sent, "until": f"{TODAY:%d/%m/%Y}"}).status_code == 302
    client.get("/")
    assert "asks Alder" not in client.page.main
    assert wanted(HOME).purpose not in client.page.main
