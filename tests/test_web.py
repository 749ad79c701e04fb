"""The request: headers on every answer, one commit or none, one page for every error, no start when unsafe."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from flask import Flask, g, render_template_string
from flask.typing import ResponseReturnValue
from sqlalchemy import select, text, update
from sqlalchemy.exc import OperationalError
from werkzeug.test import Client

from hub import create_app, web
from hub.access import Role
from hub.accounts.models import Person
from hub.config import Settings
from hub.db import Database
from hub.engine import SECONDS_TO_CONNECT
from hub.errors import (
    BadFile,
    BadRequest,
    Conflict,
    HubError,
    NotAllowed,
    NotSignedIn,
    SettingsError,
    TooLarge,
    TooMany,
    Unavailable,
)
from hub.places.models import City
from tests.client import StrictClient
from tests.conftest import PASSWORD, make_app

HTML = {"Accept": "text/html"}
on_one_database = pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
"""For what the database has no part in."""


@pytest.fixture
def app(settings: Settings) -> Iterator[Flask]:
    """An app of this test's own, to add pages to."""
    app = make_app(settings)
    yield app
    app.extensions["hub_database"].engine.dispose()


def probe(app: Flask, path: str, view: Callable[[], ResponseReturnValue], *methods: str) -> None:
    """Add a page to an app under test."""
    app.add_url_rule(path, path.strip("/"), web.public(view), methods=methods or ("GET",))


# --- Starting --------------------------------------------------------------------------------------------------------


@on_one_database
def test_a_route_that_declares_nothing_stops_the_start(app: Flask) -> None:
    app.add_url_rule("/undeclared", "undeclared", lambda: "")
    with pytest.raises(RuntimeError, match="declare no permission: undeclared"):
        web.refuse_undeclared(app)


def test_a_schema_that_is_not_the_hubs_stops_the_start(new_settings: Callable[..., Settings]) -> None:
    for kind in ("sqlite", "postgresql"):
        with pytest.raises(SettingsError, match="Run 'hub db upgrade'"):
            create_app(new_settings(kind, migrated=False))


def test_a_postgresql_role_that_could_pass_the_fence_stops_the_start(new_settings: Callable[..., Settings]) -> None:
    settings = new_settings("postgresql")
    for unsafe in ("hub_owner", "postgres"):
        with pytest.raises(SettingsError, match=f"'{unsafe}'.*could bypass row-level security"):
            create_app(replace(settings, database_url=settings.database_url.replace("hub_web@", f"{unsafe}@")))
    create_app(settings).extensions["hub_database"].engine.dispose()


# --- Headers and cookies ---------------------------------------------------------------------------------------------


def test_in_production_cookies_and_transport_are_strict(new_settings: Callable[..., Settings]) -> None:
    settings = replace(new_settings("sqlite"), environment="production", hosts=("hub.example",))
    client = Client(create_app(settings))
    answer = client.get("/sign-in", base_url="https://hub.example", headers=HTML)
    assert answer.status_code == 200
    assert answer.headers["Strict-Transport-Security"] == "max-age=31536000; includeSubDomains"
    [cookie] = answer.headers.getlist("Set-Cookie")
    assert cookie.startswith("__Host-hub=")
    assert {"Secure", "HttpOnly", "SameSite=Lax", "Path=/"} == set(cookie.split("; ")[1:])
    plain = client.get("/sign-in", base_url="http://hub.example", headers=HTML)
    assert (plain.status_code, plain.location) == (302, "https://hub.example/sign-in")
    assert not plain.headers.getlist("Set-Cookie")


def test_behind_a_proxy_the_address_and_the_scheme_are_the_readers(new_settings: Callable[..., Settings]) -> None:
    settings = replace(new_settings("sqlite"), environment="production", hosts=("hub.example",), proxies=1)
    forwarded = {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "hub.example", "X-Forwarded-For": "203.0.113.7"}
    answer = Client(create_app(settings)).get("/sign-in", headers={**HTML, **forwarded})
    assert answer.status_code == 200
    made_up = {**forwarded, "X-Forwarded-Host": "evil.example"}
    assert Client(create_app(settings)).get("/sign-in", headers={**HTML, **made_up}).status_code == 400


