"""The card of one figure of a borough's summary: what it counts, where it comes from, and how sure it is.

It is read off the same summary that its reader sees, so that it never gives another number.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from geo.rates import exact_interval
from hub.access import Grant, Policy, Role, Viewer
from hub.errors import BadRequest, NotFound
from hub.measures import service as measures
from hub.measures.definitions import Measure
from hub.summaries import service
from hub.summaries.changes import SMALLEST_BASE_FOR_PERCENT, Change, Figure, Verdict
from hub.summaries.comparing import Beside
from hub.summaries.perception import Opinion, Survey, public_attitudes
from hub.summaries.releases import Period
from hub.summaries.service import NoFigures, Summary
from hub.uploads.kinds import catalogue
from hub.words import number, parse_month


@dataclass(frozen=True)
class Heard:
    """What people say beside a recorded figure: the question that goes with it and its answer, or why there is none."""

    question: Measure | None = None
    said: Opinion | None = None
    survey: Survey = field(default_factory=public_attitudes)
    why_not: str = ""


@dataclass(frozen=True)
class Card:
    """One figure, for one reader, with all that stands behind it."""

    key: str
    title: str
    """The figure's name: an offence group, a ward, a measure, or all recorded crime."""
    counts: str
    """What it counts, in a sentence or two."""
    defined_by: str
    """Where that is laid down; empty where the source's own groups are counted."""
    change: Change
    rate: float | None
    rate_before: float | None
    denominator: str
    """The residents that the rate is set against; empty where they are not known."""
    why_not: str
    """Why there is no figure; empty where there is one."""
    dataset: str
    summary: Summary
    heard: Heard = field(default_factory=Heard)
    beside: Beside | None = None
    """Of a measure that the borough puts first: what it is compared with."""

    @property
    def period(self) -> Period:
        """The year and the one before."""
        return Period(self.summary.last_month)

    @property
    def full_title(self) -> str:
        """The figure in words, wherever it stands by itself."""
        return f"{self.title}, {self.summary.borough_name}, {self.period.words}"

    @property
    def shown(self) -> str:
        """The value as this reader sees it."""
        latest, before = (figure_words(each, self.summary.policy) for each in (self.change.latest, self.change.before))
        return self.why_not or f"{latest} in the {self.period.words}, {before} in the 12 months before"

    @property
    def missing(self) -> tuple[dt.date, ...]:
        """The months of both years without figures."""
        return self.summary.missing

    @property
    def has_hidden(self) -> bool:
        """Whether a count of it is hidden because it is small."""
        return self.change.latest.is_hidden or self.change.before.is_hidden

    @property
    def doubt(self) -> tuple[str, ...]:
        """How sure the figure is, in sentences."""
        return tuple(_doubt(self.change, self.summary.compared))


def card(viewer: Viewer, borough_code: str, key: str) -> Card:
    """Open the card of a figure by its key.

    Raises
    ------
    NotFound
        If the borough is not in the viewer's scope, or its summary shows this reader no such figure.
    """
    kind, _, rest = key.partition(":")
    code, _, month = rest.rpartition(":")
    try:
        found = service.summary(viewer, borough_code, last_month=parse_month(month))
    except (BadRequest, NoFigures):
        raise NotFound from None
    of_kind = {"total": _of_total, "group": _of_group, "ward": _of_ward, "measure": _of_measure}.get(kind)
    opened = of_kind(found, code, _dataset_key(viewer, found)) if of_kind else None
    if opened is None or opened.key != key:
        raise NotFound
    return replace(opened, heard=_heard(viewer, found, kind, code))


def untold(viewer: Viewer, borough_code: str, key: str) -> frozenset[int]:
    """The counts on a figure's card that the borough's readers of rounded figures see otherwise, or not at all.

    None where there is no such card any more.
    """
    leader = replace(viewer, grants=(Grant(Role.COUNCIL_LEADER, frozenset({borough_code})),))
    exact, theirs = (_counts(each, borough_code, key) for each in (viewer, leader))
    return frozenset(figure.count for figure in exact - theirs if figure.count is not None)


def _counts(viewer: Viewer, borough_code: str, key: str) -> frozenset[Figure]:
    try:
        change = card(viewer, borough_code, key).change
    except NotFound:
        return frozenset()
    return frozenset({change.latest, change.before})


def figure_words(figure: Figure, policy: Policy) -> str:
    """A count as a sentence says it."""
    if figure.is_hidden:
        return f"fewer than {policy.threshold}"
    return "not known" if figure.count is None else number(figure.count)


def _dataset_key(viewer: Viewer, found: Summary) -> str:
    return next(kind.key for kind in catalogue(viewer.session).values() if kind.title == found.dataset)


# --- The four kinds of figure ----------------------------------------------------------------------------------------


