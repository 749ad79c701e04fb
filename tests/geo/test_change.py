"""Change between two counts: worked values, the binomial law, and agreement of test and interval."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from geo.change import compare_counts
from geo.frames import GeoError


def test_change_is_as_worked_by_hand() -> None:
    change = compare_counts([16, 4, 0, 0, 10], [25, 0, 3, 0, 10])
    np.testing.assert_array_equal(change.difference, [9, -4, 3, 0, 0])
    np.testing.assert_array_equal(change.ratio, [25 / 16, 0, np.nan, np.nan, 1])
    # 16 then 25: twice P(X >= 25) of 41 tosses; 4 then 0: twice 1/16; 0 then 3: twice 1/8.
    np.testing.assert_allclose(change.p, [2 * stats.binom.sf(24, 41, 0.5), 1 / 8, 1 / 4, 1, 1])
    assert change.is_beyond_chance.tolist() == [False] * 5
    assert (change.ratio_lower[1], change.ratio_upper[2], change.ratio_upper[3]) == (0, np.inf, np.inf)


def test_a_large_change_is_beyond_chance() -> None:
    change = compare_counts([100, 100], [150, 110])
    assert change.is_beyond_chance.tolist() == [True, False]
    assert change.ratio_lower[0] > 1 > change.ratio_lower[1]


@given(st.integers(0, 2000), st.integers(0, 2000), st.sampled_from([0.9, 0.95, 0.99]))
@settings(deadline=None)
def test_test_and_interval_are_scipys_and_agree(before: int, after: int, confidence: float) -> None:
    change = compare_counts([before], [after], confidence=confidence)
    if before + after:
        greater = stats.binomtest(after, before + after, alternative="greater").pvalue
        less = stats.binomtest(after, before + after, alternative="less").pvalue
        assert change.p[0] == pytest.approx(min(1, 2 * greater, 2 * less), rel=1e-9)
        share = stats.binomtest(after, before + after).proportion_ci(confidence)
        assert change.ratio_lower[0] == pytest.approx(share.low / (1 - share.low), rel=1e-6)
        if before:
            assert change.ratio_upper[0] == pytest.approx(share.high / (1 - share.high), rel=1e-6)
    assert change.is_beyond_chance[0] == (not change.ratio_lower[0] <= 1 <= change.ratio_upper[0])


@given(st.lists(st.tuples(st.integers(0, 300), st.integers(0, 300)), min_size=1, max_size=20))
@settings(deadline=None)
def test_swapping_the_periods_turns_the_change_round(pairs: list[tuple[int, int]]) -> None:
    before, after = np.array(pairs).T
    forwards, backwards = compare_counts(before, after), compare_counts(after, before)
    np.testing.assert_allclose(forwards.p, backwards.p, rtol=1e-9)
    np.testing.assert_array_equal(forwards.difference, -backwards.difference)
    some = (before > 0) & (after > 0)
    np.testing.assert_allclose(forwards.ratio_lower[some], 1 / backwards.ratio_upper[some], rtol=1e-6)


def test_unknown_counts_have_no_change_and_impossible_ones_are_refused() -> None:
    change = compare_counts([np.nan, 5], [5, np.nan])
    for figures in (change.difference, change.ratio, change.ratio_lower, change.ratio_upper, change.p):
        assert np.isnan(figures).all()
    assert not change.is_beyond_chance.any()
    with pytest.raises(GeoError, match="whole counts"):
        compare_counts([1.5], [2])
    with pytest.raises(GeoError, match="whole counts"):
        compare_counts([-1], [2])
    with pytest.raises(GeoError, match="2 counts before and 1 after"):
        compare_counts([1, 2], [2])
    with pytest.raises(GeoError, match="between 0 and 1"):
        compare_counts([1], [2], confidence=1)
