"""Every real file is taken in with the totals it has, or refused in words; checked alone, without a database."""

from __future__ import annotations

import datetime as dt
import tempfile
from functools import cache
from pathlib import Path

import geopandas as gpd
import polars as pl
import pytest

from hub.errors import BadFile
from hub.uploads import checking, kinds, reading
from hub.uploads.checking import Checked
from hub.uploads.placing import LSOA_COLUMNS, Geography
from hub.uploads.reading import Limits, Table

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("uploads-every-file")]

TODAY = dt.date(2026, 4, 1)
EDITIONS = {"2014": dt.date(2014, 5, 22), "2018": dt.date(2018, 5, 3), "2022": dt.date(2022, 5, 5)}
STREETS = ("metropolitan-street-burglary-only", "city-of-london-street", "london-street-all-crime")


LANDING = [
    ("mps-ward-level-202402-202601.csv", "met_ward_counts", (1_788_630, 0, 0), "Met 2025"),
    ("mps-ward-level-202009-202208-old-wards.csv", "met_ward_counts", (1_586_823, 0, 0), "Met 2022"),
    ("mps-ward-level-historical-201004-202402.csv.gz", "met_ward_counts", (10_983_038, 0, 0), "Met 2025"),
    # The airports' rows belong to no borough.
    ("mps-borough-level-202108-202307.csv", "met_borough_counts", (0, 1_751_487, 6_517), "Met 2022"),
    ("messy/borough-crime-long.csv", "met_borough_counts", (0, 1_834_483, 950), "Met 2025"),
    ("partner/london-collisions-2025.csv", "road_collisions", (20_869, 7, 0), ""),
    ("partner/lfb-incidents-sample.csv", "fire", (20, 0, 0), ""),
    ("partner/mopac-pas-borough-201412-202312.csv", "perception", (0, 9_312, 0), ""),
    ("police-uk/2019-02-btp-street.csv.gz", "street_points", (2_209, 9, 2_112), ""),
    (
        "police-uk/stop-and-search/2024-07-metropolitan-stop-and-search.csv.gz",
        "stop_and_search",
        (8_039, 8, 777),
        "",
    ),
    (
        "police-uk/stop-and-search/2024-08-metropolitan-stop-and-search.csv.gz",
        "stop_and_search",
        (9_841, 5, 792),
        "",
    ),
]
"""Each file, its kind, what is placed, not placed and refused of it, and the edition of its categories."""

SAYING_NOTHING = [
    ("messy/ward-imd-score-names-only.xlsx", ["Month", "Category", "Count"]),
    ("ward-population.csv", ["Month", "Category", "Count"]),
    ("ward-population-2018-wards.csv", ["Month", "Category", "Count"]),
    ("borough-population.csv", ["Month", "Category", "Count", "Ward code or Ward name or LSOA code"]),
    ("bcu.csv", ["Month", "Category", "Count", "Ward code or Ward name or LSOA code"]),
    ("lookup-lsoa21-ward24.csv", ["Month", "Category", "Count"]),
    ("lookup-lsoa11-lsoa21.csv", ["Month", "Category", "Count"]),
]

UNREADABLE = [
    *("wards-2022.gpkg", "wards-2018.geojson", "boroughs.gpkg", "lsoa-2021.gpkg"),
    "police-uk/api-example-E05000027-2017-06.json",
]


@cache
def london(data: Path) -> Geography:
    """Every edition of the wards, the boroughs, and the small areas by the ward that has most of each one's people."""
    wards = []
    for number, year in enumerate(EDITIONS, start=1):
        frame = gpd.read_file(data / f"wards-{year}.gpkg", layer="wards" if year == "2022" else None)
        columns = {name: frame[name].tolist() for name in ("ward_code", "ward_name", "borough_code")}
        wards.append(pl.DataFrame({"boundary_set_id": number, **columns, "outline": frame.geometry.to_wkb().tolist()}))
    boroughs = gpd.read_file(data / "boroughs.gpkg")
    best_fit = pl.read_csv(data / "lookup-lsoa21-ward24.csv")
    lsoas = best_fit.select(
        pl.lit(3, pl.Int64).alias("boundary_set_id"),
        pl.col("LSOA21CD").alias("lsoa_code"),
        pl.col("WD24CD").alias("ward_code"),
        pl.col("LAD24CD").alias("borough_code"),
        pl.lit(1.0).alias("share"),
    )
    return Geography(
        pl.DataFrame(
            {
                "boundary_set_id": [1, 2, 3],
                "boundary_set": list(EDITIONS),
                "in_force_from": list(EDITIONS.values()),
            }
        ),
        pl.concat(wards),
        pl.DataFrame(
            {
                "borough_code": boroughs["borough_code"].tolist(),
                "borough_name": boroughs["borough_name"].tolist(),
                "outline": boroughs.geometry.to_wkb().tolist(),
            }
        ),
        lsoas.cast(dict(LSOA_COLUMNS)),
    )


def read(path: Path) -> Table:
    with tempfile.TemporaryDirectory() as folder:
        return reading.read(path, path.name, Limits(), Path(folder))


def take_in(path: Path, data: Path, **options: object) -> tuple[str, Checked]:
    """Read, recognise and check a file for all London; its kind and what came of it."""
    table = read(path)
    samples = {heading: table.samples(heading) for heading in table.headings}
    kind, column_fields = kinds.recognise(table.headings, samples)
    assert kind is not None, path.name
    geography = london(data)
    everywhere = frozenset(geography.boroughs["borough_code"])
    checked = checking.check(table, kind, column_fields, geography, everywhere, today=TODAY, **options)
    return kind.key, checked


