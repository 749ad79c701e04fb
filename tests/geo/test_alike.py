"""Places are alike by residents, density and distance from the middle, each counted alike."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pytest
import shapely

from geo.alike import features, most_alike
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
