"""Verdicts and their reasons, displacement, regression to the mean and cost: worked examples and planted truths."""

import math

import numpy as np
import pytest

from geo.assessment import Implementation, Selection, assess, shrink
from geo.evaluation import displacement_difference, displacement_quotient
from geo.frames import GeoError

BEFORE, AFTER = 12, 12


def months_of(before: int, after: int, months: tuple[int, int] = (BEFORE, AFTER)) -> np.ndarray:
    """So many incidents before and after, as evenly over the months as whole numbers can be."""
    return np.concatenate(
        [
            np.diff(np.round(np.linspace(0, total, size + 1)).astype(int))
            for total, size in zip((before, after), months, strict=True)
        ]
    )


def assess_totals(response: tuple[int, int], *controls: tuple[int, int], **options):
    """Assess even months with these totals."""
    rows = [months_of(*control) for control in controls or ((200, 200), (200, 200))]
    return assess(months_of(*response), rows, months_before=BEFORE, **options)


class TestVerdict:
    def test_each_verdict_has_its_reason(self) -> None:
        for response, verdict, reason in (
            ((200, 120), "fell", "beyond_chance"),
            ((200, 300), "did_not_fall", "rose"),
            ((2000, 2000), "did_not_fall", "no_worthwhile_fall"),
            ((60, 50), "cannot_tell", "too_uncertain"),
            ((4, 0), "cannot_tell", "too_few_incidents"),
            ((0, 3), "cannot_tell", "nothing_to_compare"),
        ):
            made = assess_totals(response)
            assert (made.verdict, made.reason) == (verdict, reason), response
            assert made.effect == made.effect_as_seen
        # What is worth having decides between "did not fall" and "cannot tell", and nothing else.
        assert assess_totals((200, 190), worthwhile_fall=0.5).verdict == "did_not_fall"
        assert assess_totals((200, 190), worthwhile_fall=0.1).verdict == "cannot_tell"

    def test_without_enough_months_or_any_delivery_nothing_is_told(self) -> None:
        for months in ((5, 12), (12, 2)):
            short = assess(months_of(200, 20, months), [months_of(200, 200, months)], months_before=months[0])
            assert (short.verdict, short.reason) == ("cannot_tell", "too_few_months")
        idle = assess_totals((200, 100), implementation=Implementation(planned=80, delivered=0))
        assert (idle.verdict, idle.reason, idle.implementation.share) == ("cannot_tell", "not_delivered", 0)
        half = assess_totals((200, 100), implementation=Implementation(planned=80, delivered=40))
        assert (half.verdict, half.implementation.share) == ("fell", 0.5)
        assert math.isnan(Implementation(planned=0, delivered=3).share)

    def test_controls_that_go_apart_are_no_yardstick(self) -> None:
        apart = assess_totals((200, 120), (200, 300), (200, 110))
        assert (apart.verdict, apart.reason) == ("cannot_tell", "controls_disagree")
        assert apart.controls.p < 1e-6
        assert math.isnan(assess_totals((200, 120), (200, 200)).controls.p)
        # A little apart they only make the interval wider.
        near, alike = assess_totals((200, 120), (200, 225), (200, 175)), assess_totals((200, 120))
        assert (near.verdict, near.effect.ratio) == ("fell", alike.effect.ratio)
        assert near.effect.ratio_upper > 1.05 * alike.effect.ratio_upper

    def test_an_area_that_was_going_that_way_already_is_not_credited_with_it(self) -> None:
        falling = np.r_[np.arange(40, 16, -2), np.full(12, 14)]
        made = assess(falling, [np.full(24, 30)], months_before=12)
        assert (made.verdict, made.reason) == ("cannot_tell", "trends_differed")
        assert made.trend_before.yearly_ratio < 0.6
        rising = assess(np.r_[np.arange(16, 40, 2), np.full(12, 34)], [np.full(24, 30)], months_before=12)
        assert (rising.verdict, rising.reason) == ("cannot_tell", "trends_differed")
        # The other way round a trend speaks for the response, not against it.
        turned = assess(np.r_[np.arange(16, 40, 2), np.full(12, 14)], [np.full(24, 30)], months_before=12)
        assert (turned.verdict, turned.trend_before.yearly_ratio > 1) == ("fell", True)

    def test_the_series_of_the_chart_is_the_control_at_the_level_of_the_response_area(self) -> None:
        made = assess_totals((120, 60), (240, 480))
        np.testing.assert_allclose(made.expected_by_month, np.r_[np.full(12, 10), np.full(12, 20)])
        assert made.expected_by_month[12:].sum() == pytest.approx(made.effect.expected)
        assert np.isnan(assess_totals((0, 60)).expected_by_month).all()


