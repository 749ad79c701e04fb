"""Sets of areas: whether they cover the ground cleanly, who neighbours whom, their outline, their shapes for a map.

Never mends anything unasked: `check_coverage` reports, `repair` repairs.
"""

import json
from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from scipy import sparse

from geo.frames import (
    NATIONAL_GRID,
    POLYGONAL,
    FloatArray,
    GeoError,
    Geometry,
    GeometryArray,
    geometries_of,
    require_national_grid,
    require_polygons,
    to_longitude_latitude,
)

_SIX_DECIMALS = 6


@dataclass(frozen=True)
class CoverageCheck:
    """What stands between a set of areas and a clean coverage.

    Attributes
    ----------
    invalid : Series of str
        Index label of each area without a valid polygon, and what is wrong with it.
    overlaps : DataFrame
        Columns `first` and `second` (index labels of the two areas) and `square_metres`.
    gaps : GeoDataFrame
        The holes that the areas leave between them: `square_metres` and their geometry.
    tolerance_square_metres : float
        Overlaps and gaps no larger than this are slivers, and are not listed.
    """

    invalid: "pd.Series[str]"
    overlaps: pd.DataFrame
    gaps: gpd.GeoDataFrame
    tolerance_square_metres: float

    @property
    def is_clean(self) -> bool:
        """Whether nothing was found."""
        return self.invalid.empty and self.overlaps.empty and self.gaps.empty


def check_coverage(
    areas: gpd.GeoDataFrame,
    *,
    known_gaps: Geometry | None = None,
    tolerance_square_metres: float = 1.0,
) -> CoverageCheck:
    """Find invalid areas, overlaps between areas and gaps amid them.

    Overlaps and gaps are sought on the repaired shapes, so that one invalid area does not hide the rest. A gap is
    a hole in the union of the areas; water that reaches the outside is none.

    Parameters
    ----------
    areas : GeoDataFrame, n rows
        EPSG:27700.
    known_gaps : polygon or multipolygon, optional
        Ground that is rightly no area of the set, such as the City of London in a set of Metropolitan Police wards.
    tolerance_square_metres : float
        The largest overlap or gap that is ignored as a sliver.

    Returns
    -------
    CoverageCheck

    Raises
    ------
    GeoError
        If the coordinate system is not EPSG:27700.
    """
    require_national_grid(areas)
    geometries = geometries_of(areas)
    faults = pd.Series([_fault(geometry) for geometry in geometries], index=areas.index, dtype=str)
    polygons = _polygonal(geometries)
    solid = ~(shapely.is_missing(polygons) | shapely.is_empty(polygons))
    polygons, labels = polygons[solid], areas.index[solid]
    return CoverageCheck(
        invalid=faults[faults != ""],
        overlaps=_overlaps(polygons, labels, tolerance_square_metres),
        gaps=_gaps(polygons, known_gaps, tolerance_square_metres),
        tolerance_square_metres=tolerance_square_metres,
    )


