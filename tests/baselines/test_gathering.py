"""What is known of a place when a problem is opened there: of its own boroughs, and nothing of partners is kept."""

from __future__ import annotations

import datetime as dt

import orjson
import pytest
import shapely
from sqlalchemy import update

from hub.access import Role, Viewer
from hub.accounts import service as accounts
from hub.agreements import service as agreements
from hub.baselines import gathering
from hub.baselines.gathering import Around, Evidence, Flagged
from hub.db import EVERYWHERE, Database
from hub.errors import BadRequest
from hub.uploads.models import Incident
from tests.agreements.written import some_terms
from tests.baselines.grounds_made import DECEMBER, UNIT, on_wards, robberies
from tests.conftest import HOME, SIBLING
from tests.hotspots.figures_given import Figures, area_of, viewing
from tests.hotspots.test_service import add_wards

ASKED = {"category": "Robbery", "last_month": DECEMBER, "dataset": None}


def test_a_flagged_place_brings_its_ground_its_evidence_and_what_is_counted(
    database: Database, live: Figures, people: dict[Role, str]
) -> None:
    points = robberies(since=10)
    live.points(HOME, points)
    live.points(SIBLING, robberies(each=0).assign(easting=lambda frame: frame["easting"] + 2000))
    with viewing(database, people[Role.BCU_COMMANDER]) as commander:
        found = gathering.flagged(commander, area_of(commander, "north"), unit=UNIT, **ASKED)
    assert found.area.borough_codes == {HOME}
    assert len(found.units) > 1
    assert found.response.outline.area >= 450**2
    flag, share = found.evidence.flag, found.evidence.share
    assert flag is not None
    assert (flag.kind, flag.hot_months, flag.months_followed) == ("consecutive", 3, 12)
    assert flag.sentence.startswith("Robbery in Alder West, Alder has been a hotspot for the last 3 months")
    assert found.sentence == flag.sentence
    assert flag.z is not None
    assert flag.z > 3
    assert flag.p is not None
    assert flag.p < 0.01
    on_it = points[shapely.contains_xy(found.response.outline, points["easting"], points["northing"])]
    assert share.incidents == len(on_it)
    assert share.of_incidents == len(points)
    assert share.of_ground == pytest.approx(found.response.outline.area / 2e6)
    repeats, concentration = found.evidence.repeats, found.evidence.concentration
    assert repeats is not None
    assert repeats.incidents == len(on_it)
    assert repeats.again == len(on_it) - len(on_it.drop_duplicates(["easting", "northing"]))
    assert concentration is not None
    at_points = on_it.groupby(["easting", "northing"]).size().sort_values(ascending=False).cumsum()
    assert concentration.points == len(at_points)
    assert concentration.points_with_half == 1 + int((at_points < len(on_it) / 2).sum())
    assert 0 < concentration.by_chance < concentration.points
    kept = orjson.loads(orjson.dumps(found.evidence.as_dict()))
    assert Evidence.from_dict(kept) == found.evidence
    assert kept["inputs"]["unit"] in kept["inputs"]["units"]
    assert kept["inputs"]["dataset"] == "street_points"


@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
def test_ground_is_cut_at_the_border_and_a_ward_is_counted_by_ward(
    database: Database, live: Figures, people: dict[Role, str]
) -> None:
    with viewing(database, people[Role.BCU_COMMANDER]) as commander:
        north = area_of(commander, "north")
        area, ground = gathering.in_boroughs(commander, north, shapely.box(1500, 0, 2010, 300))
        assert area.borough_codes == {HOME}
        assert ground.bounds == (1500, 0, 2000, 300)
        area, ground = gathering.in_boroughs(commander, north, shapely.box(1700, 0, 2300, 300))
        assert area.borough_codes == {HOME, SIBLING}
    add_wards(database, "2024", rows=3, columns=5)
    counts = {f"F05{at:06}": 5 + at % 3 for at in range(15)}
    live.ward_counts(HOME, on_wards(counts), boundary_set="2024")
    with viewing(database, people[Role.CSP_OFFICER]) as officer:
        found = gathering.flagged(officer, area_of(officer, HOME), unit="F05000004", **ASKED)
        with pytest.raises(BadRequest, match="no place"):
            gathering.flagged(officer, area_of(officer, HOME), unit="F05999999", **ASKED)
    assert found.evidence.flag is not None
    assert found.evidence.flag.kind == ""
    assert found.response.ward_codes == ("F05000004",)
    assert found.evidence.share.incidents == 12 * counts["F05000004"]
    assert found.evidence.repeats is found.evidence.concentration is None


def test_what_partners_recorded_is_read_anew_and_only_under_an_agreement(
    database: Database, live: Figures, people: dict[Role, str]
) -> None:
    live.points(HOME, robberies())
    calls = robberies(each=2, alike=5, spread=20).assign(category="Assault")
    live.points(HOME, calls, dataset="ambulance")
    with database.writing() as session, session.scoped(EVERYWHERE):
        friday = dt.datetime(2025, 1, 10, 21, 30)  # noqa: DTZ001 - as a source gives it
        session.execute(update(Incident).where(Incident.category == "Assault").values(occurred_from=friday))
    with viewing(database, people[Role.CSP_OFFICER]) as officer:
        found = gathering.flagged(officer, area_of(officer, HOME), unit=UNIT, **ASKED)
        closed = around(officer, found)
    assert "ambulance" not in orjson.dumps(found.evidence.as_dict()).decode()
    assert [source.count for source in closed.sources] == [found.evidence.share.incidents]
    assert closed.clock is closed.agencies is None
    assert closed.why_no_agencies
    with database.writing() as session:
        officer = accounts.viewer_by_email(session, people[Role.CSP_OFFICER])
        agreements.write(officer, {HOME}, some_terms(datasets=("ambulance",)))
    with viewing(database, people[Role.CSP_OFFICER]) as officer:
        open_now = around(officer, found)
        of_ward = gathering.around(
            officer,
            found.area,
            shapely.box(0, 0, 1000, 1000),
            by_wards=True,
            category="Robbery",
            last_month=DECEMBER,
            dataset="street_points",
        )
    assert len(open_now.sources) == 2
    assert open_now.clock is not None
    assert open_now.clock.total == next(source.count for source in open_now.sources if source.title.startswith("Amb"))
    assert open_now.agencies is not None
    assert sum(open_now.agencies.classes.values()) > 1
    assert of_ward.agencies is not None
    assert sum(of_ward.agencies.classes.values()) == 1


def around(viewer: Viewer, found: Flagged) -> Around:
    return gathering.around(
        viewer,
        found.area,
        found.response.outline,
        by_wards=False,
        category="Robbery",
        last_month=DECEMBER,
        dataset="street_points",
    )
