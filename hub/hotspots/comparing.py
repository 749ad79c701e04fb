"""Two periods side by side: the same overlay of each, made by the one service, and the change of each unit tested.

It reads nothing by itself, so that it can show nothing that an overlay would not.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace

import geopandas as gpd
import numpy as np
import pandas as pd

from hub.access import Viewer
from hub.errors import BadRequest
from hub.hotspots import changes, service
from hub.hotspots.layers import LegendItem, Show, classes
from hub.hotspots.overlays import Overlay
from hub.hotspots.scoring import Method, Units
from hub.places.service import Area
from hub.words import months_before

_NOT_TESTED = {Method.HARM: ", not of its harm", Method.AGENCIES: " in police figures, not of the other agency's"}


@dataclass(frozen=True)
class ClassInBoth:
    """One class of the common legend: what it means, and how many units are in it in each period."""

    key: str
    words: str
    units: int
    units_then: int


@dataclass(frozen=True)
class Comparison:
    """What two periods side by side show."""

    show: Show
    now: Overlay
    then: Overlay
    """The other period, in the same dataset, units and sizes."""
    change: Overlay
    """The units of now, each with its count in both periods and the test of the difference."""

    @property
    def legend(self) -> tuple[ClassInBoth, ...]:
        """The classes that are in one of the two, or in both."""
        _, now = classes(self.now, self.show, scaled_with=self.then)
        _, then = classes(self.then, self.show, scaled_with=self.now)
        both = [_in_both(one, other) for one, other in zip(now, then, strict=True)]
        return tuple(each for each in both if each.units or each.units_then)

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader must know of either period, or of the comparison, before acting on it."""
        tested = [f"The change of each {self.now.unit} is that of its count{_NOT_TESTED.get(self.show.method, '')}."]
        return tuple(dict.fromkeys([*tested, *self.now.notes, *self.then.notes, *self.change.notes]))


def compare(
    viewer: Viewer,
    area: Area,
    show: Show,
    *,
    category: str | None,
    first_month: dt.date,
    last_month: dt.date,
    against: dt.date,
    beside: str | None = None,
) -> Comparison:
    """Set a period of an area beside another that is as long.

    Parameters
    ----------
    viewer, area, show, category, first_month, last_month, beside
        As for `service.overlay`, which refuses what the viewer may not see.
    against
        The last month of the other period.

    Raises
    ------
    BadRequest
        If the two are one period, or what is shown compares periods by itself; else as for `service.overlay`.
    """
    if show.compares_periods:
        raise BadRequest(
            f"'{show.words}' sets months against earlier ones by itself.", remedy="Choose something else to show."
        )
    if against == last_month:
        raise BadRequest("Both periods are the same.", remedy="Choose another month for the second to end in.")
    length = (last_month.year - first_month.year) * 12 + last_month.month - first_month.month
    now = service.overlay(
        viewer,
        area,
        units=show.units,
        method=show.method,
        category=category,
        first_month=first_month,
        last_month=last_month,
        beside=beside,
    )
    then = service.overlay(
        viewer,
        area,
        units=show.units,
        method=show.method,
        category=category,
        first_month=months_before(against, length),
        last_month=against,
        dataset=now.dataset,
        cell_metres=now.cell_metres,
        bandwidth_metres=now.bandwidth_metres,
        boundary_set=now.boundary_set if now.has_points else None,
        beside=now.beside.dataset if now.beside else None,
    )
    return Comparison(show, now, then, changed(now, then))


def changed(now: Overlay, then: Overlay) -> Overlay:
    """Test the change of every unit that is the same ground in both periods, all corrected together."""
    before = then.table["count"]
    if now.units is Units.WARDS and now.boundary_set != then.boundary_set:
        wards, earlier = (gpd.GeoDataFrame(geometry=overlay.outlines) for overlay in (now, then))
        before = before.reindex(changes.unchanged_wards(wards, earlier))
    before = before[before.index.isin(then.table.index[then.shared_out == 0])]
    before = before[before.index.isin(now.table.index[now.shared_out == 0])]
    known = [name for name in ("label", "ward_name", "borough_code", "borough_name", "count") if name in now.table]
    place = [name for name in ("west", "south") if name in now.table]
    table, flags = changes.compared(
        pd.DataFrame(now.table[[*known, *place]]),
        np.asarray(before.reindex(now.table.index), dtype=np.float64),
        changes.days_of(now.months) / changes.days_of(then.months),
    )
    return replace(
        now,
        question=replace(now.question, method=Method.CHANGE),
        months_before=then.months,
        gaps=(),
        provisional=(),
        boundary_set_before=then.boundary_set,
        scores=replace(now.scores, table=table, flags_by_chance=flags, bandwidth_metres=None),
        table=table,
        weight_set=None,
        beside=None,
    )


def _in_both(one: LegendItem, other: LegendItem) -> ClassInBoth:
    return ClassInBoth(one.key, one.words, one.units, other.units)
