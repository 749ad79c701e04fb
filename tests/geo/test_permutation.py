"""Conditional permutation p: every arrangement counted, exact integers, and samples."""

import itertools
import math
from collections.abc import Iterator
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse, stats

from geo.boundaries import queen_neighbours
from geo.frames import GeoError
from geo.hotspots import gi_star, two_sided_p
from geo.permutation import (
    LEAST_P,
    exact_tails,
    exact_tails_grid,
    sampled_tails,
    sampled_tails_grid,
)


def queen(mask: np.ndarray, reach_cells: int = 1) -> np.ndarray:
    rows, columns = np.nonzero(mask)
    near = (abs(rows[:, None] - rows) <= reach_cells) & (abs(columns[:, None] - columns) <= reach_cells)
    return near & ~np.eye(rows.size, dtype=bool)


def enumerated(counts: np.ndarray, near: np.ndarray) -> Iterator[tuple[float, float]]:
    """Count every way to deal the other areas' counts to an area's neighbours."""
    for area, row in enumerate(near):
        sums = np.array([sum(dealt) for dealt in itertools.combinations(np.delete(counts, area), row.sum())])
        seen = counts[row].sum()
        yield (sums >= seen).mean(), (sums <= seen).mean()


def by_whole_numbers(counts: list[int], size: int, seen: int) -> tuple[float, float]:
    """Count the ways to draw `size` of the counts with a total of at least, and at most, what was seen."""
    ways = np.zeros((size + 1, sum(counts) + 1), dtype=object)
    ways[0, 0] = 1
    for count in counts:
        ways[1:, count:] = ways[1:, count:] + ways[:-1, : ways.shape[1] - count]
    every = math.comb(len(counts), size)
    return int(ways[size, seen:].sum()) / every, int(ways[size, : seen + 1].sum()) / every


@given(seed=st.integers(0, 2**32 - 1), reach_cells=st.sampled_from([1, 1, 2]), mean=st.sampled_from([0.3, 2, 40]))
@settings(deadline=None, max_examples=25)
def test_it_is_the_share_of_all_arrangements(seed: int, reach_cells: int, mean: float) -> None:
    random = np.random.default_rng(seed)
    counts, mask = random.poisson(mean, (3, 4)), random.random((3, 4)) < 0.9
    near = queen(mask, reach_cells)
    at_least, at_most = np.array(list(enumerated(counts[mask], near))).reshape(-1, 2).T
    sizes = near.sum(axis=1)
    untested = (sizes == 0) | (sizes == len(near) - 1) | (len(set(counts[mask])) < 2)
    on_mask = exact_tails_grid(np.where(mask, counts, 999), mask, reach_cells=reach_cells)
    on_graph = exact_tails(counts[mask], sparse.csr_array(near.astype(float)))
    np.testing.assert_allclose(on_graph.at_least, np.where(untested, np.nan, at_least), atol=1e-12)
    np.testing.assert_allclose(on_graph.at_most, np.where(untested, np.nan, at_most), atol=1e-12)
    np.testing.assert_allclose(on_mask.at_least[mask], on_graph.at_least, atol=1e-15)
    np.testing.assert_allclose(on_mask.at_most[mask], on_graph.at_most, atol=1e-15)
    assert np.isnan(on_mask.at_least[~mask]).all()


@given(seed=st.integers(0, 2**32 - 1), mean=st.sampled_from([0.3, 2, 40]))
@settings(deadline=None, max_examples=25)
def test_with_its_own_dealt_it_is_the_share_of_all_arrangements_of_the_whole_neighbourhood(
    seed: int, mean: float
) -> None:
    random = np.random.default_rng(seed)
    counts, mask = random.poisson(mean, (3, 4)), random.random((3, 4)) < 0.9
    near = queen(mask) | np.eye(np.count_nonzero(mask), dtype=bool)
    inside = counts[mask]
    on_mask = exact_tails_grid(np.where(mask, counts, 999), mask, own_is_held=False)
    on_graph = exact_tails(inside, sparse.csr_array(near.astype(float)), own_is_held=False)
    for area, row in enumerate(near):
        if row.sum() in {1, len(inside)} or len(set(inside)) < 2:
            assert np.isnan(on_graph.at_least[area])
            continue
        sums = np.array([sum(dealt) for dealt in itertools.combinations(inside, row.sum())])
        seen = inside[row].sum()
        assert on_graph.at_least[area] == pytest.approx((sums >= seen).mean(), abs=1e-12)
        assert on_graph.at_most[area] == pytest.approx((sums <= seen).mean(), abs=1e-12)
    np.testing.assert_array_equal(on_mask.at_least[mask], on_graph.at_least)


