"""An overlay on paper: one page with the answer, the map and all that must be said with it, and one with the table.

A tagged PDF (PDF/UA-1), A4 or A3, set by Typst from `paper.typ`. What is written goes in as data and never as markup.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import groupby
from pathlib import Path
from typing import Any

import geopandas as gpd
import orjson

from hub.access import Viewer
from hub.config import shipped
from hub.documents import typesetting
from hub.errors import BadRequest
from hub.hotspots import drawing, layers
from hub.hotspots.facts import VersionUsed
from hub.hotspots.layers import Column, LegendItem, Show
from hub.hotspots.overlays import Overlay
from hub.hotspots.scoring import Units
from hub.places import service as places
from hub.places.service import Area
from hub.purposes import Handover
from hub.words import MARKING, date_name, listed, month_name, number, plural

ROWS = 25
"""Of the table: the rest is in the files."""
MOST_NAMED = 6


class Paper(StrEnum):
    """How large a sheet is; it lies on its long side."""

    A4 = "A4"
    A3 = "A3"


@dataclass(frozen=True)
class Sheet:
    """What the paper shows besides the overlay: which of its figures, the boroughs it lies in, and the size."""

    show: Show
    boroughs: gpd.GeoDataFrame
    """`borough_name` and outlines, EPSG:27700."""
    paper: Paper = Paper.A4


def sheet_of(viewer: Viewer, area: Area, show: Show, size: str | None = None) -> Sheet:
    """Lay out a sheet for an area that the viewer sees; A4 unless another size is asked for.

    Raises
    ------
    BadRequest
        Naming the sizes there are.
    """
    try:
        chosen = Paper(size or Paper.A4)
    except ValueError:
        raise BadRequest(
            f"There is no paper called '{size}' to print on.", remedy=f"Choose one of: {', '.join(Paper)}."
        ) from None
    return Sheet(show, places.borough_outlines(viewer.session, area.borough_codes), chosen)


def pdf(overlay: Overlay, sheet: Sheet, handover: Handover | None = None) -> bytes:
    """Set an overlay on paper."""
    _, legend = layers.classes(overlay, sheet.show)
    legend = tuple(item for item in legend if item.units or item.key.startswith(layers.ALWAYS_IN_LEGEND))
    with tempfile.TemporaryDirectory(prefix="hub-paper-") as folder:
        root = Path(folder)
        root.joinpath("map.svg").write_text(drawing.map_svg(overlay, sheet.show, sheet.boroughs), "utf-8")
        for at, item in enumerate(legend):
            root.joinpath(f"swatch-{at}.svg").write_text(drawing.swatch_svg(item.key), "utf-8")
        root.joinpath("page.json").write_bytes(
            orjson.dumps(_content(overlay, sheet, legend) | {"handover": handover.sentence if handover else ""})
        )
        template = root / "paper.typ"
        template.write_bytes((shipped("templates") / "hotspots" / "paper.typ").read_bytes())
        return typesetting.pdf(template)


def _content(overlay: Overlay, sheet: Sheet, legend: Sequence[LegendItem]) -> dict[str, Any]:
    """All the words of the paper."""
    show = sheet.show
    columns = layers.columns(overlay)
    units = layers.ordered(overlay, show, "")
    every = "wards" if overlay.units is Units.WARDS else "small areas"
    return {
        "paper": sheet.paper.lower(),
        "marking": MARKING,
        "title": f"Hotspots in {overlay.area_name}",
        "subtitle": f"{show.words}. {overlay.category}, {overlay.period_words}",
        "sentence": overlay.count_sentence if show is Show.WARD_COUNT else overlay.sentence,
        "map": _said_map(overlay, show, legend),
        "legend_title": show.colours(overlay.measure),
        "legend": [{"words": item.words, "units": number(item.units)} for item in legend],
        "facts": _facts(overlay),
        "notes": list(overlay.notes),
        "method": overlay.method_words,
        "attribution": overlay.attribution,
        "table_title": f"The first {ROWS} of {number(len(units))} {every}" if len(units) > ROWS else f"All {every}",
        "columns": [_column(column) for column in columns],
        "rows": [row.cells for row in layers.rows(overlay, show, units.iloc[:ROWS])],
    }


def _column(column: Column) -> dict[str, Any]:
    return {"title": column.title, "is_number": column.is_number}


def _said_map(overlay: Overlay, show: Show, legend: Sequence[LegendItem]) -> str:
    """Say the map to whoever does not see it."""
    found = "; ".join(f"{item.words}: {number(item.units)}" for item in legend)
    return (
        f"Map of {overlay.area_name} with its borough boundaries. {show.words}: {overlay.category}, "
        f"{overlay.period_words}. {found}. The table on the next page names the places."
    )


def _facts(overlay: Overlay) -> list[tuple[str, str]]:
    provisional = " (provisional)" if overlay.provisional else ""
    facts = [("Data to", f"{month_name(overlay.data_to)}{provisional}. {_drawn(overlay.versions)}")]
    if overlay.beside is not None:
        facts.append((overlay.beside.title, f"{month_name(overlay.data_to)}. {_drawn(overlay.beside.versions)}"))
    if overlay.baseline_words:
        facts.append(("Compared with", overlay.baseline_words))
    facts.append(("Source", overlay.source_words))
    has_rates = any(column.key.endswith("per_1000") for column in layers.columns(overlay))
    if has_rates and overlay.denominator:
        facts.append(("Rates are by", overlay.denominator))
    if overlay.tested:
        facts.append(("Tested", f"{number(overlay.tested)} together"))
    return facts


def _drawn(versions: Sequence[VersionUsed]) -> str:
    """Say when each borough's figures were drawn from their source; those of one day together."""
    newest = {version.borough_name: version.extract_date for version in versions}
    by_day = sorted(newest.items(), key=lambda pair: (pair[1], pair[0]))
    said = []
    for day, pairs in groupby(by_day, key=lambda pair: pair[1]):
        names = [name for name, _ in pairs]
        whose = listed(names) if len(names) <= MOST_NAMED else plural(len(names), "borough")
        said.append(f"{whose}: drawn on {date_name(day)}")
    return "; ".join(said) + "."
