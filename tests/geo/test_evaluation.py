"""Accuracy, back-tests and displacement: published and worked values, peers' intervals, and real months."""

from collections.abc import Callable
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.proportion import proportion_confint

from geo.boundaries import outline
from geo.evaluation import (
    accuracy_curve,
    back_test,
    displacement_difference,
    displacement_quotient,
    hit_rate_interval,
)
from geo.frames import GeoError, to_national_grid
from geo.grid import cell_counts, square_grid
from geo.hotspots import gi_star_grid

OBSERVED, PREDICTED = [6, 7, 3, 2, 1, 0], [8, 4, 4, 2, 1, 0]


def mean_of_past(training: np.ndarray) -> np.ndarray:
    return training.mean(axis=1)


class TestAccuracyCurve:
    def test_worked_values_are_met_and_a_tie_gains_nothing(self) -> None:
        curve = accuracy_curve(PREDICTED, OBSERVED)
        assert curve.order.tolist() == [0, 2, 1, 3, 4, 5]
        np.testing.assert_allclose(curve.hit_rate[:3], [0.315789, 0.473684, 0.842105], atol=5e-7)
        np.testing.assert_allclose(curve.pai[:3], [1.894737, 1.421053, 1.684211], atol=5e-7)
        np.testing.assert_allclose(curve.pei[:3], [0.857143, 0.692308, 1], atol=5e-7)
        np.testing.assert_allclose(curve.rri[:3], [8 / 6, 12 / 9, 16 / 16])

    def test_areas_make_densities_and_the_best_choice_may_split_a_cell(self) -> None:
        # A cell of 4 with 8 incidents, two of 1 with 3 and 1: by density 2, 3 and 1.
        curve = accuracy_curve([8, 0, 1], [8, 3, 1], areas=[4, 1, 1])
        assert curve.order.tolist() == [0, 2, 1]
        np.testing.assert_allclose(curve.area_share, [4 / 6, 5 / 6, 1])
        np.testing.assert_allclose(curve.pai, [1, (9 / 12) / (5 / 6), 1])
        np.testing.assert_allclose(curve.pei, [8 / (3 + 6), 9 / 11, 1])

    def test_tied_cells_may_share_what_was_observed_in_them(self) -> None:
        curve = accuracy_curve(PREDICTED, OBSERVED, ties="shared")
        np.testing.assert_allclose(curve.hit_rate, np.array([6, 11, 16, 18, 19, 19]) / 19)
        by_area = accuracy_curve([1, 3, 9], [8, 0, 3], areas=[1, 3, 3], ties="shared")
        np.testing.assert_allclose(by_area.hit_rate, np.array([3, 3 + 6, 11]) / 11)
        with pytest.raises(GeoError, match="settled by 'luck'"):
            accuracy_curve(PREDICTED, OBSERVED, ties="luck")

    def test_cells_without_a_prediction_come_last(self) -> None:
        curve = accuracy_curve([np.nan, -5, 1], [0, 0, 4])
        assert curve.order.tolist() == [2, 1, 0]
        assert np.isnan(accuracy_curve([1, 2], [3, 0]).rri).tolist() == [True, False]

    @given(st.integers(1, 60), st.integers(0, 2**32 - 1), st.booleans())
    @settings(deadline=None)
    def test_order_changes_nothing_and_shares_end_at_one(self, size: int, seed: int, equal: bool) -> None:
        random = np.random.default_rng(seed)
        predicted, observed = random.integers(0, 5, size), random.integers(0, 4, size)
        observed[0] += 1
        areas = np.ones(size) if equal else random.integers(1, 9, size)
        curve = accuracy_curve(predicted, observed, areas=areas)
        assert (curve.area_share[-1], curve.hit_rate[-1], curve.pai[-1], curve.pei[-1]) == pytest.approx((1, 1, 1, 1))
        assert ((curve.pei >= 0) & (curve.pei <= 1)).all()
        assert (np.diff(curve.hit_rate) >= 0).all()
        shuffle = random.permutation(size)
        again = accuracy_curve(predicted[shuffle], observed[shuffle], areas=areas[shuffle])
        if equal:
            np.testing.assert_allclose(again.hit_rate, curve.hit_rate)
        perfect = accuracy_curve(observed, observed, areas=areas)
        np.testing.assert_allclose(perfect.pei, 1)
        assert (perfect.hit_rate >= curve.hit_rate - 1e-12).all() or not equal

    def test_what_cannot_be_judged_is_refused(self) -> None:
        with pytest.raises(GeoError, match="one of each"):
            accuracy_curve([1], [1, 2])
        with pytest.raises(GeoError, match="one of each"):
            accuracy_curve([], [])
        with pytest.raises(GeoError, match="Nothing was observed"):
            accuracy_curve([1, 2], [0, 0])
        with pytest.raises(GeoError, match="below zero"):
            accuracy_curve([1, 2], [0, -1])
        with pytest.raises(GeoError, match="without ground"):
            accuracy_curve([1, 2], [0, 1], areas=[1, 0])


