"""Contours: ramps, peaks and holes worked by hand, nesting and areas against the squares, real burglaries enclosed."""

from itertools import pairwise
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from geo.boundaries import outline
from geo.contours import contour_areas, contour_lines, highest_density_levels
from geo.density import binned_density
from geo.frames import GeoError, to_national_grid
from geo.grid import Grid, cell_counts, cell_polygons, square_grid

WEST, SOUTH = 530_000, 180_000


def grid_of(mask: np.ndarray) -> Grid:
    return Grid(WEST, SOUTH, 100, *mask.shape, mask)


def squares_of(grid: Grid) -> shapely.Geometry:
    return shapely.union_all(cell_polygons(grid, np.flatnonzero(grid.mask)).values)


def test_a_ramp_is_cut_where_it_reaches_the_level() -> None:
    grid = grid_of(np.ones((2, 4), dtype=bool))
    ramp = np.tile([0.0, 1.0, 2.0, 3.0], (2, 1))
    areas = contour_areas(ramp, grid, [1.5, 1, 0, 3.1])
    east_of = [shapely.box(WEST + start, SOUTH, WEST + 400, SOUTH + 200) for start in (200, 150, 0)]
    assert shapely.equals(areas.array[:3], east_of).all()
    assert areas[3].is_empty
    lines = contour_lines(ramp, grid, [1.5, 0, 3.1])
    assert shapely.equals(lines[0], shapely.LineString([(WEST + 200, SOUTH), (WEST + 200, SOUTH + 200)]))
    assert lines.is_empty.tolist() == [False, True, True]
    assert (areas.crs.to_epsg(), lines.crs.to_epsg()) == (27700, 27700)


def test_a_single_peak_is_a_diamond_and_a_single_point_has_no_area() -> None:
    grid = grid_of(np.ones((3, 3), dtype=bool))
    peak = np.zeros((3, 3))
    peak[1, 1] = 1
    half, top = contour_areas(peak, grid, [0.5, 1])
    tips = [(WEST + x, SOUTH + y) for x, y in ((100, 150), (150, 200), (200, 150), (150, 100))]
    assert shapely.equals(half, shapely.Polygon(tips))
    assert top.area == 0
    assert contour_lines(peak, grid, [0.5]).length[0] == pytest.approx(4 * 50 * np.sqrt(2))


def test_a_hole_in_the_mask_stays_a_hole_and_a_missing_value_is_one() -> None:
    mask = np.ones((3, 3), dtype=bool)
    mask[1, 1] = False
    level_ground = np.ones((3, 3))
    ring = contour_areas(level_ground, grid_of(mask), [1])[0]
    assert (ring.area, len(ring.interiors)) == (8 * 100**2, 1)
    assert contour_lines(level_ground, grid_of(mask), [1]).is_empty.all()
    whole = np.ones((3, 3), dtype=bool)
    assert shapely.equals(contour_areas(np.where(mask, 1, np.nan), grid_of(whole), [1])[0], ring)
    assert contour_areas(np.full((3, 3), np.nan), grid_of(whole), [1]).is_empty.all()


@given(seed=st.integers(0, 2**32 - 1), kinds=st.sampled_from([3, 50]))
@settings(deadline=None, max_examples=40)
def test_areas_nest_keep_to_the_mask_and_agree_with_the_squares(seed: int, kinds: int) -> None:
    random = np.random.default_rng(seed)
    grid = grid_of(random.random((9, 11)) < 0.8)
    # Few different heights: levels that many squares have exactly, plateaus and saddles.
    surface = np.where(grid.mask, random.integers(0, kinds, grid.mask.shape), np.nan)
    levels = np.unique(random.integers(0, kinds, 3)).astype(float)
    areas, lines, ground = contour_areas(surface, grid, levels), contour_lines(surface, grid, levels), squares_of(grid)
    assert areas.is_valid.all()
    assert areas.difference(ground).area.max() < 1e-6
    for lower, higher in pairwise(areas):
        assert shapely.difference(higher, lower).area < 1e-6
    for level, area, line in zip(levels, areas, lines, strict=True):
        # A square all of whose surroundings are as high lies wholly within; where none are, wholly without.
        lowest = ndimage.minimum_filter(np.where(grid.mask, surface, np.inf), 5, mode="constant", cval=np.inf)
        highest = ndimage.maximum_filter(np.where(grid.mask, surface, -np.inf), 5, mode="constant", cval=-np.inf)
        surely, possibly = grid.mask & (lowest >= level), grid.mask & (highest >= level)
        assert surely.sum() * 100**2 - 1e-6 <= area.area <= possibly.sum() * 100**2 + 1e-6
        inside = cell_polygons(grid, np.flatnonzero(surely))
        assert inside.difference(area).area.sum() < 1e-6
        assert shapely.distance(line, area.boundary) < 1e-9 or line.is_empty
        assert shapely.intersection(line, ground.boundary).length < 1e-6