def totals(checked: Checked) -> tuple[int, int, int, int]:
    report = checked.report
    return report["placed"], report["unplaced"], report["refused"], report["total"]


def codes(checked: Checked, severity: str) -> set[str]:
    return {code for code, one in checked.report["problems"].items() if one["severity"] == severity}


@pytest.mark.parametrize(("name", "kind", "expected", "edition"), LANDING)
def test_a_file_lands_whole(real_data: Path, name: str, kind: str, expected: tuple[int, ...], edition: str) -> None:
    found, checked = take_in(real_data / name, real_data)
    assert found == kind
    assert totals(checked) == (*expected, sum(expected))
    assert checked.report["classification"] == edition
    assert not codes(checked, "must_fix")
    assert not codes(checked, "we_can_fix")


@pytest.mark.parametrize("folder", STREETS)
def test_every_street_file_lands_whole(real_data: Path, folder: str) -> None:
    files = sorted((real_data / "police-uk" / folder).iterdir())
    taken = [take_in(path, real_data) for path in files]
    assert {kind for kind, _ in taken} == {"street_points"}
    rows = sum(pl.read_csv(path, infer_schema=False).height for path in files)
    assert sum(checked.report["total"] for _, checked in taken) == rows
    kept = sum(checked.rows.height for _, checked in taken)
    lost = sum(checked.report["refused"] for _, checked in taken)
    assert kept + lost == rows
    # What the police could not locate says no borough to an administrator; all else is kept but a few strays.
    assert lost <= rows * (0.1 if folder == "city-of-london-street" else 0.001)
    assert not any(codes(checked, "must_fix") for _, checked in taken)


def test_small_areas_are_counted_in_their_wards_and_their_half_month_is_asked_about(real_data: Path) -> None:
    path = real_data / "mps-lsoa-level-202402-202602.csv.gz"
    kind, asked = take_in(path, real_data)
    cells = pl.read_csv(path).select(pl.col(r"^20\d{4}$"))
    every = int(cells.sum().sum_horizontal().item())
    assert (kind, totals(asked)) == ("met_lsoa_counts", (every, 0, 0, every))
    assert codes(asked, "must_fix") == {"partial_first_month"}
    assert asked.rows["lsoa_code"].n_unique() == 4_988
    _, answered = take_in(path, real_data, answers={"partial_first_month": "leave_out"})
    assert totals(answered)[0] == every - 39
    assert (answered.report["months"][0], codes(answered, "must_fix")) == ("2024-03", set())


def test_the_dashboard_is_counted_by_ward_and_never_twice(real_data: Path) -> None:
    path = real_data / "mps-knife-crime-dashboard-202203-202602.csv.gz"
    kind, checked = take_in(path, real_data, fixes=frozenset({"older_ward"}))
    rows = pl.read_csv(path, infer_schema=False).with_columns(pl.col("count").cast(pl.Int64))
    by_ward = rows.filter(pl.col("area_code").str.starts_with("E05"))
    assert kind == "met_dashboard"
    assert (checked.report["placed"], checked.report["unplaced"]) == (by_ward["count"].sum(), 0)
    whole = rows.filter(pl.col("area_code").str.starts_with("E09"))
    assert checked.report["rows_left_out"] == whole.height
    assert checked.report["rows"] + whole.height == rows.height
    said = {
        subtype if measure == "Offences" else f"{subtype}: positive outcomes": count
        for subtype, measure, count in by_ward.group_by("crime_subtype", "measure")
        .agg(pl.col("count").sum())
        .iter_rows()
    }
    assert dict(checked.rows.group_by("offence_group").agg(pl.col("count").sum()).iter_rows()) == said


def test_the_survey_is_read_as_shares_by_borough_and_quarter(real_data: Path) -> None:
    _, checked = take_in(real_data / "partner/mopac-pas-borough-201412-202312.csv", real_data)
    assert checked.rows.columns == ["borough_code", "month", "measure", "share"]
    first = checked.rows.filter(
        pl.col("month") == dt.date(2014, 12, 1),
        pl.col("borough_code") == "E09000002",
        pl.col("measure") == '"Good Job" local',
    )
    assert first["share"].to_list() == [0.56]
    assert checked.rows["borough_code"].n_unique() == 32
    assert checked.rows["month"].n_unique() == 37


def test_searches_fall_on_the_day_they_were_in_london(real_data: Path) -> None:
    path = real_data / "police-uk/stop-and-search/2024-07-metropolitan-stop-and-search.csv.gz"
    _, checked = take_in(path, real_data)
    assert checked.report["months"] == ["2024-07"]
    assert checked.rows["occurred_from"].min().isoformat() == "2024-07-01T00:04:00"
    assert "Not recorded" in set(checked.rows["category"])


@pytest.mark.parametrize(("name", "words"), SAYING_NOTHING)
def test_a_file_that_counts_nothing_is_of_no_kind_and_says_what_it_lacks(
    real_data: Path, name: str, words: list[str]
) -> None:
    table = read(real_data / name)
    assert kinds.recognise(table.headings) == (None, {})
    kind = kinds.DATASETS["ward_counts"]
    assert kind.missing(kinds.propose(table.headings, kind).values()) == words


@pytest.mark.parametrize("name", UNREADABLE)
def test_boundaries_and_raw_answers_are_refused_in_words(real_data: Path, name: str) -> None:
    with pytest.raises(BadFile) as refusal:
        read(real_data / name)
    assert refusal.value.sentence
    assert refusal.value.remedy
