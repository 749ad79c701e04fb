"""The city's geography is clean, nested, and changed by its boundary review as London's was."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
import shapely

from geo.boundaries import check_coverage
from hub.demo import names
from hub.demo.city import CRS, EARLIER, LATER, City, build_city
from hub.demo.ground import CENTRE
from hub.places.small_areas import best_fit

pytestmark = pytest.mark.xdist_group("demo")


@pytest.fixture(scope="module", params=["the demo's", 7, 1984])
def any_city(request: pytest.FixtureRequest, city: City) -> City:
    """The demo's own city, and two that nobody chose for their looks."""
    return city if isinstance(request.param, str) else build_city(request.param)


def test_both_ward_editions_and_the_boroughs_leave_no_gap_and_no_overlap(any_city: City) -> None:
    for areas in (any_city.boroughs, *any_city.wards.values(), *any_city.small_areas.values()):
        assert areas.crs == CRS
        assert areas.geom_type.eq("Polygon").all()
        assert shapely.coverage_is_valid(areas.geometry.to_numpy())
        assert check_coverage(areas, tolerance_square_metres=0.0).is_clean
        whole = shapely.coverage_union_all(areas.geometry.to_numpy())
        assert whole.geom_type == "Polygon"
        assert len(whole.interiors) == 0


def test_the_wards_of_each_edition_make_up_the_same_boroughs(any_city: City) -> None:
    for wards in any_city.wards.values():
        dissolved = wards.dissolve("borough_code").geometry
        for code, outline in any_city.boroughs.set_index("borough_code").geometry.items():
            assert dissolved[code].equals(outline)
        assert len(wards.drop_duplicates(["borough_code", "ward_name"])) == len(wards)


def test_it_is_two_commands_six_boroughs_and_about_120_wards_in_the_north_sea(any_city: City) -> None:
    assert any_city.boroughs.groupby("bcu_name").size().to_dict() == {"North Shore": 3, "South Shore": 3}
    assert {year: len(wards) for year, wards in any_city.wards.items()} == {EARLIER: 116, LATER: 120}
    west, south, east, north = any_city.boroughs.total_bounds
    assert 628_000 < west < CENTRE[0] < east < 650_000
    assert 420_000 < south < CENTRE[1] < north < 455_000


def test_codes_cannot_be_taken_for_real_ones_and_follow_borough_and_name(city: City) -> None:
    assert city.boroughs["borough_code"].tolist() == [f"F0900000{number}" for number in range(1, 7)]
    assert city.boroughs["borough_name"].is_monotonic_increasing
    earlier = city.wards[EARLIER]
    assert earlier["ward_code"].tolist() == [f"F05{number:06d}" for number in range(1, 117)]
    for _, wards in earlier.groupby("borough_code"):
        assert wards["ward_name"].is_monotonic_increasing
    assert city.wards[LATER]["ward_code"].is_unique


def test_the_review_recoded_four_boroughs_and_left_two_alone(city: City) -> None:
    earlier, later = city.wards[EARLIER], city.wards[LATER]
    for borough, before in earlier.groupby("borough_name"):
        after = later[later["borough_name"] == borough]
        if borough in (names.ASHMARROW, names.GULLHOLM):
            assert set(after["ward_code"]) == set(before["ward_code"])
        else:
            assert not set(after["ward_code"]) & set(before["ward_code"])
    kinds = [change.kind for change in city.changes]
    assert kinds.count("split") == 7
    assert kinds.count("merged") == 3
    assert kinds.count("redrawn") >= 3
    assert kinds.count("renamed") >= 4


def test_a_change_names_wards_that_cover_the_same_ground(city: City) -> None:
    outline = {year: wards.set_index("ward_code").geometry for year, wards in city.wards.items()}
    name = {year: wards.set_index("ward_code")["ward_name"] for year, wards in city.wards.items()}
    for change in city.changes:
        before = shapely.union_all(outline[EARLIER].loc[list(change.earlier)].to_numpy())
        after = shapely.union_all(outline[LATER].loc[list(change.later)].to_numpy())
        assert before.symmetric_difference(after).area < 1
        if change.kind == "recoded":
            assert name[EARLIER][change.earlier[0]] == name[LATER][change.later[0]]
        if change.kind == "redrawn":
            moved = [
                outline[EARLIER][code].symmetric_difference(new).area
                for code in change.earlier
                for new in outline[LATER].loc[list(change.later)]
            ]
            assert min(moved) > 10_000


def test_some_names_are_found_in_two_boroughs(city: City) -> None:
    for wards in city.wards.values():
        twice = wards.groupby("ward_name")["borough_code"].nunique()
        assert set(twice[twice > 1].index) == set(names.SHARED_WARDS)
        assert twice.max() == 2


def test_residents_of_wards_add_up_to_their_borough_and_crowd_the_centre(city: City) -> None:
    borough = city.boroughs.set_index("borough_code")
    for year, column in ((EARLIER, "residents_2019"), (LATER, "residents_2021")):
        wards = city.wards[year]
        assert wards.groupby("borough_code")["residents"].sum().to_dict() == borough[column].to_dict()
        assert wards["residents"].between(500, 20_000).all()
    later = city.wards[LATER]
    from_centre = np.linalg.norm(np.column_stack([later.centroid.x, later.centroid.y]) - CENTRE, axis=1)
    density = later["residents"].to_numpy() / later.area.to_numpy()
    rings = np.digitize(from_centre, [3_000, 6_000])
    for inner, outer in pairwise(np.median(density[rings == ring]) for ring in range(3)):
        assert inner > outer


def test_outlines_are_winding_not_rectangles(city: City) -> None:
    boxed = city.wards[LATER].area / city.wards[LATER].envelope.area
    assert boxed.max() < 0.9
    assert city.wards[LATER].geometry.count_coordinates().median() > 25


def test_another_seed_makes_another_city(any_city: City, city: City) -> None:
    same_names = any_city.wards[LATER]["ward_name"].tolist() == city.wards[LATER]["ward_name"].tolist()
    assert same_names == (any_city.seed == city.seed)


def test_small_areas_fit_the_wards_they_were_drawn_in_and_are_cut_by_the_review(city: City) -> None:
    first, second = (areas.set_index("lsoa_code") for areas in city.small_areas.values())
    gone, fresh = first.index.difference(second.index), second.index.difference(first.index)
    assert len(fresh) == 2 * len(gone) > 0
    assert second.index.str.fullmatch("F01[0-9]{6}").all()
    for areas in (first, second):
        earlier, later = (
            best_fit(areas, wards.set_index("ward_code"), {}) for wards in (city.wards[EARLIER], city.wards[LATER])
        )
        assert set(earlier.index) == set(later.index) == set(areas.index)
        assert earlier["ward_code"].nunique() == len(city.wards[EARLIER])
        assert earlier["ward_code"].value_counts().min() >= 2
        assert earlier["share"].median() > 0.99
        assert later["share"].min() < earlier["share"].min()
