"""What may be written of a priority: judged field by field, with a sentence for each fault. Pure.

The words stand for years before everybody who reads the borough, so they may tell of no person.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import polars as pl

from hub.errors import BadRequest
from hub.purposes import refuse_telling_of_a_person
from hub.uploads.reading import personal
from hub.words import listed

LONGEST_WORDS, LONGEST_SOURCE, LONGEST_NOTE = 200, 120, 500
MOST_DAYS_TO_REVIEW = 366
_NAMED = {"words": "The priority", "source": "The words about who asked for it", "note": "The note"}


@dataclass(frozen=True)
class Given:
    """All that is written of a priority; None stands for a date that was not given."""

    words: str
    source: str
    set_on: dt.date | None
    review_on: dt.date | None
    note: str = ""

    @property
    def tidied(self) -> Given:
        """The same with single spaces."""
        words, source, note = (" ".join(said.split()) for said in (self.words, self.source, self.note))
        return replace(self, words=words, source=source, note=note)


class Unfit(BadRequest):
    """What was written of a priority cannot stand: `faults` has a sentence for each field."""

    def __init__(self, faults: Mapping[str, str]) -> None:
        super().__init__(" ".join(faults.values()), remedy="Put this right and send it again. Nothing was lost.")
        self.faults = faults


def require_fit(given: Given, today: dt.date) -> None:
    """Refuse what cannot stand.

    Raises
    ------
    Unfit
        As said.
    """
    faults = dict([*_of_words(given), *_of_dates(given, today)])
    if faults:
        raise Unfit(faults)


def _of_words(given: Given) -> Iterator[tuple[str, str]]:
    for name, most, missing in (
        ("words", LONGEST_WORDS, "Say what the priority is."),
        ("source", LONGEST_SOURCE, "Say who asked for it, and at which meeting."),
        ("note", LONGEST_NOTE, ""),
    ):
        said = getattr(given, name)
        if not said and missing:
            yield name, missing
        elif len(said) > most or not said.isprintable():
            yield name, f"{_NAMED[name]} has {len(said)} characters. Use no more than {most}, in plain text."
        elif told := _told_of_people(said):
            yield name, f"{_NAMED[name]} may hold {told}. Leave that out: everybody of the borough reads it."


def _told_of_people(said: str) -> str:
    """What of a person stands in some words, or nothing."""
    cell = pl.DataFrame({"row": [1], "0": [said]})
    kinds = [str(place.what) for place in personal.find(("priority",), cell)]
    if kinds:
        return listed(list(dict.fromkeys(kinds)))
    try:
        refuse_telling_of_a_person("words", said)
    except BadRequest:
        return "an e-mail address, a long number or a postcode"
    return ""


def _of_dates(given: Given, today: dt.date) -> Iterator[tuple[str, str]]:
    if given.set_on is None:
        yield "set_on", "Give the day on which it was set."
    elif given.set_on > today:
        yield "set_on", "The day on which it was set lies in the future."
    if given.review_on is None:
        yield "review_on", "Give the day by which it is looked at again."
    elif given.set_on is not None and given.review_on <= given.set_on:
        yield "review_on", "It must be looked at again after the day on which it was set."
    elif given.review_on > today + dt.timedelta(days=MOST_DAYS_TO_REVIEW):
        yield "review_on", "Look at it again within a year. Panels usually meet each quarter."