@on_one_database
@pytest.mark.parametrize(
    "host", ["evil.example", "localhost.evil.example", "evil.example:80", "localhost@evil.example"]
)
def test_a_made_up_host_is_refused_without_repeating_it(client: StrictClient, host: str) -> None:
    for path in ("/", "/sign-in", "/no-such-page", "/static/hub.css"):
        answer = client.get(path, headers={"Host": host})
        assert answer.status_code == 400
        assert "evil" not in answer.get_data(as_text=True)
        assert "evil" not in str(answer.headers)
    assert client.post("/sign-in", headers={"Host": host}).status_code == 400


@on_one_database
def test_each_page_has_its_own_nonce(client: StrictClient) -> None:
    policies = {client.get("/sign-in").headers["Content-Security-Policy"] for _ in range(3)}
    assert len(policies) == 3


@on_one_database
def test_static_files_may_be_kept_and_pages_may_not(client: StrictClient) -> None:
    assert "max-age=3600" in client.get("/static/hub.css").headers["Cache-Control"]
    assert client.get("/sign-in").headers["Cache-Control"] == "no-store, private"
    assert client.get("/no-such-page").headers["Cache-Control"] == "no-store, private"


# --- CSRF ------------------------------------------------------------------------------------------------------------


@on_one_database
@pytest.mark.parametrize("token", [None, "", "made-up", "IjAwMDAi.aaaaaa.bbbbbb"])
def test_a_form_without_a_good_token_is_refused_and_does_nothing(
    client: StrictClient, people: dict[Role, str], token: str | None
) -> None:
    client.sign_in(people[Role.CSP_OFFICER], PASSWORD)
    refused = client.post("/sign-out", data={} if token is None else {"csrf_token": token})
    assert refused.status_code == 400
    assert "reload the page and send it again" in client.page.main
    assert client.get("/").status_code == 200
    assert client.sign_out().status_code == 302


@on_one_database
def test_another_browsers_token_is_refused(app: Flask, people: dict[Role, str]) -> None:
    mine, theirs = app.test_client(), app.test_client()
    mine.sign_in(people[Role.CSP_OFFICER], PASSWORD)
    theirs.sign_in(people[Role.COUNCIL_LEADER], PASSWORD)
    mine.get("/")
    theirs.get("/")
    assert mine.post("/sign-out", data={"csrf_token": theirs.csrf_token}).status_code == 400
    assert mine.post("/sign-out", data={"csrf_token": mine.csrf_token}).status_code == 302


# --- One commit or none ----------------------------------------------------------------------------------------------


def test_a_post_is_kept_when_it_went_well_and_not_when_it_was_refused(
    app: Flask, client: StrictClient, database: Database, small_city: None
) -> None:
    outcome: list[ResponseReturnValue | Exception] = []

    def rename() -> ResponseReturnValue:
        g.db_session.execute(update(City).values(name=f"Renamed {len(outcome)}"))
        last = outcome[-1]
        if isinstance(last, Exception):
            raise last
        return last

    probe(app, "/rename", rename, "POST")

    def name_after(last: ResponseReturnValue | Exception, status: int) -> str:
        outcome.append(last)
        assert client.submit("/rename").status_code == status
        with database.reading() as session:
            return session.scalars(select(City.name)).one()

    assert name_after(Conflict("No."), 409) == "Smallport"
    assert name_after(("<p>no</p>", 422, {"Content-Type": "text/plain"}), 422) == "Smallport"
    assert name_after(RuntimeError("no"), 500) == "Smallport"
    assert name_after(("", 204), 204) == "Renamed 4"
    assert name_after(("", 303, {"Location": "/"}), 303) == "Renamed 5"


def test_what_cannot_be_kept_is_an_error_and_not_a_success(
    app: Flask, client: StrictClient, database: Database, small_city: None
) -> None:
    """The row breaks a rule only when it is written, after the page is made."""
    probe(
        app,
        "/add",
        lambda: (g.db_session.add(City(id=1, name="Again", is_fictional=True, attribution="")), "")[1],
        "POST",
    )
    app.config["PROPAGATE_EXCEPTIONS"] = False
    assert client.submit("/add").status_code == 500
    assert "Something failed inside the hub" in client.page.main


