"""The picture of one place's months: a bar for each, what is usual, and the season; a table beside it says the same."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from hub.briefings.usual import Usual
from hub.pictures import BLUE, INK, PALE_BLUE, Picture, as_image, drawn
from hub.words import short_month

PIXELS_A_LABEL = 50
WIDTHS = (840, 300)


def month_chart(months: Sequence[dt.date], counts: Sequence[int], usual: Usual | None, measure: str) -> Picture:
    """Draw a place's months in two widths."""
    wide, narrow = (as_image(drawn(_spec(months, counts, usual, measure, width))) for width in WIDTHS)
    return Picture(wide, narrow)


def _spec(
    months: Sequence[dt.date], counts: Sequence[int], usual: Usual | None, measure: str, width: int
) -> dict[str, Any]:
    step = max(1, PIXELS_A_LABEL * len(months) // width)
    order = [short_month(month) for month in months]
    values = [
        {
            "month": name,
            "count": count,
            "which": "Last month" if month == months[-1] else "Months before",
            "expected": usual.expected[month.month - 1] if usual else None,
        }
        for name, month, count in zip(order, months, counts, strict=True)
    ]
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
                    "scale": {"domain": ["Months before", "Last month"], "range": ["#7fa9cf", BLUE]},
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
