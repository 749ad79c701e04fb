"""The pages of problems: opened, written to, moved, files kept beside them, told to all boroughs, and found again."""

from __future__ import annotations

import io
import re
from uuid import UUID, uuid4

import pytest

from hub.access import Role
from hub.problems import memory, service
from hub.problems.terms import Kind
from hub.zones import service as zones
from tests.client import Page, StrictClient
from tests.conftest import HOME, PASSWORD, SIBLING
from tests.hotspots.figures_given import area_of
from tests.problems.conftest import STRANGER, an_opening
from tests.problems.test_memory import TELLING
from tests.uploads.desk import Desk

OFFICER = Role.CSP_OFFICER
CSV = b"WardCode,Month,Category,Count\nF05000000,2025-01,Burglary,4\n"
OPENING = {
    "title": "Robbery at the bus station", "kind": "robbery", "boroughs": HOME, "place": "Bus station",
    "ward": "F05000000", "premises": "station", "first": "2025-01", "last": "2025-12",
    "categories": "Robbery, Theft from the person", "owner_body": "police", "owner": "",
}  # fmt: skip
MARKUP = "<script>alert(1)</script>"


@pytest.fixture
def officer(client: StrictClient, desk: Desk, people: dict[Role, str]) -> StrictClient:
    client.sign_in(people[OFFICER], PASSWORD)
    client.get("/problems")
    return client


def send(client: StrictClient, address: str, **form: object) -> int:
    return client.post(address, data={"csrf_token": client.csrf_token, **form}).status_code


def page_of(client: StrictClient, address: str) -> Page:
    assert client.get(address).status_code == 200
    assert client.page is not None
    return client.page


def the_only(desk: Desk, email: str) -> UUID:
    with desk.reading(email) as viewer:
        [one] = service.problems(viewer)
        return one.id


def test_a_problem_is_opened_from_a_filled_form_and_written_to(
    officer: StrictClient, desk: Desk, people: dict[Role, str]
) -> None:
    page = page_of(officer, "/problems/new?title=Noise&place=The+Mead&ward=F05000001&first=2025-02")
    assert 'value="Noise"' in officer.get("/problems/new?title=Noise").text
    assert page.h1 == "Open a problem"
    assert send(officer, "/problems", **OPENING) == 302
    problem_id = the_only(desk, people[OFFICER])
    address = f"/problems/{problem_id}"
    page = page_of(officer, address)
    assert page.h1 == OPENING["title"]
    assert "Robbery, Theft from the person" in page.main
    assert "January 2025 to December 2025" in page.main
    response = {"technique": "10", "words": MARKUP, "mechanism": "Seen", "body": "police", "start": "2026-01-10",
        "status": "planned"}  # fmt: skip
    assert send(officer, f"{address}/entries/response", **response) == 302
    page = page_of(officer, address)
    assert MARKUP in page.main, "shown as it was typed, and not run"
    assert "10. Strengthen formal surveillance" in page.main
    assert service.RESPONSE_BEFORE_ANALYSIS in page.main
    for kind, form in (
        ("statement", {"words": "Phones are taken."}), ("cheers", {"events": "Phones"}), ("finding", {"words": "Dusk"}),
        ("triangle", {"manager": "The bus company"}), ("hypothesis", {"words": "Dark", "outcome": "untested"}),
        ("objective", {"words": "Fewer"}), ("assessment", {"result": "fell", "reason": "It fell."}),
        ("assigned", {"body": "council", "follows": "2"}), ("comment", {"words": "Well done"}),
    ):  # fmt: skip
        assert send(officer, f"{address}/entries/{kind}", **form) == 302, kind
    page = page_of(officer, address)
    assert service.RESPONSE_BEFORE_ANALYSIS not in page.main
    for words in ("Phones are taken.", "The bus company", "Fell", "Council", "Well done"):
        assert words in page.main
    assert "Robbery at the bus station" in page_of(officer, "/problems?stage=scanning&mine=").main
    assert "No problem is listed" in page_of(officer, "/problems?stage=closed").main
    assert "No problem is listed" in page_of(officer, f"/problems?borough={HOME}&mine=yes").main
    assert officer.get("/problems?stage=nonsense&borough=x&mine=y").status_code == 200


def test_what_is_refused_stays_in_its_form_with_the_fault_at_its_field(
    officer: StrictClient, opened: UUID, desk: Desk
) -> None:
    address = f"/problems/{opened}"
    officer.get(address)
    for path, form, words in (
        ("/problems", {**OPENING, "title": "", "first": "last year"}, "last year"),
        (f"{address}/entries/response", {"words": "Kept words", "technique": "26"}, "Kept words"),
        (f"{address}/entries/hypothesis", {"words": "", "outcome": "supported"}, "Say this in a few words."),
        (f"{address}/title", {"title": "37 robberies", "kind": "robbery"}, "could be an exact count"),
        (f"{address}/stage", {"stage": "analysis", "reason": ""}, "Say why it moves"),
        (f"{address}/stage", {"stage": "nonsense", "reason": "Because"}, "Choose a stage."),
        (f"{address}/files", {}, "Choose a file."),
        (f"{address}/abstract", {"problem": "", "response": ""}, "Say this in a sentence or two."),
    ):
        answer = officer.post(path, data={"csrf_token": officer.csrf_token, **form})
        assert answer.status_code == 400, path
        assert words in answer.text, path
        assert "There is a problem" in answer.text
    answer = officer.post(f"{address}/stage", data={"csrf_token": officer.csrf_token, "stage": "scanning",
        "reason": "Again"})  # fmt: skip
    assert answer.status_code == 409
    for path in ("entries/opened", "entries/nonsense", "entries/attached"):
        assert send(officer, f"{address}/{path}", words="x") == 404