def test_a_get_that_leaves_changes_behind_fails(
    app: Flask, client: StrictClient, people: dict[Role, str], database: Database
) -> None:
    def stray() -> str:
        g.db_session.scalars(select(Person)).first().name = "Somebody else"
        return ""

    probe(app, "/stray", stray)
    with pytest.raises(RuntimeError, match="GET of stray left changes behind"):
        client.get("/stray")
    with database.reading() as session:
        assert "Somebody else" not in session.scalars(select(Person.name)).all()


# --- Errors ----------------------------------------------------------------------------------------------------------


@on_one_database
@pytest.mark.parametrize(
    "kind",
    [BadRequest, BadFile, NotSignedIn, NotAllowed, Conflict, TooMany, TooLarge, Unavailable],
    ids=lambda k: k.__name__,
)
def test_every_refusal_is_a_page_with_its_status_sentence_and_remedy(
    app: Flask, client: StrictClient, kind: type[HubError]
) -> None:
    def refuse() -> str:
        raise kind("<b>The sentence.</b>", remedy="The remedy.")

    probe(app, "/refuse", refuse)
    assert client.get("/refuse").status_code == kind.status
    assert client.page.h1 == kind.title
    assert "<b>The sentence.</b> The remedy." in client.page.main
    assert ("Reference:" in client.page.main) is (kind.status >= 500)


@on_one_database
def test_a_fault_of_ours_shows_a_reference_and_nothing_of_what_failed(
    app: Flask, client: StrictClient, caplog: pytest.LogCaptureFixture
) -> None:
    def fail() -> str:
        raise KeyError("a secret from the file")

    probe(app, "/fail", fail)
    answer = client.get("/fail")
    assert answer.status_code == 500
    assert "secret" not in answer.get_data(as_text=True)
    assert "Nothing you had saved is lost." in client.page.main
    [record] = [record for record in caplog.records if record.name == "hub.web"]
    assert f"Reference: {record.__dict__['reference']}" in client.page.main


def test_after_a_failed_statement_the_error_page_still_shows(
    app: Flask, client: StrictClient, small_city: None
) -> None:
    """On PostgreSQL, a failed statement spoils the transaction in which the page's own header would be read."""

    def twice() -> str:
        g.db_session.add(City(id=1, name="Again", is_fictional=True, attribution=""))
        g.db_session.flush()
        return ""

    probe(app, "/twice", twice, "POST")
    assert client.submit("/twice").status_code == 500
    assert "Fictional. Smallport does not exist" in client.page.text


@on_one_database
def test_a_mistake_in_a_template_is_an_error_and_not_a_gap(app: Flask, client: StrictClient) -> None:
    probe(app, "/gap", lambda: render_template_string("{{ nothing_of_that_name }}"))
    assert client.get("/gap").status_code == 500


@on_one_database
def test_absent_pages_and_wrong_methods_ask_a_stranger_to_sign_in(client: StrictClient) -> None:
    for path in ("/no-such-page", "/sign-out", "/areas/x/y/z", "/%00", "/%ff%fe"):
        assert client.get(path).status_code == 302
        assert client.delete(path).status_code == 401


@on_one_database
def test_absent_pages_and_wrong_methods_are_told_to_somebody_signed_in(
    client: StrictClient, people: dict[Role, str]
) -> None:
    client.sign_in(people[Role.ADMINISTRATOR], PASSWORD)
    assert client.get("/no-such-page").status_code == 404
    assert client.page.h1 == "Page not found"
    wrong = client.get("/sign-out")
    assert (wrong.status_code, wrong.headers["Allow"]) == (405, "OPTIONS, POST")
    assert client.delete("/", headers={"X-CSRFToken": client.csrf_token or ""}).status_code == 405


def test_a_character_that_cannot_be_kept_is_refused_on_both_databases(
    client: StrictClient, people: dict[Role, str]
) -> None:
    assert client.sign_in("jo\x00@test.example", "x").status_code == 400
    client.sign_in(people[Role.ADMINISTRATOR], PASSWORD)
    assert client.get("/areas/%00/hotspots").status_code == 400
    assert client.get("/?month=%00").status_code == 400
    assert client.get("/?%00=1").status_code == 400
    assert client.get("/?month=%ff%f0%9f%98%80").status_code == 200


