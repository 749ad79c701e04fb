"""The files of an approved report: made once by a worker, the same bytes for ever, and refused where they are not."""

from __future__ import annotations

import hashlib
import time
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import select

from hub.accounts import service as accounts
from hub.audit import AuditEntry
from hub.config import Settings
from hub.db import EVERYWHERE
from hub.documents import writers
from hub.documents.writers import Form
from hub.errors import Conflict, NotFound
from hub.jobs import Worker
from hub.reports import rendering, rows, service, telling
from hub.reports.models import Report, ReportFile
from tests.client import StrictClient
from tests.conftest import HOME, PASSWORD
from tests.reports.conftest import LEADER, OFFICER, Press

A_YEAR_SECONDS = 366 * 24 * 3600


def work(press: Press, settings: Settings) -> None:
    """Let a worker do all that waits for it."""
    worker = Worker(press.desk.database, telling.handlers(settings), accounts.viewer_of)
    while worker.run_one():
        pass


def files_of(press: Press, report_id: UUID) -> dict[str, tuple[bytes, str]]:
    with press.desk.database.reading() as session, session.scoped(EVERYWHERE):
        rows = session.scalars(select(ReportFile).where(ReportFile.report_id == report_id)).all()
        return {row.form: (row.content, row.sha256) for row in rows}


def take(press: Press, report_id: UUID, form: Form) -> bytes:
    with press.desk.reading(press.people[LEADER]) as viewer:
        return rendering.file(viewer, service.borough(viewer, HOME), report_id, form).content


def test_reopened_a_year_on_a_report_is_byte_for_byte_the_same_in_every_form(
    press: Press, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    report_id = press.approved()
    before_any_worker = {form: take(press, report_id, form) for form in Form}
    work(press, settings)
    kept = files_of(press, report_id)
    assert kept.keys() == {form.value for form in Form}
    now = time.time
    monkeypatch.setattr(time, "time", lambda: now() + A_YEAR_SECONDS)
    work(press, settings)
    for form in Form:
        content, sha256 = kept[form.value]
        assert content == before_any_worker[form] == take(press, report_id, form), form
        assert hashlib.sha256(content).hexdigest() == sha256
    with press.desk.database.reading() as session, session.scoped(EVERYWHERE):
        row = session.get_one(Report, report_id)
        assert {form: writers.write(rows.frozen(row), form).content for form in Form} == before_any_worker
    with press.desk.database.writing() as session, session.scoped(EVERYWHERE):
        session.get_one(Report, report_id).document = b"{}"
        for file in session.scalars(select(ReportFile)):
            file.content += b" "
    with pytest.raises(Conflict, match="not what was kept"):
        take(press, report_id, Form.HTML)
    with pytest.raises(Conflict, match="not what was approved"):
        press.show(report_id)


def test_a_leader_takes_the_newest_report_in_two_steps_and_a_draft_has_no_file(app: Flask, press: Press) -> None:
    drafted, client = press.draft(), app.test_client()
    assert isinstance(client, StrictClient)
    client.sign_in(press.people[LEADER], PASSWORD)
    assert client.get(f"/areas/{HOME}/reports/latest.html").status_code == 404
    assert client.get(f"/areas/{HOME}/reports/{drafted}/report.html").status_code == 404
    with press.desk.reading(press.people[OFFICER]) as viewer, pytest.raises(NotFound):
        rendering.file(viewer, service.borough(viewer, HOME), drafted, Form.HTML)
    report_id = press.approved("committee")
    assert client.get(f"/areas/{HOME}/reports/latest.html").status_code == 200
    assert "kept on record." in client.page.main
    assert client.get(f"/areas/{HOME}/reports/latest.tape").status_code == 404
    address = f"/areas/{HOME}/reports/{report_id}/report.html"
    assert client.submit(address, {"purpose": ""}).status_code == 400
    taken = client.take(address, "scrutiny")
    assert taken.data == take(press, report_id, Form.HTML)
    assert f"committee-{HOME}-2025-03-edition-1-html.html" in taken.headers["Content-Disposition"]
    with press.desk.database.reading() as session:
        [entry] = session.scalars(select(AuditEntry).where(AuditEntry.action == "report.exported"))
        assert (entry.subject, entry.details["purpose"]) == (str(report_id), "scrutiny")
