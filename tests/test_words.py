"""Figures, months and times read the same wherever they are written."""

from __future__ import annotations

import datetime as dt
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub import words
from hub.errors import BadRequest

MARCH = dt.date(2025, 3, 1)


def month(number: int, year: int = 2025) -> dt.date:
    return dt.date(year, number, 1)


# --- Months ----------------------------------------------------------------------------------------------------------


def test_a_month_is_written_in_full_in_short_and_in_code() -> None:
    assert (words.month_name(MARCH), words.short_month(MARCH), words.month_code(MARCH)) == (
        "March 2025",
        "Mar 2025",
        "2025-03",
    )


@given(st.dates(min_value=dt.date(1, 1, 1)))
def test_a_month_is_read_as_it_is_written(day: dt.date) -> None:
    first = day.replace(day=1)
    code = f"{first.year:04}-{first.month:02}"
    assert words.parse_month(f" {code} ") == first


@pytest.mark.parametrize("code", ["", "2025", "2025-13", "2025-00", "2025-1", "03-2025", "2025-03-01", "２０２５-03x"])
def test_what_is_no_month_is_refused_with_what_was_given(code: str) -> None:
    with pytest.raises(BadRequest) as refused:
        words.parse_month(code, what="--to")
    assert refused.value.sentence == f"--to is '{code}'."
    assert "2026-01" in refused.value.remedy


@given(st.dates(min_value=dt.date(1900, 1, 1), max_value=dt.date(2100, 1, 1)), st.integers(-600, 600))
def test_months_are_counted_back_and_forth(day: dt.date, count: int) -> None:
    first = day.replace(day=1)
    back = words.months_before(first, count)
    assert words.months_before(back, -count) == first
    assert (first.year - back.year) * 12 + first.month - back.month == count


@pytest.mark.parametrize(
    ("months", "said"),
    [
        ([month(3)], "March 2025"),
        ([month(3), month(4), month(5)], "March 2025 to May 2025"),
        ([month(12, 2024), month(1), month(3)], "December 2024 to January 2025 and March 2025"),
        ([month(1), month(3), month(5), month(6)], "January 2025, March 2025 and May 2025 to June 2025"),
    ],
)
def test_months_are_named_stretch_by_stretch(months: list[dt.date], said: str) -> None:
    assert words.months_name(months) == said


# --- Days and times --------------------------------------------------------------------------------------------------


def test_a_day_has_no_leading_nought() -> None:
    assert words.date_name(dt.date(2018, 5, 3)) == "3 May 2018"


@pytest.mark.parametrize(
    ("hour", "minute", "said"),
    [(0, 5, "12:05am"), (11, 59, "11:59am"), (12, 0, "12:00pm"), (13, 5, "1:05pm"), (23, 0, "11:00pm")],
)
def test_times_are_those_of_a_clock_in_london(hour: int, minute: int, said: str) -> None:
    winter = dt.datetime(2018, 1, 3, hour, minute, tzinfo=dt.UTC)
    assert words.time_name(winter) == f"3 January 2018 at {said}"
    summer = winter.replace(month=7) - dt.timedelta(hours=1)
    assert words.time_name(summer) == f"3 July 2018 at {said}"


# --- Figures ---------------------------------------------------------------------------------------------------------


def test_numbers_have_commas_and_what_is_absent_a_dash() -> None:
    assert (words.number(1_788_630), words.number(5.416, 1), words.number(0)) == ("1,788,630", "5.4", "0")
    assert (words.number(None), words.number(math.nan, 1)) == ("–", "–")


def test_a_change_has_its_sign_and_nothing_has_none() -> None:
    assert (words.signed(1204), words.signed(-38), words.signed(0), words.signed(None)) == ("+1,204", "−38", "0", "–")
    assert (words.signed(12.34, 1), words.signed(-0.04, 1), words.signed(0.4)) == ("+12.3", "0.0", "0")


def test_one_is_not_many() -> None:
    assert (words.plural(1, "row"), words.plural(0, "row"), words.plural(1200, "row")) == (
        "1 row",
        "0 rows",
        "1,200 rows",
    )
    assert words.plural(2, "person", "people") == "2 people"


def test_sizes_are_in_the_unit_that_fits() -> None:
    assert [words.megabytes(size) for size in (1, 14_200, 999_999, 2_340_000)] == [
        "1 kB",
        "14 kB",
        "1,000 kB",
        "2.3 MB",
    ]


def test_names_are_listed_as_a_person_would() -> None:
    names = ["Alder", "Birch", "Cedar", "Dogwood"]
    assert [words.listed(names[:count]) for count in (0, 1, 2, 3)] == [
        "",
        "Alder",
        "Alder and Birch",
        "Alder, Birch and Cedar",
    ]
    assert words.listed(names, most=3) == "Alder, Birch and 2 more"
    assert words.listed(names, most=4) == "Alder, Birch, Cedar and Dogwood"


def test_every_filter_of_the_templates_stands_by_its_own_name() -> None:
    assert all(getattr(words, name) is function for name, function in words.FILTERS.items())
