"""Series for one set of areas turned into series for another, by where the people of their overlap live.

Keeps the total of every borough, and says what share of each figure was apportioned instead of known.
"""

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from scipy import sparse

from geo.frames import BoolArray, FloatArray, GeoError, GeometryArray, IntArray, require_polygons


@dataclass(frozen=True)
class Overlap:
    """How each area of one set is spread over the areas of another.

    Attributes
    ----------
    shares : csr_array, shape (n, m)
        Of what belongs to each of n areas, the share that goes to each of m. Rows add up to 1.
    sources, targets : Index
        The labels of both sets.
    is_split : shape (n,)
        Where an area goes to more than one, so that what belongs to it is apportioned.
    """

    shares: sparse.csr_array
    sources: "pd.Index[str]"
    targets: "pd.Index[str]"
    is_split: BoolArray


@dataclass(frozen=True)
class Converted:
    """Series for the new areas.

    Attributes
    ----------
    series : DataFrame, m rows
        The same columns as before.
    apportioned_share : DataFrame, m rows
        Of each figure, how much came from areas that were split, from 0 to 1; NaN where the figure is nil.
    apportioned_share_in_all : float
        The same for all figures together.
    """

    series: pd.DataFrame
    apportioned_share: pd.DataFrame
    apportioned_share_in_all: float


def population_overlap(
    sources: gpd.GeoDataFrame,
    targets: gpd.GeoDataFrame,
    blocks: gpd.GeoDataFrame,
    people: npt.ArrayLike,
    *,
    borough: str = "borough_code",
    least_share: float = 0.01,
) -> Overlap:
    """Work out how one set of areas is spread over another, by the people of small areas.

    People are spread evenly within each small area, and the people of every overlap are added up. An area goes only
    to areas of its own borough, so that borough totals are kept. Areas that share a label are the same area, since a
    ward whose boundary moves is given a new code.

    Parameters
    ----------
    sources, targets : GeoDataFrame, n and m rows
        The two sets, indexed by code; valid polygons, EPSG:27700.
    blocks : GeoDataFrame, k rows
        Small areas, such as LSOAs; valid polygons, EPSG:27700.
    people : shape (k,)
        How many live in each small area. LSOAs are made to hold about equally many, so that 1 for each will do.
    borough : str
        The column that names the borough, in both sets.
    least_share : float
        A smaller share is taken for the sliver that two drawings of one boundary leave between them.

    Returns
    -------
    Overlap
        By ground instead of people where an area has no small areas or nobody lives in them.

    Raises
    ------
    GeoError
        If the areas are not valid polygons in EPSG:27700, a label occurs twice in a set, a borough is not named, a
        number of people is negative or missing, `least_share` is not from 0 to below a half, or an area shares no
        ground with any new area of its borough.

    References
    ----------
    Goodchild & Lam (1980), Geo-Processing 1, 297-312; Office for National Statistics, Code history database, on when a
    code changes.
    """
    old, new, small = (require_polygons(areas) for areas in (sources, targets, blocks))
    residents = np.asarray(people, dtype=np.float64)
    if residents.shape != small.shape or not np.isfinite(residents).all() or (residents < 0).any():
        raise GeoError(
            f"There are {residents.size} numbers of people for {small.size} small areas, or some are missing or below "
            "zero. Give one for each."
        )
    if not 0 <= least_share < 0.5:
        raise GeoError(f"Overlaps below {least_share} cannot all be slivers. Give a share from 0 to below 0.5.")
    for areas in (sources, targets):
        _require_set(areas, borough)
    source, target = _candidates(sources, targets, old, new, borough)
    shapes = shapely.intersection(old[source], new[target])
    ground = shapely.area(shapes)
    size = (old.size, new.size)
    by_ground = sparse.csr_array((ground, (source, target)), shape=size)
    lost = by_ground.sum(axis=1) <= 0
    if lost.any():
        labels = ", ".join(str(label) for label in sources.index[lost][:5])
        raise GeoError(
            f"{lost.sum()} areas share no ground with any new area of their borough ({labels}). "
            "Check that both sets cover the same boroughs."
        )
    inhabitants = _inhabitants(source, shapes, small, residents)
    by_people = sparse.csr_array((inhabitants, (source, target)), shape=size)
    deserted = (by_people.sum(axis=1) <= 0).astype(np.float64)
    weights = _rows_times(by_people, 1 - deserted) + _rows_times(by_ground, deserted)
    shares = _without_slivers(_rows_as_shares(weights), least_share)
    return Overlap(shares, sources.index, targets.index, np.diff(shares.indptr) > 1)


