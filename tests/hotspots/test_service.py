"""Overlays as a person gets them: what is counted, for whom, over which months, and when it is worked out again."""

from __future__ import annotations

import datetime as dt
import warnings
from dataclasses import replace
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from esda.getisord import G_Local
from libpysal.weights import Queen
from sqlalchemy import func, select

from hub.access import Role, Viewer
from hub.db import Database
from hub.errors import BadRequest, NotAllowed, NotFound
from hub.hotspots import exports, scoring, service
from hub.hotspots.models import HotspotRun
from hub.hotspots.overlays import Overlay
from hub.hotspots.sources import NoFigures
from hub.places import service as places
from hub.places.models import BoundarySet, SmallArea, Ward
from hub.uploads.classification import ANTI_SOCIAL_BEHAVIOUR
from tests.conftest import ELSEWHERE, HOME, SIBLING
from tests.hotspots.figures_given import EXTRACT, Figures, area_of, month, viewing

WEST, EAST = "F05000000", "F05000001"
OFFICER, COMMANDER, ADMINISTRATOR = Role.CSP_OFFICER, Role.BCU_COMMANDER, Role.ADMINISTRATOR


def counts(*rows: tuple[dt.date, str | None, str, str, int]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["month", "ward_code", "offence_group", "offence_subgroup", "count"])


def burglaries(borough: int, *numbers: int, at: dt.date | None = None) -> pd.DataFrame:
    """So many burglaries in each ward of the first, second or third borough."""
    wards = [f"F0500000{2 * borough + side}" for side in (0, 1)]
    rows = zip(wards, numbers, strict=True)
    return counts(*((at or month(1), ward, "Burglary", "Home", number) for ward, number in rows))


def ask(viewer: Viewer, area: str = HOME, **asked: Any) -> Overlay:
    question = {"units": "wards", "method": "rate", "category": None, "first_month": month(1), "last_month": month(1)}
    return service.overlay(viewer, area_of(viewer, area), **question | asked)


def keep(database: Database, viewer: Viewer, overlay: Overlay) -> None:
    """Keep an overlay as the pages do: in a transaction of its own, in the same scope."""
    with database.writing() as session:
        session.set_scope(viewer.session.scope)
        service.keep(replace(viewer, session=session), overlay)


# --- Who -------------------------------------------------------------------------------------------------------------


def test_all_of_the_area_must_be_the_viewers(database: Database, live: Figures, people: dict[Role, str]) -> None:
    live.ward_counts(HOME, burglaries(0, 5, 10))
    live.ward_counts(SIBLING, burglaries(1, 7, 1))
    with viewing(database, people[COMMANDER]) as commander:
        assert ask(commander, "north").table["count"].tolist() == [5, 10, 7, 1]
        with pytest.raises(NotFound):
            area_of(commander, "london")
        north = area_of(commander, "north")
    with viewing(database, people[OFFICER]) as officer:
        assert ask(officer).table["count"].tolist() == [5, 10]
        question = {"units": "wards", "method": "rate", "category": None}
        with pytest.raises(NotFound):
            service.overlay(officer, north, **question, first_month=month(1), last_month=month(1))
        with pytest.raises(NotFound):
            service.choices(officer, north)
    with viewing(database, people[Role.COUNCIL_LEADER]) as leader, pytest.raises(NotAllowed):
        area_of(leader, HOME)


# --- Wards -----------------------------------------------------------------------------------------------------------


