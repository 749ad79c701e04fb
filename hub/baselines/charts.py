"""The picture of a baseline: the months of the place, of the ground around it, and of its controls at its level."""

from __future__ import annotations

from typing import Any

import numpy as np

from geo.frames import FloatArray
from hub.baselines.models import Role
from hub.baselines.service import ShownBaseline
from hub.pictures import BLUE, INK, Picture, as_image, drawn
from hub.words import short_month

PIXELS_A_LABEL = 50
WIDTHS = (840, 300)
ORANGE = "#a85400"
PLACE, AROUND, CONTROLS = "The place", "Around it", "Controls, at the level of the place"
_LOOKS = {PLACE: (INK, [1, 0], 3), AROUND: (ORANGE, [2, 3], 2), CONTROLS: (BLUE, [7, 4], 2)}


def month_chart(baseline: ShownBaseline) -> Picture:
    """Draw a baseline's months in two widths; months whose figures are gone are left open."""
    wide, narrow = (as_image(drawn(_spec(baseline, width))) for width in WIDTHS)
    return Picture(wide, narrow)


def lines_of(baseline: ShownBaseline) -> dict[str, FloatArray]:
    """The lines that are drawn, by name."""
    found = {PLACE: baseline.response.counts}
    for ground in baseline.of(Role.BUFFER):
        found[AROUND] = ground.counts
    controls = baseline.control_counts
    if np.nansum(controls):
        found[CONTROLS] = controls * (baseline.response.total / np.nansum(controls))
    return found


def _spec(baseline: ShownBaseline, width: int) -> dict[str, Any]:
    order = [short_month(month) for month in baseline.months]
    step = max(1, PIXELS_A_LABEL * len(order) // width)
    lines = lines_of(baseline)
    values = [
        {"month": month, "count": None if np.isnan(count) else float(count), "which": name}
        for name, counts in lines.items()
        for month, count in zip(order, counts, strict=True)
    ]

    def scale(look: int) -> dict[str, Any]:
        return {"domain": list(lines), "range": [_LOOKS[name][look] for name in lines]}

    legend = {"title": None, "orient": "bottom", "direction": "vertical", "symbolSize": 400}
    which = {"field": "which", "type": "nominal", "legend": legend}
    encoding = {
        "x": {
            "field": "month",
            "type": "ordinal",
            "sort": order,
            "axis": {"title": None, "labelAngle": -60, "values": order[::-1][::step]},
        },
        "y": {"field": "count", "type": "quantitative", "title": baseline.measure.capitalize()},
        "color": which | {"scale": scale(0)},
        "strokeDash": which | {"scale": scale(1)},
        "strokeWidth": which | {"scale": scale(2)},
    }
    return {"data": {"values": values}, "width": width, "height": 240, "mark": {"type": "line"}, "encoding": encoding}
