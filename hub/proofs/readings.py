"""All that a reader of one borough's summaries can fetch: its pages, those of its wards, their exports, its reports.

Each count there is one reading: of what, over which months, of which versions, and under which rule it was released.
"""

from __future__ import annotations

import datetime as dt
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from hub.access import GRANTED, Grant, Permission, Policy, Role, Viewer
from hub.disclosure import service as policies
from hub.documents.model import NOTHING, Cell, Chart, Document, KeyFigure, Kind, Paragraph, Table
from hub.measures import service as measures
from hub.measures.definitions import Measure
from hub.places import service as places
from hub.reports import service as reports
from hub.reports.service import FrozenReport
from hub.summaries import exports, service
from hub.summaries.changes import Figure
from hub.summaries.offered import Part
from hub.summaries.releases import Period
from hub.summaries.service import Summary
from hub.summaries.values import parts_of
from hub.uploads import figures
from hub.uploads.kinds import catalogue
from hub.wards import series
from hub.wards.series import YearCount
from hub.words import month_name, months_before, parse_month

AGGREGATE_ROLES = tuple(
    role for role, held in GRANTED.items() if Permission.SUMMARY_READ in held and Permission.EXACT_COUNTS not in held
)

Line = tuple[str, str]
"""What is counted: of a breakdown, one name."""
TOTAL: Line = ("total", "")
PARTS = "parts of "
"""What a line is of that lies within an offence group: one that measures count, or the rest of the group."""

_HIDDEN = re.compile(r"fewer than \d+")
_COUNT = re.compile(r"\d[\d,]*")
_UNPLACED = re.compile(r"Not placed in a ward: (fewer than \d+|[\d,]+) ")
_YEARS = "12 months to"
"""What names the rows of a chart of years, which is of one line."""
_EARLIER = "Figures that differ from "
"""How a table of a report begins that sets earlier figures beside those of now: both stand elsewhere, too."""


@dataclass(frozen=True)
class Reading:
    """One count as it was read."""

    line: Line
    months: Sequence[dt.date]
    figure: Figure
    live: Mapping[dt.date, str]
    """The version that was live for each month."""
    policy: Policy


@dataclass(frozen=True)
class Fetched:
    """All that can be fetched of one borough at one moment."""

    pages: tuple[Summary, ...]
    live: Mapping[str, Mapping[dt.date, str]]
    """Which version of each dataset is live for each month, by the dataset's title."""
    ward_years: tuple[tuple[Summary, Mapping[str, Sequence[YearCount]]], ...] = ()
    """The years of each ward as its page gives them, with the summary of the last of them."""
    reports: tuple[FrozenReport, ...] = ()
    """Every edition of every report that was approved."""
    policies: Mapping[int, Policy] = field(default_factory=dict)
    """By version: those that the reports were released under."""
    measured: Mapping[str, Line] = field(default_factory=dict)
    """By code: the measures that count one part of an offence group and nothing else, with that part."""

    def readings(self) -> Iterator[Reading]:
        """Every count in all of it."""
        for page in self.pages:
            for line, months, figure in _shown(page):
                yield Reading(line, months, figure, self.live[page.dataset], page.policy)
        for page, wards in self.ward_years:
            for line, months, figure in _shown_of_wards(wards):
                yield Reading(line, months, figure, self.live[page.dataset], page.policy)
        for report in self.reports:
            if report.made_of is not None:
                live, policy = report.made_of.months, self.policies[report.made_of.policy]
                for line, months, figure in _told_in_report(report, self.measured):
                    yield Reading(line, months, figure, live, policy)

    def untold(self) -> list[str]:
        """The counts in exports and reports that are none of the readings, each with where it stands."""
        exported = [(f"export to {month_name(page.last_month)}", _only_exported(page)) for page in self.pages]
        reported = [(report.document.title, _only_in(report)) for report in self.reports]
        return [f"{where}: {one}" for where, counts in (*exported, *reported) for one in counts]


def fetch(viewer: Viewer, borough_code: str) -> Fetched:
    """Open every page of a borough's summary and of its wards, and every report, as somebody of this scope would."""
    pages = tuple(
        service.summary(viewer, borough_code, last_month=month)
        for month in service.covered_months(viewer, borough_code)
    )
    coverage = figures.coverage(viewer, [borough_code])
    keys = {kind.title: kind.key for kind in catalogue(viewer.session).values()}
    live: dict[str, Mapping[dt.date, str]] = {}
    for title in {page.dataset for page in pages}:
        of_it = coverage[coverage["dataset"] == keys[title]]
        live[title] = dict(zip(of_it["month"], of_it["public_id"].astype(str), strict=True))
    read = {page.last_month: page for page in pages}
    ward_years = tuple((page, series.given_years(viewer, page, read)) for page in pages)
    area = places.area(viewer, borough_code, Permission.SUMMARY_READ)
    return Fetched(
        pages,
        live,
        ward_years,
        tuple(reports.frozen_reports(viewer, area)),
        {one.policy.version: one.policy for one in policies.versions(viewer.session)},
        _measured(measures.ever(viewer.session)),
    )


def _measured(every: Sequence[Measure]) -> dict[str, Line]:
    counted: dict[str, set[Line | None]] = defaultdict(set)
    for one in every:
        parts = parts_of(one)
        counted[one.code].add(part_line(parts[0]) if len(parts) == 1 and not one.groups else None)
    return {code: line for code, (line, *others) in counted.items() if line is not None and not others}