def test_one_incident_is_worked_by_hand() -> None:
    # The incident lies in one of the 8 other cells with equal chance: beside a corner are 3, beside the middle 8.
    tails = exact_tails_grid([[1, 0, 0], [0, 0, 0], [0, 0, 0]], np.ones((3, 3), dtype=bool))
    nan = np.nan
    np.testing.assert_allclose(tails.at_least, [[1, 5 / 8, 1], [5 / 8, nan, 1], [1, 1, 1]])
    np.testing.assert_allclose(tails.at_most, [[1, 1, 5 / 8], [1, nan, 3 / 8], [5 / 8, 3 / 8, 5 / 8]])
    np.testing.assert_allclose(tails.two_sided, [[1, 1, 1], [1, nan, 3 / 4], [1, 3 / 4, 1]])


def test_small_chances_are_as_small_as_whole_numbers_make_them() -> None:
    random = np.random.default_rng(4)
    counts = np.concatenate([random.poisson(1, 150), random.poisson(30, 8), [400, 35, 35, 35]])
    near = sparse.csr_array(sparse.diags_array([1.0] * 12, offsets=[*range(-6, 0), *range(1, 7)], shape=(162, 162)))
    tails = exact_tails(counts, near)
    for area in (0, 80, 152, 155, 158, 161):
        size, seen = int(near[[area]].sum()), int((near[[area]] @ counts)[0])
        at_least, at_most = by_whole_numbers(np.delete(counts, area).tolist(), size, seen)
        assert tails.at_least[area] == pytest.approx(max(at_least, LEAST_P), rel=1e-9, abs=1e-15)
        assert tails.at_most[area] == pytest.approx(at_most, rel=1e-12)
    assert tails.at_least.min() == LEAST_P < tails.at_least[158] < 1e-9


def test_where_most_others_are_neighbours_those_that_are_not_decide() -> None:
    random = np.random.default_rng(6)
    counts = random.poisson(5, 60)
    near = ~np.eye(60, dtype=bool)
    near[:40, 41:49] = False
    tails = exact_tails(counts, sparse.csr_array(near.astype(float)))
    at_least, at_most = by_whole_numbers(counts[1:].tolist(), 51, int(counts[near[0]].sum()))
    assert tails.at_least[0] == pytest.approx(at_least, rel=1e-12)
    assert tails.at_most[0] == pytest.approx(at_most, rel=1e-12)
    assert np.isnan(tails.at_least[50:]).all()


@given(seed=st.integers(0, 2**32 - 1), reach_cells=st.integers(1, 3))
@settings(deadline=None, max_examples=25)
def test_reordering_areas_reorders_the_chances_and_the_tails_meet(seed: int, reach_cells: int) -> None:
    random = np.random.default_rng(seed)
    mask = random.random((9, 10)) < 0.8
    counts, near = random.negative_binomial(0.5, 0.1, mask.sum()), queen(mask, reach_cells)
    order = random.permutation(counts.size)
    tails = exact_tails(counts, sparse.csr_array(near.astype(float)))
    again = exact_tails(counts[order], sparse.csr_array(near[np.ix_(order, order)].astype(float) + np.eye(order.size)))
    for before, after in ((tails.at_least, again.at_least), (tails.at_most, again.at_most)):
        np.testing.assert_allclose(after, before[order], atol=1e-14)
        known = before[~np.isnan(before)]
        assert ((known > 0) & (known <= 1)).all()
    # The chance of the very total seen is in both tails.
    assert np.nanmin(tails.at_least + tails.at_most) >= 1
    assert 0 < np.nanmin(tails.two_sided) <= np.nanmax(tails.two_sided) <= 1


def test_a_window_of_ones_serves_as_neighbourhood() -> None:
    random = np.random.default_rng(2)
    counts, mask = random.poisson(2, (12, 12)), random.random((12, 12)) < 0.9
    box = exact_tails_grid(counts, mask, reach_cells=2)
    window = exact_tails_grid(counts, mask, kernel=np.ones((5, 5)))
    np.testing.assert_allclose(window.at_least, box.at_least, rtol=1e-12)
    cross = np.array([[0, 1, 0], [1, 0, 1], [0, 1, 0]])
    rook = queen(mask) & (abs(np.subtract.outer(*[np.add(*np.nonzero(mask))] * 2)) == 1)
    expected = exact_tails(counts[mask], sparse.csr_array(rook.astype(float)))
    np.testing.assert_allclose(exact_tails_grid(counts, mask, kernel=cross).at_most[mask], expected.at_most, rtol=1e-12)


@given(seed=st.integers(0, 2**32 - 1), reach_cells=st.integers(1, 3))
@settings(deadline=None, max_examples=10)
def test_a_shared_sample_comes_near_the_exact_chance(seed: int, reach_cells: int) -> None:
    random = np.random.default_rng(seed)
    mask = random.random((6, 6)) < 0.85
    counts, draws = random.poisson(1.5, mask.shape), 4_000
    exact = exact_tails_grid(counts, mask, reach_cells=reach_cells)
    # A weight that no binary fraction meets: sums in another order are ties all the same.
    sampled = sampled_tails_grid(counts * 0.1, mask, seed=seed, draws=draws, reach_cells=reach_cells)
    for one, other in ((exact.at_least, sampled.at_least), (exact.at_most, sampled.at_most)):
        np.testing.assert_array_equal(np.isnan(one), np.isnan(other))
        known = ~np.isnan(one)
        error = np.sqrt(one[known] * (1 - one[known]) / draws) + 1 / draws
        assert (abs(one[known] - other[known]) < 6 * error).all()
    again = sampled_tails(counts[mask] * 0.1, sparse.csr_array(queen(mask, reach_cells) * 1.0), seed=seed, draws=draws)
    np.testing.assert_array_equal(again.at_least, sampled.at_least[mask])


