"""Puts a report together: its sections in order, as one document for the borough's readers and one for the public."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from hub.access import Viewer
from hub.documents.frozen import to_json
from hub.documents.model import AnyPart, Callout, Document, Heading, Length
from hub.places import service as places
from hub.reports import kinds, sections
from hub.reports.figures import Told
from hub.reports.pieces import Earlier, Sources, Written
from hub.reports.reader import as_leader
from hub.summaries import service as summaries
from hub.summaries.service import Restated, Summary
from hub.words import HANDLING, LONDON, MARKING, date_name, month_code, month_name, parse_month

LICENCE = (
    "You may use this under the Open Government Licence v3.0, "
    "https://www.nationalarchives.gov.uk/doc/open-government-licence/version/3/"
)


@dataclass(frozen=True)
class Chosen:
    """One section as an officer left it: whether it is in the report, and what they wrote in it."""

    key: str
    is_included: bool = True
    words: str = ""


@dataclass(frozen=True)
class Plan:
    """What a report is to be."""

    kind: str
    borough_code: str
    last_month: dt.date
    sections: tuple[Chosen, ...]
    edition: int = 1
    reason: str = ""
    last: Earlier | None = None
    replaced: Earlier | None = None


@dataclass(frozen=True)
class MadeOf:
    """What the figures of a report come from: by it they can be told from those of other versions and rules."""

    dataset: str
    """The key of its kind."""
    policy: int
    """The version of the rule for small numbers under which they were released."""
    months: Mapping[dt.date, str]
    """Of each month that was live, up to the report's last, the public id of its version."""

    def as_dict(self) -> dict[str, Any]:
        """As it is kept."""
        months = {month_code(month): version for month, version in sorted(self.months.items())}
        return {"dataset": self.dataset, "policy": self.policy, "months": months}

    @classmethod
    def kept(cls, said: Mapping[str, Any]) -> MadeOf:
        """As it was kept."""
        months = {parse_month(code, what="month"): version for code, version in said["months"].items()}
        return cls(said["dataset"], said["policy"], months)


@dataclass(frozen=True)
class Composed:
    """A report as it would be frozen at one moment."""

    document: Document
    public: Document
    figures: tuple[Told, ...]
    made_of: MadeOf

    @property
    def digest(self) -> str:
        """Names what it says, whenever it is said: what was read is what is approved."""
        undated = replace(self.document, subtitle="", made_at=dt.datetime(2000, 1, 1, tzinfo=dt.UTC))
        return hashlib.sha256(to_json(undated)).hexdigest()


def title(plan: Plan, borough: str) -> str:
    """What a report is called."""
    again = " (revised)" if plan.edition > 1 else ""
    return f"{borough}: {kinds.kind(plan.kind).title.lower()} to {month_name(plan.last_month)}{again}"


def compose(viewer: Viewer, plan: Plan, at: dt.datetime) -> Composed:
    """Write a report from what a council leader of the borough is offered now.

    Raises
    ------
    NoFigures
        If nothing is offered for its months.
    """
    reader = as_leader(viewer, plan.borough_code)
    summary = summaries.summary(reader, plan.borough_code, last_month=plan.last_month)
    sources = Sources(reader, summary, plan.last, plan.replaced, plan.reason, _why(reader, summary, plan))
    parts, public, figures = _written(sources, plan.sections)
    city = places.city(viewer.session)
    footer = [f"Edition {plan.edition}. Every figure is as it was known on the day this report was approved."]
    if city is not None:
        footer.append(city.attribution)
    if city is not None and city.is_fictional:
        warning = Callout(
            "Fictional", f"{city.name} does not exist: every figure here is invented.", length=Length.SENTENCE
        )
        parts, public = [warning, *parts], [warning, *public]
    known_on = date_name(at.astimezone(LONDON).date())
    document = Document(
        title=title(plan, summary.borough_name),
        subtitle=f"12 months to {month_name(plan.last_month)}, as known on {known_on}",
        made_at=at.astimezone(dt.UTC).replace(microsecond=0),
        parts=tuple(parts),
        marking=MARKING,
        handling=HANDLING,
        footer=tuple(footer),
    )
    published = replace(document, parts=tuple(public), marking="", handling="", footer=(*footer, LICENCE))
    return Composed(document, published, figures, _made_of(summary))


def _made_of(summary: Summary) -> MadeOf:
    live = summary.source.live
    versions = dict(zip(live["month"], live["public_id"].astype(str), strict=True))
    to_its_end = {month: version for month, version in versions.items() if month <= summary.last_month}
    return MadeOf(summary.source.kind.key, summary.policy.version, to_its_end)


def _why(reader: Viewer, summary: Summary, plan: Plan) -> tuple[Restated, ...]:
    """Which months were restated since the earlier reports, and why, as far as the reader may be told."""
    moments = [one.approved_at for one in (plan.last, plan.replaced) if one is not None]
    now = dt.datetime.now(dt.UTC)
    return summaries.restated(reader, summary, now=now, since=min(moments)) if moments else ()


def _written(sources: Sources, chosen: Sequence[Chosen]) -> tuple[list[AnyPart], list[AnyPart], tuple[Told, ...]]:
    """Every section that is in, for the borough and for the public, and all its figures."""
    known, told, written = kinds.sections(), dict[str, Told](), list[tuple[Chosen, list[AnyPart]]]()
    for one in chosen:
        if one.is_included and one.key in known:
            made = sections.WRITERS[one.key](sources) if one.key in sections.WRITERS else Written()
            told |= {one.key: one for one in made.figures if one.key not in told}
            written.append((one, made.parts))
    figures, parts, public = tuple(told.values()), list[AnyPart](), list[AnyPart]()
    for one, its_parts in written:
        section = known[one.key]
        differing = sections.what_differs(sources, figures) if one.key == "revised" else []
        content = [*sections.words(one.words, section.reads_from), *its_parts, *differing]
        if not content:
            continue
        whole = [Heading(section.title, length=section.reads_from), *content] if section.is_headed else content
        parts += whole
        public += whole if section.is_public else []
    return parts, public, figures