@on_one_database
def test_too_large_a_form_and_too_many_parts_are_refused(client: StrictClient) -> None:
    client.get("/sign-in")
    limits = {"email": "x" * 2_100_000}, {f"part{number}": "" for number in range(1_001)}
    for fields in limits:
        data = {"csrf_token": client.csrf_token, **fields}
        assert client.post("/sign-in", data=data, content_type="multipart/form-data").status_code == 413
        assert "larger than 50 MB" in client.page.main


@on_one_database
def test_a_body_is_not_read_from_somebody_who_is_not_let_in(client: StrictClient) -> None:
    class Body:
        """Notes whether it was read."""

        was_read = False

        def read(self, *args: object) -> bytes:
            self.was_read = True
            return b""

        readline = read

    def is_read(path: str) -> bool:
        body, form = Body(), "multipart/form-data; boundary=x"
        sent = {"wsgi.input": body, "CONTENT_LENGTH": "1000"}
        client.post(path, content_type=form, environ_overrides=sent)
        return body.was_read

    assert is_read("/sign-in")
    assert not is_read("/no-such-page")


# --- A database that is away -----------------------------------------------------------------------------------------


def test_a_database_that_is_away_is_a_plain_page_within_5_seconds_and_then_all_is_well(
    new_settings: Callable[..., Settings],
) -> None:
    """The database is reached through a door that the test closes and opens again, without a restart."""
    settings = new_settings("postgresql")
    address = settings.database_url.rpartition("@")[2]
    host_and_port, _, name = address.partition("/")
    door = _Door(int(host_and_port.rpartition(":")[2]))
    app = make_app(replace(settings, database_url=f"postgresql://hub_web@127.0.0.1:{door.port}/{name}"))
    client = app.test_client()
    assert client.get("/sign-in").status_code == 200
    door.close()
    started = time.monotonic()
    for ask in (
        lambda: client.get("/sign-in"),
        lambda: client.submit("/sign-in", {"email": "a@b.example", "password": "x"}),
    ):
        assert ask().status_code == 503
        assert "cannot be reached just now" in client.page.main
    assert time.monotonic() - started < 2 * SECONDS_TO_CONNECT, "it is refused, and not waited for"
    door.open()
    assert client.get("/sign-in").status_code == 200
    app.extensions["hub_database"].engine.dispose()
    door.close()


class _Door:
    """Passes bytes on to a port, while open."""

    def __init__(self, target: int) -> None:
        self._target = target
        self.port = 0
        self.open()

    def open(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", self.port))
        self.port = self._listener.getsockname()[1]
        self._through: list[socket.socket] = []
        threading.Thread(target=self._admit, daemon=True).start()

    def close(self) -> None:
        # A listener in accept() goes on listening until it is shut down.
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for end in self._through:
            end.close()

    def _admit(self) -> None:
        while True:
            try:
                outside, _ = self._listener.accept()
            except OSError:
                return
            inside = socket.create_connection(("127.0.0.1", self._target))
            self._through += [outside, inside]
            for source, sink in ((outside, inside), (inside, outside)):
                threading.Thread(target=self._pass, args=(source, sink), daemon=True).start()

    @staticmethod
    def _pass(source: socket.socket, sink: socket.socket) -> None:
        try:
            while received := source.recv(65536):
                sink.sendall(received)
        except OSError:
            pass
        for end in (source, sink):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue


@on_one_database
def test_a_connection_lost_in_the_middle_is_a_plain_page(app: Flask, client: StrictClient, database: Database) -> None:
    def lose() -> str:
        raise OperationalError("SELECT secret", {}, Exception("server closed the connection"))

    probe(app, "/lose", lose)
    answer = client.get("/lose")
    assert answer.status_code == 503
    assert "secret" not in answer.get_data(as_text=True)


def test_a_small_write_gives_up_at_once_where_another_waits(new_settings: Callable[..., Settings]) -> None:
    database = Database(new_settings("sqlite"))
    with database.writing() as holder:
        holder.execute(update(City).values(name="x"))
        with pytest.raises(OperationalError, match="locked"), database.writing_if_free() as session:
            session.execute(update(City).values(name="y"))
    with database.writing_if_free() as session:
        session.execute(update(City).values(name="y"))
    with database.engine.connect() as connection:
        assert connection.execute(text("PRAGMA busy_timeout")).scalar() == 30_000
    database.engine.dispose()
