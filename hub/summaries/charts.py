"""Pictures for a summary as SVG, drawn on the server so that they print and need no script."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np

from geo.hotspots import classify_rates
from hub.access import Viewer
from hub.pictures import BLUE, INK, PALE_BLUE, PAPER, Picture, as_image, drawn
from hub.places import service as places
from hub.summaries.lines import Line, MonthFigure
from hub.summaries.releases import MONTHS_IN_A_YEAR
from hub.summaries.service import Summary
from hub.words import short_month

BLUES = ("#eaf1f8", "#b9d0e6", "#7fa9cf", "#3f7cb0", BLUE)
DARK_BLUES = frozenset(BLUES[3:])
"""On which a number is written in white."""
NO_RATE = "No rate"
YEARS = ("12 months before", "Latest 12 months")
OUTLINE_TOLERANCE_METRES = 25
PIXELS_A_LABEL = 50


@dataclass(frozen=True)
class Pictures:
    """A summary's pictures; None where there is nothing to draw."""

    months: Picture | None
    wards: Picture | None
    ward_rates: Picture | None


def pictures(viewer: Viewer, summary: Summary) -> Pictures:
    """Draw a summary's pictures."""
    months = wards = ward_rates = None
    if summary.months:
        months = Picture(
            *(as_image(month_chart(summary.months, measure=summary.measure, width=width)) for width in (840, 300))
        )
    if summary.has_ward_rates:
        outlines = places.wards(viewer.session, summary.boundary_set_id, {summary.borough_code})
        wards = Picture(
            as_image(ward_map(outlines, summary.wards, width=480, legend="right")),
            as_image(ward_map(outlines, summary.wards, width=330, legend="bottom")),
        )
        if summary.rate is not None:
            ward_rates = Picture(
                *(as_image(ward_range_chart(summary.wards, summary.rate, width=width)) for width in (560, 190))
            )
    return Pictures(months, wards, ward_rates)


