"""Whether a month is usual at a place: worked by hand, and against the law that it names."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest
from scipy import stats

from hub.briefings import usual
from hub.briefings.usual import Level
from hub.words import months_before

OCTOBER = dt.date(2026, 10, 1)


def months_to(last: dt.date, count: int) -> list[dt.date]:
    return [months_before(last, back) for back in reversed(range(count))]


def test_a_month_is_set_against_the_whole_years_before_it() -> None:
    counts = [16] * 12 + [31]
    judged = usual.judge(counts, [160] * 12 + [310], months_to(OCTOBER, 13))
    assert judged is not None
    # Poisson of mean 16, with the doubt of twelve months about it: variance 16 + 16 / 12.
    size, share = 16**2 / (16 / 12), 16 / (16 + 16 / 12)
    assert (judged.low, judged.high) == tuple(stats.nbinom.ppf([0.05, 0.95], size, share))
    assert (judged.years, judged.has_season, judged.law, judged.level) == (1, False, "poisson", Level.MORE)
    # 192 in twelve months, then 31: binomial P(31 or more of 223, 1/13).
    assert judged.chance == pytest.approx(stats.binom.sf(30, 223, 1 / 13))
    assert judged.words == "31 in October, where 10 to 23 is usual"
    assert "Poisson law" in judged.law_words
    assert "1 year before" in judged.law_words


def test_less_than_a_year_before_says_nothing() -> None:
    assert usual.judge([5] * 12, [50] * 12, months_to(OCTOBER, 12)) is None
    with_a_gap = [*months_to(dt.date(2025, 8, 1), 8), *months_to(OCTOBER, 8)]
    assert usual.judge([5] * 16, [50] * 16, with_a_gap) is None
    assert usual.judge([5] * 13, [50] * 13, months_to(OCTOBER, 13), skipped=1) is None


def test_what_came_with_the_hotspot_is_not_what_was_usual_before_it() -> None:
    counts = [2, 3] * 12 + [9, 14, 11, 12]
    all_along = usual.judge(counts, counts, months_to(OCTOBER, 28))
    before = usual.judge(counts, counts, months_to(OCTOBER, 28), skipped=3)
    assert all_along is not None
    assert before is not None
    assert all_along.high > before.high
    assert (before.level, before.is_before) == (Level.MORE, True)
    assert before.words.startswith("12 in October, where ")
    assert before.words.endswith(" was usual before")
    assert "before it became a hotspot" in before.law_words


def test_the_season_of_the_area_moves_what_is_usual_where_two_years_tell_it() -> None:
    months = months_to(OCTOBER, 25)
    busy = np.array([300 if month.month == 10 else 100 for month in months])
    counts = (busy // 10).tolist()
    with_season = usual.judge(counts, busy.tolist(), months)
    without = usual.judge(counts[-13:], busy[-13:].tolist(), months[-13:])
    assert with_season is not None
    assert without is not None
    assert (with_season.has_season, with_season.level) == (True, Level.USUAL)
    assert (without.has_season, without.level) == (False, Level.MORE)
    assert "negative binomial" in without.law_words
    np.testing.assert_allclose(with_season.expected, [10] * 9 + [30, 10, 10])


def test_fewer_than_usual_is_told_from_more() -> None:
    judged = usual.judge([*[40] * 12, 12], [*[400] * 12, 120], months_to(OCTOBER, 13))
    assert judged is not None
    assert judged.level is Level.FEWER
    assert judged.chance < 0.001
