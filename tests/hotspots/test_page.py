"""The hotspot page and its files, driven as a browser would, with every answer read strictly."""

from __future__ import annotations

import datetime as dt
import gzip
import io
from urllib.parse import quote

import numpy as np
import orjson
import pandas as pd
import pytest
from sqlalchemy import func, select

from hub.access import Role
from hub.audit import AuditEntry
from hub.db import EVERYWHERE, Database
from hub.hotspots import routes
from hub.hotspots.models import HotspotRun
from tests.client import StrictClient, words_of
from tests.conftest import ELSEWHERE, HOME, PASSWORD, SIBLING
from tests.hotspots.figures_given import Figures, month

PAGE = "/areas/north/hotspots"
ASKED = "?show=wards-gi_star&category=All+recorded+crime&from=2025-01&to=2025-02"


@pytest.fixture
def commander(client: StrictClient, live: Figures, people: dict[Role, str]) -> StrictClient:
    """A BCU commander signed in, with figures for both boroughs of the BCU."""
    for borough, code in ((0, HOME), (1, SIBLING)):
        rows = [
            (month(number), f"F0500000{2 * borough + side}", group, group, 10 * (borough + 1) + side)
            for number in (1, 2)
            for side in (0, 1)
            for group in ("Burglary", "Theft")
        ]
        live.ward_counts(
            code, pd.DataFrame(rows, columns=["month", "ward_code", "offence_group", "offence_subgroup", "count"])
        )
    client.sign_in(people[Role.BCU_COMMANDER], PASSWORD)
    return client


def give_points(live: Figures, *, at: dt.date | None = None) -> None:
    rng = np.random.default_rng(3)
    spread = np.column_stack([rng.uniform(0, 2000, 300), rng.uniform(0, 1000, 300)])
    corner = np.column_stack([rng.uniform(200, 500, 300), rng.uniform(200, 500, 300)])
    frame = pd.DataFrame(np.vstack([spread, corner]).round(1), columns=["easting", "northing"])
    live.points(HOME, frame.assign(category="Robbery", month=at or month(1)))


def first_column(client: StrictClient) -> list[str]:
    return [words_of(cell) for cell in client.page.all("th") if cell.get("scope") == "row"]


def test_the_page_opens_on_an_answer_without_being_asked(commander: StrictClient) -> None:
    assert commander.get(PAGE).status_code == 200
    page = commander.page
    assert page.h1 == "Hotspots in North"
    assert "In the 2 months to February 2025" in page.main
    assert "Not significant: no more than chance gives" in page.main
    assert "Data to February 2025 (provisional)" in page.main
    assert "Jan 2025 to Feb 2025 are provisional" in page.main
    assert sorted(first_column(commander)) == ["Alder East", "Alder West", "Birch East", "Birch West"]
    offered = [words_of(option) for option in page.all("option")]
    assert offered[: len(routes.Show)] == [show.words for show in routes.Show]
    assert {"All recorded crime", "Burglary", "Theft", "Jan 2025"} <= set(offered)
    noscript = next(page.all("noscript"))
    assert "The table below has the same content" in words_of(noscript)


def test_each_way_of_showing_wards_has_its_sentence(commander: StrictClient) -> None:
    for show, said in (
        ("wards-count", "most offences of theft in North were in Birch East (42)"),
        ("wards-rate", "theft per 1,000 residents was highest in Birch East (4.2)"),
        ("wards-gi_star", "for theft"),
    ):
        commander.get(f"{PAGE}?show={show}&category=theft&from=2025-01&to=2025-02")
        assert said in commander.page.main


def test_a_change_is_said_mapped_and_listed(commander: StrictClient) -> None:
    asked = "?show=wards-change&category=theft&from=2025-02&to=2025-02"
    commander.get(f"{PAGE}{asked}")
    page = commander.page
    assert "against the month just before (January 2025), theft changed in none of 4 wards of North" in page.main
    assert "Compared with the month just before (January 2025)" in page.main
    for words in ("Risen: more than chance would explain", "Fallen: more than", "No clear change", "False discovery"):
        assert words.casefold() in page.main.casefold()
    assert [words_of(row) for row in page.all("th") if row.get("scope") == "col"][2:5] == [
        "Before",
        "Now",
        "Difference",
    ]
    layer = orjson.loads(commander.get(f"{PAGE}/layer.json{asked}").data)
    assert {ward["properties"]["class"] for ward in layer["wards"]["features"]} == {"no-clear-change"}
    assert commander.get(f"{PAGE}?show=wards-change&category=theft&from=2025-01&to=2025-01").status_code == 400
    assert "nothing before January 2025 to compare it with" in commander.page.errors[0]


