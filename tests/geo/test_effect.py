"""Change against a control: statsmodels' models, published counts, coverage over a grid, and what is refused."""

import math
from collections.abc import Callable
from itertools import product

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from geo.effect import change_against_control, disagreement, trend_beside
from geo.frames import GeoError


def months_of(total: int, months: int = 12) -> np.ndarray:
    """So many incidents, as evenly over the months as whole numbers can be."""
    return np.diff(np.round(np.linspace(0, total, months + 1)).astype(int))


def shares_model(area: np.ndarray, control: np.ndarray, *columns: np.ndarray, offset: np.ndarray | None = None):
    """Fit the area's share of each month by statsmodels' binomial model."""
    exogenous = np.column_stack([np.ones(area.size), *columns])
    return sm.GLM(np.column_stack([area, control]), exogenous, family=sm.families.Binomial(), offset=offset).fit()


class TestChangeAgainstControl:
    def test_published_counts_give_the_published_effect(self) -> None:
        # Wheeler & Ratcliffe's example: 20 to 20 in the control, 20 to 10 where the response was.
        effect = change_against_control(months_of(20), months_of(10), months_of(20), months_of(20))
        assert (effect.ratio, effect.expected, effect.avoided) == pytest.approx((0.5, 20, 10))
        assert effect.ratio_lower < effect.ratio < 1 < effect.ratio_upper
        assert effect.avoided_lower < 0 < effect.avoided_upper
        assert (effect.control_before, effect.control_after, effect.dispersion) == (20, 20, 1)
        # A fifth as long a period after changes no ratio, since the control's is as short.
        shorter = change_against_control(months_of(50, 10), months_of(7, 2), months_of(100, 10), months_of(20, 2))
        assert (shorter.ratio, shorter.expected) == pytest.approx((0.7, 10))

    @given(st.integers(0, 2**32 - 1), st.sampled_from([3, 12]), st.floats(2, 40), st.floats(0.4, 1.6))
    @settings(deadline=None, max_examples=40)
    def test_ratio_and_interval_are_those_of_statsmodels(
        self, seed: int, months: int, level: float, ratio: float
    ) -> None:
        random = np.random.default_rng(seed)
        drawn = [
            random.poisson(level * times, size) for times, size in ((1, 12), (ratio, months), (2, 12), (2, months))
        ]
        parts = [counts + (np.arange(counts.size) == 0) for counts in drawn]
        effect = change_against_control(*parts)
        area, control = np.r_[parts[0], parts[1]], np.r_[parts[2], parts[3]]
        known = area + control > 0
        area, control, step = area[known], control[known], np.repeat([0.0, 1.0], [12, months])[known]
        model = shares_model(area, control, step)
        assert math.log(effect.ratio) == pytest.approx(model.params[1], abs=1e-6)
        # At either end of the interval, the model held to that ratio is as much worse as the quantile allows.
        quantile = stats.norm.ppf(0.975) if effect.dispersion == 1 else stats.t.ppf(0.975, 12 + months - 2)
        for end in (effect.ratio_lower, effect.ratio_upper):
            held = shares_model(area, control, offset=math.log(end) * step)
            assert held.deviance - model.deviance == pytest.approx(quantile**2 * effect.dispersion, rel=1e-4)

    def test_months_as_varied_as_chance_agree_with_a_poisson_model_and_varied_ones_are_doubted_more(self) -> None:
        random = np.random.default_rng(4)
        even = [random.poisson(mean, 24) for mean in (20, 14, 80, 80)]
        effect = change_against_control(*even)
        counts = np.concatenate(even)
        is_area, is_after = np.repeat([1.0, 0.0], 48), np.tile(np.repeat([0.0, 1.0], 24), 2)
        poisson = sm.GLM(
            counts, np.column_stack([np.ones(96), is_area, is_after, is_area * is_after]), family=sm.families.Poisson()
        ).fit()
        low, high = poisson.conf_int()[3]
        assert effect.dispersion < 1.3
        assert effect.ratio == pytest.approx(math.exp(poisson.params[3]))
        stretch = math.log(effect.ratio_upper / effect.ratio_lower) / (high - low)
        assert stretch == pytest.approx(math.sqrt(effect.dispersion), rel=0.05)
        varied = [random.negative_binomial(2, 2 / (2 + mean), 24) for mean in (20, 14, 80, 80)]
        doubted = change_against_control(*varied)
        assert doubted.dispersion > 4
        assert doubted.ratio_upper / doubted.ratio_lower > 2 * effect.ratio_upper / effect.ratio_lower

    def test_a_season_and_a_trend_that_both_share_change_nothing(self) -> None:
        season = np.array([1, 2, 3, 4, 5, 6, 6, 5, 4, 3, 2, 1])
        effect = change_against_control(season * 2, season, season * 4, season * 8)
        assert (effect.ratio, effect.dispersion) == pytest.approx((0.25, 1))
        assert effect.ratio_upper < 1

    def test_part_of_the_months_before_may_count(self) -> None:
        parts = months_of(80), months_of(40), months_of(200), months_of(200)
        full, part = change_against_control(*parts), change_against_control(*parts, shares_before=(0.5, 1.0))
        assert (full.ratio, part.ratio, part.before, part.expected) == pytest.approx((0.5, 1, 40, 40))
        assert part.ratio_lower < 1 < part.ratio_upper
        both = change_against_control(*parts, shares_before=(0.5, 0.5))
        assert both.ratio == pytest.approx(0.5)
        assert both.ratio_upper > full.ratio_upper

    def test_intervals_of_ratio_and_avoided_lie_on_the_same_side_of_no_change(self) -> None:
        random = np.random.default_rng(8)
        sides = set()
        for after in random.uniform(0.2, 2.5, 300):
            drawn = [random.poisson(mean, 12) for mean in (3, 3 * after, 9, 9)]
            if not all(part.any() for part in drawn):
                continue
            effect = change_against_control(*drawn)
            side = (effect.ratio_upper < 1, effect.ratio_lower > 1)
            assert effect.avoided_lower >= 0 if side[0] else effect.avoided_lower <= 0
            assert effect.avoided_upper <= 0 if side[1] else effect.avoided_upper >= 0
            assert effect.ratio_lower <= effect.ratio <= effect.ratio_upper
            assert effect.avoided_lower <= effect.avoided <= effect.avoided_upper
            sides.add(side)
        assert len(sides) == 3

    def test_none_after_and_a_wild_month_have_open_ends(self) -> None:
        none = change_against_control(months_of(40), months_of(0), months_of(100), months_of(100))
        assert (none.ratio, none.ratio_lower, none.avoided) == (0, 0, 40)
        assert none.ratio_upper < 0.2
        # All incidents before came in one month, another in each place, and the control has one after.
        early, late = np.r_[1000, np.zeros(11)], np.r_[np.zeros(11), 1000]
        wild = change_against_control(early, months_of(500), late, months_of(1))
        assert wild.dispersion > 1000
        assert wild.ratio_lower < 0.01
        assert wild.ratio_upper > 1e9
        assert wild.detectable_ratio == 0

    def test_a_ratio_said_to_be_detectable_is_detected_four_times_in_five(self) -> None:
        random = np.random.default_rng(11)
        means = np.array([10, 10, 40, 40.0])
        usual = change_against_control(*[months_of(int(12 * mean)) for mean in means])
        assert 0.6 < usual.detectable_ratio < 0.75
        means[1] *= usual.detectable_ratio
        told = [
            change_against_control(*[random.poisson(mean, 12) for mean in means]).ratio_upper < 1 for _ in range(300)
        ]
        assert 0.7 < np.mean(told) < 0.9

    def test_intervals_cover_over_a_grid_of_truths(
        self, is_long: bool, record_property: Callable[[str, object], None]
    ) -> None:
        tries = 800 if is_long else 10
        random = np.random.default_rng(21)
        covered, avoided, false = [], [], []
        grid = list(product((1.5, 6, 25), (1, 4), ((12, 3), (12, 12), (24, 6)), (0, 0.1, 0.3), (1, 0.7)))
        for level, controls, (before, after), spread, ratio in grid:
            season = 1 + 0.3 * np.sin(np.arange(before + after) / 2)
            means = level * season * np.where(np.arange(before + after) < before, 1, ratio)
            held = []
            for _ in range(tries):
                rows = np.vstack([means, *[level * season] * controls])
                counts = random.poisson(rows * (random.gamma(1 / spread, spread, rows.shape) if spread else 1))
                area, control = counts[0], counts[1:].sum(axis=0)
                if not (area[:before].any() and control[:before].any() and control[before:].any()):
                    continue
                effect = change_against_control(area[:before], area[before:], control[:before], control[before:])
                held.append(effect.ratio_lower <= ratio <= effect.ratio_upper)
                truth = level * season[before:].sum() * (1 - ratio)
                avoided.append(effect.avoided_lower <= truth <= effect.avoided_upper)
                if ratio == 1:
                    false.append(effect.ratio_upper < 1)
            covered.append(np.mean(held))
        within = float(np.mean(np.abs(np.array(covered) - 0.95) <= 0.02))
        figures = (
            f"ratio {np.mean(covered):.4f}, from {min(covered):.3f} to {max(covered):.3f} ({within:.0%} of the grid "
        )
        figures += f"within 2 points), avoided {np.mean(avoided):.4f}, false falls {np.mean(false):.4f}"
        record_property("coverage", figures)
        assert abs(np.mean(covered) - 0.95) <= 0.02, figures
        assert abs(np.mean(avoided) - 0.95) <= 0.02, figures
        assert np.mean(false) <= 0.035, figures
        assert not is_long or (min(covered) >= 0.92 and max(covered) <= 0.98 and within >= 0.9), figures

    def test_what_cannot_be_compared_is_refused(self) -> None:
        ten = months_of(10)
        for parts in ((ten, ten, ten[1:], ten), (ten[:1], ten, ten[:1], ten), (ten, ten[:0], ten, ten[:0])):
            with pytest.raises(GeoError, match="months"):
                change_against_control(*parts)
        for parts in ((0 * ten, ten, ten, ten), (ten, ten, 0 * ten, ten), (ten, ten, ten, 0 * ten)):
            with pytest.raises(GeoError, match="no incidents before"):
                change_against_control(*parts)
        with pytest.raises(GeoError, match="whole counts"):
            change_against_control(ten + 0.5, ten, ten, ten)
        with pytest.raises(GeoError, match="shares above zero"):
            change_against_control(ten, ten, ten, ten, shares_before=(0, 1))
        with pytest.raises(GeoError, match="variance of -1"):
            change_against_control(ten, ten, ten, ten, own_ways=-1)
        with pytest.raises(GeoError, match="between 0 and 1"):
            change_against_control(ten, ten, ten, ten, confidence=95)


