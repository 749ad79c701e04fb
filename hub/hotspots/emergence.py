"""What kind of hotspot each ward or small area has been, month after month: new, persistent, fading and the rest.

Pure: counts by month in, one table out. It chooses no months and words nothing.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence

import geopandas as gpd
import numpy as np
import pandas as pd
from scipy import sparse

from geo import boundaries, emerging, grid
from geo.chance import DealtTotals
from geo.frames import BoolArray, FloatArray, Geometry
from geo.hotspots import NOT_TESTED, benjamini_hochberg
from hub.hotspots.scoring import Method, Scores, cells_of, choose_cell_metres, refuse_too_many

MONTHS_FOLLOWED = 24
LEAST_MONTHS = emerging.LEAST_BINS
NAMED_ON_A_SECOND_LOOK = [f"{kind}_hot" for kind in emerging.KINDS if kind not in {"sporadic", "oscillating"}]
"""Not on and off, which is too easily had once the hottest are gone: those kinds take a first look."""
MONTHS_TOGETHER = 2
"""A month is scored together with the one before."""
Q_AT_MOST = 0.05


def follow_wards(wards: gpd.GeoDataFrame, counts: pd.DataFrame, *, total: int) -> Scores:
    """Class wards by their months, hot and cold, by the chance of the same counts dealt out at random.

    Parameters
    ----------
    wards : GeoDataFrame
        Indexed by ward code, EPSG:27700.
    counts : DataFrame
        Incidents by ward code and month, a column for each month in order; wards without a row are not tested.
    total : int
        Incidents of all months, placed in a ward or not.
    """
    known = wards.index.isin(counts.index)
    months = counts.reindex(wards.index[known]).to_numpy(dtype=float)
    neighbours = boundaries.queen_neighbours(wards[known])
    z = emerging.space_time_scores(months, neighbours)
    dealt = emerging.space_time_chance(months, neighbours)
    followed, p_of_hot = _looked_twice(months, z, dealt, DealtTotals.p_two_sided)
    table = followed.set_index(wards.index[known]).reindex(wards.index)
    table["class"] = table["class"].fillna(NOT_TESTED)
    # Half of what the two-sided test lets through by chance is cold.
    flags = None if p_of_hot is None else float(known.sum()) * p_of_hot / 2
    return Scores(table, round(total - table["count"].sum()), flags)


def follow_cells(
    points: pd.DataFrame,
    months: Sequence[dt.date],
    outline: Geometry,
    wards: gpd.GeoDataFrame,
    *,
    total: int,
    cell_metres: int | None = None,
) -> Scores:
    """Class equal squares by their months: hotspots alone, by the chance of the same counts dealt out at random.

    Parameters
    ----------
    points : DataFrame
        `easting`, `northing`, `month` and `count`.
    months : sequence of date
        In order.
    outline, wards, cell_metres
        As for `scoring.score_cells`.
    total : int
        Incidents of all months, those without a place included.

    Raises
    ------
    GeoError
        If there would be too many squares.
    """
    at_once = float(points["count"].sum()) * MONTHS_TOGETHER / len(months)
    side = cell_metres or choose_cell_metres(outline, at_once, method=Method.EMERGING)
    refuse_too_many(outline, side)
    squares = grid.square_grid(outline, cell_metres=side)
    by_month = dict(iter(points.groupby("month")))
    nobody = points.iloc[:0]
    counts = np.column_stack([_counted(squares, by_month.get(month, nobody)) for month in months])
    neighbours = square_neighbours(squares)
    z = emerging.space_time_scores(counts, neighbours)
    dealt = emerging.space_time_chance(counts, neighbours)
    followed, p_of_hot = _looked_twice(counts, z, dealt, DealtTotals.p_at_least)
    table = cells_of(squares, wards)
    flags = None if p_of_hot is None else len(table) * p_of_hot
    return Scores(table.join(followed.set_index(table.index)), round(total - counts.sum()), flags, cell_metres=side)


def square_neighbours(squares: grid.Grid) -> sparse.csr_array:
    """Mark the squares around each and itself, as `boundaries.queen_neighbours` would, without drawing them."""
    row, column = np.nonzero(squares.mask)
    numbers = np.full((squares.n_rows + 2, squares.n_columns + 2), -1)
    numbers[row + 1, column + 1] = np.arange(row.size)
    around = np.column_stack([numbers[row + up, column + right] for up in range(3) for right in range(3)])
    is_square = around >= 0
    ends = np.append(0, is_square.sum(axis=1).cumsum())
    return sparse.csr_array((np.ones(ends[-1]), around[is_square], ends), shape=(row.size, row.size))


def _counted(squares: grid.Grid, points: pd.DataFrame) -> FloatArray:
    easting, northing, count = (points[name].to_numpy(dtype=float) for name in ("easting", "northing", "count"))
    counts: FloatArray = grid.cell_counts(squares, easting, northing, count)[squares.mask]
    return counts


def _looked_twice(
    counts: FloatArray, z: FloatArray, dealt: DealtTotals, chance: Callable[[DealtTotals], FloatArray]
) -> tuple[pd.DataFrame, float | None]:
    """Class each unit; where the first look finds no pattern, look again without those that were hot in any month.

    A few that are far busier than the rest would otherwise hide every lesser hotspot, and a fading one its own end.
    """
    p = np.where(np.isnan(z), np.nan, chance(dealt))
    table, p_of_hot = _classed(counts, z, p, benjamini_hochberg(p))
    if p_of_hot is None:
        return table, None
    was_once_hot: BoolArray = np.any((p <= p_of_hot) & (z > 0), axis=1)
    if was_once_hot.all():
        return table, p_of_hot
    rest = dealt.without(np.broadcast_to(was_once_hot[:, np.newaxis], z.shape))
    p = np.where(np.isnan(z), np.nan, chance(rest))
    q = benjamini_hochberg(p)
    # Those found already must not make it easier for the others.
    q[~was_once_hot] = benjamini_hochberg(p[~was_once_hot])
    again, p_again = _classed(counts, z, p, q)
    was_hidden = (table["class"] == emerging.NO_PATTERN) & again["class"].isin(NAMED_ON_A_SECOND_LOOK)
    table.loc[was_hidden] = again[was_hidden]
    return table, max(p_of_hot, p_again or 0.0) if was_hidden.any() else p_of_hot


def _classed(counts: FloatArray, z: FloatArray, p: FloatArray, q: FloatArray) -> tuple[pd.DataFrame, float | None]:
    """Class each unit; also return the largest p of a month that was called hot, if any was."""
    is_hot: BoolArray = (q <= Q_AT_MOST) & (z > 0)
    table = pd.DataFrame(
        {
            "count": counts.sum(axis=1),
            "latest_count": counts[:, -1],
            "hot_months": is_hot.sum(axis=1).astype(float),
            "z": z[:, -1],
            "p": p[:, -1],
            "q": q[:, -1],
            "class": emerging.emerging_classes(z, q, q_at_most=Q_AT_MOST),
        }
    )
    return table, float(p[is_hot].max()) if is_hot.any() else None
