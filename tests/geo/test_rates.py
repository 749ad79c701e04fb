"""Rates and their intervals: published values and the exact law."""

import numpy as np
import pytest
from scipy import stats

from geo.frames import GeoError
from geo.rates import byar_interval, rate_per


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
