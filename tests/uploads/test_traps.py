"""Each trap of a real file is found and said with its cure, and what is done about it is what a person chose."""

from __future__ import annotations

import datetime as dt

import polars as pl
import pytest

from hub.uploads import traps
from tests.uploads.desk import ALDER, BIRCH, EVERYWHERE, check, degrees, found

WIDE = "MajorText,MinorText,WardCode,LookUp_BoroughName,202401,202402,202403,202404,202405\n"
LONG = "Ward code,Ward name,Borough,Month,Category,Count\n"
STREET = "Crime ID,Month,Longitude,Latitude,Crime type\n"


def codes(checked: object) -> dict[str, str]:
    return {code: one["severity"] for code, one in checked.report["problems"].items()}


def total(checked: object) -> tuple[int, ...]:
    return tuple(checked.report[key] for key in ("placed", "unplaced", "refused", "rows_left_out"))


# --- Months that are not whole ---------------------------------------------------------------------------------------

PARTIAL = WIDE + "THEFT,SHOPLIFTING,F05000011,Alder,3,100,110,90,100\n"


def test_a_first_month_that_is_hardly_one_is_asked_about_and_left_out_or_kept() -> None:
    asked = check(PARTIAL, "met_ward_counts")
    assert codes(asked) == {"partial_first_month": "must_fix"}
    (question,) = asked.report["questions"]
    assert "January 2024 has 3, where the other months usually have 100" in question["sentence"]
    left_out = check(PARTIAL, "met_ward_counts", answers={"partial_first_month": "leave_out"})
    assert (left_out.report["placed"], left_out.report["months"][0]) == (400, "2024-02")
    assert codes(left_out) == {"partial_first_month": "note"}
    kept = check(PARTIAL, "met_ward_counts", answers={"partial_first_month": "keep"})
    assert (kept.report["placed"], codes(kept)) == (403, {})


def test_a_last_month_down_the_rows_is_left_out_with_its_rows() -> None:
    counts = zip(("2024-01", "2024-02", "2024-03", "2024-04"), (80, 90, 100, 4), strict=True)
    content = LONG + "".join(f"F05000011,,,{month},Robbery,{count}\n" for month, count in counts)
    assert codes(check(content, "ward_counts")) == {"partial_last_month": "must_fix"}
    left_out = check(content, "ward_counts", answers={"partial_last_month": "leave_out"})
    assert total(left_out) == (270, 0, 0, 1)


def test_few_months_and_small_figures_are_not_suspected() -> None:
    months = pl.DataFrame({"month": [dt.date(2024, month, 1) for month in range(1, 6)], "count": [1, 20, 22, 21, 20]})
    assert traps.partial_months(months) == []
    assert traps.partial_months(months.with_columns(pl.col("count") * 10).head(3)) == []
    assert [one.is_first for one in traps.partial_months(months.with_columns(pl.col("count") * 10))] == [True]


# --- Totals among the rows -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("label", ["Total", "GRAND TOTAL", "All wards", "Totals (Alder)", "Borough total"])
def test_rows_of_totals_are_proposed_to_be_left_out(label: str) -> None:
    content = LONG + f"F05000011,Abbey,Alder,2024-01,Robbery,4\n,{label},Alder,2024-01,Robbery,4\n"
    checked = check(content, "ward_counts")
    assert (3, "Ward name", "total_row", "we_can_fix") in found(checked)
    assert checked.report["placed"] == 4
    done = check(content, "ward_counts", fixes=frozenset({"total_row"}))
    assert (total(done), codes(done)) == ((4, 0, 0, 1), {"total_row": "note"})


@pytest.mark.parametrize("label", ["Totteridge", "Subtotally", "Allward", "London Fields"])
def test_wards_that_sound_like_totals_are_none(label: str) -> None:
    assert traps.totals_among(pl.DataFrame({"row": [2], "ward_name": [label]}), ["ward_name"]).is_empty()


def test_a_borough_among_its_wards_would_be_counted_twice() -> None:
    content = LONG + f"F05000011,,,2024-01,Robbery,4\n{ALDER},,,2024-01,Robbery,5\n{BIRCH},,,2024-01,Robbery,7\n"
    checked = check(content, "ward_counts")
    assert found(checked) == {(3, "Ward code", "borough_total", "we_can_fix")}
    assert total(checked) == (4, 7, 5, 0)
    assert total(check(content, "ward_counts", fixes=frozenset({"borough_total"}))) == (4, 7, 0, 1)


def test_the_dashboard_repeats_boroughs_and_keeps_outcomes_apart() -> None:
    headings = "month_year,area_type,area_name,area_code,crime_type,crime_subtype,measure,count\n"
    ward = "2024-01-01,Safer Neighbourhood Teams,Abbey,F05000011 ,Knife Crime,Knife Crime,{},{}\n"
    rows = ward.format("Offences", 4) + ward.format("Positive Outcomes", 1)
    rows += f"2024-01-01,Borough,Alder,{ALDER},Knife Crime,Knife Crime,Offences,4\n"
    rows += "2024-01-01,Safer Neighbourhood Teams,,-1,Knife Crime,Knife Crime,Offences,2\n"
    checked = check(headings + rows, "met_dashboard")
    assert total(checked) == (5, 0, 2, 1)
    assert set(checked.rows.select("offence_group", "count").rows()) == {
        ("Knife Crime", 4),
        ("Knife Crime: positive outcomes", 1),
    }
    assert codes(checked) == {"borough_total": "note", "nobodys": "note"}


