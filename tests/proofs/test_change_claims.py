"""Boroughs where nothing changed: drawn fairly, read as the page is, and judged by the rate that is stated."""

from __future__ import annotations

import json
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from hub import cli
from hub.access import Role
from hub.proofs import change_claims
from hub.proofs.change_claims import GROUPS, PAGE, ChangeClaims, PlantedChange, Rate
from hub.summaries import changes
from hub.summaries.changes import Verdict

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("proofs")]

FEW, ALL = 40, 1_000
LEADER = change_claims.read_as(Role.COUNCIL_LEADER)


def small_city(before: int) -> pd.DataFrame:
    """One borough of three wards, and both years of four groups together."""
    keys = pd.MultiIndex.from_product(
        [["F09000001"], ["A", "B", "C"], ["Burglary", "Robbery", "Theft", "Vehicle offences"]],
        names=["borough_code", "ward_code", "offence_group"],
    )
    return pd.DataFrame({"count": 2 * before // 3}, index=keys).reset_index()


@pytest.fixture
def in_a_small_city(monkeypatch: pytest.MonkeyPatch) -> None:
    """Spare the drawing of the fictional city's streets."""
    monkeypatch.setattr(change_claims, "city_counts", lambda: small_city(900))


def share(found: ChangeClaims, law: str, reader: str, family: str = PAGE) -> float:
    (rate,) = (one for one in found.rates if (one.law, one.reader, one.family) == (law, reader, family))
    return rate.claiming / rate.boroughs


def test_pages_of_boroughs_where_nothing_changed_claim_no_more_than_they_state(
    in_a_small_city: None, is_long: bool, record_property: Callable[[str, object], None]
) -> None:
    found = change_claims.measure(ALL if is_long else FEW, 1, print)
    assert found.is_held, found.lines()
    for law in change_claims.LAWS:
        for reader in change_claims.READERS:
            claimed = share(found, law, reader)
            record_property(f"pages claiming, {law}, {reader}", claimed)
            # Of 40 boroughs 7 are claimed by chance once in 300 times where the rate is 5%; of 1,000, 68 once in 150.
            assert claimed <= (0.068 if is_long else 0.15), found.lines()


def test_a_page_that_took_every_month_for_poisson_would_be_caught(
    in_a_small_city: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(change_claims, "spread_of", lambda *families: [None for _ in families])
    found = change_claims.measure(FEW, 1, print)
    assert not found.is_held
    assert share(found, change_claims.POISSON, "exact") <= 0.15
    assert share(found, change_claims.VARIED, "exact") > 0.3
    assert share(found, change_claims.UNEVEN, "exact") > 0.1


def test_a_page_that_looked_at_each_line_by_itself_would_be_caught(
    in_a_small_city: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(changes, "benjamini_hochberg", lambda p: p)
    found = change_claims.measure(FEW, 1, print)
    assert not found.is_held
    assert share(found, change_claims.POISSON, "exact") > 0.3
    assert any(line.endswith("IS HIGHER") for line in found.lines())


def test_what_is_drawn_has_one_mean_and_as_many_lines_as_london() -> None:
    drawn = [
        change_claims.nothing_changed(law, np.random.default_rng(3)) for law in change_claims.LAWS for _ in range(9)
    ]
    for rows in drawn:
        totals = rows.groupby("month")["count"].sum()
        assert len(totals) == 24
        years = totals.iloc[:12].sum(), totals.iloc[12:].sum()
        assert 0.7 * change_claims.FEWEST_OFFENCES < min(years) <= max(years) < 1.2 * change_claims.MOST_OFFENCES
        assert max(years) / min(years) < 1.2
        assert rows["ward_code"].nunique() in range(10, 27)
        assert rows["offence_group"].nunique() in range(9, 14)


def test_a_planted_change_is_named_in_the_sentences_of_a_leaders_page() -> None:
    large = list(change_claims.planted_changes(small_city(900), 1))
    assert [(one.group, one.way, one.is_named, one.is_sure) for one in large] == [
        ("Burglary", Verdict.FELL, True, True),
        ("Robbery", Verdict.ROSE, True, True),
        ("Theft", Verdict.FELL, True, True),
        ("Vehicle offences", Verdict.ROSE, True, True),
    ]
    small = list(change_claims.planted_changes(small_city(6), 1))
    assert not any(one.is_named or one.is_sure for one in small), "of so few, 30% is what chance brings"
    rows = change_claims.nothing_changed(change_claims.POISSON, np.random.default_rng(1))
    moved = rows.assign(count=rows["count"].where(rows["month"].isin(change_claims.PERIOD.latest), 2 * rows["count"]))
    assert {PAGE, GROUPS} <= change_claims.claims(LEADER, moved).families


def test_the_fictional_citys_own_planted_changes_are_all_named_where_there_are_enough() -> None:
    planted = list(change_claims.planted_changes(change_claims.city_counts(), 1))
    sure = [one for one in planted if one.is_sure]
    assert len({one.borough for one in sure}) == 6
    assert len(sure) >= 30
    assert [one for one in sure if not one.is_named] == []


def test_the_command_tells_all_of_it_and_fails_where_a_rate_is_higher_or_a_change_unnamed(
    in_a_small_city: None, capsys: pytest.CaptureFixture[str]
) -> None:
    status = cli.main(["check", "change-claims", "--boroughs", "3", "--seed", "2", "--json"])
    said = json.loads(capsys.readouterr().out)
    assert (said["boroughs"], said["seed"], said["holds"], status) == (3, 2, True, 0)
    assert {(one["law"], one["reader"], one["family"]) for one in said["rates"]} == {
        (law, reader, family)
        for law in change_claims.LAWS
        for reader in change_claims.READERS
        for family in change_claims.STATED
    }
    held = Rate(change_claims.POISSON, "exact", PAGE, 100, 6, 0.02, 0.13)
    higher = Rate(change_claims.UNEVEN, "exact", PAGE, 100, 20, 0.13, 0.29)
    unnamed = PlantedChange("F09000001", "Theft", Verdict.FELL, 500, is_named=False)
    too_small = PlantedChange("F09000001", "Theft", Verdict.FELL, 50, is_named=False)
    assert ChangeClaims(100, 1, (held,), (too_small,)).is_held
    assert not ChangeClaims(100, 1, (held, higher), ()).is_held
    assert not ChangeClaims(100, 1, (held,), (unnamed,)).is_held
