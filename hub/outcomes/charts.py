"""The small pictures of an outcomes board: one line each, with its first and last figure written at its ends.

Drawn on the server as SVG, so that they print and need no script; the table behind each stands beside it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from hub.outcomes.service import Board
from hub.pictures import BLUE, INK, PALE_BLUE, as_image, drawn
from hub.summaries.earlier import YearFigure
from hub.summaries.perception import Said
from hub.words import month_code, number, short_month

WIDTH, HEIGHT = 250, 90
ROOM_FOR_LABELS = 1.25
"""How far above the largest figure a picture goes on."""


def pictures(board: Board) -> Mapping[str, str]:
    """Draw each series of a board that has two figures at least, by the measure's code."""
    found = {}
    for theme in board.themes:
        for one in theme.recorded:
            shown = [each for each in one.series if each.figure.count is not None]
            if len(shown) > 1:
                found[one.measure.code] = as_image(years_chart(shown))
        for measure, opinion in theme.perception:
            if opinion and len(opinion.series) > 1:
                found[measure.code] = as_image(shares_chart(opinion.series))
    return found


def years_chart(series: Sequence[YearFigure]) -> str:
    """A count over twelve months, by the month that they end with."""
    values = [_point(each.last_month, float(each.figure.count or 0), number(each.figure.count)) for each in series]
    return _chart(values, highest=max(value["y"] for value in values))


def shares_chart(series: Sequence[Said]) -> str:
    """A share of people, in per cent, with the band in which the truth may lie."""
    values = [
        {**_point(each.month, each.percent, f"{each.percent:.0f}%"), "low": each.lower, "high": each.upper}
        for each in series
    ]
    return _chart(values, highest=100, has_band=True)


def _point(month: dt.date, y: float, words: str) -> dict[str, Any]:
    return {"month": f"{month_code(month)}-01", "y": y, "words": words, "when": short_month(month)}


def _chart(values: Sequence[dict[str, Any]], *, highest: float, has_band: bool = False) -> str:
    x = {"field": "month", "type": "temporal", "axis": None, "scale": {"padding": 34}}
    top = highest if has_band else max(1.0, highest * ROOM_FOR_LABELS)
    y = {"field": "y", "type": "quantitative", "axis": None, "scale": {"domain": [0, top]}}
    ends = [{**values[0], "dx": 0}, {**values[-1], "dx": 0}]
    layers: list[dict[str, Any]] = [
        {"mark": {"type": "line", "stroke": BLUE, "strokeWidth": 2.5}, "encoding": {"x": x, "y": y}},
        _mark(ends, {"type": "point", "filled": True, "size": 50, "color": BLUE}, x, y),
        _mark(ends, {"type": "text", "dy": -14, "fontSize": 14, "fontWeight": "bold", "color": INK}, x, y, "words"),
        _mark(ends, {"type": "text", "dy": 12, "fontSize": 12, "color": INK}, x, {"value": HEIGHT}, "when"),
        {"data": {"values": [{}]}, "mark": {"type": "rule", "color": INK}, "encoding": {"y": {"value": HEIGHT}}},
    ]
    if has_band:
        band = {"x": x, "y": {**y, "field": "low"}, "y2": {"field": "high"}}
        layers.insert(0, {"mark": {"type": "area", "color": PALE_BLUE}, "encoding": band})
    return drawn({"data": {"values": list(values)}, "width": WIDTH, "height": HEIGHT, "layer": layers})


def _mark(
    values: Sequence[dict[str, Any]], mark: dict[str, Any], x: dict[str, Any], y: dict[str, Any], words: str = ""
) -> dict[str, Any]:
    encoding = {"x": x, "y": y} | ({"text": {"field": words}} if words else {})
    return {"data": {"values": list(values)}, "mark": mark, "encoding": encoding}
