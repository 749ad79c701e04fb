"""When in the week of any ground: of what lies on it and in the area, for those alone who see the area exactly."""

from __future__ import annotations

import datetime as dt

import pandas as pd
import pytest
from sqlalchemy import update

from hub.access import Role
from hub.briefings.grounds import clock_on
from hub.db import EVERYWHERE, Database
from hub.errors import BadRequest
from hub.uploads.models import Incident
from tests.client import StrictClient
from tests.conftest import ELSEWHERE, HOME, PASSWORD, SIBLING
from tests.hotspots.figures_given import Figures, area_of, month, viewing

FRIDAY_NIGHT = dt.datetime(2025, 1, 10, 21, 30)  # noqa: DTZ001 - as a source gives it
PAGE = f"/areas/{HOME}/hotspots/clock"
ASKED = "category=Robbery&from=2025-01&to=2025-01"
MONTHS = {"first_month": month(1), "last_month": month(1), "category": "Robbery"}


@pytest.fixture
def friday_nights(database: Database, live: Figures) -> Figures:
    """Thirty robberies at one place of one borough, and thirty right across its border, all with an hour."""
    for code, easting in ((HOME, 1950.0), (SIBLING, 2050.0)):
        places = pd.DataFrame({"easting": [easting] * 30, "northing": 500.0, "category": "Robbery", "month": month(1)})
        live.points(code, places, dataset="other_points")
    with database.writing() as session, session.scoped(EVERYWHERE):
        session.execute(update(Incident).values(occurred_from=FRIDAY_NIGHT))
    return live


def test_the_view_is_cut_to_the_area_and_never_a_sliver(
    database: Database, friday_nights: Figures, people: dict[Role, str]
) -> None:
    with viewing(database, people[Role.BCU_COMMANDER]) as commander:
        home, north = area_of(commander, HOME), area_of(commander, "north")
        across = (1900.0, 400.0, 2100.0, 600.0)
        for area, total in ((home, 30), (north, 60)):
            found = clock_on(commander, area, view=across, **MONTHS)
            assert found.clock is not None
            assert (found.clock.total, found.clock.is_of_category) == (total, True)
            assert "on Fridays between" in found.clock.sentence
        sliver = clock_on(commander, home, view=(1921.0, 421.0, 1922.0, 422.0), **MONTHS)
        assert sliver.clock is not None
        assert sliver.clock.total == 30
        assert clock_on(commander, home, view=(0.0, 0.0, 900.0, 900.0), **MONTHS).clock is None
        assert clock_on(commander, home, ward_codes=["F05000000"], **MONTHS).clock is None
        beside = clock_on(commander, home, ward_codes=["F05000001"], view=(0.0, 0.0, 1.0, 1.0), **MONTHS)
        assert beside.clock is not None
        assert beside.ground_words == "Alder East"
        for asked, said in (
            ({"view": (5000.0, 0.0, 5100.0, 100.0)}, "shows no part of Alder"),
            ({"view": (100.0, 0.0, 0.0, 100.0)}, "cannot be understood"),
            ({"view": (float("nan"), 0.0, 0.0, 100.0)}, "cannot be understood"),
            ({"ward_codes": ["F05000002"]}, "no ward 'F05000002' in Alder"),
        ):
            with pytest.raises(BadRequest, match=said):
                clock_on(commander, home, **MONTHS, **asked)


def test_the_page_asks_who_asks_and_shows_no_hours_of_a_few(
    client: StrictClient, database: Database, friday_nights: Figures, people: dict[Role, str]
) -> None:
    client.sign_in(people[Role.CSP_ANALYST], PASSWORD)
    assert client.get(f"{PAGE}?{ASKED}").status_code == 200
    assert "They come most on Fridays between" in client.page.main
    assert len(list(client.page.all("td"))) == 7 * 24
    assert client.get(f"{PAGE}?{ASKED}&view=1900,400,2100,600").status_code == 200
    for asked in ("&view=1,2,3", "&view=a,b,c,d", "&ward=F05000002", "&from=2025"):
        assert client.get(f"{PAGE}?{asked[1:]}&{ASKED}").status_code == 400
    assert client.get(f"{PAGE}?{ASKED}&ward=F05000000").status_code == 200
    assert "No source says at what hour" in client.page.main
    with database.writing() as session, session.scoped(EVERYWHERE):
        ids = [row.id for row in session.query(Incident).limit(25)]
        session.execute(update(Incident).where(Incident.id.in_(ids)).values(occurred_from=None))
    client.get(f"{PAGE}?{ASKED}")
    assert "Only 5 incidents here came with a time" in client.page.main
    assert not list(client.page.all("td"))
    for area in (ELSEWHERE, "north", "london"):
        assert client.get(f"/areas/{area}/hotspots/clock?{ASKED}").status_code == 404
    client.sign_out()
    client.sign_in(people[Role.COUNCIL_LEADER], PASSWORD)
    assert client.get(f"{PAGE}?{ASKED}").status_code == 403
