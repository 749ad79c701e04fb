"""Every borough's summary, from the real files, beside sums that pandas makes of the same files by itself."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pyogrio
import pytest

from hub.access import Viewer
from hub.accounts import service as accounts
from hub.db import Database
from hub.proofs.readings import as_aggregate_reader
from hub.summaries import service
from hub.summaries.lines import Line
from hub.summaries.service import Summary
from hub.summaries.values import NOT_TOLD_APART
from hub.uploads import confined
from tests.conftest import LONDONS_ADMINISTRATOR, officer_of
from tests.summaries.counted import as_released
from tests.uploads.desk import Desk, check_here, look_here

pytestmark = [pytest.mark.slow, pytest.mark.parametrize("settings", ["sqlite"], indirect=True)]

CITY, HILLINGDON, HEATHROW = "E09000001", "E09000017", "E05013570"
MONTHS_STILL_REVISED = 3
NO_CRIME = "Anti-social behaviour"


@dataclass(frozen=True)
class Sums:
    """What one borough's offences come to: a row for each month, ward, group and subgroup, in the file's own words."""

    rows: pd.DataFrame
    latest: list[str]
    before: list[str]

    def of(self, **where: str) -> tuple[int, int]:
        """Both years' offences of a group, a subgroup or a ward; the labels in any case."""
        rows = self.rows
        for column, wanted in where.items():
            rows = rows[rows[column].str.casefold() == wanted.casefold()]
        return tuple(int(rows.loc[rows["month"].isin(months), "count"].sum()) for months in (self.latest, self.before))

    def by(self, column: str) -> dict[str, tuple[int, int]]:
        """Both years' offences of everything in a column that has any."""
        found = {str(name).casefold(): self.of(**{column: str(name)}) for name in self.rows[column].unique()}
        return {name: both for name, both in found.items() if any(both)}

    @cached_property
    def by_month(self) -> dict[str, int]:
        """Each month's offences."""
        return {str(month): int(count) for month, count in self.rows.groupby("month")["count"].sum().items()}


def met_sums(data: Path) -> dict[str, Sums]:
    """Add up the Met's file by borough; a ward's borough is that of the boundary file, whatever the column says."""
    wide = pd.read_csv(data / "mps-ward-level-202402-202601.csv")
    months = sorted(column for column in wide.columns if column.isdigit())
    wards = pyogrio.read_dataframe(data / "wards-2022.gpkg", layer="wards", read_geometry=False)
    long = wide.melt(["MajorText", "MinorText", "WardCode"], months, "month", "count")
    long = long.rename(columns={"MajorText": "group", "MinorText": "subgroup", "WardCode": "ward"})
    owner = long["ward"].map(wards.set_index("ward_code")["borough_code"])
    return {code: Sums(rows, months[12:], months[:12]) for code, rows in long.groupby(owner)}


def city_sums(data: Path) -> Sums:
    """Add up City of London Police's crimes in the City, and those in no ward of London: unplaced, or on the river."""
    points = pd.concat(map(pd.read_csv, sorted((data / "police-uk/city-of-london-street").glob("*.csv"))))
    wards = gpd.read_file(data / "wards-2022.gpkg", layer="wards")
    city = wards[wards["borough_code"] == CITY]
    placed = gpd.GeoDataFrame(
        points, geometry=gpd.points_from_xy(points["Longitude"], points["Latitude"], crs=4326)
    ).to_crs(27700)
    inside = placed[placed.within(city.union_all()) | ~placed.within(wards.union_all())]
    crimes = inside[inside["Crime type"] != NO_CRIME]
    rows = crimes.assign(month=crimes["Month"].str.replace("-", ""), group=crimes["Crime type"], count=1)
    months = sorted(rows["month"].unique())
    return Sums(rows, months, [])


@pytest.fixture
def london(database: Database, londoners: None, real_data: Path, monkeypatch: pytest.MonkeyPatch) -> Database:
    """Real London with the Met's ward counts of 24 months, and the City with its own police's points of a year."""
    monkeypatch.setattr(confined, "look", look_here)
    monkeypatch.setattr(confined, "check", check_here)
    desk = Desk(database)
    desk.commit(LONDONS_ADMINISTRATOR, (real_data / "mps-ward-level-202402-202601.csv").read_text("utf-8"))
    files = sorted((real_data / "police-uk/city-of-london-street").glob("*.csv"))
    texts = [file.read_text("utf-8").splitlines() for file in files]
    desk.commit(officer_of(CITY), "\n".join([texts[0][0], *(line for text in texts for line in text[1:])]))
    return database


