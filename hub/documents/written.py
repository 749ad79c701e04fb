"""What a writer hands back: a file's bytes, with how it is named and what it is."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Written:
    """A document as a file."""

    content: bytes
    extension: str
    media_type: str
