"""T18: a token, a victim's name and a coordinate that pass through the hub stand in no line of its log."""

from __future__ import annotations

import http.client
import io
import logging
from collections.abc import Callable, Iterator
from uuid import UUID

import orjson
import pytest
from sqlalchemy import insert

from hub import logs
from hub.access import Role, Viewer
from hub.accounts import service as accounts
from hub.accounts import tokens
from hub.agreements.service import today
from hub.config import Settings
from hub.db import Database
from hub.jobs import Worker, enqueue
from hub.uploads import intake
from hub.zones import service as zones
from hub.zones.models import Zone
from tests.client import StrictClient
from tests.conftest import HOME, PASSWORD
from tests.processes import commands_running, free_port, wait_until_it_answers
from tests.uploads.desk import degrees

VICTIM = "Zebediah Quillfeather"
PLACE = degrees(0.5)
NAMES = f"Victim name,Month,Longitude,Latitude,Category\n{VICTIM},2025-01,{PLACE},Robbery\n".encode()
PLACES = f"Month,Longitude,Latitude,Category,Note\n2025-01,{PLACE},Robbery,{VICTIM}\n".encode()
WRONG_TOKEN = "hub_planted-token-that-is-nobodys"


class Kept(logging.Handler):
    """Keeps every line as it would be written."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.setFormatter(logs.Structured())
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record))


@pytest.fixture
def kept() -> Iterator[Kept]:
    """The log at its most talkative, as `hub serve` and `hub work` set it up."""
    handler, root = Kept(), logging.getLogger()
    before = root.level
    logs.begin(logging.DEBUG)
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield handler
    root.removeHandler(handler)
    root.setLevel(before)


def a_token(database: Database, email: str) -> str:
    """A token of an officer's, as a script shows it."""
    with database.writing() as session:
        _, written = tokens.make(accounts.viewer_by_email(session, email), "Nightly", "other_points", today())
    return written


def form(content: bytes) -> dict[str, object]:
    return {"file": (io.BytesIO(content), f"{VICTIM}.csv"), "commit": "1"}


def quoted(lines: list[str], token: str) -> list[str]:
    """Lines in which something planted stands."""
    east, north = PLACE.split(",")
    return [
        line
        for line in lines
        if any(each in line for each in (VICTIM, "Quillfeather", token, WRONG_TOKEN, east, north))
    ]


@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
def test_nothing_planted_stands_in_the_log_of_uploads_failures_and_faults(
    client: StrictClient,
    database: Database,
    people: dict[Role, str],
    kept: Kept,
    monkeypatch: pytest.MonkeyPatch,
    record_property: Callable[[str, object], None],
) -> None:
    officer = people[Role.CSP_OFFICER]
    token = a_token(database, officer)
    shown = {"Authorization": f"Bearer {token}"}
    for content in (NAMES, PLACES, PLACES[:-9] + b"\xff\xfe\x00", b"PK\x03\x04" + NAMES):
        client.post("/api/uploads", data=form(content), headers=shown)
    client.post("/api/uploads", data=form(PLACES), headers={"Authorization": f"Bearer {WRONG_TOKEN}"})
    client.get(f"/api/uploads/{UUID(int=1)}?token={token}&name={VICTIM}", headers=shown)
    handlers = {**intake.HANDLERS, "fails": fail}
    with database.writing() as session:
        enqueue(accounts.viewer_by_email(session, officer), "fails")
    worker = Worker(database, handlers, accounts.viewer_of)
    while worker.run_one():
        pass
    client.sign_in(officer, PASSWORD)
    monkeypatch.setattr(zones, "zones", lambda *_: fail())
    client.application.testing = False
    assert client.get(f"/areas/{HOME}/zones?name={VICTIM}&at={PLACE}").status_code == 500
    monkeypatch.setattr(zones, "zones", broken_by_the_database)
    assert client.get(f"/areas/{HOME}/zones").status_code >= 500
    record_property("log lines", len(kept.lines))
    print(f"T18: {len(kept.lines)} lines, none with anything planted.")
    assert quoted(kept.lines, token) == []
    faults = [orjson.loads(line) for line in kept.lines if '"ERROR"' in line]
    assert {fault["message"] for fault in faults} >= {"request failed", "job failed"}
    assert {fault["error"] for fault in faults} >= {"ValueError"}
    assert all(fault["at"].endswith("+00:00") for fault in faults)


def fail(*_: object) -> None:
    """Fail as a library would, quoting what it met."""
    raise ValueError(f"could not convert string to float: {VICTIM!r} at {PLACE}")


def broken_by_the_database(viewer: Viewer, *_: object) -> None:
    """Fail as a database would, quoting the row it met."""
    viewer.session.execute(insert(Zone), [{"id": UUID(int=1), "area_key": HOME, "name": VICTIM}])


@pytest.mark.slow
@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
def test_nothing_planted_stands_in_what_the_web_server_writes(
    database: Database, people: dict[Role, str], settings: Settings, capfd: pytest.CaptureFixture[str]
) -> None:
    token, port = a_token(database, people[Role.CSP_OFFICER]), free_port()
    with commands_running(settings, ("serve", "--port", str(port), "--workers", "1")):
        wait_until_it_answers(port)
        for headers in (
            {"Authorization": f"Bearer {token}", "Content-Length": "ten"},
            {"Authorization": f"Bearer {token}", f"Bad header {VICTIM}": PLACE},
            {"Authorization": f"Bearer {WRONG_TOKEN}"},
        ):
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
            connection.putrequest("GET", f"/api/uploads/{UUID(int=1)}?token={token}")
            for name, value in headers.items():
                connection._buffer.append(f"{name}: {value}".encode())
            connection.endheaders()
            assert connection.getresponse().status in {400, 401}
            connection.close()
    assert quoted(capfd.readouterr().err.splitlines(), token) == []
