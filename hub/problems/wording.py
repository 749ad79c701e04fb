"""What may be written of a problem: plain text that tells of no person, and to others of no exact count. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping

import polars as pl

from hub.access import Policy
from hub.errors import BadRequest
from hub.purposes import refuse_telling_of_a_person
from hub.uploads.reading import personal
from hub.words import listed

_NUMBER = re.compile(r"(?<![\w.])\d[\d,]*(?:\.\d+)?(?![\w])")
_YEARS = range(1990, 2100)


class Unfit(BadRequest):
    """What was written cannot stand: `faults` has a sentence for each field."""

    def __init__(self, faults: Mapping[str, str]) -> None:
        super().__init__(" ".join(faults.values()), remedy="Put this right and send it again. Nothing was lost.")
        self.faults = faults


def tidied(said: str) -> str:
    """The words with single spaces."""
    return " ".join(said.split())


def fault_of_words(said: str, longest: int) -> str:
    """What is wrong with tidied words, as a sentence, or nothing."""
    if len(said) > longest or not said.isprintable():
        return f"This has {len(said):,} characters. Use no more than {longest:,}, in plain text."
    if told := _told_of_people(said):
        return f"This may hold {told}. Leave that out: a problem's record tells of no person."
    return ""


def fault_of_open_words(said: str, policy: Policy) -> str:
    """What is wrong with words for readers of rounded figures, as a sentence, or nothing.

    A number may stand in them where a released count could be so: not under the policy's threshold, and rounded.
    """
    threshold, base = policy.threshold, policy.base
    numbers = [found.group() for found in _NUMBER.finditer(said)]
    exact = [each for each in numbers if not _could_be_released(each, threshold, base)]
    if exact:
        return (
            f"This holds the number {exact[0]}, which could be an exact count. Say 'fewer than {threshold}', round it "
            f"to the nearest {base}, or leave it out: people read this who may not know exact counts."
        )
    return ""


def _could_be_released(written: str, threshold: int, base: int) -> bool:
    value = float(written.replace(",", ""))
    if "," not in written and value in _YEARS:
        return True
    return value >= threshold and value % base == 0


def _told_of_people(said: str) -> str:
    """What of a person stands in some words, or nothing."""
    kinds = [str(place.what) for place in personal.find(("problem",), pl.DataFrame({"row": [1], "0": [said]}))]
    if kinds:
        return listed(list(dict.fromkeys(kinds)))
    try:
        refuse_telling_of_a_person("words", said)
    except BadRequest:
        return "an e-mail address, a long number or a postcode"
    return ""