def counts(lines: tuple[Line, ...], name: str = "name") -> dict[str, tuple[int | None, int | None]]:
    """Both years' counts of each line, by its name or code."""
    return {getattr(line, name).casefold(): (line.change.latest.count, line.change.before.count) for line in lines}


def rounded(both: Mapping[str, tuple[int, int]]) -> dict[str, tuple[int | None, int | None]]:
    """As a leader is told them."""
    return {name: (as_released(latest), as_released(before)) for name, (latest, before) in both.items()}


def is_as_summed(found: Summary, sums: Sums, residents: int) -> None:
    """Compare an exact reader's page, figure by figure."""
    assert (found.total.latest.count, found.total.before.count) == sums.of()
    assert counts(found.groups) == sums.by("group")
    assert counts(found.wards, "code") == sums.by("ward")
    assert {f"{each.month:%Y%m}": each.figure.count for each in found.months} == sums.by_month
    assert [f"{month:%Y%m}" for month in found.provisional] == sums.latest[-MONTHS_STILL_REVISED:]
    assert found.rate == pytest.approx(1000 * sums.of()[0] / residents)
    measured = {code: (one.change.latest.count, one.change.before.count) for code, one in found.measures.items()}
    assert measured["all-crime"] == sums.of()
    assert measured["burglary"] == sums.of(group="BURGLARY")
    assert measured["robbery"] == sums.of(group="ROBBERY")
    assert measured["violence-against-the-person"] == sums.of(group="VIOLENCE AGAINST THE PERSON")
    assert measured["violence-with-injury"] == sums.of(subgroup="VIOLENCE WITH INJURY")
    assert measured["homicide"] == sums.of(subgroup="HOMICIDE")


def is_as_rounded(found: Summary, sums: Sums) -> None:
    """Compare a leader's page: what is given of it is the same, rounded."""
    assert (found.total.latest.count, found.total.before.count) == rounded({"": sums.of()})[""]
    assert counts(found.groups).items() <= rounded(sums.by("group")).items()
    assert counts(found.wards, "code") in ({}, rounded(sums.by("ward")))
    shown = [one for one in found.measures.values() if one.is_shown and one.measure.groups]
    for one in shown:
        both = sums.of(group=one.measure.groups[0])
        assert (one.change.latest.count, one.change.before.count) == (as_released(both[0]), as_released(both[1]))


def test_every_boroughs_summary_is_what_pandas_makes_of_the_same_files(london: Database, real_data: Path) -> None:
    residents = pd.read_csv(real_data / "borough-population.csv").set_index("borough_code")[
        "usual_residents_census_2021"
    ]
    expected = met_sums(real_data)
    assert len(expected) == 32
    assert set(expected[HILLINGDON].rows["ward"]) >= {HEATHROW}
    with london.reading() as session:
        administrator = accounts.viewer_by_email(session, LONDONS_ADMINISTRATOR)
        pages = [service.summary(administrator, code) for code in expected]
        for found in pages:
            is_as_summed(found, expected[found.borough_code], int(residents[found.borough_code]))
            leader = as_aggregate_reader(administrator, found.borough_code)
            is_as_rounded(
                service.summary(leader, found.borough_code, last_month=dt.date(2026, 1, 1)),
                expected[found.borough_code],
            )
        everywhere = sum(sums.of()[0] for sums in expected.values())
        people = int(residents.drop(CITY).sum())
        assert {page.police_area.rates["all-crime"] for page in pages if page.police_area} == {
            round(1000 * (5 * round(everywhere / 5)) / people, 1)
        }
        is_the_citys_own(administrator, city_sums(real_data), int(residents[CITY]))


def is_the_citys_own(administrator: Viewer, sums: Sums, residents: int) -> None:
    """The City has its own police: points, of one year, and measures that they do not tell apart have no figure."""
    found = service.summary(administrator, CITY)
    assert found.total.latest.count == sums.of()[0]
    assert found.total.before.count is None
    assert counts(found.groups) == {name: (latest, None) for name, (latest, _) in sums.by("group").items()}
    assert found.measures["violence-against-the-person"].why_not == NOT_TOLD_APART
    assert found.measures["burglary"].change.latest.count == sums.of(group="Burglary")[0]
    assert found.rate == pytest.approx(1000 * sums.of()[0] / residents)
    assert found.police_area is None
