"""What is left to do, as the home page says it, and the ledger's pages as their readers meet them."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest

from hub.access import Role, Viewer
from hub.accounts import service as accounts
from hub.agreements import service as agreements
from hub.ledger.quarters import newest_ended
from hub.ledger.todo import Task, Urgency, tasks
from hub.uploads import corrections
from hub.uploads import service as uploads
from tests.agreements.written import some_terms
from tests.client import StrictClient
from tests.conftest import HOME, PASSWORD
from tests.ledger.test_service import DUE, TODAY, load
from tests.uploads.desk import Desk

DAY = dt.timedelta(days=1)


def told(desk: Desk, email: str, today: dt.date = TODAY) -> list[Task]:
    with desk.reading(email) as viewer:
        return tasks(viewer, today)


def agree(viewer: Viewer, reference: str, ends_on: dt.date) -> None:
    terms = some_terms(reference, starts_on=ends_on - 300 * DAY, ends_on=ends_on)
    agreements.write(viewer, [HOME], replace(terms, signed_on=terms.starts_on))


def test_the_quarter_is_told_as_how_much_has_come_and_when_the_rest_is_due(desk: Desk, people: dict[Role, str]) -> None:
    officer = people[Role.CSP_OFFICER]
    load(desk, officer, "2025-07", "2025-08", "2025-09")
    found = [task for task in told(desk, officer) if task.page == "ledger" and "July" in task.sentence]
    assert [(task.sentence, task.urgency) for task in found] == [
        ("July to September 2025: 1 of 14 received; yours due in 39 days", Urgency.PLAIN)
    ]
    on_the_day = [task for task in told(desk, officer, DUE) if "July" in task.sentence]
    assert [(task.sentence, task.urgency) for task in on_the_day] == [
        ("July to September 2025: 1 of 14 received; yours due today", Urgency.SOON)
    ]


def test_the_late_come_first_the_councils_own_before_the_others(desk: Desk, people: dict[Role, str]) -> None:
    found = told(desk, people[Role.CSP_OFFICER])
    assert [task.urgency for task in found] == sorted(task.urgency for task in found)
    assert found[0].sentence == "Road traffic collisions, April to June 2025: due 53 days ago"
    assert found[0].values == {"area": HOME, "quarter": "2025-q2", "item": "council-collisions"}
    assert found[3].sentence == "39 more datasets are late"


@pytest.mark.parametrize(
    ("days_left", "sentence", "urgency"),
    [
        (61, None, None),
        (60, "Renew agreement ISA-7 (Alder): it ends in 60 days, on 21 January 2026", Urgency.PLAIN),
        (14, "Renew agreement ISA-7 (Alder): it ends in 14 days, on 6 December 2025", Urgency.SOON),
        (-1, "Renew agreement ISA-7 (Alder): it expired on 21 November 2025, and what came", Urgency.LATE),
    ],
)
def test_an_agreement_that_ends_is_told_ahead_and_after(
    desk: Desk, people: dict[Role, str], days_left: int, sentence: str | None, urgency: Urgency | None
) -> None:
    with desk.writing(people[Role.CSP_OFFICER]) as viewer:
        agree(viewer, "ISA-7", TODAY + days_left * DAY)
    found = [task for task in told(desk, people[Role.CSP_OFFICER]) if "Renew" in task.sentence]
    if sentence is None:
        assert found == []
    else:
        [task] = found
        assert task.sentence.startswith(sentence)
        assert task.urgency is urgency


def test_a_file_that_is_not_finished_is_told_to_its_sender_alone(desk: Desk, people: dict[Role, str]) -> None:
    officer = people[Role.CSP_OFFICER]
    desk.receive(officer, "WardCode,Month,Category,Count\nF05000000,2025-07,Burglary,4\n", "july.csv")
    assert "Finish july.csv: match its columns" in [task.sentence for task in told(desk, officer)]
    assert not [task for task in told(desk, people[Role.ADMINISTRATOR]) if task.page == "upload"]


def test_held_rows_are_told_until_they_are_fixed_or_discarded(desk: Desk, people: dict[Role, str]) -> None:
    officer = people[Role.CSP_OFFICER]
    content = "WardCode,Month,Category,Count\nF05000000,2025-07,Burglary,4\nF05000001,2025-07,Burglary,{}\n"

    def left(email: str = officer) -> list[str]:
        return [task.sentence for task in told(desk, email) if task.page in {"upload", "uploads"}]

    upload_id = desk.check(officer, content.format("four"), "july.csv")
    assert left() == ["Finish july.csv: look at what was found, and commit it"]
    with desk.writing(officer) as viewer:
        corrections.hold(viewer, upload_id, is_holding=True)
        uploads.commit(viewer, upload_id)
    assert left() == ["Fix or discard 1 held row of july.csv"]
    assert left(people[Role.ADMINISTRATOR]) == []
    with desk.writing(officer) as viewer:
        again = uploads.fix_held(viewer, upload_id).id
    assert left() == ["Finish july.csv: have it checked"]
    with desk.writing(officer) as viewer:
        uploads.discard(viewer, again)
        uploads.discard_held(viewer, upload_id)
    assert left() == []
    for number in range(6):
        desk.receive(officer, content.format(number), f"{number}.csv")
    assert left()[-1] == "1 more upload is not settled"
    assert len(left()) == 6


def test_a_held_row_leads_from_the_home_page_to_where_it_is_settled(
    client: StrictClient, desk: Desk, people: dict[Role, str]
) -> None:
    officer = people[Role.CSP_OFFICER]
    content = "WardCode,Month,Category,Count\nF05000000,2025-07,Burglary,4\nF05000001,2025-07,Burglary,four\n"
    upload_id = desk.check(officer, content, "july.csv")
    with desk.writing(officer) as viewer:
        corrections.hold(viewer, upload_id, is_holding=True)
        uploads.commit(viewer, upload_id)
    client.sign_in(officer, PASSWORD)
    client.get("/")
    links = {"".join(link.itertext()).strip(): link.get("href") for link in client.page.all("a")}
    assert links["Fix or discard 1 held row of july.csv"] == "/uploads/#held"
    client.get("/uploads/")
    assert any(heading.get("id") == "held" for heading in client.page.all("h2"))


def test_who_only_reads_has_nothing_to_do_and_who_has_many_boroughs_is_told_how_many(
    desk: Desk, people: dict[Role, str]
) -> None:
    for role in (Role.CSP_ANALYST, Role.BOROUGH_POLICE_LEAD, Role.BCU_COMMANDER, Role.COUNCIL_LEADER):
        assert told(desk, people[role]) == []
    with desk.reading(people[Role.ADMINISTRATOR]) as viewer:
        in_full = tasks(viewer, TODAY)
        assert any(task.sentence.endswith("Cedar") for task in in_full)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("hub.ledger.todo.MOST_BOROUGHS_IN_FULL", 2)
            late, newest = tasks(viewer, TODAY)
    assert late.sentence == "126 prescribed datasets are late in 3 of your 3 boroughs"
    assert newest.sentence == "July to September 2025: 0 of 42 received in 3 boroughs"


# --- Pages -----------------------------------------------------------------------------------------------------------


def test_the_home_page_leads_to_the_ledger_and_from_it_to_a_reminder(
    desk: Desk, people: dict[Role, str], client: StrictClient
) -> None:
    client.sign_in(people[Role.CSP_OFFICER], PASSWORD)
    client.get("/")
    assert "To do" in client.page.main
    assert "0 of 14 received; yours due" in client.page.main
    entry = f"/areas/{HOME}/ledger/{newest_ended(agreements.today()).code}/police-crimes"
    assert any(link.get("href") == f"/areas/{HOME}/ledger" for link in client.page.all("a"))
    client.get(f"/areas/{HOME}/ledger")
    assert any(link.get("href") == entry for link in client.page.all("a"))
    assert "To be verified" in client.page.main
    client.get(f"{entry}/letter")
    assert "No liaison officer is recorded" in client.page.main
    [mail] = [link.get("href", "") for link in client.page.all("a") if link.get("href", "").startswith("mailto:")]
    assert "section%2017A" in mail
    wrong = {"organisation": "Police", "name": "", "email": "nobody"}
    assert client.submit(f"/areas/{HOME}/ledger/liaison/police", wrong).status_code == 400
    assert client.page.errors == [
        "Enter the name of the liaison officer, or of the post",
        "Enter an e-mail address, such as name@council.gov.uk",
    ]
    right = {"organisation": "Alder Police", "name": "Data Office", "email": "data@police.example"}
    assert client.submit(f"/areas/{HOME}/ledger/liaison/police", right).status_code == 302
    client.get(f"{entry}/letter")
    assert "Dear Data Office," in client.page.main
    assert client.submit(f"{entry}/not-held", {"reason": ""}).status_code == 400
    assert "how you know" in client.page.errors[0]
    assert client.submit(f"{entry}/not-held", {"reason": "They wrote so."}).status_code == 302
    client.get(entry)
    assert "Not held says CSP officer" in client.page.main
    assert client.submit(f"{entry}/held").status_code == 302
    assert client.get(entry).status_code == 200
    assert "They wrote so." not in client.page.main


def test_an_administrator_of_one_borough_does_not_change_the_list_of_all(
    desk: Desk, people: dict[Role, str], client: StrictClient
) -> None:
    with desk.database.writing() as session:
        accounts.create_person(
            session, "one@test.example", "One", PASSWORD, Role.ADMINISTRATOR, boroughs=[HOME], actor="machine"
        )
    address = "/ledger/prescribed/fire-malicious-calls"
    changes = {"title": "Calls", "fields": "date", "source": "", "is_prescribed": "y", "counted_by": "ward_counts"}
    client.sign_in("one@test.example", PASSWORD)
    assert client.get(address).status_code == 403
    assert client.submit(address, {**changes, "source": "Regulation 3"}).status_code == 403
    client.sign_out()
    client.sign_in(people[Role.ADMINISTRATOR], PASSWORD)
    assert client.get(address).status_code == 200
    assert client.submit(address, changes).status_code == 400
    assert client.page.errors == ["Say where you found it, in 1 to 500 characters"]
    assert client.submit(address, {**changes, "source": "Regulation 3"}).status_code == 302
    client.get("/ledger/prescribed")
    assert "Source: Regulation 3 (corrected by an administrator)" in client.page.main
