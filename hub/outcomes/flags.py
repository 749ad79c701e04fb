"""Measures that are marks on offences, such as knife injury, for those who see exact counts.

Their victims are often under 18, so that nobody else is given a figure; and none is ever added to offences.
"""

from __future__ import annotations

from dataclasses import replace

from hub.access import Permission, Viewer
from hub.summaries.changes import changes, rates
from hub.summaries.lines import Measured
from hub.summaries.releases import Counts, Period
from hub.summaries.service import Summary
from hub.summaries.spreads import spread_of
from hub.uploads import figures
from hub.uploads.kinds import DatasetKind, catalogue


def flagged(viewer: Viewer, summary: Summary) -> dict[str, Measured]:
    """Work out the flags of the summary's years, by the measure's code, where the latest year is loaded whole."""
    if not viewer.may(Permission.EXACT_COUNTS, {summary.borough_code}):
        return {}
    wanted = {code: one for code, one in summary.measures.items() if one.measure.flag}
    found: dict[str, Measured] = {}
    for kind in catalogue(viewer.session).values():
        if wanted and kind.measure == "flags":
            counts = _counts(viewer, summary, kind)
            known = set(counts.rows["offence_group"]) if counts.missing.isdisjoint(counts.period.latest) else set()
            found |= {
                code: _measured(one, summary, counts) for code, one in wanted.items() if one.measure.flag in known
            }
    return found


def _counts(viewer: Viewer, summary: Summary, kind: DatasetKind) -> Counts:
    period, code = Period(summary.last_month), summary.borough_code
    live = figures.coverage(viewer, [code], kind.key)
    rows = figures.ward_counts(
        viewer,
        [code],
        kind.key,
        first_month=period.months[0],
        last_month=period.last_month,
        by=("month", "offence_group"),
    )
    missing = frozenset(period.months).difference(live["month"])
    return Counts(viewer, code, kind.key, summary.policy, period, missing, rows)


def _measured(blank: Measured, summary: Summary, counts: Counts) -> Measured:
    flag = [blank.measure.flag]
    years, (spread,) = counts.years("offence_group", flag), spread_of(counts.by_month("offence_group", flag))
    people = [float(summary.denominator.residents) if summary.denominator else float("nan")]
    (change,) = changes(years.latest, years.before, spread)
    return replace(
        blank,
        change=change,
        rate=rates(years.latest.counts, people)[0],
        rate_before=rates(years.before.counts, people)[0],
        denominator=summary.denominator,
        compared=1,
        why_not="",
    )
