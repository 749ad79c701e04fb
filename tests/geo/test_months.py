"""Exceptional months and the season: worked values, scipy's laws, and false alarms in series without news."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from scipy import stats

from geo.frames import GeoError
from geo.months import exceptional_month, judge_month, seasonal_baseline, usual_range


class TestJudgeMonth:
    def test_worked_values_are_met(self) -> None:
        month = judge_month([3, 25, 25], [0.8, 16, 16], [0.8, 16, 40])
        np.testing.assert_allclose(month.p_at_least, [0.047423, 0.022315, 0.098034], atol=5e-7)
        assert month.law.tolist() == ["poisson", "poisson", "negative_binomial"]
        # P(= 3) with a mean of 0.8.
        assert month.p_at_least[0] + month.p_at_most[0] - 1 == pytest.approx(0.038343, abs=5e-7)

    @given(st.integers(0, 500), st.floats(0.01, 400), st.floats(0.2, 8))
    @settings(deadline=None)
    def test_both_tails_are_scipys(self, seen: int, mean: float, dispersion: float) -> None:
        variance = mean * dispersion
        law = stats.poisson(mean)
        if variance > mean:
            law = stats.nbinom(mean**2 / (variance - mean), mean / variance)
        month = judge_month([seen], [mean], [variance])
        assert month.p_at_least[0] == pytest.approx(law.sf(seen - 1), rel=1e-6, abs=1e-12)
        assert month.p_at_most[0] == pytest.approx(law.cdf(seen), rel=1e-6, abs=1e-12)

    def test_where_nothing_happens_nothing_is_expected(self) -> None:
        month = judge_month([0, 1, 0], [0, 0, 0], [0, 0, 4])
        np.testing.assert_array_equal(month.p_at_least, [1, 0, 1])
        np.testing.assert_array_equal(month.p_at_most, [1, 1, 1])

    def test_impossible_months_are_refused(self) -> None:
        with pytest.raises(GeoError, match="whole counts"):
            judge_month([1.5], [1], [1])
        with pytest.raises(GeoError, match="2 means"):
            judge_month([1], [1, 2], [1])
        with pytest.raises(GeoError, match="must be known"):
            judge_month([1], [np.nan], [1])


class TestExceptionalMonth:
    STEADY = (16,) * 12
    ERRATIC = (4, 28, 9, 26, 12, 7, 24, 30, 11, 16, 8, 17)

    def test_the_pasts_own_error_is_allowed_for(self) -> None:
        # 192 in twelve months, then 25: the binomial law of 217 with 1/13.
        month = exceptional_month([self.STEADY, self.ERRATIC], [25, 25])
        assert month.expected.tolist() == [16, 16]
        assert month.law.tolist() == ["poisson", "negative_binomial"]
        assert month.p_at_least[0] == pytest.approx(0.028526, abs=5e-7)
        assert month.p_at_most[0] == pytest.approx(stats.binom.cdf(25, 217, 1 / 13), abs=1e-12)
        # The fitted variance of the erratic one, and a twelfth of it more for the doubt about the mean.
        assert month.variance[1] == pytest.approx(np.var(self.ERRATIC, ddof=1) * 13 / 12)
        assert month.p_at_least[1] == pytest.approx(judge_month([25], [16], month.variance[1:]).p_at_least[0])
        assert month.p_at_least[1] > 0.1

    def test_the_season_moves_what_is_expected(self) -> None:
        index = np.array([0.5, 1.5] * 6)
        past = [[8, 24] * 6]
        plain, seasonal = exceptional_month(past, [24]), exceptional_month(past, [24], past_index=index, index=1.5)
        assert plain.law.tolist() == ["negative_binomial"]
        assert seasonal.law.tolist() == ["poisson"]
        assert seasonal.expected.tolist() == [24]
        assert seasonal.p_at_least[0] == pytest.approx(stats.binomtest(24, 216, 1.5 / 13.5, "greater").pvalue)

    def test_a_first_incident_is_judged_too(self) -> None:
        month = exceptional_month(np.zeros((2, 12)), [0, 3])
        np.testing.assert_allclose(month.p_at_least, [1, 13**-3.0])
        np.testing.assert_array_equal(month.p_at_most, [1, 1])
        assert month.law.tolist() == ["poisson", "poisson"]

    @pytest.mark.parametrize("dispersion", [1.0, 3.0])
    def test_quiet_news_raises_few_alarms(self, dispersion: float) -> None:
        random, mean = np.random.default_rng(5), 20.0
        level = mean if dispersion == 1 else random.gamma(mean / (dispersion - 1), dispersion - 1, (20_000, 25))
        counts = random.poisson(level, (20_000, 25))
        month = exceptional_month(counts[:, :24], counts[:, 24])
        assert (month.p_at_least <= 0.01).mean() < 0.016
        assert (month.p_at_most <= 0.01).mean() < 0.016
        if dispersion > 1:
            assert (judge_month(counts[:, 24], month.expected, month.expected).p_at_least <= 0.01).mean() > 0.06

    @given(
        arrays.arrays(int, st.tuples(st.integers(1, 20), st.integers(2, 24)), elements=st.integers(0, 60)), st.data()
    )
    @settings(deadline=None)
    def test_order_changes_nothing_and_chances_are_chances(self, past: np.ndarray, data: st.DataObject) -> None:
        seen = data.draw(arrays.arrays(int, len(past), elements=st.integers(0, 90)))
        month = exceptional_month(past, seen)
        turned = exceptional_month(past[::-1, ::-1], seen[::-1])
        np.testing.assert_allclose(turned.p_at_least, month.p_at_least[::-1], rtol=1e-9)
        assert ((month.p_at_least >= 0) & (month.p_at_least <= 1)).all()
        assert (month.p_at_least + month.p_at_most >= 1 - 1e-9).all()
        assert (exceptional_month(past, seen + 1).p_at_least <= month.p_at_least).all()

    def test_months_that_vary_just_as_chance_does_have_its_law_in_any_order(self) -> None:
        month = exceptional_month([[0, *[14] * 14], [*[14] * 14, 0]], [1, 1])  # mean and variance 13.0667
        assert month.law.tolist() == ["poisson", "poisson"]
        assert month.p_at_least[0] == month.p_at_least[1]

    def test_pasts_that_do_not_fit_are_refused(self) -> None:
        with pytest.raises(GeoError, match="one row a place"):
            exceptional_month([[1, 2], [3, 4]], [1])
        with pytest.raises(GeoError, match="1 past months"):
            exceptional_month([[1], [3]], [1, 2])
        with pytest.raises(GeoError, match="3 index values for 2"):
            exceptional_month([[1, 2]], [1], past_index=[1, 1, 1])
        for index in (0, np.nan):
            with pytest.raises(GeoError, match="above zero"):
                exceptional_month([[1, 2]], [1], past_index=[1, index])
        with pytest.raises(GeoError, match="whole counts"):
            exceptional_month([[1, np.nan]], [1])


class TestSeasonalBaseline:
    def test_level_and_season_are_as_worked_by_hand(self) -> None:
        # Two places, two half-years of six months: June is twice each other month.
        months = [1, 2, 3, 4, 5, 6] * 2
        baseline = seasonal_baseline([[6, 6, 6, 6, 6, 12] * 2, [1, 1, 1, 1, 1, 2] * 2], months)
        np.testing.assert_allclose(baseline.index[:6], np.array([1, 1, 1, 1, 1, 2]) * 6 / 7)
        assert np.isnan(baseline.index[6:]).all()
        np.testing.assert_allclose(baseline.level, [7, 7 / 6])
        np.testing.assert_allclose(baseline.expected[0], [6, 6, 6, 6, 6, 12] * 2)

    def test_no_incidents_have_no_season(self) -> None:
        baseline = seasonal_baseline(np.zeros((2, 3)), [1, 2, 3])
        np.testing.assert_array_equal(baseline.index[:3], 1)
        assert not baseline.expected.any()

    @given(arrays.arrays(int, st.tuples(st.integers(1, 20), st.integers(1, 40)), elements=st.integers(0, 60)))
    @settings(deadline=None)
    def test_totals_are_kept_for_each_place_and_the_average_index_is_one(self, counts: np.ndarray) -> None:
        months = np.arange(counts.shape[1]) % 12 + 1
        baseline = seasonal_baseline(counts, months)
        np.testing.assert_allclose(baseline.expected.sum(axis=1), counts.sum(axis=1))
        assert np.nanmean(baseline.index) == pytest.approx(1)
        if counts.shape[1] % 12 == 0:
            for month in range(1, 13):
                of_month = months == month
                assert baseline.expected[:, of_month].sum() == pytest.approx(counts[:, of_month].sum())

    def test_months_that_do_not_fit_are_refused(self) -> None:
        with pytest.raises(GeoError, match="one column a month"):
            seasonal_baseline([[1, 2]], [1])
        with pytest.raises(GeoError, match="one column a month"):
            seasonal_baseline(np.zeros((2, 0)), [])
        with pytest.raises(GeoError, match="from 1 to 12"):
            seasonal_baseline([[1, 2]], [1, 13])
        with pytest.raises(GeoError, match="whole counts"):
            seasonal_baseline([[1, -2]], [1, 2])


def test_real_wards_have_a_season_and_few_exceptional_months(real_data: Path) -> None:
    table = pd.read_csv(real_data / "mps-ward-level-202402-202601.csv")
    months = [column for column in table.columns if column.isdigit()]
    assert len(months) == 24
    counts = table[table["MajorText"] == "VIOLENCE AGAINST THE PERSON"].groupby("WardCode")[months].sum().to_numpy()
    calendar = np.array([int(month[4:]) for month in months])
    baseline = seasonal_baseline(counts, calendar)
    assert baseline.expected.sum() == pytest.approx(counts.sum())
    assert baseline.index.max() < 1.2
    usual = baseline.index[calendar - 1]
    month = exceptional_month(counts[:, :23], counts[:, 23], past_index=usual[:23], index=usual[23])
    assert 0 < (month.law == "negative_binomial").mean() < 1
    assert (month.p_at_least <= 0.01).mean() < 0.05
    assert month.expected.sum() == pytest.approx(counts[:, 23].sum(), rel=0.1)


def test_the_usual_range_is_that_of_the_laws_own_quantiles() -> None:
    means, variances = np.array([0, 0.8, 16, 100, 16, 3]), np.array([0, 0.8, 16, 100, 40, 50])
    low, high = usual_range(judge_month(np.zeros(6), means, variances))
    # Poisson of mean 16: P(9 or fewer) = .0433, P(10 or fewer) = .0774, P(more than 23) = .0367.
    assert (low[2], high[2]) == (10, 23)
    for place in (1, 2, 3):
        assert (low[place], high[place]) == tuple(stats.poisson.ppf([0.05, 0.95], means[place]))
    for place in (4, 5):
        size, share = means[place] ** 2 / (variances[place] - means[place]), means[place] / variances[place]
        assert (low[place], high[place]) == tuple(stats.nbinom.ppf([0.05, 0.95], size, share))
    assert (low[0], high[0]) == (0, 0)
    with pytest.raises(GeoError, match=r"share of 1\.0"):
        usual_range(judge_month([1], [1.0], [1.0]), share=1.0)
