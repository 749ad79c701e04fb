"""The `hub` command keeps its contract: run as officers' scripts run it, each time as a process of its own."""

from __future__ import annotations

import csv
import datetime as dt
import http.client
import io
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID, uuid4

import geopandas as gpd
import pandas as pd
import pyogrio
import pytest
from sqlalchemy import select, update

from geo import harm
from hub import cli
from hub.access import Role
from hub.accounts.models import Person
from hub.audit import MACHINE, AuditEntry
from hub.cli import running
from hub.config import read_settings, shipped
from hub.db import Database
from hub.demo.generate import Written
from hub.words import MARKING
from tests.conftest import LONDONS_ADMINISTRATOR, PASSWORD, TEST_SECRET_KEY, PostgresCluster, officer_of
from tests.measures.test_definitions import OURS

PROGRAM = Path(sys.executable).with_name("hub")
KINDS = ("sqlite", "postgresql")
LONGEST_RUN_SECONDS = 300

pytestmark = pytest.mark.xdist_group("cli")  # its hubs take longer to set up than most of its tests to run


# --- Running a command -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Ran:
    """What a command did."""

    command: tuple[str, ...]
    status: int
    out: str
    err: str

    def __post_init__(self) -> None:
        """Check what holds for every command: done or refused with a sentence, and never a traceback."""
        assert self.status in {0, 1}, self
        assert "Traceback" not in self.out + self.err, self
        assert "failed inside the hub" not in self.err, self
        if self.status == 1 and "check" not in self.command:
            assert self.err.startswith("Refused: "), self
        if "--json" in self.command:
            assert self.out.count("\n") == 1, self
            assert isinstance(json.loads(self.out), dict), self

    @property
    def json(self) -> dict[str, object]:
        """The one object on standard output."""
        found: dict[str, object] = json.loads(self.out)
        return found

    @property
    def done(self) -> Ran:
        """Itself, once it is certain that it was done."""
        assert self.status == 0, self
        return self

    @property
    def refused(self) -> str:
        """Why it was refused; what was not done leaves nothing on standard output but the same, for a script."""
        assert self.status == 1, self
        if "--json" in self.command:
            said = [
                f"Refused: {self.json['error']}",
                *([f"What to do: {self.json['remedy']}"] if self.json["remedy"] else []),
            ]
            assert self.err.splitlines() == "\n".join(said).splitlines(), self
        else:
            assert self.out == "", self
        return self.err


@dataclass(frozen=True)
class Hub:
    """One hub, as the environment of a script names it."""

    environment: Mapping[str, str]
    folder: Path
    """Where commands run: not a checkout."""

    def run(self, *words: object, stdin: str = "") -> Ran:
        """Run a command as a script would."""
        command = tuple(str(word) for word in words)
        ran = subprocess.run(
            [PROGRAM, *command],
            cwd=self.folder,
            env={"PATH": os.environ["PATH"], "HOME": str(self.folder), "LC_ALL": "C.UTF-8", **self.environment},
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
            timeout=LONGEST_RUN_SECONDS,
        )
        return Ran(command, ran.returncode, ran.stdout, ran.stderr)

    def call(self, *words: object, stdin: str = "") -> Ran:
        """Run a command in this process: the same code, without the second that a start takes."""
        command = tuple(str(word) for word in words)
        out, err = io.StringIO(), io.StringIO()
        with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
            for name in [name for name in os.environ if name.startswith("HUB_")]:
                patch.delenv(name)
            for name, value in self.environment.items():
                patch.setenv(name, value)
            patch.chdir(self.folder)
            patch.setattr(sys, "stdin", io.StringIO(stdin))
            status = cli.main(command)
        return Ran(command, status, out.getvalue(), err.getvalue())

    @contextmanager
    def database(self) -> Iterator[Database]:
        """Its database, for what no command does."""
        database = Database(read_settings(self.environment))
        yield database
        database.engine.dispose()

    def recorded(self, action: str) -> list[AuditEntry]:
        """The record of one kind of act."""
        with self.database() as database, database.reading() as session:
            found = session.scalars(select(AuditEntry).where(AuditEntry.action == action).order_by(AuditEntry.number))
            return list(found)


class Hubs:
    """Makes hubs, and copies of them."""

    def __init__(self, folder: Path, request: pytest.FixtureRequest) -> None:
        self._folder, self._request = folder, request

    @property
    def _cluster(self) -> PostgresCluster:
        cluster: PostgresCluster = self._request.getfixturevalue("postgres_cluster")
        return cluster

    def new(self, kind: str) -> Hub:
        """A hub on an empty database."""
        return self._hub(self._sqlite_url(uuid4().hex) if kind == "sqlite" else self._cluster.create())

    def holding(self, kind: str, what: str) -> Hub:
        """A hub on a database with something in it: one of `HOLDINGS`."""
        return self._on_copy(self._request.getfixturevalue("_filled")(kind, what))

    def copy(self, hub: Hub) -> Hub:
        """Another hub with the same in it."""
        url = hub.environment["HUB_DATABASE_URL"]
        made = self._on_copy(url.removeprefix("sqlite:///") if url.startswith("sqlite") else url.rpartition("/")[2])
        shutil.copytree(hub.environment["HUB_FILES"], made.environment["HUB_FILES"], dirs_exist_ok=True)
        return made

    def _on_copy(self, template: str) -> Hub:
        """A hub on a copy of a database: a file, or the name of one on PostgreSQL."""
        if not Path(template).is_file():
            return self._hub(self._cluster.create(template=template))
        copied = self._sqlite_url(uuid4().hex)
        shutil.copy(template, copied.removeprefix("sqlite:///"))
        return self._hub(copied)

    def _sqlite_url(self, name: str) -> str:
        return f"sqlite:///{self._folder / name}.sqlite"

    def _hub(self, database: str) -> Hub:
        folder = self._folder / uuid4().hex
        folder.mkdir()
        environment = {
            "HUB_ENVIRONMENT": "test",
            "HUB_SECRET_KEY": TEST_SECRET_KEY,
            "HUB_FILES": str(folder / "files"),
            "HUB_DATABASE_URL": database,
        }
        if not database.startswith("sqlite"):
            environment["HUB_DATABASE_URL"] = self._cluster.url(database, "hub_web")
            environment["HUB_OWNER_DATABASE_URL"] = self._cluster.url(database, "hub_owner")
        return Hub(environment, folder)


