"""The city's folder: the same files as the real data folder, in the same columns, with totals that reconcile."""

from __future__ import annotations

import csv
import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from scipy.spatial import cKDTree

from geo.frames import to_national_grid
from hub.demo import names
from hub.demo.city import EARLIER, LATER, City, place
from hub.demo.generate import Written
from hub.demo.incidents import Record
from hub.demo.police_files import OLD_LABELS

pytestmark = pytest.mark.xdist_group("demo")

LATEST, BEFORE = "mps-ward-level-202411-202610.csv", "mps-ward-level-202311-202410-old-wards.csv"


def header(path: Path) -> list[str]:
    with path.open(encoding="utf-8-sig", newline="") as lines:
        return next(csv.reader(lines))


def streets_of(folder: Path) -> list[Path]:
    return sorted((folder / "police-uk" / "nevermouth-street").glob("*.csv"))


def test_it_says_what_was_written(written: Written, happened: Record) -> None:
    assert (written.first_month, written.last_month) == ("2023-11", "2026-10")
    assert written.wards == {EARLIER: 116, LATER: 120}
    assert written.offences == len(happened.offences)
    assert written.asb_incidents == len(happened.asb)
    assert 0.01 < written.offences_not_placed / written.offences < 0.04
    assert {"CITY.json", "planted.json", LATEST, BEFORE} < set(written.files)
    assert all((written.folder / name).is_file() for name in written.files)


def test_the_same_seed_gives_the_same_files_in_another_process(folder: Path, written: Written, tmp_path: Path) -> None:
    script = "import pathlib, sys; from hub.demo.generate import write_city; write_city(pathlib.Path(sys.argv[1]))"
    # Another hash seed: nothing may hang on the order of a set.
    environment = {**os.environ, "PYTHONHASHSEED": "7"}
    subprocess.run([sys.executable, "-c", script, tmp_path / "again"], env=environment, check=True)
    again = tmp_path / "again"
    assert {path.relative_to(again).as_posix() for path in again.rglob("*.*")} == set(written.files)
    for name in written.files:
        one, other = folder / name, again / name
        if name.endswith(".gpkg"):
            assert gpd.read_file(one).equals(gpd.read_file(other))
        else:
            assert hashlib.sha256(one.read_bytes()).digest() == hashlib.sha256(other.read_bytes()).digest(), name


def test_the_city_says_that_it_is_fictional(folder: Path) -> None:
    about = json.loads((folder / "CITY.json").read_text(encoding="utf-8"))
    assert about["fictional"] is True
    assert about["name"] == names.CITY
    assert "Fictional" in about["attribution"]
    assert about["in_force_from"] == {"2016": "2016-05-05", "2025": "2025-05-01"}
    assert {change["kind"] for change in about["boundary_changes"]} >= {"split", "merged", "renamed", "recoded"}


def test_what_is_planted_is_written_beside_the_data(folder: Path, happened: Record) -> None:
    planted = json.loads((folder / "planted.json").read_text(encoding="utf-8"))
    later = set(gpd.read_file(folder / f"wards-{LATER}.gpkg")["ward_code"])
    identifiers = [hotspot["id"] for hotspot in planted["hotspots"]]
    assert len(identifiers) == len(set(identifiers)) == len(happened.hotspots)
    for hotspot in planted["hotspots"]:
        recorded = happened.offences.loc[happened.offences["hotspot"] == hotspot["id"], "month"].value_counts()
        assert {month: count for month, count in hotspot["extra_recorded"].items() if count} == recorded.to_dict()
        assert set(hotspot["ward_codes"][str(LATER)]) <= later
        assert sum(offence["share"] for offence in hotspot["offences"]) == pytest.approx(1)
    for response in planted["responses"]:
        assert {response["hotspot"], response["comparison"]} <= set(identifiers)


def test_the_ward_files_hold_exactly_what_is_placed_in_a_ward(folder: Path, happened: Record) -> None:
    offences = happened.offences
    for name, year, first in ((LATEST, LATER, "2024-11"), (BEFORE, EARLIER, "2023-11")):
        wide = pd.read_csv(folder / name)
        months = wide.columns[5:]
        assert f"{months[0][:4]}-{months[0][4:]}" == first
        own = offences[offences["month"].str.replace("-", "").isin(list(months))]
        counted = own.groupby(f"ward_{year}").size()
        in_file = wide.groupby("WardCode")[list(months)].sum().sum(axis=1)
        assert in_file.to_dict() == counted.to_dict()
        assert (wide[list(months)].sum(axis=1) > 0).all()
        assert not wide.duplicated(["MajorText", "MinorText", "WardCode"]).any()
    assert len(pd.read_csv(folder / LATEST).columns) == 5 + 24