def test_counts_and_rates_with_what_they_are_made_of(
    database: Database, live: Figures, people: dict[Role, str]
) -> None:
    live.ward_counts(
        HOME,
        counts(
            (month(1), WEST, "Burglary", "Home", 30),
            (month(2), WEST, "Burglary", "Shop", 5),
            (month(2), EAST, "Robbery", "Personal", 20),
            (month(2), None, "Robbery", "Personal", 4),
            (month(3), WEST, "Burglary", "Home", 99),
        ),
    )
    with viewing(database, people[OFFICER]) as officer:
        found = ask(officer, last_month=month(2))
        burglary = ask(officer, last_month=month(2), category="BURGLARY")
        shops = ask(officer, last_month=month(2), category="shop")
    assert found.table["count"].to_dict() == {WEST: 35, EAST: 20}
    assert found.table["rate_per_1000"].to_dict() == {WEST: 3.5, EAST: 2.0}
    assert (found.total, found.unplaced) == (59, 4)
    assert "4 of 59 offences (7%) are not placed in a ward" in " ".join(found.notes)
    assert found.denominator == "Census 2021 residents"
    assert "over 2 months, not scaled to a year, per 1,000 residents (Census 2021 residents)" in found.method_words
    assert found.sentence.startswith("In the 2 months to February 2025, all recorded crime per 1,000 residents was")
    assert (found.boundary_set, found.extracts, found.attribution) == ("2022", (EXTRACT,), "Made up for tests.")
    assert (burglary.category, burglary.table["count"].tolist()) == ("Burglary", [35, 0])
    assert (shops.category, shops.table["count"].tolist()) == ("Shop", [5, 0])


def test_the_latest_months_of_an_extract_are_provisional(
    database: Database, live: Figures, people: dict[Role, str]
) -> None:
    live.ward_counts(HOME, pd.concat([burglaries(0, 1, 2, at=month(number)) for number in range(1, 7)]))
    with viewing(database, people[OFFICER]) as officer:
        found = ask(officer, last_month=month(5))
        settled = ask(officer, last_month=month(3))
    assert found.provisional == (month(4), month(5))
    assert "Apr 2025 to May 2025 are provisional" in " ".join(found.notes)
    assert settled.provisional == ()


def test_gi_star_of_many_wards_is_esdas(database: Database, live: Figures, people: dict[Role, str]) -> None:
    rng = np.random.default_rng(1)
    add_wards(database, "2024", columns=8, rows=6)
    numbers = rng.poisson(30, 48)
    numbers[[18, 19, 26, 27]] += 90
    rows = [(month(1), f"F05{at:06}", "Burglary", "Home", int(number)) for at, number in enumerate(numbers)]
    live.ward_counts(HOME, counts(*rows), boundary_set="2024")
    with viewing(database, people[OFFICER]) as officer:
        found = ask(officer, method="gi_star", category="burglary")
        wards = places.wards(officer.session, places.boundary_sets(officer.session)[0].id, {HOME})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        graph = Queen.from_dataframe(wards, use_index=False)
        expected = G_Local(found.table["count"].to_numpy(), graph, transform="B", star=True, permutations=0).Zs
    np.testing.assert_allclose(found.table["z"], expected, atol=1e-9)
    assert found.tested == 48
    assert set(found.hot.index) >= {"F05000018", "F05000019", "F05000026", "F05000027"}
    assert f"{len(found.hot)} of 48 wards in Alder stood out for burglary" in found.sentence
    assert "Chance alone would flag" in found.sentence


def add_wards(database: Database, code: str, *, rows: int, columns: int, first: int = 0) -> None:
    """Give the first borough another edition of its wards: equal blocks, coded from a first number on."""
    now = dt.datetime.now(dt.UTC)
    with database.writing() as session:
        edition = BoundarySet(
            code=code,
            in_force_from=dt.date(int(code), 5, 1),
            source="Made up",
            content_hash=f"{code}-{rows}-{columns}-{first}".ljust(64, "0"),
            loaded_at=now,
        )
        session.add(edition)
        session.flush()
        width, height = 2000 / columns, 1000 / rows
        for at in range(rows * columns):
            row, column = divmod(at, columns)
            square = shapely.box(column * width, row * height, (column + 1) * width, (row + 1) * height)
            session.add(
                Ward(
                    boundary_set_id=edition.id,
                    code=f"F05{first + at:06}",
                    name=f"Ward {at}",
                    borough_code=HOME,
                    residents=None,
                    outline=square,
                )
            )