@pytest.fixture(scope="session")
def hubs(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Hubs:
    """Where hubs come from; a machine without PostgreSQL still makes those on SQLite."""
    return Hubs(tmp_path_factory.mktemp("hubs"), request)


# --- The fictional city ----------------------------------------------------------------------------------------------

OFFICER, NEIGHBOUR, ANALYST, LEAD, LIAISON, COMMANDER, LEADER, ADMINISTRATOR, DISABLED = (
    f"{name}@city.example"
    for name in (
        "officer",
        "neighbour",
        "analyst",
        "lead",
        "liaison",
        "commander",
        "leader",
        "administrator",
        "disabled",
    )
)
HOME, AWAY, NOWHERE = "F09000001", "F09000002", "F09000099"
BCU = "North Shore"

PEOPLE: dict[str, tuple[Role, tuple[str, ...]]] = {
    OFFICER: (Role.CSP_OFFICER, ("--borough", HOME)),
    NEIGHBOUR: (Role.CSP_OFFICER, ("--borough", AWAY)),
    ANALYST: (Role.CSP_ANALYST, ("--borough", HOME, "--borough", AWAY)),
    LEAD: (Role.BOROUGH_POLICE_LEAD, ("--borough", HOME)),
    LIAISON: (Role.LIAISON_OFFICER, ("--borough", HOME)),
    COMMANDER: (Role.BCU_COMMANDER, ("--bcu", BCU)),
    LEADER: (Role.COUNCIL_LEADER, ("--borough", HOME)),
    ADMINISTRATOR: (Role.ADMINISTRATOR, ("--london",)),
    DISABLED: (Role.CSP_OFFICER, ("--borough", HOME)),
}
LATEST, OLDER = "mps-ward-level-202411-202610.csv", "mps-ward-level-202311-202410-old-wards.csv"
POINTS = "police-uk/nevermouth-street/2026-10-nevermouth-street.csv"


@pytest.fixture(scope="session")
def city(fictional_city: Written) -> Path:
    """The fictional city's files."""
    return fictional_city.folder


@dataclass(frozen=True)
class SetUp:
    """A hub with the city's places and people, and how it was set up."""

    hub: Hub
    upgraded: Ran
    loaded: Ran
    created: dict[str, Ran]


@pytest.fixture(scope="session", params=KINDS)
def set_up(request: pytest.FixtureRequest, hubs: Hubs, city: Path) -> SetUp:
    """Set up a hub by its commands alone."""
    hub = hubs.new(request.param)
    upgraded = hub.run("db", "upgrade", "--json")
    loaded = hub.run("load-places", city, "--json")
    created = {
        email: hub.call(
            "create-user", email, "--role", role, *place, "--password-stdin", "--json", stdin=f"{PASSWORD}\n"
        )
        for email, (role, place) in PEOPLE.items()
    }
    with hub.database() as database, database.writing() as session:
        session.execute(update(Person).where(Person.email == DISABLED).values(is_active=False))
    return SetUp(hub, upgraded, loaded, created)


@pytest.fixture
def hub(set_up: SetUp, hubs: Hubs) -> Hub:
    """A hub of the city of this test's own, with places and people and no figures."""
    return hubs.copy(set_up.hub)


@pytest.fixture(scope="session")
def live(set_up: SetUp, hubs: Hubs, city: Path) -> Hub:
    """A hub of the city with figures, for tests that change none."""
    hub = hubs.copy(set_up.hub)
    for name in (LATEST, POINTS):
        hub.call("upload", city / name, "--as", ADMINISTRATOR, "--commit", "--json").done  # noqa: B018
    return hub


@pytest.fixture(scope="session")
def sent(city: Path) -> pd.DataFrame:
    """The city's ward file, with each row's borough by the ward's code."""
    rows = pd.read_csv(city / LATEST)
    wards = gpd.read_file(city / "wards-2025.gpkg").set_index("ward_code")
    return rows.assign(borough_code=rows["WardCode"].map(wards["borough_code"]))


ON_ONE_DATABASE = pytest.mark.parametrize("set_up", ["sqlite"], indirect=True)
"""For what is refused before a database matters, or written from what came out of it."""


def months_of(sent: pd.DataFrame) -> list[str]:
    return [name for name in sent.columns if name.isdecimal()]


def total_of(sent: pd.DataFrame, *borough_codes: str) -> int:
    """All offences of some boroughs; of all unless any is named."""
    rows = sent[sent["borough_code"].isin(borough_codes)] if borough_codes else sent
    return int(rows[months_of(sent)].to_numpy().sum())


# --- The machine's administrator -------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_the_schema_goes_up_and_down_and_is_checked(hubs: Hubs, kind: str) -> None:
    hub = hubs.new(kind)
    before = hub.call("db", "check", "--json")
    assert before.status == 1
    assert "run 'hub db upgrade'" in before.json["problems"][0]
    assert "Run 'hub db upgrade'" in hub.call("load-places", "x", "--json").refused
    upgraded = hub.call("db", "upgrade", "--json").done.json
    assert set(upgraded) == {"revision"}
    assert upgraded["revision"]
    assert hub.call("db", "upgrade", "--json").done.json == upgraded
    assert hub.call("db", "check", "--json").done.json["problems"] == []
    assert hub.call("db", "check").done.out == "The schema is as the hub expects.\n"
    assert hub.call("db", "downgrade", "--json").done.json == {"revision": ""}
    assert hub.call("db", "check").status == 1
    assert "sideways" in hub.call("db", "upgrade", "sideways", "--json").refused


def test_places_are_loaded_from_a_folder_and_loading_them_again_changes_nothing(
    set_up: SetUp, hub: Hub, city: Path
) -> None:
    loaded = set_up.loaded.done.json
    assert (loaded["city"], loaded["state"]) == ("Nevermouth", "loaded")
    again = hub.call("load-places", city, "--json").done.json
    assert again["state"] == "unchanged"
    assert {place["outcome"] for place in again["places"]} == {"unchanged"}
    by_file = hub.call("load-places", *sorted(city.glob("*.gpkg")), city / "bcu.csv", city / "CITY.json")
    assert "Nevermouth: nothing has changed." in by_file.done.out
    assert {each.actor.partition(":")[0] for each in hub.recorded("places.loaded")} <= {MACHINE}


def test_places_that_will_not_do_are_refused_whole(hub: Hub, city: Path, tmp_path: Path) -> None:
    assert "nowhere.gpkg" in hub.call("load-places", tmp_path / "nowhere.gpkg", "--json").refused
    wards = gpd.read_file(city / "wards-2025.gpkg")
    wards["borough_code"] = NOWHERE
    wards.to_file(tmp_path / "wards-2025.gpkg", layer="wards")
    assert NOWHERE in hub.call("load-places", tmp_path / "wards-2025.gpkg", "--json").refused
    assert hub.call("load-places", city, "--json").done.json["state"] == "unchanged"


def test_a_person_of_each_role_is_made_and_the_machine_is_on_the_record(set_up: SetUp) -> None:
    assert {role for role, _ in PEOPLE.values()} == set(Role)
    for email, (role, _) in PEOPLE.items():
        made = set_up.created[email].done.json
        assert (made["email"], made["role"]) == (email, role.value)
        UUID(str(made["id"]))
        assert PASSWORD not in set_up.created[email].out + set_up.created[email].err
    recorded = set_up.hub.recorded("person.created")
    assert [each.subject for each in recorded] == [set_up.created[email].json["id"] for email in PEOPLE]
    assert {each.actor.partition(":")[0] for each in recorded} == {MACHINE}
    assert PASSWORD not in str([each.details for each in recorded])


@ON_ONE_DATABASE
@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("new@city.example", "--role", "csp_officer", "--borough", NOWHERE), f"no borough with the code {NOWHERE}"),
        ((OFFICER, "--role", "csp_officer", "--borough", HOME), "There is an account for officer@city.example already"),
        ((OFFICER.upper(), "--role", "csp_officer", "--borough", HOME), "There is an account for"),
        (("new@city.example", "--role", "bcu_commander"), "BCU commander is held for a BCU"),
        (("new@city.example", "--role", "bcu_commander", "--bcu", "Nowhere"), "no BCU called 'Nowhere'"),
        (("new@city.example", "--role", "csp_officer"), "no place was given"),
        (("new@city.example", "--role", "csp_officer", "--london"), "CSP officer is held for one or more boroughs"),
        (
            ("new@city.example", "--role", "administrator", "--london", "--borough", HOME),
            "one or more boroughs and London",
        ),
        (("new", "--role", "csp_officer", "--borough", HOME), "'new' is not an e-mail address"),
        (("new@city.example", "--role", "emperor", "--london"), "invalid choice: 'emperor'"),
        (("new@city.example", "--borough", HOME), "required: --role"),
    ],
)
def test_a_person_who_will_not_do_is_refused(set_up: SetUp, words: Sequence[str], said: str) -> None:
    made = set_up.hub.call("create-user", *words, "--password-stdin", "--json", stdin=f"{PASSWORD}\n")
    assert said in made.refused
    with set_up.hub.database() as database, database.reading() as session:
        assert len(session.scalars(select(Person.id)).all()) == len(PEOPLE)


