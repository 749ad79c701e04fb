"""The clock of the week: hand-worked windows, minutes counted one by one, and real collisions and searches."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.clock import week_clock
from geo.frames import GeoError

MONDAY = pd.Timestamp("2025-06-02")


def clock_by_minute(start: pd.Timestamp, minutes: int) -> np.ndarray:
    """Give each minute of a window its part, one by one."""
    first = (start - MONDAY) // pd.Timedelta(minutes=1)
    hours, of_week = np.zeros(168), (first + np.arange(max(minutes, 1))) // 60 % 168
    np.add.at(hours, of_week, 1 / of_week.size)
    return hours.reshape(7, 24)


def test_windows_are_shared_out_as_worked_by_hand() -> None:
    clock = week_clock(["2025-06-02 08:30"], ["2025-06-02 10:30"])
    assert clock.hours[0, 8:11].tolist() == [0.25, 0.5, 0.25]
    assert clock.hours.sum() == 1
    assert (clock.known_share, clock.spread_share, clock.left_out) == (0, 0, 0)


def test_what_is_known_to_the_hour_stays_in_it() -> None:
    clock = week_clock(["2025-06-07 23:00", "2025-06-08 00:00"], ["2025-06-08 00:00", "2025-06-08 00:59"])
    assert (clock.hours[5, 23], clock.hours[6, 0], clock.known_share) == (1, 1, 1)


def test_a_window_over_sunday_night_runs_on_into_monday() -> None:
    hours = week_clock(["2025-06-08 22:00"], ["2025-06-09 02:00"]).hours
    assert (hours[6, 22:].tolist(), hours[0, :2].tolist()) == ([0.25, 0.25], [0.25, 0.25])


def test_windows_of_a_week_and_more_say_nothing() -> None:
    clock = week_clock([MONDAY] * 2, [MONDAY + pd.Timedelta(days=7), MONDAY + pd.Timedelta(days=40)])
    np.testing.assert_allclose(clock.hours, 2 / 168)
    assert clock.spread_share == 0.5


def test_one_of_two_times_is_enough_and_none_is_left_out() -> None:
    start, end = [MONDAY, pd.NaT, pd.NaT], [pd.NaT, MONDAY + pd.Timedelta(hours=5), pd.NaT]
    clock = week_clock(start, end, weights=[2, 3, 4])
    assert (clock.hours[0, 0], clock.hours[0, 5], clock.left_out) == (2, 3, 4)
    assert clock.known_share == 1
    nothing = week_clock([pd.NaT])
    assert (nothing.hours.sum(), nothing.left_out) == (0, 1)
    assert np.isnan([nothing.known_share, nothing.spread_share]).all()
    assert week_clock([]).hours.sum() == 0


@given(st.lists(st.tuples(st.integers(0, 20_000), st.integers(0, 10_080), st.integers(0, 9)), min_size=1, max_size=15))
@settings(deadline=None, max_examples=40)
def test_every_minute_is_counted_and_totals_are_kept(windows: list[tuple[int, int, int]]) -> None:
    starts = pd.Series([MONDAY + pd.Timedelta(minutes=begin) for begin, _, _ in windows])
    ends = starts + pd.to_timedelta([minutes for _, minutes, _ in windows], unit="min")
    weights = np.array([weight for _, _, weight in windows])
    clock = week_clock(starts, ends, weights=weights)
    expected = sum(
        weight * clock_by_minute(start, minutes) for start, (_, minutes, weight) in zip(starts, windows, strict=True)
    )
    np.testing.assert_allclose(clock.hours, expected, atol=1e-9)
    assert clock.hours.sum() == pytest.approx(weights.sum())
    order = np.random.default_rng(0).permutation(len(windows))
    shuffled = week_clock(starts[order], ends[order], weights=weights[order])
    np.testing.assert_allclose(shuffled.hours, clock.hours, atol=1e-9)
    later = week_clock(starts + pd.Timedelta(days=1), ends + pd.Timedelta(days=1), weights=weights)
    np.testing.assert_allclose(later.hours, np.roll(clock.hours, 1, axis=0), atol=1e-9)


def test_times_that_cannot_be_shared_out_are_refused() -> None:
    with pytest.raises(GeoError, match="carry a time zone"):
        week_clock(pd.Series([MONDAY.tz_localize("Europe/London")]))
    with pytest.raises(GeoError, match="1 incidents end before they start"):
        week_clock([MONDAY], [MONDAY - pd.Timedelta(minutes=1)])
    with pytest.raises(GeoError, match="2 starts, 1 ends and 2 weights"):
        week_clock([MONDAY] * 2, [MONDAY])
    for weight in (-1, np.nan):
        with pytest.raises(GeoError, match="below zero"):
            week_clock([MONDAY], weights=[weight])


def test_real_collisions_happen_when_people_go_home(real_data: Path) -> None:
    rows = pd.read_csv(real_data / "partner" / "london-collisions-2025.csv")
    clock = week_clock(pd.to_datetime(rows["date"] + " " + rows["time"], format="%Y/%m/%d %H:%M"))
    assert clock.hours.sum() == len(rows) == 20_876
    np.testing.assert_array_equal(
        clock.hours.sum(axis=1),
        rows["day_of_week"].value_counts()[
            ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]
        ],
    )
    by_hour = clock.hours.sum(axis=0)
    assert by_hour.argmax() in {16, 17, 18}
    assert by_hour.argmin() in {2, 3, 4, 5}
