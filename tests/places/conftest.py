"""Folders of place files."""

from __future__ import annotations

import json
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest

from tests.places.nine_wards import BCUS, CITY, WriteCity, nine_wards, three_boroughs


@pytest.fixture
def write_small_city(tmp_path: Path) -> WriteCity:
    """Write the nine wards, their boroughs, BCUs and residents into a folder, each part as given or left out."""

    def write(
        name: str = "city",
        *,
        wards: gpd.GeoDataFrame | None = None,
        boroughs: gpd.GeoDataFrame | None = None,
        bcus: dict[str, str] = BCUS,
        city: dict[str, object] = CITY,
        leave_out: tuple[str, ...] = (),
    ) -> Path:
        wards = nine_wards() if wards is None else wards
        boroughs = three_boroughs() if boroughs is None else boroughs
        residents = pd.DataFrame({"ward_code": wards["ward_code"], "usual_residents_census_2021": 10_000})
        of_boroughs = pd.DataFrame({"borough_code": boroughs["borough_code"], "usual_residents_census_2021": 30_000})
        folder = tmp_path / name
        folder.mkdir()
        (folder / "CITY.json").write_text(json.dumps(city), "utf-8")
        boroughs.to_file(folder / "boroughs.gpkg")
        wards.to_file(folder / "wards-2020.gpkg", layer="wards")
        pd.DataFrame(bcus.items(), columns=["borough_code", "bcu_name"]).to_csv(folder / "bcu.csv", index=False)
        residents.to_csv(folder / "ward-population.csv", index=False)
        of_boroughs.assign(mid_year_estimate_2023=31_000).to_csv(folder / "borough-population.csv", index=False)
        for each in leave_out:
            (folder / each).unlink()
        return folder

    return write
