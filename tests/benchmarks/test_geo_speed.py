"""How fast `geo` is beside its peers, on the same input in the same run. Nothing here asserts a time.

Each pair of functions gives the same answer, or as near to it as the peer can come; tests/geo shows the equality.
"""

import warnings

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from esda.getisord import G_Local
from libpysal.weights import WSP
from pytest_benchmark.fixture import BenchmarkFixture
from scipy import sparse
from sklearn.neighbors import KernelDensity

from geo.boundaries import queen_neighbours
from geo.density import quartic_density
from geo.grid import Grid, cell_counts, cell_polygons, square_grid
from geo.hotspots import gi_star_grid
from geo.locate import Lookup, build_lookup, place

WARDS_ACROSS = 26
POINTS = 200_000
CITY = shapely.box(500_000, 160_000, 552_000, 212_000)


@pytest.fixture(scope="module")
def wards() -> gpd.GeoDataFrame:
    """676 wards with winding edges that cover a city of 52 km by 52 km, about the size of London."""
    random = np.random.default_rng(1)
    seeds = shapely.MultiPoint(random.uniform(CITY.bounds[:2], CITY.bounds[2:], (60 * WARDS_ACROSS**2, 2)))
    pieces = shapely.intersection(shapely.get_parts(shapely.voronoi_polygons(seeds, extend_to=CITY)), CITY)
    middle = shapely.get_coordinates(shapely.centroid(pieces))
    block = ((middle - CITY.bounds[:2]) / (52_000 / WARDS_ACROSS)).astype(int)
    parts = gpd.GeoDataFrame({"ward": block[:, 1] * WARDS_ACROSS + block[:, 0]}, geometry=pieces, crs=27700)
    return parts.dissolve("ward").reset_index(drop=True)


@pytest.fixture(scope="module")
def points() -> np.ndarray:
    """Incidents, clustered, each on a place of its own: the hardest case for us, who group them by place."""
    random = np.random.default_rng(2)
    centres = random.uniform(CITY.bounds[:2], CITY.bounds[2:], (400, 2))
    return np.clip(
        centres[random.integers(0, 400, POINTS)] + random.normal(0, 1500, (POINTS, 2)),
        CITY.bounds[:2],
        CITY.bounds[2:],
    )


@pytest.fixture(scope="module")
def lookup(wards: gpd.GeoDataFrame) -> Lookup:
    """The wards, prepared once as the hub does for each boundary set."""
    return build_lookup(wards)


@pytest.fixture(scope="module")
def grid() -> Grid:
    """About 43,000 squares of 250 m."""
    return square_grid(CITY, cell_metres=250)


@pytest.fixture(scope="module")
def graph(grid: Grid) -> WSP:
    """The same squares as the graph that esda needs."""
    squares = gpd.GeoDataFrame(geometry=cell_polygons(grid, np.flatnonzero(grid.mask)))
    return WSP(sparse.csr_matrix(queen_neighbours(squares, include_self=False))).to_W(silence_warnings=True)


def square_centres(grid: Grid) -> np.ndarray:
    return shapely.get_coordinates(shapely.centroid(cell_polygons(grid, np.arange(grid.mask.size)).values))


@pytest.mark.benchmark(group="points to wards: prepare")
def test_lookup_built(benchmark: BenchmarkFixture, wards: gpd.GeoDataFrame) -> None:
    benchmark(build_lookup, wards)


@pytest.mark.benchmark(group="points to wards")
def test_points_placed(benchmark: BenchmarkFixture, lookup: Lookup, points: np.ndarray) -> None:
    placed = benchmark(place, lookup, *points.T)
    assert (placed >= 0).all()


@pytest.mark.benchmark(group="points to wards")
def test_points_joined_by_geopandas(benchmark: BenchmarkFixture, wards: gpd.GeoDataFrame, points: np.ndarray) -> None:
    benchmark.extra_info["peer"] = "geopandas sjoin"

    def join() -> pd.DataFrame:
        frame = gpd.GeoDataFrame(geometry=gpd.points_from_xy(*points.T), crs=27700)
        return gpd.sjoin(frame, wards[["geometry"]], how="left", predicate="intersects")

    joined = benchmark.pedantic(join, rounds=3)
    assert joined["index_right"].notna().all()


@pytest.mark.benchmark(group="Gi* on a grid")
def test_gi_star_by_box_sums(benchmark: BenchmarkFixture, grid: Grid, points: np.ndarray) -> None:
    counts = cell_counts(grid, *points.T)
    assert np.isfinite(benchmark(gi_star_grid, counts, grid.mask)).all()


@pytest.mark.benchmark(group="Gi* on a grid")
def test_gi_star_by_esda(benchmark: BenchmarkFixture, grid: Grid, points: np.ndarray, graph: WSP) -> None:
    benchmark.extra_info["peer"] = "esda G_Local"
    counts = cell_counts(grid, *points.T)[grid.mask]

    def score() -> np.ndarray:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return G_Local(counts, graph, transform="B", star=True, permutations=0).Zs

    assert np.isfinite(benchmark.pedantic(score, rounds=3)).all()


@pytest.mark.benchmark(group="kernel density")
def test_density_summed_exactly(benchmark: BenchmarkFixture, grid: Grid, points: np.ndarray) -> None:
    assert np.isfinite(benchmark(quartic_density, *points.T, grid, bandwidth_metres=1250)).all()


@pytest.mark.benchmark(group="kernel density")
def test_density_by_scikit_learn(benchmark: BenchmarkFixture, grid: Grid, points: np.ndarray) -> None:
    benchmark.extra_info["peer"] = "scikit-learn KernelDensity"

    # It has no quartic kernel; Epanechnikov's has the same reach and the same neighbours to find.
    def estimate() -> np.ndarray:
        return KernelDensity(kernel="epanechnikov", bandwidth=1250).fit(points).score_samples(square_centres(grid))

    assert benchmark.pedantic(estimate, rounds=1).size == grid.mask.size
