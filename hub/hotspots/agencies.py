"""Police figures beside another agency's: where each concentrates by its own counts, and where only one does.

Pure: two sets of counts in, one table out. The two are never added together.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from functools import partial

import geopandas as gpd
import numpy as np
import pandas as pd

from geo import boundaries, chance, grid, hotspots
from geo.frames import FloatArray, Geometry
from geo.hotspots import NOT_TESTED
from hub.hotspots.scoring import Method, Scores, cells_of, choose_cell_metres, refuse_too_many, two_sided_chance

BOTH, POLICE_ONLY, NEITHER = "both", "police_only", "neither"
GAP, QUIET_GAP = "gap", "quiet_gap"
"""Hot for the other agency, while police have no more than chance gives; where they are quiet, it is a quiet gap."""
GAPS = (QUIET_GAP, GAP)
Q_AT_MOST = 0.05
P_OF_A_GAP = 0.05
"""Of police alone, uncorrected: below it their figures are high as well, and no gap is claimed."""


def compare_wards(
    wards: gpd.GeoDataFrame, police: pd.Series[float], other: pd.Series[float], *, total: int, total_beside: int
) -> Scores:
    """Test each ward's counts of police, and those of another agency, together with the neighbours'.

    Parameters
    ----------
    wards : GeoDataFrame
        Indexed by ward code, EPSG:27700.
    police, other : Series
        Incidents by ward code; a ward of which either is not known is not tested.
    total, total_beside : int
        Incidents of police and of the other, placed in a ward or not.
    """
    both = pd.DataFrame({"count": police, "count_beside": other}).reindex(wards.index).astype(float)
    known = both.notna().all(axis=1).to_numpy()
    neighbours = boundaries.queen_neighbours(wards[known])
    z, p = np.full((2, 2, known.size), np.nan)
    for at, name in enumerate(("count", "count_beside")):
        z[at, known] = hotspots.gi_star(both.loc[known, name].to_numpy(), neighbours)
        p[at, known] = two_sided_chance(both.loc[known, name].to_numpy(), neighbours)
    # Half of what a two-sided test lets through by chance is quiet.
    flags = [partial(operator.mul, int(known.sum()) / 2)] * 2
    return _classed(both, z, np.where(np.isnan(z), np.nan, p), flags, total=total, total_beside=total_beside)


def compare_cells(
    police: pd.DataFrame,
    other: pd.DataFrame,
    outline: Geometry,
    wards: gpd.GeoDataFrame,
    *,
    total: int,
    total_beside: int,
    cell_metres: int | None = None,
) -> Scores:
    """Test the points in equal squares, for hotspots alone, by the chance of the same counts dealt out at random.

    Parameters
    ----------
    police, other : DataFrame
        `easting`, `northing` and `count` of each.
    outline, wards, cell_metres
        As for `scoring.score_cells`; a square chosen here holds enough of the agency that has fewer.
    total, total_beside : int
        Incidents of police and of the other, those without a place included.

    Raises
    ------
    GeoError
        If there would be too many squares.
    """
    fewer = float(min(police["count"].sum(), other["count"].sum()))
    side = cell_metres or choose_cell_metres(outline, fewer, method=Method.AGENCIES)
    refuse_too_many(outline, side)
    squares = grid.square_grid(outline, cell_metres=side)
    counts = [
        grid.cell_counts(squares, *(points[name].to_numpy(dtype=float) for name in ("easting", "northing", "count")))
        for points in (police, other)
    ]
    dealt = [chance.dealt_totals(each, squares.mask) for each in counts]
    z = np.vstack([hotspots.gi_star_grid(each, squares.mask)[squares.mask] for each in counts])
    p = np.vstack([each.p_at_least()[squares.mask] for each in dealt])
    table = cells_of(squares, wards).assign(
        count=counts[0][squares.mask].astype(float), count_beside=counts[1][squares.mask].astype(float)
    )
    flags = [partial(_expected_flags, each) for each in dealt]
    return _classed(
        table, z, np.where(np.isnan(z), np.nan, p), flags, total=total, total_beside=total_beside, cell_metres=side
    )


def _expected_flags(dealt: chance.DealtTotals, p_at_most: float) -> float:
    return dealt.expected_flags(p_at_most=p_at_most)


def _classed(
    table: pd.DataFrame,
    z: FloatArray,
    p: FloatArray,
    expected_flags: Sequence[Callable[[float], float]],
    *,
    total: int,
    total_beside: int,
    cell_metres: int | None = None,
) -> Scores:
    """Class each area by both tests, corrected together; say how many chance alone would make hot for either."""
    q = hotspots.benjamini_hochberg(p)
    is_significant = q <= Q_AT_MOST
    hot = is_significant & (z > 0)
    is_quiet = is_significant[0] & (z[0] < 0)
    is_high = (p[0] <= P_OF_A_GAP) & (z[0] > 0)
    classes = np.select(
        [np.isnan(q).any(axis=0), hot[1] & (hot[0] | is_high), hot[1] & is_quiet, hot[1], hot[0]],
        [NOT_TESTED, BOTH, QUIET_GAP, GAP, POLICE_ONLY],
        NEITHER,
    )
    names = ("", "_beside")
    figures = {f"{kind}{names[at]}": values[at] for at in range(2) for kind, values in (("z", z), ("p", p), ("q", q))}
    flags = sum(expected(float(p[at][hot[at]].max())) for at, expected in enumerate(expected_flags) if hot[at].any())
    return Scores(
        table.assign(**figures, **{"class": classes}),
        round(total - table["count"].sum()),
        flags if hot.any() else None,
        cell_metres=cell_metres,
        unplaced_beside=round(total_beside - table["count_beside"].sum()),
    )
