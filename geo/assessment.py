"""Whether a response worked: change against a control, displacement, cost, and a verdict with a code for its reason.

The verdict is `cannot_tell` rather than a guess. It judges counts, and puts nothing into words.
"""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from geo.effect import Disagreement, Effect, TrendBeside, change_against_control, disagreement, trend_beside
from geo.evaluation import (
    DisplacementDifference,
    DisplacementQuotient,
    displacement_difference,
    displacement_quotient,
)
from geo.frames import BoolArray, FloatArray, GeoError

FELL, DID_NOT_FALL, CANNOT_TELL = "fell", "did_not_fall", "cannot_tell"

BEYOND_CHANCE = "beyond_chance"
ROSE = "rose"
NO_WORTHWHILE_FALL = "no_worthwhile_fall"
TOO_FEW_MONTHS = "too_few_months"
NOTHING_TO_COMPARE = "nothing_to_compare"
NOT_DELIVERED = "not_delivered"
CHOSEN_FOR_BEING_HIGH = "chosen_for_being_high"
TRENDS_DIFFERED = "trends_differed"
CONTROLS_DISAGREE = "controls_disagree"
SELECTION_EXPLAINS = "selection_explains"
TOO_FEW_INCIDENTS = "too_few_incidents"
TOO_UNCERTAIN = "too_uncertain"

DISPLACED, DIFFUSED, UNCLEAR, NO_BUFFER = "displaced", "diffused", "unclear", "no_buffer"

SHRUNK, LEFT_OUT, NOT_ALLOWED_FOR = "shrunk", "left_out", "not_allowed_for"

FEWEST_MONTHS_BEFORE, FEWEST_MONTHS_AFTER = 6, 3
FEWEST_INCIDENTS = 5
"""Before, and to be expected after: even of four, all stay away by chance once in sixteen times."""
FEWEST_PLACES = 20
"""Fewer do not tell how places differ, and so not how far one that was chosen for being high would fall by itself."""
TREND_AT_MOST = 0.05
DISAGREEMENT_AT_MOST = 0.01


@dataclass(frozen=True)
class Selection:
    """That a place was chosen for being high, and what tells how far it would have fallen by itself.

    Attributes
    ----------
    months : shape (months_before,)
        True for the months by which it was chosen.
    places : shape (n, months_before), optional
        Incidents by month of every place that it was chosen from, itself and the control areas among them.
    """

    months: npt.ArrayLike
    places: npt.ArrayLike | None = None


@dataclass(frozen=True)
class SelectionAllowance:
    """What was done about a place's having been chosen for being high (regression to the mean).

    Attributes
    ----------
    rule : str
        `shrunk`: its count before, and each control's, is drawn towards that of all places by the part of their
        variance that single months make. `left_out`: the months by which it was chosen count for nothing. With neither
        enough places nor enough other months it is `not_allowed_for`, and nothing is said to have fallen.
    seen, to_be_expected : float
        Incidents in the months before: those seen, and those that as many months would bring of themselves.
    """

    rule: str
    seen: float
    to_be_expected: float

    @property
    def fall_by_itself(self) -> float:
        """The share by which the place would have fallen with no response; NaN where nothing was seen."""
        return 1 - self.to_be_expected / self.seen if self.seen else math.nan


@dataclass(frozen=True)
class Implementation:
    """How much of a response was planned and delivered, in any one unit such as hours or visits."""

    planned: float
    delivered: float

    @property
    def share(self) -> float:
        """Delivered as a share of what was planned; NaN where nothing was planned."""
        return self.delivered / self.planned if self.planned else math.nan


@dataclass(frozen=True)
class CostPerIncident:
    """What one avoided incident cost.

    Attributes
    ----------
    cost, lower, upper : float
        NaN for the cost where none were avoided; an end is infinite where it may be that none were.
    """

    cost: float
    lower: float
    upper: float


