"""For what a file is taken out of the hub: the purposes there are, and what is said of it on the file itself. Pure."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass

from hub.errors import BadRequest
from hub.words import HANDLING, MARKING, time_name

LONGEST_WORDS = 200
NOT_GIVEN = "not_given"
OTHER = "other"
CHOICES: Mapping[str, str] = {
    "assessment": "Strategic assessment or partnership plan",
    "tasking": "Tasking, patrols and tactical briefings",
    "problem_solving": "Problem-solving in a place",
    "commissioning": "Commissioning services or bidding for grants",
    "scrutiny": "Performance, scrutiny and reports to members",
    "statutory": "A duty set by law",
    OTHER: "Something else",
}
"""By key, as the record keeps them; in the order of the form."""
_TITLES = {**CHOICES, NOT_GIVEN: "Not given"}
_TELLS_OF_A_PERSON = re.compile(r"@|\d{6,}|\b[A-Za-z]{1,2}\d[A-Za-z\d]?\s*\d[A-Za-z]{2}\b")
"""An e-mail address, a long number or a full postcode: none may stand in the record for ever."""


@dataclass(frozen=True)
class Purpose:
    """Why somebody takes a file: one of `CHOICES`, or `NOT_GIVEN` by a script, and free words."""

    key: str = NOT_GIVEN
    words: str = ""

    @property
    def sentence(self) -> str:
        """As a file and a page say it."""
        return f"{title(self.key)}: {self.words}" if self.words else title(self.key)


NO_PURPOSE = Purpose()
"""Of a script that gives none."""


@dataclass(frozen=True)
class Handover:
    """That a file was taken: by whom, when and for what."""

    by: str
    at: dt.datetime
    purpose: Purpose

    @property
    def sentence(self) -> str:
        """All of it, in one line for people."""
        return f"{MARKING} – {HANDLING}. Taken by {self.by} on {time_name(self.at)}. Purpose: {self.purpose.sentence}."

    def as_dict(self) -> dict[str, str]:
        """All of it, under the names that officers' scripts depend on."""
        return {
            "marking": MARKING,
            "handling": HANDLING,
            "taken_by": self.by,
            "taken_at": self.at.isoformat(timespec="seconds"),
            "purpose": self.purpose.key,
            "purpose_words": self.purpose.sentence,
        }


def title(key: str) -> str:
    """A purpose as a person says it."""
    return _TITLES.get(key, _TITLES[OTHER])


def parse(key: str, words: str, *, may_be_none: bool = False) -> Purpose:
    """Read what somebody gave as a purpose.

    Raises
    ------
    BadRequest
        If none was chosen, something else was not said, or the words would tell of a person.
    """
    said = " ".join(words.split())
    if may_be_none and not key:
        return NO_PURPOSE
    if key not in CHOICES:
        raise BadRequest(
            "It was not said what the file is for.", remedy=f"Choose a purpose, one of: {', '.join(CHOICES)}."
        )
    if key == OTHER and not said:
        raise BadRequest("It was not said what else the file is for.", remedy="Say it in a few words.")
    if len(said) > LONGEST_WORDS or not said.isprintable():
        raise BadRequest(
            f"The words about the purpose have {len(said)} characters.",
            remedy=f"Use no more than {LONGEST_WORDS}, in plain text.",
        )
    refuse_telling_of_a_person("words about the purpose", said)
    return Purpose(key, said)


def refuse_telling_of_a_person(what: str, said: str) -> None:
    """Refuse free words that the record would keep of somebody.

    Raises
    ------
    BadRequest
        If they hold an e-mail address, a long number or a full postcode.
    """
    if _TELLS_OF_A_PERSON.search(said):
        raise BadRequest(
            f"The {what} hold an e-mail address, a long number or a postcode.",
            remedy="Leave it out: the record keeps these words for ever, and names nobody.",
        )
