"""The pages walk a file from a person's disk to live data and back, and show nobody more than is theirs."""

from __future__ import annotations

import io
import re
from uuid import UUID, uuid4

import pytest
from flask import Flask
from sqlalchemy import select

from hub.access import Role
from hub.accounts import service as accounts
from hub.audit import AuditEntry
from hub.jobs import Worker
from hub.uploads import work
from hub.uploads.kinds import DATASETS
from tests.client import StrictClient, words_of
from tests.conftest import PASSWORD
from tests.uploads.desk import Desk

WIDE = "MajorText,MinorText,WardCode,LookUp_BoroughName,202401,202402\n"
OWN = WIDE + "THEFT,SHOPLIFTING,F05000000,Alder,3,4\n"


@pytest.fixture
def officer_in_earnest(client: StrictClient, desk: Desk, people: dict[Role, str]) -> StrictClient:
    """A signed-in CSP officer."""
    client.sign_in(people[Role.CSP_OFFICER], PASSWORD)
    return client


@pytest.fixture
def officer(officer_in_earnest: StrictClient, in_this_process: None) -> StrictClient:
    """The same, whose files are read without a child process."""
    return officer_in_earnest


def another(app: Flask, email: str) -> StrictClient:
    """Another browser, with somebody else signed in."""
    client = app.test_client()
    assert isinstance(client, StrictClient)
    client.sign_in(email, PASSWORD)
    return client


def send(client: StrictClient, content: str | bytes, name: str = "figures.csv") -> str:
    """Upload a file; returns where the browser is sent."""
    client.get("/uploads/new")
    stream = io.BytesIO(content.encode() if isinstance(content, str) else content)
    answer = client.submit("/uploads/new", {"file": (stream, name)}, content_type="multipart/form-data")
    return answer.headers.get("Location", "")


def work_off(desk: Desk) -> None:
    worker = Worker(desk.database, work.HANDLERS, accounts.viewer_of)
    while worker.run_one():
        pass


def chosen(client: StrictClient) -> dict[str, str]:
    """What the columns page would send if nothing were changed."""
    form = next(form for form in client.page.all("form") if form.get("id") == "columns")
    fields = {field.get("name", ""): field.get("value", "") for field in form.iter("input")}
    for choice in form.iter("select"):
        fields[choice.get("name", "")] = next(
            (option.get("value", "") for option in choice.iter("option") if option.get("selected") is not None), ""
        )
    return fields


def checked(client: StrictClient, desk: Desk, content: str) -> str:
    """Walk a file up to its check page; returns its address."""
    place = send(client, content)
    if place.endswith("/columns"):
        client.get(place)
        client.submit(place, chosen(client))
    work_off(desk)
    return place.removesuffix("/columns")


def test_a_file_walks_from_disk_to_live_data_and_back(officer_in_earnest: StrictClient, desk: Desk) -> None:
    officer = officer_in_earnest
    officer.get("/uploads/")
    assert "Nothing has been uploaded" in officer.page.main
    place = send(officer, OWN, "C:\\fakepath\\figures.csv")
    upload = place.removesuffix("/columns")
    officer.get(place)
    assert "figures.csv" in officer.page.h1
    assert "202401 to 202402" in officer.page.main
    assert chosen(officer)["field-ward_code"] == "WardCode"

    assert officer.submit(place, chosen(officer)).headers["Location"] == upload
    officer.get(upload)
    assert "Waiting for its turn" in officer.page.main
    assert any(meta.get("http-equiv") == "refresh" for meta in officer.page.all("meta"))

    work_off(desk)
    assert officer.get(upload).headers["Location"] == f"{upload}/check"
    officer.get(f"{upload}/check")
    assert "Nothing is wrong" in officer.page.main
    assert "7 + 0 + 0 = 7" in officer.page.main
    rows = [words_of(row) for row in officer.page.all("tr")]
    assert "January 2024 nothing 3 –" in rows

    assert officer.submit(f"{upload}/commit").headers["Location"] == upload
    work_off(desk)
    officer.get(upload)
    assert "Live since" in officer.page.main
    officer.get("/uploads/")
    assert "Live" in officer.page.main

    officer.submit(f"{upload}/undo", follow_redirects=True)
    assert "was undone" in officer.page.main
    assert "Undo this upload" not in officer.page.main