def convert(series: pd.DataFrame, overlap: Overlap) -> Converted:
    """Turn series of one set of areas into series of another.

    Parameters
    ----------
    series : DataFrame, n rows
        Counts, indexed by the code of the old area in any order; any number of columns, such as months. Rates and
        medians cannot be converted: convert the counts and the populations and divide.
    overlap : Overlap
        From `population_overlap`.

    Returns
    -------
    Converted
        Its columns add up to what they did before, over every borough and over all.

    Raises
    ------
    GeoError
        If the codes are not those of the overlap's old areas, or a count is missing or negative.
    """
    if series.index.has_duplicates or set(series.index) != set(overlap.sources):
        strange = [str(label) for label in series.index.symmetric_difference(overlap.sources)[:5]]
        named = ", ".join(strange) or "one occurs twice"
        raise GeoError(
            f"The series' areas are not the {len(overlap.sources)} that the overlap was made of ({named}). "
            "Give one row for each area, with 0 where nothing was recorded."
        )
    counts = series.loc[overlap.sources].to_numpy(dtype=np.float64)
    if not np.isfinite(counts).all() or (counts < 0).any():
        raise GeoError("Some counts are missing or below zero. Give 0 where nothing was recorded.")
    spread = overlap.shares.T
    converted = spread @ counts
    apportioned = spread @ (counts * overlap.is_split[:, np.newaxis])
    share = apportioned / np.where(converted > 0, converted, np.nan)
    return Converted(
        pd.DataFrame(converted, overlap.targets, series.columns),
        pd.DataFrame(share, overlap.targets, series.columns),
        float(apportioned.sum() / converted.sum()) if converted.any() else np.nan,
    )


def _require_set(areas: gpd.GeoDataFrame, borough: str) -> None:
    if borough not in areas.columns:
        raise GeoError(f"The areas have no column '{borough}' that names their borough. Add it or name another.")
    if areas.index.has_duplicates:
        label = areas.index[areas.index.duplicated()][0]
        raise GeoError(f"Area {label} is twice in its set, so its series could not be told apart. Remove one.")


def _candidates(
    sources: gpd.GeoDataFrame, targets: gpd.GeoDataFrame, old: GeometryArray, new: GeometryArray, borough: str
) -> tuple[IntArray, IntArray]:
    """List the pairs of an old and a new area that may share what belongs to the old one."""
    source, target = shapely.STRtree(new).query(old, predicate="intersects")
    labels, new_labels = sources.index.to_numpy()[source], targets.index.to_numpy()[target]
    stays = np.isin(labels, targets.index) | np.isin(new_labels, sources.index)
    same_borough = sources[borough].to_numpy()[source] == targets[borough].to_numpy()[target]
    kept = same_borough & np.where(stays, labels == new_labels, True)
    return source[kept], target[kept]


def _inhabitants(source: IntArray, shapes: GeometryArray, blocks: GeometryArray, residents: FloatArray) -> FloatArray:
    """Count the people of each overlap; any number will do where an area has but one."""
    contested = np.bincount(source)[source] > 1
    shape, block = shapely.STRtree(blocks).query(shapes[contested], predicate="intersects")
    inside = shapely.area(shapely.intersection(shapes[contested][shape], blocks[block])) / shapely.area(blocks)[block]
    people = np.ones(source.size)
    people[contested] = np.bincount(shape, residents[block] * inside, minlength=contested.sum())
    return people


def _rows_times(matrix: sparse.csr_array, factors: FloatArray) -> sparse.csr_array:
    return sparse.csr_array(sparse.diags_array(factors) @ matrix)


def _rows_as_shares(weights: sparse.csr_array) -> sparse.csr_array:
    return _rows_times(weights, 1 / weights.sum(axis=1))


def _without_slivers(shares: sparse.csr_array, least_share: float) -> sparse.csr_array:
    largest = shares.max(axis=1).toarray()
    rows = np.repeat(np.arange(shares.shape[0]), np.diff(shares.indptr))
    # Where an area falls into very many parts, the largest stays however small it is.
    shares.data[shares.data < np.minimum(least_share, largest[rows])] = 0
    shares.eliminate_zeros()
    return _rows_as_shares(shares)
