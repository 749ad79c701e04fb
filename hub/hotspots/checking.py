"""Whether an overlay may be asked for: which method goes with which units, months in order, sizes within reason.

Pure: it knows what makes sense, not what data there is.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TypeVar

from hub.errors import BadRequest
from hub.hotspots.emergence import MONTHS_FOLLOWED
from hub.hotspots.scoring import Method, Units
from hub.words import month_name, months_before

METHODS = {
    Units.WARDS: (Method.RATE, Method.GI_STAR, Method.CHANGE, Method.EMERGING, Method.HARM, Method.AGENCIES),
    Units.CELLS: (
        Method.COUNT,
        Method.GI_STAR,
        Method.DENSITY,
        Method.CHANGE,
        Method.EMERGING,
        Method.HARM,
        Method.AGENCIES,
    ),
}
ALL_CRIME = "All recorded crime"
EVERYTHING = frozenset({"", "all", ALL_CRIME.casefold()})

SMALLEST_CELL_METRES, LARGEST_CELL_METRES = 50, 2000
LARGEST_BANDWIDTH_METRES = 5000
MOST_MONTHS = 240

Word = TypeVar("Word", bound=StrEnum)


@dataclass(frozen=True)
class Question:
    """What was asked, understood and allowed; None where the hub is to choose.

    Emerging classes look back two years from the last month, or as far as was asked where that is further.
    """

    units: Units
    method: Method
    category: str | None
    """As it was written; None for everything that is recorded crime."""
    first_month: dt.date
    last_month: dt.date
    dataset: str | None = None
    cell_metres: int | None = None
    bandwidth_metres: float | None = None
    boundary_set: str | None = None
    beside: str | None = None
    """The dataset of the other agency, when two are compared."""

    @property
    def months(self) -> list[dt.date]:
        """Every month of the period, in order."""
        return [months_before(self.last_month, back) for back in reversed(range(_months(self)))]


def understood(
    *,
    units: str,
    method: str,
    category: str | None,
    first_month: dt.date,
    last_month: dt.date,
    dataset: str | None = None,
    cell_metres: int | None = None,
    bandwidth_metres: float | None = None,
    boundary_set: str | None = None,
    beside: str | None = None,
) -> Question:
    """Understand what was asked, or refuse it.

    Raises
    ------
    BadRequest
        Saying what does not make sense, and what would.
    """
    question = Question(
        _word(Units, units, "units"),
        _word(Method, method, "method"),
        None if (category or "").strip().casefold() in EVERYTHING else category,
        first_month,
        last_month,
        dataset or None,
        cell_metres,
        bandwidth_metres,
        boundary_set or None,
        beside or None,
    )
    _check_method(question)
    _check_period(question)
    _check_sizes(question)
    if question.method is Method.EMERGING:
        return replace(question, first_month=min(first_month, months_before(last_month, MONTHS_FOLLOWED - 1)))
    return question


def _word(words: type[Word], given: str, what: str) -> Word:
    try:
        return words(given)
    except ValueError:
        known = ", ".join(words)
        raise BadRequest(f"There are no {what} called '{given}'.", remedy=f"Choose one of: {known}.") from None


def _check_method(question: Question) -> None:
    allowed = METHODS[question.units]
    if question.beside is not None and question.method is not Method.AGENCIES:
        raise BadRequest("Only agencies are set beside each other.", remedy="Leave the other out, or choose agencies.")
    if question.method in allowed:
        return
    if question.units is Units.CELLS:
        sentence = "There are no rates for small areas: nobody knows how many people live in each square."
    elif question.method is Method.COUNT:
        sentence = "Wards have no layer of counts alone: counts come with every layer of theirs."
    else:
        sentence = "Density is not worked out for wards: they differ too much in size."
    raise BadRequest(sentence, remedy=f"For {question.units}, choose {', '.join(allowed[:-1])} or {allowed[-1]}.")


def _check_period(question: Question) -> None:
    if question.first_month > question.last_month:
        raise BadRequest(
            f"The period ends in {month_name(question.last_month)}, before it begins in "
            f"{month_name(question.first_month)}.",
            remedy="Choose a first month that is not after the last.",
        )
    if _months(question) > MOST_MONTHS:
        raise BadRequest(
            f"The period has {_months(question)} months.", remedy=f"Choose no more than {MOST_MONTHS} months."
        )


def _check_sizes(question: Question) -> None:
    cell, bandwidth = question.cell_metres, question.bandwidth_metres
    if question.units is Units.WARDS and (cell is not None or bandwidth is not None):
        raise BadRequest("Wards have no cell size or bandwidth.", remedy="Leave it out, or choose cells.")
    if question.method is not Method.DENSITY and bandwidth is not None:
        raise BadRequest("Only density has a bandwidth.", remedy="Leave it out, or choose density.")
    if cell is not None and not SMALLEST_CELL_METRES <= cell <= LARGEST_CELL_METRES:
        raise BadRequest(
            f"A cell of {cell} m cannot be used.",
            remedy=f"Choose from {SMALLEST_CELL_METRES} to {LARGEST_CELL_METRES} m.",
        )
    if bandwidth is None:
        return
    least = cell or SMALLEST_CELL_METRES
    if not least <= bandwidth <= LARGEST_BANDWIDTH_METRES:
        raise BadRequest(
            f"A bandwidth of {bandwidth:g} m cannot be used with cells of {least} m.",
            remedy=f"Choose from {least} to {LARGEST_BANDWIDTH_METRES} m.",
        )


def _months(question: Question) -> int:
    first, last = question.first_month, question.last_month
    return (last.year - first.year) * 12 + last.month - first.month + 1
