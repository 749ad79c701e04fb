"""A document's tables as the sheets of a workbook: their names, and what the sheet of notes says. No format of file."""

from __future__ import annotations

import re
from dataclasses import dataclass

from hub.documents.model import Callout, Document, Paragraph, Table
from hub.words import time_name

NOTES = "Notes"
LONGEST_NAME = 31
"""In letters, of a sheet in Excel."""
_NOT_IN_A_NAME = re.compile("[\\[\\]:*?/\\\\'\"<>|\U00010000-\U0010ffff]")
"""Neither of a sheet nor of a file on any system; Excel counts the last as two letters each."""


@dataclass(frozen=True)
class Sheet:
    """One table, under the name of its sheet."""

    name: str
    table: Table


def sheets(document: Document) -> list[Sheet]:
    """Each table of a document on a sheet of its own, numbered, so that no two names are the same."""
    return [Sheet(_name(at, table), table) for at, table in enumerate(document.tables, start=1)]


def notes(document: Document) -> list[str]:
    """What the sheet of notes says, line by line, after the title."""
    said = [document.subtitle, f"Made on {time_name(document.made_at)}."]
    said += [part.text for part in document.parts if isinstance(part, Paragraph)]
    said += [f"{part.title}: {part.text}" for part in document.parts if isinstance(part, Callout)]
    said += document.notes
    said += [f"{sheet.name}: {note}" for sheet in sheets(document) for note in sheet.table.notes]
    return [line for line in (*said, *document.footer) if line]


def _name(at: int, table: Table) -> str:
    return f"{at} {_NOT_IN_A_NAME.sub(' ', table.title)}"[:LONGEST_NAME].strip()
