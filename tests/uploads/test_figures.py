"""Other slices read what is live, and only that, and only inside the viewer's scope."""

from __future__ import annotations

import datetime as dt

import pytest

from hub.access import Role, Viewer
from hub.uploads import figures
from tests.conftest import ELSEWHERE, HOME, SIBLING
from tests.uploads.desk import Desk

pytestmark = pytest.mark.usefixtures("in_this_process")

JANUARY, FEBRUARY = dt.date(2024, 1, 1), dt.date(2024, 2, 1)
EVERY_BOROUGH = [HOME, SIBLING, ELSEWHERE]
WIDE = "MajorText,MinorText,WardCode,LookUp_BoroughName,202401,202402\n"
COUNTS = (
    WIDE
    + "BURGLARY,BURGLARY BUSINESS AND COMMUNITY,F05000000,,1,2\n"
    + "BURGLARY,RES BURGLARY OF A HOME,F05000000,,4,0\n"
    + "POSSESSION OF WEAPONS,POSSESSION OF WEAPONS,F05000001,,8,16\n"
    + "THEFT,SHOPLIFTING,,Alder,32,0\n"
    + "THEFT,SHOPLIFTING,F05000004,,64,0\n"
)
POINTS = (
    "Month,Longitude,Latitude,Crime type\n"
    # The small city lies at the National Grid's false origin, off the Isles of Scilly.
    + "2024-01,-7.5504,49.7705,Burglary\n" * 3
    + "2024-01,-7.5504,49.7705,Anti-social behaviour\n" * 5
    + "2024-02,-7.5367,49.7709,Drugs\n"
    + "2024-02,,,Drugs\n"
)


@pytest.fixture
def loaded(desk: Desk, people: dict[Role, str]) -> Desk:
    """The small city with counts in two boroughs and points in one."""
    desk.commit(people[Role.ADMINISTRATOR], COUNTS)
    desk.commit(people[Role.CSP_OFFICER], POINTS)
    return desk


def counted(viewer: Viewer, boroughs: list[str], dataset: str = "met_ward_counts", **asked: object) -> dict:
    given = {"first_month": JANUARY, "last_month": FEBRUARY, **asked}
    found = figures.ward_counts(viewer, boroughs, dataset, **given)
    assert found["count"].dtype == "int64"
    keys = found.drop(columns="count").astype(object).where(found.drop(columns="count").notna(), None)
    return {
        row if len(row) > 1 else row[0]: count
        for row, count in zip(keys.itertuples(index=False, name=None), found["count"], strict=True)
    }


def test_counts_are_grouped_as_asked(loaded: Desk, people: dict[Role, str]) -> None:
    with loaded.reading(people[Role.ADMINISTRATOR]) as viewer:
        by_ward = counted(viewer, EVERY_BOROUGH, by=("ward_code",))
        assert by_ward == {"F05000000": 7, "F05000001": 24, None: 32, "F05000004": 64}
        assert counted(viewer, EVERY_BOROUGH, by=("month",)) == {JANUARY: 109, FEBRUARY: 18}
        assert counted(viewer, [HOME], by=("borough_code", "month")) == {(HOME, JANUARY): 45, (HOME, FEBRUARY): 18}
        everything = figures.ward_counts(
            viewer, EVERY_BOROUGH, "met_ward_counts", first_month=JANUARY, last_month=FEBRUARY
        )
        assert list(everything.columns) == [*figures.EVERY_KEY, "count"]
        assert everything["count"].sum() == 127
        total = figures.ward_counts(
            viewer, EVERY_BOROUGH, "met_ward_counts", first_month=JANUARY, last_month=JANUARY, by=()
        )
        assert total["count"].tolist() == [109]


def test_a_category_is_a_group_or_a_subgroup(loaded: Desk, people: dict[Role, str]) -> None:
    with loaded.reading(people[Role.ADMINISTRATOR]) as viewer:
        assert counted(viewer, [HOME], category="Burglary", by=("month",)) == {JANUARY: 5, FEBRUARY: 2}
        home = counted(viewer, [HOME], category="Burglary – residential, home", by=("month",))
        assert home == {JANUARY: 4}
        assert counted(viewer, [HOME], category="Possession of weapons", by=("month",)) == {JANUARY: 8, FEBRUARY: 16}
        assert counted(viewer, [HOME], category="Arson", by=("month",)) == {}