def month_chart(months: Sequence[MonthFigure], *, measure: str, width: int) -> str:
    """Bars of a count by month, a line between the years; months likely to be revised are pale with a dashed edge."""
    step = max(1, PIXELS_A_LABEL * len(months) // width)
    values = [
        {
            "month": short_month(each.month),
            "count": each.figure.count,
            "state": "Provisional: may still change" if each.is_provisional else "Settled",
        }
        for each in months
    ]
    order = [value["month"] for value in values]
    month = {"field": "month", "type": "ordinal", "sort": order}
    labels = {"title": None, "labelAngle": -60, "values": order[::-1][::step]}
    bars: dict[str, Any] = {
        "mark": {"type": "bar", "strokeWidth": 1.5, "stroke": BLUE},
        "encoding": {
            "x": {**month, "axis": labels},
            "y": {"field": "count", "type": "quantitative", "title": measure.capitalize()},
            "color": {
                "field": "state",
                "type": "nominal",
                "scale": {"domain": ["Settled", "Provisional: may still change"], "range": [BLUE, PALE_BLUE]},
                "legend": {"title": None, "orient": "bottom"},
            },
            "strokeDash": {"condition": {"test": "datum.state != 'Settled'", "value": [3, 2]}, "value": [1, 0]},
        },
    }
    starts = [order[0], order[MONTHS_IN_A_YEAR]]
    years = {"values": [{"month": start, "year": year} for start, year in zip(starts, YEARS, strict=True)]}
    at_start = {"x": {**month, "bandPosition": 0}}
    named = {
        "data": years,
        "mark": {"type": "text", "align": "left", "baseline": "bottom", "dx": 4, "dy": -4, "fontSize": 13},
        "encoding": {**at_start, "y": {"value": 0}, "text": {"field": "year"}},
    }
    parted = {"data": years, "mark": {"type": "rule", "color": INK, "strokeDash": [1, 3]}, "encoding": at_start}
    return drawn({"data": {"values": values}, "width": width, "height": 220, "layer": [bars, parted, named]})


def ward_range_chart(lines: Sequence[Line], rate: float, *, width: int) -> str:
    """Each ward's rate and the range in which it is likely to lie, beside the borough's, in the order of their names.

    A square is above or below the borough by more than chance, and says which; a circle is neither. A hidden count
    has no mark.
    """
    values = [
        {"ward": line.name, "rate": line.rate, "least": line.likely[0], "most": line.likely[1], "beside": line.beside}
        for line in lines
        if line.rate is not None and line.likely is not None
    ]
    ward = {"field": "ward", "type": "nominal", "sort": None, "axis": {"title": None, "labelLimit": 170}}
    along = {"type": "quantitative", "axis": {"title": "Per 1,000 residents", "tickCount": width // 80}}
    differs = {"test": "datum.beside != ''"}
    words = {"align": "left", "dx": 10, "fontSize": 12}
    return drawn(
        {
            "data": {"values": values},
            "width": width,
            "height": {"step": 22},
            "encoding": {"y": ward},
            "layer": [
                {
                    "mark": {"type": "rule", "strokeWidth": 3, "color": BLUE},
                    "encoding": {"x": {"field": "least", **along}, "x2": {"field": "most"}},
                },
                {
                    "mark": {"type": "point", "size": 60, "stroke": INK, "strokeWidth": 1.5, "opacity": 1},
                    "encoding": {
                        "x": {"field": "rate", **along},
                        "fill": {"condition": {**differs, "value": INK}, "value": PAPER},
                        "shape": {"condition": {**differs, "value": "square"}, "value": "circle"},
                    },
                },
                {
                    "mark": {"type": "text", **words},
                    "encoding": {"x": {"value": "width"}, "text": {"field": "beside"}},
                },
                {
                    "data": {"values": [{"rate": rate, "words": f"The borough: {rate:,.0f}"}]},
                    "encoding": {"x": {"field": "rate", **along}, "y": {"value": 0}},
                    "layer": [
                        {
                            "mark": {"type": "rule", "strokeDash": [5, 3], "color": INK},
                            "encoding": {"y2": {"value": "height"}},
                        },
                        {
                            "mark": {
                                "type": "text",
                                "align": "left",
                                "baseline": "bottom",
                                "dx": 4,
                                "dy": -4,
                                "fontSize": 13,
                            },
                            "encoding": {"text": {"field": "words"}},
                        },
                    ],
                },
            ],
        }
    )


def ward_map(wards: gpd.GeoDataFrame, lines: Sequence[Line], *, width: int, legend: str) -> str:
    """A small map of wards by rate, up to five classes of about equally many wards, on the National Grid.

    Each ward bears its number in the table beside it, so that nothing is told by colour alone.
    """
    rate = {line.code: np.nan if line.rate is None else line.rate for line in lines}
    number = {line.code: str(place) for place, line in enumerate(lines, start=1)}
    classes = classify_rates([rate[code] for code in wards.index], classes=len(BLUES))
    # Equal rates share a class, so there may be fewer classes than colours: spread them from pale to dark.
    names = [NO_RATE, *(f"{lowest:,.0f} to {highest:,.0f}" for lowest, highest in classes.breaks)]
    colours = [PAPER, *(BLUES[round(place)] for place in np.linspace(0, len(BLUES) - 1, len(names) - 1))]
    used = [position for position in range(len(names)) if position or 0 in classes.numbers]
    wards = wards.set_geometry(wards.geometry.simplify(OUTLINE_TOLERANCE_METRES))
    shapes = [
        {"type": "Feature", "geometry": shape.__geo_interface__, "properties": {"rate": names[position]}}
        for shape, position in zip(wards.geometry, classes.numbers, strict=True)
    ]
    inside = wards.geometry.representative_point()
    numbers = [
        {"east": east, "north": north, "number": number[code], "on_dark": colours[position] in DARK_BLUES}
        for code, east, north, position in zip(wards.index, inside.x, inside.y, classes.numbers, strict=True)
    ]
    scale = {"domain": [names[position] for position in used], "range": [colours[position] for position in used]}
    heading = {"title": "Per 1,000 residents", "symbolStrokeColor": INK, "orient": legend, "direction": "vertical"}
    west, south, east, north = wards.total_bounds
    return drawn(
        {
            "width": width,
            "height": min(round(width * (north - south) / (east - west)), width),
            "projection": {"type": "identity", "reflectY": True},
            "layer": [
                {
                    "data": {"values": shapes},
                    "mark": {"type": "geoshape", "stroke": INK, "strokeWidth": 0.6},
                    "encoding": {
                        "color": {"field": "properties.rate", "type": "ordinal", "scale": scale, "legend": heading}
                    },
                },
                {
                    "data": {"values": numbers},
                    "mark": {"type": "text", "fontSize": 12, "fontWeight": "bold"},
                    "encoding": {
                        "longitude": {"field": "east", "type": "quantitative"},
                        "latitude": {"field": "north", "type": "quantitative"},
                        "text": {"field": "number"},
                        "color": {"condition": {"test": "datum.on_dark", "value": PAPER}, "value": INK},
                    },
                },
            ],
        }
    )
