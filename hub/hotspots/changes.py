"""How the counts of wards or small areas changed from one period to another, each tested, all corrected together.

Pure: two sets of counts in, one table out. It chooses no period and words nothing.
"""

from __future__ import annotations

import calendar
import datetime as dt
from collections.abc import Iterable

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from geo import grid
from geo.change import compare_counts
from geo.frames import FloatArray, Geometry
from geo.hotspots import NOT_TESTED, benjamini_hochberg
from hub.hotspots.scoring import Method, Scores, cells_of, choose_cell_metres, refuse_too_many

RISEN, FALLEN, NO_CLEAR_CHANGE = "risen", "fallen", "no_clear_change"
LEAST_TESTED = 6
"""In both periods together. Were fewer all to fall in one of them, that would still come about by chance once in 16."""
LEAST_BASE = 30
"""Percentages on a smaller base are mostly noise, and are neither shown nor exported."""
Q_AT_MOST = 0.05
SAME_GROUND = 0.99
"""The share of a ward that two boundary sets must have in common, for its counts to be comparable."""


def compare_wards(
    wards: gpd.GeoDataFrame,
    before: pd.Series[float],
    now: pd.Series[float],
    *,
    total: int,
    exposure_ratio: float,
) -> Scores:
    """Compare the counts of wards in two periods.

    Parameters
    ----------
    wards : GeoDataFrame
        Indexed by ward code.
    before, now : Series
        Incidents by ward code; NaN or absent where nothing is known, and such wards are not tested.
    total : int
        Incidents of the period now, placed in a ward or not.
    exposure_ratio : float
        The days of the period now by those of the period before.
    """
    table = pd.DataFrame({"count": now.reindex(wards.index).astype(float)})
    unplaced = round(total - table["count"].sum())
    table, flags = compared(table, np.asarray(before.reindex(wards.index), dtype=np.float64), exposure_ratio)
    return Scores(table, unplaced, flags)


def compare_cells(
    before: pd.DataFrame,
    now: pd.DataFrame,
    outline: Geometry,
    wards: gpd.GeoDataFrame,
    *,
    total: int,
    exposure_ratio: float,
    cell_metres: int | None = None,
) -> Scores:
    """Compare the points in equal squares in two periods.

    Parameters
    ----------
    before, now : DataFrame
        `easting`, `northing` and `count` of each period.
    outline, wards, cell_metres
        As for `scoring.score_cells`.
    total : int
        Incidents of the period now, those without a place included.
    exposure_ratio : float
        The days of the period now by those of the period before.

    Raises
    ------
    GeoError
        If there would be too many squares.
    """
    incidents = float(before["count"].sum() + now["count"].sum())
    side = cell_metres or choose_cell_metres(outline, incidents, method=Method.CHANGE)
    refuse_too_many(outline, side)
    squares = grid.square_grid(outline, cell_metres=side)
    earlier, later = (
        grid.cell_counts(squares, *(points[name].to_numpy(dtype=float) for name in ("easting", "northing", "count")))
        for points in (before, now)
    )
    table = cells_of(squares, wards).assign(count=later[squares.mask])
    table, flags = compared(table, earlier[squares.mask], exposure_ratio)
    return Scores(table, round(total - later.sum()), flags, cell_metres=side)


def days_of(months: Iterable[dt.date]) -> int:
    """Count the days of some months."""
    return sum(calendar.monthrange(month.year, month.month)[1] for month in months)


def unchanged_wards(wards: gpd.GeoDataFrame, earlier: gpd.GeoDataFrame) -> pd.Index[str]:
    """Find the wards that stand for the same ground in an earlier boundary set: same code, same outline.

    Parameters
    ----------
    wards, earlier : GeoDataFrame
        Indexed by ward code, in one reference system.
    """
    codes = wards.index.intersection(earlier.index)
    one, other = (np.asarray(each.geometry.loc[codes]) for each in (wards, earlier))
    common = shapely.area(shapely.intersection(one, other))
    kept: pd.Index[str] = codes[common >= SAME_GROUND * shapely.area(shapely.union(one, other))]
    return kept


def compared(table: pd.DataFrame, before: FloatArray, exposure_ratio: float) -> tuple[pd.DataFrame, float | None]:
    """Test each unit that has enough; also say how many flags chance alone would give, at most.

    Parameters
    ----------
    table : DataFrame
        With the `count` of each unit now.
    before : shape (n,)
        What each had before; NaN where nothing is known, and such units are not tested.
    exposure_ratio : float
        The days of the period now by those of the period before.

    Returns
    -------
    The table with `count_before, difference, ratio, ratio_lower, ratio_upper, p, q, class`, and the flags by chance.
    """
    now = table["count"].to_numpy(dtype=float)
    is_tested = before + now >= LEAST_TESTED
    found = compare_counts(
        np.where(is_tested, before, np.nan), np.where(is_tested, now, np.nan), exposure_ratio=exposure_ratio
    )
    q = benjamini_hochberg(found.p)
    is_changed = q <= Q_AT_MOST
    classes = np.select(
        [~is_tested, is_changed & (found.difference > 0), is_changed], [NOT_TESTED, RISEN, FALLEN], NO_CLEAR_CHANGE
    )
    has_base = before >= LEAST_BASE
    tested = table.assign(
        count_before=before,
        difference=now - before,
        ratio=np.where(has_base, found.ratio, np.nan),
        ratio_lower=np.where(has_base, found.ratio_lower, np.nan),
        ratio_upper=np.where(has_base, found.ratio_upper, np.nan),
        p=found.p,
        q=q,
        **{"class": classes},
    )
    # An exact p is at most p with no more than that chance, so that no more are expected than as many times it.
    flags = float(is_tested.sum() * found.p[is_changed].max()) if is_changed.any() else None
    return tested, flags
