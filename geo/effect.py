"""How an area changed against a control: the ratio and the incidents avoided, with intervals that cover.

Months of the control stand for what would have happened. It gives figures and no verdict.
"""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import optimize, special

from geo.frames import FloatArray, GeoError

USUAL_POWER = 0.8
DETECTABLE_ROUNDS = 3
MONTHS_IN_YEAR = 12
FEWEST_MONTHS_OF_A_TREND = 3


@dataclass(frozen=True)
class Effect:
    """How one area changed against the control.

    Attributes
    ----------
    before, after : float
        Incidents; those before corrected for how the place was chosen, where they are.
    control_before, control_after : float
        The same in the control.
    expected : float
        After, had the area gone the way of the control.
    ratio, ratio_lower, ratio_upper : float
        After divided by expected; 1 is no change against the control.
    avoided, avoided_lower, avoided_upper : float
        Expected less after; below 0 there were more. The interval is on the same side of 0 as that of the ratio of 1.
    detectable_ratio : float
        A true ratio about this low would be told from 1 four times in five.
    dispersion : float
        How many times as much the months vary as the Poisson law has it, 1 at least.
    confidence : float
        Of the intervals.
    """

    before: float
    after: float
    control_before: float
    control_after: float
    expected: float
    ratio: float
    ratio_lower: float
    ratio_upper: float
    avoided: float
    avoided_lower: float
    avoided_upper: float
    detectable_ratio: float
    dispersion: float
    confidence: float


@dataclass(frozen=True)
class TrendBeside:
    """Whether an area and its control went apart over a run of months.

    Attributes
    ----------
    yearly_ratio : float
        By what the area was multiplied in a year, beside the control; 1 is the same way.
    p : float
        Two-sided chance of a slope at least as steep, had both gone the same way; 1 where nothing can be told.
    """

    yearly_ratio: float
    p: float


@dataclass(frozen=True)
class Disagreement:
    """How far control areas went their own ways, as an area with a response would have with none.

    Attributes
    ----------
    p : float
        Chance that they differ as much in their change, were it the same for all; NaN where that cannot be told.
    variance : float
        Of the logarithm of the ratio of one more such area to all of them, beyond what single months make of it; 0
        where it cannot be told.
    """

    p: float
    variance: float


@dataclass(frozen=True)
class _Table:
    """Incidents before and after in an area and in its control."""

    before: float
    after: float
    control_before: float
    control_after: float

    @property
    def ratio(self) -> float:
        return self.after * self.control_before / (self.before * self.control_after)

    def ratios_at(self, deviance: float) -> tuple[float, float]:
        """Return the lowest and the highest ratio of tables with these margins that are no farther from this one."""
        area, later, earlier = self._margins

        def reaches(least: float, most: float) -> float:
            # Where a cell would be empty that is not, the deviance is infinite, so that halving always finds the end.
            fitted = optimize.bisect(lambda fitted: self._deviance(fitted) - deviance, least, most)
            rest = (area - fitted) * (later - fitted)
            return float(fitted * (earlier - area + fitted) / rest) if rest else math.inf

        lowest = reaches(max(0.0, area - earlier), self.after) if self.after else 0.0
        return lowest, reaches(self.after, min(area, later))

    @property
    def _margins(self) -> tuple[float, float, float]:
        return self.before + self.after, self.after + self.control_after, self.before + self.control_before

    def _deviance(self, fitted: float) -> float:
        area, later, earlier = self._margins
        seen = (self.after, self.before, self.control_after, self.control_before)
        expected = (fitted, area - fitted, later - fitted, earlier - area + fitted)
        return 2 * sum(float(special.rel_entr(count, mean)) for count, mean in zip(seen, expected, strict=True))


