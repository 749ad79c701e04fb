"""Whether a map was right and whether a response worked: accuracy on later data, back-tests, displacement.

A map is never judged on the data it was made of; a back-test hands a method nothing from the month it is tried on.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import special

from geo.frames import FloatArray, GeoError, IntArray

DIFFUSION_BEYOND_EFFECT = "diffusion_beyond_effect"
DIFFUSION = "diffusion"
NEITHER = "neither"
DISPLACEMENT_BELOW_EFFECT = "displacement_below_effect"
DISPLACEMENT_BEYOND_EFFECT = "displacement_beyond_effect"
NO_EFFECT = "no_effect"
LEAST_FIRST = "least_first"
SHARED = "shared"


@dataclass(frozen=True)
class AccuracyCurve:
    """How well the places ranked highest caught what happened later, for 1, 2, 3 and so on of them.

    Attributes
    ----------
    order : shape (n,)
        Positions of the cells, the first choice first.
    area_share, hit_rate : shape (n,)
        Shares of all the area, and of all the incidents, in the cells chosen so far.
    pai : shape (n,)
        Predictive accuracy index: hit rate divided by area share. 1 is chance.
    pei : shape (n,)
        Predictive efficiency index: PAI divided by that of the best choice of the same area, from 0 to 1.
    rri : shape (n,)
        Recapture rate index: predicted divided by observed in the cells chosen so far, where the prediction is a
        count; 1 is right. NaN while nothing was observed.
    """

    order: IntArray
    area_share: FloatArray
    hit_rate: FloatArray
    pai: FloatArray
    pei: FloatArray
    rri: FloatArray


@dataclass(frozen=True)
class BackTest:
    """How a method would have done in months gone by.

    Attributes
    ----------
    months : shape (m,)
        Positions of the months it was tried on.
    hits, totals : shape (m,)
        Incidents of each of those months in the chosen cells and in all.
    area_share : float
        Of the chosen cells, the mean over the months.
    hit_rate, hit_rate_lower, hit_rate_upper : float
        Over all the months, with an interval; NaN where there were no incidents.
    pai, pai_lower, pai_upper : float
        The same divided by the area share.
    confidence : float
        Of the intervals.
    """

    months: IntArray
    hits: FloatArray
    totals: FloatArray
    area_share: float
    hit_rate: float
    hit_rate_lower: float
    hit_rate_upper: float
    pai: float
    pai_lower: float
    pai_upper: float
    confidence: float


@dataclass(frozen=True)
class DisplacementQuotient:
    """What a response did in its area and beside it (WDQ).

    Attributes
    ----------
    success : float
        Change of the target's count as a share of the control's; below 0 the response went with a fall.
    buffer : float
        The same for the buffer; above 0 speaks of displacement.
    quotient : float
        Buffer divided by success; NaN unless the response went with a fall.
    meaning : str
        `diffusion_beyond_effect` above 1, `diffusion` above 0, `neither` at 0, `displacement_below_effect` from -1,
        `displacement_beyond_effect` below; `no_effect` where there is no quotient.
    net_effect : float
        Incidents prevented in target and buffer together, had both otherwise gone the way of the control.
    """

    success: float
    buffer: float
    quotient: float
    meaning: str
    net_effect: float


@dataclass(frozen=True)
class DisplacementDifference:
    """How many incidents a response prevented, displacement counted in (WDD).

    Attributes
    ----------
    difference : float
        Change in the treated area less that in its control, and the same beside it; below 0 is a fall.
    standard_error : float
        If the counts are Poisson.
    z, p : float
        Two-sided.
    lower, upper : float
        Interval of the difference.
    confidence : float
        Of the interval.
    """

    difference: float
    standard_error: float
    z: float
    p: float
    lower: float
    upper: float
    confidence: float


def accuracy_curve(
    predicted: npt.ArrayLike,
    observed: npt.ArrayLike,
    *,
    areas: npt.ArrayLike | None = None,
    ties: str = LEAST_FIRST,
) -> AccuracyCurve:
    """Rank cells by prediction and add up what happened in them later.

    Cells are chosen by predicted density, and those without a prediction last. Of cells that tie, either those where
    least was observed come first, so that a method gets nothing from not deciding, or each gets an equal share of what
    was observed in all of them, which is what choosing among them blindly gives. Where most cells tie, as small counts
    do, the first makes even chance look worse than chance: compare methods that tie differently by the second.

    Parameters
    ----------
    predicted : shape (n,)
        Expected count of each cell, from earlier data alone; NaN where there is none. Where all areas are equal any
        score will do, but RRI then says nothing.
    observed : shape (n,)
        Later incidents in each cell.
    areas : shape (n,), optional
        Area of each cell in any one unit; all equal if not given.
    ties : str
        `least_first` or `shared`.

    Returns
    -------
    AccuracyCurve

    Raises
    ------
    GeoError
        If the shapes differ, there are no cells or no incidents, a count is negative or missing, an area is not
        above zero, or the tie rule is another.

    References
    ----------
    Chainey, Tompson & Uhlig (2008), Security Journal 21, 4-28, for PAI; Hunt (2016), Do crime hot spots move?, for PEI;
    Levine (2008), Security Journal 21, 295-302, for RRI; `least_first` is the rule of ptools.
    """
    scores, counts, extents = _cells(predicted, observed, areas)
    if not counts.any():
        raise GeoError("Nothing was observed in any cell, so no choice of cells can be judged. Choose a longer period.")
    order, seen = _ranked(scores, counts, extents, ties)
    area_share = np.cumsum(extents[order]) / extents.sum()
    caught = np.cumsum(seen)
    hit_rate = caught / caught[-1]
    best = np.argsort(-counts / extents, kind="stable")
    best_areas = np.concatenate([[0.0], np.cumsum(extents[best]) / extents.sum()])
    best_hits = np.concatenate([[0.0], np.cumsum(counts[best]) / counts.sum()])
    return AccuracyCurve(
        order=order,
        area_share=area_share,
        hit_rate=hit_rate,
        pai=hit_rate / area_share,
        pei=np.minimum(hit_rate / np.interp(area_share, best_areas, best_hits), 1.0),
        rri=np.cumsum(np.nan_to_num(scores[order])) / np.where(caught > 0, caught, np.nan),
    )


def hit_rate_interval(
    hits: npt.ArrayLike, totals: npt.ArrayLike, *, confidence: float = 0.95
) -> tuple[FloatArray, FloatArray]:
    """Return the interval of a hit rate by the exact binomial law.

    Incidents that come in series make the true interval wider; `back_test` lets the months tell by how much. Divide
    both ends by the area share for the interval of a PAI.

    Parameters
    ----------
    hits, totals : shape (n,)
        Incidents in the chosen cells and in all; with shared ties the hits need not be whole.
    confidence : float
        Between 0 and 1.

    Returns
    -------
    lower, upper : shape (n,)
        Shares; 0 and 1 where the total is nil, since nothing is known.

    Raises
    ------
    GeoError
        If there are more hits than incidents or fewer than none, or the confidence is not between 0 and 1.

    References
    ----------
    Clopper & Pearson (1934), Biometrika 26(4), 404-413.
    """
    caught, total = np.asarray(hits, dtype=np.float64), np.asarray(totals, dtype=np.float64)
    _require_confidence(confidence)
    if not ((caught >= 0) & (caught <= total)).all():
        raise GeoError("Hits are a part of all incidents, but some are fewer than 0 or more than all. Check both.")
    tail, missed = (1 - confidence) / 2, total - caught
    lower = np.where(caught > 0, special.betaincinv(np.where(caught > 0, caught, 1.0), missed + 1, tail), 0.0)
    upper = np.where(missed > 0, special.betaincinv(caught + 1, np.where(missed > 0, missed, 1.0), 1 - tail), 1.0)
    return lower, upper


def back_test(
    counts: npt.ArrayLike,
    score: Callable[[FloatArray], npt.ArrayLike],
    *,
    training_months: int,
    area_share: float,
    areas: npt.ArrayLike | None = None,
    ties: str = LEAST_FIRST,
    confidence: float = 0.95,
) -> BackTest:
    """Try a method on months gone by: "had you patrolled last quarter's places, you would have met …".

    For each month, the method scores the cells from the months just before it and from nothing else; the cells with
    the highest scores are chosen up to the share of the area, and what happened there in the month is counted. The
    interval is the wider of two: the exact binomial one, and the one that the scatter between months gives.

    Parameters
    ----------
    counts : shape (n, m)
        Whole numbers of incidents in n cells and m months, oldest first.
    score : callable
        Takes the training counts, shape (n, training_months), which it cannot change, and returns a score for each
        cell, shape (n,), NaN where it has none. Where areas differ, an expected count.
    training_months : int
        How many months a method is given.
    area_share : float
        Of all the area, how much is chosen at most; at least one cell is.
    areas : shape (n,), optional
        Area of each cell in any one unit; all equal if not given.
    ties : str
        `least_first` or `shared`, as in `accuracy_curve`.
    confidence : float
        Of the intervals, between 0 and 1.

    Returns
    -------
    BackTest

    Raises
    ------
    GeoError
        If no month is left to try the method on, its scores do not fit the cells, a count is negative or missing, a
        share or the confidence is out of range, or the tie rule is another.

    References
    ----------
    Chainey, Tompson & Uhlig (2008), Security Journal 21, 4-28; for the interval from clusters (months), Cochran (1977),
    Sampling Techniques, chapter 9.
    """
    values = np.asarray(counts, dtype=np.float64)
    _require_confidence(confidence)
    if values.ndim != 2 or not 1 <= training_months < values.shape[1]:
        raise GeoError(
            f"Counts of shape {values.shape} leave no month to try a method on after {training_months} of training. "
            "Pass one row a cell and one column a month, and fewer months of training."
        )
    if not 0 < area_share <= 1:
        raise GeoError(f"A share of {area_share} of the area cannot be chosen. Give one above 0 and up to 1.")
    _require_counts(values)
    months = np.arange(training_months, values.shape[1])
    hits, totals, shares = np.zeros(months.size), np.zeros(months.size), np.zeros(months.size)
    for position, month in enumerate(months):
        # A copy, since a view would lead to the months that are yet to come.
        training = values[:, month - training_months : month].copy()
        training.flags.writeable = False
        scores, seen, extents = _cells(score(training), values[:, month], areas)
        order, ranked = _ranked(scores, seen, extents, ties)
        covered = np.cumsum(extents[order]) / extents.sum()
        chosen = max(int(np.searchsorted(covered, area_share * (1 + 1e-12), side="right")), 1)
        hits[position], totals[position], shares[position] = ranked[:chosen].sum(), seen.sum(), covered[chosen - 1]
    share, rate = float(shares.mean()), float(hits.sum() / totals.sum()) if totals.any() else np.nan
    lower, upper = _interval_over_months(hits, totals, confidence) if totals.any() else (np.nan, np.nan)
    return BackTest(
        months, hits, totals, share, rate, lower, upper, rate / share, lower / share, upper / share, confidence
    )


def displacement_quotient(
    target: tuple[float, float], buffer: tuple[float, float], control: tuple[float, float]
) -> DisplacementQuotient:
    """Weigh what happened beside a response against what happened in its area (weighted displacement quotient).

    Parameters
    ----------
    target, buffer, control : (before, after)
        Incidents over equal periods where the response was, in the belt around it, and in a like area far from it.

    Returns
    -------
    DisplacementQuotient

    Raises
    ------
    GeoError
        If a count is negative or missing, or the control has none before or after.

    References
    ----------
    Bowers & Johnson (2003), Journal of Quantitative Criminology 19(3), 275-301; Guerette (2009), Analyzing Crime
    Displacement and Diffusion, for the bands and the net effect.
    """
    (a0, a1), (b0, b1), (c0, c1) = (_before_and_after(pair) for pair in (target, buffer, control))
    if c0 == 0 or c1 == 0:
        raise GeoError("The control area has no incidents before or after, so nothing can be set against it.")
    success, beside = a1 / c1 - a0 / c0, b1 / c1 - b0 / c0
    quotient = beside / success if success < 0 else np.nan
    expected = c1 / c0
    return DisplacementQuotient(success, beside, quotient, _meaning(quotient), (a0 + b0) * expected - a1 - b1)


def displacement_difference(
    treated: tuple[float, float],
    control: tuple[float, float],
    *,
    displaced: tuple[float, float] = (0, 0),
    displaced_control: tuple[float, float] = (0, 0),
    exposure_ratio: float = 1.0,
    control_weight: float = 1.0,
    dispersion: float = 1.0,
    confidence: float = 0.9,
) -> DisplacementDifference:
    """Test whether incidents fell more where a response was than where it was not (weighted displacement difference).

    Parameters
    ----------
    treated, control : (before, after)
        Incidents where the response was, and in an area like it.
    displaced, displaced_control : (before, after), optional
        The same for the area that displacement might reach, and for one like it.
    exposure_ratio : float
        The length of the period after divided by that of the period before.
    control_weight : float
        What the controls count for, where they are not of the size of what they are set against: 0.5 for a control of
        twice the size.
    dispersion : float
        How many times as much the counts vary as the Poisson law has it.
    confidence : float
        Of the interval, between 0 and 1.

    Returns
    -------
    DisplacementDifference

    Raises
    ------
    GeoError
        If a count is negative or missing, there are no incidents at all, the confidence is not between 0 and 1, or
        the ratio, the weight or the dispersion is not above zero.

    References
    ----------
    Wheeler & Ratcliffe (2018), Crime Science 7, 11; weights as in Wheeler's ptools.
    """
    _require_confidence(confidence)
    if not all(0 < factor < np.inf for factor in (exposure_ratio, control_weight, dispersion)):
        raise GeoError(
            f"A ratio of {exposure_ratio}, a weight of {control_weight} and a dispersion of {dispersion} cannot all be "
            "used. Give each above zero."
        )
    pairs = [_before_and_after(pair) for pair in (treated, displaced, control, displaced_control)]
    weights = (1.0, 1.0, -control_weight, -control_weight)
    difference = sum(w * (after - exposure_ratio * before) for w, (before, after) in zip(weights, pairs, strict=True))
    variance = sum(
        w**2 * (after + exposure_ratio**2 * before) for w, (before, after) in zip(weights, pairs, strict=True)
    )
    if variance == 0:
        raise GeoError("There are no incidents before or after in any area, so nothing can be compared.")
    error = (dispersion * variance) ** 0.5
    z, reach = difference / error, float(special.ndtri((1 + confidence) / 2)) * error
    return DisplacementDifference(
        difference, error, z, float(2 * special.ndtr(-abs(z))), difference - reach, difference + reach, confidence
    )


def _cells(
    predicted: npt.ArrayLike, observed: npt.ArrayLike, areas: npt.ArrayLike | None
) -> tuple[FloatArray, FloatArray, FloatArray]:
    scores, counts = np.asarray(predicted, dtype=np.float64), np.asarray(observed, dtype=np.float64)
    extents = np.ones(counts.shape) if areas is None else np.asarray(areas, dtype=np.float64)
    if not scores.shape == counts.shape == extents.shape or counts.ndim != 1 or not counts.size:
        raise GeoError(
            f"Predictions, counts and areas have shapes {scores.shape}, {counts.shape} and {extents.shape}. "
            "Pass one of each for every cell."
        )
    _require_counts(counts)
    if not (np.isfinite(extents) & (extents > 0)).all():
        raise GeoError("Some areas are missing or not above zero. Leave out cells without ground.")
    return scores, counts, extents


def _ranked(scores: FloatArray, counts: FloatArray, extents: FloatArray, ties: str) -> tuple[IntArray, FloatArray]:
    """Put the cells in the order of choice, with what each then counts for."""
    if ties not in {LEAST_FIRST, SHARED}:
        raise GeoError(f"Ties cannot be settled by '{ties}'. Choose '{LEAST_FIRST}' or '{SHARED}'.")
    likely = np.where(np.isnan(scores), -np.inf, scores / extents)
    order = np.lexsort((counts / extents, -likely)).astype(np.int64)
    if ties == LEAST_FIRST:
        return order, counts[order]
    _, tie = np.unique(likely[order], return_inverse=True)
    density = np.bincount(tie, counts[order]) / np.bincount(tie, extents[order])
    return order, density[tie] * extents[order]


def _interval_over_months(hits: FloatArray, totals: FloatArray, confidence: float) -> tuple[float, float]:
    total, months = totals.sum(), hits.size
    # Shares of tied cells add up to the total but for rounding.
    caught = min(hits.sum(), total)
    lower, upper = (float(end) for end in hit_rate_interval(caught, total, confidence=confidence))
    if months < 2:
        return lower, upper
    rate = caught / total
    error = np.sqrt(months / (months - 1) * ((hits - rate * totals) ** 2).sum()) / total
    reach = float(special.stdtrit(months - 1, (1 + confidence) / 2) * error)
    return min(lower, max(rate - reach, 0.0)), max(upper, min(rate + reach, 1.0))


def _before_and_after(pair: tuple[float, float]) -> tuple[float, float]:
    before, after = (float(count) for count in pair)
    if not (0 <= before < np.inf and 0 <= after < np.inf):
        raise GeoError(f"Counts of {before:g} before and {after:g} after cannot be compared. Give 0 or more for both.")
    return before, after


def _meaning(quotient: float) -> str:
    if np.isnan(quotient):
        return NO_EFFECT
    if quotient == 0:
        return NEITHER
    if quotient > 0:
        return DIFFUSION_BEYOND_EFFECT if quotient > 1 else DIFFUSION
    return DISPLACEMENT_BEYOND_EFFECT if quotient < -1 else DISPLACEMENT_BELOW_EFFECT


def _require_counts(counts: FloatArray) -> None:
    if not np.isfinite(counts).all() or (counts < 0).any():
        raise GeoError("Some counts are missing or below zero. Give 0 where nothing was recorded.")


def _require_confidence(confidence: float) -> None:
    if not 0 < confidence < 1:
        raise GeoError(f"A confidence of {confidence} is not possible. Give one between 0 and 1, such as 0.95.")
