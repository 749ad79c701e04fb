"""A ward is found by a part of its name, by the first half of a postcode, and on a map of links."""

from __future__ import annotations

import pytest

from hub.access import Role
from tests.client import StrictClient
from tests.conftest import ELSEWHERE, HOME, PASSWORD
from tests.summaries.counted import EAST, WEST

PATH = f"/areas/{HOME}/wards"


@pytest.fixture
def leader(client: StrictClient, people: dict[Role, str]) -> StrictClient:
    client.sign_in(people[Role.COUNCIL_LEADER], PASSWORD)
    return client


def links(client: StrictClient) -> list[str]:
    """Where the list of wards leads."""
    lists = [one for one in client.page.all("ul") if "ward-list" in one.get("class", "")]
    return [link.get("href", "").rsplit("/", 1)[-1] for one in lists for link in one.iter("a")]


def test_a_ward_is_listed_mapped_and_found_by_a_part_of_its_name(leader: StrictClient) -> None:
    assert leader.get(PATH).status_code == 200
    assert links(leader) == [EAST, WEST]
    drawn = list(leader.page.all("{http://www.w3.org/2000/svg}a"))
    assert [link.get("aria-label") for link in drawn] == ["Alder East", "Alder West"]
    found = leader.get(f"{PATH}?find=  alDER  wést ")
    assert (found.status_code, found.location) == (302, f"{PATH}/{WEST}")
    assert leader.get(f"{PATH}?find=alder").status_code == 200
    assert "2 wards of Alder have “alder” in the name." in leader.page.main
    leader.get(f"{PATH}?find=birch")
    assert "No ward of Alder has “birch” in the name." in leader.page.main
    assert links(leader) == []
    assert leader.get(f"/areas/{ELSEWHERE}/wards").status_code == 404


def test_without_a_table_of_postcodes_it_says_so(leader: StrictClient) -> None:
    leader.get(f"{PATH}?find=AL1")
    assert "This hub holds no table of postcodes" in leader.page.main


def test_with_one_the_first_half_gives_the_wards_that_it_reaches_into_and_the_second_is_dropped(
    postcodes: None, leader: StrictClient
) -> None:
    for asked in ("al1", "AL1 2BC", "al12bc"):
        leader.get(PATH, query_string={"find": asked})
        assert links(leader) == [WEST, EAST], asked
        assert "AL1 reaches into 2 wards of Alder." in leader.page.main
        assert "about 70% of AL1" in leader.page.main
        assert "2BC" not in leader.page.text.upper()
    leader.get(f"{PATH}?find=ZZ9")
    assert "No part of ZZ9 is known to lie in Alder." in leader.page.main
