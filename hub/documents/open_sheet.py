"""A document's tables as an OpenDocument spreadsheet: a sheet of notes and one for each table, values with their words.

OpenDocument is a few short files of XML in a zip: they are templates, so that nothing stands in them that is not ours.
"""

from __future__ import annotations

from collections.abc import Callable

from hub.documents.fitting import NumberForm, number_form, shares
from hub.documents.model import Cell, Document
from hub.documents.packing import packed
from hub.documents.rendering import render
from hub.documents.sheets import NOTES, notes, sheets
from hub.documents.written import Written

MEDIA_TYPE = "application/vnd.oasis.opendocument.spreadsheet"
MIMETYPE, MANIFEST = "mimetype", "META-INF/manifest.xml"
FILES = ("content.xml", "styles.xml", "meta.xml", "settings.xml")


def write(document: Document) -> Written:
    """Write a document's tables as an OpenDocument spreadsheet."""
    found = sheets(document)
    cells = [cell for sheet in found for row in sheet.table.rows for cell in row]
    forms = sorted({form for cell in cells if cell.value is not None and (form := number_form(cell))})
    language, _, country = document.language.partition("-")
    told = {
        "document": document,
        "language": language,
        "country": country,
        "notes_name": NOTES,
        "notes": notes(document),
        "sheets": found,
        "shares": shares,
        "forms": forms,
        "style_of": _style_of(forms),
    }
    entries = [(MIMETYPE, MEDIA_TYPE.encode())]
    entries += [(name, render(f"documents/ods/{name}", **told).encode()) for name in FILES]
    entries.append((MANIFEST, render("documents/ods/manifest.xml", media_type=MEDIA_TYPE).encode()))
    return Written(packed(entries, document.made_at), "ods", MEDIA_TYPE)


def _style_of(forms: list[NumberForm]) -> Callable[[Cell], str]:
    """Name the style of a cell: that of its number's form, or of text."""

    def style(cell: Cell) -> str:
        form = None if cell.value is None else number_form(cell)
        return f"number-{forms.index(form)}" if form else "plain"

    return style
