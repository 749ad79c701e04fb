"""Change between two counts and along a series: worked and published values, the exact laws, and peers' answers."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from scipy import stats
from statsmodels.stats.rates import test_poisson_2indep as poisson_two_samples

from geo.change import compare_counts, e_test, mann_kendall
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


def test_periods_of_unequal_length_are_compared_by_the_day() -> None:
    # Twelve months of 192 in all, then a month of 25: the binomial law with 1/13.
    change = compare_counts([192], [25], exposure_ratio=1 / 12)
    assert change.p[0] == pytest.approx(2 * 0.028526, abs=1e-6)
    assert (change.difference[0], change.ratio[0]) == pytest.approx((9, 25 / 16))
    share = stats.binomtest(25, 217).proportion_ci(0.95)
    assert change.ratio_lower[0] == pytest.approx(12 * share.low / (1 - share.low), rel=1e-9)
    assert change.ratio_upper[0] == pytest.approx(12 * share.high / (1 - share.high), rel=1e-9)
    with pytest.raises(GeoError, match="ratio above zero"):
        compare_counts([1], [2], exposure_ratio=0)


class TestETest:
    def test_published_values_are_met(self) -> None:
        # Krishnamoorthy & Thomson's examples, either way round.
        p = e_test([6, 3, 2, 0, 0, 7, np.nan], [2, 0, 6, 3, 0, 7, 3])
        np.testing.assert_allclose(p, [0.1749, 0.0884, 0.1749, 0.0884, 1, 1, np.nan], atol=5e-5)

    @given(st.integers(0, 60), st.integers(0, 60), st.sampled_from([0.25, 1 / 3, 1.0, 2.0, 12.0]))
    @settings(deadline=None, max_examples=40)
    def test_every_pair_is_the_sum_over_all_outcomes(self, before: int, after: int, ratio: float) -> None:
        level = (before + after) / (1 + ratio)
        b, a = np.meshgrid(np.arange(400), np.arange(400), indexing="ij")
        spread = np.where(a + b > 0, a / ratio**2 + b, 1)
        statistic = np.abs(a / ratio - b) / np.sqrt(spread)
        chance = np.outer(stats.poisson.pmf(np.arange(400), level), stats.poisson.pmf(np.arange(400), ratio * level))
        inside = ratio * level < 250
        expected = chance[statistic >= statistic[before, after] * (1 - 1e-9)].sum() if inside else None
        p = e_test([before], [after], exposure_ratio=ratio)[0]
        assert 0 <= p <= 1
        if inside:
            assert p == pytest.approx(expected, abs=1e-9)

    @pytest.mark.parametrize(("before", "after", "ratio"), [(6, 2, 1), (16, 25, 1), (192, 25, 1 / 12), (100, 150, 1.0)])
    def test_it_is_statsmodels(self, before: int, after: int, ratio: float) -> None:
        peer = poisson_two_samples(after, ratio, before, 1, method="etest-wald").pvalue
        assert e_test([before], [after], exposure_ratio=ratio)[0] == pytest.approx(peer, rel=1e-9)

    def test_it_finds_more_than_the_conditional_test_in_small_counts(self) -> None:
        before, after = np.meshgrid(np.arange(1, 15), np.arange(1, 15))
        assert (e_test(before.ravel(), after.ravel()) <= compare_counts(before.ravel(), after.ravel()).p + 1e-12).all()

    def test_impossible_counts_are_refused(self) -> None:
        with pytest.raises(GeoError, match="whole counts"):
            e_test([1.5], [2])
        assert e_test([], []).shape == (0,)


class TestMannKendall:
    def test_published_values_are_met(self) -> None:
        # The second has S = 23 in ten bins, for which R's Kendall prints 0.0491.
        trend = mann_kendall([np.arange(1, 11), [10, 1, 3, 2, 5, 4, 6, 7, 8, 9]])
        assert trend.s.tolist() == [45, 23]
        assert trend.z[0] == pytest.approx(3.935480, abs=5e-7)
        assert trend.p[0] == pytest.approx(8.303e-5, abs=5e-9)
        assert trend.p[1] == pytest.approx(0.049098, abs=5e-7)

    @given(arrays.arrays(float, st.tuples(st.integers(1, 6), st.integers(2, 30)), elements=st.integers(-3, 3)))
    @settings(deadline=None)
    def test_s_and_its_variance_are_the_definitions_and_scipys(self, series: np.ndarray) -> None:
        trend = mann_kendall(series)
        for place, row in enumerate(series):
            s = sum(np.sign(later - now) for i, now in enumerate(row) for later in row[i + 1 :])
            ties = np.unique(row, return_counts=True)[1]
            n = row.size
            variance = (n * (n - 1) * (2 * n + 5) - (ties * (ties - 1) * (2 * ties + 5)).sum()) / 18
            assert trend.s[place] == s
            assert trend.z[place] == pytest.approx((s - np.sign(s)) / np.sqrt(variance) if variance else 0)
            if variance and n > 2:
                # scipy's test has no correction for continuity; given back, its z is that of S alone.
                tau = stats.kendalltau(np.arange(n), row, method="asymptotic")
                assert 2 * stats.norm.sf(abs(s) / np.sqrt(variance)) == pytest.approx(tau.pvalue, rel=1e-9)
        reversed_trend = mann_kendall(series[:, ::-1])
        np.testing.assert_array_equal(reversed_trend.s, -trend.s)
        np.testing.assert_allclose(reversed_trend.p, trend.p)

    def test_a_bin_that_is_not_known_leaves_no_trend_and_one_bin_is_refused(self) -> None:
        trend = mann_kendall([[1, 2, np.nan], [1, 2, 3], [4, 4, 4]])
        assert np.isnan([trend.s[0], trend.z[0], trend.p[0]]).all()
        assert (trend.s[1], trend.z[2], trend.p[2]) == (3, 0, 1)
        with pytest.raises(GeoError, match="at least two bins"):
            mann_kendall([[1], [2]])
        with pytest.raises(GeoError, match="one row a place"):
            mann_kendall([1, 2, 3])
