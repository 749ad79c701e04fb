"""A desk at the small city, and one at real London."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from hub import audit
from hub.access import Role
from hub.accounts import service as accounts
from hub.config import Settings
from hub.db import Database
from hub.places import loading
from hub.places import service as places
from hub.uploads import confined
from tests.conftest import PASSWORD, PostgresCluster
from tests.uploads.desk import Desk, admit_here, check_here, look_here

LONDON_FILES = (
    "wards-2014.gpkg",
    "wards-2018.gpkg",
    "wards-2022.gpkg",
    "boroughs.gpkg",
    "bcu.csv",
    "ward-population.csv",
    "borough-population.csv",
)


@pytest.fixture
def desk(database: Database, people: dict[Role, str]) -> Desk:
    """The small city's desk; `people` have their addresses."""
    return Desk(database)


@pytest.fixture
def in_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Read files without a child process, which takes most of a second to start."""
    monkeypatch.setattr(confined, "admit", admit_here)
    monkeypatch.setattr(confined, "look", look_here)
    monkeypatch.setattr(confined, "check", check_here)


# --- Real London -----------------------------------------------------------------------------------------------------

ADMINISTRATOR = "administrator@london.example"


def officer_of(borough_code: str) -> str:
    """The e-mail address of the only officer of a borough."""
    return f"{borough_code.lower()}@london.example"


def _settle_london(settings: Settings, data: Path) -> None:
    database = Database(settings)
    with database.writing() as session:
        loading.load_places(session, [data / name for name in LONDON_FILES], actor=audit.MACHINE)
        hired = {officer_of(code): {"boroughs": [code]} for code in places.every_borough(session)}
        for email, held in hired.items():
            accounts.create_person(session, email, "Officer", PASSWORD, Role.CSP_OFFICER, actor=audit.MACHINE, **held)
        accounts.create_person(
            session, ADMINISTRATOR, "Administrator", PASSWORD, Role.ADMINISTRATOR, london=True, actor=audit.MACHINE
        )
    database.engine.dispose()


@pytest.fixture(scope="session")
def _london_on_sqlite(tmp_path_factory: pytest.TempPathFactory, real_data: Path, _sqlite_template: Path) -> Path:
    path = tmp_path_factory.mktemp("london") / "template.sqlite"
    shutil.copy(_sqlite_template, path)
    _settle_london(Settings(environment="test", secret_key="x" * 32, database_url=f"sqlite:///{path}"), real_data)
    return path


@pytest.fixture(scope="session")
def _london_on_postgresql(real_data: Path, postgres_cluster: PostgresCluster, _postgres_template: str) -> str:
    name = postgres_cluster.create(template=_postgres_template)
    url = postgres_cluster.url(name, "hub_web")
    _settle_london(Settings(environment="test", secret_key="x" * 32, database_url=url), real_data)
    return name


@pytest.fixture(params=["sqlite", "postgresql"])
def _london_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "sqlite":
        path = tmp_path / "london.sqlite"
        shutil.copy(request.getfixturevalue("_london_on_sqlite"), path)
        yield f"sqlite:///{path}"
        return
    cluster: PostgresCluster = request.getfixturevalue("postgres_cluster")
    name = cluster.create(template=request.getfixturevalue("_london_on_postgresql"))
    yield cluster.url(name, "hub_web")
    cluster.drop(name)


@pytest.fixture
def london(_london_url: str, tmp_path: Path) -> Iterator[Desk]:
    """A desk at real London, with an administrator and an officer for each borough."""
    files = tmp_path / "files"
    files.mkdir()
    settings = Settings(environment="test", secret_key="x" * 32, files=files, database_url=_london_url)
    database = Database(settings)
    yield Desk(database)
    database.engine.dispose()