@ON_ONE_DATABASE
@pytest.mark.parametrize("password", ["", "short", "password1234", "Ashmarrow Castlehythe"])
def test_a_weak_password_is_refused_and_not_repeated(set_up: SetUp, password: str) -> None:
    made = set_up.hub.call(
        "create-user",
        "new@city.example",
        "--role",
        "csp_officer",
        "--borough",
        HOME,
        "--password-stdin",
        "--json",
        stdin=f"{password}\n",
    )
    assert "assword" in made.refused
    assert not password or f"'{password}'" not in made.refused


# --- Uploads ---------------------------------------------------------------------------------------------------------

OUTCOME = {"state", "version", "dataset", "boundary_set", "rows", "placed", "unplaced", "refused", "total", "problems"}
PROBLEM = {"row", "column", "code", "severity", "message"}


def outcome_of(ran: Ran) -> dict[str, object]:
    """An upload's outcome, whose counts add up whatever became of it."""
    outcome = ran.json
    assert set(outcome) >= OUTCOME
    assert outcome["placed"] + outcome["unplaced"] + outcome["refused"] == outcome["total"]
    assert all(set(problem) >= PROBLEM for problem in outcome["problems"])
    return outcome


def live_total(hub: Hub, email: str, borough_code: str, tmp_path: Path) -> int | None:
    """What is live in a borough over the latest two years of the city; None where nothing is."""
    path = tmp_path / f"{uuid4().hex}.json"
    ran = hub.call("summary", "--as", email, "--borough", borough_code, "--to", "2026-10", "--output", path, "--json")
    if ran.status:
        assert "No figures have been uploaded" in ran.refused
        return None
    return sum(month["count"] for month in ran.json["months"])


def test_a_file_is_only_checked_until_it_is_to_be_committed(
    hub: Hub, city: Path, sent: pd.DataFrame, tmp_path: Path
) -> None:
    checked = outcome_of(hub.run("upload", city / LATEST, "--as", ADMINISTRATOR, "--json").done)
    assert (checked["state"], checked["version"]) == ("checked", None)
    assert (checked["dataset"], checked["boundary_set"], checked["rows"]) == ("met_ward_counts", "2025", len(sent))
    assert (checked["placed"], checked["unplaced"], checked["refused"]) == (total_of(sent), 0, 0)
    assert live_total(hub, OFFICER, HOME, tmp_path) is None

    committed = outcome_of(hub.call("upload", city / LATEST, "--as", ADMINISTRATOR, "--commit", "--json").done)
    assert (committed["state"], committed["total"]) == ("committed", total_of(sent))
    UUID(str(committed["version"]))
    for email, code in ((OFFICER, HOME), (NEIGHBOUR, AWAY)):
        assert live_total(hub, email, code, tmp_path) == total_of(sent, code)

    again = outcome_of(hub.call("upload", city / LATEST, "--as", ADMINISTRATOR, "--commit", "--json").done)
    assert (again["state"], again["version"]) == ("committed", committed["version"]), "the same file is live once"
    assert [problem["code"] for problem in again["problems"]].count("already_loaded") == 1
    assert len(hub.recorded("upload.committed")) == 1


def test_an_officer_uploads_of_a_file_for_all_just_their_own_part(
    hub: Hub, city: Path, sent: pd.DataFrame, tmp_path: Path
) -> None:
    outcome = outcome_of(hub.run("upload", city / LATEST, "--as", OFFICER, "--commit", "--json").done)
    assert (outcome["state"], outcome["boroughs"]) == ("committed", [HOME])
    assert (outcome["rows"], outcome["total"]) == (len(sent), total_of(sent))
    assert outcome["placed"] == total_of(sent, HOME)
    assert outcome["refused"] == total_of(sent) - total_of(sent, HOME)
    assert [problem["code"] for problem in outcome["problems"]].count("outside_your_boroughs") == 1
    assert live_total(hub, OFFICER, HOME, tmp_path) == total_of(sent, HOME)
    assert live_total(hub, NEIGHBOUR, AWAY, tmp_path) is None


def test_an_older_file_lands_on_the_wards_of_its_time(hub: Hub, city: Path) -> None:
    outcome = outcome_of(hub.call("upload", city / OLDER, "--as", ADMINISTRATOR, "--json").done)
    rows = pd.read_csv(city / OLDER)
    assert (outcome["boundary_set"], outcome["rows"], outcome["unplaced"]) == ("2016", len(rows), 0)
    assert outcome["placed"] == int(rows[months_of(rows)].to_numpy().sum())


def test_points_are_placed_by_where_they_lie(hub: Hub, city: Path) -> None:
    points = pd.read_csv(city / POINTS)
    outcome = outcome_of(hub.call("upload", city / POINTS, "--as", ADMINISTRATOR, "--commit", "--json").done)
    assert (outcome["state"], outcome["dataset"]) == ("committed", "street_points")
    assert outcome["rows"] == outcome["total"] == len(points)
    assert outcome["placed"] > 0.99 * points["Longitude"].notna().sum()
    nowhere = points["Longitude"].isna().sum()
    assert outcome["refused"] == nowhere > 0, "what has no place is of no borough that could be told"
    assert {problem["code"] for problem in outcome["problems"]} >= {"no_location"}


def test_a_plain_table_is_read_as_it_is_said_to_be(hub: Hub, tmp_path: Path, sent: pd.DataFrame) -> None:
    wards = sent.loc[sent["borough_code"] == HOME, "WardCode"].unique()[:2]
    lines = [
        "Area,When,What,How many",
        *(f"{ward},2026-0{n},Theft,{n}" for ward in wards for n in (1, 2)),
        ",2026-01,Theft,40",
    ]
    path = tmp_path / "thefts – Ashmarrow.csv"
    path.write_text("\n".join(lines), "utf-8")
    unknown = hub.call("upload", path, "--as", OFFICER, "--json").refused
    assert "Area, When, What, How many" in unknown
    assert "met_ward_counts, street_points, ward_counts" in unknown
    named = [f"--map={pair}" for pair in ("Area=ward_code", "When=month", "What=offence_group", "How many=count")]
    outcome = outcome_of(
        hub.call("upload", path, "--as", OFFICER, "--dataset", "ward_counts", *named, "--commit", "--json").done
    )
    assert (outcome["dataset"], outcome["rows"]) == ("ward_counts", 5)
    assert (outcome["placed"], outcome["unplaced"], outcome["refused"], outcome["total"]) == (6, 40, 0, 46)
    assert (outcome["state"], outcome["file"]) == ("committed", path.name)


def test_a_file_with_faults_is_told_by_row_and_column_and_not_committed(
    hub: Hub, city: Path, sent: pd.DataFrame, tmp_path: Path
) -> None:
    own = pd.read_csv(city / LATEST)
    own = (
        own[own["WardCode"].isin(sent.loc[sent["borough_code"] == HOME, "WardCode"])]
        .astype(object)
        .reset_index(drop=True)
    )
    own.loc[1, "WardCode"] = "E05999999"
    own.loc[3, "202501"] = "many"
    path = tmp_path / "faulty.csv"
    own.to_csv(path, index=False)
    checked = outcome_of(hub.call("upload", path, "--as", OFFICER, "--json").done)
    located = {(problem["code"], problem["column"], problem["row"]) for problem in checked["problems"]}
    assert {("unknown_ward_code", "WardCode", 3), ("not_a_count", "202501", 5)} <= located, (
        "as a spreadsheet counts rows"
    )
    refused = hub.call("upload", path, "--as", OFFICER, "--commit", "--json")
    assert refused.status == 1
    assert "must be fixed" in refused.err
    outcome = outcome_of(refused)
    assert (outcome["state"], outcome["version"]) == ("checked", None)
    assert outcome["problems"] == checked["problems"]
    assert live_total(hub, OFFICER, HOME, tmp_path) is None