class TestDisplacement:
    def test_published_example_without_a_buffer(self) -> None:
        # Wheeler & Ratcliffe (2018): -10, standard error 8.37, 90% interval -23.76 to 3.76.
        made = assess_totals((20, 10), (20, 20))
        found = made.difference
        assert (found.difference, found.standard_error) == pytest.approx((-10, 8.366600), abs=5e-7)
        assert (found.lower, found.upper) == pytest.approx((-23.76, 3.76), abs=5e-3)
        assert (made.displacement, made.buffer, made.net, made.quotient) == ("no_buffer", None, None, None)
        assert (made.verdict, made.reason) == ("cannot_tell", "too_uncertain")

    def test_worked_example_of_the_quotient_and_the_net_effect(self) -> None:
        # Bowers & Johnson's measures: 100 to 70 in the area, 50 to 45 beside it, the control level at 200.
        made = assess_totals((100, 70), (200, 200), buffer=months_of(50, 45), confidence=0.9)
        assert made.verdict == "fell"
        assert made.quotient == displacement_quotient((100, 70), (50, 45), (200, 200))
        assert made.quotient.quotient == pytest.approx(0.166667, abs=5e-7)
        assert made.net.avoided == pytest.approx(made.quotient.net_effect) == pytest.approx(35)
        assert made.difference == displacement_difference(
            (150, 115), (200, 200), control_weight=0.75, dispersion=made.net.dispersion
        )
        assert made.difference.difference == pytest.approx(-35)
        assert made.displacement == "unclear"

    def test_a_quotient_of_an_effect_that_may_be_nil_is_not_given(self) -> None:
        made = assess_totals((100, 90), (200, 200), buffer=months_of(50, 45))
        assert (made.verdict, made.quotient) == ("cannot_tell", None)
        assert made.difference.difference == pytest.approx(-15)

    def test_displacement_and_diffusion_are_told_apart(self) -> None:
        moved = assess_totals((200, 100), buffer=months_of(200, 300))
        assert (moved.verdict, moved.displacement) == ("fell", "displaced")
        assert (moved.net.avoided, moved.quotient.meaning) == (pytest.approx(0), "displacement_below_effect")
        assert moved.net.avoided_lower < 0 < moved.net.avoided_upper
        spread = assess_totals((200, 100), buffer=months_of(200, 140))
        assert (spread.displacement, spread.quotient.meaning) == ("diffused", "diffusion")
        assert spread.net.avoided == pytest.approx(160)
        # Where the area did not fall, nothing can have been displaced from it.
        assert assess_totals((200, 260), buffer=months_of(200, 300)).displacement == "unclear"
        assert assess_totals((200, 100), buffer=months_of(0, 3)).displacement == "unclear"
        empty = assess_totals((0, 0), buffer=months_of(0, 0))
        assert (empty.displacement, empty.net, empty.difference, empty.cost) == ("unclear", None, None, None)

    def test_a_shorter_period_after_is_weighted(self) -> None:
        months = (12, 6)
        made = assess(months_of(100, 50, months), [months_of(200, 100, months)], months_before=12)
        assert made.difference.difference == pytest.approx(0)
        # 50 + 100/4 for the area, a quarter of 100 + 200/4 for the control at half its weight.
        assert made.difference.standard_error == pytest.approx(math.sqrt(50 + 25 + (100 + 50) / 4))
        with pytest.raises(GeoError, match="above zero"):
            displacement_difference((1, 1), (1, 1), control_weight=0)


