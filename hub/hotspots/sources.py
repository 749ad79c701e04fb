"""Chooses what an overlay counts: the dataset, the category in it, the months and boroughs, and the wards of the time.

Refuses in words what the uploaded data cannot answer. Scores nothing.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from hub.access import Viewer
from hub.errors import BadRequest, HubError
from hub.hotspots.checking import Question
from hub.hotspots.emergence import LEAST_MONTHS
from hub.hotspots.facts import Gap
from hub.hotspots.scoring import Method, Units
from hub.hotspots.wording import listed, said_months, said_span
from hub.places import service as places
from hub.places.service import Area
from hub.uploads import figures
from hub.uploads.kinds import DatasetKind, catalogue
from hub.words import months_before

OF_POLICE = frozenset({"stop_and_search"})
"""Kinds of police work that are no crimes, and no other agency's either."""


class NoFigures(HubError):
    """The area is the viewer's to see, and there is nothing in it yet."""

    status = 404
    title = "No figures yet"


@dataclass(frozen=True)
class Source:
    """What is counted: a kind of dataset, a category of it (None for all), months and boroughs."""

    kind: DatasetKind
    category: str | None
    live: pd.DataFrame
    """The coverage of the kind in the area, for all months."""
    months: tuple[dt.date, ...]
    borough_codes: frozenset[str]
    gaps: tuple[Gap, ...]
    months_before: tuple[dt.date, ...] = ()
    """What the months are compared with, one for each; none unless a change is asked for."""
    set_aside: tuple[dt.date, ...] = ()
    """Months that were counted on other wards, where wards are followed from month to month."""
    beside: Source | None = None
    """What another agency counted in the same months and boroughs; none unless agencies are compared."""

    @property
    def used(self) -> pd.DataFrame:
        """The coverage of just the months and boroughs that are counted."""
        return self.live[self.live["month"].isin(self.months) & self.live["borough_code"].isin(self.borough_codes)]

    @property
    def earlier(self) -> Source:
        """The same in the months before."""
        return replace(self, months=self.months_before, months_before=())

    @property
    def months_by_version(self) -> dict[str, list[str]]:
        """What it is made of, by name: the months used of each version of the data."""
        versions: dict[str, list[str]] = {}
        for row in self.used.sort_values(["borough_code", "month"]).itertuples(index=False):
            versions.setdefault(str(row.public_id), []).append(f"{row.month:%Y-%m}")
        return versions


def choose_source(viewer: Viewer, area: Area, question: Question) -> Source:
    """Choose the dataset, the category in it, the months and the boroughs, or say why nothing can be counted."""
    live = figures.coverage(viewer, area.borough_codes)
    if live.empty:
        figures.refuse_closed(viewer, area.borough_codes)
        raise NoFigures(
            f"No figures have been uploaded for {area.name}.",
            remedy="They appear here as soon as a CSP officer of its boroughs uploads and commits them.",
        )
    kinds = _kinds(question, catalogue(viewer.session))
    within = live[live["month"].isin(question.months)]
    months_of = within.groupby("dataset")["month"].nunique().to_dict()
    covering = [kind for kind in kinds if kind.key in months_of]
    if not covering:
        if question.dataset is not None:
            figures.refuse_closed(viewer, area.borough_codes, question.dataset)
        wanted = "points" if question.units is Units.CELLS else "figures"
        raise BadRequest(
            f"There are no {wanted} for {area.name} in {said_months(question.months)}.",
            remedy=_what_is_covered(live, kinds),
        )
    best = max(covering, key=lambda kind: months_of[kind.key])
    category = None
    if question.category is not None:
        known = {kind: _category(viewer, area, kind, question.category) for kind in covering}
        if not any(known.values()):
            groups = [group for group, _ in figures.categories(viewer, area.borough_codes, best.key)]
            raise BadRequest(
                f"There is no category '{question.category}' for {area.name} under {best.title}.",
                remedy=f"Choose one of: {', '.join(groups)}; or one of their subgroups.",
            )
        best = max((kind for kind in covering if known[kind]), key=lambda kind: months_of[kind.key])
        category = known[best]
    if category is None and best.measure == "flags":
        raise BadRequest(
            f"The categories of {best.title} overlap, so they cannot be added up.", remedy="Choose one of them."
        )
    of_kind = live[live["dataset"] == best.key]
    if question.method is Method.CHANGE:
        return _compared(viewer, area, question, Source(best, category, of_kind, (), frozenset(), ()))
    if question.method is Method.AGENCIES:
        return _beside(viewer, area, question, Source(best, category, of_kind, (), frozenset(), ()), live)
    if question.method is not Method.EMERGING:
        months, borough_codes, gaps = _common_months(viewer, area, of_kind, question)
        return Source(best, category, of_kind, months, borough_codes, gaps)
    followed, set_aside = (of_kind, ()) if best.has_points else _on_one_edition(of_kind, question)
    months, borough_codes, gaps = _common_months(viewer, area, followed, question)
    months = _unbroken(area, months, "on its present wards" if set_aside else "")
    left_out = tuple(gap for gap in gaps if gap.is_left_out)
    return Source(best, category, followed, months, borough_codes, left_out, set_aside=set_aside)


