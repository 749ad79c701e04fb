"""The arithmetic and the words of a summary: changes, verdicts, rates, sentences. Pure; figures arrive released."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from geo.change import compare_counts
from geo.hotspots import benjamini_hochberg
from geo.rates import rate_per
from hub.access import Released
from hub.words import listed, number, plural

SMALLEST_BASE_FOR_PERCENT = 30
LARGEST_Q = 0.05
NAMES_IN_A_SENTENCE = 3

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


@dataclass(frozen=True)
class Figure:
    """One count as it may be shown: `count` is None where it is not known, or is hidden because it is small."""

    count: int | None
    is_hidden: bool = False


@dataclass(frozen=True)
class Change:
    """A count in the latest 12 months beside the 12 before."""

    latest: Figure
    before: Figure
    verdict: Verdict

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


def changes(latest: Released, before: Released) -> list[Change]:
    """Compare counts, line by line, and say which changes are more than chance.

    The exact conditional test, with the share of false calls among all lines compared held to 5% (Benjamini-Hochberg).
    What is not known or not shown is not compared.
    """
    compared = compare_counts(before.counts, latest.counts)
    q = benjamini_hochberg(compared.p)
    return [
        Change(figure, earlier, _verdict(difference, line_q))
        for figure, earlier, difference, line_q in zip(
            figures_of(latest), figures_of(before), compared.difference, q, strict=True
        )
    ]


def rates(counts: Floats, residents: Sequence[float] | Floats) -> list[float | None]:
    """Per 1,000 residents; None where either is not known."""
    return [None if math.isnan(rate) else float(rate) for rate in rate_per(counts, residents)]


# --- Sentences -------------------------------------------------------------------------------------------------------


def headline(place: str, period: str, total: Change, measure: str) -> str:
    """Say in a sentence or two what happened to recorded crime as a whole."""
    latest, before = total.latest, total.before
    match total.verdict:
        case Verdict.FELL | Verdict.ROSE:
            return f"Recorded crime in {place} {total.verdict.lower()}{_by_about(total)} in the {period}."
        case Verdict.NO_CLEAR_CHANGE:
            return f"There was no clear change in recorded crime in {place} in the {period}."
    if latest.count is None and not latest.is_hidden:
        return f"There are no complete figures for {place} in the {period}."
    recorded = "Fewer than 5" if latest.count is None else number(latest.count)
    then = (
        "That is too few to compare." if before.is_hidden or latest.is_hidden else "There is no year to compare with."
    )
    return f"{recorded} {measure} were recorded in {place} in the {period}. {then}"


def group_sentence(named: Sequence[tuple[str, Change]]) -> str:
    """Say which offence groups moved, the largest movements first, and how many did not clearly move."""
    moved = [(name, change) for name, change in named if change.verdict in {Verdict.FELL, Verdict.ROSE}]
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


def rate_sentence(named: Sequence[tuple[str, float | None]]) -> str:
    """Say which wards have most for their residents; nothing where that would name nearly all."""
    known = sorted(((name, rate) for name, rate in named if rate is not None), key=lambda pair: -pair[1])
    if len(known) <= 2 * NAMES_IN_A_SENTENCE:
        return ""
    top = [f"{name} ({rate:,.0f})" for name, rate in known[:NAMES_IN_A_SENTENCE]]
    return f"{listed(top)} had the most for every 1,000 people who live there."


def _verdict(difference: float, q: float) -> Verdict:
    if math.isnan(q):
        return Verdict.NOT_COMPARABLE
    if q > LARGEST_Q or difference == 0:
        return Verdict.NO_CLEAR_CHANGE
    return Verdict.FELL if difference < 0 else Verdict.ROSE


def _by_about(change: Change) -> str:
    return "" if change.percent is None else f" by about {max(1, round(abs(change.percent)))}%"


def _in_a_sentence(name: str) -> str:
    return name if name[:2].isupper() else name[:1].lower() + name[1:]


def _sentence(words: str) -> str:
    return f"{words[0].upper()}{words[1:]}."
