"""Fixtures that every test may use: real databases of both kinds, the app on them, people, and the real public data."""

from __future__ import annotations

import datetime as dt
import fcntl
import gc
import os
import pickle
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import hypothesis
import psycopg
import pytest
import shapely
from argon2 import PasswordHasher
from flask import Flask
from sqlalchemy import Dialect, Engine, select

from hub import audit, create_app, engine, migrate
from hub.access import Role
from hub.accounts import passwords
from hub.accounts import service as accounts
from hub.accounts.models import Person
from hub.config import Settings
from hub.db import Database
from hub.demo import service as demo
from hub.demo.generate import Written, write_city
from hub.places import loading
from hub.places import service as places
from hub.places.models import Bcu, Borough, BoroughPopulation, BoundarySet, City, Ward
from tests.client import StrictClient

if TYPE_CHECKING:
    from playwright.sync_api import Browser

hypothesis.settings.register_profile(
    "of the hub", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("of the hub")
"""How long an example takes says how busy the machine is, and nothing of what is tested."""

REQUIRE_ALL = os.environ.get("HUB_REQUIRE_ALL") == "1"
TEST_SECRET_KEY = "only-for-tests-" + "x" * 32
OF_TESTS: dict[str, Any] = {
    "environment": "test",
    "secret_key": TEST_SECRET_KEY,
    "second_factor": "offered",
    "outside_domains": ("example",),
}
"""Settings of every hub that a test makes: to sign in takes a password, unless somebody has more."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let `--long` ask for the full counts of tests that otherwise make do with a few."""
    parser.addoption("--long", action="store_true", help="the full counts: random histories, fuzzing, slow clients")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave the tests marked `long` to `--long`, and count them as left out."""
    if config.getoption("--long"):
        return
    left_out = [item for item in items if item.get_closest_marker("long")]
    items[:] = [item for item in items if not item.get_closest_marker("long")]
    config.hook.pytest_deselected(items=left_out)


def pytest_collection_finish(session: pytest.Session) -> None:
    """Leave what is loaded by now out of the collecting of garbage, which goes through it all, unless work is timed."""
    if not session.config.getoption("benchmark_only", default=False):
        gc.freeze()


@pytest.fixture(scope="session")
def is_long(request: pytest.FixtureRequest) -> bool:
    """Whether the full counts are asked for."""
    return bool(request.config.getoption("--long"))


def skip_aloud(missing: str) -> None:
    """Skip because something is not on this machine; where everything is required, fail instead."""
    if REQUIRE_ALL:
        pytest.fail(f"{missing} is required here (HUB_REQUIRE_ALL=1) and missing.")
    pytest.skip(f"{missing} is missing, so this was not tested.")


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real public London data beside the checkout."""
    folder = Path(__file__).resolve().parents[2] / "shared" / "data"
    if not (folder / "wards-2022.gpkg").is_file():
        skip_aloud(f"The real public data ({folder})")
    return folder


MadeOnce = Callable[[str], AbstractContextManager[Path]]
"""Gives a place, by a name, that all processes which test have in common, to one of them at a time."""


@pytest.fixture(scope="session")
def made_once(tmp_path_factory: pytest.TempPathFactory) -> MadeOnce:
    """Where one process makes what all of them read, and none changes."""
    own = tmp_path_factory.getbasetemp()
    common = own.parent if "PYTEST_XDIST_WORKER" in os.environ else own

    @contextmanager
    def place(name: str) -> Iterator[Path]:
        with (common / f"{name}.one-at-a-time").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield common / name

    return place


# --- Databases -------------------------------------------------------------------------------------------------------


NOTHING_TO_OUTLIVE = {"fsync": "off", "full_page_writes": "off", "wal_level": "minimal", "max_wal_senders": 0}
"""Of a PostgreSQL that nobody will start again."""
ROOM_IN_MEMORY_BYTES = 4_000_000_000


def _folder_in_memory() -> Path | None:
    """Where files are made and removed in a third of the time, if this machine has such a place and room in it."""
    memory = Path("/dev/shm")
    return memory if memory.is_dir() and shutil.disk_usage(memory).free > ROOM_IN_MEMORY_BYTES else None


class PostgresCluster:
    """A throw-away PostgreSQL on a loopback port, with an owner role and a web role."""

    def __init__(self, binaries: Path) -> None:
        # initdb refuses root, and the postgres user cannot look inside root's own temporary folders.
        self._user = "postgres" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name
        self._folder = Path(tempfile.mkdtemp(prefix="hub-postgres-", dir=_folder_in_memory()))
        shutil.chown(self._folder, user=self._user)
        self._binaries = binaries
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self._port = probe.getsockname()[1]
        self._run("initdb", "-D", "data", "-U", "postgres", "-A", "trust", "--no-sync", "-E", "UTF8")
        chosen = {**NOTHING_TO_OUTLIVE, "listen_addresses": "127.0.0.1", "unix_socket_directories": self._folder}
        options = " ".join(f"-c {name}={value}" for name, value in chosen.items())
        self._run("pg_ctl", "-D", "data", "-o", f"-p {self._port} {options}", "-l", "log", "-w", "start")
        self._connection = psycopg.connect(self.url("postgres", "postgres"), autocommit=True)
        self._sql("CREATE ROLE hub_owner LOGIN", "CREATE ROLE hub_web LOGIN")

    def create(self, *, template: str = "template1") -> str:
        """Create a database and return its name."""
        name = f"hub_{uuid4().hex}"
        # Before PostgreSQL 15 there was no other way.
        by_file = "STRATEGY FILE_COPY" if self._connection.info.server_version >= 150_000 else ""
        self._sql(
            f"CREATE DATABASE {name} OWNER hub_owner TEMPLATE {template} {by_file}",
            f"GRANT ALL ON DATABASE {name} TO hub_owner",
        )
        return name

    def drop(self, name: str) -> None:
        """Drop a database, whoever is still connected."""
        self._sql(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

    def url(self, name: str, role: str) -> str:
        """Where to connect."""
        return f"postgresql://{role}@127.0.0.1:{self._port}/{name}"

    def stop(self) -> None:
        """End the server and remove its folder."""
        self._connection.close()
        self._run("pg_ctl", "-D", "data", "-m", "immediate", "stop")
        shutil.rmtree(self._folder, ignore_errors=True)

    def _run(self, program: str, *arguments: str) -> None:
        subprocess.run(
            [self._binaries / program, *arguments],
            cwd=self._folder,
            user=self._user if os.geteuid() == 0 else None,
            check=True,
            stdout=subprocess.DEVNULL,
            env={**os.environ, "LC_ALL": "C.UTF-8"},
        )

    def _sql(self, *statements: str) -> None:
        for statement in statements:
            self._connection.execute(statement.encode())


def _compiling_once(create_engine: Callable[..., Engine]) -> Callable[..., Engine]:
    """Have all engines of a kind keep what statements compile to together, as the one engine of a hub that runs does.

    SQLAlchemy finds it by the statement and the dialect: those of one class count as one here.
    """
    kept: dict[str, Any] = {}

    @cache
    def alike(kind: type[Dialect]) -> type[Dialect]:
        same = {"__eq__": lambda one, other: type(one) is type(other), "__hash__": lambda one: hash(type(one))}
        return type(kind.__name__, (kind,), {**same, "supports_statement_cache": True})

    def create(*arguments: Any, **options: Any) -> Engine:
        engine = create_engine(*arguments, **options)
        engine.dialect.__class__ = alike(type(engine.dialect))
        engine._compiled_cache = kept.setdefault(engine.dialect.name, engine._compiled_cache)
        return engine

    return create


@pytest.fixture(scope="session", autouse=True)
def _statements_compiled_once() -> Iterator[None]:
    """Or else each test's database compiles every statement of its pages anew."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(engine, "create_engine", _compiling_once(engine.create_engine))
        yield


def postgres_binaries() -> Path | None:
    """Find the folder of PostgreSQL's server programs."""
    found = shutil.which("initdb")
    candidates = [Path(found).parent] if found else sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    return next((folder for folder in candidates if (folder / "initdb").exists()), None)


@pytest.fixture(scope="session")
def postgres_cluster() -> Iterator[PostgresCluster]:
    """One PostgreSQL for this test process."""
    binaries = postgres_binaries()
    if binaries is None:
        skip_aloud("A PostgreSQL server (on Debian: apt-get install postgresql)")
        raise AssertionError
    cluster = PostgresCluster(binaries)
    yield cluster
    cluster.stop()


Filled = Callable[[str, str], str]


@pytest.fixture(scope="session")
def _filled(made_once: MadeOnce, request: pytest.FixtureRequest) -> Filled:
    """Give the database to copy, by kind and by what is in it: each is migrated and filled once.

    A file of SQLite serves all processes that test; each has a PostgreSQL of its own.
    """

    def fill(settings: Settings, holding: str) -> None:
        if not holding:
            migrate.upgrade(settings)
            return
        database = Database(settings)
        if holding == "london_places":
            load_london(database, request.getfixturevalue("real_data"))
        else:
            FILLING[holding](database)
        database.engine.dispose()

    @cache
    def filled(kind: str, holding: str) -> str:
        before = filled(kind, HOLDINGS[holding]) if holding else None
        if kind == "postgresql":
            cluster: PostgresCluster = request.getfixturevalue("postgres_cluster")
            name = cluster.create(template=before or "template1")
            urls = (cluster.url(name, "hub_web"), cluster.url(name, "hub_owner"))
            fill(Settings(database_url=urls[0], owner_database_url=urls[1], **OF_TESTS), holding)
            return name
        with made_once(f"{holding or 'empty'}.sqlite") as path:
            if not path.exists():
                unfinished = path.with_suffix(".unfinished")
                if before:
                    shutil.copy(before, unfinished)
                fill(Settings(database_url=f"sqlite:///{unfinished}", **OF_TESTS), holding)
                unfinished.rename(path)
        return str(path)

    return filled


@pytest.fixture(scope="session")
def _postgres_template(_filled: Filled) -> str:
    return _filled("postgresql", "")


@pytest.fixture(scope="session")
def _sqlite_template(_filled: Filled) -> Path:
    return Path(_filled("sqlite", ""))


@pytest.fixture
def quick_folder() -> Iterator[Path]:
    """A folder for what a hub keeps: each commit waits until it is on the disk, which in memory takes no time."""
    folder = Path(tempfile.mkdtemp(prefix="hub-test-", dir=_folder_in_memory()))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def new_settings(quick_folder: Path, request: pytest.FixtureRequest) -> Iterator[Callable[..., Settings]]:
    """Make settings for a new database of a kind, migrated unless told otherwise."""
    made: list[tuple[PostgresCluster, str]] = []

    def make(kind: str, *, migrated: bool = True, holding: str = "") -> Settings:
        files = quick_folder / f"files-{uuid4().hex[:8]}"
        files.mkdir()
        common = {**OF_TESTS, "files": files}
        template = request.getfixturevalue("_filled")(kind, holding) if migrated else None
        if kind == "sqlite":
            path = quick_folder / f"{uuid4().hex[:8]}.sqlite"
            if template:
                shutil.copy(template, path)
            return Settings(database_url=f"sqlite:///{path}", **common)
        cluster: PostgresCluster = request.getfixturevalue("postgres_cluster")
        name = cluster.create(template=template or "template1")
        made.append((cluster, name))
        return Settings(
            database_url=cluster.url(name, "hub_web"), owner_database_url=cluster.url(name, "hub_owner"), **common
        )

    yield make
    for cluster, name in made:
        cluster.drop(name)


@pytest.fixture(params=["sqlite", "postgresql"])
def settings(request: pytest.FixtureRequest, new_settings: Callable[..., Settings]) -> Settings:
    """Settings of a hub on a new, migrated database: the test runs on SQLite and on PostgreSQL.

    What the fixtures that `HOLDINGS` names put into it is there already where the test asks for them.
    """
    return new_settings(request.param, holding=next((one for one in HOLDINGS if one in request.fixturenames), ""))


@pytest.fixture
def database(settings: Settings) -> Iterator[Database]:
    """The database of those settings, as the web role."""
    database = Database(settings)
    yield database
    database.engine.dispose()


# --- A small city, and one person for each role ----------------------------------------------------------------------

HOME, SIBLING, ELSEWHERE = "F09000001", "F09000002", "F09000003"
"""Three boroughs: the first two make up one BCU, the third is the other BCU's only one."""
PASSWORD = "tea ladder violin fog"
"""Of every person in `people`."""

HOLDINGS = {"people": "small_city", "small_city": "", "londoners": "london_places", "london_places": ""}
"""What a test's database may be a copy of, the fullest first, and what each adds to."""


def hold(name: str, before: str, fill: Callable[[Database], object]) -> None:
    """Fill a database once for all tests that ask for a fixture of that name, on a copy of what another holds."""
    fuller = {name: before, **HOLDINGS}
    HOLDINGS.clear()
    HOLDINGS.update(fuller)
    FILLING[name] = fill


EMAILS = {role: f"{role.value.replace('_', '.')}@test.example" for role in Role}
PLACES_OF_ROLES: dict[Role, dict[str, object]] = {
    Role.CSP_OFFICER: {"boroughs": [HOME]},
    Role.CSP_ANALYST: {"boroughs": [HOME]},
    Role.BOROUGH_POLICE_LEAD: {"boroughs": [HOME]},
    Role.LIAISON_OFFICER: {"boroughs": [HOME]},
    Role.BCU_COMMANDER: {"bcu": "north"},
    Role.COUNCIL_LEADER: {"boroughs": [HOME]},
    Role.ADMINISTRATOR: {"london": True},
}


@pytest.fixture(scope="session", autouse=True)
def _quick_passwords() -> Iterator[None]:
    """Hash with as little work as Argon2 allows: tests make many people, and a third of a second each adds up."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "_hasher", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
        yield


def build_small_city(database: Database) -> None:
    """Make two BCUs and three boroughs of two wards each, every ward a square kilometre, all in a row."""
    now = dt.datetime.now(dt.UTC)
    boroughs = {HOME: ("Alder", 0), SIBLING: ("Birch", 0), ELSEWHERE: ("Cedar", 1)}
    with database.writing() as session:
        session.add(City(id=1, name="Smallport", is_fictional=True, attribution="Made up for tests."))
        bcus = [Bcu(slug="north", name="North"), Bcu(slug="south", name="South")]
        edition = BoundarySet(
            code="2022", in_force_from=dt.date(2022, 5, 5), source="Made up", content_hash="0" * 64, loaded_at=now
        )
        session.add_all([*bcus, edition])
        session.flush()
        for number, (code, (name, bcu)) in enumerate(boroughs.items()):
            squares = [shapely.box(x, 0, x + 1000, 1000) for x in (2000 * number, 2000 * number + 1000)]
            session.add(Borough(code=code, name=name, bcu_id=bcus[bcu].id, outline=shapely.union_all(squares)))
            session.flush()
            session.add(BoroughPopulation(borough_code=code, source="Census", year=2021, residents=20_000))
            session.add_all(
                Ward(
                    boundary_set_id=edition.id,
                    code=f"F0500000{2 * number + side}",
                    name=f"{name} {'West' if side == 0 else 'East'}",
                    borough_code=code,
                    residents=10_000,
                    residents_source="Census",
                    residents_year=2021,
                    outline=square,
                )
                for side, square in enumerate(squares)
            )


def add_people(database: Database) -> dict[Role, str]:
    """Make one person for each role, held for `HOME`, for the BCU that it is in, or for London."""
    with database.writing() as session:
        for role, email in EMAILS.items():
            accounts.create_person(
                session, email, role.title, PASSWORD, role, actor=audit.MACHINE, **PLACES_OF_ROLES[role]
            )
    return dict(EMAILS)


@pytest.fixture
def small_city(database: Database) -> None:
    """A small city on the test's database."""
    if not _has_a_city(database):
        build_small_city(database)


@pytest.fixture
def people(database: Database, small_city: None) -> dict[Role, str]:
    """The e-mail address of one person for each role in the small city."""
    return dict(EMAILS) if _has_people(database) else add_people(database)


def _has_a_city(database: Database) -> bool:
    with database.reading() as session:
        return session.get(City, 1) is not None


def _has_people(database: Database) -> bool:
    with database.reading() as session:
        return session.scalar(select(Person.id).limit(1)) is not None


# --- Real London, and the fictional city -----------------------------------------------------------------------------

LONDON_FILES = (
    "wards-2014.gpkg",
    "wards-2018.gpkg",
    "wards-2022.gpkg",
    "boroughs.gpkg",
    "bcu.csv",
    "ward-population.csv",
    "borough-population.csv",
)
LONDONS_ADMINISTRATOR = "administrator@london.example"


def officer_of(borough_code: str) -> str:
    """The e-mail address of the only officer of a borough of London."""
    return f"{borough_code.lower()}@london.example"


def load_london(database: Database, data: Path) -> None:
    """Load London's wards, boroughs, BCUs and residents; its small areas take three times as long as all these."""
    with database.writing() as session:
        loading.load_places(session, [data / name for name in LONDON_FILES], actor=audit.MACHINE)


def add_londoners(database: Database) -> None:
    """Make an administrator of London, and an officer for each borough."""
    with database.writing() as session:
        for code in sorted(places.every_borough(session)):
            accounts.create_person(
                session,
                officer_of(code),
                "Officer",
                PASSWORD,
                Role.CSP_OFFICER,
                boroughs=[code],
                actor=audit.MACHINE,
            )
        role = Role.ADMINISTRATOR
        accounts.create_person(
            session, LONDONS_ADMINISTRATOR, role.title, PASSWORD, role, london=True, actor=audit.MACHINE
        )


FILLING: dict[str, Callable[[Database], object]] = {
    "small_city": build_small_city,
    "people": add_people,
    "londoners": add_londoners,
}


@pytest.fixture
def london_places(database: Database, real_data: Path) -> None:
    """Real London's places on the test's database, and no small areas."""
    if not _has_a_city(database):
        load_london(database, real_data)


@pytest.fixture
def londoners(database: Database, london_places: None) -> None:
    """An administrator of real London, and an officer for each borough."""
    if not _has_people(database):
        add_londoners(database)


@pytest.fixture(scope="session")
def fictional_city(made_once: MadeOnce) -> Written:
    """The files of the city that `hub demo` shows."""
    with made_once("fictional-city") as folder:
        said = folder.with_suffix(".pickle")
        if not said.exists():
            said.write_bytes(pickle.dumps(write_city(folder)))
    written: Written = pickle.loads(said.read_bytes())
    return written


@pytest.fixture(scope="session")
def prepare_demo(fictional_city: Written) -> Callable[..., demo.Demo]:
    """Make a demonstration of the fictional city as `hub demo` does, of the files that are written already."""

    def prepare(folder: Path, files: Sequence[str]) -> demo.Demo:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(demo, "write_city", lambda city: shutil.copytree(fictional_city.folder, city))
            return demo.prepare(data=None, say=print, folder=folder, files=files)

    return prepare


# --- The app ---------------------------------------------------------------------------------------------------------


def make_app(settings: Settings) -> Flask:
    """Make an app whose clients look at every page."""
    app = create_app(settings)
    app.test_client_class = StrictClient
    return app


@pytest.fixture(scope="session")
def _app_of_all(_sqlite_template: Path) -> Flask:
    return make_app(Settings(database_url=f"sqlite:///{_sqlite_template}", **OF_TESTS))


@pytest.fixture
def app(_app_of_all: Flask, settings: Settings, database: Database) -> Flask:
    """The web application on the test's database: one for all tests, as it takes longer to make than a page.

    A test that changes the app itself makes one of its own.
    """
    _app_of_all.extensions.update(hub_settings=settings, hub_database=database)
    return _app_of_all


@pytest.fixture
def client(app: Flask) -> StrictClient:
    """A browser that nobody has signed in with, which fails the test where a page is not as pages must be."""
    client = app.test_client()
    assert isinstance(client, StrictClient)
    return client


CHROMIUMS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
"""The leanest first: the others draw a window around each page, though nobody sees it."""


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """The machine's own Chromium, which asks nothing of the network by itself and draws without WebGL."""
    program = next(filter(None, map(shutil.which, CHROMIUMS)), None)
    if program is None:
        skip_aloud("A Chromium browser (on Debian: apt-get install chromium-headless-shell)")
    options = ["--disable-background-networking", "--disable-component-update", "--disable-3d-apis"]
    if os.geteuid() == 0:
        options.append("--no-sandbox")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=options)
        yield browser
        browser.close()
