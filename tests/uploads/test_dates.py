"""Days, months and times are read in every form they come in, and what could mean two things is said to."""

from __future__ import annotations

import datetime as dt

import polars as pl
import pytest

from hub.uploads import dates, numbers

FIFTH = "2025-03-05T00:00:00"


@pytest.mark.parametrize(
    ("words", "moment"),
    [
        ("2025-03-05", FIFTH),
        ("2025/03/05", FIFTH),
        ("2025-03-05T14:05:09", "2025-03-05T14:05:09"),
        ("2025-03-05 14:05", "2025-03-05T14:05:00"),
        ("5 Mar 2025", FIFTH),
        ("05-Mar-25", FIFTH),
        ("202503", "2025-03-01T00:00:00"),
        ("Mar-25", "2025-03-01T00:00:00"),
        # London's time: summer is an hour ahead of UTC, and so may be the next day and month.
        ("2024-06-30T23:04:00+00:00", "2024-07-01T00:04:00"),
        ("2024-01-31T23:04:00Z", "2024-01-31T23:04:00"),
        ("2024-07-01T00:04:00+01:00", "2024-07-01T00:04:00"),
    ],
)
def test_a_date_that_means_one_thing_is_read(words: str, moment: str) -> None:
    assert dates.readings(pl.Series([words]))["moment"].item().isoformat() == moment


@pytest.mark.parametrize("words", ["31/02/2025", "2025-02-30", "soon", "2025", "13/13/2025", "99999"])
def test_what_is_no_date_is_read_no_way_at_all(words: str) -> None:
    read = dates.readings(pl.Series([words])).row(0, named=True)
    assert [read[name] for name in ("moment", "day_first", "month_first", "serial")] == [None] * 4


def test_a_serial_is_told_from_a_date_and_means_the_day_that_excel_shows() -> None:
    read = dates.readings(pl.Series(["45717", "45717.5"]))
    assert read["serial"].to_list() == [dt.date(2025, 3, 1)] * 2
    assert read["moment"].to_list() == [None, None]


@pytest.mark.parametrize(
    ("column", "order"),
    [
        (["01/03/2025", "02/03/2025"], None),
        (["01/03/2025", "13/03/2025"], "day_first"),
        (["01/03/2025", "03/13/2025"], "month_first"),
        (["01/01/2025", "02/02/2025"], "day_first"),
        (["13/03/2025", "14/03/2025", "03/13/2025"], "day_first"),
    ],
)
def test_the_order_of_day_and_month_follows_from_the_column(column: list[str], order: str | None) -> None:
    assert dates.order_of(dates.readings(pl.Series(column))) == order


@pytest.mark.parametrize(
    ("words", "seconds"),
    [("14:05", 50_700), ("14:05:09", 50_709), ("1405", 50_700), ("2:05 pm", 50_700), ("12:05am", 300), ("7", 25_200)],
)
def test_a_time_is_read_in_every_form(words: str, seconds: int) -> None:
    read = pl.DataFrame({"t": [words, "25:00", "noon", "13:75"]}).select(dates.time_of_day(pl.col("t"))).to_series()
    assert read.to_list() == [dt.timedelta(seconds=seconds), None, None, None]


def test_months_of_quarters_and_of_years_beside_them() -> None:
    assert dates.last_month_of_quarter("2025 Q1") == dates.last_month_of_quarter("Q1 2025") == dt.date(2025, 3, 1)
    assert dates.last_month_of_quarter("Q5 2025") is None
    assert dates.month_of_year("03", "2025") == dates.month_of_year("Mar", "2025") == dt.date(2025, 3, 1)
    assert dates.month_of_year("13", "2025") is dates.month_of_year("3", "25") is None


@pytest.mark.parametrize(
    ("words", "repair"),
    [
        ("1,204", ("thousands_separator", "1204")),
        ("1 204", ("thousands_separator", "1204")),
        ("1\u00a0204", ("thousands_separator", "1204")),
        ("12,0", ("decimal_comma", "12")),
        ("-", ("dash_for_none", "0")),
        ("nil", ("dash_for_none", "0")),
        ("n/a", ("not_available", "0")),
        ("#DIV/0!", ("not_available", "0")),
        ("*", ("suppressed_count", "0")),
        ("<5", ("suppressed_count", "0")),
        ("1 to 4", ("suppressed_count", "0")),
        ("12,5", None),
        ("many", None),
        ("-3", None),
        ("1,20", None),
    ],
)
def test_a_cell_that_is_no_count_is_told_for_what_it_seems_to_be(words: str, repair: tuple[str, str] | None) -> None:
    assert numbers.repair_count(words) == repair


def test_coordinates_are_mended_and_fractions_told() -> None:
    assert numbers.repair_decimal("-0,1278") == ("decimal_comma", "-0.1278")
    assert numbers.repair_metres("530,123") == ("thousands_separator", "530123")
    assert numbers.repair_metres("here") is numbers.repair_decimal("here") is None
    assert [numbers.is_fraction(words) for words in ("0.5", "0,5", "12%", "12", "x", "1e400")] == [True] * 3 + [
        False
    ] * 3
