"""The forms in which a document is taken away, and the writing of one: the same document, the same bytes."""

from __future__ import annotations

from enum import StrEnum
from importlib import import_module

from hub.documents.model import Document
from hub.documents.written import Written


class Form(StrEnum):
    """A form, under the name that addresses and scripts know it by."""

    HTML = "html"
    PDF = "pdf"
    LARGE_PRINT = "large-print"
    WORD = "word"
    SLIDES = "slides"
    CSV = "csv"
    XLSX = "xlsx"
    ODS = "ods"

    @property
    def words(self) -> str:
        """As a reader chooses it."""
        return _WORDS[self]


_WORDS = {
    Form.HTML: "Web page",
    Form.PDF: "PDF",
    Form.LARGE_PRINT: "PDF in large print",
    Form.WORD: "Word",
    Form.SLIDES: "PowerPoint",
    Form.CSV: "Tables as CSV",
    Form.XLSX: "Tables for Excel",
    Form.ODS: "Tables as OpenDocument (ODS)",
}


_MODULES = {
    Form.HTML: "web_page",
    Form.PDF: "paper",
    Form.LARGE_PRINT: "large_print",
    Form.WORD: "word",
    Form.SLIDES: "slides",
    Form.CSV: "comma_separated",
    Form.XLSX: "workbook",
    Form.ODS: "open_sheet",
}


def write(document: Document, form: Form) -> Written:
    """Write a document in a form."""
    # Each writer brings a library of its own, which only whoever writes that form waits for.
    written: Written = import_module(f"hub.documents.{_MODULES[form]}").write(document)
    return written
