"""Makes overlays: decides what is counted, over which months and ground, has it scored, and keeps the answer.

An overlay is named by everything it was made from, so that a new version of the data makes a new one by itself.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import orjson
import pandas as pd
import shapely
from sqlalchemy import delete, select

from geo import boundaries
from geo.frames import NATIONAL_GRID, GeoError, Geometry
from geo.rates import rate_per
from hub import db
from hub.access import Permission, Viewer
from hub.errors import BadRequest, HubError
from hub.hotspots import scoring
from hub.hotspots.checking import ALL_CRIME, Question, understood
from hub.hotspots.models import HotspotRun
from hub.hotspots.overlays import Gap, Overlay, VersionUsed, listed, said_months, said_span
from hub.hotspots.scoring import METHOD_VERSION, Scores, Units
from hub.places import service as places
from hub.places.service import Area
from hub.uploads import figures
from hub.uploads.kinds import DATASETS, DatasetKind
from hub.words import months_before

MONTHS_SHOWN_FIRST = 12
RUNS_KEPT_FOR_AN_AREA = 200


class NoFigures(HubError):
    """The area is the viewer's to see, and there is nothing in it yet."""

    status = 404
    title = "No figures yet"


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


@dataclass(frozen=True)
class _Source:
    """What is counted: a kind of dataset, a category of it (None for all), months and boroughs."""

    kind: DatasetKind
    category: str | None
    live: pd.DataFrame
    """The coverage of the kind in the area, for all months."""
    months: tuple[dt.date, ...]
    borough_codes: frozenset[str]
    gaps: tuple[Gap, ...]

    @property
    def used(self) -> pd.DataFrame:
        """The coverage of just the months and boroughs that are counted."""
        return self.live[self.live["month"].isin(self.months) & self.live["borough_code"].isin(self.borough_codes)]