@dataclass(frozen=True)
class Assessment:
    """Whether incidents fell where a response was, and the figures behind it.

    Attributes
    ----------
    verdict : str
        `fell`, `did_not_fall` or `cannot_tell`.
    reason : str
        A code: what decided the verdict.
    effect, effect_as_seen : Effect or None
        In the response area, with and without allowance for how it was chosen; None where nothing can be compared.
    trend_before : TrendBeside
        Whether area and control went apart before the response.
    expected_by_month : shape (m,)
        What the control's months would bring in the response area, for the chart; NaN where nothing can be compared.
    controls : Disagreement
        How far the control areas went their own ways; intervals allow for it, which a single one cannot tell.
    selection : SelectionAllowance or None
        None where the place was not chosen for being high.
    displacement : str
        `displaced` where the buffer rose against the control, `diffused` where it fell, else `unclear`; `no_buffer`.
    buffer, net : Effect or None
        In the buffer, and in response area and buffer together, whose `avoided` is the total net effect.
    quotient : DisplacementQuotient or None
        Only where there is a buffer and the response area fell: a share of an effect that may be nil says nothing.
    difference : DisplacementDifference or None
        Of response area and buffer, the control weighted to their level before, its error that of months as varied as
        they were.
    implementation : Implementation or None
        As given.
    cost : CostPerIncident or None
        By the total net effect where there is a buffer, else by the effect in the response area.
    """

    verdict: str
    reason: str
    effect: Effect | None
    effect_as_seen: Effect | None
    trend_before: TrendBeside
    expected_by_month: FloatArray
    controls: Disagreement
    selection: SelectionAllowance | None
    displacement: str
    buffer: Effect | None
    net: Effect | None
    quotient: DisplacementQuotient | None
    difference: DisplacementDifference | None
    implementation: Implementation | None
    cost: CostPerIncident | None


@dataclass(frozen=True)
class _Baseline:
    """Which months before count, and for what share of their incidents in the response area and in the control."""

    is_kept: BoolArray
    response: float = 1.0
    control: float = 1.0


@dataclass(frozen=True)
class _Series:
    """The months of all areas, parted into before and after."""

    response: FloatArray
    controls: FloatArray
    buffer: FloatArray | None
    months_before: int

    @property
    def control(self) -> FloatArray:
        together: FloatArray = self.controls.sum(axis=0)
        return together

    @property
    def of_areas_before(self) -> FloatArray:
        """The months before in the response area and each control, all by which it may have been chosen."""
        return np.vstack([self.response, self.controls])[:, : self.months_before]

    def before(self, counts: FloatArray, baseline: _Baseline) -> FloatArray:
        return counts[..., : self.months_before][..., baseline.is_kept]

    def after(self, counts: FloatArray) -> FloatArray:
        return counts[..., self.months_before :]

    def effect(
        self, area: FloatArray, share: float, baseline: _Baseline, apart: Disagreement, confidence: float
    ) -> Effect | None:
        """Compare an area with the control; None where there is nothing to compare."""
        before, control = self.before(area, baseline), self.before(self.control, baseline)
        if before.size < 2 or not (before.any() and control.any() and self.after(self.control).any()):
            return None
        return change_against_control(
            before,
            self.after(area),
            control,
            self.after(self.control),
            shares_before=(share, baseline.control),
            own_ways=apart.variance,
            confidence=confidence,
        )


