"""T15, T16: what every answer carries in production, whose token a form needs, and what a field it lacks is worth.

The sign-in page's own attacks (40 ways of `next`, fixation, the back button) stand with it, in tests/accounts.
"""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter
from collections.abc import Callable, Container
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Enum, Uuid, select
from werkzeug.routing import Rule

from hub import create_app, web
from hub.access import Role
from hub.accounts.models import Person
from hub.columns import Base
from hub.config import Settings
from hub.db import EVERYWHERE
from tests.conftest import ELSEWHERE
from tests.test_routes import ASKED, PLANTED, ROWS, Row, World, on_one_database

OFFICER, ANALYST, ADMINISTRATOR = Role.CSP_OFFICER.value, Role.CSP_ANALYST.value, Role.ADMINISTRATOR.value
POSTS = [row for row in ROWS if row.method == "POST" and row.of in {"-", "theirs"}]


# --- T15: in production ----------------------------------------------------------------------------------------------


@pytest.fixture
def production(new_settings: Callable[..., Settings]) -> Flask:
    """The app as it is served for real, behind one proxy that ends TLS."""
    return create_app(replace(new_settings("sqlite", holding="people"), environment="production", proxies=1))


EXAMPLES = {"uuid": str(UUID(int=1)), "int": "1", "float": "1.0", "path": "hub.css"}
BLANK = re.compile(r"<(?:(?P<kind>\w+)(?:\((?P<choices>[^)]*)\))?:)?\w+>")


def an_address(rule: Rule) -> str:
    """Some address of a route."""

    def example(blank: re.Match[str]) -> str:
        return (blank["choices"] or "").split(",")[0] or EXAMPLES.get(blank["kind"] or "", "some")

    return BLANK.sub(example, rule.rule)


def test_every_answer_in_production_is_for_tls_alone_kept_nowhere_and_framed_by_nobody(production: Flask) -> None:
    asked = 0
    for rule in production.url_map.iter_rules():
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            client = FlaskClient(production, production.response_class, use_cookies=True)
            answer = client.open(an_address(rule), method=method, base_url="https://localhost")
            where = f"{method} {rule.rule}: {answer.status}"
            assert answer.status_code < 500, where
            headers = answer.headers
            assert headers["Strict-Transport-Security"] == "max-age=31536000; includeSubDomains", where
            assert headers["X-Content-Type-Options"] == "nosniff", where
            assert headers["Referrer-Policy"] == "same-origin", where
            policy = headers["Content-Security-Policy"]
            assert {"default-src 'none'", "frame-ancestors 'none'"} <= set(policy.split("; ")), where
            assert "unsafe" not in policy, where
            assert "Server" not in headers, where
            if rule.endpoint != "static":
                assert headers["Cache-Control"] == "no-store, private", where
            for cookie in headers.getlist("Set-Cookie"):
                name, *flags = cookie.split("; ")
                assert name.startswith("__Host-"), where
                assert {"Secure", "HttpOnly", "SameSite=Lax", "Path=/"} <= set(flags), f"{where}: {cookie}"
                assert not any(flag.startswith("Domain") for flag in flags), where
            asked += 1
    print(f"T15: {asked} routes and methods in production.")
    plain = FlaskClient(production, production.response_class).get(
        "/", base_url="http://localhost", headers={"Accept": "text/html"}
    )
    assert plain.status_code in {301, 302, 308}
    assert plain.location.startswith("https://")


def whoever_may(row: Row) -> str:
    """A role whose form is taken, an officer's or an administrator's before others; else one not refused outright."""
    roles = (OFFICER, ADMINISTRATOR, *Role)
    return min(roles, key=lambda role: (row.expected[role] == 403, row.expected[role]))


