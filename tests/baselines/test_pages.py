"""The pages that open a problem at a place and show its baseline: filled, refused where they must be, on the record."""

from __future__ import annotations

import orjson
import pytest
import shapely
from sqlalchemy import select

from hub.access import Role
from hub.audit import AuditEntry
from hub.baselines import charts, wording
from hub.baselines.gathering import Concentration, Evidence, Flag, Month, Repeats, Share
from hub.baselines.models import Baseline
from hub.db import EVERYWHERE, Database
from hub.problems.models import Problem
from tests.baselines.grounds_made import UNIT, robberies
from tests.client import StrictClient, words_of
from tests.conftest import HOME, PASSWORD
from tests.hotspots.figures_given import Figures

PLACE = f"category=Robbery&unit={UNIT}&to=2025-12&dataset=street_points"
HERE = f"/areas/{HOME}/problems/new?{PLACE}"


@pytest.fixture
def officer(client: StrictClient, live: Figures, people: dict[Role, str]) -> StrictClient:
    """An officer of HOME, where one place is as busy as another."""
    live.points(HOME, robberies(alike=4, at_one_point=True))
    client.sign_in(people[Role.CSP_OFFICER], PASSWORD)
    return client


def open_here(client: StrictClient, here: str = HERE, **changed: str) -> int:
    """Send the form as the page fills it."""
    assert client.get(here).status_code == 200
    sent = {field.get("name", ""): field.get("value", "") for field in client.page.all("input") if field.get("name")}
    form = {**sent, "csrf_token": client.csrf_token, "kind": "robbery", "owner_body": "police", "owner": "", **changed}
    return client.post(f"/areas/{HOME}/problems/new", data=form).status_code


def actions(database: Database) -> list[str]:
    with database.reading() as session:
        wanted = select(AuditEntry.action).where(AuditEntry.action.startswith("problem."))
        return list(session.scalars(wanted.order_by(AuditEntry.number)))


def test_a_problem_is_opened_from_the_page_of_a_place_and_its_baseline_is_shown(
    officer: StrictClient, database: Database
) -> None:
    officer.get(f"/areas/{HOME}/hotspots/place?{PLACE}")
    [way] = [link for link in officer.page.all("a") if words_of(link) == "Open a problem here"]
    assert officer.get(way.get("href", "")).status_code == 200
    assert "Robbery in Alder West, Alder" in officer.page.main
    assert "Half of its" in officer.page.main
    assert "Controls proposed" in officer.page.main
    assert "between 0.5 and 2 times as many incidents" in officer.page.main
    assert open_here(officer, title="Give 37 of them", place="The Mead") == 400
    assert "exact count" in officer.page.errors[0]
    assert open_here(officer, owner="nobody", place="The Mead") == 400
    assert open_here(officer, title="Phones taken in the Mead", place="The Mead") == 302
    with database.reading() as session:
        session.set_scope(EVERYWHERE)
        problem = session.scalars(select(Problem)).one()
    at = f"/problems/{problem.id}"
    assert officer.get(at).status_code == 200
    assert "Baseline frozen" in officer.page.main
    assert officer.get(f"{at}/baseline").status_code == 200
    main = officer.page.main
    points = robberies(alike=4, at_one_point=True)
    inside = shapely.contains_xy(problem.outline, points["easting"], points["northing"]).sum()
    for said in (
        f"Robbery, January 2025 to December 2025: {inside} incidents on the place",
        "their digest agrees",
        "Why here",
        "Concentration",
        "The 220 m around it",
        "Keeps every rule",
        "No source says at what hour",
    ):
        assert said in main, said
    layer = orjson.loads(officer.get(f"{at}/baseline/grounds.json").data)
    assert [one["properties"]["class"] for one in layer["wards"]["features"]][:2] == ["response", "buffer"]
    assert layer["boroughs"]["features"][0]["properties"]["name"] == "Alder"
    assert {"problem.opened", "problem.baseline", "problem.baseline_viewed"} <= set(actions(database))


def test_a_problem_is_opened_on_a_zone_from_its_page(officer: StrictClient, database: Database) -> None:
    officer.get(f"/areas/{HOME}/zones")
    corners = "300,150\n750,150\n750,600\n300,600"
    sent = {"name": "The Mead", "corners": corners, "csrf_token": officer.csrf_token}
    made = officer.post(f"/areas/{HOME}/zones", data=sent, content_type="multipart/form-data")
    zone_id = made.location.rpartition("/")[2]
    officer.get(f"{made.location}?category=Robbery&last=2025-12")
    [way] = [link for link in officer.page.all("a") if words_of(link) == "Open a problem here"]
    here = way.get("href", "")
    assert officer.get(here).status_code == 200
    assert "Robbery in The Mead: " in officer.page.main
    assert "Controls proposed" in officer.page.main
    assert [words_of(link) for link in officer.page.all("a") if link.get("href") == f"/areas/{HOME}/zones/{zone_id}"]
    for wrong in (HOME, "none"):
        assert officer.get(here.replace(zone_id, wrong)).status_code == 404
    assert open_here(officer, here, title="Phones taken in the Mead") == 302
    points = robberies(alike=4, at_one_point=True)
    with database.reading() as session:
        session.set_scope(EVERYWHERE)
        problem = session.scalars(select(Problem)).one()
        assert (str(problem.zone_id), problem.ward_code, problem.cells) == (zone_id, None, [])
    inside = points["easting"].between(300, 750) & points["northing"].between(150, 600)
    officer.get(f"/problems/{problem.id}/baseline")
    assert f"Robbery, January 2025 to December 2025: {inside.sum()} incidents on the place" in officer.page.main
    assert "Its last month" not in officer.page.main, "what is usual takes more than a year"


