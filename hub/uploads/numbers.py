"""Numbers as people write them: what a cell that is none seems to mean, and what should stand in it instead.

Pure, one word at a time. Says how a cell could be repaired, and repairs none.
"""

from __future__ import annotations

import math
import re
import unicodedata

_THOUSANDS = re.compile(r"\d{1,3}(?:[, '’]\d{3})+(?:\.0+)?")
_COMMA = re.compile(r"[+-]?\d+,\d+")
_DASHES = frozenset({"-", "–", "—", "−", "nil", "none", "zero"})
_NOT_AVAILABLE = frozenset(
    {"n/a", "na", "#n/a", "#div/0!", "#value!", "#ref!", "#name?", "#num!", "#null!", "null", "..", ".", "…"}
    | {"not available", "not known", "unknown", "tbc", "?"}
)
_SUPPRESSED = frozenset({"*", "**", "***", "c", "[c]", "(c)", "x", "[x]", "s", "[s]", "z", "[z]", "~", "suppressed"})
_SMALL = re.compile(r"(?:<|≤|less than|under|fewer than) ?\d{1,2}|1 ?(?:-|–|to) ?\d")

WHAT = {
    "thousands_separator": "'{}' has a thousands separator. It seems to mean {}.",
    "decimal_comma": "'{}' has a decimal comma. It seems to mean {}.",
    "dash_for_none": "'{}' seems to mean that there were none, {}.",
    "not_available": "'{}' says that no figure is known. It can be counted as {}; the total is then too low.",
    "suppressed_count": "'{}' stands for a small figure that the sender hides. It can be counted as {}; the total is "
    "then too low.",
}
"""What is said of a cell by its code: with what stands there and what could."""
FIXED = {
    "thousands_separator": "Thousands separators were taken out",
    "decimal_comma": "Decimal commas were read as decimal points",
    "dash_for_none": "Dashes were counted as 0",
    "not_available": "Figures that are not known were counted as 0",
    "suppressed_count": "Hidden small figures were counted as 0",
}
"""What was done, once it was asked for."""


def _plain(words: str) -> str:
    """One kind of space, none around."""
    return re.sub(r"\s+", " ", unicodedata.normalize("NFKC", words)).strip()


def repair_count(words: str) -> tuple[str, str] | None:
    """Say what is wrong with a cell that is no count, and what should stand there; None where nobody can tell."""
    plain = _plain(words).casefold()
    if _THOUSANDS.fullmatch(plain):
        return "thousands_separator", re.sub(r"\D", "", plain.split(".")[0])
    if _COMMA.fullmatch(plain) and not plain.split(",")[1].strip("0"):
        return "decimal_comma", plain.split(",")[0]
    if plain in _DASHES:
        return "dash_for_none", "0"
    if plain in _NOT_AVAILABLE:
        return "not_available", "0"
    if plain in _SUPPRESSED or _SMALL.fullmatch(plain):
        return "suppressed_count", "0"
    return None


def repair_decimal(words: str) -> tuple[str, str] | None:
    """The same for a share or a coordinate in degrees."""
    plain = _plain(words)
    return ("decimal_comma", plain.replace(",", ".")) if _COMMA.fullmatch(plain) else None


def repair_metres(words: str) -> tuple[str, str] | None:
    """The same for a coordinate in metres."""
    plain = _plain(words)
    if _THOUSANDS.fullmatch(plain):
        return "thousands_separator", re.sub(r"\D", "", plain.split(".")[0])
    return repair_decimal(plain)


def is_fraction(words: str) -> bool:
    """Whether a cell holds a number that is not whole, or a percentage: a rate and no count."""
    plain = _plain(words).rstrip("%").strip()
    try:
        number = float(plain.replace(",", "."))
    except ValueError:
        return False
    return math.isfinite(number) and (not number.is_integer() or words.strip().endswith("%"))