class TestHitRateInterval:
    @given(st.integers(0, 400), st.integers(1, 400), st.sampled_from([0.8, 0.95]))
    @settings(deadline=None)
    def test_it_is_statsmodels(self, hits: int, misses: int, confidence: float) -> None:
        lower, upper = hit_rate_interval([hits], [hits + misses], confidence=confidence)
        peer = proportion_confint(hits, hits + misses, alpha=1 - confidence, method="beta")
        np.testing.assert_allclose([lower[0], upper[0]], peer, rtol=1e-9)

    def test_nothing_seen_tells_nothing_and_impossible_hits_are_refused(self) -> None:
        lower, upper = hit_rate_interval([0, 5], [0, 5])
        assert (lower.tolist()[0], upper.tolist()) == (0, [1, 1])
        with pytest.raises(GeoError, match="part of all incidents"):
            hit_rate_interval([6], [5])
        with pytest.raises(GeoError, match="between 0 and 1"):
            hit_rate_interval([1], [5], confidence=95)


class TestBackTest:
    COUNTS = np.array([[4, 4, 4, 4], [1, 1, 1, 1], [0, 0, 5, 0], [0, 0, 0, 0]])

    def test_hits_are_those_of_the_months_after_training(self) -> None:
        test = back_test(self.COUNTS, mean_of_past, training_months=1, area_share=0.25)
        # April is judged by March, in which the third cell had five.
        assert test.months.tolist() == [1, 2, 3]
        assert test.hits.tolist() == [4, 4, 0]
        assert test.totals.tolist() == [5, 10, 5]
        assert (test.area_share, test.hit_rate, test.pai) == (0.25, 0.4, 1.6)
        longer = back_test(self.COUNTS, mean_of_past, training_months=3, area_share=0.25)
        assert (longer.months.tolist(), longer.hit_rate) == ([3], 0.8)
        exact = proportion_confint(4, 5, method="beta")
        assert (longer.hit_rate_lower, longer.hit_rate_upper) == pytest.approx(exact)

    def test_the_interval_is_the_wider_of_chance_and_scatter(self) -> None:
        test = back_test(self.COUNTS, mean_of_past, training_months=1, area_share=0.25)
        low, high = proportion_confint(8, 20, method="beta")
        # Three months miss 0.4 by 2, 0 and -2 incidents; t with two degrees is 4.302653.
        reach = 4.302653 * np.sqrt(1.5 * 8) / 20
        assert reach > 0.4 - low
        assert (test.hit_rate_lower, test.hit_rate_upper) == pytest.approx((0, 1))
        assert 0.4 + reach > 1 > high
        assert (test.pai_lower, test.pai_upper) == pytest.approx((0, 4))
        steady = back_test(np.tile([[3], [1]], 5), mean_of_past, training_months=1, area_share=0.5)
        exact = proportion_confint(12, 16, method="beta")
        assert (steady.hit_rate_lower, steady.hit_rate_upper) == pytest.approx(exact)

    def test_a_method_sees_only_the_past_and_cannot_change_it(self) -> None:
        seen: list[np.ndarray] = []

        def nosy(training: np.ndarray) -> np.ndarray:
            assert training.base is None
            with pytest.raises(ValueError, match="read-only"):
                training[0, 0] = 99
            seen.append(training)
            return training.sum(axis=1)

        back_test(self.COUNTS, nosy, training_months=2, area_share=0.5)
        np.testing.assert_array_equal(seen[0], self.COUNTS[:, :2])
        np.testing.assert_array_equal(seen[1], self.COUNTS[:, 1:3])
        # What comes later changes no choice: the hits of the third month stay when the fourth is another.
        other = self.COUNTS.copy()
        other[:, 3] = [0, 0, 0, 9]
        one = back_test(self.COUNTS, mean_of_past, training_months=2, area_share=0.25)
        assert back_test(other, mean_of_past, training_months=2, area_share=0.25).hits[0] == one.hits[0]

    def test_at_least_one_cell_is_chosen_and_never_more_than_the_share(self) -> None:
        one = back_test(self.COUNTS, mean_of_past, training_months=1, area_share=0.001)
        assert one.area_share == 0.25
        areas = [3, 5, 1, 1]
        some = back_test(self.COUNTS, mean_of_past, training_months=3, area_share=0.45, areas=areas)
        assert some.area_share == pytest.approx(0.4)
        tenths = back_test(np.ones((10, 2)), mean_of_past, training_months=1, area_share=0.3)
        assert tenths.area_share == pytest.approx(0.3)

    def test_months_without_incidents_have_no_hit_rate(self) -> None:
        test = back_test(np.zeros((3, 4)), mean_of_past, training_months=1, area_share=0.5)
        assert np.isnan([test.hit_rate, test.hit_rate_lower, test.pai, test.pai_upper]).all()
        assert test.totals.tolist() == [0, 0, 0]

    def test_chance_gets_a_pai_of_one_within_its_interval(self) -> None:
        random = np.random.default_rng(3)
        options = {"training_months": 1, "area_share": 0.1}
        within, short = 0, 0
        for _ in range(100):
            counts = random.poisson(1.5, (200, 12))
            test = back_test(counts, lambda training: training[:, -1], ties="shared", **options)
            within += test.pai_lower <= 1 <= test.pai_upper
            short += back_test(counts, lambda training: training[:, -1], **options).pai_upper < 1
        assert within >= 93
        # The other rule takes the emptiest of the many cells that tie, and so puts chance below chance.
        assert short >= 90

    def test_what_cannot_be_tried_is_refused(self) -> None:
        for months in (0, 4):
            with pytest.raises(GeoError, match="leave no month"):
                back_test(self.COUNTS, mean_of_past, training_months=months, area_share=0.1)
        with pytest.raises(GeoError, match="leave no month"):
            back_test(self.COUNTS[0], mean_of_past, training_months=1, area_share=0.1)
        for share in (0, 1.5):
            with pytest.raises(GeoError, match="cannot be chosen"):
                back_test(self.COUNTS, mean_of_past, training_months=1, area_share=share)
        with pytest.raises(GeoError, match="one of each"):
            back_test(self.COUNTS, lambda training: training, training_months=1, area_share=0.1)
        with pytest.raises(GeoError, match="missing"):
            back_test(np.where(self.COUNTS, self.COUNTS, np.nan), mean_of_past, training_months=1, area_share=0.1)
        with pytest.raises(GeoError, match="between 0 and 1"):
            back_test(self.COUNTS, mean_of_past, training_months=1, area_share=0.1, confidence=0)


