"""Sets of weights: who may load one, what is refused, which is used, and that harm names it."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from geo.harm import default_weights
from hub.access import Role
from hub.accounts import service as accounts
from hub.audit import AuditEntry
from hub.db import Database
from hub.errors import BadFile, Conflict, NotAllowed
from hub.hotspots import weights
from tests.conftest import HOME
from tests.hotspots.figures_given import Figures, month, viewing
from tests.hotspots.test_service import EAST, WEST, ask, counts

OURS = """
name = "Council weights"
version = "1"
dated = 2026-03-01
unit = "points"
source = "the council"
cap = 3
[weights]
"Fraud and forgery" = 4
"""


def load(database: Database, email: str, text: str) -> bool:
    with database.session(writes=True) as session:
        _, is_changed = weights.load(accounts.viewer_by_email(session, email), text)
        session.commit()
    return is_changed


def test_the_set_that_was_loaded_last_is_used_and_named(
    database: Database, live: Figures, people: dict[Role, str]
) -> None:
    administrator = people[Role.ADMINISTRATOR]
    live.ward_counts(HOME, counts((month(1), WEST, "Fraud and forgery", "", 5), (month(1), EAST, "Robbery", "", 2)))
    with viewing(database, people[Role.CSP_OFFICER]) as officer:
        before = ask(officer, method="harm")
    assert load(database, administrator, OURS)
    assert not load(database, administrator, OURS)
    with viewing(database, people[Role.CSP_OFFICER]) as officer:
        after = ask(officer, method="harm")
    assert before.table["harm"].to_dict() == {WEST: 0, EAST: 730}
    assert after.table[["harm", "harm_capped"]].loc[WEST].tolist() == [20, 15]
    assert after.scores.left_out == {"Robbery": 2}
    assert after.weights_words == "Council weights, version 1 of 1 March 2026 (the council)"
    assert before.inputs_hash != after.inputs_hash
    assert load(database, administrator, OURS.replace('"1"', '"2"').replace("= 4", "= 5"))
    assert load(database, administrator, OURS)
    with database.reading() as session:
        assert weights.in_use(session).version == "1"
        entries = session.scalars(select(AuditEntry).where(AuditEntry.action == "weights.loaded")).all()
    assert [entry.details["version"] for entry in entries] == ["1", "2", "1"]


def test_what_cannot_be_taken_up_is_refused_and_changes_nothing(database: Database, people: dict[Role, str]) -> None:
    administrator = people[Role.ADMINISTRATOR]
    with pytest.raises(NotAllowed, match="one list for every borough"):
        load(database, people[Role.CSP_OFFICER], OURS)
    for text, said in (
        ("Fraud: 4", "not written as TOML"),
        (OURS.replace("cap = 3", ""), "'cap', is None"),
        (OURS.replace("= 4", "= -4"), "weight of 'Fraud and forgery' is -4"),
        (OURS.replace("Council weights", "C" * 201), "name of the set has more than 200"),
    ):
        with pytest.raises(BadFile, match=said):
            load(database, administrator, text)
    default = default_weights()
    for taken in (OURS.replace("Council weights", default.name).replace('"1"', f'"{default.version}"'),):
        with pytest.raises(Conflict, match="says otherwise"):
            load(database, administrator, taken)
    load(database, administrator, OURS)
    with pytest.raises(Conflict, match="Version 1 of 'Council weights'"):
        load(database, administrator, OURS.replace("= 4", "= 5"))
    with database.reading() as session:
        assert weights.in_use(session).weights == {"Fraud and forgery": 4}
