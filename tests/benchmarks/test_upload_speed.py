"""How long each stage of real uploads and overlays takes, beside the plainest way to the same counts.

Runs on the real public data, on SQLite. Nothing here asserts a time; totals are asserted, since a fast wrong answer is
no answer.
"""

import gzip
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from hub import migrate
from hub.access import Permission, Role, Viewer
from hub.accounts import service as accounts
from hub.config import Settings
from hub.db import Database
from hub.hotspots import service as hotspots
from hub.places import loading
from hub.places import service as places
from hub.uploads import intake, service, views
from hub.words import parse_month

ADMINISTRATOR = "administrator@bench.example"
WARD_FILE = "mps-ward-level-202402-202601.csv"
POINTS_FOLDER = "police-uk/london-street-all-crime"

SAID = intake.Said(reasons={"sparse_boroughs": "What the police could not locate is listed with no borough."})

pytestmark = pytest.mark.benchmark(disable_gc=True)


@pytest.fixture(scope="module")
def london(real_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """A hub that knows London's places and an administrator, and holds no incidents yet."""
    folder = tmp_path_factory.mktemp("bench")
    settings = Settings(
        environment="test", secret_key="b" * 32, database_url=f"sqlite:///{folder / 'hub.sqlite'}", files=folder
    )
    migrate.upgrade(settings)
    database = Database(settings)
    with database.writing() as session:
        loading.load_places(session, [real_data], actor="machine:bench")
        accounts.create_person(
            session,
            ADMINISTRATOR,
            "Administrator",
            "a long enough passphrase",
            Role.ADMINISTRATOR,
            london=True,
            actor="machine:bench",
        )
    yield database
    database.engine.dispose()


@contextmanager
def stage(stages: Counter[str], name: str) -> Iterator[None]:
    """Add what a stage takes to its sum."""
    started = time.perf_counter()
    yield
    stages[name] += time.perf_counter() - started


def take_in(database: Database, path: Path, stages: Counter[str]) -> dict[str, Any]:
    """Upload, check and commit one file."""
    with database.session(writes=True) as session:
        viewer = accounts.viewer_by_email(session, ADMINISTRATOR)
        with stage(stages, "receive"), path.open("rb") as stream:
            upload_id = service.receive(viewer, stream, path.name).id
            session.commit()
        with stage(stages, "read and check"):
            intake.take_in(viewer, upload_id, SAID, lambda _words: None)
        with stage(stages, "commit"):
            assert intake.commit(viewer, upload_id, lambda _words: None) is None
        outcome = views.outcome(viewer, upload_id)
        session.commit()
    return outcome


@pytest.mark.benchmark(group="Met ward file, 24 months of London, from file to live")
def test_hub_takes_in_the_ward_file(benchmark: BenchmarkFixture, london: Database, real_data: Path) -> None:
    stages = Counter[str]()
    outcome = benchmark.pedantic(take_in, args=(london, real_data / WARD_FILE, stages), rounds=1)
    assert (outcome["rows"], outcome["total"], outcome["placed"]) == (18_695, 1_788_630, 1_788_630)
    benchmark.extra_info["stages"] = dict(stages)


@pytest.mark.benchmark(group="Met ward file, 24 months of London, from file to live")
def test_pandas_only_adds_up_the_ward_file(benchmark: BenchmarkFixture, real_data: Path) -> None:
    benchmark.extra_info["peer"] = "pandas: read and add up, nothing checked or kept"

    def add_up() -> int:
        frame = pd.read_csv(real_data / WARD_FILE)
        return int(frame.iloc[:, 5:].to_numpy().sum())

    assert benchmark.pedantic(add_up, rounds=1) == 1_788_630


@pytest.mark.benchmark(group="Street-level points, 8 months of London, from file to live")
def test_hub_takes_in_eight_months_of_points(benchmark: BenchmarkFixture, london: Database, real_data: Path) -> None:
    stages = Counter[str]()

    def take_in_all() -> tuple[int, int]:
        outcomes = [take_in(london, path, stages) for path in sorted((real_data / POINTS_FOLDER).glob("*.csv.gz"))]
        return sum(outcome["rows"] for outcome in outcomes), sum(outcome["placed"] for outcome in outcomes)

    rows, placed = benchmark.pedantic(take_in_all, rounds=1)
    assert rows == 503_510
    assert placed >= 0.999 * rows
    benchmark.extra_info["stages"] = dict(stages)


@pytest.mark.benchmark(group="Street-level points, 8 months of London, from file to live")
def test_geopandas_only_places_eight_months_of_points(benchmark: BenchmarkFixture, real_data: Path) -> None:
    benchmark.extra_info["peer"] = "geopandas: read and sjoin, nothing checked or kept"

    def place_all() -> int:
        wards = gpd.read_file(real_data / "wards-2018.gpkg")
        placed = 0
        for path in sorted((real_data / POINTS_FOLDER).glob("*.csv.gz")):
            with gzip.open(path, "rt", encoding="utf-8") as stream:
                rows = pd.read_csv(stream, usecols=["Longitude", "Latitude", "Month", "Crime type"])
            points = gpd.GeoDataFrame(rows, geometry=gpd.points_from_xy(rows["Longitude"], rows["Latitude"]), crs=4326)
            placed += points.to_crs(27700).sjoin(wards, predicate="within")["ward_code"].notna().sum()
        return int(placed)

    assert benchmark.pedantic(place_all, rounds=1) > 500_000


@pytest.mark.benchmark(group="Overlay of London's wards, burglary Gi*, 12 months")
def test_ward_overlay(benchmark: BenchmarkFixture, london: Database) -> None:
    stages = Counter[str]()

    def overlay(way: str) -> int:
        with london.session(writes=True) as session, stage(stages, way):
            viewer: Viewer = accounts.viewer_by_email(session, ADMINISTRATOR)
            found = hotspots.overlay(
                viewer,
                places.area(viewer, "london", Permission.OVERLAY_READ),
                units="wards",
                method="gi_star",
                category="Burglary",
                first_month=parse_month("2025-02"),
                last_month=parse_month("2026-01"),
            )
            hotspots.keep(viewer, found)
            session.commit()
            return len(found.table)

    assert benchmark.pedantic(overlay, args=("computed and kept",), rounds=1) == 679 + 25
    overlay("asked again")
    benchmark.extra_info["stages"] = dict(stages)