def test_another_baseline_is_frozen_by_the_form_with_its_reason(officer: StrictClient, database: Database) -> None:
    assert open_here(officer, place="The Mead") == 302
    with database.reading() as session:
        session.set_scope(EVERYWHERE)
        at = f"/problems/{session.scalars(select(Problem.id)).one()}/baseline"
    assert officer.get(f"{at}/new?ring=150").status_code == 200
    offered = [box.get("value", "") for box in officer.page.all("input") if box.get("name") == "controls"]
    assert offered
    assert "The 150 m around it" in officer.page.main
    for ring, said in (("wide", "'wide' is no width"), ("0", "cannot be 0 m wide"), ("nan", "cannot be nan m wide")):
        officer.get(f"{at}/new?ring={ring}")
        assert said in officer.page.errors[0]
    token = officer.csrf_token
    form = {"csrf_token": token, "category": "Robbery", "ring": "150", "controls": offered[:1]}
    assert officer.post(f"{at}/new", data=form).status_code == 400
    assert "Say why, in a sentence" in officer.page.errors[0]
    assert officer.post(f"{at}/new", data={**form, "controls": ["E1-N1"], "reason": "Other"}).status_code == 400
    assert "no longer offered" in officer.page.errors[0]
    assert officer.post(f"{at}/new", data={**form, "reason": "The canal bounds it"}).status_code == 302
    officer.get(at)
    assert "Baseline 2, frozen by" in officer.page.main
    assert "The canal bounds it" in officer.page.main
    assert "Those before it" in officer.page.main
    with database.reading() as session:
        session.set_scope(EVERYWHERE)
        assert len(session.scalars(select(Baseline)).all()) == 2


def test_what_was_written_is_kept_where_no_offence_has_figures(
    client: StrictClient, database: Database, people: dict[Role, str]
) -> None:
    client.sign_in(people[Role.CSP_OFFICER], PASSWORD)
    client.get("/problems/new")
    form = {"csrf_token": client.csrf_token, "title": "Noise", "kind": "asb", "boroughs": HOME, "place": "The Mead",
        "ward": "F05000000", "first": "2025-01", "last": "2025-12", "owner_body": "council"}  # fmt: skip
    assert client.post("/problems", data=form).status_code == 302
    with database.reading() as session:
        session.set_scope(EVERYWHERE)
        at = f"/problems/{session.scalars(select(Problem.id)).one()}/baseline/new"
    assert client.get(at).status_code == 400
    typed = {
        "category": "Robbery",
        "ring": "150",
        "controls": ["E1-N1", "E2-N2"],
        "reason": "The canal <b>bounds</b> it",
    }
    sent = client.post(at, data={"csrf_token": client.csrf_token, **typed})
    assert sent.status_code == 400
    assert "There are no figures for Alder yet" in client.page.errors[0]
    assert "The canal &lt;b&gt;bounds&lt;/b&gt; it" in sent.text
    kept = [(one.get("name"), one.get("value")) for one in client.page.all("input") if one.get("name") in typed]
    assert kept == [("category", "Robbery"), ("ring", "150"), ("controls", "E1-N1"), ("controls", "E2-N2")]


@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
def test_a_problem_without_ground_says_so(officer: StrictClient, database: Database) -> None:
    officer.get("/problems/new")
    form = {"csrf_token": officer.csrf_token, "title": "Noise", "kind": "asb", "boroughs": HOME, "place": "All over",
        "first": "2025-01", "last": "2025-12", "owner_body": "council"}  # fmt: skip
    assert officer.post("/problems", data=form).status_code == 302
    with database.reading() as session:
        session.set_scope(EVERYWHERE)
        at = f"/problems/{session.scalars(select(Problem.id)).one()}/baseline"
    assert officer.get(at).status_code == 200
    assert "No baseline is frozen yet" in officer.page.main
    assert orjson.loads(officer.get(f"{at}/grounds.json").data)["wards"]["features"] == []
    assert officer.get(f"{at}/new").status_code == 400


def test_evidence_is_put_into_words_as_far_as_it_goes() -> None:
    flag = Flag("It is new.", "Emerging", "new", 1, 12, 4.25, 0.00001, 0.001, 80, 0.4)
    full = Evidence(
        flag, Month(9, 1, 4, "poisson", 0.004, 2), Share(10, 40, 0.125), Repeats(10, 4), Concentration(10, 30, 2, 4.6)
    )
    told = dict(wording.lines(full, "Alder"))
    assert told["How sure"].startswith("A hotspot in 1 of 12 months. In the last month its strongest part stood 4.2 ")
    assert "(p less than 0.0001, one of 80 tested together)" in told["How sure"]
    assert told["Its share"] == "10 incidents in the last 12 months, 25% of the 40 in Alder, on 12.5% of its ground."
    assert told["Its last month"].startswith("9, where 1 to 4 is usual by 2 years before")
    assert told["Repeats"].startswith("4 of 10 incidents with a point (40%) came where another had")
    assert "at 2 of 30 map points where crime was recorded; chance alone would need about 5." in told["Concentration"]
    bare = Evidence(None, None, Share(0, 0, 0.5), None, None)
    assert dict(wording.lines(bare, "Alder")) == {
        "Its share": "0 incidents in the last 12 months, 0% of the 0 in Alder, on 50.0% of its ground."
    }
    assert wording.agencies(None, (), "No agreement is in force.") == "No agreement is in force."
    assert set(charts._LOOKS) == {"The place", "Around it", "Controls, at the level of the place"}
