"""Makes overlays: has what is counted scored, says how it was worked out, and keeps the answer.

An overlay is named by everything it was made from, so that a new version of the data makes a new one by itself.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import geopandas as gpd
import orjson
import pandas as pd
import shapely
from sqlalchemy import delete, select

from geo import boundaries
from geo.frames import NATIONAL_GRID, GeoError, Geometry
from geo.harm import WeightSet
from geo.rates import rate_per
from hub import db
from hub.access import Permission, Viewer
from hub.db import HubSession
from hub.errors import BadRequest
from hub.hotspots import agencies, changes, editions, emergence, harms, scoring, weights
from hub.hotspots.checking import ALL_CRIME, Question, understood
from hub.hotspots.editions import Carried
from hub.hotspots.facts import Beside, VersionUsed
from hub.hotspots.models import HotspotRun
from hub.hotspots.overlays import Overlay
from hub.hotspots.scoring import METHOD_VERSION, Method, Scores, Units
from hub.hotspots.sources import (
    Ground,
    Source,
    choose_common_wards,
    choose_source,
    choose_wards,
    count_by_ward,
    other_agencies,
    points_and_total,
    points_of,
)
from hub.hotspots.wording import listed
from hub.places import service as places
from hub.places.service import Area
from hub.uploads import figures
from hub.uploads.classification import ANTI_SOCIAL_BEHAVIOUR
from hub.uploads.kinds import catalogue
from hub.words import months_before

MONTHS_SHOWN_FIRST = 12
RUNS_KEPT_FOR_AN_AREA = 200


@dataclass(frozen=True)
class Choices:
    """What can be asked of an area that has data."""

    months: tuple[dt.date, ...]
    """Newest first."""
    first_month: dt.date
    """With `last_month`, the period when none is chosen."""
    last_month: dt.date
    categories: Mapping[str, Sequence[tuple[str, Sequence[str]]]]
    """For each dataset, by its title: offence groups, each with its subgroups."""
    beside: Mapping[str, str]
    """What police figures can be set beside in wards: the title of each dataset, by its key."""


def choices(viewer: Viewer, area: Area) -> Choices | None:
    """Tell what can be asked of an area; None while nothing has been uploaded for it.

    Raises
    ------
    NoAgreement
        If all that has been uploaded may not be seen.
    """
    viewer.require(Permission.OVERLAY_READ, area.borough_codes)
    live = figures.coverage(viewer, area.borough_codes)
    if live.empty:
        figures.refuse_closed(viewer, area.borough_codes)
        return None
    boroughs_with_data = live.groupby("month")["borough_code"].nunique()
    last_month = max(boroughs_with_data.index[boroughs_with_data == boroughs_with_data.max()])
    months = sorted(set(live["month"]), reverse=True)
    kinds = [kind for kind in catalogue(viewer.session).values() if kind.has_wards and kind.key in set(live["dataset"])]
    return Choices(
        months=tuple(months),
        first_month=max(months[-1], months_before(last_month, MONTHS_SHOWN_FIRST - 1)),
        last_month=last_month,
        categories={kind.title: figures.categories(viewer, area.borough_codes, kind.key) for kind in kinds},
        beside={kind.key: kind.title for kind in other_agencies({kind.key: kind for kind in kinds}, Units.WARDS)},
    )


def overlay(
    viewer: Viewer,
    area: Area,
    *,
    units: str,
    method: str,
    category: str | None,
    first_month: dt.date,
    last_month: dt.date,
    dataset: str | None = None,
    cell_metres: int | None = None,
    bandwidth_metres: float | None = None,
    boundary_set: str | None = None,
    beside: str | None = None,
) -> Overlay:
    """Work out where offences concentrate in an area, or read back what was worked out from the same inputs.

    Parameters
    ----------
    viewer, area
        Who asks, and about where. Counts of small places are exact, so all of the area must be theirs to see so.
    units : wards or cells
    method : rate for wards, density for cells, gi_star, change, emerging, harm or agencies for both
        The count comes with each. A change is against the same months a year before or, where more of them is live,
        the equally long period just before. Emerging classes follow the two years to the last month.
    category : str, optional
        An offence group or subgroup in any case; all recorded crime unless given.
    first_month, last_month : date
        The period, both months in it.
    dataset : str, optional
        The key of a dataset kind. Unless given: for wards the one with most months of the period, ward-level files
        before points placed in wards; for cells points.
    cell_metres, bandwidth_metres : optional
        Chosen, and said, unless given.
    boundary_set : str, optional
        The code of the wards that points are placed in; the newest unless given.
    beside : str, optional
        For agencies, the key of the other's dataset; unless given the one with most months in common,
        and of those the one that most boroughs have.

    Raises
    ------
    BadRequest
        If the question makes no sense, or the data cannot answer it.
    NoFigures
        If nothing has been uploaded for the area.
    NoAgreement
        If what was asked for has been uploaded, and no sharing agreement lets it be seen.
    """
    viewer.require(Permission.OVERLAY_READ, area.borough_codes)
    viewer.require(Permission.EXACT_COUNTS, area.borough_codes)
    question = understood(
        units=units,
        method=method,
        category=category,
        first_month=first_month,
        last_month=last_month,
        dataset=dataset,
        cell_metres=cell_metres,
        bandwidth_metres=bandwidth_metres,
        boundary_set=boundary_set,
        beside=beside,
    )
    source = choose_source(viewer, area, question)
    weight_set = weights.in_use(viewer.session) if question.method is Method.HARM else None
    wards_of = choose_common_wards(viewer, question, source)
    wards = places.wards(viewer.session, wards_of.id, area.borough_codes)
    wards_before = choose_wards(viewer, question, source.earlier) if source.months_before else None
    outline = _outline(viewer, source) if question.units is Units.CELLS else None
    inputs = _inputs(question, source, wards_of, wards_before, outline) | _more_inputs(source, weight_set)
    by_ward = [each for each in (source, source.beside) if each is not None and outline is None]
    for each in by_ward:
        inputs |= editions.name_of(viewer, each, wards_of)
    inputs_hash = hashlib.sha256(orjson.dumps(inputs, option=orjson.OPT_SORT_KEYS)).hexdigest()
    kept = _kept(viewer, area, inputs_hash)
    scores = kept or _scored(viewer, question, source, wards_of, wards_before, wards, outline, weight_set)
    names = {borough.code: borough.name for borough in places.boroughs(viewer.session, area.borough_codes)}
    city = places.city(viewer.session)
    return Overlay(
        question=question,
        area_slug=area.slug,
        area_name=area.name,
        area_key=area.key,
        category=source.category or ALL_CRIME,
        months=source.months,
        months_before=source.months_before,
        gaps=source.gaps,
        provisional=_provisional(source),
        dataset=source.kind.key,
        dataset_title=source.kind.title,
        measure=source.kind.measure,
        has_points=source.kind.has_points,
        versions=_versions(source, names),
        boundary_set=wards_of.code,
        boundary_set_before=wards_before.code if wards_before else "",
        denominator=_denominator(wards),
        attribution=city.attribution if city else "",
        scores=scores,
        table=_ward_table(scores, wards, names) if outline is None else _cell_table(scores),
        outlines=wards.geometry if outline is None else _squares(scores),
        inputs=inputs,
        inputs_hash=inputs_hash,
        is_kept=kept is not None,
        weight_set=weight_set,
        beside=_beside(source.beside, names) if source.beside else None,
        carried_over=tuple(over for each in by_ward for over in editions.carried_over(viewer, each, wards_of)),
        set_aside=source.set_aside,
    )


def keep(viewer: Viewer, overlay: Overlay) -> None:
    """Keep what was worked out, unless it is kept already; forget the oldest of the area beyond a limit."""
    keep_result(viewer, overlay.area_key, overlay.inputs_hash, overlay.inputs, overlay.scores.to_bytes())


def keep_result(viewer: Viewer, key: str, inputs_hash: str, inputs: Mapping[str, Any], result: bytes) -> None:
    """Keep anything that was worked out for the area of this key, named by all that it was made of."""
    session = viewer.session
    db.lock(session, f"hotspots:{key}")
    if kept_result(viewer, key, inputs_hash) is not None:
        return
    session.add(
        HotspotRun(
            area_key=key,
            inputs_hash=inputs_hash,
            inputs=dict(inputs),
            result=result,
            computed_at=dt.datetime.now(dt.UTC),
        )
    )
    session.flush()
    of_area = select(HotspotRun.id).where(HotspotRun.area_key == key)
    newest = session.scalars(of_area.order_by(HotspotRun.id.desc()).limit(RUNS_KEPT_FOR_AN_AREA)).all()
    session.execute(delete(HotspotRun).where(HotspotRun.area_key == key, HotspotRun.id < min(newest)))


def kept_result(viewer: Viewer, key: str, inputs_hash: str) -> bytes | None:
    """Read back what `keep_result` kept under this name."""
    return viewer.session.scalar(
        select(HotspotRun.result).where(HotspotRun.area_key == key, HotspotRun.inputs_hash == inputs_hash)
    )


def forget(session: HubSession, borough_codes: Collection[str]) -> None:
    """Delete all that was worked out from the figures of some boroughs; the session must see every area."""
    keys = session.scalars(select(HotspotRun.area_key).distinct()).all()
    touched = [key for key in keys if not set(borough_codes).isdisjoint(key.split("+"))]
    session.execute(
        delete(HotspotRun).where(HotspotRun.area_key.in_(touched)).execution_options(synchronize_session=False)
    )


# --- Counting and scoring --------------------------------------------------------------------------------------------


def _scored(
    viewer: Viewer,
    question: Question,
    source: Source,
    wards_of: Ground,
    wards_before: Ground | None,
    wards: gpd.GeoDataFrame,
    outline: Geometry | None,
    weight_set: WeightSet | None,
) -> Scores:
    try:
        if weight_set is not None:
            return _weighed(viewer, question, source, wards_of, wards, outline, weight_set)
        if source.beside is not None:
            return _set_beside(viewer, question, source, source.beside, wards_of, wards, outline)
        if wards_before is not None:
            return _compared(viewer, question, source, wards_of, wards_before, wards, outline)
        if question.method is Method.EMERGING:
            return _followed(viewer, question, source, wards_of, wards, outline)
        if outline is not None:
            points, total = points_and_total(viewer, source)
            return scoring.score_cells(
                points,
                outline,
                wards,
                total=total,
                method=question.method,
                cell_metres=question.cell_metres,
                bandwidth_metres=question.bandwidth_metres,
            )
        carried = editions.counted(viewer, source, wards_of)
        counts = _in_wards(viewer, source, wards_of, wards, carried.by_ward)
        total = int(carried.rows["count"].sum())
        return _with_shared_out(scoring.score_wards(wards, counts, total=total, method=question.method), carried)
    except GeoError as error:
        sentence, _, remedy = str(error).partition(". ")
        raise BadRequest(f"{sentence}.", remedy=remedy) from error


def _compared(
    viewer: Viewer,
    question: Question,
    source: Source,
    wards_of: Ground,
    wards_before: Ground,
    wards: gpd.GeoDataFrame,
    outline: Geometry | None,
) -> Scores:
    exposure_ratio = changes.days_of(source.months) / changes.days_of(source.months_before)
    if outline is not None:
        points, total = points_and_total(viewer, source)
        return changes.compare_cells(
            points_of(viewer, source.earlier),
            points,
            outline,
            wards,
            total=total,
            exposure_ratio=exposure_ratio,
            cell_metres=question.cell_metres,
        )
    by_ward = count_by_ward(viewer, source)
    now = _in_wards(viewer, source, wards_of, wards, by_ward)
    if wards_before == wards_of:
        before = _in_wards(viewer, source.earlier, wards_of, wards, count_by_ward(viewer, source.earlier))
    else:
        older = places.wards(viewer.session, wards_before.id, source.borough_codes)
        before = _in_wards(viewer, source.earlier, wards_before, older, count_by_ward(viewer, source.earlier))
        before = before.reindex(changes.unchanged_wards(wards, older))
    return changes.compare_wards(wards, before, now, total=int(by_ward.sum()), exposure_ratio=exposure_ratio)


def _followed(
    viewer: Viewer,
    question: Question,
    source: Source,
    wards_of: Ground,
    wards: gpd.GeoDataFrame,
    outline: Geometry | None,
) -> Scores:
    if outline is not None:
        (points, total), side = points_and_total(viewer, source, by_month=True), question.cell_metres
        return emergence.follow_cells(points, source.months, outline, wards, total=total, cell_metres=side)
    covered = wards[wards["borough_code"].isin(source.borough_codes)]
    if _is_placed_anew(source, wards_of):
        points, total = points_and_total(viewer, source, by_month=True)
        placed = points.assign(ward_code=scoring.wards_at(points, covered))
        counted = placed.groupby(["ward_code", "month"])["count"].sum()
    else:
        counted = count_by_ward(viewer, source, by_month=True)
        total = int(counted.sum())
    by_month = counted.unstack("month").reindex(index=covered.index, columns=list(source.months)).fillna(0)
    return emergence.follow_wards(wards, by_month, total=total)


def _weighed(
    viewer: Viewer,
    question: Question,
    source: Source,
    wards_of: Ground,
    wards: gpd.GeoDataFrame,
    outline: Geometry | None,
    weight_set: WeightSet,
) -> Scores:
    carried = editions.counted(viewer, source, wards_of, by=["offence_group", "offence_subgroup"])
    rows = carried.rows
    if outline is not None:
        points, side = points_of(viewer, source, by_category=True), question.cell_metres
        scores = harms.weigh_cells(points, outline, wards, weight_set, rows=rows, cell_metres=side)
    else:
        placed = rows
        if _is_placed_anew(source, wards_of):
            points = points_of(viewer, source, by_category=True)
            placed = points.assign(ward_code=scoring.wards_at(points, wards))
        scores = harms.weigh_wards(wards, placed, weight_set, rows=rows, borough_codes=source.borough_codes)
        scores = _with_shared_out(scores, carried)
    if source.category is None and source.kind.has_points:
        nuisance = count_by_ward(viewer, replace(source, category=ANTI_SOCIAL_BEHAVIOUR))
        return replace(scores, left_out={**scores.left_out, ANTI_SOCIAL_BEHAVIOUR: int(nuisance.sum())})
    return scores


def _set_beside(
    viewer: Viewer,
    question: Question,
    source: Source,
    other: Source,
    wards_of: Ground,
    wards: gpd.GeoDataFrame,
    outline: Geometry | None,
) -> Scores:
    if outline is not None:
        (police, total), (others, total_beside) = (points_and_total(viewer, each) for each in (source, other))
        return agencies.compare_cells(
            police,
            others,
            outline,
            wards,
            total=total,
            total_beside=total_beside,
            cell_metres=question.cell_metres,
        )
    carried = [editions.counted(viewer, each, wards_of) for each in (source, other)]
    now, beside = (
        _in_wards(viewer, each, wards_of, wards, of_it.by_ward)
        for each, of_it in zip((source, other), carried, strict=True)
    )
    total, total_beside = (int(of_it.rows["count"].sum()) for of_it in carried)
    scores = agencies.compare_wards(wards, now, beside, total=total, total_beside=total_beside)
    return _with_shared_out(scores, *carried)


def _in_wards(
    viewer: Viewer, source: Source, wards_of: Ground, wards: gpd.GeoDataFrame, by_ward: pd.Series[int]
) -> pd.Series[float]:
    """Count in the wards of the boroughs with data; points that were placed in other wards are placed anew."""
    covered = wards[wards["borough_code"].isin(source.borough_codes)]
    if _is_placed_anew(source, wards_of):
        return scoring.count_in_wards(points_of(viewer, source), covered)
    return by_ward.reindex(covered.index, fill_value=0).astype(float)


def _is_placed_anew(source: Source, wards_of: Ground) -> bool:
    """Whether points were placed in other wards than these."""
    return source.kind.has_points and set(source.used["boundary_set_id"]) != {wards_of.id}


def _with_shared_out(scores: Scores, *carried: Carried) -> Scores:
    """Add how much of each ward's figure was shared out from wards that were split, where any was."""
    if all(of_it.shared_out.empty for of_it in carried):
        return scores
    index = scores.table.index
    shared_out = sum(of_it.shared_out.reindex(index, fill_value=0.0).to_numpy() for of_it in carried)
    return replace(scores, table=scores.table.assign(shared_out=shared_out))


