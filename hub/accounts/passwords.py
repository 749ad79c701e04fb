"""Passwords: what makes one acceptable, and how they are kept. Pure: knows no person and no database."""

from __future__ import annotations

import re
import threading
import unicodedata
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError

from hub.errors import BadRequest

SHORTEST, LONGEST = 12, 128
FEWEST_OWN_CHARACTERS = 6
COMMON_COUNTS_AS = 2
SHORTEST_CONTEXT_WORD = 3

# RFC 9106, the second recommended choice: 64 MiB, three passes.
_hasher = PasswordHasher(time_cost=3, memory_cost=65_536, parallelism=4)
# Each hashing takes 64 MiB, and anybody may try to sign in: two at once bound what they can make the hub use.
_two_at_once = threading.BoundedSemaphore(2)

_SERVICE_WORDS = (
    "bcu borough commander commissioner community council crime csp hotspot hub london met metpolice metropolitan "
    "mopac neighbourhood officer partnership police policing safe safer safety ward"
)
_LOOK_ALIKES = str.maketrans({"0": "o", "1": "l", "3": "e", "4": "a", "5": "s", "7": "t", "@": "a", "$": "s", "!": "i"})


def refuse_weak(password: str, context: Iterable[str] = ()) -> None:
    """Refuse a password that is too short, too long, or easily guessed by somebody who knows who it is for.

    There are no rules of composition: length, and enough characters beyond common words, names and the service's own.

    Raises
    ------
    BadRequest
        Saying what is wrong with it.
    """
    length = len(_normal(password))
    if length < SHORTEST:
        raise BadRequest(
            f"The password has {length} characters and needs at least {SHORTEST}.",
            remedy="Three or four unrelated words make a good one.",
        )
    if length > LONGEST:
        raise BadRequest(f"The password has {length} characters, and the most is {LONGEST}.", remedy="Shorten it.")
    if _own_characters(password, context) < FEWEST_OWN_CHARACTERS:
        raise BadRequest(
            "The password is too easy to guess: it is mostly common passwords, names, or words of this service.",
            remedy="Three or four unrelated words make a good one.",
        )


def hashed(password: str) -> str:
    """The Argon2id hash under which a password is kept."""
    with _two_at_once:
        return _hasher.hash(_normal(password))


def matches(password: str, stored: str | None) -> bool:
    """Whether a password is the one kept; where none is kept, False after the same work."""
    # One character too many is enough to be wrong, and stops a megabyte from being hashed.
    tried = _normal(password[: LONGEST + 1])
    with _two_at_once:
        if stored is None:
            _hasher.hash(tried)
            return False
        try:
            return _hasher.verify(stored, tried)
        except (VerifyMismatchError, InvalidHashError):
            return False


def is_outdated(stored: str) -> bool:
    """Whether a hash was made with other parameters than today's."""
    return _hasher.check_needs_rehash(stored)


def _normal(password: str) -> str:
    """The same characters, however a keyboard composed them."""
    return unicodedata.normalize("NFKC", password)


def _own_characters(password: str, context: Iterable[str]) -> int:
    """Count the different characters beyond words that a guesser tries first.

    A common password counts as two, so that four of them in a row make a phrase; a word of the context as none.
    """
    known = {_folded(word) for text in (*context, _SERVICE_WORDS) for word in re.split(r"[\W_]+", text)}
    known = {word for word in known if len(word) >= SHORTEST_CONTEXT_WORD}
    # The longest first, so that a short word does not break a longer one apart.
    guessed = re.compile("|".join(map(re.escape, sorted(known | _common(), key=len, reverse=True))))
    folded = _folded(_normal(password))
    return len(set(guessed.sub("", folded))) + COMMON_COUNTS_AS * len(set(guessed.findall(folded)) - known)


def _folded(word: str) -> str:
    """Without capitals, and with letters for the digits and signs that people write instead of them."""
    return word.casefold().translate(_LOOK_ALIKES)


@cache
def _common() -> frozenset[str]:
    listed = Path(__file__).with_name("common-passwords.txt").read_text("utf-8")
    return frozenset(map(_folded, listed.split()))
