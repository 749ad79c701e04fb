"""Draws are the same for everybody, spread over spots, clear of each other and never at yesterday's times."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from dataclasses import replace
from itertools import groupby, pairwise

import pytest

from hub.responses.draws import GRID_MINUTES, Patrol, drawn, in_force, least_hours

FIRST, LAST = dt.date(2026, 1, 5), dt.date(2026, 12, 31)


def a_patrol(**given: object) -> Patrol:
    """Two visits an evening to two spots, every day."""
    return Patrol(
        **{
            "spots": ("North", "South"), "minutes": 15, "visits": 2, "weekdays": frozenset(range(7)),
            "opens": 17 * 60, "closes": 21 * 60, "first_day": FIRST, "last_day": LAST, "seed": b"s" * 32,
            "written_on": FIRST, **given,
        }
    )  # fmt: skip


@pytest.mark.parametrize(("minutes", "visits"), [(5, 1), (15, 2), (15, 12), (11, 3), (60, 4), (7, 9)])
def test_a_years_draws_keep_clear_of_each_other_and_of_yesterdays_in_the_least_hours(minutes: int, visits: int) -> None:
    needed = least_hours(minutes=minutes, visits=visits)
    plan = a_patrol(minutes=minutes, visits=visits, opens=300, closes=300 + needed, spots=("A", "B", "C"))
    days = {day: [one.start for one in its] for day, its in groupby(drawn([plan], LAST), key=lambda one: one.day)}
    assert len(days) == (LAST - FIRST).days + 1
    for starts in days.values():
        assert len(starts) == visits
        assert all(later - earlier >= minutes for earlier, later in pairwise(starts))
        assert plan.opens <= starts[0]
        assert starts[-1] + minutes <= plan.closes
        assert all((start - plan.opens) % GRID_MINUTES == 0 for start in starts)
    assert all(set(before).isdisjoint(after) for before, after in pairwise(days.values()))


def test_the_same_seed_draws_the_same_and_another_draws_otherwise() -> None:
    first, again = (drawn([a_patrol()], LAST) for _ in range(2))
    assert first == again
    assert drawn([a_patrol()], FIRST + dt.timedelta(days=9)) == first[:20], "a day's draw waits for no later day"
    other = drawn([a_patrol(seed=b"t" * 32)], LAST)
    same = sum(one.start == its.start for one, its in zip(first, other, strict=True))
    assert same < 0.1 * len(first)


def test_every_start_comes_up_about_as_often_as_any_other() -> None:
    counted = Counter(
        one.start for day in range(400) for one in drawn([a_patrol(seed=bytes([day % 256, day // 256]) * 16)], FIRST)
    )
    starts = list(a_patrol().starts)
    expected = 800 / len(starts)
    assert set(counted) == set(starts)
    assert max(counted.values()) < 2.5 * expected


def test_each_spot_comes_up_before_any_comes_up_again() -> None:
    spots = ("A", "B", "C")
    visited = [one.spot for one in drawn([a_patrol(spots=spots)], LAST)]
    assert all(set(visited[at : at + 3]) == set(spots) for at in range(0, len(visited) - 3, 3))
    orders = {tuple(visited[at : at + 3]) for at in range(0, len(visited) - 3, 3)}
    assert len(orders) == 6, "and in every order"


def test_only_its_days_are_drawn_and_hours_may_run_past_midnight() -> None:
    plan = a_patrol(weekdays=frozenset({4, 5}), opens=22 * 60, closes=26 * 60)
    found = drawn([plan], dt.date(2026, 6, 30))
    assert {one.day.weekday() for one in found} == {4, 5}
    late = [one for one in found if one.start >= 24 * 60]
    assert late
    assert all(one.at.date() == one.day + dt.timedelta(days=1) for one in late)
    assert drawn([plan], FIRST - dt.timedelta(days=1)) == []
    assert drawn([plan], LAST + dt.timedelta(days=30))[-1].day <= LAST


def test_a_change_holds_from_the_day_after_and_leaves_the_days_before_as_they_were() -> None:
    changed_on = dt.date(2026, 3, 2)
    first = a_patrol()
    second = replace(first, visits=4, seed=b"u" * 32, written_on=changed_on)
    before, after = drawn([first], LAST), drawn([first, second], LAST)
    until = [one for one in before if one.day <= changed_on]
    assert [one for one in after if one.day <= changed_on] == until
    assert Counter(one.day for one in after)[changed_on + dt.timedelta(days=1)] == 4
    assert in_force([first, second], changed_on) is first
    late = replace(first, written_on=dt.date(2026, 5, 1))
    assert in_force([late], FIRST) is late, "the first version holds from its first day, whenever it was written"


def test_a_change_to_fewer_visits_in_shorter_hours_is_drawn_all_the_same() -> None:
    many = a_patrol(visits=12, opens=0, closes=least_hours(minutes=15, visits=12))
    few = replace(many, visits=1, closes=least_hours(minutes=15, visits=1), written_on=FIRST, seed=b"v" * 32)
    for seed in range(60):
        found = drawn([replace(many, seed=bytes([seed]) * 32), few], FIRST + dt.timedelta(days=1))
        assert Counter(one.day for one in found) == {FIRST: 12, FIRST + dt.timedelta(days=1): 1}