# --- Rates, flags, labels --------------------------------------------------------------------------------------------


def test_rates_are_told_from_counts_once_and_for_all() -> None:
    rows = "".join(f"F05000011,,,2024-0{month},Robbery,{month}.5\n" for month in range(1, 6))
    checked = check(LONG + rows, "ward_counts")
    assert (None, "Count", "rates_for_counts", "must_fix") in found(checked)
    assert checked.report["rows_faulty"] == 5
    assert "not_a_count" not in codes(checked)
    assert "not_a_count" in codes(check(LONG + rows.replace(".5", "", 4), "ward_counts"))


def test_flags_among_categories_are_asked_about_and_flags_alone_are_not() -> None:
    content = LONG + "F05000011,,,2024-01,Robbery,4\nF05000011,,,2024-01,Knife crime,3\n"
    assert codes(check(content, "ward_counts"))["overlapping_categories"] == "please_confirm"
    assert "overlapping_categories" not in codes(check(content.replace("Knife", "Fence"), "ward_counts"))


def test_one_ward_under_two_boroughs_is_counted_once_where_it_lies() -> None:
    rows = "".join(f"THEFT,{kind},F05000011,{label},5,5,5,5,5\n" for kind, label in (("RAPE", "Alder"), ("B", "Port")))
    checked = check(WIDE + rows, "met_ward_counts")
    (words,) = checked.problems.filter(pl.col("code") == "borough_label_differs")["message"]
    assert "counted in Alder. 1 ward stands under two of these labels" in words
    assert checked.report["boroughs"] == [ALDER]


# --- Rows given twice ------------------------------------------------------------------------------------------------


def test_rows_alike_are_kept_unless_a_person_says_otherwise() -> None:
    same = f",2024-01,{degrees(500)},Burglary\n"
    known = f"abc,2024-01,{degrees(600)},Drugs\n"
    other = f"abc,2024-01,{degrees(700)},Drugs\n"
    content = STREET + same * 3 + known * 2 + other
    asked = check(content, "street_points")
    assert total(asked) == (6, 0, 0, 0)
    assert codes(asked) == {"same_reference_twice": "note", "identical_rows": "note"}
    assert [one["is_required"] for one in asked.report["questions"]] == [False, False]
    copies = check(content, "street_points", answers={"same_reference_twice": "leave_out"})
    assert (total(copies), codes(copies)["same_reference_twice"]) == ((5, 0, 0, 1), "note")
    fewest = check(
        content, "street_points", answers=dict.fromkeys(("same_reference_twice", "identical_rows"), "leave_out")
    )
    assert total(fewest) == (3, 0, 0, 3)


def test_rows_alike_where_that_is_not_usual_must_be_confirmed() -> None:
    row = "2024-01-05,Noise,F05000011,\n"
    content = "Date,Category,Ward code,Reference\n" + row * 2
    assert codes(check(content, "other_points")) == {"identical_rows": "please_confirm"}
    assert codes(check(content, "other_points", answers={"identical_rows": "keep"})) == {"identical_rows": "note"}


# --- Against what is live --------------------------------------------------------------------------------------------


def live(**categories: int) -> pl.DataFrame:
    rows = [(dt.date(2024, 1, 1), category.replace("_", " "), count) for category, count in categories.items()]
    return pl.DataFrame(rows, ["month", "category", "count"], orient="row")


@pytest.mark.parametrize(
    ("before", "now", "code"),
    [
        ({"Violence_without_injury": 900, "Stalking": 400}, {"Violence_without_injury": 600, "Stalking": 690}, "moved"),
        ({"Burglary": 300}, {"Burglary_of_a_home": 310}, "renamed"),
        ({"Burglary": 300, "Arson": 100}, {"Arson": 100}, "gone"),
        ({"Burglary": 300, "Arson": 100}, {"Burglary": 100, "Arson": 101}, "shrunk"),
    ],
)
def test_categories_that_went_elsewhere_are_told(before: dict[str, int], now: dict[str, int], code: str) -> None:
    (found_one,) = traps.moved(live(**now), live(**before))
    assert found_one.code == f"category_{code}"
    assert next(iter(before)).replace("_", " ") in found_one.sentence


def test_figures_that_are_only_revised_are_not_suspected() -> None:
    assert traps.moved(live(Burglary=290, Arson=104), live(Burglary=300, Arson=100)) == []
    assert traps.moved(live(Burglary=1), live(Burglary=40)) == []


def test_a_check_is_told_what_is_live() -> None:
    content = LONG + "F05000011,,,2024-01,Stalking and harassment,300\n"
    before = live(Violence_without_injury=290).with_columns(borough_code=pl.lit(ALDER))
    assert codes(check(content, "ward_counts", EVERYWHERE, live=before)) == {"category_renamed": "please_confirm"}
    assert codes(check(content, "ward_counts")) == {}
    elsewhere = before.with_columns(borough_code=pl.lit(BIRCH))
    assert codes(check(content, "ward_counts", EVERYWHERE, live=elsewhere)) == {}
