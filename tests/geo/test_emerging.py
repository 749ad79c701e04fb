"""Emerging hotspots: a series for each kind, scores in space and time, and real wards."""

from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from scipy import sparse

from geo.boundaries import queen_neighbours
from geo.emerging import KINDS, emerging_classes, space_time_chance, space_time_scores
from geo.frames import GeoError
from geo.hotspots import benjamini_hochberg, gi_star, two_sided_p

# One bin a letter, the last one the most recent: H hot, C cold, a dot neither.
SERIES = {
    ".........H": "new",
    ".......HHH": "consecutive",
    ".HHHHHHHHH": "persistent",
    "HHHH.HHHHH": "persistent",
    "HHHHHHHHHH": "persistent",
    ".HH.H...HH": "sporadic",
    "H........H": "sporadic",
    "..HHHHHHHH": "consecutive",
    "C........H": "oscillating",
    "CCC....HHH": "oscillating",
    ".HC.H...HH": "oscillating",
    "HHHHHHHHH.": "historical",
    "HHHHHHHH..": "no_pattern",
    ".HHH......": "no_pattern",
    "..........": "no_pattern",
    "CHHHHHHHHH": "persistent",
}


def bins(letters: str) -> np.ndarray:
    """Scores of about 4, -4 or 0, without a trend."""
    ripple = 0.01 * np.resize([1, -1, 2, -2], len(letters))
    return np.array([{"H": 4.0, "C": -4.0, ".": 0.0}[letter] for letter in letters]) + ripple


def classes(*scores: np.ndarray) -> list[str]:
    z = np.array(scores)
    return emerging_classes(z, two_sided_p(z)).tolist()


@pytest.mark.parametrize(("letters", "kind"), SERIES.items())
def test_each_series_is_its_kind_and_its_mirror_the_cold_one(letters: str, kind: str) -> None:
    suffix = "" if kind == "no_pattern" else "_hot"
    assert classes(bins(letters)) == [kind + suffix]
    assert classes(-bins(letters)) == [kind + suffix.replace("hot", "cold")]


def test_a_hotspot_that_grows_intensifies_and_one_that_fades_diminishes() -> None:
    growing = np.linspace(3, 6, 10)
    assert classes(growing, growing[::-1], -growing, -growing[::-1]) == [
        "intensifying_hot",
        "diminishing_hot",
        "intensifying_cold",
        "diminishing_cold",
    ]
    z = growing[np.newaxis]
    assert emerging_classes(z, two_sided_p(z), trend_p_at_most=1e-6).tolist() == ["persistent_hot"]
    assert emerging_classes(z, two_sided_p(z), q_at_most=1e-12).tolist() == ["no_pattern"]


def test_what_a_place_is_now_goes_before_what_it_was() -> None:
    assert classes(bins("HHHHHHHHHC")) == ["oscillating_cold"]


def test_bins_that_were_not_tested_are_neither_hot_nor_cold() -> None:
    some, none = bins("HHHHHHHHHH"), np.full(10, np.nan)
    some[3] = np.nan
    assert classes(some, none) == ["persistent_hot", "not_tested"]


def test_series_that_do_not_fit_or_are_too_short_are_refused() -> None:
    with pytest.raises(GeoError, match="one from the other"):
        emerging_classes(np.zeros((2, 10)), np.zeros((2, 11)))
    with pytest.raises(GeoError, match="classed by 9 bins"):
        emerging_classes(np.zeros((2, 9)), np.zeros((2, 9)))


@given(arrays.arrays(np.int8, st.tuples(st.integers(1, 30), st.integers(10, 24)), elements=st.integers(-1, 1)))
@settings(deadline=None)
def test_every_place_has_one_class_that_fits_its_last_bin(signs: np.ndarray) -> None:
    z = signs * 5.0
    names = emerging_classes(z, two_sided_p(z))
    order = np.random.default_rng(0).permutation(len(z))
    np.testing.assert_array_equal(emerging_classes(z[order], two_sided_p(z[order])), names[order])
    for name, last in zip(names.tolist(), signs[:, -1].tolist(), strict=True):
        kind, _, side = name.rpartition("_")
        if last:
            assert side == {1: "hot", -1: "cold"}[last]
            assert kind in set(KINDS) - {"historical"}
        else:
            assert name in {"no_pattern", "historical_hot", "historical_cold"}