def choices(viewer: Viewer, area: Area) -> Choices | None:
    """Tell what can be asked of an area; None while nothing has been uploaded for it."""
    viewer.require(Permission.OVERLAY_READ, area.borough_codes)
    live = figures.coverage(viewer, area.borough_codes)
    if live.empty:
        return None
    boroughs_with_data = live.groupby("month")["borough_code"].nunique()
    last_month = max(boroughs_with_data.index[boroughs_with_data == boroughs_with_data.max()])
    months = sorted(set(live["month"]), reverse=True)
    kinds = [kind for kind in DATASETS.values() if kind.has_wards and kind.key in set(live["dataset"])]
    return Choices(
        months=tuple(months),
        first_month=max(months[-1], months_before(last_month, MONTHS_SHOWN_FIRST - 1)),
        last_month=last_month,
        categories={kind.title: figures.categories(viewer, area.borough_codes, kind.key) for kind in kinds},
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
) -> Overlay:
    """Work out where offences concentrate in an area, or read back what was worked out from the same inputs.

    Parameters
    ----------
    viewer, area
        Who asks, and about where. Counts of small places are exact, so all of the area must be theirs to see so.
    units : wards or cells
    method : rate or gi_star for wards, gi_star or density for cells
        The count comes with each.
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

    Raises
    ------
    BadRequest
        If the question makes no sense, or the data cannot answer it.
    NoFigures
        If nothing has been uploaded for the area.
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
    )
    source = _source(viewer, area, question)
    wards_of = _boundary_set(viewer, question, source)
    wards = places.wards(viewer.session, wards_of.id, area.borough_codes)
    outline = _outline(viewer, source) if question.units is Units.CELLS else None
    inputs = _inputs(question, source, wards_of.content_hash, outline)
    inputs_hash = hashlib.sha256(orjson.dumps(inputs, option=orjson.OPT_SORT_KEYS)).hexdigest()
    kept = _kept(viewer, area, inputs_hash)
    scores = kept or _scored(viewer, question, source, wards_of, wards, outline)
    names = {borough.code: borough.name for borough in places.boroughs(viewer.session, area.borough_codes)}
    city = places.city(viewer.session)
    return Overlay(
        question=question,
        area_slug=area.slug,
        area_name=area.name,
        area_key=area.key,
        category=source.category or ALL_CRIME,
        months=source.months,
        gaps=source.gaps,
        provisional=_provisional(source),
        dataset=source.kind.key,
        dataset_title=source.kind.title,
        measure=source.kind.measure,
        has_points=source.kind.has_points,
        versions=_versions(source, names),
        boundary_set=wards_of.code,
        denominator=_denominator(wards),
        attribution=city.attribution if city else "",
        scores=scores,
        table=_ward_table(scores, wards, names) if outline is None else _cell_table(scores),
        outlines=wards.geometry if outline is None else _squares(scores),
        inputs=inputs,
        inputs_hash=inputs_hash,
        is_kept=kept is not None,
    )


def keep(viewer: Viewer, overlay: Overlay) -> None:
    """Keep what was worked out, unless it is kept already; forget the oldest of the area beyond a limit."""
    session, key = viewer.session, overlay.area_key
    db.lock(session, f"hotspots:{key}")
    same = select(HotspotRun.id).where(HotspotRun.area_key == key, HotspotRun.inputs_hash == overlay.inputs_hash)
    if session.scalar(same) is not None:
        return
    run = HotspotRun(
        area_key=key,
        inputs_hash=overlay.inputs_hash,
        inputs=overlay.inputs,
        result=overlay.scores.to_bytes(),
        computed_at=dt.datetime.now(dt.UTC),
    )
    session.add(run)
    session.flush()
    of_area = select(HotspotRun.id).where(HotspotRun.area_key == key)
    newest = session.scalars(of_area.order_by(HotspotRun.id.desc()).limit(RUNS_KEPT_FOR_AN_AREA)).all()
    session.execute(delete(HotspotRun).where(HotspotRun.area_key == key, HotspotRun.id < min(newest)))


# --- What is counted -------------------------------------------------------------------------------------------------


def _source(viewer: Viewer, area: Area, question: Question) -> _Source:
    """Choose the dataset, the category in it, the months and the boroughs, or say why nothing can be counted."""
    live = figures.coverage(viewer, area.borough_codes)
    if live.empty:
        raise NoFigures(
            f"No figures have been uploaded for {area.name}.",
            remedy="They appear here as soon as a CSP officer of its boroughs uploads and commits them.",
        )
    kinds = _kinds(question)
    covering = [kind for kind in kinds if _months_covered(live, kind, question)]
    if not covering:
        wanted = "points" if question.units is Units.CELLS else "figures"
        raise BadRequest(
            f"There are no {wanted} for {area.name} in {said_months(question.months)}.",
            remedy=_what_is_covered(live, kinds),
        )
    best = max(covering, key=lambda kind: _months_covered(live, kind, question))
    category = None
    if question.category is not None:
        known = {kind: _category(viewer, area, kind, question.category) for kind in covering}
        if not any(known.values()):
            groups = [group for group, _ in figures.categories(viewer, area.borough_codes, best.key)]
            raise BadRequest(
                f"There is no category '{question.category}' for {area.name} under {best.title}.",
                remedy=f"Choose one of: {', '.join(groups)}; or one of their subgroups.",
            )
        best = max((kind for kind in covering if known[kind]), key=lambda kind: _months_covered(live, kind, question))
        category = known[best]
    of_kind = live[live["dataset"] == best.key]
    months, borough_codes, gaps = _common_months(viewer, area, of_kind, question)
    return _Source(best, category, of_kind, months, borough_codes, gaps)


def _kinds(question: Question) -> list[DatasetKind]:
    """The kinds that could answer, the preferred first: ward-level files before points."""
    if question.dataset is not None and question.dataset not in DATASETS:
        raise BadRequest(
            f"There is no dataset called '{question.dataset}'.", remedy=f"Choose one of: {', '.join(DATASETS)}."
        )
    kinds = sorted(DATASETS.values(), key=lambda kind: kind.has_points)
    suited = [kind for kind in kinds if kind.has_points or (kind.has_wards and question.units is Units.WARDS)]
    if question.dataset is None:
        return [kind for kind in suited if kind.is_crime]
    chosen = [kind for kind in suited if kind.key == question.dataset]
    if not chosen:
        raise BadRequest(
            f"{DATASETS[question.dataset].title} have no points, which small areas need.",
            remedy=f"Choose wards, or one of: {', '.join(kind.key for kind in suited)}.",
        )
    return chosen


def _months_covered(live: pd.DataFrame, kind: DatasetKind, question: Question) -> int:
    of_kind = live[live["dataset"] == kind.key]
    return len(set(of_kind["month"]) & set(question.months))


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
class _Ground:
    """The boundary set that is used."""

    id: int
    code: str
    content_hash: str


def _boundary_set(viewer: Viewer, question: Question, source: _Source) -> _Ground:
    """Find the wards that the data is on; for points, the wards asked for or the newest."""
    sets = [_Ground(each.id, each.code, each.content_hash) for each in places.boundary_sets(viewer.session)]
    asked = next((each for each in sets if each.code == question.boundary_set), None)
    if question.boundary_set is not None and asked is None:
        raise BadRequest(
            f"There are no '{question.boundary_set}' wards.",
            remedy=f"Choose one of: {', '.join(each.code for each in sets)}.",
        )
    if source.kind.has_points:
        return asked or sets[0]
    counted_on = [each for each in sets if each.id in set(source.used["boundary_set_id"])]
    if len(counted_on) > 1:
        raise BadRequest(
            f"The period crosses a change of wards: {_said_sets(counted_on, source)}.",
            remedy="Choose months on one side of the change.",
        )
    if asked is not None and asked != counted_on[0]:
        raise BadRequest(
            f"These figures were counted on {counted_on[0].code} wards, not on {asked.code} wards.",
            remedy="Leave the wards out, or choose points, which can be placed in any wards.",
        )
    return counted_on[0]


def _said_sets(sets: Sequence[_Ground], source: _Source) -> str:
    said = []
    for each in sorted(sets, key=lambda ground: ground.code):
        months = source.used.loc[source.used["boundary_set_id"] == each.id, "month"]
        said.append(f"{said_span(sorted(set(months)))} on {each.code} wards")
    return listed(said)


# --- Counting and scoring --------------------------------------------------------------------------------------------


def _scored(
    viewer: Viewer,
    question: Question,
    source: _Source,
    wards_of: _Ground,
    wards: gpd.GeoDataFrame,
    outline: Geometry | None,
) -> Scores:
    by_ward = _counted(viewer, source)
    total = int(by_ward.sum())
    try:
        if outline is not None:
            return scoring.score_cells(
                _points(viewer, source),
                outline,
                wards,
                total=total,
                method=question.method,
                cell_metres=question.cell_metres,
                bandwidth_metres=question.bandwidth_metres,
            )
        covered = wards[wards["borough_code"].isin(source.borough_codes)]
        if set(source.used["boundary_set_id"]) != {wards_of.id}:
            counts = scoring.count_in_wards(_points(viewer, source), covered)
        else:
            counts = by_ward.reindex(covered.index, fill_value=0).astype(float)
        return scoring.score_wards(wards, counts, total=total, method=question.method)
    except GeoError as error:
        sentence, _, remedy = str(error).partition(". ")
        raise BadRequest(f"{sentence}.", remedy=remedy) from error


def _counted(viewer: Viewer, source: _Source) -> pd.Series[int]:
    """Count all there is by ward code, None among them where it is not placed in a ward."""
    parts = [
        figures.ward_counts(
            viewer,
            source.borough_codes,
            source.kind.key,
            first_month=first,
            last_month=last,
            category=source.category,
            by=("ward_code",),
        )
        for first, last in _runs(source.months)
    ]
    return pd.concat(parts).groupby("ward_code", dropna=False)["count"].sum()


def _points(viewer: Viewer, source: _Source) -> pd.DataFrame:
    parts = [
        figures.points(
            viewer,
            source.borough_codes,
            source.kind.key,
            first_month=first,
            last_month=last,
            category=source.category,
        )
        for first, last in _runs(source.months)
    ]
    return pd.concat(parts)


def _runs(months: Sequence[dt.date]) -> Iterator[tuple[dt.date, dt.date]]:
    """Give the unbroken stretches of months, each by its first and last."""
    first = months[0]
    for month, following in zip(months, [*months[1:], None], strict=True):
        if following != months_before(month, -1):
            yield first, month
            first = following or first


def _outline(viewer: Viewer, source: _Source) -> Geometry:
    outline: Geometry = boundaries.outline(places.borough_outlines(viewer.session, source.borough_codes))
    return outline


# --- Keeping ---------------------------------------------------------------------------------------------------------


def _inputs(question: Question, source: _Source, wards_hash: str, outline: Geometry | None) -> dict[str, Any]:
    """Everything that the scores follow from: as long as none of it changes, neither do they."""
    used = source.used.sort_values(["borough_code", "month"])
    versions: dict[str, list[str]] = {}
    for row in used.itertuples(index=False):
        versions.setdefault(str(row.public_id), []).append(f"{row.month:%Y-%m}")
    return {
        "method_version": METHOD_VERSION,
        "units": question.units,
        "method": question.method,
        "dataset": source.kind.key,
        "category": source.category,
        "versions": versions,
        "wards": wards_hash,
        "outline": hashlib.sha256(outline.wkb).hexdigest() if outline is not None else None,
        "cell_metres": question.cell_metres,
        "bandwidth_metres": question.bandwidth_metres,
    }


def _kept(viewer: Viewer, area: Area, inputs_hash: str) -> Scores | None:
    result = viewer.session.scalar(
        select(HotspotRun.result).where(HotspotRun.area_key == area.key, HotspotRun.inputs_hash == inputs_hash)
    )
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
    return named.join(scores.table)


def _cell_table(scores: Scores) -> pd.DataFrame:
    return scores.table.assign(label=scores.table.index)


def _squares(scores: Scores) -> gpd.GeoSeries:
    west, south, side = scores.table["west"], scores.table["south"], scores.cell_metres or 0
    return gpd.GeoSeries(
        shapely.box(west, south, west + side, south + side), index=scores.table.index, crs=NATIONAL_GRID
    )


def _versions(source: _Source, borough_names: Mapping[str, str]) -> tuple[VersionUsed, ...]:
    used = source.used.drop_duplicates("public_id").sort_values(["borough_code", "number"])
    return tuple(
        VersionUsed(code, borough_names[code], str(public_id), number, extract_date)
        for code, public_id, number, extract_date in zip(
            used["borough_code"], used["public_id"], used["number"], used["extract_date"], strict=True
        )
    )


def _provisional(source: _Source) -> tuple[dt.date, ...]:
    """The months counted that are among the latest of their extract, which its source is still likely to revise."""
    latest = {
        month
        for _, months in source.live.groupby("borough_code")["month"]
        for month in sorted(months)[-source.kind.provisional_months :]
    }
    return tuple(month for month in source.months if month in latest)


def _denominator(wards: gpd.GeoDataFrame) -> str:
    """Say whose count of residents rates are set against."""
    known = wards[wards["residents"].notna()]
    said = (known["residents_source"] + " " + known["residents_year"].astype(str)).unique()
    return f"{listed(sorted(said))} residents" if len(said) else ""