def a_messy_file(sent: pd.DataFrame, tmp_path: Path) -> Path:
    """Counts of a ward: two that are certain, one that the hub can read, one that it cannot; dates of two meanings."""
    ward = sent.loc[sent["borough_code"] == HOME, "WardCode"].iloc[0]
    rows = ((1, "4"), (2, "5"), (3, '"1,234"'), (4, "many"))
    lines = [f"{ward},0{month}/01/2026,Theft,{count}" for month, count in rows]
    path = tmp_path / "messy.csv"
    path.write_text("\n".join(["WardCode,Month,Category,Count", *lines]) + "\n", "utf-8")
    return path


def test_what_a_check_asks_may_be_said_beforehand(hub: Hub, tmp_path: Path, sent: pd.DataFrame) -> None:
    path = a_messy_file(sent, tmp_path)
    upload = ("upload", path, "--as", OFFICER, "--dataset", "ward_counts", "--json")
    asked = hub.call(*upload).done.json
    assert [question["code"] for question in asked["questions"]] == ["ambiguous_dates"]
    assert [value for value, _ in asked["questions"][0]["choices"]] == ["day_first", "month_first"]
    answered = (*upload, "--answer", "ambiguous_dates=month_first", "--fix", "thousands_separator")
    refused = hub.call(*answered, "--commit")
    assert refused.status == 1
    assert "not_a_count" in {problem["code"] for problem in refused.json["problems"]}
    outcome = outcome_of(hub.call(*answered, "--hold", "--commit").done)
    assert (outcome["state"], outcome["placed"], outcome["months"]) == (
        "committed",
        1_243,
        ["2026-01", "2026-02", "2026-03"],
    )


@ON_ONE_DATABASE
def test_only_an_administrator_raises_the_limits(set_up: SetUp, city: Path, sent: pd.DataFrame, tmp_path: Path) -> None:
    small = Hub({**set_up.hub.environment, "HUB_MAX_UPLOAD_ROWS": "100"}, set_up.hub.folder)
    upload = ("upload", city / LATEST, "--json", "--as")
    assert "100 rows" in small.call(*upload, ADMINISTRATOR).refused
    for option in ("--max-rows", "--max-megabytes"):
        assert "Only an administrator" in small.call(*upload, OFFICER, option, "1000000").refused
        assert "is no number from 1" in small.call(*upload, ADMINISTRATOR, option, "many").refused
    assert outcome_of(small.call(*upload, ADMINISTRATOR, "--max-rows", "1000000").done)["rows"] == len(sent)
    assert "100 rows" in small.call(*upload, ADMINISTRATOR).refused, "for that file only"


def test_a_kind_is_added_from_a_file_and_used(hub: Hub, tmp_path: Path, sent: pd.DataFrame) -> None:
    shipped_kind = (shipped("uploads") / "catalogue" / "ward_counts.toml").read_text("utf-8")
    path = tmp_path / "noise.toml"
    path.write_text(shipped_kind, "utf-8")
    assert "ships with" in hub.call("load-kinds", path, "--json").refused
    path.write_text(
        shipped_kind.replace('key = "ward_counts"', 'key = "noise"', 1).replace("Other counts", "Noise complaints"),
        "utf-8",
    )
    added = {"key": "noise", "title": "Noise complaints"}
    assert hub.call("load-kinds", path, "--json").done.json == {"kinds": [{**added, "outcome": "kept"}]}
    assert hub.call("load-kinds", path, "--json").done.json == {"kinds": [{**added, "outcome": "unchanged"}]}
    assert [entry.subject for entry in hub.recorded("kind.added")] == ["noise"]
    ward = sent.loc[sent["borough_code"] == HOME, "WardCode"].iloc[0]
    complaints = tmp_path / "noise.csv"
    complaints.write_text(f"WardCode,Month,Category,Count\n{ward},2026-01,Music,7\n", "utf-8")
    upload = ("upload", complaints, "--as", OFFICER, "--dataset", "noise", "--commit", "--json")
    outcome = outcome_of(hub.call(*upload).done)
    assert (outcome["dataset"], outcome["state"], outcome["placed"]) == ("noise", "committed", 7)
    path.write_text("key = ", "utf-8")
    assert "no TOML" in hub.call("load-kinds", path, "--json").refused
    assert "cannot be read" in hub.call("load-kinds", tmp_path / "nowhere.toml", "--json").refused


def test_weights_of_harm_are_loaded_once_by_who_administers_the_city(hub: Hub, tmp_path: Path) -> None:
    with_the_hub = (Path(harm.__file__).parent / "weights" / "cambridge-medians-2026.toml").read_text("utf-8")
    path = tmp_path / "weights.toml"
    path.write_text(with_the_hub, "utf-8")
    asked = ("load-harm-weights", path, "--json", "--as")
    assert hub.call(*asked, ADMINISTRATOR).done.json["outcome"] == "unchanged"
    path.write_text(with_the_hub.replace('version = "2026.1"', 'version = "2026, ours"'), "utf-8")
    assert "one list for every borough" in hub.call(*asked, OFFICER).refused
    said = hub.call(*asked, ADMINISTRATOR).done.json
    assert (said["version"], said["outcome"]) == ("2026, ours", "kept")
    assert said["weights"] > 30
    path.write_text("weights of my own", "utf-8")
    assert "not written as TOML" in hub.call(*asked, ADMINISTRATOR).refused
    assert len(hub.recorded("weights.loaded")) == 1


def test_measures_are_loaded_once_by_who_administers_the_city(hub: Hub, tmp_path: Path) -> None:
    path = tmp_path / "measures.toml"
    path.write_text(OURS, "utf-8")
    asked = ("load-measures", path, "--json", "--as")
    assert "one list for every borough" in hub.call(*asked, OFFICER).refused
    assert hub.call(*asked, ADMINISTRATOR).done.json == {"plans": [], "measures": ["shoplifting"], "outcome": "kept"}
    assert hub.call(*asked, ADMINISTRATOR).done.json["outcome"] == "unchanged"
    path.write_text("[[targets]]", "utf-8")
    assert "says 'targets'" in hub.call(*asked, ADMINISTRATOR).refused
    assert len(hub.recorded("measures.loaded")) == 1


