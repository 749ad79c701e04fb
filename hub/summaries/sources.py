"""What summaries of a borough can be made of, and what of it an aggregate reader may be given."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from hub.access import Permission, Viewer
from hub.measures import service as measures
from hub.places import service as places
from hub.summaries.offered import Offered, Part, disjoint, offered
from hub.summaries.releases import Counts, Period, Years, tightens
from hub.summaries.values import parts_of, rows_of
from hub.uploads import figures
from hub.uploads.kinds import DatasetKind, catalogue
from hub.words import months_before

MONTHS_IN_A_QUARTER = 3


@dataclass(frozen=True)
class Source:
    """The dataset that a summary is made of, the versions now live for its months, and what may be shown of it."""

    kind: DatasetKind
    live: pd.DataFrame
    offered: Offered | None
    """None for who sees exact counts."""

    @property
    def ends(self) -> set[dt.date]:
        """The months that a summary may end with."""
        return set(self.live["month"]) if self.offered is None else set(self.offered.ends)

    @property
    def with_wards(self) -> set[dt.date]:
        """Those of them for which an aggregate reader is given wards."""
        its = self.offered
        return {end for end in self.ends if its is not None and end in its.wards and Given(self, Period(end)).wards}

    @property
    def provisional(self) -> frozenset[dt.date]:
        """The newest months of what is live, which their source is still likely to revise."""
        return frozenset(sorted(self.live["month"])[-self.kind.provisional_months :])

    @property
    def latest(self) -> dt.date:
        """The month that a summary ends with unless another is asked for: the newest, or one lately that has wards."""
        newest = max(self.ends)
        recent = {end for end in self.with_wards if end > months_before(newest, MONTHS_IN_A_QUARTER)}
        return max(recent, default=newest)


@dataclass(frozen=True)
class Sources:
    """All that summaries of one borough can be made of, in the catalogue's order."""

    area: places.Area
    every: tuple[Source, ...]

    @property
    def ends(self) -> tuple[dt.date, ...]:
        """The months that a summary may end with, newest first."""
        return tuple(sorted(set().union(*(source.ends for source in self.every)), reverse=True))

    def of(self, last_month: dt.date | None) -> Source | None:
        """What the summary to a month is made of, or the newest one."""
        return next((one for one in self.every if (last_month in one.ends if last_month else one.ends)), None)


@dataclass(frozen=True)
class Given:
    """What of one period an aggregate reader may be given beside all that was ever given; to others, everything."""

    source: Source
    period: Period

    @property
    def wards(self) -> bool:
        """Whether the wards."""
        its = self.source.offered
        return its is None or its.shows(its.wards, self.period.last_month, its.on_edition)

    @property
    def unplaced(self) -> bool:
        """Whether what is placed in no ward."""
        its = self.source.offered
        return its is None or its.shows(its.unplaced, self.period.last_month, self._known)

    def of_groups(self, names: list[str], groups: Years) -> tuple[list[str], Years, bool]:
        """The offence groups, and whether some are left out."""
        its = self.source.offered
        if its is None:
            return names, groups, False
        shown = {name: its.shows(ends, self.period.last_month, self._known) for name, ends in its.groups.items()}
        kept = np.array([shown.get(name, False) for name in names], np.bool_)
        return [name for name in names if shown.get(name, False)], groups.only(kept), not all(shown.values())

    def parts(self, counts: Counts, names: Sequence[str], groups: Years) -> dict[Part, Years] | None:
        """The subgroups that measures count, of the groups that are given; None where every one is."""
        its = self.source.offered
        if its is None:
            return None
        found: dict[Part, Years] = {}
        for name, group in by_name(names, groups).items():
            own = {
                part: counts.of(rows_of(counts.rows, *part), name)
                for part, ends in its.parts.items()
                if part[0] == name and its.shows(ends, self.period.last_month, self._known)
            }
            found |= {} if tightens(group, list(own.values()), counts.policy) else own
        return found

    @property
    def _known(self) -> frozenset[dt.date]:
        return frozenset(self.source.live["month"])


def sources_of(viewer: Viewer, area: places.Area) -> Sources:
    """List the kinds of crime that are live."""
    live = figures.coverage(viewer, area.borough_codes)
    is_exact = viewer.may(Permission.EXACT_COUNTS, area.borough_codes)
    found = []
    for kind in catalogue(viewer.session).values():
        of_kind = live[live["dataset"] == kind.key]
        if kind.is_crime and len(of_kind):
            its = None if is_exact else offered(viewer, area.slug, kind.key, of_kind, parts(viewer))
            found.append(Source(kind, of_kind, its))
    return Sources(area, tuple(found))


def parts(viewer: Viewer) -> tuple[Part, ...]:
    """List the subgroups that any measure counts or ever counted: what was once shown is held to have been read."""
    return disjoint(part for one in measures.ever(viewer.session) for part in parts_of(one))


def by_name(names: Sequence[str], groups: Years) -> dict[str, Years]:
    """Each group as a line by itself."""
    return {name: groups.only(np.arange(len(names)) == place) for place, name in enumerate(names)}