def test_somebody_who_wrote_meanwhile_is_not_written_over(officer: StrictClient, opened: UUID) -> None:
    address = f"/problems/{opened}"
    assert send(officer, f"{address}/entries/statement", words="The first") == 302
    answer = officer.post(
        f"{address}/entries/statement", data={"csrf_token": officer.csrf_token, "words": "The second", "follows": "0"}
    )
    assert answer.status_code == 409
    assert "The first" in answer.text
    assert "The second" in answer.text


def test_it_is_moved_closed_and_opened_again(officer: StrictClient, opened: UUID) -> None:
    address = f"/problems/{opened}"
    assert send(officer, f"{address}/title", title="Phones taken", kind="theft", premises="") == 302
    assert send(officer, f"{address}/stage", stage="analysis", reason="We know enough.") == 302
    assert "Moved from scanning to analysis: We know enough." in page_of(officer, address).main
    assert send(officer, f"{address}/stage", stage="closed", reason="Solved.") == 302
    page = page_of(officer, address)
    assert "Kept until" in page.main
    assert "Add a finding" not in page.main
    assert send(officer, f"{address}/entries/comment", words="More") == 409
    assert send(officer, f"{address}/stage", stage="scanning", reason="It is back.") == 302
    assert "Add a finding" in page_of(officer, address).main


def test_a_file_passes_the_gates_of_an_upload_and_is_given_with_a_purpose(
    officer: StrictClient, opened: UUID, desk: Desk, people: dict[Role, str], client: StrictClient
) -> None:
    address = f"/problems/{opened}"
    for name, content, words in (
        ("people.csv", b"Name,Date of birth\nJane Smith,03/04/1990\nJohn Brown,05/06/1991\n", "personal data"),
        ("tool.exe", b"MZ\x90", "There is a problem"),
        ("macro.xlsm", b"PK\x03\x04", "There is a problem"),
    ):
        answer = officer.post(f"{address}/files", data={"csrf_token": officer.csrf_token, "file": (io.BytesIO(content),
            name)})  # fmt: skip
        assert answer.status_code == 422, name
        assert words in answer.text
    assert send(officer, f"{address}/files", file=(io.BytesIO(CSV), "counts.csv")) == 302
    page = page_of(officer, address)
    assert "counts.csv" in page.main
    with desk.reading(people[OFFICER]) as viewer:
        [line] = [one for one in service.record(viewer, opened).history if one.kind is Kind.ATTACHED]
    file = f"{address}/files/{line.body['file']}"
    assert "counts.csv" in page_of(officer, file).main
    assert send(officer, file) == 400
    taken = officer.post(file, data={"csrf_token": officer.csrf_token, "purpose": "tasking"})
    assert (taken.status_code, taken.data) == (200, CSV)
    assert taken.headers["Content-Disposition"].startswith("attachment")
    assert taken.mimetype == "application/octet-stream"
    assert send(officer, f"{file}/take-off") == 302
    assert officer.get(file).status_code == 404
    assert "counts.csv" in page_of(officer, address).main, "the history says that it was there"
    assert not [one for one in desk.database.files.iterdir() if one.is_dir()], "no folder is left behind"


def test_what_is_told_to_all_boroughs_is_found_and_taken_back(officer: StrictClient, opened: UUID, desk: Desk) -> None:
    address = f"/problems/{opened}/abstract"
    assert page_of(officer, address).h1 == "Tell other boroughs what was learnt"
    assert send(officer, address, **vars(TELLING)) == 302
    assert TELLING.problem in page_of(officer, "/problem-memory?words=phones&kind=robbery").main
    assert "0 problems found" in page_of(officer, "/problem-memory?words=nowhere&technique=nonsense").main
    with desk.reading(STRANGER) as viewer:
        assert len(memory.search(viewer, memory.Wanted())) == 1
    assert "Take it back" in page_of(officer, address).main
    assert send(officer, f"{address}/withdraw") == 302
    assert send(officer, f"{address}/withdraw") == 409
    assert "0 problems found" in page_of(officer, "/problem-memory").main


