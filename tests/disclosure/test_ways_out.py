"""Every figure of an aggregate reader passes `release`, and nothing that they see follows a point within its ward."""

from __future__ import annotations

import ast
from pathlib import Path

import pandas as pd
import pytest

from hub.access import GRANTED, Permission, Role
from hub.db import Database
from hub.summaries import exports, service
from tests.client import StrictClient
from tests.conftest import HOME, PASSWORD
from tests.hotspots.figures_given import Figures
from tests.summaries.conftest import TAKEN
from tests.summaries.counted import MONTHS
from tests.uploads.desk import Desk

HUB = Path(__file__).resolve().parents[2] / "hub"
COUNTED = {"ward_counts", "version_counts", "points", "restatements", "coverage"}
"""What reads exact counts."""
HELD_TO = {
    ("counting.py", "counts_of", "ward_counts"): "into Counts, which lets nothing out but through release",
    ("counting.py", "counted", "ward_counts"): "a part of counts_of",
    ("police_area.py", "_rates", "ward_counts"): "rates of all boroughs together, made of rounded counts",
    ("police_area.py", "_rates", "coverage"): "months and versions",
    ("sources.py", "sources_of", "coverage"): "months and versions",
    ("service.py", "restated", "restatements"): "released line by line",
    ("offered.py", "_worked_out", "version_counts"): "permissions come out",
}


def reads() -> set[tuple[str, str, str]]:
    """Where in the summaries exact counts are read: file, function, and what is called."""
    found = set()
    for path in (HUB / "summaries").glob("*.py"):
        for function in (node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.FunctionDef)):
            for node in ast.walk(function):
                if isinstance(node, ast.Attribute) and node.attr in COUNTED and isinstance(node.value, ast.Name):
                    found.add((path.name, function.name, node.attr))
    return {one for one in found if one[2] != "points" or one[0] != "charts.py"}


def test_nothing_in_summaries_reads_counts_but_what_hands_them_to_release() -> None:
    assert reads() == set(HELD_TO), "a new way to counts must go through hub.access.release"


def test_counts_leave_the_exact_rows_through_release_alone() -> None:
    """In `Counts` the rows are added up by one method, and all that call it hand the sums to `_released`."""
    tree = ast.parse((HUB / "summaries" / "releases.py").read_text())
    counts = next(node for node in tree.body if isinstance(node, ast.ClassDef) and node.name == "Counts")
    methods = {node.name: ast.unparse(node) for node in counts.body if isinstance(node, ast.FunctionDef)}

    def users(words: str) -> set[str]:
        return {name for name, source in methods.items() if words in source and f"def {words}" not in source}

    assert users("self.rows") == {"years", "months", "by_month"}
    assert users("self._cells(") == {"years", "months", "by_month", "of", "months_of"}
    assert all("self._years(self._cells(" in methods[name] for name in ("years", "of"))
    assert all("self._by_month(self._cells(" in methods[name] for name in ("months", "by_month", "months_of"))
    assert users("rows[") == {"_cells"}
    assert all("self._released(" in methods[name] for name in ("_years", "_by_month"))
    assert "release(self.viewer" in methods["_released"]
    outside = [path.name for path in (HUB / "summaries").glob("*.py") if ".rows[" in path.read_text()]
    assert set(outside) <= {"counting.py", "releases.py", "service.py"}
    lines = [line for path in (HUB / "summaries").glob("*.py") for line in path.read_text().splitlines()]
    taken = [line.strip() for line in lines if "counts.rows" in line]
    assert len(taken) == 4
    assert all(
        "counts.of(rows_of(" in line or "counts.months_of(rows_of(" in line or '["offence_group"].unique()' in line
        for line in taken
    ), taken


def test_whoever_sees_no_exact_counts_opens_summaries_and_nothing_else_with_figures() -> None:
    for role, held in GRANTED.items():
        if Permission.EXACT_COUNTS not in held:
            asked_and_published = {Permission.QUESTION_ASK, Permission.REPORT_PUBLISH}
            assert (role, held) == (Role.COUNCIL_LEADER, {Permission.SUMMARY_READ} | asked_and_published)


@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
def test_nothing_moves_when_a_point_moves_within_its_ward(
    database: Database, people: dict[Role, str], client: StrictClient
) -> None:
    """T22. Maps of points, their tiles and their GeoJSON are refused; the map of wards is drawn from released rates."""
    spread = [(month, "Robbery", 40.0 + 90 * place, 500.0) for month in MONTHS for place in range(20)]
    seen = set()
    for east, north in ((100.0, 100.0), (950.0, 900.0)):
        rows = [*spread, (MONTHS[-1], "Drugs", east, north)]
        Figures(database).points(HOME, pd.DataFrame(rows, columns=["month", "category", "easting", "northing"]))
        with Desk(database).reading(people[Role.COUNCIL_LEADER]) as viewer:
            summary = service.summary(viewer, HOME)
            told = exports.as_page(viewer, summary, TAKEN).decode() + exports.as_json(viewer, summary, TAKEN).decode()
        for number in summary.versions:
            told = told.replace(f"(version {number} in", "(version in").replace(f"    {number}\n", "")
        seen.add(told)
    assert len(seen) == 1
    client.sign_in(people[Role.COUNCIL_LEADER], PASSWORD)
    paths = {
        rule.rule.replace("<area>", HOME)
        for rule in client.application.url_map.iter_rules()
        if "GET" in (rule.methods or set()) and rule.endpoint.split(".")[0] in {"hotspots", "compare", "zones", "place"}
        and rule.arguments == {"area"}
    }  # fmt: skip
    assert len(paths) > 5
    assert {path for path in paths if client.get(path).status_code not in {403, 404}} == set()