def assess(
    response: npt.ArrayLike,
    controls: npt.ArrayLike,
    *,
    months_before: int,
    buffer: npt.ArrayLike | None = None,
    selection: Selection | None = None,
    implementation: Implementation | None = None,
    cost: float | None = None,
    worthwhile_fall: float = 0.2,
    confidence: float = 0.95,
    displacement_confidence: float = 0.9,
) -> Assessment:
    """Say whether incidents fell where a response was, against areas without it.

    `fell` is where the interval of the ratio lies below 1, so that without an effect it appears in half of what the
    confidence leaves; `did_not_fall` where the interval leaves out every fall worth having, or lies above 1. Instead
    it is `cannot_tell` where nothing was delivered, control areas went apart among themselves, the response area had
    been going the same way already, or the place was chosen for being high and that cannot be allowed for.

    Parameters
    ----------
    response : shape (m,)
        Whole numbers of incidents by month, oldest first: before the response and then after it began. Leave out
        months in which it was being set up.
    controls : shape (k, m)
        The same months in areas without a response, a row for each.
    months_before : int
        How many of the months are before.
    buffer : shape (m,), optional
        The same months around the response area, where displacement would go.
    selection : Selection, optional
        If the place was chosen for being high.
    implementation : Implementation, optional
        Planned and delivered.
    cost : float, optional
        Of the response, above zero.
    worthwhile_fall : float
        The least share by which a response is meant to bring incidents down.
    confidence, displacement_confidence : float
        Of the intervals of the effect and the net effect; of that of the buffer, by which displacement is read, and of
        the weighted displacement difference.

    Returns
    -------
    Assessment

    Raises
    ------
    GeoError
        If a count is missing, negative or not whole, shapes do not fit, or a share, a cost or a confidence is out of
        range.

    References
    ----------
    Bowers & Johnson (2003), Journal of Quantitative Criminology 19(3), 275-301; Wheeler & Ratcliffe (2018), Crime
    Science 7, 11; Hauer (1997), Observational Before-After Studies in Road Safety, chapters 11 and 12, for places
    chosen for being high.
    """
    series = _series(response, controls, buffer, months_before)
    _require_figures(implementation, cost, (worthwhile_fall, confidence, displacement_confidence))
    as_it_came = _Baseline(np.ones(months_before, dtype=bool))
    baseline, allowance = (as_it_came, None) if selection is None else _allow(series, selection)
    apart = disagreement(series.before(series.controls, baseline), series.after(series.controls))
    effect = series.effect(series.response, baseline.response, baseline, apart, confidence)
    as_seen = series.effect(series.response, 1.0, as_it_came, apart, confidence)
    trend = trend_beside(series.response[:months_before], series.control[:months_before])
    verdict, reason = _refusal(series, baseline, implementation, apart) or _verdict(
        effect, as_seen, trend, allowance, 1 - worthwhile_fall
    )
    beside, net = _buffer_and_net(series, baseline, apart, (confidence, displacement_confidence))
    whole = net or effect
    return Assessment(
        verdict=verdict,
        reason=reason,
        effect=effect,
        effect_as_seen=as_seen,
        trend_before=trend,
        expected_by_month=_expected_by_month(series, effect),
        controls=apart,
        selection=allowance,
        displacement=_displacement(series, effect, beside),
        buffer=beside,
        net=net,
        quotient=_quotient(effect, beside),
        difference=None if whole is None else _difference(series, baseline, whole, displacement_confidence),
        implementation=implementation,
        cost=None if cost is None or whole is None else _cost_of(cost, whole),
    )


def shrink(places: npt.ArrayLike, totals: npt.ArrayLike) -> FloatArray:
    """Draw the counts of places towards that of all of them, by the part of their variance that single months make.

    What a place chosen for being high is to be expected to bring in as many months more, if nothing is done. It needs
    no law of how places differ: it is the best linear guess.

    Parameters
    ----------
    places : shape (n, m)
        Whole numbers of incidents of n places in m months, two of each at least.
    totals : shape (k,)
        Of the places that are asked for, over the same months.

    Returns
    -------
    shape (k,)

    Raises
    ------
    GeoError
        If a count is missing, negative or not whole, or there are too few places or months.

    References
    ----------
    Buehlmann (1967), ASTIN Bulletin 4(3), 199-207; Hauer (1997), chapter 11.
    """
    counts = _whole_counts(places)
    if counts.ndim != 2 or min(counts.shape) < 2:
        raise GeoError(f"Places of shape {counts.shape} do not tell how places differ. Give two or more, by month.")
    own, months = counts.sum(axis=1), counts.shape[1]
    season = counts.sum(axis=0) / max(counts.sum(), 1.0)
    of_months = ((counts - np.outer(own, season)) ** 2).sum(axis=1).mean() * months / (months - 1)
    of_all = own.var(ddof=1)
    kept = max(0.0, 1 - of_months / of_all) if of_all else 0.0
    drawn: FloatArray = own.mean() + kept * (np.asarray(totals, dtype=np.float64) - own.mean())
    return drawn