def test_nobody_reads_beyond_their_scope(loaded: Desk, people: dict[Role, str]) -> None:
    with loaded.reading(people[Role.CSP_OFFICER]) as viewer:
        assert counted(viewer, EVERY_BOROUGH, by=("borough_code",)) == {HOME: 63}
        assert set(figures.coverage(viewer, EVERY_BOROUGH)["borough_code"]) == {HOME}
        assert figures.categories(viewer, [ELSEWHERE], "met_ward_counts") == []
        assert len(figures.points(viewer, [ELSEWHERE], "street_points", first_month=JANUARY, last_month=FEBRUARY)) == 0
    with loaded.reading(people[Role.ADMINISTRATOR]) as viewer:
        assert counted(viewer, [ELSEWHERE], by=("borough_code",)) == {ELSEWHERE: 64}


def test_points_are_counted_where_they_stand(loaded: Desk, people: dict[Role, str]) -> None:
    with loaded.reading(people[Role.CSP_OFFICER]) as viewer:
        asked = {"first_month": JANUARY, "last_month": FEBRUARY}
        crime = figures.points(viewer, [HOME], "street_points", **asked)
        assert crime["count"].tolist() == [3, 1]
        asb = figures.points(viewer, [HOME], "street_points", category="Anti-social behaviour", **asked)
        assert asb["count"].tolist() == [5]
        by_month = figures.points(viewer, [HOME], "street_points", by_month=True, **asked)
        assert list(by_month.columns) == ["easting", "northing", "month", "count"]


def test_incidents_are_never_added_to_offences(loaded: Desk, people: dict[Role, str]) -> None:
    with loaded.reading(people[Role.CSP_OFFICER]) as viewer:
        by_group = counted(viewer, [HOME], "street_points", by=("offence_group", "offence_subgroup"))
        assert by_group == {("Burglary", ""): 3, ("Drugs", ""): 2}
        groups = [group for group, _ in figures.categories(viewer, [HOME], "street_points")]
        assert groups == ["Anti-social behaviour", "Burglary", "Drugs"]


def test_categories_list_each_group_with_its_subgroups(loaded: Desk, people: dict[Role, str]) -> None:
    for _ in range(2):
        with loaded.reading(people[Role.ADMINISTRATOR]) as viewer:
            assert figures.categories(viewer, EVERY_BOROUGH, "met_ward_counts") == [
                ("Burglary", ["Burglary – business and community", "Burglary – residential, home"]),
                ("Possession of weapons", ["Possession of weapons"]),
                ("Theft", ["Shoplifting"]),
            ]


def test_coverage_names_the_version_of_each_month(loaded: Desk, people: dict[Role, str]) -> None:
    officer = people[Role.CSP_OFFICER]
    own = loaded.commit(officer, WIDE + "THEFT,SHOPLIFTING,F05000000,,0,100\n".replace("202401", "202402"))
    with loaded.reading(officer) as viewer:
        live = figures.coverage(viewer, [HOME], "met_ward_counts")
        assert list(live.columns) == list(figures.COVERAGE)
        assert live["number"].tolist() == [2, 2]
        assert live["month"].tolist() == [JANUARY, FEBRUARY]
        assert live["placed"].tolist() == [0, 100]
        assert counted(viewer, [HOME], by=("month",)) == {FEBRUARY: 100}
    loaded.undo(officer, own["version"])
    with loaded.reading(officer) as viewer:
        assert figures.coverage(viewer, [HOME], "met_ward_counts")["number"].tolist() == [1, 1]
        assert figures.coverage(viewer, [HOME], "met_ward_counts")["unplaced"].tolist() == [32, 0]


def test_months_current_from_different_versions_are_read_together(loaded: Desk, people: dict[Role, str]) -> None:
    officer = people[Role.CSP_OFFICER]
    loaded.commit(officer, "MajorText,MinorText,WardCode,202402\nTHEFT,SHOPLIFTING,F05000000,1000\n")
    with loaded.reading(officer) as viewer:
        assert counted(viewer, [HOME], by=("month",)) == {JANUARY: 45, FEBRUARY: 1000}
        assert counted(viewer, [HOME], boundary_set_id=1, by=("month",)) == {JANUARY: 45, FEBRUARY: 1000}
        assert counted(viewer, [HOME], boundary_set_id=2, by=("month",)) == {}
