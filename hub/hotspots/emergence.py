"""What kind of hotspot each ward or small area has been, month after month: new, persistent, fading and the rest.

Pure: counts by month in, one table out. It chooses no months and words nothing.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

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
NAMED_ON_A_SECOND_LOOK = [f"{kind}_hot" for kind in ("intensifying", "persistent", "diminishing", "historical")]
"""Hot nearly always. A few hot months are too easily had once the hottest are gone, so they take a first look."""
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
    p = emerging.space_time_chance(months, neighbours).p_two_sided()
    followed, p_of_hot = _classed(months, z, np.where(np.isnan(z), np.nan, p))
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

    Squares without a pattern get a second look, for which those that were hot in any month are no longer dealt: one
    square as busy as all others together would otherwise hide every lesser one, and a fading one its own end.

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
    followed, p_of_hot = _looked_twice(counts, z, dealt)
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


def _looked_twice(counts: FloatArray, z: FloatArray, dealt: DealtTotals) -> tuple[pd.DataFrame, float | None]:
    """Class each square; of a second look, keep only what is hot nearly always and had no pattern on the first."""
    p = _p_at_least(dealt, z)
    table, p_of_hot = _classed(counts, z, p)
    if p_of_hot is None:
        return table, None
    was_once_hot = ((p <= p_of_hot) & (z > 0)).any(axis=1, keepdims=True)
    again, _ = _classed(counts, z, _p_at_least(dealt.without(np.broadcast_to(was_once_hot, z.shape)), z))
    was_hidden = (table["class"] == emerging.NO_PATTERN) & again["class"].isin(NAMED_ON_A_SECOND_LOOK)
    table.loc[was_hidden] = again[was_hidden]
    return table, p_of_hot


def _p_at_least(dealt: DealtTotals, z: FloatArray) -> FloatArray:
    return np.where(np.isnan(z), np.nan, dealt.p_at_least())


def _classed(counts: FloatArray, z: FloatArray, p: FloatArray) -> tuple[pd.DataFrame, float | None]:
    """Class each unit; also return the largest p of a month that was called hot, if any was."""
    q = benjamini_hochberg(p)
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
