"""Repeats and near repeats: published tables, hand-worked pairs, every pair by force, and real collisions."""

from itertools import combinations
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from libpysal import examples
from scipy import stats

from geo import repeats
from geo.frames import GeoError, to_national_grid
from geo.repeats import knox


def table_by_force(
    points: np.ndarray, days: np.ndarray, space: list[float], time: list[float], norm: int
) -> tuple[np.ndarray, np.ndarray]:
    """Count every pair one by one, and the exact mean from its two margins."""
    counts, of_space, of_time = np.zeros((len(space) - 1, len(time) - 1)), np.zeros(len(space)), np.zeros(len(time))
    for one, other in combinations(range(len(days)), 2):
        near = np.searchsorted(space, np.linalg.norm(points[one] - points[other], ord=norm), side="right") - 1
        soon = np.searchsorted(time, abs(days[one] - days[other]), side="right") - 1
        of_space[near] += 1
        of_time[soon] += 1
        if 0 <= near < len(space) - 1 and 0 <= soon < len(time) - 1:
            counts[near, soon] += 1
    pairs = len(days) * (len(days) - 1) / 2
    return counts, np.outer(of_space[:-1], of_time[:-1]) / pairs


def test_two_events_make_one_pair_in_its_band() -> None:
    table = knox([0, 60], [0, 80], [10, 13], space_edges_metres=[0, 100, 200], time_edges_days=[0, 3, 6], seed=1)
    assert table.observed.tolist() == [[0, 0], [0, 1]]
    np.testing.assert_array_equal(table.expected, table.observed)
    assert np.isnan(table.ratio).tolist() == [[True, True], [True, False]]
    assert table.p.tolist() == [[1, 1], [1, 1]]
    blocks = knox(
        [0, 60], [0, 80], [10, 13], space_edges_metres=[0, 100, 140], time_edges_days=[0, 3, 6], seed=1, manhattan=True
    )
    assert blocks.observed.sum() == 0


def test_burkitts_lymphoma_is_as_published() -> None:
    # pointpats/tests: within 20 km and 5 days, both ends included, 13 pairs; 10.1438161 expected; p_poisson .146.
    cases = gpd.read_file(examples.get_path("burkitt.shp"))
    table = knox(
        cases["X"], cases["Y"], cases["T"], space_edges_metres=[0, 20.0000001], time_edges_days=[0, 5.5], seed=3
    )
    assert (table.events, table.observed.tolist()) == (188, [[13]])
    assert table.expected[0, 0] == pytest.approx(10.1438161, abs=5e-8)
    assert stats.poisson.sf(13, table.expected[0, 0]) == pytest.approx(0.14624558197, abs=5e-12)
    assert 0.1 < table.p[0, 0] < 0.3


def test_childhood_leukaemia_is_as_knox_published() -> None:
    # Knox (1964): of 4,560 pairs of 96 cases 25 lie within 1 km, 152 within 60 days, 5 within both; 0.83 expected.
    # Cases in knots of their own have those pairs: 21 + 4 * 1 of space, 136 + 15 + 1 of time, shared 3 + 1 + 1.
    places, times = np.arange(96) * 10.0, np.arange(96) * 100.0
    places[:7] = places[0]
    for one, other in ((20, 21), (30, 31), (40, 41), (50, 51)):
        places[other] = places[one]
    seventeen = [0, 1, 2, 20, 21, *range(60, 72)]
    six = [30, 31, *range(80, 84)]
    times[seventeen], times[six], times[85] = times[0], times[30], times[84]
    table = knox(places * 1000, np.zeros(96), times, space_edges_metres=[0, 1000], time_edges_days=[0, 60], seed=1)
    assert table.observed.tolist() == [[5]]
    assert table.expected[0, 0] == pytest.approx(25 * 152 / 4560)
    assert table.p[0, 0] < 0.02


@given(seed=st.integers(0, 2**32 - 1), norm=st.sampled_from([1, 2]))
@settings(deadline=None, max_examples=40)
def test_every_pair_is_counted_and_the_mean_is_exact(seed: int, norm: int) -> None:
    random = np.random.default_rng(seed)
    size = random.integers(2, 40)
    points, days = random.integers(0, 12, (size, 2)) * 50.0, random.integers(0, 30, size).astype(float)
    space, time = [0, 0.1, 100, 250, 400], [0, 1, 7, 14, np.inf]
    options = {"space_edges_metres": space, "time_edges_days": time, "permutations": 20, "manhattan": norm == 1}
    table = knox(*points.T, days, seed=7, **options)
    observed, expected = table_by_force(points, days, space, time, norm)
    np.testing.assert_array_equal(table.observed, observed)
    np.testing.assert_allclose(table.expected, expected, rtol=1e-12)
    assert ((table.p >= 1 / 21) & (table.p <= 1)).all()
    order = random.permutation(size)
    again = knox(*points[order].T, days[order] + 1000, seed=7, **options)
    np.testing.assert_array_equal(again.observed, observed)
    np.testing.assert_allclose(again.expected, expected, rtol=1e-12)