def test_harm_names_its_weights_and_what_they_leave_out(commander: StrictClient, live: Figures) -> None:
    asked = f"/areas/{HOME}/hotspots?show=wards-harm"
    assert commander.get(f"{asked}&category=Theft&from=2025-01&to=2025-02").status_code == 400
    assert "None of these offences has a weight in Cambridge" in commander.page.errors[0]
    rows = [(month(3), "F05000000", "Robbery", "", 3), (month(3), "F05000001", "Theft", "", 9)]
    columns = ["month", "ward_code", "offence_group", "offence_subgroup", "count"]
    live.ward_counts(HOME, pd.DataFrame(rows, columns=columns))
    assert commander.get(f"{asked}&category=all&from=2025-03&to=2025-03").status_code == 200
    said = "Cambridge Crime Harm Index, medians by subgroup, version 2026.1 of 22 November 2026"
    assert f"Weighed by {said}" in commander.page.main
    assert "9 incidents have no weight in this set, and no part in the harm: Theft (9)." in commander.page.main
    headings = [words_of(cell) for cell in commander.page.all("th") if cell.get("scope") == "col"]
    assert headings[1:] == ["Offences", "Harm", "Harm per 1,000 residents", "Largest event", "Harm, capped", "Result"]


def test_agencies_are_offered_where_another_is_live_and_refused_in_words_where_none_is(
    commander: StrictClient, live: Figures
) -> None:
    asked = "?show=wards-agencies&category=all&from=2025-01&to=2025-02"
    assert commander.get(f"{PAGE}{asked}").status_code == 400
    assert "Another agency's figures and Met ward-level counts have no month" in commander.page.errors[0]
    assert "Set beside" not in [words_of(label) for label in commander.page.all("label")]
    for code, easting in ((HOME, 10), (SIBLING, 2010)):
        places = pd.DataFrame({"easting": [easting] * 3, "northing": [10.0] * 3, "category": "False alarm"})
        live.points(code, places.assign(month=month(1)), dataset="fire")
        live.points(code, places.assign(month=month(1)), dataset="ambulance")
    for more in ("", "&with=fire"):
        assert commander.get(f"{PAGE}{asked}{more}").status_code == 200
        assert "Set beside" in [words_of(label) for label in commander.page.all("label")]
        assert "Fire brigade incidents" in commander.page.main
        assert "A gap is a question, not a finding" in commander.page.main
    offered = [words_of(option) for option in commander.page.all("option")]
    assert "Fire brigade incidents" in offered
    assert "Ambulance calls" not in offered
    for code, easting in ((HOME, 10), (SIBLING, 2010)):
        places = pd.DataFrame({"easting": [easting] * 2, "northing": [10.0] * 2, "category": "Slight"})
        live.points(code, places.assign(month=[month(1), month(2)]), dataset="road_collisions")
    commander.get(f"{PAGE}{asked}")
    chosen = [words_of(option) for option in commander.page.all("option") if option.get("selected") is not None]
    assert "Road collisions (STATS19)" in chosen
    assert "with=road_collisions" in next(
        link.get("href", "") for link in commander.page.all("a") if "overlay.csv" in link.get("href", "")
    )
    commander.get(f"{PAGE}?show=wards-rate&category=all&from=2025-01&to=2025-02&with=fire")
    assert "Set beside" not in [words_of(label) for label in commander.page.all("label")]
    layer = orjson.loads(commander.get(f"{PAGE}/layer.json{asked}&with=fire").data)
    assert "Fire brigade incidents" in dict(layer["wards"]["features"][0]["properties"]["facts"])
    for file in ("", "/layer.json", "/overlay.csv", "/overlay.pdf"):
        ask = commander.take if "overlay" in file else commander.get
        answer = ask(f"{PAGE}{file}{asked}&with=ambulance")
        assert answer.status_code == 409
    commander.get(f"{PAGE}{asked}&with=ambulance")
    assert "no sharing agreement" in commander.page.main.casefold()