def _outline(viewer: Viewer, source: Source) -> Geometry:
    outline: Geometry = boundaries.outline(places.borough_outlines(viewer.session, source.borough_codes))
    return outline


# --- Keeping ---------------------------------------------------------------------------------------------------------


def _inputs(
    question: Question, source: Source, wards_of: Ground, wards_before: Ground | None, outline: Geometry | None
) -> dict[str, Any]:
    """Everything that the scores follow from: as long as none of it changes, neither do they."""
    compared = {
        "versions_before": source.earlier.months_by_version,
        "wards_before": wards_before.content_hash if wards_before else None,
    }
    return (compared if source.months_before else {}) | {
        "method_version": METHOD_VERSION,
        "units": question.units,
        "method": question.method,
        "dataset": source.kind.key,
        "category": source.category,
        "versions": source.months_by_version,
        "wards": wards_of.content_hash,
        "outline": hashlib.sha256(outline.wkb).hexdigest() if outline is not None else None,
        "cell_metres": question.cell_metres,
        "bandwidth_metres": question.bandwidth_metres,
    }


def _more_inputs(source: Source, weight_set: WeightSet | None) -> dict[str, Any]:
    """What harm, or another agency, adds to them."""
    more: dict[str, Any] = {}
    if weight_set is not None:
        said = {"name": weight_set.name, "version": weight_set.version, "dated": weight_set.dated.isoformat()}
        more["weights"] = said | {"cap": weight_set.cap, "weights": dict(weight_set.weights)}
    if source.beside is not None:
        more |= {"beside": source.beside.kind.key, "versions_beside": source.beside.months_by_version}
    return more


