"""How long a commander waits for a map and a problem, and a leader for a summary, with a million incidents live.

On both databases. The incidents are the real public points, twice. Each overlay is asked for through the web server, as
the page asks for it. Nothing here asserts a time; totals are asserted.
"""

from __future__ import annotations

import gzip
import io
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import geopandas as gpd
import numpy as np
import pandas as pd
import polars as pl
import pytest
import shapely
from playwright.sync_api import Browser, Page
from pytest_benchmark.fixture import BenchmarkFixture
from sqlalchemy import func, select

from hub.access import Role
from hub.accounts import service as accounts
from hub.config import Settings
from hub.db import EVERYWHERE, Database
from hub.places import loading
from hub.uploads import intake, service
from hub.uploads.models import Incident
from hub.words import parse_month
from tests.conftest import OF_TESTS, PASSWORD, PostgresCluster
from tests.processes import commands_running, free_port, wait_until_it_answers

ADMINISTRATOR, LEADER = "administrator@bench.example", "leader@bench.example"
SUMMARIES = 60
POINTS_FOLDER = "police-uk/london-street-all-crime"
SAID = intake.Said(reasons={"sparse_boroughs": "What the police could not locate is listed with no borough."})
INCIDENTS = 1_000_000
MONTHS = "2018-01", "2019-04"
"""That the real months are said to be, the eight of them twice."""
FIRST, LAST = "2018-05", "2019-04"
CATEGORIES = ("Burglary", "Drugs", "Robbery", "Vehicle crime", "Shoplifting", "Public order", "Theft from the person")
METRES = 150
OF_A_PROBLEM = "A problem at a place of a borough, a million incidents live"
PROBLEM, PLACES_OPENED, TASKS = "Theft from the person", 3, 12
"""Of what offence it is, how often one is opened, and how many tasks it has: as many as its pack has room for."""

pytestmark = pytest.mark.benchmark(disable_gc=True)


@dataclass(frozen=True)
class Maps:
    """A hub that is running with a million incidents, and a browser signed in to it."""

    database: Database
    page: Page

    def path(self, area: str, category: str, *, of: str = "", show: str = "cells-gi_star") -> str:
        """Where the map of small areas is, or what it draws."""
        asked = {"show": show, "category": category, "from": FIRST, "to": LAST}
        return f"/areas/{area}/hotspots{of}?{urlencode(asked)}"

    def layer(self, area: str, category: str) -> str:
        """Ask for what the map draws; gives how much was sent."""
        answer = self.page.request.get(self.path(area, category, of="/layer.json"))
        assert answer.ok, answer.status_text
        assert answer.headers["content-encoding"] == "gzip"
        return f"{int(answer.headers['content-length']) / 1000:,.0f} kB"


@pytest.fixture(autouse=True)
def _named(benchmark: BenchmarkFixture, maps: Maps) -> None:
    """Compare what was measured on one database."""
    benchmark.group = f"{benchmark.group}, on {maps.database.engine.dialect.name}"


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def maps(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, real_data: Path, chromium: Browser
) -> Iterator[Maps]:
    """Start the hub as `hub serve` does, and sign somebody who reads all of London in."""
    settings = _settings(request, tmp_path_factory.mktemp("maps"))
    database, port = Database(settings), free_port()
    with database.writing() as session:
        loading.load_places(session, [real_data], actor="machine:bench")
        role, machine = Role.ADMINISTRATOR, "machine:bench"
        accounts.create_person(session, ADMINISTRATOR, role.title, PASSWORD, role, london=True, actor=machine)
        role = Role.COUNCIL_LEADER
        accounts.create_person(session, LEADER, role.title, PASSWORD, role, boroughs=["E09000007"], actor=machine)
    paths = sorted((real_data / POINTS_FOLDER).glob("*.csv.gz"))
    months = pd.period_range(MONTHS[0], MONTHS[1], freq="M").astype(str)
    for month, path in zip(months, [*paths, *paths], strict=True):
        _make_live(database, path, month)
    with database.reading() as session:
        session.set_scope(EVERYWHERE)
        assert session.scalar(select(func.count()).select_from(Incident)) >= INCIDENTS
    with commands_running(settings, ["serve", "--port", str(port), "--workers", "1"]):
        wait_until_it_answers(port)
        page = chromium.new_page(base_url=f"http://127.0.0.1:{port}/")
        sign_in(page, ADMINISTRATOR)
        found = Maps(database, page)
        found.layer("barnet", "Bicycle theft")  # and with it whatever a first request loads
        yield found
        page.close()
    database.engine.dispose()