class TestDisplacementQuotient:
    def test_worked_values_are_met(self) -> None:
        response = displacement_quotient((100, 70), (50, 45), (200, 200))
        assert response.quotient == pytest.approx(0.166667, abs=5e-7)
        assert (response.success, response.buffer) == pytest.approx((-0.15, -0.025))
        assert (response.net_effect, response.meaning) == (35, "diffusion")

    @pytest.mark.parametrize(
        ("buffer", "meaning"),
        [
            ((50, 10), "diffusion_beyond_effect"),
            ((50, 20), "diffusion"),
            ((50, 50), "neither"),
            ((50, 80), "displacement_below_effect"),
            ((50, 81), "displacement_beyond_effect"),
        ],
    )
    def test_bands_are_those_of_the_guide(self, buffer: tuple[int, int], meaning: str) -> None:
        assert displacement_quotient((100, 70), buffer, (128, 128)).meaning == meaning

    def test_a_response_without_a_fall_has_no_quotient(self) -> None:
        response = displacement_quotient((100, 100), (50, 40), (200, 150))
        assert np.isnan(response.quotient)
        assert (response.meaning, response.net_effect) == ("no_effect", 0.75 * 150 - 140)
        with pytest.raises(GeoError, match="control area has no incidents"):
            displacement_quotient((1, 1), (1, 1), (5, 0))
        with pytest.raises(GeoError, match="0 or more for both"):
            displacement_quotient((1, -1), (1, 1), (5, 5))


