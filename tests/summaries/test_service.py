"""A summary's figures are those of the files, each in its place, compared only with what they can be compared with."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterable

import pandas as pd
import pytest

from geo.frames import to_longitude_latitude
from hub.access import Role
from hub.db import Database
from hub.errors import NotFound
from hub.places.models import BoroughPopulation
from hub.summaries import service
from hub.summaries.changes import Figure, Verdict
from hub.summaries.lines import Denominator, Line
from hub.summaries.service import NoFigures
from hub.uploads.kinds import DATASETS
from hub.words import months_before
from tests.conftest import ELSEWHERE, HOME, SIBLING
from tests.summaries.conftest import OLD_EAST, OLD_WEST, Read
from tests.summaries.counted import (
    BEFORE,
    EAST,
    GROUPS,
    LAST,
    LATEST,
    MONTHS,
    NOWHERE,
    WEST,
    as_long_file,
    as_met_file,
    as_released,
    by,
    even,
    made_up,
    months_to,
    total,
)
from tests.uploads.desk import Desk

OFFICER, LEADER, COMMANDER = Role.CSP_OFFICER, Role.COUNCIL_LEADER, Role.BCU_COMMANDER


def latest(lines: Iterable[Line]) -> dict[str, int | None]:
    return {line.code: line.change.latest.count for line in lines}


def before(lines: Iterable[Line]) -> dict[str, int | None]:
    return {line.code: line.change.before.count for line in lines}


# --- Figures ---------------------------------------------------------------------------------------------------------


def test_an_officer_reads_the_exact_counts_of_the_file(desk: Desk, people: dict[Role, str], read: Read) -> None:
    counts = made_up(1)
    desk.commit(people[OFFICER], as_met_file(counts))
    summary = read(OFFICER)
    assert (summary.first_month, summary.last_month) == (LATEST[0], LAST)
    assert (summary.total.latest, summary.total.before) == (
        Figure(total(counts, LATEST)),
        Figure(total(counts, BEFORE)),
    )
    assert latest(summary.groups) == by(counts, "group", LATEST)
    assert before(summary.groups) == by(counts, "group", BEFORE)
    assert latest(summary.wards) == by(counts, "ward_code", LATEST)
    assert before(summary.wards) == by(counts, "ward_code", BEFORE)
    assert {each.month: each.figure.count for each in summary.months} == by(counts, "month", MONTHS)
    assert [line.name for line in summary.wards] == ["Alder East", "Alder West"]
    assert not summary.is_rounded
    assert not summary.withheld


def test_a_leader_reads_each_of_them_rounded(desk: Desk, people: dict[Role, str], read: Read) -> None:
    counts = made_up(2)
    desk.commit(people[OFFICER], as_met_file(counts))
    summary = read(LEADER)
    assert summary.is_rounded
    assert summary.total.latest == Figure(as_released(total(counts, LATEST)))
    for lines, key in ((summary.groups, "group"), (summary.wards, "ward_code")):
        assert latest(lines) == {code: as_released(count) for code, count in by(counts, key, LATEST).items()}
        assert before(lines) == {code: as_released(count) for code, count in by(counts, key, BEFORE).items()}
    shown = {each.month: each.figure.count for each in summary.months}
    assert shown == {month: as_released(count) for month, count in by(counts, "month", MONTHS).items()}
    for line in (*summary.groups, *summary.wards):
        residents = 20_000 if line in summary.groups else 10_000
        assert line.rate == pytest.approx(1000 * (line.change.latest.count or math.nan) / residents), "of what is shown"


def test_small_counts_are_hidden_alike_and_not_compared(desk: Desk, people: dict[Role, str], read: Read) -> None:
    counts = made_up(3)
    is_weapon = counts["group"] == "Possession of weapons"
    counts.loc[is_weapon, "count"] = 0
    counts.loc[is_weapon & (counts["month"] == LAST) & (counts["ward_code"] == WEST), "count"] = 3
    counts.loc[is_weapon & (counts["month"] == BEFORE[0]), "count"] = 20
    desk.commit(people[OFFICER], as_met_file(counts))
    (weapons,) = (line for line in read(LEADER).groups if line.name == "Possession of weapons")
    assert weapons.change.latest == Figure(None, is_hidden=True)
    assert weapons.change.before == Figure(40)
    assert (weapons.rate, weapons.change.percent, weapons.change.verdict) == (None, None, Verdict.NOT_COMPARABLE)
    (exact,) = (line for line in read(OFFICER).groups if line.name == "Possession of weapons")
    assert (exact.change.latest, exact.change.verdict) == (Figure(3), Verdict.NO_CLEAR_CHANGE), "40 were in one month"


def test_rates_name_what_they_are_set_against(
    desk: Desk, database: Database, people: dict[Role, str], read: Read
) -> None:
    counts = made_up(4)
    desk.commit(people[OFFICER], as_met_file(counts))
    with database.writing() as session:
        session.add(BoroughPopulation(borough_code=HOME, source="Mid-year estimate", year=2023, residents=21_000))
    summary = read(OFFICER)
    assert summary.denominator == Denominator(20_000, "Census 2021"), "the census comes before estimates"
    assert summary.ward_denominator == "Census 2021"
    assert summary.rate == pytest.approx(total(counts, LATEST) / 20)
    assert summary.rate_before == pytest.approx(total(counts, BEFORE) / 20)
    assert {line.code: line.rate for line in summary.wards} == {
        ward: pytest.approx(count / 10) for ward, count in by(counts, "ward_code", LATEST).items()
    }


def test_without_residents_there_are_no_rates(
    desk: Desk, older_wards: None, people: dict[Role, str], read: Read
) -> None:
    long_ago = months_to(dt.date(2020, 6, 1))
    desk.commit(people[OFFICER], as_met_file(made_up(5, wards=(OLD_WEST, OLD_EAST), months=long_ago)))
    summary = read(OFFICER)
    assert (summary.ward_denominator, [line.rate for line in summary.wards]) == ("", [None, None])
    assert not summary.has_ward_rates
    assert summary.rate is not None, "the borough's own residents are known"


def test_months_that_a_file_covers_without_a_row_are_nil(desk: Desk, people: dict[Role, str], read: Read) -> None:
    counts = made_up(6)
    counts = counts[(counts["month"] != LAST) & (counts["ward_code"] != EAST)]
    desk.commit(people[OFFICER], as_met_file(counts, months=[LAST]), answers={"partial_last_month": "keep"})
    summary = read(OFFICER)
    assert summary.last_month == LAST
    assert summary.months[-1].figure == Figure(0)
    assert latest(summary.wards)[EAST] == 0
    assert not summary.missing


# --- What is compared ------------------------------------------------------------------------------------------------


def test_months_that_are_withheld_do_not_show_in_how_much_figures_are_said_to_vary(
    desk: Desk, people: dict[Role, str], read: Read
) -> None:
    varied = {month: 20 + 15 * (-1) ** place for place, month in enumerate(BEFORE)}
    small = {month: 5 if place < 10 else 0 for place, month in enumerate(LATEST)}
    counts = even(0, wards=(WEST,), groups=("Burglary",))
    counts = counts.assign(count=counts["month"].map(varied | small))
    desk.commit(people[OFFICER], as_met_file(counts, months=MONTHS))
    exact, rounded = read(), read(LEADER)
    assert (exact.withheld, service.MONTHS in rounded.withheld) == (frozenset(), True)
    assert exact.total.spread > 2
    judged = [rounded.total, *(line.change for line in (*rounded.groups, *rounded.wards))]
    judged += [one.change for one in rounded.measures.values()]
    assert {one.spread for one in judged} == {1.0}, "no line has months of its own: each has a hidden one"


def test_a_year_with_a_month_missing_is_neither_added_up_nor_compared(
    desk: Desk, people: dict[Role, str], read: Read
) -> None:
    counts = made_up(7)
    gaps = [BEFORE[3], BEFORE[7]]
    desk.commit(people[OFFICER], as_met_file(counts[~counts["month"].isin(gaps)]))
    for role in (OFFICER, LEADER):
        summary = read(role)
        assert summary.missing == tuple(gaps)
        assert (summary.latest_is_known, summary.before_is_known) == (True, False)
        assert summary.total.before == Figure(None), "not known is not the same as hidden"
        assert summary.rate_before is None
        lines = (*summary.groups, *summary.wards)
        assert {line.change.verdict for line in lines} == {Verdict.NOT_COMPARABLE}
        assert {line.change.before for line in lines} == {Figure(None)}
        assert summary.headline.endswith("There is no year to compare with.")
        assert (summary.detail, "rose" in summary.where, "fell" in summary.where) == ("", False, False)
        assert [each.month for each in summary.months if each.figure == Figure(None)] == gaps
    assert latest(read(OFFICER).groups) == by(counts, "group", LATEST)


def test_nothing_is_said_of_a_latest_year_that_is_not_complete(desk: Desk, people: dict[Role, str], read: Read) -> None:
    counts = made_up(8)
    desk.commit(people[OFFICER], as_met_file(counts[counts["month"] != LATEST[5]]))
    for role in (OFFICER, LEADER):
        summary = read(role)
        assert summary.missing == (LATEST[5],)
        assert (summary.total.latest, summary.rate) == (Figure(None), None)
        assert summary.headline == "There are no complete figures for Alder in the 12 months to March 2025."
        assert {line.change.latest for line in (*summary.groups, *summary.wards)} <= {Figure(None)}
        assert (summary.detail, summary.where, summary.unplaced_percent) == ("", "", None)


def test_wards_are_not_compared_across_a_change_of_boundaries(
    desk: Desk, older_wards: None, people: dict[Role, str], read: Read
) -> None:
    old = made_up(9, wards=(OLD_WEST, OLD_EAST), months=BEFORE)
    new = made_up(10, months=LATEST)
    desk.commit(people[OFFICER], as_met_file(old))
    desk.commit(people[OFFICER], as_met_file(new))
    both = pd.concat([old, new])
    for role in (OFFICER, LEADER):
        summary = read(role)
        assert (summary.wards_changed, summary.boundary_set, summary.wards_are_counted) == (True, "2022", True)
        assert {line.change.verdict for line in summary.wards} == {Verdict.NOT_COMPARABLE}
        assert {line.change.before for line in summary.wards} == {Figure(None)}
        assert summary.total.before != Figure(None), "the borough is still the borough"
        assert {line.change.verdict for line in summary.groups} != {Verdict.NOT_COMPARABLE}
    summary = read(OFFICER)
    assert latest(summary.wards) == by(new, "ward_code", LATEST)
    assert before(summary.groups) == by(both, "group", BEFORE)
    assert summary.versions == (1, 2)


def test_a_year_partly_on_older_wards_is_not_told_by_ward(
    desk: Desk, older_wards: None, people: dict[Role, str], read: Read
) -> None:
    old = made_up(11, wards=(OLD_WEST, OLD_EAST), months=[*BEFORE, *LATEST[:2]])
    new = made_up(12, months=LATEST[2:])
    desk.commit(people[OFFICER], as_met_file(old))
    desk.commit(people[OFFICER], as_met_file(new))
    for role in (OFFICER, LEADER):
        summary = read(role)
        assert (summary.wards_changed, summary.wards_are_counted, summary.has_ward_rates) == (True, False, False)
        assert summary.where == ""
    assert read(OFFICER).total.latest.count == total(pd.concat([old, new]), LATEST)
    earlier = read(OFFICER, last_month=LATEST[1])
    assert (earlier.boundary_set, earlier.wards_changed) == ("2018", False)


def test_the_newest_months_are_provisional_and_no_others(desk: Desk, people: dict[Role, str], read: Read) -> None:
    desk.commit(people[OFFICER], as_met_file(made_up(13)))
    assert read(LEADER).provisional == tuple(MONTHS[-3:])
    assert read(OFFICER, last_month=LATEST[-3]).provisional == (LATEST[-3],)
    assert read(LEADER, last_month=BEFORE[-1]).provisional == ()


# --- What is not placed ----------------------------------------------------------------------------------------------


def test_what_is_not_placed_counts_in_the_borough_and_in_no_ward(
    desk: Desk, people: dict[Role, str], read: Read
) -> None:
    counts = made_up(14, wards=(WEST, EAST, NOWHERE))
    desk.commit(people[OFFICER], as_long_file(counts))
    nowhere = counts["ward_code"].isna()
    expected = total(counts[nowhere], LATEST)
    summary = read(OFFICER)
    assert summary.total.latest.count == total(counts, LATEST)
    assert summary.unplaced == Figure(expected)
    assert summary.unplaced_percent == pytest.approx(100 * expected / total(counts, LATEST))
    assert latest(summary.wards) == by(counts[~nowhere], "ward_code", LATEST)
    assert sum(latest(summary.wards).values()) + expected == summary.total.latest.count
    assert summary.caveat == ""
    assert read(LEADER).unplaced == Figure(as_released(expected))


def test_a_source_that_leaves_out_what_it_does_not_place_is_not_said_to_place_all(
    desk: Desk, people: dict[Role, str], read: Read
) -> None:
    desk.commit(people[OFFICER], as_met_file(made_up(15)))
    for role in (OFFICER, LEADER):
        summary = read(role)
        assert (summary.unplaced, summary.unplaced_percent) == (None, None)
        assert summary.caveat == DATASETS["met_ward_counts"].caveat != ""


# --- Where it comes from ---------------------------------------------------------------------------------------------


def points_file(months: Iterable[dt.date]) -> str:
    """Three thefts in the west, one burglary in the east and one case of anti-social behaviour each month."""
    longitude, latitude = to_longitude_latitude([500, 500, 500, 1500, 500], [500] * 5)
    kinds = ["Other theft"] * 3 + ["Burglary", "Anti-social behaviour"]
    lines = [
        f"{month:%Y-%m},{east:.6f},{north:.6f},{kind}"
        for month in months
        for east, north, kind in zip(longitude, latitude, kinds, strict=True)
    ]
    return "\n".join(["Month,Longitude,Latitude,Crime type", *lines])


def test_points_are_summarised_without_anti_social_behaviour(desk: Desk, people: dict[Role, str], read: Read) -> None:
    desk.commit(people[OFFICER], points_file(MONTHS))
    summary = read(OFFICER)
    assert (summary.dataset, summary.measure) == ("Street-level points", "incidents")
    assert summary.total.latest == Figure(4 * 12), "incidents are never added to offences"
    assert latest(summary.groups) == {"Burglary": 12, "Other theft": 36}
    assert latest(summary.wards) == {WEST: 36, EAST: 12}


def test_a_ward_file_comes_before_points_and_points_before_nothing(
    desk: Desk, people: dict[Role, str], read: Read
) -> None:
    earlier = months_before(BEFORE[0], 1)
    counts = made_up(16)
    desk.commit(people[OFFICER], points_file([earlier, *MONTHS]))
    desk.commit(people[OFFICER], as_met_file(counts))
    assert read(OFFICER).total.latest.count == total(counts, LATEST)
    assert read(OFFICER, last_month=earlier).dataset == "Street-level points"
    with desk.reading(people[OFFICER]) as viewer:
        assert service.covered_months(viewer, HOME) == [*reversed(MONTHS), earlier]


def test_a_summary_follows_what_is_live(desk: Desk, people: dict[Role, str], read: Read) -> None:
    first, second = made_up(17), made_up(18)
    desk.commit(people[OFFICER], as_met_file(first))
    outcome = desk.commit(people[OFFICER], as_met_file(second))
    assert (read().total.latest.count, read().versions) == (total(second, LATEST), (2,))
    desk.undo(people[OFFICER], outcome["version"])
    assert (read().total.latest.count, read().versions) == (total(first, LATEST), (1,))


# --- For whom --------------------------------------------------------------------------------------------------------


def test_only_those_of_a_borough_read_its_summary(desk: Desk, people: dict[Role, str], read: Read) -> None:
    for code, name, wards in (
        (HOME, "Alder", (WEST, EAST)),
        (SIBLING, "Birch", ("F05000002", "F05000003")),
        (ELSEWHERE, "Cedar", ("F05000004", "F05000005")),
    ):
        desk.commit(people[Role.ADMINISTRATOR], as_met_file(made_up(19, wards=wards), name))
        assert read(Role.ADMINISTRATOR, code).borough_name == name
    assert {read(COMMANDER, code).borough_name for code in (HOME, SIBLING)} == {"Alder", "Birch"}
    for role, code in (
        (COMMANDER, ELSEWHERE),
        *((role, code) for role in set(Role) - {COMMANDER, Role.ADMINISTRATOR} for code in (SIBLING, ELSEWHERE)),
        *((role, area) for role in Role for area in ("north", "south", "london", "nowhere", "F09000099")),
    ):
        with pytest.raises(NotFound) as refused:
            read(role, code)
        assert refused.value.sentence == NotFound().sentence, (role, code)
    assert [role for role in Role if read(role).is_rounded] == [LEADER]


def test_a_borough_without_figures_says_so(desk: Desk, people: dict[Role, str], read: Read) -> None:
    with pytest.raises(NoFigures, match=r"No figures have been uploaded for Alder\. They appear here"):
        read(LEADER)
    with desk.reading(people[LEADER]) as viewer:
        assert service.covered_months(viewer, HOME) == []
    desk.commit(people[OFFICER], as_met_file(made_up(20)))
    with pytest.raises(NoFigures, match="for Alder for July 2030"):
        read(LEADER, last_month=dt.date(2030, 7, 1))


def test_every_group_has_a_line_of_its_own(desk: Desk, people: dict[Role, str], read: Read) -> None:
    desk.commit(people[OFFICER], as_met_file(made_up(21)))
    assert [line.name for line in read(LEADER).groups] == list(GROUPS)
