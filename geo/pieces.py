"""Pieces of ground like a given one: copies of it moved over an area, the ring around it, and what stands on each.

It measures ground and counts points. Which pieces will do as a control is judged by `comparison_areas`.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import shapely
from shapely.affinity import translate

from geo.frames import FloatArray, GeoError, Geometry, GeometryArray, IntArray, paired_coordinates

MOST_COPIES = 20_000
HAIR_METRES = 0.001
"""By which ground is moved to the south-west for counting, so that it holds its west and south edge and no other."""
SLIVER = 0.001
"""Of the lesser outline: wards whose corners are rounded lie over each other by less."""


def ring_around(outline: Geometry, *, width_metres: float) -> Geometry:
    """Return the ground around an outline, without the outline itself.

    Parameters
    ----------
    outline : polygon or multipolygon
        EPSG:27700.
    width_metres : float
        How far the ring reaches; corners stay square.

    Raises
    ------
    GeoError
        If the width is not above zero.
    """
    if not width_metres > 0:
        raise GeoError(f"A ring of {width_metres} m has no ground. Give a width above zero.")
    ring: Geometry = shapely.difference(shapely.buffer(outline, width_metres, join_style="mitre"), outline)
    return ring


def moved_copies(outline: Geometry, within: Geometry, *, step_metres: float) -> list[Geometry]:
    """Return the copies of an outline that lie wholly inside an area, itself first.

    Each is the outline moved by whole steps to the east and north, so that all are of one shape and size. With steps
    shorter than the outline is wide, they overlap.

    Parameters
    ----------
    outline, within : polygon or multipolygon
        EPSG:27700.
    step_metres : float

    Returns
    -------
    list of geometries
        The outline as it was given, though it may reach out of the area; then the others from south to north, each row
        from west to east.

    Raises
    ------
    GeoError
        If the step is not above zero, or there would be more than `MOST_COPIES`.
    """
    if not step_metres > 0:
        raise GeoError(f"Ground cannot be moved by steps of {step_metres} m. Give a step above zero.")
    low, high = (np.asarray(end) for end in (outline.bounds[:2], outline.bounds[2:]))
    first = np.ceil((np.asarray(within.bounds[:2]) - low) / step_metres)
    last = np.floor((np.asarray(within.bounds[2:]) - high) / step_metres)
    steps = np.maximum(last - first + 1, 0)
    if steps.prod() > MOST_COPIES:
        raise GeoError(
            f"There would be {steps.prod():,.0f} copies of the ground, more than {MOST_COPIES:,}. Take longer steps."
        )
    shapely.prepare(within)
    copies = (
        translate(outline, right * step_metres, up * step_metres)
        for up in np.arange(first[1], last[1] + 1)
        for right in np.arange(first[0], last[0] + 1)
        if right or up
    )
    return [outline, *(copy for copy in copies if shapely.covers(within, copy))]


def first_apart(outlines: Sequence[Geometry], *, most: int) -> list[int]:
    """Return the positions of the first outlines that share no ground with one before them in the list returned.

    Parameters
    ----------
    outlines : sequence of n geometries
        In the order of preference.
    most : int
        How many are wanted.
    """
    kept: list[int] = []
    for position, outline in enumerate(outlines):
        if len(kept) == most:
            break
        if not any(share_ground(outline, outlines[earlier]) for earlier in kept):
            kept.append(position)
    return kept


def share_ground(one: Geometry, other: Geometry) -> bool:
    """Whether two outlines share ground, and not only an edge, a corner or the slivers that rounding leaves."""
    if not shapely.intersects(one, other):
        return False
    return bool(shapely.intersection(one, other).area > SLIVER * min(one.area, other.area))


def counts_on(
    outlines: Sequence[Geometry],
    easting: npt.ArrayLike,
    northing: npt.ArrayLike,
    columns: npt.ArrayLike,
    weights: npt.ArrayLike,
    *,
    width: int,
) -> IntArray:
    """Count points on each of some outlines, column by column. Each holds its west and south edge, and no other.

    Parameters
    ----------
    outlines : sequence of k geometries
        EPSG:27700; they may overlap.
    easting, northing : shape (n,)
        Metres; NaN where not known, which is on no outline.
    columns : shape (n,)
        To which column each point belongs, such as its month, from 0.
    weights : shape (n,)
        How many each point counts for.
    width : int
        How many columns there are.

    Returns
    -------
    shape (k, width)
    """
    x, y = paired_coordinates(easting, northing)
    column, weight = np.asarray(columns, dtype=np.int64), np.asarray(weights, dtype=np.float64)
    known = np.isfinite(x) & np.isfinite(y)
    points: GeometryArray = np.asarray(shapely.points(np.column_stack([x[known], y[known]])), dtype=np.object_)
    tree = shapely.STRtree(points)
    moved = shapely.transform(np.array(outlines, dtype=np.object_), _by_a_hair)
    on, point = tree.query(moved, predicate="intersects")
    cells = on * width + column[known][point]
    counted = np.bincount(cells, weights=weight[known][point], minlength=len(outlines) * width)
    return np.rint(counted).astype(np.int64).reshape(len(outlines), width)


def _by_a_hair(points: FloatArray) -> FloatArray:
    return points - HAIR_METRES