class TestDisplacementDifference:
    def test_published_values_are_met(self) -> None:
        # Wheeler & Ratcliffe's example, without and with the areas that displacement might reach.
        test = displacement_difference((20, 10), (20, 20))
        assert (test.difference, test.standard_error, test.z) == pytest.approx((-10, 8.366600, -1.195229), abs=5e-7)
        assert (test.lower, test.upper) == pytest.approx((-23.76, 3.76), abs=5e-3)
        assert test.p == pytest.approx(0.232, abs=5e-4)
        both = displacement_difference((20, 10), (20, 20), displaced=(30, 20), displaced_control=(30, 30))
        assert (both.difference, both.standard_error) == pytest.approx((-20, 13.416408), abs=5e-7)

    @given(*[st.tuples(st.integers(0, 500), st.integers(1, 500))] * 2)
    @settings(deadline=None)
    def test_swapping_treated_and_control_turns_it_round(self, one: tuple[int, int], other: tuple[int, int]) -> None:
        test, swapped = displacement_difference(one, other), displacement_difference(other, one)
        assert (test.difference, test.p, test.lower) == pytest.approx((-swapped.difference, swapped.p, -swapped.upper))

    def test_nothing_and_the_impossible_are_refused(self) -> None:
        with pytest.raises(GeoError, match="no incidents before or after"):
            displacement_difference((0, 0), (0, 0))
        with pytest.raises(GeoError, match="0 or more for both"):
            displacement_difference((1, np.nan), (0, 0))
        with pytest.raises(GeoError, match="between 0 and 1"):
            displacement_difference((1, 1), (1, 1), confidence=1)


@pytest.fixture(scope="module")
def camden_months(wards_2018: gpd.GeoDataFrame, real_data: Path) -> tuple[np.ndarray, np.ndarray]:
    """Eight months of street-level crime in squares of 200 m in Camden: counts by cell and month, and the mask."""
    grid = square_grid(outline(wards_2018[wards_2018["borough_name"] == "Camden"]), cell_metres=200)
    months = []
    for path in sorted((real_data / "police-uk" / "london-street-all-crime").glob("*.csv.gz")):
        rows = pd.read_csv(path, usecols=["Longitude", "Latitude"])
        months.append(cell_counts(grid, *to_national_grid(rows["Longitude"], rows["Latitude"]))[grid.mask])
    return np.column_stack(months), grid.mask


def test_real_months_are_caught_far_better_than_by_chance(camden_months: tuple[np.ndarray, np.ndarray]) -> None:
    counts, mask = camden_months

    def gi_star(training: np.ndarray) -> np.ndarray:
        totals = np.zeros(mask.shape)
        totals[mask] = training.sum(axis=1)
        return gi_star_grid(totals, mask)[mask]

    methods: dict[str, Callable[[np.ndarray], np.ndarray]] = {"counts": mean_of_past, "gi_star": gi_star}
    tests = {name: back_test(counts, method, training_months=3, area_share=0.05) for name, method in methods.items()}
    assert tests["counts"].totals.sum() == counts[:, 3:].sum() > 10_000
    assert tests["counts"].pai_lower > tests["gi_star"].pai_upper > tests["gi_star"].pai_lower > 2
    assert tests["counts"].hit_rate_lower < tests["counts"].hit_rate < tests["counts"].hit_rate_upper
    curve = accuracy_curve(counts[:, :7].mean(axis=1), counts[:, 7])
    assert 0.9 < curve.rri[-1] < 1.1
