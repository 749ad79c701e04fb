"""Which months an aggregate reader of a borough's summary may choose, and what each of them may show.

Counts are read here exact, and only permissions leave. The answer is the same until other data or another policy is
live, and is worked out once.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from hub.access import Policy, Viewer
from hub.disclosure import memory, windows
from hub.disclosure.memory import Offer
from hub.disclosure.windows import Allowed, year_to
from hub.uploads import figures
from hub.words import months_before

MOST_REMEMBERED = 500

Part = tuple[str, frozenset[str]]
"""Some subgroups of one offence group, counted together as one line."""


@dataclass(frozen=True)
class Offered:
    """What may be chosen and shown of one dataset of a borough. A line's years are named by their last month."""

    ends: tuple[dt.date, ...]
    """The last months that may be chosen, newest first."""
    months_are_steady: bool
    """Whether no month's total is small."""
    groups: Mapping[str, frozenset[dt.date]]
    wards: frozenset[dt.date]
    """For all wards at once: a map with one ward left out would say which is small."""
    on_edition: frozenset[dt.date]
    """The months counted on the newest wards, the only ones that are given."""
    unplaced: frozenset[dt.date]
    parts: Mapping[Part, frozenset[dt.date]]
    """Of the subgroups that some measure counts, those lines that leave nothing small of their group."""

    def shows(self, years: frozenset[dt.date], last_month: dt.date, known: frozenset[dt.date]) -> bool:
        """Whether a line may be given for the year to a month and the one before, as far as they are known."""
        return all(
            end in years for end in (last_month, months_before(last_month, 12)) if known.issuperset(year_to(end))
        )


def disjoint(parts: Iterable[Part]) -> tuple[Part, ...]:
    """Keep, in order, those that share no subgroup with one before: two that overlap would tell of their difference."""
    kept: list[Part] = []
    for group, subgroups in parts:
        if all(group != other or subgroups.isdisjoint(held) for other, held in kept):
            kept.append((group, subgroups))
    return tuple(kept)


def offered(viewer: Viewer, borough_code: str, dataset: str, live: pd.DataFrame, parts: tuple[Part, ...]) -> Offered:
    """Work out what is offered of what is live, beside all that was offered before.

    Parameters
    ----------
    viewer, borough_code, dataset
        Who reads what.
    live
        The dataset's part of `figures.coverage`.
    parts
        The subgroups that any measure ever counted; no two overlap.
    """
    versions = {month: str(version) for month, version in zip(live["month"], live["public_id"], strict=True)}
    offers = windows.linked(memory.offers(viewer, borough_code, dataset, versions))
    edition = int(live.sort_values("month").iloc[-1]["boundary_set_id"])
    key = (borough_code, dataset, edition, parts, *((tuple(sorted(one.months.items())), one.policy) for one in offers))
    if key not in _REMEMBERED:
        if len(_REMEMBERED) > MOST_REMEMBERED:
            _REMEMBERED.clear()
        _REMEMBERED[key] = _worked_out(viewer, borough_code, dataset, offers, edition, parts)
    return _REMEMBERED[key]


_REMEMBERED: dict[tuple[object, ...], Offered] = {}
"""By borough, dataset, and every version's public id and policy: none of them ever stands for other counts."""


def _worked_out(
    viewer: Viewer, borough_code: str, dataset: str, offers: Sequence[Offer], edition: int, parts: Sequence[Part]
) -> Offered:
    versions = {version for offer in offers for version in offer.months.values()}
    editions = figures.editions_of(viewer, borough_code, dataset, versions)
    gone = versions - editions.keys()
    counted = figures.version_counts(viewer, borough_code, dataset, versions, by=["offence_group", "offence_subgroup"])
    by_group = _lines(counted, "offence_group")
    by_ward = _lines(figures.version_counts(viewer, borough_code, dataset, versions, by=["ward_code"]), "ward_code")
    total = by_group.sum().to_frame().T
    (of_total,) = windows.allowed(offers, total, dataset, [None], by_month=True, gone=gone)
    of_groups = windows.allowed(offers, by_group, dataset, list(by_group.index), gone=gone)
    ward_lines = by_ward[by_ward.index != ""]
    on_edition = [_on_edition(offer, editions, edition) for offer in offers]
    of_wards = windows.allowed(on_edition, ward_lines, dataset, [None] * len(ward_lines), gone=gone)
    unplaced = by_ward[by_ward.index == ""]
    of_unplaced = windows.allowed(offers, unplaced, dataset, [None] * len(unplaced), gone=gone)
    known = frozenset(offers[-1].months)
    every_year = frozenset(windows.years_of(offers[-1]))
    groups = {group: one.ends for group, one in zip(by_group.index, of_groups, strict=True)}
    if _exact_beside_unsteady(offers[-1].policy, dataset, groups, of_groups):
        march = frozenset(end for end in every_year if end.month == windows.YEAR_END)
        groups = {group: ends & march for group, ends in groups.items()}
    return Offered(
        ends=tuple(sorted(_ends(known, of_total), reverse=True)),
        months_are_steady=of_total.is_steady,
        groups=groups,
        wards=frozenset(windows.years_of(on_edition[-1])).intersection(*(one.ends for one in of_wards)),
        on_edition=frozenset(on_edition[-1].months),
        unplaced=every_year.intersection(*(one.ends for one in of_unplaced)),
        parts={
            part: groups[part[0]]
            for group, is_steady in zip(by_group.index, (one.is_steady for one in of_groups), strict=True)
            for part in _safe_parts(offers, counted, by_group.loc[[group]], dataset, parts, gone)
            if is_steady
        },
    )