def test_no_residents_no_rate(database: Database, live: Figures, people: dict[Role, str]) -> None:
    add_wards(database, "2024", columns=2, rows=1)
    live.ward_counts(HOME, burglaries(0, 3, 4), boundary_set="2024")
    with viewing(database, people[OFFICER]) as officer:
        found = ask(officer)
    assert found.table["rate_per_1000"].isna().all()
    assert found.denominator == ""
    assert "no rate can be given" in found.sentence


# --- Months ----------------------------------------------------------------------------------------------------------


def test_a_month_that_one_borough_lacks_is_counted_for_none_and_named(
    database: Database, live: Figures, people: dict[Role, str]
) -> None:
    for number in (1, 2, 3):
        live.ward_counts(HOME, burglaries(0, 1, 2, at=month(number)))
    for number in (1, 3):
        live.ward_counts(SIBLING, burglaries(1, 10, 20, at=month(number)))
    with viewing(database, people[ADMINISTRATOR]) as administrator:
        found = ask(administrator, "london", last_month=month(3))
    assert found.months == (month(1), month(3))
    assert found.table["count"].tolist()[:4] == [2, 4, 20, 40]
    assert found.table["count"].iloc[4:].isna().all()
    gaps = {gap.borough_code: (gap.months, gap.is_left_out) for gap in found.gaps}
    assert gaps == {SIBLING: ((month(2),), False), ELSEWHERE: ((month(1), month(2), month(3)), True)}
    assert "Birch has no data for February 2025; that month is left out for every borough" in " ".join(found.notes)
    assert "Cedar has no data in this period and is left out." in found.notes
    assert found.period_words == "the 2 months with data from January 2025 to March 2025"


def test_a_period_without_data_is_refused_naming_what_there_is(
    database: Database, live: Figures, people: dict[Role, str]
) -> None:
    with viewing(database, people[OFFICER]) as officer:
        assert service.choices(officer, area_of(officer, HOME)) is None
        with pytest.raises(NoFigures, match="No figures have been uploaded for Alder"):
            ask(officer)
    live.ward_counts(HOME, pd.concat([burglaries(0, 1, 2, at=month(number)) for number in (1, 2)]))
    live.ward_counts(SIBLING, burglaries(1, 1, 2, at=month(4)))
    with viewing(database, people[COMMANDER]) as commander:
        with pytest.raises(BadRequest) as refused:
            ask(commander, first_month=month(3), last_month=month(3))
        assert "There are no figures for Alder in March 2025." in refused.value.sentence
        assert "Met ward-level counts for Jan 2025 to Feb 2025" in refused.value.remedy
        with pytest.raises(BadRequest, match="no month of this period in common"):
            ask(commander, "north", last_month=month(4))
        with pytest.raises(BadRequest, match="no points for Alder") as refused:
            ask(commander, units="cells", method="gi_star")
        assert "Upload such a file first" in refused.value.remedy


def test_what_is_offered_is_what_there_is(database: Database, live: Figures, people: dict[Role, str]) -> None:
    months = [month(number, year) for year in (2024, 2025) for number in range(1, 13)]
    live.ward_counts(HOME, pd.concat([burglaries(0, 1, 2, at=each) for each in months]))
    live.ward_counts(SIBLING, pd.concat([burglaries(1, 1, 2, at=each) for each in months[:-1]]))
    live.points(HOME, street_points((500, 500, "Robbery")))
    with viewing(database, people[COMMANDER]) as commander:
        offered = service.choices(commander, area_of(commander, "north"))
    assert offered is not None
    assert offered.months == tuple(reversed(months))
    assert (offered.first_month, offered.last_month) == (month(12, 2024), month(11))
    assert offered.categories == {
        "Met ward-level counts": [("Burglary", ["Home"])],
        "Street-level points": [("Robbery", [])],
    }


# --- Change ----------------------------------------------------------------------------------------------------------


