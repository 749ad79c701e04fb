"""One overlay: the facts of it, and how they are said to a reader. It states its own limits, and reads nothing."""

from __future__ import annotations

from dataclasses import dataclass

from hub.hotspots.caveats import notes_of
from hub.hotspots.facts import Facts
from hub.hotspots.method_words import method_words_of
from hub.hotspots.sentences import count_sentence_of, sentence_of


@dataclass(frozen=True)
class Overlay(Facts):
    """Where offences concentrate in one area, and what is said of it."""

    @property
    def sentence(self) -> str:
        """What was found, in a sentence or two that anybody can read."""
        return sentence_of(self)

    @property
    def count_sentence(self) -> str:
        """The same of plain counts, for a map that shows them."""
        return count_sentence_of(self)

    @property
    def method_words(self) -> str:
        """How it was worked out, for whoever wants to know."""
        return method_words_of(self)

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader must know before acting on it."""
        return notes_of(self)
