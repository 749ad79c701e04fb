"""What cannot stand of a plan or a visit is refused field by field, at and on either side of each limit."""

from __future__ import annotations

import datetime as dt

import pytest

from hub.problems.wording import Unfit
from hub.responses.given import MOST_SPOTS, fit_plan, fit_visit
from tests.responses.conftest import EVERY_DAY, FIRST_DAY, a_plan, a_visit

NOW = dt.datetime(2026, 2, 2, 18, 30, tzinfo=dt.UTC)
TODAY = NOW.date()


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"spots": " \n "}, "spots"),
        ({"spots": "\n".join(f"Spot {number}" for number in range(MOST_SPOTS + 1))}, "spots"),
        ({"spots": "x" * 81}, "spots"),
        ({"spots": "Home of jo@example.org"}, "spots"),
        ({"minutes": "4"}, "minutes"),
        ({"minutes": "61"}, "minutes"),
        ({"minutes": "fifteen"}, "minutes"),
        ({"visits": "0"}, "visits"),
        ({"visits": "13"}, "visits"),
        ({"visits": "99999"}, "visits"),
        ({"opens": "25:00"}, "opens"),
        ({"closes": "late"}, "closes"),
        ({"closes": "18:05"}, "closes"),
        ({"first_day": ""}, "first_day"),
        ({"last_day": "2026-01-04"}, "last_day"),
        ({"last_day": "2027-01-06"}, "last_day"),
    ],
)
def test_a_plan_that_cannot_stand_is_refused(given: dict[str, str], field: str) -> None:
    with pytest.raises(Unfit) as refused:
        fit_plan(a_plan(**given), EVERY_DAY)
    assert list(refused.value.faults) == [field]


def test_a_plan_at_its_limits_stands() -> None:
    fit = fit_plan(a_plan(closes="18:10", last_day="2027-01-05"), EVERY_DAY)
    assert (fit.opens, fit.closes, fit.weekdays) == (17 * 60, 18 * 60 + 10, (0, 1, 2, 3, 4, 5, 6))
    assert fit_plan(a_plan(spots="A\n A \nB", opens="2200", closes="02.00"), ["6", "x"]).spots == ("A", "B")
    assert fit_plan(a_plan(opens="22:00", closes="02:00"), ["6", "x"]).closes == 26 * 60
    with pytest.raises(Unfit) as refused:
        fit_plan(a_plan(), ["7"])
    assert list(refused.value.faults) == ["weekdays"]


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"time": "18:31"}, "time"),
        ({"time": "noon"}, "time"),
        ({"day": "2026-01-04"}, "day"),
        ({"day": "yesterday"}, "day"),
        ({"minutes": "0"}, "minutes"),
        ({"minutes": "241"}, "minutes"),
        ({"spot": "Elsewhere"}, "spot"),
        ({"body": "martians"}, "body"),
        ({"words": "Rang 020 7946 0000"}, "words"),
        ({"words": "x" * 301}, "words"),
    ],
)
def test_a_visit_that_cannot_stand_is_refused(given: dict[str, str], field: str) -> None:
    with pytest.raises(Unfit) as refused:
        fit_visit({**a_visit(TODAY), **given}, spots=["North gate"], first_day=FIRST_DAY, now=NOW)
    assert list(refused.value.faults) == [field]


def test_a_visit_is_kept_as_an_instant() -> None:
    summer = dt.datetime(2026, 7, 1, 20, tzinfo=dt.UTC)
    made = fit_visit(a_visit(summer.date(), "20:59"), spots=["North gate"], first_day=FIRST_DAY, now=summer)
    assert made.began_at.astimezone(dt.UTC) == summer - dt.timedelta(minutes=1)
    assert fit_visit(a_visit(TODAY, "18:30"), spots=["North gate"], first_day=TODAY, now=NOW).words == ""