class TestSelection:
    def test_places_draw_the_chosen_one_towards_them_all(self) -> None:
        # Between alike places all variance is that of months; between steady unlike ones none is.
        alike = np.random.default_rng(1).poisson(5, (200, 12))
        drawn = shrink(alike, [100, 60])
        assert drawn[0] - drawn[1] < 0.25 * 40
        assert drawn[1] == pytest.approx(60, abs=2)
        unlike = np.repeat(np.arange(1, 41)[:, np.newaxis] * 10, 12, axis=1)
        np.testing.assert_allclose(shrink(unlike, [400, 12]), [400, 12])
        np.testing.assert_allclose(shrink(np.ones((4, 3)), [9]), [3])
        np.testing.assert_allclose(shrink(np.zeros((4, 3)), [9]), [0])

    def test_a_fall_that_the_choice_explains_is_not_the_responses(self) -> None:
        random = np.random.default_rng(8)
        places = random.poisson(5, (60, 12))
        highest = int(places.sum(axis=1).argmax())
        controls = np.hstack([places[:8], np.full((8, 12), 5)])
        response = np.r_[places[highest], months_of(0, 48)[12:]]
        plain = assess(response, controls, months_before=12)
        assert (plain.verdict, plain.effect.before) == ("fell", 80)
        chosen = np.ones(12, dtype=bool)
        shrunk = assess(response, controls, months_before=12, selection=Selection(chosen, places))
        assert (shrunk.verdict, shrunk.reason) == ("cannot_tell", "selection_explains")
        assert (shrunk.selection.rule, shrunk.effect_as_seen) == ("shrunk", plain.effect)
        assert shrunk.selection.fall_by_itself == pytest.approx(0.18, abs=0.01)
        few = np.vstack([places[highest], places[:8]])
        for selection in (Selection(chosen), Selection(chosen, few)):
            alone = assess(response, controls, months_before=12, selection=selection)
            assert (alone.verdict, alone.reason) == ("cannot_tell", "chosen_for_being_high")
            assert alone.selection.rule == "not_allowed_for"
            assert math.isnan(alone.selection.to_be_expected)
        # Controls that are not single places of the kind would be drawn towards what they are nothing like.
        with pytest.raises(GeoError, match="not among the places"):
            assess(response, [controls.sum(axis=0)], months_before=12, selection=Selection(chosen, places))

    def test_months_by_which_it_was_chosen_count_for_nothing_where_others_are_enough(self) -> None:
        response = np.r_[np.full(12, 10), np.full(6, 30), np.full(12, 10)]
        window = np.r_[np.zeros(12, dtype=bool), np.ones(6, dtype=bool)]
        season = np.r_[np.full(12, 20), np.full(6, 24), np.full(12, 20)]
        made = assess(response, [season], months_before=18, selection=Selection(window))
        assert made.selection.rule == "left_out"
        assert (made.effect.ratio, made.effect.before) == (1, 120)
        # As many months would have brought what the control makes of the months that are left.
        assert made.selection.to_be_expected == pytest.approx(120 * 384 / 240)
        assert made.selection.fall_by_itself == pytest.approx(1 - 192 / 300)
        assert made.effect_as_seen.ratio_upper < 1 == made.effect.ratio
        assert made.reason == "selection_explains"
        real = assess(np.r_[response[:18], np.full(12, 4)], [season], months_before=18, selection=Selection(window))
        assert real.verdict == "fell"

    def test_an_empty_place_cannot_have_been_high(self) -> None:
        places = np.vstack([np.zeros((20, 12)), [months_of(200, 200)[:12]]])
        made = assess_totals((0, 5), selection=Selection(np.ones(12, dtype=bool), places))
        assert (made.reason, made.selection.rule) == ("nothing_to_compare", "not_allowed_for")
        assert math.isnan(made.selection.fall_by_itself)

    def test_selections_that_do_not_fit_are_refused(self) -> None:
        for selection in (Selection(np.ones(5)), Selection(np.ones(12), np.ones((30, 5)))):
            with pytest.raises(GeoError, match="do not fit 12 months"):
                assess_totals((10, 5), selection=selection)
        with pytest.raises(GeoError, match="how places differ"):
            shrink([[1, 2]], [3])


class TestCost:
    def test_an_interval_that_crosses_nought_has_no_upper_end(self) -> None:
        sure = assess_totals((200, 100), cost=5000)
        assert sure.cost.cost == pytest.approx(50)
        assert (
            5000 / sure.effect.avoided_upper
            == sure.cost.lower
            < 50
            < sure.cost.upper
            == 5000 / sure.effect.avoided_lower
        )
        unsure = assess_totals((60, 50), cost=5000)
        assert (unsure.cost.cost, unsure.cost.upper) == (pytest.approx(500), math.inf)
        assert unsure.cost.lower > 0
        worse = assess_totals((200, 400), cost=5000)
        assert math.isnan(worse.cost.cost)
        assert (worse.cost.lower, worse.cost.upper) == (math.inf, math.inf)
        assert assess_totals((200, 100)).cost is None

    def test_what_moved_next_door_is_not_avoided(self) -> None:
        made = assess_totals((200, 100), cost=5000, buffer=months_of(200, 250))
        assert made.cost.cost == pytest.approx(5000 / 50)


def test_what_cannot_be_assessed_is_refused() -> None:
    even = np.full(24, 5)
    for response, controls, options, sentence in (
        (even[1:], [even], {}, "same months of all"),
        (even, even, {}, "same months of all"),
        (even, np.ones((0, 24)), {}, "one at least"),
        (even, [even], {"buffer": even[1:]}, "same months of all"),
        (even - 0.5, [even], {}, "whole counts"),
        (even, [even], {"months_before": 24}, "both sides"),
        (even, [even], {"worthwhile_fall": 1.0}, "between 0 and 1"),
        (even, [even], {"displacement_confidence": 90}, "between 0 and 1"),
        (even, [even], {"cost": 0}, "cost above zero"),
        (even, [even], {"implementation": Implementation(math.nan, 1)}, "Give both"),
    ):
        with pytest.raises(GeoError, match=sentence):
            assess(response, controls, **{"months_before": 12, **options})