def as_aggregate_reader(viewer: Viewer, borough_code: str, role: Role = Role.COUNCIL_LEADER) -> Viewer:
    """The same session as a reader of one borough's summaries would have it."""
    return replace(viewer, grants=(Grant(role, frozenset({borough_code})),))


def part_line(part: Part) -> Line:
    """Some subgroups of an offence group, counted together."""
    return PARTS + part[0], " and ".join(sorted(part[1]))


# --- Pages -----------------------------------------------------------------------------------------------------------


def _shown_of_wards(wards: Mapping[str, Sequence[YearCount]]) -> Iterator[tuple[Line, Sequence[dt.date], Figure]]:
    """Each count on the pages of wards: of what, over which months."""
    for code, years in wards.items():
        for year in years:
            months = [months_before(year.last_month, back) for back in range(12)]
            yield ("wards", code), months, Figure(year.count, year.is_hidden)
            yield TOTAL, months, Figure(year.borough_count)


def _shown(page: Summary) -> Iterator[tuple[Line, Sequence[dt.date], Figure]]:
    """Each count on a page: of what, over which months."""
    period = Period(page.last_month)
    lines: list[tuple[Line, Any]] = [(TOTAL, page.total)]
    if "groups" not in page.withheld:
        lines += [(("groups", line.code), line.change) for line in page.groups]
    if "wards" not in page.withheld:
        lines += [(("wards", line.code), line.change) for line in page.wards]
    for one in page.measures.values():
        parts = parts_of(one.measure)
        if one.is_shown and len(parts) == 1 and not one.measure.groups:
            lines.append((part_line(parts[0]), one.change))
    for line, change in lines:
        yield line, period.latest, change.latest
        yield line, period.before, change.before
    if page.unplaced:
        yield ("wards", ""), period.latest, page.unplaced
    for each in page.months:
        yield TOTAL, [each.month], each.figure


def _only_exported(page: Summary) -> Iterator[str]:
    """The counts in a page's files that are not on the page."""
    changes = [page.total, *(line.change for line in (*page.groups, *page.wards))]
    changes += [one.change for one in page.measures.values()]
    on_page = {figure.count for change in changes for figure in (change.latest, change.before)}
    on_page |= {each.figure.count for each in page.months} | {page.unplaced.count if page.unplaced else None}
    said = exports.as_dict(page)
    lines = [said["total"], *said["groups"], *said["wards"], *said["measures"]]
    exported = [line[year] for line in lines for year in ("latest", "before")]
    exported += [each["count"] for each in said["months"]] + [said["unplaced"]]
    yield from (str(count) for count in exported if count not in on_page)


# --- Reports ---------------------------------------------------------------------------------------------------------


def _told_in_report(
    report: FrozenReport, measured: Mapping[str, Line]
) -> Iterator[tuple[Line, Sequence[dt.date], Figure]]:
    """Each count of a frozen report: of what, over which months."""
    for told in report.figures:
        figure = _as_figure(told.shown)
        kind, _, rest = told.key.partition(":")
        code, _, month = rest.rpartition(":")
        line = measured.get(code) if kind == "measure" else (_BREAKDOWNS[kind], code)
        if figure is not None and line is not None:
            last = parse_month(month)
            yield line, [last] if kind == "month" else _year_to(last), figure
    for part in report.document.parts:
        found = _UNPLACED.match(part.text) if isinstance(part, Paragraph) else None
        figure = _as_figure(found[1]) if found else None
        if figure is not None:
            yield ("wards", ""), _year_to(report.last_month), figure


_BREAKDOWNS = {"total": TOTAL[0], "month": TOTAL[0], "group": "groups", "ward": "wards"}
"""What a figure of a report counts, by how its key begins; of measures apart."""


def _year_to(last: dt.date) -> list[dt.date]:
    return [months_before(last, back) for back in range(12)]


def _as_figure(shown: str) -> Figure | None:
    """A count as a report writes it; None where it is none, as a share of people asked."""
    if _HIDDEN.fullmatch(shown):
        return Figure(None, is_hidden=True)
    return Figure(int(shown.replace(",", ""))) if _COUNT.fullmatch(shown) else None


def _only_in(report: FrozenReport) -> Iterator[str]:
    """The counts that a report shows somewhere and that none of its figures tells."""
    for label, cell in _counts_in(report.document):
        is_told = any(told.shown == cell.shown and told.label.startswith(label) for told in report.figures)
        if cell != NOTHING and not is_told:
            yield f"{label}: {cell.shown}"


def _counts_in(document: Document) -> Iterator[tuple[str, Cell]]:
    """Every count in a document's tables, charts and key figures, with the name of its row."""
    for part in document.parts:
        if isinstance(part, KeyFigure) and not part.figure.shown.endswith("%"):
            yield part.label, part.figure
        table = part.table if isinstance(part, Chart) else part
        if not isinstance(table, Table) or table.title.startswith(_EARLIER):
            continue
        of_line = f"{part.series[0].name}, {_YEARS} " if isinstance(part, Chart) and part.label_title == _YEARS else ""
        for row in table.rows:
            for column, cell in zip(table.columns, row, strict=True):
                if column.kind is Kind.NUMBER:
                    yield of_line + row[0].shown, cell