def test_a_period_is_compared_with_a_year_before_or_where_that_is_not_live_with_just_before(
    database: Database, live: Figures, people: dict[Role, str]
) -> None:
    live.ward_counts(HOME, pd.concat([burglaries(0, 10, 40, at=month(number)) for number in (1, 2)]))
    live.ward_counts(HOME, pd.concat([burglaries(0, 60, 41, at=month(number)) for number in (3, 4)]))
    with viewing(database, people[OFFICER]) as officer:
        found = ask(officer, method="change", first_month=month(3), last_month=month(4))
        with pytest.raises(BadRequest, match="nothing before the 2 months to February 2025 to compare it with"):
            ask(officer, method="change", last_month=month(2))
    assert (found.months, found.months_before) == ((month(3), month(4)), (month(1), month(2)))
    assert found.table["count_before"].tolist() == [20, 80]
    assert found.table["class"].tolist() == ["risen", "no_clear_change"]
    assert (found.table["ratio"].isna().tolist(), found.tested, found.total) == ([True, False], 2, 202)
    live.ward_counts(HOME, pd.concat([burglaries(0, 60, 90, at=month(number, 2024)) for number in (3, 4)]))
    with viewing(database, people[OFFICER]) as officer:
        after = ask(officer, method="change", first_month=month(3), last_month=month(4))
    assert after.months_before == (month(3, 2024), month(4, 2024))
    assert after.table["class"].tolist() == ["no_clear_change", "fallen"]
    assert "against the same months a year before (the 2 months to April 2024)" in after.sentence
    assert after.inputs_hash != found.inputs_hash
    assert [version.number for version in after.versions] == [2, 3]


def test_a_month_that_a_borough_lacks_in_either_period_is_compared_for_none(
    database: Database, live: Figures, people: dict[Role, str]
) -> None:
    for year in (2024, 2025):
        live.ward_counts(HOME, pd.concat([burglaries(0, 50, 50, at=month(number, year)) for number in (1, 2)]))
        live.ward_counts(SIBLING, burglaries(1, 50, 50, at=month(1, year)))
    live.ward_counts(SIBLING, burglaries(1, 50, 50, at=month(2)))
    with viewing(database, people[COMMANDER]) as commander:
        found = ask(commander, "north", method="change", last_month=month(2))
        keep(database, commander, found)
    assert (found.months, found.months_before) == ((month(1),), (month(1, 2024),))
    assert [(gap.borough_code, gap.months) for gap in found.gaps] == [(SIBLING, (month(2),))]
    with viewing(database, people[COMMANDER]) as commander:
        again = ask(commander, "north", method="change", last_month=month(2))
    assert again.is_kept
    pd.testing.assert_frame_equal(again.table, found.table)


def test_wards_that_changed_between_the_periods_are_not_compared(
    database: Database, live: Figures, people: dict[Role, str]
) -> None:
    add_wards(database, "2018", columns=2, rows=2)
    older = counts(*((month(1, 2024), f"F05{at:06}", "Burglary", "Home", 50) for at in range(4)))
    live.ward_counts(HOME, older, boundary_set="2018")
    live.ward_counts(HOME, burglaries(0, 90, 90))
    with viewing(database, people[OFFICER]) as officer:
        found = ask(officer, method="change")
    assert (found.boundary_set, found.boundary_set_before) == ("2022", "2018")
    assert found.table["count_before"].isna().all()
    assert "2 of 2 wards are not the same as before" in " ".join(found.notes)


def test_points_are_compared_in_squares_and_in_wards_of_one_edition(
    database: Database, live: Figures, people: dict[Role, str]
) -> None:
    add_wards(database, "2018", columns=2, rows=2)
    everywhere = scattered(200)
    live.points(HOME, everywhere.iloc[:200].assign(month=month(1, 2024)), boundary_set="2018")
    live.points(HOME, everywhere)
    with viewing(database, people[OFFICER]) as officer:
        cells = ask(officer, units="cells", method="change")
        wards = ask(officer, method="change", dataset="street_points")
    risen = cells.table[cells.table["class"] == "risen"]
    assert set(risen["ward_name"]) == {"Alder West"}
    assert (risen["west"].max() < 500, cells.table["count_before"].sum(), cells.total) == (True, 200, 400)
    assert (wards.boundary_set, wards.boundary_set_before, wards.table["count_before"].sum()) == ("2022", "2022", 200)
    assert wards.table["class"].tolist() == ["risen", "no_clear_change"]


