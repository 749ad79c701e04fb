"""The real files of London land whole: totals equal to the file's, on the right wards, each borough its own part."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest

from hub.uploads import figures
from hub.words import parse_month
from tests.conftest import LONDONS_ADMINISTRATOR as ADMINISTRATOR
from tests.conftest import officer_of
from tests.uploads.desk import Desk

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("uploads-london")]

WHOLE = "mps-ward-level-202402-202601.csv"
OLD_WARDS = "mps-ward-level-202009-202208-old-wards.csv"
HISTORY = "mps-ward-level-historical-201004-202402.csv.gz"
POINTS = "police-uk/london-street-all-crime"
BOROUGHS = [f"E09{number:06}" for number in range(1, 34)]
HILLINGDON, CAMDEN, CITY = "E09000017", "E09000007", "E09000001"
HEATHROW = "E05013570"


def send(london: Desk, email: str, path: Path, **because: str) -> dict[str, Any]:
    return london.commit(email, path.read_bytes(), path.name, because=because)


def counts_of(path: Path) -> pl.DataFrame:
    """What a Met file says: ward code, month, count; read without the hub."""
    frame = pl.read_csv(path, infer_schema=False)
    months = [name for name in frame.columns if name.isdigit()]
    code = next(name for name in frame.columns if name.lower() == "wardcode")
    return frame.select(pl.col(code).alias("ward"), pl.col(months).cast(pl.Int64)).unpivot(
        on=months, index="ward", variable_name="month", value_name="count"
    )


def by_borough(london: Desk, email: str, dataset: str, first: str, last: str) -> dict[str, int]:
    with london.reading(email) as viewer:
        found = figures.ward_counts(
            viewer,
            BOROUGHS,
            dataset,
            first_month=parse_month(first),
            last_month=parse_month(last),
            by=("borough_code",),
        )
    return dict(found.itertuples(index=False, name=None))


def test_the_whole_ward_file_lands_and_each_officer_sees_their_own(london: Desk, real_data: Path) -> None:
    outcome = send(london, ADMINISTRATOR, real_data / WHOLE)
    assert outcome["state"] == "committed"
    assert (outcome["rows"], outcome["total"], outcome["placed"]) == (18_695, 1_788_630, 1_788_630)
    assert (outcome["unplaced"], outcome["refused"], outcome["boundary_set"]) == (0, 0, "2022")
    assert outcome["boroughs"] == [code for code in BOROUGHS if code != CITY]
    assert outcome["problems_total"] == 1

    sent = counts_of(real_data / WHOLE)
    with london.reading(ADMINISTRATOR) as viewer:
        live = figures.ward_counts(
            viewer,
            BOROUGHS,
            "met_ward_counts",
            first_month=parse_month("2024-02"),
            last_month=parse_month("2026-01"),
            by=("ward_code", "month", "borough_code"),
        )
    assert live["ward_code"].nunique() == 679
    expected = sent.group_by("ward", "month").agg(pl.col("count").sum()).filter(pl.col("count") > 0)
    assert {(ward, f"{month:%Y%m}", count) for ward, month, _, count in live.itertuples(index=False)} == set(
        expected.iter_rows()
    )
    assert set(live.loc[live["ward_code"] == HEATHROW, "borough_code"]) == {HILLINGDON}
    totals = live.groupby("borough_code")["count"].sum().to_dict()
    assert sum(totals.values()) == 1_788_630
    for code in BOROUGHS:
        own = by_borough(london, officer_of(code), "met_ward_counts", "2024-02", "2026-01")
        assert own == ({code: totals[code]} if code != CITY else {}), code


def test_an_officer_loads_their_own_part_of_the_whole_file(london: Desk, real_data: Path) -> None:
    outcome = send(london, officer_of(HILLINGDON), real_data / WHOLE)
    wards = set(pl.read_csv(real_data / WHOLE, infer_schema=False).filter(pl.col("WardCode") == HEATHROW)["WardCode"])
    assert wards == {HEATHROW}
    assert (outcome["rows"], outcome["rows_placed"], outcome["rows_outside"]) == (18_695, 581, 18_114)
    assert (outcome["placed"], outcome["refused"], outcome["total"]) == (60_001, 1_728_629, 1_788_630)
    assert by_borough(london, ADMINISTRATOR, "met_ward_counts", "2024-02", "2026-01") == {HILLINGDON: 60_001}


def test_the_older_edition_lands_on_the_wards_of_2018(london: Desk, real_data: Path) -> None:
    outcome = send(london, ADMINISTRATOR, real_data / OLD_WARDS)
    assert (outcome["boundary_set"], outcome["rows"], outcome["placed"]) == ("2018", 22_168, 1_586_823)
    assert (outcome["unplaced"], outcome["refused"], outcome["total"]) == (0, 0, 1_586_823)
    assert [problem["code"] for problem in outcome["problems"]] == ["older_classification"]
    with london.reading(ADMINISTRATOR) as viewer:
        live = figures.ward_counts(
            viewer,
            BOROUGHS,
            "met_ward_counts",
            first_month=parse_month("2020-09"),
            last_month=parse_month("2022-08"),
            by=("ward_code",),
        )
    assert live["ward_code"].nunique() == 632
    assert live["count"].sum() == 1_586_823


def test_fourteen_years_of_history_are_read(london: Desk, real_data: Path) -> None:
    upload_id = london.check(ADMINISTRATOR, (real_data / HISTORY).read_bytes(), HISTORY)
    outcome = london.outcome(ADMINISTRATOR, upload_id)
    assert (outcome["boundary_set"], outcome["rows"], outcome["placed"]) == ("2022", 21_118, 10_983_038)
    assert (len(outcome["months"]), outcome["months"][0], outcome["months"][-1]) == (167, "2010-04", "2024-02")
    assert {problem["code"] for problem in outcome["problems"]} == {"borough_label_differs", "repeated_row"}


def test_every_month_of_points_lands_and_nearly_every_point_in_a_ward(london: Desk, real_data: Path) -> None:
    files, wards = sorted((real_data / POINTS).glob("*.csv.gz")), ["2014"] * 6 + ["2018"] * 2
    assert len(files) == len(wards)
    total = 503_510
    if london.database.engine.dialect.name == "postgresql":
        # Where a point lies does not depend on the database: the last month on one set of wards, the first on the next.
        files, wards, total = files[5:7], wards[5:7], 129_971
    outcomes = [send(london, ADMINISTRATOR, path, sparse_boroughs="Strays over the edge of 25.") for path in files]
    assert sum(outcome["total"] for outcome in outcomes) == total
    assert sum(outcome["refused"] for outcome in outcomes) == 0
    for outcome in outcomes:
        assert outcome["placed"] >= 0.999 * outcome["total"], outcome["file"]
    assert [outcome["boundary_set"] for outcome in outcomes] == wards
    live = by_borough(london, officer_of(CAMDEN), "street_points", "2017-11", "2018-06")
    assert list(live) == [CAMDEN]


def test_points_of_all_britain_keep_only_londons(london: Desk, real_data: Path) -> None:
    upload_id = london.check(
        ADMINISTRATOR, (real_data / "police-uk/2019-02-btp-street.csv.gz").read_bytes(), "btp.csv.gz"
    )
    outcome = london.outcome(ADMINISTRATOR, upload_id)
    assert (outcome["total"], outcome["refused"]) == (4_330, 2_112)
    assert outcome["placed"] >= 2_209


def test_the_citys_own_file_is_the_citys(london: Desk, real_data: Path) -> None:
    path = real_data / "police-uk/city-of-london-street/2024-01-city-of-london-street.csv"
    outcome = send(london, officer_of(CITY), path)
    assert outcome["boroughs"] == [CITY]
    assert (outcome["placed"], outcome["unplaced"], outcome["refused"], outcome["total"]) == (597, 79, 58, 734)


@pytest.mark.parametrize(
    "name",
    [
        "ward-population.csv",
        "borough-population.csv",
        "lookup-lsoa21-ward24.csv",
        "messy/ward-imd-score-names-only.xlsx",
    ],
)
def test_a_file_that_counts_nothing_asks_what_it_is(london: Desk, real_data: Path, name: str) -> None:
    with pytest.raises(Exception, match="no dataset the hub knows"):
        london.check(ADMINISTRATOR, (real_data / name).read_bytes(), Path(name).name)
