"""Zones as people of an area make, read, rename and delete them: theirs alone, on the record, counted by outline."""

from __future__ import annotations

import io

import numpy as np
import orjson
import pandas as pd
import pytest
import shapely
from sqlalchemy import func, select, update

from geo.frames import to_longitude_latitude, to_national_grid
from hub.access import Role
from hub.audit import AuditEntry
from hub.db import EVERYWHERE, Database
from hub.uploads.models import Incident
from hub.zones.models import Zone
from tests.client import StrictClient, words_of
from tests.conftest import ELSEWHERE, HOME, PASSWORD
from tests.hotspots.figures_given import Figures, month
from tests.uploads.made import feature, geojson

PAGE = f"/areas/{HOME}/zones"
CORNERS = "200,200\n600,200\n600,600\n200,600"


@pytest.fixture
def analyst(client: StrictClient, live: Figures, people: dict[Role, str]) -> StrictClient:
    """An analyst of HOME, where each month has forty robberies all over and as many in the zone as its number."""
    rng = np.random.default_rng(4)
    rows = []
    for year in (2024, 2025):
        for number in range(1, 13):
            spread = rng.uniform((700, 0), (2000, 1000), (40, 2)).round(1).tolist()
            here = [(400.0, 400.0)] * (number if year == 2024 else 40)
            rows += [(month(number, year), "Robbery", x, y) for x, y in [*here, *spread]]
            rows += [(month(number, year), "Anti-social behaviour", 400.0, 400.0)] * 3
    frame = pd.DataFrame(rows, columns=["month", "category", "easting", "northing"])
    live.points(HOME, frame, dataset="street_points")
    client.sign_in(people[Role.CSP_ANALYST], PASSWORD)
    return client


def make(client: StrictClient, **form: object) -> int:
    client.get(PAGE)
    data = {"name": "The Mead", "csrf_token": client.csrf_token, **form}
    return client.post(PAGE, data=data, content_type="multipart/form-data").status_code


def address(client: StrictClient) -> str:
    client.get(PAGE)
    return next(link.get("href", "") for link in client.page.all("a") if words_of(link) == "The Mead")


def actions(database: Database) -> list[str]:
    with database.reading() as session:
        wanted = select(AuditEntry.action).where(AuditEntry.action.startswith("zone.")).order_by(AuditEntry.number)
        return list(session.scalars(wanted))


def test_a_zone_is_made_counted_renamed_taken_away_and_deleted(analyst: StrictClient, database: Database) -> None:
    assert make(analyst, corners=CORNERS) == 302
    its = address(analyst)
    assert analyst.get(f"{its}?category=Robbery&to=2025-12").status_code == 200
    assert "Robbery in The Mead: 40 in December, where" in analyst.page.main
    assert "16.0 hectares of Alder" in analyst.page.main
    counted = [words_of(cell) for cell in analyst.page.all("td")][:24]
    assert counted == ["40"] * 12 + [str(number) for number in range(12, 0, -1)]
    assert "No source says at what hour" in analyst.page.main
    assert analyst.get(f"{its}?to=2024-03").status_code == 200
    assert "All recorded crime in The Mead: 3 in March 2024; to say what is usual" in analyst.page.main
    for asked, said in (("category=Piracy&to=2025-12", "no category 'Piracy'"), ("to=2031-01", "no points")):
        assert analyst.get(f"{its}?{asked}").status_code == 400
        assert said in analyst.page.errors[0]
    outlines = orjson.loads(analyst.get(f"{PAGE}/outlines.json").data)
    assert set(actions(database)) == {"zone.saved", "zone.viewed"}
    taken = analyst.take(f"{PAGE}/zones.geojson")
    assert f'filename="zones-{HOME}.geojson"' in taken.headers["Content-Disposition"]
    told = orjson.loads(taken.data)
    assert told.pop("handover")["purpose"] == "tasking"
    assert told == outlines
    [corners] = outlines["features"][0]["geometry"]["coordinates"]
    drawn = shapely.Polygon(zip(*to_national_grid(*zip(*corners, strict=True)), strict=True))
    assert drawn.area == pytest.approx(400 * 400, rel=0.01)
    analyst.get(its)
    token = analyst.csrf_token
    assert analyst.post(f"{its}/rename", data={"name": "", "csrf_token": token}).status_code == 400
    assert "The zone has no name" in analyst.page.errors[0]
    assert analyst.post(f"{its}/rename", data={"name": " the  MEAD ", "csrf_token": token}).status_code == 302
    analyst.get(PAGE)
    assert "the MEAD" in analyst.page.main
    assert analyst.post(f"{its}/delete", data={"csrf_token": analyst.csrf_token}).status_code == 302
    assert analyst.get(its).status_code == 404
    done = [action for action in actions(database) if action != "zone.viewed"]
    assert done == ["zone.saved", "zone.exported", "zone.renamed", "zone.deleted"]