def test_wards_do_not_sum_to_their_borough(folder: Path) -> None:
    boroughs = pd.read_csv(folder / "mps-borough-level-202411-202610.csv")
    wards = pd.read_csv(folder / LATEST)
    in_boroughs = boroughs.iloc[:, 3:].to_numpy().sum()
    in_wards = wards.iloc[:, 5:].to_numpy().sum()
    assert 0.01 < 1 - in_wards / in_boroughs < 0.04


def test_one_ward_is_listed_under_a_borough_that_is_none(folder: Path) -> None:
    wards = pd.read_csv(folder / LATEST)
    port = wards[wards["LookUp_BoroughName"] == names.PORT_WARD_LABEL]
    assert port["WardName"].unique().tolist() == [names.PORT_WARD]
    others = set(wards["LookUp_BoroughName"]) - {names.PORT_WARD_LABEL}
    assert others == set(pd.read_csv(folder / "bcu.csv")["borough_name"])


def test_the_editions_classify_and_spell_as_the_mets_do(folder: Path, real_data: Path) -> None:
    keys = ["MajorText", "MinorText"]
    for ours, theirs in (
        (LATEST, "mps-ward-level-202402-202601.csv"),
        (BEFORE, "mps-ward-level-202009-202208-old-wards.csv"),
    ):
        labels = pd.read_csv(folder / ours)[keys].drop_duplicates()
        real = pd.read_csv(real_data / theirs)[keys].drop_duplicates()
        assert set(labels.itertuples(index=False, name=None)) <= set(real.itertuples(index=False, name=None))
    for shares in OLD_LABELS.values():
        assert sum(share for _, _, share in shares) == pytest.approx(1)


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ("bcu.csv", "bcu.csv"),
        ("borough-population.csv", "borough-population.csv"),
        ("ward-population.csv", "ward-population.csv"),
        ("ward-population-2016-wards.csv", "ward-population-2018-wards.csv"),
        ("partner/fire-202311-202610.csv", "partner/lfb-incidents-sample.csv"),
        ("partner/perception-borough-202311-202610.csv", "partner/mopac-pas-borough-201412-202312.csv"),
        (
            "police-uk/nevermouth-street/2026-10-nevermouth-street.csv",
            "police-uk/city-of-london-street/2024-12-city-of-london-street.csv",
        ),
    ],
)
def test_columns_are_those_of_the_real_file(folder: Path, real_data: Path, ours: str, theirs: str) -> None:
    assert header(folder / ours) == header(real_data / theirs)


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (LATEST, "mps-ward-level-202402-202601.csv"),
        (BEFORE, "mps-ward-level-202009-202208-old-wards.csv"),
        ("mps-borough-level-202411-202610.csv", "mps-borough-level-202108-202307.csv"),
    ],
)
def test_wide_files_have_the_real_columns_before_their_months(
    folder: Path, real_data: Path, ours: str, theirs: str
) -> None:
    def split(path: Path) -> tuple[list[str], list[str]]:
        columns = header(path)
        return [name for name in columns if not name.isdigit()], [name for name in columns if name.isdigit()]

    own, months = split(folder / ours)
    real, _ = split(real_data / theirs)
    assert own == real
    assert months == sorted(months)


def test_boundary_files_have_the_real_layers_and_columns(folder: Path, real_data: Path) -> None:
    for ours, theirs, layer in (
        (f"wards-{EARLIER}.gpkg", "wards-2018.gpkg", "wards"),
        (f"wards-{LATER}.gpkg", "wards-2018.gpkg", "wards"),
        ("boroughs.gpkg", "boroughs.gpkg", "boroughs"),
    ):
        own, real = gpd.read_file(folder / ours, layer=layer), gpd.read_file(real_data / theirs, layer=layer)
        assert own.columns.tolist() == real.columns.tolist()
        assert own.crs == real.crs


def test_populations_reconcile(folder: Path) -> None:
    borough = pd.read_csv(folder / "borough-population.csv").set_index("borough_name")
    later = pd.read_csv(folder / "ward-population.csv").groupby("borough_name")["usual_residents_census_2021"].sum()
    earlier = pd.read_csv(folder / f"ward-population-{EARLIER}-wards.csv")
    assert later.to_dict() == borough["usual_residents_census_2021"].to_dict()
    by_borough = earlier.groupby("borough_name")["population_iod2019"].sum()
    assert by_borough.to_dict() == borough["mid_year_estimate_2019"].to_dict()