def test_the_mean_and_p_are_those_of_dealing_the_times() -> None:
    random = np.random.default_rng(2)
    x, y, days = random.uniform(0, 1000, 60), random.uniform(0, 1000, 60), random.integers(0, 60, 60)
    edges = {"space_edges_metres": [50, 200], "time_edges_days": [2, 9]}
    table = knox(x, y, days, seed=1, permutations=4000, **edges)
    dealt = [knox(x, y, random.permutation(days), seed=1, permutations=1, **edges).observed[0, 0] for _ in range(1500)]
    assert table.expected[0, 0] == pytest.approx(np.mean(dealt), rel=0.02)
    assert table.p[0, 0] == pytest.approx(np.mean(np.array(dealt) >= table.observed[0, 0]), abs=0.04)
    again = knox(x, y, days, seed=1, permutations=4000, **edges)
    np.testing.assert_array_equal(again.p, table.p)
    assert (again.permutations, again.seed) == (4000, 1)


def test_planted_near_repeats_are_found_and_their_absence_is_not() -> None:
    random = np.random.default_rng(4)
    first = random.uniform(0, 10_000, (400, 2))
    days = random.integers(0, 300, 400)
    follow = first[:80] + random.uniform(-40, 40, (80, 2))
    edges = {"space_edges_metres": [0, 100, 400], "time_edges_days": [0, 8, 28], "seed": 1, "permutations": 199}
    planted = knox(*np.vstack([first, follow]).T, np.append(days, days[:80] + random.integers(0, 7, 80)), **edges)
    assert planted.ratio[0, 0] > 10
    assert planted.p[0, 0] == 1 / 200
    scattered = knox(*np.vstack([first, follow]).T, np.append(days, random.integers(0, 300, 80)), **edges)
    assert scattered.p.min() > 0.02


def test_events_without_place_or_time_are_left_out() -> None:
    x, y, days = [0, 10, np.nan, 20, 30], [0, 0, 0, np.nan, 0], [1, 2, 2, 2, np.nan]
    table = knox(x, y, days, space_edges_metres=[0, 100], time_edges_days=[0, 7], seed=1, permutations=9)
    assert (table.events, table.observed.tolist()) == (2, [[1]])


def test_what_cannot_be_paired_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    good = {"space_edges_metres": [0, 100], "time_edges_days": [0, 7], "seed": 1}
    with pytest.raises(GeoError, match="1 times for 2 places"):
        knox([0, 1], [0, 1], [1], **good)
    with pytest.raises(GeoError, match="1 events have a place and a time"):
        knox([0, np.nan], [0, 1], [1, 1], **good)
    with pytest.raises(GeoError, match="0 permutations"):
        knox([0, 1], [0, 1], [1, 1], **good, permutations=0)
    for edges in ([0], [[0, 1]], [100, 0], [-1, 5], [0, 0], [np.nan, 5]):
        with pytest.raises(GeoError, match="bands of space"):
            knox([0, 1], [0, 1], [1, 1], **(good | {"space_edges_metres": edges}))
        with pytest.raises(GeoError, match="bands of time"):
            knox([0, 1], [0, 1], [1, 1], **(good | {"time_edges_days": edges}))
    with pytest.raises(GeoError, match="infinite"):
        knox([0, 1], [0, 1], [1, 1], **(good | {"space_edges_metres": [0, np.inf]}))
    monkeypatch.setattr(repeats, "MOST_PAIRS", 2)
    with pytest.raises(GeoError, match="3 pairs of events lie within 100 m, more than 2"):
        knox([0, 1, 2], [0, 1, 2], [1, 1, 1], **good)


def test_real_collisions_repeat_on_the_same_day_at_one_place(real_data: Path) -> None:
    rows = pd.read_csv(real_data / "partner" / "london-collisions-2025.csv")
    easting, northing = to_national_grid(rows["longitude"], rows["latitude"])
    days = (pd.to_datetime(rows["date"], format="%Y/%m/%d") - pd.Timestamp("2025-01-01")).dt.days
    table = knox(
        easting,
        northing,
        days,
        space_edges_metres=[0, 50, 200, 400],
        time_edges_days=[0, 1, 7, 28, np.inf],
        seed=1,
        permutations=19,
    )
    assert table.events == len(rows) == 20_876
    assert (abs(table.ratio[:, 3] - 1) < 0.01).all()
    assert table.ratio[0, 0] > 1
    # All times taken together, every near pair is counted and just as many are expected.
    np.testing.assert_allclose(table.expected.sum(axis=1), table.observed.sum(axis=1))
