"""What a summary says of a change is no more than the figures bear."""

import numpy as np
import pytest

from hub.summaries.measures import Change, Verdict, changes, group_sentence, headline, rates

NAN = np.nan


def test_a_large_fall_is_called_a_fall_and_a_small_one_is_not() -> None:
    fell, still, rose = changes(np.array([800.0, 990.0, 400.0]), np.array([1000.0, 1000.0, 250.0]))
    assert (fell.verdict, still.verdict, rose.verdict) == (Verdict.FELL, Verdict.NO_CLEAR_CHANGE, Verdict.ROSE)
    assert (fell.difference, fell.percent) == (-200, -20.0)


def test_a_change_that_stands_alone_does_not_stand_among_many() -> None:
    assert changes(np.array([140.0]), np.array([100.0]))[0].verdict is Verdict.ROSE
    assert changes(np.full(40, 100.0) + np.eye(40)[0] * 40, np.full(40, 100.0))[0].verdict is Verdict.NO_CLEAR_CHANGE


def test_no_percentage_on_a_base_under_thirty() -> None:
    assert Change(58, 29, Verdict.ROSE).percent is None
    assert Change(60, 30, Verdict.ROSE).percent == 100.0


def test_what_is_not_known_is_not_compared() -> None:
    (unknown,) = changes(np.array([120.0]), np.array([NAN]))
    assert (unknown.verdict, unknown.before, unknown.difference) == (Verdict.NOT_COMPARABLE, None, None)


def test_rates_need_residents() -> None:
    assert rates(np.array([65.0, 10.0]), np.array([12_000.0, NAN])) == [pytest.approx(5.416667), None]


def test_the_headline_says_how_much_or_that_nothing_is_clear() -> None:
    period = "12 months to January 2026"
    assert headline("Camden", period, Change(900, 1000, Verdict.FELL)) == (
        "Recorded crime in Camden fell by about 10% in the 12 months to January 2026."
    )
    assert "did not change more than chance" in headline("Camden", period, Change(990, 1000, Verdict.NO_CLEAR_CHANGE))
    assert "no earlier year" in headline("Camden", period, Change(990, None, Verdict.NOT_COMPARABLE))


def test_the_groups_are_told_largest_first() -> None:
    named = [
        ("Robbery", Change(100, 98, Verdict.NO_CLEAR_CHANGE)),
        ("Burglary", Change(400, 500, Verdict.FELL)),
        ("Theft", Change(1500, 1000, Verdict.ROSE)),
    ]
    assert group_sentence(named) == (
        "Theft rose by about 50% and burglary fell by about 20%. In 1 of 3 offence groups there was no clear change."
    )
