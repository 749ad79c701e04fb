"""A summary as a file: one page that opens anywhere and prints, or the same figures as JSON."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
from markupsafe import Markup

from hub import audit
from hub.access import Viewer
from hub.documents.rendering import render
from hub.errors import BadRequest
from hub.measures.definitions import Measure
from hub.places import service as places
from hub.purposes import NO_PURPOSE, Handover, Purpose
from hub.summaries.changes import Change
from hub.summaries.charts import pictures
from hub.summaries.lines import Line
from hub.summaries.service import Summary
from hub.words import MARKING, month_code

PACKAGE = Path(__file__).resolve().parents[1]


def write(viewer: Viewer, summary: Summary, path: Path, purpose: Purpose = NO_PURPOSE) -> dict[str, Any]:
    """Write a summary to a file, on the record, and say what was written.

    Raises
    ------
    BadRequest
        If the name does not end with .html or .json, or the file cannot be written.
    """
    makers: dict[str, Callable[[Viewer, Summary, Handover], bytes]] = {".html": as_page, ".json": as_json}
    maker = makers.get(path.suffix.lower())
    if maker is None:
        raise BadRequest(f"'{path.name}' ends with neither .html nor .json.", remedy="Give --output such a name.")
    handover = Handover(viewer.name, dt.datetime.now(dt.UTC), purpose)
    content = maker(viewer, summary, handover)
    try:
        path.write_bytes(content)
    except OSError as error:
        raise BadRequest(f"'{path}' cannot be written: {error.strerror}.", remedy="Choose another place.") from error
    audit.record(
        viewer,
        "summary.exported",
        summary.borough_code,
        boroughs=[summary.borough_code],
        to=month_code(summary.last_month),
        kind=path.suffix.lower(),
        purpose=purpose.key,
        purpose_words=purpose.words,
    )
    return {"output": str(path), "handover": handover.as_dict(), **as_dict(summary)}


def as_dict(summary: Summary) -> dict[str, Any]:
    """The figures under the names that officers' scripts depend on. A count that is not shown is null."""
    residents = summary.denominator
    return {
        "marking": MARKING,
        "borough_code": summary.borough_code,
        "borough_name": summary.borough_name,
        "first_month": month_code(summary.first_month),
        "last_month": month_code(summary.last_month),
        "headline": summary.headline,
        "about_total": summary.about_total,
        "measures": [_measured(summary, one) for one in summary.first if one.code in summary.measures],
        "detail": summary.detail,
        "where": summary.where,
        "total": _change(summary.total),
        "rate_per_1000": summary.rate,
        "rate_per_1000_before": summary.rate_before,
        "denominator": {"residents": residents.residents, "source": residents.source} if residents else None,
        "groups": [_line(line) for line in summary.groups],
        "wards": [_line(line) for line in summary.wards],
        "wards_changed": summary.wards_changed,
        "ward_denominator": summary.ward_denominator,
        "boundary_set": summary.boundary_set,
        "unplaced": summary.unplaced.count if summary.unplaced else None,
        "unplaced_percent": summary.unplaced_percent,
        "months": [
            {"month": month_code(each.month), "count": each.figure.count, "is_provisional": each.is_provisional}
            for each in summary.months
        ],
        "missing": [month_code(month) for month in summary.missing],
        "withheld": sorted(summary.withheld),
        "dataset": summary.dataset,
        "measure": summary.measure,
        "caveat": summary.caveat,
        "extract_date": summary.extract_date.isoformat(),
        "versions": list(summary.versions),
        "is_rounded": summary.is_rounded,
    }


def as_json(_viewer: Viewer, summary: Summary, handover: Handover) -> bytes:
    """The figures as JSON."""
    return orjson.dumps(as_dict(summary) | {"handover": handover.as_dict()}, option=orjson.OPT_INDENT_2)


def as_page(viewer: Viewer, summary: Summary, handover: Handover) -> bytes:
    """One self-contained page, with its pictures and styles inside."""
    styles = (PACKAGE / "static" / "summary.css").read_text("utf-8")
    page = render(
        "summaries/file.html",
        summary=summary,
        pictures=pictures(viewer, summary),
        card_of=None,
        styles=Markup(styles),  # noqa: S704 - our own stylesheet
        marking=MARKING,
        handover=handover,
        city=places.city(viewer.session),
    )
    return page.encode()


def _line(line: Line) -> dict[str, Any]:
    return {"name": line.name, "code": line.code, "rate_per_1000": line.rate, **_change(line.change)}


def _measured(summary: Summary, measure: Measure) -> dict[str, Any]:
    found, area, beside = summary.measures[measure.code], summary.police_area, summary.beside.get(measure.code)
    return {
        "code": measure.code,
        "title": measure.title,
        "key": found.key,
        **_change(found.change),
        "rate_per_1000": found.rate,
        "rate_per_1000_before": found.rate_before,
        "rate_per_1000_of_police_area": found.area_rate,
        "police_area": area.words if area else None,
        "compared_with": {
            "title": beside.comparison.title,
            "name": beside.name,
            "rate_per_1000": beside.rate,
            "count": beside.count.count if beside.count else None,
            "denominator": beside.denominator,
            "stands": beside.stands,
            "to_verify": beside.comparison.to_verify,
            "why_not": beside.why_not,
        }
        if beside
        else None,
        "why_not": found.why_not,
    }


def _change(change: Change) -> dict[str, Any]:
    between = change.percent_between
    return {
        "latest": change.latest.count,
        "before": change.before.count,
        "difference": change.difference,
        "percent": change.percent,
        "percent_between": list(between) if between else None,
        "verdict": change.verdict.value,
        "spread": change.spread,
    }
