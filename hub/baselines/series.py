"""Monthly counts of any pieces of ground, by borough and version of the data: for a baseline, and to assess by later.

Ground made of wards is counted by ward where the data is, older wards carried over; all else by the points on it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from geo import pieces
from geo.frames import Geometry, IntArray
from hub.access import Permission, Viewer
from hub.hotspots import editions
from hub.hotspots.checking import ALL_CRIME, understood
from hub.hotspots.scoring import Method, Units
from hub.hotspots.sources import Ground, Source, choose_source, choose_wards
from hub.places import service as places
from hub.places.service import Area
from hub.uploads import figures
from hub.words import listed, months_before

MONTHS_BEFORE = 36
"""As many months as there are, up to three years."""


@dataclass(frozen=True)
class Piece:
    """Some ground.

    Attributes
    ----------
    key : str
        By which it is chosen: the code of a ward, or the south-west corner of the ground.
    ward_codes : tuple of str
        The wards that it is made of; none where it is an outline.
    outline : polygon or multipolygon
        EPSG:27700.
    """

    key: str
    name: str
    ward_codes: tuple[str, ...]
    outline: Geometry


@dataclass(frozen=True)
class Basis:
    """What is counted: one kind of data, a category of it, and the months in a row that all of the boroughs have."""

    source: Source
    wards_of: Ground | None
    """The wards counted on; None where points are."""
    carried_over: tuple[dt.date, ...]
    """Months that were counted on other wards."""

    @property
    def months(self) -> tuple[dt.date, ...]:
        return self.source.months

    @property
    def borough_codes(self) -> frozenset[str]:
        return self.source.borough_codes

    @property
    def category(self) -> str:
        return self.source.category or ALL_CRIME

    def version_ids(self, borough_code: str) -> dict[dt.date, int]:
        """From which version each month of a borough comes."""
        used = self.source.used
        rows = used[used["borough_code"] == borough_code]
        return {month: int(version) for month, version in zip(rows["month"], rows["version_id"], strict=True)}


def area_of(viewer: Viewer, borough_codes: frozenset[str]) -> Area:
    """Some boroughs together, all of which the viewer may count exactly.

    Raises
    ------
    NotFound, NotAllowed
        If one of them is not theirs to count.
    """
    viewer.require(Permission.OVERLAY_READ, borough_codes)
    viewer.require(Permission.EXACT_COUNTS, borough_codes)
    names = [borough.name for borough in places.boroughs(viewer.session, borough_codes)]
    area = Area("", listed(names), "boroughs", borough_codes)
    return replace(area, slug=area.key)


def basis(
    viewer: Viewer,
    area: Area,
    *,
    by_wards: bool,
    category: str | None,
    last_month: dt.date,
    first_month: dt.date | None = None,
    dataset: str | None = None,
    boundary_set: str | None = None,
) -> Basis:
    """Choose what is counted on some ground.

    Parameters
    ----------
    viewer, area
        Who asks, and of which boroughs.
    by_wards
        Whether the ground is made of wards.
    category
        An offence group or subgroup; all recorded crime unless given.
    first_month, last_month
        Both inclusive; the three years to the last month unless the first is given.
    dataset
        The key of a kind of dataset; chosen as for the map unless given.
    boundary_set
        The code of the wards that the ground is made of, where it is.

    Raises
    ------
    BadRequest, NoFigures, NoAgreement
        As for the map.
    """
    question = understood(
        units=Units.WARDS if by_wards else Units.CELLS,
        method=Method.RATE if by_wards else Method.COUNT,
        category=category,
        first_month=first_month or months_before(last_month, MONTHS_BEFORE - 1),
        last_month=last_month,
        dataset=dataset,
        boundary_set=boundary_set,
    )
    found = choose_source(viewer, area, question)
    if first_month is None:
        found = replace(found, months=_last_stretch(found.months))
    if found.kind.has_points:
        return Basis(found, None, ())
    wards_of = choose_wards(viewer, question, found)
    over = editions.carried_over(viewer, found, wards_of)
    return Basis(found, wards_of, tuple(sorted({month for each in over for month in each.months})))


def count(viewer: Viewer, its_basis: Basis, grounds: Sequence[Piece]) -> dict[str, IntArray]:
    """Count what is recorded on some pieces of ground by month, each borough's by itself.

    Returns
    -------
    dict of array, shape (pieces, months)
        By borough code, from the live versions.
    """
    counted = _on_wards if its_basis.wards_of is not None else _on_outlines
    return {code: counted(viewer, its_basis, code, grounds) for code in sorted(its_basis.borough_codes)}


def together(by_borough: Mapping[str, IntArray]) -> IntArray:
    """Add the boroughs up."""
    total: IntArray = np.sum(list(by_borough.values()), axis=0)
    return total


def _last_stretch(months: Sequence[dt.date]) -> tuple[dt.date, ...]:
    """The months without a gap up to the last."""
    stretch = [months[-1]]
    for month in reversed(months[:-1]):
        if month != months_before(stretch[0], 1):
            break
        stretch.insert(0, month)
    return tuple(stretch)


def _on_wards(viewer: Viewer, its_basis: Basis, borough_code: str, grounds: Sequence[Piece]) -> IntArray:
    wards_of = its_basis.wards_of
    if wards_of is None:
        raise ValueError("Points are not counted by ward.")
    source = replace(its_basis.source, borough_codes=frozenset({borough_code}))
    rows = editions.counted(viewer, source, wards_of, by=["month"]).rows
    by_ward = rows.pivot_table(index="ward_code", columns="month", values="count", aggfunc="sum", fill_value=0)
    by_ward = by_ward.reindex(columns=list(its_basis.months), fill_value=0)
    counted = [by_ward.reindex(list(ground.ward_codes)).fillna(0).sum(axis=0) for ground in grounds]
    return np.array(counted, dtype=np.int64).reshape(len(grounds), len(its_basis.months))


def _on_outlines(viewer: Viewer, its_basis: Basis, borough_code: str, grounds: Sequence[Piece]) -> IntArray:
    source, months = its_basis.source, its_basis.months
    points = figures.points(
        viewer,
        {borough_code},
        source.kind.key,
        first_month=months[0],
        last_month=months[-1],
        category=source.category,
        by_month=True,
    )
    points = points[points["month"].isin(months)]
    return pieces.counts_on(
        [ground.outline for ground in grounds],
        points["easting"],
        points["northing"],
        _positions(points["month"], months),
        points["count"],
        width=len(months),
    )


def _positions(of_points: pd.Series[dt.date], months: Sequence[dt.date]) -> IntArray:
    order = {month: position for position, month in enumerate(months)}
    return np.array([order[month] for month in of_points], dtype=np.int64)
