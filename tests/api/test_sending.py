"""Files sent by scripts: checked and told as on the command line, in the token's dataset and its maker's scope only."""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import pytest
from flask import Flask
from sqlalchemy import func, select, update

from hub.access import Role
from hub.accounts import service as accounts
from hub.accounts import tokens
from hub.accounts.models import Person
from hub.audit import AuditEntry
from hub.db import EVERYWHERE, Database
from hub.jobs import Worker
from hub.uploads import intake, service, views
from hub.uploads import work as working
from hub.uploads.models import Upload, Version
from hub.words import LONDON
from tests.client import StrictClient
from tests.conftest import PASSWORD

GOOD = "WardCode,Month,Category,Count\nF05000000,2025-01,Burglary,4\nF05000001,2025-01,Burglary,5\n"
FAULTY = GOOD.replace(",5", ",five")
OF_ANOTHER = GOOD.replace("F05000001", "F05000004")

Send = Callable[..., Any]

pytestmark = pytest.mark.usefixtures("in_this_process")


@pytest.fixture
def token(database: Database, people: dict[Role, str]) -> str:
    """What the officer's script shows, for ward counts."""
    with database.writing() as session:
        viewer = accounts.viewer_by_email(session, people[Role.CSP_OFFICER])
        return tokens.make(viewer, "Nightly", "ward_counts", dt.datetime.now(LONDON).date())[1]


@pytest.fixture
def send(client: StrictClient, token: str) -> Send:
    """Send a file as a script does."""

    def send(content: str, name: str = "counts.csv", *, shown: str | None = token, **form: str) -> Any:
        headers = {"Authorization": f"Bearer {shown}"} if shown else {}
        data = {"file": (io.BytesIO(content.encode()), name), **form}
        return client.post("/api/uploads", data=data, headers=headers)

    return send


@pytest.fixture
def work(database: Database) -> Callable[[], None]:
    """Do whatever jobs are waiting."""
    worker = Worker(database, intake.HANDLERS, accounts.viewer_of)

    def work() -> None:
        while worker.run_one():
            pass

    return work


def look(client: StrictClient, address: str, token: str) -> Any:
    return client.get(address, headers={"Authorization": f"Bearer {token}"})


def count(database: Database, table: Any) -> int:
    with database.reading() as session:
        session.set_scope(EVERYWHERE)
        return session.scalar(select(func.count()).select_from(table)) or 0


def test_a_file_is_checked_made_live_and_told_as_the_command_line_tells_it(
    database: Database, client: StrictClient, send: Send, work: Callable[[], None], token: str, people: dict[Role, str]
) -> None:
    sent = send(GOOD, commit="1")
    assert (sent.status_code, sent.mimetype) == (202, "application/json")
    assert (sent.json["state"], sent.json["at_work"]) == ("received", True)
    address = sent.headers["Location"]
    assert address == f"/api/uploads/{sent.json['id']}"
    assert look(client, address, token).json["at_work"]
    work()
    told = look(client, address, token).json
    assert (told["state"], told["placed"], told["total"], told["at_work"]) == ("committed", 9, 9, False)
    with database.reading() as session:
        viewer = accounts.viewer_by_email(session, people[Role.CSP_OFFICER])
        assert {key: told[key] for key in told.keys() - {"at_work", "progress"}} == views.outcome(
            viewer, UUID(told["id"])
        )
        actions = session.scalars(select(AuditEntry.action).order_by(AuditEntry.number)).all()
        assert {"token.made", "token.used", "upload.received", "upload.checked", "upload.committed"} <= set(actions)


def test_a_file_is_only_checked_unless_it_is_to_be_committed(
    database: Database, client: StrictClient, send: Send, work: Callable[[], None], token: str
) -> None:
    sent = send(GOOD)
    work()
    assert look(client, sent.headers["Location"], token).json["state"] == "checked"
    assert count(database, Version) == 0
    refused = send(GOOD, commit="yes")
    assert (refused.status_code, refused.json["error"]) == (400, "commit is 'yes'.")
    assert count(database, Upload) == 1


def test_the_month_of_a_file_that_has_none_is_a_field_beside_it(
    database: Database, client: StrictClient, send: Send, work: Callable[[], None], token: str
) -> None:
    content = "WardCode,Category,Count\nF05000000,Burglary,4\n"
    refused = send(content, month="2025-13")
    assert (refused.status_code, refused.json["error"][:22]) == (400, "'2025-13' is no month ")
    assert count(database, Upload) == 0
    without, sent = send(content), send(content, month="2025-01")
    work()
    assert "say which month that is" in look(client, without.headers["Location"], token).json["error"]
    assert look(client, sent.headers["Location"], token).json["months"] == ["2025-01"]