# --- Kinds of hotspot ------------------------------------------------------------------------------------------------


def test_kinds_follow_the_last_unbroken_months_whatever_was_chosen(
    database: Database, live: Figures, people: dict[Role, str]
) -> None:
    add_wards(database, "2024", columns=8, rows=6)
    rng = np.random.default_rng(1)
    months = [month(number, year) for year in (2024, 2025) for number in range(1, 13)]
    months.remove(month(1, 2025))
    numbers = rng.poisson(30, (48, 23))
    numbers[[18, 19, 26, 27]] += 60
    numbers[[5, 6, 7, 13, 14, 15], -1] += 60
    rows = [
        (each, f"F05{at:06}", "Burglary", "Home", int(numbers[at, column]))
        for column, each in enumerate(months)
        for at in range(48)
    ]
    live.ward_counts(HOME, counts(*rows), boundary_set="2024")
    asked = {"method": "emerging", "category": "burglary"}
    with viewing(database, people[OFFICER]) as officer:
        found = ask(officer, first_month=month(12), last_month=month(12), **asked)
        with pytest.raises(BadRequest) as refused:
            ask(officer, first_month=month(1), last_month=month(10), **asked)
        keep(database, officer, found)
    assert found.months == tuple(months[-11:])
    assert found.table.loc["F05000006", ["count", "latest_count"]].tolist() == [numbers[6, -11:].sum(), numbers[6, -1]]
    assert set(found.table.loc[["F05000018", "F05000027"], "class"]) <= {"persistent_hot", "intensifying_hot"}
    assert set(found.table.loc[["F05000006", "F05000014"], "class"]) == {"new_hot"}
    assert "were new hotspots of burglary: " in found.sentence
    assert refused.value.sentence == (
        "Kinds of hotspot need 10 months in a row, and Alder has only 9: Feb 2025 to Oct 2025."
    )
    with viewing(database, people[OFFICER]) as officer:
        again = ask(officer, first_month=month(11), last_month=month(12), **asked)
    assert again.is_kept
    pd.testing.assert_frame_equal(again.table, found.table)


def test_points_are_followed_in_squares_and_in_wards_of_another_edition(
    database: Database, live: Figures, people: dict[Role, str]
) -> None:
    add_wards(database, "2018", columns=2, rows=2)
    months = [month(number) for number in range(1, 13)]
    points = pd.concat([scattered(60, seed=number).assign(month=each) for number, each in enumerate(months)])
    live.points(HOME, points, boundary_set="2018")
    with viewing(database, people[OFFICER]) as officer:
        cells = ask(officer, units="cells", method="emerging", last_month=month(12))
        wards = ask(officer, method="emerging", dataset="street_points", last_month=month(12))
    assert set(cells.table.loc[cells.table["class"].str.endswith("_hot"), "ward_name"]) == {"Alder West"}
    assert (cells.total, cells.unplaced, cells.table["count"].sum()) == (1440, 0, 1440)
    assert (wards.boundary_set, wards.total, wards.unplaced) == ("2022", 1440, 0)
    assert (wards.table["count"] > 300).all()


# --- Boundary sets ---------------------------------------------------------------------------------------------------


def on_three_wards(*numbers: int, at: dt.date) -> pd.DataFrame:
    """So many burglaries in each of three older wards, the middle one half in either of today's."""
    wards = [f"F0500001{side}" for side in range(3)]
    return counts(*((at, ward, "Burglary", "Home", number) for ward, number in zip(wards, numbers, strict=True)))


