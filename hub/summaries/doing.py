"""What is done about a borough's problems, in the words of its summary: stage by stage, with the result so far."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from dataclasses import dataclass

from hub.access import Viewer
from hub.problems import told as problems
from hub.words import listed, plural

STAGES = {
    "scanning": "being looked into",
    "analysis": "being explained",
    "response": "being acted on",
    "assessment": "being checked",
}
"""How an open problem stands, to people who do not work on it, in the order in which problems go."""
CLOSED = "closed"
RESULTS = {
    "fell": "It fell",
    "did_not_fall": "It did not fall",
    "cannot_tell": "It cannot be told whether it fell",
}
NO_RESULT, NEVER_JUDGED = "Not known yet", "Closed without one"


@dataclass(frozen=True)
class Doing:
    """One problem: every word is the hub's own but the title, which was checked when it was written."""

    title: str
    kind: str
    stage: str
    leads: str
    """The body that owns it."""
    result: str


@dataclass(frozen=True)
class WhatIsDone:
    """All that a borough's readers are told of its problems."""

    sentence: str
    """How many are at which stage."""
    problems: tuple[Doing, ...]
    """From those just found to those closed."""


def doing(viewer: Viewer, borough_code: str, since: dt.date) -> WhatIsDone:
    """Tell of the borough's problems that are open, or were closed on a day or later.

    Raises
    ------
    NotFound, NotAllowed
        If this person does not read the borough's summary.
    """
    found = problems.told(viewer, borough_code, closed_since=since)
    return WhatIsDone(
        _sentence(Counter(one.stage.value for one in found)),
        tuple(
            Doing(
                one.title,
                one.kind,
                STAGES.get(one.stage, one.stage).capitalize(),
                one.owner_body,
                RESULTS[one.result] if one.result else NEVER_JUDGED if one.stage == CLOSED else NO_RESULT,
            )
            for one in found
        ),
    )


def _sentence(stages: Counter[str]) -> str:
    counted = [f"{stages[stage]} {words}" for stage, words in STAGES.items() if stages[stage]]
    at_work = plural(stages.total() - stages[CLOSED], "problem")
    said = [f"The partnership works on {at_work}: {listed(counted)}."] if counted else []
    if CLOSED in stages:
        said.append(f"{plural(stages[CLOSED], 'problem')} {'was' if stages[CLOSED] == 1 else 'were'} closed.")
    return " ".join(said) or "No problem is written down in the hub."