def change_against_control(
    before: npt.ArrayLike,
    after: npt.ArrayLike,
    control_before: npt.ArrayLike,
    control_after: npt.ArrayLike,
    *,
    shares_before: tuple[float, float] = (1.0, 1.0),
    own_ways: float = 0.0,
    confidence: float = 0.95,
) -> Effect:
    """Compare an area's months before and after with those of its control.

    Given how many incidents a month brought in area and control together, the area's share of them does not depend on
    the season nor on anything that moves both, and the ratio is that of two odds. Its interval is where the root of
    the deviance, divided by the spread of the months, stays within the quantile: of Student's law where months vary
    more than the Poisson law has it, else of the normal law. The spread is that of whole months as they came, so that
    months with many incidents may vary more than in proportion (as the negative binomial law has it): over a grid of
    truths it covered nearer to its stated rate than one weighted by what each month brought (Pearson's).

    Parameters
    ----------
    before, after : shape (m,) and (n,)
        Whole numbers of incidents by month in the area.
    control_before, control_after : shape (m,) and (n,)
        The same months in the control, all its areas together.
    shares_before : (area, control)
        What part of the incidents before counts: less than all where they were high because the place was chosen for
        that, more where they were low.
    own_ways : float
        Variance of the logarithm of the ratio because areas go their own ways, such as that of `disagreement`.
    confidence : float
        Between 0 and 1.

    Returns
    -------
    Effect

    Raises
    ------
    GeoError
        If a count is missing, negative or not whole, months do not fit or are fewer than two before or one after, a
        share is not above zero, the variance below it, the confidence is out of range, or the area had no incident
        before, or the control none before or after.

    References
    ----------
    McCullagh & Nelder (1989), Generalized Linear Models, sections 4.5 and 9.2; Cochran (1977), Sampling Techniques,
    chapter 9, for months as clusters; Zou & Donner (2008), Statistics in Medicine 27(10), 1693-1702, for the interval
    of a difference from those of its parts.
    """
    periods = [_beside(before, control_before), _beside(after, control_after)]
    if periods[0].shape[1] < 2 or not periods[1].size:
        raise GeoError("A change needs two or more months before and one or more after. Pass more months.")
    if not (min(shares_before) > 0 and 0 <= own_ways < math.inf):
        raise GeoError(
            f"Shares of {shares_before} and a variance of {own_ways} are not possible. Give shares above zero."
        )
    if not 0 < confidence < 1:
        raise GeoError(f"A confidence of {confidence} is not possible. Give one between 0 and 1, such as 0.95.")
    (own_before, other_before), (own_after, other_after) = (period.sum(axis=1).tolist() for period in periods)
    if not (own_before and other_before and other_after):
        raise GeoError("The area has no incidents before, or the control none before or after. Take larger ones.")
    table = _Table(own_before * shares_before[0], own_after, other_before * shares_before[1], other_after)
    dispersion, freedom = _dispersion(periods)
    tail = (1 - confidence) / 2
    quantile = float(-special.stdtrit(freedom, tail) if dispersion > 1 else -special.ndtri(tail))
    return _effect(table, dispersion, own_ways, quantile, confidence)


def trend_beside(area: npt.ArrayLike, control: npt.ArrayLike) -> TrendBeside:
    """Test whether an area and its control went apart over a run of months, one by more each month.

    One step of a slope in the logit of the area's share, its variance that of the months about it.

    Parameters
    ----------
    area, control : shape (m,)
        Whole numbers of incidents by month.

    Returns
    -------
    TrendBeside

    Raises
    ------
    GeoError
        If a count is missing, negative or not whole, or months do not fit.

    References
    ----------
    McCullagh & Nelder (1989), Generalized Linear Models, section 4.5.
    """
    counts = _beside(area, control)
    months = counts.shape[1]
    own, together = counts[0], counts.sum(axis=0)
    share = own.sum() / max(together.sum(), 1.0)
    when = np.arange(months) - together @ np.arange(months) / max(together.sum(), 1.0)
    information = share * (1 - share) * float(together @ when**2)
    if months < FEWEST_MONTHS_OF_A_TREND or not information:
        return TrendBeside(1.0, 1.0)
    slope = float(when @ (own - share * together) / information)
    sloping = special.expit(special.logit(share) + slope * when)
    squares, chance = ((own - sloping * together) ** 2).sum(), (together * sloping * (1 - sloping)).sum()
    dispersion = max(1.0, float(squares / chance) * months / (months - 2))
    p = 2 * float(special.stdtr(months - 2, -abs(slope) * math.sqrt(information / dispersion)))
    return TrendBeside(math.exp(MONTHS_IN_YEAR * slope), p)