@pytest.fixture
def redrawn(database: Database, live: Figures) -> Figures:
    """January counted on three older wards, February on today's two."""
    add_wards(database, "2018", columns=3, rows=1, first=10)
    live.ward_counts(HOME, on_three_wards(6, 5, 4, at=month(1)), boundary_set="2018")
    live.ward_counts(HOME, burglaries(0, 3, 4, at=month(2)))
    return live


def test_a_period_on_two_editions_of_the_wards_is_carried_over_to_the_newer_and_says_so(
    database: Database, redrawn: Figures, people: dict[Role, str]
) -> None:
    with viewing(database, people[OFFICER]) as officer:
        by_ground = ask(officer, last_month=month(2))
        keep(database, officer, by_ground)
    with viewing(database, people[OFFICER]) as officer:
        again = ask(officer, last_month=month(2))
        older = ask(officer)
        backwards = ask(officer, last_month=month(2), boundary_set="2018")
        with pytest.raises(BadRequest, match="no '1066' wards"):
            ask(officer, boundary_set="1066")
    # Half of the middle ward each: 6 + 2.5 and 4 + 2.5, in whole numbers that add up to the borough's 15.
    assert (by_ground.boundary_set, by_ground.table["count"].to_dict()) == ("2022", {WEST: 9 + 3, EAST: 6 + 4})
    assert by_ground.table["shared_out"].tolist() == pytest.approx([2.5, 2.5])
    said = " ".join(by_ground.notes)
    assert "Met ward-level counts of January 2025 were made on 2018 wards, and are carried over to 2022" in said
    assert "Of all that is shown, 23% was shared out from wards that were split." in said
    assert again.is_kept
    pd.testing.assert_frame_equal(again.table, by_ground.table)
    told = exports.as_dict(again)
    assert [(each["boundary_set"], each["months"]) for each in told["carried_over"]] == [("2018", ["2025-01"])]
    assert exports.features(again)["shared_out"].sum() == pytest.approx(5)
    assert (older.boundary_set, older.table["count"].tolist()) == ("2018", [6, 5, 4])
    assert not older.carried_over
    assert (backwards.boundary_set, backwards.total, backwards.table["count"].sum()) == ("2018", 22, 22)
    with database.writing() as session:
        for at, (west, east) in enumerate([(667, 778), (778, 889), (889, 1000), (1000, 1333)]):
            block = SmallArea(edition="2021", code=f"F0100000{at}", borough_code=HOME)
            block.outline = shapely.box(west, 0, east, 1000)
            session.add(block)
    with viewing(database, people[OFFICER]) as officer:
        by_people = ask(officer, last_month=month(2))
    # Three in four people of the middle ward live in the west of it: 6 + 3.75 and 4 + 1.25.
    assert by_people.table["count"].to_dict() == {WEST: 10 + 3, EAST: 5 + 4}


def test_what_follows_or_compares_ward_by_ward_leaves_months_on_other_wards_out(
    database: Database, redrawn: Figures, people: dict[Role, str]
) -> None:
    redrawn.ward_counts(HOME, pd.concat([burglaries(0, 3, 4, at=month(number, 2024)) for number in (1, 2)]))
    with viewing(database, people[OFFICER]) as officer:
        with pytest.raises(BadRequest) as refused:
            ask(officer, method="change", last_month=month(2))
        assert "January 2025 on 2018 wards and February 2025 on 2022 wards" in refused.value.sentence
        with pytest.raises(BadRequest, match="has only 1 on its present wards: February 2025"):
            ask(officer, method="emerging", last_month=month(2))
        with pytest.raises(BadRequest, match="counted on 2018 wards, not on 2022"):
            ask(officer, method="change", boundary_set="2022")
    redrawn.ward_counts(HOME, pd.concat([burglaries(0, 3, 4, at=month(number)) for number in range(2, 13)]))
    with viewing(database, people[OFFICER]) as officer:
        followed = ask(officer, method="emerging", last_month=month(12))
    assert (followed.months[0], exports.as_dict(followed)["set_aside"]) == (month(2), ["2025-01"])
    assert "January 2025 was counted on other wards and left out" in " ".join(followed.notes)