class TestSpaceTimeScores:
    @given(seed=st.integers(0, 2**32 - 1), lag_bins=st.integers(0, 4))
    @settings(deadline=None, max_examples=30)
    def test_they_are_gi_star_on_the_graph_of_places_and_bins(self, seed: int, lag_bins: int) -> None:
        random = np.random.default_rng(seed)
        size, length = random.integers(2, 12), random.integers(1, 8)
        near = sparse.csr_array(np.eye(size) + random.random((size, size)) * (random.random((size, size)) < 0.3))
        counts = random.poisson(2, (size, length))
        before = sum(np.eye(length, k=-lag) for lag in range(lag_bins + 1))
        graph = sparse.csr_array(sparse.kron(sparse.csr_array(near), sparse.csr_array(before)))
        expected = gi_star(counts.ravel(), graph).reshape(counts.shape)
        np.testing.assert_allclose(space_time_scores(counts, near, lag_bins=lag_bins), expected, atol=1e-9)

    def test_equal_counts_have_no_score(self) -> None:
        assert np.isnan(space_time_scores(np.ones((3, 4)), sparse.csr_array(np.eye(3)))).all()
        assert np.isnan(space_time_scores([[5]], sparse.csr_array(np.eye(1)))).all()

    def test_counts_and_neighbours_must_belong_together(self) -> None:
        alone = sparse.csr_array(np.eye(2))
        with pytest.raises(GeoError, match="same places"):
            space_time_scores(np.zeros((3, 4)), alone)
        with pytest.raises(GeoError, match="include_self=True"):
            space_time_scores(np.zeros((2, 4)), sparse.csr_array(np.ones((2, 2)) - np.eye(2)))
        with pytest.raises(GeoError, match="missing or infinite"):
            space_time_scores([[1, np.nan], [1, 2]], alone)
        with pytest.raises(GeoError, match="bins back"):
            space_time_scores(np.zeros((2, 4)), alone, lag_bins=-1)


class TestSpaceTimeChance:
    CHAIN = sparse.csr_array(sparse.diags_array([1.0, 1.0, 1.0], offsets=[-1, 0, 1], shape=(60, 60)))

    def test_chances_are_as_worked_by_hand(self) -> None:
        # One incident in two places and two bins: around the first bin two draws of four, around the second four.
        p = space_time_chance([[0, 1], [0, 0]], sparse.csr_array(np.ones((2, 2)))).p_at_least()
        np.testing.assert_allclose(p, [[1, 1 - 0.75**4]] * 2)
        alone = space_time_chance([[0, 1], [0, 0]], sparse.csr_array(np.eye(2)), lag_bins=0).p_at_least()
        np.testing.assert_allclose(alone, [[1, 0.25], [1, 1]])

    def test_sparse_places_without_structure_are_hot_by_the_normal_law_alone(self) -> None:
        random = np.random.default_rng(8)
        dealt, normal = 0, 0
        for _ in range(40):
            counts = random.poisson(0.02, (60, 24)) * random.integers(1, 3, (60, 24))
            z = space_time_scores(counts, self.CHAIN)
            by_dealing = benjamini_hochberg(space_time_chance(counts, self.CHAIN).p_at_least())
            dealt += np.char.endswith(emerging_classes(z, by_dealing), "_hot").any()
            by_normal = benjamini_hochberg(two_sided_p(z))
            normal += np.char.endswith(emerging_classes(z, by_normal), "_hot").any()
        assert dealt <= 2
        assert normal >= 8

    def test_a_planted_place_is_found_in_sparse_counts(self) -> None:
        counts = np.random.default_rng(9).poisson(0.02, (60, 24))
        counts[30, 20:] += 3
        z = space_time_scores(counts, self.CHAIN)
        names = emerging_classes(z, benjamini_hochberg(space_time_chance(counts, self.CHAIN).p_at_least()))
        assert names[30] == "consecutive_hot"
        assert set(np.delete(names, [29, 30, 31])) == {"no_pattern"}

    def test_what_cannot_be_dealt_is_refused(self) -> None:
        alone = sparse.csr_array(np.eye(2))
        for count in (1.5, -1):
            with pytest.raises(GeoError, match="whole counts"):
                space_time_chance([[1, count], [0, 0]], alone)
        with pytest.raises(GeoError, match="weight 1"):
            space_time_chance([[1, 0], [0, 0]], alone * 0.5)


def test_theft_in_the_real_wards_persists_where_london_knows_it(
    met_wards_2022: gpd.GeoDataFrame, real_data: Path
) -> None:
    table = pd.read_csv(real_data / "mps-ward-level-202402-202601.csv")
    months = [column for column in table.columns if column.isdigit()]
    theft = table[table["MajorText"] == "THEFT"].groupby("WardCode")[months].sum()
    counts = theft.reindex(met_wards_2022.index, fill_value=0).to_numpy()
    z = space_time_scores(counts, queen_neighbours(met_wards_2022))
    names = pd.Series(emerging_classes(z, benjamini_hochberg(two_sided_p(z))), met_wards_2022.index)
    west_end = names[met_wards_2022["ward_name"].isin(["West End", "St James's"])]
    assert set(west_end.str.rpartition("_")[2]) == {"hot"}
    assert set(west_end) <= {"persistent_hot", "intensifying_hot", "diminishing_hot"}
    assert 0.5 < (names == "no_pattern").mean() < 1

    shuffled = np.random.default_rng(1).permuted(counts, axis=0)
    z = space_time_scores(shuffled, queen_neighbours(met_wards_2022))
    by_chance = emerging_classes(z, benjamini_hochberg(two_sided_p(z)))
    assert not np.char.startswith(by_chance, "persistent").any()