def _of_total(found: Summary, code: str, dataset: str) -> Card | None:
    if code:
        return None
    return Card(
        key=found.key,
        title="All recorded crime",
        counts=f"All {found.measure} in {found.borough_name} that the source tells of"
        + (", those included that it places in no ward." if found.unplaced else "."),
        defined_by="",
        change=found.total,
        rate=found.rate,
        rate_before=found.rate_before,
        denominator=found.denominator.words if found.denominator else "",
        why_not="",
        dataset=dataset,
        summary=found,
    )


def _of_group(found: Summary, code: str, dataset: str) -> Card | None:
    line = next((line for line in found.groups if line.code == code), None)
    if line is None:
        return None
    return Card(
        key=line.key,
        title=line.name,
        counts=f"All {found.measure} that the police put in the group “{line.name}”, in all of {found.borough_name}.",
        defined_by="",
        change=line.change,
        rate=line.rate,
        rate_before=None,
        denominator=found.denominator.words if found.denominator else "",
        why_not="",
        dataset=dataset,
        summary=found,
    )


def _of_ward(found: Summary, code: str, dataset: str) -> Card | None:
    line = next((line for line in found.wards if line.code == code), None)
    if line is None:
        return None
    edition = f"The ward as its boundaries have been since {found.boundary_set}."
    return Card(
        key=line.key,
        title=line.name,
        counts=f"All {found.measure} that the source places in the ward {line.name}. {edition}",
        defined_by="",
        change=line.change,
        rate=line.rate,
        rate_before=None,
        denominator=f"the residents of the ward ({found.ward_denominator})" if line.rate is not None else "",
        why_not="",
        dataset=dataset,
        summary=found,
    )


def _of_measure(found: Summary, code: str, dataset: str) -> Card | None:
    its = found.measures.get(code)
    if its is None:
        return None
    return Card(
        key=its.key,
        title=its.measure.title,
        counts=its.measure.definition,
        defined_by=_defined_by(its.measure),
        change=its.change,
        rate=its.rate,
        rate_before=its.rate_before,
        denominator=its.denominator.words if its.denominator else "",
        why_not=its.why_not,
        dataset=dataset,
        summary=found,
        beside=found.beside.get(code),
    )


def _defined_by(measure: Measure) -> str:
    return f"{measure.source} (version {measure.version} of the measure)"


# --- What people say beside it ---------------------------------------------------------------------------------------


def _heard(viewer: Viewer, found: Summary, kind: str, code: str) -> Heard:
    """Find the question that goes with a figure, by the measure that counts just what the figure does."""
    if kind == "ward":
        return Heard(why_not="The survey asks too few people in a ward to tell what they think. It tells of boroughs.")
    known = {one.code: one for one in measures.measures(viewer.session)}
    its = next(
        (
            one
            for one in known.values()
            if (one.code == code if kind == "measure" else one.is_all if kind == "total" else one.groups == (code,))
        ),
        None,
    )
    if its is None:
        return Heard(why_not="No measure counts this group by itself, so no question goes with it.")
    if its.why_no_partner:
        return Heard(why_not=its.why_no_partner)
    said = found.said.get(its.partner)
    return Heard(known[its.partner], said, why_not="" if said else "No survey is loaded that asks this.")


# --- How sure it is --------------------------------------------------------------------------------------------------


def _doubt(change: Change, compared: int) -> Iterator[str]:
    count = change.latest.count
    if count is not None:
        low, high = (round(change.spread * float(end[0])) for end in exact_interval([count / change.spread]))
        yield (
            f"Counts go up and down by chance. With nothing changed, a year like this could well have had from "
            f"{number(low)} to {number(high)}."
        )
    if change.ratio is None:
        return
    if (change.before.count or 0) < SMALLEST_BASE_FOR_PERCENT:
        yield f"There were fewer than {SMALLEST_BASE_FOR_PERCENT} before, too few to give the change in per cent."
    else:
        ends = (_percent_words(change.ratio.low), _percent_words(change.ratio.high))
        yield f"Set against the 12 months before, the true change most likely lies between {ends[0]} and {ends[1]}."
    if change.spread > 1:
        yield (
            "From month to month this figure goes up and down more than chance alone would make it (its variance is "
            f"{number(change.spread, 1)} times as large), so the ranges here are wider."
        )
    said = {
        Verdict.FELL: "It is more than chance is likely to bring, so we say “fell”.",
        Verdict.ROSE: "It is more than chance is likely to bring, so we say “rose”.",
    }.get(change.verdict, "It may be chance, so we say “no clear change”.")
    yield f"{said} We looked at {number(compared)} changes together, and allowed for that."


def _percent_words(ratio: float) -> str:
    percent = round(100 * (ratio - 1))
    return "no change" if percent == 0 else f"{abs(percent)}% {'more' if percent > 0 else 'fewer'}"
