"""The arithmetic and the words of a summary: changes, verdicts, rates, headline. Pure; figures arrive released."""

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
from hub.words import plural

SMALLEST_BASE_FOR_PERCENT = 30
LARGEST_Q = 0.05

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
class Change:
    """A count in the latest 12 months beside the 12 before. None where a figure is not known or not shown."""

    latest: int | None
    before: int | None
    verdict: Verdict

    @property
    def difference(self) -> int | None:
        """Latest less before."""
        return None if self.latest is None or self.before is None else self.latest - self.before

    @property
    def percent(self) -> float | None:
        """The change in per cent of before; None on a base too small for a percentage to mean anything."""
        if self.difference is None or self.before is None or self.before < SMALLEST_BASE_FOR_PERCENT:
            return None
        return 100 * self.difference / self.before


def changes(latest: Floats, before: Floats) -> list[Change]:
    """Compare counts, line by line, and say which changes are more than chance.

    The exact conditional test, with the share of false calls among all lines compared held to 5% (Benjamini-Hochberg).
    NaN marks a figure that is not known or not shown.
    """
    compared = compare_counts(before, latest)
    q = benjamini_hochberg(compared.p)
    return [
        Change(_whole(a), _whole(b), _verdict(difference, line_q))
        for a, b, difference, line_q in zip(latest, before, compared.difference, q, strict=True)
    ]


def rates(counts: Floats, residents: Sequence[float] | Floats) -> list[float | None]:
    """Per 1,000 residents; None where either is not known."""
    return [None if math.isnan(rate) else float(rate) for rate in rate_per(counts, residents)]


def headline(place: str, period: str, total: Change) -> str:
    """Say in one sentence what happened to recorded crime as a whole."""
    match total.verdict:
        case Verdict.NOT_COMPARABLE:
            return f"There is no earlier year to set recorded crime in {place} in the {period} against."
        case Verdict.NO_CLEAR_CHANGE:
            return f"Recorded crime in {place} did not change more than chance would explain in the {period}."
    return f"Recorded crime in {place} {total.verdict.lower()}{_by_about(total)} in the {period}."


def group_sentence(named: Sequence[tuple[str, Change]]) -> str:
    """Say which offence groups moved, the largest movements first, and how many did not clearly move."""
    moved = [(name, change) for name, change in named if change.verdict in {Verdict.FELL, Verdict.ROSE}]
    moved.sort(key=lambda pair: -abs(pair[1].difference or 0))
    still = sum(change.verdict is Verdict.NO_CLEAR_CHANGE for _, change in named)
    said = [f"{name.lower()} {change.verdict.lower()}{_by_about(change)}" for name, change in moved[:3]]
    words = f"{_sentence(_listed(said))} " if said else ""
    if len(moved) > len(said):
        words += f"{plural(len(moved) - len(said), 'other group')} changed too. "
    if still:
        words += f"In {still} of {len(named)} offence groups there was no clear change."
    return words.strip()


def _verdict(difference: float, q: float) -> Verdict:
    if math.isnan(q):
        return Verdict.NOT_COMPARABLE
    if q > LARGEST_Q or difference == 0:
        return Verdict.NO_CLEAR_CHANGE
    return Verdict.FELL if difference < 0 else Verdict.ROSE


def _by_about(change: Change) -> str:
    return "" if change.percent is None else f" by about {max(1, round(abs(change.percent)))}%"


def _sentence(words: str) -> str:
    return f"{words[0].upper()}{words[1:]}."


def _listed(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def _whole(count: float) -> int | None:
    return None if math.isnan(count) else int(count)
