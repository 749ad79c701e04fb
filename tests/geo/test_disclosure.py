"""The one rule that makes counts fit for aggregate readers."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo.disclosure import narrowing, protect
from geo.frames import GeoError


def test_small_counts_look_alike_and_the_rest_are_rounded() -> None:
    shown = protect([0, 1, 4, 5, 7, 8, 12, 13, 1_788_632])
    assert shown.hidden.tolist() == [True, True, True, False, False, False, False, False, False]
    np.testing.assert_array_equal(shown.rounded, [np.nan, np.nan, np.nan, 5, 5, 10, 10, 15, 1_788_630])
    assert (shown.threshold, shown.base) == (5, 5)


def test_halves_are_rounded_up_whatever_their_neighbours() -> None:
    np.testing.assert_array_equal(protect([5, 15, 25, 35], threshold=5, base=10).rounded, [10, 20, 30, 40])


@given(st.lists(st.integers(0, 10**6), max_size=50), st.integers(1, 20), st.integers(1, 20))
def test_nothing_tells_hidden_counts_apart(counts: list[int], threshold: int, base: int) -> None:
    if 2 * threshold < base:
        with pytest.raises(GeoError, match=f"base of {2 * threshold} or less"):
            protect(counts, threshold=threshold, base=base)
        return
    shown = protect(counts, threshold=threshold, base=base)
    number = np.array(counts, dtype=int)
    np.testing.assert_array_equal(shown.hidden, number < threshold)
    masked = np.where(number < threshold, 0, number)
    again = protect(masked, threshold=threshold, base=base)
    np.testing.assert_array_equal(shown.rounded, again.rounded)
    visible = shown.rounded[~shown.hidden]
    assert (visible % base == 0).all()
    assert (visible > 0).all()
    assert (abs(visible - number[~shown.hidden]) <= base / 2).all()


def test_tables_keep_their_shape() -> None:
    assert protect([[1, 2], [30, 40]]).rounded.shape == (2, 2)


@pytest.mark.parametrize("counts", [[np.nan], [-1], [2.5], [np.inf]])
def test_only_whole_counts_are_protected(counts: list[float]) -> None:
    with pytest.raises(GeoError, match="whole counts"):
        protect(counts)


@pytest.mark.parametrize(("threshold", "base"), [(0, 5), (5, 0), (-1, 5)])
def test_a_rule_that_hides_nothing_is_refused(threshold: int, base: int) -> None:
    with pytest.raises(GeoError, match="1 or more for both"):
        protect([1], threshold=threshold, base=base)


# --- What could be worked out by subtraction -------------------------------------------------------------------------

HIDDEN = np.nan


def test_a_total_that_needs_a_hidden_count_gives_it_away() -> None:
    assert narrowing(105, [[100, HIDDEN]]) == [True], "100 stands for 102 at most, so something is hidden"
    assert narrowing(100, [[100, HIDDEN]]) == [False]
    assert narrowing(5, [[HIDDEN, HIDDEN]]) == [True], "5 stands for 5 at least, so neither is nil"


def test_nothing_is_given_away_where_nothing_is_hidden() -> None:
    assert narrowing(105, [[100, 5], [50, 60]]) == [False, False]
    assert narrowing(HIDDEN, [[HIDDEN, HIDDEN], [HIDDEN]]) == [False, False]


def test_one_breakdown_can_narrow_the_total_of_another() -> None:
    assert narrowing(100, [[90, 10, HIDDEN]]) == [False]
    assert narrowing(100, [[90, 10, HIDDEN], [100]]) == [False, False]
    assert narrowing(105, [[90, 10, HIDDEN]]) == [False]
    assert narrowing(105, [[90, 10, HIDDEN], [5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 55]]) == [False, False]
    assert narrowing(110, [[90, 10, HIDDEN]]) == [True]


@given(
    st.lists(st.integers(0, 11), min_size=1, max_size=3),
    st.lists(st.integers(0, 11), min_size=1, max_size=2),
)
def test_a_breakdown_is_safe_just_where_trying_every_count_finds_each_small_one_possible(
    parts: list[int], others: list[int]
) -> None:
    """Against brute force: all pairs of breakdowns, of one total, that would be shown as these are."""
    others = [*others, max(0, sum(parts) - sum(others))]
    if sum(others) != sum(parts):
        return
    total = float(protect(sum(parts)).rounded)
    shown = [protect(breakdown).rounded for breakdown in (parts, others)]
    totals = [{sum(counts) for counts in _all_shown_as(breakdown)} for breakdown in shown]
    likely = {each for each in totals[0] & totals[1] if np.array_equal(protect(each).rounded, total, equal_nan=True)}
    for breakdown, is_narrowing in zip(shown, narrowing(total, shown), strict=True):
        possible = [counts for counts in _all_shown_as(breakdown) if sum(counts) in likely]
        hidden = np.flatnonzero(np.isnan(breakdown))
        assert is_narrowing == any({counts[place] for counts in possible} != set(range(5)) for place in hidden)


def _all_shown_as(shown: np.ndarray) -> list[tuple[int, ...]]:
    """Every table of counts that is shown like this."""
    ranges = [range(5) if np.isnan(each) else range(max(5, int(each) - 2), int(each) + 3) for each in shown]
    return list(itertools.product(*ranges))
