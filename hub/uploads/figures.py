"""The live figures, for other slices to read: only current versions, only inside the viewer's scope.

What partners alone may see is given only while a sharing agreement lets it be. Counts leave here exact: who may see
what of them is decided by `access.release`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

import pandas as pd
from sqlalchemy import ColumnElement, and_, false, func, or_, select
from sqlalchemy.orm import InstrumentedAttribute

from hub.access import Permission, Viewer
from hub.agreements import service as agreements
from hub.agreements.service import NoAgreement
from hub.uploads import kinds
from hub.uploads.classification import ANTI_SOCIAL_BEHAVIOUR
from hub.uploads.kinds import kind
from hub.uploads.models import Incident, Share, Version, VersionMonth, WardCount

COVERAGE = (
    "borough_code",
    "dataset",
    "month",
    "version_id",
    "public_id",
    "number",
    "boundary_set_id",
    "extract_date",
    "placed",
    "unplaced",
)
Box = tuple[float, float, float, float]
"""West, south, east and north, in metres on the National Grid."""
MOST_VERSIONS_REMEMBERED = 10_000
EVERY_KEY = ("ward_code", "borough_code", "month", "offence_group", "offence_subgroup")


def coverage(
    viewer: Viewer,
    borough_codes: Collection[str],
    dataset: str | None = None,
    *,
    first_month: dt.date = dt.date.min,
    last_month: dt.date = dt.date.max,
) -> pd.DataFrame:
    """List the months that are live, of those between two, and the version each comes from.

    Returns
    -------
    DataFrame
        A line for each borough, dataset and month, in that order, with the columns of `COVERAGE`. For points, `placed`
        and `unplaced` count anti-social behaviour too.
    """
    wanted = (
        select(
            VersionMonth.borough_code,
            VersionMonth.dataset,
            VersionMonth.month,
            VersionMonth.version_id,
            Version.public_id,
            Version.number,
            Version.boundary_set_id,
            Version.extract_date,
            VersionMonth.placed,
            VersionMonth.unplaced,
        )
        .join(Version, Version.id == VersionMonth.version_id)
        .where(
            VersionMonth.is_current,
            VersionMonth.borough_code.in_(borough_codes),
            VersionMonth.month.between(first_month, last_month),
        )
        .order_by(VersionMonth.borough_code, VersionMonth.dataset, VersionMonth.month)
    )
    if dataset is not None:
        wanted = wanted.where(VersionMonth.dataset == dataset)
    found = pd.DataFrame(viewer.session.tuples(wanted), columns=list(COVERAGE))
    closed = _closed(viewer, zip(found["borough_code"], found["dataset"], strict=True))
    if closed:
        pairs = zip(found["borough_code"], found["dataset"], strict=True)
        found = found[[pair not in closed for pair in pairs]].reset_index(drop=True)
    return found


def refuse_closed(viewer: Viewer, borough_codes: Collection[str], dataset: str | None = None) -> None:
    """Say why figures that are loaded are not shown, if the want of a sharing agreement is what keeps them back.

    Raises
    ------
    NoAgreement
        Naming the agreements to those who may read them.
    """
    wanted = (
        select(VersionMonth.borough_code, VersionMonth.dataset)
        .where(VersionMonth.is_current, VersionMonth.borough_code.in_(borough_codes))
        .distinct()
    )
    if dataset is not None:
        wanted = wanted.where(VersionMonth.dataset == dataset)
    refuse_without_agreement(viewer, ((code, key) for code, key in viewer.session.execute(wanted)))


def refuse_without_agreement(viewer: Viewer, pairs: Iterable[tuple[str, str]]) -> None:
    """Say so if figures of a borough and dataset may not be shown for want of a sharing agreement, live or kept.

    Raises
    ------
    NoAgreement
        Naming the agreements to those who may read them.
    """
    closed = _closed(viewer, pairs)
    titles = kinds.to_agree_on(viewer.session)
    for key in sorted({key for _, key in closed}):
        codes = [code for code, of in closed if of == key]
        if viewer.may(Permission.AGREEMENT_READ, codes):
            sentences = agreements.why_closed(viewer, codes, key, titles[key], agreements.today())
            remedy = "A CSP officer can write or renew the agreement, under 'Agreements'."
        else:
            sentences = [f"{titles[key]} may not be used just now: no sharing agreement for it is in force."]
            remedy = "Ask a CSP officer of the borough."
        raise NoAgreement(" ".join(sentences), remedy=remedy)


def _closed(viewer: Viewer, pairs: Iterable[tuple[str, str]]) -> set[tuple[str, str]]:
    """Of boroughs and datasets, those that need a sharing agreement and have none in force today."""
    to_agree_on = kinds.to_agree_on(viewer.session)
    asked = {pair for pair in pairs if pair[1] in to_agree_on}
    if not asked:
        return set()
    boroughs, datasets = {code for code, _ in asked}, {dataset for _, dataset in asked}
    return asked - agreements.in_force(viewer, boroughs, datasets, agreements.today()).keys()


def first_loads(
    viewer: Viewer, borough_codes: Collection[str], datasets: Collection[str], *, since: dt.date
) -> dict[tuple[str, str, dt.date], dt.datetime]:
    """Tell when each month of some datasets was first loaded, by borough, dataset and month; undone loads are none."""
    wanted = (
        select(VersionMonth.borough_code, VersionMonth.dataset, VersionMonth.month, func.min(Version.committed_at))
        .join(Version, Version.id == VersionMonth.version_id)
        .where(
            VersionMonth.borough_code.in_(borough_codes),
            VersionMonth.dataset.in_(datasets),
            VersionMonth.month >= since,
            Version.undone_at.is_(None),
        )
        .group_by(VersionMonth.borough_code, VersionMonth.dataset, VersionMonth.month)
    )
    return {(code, dataset, month): first for code, dataset, month, first in viewer.session.execute(wanted)}


def ward_counts(
    viewer: Viewer,
    borough_codes: Collection[str],
    dataset: str,
    boundary_set_id: int | None = None,
    *,
    first_month: dt.date,
    last_month: dt.date,
    category: str | None = None,
    by: Sequence[str] = EVERY_KEY,
) -> pd.DataFrame:
    """Count offences, or points by the ward they were placed in.

    Parameters
    ----------
    viewer, borough_codes, dataset
        Whose scope, which boroughs of it, and the key of the dataset kind.
    boundary_set_id
        Only of versions on this boundary set; of all unless given.
    first_month, last_month
        Both inclusive, as firsts of months.
    category
        An offence group, or else a subgroup; unless given all, but for points without anti-social behaviour, whose
        incidents are never added to offences.
    by
        What to count by: any of `EVERY_KEY`.

    Returns
    -------
    DataFrame
        The columns of `by` and `count`, which is above zero; a combination without a line had none. `ward_code` is
        missing where offences are not placed in a ward.
    """
    table, columns = _rows(viewer, dataset)
    keys = {name: columns[name] for name in by}
    counted = func.count() if table is Incident else func.sum(WardCount.count)
    wanted = (
        select(*keys.values(), counted.label("count"))
        .select_from(table)
        .where(
            _is_live(viewer, table, borough_codes, dataset, first_month, last_month, boundary_set_id),
            *_of_category(table, category),
        )
        .group_by(*keys.values())
        .having(counted > 0)
    )
    return pd.DataFrame(viewer.session.tuples(wanted), columns=[*keys, "count"]).astype({"count": "int64"})


def shares(viewer: Viewer, borough_codes: Collection[str], dataset: str) -> pd.DataFrame:
    """Give what shares of a borough's people said what in a survey, of all months that are live.

    Returns
    -------
    DataFrame
        borough_code, month (the last of the twelve that a share is over), measure (the question, as its file names
        it), share (from 0 to 1) and extract_date.
    """
    live = coverage(viewer, borough_codes, dataset)
    versions: dict[int, list[dt.date]] = {
        int(str(key)): list(part) for key, part in live.groupby("version_id")["month"]
    }
    of_these = (Share.version_id.in_([version]) & Share.month.in_(months) for version, months in versions.items())
    wanted = (
        select(Share.borough_code, Share.month, Share.measure, Share.share, Version.extract_date)
        .join(Version, Version.id == Share.version_id)
        .where(or_(false(), *of_these), Share.borough_code.in_(borough_codes))
        .order_by(Share.borough_code, Share.measure, Share.month)
    )
    columns = ["borough_code", "month", "measure", "share", "extract_date"]
    return pd.DataFrame(viewer.session.tuples(wanted), columns=columns)


def version_counts(
    viewer: Viewer, borough_code: str, dataset: str, versions: Collection[str], *, by: Sequence[str]
) -> pd.DataFrame:
    """Count what versions hold, live or not, by month and some of `EVERY_KEY`; what is no crime is left out.

    Parameters
    ----------
    versions
        Their public ids; one that is gone has no line.

    Returns
    -------
    DataFrame
        month, version (its public id), the columns of `by`, and count, which is above zero.
    """
    ids = {one.id: str(one.public_id) for one in _named(viewer, borough_code, dataset, versions)}
    table, columns = _rows(viewer, dataset)
    counted = func.count() if table is Incident else func.sum(WardCount.count)
    keys = [columns[name] for name in by]
    wanted = (
        select(table.month, table.version_id, *keys, counted.label("count"))
        .where(table.version_id.in_(ids), *_of_category(table, None))
        .group_by(table.month, table.version_id, *keys)
        .having(counted > 0)
    )
    found = pd.DataFrame(viewer.session.tuples(wanted), columns=["month", "version", *by, "count"])
    return found.assign(version=found["version"].map(ids)).astype({"count": "int64"})


def editions_of(viewer: Viewer, borough_code: str, dataset: str, versions: Collection[str]) -> dict[str, int | None]:
    """Tell on which boundary set versions are, by their public ids; those that are gone are left out."""
    return {str(one.public_id): one.boundary_set_id for one in _named(viewer, borough_code, dataset, versions)}


def _named(viewer: Viewer, borough_code: str, dataset: str, versions: Collection[str]) -> Sequence[Version]:
    return viewer.session.scalars(
        select(Version).where(
            Version.borough_code == borough_code,
            Version.dataset == dataset,
            Version.public_id.in_([UUID(version) for version in versions]),
        )
    ).all()


def points(
    viewer: Viewer,
    borough_codes: Collection[str],
    dataset: str,
    *,
    first_month: dt.date,
    last_month: dt.date,
    category: str | None = None,
    by_month: bool = False,
    by_category: bool = False,
    with_unlocated: bool = False,
    within: Box | None = None,
) -> pd.DataFrame:
    """Count points by the place they stand on.

    Parameters
    ----------
    viewer, borough_codes, dataset, first_month, last_month, category
        As for `ward_counts`.
    by_month, by_category
        Whether to count each month, and each offence group and subgroup, apart.
    with_unlocated
        Whether points without a location are counted too, in lines without coordinates; left out unless asked for.
    within
        Only those in this box, which holds its west and south edge, and neither of the others.

    Returns
    -------
    DataFrame
        easting and northing in metres (EPSG:27700), if asked for month, and offence_group and offence_subgroup, and
        count.
    """
    keys: dict[str, InstrumentedAttribute[Any]] = {"easting": Incident.easting, "northing": Incident.northing}
    if by_month:
        keys["month"] = Incident.month
    if by_category:
        keys |= {"offence_group": Incident.category, "offence_subgroup": Incident.subcategory}
    wanted = (
        select(*keys.values(), func.count().label("count"))
        .where(
            _is_live(viewer, Incident, borough_codes, dataset, first_month, last_month),
            *([] if with_unlocated else [Incident.easting.is_not(None)]),
            *([] if within is None else [stands_in(within)]),
            *_of_category(Incident, category),
        )
        .group_by(*keys.values())
    )
    return pd.DataFrame(viewer.session.tuples(wanted), columns=[*keys, "count"]).astype(
        {"easting": "float64", "northing": "float64"}
    )


def stands_in(box: Box) -> ColumnElement[bool]:
    """Choose the incidents that stand in a box."""
    west, south, east, north = box
    return and_(
        Incident.easting >= west, Incident.easting < east, Incident.northing >= south, Incident.northing < north
    )


def categories(viewer: Viewer, borough_codes: Collection[str], dataset: str) -> list[tuple[str, list[str]]]:
    """List the offence groups that are live, each with its subgroups; a group that is not divided has none."""
    live = coverage(viewer, borough_codes, dataset)
    versions = dict(zip(live["version_id"].tolist(), live["public_id"], strict=True))
    if len(_CATEGORIES) > MOST_VERSIONS_REMEMBERED:
        _CATEGORIES.clear()
    unseen = {version: public_id for version, public_id in versions.items() if public_id not in _CATEGORIES}
    if unseen:
        _remember_categories(viewer, dataset, unseen)
    subgroups: dict[str, list[str]] = {}
    for group, subgroup in sorted(set().union(*(_CATEGORIES[public_id] for public_id in versions.values()))):
        subgroups.setdefault(group, []).extend([subgroup] if subgroup else [])
    return list(subgroups.items())


# A version never changes, so its categories are read once; who may ask for a version is decided before.
# By public id: the numbers of versions repeat from one database to the next.
_CATEGORIES: dict[UUID, frozenset[tuple[str, str]]] = {}


def _remember_categories(viewer: Viewer, dataset: str, versions: Mapping[int, UUID]) -> None:
    table, columns = _rows(viewer, dataset)
    parts = [columns["offence_group"], columns["offence_subgroup"]]
    wanted = select(table.version_id, *parts).where(table.version_id.in_(versions)).distinct()
    found: dict[int, set[tuple[str, str]]] = {version: set() for version in versions}
    for version, group, subgroup in viewer.session.execute(wanted):
        found[version].add((group, subgroup))
    _CATEGORIES.update((versions[version], frozenset(pairs)) for version, pairs in found.items())


def _rows(viewer: Viewer, dataset: str) -> tuple[type[Incident | WardCount], dict[str, InstrumentedAttribute[Any]]]:
    """The table that holds a dataset's rows, and its column for each key."""
    if kind(viewer.session, dataset).has_points:
        return Incident, {"offence_group": Incident.category, "offence_subgroup": Incident.subcategory} | {
            name: getattr(Incident, name) for name in ("ward_code", "borough_code", "month")
        }
    return WardCount, {name: getattr(WardCount, name) for name in EVERY_KEY}