def _kept(viewer: Viewer, area: Area, inputs_hash: str) -> Scores | None:
    result = kept_result(viewer, area.key, inputs_hash)
    return None if result is None else Scores.from_bytes(result)


# --- What an overlay says of itself ----------------------------------------------------------------------------------


def _ward_table(scores: Scores, wards: gpd.GeoDataFrame, borough_names: Mapping[str, str]) -> pd.DataFrame:
    counts = scores.table["count"]
    boroughs = wards["borough_code"].map(borough_names)
    is_common = wards["ward_name"].duplicated(keep=False)
    named = wards[["ward_name", "borough_code"]].assign(
        label=wards["ward_name"].where(~is_common, wards["ward_name"] + " (" + boroughs + ")"),
        borough_name=boroughs,
        population=wards["residents"],
        rate_per_1000=rate_per(counts, wards["residents"]),
    )
    if "harm" in scores.table:
        named["harm_per_1000"] = rate_per(scores.table["harm"], wards["residents"])
    return named.join(scores.table)


def _cell_table(scores: Scores) -> pd.DataFrame:
    return scores.table.assign(label=scores.table.index)


def _squares(scores: Scores) -> gpd.GeoSeries:
    west, south, side = scores.table["west"], scores.table["south"], scores.cell_metres or 0
    return gpd.GeoSeries(
        shapely.box(west, south, west + side, south + side), index=scores.table.index, crs=NATIONAL_GRID
    )