def test_what_is_at_work_can_be_stopped_until_it_is_live(
    database: Database,
    client: StrictClient,
    send: Send,
    work: Callable[[], None],
    token: str,
    people: dict[Role, str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def stop(upload_id: str) -> bool:
        with database.writing() as session:
            return service.cancel(accounts.viewer_by_email(session, people[Role.CSP_OFFICER]), UUID(upload_id))

    def stopping(viewer: Any, arguments: Any, report: Any) -> None:
        assert stop(arguments["upload_id"])
        commit(viewer, arguments, report)

    waiting = send(GOOD, commit="1")
    assert stop(waiting.json["id"])
    commit = working.commit
    with monkeypatch.context() as patched:
        patched.setattr(working, "commit", stopping)
        running = send(GOOD.replace(",5", ",6"), commit="1")
        work()
    for sent, state in ((waiting, "received"), (running, "checked")):
        told = look(client, sent.headers["Location"], token).json
        assert (told["state"], told["version"], told["at_work"]) == (state, None, False)
        assert told["error"] == "Somebody stopped this before it was done. Nothing was made live."
    assert count(database, Version) == 0
    done = send(GOOD.replace(",5", ",7"), commit="1")
    work()
    assert not stop(done.json["id"])
    assert look(client, done.headers["Location"], token).json["state"] == "committed"


def test_what_must_be_fixed_is_told_row_by_row_and_not_made_live(
    database: Database, client: StrictClient, send: Send, work: Callable[[], None], token: str
) -> None:
    sent = send(FAULTY, commit="1")
    work()
    told = look(client, sent.headers["Location"], token).json
    assert told["state"] == "checked"
    assert "must be fixed" in told["error"]
    assert (3, "Count") in {(one["row"], one["column"]) for one in told["problems"]}
    assert count(database, Version) == 0
    sent = send(GOOD, commit="1")
    work()
    assert look(client, sent.headers["Location"], token).json["state"] == "committed"


def test_rows_of_another_borough_are_refused_and_counted(
    client: StrictClient, send: Send, work: Callable[[], None], token: str
) -> None:
    sent = send(OF_ANOTHER, commit="1")
    work()
    told = look(client, sent.headers["Location"], token).json
    assert (told["placed"], told["refused"], told["boroughs"]) == (4, 5, ["F09000001"])


def test_a_file_of_another_dataset_is_refused(
    database: Database, client: StrictClient, send: Send, work: Callable[[], None], token: str
) -> None:
    points = "Crime ID,Month,Longitude,Latitude,Crime type\n,2025-01,-0.1,51.5,Burglary\n"
    sent = send(points, commit="1")
    assert sent.status_code == 202
    work()
    told = look(client, sent.headers["Location"], token).json
    assert told["error"]
    assert (told["state"], told["at_work"]) == ("received", False)
    assert count(database, Version) == 0


def test_a_token_opens_uploads_of_its_own_dataset_only(
    database: Database, client: StrictClient, send: Send, work: Callable[[], None], token: str, people: dict[Role, str]
) -> None:
    sent = send(GOOD)
    work()
    with database.writing() as session:
        viewer = accounts.viewer_by_email(session, people[Role.CSP_OFFICER])
        other = tokens.make(viewer, "Points", "street_points", dt.datetime.now(LONDON).date())[1]
    hidden, nowhere = look(client, sent.headers["Location"], other), look(client, f"/api/uploads/{uuid4()}", other)
    assert hidden.status_code == nowhere.status_code == 404
    assert hidden.data == nowhere.data
    with database.reading() as session:
        refused = select(AuditEntry.subject).where(AuditEntry.action == "access.refused")
        assert session.scalars(refused).all() == ["api.show"], "on the record, once a minute at most"
    assert look(client, sent.headers["Location"], token).status_code == 200


def test_nobody_is_let_in_without_a_good_token(
    database: Database, client: StrictClient, send: Send, token: str, people: dict[Role, str]
) -> None:
    client.sign_in(people[Role.CSP_OFFICER], PASSWORD)
    for shown in (None, "", "hub_wrong", token[:-1]):
        refused = send(GOOD, shown=shown)
        assert (refused.status_code, refused.headers["WWW-Authenticate"]) == (401, "Bearer")
        assert refused.json.keys() == {"error", "remedy"}
    assert client.get(f"/api/uploads/{uuid4()}").status_code == 401, "a cookie opens no address for scripts"
    basic = client.post("/api/uploads", headers={"Authorization": "Basic aHViOmh1Yg=="})
    assert basic.status_code == 401
    client.get("/")
    assert client.sign_out().status_code == 302
    with_token = {"Authorization": f"Bearer {token}"}
    assert client.get("/uploads/", headers=with_token).status_code == 302, "and a token opens no page"
    assert count(database, Upload) == 0
    assert send(GOOD).status_code == 202


def test_a_revoked_person_is_refused_on_the_next_request_and_their_job_keeps_nothing(
    database: Database, client: StrictClient, send: Send, work: Callable[[], None], token: str, people: dict[Role, str]
) -> None:
    address = send(GOOD, commit="1").headers["Location"]
    with database.writing() as session:
        session.execute(update(Person).where(Person.email == people[Role.CSP_OFFICER]).values(is_active=False))
    assert look(client, address, token).status_code == 401
    assert send(GOOD).status_code == 401
    work()
    assert count(database, Version) == 0


def test_errors_are_json_in_the_hubs_own_words(
    client: StrictClient, send: Send, token: str, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_token = {"Authorization": f"Bearer {token}"}
    assert "No file" in client.post("/api/uploads", headers=with_token).json["error"]
    both = {"file": [(io.BytesIO(GOOD.encode()), "a.csv"), (io.BytesIO(FAULTY.encode()), "b.csv")]}
    several = client.post("/api/uploads", data=both, headers=with_token)
    assert (several.status_code, several.json["error"]) == (400, "2 files were sent at once, and none was kept.")
    assert send("x", name="notes.docx").status_code == 422
    monkeypatch.setitem(app.config, "MAX_CONTENT_LENGTH", 1_000)
    large = send(GOOD * 100)
    assert (large.status_code, large.mimetype) == (413, "application/json")
    monkeypatch.setattr("hub.uploads.service.receive", lambda *_: 1 / 0)
    failed = send("WardCode\n")
    assert (failed.status_code, failed.json.keys()) == (500, {"error", "remedy", "reference"})
    assert "division" not in failed.get_data(as_text=True)


@pytest.mark.parametrize("path", ["/api", "/api/", "/api/nothing", "/api/uploads/", "/api/uploads/1"])
def test_where_no_address_for_scripts_is_the_answer_is_json_all_the_same(
    client: StrictClient, token: str, people: dict[Role, str], path: str
) -> None:
    with_token = {"Authorization": f"Bearer {token}"}
    absent = client.get(f"/api/uploads/{uuid4()}", headers=with_token)
    for headers in ({}, {"Accept": "text/html"}, with_token):
        for method in ("GET", "POST", "DELETE"):
            nowhere = client.open(path, method=method, headers=headers)
            assert (nowhere.status_code, nowhere.data) == (404, absent.data)
    client.sign_in(people[Role.CSP_OFFICER], PASSWORD)
    assert client.get(path).mimetype == "application/json"


def test_a_request_of_another_kind_is_told_what_the_address_takes(client: StrictClient) -> None:
    for path, method, allowed in (("/api/uploads", "GET", "POST"), (f"/api/uploads/{uuid4()}", "DELETE", "GET")):
        refused = client.open(path, method=method)
        assert (refused.status_code, refused.mimetype) == (405, "application/json")
        assert allowed in refused.headers["Allow"]
        assert "/api/openapi.json" in refused.json["remedy"]
    unwritable = client.get("/api/uploads/%00")
    assert (unwritable.status_code, unwritable.mimetype) == (400, "application/json")
    assert client.get("/apis", headers={"Accept": "text/html"}).status_code == 302, "any other address asks to sign in"


@pytest.mark.parametrize("heading", ["form-data", 'form-data; filename="a.csv"', 'form-data; name="\x00"'])
@pytest.mark.parametrize("path", ["/api/uploads", "/sign-in"])
def test_a_part_without_a_name_is_refused(client: StrictClient, token: str, path: str, heading: str) -> None:
    client.get("/sign-in")
    fields = f'--b\r\nContent-Disposition: form-data; name="csrf_token"\r\n\r\n{client.csrf_token}\r\n'
    body = f"{fields}--b\r\nContent-Disposition: {heading}\r\n\r\n1\r\n--b--\r\n"
    headers = {"Authorization": f"Bearer {token}"}
    sent = client.post(path, data=body, headers=headers, content_type="multipart/form-data; boundary=b")
    assert sent.status_code == 400
    assert "request" in sent.get_data(as_text=True)


def test_too_many_uploads_in_an_hour_are_refused(send: Send, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokens, "UPLOADS_AN_HOUR", 2)
    answers = [send(GOOD.replace("4", str(number))) for number in (6, 7, 8)]
    assert [answer.status_code for answer in answers] == [202, 202, 429]
    assert "Try again in" in answers[2].json["remedy"]
