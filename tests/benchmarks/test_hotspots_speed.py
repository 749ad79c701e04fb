"""How fast `geo` is beside its peers, on the same input in the same run, from ten thousand points to ten million.

Each pair of functions gives the same answer, or as near to it as the peer can come; tests/geo shows the equality.
Nothing here asserts a time. A peer is left out where it would take minutes; what is printed then says nothing of it.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import polars as pl
import pytest
import shapely
from esda.getisord import G_Local
from KDEpy import FFTKDE
from libpysal.weights import WSP
from pytest_benchmark.fixture import BenchmarkFixture
from scipy import sparse
from sklearn.neighbors import KernelDensity

from geo.boundaries import queen_neighbours
from geo.density import binned_density, quartic_density
from geo.grid import Grid, cell_counts, cell_polygons, square_grid
from geo.hotspots import gi_star_grid
from geo.locate import Lookup, build_lookup, place
from geo.permutation import exact_tails_grid, sampled_tails_grid

WARDS_ACROSS = 26
SIZES = (10_000, 100_000, 1_000_000, 10_000_000)
MAP_POINTS = 80_000
BANDWIDTH_METRES = 1250
PERMUTATIONS = 999
CITY = shapely.box(500_000, 160_000, 552_000, 212_000)
EXTENT = (500_000, 552_000), (160_000, 212_000)

Timed = Callable[..., Any]


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


@pytest.fixture(scope="module", params=SIZES, ids=str)
def points(request: pytest.FixtureRequest) -> np.ndarray:
    """Incidents, clustered, each on a place of its own: the hardest case for us, who group them by place."""
    return clustered(request.param, seed=2)


@pytest.fixture(scope="module")
def lookup(wards: gpd.GeoDataFrame) -> Lookup:
    """The wards, prepared once as the hub does for each boundary set."""
    return build_lookup(wards)


@pytest.fixture(scope="module")
def grid() -> Grid:
    """About 43,000 squares of 250 m."""
    return square_grid(CITY, cell_metres=250)


@pytest.fixture(scope="module")
def fine_grid() -> Grid:
    """270,400 squares of 100 m."""
    return square_grid(CITY, cell_metres=100)


@pytest.fixture(scope="module")
def graph(grid: Grid) -> WSP:
    """The 250 m squares as the graph that esda needs."""
    squares = gpd.GeoDataFrame(geometry=cell_polygons(grid, np.flatnonzero(grid.mask)))
    return WSP(sparse.csr_matrix(queen_neighbours(squares, include_self=False))).to_W(silence_warnings=True)


@pytest.fixture
def timed(benchmark: BenchmarkFixture, request: pytest.FixtureRequest) -> Timed:
    """Time a function under the name of its task and of the number of points, then tell what memory it takes."""

    def run(
        task: str,
        size: int,
        function: Callable[..., Any],
        *arguments: Any,
        peer: str = "",
        rounds: int = 5,
        **named: Any,
    ) -> Any:
        benchmark.group = f"{task}, {size:,} points"
        benchmark.extra_info |= {"peer": peer} if peer else {}
        # What is made once is not what is timed; and a run that is not timed tells what memory one takes.
        peak = peak_megabytes(function, *arguments, **named)
        if peak is not None:
            benchmark.extra_info["peak_megabytes"] = peak
        return benchmark.pedantic(function, arguments, named, rounds=rounds)

    return run


def clustered(size: int, *, seed: int) -> np.ndarray:
    random = np.random.default_rng(seed)
    west, south, east, north = CITY.bounds
    centres = random.uniform((west, south), (east, north), (400, 2))
    spread = centres[random.integers(0, 400, size)] + random.normal(0, 1500, (size, 2))
    return (west, south) + (spread - (west, south)) % (east - west, north - south)


def on_map_points(points: np.ndarray) -> np.ndarray:
    """The same number of incidents on a fixed list of places, as street-level points are."""
    places = clustered(MAP_POINTS, seed=3)
    return places[np.random.default_rng(4).integers(0, MAP_POINTS, len(points))]


def peak_megabytes(function: Callable[..., Any], *arguments: Any, **named: Any) -> float | None:
    """How far the process grew while the function ran; None where the system does not tell."""
    status, forget = Path("/proc/self/status"), Path("/proc/self/clear_refs")
    if not forget.exists():
        return None

    def kilobytes(name: str) -> int:
        line = next(line for line in status.read_text("ascii").splitlines() if line.startswith(name))
        return int(line.split()[1])

    forget.write_text("5")
    before = kilobytes("VmRSS")
    function(*arguments, **named)
    return round((kilobytes("VmHWM") - before) / 1000, 1)


def square_centres(grid: Grid) -> np.ndarray:
    return shapely.get_coordinates(shapely.centroid(cell_polygons(grid, np.arange(grid.mask.size)).values))


def joined(areas: gpd.GeoDataFrame, points: np.ndarray) -> pd.DataFrame:
    frame = gpd.GeoDataFrame(geometry=gpd.points_from_xy(*points.T), crs=27700)
    return gpd.sjoin(frame, areas[["geometry"]], how="left", predicate="intersects")


# --- Points to wards -------------------------------------------------------------------------------------------------

PLACING, PLACING_SNAPPED = "points to wards", "points to wards, on 80,000 map points"


def test_placed(timed: Timed, lookup: Lookup, points: np.ndarray) -> None:
    x, y = np.ascontiguousarray(points.T)
    assert (timed(PLACING, len(points), place, lookup, x, y) >= 0).all()


def test_placed_by_geopandas(timed: Timed, wards: gpd.GeoDataFrame, points: np.ndarray) -> None:
    found = timed(PLACING, len(points), joined, wards, points, peer="geopandas sjoin", rounds=1)
    assert found["index_right"].notna().all()


def test_placed_on_map_points(timed: Timed, lookup: Lookup, points: np.ndarray) -> None:
    x, y = np.ascontiguousarray(on_map_points(points).T)
    assert (timed(PLACING_SNAPPED, len(points), place, lookup, x, y) >= 0).all()


def test_placed_on_map_points_by_geopandas(timed: Timed, wards: gpd.GeoDataFrame, points: np.ndarray) -> None:
    snapped = on_map_points(points)
    found = timed(PLACING_SNAPPED, len(points), joined, wards, snapped, peer="geopandas sjoin", rounds=1)
    assert found["index_right"].notna().all()


# --- Counts in squares -----------------------------------------------------------------------------------------------

COUNTING = "counts in 100 m squares"


def test_counted(timed: Timed, fine_grid: Grid, points: np.ndarray) -> None:
    x, y = np.ascontiguousarray(points.T)
    assert timed(COUNTING, len(points), cell_counts, fine_grid, x, y).sum() == len(points)


def test_counted_by_one_bare_pass(timed: Timed, points: np.ndarray) -> None:
    x, y = np.ascontiguousarray(points.T)
    timed(COUNTING, len(points), lambda: (x.max(), y.max()), peer="one bare pass over the coordinates")


def test_counted_by_polars(timed: Timed, fine_grid: Grid, points: np.ndarray) -> None:
    frame = pl.DataFrame(points, schema=["x", "y"])
    column = ((pl.col("x") - fine_grid.origin_easting) / 100).floor().cast(pl.Int32)
    row = ((pl.col("y") - fine_grid.origin_northing) / 100).floor().cast(pl.Int32)
    counted = timed(COUNTING, len(points), lambda: frame.group_by(column, row).len(), peer="polars group_by")
    assert counted["len"].sum() == len(points)


def test_counted_by_geopandas(timed: Timed, fine_grid: Grid, points: np.ndarray) -> None:
    if len(points) > 1_000_000:
        pytest.skip("geopandas takes minutes")
    squares = gpd.GeoDataFrame(geometry=cell_polygons(fine_grid, np.flatnonzero(fine_grid.mask)))

    def count() -> pd.Series[int]:
        return joined(squares, points)["index_right"].value_counts()

    assert timed(COUNTING, len(points), count, peer="geopandas sjoin", rounds=1).sum() >= len(points)


# --- Kernel density --------------------------------------------------------------------------------------------------

DENSITY = "kernel density, 100 m squares"


def test_density_binned(timed: Timed, fine_grid: Grid, points: np.ndarray) -> None:
    x, y = np.ascontiguousarray(points.T)

    def estimate() -> np.ndarray:
        return binned_density(cell_counts(fine_grid, x, y), fine_grid, bandwidth_metres=BANDWIDTH_METRES)

    assert np.isfinite(timed(DENSITY, len(points), estimate)).all()


def test_density_by_kdepy(timed: Timed, fine_grid: Grid, points: np.ndarray) -> None:
    size = fine_grid.n_rows

    # It has no quartic of this width; its Epanechnikov kernel has the same reach and is as much work.
    def estimate() -> np.ndarray:
        return FFTKDE(kernel="epa", bw=BANDWIDTH_METRES / 2.236).fit(points).evaluate((size, size))[1]

    assert timed(DENSITY, len(points), estimate, peer="KDEpy FFTKDE", rounds=3).size == size**2


def test_density_exact(timed: Timed, grid: Grid, points: np.ndarray) -> None:
    if len(points) > 1_000_000:
        pytest.skip("the exact sum over ten million points takes minutes; the map counts them by place first")
    x, y = np.ascontiguousarray(points.T)
    task = "kernel density, exact, 250 m squares"
    surface = timed(task, len(points), quartic_density, x, y, grid, bandwidth_metres=BANDWIDTH_METRES, rounds=3)
    assert np.isfinite(surface).all()


def test_density_exact_by_scikit_learn(timed: Timed, grid: Grid, points: np.ndarray) -> None:
    if len(points) > 100_000:
        pytest.skip("scikit-learn takes minutes")

    # It has no quartic kernel; Epanechnikov's has the same reach and the same neighbours to find.
    def estimate() -> np.ndarray:
        kernel = KernelDensity(kernel="epanechnikov", bandwidth=BANDWIDTH_METRES)
        return kernel.fit(points).score_samples(square_centres(grid))

    task = "kernel density, exact, 250 m squares"
    assert timed(task, len(points), estimate, peer="scikit-learn KernelDensity", rounds=1).size == grid.mask.size


# --- Gi* and its chance ----------------------------------------------------------------------------------------------

GI_STAR = "Gi*, 250 m squares"
CHANCE, CHANCE_SAMPLED = "exact chance of each of 250 m squares", "chance of each of 250 m squares, 9,999 draws"
LARGEST_COUNT_DEALT_EXACTLY = 3000


def test_gi_star(timed: Timed, grid: Grid, points: np.ndarray) -> None:
    counts = cell_counts(grid, *points.T)
    assert np.isfinite(timed(GI_STAR, len(points), gi_star_grid, counts, grid.mask)).all()


def test_gi_star_by_esda(timed: Timed, grid: Grid, points: np.ndarray, graph: WSP) -> None:
    counts = cell_counts(grid, *points.T)[grid.mask]
    scored = timed(GI_STAR, len(points), by_esda, counts, graph, 0, peer="esda G_Local", rounds=3)
    assert np.isfinite(scored.Zs).all()


def test_gi_star_chance(timed: Timed, grid: Grid, points: np.ndarray) -> None:
    counts = cell_counts(grid, *points.T)
    if counts.max() > LARGEST_COUNT_DEALT_EXACTLY:
        tails = timed(CHANCE_SAMPLED, len(points), sampled_tails_grid, counts, grid.mask, seed=1, rounds=3)
    else:
        tails = timed(CHANCE, len(points), exact_tails_grid, counts, grid.mask, rounds=3)
    assert np.isfinite(tails.two_sided[grid.mask]).all()


def test_gi_star_chance_by_esda(timed: Timed, grid: Grid, points: np.ndarray, graph: WSP) -> None:
    counts = cell_counts(grid, *points.T)[grid.mask]
    peer = f"esda G_Local, {PERMUTATIONS} permutations"
    task = CHANCE_SAMPLED if counts.max() > LARGEST_COUNT_DEALT_EXACTLY else CHANCE
    scored = timed(task, len(points), by_esda, counts, graph, PERMUTATIONS, peer=peer, rounds=1)
    assert np.isfinite(scored.p_sim).all()


def by_esda(counts: np.ndarray, graph: WSP, permutations: int) -> G_Local:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return G_Local(counts, graph, transform="B", star=True, permutations=permutations, seed=1)
