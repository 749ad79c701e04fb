"""A row finds its ward by the surest thing it says; how stays on it, and what is not sure is only proposed."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import polars as pl
import pytest

from hub.uploads.placing import LSOA_COLUMNS, OUTWARD_COLUMNS, Geography
from tests.uploads.desk import ALDER, BIRCH, CEDAR, NEW, OLD, check, degrees, found, small_geography, square

COUNTS = "Ward code,Ward name,LSOA code,Borough,Postcode district,Month,Category,Count\n"
POINTS = "Date,Category,Ward code,LSOA code,Borough,Easting,Northing\n"


def geography() -> Geography:
    lsoas = [
        (NEW, "E01000001", "F05000011", ALDER, 1.0),
        (NEW, "E01000002", "F05000012", ALDER, 0.87),
        (OLD, "E01000002", "F05000002", ALDER, 0.5),
    ]
    outwards = [
        (NEW, "ZZ1", "F05000011", ALDER, 0.8),
        (NEW, "ZZ1", "F05000012", ALDER, 0.2),
        (NEW, "ZZ2", "F05000013", BIRCH, 0.4),
        (NEW, "ZZ2", "F05000014", BIRCH, 0.35),
        (NEW, "ZZ2", "F05000005", CEDAR, 0.25),
    ]
    return replace(
        small_geography(),
        lsoas=pl.DataFrame(lsoas, LSOA_COLUMNS, orient="row"),
        outwards=pl.DataFrame(outwards, OUTWARD_COLUMNS, orient="row"),
    )


def place(said: str, *fixes: str) -> tuple[object, ...]:
    """Where one row of counts ends, among others that are sure: ward, borough, method, confidence; and its problem."""
    content = COUNTS + "F05000011,,,,,2024-01,Arson,1\nF05000013,,,,,2024-01,Arson,1\n" + f"{said},2024-01,Robbery,1\n"
    checked = check(content, "ward_counts", geography=geography(), fixes=frozenset(fixes))
    rows = checked.rows.filter(pl.col("offence_group") == "Robbery")
    kept = rows.select("ward_code", "borough_code", "placed_by", "confidence").rows()
    problems = [code for row, _, code, _ in found(checked) if row == 4]
    return *(kept[0] if kept else (None,) * 4), *problems


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("f05000012,,,,", ("F05000012", ALDER, "code", None)),
        (",,E01000002,,", ("F05000012", ALDER, "lsoa", 87)),
        ("E01000001,,,,", ("F05000011", ALDER, "lsoa", 100)),
        (",Abbey,,Birch,", ("F05000013", BIRCH, "name_in_borough", None)),
        (",Abbey,,London Borough of Birch,", ("F05000013", BIRCH, "name_in_borough", None)),
        (",Dell,,,", ("F05000005", CEDAR, "name", None)),
        (",,,,ZZ1", ("F05000011", ALDER, "outward", 80)),
        (",,,,ZZ2", (None, BIRCH, "outward", 75)),
        (",,,CEDAR,", (None, CEDAR, "borough", None)),
        ("N/K,,,Cedar,", (None, CEDAR, "borough", None)),
    ],
)
def test_each_rung_places_a_row_and_says_how_surely(said: str, expected: tuple[object, ...]) -> None:
    assert place(said) == expected


@pytest.mark.parametrize(
    ("said", "code", "placed"),
    [
        ("FO5000012,,,,", "mistyped_code", ("F05000012", ALDER, "code", None)),
        ("F05000099,Dell,,Cedar,", "mistyped_code", ("F05000005", CEDAR, "code", None)),
        (",St Marys Cuort,,,", "similar_name", ("F05000014", BIRCH, "similar_name", 92)),
        ("F05000002,,,,", "older_ward", ("F05000012", ALDER, "older_code", 100)),
        (",Court,,Birch,", "older_ward", ("F05000014", BIRCH, "older_code", 100)),
        (",,,Cedarr,", "similar_borough", (None, CEDAR, "borough", 90)),
    ],
)
def test_what_is_not_sure_is_proposed_and_done_only_when_asked_for(
    said: str, code: str, placed: tuple[object, ...]
) -> None:
    assert place(said) == (None, None, None, None, code)
    assert place(said, "another") == (None, None, None, None, code)
    assert place(said, code) == placed


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ("F05000099,,,,", "unknown_ward_code"),
        (",,E01999999,,", "unknown_lsoa_code"),
        (",Nowhere at all,,,", "unknown_ward_name"),
        (",Abbey,,,", "ambiguous_ward_name"),
        (",,,,", "no_place"),
    ],
)
def test_what_nobody_can_tell_must_be_put_right(said: str, code: str) -> None:
    assert place(said) == (None, None, None, None, code)


def test_an_ambiguous_name_is_told_with_the_boroughs_it_may_lie_in() -> None:
    checked = check(COUNTS + ",Abbey,,,,2024-01,Robbery,1\n,Dell,,,,2024-01,Robbery,1\n", "ward_counts")
    (words,) = checked.problems.filter(pl.col("code") == "ambiguous_ward_name")["message"]
    assert "in Alder and Birch" in words


def test_a_ward_of_another_edition_that_is_split_is_not_proposed() -> None:
    wards = geography().wards
    across = pl.when(pl.col("ward_code") == "F05000002").then(pl.lit(square(1, 4))).otherwise("outline")
    content = COUNTS + "".join(f"{code},,,,,2024-01,Arson,1\n" for code in ("F05000011", "F05000013", "F05000002"))
    split = check(content, "ward_counts", geography=replace(geography(), wards=wards.with_columns(outline=across)))
    assert (4, "Ward code", "older_ward_split", "must_fix") in found(split)
    assert split.report["refused_faulty"] == 1


def test_a_proposal_for_another_borough_is_refused_without_a_word() -> None:
    content = COUNTS + "F05000011,,,,,2024-01,Arson,1\nF05000013,,,,,2024-01,Arson,1\n,Dlel,,Cedar,,2024-01,Robbery,1\n"
    checked = check(content, "ward_counts", frozenset({ALDER}), geography=geography())
    assert not [problem for problem in found(checked) if problem[0] == 4]
    assert checked.report["rows_outside"] == 2


def test_without_small_areas_a_row_is_counted_in_its_borough_or_says_what_is_wanted() -> None:
    content = "LSOA code,Borough,Month,Category,Count\nE01000002,Alder,2024-01,Robbery,3\n,Alder,2024-01,Arson,1\n"
    without = check(content, "ward_counts")
    assert (without.report["placed"], without.report["unplaced"]) == (0, 4)
    nowhere = check(content.replace("E01000002,Alder", "E01000002,"), "ward_counts")
    assert (2, "LSOA code", "unknown_lsoa_code", "must_fix") in found(nowhere)
    assert "hub load-places" in nowhere.problems["message"][0]


def test_small_areas_of_counts_keep_their_code() -> None:
    content = (
        "lsoa_code,lsoa_name,borough,major_category,minor_category,202401,202402\n"
        "E01000001,x,F09000001,THEFT,SHOPLIFTING,1,2\nE01000002,x,F09000001,THEFT,SHOPLIFTING,4,0\n"
    )
    checked = check(content, "met_lsoa_counts", geography=geography())
    kept = checked.rows.select("month", "ward_code", "lsoa_code", "count", "placed_by", "confidence").rows()
    assert set(kept) == {
        (dt.date(2024, 1, 1), "F05000011", "E01000001", 1, "lsoa", 100),
        (dt.date(2024, 1, 1), "F05000012", "E01000002", 4, "lsoa", 87),
        (dt.date(2024, 2, 1), "F05000011", "E01000001", 2, "lsoa", 100),
    }


# --- Points ----------------------------------------------------------------------------------------------------------


def points(rows: str, **options: object) -> list[tuple[object, ...]]:
    checked = check(POINTS + rows, "other_points", geography=geography(), **options)
    return checked.rows.select("ward_code", "borough_code", "placed_by", "confidence", "easting").rows()


def test_a_point_goes_by_its_code_then_its_place_then_its_small_area_then_its_borough() -> None:
    assert points("2024-01-05,Noise,F05000013,,,530500,180500\n") == [("F05000013", BIRCH, "code", None, 530_500.0)]
    assert points("2024-01-05,Noise,,E01000002,,530500,180500\n") == [("F05000011", ALDER, "point", None, 530_500.0)]
    assert points("2024-01-05,Noise,,E01000002,,,\n") == [("F05000012", ALDER, "lsoa", 87, None)]
    assert points("2024-01-05,Noise,,,Birch,,\n") == [(None, BIRCH, "borough", None, None)]
    assert points("2024-01-05,Noise,,,Birch,0,0\n") == [(None, BIRCH, "borough", None, None)]


def test_swapped_coordinates_are_asked_about_once() -> None:
    headings = "Month,Latitude,Longitude,Crime type\n"
    rows = "".join(f"2024-01,{degrees(east)},Burglary\n" for east in (500, 600, 3_500))
    asked = check(headings + rows, "street_points")
    assert (None, None, "swapped_coordinates", "must_fix") in found(asked)
    (question,) = (one for one in asked.report["questions"] if one["code"] == "swapped_coordinates")
    assert (question["is_required"], [value for value, _ in question["choices"]]) == (True, ["swap", "keep"])
    assert asked.report["placed"] == 3
    swapped = check(headings + rows, "street_points", answers={"swapped_coordinates": "swap"})
    assert found(swapped) == {(None, None, "swapped_coordinates", "note")}
    kept = check(headings + rows, "street_points", answers={"swapped_coordinates": "keep"})
    assert kept.report["placed"] == 0


def test_degrees_in_the_columns_of_metres_are_told() -> None:
    content = "Date,Category,Easting,Northing,Borough\n" + f"2024-01-05,Noise,{degrees(500)},Alder\n" * 2
    checked = check(content, "other_points")
    assert (None, "Easting", "wrong_coordinates", "must_fix") in found(checked)


def test_a_column_wholly_in_decimal_commas_means_nothing_else() -> None:
    rows = "".join(
        ",".join(f'"{cell.replace(".", ",")}"' for cell in ("2024-01", *degrees(east).split(","), "Burglary")) + "\n"
        for east in (500, 600)
    )
    checked = check("Month,Longitude,Latitude,Crime type\n" + rows, "street_points")
    assert found(checked) == {(None, name, "decimal_comma", "note") for name in ("Longitude", "Latitude")}
    assert checked.report["placed"] == 2


def test_rows_of_which_nothing_says_where_go_where_a_person_says() -> None:
    content = "ASSAULT DATE AND TIME,ASSAULT METHOD,ASSAULT LOCATION TYPE\n2024-01-05T23:10:00,Pushed,Street\n"
    asked = check(content, "hospital_assaults")
    assert found(asked) >= {(None, None, "which_borough", "must_fix")}
    assert asked.report["refused"] == 1
    told = check(content, "hospital_assaults", answers={"which_borough": BIRCH})
    assert told.rows.select("borough_code", "ward_code", "placed_by").rows() == [(BIRCH, None, "borough")]
    assert told.rows["occurred_from"].item().isoformat() == "2024-01-05T23:10:00"
    own = check(content, "hospital_assaults", frozenset({CEDAR}))
    assert own.report["unplaced"] == 1
