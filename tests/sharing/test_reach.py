"""Who can see a thing: the list names exactly those whose own request for its page is answered."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from uuid import UUID

import pandas as pd
import pytest
from flask import Flask

from hub.access import Permission, Role
from hub.accounts import service as accounts
from hub.accounts.models import Membership
from hub.db import Database
from hub.places import service as places
from hub.problems import memory
from hub.problems import service as problems
from hub.sharing import service
from hub.uploads import service as uploads
from hub.zones import service as zones
from hub.zones.service import Drawn
from tests.client import StrictClient
from tests.conftest import ELSEWHERE, EMAILS, HOME, PASSWORD, SIBLING
from tests.hotspots.figures_given import Figures
from tests.problems.conftest import an_opening
from tests.sharing.neighbours import JANUARY, Neighbours
from tests.uploads.desk import Desk

A_FILE = "WardCode,Month,Category,Count\nF05000000,2025-01,Burglary,4\nF05000001,2025-01,Burglary,4\n"
REFUSED = {403, 404}
"""What a page answers whom it does not let in; figures too few to be mapped are told to whom it does, by a 400."""


@pytest.fixture
def browser(app: Flask) -> Callable[[str], StrictClient]:
    """Sign each person in once."""
    signed_in: dict[str, StrictClient] = {}

    def sign_in(email: str) -> StrictClient:
        if email not in signed_in:
            client = app.test_client()
            assert isinstance(client, StrictClient)
            client.sign_in(email, PASSWORD)
            signed_in[email] = client
        return signed_in[email]

    return sign_in


def listed(client: StrictClient, kind: str, of: str) -> list[dict[str, str]]:
    said = client.get(f"/who-can-see/{kind}/people.csv", query_string={"of": of})
    assert said.status_code == 200, (kind, of)
    _, *lines = io.StringIO(said.get_data().decode("utf-8-sig")).readlines()
    return list(csv.DictReader(lines))


def give_figures(database: Database, borough_code: str, ward_code: str) -> None:
    counts = pd.DataFrame({"month": [JANUARY], "ward_code": [ward_code], "count": [50]})
    Figures(database).ward_counts(borough_code, counts.assign(offence_group="Burglary", offence_subgroup="Burglary"))


def test_the_list_says_what_every_persons_request_is_answered(
    record_property: Callable[[str, object], None],
    database: Database,
    people: dict[Role, str],
    browser: Callable[[str], StrictClient],
) -> None:
    for code, ward in ((HOME, "F05000000"), (SIBLING, "F05000002"), (ELSEWHERE, "F05000004")):
        give_figures(database, code, ward)
    neighbours, desk = Neighbours(database), Desk(database)
    upload_id = desk.check(people[Role.CSP_OFFICER], A_FILE, "january.csv")
    with desk.writing(people[Role.CSP_OFFICER]) as viewer:
        uploads.commit(viewer, upload_id)
        area = places.area(viewer, HOME, Permission.ZONE_WRITE)
        zone_id = zones.save(viewer, area, Drawn("Market", ward_codes=["F05000000"])).id
    with desk.writing(people[Role.BCU_COMMANDER]) as viewer:
        area = places.area(viewer, "north", Permission.ZONE_WRITE)
        problem = problems.open_problem(viewer, an_opening(HOME)).id
        shared_problem = problems.open_problem(viewer, an_opening(HOME, SIBLING)).id
        wide_zone = zones.save(viewer, area, Drawn("Both sides", ward_codes=["F05000000", "F05000002"])).id
    everybody = [*EMAILS.values(), neighbours.analyst(SIBLING), neighbours.liaison(ELSEWHERE)]
    things: dict[tuple[str, str], str] = {
        ("map", HOME): f"/areas/{HOME}/hotspots",
        ("map", ELSEWHERE): f"/areas/{ELSEWHERE}/hotspots",
        ("map", "north"): "/areas/north/hotspots",
        ("map", "london"): "/areas/london/hotspots",
        ("summary", HOME): f"/areas/{HOME}/summary",
        ("summary", SIBLING): f"/areas/{SIBLING}/summary",
        ("place", f"{HOME}/F05000000"): f"/areas/{HOME}/hotspots/place?unit=F05000000&category=Burglary&to=2025-01",
        ("zone", f"{HOME}/{zone_id}"): f"/areas/{HOME}/zones/{zone_id}",
        ("zone", f"north/{wide_zone}"): f"/areas/north/zones/{wide_zone}",
        ("upload", str(upload_id)): f"/uploads/{upload_id}",
        ("problem", str(problem)): f"/problems/{problem}",
        ("problem", str(shared_problem)): f"/problems/{shared_problem}",
    }
    pairs = 0
    for (kind, of), path in things.items():
        answered = {email for email in everybody if browser(email).get(path).status_code not in REFUSED}
        said = listed(browser(people[Role.ADMINISTRATOR]), kind, of)
        assert {line["E-mail"] for line in said} == answered, (kind, of)
        protected = {line["E-mail"] for line in said if line["Figures"] == "Protected"}
        assert protected == answered & {people[Role.COUNCIL_LEADER]}, (kind, of)
        of_own_alone = {line["E-mail"] for line in said if line["Figures"].startswith("Of their own")}
        of_both = {people[Role.BCU_COMMANDER], people[Role.ADMINISTRATOR]}
        assert of_own_alone == (answered - of_both if of == str(shared_problem) else set()), (kind, of)
        pairs += len(everybody)
    record_property("pairs of person and thing that agree", pairs)
    assert pairs == 108


def test_a_problem_says_who_is_told_of_it_besides_and_only_to_whoever_reads_the_record_of_one_of_its_boroughs(
    database: Database, people: dict[Role, str], browser: Callable[[str], StrictClient]
) -> None:
    neighbours, desk = Neighbours(database), Desk(database)
    with desk.writing(people[Role.BCU_COMMANDER]) as viewer:
        shared = problems.open_problem(viewer, an_opening(HOME, SIBLING)).id
    at, liaison = f"/who-can-see/problem?of={shared}", browser(people[Role.LIAISON_OFFICER])
    assert f'href="{at}"' in liaison.get(f"/problems/{shared}").text
    said = liaison.get(at).text
    assert "Whoever reads the summary of one of its boroughs" in said
    assert "problem memory" not in said
    assert neighbours.liaison(SIBLING) in {line["E-mail"] for line in listed(liaison, "problem", str(shared))}
    with desk.writing(people[Role.BCU_COMMANDER]) as viewer:
        memory.publish(viewer, shared, memory.Telling("Phones taken", "Patrols"))
    assert "It is in the problem memory" in liaison.get(at).text
    officer = browser(people[Role.CSP_OFFICER])
    assert officer.get(at).status_code == 403
    assert "who-can-see" not in officer.get(f"/problems/{shared}").text
    stranger = browser(neighbours.liaison(ELSEWHERE))
    assert stranger.get(at).status_code == 404
    assert stranger.get("/who-can-see/problem?of=x").status_code == 404


def test_it_names_shares_roles_and_their_last_days_and_asks_only_within_ones_boroughs(
    database: Database, people: dict[Role, str], browser: Callable[[str], StrictClient]
) -> None:
    give_figures(database, HOME, "F05000000")
    neighbours = Neighbours(database)
    asker, liaison = neighbours.analyst(ELSEWHERE), people[Role.LIAISON_OFFICER]
    share_id: UUID = neighbours.ask(asker, ELSEWHERE, HOME)
    assert asker not in {line["E-mail"] for line in listed(browser(liaison), "map", HOME)}
    neighbours.grant(share_id, HOME)
    today = service.today()
    with database.writing() as session:
        viewer = accounts.viewer_by_email(session, people[Role.CSP_OFFICER])
        [membership] = session.query(Membership).filter(Membership.person_id == viewer.person_id)
        membership.ends_on = today
    by_email = {line["E-mail"]: line for line in listed(browser(liaison), "map", HOME)}
    assert browser(asker).get(f"/shares/{share_id}/map").status_code == 200
    assert by_email[asker]["Why"] == "Shared: Wards: count, Burglary"
    assert by_email[people[Role.CSP_OFFICER]]["Until"] == f"{today}"
    assert by_email[people[Role.BCU_COMMANDER]]["For"] == "North"
    client = browser(liaison)
    assert client.get("/who-can-see/map?of=" + HOME).status_code == 200
    assert f"{len(by_email)} people can open it today." in client.page.main
    for kind, of in (
        ("map", "north"),
        ("map", ELSEWHERE),
        ("summary", "london"),
        ("place", f"{HOME}/F05000004"),
        ("place", f"{HOME}/300m-E900000-N900000"),
        ("place", HOME),
        ("zone", f"{HOME}/nonsense"),
        ("upload", "nonsense"),
        ("rumour", HOME),
    ):
        assert client.get(f"/who-can-see/{kind}", query_string={"of": of}).status_code == 404, (kind, of)
    for other in (people[Role.CSP_OFFICER], people[Role.BCU_COMMANDER], people[Role.COUNCIL_LEADER]):
        assert browser(other).get("/who-can-see/map?of=" + HOME).status_code == 403