def test_levels_enclose_the_shares_as_worked_by_hand() -> None:
    density = np.array([[1.0, 4, 3], [np.nan, 2, 2]])
    counts = np.array([[0.0, 1, 3], [9, 2, 2]])
    # From the densest down the squares hold 1, 4, 6 and 8 of 8: two as dense as each other come together.
    levels = highest_density_levels(density, counts, shares=[0.125, 0.25, 0.5, 0.6, 1])
    assert levels.tolist() == [4, 3, 3, 2, 2]
    assert highest_density_levels(density, counts).tolist() == [3, 3, 2]


@given(seed=st.integers(0, 2**32 - 1))
@settings(deadline=None, max_examples=40)
def test_levels_enclose_their_shares_and_no_square_too_many(seed: int) -> None:
    random = np.random.default_rng(seed)
    density, counts = random.integers(0, 20, (6, 7)).astype(float), random.poisson(1, (6, 7)) + 0.1
    shares = random.uniform(0.01, 1, 4)
    for share, level in zip(shares, highest_density_levels(density, counts, shares=shares), strict=True):
        assert counts[density >= level].sum() >= share * counts.sum() - 1e-9
        assert counts[density > level].sum() < share * counts.sum()


def test_what_cannot_be_contoured_is_refused() -> None:
    grid, flat = grid_of(np.ones((2, 2), dtype=bool)), np.ones((2, 2))
    for surface in (np.ones((2, 3)), np.full((2, 2), np.inf)):
        with pytest.raises(GeoError, match="on the same grid, with NaN"):
            contour_areas(surface, grid, [1])
    for levels in ([np.nan], [[1]], 1):
        with pytest.raises(GeoError, match="list of levels"):
            contour_lines(flat, grid, levels)
    with pytest.raises(GeoError, match=r"shape \(2, 2\) and the counts \(2, 3\)"):
        highest_density_levels(flat, np.ones((2, 3)))
    for shares in ([0], [1.1], [np.nan], [50]):
        with pytest.raises(GeoError, match=r"give 0\.5"):
            highest_density_levels(flat, flat, shares=shares)
    for counts in (flat * 0, -flat, flat * np.nan):
        with pytest.raises(GeoError, match="no share can be enclosed"):
            highest_density_levels(flat, counts)


def test_half_of_a_boroughs_burglaries_lie_within_the_contour_that_says_so(real_data: Path) -> None:
    boroughs = gpd.read_file(real_data / "boroughs.gpkg")
    camden = outline(boroughs[boroughs["borough_name"] == "Camden"])
    month = real_data / "police-uk" / "metropolitan-street-burglary-only" / "2024-10-metropolitan-street.csv.gz"
    rows = pd.read_csv(month).dropna(subset=["Longitude"])
    grid = square_grid(camden, cell_metres=50)
    easting, northing = to_national_grid(rows["Longitude"], rows["Latitude"])
    counts = cell_counts(grid, easting, northing)
    density = binned_density(counts, grid, bandwidth_metres=250)
    areas = contour_areas(density, grid, highest_density_levels(density, counts))
    in_camden = shapely.intersects_xy(squares_of(grid), easting, northing)
    found = [shapely.intersects_xy(area, easting, northing)[in_camden].mean() for area in areas]
    np.testing.assert_allclose(found, [0.25, 0.5, 0.75], atol=0.06)
    assert (areas.area.diff().dropna() > 0).all()
    assert areas.area.iloc[1] < 0.3 * camden.area
