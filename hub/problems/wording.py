"""What may be written of a problem: plain text that tells of no person, and to others of no exact count. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

import polars as pl

from hub.access import Policy
from hub.errors import BadRequest
from hub.purposes import refuse_telling_of_a_person
from hub.uploads.reading import personal
from hub.words import listed

_NUMBER = re.compile(r"(?<![\w.])\d[\d,]*(?:\.\d+)?(?![\w])")
_YEARS = range(1990, 2100)
_UNITS = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen"
)
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety"
_VALUES = {
    **{word: value for value, word in enumerate(_UNITS.split())},
    **{word: 10 * value for value, word in enumerate(_TENS.split(), start=2)},
    "single": 1,
    "couple of": 2,
    "pair of": 2,
    "half a dozen": 6,
    "dozen": 12,
    "hundred": 100,
}
"""Numbers as people write them out."""
_PLAINLY = {
    "sexual": ("rape", "rapist", "grooming", "indecent", "indecency"),
    "homicide": ("murder", "manslaughter", "killing", "killed", "stabbed to death"),
    "stalking": ("stalker",),
    "harassment": ("harassed",),
    "hate": ("racist", "homophobic", "transphobic", "antisemitic", "islamophobic"),
    "slavery": ("trafficked", "slave"),
    "exploitation": ("exploited", "cuckooing", "cuckooed"),
}
"""What people call that which a category names otherwise."""
_COMMON = frozenset({"against", "aggravated", "crime", "offences", "other", "person", "under"})
_PEOPLE = (
    "cases?|crimes?|counts?|reports?|victims?|incidents?|offences?|allegations?|attacks?|"
    "women|men|girls?|boys?|children|people"
)


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
    exact += _written_out(said, policy)
    if exact:
        return (
            f"This holds the number {exact[0]}, which could be an exact count. Say 'fewer than {threshold}', round it "
            f"to the nearest {base}, or leave it out: people read this who may not know exact counts."
        )
    return ""


def names_protected(said: str, policy: Policy) -> bool:
    """Whether some words name a category that the policy protects, as it does or as people call it."""
    if policy.is_named_in(said):
        return True
    words = _called_otherwise(policy)
    return bool(words) and re.search(rf"\b(?:{_any_of(words)})", said, re.IGNORECASE) is not None


def _called_otherwise(policy: Policy) -> set[str]:
    return {word for key, plain in _PLAINLY.items() if policy.is_named_in(key) for word in plain}


def _written_out(said: str, policy: Policy) -> list[str]:
    """The numbers in words that count something protected, and that no released count could be: `four rapes`.

    A number counts what stands right after it, but for one word or for people or cases between; or right before.
    """
    named = " ".join(line.rpartition(":")[2].casefold() for line in policy.categories)
    words = {word.removesuffix("y") for word in set(re.findall(r"[a-z]{4,}", named)) - _COMMON}
    words |= _called_otherwise(policy)
    if not words:
        return []
    units, protected = _any_of(_VALUES), rf"(?:{_any_of(words)})\w*"
    number = rf"\b(?P<before>{units})(?:[\s-]+(?P<rest>{units}))?"
    counted = rf"{number}(?:\s+(?:(?:{_PEOPLE})\s+\w+|[a-z]+(?<!s)))?\s+{protected}"
    told = rf"\b{protected}(?:\s+(?:{_PEOPLE}))?[\s:,(–-]+(?P<after>{units})\b(?!\s+(?!(?:{_PEOPLE})\b)[a-z]+s\b)"
    found = [*re.finditer(counted, said, re.IGNORECASE), *re.finditer(told, said, re.IGNORECASE)]
    parts = [one.groupdict() for one in found]
    written = [tuple(filter(None, (one.get("before") or one.get("after"), one.get("rest")))) for one in parts]
    exact = [one for one in written if not _could_be_released(str(_value(one)), policy.threshold, policy.base)]
    return [f"'{' '.join(one)}'" for one in exact]


def _value(written: tuple[str, ...]) -> int:
    return sum(_VALUES[" ".join(word.casefold().split())] for word in written)


def _any_of(words: Iterable[str]) -> str:
    return "|".join(re.escape(word).replace(r"\ ", r"\s+") for word in sorted(words, key=len, reverse=True))


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
