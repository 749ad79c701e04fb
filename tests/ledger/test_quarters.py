"""Calendar quarters and the day by which each is due: across year ends, leap years and both clock changes."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.errors import NotFound
from hub.ledger.quarters import Quarter, last_ended, newest_ended


@pytest.mark.parametrize(
    ("day", "code", "name", "last_day", "due_on"),
    [
        ("2026-01-01", "2026-q1", "January to March 2026", "2026-03-31", "2026-06-30"),
        ("2026-03-31", "2026-q1", "January to March 2026", "2026-03-31", "2026-06-30"),
        ("2026-04-01", "2026-q2", "April to June 2026", "2026-06-30", "2026-09-30"),
        ("2026-09-30", "2026-q3", "July to September 2026", "2026-09-30", "2026-12-31"),
        ("2026-12-31", "2026-q4", "October to December 2026", "2026-12-31", "2027-03-31"),
        ("2024-02-29", "2024-q1", "January to March 2024", "2024-03-31", "2024-06-30"),
        ("2027-10-31", "2027-q4", "October to December 2027", "2027-12-31", "2028-03-31"),
    ],
)
def test_a_quarter_is_due_at_the_end_of_the_next(day: str, code: str, name: str, last_day: str, due_on: str) -> None:
    quarter = Quarter.of(dt.date.fromisoformat(day))
    assert (quarter.code, quarter.name) == (code, name)
    assert (quarter.last_day.isoformat(), quarter.due_on.isoformat()) == (last_day, due_on)


@given(st.dates(min_value=dt.date(1900, 1, 1), max_value=dt.date(2200, 1, 1)))
def test_every_day_lies_in_one_quarter_of_three_whole_months(day: dt.date) -> None:
    quarter = Quarter.of(day)
    assert quarter.first_day <= day <= quarter.last_day
    assert day.replace(day=1) in quarter.months
    assert Quarter.parse(quarter.code) == quarter == quarter.after.before
    assert quarter.last_day + dt.timedelta(days=1) == quarter.after.first_day
    assert quarter.due_on == quarter.after.last_day
    assert newest_ended(day).last_day < day <= newest_ended(day).due_on


def test_the_newest_quarter_that_is_over_changes_with_the_quarter_alone() -> None:
    assert [quarter.code for quarter in last_ended(dt.date(2026, 3, 31), 5)] == [
        "2025-q4",
        "2025-q3",
        "2025-q2",
        "2025-q1",
        "2024-q4",
    ]
    assert newest_ended(dt.date(2026, 4, 1)).code == "2026-q1"


@pytest.mark.parametrize("code", ["2026", "2026-q0", "2026-q5", "0000-q1", "9999-q4", "2026-q1x", "q1-2026", ""])
def test_what_is_no_quarter_is_not_found(code: str) -> None:
    with pytest.raises(NotFound):
        Quarter.parse(code)
    assert Quarter.parse("2026-Q1").code == "2026-q1"