class TestTrendBeside:
    def test_a_slope_is_told_and_agrees_with_statsmodels(self) -> None:
        random = np.random.default_rng(2)
        months = np.arange(24)
        area, control = random.poisson(30 * 0.6 ** (months / 12)), random.poisson(60, 24)
        trend = trend_beside(area, control)
        model = shares_model(area, control, months.astype(float))
        assert trend.p < 0.001
        assert trend.yearly_ratio == pytest.approx(math.exp(12 * model.params[1]), rel=0.05)
        none = shares_model(area, control)
        # The score test and the deviance of the slope say nearly the same, but for the spread of the months.
        assert stats.t.isf(trend.p / 2, 23) ** 2 == pytest.approx(none.deviance - model.deviance, rel=0.6)

    def test_it_is_rare_where_both_go_the_same_way(self) -> None:
        random = np.random.default_rng(5)
        level = 8 * 1.4 ** (np.arange(18) / 12)
        p = [trend_beside(random.poisson(level), random.poisson(3 * level)).p for _ in range(400)]
        assert 0.02 < np.mean(np.array(p) < 0.05) < 0.08

    def test_nothing_is_told_of_too_little(self) -> None:
        for area, control in (([1, 2], [3, 4]), ([0] * 6, [5] * 6), ([5] * 6, [0] * 6), ([0, 4, 0], [0, 4, 0])):
            trend = trend_beside(area, control)
            assert (trend.yearly_ratio, trend.p) == (1, 1)
        with pytest.raises(GeoError, match="same months of both"):
            trend_beside([1, 2, 3], [1, 2])


