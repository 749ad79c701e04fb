"""The picture of one place's months: a bar for each, what is usual, and the season; a table beside it says the same."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Sequence
from typing import Any

from hub.briefings.usual import Usual
from hub.pictures import BLUE, INK, PALE_BLUE, Picture, as_image, drawn
from hub.words import short_month

PIXELS_A_LABEL = 50
WIDTHS = (840, 300)
CARRIED_OVER, BEFORE, LAST = "Carried over from other wards", "Months before", "Last month"
GREY, LIGHT_BLUE = "#b1b4b6", "#7fa9cf"


def month_chart(
    months: Sequence[dt.date],
    counts: Sequence[int],
    usual: Usual | None,
    measure: str,
    carried_over: Collection[dt.date] = (),
) -> Picture:
    """Draw a place's months in two widths; those carried over from other wards stand apart."""
    wide, narrow = (as_image(drawn(_spec(months, counts, usual, measure, carried_over, width))) for width in WIDTHS)
    return Picture(wide, narrow)


def _spec(
    months: Sequence[dt.date],
    counts: Sequence[int],
    usual: Usual | None,
    measure: str,
    carried_over: Collection[dt.date],
    width: int,
) -> dict[str, Any]:
    step = max(1, PIXELS_A_LABEL * len(months) // width)
    order = [short_month(month) for month in months]
    values = [
        {
            "month": name,
            "count": count,
            "which": LAST if month == months[-1] else CARRIED_OVER if month in carried_over else BEFORE,
            "expected": usual.expected[month.month - 1] if usual else None,
        }
        for name, month, count in zip(order, months, counts, strict=True)
    ]
    colours = {CARRIED_OVER: GREY} if carried_over else {}
    colours |= {BEFORE: LIGHT_BLUE, LAST: BLUE}
    x = {
        "field": "month",
        "type": "ordinal",
        "sort": order,
        "axis": {"title": None, "labelAngle": -60, "values": order[::-1][::step]},
    }
    layers: list[dict[str, Any]] = [
        {
            "mark": {"type": "bar"},
            "encoding": {
                "x": x,
                "y": {"field": "count", "type": "quantitative", "title": measure.capitalize()},
                "color": {
                    "field": "which",
                    "type": "nominal",
                    "scale": {"domain": list(colours), "range": list(colours.values())},
                    "legend": {"title": None, "orient": "bottom"},
                },
            },
        }
    ]
    if usual is not None:
        band = {"values": [{"low": usual.low, "high": usual.high, "means": f"Usual: {usual.range_words}"}]}
        layers.insert(
            0,
            {
                "data": band,
                "mark": {"type": "rect", "color": PALE_BLUE, "opacity": 0.7},
                "encoding": {
                    "y": {"field": "low", "type": "quantitative"},
                    "y2": {"field": "high"},
                    "opacity": {"field": "means", "type": "nominal", "legend": {"title": None, "orient": "bottom"}},
                },
            },
        )
        if usual.has_season:
            layers.append(
                {
                    "mark": {"type": "line", "color": INK, "strokeDash": [4, 3], "strokeWidth": 1.5},
                    "encoding": {"x": x, "y": {"field": "expected", "type": "quantitative"}},
                }
            )
    return {"data": {"values": values}, "width": width, "height": 220, "layer": layers}
