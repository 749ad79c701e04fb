"""One ward's page: the summary's figures, a line that boundary changes do not bend, nothing of another's."""

from __future__ import annotations

import ast
import datetime as dt
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from geo.convert import population_overlap
from hub.access import Permission, Role, Viewer
from hub.db import Database
from hub.errors import NotAllowed, NotFound
from hub.places import service as places
from hub.summaries import service as summaries
from hub.wards import series, service
from hub.wards.sentences import series_sentences, year_sentence
from tests.client import StrictClient
from tests.conftest import ELSEWHERE, HOME, PASSWORD, officer_of
from tests.hotspots.figures_given import Figures, viewing
from tests.summaries.counted import EAST, LAST, LATEST, WEST, made_up, months_to
from tests.wards.conftest import NEWER, OLDER, WHOLE_ALDER, YEARS, Open, flat

OFFICER, LEADER = Role.CSP_OFFICER, Role.COUNCIL_LEADER
on_one_database = pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
CAMDEN = "E09000007"
COUNTED = {"ward_counts", "version_counts", "points", "restatements", "coverage"}
"""What reads exact counts."""


def test_a_ward_that_was_split_has_a_flat_line_where_nothing_changed_with_the_note(
    split_ward: None, figures: Figures, open_ward: Open, record_property: Callable[[str, object], None]
) -> None:
    figures.ward_counts(HOME, flat(OLDER, 20, [WHOLE_ALDER]), boundary_set="2018")
    figures.ward_counts(HOME, flat(NEWER, 10, [WEST, EAST]))
    page = open_ward(OFFICER)
    counts = [year.count for year in page.series.years]
    record_property("years of the ward that was split", str(counts))
    assert counts == [240] * 4
    assert [round(year.percent_shared_out) for year in page.series.years] == [100, 100, 0, 0]
    assert [year.counted_on for year in page.series.years] == [("2018",), ("2018",), (), ()]
    assert [year.borough_count for year in page.series.years] == [480] * 4
    assert page.summary is not None
    said = " ".join(series_sentences(page.ward, page.series, page.summary))
    assert "Up to 100% of a year's figure came from older wards that were split" in said
    assert "wards of 2018" in said
    told = open_ward(LEADER)
    assert [year.last_month for year in told.series.years] == [NEWER[11], LAST], "one edition for aggregate readers"
    assert [year.count for year in told.series.years] == [240, 240]
    assert not told.series.carried_from
    gone = open_ward(OFFICER, WHOLE_ALDER)
    assert [year.count for year in gone.series.years] == [480, 480], "nothing is carried back to a ward that is gone"
    assert not gone.alike
    assert not gone.groups


def test_a_leader_is_told_of_a_ward_what_summaries_tell_and_an_officer_more(
    database: Database, people: dict[Role, str], figures: Figures, open_ward: Open
) -> None:
    rows = made_up(3, months=YEARS).rename(columns={"group": "offence_group"}).assign(offence_subgroup="")
    figures.ward_counts(HOME, rows[rows["count"] > 0])
    told, known = open_ward(LEADER), open_ward(OFFICER)
    assert told.summary is not None
    assert known.summary is not None
    with viewing(database, people[LEADER]) as viewer:
        shown = {(line.code, page.last_month): line for page in every_summary(viewer) for line in page.wards}
    assert len(told.series.years) >= 3
    for year in told.series.years:
        after = shown.get((WEST, dt.date(year.last_month.year + 1, year.last_month.month, 1)))
        line = shown.get((WEST, year.last_month))
        assert (line.change.latest if line else after.change.before).count == year.count  # type: ignore[union-attr]
    assert (told.groups, told.series.months) == ((), ())
    assert told.line == shown[WEST, told.summary.last_month]
    assert known.line is not None
    own = rows[(rows["ward_code"] == WEST) & rows["month"].isin(LATEST)]
    assert known.line.change.latest.count == own["count"].sum() == known.series.years[-1].count
    assert {line.name: line.change.latest.count for line in known.groups} == own.groupby("offence_group")[
        "count"
    ].sum().to_dict()
    assert sum(month.count for month in known.series.months[12:]) == own["count"].sum()
    assert year_sentence(known.ward, known.line, known.summary).startswith(f"{own['count'].sum():,} offences were")


def every_summary(viewer: Viewer) -> list[summaries.Summary]:
    return [summaries.summary(viewer, HOME, last_month=month) for month in summaries.covered_months(viewer, HOME)]


def test_a_ward_is_shown_to_its_own_borough_alone_and_is_found_by_its_code(
    figures: Figures, open_ward: Open, client: StrictClient, people: dict[Role, str]
) -> None:
    figures.ward_counts(HOME, flat(NEWER, 10, [WEST, EAST]))
    assert open_ward(LEADER).line is not None
    for borough, code in ((ELSEWHERE, "F05000004"), (HOME, "F05000004"), (HOME, "F05000099"), ("north", WEST)):
        with pytest.raises(NotFound):
            open_ward(LEADER, code, borough=borough)
    client.sign_in(people[LEADER], PASSWORD)
    page = client.get(f"/areas/{HOME}/wards/{WEST}")
    assert page.status_code == 200
    assert client.page.h1 == "Alder West"
    assert "Year by year" in client.page.main
    assert "What was recorded" not in client.page.main, "no offence groups of one ward for aggregate readers"
    [card, *_] = [link.get("href", "") for link in client.page.all("a") if "about this" in link.get("aria-label", "")]
    assert client.get(card).status_code == 200
    assert "Alder West" in client.page.main
    assert client.get(f"/areas/{HOME}/wards/{WEST}?to=2020-02").status_code == 200
    assert "No figures have been uploaded for Alder for February 2020." in client.page.main
    assert "What the ward panel asked for" in client.page.main, "which needs no figures"


