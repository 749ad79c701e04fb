"""A report for anybody: once a council leader said so and until it is withdrawn, protected figures and no marking."""

from __future__ import annotations

import re
from uuid import UUID

import pytest
from flask import Flask

from hub.access import Role
from hub.errors import NotFound
from hub.reports import publishing, service
from hub.words import MARKING
from tests.client import StrictClient
from tests.conftest import HOME, PASSWORD
from tests.reports.conftest import COUNTS, LEADER, LIAISON, OFFICER, Press
from tests.summaries.counted import LATEST, as_released, by, total


def signed_in(app: Flask, email: str) -> StrictClient:
    client = app.test_client()
    assert isinstance(client, StrictClient)
    client.sign_in(email, PASSWORD)
    return client


def test_the_public_reads_what_a_leader_published_and_nothing_before_or_after(
    app: Flask, press: Press, client: StrictClient
) -> None:
    report_id, draft_id = press.approved("quarterly"), press.draft("annual")
    leader, liaison = (signed_in(app, press.people[role]) for role in (LEADER, LIAISON))
    here = f"/areas/{HOME}/reports/{report_id}"
    assert client.get(f"/public/reports/{report_id}").status_code == 404, "a report's own id is no public address"
    assert leader.get(f"/areas/{HOME}/reports/{draft_id}/public").status_code == 404
    assert liaison.submit(f"{here}/publish").status_code == 403
    assert leader.get(f"{here}/public").status_code == 200
    assert leader.submit(f"{here}/publish").status_code == 302
    public_id = published(press, report_id)
    response = client.get(f"/public/reports/{public_id}")
    assert response.status_code == 200
    assert response.headers["X-Robots-Tag"] == "noindex"
    assert response.headers["Cache-Control"] == "no-store, private", "so that it is gone as soon as it is withdrawn"
    page, said = client.page, response.get_data(as_text=True)
    assert MARKING not in said
    assert page.h1 == "Alder: quarterly update to March 2025"
    for wanted in ("Edition 1.", "Open Government Licence", "Made on ", "every figure here is invented"):
        assert wanted in page.main, wanted
    shown = {int(number.replace(",", "")) for number in re.findall(r">([\d,]+)<", said)}
    exact = {total(COUNTS, LATEST), *by(COUNTS, "group", LATEST).values(), *by(COUNTS, "ward_code", LATEST).values()}
    assert {as_released(count) for count in exact} <= shown
    assert not {count for count in exact if count % 5} & shown
    for name in ("Council Leader", "Liaison", "Officer", str(report_id)):
        assert name not in said, "it names nobody, and no address within the hub"
    assert leader.submit(f"{here}/publish").status_code == 409
    assert leader.submit(f"{here}/withdraw").status_code == 302
    assert client.get(f"/public/reports/{public_id}").status_code == 404
    assert leader.submit(f"{here}/publish", {"is_indexed": "yes"}).status_code == 302
    again = published(press, report_id)
    assert again != public_id, "an address that was withdrawn stays empty"
    assert "X-Robots-Tag" not in client.get(f"/public/reports/{again}").headers


def test_questions_are_not_for_the_public_and_a_leader_of_nowhere_near_publishes_nothing(press: Press) -> None:
    report_id = press.draft()
    press.edit(
        report_id,
        lambda chosen: [type(one)(one.key, one.is_included, f"Words under {one.key}.") for one in chosen],
    )
    press.ask(report_id)
    press.approve(report_id)
    with press.desk.reading(press.people[LEADER]) as viewer:
        area = service.borough(viewer, HOME)
        public = str(publishing.preview(viewer, area, report_id).parts)
        whole = str(service.show(viewer, area, report_id).document.parts)
    assert "Words under questions." in whole
    assert "Words under questions." not in public
    assert "Words under actions." in public
    with press.desk.reading(press.people[Role.BCU_COMMANDER]) as viewer, pytest.raises(NotFound):
        publishing.published(viewer.session, report_id)


def published(press: Press, report_id: UUID) -> UUID:
    with press.desk.reading(press.people[OFFICER]) as viewer:
        found = service.show(viewer, service.borough(viewer, HOME), report_id).public_id
        assert found is not None
        return found
