"""The one rule that makes counts fit for aggregate readers."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo.disclosure import protect
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