def _on_one_edition(live: pd.DataFrame, question: Question) -> tuple[pd.DataFrame, tuple[dt.date, ...]]:
    """Keep to the wards of the last month: followed over a moved boundary, a ward would seem to come or go."""
    within = live[live["month"].isin(question.months)]
    edition = within.loc[within["month"] == within["month"].max(), "boundary_set_id"].iloc[0]
    others = within.loc[within["boundary_set_id"] != edition, "month"]
    return live[live["boundary_set_id"] == edition], tuple(sorted(set(others)))


def _unbroken(area: Area, months: Sequence[dt.date], on_what: str) -> tuple[dt.date, ...]:
    """The last stretch of months without a gap, since a month is followed from the one before."""
    *_, (first, last) = _runs(months)
    stretch = tuple(month for month in months if first <= month <= last)
    if len(stretch) < LEAST_MONTHS:
        raise BadRequest(
            f"Kinds of hotspot need {LEAST_MONTHS} months in a row, and {area.name} has only {len(stretch)}"
            f"{f' {on_what}' if on_what else ''}: {said_span(stretch)}.",
            remedy="Choose a later last month, one borough that has more of them, or another way of showing.",
        )
    return stretch


def _compared(viewer: Viewer, area: Area, question: Question, source: Source) -> Source:
    """Choose what the period is compared with: a year before, or just before where more of that is live.

    Each month is set against one other, and left out where a borough lacks either.
    """
    length = len(question.months)
    shifts = [12, length] if length <= 12 else [length]
    paired = {shift: _live_in_both(source.live, shift, question) for shift in shifts}
    shift = max(shifts, key=lambda each: len(paired[each]))
    if paired[shift].empty:
        raise BadRequest(
            f"There is nothing before {said_months(question.months)} to compare it with in {area.name}.",
            remedy=f"Choose a later or shorter period. {_what_is_covered(source.live, [source.kind])}",
        )
    months, borough_codes, gaps = _common_months(viewer, area, paired[shift], question)
    before = tuple(months_before(month, shift) for month in months)
    return replace(source, months=months, months_before=before, borough_codes=borough_codes, gaps=gaps)


def _live_in_both(live: pd.DataFrame, shift: int, question: Question) -> pd.DataFrame:
    """The coverage of the months of the period for which the same borough is also covered so many months before."""
    pairs = set(zip(live["borough_code"], live["month"], strict=True))
    within = live[live["month"].isin(question.months)]
    is_paired = [
        (code, months_before(month, shift)) in pairs
        for code, month in zip(within["borough_code"], within["month"], strict=True)
    ]
    return within[is_paired]


def other_agencies(known: Mapping[str, DatasetKind], units: Units) -> list[DatasetKind]:
    """The kinds that may stand beside police figures: not police figures themselves, and placed finely enough."""
    return [
        kind
        for kind in known.values()
        if kind.measure == "incidents"
        and not kind.is_crime
        and kind.key not in OF_POLICE
        and (kind.has_points or (kind.has_wards and units is Units.WARDS))
    ]


