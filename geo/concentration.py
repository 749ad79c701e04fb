"""How few places hold how much: Lorenz curve, Gini, shares of places, and what chance alone would give.

Any set of counts looks concentrated where incidents are few; nothing here is to be read without its chance.
"""

from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt

from geo.frames import FloatArray, GeoError, IntArray

_ROUNDING = 1e-12


@dataclass(frozen=True)
class LorenzCurve:
    """What share of the total the busiest share of places holds.

    Attributes
    ----------
    places, total : shape (n + 1,)
        Cumulative shares, the busiest place first, from 0 to 1.
    """

    places: FloatArray
    total: FloatArray


@dataclass(frozen=True)
class Concentration:
    """How unevenly a total is spread over places.

    Attributes
    ----------
    gini : float
        0 where all places have the same, near 1 where one has all; NaN throughout where there is nothing to spread.
    generalised_gini : float
        The same, but 0 where the incidents are spread as evenly as whole incidents can be: equal to `gini` where there
        are at least as many incidents as places.
    share_with_quarter, share_with_half : float
        Smallest share of the places that holds 25% or 50% of the total.
    """

    gini: float
    generalised_gini: float
    share_with_quarter: float
    share_with_half: float


@dataclass(frozen=True)
class ConcentrationByChance:
    """How concentrated the same number of incidents is when each falls on any place with equal chance.

    Attributes
    ----------
    expected : Concentration
        Means over the draws.
    lower, upper : Concentration
        Between which 95% of the draws lie, each measure by itself.
    draws : int
        How many were made.
    """

    expected: Concentration
    lower: Concentration
    upper: Concentration
    draws: int


def lorenz_curve(values: npt.ArrayLike) -> LorenzCurve:
    """Add up places from the busiest down.

    Parameters
    ----------
    values : shape (n,)
        Counts or weighted values, one for each place, those with nothing included.

    Returns
    -------
    LorenzCurve
        The total's shares are NaN where all values are nil.

    Raises
    ------
    GeoError
        If there is no place, or a value is missing or negative.

    References
    ----------
    Bernasco & Steenbeek (2017), Journal of Quantitative Criminology 33(3), 451-467.
    """
    x = _spreadable(values)
    total = x.sum()
    held = np.concatenate([[0.0], np.sort(x)[::-1].cumsum()]) / (total if total > 0 else np.nan)
    return LorenzCurve(np.arange(x.size + 1) / x.size, held)


def concentration(values: npt.ArrayLike) -> Concentration:
    """Measure how unevenly a total is spread over places.

    Parameters
    ----------
    values : shape (n,)
        Counts of incidents, one for each place, those with none included. Of weighted values the generalised Gini
        means nothing, since it counts incidents.

    Returns
    -------
    Concentration

    Raises
    ------
    GeoError
        If there is no place, or a value is missing or negative.

    References
    ----------
    Bernasco & Steenbeek (2017), Journal of Quantitative Criminology 33(3), 451-467; Weisburd (2015), Criminology
    53(2), 133-157, on the shares of places.
    """
    return _measured(*np.unique(_spreadable(values), return_counts=True))


def concentration_by_chance(incidents: int, places: int, *, seed: int, draws: int = 199) -> ConcentrationByChance:
    """Measure how concentrated incidents are that fall on equal places at random.

    Parameters
    ----------
    incidents : int
        How many there are.
    places : int
        How many places there are.
    seed : int
        The same seed gives the same answer.
    draws : int
        How often they are dealt out. A million incidents take some 30 milliseconds a draw.

    Returns
    -------
    ConcentrationByChance

    Raises
    ------
    GeoError
        If there is no place, fewer than 0 incidents or fewer than 1 draw.
    """
    if incidents < 0 or places < 1 or draws < 1:
        raise GeoError(
            f"{incidents} incidents cannot be dealt out over {places} places {draws} times. "
            "Give 0 incidents or more, and at least one place and one draw."
        )
    random = np.random.default_rng(seed)
    measured = []
    for _ in range(draws):
        places_by_count = np.bincount(np.bincount(random.integers(0, places, incidents), minlength=places))
        counts = np.flatnonzero(places_by_count)
        one = _measured(counts.astype(np.float64), places_by_count[counts])
        measured.append([getattr(one, field.name) for field in fields(one)])
    lower, upper = np.quantile(measured, [0.025, 0.975], axis=0)
    expected, lowest, highest = (Concentration(*each.tolist()) for each in (np.mean(measured, axis=0), lower, upper))
    return ConcentrationByChance(expected, lowest, highest, draws)


def _spreadable(values: npt.ArrayLike) -> FloatArray:
    x = np.asarray(values, dtype=np.float64)
    if x.ndim != 1 or x.size == 0:
        raise GeoError(f"Values of shape {x.shape} are no list of places. Pass one value for each place.")
    if not (np.isfinite(x).all() and (x >= 0).all()):
        raise GeoError("A place has a missing or negative value. Give 0 where nothing was recorded.")
    return x


def _measured(values: FloatArray, places: IntArray) -> Concentration:
    """Measure from the distinct values, in ascending order, and how many places have each."""
    n, held = int(places.sum()), values * places
    total = held.sum()
    if total == 0:
        return Concentration(np.nan, np.nan, np.nan, np.nan)
    lower_places = places.cumsum() - places
    gini = float((held * (2 * lower_places + places - n)).sum() / (n * total))
    return Concentration(
        gini=gini,
        generalised_gini=max(n / float(total), 1.0) * (gini - 1) + 1,
        share_with_quarter=_places_with(0.25 * total, values, places) / n,
        share_with_half=_places_with(0.5 * total, values, places) / n,
    )


def _places_with(amount: float, values: FloatArray, places: IntArray) -> int:
    """Count how many places, from the busiest down, are needed to hold an amount."""
    value, group = values[::-1], places[::-1]
    held = (value * group).cumsum()
    last = int(np.searchsorted(held, amount * (1 - _ROUNDING)))
    missing = amount - (held[last] - value[last] * group[last])
    return int(group[:last].sum() + np.ceil(missing / value[last] * (1 - _ROUNDING)))