def _safe_parts(
    offers: Sequence[Offer],
    counted: pd.DataFrame,
    of_group: pd.DataFrame,
    dataset: str,
    parts: Sequence[Part],
    gone: Collection[str],
) -> list[Part]:
    """Of one group's parts those that are never small, if what they leave of the group is never small either."""
    (group,) = of_group.index
    own = [part for part in parts if part[0] == group]
    if not own:
        return []
    lines = pd.concat(
        [_sum_of(counted, group, subgroups).reindex(of_group.columns, fill_value=0.0) for _, subgroups in own], axis=1
    ).T
    found = windows.allowed(offers, lines, dataset, [group] * len(own), gone=gone)
    kept = [one.is_steady for one in found]
    rest = of_group - lines[kept].sum().to_numpy()
    (of_rest,) = windows.allowed(offers, rest, dataset, [group], gone=gone)
    return [part for part, is_kept in zip(own, kept, strict=True) if is_kept and of_rest.is_steady]


def _sum_of(counted: pd.DataFrame, group: str, subgroups: frozenset[str]) -> pd.Series[float]:
    """The count of some subgroups in each month and version that has any."""
    rows = counted[(counted["offence_group"] == group) & counted["offence_subgroup"].isin(subgroups)]
    summed = rows.groupby(["month", "version"])["count"].sum().astype(np.float64)
    return pd.Series(summed.to_numpy(), index=pd.Index(summed.index.tolist(), tupleize_cols=False))


def _lines(counted: pd.DataFrame, by: str) -> pd.DataFrame:
    """A line for each group or ward, a column for each month and version; what is in no ward is named ''."""
    pairs = pd.Series(list(zip(counted["month"], counted["version"], strict=True)), index=counted.index, dtype=object)
    named = counted.assign(pair=pairs, **{by: counted[by].fillna("")})
    if named.empty:
        return pd.DataFrame(dtype=np.float64)
    wide = {
        pair: part.groupby(by)["count"].sum().astype(np.float64) for pair, part in named.groupby("pair", sort=False)
    }
    lines = sorted(named[by].unique())
    table = pd.DataFrame(
        np.column_stack([part.reindex(lines, fill_value=0).to_numpy() for part in wide.values()]), index=lines
    )
    table.columns = pd.Index(list(wide), tupleize_cols=False)
    return table


def _exact_beside_unsteady(
    policy: Policy, dataset: str, groups: Mapping[str, object], found: Sequence[Allowed]
) -> bool:
    """Whether exact counts of some groups would leave of the total what is not given of others."""
    are_open = [not policy.protects(dataset, group) for group in groups]
    return any(are_open) and any(not one.is_steady for one in found)


def _on_edition(offer: Offer, editions: Mapping[str, int | None], edition: int) -> Offer:
    """What of an offer was counted on one edition of the wards, or may have been."""
    kept = {month: version for month, version in offer.months.items() if editions.get(version, edition) == edition}
    return Offer(kept, offer.policy)


def _ends(known: frozenset[dt.date], total: Allowed) -> set[dt.date]:
    """The months that may be chosen: each where none is small, else whole years to March."""
    if total.is_steady:
        return set(known)

    def is_whole_or_empty(end: dt.date) -> bool:
        return end in total.ends or known.isdisjoint(year_to(end))

    return {end for end in total.ends if is_whole_or_empty(months_before(end, 12))}
