"""Contours of a surface on a grid: areas at or above a level, the lines around them, levels that enclose a share.

Nothing is drawn beyond the squares that have a value: no contour crosses the border of the mask or fills a hole in it.
"""

import contourpy
import geopandas as gpd
import numpy as np
import numpy.typing as npt
import shapely
from scipy import ndimage

from geo.frames import NATIONAL_GRID, BoolArray, FloatArray, GeoError, Geometry, GeometryArray
from geo.grid import Grid

SHARES = (0.25, 0.5, 0.75)


def highest_density_levels(
    density: npt.ArrayLike, counts: npt.ArrayLike, *, shares: npt.ArrayLike = SHARES
) -> FloatArray:
    """Choose the levels whose contours enclose given shares of the incidents in the least area.

    The squares are taken from the densest down until they hold the share; the level is the density of the last one.
    The squares at or above it hold the share or, by what the last one and its equals add, a little more.

    Parameters
    ----------
    density : any shape
        The surface that will be contoured, such as from `density.kernel_density`; NaN outside the mask.
    counts : same shape
        Incidents in each square (see `grid.cell_counts`), or the density itself for shares of its volume.
    shares : shape (k,)
        Each above 0, and 1 at most.

    Returns
    -------
    shape (k,)
        In the order of `shares`: the larger the share, the lower the level.

    Raises
    ------
    GeoError
        If the shapes differ, a share is not between 0 and 1, a count is missing or negative, or there is no incident.

    References
    ----------
    Hyndman (1996), The American Statistician 50(2), 120-126, on highest density regions.
    """
    surface, amounts = np.asarray(density, dtype=np.float64), np.asarray(counts, dtype=np.float64)
    wanted = np.asarray(shares, dtype=np.float64)
    if surface.shape != amounts.shape:
        raise GeoError(
            f"The density has shape {surface.shape} and the counts {amounts.shape}. Make both on the same grid."
        )
    if not ((wanted > 0) & (wanted <= 1)).all():
        raise GeoError("A share to enclose must lie above 0 and be 1 at most. For half of the incidents, give 0.5.")
    known = ~np.isnan(surface)
    values, held = surface[known], amounts[known]
    if not (held >= 0).all() or not held.sum() > 0:
        raise GeoError("No incidents were counted, or a count is missing or below zero, so no share can be enclosed.")
    order = np.argsort(-values, kind="stable")
    enclosed = held[order].cumsum()
    # What rounding takes from the sum is not worth one square more.
    last = np.searchsorted(enclosed, wanted * enclosed[-1] * (1 - 1e-12))
    levels: FloatArray = values[order][last]
    return levels


def contour_areas(surface: npt.ArrayLike, grid: Grid, levels: npt.ArrayLike) -> gpd.GeoSeries:
    """Draw where a surface is at or above each level.

    The values stand at the squares' centres; between them the surface runs straight along the lines from centre to
    centre, and from the outermost centres to the border of the mask it keeps its value. So the areas nest, and differ
    from the squares at or above the level only in squares whose neighbours lie on the other side of it.

    Parameters
    ----------
    surface : shape (n_rows, n_columns)
        A value for each square; where it is NaN, as outside the mask, nothing is drawn.
    grid : Grid
        From `grid.square_grid`.
    levels : shape (k,)
        In the surface's unit.

    Returns
    -------
    GeoSeries, k rows
        Polygons and multipolygons, EPSG:27700, in the order of `levels`; an empty one where nothing is as high.

    Raises
    ------
    GeoError
        If the surface is not the grid's or is infinite somewhere, or a level is not a number.
    """
    values, heights = _checked(surface, grid, levels)
    has_value = grid.mask & ~np.isnan(values)
    return _as_series(_areas(values, has_value, grid, heights))


def contour_lines(surface: npt.ArrayLike, grid: Grid, levels: npt.ArrayLike) -> gpd.GeoSeries:
    """Draw the lines along which a surface has each level: the edges of `contour_areas`, without the mask's border.

    Parameters
    ----------
    surface, grid, levels
        As for `contour_areas`.

    Returns
    -------
    GeoSeries, k rows
        Lines and multilines, EPSG:27700, in the order of `levels`; an empty one where the level is not crossed.

    Raises
    ------
    GeoError
        As `contour_areas`.
    """
    values, heights = _checked(surface, grid, levels)
    has_value = grid.mask & ~np.isnan(values)
    edges = shapely.boundary(_areas(values, has_value, grid, heights))
    border = shapely.boundary(_ground(has_value, grid))
    lines = shapely.line_merge(shapely.difference(edges, border))
    lines[shapely.is_empty(lines)] = shapely.MultiLineString()
    return _as_series(lines)


