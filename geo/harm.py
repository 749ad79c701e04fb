"""Harm instead of counts: incidents weighed by how grave they are, and how much of a place's harm one incident made.

Every weight is handed in as part of a named, dated set; nothing is weighed without saying by what.
"""

import datetime as dt
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from geo.frames import FloatArray, GeoError

_DEFAULT = Path(__file__).parent / "weights" / "cambridge-medians-2026.toml"


@dataclass(frozen=True)
class WeightSet:
    """Weights of offences, and all that a page must print beside a figure made of them.

    Attributes
    ----------
    name, version : str
    dated : date
        When the version was published.
    unit, source : str
    weights : mapping of str to float
        The weight of each label.
    cap : float
        The most that one incident counts for in a capped total.
    mixed : mapping of str to float
        Of `weights`, those of labels that mix offences: the average over how many there were of each.
    mixed_by : str
        Whose numbers that average is over; blank where nothing is mixed.
    """

    name: str
    version: str
    dated: dt.date
    unit: str
    source: str
    weights: Mapping[str, float]
    cap: float
    mixed: Mapping[str, float] = field(default_factory=dict)
    mixed_by: str = ""


@dataclass(frozen=True)
class PlaceHarm:
    """The harm of each place.

    Attributes
    ----------
    total : shape (n,)
        Sum of the weights.
    capped : shape (n,)
        The same with no incident counted for more than the cap, so that one homicide does not outweigh a town.
    largest_share : shape (n,)
        Of the total, how much is due to the gravest single incident, from 0 to 1; NaN where there is no harm.
    weighed, unweighed : shape (n,)
        How many incidents had a weight, and how many had none and are in no total.
    cap : float
        In the unit of the weights.
    """

    total: FloatArray
    capped: FloatArray
    largest_share: FloatArray
    weighed: FloatArray
    unweighed: FloatArray
    cap: float


def default_weights() -> WeightSet:
    """Return the weights that come with the library: medians of the Cambridge Crime Harm Index by subgroup.

    Returns
    -------
    WeightSet
        Labelled with its version and source; see the comments of its file for what a median hides.

    References
    ----------
    Sherman, Neyroud & Neyroud (2016), Policing 10(3), 171-183.
    """
    return read_weights(_DEFAULT.read_text("utf-8"))


def read_weights(text: str) -> WeightSet:
    """Read a set of weights.

    Parameters
    ----------
    text : str
        TOML with `name`, `version`, `dated` (a date), `unit`, `source`, `cap` (a number above 0) and a table `weights`
        of label = number; and, for labels that mix offences, `mixed_by` and tables `mixed.LABEL` of how many there
        were of each label that is weighed.

    Returns
    -------
    WeightSet

    Raises
    ------
    GeoError
        If it is no TOML, a field is missing or of another kind, there are no weights, one is negative, or the cap is
        not above zero; or if a mixture has a weight already, is of labels without one, or has no numbers above zero.
    """
    try:
        said = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise GeoError(
            f"The weights are not written as TOML ({error}). Start from the file of the default set."
        ) from None
    for needed, kind in (("name", str), ("version", str), ("dated", dt.date), ("unit", str), ("source", str)):
        if not isinstance(said.get(needed), kind) or not said[needed]:
            raise GeoError(
                f"The weights do not say their '{needed}', without which no figure may be made of them. Add it."
            )
    cap = said.get("cap")
    if isinstance(cap, bool) or not isinstance(cap, int | float) or not 0 < cap < np.inf:
        raise GeoError(
            f"The most that one incident counts for in a capped total, 'cap', is {cap!r}, not a number above 0. Write "
            "one, such as the weight of a robbery."
        )
    weights = said.get("weights")
    if not isinstance(weights, dict) or not weights:
        raise GeoError("The set holds no weights. Add a table [weights] with a number for each label.")
    for label, weight in weights.items():
        if isinstance(weight, bool) or not isinstance(weight, int | float) or not 0 <= weight < np.inf:
            raise GeoError(f"The weight of '{label}' is {weight!r}, not a number of 0 or more. Correct it.")
    numbers = {label: float(weight) for label, weight in weights.items()}
    mixtures = said.get("mixed", {})
    if not isinstance(mixtures, dict):
        raise GeoError("'mixed' is no table of mixtures. Write [mixed.LABEL] and below it how many there were of each.")
    mixed = {label: _average(label, parts, numbers) for label, parts in mixtures.items()}
    if mixed and not isinstance(said.get("mixed_by"), str):
        raise GeoError("The weights do not say by whose numbers labels are mixed, 'mixed_by'. Add it.")
    return WeightSet(
        name=said["name"],
        version=said["version"],
        dated=said["dated"],
        unit=said["unit"],
        source=said["source"],
        weights=numbers | mixed,
        cap=float(cap),
        mixed=mixed,
        mixed_by=said["mixed_by"] if mixed else "",
    )


