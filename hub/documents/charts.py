"""A document's charts drawn as SVG: named at the line's end or beside the bar, and told apart without colour."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import orjson

from hub.documents.fitting import MOST_LINES, chart_pieces
from hub.documents.model import Chart, ChartKind, Point, Series
from hub.pictures import BLUE, INK, PALE_BLUE, PAPER, drawn

DASHES: tuple[tuple[int, ...], ...] = ((1, 0), (7, 3), (2, 3), (9, 3, 2, 3), (14, 4), (4, 2, 1, 2))
SHAPES = ("circle", "square", "triangle-up", "diamond", "cross", "triangle-down")
COLOURS = (BLUE, "#801650", "#28534e", "#873b14", "#3d3d3d", "#3a2a6b")
"""Dark enough on white to be read, each alone; the dash and the mark tell them apart in black and white."""
GRID = "#d8d8d8"
ROOM_ABOVE = 1.08
"""Of the highest value."""
LETTER_WIDTH = 0.56
"""Of a letter on average, as a share of the size of its type."""
NARROW_PICTURE = 500
_BEYOND_TWO_BYTES = re.compile("[\U00010000-\U0010ffff]")
_WIDTH = re.compile(r'<svg [^>]*\bwidth="([\d.]+)"')


@dataclass(frozen=True)
class Look:
    """How large a picture is drawn, and the type in it, in pixels."""

    width: int = 640
    height: int = 240
    font: int = 13
    rows: int | None = None
    """At most, of bars or intervals in one picture: what stands on a sheet of paper."""
    panels: int | None = None
    """At most, in one picture."""
    span: tuple[float, float] | None = None
    """The scale that several pictures of one chart share."""

    def letters(self, pixels: float) -> int:
        """How many letters stand side by side in so many pixels."""
        return max(6, int(pixels / (LETTER_WIDTH * self.font)))


WIDE, NARROW = Look(width=860, height=320, font=16), Look(width=345, height=250, font=16)
"""On a screen, and on a phone's."""
PRINTED = Look(rows=28, panels=15)
LARGE = Look(width=480, height=300, font=18, rows=13, panels=6)
"""One pixel to the point, on paper for those who need large print."""


def width_of(drawing: str) -> float:
    """How wide a drawing is, in pixels."""
    return float(_WIDTH.findall(drawing)[0])


def key(chart: Chart) -> tuple[str, ...]:
    """What the marks of a chart mean, where that does not go without saying."""
    points = [point for one in chart.series for point in one.points]
    is_line = chart.kind in {ChartKind.LINE, ChartKind.PANELS}
    mark = "pale bar with a dashed edge" if chart.kind is ChartKind.BAR else "hollow mark"
    said = []
    if any(point.is_provisional for point in points):
        said.append(f"A {mark} is a figure that may still change.")
    if is_line and any(point.figure.value is None for point in points):
        said.append("A gap in a line is a figure that is not shown.")
    if chart.kind is ChartKind.INTERVAL:
        said.append("The line through a mark shows how far chance alone could move the figure.")
    return tuple(said)


def svgs(chart: Chart, look: Look) -> list[tuple[Chart, str]]:
    """Draw a chart in as many pictures as it takes, all on one scale; with each the part of the chart that it shows."""
    look = replace(look, span=span(chart))
    return [(piece, svg(piece, look)) for piece in chart_pieces(chart, rows=look.rows, panels=look.panels)]