@ON_ONE_DATABASE
def test_a_folder_is_watched_until_told_to_stop(hub: Hub, tmp_path: Path, sent: pd.DataFrame) -> None:
    folder = tmp_path / "watched"
    words = ("watch", str(folder), "--as", OFFICER, "--dataset", "ward_counts", "--commit")
    assert "There is no folder" in hub.call(*words).refused
    folder.mkdir()
    watching = subprocess.Popen(
        [PROGRAM, *words],
        cwd=hub.folder,
        env={"PATH": os.environ["PATH"], "HOME": str(hub.folder), **hub.environment},
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert watching.stdout is not None
        assert watching.stdout.readline() == f"Watching {folder}.\n"
        ward = sent.loc[sent["borough_code"] == HOME, "WardCode"].iloc[0]
        (folder / "january.csv").write_text(f"WardCode,Month,Category,Count\n{ward},2026-01,Theft,7\n", "utf-8")
        assert watching.stdout.readline() == "january.csv: taking it in\n"
        assert watching.stdout.readline() == "january.csv: done, see done/january.csv.json\n"
    finally:
        watching.send_signal(signal.SIGTERM)
    assert watching.wait(timeout=LONGEST_RUN_SECONDS) == 0
    assert json.loads((folder / "done" / "january.csv.json").read_text("utf-8"))["state"] == "committed"
    assert (folder / "done" / "january.csv").is_file()


def test_a_person_is_told_in_words(hub: Hub, city: Path, sent: pd.DataFrame) -> None:
    said = hub.call("upload", city / LATEST, "--as", OFFICER, "--commit").done.out
    assert f"{LATEST}: committed" in said
    for label, count in (("placed", total_of(sent, HOME)), ("total", total_of(sent))):
        assert any(line.split() == [label, f"{count:,}"] for line in said.splitlines()), label


@ON_ONE_DATABASE
@pytest.mark.parametrize("email", [COMMANDER, LEADER, ANALYST, LEAD])
def test_only_officers_and_administrators_upload(set_up: SetUp, city: Path, email: str) -> None:
    assert "Your role does not let you" in set_up.hub.call("upload", city / LATEST, "--as", email, "--json").refused


@ON_ONE_DATABASE
@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("nowhere.csv", "--as", OFFICER), "'nowhere.csv' cannot be read: No such file or directory."),
        ((".", "--as", OFFICER), "'.' cannot be read: Is a directory."),
        (("{file}", "--as", OFFICER, "--dataset", "rumours"), "There is no dataset kind 'rumours'."),
        (("{file}", "--as", OFFICER, "--map", "WardCode"), "--map WardCode has no '='."),
        (("{file}", "--as", OFFICER, "--map", "Ward=ward_code"), "The file has no column 'Ward'."),
        (("{file}", "--as", OFFICER, "--map", "WardCode=postcode"), "'postcode' is no field of"),
        (("{file}",), "required: --as"),
        (("{file}", "--as", OFFICER, "--com"), "unrecognized arguments: --com"),
    ],
)
def test_an_upload_that_cannot_be_understood_is_refused(
    set_up: SetUp, city: Path, words: Sequence[str], said: str
) -> None:
    given = [str(city / LATEST) if word == "{file}" else word for word in words]
    assert said.casefold() in set_up.hub.call("upload", *given, "--json").refused.casefold()


@ON_ONE_DATABASE
@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("nothing.csv", b"", "The file is empty."),
        ("picture.csv", b"\x89PNG\r\n\x1a\n", "it is a picture"),
        ("paper.pdf", b"%PDF-1.7", ".csv"),
    ],
)
def test_a_file_that_is_no_table_is_refused(
    set_up: SetUp, tmp_path: Path, name: str, content: bytes, said: str
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    assert said in set_up.hub.call("upload", path, "--as", OFFICER, "--json").refused


# --- Who asks --------------------------------------------------------------------------------------------------------


def commands(email: str, area: str, file: Path, tmp_path: Path) -> dict[str, tuple[object, ...]]:
    """One of each command that reads or writes incident data."""
    period = ("--from", "2026-01", "--to", "2026-10")
    return {
        "upload": ("upload", file, "--as", email, "--json"),
        "hotspots": (
            *("hotspots", "--as", email, "--area", area, "--units", "wards", "--method", "rate"),
            *(*period, "--output", tmp_path / "overlay.csv", "--json"),
        ),
        "summary": (
            "summary",
            "--as",
            email,
            "--borough",
            area,
            "--to",
            "2026-10",
            "--output",
            tmp_path / "s.json",
            "--json",
        ),
    }


@ON_ONE_DATABASE
@pytest.mark.parametrize(
    ("email", "said"),
    [
        ("nobody@city.example", "Nobody in this hub has the e-mail address 'nobody@city.example'."),
        (DISABLED, f"The account of {DISABLED} is switched off."),
    ],
)
@pytest.mark.parametrize("name", ["upload", "hotspots", "summary"])
def test_nobody_without_an_account_is_let_in(
    live: Hub, city: Path, tmp_path: Path, name: str, email: str, said: str
) -> None:
    assert said in live.call(*commands(email, HOME, city / LATEST, tmp_path)[name]).refused
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["hotspots", "summary"])
def test_what_is_not_theirs_is_as_what_is_not_there(live: Hub, city: Path, tmp_path: Path, name: str) -> None:
    said = {
        live.call(*commands(email, area, city / LATEST, tmp_path)[name]).refused
        for email, areas in ((OFFICER, (AWAY, NOWHERE, "South Shore")), (COMMANDER, (AWAY, "south-shore", "london")))
        for area in areas
    }
    assert len(said) == 1
    assert "does not exist, or is not yours to see" in said.pop()
    assert list(tmp_path.iterdir()) == []
    for email, area in ((OFFICER, HOME), (COMMANDER, HOME)):
        live.call(*commands(email, area, city / LATEST, tmp_path)[name]).done  # noqa: B018


def test_a_leader_takes_no_overlay(live: Hub, city: Path, tmp_path: Path) -> None:
    assert (
        "Your role does not let you" in live.call(*commands(LEADER, HOME, city / LATEST, tmp_path)["hotspots"]).refused
    )


# --- Hotspots --------------------------------------------------------------------------------------------------------

WARD_FIGURES = {"ward_code", "count", "population", "rate_per_1000"}
TESTED = {"z", "p", "q", "class"}
WAYS = {
    ("wards", "rate"): WARD_FIGURES,
    ("wards", "gi_star"): WARD_FIGURES | TESTED,
    ("cells", "gi_star"): {"cell", "count"} | TESTED,
    ("cells", "density"): {"cell", "count", "density", "class"},
    ("wards", "change"): {"ward_code", "count", "count_before", "difference", "ratio", "p", "q", "class"},
    ("wards", "emerging"): {"ward_code", "count", "latest_count", "hot_months", "z", "p", "q", "class"},
    ("wards", "harm"): {"ward_code", "count", "harm", "harm_per_1000", "harm_capped", "largest_share"} | TESTED,
    ("cells", "harm"): {"cell", "count", "harm", "harm_capped", "largest_share"} | TESTED,
}
MONTH = ("--from", "2026-10", "--to", "2026-10")


def hotspots(
    units: str, method: str, output: Path, *more: str, email: str = COMMANDER, area: str = BCU
) -> tuple[object, ...]:
    asked = ("hotspots", "--as", email, "--area", area, "--units", units, "--method", method)
    return (*asked, *(more or MONTH), "--output", output, "--json")


def bcu_boroughs(city: Path) -> list[str]:
    bcus = pd.read_csv(city / "bcu.csv")
    return bcus.loc[bcus["bcu_name"] == BCU, "borough_code"].tolist()


@pytest.mark.parametrize(("units", "method"), WAYS)
def test_an_overlay_has_a_feature_for_each_unit(
    live: Hub, city: Path, sent: pd.DataFrame, tmp_path: Path, units: str, method: str
) -> None:
    path = tmp_path / "overlay.geojson"
    said = live.call(*hotspots(units, method, path)).done.json
    collection = json.loads(path.read_text("utf-8"))
    features = [feature["properties"] for feature in collection["features"]]
    assert said["features"] == len(features) > 20
    assert all(set(feature) >= WAYS[units, method] for feature in features)
    assert {feature["geometry"]["type"] for feature in collection["features"]} <= {"Polygon", "MultiPolygon"}
    assert said["sentence"] == collection["provenance"]["sentence"]
    assert collection["provenance"]["marking"] == MARKING
    assert sum(feature["count"] for feature in features) + said["unplaced"] == said["total"]
    if units == "wards":
        own = sent[sent["borough_code"].isin(bcu_boroughs(city))]
        counted = own.groupby("WardCode")[[month.replace("-", "") for month in said["months"]]].sum().sum(axis=1)
        assert {feature["ward_code"]: feature["count"] for feature in features} == counted.to_dict()
        for feature in features:
            assert feature["rate_per_1000"] == pytest.approx(1000 * feature["count"] / feature["population"])
    else:
        names = [feature["cell"] for feature in features]
        assert len(set(names)) == len(names)


