"""Rates and their intervals: published values and the exact law."""

import libpysal
import numpy as np
import pytest
from esda.smoothing import Empirical_Bayes
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from scipy import stats
from statsmodels.stats.rates import confint_poisson

from geo.frames import GeoError
from geo.rates import (
    byar_interval,
    dobson_interval,
    empirical_bayes,
    exact_interval,
    funnel_limits,
    rate_per,
)

COUNTS = arrays.arrays(float, st.integers(1, 30), elements=st.integers(0, 500))


def test_a_rate_and_its_interval_are_as_published() -> None:
    assert rate_per([65], [12_000]) == pytest.approx([5.4167], abs=5e-5)
    lower, upper = byar_interval([65])
    assert rate_per(lower, [12_000]) == pytest.approx([4.1803], abs=5e-5)
    assert rate_per(upper, [12_000]) == pytest.approx([6.9041], abs=5e-5)
    assert rate_per([65], [12_000], per=100_000) == pytest.approx([541.67], abs=5e-3)


def test_no_population_no_rate() -> None:
    rates = rate_per([3, 3, np.nan, 0], [0, np.nan, 100, 100])
    assert np.isnan(rates).tolist() == [True, True, True, False]
    assert rates[3] == 0
    with pytest.raises(GeoError, match="below zero"):
        rate_per([1], [-5])


def test_intervals_are_as_published() -> None:
    lower, upper = byar_interval([10, 65, 0, 5])
    np.testing.assert_allclose(lower, [4.787450, 50.163188, 0, 1.623486], atol=5e-7)
    np.testing.assert_allclose(upper, [18.391459, 82.849139, 3.688879, 11.668332], atol=5e-7)


@pytest.mark.parametrize(("confidence", "error"), [(0.9, 0.0004), (0.95, 0.002), (0.998, 0.015)])
def test_intervals_are_exact_below_ten_and_near_exact_above(confidence: float, error: float) -> None:
    counts = np.arange(0, 2000)
    lower, upper = byar_interval(counts, confidence=confidence)
    tail = (1 - confidence) / 2
    exact_lower = np.where(counts > 0, stats.chi2.ppf(tail, 2 * np.maximum(counts, 1)) / 2, 0)
    exact_upper = stats.chi2.ppf(1 - tail, 2 * counts + 2) / 2
    np.testing.assert_allclose(lower[:10], exact_lower[:10])
    np.testing.assert_allclose(upper[:10], exact_upper[:10])
    np.testing.assert_allclose(lower, exact_lower, rtol=error)
    np.testing.assert_allclose(upper, exact_upper, rtol=error)
    assert (np.diff(lower) > 0).all()
    assert (np.diff(upper) > 0).all()


def test_unknown_counts_have_no_interval_and_impossible_ones_are_refused() -> None:
    assert np.isnan(byar_interval([np.nan])).all()
    with pytest.raises(GeoError, match="below zero"):
        byar_interval([-1])
    with pytest.raises(GeoError, match="between 0 and 1"):
        byar_interval([1], confidence=95)


def test_exact_intervals_are_statsmodels_and_hold_the_count() -> None:
    counts = np.arange(0, 500)
    for confidence in (0.9, 0.95, 0.998):
        lower, upper = exact_interval(counts, confidence=confidence)
        expected = confint_poisson(counts, 1, method="exact-c", alpha=1 - confidence)
        np.testing.assert_allclose((lower, upper), expected, rtol=1e-9)
        assert ((lower <= counts) & (counts < upper)).all()
        # An end is the level at which a tail holds just half of what the confidence leaves.
        np.testing.assert_allclose(stats.poisson.cdf(counts, upper), (1 - confidence) / 2, rtol=1e-6)
    np.testing.assert_allclose(exact_interval([0, 5]), [[0, 1.623486], [3.688879, 11.668332]], atol=5e-7)
    assert np.isnan(exact_interval([np.nan])).all()
    with pytest.raises(GeoError, match="below zero"):
        exact_interval([-1])
    with pytest.raises(GeoError, match="between 0 and 1"):
        exact_interval([1], confidence=0)