class TestDisagreement:
    def test_it_is_the_chi_square_test_where_months_are_even(self) -> None:
        before, after = np.array([[20] * 6, [20] * 6, [20] * 6]), np.array([[20] * 6, [10] * 6, [20] * 6])
        table = np.column_stack([before.sum(axis=1), after.sum(axis=1)])
        chi_square = stats.chi2_contingency(table, correction=False).statistic
        assert disagreement(before, after).p == pytest.approx(stats.f.sf(chi_square / 2, 2, 20))
        assert (disagreement(before, before).p, disagreement(before, before).variance) == (1, 0)

    def test_chance_seldom_makes_areas_disagree(self) -> None:
        random = np.random.default_rng(7)
        p = [disagreement(random.poisson(6, (4, 12)), random.poisson(9, (4, 6))).p for _ in range(400)]
        assert 0.02 < np.mean(np.array(p) < 0.05) < 0.08

    def test_how_far_areas_go_their_own_ways_is_told_and_makes_intervals_cover(self) -> None:
        random = np.random.default_rng(13)
        spread, areas, variances, held, blind = 0.2, 6, [], [], []
        for _ in range(300):
            own = np.exp(random.normal(0, spread, (areas + 1, 1)))
            before, after = random.poisson(20, (areas + 1, 12)), random.poisson(20 * own, (areas + 1, 12))
            variances.append(disagreement(before[1:], after[1:]).variance)
            parts = before[0], after[0], before[1:].sum(axis=0), after[1:].sum(axis=0)
            effect, unaware = change_against_control(*parts, own_ways=variances[-1]), change_against_control(*parts)
            held.append(effect.ratio_lower <= 1 <= effect.ratio_upper)
            blind.append(unaware.ratio_lower <= 1 <= unaware.ratio_upper)
        assert np.mean(variances) == pytest.approx(spread**2 * (1 + 1 / areas), rel=0.15)
        assert np.mean(blind) < 0.7
        assert np.mean(held) > 0.85

    def test_too_little_to_disagree_about(self) -> None:
        some = np.full((2, 4), 3)
        for before, after in ((some[:1], some[:1]), (some, 0 * some), (some[:, :1], some[:, :1])):
            assert math.isnan(disagreement(before, after).p)
        nobody_else = disagreement([[3, 3], [0, 0]], [[3, 3], [0, 0]])
        assert (math.isnan(nobody_else.p), nobody_else.variance) == (True, 0)
        with pytest.raises(GeoError, match="same areas"):
            disagreement(some, some[:1])
