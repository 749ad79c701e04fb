"""Counts of older wards carried onto those of another edition, by where people live, with what part was shared out.

Each borough keeps its total to the last incident. What cannot bear it, since it follows or compares months ward by
ward, leaves such months out instead (see `sources`).
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import orjson
import pandas as pd

from geo.convert import Overlap, convert, population_overlap
from geo.frames import FloatArray
from hub.access import Viewer
from hub.db import HubSession
from hub.hotspots.facts import CarriedOver
from hub.hotspots.sources import Ground, Source, rows_by_ward
from hub.places import service as places

MOST_REMEMBERED = 32
_REMEMBERED: dict[tuple[str, str, str, frozenset[str]], Overlap] = {}
"""Overlaps by all that they follow from, so that none can be out of date: all of London's takes seconds."""


@dataclass(frozen=True)
class Carried:
    """Counts by ward of one edition.

    Attributes
    ----------
    rows : DataFrame
        `ward_code` (missing where it is not placed in a ward), whatever else was counted by, and `count`.
    shared_out : Series
        By ward code, how many of its count came from older wards that were split; only wards that have some.
    """

    rows: pd.DataFrame
    shared_out: pd.Series[float]

    @property
    def by_ward(self) -> pd.Series[int]:
        """How many in each ward, and in none."""
        return self.rows.groupby("ward_code", dropna=False)["count"].sum()


def is_mixed(source: Source, wards_of: Ground) -> bool:
    """Whether some of what is counted by ward was counted on other wards than these."""
    return not source.kind.has_points and set(source.used["boundary_set_id"]) != {wards_of.id}


def counted(viewer: Viewer, source: Source, wards_of: Ground, *, by: Sequence[str] = ()) -> Carried:
    """Count by ward of one edition, and by other keys; what was counted on another is carried over.

    Raises
    ------
    GeoError
        If a ward of another edition shares no ground with any ward of its borough.
    """
    keys = ["ward_code", *by]
    if not is_mixed(source, wards_of):
        return Carried(rows_by_ward(viewer, source, by=keys), pd.Series(dtype=float))
    wards = places.wards(viewer.session, wards_of.id, source.borough_codes)
    parts, shared_out = [], pd.Series(0.0, wards.index)
    for edition in sorted(set(source.used["boundary_set_id"])):
        rows = rows_by_ward(viewer, source, by=keys, boundary_set_id=int(edition))
        if edition != wards_of.id:
            spread = overlap(viewer.session, source.borough_codes, int(edition), wards_of.id)
            rows, shared = carry(rows, spread, wards["borough_code"])
            shared_out += shared
        parts.append(rows)
    together = pd.concat(parts, ignore_index=True).groupby(keys, dropna=False)["count"].sum()
    return Carried(together.reset_index(), shared_out[shared_out > 0])


def carry(rows: pd.DataFrame, overlap: Overlap, borough_codes: pd.Series[str]) -> tuple[pd.DataFrame, pd.Series[float]]:
    """Carry counts over from one set of wards to another.

    Parameters
    ----------
    rows : DataFrame
        `ward_code`, any other keys, and `count`; those without a ward are left as they are.
    overlap : Overlap
        How the older wards are spread over the new.
    borough_codes : Series
        The borough of each new ward.

    Returns
    -------
    DataFrame, Series
        The same rows by the new wards, in whole numbers, and how many of each ward's came from wards that were split.
    """
    keys = [name for name in rows if name not in {"ward_code", "count"}]
    placed = rows[rows["ward_code"].notna()]
    by_all = placed.groupby(["ward_code", *keys])["count"].sum()
    series = by_all.unstack(keys).fillna(0) if keys else by_all.to_frame()
    converted = convert(series.reindex(overlap.sources, fill_value=0), overlap)
    shared = (converted.apportioned_share.fillna(0) * converted.series).sum(axis=1)
    whole = pd.DataFrame(
        _whole_numbers(converted.series.to_numpy(), borough_codes.reindex(overlap.targets).to_numpy()),
        overlap.targets.rename("ward_code"),
        series.columns,
    )
    long = pd.Series(whole.stack(keys, future_stack=True) if keys else whole["count"])
    carried = long[long > 0].astype("int64").rename("count").reset_index()
    return pd.concat([carried, rows[rows["ward_code"].isna()]], ignore_index=True), shared


def carried_over(viewer: Viewer, source: Source, wards_of: Ground) -> tuple[CarriedOver, ...]:
    """Say which months were counted on which other wards."""
    if not is_mixed(source, wards_of):
        return ()
    codes = {each.id: each.code for each in places.boundary_sets(viewer.session)}
    months: dict[str, set[dt.date]] = {}
    for edition, month in zip(source.used["boundary_set_id"], source.used["month"], strict=True):
        if edition != wards_of.id:
            months.setdefault(codes[edition], set()).add(month)
    return tuple(CarriedOver(source.kind.title, code, tuple(sorted(of_it))) for code, of_it in sorted(months.items()))


def name_of(viewer: Viewer, source: Source, wards_of: Ground) -> dict[str, Any]:
    """Name what the carrying over follows from, for the keeping of overlays; nothing where nothing is carried."""
    if not is_mixed(source, wards_of):
        return {}
    others = set(source.used["boundary_set_id"]) - {wards_of.id}
    return {
        "carried_from": sorted(places.boundary_set(viewer.session, int(other)).content_hash for other in others),
        "building_blocks": _name_of_blocks(viewer.session, source.borough_codes),
    }


def overlap(session: HubSession, borough_codes: frozenset[str], older: int, newer: int) -> Overlap:
    """Work out how one edition of the wards of some boroughs is spread over another, both by their ids.

    By the small areas, or by ground where none are known.

    Raises
    ------
    GeoError
        If a ward of the one shares no ground with any ward of its borough of the other.
    """
    name = (
        places.boundary_set(session, older).content_hash,
        places.boundary_set(session, newer).content_hash,
        _name_of_blocks(session, borough_codes),
        borough_codes,
    )
    if (known := _REMEMBERED.get(name)) is not None:
        return known
    sources, targets = (places.wards(session, each, borough_codes) for each in (older, newer))
    blocks = places.small_areas(session, borough_codes)
    blocks = sources if blocks.empty else blocks
    found = population_overlap(sources, targets, blocks, np.ones(len(blocks)))
    if len(_REMEMBERED) >= MOST_REMEMBERED:
        _REMEMBERED.clear()
    _REMEMBERED[name] = found
    return found


def _name_of_blocks(session: HubSession, borough_codes: frozenset[str]) -> str:
    return hashlib.sha256(orjson.dumps(places.small_area_codes(session, borough_codes))).hexdigest()


def _whole_numbers(figures: FloatArray, borough_codes: np.ndarray[Any, np.dtype[np.object_]]) -> FloatArray:
    """Round each column so that each borough keeps its total: up where the most is left over."""
    whole = np.floor(figures + 1e-9)
    for code in np.unique(borough_codes):
        own = borough_codes == code
        # Rounded, so that equals are told apart by their order and not by the last bit.
        rest = (figures[own] - whole[own]).round(9)
        owed = np.rint(rest.sum(axis=0))
        place = np.argsort(np.argsort(-rest, axis=0, kind="stable"), axis=0, kind="stable")
        whole[own] += place < owed
    return whole
