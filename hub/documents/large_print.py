"""A document in large print: the same tagged PDF, in type of no less than 16 points anywhere, its charts too."""

from __future__ import annotations

from hub.documents import charts
from hub.documents.model import Document
from hub.documents.paper import Print, set_in
from hub.documents.written import Written

LARGE = Print(points=17, look=charts.LARGE, columns=4, figures=2, longest_word=18)
"""A little above the 16 points that large print begins at."""


def write(document: Document) -> Written:
    """Write a document as a PDF in large print."""
    return Written(set_in(document, LARGE), "pdf", "application/pdf")
