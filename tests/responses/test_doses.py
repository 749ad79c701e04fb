"""What was planned and given adds up by week and by spot, and a week of too little is told."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

from hub.responses import wording
from hub.responses.doses import Dose, Given, day_of, dosage
from tests.responses.test_draws import FIRST, a_patrol

DAY = dt.timedelta(days=1)


def at(day: dt.date, hour: int = 18, minutes: int = 15, spot: str = "North") -> Given:
    """One visit."""
    return Given(dt.datetime.combine(day, dt.time(hour, 5)), minutes, spot)


def test_weeks_and_spots_add_up_to_the_whole() -> None:
    today = FIRST + 16 * DAY  # the third Wednesday
    given = [at(FIRST), at(FIRST + DAY, spot="South"), at(FIRST + 8 * DAY, minutes=40, spot="Bridge"), at(today)]
    found = dosage([a_patrol()], given, today)
    assert [(week.monday, week.dose, week.is_over) for week in found.weeks] == [
        (FIRST, Dose(14, 210, 2, 30), True),
        (FIRST + 7 * DAY, Dose(14, 210, 1, 40), True),
        (FIRST + 14 * DAY, Dose(4, 60, 1, 15), False),
    ]
    assert dict(found.spots) == {
        "North": Dose(16, 240, 2, 30),
        "South": Dose(16, 240, 1, 15),
        "Bridge": Dose(0, 0, 1, 40),
    }
    assert found.total == Dose(32, 480, 4, 85)
    assert wording.given(found.total) == "4 visits were made of 32 planned, for 85 minutes of 480."


def test_a_week_is_short_below_two_thirds_of_visits_or_of_minutes_and_only_once_it_is_over() -> None:
    plan = a_patrol(visits=3, weekdays=frozenset({0}), closes=22 * 60)
    for count, minutes, is_short in ((2, 15, False), (1, 15, True), (3, 10, False), (3, 9, True), (1, 60, True)):
        given = [at(FIRST, 17 + number, minutes) for number in range(count)]
        [week] = dosage([plan], given, FIRST + DAY).weeks
        assert week.is_short is is_short, (count, minutes)
        assert not dosage([plan], given, FIRST).short_weeks
    assert wording.short(week) == (
        "In the week from 5 January 2026 less than two thirds of the plan was given: 1 of 3 visits, 60 of 45 minutes."
    )


def test_of_many_short_weeks_the_last_are_named() -> None:
    found = dosage([a_patrol()], [], FIRST + 49 * DAY)
    said = wording.warnings(found)
    assert len(said) == wording.MOST_WEEKS_NAMED + 1
    assert "16 February 2026" in said[0]
    assert said[-1] == "So did 3 earlier weeks."


def test_what_was_planned_before_a_change_counts_as_it_was() -> None:
    first = a_patrol()
    second = replace(first, visits=4, minutes=10, written_on=FIRST + 6 * DAY)
    found = dosage([first, second], [], FIRST + 14 * DAY)
    assert [week.dose for week in found.weeks] == [Dose(14, 210), Dose(28, 280)]


def test_a_visit_after_midnight_is_of_the_evening_before() -> None:
    night = a_patrol(weekdays=frozenset({6}), opens=22 * 60, closes=26 * 60)
    sunday = FIRST + 6 * DAY
    for hour, of in ((1, sunday), (2, sunday + DAY), (23, sunday + DAY)):
        assert day_of([night], at(sunday + DAY, hour).began) == of
    assert day_of([a_patrol()], at(sunday + DAY, 1).began) == sunday + DAY


def test_a_visit_between_weeks_without_a_plan_leaves_no_gap() -> None:
    plan = a_patrol(last_day=FIRST + 6 * DAY)
    found = dosage([plan], [at(FIRST + 22 * DAY)], FIRST + 40 * DAY)
    assert [week.dose.planned for week in found.weeks] == [14, 0, 0, 0]
    assert [week.is_short for week in found.weeks] == [True, False, False, False]