def test_street_level_points_are_the_same_records_moved_to_map_points(
    folder: Path, city: City, streets: pd.DataFrame, happened: Record
) -> None:
    every = pd.concat([pd.read_csv(path) for path in streets_of(folder)], ignore_index=True)
    is_asb = every["Crime type"] == "Anti-social behaviour"
    assert len(streets_of(folder)) == 36
    assert is_asb.sum() == len(happened.asb)
    assert (~is_asb).sum() == len(happened.offences)
    assert every["Crime type"].nunique() == 14
    months = every.loc[~is_asb, "Month"].value_counts()
    assert months.to_dict() == happened.offences["month"].value_counts().to_dict()
    assert every["Crime ID"].isna().equals(is_asb)
    assert every["Crime ID"].dropna().str.fullmatch("[0-9a-f]{64}").all()
    placeless = every["Longitude"].isna()
    assert 0.005 < placeless.mean() < 0.04
    assert (every.loc[placeless, "Location"] == "No Location").all()
    points = every.loc[~placeless, ["Longitude", "Latitude"]].drop_duplicates()
    assert len(points) < 9_000
    where = np.column_stack(to_national_grid(points["Longitude"], points["Latitude"]))
    metres, point = cKDTree(streets[["easting", "northing"]]).query(where)
    assert metres.max() < 0.5
    assert (place(where, city.wards[LATER]) == streets[f"ward_{LATER}"].to_numpy()[point]).all()


def test_partners_send_their_own_shapes(folder: Path, city: City) -> None:
    partner = folder / "partner"
    wards = city.wards[LATER].set_index("ward_code")["borough_name"]
    for borough in city.boroughs["borough_name"]:
        [path] = partner.glob(f"council-asb-{borough.lower().replace(' ', '-')}-*.csv")
        reports = pd.read_csv(path)
        assert reports.columns.tolist() == [
            "Date", "Hour", "Heading", "Qualifier", "Ward Code", "Easting", "Northing",
        ]  # fmt: skip
        assert set(reports["Qualifier"]) == {"Personal", "Nuisance", "Environmental"}
        assert reports["Heading"].nunique() == 13
        assert set(reports["Ward Code"].dropna().map(wards)) == {borough}
        assert 0.005 < reports["Ward Code"].isna().mean() < 0.08
    ambulance = pd.read_csv(partner / "ambulance-202311-202610.csv")
    assert set(ambulance["IllnessCategory"]) >= set(json.loads((folder / "planted.json").read_bytes())["gap"]["calls"])
    assert ambulance["IllnessCategory"].str.startswith("Assault").mean() > 0.1
    for path in partner.glob("hospital-assaults-*.csv"):
        assaults = pd.read_csv(path)
        assert len(assaults.columns) == 9
        assault = pd.to_datetime(assaults["ASSAULT DATE AND TIME"])
        arrival = pd.to_datetime(assaults["ARRIVAL DATE AND TIME AT ACCIDENT AND EMERGENCY DEPARTMENT"])
        assert (arrival > assault).all()
        assert arrival.between(
            pd.to_datetime(assaults["REPORTING PERIOD START DATE"]),
            pd.to_datetime(assaults["REPORTING PERIOD END DATE"]) + pd.Timedelta(days=1),
        ).all()
        at_home = assaults["ASSAULT LOCATION TYPE"] == "Home"
        assert assaults.loc[at_home, "ASSAULT LOCATION DESCRIPTION"].isna().all()
    records = pd.read_csv(partner / "police-offences-202311-202610.csv", dtype={"Date": str})
    assert pd.to_datetime(records["Date"], format="%d/%m/%Y").is_monotonic_increasing


def test_fire_records_hide_the_exact_place_of_homes(folder: Path) -> None:
    fires = pd.read_csv(folder / "partner" / "fire-202311-202610.csv")
    home = fires["PropertyCategory"] == "Dwelling"
    exact = ["Easting_m", "Northing_m", "Latitude", "Longitude", "Postcode_full"]
    assert fires.loc[home, exact].isna().all().all()
    assert fires.loc[~home, exact].notna().all().all()
    assert (fires["Easting_rounded"] % 100 == 50).all()
    assert fires["IncidentNumber"].is_unique


def test_the_survey_has_a_figure_for_every_borough_quarter_and_measure(folder: Path) -> None:
    survey = pd.read_csv(folder / "partner" / "perception-borough-202311-202610.csv")
    assert len(survey) == 12 * 6 * 8
    assert survey["Date"].iloc[0] == "31/12/2023"
    assert survey["Date"].iloc[-1] == "30/9/2026"
    assert survey["Proportion"].str.replace(",", ".").astype(float).between(0.05, 0.95).all()
    assert survey.groupby(["Date", "Measure"])["MPS"].nunique().eq(1).all()


def test_nothing_names_a_real_organisation(folder: Path, written: Written) -> None:
    real = ("London", "Metropolitan", "MOPAC", "NHS", "Greater Manchester")
    for name in written.files:
        if not name.endswith(".gpkg"):
            text = (folder / name).read_text(encoding="utf-8")
            assert not [word for word in real if word in text], name


def test_the_generator_needs_no_web_and_no_database() -> None:
    script = "import sys, hub.demo.generate; print(sorted({'flask', 'sqlalchemy', 'werkzeug'} & set(sys.modules)))"
    answer = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]"
