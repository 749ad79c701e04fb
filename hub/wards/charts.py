"""The picture of a ward's years beside its borough's; the table beside it says the same."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from hub.pictures import BLUE, INK, PAPER, Picture, as_image, drawn
from hub.wards.series import YearCount
from hub.words import number, short_month

WIDTHS = (700, 250)
MOST_LABELLED = 8
"""With more years, only the first and the last bear their figure in the narrow picture."""
GREY = "#505a5f"
DASHED, SOLID = [6, 4], [1, 0]


def year_chart(
    years: Sequence[YearCount], ward: str, borough: str, residents: tuple[float, float] | None, measure: str
) -> Picture | None:
    """Draw years in two widths; None where there are not two.

    Parameters
    ----------
    years
        Oldest first.
    ward, borough
        Their names, written at the ends of the lines.
    residents
        Of both, so that both can be drawn for every 1,000 of them; where not known, the ward's counts alone are drawn.
    measure
        What is counted.
    """
    if sum(year.count is not None for year in years) < 2:
        return None
    wide, narrow = (as_image(drawn(_spec(years, (ward, borough), residents, measure, width))) for width in WIDTHS)
    return Picture(wide, narrow)


def _spec(
    years: Sequence[YearCount],
    names: tuple[str, str],
    residents: tuple[float, float] | None,
    measure: str,
    width: int,
) -> dict[str, Any]:
    order = [short_month(year.last_month) for year in years]
    people = residents or (1000.0, 0.0)
    values = {names[0]: [None if year.count is None else 1000 * year.count / people[0] for year in years]}
    if residents:
        values[names[1]] = [
            None if year.borough_count is None else 1000 * year.borough_count / people[1] for year in years
        ]
    title = f"{measure.capitalize()} per 1,000 residents" if residents else f"{measure.capitalize()} a year"
    every = len(years) <= MOST_LABELLED or width == WIDTHS[0]
    axis = {"title": "Year to", "labelAngle": -60 if len(years) > 4 else 0}
    x = {"field": "year", "type": "ordinal", "sort": order, "axis": axis, "scale": {"padding": 0.3}}
    y = {"field": "value", "type": "quantitative", "title": title, "scale": {"zero": True}}
    layers = [
        layer
        for name, colour in zip(values, (BLUE, GREY), strict=False)
        for layer in _line(years, order, values[name], name, colour, x, y, every=every)
    ]
    return {"width": width, "height": 240, "layer": layers}


def _line(
    years: Sequence[YearCount],
    order: Sequence[str],
    values: Sequence[float | None],
    name: str,
    colour: str,
    x: dict[str, Any],
    y: dict[str, Any],
    *,
    every: bool,
) -> list[dict[str, Any]]:
    """A line from year to year: broken where a year is not shown, dashed and hollow where one is shared out."""
    is_ward = colour == BLUE
    points = [
        {
            "year": label,
            "value": value,
            "said": number(value, 0 if value >= 100 else 1),
            "estimate": is_ward and year.is_shared_out,
            "note": f"{year.percent_shared_out:.0f}% shared out" if is_ward and year.is_shared_out else "",
        }
        for label, value, year in zip(order, values, years, strict=True)
        if value is not None
    ]
    if not points:
        return []
    place = {label: number for number, label in enumerate(order)}
    steps = [
        {**end, "step": number, "dashed": first["estimate"] or second["estimate"]}
        for number, (first, second) in enumerate(pairwise(points))
        if place[str(second["year"])] == place[str(first["year"])] + 1
        for end in (first, second)
    ]
    labelled = points if is_ward and every else [points[0], points[-1]]
    last = [{**points[-1], "said": name}]
    dash = {"condition": {"test": "datum.dashed", "value": DASHED}, "value": SOLID}
    fill = {"condition": {"test": "datum.estimate", "value": PAPER}, "value": colour}
    xy = {"x": x, "y": y}
    return [
        {
            "data": {"values": steps},
            "mark": {"type": "line", "color": colour, "strokeWidth": 3 if is_ward else 2},
            "encoding": {**xy, "detail": {"field": "step"}, "strokeDash": dash},
        },
        {
            "data": {"values": points},
            "mark": {"type": "point", "shape": "circle" if is_ward else "square", "size": 70, "opacity": 1}
            | {"stroke": colour, "strokeWidth": 2},
            "encoding": {**xy, "fill": fill},
        },
        {
            "data": {"values": labelled},
            "mark": {"type": "text", "dy": -13 if is_ward else 16, "fontSize": 13, "color": colour},
            "encoding": {**xy, "text": {"field": "said"}},
        },
        {
            "data": {"values": [point for point in points if point["note"]]},
            "mark": {"type": "text", "dy": 18, "fontSize": 11, "color": INK},
            "encoding": {**xy, "text": {"field": "note"}},
        },
        {
            "data": {"values": last},
            "mark": {"type": "text", "align": "left", "dx": 10, "fontSize": 13, "fontWeight": "bold", "color": colour},
            "encoding": {**xy, "text": {"field": "said"}},
        },
    ]
