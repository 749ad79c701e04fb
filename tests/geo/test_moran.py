"""Local Moran: esda's documented example, its scores and quadrants, and properties."""

import warnings

import geopandas as gpd
import libpysal
import numpy as np
import pytest
from esda.moran import Moran_Local
from hypothesis import given, settings
from hypothesis import strategies as st
from libpysal.weights import WSP
from scipy import sparse

from geo.boundaries import queen_neighbours
from geo.frames import GeoError
from geo.moran import local_moran, local_moran_grid
from geo.permutation import sampled_tails

QUADRANTS = np.array(["none", "high_high", "low_high", "low_low", "high_low"])


def by_esda(values: np.ndarray, neighbours: sparse.csr_array, permutations: int = 0) -> Moran_Local:
    alone = sparse.csr_array(neighbours - sparse.diags_array(neighbours.diagonal()))
    alone.eliminate_zeros()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns of islands
        graph = WSP(alone.tocsr()).to_W(silence_warnings=True)
        return Moran_Local(values, graph, permutations=permutations, seed=10, keep_simulations=False)


def desmith() -> tuple[np.ndarray, sparse.csr_array]:
    graph = libpysal.io.open(libpysal.examples.get_path("desmith.gal")).read()
    values = np.array(libpysal.io.open(libpysal.examples.get_path("desmith.txt")).by_col["z"])
    return values, sparse.csr_array(graph.sparse)


def test_ten_areas_fall_into_the_published_quadrants() -> None:
    values, neighbours = desmith()
    moran = local_moran(values, neighbours)
    assert moran.quadrants.tolist() == QUADRANTS[[4, 4, 4, 2, 3, 3, 1, 4, 3, 3]].tolist()
    np.testing.assert_allclose(moran.scores, by_esda(values, neighbours).Is, rtol=1e-12)


def test_scores_are_as_worked_by_hand() -> None:
    chain = sparse.csr_array(np.eye(4, k=1) + np.eye(4, k=-1) + np.eye(4))
    moran = local_moran([0, 2, 4, 10], chain)
    # Deviations -4 -2 0 6 from the mean of 4, their squares add up to 56; means of neighbours -2 -2 2 0 from it.
    np.testing.assert_allclose(moran.scores, np.multiply([8, 4, 0, 0], 3 / 56), atol=1e-15)
    assert moran.quadrants.tolist() == ["low_low", "low_low", "low_high", "high_low"]


def test_where_there_is_nothing_to_go_with_there_is_no_score() -> None:
    island = sparse.csr_array(np.array([[0.0, 1, 0], [1, 0, 0], [0, 0, 0]]))
    moran = local_moran([1, 2, 9], island)
    assert np.isnan(moran.scores).tolist() == [False, False, True]
    assert moran.quadrants.tolist() == ["low_low", "low_low", "none"]
    even = local_moran([3, 3, 3], island)
    assert np.isnan(even.scores).all()
    assert even.quadrants.tolist() == ["none"] * 3
    with pytest.raises(GeoError, match="1 of 3 counts are missing"):
        local_moran([1, np.nan, 2], island)


@given(seed=st.integers(0, 2**32 - 1))
@settings(deadline=None, max_examples=30)
def test_grid_graph_and_esda_agree_whatever_the_order(seed: int) -> None:
    random = np.random.default_rng(seed)
    values, mask = random.poisson(3, (8, 9)).astype(float), random.random((8, 9)) < 0.7
    rows, columns = np.nonzero(mask)
    near = (abs(rows[:, None] - rows) <= 1) & (abs(columns[:, None] - columns) <= 1)
    neighbours = sparse.csr_array(near.astype(float))
    grid, areas = local_moran_grid(values, mask), local_moran(values[mask], neighbours)
    np.testing.assert_allclose(grid.scores[mask], areas.scores, atol=1e-12)
    assert grid.quadrants[mask].tolist() == areas.quadrants.tolist()
    assert np.isnan(grid.scores[~mask]).all()
    assert set(grid.quadrants[~mask]) == {"none"}
    known = ~np.isnan(areas.scores)
    np.testing.assert_allclose(areas.scores[known], by_esda(values[mask], neighbours).Is[known], atol=1e-9)
    order = random.permutation(rows.size)
    again = local_moran(values[mask][order] * 7 + 2, sparse.csr_array(near[np.ix_(order, order)].astype(float)))
    np.testing.assert_allclose(again.scores, areas.scores[order], atol=1e-9)


def test_real_wards_have_esdas_scores_and_its_p_within_chance(met_wards_2022: gpd.GeoDataFrame) -> None:
    # Ward areas are never tied, so that esda's breaking of ties does not come in.
    values, neighbours = met_wards_2022.area.to_numpy(), queen_neighbours(met_wards_2022)
    esda = by_esda(values, neighbours, permutations=9_999)
    moran = local_moran(values, neighbours)
    np.testing.assert_allclose(moran.scores, esda.Is, rtol=1e-9)
    assert moran.quadrants.tolist() == QUADRANTS[esda.q].tolist()
    tails = sampled_tails(values, neighbours, seed=1, draws=99_999)
    smaller = np.minimum(tails.at_least, tails.at_most)
    error = np.sqrt(smaller * (1 - smaller) / 9_999) + 1 / 9_999
    assert (abs(esda.p_sim - smaller) < 6 * error).all()
