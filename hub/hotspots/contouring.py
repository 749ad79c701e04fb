"""The contours of a density layer: lines that enclose a quarter, half and three quarters of what was counted.

They say where most of it lies without a colour; what is drawn follows from the overlay, and reads nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import orjson
import shapely

from geo.frames import FloatArray, to_longitude_latitude
from geo.grid import Grid
from hub.hotspots.overlays import Overlay
from hub.hotspots.scoring import Method
from hub.hotspots.wording import said_percent

SIMPLIFIED_BY = 0.25
"""Of a square's side: what lies between two squares' centres is drawn straight anyway."""
DECIMALS = 5
"""Of a degree: about a metre, a fraction of a square."""


@dataclass(frozen=True)
class Contour:
    """One line of the legend: what share lies inside, and in how much of the area."""

    share: float
    level: float
    area_share: float
    measure: str

    @property
    def key(self) -> str:
        """`25`, as the style sheet and the map have it."""
        return f"{100 * self.share:.0f}"

    @property
    def words(self) -> str:
        """`25% of the incidents lie inside, in 1% of the area`."""
        area = said_percent(self.area_share)
        return f"{said_percent(self.share)} of the {self.measure} lie inside, in {area} of the area"


def contours(overlay: Overlay) -> tuple[Contour, ...]:
    """Choose the levels of an overlay's contours; none but for density, or where nothing was counted."""
    if overlay.method is not Method.DENSITY or not overlay.table["count"].sum() > 0:
        return ()
    from geo.contours import SHARES, highest_density_levels

    density = overlay.table["density"].to_numpy(dtype=np.float64)
    levels = highest_density_levels(density, overlay.table["count"].to_numpy(dtype=np.float64))
    return tuple(
        Contour(share, float(level), float((density >= level).mean()), overlay.measure)
        for share, level in zip(SHARES, levels, strict=True)
    )


def contour_layer(overlay: Overlay) -> dict[str, Any]:
    """Write the contours as what a map draws."""
    chosen = contours(overlay)
    if not chosen:
        return {"type": "FeatureCollection", "features": []}
    from geo.contours import contour_lines

    surface, grid = _as_grid(overlay)
    lines = contour_lines(surface, grid, [contour.level for contour in chosen]).simplify(
        SIMPLIFIED_BY * grid.cell_metres
    )
    drawn = shapely.to_geojson(shapely.transform(lines.to_numpy(), _rounded_degrees))
    return {
        "type": "FeatureCollection",
        "features": [
            {"type": "Feature", "properties": {"share": contour.key}, "geometry": orjson.loads(text)}
            for contour, text in zip(chosen, drawn.tolist(), strict=True)
        ],
    }


def _as_grid(overlay: Overlay) -> tuple[FloatArray, Grid]:
    """Put the squares back where they lie; what is not among them has no value."""
    table, side = overlay.table, overlay.cell_metres or 1
    west, south = int(table["west"].min()), int(table["south"].min())
    column = ((table["west"] - west) // side).to_numpy(dtype=np.int64)
    row = ((table["south"] - south) // side).to_numpy(dtype=np.int64)
    surface = np.full((int(row.max()) + 1, int(column.max()) + 1), np.nan)
    surface[row, column] = table["density"]
    return surface, Grid(west, south, side, *surface.shape, ~np.isnan(surface))


def _rounded_degrees(metres: FloatArray) -> FloatArray:
    degrees: FloatArray = np.column_stack(to_longitude_latitude(metres[:, 0], metres[:, 1]))
    return degrees.round(DECIMALS)
