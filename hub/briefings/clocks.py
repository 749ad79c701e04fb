"""When in the week incidents of one place happen, hour by day, and the one sentence that can be said of it.

Pure: moments in, a clock out. Where no source has times it says so, and guesses none.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from geo.clock import DAYS_IN_WEEK, HOURS_IN_DAY, HOURS_IN_WEEK, WeekClock, week_clock
from geo.frames import BoolArray, FloatArray
from hub.words import listed, number, plural

DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
LEAST_TIMED = 20
"""Of fewer, no part of the week can be told from another."""
HOURS_TOGETHER = 6
MOST_DAYS_TOGETHER = 5
LEAST_SPREADS = 3.0
"""How many standard deviations a part of the week must stand out by, having been looked for among many."""
NOWHERE = (
    "No source says at what hour: street-level points carry only the month, and no partner's file has times for here."
)


@dataclass(frozen=True)
class PlaceClock:
    """What the sources with times say of one place.

    `sources` names each with how many of its incidents have an hour; `hourless` is how many more of any source have
    only a day. `is_of_category` is whether they are of the place's own offences.
    """

    clock: WeekClock
    sources: tuple[tuple[str, int], ...]
    is_of_category: bool
    hourless: int

    @property
    def total(self) -> int:
        """How many there are."""
        return sum(count for _, count in self.sources)

    @property
    def rows(self) -> list[tuple[str, list[tuple[str, int]]]]:
        """For each day its hours: the figure in words and the shade of each."""
        return list(zip(DAYS, shades(self.clock.hours), strict=True))

    @property
    def from_words(self) -> str:
        """`61 incidents (Ambulance calls, Fire incidents)`."""
        return f"{plural(self.total, 'incident')} ({listed([title for title, _ in self.sources])})"

    @property
    def sentence(self) -> str:
        """When most come, in one sentence."""
        if self.total < LEAST_TIMED:
            return f"Only {plural(self.total, 'incident')} here came with a time, too few to say when in the week."
        who = "They" if self.is_of_category else "Incidents of all kinds there"
        return when(self.clock.hours, of=self.from_words, who=who)


def clock_of(timed: pd.DataFrame, category: str, titles: dict[str, str]) -> PlaceClock | None:
    """Make the clock of one place: of its own offences where enough of them have times, or else of all that has.

    Parameters
    ----------
    timed : DataFrame
        What lies there: `dataset`, `category`, `subcategory`, `occurred_from` and `occurred_to`.
    category : str
        The offences of the place.
    titles : dict
        The title of each dataset.

    Returns
    -------
    PlaceClock, or None where nothing there came with a time.
    """
    dated = timed[timed["occurred_from"].notna() | timed["occurred_to"].notna()]
    has_hour = _has_hour(dated)
    known = dated[has_hour]
    wanted = category.casefold()
    own = known[(known["category"].str.casefold() == wanted) | (known["subcategory"].str.casefold() == wanted)]
    is_of_category = len(own) >= LEAST_TIMED
    used = own if is_of_category else known
    if used.empty:
        return None
    counted = used["dataset"].value_counts()
    return PlaceClock(
        week_clock(used["occurred_from"], used["occurred_to"]),
        tuple((titles[str(key)], int(count)) for key, count in counted.items()),
        is_of_category,
        int((~has_hour).sum()),
    )


def _has_hour(timed: pd.DataFrame) -> BoolArray:
    """Which are known to more than a day.

    A source that gives only the day is kept as its first moment, so that exactly midnight cannot be told from it, and
    is mostly that.
    """
    start = pd.to_datetime(timed["occurred_from"])
    is_a_day = start.isna() | (start == start.dt.normalize())
    has_hour: BoolArray = ~(is_a_day & timed["occurred_to"].isna()).to_numpy(dtype=bool)
    return has_hour


def busiest(hours: FloatArray) -> tuple[int | None, tuple[int, int] | None]:
    """Find the part of the week that stands out from chance.

    Parameters
    ----------
    hours : shape (7, 24)
        Monday to Sunday by hour; something is in it.

    Returns
    -------
    The hour from which the `HOURS_TOGETHER` with the most run, and the first day (0 for Monday) and the number of the
    days that stand out; None of either that does not.
    """
    total = float(hours.sum())
    by_start = np.array([_by_evening(hours, start) for start in range(HOURS_IN_DAY)])
    start = int(by_start.sum(axis=1).argmax())
    has_hours = _stands_out(float(by_start[start].sum()) / total, HOURS_TOGETHER / HOURS_IN_DAY, total)
    by_day = by_start[start] if has_hours else _by_evening(hours, 0, together=HOURS_IN_DAY)
    return (start if has_hours else None), _days(by_day)


def when(hours: FloatArray, *, of: str, who: str = "They") -> str:
    """Say in which part of the week most incidents come, if any part stands out from chance.

    Parameters
    ----------
    hours : shape (7, 24)
        Monday to Sunday by hour.
    of : str
        What they are: `61 incidents (Ambulance calls)`.
    who : str
        What comes, as the sentence begins.
    """
    total = float(hours.sum())
    start, days = busiest(hours)
    if start is None and not days:
        return f"{who} come at no one time of the week, going by {of}."
    by_day = _by_evening(hours, 0, together=HOURS_IN_DAY) if start is None else _by_evening(hours, start)
    share = float(by_day[_positions(days)].sum()) / total
    if start is None:
        return f"{who} come most on {_said_days(days)}, at any hour: {share:.0%} of {of}."
    span = f"between {_hour(start)} and {_hour(start + HOURS_TOGETHER)}"
    day_words = f"on {_said_days(days)}" if days else "on any day"
    return f"{who} come most {day_words} {span}: {share:.0%} of {of}."


def _by_evening(hours: FloatArray, start: int, *, together: int = HOURS_TOGETHER) -> FloatArray:
    """Add up some hours from a start, by the day on which they start: those after midnight are still that evening's."""
    week = hours.ravel()
    begins = np.arange(DAYS_IN_WEEK) * HOURS_IN_DAY + start
    summed: FloatArray = week[np.add.outer(begins, np.arange(together)) % HOURS_IN_WEEK].sum(axis=1)
    return summed