def test_before_anything_is_loaded_a_ward_says_so(open_ward: Open) -> None:
    page = open_ward(LEADER)
    assert page.summary is None
    assert page.no_figures is not None
    assert page.line is None
    assert page.series == series.Series()


@on_one_database
def test_wards_alike_are_the_readers_own_and_carry_their_own_boroughs_figures(
    figures: Figures, open_ward: Open
) -> None:
    figures.ward_counts(HOME, flat(NEWER, 10, [WEST, EAST]))
    figures.ward_counts("F09000002", flat(NEWER, 4, ["F05000002", "F05000003"]))
    own = open_ward(LEADER).alike
    assert [one.code for one in own] == [WEST, EAST]
    commanders = open_ward(Role.BCU_COMMANDER).alike
    assert {one.code for one in commanders} == {WEST, EAST, "F05000002", "F05000003"}
    lines = {one.code: one.line for one in commanders}
    assert lines["F05000002"] is not None
    assert lines["F05000002"].change.latest.count == 12 * 8


@on_one_database
def test_a_real_borough_is_followed_over_the_wards_of_2014_2018_and_2022_and_loses_nobody(
    database: Database, londoners: None, real_data: Path, record_property: Callable[[str, object], None]
) -> None:
    """Camden, where every ward changed in 2022: the years of all its wards add up to what was counted."""
    figures, months = Figures(database), months_to(dt.date(2024, 3, 1), 36)
    rng = np.random.default_rng(14)
    counted = {}
    with database.reading() as session:
        sets = {each.code: each.id for each in places.boundary_sets(session)}
        wards = {code: places.wards(session, set_id, {CAMDEN}) for code, set_id in sets.items()}
    for code, of_it in (("2014", months[:12]), ("2018", months[12:24]), ("2022", months[24:])):
        rows = flat(of_it, 0, list(wards[code].index))
        rows["count"] = rng.poisson(30, len(rows))
        figures.ward_counts(CAMDEN, rows, boundary_set=code)
        counted[of_it[-1]] = rows
    found = {}
    with viewing(database, officer_of(CAMDEN)) as viewer:
        area = places.area(viewer, CAMDEN, Permission.SUMMARY_READ)
        for code in wards["2022"].index:
            page = service.page(viewer, area, code)
            found[code] = {year.last_month: year for year in page.series.years}
    for end, rows in counted.items():
        total = sum(year[end].count or 0 for year in found.values())
        record_property(
            f"Camden, year to {end:%Y-%m}: wards together, and as counted", f"{total}, {rows['count'].sum()}"
        )
        assert abs(total - rows["count"].sum()) <= len(found) / 2, "each ward is rounded to a whole number"
    overlap = population_overlap(wards["2018"], wards["2022"], wards["2018"], np.ones(len(wards["2018"])))
    by_ward = counted[months[23]].groupby("ward_code")["count"].sum().reindex(overlap.sources)
    independent = dict(zip(overlap.targets, overlap.shares.T @ by_ward.to_numpy(), strict=True))
    for code, years in found.items():
        assert abs((years[months[23]].count or 0) - independent[code]) <= 0.5
        assert years[months[-1]].percent_shared_out == 0
    assert sum(years[months[23]].is_shared_out for years in found.values()) >= len(found) / 2


READ_BEHIND_THE_RIGHT = {
    ("series.py", "counted_series"): {"coverage"},
    ("series.py", "_months_of"): {"ward_counts"},
    ("series.py", "_borough_months"): {"ward_counts"},
    ("service.py", "_groups"): {"coverage", "ward_counts"},
}
"""Where wards are counted: reached through the first and the last alone, which ask for the right to exact counts."""


def test_nothing_of_wards_reads_counts_but_behind_the_right_to_exact_ones(
    figures: Figures, open_ward: Open, database: Database, people: dict[Role, str]
) -> None:
    found: dict[tuple[str, str], set[str]] = {}
    for path in Path(service.__file__).parent.glob("*.py"):
        for function in (node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.FunctionDef)):
            calls = {node.attr for node in ast.walk(function) if isinstance(node, ast.Attribute)} & COUNTED
            if calls:
                found[path.name, function.name] = calls
    assert found == READ_BEHIND_THE_RIGHT
    figures.ward_counts(HOME, flat(NEWER, 10, [WEST, EAST]))
    page = open_ward(LEADER)
    assert page.summary is not None
    with viewing(database, people[LEADER]) as viewer:
        kind = service._kind(viewer, page.summary)
        with pytest.raises(NotAllowed):
            series.counted_series(viewer, page.area, page.ward, kind.key, page.summary, page.summary.policy)
        with pytest.raises(NotAllowed):
            service._groups(viewer, page.area, page.ward, kind, page.summary)