def test_every_step_is_still_there_after_a_restart(app: Flask, officer: StrictClient, desk: Desk) -> None:
    place = send(officer, OWN)
    upload = place.removesuffix("/columns")
    email = "csp.officer@test.example"
    again = another(app, email)
    assert again.get(upload).headers["Location"] == place
    again.get(place)
    again.submit(place, chosen(again))
    again = another(app, email)
    assert "Waiting for its turn" in again.get(upload).text
    work_off(desk)
    assert another(app, email).get(upload).headers["Location"] == f"{upload}/check"


@pytest.mark.parametrize(
    ("content", "name", "words"),
    [
        (b"PK\x03\x04", "book.csv", "Excel workbook"),
        (b"a,b\n1,2\n", "book.xlsx", "but it is not"),
        (b"", "empty.csv", "empty"),
        (b"a,b\n1,2\n", "", "No file was chosen"),
        (b"a,a\n1,2\n", "twice.csv", "same heading"),
        (b"\x1f\x8b" + bytes(50), "damaged.csv.gz", "damaged"),
    ],
)
def test_what_cannot_be_read_is_refused_beside_the_field(
    officer_in_earnest: StrictClient, content: bytes, name: str, words: str
) -> None:
    officer = officer_in_earnest
    assert send(officer, content, name) == ""
    assert officer.page.title.startswith("Error: ")
    assert words in officer.page.errors[0]
    officer.get("/uploads/")
    assert "Nothing has been uploaded" in officer.page.main


def test_cells_beside_the_columns_and_what_is_said_of_a_file_are_on_record(officer: StrictClient, desk: Desk) -> None:
    def acts() -> list[str]:
        with desk.database.reading() as session:
            entries = session.scalars(select(AuditEntry).order_by(AuditEntry.number))
            return [one.action for one in entries if one.action.startswith("upload.")]

    place = send(officer, OWN)
    assert acts() == ["upload.received"]
    officer.get(place)
    assert acts() == ["upload.received", "upload.rows_viewed"]
    officer.submit(place, {**chosen(officer), "kind": "no-such-kind"})
    assert "upload.columns_set" not in acts()
    officer.get(place)
    officer.submit(place, chosen(officer))
    work_off(desk)
    upload = place.removesuffix("/columns")
    officer.submit(f"{upload}/hold", {"hold": "yes"})
    assert [one for one in acts() if one != "upload.rows_viewed"] == [
        *("upload.received", "upload.columns_set", "upload.checked", "upload.hold_chosen")
    ]


def test_columns_that_will_not_do_are_said_at_the_top(officer: StrictClient) -> None:
    place = send(officer, OWN)
    officer.get(place)
    fields = chosen(officer)
    answer = officer.submit(place, {**fields, "field-ward_code": ""})
    assert answer.status_code == 400
    assert "No column is given for: Ward code" in officer.page.errors[0]
    officer.submit(place, {**fields, "field-ward_code": "MajorText"})
    assert "'MajorText' is chosen for two things" in officer.page.errors[0]


def test_a_file_of_no_known_kind_asks_for_its_kind(officer: StrictClient, desk: Desk) -> None:
    place = send(officer, "Place,When,What,How many\nF05000000,2024-01,Burglary,3\n")
    officer.get(place)
    assert "no dataset the hub knows" in officer.page.main
    officer.get(f"{place}?kind=ward_counts")
    fields = chosen(officer)
    assert (fields["field-ward_code"], fields["field-offence_group"]) == ("Place", ""), "what its values tell"
    matched = {
        "field-ward_code": "Place",
        "field-month": "When",
        "field-offence_group": "What",
        "field-count": "How many",
    }
    officer.submit(place, {**fields, **matched})
    work_off(desk)
    officer.get(f"{place.removesuffix('/columns')}/check")
    assert "Nothing is wrong" in officer.page.main


@pytest.mark.parametrize("dataset", DATASETS)
def test_the_columns_page_offers_every_kind(officer: StrictClient, dataset: str) -> None:
    place = send(officer, "a,b\n1,2\n")
    assert officer.get(f"{place}?kind={dataset}").status_code == 200
    assert officer.get(f"{place}?kind=nonsense").status_code == 400


