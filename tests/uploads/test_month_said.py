"""A file of one month, no column of which says so: the month is asked for, kept with the upload, and never guessed."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest

from hub.access import Role
from hub.accounts import service as accounts
from hub.errors import BadRequest
from hub.uploads import corrections, intake, kinds, service, views
from hub.uploads.intake import Said
from hub.uploads.models import State
from tests.client import StrictClient
from tests.conftest import PASSWORD, officer_of
from tests.uploads.desk import Desk, check, degrees
from tests.uploads.test_pages import chosen, send, work_off
from tests.uploads.test_service import EAST, WEST, live

CONTENT = f"Ward code,Category,Count\n{WEST},Burglary,3\n{EAST},Burglary,four\n"
HEADINGS = ("Ward code", "Category", "Count")
CITY, STREET = "E09000001", "police-uk/city-of-london-street/2024-01-city-of-london-street.csv"


@pytest.fixture
def officer(people: dict[Role, str]) -> str:
    return people[Role.CSP_OFFICER]


def columns(dataset: str, *headings: str) -> dict[str, str]:
    return kinds.propose(headings, kinds.DATASETS[dataset])


def test_points_and_counts_are_put_in_the_month_that_is_said() -> None:
    counts = check(
        "Ward code,Category,Count\nF05000011,Burglary,3\nF05000005,Theft,4\n",
        "ward_counts",
        column_fields=columns("ward_counts", "Ward code", "Category", "Count"),
        answers={"month": "2025-03"},
    )
    assert counts.report["problems"]["month_said"]["severity"] == "note"
    assert (counts.report["months"], counts.report["total"], counts.report["refused"]) == (["2025-03"], 7, 0)
    points = check(
        f"Type,Time,Longitude,Latitude\nNoise,14:05,{degrees(500)}\nNoise,,{degrees(1500)}\n",
        "other_points",
        column_fields=columns("other_points", "Type", "Time", "Longitude", "Latitude"),
        answers={"month": "2025-03"},
    )
    assert (points.report["months"], points.report["placed"]) == (["2025-03"], 2)
    assert points.rows["occurred_from"].null_count() == 2, "a time without its day says nothing"


@pytest.mark.parametrize(
    ("said", "words"),
    [("13/2025", "'13/2025' is no month"), ("2999-01", "'2999-01' is no month"), ("1889-01", "no month from")],
)
def test_what_is_no_month_is_refused_and_every_way_to_write_one_is_read(said: str, words: str) -> None:
    assert {service.read_month(one) for one in ("2025-03", "202503", " Mar-25 ", "March 2025")} == {"2025-03"}
    assert service.read_month(" ") == ""
    with pytest.raises(BadRequest, match=words) as refusal:
        service.read_month(said)
    assert "2025-03" in refusal.value.remedy


@pytest.mark.usefixtures("in_this_process")
def test_a_file_without_a_month_is_recognised_and_the_refusal_tells_what_to_say(desk: Desk, officer: str) -> None:
    upload_id = desk.receive(officer, CONTENT)
    with desk.reading(officer) as viewer:
        proposal = service.propose(viewer, upload_id)
    assert proposal.kind is kinds.DATASETS["ward_counts"]
    with desk.writing(officer) as viewer, pytest.raises(BadRequest, match="No column is given for: Month") as refusal:
        service.set_columns(viewer, upload_id, "ward_counts", proposal.column_fields)
    assert "say which month that is" in refusal.value.remedy
    with desk.writing(officer) as viewer:
        service.set_columns(viewer, upload_id, "ward_counts", proposal.column_fields, month="2024-01")
    desk.recheck(officer, upload_id)
    with desk.writing(officer) as viewer:
        corrections.edit(viewer, upload_id, [corrections.Cell(3, "Count", "4")])
    desk.recheck(officer, upload_id)
    with desk.writing(officer) as viewer:
        service.commit(viewer, upload_id)
    assert live(desk, officer) == {(WEST, "2024-01"): 3, (EAST, "2024-01"): 4}


@pytest.mark.usefixtures("in_this_process")
def test_the_month_of_one_file_is_never_that_of_the_next_but_of_its_marked_copy_it_is(desk: Desk, officer: str) -> None:
    first = desk.receive(officer, CONTENT)
    with desk.writing(officer) as viewer:
        service.set_columns(viewer, first, "ward_counts", columns("ward_counts", *HEADINGS), month="2024-01")
    desk.recheck(officer, first)
    following = desk.receive(officer, CONTENT.replace(",3", ",5"))
    with desk.reading(officer) as viewer:
        shown = views.upload(viewer, following)
        assert (shown.state, shown.month_said) == (State.RECEIVED, "")
        assert service.propose(viewer, following).column_fields == columns("ward_counts", *HEADINGS)
    with desk.writing(officer) as viewer:
        corrections.hold(viewer, first, is_holding=True)
        service.commit(viewer, first)
        again = service.fix_held(viewer, first).id
    with desk.reading(officer) as viewer:
        assert views.upload(viewer, again).month_said == "2024-01"


@pytest.mark.usefixtures("in_this_process")
def test_a_month_said_beside_a_column_that_says_one_is_refused(desk: Desk, officer: str) -> None:
    content = CONTENT.replace("Count\n", "Count,Month\n").replace(",3", ",3,2024-02").replace(",four", ",4,2024-02")
    upload_id = desk.receive(officer, content)
    fields = columns("ward_counts", *HEADINGS, "Month")
    with desk.writing(officer) as viewer:
        with pytest.raises(BadRequest, match="the column 'Month' says when"):
            service.set_columns(viewer, upload_id, "ward_counts", fields, month="2024-01")
        service.set_columns(viewer, upload_id, "ward_counts", fields)
    desk.recheck(officer, upload_id)
    assert desk.outcome(officer, upload_id)["months"] == ["2024-02"]


@pytest.mark.usefixtures("in_this_process")
def test_a_script_says_it_beforehand(desk: Desk, officer: str) -> None:
    upload_id = desk.receive(officer, CONTENT.replace("four", "4"))
    with desk.database.session(writes=True) as session:
        viewer = accounts.viewer_by_email(session, officer)
        intake.take_in(viewer, upload_id, Said(month="2024-01"), lambda words: None)
    outcome = desk.outcome(officer, upload_id)
    assert (outcome["dataset"], outcome["months"], outcome["total"]) == ("ward_counts", ["2024-01"], 7)


def test_the_columns_page_asks_for_it_and_keeps_what_was_typed(
    client: StrictClient, in_this_process: None, desk: Desk, officer: str
) -> None:
    client.sign_in(officer, PASSWORD)
    place = send(client, CONTENT.replace("four", "4"))
    client.get(place)
    fields = chosen(client)
    assert (fields["field-ward_code"], fields["month"]) == ("Ward code", "")
    client.submit(place, fields)
    assert "say which month that is" in client.page.errors[0]
    client.submit(place, {**fields, "month": "Janvier"})
    assert "'Janvier' is no month" in client.page.errors[0]
    assert chosen(client)["month"] == "Janvier"
    assert client.submit(place, {**fields, "month": "Jan 2024"}).status_code == 302
    work_off(desk)
    client.get(place)
    assert chosen(client)["month"] == "2024-01"
    client.get(f"{place.removesuffix('/columns')}/check")
    assert "Every row was put in January 2024, as you said" in client.page.main


@pytest.mark.slow
@pytest.mark.xdist_group("uploads-london")
def test_a_real_file_of_one_month_counts_the_same_without_its_month(london: Desk, real_data: Path) -> None:
    whole = (real_data / STREET).read_text("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(whole)))
    shorn = io.StringIO()
    writer = csv.DictWriter(shorn, [heading for heading in rows[0] if heading != "Month"], extrasaction="ignore")
    writer.writeheader()
    writer.writerows(rows)
    officer = officer_of(CITY)
    outcomes = []
    for content, month in ((whole, ""), (shorn.getvalue(), "2024-01")):
        upload_id = london.receive(officer, content)
        with london.database.session(writes=True) as session:
            intake.take_in(
                accounts.viewer_by_email(session, officer), upload_id, Said(dataset="street_points", month=month), print
            )
        outcomes.append(london.outcome(officer, upload_id))
    with_column, said = ({key: one[key] for key in ("months", "rows", "placed", "unplaced")} for one in outcomes)
    assert with_column == said
    assert said["months"] == ["2024-01"]
