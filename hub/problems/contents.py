"""What each kind of entry holds, field by field, and whether what somebody gave can stand. Pure.

The forms, the pages and the check of what was sent are all made from these lists.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from functools import cache
from typing import Any

from hub.problems.choices import choices
from hub.problems.terms import Kind, Result
from hub.problems.wording import Unfit, fault_of_words, tidied
from hub.words import date_name, number

DATE_FORMS = ("%Y-%m-%d", "%d/%m/%Y")
MOST_POUNDS = 100_000_000
_EMAIL = re.compile(r"[^@\s]+@[^@\s.]+(\.[^@\s.]+)+")


class Holds(StrEnum):
    """What a field holds."""

    LINE = "line"
    TEXT = "text"
    CHOICE = "choice"
    DATE = "date"
    MONEY = "money"
    PERSON = "person"
    EMAIL = "email"


@dataclass(frozen=True)
class Field:
    """One field of an entry."""

    name: str
    label: str
    hint: str = ""
    holds: Holds = Holds.TEXT
    is_needed: bool = False
    longest: int = 1000
    options: Mapping[str, str] | None = None
    """By key, of a choice."""


TESTED = {
    "untested": "Not tested yet",
    "supported": "Supported",
    "not_supported": "Not supported",
    "unclear": "Tested, and still unclear",
}
STATUS = {
    "planned": "Planned",
    "under_way": "Under way",
    "done": "Done",
    "stopped": "Stopped early",
}
TASK_STATUS = {
    "asked": "Asked",
    "under_way": "Under way",
    "done": "Done",
    "dropped": "Not to be done",
}
OPEN_TASKS = frozenset({"asked", "under_way"})
RESULTS = {
    Result.FELL.value: "Fell",
    Result.DID_NOT_FALL.value: "Did not fall",
    Result.CANNOT_TELL.value: "Cannot tell",
}


@cache
def fields() -> Mapping[Kind, tuple[Field, ...]]:
    """The fields of every kind of entry that people write by a form, in order."""
    given = choices()
    bodies = Field("body", "Body", holds=Holds.CHOICE, is_needed=True, options=given.bodies)
    person = Field("person", "Person", "Somebody with an account in one of the problem's boroughs", Holds.PERSON)
    techniques = {str(one.number): f"{one.number}. {one.name}" for one in given.techniques.values()}
    return {
        Kind.ASSIGNED: (bodies, person),
        Kind.STATEMENT: (
            Field("words", "Statement", "What happens, to whom or what, and why it matters", is_needed=True),
            Field("since", "Since when", holds=Holds.LINE, longest=120),
            Field("harm", "Harm so far", "To people, places and services"),
        ),
        Kind.CHEERS: (
            Field("community", "Community", "Who in the community is affected?"),
            Field("harm", "Harm", "What harm does it do?"),
            Field("expectation", "Expectation", "Who expects the police or partners to act?"),
            Field("events", "Events", "What are the separate events?"),
            Field("recurring", "Recurring", "How often do they come back?"),
            Field("similarity", "Similarity", "What do the events have in common?"),
        ),
        Kind.FINDING: (
            Field("words", "What was found", "When, where and how the events happen", is_needed=True),
            Field("source", "Source", "Which data, survey, visit or meeting", Holds.LINE, longest=200),
        ),
        Kind.TRIANGLE: (
            Field("target", "Target or victim", "What kind of target, never which person"),
            Field("guardian", "Guardian", "Who could protect the target"),
            Field("offender", "Offender", "What kind of offender, never which person"),
            Field("handler", "Handler", "Who could influence the offender"),
            Field("location", "Location", "What about the place makes it easy"),
            Field("manager", "Manager", "Who runs the place"),
        ),
        Kind.HYPOTHESIS: (
            Field("words", "Hypothesis", "Why the problem happens here", is_needed=True, longest=500),
            Field("test", "How it is tested", longest=500),
            Field("outcome", "How the test came out", "", Holds.CHOICE, is_needed=True, options=TESTED),
            Field("found", "What the test showed"),
        ),
        Kind.OBJECTIVE: (
            Field("words", "Objective", "What is to change, by how much", is_needed=True, longest=500),
            Field("measure", "Measured by", holds=Holds.LINE, longest=200),
            Field("by", "By", holds=Holds.DATE),
        ),
        Kind.RESPONSE: (
            Field("words", "What is done", is_needed=True, longest=500),
            Field("technique", "Technique", "One of the 25", Holds.CHOICE, is_needed=True, options=techniques),
            Field("mechanism", "How it is meant to work", is_needed=True, longest=500),
            bodies,
            person,
            Field("phase", "Phase", "Where it is one of a plan in phases", Holds.CHOICE, options=given.phases),
            Field("start", "Starts on", holds=Holds.DATE, is_needed=True),
            Field("set_up", "Set up by", "The day from which it is all in place", Holds.DATE),
            Field("end", "Ends on", holds=Holds.DATE),
            Field("assess", "To be assessed on", "On that day the hub works out by itself what came of it", Holds.DATE),
            Field("cost", "Cost in pounds", holds=Holds.MONEY),
            Field("status", "Status", holds=Holds.CHOICE, is_needed=True, options=STATUS),
            Field("delivered", "What was delivered", "What was really done, and when"),
        ),
        Kind.TASK: (
            Field("words", "What is asked", is_needed=True, longest=500),
            bodies,
            person,
            Field(
                "outside",
                "Or an address outside the hub",
                "E-mail of the body's office. Letters to it say that there is a task, and not what it is.",
                Holds.EMAIL,
                longest=254,
            ),
            Field("due", "Due by", holds=Holds.DATE, is_needed=True),
            Field("status", "Status", holds=Holds.CHOICE, is_needed=True, options=TASK_STATUS),
            Field("done", "What was done"),
        ),
        Kind.DECISION: (
            Field("words", "What was decided", is_needed=True, longest=500),
            Field("on", "Decided on", holds=Holds.DATE, is_needed=True),
        ),
        Kind.ASSESSMENT: (
            Field("result", "Did the problem fall?", "", Holds.CHOICE, is_needed=True, options=RESULTS),
            Field("reason", "Why this is the answer", is_needed=True, longest=500),
            Field("process", "Was it done as planned?"),
            Field("displacement", "Did the problem move, or did places nearby gain too?"),
            Field("learning", "What was learnt"),
            Field("next", "What comes next", longest=500),
        ),
        Kind.COMMENT: (Field("words", "Comment", is_needed=True),),
    }


REPEATED = frozenset(
    {Kind.FINDING, Kind.HYPOTHESIS, Kind.OBJECTIVE, Kind.RESPONSE, Kind.TASK, Kind.DECISION, Kind.COMMENT}
)
"""Of which a problem may have several; of the others it has one, which a later entry takes the place of."""
SAID_ONCE = frozenset({Kind.DECISION, Kind.COMMENT})
"""Of which none is written of again: another is written."""
AT_FIRST: Mapping[Kind, Mapping[str, str]] = {Kind.TASK: {"status": "asked"}}
"""What the form of a new thing is filled with."""


def fit(kind: Kind, given: Mapping[str, str], *, people: Collection[str] = ()) -> dict[str, str]:
    """Check what somebody gave for an entry; returns its body, in which a field that was left out is empty.

    Parameters
    ----------
    kind
        Of entry.
    given
        What was typed or chosen, by the name of the field; of others nothing is kept.
    people
        The ids of those who may be named.

    Raises
    ------
    Unfit
        With a sentence for each field that cannot stand.
    """
    body, faults = {}, {}
    for field in fields()[kind]:
        said = tidied(given.get(field.name, ""))
        body[field.name], fault = _read(field, said, people) if said else ("", "")
        if not said and field.is_needed:
            fault = _MISSING.get(field.holds, "Say this in a few words.")
        if fault:
            faults[field.name] = fault
    if kind is Kind.RESPONSE and not faults:
        faults = _of_days(body)
    if kind is Kind.TASK and not faults:
        faults = _of_task(body)
    if not any(body.values()):
        faults = faults or {fields()[kind][0].name: "Nothing was written. Fill in at least one of these."}
    if faults:
        raise Unfit(faults)
    return body


_MISSING = {
    Holds.CHOICE: "Choose one of these.",
    Holds.DATE: "Give a day, such as 31/03/2027.",
}


def _read(field: Field, said: str, people: Collection[str]) -> tuple[str, str]:
    """What is kept of a field, and what is wrong with it."""
    if field.holds is Holds.CHOICE:
        return said, "" if said in (field.options or {}) else "Choose one of these."
    if field.holds is Holds.PERSON:
        return said, "" if said in people else "Choose one of these people, or nobody."
    if field.holds is Holds.EMAIL:
        is_one = len(said) <= field.longest and said.isprintable() and _EMAIL.fullmatch(said)
        return said, "" if is_one else "Enter an e-mail address, such as name@council.gov.uk."
    if field.holds is Holds.DATE:
        return _day(said)
    if field.holds is Holds.MONEY:
        return _pounds(said)
    return said, fault_of_words(said, field.longest)


def _day(said: str) -> tuple[str, str]:
    for form in DATE_FORMS:
        try:
            return dt.datetime.strptime(said, form).date().isoformat(), ""  # noqa: DTZ007 - a day has no zone
        except ValueError:
            continue
    return said, "Enter a real date, such as 31/03/2027."


def _pounds(said: str) -> tuple[str, str]:
    try:
        value = Decimal(said.lstrip("£").replace(",", ""))
    except InvalidOperation:
        value = Decimal(-1)
    if not value.is_finite() or not 0 <= value <= MOST_POUNDS:
        return said, f"Enter an amount from 0 to {MOST_POUNDS:,} pounds, such as 12,500."
    return str(int(value)), ""


def _of_days(body: Mapping[str, str]) -> dict[str, str]:
    start, set_up, end, assess = (body[name] for name in ("start", "set_up", "end", "assess"))
    if end and end < start:
        return {"end": "It cannot end before it starts."}
    if set_up and (set_up < start or (end and set_up > end)):
        return {"set_up": "It is set up between its start and its end."}
    if assess and assess <= (set_up or start):
        return {"assess": "It is assessed after it is in place: give it some months."}
    return {}


def fault_of_domain(address: str, domains: Collection[str]) -> str:
    """What is wrong with an address outside the hub, as a sentence, or nothing: only listed domains are written to."""
    if is_of_domain(address, domains):
        return ""
    listed = f"It may write to addresses at {', '.join(sorted(domains))}" if domains else "It may write to none yet"
    return (
        f"The hub may not write to addresses at {address.rpartition('@')[2]}. {listed}. "
        "Ask whoever runs the hub to add the domain to HUB_OUTSIDE_DOMAINS, or leave the address out."
    )


def is_of_domain(address: str, domains: Collection[str]) -> bool:
    """Whether an address is of one of some domains, or of a part of one."""
    domain = address.rpartition("@")[2].casefold()
    return any(domain == one or domain.endswith(f".{one}") for one in (each.casefold() for each in domains))


def _of_task(body: Mapping[str, str]) -> dict[str, str]:
    if body["person"] and body["outside"]:
        return {"outside": "Choose a person, or give an address outside the hub: not both."}
    if body["status"] == "done" and not body["done"]:
        return {"done": "Say what was done."}
    return {}


def said(field: Field, value: str, names: Mapping[str, str]) -> str:
    """A value as a page shows it; `names` are of people, by id."""
    if not value:
        return ""
    if field.holds is Holds.CHOICE:
        return (field.options or {}).get(value, value)
    if field.holds is Holds.PERSON:
        return names.get(value, "somebody who has left")
    if field.holds is Holds.DATE:
        return date_name(dt.date.fromisoformat(value))
    return f"£{number(int(value))}" if field.holds is Holds.MONEY else value


def as_text(body: Mapping[str, Any]) -> dict[str, str]:
    """A body as the form that follows it up is filled in."""
    return {name: str(value) for name, value in body.items()}
