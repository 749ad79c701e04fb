"""Bands along borders: three words for a place, to the neighbour alone, gone with the data that they came from."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import replace

import pandas as pd
import pytest
from flask import Flask
from sqlalchemy import select

from hub import audit
from hub.access import Grant, Permission, Role
from hub.accounts import service as accounts
from hub.borders import service as borders
from hub.borders.bands import Band
from hub.borders.models import BorderBand
from hub.borders.service import Said
from hub.briefings import border_bands
from hub.db import EVERYWHERE, Database
from hub.disclosure import service as disclosure
from hub.errors import NotAllowed, NotFound
from hub.hotspots import service as hotspots
from hub.places import service as places
from tests.client import StrictClient
from tests.conftest import ELSEWHERE, HOME, PASSWORD, SIBLING, hold
from tests.hotspots.figures_given import Figures
from tests.sharing.neighbours import Neighbours

MAP = {"show": "cells-gi_star", "category": "Robbery", "from": "2025-01", "to": "2025-12"}
PROTECTED = "Violence and sexual offences"
JANUARY = dt.date(2025, 1, 1)


def points_at(west: int, corner: int) -> pd.DataFrame:
    """A year of robberies, most of them in nine squares whose south-western corner is given, the rest far and wide."""
    hot = [(corner + 150 * (right + 0.5), 450 + 150 * (up + 0.5)) for right in range(3) for up in range(3)]
    spread = [(west + 75.0 + 90 * step, 925.0) for step in range(20)]
    rows = [
        (dt.date(2025, month, 1), category, *place)
        for category in ("Robbery", PROTECTED)
        for month in range(1, 13)
        for place in [*hot * 4, *spread]
    ]
    return pd.DataFrame(rows, columns=["month", "category", "easting", "northing"])


def build_and_tell(database: Database) -> None:
    """Give HOME and SIBLING one hotspot across their border, ELSEWHERE one far from any, and tell all."""
    for code, west, corner in ((HOME, 0, 1550), (SIBLING, 2000, 2000), (ELSEWHERE, 4000, 5400)):
        Figures(database).points(code, points_at(west, corner))
    for code in (HOME, SIBLING, ELSEWHERE):
        tell(database, code)


hold("bordering_city", "people", build_and_tell)


@pytest.fixture
def bordering_city(database: Database, people: dict[Role, str]) -> Database:
    """A copy of that city."""
    return database


@pytest.fixture
def neighbours(bordering_city: Database) -> Neighbours:
    """Its people."""
    return Neighbours(bordering_city)


def tell(database: Database, code: str) -> int:
    """What the job does for one borough after a commit."""
    with database.writing() as session, audit.everywhere(session, actor=audit.MACHINE, reason="a test"):
        person = accounts.active(session)[0]
        viewer = accounts.viewer_of(session, person)
        assert viewer is not None
        session.set_scope(EVERYWHERE)
        viewer = type(viewer)(viewer.person_id, "", "", (Grant(Role.BCU_COMMANDER, frozenset({code})),), session)
        area = places.area(viewer, code, Permission.OVERLAY_READ)
        offered = hotspots.choices(viewer, area)
        assert offered is not None
        return borders.publish(session, code, border_bands.worked_out(viewer, area, offered))


def beyond(app: Flask, email: str, area: str) -> tuple[StrictClient, list[dict[str, object]]]:
    client = app.test_client()
    assert isinstance(client, StrictClient)
    client.sign_in(email, PASSWORD)
    assert client.get(f"/areas/{area}/hotspots", query_string=MAP).status_code == 200
    layer = client.get(f"/areas/{area}/hotspots/layer.json", query_string=MAP)
    return client, json.loads(layer.get_data()).get("beyond", {}).get("features", [])


@pytest.mark.parametrize("turned", [False, True])
def test_each_is_shown_the_others_part_in_bands_and_who_sees_both_is_shown_none(
    app: Flask, people: dict[Role, str], neighbours: Neighbours, turned: bool
) -> None:
    """T7: the same map of two boroughs, asked in both orders, shows to each the other's part and no figure of it."""
    asked = [(people[Role.CSP_ANALYST], HOME, "Birch"), (neighbours.analyst(SIBLING), SIBLING, "Alder")]
    for email, area, next_door in reversed(asked) if turned else asked:
        client, features = beyond(app, email, area)
        assert features, area
        for feature in features:
            said = feature["properties"]
            assert isinstance(said, dict)
            assert said.keys() == {"name", "class"}
            assert said["name"] == f"Small area, {next_door}"
            assert said["class"] in {"beyond-well-above", "beyond-above"}
        assert f"The part in {next_door} is shown hatched, in bands only" in client.page.main
    client, features = beyond(app, people[Role.BCU_COMMANDER], "north")
    assert not features
    assert "in bands only" not in client.page.main
    client, features = beyond(app, neighbours.analyst(ELSEWHERE), ELSEWHERE)
    assert not features