def _days(by_day: FloatArray) -> tuple[int, int] | None:
    """Find the run of days that stands out most: its first, and how many; None where none does."""
    total, best, found = float(by_day.sum()), LEAST_SPREADS, None
    for length in range(1, MOST_DAYS_TOGETHER + 1):
        even = length / DAYS_IN_WEEK
        for first in range(DAYS_IN_WEEK):
            share = float(by_day[_positions((first, length))].sum()) / total
            spreads = (share - even) / np.sqrt(even * (1 - even) / total)
            if spreads > best:
                best, found = spreads, (first, length)
    return found


def _stands_out(share: float, even: float, total: float) -> bool:
    return share - even > LEAST_SPREADS * float(np.sqrt(even * (1 - even) / total))


def _positions(days: tuple[int, int] | None) -> list[int]:
    first, length = days or (0, DAYS_IN_WEEK)
    return [(first + later) % DAYS_IN_WEEK for later in range(length)]


def _said_days(days: tuple[int, int] | None) -> str:
    names = [DAYS[at] for at in _positions(days)]
    return f"{names[0]} to {names[-1]}" if len(names) > 2 else listed([f"{name}s" for name in names])


def _hour(hour: int) -> str:
    """`6pm`, `midnight`."""
    hour %= HOURS_IN_DAY
    if hour in {0, 12}:
        return "midday" if hour else "midnight"
    return f"{hour % 12}{'am' if hour < 12 else 'pm'}"


def shades(hours: FloatArray, *, steps: int = 5) -> list[list[tuple[str, int]]]:
    """Give each hour of each day its figure in words and its shade, from 0 (nothing) to `steps` (the most)."""
    most = float(hours.max()) or 1.0
    return [[(_brief(value), int(np.ceil(steps * value / most))) for value in day] for day in hours.tolist()]


def _brief(figure: float) -> str:
    """A figure in as few characters as it takes: whole unless a window was shared out over several hours."""
    return number(figure, 0 if float(figure).is_integer() else 1)