def _is_live(
    viewer: Viewer,
    table: type[Incident | WardCount],
    borough_codes: Collection[str],
    dataset: str,
    first_month: dt.date,
    last_month: dt.date,
    boundary_set_id: int | None = None,
) -> ColumnElement[bool]:
    """Choose the rows of the months for which their version is current.

    Versions that are current for the same months are named together: few conditions, each answered by the index.
    """
    live = coverage(viewer, borough_codes, dataset, first_month=first_month, last_month=last_month)
    if boundary_set_id is not None:
        live = live[live["boundary_set_id"] == boundary_set_id]
    versions: dict[tuple[dt.date, ...], list[int]] = {}
    for version, months in live.groupby("version_id")["month"]:
        versions.setdefault(tuple(months), []).append(int(str(version)))
    return or_(false(), *(table.version_id.in_(named) & table.month.in_(months) for months, named in versions.items()))


def _of_category(table: type[Incident | WardCount], category: str | None) -> list[ColumnElement[bool]]:
    if table is Incident:
        if category:
            return [or_(Incident.category == category, Incident.subcategory == category)]
        return [Incident.category != ANTI_SOCIAL_BEHAVIOUR]
    # A subgroup that has its group's name lies in that group, so the two never add up to too much.
    return [or_(WardCount.offence_group == category, WardCount.offence_subgroup == category)] if category else []