@ON_ONE_DATABASE
def test_an_overlay_is_the_same_in_every_form(live: Hub, tmp_path: Path) -> None:
    paths = {form: tmp_path / f"overlay.{form}" for form in ("geojson", "gpkg", "csv")}
    for form, path in paths.items():
        command = hotspots("wards", "gi_star", path, *MONTH, "--category", "theft")
        said = (live.run if form == "csv" else live.call)(*command).done.json
        assert (said["output"], said["category"]) == (str(path), "Theft")
    frame = pyogrio.read_dataframe(paths["gpkg"], layer="wards").set_index("ward_code")
    assert frame.crs == "EPSG:27700"
    told = json.loads(paths["geojson"].read_text("utf-8"))["features"]
    in_json = pd.DataFrame([feature["properties"] for feature in told]).set_index("ward_code")
    in_csv = pd.read_csv(paths["csv"]).set_index("ward_code")
    for column in ("count", "population", "rate_per_1000", "z", "p", "q"):
        for other in (in_json, in_csv):
            pd.testing.assert_series_equal(frame[column], other[column], check_dtype=False)
    assert frame["class"].tolist() == in_json["class"].tolist() == in_csv["class"].tolist()
    with paths["csv"].open(newline="", encoding="utf-8") as stream:
        assert {row["marking"] for row in csv.DictReader(stream)} == {MARKING}


def test_areas_go_by_code_by_name_and_by_london(live: Hub, sent: pd.DataFrame, tmp_path: Path) -> None:
    for email, area, expected in (
        (OFFICER, HOME, total_of(sent, HOME)),
        (COMMANDER, BCU.upper(), None),
        (ADMINISTRATOR, "london", total_of(sent)),
    ):
        period = ("--from", "2024-11", "--to", "2026-10", "--dataset", "met_ward_counts")
        said = live.call(*hotspots("wards", "rate", tmp_path / "o.csv", *period, email=email, area=area)).done.json
        assert expected in {None, said["total"]}


@ON_ONE_DATABASE
def test_cells_are_as_large_as_asked_for(live: Hub, tmp_path: Path) -> None:
    path = tmp_path / "overlay.gpkg"
    said = live.call(*hotspots("cells", "gi_star", path, *MONTH, "--cell-metres", "500")).done.json
    assert said["cell_metres"] == 500
    assert pyogrio.read_dataframe(path, layer="cells").geometry.area.max() == pytest.approx(500 * 500)


@ON_ONE_DATABASE
@pytest.mark.parametrize(
    ("units", "method", "more", "output", "said"),
    [
        ("wards", "density", MONTH, "o.csv", "Density is not worked out for wards"),
        ("cells", "rate", MONTH, "o.csv", "rate"),
        ("wards", "rate", ("--from", "2026-13", "--to", "2026-10"), "o.csv", "--from is '2026-13'."),
        ("wards", "rate", ("--from", "2026-10", "--to", "October"), "o.csv", "--to is 'October'."),
        ("wards", "rate", ("--from", "2026-10", "--to", "2026-09"), "o.csv", "October 2026"),
        ("wards", "rate", ("--from", "2019-01", "--to", "2019-12"), "o.csv", "There are no figures for North Shore"),
        ("wards", "rate", (*MONTH, "--category", "Sorcery"), "o.csv", "no category 'Sorcery'"),
        ("wards", "rate", (*MONTH, "--dataset", "rumours"), "o.csv", "'rumours'"),
        ("cells", "change", MONTH, "o.csv", "nothing before October 2026 to compare it with"),
        ("cells", "emerging", MONTH, "o.csv", "need 10 months in a row"),
        ("cells", "gi_star", (*MONTH, "--cell-metres", "7"), "o.csv", "7"),
        ("cells", "gi_star", (*MONTH, "--cell-metres", "small"), "o.csv", "invalid int value: 'small'"),
        ("cells", "gi_star", (*MONTH, "--dataset", "met_ward_counts"), "o.csv", "no points"),
        ("wards", "agencies", MONTH, "o.csv", "no month of October 2026 in common"),
        ("wards", "agencies", (*MONTH, "--with", "street_points"), "o.csv", "cannot be set beside 'street_points'"),
        ("wards", "harm", (*MONTH, "--with", "fire"), "o.csv", "Only agencies are set beside each other"),
        ("wards", "rate", (*MONTH, "--paper", "A5"), "o.pdf", "invalid choice: 'A5'"),
        ("wards", "rate", MONTH, "o.xlsx", ".geojson, .gpkg, .csv or .pdf"),
        ("wards", "rate", MONTH, "nowhere/o.csv", "cannot be written: No such file or directory."),
        ("postcodes", "rate", MONTH, "o.csv", "invalid choice: 'postcodes'"),
    ],
)
def test_an_overlay_that_makes_no_sense_is_refused(
    live: Hub, tmp_path: Path, units: str, method: str, more: Sequence[str], output: str, said: str
) -> None:
    assert said in live.call(*hotspots(units, method, tmp_path / output, *more)).refused
    assert list(tmp_path.iterdir()) == []


def test_every_overlay_that_leaves_is_on_the_record(live: Hub, tmp_path: Path) -> None:
    before = len(live.recorded("overlay.exported"))
    live.call(*hotspots("wards", "rate", tmp_path / "o.csv")).done  # noqa: B018
    live.call(*hotspots("wards", "rate", tmp_path / "nowhere" / "o.csv")).refused  # noqa: B018
    recorded = live.recorded("overlay.exported")
    assert len(recorded) == before + 1
    assert recorded[-1].details["form"] == "csv"


# --- Summary ---------------------------------------------------------------------------------------------------------


def summary(output: Path, *, email: str = OFFICER, borough: str = HOME, to: str = "2026-10") -> tuple[object, ...]:
    return ("summary", "--as", email, "--borough", borough, "--to", to, "--output", output, "--json")


def test_a_summary_is_written_with_the_figures_of_the_file(live: Hub, sent: pd.DataFrame, tmp_path: Path) -> None:
    path = tmp_path / "summary.json"
    said = live.run(*summary(path)).done.json
    kept = json.loads(path.read_text("utf-8"))
    assert said == {"output": str(path), **kept}
    own, months = sent[sent["borough_code"] == HOME], months_of(sent)
    latest, before = (own[year].sum(axis=1) for year in (months[12:], months[:12]))
    assert (kept["total"]["latest"], kept["total"]["before"]) == (latest.sum(), before.sum())
    by_ward = {line["code"]: (line["latest"], line["before"]) for line in kept["wards"]}
    assert by_ward == {
        code: (latest[rows].sum(), before[rows].sum()) for code, rows in own.groupby("WardCode").groups.items()
    }
    by_group = {line["name"].upper(): line["latest"] for line in kept["groups"]}
    assert by_group == latest.groupby(own["MajorText"]).sum().to_dict()


def test_a_leader_takes_rounded_figures_as_a_page(live: Hub, tmp_path: Path) -> None:
    path = tmp_path / "summary.html"
    said = live.call(*summary(path, email=LEADER, to="2026-09")).done.json
    assert said["is_rounded"]
    counts = [line[year] for line in (*said["groups"], *said["wards"]) for year in ("latest", "before")]
    assert all(count is None or count % 5 == 0 for count in counts)
    page = path.read_text("utf-8")
    assert page.startswith("<!DOCTYPE html>")
    assert page.count(f'<p class="summary-marking">{MARKING}</p>') == 2
    assert str(said["headline"]) in page
    told = live.call(*summary(path, email=LEADER, to="2026-09")[:-1]).done.out.splitlines()
    assert told == [said["headline"], f"Written to {path}"]


