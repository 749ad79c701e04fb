"""The terms of a sharing agreement, and what is wrong with them. Pure: knows no database and no form."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

LONGEST = {
    "reference": 60,
    "purpose": 2000,
    "duty": 2000,
    "power": 2000,
    "data_items": 2000,
    "granularity": 300,
    "frequency": 120,
    "marking": 40,
    "security": 2000,
    "onward_sharing": 2000,
    "owner": 200,
}
LONGEST_PARTY = 200
MOST_PARTIES = 12
LONGEST_RETENTION_MONTHS = 240
MARKINGS = ("OFFICIAL", "OFFICIAL-SENSITIVE")

NEEDED = {
    "reference": "Give the agreement a reference, such as ISA-2026-04",
    "purpose": "Say what the data is shared for",
    "data_items": "Say which items of data are shared",
    "granularity": "Say how fine the data is, for example by ward and month",
    "frequency": "Say how often data is sent",
    "security": "Say how the data is kept safe",
    "onward_sharing": "Say whom the data may be passed on to, or that it may not be",
    "owner": "Say who answers for the agreement",
}
"""What must be written, and how to ask for it."""


class PartyRole(StrEnum):
    """What a party to an agreement does with the data."""

    PROVIDES = "provides"
    RECEIVES = "receives"
    BOTH = "both"
    PROCESSES = "processes"

    @property
    def words(self) -> str:
        """As a page says it."""
        return _ROLES[self]


_ROLES = {
    PartyRole.PROVIDES: "provides the data",
    PartyRole.RECEIVES: "receives the data",
    PartyRole.BOTH: "provides and receives data",
    PartyRole.PROCESSES: "processes it for another party",
}


@dataclass(frozen=True)
class Party:
    """One organisation that signs."""

    name: str
    role: PartyRole


@dataclass(frozen=True)
class Terms:
    """All that one version of an agreement says."""

    reference: str
    parties: tuple[Party, ...]
    purpose: str
    duty: str
    """What is disclosed under the duty of section 17A; empty where that gateway is not used."""
    power: str
    """Why disclosure under the power of section 115 is necessary or expedient; empty where it is not used."""
    datasets: tuple[str, ...]
    data_items: str
    granularity: str
    frequency: str
    marking: str
    security: str
    onward_sharing: str
    retention_months: int | None
    owner: str
    starts_on: dt.date | None
    ends_on: dt.date | None
    review_on: dt.date | None
    signed_on: dt.date | None = None
    """None while it is a draft."""


def faults(terms: Terms, *, today: dt.date) -> dict[str, str]:
    """Say what is wrong with terms: a sentence for each field at fault, in the order of the form."""
    found: dict[str, str] = {}
    for field, sentence in (*_of_words(terms), *_of_gateways(terms), *_of_dates(terms, today)):
        found.setdefault(field, sentence)
    return found


def _of_words(terms: Terms) -> Iterator[tuple[str, str]]:
    for field, sentence in NEEDED.items():
        if not getattr(terms, field):
            yield field, sentence
    for field, longest in LONGEST.items():
        if (length := len(getattr(terms, field))) > longest:
            yield field, f"Use at most {longest:,} characters: there are {length:,}"
    if terms.marking not in MARKINGS:
        yield "marking", f"Choose one of: {', '.join(MARKINGS)}"
    if terms.retention_months is None or not 1 <= terms.retention_months <= LONGEST_RETENTION_MONTHS:
        yield "retention_months", f"Say for how many months the data is kept, from 1 to {LONGEST_RETENTION_MONTHS}"


def _of_gateways(terms: Terms) -> Iterator[tuple[str, str]]:
    if len(terms.parties) < 2:
        yield "parties", "Name at least two parties, each with what it does"
    elif len(terms.parties) > MOST_PARTIES or any(len(party.name) > LONGEST_PARTY for party in terms.parties):
        yield "parties", f"Name at most {MOST_PARTIES} parties, each in at most {LONGEST_PARTY} characters"
    elif not any(party.role in {PartyRole.PROVIDES, PartyRole.BOTH} for party in terms.parties):
        yield "parties", "Say which party provides the data"
    if not terms.duty and not terms.power:
        yield "duty", "Say under which gateway the data is shared: the duty, the power, or both"
    if not terms.datasets:
        yield "datasets", "Choose at least one dataset that the agreement covers"


def _of_dates(terms: Terms, today: dt.date) -> Iterator[tuple[str, str]]:
    for field, what in (("starts_on", "starts"), ("ends_on", "ends"), ("review_on", "is to be reviewed")):
        if getattr(terms, field) is None:
            yield field, f"Enter the day on which the agreement {what}"
    if terms.starts_on and terms.ends_on and terms.ends_on < terms.starts_on:
        yield "ends_on", "The agreement must end on or after the day it starts"
    if (
        terms.starts_on
        and terms.ends_on
        and terms.review_on
        and not terms.starts_on <= terms.review_on <= terms.ends_on
    ):
        yield "review_on", "The review must fall between the start and the end"
    if terms.signed_on and terms.signed_on > today:
        yield "signed_on", "The day of signing cannot be in the future: leave it empty until all have signed"
