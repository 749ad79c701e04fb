"""Shares of people asked: statsmodels as a second opinion, and hand-worked values."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint, proportions_ztest

from geo.frames import GeoError
from geo.shares import compare_shares, effective_size, wilson_interval

COUNTS = st.integers(0, 400)


@given(COUNTS, st.sampled_from([0.8, 0.95, 0.99]))
def test_an_interval_is_that_of_statsmodels_and_holds_its_share(count: int, confidence: float) -> None:
    lower, upper = wilson_interval([count / 400], [400], confidence=confidence)
    theirs = proportion_confint(count, 400, alpha=1 - confidence, method="wilson")
    np.testing.assert_allclose([lower[0], upper[0]], theirs, atol=1e-12)
    assert 0 <= lower[0] <= count / 400 + 1e-12
    assert count / 400 - 1e-12 <= upper[0] <= 1


@given(COUNTS, COUNTS, st.integers(400, 700))
def test_a_change_is_judged_as_statsmodels_does(before: int, after: int, size: int) -> None:
    found = compare_shares([before / 400], [after / size], sizes_before=[400], sizes_after=[size])
    lower, upper = confint_proportions_2indep(after, size, before, 400, compare="diff", method="newcomb")
    np.testing.assert_allclose([found.lower[0], found.upper[0]], [lower, upper], atol=1e-9)
    if 0 < before + after < 400 + size:
        _, p = proportions_ztest([before, after], [400, size])
        np.testing.assert_allclose(found.p, [p], atol=1e-12)
    else:
        assert found.p[0] == 1


def test_a_survey_of_a_borough_tells_a_change_of_ten_points_from_chance_and_not_one_of_five() -> None:
    size = effective_size(400, design_effect=1.3)
    found = compare_shares([0.6, 0.6, np.nan], [0.5, 0.55, 0.5], sizes_before=size, sizes_after=size)
    assert found.p[0] < 0.05 < found.p[1]
    assert found.upper[0] < 0 < found.upper[1]
    assert np.isnan([found.p[2], found.lower[2], found.upper[2], found.difference[2]]).all()
    lower, upper = wilson_interval([0.5], [size])
    assert (round(float(lower[0]), 3), round(float(upper[0]), 3)) == (0.444, 0.556)


def test_what_is_no_share_or_no_sample_is_refused() -> None:
    for shares, sizes, confidence, said in (
        ([56], [400], 0.95, "Divide per cent by 100"),
        ([0.5], [0], 0.95, "sample of nobody"),
        ([0.5], [400], 95, "confidence of 95"),
    ):
        with pytest.raises(GeoError, match=said):
            wilson_interval(shares, sizes, confidence=confidence)
    for size, design_effect in ((0, 1), (400, 0)):
        with pytest.raises(GeoError, match="tell nothing"):
            effective_size(size, design_effect=design_effect)
