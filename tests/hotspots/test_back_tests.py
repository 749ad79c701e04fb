"""Back-tests: a hand-worked little city, who may ask, what is said, and one borough of real London."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest

from geo import evaluation
from geo.evaluation import BackTest
from geo.frames import to_national_grid
from hub.access import Role
from hub.accounts import service as accounts
from hub.db import Database
from hub.errors import BadRequest, NotAllowed, NotFound
from hub.hotspots import back_tests
from hub.hotspots.back_tests import NothingHappened, Ranking, Tried
from tests.conftest import HOME, PASSWORD, SIBLING
from tests.hotspots.figures_given import Figures, area_of, month, viewing

ALL_OF_IT = {"dataset": "street_points", "first_month": month(1), "last_month": month(6)}


def points(*places: tuple[float, float, str, list[int]]) -> pd.DataFrame:
    """So many points at each place in January, February and so on."""
    rows = [
        {"month": month(number), "category": category, "easting": east, "northing": north}
        for east, north, category, per_month in places
        for number, count in enumerate(per_month, start=1)
        for _ in range(count)
    ]
    return pd.DataFrame(rows)


@pytest.fixture
def burgled(live: Figures) -> Figures:
    """Half a year in the northern BCU: one busy square, two that take turns, and one that was busy only at first."""
    busy, early = (520.0, 520.0, "Burglary", [4] * 6), (1570.0, 520.0, "Burglary", [6, 6, 6, 0, 0, 0])
    live.points(HOME, points(busy, early, (220.0, 220.0, "Drugs", [1, 1, 1, 0, 0, 0])))
    live.points(SIBLING, points((2620.0, 520.0, "Burglary", [0, 0, 0, 4, 0, 4]), (3070.0, 220.0, "Robbery", [1] * 6)))
    return live


def test_each_month_is_tried_on_the_months_before_it_alone(
    database: Database, people: dict[Role, str], burgled: Figures
) -> None:
    with viewing(database, people[Role.BCU_COMMANDER]) as commander:
        north = area_of(commander, "North")
        tried = back_tests.try_methods(commander, north, category="burglary", area_share=0.005, **ALL_OF_IT)
    assert (tried.area_name, tried.category, tried.cell_metres, tried.bandwidth_metres) == (
        "North",
        "Burglary",
        150,
        250,
    )
    assert tried.months == tuple(month(number) for number in range(1, 7))
    assert tried.incidents == 24 + 18 + 8
    assert set(tried.tests) == set(Ranking)
    count = tried.tests[Ranking.COUNT]
    # One square may be chosen: in April and May the early one still leads (18 and 12 to 12), then the busy one does.
    np.testing.assert_array_equal(count.totals, [8, 4, 8])
    np.testing.assert_allclose(count.hits, [0, 2, 4])
    assert count.hit_rate == pytest.approx(6 / 20)
    assert count.area_share == pytest.approx(1 / tried.squares)
    assert count.pai == pytest.approx(count.hit_rate * tried.squares)


def test_a_year_with_a_hole_is_tried_on_its_last_stretch_and_too_short_a_one_is_refused(
    database: Database, people: dict[Role, str], live: Figures
) -> None:
    live.points(HOME, points((520.0, 520.0, "Drugs", [3, 0, 3, 3, 3, 3])))
    with viewing(database, people[Role.CSP_ANALYST]) as analyst:
        alder = area_of(analyst, HOME)
        tried = back_tests.try_methods(analyst, alder, category=None, **ALL_OF_IT)
        assert tried.months == tuple(month(number) for number in range(3, 7))
        assert tried.tests[Ranking.COUNT].hit_rate == 1
        with pytest.raises(BadRequest, match="needs 5 months in a row, and Alder has only 4: Mar 2025 to Jun 2025"):
            back_tests.try_methods(analyst, alder, category=None, training_months=4, **ALL_OF_IT)


def test_only_who_sees_small_counts_of_the_whole_area_may_ask(
    database: Database, people: dict[Role, str], burgled: Figures
) -> None:
    def ask(role: Role, place: str, *, as_seen_by: Role | None = None) -> Tried:
        with viewing(database, people[as_seen_by or role]) as finder:
            area = area_of(finder, place)
        with viewing(database, people[role]) as viewer:
            return back_tests.try_methods(viewer, area, category=None, **ALL_OF_IT)

    assert ask(Role.CSP_ANALYST, HOME).incidents == 42 + 3
    with pytest.raises(NotFound):
        ask(Role.CSP_ANALYST, SIBLING, as_seen_by=Role.ADMINISTRATOR)
    with pytest.raises(NotFound):
        ask(Role.CSP_ANALYST, "North", as_seen_by=Role.BCU_COMMANDER)
    with pytest.raises(NotAllowed):
        ask(Role.COUNCIL_LEADER, HOME, as_seen_by=Role.CSP_ANALYST)


def test_a_category_of_which_nothing_happened_since_is_told_apart(
    database: Database, people: dict[Role, str], burgled: Figures
) -> None:
    with viewing(database, people[Role.BCU_COMMANDER]) as commander:
        north = area_of(commander, "North")
        assert back_tests.categories_to_try(commander, north, "street_points") == [
            "All recorded crime",
            "Burglary",
            "Drugs",
            "Robbery",
        ]
        with pytest.raises(NothingHappened, match="nothing of Drugs in North in Apr 2025 to Jun 2025"):
            back_tests.try_methods(commander, north, category="Drugs", **ALL_OF_IT)
        with pytest.raises(BadRequest, match="A cell of 1 m cannot be used"):
            back_tests.try_methods(commander, north, category=None, cell_metres=1, **ALL_OF_IT)


def made(hits: list[float], totals: list[float], *, share: float = 0.01) -> BackTest:
    """A back-test with so many hits in each month."""
    places = np.zeros((round(1 / share), 3 + len(hits)))
    places[0, :3], places[0, 3:], places[1, 3:] = 9, hits, np.subtract(totals, hits)
    return evaluation.back_test(places, lambda training: training[:, 0], training_months=3, area_share=share)


def test_it_is_said_in_words() -> None:
    months = [month(number) for number in range(1, 7)]
    of_three = made([140, 130, 150], [1000, 1000, 1000])
    assert back_tests.said_back_test(of_three, topic="robbery", area_name="North", months=months) == (
        "Had you patrolled last quarter's places, you would have met 14% of the robbery in North each month, Apr 2025 "
        "to Jun 2025, in 1% of the area (between 12% and 16%): 14 times what chance would give."
    )
    once = made([3], [40])
    assert back_tests.said_back_test(once, topic="drugs", area_name="Alder", months=months[:4]) == (
        "Had you patrolled last quarter's places, you would have met 8% of the drugs in Alder in April 2025, in 1% of "
        "the area (between 2% and 20%): 7.5 times what chance would give."
    )
    assert back_tests.said_back_test(once, topic="drugs", area_name="Alder", months=months).startswith(
        "Had you patrolled the places of the 5 months before,"
    )
    narrow = back_tests.said_back_test(made([3], [40], share=0.009), topic="drugs", area_name="A", months=months[:4])
    assert "in 1% of the area" in narrow
    by_chance = back_tests.said_back_test(made([1], [60]), topic="drugs", area_name="Alder", months=months[:4])
    assert by_chance.endswith("(between under 1% and 9%): that may be no more than chance.")
    none = back_tests.said_back_test(made([0], [0]), topic="drugs", area_name="Alder", months=months[:4])
    assert none == "Nothing of drugs was recorded in Alder in April 2025, so no map can be tried on it."


def test_what_is_favoured_is_clear_only_where_intervals_lie_apart() -> None:
    def between(first: list[float], second: list[float]) -> Tried:
        tests = {Ranking.COUNT: made(first, [1000] * 3), Ranking.GI_STAR: made(second, [1000] * 3)}
        return Tried("North", "Drugs", (), 3, 0, 100, 150, 250, tests)

    apart, close = between([300, 310, 305], [100, 110, 105]), between([104, 110, 105], [100, 112, 109])
    assert (apart.favoured, apart.is_clear) == (Ranking.COUNT, True)
    assert (close.favoured, close.is_clear) == (Ranking.GI_STAR, False)


def real_points(folder: Path, borough_code: str, category: str) -> pd.DataFrame:
    files = sorted((folder / "police-uk" / "london-street-all-crime").glob("*.csv.gz"))
    columns = ["Month", "Longitude", "Latitude", "Crime type"]
    rows = pd.concat([pd.read_csv(file, usecols=columns) for file in files], ignore_index=True)
    rows = rows[rows["Crime type"] == category]
    easting, northing = to_national_grid(rows["Longitude"], rows["Latitude"])
    placed = gpd.GeoDataFrame(
        {"month": [dt.date.fromisoformat(f"{each}-01") for each in rows["Month"]], "category": category},
        geometry=gpd.points_from_xy(easting, northing),
        crs=27700,
    ).assign(easting=easting, northing=northing)
    boroughs = gpd.read_file(folder / "boroughs.gpkg").to_crs(27700).set_index("borough_code")
    return placed[placed.within(boroughs.geometry[borough_code])].drop(columns="geometry")


@pytest.mark.slow
@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)  # the figures do not depend on the database
def test_real_months_are_met_as_often_as_counting_by_hand_says(
    database: Database, london_places: None, real_data: Path
) -> None:
    with database.writing() as session:
        accounts.create_person(
            session, "camden@test.example", "Camden", PASSWORD, Role.CSP_ANALYST, boroughs=["E09000007"], actor="test"
        )
    thefts = real_points(real_data, "E09000007", "Theft from the person")
    Figures(database).points("E09000007", thefts)
    period = {"first_month": min(thefts["month"]), "last_month": max(thefts["month"])}
    with viewing(database, "camden@test.example") as analyst:
        camden = area_of(analyst, "E09000007")
        tried = back_tests.try_methods(analyst, camden, category=None, dataset="street_points", **period)
    count = tried.tests[Ranking.COUNT]
    square = (
        (thefts["easting"] // 150).astype(int).astype(str) + " " + (thefts["northing"] // 150).astype(int).astype(str)
    )
    by_month = thefts.groupby([square, "month"]).size().unstack("month", fill_value=0).to_numpy()
    chosen = int(0.01 * tried.squares)
    met = 0
    for later in range(3, by_month.shape[1]):
        met += by_month[np.argsort(-by_month[:, later - 3 : later].sum(axis=1), kind="stable")[:chosen], later].sum()
    # Squares that tie at the last place are chosen in another order.
    assert count.hits.sum() == pytest.approx(met, rel=0.05)
    assert tried.favoured is Ranking.COUNT
    assert count.pai_lower > 10
