"""Pictures for a summary as SVG, drawn on the server so that they print and need no script."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import vl_convert

from geo.hotspots import classify_rates
from hub.access import Viewer
from hub.places import service as places
from hub.summaries.service import Line, MonthFigure, Summary
from hub.words import short_month

FONT = "Liberation Sans, Arial, sans-serif"
BLUES = ("#eaf1f8", "#b9d0e6", "#7fa9cf", "#3f7cb0", "#12436d")
NOT_SHOWN = "#ffffff"
NO_RATE = "no rate"


@dataclass(frozen=True)
class Pictures:
    """A summary's pictures, each the address of an image."""

    months: str
    months_narrow: str
    wards: str


def pictures(viewer: Viewer, summary: Summary) -> Pictures:
    """Draw a summary's pictures."""
    wards = places.wards(viewer.session, summary.boundary_set_id, {summary.borough_code})
    return Pictures(
        months=as_image(month_chart(summary.months, measure=summary.measure)),
        months_narrow=as_image(month_chart(summary.months, measure=summary.measure, width=300)),
        wards=as_image(ward_map(wards, summary.wards)),
    )


def as_image(svg: str) -> str:
    """An address that holds the picture itself: no second request, and none of its markup in the page."""
    return "data:image/svg+xml;base64," + base64.b64encode(svg.encode()).decode()


def month_chart(months: Sequence[MonthFigure], *, measure: str, width: int = 640) -> str:
    """Bars of a count by month; months still likely to be revised are pale with a dashed edge."""
    pixels_a_label = 50
    step = max(1, pixels_a_label * len(months) // width)
    values = [
        {
            "position": position,
            "month": short_month(figure.month),
            "count": figure.count,
            "state": "Provisional" if figure.is_provisional else "Settled",
        }
        for position, figure in enumerate(months)
    ]
    order = [value["month"] for value in values]
    bars: dict[str, Any] = {
        "data": {"values": values},
        "width": width,
        "height": 220,
        "mark": {"type": "bar", "strokeWidth": 1.5},
        "encoding": {
            "x": {
                "field": "month",
                "type": "ordinal",
                "sort": order,
                "axis": {"title": None, "labelAngle": -60, "values": order[::-1][::step]},
            },
            "y": {"field": "count", "type": "quantitative", "title": measure.capitalize()},
            "color": {
                "field": "state",
                "type": "nominal",
                "scale": {"domain": ["Settled", "Provisional"], "range": ["#12436d", "#cfe0f0"]},
                "legend": {"title": None, "orient": "top"},
            },
            "stroke": {"value": "#12436d"},
            "strokeDash": {"condition": {"test": "datum.state == 'Provisional'", "value": [3, 2]}, "value": [1, 0]},
        },
    }
    return _drawn(bars)


def ward_map(wards: gpd.GeoDataFrame, lines: Sequence[Line]) -> str:
    """A small map of wards by rate, up to five classes of about equally many wards, on the National Grid."""
    rate = {line.code: np.nan if line.rate is None else line.rate for line in lines}
    classes = classify_rates([rate[code] for code in wards.index], classes=len(BLUES))
    # Equal rates share a class, so there may be fewer classes than colours: spread them from pale to dark.
    names = [f"{lowest:,.0f} to {highest:,.0f}" for lowest, highest in classes.breaks]
    colours = [BLUES[round(place)] for place in np.linspace(0, len(BLUES) - 1, len(names))]
    names, colours = [NO_RATE, *names], [NOT_SHOWN, *colours]
    features = [
        {"type": "Feature", "geometry": shape.__geo_interface__, "properties": {"rate": names[number]}}
        for shape, number in zip(wards.geometry.simplify(25), classes.numbers, strict=True)
    ]
    used = [name for position, name in enumerate(names) if position or 0 in classes.numbers]
    spec: dict[str, Any] = {
        "data": {"values": features},
        "width": 420,
        "height": 360,
        "projection": {"type": "identity", "reflectY": True},
        "mark": {"type": "geoshape", "stroke": "#0b0c0c", "strokeWidth": 0.6},
        "encoding": {
            "color": {
                "field": "properties.rate",
                "type": "ordinal",
                "scale": {"domain": used, "range": colours[len(colours) - len(used) :]},
                "legend": {"title": "Per 1,000 residents", "symbolStrokeColor": "#0b0c0c", "orient": "right"},
            }
        },
    }
    return _drawn(spec)


def _drawn(spec: dict[str, Any]) -> str:
    config = {"font": FONT, "view": {"stroke": None}, "axis": {"labelFontSize": 12, "titleFontSize": 13}}
    config |= {"legend": {"labelFontSize": 12, "titleFontSize": 13}}
    return str(vl_convert.vegalite_to_svg({**spec, "config": config, "background": "white"}))