def test_each_harm_is_dealt_once_at_most_and_never_to_its_own_area() -> None:
    # All harm lies in the first area: no draw can give it to that area's own neighbours, and only one to another's.
    near = sparse.csr_array(np.eye(5, k=1) + np.eye(5, k=-1))
    tails = sampled_tails([5475.0, 0, 0, 0, 0], near, seed=3, draws=999)
    assert (tails.at_least[0], tails.at_most[0]) == (1, 1)
    assert tails.at_least[1] == pytest.approx(0.5, abs=0.08)


def test_where_there_is_nothing_to_shuffle_there_is_no_chance() -> None:
    near = sparse.csr_array(np.eye(4, k=1) + np.eye(4, k=-1))
    assert np.isnan(exact_tails([7, 7, 7, 7], near).two_sided).all()
    assert np.isnan(sampled_tails([7.5, 7.5, 7.5, 7.5], near, seed=1).two_sided).all()
    assert np.isnan(exact_tails_grid(np.ones((2, 2)), np.zeros((2, 2))).at_least).all()


def test_what_cannot_be_shuffled_is_refused() -> None:
    near = sparse.csr_array(np.eye(3, k=1) + np.eye(3, k=-1))
    for counts in ([1, 2, 2.5], [1, -2, 2]):
        with pytest.raises(GeoError, match="sampled_tails"):
            exact_tails(counts, near)
    with pytest.raises(GeoError, match="all weigh 1"):
        exact_tails([1, 2, 3], near * 0.5)
    with pytest.raises(GeoError, match="all weigh 1"):
        sampled_tails_grid(np.eye(3), np.ones((3, 3)), kernel=[[0.5, 1, 0.5]], seed=1)
    with pytest.raises(GeoError, match="0 draws"):
        sampled_tails([1, 2, 3], near, seed=1, draws=0)
    with pytest.raises(GeoError, match="1 of 3 counts are missing"):
        sampled_tails([1, np.nan, 3], near, seed=1)
    with pytest.raises(GeoError, match="too long to wait for"):
        exact_tails_grid(np.arange(100).reshape(10, 10) * 100_000, np.ones((10, 10)))


def test_what_is_dealt_with_the_others_is_judged_by_the_whole_neighbourhood() -> None:
    harm = np.array([365.0, 0, 2, 0, 0, 10, 1])
    near = sparse.csr_array(np.eye(7) + np.eye(7, k=1) + np.eye(7, k=-1))
    whole = sampled_tails(harm, near, seed=5, draws=40_000, own_is_held=False)
    for area, size in ((0, 2), (3, 3)):
        totals = np.array([sum(dealt) for dealt in itertools.combinations(harm, size)])
        for seen, exact in (
            (whole.at_least[area], np.mean(totals >= (near @ harm)[area])),
            (whole.at_most[area], np.mean(totals <= (near @ harm)[area])),
        ):
            assert seen == pytest.approx(exact, abs=0.01)
    assert whole.at_least[0] < 0.35 < sampled_tails(harm, near, seed=5).at_least[0]
    grid = sampled_tails_grid(harm[np.newaxis], np.ones((1, 7)), seed=5, draws=40_000, own_is_held=False)
    np.testing.assert_array_equal(grid.at_least[0], whole.at_least)


def test_burglary_in_the_real_wards_is_hot_where_gi_star_is(met_wards_2022: gpd.GeoDataFrame, real_data: Path) -> None:
    table = pd.read_csv(real_data / "mps-ward-level-202402-202601.csv")
    months = [column for column in table.columns if column.isdigit()]
    burglary = table[table["MajorText"] == "BURGLARY"].groupby("WardCode")[months].sum().sum(axis=1)
    counts = burglary.reindex(met_wards_2022.index, fill_value=0).to_numpy()
    neighbours = queen_neighbours(met_wards_2022)
    exact = exact_tails(counts, neighbours)
    sampled = sampled_tails(counts, neighbours, seed=1, draws=20_000)
    error = np.sqrt(exact.at_least * (1 - exact.at_least) / 20_000) + 1 / 20_000
    assert (abs(sampled.at_least - exact.at_least) < 6 * error).all()
    rank = stats.spearmanr(exact.at_least, -gi_star(counts, neighbours)).statistic
    assert rank > 0.9
    assert 0 < exact.two_sided.min() < 1e-6 < two_sided_p(gi_star(counts, neighbours)).max()