def _versions(source: Source, borough_names: Mapping[str, str]) -> tuple[VersionUsed, ...]:
    used = pd.concat([source.used, source.earlier.used]) if source.months_before else source.used
    used = used.drop_duplicates("public_id").sort_values(["borough_code", "number"])
    return tuple(
        VersionUsed(code, borough_names[code], str(public_id), number, extract_date)
        for code, public_id, number, extract_date in zip(
            used["borough_code"], used["public_id"], used["number"], used["extract_date"], strict=True
        )
    )


def _beside(other: Source, borough_names: Mapping[str, str]) -> Beside:
    return Beside(other.kind.key, other.kind.title, _versions(other, borough_names), _provisional(other))


def _provisional(source: Source) -> tuple[dt.date, ...]:
    """The months counted that are among the latest of their extract, which its source is still likely to revise."""
    latest = {
        month
        for _, months in source.live.groupby("borough_code")["month"]
        for month in sorted(months)[-source.kind.provisional_months :]
    }
    return tuple(month for month in sorted({*source.months, *source.months_before}) if month in latest)


def _denominator(wards: gpd.GeoDataFrame) -> str:
    """Say whose count of residents rates are set against."""
    known = wards[wards["residents"].notna()]
    said = (known["residents_source"] + " " + known["residents_year"].astype(str)).unique()
    return f"{listed(sorted(said))} residents" if len(said) else ""
