"""Headings find their fields, and months are read in every form they come in."""

from __future__ import annotations

import datetime as dt

import pytest

from hub.uploads import dates, kinds
from hub.uploads.kinds import DATASETS, MONTH_COUNTS

MET = ["MajorText", "MinorText", "WardName", "WardCode", "LookUp_BoroughName", "202402", "202403"]
POLICE = ["Crime ID", "Month", "Reported by", "Falls within", "Longitude", "Latitude", "Location", "Crime type"]


@pytest.mark.parametrize(
    ("headings", "dataset"),
    [
        (MET, "met_ward_counts"),
        ([heading.lower() for heading in MET], "met_ward_counts"),
        (POLICE, "street_points"),
        (["Ward code", "Month", "Category", "Count"], "ward_counts"),
        (["Ward", "Borough", "Date", "Offence", "Number"], "ward_counts"),
        (["Type", "Date", "Latitude", "Longitude", "Legislation", "Object of search", "Outcome"], "stop_and_search"),
        (["Borough", "Crime_type", "Crime_Count", "Year", "Month"], "met_borough_counts"),
        (["lsoa_code", "lsoa_name", "borough", "major_category", "minor_category", "202402"], "met_lsoa_counts"),
    ],
)
def test_a_file_is_recognised_by_its_headings(headings: list[str], dataset: str) -> None:
    kind, column_fields = kinds.recognise(headings)
    assert kind is DATASETS[dataset]
    assert not kind.missing(column_fields.values())


@pytest.mark.parametrize(
    ("types", "dataset"),
    [
        (["Noise", "Street drinking", "Rowdy or inconsiderate behaviour"], "council_asb_counts"),
        (["Personal", "Nuisance", "Environmental"], "council_asb_counts"),
        (["Flytipping", "Graffiti", "Abandoned vehicles"], "environmental_crime_counts"),
        (["Burglary", "Robbery", "Noise"], "ward_counts"),
    ],
)
@pytest.mark.parametrize("headings", [["Ward", "Month", "Type", "Count"], ["Ward code", "Type", "Jan-25", "Feb-25"]])
def test_counts_are_known_by_the_types_they_count(headings: list[str], types: list[str], dataset: str) -> None:
    kind, column_fields = kinds.recognise(headings, {"Type": types})
    assert kind is DATASETS[dataset]
    assert column_fields["Type"] == "offence_group"
    assert kind.measure == ("offences" if dataset == "ward_counts" else "incidents")
    one_by_one, _ = kinds.recognise(["Ward", "Date", "Type"], {"Type": types, "Date": ["2025-01-02"]})
    assert one_by_one is not None
    assert one_by_one.has_points, "without a count each row is one report"


@pytest.mark.parametrize(
    "headings",
    [
        ["Ward", "IMD score"],
        ["a", "b"],
    ],
)
def test_a_file_of_another_kind_is_not_taken_for_one_of_ours(headings: list[str]) -> None:
    assert kinds.recognise(headings) == (None, {})


def test_the_met_file_has_its_columns_found() -> None:
    assert kinds.propose(MET, DATASETS["met_ward_counts"]) == {
        "MajorText": "offence_group",
        "MinorText": "offence_subgroup",
        "WardCode": "ward_code",
        "LookUp_BoroughName": "borough",
        "202402": MONTH_COUNTS,
        "202403": MONTH_COUNTS,
    }


def test_what_is_missing_is_said_in_words() -> None:
    kind = DATASETS["ward_counts"]
    assert kind.missing(["month", "offence_group", "count"]) == ["Ward code or Ward name or LSOA code"]
    assert kind.missing(["ward_name"]) == ["Month", "Category", "Count"]


@pytest.mark.parametrize(
    "words",
    [
        *("202503", "2025-03", "2025/03", "Mar-25", "Mar 2025", "March 2025", "mar25", "01/03/2025", "1/3/25"),
        *(
            "31-03-2025",
            "2025-03-31",
            "2025-03-01T00:00:00",
            "1 Mar 2025",
            "31-Mar-25",
            " 2025-03 ",
            "01/03/2025 00:00",
        ),
    ],
)
def test_a_month_is_read_in_every_form(words: str) -> None:
    assert dates.month_of(words) == dt.date(2025, 3, 1)


@pytest.mark.parametrize("words", ["", "2025", "202513", "13/13/2025", "31/02/2025", "Smarch 2025", "March", "12", "x"])
def test_what_is_no_month_is_not_taken_for_one(words: str) -> None:
    assert dates.month_of(words) is None


@pytest.mark.parametrize(("heading", "is_month"), [("202503", True), ("Mar-25", True), ("01/03/2025", False)])
def test_only_a_month_heads_a_month_of_counts(heading: str, is_month: bool) -> None:
    assert (dates.month_of_heading(heading) is not None) is is_month


def test_every_heading_is_written_as_it_is_compared() -> None:
    for kind in DATASETS.values():
        for field in kind.fields:
            assert [kinds.heading_key(heading) for heading in field.headings] == list(field.headings)