def test_problems_are_listed_paged_and_downloaded(officer: StrictClient, desk: Desk) -> None:
    bad = "".join(f"THEFT,SHOPLIFTING,F0500000{row % 2},,=x{row},1\n" for row in range(120))
    upload = checked(officer, desk, WIDE + bad)
    officer.get(f"{upload}/check")
    assert "120 you must fix" in officer.page.main
    assert "Commit: make this live" not in officer.page.main
    assert "'=x0' is no count" in officer.page.main
    officer.get(f"{upload}/check?page=6")
    assert "'=x119' is no count" in officer.page.main
    assert officer.get(f"{upload}/check?page=7").status_code == 404
    assert officer.get(f"{upload}/check?page=x").status_code == 400
    listed = officer.get(f"{upload}/problems.csv")
    assert listed.headers["Content-Disposition"].startswith("attachment")
    lines = listed.get_data(as_text=True).removeprefix("\ufeff").splitlines()
    assert lines[0] == "row,column,code,severity,message,suggestion"
    assert len(lines) == 122
    assert not [line for line in lines for cell in line.split(",") if re.match(r'"?[=+@-]', cell)]
    officer.submit(f"{upload}/commit", follow_redirects=True)
    work_off(desk)
    officer.get(f"{upload}/check")
    assert "must be fixed before it can be committed" in officer.page.errors[0]


def test_markup_in_a_file_is_shown_and_never_run(officer: StrictClient, desk: Desk) -> None:
    hostile = "<script>alert(1)</script>"
    place = send(officer, OWN + f"{hostile},{hostile},{hostile},,1,1\n", f"{hostile}.csv")
    officer.get(place)
    assert "script>.csv" in officer.page.main
    officer.submit(place, chosen(officer))
    work_off(desk)
    officer.get(f"{place.removesuffix('/columns')}/check")
    assert f"'{hostile.upper()}' is the code of no ward" in officer.page.main


def test_the_same_file_again_is_told(officer: StrictClient, desk: Desk) -> None:
    first = checked(officer, desk, OWN)
    officer.submit(f"{first}/commit")
    work_off(desk)
    again = checked(officer, desk, OWN)
    officer.get(f"{again}/check")
    assert "This very file is live already" in officer.page.main
    officer.submit(f"{again}/commit")
    work_off(desk)
    officer.get(again)
    assert "was not loaded a second time" in officer.page.main
    assert any(link.get("href") == first for link in officer.page.all("a"))


def test_a_discarded_upload_is_gone_from_the_desk(officer: StrictClient) -> None:
    upload = send(officer, OWN).removesuffix("/columns")
    officer.submit(f"{upload}/discard", follow_redirects=True)
    assert "was discarded" in officer.page.main
    officer.get(upload)
    assert "Discarded" in officer.page.main


def test_an_analyst_looks_on_and_a_stranger_finds_nothing(
    app: Flask, officer: StrictClient, desk: Desk, people: dict[Role, str]
) -> None:
    upload = checked(officer, desk, OWN)
    analyst = another(app, people[Role.CSP_ANALYST])
    analyst.get("/uploads/")
    assert "figures.csv" in analyst.page.main
    assert "Upload a file" not in analyst.page.main
    analyst.get(f"{upload}/check")
    assert "Commit: make this live" not in analyst.page.main
    assert "Discard" not in analyst.page.main
    with desk.database.writing() as session:
        accounts.create_person(
            session,
            "stranger@test.example",
            "Stranger",
            PASSWORD,
            Role.CSP_OFFICER,
            boroughs=["F09000002"],
            actor="machine",
        )
    stranger = another(app, "stranger@test.example")
    stranger.get("/uploads/")
    assert "figures.csv" not in stranger.page.main
    for path in ("", "/columns", "/check", "/problems.csv"):
        assert stranger.get(f"{upload}{path}").status_code == 404
    for act in ("columns", "commit", "undo", "discard"):
        assert stranger.submit(f"{upload}/{act}").status_code == 404
    absent, theirs = (stranger.get(f"/uploads/{one}").get_data() for one in (uuid4(), UUID(upload[-36:])))
    nonce = re.compile(rb'nonce="[^"]+"|value="[^"]+"')
    assert nonce.sub(b"", absent) == nonce.sub(b"", theirs)


# --- The workbench ---------------------------------------------------------------------------------------------------

LONG = "Ward code,Month,Category,Count\nF05000000,2024-01,Burglary,3\nF05000001,2024-01,Burglary,four\n"


