"""Which places are like one: by how many live there, how closely, and how near the middle of the city.

Crime is left out on purpose, so that a comparison of crime between such places says something.
"""

from collections import Counter
from collections.abc import Collection, Hashable, Iterable, Mapping

import geopandas as gpd
import numpy as np
import pandas as pd

from geo.frames import require_national_grid

FEATURES = ("residents", "residents_per_km2", "km_from_middle")
MOST_ALIKE = 5
LEAST_TO_COMPARE = 3
"""Among fewer places nothing can be called alike."""
SQUARE_METRES_A_KM2 = 1_000_000


def features(places: gpd.GeoDataFrame) -> pd.DataFrame:
    """Return the features of every place of a city of which the residents are known.

    Parameters
    ----------
    places : GeoDataFrame
        EPSG:27700, one row a place, with residents (persons; missing or nil where not known).

    Returns
    -------
    DataFrame
        Indexed as the places are; residents (persons), residents_per_km2 and km_from_middle. The middle is where the
        city's residents live on average.

    Raises
    ------
    GeoError
        If the places are not on the National Grid.
    """
    require_national_grid(places)
    known = places[places["residents"] > 0]
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
    """List the places nearest to one, the nearest first, by standardised Euclidean distance.

    Each feature counts alike: it is divided by its standard deviation over all places of the city. Residents and their
    density are taken by proportion (logarithms), since 5,000 more people mean more to a small
    place than to a large one.

    Parameters
    ----------
    of_all : DataFrame
        From `features`.
    code : str
        Of the place, as in the index.
    among : collection of str
        The places to choose from; itself is never one.
    most : int
        How many.

    Returns
    -------
    list of str
        None where the place's features are not known, or fewer than three places have any. Of equals the first by code.
    """
    others = of_all.index.intersection(pd.Index(sorted(set(among) - {code})))
    if code not in of_all.index or len(of_all) < LEAST_TO_COMPARE:
        return []
    scaled = _scaled(of_all)
    away = np.sqrt(((scaled - scaled.loc[code]) ** 2).sum(axis=1))
    nearest = away[others].round(9).sort_values(kind="stable")
    return [str(each) for each in nearest.index[:most]]


def families(of_all: pd.DataFrame, known_together: Mapping[str, Hashable], *, fewest: int) -> list[list[str]]:
    """Part a city's places into families that are alike, each too large for anybody to work a member out.

    The places are put in order along the line on which they differ most (the first principal component of the
    standardised features), and the line is cut. No two families share a place, so that sums of families can be taken
    from each other as one likes: what is left is families still, whole but for the places that somebody knows.

    Parameters
    ----------
    of_all : DataFrame
        From `features`.
    known_together : mapping
        Of each place, by code, the larger one that somebody may know all places of; a place without one has no family.
    fewest : int
        So many places of a family lie outside every one of the larger ones.

    Returns
    -------
    list of list of str
        Codes, sorted, from the families where people live closest to the others. Empty where not even all places
        together are enough.
    """
    placed = of_all[of_all.index.isin(list(known_together))].sort_index()
    if outside_any(placed.index, known_together) < fewest:
        return []
    scaled = _scaled(placed).to_numpy()
    along = np.linalg.svd(scaled - scaled.mean(axis=0), full_matrices=False)[2][0]
    # Either direction of a principal component would do: it is the one in which people live closer.
    closeness = scaled @ (along if along[FEATURES.index("residents_per_km2")] > 0 else -along)
    order = placed.index[np.argsort(-closeness.round(9), kind="stable")]
    left = [str(code) for code in order]
    found: list[list[str]] = []
    while left:
        enough = next(
            (size for size in range(fewest, len(left)) if outside_any(left[:size], known_together) >= fewest), len(left)
        )
        if outside_any(left[enough:], known_together) < fewest:
            enough = len(left)
        found.append(sorted(left[:enough]))
        left = left[enough:]
    return found


def outside_any(codes: Iterable[str], known_together: Mapping[str, Hashable]) -> int:
    """How many of some places nobody knows at the least, who knows all places of any one larger place."""
    its = Counter(known_together[code] for code in codes)
    return its.total() - max(its.values(), default=0)


def _scaled(of_all: pd.DataFrame) -> pd.DataFrame:
    """The features with a standard deviation of one each, residents and their density by proportion."""
    by_proportion = of_all.assign(**{name: np.log(of_all[name]) for name in FEATURES[:2]})
    return by_proportion / by_proportion.std(ddof=0).replace(0, 1)
