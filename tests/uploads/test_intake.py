"""What is said of a file beforehand applies where the check asks for it, and nowhere else; twice is once."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import pytest

from hub.access import Role, Viewer
from hub.accounts import service as accounts
from hub.db import Database
from hub.errors import BadRequest, Conflict
from hub.uploads import intake, service, views
from hub.uploads.intake import Said

MESSY = """Ward,Month,Category,Count
Alder Wst,2025-01,Burglary,4
Alder East,2025-01,Burglary,"1,234"
Alder East,01/02/2025,Burglary,12
Alder East,01/02/2025,Burglary,13
Alder East,2025-03,Burglary,many
"""
FIXES = frozenset({"similar_name", "thousands_separator"})
REASONS = {"repeated_row": "two stations report apart"}
ANSWERS = {"ambiguous_dates": "day_first"}
EVERYTHING = {"dataset": "ward_counts", "fixes": FIXES, "reasons": REASONS, "answers": ANSWERS, "is_holding": True}

pytestmark = pytest.mark.usefixtures("in_this_process")


@contextmanager
def at_work(database: Database, people: dict[Role, str]) -> Iterator[Viewer]:
    with database.session(writes=True) as session:
        yield accounts.viewer_by_email(session, people[Role.CSP_OFFICER])


def taken_in(
    viewer: Viewer, content: str, said: Said, *, commits: bool = True
) -> tuple[dict[str, Any], Conflict | None]:
    upload_id = service.receive(viewer, io.BytesIO(content.encode()), "messy.csv").id
    viewer.session.commit()
    intake.take_in(viewer, upload_id, said, outside_a_transaction(viewer))
    refusal = intake.commit(viewer, upload_id, outside_a_transaction(viewer)) if commits else None
    outcome = views.outcome(viewer, upload_id)
    viewer.session.rollback()
    return outcome, refusal


def outside_a_transaction(viewer: Viewer) -> Any:
    def report(_words: str) -> None:
        assert not viewer.session.in_transaction(), "a worker's report is refused within a transaction"

    return report


def codes(outcome: dict[str, Any], *severities: str) -> set[str]:
    return {problem["code"] for problem in outcome["problems"] if problem["severity"] in severities}


def test_a_messy_file_is_made_live_in_one_go_when_all_is_said(database: Database, people: dict[Role, str]) -> None:
    with at_work(database, people) as viewer:
        outcome, refusal = taken_in(viewer, MESSY, Said(**EVERYTHING))
        assert refusal is None
        assert (outcome["state"], outcome["months"]) == ("committed", ["2025-01", "2025-02"])
        assert outcome["placed"] == 4 + 1_234 + 12 + 13
        assert codes(outcome, "must_fix") == {"not_a_count"}


@pytest.mark.parametrize("left_out", ["fixes", "reasons", "answers", "is_holding"])
def test_whatever_is_not_said_is_not_done(database: Database, people: dict[Role, str], left_out: str) -> None:
    said = {name: value for name, value in EVERYTHING.items() if name != left_out}
    with at_work(database, people) as viewer:
        outcome, refusal = taken_in(viewer, MESSY, Said(**said))
        if left_out == "fixes":  # rows that only a fix would put right are held back with the rest
            assert refusal is None
            assert outcome["placed"] == 25
        else:
            assert refusal is not None
            assert (outcome["state"], outcome["version"]) == ("checked", None)
            assert refusal.remedy


def test_what_is_asked_of_the_whole_file_is_told_with_its_answers(database: Database, people: dict[Role, str]) -> None:
    with at_work(database, people) as viewer:
        outcome, _ = taken_in(viewer, MESSY, Said(dataset="ward_counts"), commits=False)
        (question,) = outcome["questions"]
        assert (question["code"], question["column"]) == ("ambiguous_dates", "Month")
        assert [value for value, _ in question["choices"]] == ["day_first", "month_first"]
        by_column = Said(dataset="ward_counts", answers={"ambiguous_dates:Month": "month_first"})
        outcome, _ = taken_in(viewer, MESSY, by_column, commits=False)
        assert "ambiguous_dates" not in codes(outcome, "must_fix")
        with pytest.raises(BadRequest, match="not among those offered"):
            taken_in(viewer, MESSY, Said(dataset="ward_counts", answers={"ambiguous_dates": "sideways"}))


def test_what_is_said_of_a_clean_file_changes_nothing(database: Database, people: dict[Role, str]) -> None:
    clean = "Ward,Month,Category,Count\nAlder West,2025-01,Burglary,4\n"
    with at_work(database, people) as viewer:
        outcome, refusal = taken_in(viewer, clean, Said(**EVERYTHING))
        assert refusal is None
        assert (outcome["state"], outcome["placed"]) == ("committed", 4)


def test_to_take_in_twice_is_to_take_in_once(database: Database, people: dict[Role, str]) -> None:
    with at_work(database, people) as viewer:
        outcome, _ = taken_in(viewer, MESSY, Said(**EVERYTHING))
        intake.take_in(viewer, UUID(outcome["id"]), Said(**EVERYTHING), outside_a_transaction(viewer))
        assert intake.commit(viewer, UUID(outcome["id"]), outside_a_transaction(viewer)) is None
        viewer.session.rollback()
        assert views.outcome(viewer, UUID(outcome["id"])) == outcome