def disagreement(before: npt.ArrayLike, after: npt.ArrayLike) -> Disagreement:
    """Tell how far control areas went their own ways between two periods, beyond what single months make of it.

    Parameters
    ----------
    before, after : shape (k, m) and (k, n)
        Whole numbers of incidents in k areas by month.

    Returns
    -------
    Disagreement
        A p of NaN and no variance where there is but one area with incidents, no incident in one of the periods, or
        too few months.

    Raises
    ------
    GeoError
        If a count is missing, negative or not whole, or the areas are not the same in both.

    References
    ----------
    DerSimonian & Laird (1986), Controlled Clinical Trials 7(3), 177-188.
    """
    periods = [_months(before), _months(after)]
    if any(period.ndim != 2 or len(period) != len(periods[0]) for period in periods):
        raise GeoError("The same areas are needed before and after. Pass one row an area in both.")
    is_busy = np.hstack(periods).any(axis=1)
    periods = [period[is_busy] for period in periods]
    totals = np.column_stack([period.sum(axis=1) for period in periods])
    more, months = len(totals) - 1, sum(period.shape[1] for period in periods)
    if more < 1 or not totals.sum(axis=0).all() or months <= len(periods):
        return Disagreement(math.nan, 0.0)
    expected = np.outer(totals.sum(axis=1), totals.sum(axis=0)) / totals.sum()
    chi_square = float(((totals - expected) ** 2 / expected).sum())
    dispersion, freedom = _dispersion(periods)
    weights = expected.prod(axis=1) / expected.sum(axis=1)
    parts = float((weights**2).sum() / weights.sum() ** 2)
    of_areas = max(0.0, chi_square - dispersion * more) / (float(weights.sum()) * (1 - parts))
    return Disagreement(float(special.fdtrc(more, freedom, chi_square / more / dispersion)), of_areas * (1 + parts))


def _beside(area: npt.ArrayLike, control: npt.ArrayLike) -> FloatArray:
    """Put the months of an area over those of its control."""
    own, other = _months(area), _months(control)
    if own.ndim != 1 or own.shape != other.shape:
        raise GeoError(
            f"There are months of shape {own.shape} in the area and {other.shape} in the control. Pass the "
            "same months of both."
        )
    return np.stack([own, other])


def _dispersion(periods: list[FloatArray]) -> tuple[float, int]:
    """How varied months are in each area's share of a month, and what is left to judge that by; 1 at least."""
    squares, chance, months = 0.0, 0.0, 0
    for counts in periods:
        together, shares = counts.sum(axis=0), counts.sum(axis=1) / max(counts.sum(), 1.0)
        squares += float(((counts - np.outer(shares, together)) ** 2).sum())
        chance += float(together.sum() * (shares * (1 - shares)).sum())
        months += counts.shape[1]
    left = months - len(periods)
    freedom = left * (len(periods[0]) - 1)
    return max(1.0, squares / chance * months / left) if chance else 1.0, freedom


def _effect(table: _Table, dispersion: float, own_ways: float, quantile: float, confidence: float) -> Effect:
    expected = table.before * table.control_after / table.control_before
    doubt = 1 / table.before + 1 / table.control_before + 1 / table.control_after
    # As many times as varied, months alone would make the logarithm of the ratio as uncertain as both make it.
    varied = dispersion + own_ways / (doubt + 1 / expected)
    lower, upper = table.ratios_at(quantile**2 * varied)
    ends = expected * np.exp(np.array([-1, 1]) * quantile * math.sqrt(dispersion * doubt + own_ways))
    tails = special.ndtr([-quantile, quantile])
    least, most = dispersion * special.gammaincinv(table.after / dispersion + 0.5, tails)
    avoided = expected - table.after
    fewest = avoided - math.hypot(expected - ends[0], most - table.after)
    greatest = avoided + math.hypot(ends[1] - expected, table.after - min(least, table.after))
    is_below, is_above = upper < 1, lower > 1
    return Effect(
        before=table.before,
        after=table.after,
        control_before=table.control_before,
        control_after=table.control_after,
        expected=expected,
        ratio=table.ratio,
        ratio_lower=lower,
        ratio_upper=upper,
        avoided=avoided,
        # Two ways to an interval differ a little; the one of the ratio decides on which side of no change both lie.
        avoided_lower=max(fewest, 0.0) if is_below else min(fewest, 0.0),
        avoided_upper=min(greatest, 0.0) if is_above else max(greatest, 0.0),
        detectable_ratio=_detectable((quantile + special.ndtri(USUAL_POWER)) * math.sqrt(varied), doubt, expected),
        dispersion=dispersion,
        confidence=confidence,
    )


def _detectable(distance: float, doubt: float, expected: float) -> float:
    """The ratio that lies so many of its own standard errors below 1, its incidents after being the fewer for it."""
    ratio = 1.0
    for _ in range(DETECTABLE_ROUNDS):
        ratio = math.exp(-distance * math.sqrt(doubt + 1 / max(expected * ratio, 1e-300)))
    return ratio


def _months(counts: npt.ArrayLike) -> FloatArray:
    values = np.asarray(counts, dtype=np.float64)
    if not np.isfinite(values).all() or ((values < 0) | (values != np.round(values))).any():
        raise GeoError("Only whole counts of 0 or more can be compared. Leave out months that were not observed.")
    return values
