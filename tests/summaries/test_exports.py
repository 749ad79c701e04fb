"""A summary that is taken away holds what the page holds, marked, on the record, with nothing left to fetch."""

from __future__ import annotations

from pathlib import Path

import html5lib
import orjson
import pytest
from sqlalchemy import select

from hub.access import Role
from hub.audit import AuditEntry
from hub.errors import BadRequest
from hub.summaries import exports, service
from hub.words import MARKING
from tests.client import words_of
from tests.conftest import HOME
from tests.summaries.counted import GROUPS, LAST, LATEST, MONTHS, as_met_file, by, made_up, total
from tests.uploads.desk import Desk

OFFICER, LEADER = Role.CSP_OFFICER, Role.COUNCIL_LEADER
COUNTS = made_up(40)

CHANGE = {"latest", "before", "difference", "percent", "percent_between", "verdict", "spread"}
LINE = CHANGE | {"name", "code", "rate_per_1000"}
BOROUGH = {"marking", "borough_code", "borough_name", "first_month", "last_month", "headline", "detail", "where"}
BOROUGH |= {"about_total", "measures"}
RATES = {"rate_per_1000", "rate_per_1000_before", "denominator", "ward_denominator"}
PARTS = {"total", "groups", "wards", "wards_changed", "unplaced", "unplaced_percent", "months", "missing", "withheld"}
SOURCE = {"dataset", "measure", "caveat", "boundary_set", "extract_date", "versions", "is_rounded"}


@pytest.fixture
def sent(desk: Desk, people: dict[Role, str]) -> Desk:
    """The desk, once two years of Alder are live."""
    desk.commit(people[OFFICER], as_met_file(COUNTS))
    return desk


def write(desk: Desk, email: str, path: Path) -> dict[str, object]:
    with desk.writing(email) as viewer:
        return exports.write(viewer, service.summary(viewer, HOME), path)


def test_a_json_file_has_the_figures_under_names_that_scripts_depend_on(
    sent: Desk, people: dict[Role, str], tmp_path: Path
) -> None:
    written = write(sent, people[OFFICER], tmp_path / "alder.JSON")
    kept = orjson.loads((tmp_path / "alder.JSON").read_bytes())
    assert written == {"output": str(tmp_path / "alder.JSON"), **kept}
    assert set(kept) == BOROUGH | RATES | PARTS | SOURCE | {"handover"}
    assert set(kept["total"]) == CHANGE
    assert {frozenset(line) for line in (*kept["groups"], *kept["wards"])} == {frozenset(LINE)}
    assert (kept["marking"], kept["first_month"], kept["last_month"]) == (MARKING, "2024-04", "2025-03")
    assert kept["total"]["latest"] == total(COUNTS, LATEST)
    assert {line["name"]: line["latest"] for line in kept["groups"]} == by(COUNTS, "group", LATEST)
    assert {line["code"]: line["latest"] for line in kept["wards"]} == by(COUNTS, "ward_code", LATEST)
    assert [each["month"] for each in kept["months"]] == [f"{month:%Y-%m}" for month in MONTHS]
    assert sum(each["count"] for each in kept["months"]) == total(COUNTS, MONTHS)
    assert [each["month"] for each in kept["months"] if each["is_provisional"]] == ["2025-01", "2025-02", "2025-03"]
    assert kept["denominator"] == {"residents": 20_000, "source": "Census 2021"}
    assert kept["versions"] == [1]


def test_a_page_file_fetches_nothing_and_runs_nothing(sent: Desk, people: dict[Role, str], tmp_path: Path) -> None:
    write(sent, people[LEADER], tmp_path / "alder.html")
    source = (tmp_path / "alder.html").read_text("utf-8")
    page = html5lib.HTMLParser(strict=True, namespaceHTMLElements=False).parse(source)
    for element in page.iter():
        for name in ("src", "srcset", "href", "action", "data", "poster"):
            assert element.get(name, "data:").startswith("data:"), f"{element.tag} {name}={element.get(name)}"
        assert element.tag not in {"script", "link", "iframe", "object", "base"}
    assert "@import" not in source
    assert "url(" not in source
    said = words_of(page)
    assert said.count(MARKING) == 3, "at its head, at its foot, and in the line on who took it for what"
    assert "Purpose: Not given." in said
    assert "Smallport does not exist: every figure here is invented." in said
    assert "Made up for tests." in said
    assert "Alder: community safety summary" in said
    assert all(group in said for group in GROUPS)
    (lang,) = {element.get("lang") for element in page.iter("html")}
    assert lang == "en"


def test_every_file_is_on_the_record(sent: Desk, people: dict[Role, str], tmp_path: Path) -> None:
    for name in ("alder.html", "alder.json"):
        write(sent, people[LEADER], tmp_path / name)
    with sent.reading(people[LEADER]) as viewer:
        found = viewer.session.scalars(
            select(AuditEntry).where(AuditEntry.action == "summary.exported").order_by(AuditEntry.number)
        ).all()
        assert [(each.actor, each.subject) for each in found] == [(str(viewer.person_id), HOME)] * 2
    assert [each.details for each in found] == [
        {"to": f"{LAST:%Y-%m}", "kind": kind, "purpose": "not_given", "purpose_words": ""}
        for kind in (".html", ".json")
    ]


def test_what_cannot_be_written_is_refused_and_not_recorded(
    sent: Desk, people: dict[Role, str], tmp_path: Path
) -> None:
    for path, said in (
        (tmp_path / "alder.pdf", r"'alder\.pdf' ends with neither \.html nor \.json"),
        (tmp_path / "alder", "ends with neither"),
        (tmp_path / "nowhere" / "alder.html", "cannot be written: No such file or directory"),
        (tmp_path, "ends with neither"),
    ):
        with pytest.raises(BadRequest, match=said):
            write(sent, people[LEADER], path)
    with sent.reading(people[LEADER]) as viewer:
        assert viewer.session.scalar(select(AuditEntry).where(AuditEntry.action == "summary.exported")) is None
