"""When in the week incidents happen: hour by day, with those known only to lie between two times shared out.

By the clock on the wall; no time zone is guessed, and no incident is lost or counted twice.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from geo.frames import BoolArray, FloatArray, GeoError

DAYS_IN_WEEK, HOURS_IN_DAY = 7, 24
HOURS_IN_WEEK = DAYS_IN_WEEK * HOURS_IN_DAY
_A_MONDAY = np.datetime64("2024-01-01T00", "s")
_AN_HOUR = np.timedelta64(3600, "s")


@dataclass(frozen=True)
class WeekClock:
    """Incidents by hour of the week.

    Attributes
    ----------
    hours : shape (7, 24)
        Monday to Sunday by hour, from midnight: incidents, or their weight, shared out where the hour is not known.
    left_out : float
        What had no time at all, and is in no hour.
    known_share : float
        Of what is in the clock, how much is known to the hour. NaN where nothing is in it.
    spread_share : float
        Of what is in the clock, how much lies in windows longer than a week, which say nothing and are spread evenly.
    """

    hours: FloatArray
    left_out: float
    known_share: float
    spread_share: float


def week_clock(
    start: npt.ArrayLike, end: npt.ArrayLike | None = None, *, weights: npt.ArrayLike | None = None
) -> WeekClock:
    """Share incidents out over the hours in which they may have happened (aoristic analysis).

    A burglary between 08:30 and 10:30 counts a quarter at 8, a half at 9 and a quarter at 10. Times are those of the
    clock on the wall (Europe/London); the hour that a change to or from summer time adds or takes is not looked for.

    Parameters
    ----------
    start : shape (n,)
        Local dates and times without a time zone: when it happened, or the earliest that it may have.
    end : shape (n,), optional
        The latest that it may have; where it is missing, the start is when it happened, and the other way round.
    weights : shape (n,), optional
        What each incident counts for; 1 if not given.

    Returns
    -------
    WeekClock
        Its hours and what was left out add up to the weights.

    Raises
    ------
    GeoError
        If times carry a time zone, the arrays differ in length, a window ends before it starts, or a weight is
        negative or missing.

    References
    ----------
    Ratcliffe (2002), Journal of Quantitative Criminology 18(1), 23-43.
    """
    earliest = _hours(start)
    latest = earliest if end is None else _hours(end)
    amounts = np.ones(earliest.shape) if weights is None else np.asarray(weights, dtype=np.float64)
    if not earliest.shape == latest.shape == amounts.shape:
        raise GeoError(
            f"There are {earliest.size} starts, {latest.size} ends and {amounts.size} weights. Pass one of each."
        )
    if not np.isfinite(amounts).all() or (amounts < 0).any():
        raise GeoError("Some weights are missing or below zero. Give 0 for what is not to count.")
    earliest, latest = np.where(np.isnan(earliest), latest, earliest), np.where(np.isnan(latest), earliest, latest)
    if (latest < earliest).any():
        raise GeoError(
            f"{(latest < earliest).sum()} incidents end before they start. Correct them, or swap the two columns."
        )
    timed = ~np.isnan(earliest)
    first, last, shared = earliest[timed], latest[timed], amounts[timed]
    endless = last - first > HOURS_IN_WEEK
    # An end on the hour is the end of the hour before, not a part of the next.
    within = (np.ceil(last) - 1 <= np.floor(first)) & ~endless
    hours = np.full(HOURS_IN_WEEK, shared[endless].sum() / HOURS_IN_WEEK)
    hours += np.bincount(_of_week(first[within]), shared[within], minlength=HOURS_IN_WEEK)
    hours += _spread(*(each[~within & ~endless] for each in (first, last, shared)))
    total = shared.sum()
    return WeekClock(
        hours=hours.reshape(DAYS_IN_WEEK, HOURS_IN_DAY),
        left_out=float(amounts[~timed].sum()),
        known_share=_share_of(total, shared, within),
        spread_share=_share_of(total, shared, endless),
    )


def _hours(times: npt.ArrayLike) -> FloatArray:
    """Return times as hours since a Monday's midnight, with fractions."""
    moments = pd.DatetimeIndex(pd.Series(times))
    if moments.tz is not None:
        raise GeoError(
            "The times carry a time zone, but the clock is the one on the wall. "
            "Turn them into local times first, then drop the zone with tz_localize(None)."
        )
    hours: FloatArray = (moments.to_numpy() - _A_MONDAY) / _AN_HOUR
    return hours


def _of_week(hours: FloatArray) -> npt.NDArray[np.int64]:
    return np.floor(hours).astype(np.int64) % HOURS_IN_WEEK


def _spread(first: FloatArray, last: FloatArray, amounts: FloatArray) -> FloatArray:
    """Spread amounts evenly over windows of more than one hour and at most a week."""
    rate = amounts / (last - first)
    begins, reached = _of_week(first), (np.floor(last) - np.floor(first)).astype(np.int64)
    head, tail = rate * (np.floor(first) + 1 - first), rate * (last - np.floor(last))
    length = 2 * HOURS_IN_WEEK + 1
    # Two weeks, since a window runs on into the next; whole hours are added by where they begin and where they cease.
    change = np.bincount(begins + 1, rate, minlength=length) - np.bincount(begins + reached, rate, minlength=length)
    both = np.cumsum(change)
    both += np.bincount(begins, head, minlength=length) + np.bincount(begins + reached, tail, minlength=length)
    weeks: FloatArray = both[:-1].reshape(2, HOURS_IN_WEEK).sum(axis=0)
    return np.maximum(weeks, 0.0)


def _share_of(total: float, amounts: FloatArray, chosen: BoolArray) -> float:
    return float(amounts[chosen].sum() / total) if total else np.nan