def _checked(surface: npt.ArrayLike, grid: Grid, levels: npt.ArrayLike) -> tuple[FloatArray, FloatArray]:
    values, heights = np.asarray(surface, dtype=np.float64), np.asarray(levels, dtype=np.float64)
    if values.shape != grid.mask.shape or np.isinf(values[grid.mask]).any():
        raise GeoError(
            f"The surface has shape {values.shape} and the grid {grid.mask.shape}, or a value in the grid is infinite. "
            "Make the surface on the same grid, with NaN where it has no value."
        )
    if heights.ndim != 1 or not np.isfinite(heights).all():
        raise GeoError("Contours need a list of levels that are numbers, such as from highest_density_levels().")
    return values, heights


def _areas(values: FloatArray, has_value: BoolArray, grid: Grid, levels: FloatArray) -> GeometryArray:
    if not has_value.any():
        return np.full(levels.size, shapely.MultiPolygon(), dtype=object)
    # Half a square lies between the outermost centres and the border: there the nearest square's value goes on.
    nearest = ndimage.distance_transform_edt(
        np.pad(~has_value, 1, constant_values=True), return_distances=False, return_indices=True
    )
    beyond = np.pad(values, 1)[tuple(nearest)]
    drawn = contourpy.contour_generator(
        grid.origin_easting + (np.arange(-1, grid.n_columns + 1) + 0.5) * grid.cell_metres,
        grid.origin_northing + (np.arange(-1, grid.n_rows + 1) + 0.5) * grid.cell_metres,
        beyond,
        name="serial",
        fill_type=contourpy.FillType.OuterOffset,
    )
    # Just below the level, so that a square that is exactly as high belongs to it.
    areas = [_polygons(*drawn.filled(np.nextafter(level, -np.inf), np.inf)) for level in levels.tolist()]
    return _only_areas(shapely.intersection(np.array(areas, dtype=object), _ground(has_value, grid)))


def _polygons(points: list[FloatArray], offsets: list[npt.NDArray[np.uint32]]) -> Geometry:
    """Turn contourpy's polygons, each the points of its rings and where each ring starts, into one geometry."""
    outlines = [
        shapely.Polygon(shell, holes)
        for shell, *holes in (
            np.split(each, starts[1:-1].tolist()) for each, starts in zip(points, offsets, strict=True)
        )
    ]
    # A contour may touch itself in a centre, and one around a single centre of just that height has no area.
    return shapely.make_valid(shapely.MultiPolygon(outlines), method="structure", keep_collapsed=False)


def _ground(has_value: BoolArray, grid: Grid) -> Geometry:
    """Draw the squares that have a value as one area: first as runs along their rows, which are few."""
    edges = np.diff(np.pad(has_value, ((0, 0), (1, 1))).astype(np.int8), axis=1)
    row, first = np.nonzero(edges == 1)
    last = np.nonzero(edges == -1)[1]
    west, east = (grid.origin_easting + column * grid.cell_metres for column in (first, last))
    south = grid.origin_northing + row * grid.cell_metres
    return shapely.union_all(shapely.box(west, south, east, south + grid.cell_metres))


def _only_areas(geometries: GeometryArray) -> GeometryArray:
    """Leave out the points and lines in which an area and the mask merely touch."""
    parts, owner = shapely.get_parts(geometries, return_index=True)
    is_area = shapely.get_type_id(parts) == shapely.GeometryType.POLYGON
    by_owner = [parts[is_area & (owner == number)] for number in range(geometries.size)]
    return np.array(
        [each[0] if each.size == 1 else shapely.MultiPolygon(list(each)) for each in by_owner], dtype=object
    )


def _as_series(geometries: GeometryArray) -> gpd.GeoSeries:
    return gpd.GeoSeries(geometries, crs=NATIONAL_GRID)
