"""T20 and T21: from all that an aggregate reader can fetch, together, nothing hidden can be worked out."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest

from geo.disclosure import possible_counts
from hub import cli
from hub.access import Policy, Released, Role, Unprotected, release
from hub.accounts import service as accounts
from hub.config import Settings
from hub.db import EVERYWHERE, Database
from hub.demo.service import Demo
from hub.disclosure import service as policies
from hub.disclosure import windows
from hub.places import service as places
from hub.proofs import disclosure
from hub.proofs.disclosure import Attack
from hub.proofs.readings import AGGREGATE_ROLES, TOTAL, as_aggregate_reader, fetch
from hub.summaries import releases
from hub.summaries import service as summaries
from hub.uploads import versions
from hub.uploads.classification import VIOLENCE, offence
from tests.conftest import HOME, LONDONS_ADMINISTRATOR, TEST_SECRET_KEY
from tests.hotspots.figures_given import Figures
from tests.proofs.frozen import freeze, issue_again
from tests.summaries.conftest import desk  # noqa: F401 - a fixture
from tests.summaries.counted import EAST, LAST, WEST, as_met_file, months_to, plus
from tests.uploads.desk import Desk

on_one_database = pytest.mark.parametrize("settings", ["sqlite"], indirect=True)

USUAL = {"Theft": 60, "Burglary": 30, "Vehicle offences": 25, "Robbery": 5, "Possession of weapons": 1.1, "Arson": 0.25}
"""How many of a group one ward has in a month, about."""
VIOLENT = {"Violence with injury": 25, "Violence without injury": 30, "Homicide": 0.1}
CAMDEN, BARNET = "E09000007", "E09000003"
MORE_BOROUGHS = 20
BEFORE_LATE_RECORDS = dt.date(2025, 10, 1)
"""Real months up to this one are loaded first, reported, and then all of them."""
WARD_FILES = ("mps-ward-level-2*.csv",)


def some_years(seed: int, *, months: Sequence[dt.date] = months_to(LAST, 36)) -> pd.DataFrame:
    """Counts by month, ward and group of which some groups are rare."""
    rng = np.random.default_rng(seed)
    keys = pd.MultiIndex.from_product([months, (WEST, EAST), USUAL], names=["month", "ward_code", "group"])
    rows = keys.to_frame(index=False)
    return rows.assign(count=rng.poisson(rows["group"].map(USUAL)))


def with_violence(rows: pd.DataFrame, seed: int) -> pd.DataFrame:
    """These, and violence in subgroups: some measured, some not, and homicide, which is rare."""
    rng = np.random.default_rng([seed, 1])
    keys = rows[["month", "ward_code"]].drop_duplicates()
    violence = keys.merge(pd.Series(VIOLENT, name="mean").rename_axis("subgroup").reset_index(), how="cross")
    violence["count"] = rng.poisson(violence.pop("mean"))
    return pd.concat([rows.assign(subgroup=""), violence.assign(group=VIOLENCE)], ignore_index=True)


def put(database: Database, borough_code: str, rows: pd.DataFrame) -> None:
    """Make counts live, as a commit does: what they offer is held to have been read from now on."""
    named = rows.rename(columns={"group": "offence_group", "subgroup": "offence_subgroup"})
    if "offence_subgroup" not in named:
        named["offence_subgroup"] = ""
    Figures(database).ward_counts(borough_code, named[named["count"] > 0])
    with database.writing() as session, session.scoped(EVERYWHERE):
        versions.remember(session, "met_ward_counts", [borough_code])


def attacked(database: Database, email: str, code: str = HOME, **options: Any) -> Attack:
    """Attack one borough."""
    with database.reading() as session:
        found = disclosure.attack(accounts.viewer_by_email(session, email), code, **options)
    assert found is not None
    return found


# --- T20 -------------------------------------------------------------------------------------------------------------


def test_every_role_without_exact_counts_is_attacked() -> None:
    assert AGGREGATE_ROLES == (Role.COUNCIL_LEADER,)


@on_one_database
@pytest.mark.parametrize("seed", range(3))
def test_nothing_hidden_is_narrowed_where_groups_are_rare(
    database: Database, people: dict[Role, str], seed: int
) -> None:
    put(database, HOME, some_years(seed))
    found = attacked(database, people[Role.ADMINISTRATOR])
    assert found.hidden > 50
    assert found.pages > 6
    assert found.is_held, found


@on_one_database
@pytest.mark.parametrize("seed", range(2))
def test_nothing_hidden_is_narrowed_where_subgroups_are_measured(
    database: Database, people: dict[Role, str], seed: int
) -> None:
    put(database, HOME, with_violence(some_years(seed), seed))
    with database.reading() as session:
        leader = accounts.viewer_by_email(session, people[Role.COUNCIL_LEADER])
        pages = fetch(leader, HOME).pages
    measures = [page.measures for page in pages if VIOLENCE in {line.name for line in page.groups}]
    assert measures
    assert all(one["violence-with-injury"].is_shown for one in measures)
    assert not any(one["homicide"].is_shown for one in measures)
    found = attacked(database, people[Role.ADMINISTRATOR])
    assert (found.hidden > 50, found.is_held) == (True, True), found


@on_one_database
def test_a_subgroup_that_leaves_something_small_of_its_group_is_not_given(
    database: Database, people: dict[Role, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = with_violence(some_years(1), 1)
    put(database, HOME, rows[rows["subgroup"] != "Violence without injury"])
    with database.reading() as session:
        leader = accounts.viewer_by_email(session, people[Role.COUNCIL_LEADER])
        pages = fetch(leader, HOME).pages
    assert not any(page.measures["violence-with-injury"].is_shown for page in pages)
    monkeypatch.setattr("hub.summaries.offered._REMEMBERED", {})
    monkeypatch.setattr("hub.summaries.offered._safe_parts", lambda *given: given[4])
    monkeypatch.setattr("hub.summaries.sources.tightens", lambda *given: False)
    found = attacked(database, people[Role.ADMINISTRATOR])
    assert not found.is_held, "the attack is a real one"


Weakening = Callable[[pytest.MonkeyPatch], dict[str, Any]]


def unrounded_totals(patch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The borough's total is given as it is, by year and by month."""

    def weaker(*given: Any, **options: Any) -> Released:
        released = release(*given, **options)
        exact = np.asarray(given[2], dtype=np.float64)
        if exact.size not in {1, 12} or not released.is_rounded:
            return released
        yes = np.ones(exact.shape, np.bool_)
        return Released(exact, ~yes, yes, is_rounded=True)

    patch.setattr(releases, "release", weaker)
    return {"is_exact": lambda policy, line: line == TOTAL or disclosure.is_open(policy, line)}