def _beside(viewer: Viewer, area: Area, question: Question, source: Source, live: pd.DataFrame) -> Source:
    """Choose what the police figures are set beside, and the months that the same boroughs have of both."""
    others = other_agencies(catalogue(viewer.session), question.units)
    if question.beside is not None:
        others = [kind for kind in others if kind.key == question.beside]
        if not others:
            offered = [kind.key for kind in other_agencies(catalogue(viewer.session), question.units)]
            raise BadRequest(
                f"Police figures cannot be set beside '{question.beside}' for {question.units}.",
                remedy=f"Choose one of: {', '.join(offered)}.",
            )
    in_both = {kind: _live_beside(source.live, live[live["dataset"] == kind.key], question) for kind in others}
    # Of as many months, the one that more boroughs have.
    best = max(others, key=lambda kind: (in_both[kind]["month"].nunique(), len(in_both[kind])))
    if in_both[best].empty:
        for kind in others:
            figures.refuse_closed(viewer, area.borough_codes, kind.key)
        asked = best.title if question.beside else "Another agency's figures"
        raise BadRequest(
            f"{asked} and {source.kind.title} have no month of {said_months(question.months)} in common in "
            f"{area.name}.",
            remedy=_what_is_covered(live, [source.kind, *others]),
        )
    months, borough_codes, gaps = _common_months(viewer, area, in_both[best], question)
    other = Source(best, None, live[live["dataset"] == best.key], months, borough_codes, ())
    return replace(source, months=months, borough_codes=borough_codes, gaps=gaps, beside=other)


def _live_beside(live: pd.DataFrame, other: pd.DataFrame, question: Question) -> pd.DataFrame:
    """The coverage of the months of the period for which the same borough is also covered by the other kind."""
    pairs = set(zip(other["borough_code"], other["month"], strict=True))
    within = live[live["month"].isin(question.months)]
    return within[[pair in pairs for pair in zip(within["borough_code"], within["month"], strict=True)]]


def _kinds(question: Question, known: Mapping[str, DatasetKind]) -> list[DatasetKind]:
    """The kinds that could answer, the preferred first: ward-level files before points."""
    if question.dataset is not None and question.dataset not in known:
        raise BadRequest(
            f"There is no dataset called '{question.dataset}'.", remedy=f"Choose one of: {', '.join(known)}."
        )
    kinds = sorted(known.values(), key=lambda kind: kind.has_points)
    suited = [kind for kind in kinds if kind.has_points or (kind.has_wards and question.units is Units.WARDS)]
    if question.dataset is None:
        return [kind for kind in suited if kind.is_crime or question.category is not None]
    chosen = [kind for kind in suited if kind.key == question.dataset]
    if not chosen:
        raise BadRequest(
            f"{known[question.dataset].title} have no points, which small areas need.",
            remedy=f"Choose wards, or one of: {', '.join(kind.key for kind in suited)}.",
        )
    return chosen


def _what_is_covered(live: pd.DataFrame, kinds: Sequence[DatasetKind]) -> str:
    covered = [
        f"{kind.title} for {said_span(sorted(set(months)))}"
        for kind in kinds
        if len(months := live.loc[live["dataset"] == kind.key, "month"])
    ]
    return f"There are {listed(covered)}." if covered else "Upload such a file first, or choose other units."


def _category(viewer: Viewer, area: Area, kind: DatasetKind, written: str) -> str | None:
    """Find a group or subgroup in any case; groups first."""
    categories = figures.categories(viewer, area.borough_codes, kind.key)
    names = [group for group, _ in categories] + [name for _, subgroups in categories for name in subgroups]
    wanted = " ".join(written.casefold().split())
    return next((name for name in names if name.casefold() == wanted), None)


def _common_months(
    viewer: Viewer, area: Area, live: pd.DataFrame, question: Question
) -> tuple[tuple[dt.date, ...], frozenset[str], tuple[Gap, ...]]:
    """Find the months that every borough with any data in the period has, and what is missing where.

    Counts of boroughs over unlike times cannot be compared, so a month that one of them lacks is counted for none.
    """
    within = live[live["month"].isin(question.months)]
    covered = {str(code): set(rows["month"]) for code, rows in within.groupby("borough_code")}
    months = sorted(set.intersection(*covered.values()))
    if not months:
        raise BadRequest(
            f"The boroughs of {area.name} have no month of this period in common.",
            remedy="Choose a period that all of them cover, or one borough.",
        )
    gaps = []
    for borough in places.boroughs(viewer.session, area.borough_codes):
        missing = sorted(set(question.months) - covered.get(borough.code, set()))
        if missing:
            gaps.append(Gap(borough.code, borough.name, tuple(missing), is_left_out=borough.code not in covered))
    return tuple(months), frozenset(covered), tuple(gaps)


@dataclass(frozen=True)
class Ground:
    """The boundary set that is used."""

    id: int
    code: str
    content_hash: str