def _allow(series: _Series, selection: Selection) -> tuple[_Baseline, SelectionAllowance]:
    """Allow for a place's having been chosen for being high, by all places or else by the other months."""
    chosen = np.asarray(selection.months, dtype=bool)
    if chosen.shape != (series.months_before,):
        raise GeoError(f"Marks of shape {chosen.shape} do not fit {series.months_before} months. Mark each one before.")
    every = _Baseline(np.ones(chosen.shape, dtype=bool))
    seen = float(series.response[: series.months_before].sum())
    control = float(series.control[: series.months_before].sum())
    places = None if selection.places is None else _whole_counts(selection.places)
    if places is not None and (places.ndim != 2 or places.shape[1] != series.months_before):
        raise GeoError(f"Places of shape {places.shape} do not fit {series.months_before} months. Pass a row for each.")
    if places is not None and not all((places == row).all(axis=1).any() for row in series.of_areas_before):
        raise GeoError("The response area or a control is not among the places it was chosen from. Pass them all.")
    if places is not None and len(places) >= FEWEST_PLACES and places.any() and seen and control:
        expected, *controls = shrink(places, [seen, *series.controls[:, : series.months_before].sum(axis=1)]).tolist()
        baseline = _Baseline(every.is_kept, expected / seen, sum(controls) / control)
        return baseline, SelectionAllowance(SHRUNK, seen, expected)
    baseline = _Baseline(~chosen)
    kept_control = float(series.before(series.control, baseline).sum())
    if (~chosen).sum() >= FEWEST_MONTHS_BEFORE and kept_control:
        kept = float(series.before(series.response, baseline).sum())
        return baseline, SelectionAllowance(LEFT_OUT, seen, kept * control / kept_control)
    return every, SelectionAllowance(NOT_ALLOWED_FOR, seen, math.nan)


def _refusal(
    series: _Series,
    baseline: _Baseline,
    implementation: Implementation | None,
    apart: Disagreement,
) -> tuple[str, str] | None:
    """Say why nothing can be told whatever the effect; None where something can."""
    months_after = series.response.size - series.months_before
    is_short = baseline.is_kept.sum() < FEWEST_MONTHS_BEFORE or months_after < FEWEST_MONTHS_AFTER
    reasons = (
        (is_short, TOO_FEW_MONTHS),
        (implementation is not None and not implementation.delivered, NOT_DELIVERED),
        (apart.p < DISAGREEMENT_AT_MOST, CONTROLS_DISAGREE),
    )
    return next(((CANNOT_TELL, reason) for holds, reason in reasons if holds), None)


def _verdict(
    effect: Effect | None,
    as_seen: Effect | None,
    trend: TrendBeside,
    allowance: SelectionAllowance | None,
    worthwhile_ratio: float,
) -> tuple[str, str]:
    if effect is None:
        return CANNOT_TELL, NOTHING_TO_COMPARE
    if min(effect.before, effect.expected) < FEWEST_INCIDENTS:
        return CANNOT_TELL, TOO_FEW_INCIDENTS
    if effect.ratio_upper < 1:
        return _of_a_fall(trend, allowance)
    if effect.ratio_lower >= worthwhile_ratio:
        was_rising = trend.p < TREND_AT_MOST and trend.yearly_ratio > 1
        reason = ROSE if effect.ratio_lower > 1 else NO_WORTHWHILE_FALL
        return (CANNOT_TELL, TRENDS_DIFFERED) if was_rising else (DID_NOT_FALL, reason)
    fell_as_seen = as_seen is not None and as_seen.ratio_upper < 1
    return CANNOT_TELL, SELECTION_EXPLAINS if fell_as_seen else TOO_UNCERTAIN


def _of_a_fall(trend: TrendBeside, allowance: SelectionAllowance | None) -> tuple[str, str]:
    if allowance is not None and allowance.rule == NOT_ALLOWED_FOR:
        return CANNOT_TELL, CHOSEN_FOR_BEING_HIGH
    was_falling = trend.p < TREND_AT_MOST and trend.yearly_ratio < 1
    return (CANNOT_TELL, TRENDS_DIFFERED) if was_falling else (FELL, BEYOND_CHANCE)


