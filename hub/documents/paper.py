"""A document on paper: a tagged PDF (PDF/UA-1) on A4, set by Typst, in the usual size of type or another.

What is written goes in as data and never as markup.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import orjson

from hub.config import shipped
from hub.documents import charts, typesetting
from hub.documents.charts import Look
from hub.documents.fitting import gathered, pieces, shares
from hub.documents.model import Chart, Document, KeyFigure, Table
from hub.documents.written import Written


@dataclass(frozen=True)
class Print:
    """How large a document is printed."""

    points: float
    look: Look
    columns: int
    """Of a table, side by side."""
    figures: int
    """Key figures, side by side."""
    longest_word: int
    """In letters: a longer one may break, so that it stays on the paper."""


USUAL = Print(points=11, look=charts.PRINTED, columns=8, figures=3, longest_word=30)


def write(document: Document) -> Written:
    """Write a document as a PDF in the usual type."""
    return Written(set_in(document, USUAL), "pdf", "application/pdf")


def set_in(document: Document, how: Print) -> bytes:
    """Set a document in a size of print."""
    with tempfile.TemporaryDirectory(prefix="hub-document-") as folder:
        root = Path(folder)
        root.joinpath("document.json").write_bytes(orjson.dumps(_content(document, how, root)))
        template = root / "document.typ"
        template.write_bytes((shipped("templates") / "documents" / "document.typ").read_bytes())
        return typesetting.pdf(template, made_at=document.made_at)


def _content(document: Document, how: Print, root: Path) -> dict[str, Any]:
    """All the words of the paper; the charts are drawn into the folder."""
    return {
        "language": document.language.partition("-")[0],
        "region": document.language.partition("-")[2] or None,
        "made": document.made_at.timetuple()[:6],
        "protective": document.protective,
        "full_title": document.full_title,
        "points": how.points,
        "figures": how.figures,
        "title": _broken(document.title, how),
        "subtitle": _broken(document.subtitle, how),
        "footer": [_broken(line, how) for line in document.footer],
        "parts": list(_parts(document, how, root)),
    }


def _parts(document: Document, how: Print, root: Path) -> Iterator[dict[str, Any]]:
    for at, part in enumerate(gathered(document.parts)):
        match part:
            case tuple():
                yield {"kind": "figures", "figures": [_figure(one, how) for one in part]}
            case Table():
                yield from _tables(part, how)
            case Chart():
                for number, (piece, drawing) in enumerate(charts.svgs(part, how.look)):
                    yield _picture(piece, drawing, how, root / f"chart-{at}-{number}.svg")
                yield from _tables(replace(part.table, title=f"{part.title}: the figures"), how)
            case _:
                said = {field.name: _said(getattr(part, field.name), how) for field in fields(part)}
                yield {"kind": type(part).__name__.lower(), **said}


def _said(value: Any, how: Print) -> Any:
    """A part's words, fit for the paper; whatever else it holds as it is."""
    if isinstance(value, tuple):
        return [_said(each, how) for each in value]
    return _broken(value, how) if isinstance(value, str) else value


def _figure(one: KeyFigure, how: Print) -> dict[str, str]:
    direction = one.direction.shown if one.direction else ""
    told = {"label": one.label, "shown": one.figure.shown, "direction": direction, "comparison": one.comparison}
    return {name: _broken(words, how) for name, words in told.items()}


def _picture(chart: Chart, drawing: str, how: Print, path: Path) -> dict[str, Any]:
    path.write_text(drawing, "utf-8")
    share = charts.width_of(drawing) / how.look.width
    notes = [_broken(note, how) for note in charts.key(chart)]
    title = _broken(chart.title, how)
    said = {"title": title, "words": chart.words, "notes": notes}
    return {"kind": "chart", "file": path.name, "share": share, "is_small": chart.is_small, **said}


def _tables(table: Table, how: Print) -> Iterator[dict[str, Any]]:
    for piece in pieces(table, columns=how.columns):
        yield {
            "kind": "table",
            "title": _broken(piece.title, how),
            "columns": [{"heading": _broken(one.heading, how), "is_number": one.is_number} for one in piece.columns],
            "shares": shares(piece),
            "rows": [[_broken(cell.shown, how) for cell in row] for row in piece.rows],
            "notes": [_broken(note, how) for note in piece.notes],
        }


def _broken(words: str, how: Print) -> str:
    """The words with places at which an over-long one may break."""
    return re.sub(rf"\S{{{how.longest_word}}}(?=\S)", "\\g<0>\u200b", words)
