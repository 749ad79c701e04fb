"""Places are alike by residents, density and distance from the middle, each counted alike."""

from __future__ import annotations

import itertools
from collections.abc import Hashable, Mapping
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from geo.alike import families, features, most_alike, outside_any
from geo.frames import GeoError


def wards(residents: list[float], squares: list[tuple[float, float]]) -> gpd.GeoDataFrame:
    codes = [f"W{place}" for place in range(len(residents))]
    outlines = [shapely.box(x, 0, x + side, side) for x, side in squares]
    return gpd.GeoDataFrame({"residents": residents}, geometry=outlines, index=codes, crs=27700)


def test_features_are_of_residents_that_are_known_and_of_the_middle_where_they_live() -> None:
    found = features(wards([1000, 3000, np.nan], [(0, 1000), (4000, 1000), (9000, 1000)]))
    assert list(found.index) == ["W0", "W1"]
    assert found["residents_per_km2"].tolist() == [1000, 3000]
    assert found["km_from_middle"].tolist() == [3.0, 1.0]
    assert features(wards([np.nan], [(0, 1000)])).empty
    with pytest.raises(GeoError, match="27700"):
        features(wards([1000], [(0, 1)]).set_crs(4326, allow_override=True))


def test_the_nearest_in_all_three_come_first_and_only_those_that_may_be_chosen() -> None:
    of_all = features(
        wards([5000, 5200, 20_000, 5100, 4900], [(0, 1000), (1000, 1000), (2000, 1000), (9000, 1000), (3000, 1000)])
    )
    near = most_alike(of_all, "W0", of_all.index)
    assert near[-1] == "W2", "four times as many live there"
    assert near[0] == "W1"
    assert most_alike(of_all, "W0", ["W2", "W3"]) == ["W3", "W2"]
    assert most_alike(of_all, "W0", of_all.index, most=1) == ["W1"]
    assert most_alike(of_all, "W9", of_all.index) == []
    assert most_alike(of_all.iloc[:2], "W0", of_all.index) == [], "two wards cannot be told alike"


@pytest.mark.parametrize("order", [[0, 1, 2, 3, 4], [4, 2, 0, 1, 3]])
def test_the_order_in_which_wards_are_listed_changes_nothing(order: list[int]) -> None:
    given = wards([5000, 5200, 9000, 5100, 4900], [(1000 * place, 1000) for place in range(5)])
    of_all = features(given.iloc[order])
    assert most_alike(of_all, "W0", of_all.index) == most_alike(features(given), "W0", given.index)


FEWEST = 5
CITY_OF_LONDON = "E09000001"


def of_own(parted: list[list[str]]) -> dict[str, frozenset[str]]:
    """What each place is compared with, itself left out."""
    return {code: frozenset(family) - {code} for family in parted for code in family}


def fewest_left(compared_with: Mapping[str, frozenset[str]], known_together: Mapping[str, Hashable]) -> int:
    """How few places are left to whoever knows those of one larger place, and subtracts what its pages are given.

    They read the sum of all places, and beside each place that they know the sum of what it is compared with; and one
    place more is made public, with what that is compared with.
    """
    codes = sorted(known_together)
    left: set[int] = set()
    for known, public in itertools.product(sorted(set(known_together.values()), key=str), codes):
        read = {code for code in codes if known_together[code] == known} | {public}
        told = [frozenset(codes), *(compared_with[one] for one in read)]
        sums = np.array(sorted({tuple(code in one - read for code in codes) for one in told}), dtype=int)
        signs = np.array(list(itertools.product((-1, 0, 1), repeat=len(sums))))
        left |= set(np.count_nonzero(signs @ sums, axis=1).tolist())
    return min(left - {0})


def random_city(seed: int) -> tuple[pd.DataFrame, dict[str, str]]:
    """Places in a square, each of one of the larger ones, of two to four places."""
    random = np.random.default_rng(seed)
    count = int(random.integers(20, 36))
    given = wards(
        list(random.integers(100_000, 400_000, count).astype(float)),
        [(float(x), 3000.0) for x in random.integers(0, 50_000, count)],
    )
    larger = np.repeat(np.arange(count), random.integers(2, 5, count))[:count]
    return features(given), {str(code): f"L{one}" for code, one in zip(given.index, larger, strict=True)}


@pytest.mark.parametrize("seed", range(6))
def test_whoever_subtracts_what_they_know_from_what_families_are_told_is_left_with_several(seed: int) -> None:
    of_all, known_together = random_city(seed)
    found = families(of_all, known_together, fewest=FEWEST + 1)
    assert len(found) > 1
    assert sorted(itertools.chain(*found)) == sorted(of_all.index)
    assert fewest_left(of_own(found), known_together) >= FEWEST
    assert families(of_all.iloc[::-1], known_together, fewest=FEWEST + 1) == found


def test_nearest_places_without_families_would_tell_of_few() -> None:
    of_all, known_together = random_city(0)
    overlapping = {code: frozenset(most_alike(of_all, code, of_all.index)) for code in of_all.index}
    assert fewest_left(overlapping, known_together) < FEWEST


def test_londons_boroughs_part_into_inner_middle_and_outer(real_data: Path) -> None:
    boroughs = gpd.read_file(real_data / "boroughs.gpkg").set_index("borough_code")
    residents = pd.read_csv(real_data / "borough-population.csv", index_col=0)["usual_residents_census_2021"]
    bcus = pd.read_csv(real_data / "bcu.csv", index_col=0)["bcu_name"].drop(CITY_OF_LONDON, errors="ignore").to_dict()
    of_all = features(boroughs.assign(residents=residents).drop(CITY_OF_LONDON))
    found = families(of_all, bcus, fewest=FEWEST + 1)
    names = [set(boroughs["borough_name"][one]) for one in found]
    assert [len(one) for one in found] == [9, 8, 15]
    assert {"Camden", "Westminster", "Tower Hamlets"} <= names[0]
    assert {"Lewisham", "Newham"} <= names[1]
    assert {"Havering", "Bromley", "Hillingdon"} <= names[2]
    assert fewest_left(of_own(found), bcus) >= FEWEST


def test_too_few_places_have_no_families() -> None:
    of_all = features(wards([1000.0 * (1 + place) for place in range(7)], [(2000 * place, 1000) for place in range(7)]))
    known_together = {str(code): str(code) for code in of_all.index}
    assert len(families(of_all, known_together, fewest=6)) == 1
    assert families(of_all, known_together | {"W0": "W1"}, fewest=6) == []
    assert families(of_all.iloc[:0], known_together, fewest=1) == []
    assert outside_any([], known_together) == 0