def test_points_are_placed_in_the_wards_asked_for(database: Database, live: Figures, people: dict[Role, str]) -> None:
    add_wards(database, "2018", columns=2, rows=1)
    live.points(HOME, street_points((500, 500, "Robbery")), boundary_set="2018")
    live.points(HOME, street_points((1500, 500, "Robbery"), at=month(2)))
    with viewing(database, people[OFFICER]) as officer:
        for asked, edition in ({}, "2022"), ({"boundary_set": "2018"}, "2018"):
            found = ask(officer, last_month=month(2), dataset="street_points", **asked)
            assert (found.boundary_set, found.table["count"].tolist()) == (edition, [1, 1])


# --- Points ----------------------------------------------------------------------------------------------------------


def street_points(*places_: tuple[float, float, str], at: dt.date | None = None) -> pd.DataFrame:
    frame = pd.DataFrame(places_, columns=["easting", "northing", "category"])
    return frame.assign(month=at or month(1))


def scattered(number: int, *, seed: int = 2) -> pd.DataFrame:
    """Robberies all over the first borough, and as many again in one corner of it."""
    rng = np.random.default_rng(seed)
    spread = np.column_stack([rng.uniform(0, 2000, number), rng.uniform(0, 1000, number)])
    corner = np.column_stack([rng.uniform(200, 500, number), rng.uniform(200, 500, number)])
    return pd.DataFrame(np.vstack([spread, corner]).round(1), columns=["easting", "northing"]).assign(
        category="Robbery", month=month(1)
    )


def test_small_areas_hold_every_point_that_has_a_place(
    database: Database, live: Figures, people: dict[Role, str]
) -> None:
    nowhere = street_points((np.nan, np.nan, "Robbery"), (np.nan, np.nan, "Robbery"))
    incivilities = street_points(*[(1900.0, 900.0, ANTI_SOCIAL_BEHAVIOUR)] * 30)
    live.points(HOME, pd.concat([scattered(200), nowhere, incivilities]))
    with viewing(database, people[OFFICER]) as officer:
        found = ask(officer, units="cells", method="gi_star", cell_metres=100)
        chosen = ask(officer, units="cells", method="gi_star")
        incivility = ask(officer, units="cells", method="gi_star", category=ANTI_SOCIAL_BEHAVIOUR, cell_metres=500)
        dense = ask(officer, units="cells", method="density", bandwidth_metres=300)
    assert (found.total, found.unplaced, len(found.table)) == (402, 2, 200)
    assert found.table["count"].sum() == 400
    assert set(found.hot["ward_name"]) == {"Alder West"}
    for row in found.hot.itertuples():
        assert 100 <= row.west <= 500
        assert 100 <= row.south <= 500
    assert "lie in Alder West" in found.sentence
    assert gpd.GeoSeries(found.outlines).total_bounds.tolist() == [0, 0, 2000, 1000]
    assert (chosen.cell_metres, chosen.question.cell_metres) == (150, None)
    assert incivility.total == 30
    assert (dense.cell_metres, dense.bandwidth_metres) == (50, 300)
    assert dense.table["density"].idxmax() in dense.table.index[dense.table["ward_name"] == "Alder West"]
    assert "densest in Alder West" in dense.sentence


def test_points_stand_in_where_no_ward_file_covers_the_period(
    database: Database, live: Figures, people: dict[Role, str]
) -> None:
    live.ward_counts(HOME, burglaries(0, 5, 6, at=month(2)))
    live.points(HOME, street_points((10, 10, "Robbery"), (1990, 10, "Robbery"), (1000, 500, "Robbery")))
    with viewing(database, people[OFFICER]) as officer:
        by_points = ask(officer)
        by_wards = ask(officer, first_month=month(2), last_month=month(2))
        of_points = ask(officer, last_month=month(2), category="robbery")
        assert (by_points.dataset, by_points.table["count"].tolist()) == ("street_points", [2, 1])
        assert (by_wards.dataset, by_wards.table["count"].tolist()) == ("met_ward_counts", [5, 6])
        assert (of_points.dataset, of_points.months) == ("street_points", (month(1),))
        with pytest.raises(BadRequest) as refused:
            ask(officer, last_month=month(2), category="piracy")
        assert "no category 'piracy'" in refused.value.sentence
        assert "Burglary" in refused.value.remedy
        with pytest.raises(BadRequest, match="no dataset called 'rumours'"):
            ask(officer, dataset="rumours")
        with pytest.raises(BadRequest, match="have no points"):
            ask(officer, units="cells", method="gi_star", dataset="met_ward_counts")


