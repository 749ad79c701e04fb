"""Which areas will do as controls: each rule by itself, the order, and what is refused."""

import math

import numpy as np
import pytest

from geo.comparison_areas import buffer_areas, rank_candidates
from geo.frames import GeoError

RISING = np.repeat([2, 4, 8, 16, 32, 58], 2)
BEFORE = np.array(
    [
        np.full(12, 20),  # the response area
        np.full(12, 21),
        np.full(12, 16),
        np.full(12, 20),  # adjoining
        np.full(12, 20),  # under another response
        np.full(12, 0),
        np.full(12, 9),
        np.full(12, 41),
        RISING,
    ]
)
ADJOINING, EXCLUDED = np.arange(9) == 3, np.arange(9) == 4


def test_suitable_areas_come_first_and_each_other_says_which_rule_it_breaks() -> None:
    ranked = rank_candidates(BEFORE, response=0, adjoining=ADJOINING, excluded=EXCLUDED)
    assert [(candidate.position, candidate.rule) for candidate in ranked[:2]] == [(1, "suitable"), (2, "suitable")]
    assert {candidate.position: candidate.rule for candidate in ranked[2:]} == {
        3: "adjoining",
        4: "excluded",
        5: "no_incidents",
        6: "other_level",
        7: "other_level",
        8: "other_trend",
    }
    assert [candidate.is_suitable for candidate in ranked] == [True] * 2 + [False] * 6
    assert (ranked[0].level_ratio, ranked[0].trend.p) == (1.05, pytest.approx(1))
    assert ranked[0].distance < ranked[1].distance == pytest.approx(-math.log(0.8))
    assert ranked[-1].distance == math.inf
    assert ranked[2].distance <= ranked[3].distance <= ranked[4].distance
    by_level = rank_candidates(BEFORE, response=0, adjoining=ADJOINING, excluded=EXCLUDED, levels=(0.4, 2.5))
    assert [candidate.position for candidate in by_level if candidate.is_suitable] == [1, 2, 7, 6]


def test_the_buffer_is_what_adjoins_but_is_not_under_another_response() -> None:
    assert buffer_areas([True, True, False], [False, True, True]).tolist() == [0]


def test_what_cannot_be_ranked_is_refused() -> None:
    marks = np.zeros(9)
    with pytest.raises(GeoError, match="no row 9"):
        rank_candidates(BEFORE, response=9, adjoining=marks, excluded=marks)
    with pytest.raises(GeoError, match="marks of shape"):
        rank_candidates(BEFORE, response=0, adjoining=marks[1:], excluded=marks)
    with pytest.raises(GeoError, match="do not hold 1"):
        rank_candidates(BEFORE, response=0, adjoining=marks, excluded=marks, levels=(2, 3))
    with pytest.raises(GeoError, match="no incidents before"):
        rank_candidates(BEFORE, response=5, adjoining=marks, excluded=marks)
    with pytest.raises(GeoError, match="whole counts"):
        rank_candidates(BEFORE - 0.5, response=0, adjoining=marks, excluded=marks)