def test_kinds_of_hotspot_need_enough_months_and_are_then_listed(commander: StrictClient, live: Figures) -> None:
    asked = "?show=cells-emerging&category=Robbery&from=2025-01&to=2025-10"
    give_points(live)
    assert commander.get(f"/areas/{HOME}/hotspots{asked}").status_code == 400
    assert "need 10 months in a row, and Alder has only 1" in commander.page.errors[0]
    for number in range(2, 11):
        give_points(live, at=month(number))
    assert commander.get(f"/areas/{HOME}/hotspots{asked}").status_code == 200
    assert "Persistent: a hotspot nearly always, much the same" in commander.page.main
    assert "Quiet" not in commander.page.main
    assert "Months as a hotspot" in commander.page.main
    layer = orjson.loads(commander.get(f"/areas/{HOME}/hotspots/layer.json{asked}").data)
    assert "persistent" in layer["cells"]["classes"]


def test_the_table_sorts_by_any_column_without_a_script(commander: StrictClient) -> None:
    commander.get(f"{PAGE}{ASKED}&sort=-count")
    assert first_column(commander) == ["Birch East", "Birch West", "Alder East", "Alder West"]
    sorted_by = [heading for heading in commander.page.all("th") if heading.get("aria-sort")]
    assert [(words_of(heading), heading.get("aria-sort")) for heading in sorted_by] == [("Offences", "descending")]
    again = next(link.get("href", "") for link in sorted_by[0].iter("a"))
    commander.get(again.partition("#")[0])
    assert first_column(commander) == ["Alder West", "Alder East", "Birch West", "Birch East"]


def test_small_areas_come_a_page_at_a_time(commander: StrictClient, live: Figures) -> None:
    give_points(live)
    asked = f"/areas/{HOME}/hotspots?show=cells-density&category=Robbery&from=2025-01&to=2025-01"
    commander.get(asked)
    first = first_column(commander)
    assert len(first) == routes.ROWS_A_PAGE
    assert "Page 1 of 16" in commander.page.main
    assert "squares of 50 m" in commander.page.main
    for number, rows in ((2, 50), (16, 50), (99, 50)):
        commander.get(f"{asked}&page={number}")
        assert len(first_column(commander)) == rows
    commander.get(f"/areas/{HOME}/hotspots?show=cells-gi_star&category=Robbery&from=2025-01&to=2025-01")
    assert "stood out for robbery" in commander.page.main
    assert "nearest of a fixed set of map points" in commander.page.main


def test_a_question_without_an_answer_is_refused_on_the_page(commander: StrictClient) -> None:
    for asked, said in (
        ("show=wards-gi_star&category=piracy&from=2025-01&to=2025-02", "There is no category 'piracy'"),
        ("show=wards-gi_star&category=Theft&from=2025-02&to=2025-01", "before it begins"),
        ("show=wards-gi_star&category=Theft&from=2031-01&to=2031-02", "There are no figures"),
        ("show=cells-gi_star&category=Theft&from=2025-01&to=2025-02", "no points"),
        ("show=everything&category=Theft&from=2025-01&to=2025-02", "nothing called 'everything'"),
        ("show=wards-gi_star&category=Theft&from=January&to=2025-02", "The first month is 'January'"),
    ):
        assert commander.get(f"{PAGE}?{asked}").status_code == 400
        assert said in commander.page.errors[0]
        assert "Show" in [words_of(button) for button in commander.page.all("button")]
        assert commander.get(f"{PAGE}/layer.json?{asked}").status_code == 400
        assert commander.take(f"{PAGE}/overlay.csv?{asked}").status_code == 400


def test_nothing_loaded_is_not_an_error(client: StrictClient, people: dict[Role, str]) -> None:
    client.sign_in(people[Role.BCU_COMMANDER], PASSWORD)
    assert client.get(PAGE).status_code == 200
    assert "There are no figures for North yet" in client.page.main
    assert "CSP officer" in client.page.main
    assert client.get(f"{PAGE}/layer.json{ASKED}").status_code == 404
    client.sign_out()
    client.sign_in(people[Role.CSP_OFFICER], PASSWORD)
    client.get(f"/areas/{HOME}/hotspots")
    assert any(words_of(link) == "Upload a file" for link in client.page.all("a"))


def test_nobody_sees_an_area_that_is_not_all_theirs(
    commander: StrictClient, live: Figures, people: dict[Role, str]
) -> None:
    give_points(live)
    files = ("", "/layer.json", "/overlay.csv", "/overlay.geojson", "/overlay.gpkg", "/overlay.pdf")
    for file in files:
        assert commander.get(f"{PAGE}{file}{ASKED}").status_code == 200
        for area in ("london", ELSEWHERE, "no-such-place"):
            assert commander.get(f"/areas/{area}/hotspots{file}{ASKED}").status_code == 404
    commander.sign_out()
    commander.sign_in(people[Role.CSP_ANALYST], PASSWORD)
    for file in files:
        assert commander.get(f"/areas/{HOME}/hotspots{file}{ASKED}").status_code == 200
        assert commander.get(f"{PAGE}{file}{ASKED}").status_code == 404
    commander.sign_out()
    commander.sign_in(people[Role.COUNCIL_LEADER], PASSWORD)
    for file in files:
        assert commander.get(f"/areas/{HOME}/hotspots{file}{ASKED}").status_code == 403


