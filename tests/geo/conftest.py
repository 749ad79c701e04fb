"""Areas to test on: London's real wards of three dates, its street-level points, and random clean coverages."""

from collections.abc import Callable
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely


@pytest.fixture(scope="session", params=["wards-2014", "wards-2018", "wards-2022"])
def london_wards(request: pytest.FixtureRequest, real_data: Path) -> gpd.GeoDataFrame:
    """Every ward of London, City included, of each boundary set in turn."""
    return gpd.read_file(real_data / f"{request.param}.gpkg", layer="wards")


@pytest.fixture(scope="session")
def wards_2018(real_data: Path) -> gpd.GeoDataFrame:
    """London's wards when the street-level points of the shared files were recorded."""
    return gpd.read_file(real_data / "wards-2018.gpkg")


@pytest.fixture(scope="session")
def met_wards_2022(real_data: Path) -> gpd.GeoDataFrame:
    """The 679 wards that the Metropolitan Police serves, by code."""
    wards = gpd.read_file(real_data / "wards-2022.gpkg", layer="wards")
    return wards[wards["borough_code"] != "E09000001"].set_index("ward_code").sort_index()


@pytest.fixture(scope="session")
def street_points(real_data: Path) -> pd.DataFrame:
    """Longitude and latitude of eight months of street-level crime."""
    months = sorted((real_data / "police-uk" / "london-street-all-crime").glob("*.csv.gz"))
    return pd.concat([pd.read_csv(month, usecols=["Longitude", "Latitude"]) for month in months], ignore_index=True)


@pytest.fixture(scope="session")
def random_areas() -> Callable[[int], gpd.GeoDataFrame]:
    """Make areas that cover a square kilometre cleanly, many in several parts and with holes."""

    def make(seed: int) -> gpd.GeoDataFrame:
        random = np.random.default_rng(seed)
        square = shapely.box(530_000, 180_000, 531_000, 181_000)
        seeds = shapely.MultiPoint(random.integers((530_000, 180_000), (531_000, 181_000), (40, 2)))
        cells = shapely.get_parts(shapely.voronoi_polygons(seeds, extend_to=square))
        cells = shapely.set_precision(shapely.intersection(cells, square), 0)
        owners = random.integers(0, 8, cells.size)
        parts = gpd.GeoDataFrame({"owner": owners}, geometry=cells, crs=27700)
        return parts.dissolve("owner", method="coverage").reset_index(drop=True)

    return make