def test_a_weighted_sum_has_the_interval_worked_by_hand() -> None:
    # 8 of weight 1 and 2 of weight 100: 208, variance 8 + 2 * 10,000; 10 incidents lie between 4.787450 and 18.391459.
    weighted, lower, upper = dobson_interval([[8, 2]], [1, 100])
    stretch = np.sqrt(20_008 / 10)
    assert weighted.tolist() == [208]
    assert lower[0] == pytest.approx(208 + stretch * (4.787450 - 10), abs=1e-4)
    assert upper[0] == pytest.approx(208 + stretch * (18.391459 - 10), abs=1e-4)


def test_kinds_without_weight_change_nothing_and_without_incidents_there_is_no_interval() -> None:
    with_shoplifting, without = dobson_interval([[8, 2, 999]], [1, 100, 0]), dobson_interval([[8, 2]], [1, 100])
    np.testing.assert_allclose(with_shoplifting, without)
    weighted, lower, upper = dobson_interval([[0, 0], [0, 3]], [5, 0])
    assert weighted.tolist() == [0, 0]
    assert np.isnan([lower, upper]).all()


@given(COUNTS, st.floats(0.1, 1000), st.floats(0.5, 0.999))
@settings(deadline=None)
def test_equal_weights_give_byars_interval_in_their_unit(counts: np.ndarray, weight: float, confidence: float) -> None:
    halves = np.column_stack([counts // 2, counts - counts // 2])
    weighted, lower, upper = dobson_interval(halves, np.full(halves.shape, weight), confidence=confidence)
    expected_lower, expected_upper = byar_interval(np.where(counts > 0, counts, np.nan), confidence=confidence)
    np.testing.assert_allclose(weighted, weight * counts)
    np.testing.assert_allclose(lower, weight * expected_lower, atol=1e-9 * weight)
    np.testing.assert_allclose(upper, weight * expected_upper, atol=1e-9 * weight)


def test_weights_must_belong_to_the_kinds() -> None:
    with pytest.raises(GeoError, match="one weight for each kind"):
        dobson_interval([[1, 2]], [1, 2, 3])
    with pytest.raises(GeoError, match="one weight for each kind"):
        dobson_interval([1, 2], [1, 2])
    for counts, weights in (([[1, np.nan]], [1, 2]), ([[1, 2]], [1, -2]), ([[1, 2]], [1, np.inf])):
        with pytest.raises(GeoError, match="missing or below zero"):
            dobson_interval(counts, weights)
    with pytest.raises(GeoError, match="counts are below zero"):
        dobson_interval([[1, -2]], [1, 2])


def test_smoothed_rates_are_as_worked_by_hand() -> None:
    smoothed = empirical_bayes([4, 0, 30, 12, 2], [1000, 300, 5000, 4000, 150])
    np.testing.assert_allclose(smoothed.rates, [4.450454, 4.194277, 5.455947, 3.702367, 4.990167], atol=5e-7)
    assert smoothed.overall == pytest.approx(1000 * 48 / 10_450)
    shrunk = smoothed.overall + smoothed.own_shares * (
        rate_per([4, 0, 30, 12, 2], [1000, 300, 5000, 4000, 150]) - smoothed.overall
    )
    np.testing.assert_allclose(smoothed.rates, shrunk)


def test_smoothed_homicide_rates_around_st_louis_are_as_published_and_esdas() -> None:
    table = np.array(libpysal.io.open(libpysal.examples.get_path("stl_hom.csv")))
    homicides, people = table[:, 10].astype(float), table[:, 13].astype(float)
    smoothed = empirical_bayes(homicides, people, per=1).rates
    published = [2.36718950e-05, 4.54539167e-05, 4.78114019e-05, 2.76907146e-05, 6.58989323e-05]
    np.testing.assert_allclose(smoothed[:5], published, rtol=5e-9)
    np.testing.assert_allclose(smoothed, Empirical_Bayes(homicides, people).r.ravel(), rtol=1e-9)


def test_rates_that_chance_explains_become_the_overall_rate() -> None:
    smoothed = empirical_bayes([5, 4, 6, np.nan, 5, 0], [1000, 1000, 1000, 1000, 0, np.nan])
    # 15 in 3,000. esda, which has no such guard, gives the area with most incidents a rate below nil.
    assert Empirical_Bayes(np.array([5, 4, 6]), np.array([1000] * 3)).r[2, 0] < 0
    np.testing.assert_allclose(smoothed.rates, [5, 5, 5, np.nan, np.nan, np.nan])
    np.testing.assert_array_equal(smoothed.own_shares, [0, 0, 0, np.nan, np.nan, np.nan])
    assert empirical_bayes([0, 0], [10, 20]).rates.tolist() == [0, 0]


@given(COUNTS, st.data())
@settings(deadline=None)
def test_smoothed_rates_lie_between_their_own_and_the_overall_in_any_order(
    counts: np.ndarray, data: st.DataObject
) -> None:
    people = data.draw(arrays.arrays(float, counts.size, elements=st.integers(1, 10_000)))
    smoothed, raw = empirical_bayes(counts, people), rate_per(counts, people)
    slack = 1e-9 * (1 + raw + smoothed.overall)
    assert (smoothed.rates >= np.minimum(raw, smoothed.overall) - slack).all()
    assert (smoothed.rates <= np.maximum(raw, smoothed.overall) + slack).all()
    order = np.array(data.draw(st.permutations(range(counts.size))))
    np.testing.assert_allclose(empirical_bayes(counts[order], people[order]).rates, smoothed.rates[order], rtol=1e-9)


def test_without_any_population_there_is_no_overall_rate() -> None:
    for statistic in (empirical_bayes, funnel_limits):
        with pytest.raises(GeoError, match="no overall rate"):
            statistic([1, np.nan], [0, 100])
        with pytest.raises(GeoError, match="counts are below zero"):
            statistic([-1], [100])
        with pytest.raises(GeoError, match="populations are below zero"):
            statistic([1], [-100])
    with pytest.raises(GeoError, match="between 0 and 1"):
        funnel_limits([1], [100], confidence=99.8)


@given(COUNTS, st.sampled_from([0.5, 0.95, 0.998]), st.data())
@settings(deadline=None)
def test_a_rate_is_outside_the_funnel_just_where_its_tail_is_small(
    counts: np.ndarray, confidence: float, data: st.DataObject
) -> None:
    people = data.draw(arrays.arrays(float, counts.size, elements=st.integers(1, 5000)))
    funnel = funnel_limits(counts, people, confidence=confidence)
    expected = counts.sum() / people.sum() * people
    below, above = stats.poisson.cdf(counts, expected), stats.poisson.sf(counts - 1, expected)
    tail = (1 - confidence) / 2
    # On a limit rounding decides.
    sure = (abs(below - tail) > 1e-9) & (abs(above - tail) > 1e-9)
    np.testing.assert_array_equal(funnel.is_outside[sure], ((below < tail) | (above < tail))[sure])
    assert (funnel.lower <= funnel.overall + 1e-9).all()
    assert (funnel.upper >= funnel.overall - 1e-9).all()


def test_the_funnel_narrows_without_jumps_and_widens_for_dispersion() -> None:
    random = np.random.default_rng(5)
    people = np.sort(random.integers(500, 20_000, 400)).astype(float)
    chance = funnel_limits(random.poisson(0.01 * people), people)
    assert chance.dispersion == pytest.approx(0.75, abs=0.2)  # the outermost values are drawn in
    assert chance.is_outside.mean() < 0.01
    assert (np.diff(chance.upper) < 1e-9).all()
    assert (np.diff(chance.lower) > -1e-9).all()
    uneven = random.poisson(0.01 * people * random.gamma(4, 0.25, people.size))
    narrow, wide = funnel_limits(uneven, people), funnel_limits(uneven, people, allow_for_dispersion=True)
    assert narrow.dispersion == wide.dispersion > 4
    assert narrow.is_outside.mean() > 0.3
    assert wide.is_outside.mean() < 0.05
    np.testing.assert_allclose(
        wide.upper - wide.overall, np.sqrt(wide.dispersion) * (narrow.upper - narrow.overall), rtol=1e-9
    )
    np.testing.assert_array_equal(funnel_limits(uneven, people).rates, rate_per(uneven, people))


def test_funnels_of_nothing_and_of_unknown_areas() -> None:
    funnel = funnel_limits([0, 0, np.nan], [100, 200, 300])
    assert (funnel.overall, funnel.dispersion) == (0, 1)
    assert funnel.is_outside.tolist() == [False, False, False]
    assert np.isnan(funnel.upper).tolist() == [False, False, True]
