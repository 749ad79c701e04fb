"""A document as a web page: one file that asks for nothing else, reads well on a phone, and prints."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

from markupsafe import Markup

from hub.documents import charts
from hub.documents.fitting import gathered
from hub.documents.model import Chart, Document
from hub.documents.rendering import render
from hub.documents.written import Written
from hub.pictures import Picture, as_image


def write(document: Document) -> Written:
    """Write a document as a page of its own."""
    page = render(
        "documents/file.html",
        document=document,
        body=body(document),
        styles=Markup(_styles()),  # noqa: S704 - our own stylesheet
        every_sheet=Markup(_every_sheet(document)),  # noqa: S704 - escaped letter by letter
    )
    return Written(page.encode(), "html", "text/html; charset=utf-8")


def body(document: Document) -> Markup:
    """A document as part of a page that has `document.css`: its title as `h1`, and all that follows."""
    parts = list(gathered(document.parts))
    rendered = render("documents/body.html", document=document, parts=parts, picture=_picture, key=charts.key)
    return Markup(rendered)  # noqa: S704 - from a template that escapes


def _picture(chart: Chart) -> Picture:
    return Picture(*(as_image(charts.svg(chart, look)) for look in (charts.WIDE, charts.NARROW)))


def _every_sheet(document: Document) -> str:
    """The marking for the top and bottom of every printed sheet, as a string of a stylesheet."""
    said = re.sub(r"[^A-Za-z0-9 ]", lambda found: f"\\{ord(found[0]):06x}", document.protective)
    return f'@page {{ @top-center {{ content: "{said}"; }} @bottom-center {{ content: "{said}"; }} }}'


@cache
def _styles() -> str:
    return (Path(__file__).resolve().parents[1] / "static" / "document.css").read_text("utf-8")