@on_one_database
def test_no_form_is_taken_with_the_token_of_somebody_elses_session(world: World) -> None:
    refused = 0
    for row in POSTS:
        if callable(web.rule_of(world.app, row.endpoint)):
            continue  # it knows no cookie
        actor = whoever_may(row)
        token = world.tokens[OFFICER if actor == ANALYST else ANALYST]
        form = {**ASKED[row.endpoint](world, row.of).form, "csrf_token": token}
        with world.undone(files=True):
            answer = world.client(actor).post(world.path(row), data=form)
        assert answer.status_code == 400, row
        refused += 1
    print(f"T15: {refused} forms refuse another session's token.")


# --- T16: fields that a form does not have ---------------------------------------------------------------------------

A_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
ROWS_OF_FILES = {"ward_count", "incident", "share"}
BY_ITSELF = {("security_key", "sign_count"), ("problem", "number")}
"""What is another each time: how often a security key has signed, and a problem's number, drawn by lot."""


def planted(world: World) -> dict[str, Any]:
    """A value for each column that says whose a row is, what it belongs to, or how far it has come."""
    another = world.uploads["others", "committed"]
    fields: dict[str, Any] = {}
    for mapper in Base.registry.mappers:
        for attribute in mapper.column_attrs:
            column = attribute.columns[0]
            if isinstance(column.type, Enum):
                fields[attribute.key] = column.type.enums[-1]
            elif isinstance(column.type, Uuid):
                fields[attribute.key] = another
            elif column.foreign_keys or attribute.key.startswith("is_"):
                fields[attribute.key] = "1"
    whose = {"borough": ELSEWHERE, "boroughs": ELSEWHERE, "bcu": "south", "london": "1", "owner": another}
    return {**fields, **whose, **PLANTED, "role": "administrator", "email": "planted@test.example"}


def rows_of(world: World, known: Container[object]) -> Counter[tuple[object, ...]]:
    """Every row that is there, without what is another each time: new ids, hashes, counters, and when it was."""
    with world.database.session(writes=False) as session:
        session.set_scope(EVERYWHERE)
        return Counter(
            (
                mapper.local_table.name,
                *(
                    _steady(getattr(row, one.key), known)
                    for one in mapper.column_attrs
                    if (mapper.local_table.name, one.key) not in BY_ITSELF
                ),
            )
            for mapper in Base.registry.mappers
            if mapper.local_table.name not in ROWS_OF_FILES
            for row in session.scalars(select(mapper.class_)).unique()
        )


def _steady(value: object, known: Container[object]) -> object:
    if isinstance(value, str) and A_UUID.fullmatch(value):
        value = UUID(value)
    if isinstance(value, UUID):
        return value if value in known else "new"
    if isinstance(value, dt.datetime | bytes | dict | list):
        return type(value).__name__
    words = str(value)
    return "long" if len(words) > 60 else words


def people_of(world: World) -> set[UUID]:
    """Everybody's id."""
    with world.database.reading() as session:
        return set(session.scalars(select(Person.id)))


@on_one_database
@pytest.mark.parametrize("row", POSTS, ids=str)
def test_fields_that_a_form_does_not_have_change_nothing(world: World, row: Row) -> None:
    """The same form, with and without them, by somebody who may send it."""
    actor = whoever_may(row)
    asked = ASKED[row.endpoint](world, row.of)
    made = {UUID(one) for one in world.uploads.values() if A_UUID.fullmatch(one)}
    known = {*made, *world.token_ids.values(), *people_of(world)}
    left = []
    for beside in ({}, {name: value for name, value in planted(world).items() if name not in asked.form}):
        form = {**beside, **ASKED[row.endpoint](world, row.of).form, "csrf_token": world.tokens[actor]}
        with world.undone(files=True):
            answer = world.client(actor).post(
                world.path(row), data=form, query_string=asked.query, headers=world.bearer(actor, row)
            )
            assert answer.status_code == row.expected[actor]
            left.append(rows_of(world, known))
    assert left[0] == left[1], (left[1] - left[0], left[0] - left[1])
