"""The value of a measure, made of lines that this reader is shown and of nothing else; or why there is none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import reduce

import pandas as pd

from hub.measures.definitions import Kind, Measure
from hub.summaries.offered import Part
from hub.summaries.releases import Counts, Months, Years
from hub.uploads.classification import POLICE_UK
from hub.uploads.kinds import DatasetKind

TO_PROTECT = "Not shown, to protect people: the counts are too small here, or would give small ones away."
NOT_TOLD_APART = "The figures loaded for this borough do not tell this kind of offence apart."
A_FLAG = "This is a mark on offences that are counted elsewhere. The borough's summary holds no figures of it."
HARM = "Harm is weighed on the outcomes page."


@dataclass(frozen=True)
class Values:
    """What is released of one borough and period, and what measures may be made of."""

    kind: DatasetKind
    counts: Counts
    """By month, offence group and subgroup."""
    total: Years
    groups: Mapping[str, Years]
    """Those that are shown, a line each."""
    parts: Mapping[Part, Years] | None
    """Of subgroups, the lines that an aggregate reader is shown; None for who sees exact counts, and so all."""

    def of(self, measure: Measure) -> Years | str:
        """The value of a recorded measure as one line, or the sentence why there is none."""
        if measure.not_held:
            return measure.not_held
        if measure.flag:
            return A_FLAG
        if measure.kind is Kind.HARM:
            return HARM
        if measure.is_all:
            return self.total
        if self._tells_not_apart(measure):
            return NOT_TOLD_APART
        lines = [self._group(group) for group in measure.groups]
        lines += [self._part(part) for part in parts_of(measure)]
        shown = [line for line in lines if line is not None]
        whole = reduce(Years.and_, shown[1:], shown[0]) if len(shown) == len(lines) else None
        return TO_PROTECT if whole is None or _is_blank(whole) else whole

    def months(self, measure: Measure) -> Months:
        """The months of a measure that counts groups and subgroups."""
        lines = [(group, None) for group in measure.groups] + parts_of(measure)
        return reduce(Months.and_, (self.counts.months_of(rows_of(self.counts.rows, *one), one[0]) for one in lines))

    def is_line(self, years: Years) -> bool:
        """Whether this is the total, or one of the groups, as it stands."""
        return any(years is line for line in (self.total, *self.groups.values()))

    def _tells_not_apart(self, measure: Measure) -> bool:
        return self.kind.has_points and bool(measure.subgroups or set(measure.groups) - set(POLICE_UK))

    def _group(self, group: str) -> Years | None:
        found = self.groups.get(group)
        return self._counted((group, None)) if found is None and self.parts is None else found

    def _part(self, part: Part) -> Years | None:
        return self._counted(part) if self.parts is None else self.parts.get(part)

    def _counted(self, part: tuple[str, frozenset[str] | None]) -> Years:
        return self.counts.of(rows_of(self.counts.rows, *part), part[0])


def parts_of(measure: Measure) -> list[Part]:
    """The subgroups that a measure counts, those of one group together."""
    found: dict[str, set[str]] = {}
    for group, subgroup in measure.subgroups:
        found.setdefault(group, set()).add(subgroup)
    return [(group, frozenset(subgroups)) for group, subgroups in found.items()]


def rows_of(rows: pd.DataFrame, group: str, subgroups: frozenset[str] | None) -> pd.DataFrame:
    """The rows of a group, or of some of its subgroups."""
    of_group = rows["offence_group"] == group
    return rows[of_group if subgroups is None else of_group & rows["offence_subgroup"].isin(subgroups)]


def _is_blank(years: Years) -> bool:
    """Whether nothing can be said of either year, as a line that is hidden in both."""
    return years.latest.is_rounded and bool(years.latest.hidden.all() and years.before.hidden.all())