def test_what_geo_refuses_is_said_as_a_refusal(
    database: Database, live: Figures, people: dict[Role, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    live.points(HOME, scattered(5))
    with viewing(database, people[ADMINISTRATOR]) as administrator:
        monkeypatch.setattr(scoring, "MOST_CELLS", 10)
        with pytest.raises(BadRequest) as refused:
            ask(administrator, units="cells", method="gi_star", cell_metres=100)
    assert refused.value.sentence == "Squares of 100 m would be about 200, more than 10."
    assert refused.value.remedy == "Choose 450 m or more, or a smaller area."


# --- Keeping ---------------------------------------------------------------------------------------------------------


def test_an_overlay_is_kept_until_the_data_under_it_changes(
    database: Database, live: Figures, people: dict[Role, str]
) -> None:
    live.ward_counts(HOME, burglaries(0, 5, 10))
    live.ward_counts(SIBLING, burglaries(1, 7, 1))
    with viewing(database, people[COMMANDER]) as commander:
        first = ask(commander, "north", method="gi_star")
        assert not first.is_kept
        keep(database, commander, first)
        keep(database, commander, first)
    with viewing(database, people[COMMANDER]) as commander:
        again = ask(commander, "north", method="gi_star")
        assert again.is_kept
        pd.testing.assert_frame_equal(again.table, first.table)
        assert again.sentence == first.sentence
        assert not ask(commander, "north").is_kept
        assert not ask(commander, "north", method="gi_star", category="Burglary").is_kept
        assert commander.session.scalar(select(func.count()).select_from(HotspotRun)) == 1
    live.ward_counts(HOME, burglaries(0, 50, 10))
    with viewing(database, people[COMMANDER]) as commander:
        after = ask(commander, "north", method="gi_star")
    assert not after.is_kept
    assert after.inputs_hash != first.inputs_hash
    assert after.table["count"].tolist() == [50, 10, 7, 1]
    assert [version.number for version in after.versions] == [2, 1]


def test_what_is_kept_for_one_area_is_nothing_to_those_of_another(
    database: Database, live: Figures, people: dict[Role, str]
) -> None:
    live.ward_counts(HOME, burglaries(0, 5, 10))
    live.ward_counts(SIBLING, burglaries(1, 7, 1))
    with viewing(database, people[COMMANDER]) as commander:
        keep(database, commander, ask(commander, "north"))
    with viewing(database, people[COMMANDER]) as commander:
        assert commander.session.scalar(select(func.count()).select_from(HotspotRun)) == 1
    with viewing(database, people[OFFICER]) as officer:
        assert officer.session.scalar(select(func.count()).select_from(HotspotRun)) == 0
        assert not ask(officer).is_kept


def test_only_so_many_are_kept_for_an_area(
    database: Database, live: Figures, people: dict[Role, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "RUNS_KEPT_FOR_AN_AREA", 2)
    live.ward_counts(HOME, pd.concat([burglaries(0, 1, 2, at=month(number)) for number in (1, 2, 3)]))
    with viewing(database, people[OFFICER]) as officer:
        for number in (1, 2, 3):
            keep(database, officer, ask(officer, last_month=month(number)))
    with viewing(database, people[OFFICER]) as officer:
        assert not ask(officer).is_kept
        assert ask(officer, last_month=month(2)).is_kept
        assert ask(officer, last_month=month(3)).is_kept
