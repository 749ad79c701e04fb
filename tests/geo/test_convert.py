"""Series carried from one boundary set to another: hand-worked overlaps, totals kept, and London's real wards."""

from itertools import pairwise
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.convert import Overlap, convert, population_overlap
from geo.frames import GeoError


def strip(edges: list[float], *, prefix: str = "", boroughs: str | None = None) -> gpd.GeoDataFrame:
    """Rectangles side by side, 100 m deep, named by letters; each in the borough of its letter."""
    boxes = [shapely.box(west, 0, east, 100) for west, east in pairwise(edges)]
    names = [prefix + letter for letter in "abcdefghijklmnopqrstuvwxyz"[: len(boxes)]]
    return gpd.GeoDataFrame({"borough_code": list(boroughs or "x" * len(boxes))}, names, geometry=boxes, crs=27700)


def to_the_north(areas: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """The same areas in another borough, just beyond."""
    moved = areas.geometry.translate(0, 100)
    return areas.assign(geometry=moved, borough_code="y").rename(index=lambda label: "north-" + label)


OLD, NEW = strip([0, 100, 200], prefix="old-"), strip([0, 60, 200], prefix="new-")
SMALL = strip([0, 50, 100, 150, 200])


class TestPopulationOverlap:
    def test_people_decide_as_worked_by_hand(self) -> None:
        # The first old area has small areas of 30 and 10 people; the boundary moves into the second, at a fifth of it.
        overlap = population_overlap(OLD, NEW, SMALL, [30, 10, 5, 5])
        np.testing.assert_allclose(overlap.shares.toarray(), [[32 / 40, 8 / 40], [0, 1]])
        assert overlap.is_split.tolist() == [True, False]
        assert (overlap.sources.tolist(), overlap.targets.tolist()) == (OLD.index.tolist(), NEW.index.tolist())

    def test_ground_decides_where_nobody_lives(self) -> None:
        overlap = population_overlap(OLD, NEW, SMALL, [0, 0, 5, 5])
        np.testing.assert_allclose(overlap.shares.toarray(), [[0.6, 0.4], [0, 1]])
        beyond = population_overlap(OLD, NEW, SMALL.iloc[2:], [5, 5])
        np.testing.assert_allclose(beyond.shares.toarray(), [[0.6, 0.4], [0, 1]])

    def test_slivers_are_ignored_up_to_the_least_share(self) -> None:
        redrawn = strip([0, 100.5, 200], prefix="new-")
        assert not population_overlap(OLD, redrawn, SMALL, [1] * 4).is_split.any()
        exact = population_overlap(OLD, redrawn, SMALL, [1] * 4, least_share=0)
        np.testing.assert_allclose(exact.shares.toarray(), [[1, 0], [0.005, 0.995]])
        many = strip([0, *range(10, 200, 10), 200], prefix="new-")
        broken = population_overlap(strip([0, 200]), many, SMALL, [1] * 4, least_share=0.2)
        np.testing.assert_allclose(broken.shares.toarray(), np.full((1, 20), 0.05))

    def test_no_area_leaves_its_borough(self) -> None:
        old, new = strip([0, 100, 200], prefix="o", boroughs="xy"), strip([0, 110, 200], prefix="n", boroughs="xy")
        assert not population_overlap(old, new, SMALL, [1] * 4).is_split.any()
        named = new.rename(columns={"borough_code": "district"})
        with pytest.raises(GeoError, match="no column 'borough_code'"):
            population_overlap(old, named, SMALL, [1] * 4)
        same = population_overlap(
            old.rename(columns={"borough_code": "district"}), named, SMALL, [1] * 4, borough="district"
        )
        np.testing.assert_allclose(same.shares.toarray(), np.eye(2))

    def test_a_code_that_stays_is_the_same_area_however_it_is_drawn(self) -> None:
        old, new = strip([0, 100, 150, 200]), strip([0, 90, 160, 200]).rename(index={"b": "new", "c": "newer"})
        overlap = population_overlap(old, new, SMALL, [1] * 4)
        np.testing.assert_allclose(overlap.shares.toarray(), [[1, 0, 0], [0, 1, 0], [0, 0.2, 0.8]])

    def test_what_cannot_be_spread_is_refused(self) -> None:
        for people in ([1, 1, 1], [1, 1, 1, -1], [1, 1, 1, np.nan]):
            with pytest.raises(GeoError, match="numbers of people"):
                population_overlap(OLD, NEW, SMALL, people)
        with pytest.raises(GeoError, match="slivers"):
            population_overlap(OLD, NEW, SMALL, [1] * 4, least_share=0.5)
        with pytest.raises(GeoError, match="old-a is twice"):
            population_overlap(OLD.rename(index={"old-b": "old-a"}), NEW, SMALL, [1] * 4)
        with pytest.raises(GeoError, match=r"1 areas share no ground .*\(old-b\)"):
            population_overlap(OLD, NEW.iloc[:1], SMALL, [1] * 4)
        with pytest.raises(GeoError, match="to_crs"):
            population_overlap(OLD, NEW.set_crs(3857, allow_override=True), SMALL, [1] * 4)


class TestConvert:
    def test_figures_and_the_share_apportioned_are_as_worked_by_hand(self) -> None:
        overlap = population_overlap(OLD, NEW, SMALL, [30, 10, 5, 5])
        series = pd.DataFrame({"may": [6, 10], "june": [0, 0]}, ["old-b", "old-a"])
        converted = convert(series, overlap)
        assert converted.series.columns.tolist() == ["may", "june"]
        np.testing.assert_allclose(converted.series.loc[["new-a", "new-b"], "may"], [8, 8])
        np.testing.assert_allclose(converted.apportioned_share["may"], [1, 2 / 8])
        assert converted.apportioned_share["june"].isna().all()
        assert converted.apportioned_share_in_all == 10 / 16
        assert np.isnan(convert(series[["june"]], overlap).apportioned_share_in_all)

    @given(st.integers(0, 2**32 - 1))
    @settings(deadline=None, max_examples=30)
    def test_borough_totals_are_kept_and_order_changes_nothing(self, seed: int) -> None:
        random = np.random.default_rng(seed)
        edges = [np.sort(random.choice(np.arange(1, 400), random.integers(1, 9), replace=False)) for _ in range(3)]
        old, new, small = (strip([0, *cut, 400], prefix=name) for cut, name in zip(edges, "ons", strict=True))
        old, new = (pd.concat([south, to_the_north(south)]) for south in (old, new))
        overlap = population_overlap(old, new, small, random.integers(0, 50, len(small)))
        np.testing.assert_allclose(overlap.shares.sum(axis=1), 1)
        counts = pd.DataFrame(random.poisson(20, (len(old), 3)), old.index)
        converted = convert(counts, overlap)
        kept = converted.series.groupby(new["borough_code"]).sum()
        np.testing.assert_allclose(kept, counts.groupby(old["borough_code"]).sum())
        assert converted.apportioned_share.stack().dropna().between(0, 1 + 1e-12).all()
        again = convert(counts.sample(frac=1, random_state=1), overlap)
        pd.testing.assert_frame_equal(again.series, converted.series)

    def test_series_of_other_areas_are_refused(self) -> None:
        overlap = population_overlap(OLD, NEW, SMALL, [1] * 4)
        for index in (["old-a", "old-c"], ["old-a"], ["old-a", "old-b", "old-b"]):
            with pytest.raises(GeoError, match="one row for each area"):
                convert(pd.DataFrame({"may": 1}, index), overlap)
        for count in (np.nan, -1):
            with pytest.raises(GeoError, match="missing or below zero"):
                convert(pd.DataFrame({"may": [1, count]}, OLD.index), overlap)


# --- London's real wards ---------------------------------------------------------------------------------------------


def wards(folder: Path, year: int) -> gpd.GeoDataFrame:
    return gpd.read_file(folder / f"wards-{year}.gpkg", layer="wards").set_index("ward_code")


@pytest.fixture(scope="module")
def small_areas(real_data: Path) -> tuple[gpd.GeoDataFrame, np.ndarray]:
    """LSOAs with the census residents of their ward, shared equally among the LSOAs that the best fit gives it."""
    lsoas = gpd.read_file(real_data / "lsoa-2021.gpkg").set_index("lsoa_code")
    ward = pd.read_csv(real_data / "lookup-lsoa21-ward24.csv").set_index("LSOA21CD")["WD24CD"].reindex(lsoas.index)
    residents = pd.read_csv(real_data / "ward-population.csv").set_index("ward_code")["usual_residents_census_2021"]
    each = (ward.map(residents) / ward.map(ward.value_counts())).fillna(1500)
    return lsoas, each.to_numpy()


@pytest.fixture(scope="module")
def from_2018(real_data: Path, small_areas: tuple[gpd.GeoDataFrame, np.ndarray]) -> Overlap:
    return population_overlap(wards(real_data, 2018), wards(real_data, 2022), *small_areas)


def test_two_years_of_crime_in_real_wards_come_near_what_the_police_counted_anew(
    real_data: Path, small_areas: tuple[gpd.GeoDataFrame, np.ndarray], from_2018: Overlap
) -> None:
    old = pd.read_csv(real_data / "mps-ward-level-202009-202208-old-wards.csv")
    months = [column for column in old.columns if column.isdigit()]
    before = old.groupby("WardCode")[months].sum().reindex(from_2018.sources, fill_value=0)
    assert (before.to_numpy().sum(), len(months)) == (1_586_823, 24)
    anew = pd.read_csv(real_data / "mps-ward-level-historical-201004-202402.csv.gz")
    counted = anew.groupby("wardcode")[months].sum().reindex(from_2018.targets, fill_value=0).sum(axis=1)

    converted = convert(before, from_2018)
    old_borough, new_borough = (wards(real_data, year)["borough_code"] for year in (2018, 2022))
    kept = converted.series.groupby(new_borough).sum()
    np.testing.assert_allclose(kept, before.groupby(old_borough).sum().loc[kept.index], rtol=1e-12)
    assert 0.5 < converted.apportioned_share_in_all < 0.7

    def missed(overlap: Overlap) -> float:
        return (convert(before, overlap).series.sum(axis=1) - counted).abs().sum() / counted.sum()

    lsoas, _ = small_areas
    by_ground = population_overlap(wards(real_data, 2018), wards(real_data, 2022), lsoas, np.zeros(len(lsoas)))
    assert missed(from_2018) < 0.095
    assert missed(by_ground) > 0.1
    unchanged = from_2018.sources.intersection(from_2018.targets)
    assert len(unchanged) == 174
    np.testing.assert_array_equal(converted.series.loc[unchanged], before.loc[unchanged])
    assert np.nanmax(converted.apportioned_share.loc[unchanged]) == 0


def test_residents_of_real_wards_are_carried_over_too(real_data: Path, from_2018: Overlap) -> None:
    table = pd.read_csv(real_data / "ward-population-2018-wards.csv").set_index("ward_code")["population_iod2019"]
    residents = pd.DataFrame({"people": table.reindex(from_2018.sources, fill_value=0)})
    converted = convert(residents, from_2018).series["people"]
    census = pd.read_csv(real_data / "ward-population.csv").set_index("ward_code")["usual_residents_census_2021"]
    both = converted.index.intersection(census.index)
    assert len(both) == 679
    assert np.median(abs(converted[both] / census[both] - 1)) < 0.06


def test_most_wards_of_2014_are_still_those_of_2018(
    real_data: Path, small_areas: tuple[gpd.GeoDataFrame, np.ndarray]
) -> None:
    overlap = population_overlap(wards(real_data, 2014), wards(real_data, 2018), *small_areas)
    assert overlap.shares.shape == (654, 657)
    assert (~overlap.is_split).sum() >= 567
    stayed = overlap.sources.intersection(overlap.targets)
    assert len(stayed) == 567
    np.testing.assert_allclose(overlap.shares.sum(axis=1), 1)
