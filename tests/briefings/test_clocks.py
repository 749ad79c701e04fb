"""When in the week: parts that stand out are named, chance is not, and what is not known is said."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd

from hub.briefings import clocks

MONDAY = dt.datetime(2026, 10, 5)  # noqa: DTZ001 - as a source gives it
TITLES = {"ambulance": "Ambulance calls", "other_points": "Other points"}


def timed(*moments: dt.datetime, dataset: str = "ambulance", category: str = "Assault") -> pd.DataFrame:
    return pd.DataFrame(
        {
            "dataset": dataset,
            "category": category,
            "subcategory": "",
            "occurred_from": list(moments),
            "occurred_to": pd.NaT,
        }
    )


def at(day: int, hour: int) -> dt.datetime:
    return MONDAY + dt.timedelta(days=day, hours=hour, minutes=30)


def test_nights_at_the_weekend_are_one_evening_each() -> None:
    nights = [at(4, 22), at(4, 23), at(5, 0), at(5, 1), at(5, 22), at(5, 23), at(6, 0), at(6, 1)] * 5
    clock = clocks.clock_of(timed(*nights, at(1, 12), at(2, 15)), "Robbery", TITLES)
    assert clock is not None
    # Windows of six hours that hold all of the nights start at 8pm, 9pm and 10pm; the first of them is said.
    assert clock.sentence == (
        "Incidents of all kinds there come most on Fridays and Saturdays between 8pm and 2am: 95% of 42 incidents "
        "(Ambulance calls)."
    )
    assert not clock.is_of_category


def test_working_days_after_school_and_whole_days_are_said() -> None:
    after_school = np.zeros((7, 24))
    after_school[:5, 15:18] = 5
    assert (
        clocks.when(after_school, of="75") == "They come most on Monday to Friday between midday and 6pm: 100% of 75."
    )
    sundays = np.full((7, 24), 0.05)
    sundays[6] = 2
    assert clocks.when(sundays, of="55").startswith("They come most on Sundays, at any hour: 87% of 55")


def test_an_even_spread_has_no_time_of_the_week() -> None:
    rng = np.random.default_rng(5)
    named = 0
    for _ in range(200):
        hours = rng.multinomial(40, np.full(168, 1 / 168)).reshape(7, 24)
        named += "no one time of the week" not in clocks.when(hours, of="40")
    assert named / 200 <= 0.05


def test_the_places_own_offences_go_before_the_rest_where_enough_have_times() -> None:
    own = timed(*[at(0, 9)] * clocks.LEAST_TIMED, dataset="other_points", category="ROBBERY")
    everything = pd.concat([own, timed(*[at(3, 20)] * 50)])
    clock = clocks.clock_of(everything, "Robbery", TITLES)
    assert clock is not None
    assert (clock.is_of_category, clock.total, clock.sources) == (True, 20, (("Other points", 20),))
    fewer = clocks.clock_of(everything.iloc[1:], "Robbery", TITLES)
    assert fewer is not None
    assert (fewer.is_of_category, fewer.sources) == (False, (("Ambulance calls", 50), ("Other points", 19)))


def test_too_few_or_none_are_said_to_be() -> None:
    few = clocks.clock_of(timed(at(0, 1), at(1, 1)), "Robbery", TITLES)
    assert few is not None
    assert few.sentence == "Only 2 incidents here came with a time, too few to say when in the week."
    nothing = timed(at(0, 1)).assign(occurred_from=pd.NaT)
    assert clocks.clock_of(nothing, "Robbery", TITLES) is None


def test_a_day_without_an_hour_makes_no_peak_at_midnight() -> None:
    days = [MONDAY + dt.timedelta(days=day) for day in range(7)] * 10
    clock = clocks.clock_of(pd.concat([timed(*days), timed(*[at(2, 14)] * 30)]), "Robbery", TITLES)
    assert clock is not None
    assert (clock.sources, clock.hourless) == ((("Ambulance calls", 30),), 70)
    assert clock.clock.hours[:, 0].sum() == 0
    assert clocks.clock_of(timed(*days), "Robbery", TITLES) is None
    # A window that ends says more than a day, wherever it starts.
    window = timed(*days).assign(occurred_to=[day + dt.timedelta(hours=2) for day in days])
    shared = clocks.clock_of(window, "Robbery", TITLES)
    assert shared is not None
    assert (shared.hourless, shared.clock.hours[:, 0].sum()) == (0, 35)


def test_shades_go_with_the_figures() -> None:
    hours = np.zeros((7, 24))
    hours[2, 5], hours[2, 6] = 4, 0.9
    rows = clocks.shades(hours)
    assert (rows[2][5], rows[2][6], rows[0][0]) == (("4", 5), ("0.9", 2), ("0", 0))