def svg(chart: Chart, look: Look) -> str:
    """Draw a chart in one picture."""
    look = replace(look, height=look.height * 2 // 5) if chart.is_small else look
    if chart.kind is ChartKind.BAR:
        spec = _lying(chart, look, _bars(chart, look), beside="value")
    elif chart.kind is ChartKind.INTERVAL:
        spec = _lying(chart, look, _intervals(chart, look), beside="far")
    elif chart.kind is ChartKind.LINE and len(chart.series) <= MOST_LINES:
        spec = _lines(chart, look)
    else:
        spec = _panels(chart, look)
    spec |= {"padding": {"left": 2, "top": 8, "bottom": 2, "right": 2}}
    # Vega shortens a long label between the halves of such a letter, and then fails.
    flat = _BEYOND_TWO_BYTES.sub("\ufffd", orjson.dumps(spec).decode())
    return drawn(orjson.loads(flat))


# --- Lines over months -----------------------------------------------------------------------------------------------


def _lines(chart: Chart, look: Look) -> dict[str, Any]:
    """Lines on one scale; a point that may still change is hollow, and a figure that is not shown is a gap."""
    is_alone = len(chart.series) == 1
    longest = min(max(len(one.name) for one in chart.series), look.letters(0.27 * look.width))
    room = 0 if is_alone else round(1.06 * LETTER_WIDTH * look.font * longest) + 14
    width = look.width - room - round(4.2 * look.font)
    layers = [layer for at, one in enumerate(chart.series) for layer in _line(chart, look, one, at, width)]
    layers += _against(chart, look, "y")
    if not is_alone:
        layers += _line_names(chart, look, longest)
    return {"width": width, "height": look.height, "layer": layers}


def _panels(chart: Chart, look: Look) -> dict[str, Any]:
    """A panel for each line, its name above, all on one scale."""
    across = min(len(chart.series), 3 if look.width > NARROW_PICTURE else 2)
    width = look.width // across - round(5 * look.font)
    panels = [
        {
            "title": {"text": textwrap.wrap(one.name, look.letters(width)), "fontSize": look.font, "anchor": "start"},
            "width": width,
            "height": round(0.5 * look.height),
            "layer": [*_line(chart, look, one, at, width, ends_only=True), *_against(chart, look, "y")],
        }
        for at, one in enumerate(chart.series)
    ]
    return {"concat": panels, "columns": across, "spacing": look.font}


def _line(chart: Chart, look: Look, one: Series, at: int, width: int, *, ends_only: bool = False) -> Iterator[Any]:
    low, high = _scale(chart, look)
    labels = chart.labels
    step = max(1, -(-len(labels) * 4 * look.font // max(1, width)))
    said = [labels[0], labels[-1]] if ends_only else list(labels[::-1][::step])
    is_level = ends_only or max(map(len, labels)) * len(labels) <= look.letters(width)
    x_axis = _axis(look, title=None, values=said, labelAngle=0 if is_level else -50, labelFlush=is_level)
    title = None if ends_only or chart.is_small else chart.value_title
    y_axis = _axis(look, title=title, titleLimit=look.height, tickCount=3 if ends_only or chart.is_small else 5)
    encoding = {
        "x": {"field": "label", "type": "ordinal", "sort": list(labels), "scale": {"type": "point"}, "axis": x_axis},
        "y": {
            "field": "value",
            "type": "quantitative",
            "scale": {"domain": [low, high], "nice": False, "zero": False},
            "axis": y_axis,
        },
    }
    colour, kind = COLOURS[at % len(COLOURS)], at % len(DASHES)
    line = {"type": "line", "color": colour, "strokeWidth": 2.2, "strokeDash": list(DASHES[kind])}
    mark = {"type": "point", "shape": SHAPES[kind], "size": 3.4 * look.font, "opacity": 1, "stroke": colour}
    hollow = {"condition": {"test": "datum.is_provisional", "value": PAPER}, "value": colour}
    values = {"values": [_value(point) for point in one.points]}
    yield {"data": values, "mark": {**line, "invalid": "break-paths-show-domains"}, "encoding": encoding}
    yield {
        "data": values,
        "transform": [{"filter": "isValid(datum.value)"}],
        "mark": mark,
        "encoding": encoding | {"fill": hollow},
    }


def _line_names(chart: Chart, look: Look, letters: int) -> Iterator[dict[str, Any]]:
    """Each line's name beside its end, moved apart where two would cover each other."""
    low, high = _scale(chart, look)
    ends = []
    for at, one in enumerate(chart.series):
        known = [point.figure.value for point in one.points if point.figure.value is not None]
        y = look.height * (high - (known[-1] if known else low)) / (high - low)
        ends.append((y, textwrap.wrap(one.name, letters)[:3], COLOURS[at % len(COLOURS)]))
    edge = 0.0
    for y, lines, colour in sorted(ends):
        tall = 1.15 * look.font * len(lines)
        edge = max(edge, y - 0.6 * look.font)
        mark = {"type": "text", "align": "left", "baseline": "top", "fontSize": look.font, "fontWeight": "bold"}
        mark |= {"text": lines, "x": {"expr": "width + 10"}, "y": edge, "color": colour, "lineHeight": 1.15 * look.font}
        yield {"data": {"values": [{}]}, "mark": mark}
        edge += tall


# --- Bars and intervals, one row for each label ----------------------------------------------------------------------


def _lying(chart: Chart, look: Look, marks: list[dict[str, Any]], *, beside: str) -> dict[str, Any]:
    """Rows of marks, with each row's figure written beside it."""
    room = max((len(label) for label in chart.labels), default=0)
    names = min(round(LETTER_WIDTH * look.font * room) + 12, round(0.4 * look.width))
    figures = max((len(each.figure.shown) for each in chart.series[0].points if not each.figure.is_hidden), default=0)
    width = look.width - names - min(round(LETTER_WIDTH * look.font * figures), round(0.25 * look.width)) - 10
    layers = [*marks, *_against(chart, look, "x"), *_figures(chart, look, beside)]
    return {"width": width, "height": {"step": round(2 * look.font)}, "layer": layers}


def _across(chart: Chart, look: Look) -> dict[str, Any]:
    low, high = _scale(chart, look)
    names = _axis(look, title=None, labelLimit=round(0.4 * look.width) - 12, grid=False, ticks=False)
    return {
        "y": {"field": "label", "type": "ordinal", "sort": list(chart.labels), "axis": names},
        "x": {
            "field": "value",
            "type": "quantitative",
            "scale": {"domain": [low, high], "nice": False, "zero": False},
            "axis": _axis(look, title=chart.value_title, tickCount=4),
        },
    }


def _bars(chart: Chart, look: Look) -> list[dict[str, Any]]:
    """Bars from nil; one that may still change is pale, with a dashed edge."""
    encoding = _across(chart, look)
    pale = {"condition": {"test": "datum.is_provisional", "value": PALE_BLUE}, "value": BLUE}
    dashed = {"condition": {"test": "datum.is_provisional", "value": [3, 2]}, "value": [1, 0]}
    values = {"values": [_value(point) for point in chart.series[0].points]}
    bars = {"type": "bar", "height": {"band": 0.7}, "stroke": BLUE, "strokeWidth": 1.2, "invalid": "filter"}
    return [
        {
            "data": values,
            "mark": bars,
            "encoding": encoding | {"color": pale, "strokeDash": dashed, "x2": {"datum": 0}},
        },
    ]


def _intervals(chart: Chart, look: Look) -> list[dict[str, Any]]:
    """A mark for each figure on the line from its low to its high value."""
    encoding = _across(chart, look)
    values = {"values": [_value(point) for point in chart.series[0].points]}
    known = [{"filter": "isValid(datum.low)"}]
    ends = encoding | {"x": encoding["x"] | {"field": "low"}, "x2": {"field": "high"}}
    hollow = {"condition": {"test": "datum.is_provisional", "value": PAPER}, "value": BLUE}
    dot = {"type": "point", "shape": "diamond", "size": 6 * look.font, "stroke": BLUE, "opacity": 1}
    return [
        {
            "data": values,
            "transform": known,
            "mark": {"type": "rule", "color": INK, "strokeWidth": 2},
            "encoding": ends,
        },
        {
            "data": values,
            "transform": [{"filter": "isValid(datum.value)"}],
            "mark": dot,
            "encoding": encoding | {"fill": hollow},
        },
    ]


def _figures(chart: Chart, look: Look, beside: str) -> Iterator[dict[str, Any]]:
    """Each row's figure as it is written, beside its bar or mark; of one that is not shown, those words."""
    low, _ = _scale(chart, look)
    values: list[dict[str, Any]] = []
    for point in chart.series[0].points:
        at = _value(point)[beside]
        values.append({"label": point.label, "value": low if at is None else max(at, low), "shown": point.figure.shown})
    mark = {"type": "text", "align": "left", "dx": 7, "fontSize": look.font, "limit": look.width}
    encoding = _across(chart, look) | {"text": {"field": "shown"}}
    behind, before = {"stroke": PAPER, "strokeWidth": 4, "color": PAPER}, {"color": INK}
    for inked in (behind, before):
        yield {"data": {"values": values}, "mark": mark | inked, "encoding": encoding}


# --- What all share --------------------------------------------------------------------------------------------------


def _value(point: Point) -> dict[str, Any]:
    low, high = point.low, point.high
    value = point.figure.value
    ends = {"low": low.value if low else None, "high": high.value if high else None}
    far = max((each for each in (value, *ends.values()) if each is not None), default=None)
    return {"label": point.label, "value": value, **ends, "far": far, "is_provisional": point.is_provisional}


def _scale(chart: Chart, look: Look) -> tuple[float, float]:
    return look.span or span(chart)


def span(chart: Chart) -> tuple[float, float]:
    """The scale: from nil, or from the lowest value below it, to a little above the highest."""
    values = [0.0]
    for one in chart.series:
        for point in one.points:
            values += [cell.value for cell in (point.figure, point.low, point.high) if cell and cell.value is not None]
    if chart.reference and chart.reference.figure.value is not None:
        values.append(chart.reference.figure.value)
    low, high = ROOM_ABOVE * min(values), ROOM_ABOVE * max(values)
    return low, high if high > low else low + 1


def _against(chart: Chart, look: Look, way: str) -> list[dict[str, Any]]:
    """The line that the points are seen against, with its name."""
    against = chart.reference
    if against is None or against.figure.value is None:
        return []
    at = {way: {"datum": against.figure.value, "type": "quantitative"}}
    named = {"type": "text", "text": f"{against.name}: {against.figure.shown}", "fontSize": look.font, "color": INK}
    named["limit"] = round(0.5 * look.width)
    named |= (
        {"align": "left", "baseline": "bottom", "dx": 4, "dy": -4, "x": 0}
        if way == "y"
        else {"align": "center", "baseline": "bottom", "dy": -3, "y": 0}
    )
    rule = {"type": "rule", "color": INK, "strokeDash": [2, 2], "strokeWidth": 1.4}
    nothing = {"values": [{"name": against.name}]}
    return [{"data": nothing, "mark": mark, "encoding": at} for mark in (rule, named)]


def _axis(look: Look, **more: Any) -> dict[str, Any]:
    colours = {"labelColor": INK, "titleColor": INK, "domainColor": INK, "tickColor": INK, "gridColor": GRID}
    type_of = {"labelFontSize": look.font, "titleFontSize": look.font, "titleFontWeight": "normal"}
    return {**type_of, "titleLimit": round(0.7 * look.width), **colours, **more}
