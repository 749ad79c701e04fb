"""Which wards are like one: by how many live there, how closely, and how near the middle of the city. Pure.

Crime is left out on purpose, so that a comparison of crime between such wards says something.
"""

from __future__ import annotations

from collections.abc import Collection

import geopandas as gpd
import numpy as np
import pandas as pd

FEATURES = ("residents", "residents_per_km2", "km_from_middle")
MOST_ALIKE = 5
LEAST_TO_COMPARE = 3
"""Among fewer wards nothing can be called alike."""
SQUARE_METRES_A_KM2 = 1_000_000


def features(wards: gpd.GeoDataFrame) -> pd.DataFrame:
    """The features of every ward of a city of which the residents are known.

    Parameters
    ----------
    wards : GeoDataFrame
        Indexed by ward_code, with residents and geometry in metres.

    Returns
    -------
    DataFrame
        Indexed by ward_code; the columns of `FEATURES`. The middle is where the city's residents live on average.
    """
    known = wards[wards["residents"] > 0]
    residents, middle = known["residents"].to_numpy(), known.geometry.centroid
    if not len(known):
        return pd.DataFrame(columns=list(FEATURES), dtype=float)
    east, north = (np.average(each, weights=residents) for each in (middle.x, middle.y))
    return pd.DataFrame(
        {
            "residents": residents,
            "residents_per_km2": residents / (known.geometry.area.to_numpy() / SQUARE_METRES_A_KM2),
            "km_from_middle": np.hypot(middle.x - east, middle.y - north).to_numpy() / 1000,
        },
        index=known.index,
    )


def most_alike(of_all: pd.DataFrame, code: str, among: Collection[str], *, most: int = MOST_ALIKE) -> list[str]:
    """List the wards nearest to one, the nearest first.

    Each feature counts alike: it is divided by how much it differs over all wards of the city. Residents and their
    density are taken by proportion, since 5,000 more people mean more to a small ward than to a large one.

    Parameters
    ----------
    of_all
        From `features`.
    code
        Of the ward.
    among
        The wards to choose from.
    most
        How many.
    """
    others = of_all.index.intersection(pd.Index(sorted(set(among) - {code})))
    if code not in of_all.index or len(of_all) < LEAST_TO_COMPARE:
        return []
    scaled = of_all.assign(**{name: np.log(of_all[name]) for name in FEATURES[:2]})
    spread = scaled.std(ddof=0).replace(0, 1)
    away = np.sqrt((((scaled - scaled.loc[code]) / spread) ** 2).sum(axis=1))
    nearest = away[others].round(9).sort_values(kind="stable")
    return [str(each) for each in nearest.index[:most]]
