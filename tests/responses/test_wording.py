"""Plans are said in the words of people."""

from __future__ import annotations

import datetime as dt

import pytest

from hub.responses import wording
from hub.responses.doses import Dose
from tests.responses.test_draws import FIRST, a_patrol


def test_a_plan_is_said_in_a_sentence() -> None:
    assert wording.planned(a_patrol()) == (
        "2 visits of 15 minutes a day, every day, between 5pm and 9pm, from 5 January 2026 to 31 December 2026, to "
        "North and South."
    )
    night = a_patrol(visits=1, weekdays=frozenset({4, 5}), opens=22 * 60 + 30, closes=26 * 60, spots=("Square",))
    assert "1 visit of 15 minutes a day, Friday and Saturday, between 10:30pm and 2am the next morning" in (
        wording.planned(night)
    )


@pytest.mark.parametrize(
    ("minute", "said"), [(0, "midnight"), (720, "midday"), (1440, "midnight"), (605, "10:05am"), (1500, "1am")]
)
def test_times_are_said(minute: int, said: str) -> None:
    assert wording.clock(minute) == said


def test_days_are_said() -> None:
    assert wording.weekdays(frozenset(range(5))) == "Monday to Friday"
    assert wording.weekdays(frozenset({0, 2})) == "Monday and Wednesday"
    ahead = [wording.until(FIRST + dt.timedelta(days=days), FIRST) for days in range(3)]
    assert ahead == ["Today", "Tomorrow", "Wednesday 7 January 2026"]


def test_visits_before_any_was_planned_are_said() -> None:
    assert wording.given(Dose(given=1, minutes=1)) == "1 visit was made, for 1 minute; none was planned before today."