def test_a_ward_panels_priority_becomes_a_problem_that_its_owner_finds_at_home(
    client: StrictClient, desk: Desk, people: dict[Role, str]
) -> None:
    client.sign_in(people[Role.BOROUGH_POLICE_LEAD], PASSWORD)
    ward = f"/areas/{HOME}/wards/F05000000"
    client.get("/problems")
    asked = {"words": "Noise on the green", "source": "Ward panel", "set_on": "2026-01-10", "review_on": "2026-04-10"}
    assert send(client, f"{ward}/priorities", **asked) == 302
    priority = re.search(r"priorities/([0-9a-f-]{36})", client.get(ward).text)
    assert priority is not None
    address = f"{ward}/priorities/{priority[1]}/problem"
    assert f'href="{address}"' in client.get(f"{ward}/priorities/{priority[1]}").text
    form = page_of(client, address)
    given = {one.get("name"): one.get("value") or "" for one in form.all("input")}
    assert (given["title"], given["place"]) == ("Noise on the green", "Alder West")
    assert "a priority of the ward panel of Alder West" in form.main
    with desk.reading(people[Role.BOROUGH_POLICE_LEAD]) as viewer:
        me = str(viewer.person_id)
    assert "Problems you own" not in page_of(client, "/").main
    filled = {**OPENING, **given, "kind": "asb", "owner": me, "ward": "F05000000", "csrf_token": client.csrf_token}
    moved = client.post(address, data={**filled, "ward": "F05000001"})
    assert (moved.status_code, "Choose Alder West, of which the priority is" in moved.text) == (400, True)
    assert client.post(address.replace(priority[1], str(uuid4())), data=filled).status_code == 404
    assert client.post(address, data=filled).status_code == 302
    assert "Noise on the green (scanning)" in page_of(client, "/").main
    problem_id = the_only(desk, people[Role.BOROUGH_POLICE_LEAD])
    assert "A priority of the ward's panel" in page_of(client, f"/problems/{problem_id}").main
    with desk.reading(people[Role.BOROUGH_POLICE_LEAD]) as viewer:
        assert str(service.problem(viewer, problem_id).priority_id) == priority[1]
    made_up = {**filled, "ward": "", "title": "Made up", "priority": str(uuid4())}
    assert client.post("/problems", data=made_up).status_code == 302, "nothing but the priority's own page names one"
    with desk.reading(people[Role.BOROUGH_POLICE_LEAD]) as viewer:
        assert {one.title: one.priority_id for one in service.problems(viewer)}["Made up"] is None


def test_a_commander_chooses_among_boroughs(client: StrictClient, desk: Desk, people: dict[Role, str]) -> None:
    client.sign_in(people[Role.BCU_COMMANDER], PASSWORD)
    client.get("/problems")
    assert "Choose at least one borough." in client.post("/problems", data={"csrf_token": client.csrf_token,
        **OPENING, "boroughs": ""}).text  # fmt: skip
    assert send(client, "/problems", **{**OPENING, "boroughs": [HOME, SIBLING]}) == 302
    with desk.reading(people[Role.BCU_COMMANDER]) as viewer:
        assert service.problems(viewer)[0].borough_codes == {HOME, SIBLING}
        assert an_opening().boroughs == {HOME}


def test_a_problem_is_opened_by_hand_on_a_zone_or_for_a_kind_of_premises(
    client: StrictClient, desk: Desk, people: dict[Role, str]
) -> None:
    commander = people[Role.BCU_COMMANDER]
    with desk.writing(commander) as viewer:
        drawn = zones.Drawn("The border", corners="1700,200\n2300,200\n2300,600\n1700,600")
        border = zones.save(viewer, area_of(viewer, "north"), drawn)
    client.sign_in(commander, PASSWORD)
    assert "The border" in page_of(client, "/problems/new").main
    nameless = {**OPENING, "place": "", "ward": ""}
    refused = client.post(
        "/problems", data={**nameless, "csrf_token": client.csrf_token, "boroughs": [HOME], "zone": str(border.id)}
    )
    assert "Choose every borough that it lies in" in refused.text
    for unknown in ("none", str(uuid4())):
        form = {**nameless, "csrf_token": client.csrf_token, "boroughs": [HOME, SIBLING], "zone": unknown}
        assert "Choose one of these zones" in client.post("/problems", data=form).text
    for title, chosen in (
        ("On a zone", {"boroughs": [HOME, SIBLING], "zone": str(border.id)}),
        ("Of premises", {"boroughs": [HOME], "premises": "pub"}),
    ):
        assert send(client, "/problems", **{**nameless, **chosen, "title": title}) == 302, title
    with desk.reading(commander) as viewer:
        by_title = {one.title: one.place for one in service.problems(viewer)}
    on_zone = by_title["On a zone"]
    assert (on_zone.name, on_zone.zone_id) == ("The border", border.id)
    assert on_zone.outline is not None
    assert on_zone.outline.equals(border.outline)
    assert (by_title["Of premises"].name, by_title["Of premises"].premises) == ("Pubs, bars and clubs", "pub")
    client.sign_in(people[OFFICER], PASSWORD)
    assert "The border" not in page_of(client, "/problems/new").main, "a zone is of all its area's boroughs"