def sign_in(page: Page, email: str) -> None:
    """As a person does."""
    page.goto("/sign-in")
    page.get_by_label("E-mail address").fill(email)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("button", name="Sign out").wait_for()


def _settings(request: pytest.FixtureRequest, folder: Path) -> Settings:
    common: dict[str, Any] = {**OF_TESTS, "files": folder}
    template = request.getfixturevalue("_filled")(request.param, "")
    if request.param == "sqlite":
        return Settings(database_url=f"sqlite:///{shutil.copy(template, folder / 'hub.sqlite')}", **common)
    cluster: PostgresCluster = request.getfixturevalue("postgres_cluster")
    return Settings(database_url=cluster.url(cluster.create(template=template), "hub_web"), **common)


def _make_live(database: Database, path: Path, month: str) -> None:
    rows = pl.read_csv(gzip.decompress(path.read_bytes()), infer_schema=False).drop("Crime ID")
    content = rows.with_columns(pl.lit(month).alias("Month")).write_csv().encode()
    with database.session(writes=True) as session:
        viewer = accounts.viewer_by_email(session, ADMINISTRATOR)
        upload_id = service.receive(viewer, io.BytesIO(content), f"{month}.csv").id
        session.commit()
        intake.take_in(viewer, upload_id, SAID, lambda _words: None)
        assert intake.commit(viewer, upload_id, lambda _words: None) is None
        session.commit()


def _never_asked_for(benchmark: BenchmarkFixture, maps: Maps, area: str) -> None:
    categories = iter(CATEGORIES)
    sent = benchmark.pedantic(lambda: maps.layer(area, next(categories)), rounds=len(CATEGORIES))
    benchmark.extra_info["figures"] = {"sent, compressed": sent}


@pytest.mark.benchmark(group="A map never asked for, one borough and 12 months, a million incidents live")
def test_borough_never_asked_for(benchmark: BenchmarkFixture, maps: Maps) -> None:
    _never_asked_for(benchmark, maps, "camden")


@pytest.mark.benchmark(group="A map never asked for, one borough and 12 months, a million incidents live")
def test_geopandas_only_counts_the_borough(benchmark: BenchmarkFixture, maps: Maps) -> None:
    benchmark.extra_info["peer"] = "geopandas: read the borough's incidents, join to squares"
    categories = iter(CATEGORIES)
    asked = select(Incident.easting, Incident.northing).where(
        Incident.borough_code == "E09000007", Incident.month >= parse_month(FIRST), Incident.month <= parse_month(LAST)
    )

    def count() -> int:
        with maps.database.reading() as session:
            session.set_scope(EVERYWHERE)
            found = session.execute(asked.where(Incident.category == next(categories), Incident.easting.is_not(None)))
            points = gpd.GeoSeries.from_xy(*np.array(found.all()).T)
        west, south, east, north = points.total_bounds
        corners = np.meshgrid(np.arange(west, east, METRES), np.arange(south, north, METRES))
        squares = shapely.box(corners[0], corners[1], corners[0] + METRES, corners[1] + METRES).ravel()
        joined = gpd.GeoDataFrame(geometry=points).sjoin(gpd.GeoDataFrame(geometry=squares))
        return int(joined.groupby("index_right").size().sum())

    assert benchmark.pedantic(count, rounds=len(CATEGORIES)) > 0


@pytest.mark.benchmark(group="A map never asked for, all London and 12 months, a million incidents live")
def test_london_never_asked_for(benchmark: BenchmarkFixture, maps: Maps) -> None:
    _never_asked_for(benchmark, maps, "london")


@pytest.mark.benchmark(group="A map asked for before, one borough and 12 months, a million incidents live")
def test_borough_asked_before(benchmark: BenchmarkFixture, maps: Maps) -> None:
    maps.layer("camden", "Burglary")
    sent = benchmark.pedantic(maps.layer, args=("camden", "Burglary"), rounds=15)
    benchmark.extra_info["figures"] = {"sent, compressed": sent}


@pytest.mark.benchmark(group="From asking for the page to a map that is ready, in a browser, 12 months of one borough")
def test_map_is_ready(benchmark: BenchmarkFixture, maps: Maps) -> None:
    def look() -> None:
        maps.page.goto(maps.path("camden", "Burglary"))
        maps.page.locator("#overlay-map[data-ready=true]").wait_for()

    look()
    benchmark.pedantic(look, rounds=7)


def _summary(benchmark: BenchmarkFixture, page: Page) -> None:
    def look() -> None:
        assert page.request.get("/areas/camden/summary").ok

    look()
    benchmark.pedantic(look, rounds=SUMMARIES)
    took = np.percentile(benchmark.stats.stats.data, 95)
    benchmark.extra_info["figures"] = {"p95": f"{1000 * took:,.0f} ms"}