@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
def test_what_cannot_be_a_zone_is_refused_and_what_was_typed_stays(analyst: StrictClient, database: Database) -> None:
    assert make(analyst, corners=CORNERS) == 302
    far = geojson(feature([[[x, y] for x, y in ring(5000.0)]], "Polygon"))
    for form, status, said in (
        ({"corners": CORNERS}, 409, "has a zone called 'The Mead' already"),
        ({"name": "Other"}, 400, "No ground was given"),
        ({"name": "", "corners": CORNERS}, 400, "The zone has no name"),
        ({"name": "x" * 81, "corners": CORNERS}, 400, "81 characters"),
        ({"name": "Other", "corners": "1,2"}, 400, "A zone of 1 corners"),
        ({"name": "Other", "corners": CORNERS, "squares": "300m-E3000-N0"}, 400, "of the zone lies outside Alder"),
        ({"name": "Other", "wards": "F05000002"}, 400, "no ward 'F05000002' in Alder"),
        ({"name": "Other", "file": (io.BytesIO(b"a,b"), "a.csv")}, 422, "ends in none of these"),
        ({"name": "Other", "file": (io.BytesIO(far), "a.geojson")}, 400, "All of the zone lies outside"),
    ):
        assert make(analyst, **form) == status
        assert said in analyst.page.errors[0]
        name = next(box for box in analyst.page.all("input") if box.get("name") == "name")
        assert name.get("value", "") == form.get("name", "The Mead")
        corners = next(box for box in analyst.page.all("textarea") if box.get("name") == "corners")
        assert words_of(corners).split() == str(form.get("corners", "")).split()
    with database.reading() as session, session.scoped(EVERYWHERE):
        assert session.scalar(select(func.count()).select_from(Zone)) == 1
    assert not [path for path in session_files(database).iterdir() if path.is_dir()]


@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
def test_a_zone_comes_from_wards_squares_and_a_file_alike(analyst: StrictClient) -> None:
    content = geojson(feature([[[x, y] for x, y in ring(0.0)]], "Polygon"))
    given = (
        ({"name": "Ward", "wards": "F05000001"}, 100.0),
        ({"name": "Squares", "squares": "300m-E0-N0 300m-E300-N0"}, 18.0),
        ({"name": "File", "file": (io.BytesIO(content), "drawn.geojson")}, 16.0),
    )
    for form, _ in given:
        assert make(analyst, **form) == 302
    analyst.get(PAGE)
    rows = [words_of(cell) for cell in analyst.page.all("td") if "numeric" in cell.get("class", "")]
    assert sorted(map(float, rows)) == pytest.approx(sorted(size for _, size in given), abs=0.1)


def ring(west: float) -> list[tuple[float, float]]:
    x, y = [west + 200, west + 600, west + 600, west + 200, west + 200], [200, 200, 600, 600, 200]
    longitude, latitude = to_longitude_latitude(x, y)
    return list(zip(longitude.tolist(), latitude.tolist(), strict=True))


def session_files(database: Database) -> object:
    with database.reading() as session:
        return session.info["files"]


def test_a_zone_is_its_areas_alone_and_its_hours_follow_the_rule(
    analyst: StrictClient, database: Database, people: dict[Role, str]
) -> None:
    assert make(analyst, corners=CORNERS) == 302
    its = address(analyst)
    for area in (ELSEWHERE, "north", "london"):
        for path in ("", "/outlines.json", "/zones.geojson", its.removeprefix(PAGE)):
            assert analyst.get(f"/areas/{area}/zones{path}").status_code == 404
    analyst.sign_out()
    analyst.sign_in(people[Role.BCU_COMMANDER], PASSWORD)
    assert analyst.get(its).status_code == 200
    assert orjson.loads(analyst.get("/areas/north/zones/outlines.json").data)["features"] == []
    assert analyst.get(its.replace(HOME, "north")).status_code == 404
    with database.writing() as session, session.scoped(EVERYWHERE):
        session.execute(update(Incident).values(occurred_from=pd.Timestamp("2025-12-05 21:30").to_pydatetime()))
    analyst.get(its)
    assert "No source says at what hour" in analyst.page.main
    analyst.sign_out()
    analyst.sign_in(people[Role.COUNCIL_LEADER], PASSWORD)
    assert analyst.get(PAGE).status_code == 403