def test_three_words_for_places_near_the_border_and_nothing_that_is_protected(
    database: Database, neighbours: Neighbours
) -> None:
    with database.reading() as session, session.scoped(EVERYWHERE):
        rows = session.scalars(select(BorderBand)).all()
        outlines = places.borough_outlines(session)
        assert {(row.source_code, row.borough_code) for row in rows} <= {
            (HOME, SIBLING),
            (SIBLING, HOME),
            (SIBLING, ELSEWHERE),
            (ELSEWHERE, SIBLING),
        }
        assert {row.band for row in rows} <= set(Band)
        assert {row.category for row in rows} == {"All recorded crime", "Robbery"}
        for row in rows:
            if row.units == "cells":
                assert row.band is not Band.NOT_ABOVE
                west = int(row.unit.split("E")[1].split("-")[0])
                assert outlines.geometry[row.borough_code].bounds[0] - 1150 <= west
                assert west <= outlines.geometry[row.borough_code].bounds[2] + 1000


def test_what_the_partnership_comes_to_protect_is_not_told_any_more(
    app: Flask, people: dict[Role, str], neighbours: Neighbours, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert beyond(app, people[Role.CSP_ANALYST], HOME)[1]
    monkeypatch.setattr(disclosure, "SHIPPED", replace(disclosure.SHIPPED, categories=("*robbery*",)))
    client, features = beyond(app, people[Role.CSP_ANALYST], HOME)
    assert not features
    assert "in bands only" not in client.page.main


def test_they_go_with_the_data_and_when_a_liaison_officer_says_so(
    app: Flask, database: Database, people: dict[Role, str], neighbours: Neighbours
) -> None:
    analyst = people[Role.CSP_ANALYST]
    with database.writing() as session:
        borders.withdraw(accounts.viewer_by_email(session, neighbours.liaison(SIBLING)), [SIBLING])
        assert session.scope.boroughs == {SIBLING}
    assert not beyond(app, analyst, HOME)[1]
    assert tell(database, SIBLING)
    assert beyond(app, analyst, HOME)[1]
    with database.writing() as session:
        viewer = accounts.viewer_by_email(session, neighbours.liaison(SIBLING))
        with pytest.raises(NotFound):
            borders.choose(viewer, HOME, publishes=False)
        borders.choose(viewer, SIBLING, publishes=False)
    assert not beyond(app, analyst, HOME)[1]
    assert tell(database, SIBLING) == 0
    assert not beyond(app, analyst, HOME)[1]
    with database.writing() as session, pytest.raises(NotAllowed):
        borders.choose(accounts.viewer_by_email(session, analyst), HOME, publishes=False)
    client, _ = beyond(app, neighbours.liaison(SIBLING), SIBLING)
    client.get(f"/areas/{SIBLING}/borders")
    assert "No bands are published." in client.page.main
    assert client.submit(f"/areas/{SIBLING}/borders", {"publishes": "y"}).status_code == 302
    assert tell(database, SIBLING)
    assert beyond(app, analyst, HOME)[1]


def test_only_the_neighbour_reads_what_is_said_to_it(database: Database, neighbours: Neighbours) -> None:
    said = Said(HOME, "wards", "Drugs", "F05000001", Band.WELL_ABOVE, JANUARY, JANUARY)
    with database.writing() as session, audit.everywhere(session, actor=audit.MACHINE, reason="a test"):
        assert borders.publish(session, HOME, {SIBLING: [said]}) == 1
    for email, own, found in (
        (neighbours.analyst(SIBLING), SIBLING, [said]),
        (neighbours.analyst(ELSEWHERE), ELSEWHERE, []),
    ):
        with database.reading() as session:
            viewer = accounts.viewer_by_email(session, email)
            assert borders.read(viewer, [own], "wards", "Drugs") == found
            with pytest.raises(NotFound):
                borders.read(viewer, [HOME], "wards", "Drugs")