@pytest.mark.benchmark(group="The summary of one borough for who sees exact counts, asked for before, a million live")
def test_summary_of_exact_counts(benchmark: BenchmarkFixture, maps: Maps) -> None:
    _summary(benchmark, maps.page)


@pytest.mark.benchmark(group="The summary of one borough for its leader, asked for before, a million live")
def test_summary_for_a_leader(benchmark: BenchmarkFixture, maps: Maps) -> None:
    assert maps.page.context.browser
    page = maps.page.context.browser.new_page(base_url=maps.page.url)
    sign_in(page, LEADER)
    _summary(benchmark, page)
    page.close()


# --- A problem at a place --------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def address(maps: Maps) -> str:
    """Where a problem is opened at the place that the map of a borough names first."""
    maps.page.goto(maps.path("camden", PROBLEM, show="cells-emerging"))
    unit = maps.page.locator("[data-unit]").first.get_attribute("data-unit")
    return f"/areas/camden/problems/new?{urlencode({'category': PROBLEM, 'unit': unit, 'to': LAST})}"


@pytest.fixture(scope="module")
def problem(maps: Maps, address: str) -> str:
    """Where a problem is that was opened there, with as many tasks as its pack has room for."""
    opened = _open(maps, address)
    maps.page.goto(opened)
    token = maps.page.locator("input[name=csrf_token]").first.get_attribute("value") or ""
    for number in range(TASKS):
        task = {"words": f"Ask the operator of stop {number + 1} for a light", "body": "transport", "due": "2030-01-31"}
        form = {"csrf_token": token, "follows": "0", "status": "asked", **task}
        assert maps.page.request.post(f"{opened}/entries/task", form=form).ok
    return opened


def _open(maps: Maps, address: str) -> str:
    """Send the form as the page fills it; gives where the problem is."""
    maps.page.goto(address)
    form = maps.page.locator("main form[method=post]")
    sent = form.evaluate("(form) => Object.fromEntries(new FormData(form))")
    answer = maps.page.request.post(address, form=sent)
    assert answer.ok, answer.status_text
    assert "/problems/" in answer.url
    return answer.url


@pytest.mark.benchmark(group=f"{OF_A_PROBLEM}: the page that opens it")
def test_page_that_opens_it(benchmark: BenchmarkFixture, maps: Maps, address: str) -> None:
    assert benchmark.pedantic(maps.page.request.get, args=(address,), rounds=5).ok


@pytest.mark.benchmark(group=f"{OF_A_PROBLEM}: opening it, with a frozen baseline")
def test_opening_it_and_freezing_its_baseline(benchmark: BenchmarkFixture, maps: Maps, address: str) -> None:
    benchmark.pedantic(_open, args=(maps, address), rounds=PLACES_OPENED)


@pytest.mark.parametrize(
    "of",
    [
        pytest.param(path, marks=pytest.mark.benchmark(group=f"{OF_A_PROBLEM}: {what}"))
        for path, what in (
            ("", "its page"),
            ("/baseline", "its evidence and baseline"),
            ("/baseline/grounds.json", "the map of its baseline"),
            ("/baseline/new", "the page that freezes another"),
            ("/pack", "its tasking pack"),
        )
    ],
)
def test_page_of_it(benchmark: BenchmarkFixture, maps: Maps, problem: str, of: str) -> None:
    assert benchmark.pedantic(maps.page.request.get, args=(problem + of,), rounds=7, warmup_rounds=1).ok


@pytest.mark.benchmark(group=f"{OF_A_PROBLEM}: its pack as a PDF")
def test_its_pack_as_a_pdf(benchmark: BenchmarkFixture, maps: Maps, problem: str) -> None:
    maps.page.goto(f"{problem}/pack.pdf")
    token = maps.page.locator("input[name=csrf_token]").first.get_attribute("value") or ""

    def take() -> bytes:
        answer = maps.page.request.post(
            f"{problem}/pack.pdf", form={"csrf_token": token, "purpose": "tasking", "purpose_words": ""}
        )
        return answer.body()

    assert benchmark.pedantic(take, rounds=7, warmup_rounds=1).startswith(b"%PDF")


@pytest.mark.benchmark(group=f"{OF_A_PROBLEM}: what its partners meet about")
def test_what_its_partners_meet_about(benchmark: BenchmarkFixture, maps: Maps, problem: str) -> None:
    assert problem
    assert benchmark.pedantic(maps.page.request.get, args=("/areas/camden/meeting",), rounds=7, warmup_rounds=1).ok
