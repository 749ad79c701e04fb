"""A summary's counts, read and kept in, and the lines that are made of what is released. Knows no comparison."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import replace

import geopandas as gpd
import numpy as np
import pandas as pd

from hub.access import Policy, Released, Viewer
from hub.places import service as places
from hub.summaries.changes import Change, beside, figures_of, likely_rates, rate_sentence, rates, ward_sentence
from hub.summaries.lines import Denominator, Line, MonthFigure, figure_key
from hub.summaries.releases import Counts, Period, Years
from hub.uploads import figures
from hub.uploads.kinds import DatasetKind
from hub.words import listed

# --- Counting --------------------------------------------------------------------------------------------------------


def counts_of(
    viewer: Viewer, area: places.Area, kind: DatasetKind, policy: Policy, period: Period, live: pd.DataFrame
) -> tuple[Counts, Counts]:
    """What is counted by ward, and by offence group and subgroup."""
    missing = frozenset(period.months).difference(live["month"])

    def counted(*by: str) -> pd.DataFrame:
        return figures.ward_counts(
            viewer,
            area.borough_codes,
            kind.key,
            first_month=period.months[0],
            last_month=period.last_month,
            by=("borough_code", "month", *by),
        )

    wards, groups = ("ward_code",), ("offence_group", "offence_subgroup")
    if kind.has_points:  # One by one, where counts are added up: it takes as long for both as for either.
        by_ward = by_group = counted(*wards, *groups)
    else:
        by_ward, by_group = counted(*wards), counted(*groups)
    placed = by_ward.assign(is_placed=by_ward["ward_code"].notna())
    of_wards = Counts(viewer, area.slug, kind.key, policy, period, missing, placed)
    return of_wards, replace(of_wards, rows=by_group)


def groups_of(counts: Counts) -> tuple[list[str], Years]:
    """Count by offence group. An aggregate reader who saw a group without any figure would know that it is not nil."""
    names = sorted(counts.rows["offence_group"].unique())
    years = counts.years("offence_group", names)
    if not years.latest.is_rounded:
        return names, years
    shown = years.are_shown
    return [name for name, is_shown in zip(names, shown, strict=True) if is_shown], years.only(shown)


def unplaced_of(counts: Counts, kind: DatasetKind) -> Years | None:
    """Count what is not placed in a ward; None where that is none because the source leaves it out."""
    years = counts.years("is_placed", [False])
    return None if kind.caveat and not (years.latest.counts > 0).any() else years


def denominator_of(viewer: Viewer, area: places.Area) -> Denominator | None:
    """Get the residents that the borough's rates are set against."""
    found = places.borough_residents(viewer.session, area.borough_codes).get(area.slug)
    return Denominator(found.residents, f"{found.source} {found.year}") if found else None


# --- Lines -----------------------------------------------------------------------------------------------------------


def lines_of(
    kind: str,
    period: Period,
    names: Iterable[str],
    codes: Iterable[str],
    judged: Iterable[Change],
    of_residents: Iterable[float | None],
) -> tuple[Line, ...]:
    """Name each change, with its rate."""
    return tuple(
        Line(name, code, change, rate, figure_key(kind, code, period.last_month))
        for name, code, change, rate in zip(names, codes, judged, of_residents, strict=True)
    )


def ward_lines_of(
    period: Period, wards: gpd.GeoDataFrame, judged: Iterable[Change], years: Years, of_borough: float | None
) -> tuple[Line, ...]:
    """Name each ward's change, with its rate, its likely range and how it stands to the borough."""
    residents = wards["residents"].to_numpy(dtype=np.float64)
    of_residents = rates(years.latest.counts, residents)
    lines = lines_of("ward", period, wards["ward_name"], wards.index, judged, of_residents)
    likely = likely_rates(years.latest, residents)
    named = (
        replace(line, likely=ends, beside=beside(ends, of_borough)) for line, ends in zip(lines, likely, strict=True)
    )
    return tuple(sorted(named, key=lambda line: (line.name, line.code)))


def where_sentence(wards: Sequence[Line]) -> str:
    """Say in which wards crime changed, and which have more for their residents than the borough."""
    said = [ward_sentence([(line.name, line.change) for line in wards])]
    above = [line.name for line in wards if line.beside == "above"]
    said.append(rate_sentence(above, sum(line.beside == "below" for line in wards)))
    return " ".join(sentence for sentence in said if sentence)


def ward_denominator(wards: gpd.GeoDataFrame) -> str:
    """Say whose count of residents the wards' rates are set against."""
    known = wards[wards["residents"].notna()]
    return listed(sorted(set(known["residents_source"] + " " + known["residents_year"].astype(str))))


def months_of(period: Period, months: Years, provisional: frozenset[dt.date]) -> tuple[MonthFigure, ...]:
    """Give every month's offences, oldest first."""
    counted = [*figures_of(months.before), *figures_of(months.latest)]
    return tuple(
        MonthFigure(month, figure, month in provisional) for month, figure in zip(period.months, counted, strict=True)
    )


def percent_of(part: Released, whole: Released) -> float | None:
    """Per cent; None where either is not known or not shown, or there is nothing to share."""
    share = 100 * part.counts[0] / whole.counts[0] if whole.counts[0] else np.nan
    return None if np.isnan(share) else float(share)