def repair(areas: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return the areas with valid polygons, changing only those that have none.

    GEOS's structure method: shells bound an area, holes are taken out of it. Stray lines and points are dropped.
    Overlaps and gaps between areas stay as they are.

    Parameters
    ----------
    areas : GeoDataFrame, n rows
        EPSG:27700.

    Returns
    -------
    GeoDataFrame, n rows
        Same index, columns and order.

    Raises
    ------
    GeoError
        If the coordinate system is not EPSG:27700, or an area encloses no ground at all.
    """
    require_national_grid(areas)
    polygons = _polygonal(geometries_of(areas))
    hollow = shapely.is_missing(polygons) | shapely.is_empty(polygons)
    if hollow.any():
        labels = ", ".join(str(label) for label in areas.index[hollow][:5])
        raise GeoError(
            f"{hollow.sum()} of {hollow.size} areas enclose no ground (rows {labels}), so there is nothing to repair. "
            "Correct or remove them in the source file."
        )
    repaired: gpd.GeoDataFrame = areas.set_geometry(gpd.GeoSeries(polygons, index=areas.index, crs=areas.crs))
    return repaired


def queen_neighbours(
    areas: gpd.GeoDataFrame, *, include_self: bool = True, within_metres: float = 0.05
) -> sparse.csr_array:
    """Mark the areas that share an edge or a corner.

    Parameters
    ----------
    areas : GeoDataFrame, n rows
        Valid polygons, EPSG:27700.
    include_self : bool
        Whether an area is its own neighbour, as Gi* needs.
    within_metres : float
        How far apart edges may lie and still meet. The default bridges the rounding of coordinates to 0.1 m and is
        far below the narrowest river.

    Returns
    -------
    csr_array of float, shape (n, n)
        1 where two areas are neighbours, otherwise 0. Symmetric, in the order of the rows.

    Raises
    ------
    GeoError
        If the areas are not valid polygons in EPSG:27700.
    """
    polygons = require_polygons(areas)
    one, other = shapely.STRtree(polygons).query(polygons, predicate="dwithin", distance=within_metres)
    kept = np.ones(one.size, dtype=bool) if include_self else one != other
    size = polygons.size
    neighbours = sparse.csr_array((np.ones(kept.sum()), (one[kept], other[kept])), shape=(size, size))
    neighbours.sort_indices()
    return neighbours


def outline(areas: gpd.GeoDataFrame) -> Geometry:
    """Merge areas into the one shape that they cover.

    Fast where the areas are a clean coverage; where they are not, by a full union, which overlaps cannot mislead.

    Parameters
    ----------
    areas : GeoDataFrame, n rows
        Polygons, EPSG:27700; invalid ones are repaired first.

    Returns
    -------
    polygon or multipolygon
        In metres, EPSG:27700.

    Raises
    ------
    GeoError
        If the coordinate system is not EPSG:27700, or the areas enclose no ground.
    """
    require_national_grid(areas)
    polygons = _polygonal(geometries_of(areas))
    merged = _merged(polygons[~shapely.is_missing(polygons)])
    if merged.is_empty:
        raise GeoError(f"The {polygons.size} areas enclose no ground, so they have no outline. Check the source file.")
    return merged


def to_geojson_geometries(geometries: gpd.GeoSeries, *, tolerance_metres: float) -> list[dict[str, Any]]:
    """Write polygons as GeoJSON geometries, simplified together so that neighbours still meet.

    Parameters
    ----------
    geometries : GeoSeries, n rows
        Polygons, EPSG:27700.
    tolerance_metres : float
        A corner is removed where the triangle that it makes is smaller than the square of this; 0 keeps them all.

    Returns
    -------
    list of n dicts
        GeoJSON geometries: longitude and latitude with 6 decimals (about 0.1 m), shells anticlockwise.

    Raises
    ------
    GeoError
        If the coordinate system is not EPSG:27700, a geometry encloses no ground, or the tolerance is negative.

    References
    ----------
    RFC 7946; Visvalingam & Whyatt (1993), The Cartographic Journal 30(1).
    """
    if not tolerance_metres >= 0:
        raise GeoError(f"Shapes cannot be simplified by {tolerance_metres} m. Give a tolerance of 0 or more.")
    polygons = geometries_of(repair(gpd.GeoDataFrame(geometry=geometries)))
    if tolerance_metres > 0:
        polygons = shapely.coverage_simplify(polygons, tolerance_metres)
    polygons = shapely.orient_polygons(shapely.transform(polygons, _rounded_degrees))
    return [json.loads(text) for text in shapely.to_geojson(polygons)]


def _rounded_degrees(metres: FloatArray) -> FloatArray:
    degrees = np.column_stack(to_longitude_latitude(metres[:, 0], metres[:, 1]))
    return np.round(degrees, _SIX_DECIMALS)


def _fault(geometry: Geometry | None) -> str:
    if geometry is None:
        return "No geometry"
    if geometry.is_empty:
        return "Empty geometry"
    if shapely.get_type_id(geometry) not in POLYGONAL:
        return f"{geometry.geom_type}, not a polygon"
    return "" if geometry.is_valid else str(shapely.is_valid_reason(geometry))


def _polygonal(geometries: GeometryArray) -> GeometryArray:
    polygons = geometries.copy()
    # GEOS would turn the rings of a valid polygon too.
    invalid = ~shapely.is_valid(polygons)
    polygons[invalid] = shapely.make_valid(polygons[invalid], method="structure", keep_collapsed=False)
    for row in np.flatnonzero(~np.isin(shapely.get_type_id(polygons), POLYGONAL) & ~shapely.is_missing(polygons)):
        parts = shapely.get_parts(polygons[row])
        polygons[row] = shapely.union_all(parts[shapely.get_dimensions(parts) == 2])
    return polygons


def _merged(polygons: GeometryArray) -> Geometry:
    if shapely.coverage_is_valid(polygons):
        return shapely.coverage_union_all(polygons)
    return shapely.union_all(polygons)


def _overlaps(polygons: GeometryArray, labels: "pd.Index[Any]", tolerance_square_metres: float) -> pd.DataFrame:
    # Of two areas that overlap at least one has an edge where it should not be: of one within another, the inner.
    suspects = np.flatnonzero(~shapely.is_empty(shapely.coverage_invalid_edges(polygons)))
    suspect, near = shapely.STRtree(polygons).query(polygons[suspects], predicate="intersects")
    pairs = np.sort(np.column_stack([suspects[suspect], near]), axis=1)
    one, other = np.unique(pairs[pairs[:, 0] < pairs[:, 1]], axis=0).T
    shared = shapely.area(shapely.intersection(polygons[one], polygons[other]))
    listed = shared > tolerance_square_metres
    overlaps = {"first": labels[one[listed]], "second": labels[other[listed]], "square_metres": shared[listed]}
    return pd.DataFrame(overlaps).sort_values("square_metres", ascending=False, ignore_index=True)


def _gaps(polygons: GeometryArray, known_gaps: Geometry | None, tolerance_square_metres: float) -> gpd.GeoDataFrame:
    covered = _merged(polygons)
    parts = shapely.get_parts(covered)
    holes = [shapely.Polygon(ring) for part in parts if not part.is_empty for ring in part.interiors]
    # An area may stand as an island within a hole.
    bare = shapely.difference(np.array(holes, dtype=object), covered)
    if known_gaps is not None:
        bare = shapely.difference(bare, known_gaps)
    pieces = shapely.get_parts(bare)
    pieces = pieces[shapely.area(pieces) > tolerance_square_metres]
    gaps = gpd.GeoDataFrame({"square_metres": shapely.area(pieces)}, geometry=pieces, crs=NATIONAL_GRID)
    return gaps.sort_values("square_metres", ascending=False, ignore_index=True)