@ON_ONE_DATABASE
@pytest.mark.parametrize(
    ("to", "output", "said"),
    [
        ("2026-13", "s.html", "--to is '2026-13'."),
        ("2031-01", "s.html", "No figures have been uploaded for Ashmarrow for January 2031."),
        ("2026-10", "s.pdf", "ends with neither .html nor .json"),
        ("2026-10", "nowhere/s.html", "cannot be written"),
    ],
)
def test_a_summary_that_cannot_be_made_is_refused(live: Hub, tmp_path: Path, to: str, output: str, said: str) -> None:
    assert said in live.call(*summary(tmp_path / output, to=to)).refused
    assert list(tmp_path.iterdir()) == []


# --- The record ------------------------------------------------------------------------------------------------------


def test_the_record_is_checked_kept_and_taken_away(hub: Hub, tmp_path: Path) -> None:
    head = hub.call("audit", "head", "--json").done.json
    kept = f"{head['number']}:{head['hash']}"
    assert hub.call("audit", "verify", "--head", kept, "--json").done.json["first_bad"] is None
    assert "is no head" in hub.call("audit", "verify", "--head", "nothing").refused
    later = f"{int(str(head['number'])) + 5}:{head['hash']}"
    assert "is the first that is not as it was written" in hub.call("audit", "verify", "--head", later).refused
    lines = tmp_path / "record.jsonl"
    told = hub.call("audit", "export", lines, "--json").done.json
    entries = [json.loads(line) for line in lines.read_text("utf-8").splitlines()]
    assert told["entries"] == len(entries) == entries[-1]["number"]
    assert entries[-1]["action"] == "record.exported"
    assert hub.call("audit", "ledger", "--output", tmp_path / "ledger.html").done
    assert "Sharing ledger" in (tmp_path / "ledger.html").read_text("utf-8")
    assert "neither .html nor .csv" in hub.call("audit", "ledger", "--output", tmp_path / "ledger.doc").refused
    assert "HUB_BACKUP_KEY is not set" in hub.call("backup", tmp_path / "backups").refused
    assert "holds no secret key" in hub.call("restore", tmp_path / "none.age", "--key", tmp_path / "none").refused
    nothing = ("erase", UUID(int=1), "--as", ADMINISTRATOR, "--reason", "Sent by mistake", "--confirm", "delete")
    assert "does not exist, or is not yours" in hub.call(*nothing).refused


# --- The command itself ----------------------------------------------------------------------------------------------


@ON_ONE_DATABASE
def test_a_mistyped_command_is_refused_with_the_way_to_write_it(set_up: SetUp) -> None:
    for words in (("nonsense",), ("db", "sideways"), ("serve", "--port", "many"), ("summary", "--jso")):
        assert "What to do: Write hub" in set_up.hub.call(*words).refused
    assert "What to do: Write hub" in set_up.hub.run().refused


@ON_ONE_DATABASE
def test_a_command_asked_for_help_gives_it(set_up: SetUp) -> None:
    ran = subprocess.run([PROGRAM, "upload", "--help"], capture_output=True, text=True, check=True)
    assert "--map COLUMN=FIELD" in ran.stdout


@ON_ONE_DATABASE
def test_unsafe_settings_are_refused_by_name(set_up: SetUp) -> None:
    for name, value in (("HUB_ENVIRONMENT", "production"), ("HUB_MAX_UPLOAD_ROWS", "many")):
        secret = {"HUB_SECRET_KEY": "short"} if name == "HUB_ENVIRONMENT" else {}
        unsafe = Hub({**set_up.hub.environment, name: value, **secret}, set_up.hub.folder)
        assert "HUB_SECRET_KEY" in unsafe.call("db", "check").err or name in unsafe.call("db", "check").err


@ON_ONE_DATABASE
def test_a_fault_of_the_hub_is_a_sentence_and_its_details_only_for_who_asks(
    set_up: SetUp, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(_chosen: object) -> None:
        raise ValueError("a secret of the hub")

    monkeypatch.setattr(running, "db", fail)
    monkeypatch.delenv("HUB_DEBUG", raising=False)
    assert cli.main(["db", "check", "--json"]) == 1
    quiet = capsys.readouterr()
    assert "'hub db' failed inside the hub" in json.loads(quiet.out)["error"]
    assert "secret" not in quiet.out + quiet.err
    monkeypatch.setenv("HUB_DEBUG", "1")
    assert cli.main(["db", "check"]) == 1
    assert "a secret of the hub" in capsys.readouterr().err


def listening(pid: int) -> set[str]:
    """The addresses that a process listens on, as the kernel tells them."""
    inodes = {str(each.readlink()) for each in Path(f"/proc/{pid}/fd").iterdir()}
    found = set()
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/{pid}/net/{table}").read_text("utf-8").splitlines()[1:]:
            fields = line.split()
            if fields[3] == "0A" and f"socket:[{fields[9]}]" in inodes:
                found.add(fields[1].rpartition(":")[0])
    return found


@ON_ONE_DATABASE
@pytest.mark.skipif(not Path("/proc/self/net/tcp").exists(), reason="needs Linux's /proc")
def test_the_server_listens_on_loopback_alone_and_ends_when_told(live: Hub) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {"PATH": os.environ["PATH"], "HOME": str(live.folder), **live.environment}
    serving, working = (
        subprocess.Popen([PROGRAM, *command], cwd=live.folder, env=environment, stdout=subprocess.PIPE, text=True)
        for command in (("serve", "--port", str(port), "--workers", "1"), ("work",))
    )
    try:
        assert answered(port) == 200
        assert listening(serving.pid) == {"0100007F"}
        assert working.stdout is not None
        assert working.stdout.readline() == "The worker is waiting for jobs.\n"
        assert listening(working.pid) == set()
    finally:
        for process in (serving, working):
            process.send_signal(signal.SIGTERM)
    assert [process.wait(timeout=LONGEST_RUN_SECONDS) for process in (serving, working)] == [0, 0]


def answered(port: int) -> int:
    """The status of the sign-in page, once the server is there."""
    deadline = time.monotonic() + LONGEST_RUN_SECONDS
    while True:
        try:
            with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=60)) as connection:
                connection.request("GET", "/sign-in")
                return connection.getresponse().status
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)


# --- Real London -----------------------------------------------------------------------------------------------------

MET, MET_OLD = "mps-ward-level-202402-202601.csv", "mps-ward-level-202009-202208-old-wards.csv"
HILLINGDON, HEATHROW = "E09000017", "E05013570"
CITY_OF_LONDON = "E09000001"


@pytest.fixture(params=KINDS)
def london(request: pytest.FixtureRequest, hubs: Hubs) -> Hub:
    """A hub of real London of this test's own, with an administrator and officers for each borough, and no figures."""
    return hubs.holding(request.param, "londoners")


LONDON_ON_ONE_DATABASE = pytest.mark.parametrize("london", ["sqlite"], indirect=True)
"""For what the tests of uploads hold to on both."""


def by_borough(file: Path, wards: Path) -> tuple[pd.DataFrame, pd.Series]:
    """A Met file straight from the disk, and its offences by borough: the borough is the ward's, whatever the label."""
    rows = pd.read_csv(file)
    codes = gpd.read_file(wards, layer="wards", ignore_geometry=True).set_index("ward_code")["borough_code"]
    counts = rows[months_of(rows)].sum(axis=1).groupby(rows["WardCode"].map(codes)).sum()
    return rows, counts


