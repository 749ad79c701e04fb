"""The picture of a place's months beside what its control areas led to expect; the table beside it says the same."""

from __future__ import annotations

from typing import Any

import numpy as np

from hub.assessments.service import ShownAssessment
from hub.assessments.working import RESPONSE
from hub.pictures import BLUE, INK, Picture, as_image, drawn
from hub.words import month_name, number, short_month

WIDTHS = (760, 270)
PIXELS_A_LABEL = 60
SEEN, EXPECTED = "What came", "To be expected"
GREY = "#505a5f"


def month_chart(shown: ShownAssessment) -> Picture | None:
    """Draw the months in two widths; None where they may not be shown."""
    if not shown.counts.size:
        return None
    wide, narrow = (as_image(drawn(_spec(shown, width))) for width in WIDTHS)
    return Picture(wide, narrow)


def said(shown: ShownAssessment) -> str:
    """What somebody must know who does not see the picture."""
    before, after = _ends(shown)
    words = (
        f"{shown.names[0]}: {number(before.mean(), 1)} a month before the response and {number(after.mean(), 1)} a "
        "month after."
    )
    if shown.found is not None and shown.found.effect is not None:
        expected = shown.found.effect.expected / len(after)
        words += f" Gone the way of the control areas, it would have been {number(expected, 1)} a month after."
    return words


def _ends(shown: ShownAssessment) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    place = shown.counts[shown.roles.index(RESPONSE)]
    return place[: shown.months_before], place[shown.months_before :]


def _spec(shown: ShownAssessment, width: int) -> dict[str, Any]:
    every = sorted({*shown.months, *shown.left_out})
    order = [short_month(month) for month in every]
    place = shown.counts[shown.roles.index(RESPONSE)]
    expected = shown.found.expected_by_month if shown.found is not None else np.full(place.shape, np.nan)
    values = []
    for at, month in enumerate(shown.months):
        which = "before" if at < shown.months_before else "after"
        pairs = ((SEEN, place[at]), (EXPECTED, expected[at]))
        values += [
            {"month": short_month(month), "line": name, "count": float(count), "which": f"{name} {which}"}
            for name, count in pairs
            if np.isfinite(count)
        ]
    step = max(1, PIXELS_A_LABEL * len(order) // width)
    x = {
        "field": "month",
        "type": "ordinal",
        "scale": {"domain": order},
        "axis": {"title": None, "labelAngle": -60, "values": order[::-1][::step]},
    }
    colour = {
        "field": "line",
        "type": "nominal",
        "scale": {"domain": [SEEN, EXPECTED], "range": [BLUE, GREY]},
        "legend": {"title": None, "orient": "top", "symbolType": "stroke"},
    }
    dash = {
        "field": "line",
        "type": "nominal",
        "scale": {"domain": [SEEN, EXPECTED], "range": [[1, 0], [5, 4]]},
        "legend": {"title": None, "orient": "top"},
    }
    lines: dict[str, Any] = {
        "data": {"values": values},
        "mark": {"type": "line", "strokeWidth": 2, "point": {"filled": True, "size": 25}},
        "encoding": {
            "x": x,
            "y": {
                "field": "count",
                "type": "quantitative",
                "title": shown.measure.capitalize(),
                "scale": {"zero": True},
            },
            "color": colour,
            "strokeDash": dash,
            "detail": {"field": "which"},
        },
    }
    first_after = shown.months[shown.months_before] if shown.months_before < len(shown.months) else None
    began = min([*shown.left_out[-1:], *([first_after] if first_after else [])], default=None)
    layers = [lines]
    if began is not None:
        rule = {"data": {"values": [{"month": short_month(began)}]}, "encoding": {"x": x}}
        layers.append({**rule, "mark": {"type": "rule", "color": INK, "strokeWidth": 1.5, "strokeDash": [2, 2]}})
    return {"width": width - 60, "height": 240, "layer": layers}


def rows(shown: ShownAssessment) -> list[tuple[str, str, list[str], str]]:
    """The table behind the picture: each month, when it stands, the count of each ground, what was to be expected."""
    expected = shown.found.expected_by_month if shown.found is not None else np.full(len(shown.months), np.nan)
    return [
        (
            month_name(month),
            "Before" if at < shown.months_before else "After",
            [number(count) for count in shown.counts[:, at]],
            number(expected[at], 1),
        )
        for at, month in enumerate(shown.months)
    ]
