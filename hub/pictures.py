"""Pictures drawn on the server as SVG, so that they print and need no script: how they look, and the drawing of one."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import orjson
import vl_convert

FONT = "Liberation Sans, Arial, sans-serif"
INK, PAPER, BLUE, PALE_BLUE = "#0b0c0c", "#ffffff", "#12436d", "#cfe0f0"
PICTURES_REMEMBERED = 128
"""At some 100 kB each, with what they are drawn from."""


@dataclass(frozen=True)
class Picture:
    """One picture in two widths, each the address of an image."""

    wide: str
    narrow: str


def as_image(svg: str) -> str:
    """An address that holds the picture itself: no second request, and none of its markup in the page."""
    return "data:image/svg+xml;base64," + base64.b64encode(svg.encode()).decode()


def drawn(spec: dict[str, Any]) -> str:
    """Draw a Vega-Lite specification in the look that all pictures share."""
    config = {"font": FONT, "view": {"stroke": None}, "axis": {"labelFontSize": 12, "titleFontSize": 13}}
    config |= {"legend": {"labelFontSize": 13, "titleFontSize": 13, "labelLimit": 300}}
    return _svg(orjson.dumps({**spec, "config": config, "background": "white"}).decode())


@lru_cache(maxsize=PICTURES_REMEMBERED)
def _svg(spec: str) -> str:
    """Draw, once for the same figures: the drawing follows from the specification and from nothing else."""
    return str(vl_convert.vegalite_to_svg(spec))