def test_the_layer_has_what_the_table_has_and_travels_small(commander: StrictClient) -> None:
    plain = commander.get(f"{PAGE}/layer.json{ASKED}")
    packed = commander.get(f"{PAGE}/layer.json{ASKED}", headers={"Accept-Encoding": "gzip"})
    assert packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.data) == plain.data
    layer = orjson.loads(plain.data)
    named = {dict(ward["properties"]["facts"])["Ward"] for ward in layer["wards"]["features"]}
    commander.get(f"{PAGE}{ASKED}")
    assert named == set(first_column(commander))


def test_what_was_worked_out_is_kept_beside_the_page_which_keeps_nothing(
    commander: StrictClient, database: Database
) -> None:
    def kept() -> int:
        with database.reading() as session, session.scoped(EVERYWHERE):
            return session.scalar(select(func.count()).select_from(HotspotRun)) or 0

    commander.get(f"{PAGE}{ASKED}").close()
    assert kept() == 1
    commander.get(f"{PAGE}/layer.json{ASKED}").close()
    assert kept() == 1
    commander.get(f"{PAGE}{ASKED.replace('2025-02', '2025-01')}").close()
    assert kept() == 2


def test_a_download_is_on_the_record_before_it_leaves(commander: StrictClient, database: Database) -> None:
    for form, kind in routes.FILE_TYPES.items():
        address = f"{PAGE}/overlay.{form}?show=wards-rate&category=Theft&from=2025-01&to=2025-02"
        assert commander.get(address).mimetype == "text/html", "it is asked first what the file is for"
        assert commander.submit(address, {"purpose": "other"}).status_code == 400
        assert "what else the file is for" in commander.page.errors[0]
        answer = commander.take(address)
        assert answer.mimetype == kind
        assert f"north-theft-2025-01-to-2025-02-wards-rate.{form}" in answer.headers["Content-Disposition"]
    table = pd.read_csv(io.BytesIO(commander.take(f"{PAGE}/overlay.csv{ASKED}").data))
    assert table["count"].tolist() == [40, 44, 80, 84]
    [said] = table["handover"].unique()
    assert said.startswith("OFFICIAL-SENSITIVE – for the community safety partnership's own people only. Taken by ")
    assert said.endswith("Purpose: Tasking, patrols and tactical briefings.")
    with database.reading() as session:
        entries = session.scalars(select(AuditEntry).where(AuditEntry.action == "overlay.exported")).all()
    assert [entry.details["form"] for entry in entries] == [*routes.FILE_TYPES, "csv"]
    assert {entry.subject for entry in entries} == {"north"}
    assert {entry.details["purpose"] for entry in entries} == {"tasking"}
    assert entries[0].boroughs == [HOME, SIBLING]
    commander.get(f"{PAGE}/overlay.csv{ASKED}")
    assert [one.get("value") for one in commander.page.all("input") if one.get("checked") is not None] == ["tasking"]
    assert commander.get(f"{PAGE}/overlay.exe{ASKED}").status_code == 404


def test_paper_is_offered_in_two_sizes_and_no_other(commander: StrictClient) -> None:
    commander.get(f"{PAGE}{ASKED}")
    links = {words_of(link): link.get("href", "") for link in commander.page.all("a")}
    for size in ("A4", "A3"):
        answer = commander.take(links[f"On paper, {size} (PDF)"])
        assert answer.data.startswith(b"%PDF")
        assert answer.mimetype == "application/pdf"
    assert commander.take(f"{PAGE}/overlay.pdf{ASKED}&paper=A0").status_code == 400


def test_words_from_an_address_are_only_words(commander: StrictClient) -> None:
    attack = quote("<script>alert(1)</script>")
    commander.get(f"{PAGE}?show=wards-gi_star&category={attack}&from=2025-01&to=2025-02&sort={attack}")
    assert "<script>alert(1)</script>" in commander.page.errors[0]
    commander.get(f"{PAGE}{ASKED}&sort={attack}&page={attack}")
    assert len(first_column(commander)) == 4
