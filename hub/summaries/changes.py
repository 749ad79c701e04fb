"""The arithmetic and the words of a summary: changes, verdicts, rates, sentences. Pure; figures arrive released."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from geo.change import CountChange, compare_counts
from geo.dispersion import Dispersion
from geo.hotspots import benjamini_hochberg
from geo.rates import byar_interval, rate_per
from hub.access import Released
from hub.words import listed, number, plural

SMALLEST_BASE_FOR_PERCENT = 30
CLAIMED_BY_CHANCE = 0.05
"""The share of pages, of boroughs where nothing changed, that may claim that anything did."""
LARGEST_Q, LARGEST_Q_OF_SURVEYS = 0.04, 0.01
"""The parts of it that fall to all that was counted, judged together, and to all that people were asked."""
NAMES_IN_A_SENTENCE = 3
MEASURES_IN_A_HEADLINE = 2
MOST_WARDS_NAMED = 8
FRACTIONS = {
    "a tenth": (9.5, 10.5),
    "a fifth": (19.0, 21.0),
    "a quarter": (24.0, 26.0),
    "a third": (32.0, 35.0),
    "half": (48.0, 52.0),
}
"""Between which percentages each may be said."""

Floats = npt.NDArray[np.float64]


class Verdict(StrEnum):
    """What may honestly be said of a change."""

    FELL = "Fell"
    ROSE = "Rose"
    NO_CLEAR_CHANGE = "No clear change"
    NOT_COMPARABLE = "Cannot compare"

    @property
    def arrow(self) -> str:
        """A mark that does not rely on colour."""
        return {"Fell": "▼", "Rose": "▲", "No clear change": "●"}.get(self.value, "–")

    @property
    def letter(self) -> str:
        """A letter that is left when a page is copied in black and white, small or badly."""
        return {"Fell": "F", "Rose": "R", "No clear change": "N"}.get(self.value, "–")


@dataclass(frozen=True)
class Figure:
    """One count as it may be shown: `count` is None where it is not known, or is hidden because it is small."""

    count: int | None
    is_hidden: bool = False


@dataclass(frozen=True)
class Ratio:
    """How many times as many as before: what was counted, and the 95% interval of what it may truly be."""

    counted: float | None
    """None where there were none before."""
    low: float
    high: float
    """Infinite where there were none before."""


@dataclass(frozen=True)
class Change:
    """A count in the latest 12 months beside the 12 before."""

    latest: Figure
    before: Figure
    verdict: Verdict
    ratio: Ratio | None = None
    """None where there is nothing to compare."""
    q: float | None = None
    """The chance of so large a change where nothing truly changed, corrected for all that was looked at."""
    spread: float = 1.0
    """How many times the variance of its months is what chance alone would bring; 1 where no more is known."""

    @property
    def is_claimed(self) -> bool:
        """Whether it is said to have risen or fallen."""
        return self.verdict in {Verdict.FELL, Verdict.ROSE}

    @property
    def percent_between(self) -> tuple[float, float] | None:
        """The 95% interval of the change in per cent; None where there is no percentage."""
        if self.percent is None or self.ratio is None:
            return None
        return 100 * (self.ratio.low - 1), 100 * (self.ratio.high - 1)

    @property
    def difference(self) -> int | None:
        """Latest less before."""
        return None if self.latest.count is None or self.before.count is None else self.latest.count - self.before.count

    @property
    def percent(self) -> float | None:
        """The change in per cent of before; None on a base too small for a percentage to mean anything."""
        base = self.before.count
        return (
            None
            if self.difference is None or not base or base < SMALLEST_BASE_FOR_PERCENT
            else 100 * self.difference / base
        )


def figures_of(released: Released) -> list[Figure]:
    """The counts of a release, one by one."""
    return [
        Figure(None if math.isnan(count) else int(count), bool(is_hidden))
        for count, is_hidden in zip(released.counts, released.hidden, strict=True)
    ]


def changes(latest: Released, before: Released, spread: Dispersion | None = None) -> list[Change]:
    """Compare counts, line by line, and say which changes are more than chance."""
    return together([(latest, before)], [spread])[0]


def together(
    parts: Sequence[tuple[Released, Released]], spreads: Sequence[Dispersion | None] = ()
) -> list[list[Change]]:
    """Compare counts of the latest year and the one before, in several parts that one reader reads together.

    The exact conditional test, with the share of false calls among all lines of all parts held to `LARGEST_Q`
    (Benjamini-Hochberg): where nothing changed at all, so many pages say that something did. What is not known or
    not shown is not compared.

    Parameters
    ----------
    parts
        Both years of each.
    spreads
        How much more each part's lines vary than chance; of one that is not given no more.
    """
    latest, before = ([figure for part in parts for figure in figures_of(part[side])] for side in (0, 1))
    after, earlier_on = (np.concatenate([np.zeros(0), *(part[side].counts for part in parts)]) for side in (0, 1))
    varied = _one_after_another([part[0].counts.size for part in parts], [*spreads, *[None] * len(parts)])
    compared = compare_counts(earlier_on, after, dispersion=varied)
    q = benjamini_hochberg(compared.p)
    found = [
        Change(
            figure,
            earlier,
            _verdict(compared.difference[place], q[place]),
            None if math.isnan(q[place]) else _ratio(compared, place),
            None if math.isnan(q[place]) else float(q[place]),
            float(varied.factor[place]),
        )
        for place, (figure, earlier) in enumerate(zip(latest, before, strict=True))
    ]
    ends = np.cumsum([part[0].counts.size for part in parts])
    return [found[end - part[0].counts.size : end] for end, part in zip(ends, parts, strict=True)]


def _one_after_another(sizes: Sequence[int], spreads: Sequence[Dispersion | None]) -> Dispersion:
    given = [
        Dispersion(np.ones(size), np.full(size, np.inf)) if spread is None else spread
        for size, spread in zip(sizes, spreads, strict=False)
    ]
    return Dispersion(
        np.concatenate([np.zeros(0), *(one.factor for one in given)]),
        np.concatenate([np.zeros(0), *(one.freedom for one in given)]),
    )


def _ratio(compared: CountChange, place: int) -> Ratio:
    counted = float(compared.ratio[place])
    return Ratio(
        None if math.isnan(counted) else counted,
        float(compared.ratio_lower[place]),
        float(compared.ratio_upper[place]),
    )


def rates(counts: Floats, residents: Sequence[float] | Floats) -> list[float | None]:
    """Per 1,000 residents; None where either is not known."""
    return [None if math.isnan(rate) else float(rate) for rate in rate_per(counts, residents)]


# --- Sentences -------------------------------------------------------------------------------------------------------


def first_words(place: str, last_month: str, named: Sequence[tuple[str, Change]]) -> str:
    """Say of up to two measures what happened to them: first those that changed, the largest changes first.

    Nothing where none of them can be compared.
    """
    moved = [pair for pair in named if pair[1].is_claimed]
    moved.sort(key=lambda pair: -abs(math.log(_times(pair[1]))))
    still = [pair for pair in named if pair[1].verdict is Verdict.NO_CLEAR_CHANGE]
    told = (moved + still)[:MEASURES_IN_A_HEADLINE]
    if not told:
        return ""
    when = f"in {place} in the year to {last_month}"
    if not moved:
        return f"There was no clear change in {listed([_in_a_sentence(name) for name, _ in told])} {when}."
    (name, change), *others = told
    words = _sentence(f"{_in_a_sentence(name)} {_happened(change)} {when}")
    return "; ".join([words.rstrip("."), *(f"{_in_a_sentence(other)} {_happened(its)}" for other, its in others)]) + "."


def headline(place: str, period: str, total: Change, measure: str, threshold: int) -> str:
    """Say in a sentence or two what happened to recorded crime as a whole."""
    latest, before = total.latest, total.before
    match total.verdict:
        case Verdict.FELL | Verdict.ROSE:
            return f"Recorded crime in {place} {total.verdict.lower()}{_by_about(total)} in the {period}."
        case Verdict.NO_CLEAR_CHANGE:
            return f"There was no clear change in recorded crime in {place} in the {period}."
    if latest.count is None and not latest.is_hidden:
        return f"There are no complete figures for {place} in the {period}."
    recorded = f"Fewer than {threshold}" if latest.count is None else number(latest.count)
    then = (
        "That is too few to compare." if before.is_hidden or latest.is_hidden else "There is no year to compare with."
    )
    return f"{recorded} {measure} were recorded in {place} in the {period}. {then}"


def group_sentence(named: Sequence[tuple[str, Change]]) -> str:
    """Say which offence groups moved, the largest movements first, and how many did not clearly move."""
    moved = [(name, change) for name, change in named if change.is_claimed]
    moved.sort(key=lambda pair: -abs(pair[1].difference or 0))
    still = sum(change.verdict is Verdict.NO_CLEAR_CHANGE for _, change in named)
    said = [f"{_in_a_sentence(name)} {change.verdict.lower()}{_by_about(change)}" for name, change in moved]
    told = said[:NAMES_IN_A_SENTENCE]
    words = f"{_sentence(listed(told))} " if told else ""
    if len(said) > len(told):
        words += f"{plural(len(said) - len(told), 'other group')} changed too. "
    if still:
        words += f"In {still} of {plural(len(named), 'offence group')} there was no clear change."
    return words.strip()


def ward_sentence(named: Sequence[tuple[str, Change]]) -> str:
    """Say in which wards crime rose and in which it fell, the largest movements first."""
    by_size = sorted(named, key=lambda pair: -abs(pair[1].difference or 0))
    if all(change.verdict is Verdict.NOT_COMPARABLE for _, change in named):
        return ""
    said = []
    for verdict in (Verdict.ROSE, Verdict.FELL):
        wards = [name for name, change in by_size if change.verdict is verdict]
        if wards:
            said.append(f"{verdict.lower()} in {listed(wards, most=NAMES_IN_A_SENTENCE + 1)}")
    return f"Recorded crime {', and '.join(said)}." if said else "No ward had a clear change in recorded crime."


def rate_sentence(above: Sequence[str], below: int) -> str:
    """Say which wards have more for their residents than the borough, by name: this is no league table."""
    if not above and not below:
        return ""
    said = [f"above the borough's rate in {listed(above, most=MOST_WARDS_NAMED)}"] if above else []
    if below:
        said.append(f"below {'it' if above else 'the rate of the borough'} in {plural(below, 'ward')}")
    return f"For the people who live there, recorded crime is {' and '.join(said)}."


def likely_rates(latest: Released, residents: Sequence[float] | Floats) -> list[tuple[float, float] | None]:
    """Within which each rate per 1,000 is likely to lie, but for chance; None where there is none."""
    ends = (rate_per(end, residents) for end in byar_interval(latest.counts))
    return [None if math.isnan(low) else (float(low), float(high)) for low, high in zip(*ends, strict=True)]


def beside(likely: tuple[float, float] | None, rate: float | None) -> str:
    """Whether a rate lies `above` or `below` another by more than chance would explain; empty where it does not."""
    if likely is None or rate is None:
        return ""
    return "above" if likely[0] > rate else "below" if likely[1] < rate else ""


def _verdict(difference: float, q: float) -> Verdict:
    if math.isnan(q):
        return Verdict.NOT_COMPARABLE
    if q > LARGEST_Q or difference == 0:
        return Verdict.NO_CLEAR_CHANGE
    return Verdict.FELL if difference < 0 else Verdict.ROSE


def _happened(change: Change) -> str:
    if change.is_claimed:
        return f"{change.verdict.lower()}{_by_about(change)}"
    return "did not change more than chance would explain"


def _times(change: Change) -> float:
    """How many times as many as before; as good as no fewer than one stands for none."""
    return max(change.latest.count or 0, 1) / max(change.before.count or 0, 1)


def _by_about(change: Change) -> str:
    """` by about a tenth`, or in per cent where no plain fraction is near."""
    if change.percent is None:
        return ""
    size = abs(change.percent)
    plain = next((words for words, (least, most) in FRACTIONS.items() if least <= size < most), None)
    return f" by about {plain or f'{max(1, round(size))}%'}"


def _in_a_sentence(name: str) -> str:
    return name if name[:2].isupper() else name[:1].lower() + name[1:]


def _sentence(words: str) -> str:
    return f"{words[0].upper()}{words[1:]}."
