"""What partners take to a place is one marked page with the asks, the map, the clock and what to know, on record."""

from __future__ import annotations

import datetime as dt
import io
from dataclasses import replace
from uuid import UUID

import pandas as pd
import pypdf
import pytest
import shapely

from geo.clock import week_clock
from hub import audit, purposes
from hub.access import Role
from hub.briefings.clocks import PlaceClock
from hub.errors import NotFound
from hub.problems import service as problems
from hub.problems.service import Place
from hub.problems.terms import Kind
from hub.purposes import Handover
from hub.responses import ground
from hub.tasking import packs
from tests.client import StrictClient
from tests.conftest import HOME, PASSWORD
from tests.problems.conftest import STRANGER, an_opening
from tests.tasking.conftest import ask
from tests.uploads.desk import Desk

OFFICER = Role.CSP_OFFICER
TODAY = problems.today()
HOSTILE = '#read("/etc/passwd") <script>alert(1)</script>'


def with_ground(desk: Desk, email: str, ward_code: str = "F05000000") -> UUID:
    place = Place("Bus station", ward_code, outline=shapely.Point(500, 500).buffer(150))
    with desk.writing(email) as viewer:
        return problems.open_problem(viewer, an_opening(place=place)).id


def test_the_pack_is_one_tagged_page_with_all_that_it_must_say(
    client: StrictClient, desk: Desk, people: dict[Role, str]
) -> None:
    email = people[OFFICER]
    problem_id = with_ground(desk, email)
    for days in range(packs.MOST_ASKS + 1):
        ask(desk, email, problem_id, TODAY + dt.timedelta(days=days), words=f"{HOSTILE} {'x ' * 150}")
    with desk.writing(email) as viewer:
        problems.write(viewer, problem_id, Kind.STATEMENT, {"words": "Phones are taken in the queue."})
        found = packs.pack(viewer, problem_id, TODAY)
    assert (len(found.asks), found.more_asks) == (packs.MOST_ASKS, 1)
    assert found.map is not None
    assert len(found.map.marks) == 1
    assert found.wards
    assert found.clock_words == ground.NO_TIMES
    at = pd.Series(pd.date_range("2025-01-06 18:00", periods=60, freq="7D").to_list())
    timed = replace(found, clock=PlaceClock(week_clock(at, at + pd.Timedelta(hours=2)), (("Calls", 60),), True, 0))
    handover = Handover("An officer", dt.datetime.now(dt.UTC), purposes.parse("tasking", ""))
    [sheet] = pypdf.PdfReader(io.BytesIO(packs.pdf(timed, handover))).pages
    assert timed.clock_words in " ".join(sheet.extract_text().split())
    assert "Monday" in sheet.extract_text() or "Mon" in sheet.extract_text()
    client.sign_in(email, PASSWORD)
    address = f"/problems/{problem_id}/pack"
    page = client.get(address)
    assert page.status_code == 200
    assert "&lt;script&gt;" in page.text
    assert "Phones are taken in the queue." in page.text
    client.get(f"{address}.pdf")
    assert client.post(f"{address}.pdf", data={"csrf_token": client.csrf_token}).status_code == 400
    taken = client.post(f"{address}.pdf", data={"csrf_token": client.csrf_token, "purpose": "tasking"})
    assert (taken.status_code, taken.mimetype) == (200, "application/pdf")
    paper = pypdf.PdfReader(io.BytesIO(taken.data))
    assert len(paper.pages) == 1
    assert paper.trailer["/Root"]["/MarkInfo"]["/Marked"]
    words = " ".join(paper.pages[0].extract_text().split())
    for said in ("OFFICIAL-SENSITIVE", "Purpose: ", "Phones are taken", "#read(", packs.CAVEATS[0], "Where", "When"):
        assert said in words, said
    with desk.database.reading() as session:
        acts = [one for one in audit.entries(session) if one.action == "task_pack.exported"]
    assert [(one.subject, one.details["purpose"]) for one in acts] == [(str(problem_id), "tasking")]


def test_a_place_that_is_only_a_name_or_a_ward_has_a_pack_too(
    desk: Desk, people: dict[Role, str], opened: UUID
) -> None:
    with desk.writing(people[OFFICER]) as viewer:
        ward = problems.open_problem(viewer, an_opening(HOME, place=Place("Abbey", "F05000000"))).id
        assert packs.pack(viewer, ward, TODAY).map is not None
        bare = packs.pack(viewer, opened, TODAY)
        assert (bare.map, bare.clock_words) == (None, ground.NO_GROUND)
    with desk.reading(STRANGER) as viewer, pytest.raises(NotFound):
        packs.pack(viewer, opened, TODAY)
