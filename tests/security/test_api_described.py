"""The API is as its description says, whatever is sent: every route described, each answer as stated, and no fault."""

from __future__ import annotations

import io
import re
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import hypothesis
import orjson
import pytest
import schemathesis
from flask import Flask
from hypothesis import HealthCheck, Phase, given
from hypothesis.strategies import SearchStrategy, one_of
from schemathesis import APIOperation, Case, GenerationMode
from schemathesis.specs.openapi.checks import positive_data_acceptance

from hub.access import Role
from hub.accounts import service as accounts
from hub.accounts import tokens
from hub.agreements.service import today
from hub.db import Database
from hub.uploads import confined
from tests.uploads.desk import admit_here, look_here

EXAMPLES, EXAMPLES_LONG = 30, 1_000
"""Of each operation."""


def test_every_route_for_scripts_is_described_and_nothing_else(app: Flask) -> None:
    described = orjson.loads(app.test_client().get("/api/openapi.json").data)["paths"]
    assert {(path, method) for path, methods in described.items() for method in methods} == {
        (re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule), method.lower())
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
        if rule.rule.startswith("/api/")
    }


@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
def test_whatever_is_sent_the_answer_is_as_described(
    app: Flask,
    database: Database,
    people: dict[Role, str],
    monkeypatch: pytest.MonkeyPatch,
    is_long: bool,
    record_property: Callable[[str, object], None],
) -> None:
    monkeypatch.setattr(confined, "admit", admit_here)
    monkeypatch.setattr(confined, "look", look_here)
    for limit in ("UPLOADS_AN_HOUR", "LOOKS_AN_HOUR"):
        monkeypatch.setattr(tokens, limit, sys.maxsize)
    with database.writing() as session:
        viewer = accounts.viewer_by_email(session, people[Role.CSP_OFFICER])
        _, token = tokens.make(viewer, "Fuzzing", "ward_counts", today())
    described = schemathesis.openapi.from_wsgi("/api/openapi.json", app)
    answered = Counter[tuple[str, int]]()
    for found in described.get_all_operations():
        operation = found.ok()

        @given(case=as_described_or_not(operation))
        @hypothesis.settings(
            max_examples=EXAMPLES_LONG if is_long else EXAMPLES,
            derandomize=True,
            database=None,
            deadline=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        def ask(case: Case) -> None:
            # That a file could be described and not be read is the hub's whole business.
            unread = [positive_data_acceptance]
            answer = case.call_and_validate(headers={"Authorization": f"Bearer {token}"}, excluded_checks=unread)
            answered[case.operation.label, answer.status_code] += 1

        ask()
    print(f"{answered.total()} requests to {len(described)} operations, all answered as described: {dict(answered)}")
    record_property("requests", answered.total())
    assert all(status < 500 for _, status in answered)
    for is_as_described in as_described(app, token):
        assert is_as_described


def as_described_or_not(operation: APIOperation[Any, Any, Any]) -> SearchStrategy[Case]:
    """Requests that the description allows, and as many that it does not."""
    ways = (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)
    return one_of([operation.as_strategy(generation_mode=way) for way in ways])


def as_described(app: Flask, token: str) -> Iterator[bool]:
    """Send a file that is taken, and ask how it stands: whether both answers say all that the description promises."""
    client, shown = app.test_client(), {"Authorization": f"Bearer {token}"}
    described = orjson.loads(client.get("/api/openapi.json").data)["components"]["schemas"]["Upload"]
    content = b"WardCode,Month,Category,Count\nF05000000,2025-01,Burglary,4\n"
    sent = client.post("/api/uploads", data={"file": (io.BytesIO(content), "january.csv")}, headers=shown)
    for answer, status in ((sent, 202), (client.get(sent.headers["Location"], headers=shown), 200)):
        upload = answer.get_json()
        yield answer.status_code == status
        yield set(described["required"]) <= upload.keys() <= described["properties"].keys()
        yield upload["state"] in described["properties"]["state"]["enum"]
