"""A year of robberies in the small city: many at one place, as many at another, and some all over."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import shapely

from hub.baselines.series import Piece

YEAR = [dt.date(2025, month, 1) for month in range(1, 13)]
DECEMBER = YEAR[-1]
UNIT = "150m-E450-N300"
PLACE = Piece("E300-N150", "The Mead", (), shapely.box(300, 150, 750, 600))


def robberies(
    *, each: int = 4, alike: int = 0, spread: int = 40, since: int = 1, at_one_point: bool = False
) -> pd.DataFrame:
    """So many a month in each of nine squares of 150 m from a month on, so many at the other place, some anywhere.

    Or all of the nine squares' at the middle one: a hotspot is then these nine, and not those around them as well.
    """
    steps = [(0, 0)] * 9 if at_one_point else [(right, up) for right in (-150, 0, 150) for up in (-150, 0, 150)]
    here = [(525 + right, 375 + up) for right, up in steps]
    there = [(1575 + right, 525 + up) for right, up in steps]
    rng = np.random.default_rng(7)
    rows = []
    for month in YEAR:
        anywhere = np.column_stack([rng.uniform(0, 2000, spread), rng.uniform(0, 1000, spread)]).round(1).tolist()
        busy = here * each if month.month >= since else []
        rows += [(month, "Robbery", x, y) for x, y in [*busy, *(there * alike), *anywhere]]
    return pd.DataFrame(rows, columns=["month", "category", "easting", "northing"])


def on_wards(counts: dict[str, int]) -> pd.DataFrame:
    """So many robberies in each ward and month of the year."""
    return pd.DataFrame(
        [(month, ward, "Robbery", "Robbery", count) for month in YEAR for ward, count in counts.items()],
        columns=["month", "ward_code", "offence_group", "offence_subgroup", "count"],
    )
