"""One BCU of real London: the Met's ward file and street-level points, against pandas and esda."""

from __future__ import annotations

import datetime as dt
import warnings
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from esda.getisord import G_Local
from libpysal.weights import Queen
from scipy import stats

from geo import locate
from geo.frames import to_national_grid
from hub import audit
from hub.access import Role
from hub.accounts import service as accounts
from hub.db import Database
from hub.hotspots import service
from hub.places import service as places
from hub.uploads.classification import ANTI_SOCIAL_BEHAVIOUR
from tests.conftest import PASSWORD
from tests.hotspots.figures_given import Figures, area_of, viewing

CENTRAL_NORTH = ("E09000007", "E09000019")
COMMANDER = "commander@test.example"


@pytest.fixture
def london(database: Database, london_places: None) -> Figures:
    """Real London without figures, and the commander of one BCU."""
    with database.writing() as session:
        accounts.create_person(
            session, COMMANDER, "Commander", PASSWORD, Role.BCU_COMMANDER, bcu="Central North", actor=audit.MACHINE
        )
    return Figures(database)


def ward_file(folder: Path) -> pd.DataFrame:
    """The Met's wide file as rows, of the two boroughs."""
    wide = pd.read_csv(folder / "mps-ward-level-202402-202601.csv")
    wards = gpd.read_file(folder / "wards-2022.gpkg", layer="wards").set_index("ward_code")["borough_code"]
    wide["borough_code"] = wide["WardCode"].map(wards)
    months = {name: dt.date(int(name[:4]), int(name[4:]), 1) for name in wide if name.isdecimal()}
    names = {"WardCode": "ward_code", "MajorText": "offence_group", "MinorText": "offence_subgroup"}
    rows = wide[wide["borough_code"].isin(CENTRAL_NORTH)].rename(columns=names)
    rows = rows.melt([*names.values(), "borough_code"], list(months), "month", "count")
    rows["month"] = rows["month"].map(months)
    for name in ("offence_group", "offence_subgroup"):
        rows[name] = rows[name].str.capitalize()
    return rows[rows["count"] > 0]


def street_files(folder: Path) -> pd.DataFrame:
    """Two months of street-level points in the two boroughs."""
    files = sorted((folder / "police-uk" / "london-street-all-crime").glob("*.csv.gz"))[:2]
    columns = ["Month", "Longitude", "Latitude", "Crime type"]
    rows = pd.concat([pd.read_csv(file, usecols=columns) for file in files], ignore_index=True)
    easting, northing = to_national_grid(rows["Longitude"], rows["Latitude"])
    points = pd.DataFrame({"easting": easting.round(1), "northing": northing.round(1), "category": rows["Crime type"]})
    points["month"] = [dt.date.fromisoformat(f"{month}-01") for month in rows["Month"]]
    wards = gpd.read_file(folder / "wards-2022.gpkg", layer="wards")
    place = locate.place(locate.build_lookup(wards), points["easting"], points["northing"])
    points["borough_code"] = np.append(wards["borough_code"], "")[place]
    return points[points["borough_code"].isin(CENTRAL_NORTH)]


@pytest.mark.slow
def test_a_commander_sees_the_mets_own_counts_scored_as_esda_scores_them(
    database: Database, london: Figures, real_data: Path
) -> None:
    rows, points = ward_file(real_data), street_files(real_data)
    for code in CENTRAL_NORTH:
        london.ward_counts(code, rows[rows["borough_code"] == code])
        london.points(code, points[points["borough_code"] == code])
    year = {"first_month": dt.date(2025, 2, 1), "last_month": dt.date(2026, 1, 1)}
    with viewing(database, COMMANDER) as commander:
        bcu = area_of(commander, "Central North")
        assert bcu.borough_codes == set(CENTRAL_NORTH)
        offered = service.choices(commander, bcu)
        wards = service.overlay(commander, bcu, units="wards", method="gi_star", category="theft", **year)
        change = service.overlay(commander, bcu, units="wards", method="change", category="burglary", **year)
        kinds = service.overlay(commander, bcu, units="wards", method="emerging", category="theft", **year)
        two_months = {"first_month": dt.date(2017, 11, 1), "last_month": dt.date(2017, 12, 1)}
        cells = service.overlay(commander, bcu, units="cells", method="gi_star", category=None, **two_months)
        by_points = service.overlay(commander, bcu, units="wards", method="rate", category="Burglary", **two_months)
        shapes = places.wards(commander.session, places.boundary_sets(commander.session)[0].id, bcu.borough_codes)
    assert offered is not None
    assert (offered.first_month, offered.last_month) == tuple(year.values())

    expected = rows[rows["month"].between(*year.values()) & (rows["offence_group"] == "Theft")]
    expected = expected.groupby("ward_code")["count"].sum()
    assert wards.table["count"].to_dict() == expected.reindex(wards.table.index, fill_value=0).to_dict()
    assert (wards.tested, wards.unplaced, wards.provisional[-1]) == (37, 0, year["last_month"])
    residents = pd.read_csv(real_data / "ward-population.csv").set_index("ward_code").iloc[:, -1]
    rates = 1000 * wards.table["count"] / residents.reindex(wards.table.index)
    np.testing.assert_allclose(wards.table["rate_per_1000"], rates)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        graph = Queen.from_dataframe(shapes, use_index=False)
        scored = G_Local(wards.table["count"].to_numpy(), graph, transform="B", star=True, permutations=0)
    np.testing.assert_allclose(wards.table["z"], scored.Zs, atol=1e-9)
    assert "Holborn & Covent Garden" in wards.sentence

    before = rows[
        rows["month"].between(dt.date(2024, 2, 1), dt.date(2025, 1, 1)) & (rows["offence_group"] == "Burglary")
    ]
    before = before.groupby("ward_code")["count"].sum()
    assert change.table["count_before"].to_dict() == before.reindex(change.table.index, fill_value=0).to_dict()
    by_scipy = [
        stats.binomtest(int(now), int(now + then), 365 / 731).pvalue
        for now, then in zip(change.table["count"], change.table["count_before"], strict=True)
    ]
    # Scipy adds up all that is as unlikely, and so gives a little less than twice the smaller tail.
    np.testing.assert_allclose(change.table["p"], by_scipy, rtol=0.15, atol=0.02)
    assert "against the same months a year before (the 12 months to January 2025)" in change.sentence

    assert (len(kinds.months), kinds.tested) == (24, 37)
    assert kinds.total == rows.loc[rows["offence_group"] == "Theft", "count"].sum()
    of_name = kinds.table.set_index("ward_name")
    assert of_name.loc["Holborn & Covent Garden", "class"] in {"persistent_hot", "diminishing_hot", "intensifying_hot"}
    assert of_name.loc["Holborn & Covent Garden", "hot_months"] >= 22

    recorded = points[points["category"] != ANTI_SOCIAL_BEHAVIOUR]
    assert cells.total == len(recorded)
    assert cells.unplaced <= 5
    assert cells.cell_metres == 150
    assert 0 < len(cells.hot) < 50
    assert by_points.total == (points["category"] == "Burglary").sum()
    assert by_points.unplaced == 0
