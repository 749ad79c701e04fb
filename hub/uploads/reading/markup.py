"""XML, part by part, of a workbook: no document type, no entities, nothing fetched."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from xml.parsers import expat

from hub.errors import BadFile

Start = Callable[[str, dict[str, str]], None]


class Enough(Exception):
    """Raised by a handler that has seen what it wanted."""


def parse(
    chunks: Iterable[bytes],
    start: Start,
    end: Callable[[str], None] | None = None,
    words: Callable[[str], None] | None = None,
) -> None:
    """Walk a part's elements; their names come as they are written, prefix and all.

    Raises
    ------
    BadFile
        If it is not well-formed, or declares a document type.
    """
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = words
    parser.StartDoctypeDeclHandler = _refuse_document_type
    try:
        for chunk in chunks:
            parser.Parse(chunk, False)
        parser.Parse(b"", True)
    except (expat.ExpatError, LookupError, ValueError) as error:
        raise BadFile(
            "A sheet of the file is damaged.",
            remedy="Open it in the program that made it, save it again, and upload that.",
        ) from error
    except Enough:
        return


def _refuse_document_type(*_declared: object) -> None:
    raise BadFile(
        "The file declares a document type, which no honest workbook does.",
        remedy="Open it in Excel or LibreOffice, save it as a new file, and upload that.",
    )


def local(name: str) -> str:
    """An element's or attribute's name without its prefix."""
    return name.rpartition(":")[2]


def prefix_of(name: str) -> str:
    """The prefix of a name, with its colon."""
    before, colon, _ = name.rpartition(":")
    return before + colon


def attribute(attributes: Mapping[str, str], name: str) -> str:
    """An attribute's value whatever its prefix; empty where there is none."""
    if name in attributes:
        return attributes[name]
    return next((value for key, value in attributes.items() if local(key) == name), "")