def test_cells_are_put_right_without_a_script_and_what_was_typed_is_not_lost(officer: StrictClient, desk: Desk) -> None:
    upload = checked(officer, desk, LONG)
    officer.get(f"{upload}/check")
    assert "2 rows: 1 ready, 1 you must fix." in officer.page.main
    refused = officer.submit(f"{upload}/cells", {"cell-3-3": "9" * 1_001})
    assert (refused.status_code, "Shorten it" in officer.page.errors[0]) == (400, True)
    typed = [field.get("value") for field in officer.page.all("input") if field.get("name") == "cell-3-3"]
    assert typed == ["9" * 1_001]
    officer.submit(f"{upload}/cells", {"cell-3-3": "four"}, follow_redirects=True)
    assert "Nothing was changed" in officer.page.main
    assert officer.get(f"{upload}/rows/3").status_code == 200
    assert officer.get(f"{upload}/rows/9").status_code == 404, "there is no such row"
    officer.submit(f"{upload}/cells", {"cell-3-3": "4"})
    work_off(desk)
    officer.get(f"{upload}/check")
    assert "2 rows: 2 ready." in officer.page.main
    assert "In the file: four" not in officer.page.main, "a row without a problem is not in the grid"
    assert "Row 3: Count is now “4”" in officer.page.main


def test_the_next_file_with_the_same_headings_skips_the_columns(officer: StrictClient, desk: Desk) -> None:
    checked(officer, desk, LONG)
    place = send(officer, LONG.replace("four", "4"))
    assert not place.endswith("/columns")
    work_off(desk)
    officer.get(f"{place}/check")
    assert "Matched as last time – change" in officer.page.main
    renamed = send(officer, LONG.replace("Category", "Category name"))
    assert renamed.endswith("/columns")
    officer.get(renamed)
    assert "“Category” is now “Category name”" in officer.page.main


def test_a_check_is_stopped_by_its_button(officer: StrictClient, desk: Desk) -> None:
    place = send(officer, LONG)
    officer.get(place)
    officer.submit(place, chosen(officer))
    upload = place.removesuffix("/columns")
    officer.get(upload)
    assert "Stop the check" in officer.page.main
    officer.submit(f"{upload}/cancel", follow_redirects=True)
    work_off(desk)
    assert officer.get(upload).headers["Location"] == place, "it was never checked, and can be matched again"


def test_held_rows_are_listed_until_they_are_fixed_or_discarded(officer: StrictClient, desk: Desk) -> None:
    upload = checked(officer, desk, LONG)
    officer.get(f"{upload}/check")
    officer.submit(f"{upload}/hold", {"hold": "yes"}, follow_redirects=True)
    officer.submit(f"{upload}/commit")
    work_off(desk)
    officer.get("/uploads/")
    assert "figures.csv: 1 row held back" in officer.page.main
    officer.submit(f"{upload}/held", {"act": "discard"}, follow_redirects=True)
    assert "held back" not in officer.page.main


def test_a_file_comes_in_pieces_and_goes_on_where_it_stopped(officer: StrictClient, desk: Desk) -> None:
    content = LONG.encode()
    officer.get("/uploads/new")
    known = {"name": "pieces.csv", "size": str(len(content)), "modified": "1"}
    assert officer.submit("/uploads/pieces", known).get_json()["received"] == 0

    def piece(offset: int, sent: bytes) -> int:
        headers = {"X-CSRFToken": officer.csrf_token}
        answer = officer.post(
            f"/uploads/pieces/{offset}", data=sent, headers=headers, content_type="application/octet-stream"
        )
        return int(answer.get_json()["received"])

    assert piece(0, content[:20]) == 20
    assert piece(0, b"again") == 20, "sent for the wrong place, it is not added"
    assert officer.get("/uploads/pieces").get_json() == {"name": "pieces.csv", "size": len(content), "received": 20}
    assert officer.submit("/uploads/new", {}).status_code == 400, "it has not all come"
    assert officer.submit("/uploads/pieces", known).get_json()["received"] == 20, "the same file goes on"
    assert piece(20, content[20:] + b"more than was said") == len(content)
    place = officer.submit("/uploads/new", {}).headers["Location"]
    officer.get(place)
    assert "pieces.csv" in officer.page.h1
    assert officer.get("/uploads/pieces").get_json()["size"] == 0, "nothing is left in quarantine"
    sizes = {"49999999": 200, "50000000": 200, "50000001": 422, "99999999999": 422, "-1": 400, "1e3": 400}
    for size, status in sizes.items():
        assert officer.submit("/uploads/pieces", {"name": "x", "size": size}).status_code == status, size
    officer.submit("/uploads/pieces", {"name": "bad.csv", "size": "4", "modified": "1"})
    assert piece(0, b"a,a\n") == 4
    assert officer.submit("/uploads/new", {}).status_code == 422
    assert officer.get("/uploads/pieces").get_json()["size"] == 0, "nor of a file that was refused"