def choose_wards(viewer: Viewer, question: Question, source: Source) -> Ground:
    """Find the wards to count on: those asked for, else those of the data, the newest where it is on several.

    What is on other wards is carried over to them. A change is refused instead: its test takes figures for counted.
    """
    sets = [Ground(each.id, each.code, each.content_hash) for each in places.boundary_sets(viewer.session)]
    asked = next((each for each in sets if each.code == question.boundary_set), None)
    if question.boundary_set is not None and asked is None:
        raise BadRequest(
            f"There are no '{question.boundary_set}' wards.",
            remedy=f"Choose one of: {', '.join(each.code for each in sets)}.",
        )
    if source.kind.has_points:
        return asked or sets[0]
    is_carried = question.method not in {Method.CHANGE, Method.EMERGING}
    if asked is not None and is_carried:
        return asked
    counted_on = [each for each in sets if each.id in set(source.used["boundary_set_id"])]
    if len(counted_on) > 1 and not is_carried:
        raise BadRequest(
            f"The period crosses a change of wards: {_said_sets(counted_on, source)}.",
            remedy="Choose months on one side of the change, or another way of showing.",
        )
    if asked is not None and asked != counted_on[0]:
        raise BadRequest(
            f"These figures were counted on {counted_on[0].code} wards, not on {asked.code} wards.",
            remedy="Leave the wards out, or choose points, which can be placed in any wards.",
        )
    return counted_on[0]


def choose_common_wards(viewer: Viewer, question: Question, source: Source) -> Ground:
    """Find the wards on which both police and the other agency can be counted: those of the one that has no points."""
    other = source.beside
    if other is None or other.kind.has_points:
        return choose_wards(viewer, question, source)
    of_other = choose_wards(viewer, question, other)
    if not source.kind.has_points and choose_wards(viewer, question, source) != of_other:
        raise BadRequest(
            f"{source.kind.title} and {other.kind.title} were counted on different wards.",
            remedy="Choose months for which both are on the same wards.",
        )
    return of_other


def _said_sets(sets: Sequence[Ground], source: Source) -> str:
    said = []
    for each in sorted(sets, key=lambda ground: ground.code):
        months = source.used.loc[source.used["boundary_set_id"] == each.id, "month"]
        said.append(f"{said_span(sorted(set(months)))} on {each.code} wards")
    return listed(said)


def count_by_ward(viewer: Viewer, source: Source, *, by_month: bool = False) -> pd.Series[int]:
    """Count all there is by ward code (and month), None among them where it is not placed in a ward."""
    keys = ["ward_code", "month"] if by_month else ["ward_code"]
    return rows_by_ward(viewer, source, by=keys).set_index(keys)["count"]


def rows_by_ward(
    viewer: Viewer, source: Source, *, by: Sequence[str], boundary_set_id: int | None = None
) -> pd.DataFrame:
    """Count by several keys of `figures.ward_counts`, of all versions or only of those on one boundary set."""
    rows = _read(figures.ward_counts, viewer, source, by=by, boundary_set_id=boundary_set_id)
    return rows.groupby(list(by), dropna=False)["count"].sum().reset_index()


def points_of(viewer: Viewer, source: Source, *, by_month: bool = False, by_category: bool = False) -> pd.DataFrame:
    """Read the points that are counted, as `figures.points` gives them."""
    return _read(figures.points, viewer, source, by_month=by_month, by_category=by_category)


def points_and_total(viewer: Viewer, source: Source, *, by_month: bool = False) -> tuple[pd.DataFrame, int]:
    """Read the points that are counted, and how many incidents there are with those that have no location."""
    every = _read(figures.points, viewer, source, by_month=by_month, with_unlocated=True)
    return every[every["easting"].notna()], int(every["count"].sum())


def _read(read: Callable[..., pd.DataFrame], viewer: Viewer, source: Source, **asked: Any) -> pd.DataFrame:
    """Have `figures` read what is counted, one unbroken stretch of months after another."""
    parts = [
        read(
            viewer,
            source.borough_codes,
            source.kind.key,
            first_month=first,
            last_month=last,
            category=source.category,
            **asked,
        )
        for first, last in _runs(source.months)
    ]
    return pd.concat(parts, ignore_index=True)


def _runs(months: Sequence[dt.date]) -> Iterator[tuple[dt.date, dt.date]]:
    """Give the unbroken stretches of months, each by its first and last."""
    first = months[0]
    for month, following in zip(months, [*months[1:], None], strict=True):
        if following != months_before(month, -1):
            yield first, month
            first = following or first
