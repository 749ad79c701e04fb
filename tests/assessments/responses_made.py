"""Two years of robberies in the small city: at one place, round it, at a like place left alone, and some anywhere."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import shapely

MONTHS = [dt.date(year, month, 1) for year in (2024, 2025) for month in range(1, 13)]
BEGAN, IN_PLACE, PROMISED = dt.date(2024, 12, 15), dt.date(2025, 2, 1), dt.date(2026, 1, 5)
GROUND = shapely.box(450, 300, 600, 450)
HERE, NEARBY, THERE = (525, 375), (525, 495), (1575, 525)
A_MONTH = 30


def robberies(*, kept: float = 1.0, nearby: float = 1.0, months: list[dt.date] | None = None) -> pd.DataFrame:
    """Points by month; of those at the place and of those round it, so much is kept once the response is in place."""
    rng = np.random.default_rng(11)
    rows = []
    for month in MONTHS:
        is_after = month >= IN_PLACE
        for spot, level in ((HERE, kept if is_after else 1), (NEARBY, nearby if is_after else 1), (THERE, 1)):
            rows += [(month, "Robbery", *spot)] * int(rng.poisson(A_MONTH * level))
        anywhere = np.column_stack([rng.uniform(0, 2000, 20), rng.uniform(0, 1000, 20)]).round(1).tolist()
        rows += [(month, "Robbery", x, y) for x, y in anywhere]
    made = pd.DataFrame(rows, columns=["month", "category", "easting", "northing"])
    return made if months is None else made[made["month"].isin(months)].reset_index(drop=True)
