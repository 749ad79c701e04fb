"""The pages of assessments: asked for, read on the problem's page and at home, and taken away as a file."""

from __future__ import annotations

import csv
import io
import re

from sqlalchemy import select

from hub.access import Role
from hub.accounts import service as accounts
from hub.assessments import due, service
from hub.config import Settings
from hub.jobs import Job, Worker
from tests.assessments.conftest import Open
from tests.assessments.responses_made import robberies
from tests.client import StrictClient
from tests.conftest import HOME, PASSWORD
from tests.hotspots.figures_given import Figures
from tests.uploads.desk import Desk

OFFICER = Role.CSP_OFFICER


def test_an_assessment_is_asked_for_read_and_taken_away(
    client: StrictClient, desk: Desk, live: Figures, people: dict[Role, str], open_one: Open, settings: Settings
) -> None:
    live.points(HOME, robberies(kept=0.5))
    problem_id = open_one(assess="", words="=HYPERLINK(1)")
    client.sign_in(people[OFFICER], PASSWORD)
    address = f"/problems/{problem_id}"
    assert "Not worked out yet." in client.get(address).text
    assert client.post(f"{address}/assessments", data={"csrf_token": client.csrf_token}).status_code == 302
    again = client.post(f"{address}/assessments", data={"csrf_token": client.csrf_token})
    assert again.status_code == 409
    assert "is being assessed already" in again.text
    with desk.database.reading() as session:
        assert len(session.scalars(select(Job).where(Job.kind == service.RUN)).all()) == 1
    assert Worker(desk.database, due.handlers(desk.database, settings), accounts.viewer_of).run_one()
    page = client.get(address)
    assert "It fell by more than places like it" in page.text
    link = re.findall(rf'href="({address}/assessments/[0-9a-f-]+)"', page.text)[0]
    shown = client.get(link)
    assert client.page.h1 == "Fell"
    for words in ("Change against the control", "Staff at the gates every evening.", "Total net effect", "£9,000"):
        assert words in shown.text
    assert "Newly assessed" in client.get("/").text
    assert client.get(f"{link}/figures.csv").status_code == 200
    taken = client.post(f"{link}/figures.csv", data={"csrf_token": client.csrf_token, "purpose": "tasking"})
    rows = list(csv.reader(io.StringIO(taken.text.lstrip("\ufeff"))))
    assert ["Result", "Fell"] in rows
    heads = rows.index(next(row for row in rows if row[:2] == ["Month", "Before or after"]))
    assert len(rows[heads + 1 :]) == 22
    assert all(cell.isdecimal() for row in rows[heads + 1 :] for cell in row[2:])
    nothing = client.post(f"{link}/figures.csv", data={"csrf_token": client.csrf_token})
    assert nothing.status_code == 400
    client.get(address)
    anew = client.post(f"{address}/assessments", data={"csrf_token": client.csrf_token})
    assert anew.status_code == 302, "it may be worked out again once it was"
    assert "The hub, by itself" not in client.get(address).text
