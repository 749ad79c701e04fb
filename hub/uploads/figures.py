"""The live figures, for other slices to read: only current versions, only inside the viewer's scope.

Counts leave here exact: who may see what of them is decided by `access.release`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Sequence
from typing import Any

import pandas as pd
from sqlalchemy import ColumnElement, Select, func, or_, select
from sqlalchemy.orm import InstrumentedAttribute

from hub.access import Viewer
from hub.uploads.classification import ANTI_SOCIAL_BEHAVIOUR
from hub.uploads.kinds import DATASETS
from hub.uploads.models import Incident, Version, VersionMonth, WardCount

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
EVERY_KEY = ("ward_code", "borough_code", "month", "offence_group", "offence_subgroup")


def coverage(viewer: Viewer, borough_codes: Collection[str], dataset: str | None = None) -> pd.DataFrame:
    """List the months that are live, and the version each comes from.

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
        .where(VersionMonth.is_current, VersionMonth.borough_code.in_(borough_codes))
        .order_by(VersionMonth.borough_code, VersionMonth.dataset, VersionMonth.month)
    )
    if dataset is not None:
        wanted = wanted.where(VersionMonth.dataset == dataset)
    return pd.DataFrame(viewer.session.execute(wanted).all(), columns=list(COVERAGE))


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
        None where offences are not placed in a ward.
    """
    table, columns = _rows(dataset)
    keys = {name: columns[name] for name in by if name in columns}
    counted = func.count() if table is Incident else func.sum(WardCount.count)
    wanted = (
        _live(select(*keys.values(), counted.label("count")), table, borough_codes, dataset)
        .where(VersionMonth.month.between(first_month, last_month), *_of_category(table, category))
        .group_by(*keys.values())
        .having(counted > 0)
    )
    if boundary_set_id is not None:
        wanted = wanted.join(Version, Version.id == VersionMonth.version_id).where(
            Version.boundary_set_id == boundary_set_id
        )
    found = pd.DataFrame(viewer.session.execute(wanted).all(), columns=[*keys, "count"]).astype({"count": "int64"})
    return found.assign(**{name: "" for name in by if name not in keys})[[*by, "count"]]


def points(
    viewer: Viewer,
    borough_codes: Collection[str],
    dataset: str,
    *,
    first_month: dt.date,
    last_month: dt.date,
    category: str | None = None,
    by_month: bool = False,
) -> pd.DataFrame:
    """Count points by the place they stand on.

    Parameters
    ----------
    viewer, borough_codes, dataset, first_month, last_month, category
        As for `ward_counts`.
    by_month
        Whether to count each month apart.

    Returns
    -------
    DataFrame
        easting and northing in metres (EPSG:27700), month if asked for, and count. Points without a location are left
        out.
    """
    keys: list[InstrumentedAttribute[Any]] = [Incident.easting, Incident.northing]
    if by_month:
        keys.append(Incident.month)
    wanted = _live(select(*keys, func.count().label("count")), Incident, borough_codes, dataset)
    wanted = wanted.where(
        VersionMonth.month.between(first_month, last_month),
        Incident.easting.is_not(None),
        *_of_category(Incident, category),
    ).group_by(*keys)
    columns = ["easting", "northing", *(["month"] if by_month else []), "count"]
    return pd.DataFrame(viewer.session.execute(wanted).all(), columns=columns)


def categories(viewer: Viewer, borough_codes: Collection[str], dataset: str) -> list[tuple[str, list[str]]]:
    """List the offence groups that are live, each with its subgroups; a group that is not divided has none."""
    table, columns = _rows(dataset)
    parts = [columns[name] for name in ("offence_group", "offence_subgroup") if name in columns]
    subgroups: dict[str, list[str]] = {}
    wanted = _live(select(*parts), table, borough_codes, dataset).distinct()
    for group, *divided in sorted(map(tuple, viewer.session.execute(wanted))):
        subgroups.setdefault(group, []).extend(filter(None, divided))
    return list(subgroups.items())


def _rows(dataset: str) -> tuple[type[Incident | WardCount], dict[str, InstrumentedAttribute[Any]]]:
    """The table that holds a dataset's rows, and its column for each key; points have no subgroup."""
    if DATASETS[dataset].has_points:
        return Incident, {"offence_group": Incident.category} | {
            name: getattr(Incident, name) for name in ("ward_code", "borough_code", "month")
        }
    return WardCount, {name: getattr(WardCount, name) for name in EVERY_KEY}


def _live(
    wanted: Select[Any], table: type[Incident | WardCount], borough_codes: Collection[str], dataset: str
) -> Select[Any]:
    """Read only the rows of the months for which their version is current."""
    return wanted.select_from(table).join(
        VersionMonth,
        (VersionMonth.version_id == table.version_id)
        & (VersionMonth.month == table.month)
        & VersionMonth.is_current
        & (VersionMonth.dataset == dataset)
        & VersionMonth.borough_code.in_(borough_codes),
    )


def _of_category(table: type[Incident | WardCount], category: str | None) -> list[ColumnElement[bool]]:
    if table is Incident:
        return [Incident.category == category if category else Incident.category != ANTI_SOCIAL_BEHAVIOUR]
    # A subgroup that has its group's name lies in that group, so the two never add up to too much.
    return [or_(WardCount.offence_group == category, WardCount.offence_subgroup == category)] if category else []