def unrounded_groups(patch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Small counts are hidden, and everything else is given as it is."""
    patch.setattr("hub.access.protect", lambda counts, **rule: Unrounded(np.asarray(counts, dtype=np.float64)))
    return {"is_exact": lambda policy, line: True}


class Unrounded:
    """As `geo.disclosure.ProtectedCounts`, but hidden only."""

    def __init__(self, counts: npt.NDArray[np.float64]) -> None:
        self.hidden = counts < 5
        self.rounded = np.where(self.hidden, np.nan, counts)


def nil_shown_apart(patch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Nil is given as nil, so that what is hidden is 1 to 4."""

    def weaker(*given: Any, **options: Any) -> Released:
        released = release(*given, **options)
        is_nil = (np.asarray(given[2]) == 0) & released.is_rounded
        return replace(released, counts=np.where(is_nil, 0, released.counts), hidden=released.hidden & ~is_nil)

    def read(shown: npt.ArrayLike, **rule: Any) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
        number = np.asarray(shown)
        low, high = possible_counts(number, **rule)
        return np.where(np.isnan(number), 1, np.where(number == 0, 0, low)), np.where(number == 0, 0, high)

    patch.setattr(releases, "release", weaker)
    patch.setattr(disclosure, "possible_counts", read)
    return {}


def overlapping_years(patch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Small groups, too, are given for years that end with any month."""
    patch.setattr(windows, "_smallest_pieces", lambda seen, counts, gone: np.full(len(counts), np.inf))
    return {}


@on_one_database
@pytest.mark.parametrize(
    ("weaken", "groups"),
    [
        (unrounded_totals, {"Theft", "Arson"}),
        (unrounded_groups, USUAL),
        (nil_shown_apart, USUAL),
        (overlapping_years, USUAL),
    ],
)
def test_the_attack_works_out_what_weaker_rules_give_away(
    database: Database,
    people: dict[Role, str],
    monkeypatch: pytest.MonkeyPatch,
    weaken: Weakening,
    groups: Collection[str],
) -> None:
    rows = some_years(1)
    put(database, HOME, rows[rows["group"].isin(groups)])
    assert attacked(database, people[Role.ADMINISTRATOR]).is_held
    monkeypatch.setattr("hub.summaries.offered._REMEMBERED", {})
    monkeypatch.setattr(summaries, "withheld", lambda *given, **options: frozenset())
    found = attacked(database, people[Role.ADMINISTRATOR], **weaken(monkeypatch))
    assert found.above_zero, f"{weaken.__doc__} {found}"


@pytest.mark.slow
@pytest.mark.xdist_group("proofs")
def test_nothing_hidden_is_narrowed_in_the_demonstration(
    tmp_path: Path, prepare_demo: Callable[..., Demo], is_long: bool, record_property: Callable[[str, object], None]
) -> None:
    made = prepare_demo(tmp_path / "demo", WARD_FILES)
    database, administrator = Database(made.settings), "administrator@demo.example"
    with database.reading() as session:
        codes = sorted(places.every_borough(session))[: None if is_long else 2]
    for code in codes:
        issue_again(database, code, administrator, freeze(database, code, administrator))
    found = [attacked(database, administrator, code) for code in codes]
    database.engine.dispose()
    record_property("T20", str(found))
    assert sum(one.hidden for one in found) > 0
    assert all(one.reports >= 4 for one in found)
    assert [one for one in found if not one.is_held] == []


@pytest.mark.slow
@on_one_database
def test_nothing_hidden_is_narrowed_in_real_london(
    database: Database,
    londoners: None,
    real_data: Path,
    is_long: bool,
    record_property: Callable[[str, object], None],
) -> None:
    wide = pd.read_csv(real_data / "mps-ward-level-202402-202601.csv")
    with database.reading() as session:
        edition = next(one.id for one in places.boundary_sets(session) if one.code == "2022")
        wards = places.wards(session, edition)["borough_code"]
    owned = wide["WardCode"].map(wards)
    others = sorted(set(owned.dropna()) - {CAMDEN, BARNET})
    drawn = np.random.default_rng(20).choice(others, MORE_BOROUGHS, replace=False).tolist() if is_long else []
    found = []
    for code in (CAMDEN, BARNET, *drawn):
        months = [column for column in wide.columns if column.isdecimal()]
        long = wide[owned == code].melt(["MajorText", "MinorText", "WardCode"], months, "month", "count")
        long["month"] = [dt.date(int(month[:4]), int(month[4:]), 1) for month in long["month"]]
        named = [offence(*labels) for labels in zip(long["MajorText"], long["MinorText"], strict=True)]
        long = long.assign(group=[one.group for one in named], subgroup=[one.subgroup for one in named])
        long = long.rename(columns={"WardCode": "ward_code"})
        put(database, code, long[long["month"] <= BEFORE_LATE_RECORDS])
        early = freeze(database, code, LONDONS_ADMINISTRATOR)
        put(database, code, long)
        issue_again(database, code, LONDONS_ADMINISTRATOR, early)
        freeze(database, code, LONDONS_ADMINISTRATOR)
        found.append(attacked(database, LONDONS_ADMINISTRATOR, code))
    record_property("T20", str(found))
    assert all(one.pages >= 4 for one in found)
    assert all(one.reports == 6 for one in found)
    assert sum(one.hidden for one in found) > 0
    assert [one for one in found if not one.is_held] == []


# --- T21 -------------------------------------------------------------------------------------------------------------


@on_one_database
def test_what_was_read_before_figures_were_restated_gives_nothing_away(
    desk: Desk,  # noqa: F811
    people: dict[Role, str],
) -> None:
    """Each load is read whole before the next: a month put right, three months more, and a load taken back."""
    officer, all_months = people[Role.CSP_OFFICER], months_to(LAST, 33)
    counts = some_years(4, months=all_months)
    early = counts[counts["month"] < all_months[-3]]
    put_right = plus(early[early["month"] == all_months[-5]], (all_months[-5], WEST, "Arson", 3))
    later = counts[counts["month"] >= all_months[-3]]
    read = []
    outcome: dict[str, Any] = {}
    for rows in (early, put_right, later):
        outcome = desk.commit(officer, as_met_file(rows, months=sorted(set(rows["month"]))))
        with desk.reading(officer) as viewer:
            read.append(fetch(as_aggregate_reader(viewer, HOME), HOME))
    desk.undo(officer, outcome["version"])
    found = attacked(desk.database, officer, earlier=read)
    assert len({version for one in read for live in one.live.values() for version in live.values()}) == 3
    assert (found.hidden > 50, found.is_held) == (True, True), found


@on_one_database
@pytest.mark.parametrize("threshold", [5, 10])
def test_exact_counts_of_what_is_not_protected_give_nothing_protected_away(
    database: Database, people: dict[Role, str], threshold: int
) -> None:
    put(database, HOME, some_years(5))
    with database.writing() as session:
        administrator = accounts.viewer_by_email(session, people[Role.ADMINISTRATOR])
        exact = Policy(1, threshold, threshold, (), ("Robbery", "*weapons", "Burglary", "Vehicle*"), Unprotected.EXACT)
        policies.change(administrator, exact, "A trial.")
    with database.reading() as session:
        leader = accounts.viewer_by_email(session, people[Role.COUNCIL_LEADER])
        pages = fetch(leader, HOME).pages
    shown = {line.change.latest.count for page in pages for line in page.groups if line.name == "Theft"}
    assert any(count and count % threshold for count in shown)
    found = attacked(database, people[Role.ADMINISTRATOR])
    assert (found.hidden > 30, found.is_held) == (True, True), found


# --- The command -----------------------------------------------------------------------------------------------------


@on_one_database
def test_the_command_prints_what_the_attack_came_to(
    settings: Settings,
    database: Database,
    people: dict[Role, str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("HUB_ENVIRONMENT", "test")
    monkeypatch.setenv("HUB_SECRET_KEY", TEST_SECRET_KEY)
    monkeypatch.setenv("HUB_DATABASE_URL", settings.database_url)
    monkeypatch.setenv("HUB_FILES", str(settings.files))
    put(database, HOME, some_years(1))
    asked = ["check", "disclosure", "--as"]
    assert cli.main([*asked, people[Role.ADMINISTRATOR], "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["pinned"], said["above_zero"], said["narrowed"], said["held"]) == (0, 0, 0, True)
    assert [one["borough_code"] for one in said["boroughs"]] == [HOME]
    assert cli.main([*asked, people[Role.CSP_OFFICER]]) == 1
    assert "Only an administrator" in capsys.readouterr().err
    monkeypatch.setattr("hub.summaries.offered._REMEMBERED", {})
    monkeypatch.setattr(summaries, "withheld", lambda *given, **options: frozenset())
    nil_shown_apart(monkeypatch)
    assert cli.main([*asked, people[Role.ADMINISTRATOR]]) == 1
    assert "falls short" in capsys.readouterr().out