@LONDON_ON_ONE_DATABASE
def test_the_whole_of_london_is_committed_in_one_and_each_officer_sees_their_own(
    london: Hub, real_data: Path, tmp_path: Path
) -> None:
    rows, expected = by_borough(real_data / MET, real_data / "wards-2022.gpkg")
    assert (len(rows), int(expected.sum()), rows["WardCode"].nunique()) == (18_695, 1_788_630, 679)
    outcome = outcome_of(
        london.run("upload", real_data / MET, "--as", LONDONS_ADMINISTRATOR, "--commit", "--json").done
    )
    assert (outcome["state"], outcome["dataset"], outcome["boundary_set"]) == ("committed", "met_ward_counts", "2022")
    assert (outcome["rows"], outcome["total"]) == (18_695, 1_788_630)
    assert (outcome["placed"], outcome["unplaced"], outcome["refused"]) == (1_788_630, 0, 0)
    assert outcome["boroughs"] == sorted(expected.index)

    for code in (f"E090000{n:02}" for n in range(1, 34)):
        path = tmp_path / f"{code}.json"
        to = ("--to", "2026-01", "--output", path, "--json")
        own = london.call("summary", "--as", officer_of(code), "--borough", code, *to)
        if code == CITY_OF_LONDON:
            assert "No figures have been uploaded for City of London" in own.refused
            continue
        assert sum(month["count"] for month in own.done.json["months"]) == expected[code], code
        neighbour = f"E090000{int(code[-2:]) % 33 + 1:02}"
        other = london.call("summary", "--as", officer_of(code), "--borough", neighbour, *to)
        assert "not yours to see" in other.refused

    path = tmp_path / "hillingdon.csv"
    period = ("--from", "2024-02", "--to", "2026-01")
    london.call(*hotspots("wards", "rate", path, *period, email=officer_of(HILLINGDON), area=HILLINGDON)).done  # noqa: B018
    counted = pd.read_csv(path).set_index("ward_code")["count"]
    heathrow = rows.loc[rows["WardCode"] == HEATHROW, months_of(rows)].to_numpy().sum()
    assert (counted.sum(), counted[HEATHROW]) == (expected[HILLINGDON], heathrow)
    assert set(rows.loc[rows["WardCode"] == HEATHROW, "LookUp_BoroughName"]) == {"Aviation Security (SO18)"}


@LONDON_ON_ONE_DATABASE
def test_an_officer_of_one_borough_takes_just_their_own_from_londons_file(london: Hub, real_data: Path) -> None:
    _, expected = by_borough(real_data / MET, real_data / "wards-2022.gpkg")
    outcome = outcome_of(
        london.call("upload", real_data / MET, "--as", officer_of(HILLINGDON), "--commit", "--json").done
    )
    assert (outcome["placed"], outcome["unplaced"]) == (expected[HILLINGDON], 0)
    assert outcome["refused"] == 1_788_630 - expected[HILLINGDON]


@LONDON_ON_ONE_DATABASE
def test_the_file_on_older_wards_lands_on_theirs(london: Hub, real_data: Path, tmp_path: Path) -> None:
    rows, expected = by_borough(real_data / MET_OLD, real_data / "wards-2018.gpkg")
    assert rows["WardCode"].nunique() == 632
    outcome = outcome_of(
        london.call("upload", real_data / MET_OLD, "--as", LONDONS_ADMINISTRATOR, "--commit", "--json").done
    )
    assert (outcome["state"], outcome["boundary_set"], outcome["rows"]) == ("committed", "2018", len(rows))
    assert (outcome["placed"], outcome["unplaced"], outcome["refused"]) == (int(expected.sum()), 0, 0)
    path = tmp_path / "london.csv"
    period = ("--from", "2020-09", "--to", "2022-08")
    said = london.call(*hotspots("wards", "rate", path, *period, email=LONDONS_ADMINISTRATOR, area="london")).done.json
    counted = pd.read_csv(path).set_index("ward_code")["count"]
    assert (said["boundary_set"], said["total"]) == ("2018", int(expected.sum()))
    assert counted[counted.notna()].to_dict() == {
        code: int(count) for code, count in rows[months_of(rows)].sum(axis=1).groupby(rows["WardCode"]).sum().items()
    }
    assert counted.notna().sum() == 632


@LONDON_ON_ONE_DATABASE
def test_harm_agencies_and_paper_of_a_real_borough(london: Hub, real_data: Path, tmp_path: Path) -> None:
    code = "E09000007"
    officer = officer_of(code)
    for file in (MET, "partner/london-collisions-2025.csv"):
        outcome_of(london.call("upload", real_data / file, "--as", officer, "--commit", "--json").done)
    year = ("--from", "2025-01", "--to", "2025-12")
    said = london.call(*hotspots("wards", "harm", tmp_path / "h.csv", *year, email=officer, area=code)).done.json
    table = pd.read_csv(tmp_path / "h.csv").set_index("ward_name")
    rows, _ = by_borough(real_data / MET, real_data / "wards-2022.gpkg")
    months = [name for name in months_of(rows) if name.startswith("2025")]
    here = rows[rows["WardCode"].isin(table["ward_code"])]
    counted = here.groupby("MinorText")[months].sum().sum(axis=1)
    assert table["count"].sum() == counted.sum() == said["total"]
    assert set(said["left_out"]) <= {"Fraud and forgery", "NFIB fraud"}
    assert said["weights"]["version"] == "2026.1"
    assert table["harm"].sum() > 5475 * counted.get("HOMICIDE", 0) + 2555 * counted["RAPE"]
    assert (table["harm_capped"] <= table["harm"]).all()
    assert table["harm"].idxmax() in {"Bloomsbury", "Holborn & Covent Garden"}

    asked = (*year, "--with", "road_collisions")
    said = london.call(*hotspots("wards", "agencies", tmp_path / "a.csv", *asked, email=officer, area=code)).done.json
    table = pd.read_csv(tmp_path / "a.csv")
    assert table["count"].sum() == counted.sum()
    assert said["beside"]["dataset"] == "road_collisions"
    assert table["count_beside"].sum() + said["beside"]["unplaced"] == said["beside"]["total"] > 500
    assert set(table["class"]) <= {"quiet_gap", "gap", "both", "police_only", "neither"}

    paper = (*asked, "--paper", "A3")
    said = london.call(*hotspots("wards", "agencies", tmp_path / "a.pdf", *paper, email=officer, area=code)).done.json
    assert said["features"] == len(table)
    assert (tmp_path / "a.pdf").read_bytes().startswith(b"%PDF")


def test_points_of_real_london_are_placed(london: Hub, real_data: Path, tmp_path: Path) -> None:
    file = real_data / "police-uk" / "london-street-all-crime" / "2018-06-london-street.csv.gz"
    reason = ("--confirm", "sparse_boroughs=The published file as it is.")
    outcome = outcome_of(london.call("upload", file, "--as", LONDONS_ADMINISTRATOR, *reason, "--commit", "--json").done)
    assert (outcome["state"], outcome["dataset"]) == ("committed", "street_points")
    assert outcome["placed"] >= 0.999 * outcome["total"] > 60_000
    path = tmp_path / "camden.csv"
    month = ("--from", "2018-06", "--to", "2018-06", "--cell-metres", "250")
    camden = hotspots("cells", "gi_star", path, *month, email=officer_of("E09000007"), area="E09000007")
    said = london.call(*camden).done.json
    assert pd.read_csv(path)["count"].sum() + said["unplaced"] == said["total"] > 2_000
    assert said["data_to"] == "2018-06"
    assert dt.date.fromisoformat(said["versions"][0]["extract_date"])