def _buffer_and_net(
    series: _Series, baseline: _Baseline, apart: Disagreement, confidences: tuple[float, float]
) -> tuple[Effect | None, Effect | None]:
    if series.buffer is None:
        return None, None
    own, beside = (float(series.before(area, baseline).sum()) for area in (series.response, series.buffer))
    share = (own * baseline.response + beside) / (own + beside) if own + beside else 1.0
    return (
        series.effect(series.buffer, 1.0, baseline, apart, confidences[1]),
        series.effect(series.response + series.buffer, share, baseline, apart, confidences[0]),
    )


def _displacement(series: _Series, effect: Effect | None, beside: Effect | None) -> str:
    if series.buffer is None:
        return NO_BUFFER
    if effect is None or beside is None or effect.ratio >= 1:
        return UNCLEAR
    if beside.ratio_lower > 1:
        return DISPLACED
    return DIFFUSED if beside.ratio_upper < 1 else UNCLEAR


def _quotient(effect: Effect | None, beside: Effect | None) -> DisplacementQuotient | None:
    if effect is None or beside is None or effect.ratio_upper >= 1:
        return None
    pairs = [(part.before, part.after) for part in (effect, beside)]
    return displacement_quotient(pairs[0], pairs[1], (effect.control_before, effect.control_after))


def _difference(series: _Series, baseline: _Baseline, whole: Effect, confidence: float) -> DisplacementDifference:
    months_before, months_after = int(baseline.is_kept.sum()), series.response.size - series.months_before
    return displacement_difference(
        (whole.before, whole.after),
        (whole.control_before, whole.control_after),
        exposure_ratio=months_after / months_before,
        control_weight=whole.before / whole.control_before,
        dispersion=whole.dispersion,
        confidence=confidence,
    )


def _cost_of(cost: float, whole: Effect) -> CostPerIncident:
    def each(avoided: float, none: float) -> float:
        return cost / avoided if avoided > 0 else none

    return CostPerIncident(
        each(whole.avoided, math.nan), each(whole.avoided_upper, math.inf), each(whole.avoided_lower, math.inf)
    )


def _expected_by_month(series: _Series, effect: Effect | None) -> FloatArray:
    if effect is None:
        return np.full(series.response.shape, np.nan)
    by_month: FloatArray = series.control * (effect.before / effect.control_before)
    return by_month


def _series(
    response: npt.ArrayLike, controls: npt.ArrayLike, buffer: npt.ArrayLike | None, months_before: int
) -> _Series:
    area, others = _whole_counts(response), _whole_counts(controls)
    beside = None if buffer is None else _whole_counts(buffer)
    shapes = [area.shape, others.shape[1:], area.shape if beside is None else beside.shape]
    if area.ndim != 1 or others.ndim != 2 or not len(others) or len(set(shapes)) > 1:
        raise GeoError(
            f"The response area has months of shape {area.shape}, the control areas {others.shape}. Pass the same "
            "months of all, with a row for each control area, one at least."
        )
    if not 0 < months_before < area.size:
        raise GeoError(
            f"Of {area.size} months {months_before} cannot be before a response. Leave months on both sides."
        )
    return _Series(area, others, beside, months_before)


def _whole_counts(counts: npt.ArrayLike) -> FloatArray:
    values = np.asarray(counts, dtype=np.float64)
    if not np.isfinite(values).all() or ((values < 0) | (values != np.round(values))).any():
        raise GeoError("Only whole counts of 0 or more can be assessed. Leave out months that were not observed.")
    return values


def _require_figures(implementation: Implementation | None, cost: float | None, shares: tuple[float, ...]) -> None:
    if not all(0 < share < 1 for share in shares):
        raise GeoError(f"Shares and confidences of {shares} are not possible. Give each between 0 and 1.")
    if implementation is not None and not all(
        0 <= figure < math.inf for figure in (implementation.planned, implementation.delivered)
    ):
        raise GeoError("What was planned and delivered must be known and 0 or more. Give both, or neither.")
    if cost is not None and not 0 < cost < math.inf:
        raise GeoError(f"A response cannot cost {cost}. Give a cost above zero, or none.")
