"""Every row ends placed, not placed or refused; every problem has its row and column; the totals always add up."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from hub.uploads.checking import Checked
from hub.uploads.classification import LONGEST_GROUP, LONGEST_SUBGROUP
from hub.uploads.findings import GRAVEST_FIRST, row_ranges
from hub.uploads.models import Incident, WardCount
from hub.uploads.placing import plain_name
from tests.uploads.desk import ALDER, BIRCH, CEDAR, EVERYWHERE, NEW, OLD, check, degrees, found, small_geography

WIDE = "MajorText,MinorText,WardName,WardCode,LookUp_BoroughName,202401,202402\n"
LONG = "Ward code,Ward name,Borough,Month,Category,Count\n"
POINTS = "Month,Longitude,Latitude,Crime type\n"


def totals(checked: Checked) -> tuple[int, int, int, int]:
    return tuple(checked.report[key] for key in ("placed", "unplaced", "refused_outside", "refused_faulty"))


def messages(checked: Checked, code: str) -> list[str]:
    return checked.problems.filter(pl.col("code") == code)["message"].to_list()


# --- The Met's wide file ---------------------------------------------------------------------------------------------


def test_a_wide_file_becomes_a_row_for_each_ward_month_and_offence() -> None:
    checked = check(
        WIDE
        + "BURGLARY,RES BURGLARY OF A HOME,Abbey,F05000011,Alder,2,0\nTHEFT,SHOPLIFTING,Dell,F05000005,Cedar,0,3\n",
        "met_ward_counts",
    )
    assert checked.rows.rows() == [
        (ALDER, dt.date(2024, 1, 1), "F05000011", None, "Burglary", "Burglary – residential, home", 2, "code", None),
        (CEDAR, dt.date(2024, 2, 1), "F05000005", None, "Theft", "Shoplifting", 3, "code", None),
    ]
    assert checked.problems.is_empty()
    assert totals(checked) == (5, 0, 0, 0)


def test_every_month_is_covered_for_every_borough_in_the_file() -> None:
    checked = check(WIDE + "THEFT,SHOPLIFTING,Abbey,F05000011,Alder,2,0\n", "met_ward_counts")
    assert checked.months.rows() == [(ALDER, dt.date(2024, 1, 1), 2, 0), (ALDER, dt.date(2024, 2, 1), 0, 0)]
    assert checked.report["months"] == ["2024-01", "2024-02"]


def test_the_borough_follows_from_the_code_whatever_the_label_says() -> None:
    checked = check(WIDE + "THEFT,SHOPLIFTING,Abbey,F05000011,Aviation Security (SO18),2,1\n", "met_ward_counts")
    assert checked.report["boroughs"] == [ALDER]
    assert found(checked) == {(2, "LookUp_BoroughName", "borough_label_differs", "note")}
    assert "Alder" in messages(checked, "borough_label_differs")[0]


def test_rows_of_other_boroughs_are_refused_counted_and_never_shown() -> None:
    checked = check(
        WIDE
        + "THEFT,SHOPLIFTING,Abbey,F05000011,Alder,2,1\n"
        + "SECRET CRIME,HIDDEN,Abbey,F05000013,Wrong label,sevenish,4\n"
        + "THEFT,SHOPLIFTING,Dell,F05000005,Cedar,5,6\n",
        "met_ward_counts",
        frozenset({ALDER}),
    )
    assert totals(checked) == (3, 0, 15, 0)
    assert checked.rows["borough_code"].unique().to_list() == [ALDER]
    assert found(checked) == {(None, None, "outside_your_boroughs", "note")}
    assert "rows 3–4" in messages(checked, "outside_your_boroughs")[0]


def test_each_bad_cell_is_named_by_row_and_column() -> None:
    checked = check(
        WIDE
        + "THEFT,SHOPLIFTING,Abbey,F05000011,Alder,2,1\n"
        + "THEFT,SHOPLIFTING,Brook,F05000012,Alder,-1,2.5\n"
        + ",SHOPLIFTING,Abbey,F05000013,Birch,n/a,1\n"
        + 'THEFT,SHOPLIFTING,Court,F0500001O,Birch,4,"1,204"\n'
        + "THEFT,SHOPLIFTING,Dell,F05000005,Cedar,1,2,3\n",
        "met_ward_counts",
    )
    assert found(checked) == {
        (3, "202401", "not_a_count", "must_fix"),
        (3, "202402", "not_a_count", "must_fix"),
        (4, "MajorText", "no_category", "must_fix"),
        (4, "202401", "not_available", "we_can_fix"),
        (5, "WardCode", "unknown_ward_code", "must_fix"),
        (5, "202402", "thousands_separator", "we_can_fix"),
        (6, None, "too_many_cells", "must_fix"),
    }
    assert "'F0500001O'" in messages(checked, "unknown_ward_code")[0]
    assert "'1,204'" in messages(checked, "thousands_separator")[0]
    suggested = checked.problems.drop_nulls("suggestion").select("row", "suggestion")
    assert suggested.rows() == [(4, "0"), (5, "1204")]
    assert totals(checked) == (3, 0, 0, 8)


def test_empty_cells_are_zero_and_said_so() -> None:
    checked = check(WIDE + "THEFT,SHOPLIFTING,Abbey,F05000011,Alder,,12.0\n", "met_ward_counts")
    assert totals(checked) == (12, 0, 0, 0)
    assert messages(checked, "empty_counts") == ["Counted as zero: 1 empty cell."]


def test_rows_for_the_same_place_and_category_are_added_and_asked_about() -> None:
    row = "THEFT,SHOPLIFTING,Abbey,F05000011,Alder,2,1\n"
    checked = check(WIDE + row + row + row.replace("THEFT,", "Theft,"), "met_ward_counts")
    assert found(checked) == {
        (3, "WardCode", "repeated_row", "please_confirm"),
        (4, "WardCode", "repeated_row", "please_confirm"),
    }
    assert totals(checked) == (9, 0, 0, 0)
    assert checked.rows["count"].to_list() == [6, 3]


@pytest.mark.parametrize(
    ("headings", "code"),
    [("202401,202507", "not_a_month"), ("202401,2024-01", "not_a_month"), ("198001", "not_a_month")],
)
def test_month_headings_must_be_months_that_have_been_and_differ(headings: str, code: str) -> None:
    content = f"MajorText,MinorText,WardCode,{headings}\nTHEFT,SHOPLIFTING,F05000011,1{',1' * headings.count(',')}\n"
    checked = check(content, "met_ward_counts")
    assert (None, headings.rsplit(",", maxsplit=1)[-1], code, "must_fix") in found(checked)


def test_a_file_for_nobody_here_cannot_be_committed() -> None:
    checked = check(WIDE + "THEFT,SHOPLIFTING,Dell,F05000005,Cedar,1,2\n", "met_ward_counts", frozenset({ALDER}))
    assert (None, None, "nothing_to_commit", "must_fix") in found(checked)
    assert checked.report["boroughs"] == []


def test_a_count_beyond_belief_must_be_put_right() -> None:
    checked = check(WIDE + "THEFT,SHOPLIFTING,Dell,F05000005,Cedar,1000000,1000001\n", "met_ward_counts")
    assert found(checked) >= {(2, "202402", "not_a_count", "must_fix")}


def test_new_categories_are_kept_and_noted_once_each() -> None:
    rows = [f"CYBER CRIME,KIND {n % 2},Abbey,F0500001{n},Alder,1,1\n" for n in (1, 2)]
    checked = check(WIDE + "".join(rows), "met_ward_counts")
    assert found(checked) == {(2, "MinorText", "new_category", "note"), (3, "MinorText", "new_category", "note")}
    assert set(checked.rows["offence_subgroup"]) == {"Kind 0", "Kind 1"}


def test_a_category_must_fit_where_it_is_kept() -> None:
    assert WardCount.offence_group.type.length == Incident.category.type.length == LONGEST_GROUP
    assert WardCount.offence_subgroup.type.length == LONGEST_SUBGROUP
    row = "{},{},,F05000011,,1,1\n"
    fitting = row.format("G" * LONGEST_GROUP, "S" * LONGEST_SUBGROUP)
    longer = [row.format("G" * (LONGEST_GROUP + 1), "S"), row.format("G", "S" * (LONGEST_SUBGROUP + 1))]
    checked = check(WIDE + fitting + "".join(longer), "met_ward_counts")
    assert {problem for problem in found(checked) if problem[3] == "must_fix"} == {
        (3, "MajorText", "category_too_long", "must_fix"),
        (4, "MajorText", "category_too_long", "must_fix"),
    }


def test_boroughs_with_next_to_nothing_are_asked_about() -> None:
    geography = small_geography()
    more = [("F09000004", "Elm", "F05000021"), ("F09000005", "Fern", "F05000022")]
    wards = pl.DataFrame(
        [(NEW, ward, name, borough, None) for borough, name, ward in more], geography.wards.schema, orient="row"
    )
    boroughs = pl.DataFrame([(*borough[:2], None) for borough in more], geography.boroughs.schema, orient="row")
    wider = type(geography)(geography.sets, geography.wards.vstack(wards), geography.boroughs.vstack(boroughs))
    counts = {"F05000011": 100, "F05000013": 90, "F05000005": 80, "F05000021": 110, "F05000022": 3}
    rows = "".join(f"THEFT,SHOPLIFTING,,{ward},,{count},0\n" for ward, count in counts.items())
    checked = check(WIDE + rows, "met_ward_counts", EVERYWHERE | {"F09000004", "F09000005"}, geography=wider)
    assert found(checked) == {(None, None, "sparse_boroughs", "please_confirm")}
    assert "Fern (3)" in messages(checked, "sparse_boroughs")[0]


# --- Which wards -----------------------------------------------------------------------------------------------------


def wide(*codes: str) -> str:
    return WIDE + "".join(f"THEFT,SHOPLIFTING,,{code},,1,1\n" for code in codes)


def test_the_boundary_set_is_the_one_that_has_every_code() -> None:
    assert check(wide("F05000001", "F05000005"), "met_ward_counts").report["boundary_set_id"] == OLD
    assert check(wide("F05000011", "F05000005"), "met_ward_counts").report["boundary_set_id"] == NEW


@pytest.mark.parametrize(("month", "expected"), [("202203", OLD), ("202205", NEW), ("202401", NEW), ("201001", OLD)])
def test_codes_of_several_sets_are_of_the_newest_then_in_force(month: str, expected: int) -> None:
    checked = check(wide("F05000005").replace("202402", "200001").replace("202401", month), "met_ward_counts")
    assert checked.report["boundary_set_id"] == expected


def test_figures_of_old_months_may_be_on_newer_wards() -> None:
    assert check(wide("F05000011").replace("2024", "2010"), "met_ward_counts").report["boundary_set_id"] == NEW


MIXED = ["F05000011", "F05000012", "F05000013", "F05000005", "F05000001"]


def test_a_code_of_another_edition_is_only_proposed_and_never_settled_by_share() -> None:
    proposed = check(wide(*MIXED), "met_ward_counts")
    assert found(proposed) == {(6, "WardCode", "older_ward", "we_can_fix")}
    assert "Abbey (F05000011) holds 100% of it" in messages(proposed, "older_ward")[0]
    assert (proposed.report["boundary_set_id"], totals(proposed)) == (NEW, (8, 0, 0, 2))
    accepted = check(wide(*MIXED), "met_ward_counts", fixes=frozenset({"older_ward"}))
    assert totals(accepted) == (10, 0, 0, 0)
    assert accepted.report["placed_by"] == {
        "code": {"rows": 4, "count": 8},
        "older_code": {"rows": 1, "count": 2},
    }


def test_codes_of_two_editions_that_nothing_compares_must_be_put_right() -> None:
    geography = small_geography()
    flat = replace(geography, wards=geography.wards.drop("outline"))
    checked = check(wide(*MIXED), "met_ward_counts", geography=flat)
    assert (None, "WardCode", "mixed_boundary_sets", "must_fix") in found(checked)
    (words,) = messages(checked, "mixed_boundary_sets")
    assert "4 are in the wards of 2022 (not F05000001)" in words
    assert "2 are in the wards of 2018" in words
    assert checked.report["boundary_set_id"] is None
    assert totals(checked) == (0, 0, 0, 10)


def test_a_mixture_names_no_ward_of_another_borough() -> None:
    checked = check(wide("F05000011", "F05000003"), "met_ward_counts", frozenset({CEDAR}))
    assert not any(code in "".join(messages(checked, "mixed_boundary_sets")) for code in ("F05000011", "F05000003"))


# --- The plain long table --------------------------------------------------------------------------------------------


def test_a_long_table_by_code_name_and_borough() -> None:
    checked = check(
        LONG
        + "f05000011 ,,,2024-01,Burglary,2\n"
        + ",Brook and Green,,Feb-24,Shoplifting,1\n"
        + ",Abbey,Birch,31/01/2024,Robbery,4\n"
        + ",,F09000003,202401,Robbery,8\n"
        + ",ST MARY’S  COURT,,2024-01,Robbery,16\n",
        "ward_counts",
    )
    assert set(checked.rows.drop("lsoa_code", "confidence").rows()) == {
        (ALDER, dt.date(2024, 1, 1), "F05000011", "Burglary", "", 2, "code"),
        (ALDER, dt.date(2024, 2, 1), "F05000012", "Theft", "Shoplifting", 1, "name"),
        (BIRCH, dt.date(2024, 1, 1), "F05000013", "Robbery", "", 4, "name_in_borough"),
        (BIRCH, dt.date(2024, 1, 1), "F05000014", "Robbery", "", 16, "name"),
        (CEDAR, dt.date(2024, 1, 1), None, "Robbery", "", 8, "borough"),
    }
    assert totals(checked) == (23, 8, 0, 0)
    assert found(checked) == {
        (None, "Month", "dates_day_first", "note"),
        (None, "Ward name", "wards_by_name", "note"),
    }


def test_a_name_in_two_boroughs_is_never_guessed() -> None:
    content = LONG + ",Abbey,,2024-01,Robbery,4\n,Dell,,2024-01,Robbery,1\n,Nowhere,,2024-01,Robbery,1\n"
    checked = check(content, "ward_counts")
    assert found(checked) >= {
        (2, "Ward name", "ambiguous_ward_name", "must_fix"),
        (4, "Ward name", "unknown_ward_name", "must_fix"),
    }
    # An officer's own file names only wards of their own: the namesake elsewhere is not meant …
    own = check(LONG + ",Abbey,,2024-01,Robbery,4\n", "ward_counts", frozenset({BIRCH}))
    assert own.rows["ward_code"].to_list() == ["F05000013"]
    # … but a file that names others too leaves it open.
    assert (2, "Ward name", "ambiguous_ward_name", "must_fix") in found(
        check(content, "ward_counts", frozenset({BIRCH}))
    )


def test_a_row_without_a_ward_belongs_to_the_only_borough_if_the_file_is_its_own() -> None:
    content = LONG + "F05000011,,,2024-01,Robbery,4\n,,,2024-01,Robbery,1\n"
    assert totals(check(content, "ward_counts", frozenset({ALDER}))) == (4, 1, 0, 0)
    for scope in (frozenset({BIRCH}), frozenset({ALDER, BIRCH}), EVERYWHERE):
        checked = check(content, "ward_counts", scope)
        assert (3, "Ward code", "no_place", "must_fix") in found(checked), scope
        assert checked.report["unplaced"] == 0


def test_months_and_counts_of_a_long_table_are_checked() -> None:
    checked = check(
        LONG
        + "F05000011,,,2024-01,Robbery,4\n"
        + "F05000011,,,2030-01,Robbery,4\n"
        + "F05000011,,,soon,Robbery,4\n"
        + "F05000011,,,,Robbery,4\n"
        + "F05000011,,,2024-02,Robbery,\n"
        + "F05000011,,,2024-02,Robbery,many\n"
        + "F05000011,,,01/01/2024,Robbery,5\n",
        "ward_counts",
    )
    assert {problem for problem in found(checked) if problem[3] != "note"} == {
        (3, "Month", "not_a_month", "must_fix"),
        (4, "Month", "not_a_month", "must_fix"),
        (5, "Month", "not_a_month", "must_fix"),
        (6, "Count", "not_a_count", "must_fix"),
        (7, "Count", "not_a_count", "must_fix"),
        (8, "Ward code", "repeated_row", "please_confirm"),
    }
    assert totals(checked) == (9, 0, 0, 12)
    assert checked.report["months"] == ["2024-01"]


# --- Points ----------------------------------------------------------------------------------------------------------


def point(east_metres: float, north_metres: float = 500, month: str = "2024-01", category: str = "Burglary") -> str:
    return f"{month},{degrees(east_metres, north_metres)},{category}\n"


def in_commas(row: str) -> str:
    """A row of points whose coordinates have decimal commas."""
    return ",".join(f'"{cell.replace(".", ",")}"' for cell in row.strip().split(",")) + "\n"


def test_points_fall_into_wards_boroughs_or_outside() -> None:
    checked = check(
        POINTS
        + point(500)
        + point(1_500, category="Anti-social behaviour")
        + point(1_500, -400)
        + point(1_500, -600)
        + point(6_500)
        + "2024-01,,,Drugs\n",
        "street_points",
    )
    assert checked.rows.select("borough_code", "ward_code", "category").rows() == [
        (ALDER, "F05000011", "Burglary"),
        (ALDER, "F05000012", "Anti-social behaviour"),
        (ALDER, None, "Burglary"),
        (CEDAR, "F05000005", "Burglary"),
    ]
    eastings = checked.rows["easting"].to_list()
    assert eastings == [round(easting, 1) for easting in eastings]
    assert eastings[0] == pytest.approx(530_500, abs=0.2)
    assert totals(checked) == (3, 1, 2, 0)
    assert found(checked) == {
        (None, None, "outside_area", "note"),
        (None, None, "outside_every_ward", "note"),
        (None, None, "no_location", "note"),
    }


def test_points_are_placed_on_the_wards_then_in_force() -> None:
    assert check(POINTS + point(500, month="2021-12"), "street_points").rows["ward_code"].to_list() == ["F05000001"]
    assert check(POINTS + point(500, month="2022-05"), "street_points").rows["ward_code"].to_list() == ["F05000011"]


def test_a_row_without_a_location_counts_where_most_of_an_officers_file_lies() -> None:
    mostly_alder = POINTS + point(500) + point(600) + point(6_500) + "2024-01,,,Drugs\n"
    checked = check(mostly_alder, "street_points", frozenset({ALDER}))
    assert totals(checked) == (2, 1, 1, 0)
    assert "counted in Alder" in messages(checked, "no_location")[0]
    # A file for all London, sent by the officer of one borough, says nothing of where the unlocated happened.
    assert totals(check(mostly_alder, "street_points", frozenset({CEDAR}))) == (1, 0, 3, 0)


@pytest.mark.parametrize("place", ["inf,51", "nan,51", "0,5000", "-0.1,", "1e400,51"])
def test_impossible_positions_are_no_location(place: str) -> None:
    checked = check(POINTS + point(500) + f"2024-01,{place},Drugs\n", "street_points")
    assert (None, None, "no_location", "note") in found(checked)
    assert totals(checked)[0] == 1


def test_unreadable_positions_must_be_fixed() -> None:
    content = POINTS + point(500) + in_commas(point(600))
    checked = check(content, "street_points")
    assert found(checked) == {(3, heading, "decimal_comma", "we_can_fix") for heading in ("Longitude", "Latitude")}
    assert totals(check(content, "street_points", fixes=frozenset({"decimal_comma"}))) == (2, 0, 0, 0)
    worse = check(POINTS + point(500) + "2024-01,here,51.5,Drugs\n", "street_points")
    assert found(worse) == {(3, "Longitude", "not_a_coordinate", "must_fix")}


def test_identical_points_are_separate_incidents() -> None:
    assert totals(check(POINTS + point(500) * 3, "street_points")) == (3, 0, 0, 0)


# --- Whatever comes --------------------------------------------------------------------------------------------------

CODES = some.sampled_from(["F05000011", "F05000013", "F05000005", "F05000001", "E05", "", " f05000012"])
COUNTS = some.sampled_from(["0", "1", "12", "", "x", "-1", "1.5", "999999", " 7 "])
LABELS = some.sampled_from(["THEFT", "Burglary", "", "New thing", "😀"])
SCOPES = some.sets(some.sampled_from([ALDER, BIRCH, CEDAR]), min_size=1).map(frozenset)


@settings(max_examples=150, deadline=None)
@given(some.lists(some.tuples(LABELS, CODES, COUNTS, COUNTS), min_size=1, max_size=12), SCOPES)
def test_the_totals_of_any_wide_file_add_up(rows: list[tuple[str, ...]], scope: frozenset[str]) -> None:
    lines = [f"{label},Shoplifting,,{code},,{first},{second}\n" for label, code, first, second in rows]
    _adds_up(check(WIDE + "".join(lines), "met_ward_counts", scope), len(rows), scope)


MONTHS = some.sampled_from(["2024-01", "Feb-24", "2099-01", "", "x"])


@settings(max_examples=150, deadline=None)
@given(some.lists(some.tuples(CODES, MONTHS, LABELS, COUNTS), min_size=1, max_size=12), SCOPES)
def test_the_totals_of_any_long_table_add_up(rows: list[tuple[str, ...]], scope: frozenset[str]) -> None:
    lines = [f"{code},,,{month},{label},{count}\n" for code, month, label, count in rows]
    kept = [line for line in lines if line.strip(",\n ")]
    if kept:
        _adds_up(check(LONG + "".join(lines), "ward_counts", scope), len(kept), scope)


PLACES = some.sampled_from([degrees(500), degrees(3_500), degrees(6_500, -100), "-3,56", ",", "x,51", "nan,nan"])


@settings(max_examples=60, deadline=None)
@given(some.lists(some.tuples(MONTHS, PLACES, LABELS), min_size=1, max_size=12), SCOPES)
def test_the_totals_of_any_points_add_up(rows: list[tuple[str, ...]], scope: frozenset[str]) -> None:
    lines = [",".join(row) + "\n" for row in rows]
    kept = [line for line in lines if line.strip(",\n ")]
    if kept:
        _adds_up(check(POINTS + "".join(lines), "street_points", scope), len(kept), scope)


def _adds_up(checked: Checked, rows: int, scope: frozenset[str]) -> None:
    report = checked.report
    assert report["rows"] == rows
    assert report["placed"] + report["unplaced"] + report["refused"] == report["total"]
    assert sum(report[f"rows_{fate}"] for fate in ("placed", "unplaced", "outside", "faulty")) == rows
    assert set(checked.rows["borough_code"]) <= scope
    assert report["problems_total"] >= checked.problems.height
    grave = [GRAVEST_FIRST.index(severity) for severity in checked.problems["severity"]]
    assert grave == sorted(grave)


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([2], "row 2"),
        ([1_234], "row 1,234"),
        ([3, 2], "rows 2–3"),
        ([2, 3, 4, 9], "rows 2–4 and 9"),
        (range(2, 40, 2), "rows 2, 4, 6, 8, 10, 12, 14, 16 and 11 more"),
    ],
)
def test_rows_are_named_briefly(rows: list[int], words: str) -> None:
    assert row_ranges(rows) == words


@pytest.mark.parametrize(
    "written", ["Zo\u00eb's Court", "Zoe\u0308s COURT", "  zo\u00eb\u2019s\u00a0 court ", "ZO\u00cbS-COURT"]
)
def test_names_are_compared_composed_trimmed_and_whatever_their_case(written: str) -> None:
    assert plain_name(written) == "zo\u00ebs court"
    assert plain_name(written) != plain_name("Zoes Court")
