"""A borough's record is read by those who look after it, and tells of no other borough."""

from __future__ import annotations

import ast
import csv
import io
import re
from pathlib import Path

import pytest
from sqlalchemy import select

from hub import audit
from hub.access import Role
from hub.audit import AuditEntry
from hub.db import Database
from hub.record.sentences import SAID, Kind, kind_of, sentence, why
from tests.client import StrictClient
from tests.conftest import ELSEWHERE, HOME, PASSWORD, SIBLING

ROOT = Path(__file__).resolve().parents[2]
PAGE = f"/areas/{HOME}/record"


@pytest.fixture
def liaison(client: StrictClient, database: Database, people: dict[Role, str]) -> StrictClient:
    with database.writing() as session:
        both = {"boroughs": [HOME, ELSEWHERE], "versions": {HOME: 3, ELSEWHERE: 907}}
        audit.record_as(session, audit.MACHINE, "upload.committed", dataset="ward_counts", **both)
        audit.record_as(session, audit.MACHINE, "upload.checked", boroughs=[HOME, ELSEWHERE], rows=908)
        audit.record_as(
            session, "nobody", "overlay.exported", SIBLING, boroughs=[SIBLING], category="Marker", form="csv"
        )
        audit.record_as(
            session, "nobody", "overlay.exported", HOME, boroughs=[HOME], category="Theft", form="=csv",
            months=["2025-01", "2025-03"], purpose="other", purpose_words="March board",
        )  # fmt: skip
    client.sign_in(people[Role.LIAISON_OFFICER], PASSWORD)
    return client


def test_a_liaison_officer_reads_their_own_boroughs_part_and_takes_it_away(
    liaison: StrictClient, people: dict[Role, str]
) -> None:
    assert liaison.get(PAGE).status_code == 200
    said = liaison.page.main
    assert "Downloaded the map of Theft, January 2025 to March 2025" in said
    assert "Something else: March board" in said
    assert "Made a file live (Other counts, version 3)" in said
    assert "907" not in said
    assert "Had a file checked" in said
    assert "908" not in said, "how many rows there are of two boroughs is neither's to know"
    assert "Marker" not in said
    for kind, count in (("took", 1), ("changed", 2), ("looked", 1)):
        liaison.get(f"{PAGE}?kind={kind}&from=2020-01-01&to=2999-01-01")
        assert f"{count} entr" in liaison.page.main, kind
    liaison.get(f"{PAGE}?to=2001-01-01")
    assert "0 entries" in liaison.page.main
    assert liaison.get(f"{PAGE}?from=yesterday").status_code == 400
    taken = liaison.take(f"{PAGE}.csv?kind=took")
    [line] = csv.DictReader(io.StringIO(taken.data.decode("utf-8-sig")))
    assert line["what"] == "Downloaded the map of Theft, January 2025 to March 2025 (=csv)"
    assert line["handover"].startswith("OFFICIAL-SENSITIVE")
    liaison.get(PAGE)
    assert "Downloaded this record" in liaison.page.main
    for area, status in ((ELSEWHERE, 404), (SIBLING, 404), ("no-such-place", 404)):
        assert liaison.get(f"/areas/{area}/record").status_code == status
        assert liaison.take(f"/areas/{area}/record.csv").status_code == status
    liaison.sign_out()
    liaison.sign_in(people[Role.CSP_OFFICER], PASSWORD)
    assert liaison.get(PAGE).status_code == 403


def test_what_is_shown_beside_an_error_was_looked_at_too(
    client: StrictClient, database: Database, people: dict[Role, str]
) -> None:
    def looks() -> list[str]:
        with database.reading() as session:
            looked = AuditEntry.action.in_({"record.viewed", "access.refused"})
            return list(session.scalars(select(AuditEntry.action).where(looked).order_by(AuditEntry.number)))

    client.sign_in(people[Role.LIAISON_OFFICER], PASSWORD)
    assert client.get(f"{PAGE}?from=yesterday").status_code == 400
    assert re.search(r"\d+ entr", client.page.main)
    assert looks() == ["record.viewed"]
    assert client.get(f"/areas/{ELSEWHERE}/record?from=yesterday").status_code == 404
    assert looks() == ["record.viewed", "access.refused"]


RECORDERS = {"record", "record_as", "act", "saw", "Sight", "_kept", "_record", "_record_row"}
ACTION = re.compile(r"[a-z_]+\.[a-z_]+")


def recorded() -> set[str]:
    """Every action that the hub's code records by name."""
    found: set[str] = set()
    for module in (ROOT / "hub").rglob("*.py"):
        for call in (node for node in ast.walk(ast.parse(module.read_text("utf-8"))) if isinstance(node, ast.Call)):
            if getattr(call.func, "attr", getattr(call.func, "id", "")) in RECORDERS:
                named = [str(one.value) for one in call.args if isinstance(one, ast.Constant)]
                found |= {word for word in named if ACTION.fullmatch(word)}
    return found


def test_whatever_the_hub_records_is_said_in_plain_words() -> None:
    actions = recorded()
    assert {"upload.committed", "share.granted", "map.viewed", "sign_in.refused"} <= actions
    assert not actions - SAID.keys()


def test_every_act_has_a_kind_and_a_sentence() -> None:
    assert kind_of("access.refused") is Kind.REFUSED
    assert kind_of("upload.points_viewed") is Kind.LOOKED
    assert kind_of("share.granted") is Kind.SHARED
    assert kind_of("person.created") is Kind.PEOPLE
    assert sentence("strange.new_thing", {}, HOME, {}) == "Strange: new thing"
    assert sentence("upload.checked", {"rows": 12345}, HOME, {}) == "Had a file checked (12,345 rows)"
    assert sentence("map.viewed", {"category": "{x}", "seen_as": "x"}, HOME, {}) == (
        "Looked at the map of {x}, seeing the hub as another role"
    )
    assert why({"purpose": "tasking"}) == "Tasking, patrols and tactical briefings"
    assert why({}) == ""
