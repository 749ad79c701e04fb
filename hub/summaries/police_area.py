"""Recorded crime in several boroughs together, for a borough to be compared with: rates to one decimal place, no count.

It reads other boroughs, whoever asks, and lets nothing out that says which borough had how many: not to somebody who
takes what they know off it either. That is a BCU's boroughs, or as many more as one person holds roles in.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from geo.alike import outside_any
from geo.disclosure import protect
from hub.access import Permission, Policy, Viewer
from hub.db import Scope
from hub.measures.definitions import Measure
from hub.places import service as places
from hub.summaries.values import parts_of, rows_of
from hub.uploads import figures
from hub.uploads.kinds import DatasetKind

FEWEST_OTHERS = 5
"""So many of the boroughs that are added up are unknown to any reader: of fewer, the rate would tell much of each."""
DECIMALS = 1
"""To a tenth per 1,000 residents: in London some 900 offences, so that no neighbour's new figures show through."""
MOST_REMEMBERED = 50


@dataclass(frozen=True)
class PoliceArea:
    """What a borough is compared with, a police's whole area or boroughs of it, and rates by a measure's code."""

    name: str
    boroughs: int
    residents: int
    source: str
    rates: Mapping[str, float]

    @property
    def words(self) -> str:
        """`London (all 32 boroughs, 8,799,868 residents, Census 2021)`."""
        return f"{self.name} (all {self.boroughs} boroughs, {self.residents:,} residents, {self.source})"


def compared_with(
    viewer: Viewer,
    borough_code: str,
    kind: DatasetKind,
    months: Sequence[dt.date],
    policy: Policy,
    measures: Sequence[Measure],
) -> PoliceArea | None:
    """Give the rates of the area that one borough's police serve, itself included.

    None unless every borough of it has figures for every month: else the rate of the rest would stand for the whole,
    and tell of the borough that came late. None for a borough without this police, and where a reader could take from
    it what they know and be left with too few boroughs.
    """
    city, bcus = places.city(viewer.session), bcu_of(viewer)
    codes = frozenset(bcus)
    others = codes - {borough_code}
    if city is None or codes == others or outside_any(others, bcus) < FEWEST_OTHERS or tells_of_few(viewer, codes):
        return None
    return added_up(viewer, city.name, codes, kind, months, policy, measures)


def bcu_of(viewer: Viewer) -> dict[str, int]:
    """The BCU of each borough that has one, by the borough's code: the largest part that one role is held for."""
    return {one.code: one.bcu_id for one in places.boroughs(viewer.session) if one.bcu_id is not None}


def tells_of_few(viewer: Viewer, codes: frozenset[str]) -> bool:
    """Whether this reader knows all of these boroughs but a few: one person may hold roles in several BCUs."""
    return 0 < len(codes - viewer.boroughs(Permission.SUMMARY_READ)) < FEWEST_OTHERS


def added_up(
    viewer: Viewer,
    name: str,
    codes: frozenset[str],
    kind: DatasetKind,
    months: Sequence[dt.date],
    policy: Policy,
    measures: Sequence[Measure],
) -> PoliceArea | None:
    """Give the rates of some boroughs together, whoever asks; None unless each has figures for every month.

    Raises
    ------
    ValueError
        For so few boroughs that the rate would tell of each, to somebody who knows those of one BCU.
    """
    if outside_any(codes, bcu_of(viewer)) < FEWEST_OTHERS:
        raise ValueError(f"{len(codes)} boroughs are too few to be added up for others to read.")
    people = places.borough_residents(viewer.session, codes)
    sources = {f"{one.source} {one.year}" for one in people.values()}
    if people.keys() != codes or len(sources) != 1:
        return None
    residents = sum(one.residents for one in people.values())
    asked = tuple(one for one in measures if _is_counted(one))
    rates = _rates(viewer, codes, kind.key, months, policy, residents, asked)
    return None if rates is None else PoliceArea(name, len(codes), residents, sources.pop(), rates)


def _is_counted(measure: Measure) -> bool:
    return measure.is_held and (measure.is_all or bool(measure.groups or measure.subgroups))


def _of(rows: pd.DataFrame, measure: Measure) -> int:
    """How many offences a measure counts among these."""
    if measure.is_all:
        return int(rows["count"].sum())
    wanted = [(group, None) for group in measure.groups] + parts_of(measure)
    return sum(int(rows_of(rows, group, subgroups)["count"].sum()) for group, subgroups in wanted)


def _rate(count: int, residents: int, policy: Policy) -> float | None:
    """Per 1,000, of the count as everybody may see it; None where that is hidden."""
    protected = protect([count], threshold=policy.threshold, base=policy.base)
    return None if protected.hidden[0] else round(1000 * float(protected.rounded[0]) / residents, DECIMALS)


def _rates(
    viewer: Viewer,
    codes: Collection[str],
    dataset: str,
    months: Sequence[dt.date],
    policy: Policy,
    residents: int,
    measures: Sequence[Measure],
) -> Mapping[str, float] | None:
    """The rate of each measure that has one; None where some borough lacks a month."""
    session = viewer.session
    with session.scoped(Scope(frozenset(codes))):
        live = figures.coverage(viewer, codes, dataset, first_month=months[0], last_month=months[-1])
        if len(live) < len(codes) * len(months):
            return None
        key = (policy, residents, tuple(measures), *months, *live["public_id"])
        if key not in _REMEMBERED:
            if len(_REMEMBERED) > MOST_REMEMBERED:
                _REMEMBERED.clear()
            rows = figures.ward_counts(
                viewer,
                codes,
                dataset,
                first_month=months[0],
                last_month=months[-1],
                by=("offence_group", "offence_subgroup"),
            )
            rates = {one.code: _rate(_of(rows, one), residents, policy) for one in measures}
            _REMEMBERED[key] = {code: rate for code, rate in rates.items() if rate is not None}
    return _REMEMBERED[key]


_REMEMBERED: dict[tuple[object, ...], Mapping[str, float]] = {}
"""By the versions that are live, and what was asked of them: the same for whoever asks."""
