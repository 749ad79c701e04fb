"""What a sharing agreement lets in and lets be seen, and how the door closes: through uploads, figures and pages."""

from __future__ import annotations

import datetime as dt
from uuid import UUID

import pytest
from sqlalchemy import select, update

from hub.access import Permission, Role
from hub.agreements import service
from hub.agreements.models import SharingAgreement
from hub.agreements.service import NoAgreement
from hub.hotspots import service as hotspots
from hub.places import service as places
from hub.uploads import figures
from hub.uploads import service as uploads
from hub.uploads.models import Version
from tests.agreements.written import some_terms
from tests.client import StrictClient
from tests.conftest import ELSEWHERE, HOME, PASSWORD, SIBLING
from tests.uploads.desk import Desk

pytestmark = pytest.mark.usefixtures("in_this_process")

ASB = "Heading,Qualifier,Date,Ward code\nNoise,Nuisance,2025-01-05,{0}\nNoise,Personal,2025-02-07,{0}\n"
PUBLISHED = "WardCode,Month,Category,Count\n{0},2025-01,Burglary,4\n"
WARD_OF = {HOME: "F05000000", SIBLING: "F05000002", ELSEWHERE: "F05000004"}
DAY = dt.timedelta(days=1)


def agree(desk: Desk, email: str, *boroughs: str) -> UUID:
    with desk.writing(email) as viewer:
        return service.write(viewer, boroughs or (HOME,), some_terms())[0]


def expire(desk: Desk, email: str) -> None:
    """Let the agreements run out yesterday."""
    with desk.writing(email) as viewer:
        viewer.session.execute(update(SharingAgreement).values(ends_on=service.today() - DAY))


def live(desk: Desk, email: str) -> set[tuple[str, str]]:
    with desk.reading(email) as viewer:
        found = figures.coverage(viewer, viewer.boroughs())
        return set(zip(found["borough_code"], found["dataset"], strict=True))


def test_figures_are_seen_only_while_an_agreement_is_in_force(desk: Desk, people: dict[Role, str]) -> None:
    officer = people[Role.CSP_OFFICER]
    agree(desk, officer)
    desk.commit(officer, ASB.format(WARD_OF[HOME]))
    desk.commit(officer, PUBLISHED.format(WARD_OF[HOME]))
    readers = [people[role] for role in Role]
    for email in readers:
        assert live(desk, email) == {(HOME, "council_asb"), (HOME, "ward_counts")}
    expire(desk, officer)
    for email in readers:
        assert live(desk, email) == {(HOME, "ward_counts")}
    period = {"first_month": dt.date(2025, 1, 1), "last_month": dt.date(2025, 2, 1)}
    with desk.reading(officer) as viewer:
        assert figures.ward_counts(viewer, [HOME], "council_asb", **period).empty
        assert figures.points(viewer, [HOME], "council_asb", **period).empty
        assert figures.categories(viewer, [HOME], "council_asb") == []
        assert not figures.ward_counts(viewer, [HOME], "ward_counts", **period).empty
        with pytest.raises(NoAgreement, match="agreement ISA-1 expired on"):
            figures.refuse_closed(viewer, [HOME], "council_asb")
        figures.refuse_closed(viewer, [HOME], "ward_counts")
    with desk.reading(people[Role.COUNCIL_LEADER]) as viewer:
        with pytest.raises(NoAgreement, match="may not be used just now") as refused:
            figures.refuse_closed(viewer, [HOME])
        assert "ISA-1" not in str(refused.value)


def test_each_borough_needs_an_agreement_of_its_own(desk: Desk, people: dict[Role, str]) -> None:
    administrator = people[Role.ADMINISTRATOR]
    agree(desk, administrator, HOME, SIBLING)
    both = ASB.format(WARD_OF[HOME]) + ASB.format(WARD_OF[SIBLING]).partition("\n")[2]
    desk.commit(administrator, both)
    assert live(desk, administrator) == {(HOME, "council_asb"), (SIBLING, "council_asb")}
    with desk.writing(administrator) as viewer:
        [theirs] = [each for each in service.agreements(viewer, service.today()) if each.borough_code == SIBLING]
        service.end(viewer, theirs.id, "They withdrew.")
    assert live(desk, administrator) == live(desk, people[Role.BCU_COMMANDER]) == {(HOME, "council_asb")}


def test_a_map_of_what_may_not_be_seen_says_why(desk: Desk, people: dict[Role, str], client: StrictClient) -> None:
    officer = people[Role.CSP_OFFICER]
    agree(desk, officer)
    desk.commit(officer, ASB.format(WARD_OF[HOME]))
    client.sign_in(officer, PASSWORD)
    assert client.get(f"/areas/{HOME}/hotspots").status_code in {200, 400}
    expire(desk, officer)
    assert client.get(f"/areas/{HOME}/hotspots").status_code == 409
    assert "agreement ISA-1 expired on" in client.page.main
    with desk.reading(officer) as viewer:
        area = places.area(viewer, HOME, Permission.OVERLAY_READ)
        with pytest.raises(NoAgreement):
            hotspots.choices(viewer, area)


def test_a_version_says_which_agreement_it_came_under(desk: Desk, people: dict[Role, str]) -> None:
    officer = people[Role.CSP_OFFICER]
    agreement_id = agree(desk, officer)
    desk.commit(officer, ASB.format(WARD_OF[HOME]))
    desk.commit(officer, PUBLISHED.format(WARD_OF[HOME]))
    with desk.reading(officer) as viewer:
        came_under = viewer.session.execute(select(Version.dataset, Version.agreement_id)).all()
    assert dict(came_under) == {"council_asb": agreement_id, "ward_counts": None}


def test_without_an_agreement_a_partners_file_is_neither_checked_nor_committed(
    desk: Desk, people: dict[Role, str]
) -> None:
    officer = people[Role.CSP_OFFICER]
    with pytest.raises(NoAgreement, match=r"Council anti-social behaviour may not be used in Alder: no sharing agree"):
        desk.check(officer, ASB.format(WARD_OF[HOME]))
    agree(desk, officer)
    checked = desk.check(officer, ASB.format(WARD_OF[HOME]))
    expire(desk, officer)
    with desk.writing(officer) as viewer, pytest.raises(NoAgreement, match="agreement ISA-1 expired on"):
        uploads.commit(viewer, checked)
    assert live(desk, officer) == set()
    assert desk.outcome(officer, checked)["state"] == "checked", "nothing of it is lost"


def test_rows_of_a_borough_without_an_agreement_are_not_committed(desk: Desk, people: dict[Role, str]) -> None:
    administrator = people[Role.ADMINISTRATOR]
    agree(desk, administrator, HOME)
    both = ASB.format(WARD_OF[HOME]) + ASB.format(WARD_OF[ELSEWHERE]).partition("\n")[2]
    checked = desk.check(administrator, both)
    with desk.writing(administrator) as viewer, pytest.raises(NoAgreement, match="in Cedar: no sharing agreement"):
        uploads.commit(viewer, checked)
    agree(desk, administrator, ELSEWHERE)
    with desk.writing(administrator) as viewer:
        uploads.commit(viewer, checked)
    assert live(desk, administrator) == {(HOME, "council_asb"), (ELSEWHERE, "council_asb")}