def _average(label: str, parts: object, weights: Mapping[str, float]) -> float:
    """Average the weights of a mixture, to a hundredth."""
    if label in weights:
        raise GeoError(f"'{label}' has a weight and is mixed as well. Keep one of the two.")
    given = parts if isinstance(parts, dict) else {}
    counts = {part: count for part, count in given.items() if type(count) is int and count > 0 and part in weights}
    if not counts or len(counts) < len(given):
        raise GeoError(
            f"The mixture '{label}' is not of labels that have a weight, each with a whole number above 0. Correct it."
        )
    return round(sum(count * weights[part] for part, count in counts.items()) / sum(counts.values()), 2)


def weights_of(labels: npt.ArrayLike, weight_set: WeightSet) -> FloatArray:
    """Look up the weight of each label.

    Parameters
    ----------
    labels : shape (n,)
        Written as in the set.
    weight_set : WeightSet
        Such as `default_weights`.

    Returns
    -------
    shape (n,)
        NaN for a label that the set does not weigh, such as anti-social behaviour.
    """
    codes, distinct = pd.factorize(np.asarray(labels, dtype=object))
    known = np.array([weight_set.weights.get(label, np.nan) for label in distinct] + [np.nan], dtype=np.float64)
    return known[codes]


def harm_of_incidents(places: npt.ArrayLike, weights: npt.ArrayLike, *, n_places: int, cap: float) -> PlaceHarm:
    """Add up the harm of incidents by place.

    Parameters
    ----------
    places : shape (m,)
        Position of each incident's place, from 0; -1 where it has none, and it is left out.
    weights : shape (m,)
        Weight of each incident; NaN where it has none.
    n_places : int
        How many places there are.
    cap : float
        The most that one incident counts for in the capped total; 365 days leave a robbery whole and cut a homicide.

    Returns
    -------
    PlaceHarm

    Raises
    ------
    GeoError
        If the arrays differ in length, a position is not that of a place, a weight is negative, or the cap is not above
        zero.
    """
    place, weight = np.asarray(places), np.asarray(weights, dtype=np.float64)
    _require(weight, cap)
    if place.shape != weight.shape or place.ndim != 1:
        raise GeoError(f"There are {weight.size} weights for {place.size} incidents. Pass one an incident.")
    if place.size and not (place.min() >= -1 and place.max() < n_places):
        raise GeoError(f"Places are numbered 0 to {n_places - 1}, and -1 for none, but others were passed.")
    placed = place >= 0
    place, weight = place[placed].astype(np.int64), weight[placed]
    weighed = ~np.isnan(weight)
    held, amounts = place[weighed], weight[weighed]
    largest = np.zeros(n_places)
    np.maximum.at(largest, held, amounts)
    return _place_harm(
        np.bincount(held, amounts, minlength=n_places),
        np.bincount(held, np.minimum(amounts, cap), minlength=n_places),
        largest,
        np.bincount(held, minlength=n_places),
        np.bincount(place[~weighed], minlength=n_places),
        cap,
    )


def harm_of_counts(counts: npt.ArrayLike, weights: npt.ArrayLike, *, cap: float) -> PlaceHarm:
    """Add up the harm of counts by place and offence.

    Equal to `harm_of_incidents` on the incidents counted.

    Parameters
    ----------
    counts : shape (n, k)
        Incidents in n places of k offences.
    weights : shape (k,)
        Weight of each offence, such as `weights_of`; NaN where it has none.
    cap : float
        The most that one incident counts for in the capped total.

    Returns
    -------
    PlaceHarm

    Raises
    ------
    GeoError
        If the shapes do not fit, a count is missing or negative, a weight is negative, or the cap is not above zero.
    """
    number, weight = np.asarray(counts, dtype=np.float64), np.asarray(weights, dtype=np.float64)
    _require(weight, cap)
    if number.ndim != 2 or weight.shape != number.shape[1:]:
        raise GeoError(f"There are {weight.size} weights for counts of shape {number.shape}. Pass one an offence.")
    if not np.isfinite(number).all() or (number < 0).any():
        raise GeoError("Some counts are missing or below zero. Give 0 where nothing was recorded.")
    weighed = ~np.isnan(weight)
    held, amounts = number[:, weighed], weight[weighed]
    return _place_harm(
        held @ amounts,
        held @ np.minimum(amounts, cap),
        np.where(held > 0, amounts, 0.0).max(axis=1, initial=0.0),
        held.sum(axis=1),
        number[:, ~weighed].sum(axis=1),
        cap,
    )


def _require(weights: FloatArray, cap: float) -> None:
    if (weights < 0).any() or np.isinf(weights).any():
        raise GeoError("Some weights are below zero or infinite. Correct the set of weights.")
    if not cap > 0:
        raise GeoError(f"Harm cannot be capped at {cap}. Give a cap above zero, such as 365 days.")


def _place_harm(
    total: npt.ArrayLike,
    capped: npt.ArrayLike,
    largest: npt.ArrayLike,
    weighed: npt.ArrayLike,
    unweighed: npt.ArrayLike,
    cap: float,
) -> PlaceHarm:
    sums, lessened, gravest, known, unknown = (
        np.asarray(figures, dtype=np.float64) for figures in (total, capped, largest, weighed, unweighed)
    )
    return PlaceHarm(sums, lessened, gravest / np.where(sums > 0, sums, np.nan), known, unknown, cap)
