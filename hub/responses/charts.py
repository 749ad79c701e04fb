"""The picture of the minutes that were planned and given week by week; the table beside it says the same."""

from __future__ import annotations

from typing import Any

from hub.pictures import BLUE, INK, Picture, as_image, drawn
from hub.responses.doses import Dosage
from hub.words import date_name, number, plural

WIDTHS = (760, 270)
PIXELS_A_LABEL = 60


def week_chart(found: Dosage) -> Picture | None:
    """Draw the weeks in two widths; None where there is no week yet."""
    if not found.weeks:
        return None
    wide, narrow = (as_image(drawn(_spec(found, width))) for width in WIDTHS)
    return Picture(wide, narrow)


def said(found: Dosage) -> str:
    """What somebody must know who does not see the picture."""
    most = max(found.weeks, key=lambda week: week.dose.minutes)
    return (
        f"Minutes given in {plural(len(found.weeks), 'week')} as bars, with a black line at what was planned. The most "
        f"were {number(most.dose.minutes)}, in the week from {date_name(most.monday)}."
    )


def _spec(found: Dosage, width: int) -> dict[str, Any]:
    names = [f"{week.monday.day} {week.monday:%b %y}" for week in found.weeks]
    step = max(1, PIXELS_A_LABEL * len(names) // width)
    values = [
        {"week": name, "given": week.dose.minutes, "planned": week.dose.planned_minutes}
        for name, week in zip(names, found.weeks, strict=True)
    ]
    x = {
        "field": "week",
        "type": "ordinal",
        "scale": {"domain": names},
        "axis": {"title": "Week from", "labelAngle": -60, "values": names[::-1][::step]},
    }
    y = {"type": "quantitative", "title": "Minutes", "scale": {"zero": True}}
    bars = {"mark": {"type": "bar", "color": BLUE}, "encoding": {"x": x, "y": {**y, "field": "given"}}}
    ticks = {
        "mark": {"type": "tick", "color": INK, "thickness": 3},
        "encoding": {"x": x, "y": {**y, "field": "planned"}},
    }
    return {"data": {"values": values}, "width": width - 60, "height": 200, "layer": [bars, ticks]}
